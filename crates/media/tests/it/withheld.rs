//! Secure entry: while keys are withheld nothing of the leg reaches anybody, whatever the telephone does, and they are
//! still reported. Judged with one listener who passes through, one who hears a mix, and a recording.

use std::net::SocketAddr;

use media::bridge::Bridge;
use media::dtmf::Digit;
use media::g711::Law;
use media::inband::DtmfDetector;
use media::leg::{KeyMode, Learning, Leg, LegEvent, LegSeeds};
use media::negotiate::{Codec, Negotiated};
use media::rtp::RtpHeader;
use media::tone::{Sine, level, power_at, to_sample};

use crate::telephones::Room;

const CALLER: usize = 0;
const AGENT: usize = 1;
const SUPERVISOR: usize = 2;

/// The agent hears the caller alone, the supervisor both.
fn room() -> Room {
    room_of(Codec::Pcma)
}

fn room_of(caller: Codec) -> Room {
    let mut room = Room::new(&[caller, Codec::Pcma, Codec::Pcma], &[440.0, 1800.0, 2300.0]);
    room.hearing(&[&[AGENT], &[CALLER], &[CALLER, AGENT]]);
    let [caller, agent] = [CALLER, AGENT].map(|n| room.phones[n].place);
    room.recording = room.bridge.record(room.now, caller, Some(agent));
    room
}

fn withhold(room: &mut Room, mode: KeyMode) {
    room.bridge.set_keys(room.now, room.phones[CALLER].place, mode);
}

fn tones_of(key: char) -> [f64; 2] {
    match key {
        '4' => [770.0, 1209.0],
        '2' => [697.0, 1336.0],
        _ => [941.0, 1336.0],
    }
}

/// Presses a key in the audio, 80 ms, and lets go for 80 ms.
fn press_tone(room: &mut Room, key: char) {
    room.say(CALLER, &tones_of(key));
    room.steps(4);
    room.say(CALLER, &[]);
    room.steps(4);
}

/// Presses a key as an event, 80 ms with three ends, and lets go for 80 ms.
fn press_event(room: &mut Room, key: char) {
    let event = Digit::from_char(key).unwrap().event();
    for age in 0..4 {
        room.event(CALLER, event, age, false);
        room.step();
    }
    for _ in 0..3 {
        room.event(CALLER, event, 4, true);
    }
    room.steps(4);
}

fn keys(samples: &[i16]) -> String {
    let mut detector = DtmfDetector::new();
    let mut keys = String::new();
    detector.push(samples.iter().copied(), |digit| keys.push(digit.to_char()));
    keys
}

/// Asserts that from those samples on no key is anywhere, and that the caller is not heard.
fn assert_nothing_leaked(room: &Room, heard_from: usize, heard_to: usize, what: &str) {
    for hearer in [AGENT, SUPERVISOR] {
        let phone = &room.phones[hearer];
        assert!(phone.events.is_empty(), "{what}: {hearer} got events");
        assert_eq!(keys(&phone.heard[heard_from..]), "", "{what}: {hearer}");
        for tone in [440.0, 697.0, 770.0, 941.0, 1209.0, 1336.0] {
            for piece in phone.heard[heard_from..heard_to].chunks_exact(800) {
                let power = power_at(piece, 8000, tone);
                assert!(power < -40.0, "{what}: {hearer} hears {tone} Hz at {power:.1} dB");
            }
        }
    }
    assert!(room.phones[AGENT].heard[heard_from..heard_to].iter().all(|s| s.unsigned_abs() <= 8), "{what}");
    for side in [0, 1] {
        assert_eq!(keys(&room.channel(side)), "", "{what}: channel {side}");
    }
}

fn secure_entry(press: fn(&mut Room, char), loss: u64, jitter: u64, what: &str) {
    secure_entry_of(Codec::Pcma, press, loss, jitter, what);
}

fn secure_entry_of(caller: Codec, press: fn(&mut Room, char), loss: u64, jitter: u64, what: &str) {
    let mut room = room_of(caller);
    room.network(3, loss, jitter);
    room.steps(100);
    withhold(&mut room, KeyMode::Withhold);
    let began = room.phones[AGENT].heard.len();
    for key in "4220".chars() {
        press(&mut room, key);
    }
    room.say(CALLER, &[440.0]);
    room.steps(20);
    let ended = room.phones[AGENT].heard.len();
    withhold(&mut room, KeyMode::Pass);
    room.steps(100);
    // What the telephones' own buffers held when it began (up to 200 ms) is theirs.
    assert_nothing_leaked(&room, began + 1600, ended, what);
    if loss == 0 {
        let reported: String = room.keys.iter().map(|(_, key)| *key).collect();
        assert_eq!(reported, "4220", "{what}");
    }
    let left = room.channel(0);
    let silent = &left[100 * 160 + 80..(ended / 160) * 160 - 160];
    assert!(silent.iter().all(|s| s.unsigned_abs() <= 8), "{what}: the recording");
    // Afterwards the caller is heard again by all.
    for samples in [&room.phones[AGENT].heard, &room.phones[SUPERVISOR].heard] {
        assert!(power_at(&samples[samples.len() - 4000..], 8000, 440.0) > -10.0, "{what}");
    }
    let proof = room.bridge.end_recording(room.now, room.recording.unwrap()).unwrap();
    assert_eq!(proof.digits_recorded, 0, "{what}");
}

#[test]
fn withheld_keys_of_wide_codecs_reach_nobody_and_are_reported_once() {
    for codec in [Codec::G722, Codec::Opus] {
        secure_entry_of(codec, press_event, 0, 0, &format!("{codec:?}, events"));
        secure_entry_of(codec, press_tone, 0, 0, &format!("{codec:?}, tones"));
    }
}

#[test]
fn withheld_keys_reach_nobody_and_are_reported_once() {
    secure_entry(press_event, 0, 0, "events");
    secure_entry(press_tone, 0, 0, "tones");
    secure_entry(
        |room, key| {
            // Both at once, as some gateways send them.
            room.say(CALLER, &tones_of(key));
            press_event(room, key);
            room.say(CALLER, &[]);
            room.steps(4);
        },
        0,
        0,
        "both",
    );
}

#[test]
fn nor_on_a_bad_network() {
    secure_entry(press_event, 10, 60_000, "events");
    secure_entry(press_tone, 10, 60_000, "tones");
}

#[test]
fn a_press_that_began_before_the_end_is_kept_back_to_its_last_repetition() {
    let mut room = room();
    room.steps(20);
    withhold(&mut room, KeyMode::Withhold);
    for age in 0..3 {
        room.event(CALLER, 7, age, false);
        room.step();
    }
    withhold(&mut room, KeyMode::Pass);
    for age in 3..20 {
        room.event(CALLER, 7, age, age > 6);
        room.step();
    }
    assert!(room.phones[AGENT].events.is_empty() && room.phones[SUPERVISOR].events.is_empty());
    assert_eq!(room.keys, [(CALLER, '7')]);
    // The next press is relayed again, and reported to nobody.
    press_event(&mut room, '9');
    assert!(room.phones[AGENT].events.iter().all(|(key, _, _)| *key == 9));
    assert!(room.phones[AGENT].events.len() >= 5);
    assert_eq!(room.keys.len(), 1);
}

#[test]
fn a_press_under_way_is_cut_off_when_withholding_begins() {
    let mut room = room();
    room.steps(20);
    for age in 0..3 {
        room.event(CALLER, 7, age, false);
        room.step();
    }
    let before = room.phones[AGENT].events.len();
    assert!(before >= 2);
    withhold(&mut room, KeyMode::Withhold);
    for age in 3..8 {
        room.event(CALLER, 7, age, age > 4);
        room.step();
    }
    assert_eq!(room.phones[AGENT].events.len(), before);
}

#[test]
fn reported_keys_are_told_once_and_not_relayed_but_the_voice_is() {
    let mut room = room();
    withhold(&mut room, KeyMode::Report);
    room.steps(50);
    press_event(&mut room, '4');
    press_tone(&mut room, '2');
    assert_eq!(room.keys, [(CALLER, '4')], "a telephone that sends events says its keys by them");
    assert!(room.phones[AGENT].events.is_empty());
    room.say(CALLER, &[440.0]);
    room.steps(50);
    let heard = &room.phones[AGENT].heard;
    assert!(power_at(&heard[heard.len() - 4000..], 8000, 440.0) > -0.1);
    let proof = room.bridge.end_recording(room.now, room.recording.unwrap()).unwrap();
    assert_eq!(proof.digits_recorded, 1);
}

#[test]
fn a_leg_without_events_uses_menus_by_tones() {
    let mut room = room();
    withhold(&mut room, KeyMode::Report);
    room.say(CALLER, &[]);
    room.steps(20);
    for key in "4220".chars() {
        press_tone(&mut room, key);
    }
    let reported: String = room.keys.iter().map(|(_, key)| *key).collect();
    assert_eq!(reported, "4220");
}

#[test]
fn what_a_mixer_still_held_is_thrown_away() {
    let mut room = room();
    room.steps(50);
    let before = room.phones[SUPERVISOR].received.len();
    withhold(&mut room, KeyMode::Withhold);
    room.steps(5);
    let heard: Vec<i16> = room.phones[SUPERVISOR].received[before..]
        .iter()
        .flat_map(|datagram| datagram[12..].iter().map(|byte| Law::Alaw.decode(*byte)))
        .collect();
    // The mixer's last filter rings for a millisecond and a half.
    let heard = &heard[24..];
    assert!(power_at(heard, 8000, 440.0) < -40.0 && power_at(heard, 8000, 1800.0) > -0.2);
}

#[test]
fn a_tone_whose_event_comes_later_is_one_press() {
    let mut room = room();
    withhold(&mut room, KeyMode::Report);
    room.say(CALLER, &[]);
    room.steps(20);
    room.say(CALLER, &tones_of('4'));
    room.steps(5);
    assert_eq!(room.keys, [(CALLER, '4')], "the tone was found first");
    press_event(&mut room, '4');
    room.say(CALLER, &[]);
    room.steps(10);
    assert_eq!(room.keys.len(), 1);
    press_event(&mut room, '4');
    assert_eq!(room.keys, [(CALLER, '4'), (CALLER, '4')]);
}

/// Keys are typed while the caller speaks between them: they reach nobody, the words do.
fn masked(codecs: [Codec; 3], loss: u64, jitter: u64, what: &str) {
    let mut room = Room::new(&codecs, &[440.0, 1800.0, 2300.0]);
    room.hearing(&[&[AGENT], &[CALLER], &[CALLER, AGENT]]);
    let [caller, agent] = [CALLER, AGENT].map(|n| room.phones[n].place);
    room.recording = room.bridge.record(room.now, caller, Some(agent));
    room.network(9, loss, jitter);
    room.steps(50);
    withhold(&mut room, KeyMode::Mask);
    let began = [AGENT, SUPERVISOR].map(|n| room.phones[n].heard.len());
    for key in "4220".chars() {
        press_tone(&mut room, key);
        room.say(CALLER, &[440.0]);
        room.steps(30);
    }
    press_event(&mut room, '2');
    room.steps(20);
    withhold(&mut room, KeyMode::Pass);
    room.steps(50);
    for (hearer, began) in [AGENT, SUPERVISOR].into_iter().zip(began) {
        let phone = &room.phones[hearer];
        assert!(phone.events.is_empty(), "{what}: {hearer} got events");
        // What was heard of the telephone before masking began is over after its buffers.
        let heard = &phone.heard[began + 1600..];
        assert_eq!(keys(heard), "", "{what}: {hearer}");
        let pieces = heard.chunks_exact(160);
        for tone in [770.0, 697.0, 941.0, 1209.0, 1336.0] {
            let sounds = |piece: &[i16]| level(piece) > -40.0 && power_at(piece, 8000, tone) > -4.0;
            assert!(!pieces.clone().any(sounds), "{what}: {hearer} hears {tone} Hz");
        }
        let spoken = pieces.clone().filter(|piece| power_at(piece, 8000, 440.0) > -10.0).count();
        assert!(spoken > 100, "{what}: {hearer} hears {spoken} frames of the voice of {}", pieces.len());
        assert!(power_at(&heard[heard.len() - 3000..], 8000, 440.0) > -10.0, "{what}: {hearer} afterwards");
    }
    assert_eq!(keys(&room.channel(0)[50 * 160..]), "", "{what}: the recording");
    if loss == 0 {
        let reported: String = room.keys.iter().map(|(_, key)| *key).collect();
        assert_eq!(reported, "42202", "{what}");
    }
    let proof = room.bridge.end_recording(room.now, room.recording.unwrap()).unwrap();
    assert_eq!(proof.digits_recorded, 0, "{what}");
}

#[test]
fn masked_keys_reach_nobody_and_what_is_said_between_them_does() {
    for caller in Codec::ALL {
        for agent in [Codec::Pcma, Codec::Pcmu, caller] {
            masked([caller, agent, Codec::Pcma], 0, 0, &format!("{caller:?} to {agent:?}"));
        }
    }
    masked([Codec::Pcma; 3], 3, 30_000, "G.711 with loss");
    masked([Codec::G722, Codec::Pcma, Codec::Pcma], 3, 30_000, "G.722 with loss");
}

#[test]
fn masking_begins_and_ends_without_a_trace_of_what_was_passed_through() {
    for codec in Codec::ALL {
        let mut room = Room::new(&[codec; 2], &[440.0, 1000.0]);
        room.hearing(&[&[AGENT], &[CALLER]]);
        room.steps(50);
        for mode in [KeyMode::Mask, KeyMode::Pass] {
            withhold(&mut room, mode);
            room.steps(60);
            let leg = room.bridge.leg(room.phones[AGENT].place).unwrap();
            // G.711 is masked byte by byte; other codecs have to be decoded for it.
            assert_eq!(leg.hears_a_mix(), mode == KeyMode::Mask && codec.law().is_none(), "{codec:?}");
            let heard = &room.phones[AGENT].heard;
            assert!(power_at(&heard[heard.len() - 4000..], 8000, 440.0) > -0.4, "{codec:?} {mode:?}");
        }
    }
}

#[test]
fn no_piece_of_a_masked_tone_is_heard_wherever_it_begins_in_packets_of_any_length() {
    for (count, tone_ms) in [(80, 40), (160, 40), (160, 200), (240, 45), (320, 60), (480, 100)] {
        for offset in (0..480).step_by(37) {
            let mut bridge = Bridge::new();
            let at: [SocketAddr; 2] = ["192.0.2.1:4000", "192.0.2.2:4000"].map(|a| a.parse().unwrap());
            let places = at.map(|at| {
                let mut leg = Leg::new(LegSeeds::from_seed(1), "mask");
                leg.set_remote(0, Negotiated::plain(Codec::Pcma, at), Learning::Never);
                bridge.add(leg)
            });
            bridge.hear(0, places[1], &[places[0]]);
            bridge.set_keys(0, places[0], KeyMode::Mask);
            let [mut low, mut high] = [770.0, 1336.0].map(|tone| Sine::new(8000, tone, 0.3));
            let mut key = || to_sample(low.next_value() + high.next_value());
            let begin = 2_000 + offset;
            let samples =
                (0..6_000).map(|n| if (begin..begin + tone_ms * 8).contains(&n) { key() } else { 0 });
            let payload: Vec<u8> = samples.map(|s| Law::Alaw.encode(s)).collect();
            let mut heard = Vec::new();
            for (n, payload) in payload.chunks_exact(count).enumerate() {
                let header = RtpHeader {
                    marker: false,
                    payload_type: 8,
                    sequence: n as u16,
                    timestamp: (n * count) as u32,
                    ssrc: 5,
                };
                let mut datagram = vec![0; 12];
                header.write(&mut datagram);
                datagram.extend_from_slice(payload);
                bridge.receive_rtp(0, places[0], at[0], &datagram, &mut [0; 2048], |_, bytes, _| {
                    heard.extend(bytes[12..].iter().map(|byte| Law::Alaw.decode(*byte)));
                });
            }
            assert!(heard.len() >= 5_000);
            let loudest = heard.iter().map(|s| s.unsigned_abs()).max().unwrap();
            assert!(loudest <= 8, "packets of {count}, {tone_ms} ms from {begin} on: {loudest}");
            let leg = bridge.leg_mut(places[0]).unwrap();
            let Some(LegEvent::Key(digit)) = leg.poll_event(0) else { panic!("no key") };
            assert_eq!((digit.to_char(), leg.poll_event(0)), ('5', None));
        }
    }
}
