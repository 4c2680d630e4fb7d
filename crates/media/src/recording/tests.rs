//! Every packet in its place, whatever the network did; pauses, and several in one channel.

use super::*;
use crate::tone::{Sine, power_at};

fn header(n: u16) -> RtpHeader {
    RtpHeader { marker: false, payload_type: 8, sequence: n, timestamp: u32::from(n) * 160, ssrc: 1 }
}

fn drain(recorder: &mut Recorder, now: Micros, into: &mut Vec<u8>) {
    while let Some(block) = recorder.advance(now) {
        assert_eq!(block.len() % 320, 0);
        into.extend_from_slice(block);
    }
}

fn finish(recorder: &mut Recorder, now: Micros, into: &mut Vec<u8>) {
    while let Some(block) = recorder.finish(now) {
        into.extend_from_slice(block);
    }
}

fn channel(bytes: &[u8], side: usize) -> Vec<u8> {
    bytes.iter().skip(side).step_by(2).copied().collect()
}

/// Packet n carries 160 bytes of value n.
fn record(arrivals: &[(Micros, u16)], end: Micros) -> Vec<u8> {
    let mut recorder = Recorder::new(Law::Alaw, 0);
    let mut out = Vec::new();
    for &(at, n) in arrivals {
        drain(&mut recorder, at, &mut out);
        recorder.push(Channel::Left, at, Law::Alaw, &header(n), &[n as u8; 160]);
    }
    finish(&mut recorder, end, &mut out);
    channel(&out, 0)
}

#[test]
fn channels_and_laws() {
    let mut recorder = Recorder::new(Law::Alaw, 1_000_000);
    recorder.push(Channel::Left, 1_000_000, Law::Alaw, &header(0), &[1; 160]);
    recorder.push(Channel::Right, 1_010_000, Law::Ulaw, &header(0), &[0x80; 160]);
    assert!(recorder.advance(1_200_000).is_none());
    let mut out = Vec::new();
    drain(&mut recorder, 1_225_000, &mut out);
    assert_eq!(channel(&out, 0), [1; 160]);
    let right = channel(&out, 1);
    assert_eq!(right[..80], [0xD5; 80]);
    assert_eq!(right[80..], [Law::Ulaw.table_to(Law::Alaw)[0x80]; 80]);
    finish(&mut recorder, 1_225_000, &mut out);
    assert_eq!(out.len(), 2 * 225 * 8);
}

#[test]
fn jitter_reordering_and_duplicates_leave_no_trace() {
    let arrivals = [(0, 0), (35_000, 1), (75_000, 3), (76_000, 2), (77_000, 3), (81_000, 4), (190_000, 5)];
    let out = record(&arrivals, 200_000);
    for n in 0..6 {
        assert!(out[n * 160..(n + 1) * 160].iter().all(|b| usize::from(*b) == n), "packet {n}");
    }
    assert_eq!(out[960..], [0xD5; 640]);
}

#[test]
fn gaps_are_silence() {
    let out = record(&[(0, 1), (60_000, 4)], 80_000);
    assert_eq!(out[..160], [1; 160]);
    assert_eq!(out[160..480], [0xD5; 320]);
    assert_eq!(out[480..], [4; 160]);
}

#[test]
fn a_stall_loses_only_what_is_too_late() {
    let mut arrivals: Vec<(Micros, u16)> = (0..10).map(|n| (u64::from(n) * 20_000, n)).collect();
    arrivals.extend((10..25).map(|n| (500_000, n)));
    arrivals.extend((25..40).map(|n| (u64::from(n) * 20_000, n)));
    let out = record(&arrivals, 800_000);
    for n in (0..10).chain(16..40) {
        assert_eq!(out[n * 160], n as u8, "packet {n}");
    }
    assert_eq!(out[12 * 160], 0xD5);
    assert_eq!(out.len(), 6400);
}

#[test]
fn jumps_are_anchored_anew() {
    let mut recorder = Recorder::new(Law::Alaw, 0);
    let mut out = Vec::new();
    recorder.push(Channel::Left, 0, Law::Alaw, &header(0), &[1; 160]);
    let mut jumped = RtpHeader { timestamp: 0x8000_0000, ..header(1) };
    recorder.push(Channel::Left, 20_000, Law::Alaw, &jumped, &[2; 160]);
    jumped = RtpHeader { ssrc: 2, timestamp: 77, sequence: 9, ..jumped };
    recorder.push(Channel::Left, 40_000, Law::Alaw, &jumped, &[3; 160]);
    finish(&mut recorder, 60_000, &mut out);
    let left = channel(&out, 0);
    assert_eq!((left[0], left[160], left[320]), (1, 2, 3));
}

#[test]
fn a_path_that_became_longer_is_followed() {
    let mut arrivals: Vec<(Micros, u16)> = (0..10).map(|n| (u64::from(n) * 20_000, n)).collect();
    arrivals.extend((10..100).map(|n| (u64::from(n) * 20_000 + 400_000, n)));
    let out = record(&arrivals, 2_400_000);
    assert!(out.contains(&60) && out.contains(&99));
}

#[test]
fn a_pause_is_silence_whatever_arrives() {
    let mut recorder = Recorder::new(Law::Ulaw, 0);
    let mut out = Vec::new();
    for n in 0..100u16 {
        let now = u64::from(n) * 20_000;
        match n {
            30 => recorder.pause(now),
            60 => recorder.resume(now),
            _ => {}
        }
        // From packet 1 on everything comes 10 ms earlier than the first promised.
        let at = now - u64::from(n > 0) * 10_000;
        recorder.push(Channel::Right, at, Law::Ulaw, &header(n), &[7; 160]);
        drain(&mut recorder, now, &mut out);
    }
    finish(&mut recorder, 2_000_000, &mut out);
    let right = channel(&out, 1);
    assert_eq!(right.len(), 16_000);
    assert!(right[..4800].iter().all(|b| *b == 7));
    assert!(right[4800..9600].iter().all(|b| *b == 0xFF));
    assert!(right[9600..].iter().all(|b| *b == 7));
}

#[test]
fn hostile_headers_and_stalls_are_bounded() {
    let mut recorder = Recorder::new(Law::Alaw, 5_000);
    let mut state = 88172645463325252u64;
    let mut total = 0;
    for n in 0..20_000u64 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let hostile = RtpHeader {
            marker: false,
            payload_type: 8,
            sequence: state as u16,
            timestamp: (state >> 16) as u32,
            ssrc: (state >> 48) as u32 & 1,
        };
        let payload = vec![0; (state >> 50) as usize & 2047];
        recorder.push(Channel::Left, n * 1000, Law::Ulaw, &hostile, &payload);
        if n % 700 == 0 {
            while let Some(block) = recorder.advance(n * 1000) {
                total += block.len();
            }
        }
    }
    while let Some(block) = recorder.finish(20_000_000) {
        total += block.len();
    }
    assert!(total / 2 >= 19_995 * 8 && total / 2 <= 19_995 * 8 + 4000, "{total}");
}
#[test]
fn several_in_the_right_channel_are_summed_and_one_is_left_as_it_is() {
    let mut recorder = Recorder::new(Law::Alaw, 0);
    let supervisor = recorder.add().unwrap();
    let mut voices = [Sine::new(8000, 440.0, 0.3), Sine::new(8000, 1000.0, 0.3)];
    let mut out = Vec::new();
    let mut spoken = Vec::new();
    for n in 0..200u16 {
        let now = u64::from(n) * 20_000;
        let frames = [0, 1].map(|v: usize| -> Vec<u8> {
            voices[v].take_samples(160).into_iter().map(|s| Law::Alaw.encode(s)).collect()
        });
        recorder.push(Channel::Right, now, Law::Alaw, &header(n), &frames[0]);
        if (50..150).contains(&n) {
            recorder.push(supervisor, now, Law::Alaw, &header(n), &frames[1]);
        }
        if n == 150 {
            recorder.remove(supervisor);
        }
        spoken.extend_from_slice(&frames[0]);
        drain(&mut recorder, now, &mut out);
    }
    finish(&mut recorder, 4_000_000, &mut out);
    let right = channel(&out, 1);
    assert_eq!(right[..8000], spoken[..8000]);
    assert_eq!(right[24_000..], spoken[24_000..]);
    let both: Vec<i16> = right[8000..24_000].iter().map(|b| Law::Alaw.decode(*b)).collect();
    for frequency in [440.0, 1000.0] {
        assert!((-3.3..-2.7).contains(&power_at(&both, 8000, frequency)));
    }
    assert!(channel(&out, 0).iter().all(|b| *b == Law::Alaw.silence()));
    // The place is free again, and there are no more than eight.
    assert_eq!((0..20).filter_map(|_| recorder.add()).count(), 7);
}

#[test]
fn a_muted_channel_is_silent_and_the_other_is_not() {
    let mut recorder = Recorder::new(Law::Alaw, 0);
    let mut out = Vec::new();
    for n in 0..100u16 {
        let now = u64::from(n) * 20_000;
        match n {
            30 => recorder.mute(Channel::Left, now),
            60 => recorder.unmute(Channel::Left, now),
            _ => {}
        }
        let at = now - u64::from(n > 0) * 10_000;
        for side in [Channel::Left, Channel::Right] {
            recorder.push(side, at, Law::Alaw, &header(n), &[7; 160]);
        }
        drain(&mut recorder, now, &mut out);
    }
    finish(&mut recorder, 2_000_000, &mut out);
    let left = channel(&out, 0);
    assert!(left[4800..9600].iter().all(|b| *b == Law::Alaw.silence()));
    assert!(left[..4800].iter().chain(&left[9600..]).all(|b| *b == 7));
    assert!(channel(&out, 1).iter().all(|b| *b == 7));
}

#[test]
fn pauses_are_told_and_bounded() {
    let mut recorder = Recorder::new(Law::Alaw, 5_000_000);
    recorder.pause(6_000_000);
    recorder.pause(6_500_000);
    recorder.resume(7_250_000);
    recorder.pause(9_000_000);
    assert_eq!(recorder.pauses(10_000_000), [(1000, 2250), (4000, 5000)]);
    for n in 0..5000 {
        recorder.resume(20_000_000 + n * 2000);
        recorder.pause(20_001_000 + n * 2000);
    }
    let pauses = recorder.pauses(40_000_000);
    assert_eq!((pauses.len(), pauses[999].1), (1000, 35_000));
}
