//! Two endpoints and what lies between them, on a clock that only this file moves.

use sip::{CallId, Destination, Endpoint, Event, Hangup, Incoming, Input, Limits, Local, Time, Transport};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How the network treats datagrams, in thousandths.
#[derive(Clone, Copy, Default)]
pub struct Weather {
    pub lost: u64,
    pub doubled: u64,
    pub delay_ms: u64,
}

pub struct Side {
    pub endpoint: Endpoint,
    pub addr: Destination,
    pub events: Vec<Event>,
}

pub struct World {
    pub now: Time,
    pub sides: [Side; 2],
    weather: Weather,
    chance: u64,
    sequence: u64,
    flying: BTreeMap<(Time, u64), (usize, Vec<u8>)>,
    /// Everything that was sent: from which side, first line.
    pub trace: Vec<(usize, String)>,
    /// The same, whole.
    pub messages: Vec<(usize, Vec<u8>)>,
    /// Says of each message whether it is let through.
    pub filter: Box<dyn FnMut(usize, &[u8]) -> bool>,
    /// Changes each message on its way.
    pub rewrite: Box<dyn FnMut(usize, &[u8]) -> Vec<u8>>,
}

pub fn at(n: usize, transport: Transport) -> Destination {
    Destination { transport, addr: format!("192.0.2.{}:5060", n + 1).parse().unwrap(), connection: None }
}

impl World {
    pub fn new(transport: Transport, weather: Weather, seed: u64) -> World {
        let side = |n: usize| Side {
            endpoint: Endpoint::new(
                &[Local { transport, addr: at(n, transport).addr }],
                "test",
                seed.wrapping_mul(31).wrapping_add(n as u64),
                Limits::default(),
            ),
            addr: at(n, transport),
            events: Vec::new(),
        };
        World {
            now: Time(0),
            sides: [side(0), side(1)],
            weather,
            chance: seed | 1,
            sequence: 0,
            flying: BTreeMap::new(),
            trace: Vec::new(),
            messages: Vec::new(),
            filter: Box::new(|_, _| true),
            rewrite: Box::new(|_, bytes| bytes.to_vec()),
        }
    }

    pub fn set_weather(&mut self, weather: Weather) {
        self.weather = weather;
    }

    /// The last message that a side sent, by its first word.
    pub fn last_sent(&self, side: usize, start: &str) -> Option<Vec<u8>> {
        let is = |(n, b): &&(usize, Vec<u8>)| *n == side && b.starts_with(start.as_bytes());
        self.messages.iter().rev().find(is).map(|m| m.1.clone())
    }

    fn roll(&mut self) -> u64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        self.chance % 1000
    }

    pub fn drain(&mut self) {
        for n in 0..2 {
            while let Some(t) = self.sides[n].endpoint.poll_transmit() {
                let line = t.bytes.split(|&c| c == b'\r').next().unwrap_or_default();
                self.trace.push((n, String::from_utf8_lossy(line).into_owned()));
                self.messages.push((n, t.bytes.to_vec()));
                if !(self.filter)(n, &t.bytes) || self.roll() < self.weather.lost {
                    continue;
                }
                let bytes = (self.rewrite)(n, &t.bytes);
                let copies = if self.roll() < self.weather.doubled { 2 } else { 1 };
                for _ in 0..copies {
                    let delay = 1 + self.roll() * self.weather.delay_ms / 1000;
                    self.sequence += 1;
                    let at = self.now + Duration::from_millis(delay);
                    self.flying.insert((at, self.sequence), (1 - n, bytes.clone()));
                }
            }
            while let Some(e) = self.sides[n].endpoint.poll_event() {
                self.sides[n].events.push(e);
            }
        }
    }

    /// Goes to the next thing that happens. False when nothing will happen any more, or not before `until`.
    pub fn step(&mut self, until: Time) -> bool {
        self.drain();
        let flying = self.flying.keys().next().map(|k| k.0);
        let timers = [0, 1].map(|n| self.sides[n].endpoint.deadline());
        let next = [flying, timers[0], timers[1]].into_iter().flatten().min();
        let Some(next) = next.filter(|t| *t <= until) else {
            self.now = self.now.max(until);
            return false;
        };
        self.now = self.now.max(next);
        if flying == Some(next) {
            let (_, (to, bytes)) = self.flying.pop_first().unwrap();
            let from = self.sides[1 - to].addr;
            self.sides[to].endpoint.handle(self.now, Input::Received { from, bytes: &bytes });
        } else {
            for n in 0..2 {
                self.sides[n].endpoint.handle(self.now, Input::Tick);
            }
        }
        self.drain();
        true
    }

    pub fn run_for(&mut self, d: Duration) {
        let until = self.now + d;
        while self.step(until) {}
    }

    /// Runs until `side` has an event that `pick` takes, which is removed and given out.
    pub fn wait<T>(&mut self, side: usize, pick: impl Fn(&Event) -> Option<T>) -> T {
        self.wait_for(side, Duration::from_secs(120), pick)
    }

    /// [`World::wait`] for something that may take longer.
    pub fn wait_for<T>(&mut self, side: usize, time: Duration, pick: impl Fn(&Event) -> Option<T>) -> T {
        let until = self.now + time;
        self.drain();
        loop {
            if let Some(i) = self.sides[side].events.iter().position(|e| pick(e).is_some()) {
                let e = self.sides[side].events.remove(i);
                return pick(&e).unwrap();
            }
            assert!(self.step(until), "side {side} waited in vain; sent so far: {:#?}", self.trace);
        }
    }

    pub fn call(&mut self) -> CallId {
        self.call_as(None)
    }

    /// A call of somebody who says who they are when asked.
    pub fn call_as(&mut self, login: Option<&Arc<sip::Login>>) -> CallId {
        let to = self.sides[1].addr;
        let out = sip::Outgoing {
            login,
            uri: "sip:500@192.0.2.2",
            from: "\"Anna\" <sip:100@192.0.2.1>",
            to_header: "<sip:500@192.0.2.2>",
            body: b"offer",
            ..sip::Outgoing::to(to)
        };
        let now = self.now;
        self.sides[0].endpoint.invite(now, &out)
    }

    /// A call from 0 to 1 with another offer, or none, and with header lines.
    pub fn call_with(&mut self, body: &[u8], extra: &str) -> CallId {
        let (to, now) = (self.sides[1].addr, self.now);
        let out = sip::Outgoing {
            uri: "sip:500@192.0.2.2",
            from: "<sip:100@192.0.2.1>",
            to_header: "<sip:500@192.0.2.2>",
            body,
            extra,
            ..sip::Outgoing::to(to)
        };
        self.sides[0].endpoint.invite(now, &out)
    }

    /// A call from 0 to 1 that is up on both sides.
    pub fn up(&mut self) -> (CallId, CallId) {
        let a = self.call();
        let b = self.wait(1, incoming);
        let now = self.now;
        self.sides[1].endpoint.accept(now, b, b"answer");
        self.wait(0, |e| matches!(e, Event::Answered { call, .. } if *call == a).then_some(()));
        self.wait(1, |e| matches!(e, Event::Acknowledged { call, .. } if *call == b).then_some(()));
        (a, b)
    }

    /// After everything ended and all timers ran out, nothing may be left.
    pub fn assert_empty(&mut self) {
        self.run_for(Duration::from_secs(400));
        for s in &self.sides {
            assert_eq!((s.endpoint.calls(), s.endpoint.transactions()), (0, 0));
        }
    }

    pub fn sent(&self, side: usize, start: &str) -> usize {
        self.trace.iter().filter(|(n, l)| *n == side && l.starts_with(start)).count()
    }
}

pub fn ended(e: &Event) -> Option<Hangup> {
    if let Event::Ended { how, .. } = e { Some(*how) } else { None }
}

pub fn refused(e: &Event) -> Option<u16> {
    if let Event::Refused { refused, .. } = e { Some(refused.code) } else { None }
}

pub fn reoffer(e: &Event) -> Option<(CallId, Vec<u8>)> {
    if let Event::Reoffer { call, body } = e { Some((*call, body.clone())) } else { None }
}

pub fn reanswered(e: &Event) -> Option<Vec<u8>> {
    if let Event::Reanswered { body, .. } = e { Some(body.clone()) } else { None }
}

pub fn incoming(e: &Event) -> Option<CallId> {
    match e {
        Event::Incoming(Incoming { call, .. }) => Some(*call),
        _ => None,
    }
}
