//! Bytes and orders of messages that nobody should send.

use crate::network::{Weather, World, at};
use sip::{Endpoint, Input, Limits, Local, Splitter, Time, Transport};
use std::time::Duration;

fn endpoint(limits: Limits) -> Endpoint {
    let local = Local { transport: Transport::Udp, addr: at(0, Transport::Udp).addr };
    Endpoint::new(&[local], "test", 1, limits)
}

#[test]
fn every_torture_message_cut_or_bent_anywhere_is_survived() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/rfc4475/");
    let mut e = endpoint(Limits::default());
    let mut chance = 88_172_645_463_325_252u64;
    for file in std::fs::read_dir(dir).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for end in 0..bytes.len() {
            e.handle(Time(0), Input::Received { from: at(1, Transport::Udp), bytes: &bytes[..end] });
        }
        for _ in 0..400 {
            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            let mut bent = bytes.clone();
            let i = chance as usize % bent.len();
            bent[i] = (chance >> 32) as u8;
            e.handle(Time(0), Input::Received { from: at(1, Transport::Udp), bytes: &bent });
            let mut s = Splitter::new();
            s.push(&bent);
            while let Ok(Some(_)) = s.next() {}
        }
        while e.poll_transmit().is_some() || e.poll_event().is_some() {}
    }
}

#[test]
fn what_is_held_is_bounded() {
    let mut e = endpoint(Limits { calls: 10, transactions: 15 });
    let mut refused = 0;
    for n in 0..1000 {
        let text = format!(
            "INVITE sip:a@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2;rport;branch=z9hG4bK{n}\r\n\
             From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: {n}\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
        );
        e.handle(Time(0), Input::Received { from: at(1, Transport::Udp), bytes: text.as_bytes() });
        while let Some(t) = e.poll_transmit() {
            refused += usize::from(t.bytes.starts_with(b"SIP/2.0 503"));
        }
    }
    assert_eq!((e.calls(), refused), (10, 990));
    assert_eq!(e.counters().over_limit, 990);
}

#[test]
fn a_stranger_cannot_end_a_call_or_answer_for_it() {
    let mut w = World::new(Transport::Udp, Weather::default(), 3);
    let (a, _) = w.up();
    // Right Call-ID and tags but for one digit of the secret: 481, and the call goes on.
    for tag in ["0-1", "0-ffffffffffffffff", "1-0", "", "-", "zz-zz", "0-00000000000000000000"] {
        let text = format!(
            "BYE sip:a@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx{tag}\r\n\
             From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag={tag}\r\nCall-ID: x\r\nCSeq: 99 BYE\r\nContent-Length: 0\r\n\r\n"
        );
        let now = w.now;
        for side in 0..2 {
            w.sides[side]
                .endpoint
                .handle(now, Input::Received { from: at(9, Transport::Udp), bytes: text.as_bytes() });
        }
    }
    w.run_for(Duration::from_secs(1));
    assert_eq!((w.sides[0].endpoint.calls(), w.sides[1].endpoint.calls()), (1, 1));
    let now = w.now;
    w.sides[0].endpoint.hang_up(now, a, "");
    w.assert_empty();
}
