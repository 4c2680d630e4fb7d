//! Opus (RFC 6716) as telephones speak it (RFC 7587): one channel of 16000 Hz audio to packets and back, and what a
//! packet says about its own length.
//!
//! The work is done by libopus. Nothing is allocated but when an encoder or a decoder is made, so these are made only
//! where audio has to be translated; packets that are passed on are not looked into but for their length.
//!
//! In RTP the clock runs at 48000 Hz, whatever was spoken into the microphone.

use std::fmt;

use ::opus::{Application, Bandwidth, Bitrate, Channels, Decoder, Encoder, Signal};

/// Units of the RTP clock in a second.
pub const CLOCK: u32 = 48_000;
/// Samples a second on this side of encoder and decoder.
pub const RATE: u32 = 16_000;
/// Samples of the longest packet (120 ms).
pub const MAX_SAMPLES: usize = 1_920;
/// A packet that an encoder writes is never longer, in bytes.
pub const MAX_PACKET: usize = 400;
/// What is spent on speech unless the far end wants less, in bits per second: wideband, with room for repairs.
pub const DEFAULT_BITRATE: u32 = 24_000;
/// What can be asked for (RFC 7587, 6.1). The upper end is what [`MAX_PACKET`] has room for in 60 ms.
pub const BITRATES: std::ops::RangeInclusive<u32> = 6_000..=48_000;
/// How hard the encoder tries, of 10. From 2 on each step follows several candidates at once, which costs two to five
/// times as much (see `examples/translate_speed.rs`) and is hardly heard at these rates.
const COMPLEXITY: i32 = 1;
/// For how much loss repairs are made, in percent; with less libopus leaves them out at [`DEFAULT_BITRATE`].
const EXPECTED_LOSS: i32 = 10;

/// What the far end asks our encoder for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpusSettings {
    /// At most so many bits per second on average, see [`BITRATES`].
    pub bitrate: u32,
    /// Whether packets carry a coarse copy of the one before (`useinbandfec`).
    pub repairs: bool,
    /// Whether all packets are of the same length (`cbr`).
    pub constant: bool,
}

impl Default for OpusSettings {
    fn default() -> Self {
        OpusSettings { bitrate: DEFAULT_BITRATE, repairs: false, constant: false }
    }
}

/// Audio to packets.
pub struct OpusEncoder(Encoder);

impl fmt::Debug for OpusEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpusEncoder")
    }
}

impl OpusEncoder {
    /// An encoder; `None` when there is no memory for it.
    pub fn new(settings: &OpusSettings) -> Option<Self> {
        let mut encoder = Encoder::new(RATE, Channels::Mono, Application::Voip).ok()?;
        let bitrate = settings.bitrate.clamp(*BITRATES.start(), *BITRATES.end());
        // None of these is refused by libopus; if one were, speech would go out coded otherwise and no worse.
        let _ = encoder.set_bitrate(Bitrate::Bits(bitrate as i32));
        let _ = encoder.set_vbr(!settings.constant);
        let _ = encoder.set_inband_fec(settings.repairs);
        let _ = encoder.set_packet_loss_perc(if settings.repairs { EXPECTED_LOSS } else { 0 });
        let _ = encoder.set_complexity(COMPLEXITY);
        let _ = encoder.set_signal(Signal::Voice);
        let _ = encoder.set_max_bandwidth(Bandwidth::Wideband);
        Some(OpusEncoder(encoder))
    }

    /// One packet of 10, 20, 40 or 60 ms of samples; gives its length. `None` for any other count, and when `out` has
    /// less room than [`MAX_PACKET`].
    pub fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> Option<usize> {
        let known = [10, 20, 40, 60].into_iter().any(|ms| samples.len() == ms * RATE as usize / 1000);
        let out = out.get_mut(..MAX_PACKET).filter(|_| known)?;
        self.0.encode(samples, out).ok().filter(|len| *len > 0)
    }
}

/// Packets to audio.
pub struct OpusDecoder(Decoder);

impl fmt::Debug for OpusDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpusDecoder")
    }
}

impl OpusDecoder {
    /// A decoder; `None` when there is no memory for it.
    pub fn new() -> Option<Self> {
        Decoder::new(RATE, Channels::Mono).ok().map(OpusDecoder)
    }

    /// The samples of a packet, of two channels mixed into one; gives their count. `None` when it cannot be read or
    /// `out` has less room than its samples need ([`MAX_SAMPLES`] are always enough).
    pub fn decode(&mut self, packet: &[u8], out: &mut [i16]) -> Option<usize> {
        if packet.is_empty() {
            return None;
        }
        self.0.decode(packet, out, false).ok()
    }

    /// What stands for a packet that was lost, made of what came before. `out` is as long as what was lost: a
    /// multiple of 2.5 ms, at most 120 ms. False when nothing could be made.
    pub fn conceal(&mut self, out: &mut [i16]) -> bool {
        self.0.decode(&[], out, false).is_ok_and(|count| count == out.len())
    }

    /// The lost packet from the coarse copy in the one after it; without a copy as [`OpusDecoder::conceal`].
    pub fn repair(&mut self, next: &[u8], out: &mut [i16]) -> bool {
        if next.is_empty() {
            return self.conceal(out);
        }
        self.0.decode(next, out, true).is_ok_and(|count| count == out.len())
    }
}

/// How long the audio of a packet lasts, in units of the RTP clock (RFC 6716, 3.1 and 3.2); `None` for what is no
/// packet.
pub fn duration(packet: &[u8]) -> Option<u32> {
    let toc = *packet.first()?;
    let (mode, at) = (toc >> 3, usize::from(toc >> 3) & 3);
    let frame = match mode {
        0..=11 => [480, 960, 1_920, 2_880][at],
        12..=15 => [480, 960][at & 1],
        _ => [120, 240, 480, 960][at],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(*packet.get(1)? & 0x3F),
    };
    let total = frame * frames;
    (1..=CLOCK * 120 / 1000).contains(&total).then_some(total)
}

#[cfg(test)]
mod tests;
