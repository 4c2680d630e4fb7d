//! Messages that cross, come late, twice or in pieces, through the whole program: afterwards nothing is open, and the
//! record says what happened.

use crate::neighbours::{Neighbour, SDP, in_place_of, line, tenant};
use crate::program::Program;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

struct Scene {
    program: Program,
    caller: Neighbour,
    desk: Neighbour,
}

impl Scene {
    fn new() -> Scene {
        let (desk, carrier) = (Neighbour::at("127.0.0.4"), Neighbour::at("127.0.0.5"));
        let program = Program::start_as_owner(&[("tenant.yaml", &tenant(desk.addr, carrier.addr, ""))]);
        Scene { program, caller: Neighbour::at("127.0.0.3"), desk }
    }

    /// The caller's INVITE, and what reaches the desk, which rings.
    fn rings(&mut self) -> (String, String) {
        let invite = self.caller.call(self.program.sip, "500", "From: <sip:+4942100001@x>;tag=1\r\n");
        let rings = self.desk.gets("INVITE ");
        self.desk.answers_as("one", self.program.sip, &rings, "180 Ringing", "", "");
        self.caller.gets("SIP/2.0 180");
        (invite, rings)
    }

    fn desk_answers(&self, rings: &str, tag: &str) {
        let contact = format!("Contact: <sip:{tag}@{}>\r\n", self.desk.addr);
        self.desk.answers_as(tag, self.program.sip, rings, "200 OK", &contact, SDP);
    }

    /// The caller's 200, acknowledged.
    fn answered(&self, invite: &str) -> String {
        let ok = self.caller.gets("SIP/2.0 200");
        self.caller.send(self.program.sip, &in_dialog(invite, &ok, "ACK", 1, ""));
        ok
    }

    /// The caller hangs up; the desk is told.
    fn ends(&self, invite: &str, ok: &str, cseq: u32) {
        self.caller.send(self.program.sip, &in_dialog(invite, ok, "BYE", cseq, ""));
        let bye = self.desk.gets("BYE ");
        self.desk.answers(self.program.sip, &bye, "200 OK", "");
        loop {
            let answer = self.caller.gets("SIP/2.0 200");
            if answer.contains("BYE") {
                return;
            }
        }
    }

    /// The record, once nothing is open any more.
    fn record(self) -> Value {
        let call = self.program.ended_call();
        self.program.wait_for_metric("switchroom_sip_legs 0");
        self.program.stop();
        call
    }
}

/// A request inside the dialog that an INVITE and its 200 made.
pub fn in_dialog(invite: &str, ok: &str, method: &str, cseq: u32, body: &str) -> String {
    let uri = line(ok, "Contact:").split(['<', '>']).nth(1).unwrap_or_default().to_string();
    let via = line(invite, "Via:").replace("branch=z9hG4bK", &format!("branch=z9hG4bK{method}{cseq}x"));
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    let contact = line(invite, "Contact:");
    format!(
        "{method} {uri} SIP/2.0\r\n{via}\r\n{}\r\n{}\r\n{}\r\nCSeq: {cseq} {method}\r\n{contact}\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        line(invite, "From:"),
        line(ok, "To:"),
        line(invite, "Call-ID:"),
        body.len()
    )
}

#[test]
fn of_two_that_answer_one_talks_and_the_other_is_told() {
    let mut s = Scene::new();
    let (invite, rings) = s.rings();
    // A proxy behind the desk's address rang two phones; both were picked up.
    s.desk_answers(&rings, "one");
    assert!(line(&s.desk.gets("ACK "), "To:").ends_with(";tag=one"));
    s.desk_answers(&rings, "two");
    assert!(line(&s.desk.gets("ACK "), "To:").ends_with(";tag=two"));
    let bye = s.desk.gets("BYE ");
    assert!(line(&bye, "To:").ends_with(";tag=two") && bye.starts_with("BYE sip:two@"), "{bye}");
    s.desk.answers(s.program.sip, &bye, "200 OK", "");
    // The first 200 again: its ACK was lost. It talks on.
    s.desk_answers(&rings, "one");
    assert!(line(&s.desk.gets("ACK "), "To:").ends_with(";tag=one"));
    let ok = s.answered(&invite);
    s.ends(&invite, &ok, 2);
    let call = s.record();
    assert_eq!((call["reason"].as_str(), call["ended_by"].as_str()), (Some("hung-up"), Some("caller")));
}

#[test]
fn a_call_that_the_network_broke_off_was_hung_up_by_nobody() {
    for (reason, by) in [
        ("Reason: Q.850;cause=16\r\n", "target"),
        ("Reason: Q.850;cause=31\r\n", "target"),
        ("Reason: Q.850;cause=41;text=\"Temporary failure\"\r\n", "network"),
        ("Reason: SIP;cause=503\r\n", "network"),
    ] {
        let mut s = Scene::new();
        let (invite, rings) = s.rings();
        s.desk_answers(&rings, "one");
        s.desk.gets("ACK ");
        let ok = s.answered(&invite);
        // What the desk sends goes the other way: its From is the INVITE's To.
        let from = format!("{};tag=one", line(&rings, "To:").replacen("To:", "From:", 1));
        let to = line(&rings, "From:").replacen("From:", "To:", 1);
        let uri = line(&rings, "Contact:").split(['<', '>']).nth(1).unwrap_or_default().to_string();
        let bye = format!(
            "BYE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bKbye\r\n{from}\r\n{to}\r\n{}\r\nCSeq: 1 BYE\r\n\
             {reason}Content-Length: 0\r\n\r\n",
            s.desk.addr,
            line(&rings, "Call-ID:")
        );
        s.desk.send(s.program.sip, &bye);
        s.desk.gets("SIP/2.0 200");
        let told = s.caller.gets("BYE ");
        assert!(line(&told, "Reason:").starts_with("Reason: Q.850;cause="), "{told}");
        s.caller.answers(s.program.sip, &told, "200 OK", "");
        assert!(!line(&ok, "To:").is_empty());
        let call = s.record();
        assert_eq!(call["ended_by"], by, "{reason}: {call}");
    }
}

#[test]
fn a_cancel_that_crosses_the_answer_leaves_nobody_connected() {
    let mut s = Scene::new();
    let (invite, rings) = s.rings();
    s.caller.send(s.program.sip, &in_place_of(&invite, "CANCEL", &line(&invite, "To:")));
    let cancel = s.desk.gets("CANCEL ");
    // It was picked up before the CANCEL came.
    s.desk_answers(&rings, "one");
    s.desk.answers(s.program.sip, &cancel, "200 OK", "");
    s.desk.gets("ACK ");
    let bye = s.desk.gets("BYE ");
    s.desk.answers(s.program.sip, &bye, "200 OK", "");
    let ended = s.caller.refused(s.program.sip, &invite);
    // The answer to the CANCEL comes first or last.
    let ended = if ended.starts_with("SIP/2.0 200") { s.caller.gets("SIP/2.0 487") } else { ended };
    assert!(ended.starts_with("SIP/2.0 487 "), "{ended}");
    let call = s.record();
    assert_eq!(call["ended_by"], "caller", "{call}");
}

#[test]
fn an_ack_that_comes_late_is_waited_for() {
    let mut s = Scene::new();
    let (invite, rings) = s.rings();
    s.desk_answers(&rings, "one");
    s.desk.gets("ACK ");
    // The answer is said again and again, at first after half a second, then a second, then two.
    let all: Vec<String> = (0..4).map(|_| s.caller.gets("SIP/2.0 200")).collect();
    assert!(all.iter().all(|ok| *ok == all[0]), "the same each time");
    s.caller.send(s.program.sip, &in_dialog(&invite, &all[0], "ACK", 1, ""));
    s.ends(&invite, &all[0], 2);
    let call = s.record();
    assert_eq!((call["reason"].as_str(), call["ended_by"].as_str()), (Some("hung-up"), Some("caller")));
}

#[test]
fn offers_that_overtake_each_other_change_nothing_until_they_are_made_again() {
    let mut s = Scene::new();
    let (invite, rings) = s.rings();
    s.desk_answers(&rings, "one");
    s.desk.gets("ACK ");
    let ok = s.answered(&invite);
    let hold = SDP.replace("o=- 1 1", "o=- 1 2") + "a=sendonly\r\n";
    let send = |text: &str| s.caller.send(s.program.sip, text);
    let answer_to = |cseq: u32| loop {
        let answer = s.caller.gets("SIP/2.0 ");
        if answer.contains(&format!("CSeq: {cseq} INVITE")) && !answer.starts_with("SIP/2.0 1") {
            return answer;
        }
    };
    send(&in_dialog(&invite, &ok, "INVITE", 2, &hold));
    let held = answer_to(2);
    assert!(held.starts_with("SIP/2.0 200 ") && held.contains("a=recvonly"), "{held}");
    // Another one before the first is acknowledged (RFC 3261 section 14.2).
    send(&in_dialog(&invite, &ok, "INVITE", 3, SDP));
    let early = answer_to(3);
    assert!(early.starts_with("SIP/2.0 500 ") && early.contains("\r\nRetry-After: "), "{early}");
    send(&in_dialog(&invite, &ok, "ACK", 3, ""));
    send(&in_dialog(&invite, &ok, "ACK", 2, ""));
    send(&in_dialog(&invite, &ok, "INVITE", 4, SDP));
    let resumed = answer_to(4);
    assert!(resumed.starts_with("SIP/2.0 200 ") && !resumed.contains("a=recvonly"), "{resumed}");
    send(&in_dialog(&invite, &ok, "ACK", 4, ""));
    s.ends(&invite, &ok, 5);
    let call = s.record();
    let count = |what: &str| {
        call["timeline"].as_array().map_or(0, |t| t.iter().filter(|m| m["what"] == what).count())
    };
    assert_eq!((count("held"), count("resumed")), (1, 1), "{call}");
}

pub fn connect(from: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Reads until a message that begins so is whole.
fn reads(stream: &mut TcpStream, start: &str) -> String {
    let (mut got, mut piece) = (String::new(), [0; 4_096]);
    loop {
        if let Some(found) = got.find(start).map(|n| &got[n..]).filter(|m| m.contains("\r\n\r\n")) {
            return found.to_string();
        }
        let n = stream.read(&mut piece).unwrap();
        assert!(n > 0, "closed before {start}: {got}");
        got += &String::from_utf8_lossy(&piece[..n]);
    }
}

#[test]
fn a_huge_call_in_pieces_is_a_call_and_one_that_is_too_large_is_none() {
    let s = Scene::new();
    let to = s.program.sip;
    let mut stream = connect([127, 0, 0, 3], to);
    let from = stream.local_addr().unwrap();
    // Most of what may be: 30 KB of headers, and the description after 25 KB of something else.
    let headers: String = (0..60).map(|n| format!("X-Odd-{n}: {}\r\n", "x".repeat(480))).collect();
    let other = format!("--b\r\nContent-Type: text/plain\r\n\r\n{}\r\n", "y".repeat(25_000));
    let body = format!("{other}--b\r\nContent-Type: application/sdp\r\n\r\n{SDP}\r\n--b--\r\n");
    let head = |length: usize, n: u32| {
        format!(
            "INVITE sip:500@{to} SIP/2.0\r\nVia: SIP/2.0/TCP {from};branch=z9hG4bK{n}\r\nFrom: <sip:+4942100001@x>;tag=1\r\n\
             To: <sip:500@{to}>\r\nCall-ID: {n}@{from}\r\nCSeq: 1 INVITE\r\nContact: <sip:x@{from};transport=tcp>\r\n\
             Content-Type: multipart/mixed;boundary=b\r\nContent-Length: {length}\r\n"
        )
    };
    let invite = format!("{}{headers}\r\n{body}", head(body.len(), 1));
    assert!(invite.len() > 50_000);
    // The first bytes one by one, the rest in pieces that end anywhere.
    for byte in &invite.as_bytes()[..40] {
        stream.write_all(&[*byte]).unwrap();
    }
    for piece in invite.as_bytes()[40..].chunks(1_111) {
        stream.write_all(piece).unwrap();
    }
    let rings = s.desk.gets("INVITE ");
    s.desk_answers(&rings, "one");
    s.desk.gets("ACK ");
    let ok = reads(&mut stream, "SIP/2.0 200");
    assert!(ok.contains("a=rtpmap:8 PCMA/8000") || reads(&mut stream, "v=0").contains("RTP/AVP 8"), "{ok}");
    for (method, cseq) in [("ACK", 1), ("BYE", 2)] {
        stream.write_all(in_dialog(&invite, &ok, method, cseq, "").as_bytes()).unwrap();
    }
    let bye = s.desk.gets("BYE ");
    s.desk.answers(to, &bye, "200 OK", "");
    reads(&mut stream, "SIP/2.0 200");
    // A head that does not end, and a body longer than any message may be: the end of the connection.
    let endless = format!("{}{}", head(0, 2), "X: y\r\n".repeat(8_000));
    for too_large in [endless, format!("{}\r\n", head(65_536, 3))] {
        let mut stream = connect([127, 0, 0, 3], to);
        // The other side may close while it is still being written to.
        let _ = stream.write_all(too_large.as_bytes());
        assert!(crate::program::is_closed(&mut stream));
    }
    let call = s.record();
    assert_eq!((call["reason"].as_str(), call["ended_by"].as_str()), (Some("hung-up"), Some("caller")));
}
