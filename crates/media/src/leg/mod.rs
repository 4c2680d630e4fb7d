//! One leg's media: what comes in is checked and counted, what goes out is one unbroken stream.
//!
//! The owner is a [`Bridge`](crate::bridge::Bridge); a media thread of `server` calls it for each datagram and the
//! [`Leg`] at each tick, and carries what they give back. A leg knows nothing of calls: who hears whom is decided by
//! which packets are given to [`Leg::relay`] and to its mixer.
//!
//! However often the source changes (music, ringing, a person, another person), the far end sees one SSRC,
//! sequence numbers without holes and a clock that runs on; Teams and many telephones need that.
//!
//! The clock of the timestamps is that of the codec; when the codec changes in mid-call the stream goes on from where
//! it is, at the new clock.
//!
//! Priority going out: keys being sent, then a prompt being played, then the mix of several others or relayed
//! packets. So a relayed packet is refused while a prompt plays: [`Leg::stop_playing`] before connecting people.
//!
//! **Protected legs** (SRTP). What comes is given to [`Leg::unprotect_rtp`] or [`Leg::unprotect_rtcp`] first; without that
//! it is dropped. What goes out is protected already.
//!
//! Drain rule: after any call, [`Leg::poll_event`] until `None`; at [`Leg::deadline`], [`Leg::tick`] until
//! `None`, then [`Leg::rtcp_due`], then `poll_event` again.

mod connectivity;
mod ear;
mod incoming;
mod keys;
mod keys_out;
mod mask;
mod outgoing;
mod packet;
mod pauses;
mod playing;
mod protection;
mod remote;
mod reports;
mod seeds;
mod speech;
mod stats;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;

use crate::Micros;
use crate::dtmf::{Digit, DtmfReceiver, DtmfSender};
use crate::mix::Mixer;
use crate::quality::Counted;
use crate::rtcp::ReceiverStatistics;
use connectivity::Connectivity;
use incoming::{Before, Incoming};
use keys::Keys;
use mask::Mask;
use outgoing::{Outgoing, Source};
use pauses::Pauses;
use playing::{Grid, Playing};
use protection::Protection;
use remote::Remote;
use reports::Reports;
use speech::Speech;

pub(crate) use ear::Ear;
pub use keys::KeyMode;
pub use keys_out::KeysOut;
pub use packet::{Content, DropReason, Packet, Received};
pub use pauses::LONGEST_PAUSE;
pub use playing::{DtmfRefused, PlayId, Repeat};
pub use remote::Learning;
pub use seeds::LegSeeds;
pub use stats::LegStats;

/// What a leg has to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegEvent {
    /// A prompt was played to its end. A prompt that was stopped or replaced says nothing.
    PlayEnded(PlayId),
    /// Nothing came for the time set, though the other side should be sending. Once, until something comes.
    TimedOut,
    /// The other side's address was learned; see [`Leg::remote`].
    RemoteLearned,
    /// The other side said BYE for its stream.
    RemoteBye,
    /// The far end pressed a key. Only in [`KeyMode::Report`] and [`KeyMode::Withhold`].
    Key(Digit),
    /// The far end is to be given a key beside the audio. Only with [`KeysOut::Told`].
    Tell(Digit),
}

/// The media of one leg.
pub struct Leg {
    remote: Option<Remote>,
    incoming: Incoming,
    outgoing: Outgoing,
    playing: Option<Playing>,
    next_play: u64,
    keys: DtmfSender,
    keys_out: KeysOut,
    /// Keys that are said as tones.
    tones: keys_out::Tones,
    keys_in: Keys,
    /// While this leg hears several others, or one in another codec.
    mixer: Option<Box<Mixer>>,
    /// While this leg says something itself.
    speech: Option<Box<Speech>>,
    /// While audio of the far end has to be decoded.
    ear: Option<Box<Ear>>,
    /// While keys are taken out of G.711 of the far end.
    mask: Option<Box<Mask>>,
    /// SRTP, where it was agreed.
    protection: Protection,
    /// ICE, where it is spoken.
    connectivity: Connectivity,
    /// How often something was agreed.
    agreement: u32,
    grid: Option<Grid>,
    pauses: Pauses,
    reports: Reports,
    /// What was counted when the leg was measured last: heard, and sent.
    measured: [Counted; 2],
    timeout: Option<Micros>,
    timed_out: bool,
    events: VecDeque<LegEvent>,
    dropped: [u64; DropReason::ALL.len()],
    relay_refused: u64,
}

impl fmt::Debug for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leg")
            .field("negotiated", &self.remote.as_ref().map(|r| &r.negotiated))
            .field("playing", &self.playing.as_ref().map(|p| p.id))
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl Leg {
    /// A leg that waits to be told where the other side is. `cname` names us in RTCP; it should say nothing
    /// about a person or a machine.
    pub fn new(seeds: LegSeeds, cname: &str) -> Self {
        let cname = cname.as_bytes();
        Leg {
            remote: None,
            incoming: Incoming {
                ssrc: None,
                statistics: ReceiverStatistics::default(),
                dtmf: DtmfReceiver::default(),
                before: Before::default(),
                last_heard: 0,
            },
            outgoing: Outgoing {
                ssrc: seeds.ssrc,
                next_sequence: seeds.sequence,
                rate: 8_000,
                first_timestamp: seeds.timestamp,
                began: None,
                end: seeds.timestamp,
                last: (seeds.timestamp, 0),
                source: Source::None,
                offset: 0,
                events: None,
                packets: 0,
                bytes: 0,
            },
            playing: None,
            next_play: 0,
            keys: DtmfSender::default(),
            keys_out: KeysOut::default(),
            tones: keys_out::Tones::default(),
            keys_in: Keys::default(),
            mixer: None,
            speech: None,
            ear: None,
            mask: None,
            protection: Protection::default(),
            connectivity: Connectivity::default(),
            agreement: 0,
            grid: None,
            pauses: Pauses::default(),
            reports: Reports {
                cname: cname[..cname.len().min(255)].into(),
                chance: seeds.chance,
                due: None,
                packets_at: [0; 2],
                sent: [(0, 0); 4],
                next_slot: 0,
                round_trip: None,
                remote: None,
                remote_jitter_us: 0,
            },
            measured: [Counted::default(); 2],
            timeout: None,
            timed_out: false,
            events: VecDeque::with_capacity(8),
            dropped: [0; DropReason::ALL.len()],
            relay_refused: 0,
        }
    }

    /// After how long without packets [`LegEvent::TimedOut`] is told; `None` for never.
    pub fn set_rtp_timeout(&mut self, timeout: Option<Micros>) {
        self.timeout = timeout;
    }

    fn tell_once(&mut self, event: LegEvent) {
        if !self.events.contains(&event) {
            self.events.push_back(event);
        }
    }

    fn timeout_at(&self) -> Option<Micros> {
        if self.timed_out || !self.remote.as_ref()?.should_be_heard() {
            return None;
        }
        Some(self.incoming.last_heard.saturating_add(self.timeout?))
    }

    /// Whether [`Leg::poll_event`] has something that does not wait for the deadline: asked after each packet, it
    /// costs nothing.
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// What the leg has to tell. Call until `None`.
    pub fn poll_event(&mut self, now: Micros) -> Option<LegEvent> {
        if self.timeout_at().is_some_and(|at| now >= at) {
            self.timed_out = true;
            self.events.push_back(LegEvent::TimedOut);
        }
        self.events.pop_front()
    }

    /// When the leg wants to be called again: [`Leg::tick`], [`Leg::rtcp_due`] and [`Leg::poll_event`].
    pub fn deadline(&self) -> Option<Micros> {
        let grid = self.grid.map(|grid| grid.next_due);
        [grid, self.reports.due, self.timeout_at(), self.pause_ends()].into_iter().flatten().min()
    }
}
