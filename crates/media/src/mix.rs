//! What a listener hears of several speakers: each evened out and decoded, summed at 16000 Hz, limited, and
//! written in the listener's law.
//!
//! A mixer belongs to one listener, so that each may hear others; [`Leg`](crate::leg::Leg) asks it for a frame at
//! each of its own ticks. Only G.711 can be decoded: other codecs are not heard in a mix.
//!
//! Nothing is allocated per packet or per frame, only when a speaker is added.

use std::fmt;

use crate::g711::Law;
use crate::halfband::{Downsampler, Upsampler, WIDE_FRAME};
use crate::jitter::JitterBuffer;
use crate::prompt::FRAME;
use crate::rtp::RtpHeader;

/// Whom one listener can hear at once.
pub const MAX_SOURCES: usize = 8;
/// Up to here (about -2.5 dB of full scale) a sum passes unchanged; above it is bent so that it never reaches
/// the end.
const KNEE: i32 = 24_576;

struct Source {
    id: u64,
    buffer: JitterBuffer,
    up: Upsampler,
    /// The filter may still ring, so a source is left out only from the second silent frame on.
    rings: bool,
}

/// The mixer of one listener.
#[derive(Default)]
pub struct Mixer {
    sources: Vec<Source>,
    down: Downsampler,
}

impl fmt::Debug for Mixer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mixer").field("sources", &self.sources.len()).finish_non_exhaustive()
    }
}

impl Mixer {
    /// A mixer that hears nobody.
    pub fn new() -> Self {
        Mixer::default()
    }

    /// Whether it hears this source.
    pub fn hears(&self, id: u64) -> bool {
        self.sources.iter().any(|source| source.id == id)
    }

    /// Hears one more. False when there are [`MAX_SOURCES`] already.
    pub fn add(&mut self, id: u64) -> bool {
        if self.hears(id) {
            return true;
        }
        if self.sources.len() >= MAX_SOURCES {
            return false;
        }
        self.sources.push(Source { id, buffer: JitterBuffer::new(), up: Upsampler::default(), rings: false });
        true
    }

    /// Hears only those for which `keep` is true.
    pub fn retain(&mut self, mut keep: impl FnMut(u64) -> bool) {
        self.sources.retain(|source| keep(source.id));
    }

    /// Takes a packet of a source in `law`; of sources it does not hear it takes nothing.
    pub fn push(&mut self, id: u64, law: Law, header: &RtpHeader, payload: &[u8]) {
        if let Some(source) = self.sources.iter_mut().find(|source| source.id == id) {
            source.buffer.push(law, header, payload);
        }
    }

    /// Forgets what a source said and nobody has heard yet.
    pub fn flush(&mut self, id: u64) {
        if let Some(source) = self.sources.iter_mut().find(|source| source.id == id) {
            source.buffer.flush();
            source.up.flush();
            source.rings = false;
        }
    }

    /// The next 20 ms in `law`.
    pub fn frame(&mut self, law: Law, out: &mut [u8; FRAME]) {
        let mut sum = [0; WIDE_FRAME];
        let mut narrow = [0; FRAME];
        for source in &mut self.sources {
            let audible = source.buffer.pull(&mut narrow);
            if audible || std::mem::replace(&mut source.rings, audible) {
                source.rings = audible;
                source.up.add(&narrow, &mut sum);
            }
        }
        let limited = sum.map(limit);
        self.down.take(&limited, &mut narrow);
        for (out, sample) in out.iter_mut().zip(narrow) {
            *out = law.encode(sample);
        }
    }

    /// Lets a frame pass unheard.
    pub fn skip(&mut self) {
        let mut unheard = [0; FRAME];
        for source in &mut self.sources {
            source.buffer.pull(&mut unheard);
        }
    }
}

/// A sum as a sample: unchanged up to the knee, then bent towards full scale, which it never reaches.
fn limit(sum: i32) -> i16 {
    let magnitude = sum.saturating_abs();
    if magnitude <= KNEE {
        return sum as i16;
    }
    let room = i32::from(i16::MAX) - KNEE;
    let over = i64::from(magnitude - KNEE);
    let bent = KNEE + (over * i64::from(room) / (over + i64::from(room))) as i32;
    if sum < 0 { -bent as i16 } else { bent as i16 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::{Sine, power_at};

    fn header(n: u32, ssrc: u32) -> RtpHeader {
        RtpHeader { marker: false, payload_type: 8, sequence: n as u16, timestamp: n * 160, ssrc }
    }

    /// What is heard of tones at that amplitude, without the first quarter of a second, in which the filters and
    /// buffers fill.
    fn heard(tones: &[(u64, f64)], amplitude: f64) -> Vec<i16> {
        let mut mixer = Mixer::new();
        let mut voices: Vec<Sine> = tones.iter().map(|(_, f)| Sine::new(8000, *f, amplitude)).collect();
        tones.iter().for_each(|(id, _)| assert!(mixer.add(*id)));
        let mut heard = Vec::new();
        for n in 0..100 {
            for ((id, _), voice) in tones.iter().zip(&mut voices) {
                let payload: Vec<u8> =
                    voice.take_samples(160).into_iter().map(|s| Law::Alaw.encode(s)).collect();
                mixer.push(*id, Law::Alaw, &header(n, 1), &payload);
            }
            let mut out = [0; FRAME];
            mixer.frame(Law::Ulaw, &mut out);
            heard.extend(out.map(|b| Law::Ulaw.decode(b)));
        }
        heard.split_off(2000)
    }

    #[test]
    fn several_are_heard_together_in_the_law_of_the_listener() {
        let samples = heard(&[(1, 440.0), (2, 1000.0), (3, 1500.0)], 0.2);
        for frequency in [440.0, 1000.0, 1500.0] {
            let power = power_at(&samples, 8000, frequency);
            assert!((-5.5..-4.0).contains(&power), "{frequency}: {power}");
        }
    }

    #[test]
    fn loud_sums_are_bent_and_never_wrap() {
        assert_eq!((limit(KNEE), limit(-KNEE), limit(0)), (24_576, -24_576, 0));
        let mut last = 0;
        for sum in (0..400_000).step_by(7) {
            let limited = limit(sum);
            assert!(limited >= last && i32::from(limit(-sum)) == -i32::from(limited));
            last = limited;
        }
        assert!(last > 32_000);
        assert!(limit(i32::MIN) < -32_000);
        let samples = heard(&[(1, 440.0), (2, 440.0), (3, 440.0)], 0.9);
        assert!(power_at(&samples, 8000, 440.0) > -1.0);
    }

    #[test]
    fn sources_are_bounded_flushed_and_dropped() {
        let mut mixer = Mixer::new();
        assert!((0..8).all(|id| mixer.add(id)) && mixer.add(3) && !mixer.add(8));
        mixer.retain(|id| id == 1);
        assert!(mixer.hears(1) && !mixer.hears(2));
        let mut out = [0; FRAME];
        for n in 0..3 {
            mixer.push(1, Law::Alaw, &header(n, 1), &[0x2A; 160]);
            mixer.push(2, Law::Alaw, &header(n, 1), &[0x2A; 160]);
        }
        mixer.flush(1);
        for _ in 0..20 {
            mixer.frame(Law::Alaw, &mut out);
            assert_eq!(out, [Law::Alaw.silence(); FRAME]);
        }
    }
}
