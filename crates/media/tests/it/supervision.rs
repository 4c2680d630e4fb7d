//! A caller (440 Hz), an agent (1000 Hz) and a supervisor (1500 Hz) in every constellation: what each hears, by tone.

use media::negotiate::Codec;
use media::tone::power_at;

use crate::telephones::Room;

const TONES: [f64; 3] = [440.0, 1000.0, 1500.0];
const CALLER: usize = 0;
const AGENT: usize = 1;
const SUPERVISOR: usize = 2;

/// Who hears whom, in the order of caller, agent, supervisor.
type Constellation = [&'static [usize]; 3];
const LISTEN: Constellation = [&[AGENT], &[CALLER], &[CALLER, AGENT]];
const WHISPER: Constellation = [&[AGENT], &[CALLER, SUPERVISOR], &[CALLER, AGENT]];
const BARGE: Constellation = [&[AGENT, SUPERVISOR], &[CALLER, SUPERVISOR], &[CALLER, AGENT]];
const TAKEN_OVER: Constellation = [&[SUPERVISOR], &[], &[CALLER]];
const NOBODY: Constellation = [&[], &[], &[]];

/// Judges the last half second that each heard, in pieces of 50 ms: a seam of a buffer may spoil a few.
fn judge(room: &Room, constellation: Constellation, what: &str) {
    for (n, phone) in room.phones.iter().enumerate() {
        let last = &phone.heard[phone.heard.len() - 4000..];
        for (other, tone) in TONES.iter().enumerate() {
            let powers: Vec<f64> = last.chunks_exact(400).map(|piece| power_at(piece, 8000, *tone)).collect();
            let who = format!("{what}: {n} of {other}: {powers:.1?}");
            if constellation[n].contains(&other) {
                assert!(powers.iter().filter(|power| **power > -10.0).count() >= 9, "{who}");
            } else {
                assert!(powers.iter().filter(|power| **power > -40.0).count() <= 1, "{who}");
            }
        }
        if constellation[n].is_empty() {
            assert!(phone.is_silent(phone.heard.len() - 4000), "{what}: {n}");
        }
    }
}

fn room(codecs: [Codec; 3]) -> Room {
    Room::new(&codecs, &TONES)
}

#[test]
fn every_constellation_in_any_order_in_the_middle_of_a_call() {
    use Codec::{Pcma, Pcmu};
    for codecs in [[Pcma, Pcma, Pcma], [Pcma, Pcmu, Pcma], [Pcmu, Pcma, Pcmu]] {
        let mut room = room(codecs);
        let order = [
            ("talk", [&[AGENT] as &[usize], &[CALLER], &[]]),
            ("listen", LISTEN),
            ("whisper", WHISPER),
            ("barge", BARGE),
            ("listen again", LISTEN),
            ("barge again", BARGE),
            ("taken over", TAKEN_OVER),
            ("nobody", NOBODY),
            ("whisper again", WHISPER),
        ];
        for (what, constellation) in order {
            room.hearing(&constellation);
            room.steps(50);
            judge(&room, constellation, what);
        }
    }
}

#[test]
fn a_mix_of_a_bad_network_is_still_what_was_said() {
    for seed in 1..=10 {
        let mut room = room([Codec::Pcma, Codec::Pcmu, Codec::Pcma]);
        room.network(seed, 5, 30_000);
        room.hearing(&BARGE);
        room.steps(300);
        for (n, phone) in room.phones.iter().enumerate() {
            let heard = &phone.heard[16_000..];
            for (other, tone) in TONES.iter().enumerate() {
                let pieces = heard.chunks_exact(400);
                let all = pieces.len();
                let found = pieces.filter(|piece| power_at(piece, 8000, *tone) > -10.0).count();
                match other == n {
                    // A covered loss is a click, which has a little of everything.
                    true => assert!(found * 20 < all, "seed {seed}: {n} hears itself in {found} of {all}"),
                    false => assert!(found * 10 > all * 8, "seed {seed}: {n} of {other}: {found} of {all}"),
                }
            }
        }
    }
}

#[test]
fn a_stream_stays_one_stream_when_mixing_begins_and_ends() {
    let mut room = room([Codec::Pcma; 3]);
    for constellation in [LISTEN, BARGE, LISTEN, WHISPER, TAKEN_OVER, BARGE] {
        room.hearing(&constellation);
        room.steps(7);
    }
    for phone in &room.phones {
        let headers: Vec<_> =
            phone.received.iter().map(|d| media::rtp::RtpPacket::parse(d).unwrap().header).collect();
        for pair in headers.windows(2) {
            assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
            assert_eq!(pair[1].ssrc, pair[0].ssrc);
            let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
            assert!((160..1600).contains(&step), "the clock went {step}");
        }
    }
}

#[test]
fn one_to_one_the_payload_is_untouched_byte_for_byte() {
    let mut room = room([Codec::Pcma; 3]);
    room.hearing(&[&[AGENT], &[CALLER], &[AGENT]]);
    let datagram = |n: u16| {
        let mut bytes = vec![0x80, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 77];
        bytes[2..4].copy_from_slice(&n.to_be_bytes());
        bytes[4..8].copy_from_slice(&(u32::from(n) * 160).to_be_bytes());
        // Lengths and bytes of no particular audio.
        bytes.extend((0..usize::from(n) * 3 % 400).map(|at| (at * 7 + usize::from(n)) as u8));
        bytes
    };
    let mut out = [0; 2048];
    let (agent, from) = (room.phones[AGENT].place, room.phones[AGENT].at);
    for n in 1..300u16 {
        let bytes = datagram(n);
        let mut heard = Vec::new();
        room.bridge.receive_rtp(u64::from(n) * 20_000, agent, from, &bytes, &mut out, |to, sent, _| {
            assert_eq!(sent[12..], bytes[12..]);
            heard.push(to);
        });
        heard.sort_unstable();
        assert_eq!(heard, [room.phones[CALLER].place, room.phones[SUPERVISOR].place]);
    }
}

#[test]
fn keys_of_one_in_a_mix_reach_those_who_hear_it_as_one_press() {
    let mut room = room([Codec::Pcma; 3]);
    room.hearing(&WHISPER);
    room.steps(30);
    for age in 0..8 {
        room.event(CALLER, 5, age, age >= 5);
        room.step();
    }
    assert!(room.phones[CALLER].events.is_empty() && room.keys.is_empty());
    for hearer in [AGENT, SUPERVISOR] {
        let events = &room.phones[hearer].events;
        assert_eq!(events.len(), 8);
        assert!(events.iter().all(|(key, _, at)| *key == 5 && *at == events[0].2), "{events:?}");
        // The mix goes on beside them.
        let last = &room.phones[hearer].heard[room.phones[hearer].heard.len() - 800..];
        assert!(power_at(last, 8000, TONES[CALLER]) > -10.0);
    }
}

#[test]
fn who_leaves_is_heard_no_more_and_the_others_go_on() {
    let mut room = room([Codec::Pcma; 3]);
    room.hearing(&BARGE);
    room.steps(50);
    room.bridge.remove(room.now, room.phones[SUPERVISOR].place).unwrap();
    room.steps(50);
    for (n, other) in [(CALLER, AGENT), (AGENT, CALLER)] {
        let last = &room.phones[n].heard[room.phones[n].heard.len() - 4000..];
        assert!(power_at(last, 8000, TONES[other]) > -0.1);
    }
    // Another leg may have its place, and is heard by nobody.
    room.phones[SUPERVISOR].place = usize::MAX;
    let at = room.bridge.add(media::leg::Leg::new(media::leg::LegSeeds::from_seed(99), ""));
    assert_eq!(at, 2);
    room.steps(10);
    let last = &room.phones[CALLER].heard[room.phones[CALLER].heard.len() - 800..];
    assert!(power_at(last, 8000, TONES[AGENT]) > -0.1);
}

#[test]
fn a_recording_has_the_sum_of_agent_and_supervisor_on_the_right() {
    let mut room = room([Codec::Pcma; 3]);
    room.hearing(&BARGE);
    let [caller, agent, supervisor] = [0, 1, 2].map(|n: usize| room.phones[n].place);
    let r = room.bridge.record(room.now, caller, Some(agent)).unwrap();
    room.recording = Some(r);
    room.steps(100);
    assert!(room.bridge.record_also(room.now, r, supervisor));
    room.steps(100);
    room.bridge.record_no_longer(r, supervisor);
    room.steps(100);
    room.bridge.pause_recording(room.now, r, true);
    room.steps(100);
    room.bridge.pause_recording(room.now, r, false);
    room.steps(100);
    let (left, right) = (room.channel(0), room.channel(1));
    for (from, tones) in [(4000, &[AGENT] as &[usize]), (20_000, &[AGENT, SUPERVISOR]), (36_000, &[AGENT])] {
        let (left, right) = (&left[from..from + 8000], &right[from..from + 8000]);
        assert!(power_at(left, 8000, TONES[CALLER]) > -0.1);
        for (n, tone) in TONES.iter().enumerate() {
            let power = power_at(right, 8000, *tone);
            assert_eq!(power > -4.0, tones.contains(&n), "{from}: {n}: {power}");
            assert_eq!(power < -40.0, !tones.contains(&n), "{from}: {n}: {power}");
        }
    }
    let silent = |samples: &[i16]| samples[48_000..64_000].iter().all(|s| s.unsigned_abs() <= 8);
    assert!(silent(&left) && silent(&right));
    assert!(power_at(&left[65_000..73_000], 8000, TONES[CALLER]) > -0.1);
    let proof = room.bridge.end_recording(room.now, r).unwrap();
    assert_eq!((proof.pauses, proof.digits_recorded), (vec![(6000, 8000)], 0));
}
