//! Limits of trunks, message by message: how many calls they bear, whose minutes a call uses, what is not sent in clear to
//! one that wants it protected, and over which other one a call rings on.

use crate::adapt::world::{Orders, SWITCH, TENANT, WALL, blank_switch, meaning_of};
use crate::adapt::{MediaCommand, Now, Resumed, Switch};
use media::sdes::{OwnKeys, SEED_LEN};
use serde_json::{Value, json};
use sip::{Destination, Input, Transport};
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

/// Who calls, and three far ends that are called.
const CALLER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 5060);
const FIRST: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9)), 5060);
const SPARE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10)), 5060);
const THIRD: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 11)), 5060);
const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 8\r\n";

struct Line {
    now: u64,
    switch: Switch,
    orders: Arc<Mutex<Orders>>,
    sent: VecDeque<(SocketAddr, String)>,
}

impl Line {
    fn new(documents: Vec<Value>) -> Line {
        let orders = Arc::new(Mutex::new(Orders::default()));
        let mut switch = blank_switch(&orders, 5);
        let now = 5_000_000;
        let resumed = Resumed {
            id: TENANT,
            engine: engine::Engine::new(),
            meaning: meaning_of(documents),
            passwords: Default::default(),
            next_party: 1,
            parties: HashMap::new(),
            aliases: Default::default(),
            said_no: Default::default(),
            registrations: Vec::new(),
            person: Box::new(|number| number.len() as u64),
        };
        switch.add_tenant(clock(now), resumed, 5);
        let mut line = Line { now, switch, orders, sent: VecDeque::new() };
        line.settle();
        line
    }

    fn settle(&mut self) {
        loop {
            let written = self.switch.take_batches();
            let idle = written.is_none();
            if let Some((number, _)) = written {
                self.switch.on_committed(clock(self.now), number);
            }
            while let Some(t) = self.switch.poll_transmit() {
                self.sent.push_back((t.to.addr, String::from_utf8_lossy(&t.bytes).into_owned()));
            }
            if idle {
                return;
            }
        }
    }

    fn hears(&mut self, addr: SocketAddr, text: &str) {
        self.now += 1_000;
        let from = Destination { transport: Transport::Udp, addr, connection: None };
        self.switch.on_sip(clock(self.now), Input::Received { from, bytes: text.as_bytes() });
        self.settle();
    }

    /// Nobody says anything for so many seconds.
    fn waits(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now += 1_000_000;
            self.switch.on_time(clock(self.now));
            self.settle();
        }
    }

    /// The next message to somebody that begins so, if there is one; what came before it is passed over.
    fn gets(&mut self, to: SocketAddr, start: &str) -> Option<String> {
        let place = self.sent.iter().position(|(at, m)| *at == to && m.starts_with(start))?;
        self.sent.drain(..=place).next_back().map(|(_, m)| m)
    }

    fn calls(&mut self, n: usize, number: &str) {
        self.sent.clear();
        self.hears(CALLER, &request(n, number, "INVITE", 1, "", SDP));
    }

    /// A call that a far end is asked for and answers, and that the caller ends.
    fn talks(&mut self, n: usize, number: &str, at: SocketAddr) {
        let asked = self.gets(at, "INVITE ").expect("the far end is asked");
        let there = answer(&asked, "200 OK", SDP).replace(&format!("far@{FIRST}"), &format!("far@{at}"));
        self.hears(at, &there);
        let ok = self.gets(CALLER, "SIP/2.0 200 ").expect("the caller is answered");
        let tag = header(&ok, "To:").split(";tag=").nth(1).unwrap_or_default().to_string();
        self.hears(CALLER, &request(n, number, "ACK", 1, &tag, ""));
        self.hears(CALLER, &request(n, number, "BYE", 2, &tag, ""));
        let bye = self.gets(at, "BYE ").expect("the far end hears of it");
        self.hears(at, &answer(&bye, "200 OK", ""));
    }
}

fn clock(now: u64) -> Now {
    Now { mono: now, wall: engine::Time(WALL + now / 1_000) }
}

fn header<'a>(message: &'a str, name: &str) -> &'a str {
    message.lines().find(|l| l.starts_with(name)).unwrap_or_default()
}

fn with_body(head: &str, body: &str) -> String {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!("{head}{kind}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn request(n: usize, number: &str, method: &str, cseq: u32, tag: &str, body: &str) -> String {
    let tag = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
    // A CANCEL belongs to the INVITE, anything else is a request of its own.
    let branch = if method == "CANCEL" { "INVITE" } else { method };
    let head = format!(
        "{method} sip:{number}@{SWITCH} SIP/2.0\r\nVia: SIP/2.0/UDP {CALLER};branch=z9hG4bK{branch}{n}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:+4942100001@{CALLER}>;tag=c{n}\r\nTo: <sip:{number}@{SWITCH}>{tag}\r\n\
         Call-ID: {n}@caller\r\nCSeq: {cseq} {method}\r\nContact: <sip:c{n}@{CALLER}>\r\n"
    );
    with_body(&head, body)
}

fn answer(request: &str, status: &str, body: &str) -> String {
    let copied = ["Via:", "From:", "Call-ID:", "CSeq:"].map(|name| header(request, name)).join("\r\n");
    let to = header(request, "To:");
    let tag = if to.contains(";tag=") { "" } else { ";tag=far" };
    with_body(&format!("SIP/2.0 {status}\r\n{copied}\r\n{to}{tag}\r\nContact: <sip:far@{FIRST}>\r\n"), body)
}

/// Calls of one trunk pass on to another.
fn bridge(from: &Value, to: &Value) -> Vec<Value> {
    let mut incoming = json!({"kind": "Trunk", "id": "in", "networks": ["192.0.2.1/32"],
        "passes_to": [{"trunk": "out"}]});
    let mut out = json!({"kind": "Trunk", "id": "out", "proxies": [FIRST.to_string()]});
    for (trunk, more) in [(&mut incoming, from), (&mut out, to)] {
        for (key, value) in more.as_object().unwrap() {
            trunk[key] = value.clone();
        }
    }
    vec![json!({"kind": "Tenant", "id": "world", "profile": "bridge", "country": "DE"}), incoming, out]
}

#[test]
fn a_trunk_bears_so_many_calls_both_ways_and_one_more_where_somebody_needs_help() {
    let mut line = Line::new(bridge(&json!({"max_calls": 2}), &json!({})));
    for n in 1..=2 {
        line.calls(n, "+4942155512");
        assert!(line.gets(FIRST, "INVITE ").is_some(), "call {n} passes");
    }
    line.calls(3, "+4942155512");
    let refused = line.gets(CALLER, "SIP/2.0 503 ").expect("one too many");
    assert!(header(&refused, "Warning:").contains("bears as many calls"), "{refused}");
    assert!(line.gets(FIRST, "INVITE ").is_none());
    line.calls(4, "112");
    assert!(line.gets(FIRST, "INVITE ").is_some(), "help is never refused");
    // Two go: one place is free again.
    for (n, number) in [(1, "+4942155512"), (4, "112")] {
        line.hears(CALLER, &request(n, number, "CANCEL", 1, "", ""));
        line.hears(CALLER, &request(n, number, "ACK", 1, "", ""));
    }
    line.calls(5, "+4942155512");
    assert!(line.gets(FIRST, "INVITE ").is_some(), "a call that is over counts no more");
    line.calls(6, "+4942155512");
    assert!(line.gets(CALLER, "SIP/2.0 503 ").is_some());
}

#[test]
fn what_passes_through_uses_the_minutes_of_the_trunk_that_it_goes_over() {
    let mut line = Line::new(bridge(&json!({}), &json!({"minutes_per_day": 1})));
    line.calls(1, "+4942155512");
    line.talks(1, "+4942155512", FIRST);
    line.calls(2, "+4942155512");
    assert!(line.gets(FIRST, "INVITE ").is_none(), "no minute is left");
    line.calls(3, "112");
    assert!(line.gets(FIRST, "INVITE ").is_some(), "but for help");
}

/// A call passes, and the one that took it asks that it is passed on. The caller's tag of ours.
fn asks_to_pass_on(line: &mut Line, n: usize) -> String {
    line.calls(n, "+4942155512");
    let asked = line.gets(FIRST, "INVITE ").expect("the call passes");
    line.hears(FIRST, &answer(&asked, "200 OK", SDP));
    let ok = line.gets(CALLER, "SIP/2.0 200 ").expect("the caller is answered");
    let tag = header(&ok, "To:").split(";tag=").nth(1).unwrap_or_default().to_string();
    line.hears(CALLER, &request(n, "+4942155512", "ACK", 1, &tag, ""));
    let (from, to) = (header(&asked, "To:"), header(&asked, "From:"));
    line.hears(
        FIRST,
        &format!(
            "REFER sip:x@{SWITCH} SIP/2.0\r\nVia: SIP/2.0/UDP {FIRST};branch=z9hG4bKr{n}\r\nMax-Forwards: 70\r\n\
             From{};tag=far\r\nTo{}\r\n{}\r\nCSeq: 1 REFER\r\nContact: <sip:far@{FIRST}>\r\n\
             Refer-To: <sip:+4930123456@{SWITCH}>\r\nContent-Length: 0\r\n\r\n",
            &from[2..],
            &to[4..],
            header(&asked, "Call-ID:"),
        ),
    );
    tag
}

/// A call that passed is passed on by the one that took it, to another far end, who answers; then the caller hangs up.
fn passes_on(line: &mut Line, n: usize, at: SocketAddr) -> Option<()> {
    let tag = asks_to_pass_on(line, n);
    let next = line.gets(at, "INVITE ")?;
    let there = answer(&next, "200 OK", SDP).replace(&format!("far@{FIRST}"), &format!("far@{at}"));
    line.hears(at, &there);
    line.hears(CALLER, &request(n, "+4942155512", "BYE", 2, &tag, ""));
    let bye = line.gets(at, "BYE ").expect("whoever came hears of the end");
    line.hears(at, &answer(&bye, "200 OK", ""));
    Some(())
}

#[test]
fn whoever_is_passed_on_over_a_trunk_uses_its_minutes() {
    for (minutes, passed) in [(2, vec![true, true, false]), (1, vec![true, false])] {
        let mut documents = bridge(
            &json!({}),
            &json!({"passes_to": [{"trunk": "spare"}],
            "networks": ["192.0.2.9/32"]}),
        );
        documents.push(json!({"kind": "Trunk", "id": "spare", "proxies": [SPARE.to_string()],
            "minutes_per_day": minutes}));
        let mut line = Line::new(documents);
        for (n, passed) in passed.into_iter().enumerate() {
            assert_eq!(passes_on(&mut line, n, SPARE).is_some(), passed, "call {n} of {minutes} minutes");
        }
    }
}

#[test]
fn the_minute_of_somebody_who_rings_is_nobody_elses() {
    let passes = json!({"passes_to": [{"trunk": "spare"}], "networks": ["192.0.2.9/32"]});
    let mut documents = bridge(&json!({}), &passes);
    documents
        .push(json!({"kind": "Trunk", "id": "spare", "proxies": [SPARE.to_string()], "minutes_per_day": 1}));
    let mut line = Line::new(documents);
    asks_to_pass_on(&mut line, 1);
    let rings = line.gets(SPARE, "INVITE ").expect("a minute is left");
    asks_to_pass_on(&mut line, 2);
    assert!(line.gets(SPARE, "INVITE ").is_none(), "the minute is held back for the one who rings");
    line.hears(SPARE, &answer(&rings, "486 Busy Here", ""));
    asks_to_pass_on(&mut line, 3);
    assert!(line.gets(SPARE, "INVITE ").is_some(), "who does not come uses none");
    line.switch.tenants()[0].engine.check_all().unwrap();
}

/// Two trunks to the outside, one after the other, and a number that leads there.
fn two_ways_out(first: &Value, spare: &Value) -> Vec<Value> {
    let trunk = |id: &str, addr: SocketAddr, priority: u32, more: &Value| {
        let mut trunk = json!({"kind": "Trunk", "id": id, "proxies": [addr.to_string()], "outbound": true,
            "priority": priority});
        for (key, value) in more.as_object().unwrap() {
            trunk[key] = value.clone();
        }
        trunk
    };
    vec![
        json!({"kind": "Tenant", "id": "world", "profile": "contact-center", "country": "DE",
            "dial": {"allow": ["+49"]}}),
        json!({"kind": "Trunk", "id": "in", "networks": ["192.0.2.1/32"]}),
        trunk("first", FIRST, 1, first),
        trunk("spare", SPARE, 2, spare),
        json!({"kind": "Number", "id": "away", "number": "600", "flow": "away"}),
        json!({"kind": "Flow", "id": "away", "steps": [
            {"connect": {"number": "+4942155512", "ring_time": "20s"}}]}),
    ]
}

#[test]
fn a_call_that_another_trunk_takes_uses_no_minute_of_the_one_before() {
    let mut line = Line::new(two_ways_out(&json!({"minutes_per_day": 1}), &json!({})));
    for n in 1..=2 {
        line.calls(n, "600");
        let asked = line.gets(FIRST, "INVITE ").expect("the first trunk has its minute still");
        line.hears(FIRST, &answer(&asked, "500 Server Internal Error", ""));
        line.talks(n, "600", SPARE);
    }
}

/// How many calls each trunk to the outside has now.
fn calls_over(line: &Line) -> Vec<(String, u32)> {
    let all = line.switch.trunk_status(clock(line.now), TENANT).into_iter();
    all.filter(|trunk| trunk.trunk != "in").map(|trunk| (trunk.trunk, trunk.calls)).collect()
}

#[test]
fn a_call_rings_on_over_the_next_trunk_unless_somebody_was_heard_or_has_said_the_last_word() {
    for (before, word, rings_on) in [
        ("", "503 Service Unavailable", true),
        ("", "403 Forbidden", true),
        ("180 Ringing", "503 Service Unavailable", false),
        ("", "486 Busy Here", false),
        ("", "404 Not Found", false),
    ] {
        let mut line = Line::new(two_ways_out(&json!({}), &json!({})));
        line.calls(1, "600");
        let asked = line.gets(FIRST, "INVITE ").expect("the first trunk is asked");
        if !before.is_empty() {
            line.hears(FIRST, &answer(&asked, before, ""));
        }
        line.hears(FIRST, &answer(&asked, word, ""));
        let next = line.gets(SPARE, "INVITE ");
        assert_eq!(next.is_some(), rings_on, "{before} {word}");
        let spare = u32::from(rings_on);
        let now = [("first".to_string(), 0), ("spare".to_string(), spare)];
        assert_eq!(calls_over(&line), now, "{before} {word}: each trunk has the calls that it has");
        let Some(next) = next else { continue };
        // Whoever answers there is talked with, and what the first trunk says afterwards is nothing to the call.
        line.hears(FIRST, &answer(&asked, word, ""));
        let there = answer(&next, "200 OK", SDP).replace(&format!("far@{FIRST}"), &format!("far@{SPARE}"));
        line.hears(SPARE, &there);
        let ok = line.gets(CALLER, "SIP/2.0 200 ").expect("the caller is answered");
        let tag = header(&ok, "To:").split(";tag=").nth(1).unwrap_or_default().to_string();
        line.hears(CALLER, &request(1, "600", "ACK", 1, &tag, ""));
        line.hears(CALLER, &request(1, "600", "BYE", 2, &tag, ""));
        let bye = line.gets(SPARE, "BYE ").expect("the far end hears of it");
        line.hears(SPARE, &answer(&bye, "200 OK", ""));
        assert!(calls_over(&line).iter().all(|(_, calls)| *calls == 0), "{:?}", calls_over(&line));
    }
}

#[test]
fn a_caller_hears_what_is_wrong_with_the_number_and_whether_another_way_may_lead_there() {
    for (before, said, told) in [
        ("", "404 Not Found", 404),
        ("", "604 Does Not Exist Anywhere", 404),
        ("", "410 Gone", 410),
        ("", "484 Address Incomplete", 484),
        ("", "486 Busy Here", 486),
        ("", "480 Temporarily Unavailable", 480),
        ("", "603 Decline", 480),
        ("", "403 Forbidden", 480),
        ("", "503 Service Unavailable", 503),
        ("", "500 Server Internal Error", 503),
        ("180 Ringing", "503 Service Unavailable", 480),
        ("180 Ringing", "404 Not Found", 404),
    ] {
        let mut line = Line::new(bridge(&json!({}), &json!({})));
        line.calls(1, "+4942155512");
        let asked = line.gets(FIRST, "INVITE ").expect("the call passes");
        if !before.is_empty() {
            line.hears(FIRST, &answer(&asked, before, ""));
        }
        line.hears(FIRST, &answer(&asked, said, ""));
        let refused = line.gets(CALLER, &format!("SIP/2.0 {told} "));
        let refused = refused.unwrap_or_else(|| panic!("{before} {said}: {:?}", line.sent));
        assert!(header(&refused, "Retry-After:").is_empty(), "it is not we who are busy: {refused}");
    }
}

#[test]
fn where_audio_moves_with_the_answer_to_a_refresh_it_is_followed() {
    let mut line = Line::new(bridge(&json!({}), &json!({"session_timer": "2m"})));
    line.calls(1, "+4942155512");
    let asked = line.gets(FIRST, "INVITE ").expect("the call passes");
    let timed = |sdp: &str, invite: &str| {
        let refreshes = "Require: timer\r\nSession-Expires: 120;refresher=uac\r\nContent-Type";
        answer(invite, "200 OK", sdp).replacen("Content-Type", refreshes, 1)
    };
    line.hears(FIRST, &timed(SDP, &asked));
    let ok = line.gets(CALLER, "SIP/2.0 200 ").expect("the caller is answered");
    let tag = header(&ok, "To:").split(";tag=").nth(1).unwrap_or_default().to_string();
    line.hears(CALLER, &request(1, "+4942155512", "ACK", 1, &tag, ""));
    line.waits(70);
    let refresh = line.gets(FIRST, "INVITE ").expect("that the call goes on is said");
    line.orders.lock().unwrap().commands.clear();
    line.hears(FIRST, &timed(&SDP.replace("9000", "9100").replace("1 1 IN", "1 2 IN"), &refresh));
    let pointed: Vec<u16> = line
        .orders
        .lock()
        .unwrap()
        .commands
        .iter()
        .filter_map(|command| match command {
            MediaCommand::Remote { negotiated, .. } => Some(negotiated.remote_rtp.port()),
            _ => None,
        })
        .collect();
    assert_eq!(pointed, [9_100]);
}

#[test]
fn a_call_rings_on_over_the_first_trunk_that_can_be_protected_as_it_must() {
    let secure = json!({"srtp": "required", "srtp_in_clear": true});
    for (dice, asked) in [
        // The offer to the first trunk is in clear, and wants none.
        (vec![OwnKeys::from_random(&[5; SEED_LEN])], Some(SPARE)),
        (vec![None], Some(THIRD)),
    ] {
        let mut documents = two_ways_out(&json!({}), &secure);
        documents
            .push(json!({"kind": "Trunk", "id": "third", "proxies": [THIRD.to_string()], "outbound": true,
            "priority": 3}));
        let mut line = Line::new(documents);
        // The call that comes in asks for dice, too, and so does the one that goes out.
        line.orders.lock().unwrap().dice = [None, None].into_iter().chain(dice).collect();
        line.calls(1, "600");
        let first = line.gets(FIRST, "INVITE ").expect("the first trunk is asked");
        line.hears(FIRST, &answer(&first, "500 Server Internal Error", ""));
        let next = [SPARE, THIRD].into_iter().find_map(|at| Some((at, line.gets(at, "INVITE ")?)));
        let (at, invite) = next.expect("the call rings on");
        assert_eq!(Some(at), asked);
        assert_eq!(invite.contains("a=crypto:"), at == SPARE, "{invite}");
        assert_eq!(invite.contains("RTP/SAVP"), at == SPARE, "{invite}");
    }
}

#[test]
fn nothing_goes_in_clear_to_a_trunk_that_must_be_protected_when_no_keys_are_to_be_had() {
    // The world's media door has no dice.
    for (spare, taken) in [(json!({}), true), (json!({"srtp": "required", "srtp_in_clear": true}), false)] {
        let mut line = Line::new(two_ways_out(&json!({}), &spare));
        line.calls(1, "600");
        let asked = line.gets(FIRST, "INVITE ").expect("the first trunk is asked");
        line.hears(FIRST, &answer(&asked, "500 Server Internal Error", ""));
        assert_eq!(line.gets(SPARE, "INVITE ").is_some(), taken, "{spare}");
    }
}

#[test]
fn whoever_is_passed_on_goes_to_the_next_far_end_when_the_first_cannot_be_protected() {
    let keys = || OwnKeys::from_random(&[5; SEED_LEN]);
    for (dice, asked) in
        [(vec![keys()], Some(SPARE)), (vec![None, keys()], Some(THIRD)), (vec![None, None], None)]
    {
        let mut documents =
            bridge(&json!({}), &json!({"passes_to": [{"trunk": "spare"}], "networks": ["192.0.2.9/32"]}));
        let proxies: Vec<Value> = [SPARE, THIRD]
            .iter()
            .enumerate()
            .map(|(n, at)| json!({"host": at.to_string(), "priority": n + 1}))
            .collect();
        documents.push(json!({"kind": "Trunk", "id": "spare", "proxies": proxies, "srtp": "required",
            "srtp_in_clear": true}));
        let mut line = Line::new(documents);
        // The call itself wants no dice.
        line.orders.lock().unwrap().dice = [None, None].into_iter().chain(dice).collect();
        asks_to_pass_on(&mut line, 1);
        let next = [SPARE, THIRD]
            .into_iter()
            .find(|at| line.gets(*at, "INVITE ").is_some_and(|m| m.contains("a=crypto:")));
        assert_eq!(next, asked);
        assert_eq!(asked.is_none(), line.gets(FIRST, "SIP/2.0 488 ").is_some(), "{asked:?}");
    }
}
