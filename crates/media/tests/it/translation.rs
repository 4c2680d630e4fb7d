//! Telephones with different codecs hear each other: by tone, in packets of the length that each likes, recorded,
//! with loss, and after one of them changed its codec.

use media::negotiate::Codec;
use media::rtp::RtpPacket;
use media::tone::{level, loudest, power_at};

use crate::telephones::{Room, rate_of};

const TONES: [f64; 2] = [440.0, 1000.0];
const CANDIDATES: [f64; 4] = [300.0, 440.0, 700.0, 1000.0];

fn talking(codecs: [Codec; 2]) -> Room {
    let mut room = Room::new(&codecs, &TONES);
    room.hearing(&[&[1], &[0]]);
    room
}

/// The last half second that a telephone heard, at the rate of its codec.
fn lately(room: &Room, n: usize) -> (u32, &[i16]) {
    let phone = &room.phones[n];
    let rate = rate_of(phone.codec);
    let heard = if rate == 8_000 { &phone.heard } else { &phone.heard_wide };
    (rate, &heard[heard.len() - rate as usize / 2..])
}

/// Each hears the other, purely enough for what was coded up to four times, and about as loud as it was spoken.
fn judge(room: &Room, purity: f64, what: &str) {
    for (n, tone) in [(0, TONES[1]), (1, TONES[0])] {
        let (rate, heard) = lately(room, n);
        assert_eq!(loudest(heard, rate, &CANDIDATES), Some(tone), "{what}: telephone {n}");
        let power = power_at(heard, rate, tone);
        assert!(power > purity, "{what}: telephone {n} hears {tone} Hz at {power:.1} dB");
        let loud = level(heard) + 13.98;
        assert!(loud.abs() < 1.5, "{what}: telephone {n} hears it {loud:.1} dB off");
    }
}

fn purity_of(codecs: [Codec; 2]) -> f64 {
    if codecs.contains(&Codec::Opus) { -0.4 } else { -0.1 }
}

#[test]
fn any_two_codecs() {
    for first in Codec::ALL {
        for second in Codec::ALL {
            let mut room = talking([first, second]);
            room.steps(100);
            judge(&room, purity_of([first, second]), &format!("{first:?} and {second:?}"));
        }
    }
}

#[test]
fn what_both_share_is_passed_through_untouched() {
    for codec in Codec::ALL {
        let mut room = talking([codec; 2]);
        room.phones[0].ms = 40;
        room.steps(20);
        let legs = [0, 1].map(|n| room.bridge.leg(room.phones[n].place).unwrap());
        assert!(legs.iter().all(|leg| !leg.hears_a_mix()), "{codec:?}");
        // The other side gets packets as long as they were spoken.
        let units = room.phones[1].received.iter().map(|bytes| codec.duration(&bytes[12..]).unwrap());
        let expected = codec.clock() * 40 / 1000;
        assert!(units.eq(std::iter::repeat_n(expected, room.phones[1].received.len())), "{codec:?}");
    }
}

/// What a telephone got, without the packets before time `from` (by count): one stream without holes.
fn assert_one_stream(room: &Room, n: usize, from: usize, step: u32, what: &str) {
    let received = &room.phones[n].received[from..];
    let heads: Vec<_> = received.iter().map(|bytes| RtpPacket::parse(bytes).unwrap().header).collect();
    for pair in heads.windows(2) {
        assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1), "{what}");
        assert_eq!(pair[1].timestamp.wrapping_sub(pair[0].timestamp), step, "{what}");
    }
}

#[test]
fn packets_are_as_long_as_each_side_likes() {
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        for liked in [10, 20, 30, 40, 60] {
            for spoken in [10, 20, 30, 40, 60] {
                let other = if codec == Codec::Pcmu { Codec::G722 } else { Codec::Pcma };
                let what = format!("{codec:?}, {liked} ms for {spoken} ms");
                let mut room = talking([codec, other]);
                room.agree(0, codec, liked);
                room.phones[1].ms = spoken;
                room.steps(100);
                judge(&room, purity_of([codec, other]), &what);
                let made = if codec == Codec::Opus && liked == 30 { 20 } else { liked };
                let units = made * codec.clock() / 1000;
                assert_one_stream(&room, 0, 3, units, &what);
                let packets = &room.phones[0].received;
                assert!(packets.iter().all(|bytes| codec.duration(&bytes[12..]) == Some(units)), "{what}");
            }
        }
    }
}

#[test]
fn a_codec_may_change_in_mid_call_on_either_side() {
    use Codec::{G722, Opus, Pcma, Pcmu};
    // The two take turns, so that they share a codec now and then.
    let changes = [Opus, Opus, Pcma, Pcmu, G722, G722, Opus, Pcma];
    let mut room = talking([Codec::Pcma; 2]);
    room.steps(50);
    for (round, codec) in changes.into_iter().enumerate() {
        room.agree(round % 2, codec, 20);
        let both = [0, 1].map(|n| room.phones[n].codec);
        room.steps(100);
        judge(&room, purity_of(both), &format!("round {round}: {both:?}"));
        let passes = both[0].passes_as(both[1]);
        for n in [0, 1] {
            let leg = room.bridge.leg(room.phones[n].place).unwrap();
            assert_eq!(leg.hears_a_mix(), !passes, "round {round}: {both:?}");
        }
    }
    for phone in &room.phones {
        let heads: Vec<_> = phone.received.iter().map(|b| RtpPacket::parse(b).unwrap().header).collect();
        for pair in heads.windows(2) {
            assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1), "a hole in the stream");
            assert_eq!(pair[1].ssrc, pair[0].ssrc);
            let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
            assert!((80..48_000).contains(&step), "the clock went {step}");
        }
    }
}

#[test]
fn whoever_begins_to_be_translated_for_is_told_of() {
    let mut room = Room::new(&[Codec::Pcma, Codec::Opus], &TONES);
    room.steps(2);
    assert_eq!(room.bridge.poll_started(), None);
    room.hearing(&[&[1], &[0]]);
    room.step();
    let mut started: Vec<usize> = std::iter::from_fn(|| room.bridge.poll_started()).collect();
    started.sort_unstable();
    assert_eq!(started, [room.phones[0].place, room.phones[1].place]);
    room.steps(20);
    assert_eq!(room.bridge.poll_started(), None, "once");
}

#[test]
fn loss_and_jitter_are_survived() {
    for codecs in [[Codec::Opus, Codec::Pcma], [Codec::G722, Codec::Pcmu], [Codec::G722, Codec::Opus]] {
        let mut room = talking(codecs);
        room.network(5, 3, 30_000);
        room.steps(500);
        for (n, tone) in [(0, TONES[1]), (1, TONES[0])] {
            let (rate, heard) = lately(&room, n);
            let pieces: Vec<f64> =
                heard.chunks_exact(rate as usize / 20).map(|piece| power_at(piece, rate, tone)).collect();
            assert!(
                pieces.iter().filter(|power| **power > -1.0).count() >= 7,
                "{codecs:?} {n}: {pieces:.1?}"
            );
        }
    }
}

#[test]
fn a_recording_has_both_at_8000_hz_whatever_they_speak() {
    for codecs in [[Codec::Opus, Codec::Pcma], [Codec::G722, Codec::Opus], [Codec::G722, Codec::G722]] {
        let mut room = talking(codecs);
        let [left, right] = [0, 1].map(|n| room.phones[n].place);
        room.recording = room.bridge.record(room.now, left, Some(right));
        room.steps(150);
        for (side, tone) in TONES.into_iter().enumerate() {
            let channel = room.channel(side);
            assert!(channel.len() > 8_000 * 2);
            // The coders need a moment in the beginning.
            let power = power_at(&channel[4_000..], 8_000, tone);
            assert!(power > -0.3, "{codecs:?}: channel {side} has {tone} Hz at {power:.1} dB");
        }
    }
}

#[test]
fn a_supervisor_hears_two_codecs_and_speaks_a_third() {
    let mut room = Room::new(&[Codec::Opus, Codec::Pcma, Codec::G722], &[440.0, 1000.0, 1500.0]);
    room.hearing(&[&[1, 2], &[0, 2], &[0, 1]]);
    room.steps(150);
    for (n, others) in [(0, [1000.0, 1500.0]), (1, [440.0, 1500.0]), (2, [440.0, 1000.0])] {
        let (rate, heard) = lately(&room, n);
        for tone in others {
            let power = power_at(heard, rate, tone);
            assert!((-4.0..-2.2).contains(&power), "{n} hears {tone} Hz at {power:.1} dB");
        }
    }
}

#[test]
fn wide_audio_stays_wide_between_wide_codecs() {
    let mut room = Room::new(&[Codec::G722, Codec::Opus], &[5_500.0, 6_000.0]);
    room.hearing(&[&[1], &[0]]);
    room.steps(100);
    for (n, tone) in [(0, 6_000.0), (1, 5_500.0)] {
        let (rate, heard) = lately(&room, n);
        assert_eq!(rate, 16_000);
        assert!(power_at(heard, rate, tone) > -3.0, "{n}: {:.1} dB", power_at(heard, rate, tone));
    }
}

#[test]
fn the_pauses_of_a_speaker_sound_as_it_says_and_break_nothing() {
    for hearer in Codec::ALL {
        let mut room = talking([Codec::Pcma, hearer]);
        let [left, right] = [0, 1].map(|n| room.phones[n].place);
        room.recording = room.bridge.record(room.now, left, Some(right));
        room.steps(50);
        let mut noises = Vec::new();
        for _ in 0..3 {
            room.pause(0, 40, 45);
            room.steps(60);
            let (rate, heard) = lately(&room, 1);
            // Half a second ago the pause was under way; the tone is back since.
            let (pause, talk) = heard.split_at(rate as usize / 25);
            noises.push(level(pause));
            assert!(power_at(&talk[talk.len() / 2..], rate, TONES[0]) > -0.4, "{hearer:?}");
        }
        // The first pause begins the mixer, so the others are those to go by. -45 dBov are -42 dB of a sine.
        for noise in &noises[1..] {
            assert!((noise + 42.0).abs() < 3.0, "{hearer:?}: {noises:.1?}");
        }
        let recorded = room.channel(0);
        // Time stands true in the recording: talk, pause and talk are where they were.
        for (from, to, talks) in [(0.1, 0.95, true), (1.1, 1.7, false), (1.9, 2.1, true), (2.3, 2.9, false)] {
            let piece = &recorded[(from * 8000.0) as usize..(to * 8000.0) as usize];
            assert_eq!(level(piece) > -30.0, talks, "{hearer:?}: {from} to {to} s: {:.1} dB", level(piece));
        }
    }
}

#[test]
fn pauses_without_a_word_break_nothing_either() {
    for codecs in [[Codec::Opus, Codec::Pcma], [Codec::G722, Codec::Pcmu], [Codec::Opus, Codec::Opus]] {
        let mut room = talking(codecs);
        room.steps(50);
        for pause in [1, 3, 10, 50, 200] {
            room.be_silent(0, pause);
            room.steps(pause as usize + 60);
            judge(&room, purity_of(codecs), &format!("{codecs:?} after {pause} packets"));
        }
    }
}
