//! Conversations: who talks with whom, who hears what, hold, and the recording.
//!
//! Whatever changes, [`Engine::rehear`] works out anew what each party of a conversation should hear and says only what
//! differs. So no order of events can leave somebody hearing what they should not.

use crate::agent::AgentState;
use crate::asking::Asking;
use crate::call::{Phase, end_of_talk};
use crate::effect::{Effect, HangUpCause, Show, Sound};
use crate::event::{LegEnd, To, Watch};
use crate::ids::{AgentId, CallId, EntryId, LegId, NumberId, PartyId, QueueId, RecordingId, TargetId};
use crate::ledger::MeterId;
use crate::leg::{Leg, LegState, Role};
use crate::outward::OnBehalf;
use crate::queue::Of;
use crate::record::{EndedBy, Origin, Reason, What};
use crate::route::OfferOutcome;
use crate::state::Engine;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How long an agent's phone rings when no queue says so, and a number that a call is sent to.
pub(crate) const RING_MS: u64 = 30_000;

/// An agent asks somebody while the caller holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Aside {
    /// The agent's leg.
    pub(crate) by: LegId,
    pub(crate) agent: AgentId,
    pub(crate) stage: AsideStage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AsideStage {
    Waiting(EntryId),
    Ringing(LegId),
    Talking(LegId),
}

/// Somebody who listens, whispers or joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Watcher {
    pub(crate) leg: LegId,
    pub(crate) agent: AgentId,
    pub(crate) watch: Watch,
    /// Takes the agent's place as soon as the phone is answered.
    pub(crate) takes_over: bool,
}

/// A recording under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Taping {
    pub(crate) recording: RecordingId,
    right: Vec<LegId>,
    /// Somebody asked for a pause.
    asked: bool,
    paused: bool,
}

impl Engine {
    // ---- who hears what ----

    /// Tells everybody in a conversation what they hear, where that differs from what they do.
    pub(crate) fn rehear(&mut self, call: CallId) {
        let Some(c) = self.s.calls.get(&call) else { return };
        if c.phase != Phase::Talking {
            return;
        }
        let (talk, aside, caller) = (c.talk.clone(), c.aside, c.caller_leg);
        let watchers: Vec<Watcher> = c.watchers.iter().copied().filter(|w| self.is_up(w.leg)).collect();
        let secret = matches!(c.asking, Some(Asking::Secure { .. }));
        let music = self.s.config.hold_music;
        let held = |leg: &LegId| self.s.legs.get(leg).is_none_or(|l| l.held);
        // Who talks with whom: those in an aside are a conversation of their own.
        let aside_leg = match aside.map(|a| a.stage) {
            Some(AsideStage::Talking(leg)) => Some(leg),
            _ => None,
        };
        let silent = |leg: &LegId| held(leg) || (secret && Some(*leg) == caller);
        let mut hears: Vec<(LegId, Option<Vec<LegId>>)> = Vec::new();
        for leg in &talk {
            if aside.is_some_and(|a| a.by == *leg) {
                if let Some(other) = aside_leg {
                    hears.push((*leg, Some([other].into_iter().filter(|l| !held(l)).collect())));
                }
                continue;
            }
            if secret && Some(*leg) == caller {
                continue;
            }
            let is_caller = Some(*leg) == caller;
            let others = talk.iter().filter(|l| *l != leg && !silent(l));
            let mut from: Vec<LegId> =
                others.filter(|l| aside.is_none_or(|a| a.by != **l)).copied().collect();
            if from.is_empty() && watchers.iter().all(|w| w.watch != Watch::Barge) {
                hears.push((*leg, None));
                continue;
            }
            for w in &watchers {
                if w.watch == Watch::Barge || (w.watch == Watch::Whisper && !is_caller) {
                    from.push(w.leg);
                }
            }
            hears.push((*leg, Some(from)));
        }
        if let (Some(a), Some(other)) = (aside, aside_leg) {
            let from: Vec<LegId> = [a.by].into_iter().filter(|l| !held(l)).collect();
            hears.push((other, (!from.is_empty()).then_some(from)));
        }
        for w in &watchers {
            let mut from: Vec<LegId> =
                talk.iter().chain(&aside_leg).filter(|l| !silent(l)).copied().collect();
            from.extend(
                watchers.iter().filter(|o| o.leg != w.leg && o.watch != Watch::Listen).map(|o| o.leg),
            );
            hears.push((w.leg, Some(from)));
        }
        for (leg, from) in hears {
            match from {
                Some(from) => self.hear(leg, from),
                None => self.play_music(leg, music),
            }
        }
    }

    /// Begins, widens, narrows, pauses or ends the recording so that it fits the conversation.
    pub(crate) fn sync_recording(&mut self, call: CallId) {
        let Some(c) = self.s.calls.get(&call) else { return };
        let talking = c.phase == Phase::Talking;
        let secret = matches!(c.asking, Some(Asking::Secure { .. }));
        let aside = c.aside.map(|a| a.by);
        let Some(left) = c.caller_leg.filter(|_| talking) else { return };
        let barging =
            c.watchers.iter().filter(|w| w.watch == Watch::Barge && self.is_up(w.leg)).map(|w| w.leg);
        let right: Vec<LegId> =
            c.talk.iter().copied().filter(|l| *l != left && Some(*l) != aside).chain(barging).collect();
        if c.taping.is_none() {
            let Some(first) = right.first().copied().filter(|_| c.record && !secret) else { return };
            let recording = self.new_recording();
            let taping = Taping { recording, right: alloc::vec![first], asked: false, paused: false };
            if let Some(c) = self.s.calls.get_mut(&call) {
                c.taping = Some(taping);
                c.recordings.push(recording);
            }
            self.moment(call, What::RecordingStarted { recording });
            let (right, mailbox) = (Some(first), None);
            self.effect(Effect::StartRecording { recording, call, left, right, mailbox });
        }
        let Some(taping) = self.s.calls.get(&call).and_then(|c| c.taping.clone()) else { return };
        let recording = taping.recording;
        let paused = taping.asked || secret;
        for leg in taping.right.iter().filter(|l| !right.contains(l)) {
            self.effect(Effect::RecordNoLonger { recording, leg: *leg });
        }
        for leg in right.iter().filter(|l| !taping.right.contains(l)) {
            self.effect(Effect::RecordAlso { recording, leg: *leg });
        }
        match (taping.paused, paused) {
            (false, true) => {
                self.moment(call, What::RecordingPaused { recording });
                self.effect(Effect::PauseRecording { recording });
            }
            (true, false) => {
                self.moment(call, What::RecordingResumed { recording });
                self.effect(Effect::ResumeRecording { recording });
            }
            _ => {}
        }
        if let Some(taping) = self.s.calls.get_mut(&call).and_then(|c| c.taping.as_mut()) {
            taping.right = right;
            taping.paused = paused;
        }
    }

    /// Pauses a recording, or lets it go on, as somebody asks.
    pub(crate) fn pause_recording(&mut self, call: CallId, paused: bool) {
        if let Some(taping) = self.s.calls.get_mut(&call).and_then(|c| c.taping.as_mut()) {
            taping.asked = paused;
        }
        self.sync_recording(call);
    }

    // ---- a conversation begins ----

    /// Customer and another party talk from here on.
    pub(crate) fn begin_talk(&mut self, call: CallId, with: LegId) {
        let now = self.s.now;
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        let Some(caller) = c.caller_leg else { return };
        c.phase = Phase::Talking;
        c.talk = alloc::vec![caller, with];
        c.talk_began = Some(now);
        c.transferring = false;
        c.asking = None;
        c.to_say.clear();
        self.s.timers.clear(crate::timers::Waiter::Call(call));
        self.moment(call, What::Connected { leg: with });
        self.rehear(call);
        self.sync_recording(call);
    }

    // An agent is in a conversation from here on.
    fn agent_talks(&mut self, agent: AgentId, call: CallId, leg: LegId, outbound: bool) {
        if let Some(a) = self.s.agents.get_mut(&agent) {
            a.misses = 0;
        }
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        c.agent = Some(agent);
        let (person, direct) = (c.facts.person, c.direct);
        self.set_agent(agent, AgentState::Talking { leg, call });
        if direct {
            return;
        }
        self.begin_work(agent, call, outbound);
        self.remember_agent(person, agent);
    }

    /// An agent answered an offer of a queue.
    pub(crate) fn on_offer_answered(&mut self, call: CallId, leg: LegId, agent: AgentId, entry: EntryId) {
        let Some(of) = self.s.entries.get(&entry).filter(|e| e.offers.contains(&(agent, leg))).map(|e| e.of)
        else {
            return self.end_leg(leg, HangUpCause::Withdrawn);
        };
        self.close_offer(call, leg, OfferOutcome::Answered);
        self.served(entry, agent, leg);
        match of {
            Of::Caller(_) => {
                self.agent_talks(agent, call, leg, false);
                self.keep_promise(call);
                self.begin_talk(call, leg);
            }
            Of::Consult(_) => {
                self.set_agent(agent, AgentState::Talking { leg, call });
                if let Some(a) = self.s.calls.get_mut(&call).and_then(|c| c.aside.as_mut()) {
                    a.stage = AsideStage::Talking(leg);
                }
                self.rehear(call);
            }
            Of::Callback(callback) => {
                self.agent_talks(agent, call, leg, true);
                if let Some(c) = self.s.calls.get_mut(&call) {
                    c.talk = alloc::vec![leg];
                }
                self.callback_agent_answered(call, callback);
            }
        }
    }

    pub(crate) fn on_far_leg_ringing(&mut self, call: CallId, leg: LegId) {
        let Some(c) = self.s.calls.get(&call) else { return };
        let waits = c.phase == Phase::Connecting { leg };
        // An agent who calls somebody outside waits too, and is no customer.
        let Some(caller) = c.caller_leg.or(c.talk.first().copied()).filter(|_| waits) else { return };
        if self.s.legs.get(&caller).is_some_and(|l| l.state == LegState::Arrived) {
            self.effect(Effect::Alert { leg: caller });
        }
    }

    /// Somebody answered who was rung without a queue.
    pub(crate) fn on_dialled_answered(&mut self, call: CallId, leg: LegId, role: Role) {
        let Some(c) = self.s.calls.get(&call) else { return };
        let (phase, aside, customer, origin) = (c.phase, c.aside, c.caller_leg, c.origin);
        if aside.is_some_and(|a| a.stage == AsideStage::Ringing(leg)) {
            if let Role::Agent { agent, .. } = role {
                self.set_agent(agent, AgentState::Talking { leg, call });
            }
            if let Some(a) = self.s.calls.get_mut(&call).and_then(|c| c.aside.as_mut()) {
                a.stage = AsideStage::Talking(leg);
            }
            return self.rehear(call);
        }
        if phase != (Phase::Connecting { leg }) {
            return self.end_leg(leg, HangUpCause::Withdrawn);
        }
        match (role, customer) {
            // The agent who calls somebody has the phone in hand: now that one is called.
            (Role::Agent { agent, .. }, None) => {
                self.agent_talks(agent, call, leg, matches!(origin, Origin::Outbound { .. }));
                if let Some(c) = self.s.calls.get_mut(&call) {
                    c.talk = alloc::vec![leg];
                }
                self.dial_customer(call);
            }
            (Role::Party { .. }, None) => {
                let now = self.s.now;
                let Some(c) = self.s.calls.get_mut(&call) else { return };
                c.caller_leg = Some(leg);
                c.answered = Some(now);
                match c.talk.first().copied() {
                    Some(agent_leg) => {
                        self.answer_leg(agent_leg);
                        self.keep_promise(call);
                        self.begin_talk(call, agent_leg);
                    }
                    None => self.customer_answered_first(call),
                }
            }
            (role, Some(_)) => {
                self.answer_caller(call);
                if let Role::Agent { agent, .. } = role {
                    self.agent_talks(agent, call, leg, false);
                }
                self.begin_talk(call, leg);
            }
            (_, None) => self.end_leg(leg, HangUpCause::Withdrawn),
        }
    }

    // ---- ringing somebody without a queue ----

    /// Rings a fixed address for a flow. False if it lies outside and may not be called.
    pub(crate) fn connect_target(&mut self, call: CallId, target: TargetId, ring_ms: u64) -> bool {
        let to = To::Target(target);
        match self.admit(Some(call), OnBehalf::Tenant, to) {
            Ok(meter) => self.connect_to(call, to, ring_ms, meter),
            Err(_) => {
                if let Some(c) = self.s.calls.get_mut(&call) {
                    c.last_failure = Some(Reason::NotAllowed);
                }
                return false;
            }
        }
        true
    }

    /// Rings one agent for a flow. False if that one is not free.
    pub(crate) fn connect_agent(&mut self, call: CallId, agent: AgentId, ring_ms: u64) -> bool {
        if !self.is_free(agent) {
            self.moment(call, What::NotAvailable { agent });
            return false;
        }
        self.connect_to(call, To::Agent(agent), ring_ms, None);
        true
    }

    pub(crate) fn connect_to(&mut self, call: CallId, to: To, ring_ms: u64, meter: Option<MeterId>) {
        let Some(leg) = self.dial(call, to, ring_ms, meter) else { return };
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        c.phase = Phase::Connecting { leg };
        if let (Some(caller), true) = (c.caller_leg, c.answered.is_some()) {
            self.play(caller, Sound::Ringback);
        }
    }

    // A new leg to somebody; the caller of this says what it is for.
    pub(crate) fn dial(
        &mut self,
        call: CallId,
        to: To,
        ring_ms: u64,
        meter: Option<MeterId>,
    ) -> Option<LegId> {
        let c = self.s.calls.get(&call)?;
        let (number, show) = (c.number, c.caller_leg.map_or(Show::Party(c.caller), Show::Leg));
        let role = match to {
            To::Agent(agent) => Role::Agent { agent, entry: None },
            To::Target(target) => Role::Target { target },
            To::Party(party) => Role::Party { party },
            To::Queue(_) | To::Number(_) => return None,
        };
        let leg = self.new_leg(call, role, LegState::Dialling, ring_ms);
        self.add_leg(call, leg);
        self.count_leg(leg, meter);
        match to {
            To::Agent(agent) => {
                self.set_agent(agent, AgentState::Offered { leg, call });
                self.moment(call, What::Offered { agent, leg });
                self.effect(Effect::DialAgent { leg, agent, show });
            }
            To::Target(target) => {
                self.moment(call, What::Dialled { target, leg });
                self.effect(Effect::DialTarget { leg, target, show });
            }
            To::Party(party) => {
                self.moment(call, What::PartyDialled { party, leg });
                self.effect(Effect::DialParty { leg, party, number });
            }
            To::Queue(_) | To::Number(_) => {}
        }
        Some(leg)
    }

    /// An agent calls somebody: the agent's own phone first.
    pub(crate) fn on_dial_asked(
        &mut self,
        agent: AgentId,
        party: PartyId,
        number: Option<NumberId>,
        queue: Option<QueueId>,
    ) {
        let to = To::Party(party);
        let emergency = self.is_emergency(to);
        if !self.may_be_reserved(agent, emergency) || (self.s.draining && !emergency) {
            return;
        }
        let Ok(meter) = self.admit(None, OnBehalf::Agent(agent), to) else { return };
        self.interrupt_agent(agent);
        let call = self.new_call(number, party, crate::ids::TrunkId::default(), Origin::Outbound { agent });
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.queue = queue;
            c.meter = meter;
        }
        self.moment(call, What::Arrived { number });
        self.connect_to(call, To::Agent(agent), RING_MS, None);
    }

    /// Somebody who was rung without a queue did not answer.
    fn dial_failed(&mut self, call: CallId, leg: LegId, role: Role, end: LegEnd) {
        let Some(c) = self.s.calls.get(&call) else { return };
        let (phase, aside, customer, transferring) = (c.phase, c.aside, c.caller_leg, c.transferring);
        if aside.is_some_and(|a| a.stage == AsideStage::Ringing(leg)) {
            return self.abort_consult(call);
        }
        if phase != (Phase::Connecting { leg }) {
            return;
        }
        self.end_early(call, leg);
        self.moment(
            call,
            match role {
                Role::Agent { agent, .. } => What::Missed { agent },
                Role::Target { target } => What::TargetFailed { target, end },
                _ => What::PartyFailed { leg, end },
            },
        );
        let reason = match end {
            LegEnd::Busy => Reason::Busy,
            LegEnd::Unreachable | LegEnd::Failed => Reason::Unreachable,
            LegEnd::NoCommonMedia => Reason::NoCommonMedia,
            _ => Reason::NoAnswer,
        };
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.last_failure = Some(reason);
        }
        match customer {
            None => self.close_call(call, EndedBy::Target, reason),
            Some(_) if transferring => self.transfer_failed(call, reason),
            Some(_) => self.next_step(call),
        }
    }

    /// A phone rang too long: the caller goes on at once, whatever the phone still does.
    pub(crate) fn rang_too_long(&mut self, id: LegId) {
        let Some(leg) = self.s.legs.get_mut(&id) else { return };
        leg.rang_too_long = true;
        let (call, role) = (leg.call, leg.role);
        self.moment(call, What::RangTooLong { leg: id });
        self.end_leg(id, HangUpCause::RangTooLong);
        match role {
            Role::Agent { agent, entry: Some(entry) } => {
                self.close_offer(call, id, OfferOutcome::Missed);
                self.moment(call, What::Missed { agent });
                if let Some(queue) = self.s.entries.get(&entry).map(|e| e.queue) {
                    if let Some(q) = self.s.queues.get_mut(&queue) {
                        q.counts.missed_offers += 1;
                    }
                }
                self.offer_over(call, id, entry);
            }
            Role::Supervisor { .. } | Role::Caller => {}
            _ => self.dial_failed(call, id, role, LegEnd::NearHungUp),
        }
    }

    // An offer was not taken: the caller is at the old place again, and others who are free come first.
    fn offer_over(&mut self, call: CallId, leg: LegId, entry: EntryId) {
        let of = self.s.entries.get(&entry).map(|e| e.of);
        self.return_entry(entry, leg);
        self.serve_entry(entry);
        if let Some(Of::Callback(_)) = of {
            self.close_call(call, EndedBy::Agent, Reason::NoAnswer);
        }
    }

    // ---- legs end ----

    pub(crate) fn on_agent_leg_ended(
        &mut self,
        leg: &Leg,
        agent: AgentId,
        entry: Option<EntryId>,
        end: LegEnd,
    ) {
        let (call, id) = (leg.call, leg.id);
        if self.own_call_left(agent, id, call, end) {
            return;
        }
        match self.s.agents.get(&agent).map(|a| a.state) {
            Some(AgentState::Talking { leg: l, .. }) if l == id => {
                self.agent_left_talk(call, id, end);
                self.wrap_up_agent(agent, call);
            }
            Some(AgentState::Offered { leg: l, .. }) if l == id => match (leg.state, entry) {
                // We ended it: too long a ring counts, a caller who left does not.
                (LegState::Ending, Some(_)) if leg.rang_too_long => self.miss(call, agent),
                (LegState::Ending, _) => self.release_agent(agent),
                (_, Some(entry)) => self.offer_failed(call, id, agent, entry, end),
                (_, None) => {
                    self.dial_failed(call, id, leg.role, end);
                    self.release_agent(agent);
                }
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
        let alone = self.s.entries.get(&entry).is_some_and(|e| e.offers.len() == 1);
        let of = self.s.entries.get(&entry).map(|e| e.of);
        if end == LegEnd::Failed && alone && matches!(of, Some(Of::Caller(_))) {
            // It is we who could not ring: no fault of the agent's, and trying again at once would fail again. The caller
            // goes on with the flow.
            if let Some(e) = self.s.entries.get_mut(&entry) {
                e.offers.clear();
            }
            if self.flow_out(entry).is_some() {
                self.next_step(call);
            }
            return self.release_agent(agent);
        }
        self.offer_over(call, leg, entry);
        self.miss(call, agent);
    }

    fn miss(&mut self, call: CallId, agent: AgentId) {
        let queue = self.s.calls.get(&call).and_then(|c| c.queue);
        let limit = queue.and_then(|q| self.queue_config(q)).map_or(0, |q| q.misses_to_suspend);
        self.count_miss(call, agent, limit);
    }

    /// A fixed address or somebody outside is gone.
    pub(crate) fn on_far_leg_ended(&mut self, leg: &Leg, end: LegEnd) {
        let Some(c) = self.s.calls.get(&leg.call) else { return };
        match c.phase {
            Phase::Connecting { leg: l } if l == leg.id => self.dial_failed(leg.call, l, leg.role, end),
            _ => {
                let who = if leg.role == Role::Caller { EndedBy::Caller } else { EndedBy::Target };
                self.left_talk(leg.call, leg.id, who, end);
            }
        }
    }

    pub(crate) fn agent_left_talk(&mut self, call: CallId, leg: LegId, end: LegEnd) {
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        if c.ending.is_some() {
            return;
        }
        if let Some(aside) = c.aside.filter(|a| a.by == leg) {
            // Who consults and hangs up wants the caller and the one asked to talk: a caller is never lost so. In a
            // conference somebody else is with the caller.
            let alone = c.talk.len() == 2;
            let needed = match aside.stage {
                AsideStage::Talking(other) | AsideStage::Ringing(other) => self.needs_agent(other),
                AsideStage::Waiting(_) => false,
            };
            if !needed && (alone || matches!(aside.stage, AsideStage::Talking(_))) {
                return self.complete_consult(call);
            }
            self.drop_aside(call);
            self.moment(call, What::ConsultEnded { by: aside.agent });
            if needed && alone {
                self.moment(call, What::Left { leg });
                self.stop_talking(call);
                if let Some(c) = self.s.calls.get_mut(&call) {
                    c.transferring = true;
                }
                return self.transfer_failed(call, Reason::NotAllowed);
            }
        }
        self.end_those_only_with(call, leg);
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        if let Phase::Connecting { .. } = c.phase {
            // The agent hung up before the one called answered.
            if c.caller_leg.is_none() {
                let (by, reason) = end_of_talk(EndedBy::Agent, end);
                return self.close_call(call, by, reason);
            }
        }
        self.left_talk(call, leg, EndedBy::Agent, end);
    }

    // Somebody other than the customer is gone from a conversation; it goes on while two are left.
    fn left_talk(&mut self, call: CallId, leg: LegId, who: EndedBy, end: LegEnd) {
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        if c.ending.is_some() {
            return;
        }
        if c.aside
            .is_some_and(|a| matches!(a.stage, AsideStage::Talking(l) | AsideStage::Ringing(l) if l == leg))
        {
            return self.abort_consult(call);
        }
        if !c.talk.contains(&leg) {
            return;
        }
        c.talk.retain(|l| *l != leg);
        // An agent in an aside is in nobody's ear: the customer must not be left with hold music alone.
        if c.talk.len() < 2 || c.caller_leg.is_none() {
            let (by, reason) = end_of_talk(who, end);
            return self.close_call(call, by, reason);
        }
        self.moment(call, What::Left { leg });
        self.sync_recording(call);
        self.rehear(call);
    }

    /// A conversation ends or stops for a transfer: its time is counted and its recording closed.
    pub(crate) fn stop_talking(&mut self, call: CallId) {
        let now = self.s.now;
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        if let Some(began) = c.talk_began.take() {
            c.talked_ms += now.since(began);
        }
        c.talk.clear();
        let watchers: Vec<LegId> = c.watchers.iter().map(|w| w.leg).collect();
        let goes_on = c.ending.is_none();
        self.stop_taping(call);
        // Who watches waits with the customer for the next conversation.
        for leg in watchers {
            if goes_on && self.is_up(leg) {
                self.play_music(leg, self.s.config.hold_music);
            }
        }
    }

    /// The recording of a conversation ends, if there is one.
    pub(crate) fn stop_taping(&mut self, call: CallId) {
        let taping = self.s.calls.get_mut(&call).and_then(|c| c.taping.take());
        if let Some(Taping { recording, .. }) = taping {
            self.moment(call, What::RecordingStopped { recording });
            self.effect(Effect::StopRecording { recording });
        }
    }
}
