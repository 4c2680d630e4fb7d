//! RTP packets (RFC 3550, section 5): reading with strict bounds, writing, rewriting in place, and the
//! arithmetic of sequence numbers (appendix A.1).

use std::fmt;
use std::ops::Range;

/// Length in bytes of the header that we write: no contributing sources, no extension.
pub const HEADER_LEN: usize = 12;

/// A gap of this many packets or more is a jump, not loss (RFC 3550, A.1).
const MAX_DROPOUT: u16 = 3000;
/// A packet up to this many behind the newest is late, not a jump (RFC 3550, A.1).
const MAX_MISORDER: u16 = 100;

/// The fields of a fixed RTP header that change from packet to packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpHeader {
    /// Start of a talk spurt, or of a telephone event.
    pub marker: bool,
    /// What the payload is, 0 to 127, as negotiated.
    pub payload_type: u8,
    /// Counts packets, wraps at 65536.
    pub sequence: u16,
    /// Sampling instant of the first sample, in units of the codec's clock: 1/8000 s, for Opus 1/48000 s.
    pub timestamp: u32,
    /// Names the stream.
    pub ssrc: u32,
}

/// A datagram that was found to be RTP.
#[derive(Clone, PartialEq, Eq)]
pub struct RtpPacket<'a> {
    /// The fixed header.
    pub header: RtpHeader,
    /// What it carries, without padding; may be empty.
    pub payload: &'a [u8],
    /// Where the payload stands in the datagram, for rewriting in place.
    pub payload_range: Range<usize>,
}

impl fmt::Debug for RtpPacket<'_> {
    // What people say does not belong in a log, so only the length of the payload is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RtpPacket")
            .field("header", &self.header)
            .field("payload_len", &self.payload.len())
            .finish()
    }
}

/// Why a datagram is not RTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RtpError {
    /// Shorter than its own header says.
    TooShort,
    /// The version is not 2.
    Version,
    /// The padding is longer than the packet, or zero.
    Padding,
}

impl fmt::Display for RtpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RtpError::TooShort => "the packet is shorter than its header says",
            RtpError::Version => "the packet is not RTP version 2",
            RtpError::Padding => "the padding of the packet is impossible",
        })
    }
}

impl std::error::Error for RtpError {}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

impl<'a> RtpPacket<'a> {
    /// Reads a datagram. Nothing is copied; contributing sources and extension are skipped over.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, RtpError> {
        if datagram.len() < HEADER_LEN {
            return Err(RtpError::TooShort);
        }
        let first = datagram[0];
        if first >> 6 != 2 {
            return Err(RtpError::Version);
        }
        let mut start = HEADER_LEN + usize::from(first & 0x0F) * 4;
        if first & 0x10 != 0 {
            let words = be16(datagram, start + 2).ok_or(RtpError::TooShort)?;
            start += 4 + usize::from(words) * 4;
        }
        let mut end = datagram.len();
        if start > end {
            return Err(RtpError::TooShort);
        }
        if first & 0x20 != 0 {
            let padding = usize::from(datagram[end - 1]);
            if padding == 0 || padding > end - start {
                return Err(RtpError::Padding);
            }
            end -= padding;
        }
        let header = RtpHeader {
            marker: datagram[1] & 0x80 != 0,
            payload_type: datagram[1] & 0x7F,
            sequence: be16(datagram, 2).ok_or(RtpError::TooShort)?,
            timestamp: be32(datagram, 4).ok_or(RtpError::TooShort)?,
            ssrc: be32(datagram, 8).ok_or(RtpError::TooShort)?,
        };
        Ok(RtpPacket { header, payload: &datagram[start..end], payload_range: start..end })
    }
}

impl RtpHeader {
    /// Writes a 12 byte header at the front of `out`; `None` when there is no room.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        *out.first_mut()? = 0x80;
        self.rewrite(out)
    }

    /// Replaces payload type, marker, sequence number, timestamp and SSRC of a packet in place and leaves
    /// version, padding, extension and contributing sources as they are.
    pub fn rewrite(&self, packet: &mut [u8]) -> Option<usize> {
        let head = packet.get_mut(..HEADER_LEN)?;
        head[1] = (u8::from(self.marker) << 7) | (self.payload_type & 0x7F);
        head[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        head[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        head[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        Some(HEADER_LEN)
    }
}

/// Whether a datagram that came on a port shared by RTP and RTCP is RTCP (RFC 5761, section 4).
pub fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.len() >= 2 && datagram[0] >> 6 == 2 && (192..=223).contains(&datagram[1])
}

/// What the sequence number of a packet says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequence {
    /// Newer than all before; the extended number.
    New(u64),
    /// Overtaken by others and not seen before; the extended number.
    Late(u64),
    /// Seen before.
    Duplicate,
    /// Far from what was expected; ignore the packet unless the next one follows it.
    Jump,
    /// The second packet of a stream that jumped: counting has begun anew.
    Restarted(u64),
}

/// Extends 16 bit sequence numbers, counts what was expected and received, and finds duplicates
/// (RFC 3550, A.1, without probation: the source address was checked already).
#[derive(Debug, Clone, Default)]
pub struct SequenceTracker {
    started: bool,
    base: u64,
    newest: u64,
    received: u64,
    /// The sequence number that would confirm a jump.
    after_jump: Option<u16>,
    /// Bit n: the packet n behind the newest was seen.
    seen: u128,
}

impl SequenceTracker {
    /// Takes the next sequence number in order of arrival.
    pub fn update(&mut self, sequence: u16) -> Sequence {
        if !self.started {
            self.start(sequence);
            return Sequence::New(self.newest);
        }
        let ahead = sequence.wrapping_sub(self.newest as u16);
        if ahead == 0 {
            return Sequence::Duplicate;
        }
        if ahead < MAX_DROPOUT {
            self.newest += u64::from(ahead);
            self.seen = if ahead < 128 { self.seen << ahead } else { 0 } | 1;
            self.received += 1;
            self.after_jump = None;
            return Sequence::New(self.newest);
        }
        let behind = sequence.wrapping_neg().wrapping_add(self.newest as u16);
        if behind <= MAX_MISORDER {
            let bit = 1u128 << behind;
            if self.seen & bit != 0 {
                return Sequence::Duplicate;
            }
            self.seen |= bit;
            self.received += 1;
            return Sequence::Late(self.newest.saturating_sub(u64::from(behind)));
        }
        if self.after_jump == Some(sequence) {
            self.start(sequence);
            return Sequence::Restarted(self.newest);
        }
        self.after_jump = Some(sequence.wrapping_add(1));
        Sequence::Jump
    }

    fn start(&mut self, sequence: u16) {
        // One cycle is added at once, so that a packet from before the first has a number too.
        let first = 0x1_0000 + u64::from(sequence);
        *self = SequenceTracker {
            started: true,
            base: first,
            newest: first,
            received: 1,
            after_jump: None,
            seen: 1,
        };
    }

    /// How many packets should have come since the first.
    pub fn expected(&self) -> u64 {
        if self.started { self.newest - self.base + 1 } else { 0 }
    }

    /// How many different packets came.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Expected less received; below zero when packets from before the first came late.
    pub fn lost(&self) -> i64 {
        self.expected() as i64 - self.received as i64
    }

    /// The newest sequence number with its cycles, as a report block wants it.
    pub fn highest(&self) -> u32 {
        if self.started { (self.newest - 0x1_0000) as u32 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut bytes = vec![0; 12];
        RtpHeader { marker: true, payload_type: 8, sequence: 7, timestamp: 160, ssrc: 99 }.write(&mut bytes);
        bytes.extend_from_slice(&[1, 2, 3, 4]);
        bytes
    }

    #[test]
    fn written_and_read_back() {
        let bytes = sample();
        let packet = RtpPacket::parse(&bytes).unwrap();
        assert_eq!(packet.payload, [1, 2, 3, 4]);
        assert_eq!(
            packet.header,
            RtpHeader { marker: true, payload_type: 8, sequence: 7, timestamp: 160, ssrc: 99 }
        );
    }

    #[test]
    fn extension_sources_and_padding_are_skipped() {
        let mut bytes = sample();
        bytes.truncate(12);
        bytes[0] = 0x80 | 0x20 | 0x10 | 2;
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(&[0xBE, 0xDE, 0, 1, 9, 9, 9, 9]);
        bytes.extend_from_slice(b"pay\0\0\x03");
        let packet = RtpPacket::parse(&bytes).unwrap();
        assert_eq!(packet.payload, b"pay");
        for length in 0..bytes.len() {
            let _ = RtpPacket::parse(&bytes[..length]);
        }
        let new = RtpHeader { marker: false, payload_type: 0, sequence: 1, timestamp: 2, ssrc: 3 };
        new.rewrite(&mut bytes);
        let packet = RtpPacket::parse(&bytes).unwrap();
        assert_eq!((packet.header, packet.payload), (new, &b"pay"[..]));
    }

    #[test]
    fn impossible_packets_are_refused() {
        let mut wrong_version = sample();
        wrong_version[0] = 0x40;
        let mut wrong_padding = sample();
        wrong_padding[0] |= 0x20;
        wrong_padding[15] = 5;
        let mut no_padding = sample();
        no_padding[0] |= 0x20;
        no_padding[15] = 0;
        let mut long_extension = sample();
        long_extension[0] |= 0x10;
        let mut sources = sample();
        sources[0] |= 0x0F;
        for (bytes, expected) in [
            (vec![], RtpError::TooShort),
            (sample()[..11].to_vec(), RtpError::TooShort),
            (wrong_version, RtpError::Version),
            (wrong_padding, RtpError::Padding),
            (no_padding, RtpError::Padding),
            (long_extension, RtpError::TooShort),
            (sources, RtpError::TooShort),
        ] {
            assert_eq!(RtpPacket::parse(&bytes).unwrap_err(), expected);
        }
    }

    #[test]
    fn sequence_numbers() {
        let mut tracker = SequenceTracker::default();
        assert_eq!(tracker.update(65534), Sequence::New(0x1_FFFE));
        assert_eq!(tracker.update(1), Sequence::New(0x2_0001));
        assert_eq!(tracker.update(65535), Sequence::Late(0x1_FFFF));
        assert_eq!(tracker.update(65535), Sequence::Duplicate);
        assert_eq!(tracker.update(1), Sequence::Duplicate);
        assert_eq!((tracker.expected(), tracker.received(), tracker.lost()), (4, 3, 1));
        assert_eq!(tracker.highest(), 0x1_0001);
        assert_eq!(tracker.update(30000), Sequence::Jump);
        assert_eq!(tracker.update(2), Sequence::New(0x2_0002));
        assert_eq!(tracker.update(30001), Sequence::Jump);
        assert_eq!(tracker.update(30002), Sequence::Restarted(0x1_0000 + 30002));
        assert_eq!(tracker.lost(), 0);
    }

    #[test]
    fn a_packet_before_the_first_is_counted_and_nothing_underflows() {
        let mut tracker = SequenceTracker::default();
        tracker.update(0);
        assert_eq!(tracker.update(65535), Sequence::Late(0xFFFF));
        assert_eq!(tracker.lost(), -1);
    }

    #[test]
    fn rtcp_is_told_from_rtp() {
        assert!(is_rtcp(&[0x80, 200]) && is_rtcp(&[0x81, 203]));
        assert!(!is_rtcp(&[0x80, 8]) && !is_rtcp(&[0x80, 0x88]) && !is_rtcp(&[0x80]));
    }
}
