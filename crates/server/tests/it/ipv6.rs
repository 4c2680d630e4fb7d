//! A call over IPv6: signalling, names of addresses in messages, and audio both ways.

use crate::crossing::in_dialog;
use crate::neighbours::{Neighbour, line};
use crate::program::Program;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// A server whose every address is `::1`.
fn start(text: &str) -> Program {
    let first = Program::start(&[("tenant.yaml", text)]);
    let dir = first.dir.clone();
    first.stop();
    let path = dir.path().join("switchroom.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    let config = config
        .replace("udp = \"127.0.0.1:", "udp = \"[::1]:")
        .replace("tcp = \"127.0.0.1:", "tcp = \"[::1]:");
    std::fs::write(&path, config.replace("[media]\n", "[media]\naddress = \"::1\"\n")).unwrap();
    let token = Program::token(dir.path(), "test", "owner");
    let mut program = Program::start_again(dir);
    program.set_token(token);
    program
}

fn audio() -> UdpSocket {
    let socket = UdpSocket::bind("[::1]:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    socket
}

fn sdp(audio: &UdpSocket) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP6 ::1\r\ns=-\r\nc=IN IP6 ::1\r\nt=0 0\r\nm=audio {} RTP/AVP 8\r\n",
        audio.local_addr().unwrap().port()
    )
}

/// Where a description wants its audio.
fn wants_audio_at(message: &str) -> SocketAddr {
    assert_eq!(line(message, "c="), "c=IN IP6 ::1", "{message}");
    let port = line(message, "m=audio ").split(' ').nth(1).unwrap().parse().unwrap();
    SocketAddr::new("::1".parse().unwrap(), port)
}

/// Speaks into one end until it is heard at the other.
#[track_caller]
fn is_heard(from: &UdpSocket, into: SocketAddr, at: &UdpSocket, sound: u8) {
    let until = Instant::now() + Duration::from_secs(20);
    for n in 0u16.. {
        let mut packet = vec![0x80, 8];
        packet.extend(n.to_be_bytes());
        packet.extend((u32::from(n) * 160).to_be_bytes());
        packet.extend([0, 0, 0, sound]);
        packet.extend([sound; 160]);
        from.send_to(&packet, into).unwrap();
        let mut heard = [0; 2_048];
        if at.recv(&mut heard).is_ok_and(|len| len == 172 && heard[12..172] == [sound; 160]) {
            return;
        }
        assert!(Instant::now() < until, "what is said is not heard");
    }
}

#[test]
fn a_call_over_ipv6_is_heard_both_ways() {
    let (caller, phone) = (Neighbour::at("::1"), Neighbour::at("::1"));
    let (caller_audio, phone_audio) = (audio(), audio());
    let program = start(&format!(
        "kind: Tenant\nid: test\nprofile: contact-center\n---\n\
         kind: Trunk\nid: all\nnetworks: [\"::1\"]\n---\n\
         kind: Number\nid: service\nnumber: \"700\"\nflow: service\n---\n\
         kind: Flow\nid: service\nsteps:\n  - queue: service\n---\n\
         kind: Queue\nid: service\nring_time: 20s\nagents: [anna]\n---\n\
         kind: User\nid: anna\nroles: [agent]\nphone: \"sip:anna@{}\"\nat_start: available\n",
        phone.addr
    ));
    let to = program.sip;
    assert!(to.is_ipv6());
    let (at, body) = (caller.addr, sdp(&caller_audio));
    let invite = format!(
        "INVITE sip:700@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {at};rport;branch=z9hG4bK1\r\n\
         From: <sip:+4942100001@{at}>;tag=1\r\nTo: <sip:700@{to}>\r\nCall-ID: 1@{at}\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:x@{at}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    caller.send(to, &invite);
    let rings = phone.gets("INVITE ");
    assert!(line(&rings, "Via:").contains(&format!("SIP/2.0/UDP {to}")), "{rings}");
    assert!(line(&rings, "Contact:").contains(&to.to_string()), "{rings}");
    let contact = format!("Contact: <sip:anna@{}>\r\n", phone.addr);
    phone.answers_as("a", to, &rings, "200 OK", &contact, &sdp(&phone_audio));
    phone.gets("ACK ");
    let ok = caller.gets("SIP/2.0 200");
    assert!(line(&ok, "Via:").contains(";received=::1") || line(&ok, "Via:").contains(";rport="), "{ok}");
    caller.send(to, &in_dialog(&invite, &ok, "ACK", 1, ""));
    is_heard(&caller_audio, wants_audio_at(&ok), &phone_audio, 0x11);
    is_heard(&phone_audio, wants_audio_at(&rings), &caller_audio, 0x22);
    caller.send(to, &in_dialog(&invite, &ok, "BYE", 2, ""));
    let bye = phone.gets("BYE ");
    phone.answers(to, &bye, "200 OK", "");
    let call = program.ended_call();
    assert_eq!(
        (call["reason"].as_str(), call["agent"].as_str()),
        (Some("hung-up"), Some("anna")),
        "{call:#}"
    );
    program.stop();
}
