//! Requests outside dialogs, both ways: REGISTER, OPTIONS, and a callee that asks who calls.

use crate::network::{Weather, World, at, incoming};
use sip::{Ask, AskId, Event, Input, Message, Method, Name, RequestId, Start, Transport};
use std::time::Duration;

fn register<'a>(w: &World, cseq: u32) -> Ask<'a> {
    Ask {
        method: Method::Register,
        uri: "sip:192.0.2.2",
        from: "<sip:100@192.0.2.2>",
        to_header: "<sip:100@192.0.2.2>",
        call_id: Some("kept@192.0.2.1"),
        cseq: Some(cseq),
        extra: "Contact: <sip:100@192.0.2.1>;expires=60\r\n",
        ..Ask::to(w.sides[1].addr)
    }
}

fn request(e: &Event) -> Option<(RequestId, Box<Message>)> {
    match e {
        Event::Request { request, message, .. } => Some((*request, message.clone())),
        _ => None,
    }
}

fn asked(e: &Event) -> Option<(AskId, u16, u32, Option<Box<Message>>)> {
    match e {
        Event::Asked { ask, code, cseq, message } => Some((*ask, *code, *cseq, message.clone())),
        _ => None,
    }
}

#[test]
fn a_register_is_answered_by_the_caller_of_the_room() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let mut w = World::new(transport, Weather::default(), 5);
        for cseq in [7, 8] {
            let (ask, now) = (register(&w, cseq), w.now);
            let id = w.sides[0].endpoint.ask(now, &ask);
            let (r, m) = w.wait(1, request);
            assert_eq!(m.start(), Start::Request(Method::Register));
            assert_eq!(m.value(Name::CallId), Some(&b"kept@192.0.2.1"[..]));
            assert_eq!(m.cseq(), Some((cseq, Method::Register)));
            assert_eq!(m.value(Name::Contact), Some(&b"<sip:100@192.0.2.1>;expires=60"[..]));
            let now = w.now;
            let e = &mut w.sides[1].endpoint;
            e.respond(now, r, 200, "", "Contact: <sip:100@192.0.2.1>;expires=55\r\n", b"");
            e.respond(now, r, 500, "", "", b"");
            let (got, code, last, answer) = w.wait(0, asked);
            assert_eq!((got, code, last), (id, 200, cseq));
            let answer = answer.unwrap();
            assert_eq!(answer.value(Name::Contact), Some(&b"<sip:100@192.0.2.1>;expires=55"[..]));
        }
        assert_eq!(w.sent(1, "SIP/2.0 500"), 0, "the second answer to one request does nothing");
        w.assert_empty();
        assert!(w.sides.iter().all(|s| s.events.is_empty()));
    }
}

#[test]
fn a_request_that_nobody_answers_gets_500_before_its_sender_gives_up() {
    let mut w = World::new(Transport::Udp, Weather::default(), 5);
    let (ask, start) = (register(&w, 1), w.now);
    w.sides[0].endpoint.ask(start, &ask);
    let (r, _) = w.wait(1, request);
    assert_eq!(w.wait(0, asked).1, 500);
    assert!(w.now.since(start) < Duration::from_secs(17));
    // Too late: it was answered already.
    let now = w.now;
    w.sides[1].endpoint.respond(now, r, 200, "", "", b"");
    w.drain();
    assert_eq!(w.sent(1, "SIP/2.0 200"), 0);
    w.assert_empty();
}

#[test]
fn an_ask_ends_once_in_foul_weather() {
    for seed in 1..=40 {
        let mut w = World::new(Transport::Udp, Weather { lost: 300, doubled: 200, delay_ms: 400 }, seed);
        let mut open = Vec::new();
        for cseq in 1..=5 {
            let (ask, now) = (register(&w, cseq), w.now);
            open.push(w.sides[0].endpoint.ask(now, &ask));
        }
        for _ in 0..400 {
            w.run_for(Duration::from_millis(100));
            let now = w.now;
            while let Some(i) = w.sides[1].events.iter().position(|e| request(e).is_some()) {
                let (r, _) = request(&w.sides[1].events.remove(i)).unwrap();
                w.sides[1].endpoint.respond(now, r, 200, "", "", b"");
            }
        }
        w.assert_empty();
        let mut ended: Vec<AskId> = w.sides[0].events.iter().filter_map(asked).map(|a| a.0).collect();
        ended.sort();
        assert_eq!(ended, open, "seed {seed}");
    }
}

#[test]
fn what_waits_for_the_caller_of_the_room_is_bounded() {
    let mut w = World::new(Transport::Udp, Weather::default(), 5);
    let now = w.now;
    for n in 0..1_200 {
        let text = format!(
            "REGISTER sip:192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bK{n}\r\n\
             From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: {n}\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n"
        );
        let from = at(0, Transport::Udp);
        w.sides[1].endpoint.handle(now, Input::Received { from, bytes: text.as_bytes() });
    }
    w.drain();
    assert_eq!(w.sides[1].events.iter().filter(|e| request(e).is_some()).count(), 1_000);
    assert_eq!(w.sent(1, "SIP/2.0 503"), 200);
    w.assert_empty();
    assert_eq!(w.sent(1, "SIP/2.0 500"), 1_000);
}

#[test]
fn probe_tells_whether_somebody_is_there() {
    let mut w = World::new(Transport::Udp, Weather::default(), 7);
    let (to, now) = (w.sides[1].addr, w.now);
    let id = w.sides[0].endpoint.probe(now, to, "sip:192.0.2.2");
    let (got, code, _, answer) = w.wait(0, asked);
    assert_eq!((got, code), (id, 200));
    assert!(answer.unwrap().value(Name::Allow).is_some());
    w.filter = Box::new(|_, _| false);
    let now = w.now;
    let id = w.sides[0].endpoint.probe(now, to, "sip:192.0.2.2");
    let (got, code, _, answer) = w.wait(0, asked);
    assert_eq!((got, code, answer.is_none()), (id, 408, true));
    // The transport says at once what silence says after half a minute.
    let now = w.now;
    w.sides[0].endpoint.probe(now, to, "sip:192.0.2.2");
    w.sides[0].endpoint.handle(now, Input::Unreachable { to });
    assert_eq!(w.wait(0, asked).1, 503);
    // An INVITE begins a call and is none of this.
    let ask = Ask { method: Method::Invite, uri: "sip:192.0.2.2", ..Ask::to(to) };
    w.sides[0].endpoint.ask(now, &ask);
    assert_eq!(w.wait(0, asked).1, 503);
    assert_eq!(w.sent(0, "INVITE"), 0);
    w.assert_empty();
}

#[test]
fn a_call_is_asked_who_it_is() {
    let mut w = World::new(Transport::Udp, Weather::default(), 7);
    w.call();
    let b = w.wait(1, incoming);
    let now = w.now;
    w.sides[1].endpoint.challenge(now, b, 401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n");
    let out = w.sides[1].endpoint.poll_transmit().unwrap();
    let out = Message::parse(&out.bytes).unwrap_or_else(|_| unreachable!());
    assert_eq!(out.start(), Start::Response(401));
    let line = out.headers().find(|h| h.name_text == b"WWW-Authenticate").unwrap();
    assert_eq!(line.value, b"Digest realm=\"r\", nonce=\"n\"");
    assert_eq!(w.sides[1].endpoint.calls(), 0);
    // The caller has no credentials; here its answer never comes.
    w.assert_empty();
}
