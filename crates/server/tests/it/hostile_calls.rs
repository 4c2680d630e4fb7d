//! What strangers and broken programs send: nobody else notices.

use crate::calls::tenant;
use crate::desk::Desk;
use crate::program::Program;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

struct Raw {
    socket: UdpSocket,
    to: SocketAddr,
    n: u32,
}

impl Raw {
    fn new(to: SocketAddr) -> Raw {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Raw { socket, to, n: 0 }
    }

    fn invite(&mut self, sdp: &str) -> String {
        self.n += 1;
        let (n, from) = (self.n, self.socket.local_addr().unwrap());
        format!(
            "INVITE sip:100@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {from};rport;branch=z9hG4bK{n}\r\nFrom: <sip:x@{from}>;tag={n}\r\n\
             To: <sip:100@{to}>\r\nCall-ID: {n}@{from}\r\nCSeq: 1 INVITE\r\nContact: <sip:x@{from}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {len}\r\n\r\n{sdp}",
            to = self.to,
            len = sdp.len()
        )
    }

    /// Waits for a message that begins so.
    fn message(&self, start: &str) -> String {
        let mut buffer = [0; 4_096];
        loop {
            let n = self.socket.recv(&mut buffer).expect(start);
            let text = String::from_utf8_lossy(&buffer[..n]).into_owned();
            if text.starts_with(start) {
                return text;
            }
        }
    }

    /// Sends it and gives the code of the first final answer.
    fn final_answer(&mut self, message: &str) -> u16 {
        self.socket.send_to(message.as_bytes(), self.to).unwrap();
        let mut buffer = [0; 4_096];
        loop {
            let n = self.socket.recv(&mut buffer).expect("an answer");
            let code: u16 = std::str::from_utf8(&buffer[8..11.min(n)]).unwrap().parse().unwrap();
            if code >= 200 {
                return code;
            }
        }
    }
}

fn sdp(body: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n{body}")
}

#[test]
fn bad_session_descriptions_are_refused_and_bad_messages_answered_or_dropped() {
    let mut desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 1))]);
    let mut raw = Raw::new(program.sip);
    for (what, body) in [
        ("no audio", "m=video 9 RTP/AVP 96\r\n"),
        ("port 0", "m=audio 0 RTP/AVP 8\r\n"),
        ("unknown codecs", "m=audio 9000 RTP/AVP 97\r\na=rtpmap:97 SPEEX/8000\r\n"),
        ("no media", ""),
        ("a secret transport", "m=audio 9000 RTP/SAVP 8\r\n"),
        ("nonsense", "m=audio nine RTP/AVP 8\r\n"),
    ] {
        let invite = raw.invite(&sdp(body));
        assert_eq!(raw.final_answer(&invite), 488, "{what}");
    }
    let good = sdp("m=audio 9000 RTP/AVP 8\r\n");
    // Content-Length lies, doubled and missing headers.
    let invite = raw.invite(&good);
    let length = format!("Content-Length: {}", good.len());
    assert_eq!(raw.final_answer(&invite.replace(&length, "Content-Length: 999999")), 400);
    assert_eq!(raw.final_answer(&invite.replace(&length, "Content-Length: -5")), 400);
    assert_eq!(raw.final_answer(&invite.replace("CSeq: 1 INVITE\r\n", "")), 400);
    assert_eq!(
        raw.final_answer(&invite.replace("CSeq: 1 INVITE\r\n", "CSeq: 1 INVITE\r\nCSeq: 2 INVITE\r\n")),
        400
    );
    assert_eq!(raw.final_answer(&invite.replace("sip:100@", "sip:404@")), 404);
    // Truncated at every length, oversized, random: no answer is owed, and nobody falls over.
    for end in (0..invite.len()).step_by(7) {
        raw.socket.send_to(&invite.as_bytes()[..end], program.sip).unwrap();
    }
    raw.socket.send_to(&vec![b'A'; 60_000], program.sip).unwrap();
    raw.socket
        .send_to(
            format!("INVITE sip:100@x SIP/2.0\r\n{}\r\n", "X: y\r\n".repeat(5_000)).as_bytes(),
            program.sip,
        )
        .unwrap();

    // The next call is served as if nothing had happened.
    let caller = desk.dial("200", "", program.sip, "100", 440);
    desk.answered(caller);
    desk.hears(caller, 523);
    desk.hang_up(caller);
    desk.ended(caller);
    let log = program.stop();
    assert!(log.lines().count() < 20, "a flood of bad messages is no flood of log lines:\n{log}");
}

#[test]
fn a_caller_who_never_sends_audio_is_hung_up() {
    let desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 1))]);
    let dir = program.dir.clone();
    let token = program.bearer().replace("Bearer ", "");
    program.stop();
    let config = dir.path().join("switchroom.toml");
    let text =
        std::fs::read_to_string(&config).unwrap().replace("[media]\n", "[media]\nrtp_timeout = \"1s\"\n");
    std::fs::write(&config, text).unwrap();
    let mut program = Program::start_again(dir);
    program.set_token(token);
    let mut raw = Raw::new(program.sip);
    let invite = raw.invite(&sdp("m=audio 9000 RTP/AVP 8\r\n"));
    raw.socket.send_to(invite.as_bytes(), program.sip).unwrap();
    let answer = raw.message("SIP/2.0 200");
    let to = answer.lines().find(|l| l.starts_with("To:")).unwrap();
    let header = |name: &str| invite.lines().find(|l| l.starts_with(name)).unwrap().to_string();
    let ack = format!(
        "ACK sip:{} SIP/2.0\r\n{}\r\n{}\r\n{to}\r\n{}\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n",
        program.sip,
        header("Via:").replace("z9hG4bK", "z9hG4bKack"),
        header("From:"),
        header("Call-ID:"),
    );
    raw.socket.send_to(ack.as_bytes(), program.sip).unwrap();
    let bye = raw.message("BYE ");
    assert!(bye.contains("Reason: Q.850;cause=41"), "{bye}");
    let call = program.ended_call();
    assert_eq!((call["reason"].as_str(), call["fault"].as_str()), (Some("media-time-out"), Some("network")));
    program.stop();
}

#[test]
fn audio_from_strangers_is_not_heard() {
    let mut desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 1))]);
    let caller = desk.dial("200", "", program.sip, "500", 440);
    let (far, _) = desk.rings();
    desk.answer(far, 1000);
    desk.answered(caller);
    desk.hears(caller, 1000);
    // A stranger sends a louder tone to every port that could be the call's.
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let tone: Vec<u8> = media::tone::Sine::new(8_000, 700.0, 0.9)
        .take_samples(160)
        .iter()
        .map(|s| media::g711::Law::Alaw.encode(*s))
        .collect();
    let text = std::fs::read_to_string(program.dir.path().join("switchroom.toml")).unwrap();
    let first: u16 = text.split("ports = \"").nth(1).unwrap().split('-').next().unwrap().parse().unwrap();
    for n in 0..100u16 {
        let header = media::rtp::RtpHeader {
            marker: false,
            payload_type: 8,
            sequence: 1_000 + n,
            timestamp: u32::from(n) * 160,
            ssrc: 7,
        };
        let mut packet = [0; 172];
        header.write(&mut packet).unwrap();
        packet[12..].copy_from_slice(&tone);
        for port in (first..first + 20).step_by(2) {
            stranger.send_to(&packet, ("127.0.0.1", port)).unwrap();
        }
        desk.step();
    }
    let until = desk.now() + Duration::from_millis(1_500);
    desk.until("time passes", |d| (d.now() >= until).then_some(()));
    desk.hears(caller, 1000);
    desk.hears(far, 440);
    desk.hang_up(caller);
    desk.ended(far);
    program.stop();
}

#[test]
fn silent_and_lying_connections_do_no_harm() {
    let mut desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 1))]);
    let _silent: Vec<TcpStream> = (0..50).map(|_| TcpStream::connect(program.sip).unwrap()).collect();
    let mut slow = TcpStream::connect(program.sip).unwrap();
    slow.write_all(b"INVITE sip:100@x SIP/2.0\r\nVia: ").unwrap();
    // A length that cannot be is the end of the connection, not of the server.
    let mut lying = TcpStream::connect(program.sip).unwrap();
    lying.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    lying.write_all(b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 4294967295\r\n\r\n").unwrap();
    assert_eq!(lying.read(&mut [0; 10]).unwrap_or(0), 0, "closed");
    let mut asking = TcpStream::connect(program.sip).unwrap();
    asking.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let from = asking.local_addr().unwrap();
    let options = format!(
        "OPTIONS sip:x@{to} SIP/2.0\r\nVia: SIP/2.0/TCP {from};branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:x@{to}>\r\n\
         Call-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
        to = program.sip
    );
    for half in [&options[..50], &options[50..]] {
        asking.write_all(half.as_bytes()).unwrap();
    }
    let mut answer = [0; 11];
    asking.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"SIP/2.0 200");
    let caller = desk.dial("200", "", program.sip, "100", 440);
    desk.answered(caller);
    desk.hang_up(caller);
    desk.ended(caller);
    program.stop();
}

#[test]
fn strangers_learn_nothing() {
    let desk = Desk::new();
    let text = tenant(&desk, 1).replace("networks: [127.0.0.0/8]", "networks: [127.0.0.1]");
    let program = Program::start_as_owner(&[("tenant.yaml", &text)]);
    let mut raw = Raw::new(program.sip);
    raw.socket = UdpSocket::bind("127.0.0.9:0").unwrap();
    let invite = raw.invite(&sdp("m=audio 9000 RTP/AVP 8\r\n"));
    for message in [invite.clone(), invite.replace("INVITE", "OPTIONS"), "nonsense".into()] {
        raw.socket.send_to(message.as_bytes(), program.sip).unwrap();
    }
    while !program.admin("/metrics").contains("switchroom_sip_strangers_total 3") {
        crate::program::look_again();
    }
    raw.socket.set_nonblocking(true).unwrap();
    let answer = raw.socket.recv(&mut [0; 10]);
    assert_eq!(answer.unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "no answer at all");
    assert_eq!(program.get("/calls").1["items"].as_array().unwrap().len(), 0);
    program.stop();
}

#[test]
fn strangers_get_no_connection() {
    let desk = Desk::new();
    let text = tenant(&desk, 1).replace("networks: [127.0.0.0/8]", "networks: [127.0.0.1]");
    let program = Program::start_as_owner(&[("tenant.yaml", &text)]);
    let from = |ip: [u8; 4]| {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((ip, 0)).into()).unwrap();
        socket.connect(&program.sip.into()).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    };
    let mut known = from([127, 0, 0, 1]);
    let mut strange: Vec<TcpStream> = (0..3).map(|_| from([127, 0, 0, 9])).collect();
    for stream in &mut strange {
        assert!(crate::program::is_closed(stream), "closed at once");
    }
    // A ping of somebody known is answered.
    known.write_all(b"\r\n\r\n").unwrap();
    let mut answer = [0; 2];
    known.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"\r\n");
    program.stop();
}
