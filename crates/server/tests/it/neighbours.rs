//! What trunks and fixed addresses say beside the call itself, and what they are told: who calls, why not, and where else.

use crate::program::Program;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

pub const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 8\r\n";

/// A SIP neighbour at an address of its own that says what the test tells it to.
pub struct Neighbour {
    pub socket: UdpSocket,
    pub addr: SocketAddr,
    n: u32,
}

impl Neighbour {
    pub fn at(ip: &str) -> Neighbour {
        let socket = UdpSocket::bind((ip, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Neighbour { addr: socket.local_addr().unwrap(), socket, n: 0 }
    }

    pub fn send(&self, to: SocketAddr, message: &str) {
        self.socket.send_to(message.as_bytes(), to).unwrap();
    }

    /// Calls a number; `lines` are From and whatever else is to be said.
    pub fn call(&mut self, to: SocketAddr, number: &str, lines: &str) -> String {
        self.call_offering(to, number, lines, SDP)
    }

    /// The same with audio of its own.
    pub fn call_offering(&mut self, to: SocketAddr, number: &str, lines: &str, offer: &str) -> String {
        self.n += 1;
        let (n, from) = (self.n, self.addr);
        let text = format!(
            "INVITE sip:{number}@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {from};rport;branch=z9hG4bK{n}\r\n{lines}\
             To: <sip:{number}@{to}>\r\nCall-ID: {n}@{from}\r\nCSeq: 1 INVITE\r\nContact: <sip:x@{from}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{offer}",
            offer.len()
        );
        self.send(to, &text);
        text
    }

    /// The next message that begins so; others are passed over.
    #[track_caller]
    pub fn gets(&self, start: &str) -> String {
        let mut buffer = [0; 8_192];
        loop {
            let n = self.socket.recv(&mut buffer).unwrap_or_else(|e| panic!("{start}: {e}"));
            let text = String::from_utf8_lossy(&buffer[..n]).into_owned();
            if text.starts_with(start) {
                return text;
            }
        }
    }

    /// What came and was not looked at yet is passed over.
    pub fn forgets(&self) {
        self.socket.set_nonblocking(true).unwrap();
        while self.socket.recv(&mut [0; 64]).is_ok() {}
        self.socket.set_nonblocking(false).unwrap();
    }

    /// The final answer to a call of ours, acknowledged.
    #[track_caller]
    pub fn refused(&self, to: SocketAddr, invite: &str) -> String {
        loop {
            let answer = self.gets("SIP/2.0 ");
            if !answer.starts_with("SIP/2.0 1") {
                self.send(to, &in_place_of(invite, "ACK", &line(&answer, "To:")));
                return answer;
            }
        }
    }

    /// Answers a call or another request without a body.
    pub fn answers(&self, to: SocketAddr, invite: &str, status: &str, lines: &str) {
        self.answers_as("t", to, invite, status, lines, "");
    }

    /// Answers with this tag, unless the request has one, and this body.
    pub fn answers_as(&self, tag: &str, to: SocketAddr, invite: &str, status: &str, lines: &str, body: &str) {
        let copied: String = invite
            .lines()
            .take_while(|l| !l.is_empty())
            .filter(|l| ["Via:", "From:", "Call-ID:", "CSeq:"].iter().any(|name| l.starts_with(name)))
            .map(|l| format!("{l}\r\n"))
            .collect();
        let to_line = line(invite, "To:");
        let tag = if to_line.contains(";tag=") { String::new() } else { format!(";tag={tag}") };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let text = format!(
            "SIP/2.0 {status}\r\n{copied}{to_line}{tag}\r\n{lines}{kind}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.send(to, &text);
    }
}

/// A whole header line.
pub fn line(message: &str, name: &str) -> String {
    message.lines().find(|l| l.starts_with(name)).unwrap_or_default().to_string()
}

/// The number in CSeq.
pub fn number_of(message: &str) -> u32 {
    let number = line(message, "CSeq:").split(' ').nth(1).and_then(|n| n.parse().ok());
    number.unwrap_or_else(|| panic!("no CSeq: {message}"))
}

/// An ACK for a refusal, or a CANCEL, of an INVITE.
pub fn in_place_of(invite: &str, method: &str, to: &str) -> String {
    let uri = invite.split(' ').nth(1).unwrap_or_default();
    let copied = ["Via:", "From:", "Call-ID:"].map(|name| line(invite, name)).join("\r\n");
    format!("{method} {uri} SIP/2.0\r\n{copied}\r\n{to}\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n")
}

pub fn tenant(desk: SocketAddr, carrier: SocketAddr, more: &str) -> String {
    format!(
        "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\ndial: {{allow: [\"+49\", \"+33\"], deny: [\"+49900\"]}}\n---\n\
         kind: Trunk\nid: trusted\nnetworks: [127.0.0.2]\ntrust_identity: true\n---\n\
         kind: Trunk\nid: other\nnetworks: [127.0.0.3]\n---\n\
         kind: Trunk\nid: out\nproxies: [\"{carrier}\"]\noutbound: true\n{more}---\n\
         kind: Number\nid: direct\nnumber: \"500\"\nflow: direct\n---\n\
         kind: Number\nid: away\nnumber: \"600\"\nflow: away\n---\n\
         kind: Flow\nid: direct\nsteps:\n  - connect: {{to: \"sip:desk@{desk}\", ring_time: 20s}}\n---\n\
         kind: Flow\nid: away\nsteps:\n  - connect: {{number: \"+4942155512\", ring_time: 20s}}\n"
    )
}

#[test]
fn who_calls_is_believed_of_trusted_trunks_and_withheld_where_that_is_asked() {
    let (desk, carrier) = (Neighbour::at("127.0.0.4"), Neighbour::at("127.0.0.5"));
    let (mut trusted, mut other) = (Neighbour::at("127.0.0.2"), Neighbour::at("127.0.0.3"));
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(desk.addr, carrier.addr, ""))]);
    let own = "From: \"Own Word\" <sip:+4942100001@x>;tag=1\r\n";
    let nobody = "From: <sip:anonymous@anonymous.invalid>;tag=1\r\n";
    let asserted = "P-Asserted-Identity: \"Of Network\" <sip:+4942100002@x>\r\n";
    let cases = [
        (true, format!("{own}{asserted}"), "\"Of Network\" <sip:+4942100002@", "+4942100002"),
        (true, format!("{nobody}{asserted}"), "\"Of Network\" <sip:+4942100002@", "+4942100002"),
        (true, format!("{own}{asserted}Privacy: id\r\n"), "<sip:anonymous@anonymous.invalid>", ""),
        (true, own.to_string(), "\"Own Word\" <sip:+4942100001@", "+4942100001"),
        (false, format!("{own}{asserted}"), "\"Own Word\" <sip:+4942100001@", "+4942100001"),
        (false, format!("{own}Privacy: user;critical\r\n"), "<sip:anonymous@anonymous.invalid>", ""),
        (false, format!("{nobody}{asserted}"), "<sip:anonymous@anonymous.invalid>", ""),
    ];
    for (n, (is_trusted, lines, shown, kept)) in cases.iter().enumerate() {
        let caller = if *is_trusted { &mut trusted } else { &mut other };
        let invite = caller.call(program.sip, "500", lines);
        let rings = desk.gets("INVITE ");
        let from = line(&rings, "From:");
        assert!(from.contains(shown), "{lines}: {from}");
        assert!(kept.is_empty() != rings.contains("42100"), "{lines}: nothing else names a withheld caller");
        desk.answers(program.sip, &rings, "486 Busy Here", "");
        caller.refused(program.sip, &invite);
        let ended = program.wait_for("/calls", |list| {
            let all = list["items"].as_array()?;
            let done = all.iter().filter(|c| c["state"] == "ended").count();
            (done == n + 1).then(|| all[0]["id"].as_str().unwrap_or_default().to_string())
        });
        let detail = program.get(&format!("/calls/{ended}")).1;
        assert_eq!(detail["caller"].as_str().unwrap_or_default(), *kept, "{lines}: {detail}");
    }
    // Whom it was for first is kept, if who says so is trusted, and it may be known.
    let old = "Diversion: <sip:+4942100008@x>;reason=no-answer\r\nDiversion: <sip:+4942100009@x>;reason=user-busy\r\n";
    let new = "History-Info: <sip:+4942100009@x?Reason=SIP%3Bcause%3D486>;index=1, <sip:500@y;cause=486>;index=1.1\r\n";
    let told = cases.len();
    let diversions = [
        (true, old.to_string(), Some("+4942100009")),
        (true, new.to_string(), Some("+4942100009")),
        (true, old.replace("user-busy", "user-busy;privacy=full"), None),
        (false, old.to_string(), None),
    ];
    for (n, (is_trusted, lines, first)) in diversions.iter().enumerate() {
        let caller = if *is_trusted { &mut trusted } else { &mut other };
        let invite = caller.call(program.sip, "500", &format!("{own}{lines}"));
        let rings = desk.gets("INVITE ");
        desk.answers(program.sip, &rings, "486 Busy Here", "");
        caller.refused(program.sip, &invite);
        let ended = program.wait_for("/calls", |list| {
            let all = list["items"].as_array()?;
            let done = all.iter().filter(|c| c["state"] == "ended").count();
            (done == told + n + 1).then(|| all[0]["id"].as_str().unwrap_or_default().to_string())
        });
        let detail = program.get(&format!("/calls/{ended}")).1;
        let timeline = detail["timeline"].as_array().unwrap();
        let moment = timeline.iter().find(|m| m["what"] == "diverted");
        assert_eq!(moment.and_then(|m| m["number"].as_str()), *first, "{lines}: {detail}");
    }
    program.stop();
}

#[test]
fn a_refusal_has_its_usual_phrase_and_a_cause_both_ways() {
    let (desk, carrier) = (Neighbour::at("127.0.0.4"), Neighbour::at("127.0.0.5"));
    let mut caller = Neighbour::at("127.0.0.3");
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(desk.addr, carrier.addr, ""))]);
    let from = "From: <sip:+4942100001@x>;tag=1\r\n";
    let invite = caller.call(program.sip, "999", from);
    let answer = caller.refused(program.sip, &invite);
    assert!(answer.starts_with("SIP/2.0 404 Not Found\r\n"), "{answer}");
    assert_eq!(line(&answer, "Reason:"), "Reason: Q.850;cause=1", "{answer}");
    for (status, lines, said, cause) in [
        ("486 Whatever They Say", "", "486 Busy Here", 17),
        // What the code does not say is said by the cause.
        ("503 Service Unavailable", "Reason: Q.850;cause=17;text=\"User busy\"\r\n", "486 Busy Here", 17),
        ("500 Error", "Reason: SIP;cause=486\r\n", "486 Busy Here", 17),
        ("603 Decline", "", "480 Temporarily Unavailable", 18),
    ] {
        let invite = caller.call(program.sip, "500", from);
        let rings = desk.gets("INVITE ");
        desk.answers(program.sip, &rings, status, lines);
        let answer = caller.refused(program.sip, &invite);
        assert!(answer.starts_with(&format!("SIP/2.0 {said}\r\n")), "{status} {lines}: {answer}");
        assert_eq!(line(&answer, "Reason:"), format!("Reason: Q.850;cause={cause}"), "{answer}");
    }
    // The caller gives up: whoever rings is told so in the words of the telephone network.
    let invite = caller.call(program.sip, "500", from);
    let rings = desk.gets("INVITE ");
    desk.answers(program.sip, &rings, "180 Ringing", "");
    caller.gets("SIP/2.0 180");
    caller.send(program.sip, &in_place_of(&invite, "CANCEL", &line(&invite, "To:")));
    let cancel = desk.gets("CANCEL ");
    assert!(line(&cancel, "Reason:").starts_with("Reason: Q.850;cause="), "{cancel}");
    desk.answers(program.sip, &cancel, "200 OK", "");
    desk.answers(program.sip, &rings, "487 Request Terminated", "");
    caller.gets("SIP/2.0 487");
    program.stop();
}

#[test]
fn a_far_end_is_tried_again_when_it_said_so() {
    let (desk, carrier) = (Neighbour::at("127.0.0.4"), Neighbour::at("127.0.0.5"));
    let (mut caller, other) = (Neighbour::at("127.0.0.3"), Neighbour::at("127.0.0.7"));
    let one = format!("proxies: [\"{}\"]", carrier.addr);
    let two = format!(
        "proxies: [{{host: \"{}\", priority: 1}}, {{host: \"{}\", priority: 2}}]",
        carrier.addr, other.addr
    );
    let text = tenant(desk.addr, carrier.addr, "").replace(&one, &two);
    let program = Program::start_as_owner(&[("tenant.yaml", &text)]);
    let from = "From: <sip:+4942100001@x>;tag=1\r\n";
    let mut call_that_the_second_takes = |lines: &str| {
        let invite = caller.call(program.sip, "600", from);
        let asked = carrier.gets("INVITE ");
        carrier.answers(program.sip, &asked, "503 Service Unavailable", lines);
        let asked = other.gets("INVITE ");
        other.answers(program.sip, &asked, "486 Busy Here", "");
        assert!(caller.refused(program.sip, &invite).starts_with("SIP/2.0 486 "));
    };
    // Without a word it would be left alone for a minute, which is longer than this waits.
    call_that_the_second_takes("Retry-After: 3 (soon)\r\n");
    for up in [false, true] {
        program.wait_for("/trunks/out/status", |status| (status["far_ends"][0]["up"] == up).then_some(()));
    }
    call_that_the_second_takes("");
    program.stop();
}

#[test]
fn a_call_is_sent_on_only_to_where_it_may_go() {
    let (desk, carrier) = (Neighbour::at("127.0.0.4"), Neighbour::at("127.0.0.5"));
    let (mut caller, elsewhere) = (Neighbour::at("127.0.0.3"), Neighbour::at("127.0.0.6"));
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(desk.addr, carrier.addr, ""))]);
    let from = "From: <sip:+4942100001@x>;tag=1\r\n";
    let invite = caller.call(program.sip, "600", from);
    let first = carrier.gets("INVITE ");
    assert!(first.starts_with(&format!("INVITE sip:+4942155512@{} ", carrier.addr)), "{first}");
    carrier.answers(program.sip, &first, "180 Ringing", "");
    // Another host, a premium number, another country, ourselves, no number at all: passed over.
    let contacts = format!(
        "Contact: <sip:+4942155513@{elsewhere}>;q=1.0, <sip:+49900123456@{at}>;q=0.9\r\n\
         Contact: <sip:+33155501@{at}>;q=0.8, <sip:+4942155513@{us}>;q=0.7, <sip:olga@{at}>;q=0.6\r\n\
         Contact: <sip:+4942155513@carrier.example>;q=0.55, <sip:+4942155514@{at}>;q=0.5\r\n",
        elsewhere = elsewhere.addr,
        at = carrier.addr,
        us = program.sip,
    );
    carrier.answers(program.sip, &first, "302 Moved Temporarily", &contacts);
    let mut next = carrier.gets("INVITE ");
    assert!(next.starts_with(&format!("INVITE sip:+4942155514@{} ", carrier.addr)), "{next}");
    // Round in a circle, and not for ever.
    let mut followed = 1;
    let answer = loop {
        let again = format!("Contact: <sip:+4942155514@{}>\r\n", carrier.addr);
        carrier.answers(program.sip, &next, "302 Moved Temporarily", &again);
        if followed == 5 {
            break caller.refused(program.sip, &invite);
        }
        next = carrier.gets("INVITE ");
        followed += 1;
    };
    assert!(answer.starts_with("SIP/2.0 480 "), "{answer}");
    elsewhere.socket.set_nonblocking(true).unwrap();
    assert!(elsewhere.socket.recv(&mut [0; 64]).is_err(), "another host was called");
    let log = program.stop();
    assert!(log.contains("redirection_refused"), "{log}");
    assert!(!log.contains("42155514"), "{log}");

    // The same host, where the trunk may send calls there.
    let allowed = tenant(desk.addr, carrier.addr, "redirect_networks: [127.0.0.6/32]\n");
    let program = Program::start_as_owner(&[("tenant.yaml", &allowed)]);
    elsewhere.socket.set_nonblocking(false).unwrap();
    let invite = caller.call(program.sip, "600", from);
    let first = carrier.gets("INVITE ");
    carrier.answers(program.sip, &first, "302 Moved Temporarily", &contacts);
    let there = elsewhere.gets("INVITE ");
    assert!(there.starts_with(&format!("INVITE sip:+4942155513@{} ", elsewhere.addr)), "{there}");
    elsewhere.answers(program.sip, &there, "486 Busy Here", "");
    let answer = caller.refused(program.sip, &invite);
    assert!(answer.starts_with("SIP/2.0 486 "), "{answer}");
    program.stop();
}
