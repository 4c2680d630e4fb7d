//! Keys between far ends that take them in different ways: by INFO on one side, as telephone events or tones on the other.

use crate::crossing::in_dialog;
use crate::neighbours::{Neighbour, SDP, line};
use crate::program::Program;
use media::dtmf::TelephoneEvent;
use media::g711::Law;
use media::inband::DtmfDetector;
use media::rtp::RtpPacket;
use std::net::UdpSocket;
use std::time::Duration;

/// A description of audio at a socket, with telephone events or without.
fn sdp(audio: &UdpSocket, events: bool) -> String {
    let port = audio.local_addr().unwrap().port();
    let more =
        if events { " 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n" } else { "\r\n" };
    SDP.replace("m=audio 9000 RTP/AVP 8\r\n", &format!("m=audio {port} RTP/AVP 8{more}"))
}

fn audio_socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket
}

/// What comes to the desk's audio until three keys were found, as telephone events or as tones.
fn keys_heard(audio: &UdpSocket, events: bool) -> String {
    let (mut heard, mut last, mut tones) = (String::new(), None, DtmfDetector::new());
    let mut buffer = [0; 2_048];
    while heard.len() < 3 {
        let n = audio.recv(&mut buffer).unwrap_or_else(|e| panic!("heard {heard:?}: {e}"));
        let Ok(packet) = RtpPacket::parse(&buffer[..n]) else { continue };
        match packet.header.payload_type {
            101 if events => {
                let event = TelephoneEvent::parse(packet.payload).unwrap();
                if last != Some(packet.header.timestamp) {
                    last = Some(packet.header.timestamp);
                    heard.push(media::dtmf::Digit::from_event(event.event).unwrap().to_char());
                }
            }
            8 if !events => tones.push_g711(Law::Alaw, packet.payload, |key| heard.push(key.to_char())),
            _ => {}
        }
    }
    heard
}

#[test]
fn keys_go_from_info_to_events_or_tones_and_from_events_to_info() {
    for (way, events) in [("", true), ("", false), ("dtmf: inband\n", true)] {
        let desk = Neighbour::at("127.0.0.5");
        let mut caller = Neighbour::at("127.0.0.3");
        let there = audio_socket();
        let program = Program::start_as_owner(&[(
            "tenant.yaml",
            &format!(
                "kind: Tenant\nid: test\nprofile: contact-center\ncountry: DE\ndial: {{allow: [\"+49\"]}}\n---\n\
                 kind: Trunk\nid: in\nnetworks: [127.0.0.3]\ndtmf: info\n---\n\
                 kind: Trunk\nid: out\nproxies: [\"{}\"]\noutbound: true\n{way}---\n\
                 kind: Number\nid: away\nnumber: \"600\"\nflow: away\n---\n\
                 kind: Flow\nid: away\nsteps:\n  - connect: {{number: \"+4942155512\", ring_time: 20s}}\n",
                desk.addr
            ),
        )]);
        let sip = program.sip;
        let invite = caller.call(sip, "600", "From: <sip:+4942100001@x>;tag=1\r\n");
        let rings = desk.gets("INVITE ");
        let contact = format!("Contact: <sip:c@{}>\r\n", desk.addr);
        desk.answers_as("c", sip, &rings, "200 OK", &contact, &sdp(&there, events));
        desk.gets("ACK ");
        let ok = caller.gets("SIP/2.0 200");
        caller.send(sip, &in_dialog(&invite, &ok, "ACK", 1, ""));
        program.wait_for("/calls", |list| {
            list["items"].as_array()?.iter().any(|c| c["state"] == "talking").then_some(())
        });
        // One that is no key, by the way.
        for (n, signal) in ["4", "nothing", "2", "11"].iter().enumerate() {
            let body = format!("Signal={signal}\r\nDuration=100\r\n");
            let info = in_dialog(&invite, &ok, "INFO", 2 + n as u32, &body)
                .replace("application/sdp", "application/dtmf-relay");
            caller.send(sip, &info);
            caller.gets("SIP/2.0 200");
        }
        let by_tones = !events || !way.is_empty();
        assert_eq!(keys_heard(&there, !by_tones), "42#", "{way:?} {events}");
        if events {
            // The other way: a press of 5, as three packets of one event, to where our audio is.
            let port = line(&rings, "m=audio").split(' ').nth(1).and_then(|p| p.parse::<u16>().ok()).unwrap();
            for (n, duration) in [(1u16, 160u16), (2, 320), (3, 480)] {
                let mut packet =
                    vec![0x80, if n == 1 { 0x80 | 101 } else { 101 }, 0, n as u8, 0, 0, 3, 0, 0, 0, 0, 9];
                let end = if n == 3 { 0x8a } else { 0x0a };
                packet.extend([5, end, (duration >> 8) as u8, duration as u8]);
                there.send_to(&packet, ("127.0.0.1", port)).unwrap();
            }
            let info = caller.gets("INFO ");
            assert!(info.contains("application/dtmf-relay") && info.contains("Signal=5\r\n"), "{info}");
            caller.answers(sip, &info, "200 OK", "");
        }
        program.stop();
    }
}
