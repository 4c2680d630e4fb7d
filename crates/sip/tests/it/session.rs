//! Session timers: who refreshes, by what, what is too short, and the end of a call whose far end is gone.

use crate::network::{Weather, World, ended, incoming, reanswered, refused, reoffer};
use sip::{CallId, Event, Hangup, Message, Name, SessionTimer, Start, Transport};
use std::time::Duration;

fn world(seed: u64) -> World {
    World::new(Transport::Udp, Weather::default(), seed)
}

fn call(w: &mut World, timer: SessionTimer, extra: &str) -> CallId {
    let (to, now) = (w.sides[1].addr, w.now);
    let out = sip::Outgoing {
        uri: "sip:500@192.0.2.2",
        from: "<sip:100@192.0.2.1>",
        to_header: "<sip:500@192.0.2.2>",
        body: b"offer",
        extra,
        session_timer: Some(timer),
        ..sip::Outgoing::to(to)
    };
    w.sides[0].endpoint.invite(now, &out)
}

fn answer(w: &mut World) -> CallId {
    let b = w.wait(1, incoming);
    let now = w.now;
    w.sides[1].endpoint.accept(now, b, b"answer");
    w.wait(1, |e| matches!(e, Event::Acknowledged { .. }).then_some(()));
    w.wait(0, |e| matches!(e, Event::Answered { .. }).then_some(()));
    b
}

fn timer(expires: u32, min: u32) -> SessionTimer {
    SessionTimer { expires, min }
}

fn line(w: &World, side: usize, start: &str, name: Name) -> Option<String> {
    let m = Message::parse(&w.last_sent(side, start).unwrap()).unwrap();
    m.value(name).map(|v| String::from_utf8(v.to_vec()).unwrap())
}

/// Takes a method out of what a side says it can do, so that the far end has to use another.
fn without(w: &mut World, side: usize, what: &'static str) {
    w.rewrite = Box::new(move |n, bytes| {
        if n != side {
            return bytes.to_vec();
        }
        String::from_utf8(bytes.to_vec()).unwrap().replace(what, "").into_bytes()
    });
}

#[test]
fn the_side_that_asked_refreshes_by_update_and_the_call_goes_on() {
    let mut w = world(3);
    let a = call(&mut w, timer(300, 90), "");
    answer(&mut w);
    assert_eq!(line(&w, 0, "INVITE", Name::SessionExpires).unwrap(), "300");
    assert_eq!(line(&w, 1, "SIP/2.0 200", Name::SessionExpires).unwrap(), "300;refresher=uac");
    assert_eq!(line(&w, 1, "SIP/2.0 200", Name::Require).unwrap(), "timer");
    w.run_for(Duration::from_secs(1_510));
    assert_eq!((w.sent(0, "UPDATE"), w.sent(1, "UPDATE")), (10, 0), "every 150 seconds");
    assert_eq!(line(&w, 0, "UPDATE", Name::SessionExpires).unwrap(), "300;refresher=uac");
    assert!(w.sides.iter().all(|s| s.events.is_empty()), "nobody hears of it");
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    assert_eq!(w.wait(1, ended), Hangup::Far);
    w.assert_empty();
}

#[test]
fn without_update_the_session_is_offered_again_as_it_is() {
    let mut w = world(3);
    without(&mut w, 1, ", UPDATE");
    let a = call(&mut w, timer(200, 90), "");
    let b = answer(&mut w);
    let now = w.now;
    assert!(w.sides[0].endpoint.reoffer(now, a, b"held"));
    w.wait(1, reoffer);
    let now = w.now;
    w.sides[1].endpoint.answer_reoffer(now, b, b"held too");
    w.wait(0, reanswered);
    w.wait(1, |e| matches!(e, Event::Acknowledged { .. }).then_some(()));
    for answer in ["held too", "something else"] {
        let (far, body) = w.wait(1, reoffer);
        assert_eq!(body, b"held", "the session as it was agreed last");
        let now = w.now;
        w.sides[1].endpoint.answer_reoffer(now, far, answer.as_bytes());
        w.run_for(Duration::from_secs(1));
    }
    // Only the second answer said anything new.
    assert_eq!(w.wait(0, reanswered), b"something else");
    assert!(w.sides[0].events.is_empty());
    assert_eq!((w.sent(0, "UPDATE"), w.sent(0, "INVITE")), (0, 4));
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    w.assert_empty();
}

#[test]
fn an_update_that_is_listed_and_not_taken_gives_way_to_a_reinvite() {
    let mut w = world(3);
    let a = call(&mut w, timer(200, 90), "");
    answer(&mut w);
    w.rewrite = Box::new(|n, bytes| match n {
        0 => String::from_utf8(bytes.to_vec()).unwrap().replace("UPDATE", "NOTIFY").into_bytes(),
        _ => String::from_utf8(bytes.to_vec()).unwrap().replace(" NOTIFY\r\n", " UPDATE\r\n").into_bytes(),
    });
    let (b, body) = w.wait(1, reoffer);
    assert_eq!(body, b"offer");
    let now = w.now;
    w.sides[1].endpoint.answer_reoffer(now, b, b"answer");
    w.run_for(Duration::from_secs(2));
    assert_eq!((w.sent(0, "UPDATE"), w.sent(0, "INVITE")), (1, 2));
    assert_eq!(w.now.since(sip::Time(0)).as_secs() / 10, 10, "at half the time");
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    w.assert_empty();
}

#[test]
fn the_callee_refreshes_where_the_caller_wants_that_or_does_not_know_of_timers() {
    // The caller asks for no timer, but knows of them: we would like one.
    let mut w = world(3);
    let a = call(&mut w, SessionTimer::OFF, "");
    answer(&mut w);
    assert_eq!(line(&w, 0, "INVITE", Name::SessionExpires), None);
    assert_eq!(line(&w, 1, "SIP/2.0 200", Name::SessionExpires).unwrap(), "1800;refresher=uas");
    w.run_for(Duration::from_secs(1_000));
    assert_eq!((w.sent(0, "UPDATE"), w.sent(1, "UPDATE")), (0, 1));
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    w.assert_empty();
    // A proxy asked, and the caller does not know: nothing may be required of it.
    let mut w = world(3);
    without(&mut w, 0, ", timer");
    let a = call(&mut w, timer(400, 90), "");
    answer(&mut w);
    assert_eq!(line(&w, 1, "SIP/2.0 200", Name::SessionExpires).unwrap(), "400;refresher=uas");
    assert_eq!(line(&w, 1, "SIP/2.0 200", Name::Require), None);
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    w.assert_empty();
    // Nobody asks.
    let mut w = world(3);
    without(&mut w, 0, ", timer");
    call(&mut w, SessionTimer::OFF, "");
    let b = answer(&mut w);
    assert_eq!(line(&w, 1, "SIP/2.0 200", Name::SessionExpires), None);
    w.run_for(Duration::from_secs(10_000));
    assert_eq!(w.sent(0, "UPDATE") + w.sent(1, "UPDATE") + w.sent(0, "BYE"), 0);
    let now = w.now;
    w.sides[1].endpoint.hang_up(now, b, "");
    w.assert_empty();
}

#[test]
fn what_is_too_short_is_asked_for_again_as_long_as_it_must_be() {
    let mut w = world(3);
    w.sides[1].endpoint.set_session_timer(timer(900, 600));
    let a = call(&mut w, timer(120, 90), "");
    answer(&mut w);
    assert_eq!(w.sent(1, "SIP/2.0 422"), 1);
    assert_eq!(line(&w, 1, "SIP/2.0 422", Name::MinSe).unwrap(), "600");
    assert_eq!(line(&w, 0, "INVITE", Name::SessionExpires).unwrap(), "600");
    assert_eq!(line(&w, 0, "INVITE", Name::MinSe).unwrap(), "600");
    let again = Message::parse(&w.last_sent(0, "INVITE").unwrap()).unwrap();
    assert_eq!((again.cseq().unwrap().0, again.body()), (2, &b"offer"[..]));
    assert_eq!(line(&w, 1, "SIP/2.0 200", Name::SessionExpires).unwrap(), "600;refresher=uac");
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    w.assert_empty();
}

#[test]
fn a_far_end_that_always_wants_more_is_refused() {
    for (min, invites) in [("100", 3), ("86401", 1), ("x", 3), ("", 3), ("99999999999999999999", 3)] {
        let mut w = world(3);
        w.rewrite = Box::new(move |n, bytes| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            match n {
                0 => text.into_bytes(),
                _ => text.replace("Min-SE: 600", &format!("Min-SE: {min}")).into_bytes(),
            }
        });
        w.sides[1].endpoint.set_session_timer(timer(900, 600));
        call(&mut w, timer(120, 90), "");
        assert_eq!(w.wait(0, refused), 422, "{min}");
        w.assert_empty();
        assert_eq!(w.sent(0, "INVITE"), invites, "{min}");
    }
}

#[test]
fn a_far_end_that_is_gone_ends_the_call_on_both_sides() {
    let mut w = world(3);
    call(&mut w, timer(300, 90), "");
    answer(&mut w);
    let start = w.now;
    w.filter = Box::new(|_, _| false);
    // Whoever refreshes hears no answer; whoever waits hears nothing.
    assert_eq!(w.wait_for(0, Duration::from_secs(400), ended), Hangup::Far);
    assert_eq!(w.now.since(start).as_secs_f64().round() as u64, 150 + 32);
    assert_eq!(w.wait_for(1, Duration::from_secs(400), ended), Hangup::Expired);
    assert_eq!(w.now.since(start).as_secs_f64().round() as u64, 300 - 32);
    assert_eq!(line(&w, 1, "BYE", Name::Reason).unwrap(), "SIP;cause=408;text=\"Session timer expired\"");
    w.assert_empty();
}

#[test]
fn a_far_end_that_takes_the_task_refreshes_and_we_only_answer() {
    let mut w = world(3);
    w.rewrite = Box::new(|n, bytes| match n {
        0 => String::from_utf8(bytes.to_vec())
            .unwrap()
            .replace("Session-Expires: 300\r\n", "Session-Expires: 300;refresher=uas\r\n")
            .into_bytes(),
        _ => bytes.to_vec(),
    });
    let a = call(&mut w, timer(300, 90), "");
    answer(&mut w);
    assert_eq!(line(&w, 1, "SIP/2.0 200", Name::SessionExpires).unwrap(), "300;refresher=uas");
    w.run_for(Duration::from_secs(1_510));
    assert_eq!((w.sent(0, "UPDATE"), w.sent(1, "UPDATE")), (0, 10), "every 150 seconds");
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    w.assert_empty();
}

#[test]
fn a_far_end_that_took_the_task_and_never_refreshes_is_hung_up() {
    // Whoever promises knows nothing of it: the words are put into its mouth and taken out of the other's.
    for (promises, refresher) in [(0, "uac"), (1, "uas")] {
        let mut w = world(3);
        let says = format!("Session-Expires: 300;refresher={refresher}\r\n");
        w.rewrite = Box::new(move |n, bytes| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let speaks = text.starts_with("INVITE ") || text.starts_with("SIP/2.0 200");
            let (asks, cseq) = ("Session-Expires: 300\r\n", "CSeq: 1 INVITE\r\n");
            match n == promises {
                true if speaks => text.replace(cseq, &format!("{cseq}{says}")).into_bytes(),
                _ => text.replace(asks, "").replace(&says, "").into_bytes(),
            }
        });
        w.sides[1].endpoint.set_session_timer(SessionTimer::OFF);
        call(&mut w, if promises == 0 { SessionTimer::OFF } else { timer(300, 90) }, "");
        answer(&mut w);
        let (start, waits) = (w.now, 1 - promises);
        assert_eq!(w.wait_for(waits, Duration::from_secs(400), ended), Hangup::Expired, "{refresher}");
        let after = w.now.since(start).as_secs_f64().round() as u64;
        assert_eq!(after, 300 - 32, "a little before the interval is over (RFC 4028 section 10)");
        let reason = line(&w, waits, "BYE", Name::Reason).unwrap();
        assert_eq!(reason, "SIP;cause=408;text=\"Session timer expired\"");
        assert_eq!(w.wait(promises, ended), Hangup::Far);
        assert_eq!(w.sent(0, "UPDATE") + w.sent(1, "UPDATE"), 0);
        w.assert_empty();
    }
}

#[test]
fn a_refresh_that_is_refused_is_tried_again_and_then_the_call_ends() {
    let mut w = world(3);
    without(&mut w, 1, ", UPDATE");
    call(&mut w, timer(300, 90), "");
    let b = answer(&mut w);
    let start = w.now;
    let mut tries = 0;
    loop {
        if !w.step(start + Duration::from_secs(400)) {
            break;
        }
        for e in std::mem::take(&mut w.sides[1].events) {
            if reoffer(&e).is_some() {
                tries += 1;
                let now = w.now;
                w.sides[1].endpoint.reject_reoffer(now, b, 488);
            } else {
                w.sides[1].events.push(e);
            }
        }
    }
    assert!((3..8).contains(&tries), "{tries}");
    // Both wait for the same moment; the side that answered last is first.
    assert_eq!((w.wait(0, ended), w.wait(1, ended)), (Hangup::Far, Hangup::Expired));
    w.assert_empty();
}

#[test]
fn values_from_strangers_are_kept_within_bounds() {
    // What the far end says: Session-Expires of its 200. We never refresh more often than every 45 seconds.
    for (says, updates) in [
        ("1;refresher=uac", 22),
        ("0;refresher=uac", 22),
        ("99999999999999999;refresher=uac", 0),
        ("-5;refresher=uac", 0),
        ("x", 0),
        ("", 0),
        (";;;", 0),
        ("90;refresher=nobody", 22),
        ("90 ; REFRESHER = UAC", 22),
    ] {
        let mut w = world(3);
        let replacement = format!("Session-Expires: {says}\r\n");
        w.rewrite = Box::new(move |n, bytes| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            match n {
                0 => text.into_bytes(),
                _ => text.replace("Session-Expires: 1800;refresher=uac\r\n", &replacement).into_bytes(),
            }
        });
        let a = call(&mut w, timer(1_800, 90), "");
        answer(&mut w);
        w.filter = Box::new(|_, _| true);
        // The far end's own answers to refreshes say the same.
        let replacement = format!("Session-Expires: {says}\r\n");
        w.rewrite = Box::new(move |n, bytes| {
            let m = Message::parse(bytes).unwrap();
            let mut text = String::from_utf8(bytes.to_vec()).unwrap();
            if n == 1 && matches!(m.start(), Start::Response(200)) {
                if let Some(v) = m.value(Name::SessionExpires) {
                    let old = format!("Session-Expires: {}\r\n", String::from_utf8_lossy(v));
                    text = text.replace(&old, &replacement);
                }
            }
            text.into_bytes()
        });
        w.run_for(Duration::from_secs(1_010));
        let updates_sent = w.sent(0, "UPDATE");
        if updates > 0 {
            assert_eq!(updates_sent, updates, "{says}");
        } else {
            assert_eq!(updates_sent, 0, "{says}");
        }
        let now = w.now;
        w.sides[0].endpoint.hang_up(now, a, "");
        w.assert_empty();
    }
}

#[test]
fn in_foul_weather_calls_go_on_while_both_are_there() {
    for seed in 1..=20 {
        let mut w = world(seed);
        let a = call(&mut w, timer(240, 90), "");
        answer(&mut w);
        w.set_weather(Weather { lost: 200, doubled: 200, delay_ms: 400 });
        w.run_for(Duration::from_secs(3_600));
        assert!(w.sides.iter().all(|s| s.endpoint.calls() == 1), "seed {seed}: {:#?}", w.trace);
        assert!(w.sent(0, "UPDATE") >= 29);
        w.set_weather(Weather::default());
        let now = w.now;
        w.sides[0].endpoint.hang_up(now, a, "");
        w.assert_empty();
    }
}
