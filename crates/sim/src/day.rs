//! A day in an engine alone: the production engine, made-up people, no network, no waiting.

use crate::chance::Chance;
use crate::checkers::{Checkers, Violation};
use crate::full_house::{self, DISPOSITIONS, FIRST_PARTY, NUMBERS, PARTIES, QUEUES, full_house};
use crate::people::{Agent, Answer, Caller};
use engine::{
    AgentConfig, AgentId, AgentState, Ask, AtStart, AttributeId, BreakReason, Config, Effect, Engine, Event,
    Facts, FlowConfig, FlowId, HoursId, Keys, LegEnd, LegId, LegState, Limits, Notice, NumberConfig,
    NumberId, PartyId, PromptId, QueueConfig, QueueId, Role, SecureId, Sound, Step, Taken, TargetId, Time,
    To, TrunkId, Wanted, Watch,
};
use std::collections::{BTreeMap, BTreeSet, hash_map::DefaultHasher};
use std::hash::Hasher;

/// A day to simulate.
#[derive(Clone, Debug)]
pub struct Day {
    /// Everything follows from it.
    pub seed: u64,
    /// How long callers come, in hours.
    pub hours: u64,
    /// Agents.
    pub agents: u32,
    /// Calls, on the whole.
    pub calls: u64,
    /// Queues.
    pub queues: u32,
    /// Mean length of a conversation, in milliseconds.
    pub mean_talk_ms: u64,
    /// How often all laws are checked: after every this many events. 1 is always.
    pub check_every: u64,
    /// The process is killed and started again this many times, somewhere in the day.
    pub restarts: u64,
    /// Everything that can be configured is, and people try everything that can be done. `queues` does not count then.
    pub everything: bool,
    /// Something that goes wrong in the engine on purpose.
    #[cfg(feature = "faults")]
    pub mistake: Option<engine::Mistake>,
}

/// What a day came to.
#[derive(Clone, Debug)]
pub struct DayOutcome {
    /// The same for the same day, always: made of every record and the state at the end.
    pub digest: u64,
    /// Calls begun.
    pub calls: u64,
    /// Events taken in.
    pub events: u64,
    /// Answered by an agent.
    pub answered: u64,
    /// Abandoned in a queue.
    pub abandoned: u64,
    /// Offers missed.
    pub missed: u64,
    /// Laws seen broken.
    pub violations: Vec<Violation>,
    /// How often each kind of thing happened to a call, by its name, and how often calls to the outside were refused or
    /// cut, by the reason.
    pub happened: BTreeMap<String, u64>,
}

enum Planned {
    Arrive,
    Tell(Event),
    /// The caller's patience is over.
    GiveUp(LegId),
    /// The conversation of this caller's leg comes to its end.
    EndTalk(LegId, LegId),
    Hold(LegId, bool),
    AfterCall(AgentId),
    Restart,
    /// Somebody somewhere does something.
    Meddle,
    /// Somebody calls out.
    Outward,
    /// The door chooses a trunk for this leg, and the far end does what is planned then.
    Via(LegId),
    /// Something to ask of the call of this leg, as long as there is one.
    Ask(LegId, Option<AgentId>, Ask),
}

struct World {
    day: Day,
    engine: Engine,
    chance: Chance,
    plan: BTreeMap<(Time, u64), Planned>,
    sequence: u64,
    callers: BTreeMap<LegId, Caller>,
    agents: Vec<Agent>,
    checkers: Checkers,
    hasher: DefaultHasher,
    begun: u64,
    /// Who has begun to talk with whom, so that its end is planned once.
    pairs: BTreeSet<(LegId, LegId)>,
    variant: u32,
    happened: BTreeMap<String, u64>,
    journal: Option<Vec<(Time, Event)>>,
}

impl Day {
    /// The day that the tests use: 10 hours, 200 agents, 20,000 calls.
    pub fn usual(seed: u64) -> Day {
        Day {
            seed,
            hours: 10,
            agents: 200,
            calls: 20_000,
            queues: 8,
            mean_talk_ms: 300_000,
            check_every: 50,
            restarts: 2,
            everything: false,
            #[cfg(feature = "faults")]
            mistake: None,
        }
    }

    /// A day in which people try everything: menus, messages, secrets, transfers, consultations, conferences,
    /// supervision, callbacks, and administrators who change things meanwhile.
    pub fn full(seed: u64) -> Day {
        Day { hours: 3, agents: 24, calls: 1_500, mean_talk_ms: 90_000, everything: true, ..Day::usual(seed) }
    }

    /// Runs it.
    pub fn run(&self) -> DayOutcome {
        World::new(self.clone()).run()
    }

    /// Runs it and gives its journal.
    pub fn journal(&self) -> Vec<(Time, Event)> {
        let mut world = World::new(self.clone());
        world.journal = Some(Vec::new());
        let mut journal = Vec::new();
        world.run_into(&mut journal);
        journal
    }

    fn config(&self) -> Config {
        if self.everything {
            return full_house(self.agents, 0);
        }
        let queues: Vec<QueueConfig> = (0..self.queues)
            .map(|n| QueueConfig {
                id: QueueId(n),
                // Every agent serves one queue or two.
                members: (0..self.agents)
                    .filter(|a| a % self.queues == n || (a % 3 == 0 && (a / 3) % self.queues == n))
                    .map(|a| AgentId(a).into())
                    .collect(),
                ring_ms: 15_000,
                wrap_up_ms: if n % 2 == 0 { 20_000 } else { 0 },
                max_wait_ms: 600_000,
                max_waiting: 300,
                misses_to_suspend: 3,
                music: PromptId(0),
                answer_within_ms: 20_000,
                ..QueueConfig::default()
            })
            .collect();
        let flows = queues
            .iter()
            .map(|q| {
                let steps = [
                    Step::Say { prompt: PromptId(1) },
                    Step::Record { on: true },
                    Step::Queue { queue: q.id, overflow: Vec::new() },
                    Step::Say { prompt: PromptId(2) },
                ];
                FlowConfig::in_order(FlowId(q.id.0), steps)
            })
            .collect();
        let number = |q: &QueueConfig| NumberConfig {
            id: NumberId(q.id.0),
            flow: FlowId(q.id.0),
            recording: Default::default(),
            language: Default::default(),
        };
        let numbers = queues.iter().map(number).collect();
        let agents = (0..self.agents)
            .map(|n| AgentConfig {
                id: AgentId(n),
                at_start: if n % 10 == 0 { AtStart::Offline } else { AtStart::Available },
                skills: Vec::new(),
            })
            .collect();
        Config { queues, agents, flows, numbers, max_call_ms: 4 * 3_600_000, ..Config::default() }
    }
}

impl World {
    fn new(day: Day) -> World {
        let mut chance = Chance::new(day.seed);
        let agents = (0..day.agents).map(|_| Agent::new(&mut chance)).collect();
        World {
            engine: Engine::new(),
            chance,
            plan: BTreeMap::new(),
            sequence: 0,
            callers: BTreeMap::new(),
            agents,
            checkers: Checkers::default(),
            hasher: DefaultHasher::new(),
            begun: 0,
            pairs: BTreeSet::new(),
            variant: 0,
            happened: BTreeMap::new(),
            journal: None,
            day,
        }
    }

    fn run_into(mut self, journal: &mut Vec<(Time, Event)>) {
        self.go();
        journal.extend(self.journal.take().unwrap_or_default());
    }

    fn run(mut self) -> DayOutcome {
        self.go();
        self.checkers.engine(self.engine.now(), &self.engine);
        self.checkers.end(&self.engine, self.begun);
        let bytes = postcard::to_allocvec(&self.engine.snapshot()).expect("a snapshot can be written");
        self.hasher.write(&bytes);
        let sum =
            |f: fn(&engine::QueueCounts) -> u64| self.engine.queues().values().map(|q| f(&q.counts)).sum();
        DayOutcome {
            digest: self.hasher.finish(),
            calls: self.begun,
            events: self.engine.position(),
            answered: sum(|c| c.answered),
            abandoned: sum(|c| c.abandoned),
            missed: sum(|c| c.missed_offers),
            violations: self.checkers.violations,
            happened: self.happened,
        }
    }

    fn go(&mut self) {
        let start = Time(1_800_000_000_000);
        let end = start.plus(self.day.hours * 3_600_000);
        self.tell(start, Event::Started { seed: self.day.seed });
        self.tell(start, Event::Configured { config: Box::new(self.day.config()) });
        #[cfg(feature = "faults")]
        if let Some(mistake) = self.day.mistake {
            self.engine.make_mistake(mistake);
        }
        self.plan(start, Planned::Arrive);
        for _ in 0..self.day.restarts {
            let at = start.plus(self.chance.below(self.day.hours * 3_600_000));
            self.plan(at, Planned::Restart);
        }
        for n in (0..self.day.agents).step_by(10) {
            let at = start.plus(self.chance.below(600_000));
            self.plan(at, Planned::Tell(Event::AgentWants { agent: AgentId(n), wanted: Wanted::Available }));
        }
        let gap = self.day.hours * 3_600_000 / self.day.calls.max(1);
        if self.day.everything {
            self.plan(start.plus(30_000), Planned::Meddle);
            self.plan(start.plus(20_000), Planned::Outward);
            for (party, destination) in full_house::outside() {
                self.tell(start, Event::PartyKnown { party, destination });
            }
        }
        // Promises to call back may outlast the day; what is left of them then is taken back.
        let closing = end.plus(4 * 3_600_000);
        loop {
            if self.engine.now() > closing && !self.engine.callbacks().is_empty() {
                let ids: Vec<_> = self.engine.callbacks().keys().copied().collect();
                for callback in ids {
                    self.tell(self.engine.now(), Event::CallbackCancelled { callback });
                }
            }
            let planned = self.plan.first_key_value().map(|((at, _), _)| *at);
            let deadline = self.engine.deadline();
            let now = match (planned, deadline) {
                (Some(p), Some(d)) if d < p => {
                    self.tell(d, Event::TimePassed);
                    continue;
                }
                (Some(p), _) => p,
                (None, Some(d)) => {
                    self.tell(d, Event::TimePassed);
                    continue;
                }
                (None, None) => break,
            };
            let Some((_, what)) = self.plan.pop_first() else { break };
            match what {
                Planned::Arrive => {
                    self.arrive(now);
                    let next = now.plus(self.chance.exponential(gap));
                    if next < end && self.begun < self.day.calls * 2 {
                        self.plan(next, Planned::Arrive);
                    }
                }
                Planned::Tell(event) => self.tell(now, event),
                Planned::GiveUp(leg) => {
                    let talks = self.engine.legs().get(&leg).is_none_or(|l| {
                        matches!(
                            self.engine.calls().get(&l.call).map(|c| c.phase),
                            Some(engine::Phase::Talking)
                        )
                    });
                    if !talks {
                        self.tell(now, Event::LegEnded { leg, end: LegEnd::FarHungUp });
                    }
                }
                Planned::EndTalk(caller, far) => {
                    let ends = self.callers.get(&caller).is_some_and(|c| c.agent_ends);
                    let leg = if ends { far } else { caller };
                    self.tell(now, Event::LegEnded { leg, end: LegEnd::FarHungUp });
                }
                Planned::Hold(leg, held) => self.tell(now, Event::LegHeld { leg, held }),
                Planned::AfterCall(agent) => self.after_call(now, agent),
                Planned::Meddle => {
                    self.meddle(now);
                    let next = now.plus(self.chance.exponential(15_000));
                    if next < end {
                        self.plan(next, Planned::Meddle);
                    }
                }
                Planned::Outward => {
                    self.call_out(now);
                    let next = now.plus(self.chance.exponential(10_000));
                    if next < end {
                        self.plan(next, Planned::Outward);
                    }
                }
                Planned::Via(leg) => self.choose_trunk(now, leg),
                Planned::Ask(leg, by, ask) => {
                    if let Some(call) = self.engine.legs().get(&leg).map(|l| l.call) {
                        self.tell(now, Event::CallAsked { call, by, ask });
                    }
                }
                Planned::Restart => {
                    self.checkers.restarted(self.engine.now());
                    // What is planned for legs that died will find nobody, as it should.
                    let snapshot =
                        postcard::to_allocvec(&self.engine.snapshot()).expect("a snapshot can be written");
                    let snapshot = postcard::from_bytes(&snapshot).expect("and read");
                    self.engine = Engine::from_snapshot(snapshot);
                    let seed = self.chance.number();
                    self.tell(now, Event::Started { seed });
                }
            }
        }
    }

    fn plan(&mut self, at: Time, what: Planned) {
        self.sequence += 1;
        self.plan.insert((at, self.sequence), what);
    }

    fn arrive(&mut self, now: Time) {
        self.begun += 1;
        let caller = Caller::new(&mut self.chance, self.day.mean_talk_ms);
        let leg = self.engine.next_leg();
        self.callers.insert(leg, caller);
        let number = match self.chance.in_thousand(3) {
            true => None,
            false if self.day.everything => Some(NumberId(self.chance.below(u64::from(NUMBERS)) as u32)),
            false => Some(NumberId(self.chance.below(u64::from(self.day.queues)) as u32)),
        };
        let person = 1 + self.chance.below(self.day.calls / 2);
        self.plan(now.plus(caller.patience_ms), Planned::GiveUp(leg));
        let facts = Facts { withheld: self.chance.in_thousand(50), person, ..Facts::default() };
        self.tell(now, Event::CallArrived { number, caller: PartyId(self.begun), trunk: TrunkId(0), facts });
    }

    fn tell(&mut self, now: Time, event: Event) {
        if let Event::LegEnded { leg, .. } = event {
            self.callers.remove(&leg);
        }
        if let Some(journal) = &mut self.journal {
            journal.push((now.max(self.engine.now()), event.clone()));
        }
        self.checkers.event(now, &event);
        self.engine.handle(now, event);
        while let Some((_, effect)) = self.engine.poll() {
            self.obey(now, effect);
        }
        if self.engine.position().is_multiple_of(self.day.check_every) {
            self.checkers.engine(now, &self.engine);
        }
    }

    fn obey(&mut self, now: Time, effect: Effect) {
        self.checkers.effect(now, &self.engine, &effect);
        let soon = now.plus(1 + self.chance.below(40));
        match effect {
            Effect::Keep(record) => {
                let bytes = postcard::to_allocvec(&*record).expect("a record can be written");
                self.hasher.write(&bytes);
                if self.day.everything {
                    for moment in &record.timeline {
                        let name = format!("{:?}", moment.what);
                        let name = name.split([' ', '(', '{']).next().unwrap_or_default();
                        *self.happened.entry(name.to_string()).or_default() += 1;
                    }
                }
            }
            Effect::Answer { leg } => {
                let event = match self.chance.in_thousand(2) {
                    true => Event::LegEnded { leg, end: LegEnd::NotConfirmed },
                    false => Event::LegAnswered { leg },
                };
                self.plan(soon, Planned::Tell(event));
            }
            Effect::Refuse { leg, .. } | Effect::HangUp { leg, .. } => {
                // Now and then the door loses it: the engine's deadline has to do.
                if !self.chance.in_thousand(2) {
                    let event = Event::LegEnded { leg, end: LegEnd::NearHungUp };
                    self.plan(soon, Planned::Tell(event));
                }
            }
            Effect::DialAgent { leg, agent, .. } => {
                if let Some(Role::Agent { entry: Some(entry), .. }) =
                    self.engine.legs().get(&leg).map(|l| l.role)
                {
                    self.checkers.offered_in_order(now, &self.engine, entry, leg);
                }
                self.ring(now, leg, agent);
            }
            Effect::DialTarget { leg, .. } if !self.day.everything => {
                self.plan(soon, Planned::Tell(Event::LegRinging { leg }));
                self.plan(soon.plus(3_000), Planned::Tell(Event::LegAnswered { leg }));
            }
            Effect::Play { leg, sound: Sound::Prompt(..) } => {
                let at = now.plus(self.chance.between(2_000, 8_000));
                self.plan(at, Planned::Tell(Event::PlayEnded { leg }));
            }
            Effect::Hear { leg, from } => {
                for far in from {
                    self.talk(now, leg, far);
                }
            }
            Effect::Security(notice) => {
                let what = if notice.cut { "Cut" } else { "Refused" };
                *self.happened.entry(format!("{what}{:?}", notice.refusal)).or_default() += 1;
            }
            Effect::Notify { notice: Notice::OutsideRefused(_), .. } => {}
            Effect::Notify { agent, .. } => {
                let at = now.plus(self.chance.between(10_000, 600_000));
                let event = Event::AgentWants { agent, wanted: Wanted::Available };
                self.plan(at, Planned::Tell(event));
            }
            effect if self.day.everything => self.try_everything(now, effect),
            _ => {}
        }
    }

    fn ring(&mut self, now: Time, leg: LegId, agent: AgentId) {
        let habits = self.agents[agent.0 as usize];
        let ringing = now.plus(1 + self.chance.below(80));
        match habits.answer(&mut self.chance) {
            Answer::Vanished => {}
            Answer::Never => self.plan(ringing, Planned::Tell(Event::LegRinging { leg })),
            Answer::Declines(ms) => {
                self.plan(ringing, Planned::Tell(Event::LegRinging { leg }));
                let event = Event::LegEnded { leg, end: LegEnd::Declined };
                self.plan(ringing.plus(ms), Planned::Tell(event));
            }
            Answer::After(ms) => {
                self.plan(ringing, Planned::Tell(Event::LegRinging { leg }));
                self.plan(ringing.plus(ms), Planned::Tell(Event::LegAnswered { leg }));
                if self.chance.in_thousand(habits.twice) {
                    self.plan(ringing.plus(ms + 1), Planned::Tell(Event::LegAnswered { leg }));
                }
                if self.chance.in_thousand(habits.breaks) {
                    self.plan(ringing.plus(ms + 1_000), Planned::AfterCall(agent));
                }
            }
        }
    }

    fn talk(&mut self, now: Time, caller: LegId, far: LegId) {
        let Some(c) = self.callers.get(&caller).copied() else { return };
        let early = |l: LegState| matches!(l, LegState::Dialling | LegState::Ringing);
        if self.engine.legs().get(&far).is_some_and(|l| early(l.state)) && self.pairs.insert((caller, far)) {
            // Nothing more is said of it when it answers.
            return self.plan(now.plus(c.talk_ms + 20_000), Planned::EndTalk(caller, far));
        }
        let supervises = |l: &engine::Leg| matches!(l.role, Role::Supervisor { .. });
        if self.engine.legs().get(&far).is_none_or(|l| l.state != LegState::Up || supervises(l)) {
            return;
        }
        // After a hold the conversation goes on: its end is planned already.
        if !self.pairs.insert((caller, far)) {
            return;
        }
        if self.day.everything {
            self.plan_work(now, caller, far, c.talk_ms);
        }
        self.plan(now.plus(c.talk_ms), Planned::EndTalk(caller, far));
        if c.hold_ms > 0 {
            let who = if c.agent_ends { far } else { caller };
            self.plan(now.plus(c.talk_ms / 3), Planned::Hold(who, true));
            self.plan(now.plus(c.talk_ms / 3 + c.hold_ms), Planned::Hold(who, false));
        }
    }

    fn after_call(&mut self, now: Time, agent: AgentId) {
        let away = self.chance.in_thousand(500);
        let wanted = if away { Wanted::Break(BreakReason(0)) } else { Wanted::Offline };
        self.tell(now, Event::AgentWants { agent, wanted });
        let back = now.plus(self.chance.between(60_000, 900_000));
        self.plan(back, Planned::Tell(Event::AgentWants { agent, wanted: Wanted::Available }));
        debug_assert!(!matches!(
            self.engine.agents().get(&agent).map(|a| a.state),
            Some(AgentState::Suspended)
        ));
    }
}

/// What people do when they try everything.
impl World {
    fn agent(&mut self) -> AgentId {
        AgentId(self.chance.below(u64::from(self.day.agents)) as u32)
    }

    fn queue(&mut self) -> QueueId {
        QueueId(self.chance.below(u64::from(QUEUES)) as u32)
    }

    fn somewhere(&mut self) -> To {
        match self.chance.below(10) {
            0..3 => To::Queue(self.queue()),
            3..7 => To::Agent(self.agent()),
            7..9 => To::Target(TargetId(1)),
            _ => To::Party(self.party()),
        }
    }

    fn party(&mut self) -> PartyId {
        PartyId(FIRST_PARTY + self.chance.below(PARTIES))
    }

    // An agent calls somebody; now and then somebody who has the agent's password calls many at once.
    fn call_out(&mut self, now: Time) {
        let tries = if self.chance.in_thousand(30) { 20 } else { 1 };
        for _ in 0..tries {
            let (agent, party, number) = (self.agent(), self.party(), Some(NumberId(0)));
            if self.chance.in_thousand(400) {
                self.tell(now, Event::DialAsked { agent, party, number, queue: None });
                continue;
            }
            let to = match self.chance.below(5) {
                _ if tries > 1 => To::Party(party),
                0..3 => To::Party(party),
                3 => self.somewhere(),
                _ => To::Number(NumberId(self.chance.below(u64::from(NUMBERS)) as u32)),
            };
            self.call_from_phone(now, agent, to);
        }
    }

    // An agent calls from the own phone. Whoever calls for help gets through, whatever else is.
    fn call_from_phone(&mut self, now: Time, agent: AgentId, to: To) {
        let leg = self.engine.next_leg();
        let person = Caller::new(&mut self.chance, self.day.mean_talk_ms);
        self.callers.insert(leg, person);
        self.plan(now.plus(person.patience_ms), Planned::GiveUp(leg));
        let (caller, facts) = (PartyId(FIRST_PARTY + PARTIES + u64::from(agent.0)), Facts::default());
        let number = Some(NumberId(0));
        self.tell(now, Event::AgentCalled { agent, caller, number, to, facts });
        if full_house::is_emergency(to) {
            let call = self.engine.legs().get(&leg).and_then(|l| self.engine.calls().get(&l.call));
            let dialled = call.is_some_and(|c| {
                c.timeline.iter().any(|m| matches!(m.what, engine::What::PartyDialled { .. }))
            });
            self.checkers.law(now, dialled, "a call for help was not dialled");
        }
    }

    // What happens in a conversation between a customer and somebody.
    fn plan_work(&mut self, now: Time, caller: LegId, far: LegId, talk_ms: u64) {
        let Some(Role::Agent { agent, .. }) = self.engine.legs().get(&far).map(|l| l.role) else { return };
        let by = Some(agent);
        let mut at = now;
        for _ in 0..self.chance.below(4) {
            at = at.plus(1 + self.chance.below(talk_ms / 3 + 1));
            let ask = match self.chance.below(12) {
                0 => Ask::Transfer(self.somewhere()),
                1..=4 => Ask::Consult(self.somewhere()),
                5 => Ask::Secure(SecureId(1)),
                6 => Ask::PauseRecording,
                7 => Ask::ResumeRecording,
                8 => Ask::Dispose(DISPOSITIONS[self.chance.below(3) as usize]),
                9 | 10 => Ask::StopSecure,
                _ => Ask::Abort,
            };
            self.plan(at, Planned::Ask(caller, by, ask));
            if let Ask::Consult(_) = ask {
                let end = [Ask::Complete, Ask::Join, Ask::Abort, Ask::Join][self.chance.below(4) as usize];
                let later = at.plus(self.chance.below(20_000));
                self.plan(later, Planned::Ask(caller, by, end));
            }
        }
        if self.chance.in_thousand(250) {
            let supervisor = Some(self.agent());
            let mut at = now.plus(self.chance.below(talk_ms + 1));
            for _ in 0..1 + self.chance.below(4) {
                let ask = match self.chance.below(6) {
                    0 => Ask::Supervise(Watch::Listen),
                    1 => Ask::Supervise(Watch::Whisper),
                    2 | 3 => Ask::Supervise(Watch::Barge),
                    4 => Ask::TakeOver,
                    _ => Ask::StopSupervising,
                };
                self.plan(at, Planned::Ask(caller, supervisor, ask));
                at = at.plus(self.chance.below(15_000));
            }
        }
        if self.chance.in_thousand(300) {
            let disposition = DISPOSITIONS[self.chance.below(3) as usize];
            let call = self.engine.legs().get(&far).map(|l| l.call).unwrap_or_default();
            let event = Event::CallAsked { call, by, ask: Ask::Dispose(disposition) };
            self.plan(now.plus(talk_ms + 2_000), Planned::Tell(event));
            let more = Event::AgentWants { agent, wanted: Wanted::MoreWrapUp(10_000) };
            self.plan(now.plus(talk_ms + 3_000), Planned::Tell(more));
        }
    }

    // Something that an administrator, a supervisor or an agent does out of the blue.
    fn meddle(&mut self, now: Time) {
        let waiting = self.engine.calls().values().find(|c| matches!(c.phase, engine::Phase::Waiting { .. }));
        let waiting = waiting.map(|c| c.id);
        let callback = self.engine.callbacks().keys().next().copied();
        let any = self.chance.below(self.engine.calls().len() as u64) as usize;
        let any = self.engine.calls().keys().nth(any).copied();
        let event = match self.chance.below(15) {
            13 | 14 => self.two_calls(),
            12 => any.map(|call| Event::HangUpAsked { call }),
            0 | 1 => waiting.map(|call| Event::CallAsked { call, by: None, ask: Ask::Give(self.agent()) }),
            2 | 3 => waiting.map(|call| Event::CallAsked { call, by: None, ask: Ask::Move(self.queue()) }),
            4 => Some(Event::ClosureSet { hours: HoursId(1), closed: self.chance.in_thousand(300) }),
            5 => callback.map(|callback| Event::CallbackCancelled { callback }),
            6 | 7 => {
                let party = self.party();
                let (agent, queue) = (self.agent(), Some(self.queue()));
                Some(Event::DialAsked { agent, party, number: Some(NumberId(0)), queue })
            }
            8 => {
                let (agent, reason) = (self.agent(), BreakReason(self.chance.below(3) as u16));
                let back = now.plus(self.chance.between(30_000, 300_000));
                self.plan(back, Planned::Tell(Event::AgentWants { agent, wanted: Wanted::Available }));
                Some(Event::AgentWants { agent, wanted: Wanted::Break(reason) })
            }
            9 if self.chance.in_thousand(300) => {
                self.variant += 1;
                let config = Box::new(full_house(self.day.agents, self.variant));
                Some(Event::Configured { config })
            }
            10 => {
                let (agent, wanted) = (self.agent(), Wanted::Available);
                Some(Event::AgentWants { agent, wanted })
            }
            _ => None,
        };
        if let Some(event) = event {
            self.tell(now, event);
        }
    }

    // Somebody whose phone has several calls presses the key for transfer.
    fn two_calls(&mut self) -> Option<Event> {
        let all: Vec<_> = self.engine.agents().values().filter(|a| !a.own_calls.is_empty()).collect();
        let agent = all.get(self.chance.below(all.len().max(1) as u64) as usize)?;
        let (with, _) = *agent.own_calls.last()?;
        let leg = match agent.state {
            AgentState::Talking { leg, .. } | AgentState::Offered { leg, .. } => leg,
            _ => agent.own_calls.first()?.0,
        };
        let (leg, with) = if self.chance.in_thousand(500) { (leg, with) } else { (with, leg) };
        Some(Event::CallsJoined { agent: agent.id, leg, with })
    }

    // As the door does: the first trunk that has minutes left, and now and then the one after it, because its far end is
    // not there.
    fn choose_trunk(&mut self, now: Time, leg: LegId) {
        let Some(l) = self.engine.legs().get(&leg).filter(|l| l.state == LegState::Dialling) else { return };
        let to = match l.role {
            Role::Party { party } => full_house::outside().find(|(p, _)| *p == party).map(|(_, to)| to),
            _ => full_house::target(),
        };
        let to = to.unwrap_or_default();
        let mut gone = leg.0.is_multiple_of(5);
        for (trunk, minutes) in full_house::TRUNKS {
            let limits = Limits { minutes: Some(minutes), ..Limits::default() };
            if let Err(refusal) = self.engine.trunk_takes(now, trunk, &limits, to) {
                *self.happened.entry(format!("TrunkPassedOver{refusal:?}")).or_default() += 1;
                continue;
            }
            self.tell(now, Event::LegVia { leg, trunk, limits });
            if !std::mem::take(&mut gone) {
                return;
            }
        }
        self.tell(now, Event::LegEnded { leg, end: LegEnd::Unreachable });
    }

    fn try_everything(&mut self, now: Time, effect: Effect) {
        match effect {
            Effect::DialTarget { leg, .. } | Effect::DialParty { leg, .. } => {
                // On every other day trunks have limits of their own.
                if self.day.seed.is_multiple_of(2) {
                    self.plan(now, Planned::Via(leg));
                }
                self.plan(now.plus(50), Planned::Tell(Event::LegRinging { leg }));
                if self.chance.in_thousand(400) {
                    let at = now.plus(60 + self.chance.below(3_000));
                    self.plan(at, Planned::Tell(Event::LegEarlyAudio { leg }));
                }
                let at = now.plus(500 + self.chance.exponential(10_000));
                let event = match self.chance.below(10) {
                    0 => Event::LegEnded { leg, end: LegEnd::Busy },
                    1 => Event::LegEnded { leg, end: LegEnd::Unreachable },
                    2 => return,
                    _ => Event::LegAnswered { leg },
                };
                self.plan(at, Planned::Tell(event));
                let person = Caller::new(&mut self.chance, self.day.mean_talk_ms);
                self.callers.insert(leg, person);
                self.plan(at.plus(person.patience_ms), Planned::GiveUp(leg));
            }
            Effect::Keys { leg, keys: Keys::Choose } => {
                let mut at = now;
                for _ in 0..self.chance.below(4) {
                    at = at.plus(300 + self.chance.exponential(4_000));
                    let digit = b"123450519##12"[self.chance.below(13) as usize] as char;
                    self.plan(at, Planned::Tell(Event::Digit { leg, digit }));
                }
            }
            Effect::Keys { leg, keys: Keys::Take(_) | Keys::Secret } => {
                let mut at = now.plus(500);
                for _ in 0..self.chance.below(9) {
                    at = at.plus(100 + self.chance.exponential(900));
                    let taken = match self.chance.below(20) {
                        0 => Taken::Again,
                        1 => Taken::End,
                        _ => Taken::Digit,
                    };
                    let matches = self.chance.below(3) as u16;
                    self.plan(at, Planned::Tell(Event::DigitTaken { leg, taken, matches }));
                }
            }
            Effect::CheckNumber { leg, .. } => {
                let good = self.chance.in_thousand(800);
                let person = 1 + self.chance.below(40);
                let party = good.then(|| PartyId(FIRST_PARTY + person));
                let event = Event::NumberChecked { leg, party, person };
                self.plan(now.plus(20), Planned::Tell(event));
            }
            Effect::LookUp { call, request, .. } | Effect::PassSecret { call, request, .. } => {
                if self.chance.in_thousand(900) {
                    let at = now.plus(self.chance.exponential(1_500));
                    let found = vec![(AttributeId(1), self.chance.below(3) as u16)];
                    let event = Event::LookedUp { call, request, ok: self.chance.in_thousand(800), found };
                    self.plan(at, Planned::Tell(event));
                }
            }
            _ => {}
        }
    }
}
