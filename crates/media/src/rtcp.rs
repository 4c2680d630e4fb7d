//! RTCP (RFC 3550, section 6): reading compound packets, building reports, and the statistics of a received
//! stream that go into them (appendices A.3 and A.8).

use std::fmt;

use crate::Micros;
use crate::rtp::{RtpHeader, Sequence, SequenceTracker};

/// A compound packet with more parts than this is read only so far; real ones have two to five.
const MAX_PARTS: usize = 32;

/// What one receiver says about one stream (RFC 3550, 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReportBlock {
    /// The stream spoken of.
    pub ssrc: u32,
    /// Loss since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost since the beginning; 24 bits, may be negative.
    pub cumulative_lost: i32,
    /// Newest sequence number with its cycles.
    pub highest_sequence: u32,
    /// Interarrival jitter in timestamp units.
    pub jitter: u32,
    /// The middle 32 bits of the NTP time of the last sender report, or zero.
    pub last_sr: u32,
    /// Time from that report's arrival to this one's departure, in 1/65536 s.
    pub delay_since_last_sr: u32,
}

impl ReportBlock {
    const LEN: usize = 24;

    fn parse(bytes: &[u8]) -> Option<Self> {
        let word = |index: usize| -> Option<u32> {
            Some(u32::from_be_bytes(bytes.get(index * 4..index * 4 + 4)?.try_into().ok()?))
        };
        let loss = word(1)?;
        Some(ReportBlock {
            ssrc: word(0)?,
            fraction_lost: (loss >> 24) as u8,
            // Shifting up and down again extends the sign of the 24 bit number.
            cumulative_lost: ((loss << 8) as i32) >> 8,
            highest_sequence: word(2)?,
            jitter: word(3)?,
            last_sr: word(4)?,
            delay_since_last_sr: word(5)?,
        })
    }

    fn write(&self) -> [u8; Self::LEN] {
        let lost = self.cumulative_lost.clamp(-0x80_0000, 0x7F_FFFF) as u32 & 0xFF_FFFF;
        let words = [
            self.ssrc,
            (u32::from(self.fraction_lost) << 24) | lost,
            self.highest_sequence,
            self.jitter,
            self.last_sr,
            self.delay_since_last_sr,
        ];
        let mut out = [0; Self::LEN];
        for (index, word) in words.iter().enumerate() {
            out[index * 4..index * 4 + 4].copy_from_slice(&word.to_be_bytes());
        }
        out
    }
}

/// What a sender says about its own stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SenderInfo {
    /// Wall clock as 64 bit NTP time.
    pub ntp: u64,
    /// The same instant on the stream's timestamp clock.
    pub rtp_timestamp: u32,
    /// Packets sent, wrapping.
    pub packets: u32,
    /// Payload bytes sent, wrapping.
    pub octets: u32,
}

/// The report blocks of one report, read as they are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlocks<'a>(&'a [u8]);

impl ReportBlocks<'_> {
    /// Each block in order; at most 31.
    pub fn iter(&self) -> impl Iterator<Item = ReportBlock> + '_ {
        self.0.chunks_exact(ReportBlock::LEN).filter_map(ReportBlock::parse)
    }
}

/// One part of a compound packet.
#[derive(Clone, PartialEq, Eq)]
pub enum RtcpPacket<'a> {
    /// Sender report.
    SenderReport {
        /// Who reports.
        ssrc: u32,
        /// About the own stream.
        info: SenderInfo,
        /// About received streams.
        blocks: ReportBlocks<'a>,
    },
    /// Receiver report.
    ReceiverReport {
        /// Who reports.
        ssrc: u32,
        /// About received streams.
        blocks: ReportBlocks<'a>,
    },
    /// Source description; only the first chunk's canonical name is looked for.
    SourceDescription {
        /// The source described, if any is.
        ssrc: Option<u32>,
        /// Its canonical name, which can identify a person or a machine.
        cname: Option<&'a [u8]>,
    },
    /// A source left.
    Bye {
        /// The sources that left, four bytes each.
        sources: &'a [u8],
    },
    /// Another kind (feedback, extended reports, application), passed over.
    Other {
        /// Its packet type.
        packet_type: u8,
    },
}

impl RtcpPacket<'_> {
    /// Whether this is a BYE that names `ssrc`.
    pub fn says_bye(&self, ssrc: u32) -> bool {
        match self {
            RtcpPacket::Bye { sources } => sources.chunks_exact(4).any(|s| s == ssrc.to_be_bytes()),
            _ => false,
        }
    }
}

impl fmt::Debug for RtcpPacket<'_> {
    // The canonical name often holds a user name and an address, so it is not printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RtcpPacket::SenderReport { ssrc, info, .. } => {
                f.debug_struct("SenderReport").field("ssrc", ssrc).field("info", info).finish_non_exhaustive()
            }
            RtcpPacket::ReceiverReport { ssrc, .. } => {
                f.debug_struct("ReceiverReport").field("ssrc", ssrc).finish_non_exhaustive()
            }
            RtcpPacket::SourceDescription { ssrc, .. } => {
                f.debug_struct("SourceDescription").field("ssrc", ssrc).finish_non_exhaustive()
            }
            RtcpPacket::Bye { sources } => write!(f, "Bye({} sources)", sources.len() / 4),
            RtcpPacket::Other { packet_type } => write!(f, "Other({packet_type})"),
        }
    }
}

/// Why a datagram, or the rest of it, is not RTCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RtcpError {
    /// A part is longer than what is left.
    TooShort,
    /// The version is not 2.
    Version,
    /// The padding is longer than the part, or zero.
    Padding,
}

impl fmt::Display for RtcpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RtcpError::TooShort => "a part of the RTCP packet is longer than the packet",
            RtcpError::Version => "the packet is not RTCP version 2",
            RtcpError::Padding => "the padding of the RTCP packet is impossible",
        })
    }
}

impl std::error::Error for RtcpError {}

/// Walks the parts of a compound packet; ends after the first error and after 32 parts.
#[derive(Debug, Clone)]
pub struct RtcpPackets<'a> {
    rest: &'a [u8],
    parts: usize,
}

/// The parts of a received RTCP datagram.
pub fn parse(datagram: &[u8]) -> RtcpPackets<'_> {
    RtcpPackets { rest: datagram, parts: 0 }
}

fn word(bytes: &[u8], index: usize) -> Result<u32, RtcpError> {
    let slice = bytes.get(index * 4..index * 4 + 4).ok_or(RtcpError::TooShort)?;
    Ok(slice.iter().fold(0, |value, byte| (value << 8) | u32::from(*byte)))
}

impl<'a> RtcpPackets<'a> {
    fn part(&mut self) -> Result<RtcpPacket<'a>, RtcpError> {
        let first = word(self.rest, 0)?;
        if first >> 30 != 2 {
            return Err(RtcpError::Version);
        }
        let length = ((first & 0xFFFF) as usize + 1) * 4;
        let part = self.rest.get(..length).ok_or(RtcpError::TooShort)?;
        self.rest = &self.rest[length..];
        let mut body = &part[4..];
        if first & 0x2000_0000 != 0 {
            let padding = usize::from(*body.last().ok_or(RtcpError::Padding)?);
            if padding == 0 || padding > body.len() {
                return Err(RtcpError::Padding);
            }
            body = &body[..body.len() - padding];
        }
        let count = ((first >> 24) & 0x1F) as usize;
        let packet_type = (first >> 16) as u8;
        let blocks = |from: usize| -> Result<ReportBlocks<'a>, RtcpError> {
            let end = from + count * ReportBlock::LEN;
            Ok(ReportBlocks(body.get(from..end).ok_or(RtcpError::TooShort)?))
        };
        Ok(match packet_type {
            200 => RtcpPacket::SenderReport {
                ssrc: word(body, 0)?,
                info: SenderInfo {
                    ntp: (u64::from(word(body, 1)?) << 32) | u64::from(word(body, 2)?),
                    rtp_timestamp: word(body, 3)?,
                    packets: word(body, 4)?,
                    octets: word(body, 5)?,
                },
                blocks: blocks(24)?,
            },
            201 => RtcpPacket::ReceiverReport { ssrc: word(body, 0)?, blocks: blocks(4)? },
            202 if count == 0 => RtcpPacket::SourceDescription { ssrc: None, cname: None },
            202 => RtcpPacket::SourceDescription {
                ssrc: Some(word(body, 0)?),
                cname: first_cname(body.get(4..).ok_or(RtcpError::TooShort)?),
            },
            203 => RtcpPacket::Bye { sources: body.get(..count * 4).ok_or(RtcpError::TooShort)? },
            _ => RtcpPacket::Other { packet_type },
        })
    }
}

/// Looks for item 1 in the items of a description chunk.
fn first_cname(mut items: &[u8]) -> Option<&[u8]> {
    loop {
        let (kind, length) = (*items.first()?, usize::from(*items.get(1)?));
        let value = items.get(2..2 + length)?;
        match kind {
            0 => return None,
            1 => return Some(value),
            _ => items = &items[2 + length..],
        }
    }
}

impl<'a> Iterator for RtcpPackets<'a> {
    type Item = Result<RtcpPacket<'a>, RtcpError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() || self.parts == MAX_PARTS {
            return None;
        }
        self.parts += 1;
        let part = self.part();
        if part.is_err() {
            self.rest = &[];
        }
        Some(part)
    }
}

/// Builds a compound packet into a buffer of the caller's. A part that does not fit is left out and the
/// method says `false`.
#[derive(Debug)]
pub struct RtcpWriter<'a> {
    out: &'a mut [u8],
    len: usize,
}

impl<'a> RtcpWriter<'a> {
    /// Starts at the front of `out`.
    pub fn new(out: &'a mut [u8]) -> Self {
        RtcpWriter { out, len: 0 }
    }

    /// Bytes written so far: the length of the datagram.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn part(&mut self, packet_type: u8, count: usize, body_len: usize) -> Option<&mut [u8]> {
        if count > 31 || body_len > 1400 {
            return None;
        }
        let padded = body_len.div_ceil(4) * 4;
        let end = self.len + 4 + padded;
        let part = self.out.get_mut(self.len..end)?;
        part.fill(0);
        part[0] = 0x80 | count as u8;
        part[1] = packet_type;
        part[2..4].copy_from_slice(&((padded / 4) as u16).to_be_bytes());
        self.len = end;
        self.out.get_mut(end - padded..end)
    }

    /// Adds a sender report with up to 31 blocks.
    pub fn sender_report(&mut self, ssrc: u32, info: &SenderInfo, blocks: &[ReportBlock]) -> bool {
        let Some(body) = self.part(200, blocks.len(), 24 + blocks.len() * ReportBlock::LEN) else {
            return false;
        };
        body[0..4].copy_from_slice(&ssrc.to_be_bytes());
        body[4..12].copy_from_slice(&info.ntp.to_be_bytes());
        body[12..16].copy_from_slice(&info.rtp_timestamp.to_be_bytes());
        body[16..20].copy_from_slice(&info.packets.to_be_bytes());
        body[20..24].copy_from_slice(&info.octets.to_be_bytes());
        write_blocks(&mut body[24..], blocks);
        true
    }

    /// Adds a receiver report with up to 31 blocks.
    pub fn receiver_report(&mut self, ssrc: u32, blocks: &[ReportBlock]) -> bool {
        let Some(body) = self.part(201, blocks.len(), 4 + blocks.len() * ReportBlock::LEN) else {
            return false;
        };
        body[0..4].copy_from_slice(&ssrc.to_be_bytes());
        write_blocks(&mut body[4..], blocks);
        true
    }

    /// Adds a source description with the canonical name, cut at 255 bytes.
    pub fn cname(&mut self, ssrc: u32, cname: &[u8]) -> bool {
        let cname = &cname[..cname.len().min(255)];
        // At least one zero byte must follow the items of a chunk.
        let Some(body) = self.part(202, 1, 4 + 2 + cname.len() + 1) else { return false };
        body[0..4].copy_from_slice(&ssrc.to_be_bytes());
        body[4] = 1;
        body[5] = cname.len() as u8;
        body[6..6 + cname.len()].copy_from_slice(cname);
        true
    }

    /// Adds a BYE.
    pub fn bye(&mut self, ssrc: u32) -> bool {
        let Some(body) = self.part(203, 1, 4) else { return false };
        body.copy_from_slice(&ssrc.to_be_bytes());
        true
    }
}

fn write_blocks(body: &mut [u8], blocks: &[ReportBlock]) {
    for (slot, block) in body.chunks_exact_mut(ReportBlock::LEN).zip(blocks) {
        slot.copy_from_slice(&block.write());
    }
}

/// Statistics of one received stream, kept packet by packet.
#[derive(Debug, Clone)]
pub struct ReceiverStatistics {
    /// Units of the RTP clock in a second.
    clock: u32,
    sequence: SequenceTracker,
    bytes: u64,
    /// Last transit time in timestamp units, modulo 2^32; only differences of it mean anything.
    transit: Option<u32>,
    /// Jitter in 1/16 timestamp unit.
    jitter_q4: u64,
    expected_before: u64,
    received_before: u64,
    last_sr: u32,
    last_sr_at: Option<Micros>,
}

/// Differences above this, in seconds, are a new timestamp base, not jitter.
const MAX_TRANSIT_STEP: u32 = 10;

impl Default for ReceiverStatistics {
    fn default() -> Self {
        ReceiverStatistics {
            clock: 8_000,
            sequence: SequenceTracker::default(),
            bytes: 0,
            transit: None,
            jitter_q4: 0,
            expected_before: 0,
            received_before: 0,
            last_sr: 0,
            last_sr_at: None,
        }
    }
}

impl ReceiverStatistics {
    /// Says how fast the timestamps of what comes next count, in units a second; 8000 until told. A stream whose codec
    /// changes may change its clock too (RFC 7160); its jitter goes on from where it was.
    pub fn set_clock(&mut self, clock: u32) {
        if self.clock != clock && clock > 0 {
            self.jitter_q4 = self.jitter_q4 * u64::from(clock) / u64::from(self.clock);
            self.clock = clock;
            self.transit = None;
        }
    }

    /// Units of the RTP clock in a second.
    pub fn clock(&self) -> u32 {
        self.clock
    }

    /// Counts a packet. `timed` says whether its timestamp tells when it was sampled: true for audio, false
    /// for telephone events, whose timestamp stands still.
    pub fn on_packet(
        &mut self,
        now: Micros,
        header: &RtpHeader,
        payload_len: usize,
        timed: bool,
    ) -> Sequence {
        let verdict = self.sequence.update(header.sequence);
        match verdict {
            Sequence::Duplicate | Sequence::Jump => return verdict,
            Sequence::Restarted(_) => {
                self.transit = None;
                self.expected_before = 0;
                self.received_before = 0;
            }
            Sequence::New(_) | Sequence::Late(_) => {}
        }
        self.bytes += payload_len as u64;
        if timed {
            let arrival = ticks(now, self.clock) as u32;
            let transit = arrival.wrapping_sub(header.timestamp);
            if let Some(before) = self.transit {
                let step = (transit.wrapping_sub(before) as i32).unsigned_abs();
                if step < MAX_TRANSIT_STEP * self.clock {
                    self.jitter_q4 = self.jitter_q4 + u64::from(step) - ((self.jitter_q4 + 8) >> 4);
                }
            }
            self.transit = Some(transit);
        }
        verdict
    }

    /// Notes a sender report of this stream, for the round trip that its sender will compute.
    pub fn on_sender_report(&mut self, now: Micros, info: &SenderInfo) {
        self.last_sr = (info.ntp >> 16) as u32;
        self.last_sr_at = Some(now);
    }

    /// Packets that should have come since the first.
    pub fn expected(&self) -> u64 {
        self.sequence.expected()
    }

    /// Packets received, duplicates not counted.
    pub fn received(&self) -> u64 {
        self.sequence.received()
    }

    /// Payload bytes received.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Packets lost; never below zero.
    pub fn lost(&self) -> u64 {
        self.sequence.lost().max(0) as u64
    }

    /// Interarrival jitter in units of the RTP clock (A.8).
    pub fn jitter(&self) -> u32 {
        (self.jitter_q4 >> 4) as u32
    }

    /// Interarrival jitter in microseconds.
    pub fn jitter_micros(&self) -> Micros {
        (self.jitter_q4 * 1_000_000 / u64::from(self.clock)) >> 4
    }

    /// The block to send about this stream; the fraction is counted from the last call (A.3).
    pub fn report(&mut self, now: Micros, ssrc: u32) -> ReportBlock {
        let (expected, received) = (self.sequence.expected(), self.sequence.received());
        let expected_now = expected.saturating_sub(self.expected_before);
        let received_now = received.saturating_sub(self.received_before);
        self.expected_before = expected;
        self.received_before = received;
        let lost_now = expected_now.saturating_sub(received_now);
        let fraction = (lost_now << 8).checked_div(expected_now).unwrap_or(0);
        ReportBlock {
            ssrc,
            fraction_lost: fraction.min(255) as u8,
            cumulative_lost: self.sequence.lost().clamp(-0x80_0000, 0x7F_FFFF) as i32,
            highest_sequence: self.sequence.highest(),
            jitter: self.jitter(),
            last_sr: self.last_sr_at.map_or(0, |_| self.last_sr),
            delay_since_last_sr: self.last_sr_at.map_or(0, |at| micros_to_short(now.saturating_sub(at))),
        }
    }
}

/// Microseconds in units of a clock that counts so many a second.
pub fn ticks(micros: Micros, clock: u32) -> u64 {
    // Whole seconds and the rest apart, so that no time is too long.
    let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
    seconds.wrapping_mul(clock.into()).wrapping_add(rest * u64::from(clock) / 1_000_000)
}

/// Microseconds to the 16.16 seconds that reports use; saturates at 18 hours.
pub fn micros_to_short(micros: Micros) -> u32 {
    u32::try_from(micros.saturating_mul(65536) / 1_000_000).unwrap_or(u32::MAX)
}

/// The 16.16 seconds of reports to microseconds.
pub fn short_to_micros(short: u32) -> Micros {
    u64::from(short) * 1_000_000 / 65536
}

/// The round trip by RFC 3550, 6.4.1: from when the quoted sender report left (`sent_at`), when the report
/// quoting it came, and how long the other side kept it. `None` when the other side claims to have kept it
/// longer than the whole time.
pub fn round_trip(sent_at: Micros, arrived: Micros, delay_since_last_sr: u32) -> Option<Micros> {
    arrived.checked_sub(sent_at)?.checked_sub(short_to_micros(delay_since_last_sr))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compound() -> Vec<u8> {
        let mut out = [0; 512];
        let info = SenderInfo { ntp: 0x1122_3344_5566_7788, rtp_timestamp: 5, packets: 6, octets: 7 };
        let block = ReportBlock { ssrc: 9, fraction_lost: 3, cumulative_lost: -2, ..Default::default() };
        let mut writer = RtcpWriter::new(&mut out);
        assert!(writer.sender_report(1, &info, &[block]));
        assert!(writer.cname(1, b"who@host"));
        assert!(writer.receiver_report(1, &[block, block]));
        assert!(writer.bye(1));
        let len = writer.len();
        out[..len].to_vec()
    }

    #[test]
    fn compound_is_read_back() {
        let bytes = compound();
        let parts: Vec<_> = parse(&bytes).map(Result::unwrap).collect();
        assert_eq!(parts.len(), 4);
        let RtcpPacket::SenderReport { ssrc: 1, info, blocks } = &parts[0] else { panic!("{parts:?}") };
        assert_eq!(info.ntp, 0x1122_3344_5566_7788);
        assert_eq!(blocks.iter().next().unwrap().cumulative_lost, -2);
        let RtcpPacket::SourceDescription { ssrc: Some(1), cname } = &parts[1] else { panic!("{parts:?}") };
        assert_eq!(*cname, Some(&b"who@host"[..]));
        assert!(!format!("{parts:?}").contains("who"));
        assert!(
            matches!(&parts[2], RtcpPacket::ReceiverReport { ssrc: 1, blocks } if blocks.iter().count() == 2)
        );
        assert!(parts[3].says_bye(1) && !parts[3].says_bye(2));
    }

    #[test]
    fn truncations_and_flips_do_no_harm() {
        let bytes = compound();
        for length in 0..bytes.len() {
            let _ = parse(&bytes[..length]).count();
        }
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7F, 0xA0, 0xFF] {
                let mut changed = bytes.clone();
                changed[at] = value;
                for part in parse(&changed).flatten() {
                    let _ = part.says_bye(1);
                }
            }
        }
    }

    #[test]
    fn endless_small_parts_are_cut_off() {
        let bytes: Vec<u8> = [0x80, 202, 0, 0].repeat(1000);
        assert_eq!(parse(&bytes).count(), MAX_PARTS);
    }

    #[test]
    fn a_full_buffer_is_said() {
        let mut out = [0; 20];
        let mut writer = RtcpWriter::new(&mut out);
        assert!(writer.bye(1));
        assert!(!writer.sender_report(1, &SenderInfo::default(), &[]));
        assert_eq!(writer.len(), 8);
    }

    #[test]
    fn jitter_of_an_even_stream_is_zero_and_of_a_wavering_one_its_mean() {
        let mut even = ReceiverStatistics::default();
        let mut wavering = ReceiverStatistics::default();
        for n in 0..500u32 {
            let header =
                RtpHeader { marker: false, payload_type: 8, sequence: n as u16, timestamp: n * 160, ssrc: 1 };
            let now = u64::from(n) * 20_000;
            even.on_packet(now, &header, 160, true);
            wavering.on_packet(now + u64::from(n % 2) * 5_000, &header, 160, true);
        }
        assert_eq!(even.jitter_micros(), 0);
        assert!((4_500..=5_100).contains(&wavering.jitter_micros()), "{}", wavering.jitter_micros());
    }

    #[test]
    fn loss_is_reported_for_the_interval() {
        let mut statistics = ReceiverStatistics::default();
        for n in (0..100u16).filter(|n| n % 4 != 1) {
            let header = RtpHeader { marker: false, payload_type: 8, sequence: n, timestamp: 0, ssrc: 1 };
            statistics.on_packet(0, &header, 160, false);
        }
        let block = statistics.report(0, 1);
        assert_eq!((block.fraction_lost, block.cumulative_lost), (64, 25));
        assert_eq!(statistics.report(0, 1).fraction_lost, 0);
    }

    #[test]
    fn round_trip_is_what_remains() {
        let kept = micros_to_short(1_000_000);
        assert_eq!(round_trip(5_000_000, 6_080_000, kept), Some(80_000));
        assert_eq!(round_trip(5_000_000, 5_500_000, kept), None);
        assert_eq!(round_trip(6, 5, 0), None);
    }
}
