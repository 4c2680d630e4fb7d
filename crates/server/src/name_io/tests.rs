//! The thread against name servers of our own: honest, lying, late, circular and broken ones.

use super::*;
use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, NAPTR, SOA, SRV};
use hickory_proto::rr::{Name, RData, Record as Raw, RecordType};
use message::{Said, read, write};
use sip::locate::{Kind, Record};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

/// Longer than anything here takes: no test waits for it.
const LONG: Duration = Duration::from_secs(30);
/// For tests in which a server stays silent.
const SHORT: Patience = Patience { attempt: Duration::from_millis(400), whole: Duration::from_secs(20) };
const LOOPBACK: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// A question as it came in, and whether over TCP.
type Came = (Message, bool);

/// A name server that says what `says` gives for the questions so far; each message to where that question came from.
fn server(
    says: impl Fn(&[Came]) -> Vec<(usize, Vec<u8>)> + Send + Sync + 'static,
) -> (SocketAddr, Receiver<Came>) {
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind(LOOPBACK).unwrap();
        // The same port for both, as it has to be; it may be taken.
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
            break (udp, tcp);
        }
    };
    let addr = udp.local_addr().unwrap();
    let (tx, rx) = channel();
    let asked: Arc<Mutex<Vec<Came>>> = Arc::default();
    let says = Arc::new(says);
    let (tx2, asked2, says2) = (tx.clone(), asked.clone(), says.clone());
    std::thread::spawn(move || {
        let mut from = std::collections::BTreeMap::new();
        let mut buffer = [0; 4096];
        while let Ok((n, source)) = udp.recv_from(&mut buffer) {
            let came = (Message::from_vec(&buffer[..n]).unwrap(), false);
            let _ = tx.send(came.clone());
            let mut asked = asked.lock().unwrap();
            from.insert(asked.len(), source);
            asked.push(came);
            for (to, bytes) in says(&asked) {
                udp.send_to(&bytes, from[&to]).unwrap();
            }
        }
    });
    std::thread::spawn(move || {
        for stream in tcp.incoming() {
            let mut stream = stream.unwrap();
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            let mut bytes = vec![0; u16::from_be_bytes(length).into()];
            stream.read_exact(&mut bytes).unwrap();
            let came = (Message::from_vec(&bytes).unwrap(), true);
            let _ = tx2.send(came.clone());
            let mut asked = asked2.lock().unwrap();
            asked.push(came);
            for (_, bytes) in says2(&asked) {
                // In pieces, as streams are.
                let whole = [&(bytes.len() as u16).to_be_bytes()[..], &bytes].concat();
                for piece in whole.chunks(700) {
                    let _ = stream.write_all(piece);
                }
            }
        }
    });
    (addr, rx)
}

/// A server that answers each question with the same.
fn answers(reply: impl Fn(&Came) -> Vec<u8> + Send + Sync + 'static) -> (SocketAddr, Receiver<Came>) {
    server(move |asked| vec![(asked.len() - 1, reply(&asked[asked.len() - 1]))])
}

fn name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).unwrap();
    name.set_fqdn(true);
    name
}

fn raw(owner: &str, ttl: u32, data: RData) -> Raw {
    Raw::from_rdata(name(owner), ttl, data)
}

fn a(owner: &str, ip: [u8; 4]) -> Raw {
    raw(owner, 300, RData::A(A(ip.into())))
}

fn alias(owner: &str, to: &str, ttl: u32) -> Raw {
    raw(owner, ttl, RData::CNAME(CNAME(name(to))))
}

fn soa(minimum: u32, ttl: u32) -> Raw {
    let data = SOA::new(name("ns.example"), name("x.example"), 1, 1, 1, 1, minimum);
    raw("example", ttl, RData::SOA(data))
}

fn reply(to: &Message, code: ResponseCode, found: &[Raw], authority: &[Raw]) -> Message {
    let mut m = Message::response(to.metadata.id, OpCode::Query);
    m.metadata.response_code = code;
    m.add_query(to.queries[0].clone());
    m.add_answers(found.iter().cloned());
    m.add_authorities(authority.iter().cloned());
    m
}

fn ok(to: &Message, found: &[Raw]) -> Vec<u8> {
    reply(to, ResponseCode::NoError, found, &[]).to_vec().unwrap()
}

fn question(text: &str, kind: Kind) -> Question {
    Question { name: text.into(), kind }
}

fn start(servers: &[SocketAddr], patience: Patience) -> (Names, Receiver<(Question, Answer)>) {
    let sources = NameSources {
        servers: servers.to_vec(),
        resolv_conf: "/nonexistent".into(),
        hosts: "/nonexistent".into(),
        patience,
    };
    let (tx, rx) = channel();
    let names = Names::start(sources, move |q, a| {
        let _ = tx.send((q, a));
    });
    (names.unwrap(), rx)
}

fn ask_with(servers: &[SocketAddr], patience: Patience, text: &str, kind: Kind) -> Answer {
    let (names, answers) = start(servers, patience);
    let asked = question(text, kind);
    names.ask(asked.clone()).unwrap();
    let (answered, answer) = answers.recv_timeout(LONG).unwrap();
    assert_eq!(answered, asked);
    drop(names);
    // The thread ends, and with it the other end of this: there was no second answer.
    assert!(answers.recv_timeout(LONG).is_err());
    answer
}

fn ask(servers: &[SocketAddr], text: &str, kind: Kind) -> Answer {
    ask_with(servers, Patience { attempt: LONG, whole: LONG }, text, kind)
}

fn found(ips: &[&str], ttl: u32) -> Answer {
    Answer::Found { records: ips.iter().map(|ip| Record::Address(ip.parse().unwrap())).collect(), ttl }
}

#[test]
fn each_kind_of_record_is_understood() {
    let (addr, asked) = answers(|(m, _)| {
        let here = "x.example";
        let naptr = NAPTR::new(
            10,
            20,
            b"s".to_vec().into(),
            b"SIP+D2U".to_vec().into(),
            Box::default(),
            name("_sip._udp.X.example"),
        );
        let all = [
            raw(here, 100, RData::NAPTR(naptr)),
            raw(here, 200, RData::SRV(SRV::new(1, 2, 5060, name("Host.example")))),
            raw(here, 300, RData::SRV(SRV::new(1, 2, 0, name(".")))),
            raw(here, 400, RData::A(A([192, 0, 2, 1].into()))),
            raw("X.EXAMPLE", 90, RData::A(A([192, 0, 2, 2].into()))),
            raw(here, 500, RData::AAAA(AAAA("2001:db8::1".parse().unwrap()))),
        ];
        ok(m, &all)
    });
    assert_eq!(ask(&[addr], "x.example", Kind::A), found(&["192.0.2.1", "192.0.2.2"], 90));
    assert_eq!(ask(&[addr], "x.example", Kind::Aaaa), found(&["2001:db8::1"], 500));
    let srv = |port, target: &str| Record::Srv { priority: 1, weight: 2, port, target: target.into() };
    assert_eq!(
        ask(&[addr], "x.example", Kind::Srv),
        Answer::Found { records: vec![srv(5060, "host.example"), srv(0, ".")], ttl: 200 }
    );
    let naptr = Record::Naptr {
        order: 10,
        preference: 20,
        flags: "s".into(),
        service: "SIP+D2U".into(),
        replacement: "_sip._udp.x.example".into(),
    };
    assert_eq!(ask(&[addr], "x.example", Kind::Naptr), Answer::Found { records: vec![naptr], ttl: 100 });
    let ids: Vec<u16> = asked.try_iter().map(|(m, _)| m.metadata.id).collect();
    assert!(ids.windows(2).any(|w| w[0] != w[1]), "ids are drawn: {ids:?}");
}

#[test]
fn that_there_is_nothing_is_an_answer_too() {
    for (code, authority, ttl) in [
        (ResponseCode::NXDomain, vec![soa(900, 3_000)], 900),
        (ResponseCode::NoError, vec![soa(900, 40)], 40),
        (ResponseCode::NXDomain, vec![], 60),
        (ResponseCode::NoError, vec![], 60),
    ] {
        let (addr, _asked) = answers(move |(m, _)| reply(m, code, &[], &authority).to_vec().unwrap());
        assert_eq!(ask(&[addr], "x.example", Kind::A), Answer::Nothing { ttl });
    }
}

#[test]
fn what_finds_no_room_comes_over_tcp() {
    let (addr, asked) = answers(|(m, tcp)| {
        if *tcp {
            return ok(m, &(0..60u8).map(|n| a("x.example", [192, 0, 2, n])).collect::<Vec<_>>());
        }
        let mut cut = reply(m, ResponseCode::NoError, &[a("x.example", [192, 0, 2, 99])], &[]);
        cut.metadata.truncation = true;
        let bytes = cut.to_vec().unwrap();
        bytes[..bytes.len() - 7].to_vec()
    });
    let Answer::Found { records, .. } = ask(&[addr], "x.example", Kind::A) else { panic!("an answer") };
    assert_eq!(records.len(), 60);
    assert_eq!(asked.try_iter().map(|(_, tcp)| tcp).collect::<Vec<_>>(), [false, true]);
    // One that is cut off over TCP too is of no use.
    let (addr, _asked) = answers(|(m, _)| {
        let mut cut = reply(m, ResponseCode::NoError, &[], &[]);
        cut.metadata.truncation = true;
        cut.to_vec().unwrap()
    });
    assert_eq!(ask(&[addr], "x.example", Kind::A), Answer::Failed);
}

#[test]
fn lies_are_not_believed() {
    let (addr, _asked) = answers(|(m, _)| ok(m, &[a("x.example", [192, 0, 2, 1])]));
    let (liar, _asked) = server(move |asked| {
        let (m, _) = &asked[asked.len() - 1];
        let lie = a("x.example", [192, 0, 2, 66]);
        let mut other_id = m.clone();
        other_id.metadata.id ^= 1;
        let mut other_name = m.clone();
        other_name.queries = vec![Query::query(name("y.example"), RecordType::A)];
        let mut other_kind = m.clone();
        other_kind.queries = vec![Query::query(name("x.example"), RecordType::AAAA)];
        let mut two = m.clone();
        two.add_query(m.queries[0].clone());
        let mut no_answer = reply(m, ResponseCode::NoError, std::slice::from_ref(&lie), &[]);
        no_answer.metadata.message_type = MessageType::Query;
        let mut two_said = reply(&two, ResponseCode::NoError, std::slice::from_ref(&lie), &[]);
        two_said.add_query(m.queries[0].clone());
        let wrong = [&other_id, &other_name, &other_kind].map(|m| ok(m, std::slice::from_ref(&lie)));
        let last = asked.len() - 1;
        let mut said: Vec<_> = wrong.into_iter().map(|bytes| (last, bytes)).collect();
        said.push((last, no_answer.to_vec().unwrap()));
        said.push((last, two_said.to_vec().unwrap()));
        said.push((last, vec![0; 5]));
        // At last the truth, with something about others beside it.
        let beside =
            [a("y.example", [192, 0, 2, 67]), a("x.example", [192, 0, 2, 1]), a("example", [192, 0, 2, 68])];
        said.push((last, ok(m, &beside)));
        said
    });
    assert_eq!(ask(&[liar], "x.example", Kind::A), found(&["192.0.2.1"], 300));
    assert_eq!(
        ask(&[addr], "y.example", Kind::A),
        Answer::Nothing { ttl: 60 },
        "an answer about another name"
    );
}

#[test]
fn one_who_is_not_the_server_is_not_heard() {
    let stranger = UdpSocket::bind(LOOPBACK).unwrap();
    let server = UdpSocket::bind(LOOPBACK).unwrap();
    let (names, answers) = start(&[server.local_addr().unwrap()], Patience { attempt: LONG, whole: LONG });
    names.ask(question("x.example", Kind::A)).unwrap();
    let mut buffer = [0; 512];
    let (n, from) = server.recv_from(&mut buffer).unwrap();
    let m = Message::from_vec(&buffer[..n]).unwrap();
    // It knows everything but cannot send from the server's address.
    let _ = stranger.send_to(&ok(&m, &[a("x.example", [192, 0, 2, 66])]), from);
    server.send_to(&ok(&m, &[a("x.example", [192, 0, 2, 1])]), from).unwrap();
    assert_eq!(answers.recv_timeout(LONG).unwrap().1, found(&["192.0.2.1"], 300));
}

#[test]
fn a_late_answer_is_as_good_as_none_and_comes_once() {
    // The first question is answered only when the second is there, which asks the same once more.
    let (addr, asked) = server(|asked| match asked {
        [_] => Vec::new(),
        [first, .., again] => {
            let late = ok(&first.0, &[a("x.example", [192, 0, 2, 66])]);
            vec![(0, late), (asked.len() - 1, ok(&again.0, &[a("x.example", [192, 0, 2, 1])]))]
        }
        [] => Vec::new(),
    });
    assert_eq!(ask_with(&[addr], SHORT, "x.example", Kind::A), found(&["192.0.2.1"], 300));
    assert_eq!(asked.try_iter().count(), 2);
}

#[test]
fn the_next_server_is_asked_when_one_is_of_no_use() {
    let closed = {
        let socket = UdpSocket::bind(LOOPBACK).unwrap();
        socket.local_addr().unwrap()
    };
    let (good, _asked) = answers(|(m, _)| ok(m, &[a("x.example", [192, 0, 2, 1])]));
    let (refuses, _asked) = answers(|(m, _)| reply(m, ResponseCode::ServFail, &[], &[]).to_vec().unwrap());
    let (spoilt, _asked) = answers(|(m, _)| {
        let mut bytes = ok(m, &[a("x.example", [192, 0, 2, 66])]);
        bytes.truncate(bytes.len() - 3);
        bytes
    });
    let (silent, _asked) = server(|_| Vec::new());
    let expected = found(&["192.0.2.1"], 300);
    for bad in [closed, refuses, spoilt] {
        assert_eq!(ask(&[bad, good], "x.example", Kind::A), expected);
        assert_eq!(ask(&[bad], "x.example", Kind::A), Answer::Failed);
    }
    assert_eq!(ask_with(&[silent, good], SHORT, "x.example", Kind::A), expected);
    assert_eq!(ask_with(&[silent], SHORT, "x.example", Kind::A), Answer::Failed);
    let soon = Patience { attempt: LONG, whole: Duration::from_millis(60) };
    assert_eq!(ask_with(&[silent], soon, "x.example", Kind::A), Answer::Failed);
}

#[test]
fn a_server_without_extensions_is_asked_without() {
    let (addr, asked) = answers(|(m, _)| {
        if m.edns.is_some() {
            // Nothing but a header.
            let bytes = reply(m, ResponseCode::FormErr, &[], &[]).to_vec().unwrap();
            return [&bytes[..4], &[0; 8]].concat();
        }
        ok(m, &[a("x.example", [192, 0, 2, 1])])
    });
    assert_eq!(ask(&[addr], "x.example", Kind::A), found(&["192.0.2.1"], 300));
    assert_eq!(asked.try_iter().count(), 2);
}

#[test]
fn aliases_are_followed_and_circles_are_left() {
    // Within one message.
    let (addr, _asked) = answers(|(m, _)| {
        ok(
            m,
            &[
                a("c.example", [192, 0, 2, 1]),
                alias("b.example", "c.example", 30),
                alias("x.example", "B.example", 70),
            ],
        )
    });
    assert_eq!(ask(&[addr], "x.example", Kind::A), found(&["192.0.2.1"], 30));
    // Over several.
    let (addr, asked) = answers(|(m, _)| match m.queries[0].name().to_ascii().as_str() {
        "x.example." => ok(m, &[alias("x.example", "y.example", 20)]),
        _ => ok(m, &[a("y.example", [192, 0, 2, 2])]),
    });
    assert_eq!(ask(&[addr], "x.example", Kind::A), found(&["192.0.2.2"], 20));
    assert_eq!(asked.try_iter().count(), 2);
    // To a name that has nothing.
    let (addr, _asked) = answers(|(m, _)| {
        reply(m, ResponseCode::NoError, &[alias("x.example", "y.example", 20)], &[soa(50, 50)])
            .to_vec()
            .unwrap()
    });
    assert_eq!(ask(&[addr], "x.example", Kind::A), Answer::Nothing { ttl: 20 });
    // In a circle.
    let (addr, asked) =
        answers(|(m, _)| ok(m, &[alias("x.example", "y.example", 20), alias("y.example", "x.example", 20)]));
    assert_eq!(ask(&[addr], "x.example", Kind::A), Answer::Failed);
    assert_eq!(asked.try_iter().count(), 2, "the server is asked once more and then no more");
    // Further and further.
    let (addr, asked) = server(|asked| {
        let (m, _) = &asked[asked.len() - 1];
        let here = m.queries[0].name().to_ascii();
        vec![(asked.len() - 1, ok(m, &[alias(&here, &format!("n{}.example", asked.len()), 20)]))]
    });
    assert_eq!(ask(&[addr], "x.example", Kind::A), Answer::Failed);
    assert_eq!(asked.try_iter().count(), 9);
}

#[test]
fn a_flood_of_questions_is_bounded_and_each_is_answered_once() {
    let (silent, _asked) = server(|_| Vec::new());
    let brief = Patience { attempt: Duration::from_millis(20), whole: Duration::from_millis(20) };
    let (tx, answers) = channel();
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().unwrap();
    let at_gate = gate.clone();
    let sources = NameSources {
        servers: vec![silent],
        resolv_conf: "/nonexistent".into(),
        hosts: "/nonexistent".into(),
        patience: brief,
    };
    let names = Names::start(sources, move |q, a| {
        drop(at_gate.lock());
        let _ = tx.send((q, a));
    })
    .unwrap();
    // Whoever gets the answers does not take them: what is on its way stays there, and the others wait.
    let taken = (0..3_000).filter(|n| names.ask(question(&format!("n{n}.example"), Kind::A)).is_ok()).count();
    assert!((WAITING..=WAITING + FLIGHTS).contains(&taken), "{taken}");
    drop(closed);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..taken {
        let (question, answer) = answers.recv_timeout(LONG).unwrap();
        assert_eq!(answer, Answer::Failed);
        assert!(seen.insert(question));
    }
    drop(names);
    assert!(answers.recv_timeout(LONG).is_err());
}

#[test]
fn host_names_of_this_machine_need_no_server() {
    let dir = tempfile::tempdir().unwrap();
    let hosts = dir.path().join("hosts");
    std::fs::write(&hosts, "192.0.2.5 pbx\n").unwrap();
    let (tx, rx) = channel();
    let sources = NameSources { hosts, resolv_conf: dir.path().join("none"), ..NameSources::default() };
    let names = Names::start(sources, move |q, a| tx.send((q, a)).unwrap()).unwrap();
    names.ask(question("pbx", Kind::A)).unwrap();
    assert_eq!(rx.recv_timeout(LONG).unwrap().1, found(&["192.0.2.5"], 60));
}

#[test]
fn every_cut_and_bent_message_is_survived() {
    let asked = question("x.example", Kind::A);
    let bytes = write(7, &asked, true).unwrap();
    let m = Message::from_vec(&bytes).unwrap();
    assert_eq!(read(&bytes, 7, &asked), Said::NotOurs, "a question is no answer");
    let whole = ok(&m, &[alias("x.example", "c.example", 30), a("c.example", [192, 0, 2, 1])]);
    assert_eq!(read(&whole, 7, &asked), Said::Answer(found(&["192.0.2.1"], 30)));
    for end in 0..whole.len() {
        let said = read(&whole[..end], 7, &asked);
        assert!(matches!(said, Said::NotOurs | Said::Useless), "{end}: {said:?}");
    }
    for at in 0..whole.len() {
        for to in [0, 1, 0x3f, 0xc0, 0xff] {
            let mut bent = whole.clone();
            bent[at] = to;
            let _ = read(&bent, 7, &asked);
        }
    }
    // A name that points at itself.
    let mut circle = whole[..12].to_vec();
    circle.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1]);
    assert_eq!(read(&circle, 7, &asked), Said::Useless);
    // Names that fit no message.
    for long in ["a.".repeat(200), "a".repeat(64)] {
        assert!(write(7, &question(&long, Kind::A), true).is_none());
    }
}
