//! What a listener hears of others whose packets cannot simply be passed on: each evened out and decoded, summed at
//! 16000 Hz and limited. That is a listener of several speakers, and a listener of one who speaks another codec.
//!
//! A mixer belongs to one listener, so that each may hear others; [`Leg`](crate::leg::Leg) asks it for a frame at
//! each of its own ticks and writes it in its own codec. G.711 is decoded here; of other codecs the samples are given.
//!
//! Nothing is allocated per packet or per frame, only when a speaker is added or changes the codec for the first time.

use std::fmt;

use crate::g711::Law;
use crate::halfband::{Upsampler, WIDE_FRAME};
use crate::jitter::JitterBuffer;
use crate::noise::NoiseLevel;
use crate::prompt::FRAME;
use crate::rtp::RtpHeader;

/// Whom one listener can hear at once.
pub const MAX_SOURCES: usize = 8;
/// Up to here (about -2.5 dB of full scale) a sum passes unchanged; above it is bent so that it never reaches
/// the end.
const KNEE: i32 = 24_576;

struct Source {
    id: u64,
    narrow: JitterBuffer,
    up: Upsampler,
    /// The filter may still ring, so a source is left out only from the second silent frame on.
    rings: bool,
    /// For a codec of 16000 Hz, once it was spoken.
    wide: Option<JitterBuffer>,
    /// Which of both was filled last.
    is_wide: bool,
}

impl Source {
    fn new(id: u64) -> Self {
        Source {
            id,
            narrow: JitterBuffer::new(),
            up: Upsampler::default(),
            rings: false,
            wide: None,
            is_wide: false,
        }
    }

    fn narrow(&mut self) -> &mut JitterBuffer {
        if std::mem::replace(&mut self.is_wide, false) {
            self.flush();
        }
        &mut self.narrow
    }

    fn wide(&mut self) -> &mut JitterBuffer {
        if !std::mem::replace(&mut self.is_wide, true) {
            self.flush();
        }
        self.wide.get_or_insert_with(JitterBuffer::wide)
    }

    fn flush(&mut self) {
        self.narrow.flush();
        self.up.flush();
        self.rings = false;
        if let Some(wide) = &mut self.wide {
            wide.flush();
        }
    }

    /// Adds the next 20 ms to the sum.
    fn add_to(&mut self, sum: &mut [i32; WIDE_FRAME]) {
        if let Some(wide) = self.wide.as_mut().filter(|_| self.is_wide) {
            let mut frame = [0; WIDE_FRAME];
            if wide.pull(&mut frame) {
                sum.iter_mut().zip(frame).for_each(|(sum, sample)| *sum += i32::from(sample));
            }
            return;
        }
        let mut frame = [0; FRAME];
        let audible = self.narrow.pull(&mut frame);
        if audible || std::mem::replace(&mut self.rings, audible) {
            self.rings = audible;
            self.up.add(&frame, sum);
        }
    }
}

/// The mixer of one listener.
#[derive(Default)]
pub struct Mixer {
    sources: Vec<Source>,
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
        self.sources.push(Source::new(id));
        true
    }

    /// Hears only those for which `keep` is true.
    pub fn retain(&mut self, mut keep: impl FnMut(u64) -> bool) {
        self.sources.retain(|source| keep(source.id));
    }

    fn source(&mut self, id: u64) -> Option<&mut Source> {
        self.sources.iter_mut().find(|source| source.id == id)
    }

    /// Takes a packet of a source in `law`; of sources it does not hear it takes nothing.
    pub fn push(&mut self, id: u64, law: Law, header: &RtpHeader, payload: &[u8]) {
        if let Some(source) = self.source(id) {
            source.narrow().push(law, header, payload);
        }
    }

    /// Takes samples of a source at 16000 Hz; `start` is the place of the first on a time line of such samples.
    pub fn push_wide(&mut self, id: u64, ssrc: u32, start: u32, samples: &[i16]) {
        if let Some(source) = self.source(id) {
            source.wide().push_samples(ssrc, start, samples.iter().copied());
        }
    }

    /// Takes what a source with an 8000 Hz clock says about its silence.
    pub fn push_noise(&mut self, id: u64, header: &RtpHeader, level: NoiseLevel) {
        let Some(source) = self.source(id) else { return };
        // The time line of a wide source is another one than that of its packets: only G.711 has this noise.
        if !source.is_wide {
            source.narrow().push_noise(header.ssrc, header.timestamp, level);
        }
    }

    /// Forgets what a source said and nobody has heard yet.
    pub fn flush(&mut self, id: u64) {
        if let Some(source) = self.source(id) {
            source.flush();
        }
    }

    /// The next 20 ms at 16000 Hz.
    pub fn frame(&mut self, out: &mut [i16; WIDE_FRAME]) {
        let mut sum = [0; WIDE_FRAME];
        for source in &mut self.sources {
            source.add_to(&mut sum);
        }
        *out = sum.map(limit);
    }

    /// Lets a frame pass unheard.
    pub fn skip(&mut self) {
        let mut unheard = [0; WIDE_FRAME];
        for source in &mut self.sources {
            source.add_to(&mut unheard);
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
            let mut out = [0; WIDE_FRAME];
            mixer.frame(&mut out);
            heard.extend(out);
        }
        heard.split_off(4000)
    }

    #[test]
    fn several_are_heard_together() {
        let samples = heard(&[(1, 440.0), (2, 1000.0), (3, 1500.0)], 0.2);
        for frequency in [440.0, 1000.0, 1500.0] {
            let power = power_at(&samples, 16_000, frequency);
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
        assert!(power_at(&samples, 16_000, 440.0) > -1.0);
    }

    #[test]
    fn sources_are_bounded_flushed_and_dropped() {
        let mut mixer = Mixer::new();
        assert!((0..8).all(|id| mixer.add(id)) && mixer.add(3) && !mixer.add(8));
        mixer.retain(|id| id == 1);
        assert!(mixer.hears(1) && !mixer.hears(2));
        let mut out = [1; WIDE_FRAME];
        for n in 0..3 {
            mixer.push(1, Law::Alaw, &header(n, 1), &[0x2A; 160]);
            mixer.push(2, Law::Alaw, &header(n, 1), &[0x2A; 160]);
        }
        mixer.flush(1);
        for _ in 0..20 {
            mixer.frame(&mut out);
            assert_eq!(out, [0; WIDE_FRAME]);
        }
    }

    #[test]
    fn a_speaker_at_16000_hz_is_heard_beside_one_at_8000_and_may_change() {
        let mut mixer = Mixer::new();
        assert!(mixer.add(1) && mixer.add(2));
        let (mut narrow, mut wide) = (Sine::new(8000, 440.0, 0.2), Sine::new(16_000, 6000.0, 0.2));
        let mut changed = Sine::new(8000, 1500.0, 0.2);
        let mut heard = Vec::new();
        for n in 0..100u32 {
            let encoded = |voice: &mut Sine| -> Vec<u8> {
                voice.take_samples(160).into_iter().map(|s| Law::Alaw.encode(s)).collect()
            };
            mixer.push(1, Law::Alaw, &header(n, 1), &encoded(&mut narrow));
            if n < 50 {
                mixer.push_wide(2, 1, n * 320, &wide.take_samples(320));
            } else {
                mixer.push(2, Law::Alaw, &header(n, 1), &encoded(&mut changed));
            }
            let mut out = [0; WIDE_FRAME];
            mixer.frame(&mut out);
            heard.extend(out);
        }
        let (before, after) = (&heard[4000..16_000], &heard[20_000..]);
        for (samples, other) in [(before, 6000.0), (after, 1500.0)] {
            for frequency in [440.0, other] {
                let power = power_at(samples, 16_000, frequency);
                assert!((-3.6..-2.6).contains(&power), "{frequency}: {power}");
            }
        }
    }
}
