//! Delay, loss, jumps and clocks that differ, each by what is heard.

use super::*;
use crate::tone::{Sine, level, loudest, power_at};

fn header(n: u32) -> RtpHeader {
    RtpHeader { marker: false, payload_type: 8, sequence: n as u16, timestamp: n.wrapping_mul(160), ssrc: 1 }
}

/// A byte whose sample tells the packet.
fn mark(n: u32) -> u8 {
    (n % 100) as u8 ^ 0x80
}

fn push(buffer: &mut JitterBuffer, n: u32) {
    buffer.push(Law::Alaw, &header(n), &[mark(n); 160]);
}

fn pull(buffer: &mut JitterBuffer) -> [i16; FRAME] {
    let mut out = [1; FRAME];
    buffer.pull(&mut out);
    out
}

/// A tone whose packets arrive at given times (µs); what is heard by ticks of 20 ms from `first` on.
fn tone(arrivals: &[(u64, u32)], first: u64, ticks: usize) -> (Vec<i16>, Vec<u32>) {
    let voice = Sine::new(8000, 440.0, 0.3).take_samples(160 * 2000);
    let mut arrivals = arrivals.to_vec();
    arrivals.sort_unstable();
    let mut next = arrivals.iter().peekable();
    let mut buffer = JitterBuffer::new();
    let (mut heard, mut delays) = (Vec::new(), Vec::new());
    for tick in 0..ticks as u64 {
        let now = first + tick * 20_000;
        while let Some((_, n)) = next.next_if(|(at, _)| *at <= now) {
            let samples = &voice[*n as usize * 160..][..160];
            let payload: Vec<u8> = samples.iter().map(|s| Law::Alaw.encode(*s)).collect();
            buffer.push(Law::Alaw, &header(*n), &payload);
            assert!(buffer.delay() <= 1600);
        }
        heard.extend(pull(&mut buffer));
        delays.push(buffer.delay());
    }
    (heard, delays)
}

/// Which part of the pieces of 50 ms is the tone and nothing else (a seam spoils a piece or two).
fn share_of_pure(samples: &[i16]) -> f64 {
    let pieces = samples.chunks_exact(400);
    let all = pieces.len() as f64;
    pieces.filter(|piece| power_at(piece, 8000, 440.0) > -0.5).count() as f64 / all
}

fn chance(state: &mut u64, below: u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    state.wrapping_mul(0x2545_F491_4F6C_DD1D) % below
}

#[test]
fn in_order_out_of_order_and_twice_sound_alike() {
    let mut expected: Vec<i16> = Vec::new();
    for order in [[0, 1, 2, 3, 4, 5], [0, 2, 1, 3, 5, 4], [0, 1, 1, 2, 3, 3]] {
        let mut buffer = JitterBuffer::new();
        let mut heard = Vec::new();
        for n in order {
            push(&mut buffer, n);
            if n == 1 || n == 4 {
                push(&mut buffer, n);
            }
        }
        for n in [3, 4, 5] {
            push(&mut buffer, n);
        }
        for _ in 0..8 {
            heard.extend(pull(&mut buffer));
        }
        assert!(heard[..320].iter().all(|s| *s == 0), "40 ms of delay first");
        for n in 0..6 {
            let sample = Law::Alaw.decode(mark(n as u32));
            assert!(heard[320 + n * 160..][..160].iter().all(|s| *s == sample), "packet {n}");
        }
        if expected.is_empty() {
            expected = heard;
        } else {
            assert_eq!(heard, expected);
        }
    }
}

#[test]
fn a_loss_is_covered_fading_and_then_silent() {
    let mut buffer = JitterBuffer::new();
    push(&mut buffer, 0);
    for _ in 0..2 {
        pull(&mut buffer);
    }
    let whole = i32::from(pull(&mut buffer)[0]).abs();
    let covered: Vec<i32> = (0..4).flat_map(|_| pull(&mut buffer)).map(|s| i32::from(s).abs()).collect();
    assert!(covered.windows(2).all(|pair| pair[1] <= pair[0]));
    assert!(covered[0] > whole * 9 / 10 && covered[240] > whole / 3 && covered[240] < whole * 2 / 3);
    assert!(covered[480..].iter().all(|s| *s == 0));
}

#[test]
fn jitter_makes_the_delay_grow_until_nothing_is_late_and_calm_makes_it_shrink() {
    let mut state = 7;
    let mut arrivals: Vec<(u64, u32)> =
        (0..500).map(|n| (u64::from(n) * 20_000 + chance(&mut state, 100_000), n)).collect();
    arrivals.extend((500..1500).map(|n| (u64::from(n) * 20_000 + 50_000, n)));
    let (heard, delays) = tone(&arrivals, 10_000, 1500);
    let pure = share_of_pure(&heard[160 * 100..160 * 490]);
    assert!(pure > 0.9, "{pure}");
    let most = delays[470..490].iter().max().unwrap();
    assert!((700..=1600).contains(most), "{most}");
    assert!((1..=480).contains(&delays[1490]), "{}", delays[1490]);
    let pure = share_of_pure(&heard[160 * 600..160 * 1490]);
    assert!(pure > 0.97, "{pure}");
}

#[test]
fn clocks_that_differ_are_followed() {
    // 500 millionths, far more than telephones have: 20 ms in 40 s.
    for period in [19_990u64, 20_010] {
        let arrivals: Vec<(u64, u32)> = (0..1990).map(|n| (u64::from(n) * period, n)).collect();
        let (heard, delays) = tone(&arrivals, 5_000, 1980);
        let pure = share_of_pure(&heard[1600..]);
        assert!(pure > 0.97, "period {period}: {pure}");
        assert!(delays[20..].iter().all(|d| *d <= 640), "period {period}");
    }
}

#[test]
fn five_percent_of_loss_and_thirty_milliseconds_of_jitter() {
    for seed in 1..20 {
        let mut state = seed;
        let arrivals: Vec<(u64, u32)> = (0..1000)
            .filter_map(|n| {
                let at = u64::from(n) * 20_000 + chance(&mut state, 30_000);
                (chance(&mut state, 100) >= 5).then_some((at, n))
            })
            .collect();
        let (heard, _) = tone(&arrivals, 3_000, 1000);
        assert_eq!(loudest(&heard[8000..], 8000, &[400.0, 440.0, 480.0, 1000.0]), Some(440.0));
        let pure = share_of_pure(&heard[8000..]);
        assert!(pure > 0.6, "seed {seed}: {pure}");
    }
}

#[test]
fn pauses_of_silence_suppression_and_new_streams_go_on_at_once() {
    let mut buffer = JitterBuffer::new();
    push(&mut buffer, 0);
    for n in 0..50 {
        pull(&mut buffer);
        // Talk again after a second, in time: the timestamp went on too.
        if n == 49 {
            push(&mut buffer, 50);
        }
    }
    let sample = Law::Alaw.decode(mark(50));
    assert!((0..4).any(|_| pull(&mut buffer).contains(&sample)));
    // A time base that jumped is believed from the second packet on, another stream from the first.
    for n in [5_000_000, 5_000_001] {
        push(&mut buffer, n);
    }
    let sample = Law::Alaw.decode(mark(5_000_001));
    assert!((0..4).any(|_| pull(&mut buffer).contains(&sample)));
    buffer.push(Law::Ulaw, &RtpHeader { ssrc: 2, ..header(9) }, &[0x10; 80]);
    let sample = Law::Ulaw.decode(0x10);
    assert!((0..4).any(|_| pull(&mut buffer).contains(&sample)));
}

#[test]
fn after_a_flush_nothing_of_before_is_heard() {
    let mut buffer = JitterBuffer::new();
    for n in 0..5 {
        push(&mut buffer, n);
    }
    pull(&mut buffer);
    pull(&mut buffer);
    pull(&mut buffer);
    buffer.flush();
    assert_eq!(buffer.delay(), 0);
    for _ in 0..20 {
        assert_eq!(pull(&mut buffer), [0; FRAME]);
    }
    push(&mut buffer, 6);
    let sample = Law::Alaw.decode(mark(6));
    for _ in 0..10 {
        let frame = pull(&mut buffer);
        assert!(frame.iter().all(|s| s.unsigned_abs() <= sample.unsigned_abs()));
        assert!(frame.iter().all(|s| s.signum() == sample.signum() || *s == 0));
    }
}

#[test]
fn hostile_headers_stay_within_bounds() {
    let mut state = 88_172_645_463_325_252;
    let mut buffer = JitterBuffer::new();
    for _ in 0..50_000 {
        let wild = RtpHeader {
            timestamp: match chance(&mut state, 4) {
                0 => chance(&mut state, 1 << 32) as u32,
                1 => u32::MAX - chance(&mut state, 5000) as u32,
                _ => chance(&mut state, 8000) as u32,
            },
            ssrc: chance(&mut state, 50) as u32 / 49,
            ..header(0)
        };
        let len = chance(&mut state, 3000) as usize;
        buffer.push(Law::Ulaw, &wild, &vec![0x33; len]);
        assert!(buffer.delay() <= 1600, "{}", buffer.delay());
        if chance(&mut state, 3) == 0 {
            pull(&mut buffer);
        }
    }
}

#[test]
fn a_pause_sounds_like_the_sender_said_until_talk_goes_on() {
    let mut buffer = JitterBuffer::new();
    let tone = Sine::new(8000, 440.0, 0.3).take_samples(160 * 100);
    let speak = |buffer: &mut JitterBuffer, n: u32| {
        let samples = &tone[n as usize % 100 * 160..][..160];
        let payload: Vec<u8> = samples.iter().map(|s| Law::Alaw.encode(*s)).collect();
        buffer.push(Law::Alaw, &header(n), &payload);
    };
    let mut heard = Vec::new();
    for n in 0..100u32 {
        match n {
            0..30 | 70.. => speak(&mut buffer, n),
            30 | 50 => buffer.push_noise(1, n * 160, NoiseLevel::parse(&[45]).unwrap()),
            _ => {}
        }
        heard.extend(pull(&mut buffer));
    }
    // Two frames of delay: talk to frame 32, noise to 72, talk again.
    let level_of = |frames: std::ops::Range<usize>| level(&heard[frames.start * 160..frames.end * 160]);
    assert!((level_of(5..32) + 10.5).abs() < 1.0);
    let noise = level_of(33..71);
    assert!((noise + 42.0).abs() < 1.5, "{noise:.1} dB");
    assert!((level_of(73..100) + 10.5).abs() < 1.0);
    assert!(buffer.delay() <= 480, "the pause is no delay: {}", buffer.delay());
}

#[test]
fn a_wide_buffer_has_the_same_times() {
    let (mut narrow, mut wide) = (JitterBuffer::new(), JitterBuffer::wide());
    let mut state = 3;
    for n in 0..2_000u32 {
        let at = chance(&mut state, 100);
        if at >= 5 {
            narrow.push(Law::Alaw, &header(n), &[mark(n); 160]);
            let sample = Law::Alaw.decode(mark(n));
            wide.push_samples(1, n.wrapping_mul(320), [sample; 320].into_iter());
        }
        if at >= 15 {
            let mut out = [0; 2 * FRAME];
            assert_eq!(narrow.pull(&mut [0; FRAME]), wide.pull(&mut out), "packet {n}");
        }
        assert_eq!(narrow.delay() * 2, wide.delay(), "packet {n}");
    }
}
