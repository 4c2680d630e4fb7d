//! Direct Routing in virtual time: the production switch on one side, `sim`'s Teams on the other, and connections between them
//! that come and go. What takes hours passes in a second. Audio stays out of it.

use crate::adapt::world::{WALL, meaning_of};
use crate::adapt::{Chances, MediaCommand, MediaDoor, MediaId, Now, Resumed, Switch};
use media::sdes::{OwnKeys, SEED_LEN};
use serde_json::{Value, json};
use sim::teams_proxy::{
    TeamsCall, TeamsEvent, TeamsInput, TeamsOutput, TeamsProxy, TeamsSettings, TeamsTenant,
};
use sip::locate::{Answer, Kind, Record};
use sip::{Destination, Endpoint, Input, Limits, Local, Time, Transport};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use store::TenantId;

const HOSTS: [&str; 3] = ["sip.pstnhub.test", "sip2.pstnhub.test", "sip3.pstnhub.test"];
const FQDN: &str = "sbc1.contoso.test";
const CARRIER: &str = "contoso.test";
const ANNA: &str = "+4942155512";
const UDO: &str = "+4942155599";
const SERVICE: &str = "+49421555100";
const SECOND: u64 = 1_000_000;

fn host_at(n: usize) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 11 + n as u8], 5061))
}

fn hosts() -> Vec<Value> {
    let host = |(n, name): (usize, &&str)| json!({"name": name, "address": host_at(n).to_string()});
    HOSTS.iter().enumerate().map(host).collect()
}

/// Ports that carry nothing.
struct Door(u64);

impl MediaDoor for Door {
    fn open(&mut self, _: engine::CallId) -> Option<(MediaId, SocketAddr)> {
        self.0 += 1;
        Some((MediaId(self.0), SocketAddr::from(([192, 0, 2, 1], 10_000 + self.0 as u16 * 2))))
    }

    fn send(&mut self, _: MediaCommand) {}

    fn keys(&mut self) -> Option<OwnKeys> {
        OwnKeys::from_random(&[self.0 as u8; SEED_LEN])
    }
}

struct World {
    now: u64,
    switch: Switch,
    proxy: TeamsProxy,
    events: Vec<TeamsEvent>,
    /// Connections that the switch opened, by host; and those that a machine opened.
    ours: HashMap<SocketAddr, u64>,
    theirs: BTreeMap<u64, (usize, String)>,
    next: u64,
    ports: u16,
    /// What the DNS says of names.
    dns: BTreeMap<&'static str, SocketAddr>,
    /// Requests that machines got.
    asked: Vec<(usize, String)>,
}

impl World {
    fn new(trunk: Value) -> World {
        World::with(trunk, Vec::new())
    }

    /// With further trunks.
    fn with(trunk: Value, more: Vec<Value>) -> World {
        let mut teams = json!({"kind": "Trunk", "id": "teams", "networks": ["192.0.2.0/24"],
            "tls_names": ["*.pstnhub.test"], "teams": {"fqdn": FQDN, "hosts": hosts()}});
        teams.as_object_mut().unwrap().extend(trunk.as_object().unwrap().clone());
        let mut all = vec![
            json!({"kind": "Tenant", "id": "world", "profile": "contact-center", "country": "DE"}),
            teams,
            json!({"kind": "Flow", "id": "service", "steps": [{"queue": "service"}]}),
            json!({"kind": "Number", "id": "service", "number": SERVICE, "flow": "service"}),
            json!({"kind": "Queue", "id": "service", "agents": ["anna"], "ring_time": "20s", "wrap_up": "2s",
                "misses_to_suspend": 20}),
            json!({"kind": "User", "id": "anna", "roles": ["agent"], "teams_number": ANNA, "at_start": "available"}),
        ];
        all.extend(more);
        let meaning = meaning_of(all);
        let addr = SocketAddr::from(([192, 0, 2, 1], 5061));
        let locals = [Local { transport: Transport::Tls, addr }];
        let endpoint = Endpoint::new(&locals, "world", 7, Limits::default());
        let chances = Chances { nonces: [7; 32], seed: 7 };
        let proxy = TeamsProxy::new(TeamsSettings {
            hosts: HOSTS.iter().map(|h| (*h).into()).collect(),
            tenants: vec![TeamsTenant {
                domain: "contoso.test".into(),
                numbers: vec![ANNA.into(), UDO.into()],
            }],
            media_ip: [192, 0, 2, 20].into(),
            seed: 7,
        });
        let mut world = World {
            now: 5 * SECOND,
            switch: Switch::new(endpoint, Box::new(Door(0)), &locals, chances),
            proxy,
            events: Vec::new(),
            ours: HashMap::new(),
            theirs: BTreeMap::new(),
            next: 1,
            ports: 40_000,
            dns: BTreeMap::new(),
            asked: Vec::new(),
        };
        let resumed = Resumed {
            id: TenantId(1),
            engine: engine::Engine::new(),
            meaning,
            passwords: Default::default(),
            next_party: 1,
            parties: HashMap::new(),
            registrations: Vec::new(),
            aliases: Default::default(),
            said_no: Default::default(),
            person: Box::new(|number| number.bytes().fold(7, |a, b| a * 31 + u64::from(b))),
        };
        world.switch.add_tenant(world.clock(), resumed, 7);
        world.run(2);
        world
    }

    fn clock(&self) -> Now {
        Now { mono: self.now, wall: engine::Time(WALL + self.now / 1_000) }
    }

    fn audio(&mut self) -> SocketAddr {
        self.ports += 2;
        SocketAddr::from(([192, 0, 2, 20], self.ports))
    }

    fn opened(&mut self, host: usize, by_proxy: bool) -> u64 {
        let connection = self.next;
        self.next += 1;
        let names = vec![FQDN.to_string(), CARRIER.to_string()];
        let input = TeamsInput::Opened { connection, host, ours: by_proxy, names };
        self.proxy.handle(Time(self.now), input);
        self.switch.on_proven(connection, vec!["*.pstnhub.test".into()]);
        connection
    }

    /// All connections are gone.
    fn disconnect(&mut self) {
        let all: Vec<u64> =
            self.ours.drain().map(|(_, id)| id).chain(std::mem::take(&mut self.theirs).into_keys()).collect();
        for connection in all {
            self.proxy.handle(Time(self.now), TeamsInput::Closed { connection });
            self.switch.on_gone(connection);
        }
    }

    /// Everything that is to be said at this moment.
    fn settle(&mut self) {
        loop {
            let mut idle = true;
            if let Some((number, _)) = self.switch.take_batches() {
                self.switch.on_committed(self.clock(), number);
                idle = false;
            }
            while let Some(question) = self.switch.poll_question() {
                let addr = self.dns.get(question.name.as_str()).filter(|_| question.kind == Kind::A);
                let found =
                    |addr: &SocketAddr| Answer::Found { records: vec![Record::Address(addr.ip())], ttl: 60 };
                let answer = addr.map_or(Answer::Nothing { ttl: 60 }, found);
                self.switch.on_name(self.clock(), &question, answer);
            }
            while let Some(addr) = self.switch.poll_retired() {
                self.ours.remove(&addr);
            }
            while let Some(t) = self.switch.poll_transmit() {
                idle = false;
                self.carry(t.to, &t.bytes);
            }
            while let Some(output) = self.proxy.poll_output() {
                idle = false;
                self.take(output);
            }
            while let Some(event) = self.proxy.poll_event() {
                self.events.push(event);
            }
            if idle {
                return;
            }
        }
    }

    fn carry(&mut self, to: Destination, bytes: &[u8]) {
        assert_eq!(to.transport, Transport::Tls, "Teams is spoken to by TLS alone");
        let is_answer = bytes.starts_with(b"SIP/2.0 ");
        let theirs = to.connection.filter(|id| is_answer && self.theirs.contains_key(id));
        let connection = match theirs {
            Some(id) => id,
            None => {
                let behind = to.connection.and_then(|id| self.switch.far_end_behind(id)).unwrap_or(to);
                let Some(host) = (0..HOSTS.len()).find(|n| host_at(*n) == behind.addr) else {
                    panic!("nobody is at {}", behind.addr);
                };
                match self.ours.get(&behind.addr) {
                    Some(id) => *id,
                    None => {
                        let id = self.opened(host, false);
                        self.ours.insert(behind.addr, id);
                        id
                    }
                }
            }
        };
        if let (false, Some(host)) = (is_answer, (0..HOSTS.len()).find(|n| host_at(*n) == to.addr)) {
            let text = String::from_utf8_lossy(bytes);
            self.asked.push((host, text.split(' ').next().unwrap_or_default().to_string()));
        }
        self.proxy.handle(Time(self.now), TeamsInput::Received { connection, bytes });
    }

    fn take(&mut self, output: TeamsOutput) {
        let (connection, addr, bytes) = match output {
            TeamsOutput::Rtp { .. } => return,
            TeamsOutput::Answer { connection, bytes } => {
                let ours = self.ours.iter().find(|(_, id)| **id == connection);
                let Some((addr, _)) = ours else { return };
                (connection, *addr, bytes)
            }
            TeamsOutput::Request { host, to, fresh, bytes } => {
                let same = |(_, t): &(&u64, &(usize, String))| **t == (host, to.clone());
                let known = self.theirs.iter().filter(|_| !fresh).find(same).map(|(id, _)| *id);
                let connection = known.unwrap_or_else(|| {
                    let id = self.opened(host, true);
                    self.theirs.insert(id, (host, to.clone()));
                    id
                });
                (connection, SocketAddr::new(host_at(host).ip(), 30_000 + connection as u16), bytes)
            }
        };
        let from = Destination { transport: Transport::Tls, addr, connection: Some(connection) };
        self.switch.on_sip(self.clock(), Input::Received { from, bytes: &bytes });
    }

    fn run(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.settle();
            self.now += SECOND;
            self.proxy.handle(Time(self.now), TeamsInput::Tick);
            self.switch.on_time(self.clock());
        }
        self.settle();
        let broken: Vec<_> = self.events.iter().filter(|e| matches!(e, TeamsEvent::Broken { .. })).collect();
        assert!(broken.is_empty(), "{broken:?}\n{}", self.proxy.messages().collect::<Vec<_>>().join("\n"));
        if let Err(broken) = self.switch.tenants()[0].engine.check_all() {
            panic!("{broken:?} at {}", self.now);
        }
    }

    fn offered(&self) -> Vec<(TeamsCall, usize)> {
        let one = |e: &TeamsEvent| match e {
            TeamsEvent::Offered { call, host, .. } => Some((*call, *host)),
            _ => None,
        };
        self.events.iter().filter_map(one).collect()
    }

    fn count(&self, wanted: &TeamsEvent) -> usize {
        self.events.iter().filter(|e| *e == wanted).count()
    }

    /// A user calls the queue, and the agent answers.
    fn talk(&mut self) -> (TeamsCall, TeamsCall) {
        let (theirs, ours) = (self.audio(), self.audio());
        let caller = self.proxy.call(Time(self.now), (0, FQDN), (UDO, "Udo"), SERVICE, (theirs, 440));
        self.run(1);
        let (agent, _) = *self.offered().last().unwrap();
        self.proxy.answer(Time(self.now), agent, ours, 1000);
        self.run(1);
        for call in [caller, agent] {
            assert_eq!(self.count(&TeamsEvent::Up { call }), 1);
        }
        (caller, agent)
    }
}

#[test]
fn a_request_in_a_call_goes_where_its_name_leads_at_that_moment_and_on_when_nobody_is_there() {
    const NAME: &str = "sip-du-a-eu.pstnhub.test";
    let byes = |world: &World| -> Vec<usize> {
        world.asked.iter().filter(|(_, method)| method == "BYE").map(|(host, _)| *host).collect()
    };
    let mut world = World::new(json!({}));
    world.dns.insert(NAME, host_at(2));
    let (caller, agent) = world.talk();
    world.proxy.hang_up(Time(world.now), caller);
    world.run(2);
    assert_eq!((byes(&world), world.count(&TeamsEvent::Over { call: agent })), (vec![2], 1));
    world.run(3);
    // The name leads elsewhere while a call is up.
    let (caller, agent) = world.talk();
    world.dns.insert(NAME, host_at(1));
    world.run(90);
    world.proxy.hang_up(Time(world.now), caller);
    world.run(2);
    assert_eq!((byes(&world), world.count(&TeamsEvent::Over { call: agent })), (vec![2, 1], 1));
    world.run(3);
    // Nobody is there: the hosts of the trunk are asked, the first of all first.
    let (caller, agent) = world.talk();
    world.proxy.set_silent(1, true);
    world.proxy.hang_up(Time(world.now), caller);
    world.run(8);
    assert_eq!((byes(&world), world.count(&TeamsEvent::Over { call: agent })), (vec![2, 1, 1], 0));
    world.run(4);
    assert_eq!((byes(&world), world.count(&TeamsEvent::Over { call: agent })), (vec![2, 1, 1, 0], 1));
}

#[test]
fn a_call_of_three_hours_is_watched_over_and_outlives_its_connections() {
    let mut world = World::new(json!({"session_timer": "10m"}));
    let (caller, agent) = world.talk();
    for _ in 0..3 {
        world.run(3_000);
        world.disconnect();
        world.run(600);
    }
    // Every five minutes: who called says so. Towards the agent that is us, by an INVITE that changes nothing.
    let (ours, theirs) = (
        world.count(&TeamsEvent::Refreshed { call: agent }),
        world.count(&TeamsEvent::Changed { call: caller }),
    );
    assert!((34..=38).contains(&ours) && (34..=38).contains(&theirs), "{ours} {theirs}");
    assert_eq!(world.proxy.len(), 2, "both are there");
    world.proxy.hang_up(Time(world.now), caller);
    world.run(2);
    assert_eq!(
        (world.count(&TeamsEvent::Over { call: caller }), world.count(&TeamsEvent::Over { call: agent })),
        (1, 1)
    );
    assert!(world.switch.is_idle());
}

#[test]
fn teams_is_gone_without_a_word_and_the_call_ends() {
    let mut world = World::new(json!({"session_timer": "10m"}));
    world.talk();
    (0..3).for_each(|host| world.proxy.set_silent(host, true));
    world.run(200);
    assert!(!world.switch.is_idle(), "not before anybody should have been heard");
    // Our refresh gets no answer; before Teams itself gives up.
    world.run(380);
    assert!(world.switch.is_idle(), "nobody talks for ever");
}

#[test]
fn hosts_are_tried_in_order_and_a_persons_word_is_the_last() {
    let mut world = World::new(json!({"failover_time": "3s"}));
    world.proxy.set_refusing(0, 503, "RETRY-AFTER: 1\r\n");
    world.proxy.set_silent(1, true);
    let audio = world.audio();
    let caller = world.proxy.call(Time(world.now), (2, FQDN), (UDO, "Udo"), SERVICE, (audio, 440));
    let before = world.ours.get(&host_at(0)).copied();
    world.run(6);
    let [(call, 2)] = world.offered()[..] else { panic!("{:?}", world.events) };
    world.run(60);
    assert_ne!(world.ours.get(&host_at(0)).copied(), before, "the connection to the busy one serves no more");
    world.proxy.hang_up(Time(world.now), caller);
    world.proxy.set_refusing(0, 0, "");
    world.proxy.set_silent(1, false);
    world.run(150);
    assert!(world.switch.is_idle());

    // All are there again, and somebody declines: the queue may offer anew, and begins with the first host.
    let audio = world.audio();
    let caller = world.proxy.call(Time(world.now), (2, FQDN), (UDO, "Udo"), SERVICE, (audio, 440));
    world.run(1);
    let offers = world.offered().len();
    let (last, host) = *world.offered().last().unwrap();
    assert!(last != call && host == 0, "{:?}", world.offered());
    world.proxy.refuse(Time(world.now), last, 603, 10_003, "");
    world.run(1);
    let after = world.offered().split_off(offers);
    assert!(
        after.iter().all(|(_, host)| *host == 0),
        "no other host is asked for what was declined: {after:?}"
    );
    world.proxy.hang_up(Time(world.now), caller);
    world.run(40);
    assert!(world.switch.is_idle());
}

/// A user's call rings at an agent, first over a host whose words take five seconds and then over the next. Both offers.
fn late(world: &mut World, answers: bool) -> (TeamsCall, TeamsCall, TeamsCall) {
    world.proxy.set_slow(0, 5_000);
    let audio = world.audio();
    let caller = world.proxy.call(Time(world.now), (2, FQDN), (UDO, "Udo"), SERVICE, (audio, 440));
    world.run(1);
    let [(first, 0)] = world.offered()[..] else { panic!("{:?}", world.events) };
    // Of what happens there nobody hears until the next host was asked.
    let (audio, now) = (world.audio(), Time(world.now));
    match answers {
        true => world.proxy.answer(now, first, audio, 523),
        false => world.proxy.ring(now, first),
    }
    world.run(3);
    let [_, (second, 1)] = world.offered()[..] else { panic!("{:?}", world.events) };
    (caller, first, second)
}

#[test]
fn an_answer_that_comes_after_the_next_host_was_asked_is_ended_and_the_call_goes_on() {
    // The late answer comes when the second one was there already, and while the second host rings.
    for answered_before in [true, false] {
        let mut world = World::new(json!({"failover_time": "3s"}));
        let (caller, first, second) = late(&mut world, true);
        let audio = world.audio();
        if answered_before {
            world.proxy.answer(Time(world.now), second, audio, 1000);
            world.run(10);
        } else {
            world.run(10);
            world.proxy.answer(Time(world.now), second, audio, 1000);
            world.run(1);
        }
        let up = |world: &World, call| {
            (world.count(&TeamsEvent::Up { call }), world.count(&TeamsEvent::Over { call }))
        };
        assert_eq!(up(&world, first), (1, 1), "what was answered late gets its ACK, and a BYE");
        assert_eq!((up(&world, second), up(&world, caller)), ((1, 0), (1, 0)), "one call goes on");
        assert_eq!((world.proxy.len(), world.offered().len()), (2, 2), "{:?}", world.events);
        world.proxy.hang_up(Time(world.now), caller);
        world.run(40);
        assert!(world.proxy.is_empty() && world.switch.is_idle(), "{:?}", world.events);
    }
}

#[test]
fn a_host_that_rings_late_is_called_off() {
    let mut world = World::new(json!({"failover_time": "3s"}));
    let (caller, first, second) = late(&mut world, false);
    world.run(8);
    assert_eq!(world.count(&TeamsEvent::Over { call: first }), 1, "nobody rings there for ever");
    assert!(world.asked.contains(&(0, "CANCEL".into())), "{:?}", world.asked);
    let audio = world.audio();
    world.proxy.answer(Time(world.now), second, audio, 1000);
    world.run(1);
    assert_eq!(world.count(&TeamsEvent::Up { call: second }), 1);
    world.proxy.hang_up(Time(world.now), caller);
    world.run(40);
    assert!(world.proxy.is_empty() && world.switch.is_idle(), "{:?}", world.events);
}

#[test]
fn a_person_who_did_not_answer_in_time_is_no_trouble_with_the_network() {
    let mut world = World::new(json!({"failover_time": "3s"}));
    let audio = world.audio();
    let caller = world.proxy.call(Time(world.now), (2, FQDN), (UDO, "Udo"), SERVICE, (audio, 440));
    world.run(1);
    let (call, _) = world.offered()[0];
    world.proxy.ring(Time(world.now), call);
    world.proxy.refuse(Time(world.now), call, 408, 8, "");
    world.run(1);
    let told = |world: &World| -> Vec<(u16, Option<u32>, String)> {
        let status = world.switch.trunk_status(world.clock(), TenantId(1));
        status[0].answers.iter().map(|a| (a.code, a.sub_code, a.todo.clone())).collect()
    };
    assert_eq!(told(&world), [(408, Some(0), String::new())]);
    world.proxy.hang_up(Time(world.now), caller);
    world.run(40);
    // Nobody at all says anything: that is another thing.
    let mut world = World::new(json!({"failover_time": "3s"}));
    world.proxy.set_silent(0, true);
    let audio = world.audio();
    let caller = world.proxy.call(Time(world.now), (2, FQDN), (UDO, "Udo"), SERVICE, (audio, 440));
    world.run(6);
    let [(408, None, todo)] = &told(&world)[..] else { panic!("{:?}", told(&world)) };
    assert!(todo.contains("5061"), "{todo}");
    world.proxy.hang_up(Time(world.now), caller);
    world.run(40);
    assert!(world.switch.is_idle());
}

#[test]
fn of_trunks_derived_from_a_carriers_one_asks_for_those_that_would_ask_the_same() {
    let derived = |fqdn: &str, more: &Value| {
        let mut teams = json!({"fqdn": fqdn, "carrier_fqdn": CARRIER, "hosts": hosts()});
        teams.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        teams
    };
    for (teams, tls_names, times) in [
        (json!({}), "*.pstnhub.test", 1),
        (json!({}), "sip.pstnhub.test", 2),
        (json!({"port": 5_062}), "*.pstnhub.test", 2),
    ] {
        let second = json!({"kind": "Trunk", "id": "second", "networks": ["192.0.3.0/24"], "tls_names": [tls_names],
            "teams": derived("sbc2.contoso.test", &teams)});
        let world = World::with(json!({"teams": derived(FQDN, &json!({}))}), vec![second]);
        for host in 0..HOSTS.len() {
            let asked = world.asked.iter().filter(|(at, method)| *at == host && method == "OPTIONS").count();
            assert_eq!(asked, times, "{tls_names} {teams}");
        }
        for trunk in world.switch.trunk_status(world.clock(), TenantId(1)) {
            let said: Vec<_> = trunk.far_ends.iter().map(|far| far.said).collect();
            assert_eq!(said, [Some(200); HOSTS.len()], "{}: everybody knows", trunk.trunk);
        }
    }
}
