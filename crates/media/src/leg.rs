//! One leg's media: what comes in is checked and counted, what goes out is one unbroken stream.
//!
//! The owner is a media thread of `server`; it calls a [`Leg`] for each datagram and each tick and carries
//! what the leg gives back. A leg knows nothing of calls: who hears whom is decided by which packets are
//! given to [`Leg::relay`].
//!
//! However often the source changes (music, ringing, a person, another person), the far end sees one SSRC,
//! sequence numbers without holes and a clock that runs on; Teams and many telephones need that.
//!
//! Priority going out: keys being sent, then a prompt being played, then relayed packets. So a relayed packet
//! is refused while a prompt plays: [`Leg::stop_playing`] before connecting people.
//!
//! Drain rule: after any call, [`Leg::poll_event`] until `None`; at [`Leg::deadline`], [`Leg::tick`] until
//! `None`, then [`Leg::rtcp_due`], then `poll_event` again.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;

use crate::Micros;
use crate::dtmf::{Digit, DtmfReceiver, DtmfSender};
use crate::g711::Law;
use crate::negotiate::{Codec, Negotiated};
use crate::prompt::{FRAME, Prompt};
use crate::rtcp::{self, ReceiverStatistics, ReportBlock, RtcpPacket, RtcpWriter, SenderInfo};
use crate::rtp::{HEADER_LEN, RtpHeader, RtpPacket, Sequence, is_rtcp};

/// Length of a tick.
const TICK: Micros = 20_000;
/// After a stall longer than this, audio is skipped instead of sent in a burst.
const MAX_BEHIND: Micros = 200_000;
/// A relayed timestamp further than this from the clock (1 s) begins a new time base.
const MAX_DRIFT: i32 = 8_000;
/// Mean time between RTCP reports (RFC 3550, 6.2).
const RTCP_INTERVAL: Micros = 5_000_000;
/// Comfort noise (RFC 3389): some send it without having said so. It proves that they are alive, no more.
const COMFORT_NOISE: u8 = 13;

/// The numbers a stream begins with. They must not be guessable, so they come from the caller's dice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegSeeds {
    /// Name of our stream.
    pub ssrc: u32,
    /// First sequence number.
    pub sequence: u16,
    /// First timestamp.
    pub timestamp: u32,
    /// Seed of the spacing of RTCP reports.
    pub chance: u64,
}

impl LegSeeds {
    /// All of them from one seed.
    pub fn from_seed(seed: u64) -> Self {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            scramble(state)
        };
        LegSeeds { ssrc: next() as u32, sequence: next() as u16, timestamp: next() as u32, chance: next() }
    }
}

/// The finaliser of SplitMix64: every bit of the input moves every bit of the output.
fn scramble(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Whether the other side's address may be learned from its packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Learning {
    /// Packets come from exactly the address that was signalled, or are dropped.
    Never,
    /// The first valid packet after each negotiation fixes the address: for trunks that say they are behind
    /// NAT.
    FirstPacket,
}

/// What a packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Content {
    /// Audio in that codec.
    Audio(Codec),
    /// A telephone event (RFC 4733).
    Event,
}

/// A received packet, to be relayed or recorded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What the payload is.
    pub content: Content,
    /// The header as it came.
    pub header: RtpHeader,
    /// The payload as it came.
    pub payload: &'a [u8],
}

impl Packet<'_> {
    /// The law, when the packet carries G.711.
    pub fn law(&self) -> Option<Law> {
        match self.content {
            Content::Audio(codec) => codec.law(),
            Content::Event => None,
        }
    }
}

impl fmt::Debug for Packet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet")
            .field("content", &self.content)
            .field("header", &self.header)
            .field("payload_len", &self.payload.len())
            .finish()
    }
}

/// What a datagram on the RTP port turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received<'a> {
    /// Audio.
    Audio(Packet<'a>),
    /// A telephone event; `pressed` is set once per key, at its first packet.
    Dtmf {
        /// The key that was newly pressed.
        pressed: Option<Digit>,
        /// The packet, which may be relayed.
        packet: Packet<'a>,
    },
    /// RTCP on the shared port; it was taken care of.
    Rtcp,
    /// Not for us, or useless.
    Dropped(DropReason),
}

/// Why a datagram was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// Nothing is negotiated yet.
    NotNegotiated,
    /// It came from another address than was signalled or learned.
    Stranger,
    /// It is not RTP, or not RTCP on the RTCP port.
    Malformed,
    /// Its payload number was not agreed on.
    PayloadType,
    /// It was seen before.
    Duplicate,
    /// Its sequence number is far off; the next one will tell.
    Jump,
    /// We said that we do not receive now.
    NotReceiving,
    /// Comfort noise.
    ComfortNoise,
}

impl DropReason {
    /// All reasons, in the order of [`LegStats::dropped`].
    pub const ALL: [DropReason; 8] = [
        DropReason::NotNegotiated,
        DropReason::Stranger,
        DropReason::Malformed,
        DropReason::PayloadType,
        DropReason::Duplicate,
        DropReason::Jump,
        DropReason::NotReceiving,
        DropReason::ComfortNoise,
    ];

    /// A short name for metrics.
    pub const fn name(self) -> &'static str {
        match self {
            DropReason::NotNegotiated => "not_negotiated",
            DropReason::Stranger => "stranger",
            DropReason::Malformed => "malformed",
            DropReason::PayloadType => "payload_type",
            DropReason::Duplicate => "duplicate",
            DropReason::Jump => "jump",
            DropReason::NotReceiving => "not_receiving",
            DropReason::ComfortNoise => "comfort_noise",
        }
    }
}

/// How often a prompt is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// Once, then [`LegEvent::PlayEnded`].
    Once,
    /// Until stopped.
    Forever,
}

/// Names one call of [`Leg::play`], so that an end that comes late is not taken for another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlayId(pub u64);

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
}

/// Why a key is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DtmfRefused {
    /// The other side takes no telephone events, or nothing is negotiated.
    NotNegotiated,
    /// Too many keys wait.
    QueueFull,
}

impl fmt::Display for DtmfRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DtmfRefused::NotNegotiated => "the other side takes no telephone events",
            DtmfRefused::QueueFull => "too many keys are waiting to be sent",
        })
    }
}

impl std::error::Error for DtmfRefused {}

/// Counters of a leg since its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LegStats {
    /// Packets received and taken.
    pub received_packets: u64,
    /// Their payload in bytes.
    pub received_bytes: u64,
    /// Packets that never came.
    pub lost: u64,
    /// Interarrival jitter of what we receive, in microseconds (RFC 3550, A.8).
    pub jitter_us: Micros,
    /// Packets sent.
    pub sent_packets: u64,
    /// Their payload in bytes.
    pub sent_bytes: u64,
    /// Packets of ours that the other side says it lost.
    pub remote_lost: u64,
    /// Jitter that the other side says it sees, in microseconds.
    pub remote_jitter_us: Micros,
    /// The last measured time there and back, in microseconds.
    pub round_trip_us: Option<Micros>,
    /// Dropped datagrams by reason, in the order of [`DropReason::ALL`].
    pub dropped: [u64; 8],
    /// Packets of the peer that [`Leg::relay`] did not send.
    pub relay_refused: u64,
}

impl LegStats {
    /// Datagrams dropped for one reason.
    pub fn dropped_for(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }
}

struct Remote {
    negotiated: Negotiated,
    learning: Learning,
    /// Where packets must come from: the last signalled address that is one, or what was learned.
    source: SocketAddr,
    /// The signalled address that `source` began as.
    signalled: SocketAddr,
    rtcp_source: SocketAddr,
    /// Whether the next valid packet may still fix `source`.
    open: bool,
    rtcp_open: bool,
    /// Whether `source` was fixed by a packet before.
    learned: bool,
}

impl Remote {
    fn may_send(&self) -> bool {
        let signalled = self.negotiated.remote_rtp;
        self.negotiated.direction.sends() && !signalled.ip().is_unspecified() && signalled.port() != 0
    }

    fn rtcp_target(&self) -> Option<SocketAddr> {
        if self.negotiated.remote_rtp.ip().is_unspecified() {
            return None;
        }
        Some(if self.negotiated.rtcp_mux { self.source } else { self.rtcp_source })
    }

    fn content_of(&self, payload_type: u8) -> Option<Content> {
        let agreed = &self.negotiated;
        if payload_type == agreed.recv_pt {
            return Some(Content::Audio(agreed.codec));
        }
        if agreed.dtmf_recv_pt == Some(payload_type) {
            return Some(Content::Event);
        }
        let also = agreed.also_recv.iter().find(|(pt, _)| *pt == payload_type);
        also.map(|(_, codec)| Content::Audio(*codec))
    }

    /// Whether the other side owes us packets.
    fn should_be_heard(&self) -> bool {
        self.negotiated.direction.receives() && !self.negotiated.remote_holds
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    None,
    Relay { id: u64, ssrc: u32 },
    Play,
}

/// The one stream that goes out.
struct Outgoing {
    ssrc: u32,
    next_sequence: u16,
    first_timestamp: u32,
    /// When the stream began; `None` before the first packet.
    began: Option<Micros>,
    /// One past the newest audio sent.
    end: u32,
    last: (u32, Micros),
    source: Source,
    /// What turns a timestamp of the source into one of ours.
    offset: u32,
    packets: u64,
    bytes: u64,
}

impl Outgoing {
    /// Our clock.
    fn clock(&self, now: Micros) -> u32 {
        let elapsed = self.began.map_or(0, |began| now.saturating_sub(began) / 125);
        self.first_timestamp.wrapping_add(elapsed as u32)
    }

    /// The timestamp of something that begins now: our clock, or the end of what was sent if that is later.
    fn continuation(&self, now: Micros) -> u32 {
        let clock = self.clock(now);
        let ahead = self.end.wrapping_sub(clock) as i32;
        if self.began.is_some() && (1..=MAX_DRIFT).contains(&ahead) { self.end } else { clock }
    }

    /// Our timestamp for a source's, and whether the source is a new one.
    fn stamp(&mut self, now: Micros, source: Source, theirs: u32, timed: bool) -> (u32, bool) {
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

    fn header(&self, payload_type: u8, marker: bool, timestamp: u32) -> RtpHeader {
        RtpHeader { marker, payload_type, sequence: self.next_sequence, timestamp, ssrc: self.ssrc }
    }

    /// Counts a packet as sent. `samples` is how much further the audio reaches, 0 for events.
    fn sent(&mut self, now: Micros, timestamp: u32, samples: usize, bytes: usize) {
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

struct Incoming {
    ssrc: Option<u32>,
    statistics: ReceiverStatistics,
    dtmf: DtmfReceiver,
    /// Of streams that ended because the SSRC changed.
    before: (u64, u64, u64),
    last_heard: Micros,
}

impl Incoming {
    fn follow(&mut self, ssrc: u32) {
        if self.ssrc == Some(ssrc) {
            return;
        }
        self.before.0 += self.statistics.received();
        self.before.1 += self.statistics.bytes();
        self.before.2 += self.statistics.lost();
        self.statistics = ReceiverStatistics::default();
        self.dtmf = DtmfReceiver::default();
        self.ssrc = Some(ssrc);
    }
}

struct Playing {
    id: PlayId,
    prompt: Prompt,
    repeat: Repeat,
    index: usize,
}

/// The ticks of what we make ourselves. It lives while there is something to send.
#[derive(Clone, Copy)]
struct Grid {
    next_due: Micros,
    /// Time of the grid in samples; the "timestamp" of prompts.
    position: u32,
}

struct Reports {
    cname: Box<[u8]>,
    chance: u64,
    due: Option<Micros>,
    /// Packets sent at the last two reports: who sent nothing since then is not a sender any more.
    packets_at: [u64; 2],
    /// The middle of the NTP time of our last reports, and when they left.
    sent: [(u32, Micros); 4],
    next_slot: usize,
    round_trip: Option<Micros>,
    remote_lost: u64,
    remote_jitter: u32,
}

impl Reports {
    /// Between half and one and a half of the mean (RFC 3550, 6.3.1).
    fn interval(&mut self) -> Micros {
        self.chance = self.chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
        RTCP_INTERVAL / 2 + scramble(self.chance) % RTCP_INTERVAL
    }
}

/// The media of one leg.
pub struct Leg {
    remote: Option<Remote>,
    incoming: Incoming,
    outgoing: Outgoing,
    playing: Option<Playing>,
    next_play: u64,
    keys: DtmfSender,
    grid: Option<Grid>,
    reports: Reports,
    timeout: Option<Micros>,
    timed_out: bool,
    events: VecDeque<LegEvent>,
    dropped: [u64; 8],
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

fn canonical(address: SocketAddr) -> SocketAddr {
    // A socket for both families shows IPv4 addresses in IPv6 clothes.
    SocketAddr::new(address.ip().to_canonical(), address.port())
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
                before: (0, 0, 0),
                last_heard: 0,
            },
            outgoing: Outgoing {
                ssrc: seeds.ssrc,
                next_sequence: seeds.sequence,
                first_timestamp: seeds.timestamp,
                began: None,
                end: seeds.timestamp,
                last: (seeds.timestamp, 0),
                source: Source::None,
                offset: 0,
                packets: 0,
                bytes: 0,
            },
            playing: None,
            next_play: 0,
            keys: DtmfSender::default(),
            grid: None,
            reports: Reports {
                cname: cname[..cname.len().min(255)].into(),
                chance: seeds.chance,
                due: None,
                packets_at: [0; 2],
                sent: [(0, 0); 4],
                next_slot: 0,
                round_trip: None,
                remote_lost: 0,
                remote_jitter: 0,
            },
            timeout: None,
            timed_out: false,
            events: VecDeque::with_capacity(8),
            dropped: [0; 8],
            relay_refused: 0,
        }
    }

    /// Sets or changes what was agreed with the other side. The stream that goes out runs on; a prompt being
    /// played does too. A learned address is kept while the signalled one stays the same, so that a hold does
    /// not lose a telephone behind NAT, and the stream that was heard may move once.
    pub fn set_remote(&mut self, now: Micros, negotiated: Negotiated, learning: Learning) {
        let rtp = canonical(negotiated.remote_rtp);
        let rtcp = canonical(negotiated.remote_rtcp);
        let held = rtp.ip().is_unspecified();
        let may_learn = learning == Learning::FirstPacket;
        let mut remote = Remote {
            negotiated,
            learning,
            source: rtp,
            signalled: rtp,
            rtcp_source: rtcp,
            open: may_learn,
            rtcp_open: may_learn,
            learned: false,
        };
        if let Some(before) = &self.remote
            && (held || before.signalled == rtp)
        {
            remote.source = before.source;
            remote.signalled = before.signalled;
            remote.rtcp_source = before.rtcp_source;
            remote.learned = before.learned;
            if !may_learn {
                remote.source = remote.signalled;
                remote.learned = false;
            }
            if !held && (!may_learn || !before.learned) {
                remote.rtcp_source = rtcp;
            }
        }
        self.remote = Some(remote);
        self.incoming.last_heard = now;
        self.timed_out = false;
        if self.reports.due.is_none() {
            self.reports.due = Some(now.saturating_add(self.reports.interval() / 2));
        }
    }

    /// What was agreed last.
    pub fn negotiated(&self) -> Option<&Negotiated> {
        self.remote.as_ref().map(|remote| &remote.negotiated)
    }

    /// Where packets come from and go to: signalled, or learned.
    pub fn remote(&self) -> Option<SocketAddr> {
        self.remote.as_ref().map(|remote| remote.source)
    }

    /// After how long without packets [`LegEvent::TimedOut`] is told; `None` for never.
    pub fn set_rtp_timeout(&mut self, timeout: Option<Micros>) {
        self.timeout = timeout;
    }

    fn drop_as<'a>(&mut self, reason: DropReason) -> Received<'a> {
        self.dropped[reason as usize] += 1;
        Received::Dropped(reason)
    }

    fn tell_once(&mut self, event: LegEvent) {
        if !self.events.contains(&event) {
            self.events.push_back(event);
        }
    }

    /// Takes a datagram from the RTP socket.
    pub fn receive_rtp<'a>(&mut self, now: Micros, from: SocketAddr, datagram: &'a [u8]) -> Received<'a> {
        let from = canonical(from);
        let Some(remote) = &mut self.remote else { return self.drop_as(DropReason::NotNegotiated) };
        if remote.negotiated.rtcp_mux && is_rtcp(datagram) {
            return match self.receive_rtcp(now, from, datagram) {
                Ok(()) => Received::Rtcp,
                Err(reason) => Received::Dropped(reason),
            };
        }
        // Strangers are turned away before a byte of theirs is read.
        if from != remote.source && !remote.open {
            return self.drop_as(DropReason::Stranger);
        }
        let Ok(packet) = RtpPacket::parse(datagram) else { return self.drop_as(DropReason::Malformed) };
        let header = packet.header;
        let content = remote.content_of(header.payload_type);
        if content.is_none() && header.payload_type != COMFORT_NOISE {
            return self.drop_as(DropReason::PayloadType);
        }
        if remote.open && content.is_some() {
            // Where a stream was heard before, only that stream may move: a stranger does not know its SSRC.
            let known = !remote.learned || self.incoming.ssrc == Some(header.ssrc);
            if from != remote.source && !known {
                return self.drop_as(DropReason::Stranger);
            }
            let moved = from != remote.source;
            remote.source = from;
            remote.open = false;
            remote.learned = true;
            if moved {
                remote.rtcp_open = true;
                self.tell_once(LegEvent::RemoteLearned);
            }
        } else if from != remote.source {
            return self.drop_as(DropReason::Stranger);
        }

        self.incoming.follow(header.ssrc);
        self.incoming.last_heard = now;
        self.timed_out = false;
        let timed = matches!(content, Some(Content::Audio(_)));
        match self.incoming.statistics.on_packet(now, &header, packet.payload.len(), timed) {
            Sequence::Duplicate => return self.drop_as(DropReason::Duplicate),
            Sequence::Jump => return self.drop_as(DropReason::Jump),
            Sequence::New(_) | Sequence::Late(_) | Sequence::Restarted(_) => {}
        }
        let Some(content) = content else { return self.drop_as(DropReason::ComfortNoise) };
        if !self.remote.as_ref().is_some_and(|remote| remote.negotiated.direction.receives()) {
            return self.drop_as(DropReason::NotReceiving);
        }
        let packet = Packet { content, header, payload: packet.payload };
        match content {
            Content::Audio(_) => Received::Audio(packet),
            Content::Event => {
                let pressed =
                    self.incoming.dtmf.on_packet(now, header.marker, header.timestamp, packet.payload);
                Received::Dtmf { pressed, packet }
            }
        }
    }

    /// Takes a datagram from the RTCP socket.
    pub fn receive_rtcp(&mut self, now: Micros, from: SocketAddr, datagram: &[u8]) -> Result<(), DropReason> {
        let result = self.read_reports(now, canonical(from), datagram);
        if let Err(reason) = result {
            self.dropped[reason as usize] += 1;
        }
        result
    }

    fn read_reports(&mut self, now: Micros, from: SocketAddr, datagram: &[u8]) -> Result<(), DropReason> {
        let remote = self.remote.as_mut().ok_or(DropReason::NotNegotiated)?;
        let expected = if remote.negotiated.rtcp_mux { remote.source } else { remote.rtcp_source };
        let learnable = remote.learning == Learning::FirstPacket
            && remote.learned
            && remote.rtcp_open
            && !remote.negotiated.rtcp_mux
            && from.ip() == remote.source.ip();
        if from != expected && !learnable {
            return Err(DropReason::Stranger);
        }
        if !is_rtcp(datagram) {
            return Err(DropReason::Malformed);
        }
        if from != expected {
            remote.rtcp_source = from;
            remote.rtcp_open = false;
        }
        for part in rtcp::parse(datagram) {
            let part = part.map_err(|_| DropReason::Malformed)?;
            match &part {
                RtcpPacket::SenderReport { ssrc, info, blocks } => {
                    if self.incoming.ssrc == Some(*ssrc) {
                        self.incoming.statistics.on_sender_report(now, info);
                    }
                    blocks.iter().for_each(|block| self.read_block(now, &block));
                }
                RtcpPacket::ReceiverReport { blocks, .. } => {
                    blocks.iter().for_each(|block| self.read_block(now, &block));
                }
                RtcpPacket::Bye { .. } => {
                    if self.incoming.ssrc.is_some_and(|ssrc| part.says_bye(ssrc)) {
                        self.tell_once(LegEvent::RemoteBye);
                    }
                }
                RtcpPacket::SourceDescription { .. } | RtcpPacket::Other { .. } => {}
            }
        }
        Ok(())
    }

    fn read_block(&mut self, now: Micros, block: &ReportBlock) {
        if block.ssrc != self.outgoing.ssrc {
            return;
        }
        self.reports.remote_lost = block.cumulative_lost.max(0) as u64;
        self.reports.remote_jitter = block.jitter;
        // Only a report that quotes one of ours tells the round trip; zero means that it quotes none.
        if block.last_sr == 0 {
            return;
        }
        let quoted = self.reports.sent.iter().find(|(middle, _)| *middle == block.last_sr);
        if let Some((_, sent_at)) = quoted
            && let Some(time) = rtcp::round_trip(*sent_at, now, block.delay_since_last_sr)
        {
            self.reports.round_trip = Some(time);
        }
    }

    /// Rewrites a packet of another leg so that it goes out of this one; writes it to `out` and gives its
    /// length and target. `source` names the other leg. G.711 is put into the other law when needed. `None`
    /// when it must not go out: direction, codec, no telephone events agreed, a prompt or keys being sent,
    /// or no room.
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
        if self.playing.is_some() || self.keys.is_active() {
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
        let source = Source::Relay { id: source, ssrc: packet.header.ssrc };
        let (timestamp, changed) = self.outgoing.stamp(now, source, packet.header.timestamp, timed);
        self.outgoing.header(payload_type, changed || packet.header.marker, timestamp).write(out)?;
        let samples = if timed { packet.payload.len() } else { 0 };
        self.outgoing.sent(now, timestamp, samples, packet.payload.len());
        Some((len, target))
    }

    /// Plays a prompt from now on, in place of whatever is being played. While the other side may not be sent
    /// to, and on G.722 legs (prompts are G.711), it plays unheard and still ends in time.
    pub fn play(&mut self, now: Micros, prompt: Prompt, repeat: Repeat) -> PlayId {
        let id = PlayId(self.next_play);
        self.next_play += 1;
        if prompt.frames() == 0 && repeat == Repeat::Once {
            self.playing = None;
            self.events.push_back(LegEvent::PlayEnded(id));
            return id;
        }
        self.playing = Some(Playing { id, prompt, repeat, index: 0 });
        // A new prompt is a new source even when it follows another at once: the marker lets the far end's
        // jitter buffer begin anew.
        if self.outgoing.source == Source::Play {
            self.outgoing.source = Source::None;
        }
        self.start_grid(now);
        id
    }

    /// Stops what is being played, without an event.
    pub fn stop_playing(&mut self) {
        self.playing = None;
    }

    /// What is being played.
    pub fn playing(&self) -> Option<PlayId> {
        self.playing.as_ref().map(|playing| playing.id)
    }

    /// Queues a key to be sent as telephone events, held for `duration_ms` (40 to 8000).
    pub fn send_dtmf(&mut self, now: Micros, digit: Digit, duration_ms: u32) -> Result<(), DtmfRefused> {
        if self.negotiated().is_none_or(|agreed| agreed.dtmf_send_pt.is_none()) {
            return Err(DtmfRefused::NotNegotiated);
        }
        if !self.keys.press(digit, duration_ms) {
            return Err(DtmfRefused::QueueFull);
        }
        self.start_grid(now);
        Ok(())
    }

    fn start_grid(&mut self, now: Micros) {
        // A grid that runs is kept, so that a prompt that follows another keeps its pace.
        if self.grid.is_none_or(|grid| grid.next_due.saturating_add(TICK) < now) {
            let position = self.grid.map_or(0, |grid| grid.position);
            self.grid = Some(Grid { next_due: now, position });
        }
    }

    /// The next packet of the prompt or key being sent, if one is due. Call until `None`.
    pub fn tick(&mut self, now: Micros, out: &mut [u8]) -> Option<(usize, SocketAddr)> {
        loop {
            let mut grid = self.grid?;
            if self.playing.is_none() && !self.keys.is_active() {
                // The last packet still lasts until the next tick; then the grid is over.
                if now >= grid.next_due {
                    self.grid = None;
                }
                return None;
            }
            let behind = now.checked_sub(grid.next_due)?;
            if behind > MAX_BEHIND {
                let skipped = behind / TICK;
                grid.next_due += skipped * TICK;
                grid.position = grid.position.wrapping_add((skipped as u32).wrapping_mul(FRAME as u32));
                self.skip_frames(skipped);
            }
            let position = grid.position;
            grid.next_due += TICK;
            grid.position = grid.position.wrapping_add(FRAME as u32);
            self.grid = Some(grid);
            let sent = if self.keys.is_active() {
                self.tick_key(now, out)
            } else {
                self.tick_frame(now, position, out)
            };
            if sent.is_some() {
                return sent;
            }
        }
    }

    fn skip_frames(&mut self, count: u64) {
        if self.keys.is_active() {
            return;
        }
        let Some(playing) = &mut self.playing else { return };
        let frames = playing.prompt.frames() as u64;
        let index = playing.index as u64 + count;
        match playing.repeat {
            Repeat::Forever => playing.index = index.checked_rem(frames).unwrap_or(0) as usize,
            Repeat::Once if index < frames => playing.index = index as usize,
            Repeat::Once => self.end_playing(),
        }
    }

    fn end_playing(&mut self) {
        if let Some(playing) = self.playing.take() {
            self.events.push_back(LegEvent::PlayEnded(playing.id));
        }
    }

    fn tick_key(&mut self, now: Micros, out: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let packet = self.keys.tick(self.outgoing.continuation(now))?;
        let remote = self.remote.as_ref().filter(|remote| remote.may_send())?;
        let payload_type = remote.negotiated.dtmf_send_pt?;
        let target = remote.source;
        let len = HEADER_LEN + packet.payload.len();
        out.get_mut(HEADER_LEN..len)?.copy_from_slice(&packet.payload);
        self.outgoing.header(payload_type, packet.marker, packet.timestamp).write(out)?;
        self.outgoing.sent(now, packet.timestamp, 0, packet.payload.len());
        Some((len, target))
    }

    fn tick_frame(&mut self, now: Micros, position: u32, out: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let sent = self.send_frame(now, position, out);
        if let Some(playing) = &mut self.playing {
            playing.index += 1;
            if playing.index >= playing.prompt.frames() {
                match playing.repeat {
                    Repeat::Forever => playing.index = 0,
                    Repeat::Once => self.end_playing(),
                }
            }
        }
        sent
    }

    fn send_frame(&mut self, now: Micros, position: u32, out: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let playing = self.playing.as_ref()?;
        let remote = self.remote.as_ref().filter(|remote| remote.may_send())?;
        let frame = playing.prompt.frame(remote.negotiated.codec.law()?, playing.index)?;
        let target = remote.source;
        out.get_mut(HEADER_LEN..HEADER_LEN + FRAME)?.copy_from_slice(frame);
        let payload_type = remote.negotiated.send_pt;
        let (timestamp, changed) = self.outgoing.stamp(now, Source::Play, position, true);
        self.outgoing.header(payload_type, changed, timestamp).write(out)?;
        self.outgoing.sent(now, timestamp, FRAME, FRAME);
        Some((HEADER_LEN + FRAME, target))
    }

    /// The RTCP report, when it is due (about every five seconds). `wall_ntp` is the wall clock as 64 bit NTP
    /// time; `out` should have room for 512 bytes.
    pub fn rtcp_due(&mut self, now: Micros, out: &mut [u8], wall_ntp: u64) -> Option<(usize, SocketAddr)> {
        if now < self.reports.due? {
            return None;
        }
        self.reports.due = Some(now.saturating_add(self.reports.interval()));
        self.report(now, out, wall_ntp, false)
    }

    /// The last RTCP packet, which says BYE. Nothing is due after it.
    pub fn goodbye(&mut self, now: Micros, out: &mut [u8], wall_ntp: u64) -> Option<(usize, SocketAddr)> {
        let sent = self.report(now, out, wall_ntp, true);
        self.reports.due = None;
        self.playing = None;
        self.keys.clear();
        self.grid = None;
        sent
    }

    fn report(
        &mut self,
        now: Micros,
        out: &mut [u8],
        wall_ntp: u64,
        bye: bool,
    ) -> Option<(usize, SocketAddr)> {
        let target = self.remote.as_ref()?.rtcp_target()?;
        let ssrc = self.outgoing.ssrc;
        let heard = self.incoming.ssrc.map(|theirs| self.incoming.statistics.report(now, theirs));
        let blocks = heard.as_slice();
        let sends = self.outgoing.packets > self.reports.packets_at[0];
        self.reports.packets_at = [self.reports.packets_at[1], self.outgoing.packets];
        let mut writer = RtcpWriter::new(out);
        let fits = if sends {
            let (timestamp, at) = self.outgoing.last;
            let elapsed = (now.saturating_sub(at) / 125) as u32;
            let info = SenderInfo {
                ntp: wall_ntp,
                rtp_timestamp: timestamp.wrapping_add(elapsed),
                packets: self.outgoing.packets as u32,
                octets: self.outgoing.bytes as u32,
            };
            self.reports.sent[self.reports.next_slot] = ((wall_ntp >> 16) as u32, now);
            self.reports.next_slot = (self.reports.next_slot + 1) % self.reports.sent.len();
            writer.sender_report(ssrc, &info, blocks)
        } else {
            writer.receiver_report(ssrc, blocks)
        };
        let fits = fits && writer.cname(ssrc, &self.reports.cname) && (!bye || writer.bye(ssrc));
        fits.then(|| (writer.len(), target))
    }

    fn timeout_at(&self) -> Option<Micros> {
        if self.timed_out || !self.remote.as_ref()?.should_be_heard() {
            return None;
        }
        Some(self.incoming.last_heard.saturating_add(self.timeout?))
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
        [grid, self.reports.due, self.timeout_at()].into_iter().flatten().min()
    }

    /// The counters.
    pub fn stats(&self) -> LegStats {
        let statistics = &self.incoming.statistics;
        let (packets, bytes, lost) = self.incoming.before;
        LegStats {
            received_packets: packets + statistics.received(),
            received_bytes: bytes + statistics.bytes(),
            lost: lost + statistics.lost(),
            jitter_us: statistics.jitter_micros(),
            sent_packets: self.outgoing.packets,
            sent_bytes: self.outgoing.bytes,
            remote_lost: self.reports.remote_lost,
            remote_jitter_us: u64::from(self.reports.remote_jitter) * 125,
            round_trip_us: self.reports.round_trip,
            dropped: self.dropped,
            relay_refused: self.relay_refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtmf::TelephoneEvent;
    use crate::negotiate::Direction;

    const THERE: &str = "192.0.2.1:4000";

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn agreed(codec: Codec) -> Negotiated {
        Negotiated {
            remote_rtp: address(THERE),
            remote_rtcp: address("192.0.2.1:4001"),
            rtcp_mux: false,
            codec,
            send_pt: codec.payload_type(),
            recv_pt: codec.payload_type(),
            also_recv: Vec::new(),
            dtmf_send_pt: Some(101),
            dtmf_recv_pt: Some(101),
            direction: Direction::SendRecv,
            remote_holds: false,
            ptime: 20,
        }
    }

    fn leg(codec: Codec) -> Leg {
        let seeds = LegSeeds { ssrc: 7, sequence: 65_530, timestamp: u32::MAX - 300, chance: 1 };
        let mut leg = Leg::new(seeds, "cname");
        leg.set_remote(0, agreed(codec), Learning::Never);
        leg
    }

    fn header(n: u32) -> RtpHeader {
        RtpHeader { marker: false, payload_type: 8, sequence: n as u16, timestamp: n * 160, ssrc: 99 }
    }

    fn datagram(header: &RtpHeader, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER_LEN];
        header.write(&mut bytes);
        bytes.extend_from_slice(payload);
        bytes
    }

    fn audio(n: u32, ssrc: u32) -> Packet<'static> {
        Packet {
            content: Content::Audio(Codec::Pcma),
            header: RtpHeader { ssrc, ..header(n) },
            payload: &[0x55; 160],
        }
    }

    /// Everything that the leg sends in that time by ticks of a millisecond.
    fn ticked(leg: &mut Leg, times: std::ops::Range<Micros>) -> Vec<(Micros, RtpHeader, Vec<u8>)> {
        let mut sent = Vec::new();
        let mut out = [0; 512];
        for now in times.step_by(1000) {
            while let Some((len, to)) = leg.tick(now, &mut out) {
                assert_eq!(to, address(THERE));
                let packet = RtpPacket::parse(&out[..len]).unwrap();
                sent.push((now, packet.header, packet.payload.to_vec()));
            }
        }
        sent
    }

    fn relayed(leg: &mut Leg, now: Micros, source: u64, packet: &Packet<'_>) -> Option<RtpHeader> {
        let mut out = [0; 512];
        let (len, _) = leg.relay(now, source, packet, &mut out)?;
        Some(RtpPacket::parse(&out[..len]).unwrap().header)
    }

    #[test]
    fn strangers_are_dropped_and_counted() {
        let mut leg = leg(Codec::Pcma);
        let good = datagram(&header(1), &[1; 160]);
        for (from, bytes, expected) in [
            ("192.0.2.2:4000", good.clone(), DropReason::Stranger),
            ("192.0.2.1:4001", good.clone(), DropReason::Stranger),
            (THERE, vec![0; 20], DropReason::Malformed),
            (THERE, datagram(&RtpHeader { payload_type: 18, ..header(1) }, &[0]), DropReason::PayloadType),
            (THERE, datagram(&RtpHeader { payload_type: 13, ..header(0) }, &[0]), DropReason::ComfortNoise),
        ] {
            assert_eq!(leg.receive_rtp(0, address(from), &bytes), Received::Dropped(expected));
            assert_eq!(leg.stats().dropped_for(expected), if from == "192.0.2.1:4001" { 2 } else { 1 });
        }
        // The same address as a socket for both families shows it.
        let mapped = address("[::ffff:192.0.2.1]:4000");
        assert!(matches!(leg.receive_rtp(0, mapped, &good), Received::Audio(p) if p.payload == [1; 160]));
        assert_eq!(leg.receive_rtp(0, mapped, &good), Received::Dropped(DropReason::Duplicate));
        let mut fresh = Leg::new(LegSeeds::from_seed(1), "");
        assert_eq!(fresh.receive_rtp(0, mapped, &good), Received::Dropped(DropReason::NotNegotiated));
    }

    #[test]
    fn an_address_is_learned_once() {
        let mut leg = leg(Codec::Pcma);
        leg.set_remote(0, agreed(Codec::Pcma), Learning::FirstPacket);
        let nat = address("203.0.113.9:31000");
        let stranger = address("203.0.113.10:31000");
        let wrong = datagram(&RtpHeader { payload_type: 3, ..header(1) }, &[0]);
        assert_eq!(leg.receive_rtp(0, stranger, &wrong), Received::Dropped(DropReason::PayloadType));
        let packet = |n| datagram(&header(n), &[1; 160]);
        assert!(matches!(leg.receive_rtp(0, nat, &packet(1)), Received::Audio(_)));
        assert_eq!((leg.poll_event(0), leg.remote()), (Some(LegEvent::RemoteLearned), Some(nat)));
        assert_eq!(leg.receive_rtp(0, stranger, &packet(2)), Received::Dropped(DropReason::Stranger));
        // After a hold in the old style and a resume the learned address is still known …
        let held = Negotiated {
            remote_rtp: address("0.0.0.0:4000"),
            direction: Direction::RecvOnly,
            remote_holds: true,
            ..agreed(Codec::Pcma)
        };
        leg.set_remote(0, held, Learning::FirstPacket);
        assert!(relayed(&mut leg, 0, 1, &audio(1, 1)).is_none());
        leg.set_remote(0, agreed(Codec::Pcma), Learning::FirstPacket);
        assert_eq!(leg.remote(), Some(nat));
        // … and only the stream that was heard may move.
        let foreign = datagram(&RtpHeader { ssrc: 5, ..header(3) }, &[1; 160]);
        assert_eq!(leg.receive_rtp(0, stranger, &foreign), Received::Dropped(DropReason::Stranger));
        let moved = address("203.0.113.9:32000");
        assert!(matches!(leg.receive_rtp(0, moved, &packet(3)), Received::Audio(_)));
        assert_eq!(leg.remote(), Some(moved));
    }

    #[test]
    fn a_prompt_keeps_its_pace() {
        let mut leg = leg(Codec::Pcmu);
        let id = leg.play(1_000, Prompt::tone(440.0, 200, 0.3), Repeat::Once);
        let sent = ticked(&mut leg, 1_000..1_000_000);
        assert_eq!(sent.len(), 10);
        for (n, (at, header, payload)) in sent.iter().enumerate() {
            assert_eq!(*at, 1_000 + n as u64 * 20_000);
            assert_eq!(header.sequence, 65_530u16.wrapping_add(n as u16));
            assert_eq!(header.timestamp, (u32::MAX - 300).wrapping_add(n as u32 * 160));
            assert_eq!((header.marker, header.payload_type, payload.len()), (n == 0, 0, 160));
        }
        assert_eq!(leg.poll_event(0), Some(LegEvent::PlayEnded(id)));
        assert_eq!(leg.poll_event(0), None);
    }

    #[test]
    fn a_stall_is_skipped_and_not_sent_in_a_burst() {
        let mut leg = leg(Codec::Pcma);
        leg.play(0, Prompt::silence(60_000), Repeat::Forever);
        assert_eq!(ticked(&mut leg, 0..20_000).len(), 1);
        let late = ticked(&mut leg, 1_000_000..1_019_000);
        assert_eq!(late.len(), 1);
        assert_eq!(late[0].1.timestamp, (u32::MAX - 300).wrapping_add(8000));
        assert_eq!(late[0].1.sequence, 65_531);
        assert_eq!(leg.deadline(), Some(1_020_000));
        // A small delay is caught up with.
        assert_eq!(ticked(&mut leg, 1_100_000..1_101_000).len(), 5);
    }

    #[test]
    fn a_prompt_ends_in_time_on_hold_too() {
        let mut leg = leg(Codec::Pcma);
        let held = Negotiated { direction: Direction::RecvOnly, remote_holds: true, ..agreed(Codec::Pcma) };
        leg.set_remote(0, held, Learning::Never);
        let id = leg.play(0, Prompt::silence(100), Repeat::Once);
        assert!(ticked(&mut leg, 0..200_000).is_empty());
        assert_eq!(leg.poll_event(0), Some(LegEvent::PlayEnded(id)));
        let empty = leg.play(0, Prompt::silence(0), Repeat::Once);
        assert_eq!(leg.poll_event(0), Some(LegEvent::PlayEnded(empty)));
        leg.play(0, Prompt::silence(0), Repeat::Forever);
        assert!(ticked(&mut leg, 200_000..2_000_000).is_empty());
    }

    #[test]
    fn one_stream_from_many_sources() {
        let mut leg = leg(Codec::Pcma);
        leg.play(0, Prompt::silence(100), Repeat::Forever);
        let mut heads: Vec<RtpHeader> = ticked(&mut leg, 0..100_000).into_iter().map(|s| s.1).collect();
        assert!(relayed(&mut leg, 100_000, 1, &audio(5000, 1)).is_none(), "a prompt goes first");
        leg.stop_playing();
        let mut markers = vec![0];
        let mut now = 107_000;
        for (source, ssrc, first) in [(1, 11, 5000), (2, 22, 17), (2, 23, 1_000_000)] {
            markers.push(heads.len());
            for n in 0..5 {
                heads.push(relayed(&mut leg, now, source, &audio(first + n, ssrc)).unwrap());
                now += 20_000;
            }
        }
        // The same stream with a new time base is a new source too.
        markers.push(heads.len());
        heads.push(relayed(&mut leg, now, 2, &audio(2_000_000, 23)).unwrap());
        for (n, pair) in heads.windows(2).enumerate() {
            assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
            let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
            assert!((160..400).contains(&step), "step {step} after packet {n}");
            assert_eq!(pair[1].ssrc, 7);
        }
        let marked: Vec<usize> = (0..heads.len()).filter(|n| heads[*n].marker).collect();
        assert_eq!(marked, markers);
        assert_eq!(leg.stats().relay_refused, 1);
    }

    #[test]
    fn laws_are_exchanged_and_other_codecs_refused() {
        let mut out = [0; 512];
        let mut ulaw = leg(Codec::Pcmu);
        let (len, _) = ulaw.relay(0, 1, &audio(1, 1), &mut out).unwrap();
        assert_eq!(out[HEADER_LEN..len], [Law::Alaw.table_to(Law::Ulaw)[0x55]; 160]);
        assert_eq!(out[1] & 0x7F, 0);
        assert!(leg(Codec::G722).relay(0, 1, &audio(1, 1), &mut out).is_none());
        assert!(ulaw.relay(0, 1, &audio(1, 1), &mut [0; 100]).is_none(), "no room");
    }

    #[test]
    fn relayed_keys_keep_one_timestamp() {
        let mut leg = leg(Codec::Pcma);
        relayed(&mut leg, 0, 1, &audio(100, 5)).unwrap();
        let stamps: Vec<_> = (1..60u32)
            .map(|n| {
                let event = TelephoneEvent { event: 1, end: false, volume: 10, duration: n as u16 * 160 };
                let payload = event.write();
                let header = RtpHeader { marker: n == 1, timestamp: 101 * 160, ssrc: 5, ..header(100 + n) };
                let packet = Packet { content: Content::Event, header, payload: &payload };
                let sent = relayed(&mut leg, u64::from(n) * 20_000, 1, &packet).unwrap();
                assert_eq!((sent.payload_type, sent.marker), (101, n == 1));
                sent.timestamp
            })
            .collect();
        assert!(stamps.iter().all(|t| *t == stamps[0]));
        let after = relayed(&mut leg, 1_200_000, 1, &audio(160, 5)).unwrap();
        assert_eq!((after.timestamp.wrapping_sub(stamps[0]), after.marker), (59 * 160, false));
    }

    #[test]
    fn keys_are_sent_between_frames_and_heard() {
        let (mut from, mut to) = (leg(Codec::Pcma), leg(Codec::Pcma));
        from.play(0, Prompt::silence(10_000), Repeat::Forever);
        for key in "42#".chars() {
            from.send_dtmf(0, Digit::from_char(key).unwrap(), 100).unwrap();
        }
        let mut heard = String::new();
        let mut sequence = None;
        for (at, header, payload) in ticked(&mut from, 0..1_000_000) {
            assert!(sequence.is_none_or(|s: u16| s.wrapping_add(1) == header.sequence));
            sequence = Some(header.sequence);
            if let Received::Dtmf { pressed: Some(digit), .. } =
                to.receive_rtp(at, address(THERE), &datagram(&header, &payload))
            {
                heard.push(digit.to_char());
            }
        }
        assert_eq!(heard, "42#");
        let mut without = agreed(Codec::Pcma);
        without.dtmf_send_pt = None;
        from.set_remote(0, without, Learning::Never);
        let digit = Digit::from_event(1).unwrap();
        assert_eq!(from.send_dtmf(0, digit, 100), Err(DtmfRefused::NotNegotiated));
        for _ in 0..32 {
            to.send_dtmf(0, digit, 100).unwrap();
        }
        assert_eq!(to.send_dtmf(0, digit, 100), Err(DtmfRefused::QueueFull));
    }

    #[test]
    fn silence_is_told_once_and_not_on_hold() {
        let mut leg = leg(Codec::Pcma);
        leg.set_rtp_timeout(Some(5_000_000));
        leg.receive_rtp(1_000_000, address(THERE), &datagram(&header(1), &[0; 160]));
        assert_eq!(leg.poll_event(5_999_999), None);
        assert_eq!(leg.poll_event(6_000_000), Some(LegEvent::TimedOut));
        assert_eq!(leg.poll_event(9_000_000), None);
        leg.receive_rtp(10_000_000, address(THERE), &datagram(&header(2), &[0; 160]));
        assert_eq!(leg.poll_event(15_000_000), Some(LegEvent::TimedOut));
        let held = Negotiated { direction: Direction::RecvOnly, remote_holds: true, ..agreed(Codec::Pcma) };
        leg.set_remote(16_000_000, held, Learning::Never);
        assert_eq!(leg.poll_event(99_000_000), None);
        leg.set_remote(100_000_000, agreed(Codec::Pcma), Learning::Never);
        assert_eq!(leg.poll_event(104_000_000), None);
        assert_eq!(leg.poll_event(105_000_000), Some(LegEvent::TimedOut));
    }

    #[test]
    fn reports_go_both_ways_and_measure_the_round_trip() {
        let mut here = leg(Codec::Pcma);
        let seeds = LegSeeds { ssrc: 8, sequence: 0, timestamp: 0, chance: 2 };
        let mut there = Leg::new(seeds, "other");
        there.set_remote(0, agreed(Codec::Pcma), Learning::Never);
        let (from, mut out) = (address("192.0.2.1:4001"), [0; 512]);
        let ntp = |now: Micros| (now << 32) / 1_000_000;
        const WAY: Micros = 30_000;
        let mut reports = 0;
        let mut spoken = 0;
        for n in 0..1500u32 {
            let now = u64::from(n) * 20_000;
            let mut buffer = [0; 512];
            let (len, _) = here.relay(now, 1, &audio(n, 3), &mut buffer).unwrap();
            if n % 10 != 5 {
                there.receive_rtp(now + WAY, address(THERE), &buffer[..len]);
                spoken += 1;
            }
            if let Some((len, to)) = here.rtcp_due(now, &mut out, ntp(now)) {
                assert_eq!(to, from);
                there.receive_rtcp(now + WAY, from, &out[..len]).unwrap();
                reports += 1;
            }
            if let Some((len, _)) = there.rtcp_due(now, &mut out, ntp(now)) {
                here.receive_rtcp(now + WAY, from, &out[..len]).unwrap();
            }
        }
        assert!((4..=10).contains(&reports), "{reports} reports in 30 s");
        let stats = here.stats();
        let round_trip = stats.round_trip_us.unwrap();
        assert!(round_trip.abs_diff(2 * WAY) < 100, "{round_trip}");
        assert!((100..=150).contains(&stats.remote_lost), "{}", stats.remote_lost);
        assert_eq!((there.stats().received_packets, there.stats().lost), (spoken, 1500 - spoken));
        let (len, _) = here.goodbye(30_000_000, &mut out, 1).unwrap();
        there.receive_rtcp(30_000_000, from, &out[..len]).unwrap();
        assert_eq!(there.poll_event(30_000_000), Some(LegEvent::RemoteBye));
        assert_eq!((there.poll_event(30_000_000), here.deadline()), (None, None));
        let stranger = address("192.0.2.7:4001");
        assert_eq!(there.receive_rtcp(0, stranger, &out[..len]), Err(DropReason::Stranger));
        assert_eq!(there.receive_rtcp(0, from, &[0x80, 200, 0, 9]), Err(DropReason::Malformed));
    }

    #[test]
    fn rtcp_on_the_shared_port_is_told_apart() {
        let mut leg = leg(Codec::Pcma);
        leg.set_remote(0, Negotiated { rtcp_mux: true, ..agreed(Codec::Pcma) }, Learning::Never);
        let mut out = [0; 64];
        let mut writer = RtcpWriter::new(&mut out);
        writer.receiver_report(9, &[]);
        let len = writer.len();
        assert_eq!(leg.receive_rtp(0, address(THERE), &out[..len]), Received::Rtcp);
        assert!(matches!(
            leg.receive_rtp(0, address(THERE), &datagram(&header(1), &[0])),
            Received::Audio(_)
        ));
        assert_eq!(leg.rtcp_due(10_000_000, &mut [0; 512], 0).unwrap().1, address(THERE));
    }

    #[test]
    fn nothing_is_received_that_we_said_we_do_not_want() {
        let mut leg = leg(Codec::Pcma);
        let hold = Negotiated { direction: Direction::SendOnly, ..agreed(Codec::Pcma) };
        leg.set_remote(0, hold, Learning::Never);
        let packet = datagram(&header(1), &[0; 160]);
        let dropped = Received::Dropped(DropReason::NotReceiving);
        assert_eq!(leg.receive_rtp(0, address(THERE), &packet), dropped);
        leg.set_rtp_timeout(Some(1));
        assert_eq!(leg.poll_event(1_000_000), None);
        assert!(!format!("{leg:?}").contains("192.0.2"));
    }
}
