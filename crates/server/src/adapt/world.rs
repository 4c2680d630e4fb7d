//! A world in virtual time: the production switch, SIP endpoint, engine and media bridge on one side, people on phones on
//! the other, and a network between them that loses, doubles and delays. Days pass in seconds; a failure is a seed.

mod sequences;

use crate::adapt::{
    Chances, MediaCommand, MediaDoor, MediaId, MediaReport, Now, RecordingKey, Reported, Resumed, Switch,
};
use crate::tenant::Meaning;
use crate::tenant::check::check_values;
use crate::tenant::meaning::understand;
use media::bridge::Bridge;
use media::leg::{Leg, LegEvent, LegSeeds};
use media::sdes::OwnKeys;
use serde_json::json;
use sim::{Counts, Network, PhonesInput, PhonesTransmit, Plan, Says, Traffic, Weather};
use sip::{Destination, Endpoint, Input, Limits, Local, Time, Transport};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use store::TenantId;

const PHONES: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 5060);
pub(super) const SWITCH: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), 5060);
pub(super) const TENANT: TenantId = TenantId(1);
/// When the world begins, on the wall.
pub(super) const WALL: u64 = 1_800_000_000_000;

#[derive(Clone)]
struct Datagram {
    from: SocketAddr,
    to: SocketAddr,
    bytes: Vec<u8>,
}

#[derive(Default)]
pub(super) struct Orders {
    next: u64,
    opened: VecDeque<(MediaId, u16)>,
    pub(super) commands: VecDeque<MediaCommand>,
    /// What dice give, one throw after the other: at the end of the list there are none.
    pub(super) dice: VecDeque<Option<OwnKeys>>,
}

/// Ports and commands, to be carried out between two steps.
struct Door(Arc<Mutex<Orders>>);

impl MediaDoor for Door {
    fn open(&mut self, _: engine::CallId) -> Option<(MediaId, SocketAddr)> {
        let mut orders = self.0.lock().unwrap();
        orders.next += 1;
        let (id, port) = (MediaId(orders.next), 10_000 + (orders.next % 20_000) as u16 * 2);
        orders.opened.push_back((id, port));
        Some((id, SocketAddr::new(SWITCH.ip(), port)))
    }

    fn send(&mut self, command: MediaCommand) {
        self.0.lock().unwrap().commands.push_back(command);
    }

    fn keys(&mut self) -> Option<OwnKeys> {
        self.0.lock().unwrap().dice.pop_front().flatten()
    }
}

/// The same day every time: two numbers, a menu before one queue, recording, breaks in service.
fn tenant(agents: u32) -> Meaning {
    let mut all = vec![
        json!({"kind": "Tenant", "id": "world", "profile": "contact-center"}),
        json!({"kind": "Trunk", "id": "phones", "networks": ["192.0.2.0/24"]}),
        json!({"kind": "Prompt", "id": "hello", "tone": {"hz": 600, "length": "1s"}}),
        json!({"kind": "Flow", "id": "sales", "steps": [
            {"say": "hello"}, {"record": true}, {"queue": "sales"}, {"say": "hello"}]}),
        json!({"kind": "Flow", "id": "service", "steps": [
            {"menu": {"prompt": "hello", "keys": {"1": "sales"}, "wait": "1s", "tries": 1}},
            {"queue": {"queue": "service", "overflow": [{"after": "20s", "go": "sales"}]}}],
            "branches": {"sales": [{"queue": "sales"}]}}),
        json!({"kind": "Number", "id": "n500", "number": "500", "flow": "sales"}),
        json!({"kind": "Number", "id": "n501", "number": "501", "flow": "service"}),
    ];
    let names: Vec<String> = (0..agents).map(|n| format!("agent{n}")).collect();
    for name in &names {
        let phone = format!("sip:{name}@{PHONES}");
        all.push(
            json!({"kind": "User", "id": name, "roles": ["agent"], "phone": phone, "at_start": "available"}),
        );
    }
    for queue in ["sales", "service"] {
        all.push(
            json!({"kind": "Queue", "id": queue, "agents": names, "ring_time": "10s", "max_wait": "60s",
            "wrap_up": "2s", "misses_to_suspend": 20}),
        );
    }
    meaning_of(all)
}

pub(super) fn meaning_of(all: Vec<serde_json::Value>) -> Meaning {
    let documents = check_values(all).unwrap_or_else(|all| panic!("{all:?}"));
    let keys: Vec<_> = documents.keys().cloned().collect();
    let number =
        |kind: &str, id: &str| keys.iter().position(|k| k.0 == kind && k.1 == id).map(|n| n as u32 + 1);
    understand(&documents, &number).unwrap()
}

struct World {
    now: u64,
    seed: u64,
    meaning: Meaning,
    switch: Switch,
    orders: Arc<Mutex<Orders>>,
    bridge: Bridge,
    slots: HashMap<MediaId, usize>,
    /// Leg and port by slot.
    legs: BTreeMap<usize, (MediaId, u16)>,
    by_port: HashMap<u16, usize>,
    recordings: HashMap<RecordingKey, usize>,
    network: Network<Datagram>,
    traffic: Traffic,
    records: Vec<engine::CallRecord>,
    reports: VecDeque<MediaReport>,
}

impl World {
    fn new(seed: u64, weather: Weather) -> World {
        let agents = 6;
        let plan = Plan {
            seed,
            sip: PHONES,
            media_ip: PHONES.ip(),
            rtp_ports: 40_000..=40_399,
            to: SWITCH,
            numbers: vec!["500".into(), "501".into()],
            agents: (0..agents).map(|n| format!("agent{n}")).collect(),
            pick_up_ms: None,
            calls_per_minute: 40,
            mean_talk_ms: 9_000,
            max_calls: 40,
            says: Says::Tones,
        };
        let meaning = tenant(agents);
        let now = 5_000_000;
        let orders = Arc::new(Mutex::new(Orders::default()));
        let mut world = World {
            now,
            seed,
            switch: blank_switch(&orders, seed),
            meaning,
            orders,
            bridge: Bridge::new(),
            slots: HashMap::new(),
            legs: BTreeMap::new(),
            by_port: HashMap::new(),
            recordings: HashMap::new(),
            network: Network::new(weather, seed),
            traffic: Traffic::new(Time(now), plan),
            records: Vec::new(),
            reports: VecDeque::new(),
        };
        world.begin(engine::Engine::new(), 1);
        world
    }

    fn clock(&self) -> Now {
        Now { mono: self.now, wall: engine::Time(WALL + self.now / 1_000) }
    }

    fn begin(&mut self, engine: engine::Engine, next_party: u64) {
        let resumed = Resumed {
            id: TENANT,
            engine,
            meaning: self.meaning.clone(),
            passwords: Default::default(),
            next_party,
            parties: HashMap::new(),
            aliases: Default::default(),
            said_no: Default::default(),
            registrations: Vec::new(),
            person: Box::new(|number| number.bytes().fold(7, |a, b| a * 31 + u64::from(b))),
        };
        let now = self.clock();
        self.switch.add_tenant(now, resumed, self.seed);
        self.settle();
    }

    /// The process is killed and started again: what was committed is there, everything else is gone.
    fn restart(&mut self) {
        self.settle();
        let snapshot = self.switch.tenants()[0].engine.snapshot();
        let bytes = postcard::to_allocvec(&snapshot).unwrap();
        let engine = engine::Engine::from_snapshot(postcard::from_bytes(&bytes).unwrap());
        self.orders.lock().unwrap().commands.clear();
        self.bridge = Bridge::new();
        self.by_port.clear();
        self.slots.clear();
        self.legs.clear();
        self.recordings.clear();
        self.reports.clear();
        self.seed += 1_000;
        self.switch = blank_switch(&self.orders, self.seed);
        self.begin(engine, 1_000_000 + self.seed);
    }

    /// Commits, effects, commands, messages, until nothing is left to do at this moment.
    fn settle(&mut self) {
        loop {
            let mut idle = true;
            if let Some((number, batches)) = self.switch.take_batches() {
                self.records.extend(batches.into_iter().flat_map(|(_, b)| b.records));
                self.switch.on_committed(self.clock(), number);
                idle = false;
            }
            idle &= !self.obey();
            while let Some(report) = self.reports.pop_front() {
                self.switch.on_media(self.clock(), report);
                idle = false;
            }
            while let Some(t) = self.switch.poll_transmit() {
                let datagram = Datagram { from: SWITCH, to: t.to.addr, bytes: t.bytes.to_vec() };
                self.network.send(Time(self.now), datagram);
            }
            while let Some(out) = self.traffic.poll_transmit() {
                let datagram = match out {
                    PhonesTransmit::Sip { to, bytes } => Datagram { from: PHONES, to, bytes: bytes.to_vec() },
                    PhonesTransmit::Rtp { port, to, bytes } => {
                        Datagram { from: SocketAddr::new(PHONES.ip(), port), to, bytes: bytes.to_vec() }
                    }
                };
                self.network.send(Time(self.now), datagram);
            }
            if idle {
                return;
            }
        }
    }

    // What the switch told the media side. Whether there was anything.
    fn obey(&mut self) -> bool {
        let (opened, commands) = {
            let mut orders = self.orders.lock().unwrap();
            (std::mem::take(&mut orders.opened), std::mem::take(&mut orders.commands))
        };
        let any = !(opened.is_empty() && commands.is_empty());
        for (id, port) in opened {
            let mut leg = Leg::new(LegSeeds::from_seed(self.seed ^ id.0), "world");
            leg.set_rtp_timeout(Some(30_000_000));
            let slot = self.bridge.add(leg);
            self.slots.insert(id, slot);
            self.legs.insert(slot, (id, port));
            self.by_port.insert(port, slot);
            self.by_port.insert(port + 1, slot);
        }
        for command in commands {
            self.command(command);
        }
        any
    }

    fn command(&mut self, command: MediaCommand) {
        let now = self.now;
        let slot = |leg: &MediaId| self.slots.get(leg).copied();
        match command {
            MediaCommand::Remote { leg, negotiated, learning }
            | MediaCommand::Early { leg, negotiated, learning, .. } => {
                if let Some(leg) = slot(&leg).and_then(|s| self.bridge.leg_mut(s)) {
                    leg.set_remote(now, *negotiated, learning);
                }
            }
            MediaCommand::Play { leg, prompt, repeat } => {
                if let Some(s) = slot(&leg) {
                    self.bridge.play(now, s, prompt, repeat);
                }
            }
            MediaCommand::Silence { leg } => {
                if let Some(s) = slot(&leg) {
                    self.bridge.silence(now, s);
                }
            }
            MediaCommand::Hear { leg, from } => {
                if let Some(s) = slot(&leg) {
                    let from: Vec<usize> = from.iter().filter_map(slot).collect();
                    self.bridge.hear(now, s, &from);
                }
            }
            MediaCommand::Keys { leg, mode } => {
                if let Some(s) = slot(&leg) {
                    self.bridge.set_keys(now, s, mode);
                }
            }
            MediaCommand::KeysOut { leg, way } => {
                if let Some(leg) = slot(&leg).and_then(|s| self.bridge.leg_mut(s)) {
                    leg.set_keys_out(way);
                }
            }
            MediaCommand::FillPauses { leg } => {
                if let Some(leg) = slot(&leg).and_then(|s| self.bridge.leg_mut(s)) {
                    leg.fill_pauses(true);
                }
            }
            MediaCommand::Press { leg, key } => {
                if let (Some(s), Some(digit)) = (slot(&leg), media::dtmf::Digit::from_char(key)) {
                    self.bridge.press(now, s, digit);
                }
            }
            MediaCommand::Give { leg, key } => {
                let leg = slot(&leg).and_then(|s| self.bridge.leg_mut(s));
                if let (Some(leg), Some(digit)) = (leg, media::dtmf::Digit::from_char(key)) {
                    leg.press(now, digit);
                }
            }
            MediaCommand::Record { key, left, right, .. } => {
                let right = right.as_ref().and_then(slot);
                if let Some(r) = slot(&left).and_then(|left| self.bridge.record(now, left, right)) {
                    self.recordings.insert(key, r);
                }
            }
            MediaCommand::StopRecording { key, .. } => {
                if let Some(r) = self.recordings.remove(&key) {
                    assert!(self.bridge.end_recording(now, r).is_some(), "a recording ends with its proof");
                }
            }
            MediaCommand::Close { leg } => {
                if let Some(s) = self.slots.remove(&leg) {
                    let quality = self.bridge.remove(now, s).and_then(|mut leg| leg.measure());
                    self.reports.push_back(MediaReport { leg, what: Reported::Closed(quality) });
                    if let Some((_, port)) = self.legs.remove(&s) {
                        self.by_port.remove(&port);
                        self.by_port.remove(&(port + 1));
                    }
                }
            }
            MediaCommand::Ice { .. }
            | MediaCommand::RecordAlso { .. }
            | MediaCommand::RecordNoLonger { .. }
            | MediaCommand::PauseRecording { .. }
            | MediaCommand::ResumeRecording { .. }
            | MediaCommand::EarlyOver { .. } => {}
        }
    }

    // Everything that media sends or tells by now.
    fn tick(&mut self) {
        let mut out = [0; 2_048];
        for (slot, (id, port)) in self.legs.clone() {
            let Some(leg) = self.bridge.leg_mut(slot) else { continue };
            let mut sent = Vec::new();
            while let Some((len, to)) = leg.tick(self.now, &mut out) {
                sent.push((port, to, out[..len].to_vec()));
            }
            while let Some((len, to)) = leg.rtcp_due(self.now, &mut out, 0) {
                sent.push((port + 1, to, out[..len].to_vec()));
            }
            while let Some(event) = leg.poll_event(self.now) {
                let what = match event {
                    LegEvent::PlayEnded(_) => Reported::PlayEnded,
                    LegEvent::TimedOut => Reported::TimedOut,
                    LegEvent::Key(digit) => Reported::Key(digit.to_char()),
                    LegEvent::Tell(digit) => Reported::Tell(digit.to_char()),
                    LegEvent::RemoteLearned | LegEvent::RemoteBye => continue,
                };
                self.reports.push_back(MediaReport { leg: id, what });
            }
            for (port, to, bytes) in sent {
                let from = SocketAddr::new(SWITCH.ip(), port);
                self.network.send(Time(self.now), Datagram { from, to, bytes });
            }
        }
        for r in self.recordings.values() {
            while self.bridge.recorded(self.now, *r, false).is_some() {}
        }
    }

    fn deliver(&mut self, d: &Datagram) {
        let now = self.now;
        if d.to.ip() == PHONES.ip() {
            let input = match d.to.port() {
                5060 => PhonesInput::Sip { from: d.from, bytes: &d.bytes },
                port => PhonesInput::Rtp { port, from: d.from, bytes: &d.bytes },
            };
            return self.traffic.handle(Time(now), input);
        }
        if d.to == SWITCH {
            let from = Destination { transport: Transport::Udp, addr: d.from, connection: None };
            return self.switch.on_sip(self.clock(), Input::Received { from, bytes: &d.bytes });
        }
        let Some(slot) = self.by_port.get(&d.to.port()).copied() else { return };
        if d.to.port() % 2 == 1 {
            if let Some(leg) = self.bridge.leg_mut(slot) {
                let _ = leg.receive_rtcp(now, d.from, &d.bytes);
            }
            return;
        }
        let mut out = [0; 2_048];
        let mut relayed = Vec::new();
        self.bridge.receive_rtp(now, slot, d.from, &d.bytes, &mut out, |to, bytes, addr| {
            relayed.push((to, bytes.to_vec(), addr));
        });
        for (to, bytes, addr) in relayed {
            if let Some((_, port)) = self.legs.get(&to) {
                let from = SocketAddr::new(SWITCH.ip(), *port);
                self.network.send(Time(now), Datagram { from, to: addr, bytes });
            }
        }
    }

    /// Goes to the next thing that happens. False if that is never.
    fn step(&mut self) -> bool {
        self.settle();
        let media = self.legs.keys().filter_map(|s| self.bridge.leg(*s)?.deadline()).min();
        let switch = self.switch.wait(self.clock()).map(|us| self.now + us);
        let network = self.network.deadline().map(|t| t.0);
        let people = self.traffic.deadline().map(|t| t.0);
        let Some(next) = [media, switch, network, people].into_iter().flatten().min() else { return false };
        self.now = self.now.max(next);
        while let Some(d) = self.network.poll(Time(self.now)) {
            self.deliver(&d);
        }
        self.tick();
        self.traffic.handle(Time(self.now), PhonesInput::Tick);
        if self.switch.wait(self.clock()) == Some(0) {
            self.switch.on_time(self.clock());
        }
        if let Err(broken) = self.switch.tenants()[0].engine.check_all() {
            panic!("seed {}: {broken:?} at {}", self.seed, self.now);
        }
        true
    }

    /// So many seconds of calls with so many restarts, then until the last of them is over.
    fn run(&mut self, seconds: u64, restarts: u64) -> Counts {
        let begin = self.now;
        for n in 1..=restarts {
            let at = begin + seconds * 1_000_000 * n / (restarts + 1);
            while self.now < at && self.step() {}
            self.restart();
        }
        let end = begin + seconds * 1_000_000;
        while self.now < end && self.step() {}
        let give_up = self.now + 900_000_000;
        while !(self.traffic.is_idle() && self.switch.is_idle()) {
            assert!(
                self.now < give_up,
                "it never ends: {:?} {:?}",
                self.traffic.counts(),
                self.traffic.open()
            );
            self.traffic.stop(Time(self.now));
            if !self.step() {
                break;
            }
        }
        self.settle();
        self.traffic.counts()
    }
}

pub(super) fn blank_switch(orders: &Arc<Mutex<Orders>>, seed: u64) -> Switch {
    let locals = [Local { transport: Transport::Udp, addr: SWITCH }];
    let endpoint = Endpoint::new(&locals, "world", seed, Limits::default());
    let chances = Chances { nonces: [7; 32], seed };
    Switch::new(endpoint, Box::new(Door(orders.clone())), &locals, chances)
}

fn foul() -> Weather {
    Weather { lost_in_thousand: 30, doubled_in_thousand: 10, delay_us_min: 2_000, delay_us_max: 45_000 }
}

#[test]
fn in_fair_weather_callers_and_agents_hear_each_other() {
    let mut world = World::new(1, Weather::fair());
    let counts = world.run(90, 0);
    assert!(counts.answered > 10, "{counts:?}");
    assert_eq!(counts.dialled, counts.ended, "{counts:?}");
    assert_eq!(world.records.len() as u64, counts.dialled, "a record for each call");
    assert!(counts.heard > 5 && counts.not_heard == 0, "{counts:?}");
}

#[test]
fn in_foul_weather_with_restarts_every_call_ends_once_and_nobody_is_stuck() {
    for seed in 10..14 {
        let mut world = World::new(seed, foul());
        let counts = world.run(90, 2);
        assert!(counts.answered > 5, "seed {seed}: {counts:?}");
        assert_eq!(counts.dialled, counts.ended, "seed {seed}: {counts:?}");
        let mut ids: Vec<u64> = world.records.iter().map(|r| r.id.0).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "seed {seed}: a call ended twice");
        let engine = &world.switch.tenants()[0].engine;
        assert_eq!(engine.ended_calls(), all as u64, "seed {seed}: each call that began has its record");
        let stuck = engine
            .agents()
            .values()
            .find(|a| a.is_busy() && !matches!(a.state, engine::AgentState::WrapUp { .. }));
        assert!(stuck.is_none(), "seed {seed}: {stuck:?}");
    }
}

#[test]
fn what_was_not_kept_is_bridged_by_a_snapshot_once_calls_are_kept() {
    let orders = Arc::new(Mutex::new(Orders::default()));
    let mut switch = blank_switch(&orders, 3);
    let now = Now { mono: 5_000_000, wall: engine::Time(WALL) };
    let kept = tenant(1);
    let mut passing = kept.clone();
    passing.keeps_calls = false;
    let resumed = Resumed {
        id: TENANT,
        engine: engine::Engine::new(),
        meaning: passing,
        passwords: Default::default(),
        next_party: 1,
        parties: HashMap::new(),
        aliases: Default::default(),
        said_no: Default::default(),
        registrations: Vec::new(),
        person: Box::new(|_| 7),
    };
    switch.add_tenant(now, resumed, 3);
    for _ in 0..3 {
        switch.on_event(now, TENANT, engine::Event::TimePassed);
        assert!(switch.take_batches().is_some_and(|(_, batches)| batches.is_empty()), "nothing is kept");
    }
    switch.configure(now, TENANT, kept, Default::default());
    let (_, mut batches) = switch.take_batches().unwrap();
    let (_, first) = batches.pop().unwrap();
    assert!(first.first_position > 1 && first.begins_anew);
    assert_eq!(first.snapshot.map(|s| s.1.position()), Some(first.last_position));
    switch.on_event(now, TENANT, engine::Event::TimePassed);
    let (_, mut batches) = switch.take_batches().unwrap();
    let (_, second) = batches.pop().unwrap();
    assert!(!second.begins_anew && second.snapshot.is_none(), "once is enough");
}
