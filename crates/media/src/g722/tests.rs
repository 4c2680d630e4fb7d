//! Exact bytes, and what is heard.

use super::*;
use crate::tone::{Sine, level, power_at};

/// Noise, squares and saws of all levels, from a seed.
fn signal(seed: u64, count: usize) -> Vec<i16> {
    let mut state = seed;
    let (mut loud, mut half, mut kind) = (0i32, 2usize, 0u64);
    (0..count)
        .map(|n| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            if n % 400 == 0 {
                loud = 1 << ((state >> 20) & 15);
                half = ((state >> 30) & 63) as usize + 2;
                kind = (state >> 40) & 3;
            }
            let noise = (i32::from((state >> 48) as i16) * loud) >> 15;
            let square = if n / half % 2 == 0 { loud } else { -loud };
            let value = match kind {
                0 => noise,
                1 => square,
                2 => (n % half) as i32 * 2 * loud / half as i32 - loud,
                _ => (noise + square) / 2,
            };
            value.clamp(-32768, 32767) as i16
        })
        .collect()
}

/// The FNV-1a hash.
fn hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, fold)
}

fn encoded(samples: &[i16]) -> Vec<u8> {
    let mut out = vec![0; samples.len() / 2];
    assert_eq!(G722Encoder::default().encode(samples, &mut out), out.len());
    out
}

fn decoded(bytes: &[u8]) -> Vec<i16> {
    let mut out = vec![0; bytes.len() * 2];
    assert_eq!(G722Decoder::default().decode(bytes, &mut out), out.len());
    out
}

/// The figures were made with another implementation, that of SpanDSP, which passes the test sequences of the
/// recommendation.
#[test]
fn bytes_and_samples_are_those_of_another_implementation() {
    for (seed, written, heard, heard_of_noise) in [
        (1, 0x843f_8ded_9bf0_3bad, 0x8df2_8c7c_a3e1_78e3, 0x6e40_81b3_73db_809d),
        (2, 0x0375_1a65_9d91_a4cc, 0x4da2_46b1_56a1_133b, 0xbb11_3520_95d1_441c),
        (3, 0xbfeb_f079_4b02_7c32, 0xe9e2_ad3b_3e21_1de8, 0xc544_f209_20ba_35f8),
    ] {
        let bytes = encoded(&signal(seed, 64_000));
        assert_eq!(hash(bytes.iter().copied()), written, "encoder, seed {seed}");
        let samples = decoded(&bytes);
        assert_eq!(hash(samples.iter().flat_map(|s| s.to_le_bytes())), heard, "decoder, seed {seed}");
        let noise: Vec<u8> =
            signal(seed + 1000, 32_000).iter().map(|s| (*s as u16 ^ (*s as u16 >> 8)) as u8).collect();
        let samples = decoded(&noise);
        assert_eq!(hash(samples.iter().flat_map(|s| s.to_le_bytes())), heard_of_noise, "noise, seed {seed}");
    }
}

#[test]
fn the_first_bytes_of_a_known_signal() {
    assert_eq!(encoded(&signal(1, 16)), [250, 122, 222, 114, 186, 40, 132, 135]);
}

#[test]
fn tones_of_both_bands_keep_frequency_and_level() {
    for frequency in [100.0, 440.0, 1000.0, 3000.0, 3900.0, 4200.0, 5500.0, 6800.0] {
        for amplitude in [0.02, 0.1, 0.5, 0.9] {
            let before = Sine::new(16_000, frequency, amplitude).take_samples(16_000);
            let after = decoded(&encoded(&before));
            let (before, after) = (&before[2000..], &after[2000..]);
            let power = power_at(after, 16_000, frequency);
            // The lower band has six bits a sample, the upper one two.
            let noise = 10.0 * (1.0 - 10f64.powf(power / 10.0)).max(1e-9).log10();
            let allowed = if frequency < 4000.0 { -27.0 } else { -9.0 };
            assert!(noise < allowed, "{frequency} Hz at {amplitude}: noise at {noise:.1} dB");
            let change = level(after) - level(before);
            assert!(change.abs() < 1.0, "{frequency} Hz at {amplitude}: level changed by {change:.2} dB");
        }
    }
}

#[test]
fn silence_stays_silent_and_full_scale_does_not_wrap() {
    let silent = decoded(&encoded(&[0; 3200]));
    assert!(silent.iter().all(|s| s.unsigned_abs() < 20));
    let square: Vec<i16> = (0..16_000).map(|n| if n / 20 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
    let heard = decoded(&encoded(&square));
    // The filters delay by 22 samples; in the middle of a half period the sign is that of the square.
    for n in (2000..15_000).step_by(20) {
        let at = n + 10;
        assert_eq!(heard[at + 22].is_positive(), square[at].is_positive(), "sample {at}");
    }
}

#[test]
fn a_decoder_that_comes_late_finds_its_feet() {
    let before = Sine::new(16_000, 700.0, 0.4).take_samples(16_000);
    let bytes = encoded(&before);
    let heard = decoded(&bytes[4000..]);
    assert!(power_at(&heard[800..], 16_000, 700.0) > -0.1);
}

#[test]
fn room_and_odd_counts() {
    let mut encoder = G722Encoder::default();
    assert_eq!(encoder.encode(&[1, 2, 3], &mut [0; 10]), 1);
    assert_eq!(encoder.encode(&[1, 2, 3, 4], &mut [0; 1]), 1);
    let mut decoder = G722Decoder::default();
    assert_eq!(decoder.decode(&[1, 2, 3], &mut [0; 3]), 2);
    assert_eq!(decoder.decode(&[], &mut [0; 3]), 0);
}
