//! Calls between two endpoints, in fair weather and foul.

use crate::network::{Weather, World, ended, incoming, refused};
use sip::{Destination, Event, Hangup, Input, Message, Name, Start, Transport};
use std::time::Duration;

fn fair(transport: Transport) -> World {
    World::new(transport, Weather::default(), 7)
}

#[test]
fn a_call_from_ring_to_hang_up_on_both_transports() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let mut w = fair(transport);
        let a = w.call();
        let b = w.wait(1, incoming);
        let now = w.now;
        w.sides[1].endpoint.progress(now, b, 180, b"");
        let (code, branch) = w.wait(0, |e| match e {
            Event::Progress { call, code, branch, .. } if *call == a => Some((*code, *branch)),
            _ => None,
        });
        assert_eq!((code, branch), (180, 0));
        let now = w.now;
        w.sides[1].endpoint.accept(now, b, b"answer");
        let body = w.wait(0, |e| match e {
            Event::Answered { call, body } if *call == a => Some(body.clone()),
            _ => None,
        });
        assert_eq!(body, b"answer");
        w.run_for(Duration::from_secs(60));
        let now = w.now;
        w.sides[0].endpoint.hang_up(now, a, "");
        assert_eq!(w.wait(1, ended), Hangup::Far);
        assert_eq!(w.wait(0, ended), Hangup::Near);
        w.assert_empty();
        assert_eq!(
            w.sides[0].endpoint.counters().repeats_sent + w.sides[1].endpoint.counters().repeats_sent,
            0
        );
    }
}

#[test]
fn who_rings_for_long_says_so_each_minute_until_the_answer() {
    // To a caller that makes sure that answers arrive the session is not said again.
    for (makes_sure, again) in [(false, &b"early"[..]), (true, &b""[..])] {
        let mut w = fair(Transport::Tcp);
        if !makes_sure {
            w.rewrite = Box::new(|side, bytes| match side {
                0 => String::from_utf8(bytes.to_vec()).unwrap().replace("100rel, ", "").into_bytes(),
                _ => bytes.to_vec(),
            });
        }
        w.call();
        let b = w.wait(1, incoming);
        let now = w.now;
        w.sides[1].endpoint.progress(now, b, 183, b"early");
        w.run_for(Duration::from_secs(59));
        assert_eq!(w.sent(1, "SIP/2.0 183"), 1);
        w.run_for(Duration::from_secs(2));
        assert_eq!(w.sent(1, "SIP/2.0 183"), 2);
        let said = Message::parse(&w.last_sent(1, "SIP/2.0 183").unwrap()).unwrap();
        assert_eq!(said.session_description(), again);
        assert!(said.value(Name::Require).is_none(), "it need not arrive");
        w.run_for(Duration::from_secs(120));
        assert_eq!(w.sent(1, "SIP/2.0 183"), 4);
        let now = w.now;
        w.sides[1].endpoint.accept(now, b, b"answer");
        w.run_for(Duration::from_secs(180));
        assert_eq!(w.sent(1, "SIP/2.0 183"), 4, "once it is up nothing rings");
    }
}

fn cancelled(e: &Event) -> Option<()> {
    matches!(e, Event::Cancelled { .. }).then_some(())
}

#[test]
fn the_callee_may_hang_up_too_and_refuse() {
    let mut w = fair(Transport::Udp);
    let (_, b) = w.up();
    let now = w.now;
    w.sides[1].endpoint.hang_up(now, b, "Reason: Q.850;cause=16\r\n");
    assert_eq!(w.wait(0, ended), Hangup::Far);
    w.call();
    let b = w.wait(1, incoming);
    let now = w.now;
    w.sides[1].endpoint.reject(now, b, 486, "");
    assert_eq!(w.wait(0, refused), 486);
    w.assert_empty();
}

#[test]
fn cancel_waits_for_a_sign_of_life_then_both_sides_end() {
    let mut w = fair(Transport::Udp);
    let a = w.call();
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    w.drain();
    assert_eq!(w.sent(0, "CANCEL"), 0);
    w.wait(1, cancelled);
    assert_eq!(w.wait(0, refused), 487);
    w.assert_empty();
}

#[test]
fn a_cancel_that_crosses_the_200_ends_in_ack_and_bye() {
    let mut w = fair(Transport::Udp);
    let a = w.call();
    let b = w.wait(1, incoming);
    w.run_for(Duration::from_millis(10));
    let now = w.now;
    w.sides[1].endpoint.accept(now, b, b"answer");
    w.sides[0].endpoint.hang_up(now, a, "");
    assert_eq!(w.wait(0, refused), 487);
    assert_eq!(w.wait(1, ended), Hangup::Far);
    assert_eq!((w.sent(0, "ACK"), w.sent(0, "BYE")), (1, 1));
    w.assert_empty();
}

#[test]
fn nobody_there_ends_after_32_seconds() {
    let mut w = fair(Transport::Udp);
    w.filter = Box::new(|_, _| false);
    w.call();
    let start = w.now;
    assert_eq!(w.wait(0, refused), 408);
    assert_eq!(w.now.since(start), Duration::from_secs(32));
    assert_eq!(w.sent(0, "INVITE"), 7);
    w.assert_empty();
}

#[test]
fn a_2xx_without_ack_is_repeated_then_given_up() {
    let mut w = fair(Transport::Udp);
    w.filter = Box::new(|_, b| !b.starts_with(b"ACK"));
    w.call();
    let b = w.wait(1, incoming);
    let now = w.now;
    w.sides[1].endpoint.accept(now, b, b"answer");
    assert_eq!(w.wait(1, ended), Hangup::NoAck);
    assert_eq!(w.sent(1, "SIP/2.0 200"), 11);
    assert_eq!(w.wait(0, ended), Hangup::Far);
    w.assert_empty();
}

#[test]
fn bye_waits_for_the_ack() {
    let mut w = fair(Transport::Udp);
    w.call();
    let b = w.wait(1, incoming);
    let now = w.now;
    w.sides[1].endpoint.accept(now, b, b"answer");
    w.sides[1].endpoint.hang_up(now, b, "");
    w.drain();
    assert_eq!(w.sent(1, "BYE"), 0);
    assert_eq!(w.wait(1, ended), Hangup::Near);
    assert_eq!(w.wait(0, ended), Hangup::Far);
    w.assert_empty();
}

#[test]
fn reinvite_both_ways_and_refused() {
    let mut w = fair(Transport::Udp);
    let (a, b) = w.up();
    for (from, call, to) in [(0, a, 1), (1, b, 0)] {
        let now = w.now;
        assert!(w.sides[from].endpoint.reoffer(now, call, b"hold"));
        assert!(!w.sides[from].endpoint.reoffer(now, call, b"again"), "one at a time");
        let far = w.wait(to, |e| match e {
            Event::Reoffer { call, body } if body == b"hold" => Some(*call),
            _ => None,
        });
        let now = w.now;
        w.sides[to].endpoint.answer_reoffer(now, far, b"held");
        w.wait(from, |e| matches!(e, Event::Reanswered { body, .. } if body == b"held").then_some(()));
        w.run_for(Duration::from_secs(1));
    }
    // A refused one leaves the call up; a late timer of the first exchange must not end it.
    w.run_for(Duration::from_secs(100));
    let now = w.now;
    assert!(w.sides[0].endpoint.reoffer(now, a, b"z"));
    let far = w.wait(1, |e| if let Event::Reoffer { call, .. } = e { Some(*call) } else { None });
    let now = w.now;
    w.sides[1].endpoint.reject_reoffer(now, far, 488);
    w.wait(0, |e| matches!(e, Event::ReofferRefused { code: 488, .. }).then_some(()));
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    w.wait(1, ended);
    w.assert_empty();
}

#[test]
fn a_second_reinvite_is_not_ended_by_the_timer_of_the_first() {
    let mut w = fair(Transport::Udp);
    let (a, _) = w.up();
    for n in 0..4 {
        w.run_for(Duration::from_millis(15_900));
        let now = w.now;
        assert!(w.sides[0].endpoint.reoffer(now, a, b"x"), "{n}");
        let far = w.wait(1, |e| if let Event::Reoffer { call, .. } = e { Some(*call) } else { None });
        let now = w.now;
        w.filter = Box::new(move |_, b| !b.starts_with(b"ACK"));
        w.sides[1].endpoint.answer_reoffer(now, far, b"y");
        w.run_for(Duration::from_millis(700));
        w.filter = Box::new(|_, _| true);
        w.wait(1, |e| matches!(e, Event::Acknowledged { .. }).then_some(()));
    }
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    assert_eq!(w.wait(1, ended), Hangup::Far);
    w.assert_empty();
}

/// An answer made by hand to a request inside a dialog.
pub fn answer_in_dialog(request: &[u8], code: u16) -> Vec<u8> {
    let m = Message::parse(request).unwrap();
    let mut text = format!("SIP/2.0 {code} X\r\n");
    for (name, label) in [
        (Name::Via, "Via"),
        (Name::From, "From"),
        (Name::To, "To"),
        (Name::CallId, "Call-ID"),
        (Name::CSeq, "CSeq"),
    ] {
        text += &format!("{label}: {}\r\n", String::from_utf8_lossy(m.value(name).unwrap()));
    }
    text += "Content-Length: 0\r\n\r\n";
    text.into_bytes()
}

/// Answers made by hand, for what a proxy in between does.
fn answer_to(invite: &[u8], code: u16, tag: &str, contact: &str, body: &str) -> Vec<u8> {
    let m = Message::parse(invite).unwrap();
    let line =
        |n: Name, label: &str| format!("{label}: {}\r\n", String::from_utf8_lossy(m.value(n).unwrap()));
    format!(
        "SIP/2.0 {code} X\r\n{}{}{}{}To: {};tag={tag}\r\nContact: <{contact}>\r\nContent-Length: {}\r\n\r\n{body}",
        line(Name::Via, "Via"),
        line(Name::From, "From"),
        line(Name::CallId, "Call-ID"),
        line(Name::CSeq, "CSeq"),
        String::from_utf8_lossy(m.value(Name::To).unwrap()),
        body.len(),
    )
    .into_bytes()
}

#[test]
fn a_forked_call_has_early_dialogs_by_tag_and_the_second_200_is_ended() {
    let mut w = fair(Transport::Udp);
    let a = w.call();
    let invite = w.sides[0].endpoint.poll_transmit().unwrap().bytes;
    let from = w.sides[1].addr;
    let mut feed = |code, tag: &str, body: &str| {
        let bytes = answer_to(&invite, code, tag, "sip:x@192.0.2.2:5060", body);
        let now = w.now;
        w.sides[0].endpoint.handle(now, Input::Received { from, bytes: &bytes });
        w.drain();
    };
    for (tag, body) in [("one", ""), ("two", "early"), ("one", ""), ("three", "")] {
        feed(183, tag, body);
    }
    feed(200, "two", "answer");
    feed(200, "two", "answer");
    feed(200, "three", "other");
    let branches: Vec<u8> = w.sides[0]
        .events
        .iter()
        .filter_map(|e| if let Event::Progress { branch, .. } = e { Some(*branch) } else { None })
        .collect();
    assert_eq!(branches, [0, 1, 0, 2]);
    assert_eq!(w.sent(0, "ACK"), 3, "the repeated 200 gets its ACK again, the foreign one its own");
    assert_eq!(w.sent(0, "BYE"), 1, "only the second phone is hung up");
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    w.assert_empty();
}

#[test]
fn a_200_is_confirmed_where_its_next_hop_is_known_to_be() {
    for is_known in [false, true] {
        let mut w = fair(Transport::Udp);
        let a = w.call();
        let invite = w.sides[0].endpoint.poll_transmit().unwrap().bytes;
        let from = w.sides[1].addr;
        let there = Destination { addr: "192.0.2.77:5061".parse().unwrap(), ..from };
        let endpoint = &mut w.sides[0].endpoint;
        endpoint.set_ways(a, &[], Duration::from_secs(10));
        if is_known {
            endpoint.set_places(("proxy.example".into(), Some(5061)), vec![there]);
        }
        // The second one is of another phone of a forked call: it is confirmed, too, and hung up.
        for (tag, said) in [("one", vec!["ACK "]), ("two", vec!["ACK ", "BYE "])] {
            let answer = String::from_utf8(answer_to(&invite, 200, tag, "sip:x@192.0.2.2:5060", "answer"));
            let route = "\r\nRecord-Route: <sip:Proxy.example:5061;lr>\r\nContact:";
            let answer = answer.unwrap().replacen("\r\nContact:", route, 1);
            endpoint.handle(w.now, Input::Received { from, bytes: answer.as_bytes() });
            for what in said {
                let sent = endpoint.poll_transmit().unwrap();
                assert!(sent.bytes.starts_with(what.as_bytes()), "{tag}");
                assert!(sent.to == if is_known { there } else { from }, "{tag} {what} {is_known}");
            }
        }
    }
}

/// A request that the far end of our call sends, with the tag of one of its phones.
fn request_of(invite: &[u8], method: &str, tag: &str) -> String {
    let m = Message::parse(invite).unwrap();
    let text = |n: Name| String::from_utf8_lossy(m.value(n).unwrap()).into_owned();
    format!(
        "{method} sip:100@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK{tag}\r\nFrom: {};tag={tag}\r\n\
         To: {}\r\nCall-ID: {}\r\nCSeq: 5 {method}\r\nContent-Length: 0\r\n\r\n",
        text(Name::To),
        text(Name::From),
        text(Name::CallId),
    )
}

#[test]
fn a_phone_that_lost_a_fork_does_not_end_the_call() {
    let mut w = fair(Transport::Udp);
    let a = w.call();
    let invite = w.sides[0].endpoint.poll_transmit().unwrap().bytes;
    let (from, now) = (w.sides[1].addr, w.now);
    let mut feed = |bytes: &[u8]| w.sides[0].endpoint.handle(now, Input::Received { from, bytes });
    feed(&answer_to(&invite, 180, "loser", "sip:x@192.0.2.2:5060", ""));
    feed(&answer_to(&invite, 200, "winner", "sip:y@192.0.2.2:5060", "answer"));
    feed(request_of(&invite, "BYE", "loser").as_bytes());
    w.drain();
    assert_eq!(w.sent(0, "SIP/2.0 481"), 1, "that dialog is none of ours: {:?}", w.trace);
    assert!(!w.sides[0].events.iter().any(|e| ended(e).is_some()));
    let mut feed = |bytes: &[u8]| w.sides[0].endpoint.handle(now, Input::Received { from, bytes });
    feed(&answer_to(&invite, 200, "loser", "sip:x@192.0.2.2:5060", "answer"));
    w.drain();
    assert_eq!((w.sent(0, "ACK"), w.sent(0, "BYE")), (2, 1), "a late 200 is acknowledged and ended");
    w.sides[0]
        .endpoint
        .handle(now, Input::Received { from, bytes: request_of(&invite, "BYE", "winner").as_bytes() });
    w.drain();
    assert_eq!(w.wait(0, |e| matches!(e, Event::Ended { call, .. } if *call == a).then_some(())), ());
}

#[test]
fn what_belongs_to_an_open_call_is_expected_from_wherever_it_comes() {
    let mut w = fair(Transport::Udp);
    w.call();
    let invite = w.sides[0].endpoint.poll_transmit().unwrap().bytes;
    let (from, now) = (w.sides[1].addr, w.now);
    let elsewhere = sip::Destination { addr: "203.0.113.9:5060".parse().unwrap(), ..from };
    let answer = answer_to(&invite, 200, "far", "sip:y@192.0.2.2:5060", "answer");
    let bye = request_of(&invite, "BYE", "far");
    let e = &mut w.sides[0].endpoint;
    assert!(e.expects(elsewhere, &answer));
    assert!(!e.expects(elsewhere, bye.as_bytes()), "there is no such dialog yet");
    e.handle(now, Input::Received { from, bytes: &answer });
    assert!(e.expects(elsewhere, bye.as_bytes()));
    assert!(!e.expects(elsewhere, bye.replace("tag=far", "tag=near").as_bytes()));
    assert!(!e.expects(elsewhere, b"BYE"));
    let stranger = "OPTIONS sip:a@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.9;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n\
                    To: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
    assert!(!e.expects(elsewhere, stranger.as_bytes()));
    // The call is gone, and the 200 to its BYE was lost: the BYE that comes again gets it again, where it came from.
    e.handle(now, Input::Received { from: elsewhere, bytes: bye.as_bytes() });
    assert!(e.expects(elsewhere, bye.as_bytes()) && !e.expects(from, bye.as_bytes()));
}

#[test]
fn a_cancel_and_a_bye_that_had_to_wait_keep_their_reason() {
    let reason = "Reason: Q.850;cause=26\r\n";
    let mut w = fair(Transport::Udp);
    let a = w.call();
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, reason);
    let seen = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let kept = seen.clone();
    w.filter = Box::new(move |_, b| {
        if b.starts_with(b"CANCEL") || b.starts_with(b"BYE") {
            kept.borrow_mut().push(String::from_utf8_lossy(b).into_owned());
        }
        true
    });
    w.wait(0, refused);
    w.wait(1, incoming);
    w.call();
    let b = w.wait(1, incoming);
    let now = w.now;
    w.sides[1].endpoint.accept(now, b, b"answer");
    w.sides[1].endpoint.hang_up(now, b, reason);
    w.wait(1, ended);
    let seen = seen.borrow();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen.iter().all(|m| m.contains(reason)), "{seen:?}");
}

#[test]
fn a_reinvite_that_the_far_end_does_not_know_ends_in_bye() {
    let mut w = fair(Transport::Udp);
    let (a, b) = w.up();
    // The far end has forgotten the call: it answers 481 to everything.
    let now = w.now;
    w.filter = Box::new(|n, _| n == 0);
    w.sides[1].endpoint.hang_up(now, b, "");
    w.drain();
    w.filter = Box::new(|_, _| true);
    assert!(w.sides[0].endpoint.reoffer(now, a, b"hold"));
    assert_eq!(w.wait(0, ended), Hangup::Far);
    w.drain();
    assert_eq!(w.sent(0, "BYE"), 1);
    w.assert_empty();
}

#[test]
fn requests_that_fit_nothing() {
    let mut w = fair(Transport::Udp);
    let (a, _) = w.up();
    for (start, method, code) in [
        ("BYE sip:a@192.0.2.2 SIP/2.0", "BYE", 481),
        ("CANCEL sip:a@192.0.2.2 SIP/2.0", "CANCEL", 481),
        ("UPDATE sip:a@192.0.2.2 SIP/2.0", "UPDATE", 481),
        ("INFO sip:a@192.0.2.2 SIP/2.0", "INFO", 481),
        ("SUBSCRIBE sip:a@192.0.2.2 SIP/2.0", "SUBSCRIBE", 405),
        ("MESSAGE sip:a@192.0.2.2 SIP/2.0", "MESSAGE", 405),
        ("DANCE sip:a@192.0.2.2 SIP/2.0", "DANCE", 501),
        ("OPTIONS sip:a@192.0.2.2 SIP/2.0", "OPTIONS", 200),
    ] {
        let text = format!(
            "{start}\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{method}\r\nFrom: <sip:a@b>;tag=1\r\n\
             To: <sip:c@d>\r\nCall-ID: {method}\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
        );
        let (from, now) = (w.sides[0].addr, w.now);
        w.sides[1].endpoint.handle(now, Input::Received { from, bytes: text.as_bytes() });
        let out = w.sides[1].endpoint.poll_transmit().expect(method);
        let m = Message::parse(&out.bytes).unwrap();
        assert_eq!(m.start(), Start::Response(code), "{method}");
        assert_eq!(m.value(Name::Allow).is_some(), matches!(code, 405 | 200));
    }
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    w.assert_empty();
}

#[test]
fn in_foul_weather_every_call_still_ends_once_on_both_sides() {
    for seed in 1..=60 {
        let weather = Weather { lost: 150, doubled: 150, delay_ms: 300 };
        let mut w = World::new(Transport::Udp, weather, seed);
        let mut mine = Vec::new();
        for _ in 0..10 {
            mine.push(w.call());
        }
        // People act at odd moments: some callees answer, some refuse; some callers cancel, some hang up later.
        for round in 0..60u64 {
            w.run_for(Duration::from_millis(400));
            let now = w.now;
            let arrived: Vec<_> = w.sides[1].events.iter().filter_map(incoming).collect();
            w.sides[1].events.retain(|e| incoming(e).is_none());
            for (i, b) in arrived.into_iter().enumerate() {
                match (round + i as u64 + seed) % 3 {
                    0 => w.sides[1].endpoint.reject(now, b, 486, ""),
                    _ => w.sides[1].endpoint.accept(now, b, b"answer"),
                }
            }
            if round % 6 == 3 {
                if let Some(a) = mine.pop() {
                    w.sides[0].endpoint.hang_up(now, a, "");
                }
            }
        }
        w.assert_empty();
        let ends = |n: usize| {
            let side: &crate::network::Side = &w.sides[n];
            side.events.iter().filter(|e| ended(e).is_some() || refused(e).is_some()).count()
        };
        assert_eq!(ends(0), 10, "seed {seed}: each call of ours ends exactly once");
    }
}

#[test]
fn connections_on_which_somebody_rings_are_known_until_the_answer() {
    let mut w = fair(Transport::Tcp);
    (w.sides[0].addr.connection, w.sides[1].addr.connection) = (Some(9), Some(7));
    let a = w.call();
    let b = w.wait(1, incoming);
    let now = w.now;
    w.sides[1].endpoint.progress(now, b, 180, b"");
    w.wait(0, |e| matches!(e, Event::Progress { .. }).then_some(()));
    let ringing = |w: &World| [0, 1].map(|n| w.sides[n].endpoint.ringing().into_iter().collect::<Vec<u64>>());
    assert_eq!(ringing(&w), [vec![7], vec![9]]);
    let now = w.now;
    w.sides[1].endpoint.accept(now, b, b"answer");
    w.wait(0, |e| matches!(e, Event::Answered { call, .. } if *call == a).then_some(()));
    assert_eq!(ringing(&w), [vec![], vec![]]);
}
