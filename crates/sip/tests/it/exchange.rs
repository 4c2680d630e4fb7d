//! Changes of a running call: re-INVITE and UPDATE, both at once, and INFO.

use crate::network::{Weather, World, ended, reanswered, reoffer};
use sip::{CallId, Event, Hangup, Input, Transport};
use std::time::Duration;

fn fair() -> World {
    World::new(Transport::Udp, Weather::default(), 7)
}

fn reoffer_refused(e: &Event) -> Option<u16> {
    if let Event::ReofferRefused { code, .. } = e { Some(*code) } else { None }
}

fn end(mut w: World, a: CallId) {
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    w.wait(1, ended);
    w.assert_empty();
}

#[test]
fn an_update_offers_and_is_answered_without_an_ack() {
    let mut w = fair();
    let (a, b) = w.up();
    for (from, call, to) in [(0, a, 1), (1, b, 0)] {
        let now = w.now;
        assert!(w.sides[from].endpoint.update(now, call, b"other"));
        assert!(!w.sides[from].endpoint.update(now, call, b"again"), "one at a time");
        assert!(!w.sides[from].endpoint.reoffer(now, call, b"again"), "one at a time");
        let (far, body) = w.wait(to, reoffer);
        assert_eq!(body, b"other");
        let now = w.now;
        w.sides[to].endpoint.answer_reoffer(now, far, b"so be it");
        assert_eq!(w.wait(from, reanswered), b"so be it");
    }
    assert_eq!((w.sent(0, "ACK"), w.sent(1, "ACK")), (1, 0), "only that of the INVITE");
    end(w, a);
}

#[test]
fn an_update_without_a_body_asks_nobody() {
    let mut w = fair();
    let (a, b) = w.up();
    for (side, call) in [(0, a), (1, b)] {
        let now = w.now;
        assert!(w.sides[side].endpoint.update(now, call, b""));
        assert_eq!(w.wait(side, reanswered), b"");
        assert!(w.sides[1 - side].events.is_empty());
    }
    end(w, a);
}

#[test]
fn an_update_that_is_refused_or_forgotten_leaves_the_call_up() {
    let mut w = fair();
    let (a, _) = w.up();
    let now = w.now;
    w.sides[0].endpoint.update(now, a, b"x");
    let (far, _) = w.wait(1, reoffer);
    let now = w.now;
    w.sides[1].endpoint.reject_reoffer(now, far, 488);
    assert_eq!(w.wait(0, reoffer_refused), 488);
    // The caller of the room does not answer: refused before the far end would take the call for dead.
    let start = w.now;
    w.sides[0].endpoint.update(start, a, b"x");
    w.wait(1, reoffer);
    assert_eq!(w.wait(0, reoffer_refused), 500);
    assert!(w.now.since(start) < Duration::from_secs(17));
    let now = w.now;
    w.sides[1].endpoint.answer_reoffer(now, far, b"too late");
    w.drain();
    let start = w.now;
    w.sides[0].endpoint.reoffer(start, a, b"x");
    w.wait(1, reoffer);
    assert_eq!(w.wait(0, reoffer_refused), 500);
    assert!(w.now.since(start) < Duration::from_secs(61));
    end(w, a);
}

#[test]
fn a_far_end_that_does_not_list_update_gets_none() {
    let mut w = fair();
    w.filter = Box::new(|_, _| true);
    let (a, b) = w.up();
    // Its messages say otherwise from now on.
    let (from, now) = (w.sides[0].addr, w.now);
    let reinvite = {
        w.sides[0].endpoint.reoffer(now, a, b"x");
        let sent = w.sides[0].endpoint.poll_transmit().unwrap().bytes;
        String::from_utf8(sent.to_vec()).unwrap().replace(", UPDATE", "")
    };
    w.sides[1].endpoint.handle(now, Input::Received { from, bytes: reinvite.as_bytes() });
    w.sides[1].endpoint.answer_reoffer(now, b, b"y");
    w.wait(1, |e| matches!(e, Event::Acknowledged { .. }).then_some(()));
    let now = w.now;
    assert!(!w.sides[1].endpoint.update(now, b, b"z"));
    assert!(w.sides[0].endpoint.update(now, a, b""), "our own side is not concerned");
    w.wait(0, |e| matches!(e, Event::Reanswered { body, .. } if body.is_empty()).then_some(()));
    end(w, a);
}

/// Both sides answer what comes and offer again what was refused for glare, until nothing is left to do.
fn settle(w: &mut World, calls: [CallId; 2], still: Duration) -> [Vec<&'static str>; 2] {
    let mut seen = [Vec::new(), Vec::new()];
    let until = w.now + still;
    while w.step(until) {
        for n in 0..2 {
            for e in std::mem::take(&mut w.sides[n].events) {
                let now = w.now;
                match e {
                    Event::Reoffer { call, .. } => {
                        seen[n].push("asked");
                        w.sides[n].endpoint.answer_reoffer(now, call, b"yes");
                    }
                    Event::Reanswered { .. } => seen[n].push("answered"),
                    Event::ReofferRefused { code, .. } => {
                        seen[n].push(if code == 491 { "gave way" } else { "too early" });
                        // Not while their offer is open.
                        let _ = w.sides[n].endpoint.reoffer(now, calls[n], b"mine");
                    }
                    _ => {}
                }
            }
        }
    }
    seen
}

#[test]
fn both_at_once_wait_by_chance_and_the_owner_of_the_call_id_longer() {
    for seed in 1..30 {
        for updates in [[false, false], [true, true], [true, false], [false, true]] {
            let mut w = World::new(Transport::Udp, Weather::default(), seed);
            let (a, b) = w.up();
            let (start, calls) = (w.now, [a, b]);
            for n in 0..2 {
                let e = &mut w.sides[n].endpoint;
                let sent = if updates[n] {
                    e.update(start, calls[n], b"mine")
                } else {
                    e.reoffer(start, calls[n], b"mine")
                };
                assert!(sent);
            }
            let seen = settle(&mut w, calls, Duration::from_secs(10));
            // Side 1 is first, within two seconds; side 0 made the Call-ID and gives way to it.
            assert_eq!(seen[1], ["answered"], "seed {seed} {updates:?}");
            assert_eq!(seen[0], ["gave way", "asked"], "seed {seed} {updates:?}");
            end(w, a);
        }
    }
}

#[test]
fn an_offer_that_always_meets_another_is_given_back() {
    let mut w = fair();
    let (a, _) = w.up();
    let now = w.now;
    assert!(w.sides[0].endpoint.reoffer(now, a, b"x"));
    // The far end says 491 to everything.
    w.filter = Box::new(|n, b| n == 1 || !b.starts_with(b"INVITE"));
    let mut told = 0;
    for _ in 0..400 {
        w.drain();
        let cseq = w.trace.iter().filter(|(n, l)| *n == 0 && l.starts_with("INVITE")).count();
        if cseq > told + 1 {
            told = cseq - 1;
            let (from, now) = (w.sides[1].addr, w.now);
            let text = w.last_sent(0, "INVITE").unwrap();
            let answer = crate::calls::answer_in_dialog(&text, 491);
            w.sides[0].endpoint.handle(now, Input::Received { from, bytes: &answer });
        }
        w.run_for(Duration::from_millis(50));
    }
    assert_eq!(w.wait(0, reoffer_refused), 491);
    assert_eq!(told, 5, "once, and four times again");
    w.filter = Box::new(|_, _| true);
    end(w, a);
}

#[test]
fn keys_by_info_keep_their_order_and_each_is_answered() {
    for weather in [Weather::default(), Weather { lost: 250, doubled: 200, delay_ms: 300 }] {
        let mut w = World::new(Transport::Udp, Weather::default(), 11);
        let (a, b) = w.up();
        w.set_weather(weather);
        let now = w.now;
        let keys: Vec<String> = (0..20).map(|k| format!("Signal={k}\r\nDuration=100\r\n")).collect();
        for key in &keys {
            assert!(w.sides[0].endpoint.inform(now, a, "application/dtmf-relay", key.as_bytes()));
        }
        w.run_for(Duration::from_secs(400));
        let heard: Vec<String> = (w.sides[1].events.iter())
            .filter_map(|e| match e {
                Event::Info { call, content_type, body } => {
                    assert_eq!((*call, &content_type[..]), (b, "application/dtmf-relay"));
                    Some(String::from_utf8(body.clone()).unwrap())
                }
                _ => None,
            })
            .collect();
        assert_eq!(heard, keys);
        let answered =
            w.sides[0].events.iter().filter(|e| matches!(e, Event::Informed { code: 200, .. })).count();
        assert_eq!(answered, 20);
        w.set_weather(Weather::default());
        end(w, a);
    }
}

#[test]
fn info_is_bounded_and_packages_are_refused() {
    let mut w = fair();
    let (a, b) = w.up();
    let now = w.now;
    let taken = (0..50).filter(|_| w.sides[0].endpoint.inform(now, a, "text/x", b"1")).count();
    assert_eq!(taken, 33, "one is out, 32 wait");
    w.filter = Box::new(|n, b| n == 1 || !b.starts_with(b"INFO"));
    let sent = w.sides[0].endpoint.poll_transmit().unwrap().bytes;
    let text = String::from_utf8(sent.to_vec()).unwrap();
    let with = |line: &str| text.replace("Content-Length", &format!("{line}\r\nContent-Length"));
    let (from, now) = (w.sides[0].addr, w.now);
    w.sides[1].endpoint.handle(now, Input::Received { from, bytes: with("Info-Package: x").as_bytes() });
    let out = w.sides[1].endpoint.poll_transmit().unwrap().bytes;
    assert!(out.starts_with(b"SIP/2.0 469 "));
    // It answers nothing: each of ours ends, and the call stays up, for a phone may know no INFO.
    w.run_for(Duration::from_secs(33 * 33));
    let ends = w.sides[0].events.iter().filter(|e| matches!(e, Event::Informed { .. })).count();
    assert_eq!((ends, w.sides[0].endpoint.calls()), (33, 1));
    let now = w.now;
    w.sides[1].endpoint.hang_up(now, b, "");
    assert_eq!(w.wait(0, ended), Hangup::Far);
    assert!(!w.sides[0].endpoint.inform(now, a, "", b""));
    w.assert_empty();
}

#[test]
fn exchanges_in_foul_weather_leave_nothing_open() {
    for seed in 1..=40 {
        let mut w = World::new(Transport::Udp, Weather::default(), seed);
        let (a, b) = w.up();
        w.set_weather(Weather { lost: 150, doubled: 150, delay_ms: 300 });
        for round in 0..12 {
            let now = w.now;
            for (n, call) in [(0, a), (1, b)] {
                let e = &mut w.sides[n].endpoint;
                let _ = if (round + n + seed as usize).is_multiple_of(3) {
                    e.reoffer(now, call, b"mine")
                } else {
                    e.update(now, call, b"mine")
                };
            }
            settle(&mut w, [a, b], Duration::from_secs(15));
        }
        settle(&mut w, [a, b], Duration::from_secs(200));
        w.set_weather(Weather::default());
        let now = w.now;
        assert!(w.sides[0].endpoint.reoffer(now, a, b"last"), "seed {seed}: nothing is open");
        w.wait(1, reoffer);
        end(w, a);
    }
}
