//! A day that was, with other staffing: the production engine, the callers of a journal, and another configuration.
//!
//! From a journal comes what did not depend on the staffing: who called when and where, which keys they pressed how fast,
//! how long they talked, when agents signed on and took breaks. What the journal cannot know is drawn: the patience of those
//! who were answered, the handling time of those who were not, each from what the others of that day did. Every caller and
//! agent draws from a generator of their own, so two configurations meet the same people, and the same configuration gives
//! the same figures to the digit.

use crate::chance::Chance;
use engine::{
    AgentId, AgentState, CallId, Config, Effect, EndedBy, Engine, Event, Fact, Facts, Keys, LegEnd, LegId,
    NumberId, Outcome, PartyId, PromptId, QueueId, Reason, Role, Sound, Taken, Time, TrunkId, Wanted,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The longest prompt of which nothing is known, in milliseconds.
const PROMPT_MS: u64 = 3_000;
/// How long a far end takes to confirm.
const CONFIRM_MS: u64 = 20;
/// How long a phone takes to ring.
const RING_MS: u64 = 40;

/// What a caller answers when the flow asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// A key to choose by.
    Choice(char),
    /// A digit, and where those so far stand in their list.
    Digit(Taken, u16),
}

/// A call of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastCall {
    /// When it came.
    pub at: Time,
    /// The number called.
    pub number: Option<NumberId>,
    /// What the door knew.
    pub facts: Facts,
    /// Whether the caller objected to being treated by what is known of them.
    pub objected: bool,
    /// Keys, each with the time since keys were asked for.
    pub responses: Vec<(u64, Response)>,
    /// What look-ups said, each with the time it took.
    pub found: Vec<(u64, bool, Vec<(engine::AttributeId, u16)>)>,
    /// How long the caller waited before hanging up; `None` if somebody was there before.
    pub patience_ms: Option<u64>,
    /// How long it took until somebody was there, if somebody was: the caller's patience was longer than that.
    pub stayed_ms: u64,
    /// How long the conversation was; `None` if there was none.
    pub talk_ms: Option<u64>,
    /// Whether the agent ended it.
    pub agent_ended: bool,
}

/// A day: everything that did not depend on who was there to answer.
#[derive(Clone, Debug, Default)]
pub struct PastDay {
    /// The configuration at its end.
    pub config: Config,
    /// When it began and ended.
    pub span: (Time, Time),
    /// Its calls in order.
    pub calls: Vec<PastCall>,
    /// What agents asked for, and when.
    pub wishes: Vec<(Time, AgentId, Wanted)>,
    /// Agents' states when it began.
    pub signed_on: BTreeSet<AgentId>,
    /// How long each agent took to pick up; `None` is an offer that was missed.
    pub pick_ups: BTreeMap<AgentId, Vec<Option<u64>>>,
    /// How long prompts are.
    pub prompts: BTreeMap<PromptId, u64>,
    /// The figures as they were.
    pub figures: Figures,
}

/// The figures of one queue, or of all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueFigures {
    /// Entered.
    pub offered: u64,
    /// Answered by an agent.
    pub answered: u64,
    /// Answered within the threshold.
    pub answered_within: u64,
    /// Hung up.
    pub abandoned: u64,
    /// Hung up within the threshold.
    pub abandoned_within: u64,
    /// Went on elsewhere.
    pub flowed_out: u64,
    /// Left to be called back.
    pub callback: u64,
    /// Waits of those answered, in milliseconds, in order.
    pub waits: Vec<u64>,
    /// Time that agents spent on it: talk, hold and wrap-up, in milliseconds.
    pub handling_ms: u64,
    /// Calls handled.
    pub handled: u64,
}

impl QueueFigures {
    /// Service level SL1; 1 if nobody called.
    pub fn service_level(&self) -> f64 {
        let of = self.answered + self.abandoned - self.abandoned_within;
        if of == 0 { 1.0 } else { self.answered_within as f64 / of as f64 }
    }

    /// Share of callers who hung up.
    pub fn abandon_rate(&self) -> f64 {
        if self.offered == 0 { 0.0 } else { self.abandoned as f64 / self.offered as f64 }
    }

    /// Mean wait of those answered, in seconds.
    pub fn asa(&self) -> f64 {
        if self.waits.is_empty() {
            0.0
        } else {
            self.waits.iter().sum::<u64>() as f64 / 1_000.0 / self.waits.len() as f64
        }
    }

    /// The wait that this share of those answered did not exceed, in seconds.
    pub fn wait_quantile(&self, share: f64) -> f64 {
        let n = (self.waits.len() as f64 * share).ceil() as usize;
        self.waits.get(n.saturating_sub(1)).map_or(0.0, |ms| *ms as f64 / 1_000.0)
    }

    /// Mean handling time, in seconds.
    pub fn aht(&self) -> f64 {
        if self.handled == 0 { 0.0 } else { self.handling_ms as f64 / 1_000.0 / self.handled as f64 }
    }
}

/// The figures of a day.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// By queue.
    pub queues: BTreeMap<QueueId, QueueFigures>,
    /// All queues together.
    pub all: QueueFigures,
    /// Time of all agents by state, in milliseconds, in the order of [`AgentState::NAMES`].
    pub agent_ms: [u64; 7],
    /// Calls that began.
    pub calls: u64,
    /// Laws seen broken.
    pub broken: u64,
}

impl Figures {
    /// Time rung, talking or in wrap-up as a share of that and free time.
    pub fn occupancy(&self) -> f64 {
        let busy = self.agent_ms[2] + self.agent_ms[3] + self.agent_ms[4];
        let all = busy + self.agent_ms[1];
        if all == 0 { 0.0 } else { busy as f64 / all as f64 }
    }

    fn count(&mut self, fact: &Fact) {
        match *fact {
            Fact::Entered { queue, .. } => self.both(queue, |q| q.offered += 1),
            Fact::Left { queue, entered, at, outcome, within, .. } => self.both(queue, |q| match outcome {
                Outcome::Answered => {
                    q.answered += 1;
                    q.answered_within += u64::from(within);
                    q.waits.push(at.since(entered));
                }
                Outcome::Abandoned => {
                    q.abandoned += 1;
                    q.abandoned_within += u64::from(within);
                }
                Outcome::FlowedOut => q.flowed_out += 1,
                Outcome::Callback => q.callback += 1,
            }),
            Fact::Handled { queue: Some(queue), talk_ms, hold_ms, wrap_ms, .. } => self.both(queue, |q| {
                q.handled += 1;
                q.handling_ms += talk_ms + hold_ms + wrap_ms;
            }),
            Fact::AgentTime { state, from, to, .. } => {
                if let Some(ms) = self.agent_ms.get_mut(usize::from(state)) {
                    *ms += to.since(from);
                }
            }
            _ => {}
        }
    }

    fn both(&mut self, queue: QueueId, mut change: impl FnMut(&mut QueueFigures)) {
        change(self.queues.entry(queue).or_default());
        change(&mut self.all);
    }

    // The day is over: states that last are counted up to here, waits are put in order.
    fn close(&mut self, engine: &Engine, end: Time) {
        for agent in engine.agents().values() {
            if let Some(ms) = self.agent_ms.get_mut(agent.state.index()) {
                *ms += end.since(agent.since);
            }
        }
        self.all.waits.sort_unstable();
        for q in self.queues.values_mut() {
            q.waits.sort_unstable();
        }
        self.broken += u64::from(engine.check_all().is_err());
    }
}

// ---- reading a journal ----

/// Reads a journal into a day. Give it every event in order.
#[derive(Default)]
pub struct Reader {
    engine: Engine,
    day: PastDay,
    by_leg: BTreeMap<LegId, usize>,
    by_call: BTreeMap<CallId, usize>,
    asked: BTreeMap<LegId, Time>,
    looked_up: BTreeMap<CallId, Time>,
    playing: BTreeMap<LegId, (PromptId, Time)>,
    ringing: BTreeMap<LegId, (AgentId, Time)>,
    began: bool,
}

impl Reader {
    /// The next event.
    pub fn event(&mut self, at: Time, event: Event) {
        if !self.began && !matches!(event, Event::Started { .. } | Event::Configured { .. }) {
            self.began = true;
            self.day.span.0 = at;
            let there = self.engine.agents().values().filter(|a| !matches!(a.state, AgentState::Offline));
            self.day.signed_on = there.map(|a| a.id).collect();
        }
        self.day.span.1 = self.day.span.1.max(at);
        match &event {
            Event::Configured { config } => self.day.config = Config::clone(config),
            Event::CallArrived { number, facts, .. }
            | Event::ObjectorArrived { number, facts, .. }
            | Event::HelpCalled { number, facts, .. } => {
                let objected =
                    matches!(event, Event::ObjectorArrived { .. } | Event::HelpCalled { objected: true, .. });
                let n = self.day.calls.len();
                self.by_leg.insert(self.engine.next_leg(), n);
                self.day.calls.push(PastCall {
                    at,
                    number: *number,
                    facts: *facts,
                    objected,
                    ..PastCall::default()
                });
            }
            Event::AgentWants { agent, wanted } => {
                // What ends a wrap-up early belongs to a call that may not be there another time.
                let state = self.engine.agents().get(agent).map(|a| a.state);
                let early = matches!(state, Some(AgentState::WrapUp { .. })) && *wanted == Wanted::Available;
                if !early && !matches!(wanted, Wanted::MoreWrapUp(_)) {
                    self.day.wishes.push((at, *agent, *wanted));
                }
            }
            Event::Digit { leg, digit } => self.response(at, *leg, Response::Choice(*digit)),
            Event::DigitTaken { leg, taken, matches } => {
                self.response(at, *leg, Response::Digit(*taken, *matches));
            }
            Event::LookedUp { call, ok, found, .. } => {
                if let (Some(since), Some(n)) = (self.looked_up.remove(call), self.by_call.get(call)) {
                    self.day.calls[*n].found.push((at.since(since), *ok, found.clone()));
                }
            }
            Event::PlayEnded { leg } => {
                if let Some((prompt, since)) = self.playing.remove(leg) {
                    self.day.prompts.insert(prompt, at.since(since));
                }
            }
            Event::LegAnswered { leg } => {
                if let Some((agent, since)) = self.ringing.remove(leg) {
                    self.day.pick_ups.entry(agent).or_default().push(Some(at.since(since)));
                }
            }
            Event::LegEnded { leg, .. } => {
                if let Some((agent, _)) = self.ringing.remove(leg) {
                    // A caller who left says nothing about the agent.
                    let state = self.engine.legs().get(leg).map(|l| (l.state, l.rang_too_long));
                    if state.is_some_and(|(s, too_long)| too_long || s != engine::LegState::Ending) {
                        self.day.pick_ups.entry(agent).or_default().push(None);
                    }
                }
            }
            _ => {}
        }
        self.engine.handle(at, event);
        while let Some((_, effect)) = self.engine.poll() {
            self.effect(at, effect);
        }
    }

    fn response(&mut self, at: Time, leg: LegId, response: Response) {
        if let (Some(since), Some(n)) = (self.asked.get(&leg), self.by_leg.get(&leg)) {
            self.day.calls[*n].responses.push((at.since(*since), response));
        }
    }

    fn effect(&mut self, at: Time, effect: Effect) {
        match effect {
            Effect::Keys { leg, keys } if keys != Keys::Pass => {
                self.asked.insert(leg, at);
            }
            Effect::LookUp { call, leg, .. } | Effect::PassSecret { call, leg, .. } => {
                self.looked_up.insert(call, at);
                if let Some(n) = self.by_leg.get(&leg) {
                    self.by_call.insert(call, *n);
                }
            }
            Effect::Play { leg, sound: Sound::Prompt(prompt, _) } => {
                self.playing.insert(leg, (prompt, at));
            }
            Effect::Play { leg, .. } | Effect::Hear { leg, .. } => {
                self.playing.remove(&leg);
            }
            Effect::DialAgent { leg, agent, .. } => {
                self.ringing.insert(leg, (agent, at));
            }
            Effect::Count(fact) => self.day.figures.count(&fact),
            Effect::Keep(record) => {
                self.day.figures.calls += 1;
                let customer = record.legs.iter().find(|l| matches!(l.role, Role::Caller)).map(|l| l.id);
                let Some(n) = customer.and_then(|l| self.by_leg.remove(&l)) else { return };
                let call = &mut self.day.calls[n];
                if record.talked_ms > 0 {
                    call.talk_ms = Some(record.talked_ms);
                    call.stayed_ms = record.ended.since(record.began).saturating_sub(record.talked_ms);
                    call.agent_ended = record.ended_by == EndedBy::Agent;
                } else if matches!(record.reason, Reason::Abandoned | Reason::GaveUp) {
                    call.patience_ms = Some(record.ended.since(record.began));
                }
            }
            _ => {}
        }
    }

    /// The whole day.
    pub fn finish(mut self) -> PastDay {
        let end = self.day.span.1;
        self.day.figures.close(&self.engine, end);
        self.day
    }
}

// ---- running a day ----

enum Planned {
    Tell(Event),
    GiveUp(usize),
    EndTalk(usize, LegId),
    Arrive(usize),
}

struct Someone {
    leg: LegId,
    responses: VecDeque<(u64, Response)>,
    found: VecDeque<(u64, bool, Vec<(engine::AttributeId, u16)>)>,
    talk_ms: u64,
    talked_with: Option<LegId>,
}

/// Runs a day with a configuration. `seed` decides what the journal does not know.
pub fn run(day: &PastDay, config: &Config, seed: u64) -> Figures {
    let mut world = World {
        day,
        engine: Engine::new(),
        plan: BTreeMap::new(),
        sequence: 0,
        callers: BTreeMap::new(),
        people: BTreeMap::new(),
        agents: BTreeMap::new(),
        figures: Figures::default(),
        patience: Unknown::patience(day),
        talk: Unknown::talk(day),
        pick_up: Unknown::pick_up(day),
        seed,
    };
    world.run(config)
}

/// Mean patience of a day's callers, in milliseconds. Those who were answered would have waited longer than they did, so it
/// is all waiting divided by the number of those who gave up: the maximum-likelihood estimate for a constant rate of
/// giving up. Ten minutes if nobody did.
pub fn mean_patience_ms(day: &PastDay) -> u64 {
    let waited: u64 = day.calls.iter().filter_map(|c| c.patience_ms).sum();
    let gave_up = day.calls.iter().filter(|c| c.patience_ms.is_some()).count() as u64;
    let answered: u64 = day.figures.all.waits.iter().sum();
    (waited + answered).checked_div(gave_up).map_or(600_000, |ms| ms.max(1_000))
}

/// What is drawn for those of whom the journal knows nothing.
struct Unknown(Vec<u64>, u64);

impl Unknown {
    fn patience(day: &PastDay) -> Unknown {
        Unknown(Vec::new(), mean_patience_ms(day))
    }

    fn talk(day: &PastDay) -> Unknown {
        Unknown(day.calls.iter().filter_map(|c| c.talk_ms).collect(), 180_000)
    }

    fn pick_up(day: &PastDay) -> Unknown {
        Unknown(day.pick_ups.values().flatten().map(|p| p.unwrap_or(u64::MAX)).collect(), 4_000)
    }

    fn draw(&self, chance: &mut Chance) -> u64 {
        match self.0.len() {
            0 => chance.exponential(self.1),
            n => self.0[chance.below(n as u64) as usize],
        }
    }
}

struct World<'a> {
    day: &'a PastDay,
    engine: Engine,
    plan: BTreeMap<(Time, u64), Planned>,
    sequence: u64,
    callers: BTreeMap<LegId, usize>,
    people: BTreeMap<usize, Someone>,
    agents: BTreeMap<AgentId, Chance>,
    figures: Figures,
    patience: Unknown,
    talk: Unknown,
    pick_up: Unknown,
    seed: u64,
}

impl World<'_> {
    fn run(&mut self, config: &Config) -> Figures {
        let (start, end) = self.day.span;
        self.tell(start, Event::Started { seed: self.seed });
        self.tell(start, Event::Configured { config: Box::new(config.clone()) });
        // Whoever was there when the day began is there now; who is new starts as configured.
        let known: BTreeSet<AgentId> = self.day.config.agents.iter().map(|a| a.id).collect();
        let agents: Vec<AgentId> = config.agents.iter().map(|a| a.id).filter(|a| known.contains(a)).collect();
        for agent in agents {
            let wanted = match self.day.signed_on.contains(&agent) {
                true => Wanted::Available,
                false => Wanted::Offline,
            };
            self.tell(start, Event::AgentWants { agent, wanted });
        }
        let day = self.day;
        for (at, agent, wanted) in &day.wishes {
            self.plan(*at, Planned::Tell(Event::AgentWants { agent: *agent, wanted: *wanted }));
        }
        for (n, call) in day.calls.iter().enumerate() {
            self.plan(call.at, Planned::Arrive(n));
        }
        loop {
            let planned = self.plan.first_key_value().map(|((at, _), _)| *at);
            let due = self.engine.deadline();
            match (planned, due) {
                (Some(p), Some(d)) if d < p => self.tell(d, Event::TimePassed),
                (Some(p), _) => {
                    if let Some((_, what)) = self.plan.pop_first() {
                        self.happen(p, what);
                    }
                }
                // Only what was in the day counts, but what was open at its end comes to its own.
                (None, Some(d)) if !self.engine.calls().is_empty() => self.tell(d, Event::TimePassed),
                (None, _) => break,
            }
        }
        let mut figures = std::mem::take(&mut self.figures);
        let over = self.engine.now().max(end);
        figures.close(&self.engine, over);
        figures
    }

    fn plan(&mut self, at: Time, what: Planned) {
        self.sequence += 1;
        self.plan.insert((at, self.sequence), what);
    }

    fn happen(&mut self, now: Time, what: Planned) {
        match what {
            Planned::Tell(event) => self.tell(now, event),
            Planned::Arrive(n) => self.arrive(now, n),
            Planned::GiveUp(n) => {
                let Some(p) = self.people.get(&n) else { return };
                if p.talked_with.is_none() {
                    let leg = p.leg;
                    self.tell(now, Event::LegEnded { leg, end: LegEnd::FarHungUp });
                }
            }
            Planned::EndTalk(n, far) => {
                let Some(p) = self.people.get(&n) else { return };
                let by_agent = self.day.calls.get(n).is_some_and(|c| c.agent_ended);
                let leg = if by_agent { far } else { p.leg };
                self.tell(now, Event::LegEnded { leg, end: LegEnd::FarHungUp });
            }
        }
    }

    fn arrive(&mut self, now: Time, n: usize) {
        let day = self.day;
        let Some(call) = day.calls.get(n) else { return };
        let mut chance = Chance::new(self.seed ^ (n as u64 + 1).wrapping_mul(0xD6E8_FEB8_6659_FD93));
        let patience = self.patience.1;
        // Whoever was answered after a wait had at least that patience; a constant rate of giving up has no memory.
        let drawn = call.stayed_ms.saturating_add(chance.exponential(patience));
        let patience = call.patience_ms.unwrap_or(drawn);
        let drawn = self.talk.draw(&mut chance);
        let talk_ms = call.talk_ms.unwrap_or(drawn);
        let leg = self.engine.next_leg();
        self.callers.insert(leg, n);
        let person = Someone {
            leg,
            responses: call.responses.iter().cloned().collect(),
            found: call.found.iter().cloned().collect(),
            talk_ms,
            talked_with: None,
        };
        self.people.insert(n, person);
        self.plan(now.plus(patience), Planned::GiveUp(n));
        let caller = PartyId(n as u64);
        let (number, trunk, facts) = (call.number, TrunkId(0), call.facts);
        let event = match call.objected {
            true => Event::ObjectorArrived { number, caller, trunk, facts },
            false => Event::CallArrived { number, caller, trunk, facts },
        };
        self.tell(now, event);
    }

    fn tell(&mut self, now: Time, event: Event) {
        self.engine.handle(now, event);
        while let Some((_, effect)) = self.engine.poll() {
            self.obey(now, effect);
        }
        if self.engine.position().is_multiple_of(1_000) {
            self.figures.broken += u64::from(self.engine.check_counts().is_err());
        }
    }

    fn obey(&mut self, now: Time, effect: Effect) {
        let soon = now.plus(CONFIRM_MS);
        match effect {
            Effect::Answer { leg } => self.plan(soon, Planned::Tell(Event::LegAnswered { leg })),
            Effect::Refuse { leg, .. } | Effect::HangUp { leg, .. } => {
                self.plan(soon, Planned::Tell(Event::LegEnded { leg, end: LegEnd::NearHungUp }));
            }
            Effect::Play { leg, sound: Sound::Prompt(prompt, _) } => {
                let length = self.day.prompts.get(&prompt).copied().unwrap_or(PROMPT_MS);
                self.plan(now.plus(length), Planned::Tell(Event::PlayEnded { leg }));
            }
            Effect::Keys { leg, keys } if keys != Keys::Pass => self.respond(now, leg, keys),
            Effect::LookUp { call, leg, request, .. } | Effect::PassSecret { call, leg, request, .. } => {
                let found = self.someone(leg).and_then(|p| p.found.pop_front());
                let (after, ok, found) = found.unwrap_or((300, false, Vec::new()));
                self.plan(now.plus(after), Planned::Tell(Event::LookedUp { call, request, ok, found }));
            }
            Effect::DialAgent { leg, agent, .. } => self.ring(now, leg, agent),
            Effect::DialTarget { leg, .. } | Effect::DialParty { leg, .. } => {
                self.plan(now.plus(RING_MS), Planned::Tell(Event::LegRinging { leg }));
                self.plan(now.plus(5_000), Planned::Tell(Event::LegAnswered { leg }));
            }
            Effect::CheckNumber { leg, .. } => {
                let party = self.callers.get(&leg).map(|n| PartyId(*n as u64));
                let person = party.map_or(0, |p| p.0 + 1);
                self.plan(soon, Planned::Tell(Event::NumberChecked { leg, party, person }));
            }
            Effect::Hear { leg, from } => {
                let far = from.first().copied();
                if let (Some(n), Some(far)) = (self.callers.get(&leg).copied(), far) {
                    let Some(p) = self.people.get_mut(&n) else { return };
                    if p.talked_with.replace(far) != Some(far) {
                        let at = now.plus(p.talk_ms);
                        self.plan(at, Planned::EndTalk(n, far));
                    }
                }
            }
            Effect::Count(fact) => self.figures.count(&fact),
            Effect::Keep(record) => {
                self.figures.calls += 1;
                let customer = record.legs.iter().find(|l| matches!(l.role, Role::Caller));
                if let Some(n) = customer.and_then(|l| self.callers.remove(&l.id)) {
                    self.people.remove(&n);
                }
            }
            _ => {}
        }
    }

    fn someone(&mut self, leg: LegId) -> Option<&mut Someone> {
        let n = self.callers.get(&leg)?;
        self.people.get_mut(n)
    }

    // The keys that this caller pressed that day, at the same pace. Asked for more than that day, the caller is silent.
    fn respond(&mut self, now: Time, leg: LegId, keys: Keys) {
        let mut list = Vec::new();
        if let Some(p) = self.someone(leg) {
            let choose = keys == Keys::Choose;
            while p.responses.front().is_some_and(|(_, r)| matches!(r, Response::Choice(_)) == choose) {
                list.extend(p.responses.pop_front());
                // One key answers a menu; digits come together.
                if choose {
                    break;
                }
            }
        }
        for (after, response) in list {
            let event = match response {
                Response::Choice(digit) => Event::Digit { leg, digit },
                Response::Digit(taken, matches) => Event::DigitTaken { leg, taken, matches },
            };
            self.plan(now.plus(after), Planned::Tell(event));
        }
    }

    fn ring(&mut self, now: Time, leg: LegId, agent: AgentId) {
        let seed = self.seed;
        let chance = self.agents.entry(agent).or_insert_with(|| {
            Chance::new(seed ^ (u64::from(agent.0) + 7).wrapping_mul(0xA24B_AED4_963E_E407))
        });
        let own = self.day.pick_ups.get(&agent).filter(|p| p.len() >= 5);
        let after = match own {
            Some(list) => list[chance.below(list.len() as u64) as usize],
            None => Some(self.pick_up.draw(chance)).filter(|ms| *ms != u64::MAX),
        };
        self.plan(now.plus(RING_MS), Planned::Tell(Event::LegRinging { leg }));
        if let Some(after) = after {
            self.plan(now.plus(after.max(RING_MS + 1)), Planned::Tell(Event::LegAnswered { leg }));
        }
    }
}

/// A mean over several seeds and half the width of its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// The true mean lies within this of it, 95 times of 100; 0 for a single seed.
    pub plus_minus: f64,
}

/// Mean and interval (Student's t) of what each seed gave.
pub fn mean(values: &[f64]) -> Mean {
    let n = values.len() as f64;
    if values.is_empty() {
        return Mean { mean: 0.0, plus_minus: 0.0 };
    }
    let mean = values.iter().sum::<f64>() / n;
    if values.len() == 1 {
        return Mean { mean, plus_minus: 0.0 };
    }
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    // Two-sided 95 % points of Student's t for 1 to 30 degrees of freedom; the normal one beyond.
    const T: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
        2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048,
        2.045, 2.042,
    ];
    let t = T.get(values.len() - 2).copied().unwrap_or(1.960);
    Mean { mean, plus_minus: t * (variance / n).sqrt() }
}

/// Makes up a day of traffic: nobody's journal, but the same shape.
#[derive(Clone, Copy, Debug)]
pub struct MadeUp {
    /// Everything follows from it.
    pub seed: u64,
    /// How long callers come, in milliseconds.
    pub span_ms: u64,
    /// Calls in an hour, on the whole.
    pub calls_per_hour: u64,
    /// Mean length of a conversation, in milliseconds.
    pub mean_talk_ms: u64,
    /// Mean patience, in milliseconds.
    pub mean_patience_ms: u64,
}

impl MadeUp {
    /// The day, for a configuration: its numbers are called alike, all its agents are there.
    pub fn day(&self, config: &Config) -> PastDay {
        let mut chance = Chance::new(self.seed);
        let start = Time(1_800_000_000_000);
        let end = start.plus(self.span_ms);
        let gap = 3_600_000 / self.calls_per_hour.max(1);
        let mut calls = Vec::new();
        let mut at = start.plus(chance.exponential(gap));
        while at < end {
            let number = match config.numbers.len() {
                0 => None,
                n => config.numbers.get(chance.below(n as u64) as usize).map(|n| n.id),
            };
            calls.push(PastCall {
                at,
                number,
                facts: Facts { person: calls.len() as u64 + 1, ..Facts::default() },
                patience_ms: Some(500 + chance.exponential(self.mean_patience_ms)),
                talk_ms: Some(500 + chance.exponential(self.mean_talk_ms)),
                ..PastCall::default()
            });
            at = at.plus(chance.exponential(gap));
        }
        PastDay {
            config: config.clone(),
            span: (start, end),
            calls,
            signed_on: config.agents.iter().map(|a| a.id).collect(),
            ..PastDay::default()
        }
    }
}
