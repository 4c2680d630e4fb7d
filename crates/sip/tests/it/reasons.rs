//! What answers and ends say of why: causes, when to try again, and where else.

use crate::network::{Weather, World, incoming};
use sip::{Event, Hangup, Input, Redirect, Refused, Transport};

fn fair() -> World {
    World::new(Transport::Udp, Weather::default(), 7)
}

fn refused(e: &Event) -> Option<Refused> {
    if let Event::Refused { refused, .. } = e { Some(refused.clone()) } else { None }
}

fn ended(e: &Event) -> Option<(Hangup, u8)> {
    if let Event::Ended { how, cause, .. } = e { Some((*how, *cause)) } else { None }
}

fn answer(w: &mut World, code: u16, lines: &str) -> Refused {
    w.call();
    let b = w.wait(1, incoming);
    let now = w.now;
    w.sides[1].endpoint.reject_with(now, b, code, "", lines);
    w.wait(0, refused)
}

#[test]
fn a_refusal_says_why_and_when_to_try_again() {
    let mut w = fair();
    for (code, lines, cause, again) in [
        (486, "", 17, None),
        (480, "Reason: Q.850;cause=19\r\n", 19, None),
        (503, "Retry-After: 18 (comment);duration=3600\r\n", 41, Some(18)),
        (503, "Retry-After: 99999999\r\n", 41, Some(86_400)),
        (503, "Retry-After: 99999999999999999999\r\n", 41, None),
        (503, "Retry-After: soon\r\n", 41, None),
        (404, "Reason: SIP;cause=604\r\n", 1, None),
    ] {
        let r = answer(&mut w, code, lines);
        assert_eq!((r.code, r.cause, r.retry_after), (code, cause, again), "{lines}");
        assert!(r.redirects.is_empty());
    }
    w.assert_empty();
}

#[test]
fn a_redirection_names_addresses_the_best_first() {
    let mut w = fair();
    let lines = "Contact: <sip:third@h>;q=0.25, \"x, y\" <sip:first@h;q=0.1>, <mailto:x@y>\r\n\
                 Contact: <tel:+4930>;q=0.7\r\nContact: sip:fourth@h;q=0.25\r\nContact: <sip:none@h>;q=2\r\n";
    let r = answer(&mut w, 302, lines);
    let all: Vec<(String, u16)> =
        r.redirects.iter().map(|r| (String::from_utf8(r.uri.to_vec()).unwrap(), r.q)).collect();
    let expected = [
        ("sip:first@h;q=0.1", 1000),
        ("tel:+4930", 700),
        ("sip:third@h", 250),
        ("sip:fourth@h", 250),
        ("sip:none@h", 0),
    ];
    assert_eq!(all, expected.map(|(uri, q)| (uri.to_owned(), q)));
    assert!(!format!("{r:?}").contains("4930"));
    let many = answer(&mut w, 300, &"Contact: <sip:a@b>;q=1.000\r\n".repeat(50));
    assert_eq!(many.redirects.len(), 8);
    assert_eq!(answer(&mut w, 302, "Contact: *\r\n").redirects, Vec::<Redirect>::new());
    w.assert_empty();
}

#[test]
fn the_end_of_a_call_says_why() {
    for (lines, cause) in [("", 16), ("Reason: Q.850;cause=31\r\n", 31), ("Reason: SIP;cause=503\r\n", 41)] {
        let mut w = fair();
        let (a, _) = w.up();
        let now = w.now;
        w.sides[0].endpoint.hang_up(now, a, lines);
        assert_eq!(w.wait(1, ended), (Hangup::Far, cause), "{lines}");
        // Of ours only a Q.850 cause counts.
        assert_eq!(w.wait(0, ended), (Hangup::Near, if cause == 31 { 31 } else { 16 }));
        w.assert_empty();
        let mut w = fair();
        let a = w.call();
        w.wait(1, incoming);
        w.run_for(std::time::Duration::from_secs(1));
        let now = w.now;
        w.sides[0].endpoint.hang_up(now, a, lines);
        let told = w.wait(1, |e| if let Event::Cancelled { cause, .. } = e { Some(*cause) } else { None });
        assert_eq!(told, cause, "{lines}");
        w.assert_empty();
    }
    let elsewhere = "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n";
    let mut w = fair();
    let a = w.call();
    w.wait(1, incoming);
    w.run_for(std::time::Duration::from_secs(1));
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, elsewhere);
    let told = w.wait(1, |e| if let Event::Cancelled { cause, .. } = e { Some(*cause) } else { None });
    assert_eq!(told, sip::ANSWERED_ELSEWHERE);
    w.assert_empty();
}

#[test]
fn nobody_there_is_a_timer_that_expired() {
    let mut w = fair();
    w.filter = Box::new(|_, _| false);
    w.call();
    let r = w.wait(0, refused);
    assert_eq!((r.code, r.cause), (408, sip::TIMER_EXPIRED));
    w.assert_empty();
    let mut w = fair();
    w.filter = Box::new(|_, b| !b.starts_with(b"ACK"));
    w.call();
    let b = w.wait(1, incoming);
    let now = w.now;
    w.sides[1].endpoint.accept(now, b, b"answer");
    assert_eq!(w.wait(1, ended), (Hangup::NoAck, sip::TIMER_EXPIRED));
    w.assert_empty();
}

const PARTS: &str = "--x\r\nContent-Type: application/pidf+xml\r\n\r\n<presence/>\r\n\
                     --x\r\nContent-Type: application/sdp\r\n\r\nthe description\r\n--x--\r\n";

#[test]
fn a_description_among_other_parts_is_found_wherever_a_body_is_handed_out() {
    let mut w = fair();
    let wrap = |text: &str, body: &str| {
        text.replace("application/sdp\r\nContent", "multipart/mixed;boundary=x\r\nContent").replace(
            &format!("Content-Length: {}\r\n\r\n{body}", body.len()),
            &format!("Content-Length: {}\r\n\r\n{PARTS}", PARTS.len()),
        )
    };
    w.rewrite = Box::new(move |_, bytes| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        wrap(&wrap(&wrap(&text, "offer"), "answer"), "early").into_bytes()
    });
    let a = w.call();
    let (b, offer) = w.wait(1, |e| match e {
        Event::Incoming(i) => Some((i.call, i.message.session_description().to_vec())),
        _ => None,
    });
    assert_eq!(offer, b"the description");
    let now = w.now;
    w.sides[1].endpoint.progress(now, b, 183, b"early");
    let early = w.wait(0, |e| if let Event::Progress { body, .. } = e { Some(body.clone()) } else { None });
    assert_eq!(early, b"the description");
    let now = w.now;
    w.sides[1].endpoint.accept(now, b, b"answer");
    let body = w.wait(0, |e| if let Event::Answered { body, .. } = e { Some(body.clone()) } else { None });
    assert_eq!(body, b"the description");
    w.wait(1, |e| matches!(e, Event::Acknowledged { .. }).then_some(()));
    let now = w.now;
    w.sides[0].endpoint.reoffer(now, a, b"offer");
    let (far, body) = w.wait(1, crate::network::reoffer);
    assert_eq!(body, b"the description");
    let now = w.now;
    w.sides[1].endpoint.answer_reoffer(now, far, b"answer");
    assert_eq!(w.wait(0, crate::network::reanswered), b"the description");
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    w.wait(1, ended);
    w.assert_empty();
}

#[test]
fn parts_without_a_description_are_refused() {
    let mut w = fair();
    let text = "INVITE sip:a@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n\
                To: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Type: multipart/mixed;boundary=y\r\n";
    let text = format!("{text}Content-Length: {}\r\n\r\n{PARTS}", PARTS.len());
    let (from, now) = (w.sides[0].addr, w.now);
    w.sides[1].endpoint.handle(now, Input::Received { from, bytes: text.as_bytes() });
    let out = w.sides[1].endpoint.poll_transmit().unwrap().bytes;
    assert!(out.starts_with(b"SIP/2.0 415 "));
    assert!(String::from_utf8_lossy(&out).contains("Accept: application/sdp, multipart/mixed\r\n"));
}
