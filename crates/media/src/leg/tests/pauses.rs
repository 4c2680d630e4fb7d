//! Pauses that are filled with silence.

use super::*;

/// A leg whose pauses are filled.
fn filled(codec: Codec) -> Leg {
    let mut leg = leg(codec);
    leg.fill_pauses(true);
    leg
}

const SECOND: Micros = 1_000_000;

#[test]
fn a_far_end_is_never_left_without_packets_longer_than_the_longest_pause() {
    for codec in [Codec::Pcma, Codec::Pcmu, Codec::G722, Codec::Opus] {
        let mut leg = filled(codec);
        assert_eq!(leg.deadline(), Some(LONGEST_PAUSE), "whoever waits for the deadline finds the pause");
        let sent = ticked(&mut leg, 0..10 * SECOND);
        // From the end of the pause on one each 20 ms.
        assert_eq!(sent.len() as u64, (10 * SECOND - LONGEST_PAUSE) / 20_000, "{codec:?}");
        assert_eq!(sent[0].0, LONGEST_PAUSE);
        for pair in sent.windows(2) {
            assert_eq!(pair[1].1.sequence, pair[0].1.sequence.wrapping_add(1));
            let step = pair[1].1.timestamp.wrapping_sub(pair[0].1.timestamp);
            assert_eq!((step, pair[1].1.marker), (codec.clock() / 50, false), "{codec:?}");
        }
        if let Some(law) = codec.law() {
            assert!(sent.iter().all(|(.., payload)| payload.iter().all(|b| law.decode(*b).abs() <= 8)));
        }
    }
    // Nobody asked for it.
    assert!(ticked(&mut leg(Codec::Pcma), 0..10 * SECOND).is_empty());
}

#[test]
fn audio_of_others_ends_the_silence_and_its_end_begins_it_again() {
    let mut leg = filled(Codec::Pcma);
    assert!(!ticked(&mut leg, 0..SECOND).is_empty());
    let mut heads = Vec::new();
    for n in 0..50u32 {
        let now = SECOND + u64::from(n) * 20_000;
        heads.push(relayed(&mut leg, now, 1, &audio(n, 5)).unwrap());
        assert!(ticked(&mut leg, now..now + 20_000).is_empty(), "nothing goes out beside what is said");
    }
    assert!(heads[0].marker && heads[1..].iter().all(|h| !h.marker));
    // The last packet went out 20 ms before the end of the second.
    let last = 2 * SECOND - 20_000;
    let silence = ticked(&mut leg, 2 * SECOND..3 * SECOND);
    assert_eq!(silence[0].0, last + LONGEST_PAUSE);
    let (end, begins) = (heads[49], silence[0].1);
    assert_eq!(begins.sequence, end.sequence.wrapping_add(1));
    assert_eq!(begins.timestamp.wrapping_sub(end.timestamp), (LONGEST_PAUSE / 125) as u32);
    assert!(begins.marker);
    // A prompt takes its place at once.
    leg.play(3 * SECOND, Prompt::silence(1_000), Repeat::Once);
    assert_eq!(ticked(&mut leg, 3 * SECOND..4 * SECOND).len(), 50);
}

#[test]
fn a_far_end_that_is_not_to_be_sent_to_gets_nothing_and_gets_it_when_it_may() {
    let mut leg = filled(Codec::Pcma);
    assert!(!ticked(&mut leg, 0..SECOND).is_empty());
    for direction in [Direction::Inactive, Direction::RecvOnly] {
        let held = Negotiated { direction, remote_holds: true, ..agreed(Codec::Pcma) };
        leg.set_remote(SECOND, held, Learning::Never);
        assert!(ticked(&mut leg, SECOND..5 * SECOND).is_empty(), "{direction:?}");
    }
    // Reports go on: they say that we are there.
    assert!(leg.rtcp_due(9 * SECOND, &mut [0; 512], 0).is_some());
    leg.set_remote(10 * SECOND, agreed(Codec::Pcma), Learning::Never);
    let sent = ticked(&mut leg, 10 * SECOND..11 * SECOND);
    assert_eq!(sent[0].0, 10 * SECOND + LONGEST_PAUSE);
    assert_eq!(sent.len(), 30);
}

#[test]
fn a_key_of_others_keeps_one_timestamp_while_silence_begins_and_ends() {
    let mut leg = filled(Codec::Pcma);
    ticked(&mut leg, 0..SECOND);
    let mut stamps = Vec::new();
    let mut key = |leg: &mut Leg, now: Micros, n: u32| {
        let event = TelephoneEvent { event: 1, end: false, volume: 10, duration: n as u16 * 160 };
        let payload = event.write();
        let header = RtpHeader { marker: n == 1, timestamp: 101 * 160, ssrc: 5, ..header(100 + n) };
        let packet = Packet { content: Content::Event { clock: 8_000 }, header, payload: &payload };
        stamps.push(relayed(leg, now, 1, &packet).unwrap().timestamp);
    };
    for n in 1..10u32 {
        let now = SECOND + u64::from(n) * 20_000;
        key(&mut leg, now, n);
        ticked(&mut leg, now..now + 20_000);
    }
    // The speaker's audio comes beside the key.
    relayed(&mut leg, 1_200_000, 1, &audio(110, 5)).unwrap();
    for n in 10..20u32 {
        key(&mut leg, SECOND + u64::from(n) * 20_000 + 1_000, n);
    }
    assert!(stamps.iter().all(|t| *t == stamps[0]), "{stamps:?}");
    // And one that begins in a pause that is not filled yet.
    let mut leg = filled(Codec::Pcma);
    relayed(&mut leg, 0, 1, &audio(100, 5)).unwrap();
    stamps.clear();
    for n in 1..60u32 {
        let now = u64::from(n) * 20_000;
        let event = TelephoneEvent { event: 1, end: false, volume: 10, duration: n as u16 * 160 };
        let payload = event.write();
        let header = RtpHeader { marker: n == 1, timestamp: 101 * 160, ssrc: 5, ..header(100 + n) };
        let packet = Packet { content: Content::Event { clock: 8_000 }, header, payload: &payload };
        stamps.push(relayed(&mut leg, now, 1, &packet).unwrap().timestamp);
        assert!(ticked(&mut leg, now..now + 20_000).is_empty(), "a key that is held is no pause");
    }
    assert!(stamps.iter().all(|t| *t == stamps[0]), "{stamps:?}");
}
