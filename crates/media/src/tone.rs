//! Tones: making them, and finding out which one is heard. Audio is proved by listening.

use std::f64::consts::TAU;

/// A sine wave whose phase is computed from the number of samples, so that it never drifts.
#[derive(Debug, Clone)]
pub struct Sine {
    rate: u32,
    frequency: f64,
    amplitude: f64,
    position: u64,
}

impl Sine {
    /// `frequency` in Hz, `amplitude` from 0 to 1 of full scale (larger is cut).
    pub fn new(rate: u32, frequency: f64, amplitude: f64) -> Self {
        Sine { rate: rate.max(1), frequency, amplitude: amplitude.clamp(0.0, 1.0), position: 0 }
    }

    /// The frequency, in Hz.
    pub fn frequency(&self) -> f64 {
        self.frequency
    }

    /// The next sample, from -1 to 1.
    pub fn next_value(&mut self) -> f64 {
        let rate = f64::from(self.rate);
        // The product is exact for whole frequencies for longer than a call can last.
        let phase = (self.position as f64 * self.frequency) % rate / rate;
        self.position += 1;
        self.amplitude * (TAU * phase).sin()
    }

    /// The next `count` samples.
    pub fn take_samples(&mut self, count: usize) -> Vec<i16> {
        (0..count).map(|_| to_sample(self.next_value())).collect()
    }
}

/// A value from -1 to 1 as a sample; beyond is cut.
pub fn to_sample(value: f64) -> i16 {
    // A float that does not fit saturates, and one that is no number becomes zero.
    (value * 32767.0).round() as i16
}

/// Power at one frequency relative to all power of the samples, in dB, by Goertzel's method: 0 for a pure
/// tone of that frequency, minus infinity for silence.
pub fn power_at(samples: &[i16], rate: u32, frequency: f64) -> f64 {
    let turn = TAU * frequency / f64::from(rate.max(1));
    let coefficient = 2.0 * turn.cos();
    let (mut before, mut last, mut total) = (0.0f64, 0.0f64, 0.0f64);
    for &sample in samples {
        let x = f64::from(sample);
        total += x * x;
        let next = x + coefficient * last - before;
        before = last;
        last = next;
    }
    if total == 0.0 {
        return f64::NEG_INFINITY;
    }
    let power = last * last + before * before - coefficient * last * before;
    10.0 * (2.0 * power / (samples.len() as f64 * total)).max(1e-30).log10()
}

/// Root mean square level in dB relative to a sine of full scale; minus infinity for silence.
pub fn level(samples: &[i16]) -> f64 {
    let total: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    if total == 0.0 {
        return f64::NEG_INFINITY;
    }
    10.0 * (2.0 * total / samples.len() as f64 / (32767.0 * 32767.0)).log10()
}

/// Which of the candidate frequencies is strongest; `None` when there is silence or when even the strongest
/// has less than a tenth of all power.
pub fn loudest(samples: &[i16], rate: u32, candidates: &[f64]) -> Option<f64> {
    candidates
        .iter()
        .map(|&frequency| (frequency, power_at(samples, rate, frequency)))
        .filter(|(_, power)| *power > -10.0)
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(frequency, _)| frequency)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_found() {
        let samples = Sine::new(8000, 440.0, 0.5).take_samples(1600);
        assert_eq!(loudest(&samples, 8000, &[425.0, 440.0, 480.0, 1000.0]), Some(440.0));
        assert!(power_at(&samples, 8000, 440.0).abs() < 0.1);
        assert!(power_at(&samples, 8000, 1000.0) < -40.0);
        assert!((level(&samples) + 6.02).abs() < 0.1);
    }

    #[test]
    fn silence_and_strangers_are_not() {
        assert_eq!(loudest(&[0; 800], 8000, &[440.0]), None);
        assert_eq!(loudest(&[], 8000, &[440.0]), None);
        let other = Sine::new(8000, 2000.0, 0.5).take_samples(800);
        assert_eq!(loudest(&other, 8000, &[440.0, 1000.0]), None);
    }

    #[test]
    fn the_phase_is_exact_after_hours() {
        let mut sine = Sine::new(8000, 1000.0, 1.0);
        let first = sine.take_samples(8);
        sine.position = 8000 * 3600 * 24;
        assert_eq!(sine.take_samples(8), first);
    }
}
