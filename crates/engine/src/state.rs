//! The engine: its state, the way events come in, and the way effects go out.

use crate::agent::Agent;
use crate::call::{Arrival, Call};
use crate::callback::Callback;
use crate::config::{NumberConfig, QueueConfig, SecureConfig};
use crate::destination::Destination;
use crate::effect::Effect;
use crate::event::Event;
use crate::flow::Editions;
use crate::hours::HoursConfig;
use crate::ids::{
    AgentId, CallId, CallbackId, EffectId, EntryId, HoursId, LegId, NumberId, PartyId, PromptId, QueueId,
    RecordingId, SecureId,
};
use crate::ledger::{Ledger, MeterId};
use crate::leg::Leg;
use crate::need::Needs;
use crate::presence::{Kept, Presence};
use crate::queue::{Entry, Queue};
use crate::register::Register;
use crate::route::Candidate;
use crate::table::Table;
use crate::timers::{Time, Timers, Waiter};
use crate::toll::{Refusal, TollConfig};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The configuration, found by number.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) queues: Register<QueueId, QueueConfig>,
    pub(crate) numbers: Register<NumberId, NumberConfig>,
    pub(crate) hours: BTreeMap<HoursId, HoursConfig>,
    pub(crate) secure: BTreeMap<SecureId, SecureConfig>,
    pub(crate) hold_music: PromptId,
    pub(crate) max_call_ms: u64,
    pub(crate) toll: Option<Box<TollConfig>>,
}

/// All that the engine knows. Everything in it follows from the events.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) now: Time,
    pub(crate) position: u64,
    pub(crate) seed: u64,
    pub(crate) draining: bool,
    pub(crate) next_call: u64,
    pub(crate) next_leg: u64,
    pub(crate) next_entry: u64,
    pub(crate) next_recording: u64,
    pub(crate) next_effect: u64,
    pub(crate) next_callback: u64,
    pub(crate) next_request: u64,
    /// Offers made, for whose turn it is.
    pub(crate) offers: u64,
    pub(crate) config: Settings,
    pub(crate) editions: Editions,
    pub(crate) needs: Needs,
    pub(crate) calls: Table<CallId, Box<Call>>,
    pub(crate) legs: Table<LegId, Box<Leg>>,
    pub(crate) entries: Table<EntryId, Box<Entry>>,
    pub(crate) queues: Register<QueueId, Queue>,
    pub(crate) agents: Register<AgentId, Box<Agent>>,
    pub(crate) callbacks: BTreeMap<CallbackId, Callback>,
    pub(crate) callback_persons: BTreeMap<u64, CallbackId>,
    /// Entries that only one agent may have.
    pub(crate) reserved: BTreeMap<AgentId, BTreeSet<(Time, EntryId)>>,
    pub(crate) last_agents: BTreeMap<u64, (AgentId, Time)>,
    pub(crate) last_agents_by_time: BTreeSet<(Time, u64)>,
    /// Hours whose emergency switch is on.
    pub(crate) closed: BTreeSet<HoursId>,
    pub(crate) timers: Timers,
    pub(crate) ended_calls: u64,
    /// What the numbers of parties are.
    pub(crate) destinations: BTreeMap<PartyId, Destination>,
    pub(crate) forget_parties_at: usize,
    pub(crate) ledger: Ledger,
    /// Agents whom Teams says not to ring.
    pub(crate) presences: BTreeMap<AgentId, Presence>,
    /// Meters of calls that other telephone systems make.
    pub(crate) elsewhere: BTreeSet<MeterId>,
}

/// The state as it can be written down. Replaying a journal may begin at one instead of at the beginning.
#[derive(Clone, Serialize, Deserialize)]
pub struct Snapshot(State);

impl Snapshot {
    /// How many events led to it.
    pub fn position(&self) -> u64 {
        self.0.position
    }
}

/// Something whose present may differ from what was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Changed {
    Call(CallId),
    Agent(AgentId),
    Queue(QueueId),
    Hours(HoursId),
}

/// One tenant's calls, queues and agents. See the crate's page for how to drive it.
#[derive(Default)]
pub struct Engine {
    pub(crate) s: State,
    effects: VecDeque<(EffectId, Effect)>,
    // What changed since somebody looked, if somebody does.
    watched: bool,
    changes: Vec<Changed>,
    // While calls of a process that died are closed, nobody is there to carry anything out.
    pub(crate) quiet: bool,
    #[cfg(feature = "faults")]
    pub(crate) fault: Option<Mistake>,
    // Available agents whom Teams keeps, by queue: follows from the state.
    pub(crate) kept: BTreeMap<QueueId, Kept>,
    // What was refused last, for whoever asked.
    pub(crate) refusal: Option<(u64, Refusal)>,
    // The whole lists behind decisions, for whoever replays to one.
    pub(crate) candidates: Option<Vec<(LegId, Vec<Candidate>)>>,
}

/// A mistake put in on purpose.
#[cfg(feature = "faults")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// An agent whose phone rings still counts as free.
    OfferTwice,
    /// A leg that no timer ends.
    NoTimer,
    /// A caller who hangs up while waiting is not counted.
    LostCaller,
    /// Nobody looks how many calls to the outside there are.
    TooManyOutside,
}

#[cfg(feature = "faults")]
impl Engine {
    /// From here on this goes wrong.
    pub fn make_mistake(&mut self, mistake: Mistake) {
        self.fault = Some(mistake);
    }
}

impl Engine {
    /// An engine that knows nothing yet: give it `Started` and `Configured`.
    pub fn new() -> Engine {
        Engine::default()
    }

    /// An engine as it was.
    pub fn from_snapshot(snapshot: Snapshot) -> Engine {
        let mut engine = Engine { s: snapshot.0, ..Engine::default() };
        engine.kept = engine.recount_kept();
        engine
    }

    /// The state, to be written down. Only between events, with all effects drained.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.s.clone())
    }

    /// Takes in what happened. A time before the last one counts as the last one.
    pub fn handle(&mut self, now: Time, event: Event) {
        let before = self.s.now;
        self.s.now = self.s.now.max(now);
        self.s.position += 1;
        match event {
            Event::Started { seed } => {
                self.stop_meters(before);
                self.on_started(seed);
            }
            Event::Configured { config } => self.on_configured(*config),
            Event::TimePassed => {}
            Event::FarEndChanged { leg } => {
                if let Some(call) = self.s.legs.get(&leg).map(|l| l.call) {
                    self.moment(call, crate::record::What::FarEndChanged { leg });
                }
            }
            Event::CallDiverted { call, first } => self.moment(call, crate::record::What::Diverted { first }),
            Event::CallArrived { number, caller, trunk, facts } => {
                self.on_call_arrived((number, caller, trunk), facts, Arrival::default())
            }
            Event::ObjectorArrived { number, caller, trunk, facts } => {
                let arrival = Arrival { objected: true, for_help: false };
                self.on_call_arrived((number, caller, trunk), facts, arrival)
            }
            Event::HelpCalled { number, caller, trunk, facts, objected } => {
                let arrival = Arrival { objected, for_help: true };
                self.on_call_arrived((number, caller, trunk), facts, arrival)
            }
            Event::LegRinging { leg } => self.on_leg_ringing(leg),
            Event::LegAnswered { leg } => self.on_leg_answered(leg),
            Event::LegEnded { leg, end } => self.on_leg_ended(leg, end),
            Event::LegHeld { leg, held } => self.on_leg_held(leg, held),
            Event::PlayEnded { leg } => self.on_play_ended(leg),
            Event::Digit { leg, digit } => self.on_digit(leg, digit),
            Event::AgentWants { agent, wanted } => self.on_agent_wants(agent, wanted),
            Event::HangUpAsked { call } => self.on_hang_up_asked(call),
            Event::Draining => self.s.draining = true,
            Event::DigitTaken { leg, taken, matches } => self.on_digit_taken(leg, taken, matches),
            Event::LookedUp { call, request, ok, found } => self.on_looked_up(call, request, ok, found),
            Event::NumberChecked { leg, party, person } => self.on_number_checked(leg, party, person),
            Event::CallAsked { call, by, ask } => self.on_call_asked(call, by, ask),
            Event::DialAsked { agent, party, number, queue } => {
                self.on_dial_asked(agent, party, number, queue)
            }
            Event::ClosureSet { hours, closed } => self.on_closure_set(hours, closed),
            Event::CallbackCancelled { callback } => self.on_callback_cancelled(callback),
            Event::PartyKnown { party, destination } => self.on_party_known(party, destination),
            Event::AgentCalled { agent, caller, number, to, facts } => {
                self.on_agent_called(agent, caller, number, to, facts)
            }
            Event::LegEarlyAudio { leg } => self.on_early_audio(leg),
            Event::AgentPresence { agent, presence } => self.on_agent_presence(agent, presence),
            Event::LegVia { leg, trunk, limits } => self.on_leg_via(leg, trunk, limits),
            Event::LegForwarded { leg, to } => self.on_leg_forwarded(leg, to),
            Event::PersonForgotten { person } => self.forget_person(person),
            Event::LegPasses { leg, to } => self.on_leg_passes(leg, to),
            Event::CallsJoined { agent, leg, with } => self.on_calls_joined(agent, leg, with),
            Event::PassingJoined { leg, with } => self.on_passing_joined(leg, with),
            Event::LegAsksOn { leg, to, trunk, limits } => self.on_leg_asks_on(leg, to, trunk, limits),
            Event::LegStays { leg } => self.on_leg_stays(leg),
            Event::LegPassedOn { leg, to, trunk, limits } => self.on_leg_passed_on(leg, to, trunk, limits),
            Event::ElsewhereAsked { agent, to } => self.on_elsewhere_asked(agent, to),
            Event::ElsewhereAskedFor { person, to } => self.on_elsewhere_asked_for(person, to),
            Event::ElsewhereAnswered { meter } => self.on_elsewhere_answered(meter),
            Event::ElsewhereEnded { meter } => self.on_elsewhere_ended(meter),
        }
        // Whatever is due by now happens now, so that an event never meets a state that should have ended.
        while let Some(waiter) = self.next_due() {
            match waiter {
                Waiter::Leg(id) => self.on_leg_deadline(id),
                Waiter::Call(id) => self.on_call_deadline(id),
                Waiter::Entry(id) => self.on_entry_deadline(id),
                Waiter::Agent(id) => self.on_agent_deadline(id),
                Waiter::Callback(id) => self.on_callback_deadline(id),
                Waiter::Toll => self.on_toll_deadline(),
            }
        }
    }

    fn next_due(&mut self) -> Option<Waiter> {
        self.wake_toll();
        self.s.timers.pop(self.s.now)
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<(EffectId, Effect)> {
        self.effects.pop_front()
    }

    /// When to say `TimePassed` at the latest.
    pub fn deadline(&self) -> Option<Time> {
        self.s.timers.first()
    }

    /// How many events were taken in: the journal position of the last one.
    pub fn position(&self) -> u64 {
        self.s.position
    }

    /// Whether no new call is taken any more, until the next start.
    pub fn is_draining(&self) -> bool {
        self.s.draining
    }

    /// The time of the last event.
    pub fn now(&self) -> Time {
        self.s.now
    }

    /// The leg that the next `CallArrived` or `AgentCalled` will make.
    pub fn next_leg(&self) -> LegId {
        LegId(self.s.next_leg)
    }

    /// Calls that are open.
    pub fn calls(&self) -> &Table<CallId, Box<Call>> {
        &self.s.calls
    }

    /// Legs that are open.
    pub fn legs(&self) -> &Table<LegId, Box<Leg>> {
        &self.s.legs
    }

    /// Callers in queues.
    pub fn entries(&self) -> &Table<EntryId, Box<Entry>> {
        &self.s.entries
    }

    /// Queues.
    pub fn queues(&self) -> &Register<QueueId, Queue> {
        &self.s.queues
    }

    /// Agents.
    pub fn agents(&self) -> &Register<AgentId, Box<Agent>> {
        &self.s.agents
    }

    /// Promises to call back that are not kept yet.
    pub fn callbacks(&self) -> &BTreeMap<CallbackId, Callback> {
        &self.s.callbacks
    }

    /// Hours whose emergency switch is on.
    pub fn closed(&self) -> &BTreeSet<HoursId> {
        &self.s.closed
    }

    /// Opening hours, as configured.
    pub fn hours(&self) -> &BTreeMap<HoursId, HoursConfig> {
        &self.s.config.hours
    }

    /// Calls that came and ended since the tenant began.
    pub fn ended_calls(&self) -> u64 {
        self.s.ended_calls
    }

    /// Begins to note what changes, for [`Engine::take_changes`].
    pub fn watch(&mut self) {
        self.watched = true;
    }

    /// What changed since the last time, each once, in order.
    pub fn take_changes(&mut self) -> Vec<Changed> {
        self.changes.sort_unstable();
        self.changes.dedup();
        core::mem::take(&mut self.changes)
    }

    pub(crate) fn watched(&self) -> bool {
        self.watched
    }

    pub(crate) fn changed(&mut self, what: Changed) {
        if self.watched {
            self.changes.push(what);
        }
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        if self.quiet && !matches!(effect, Effect::Keep(_) | Effect::Count(_)) {
            return;
        }
        let id = EffectId(self.s.next_effect);
        self.s.next_effect += 1;
        self.effects.push_back((id, effect));
    }

    fn on_closure_set(&mut self, hours: HoursId, closed: bool) {
        let changed = match closed {
            true => self.s.closed.insert(hours),
            false => self.s.closed.remove(&hours),
        };
        if changed {
            self.changed(Changed::Hours(hours));
        }
    }

    /// What is configured of a queue.
    pub fn queue_config(&self, id: QueueId) -> Option<&QueueConfig> {
        self.s.config.queues.get(&id)
    }

    pub(crate) fn new_request(&mut self) -> u64 {
        self.s.next_request += 1;
        self.s.next_request
    }

    pub(crate) fn new_recording(&mut self) -> RecordingId {
        let id = RecordingId(self.s.next_recording);
        self.s.next_recording += 1;
        id
    }
}
