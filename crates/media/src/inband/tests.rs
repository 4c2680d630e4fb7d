//! Keys at all levels, twists and frequencies that Q.24 allows are found once; what people and music sound like
//! is not a key.

use super::*;
use crate::prompt::{Prompt, Ringback};
use crate::tone::{Sine, to_sample};

/// Amplitude of a tone of that level; 3.17 dBm0 is a sine of full scale in µ-law, and in A-law but for 0.03 dB.
fn dbm0(level: f64) -> f64 {
    10f64.powf((level - 3.17) / 20.0)
}

fn frequencies(key: char) -> (f64, f64) {
    let event = Digit::from_char(key).unwrap().event();
    let at = (0..16).find(|n| KEYS[n / 4][n % 4] == event).unwrap();
    (LOW[at / 4], HIGH[at % 4])
}

/// A key with its levels in dBm0, its frequencies off by a part, and its length in milliseconds.
fn key(key: char, low: f64, high: f64, off: f64, ms: usize) -> Vec<i16> {
    let (f_low, f_high) = frequencies(key);
    let mut low = Sine::new(8000, f_low * (1.0 + off), dbm0(low));
    let mut high = Sine::new(8000, f_high * (1.0 + off), dbm0(high));
    (0..ms * 8).map(|_| to_sample(low.next_value() + high.next_value())).collect()
}

fn pause(ms: usize) -> Vec<i16> {
    vec![0; ms * 8]
}

fn found(samples: &[i16]) -> String {
    let mut detector = DtmfDetector::new();
    let mut text = String::new();
    // As it comes: in packets, through the coarser law.
    for packet in samples.chunks(160) {
        let payload: Vec<u8> = packet.iter().map(|s| Law::Alaw.encode(*s)).collect();
        detector.push_g711(Law::Alaw, &payload, |digit| text.push(digit.to_char()));
    }
    text
}

const ALL: &str = "1234567890*#ABCD";

/// Noise by a small generator, from -1 to 1.
fn noise(state: &mut u64) -> f64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

#[test]
fn every_key_at_every_level_is_found_once() {
    for level in [-3.0, -6.0, -10.0, -15.0, -20.0, -25.0] {
        for shift in 0..13 {
            let mut samples = vec![0; 37 * shift];
            for key_char in ALL.chars() {
                samples.extend(key(key_char, level, level, 0.0, 40));
                samples.extend(pause(40));
            }
            assert_eq!(found(&samples), ALL, "{level} dBm0, shift {shift}");
        }
    }
}

#[test]
fn twist_and_frequencies_that_are_a_little_off_are_allowed() {
    for (low, high, off) in [
        (-10.0, -16.0, 0.0),
        (-14.0, -10.0, 0.0),
        (-10.0, -10.0, 0.015),
        (-10.0, -10.0, -0.015),
        (-20.0, -24.0, 0.01),
    ] {
        let mut samples = Vec::new();
        for key_char in ALL.chars() {
            samples.extend(key(key_char, low, high, off, 60));
            samples.extend(pause(60));
        }
        assert_eq!(found(&samples), ALL, "{low}/{high} dBm0, {off}");
    }
}

#[test]
fn a_key_held_long_with_short_breaks_is_one_and_the_same_key_twice_is_two() {
    let mut samples = key('5', -10.0, -10.0, 0.0, 3000);
    samples[8000..8080].fill(0);
    samples.extend(pause(40));
    samples.extend(key('5', -10.0, -10.0, 0.0, 40));
    assert_eq!(found(&samples), "55");
    // Another key without any pause is another key.
    samples = key('5', -10.0, -10.0, 0.0, 100);
    samples.extend(key('6', -10.0, -10.0, 0.0, 100));
    assert_eq!(found(&samples), "56");
}

#[test]
fn what_is_too_short_too_faint_twisted_or_off_is_no_key() {
    for samples in [
        key('1', -10.0, -10.0, 0.0, 20),
        key('1', -45.0, -45.0, 0.0, 500),
        key('1', -5.0, -20.0, 0.0, 500),
        key('1', -20.0, -5.0, 0.0, 500),
        key('3', -10.0, -10.0, 0.05, 500),
    ] {
        assert_eq!(found(&samples), "");
    }
}

#[test]
fn keys_are_found_in_noise() {
    let mut state = 99;
    let mut samples = Vec::new();
    for key_char in ALL.chars() {
        samples.extend(key(key_char, -10.0, -10.0, 0.0, 60));
        samples.extend(pause(60));
    }
    // 18 dB below one tone.
    let amplitude = dbm0(-28.0) * 1.2;
    for sample in &mut samples {
        *sample = sample.saturating_add(to_sample(amplitude * noise(&mut state)));
    }
    assert_eq!(found(&samples), ALL);
}

#[test]
fn single_tones_dial_tones_and_ringing_are_no_keys() {
    for frequency in (300..3400).step_by(10) {
        let samples = Sine::new(8000, f64::from(frequency), 0.3).take_samples(4000);
        assert_eq!(found(&samples), "", "{frequency} Hz");
    }
    for pair in [(350.0, 440.0), (440.0, 480.0), (480.0, 620.0), (697.0, 941.0), (1209.0, 1633.0)] {
        let (mut a, mut b) = (Sine::new(8000, pair.0, 0.2), Sine::new(8000, pair.1, 0.2));
        let samples: Vec<i16> = (0..8000).map(|_| to_sample(a.next_value() + b.next_value())).collect();
        assert_eq!(found(&samples), "", "{pair:?}");
    }
    for prompt in
        [Prompt::music(), Prompt::ringback(Ringback::Europe), Prompt::ringback(Ringback::NorthAmerica)]
    {
        let samples: Vec<i16> = (0..prompt.frames())
            .flat_map(|n| prompt.frame(Law::Alaw, n).unwrap().iter().map(|b| Law::Alaw.decode(*b)))
            .collect();
        assert_eq!(found(&samples), "");
    }
}

#[test]
fn noise_and_voices_are_no_keys() {
    let mut wrong = Vec::new();
    for seed in 1..=20u64 {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let white: Vec<i16> = (0..80_000).map(|_| to_sample(0.3 * noise(&mut state))).collect();
        for (what, samples) in
            [("noise", white), ("voice", voice(seed, 80_000)), ("music", melody(seed, 80_000))]
        {
            let keys = found(&samples);
            if !keys.is_empty() {
                wrong.push(format!("{what}, seed {seed}: {keys}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// A buzz that falls with frequency, through three resonances that wander, with a little breath: the make-up of
/// vowels.
fn voice(seed: u64, count: usize) -> Vec<i16> {
    const WIDTHS: [f64; 3] = [80.0, 110.0, 160.0];
    let mut state = seed.wrapping_mul(0xD134_2543_DE82_EF95) | 1;
    let (mut y, mut phase, mut glottis) = ([[0.0f64; 2]; 3], 0.0f64, 0.0f64);
    let (mut pitch, mut formants) = (120.0, [700.0, 1200.0, 2500.0]);
    (0..count)
        .map(|n| {
            if n % 800 == 0 {
                pitch = 160.0 + 80.0 * noise(&mut state);
                let around = |state: &mut u64, middle: f64, by: f64| middle + by * noise(state);
                formants = [
                    around(&mut state, 600.0, 300.0),
                    around(&mut state, 1500.0, 600.0),
                    around(&mut state, 2600.0, 300.0),
                ];
            }
            phase += pitch / 8000.0;
            let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
            phase = phase.fract();
            glottis = 0.8 * glottis + pulse;
            let source = glottis + 0.02 * noise(&mut state);
            let mut sum = 0.0;
            for ((y, f), width) in y.iter_mut().zip(formants).zip(WIDTHS) {
                let r = (-std::f64::consts::PI * width / 8000.0).exp();
                let next = source + 2.0 * r * (TAU * f / 8000.0).cos() * y[0] - r * r * y[1];
                *y = [next, y[0]];
                sum += next;
            }
            to_sample(0.03 * sum)
        })
        .collect()
}

/// Two voices of notes with overtones, a quarter of a second each.
fn melody(seed: u64, count: usize) -> Vec<i16> {
    let mut state = seed.wrapping_mul(0xA24B_AED4_963E_E407) | 1;
    let mut notes = [440.0, 660.0];
    (0..count)
        .map(|n| {
            if n % 2000 == 0 {
                notes = notes.map(|_| 440.0 * 2f64.powf((noise(&mut state) * 18.0).round() / 12.0));
            }
            let t = n as f64 / 8000.0;
            let decay = (-((n % 2000) as f64) / 3000.0).exp();
            let wave = |f: f64| {
                (TAU * f * t).sin() + 0.3 * (2.0 * TAU * f * t).sin() + 0.1 * (3.0 * TAU * f * t).sin()
            };
            to_sample(0.2 * decay * (wave(notes[0]) + wave(notes[1])))
        })
        .collect()
}
