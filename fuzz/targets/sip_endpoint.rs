//! Two endpoints and a sequence of operations: people act, messages arrive whole, changed, twice or never.
//!
//! The law: when everybody has hung up and all timers have run, no call and no transaction is left on either
//! side, and each call has ended exactly once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip::{CallId, Destination, Endpoint, Event, Input, Limits, Local, Time, Transport};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

const CALLS: usize = 8;

struct World {
    now: Time,
    sides: [Endpoint; 2],
    flying: VecDeque<(usize, Arc<[u8]>)>,
    past: Vec<(usize, Arc<[u8]>)>,
    /// Every call ever, with how often it ended.
    calls: [BTreeMap<CallId, u32>; 2],
    dialled: [usize; 2],
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
                    Event::Cancelled { call, .. } | Event::Refused { call, .. } | Event::Ended { call, .. } => {
                        *self.calls[n].entry(call).or_default() += 1;
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
        match what % 8 {
            0 => side.accept(now, call, b"answer"),
            1 => side.progress(now, call, 180, b""),
            2 => side.progress(now, call, 183, b"early"),
            3 => {
                // Ends without an event where it ends at all.
                let before = side.calls();
                side.reject(now, call, 486, "");
                if side.calls() < before {
                    self.calls[n].insert(call, 1);
                }
            }
            4 => side.hang_up(now, call, ""),
            5 => drop(side.reoffer(now, call, b"hold")),
            6 => side.answer_reoffer(now, call, b"held"),
            _ => side.reject_reoffer(now, call, 488),
        }
        self.drain();
    }

    fn dial(&mut self, n: usize, transport: Transport) {
        if self.dialled[n] >= CALLS {
            return;
        }
        self.dialled[n] += 1;
        let out = sip::Outgoing {
            uri: "sip:500@192.0.2.2",
            from: "\"Anna\" <sip:100@192.0.2.1>",
            to_header: "<sip:500@192.0.2.2>",
            body: b"offer",
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
            _ => w.act(n, x >> 2, *y),
        }
    }
    w.end();
});
