//! A registrar and a sequence of REGISTERs, whole and spoilt, with time passing between them.
//!
//! The law: never more bindings than there may be, none that is over, none lost count of, and an export brings back
//! what was there.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip::{Destination, Message, Registrar, RegistrarEvent, Time, Transport};
use std::collections::BTreeMap;
use std::time::Duration;

const AORS: u64 = 3;
const MOST: usize = 16;
const WORDS: [&str; 16] = [
    "Contact: <sip:a@h>",
    "Contact: <sip:b@192.0.2.1>;expires=0",
    "Contact: <sip:c@192.0.2.9:5070>;q=0.5;expires=60",
    "Contact: *",
    "Expires: 0",
    "Expires: 90",
    "Contact: <sip:d@h;transport=tcp>, <sip:e@h>;q=1.0, sip:f@h",
    "Contact: <sip:%61@H>",
    "Contact: <sips:g@h;x=1>",
    "Contact: \"x\" <sip:h@10.0.0.1>;expires=3",
    "Require: path",
    "User-Agent: x\u{1}y",
    "Contact: <tel:1>",
    "Contact: <sip:i@h>, <sip:j@h>, <sip:k@h>, <sip:l@h>, <sip:m@h>, <sip:n@h>, <sip:o@h>, <sip:p@h>",
    "m: <sip:q@h>;q=0.001",
    "Expires: 99999999999",
];

fn request(cseq: u8, call: u8, lines: &[u8], raw: bool) -> Option<Message> {
    let mut text = format!(
        "REGISTER sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:a@h>\r\n\
         Call-ID: {call}\r\nCSeq: {cseq} REGISTER\r\n"
    )
    .into_bytes();
    if raw {
        text.extend_from_slice(b"Contact: ");
        text.extend_from_slice(lines);
        text.extend_from_slice(b"\r\n");
    } else {
        for word in lines {
            text.extend_from_slice(WORDS[usize::from(word & 15)].as_bytes());
            text.extend_from_slice(b"\r\n");
        }
    }
    text.extend_from_slice(b"\r\n");
    Message::parse(&text).ok()
}

fn check(r: &mut Registrar, now: Time, told: &mut BTreeMap<u64, usize>) {
    while let Some(event) = r.poll_event() {
        match event {
            RegistrarEvent::Registered { aor, contacts } => told.insert(aor, contacts),
            RegistrarEvent::Gone { aor } => told.remove(&aor),
        };
    }
    let mut all = 0;
    for aor in 0..AORS {
        let list = r.lookup(now, aor);
        assert!(list.len() <= 10 && list.iter().all(|b| b.expires > now && b.q <= 1000));
        assert!(list.windows(2).all(|w| w[0].q >= w[1].q), "the best first");
        assert!(list.iter().all(|b| b.user_agent.len() <= 64 && b.uri.expose_secret().len() <= 512));
        all += list.len();
    }
    assert!(r.len() == all && all <= MOST);
    // Those that the look-up found to be over are told now.
    while let Some(event) = r.poll_event() {
        match event {
            RegistrarEvent::Registered { aor, contacts } => told.insert(aor, contacts),
            RegistrarEvent::Gone { aor } => told.remove(&aor),
        };
    }
    for aor in 0..AORS {
        assert!(told.get(&aor).copied().unwrap_or(0) == r.lookup(now, aor).len(), "what is told is true");
    }
    assert!(r.deadline().is_none_or(|at| at > now) && r.deadline().is_some() == (all > 0));
    let mut back = Registrar::new(MOST);
    back.import(now, Duration::ZERO, r.export(now));
    // Contacts that only a Call-ID tells apart may be one after a restart.
    assert!(back.len() <= all && (back.len() > 0) == (all > 0));
}

fuzz_target!(|data: &[u8]| {
    let (mut r, mut now, mut told) = (Registrar::new(MOST), Time(1), BTreeMap::new());
    let mut rest = data;
    while let [op, a, b, length, after @ ..] = rest {
        let (lines, next) = after.split_at(usize::from(*length).min(after.len()));
        rest = next;
        let aor = u64::from(a >> 4) % AORS;
        let transport = if b & 64 == 0 { Transport::Udp } else { Transport::Tcp };
        let from = Destination {
            transport,
            addr: ([192, 0, 2, b & 3], 5060 + u16::from(b >> 4 & 3)).into(),
            connection: (transport == Transport::Tcp).then_some(u64::from(*b)),
        };
        match op % 8 {
            0 => {
                now = Time(now.0 + u64::from(*a) * 20_000_000);
                r.tick(now);
            }
            1 => r.forget(aor),
            n => {
                if let Some(m) = request(a & 15, b >> 2 & 3, lines, n == 2) {
                    let reply = r.register(now, aor, &m, from);
                    assert!(matches!(reply.code, 200 | 400 | 403 | 420 | 423 | 500 | 503));
                    assert!(reply.lines.is_empty() || reply.lines.ends_with(b"\r\n"));
                    // Each line that goes out is one that was meant.
                    for line in reply.lines.split(|c| *c == b'\n').filter(|l| !l.is_empty()) {
                        let known = [&b"Contact: <"[..], b"Min-Expires: ", b"Retry-After: ", b"Unsupported: "];
                        assert!(known.iter().any(|k| line.starts_with(k)) && line.ends_with(b"\r"));
                    }
                }
            }
        }
        check(&mut r, now, &mut told);
    }
});
