//! Saying who we are when asked, in calls and outside them.

use crate::network::{Weather, World, ended, incoming, refused};
use redact::Secret;
use sip::{
    Ask, CallId, Credentials, Event, Hangup, Input, Login, Message, Method, Name, Nonces, Start, Transport,
    Verdict,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const OLD: &str = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\"\r\n";
const NEW: &str = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\", qop=\"auth\", algorithm=SHA-256\r\n";

fn login(realm: Option<&str>) -> Arc<Login> {
    let credentials = Credentials { user: "anna".to_owned().into(), password: "secret".to_owned().into() };
    Arc::new(Login { credentials, realm: realm.map(Into::into) })
}

fn world() -> (World, Rc<RefCell<Vec<Message>>>) {
    let mut w = World::new(Transport::Udp, Weather::default(), 9);
    let sent = Rc::new(RefCell::new(Vec::new()));
    let kept = sent.clone();
    w.filter = Box::new(move |n, bytes| {
        if n == 0 {
            kept.borrow_mut().push(Message::parse(bytes).unwrap());
        }
        true
    });
    (w, sent)
}

/// The authorisation of a message, by its header's name.
fn says(m: &Message, name: &str) -> Option<String> {
    let mut all = m.headers().filter(|h| h.name_text == name.as_bytes());
    let value = all.next().map(|h| String::from_utf8(h.value.to_vec()).unwrap());
    assert!(all.next().is_none(), "said twice");
    value
}

fn requests(sent: &RefCell<Vec<Message>>, method: Method) -> Vec<Message> {
    let is = |m: &&Message| m.start() == Start::Request(method);
    sent.borrow().iter().filter(is).cloned().collect()
}

fn challenge(w: &mut World, code: u16, lines: &str) {
    let b = w.wait(1, incoming);
    let now = w.now;
    w.sides[1].endpoint.challenge(now, b, code, lines);
}

#[test]
fn a_call_that_is_asked_goes_out_once_more_and_says_who_it_is() {
    let (mut w, sent) = world();
    let login = login(Some("r"));
    let a = w.call_as(Some(&login));
    challenge(&mut w, 401, OLD);
    let b = w.wait(1, incoming);
    let now = w.now;
    w.sides[1].endpoint.accept(now, b, b"answer");
    w.wait(0, |e| matches!(e, Event::Answered { call, .. } if *call == a).then_some(()));
    let invites = requests(&sent, Method::Invite);
    let (first, second) = (&invites[0], &invites[1]);
    assert_eq!((invites.len(), says(first, "Authorization")), (2, None));
    // echo -n anna:r:secret | md5sum; likewise INVITE:sip:500@192.0.2.2; then with the nonce between them.
    let says_who = "Digest username=\"anna\", realm=\"r\", nonce=\"n1\", uri=\"sip:500@192.0.2.2\", \
                    response=\"RESPONSE\"";
    let response = says(second, "Authorization").unwrap();
    assert_eq!(response, says_who.replace("RESPONSE", "c57c2e74aa7eb14c84a31772af22eb15"));
    for same in [Name::CallId, Name::From, Name::To, Name::Contact, Name::MaxForwards] {
        assert_eq!(first.value(same), second.value(same), "{same:?}");
    }
    assert_eq!((first.cseq().unwrap().0, second.cseq().unwrap().0), (1, 2));
    assert_ne!(first.top_via().unwrap().branch, second.top_via().unwrap().branch);
    assert_eq!(second.body(), b"offer");
    // The ACK of the 2xx says the same; that of the 401 belongs to its transaction and says nothing.
    let acks = requests(&sent, Method::Ack);
    assert_eq!(says(&acks[0], "Authorization"), None);
    assert_eq!(says(&acks[1], "Authorization"), says(second, "Authorization"));
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    assert_eq!(w.wait(1, ended), Hangup::Far);
    let bye = &requests(&sent, Method::Bye)[0];
    assert!(says(bye, "Authorization").unwrap().contains("uri=\"sip:192.0.2.2:5060\""), "said unasked");
    assert_eq!(bye.cseq().unwrap().0, 3);
    w.assert_empty();
}

#[test]
fn a_wrong_password_is_said_once_and_a_stale_nonce_once_more() {
    for (second, tries) in [(NEW, 2), (&*NEW.replace("qop", "stale=true, qop"), 3)] {
        let (mut w, sent) = world();
        w.call_as(Some(&login(None)));
        challenge(&mut w, 401, OLD);
        challenge(&mut w, 401, second);
        if tries == 3 {
            challenge(&mut w, 401, second);
        }
        assert_eq!(w.wait(0, refused), 401);
        w.assert_empty();
        assert_eq!(requests(&sent, Method::Invite).len(), tries);
    }
}

#[test]
fn nobody_else_gets_an_answer() {
    let cases = [
        (None, OLD),
        (Some("other"), OLD),
        (Some("r"), ""),
        (Some("r"), "WWW-Authenticate: Basic realm=\"r\"\r\n"),
        (Some("r"), "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\r\n"),
        (Some("r"), "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=ROT13\r\n"),
        (Some("r"), "WWW-Authenticate: \r\nWWW-Authenticate: Digest\r\nWWW-Authenticate: Digest realm=\r\n"),
        (Some("r"), "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n"),
    ];
    for (realm, lines) in cases {
        let (mut w, sent) = world();
        let login = realm.map(|r| login(Some(r)));
        w.call_as(login.as_ref());
        challenge(&mut w, 401, lines);
        assert_eq!(w.wait(0, refused), 401, "{lines}");
        w.assert_empty();
        assert_eq!(requests(&sent, Method::Invite).len(), 1, "{lines}");
    }
}

#[test]
fn a_proxy_and_the_far_end_may_both_ask_and_no_third() {
    let (mut w, sent) = world();
    w.call_as(Some(&login(None)));
    challenge(&mut w, 407, "Proxy-Authenticate: Digest realm=\"p\", nonce=\"n0\", qop=\"auth\"\r\n");
    challenge(&mut w, 401, OLD);
    challenge(&mut w, 401, "WWW-Authenticate: Digest realm=\"third\", nonce=\"n\"\r\n");
    assert_eq!(w.wait(0, refused), 401);
    let invites = requests(&sent, Method::Invite);
    assert_eq!(invites.len(), 3);
    let (proxy, far) = (says(&invites[2], "Proxy-Authorization"), says(&invites[2], "Authorization"));
    assert!(
        proxy.as_ref().unwrap().contains("nc=00000002"),
        "the nonce is used again, and counted: {proxy:?}"
    );
    assert!(far.unwrap().contains("realm=\"r\""));
    assert!(says(&invites[1], "Proxy-Authorization").unwrap().contains("nc=00000001"));
    w.assert_empty();
}

#[test]
fn a_reinvite_and_a_bye_are_asked_too() {
    // The far end's proxy asks for each request with a nonce of its own, whatever was said before.
    for incoming_call in [false, true] {
        let (mut w, sent) = world();
        let login = login(None);
        let (a, _) = if incoming_call {
            let (b, a) = called(&mut w);
            w.sides[0].endpoint.set_login(a, &login);
            (a, b)
        } else {
            w.call_as(Some(&login));
            challenge(&mut w, 401, NEW);
            let b = w.wait(1, incoming);
            let now = w.now;
            w.sides[1].endpoint.accept(now, b, b"answer");
            w.wait(1, |e| matches!(e, Event::Acknowledged { .. }).then_some(()));
            (w.wait(0, |e| if let Event::Answered { call, .. } = e { Some(*call) } else { None }), b)
        };
        let now = w.now;
        assert!(w.sides[0].endpoint.reoffer(now, a, b"hold"));
        asks_for(&mut w, "n3");
        w.wait(1, |e| if let Event::Reoffer { call, body } = e { Some((*call, body.clone())) } else { None });
        let far = w.sides[1].endpoint.calls();
        assert_eq!(far, 1);
        let reinvite = requests(&sent, Method::Invite).pop().unwrap();
        assert!(says(&reinvite, "Authorization").unwrap().contains("nonce=\"n3\""));
        assert_eq!(reinvite.body(), b"hold");
        let now = w.now;
        w.sides[0].endpoint.hang_up(now, a, "");
        asks_for(&mut w, "n4");
        w.wait(1, ended);
        let bye = requests(&sent, Method::Bye).pop().unwrap();
        assert!(says(&bye, "Authorization").unwrap().contains("nonce=\"n4\""));
        w.assert_empty();
    }
}

/// A call from 1 to 0 that is up.
fn called(w: &mut World) -> (CallId, CallId) {
    let (to, now) = (w.sides[0].addr, w.now);
    let out = sip::Outgoing {
        uri: "sip:100@192.0.2.1",
        from: "<sip:500@192.0.2.2>",
        to_header: "<sip:100@192.0.2.1>",
        body: b"offer",
        ..sip::Outgoing::to(to)
    };
    let b = w.sides[1].endpoint.invite(now, &out);
    let a = w.wait(0, incoming);
    let now = w.now;
    w.sides[0].endpoint.accept(now, a, b"answer");
    w.wait(0, |e| matches!(e, Event::Acknowledged { .. }).then_some(()));
    (b, a)
}

/// A proxy between the two takes the next request away and answers 407 instead.
fn asks_for(w: &mut World, nonce: &str) {
    let out = w.sides[0].endpoint.poll_transmit().unwrap().bytes;
    let m = Message::parse(&out).unwrap();
    let mut text = String::from("SIP/2.0 407 Who\r\n");
    for (name, label) in [
        (Name::Via, "Via"),
        (Name::From, "From"),
        (Name::To, "To"),
        (Name::CallId, "Call-ID"),
        (Name::CSeq, "CSeq"),
    ] {
        text += &format!("{label}: {}\r\n", String::from_utf8_lossy(m.value(name).unwrap()));
    }
    text += &format!(
        "WWW-Authenticate: Digest realm=\"r\", nonce=\"{nonce}\", qop=\"auth\"\r\nContent-Length: 0\r\n\r\n"
    );
    let text = text.replace("407 Who", "401 Who");
    let (from, now) = (w.sides[1].addr, w.now);
    w.sides[0].endpoint.handle(now, Input::Received { from, bytes: text.as_bytes() });
    w.drain();
}

#[test]
fn a_register_says_who_it_is_with_the_next_number() {
    let (mut w, sent) = world();
    let (login, to, now) = (login(Some("r")), w.sides[1].addr, w.now);
    let ask = Ask {
        method: Method::Register,
        uri: "sip:192.0.2.2",
        from: "<sip:anna@192.0.2.2>",
        to_header: "<sip:anna@192.0.2.2>",
        cseq: Some(41),
        login: Some(&login),
        ..Ask::to(to)
    };
    w.sides[0].endpoint.ask(now, &ask);
    for lines in [NEW, ""] {
        let r = w.wait(1, |e| if let Event::Request { request, .. } = e { Some(*request) } else { None });
        let now = w.now;
        w.sides[1].endpoint.respond(now, r, if lines.is_empty() { 200 } else { 401 }, "", lines, b"");
    }
    let asked = w.wait(0, |e| match e {
        Event::Asked { code, cseq, .. } => Some((*code, *cseq)),
        _ => None,
    });
    assert_eq!(asked, (200, 42));
    let registers = requests(&sent, Method::Register);
    let who = says(&registers[1], "Authorization").unwrap();
    assert!(who.contains("algorithm=SHA-256") && who.contains("nc=00000001"), "{who}");
    assert_eq!(registers[0].value(Name::CallId), registers[1].value(Name::CallId));
    w.assert_empty();
}

#[test]
fn what_we_say_is_what_a_server_takes() {
    let mut nonces = Nonces::new([7; 32]);
    for password in ["secret", "wrong"] {
        let (mut w, _) = world();
        w.call_as(Some(&login(None)));
        let mut verdicts = Vec::new();
        while verdicts.last() != Some(&"good") && verdicts.len() < 2 {
            let i = w.wait(1, |e| match e {
                Event::Incoming(i) => Some((i.call, i.message.clone())),
                _ => None,
            });
            let (call, m) = i;
            let who = sip::values_of(&m, "Authorization").next().unwrap_or_default();
            let now = w.now;
            let verdict = nonces.check(now, "r", who, b"INVITE", m.target(), |user| {
                (user == "anna").then(|| Secret::new(password.to_owned()))
            });
            if matches!(verdict, Verdict::Good(_)) {
                verdicts.push("good");
                w.sides[1].endpoint.accept(now, call, b"answer");
                continue;
            }
            verdicts.push("not good");
            let lines: String = (nonces.challenge(now, "r", false).iter())
                .map(|c| format!("WWW-Authenticate: {c}\r\n"))
                .collect();
            w.sides[1].endpoint.challenge(now, call, 401, &lines);
        }
        assert_eq!(verdicts.last(), Some(if password == "secret" { &"good" } else { &"not good" }));
    }
}

#[test]
fn a_call_that_is_given_up_does_not_say_who_it_is() {
    let (mut w, sent) = world();
    let a = w.call_as(Some(&login(None)));
    let b = w.wait(1, incoming);
    w.run_for(Duration::from_millis(10));
    let now = w.now;
    w.sides[1].endpoint.challenge(now, b, 401, OLD);
    w.sides[0].endpoint.hang_up(now, a, "");
    assert_eq!(w.wait(0, refused), 401);
    w.assert_empty();
    assert_eq!(requests(&sent, Method::Invite).len(), 1);
}

#[test]
fn in_foul_weather_an_asked_call_ends_once() {
    for seed in 1..=40 {
        let mut w = World::new(Transport::Udp, Weather { lost: 150, doubled: 150, delay_ms: 300 }, seed);
        for _ in 0..8 {
            w.call_as(Some(&login(None)));
        }
        let mut asked = 0;
        for _ in 0..100 {
            w.run_for(Duration::from_millis(400));
            let now = w.now;
            while let Some(i) = w.sides[1].events.iter().position(|e| incoming(e).is_some()) {
                let Event::Incoming(i) = w.sides[1].events.remove(i) else { unreachable!() };
                match says(&i.message, "Authorization") {
                    Some(_) => w.sides[1].endpoint.accept(now, i.call, b"answer"),
                    None => {
                        asked += 1;
                        w.sides[1].endpoint.challenge(now, i.call, 401, NEW);
                    }
                }
            }
        }
        assert!(asked >= 7, "seed {seed}");
        let up: Vec<CallId> = (w.sides[0].events.iter())
            .filter_map(|e| if let Event::Answered { call, .. } = e { Some(*call) } else { None })
            .collect();
        for a in up {
            let now = w.now;
            w.sides[0].endpoint.hang_up(now, a, "");
        }
        w.assert_empty();
        let ends = w.sides[0].events.iter().filter(|e| ended(e).is_some() || refused(e).is_some());
        assert_eq!(ends.count(), 8, "seed {seed}");
    }
}

#[test]
fn an_invite_that_was_given_up_is_not_sent_again() {
    let (mut w, sent) = world();
    let login = login(None);
    let (to, now) = (w.sides[1].addr, w.now);
    // The far end takes longer to ask who we are than it has for saying anything.
    let lost = Rc::new(RefCell::new(true));
    let (kept, loses) = (sent.clone(), lost.clone());
    w.filter = Box::new(move |n, bytes| {
        if n == 0 {
            kept.borrow_mut().push(Message::parse(bytes).unwrap());
        }
        n == 0 || !*loses.borrow()
    });
    w.sides[0].endpoint.invite(
        now,
        &sip::Outgoing {
            uri: "sip:500@192.0.2.2",
            from: "<sip:100@192.0.2.1>",
            to_header: "<sip:500@192.0.2.2>",
            body: b"offer",
            login: Some(&login),
            answer_within: Some(Duration::from_secs(1)),
            ..sip::Outgoing::to(to)
        },
    );
    assert_eq!(w.wait(0, refused), 408);
    *lost.borrow_mut() = false;
    challenge(&mut w, 401, OLD);
    w.run_for(Duration::from_secs(5));
    let numbers: Vec<u32> = requests(&sent, Method::Invite).iter().map(|m| m.cseq().unwrap().0).collect();
    assert!(numbers.iter().all(|n| *n == 1), "{numbers:?}");
}
