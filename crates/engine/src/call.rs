//! Calls: arrival, conversation, hold and the one end.

use crate::agent::AgentState;
use crate::config::Step;
use crate::effect::{Effect, HangUpCause, RefuseCause, Sound};
use crate::event::{Facts, LegEnd};
use crate::ids::{AgentId, CallId, EntryId, LegId, NumberId, PartyId, QueueId, RecordingId, TrunkId};
use crate::leg::{Leg, LegState, Role};
use crate::record::{CallRecord, EndedBy, LegRecord, Moment, Outcome, Reason, What};
use crate::route::{Decision, OfferOutcome};
use crate::state::Engine;
use crate::timers::{Time, Waiter};
use alloc::boxed::Box;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How long a call may be neither answered nor refused.
const UNANSWERED_MS: u64 = 600_000;

/// What a call is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Between two steps of its flow.
    Flow,
    /// Hears a prompt.
    Saying,
    /// Waits in a queue.
    Waiting {
        /// As which entry.
        entry: EntryId,
    },
    /// A fixed address is rung.
    Connecting {
        /// With which leg.
        leg: LegId,
    },
    /// Caller and another party talk.
    Talking {
        /// The other party's leg.
        leg: LegId,
    },
    /// Its end is decided; its legs are being ended.
    Closing,
}

impl Phase {
    /// The phase's name in the API.
    pub fn name(&self) -> &'static str {
        match self {
            Phase::Flow | Phase::Saying => "in-flow",
            Phase::Waiting { .. } => "waiting",
            Phase::Connecting { .. } => "connecting",
            Phase::Talking { .. } => "talking",
            Phase::Closing => "closing",
        }
    }
}

/// A call that is not over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Which.
    pub id: CallId,
    /// The number called.
    pub number: Option<NumberId>,
    /// Who called.
    pub caller: PartyId,
    /// Where it came in.
    pub trunk: TrunkId,
    /// What is known of the caller.
    pub facts: Facts,
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
    pub(crate) caller_leg: LegId,
    pub(crate) live_legs: Vec<LegId>,
    pub(crate) legs: Vec<LegRecord>,
    pub(crate) steps: Box<[Step]>,
    pub(crate) at: u16,
    pub(crate) record: bool,
    pub(crate) recording: Option<RecordingId>,
    pub(crate) recordings: Vec<RecordingId>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) waited_ms: u64,
    pub(crate) talked_ms: u64,
    pub(crate) talk_began: Option<Time>,
    pub(crate) last_failure: Option<Reason>,
    pub(crate) ending: Option<(EndedBy, Reason)>,
}

impl Call {
    /// Legs that are open, the caller's first.
    pub fn open_legs(&self) -> &[LegId] {
        &self.live_legs
    }

    /// Recordings made so far.
    pub fn recordings(&self) -> &[RecordingId] {
        &self.recordings
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
    pub(crate) fn on_call_arrived(
        &mut self,
        number: Option<NumberId>,
        caller: PartyId,
        trunk: TrunkId,
        facts: Facts,
    ) {
        let id = CallId(self.s.next_call);
        self.s.next_call += 1;
        let leg = self.new_leg(id, Role::Caller, LegState::Arrived, UNANSWERED_MS);
        let flow = number.and_then(|n| self.s.config.numbers.get(&n)).map(|n| n.flow);
        let steps = flow.and_then(|f| self.s.config.flows.get(&f)).map(|f| f.steps.clone());
        let known = steps.is_some();
        let call = Call {
            id,
            number,
            caller,
            trunk,
            facts,
            began: self.s.now,
            answered: None,
            phase: Phase::Flow,
            timeline: Vec::new(),
            decisions: Vec::new(),
            agent: None,
            queue: None,
            caller_leg: leg,
            live_legs: alloc::vec![leg],
            legs: Vec::new(),
            steps: steps.unwrap_or_default(),
            at: 0,
            record: false,
            recording: None,
            recordings: Vec::new(),
            outcome: None,
            waited_ms: 0,
            talked_ms: 0,
            talk_began: None,
            last_failure: None,
            ending: None,
        };
        self.s.calls.insert(id, call);
        self.moment(id, What::Arrived { number });
        if self.s.draining {
            self.close_call(id, EndedBy::Switchroom, Reason::Stopping);
        } else if known {
            self.next_step(id);
        } else {
            self.close_call(id, EndedBy::Switchroom, Reason::UnknownNumber);
        }
    }

    pub(crate) fn caller_leg(&self, call: CallId) -> Option<LegId> {
        self.s.calls.get(&call).map(|c| c.caller_leg)
    }

    pub(crate) fn add_leg(&mut self, call: CallId, leg: LegId) {
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.live_legs.push(leg);
        }
    }

    // ---- conversation ----

    pub(crate) fn on_agent_answered(&mut self, call: CallId, leg: LegId, agent: AgentId, entry: EntryId) {
        if !self.s.calls.get(&call).is_some_and(|c| c.phase == Phase::Waiting { entry }) {
            return self.end_leg(leg, HangUpCause::Withdrawn);
        }
        self.serve_entry(entry);
        self.close_offer(call, leg, OfferOutcome::Answered);
        if let Some(a) = self.s.agents.get_mut(&agent) {
            a.misses = 0;
        }
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.agent = Some(agent);
        }
        self.set_agent(agent, AgentState::Talking { leg, call });
        self.connect(call, leg);
    }

    /// Caller and another party talk from here on.
    pub(crate) fn connect(&mut self, call: CallId, leg: LegId) {
        let now = self.s.now;
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        c.phase = Phase::Talking { leg };
        c.talk_began = Some(now);
        let (caller, record) = (c.caller_leg, c.record);
        self.moment(call, What::Connected { leg });
        self.effect(Effect::Connect { a: caller, b: leg });
        if self.s.legs.get(&caller).is_some_and(|l| l.held) {
            self.effect(Effect::Play { leg, sound: Sound::Music(self.s.config.hold_music) });
        }
        if record {
            let recording = self.new_recording();
            if let Some(c) = self.s.calls.get_mut(&call) {
                c.recording = Some(recording);
                c.recordings.push(recording);
            }
            self.moment(call, What::RecordingStarted { recording });
            self.effect(Effect::StartRecording { recording, call, left: caller, right: leg });
        }
    }

    pub(crate) fn on_hold_changed(&mut self, call: CallId, leg: LegId, held: bool) {
        let Some(c) = self.s.calls.get(&call) else { return };
        let Phase::Talking { leg: far } = c.phase else { return };
        let (caller, music) = (c.caller_leg, self.s.config.hold_music);
        let other = if leg == caller { far } else { caller };
        if held {
            self.effect(Effect::Play { leg: other, sound: Sound::Music(music) });
        } else if self.s.legs.get(&other).is_some_and(|l| !l.held) {
            self.effect(Effect::Connect { a: caller, b: far });
        } else {
            // The other one still has us on hold: this one waits with music.
            self.effect(Effect::Play { leg, sound: Sound::Music(music) });
        }
    }

    // ---- ends ----

    pub(crate) fn on_caller_ended(&mut self, call: CallId, _state: LegState, end: LegEnd) {
        let Some(c) = self.s.calls.get(&call) else { return };
        let (by, reason) = match (end, c.phase) {
            (LegEnd::FarHungUp, Phase::Talking { .. }) => (EndedBy::Caller, Reason::HungUp),
            (LegEnd::FarHungUp, Phase::Waiting { .. }) => (EndedBy::Caller, Reason::Abandoned),
            (LegEnd::FarHungUp, _) => (EndedBy::Caller, Reason::GaveUp),
            (LegEnd::NoCommonMedia, _) => (EndedBy::Switchroom, Reason::NoCommonMedia),
            (end, _) => end_of_talk(EndedBy::Caller, end),
        };
        self.close_call(call, by, reason);
    }

    pub(crate) fn on_agent_leg_ended(&mut self, leg: &Leg, agent: AgentId, entry: EntryId, end: LegEnd) {
        let (call, id) = (leg.call, leg.id);
        let queue = self.s.calls.get(&call).and_then(|c| c.queue);
        match self.s.agents.get(&agent).map(|a| a.state) {
            Some(AgentState::Talking { leg: l, .. }) if l == id => {
                let (by, reason) = end_of_talk(EndedBy::Agent, end);
                self.close_call(call, by, reason);
                let wrap_up = queue.and_then(|q| self.queue_config(q)).map_or(0, |q| q.wrap_up_ms);
                self.wrap_up_agent(agent, call, wrap_up);
            }
            Some(AgentState::Offered { leg: l, .. }) if l == id => match leg.state {
                // We ended it: too long a ring counts, a caller who left does not.
                LegState::Ending if leg.rang_too_long => self.miss(call, agent, queue),
                LegState::Ending => self.release_agent(agent),
                _ => self.offer_failed(call, id, agent, entry, end),
            },
            _ => {}
        }
    }

    fn offer_failed(&mut self, call: CallId, leg: LegId, agent: AgentId, entry: EntryId, end: LegEnd) {
        let (outcome, what) = match end {
            LegEnd::Busy | LegEnd::Declined | LegEnd::FarHungUp => {
                (OfferOutcome::Declined, What::Declined { agent })
            }
            _ => (OfferOutcome::Failed, What::NotReached { agent }),
        };
        self.close_offer(call, leg, outcome);
        self.moment(call, what);
        if end == LegEnd::Failed {
            // It is we who could not ring: no fault of the agent's, and trying again at once would fail again. The caller
            // goes on with the flow.
            if self.flow_out(entry).is_some() {
                self.next_step(call);
            }
            return self.release_agent(agent);
        }
        let queue = self.s.entries.get(&entry).map(|e| e.queue);
        self.return_entry(entry);
        // Others who are free come before the one who did not take it.
        if let Some(queue) = queue {
            self.serve_queue(queue);
        }
        self.miss(call, agent, queue);
    }

    /// An agent's phone rang too long: the caller is back at the head at once, whatever the phone still does.
    pub(crate) fn rang_too_long(&mut self, id: LegId) {
        let Some(leg) = self.s.legs.get_mut(&id) else { return };
        leg.rang_too_long = true;
        let (call, role) = (leg.call, leg.role);
        self.moment(call, What::RangTooLong { leg: id });
        self.end_leg(id, HangUpCause::RangTooLong);
        match role {
            Role::Agent { agent, entry } => {
                self.close_offer(call, id, OfferOutcome::Missed);
                self.moment(call, What::Missed { agent });
                let queue = self.s.entries.get(&entry).map(|e| e.queue);
                self.return_entry(entry);
                if let Some(queue) = queue {
                    if let Some(q) = self.s.queues.get_mut(&queue) {
                        q.counts.missed_offers += 1;
                    }
                    self.serve_queue(queue);
                }
            }
            Role::Target { target } => self.target_failed(call, target, LegEnd::NearHungUp),
            Role::Caller => {}
        }
    }

    fn miss(&mut self, call: CallId, agent: AgentId, queue: Option<QueueId>) {
        let limit = queue.and_then(|q| self.queue_config(q)).map_or(0, |q| q.misses_to_suspend);
        self.count_miss(call, agent, limit);
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
        let now = self.s.now;
        let Some(c) = self.s.calls.get_mut(&id) else { return };
        if c.ending.is_some() {
            return;
        }
        c.ending = Some((by, reason));
        let phase = core::mem::replace(&mut c.phase, Phase::Closing);
        if let Some(began) = c.talk_began.take() {
            c.talked_ms += now.since(began);
        }
        let recording = c.recording.take();
        self.s.timers.clear(Waiter::Call(id));
        if let Some(recording) = recording {
            self.moment(id, What::RecordingStopped { recording });
            self.effect(Effect::StopRecording { recording });
        }
        if let Phase::Waiting { entry } = phase {
            match reason {
                Reason::Abandoned => self.abandon(entry),
                _ => {
                    self.flow_out(entry);
                }
            }
        }
        self.moment(id, What::Ended { by, reason });
        let cause = match reason.fault() {
            crate::record::Fault::Nobody => HangUpCause::Normal,
            _ => HangUpCause::Failed,
        };
        let legs = self.s.calls.get(&id).map(|c| c.live_legs.clone()).unwrap_or_default();
        for leg in legs {
            self.end_leg(leg, cause);
        }
        self.close_if_empty(id);
    }

    /// What a caller who was never answered is told.
    pub(crate) fn refuse_cause(&self, call: CallId) -> RefuseCause {
        match self.s.calls.get(&call).and_then(|c| c.ending).map(|e| e.1) {
            Some(Reason::UnknownNumber) => RefuseCause::UnknownNumber,
            Some(Reason::Busy) => RefuseCause::Busy,
            Some(Reason::Stopping) => RefuseCause::Stopping,
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
        })));
    }
}
