//! Messages one by one, on a clock that only this file moves: the switch with its engine and its endpoint, and no audio. What
//! somebody promised and does not do; and sequences that nobody planned, of which a failure names its seed.

use super::{Orders, PHONES, SWITCH, TENANT, WALL, blank_switch, tenant};
use crate::adapt::{MediaCommand, MediaId, MediaReport, Now, Reported, Resumed, Switch};
use engine::{Event, Wanted};
use media::leg::Repeat;
use sip::{Destination, Input, Transport};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

const SECOND: u64 = 1_000_000;
const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 8\r\n";

/// The switch, and everybody else at one address.
struct Alone {
    now: u64,
    switch: Switch,
    orders: Arc<Mutex<Orders>>,
    /// What it sent and nobody looked at yet.
    sent: VecDeque<String>,
    /// Ports that are open.
    open: HashSet<MediaId>,
    records: Vec<engine::CallRecord>,
}

impl Alone {
    fn new(seed: u64) -> Alone {
        let orders = Arc::new(Mutex::new(Orders::default()));
        let mut alone = Alone {
            now: 5 * SECOND,
            switch: blank_switch(&orders, seed),
            orders,
            sent: VecDeque::new(),
            open: HashSet::new(),
            records: Vec::new(),
        };
        let resumed = Resumed {
            id: TENANT,
            engine: engine::Engine::new(),
            meaning: tenant(3),
            passwords: Default::default(),
            next_party: 1,
            parties: HashMap::new(),
            aliases: Default::default(),
            said_no: Default::default(),
            registrations: Vec::new(),
            person: Box::new(|number| number.len() as u64),
        };
        alone.switch.add_tenant(alone.clock(), resumed, seed);
        alone.settle();
        alone
    }

    fn clock(&self) -> Now {
        Now { mono: self.now, wall: engine::Time(WALL + self.now / 1_000) }
    }

    /// Everything that is to be done at this moment; prompts end at once.
    fn settle(&mut self) {
        loop {
            let mut idle = true;
            if let Some((number, batches)) = self.switch.take_batches() {
                self.records.extend(batches.into_iter().flat_map(|(_, b)| b.records));
                self.switch.on_committed(self.clock(), number);
                idle = false;
            }
            let (opened, commands) = {
                let mut orders = self.orders.lock().unwrap();
                (std::mem::take(&mut orders.opened), std::mem::take(&mut orders.commands))
            };
            idle &= opened.is_empty() && commands.is_empty();
            self.open.extend(opened.into_iter().map(|(id, _)| id));
            for command in commands {
                let (leg, what) = match command {
                    MediaCommand::Play { leg, repeat: Repeat::Once, .. } => (leg, Reported::PlayEnded),
                    MediaCommand::Close { leg } => {
                        assert!(self.open.remove(&leg), "what is closed was open");
                        (leg, Reported::Closed(None))
                    }
                    _ => continue,
                };
                self.switch.on_media(self.clock(), MediaReport { leg, what });
            }
            while let Some(t) = self.switch.poll_transmit() {
                self.sent.push_back(String::from_utf8_lossy(&t.bytes).into_owned());
                idle = false;
            }
            if idle {
                break;
            }
        }
        self.switch.tenants()[0].engine.check_all().unwrap_or_else(|broken| panic!("{broken:?}"));
    }

    fn hears(&mut self, text: &str) {
        let from = Destination { transport: Transport::Udp, addr: PHONES, connection: None };
        self.switch.on_sip(self.clock(), Input::Received { from, bytes: text.as_bytes() });
        self.settle();
    }

    /// Goes to the next timer, at most to `at`. False if there is none before that.
    fn step(&mut self, at: u64) -> bool {
        let next = self.switch.wait(self.clock()).map(|us| self.now + us).filter(|next| *next <= at);
        self.now = next.unwrap_or(at);
        if next.is_some() {
            self.switch.on_time(self.clock());
            self.settle();
        }
        next.is_some()
    }

    /// The next message that begins so; others are passed over.
    #[track_caller]
    fn says(&mut self, start: &str) -> String {
        let place = self.sent.iter().position(|m| m.starts_with(start));
        let place = place.unwrap_or_else(|| panic!("no {start} in {:#?}", self.sent));
        self.sent.drain(..=place).next_back().unwrap()
    }
}

/// A whole header line.
fn line<'a>(message: &'a str, name: &str) -> &'a str {
    message.lines().find(|l| l.starts_with(name)).unwrap_or_default()
}

fn with_body(head: &str, body: &str) -> String {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!("{head}{kind}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn invite(n: usize, number: &str, lines: &str, body: &str) -> String {
    let head = format!(
        "INVITE sip:{number}@{SWITCH} SIP/2.0\r\nVia: SIP/2.0/UDP {PHONES};branch=z9hG4bKi{n}\r\nMax-Forwards: 70\r\n\
         From: <sip:+4942100{n}@{PHONES}>;tag=c{n}\r\nTo: <sip:{number}@{SWITCH}>\r\nCall-ID: {n}@caller\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:c{n}@{PHONES}>\r\n{lines}"
    );
    with_body(&head, body)
}

/// An answer to a request, with this tag unless the request has one.
fn answer(request: &str, status: &str, tag: &str, lines: &str, body: &str) -> String {
    let copied = ["Via:", "From:", "Call-ID:", "CSeq:"].map(|name| line(request, name)).join("\r\n");
    let to = line(request, "To:");
    let tag = if to.contains(";tag=") { String::new() } else { format!(";tag={tag}") };
    let head =
        format!("SIP/2.0 {status}\r\n{copied}\r\n{to}{tag}\r\nContact: <sip:{tag}@{PHONES}>\r\n{lines}");
    with_body(&head.replace("<sip:;tag=", "<sip:"), body)
}

/// A request within a dialog: `from` and `to` are whole values.
fn within(of: &str, (from, to): (&str, &str), method: &str, cseq: u32, lines: &str, body: &str) -> String {
    let uri = line(of, "Contact:").split(['<', '>']).nth(1).unwrap_or("sip:nobody@192.0.2.2");
    let call_id = line(of, "Call-ID:");
    let head = format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {PHONES};branch=z9hG4bK{method}{cseq}{}\r\nMax-Forwards: 70\r\n\
         From: {from}\r\nTo: {to}\r\n{call_id}\r\nCSeq: {cseq} {method}\r\nContact: <sip:x@{PHONES}>\r\n{lines}",
        call_id.len()
    );
    with_body(&head, body)
}

/// The caller's request within the dialog that an answer made.
fn callers(ok: &str, method: &str, cseq: u32, lines: &str, body: &str) -> String {
    let (from, to) =
        (line(ok, "From:").trim_start_matches("From: "), line(ok, "To:").trim_start_matches("To: "));
    within(ok, (from, to), method, cseq, lines, body)
}

/// The request of somebody who was rung.
fn callees(rings: &str, tag: &str, method: &str, cseq: u32, lines: &str, body: &str) -> String {
    let from = format!("{};tag={tag}", line(rings, "To:").trim_start_matches("To: "));
    within(rings, (&from, line(rings, "From:").trim_start_matches("From: ")), method, cseq, lines, body)
}

#[test]
fn a_caller_who_promised_to_refresh_and_never_does_is_hung_up_by_the_network() {
    let mut a = Alone::new(1);
    a.hears(&invite(1, "500", "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n", SDP));
    let ok = a.says("SIP/2.0 200");
    assert_eq!(line(&ok, "Session-Expires:"), "Session-Expires: 90;refresher=uac");
    a.hears(&callers(&ok, "ACK", 1, "", ""));
    let rings = a.says("INVITE ");
    a.hears(&answer(&rings, "200 OK", "agent", "", SDP));
    a.says("ACK ");
    let began = a.now;
    // One refresh comes, and after it none.
    while a.step(began + 20 * SECOND) {}
    a.hears(&callers(&ok, "UPDATE", 2, "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n", ""));
    a.says("SIP/2.0 200");
    while !a.sent.iter().any(|m| m.starts_with("BYE ")) {
        assert!(a.step(began + 200 * SECOND), "it goes on for ever");
    }
    assert_eq!(
        (a.now - began) / SECOND,
        20 + 60,
        "a third before the interval is over (RFC 4028 section 10)"
    );
    let bye = a.says("BYE ");
    assert_eq!(line(&bye, "Call-ID:"), "Call-ID: 1@caller");
    assert_eq!(line(&bye, "Reason:"), "Reason: SIP;cause=408;text=\"Session timer expired\"");
    a.hears(&answer(&bye, "200 OK", "", "", ""));
    let bye = a.says("BYE ");
    assert_eq!(line(&bye, "Call-ID:"), line(&rings, "Call-ID:"), "and the agent is told");
    a.hears(&answer(&bye, "200 OK", "", "", ""));
    let record = a.records.pop().expect("the call is over");
    assert_eq!((record.ended_by, record.reason), (engine::EndedBy::Network, engine::Reason::Unreachable));
    assert!(a.open.is_empty());
}

#[test]
fn offers_that_meet_are_both_refused_and_made_again_and_the_call_goes_on() {
    let mut a = Alone::new(2);
    // We are to refresh, and by an offer: the caller knows no UPDATE.
    let lines =
        "Allow: INVITE, ACK, BYE, CANCEL\r\nSupported: timer\r\nSession-Expires: 90;refresher=uas\r\n";
    a.hears(&invite(1, "500", lines, SDP));
    let ok = a.says("SIP/2.0 200");
    a.hears(&callers(&ok, "ACK", 1, "", ""));
    let rings = a.says("INVITE ");
    a.hears(&answer(&rings, "200 OK", "agent", "", SDP));
    a.says("ACK ");
    let began = a.now;
    while !a.sent.iter().any(|m| m.starts_with("INVITE ")) {
        assert!(a.step(began + 60 * SECOND), "nothing is refreshed");
    }
    let ours = a.says("INVITE ");
    assert_eq!((line(&ours, "Call-ID:"), (a.now - began) / SECOND), ("Call-ID: 1@caller", 45));

    // Theirs crosses it: each side says 491 to the other.
    let theirs = callers(&ok, "INVITE", 2, lines, SDP);
    a.hears(&theirs);
    let refused = a.says("SIP/2.0 491");
    assert_eq!(line(&refused, "CSeq:"), "CSeq: 2 INVITE");
    let ack = theirs.replacen("INVITE ", "ACK ", 1).replace("CSeq: 2 INVITE", "CSeq: 2 ACK");
    a.hears(&ack);
    a.hears(&answer(&ours, "491 Request Pending", "", "", ""));
    let ack = a.says("ACK ");
    assert_eq!(line(&ack, "CSeq:").replace("ACK", "INVITE"), line(&ours, "CSeq:"));

    // Ours comes again within two seconds, because the caller made the Call-ID (RFC 3261 section 14.1).
    let refused_at = a.now;
    while !a.sent.iter().any(|m| m.starts_with("INVITE ")) {
        assert!(a.step(refused_at + 2 * SECOND), "it is not made again");
    }
    let again = a.says("INVITE ");
    assert_ne!(line(&again, "CSeq:"), line(&ours, "CSeq:"));
    a.hears(&answer(&again, "200 OK", "", "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n", SDP));
    a.says("ACK ");
    // And theirs is taken now.
    a.hears(&callers(&ok, "INVITE", 3, lines, SDP));
    let taken = a.says("SIP/2.0 200");
    assert_eq!(line(&taken, "CSeq:"), "CSeq: 3 INVITE");
    a.hears(&callers(&ok, "ACK", 3, "", ""));
    a.hears(&callers(&ok, "BYE", 4, "", ""));
    a.says("SIP/2.0 200");
    let bye = a.says("BYE ");
    a.hears(&answer(&bye, "200 OK", "", "", ""));
    let record = a.records.pop().expect("the call is over");
    assert_eq!((record.ended_by, record.reason), (engine::EndedBy::Caller, engine::Reason::HungUp));
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) as usize % n.max(1)
    }

    fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.roll(all.len())]
    }
}

/// Callers and telephones that do anything at any time.
struct Crowd {
    a: Alone,
    dice: Dice,
    /// Calls to the switch, each with the last answer that names its dialog.
    calls: Vec<(String, Option<String>)>,
    /// Requests of the switch.
    asked: Vec<String>,
    past: Vec<String>,
    cseq: u32,
}

const CALLS: usize = 12;
const TAGS: [&str; 2] = ["one", "two"];

impl Crowd {
    fn says(&mut self, text: String) {
        self.a.hears(&text);
        self.past.push(text);
        while let Some(m) = self.a.sent.pop_front() {
            if !m.starts_with("SIP/2.0 ") {
                self.asked.push(m);
            } else if line(&m, "To:").contains(";tag=") {
                let of = |c: &&mut (String, _)| line(&c.0, "Call-ID:") == line(&m, "Call-ID:");
                if let Some(call) = self.calls.iter_mut().find(of) {
                    call.1 = Some(m);
                }
            }
        }
    }

    fn acts(&mut self) {
        let hold = format!("{SDP}a=sendonly\r\n");
        let d = &mut self.dice;
        let body = d.of(&[SDP, SDP, &hold, "", "v=0\r\n"]).to_string();
        let what = d.roll(20);
        let which = d.roll(self.calls.len());
        // One of the last that came: the others are answered already, or too late.
        let other = self.asked.len().saturating_sub(1 + d.roll(3));
        self.cseq += 1;
        let cseq = if d.roll(4) == 0 { 1 + d.roll(self.cseq as usize) as u32 } else { self.cseq };
        let dialog = self.calls.get(which).and_then(|c| c.1.clone());
        let text = match what {
            0 | 1 if self.calls.len() < CALLS => {
                let number = d.of(&["500", "500", "501", "999"]);
                let lines = d.of(&[
                    "",
                    "",
                    "Supported: 100rel, timer\r\n",
                    "Require: 100rel\r\n",
                    "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n",
                    "Replaces: 1@caller;to-tag=1;from-tag=2\r\n",
                ]);
                let text = invite(self.calls.len(), number, lines, &body);
                self.calls.push((text.clone(), None));
                Some(text)
            }
            2..=8 => dialog.map(|ok| match what {
                2 | 3 => callers(&ok, "ACK", if d.roll(3) == 0 { cseq } else { 1 }, "", d.of(&["", SDP])),
                4 => callers(&ok, "BYE", cseq, "", ""),
                5 => callers(&ok, "INVITE", cseq, "", &body),
                6 => callers(&ok, d.of(&["UPDATE", "PRACK", "INFO"]), cseq, "RAck: 1 1 INVITE\r\n", &body),
                7 => callers(&ok, "REFER", cseq, d.of(&["Refer-To: <sip:501@192.0.2.2>\r\n", ""]), ""),
                _ => callers(&ok, d.of(&["OPTIONS", "NOTIFY", "MESSAGE", "SUBSCRIBE"]), cseq, "", ""),
            }),
            9 => self.calls.get(which).map(|(invite, _)| {
                let cancel =
                    invite.replacen("INVITE ", "CANCEL ", 1).replace("CSeq: 1 INVITE", "CSeq: 1 CANCEL");
                cancel
                    .replace(SDP, "")
                    .replace(&format!("Content-Length: {}", SDP.len()), "Content-Length: 0")
            }),
            10 if !self.past.is_empty() => Some(self.past[d.roll(self.past.len())].clone()),
            11..=15 => self.asked.get(other).map(|request| {
                let fits = ["200 OK", "200 OK", "180 Ringing", "183 Progress"];
                let refuses = [
                    "302 Moved",
                    "401 Who",
                    "407 Who",
                    "422 Too Small",
                    "481 None",
                    "486 Busy",
                    "487 Gone",
                    "491 Pending",
                    "500 No",
                    "503 No",
                    "603 Decline",
                    "100 Trying",
                    "199 Early",
                    "699 Never",
                ];
                let status = if d.roll(3) < 2 { d.of(&fits) } else { d.of(&refuses) };
                let lines = d.of(&[
                    "",
                    "",
                    "Require: 100rel\r\nRSeq: 1\r\n",
                    "Contact: <sip:501@192.0.2.2>\r\n",
                    "Session-Expires: 90;refresher=uas\r\nRequire: timer\r\n",
                    "Min-SE: 100\r\n",
                ]);
                answer(request, status, d.of(&TAGS), lines, &body)
            }),
            16 => self.asked.get(other).map(|request| {
                let method = d.of(&["BYE", "INVITE", "UPDATE", "REFER", "INFO", "ACK", "NOTIFY"]);
                let lines = if method == "REFER" { "Refer-To: <sip:501@192.0.2.2>\r\n" } else { "" };
                callees(request, d.of(&TAGS), method, cseq, lines, &body)
            }),
            17 => {
                let agents: Vec<_> = self.a.switch.tenants()[0].engine.agents().keys().copied().collect();
                let agent = agents[d.roll(agents.len())];
                let event = Event::AgentWants { agent, wanted: Wanted::Available };
                self.a.switch.on_event(self.a.clock(), TENANT, event);
                self.a.settle();
                None
            }
            _ => {
                let pause = [1, 200, 2_000, 40_000][d.roll(4)] * 1_000;
                let until = self.a.now + pause;
                while self.a.step(until) {}
                None
            }
        };
        if let Some(text) = text {
            self.says(text);
        }
    }

    /// Everybody hangs up and answers what they are asked, until nothing is left to do.
    fn goes_home(&mut self) {
        let open: Vec<_> = self.a.switch.tenants()[0].engine.calls().keys().copied().collect();
        for call in open {
            self.a.switch.on_event(self.a.clock(), TENANT, Event::HangUpAsked { call });
            self.a.settle();
        }
        let until = self.a.now + 900 * SECOND;
        while self.a.step(until) {
            while let Some(m) = self.a.sent.pop_front() {
                let polite = if m.starts_with("INVITE ") { "486 Busy Here" } else { "200 OK" };
                if !m.starts_with("SIP/2.0 ") && !m.starts_with("ACK ") {
                    self.a.hears(&answer(&m, polite, "home", "", ""));
                }
            }
        }
    }
}

#[test]
fn whatever_is_said_in_whatever_order_each_call_ends_once_and_nothing_is_left() {
    let (mut talked, mut all) = (0, 0);
    for seed in 1..=60 {
        let (a, dice) = (Alone::new(seed), Dice(seed));
        let mut c = Crowd { a, dice, calls: Vec::new(), asked: Vec::new(), past: Vec::new(), cseq: 1 };
        for _ in 0..300 {
            c.acts();
        }
        c.goes_home();
        let a = &c.a;
        assert!(a.switch.is_idle(), "seed {seed}: a call is open");
        assert_eq!(a.switch.sip_held(), (0, 0), "seed {seed}: calls and transactions");
        assert!(a.open.is_empty(), "seed {seed}: ports are open");
        let ids: HashSet<_> = a.records.iter().map(|r| r.id).collect();
        let ended = a.switch.tenants()[0].engine.ended_calls();
        assert_eq!(
            (ids.len(), a.records.len() as u64),
            (a.records.len(), ended),
            "seed {seed}: one record each"
        );
        talked += a.records.iter().filter(|r| r.agent.is_some()).count();
        all += a.records.len();
    }
    assert!(talked > 50 && all > 300, "{talked} of {all} calls came to a conversation");
}
