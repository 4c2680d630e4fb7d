//! Prompts: audio made ready once, in both laws and in frames of 20 ms, and then only copied from.
//!
//! A prompt is shared by all legs that play it; cloning one costs two counters.

use std::f64::consts::TAU;
use std::fmt;
use std::sync::Arc;

use crate::g711::Law;
use crate::resample::to_8000;
use crate::tone::{Sine, to_sample};
use crate::wav::{self, WavError};

/// Bytes, and samples, of one frame of 20 ms.
pub const FRAME: usize = 160;
const RATE: u32 = 8000;

/// Whose ringing tone a caller hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ringback {
    /// 425 Hz, one second on, four off.
    Europe,
    /// 440 and 480 Hz together, two seconds on, four off.
    NorthAmerica,
}

/// Audio that is ready to be sent in either law of G.711.
#[derive(Clone, PartialEq, Eq)]
pub struct Prompt {
    alaw: Arc<[u8]>,
    ulaw: Arc<[u8]>,
}

impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prompt").field("frames", &self.frames()).finish()
    }
}

impl Prompt {
    /// From samples at 8000 Hz; the last frame is filled up with silence. No samples make a prompt of no
    /// frames.
    pub fn from_samples(samples: &[i16]) -> Self {
        let encode = |law: Law| -> Arc<[u8]> {
            let padding = samples.len().next_multiple_of(FRAME) - samples.len();
            let encoded = samples.iter().map(|&s| law.encode(s));
            encoded.chain(std::iter::repeat_n(law.silence(), padding)).collect()
        };
        Prompt { alaw: encode(Law::Alaw), ulaw: encode(Law::Ulaw) }
    }

    /// From the bytes of a WAV file of any common rate and coding.
    pub fn from_wav(bytes: &[u8]) -> Result<Self, WavError> {
        let wav = wav::read(bytes)?;
        Ok(Prompt::from_samples(&to_8000(&wav.samples, wav.rate)))
    }

    /// A sine tone, for tests and signals; `amplitude` from 0 to 1 of full scale.
    pub fn tone(frequency: f64, duration_ms: u32, amplitude: f64) -> Self {
        let samples = Sine::new(RATE, frequency, amplitude).take_samples(samples_of(duration_ms));
        Prompt::from_samples(&samples)
    }

    /// Silence.
    pub fn silence(duration_ms: u32) -> Self {
        Prompt::from_samples(&vec![0; samples_of(duration_ms)])
    }

    /// One period of a ringing tone; play it for ever.
    pub fn ringback(kind: Ringback) -> Self {
        let (frequencies, on_ms, off_ms): (&[f64], u32, u32) = match kind {
            Ringback::Europe => (&[425.0], 1000, 4000),
            Ringback::NorthAmerica => (&[440.0, 480.0], 2000, 4000),
        };
        let mut sines: Vec<Sine> = frequencies.iter().map(|&f| Sine::new(RATE, f, 0.12)).collect();
        let mut samples: Vec<i16> =
            (0..samples_of(on_ms)).map(|_| to_sample(sines.iter_mut().map(Sine::next_value).sum())).collect();
        samples.resize(samples.len() + samples_of(off_ms), 0);
        Prompt::from_samples(&samples)
    }

    /// Music for whoever uploaded none: soft broken chords, sixteen seconds that join on to themselves. Made
    /// by a rule and the same each time, so nobody's rights are touched.
    pub fn music() -> Self {
        Prompt::from_samples(&music())
    }

    /// How many frames of 20 ms there are.
    pub fn frames(&self) -> usize {
        self.alaw.len() / FRAME
    }

    /// How long it plays, in milliseconds.
    pub fn duration_ms(&self) -> u64 {
        self.frames() as u64 * 20
    }

    /// One frame of 160 bytes.
    pub fn frame(&self, law: Law, index: usize) -> Option<&[u8]> {
        let bytes = match law {
            Law::Alaw => &self.alaw,
            Law::Ulaw => &self.ulaw,
        };
        let start = index.checked_mul(FRAME)?;
        bytes.get(start..start.checked_add(FRAME)?)
    }
}

fn samples_of(duration_ms: u32) -> usize {
    duration_ms as usize * (RATE as usize / 1000)
}

/// C, A minor, F and G, four seconds each: eight notes of half a second that ring on into the following ones.
fn music() -> Vec<i16> {
    /// Semitones above C4 of the notes of each chord, from low to high.
    const CHORDS: [[i32; 5]; 4] =
        [[-12, 0, 4, 7, 12], [-15, -3, 0, 4, 9], [-19, -7, -3, 0, 5], [-17, -5, -1, 2, 7]];
    /// The order in which they are touched.
    const PATTERN: [usize; 8] = [0, 2, 3, 4, 3, 2, 3, 1];
    const NOTE: usize = 4000;
    const RING: usize = 3 * NOTE;

    let total = CHORDS.len() * PATTERN.len() * NOTE;
    let mut mixed = vec![0.0f64; total];
    for (chord_at, chord) in CHORDS.iter().enumerate() {
        for (step, &voice) in PATTERN.iter().enumerate() {
            let frequency = 261.626 * 2f64.powf(f64::from(chord[voice]) / 12.0);
            let start = (chord_at * PATTERN.len() + step) * NOTE;
            for n in 0..RING {
                let seconds = n as f64 / f64::from(RATE);
                let attack = (seconds / 0.02).min(1.0);
                let release = (1.0 - n as f64 / RING as f64).min(0.1) / 0.1;
                let loudness = attack * release * (-seconds * 2.6).exp();
                let turn = TAU * frequency * seconds;
                // Few and quickly falling overtones sound like a soft mallet and survive G.711 well.
                let wave = turn.sin() + 0.3 * (2.0 * turn).sin() + 0.08 * (3.0 * turn).sin();
                // Notes at the end ring on into the beginning, so that the repeat has no seam.
                mixed[(start + n) % total] += 0.16 * loudness * wave;
            }
        }
    }
    mixed.into_iter().map(to_sample).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::{level, loudest, power_at};

    fn heard(prompt: &Prompt, law: Law, frames: std::ops::Range<usize>) -> Vec<i16> {
        frames.flat_map(|n| prompt.frame(law, n).unwrap().to_vec()).map(|b| law.decode(b)).collect()
    }

    #[test]
    fn frames_are_whole_and_padded_with_silence() {
        let prompt = Prompt::from_samples(&[1000; 161]);
        assert_eq!((prompt.frames(), prompt.duration_ms()), (2, 40));
        for law in [Law::Alaw, Law::Ulaw] {
            assert_eq!(prompt.frame(law, 1).unwrap()[1..], [law.silence(); 159]);
            assert!(prompt.frame(law, 2).is_none() && prompt.frame(law, usize::MAX).is_none());
        }
        assert_eq!(Prompt::from_samples(&[]).frames(), 0);
    }

    #[test]
    fn tones_are_heard_in_both_laws() {
        let prompt = Prompt::tone(440.0, 1000, 0.3);
        for law in [Law::Alaw, Law::Ulaw] {
            assert_eq!(loudest(&heard(&prompt, law, 0..50), 8000, &[425.0, 440.0, 1000.0]), Some(440.0));
        }
    }

    #[test]
    fn ringing() {
        let europe = Prompt::ringback(Ringback::Europe);
        assert_eq!(europe.duration_ms(), 5000);
        assert!(power_at(&heard(&europe, Law::Alaw, 0..50), 8000, 425.0) > -0.2);
        assert!(level(&heard(&europe, Law::Alaw, 50..250)) < -60.0);
        let america = Prompt::ringback(Ringback::NorthAmerica);
        assert_eq!(america.duration_ms(), 6000);
        for frequency in [440.0, 480.0] {
            assert!(power_at(&heard(&america, Law::Ulaw, 0..100), 8000, frequency) > -3.5);
        }
    }

    #[test]
    fn music_is_the_same_each_time_soft_and_never_silent() {
        let music = Prompt::music();
        assert_eq!(music, Prompt::music());
        assert_eq!(music.duration_ms(), 16_000);
        for second in 0..16 {
            let loudness = level(&heard(&music, Law::Alaw, second * 50..second * 50 + 50));
            assert!((-35.0..-8.0).contains(&loudness), "second {second}: {loudness:.1} dB");
        }
    }

    #[test]
    fn from_a_file() {
        let mut bytes = wav::pcm16_header(1, None).to_vec();
        bytes[24..28].copy_from_slice(&44_100u32.to_le_bytes());
        for sample in Sine::new(44_100, 1000.0, 0.5).take_samples(44_100) {
            bytes.extend_from_slice(&sample.to_le_bytes());
        }
        let prompt = Prompt::from_wav(&bytes).unwrap();
        assert_eq!(prompt.frames(), 50);
        assert_eq!(loudest(&heard(&prompt, Law::Ulaw, 5..45), 8000, &[900.0, 1000.0, 1100.0]), Some(1000.0));
        assert!(Prompt::from_wav(b"no").is_err());
    }
}
