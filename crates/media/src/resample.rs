//! Any rate to 8000 Hz, by a windowed sinc in polyphase form. Prompts go through it once, when they are
//! loaded; nothing of it runs while calls are carried.

use std::f64::consts::PI;

/// The rate of everything that is sent.
pub const TARGET_RATE: u32 = 8000;

/// Shape of the Kaiser window: about 65 dB of stop band.
const BETA: f64 = 6.2;
/// Half of the band, as a part of half the lower rate, in which the filter falls.
const TRANSITION: f64 = 0.08;

/// Brings samples of `rate` Hz to 8000 Hz. The pass band goes to about 3400 Hz; what lies beyond 4000 Hz is
/// more than 40 dB down. A rate of 0 gives nothing.
pub fn to_8000(samples: &[i16], rate: u32) -> Vec<i16> {
    if rate == TARGET_RATE {
        return samples.to_vec();
    }
    if rate == 0 || samples.is_empty() {
        return Vec::new();
    }
    let divisor = gcd(rate, TARGET_RATE);
    let (up, down) = (u64::from(TARGET_RATE / divisor), u64::from(rate / divisor));
    let half_band = f64::from(rate.min(TARGET_RATE)) / 2.0;
    // The middle of the fall lies so that the stop band begins where aliases would.
    let cutoff = half_band * (1.0 - TRANSITION) / f64::from(rate);
    let width = 2.0 * half_band * TRANSITION / f64::from(rate);
    let half_taps = ((65.0 - 7.95) / (14.36 * width) / 2.0).ceil() as i64;
    let bank = PhaseBank::new(up, half_taps, cutoff);

    let count = samples.len() as u64 * up / down;
    (0..count)
        .map(|n| {
            let position = n * down;
            bank.at(samples, (position / up) as i64, (position % up) as usize)
        })
        .collect()
}

/// Filter coefficients for each place between two input samples that an output sample can have.
struct PhaseBank {
    half_taps: i64,
    coefficients: Vec<f32>,
}

impl PhaseBank {
    fn new(phases: u64, half_taps: i64, cutoff: f64) -> Self {
        let taps = 2 * half_taps;
        let mut coefficients = Vec::with_capacity((phases as usize) * (taps as usize));
        for phase in 0..phases {
            let offset = phase as f64 / phases as f64;
            let start = coefficients.len();
            for tap in 0..taps {
                let distance = (tap - half_taps + 1) as f64 - offset;
                coefficients.push(sinc_at(distance, cutoff, half_taps as f64));
            }
            // Each phase passes a constant unchanged; otherwise the phases would hum at their own rhythm.
            let row = &mut coefficients[start..];
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|c| *c /= sum);
        }
        PhaseBank { half_taps, coefficients: coefficients.into_iter().map(|c| c as f32).collect() }
    }

    fn at(&self, samples: &[i16], centre: i64, phase: usize) -> i16 {
        let taps = (2 * self.half_taps) as usize;
        let row = &self.coefficients[phase * taps..(phase + 1) * taps];
        let first = centre - self.half_taps + 1;
        // Beyond both ends there is silence, so only the part of the row that meets samples counts.
        let skip = (-first).max(0) as usize;
        let from = first.max(0) as usize;
        let window = samples.get(from..).unwrap_or(&[]);
        let sum: f32 =
            row.get(skip..).unwrap_or(&[]).iter().zip(window).map(|(c, s)| c * f32::from(*s)).sum();
        sum.round() as i16
    }
}

pub(crate) fn sinc_at(distance: f64, cutoff: f64, half_width: f64) -> f64 {
    let x = distance / half_width;
    if x.abs() >= 1.0 {
        return 0.0;
    }
    let window = bessel_i0(BETA * (1.0 - x * x).sqrt()) / bessel_i0(BETA);
    let turn = 2.0 * PI * cutoff * distance;
    let sinc = if turn.abs() < 1e-9 { 1.0 } else { turn.sin() / turn };
    2.0 * cutoff * sinc * window
}

/// The modified Bessel function of order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..40 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::{Sine, level, loudest, power_at};

    fn middle(samples: &[i16]) -> &[i16] {
        &samples[800..samples.len() - 800]
    }

    #[test]
    fn tones_keep_frequency_and_level() {
        for rate in [11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000] {
            for frequency in [300.0, 1000.0, 3000.0, 3300.0] {
                let before = Sine::new(rate, frequency, 0.5).take_samples(rate as usize);
                let after = to_8000(&before, rate);
                assert!(after.len().abs_diff(8000) <= 1, "{rate}: {}", after.len());
                let change = level(middle(&after)) - level(&before);
                assert!(change.abs() < 0.5, "{rate} Hz, tone {frequency}: level changed {change:.2} dB");
                assert_eq!(loudest(middle(&after), 8000, &[250.0, 1100.0, frequency]), Some(frequency));
                assert!(power_at(middle(&after), 8000, frequency) > -0.05);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_gone() {
        for rate in [16_000, 22_050, 44_100, 48_000] {
            for frequency in [4100.0, 4500.0, 5000.0, 7000.0, 7900.0] {
                let before = Sine::new(rate, frequency, 0.5).take_samples(rate as usize);
                let change = level(middle(&to_8000(&before, rate))) - level(&before);
                assert!(change < -40.0, "{rate} Hz, tone {frequency}: only {change:.1} dB");
            }
        }
    }

    #[test]
    fn edges() {
        assert!(to_8000(&[], 44_100).is_empty() && to_8000(&[1], 0).is_empty());
        assert_eq!(to_8000(&[1, 2, 3], 8000), [1, 2, 3]);
        assert!(to_8000(&[i16::MAX; 3], 48_000).len() <= 1);
        assert_eq!(to_8000(&[100; 441], 44_100).len(), 80);
        assert_eq!(to_8000(&[100; 100], 4000).len(), 200);
    }
}
