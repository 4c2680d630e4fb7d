//! Provisional answers that must arrive: PRACK, offers and answers in it, and what is lost on the way.

use crate::calls::answer_in_dialog;
use crate::network::{Weather, World, ended, incoming, reanswered, refused, reoffer};
use sip::{CallId, Event, Hangup, Input, Message, Method, Name, Start, Transport};
use std::time::Duration;

fn fair() -> World {
    World::new(Transport::Udp, Weather::default(), 7)
}

fn progress(e: &Event) -> Option<(u16, Vec<u8>)> {
    if let Event::Progress { code, body, .. } = e { Some((*code, body.clone())) } else { None }
}

fn answered(e: &Event) -> Option<Vec<u8>> {
    if let Event::Answered { body, .. } = e { Some(body.clone()) } else { None }
}

fn acknowledged(e: &Event) -> Option<()> {
    matches!(e, Event::Acknowledged { .. }).then_some(())
}

fn last(w: &World, side: usize, start: &str) -> Message {
    Message::parse(&w.last_sent(side, start).unwrap()).unwrap()
}

fn value(m: &Message, name: Name) -> Option<String> {
    m.value(name).map(|v| String::from_utf8(v.to_vec()).unwrap())
}

fn end(mut w: World, a: CallId) {
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    w.wait(1, ended);
    w.assert_empty();
}

#[test]
fn a_description_before_the_answer_arrives_and_is_the_session() {
    let mut w = fair();
    let a = w.call();
    let b = w.wait(1, incoming);
    let now = w.now;
    w.sides[1].endpoint.progress(now, b, 180, b"");
    assert_eq!(w.wait(0, progress), (180, vec![]));
    assert_eq!(w.sent(0, "PRACK"), 0, "nothing in it would be missed");
    let now = w.now;
    w.sides[1].endpoint.progress(now, b, 183, b"early");
    w.sides[1].endpoint.accept(now, b, b"early");
    w.drain();
    assert_eq!(w.sent(1, "SIP/2.0 200"), 0, "the answer waits for the PRACK");
    assert_eq!(w.wait(0, progress), (183, b"early".to_vec()));
    assert_eq!(w.wait(0, answered), b"early", "what was said before counts as the answer");
    assert_eq!((w.sent(0, "PRACK"), w.sent(0, "ACK")), (1, 1));
    let rseq: u32 = value(&last(&w, 1, "SIP/2.0 183"), Name::RSeq).unwrap().parse().unwrap();
    assert_eq!(value(&last(&w, 0, "PRACK"), Name::RAck).unwrap(), format!("{rseq} 1 INVITE"));
    let ok = last(&w, 1, "SIP/2.0 200");
    assert_eq!((ok.cseq().unwrap().1, ok.body()), (Method::Invite, &b""[..]));
    w.wait(1, acknowledged);
    end(w, a);
}

#[test]
fn who_requires_it_gets_every_provisional_answer_in_order() {
    let mut w = fair();
    let a = w.call_with(b"offer", "Require: 100rel\r\n");
    let b = w.wait(1, incoming);
    let now = w.now;
    for (code, body) in [(180, ""), (181, ""), (182, ""), (183, "early"), (180, ""), (182, "")] {
        w.sides[1].endpoint.progress(now, b, code, body.as_bytes());
    }
    w.run_for(Duration::from_secs(1));
    let heard: Vec<u16> = w.sides[0].events.iter().filter_map(progress).map(|p| p.0).collect();
    assert_eq!(heard, [180, 182, 183, 180, 182], "four wait at the most, and the oldest is left out");
    assert_eq!(w.sent(0, "PRACK"), 5);
    let now = w.now;
    w.sides[1].endpoint.accept(now, b, b"early");
    assert_eq!(w.wait(0, answered), b"early");
    w.wait(1, acknowledged);
    end(w, a);
}

#[test]
fn a_provisional_answer_is_sent_again_until_its_prack_comes_and_then_the_call_ends() {
    let mut w = fair();
    w.filter = Box::new(|_, b| !b.starts_with(b"PRACK"));
    w.call();
    let b = w.wait(1, incoming);
    let now = w.now;
    w.sides[1].endpoint.progress(now, b, 183, b"early");
    assert_eq!(w.wait(1, ended), Hangup::NoAck);
    assert_eq!(w.now.since(now).as_secs(), 32);
    assert_eq!(w.sent(1, "SIP/2.0 183"), 7, "after 0.5, 1, 2, 4, 8 and 16 seconds");
    assert_eq!(w.wait(0, refused), 504);
    let heard = w.sides[0].events.iter().filter_map(progress).count();
    assert_eq!(heard, 1, "the same again is no news");
    w.assert_empty();
}

#[test]
fn an_invite_without_an_offer_gets_one_early_and_answers_it_in_the_prack() {
    let mut w = fair();
    let a = w.call_with(b"", "Require: 100rel\r\n");
    let b = w.wait(1, incoming);
    let now = w.now;
    w.sides[1].endpoint.progress(now, b, 183, b"offer of the callee");
    let (call, body) = w.wait(0, reoffer);
    assert_eq!((call, &body[..]), (a, &b"offer of the callee"[..]));
    assert_eq!(w.sent(0, "PRACK"), 0);
    let now = w.now;
    w.sides[0].endpoint.answer_reoffer(now, a, b"answer of the caller");
    assert_eq!(w.wait(1, reanswered), b"answer of the caller");
    let now = w.now;
    w.sides[1].endpoint.accept(now, b, b"once more");
    assert_eq!(w.wait(0, answered), b"");
    w.wait(1, acknowledged);
    end(w, a);
}

#[test]
fn an_early_offer_that_nobody_answers_ends_the_call() {
    for refuses in [true, false] {
        let mut w = fair();
        let a = w.call_with(b"", "Require: 100rel\r\n");
        let b = w.wait(1, incoming);
        let now = w.now;
        w.sides[1].endpoint.progress(now, b, 183, b"offer");
        w.wait(0, reoffer);
        if refuses {
            let now = w.now;
            w.sides[0].endpoint.reject_reoffer(now, a, 488);
        }
        assert_eq!(w.wait(0, refused), 487);
        assert_eq!(w.now.since(now).as_secs(), if refuses { 0 } else { 16 });
        w.assert_empty();
    }
}

/// A PRACK made by hand from the one that was sent, with other header lines and body.
fn prack(w: &World, cseq: u32, rack: &str, body: &str) -> String {
    let m = last(w, 0, "INVITE");
    let ringing = last(w, 1, "SIP/2.0 183");
    let line = |m: &Message, n: Name| String::from_utf8(m.value(n).unwrap().to_vec()).unwrap();
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "PRACK sip:192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bKp{cseq}\r\nFrom: {}\r\nTo: {}\r\n\
         Call-ID: {}\r\nCSeq: {cseq} PRACK\r\nRAck: {rack}\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        line(&m, Name::From),
        line(&ringing, Name::To),
        line(&m, Name::CallId),
        body.len(),
    )
}

fn receive(w: &mut World, side: usize, text: &str) -> u16 {
    let (from, now) = (w.sides[1 - side].addr, w.now);
    w.sides[side].endpoint.handle(now, Input::Received { from, bytes: text.as_bytes() });
    let Some(out) = w.sides[side].endpoint.poll_transmit() else { return 0 };
    let Start::Response(code) = Message::parse(&out.bytes).unwrap().start() else { return 0 };
    w.drain();
    code
}

#[test]
fn a_prack_that_fits_nothing_is_refused_and_one_with_an_offer_is_answered_first() {
    let mut w = fair();
    w.filter = Box::new(|_, b| !b.starts_with(b"PRACK"));
    w.call();
    let b = w.wait(1, incoming);
    let now = w.now;
    w.sides[1].endpoint.progress(now, b, 183, b"early");
    w.wait(0, progress);
    let rseq: u32 = value(&last(&w, 1, "SIP/2.0 183"), Name::RSeq).unwrap().parse().unwrap();
    let bad = [
        format!("{} 1 INVITE", rseq + 1),
        format!("{rseq} 2 INVITE"),
        format!("{rseq} 1 UPDATE"),
        format!("{rseq} 1"),
        format!("{rseq} 1 INVITE x"),
        "99999999999999999999 1 INVITE".into(),
        String::new(),
    ];
    for (n, rack) in bad.iter().enumerate() {
        let text = prack(&w, 10 + n as u32, rack, "");
        assert_eq!(receive(&mut w, 1, &text), 481, "{rack}");
    }
    let now = w.now;
    w.sides[1].endpoint.accept(now, b, b"early");
    let text = prack(&w, 50, &format!("{rseq} 1 INVITE"), "second offer");
    assert_eq!(receive(&mut w, 1, &text), 0, "it waits for the answer");
    let (call, body) = w.wait(1, reoffer);
    assert_eq!((call, &body[..]), (b, &b"second offer"[..]));
    assert_eq!(w.sent(1, "SIP/2.0 200"), 0);
    let now = w.now;
    w.sides[1].endpoint.answer_reoffer(now, b, b"second answer");
    w.drain();
    let trace: Vec<&String> = w.trace.iter().filter(|t| t.1.contains(" 200 ")).map(|t| &t.1).collect();
    assert_eq!(trace.len(), 2, "first that to the PRACK, then that to the INVITE");
    w.wait(0, answered);
    // The same PRACK once more is none: its answer was given.
    let text = prack(&w, 51, &format!("{rseq} 1 INVITE"), "");
    assert_eq!(receive(&mut w, 1, &text), 481);
    let now = w.now;
    w.sides[1].endpoint.hang_up(now, b, "");
    w.assert_empty();
}

#[test]
fn a_cancel_while_an_offer_waits_leaves_nothing() {
    let mut w = fair();
    w.filter = Box::new(|_, b| !b.starts_with(b"PRACK"));
    let a = w.call();
    let b = w.wait(1, incoming);
    let now = w.now;
    w.sides[1].endpoint.progress(now, b, 183, b"early");
    w.wait(0, progress);
    let rseq = value(&last(&w, 1, "SIP/2.0 183"), Name::RSeq).unwrap();
    let text = prack(&w, 50, &format!("{rseq} 1 INVITE"), "second offer");
    receive(&mut w, 1, &text);
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    assert_eq!(w.wait(0, refused), 487);
    assert_eq!(w.sent(1, "SIP/2.0 487"), 2, "to the PRACK and to the INVITE");
    w.assert_empty();
}

#[test]
fn an_early_update_is_answered_once_the_first_answer_arrived() {
    let mut w = fair();
    let a = w.call();
    let b = w.wait(1, incoming);
    let update = |w: &World, cseq: u32| {
        prack(w, cseq, "", "held").replace("PRACK", "UPDATE").replace("RAck: \r\n", "")
    };
    let now = w.now;
    w.sides[1].endpoint.progress(now, b, 183, b"early");
    w.run_for(Duration::from_secs(1));
    let text = update(&w, 61);
    assert_eq!(receive(&mut w, 1, &text), 0);
    assert_eq!(w.wait(1, reoffer).1, b"held");
    let now = w.now;
    w.sides[1].endpoint.accept(now, b, b"early");
    w.sides[1].endpoint.answer_reoffer(now, b, b"held too");
    w.wait(0, answered);
    w.wait(1, acknowledged);
    // Side 0 knows nothing of the numbers used above, so the other one ends the call.
    let now = w.now;
    w.sides[1].endpoint.hang_up(now, b, "");
    w.wait(0, |e| matches!(e, Event::Ended { call, .. } if *call == a).then_some(()));
    w.assert_empty();
}

#[test]
fn an_early_update_before_that_has_to_come_again() {
    let mut w = fair();
    let a = w.call();
    let b = w.wait(1, incoming);
    w.filter = Box::new(|_, b| !b.starts_with(b"PRACK"));
    let now = w.now;
    w.sides[1].endpoint.progress(now, b, 183, b"early");
    w.drain();
    let text = prack(&w, 60, "", "held").replace("PRACK", "UPDATE").replace("RAck: \r\n", "");
    assert_eq!(receive(&mut w, 1, &text), 500, "its offer is not answered yet");
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    assert_eq!(w.wait(0, refused), 487);
    w.assert_empty();
}

#[test]
fn theirs_are_confirmed_in_order_whatever_arrives() {
    let mut w = fair();
    let a = w.call();
    let invite = w.sides[0].endpoint.poll_transmit().unwrap().bytes;
    let text = String::from_utf8(answer_in_dialog(&invite, 183)).unwrap();
    let feed = |w: &mut World, tag: &str, rseq: &str, body: &str| {
        let lines = format!(
            ";tag={tag}\r\nContact: <sip:{tag}@192.0.2.2:5060>\r\nRequire: 100rel\r\nRSeq: {rseq}\r\n\
             Content-Type: application/sdp\r\nCall-ID"
        );
        let text =
            text.replace("\r\nCall-ID", &lines).replace("Length: 0", &format!("Length: {}", body.len()));
        let (from, now) = (w.sides[1].addr, w.now);
        w.sides[0].endpoint.handle(now, Input::Received { from, bytes: (text + body).as_bytes() });
        w.drain();
    };
    // Two phones, each with numbers of its own: gaps, repetitions and nonsense are not confirmed.
    feed(&mut w, "one", "7", "x");
    feed(&mut w, "one", "9", "");
    feed(&mut w, "one", "7", "x");
    feed(&mut w, "two", "4294967295", "");
    feed(&mut w, "two", "4294967296", "");
    feed(&mut w, "two", "0", "");
    feed(&mut w, "one", "8", "");
    feed(&mut w, "one", "-9", "");
    let sent: Vec<(String, String)> = (w.messages.iter())
        .filter(|(n, b)| *n == 0 && b.starts_with(b"PRACK"))
        .map(|(_, b)| {
            let m = Message::parse(b).unwrap();
            (String::from_utf8(m.target().to_vec()).unwrap(), value(&m, Name::RAck).unwrap())
        })
        .collect();
    let to = |tag: &str, rack: &str| (format!("sip:{tag}@192.0.2.2:5060"), format!("{rack} 1 INVITE"));
    assert_eq!(sent, [to("one", "7"), to("two", "4294967295"), to("one", "8")]);
    let mut numbers: Vec<u32> = (w.messages.iter())
        .filter(|(n, b)| *n == 0 && b.starts_with(b"PRACK"))
        .map(|(_, b)| Message::parse(b).unwrap().cseq().unwrap().0)
        .collect();
    numbers.dedup();
    assert_eq!(numbers, [2, 3, 4]);
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    w.assert_empty();
}

#[test]
fn in_foul_weather_the_description_arrives_or_the_call_ends() {
    for seed in 1..=60 {
        let mut w = World::new(Transport::Udp, Weather { lost: 200, doubled: 150, delay_ms: 400 }, seed);
        let mut calls = Vec::new();
        for n in 0..6 {
            calls.push(w.call_with(b"offer", if n % 2 == 0 { "Require: 100rel\r\n" } else { "" }));
        }
        for _ in 0..100 {
            w.run_for(Duration::from_millis(400));
            let now = w.now;
            while let Some(i) = w.sides[1].events.iter().position(|e| incoming(e).is_some()) {
                let b = incoming(&w.sides[1].events.remove(i)).unwrap();
                w.sides[1].endpoint.progress(now, b, 180, b"");
                w.sides[1].endpoint.progress(now, b, 183, b"early");
                w.sides[1].endpoint.accept(now, b, b"early");
            }
        }
        for a in &calls {
            let now = w.now;
            w.sides[0].endpoint.hang_up(now, *a, "");
        }
        w.assert_empty();
        let up = w.sides[0].events.iter().filter_map(answered).inspect(|b| assert_eq!(b, b"early")).count();
        assert!(up >= 4, "seed {seed}: {up}");
        let ends = w.sides[0].events.iter().filter(|e| ended(e).is_some() || refused(e).is_some());
        assert_eq!(ends.count(), 6, "seed {seed}");
    }
}
