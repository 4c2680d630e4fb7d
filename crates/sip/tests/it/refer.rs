//! Transfers: REFER with its NOTIFYs, and calls that take another's place.

use crate::network::{Weather, World, ended, incoming, refused};
use sip::{CallId, Event, Hangup, Input, Message, Name, ReferId, Start, Transport};
use std::time::Duration;

fn fair() -> World {
    World::new(Transport::Udp, Weather::default(), 7)
}

struct Referred {
    refer: ReferId,
    target: Vec<u8>,
    replaces: Option<CallId>,
    referred_by: Vec<u8>,
}

fn referred(e: &Event) -> Option<Referred> {
    match e {
        Event::Referred { refer, target, replaces, referred_by, .. } => Some(Referred {
            refer: *refer,
            target: target.clone(),
            replaces: *replaces,
            referred_by: referred_by.clone(),
        }),
        _ => None,
    }
}

fn progress(e: &Event) -> Option<(ReferId, u16, bool)> {
    if let Event::ReferProgress { refer, code, done, .. } = e { Some((*refer, *code, *done)) } else { None }
}

fn heard(w: &mut World, side: usize) -> Vec<(u16, bool)> {
    let heard = w.sides[side].events.iter().filter_map(progress).map(|p| (p.1, p.2)).collect();
    w.sides[side].events.retain(|e| progress(e).is_none());
    heard
}

fn end(mut w: World, a: CallId) {
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    w.wait(1, ended);
    w.assert_empty();
}

/// Hands a side a message as if the other had sent it; the code of what it answers at once.
fn receive(w: &mut World, side: usize, text: &str) -> u16 {
    let (from, now) = (w.sides[1 - side].addr, w.now);
    w.sides[side].endpoint.handle(now, Input::Received { from, bytes: text.as_bytes() });
    let Some(out) = w.sides[side].endpoint.poll_transmit() else { return 0 };
    let Start::Response(code) = Message::parse(&out.bytes).unwrap().start() else { return 0 };
    code
}

fn last(w: &World, side: usize, start: &str) -> Message {
    Message::parse(&w.last_sent(side, start).unwrap()).unwrap()
}

fn value(m: &Message, name: Name) -> String {
    String::from_utf8(m.value(name).unwrap_or_default().to_vec()).unwrap()
}

#[test]
fn a_transfer_from_the_asking_to_its_outcome() {
    let mut w = fair();
    let (a, b) = w.up();
    for (side, call) in [(0, a), (1, b)] {
        let now = w.now;
        let lines = "Referred-By: <sip:100@192.0.2.1>\r\n";
        let id = w.sides[side].endpoint.refer(now, call, "sip:600@192.0.2.9", lines).unwrap();
        assert!(w.sides[side].endpoint.refer(now, call, "sip:x@y", "").is_none(), "one at a time");
        let r = w.wait(1 - side, referred);
        assert_eq!((&r.target[..], r.replaces), (&b"sip:600@192.0.2.9"[..], None));
        assert_eq!(r.referred_by, b"<sip:100@192.0.2.1>");
        let now = w.now;
        let e = &mut w.sides[1 - side].endpoint;
        e.notify_refer(now, r.refer, 180, false);
        e.accept_refer(now, r.refer);
        e.accept_refer(now, r.refer);
        e.reject_refer(now, r.refer, 603);
        assert_eq!(w.wait(side, progress), (id, 100, false), "at once");
        assert_eq!(w.sent(1 - side, "NOTIFY"), 1);
        w.run_for(Duration::from_secs(1));
        let now = w.now;
        for (code, last) in [(180, false), (183, false), (200, true), (486, true)] {
            w.sides[1 - side].endpoint.notify_refer(now, r.refer, code, last);
        }
        w.run_for(Duration::from_secs(1));
        assert_eq!(heard(&mut w, side), [(180, false), (200, true)], "the newest that waited, and the end");
        let m = last(&w, 1 - side, "NOTIFY");
        assert_eq!(value(&m, Name::Event), "refer");
        assert_eq!(value(&m, Name::SubscriptionState), "terminated;reason=noresource");
        assert_eq!(value(&m, Name::ContentType), "message/sipfrag;version=2.0");
        assert_eq!(m.body(), b"SIP/2.0 200 OK\r\n");
        assert_eq!(w.sent(1 - side, "SIP/2.0 202"), 1);
    }
    // The second REFER of a call is named in its NOTIFYs.
    let now = w.now;
    w.sides[0].endpoint.refer(now, a, "tel:+15550100", "").unwrap();
    let r = w.wait(1, referred);
    let now = w.now;
    w.sides[1].endpoint.accept_refer(now, r.refer);
    w.run_for(Duration::from_secs(1));
    let refer = last(&w, 0, "REFER").cseq().unwrap().0;
    assert_eq!(value(&last(&w, 1, "NOTIFY"), Name::Event), format!("refer;id={refer}"));
    end(w, a);
}

#[test]
fn a_refer_that_is_refused_or_left_alone_ends_once() {
    let mut w = fair();
    let (a, _) = w.up();
    for decide in [true, false] {
        let start = w.now;
        let id = w.sides[0].endpoint.refer(start, a, "sip:x@192.0.2.9", "").unwrap();
        let r = w.wait(1, referred);
        if decide {
            let now = w.now;
            w.sides[1].endpoint.reject_refer(now, r.refer, 603);
        }
        assert_eq!(w.wait(0, progress), (id, if decide { 603 } else { 500 }, true));
        assert_eq!(w.now.since(start).as_secs(), if decide { 0 } else { 16 });
        let now = w.now;
        w.sides[1].endpoint.accept_refer(now, r.refer);
        w.drain();
        assert_eq!(w.sent(1, "SIP/2.0 202"), 0, "too late");
    }
    // Accepted, and never heard of again: both sides end it.
    let start = w.now;
    let id = w.sides[0].endpoint.refer(start, a, "sip:x@192.0.2.9", "").unwrap();
    let r = w.wait(1, referred);
    let now = w.now;
    w.sides[1].endpoint.accept_refer(now, r.refer);
    w.wait(0, progress);
    assert_eq!(w.wait_for(0, Duration::from_secs(400), progress).0, id);
    assert_eq!(w.now.since(start).as_secs(), 300);
    w.run_for(Duration::from_secs(40));
    let now = w.now;
    assert!(w.sides[0].endpoint.refer(now, a, "sip:x@192.0.2.9", "").is_some(), "the way is free");
    w.wait(1, referred);
    w.sides[0].events.clear();
    end(w, a);
}

#[test]
fn who_wants_no_notify_gets_none() {
    let mut w = fair();
    let (a, _) = w.up();
    let now = w.now;
    let lines = "Refer-Sub: false\r\nRequire: norefersub\r\n";
    let id = w.sides[0].endpoint.refer(now, a, "sip:x@192.0.2.9", lines).unwrap();
    let r = w.wait(1, referred);
    let now = w.now;
    w.sides[1].endpoint.accept_refer(now, r.refer);
    assert_eq!(w.wait(0, progress), (id, 202, true));
    assert_eq!(value(&last(&w, 1, "SIP/2.0 202"), Name::ReferSub), "false");
    let now = w.now;
    w.sides[1].endpoint.notify_refer(now, r.refer, 180, false);
    w.sides[1].endpoint.notify_refer(now, r.refer, 200, true);
    w.drain();
    assert_eq!(w.sent(1, "NOTIFY"), 0);
    end(w, a);
}

#[test]
fn the_end_of_the_call_ends_its_refers() {
    for accepted in [true, false] {
        let mut w = fair();
        let (a, b) = w.up();
        let now = w.now;
        let id = w.sides[0].endpoint.refer(now, a, "sip:x@192.0.2.9", "").unwrap();
        let r = w.wait(1, referred);
        let now = w.now;
        if accepted {
            w.sides[1].endpoint.accept_refer(now, r.refer);
        }
        w.sides[1].endpoint.hang_up(now, b, "");
        w.run_for(Duration::from_secs(1));
        let told: Vec<_> = w.sides[0].events.iter().filter_map(progress).filter(|p| p.2).collect();
        assert_eq!(told, [(id, 487, true)]);
        assert_eq!(ended(w.sides[0].events.last().unwrap()), Some(Hangup::Far), "and then the call");
        let now = w.now;
        w.sides[1].endpoint.accept_refer(now, r.refer);
        w.sides[1].endpoint.notify_refer(now, r.refer, 200, true);
        w.assert_empty();
    }
}

#[test]
fn a_call_that_ends_with_its_refer_says_the_last_word_first() {
    let mut w = fair();
    let (a, b) = w.up();
    let now = w.now;
    let id = w.sides[0].endpoint.refer(now, a, "sip:x@192.0.2.9", "").unwrap();
    let r = w.wait(1, referred);
    let now = w.now;
    let e = &mut w.sides[1].endpoint;
    e.accept_refer(now, r.refer);
    e.notify_refer(now, r.refer, 200, true);
    e.hang_up(now, b, "Reason: Q.850;cause=16\r\n");
    w.run_for(Duration::from_secs(1));
    let told: Vec<_> = w.sides[0].events.iter().filter_map(progress).collect();
    assert_eq!(told, [(id, 100, false), (id, 200, true)]);
    assert_eq!(ended(w.sides[0].events.last().unwrap()), Some(Hangup::Far));
    assert_eq!(ended(w.sides[1].events.last().unwrap()), Some(Hangup::Near));
    assert_eq!(value(&last(&w, 1, "BYE"), Name::Reason), "Q.850;cause=16");
    w.assert_empty();
    // A far end that is gone without a word holds the end up no longer than a request lasts.
    let mut w = fair();
    let (a, b) = w.up();
    let now = w.now;
    w.sides[0].endpoint.refer(now, a, "sip:x@192.0.2.9", "").unwrap();
    let r = w.wait(1, referred);
    w.set_weather(Weather { lost: 1_000, ..Weather::default() });
    let now = w.now;
    let e = &mut w.sides[1].endpoint;
    e.accept_refer(now, r.refer);
    e.notify_refer(now, r.refer, 200, true);
    e.hang_up(now, b, "");
    w.run_for(Duration::from_secs(33));
    assert_eq!(w.sides[1].events.iter().filter_map(ended).next(), Some(Hangup::Near));
}

/// A request inside the call of the last INVITE of side 0, made by hand.
fn request(w: &World, method: &str, cseq: u32, lines: &str, body: &str) -> String {
    let (invite, ok) = (last(w, 0, "INVITE"), last(w, 1, "SIP/2.0 200"));
    format!(
        "{method} sip:192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bKr{method}{cseq}\r\nFrom: {}\r\n\
         To: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\n{lines}Content-Length: {}\r\n\r\n{body}",
        value(&invite, Name::From),
        value(&ok, Name::To),
        value(&invite, Name::CallId),
        body.len(),
    )
}

#[test]
fn what_cannot_be_a_refer_is_refused() {
    let mut w = fair();
    let (_, b) = w.up();
    let cases = [
        ("", 400),
        ("Refer-To: <sip:a@b>\r\nRefer-To: <sip:c@d>\r\n", 400),
        ("Refer-To: \r\n", 400),
        ("Refer-To: <sip:a@b\r\n", 400),
        ("Refer-To: <mailto:a@b>\r\n", 416),
        ("Refer-To: <sip:a@b;method=BYE>\r\n", 403),
        ("Refer-To: <sip:a@b>\r\nRequire: nothing-known\r\n", 420),
    ];
    for (n, (lines, code)) in cases.into_iter().enumerate() {
        let text = request(&w, "REFER", 100 + n as u32, lines, "");
        assert_eq!(receive(&mut w, 1, &text), code, "{lines}");
    }
    let text = request(&w, "REFER", 200, "r: sip:a@192.0.2.9?Subject=x\r\n", "");
    assert_eq!(receive(&mut w, 1, &text), 0);
    assert_eq!(w.wait(1, referred).target, b"sip:a@192.0.2.9?Subject=x");
    let text = request(&w, "REFER", 201, "Refer-To: <sip:a@b>\r\n", "");
    assert_eq!(receive(&mut w, 1, &text), 491, "one at a time");
    // Outside calls nobody makes us call anybody.
    let text = request(&w, "REFER", 202, "Refer-To: <sip:a@b>\r\n", "");
    let outside = text.replace(&value(&last(&w, 1, "SIP/2.0 200"), Name::To), "<sip:500@192.0.2.2>");
    assert_eq!(receive(&mut w, 1, &outside), 403);
    let stranger = text.replace(&value(&last(&w, 0, "INVITE"), Name::From), "<sip:a@b>;tag=other");
    assert_eq!(receive(&mut w, 1, &stranger), 481);
    let now = w.now;
    w.sides[1].endpoint.hang_up(now, b, "");
    w.assert_empty();
}

#[test]
fn notifies_from_strangers_tell_nothing() {
    let mut w = fair();
    let (_, b) = w.up();
    let cases = [
        ("Event: presence\r\nSubscription-State: active\r\n", "", 489),
        ("Subscription-State: active\r\n", "", 489),
        ("Event: refer\r\nSubscription-State: active\r\n", "SIP/2.0 200 OK", 481),
    ];
    for (n, (lines, body, code)) in cases.into_iter().enumerate() {
        let text = request(&w, "NOTIFY", 100 + n as u32, lines, body);
        assert_eq!(receive(&mut w, 1, &text), code, "{lines}");
    }
    // Side 1 has asked for something now.
    let now = w.now;
    let id = w.sides[1].endpoint.refer(now, b, "sip:x@192.0.2.9", "").unwrap();
    w.filter = Box::new(|_, b| !b.starts_with(b"REFER"));
    w.drain();
    let bodies =
        ["", "nonsense", "SIP/2.0 99 x", "SIP/2.0 7000", "SIP/2.0 ", "SIP/2.0 18", "HTTP/1.1 200 OK"];
    for (n, body) in bodies.into_iter().enumerate() {
        let text = request(&w, "NOTIFY", 200 + n as u32, "o: refer\r\nSubscription-State: active\r\n", body);
        assert_eq!(receive(&mut w, 1, &text), 200, "{body}");
    }
    w.drain();
    let told: Vec<_> = w.sides[1].events.iter().filter_map(progress).collect();
    assert_eq!(told, [], "nothing was said");
    let text = request(&w, "NOTIFY", 300, "Event: refer\r\nSubscription-State: terminated\r\n", "nonsense");
    assert_eq!(receive(&mut w, 1, &text), 200);
    assert_eq!(w.wait(1, progress), (id, 500, true), "over, whatever became of it");
    let text =
        request(&w, "NOTIFY", 301, "Event: refer\r\nSubscription-State: terminated\r\n", "SIP/2.0 200 OK");
    assert_eq!(receive(&mut w, 1, &text), 200);
    assert!(!w.sides[1].events.iter().any(|e| progress(e).is_some()));
    let now = w.now;
    w.sides[1].endpoint.hang_up(now, b, "");
    w.sides[0].events.clear();
    w.assert_empty();
}

/// Call-ID and tags of the last call, as its callee is to be told them.
fn replaces(w: &World) -> String {
    let (invite, ok) = (last(w, 0, "INVITE"), last(w, 1, "SIP/2.0 200"));
    let tag = |v: String| v.split(";tag=").nth(1).unwrap().to_owned();
    format!(
        "{};to-tag={};from-tag={}",
        value(&invite, Name::CallId),
        tag(value(&ok, Name::To)),
        tag(value(&invite, Name::From))
    )
}

#[test]
fn an_attended_transfer_names_the_other_call() {
    let mut w = fair();
    let (a1, _) = w.up();
    let (a2, b2) = w.up();
    let dialog = replaces(&w);
    let escaped = dialog.replace(';', "%3B").replace('=', "%3D");
    let cases = [
        (format!("sip:x@192.0.2.2?Replaces={escaped}"), Some(b2)),
        (format!("sip:x@192.0.2.2?a=b&replaces={escaped}&c=d"), Some(b2)),
        (format!("sip:x@192.0.2.2?Replaces={}", escaped.replace("to-tag", "to-tog")), None),
        (format!("sip:x@192.0.2.2?Replaces={escaped}x"), None),
        (format!("sip:x@192.0.2.2?Replaces=x{escaped}"), None),
        ("sip:x@192.0.2.2?Replaces=".into(), None),
        ("sip:x@192.0.2.2?Replaces".into(), None),
    ];
    for (target, expected) in cases {
        let now = w.now;
        w.sides[0].endpoint.refer(now, a1, &target, "").unwrap();
        let r = w.wait(1, referred);
        assert_eq!((r.replaces, r.target), (expected, target.into_bytes()));
        let now = w.now;
        w.sides[1].endpoint.reject_refer(now, r.refer, 603);
        w.wait(0, progress);
    }
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a2, "");
    w.wait(1, ended);
    end(w, a1);
}

#[test]
fn a_call_may_take_the_place_of_another() {
    let mut w = fair();
    let (a, b) = w.up();
    let dialog = replaces(&w);
    let refusals = [
        (format!("Replaces: {dialog};early-only\r\n"), 486),
        (format!("Replaces: {dialog}x\r\n"), 481),
        ("Replaces: nobody;to-tag=1;from-tag=2\r\n".into(), 481),
        ("Replaces: nobody;to-tag=1\r\n".into(), 400),
        ("Replaces: \r\n".into(), 400),
        (format!("Replaces: {dialog}\r\nReplaces: {dialog}\r\n"), 400),
    ];
    for (lines, code) in refusals {
        w.call_with(b"offer", &lines);
        assert_eq!(w.wait(0, refused), code, "{lines}");
    }
    let new = w.call_with(b"offer", &format!("Require: replaces\r\nReplaces: {dialog}\r\n"));
    let (call, replaced) = w.wait(1, |e| match e {
        Event::Incoming(i) => Some((i.call, i.replaces)),
        _ => None,
    });
    assert_eq!(replaced, Some(b));
    let now = w.now;
    w.sides[1].endpoint.accept(now, call, b"answer");
    w.sides[1].endpoint.hang_up(now, b, "");
    w.wait(0, |e| matches!(e, Event::Ended { call, how: Hangup::Far, .. } if *call == a).then_some(()));
    w.wait(0, |e| matches!(e, Event::Answered { call, .. } if *call == new).then_some(()));
    w.wait(1, |e| matches!(e, Event::Acknowledged { .. }).then_some(()));
    w.sides[1].events.clear();
    end(w, new);
    // What rings here is not theirs to take; what we ring is.
    let mut w = fair();
    let ringing = w.call();
    let b = w.wait(1, incoming);
    let now = w.now;
    w.sides[1].endpoint.progress(now, b, 180, b"");
    w.run_for(Duration::from_secs(1));
    let (invite, ring) = (last(&w, 0, "INVITE"), last(&w, 1, "SIP/2.0 180"));
    let tag = |v: String| v.split(";tag=").nth(1).unwrap().to_owned();
    let (call_id, ours, theirs) =
        (value(&invite, Name::CallId), tag(value(&invite, Name::From)), tag(value(&ring, Name::To)));
    w.call_with(b"offer", &format!("Replaces: {call_id};to-tag={theirs};from-tag={ours};early-only\r\n"));
    assert_eq!(w.wait(0, refused), 481);
    let (to, now) = (w.sides[0].addr, w.now);
    let lines = format!("Replaces: {call_id};to-tag={ours};from-tag={theirs};early-only\r\n");
    let out = sip::Outgoing {
        uri: "sip:100@192.0.2.1",
        from: "<sip:500@192.0.2.2>",
        to_header: "<sip:100@192.0.2.1>",
        extra: &lines,
        ..sip::Outgoing::to(to)
    };
    w.sides[1].endpoint.invite(now, &out);
    let picked = w.wait(0, |e| if let Event::Incoming(i) = e { Some((i.call, i.replaces)) } else { None });
    assert_eq!(picked.1, Some(ringing));
    let now = w.now;
    w.sides[0].endpoint.reject(now, picked.0, 486, "");
    w.sides[0].endpoint.hang_up(now, ringing, "");
    w.assert_empty();
}

#[test]
fn transfers_in_foul_weather_end_once_each() {
    for seed in 1..=40 {
        let mut w = World::new(Transport::Udp, Weather::default(), seed);
        let (a, b) = w.up();
        w.set_weather(Weather { lost: 200, doubled: 200, delay_ms: 400 });
        let mut asked = [Vec::new(), Vec::new()];
        let mut outcome = [Vec::new(), Vec::new()];
        for round in 0..300 {
            let now = w.now;
            for (n, call) in [(0, a), (1, b)] {
                if round < 200 {
                    asked[n].extend(w.sides[n].endpoint.refer(now, call, "sip:x@192.0.2.9", ""));
                }
            }
            w.run_for(Duration::from_millis(1_500));
            for (n, outcome) in outcome.iter_mut().enumerate() {
                let now = w.now;
                for e in std::mem::take(&mut w.sides[n].events) {
                    if let Some(r) = referred(&e) {
                        let e = &mut w.sides[n].endpoint;
                        if round % 3 == 0 {
                            e.reject_refer(now, r.refer, 603);
                        } else {
                            e.accept_refer(now, r.refer);
                            e.notify_refer(now, r.refer, 180, false);
                            e.notify_refer(now, r.refer, 200, true);
                        }
                    }
                    outcome.extend(progress(&e).filter(|p| p.2).map(|p| p.0));
                    assert!(ended(&e).is_none(), "seed {seed}");
                }
            }
        }
        w.set_weather(Weather::default());
        w.run_for(Duration::from_secs(700));
        for (n, outcome) in outcome.iter_mut().enumerate() {
            outcome.extend(w.sides[n].events.iter().filter_map(progress).filter(|p| p.2).map(|p| p.0));
            assert!(asked[n].len() > 20, "seed {seed}: {}", asked[n].len());
            assert_eq!(&asked[n], outcome, "seed {seed}");
        }
        w.sides[1].events.clear();
        end(w, a);
    }
}

#[test]
fn who_referred_goes_on_byte_for_byte_and_as_nothing_but_one_header() {
    let mut w = fair();
    let latin: &[u8] = b"\"J\xf6rg Gr\xf6\xdfe\" <sip:a@192.0.2.3;x-t=b>";
    for (referred_by, sent) in
        [(latin, Some(latin)), (b"", None), (b"<sip:a@b>\r\nX-Bad: c", None), (b"<sip:a@b>\0", None)]
    {
        let (to, now) = (w.sides[1].addr, w.now);
        let out = sip::Outgoing {
            uri: "sip:500@192.0.2.2",
            from: "<sip:100@192.0.2.1>",
            to_header: "<sip:500@192.0.2.2>",
            extra: "X-Other: d\r\n",
            referred_by,
            ..sip::Outgoing::to(to)
        };
        w.sides[0].endpoint.invite(now, &out);
        let call = w.wait(1, incoming);
        let m = last(&w, 0, "INVITE");
        assert_eq!(m.value(Name::ReferredBy), sent);
        assert!(m.headers().any(|h| h.value == b"d") && m.headers().all(|h| h.value != b"c"));
        let now = w.now;
        w.sides[1].endpoint.reject(now, call, 486, "");
        assert_eq!(w.wait(0, refused), 486);
    }
}
