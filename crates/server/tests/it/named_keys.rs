//! SRTP where the only key on offer has a name (MKI), which each packet carries: some gateways offer nothing else.

use crate::crossing::in_dialog;
use crate::neighbours::{Neighbour, tenant};
use crate::program::Program;
use media::sdes::CryptoLine;
use media::srtp::{Inbound, Outbound};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// A packet of G.711 that carries this byte over and over.
fn packet(sequence: u16, byte: u8) -> Vec<u8> {
    let (high, low) = (sequence.to_be_bytes()[0], sequence.to_be_bytes()[1]);
    let mut packet = vec![0x80, 8, high, low, 0, 0, high, low, 0, 0, 0, byte];
    packet.extend_from_slice(&[byte; 160]);
    packet
}

/// Sends these packets, one after the other, until one is heard that is taken.
fn sends_until(heard: &UdpSocket, mut send: impl FnMut(u16), mut takes: impl FnMut(&mut [u8]) -> bool) {
    heard.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    for sequence in 0.. {
        send(sequence);
        let mut room = [0; 2_048];
        if heard.recv(&mut room).is_ok_and(|n| takes(&mut room[..n])) {
            return;
        }
        assert!(Instant::now() < until, "nothing of it is heard");
    }
}

fn audio_port(description: &str) -> SocketAddr {
    let port = description.split("m=audio ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
    SocketAddr::from(([127, 0, 0, 1], port.unwrap_or_else(|| panic!("no audio: {description}"))))
}

#[test]
fn a_caller_whose_only_key_has_a_name_is_heard_and_hears() {
    let (mut caller, desk) = (Neighbour::at("127.0.0.3"), Neighbour::at("127.0.0.4"));
    let open = "networks: [127.0.0.3]\n";
    let files = tenant(desk.addr, desk.addr, "").replace(open, &format!("{open}srtp: required\n"));
    let program = Program::start_as_owner(&[("tenant.yaml", &files)]);
    let [near, far] = ["127.0.0.3:0", "127.0.0.4:0"].map(|at| UdpSocket::bind(at).unwrap());
    let described = |at: &UdpSocket, rest: &str| {
        let at = at.local_addr().unwrap();
        let (ip, port) = (at.ip(), at.port());
        format!("v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} {rest}\r\n")
    };
    let line = "3 AES_CM_128_HMAC_SHA1_80 inline:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNk|2^31|9:4";
    let offer = described(&near, &format!("RTP/SAVP 8\r\na=crypto:{line}"));
    let from = "From: <sip:+4942100001@x>;tag=1\r\n";
    let invite = caller.call_offering(program.sip, "500", from, &offer);
    let asked = desk.gets("INVITE ");
    let contact = format!("Contact: <sip:desk@{}>\r\n", desk.addr);
    desk.answers_as("d", program.sip, &asked, "200 OK", &contact, &described(&far, "RTP/AVP 8"));
    desk.gets("ACK ");
    let ok = caller.gets("SIP/2.0 200");
    caller.send(program.sip, &in_dialog(&invite, &ok, "ACK", 1, ""));
    let keys: Vec<&str> = ok.lines().filter_map(|line| line.strip_prefix("a=crypto:")).collect();
    let ours = CryptoLine::parse(keys[0]).unwrap();
    assert_eq!((keys.len(), ours.tag, ours.key.mki()), (1, 3, &[][..]), "{keys:?}");
    let (to_us, to_desk_leg) = (audio_port(&ok), audio_port(&asked));
    let mut theirs = Outbound::new(&CryptoLine::parse(line).unwrap().key).unwrap();
    let protected = |sequence| {
        let mut bytes = packet(sequence, 0x5A);
        let plain = bytes.len();
        bytes.resize(plain + 40, 0);
        let len = theirs.protect_rtp(&mut bytes, plain).unwrap();
        // Ours never has a name, so what we write packets with puts none in: it stands before the tag of ten bytes.
        bytes.truncate(len);
        bytes.splice(len - 10..len - 10, [0, 0, 0, 9]);
        near.send_to(&bytes, to_us).unwrap();
    };
    sends_until(&far, protected, |heard| heard.ends_with(&[0x5A; 160]));
    let mut opens = Inbound::new(&ours.key).unwrap();
    let clear = |sequence| {
        far.send_to(&packet(sequence, 0x3C), to_desk_leg).unwrap();
    };
    sends_until(&near, clear, |heard| {
        opens.unprotect_rtp(heard).is_ok_and(|len| heard[..len].ends_with(&[0x3C; 160]))
    });
    caller.send(program.sip, &in_dialog(&invite, &ok, "BYE", 2, ""));
    desk.answers(program.sip, &desk.gets("BYE "), "200 OK", "");
    program.stop();
}
