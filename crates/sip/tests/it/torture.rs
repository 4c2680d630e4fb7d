//! The messages of RFC 4475, byte for byte, each with the answer that section 3 asks for.

use crate::network::at;
use sip::{Destination, Endpoint, Event, Input, Limits, Local, Message, Start, Time, Transport};
use std::net::SocketAddr;

/// What an endpoint that takes calls does with a message.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Does {
    /// A call begins.
    Call,
    /// Asks the caller of the room to answer: a REGISTER.
    Asks,
    /// Answers with this code.
    Answers(u16),
    /// Says nothing.
    Drops,
}
use Does::{Answers, Asks, Call, Drops};

/// What an endpoint does with a message from somewhere, and what it answers to where.
pub fn outcome_between(
    here: Destination,
    from: Destination,
    bytes: &[u8],
) -> (Does, Option<(SocketAddr, Message)>) {
    let local = Local { transport: here.transport, addr: here.addr };
    let mut e = Endpoint::new(&[local], "test", 1, Limits::default());
    e.handle(Time(0), Input::Received { from, bytes });
    let answer = e.poll_transmit().map(|t| (t.to.addr, Message::parse(&t.bytes).unwrap()));
    let does = match (e.poll_event(), answer.as_ref().map(|(_, m)| m.start())) {
        (Some(Event::Incoming(_)), _) => Call,
        (Some(Event::Request { .. }), _) => Asks,
        (_, Some(Start::Response(code))) => Answers(code),
        (_, Some(Start::Request(_))) => unreachable!("a message from a stranger makes us ask nothing"),
        (_, None) => Drops,
    };
    (does, answer)
}

fn outcome(bytes: &[u8]) -> Does {
    outcome_between(at(0, Transport::Udp), at(1, Transport::Udp), bytes).0
}

#[test]
fn every_message_gets_its_answer() {
    let table: [(&str, Does); 49] = [
        // Its To has a tag, of a dialog that is none of ours.
        ("wsinv", Answers(481)),
        ("intmeth", Answers(501)),
        ("esc01", Call),
        ("escnull", Asks),
        ("esc02", Answers(501)),
        ("lwsdisp", Answers(200)),
        ("longreq", Call),
        ("dblreq", Asks),
        ("semiuri", Answers(200)),
        ("transports", Answers(200)),
        ("mpart01", Answers(405)),
        ("unreason", Drops),
        ("noreason", Drops),
        ("badinv01", Answers(400)),
        ("clerr", Answers(400)),
        ("ncl", Answers(400)),
        ("scalar02", Answers(400)),
        ("scalarlg", Drops),
        ("quotbal", Answers(400)),
        ("ltgtruri", Answers(400)),
        ("lwsruri", Answers(400)),
        ("lwsstart", Answers(400)),
        ("trws", Answers(400)),
        ("escruri", Answers(400)),
        ("baddate", Call),
        ("regbadct", Answers(400)),
        ("badaspec", Answers(200)),
        // The archive leaves out its blank line; the quotes that its name lacks would not matter here.
        ("baddn", Answers(400)),
        ("badvers", Answers(505)),
        ("mismatch01", Answers(400)),
        ("mismatch02", Answers(501)),
        ("bigcode", Drops),
        ("badbranch", Answers(200)),
        ("insuf", Answers(400)),
        ("unkscm", Answers(416)),
        ("novelsc", Answers(416)),
        ("unksm2", Asks),
        ("bext01", Answers(420)),
        ("invut", Answers(415)),
        ("regaut01", Asks),
        ("multi01", Answers(400)),
        ("mcl01", Answers(400)),
        ("bcast", Drops),
        ("zeromf", Answers(200)),
        ("cparam01", Asks),
        ("cparam02", Asks),
        ("regescrt", Asks),
        ("sdp01", Answers(406)),
        ("inv2543", Call),
    ];
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/rfc4475/");
    let mut wrong = Vec::new();
    for (name, expected) in table {
        let bytes = std::fs::read(format!("{dir}{name}.dat")).unwrap();
        let got = outcome(&bytes);
        if got != expected {
            wrong.push(format!("{name}: {got:?}, should be {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let files = std::fs::read_dir(dir)
        .unwrap()
        .filter(|f| f.as_ref().unwrap().path().extension().is_some_and(|e| e == "dat"));
    assert_eq!(files.count(), table.len(), "every file stands in the table");
}
