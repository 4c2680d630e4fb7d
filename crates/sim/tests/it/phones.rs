//! Calls between phones, judged by tones, in fair weather and foul.

use crate::switchboard::{World, house};
use media::leg::{Learning, Leg, LegSeeds, Repeat};
use media::negotiate::{Codec, Direction, LocalSession};
use media::prompt::Prompt;
use media::sdp::SessionDescription;
use media::tone::loudest;
use sim::{Audio, Chance, PhoneEvent, PhoneId, Phones, PhonesInput, PhonesTransmit, Weather};
use sip::{Destination, Endpoint, Event, Hangup, Input, Limits, Local, Time, Transport};
use std::net::SocketAddr;

fn fair() -> World {
    World::new(Weather::fair(), 1)
}

fn dial(w: &mut World) -> PhoneId {
    let now = w.now;
    w.houses[0].dial(now, "+15550100", "Anna \"Berg\"", house(1), "500", Audio::Tone(440), 20_000)
}

fn up(w: &mut World) -> (PhoneId, PhoneId) {
    let a = dial(w);
    let b = w.wait_ring(1);
    let now = w.now;
    w.houses[1].answer(now, b, Audio::Tone(1_000), 30_000);
    w.wait_for(0, PhoneEvent::Answered { phone: a });
    w.wait_for(1, PhoneEvent::Answered { phone: b });
    (a, b)
}

#[test]
fn a_call_rings_is_answered_heard_and_ended() {
    let mut w = fair();
    let a = dial(&mut w);
    let (b, user) = w.wait(1, |e| match e {
        PhoneEvent::Rings { phone, user } => Some((*phone, user.clone())),
        _ => None,
    });
    assert_eq!(user, "500");
    assert_eq!(w.houses[1].caller(b), Some("+15550100"));
    let now = w.now;
    w.houses[1].ring(now, b);
    w.wait_for(0, PhoneEvent::RingingThere { phone: a, code: 180 });
    w.run_ms(3_000);
    let now = w.now;
    w.houses[1].answer(now, b, Audio::Tone(1_000), 30_000);
    w.wait_for(0, PhoneEvent::Answered { phone: a });
    w.wait_for(1, PhoneEvent::Answered { phone: b });
    w.run_ms(20_000);
    assert_eq!((w.tone(0, a), w.tone(1, b)), (Some(1_000.0), Some(440.0)));
    let [at_a, at_b] = [w.houses[0].stats(a), w.houses[1].stats(b)].map(Option::unwrap);
    assert!((995..=1_005).contains(&at_a.sent_packets), "{}", at_a.sent_packets);
    assert!(at_a.received_packets >= 995 && at_b.received_packets >= 995 && at_a.lost == 0 && at_b.lost == 0);
    assert!(at_a.round_trip_us.is_some_and(|us| (1_900..2_200).contains(&us)), "reports go both ways");
    let now = w.now;
    w.houses[1].hang_up(now, b);
    w.wait_for(0, PhoneEvent::Ended { phone: a, how: Hangup::Far });
    w.wait_for(1, PhoneEvent::Ended { phone: b, how: Hangup::Near });
    assert!(w.houses[0].is_empty() && w.houses[1].is_empty());
    w.assert_empty();
}

#[test]
fn hold_and_resume_from_either_side() {
    let mut w = fair();
    let (a, b) = up(&mut w);
    for (near, phone, far, other) in [(0, a, 1, b), (1, b, 0, a)] {
        let now = w.now;
        w.houses[near].hold(now, phone, true);
        w.wait_for(near, PhoneEvent::Held { phone, on: true });
        w.wait_for(far, PhoneEvent::HeldByFar { phone: other, on: true });
        w.run_ms(2_500);
        assert_eq!((w.tone(0, a), w.tone(1, b)), (None, None), "nobody hears anybody");
        let now = w.now;
        w.houses[near].hold(now, phone, false);
        w.wait_for(near, PhoneEvent::Held { phone, on: false });
        w.wait_for(far, PhoneEvent::HeldByFar { phone: other, on: false });
        w.run_ms(2_500);
        assert_eq!((w.tone(0, a), w.tone(1, b)), (Some(1_000.0), Some(440.0)), "and again as before");
    }
    // Held for longer than a dead line is endured.
    let now = w.now;
    w.houses[0].hold(now, a, true);
    w.run_ms(60_000);
    assert!(w.houses[0].is_up(a) && w.houses[1].is_up(b));
    let now = w.now;
    w.houses[0].hang_up(now, a);
    w.wait_for(1, PhoneEvent::Ended { phone: b, how: Hangup::Far });
    w.assert_empty();
}

/// A far end made by hand: it speaks before it answers, and later asks us for an offer.
#[test]
fn early_audio_is_heard_and_an_offer_is_made_when_asked_for() {
    let udp = |addr| Destination { transport: Transport::Udp, addr, connection: None };
    let local = Local { transport: Transport::Udp, addr: house(1) };
    let mut far = Endpoint::new(&[local], "far", 9, Limits::default());
    let mut phones = Phones::new(house(0), house(0).ip(), 1);
    let mut now = Time(0);
    let a = phones.dial(now, "100", "A", house(1), "500", Audio::Silence, 20_000);
    let mut rtp_sent = 0;
    // Carries SIP both ways until both are silent.
    let mut carry = |now: Time, phones: &mut Phones, far: &mut Endpoint| {
        let mut events = Vec::new();
        loop {
            let mut quiet = true;
            while let Some(out) = phones.poll_transmit() {
                match out {
                    PhonesTransmit::Sip { bytes, .. } => {
                        far.handle(now, Input::Received { from: udp(house(0)), bytes: &bytes });
                        quiet = false;
                    }
                    PhonesTransmit::Rtp { .. } => rtp_sent += 1,
                }
            }
            while let Some(t) = far.poll_transmit() {
                phones.handle(now, PhonesInput::Sip { from: house(1), bytes: &t.bytes });
                quiet = false;
            }
            events.extend(std::iter::from_fn(|| far.poll_event()));
            if quiet {
                return (events, rtp_sent);
            }
        }
    };
    let (events, _) = carry(now, &mut phones, &mut far);
    let [Event::Incoming(incoming)] = &events[..] else { panic!("an INVITE comes") };
    let offer = SessionDescription::parse(incoming.message.body()).unwrap();
    let media = SocketAddr::new(house(1).ip(), 30_000);
    let mut session = LocalSession::new(media, 7, &[Codec::Pcmu], false);
    let (answer, agreed) = session.answer(&offer, Direction::SendRecv).unwrap();
    let answer = answer.write();
    far.progress(now, incoming.call, 183, answer.as_bytes());
    carry(now, &mut phones, &mut far);
    assert_eq!(phones.poll_event(), Some(PhoneEvent::RingingThere { phone: a, code: 183 }));
    let mut leg = Leg::new(LegSeeds::from_seed(3), "far");
    leg.set_remote(0, agreed, Learning::Never);
    leg.play(0, Prompt::tone(425.0, 1_000, 0.3), Repeat::Forever);
    let mut buffer = [0; 500];
    while now < Time(1_500_000) {
        now = Time(now.0 + 20_000);
        while let Some((len, _)) = leg.tick(now.0, &mut buffer) {
            phones.handle(now, PhonesInput::Rtp { port: 20_000, from: media, bytes: &buffer[..len] });
        }
    }
    assert_eq!(loudest(&phones.heard(now, a), 8_000, &[425.0, 440.0]), Some(425.0));
    let (_, sent) = carry(now, &mut phones, &mut far);
    assert_eq!(sent, 0, "nobody speaks to a ringing tone");

    // Everything was said in the 183 already: some send an empty 200 then.
    far.accept(now, incoming.call, b"");
    carry(now, &mut phones, &mut far);
    assert_eq!(phones.poll_event(), Some(PhoneEvent::Answered { phone: a }));
    now = Time(now.0 + 100_000);
    phones.handle(now, PhonesInput::Tick);
    let (_, sent) = carry(now, &mut phones, &mut far);
    assert!(sent >= 5, "{sent}");

    assert!(far.reoffer(now, incoming.call, b""));
    let (events, _) = carry(now, &mut phones, &mut far);
    let body =
        events.iter().find_map(|e| if let Event::Reanswered { body, .. } = e { Some(body) } else { None });
    let theirs = SessionDescription::parse(body.expect("an offer comes back")).unwrap();
    assert_eq!((theirs.media[0].port, theirs.media[0].formats[0].as_str()), (20_000, "0"));
    // No answer came with the ACK, so there is nothing that both agreed on: the phone hangs up.
    assert_eq!(phones.poll_event(), Some(PhoneEvent::Ended { phone: a, how: Hangup::Near }));
    assert!(phones.is_empty());
}

#[test]
fn both_hold_at_once_and_both_get_it() {
    let mut w = fair();
    let (a, b) = up(&mut w);
    let now = w.now;
    w.houses[0].hold(now, a, true);
    w.houses[1].hold(now, b, true);
    w.wait_for(0, PhoneEvent::Held { phone: a, on: true });
    w.wait_for(1, PhoneEvent::Held { phone: b, on: true });
    let now = w.now;
    w.houses[0].hold(now, a, false);
    w.houses[1].hold(now, b, false);
    w.wait_for(0, PhoneEvent::Held { phone: a, on: false });
    w.wait_for(1, PhoneEvent::Held { phone: b, on: false });
    w.run_ms(2_000);
    assert_eq!((w.tone(0, a), w.tone(1, b)), (Some(1_000.0), Some(440.0)));
    let now = w.now;
    w.houses[0].hang_up(now, a);
    w.assert_empty();
}

#[test]
fn a_call_is_declined_or_given_up() {
    let mut w = fair();
    let a = dial(&mut w);
    let b = w.wait_ring(1);
    let now = w.now;
    w.houses[1].decline(now, b, 486);
    w.wait_for(0, PhoneEvent::Refused { phone: a, code: 486 });

    let a = dial(&mut w);
    let b = w.wait_ring(1);
    let now = w.now;
    w.houses[1].ring(now, b);
    w.run_ms(4_000);
    let now = w.now;
    w.houses[0].hang_up(now, a);
    w.wait_for(1, PhoneEvent::GaveUp { phone: b });
    w.wait_for(0, PhoneEvent::Refused { phone: a, code: 487 });
    w.assert_empty();
}

#[test]
fn keys_are_heard_once_each() {
    let mut w = fair();
    let (a, b) = up(&mut w);
    for key in "0459*#".chars() {
        let now = w.now;
        assert!(w.houses[0].press(now, a, key));
        w.wait_for(1, PhoneEvent::Pressed { phone: b, key });
        w.run_ms(300);
    }
    assert!(!w.events[1].iter().any(|e| matches!(e, PhoneEvent::Pressed { .. })));
    let now = w.now;
    assert!(!w.houses[0].press(now, a, 'x'));
    w.run_ms(1_500);
    assert_eq!(w.tone(1, b), Some(440.0), "the sound goes on");
    let now = w.now;
    w.houses[0].hang_up(now, a);
    w.assert_empty();
}

#[test]
fn a_far_end_that_is_gone_without_a_word_is_hung_up() {
    let mut w = fair();
    up(&mut w);
    w.network.set_weather(Weather { lost_in_thousand: 1_000, ..Weather::fair() });
    w.run_ms(29_000);
    assert_eq!((w.houses[0].len(), w.houses[1].len()), (1, 1));
    w.run_ms(3_000);
    assert_eq!((w.houses[0].len(), w.houses[1].len()), (0, 0));
    w.assert_empty();
}

#[test]
fn in_foul_weather_tones_are_still_heard_and_everything_ends() {
    for seed in 1..=20 {
        let weather = Weather {
            lost_in_thousand: 100,
            doubled_in_thousand: 50,
            delay_us_min: 5_000,
            delay_us_max: 60_000,
        };
        let mut w = World::new(weather, seed);
        let (a, b) = up(&mut w);
        w.run_ms(3_000);
        assert_eq!((w.tone(0, a), w.tone(1, b)), (Some(1_000.0), Some(440.0)), "seed {seed}");
        let lost = w.houses[0].stats(a).unwrap().lost;
        assert!(lost > 0, "seed {seed}: the weather is foul");
        for on in [true, false] {
            let now = w.now;
            w.houses[1].hold(now, b, on);
            w.wait_for(1, PhoneEvent::Held { phone: b, on });
            w.wait_for(0, PhoneEvent::HeldByFar { phone: a, on });
            w.run_ms(2_000);
            assert_eq!(w.tone(0, a).is_none(), on, "seed {seed}");
        }
        let now = w.now;
        assert!(w.houses[0].press(now, a, '7'));
        w.wait_for(1, PhoneEvent::Pressed { phone: b, key: '7' });
        let now = w.now;
        w.houses[0].hang_up(now, a);
        w.wait(1, |e| matches!(e, PhoneEvent::Ended { .. }).then_some(()));
        w.assert_empty();
    }
}

#[test]
fn whatever_people_do_in_foul_weather_each_call_ends_once() {
    for seed in 1..=20 {
        let weather = Weather {
            lost_in_thousand: 150,
            doubled_in_thousand: 100,
            delay_us_min: 1_000,
            delay_us_max: 400_000,
        };
        let mut w = World::new(weather, seed);
        let mut chance = Chance::new(seed);
        let mut mine: Vec<PhoneId> = Vec::new();
        let mut theirs: Vec<PhoneId> = Vec::new();
        for n in 0..8u16 {
            let now = w.now;
            let port = 20_000 + 2 * n;
            mine.push(w.houses[0].dial(now, "100", "A", house(1), "500", Audio::Tone(440), port));
        }
        for round in 0..60u16 {
            w.run_ms(300);
            let now = w.now;
            let mut i = 0;
            while i < w.events[1].len() {
                if let PhoneEvent::Rings { phone, .. } = w.events[1][i] {
                    theirs.push(phone);
                    w.events[1].remove(i);
                } else {
                    i += 1;
                }
            }
            let any =
                |chance: &mut Chance, of: &[PhoneId]| of.get(chance.below(of.len() as u64) as usize).copied();
            if let (Some(a), Some(b)) = (any(&mut chance, &mine), any(&mut chance, &theirs)) {
                match chance.below(8) {
                    0 => w.houses[0].hang_up(now, a),
                    1 => w.houses[0].hold(now, a, chance.in_thousand(500)),
                    2 => w.houses[1].hold(now, b, chance.in_thousand(500)),
                    3 => w.houses[1].decline(now, b, 486),
                    4 => w.houses[1].ring(now, b),
                    5 => drop(w.houses[0].press(now, a, '1')),
                    _ => w.houses[1].answer(now, b, Audio::Tone(1_000), 30_000 + 2 * round),
                }
            }
        }
        let now = w.now;
        mine.iter().for_each(|a| w.houses[0].hang_up(now, *a));
        w.assert_empty();
        for a in mine {
            let ends = w.events[0].iter().filter(|e| match e {
                PhoneEvent::Refused { phone, .. } | PhoneEvent::Ended { phone, .. } => *phone == a,
                _ => false,
            });
            assert_eq!(ends.count(), 1, "seed {seed}");
        }
    }
}
