//! What is heard after a way through packets, with and without loss; lengths; nonsense.

use super::*;
use crate::tone::{Sine, level, power_at};

fn packets(settings: &OpusSettings, samples: &[i16], each: usize) -> Vec<Vec<u8>> {
    let mut encoder = OpusEncoder::new(settings).unwrap();
    let mut out = [0; MAX_PACKET];
    let packet = |piece: &[i16]| {
        let len = encoder.encode(piece, &mut out).unwrap();
        out[..len].to_vec()
    };
    samples.chunks_exact(each).map(packet).collect()
}

/// A low voice: a tone with overtones whose pitch and loudness wander a little, which a speech coder can follow.
fn voice(count: usize) -> Vec<i16> {
    let mut phase = 0.0f64;
    (0..count)
        .map(|n| {
            let t = n as f64 / f64::from(RATE);
            phase += (150.0 + 10.0 * (t * 5.0).sin()) / f64::from(RATE);
            let turn = std::f64::consts::TAU * phase;
            let wave: f64 = (1..8).map(|k| (turn * f64::from(k)).sin() / f64::from(k)).sum();
            crate::tone::to_sample(0.2 * wave * (1.0 + 0.3 * (t * 7.0).sin()))
        })
        .collect()
}

/// Signal to noise in dB where the two are most alike, with a delay of up to 20 ms.
fn likeness(before: &[i16], after: &[i16]) -> f64 {
    let of = |delay: usize| {
        let (mut signal, mut noise) = (0.0, 1.0);
        for (a, b) in before.iter().zip(&after[delay..]) {
            signal += f64::from(*a).powi(2);
            noise += (f64::from(*a) - f64::from(*b)).powi(2);
        }
        10.0 * (signal / noise).log10()
    };
    (0..320).map(of).fold(f64::MIN, f64::max)
}

#[test]
fn tones_and_voices_come_back_in_packets_of_all_lengths() {
    let tone = Sine::new(RATE, 1000.0, 0.4).take_samples(32_000);
    let voice = voice(32_000);
    for (ms, clock) in [(10, 480), (20, 960), (40, 1_920), (60, 2_880)] {
        for (samples, wanted) in [(&tone, 12.0), (&voice, 4.0)] {
            let mut decoder = OpusDecoder::new().unwrap();
            let mut heard = Vec::new();
            for packet in packets(&OpusSettings::default(), samples, ms * 16) {
                assert_eq!(duration(&packet), Some(clock), "{ms} ms");
                let mut out = [0; MAX_SAMPLES];
                let count = decoder.decode(&packet, &mut out).unwrap();
                assert_eq!(count, ms * 16);
                heard.extend_from_slice(&out[..count]);
            }
            let alike = likeness(&samples[8_000..24_000], &heard[8_000..]);
            assert!(alike > wanted, "{ms} ms: {alike:.1} dB");
        }
    }
}

#[test]
fn bitrates_are_kept() {
    let samples = voice(160_000);
    let bytes = |bitrate: u32, constant| {
        let settings = OpusSettings { bitrate, repairs: false, constant };
        let packets = packets(&settings, &samples, 320);
        let lengths: std::collections::BTreeSet<usize> = packets.iter().map(Vec::len).collect();
        (packets.iter().map(Vec::len).sum::<usize>() * 8 / 10, lengths.len())
    };
    for bitrate in [8_000, 16_000, 32_000] {
        let (spent, lengths) = bytes(bitrate, true);
        assert!(spent.abs_diff(bitrate as usize) < bitrate as usize / 10, "{bitrate}: {spent}");
        assert_eq!(lengths, 1);
    }
    assert!(bytes(16_000, false).1 > 1);
    // What is beyond the range is brought into it.
    assert!(bytes(1, true).0 < 8_000 && bytes(10_000_000, true).0 <= 60_000);
}

/// A soft voice gets loud in a packet that is lost: how loud is what is heard in its place, in dB of full scale.
fn sudden(repairs: bool) -> f64 {
    let settings = OpusSettings { repairs, ..Default::default() };
    let mut samples = voice(16_000);
    samples[..30 * 320].iter_mut().for_each(|s| *s /= 8);
    let packets = packets(&settings, &samples, 320);
    let mut decoder = OpusDecoder::new().unwrap();
    let mut out = [0; MAX_SAMPLES];
    for packet in &packets[..30] {
        decoder.decode(packet, &mut out).unwrap();
    }
    assert!(decoder.repair(&packets[31], &mut out[..320]));
    level(&out[..320])
}

#[test]
fn losses_are_covered_and_better_so_with_a_copy() {
    let (without, with) = (sudden(false), sudden(true));
    assert!(with > -25.0 && without < with - 6.0, "{without:.1} dB without a copy, {with:.1} dB with one");

    let plain = OpusSettings::default();
    let mut decoder = OpusDecoder::new().unwrap();
    let mut out = [0; MAX_SAMPLES];
    let tone = Sine::new(RATE, 300.0, 0.4).take_samples(6_400);
    for packet in packets(&plain, &tone, 320) {
        decoder.decode(&packet, &mut out).unwrap();
    }
    assert!(decoder.conceal(&mut out[..320]));
    assert!(power_at(&out[..320], RATE, 300.0) > -3.0);
    // A longer hole fades away.
    (0..50).for_each(|_| assert!(decoder.conceal(&mut out[..320])));
    assert!(level(&out[..320]) < -40.0);
}

#[test]
fn lengths_as_rfc_6716_has_them() {
    for (packet, expected) in [
        (&[0u8 << 3][..], Some(480)),
        (&[1 << 3], Some(960)),
        (&[3 << 3 | 1], Some(5_760)),
        (&[12 << 3], Some(480)),
        (&[13 << 3 | 2], Some(1_920)),
        (&[16 << 3], Some(120)),
        (&[31 << 3], Some(960)),
        (&[31 << 3 | 3, 6], Some(5_760)),
        (&[31 << 3 | 3, 7], None),
        (&[31 << 3 | 3, 0xC0], None),
        (&[31 << 3 | 3], None),
        (&[], None),
    ] {
        assert_eq!(duration(packet), expected, "{packet:?}");
    }
}

#[test]
fn nonsense_is_refused_and_does_no_harm() {
    let mut decoder = OpusDecoder::new().unwrap();
    let mut out = [0; MAX_SAMPLES];
    let mut state = 0x1234_5678_9ABC_DEF1u64;
    for n in 0..5_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let bytes: Vec<u8> = (0..(state % 60)).map(|k| (state >> (k % 57)) as u8).collect();
        if let Some(count) = decoder.decode(&bytes, &mut out) {
            assert_eq!(duration(&bytes), Some(count as u32 * 3), "packet {n}");
        }
        let _ = decoder.repair(&bytes, &mut out[..320]);
    }
    assert_eq!(decoder.decode(&[], &mut out), None);
    assert_eq!(decoder.decode(&[1 << 3, 0, 0], &mut [0; 10]), None);
    let mut encoder = OpusEncoder::new(&OpusSettings::default()).unwrap();
    assert_eq!(encoder.encode(&[0; 319], &mut [0; MAX_PACKET]), None);
    assert_eq!(encoder.encode(&[0; 320], &mut [0; 10]), None);
}
