//! The one stream that goes out, and packets of other legs in it.

use std::net::SocketAddr;

use super::{Content, Leg, Packet};
use crate::Micros;
use crate::rtp::{HEADER_LEN, RtpHeader};

/// A relayed timestamp further than this from the clock (1 s) begins a new time base.
const MAX_DRIFT: i32 = 8_000;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    None,
    Relay { id: u64, ssrc: u32 },
    Play,
    Mix,
}

/// Telephone events of others beside a mix: they have a time base of their own, because the mix goes on.
#[derive(Clone, Copy)]
pub(super) struct EventBase {
    id: u64,
    ssrc: u32,
    /// The timestamp of the source's event.
    theirs: u32,
    /// What turns it into one of ours.
    offset: u32,
}

/// The one stream that goes out.
pub(super) struct Outgoing {
    pub(super) ssrc: u32,
    pub(super) next_sequence: u16,
    pub(super) first_timestamp: u32,
    /// When the stream began; `None` before the first packet.
    pub(super) began: Option<Micros>,
    /// One past the newest audio sent.
    pub(super) end: u32,
    pub(super) last: (u32, Micros),
    pub(super) source: Source,
    /// What turns a timestamp of the source into one of ours.
    pub(super) offset: u32,
    pub(super) events: Option<EventBase>,
    pub(super) packets: u64,
    pub(super) bytes: u64,
}

impl Outgoing {
    /// Our clock.
    pub(super) fn clock(&self, now: Micros) -> u32 {
        let elapsed = self.began.map_or(0, |began| now.saturating_sub(began) / 125);
        self.first_timestamp.wrapping_add(elapsed as u32)
    }

    /// The timestamp of something that begins now: our clock, or the end of what was sent if that is later.
    pub(super) fn continuation(&self, now: Micros) -> u32 {
        let clock = self.clock(now);
        let ahead = self.end.wrapping_sub(clock) as i32;
        if self.began.is_some() && (1..=MAX_DRIFT).contains(&ahead) { self.end } else { clock }
    }

    /// Our timestamp for a source's, and whether the source is a new one.
    pub(super) fn stamp(&mut self, now: Micros, source: Source, theirs: u32, timed: bool) -> (u32, bool) {
        let ours = theirs.wrapping_add(self.offset);
        let drift = ours.wrapping_sub(self.clock(now)) as i32;
        // A telephone event keeps its timestamp for as long as the key is held, so its age says nothing.
        if self.source == source && (!timed || drift.saturating_abs() <= MAX_DRIFT) {
            return (ours, false);
        }
        let ours = self.continuation(now);
        self.source = source;
        self.offset = ours.wrapping_sub(theirs);
        (ours, true)
    }

    /// Our timestamp for an event of a source that is mixed, and whether it is the first packet of a press. All
    /// packets of a press keep one timestamp; the segments of a long one follow each other as the source's do.
    fn stamp_event(&mut self, now: Micros, id: u64, theirs: &RtpHeader) -> (u32, bool) {
        let known = self.events.filter(|known| known.id == id && known.ssrc == theirs.ssrc);
        if let Some(known) = known {
            let ours = theirs.timestamp.wrapping_add(known.offset);
            let drift = ours.wrapping_sub(self.clock(now)) as i32;
            let same = theirs.timestamp == known.theirs;
            if same || !theirs.marker || drift.saturating_abs() <= MAX_DRIFT {
                self.events = Some(EventBase { theirs: theirs.timestamp, ..known });
                return (ours, theirs.marker);
            }
        }
        let ours = self.continuation(now);
        let offset = ours.wrapping_sub(theirs.timestamp);
        self.events = Some(EventBase { id, ssrc: theirs.ssrc, theirs: theirs.timestamp, offset });
        (ours, true)
    }

    pub(super) fn header(&self, payload_type: u8, marker: bool, timestamp: u32) -> RtpHeader {
        RtpHeader { marker, payload_type, sequence: self.next_sequence, timestamp, ssrc: self.ssrc }
    }

    /// Counts a packet as sent. `samples` is how much further the audio reaches, 0 for events.
    pub(super) fn sent(&mut self, now: Micros, timestamp: u32, samples: usize, bytes: usize) {
        self.began.get_or_insert(now);
        self.next_sequence = self.next_sequence.wrapping_add(1);
        self.packets += 1;
        self.bytes += bytes as u64;
        if samples > 0 {
            let end = timestamp.wrapping_add(samples as u32);
            if self.packets == 1 || end.wrapping_sub(self.end) as i32 > 0 {
                self.end = end;
            }
            self.last = (timestamp, now);
        }
    }
}

impl Leg {
    /// Rewrites a packet of another leg so that it goes out of this one; writes it to `out` and gives its
    /// length and target. `source` names the other leg. G.711 is put into the other law when needed. `None`
    /// when it must not go out: direction, codec, no telephone events agreed, a prompt or keys being sent, no
    /// room, or audio while this leg hears a mix ([`Leg::mixer`]); beside a mix only events are relayed.
    pub fn relay(
        &mut self,
        now: Micros,
        source: u64,
        packet: &Packet<'_>,
        out: &mut [u8],
    ) -> Option<(usize, SocketAddr)> {
        let sent = self.try_relay(now, source, packet, out);
        self.relay_refused += u64::from(sent.is_none());
        sent
    }

    fn try_relay(
        &mut self,
        now: Micros,
        source: u64,
        packet: &Packet<'_>,
        out: &mut [u8],
    ) -> Option<(usize, SocketAddr)> {
        let mixed = self.mixer.is_some();
        // Beside a mix only events go out as they come; audio has to be given to the mixer.
        if self.playing.is_some() || self.keys.is_active() || (mixed && packet.content != Content::Event) {
            return None;
        }
        let remote = self.remote.as_ref().filter(|remote| remote.may_send())?;
        let agreed = &remote.negotiated;
        let (payload_type, table, timed) = match packet.content {
            Content::Event => (agreed.dtmf_send_pt?, None, false),
            Content::Audio(codec) if codec == agreed.codec => (agreed.send_pt, None, true),
            Content::Audio(codec) => (agreed.send_pt, Some(codec.law()?.table_to(agreed.codec.law()?)), true),
        };
        let target = remote.source;
        let len = HEADER_LEN + packet.payload.len();
        let body = out.get_mut(HEADER_LEN..len)?;
        match table {
            None => body.copy_from_slice(packet.payload),
            Some(table) => {
                for (to, from) in body.iter_mut().zip(packet.payload) {
                    *to = table[usize::from(*from)];
                }
            }
        }
        let (timestamp, marker) = if mixed {
            self.outgoing.stamp_event(now, source, &packet.header)
        } else {
            let source = Source::Relay { id: source, ssrc: packet.header.ssrc };
            let (timestamp, changed) = self.outgoing.stamp(now, source, packet.header.timestamp, timed);
            (timestamp, changed || packet.header.marker)
        };
        self.outgoing.header(payload_type, marker, timestamp).write(out)?;
        let samples = if timed { packet.payload.len() } else { 0 };
        self.outgoing.sent(now, timestamp, samples, packet.payload.len());
        Some((len, target))
    }
}
