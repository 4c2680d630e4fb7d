//! A small tenant with a policy for calls to the outside, told one event at a time.

use engine::{
    AgentConfig, AgentId, AtStart, CallId, CallRecord, CallbackConfig, Class, Config, Destination, Effect,
    Engine, Event, Facts, FlowConfig, FlowId, HoursConfig, HoursId, LegEnd, LegId, NumberConfig, NumberId,
    PartyId, Price, QueueConfig, QueueId, Rights, Step, TargetId, Time, To, TollConfig, TollPolicy, TrunkId,
};

/// Noon of a day in UTC.
pub const NOON: Time = Time(1_800_014_400_000);

/// Numbers outside.
pub const OWN: PartyId = PartyId(1);
pub const FRANCE: PartyId = PartyId(2);
pub const CUBA: PartyId = PartyId(3);
pub const PREMIUM: PartyId = PartyId(4);
pub const EMERGENCY: PartyId = PartyId(5);
pub const FREE: PartyId = PartyId(6);
pub const CODE: PartyId = PartyId(7);
pub const EXTENSION: PartyId = PartyId(8);
pub const NOBODY_KNOWS: PartyId = PartyId(9);

/// May everything.
pub const ANNA: AgentId = AgentId(1);
/// May call out, and leave nobody there.
pub const BELA: AgentId = AgentId(2);
/// May nothing.
pub const CHIDI: AgentId = AgentId(3);

/// A fixed address in the house, and one outside.
pub const INSIDE: TargetId = TargetId(1);
pub const OUTSIDE: TargetId = TargetId(2);

pub const QUEUE: QueueId = QueueId(1);
/// Leads into the queue.
pub const NUMBER: NumberId = NumberId(1);
/// Rings the fixed address outside, then the one in the house.
pub const FORWARDED: NumberId = NumberId(2);

pub const MINUTE: u64 = 60_000;

pub struct Desk {
    pub engine: Engine,
    pub now: Time,
    pub effects: Vec<Effect>,
    pub records: Vec<CallRecord>,
    config: Config,
}

pub fn policy() -> TollPolicy {
    TollPolicy { countries: vec![*b"FR"], ..TollPolicy::default() }
}

impl Desk {
    pub fn new(policy: TollPolicy) -> Desk {
        Desk::with(TollConfig { policy, ..TollConfig::default() })
    }

    pub fn with(toll: TollConfig) -> Desk {
        let agent = |id: AgentId, at_start| AgentConfig { id, at_start, skills: Vec::new() };
        let queue = QueueConfig {
            id: QUEUE,
            members: vec![ANNA.into(), BELA.into()],
            callback: Some(CallbackConfig {
                key: '5',
                offer: engine::PromptId(1),
                offer_ms: 1_000,
                confirm: engine::PromptId(2),
                enter: engine::PromptId(3),
                done: engine::PromptId(4),
                refused: engine::PromptId(5),
                greeting: None,
                slot: engine::SlotId(1),
                agent_first: true,
                ring_ms: 20_000,
                attempts: 2,
                retry_ms: 10_000,
                promise_ms: 3_600_000,
                hours: None,
            }),
            ..QueueConfig::default()
        };
        let into_queue = [Step::Record { on: true }, Step::Queue { queue: QUEUE, overflow: Vec::new() }];
        let forward = [OUTSIDE, INSIDE].map(|target| Step::Connect { target, ring_ms: 10_000 });
        let number = |id: NumberId| NumberConfig {
            id,
            flow: FlowId(id.0),
            recording: Default::default(),
            language: Default::default(),
        };
        let mut week: [Vec<(u16, u16)>; 7] = Default::default();
        for day in &mut week {
            *day = vec![(8 * 60, 18 * 60)];
        }
        let (all, dial) = (
            Rights { may_dial: true, may_transfer_out: true },
            Rights { may_dial: true, may_transfer_out: false },
        );
        let toll = TollConfig {
            rights: vec![(ANNA, all), (BELA, dial)],
            targets: vec![(OUTSIDE, Destination::new(Class::Own, *b"DE"))],
            prices: vec![
                Price { class: Class::Own, country: None, per_minute: 10_000 },
                Price { class: Class::International, country: None, per_minute: 70_000 },
            ],
            ..toll
        };
        let config = Config {
            queues: vec![queue],
            agents: vec![
                agent(ANNA, AtStart::Available),
                agent(BELA, AtStart::Offline),
                agent(CHIDI, AtStart::Offline),
            ],
            flows: vec![
                FlowConfig::in_order(FlowId(1), into_queue),
                FlowConfig::in_order(FlowId(2), forward),
            ],
            numbers: vec![number(NUMBER), number(FORWARDED)],
            hours: vec![HoursConfig { id: HoursId(1), week, ..HoursConfig::default() }],
            max_call_ms: 24 * 3_600_000,
            toll: Some(Box::new(toll)),
            ..Config::default()
        };
        let mut desk =
            Desk { engine: Engine::new(), now: NOON, effects: Vec::new(), records: Vec::new(), config };
        desk.tell(Event::Started { seed: 1 });
        desk.configure(|_| {});
        for (party, class, country) in [
            (OWN, Class::Own, b"DE"),
            (FRANCE, Class::International, b"FR"),
            (CUBA, Class::International, b"CU"),
            (PREMIUM, Class::Premium, b"DE"),
            (EMERGENCY, Class::Emergency, b"DE"),
            (FREE, Class::Freephone, b"DE"),
            (CODE, Class::Special, b"DE"),
            (EXTENSION, Class::Internal, b"\0\0"),
        ] {
            desk.tell(Event::PartyKnown { party, destination: Destination::new(class, *country) });
        }
        desk
    }

    /// Another configuration from here on.
    pub fn configure(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
        self.tell(Event::Configured { config: Box::new(self.config.clone()) });
    }

    /// Tells the engine, and forgets what it asked for before.
    pub fn tell(&mut self, event: Event) {
        self.effects.clear();
        self.engine.handle(self.now, event);
        while let Some((_, effect)) = self.engine.poll() {
            match effect {
                Effect::Keep(record) => self.records.push(*record),
                effect => self.effects.push(effect),
            }
        }
        self.engine.check_all().expect("the laws hold");
    }

    /// Goes to a time, by way of every deadline on the way.
    pub fn wait_until(&mut self, at: Time) {
        let mut effects = Vec::new();
        while let Some(due) = self.engine.deadline().filter(|due| *due <= at) {
            self.now = self.now.max(due);
            self.tell(Event::TimePassed);
            effects.append(&mut self.effects);
        }
        self.now = at;
        self.effects = effects;
    }

    pub fn wait(&mut self, ms: u64) {
        self.wait_until(self.now.plus(ms));
    }

    /// The leg with which somebody outside was dialled by the last event.
    pub fn dialled(&self) -> Option<(LegId, PartyId)> {
        self.effects.iter().find_map(|e| match e {
            Effect::DialParty { leg, party, .. } => Some((*leg, *party)),
            _ => None,
        })
    }

    /// The leg with which an agent was rung by the last event.
    pub fn rung(&self, whom: AgentId) -> Option<LegId> {
        self.effects.iter().find_map(|e| match e {
            Effect::DialAgent { leg, agent, .. } if *agent == whom => Some(*leg),
            _ => None,
        })
    }

    pub fn answer(&mut self, leg: LegId) {
        self.tell(Event::LegAnswered { leg });
    }

    pub fn end(&mut self, leg: LegId) {
        self.tell(Event::LegEnded { leg, end: LegEnd::FarHungUp });
    }

    /// Whatever the engine hung up with the last event is over.
    pub fn settle(&mut self) {
        let mut all = std::mem::take(&mut self.effects);
        let mut next = 0;
        while let Some(effect) = all.get(next) {
            next += 1;
            if let Effect::HangUp { leg, .. } | Effect::Refuse { leg, .. } = *effect {
                self.tell(Event::LegEnded { leg, end: LegEnd::NearHungUp });
                all.append(&mut self.effects);
            }
        }
        self.effects = all;
    }

    /// An agent clicks on a number, and picks up the phone. Gives the agent's leg and that of the one called.
    #[track_caller]
    pub fn click(&mut self, agent: AgentId, party: PartyId) -> (LegId, LegId) {
        self.tell(Event::DialAsked { agent, party, number: Some(NUMBER), queue: None });
        let own = self.rung(agent).expect("the agent's phone rings");
        self.answer(own);
        let (far, to) = self.dialled().expect("then the other one");
        assert_eq!(to, party);
        (own, far)
    }

    /// An agent calls from the own phone; gives its leg.
    pub fn phone(&mut self, agent: AgentId, to: To) -> LegId {
        let leg = self.engine.next_leg();
        let caller = PartyId(100 + u64::from(agent.0));
        let (number, facts) = (Some(NUMBER), Facts::default());
        self.tell(Event::AgentCalled { agent, caller, number, to, facts });
        leg
    }

    /// What an agent is doing.
    pub fn state(&self, agent: AgentId) -> &'static str {
        self.engine.agents()[&agent].state.name()
    }

    /// Whether the last event asked for this.
    pub fn asked(&self, what: impl Fn(&Effect) -> bool) -> bool {
        self.effects.iter().any(what)
    }

    /// Whom a leg hears from the last event on.
    pub fn hears(&self, leg: LegId) -> Option<Vec<LegId>> {
        self.effects.iter().rev().find_map(|e| match e {
            Effect::Hear { leg: l, from } if *l == leg => Some(from.clone()),
            _ => None,
        })
    }

    /// A customer calls a number; gives the customer's leg.
    pub fn arrive(&mut self, number: NumberId) -> LegId {
        let leg = self.engine.next_leg();
        let (caller, trunk) = (PartyId(1_000 + leg.0), TrunkId(1));
        self.tell(Event::CallArrived { number: Some(number), caller, trunk, facts: Facts::default() });
        leg
    }

    /// A customer talks with an agent, who is made free for that; gives both legs.
    #[track_caller]
    pub fn talk(&mut self, agent: AgentId) -> (LegId, LegId) {
        for other in [ANNA, BELA] {
            let wanted = match other == agent {
                true => engine::Wanted::Available,
                false => engine::Wanted::Offline,
            };
            self.tell(Event::AgentWants { agent: other, wanted });
        }
        let customer = self.arrive(NUMBER);
        let own = self.rung(agent).expect("the agent is rung");
        self.answer(customer);
        self.answer(own);
        (customer, own)
    }

    pub fn call(&self, leg: LegId) -> CallId {
        self.engine.legs().get(&leg).expect("an open leg").call
    }

    /// Minutes and money used by all today.
    pub fn used(&self) -> (u64, u64) {
        let usage = self.engine.used(None).usage;
        (usage.minutes, usage.spend)
    }
}
