//! Traffic: the people of [`crate::people`] acting through [`Phones`], for `demo` and for smoke tests of real
//! calls.
//!
//! Driven like [`Phones`]: [`Traffic::handle`], [`Traffic::poll_transmit`] until it gives nothing, wait for
//! [`Traffic::deadline`]. It owns callers and agents; whom it calls is the program that is tried out.
//!
//! Nobody tells a caller that an agent has answered. Here both are the same hands: an agent's phone knows the
//! caller by the number that it is shown, and so a caller in talk is told from one who waits. Where the
//! number does not come through, agents end their calls alone and callers wait until their patience is over.

use crate::chance::Chance;
use crate::people::{Agent, Answer, Caller};
use crate::phones::{Audio, PhoneEvent, PhoneId, Phones, PhonesInput, PhonesTransmit};
use media::tone;
use sip::Time;
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

/// What callers send when tones are wanted, in hertz.
pub const CALLER_HZ: u32 = 440;
/// What agents send when tones are wanted, in hertz.
pub const AGENT_HZ: u32 = 1_000;

/// Traffic to make.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Everything follows from it and from when what arrives.
    pub seed: u64,
    /// The address of all phones.
    pub sip: SocketAddr,
    /// Where they receive audio.
    pub media_ip: IpAddr,
    /// The even ports in this range are used for audio, the odd ones for RTCP where it is not shared.
    pub rtp_ports: RangeInclusive<u16>,
    /// Where calls go.
    pub to: SocketAddr,
    /// Numbers to call, chosen evenly.
    pub numbers: Vec<String>,
    /// User parts of the agents' addresses.
    pub agents: Vec<String>,
    /// How agents are: this diligent (milliseconds to pick up), or as people are.
    pub pick_up_ms: Option<u64>,
    /// Calls a minute, on the whole.
    pub calls_per_minute: u32,
    /// Mean length of talk; patience has the same mean.
    pub mean_talk_ms: u64,
    /// Callers at a time, at most; who would come then is counted and stays at home.
    pub max_calls: usize,
    /// Whether people send tones instead of silence and listen for each other's.
    pub tones: bool,
}

/// What has happened so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Calls dialled. When all is over, as many as `ended`.
    pub dialled: u64,
    /// Of these, answered by the program called: greeting, music and whatever follows.
    pub connected: u64,
    /// Calls that an agent answered.
    pub answered: u64,
    /// Offers that an agent let ring or refused, or that were withdrawn before the agent picked up.
    pub missed: u64,
    /// Callers who lost patience.
    pub gave_up: u64,
    /// Calls refused by the program called.
    pub refused: u64,
    /// Callers' calls that are over, however they ended.
    pub ended: u64,
    /// Holds agreed to.
    pub held: u64,
    /// Calls not made because [`Plan::max_calls`] were there or no port was free.
    pub stayed_home: u64,
    /// Agents rung while they talked: it must not happen.
    pub rung_while_busy: u64,
    /// Calls for somebody who is not here.
    pub unknown: u64,
    /// With tones: talks in which caller and agent heard each other, and those in which one did not.
    pub heard: u64,
    /// See `heard`.
    pub not_heard: u64,
}

enum Planned {
    Arrive,
    GiveUp(PhoneId),
    PickUp(PhoneId),
    Decline(PhoneId),
    Hold(PhoneId, bool),
    /// Caller and agent listen for each other.
    Listen(PhoneId, PhoneId),
    HangUp(PhoneId),
}

struct Calling {
    habits: Caller,
    number: String,
    /// The agent's phone, while they talk.
    agent: Option<PhoneId>,
    /// There was an agent, and the caller does not leave for want of one.
    talked: bool,
    /// Hung up already; the end is on its way.
    leaves: bool,
    port: u16,
}

struct AtWork {
    habits: Agent,
    phone: Option<PhoneId>,
}

struct AgentCall {
    agent: usize,
    caller: Option<PhoneId>,
    port: Option<u16>,
}

/// Callers and agents with their phones.
pub struct Traffic {
    plan: Plan,
    phones: Phones,
    chance: Chance,
    now: Time,
    planned: BTreeMap<(Time, u64), Planned>,
    sequence: u64,
    callers: BTreeMap<PhoneId, Calling>,
    agents: Vec<AtWork>,
    agent_calls: BTreeMap<PhoneId, AgentCall>,
    // The port that rested longest is taken first, so that late packets of the last call do not meet the next
    // one.
    ports: VecDeque<u16>,
    counts: Counts,
    stopped: bool,
}

impl Traffic {
    /// Traffic whose first caller dials soon after `now`.
    pub fn new(now: Time, plan: Plan) -> Traffic {
        let mut chance = Chance::new(plan.seed);
        let phones = Phones::new(plan.sip, plan.media_ip, chance.number());
        let habits = |chance: &mut Chance| match plan.pick_up_ms {
            Some(ms) => Agent::diligent(ms),
            None => Agent::new(chance),
        };
        let agents =
            plan.agents.iter().map(|_| AtWork { habits: habits(&mut chance), phone: None }).collect();
        let mut traffic = Traffic {
            phones,
            chance,
            now,
            planned: BTreeMap::new(),
            sequence: 0,
            callers: BTreeMap::new(),
            agents,
            agent_calls: BTreeMap::new(),
            ports: plan.rtp_ports.clone().filter(|port| port % 2 == 0).collect(),
            counts: Counts::default(),
            stopped: plan.numbers.is_empty() || plan.calls_per_minute == 0,
            plan,
        };
        traffic.next_arrival();
        traffic
    }

    /// Nobody calls any more; calls that are there go on to their end.
    pub fn stop(&mut self, now: Time) {
        self.now = self.now.max(now);
        self.stopped = true;
    }

    /// Everybody hangs up now.
    pub fn hang_up_all(&mut self, now: Time) {
        self.now = self.now.max(now);
        self.stopped = true;
        let open: Vec<PhoneId> = self.callers.keys().chain(self.agent_calls.keys()).copied().collect();
        for phone in open {
            self.phones.hang_up(self.now, phone);
        }
        self.settle();
    }

    /// Whether nobody will call any more and nobody is in a call.
    pub fn is_idle(&self) -> bool {
        self.stopped && self.phones.is_empty()
    }

    /// As [`Phones::is_settled`].
    pub fn is_settled(&self) -> bool {
        self.stopped && self.phones.is_settled()
    }

    /// What has happened so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Callers in a call, and agents in one.
    pub fn open(&self) -> (usize, usize) {
        (self.callers.len(), self.agent_calls.len())
    }

    /// The phones themselves, to look at.
    pub fn phones(&self) -> &Phones {
        &self.phones
    }

    /// Takes in what happened.
    pub fn handle(&mut self, now: Time, input: PhonesInput<'_>) {
        self.now = self.now.max(now);
        self.phones.handle(self.now, input);
        self.settle();
        while let Some(entry) = self.planned.first_entry().filter(|e| e.key().0 <= self.now) {
            let planned = entry.remove();
            self.act(planned);
            self.settle();
        }
    }

    /// The next datagram to send.
    pub fn poll_transmit(&mut self) -> Option<PhonesTransmit<'_>> {
        self.phones.poll_transmit()
    }

    /// When to call [`Traffic::handle`] with [`PhonesInput::Tick`] at the latest. Ask after draining.
    pub fn deadline(&mut self) -> Option<Time> {
        // Draining may have brought events: a phone that hears nothing hangs up there.
        self.settle();
        let planned = self.planned.first_key_value().map(|((at, _), _)| *at);
        [self.phones.deadline(), planned].into_iter().flatten().min()
    }

    fn plan(&mut self, in_ms: u64, what: Planned) {
        self.sequence += 1;
        let at = Time(self.now.0 + in_ms * 1_000);
        self.planned.insert((at, self.sequence), what);
    }

    fn next_arrival(&mut self) {
        if !self.stopped {
            let gap = self.chance.exponential(60_000 / u64::from(self.plan.calls_per_minute).min(60_000));
            self.plan(gap, Planned::Arrive);
        }
    }

    fn act(&mut self, planned: Planned) {
        let now = self.now;
        match planned {
            Planned::Arrive if self.stopped => {}
            Planned::Arrive => {
                self.arrive();
                self.next_arrival();
            }
            Planned::GiveUp(phone) => {
                if let Some(c) = self.callers.get_mut(&phone).filter(|c| c.agent.is_none() && !c.leaves) {
                    c.leaves = true;
                    self.counts.gave_up += u64::from(!c.talked);
                    self.phones.hang_up(now, phone);
                }
            }
            Planned::PickUp(phone) => self.pick_up(phone),
            Planned::Decline(phone) => {
                // Nothing is told of what one does oneself.
                if self.agent_calls.contains_key(&phone) {
                    self.phones.decline(now, phone, 486);
                    self.counts.missed += 1;
                    self.agent_over(phone);
                }
            }
            Planned::Hold(phone, on) => self.phones.hold(now, phone, on),
            Planned::Listen(caller, agent) => self.listen(caller, agent),
            Planned::HangUp(phone) => self.phones.hang_up(now, phone),
        }
    }

    fn arrive(&mut self) {
        // The chances are taken in any case, so that a full house does not change who comes later.
        let habits = Caller::new(&mut self.chance, self.plan.mean_talk_ms);
        let number = self.fresh_number();
        let name = self.name();
        let called = self.chance.below(self.plan.numbers.len() as u64) as usize;
        let full = self.callers.len() >= self.plan.max_calls;
        let Some(port) = self.ports.pop_front_if(|_| !full) else {
            self.counts.stayed_home += 1;
            return;
        };
        let audio = self.audio(CALLER_HZ);
        let to = self.plan.to;
        let phone = self.phones.dial(self.now, &number, &name, to, &self.plan.numbers[called], audio, port);
        self.counts.dialled += 1;
        self.callers
            .insert(phone, Calling { habits, number, agent: None, talked: false, leaves: false, port });
        self.plan(habits.patience_ms, Planned::GiveUp(phone));
    }

    /// A number kept for fiction, unlike those of everybody who is calling now.
    fn fresh_number(&mut self) -> String {
        loop {
            let area = self.chance.between(201, 989);
            let line = self.chance.between(100, 199);
            let number = format!("+1{area}5550{line}");
            if self.callers.values().all(|c| c.number != number) {
                return number;
            }
        }
    }

    fn name(&mut self) -> String {
        const GIVEN: [&str; 8] = ["Anna", "Bela", "Chidi", "Dana", "Emre", "Freya", "Goran", "Hana"];
        const FAMILY: [&str; 8] =
            ["Adler", "Berg", "Costa", "Dubois", "Eriksen", "Fischer", "Gallo", "Horvat"];
        let given = GIVEN[self.chance.below(8) as usize];
        let family = FAMILY[self.chance.below(8) as usize];
        format!("{given} {family}")
    }

    fn audio(&self, hertz: u32) -> Audio {
        if self.plan.tones { Audio::Tone(hertz) } else { Audio::Silence }
    }

    fn settle(&mut self) {
        while let Some(event) = self.phones.poll_event() {
            match event {
                PhoneEvent::Rings { phone, user } => self.rings(phone, &user),
                PhoneEvent::Answered { phone } => self.answered(phone),
                PhoneEvent::Held { .. } => self.counts.held += 1,
                PhoneEvent::Refused { phone, code } => {
                    if self.callers.contains_key(&phone) && code != 487 {
                        self.counts.refused += 1;
                    }
                    self.over(phone);
                }
                PhoneEvent::GaveUp { phone } => {
                    if self.agent_calls.contains_key(&phone) {
                        self.counts.missed += 1;
                    }
                    self.over(phone);
                }
                PhoneEvent::Ended { phone, .. } => self.over(phone),
                PhoneEvent::RingingThere { .. }
                | PhoneEvent::HeldByFar { .. }
                | PhoneEvent::HoldRefused { .. }
                | PhoneEvent::Pressed { .. }
                | PhoneEvent::Referred { .. } => {}
            }
        }
    }

    fn rings(&mut self, phone: PhoneId, user: &str) {
        let Some(agent) = self.plan.agents.iter().position(|a| a == user) else {
            self.counts.unknown += 1;
            return self.phones.decline(self.now, phone, 404);
        };
        if self.agents[agent].phone.is_some() {
            self.counts.rung_while_busy += 1;
            return self.phones.decline(self.now, phone, 486);
        }
        self.agents[agent].phone = Some(phone);
        self.agent_calls.insert(phone, AgentCall { agent, caller: None, port: None });
        let does = self.agents[agent].habits.answer(&mut self.chance);
        if does != Answer::Vanished {
            self.phones.ring(self.now, phone);
        }
        match does {
            Answer::After(ms) => self.plan(ms, Planned::PickUp(phone)),
            Answer::Declines(ms) => self.plan(ms, Planned::Decline(phone)),
            Answer::Never | Answer::Vanished => {}
        }
    }

    fn pick_up(&mut self, phone: PhoneId) {
        let audio = self.audio(AGENT_HZ);
        let Some(call) = self.agent_calls.get_mut(&phone) else { return };
        let Some(port) = self.ports.pop_front() else {
            self.phones.decline(self.now, phone, 480);
            self.counts.missed += 1;
            return self.agent_over(phone);
        };
        call.port = Some(port);
        self.phones.answer(self.now, phone, audio, port);
    }

    fn answered(&mut self, phone: PhoneId) {
        if self.callers.contains_key(&phone) {
            self.counts.connected += 1;
            return;
        }
        let shown = self.phones.caller(phone).unwrap_or_default();
        let caller = self.callers.iter().find(|(_, c)| c.agent.is_none() && same_number(&c.number, shown));
        let caller = caller.map(|(id, _)| *id);
        let Some(call) = self.agent_calls.get_mut(&phone) else { return };
        self.counts.answered += 1;
        call.caller = caller;
        let Some((caller, c)) = caller.and_then(|id| Some((id, self.callers.get_mut(&id)?))) else {
            let talk = Caller::new(&mut self.chance, self.plan.mean_talk_ms).talk_ms;
            return self.plan(talk, Planned::HangUp(phone));
        };
        c.agent = Some(phone);
        c.talked = true;
        let habits = c.habits;
        let ends = if habits.agent_ends { phone } else { caller };
        self.plan(habits.talk_ms, Planned::HangUp(ends));
        if habits.hold_ms > 0 && habits.talk_ms > 1_000 {
            self.plan(habits.talk_ms / 3, Planned::Hold(ends, true));
            self.plan(habits.talk_ms / 3 + habits.hold_ms, Planned::Hold(ends, false));
        } else if self.plan.tones && habits.talk_ms > 2_000 {
            self.plan(habits.talk_ms - 200, Planned::Listen(caller, phone));
        }
    }

    fn listen(&mut self, caller: PhoneId, agent: PhoneId) {
        if !(self.phones.is_up(caller) && self.phones.is_up(agent)) {
            return;
        }
        let candidates = [f64::from(CALLER_HZ), f64::from(AGENT_HZ)];
        let hears = |phone, hertz: u32| {
            let heard = self.phones.heard(self.now, phone);
            tone::loudest(&heard, 8_000, &candidates) == Some(f64::from(hertz))
        };
        if hears(caller, AGENT_HZ) && hears(agent, CALLER_HZ) {
            self.counts.heard += 1;
        } else {
            self.counts.not_heard += 1;
        }
    }

    fn over(&mut self, phone: PhoneId) {
        if let Some(caller) = self.callers.remove(&phone) {
            self.counts.ended += 1;
            self.ports.push_back(caller.port);
            if let Some(call) = caller.agent.and_then(|a| self.agent_calls.get_mut(&a)) {
                call.caller = None;
            }
        } else {
            self.agent_over(phone);
        }
    }

    fn agent_over(&mut self, phone: PhoneId) {
        let Some(call) = self.agent_calls.remove(&phone) else { return };
        self.agents[call.agent].phone = None;
        self.ports.extend(call.port);
        // The caller goes on without: the program called may have more to say, or hangs up.
        if let Some(caller) = call.caller
            && let Some(c) = self.callers.get_mut(&caller)
        {
            c.agent = None;
            let patience = c.habits.patience_ms;
            self.plan(patience, Planned::GiveUp(caller));
        }
    }
}

/// Whether two numbers are the same but for how their beginning is written.
fn same_number(ours: &str, shown: &str) -> bool {
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    let shown = digits(shown);
    !shown.is_empty() && digits(ours) == shown
}
