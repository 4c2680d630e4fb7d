//! Promises to call back: they keep the caller's place in the queue, and end in a conversation or after the last try.

use crate::call::{Call, Phase};
use crate::config::RecordingRule;
use crate::count::{CallbackStep, Fact};
use crate::destination::Destination;
use crate::effect::{Effect, Notice, Sound};
use crate::event::To;
use crate::ids::{
    AttributeId, CallId, CallbackId, EntryId, LanguageId, NeedId, NumberId, PartyId, QueueId, TrunkId,
};
use crate::ledger::MeterId;
use crate::leg::{LegState, Role};
use crate::outward::OnBehalf;
use crate::queue::Of;
use crate::record::{EndedBy, Origin, Reason, What};
use crate::state::{Changed, Engine};
use crate::timers::{Time, Waiter};
use crate::toll::Refusal;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How soon a promise is taken up again after a new process began.
const AFTER_START_MS: u64 = 1_000;

/// How soon it is looked again whether a customer may be called whom the policy for calls to the outside keeps from being
/// called.
const LOOK_AGAIN_MS: u64 = 60_000;

/// How long after the promised time a promise is given up that nobody was there to keep.
const TOO_LATE_MS: u64 = 24 * 3_600_000;

/// A promise to call back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// Which.
    pub id: CallbackId,
    /// Whom to call.
    pub party: PartyId,
    /// Who that is.
    pub person: u64,
    /// The number that was called, and that the customer will see.
    pub number: Option<NumberId>,
    /// For which queue.
    pub queue: QueueId,
    /// When the caller entered the queue: the place that is kept.
    pub entered: Time,
    /// When it was promised.
    pub promised: Time,
    /// Until when it was promised.
    pub by: Time,
    /// How often it was tried.
    pub tries: u8,
    /// What is happening to it.
    pub state: CallbackState,
    pub(crate) trunk: TrunkId,
    pub(crate) need: NeedId,
    pub(crate) priority: u8,
    pub(crate) language: LanguageId,
    pub(crate) record: bool,
    pub(crate) attributes: Vec<(AttributeId, u16)>,
    /// What counts the next try, admitted already.
    pub(crate) meter: Option<MeterId>,
    /// Why the last try was not made.
    pub(crate) refused: Option<Refusal>,
}

/// What is happening to a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallbackState {
    /// It waits in the queue for an agent.
    Waiting(EntryId),
    /// It waits for the next try, or for the hours to open.
    Paused,
    /// A call is under way.
    Trying(CallId),
}

impl Engine {
    /// Promises to call back; the caller's call may end. A person who has a promise already keeps that one.
    pub(crate) fn promise_callback(&mut self, call: CallId, party: PartyId, person: u64) {
        let now = self.s.now;
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        let Phase::Waiting { entry } = c.phase else { return };
        c.phase = Phase::Asking;
        let (number, trunk, language, record) = (c.number, c.trunk, c.language, c.record);
        let attributes = c.attributes.clone();
        let Some(entry) = self.leave_for_callback(entry) else { return };
        let known = self.s.callback_persons.get(&person).copied().filter(|_| person != 0);
        if let Some(callback) = known {
            return self.moment(call, What::CallbackPromised { callback });
        }
        let id = CallbackId(self.s.next_callback);
        self.s.next_callback += 1;
        let promise =
            self.queue_config(entry.queue).and_then(|q| q.callback.as_ref()).map_or(0, |k| k.promise_ms);
        let callback = Callback {
            id,
            party,
            person,
            number,
            queue: entry.queue,
            entered: entry.entered,
            promised: now,
            by: now.plus(promise),
            tries: 0,
            state: CallbackState::Paused,
            trunk,
            need: entry.need,
            priority: entry.priority,
            language,
            record,
            attributes,
            meter: None,
            refused: None,
        };
        self.s.callbacks.insert(id, callback);
        if person != 0 {
            self.s.callback_persons.insert(person, id);
        }
        self.moment(call, What::CallbackPromised { callback: id });
        self.count_callback(id, CallbackStep::Promised);
        // Not before the caller has hung up: nobody is called who is still on the line.
        self.s.timers.set(Waiter::Callback(id), now.plus(AFTER_START_MS));
    }

    /// The caller was told: the call ends, the promise stands.
    pub(crate) fn callback_dialogue_done(&mut self, call: CallId) {
        self.close_call(call, EndedBy::Switchroom, Reason::CallbackPromised);
    }

    fn count_callback(&mut self, id: CallbackId, what: CallbackStep) {
        let now = self.s.now;
        let Some(k) = self.s.callbacks.get(&id) else { return };
        let (queue, promised, in_time) = (k.queue, k.promised, now <= k.by);
        self.changed(Changed::Queue(queue));
        self.effect(Effect::Count(Fact::Callback { callback: id, queue, promised, at: now, what, in_time }));
    }

    /// Time for the next try: if the hours allow it, the promise takes its place in the queue.
    pub(crate) fn on_callback_deadline(&mut self, id: CallbackId) {
        let now = self.s.now;
        let Some(k) = self.s.callbacks.get(&id) else { return };
        if k.state != CallbackState::Paused {
            return;
        }
        let (queue, entered, priority, need) = (k.queue, k.entered, k.priority, k.need);
        let Some(config) = self.queue_config(queue).and_then(|q| q.callback.as_ref()) else {
            // The queue calls nobody back any more.
            return self.give_up_callback(id, CallbackStep::Failed);
        };
        if let Some(hours) = config.hours {
            if !self.is_open(hours) {
                let opens = self.s.config.hours.get(&hours).and_then(|h| h.next_open(now));
                return match opens {
                    // Closed by the emergency switch: looked at again each minute.
                    Some(at) => self.s.timers.set(Waiter::Callback(id), at.max(now.plus(60_000))),
                    None => self.give_up_callback(id, CallbackStep::Failed),
                };
            }
        }
        let entry = self.new_entry(Of::Callback(id), queue, entered, priority, need);
        if let Some(k) = self.s.callbacks.get_mut(&id) {
            k.state = CallbackState::Waiting(entry);
        }
        if let Some(e) = self.s.entries.get_mut(&entry) {
            e.ring_at_once = 1;
        }
        self.list_entry(entry);
        self.serve_entry(entry);
        self.wake_entry(entry);
    }

    /// Whether an entry that is next may be offered to an agent. A promise may not while its hours are closed; and one
    /// whose customer is called first leaves the queue for that.
    pub(crate) fn is_ready(&mut self, entry: EntryId) -> bool {
        let Some(Of::Callback(id)) = self.s.entries.get(&entry).map(|e| e.of) else { return true };
        let Some(k) = self.s.callbacks.get(&id) else {
            self.take_entry(entry);
            return false;
        };
        let config = self.queue_config(k.queue).and_then(|q| q.callback.as_ref());
        let closed = config.is_none_or(|c| c.hours.is_some_and(|h| !self.is_open(h)));
        let agent_first = config.is_some_and(|c| c.agent_first);
        let refused = !closed && !self.admit_callback(id);
        if !closed && !refused && agent_first {
            return true;
        }
        self.take_entry(entry);
        if refused {
            self.callback_refused(id);
        } else if closed {
            if let Some(k) = self.s.callbacks.get_mut(&id) {
                k.state = CallbackState::Paused;
            }
            self.s.timers.set(Waiter::Callback(id), self.s.now.plus(1));
        } else {
            self.call_customer_first(id);
        }
        false
    }

    /// Why nobody is promised to be called back there. What is only forbidden at night, or used up today, may be called
    /// later; an emergency number is never called because a caller keyed it.
    pub(crate) fn no_callback_to(&self, party: PartyId) -> Option<(Destination, Refusal)> {
        let destination = self.destination(To::Party(party))?;
        let refusal = match destination.is_emergency() {
            true => Some(Refusal::DestinationNotAllowed),
            false => self.s.config.toll.as_deref()?.policy.allows(destination).err(),
        };
        Some((destination, refusal?))
    }

    // Whether the customer of a promise may be called now. The same refusal again is told to nobody.
    fn admit_callback(&mut self, id: CallbackId) -> bool {
        let Some(k) = self.s.callbacks.get(&id) else { return true };
        let (party, before) = (k.party, k.refused);
        let admitted = self.admit_quietly(OnBehalf::Tenant, To::Party(party));
        if let Err((destination, refusal)) = admitted {
            if before != Some(refusal) {
                self.note_refused(None, None, destination, refusal);
            }
        }
        if let Some(k) = self.s.callbacks.get_mut(&id) {
            k.meter = admitted.unwrap_or_default();
            k.refused = admitted.err().map(|(_, refusal)| refusal);
        }
        admitted.is_ok()
    }

    // A promise whose customer may not be called now: looked at again soon, until it is too late to keep it.
    fn callback_refused(&mut self, id: CallbackId) {
        let now = self.s.now;
        let Some(k) = self.s.callbacks.get_mut(&id) else { return };
        k.state = CallbackState::Paused;
        match now < k.by.plus(TOO_LATE_MS) {
            true => self.s.timers.set(Waiter::Callback(id), now.plus(LOOK_AGAIN_MS)),
            false => self.give_up_callback(id, CallbackStep::Failed),
        }
    }

    fn new_callback_call(&mut self, id: CallbackId) -> Option<CallId> {
        let k = self.s.callbacks.get(&id)?;
        let (party, number, trunk, queue) = (k.party, k.number, k.trunk, k.queue);
        let (language, record, priority) = (k.language, k.record, k.priority);
        let (attributes, person) = (k.attributes.clone(), k.person);
        let needs = self.s.needs.skills(k.need).to_vec();
        let meter = self.s.callbacks.get_mut(&id).and_then(|k| k.meter.take());
        let call = self.new_call(number, party, trunk, Origin::Callback { callback: id });
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.queue = Some(queue);
            c.language = language;
            c.record = record;
            c.consented = record;
            c.recording_rule = RecordingRule::WithConsent;
            c.priority = priority;
            c.needs = needs;
            c.attributes = attributes;
            c.facts.person = person;
            c.meter = meter;
        }
        Some(call)
    }

    /// A promise is next and an agent is free: a call for it, the agent's phone to ring first.
    pub(crate) fn begin_callback_call(
        &mut self,
        id: CallbackId,
        entry: EntryId,
    ) -> Option<(CallId, PartyId)> {
        let call = self.new_callback_call(id)?;
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.phase = Phase::Waiting { entry };
        }
        Some((call, self.s.callbacks.get(&id)?.party))
    }

    /// The agent took a promise: now the customer is called.
    pub(crate) fn callback_agent_answered(&mut self, call: CallId, id: CallbackId) {
        self.try_callback(id, call);
        self.dial_customer(call);
    }

    fn try_callback(&mut self, id: CallbackId, call: CallId) {
        let Some(k) = self.s.callbacks.get_mut(&id) else { return };
        k.state = CallbackState::Trying(call);
        k.tries = k.tries.saturating_add(1);
        let attempt = k.tries;
        self.moment(call, What::CallbackTried { callback: id, attempt });
        self.count_callback(id, CallbackStep::Tried);
    }

    fn call_customer_first(&mut self, id: CallbackId) {
        let Some(call) = self.new_callback_call(id) else { return };
        self.try_callback(id, call);
        self.dial_customer(call);
    }

    /// Dials whom a call is for: a promise's customer, or whoever an agent calls.
    pub(crate) fn dial_customer(&mut self, call: CallId) {
        let Some(c) = self.s.calls.get(&call) else { return };
        let (party, number, queue) = (c.caller, c.number, c.queue);
        let ring_ms = queue.and_then(|q| self.queue_config(q)).and_then(|q| q.callback.as_ref());
        let ring_ms = ring_ms.map_or(45_000, |k| k.ring_ms);
        let leg = self.new_leg(call, Role::Party { party }, LegState::Dialling, ring_ms);
        self.add_leg(call, leg);
        // It was admitted before anybody was rung for it.
        let meter = self.s.calls.get_mut(&call).and_then(|c| c.meter.take());
        self.count_leg(leg, meter);
        self.moment(call, What::PartyDialled { party, leg });
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.phase = Phase::Connecting { leg };
        }
        let agents = self.s.calls.get(&call).map(|c| c.talk.clone()).unwrap_or_default();
        for agent in agents {
            // A phone that called and is not answered yet makes that sound itself.
            if self.is_up(agent) {
                self.play(agent, Sound::Ringback);
            }
        }
        self.effect(Effect::DialParty { leg, party, number });
    }

    /// A customer who was called first answered: into the queue, at the place that was kept.
    pub(crate) fn customer_answered_first(&mut self, call: CallId) {
        let Some(c) = self.s.calls.get(&call) else { return };
        let (Origin::Callback { callback }, language) = (c.origin, c.language) else { return };
        let Some((queue, entered)) = self.s.callbacks.get(&callback).map(|k| (k.queue, k.entered)) else {
            return self.close_call(call, EndedBy::Switchroom, Reason::Failed);
        };
        if !self.enter_queue(call, queue, Some(entered)) {
            return self.close_call(call, EndedBy::Switchroom, Reason::NoAnswer);
        }
        let greeting = self.queue_config(queue).and_then(|q| q.callback.as_ref()).and_then(|k| k.greeting);
        let waits = self.s.calls.get(&call).is_some_and(|c| matches!(c.phase, Phase::Waiting { .. }));
        if let (Some(prompt), Some(leg), true) = (greeting, self.caller_leg(call), waits) {
            self.play(leg, Sound::Prompt(prompt, language));
        }
    }

    /// Customer and agent talk: the promise is kept.
    pub(crate) fn keep_promise(&mut self, call: CallId) {
        let Some(Origin::Callback { callback }) = self.s.calls.get(&call).map(|c| c.origin) else { return };
        if self.s.callbacks.contains_key(&callback) {
            self.give_up_callback(callback, CallbackStep::Kept);
        }
    }

    /// A call for a promise is over. If it was not kept, it is tried again, or given up after the last time.
    pub(crate) fn callback_call_over(&mut self, call: &Call) {
        let Origin::Callback { callback: id } = call.origin else { return };
        let now = self.s.now;
        let Some(k) = self.s.callbacks.get_mut(&id) else { return };
        if k.state != CallbackState::Trying(call.id) {
            return;
        }
        k.state = CallbackState::Paused;
        let (tries, queue) = (k.tries, k.queue);
        let config = self.queue_config(queue).and_then(|q| q.callback.as_ref());
        let (attempts, retry) = config.map_or((0, 0), |c| (c.attempts, c.retry_ms));
        match tries < attempts {
            true => self.s.timers.set(Waiter::Callback(id), now.plus(retry.max(1_000))),
            false => self.give_up_callback(id, CallbackStep::Failed),
        }
    }

    /// Until when a promise may stand in the queue.
    pub(crate) fn callback_waits_until(&self, id: CallbackId) -> Time {
        self.s.callbacks.get(&id).map_or(self.s.now, |k| k.by.plus(TOO_LATE_MS).max(self.s.now))
    }

    /// Nobody was there to keep a promise for so long that it makes no sense any more.
    pub(crate) fn callback_waited_longest(&mut self, id: CallbackId) {
        self.give_up_callback(id, CallbackStep::Failed);
    }

    // The one end of a promise.
    fn give_up_callback(&mut self, id: CallbackId, how: CallbackStep) {
        self.count_callback(id, how);
        self.s.timers.clear(Waiter::Callback(id));
        let Some(k) = self.s.callbacks.remove(&id) else { return };
        if self.s.callback_persons.get(&k.person) == Some(&id) {
            self.s.callback_persons.remove(&k.person);
        }
        if let CallbackState::Waiting(entry) = k.state {
            let offers = self.take_entry(entry).map(|e| e.offers).unwrap_or_default();
            self.forget_queue_if_done(k.queue);
            // The agent whose phone rings for it is rung no more, and that call is over.
            for (_, leg) in offers {
                if let Some(call) = self.s.legs.get(&leg).map(|l| l.call) {
                    self.close_call(call, EndedBy::Switchroom, Reason::Asked);
                }
            }
        }
        if how == CallbackStep::Failed {
            for agent in self.agents_of(k.queue) {
                self.effect(Effect::Notify { agent, notice: Notice::CallbackFailed(id) });
            }
        }
    }

    // Whom a promise that failed concerns: those who are there.
    fn agents_of(&self, queue: QueueId) -> Vec<crate::ids::AgentId> {
        let there = self.s.agents.values().filter(|a| a.state.signed_in());
        there.filter(|a| a.queues.iter().any(|m| m.queue == queue)).map(|a| a.id).take(100).collect()
    }

    pub(crate) fn on_callback_cancelled(&mut self, id: CallbackId) {
        let Some(k) = self.s.callbacks.get(&id) else { return };
        if let CallbackState::Trying(call) = k.state {
            self.give_up_callback(id, CallbackStep::Cancelled);
            return self.close_call(call, EndedBy::Administrator, Reason::Asked);
        }
        self.give_up_callback(id, CallbackStep::Cancelled);
    }

    /// After a new process began: no phone rings for any promise, and those in the queue take their place again.
    pub(crate) fn resume_callbacks(&mut self) {
        let now = self.s.now;
        let ids: Vec<CallbackId> = self.s.callbacks.keys().copied().collect();
        for id in ids {
            if let Some(CallbackState::Waiting(entry)) = self.s.callbacks.get(&id).map(|k| k.state) {
                self.take_entry(entry);
                if let Some(k) = self.s.callbacks.get_mut(&id) {
                    k.state = CallbackState::Paused;
                }
            }
            if self.s.timers.of(Waiter::Callback(id)).is_none() {
                self.s.timers.set(Waiter::Callback(id), now.plus(AFTER_START_MS));
            }
        }
    }
}
