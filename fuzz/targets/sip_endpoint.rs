//! Two endpoints and a sequence of operations: people act, messages arrive whole, changed, twice or never.
//!
//! The laws: when everybody has hung up and all timers have run, no call and no transaction is left on either
//! side; each call, each request outside calls and each REFER of ours has ended exactly once; a registrar holds no more
//! than it may.
#![no_main]

use libfuzzer_sys::fuzz_target;
use redact::Secret;
use sip::{
    Ask, AskId, CallId, Credentials, Destination, Endpoint, Event, Input, Limits, Local, Login, Message,
    Method, Name, Nonces, ReferId, Registrar, RequestId, SessionTimer, Time, Transport, Verdict,
};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

const CALLS: usize = 8;
/// Requests outside calls, and REFERs, of one side.
const ASKS: usize = 8;
/// Bindings that a registrar may hold.
const BINDINGS: usize = 4;
const REALM: &str = "fuzz";

/// What one side asks, is asked and knows besides its calls.
struct Desk {
    /// Every request outside calls, and every REFER of ours, with how often it ended.
    asks: BTreeMap<AskId, u32>,
    refers: BTreeMap<ReferId, u32>,
    /// What the other side asked.
    asked: VecDeque<(RequestId, Destination, Box<Message>)>,
    referred: VecDeque<ReferId>,
    registrar: Registrar,
    nonces: Nonces,
    login: Arc<Login>,
}

impl Desk {
    fn new(n: u8) -> Desk {
        let credentials =
            Credentials { user: Secret::new("anna".into()), password: Secret::new("password".into()) };
        Desk {
            asks: BTreeMap::new(),
            refers: BTreeMap::new(),
            asked: VecDeque::new(),
            referred: VecDeque::new(),
            registrar: Registrar::new(BINDINGS),
            nonces: Nonces::new([n; 32]),
            login: Arc::new(Login { credentials, realm: None }),
        }
    }

    fn challenge(&mut self, now: Time, header: &str, stale: bool) -> String {
        let values = self.nonces.challenge(now, REALM, stale);
        values.iter().map(|value| format!("{header}: {value}\r\n")).collect()
    }
}

struct World {
    now: Time,
    sides: [Endpoint; 2],
    flying: VecDeque<(usize, Arc<[u8]>)>,
    past: Vec<(usize, Arc<[u8]>)>,
    /// Every call ever, with how often it ended.
    calls: [BTreeMap<CallId, u32>; 2],
    dialled: [usize; 2],
    desks: [Desk; 2],
}

fn at(n: usize, transport: Transport) -> Destination {
    let addr = ([192, 0, 2, n as u8 + 1], 5060).into();
    Destination { transport, addr, connection: (transport == Transport::Tcp).then_some(n as u64) }
}

impl World {
    fn new() -> World {
        let side = |n: usize| {
            let locals =
                [Transport::Udp, Transport::Tcp].map(|t| Local { transport: t, addr: at(n, t).addr });
            Endpoint::new(&locals, "fuzz", n as u64, Limits { calls: CALLS, transactions: 64 })
        };
        World {
            now: Time(0),
            sides: [side(0), side(1)],
            flying: VecDeque::new(),
            past: Vec::new(),
            calls: Default::default(),
            dialled: [0; 2],
            desks: [Desk::new(0), Desk::new(1)],
        }
    }

    fn drain(&mut self) {
        for n in 0..2 {
            while let Some(t) = self.sides[n].poll_transmit() {
                // What goes elsewhere is lost there.
                let to = (0..2).find(|to| at(*to, Transport::Udp).addr == t.to.addr);
                if let Some(to) = to {
                    self.flying.push_back((to, t.bytes.clone()));
                    if self.past.len() < 64 {
                        self.past.push((to, t.bytes));
                    }
                }
            }
            while let Some(event) = self.sides[n].poll_event() {
                match event {
                    Event::Incoming(i) => {
                        assert!(self.calls[n].insert(i.call, 0).is_none(), "a call begins once");
                    }
                    Event::Cancelled { call, .. }
                    | Event::Refused { call, .. }
                    | Event::Ended { call, .. } => {
                        *self.calls[n].entry(call).or_default() += 1;
                    }
                    Event::Asked { ask, .. } => *self.desks[n].asks.entry(ask).or_default() += 1,
                    Event::ReferProgress { refer, done, .. } => {
                        let ended = self.desks[n].refers.entry(refer).or_default();
                        assert!(*ended == 0, "nothing is heard of a REFER that is done");
                        *ended += u32::from(done);
                    }
                    Event::Referred { refer, .. } => self.desks[n].referred.push_back(refer),
                    Event::Request { request, from, message } => {
                        self.desks[n].asked.push_back((request, from, message));
                    }
                    _ => {}
                }
            }
            assert!(self.sides[n].calls() <= CALLS + self.dialled[n]);
        }
    }

    fn receive(&mut self, to: usize, transport: Transport, bytes: &[u8]) {
        let from = at(1 - to, transport);
        self.sides[to].handle(self.now, Input::Received { from, bytes });
        self.drain();
    }

    fn pass(&mut self, us: u64) {
        self.now = Time(self.now.0 + us);
        for n in 0..2 {
            self.sides[n].handle(self.now, Input::Tick);
        }
        self.drain();
    }

    fn act(&mut self, n: usize, what: u8, which: u8) {
        let open: Vec<CallId> =
            self.calls[n].iter().filter(|(_, ends)| **ends == 0).map(|(c, _)| *c).collect();
        let Some(&call) = open.get(usize::from(which) % open.len().max(1)) else { return };
        let (now, side) = (self.now, &mut self.sides[n]);
        let desk = &mut self.desks[n];
        match what % 20 {
            0 => side.accept(now, call, b"answer"),
            1 => side.progress(now, call, 180, b""),
            2 => side.progress(now, call, 183, b"early"),
            // These end without an event where they end at all.
            k @ (3 | 8 | 9) => {
                let before = side.calls();
                match k {
                    3 => side.reject(now, call, 486, ""),
                    8 => side.reject_with(now, call, 302, "", "Contact: <sip:a@h>;q=0.5, <tel:1>\r\n"),
                    _ => side.challenge(
                        now,
                        call,
                        407,
                        &desk.challenge(now, "Proxy-Authenticate", which & 1 == 1),
                    ),
                }
                if side.calls() < before {
                    self.calls[n].insert(call, 1);
                }
            }
            4 => side.hang_up(now, call, "Reason: Q.850;cause=19\r\n"),
            5 => {
                side.reoffer(now, call, b"hold");
            }
            6 => side.answer_reoffer(now, call, b"held"),
            7 => side.reject_reoffer(now, call, 488),
            10 => {
                side.update(now, call, if which & 1 == 0 { b"" } else { b"hold" });
            }
            11 => {
                side.inform(now, call, "application/dtmf-relay", b"Signal=5\r\n");
            }
            12 => side.set_session_timer_of(call, SessionTimer { expires: 90 + u32::from(which), min: 90 }),
            13 => side.set_login(call, &desk.login),
            14 => {
                if desk.refers.len() < ASKS {
                    let target = [
                        "sip:600@192.0.2.9",
                        "tel:+15550100",
                        "sip:600@h?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2",
                    ];
                    let refer =
                        side.refer(now, call, target[usize::from(which) % 3], "Referred-By: <sip:a@h>\r\n");
                    desk.refers.extend(refer.map(|refer| (refer, 0)));
                }
            }
            k => {
                let Some(refer) = desk.referred.get(usize::from(which) % desk.referred.len().max(1)) else {
                    return;
                };
                match k {
                    15 => side.accept_refer(now, *refer),
                    16 => side.reject_refer(now, *refer, 603),
                    _ => {
                        let code = [100, 180, 200, 486][usize::from(which >> 2 & 3)];
                        side.notify_refer(now, *refer, code, k == 17);
                    }
                }
            }
        }
        self.drain();
    }

    /// A request outside calls; or the answer to one of the other side's, by digest and registrar.
    fn ask_or_answer(&mut self, n: usize, transport: Transport, which: u8) {
        let (now, side, desk) = (self.now, &mut self.sides[n], &mut self.desks[n]);
        if which & 1 == 0 {
            if desk.asks.len() < ASKS {
                let method = [Method::Register, Method::Options, Method::Register, Method::Message]
                    [usize::from(which >> 1 & 3)];
                let cseq = Some(1 + u32::from(which >> 3 & 3));
                let extra = [
                    "Contact: <sip:a@192.0.2.9>\r\n",
                    "Contact: *\r\nExpires: 0\r\n",
                    "",
                    "Contact: <sip:b@h>;expires=60\r\n",
                ];
                let ask = Ask {
                    method,
                    uri: "sip:192.0.2.2",
                    extra: extra[usize::from(which >> 5 & 3)],
                    call_id: (which & 128 == 0).then_some("the-same"),
                    cseq,
                    login: (which & 4 == 0).then_some(&desk.login),
                    ..Ask::to(at(1 - n, transport))
                };
                let id = side.ask(now, &ask);
                desk.asks.entry(id).or_default();
            }
        } else if let Some((request, from, m)) = desk.asked.pop_front() {
            let authorization = m.headers().find(|h| h.name_text.eq_ignore_ascii_case(b"Authorization"));
            let password = |user: &str| (user == "anna").then(|| Secret::new("password".into()));
            let verdict = authorization.map_or(Verdict::Missing, |h| {
                desk.nonces.check(now, REALM, h.value, m.method_text(), m.target(), password)
            });
            let aor = m.value(Name::To).map_or(0, |to| to.len() as u64 % 3);
            let (code, lines) = match verdict {
                Verdict::Good(_) => {
                    let reply = desk.registrar.register(now, aor, &m, from);
                    (reply.code, String::from_utf8_lossy(&reply.lines).into_owned())
                }
                Verdict::Bad(_) => (403, String::new()),
                stale => (401, desk.challenge(now, "WWW-Authenticate", matches!(stale, Verdict::Stale))),
            };
            assert!(desk.registrar.len() <= BINDINGS);
            side.respond(now, request, code, "", &lines, b"");
        }
        self.drain();
    }

    fn dial(&mut self, n: usize, transport: Transport) {
        if self.dialled[n] >= CALLS {
            return;
        }
        self.dialled[n] += 1;
        let login = self.desks[n].login.clone();
        let out = sip::Outgoing {
            uri: "sip:500@192.0.2.2",
            from: "\"Anna\" <sip:100@192.0.2.1>",
            to_header: "<sip:500@192.0.2.2>",
            body: b"offer",
            login: (self.dialled[n] % 2 == 0).then_some(&login),
            session_timer: (self.dialled[n] % 3 == 0).then_some(SessionTimer { expires: 90, min: 90 }),
            ..sip::Outgoing::to(at(1 - n, transport))
        };
        let call = self.sides[n].invite(self.now, &out);
        self.calls[n].insert(call, 0);
        self.drain();
    }

    fn end(&mut self) {
        for n in 0..2 {
            let open: Vec<CallId> =
                self.calls[n].iter().filter(|(_, ends)| **ends == 0).map(|(c, _)| *c).collect();
            for call in open {
                self.sides[n].hang_up(self.now, call, "");
                self.drain();
            }
        }
        for _ in 0..20_000 {
            if let Some((to, bytes)) = self.flying.pop_front() {
                self.receive(to, Transport::Udp, &bytes);
                continue;
            }
            let deadline = [self.sides[0].deadline(), self.sides[1].deadline()].into_iter().flatten().min();
            let Some(next) = deadline else { break };
            // A call that a late message began is nobody's: it ends when it rang for long enough.
            self.now = self.now.max(next);
            self.pass(0);
            let up: Vec<(usize, CallId)> = (0..2)
                .flat_map(|n| self.calls[n].iter().filter(|c| *c.1 == 0).map(move |c| (n, *c.0)))
                .collect();
            for (n, call) in up {
                self.sides[n].hang_up(self.now, call, "");
                self.drain();
            }
        }
        for n in 0..2 {
            let side = &self.sides[n];
            assert_eq!((side.calls(), side.transactions()), (0, 0), "side {n} still holds something");
            assert!(self.calls[n].values().all(|ends| *ends == 1), "side {n}: {:?}", self.calls[n].values());
            let Desk { asks, refers, .. } = &self.desks[n];
            assert!(asks.values().all(|ends| *ends == 1), "side {n}: {asks:?}");
            assert!(refers.values().all(|ends| *ends == 1), "side {n}: {refers:?}");
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let mut w = World::new();
    let mut rest = data;
    while let [op, x, y, more @ ..] = rest {
        rest = more;
        let (n, transport) = (usize::from(x & 1), if x & 2 == 0 { Transport::Udp } else { Transport::Tcp });
        match op % 16 {
            0 | 1 => w.dial(n, transport),
            2..=5 => {
                if let Some((to, bytes)) = w.flying.pop_front() {
                    w.receive(to, transport, &bytes);
                }
            }
            6 => drop(w.flying.pop_front()),
            7 => {
                // Changed on the way: one byte, or cut short.
                if let Some((to, bytes)) = w.flying.pop_front() {
                    let mut bytes = bytes.to_vec();
                    let place = (usize::from(*x) << 8 | usize::from(*y)) % bytes.len().max(1);
                    match more.first() {
                        Some(0) => bytes.truncate(place),
                        Some(with) => bytes[place] = *with,
                        None => {}
                    }
                    w.receive(to, Transport::Udp, &bytes);
                }
            }
            8 => {
                // Something from the past once more.
                if let Some((to, bytes)) = w.past.get(usize::from(*y) % w.past.len().max(1)).cloned() {
                    w.receive(to, transport, &bytes);
                }
            }
            9 => {
                // The head of one message and the tail of another, cut at a line.
                let len = w.past.len().max(1);
                let (a, b) =
                    (w.past.get(usize::from(*x) % len).cloned(), w.past.get(usize::from(*y) % len).cloned());
                if let (Some((to, a)), Some((_, b))) = (a, b) {
                    let line = usize::from(more.first().copied().unwrap_or(1) % 8);
                    let cut = |m: &[u8]| {
                        m.iter()
                            .enumerate()
                            .filter(|(_, c)| **c == b'\n')
                            .nth(line)
                            .map_or(m.len(), |(i, _)| i + 1)
                    };
                    let bytes = [&a[..cut(&a)], &b[cut(&b)..]].concat();
                    w.receive(to, Transport::Udp, &bytes);
                }
            }
            10 => w.pass(u64::from(*y) * 4_000),
            11 => w.pass(u64::from(*y) * 400_000),
            12 => {
                w.sides[n].handle(w.now, Input::Unreachable { to: at(1 - n, transport) });
                w.drain();
            }
            13 => {
                let len = (usize::from(*y) * 8).min(more.len());
                w.receive(n, transport, &more[..len]);
                rest = &more[len..];
            }
            14 => w.act(n, x >> 2, *y),
            _ => w.ask_or_answer(n, transport, *y),
        }
    }
    w.end();
});
