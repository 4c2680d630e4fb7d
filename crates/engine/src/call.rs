//! Calls: arrival and the one end.

use crate::asking::Asking;
use crate::config::{At, Overflow, RecordingRule};
use crate::effect::{Effect, HangUpCause, RefuseCause};
use crate::event::{Facts, LegEnd};
use crate::flow::Run;
use crate::ids::{
    AgentId, AttributeId, CallId, EntryId, LanguageId, LegId, NumberId, PartyId, PromptId, QueueId,
    RecordingId, SkillId, SlotId, TrunkId,
};
use crate::ledger::MeterId;
use crate::leg::{LegState, Role};
use crate::queue::Of;
use crate::record::{CallRecord, EndedBy, Fault, LegRecord, Moment, Origin, Outcome, Reason, What};
use crate::route::Decision;
use crate::state::Engine;
use crate::talk::{Aside, Taping, Watcher};
use crate::timers::{Time, Waiter};
use crate::toll::Refusal;
use alloc::boxed::Box;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How long a call may be neither answered nor refused.
pub(crate) const UNANSWERED_MS: u64 = 600_000;

/// What a call is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Between two steps of its flow.
    Flow,
    /// Hears a prompt.
    Saying,
    /// Is asked something, or leaves a message.
    Asking,
    /// Waits in a queue.
    Waiting {
        /// As which entry.
        entry: EntryId,
    },
    /// Somebody is rung for it.
    Connecting {
        /// With which leg.
        leg: LegId,
    },
    /// Two or more talk.
    Talking,
    /// Its end is decided; its legs are being ended.
    Closing,
}

impl Phase {
    /// The phase's name in the API.
    pub fn name(&self) -> &'static str {
        match self {
            Phase::Flow | Phase::Saying | Phase::Asking => "in-flow",
            Phase::Waiting { .. } => "waiting",
            Phase::Connecting { .. } => "connecting",
            Phase::Talking => "talking",
            Phase::Closing => "closing",
        }
    }
}

/// A call that is not over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Which.
    pub id: CallId,
    /// How it began.
    pub origin: Origin,
    /// The number called; the number that the far end sees, if we called.
    pub number: Option<NumberId>,
    /// The customer: who called, or was called.
    pub caller: PartyId,
    /// Where it came in.
    pub trunk: TrunkId,
    /// What is known of the caller.
    pub facts: Facts,
    /// Whether the caller objected to being treated by what is known of them: then lists, look-ups and the agent of last time
    /// have no say.
    pub objected: bool,
    /// When it began.
    pub began: Time,
    /// When it was answered.
    pub answered: Option<Time>,
    /// What it is doing.
    pub phase: Phase,
    /// What happened so far.
    pub timeline: Vec<Moment>,
    /// Whom it was offered to so far, and why.
    pub decisions: Vec<Decision>,
    /// The agent who talks or talked last.
    pub agent: Option<AgentId>,
    /// The queue it is or was in last.
    pub queue: Option<QueueId>,
    /// The language of its prompts.
    pub language: LanguageId,
    /// Steps of priority.
    pub priority: u8,
    /// Skills that its agent needs.
    pub needs: Vec<(SkillId, u8)>,
    /// What flows and look-ups remember of it.
    pub attributes: Vec<(AttributeId, u16)>,
    pub(crate) caller_leg: Option<LegId>,
    pub(crate) live_legs: Vec<LegId>,
    pub(crate) legs: Vec<LegRecord>,
    pub(crate) run: Vec<Run>,
    pub(crate) asking: Option<Asking>,
    pub(crate) to_say: Vec<PromptId>,
    pub(crate) overflow: Vec<(Overflow, At)>,
    pub(crate) digits: Vec<(SlotId, u16)>,
    pub(crate) talk: Vec<LegId>,
    pub(crate) aside: Option<Aside>,
    pub(crate) watchers: Vec<Watcher>,
    pub(crate) record: bool,
    pub(crate) recording_rule: RecordingRule,
    pub(crate) consented: bool,
    pub(crate) refused_recording: bool,
    pub(crate) taping: Option<Taping>,
    pub(crate) recordings: Vec<RecordingId>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) waited_ms: u64,
    pub(crate) talked_ms: u64,
    pub(crate) talk_began: Option<Time>,
    pub(crate) transferring: bool,
    pub(crate) last_failure: Option<Reason>,
    pub(crate) ending: Option<(EndedBy, Reason)>,
    /// The call that this one's audio has to stay together with: itself, but for a further call of a phone.
    pub(crate) home: CallId,
    /// An agent called a colleague: nobody works on it for a customer.
    pub(crate) direct: bool,
    /// What counts the customer, admitted already and not dialled yet.
    pub(crate) meter: Option<MeterId>,
    /// Why somebody outside was not called.
    pub(crate) refused: Option<Refusal>,
}

/// What sets a call that arrives apart from others.
#[derive(Clone, Copy, Default)]
pub(crate) struct Arrival {
    /// The caller objected to being treated by what is known of them.
    pub(crate) objected: bool,
    /// The caller needs help: nothing keeps such a call back.
    pub(crate) for_help: bool,
}

impl Call {
    /// Legs that are open.
    pub fn open_legs(&self) -> &[LegId] {
        &self.live_legs
    }

    /// Recordings made so far.
    pub fn recordings(&self) -> &[RecordingId] {
        &self.recordings
    }

    /// The customer's leg, if it is there.
    pub fn caller_leg(&self) -> Option<LegId> {
        self.caller_leg
    }

    /// How somebody supervises this call, if they do.
    pub fn watched_by(&self, agent: AgentId) -> Option<crate::event::Watch> {
        self.watchers.iter().find(|w| w.agent == agent).map(|w| w.watch)
    }

    /// Legs that talk with each other.
    pub fn talking(&self) -> &[LegId] {
        &self.talk
    }

    /// The call that this one's audio has to be carried together with: itself, but for a call that an agent made from the
    /// phone during another. Both can be joined later, and what is heard together is carried together.
    pub fn home(&self) -> CallId {
        self.home
    }

    pub(crate) fn is_callback(&self) -> bool {
        matches!(self.origin, Origin::Callback { .. })
    }
}

/// By whom and why a conversation ended, from how the leg of `far` ended.
pub(crate) fn end_of_talk(far: EndedBy, end: LegEnd) -> (EndedBy, Reason) {
    match end {
        LegEnd::FarHungUp | LegEnd::Declined | LegEnd::Busy => (far, Reason::HungUp),
        LegEnd::MediaTimeOut => (EndedBy::Network, Reason::MediaTimeOut),
        LegEnd::NotConfirmed => (EndedBy::Network, Reason::NotConfirmed),
        LegEnd::Unreachable => (EndedBy::Network, Reason::Unreachable),
        LegEnd::NoCommonMedia => (EndedBy::Switchroom, Reason::NoCommonMedia),
        LegEnd::NearHungUp | LegEnd::Failed => (EndedBy::Switchroom, Reason::Failed),
    }
}

impl Engine {
    pub(crate) fn new_call(
        &mut self,
        number: Option<NumberId>,
        caller: PartyId,
        trunk: TrunkId,
        origin: Origin,
    ) -> CallId {
        let id = CallId(self.s.next_call);
        self.s.next_call += 1;
        let config = number.and_then(|n| self.s.config.numbers.get(&n));
        let (recording_rule, language) = config.map(|n| (n.recording, n.language)).unwrap_or_default();
        let call = Call {
            id,
            origin,
            number,
            caller,
            trunk,
            facts: Facts::default(),
            objected: false,
            began: self.s.now,
            answered: None,
            phase: Phase::Flow,
            // Room for what happens to most calls.
            timeline: Vec::with_capacity(16),
            decisions: Vec::with_capacity(1),
            agent: None,
            queue: None,
            language,
            priority: 0,
            needs: Vec::new(),
            attributes: Vec::new(),
            caller_leg: None,
            live_legs: Vec::with_capacity(2),
            legs: Vec::with_capacity(2),
            run: Vec::with_capacity(1),
            asking: None,
            to_say: Vec::new(),
            overflow: Vec::new(),
            digits: Vec::new(),
            talk: Vec::new(),
            aside: None,
            watchers: Vec::new(),
            record: false,
            recording_rule,
            consented: false,
            refused_recording: false,
            taping: None,
            recordings: Vec::new(),
            outcome: None,
            waited_ms: 0,
            talked_ms: 0,
            talk_began: None,
            transferring: false,
            last_failure: None,
            ending: None,
            home: id,
            direct: false,
            meter: None,
            refused: None,
        };
        self.s.calls.insert(id, Box::new(call));
        id
    }

    pub(crate) fn on_call_arrived(
        &mut self,
        (number, caller, trunk): (Option<NumberId>, PartyId, TrunkId),
        facts: Facts,
        Arrival { objected, for_help }: Arrival,
    ) {
        let id = self.new_call(number, caller, trunk, Origin::Inbound);
        let leg = self.new_leg(id, Role::Caller, LegState::Arrived, UNANSWERED_MS);
        if let Some(c) = self.s.calls.get_mut(&id) {
            // What would tell this caller from somebody unknown has no place here, whatever the door says.
            c.facts = if objected { Facts { lists: 0, person: 0, ..facts } } else { facts };
            c.objected = objected;
            c.caller_leg = Some(leg);
            c.live_legs.push(leg);
        }
        self.moment(id, What::Arrived { number });
        if objected {
            self.moment(id, What::ProfileLeftOut);
        }
        let flow = number.and_then(|n| self.s.config.numbers.get(&n)).map(|n| n.flow);
        if self.s.draining && !for_help {
            self.close_call(id, EndedBy::Switchroom, Reason::Stopping);
        } else if flow.is_some_and(|flow| self.begin_flow(id, flow)) {
            self.next_step(id);
        } else {
            self.close_call(id, EndedBy::Switchroom, Reason::UnknownNumber);
        }
    }

    pub(crate) fn caller_leg(&self, call: CallId) -> Option<LegId> {
        self.s.calls.get(&call).and_then(|c| c.caller_leg)
    }

    pub(crate) fn add_leg(&mut self, call: CallId, leg: LegId) {
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.live_legs.push(leg);
        }
    }

    // ---- ends ----

    pub(crate) fn on_caller_ended(&mut self, call: CallId, end: LegEnd) {
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        c.caller_leg = None;
        let promised =
            c.timeline.iter().rev().take(3).any(|m| matches!(m.what, What::CallbackPromised { .. }));
        let (by, reason) = match (end, c.phase) {
            (LegEnd::FarHungUp, Phase::Talking) => (EndedBy::Caller, Reason::HungUp),
            (LegEnd::FarHungUp, Phase::Waiting { .. }) => (EndedBy::Caller, Reason::Abandoned),
            (LegEnd::FarHungUp, _) if promised => (EndedBy::Caller, Reason::CallbackPromised),
            (LegEnd::FarHungUp, _) => (EndedBy::Caller, Reason::GaveUp),
            (LegEnd::NoCommonMedia, _) => (EndedBy::Switchroom, Reason::NoCommonMedia),
            (end, _) => end_of_talk(EndedBy::Caller, end),
        };
        self.close_call(call, by, reason);
    }

    pub(crate) fn on_longest_call(&mut self, leg: LegId) {
        if let Some(call) = self.s.legs.get(&leg).map(|l| l.call) {
            self.close_call(call, EndedBy::Switchroom, Reason::TooLong);
        }
    }

    /// A leg that neither came up nor ended in time.
    pub(crate) fn on_lost_leg(&mut self, leg: LegId) {
        let Some((call, state)) = self.s.legs.get(&leg).map(|l| (l.call, l.state)) else { return };
        let (by, reason) = match state {
            LegState::Answering => (EndedBy::Network, Reason::NotConfirmed),
            _ => (EndedBy::Switchroom, Reason::Failed),
        };
        self.close_call(call, by, reason);
    }

    pub(crate) fn on_hang_up_asked(&mut self, call: CallId) {
        self.close_call(call, EndedBy::Administrator, Reason::Asked);
    }

    /// Decides a call's end, once. It is over when its last leg is.
    pub(crate) fn close_call(&mut self, id: CallId, by: EndedBy, reason: Reason) {
        let Some(c) = self.s.calls.get_mut(&id) else { return };
        if c.ending.is_some() {
            return;
        }
        c.ending = Some((by, reason));
        let phase = core::mem::replace(&mut c.phase, Phase::Closing);
        self.s.timers.clear(Waiter::Call(id));
        match self.s.calls.get(&id).and_then(|c| c.asking.as_ref()) {
            Some(Asking::Message { .. }) => self.finish_message(id),
            Some(Asking::Secure { .. }) => {
                if let Some(leg) = self.caller_leg(id) {
                    self.effect(Effect::ForgetSecret { leg });
                }
            }
            _ => {}
        }
        self.stop_talking(id);
        if let Some(c) = self.s.calls.get_mut(&id) {
            c.asking = None;
            c.to_say.clear();
        }
        self.drop_aside(id);
        if let Phase::Waiting { entry } = phase {
            match self.s.entries.get(&entry).map(|e| e.of) {
                Some(Of::Caller(call)) if call == id => match reason {
                    Reason::Abandoned => self.abandon(entry),
                    _ => {
                        self.flow_out(entry);
                    }
                },
                // The promise stays: only this try is over.
                Some(Of::Callback(_)) => self.return_offers(entry, id),
                _ => {}
            }
        }
        self.moment(id, What::Ended { by, reason });
        let cause = match reason.fault() {
            Fault::Nobody => HangUpCause::Normal,
            _ => HangUpCause::Failed,
        };
        let legs = self.s.calls.get(&id).map(|c| c.live_legs.clone()).unwrap_or_default();
        for leg in legs {
            self.end_leg(leg, cause);
        }
        self.close_if_empty(id);
    }

    // A call that rang for a promise ends before an agent answered: the promise is to be had again.
    fn return_offers(&mut self, entry: EntryId, call: CallId) {
        let legs: Vec<LegId> = match self.s.entries.get(&entry) {
            Some(e) => e.offers.iter().map(|(_, l)| *l).collect(),
            None => return,
        };
        for leg in legs {
            if self.s.legs.get(&leg).is_some_and(|l| l.call == call) {
                self.close_offer(call, leg, crate::route::OfferOutcome::Withdrawn);
                self.return_entry(entry, leg);
            }
        }
        self.serve_entry(entry);
    }

    /// What a caller who was never answered is told.
    pub(crate) fn refuse_cause(&self, call: CallId) -> RefuseCause {
        match self.s.calls.get(&call).and_then(|c| c.ending).map(|e| e.1) {
            Some(Reason::UnknownNumber) => RefuseCause::UnknownNumber,
            Some(Reason::Busy) => RefuseCause::Busy,
            Some(Reason::Stopping) => RefuseCause::Stopping,
            Some(Reason::NotAllowed) => {
                let refusal = self.s.calls.get(&call).and_then(|c| c.refused);
                RefuseCause::Outside(refusal.unwrap_or(Refusal::DestinationNotAllowed))
            }
            _ => RefuseCause::Unavailable,
        }
    }

    /// The end of a call whose end is decided and whose legs are over: the one place where its record is given out.
    pub(crate) fn close_if_empty(&mut self, id: CallId) {
        if !self.s.calls.get(&id).is_some_and(|c| c.ending.is_some() && c.live_legs.is_empty()) {
            return;
        }
        let Some(c) = self.s.calls.remove(&id) else { return };
        let Some((ended_by, reason)) = c.ending else { return };
        self.s.timers.clear(Waiter::Call(id));
        self.s.ended_calls += 1;
        let c = *c;
        self.meter_ended(c.meter);
        self.callback_call_over(&c);
        self.effect(Effect::Keep(Box::new(CallRecord {
            id,
            number: c.number,
            caller: c.caller,
            trunk: c.trunk,
            began: c.began,
            answered: c.answered,
            ended: self.s.now,
            ended_by,
            reason,
            fault: reason.fault(),
            queue: c.queue,
            outcome: c.outcome,
            waited_ms: c.waited_ms,
            talked_ms: c.talked_ms,
            agent: c.agent,
            legs: c.legs,
            timeline: c.timeline,
            decisions: c.decisions,
            recordings: c.recordings,
            origin: c.origin,
            attributes: c.attributes,
            language: c.language,
        })));
    }
}
