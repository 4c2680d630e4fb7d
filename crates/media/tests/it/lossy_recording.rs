//! A bad network from a seed in front of the recorder: what arrives in time is in its place, byte for byte.

use media::g711::Law;
use media::recording::{Channel, Recorder};
use media::rtp::RtpHeader;

use crate::Chance;

const PACKETS: u64 = 500;

/// The byte that packet `n` is made of; never the byte of silence.
fn mark(n: u64) -> u8 {
    (n % 0xD0) as u8
}

fn check(seed: u64) {
    let mut chance = Chance::new(seed);
    let timestamp = chance.next() as u32;
    let sequence = chance.next() as u16;
    // The first packet is never lost and sets the time line; others come up to 120 ms late, some twice.
    let mut arrivals: Vec<(u64, u64)> = vec![(0, 0)];
    let mut arrived = vec![false; PACKETS as usize];
    arrived[0] = true;
    for n in 1..PACKETS {
        if chance.percent(10) {
            continue;
        }
        arrived[n as usize] = true;
        for _ in 0..1 + u64::from(chance.percent(10)) {
            arrivals.push((n * 20_000 + chance.below(120_000), n));
        }
    }
    arrivals.sort_unstable();

    let mut recorder = Recorder::new(Law::Alaw, 0);
    let mut bytes = Vec::new();
    for (now, n) in arrivals {
        let header = RtpHeader {
            marker: false,
            payload_type: 8,
            sequence: sequence.wrapping_add(n as u16),
            timestamp: timestamp.wrapping_add(n as u32 * 160),
            ssrc: 1,
        };
        recorder.push(Channel::Left, now, Law::Alaw, &header, &[mark(n); 160]);
        while let Some(block) = recorder.advance(now) {
            bytes.extend_from_slice(block);
        }
    }
    let end = PACKETS * 20_000;
    while let Some(block) = recorder.finish(end) {
        bytes.extend_from_slice(block);
    }
    assert_eq!(bytes.len() as u64, PACKETS * 320, "seed {seed}");
    assert_eq!(recorder.missed(), 0, "seed {seed}");
    for (n, frame) in bytes.chunks_exact(320).enumerate() {
        let expected = if arrived[n] { mark(n as u64) } else { Law::Alaw.silence() };
        assert!(frame.iter().step_by(2).all(|b| *b == expected), "seed {seed}, packet {n}");
        assert!(frame.iter().skip(1).step_by(2).all(|b| *b == Law::Alaw.silence()), "seed {seed}");
    }
}

#[test]
fn loss_reordering_and_duplicates() {
    for seed in 0..40 {
        check(seed);
    }
}
