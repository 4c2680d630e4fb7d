//! From 8000 to 16000 Hz and back, piece by piece: a half-band filter in two phases.
//!
//! The pass band goes to about 3300 Hz; images and aliases beyond 4700 Hz are about 60 dB down. Each way delays by
//! about 1.5 ms.

use crate::prompt::FRAME;
use crate::resample::sinc_at;

/// Taps on each side of the middle; every second tap of a half-band filter is zero and is left out.
const TAPS: usize = 12;
/// Samples of a frame of 20 ms at 16000 Hz.
pub const WIDE_FRAME: usize = 2 * FRAME;
const UP_PAST: usize = 2 * TAPS;
const DOWN_PAST: usize = 4 * TAPS - 2;

/// Weights of the pairs of samples around the middle; a constant passes unchanged.
fn weights() -> [f32; TAPS] {
    let mut taps = [0.0; TAPS];
    for (n, tap) in taps.iter_mut().enumerate() {
        *tap = sinc_at(n as f64 + 0.5, 0.5, TAPS as f64);
    }
    let sum: f64 = taps.iter().sum();
    taps.map(|tap| (tap / sum / 2.0) as f32)
}

/// 8000 to 16000 Hz.
#[derive(Debug, Clone)]
pub struct Upsampler {
    weights: [f32; TAPS],
    samples: [f32; UP_PAST + FRAME],
}

impl Default for Upsampler {
    fn default() -> Self {
        Upsampler { weights: weights(), samples: [0.0; UP_PAST + FRAME] }
    }
}

impl Upsampler {
    /// Forgets what came before.
    pub fn flush(&mut self) {
        self.samples.fill(0.0);
    }

    /// Takes the next samples, at most 20 ms, and adds twice as many to `sum`.
    pub fn add(&mut self, samples: &[i16], sum: &mut [i32]) {
        self.each(samples, sum, |sum, sample| *sum += sample);
    }

    /// Takes the next samples, at most 20 ms, and writes twice as many to `out`.
    pub fn take(&mut self, samples: &[i16], out: &mut [i16]) {
        self.each(samples, out, |out, sample| *out = saturated(sample));
    }

    fn each<T>(&mut self, samples: &[i16], out: &mut [T], put: impl Fn(&mut T, i32)) {
        let count = samples.len().min(FRAME);
        for (to, from) in self.samples[UP_PAST..].iter_mut().zip(samples) {
            *to = f32::from(*from);
        }
        for (n, pair) in out.chunks_exact_mut(2).enumerate().take(count) {
            let around = &self.samples[n..n + UP_PAST];
            let (before, after) = around.split_at(TAPS);
            let between: f32 =
                self.weights.iter().zip(before.iter().rev().zip(after)).map(|(w, (a, b))| w * (a + b)).sum();
            put(&mut pair[0], before[TAPS - 1] as i32);
            put(&mut pair[1], between.round() as i32);
        }
        self.samples.copy_within(count..count + UP_PAST, 0);
    }
}

fn saturated(sample: i32) -> i16 {
    sample.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

/// 16000 to 8000 Hz.
#[derive(Debug, Clone)]
pub struct Downsampler {
    weights: [f32; TAPS],
    samples: [f32; DOWN_PAST + WIDE_FRAME],
}

impl Default for Downsampler {
    fn default() -> Self {
        Downsampler { weights: weights(), samples: [0.0; DOWN_PAST + WIDE_FRAME] }
    }
}

impl Downsampler {
    /// Forgets what came before.
    pub fn flush(&mut self) {
        self.samples.fill(0.0);
    }

    /// Takes the next samples, an even count of at most 20 ms, and writes half as many to `out`.
    pub fn take(&mut self, samples: &[i16], out: &mut [i16]) {
        let count = samples.len().min(WIDE_FRAME) / 2;
        for (to, from) in self.samples[DOWN_PAST..].iter_mut().zip(samples) {
            *to = f32::from(*from);
        }
        for (n, out) in out.iter_mut().enumerate().take(count) {
            let middle = 2 * n + 2 * TAPS - 1;
            let around: f32 = (0..TAPS)
                .map(|k| {
                    self.weights[k] * (self.samples[middle - 1 - 2 * k] + self.samples[middle + 1 + 2 * k])
                })
                .sum();
            // A float that does not fit saturates.
            *out = (0.5 * (self.samples[middle] + around)).round() as i16;
        }
        self.samples.copy_within(2 * count..2 * count + DOWN_PAST, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::{Sine, level, power_at};

    /// There and back, both signals without their beginning.
    fn there_and_back(frequency: f64) -> (Vec<i16>, Vec<i16>) {
        let (mut up, mut down) = (Upsampler::default(), Downsampler::default());
        let (mut wide, mut narrow) = (Vec::new(), Vec::new());
        for frame in Sine::new(8000, frequency, 0.4).take_samples(8000).chunks_exact(FRAME) {
            let mut sum = [0; WIDE_FRAME];
            up.add(frame, &mut sum);
            let frame = sum.map(|s| s as i16);
            wide.extend_from_slice(&frame);
            let mut out = [0; FRAME];
            down.take(&frame, &mut out);
            narrow.extend_from_slice(&out);
        }
        (wide.split_off(640), narrow.split_off(320))
    }

    #[test]
    fn tones_pass_both_ways_and_have_no_images() {
        let before = level(&Sine::new(8000, 1000.0, 0.4).take_samples(8000));
        for frequency in [200.0, 440.0, 1000.0, 2000.0, 3000.0, 3200.0] {
            let (wide, narrow) = there_and_back(frequency);
            assert!(power_at(&wide, 16_000, frequency) > -0.05, "{frequency}");
            assert!(power_at(&wide, 16_000, 8000.0 - frequency) < -50.0, "an image of {frequency}");
            assert!(power_at(&narrow, 8000, frequency) > -0.05, "{frequency}");
            assert!((level(&narrow) - before).abs() < 0.3, "{frequency}: {}", level(&narrow) - before);
        }
    }

    #[test]
    fn pieces_of_any_length_sound_alike() {
        let tone = Sine::new(8000, 700.0, 0.5).take_samples(1600);
        let pieces = |lengths: &[usize]| {
            let (mut up, mut down) = (Upsampler::default(), Downsampler::default());
            let (mut heard, mut rest, mut n) = (Vec::new(), &tone[..], 0);
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(lengths[n % lengths.len()].min(rest.len()));
                (rest, n) = (after, n + 1);
                let (mut wide, mut narrow) = (vec![0; piece.len() * 2], vec![0; piece.len()]);
                up.take(piece, &mut wide);
                down.take(&wide, &mut narrow);
                heard.extend(narrow);
            }
            heard
        };
        assert_eq!(pieces(&[160]), pieces(&[80, 1, 20, 159]));
    }

    #[test]
    fn what_does_not_fit_is_gone() {
        let mut down = Downsampler::default();
        for frequency in [4800.0, 6000.0, 7500.0] {
            let mut narrow = Vec::new();
            for frame in Sine::new(16_000, frequency, 0.5).take_samples(16_000).chunks_exact(WIDE_FRAME) {
                let mut out = [0; FRAME];
                down.take(frame, &mut out);
                narrow.extend_from_slice(&out);
            }
            assert!(level(&narrow[320..]) < -55.0, "{frequency}: {}", level(&narrow[320..]));
        }
    }
}
