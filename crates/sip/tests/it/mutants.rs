//! Requests and answers with one to four things wrong with them, in the manner of the PROTOS suite for SIP: overlong values,
//! format strings, numbers out of their range, repeated and missing headers, broken separators, bytes that are no text.
//!
//! The laws: nothing panics; no answer is much larger than what it answers, and there are few of them; when everybody has
//! hung up and all timers have run, no call and no transaction is left. A failure names its seed.

use crate::network::at;
use sip::{CallId, Endpoint, Event, Input, Limits, Local, Message, Splitter, Start, Time, Transport};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Endpoints that mutants are thrown at, and how many at each.
const ROUNDS: u64 = 120;
const EACH: usize = 50;
/// What an answer may have beyond what it answers: its own headers, the tag, what RFC 3581 adds.
const LARGER: usize = 1_024;
/// What an answer may be larger by for each header line it copies: "v:" becomes "Via: ".
const LARGER_A_LINE: usize = 16;

struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n.max(1)
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// What stands where something else should.
fn anomaly(c: &mut Chance) -> Vec<u8> {
    const SHORT: [&[u8]; 58] = [
        b"",
        b" ",
        b"\t",
        b"\0",
        b"\r",
        b"\n",
        b"\r\n",
        b"\r\n\r\n",
        b"\n\n",
        b"%s",
        b"%n",
        b"%s%s%s%s%n%n%n%n",
        b"%99999d",
        b"%00",
        b"%",
        b"%0",
        b"%zz",
        b"-1",
        b"0",
        b"1",
        b"-0",
        b"255",
        b"256",
        b"65535",
        b"65536",
        b"2147483647",
        b"2147483648",
        b"4294967295",
        b"4294967296",
        b"18446744073709551616",
        b"-2147483649",
        b"1e9",
        b"0x10",
        b"+1",
        b"99999999999999999999999",
        b"<",
        b">",
        b"<>",
        b"<<<<>>>>",
        b"\"",
        b"\\",
        b"\"\\\"",
        b";",
        b";;;;",
        b",",
        b",,,,",
        b":",
        b"::::",
        b"@",
        b"@@@@",
        b"[",
        b"[::1",
        b"[]",
        b"999.999.999.999",
        b"\xff\xfe",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98\x80",
    ];
    const LONG: [&[u8]; 10] =
        [b"A", b"%s", b"1", b"\0", b"\xff", b";a=b", b"<sip:a@b>,", b"a.", b"[", b"\" "];
    match c.below(3) {
        0 | 1 => c.of(&SHORT).to_vec(),
        _ => {
            let (what, times) = (*c.of(&LONG), *c.of(&[2, 17, 128, 256, 1_025, 4_097, 16_385]));
            what.repeat(times)
        }
    }
}

/// A message in parts that can be changed one by one.
struct Parts {
    start: [Vec<u8>; 3],
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
    line_end: &'static [u8],
}

const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";

impl Parts {
    fn of(start: [&str; 3], headers: &[(&str, String)], body: &str) -> Parts {
        Parts {
            start: start.map(|s| s.as_bytes().to_vec()),
            headers: headers.iter().map(|(n, v)| (n.as_bytes().to_vec(), v.as_bytes().to_vec())).collect(),
            body: body.as_bytes().to_vec(),
            line_end: b"\r\n",
        }
    }

    /// A request that would be in order, with every header that is read.
    fn request(c: &mut Chance, n: usize) -> Parts {
        let method = *c.of(&[
            "INVITE", "INVITE", "INVITE", "INVITE", "INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "REGISTER",
            "REFER", "UPDATE", "PRACK", "INFO", "NOTIFY",
        ]);
        let body = if matches!(method, "INVITE" | "UPDATE") { SDP } else { "" };
        let headers = [
            ("Via", format!("SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK{n};rport")),
            ("Via", "SIP/2.0/TCP proxy.example:5061;branch=z9hG4bKp;received=192.0.2.9".into()),
            ("From", format!("\"Anna \\\"A\\\" Berg\" <sip:+4930123;phone-context=x@192.0.2.2;user=phone>;tag=f{n}")),
            ("To", "<sip:500@192.0.2.1>".into()),
            ("Call-ID", format!("{n}@192.0.2.2")),
            ("CSeq", format!("{} {method}", 1 + n % 7)),
            ("Contact", "<sip:100@192.0.2.2:5060;transport=udp>;expires=60;q=0.5".into()),
            ("Max-Forwards", "70".into()),
            ("Record-Route", "<sip:proxy.example;lr>, <sip:[2001:db8::1]:5070;lr>".into()),
            ("Supported", "100rel, timer, replaces".into()),
            ("Session-Expires", "1800;refresher=uac".into()),
            ("Min-SE", "90".into()),
            ("Expires", "120".into()),
            ("Accept", "application/sdp, multipart/mixed".into()),
            ("P-Asserted-Identity", "\"A\" <sip:+4930123@h>, <tel:+4930123>".into()),
            ("Privacy", "id;critical".into()),
            ("Diversion", "<sip:+491@h>;reason=user-busy;counter=1;privacy=off".into()),
            ("History-Info", "<sip:+491@h?Reason=SIP%3Bcause%3D486>;index=1, <sip:500@h>;index=1.1".into()),
            ("Reason", "Q.850;cause=16;text=\"x\"".into()),
            ("Replaces", "x@y;to-tag=1;from-tag=2;early-only".into()),
            ("Refer-To", "<sip:600@h?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2>".into()),
            ("RAck", "1 1 INVITE".into()),
            ("Event", "refer;id=1".into()),
            ("Subscription-State", "active;expires=60".into()),
            ("Authorization", "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"sip:h\", response=\"0\", nc=00000001, cnonce=\"c\", qop=auth".into()),
            ("Content-Type", "application/sdp".into()),
            ("Content-Disposition", "session;handling=required".into()),
            ("Content-Length", body.len().to_string()),
        ];
        let mut p = Parts::of([method, "sip:500;x=y@192.0.2.1:5060;user=phone", "SIP/2.0"], &headers, body);
        // Not every message has everything; what names another call is rare, as it is an answer's end.
        let keeps = |c: &mut Chance, name: &[u8]| match name {
            b"Via" | b"From" | b"To" | b"Call-ID" | b"CSeq" | b"Content-Type" | b"Content-Length" => true,
            b"Replaces" => c.below(20) == 0,
            _ => c.below(2) == 0,
        };
        p.headers.retain(|(name, _)| keeps(c, name));
        p
    }

    /// An answer to a request of ours.
    fn answer(c: &mut Chance, request: &Message) -> Parts {
        let code = *c
            .of(&["100", "180", "183", "200", "200", "302", "401", "407", "422", "486", "491", "503", "699"]);
        let text = |name| String::from_utf8_lossy(request.value(name).unwrap_or_default()).into_owned();
        let body = if matches!(code, "183" | "200") { SDP } else { "" };
        let headers = [
            ("Via", text(sip::Name::Via)),
            ("From", text(sip::Name::From)),
            ("To", format!("{};tag={}", text(sip::Name::To), c.below(3))),
            ("Call-ID", text(sip::Name::CallId)),
            ("CSeq", text(sip::Name::CSeq)),
            ("Contact", "<sip:b@192.0.2.2>;q=0.7, <sip:c@192.0.2.2>;q=0.1".into()),
            ("Record-Route", "<sip:192.0.2.2;lr>".into()),
            ("Require", "100rel".into()),
            ("RSeq", "1".into()),
            ("Retry-After", "5 (soon);duration=60".into()),
            ("Min-SE", "1800".into()),
            ("Session-Expires", "1800;refresher=uas".into()),
            ("Reason", "Q.850;cause=17".into()),
            ("WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=MD5".into()),
            ("Content-Type", "application/sdp".into()),
            ("Content-Length", body.len().to_string()),
        ];
        let mut p = Parts::of(["SIP/2.0", code, "Because"], &headers, body);
        for _ in 0..c.below(6) {
            let at = 5 + c.below(p.headers.len() - 6);
            p.headers.remove(at);
        }
        p
    }

    fn mutate(&mut self, c: &mut Chance) {
        let at = c.below(self.headers.len().max(1));
        match c.below(14) {
            0 => {
                let n = c.below(3);
                replace_some(c, &mut self.start[n]);
            }
            1..=6 => {
                if let Some((_, value)) = self.headers.get_mut(at) {
                    replace_some(c, value);
                }
            }
            7 => {
                if let Some((name, _)) = self.headers.get_mut(at) {
                    replace_some(c, name);
                }
            }
            8 => {
                if let Some(header) = self.headers.get(at).cloned() {
                    let times = *c.of(&[1, 2, 50, 180, 250]);
                    self.headers.extend(std::iter::repeat_n(header, times));
                }
            }
            9 => drop((at < self.headers.len()).then(|| self.headers.remove(at))),
            10 => {
                let to = c.below(self.headers.len().max(1));
                if at < self.headers.len() && to < self.headers.len() {
                    self.headers.swap(at, to);
                }
            }
            11 => self.line_end = *c.of(&[&b"\n"[..], b"\r", b"\r\n ", b"\r\r\n", b"\0"]),
            12 => replace_some(c, &mut self.body),
            _ => {
                if let Some((_, value)) = self.headers.iter_mut().find(|(n, _)| n == b"Content-Length") {
                    *value = anomaly(c);
                }
            }
        }
    }

    fn wire(&self) -> Vec<u8> {
        let mut out = self.start.join(&b' ');
        out.extend_from_slice(self.line_end);
        for (name, value) in &self.headers {
            out.extend_from_slice(&[name, &b": "[..], value, self.line_end].concat());
        }
        out.extend_from_slice(self.line_end);
        out.extend_from_slice(&self.body);
        out
    }
}

/// Puts an anomaly in place of all of it, of the piece between two separators, or in between.
fn replace_some(c: &mut Chance, value: &mut Vec<u8>) {
    let strange = anomaly(c);
    let separators: Vec<usize> =
        value.iter().enumerate().filter(|(_, b)| b";,:@=<>/ \"".contains(b)).map(|(i, _)| i).collect();
    match (c.below(4), separators.is_empty()) {
        (0, _) | (_, true) => *value = strange,
        (1, _) => {
            let from = c.below(value.len());
            value.splice(from..from, strange);
        }
        _ => {
            let n = c.below(separators.len());
            let end = separators.get(n + 1).copied().unwrap_or(value.len());
            value.splice(separators[n] + 1..end.max(separators[n] + 1), strange);
        }
    }
}

/// One endpoint and those who send it mutants.
struct Target {
    endpoint: Endpoint,
    now: Time,
    open: Vec<CallId>,
    /// What it sent last.
    asked: Vec<Message>,
}

impl Target {
    fn new(seed: u64) -> Target {
        let local = Local { transport: Transport::Udp, addr: at(0, Transport::Udp).addr };
        let endpoint = Endpoint::new(&[local], "test", seed, Limits { calls: 100, transactions: 400 });
        Target { endpoint, now: Time(0), open: Vec::new(), asked: Vec::new() }
    }

    /// Takes out what is to be sent: how many messages, and the largest.
    fn drain(&mut self, c: &mut Chance) -> (usize, usize) {
        let (mut count, mut largest) = (0, 0);
        loop {
            let mut quiet = true;
            while let Some(t) = self.endpoint.poll_transmit() {
                quiet = false;
                (count, largest) = (count + 1, largest.max(t.bytes.len()));
                let sent = Message::parse(&t.bytes).ok().filter(|m| matches!(m.start(), Start::Request(_)));
                if let Some(request) = sent.filter(|_| self.asked.len() < 16) {
                    self.asked.push(request);
                }
            }
            while let Some(event) = self.endpoint.poll_event() {
                quiet = false;
                self.on_event(c, event);
            }
            if quiet {
                return (count, largest);
            }
        }
    }

    fn on_event(&mut self, c: &mut Chance, event: Event) {
        let now = self.now;
        match event {
            Event::Incoming(i) => {
                self.open.push(i.call);
                match c.below(5) {
                    0 => self.endpoint.accept(now, i.call, b"answer"),
                    1 => self.endpoint.progress(now, i.call, 183, b"early"),
                    2 => self.endpoint.reject(now, i.call, 486, ""),
                    3 => self.endpoint.hang_up(now, i.call, ""),
                    _ => {}
                }
            }
            Event::Request { request, .. } if c.below(2) == 0 => {
                self.endpoint.respond(now, request, 200, "", "", b"");
            }
            Event::Reoffer { call, .. } => self.endpoint.answer_reoffer(now, call, b"answer"),
            Event::Referred { refer, .. } => self.endpoint.reject_refer(now, refer, 603),
            Event::Answered { call, .. } if c.below(2) == 0 => {
                self.endpoint.reoffer(now, call, b"hold");
            }
            _ => {}
        }
    }

    fn receive(&mut self, c: &mut Chance, bytes: &[u8]) {
        // Everything that reads messages reads it.
        if let Ok(m) = Message::parse(bytes) {
            let _ = (sip::caller(&m), sip::claimed(&m), sip::diverted_from(&m), sip::cause_of(&m));
            assert!(m.session_description().len() <= m.body().len());
        }
        let mut splitter = Splitter::new();
        splitter.push(bytes);
        while let Ok(Some(_)) = splitter.next() {}
        let from = at(1, Transport::Udp);
        self.endpoint.handle(self.now, Input::Received { from, bytes });
        let (count, largest) = self.drain(c);
        let lines = bytes.iter().filter(|b| matches!(b, b'\n')).count().min(200);
        let most = bytes.len() + LARGER + lines * LARGER_A_LINE;
        assert!(largest <= most, "an answer of {largest} bytes to {} bytes", bytes.len());
        assert!(count <= 4, "{count} messages for one");
    }

    fn pass(&mut self, c: &mut Chance, us: u64) {
        self.now = Time(self.now.0 + us);
        self.endpoint.handle(self.now, Input::Tick);
        self.drain(c);
    }

    fn end(&mut self, c: &mut Chance) {
        for _ in 0..10_000 {
            for call in std::mem::take(&mut self.open) {
                self.endpoint.hang_up(self.now, call, "");
            }
            self.drain(c);
            let Some(next) = self.endpoint.deadline() else { break };
            let wait = next.0.saturating_sub(self.now.0);
            self.pass(c, wait);
        }
        let left = (self.endpoint.calls(), self.endpoint.transactions(), self.endpoint.deadline());
        assert_eq!(left, (0, 0, None), "something is still held");
    }
}

/// How many mutants began a call, were answered otherwise or dropped: a generator whose mutants are all refused at the
/// door would find nothing behind it.
#[derive(Default)]
struct Reached {
    calls: u64,
    parsed: u64,
    all: u64,
}

fn round(seed: u64, reached: &mut Reached) {
    let mut c = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut target = Target::new(seed);
    for n in 0..EACH {
        if c.below(4) == 0 {
            let out = sip::Outgoing {
                uri: "sip:500@192.0.2.2",
                from: "<sip:100@192.0.2.1>",
                to_header: "<sip:500@192.0.2.2>",
                body: b"offer",
                ..sip::Outgoing::to(at(1, Transport::Udp))
            };
            target.open.push(target.endpoint.invite(target.now, &out));
            target.drain(&mut c);
        }
        let asked = target.asked.pop();
        let mut parts = match asked.filter(|_| c.below(2) == 0) {
            Some(request) => Parts::answer(&mut c, &request),
            None => Parts::request(&mut c, n),
        };
        for _ in 0..1 + c.below(4) {
            parts.mutate(&mut c);
        }
        let mut bytes = parts.wire();
        if c.below(20) == 0 {
            bytes.truncate(c.below(bytes.len()));
        }
        reached.all += 1;
        reached.parsed += u64::from(Message::parse(&bytes).is_ok());
        let before = target.open.len();
        target.receive(&mut c, &bytes);
        reached.calls += u64::from(target.open.len() > before);
        if c.below(3) == 0 {
            let us = *c.of(&[1_000, 500_000, 5_000_000, 40_000_000]);
            target.pass(&mut c, us);
        }
    }
    target.end(&mut c);
}

#[test]
fn no_mutant_breaks_anything_or_leaves_anything_behind() {
    let mut reached = Reached::default();
    for seed in 1..=ROUNDS {
        let survived = catch_unwind(AssertUnwindSafe(|| round(seed, &mut reached)));
        assert!(survived.is_ok(), "seed {seed}; what is wrong stands above");
    }
    let Reached { calls, parsed, all } = reached;
    assert_eq!(all, ROUNDS * EACH as u64);
    assert!(parsed * 2 > all && parsed < all, "{parsed} of {all} mutants were read");
    assert!(calls * 20 > all, "{calls} of {all} mutants began a call");
}
