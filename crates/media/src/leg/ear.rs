//! Audio of the far end that has to be understood: G.722 and Opus decoded, once for all who need it.
//!
//! Packets are decoded in the order in which they come. A decoder knows what was before, so a packet that was
//! overtaken cannot be put in its place any more: it counts as lost, and so did its place when the next one came. Of
//! Opus what was lost is made from the next packet's copy or by its decoder; of G.722 a hole is left, which the
//! listener's buffer covers.
//!
//! An ear exists while somebody needs it: a listener with another codec or with several speakers, a recording, or the
//! search for keys. Nothing is allocated per packet.

use super::Packet;
use super::mask::DelayLine;
use super::packet::Content;
use crate::g722::G722Decoder;
use crate::halfband::{Downsampler, WIDE_FRAME};
use crate::negotiate::Codec;
use crate::opus::{MAX_SAMPLES, OpusDecoder};
use crate::rtp::RtpHeader;

/// Samples a second of what is heard.
const RATE: u32 = 16_000;
/// Up to so much that was lost is made good, in samples (60 ms); a longer hole stays one.
const MAX_REPAIR: u32 = RATE * 60 / 1000;
/// Audio that is older than this by its timestamp (in seconds) is not late, but a new time base.
const MAX_LATE: u32 = 1;
/// Room for the longest packet and a repair before it.
const ROOM: usize = MAX_SAMPLES + MAX_REPAIR as usize;

/// What one packet said, and what was made good before it.
#[derive(Debug)]
pub(crate) struct Ear {
    g722: G722Decoder,
    /// Made when first needed.
    opus: Option<OpusDecoder>,
    down: Downsampler,
    /// The stream and its codec, and the timestamp that follows what was heard.
    stream: Option<(u32, Codec, u32)>,
    /// The packet heard last.
    last: Option<RtpHeader>,
    /// The place of the first sample on a time line of our own, of 16000 Hz.
    start: u32,
    filled: usize,
    wide: Box<[i16; ROOM]>,
    narrow: Box<[i16; ROOM / 2]>,
    /// Whether `narrow` holds what `wide` does.
    is_narrowed: bool,
    /// While keys are taken out of what is heard.
    masked: Option<Masked>,
}

/// What was heard goes on later, see [`mask`](super::mask).
#[derive(Debug)]
struct Masked {
    wide: DelayLine<i16>,
    narrow: DelayLine<i16>,
    /// The place that follows what is in the lines, and the packet that was masked last.
    end: u32,
    last: Option<RtpHeader>,
}

impl Ear {
    pub(super) fn new() -> Self {
        Ear {
            g722: G722Decoder::default(),
            opus: None,
            down: Downsampler::default(),
            stream: None,
            last: None,
            start: 0,
            filled: 0,
            wide: Box::new([0; ROOM]),
            narrow: Box::new([0; ROOM / 2]),
            is_narrowed: false,
            masked: None,
        }
    }

    /// Listens to a packet of G.722 or Opus; asked twice about the same one it listens once. False when nothing was
    /// heard: another codec, late, or not to be read.
    pub(super) fn listen(&mut self, packet: &Packet<'_>) -> bool {
        if self.last == Some(packet.header) {
            return self.filled > 0;
        }
        let Content::Audio(codec) = packet.content else { return false };
        let Some(duration) = codec.duration(packet.payload).filter(|_| codec.law().is_none()) else {
            return false;
        };
        let header = packet.header;
        let ratio = |units: u32| (u64::from(units) * u64::from(RATE) / u64::from(codec.clock())) as u32;
        let ahead = match self.stream {
            Some((ssrc, known, next)) if ssrc == header.ssrc && known == codec => {
                header.timestamp.wrapping_sub(next) as i32
            }
            _ => {
                self.begin(codec);
                0
            }
        };
        if ahead < 0 && ahead.unsigned_abs() <= MAX_LATE * codec.clock() {
            return false;
        }
        self.last = Some(header);
        self.is_narrowed = false;
        // What was heard before is over; a hole or a pause moves the time line on, a new time base does not.
        self.start = self.start.wrapping_add(self.filled as u32);
        self.filled = 0;
        let hole = ratio(ahead.max(0) as u32);
        if (1..=MAX_REPAIR).contains(&hole) && codec == Codec::Opus {
            self.repair(packet.payload, hole as usize);
        } else {
            self.start = self.start.wrapping_add(hole);
        }
        let before = self.filled;
        self.filled += self.decode(codec, packet.payload);
        self.stream = Some((header.ssrc, codec, header.timestamp.wrapping_add(duration)));
        self.filled > before
    }

    fn begin(&mut self, codec: Codec) {
        self.down.flush();
        match codec {
            Codec::Opus => self.opus = self.opus.take().or_else(OpusDecoder::new),
            _ => self.g722 = G722Decoder::default(),
        }
    }

    fn decode(&mut self, codec: Codec, payload: &[u8]) -> usize {
        let Some(out) = self.wide.get_mut(self.filled..) else { return 0 };
        match codec {
            Codec::Opus => {
                let Some(opus) = &mut self.opus else { return 0 };
                // What cannot be read counts as lost, for as long as it says that it lasts.
                let count = codec.duration(payload).map_or(0, |units| units as usize / 3).min(out.len());
                opus.decode(payload, out)
                    .or_else(|| opus.conceal(&mut out[..count]).then_some(count))
                    .unwrap_or(0)
            }
            _ => {
                let most = out.len().min(MAX_SAMPLES);
                self.g722.decode(payload, &mut out[..most])
            }
        }
    }

    /// Makes good what was lost before a packet of Opus.
    fn repair(&mut self, next: &[u8], hole: usize) {
        let Some(opus) = &mut self.opus else { return };
        // The copy is of the packet just before this one, as long as this one is.
        let each = Codec::Opus.duration(next).map_or(0, |units| units as usize / 3).min(hole);
        let (covered, copied) = self.wide[..hole].split_at_mut(hole - each);
        if (covered.is_empty() || opus.conceal(covered)) && (copied.is_empty() || opus.repair(next, copied)) {
            self.filled = hole;
        } else {
            self.start = self.start.wrapping_add(hole as u32);
        }
    }

    /// Takes keys out of what was heard; `sounds` says whether one sounds in it. From here on [`Ear::wide`] and
    /// [`Ear::narrow`] are what goes on.
    pub(super) fn mask(&mut self, sounds: bool) {
        self.narrow();
        let masked = self.masked.get_or_insert_with(|| Masked {
            wide: DelayLine::new(16, 0),
            narrow: DelayLine::new(8, 0),
            end: self.start,
            last: None,
        });
        if masked.last == self.last {
            return;
        }
        masked.last = self.last;
        let (wide, narrow) = (&mut self.wide[..self.filled], &mut self.narrow[..self.filled / 2]);
        if sounds || masked.end != self.start {
            masked.wide.silence(0);
            masked.narrow.silence(0);
        }
        if sounds {
            wide.fill(0);
            narrow.fill(0);
        }
        masked.wide.pass(wide);
        masked.narrow.pass(narrow);
        masked.end = self.start.wrapping_add(self.filled as u32);
    }

    /// Takes nothing out any more.
    pub(super) fn unmask(&mut self) {
        self.masked = None;
    }

    /// What was heard, and the place of its first sample, at 16000 Hz.
    pub(crate) fn wide(&self) -> (u32, &[i16]) {
        (self.start, &self.wide[..self.filled])
    }

    /// The same at 8000 Hz. To be asked for each packet or for none: a filter runs along.
    pub(crate) fn narrow(&mut self) -> (u32, &[i16]) {
        if !std::mem::replace(&mut self.is_narrowed, true) {
            let pieces = self.wide[..self.filled].chunks(WIDE_FRAME);
            for (wide, narrow) in pieces.zip(self.narrow.chunks_mut(WIDE_FRAME / 2)) {
                self.down.take(wide, narrow);
            }
        }
        (self.start / 2, &self.narrow[..self.filled / 2])
    }
}
