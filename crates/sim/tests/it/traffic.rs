//! People on phones against a switch that is no more than a house of phones: it answers each call, calls an
//! agent who is free, and hangs up the one when the other leaves. It plays each side what the other side
//! would send.

use crate::switchboard::{Datagram, SIP, house};
use sim::{
    AGENT_HZ, Audio, CALLER_HZ, Counts, Network, PhoneEvent, PhoneId, Phones, PhonesInput, PhonesTransmit,
};
use sim::{Plan, Says, Traffic, Weather};
use sip::Time;
use std::collections::BTreeMap;
use std::net::SocketAddr;

struct Switch {
    phones: Phones,
    next_port: u16,
    agents: u32,
    busy: BTreeMap<u32, PhoneId>,
    waiting: Vec<(PhoneId, String)>,
    // From each leg of a conversation to the other.
    pairs: BTreeMap<PhoneId, PhoneId>,
}

impl Switch {
    fn port(&mut self) -> u16 {
        self.next_port = if self.next_port > 60_000 { 20_000 } else { self.next_port + 2 };
        self.next_port
    }

    fn act(&mut self, now: Time) {
        while let Some(event) = self.phones.poll_event() {
            match event {
                PhoneEvent::Rings { phone, .. } => {
                    let number = self.phones.caller(phone).unwrap_or_default().to_owned();
                    let port = self.port();
                    self.phones.answer(now, phone, Audio::Tone(AGENT_HZ), port);
                    self.waiting.push((phone, number));
                }
                PhoneEvent::Refused { phone, .. }
                | PhoneEvent::Ended { phone, .. }
                | PhoneEvent::GaveUp { phone } => {
                    self.waiting.retain(|(p, _)| *p != phone);
                    self.busy.retain(|_, p| *p != phone);
                    if let Some(other) = self.pairs.remove(&phone) {
                        self.pairs.remove(&other);
                        self.phones.hang_up(now, other);
                    }
                }
                _ => {}
            }
        }
        while let Some(agent) = (0..self.agents).find(|a| !self.busy.contains_key(a)) {
            let Some((caller, number)) = self.waiting.pop() else { break };
            let port = self.port();
            let to = house(0);
            let user = format!("agent{agent}");
            let leg = self.phones.dial(now, &number, "", to, &user, Audio::Tone(CALLER_HZ), port);
            self.busy.insert(agent, leg);
            self.pairs.insert(leg, caller);
            self.pairs.insert(caller, leg);
        }
    }
}

fn plan(seed: u64) -> Plan {
    Plan {
        seed,
        sip: house(0),
        media_ip: house(0).ip(),
        rtp_ports: 40_000..=40_199,
        to: house(1),
        numbers: vec!["500".into(), "501".into()],
        agents: (0..8).map(|n| format!("agent{n}")).collect(),
        pick_up_ms: None,
        calls_per_minute: 40,
        mean_talk_ms: 10_000,
        max_calls: 30,
        says: Says::Tones,
    }
}

fn run(plan: Plan, weather: Weather, ms: u64) -> Counts {
    let mut now = Time(5_000_000);
    let agents = plan.agents.len() as u32;
    let mut switch = Switch {
        phones: Phones::new(house(1), house(1).ip(), plan.seed + 1),
        next_port: 20_000,
        agents,
        busy: BTreeMap::new(),
        waiting: Vec::new(),
        pairs: BTreeMap::new(),
    };
    let mut network: Network<Datagram> = Network::new(weather, plan.seed);
    let (seed, max_calls) = (plan.seed, plan.max_calls);
    let mut traffic = Traffic::new(now, plan);
    let (end, give_up) = (Time(now.0 + ms * 1_000), Time(now.0 + ms * 1_000 + 3_600_000_000));
    loop {
        let mut send = |from: SocketAddr, out: PhonesTransmit<'_>| {
            let (from, to, bytes) = match out {
                PhonesTransmit::Sip { to, bytes } => (from, to, bytes.to_vec()),
                PhonesTransmit::Rtp { port, to, bytes } => {
                    (SocketAddr::new(from.ip(), port), to, bytes.to_vec())
                }
            };
            network.send(now, Datagram { from, to, bytes });
        };
        while let Some(out) = traffic.poll_transmit() {
            send(house(0), out);
        }
        while let Some(out) = switch.phones.poll_transmit() {
            send(house(1), out);
        }
        assert!(traffic.open().0 <= max_calls);
        let next =
            [network.deadline(), traffic.deadline(), switch.phones.deadline()].into_iter().flatten().min();
        let Some(next) = next else { break };
        now = now.max(next);
        assert!(now < give_up, "it never ends: {:?} {:?}", traffic.counts(), traffic.open());
        while let Some(d) = network.poll(now) {
            let input = match d.to.port() {
                SIP => PhonesInput::Sip { from: d.from, bytes: &d.bytes },
                port => PhonesInput::Rtp { port, from: d.from, bytes: &d.bytes },
            };
            if d.to.ip() == house(0).ip() {
                traffic.handle(now, input);
            } else {
                switch.phones.handle(now, input);
            }
        }
        traffic.handle(now, PhonesInput::Tick);
        switch.phones.handle(now, PhonesInput::Tick);
        switch.act(now);
        if now >= end {
            traffic.stop(now);
        }
    }
    let (near, far) = (traffic.phones(), &switch.phones);
    let left = [near, far].map(|p| (p.len(), p.held()));
    assert!(traffic.is_settled() && far.is_settled(), "seed {}: {left:?}", seed);
    traffic.counts()
}

#[test]
fn people_call_wait_talk_hear_each_other_and_leave() {
    let counts = run(plan(1), Weather::fair(), 600_000);
    assert!(counts.dialled > 330 && counts.connected == counts.dialled, "{counts:?}");
    assert_eq!(counts.dialled, counts.ended, "{counts:?}");
    assert!(counts.answered > counts.dialled / 4 && counts.gave_up > 0 && counts.held > 0, "{counts:?}");
    assert!(counts.heard > 50 && counts.not_heard == 0, "{counts:?}");
    assert_eq!((counts.refused, counts.unknown, counts.rung_while_busy), (0, 0, 0), "{counts:?}");
}

#[test]
fn the_same_seed_makes_the_same_traffic() {
    assert_eq!(run(plan(7), Weather::fair(), 120_000), run(plan(7), Weather::fair(), 120_000));
    assert_ne!(run(plan(7), Weather::fair(), 120_000), run(plan(8), Weather::fair(), 120_000));
}

#[test]
fn the_house_is_never_overfull() {
    let crowd = Plan { calls_per_minute: 600, max_calls: 10, ..plan(3) };
    let counts = run(crowd, Weather::fair(), 60_000);
    assert!(counts.stayed_home > 100 && counts.dialled == counts.ended, "{counts:?}");
    let few_ports = Plan { calls_per_minute: 600, rtp_ports: 40_000..=40_011, ..plan(3) };
    let counts = run(few_ports, Weather::fair(), 60_000);
    assert!(counts.stayed_home > 100 && counts.dialled == counts.ended, "{counts:?}");
}

#[test]
fn in_foul_weather_everybody_still_leaves_in_the_end() {
    for seed in 1..=5 {
        let weather = Weather {
            lost_in_thousand: 80,
            doubled_in_thousand: 50,
            delay_us_min: 2_000,
            delay_us_max: 80_000,
        };
        let counts = run(plan(seed), weather, 180_000);
        assert!(counts.dialled > 80 && counts.dialled == counts.ended, "seed {seed}: {counts:?}");
        assert!(counts.heard > 10, "seed {seed}: {counts:?}");
    }
}
