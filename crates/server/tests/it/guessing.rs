//! Who guesses at passwords: one guess for each answer to a challenge, however often it comes; a few, and the source is not
//! heard. A trunk that the configuration names is never banned.

use crate::neighbours::{Neighbour, line, number_of};
use crate::program::Program;
use redact::Secret;
use sip::Credentials;
use std::net::SocketAddr;

const DOMAIN: &str = "phones.test";
const PASSWORD: &str = "a long one";

fn start() -> Program {
    let text = format!(
        "kind: Tenant\nid: test\nprofile: contact-center\nsip_domain: {DOMAIN}\n---\n\
         kind: Trunk\nid: carrier\nnetworks: [127.0.0.3]\n---\n\
         kind: User\nid: anna\nroles: [agent]\nregisters: {{user: anna, password_file: anna}}\nnat: true\n"
    );
    Program::start_with_secrets(&[("tenant.yaml", &text)], &[("anna", PASSWORD)])
}

/// A REGISTER with this number and these lines.
fn register(from: SocketAddr, cseq: u32, lines: &str) -> String {
    format!(
        "REGISTER sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/UDP {from};rport;branch=z9hG4bKr{cseq}\r\nMax-Forwards: 70\r\n\
         From: <sip:anna@{DOMAIN}>;tag=1\r\nTo: <sip:anna@{DOMAIN}>\r\nCall-ID: guess@{from}\r\nCSeq: {cseq} REGISTER\r\n\
         Contact: <sip:anna@{from}>\r\nExpires: 600\r\n{lines}Content-Length: 0\r\n\r\n"
    )
}

/// The line that answers the challenge of a 401, with the nonce used so many times.
fn answers(challenge: &str, password: &str, nc: u32) -> String {
    let value = line(challenge, "WWW-Authenticate:");
    let value = value.trim_start_matches("WWW-Authenticate:").trim();
    let credentials =
        Credentials { user: Secret::new("anna".into()), password: Secret::new(password.into()) };
    let uri = format!("sip:{DOMAIN}");
    let said = sip::answer(value.as_bytes(), &credentials, b"REGISTER", uri.as_bytes(), nc, b"0a4f", b"");
    format!("Authorization: {}\r\n", said.expect("a challenge that can be answered"))
}

/// The answer to the request of this number; those to others are passed over.
#[track_caller]
fn hears(who: &Neighbour, cseq: u32) -> String {
    loop {
        let answer = who.gets("SIP/2.0 ");
        if number_of(&answer) == cseq {
            return answer;
        }
    }
}

fn metric(kind: &str, count: u32) -> String {
    format!("switchroom_security_events_total{{kind=\"{kind}\"}} {count}")
}

#[test]
fn each_answer_to_a_challenge_is_one_guess_and_a_few_are_a_ban_but_never_of_a_trunk() {
    let program = start();
    let (stranger, trunk) = (Neighbour::at("127.0.0.9"), Neighbour::at("127.0.0.3"));
    let to = program.sip;

    // One nonce, guessed at again and again with rising numbers. Each message comes three times over and is one guess.
    let mut guessed = 0;
    stranger.send(to, &register(stranger.addr, 1, ""));
    let challenge = hears(&stranger, 1);
    for n in 1..=5 {
        let guess = answers(&challenge, &format!("guess {n}"), n);
        for _ in 0..3 {
            stranger.send(to, &register(stranger.addr, 1 + n, &guess));
        }
        guessed += 1;
        program.wait_for_metric(&metric("guessing", guessed));
        let refused = hears(&stranger, 1 + n);
        assert!(refused.starts_with("SIP/2.0 401 "), "{refused}");
    }
    program.wait_for_metric(&metric("ban", 1));
    // Now even the right password is not heard: nobody learns by it that it was right.
    stranger.send(to, &register(stranger.addr, 7, &answers(&challenge, PASSWORD, 6)));

    // A trunk may have as many broken telephones behind it as it likes. What it sends comes after what the stranger sent.
    trunk.send(to, &register(trunk.addr, 1, ""));
    let challenge = hears(&trunk, 1);
    for n in 1..=20 {
        trunk.send(to, &register(trunk.addr, 1 + n, &answers(&challenge, "wrong", n)));
        assert!(hears(&trunk, 1 + n).starts_with("SIP/2.0 401 "));
        guessed += 1;
    }
    program.wait_for_metric(&metric("guessing", guessed));
    // A wrong answer does not use a nonce up, and the trunk is heard.
    trunk.send(to, &register(trunk.addr, 22, &answers(&challenge, PASSWORD, 21)));
    assert!(hears(&trunk, 22).starts_with("SIP/2.0 200 "));
    program.wait_for_metric(&metric("ban", 1));

    stranger.socket.set_nonblocking(true).unwrap();
    let mut bytes = [0; 4_096];
    while let Ok(n) = stranger.socket.recv(&mut bytes) {
        let late = String::from_utf8_lossy(&bytes[..n]);
        assert!(number_of(&late) < 7, "a banned source was answered: {late}");
    }
    program.stop();
}

#[test]
fn an_answer_to_a_challenge_from_before_a_restart_is_asked_for_again_and_is_no_guess() {
    let program = start();
    let phone = Neighbour::at("127.0.0.9");
    phone.send(program.sip, &register(phone.addr, 1, ""));
    let challenge = hears(&phone, 1);
    assert!(!challenge.contains("stale"), "{challenge}");
    let program = program.restarted();
    // More often than wrong passwords would be forgiven, one of them wrong.
    for n in 1..=10 {
        let password = if n == 5 { "wrong" } else { PASSWORD };
        phone.send(program.sip, &register(phone.addr, 1 + n, &answers(&challenge, password, n)));
        let again = hears(&phone, 1 + n);
        assert!(again.starts_with("SIP/2.0 401 "), "{again}");
        assert!(line(&again, "WWW-Authenticate:").ends_with("stale=true"), "{again}");
    }
    phone.send(program.sip, &register(phone.addr, 12, ""));
    let fresh = hears(&phone, 12);
    phone.send(program.sip, &register(phone.addr, 13, &answers(&fresh, PASSWORD, 1)));
    assert!(hears(&phone, 13).starts_with("SIP/2.0 200 "));
    program.wait_for_metric(&metric("guessing", 0));
    program.stop();
}
