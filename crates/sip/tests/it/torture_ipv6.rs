//! The messages of RFC 5118 section 4, each with the answer that its text asks for, and what has to be read in it.
//!
//! The addresses are those of the RFC. Content-Length is counted here, so that nothing but what a message is about can
//! be wrong with it.

use crate::torture::{Does, outcome_between};
use Does::{Answers, Asks, Call};
use sip::{Destination, Message, Name, NameAddr, Transport, Uri};
use std::net::SocketAddr;

/// Head without Content-Length, and body.
struct Vector {
    section: &'static str,
    head: &'static str,
    body: &'static str,
    does: Does,
    /// Host and port of the Request-URI; `None` where it cannot be read.
    target: Option<(&'static str, Option<u16>)>,
    /// Host and port of the topmost Via.
    via: (&'static str, Option<u16>),
}

const VECTORS: [Vector; 12] = [
    Vector {
        section: "4.1 a valid message with an IPv6 reference",
        head: "REGISTER sip:[2001:db8::10] SIP/2.0
To: sip:user@example.com
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Max-Forwards: 70
Contact: \"Caller\" <sip:caller@[2001:db8::1]>
CSeq: 98176 REGISTER",
        body: "",
        does: Asks,
        target: Some(("2001:db8::10", None)),
        via: ("2001:db8::9:1", None),
    },
    Vector {
        section: "4.2 an address without its brackets: where the port begins cannot be known",
        head: "REGISTER sip:2001:db8::10 SIP/2.0
To: sip:user@example.com
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Max-Forwards: 70
Contact: \"Caller\" <sip:caller@[2001:db8::1]>
CSeq: 98176 REGISTER",
        body: "",
        does: Answers(400),
        target: None,
        via: ("2001:db8::9:1", None),
    },
    Vector {
        section: "4.3 a port inside the brackets is part of the address",
        head: "REGISTER sip:[2001:db8::10:5070] SIP/2.0
To: sip:user@example.com
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Max-Forwards: 70
Contact: \"Caller\" <sip:caller@[2001:db8::1]>
CSeq: 98176 REGISTER",
        body: "",
        does: Asks,
        target: Some(("2001:db8::10:5070", None)),
        via: ("2001:db8::9:1", None),
    },
    Vector {
        section: "4.4 a port after the brackets is a port",
        head: "REGISTER sip:[2001:db8::10]:5070 SIP/2.0
To: sip:user@example.com
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Max-Forwards: 70
Contact: \"Caller\" <sip:caller@[2001:db8::1]>
CSeq: 98176 REGISTER",
        body: "",
        does: Asks,
        target: Some(("2001:db8::10", Some(5070))),
        via: ("2001:db8::9:1", None),
    },
    Vector {
        section: "4.5 received with brackets",
        head: "BYE sip:[2001:db8::10] SIP/2.0
To: sip:user@example.com;tag=bd76ya
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Max-Forwards: 70
CSeq: 321 BYE",
        body: "",
        does: Answers(481),
        target: Some(("2001:db8::10", None)),
        via: ("2001:db8::9:1", None),
    },
    Vector {
        section: "4.5 received without brackets",
        head: "OPTIONS sip:[2001:db8::10] SIP/2.0
To: sip:user@example.com
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3
Call-ID: SSG95523997077@hlau_4100
Max-Forwards: 70
Contact: \"Caller\" <sip:caller@[2001:db8::9:1]>
CSeq: 921 OPTIONS",
        body: "",
        does: Answers(200),
        target: Some(("2001:db8::10", None)),
        via: ("2001:db8::9:1", None),
    },
    Vector {
        section: "4.6 addresses in the session description",
        head: "INVITE sip:user@[2001:db8::10] SIP/2.0
To: sip:user@[2001:db8::10]
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::20];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Contact: \"Caller\" <sip:caller@[2001:db8::20]>
CSeq: 8612 INVITE
Max-Forwards: 70
Content-Type: application/sdp",
        body: "v=0
o=assistant 971731711378798081 0 IN IP6 2001:db8::20
s=Live video feed for today's meeting
c=IN IP6 2001:db8::20
t=3338481189 3370017201
m=audio 6000 RTP/AVP 2
a=rtpmap:2 G726-32/8000
m=video 6024 RTP/AVP 107
a=rtpmap:107 H263-1998/90000
",
        does: Call,
        target: Some(("2001:db8::10", None)),
        via: ("2001:db8::20", None),
    },
    Vector {
        section: "4.7 addresses of both kinds in one message",
        head: "BYE sip:user@host.example.net SIP/2.0
Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111
Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144
Via: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200
Call-ID: 997077@lau_4100
Max-Forwards: 70
CSeq: 89187 BYE
To: sip:user@example.net;tag=9817--94
From: sip:user@example.com;tag=81x2",
        body: "",
        does: Answers(481),
        target: Some(("host.example.net", None)),
        via: ("2001:db8::9:1", Some(6050)),
    },
    Vector {
        section: "4.8 addresses of both kinds in the session description",
        head: "INVITE sip:user@[2001:db8::10] SIP/2.0
To: sip:user@[2001:db8::10]
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Contact: \"Caller\" <sip:caller@[2001:db8::9:1]>
Max-Forwards: 70
CSeq: 8912 INVITE
Content-Type: application/sdp",
        body: "v=0
o=bob 280744730 28977631 IN IP4 host.example.com
s=
t=0 0
m=audio 22334 RTP/AVP 0
c=IN IP4 192.0.2.1
m=video 6024 RTP/AVP 107
c=IN IP6 2001:db8::1
a=rtpmap:107 H263-1998/90000
",
        does: Call,
        target: Some(("2001:db8::10", None)),
        via: ("2001:db8::9:1", None),
    },
    Vector {
        section: "4.9 IPv4 addresses mapped into IPv6",
        head: "INVITE sip:user@example.com SIP/2.0
To: sip:user@example.com
From: sip:user@east.example.com;tag=81x2
Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19
Via: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Contact: \"T. desk phone\" <sip:ted@[::ffff:192.0.2.2]>
CSeq: 612 INVITE
Max-Forwards: 70
Content-Type: application/sdp",
        body: "v=0
o=assistant 971731711378798081 0 IN IP6 ::ffff:192.0.2.2
s=Call me soon, please!
c=IN IP6 ::ffff:192.0.2.2
t=3338481189 3370017201
m=audio 6000 RTP/AVP 2
a=rtpmap:2 G726-32/8000
m=video 6024 RTP/AVP 107
a=rtpmap:107 H263-1998/90000
",
        does: Call,
        target: Some(("example.com", None)),
        via: ("::ffff:192.0.2.10", Some(19823)),
    },
    Vector {
        section: "4.10 three colons, which the grammar of RFC 3261 makes by mistake and no address has",
        head: "OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0
To: sip:user@[2001:db8:::192.0.2.1]
From: sip:user@example.com;tag=810x2
Via: SIP/2.0/UDP lab1.east.example.com;branch=z9hG4bKas3-111
Call-ID: G9559905523997077@hlau_4100
CSeq: 689 OPTIONS
Max-Forwards: 70",
        body: "",
        does: Answers(400),
        target: None,
        via: ("lab1.east.example.com", None),
    },
    Vector {
        section: "4.10 the same with the address as it was meant",
        head: "OPTIONS sip:user@[2001:db8::192.0.2.1] SIP/2.0
To: sip:user@[2001:db8::192.0.2.1]
From: sip:user@example.com;tag=810x2
Via: SIP/2.0/UDP lab1.east.example.com;branch=z9hG4bKas3-111
Call-ID: G9559905523997077@hlau_4100
CSeq: 689 OPTIONS
Max-Forwards: 70",
        body: "",
        does: Answers(200),
        target: Some(("2001:db8::192.0.2.1", None)),
        via: ("lab1.east.example.com", None),
    },
];

fn wire(v: &Vector) -> Vec<u8> {
    let lines = |text: &str| text.replace('\n', "\r\n");
    let body = lines(v.body);
    format!("{}\r\nContent-Length: {}\r\n\r\n{body}", lines(v.head), body.len()).into_bytes()
}

fn udp(addr: &str) -> Destination {
    Destination { transport: Transport::Udp, addr: addr.parse().unwrap(), connection: None }
}

fn lines(m: &Message, name: Name) -> Vec<&[u8]> {
    m.values(name).collect()
}

#[test]
fn every_message_gets_its_answer_and_is_read_as_it_is_meant() {
    // Not the address that any of them names.
    let from = udp("[2001:db8::9:77]:5062");
    let mut wrong = Vec::new();
    for v in &VECTORS {
        let bytes = wire(v);
        let (does, answer) = outcome_between(udp("[2001:db8::10]:5060"), from, &bytes);
        if does != v.does {
            wrong.push(format!("{}: {does:?}, should be {:?}", v.section, v.does));
        }
        let m = Message::parse(&bytes).unwrap();
        let target = Uri::parse(m.target()).ok().map(|u| (u.host.to_vec(), u.port));
        assert_eq!(target, v.target.map(|(host, port)| (host.as_bytes().to_vec(), port)), "{}", v.section);
        let via = m.top_via().unwrap();
        assert_eq!((via.host, via.port), (v.via.0.as_bytes(), v.via.1), "{}", v.section);
        assert_eq!(m.body().len(), v.body.replace('\n', "\r\n").len(), "{}", v.section);
        let Some((to, answer)) = answer else { continue };
        // RFC 3261 section 18.2.2: to the address that the message came from, and the port that its Via says.
        let back = SocketAddr::new(from.addr.ip(), v.via.1.unwrap_or(5060));
        assert_eq!(to, back, "{}", v.section);
        let (asked, said) = (lines(&m, Name::Via), lines(&answer, Name::Via));
        assert_eq!(asked[1..], said[1..], "{}: what others added stays", v.section);
        let top = String::from_utf8_lossy(said[0]).into_owned();
        assert_eq!(top.matches("received=").count(), 1, "{}: {top}", v.section);
        assert!(top.contains(";received=2001:db8::9:77"), "{}: {top}", v.section);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn addresses_are_read_whichever_way_they_are_written() {
    for (text, host) in [
        ("\"Caller\" <sip:caller@[2001:db8::9:1]>", "[2001:db8::9:1]:5060"),
        ("<sip:ted@[::ffff:192.0.2.2]:5070>", "[::ffff:192.0.2.2]:5070"),
        ("sip:ted@[2001:DB8:0:0:0:0:0:1]", "[2001:db8::1]:5060"),
        ("<sips:[2001:db8::1]>", "[2001:db8::1]:5061"),
    ] {
        let address = NameAddr::parse(text.as_bytes()).unwrap();
        let found = Uri::parse(address.uri).unwrap().socket_addr();
        assert_eq!(found, Some(host.parse::<SocketAddr>().unwrap()), "{text}");
    }
    for bad in [
        "sip:a@[2001:db8::1",
        "sip:a@2001:db8::1]",
        "sip:a@[]",
        "sip:a@[2001:db8::1]5060",
        "sip:a@[192.0.2.1]:",
        "sip:[::1%eth0]",
        "sip:a@[[::1]]",
        "sip:a@[::1]:65536",
        "sip:a@[1:2:3:4:5:6:7:8:9]",
    ] {
        assert!(Uri::parse(bad.as_bytes()).is_err(), "{bad}");
    }
}
