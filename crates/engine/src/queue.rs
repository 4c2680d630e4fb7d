//! Queues: who waits, who is free, and the counts that must always add up.

use crate::agent::{AgentState, STATES};
use crate::effect::{Effect, HangUpCause, Sound};
use crate::ids::{AgentId, CallId, EntryId, LegId, QueueId};
use crate::record::{Outcome, What};
use crate::route::OfferOutcome;
use crate::state::{Changed, Engine};
use crate::timers::{Time, Waiter};
use alloc::collections::BTreeSet;
use serde::{Deserialize, Serialize};

/// How soon the end of the longest wait is looked at again while a phone rings for the caller.
const LOOK_AGAIN_MS: u64 = 1_000;

/// A queue's present.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Callers to be served, in their order: by the time they came, then by entry. One who is being offered to an agent
    /// is not among them, and comes back to the same place if the offer is missed.
    pub waiting: BTreeSet<(Time, EntryId)>,
    /// Free agents, longest idle first.
    pub free: BTreeSet<(Time, AgentId)>,
    /// Members in each state, in the order of [`AgentState::NAMES`].
    pub states: [u32; STATES],
    /// Entries being offered.
    pub offering: u32,
    /// What became of the callers since the tenant began.
    pub counts: QueueCounts,
    /// No longer configured: gone when its last caller is.
    pub leaving: bool,
}

/// What became of a queue's callers: `offered = answered + abandoned + flowed_out + callback + waiting`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueCounts {
    /// Callers who entered.
    pub offered: u64,
    /// Of these, answered by an agent.
    pub answered: u64,
    /// Answered within the service level's threshold.
    pub answered_within: u64,
    /// Hung up while waiting.
    pub abandoned: u64,
    /// Hung up within the threshold.
    pub abandoned_within: u64,
    /// Left for another step: waited longest, or lost with a restart.
    pub flowed_out: u64,
    /// Left for a callback.
    pub callback: u64,
    /// Milliseconds waited by those answered.
    pub answered_wait_ms: u64,
    /// Offers that agents missed.
    pub missed_offers: u64,
}

impl QueueCounts {
    /// Service level SL1, answered within T / (answered + abandoned − abandoned within T); `None` before the first.
    pub fn service_level(&self) -> Option<f64> {
        let of = self.answered + self.abandoned - self.abandoned_within;
        (of > 0).then(|| self.answered_within as f64 / of as f64)
    }
}

/// A caller's stay in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which.
    pub id: EntryId,
    /// Of which call.
    pub call: CallId,
    /// In which queue.
    pub queue: QueueId,
    /// When it began; the place in the queue follows from it.
    pub entered: Time,
    /// What is happening to it.
    pub state: EntryState,
}

/// What is happening to a caller in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryState {
    /// Waits for a free agent.
    Waiting,
    /// An agent's phone rings.
    Offered {
        /// Whose.
        agent: AgentId,
        /// With which leg.
        leg: LegId,
    },
    /// An agent answered.
    Served {
        /// Who.
        agent: AgentId,
    },
}

impl Engine {
    /// A caller wants in. False if the queue takes nobody: the flow goes on.
    pub(crate) fn enter_queue(&mut self, call: CallId, queue: QueueId) -> bool {
        let now = self.s.now;
        let Some(config) = self.s.config.queues.get(&queue) else { return false };
        let (max_waiting, max_wait, music) = (config.max_waiting, config.max_wait_ms, config.music);
        let Some(q) = self.s.queues.get_mut(&queue) else { return false };
        if q.waiting.len() as u32 + q.offering >= max_waiting {
            self.moment(call, What::QueueFull { queue });
            return false;
        }
        let id = EntryId(self.s.next_entry);
        self.s.next_entry += 1;
        q.waiting.insert((now, id));
        q.counts.offered += 1;
        self.s.entries.insert(id, Entry { id, call, queue, entered: now, state: EntryState::Waiting });
        self.s.timers.set(Waiter::Entry(id), now.plus(max_wait));
        self.enter_phase_waiting(call, queue, id);
        self.changed(Changed::Queue(queue));
        self.moment(call, What::Queued { queue });
        if let Some(leg) = self.caller_leg(call) {
            self.effect(Effect::Play { leg, sound: Sound::Music(music) });
        }
        self.serve_queue(queue);
        true
    }

    /// The caller of an entry hung up.
    pub(crate) fn abandon(&mut self, id: EntryId) {
        let Some(entry) = self.take_entry(id, HangUpCause::Withdrawn) else { return };
        let (waited, within) = self.waited(&entry);
        if let Some(q) = self.s.queues.get_mut(&entry.queue) {
            q.counts.abandoned += 1;
            q.counts.abandoned_within += u64::from(within);
        }
        self.note_wait(entry.call, entry.queue, waited, Outcome::Abandoned);
        self.forget_queue_if_done(entry.queue);
    }

    /// An entry leaves the queue for the next step of its flow, or because its call is lost.
    pub(crate) fn flow_out(&mut self, id: EntryId) -> Option<CallId> {
        let entry = self.take_entry(id, HangUpCause::Withdrawn)?;
        let (waited, _) = self.waited(&entry);
        if let Some(q) = self.s.queues.get_mut(&entry.queue) {
            q.counts.flowed_out += 1;
        }
        self.note_wait(entry.call, entry.queue, waited, Outcome::FlowedOut);
        self.forget_queue_if_done(entry.queue);
        Some(entry.call)
    }

    pub(crate) fn on_entry_deadline(&mut self, id: EntryId) {
        let Some(entry) = self.s.entries.get(&id) else { return };
        let (call, queue) = (entry.call, entry.queue);
        // A phone that rings for this caller is not silenced: if nobody takes the call, the wait is over then.
        if matches!(entry.state, EntryState::Offered { .. }) {
            return self.s.timers.set(Waiter::Entry(id), self.s.now.plus(LOOK_AGAIN_MS));
        }
        self.moment(call, What::WaitedLongest { queue });
        if self.flow_out(id).is_some() {
            self.next_step(call);
        }
    }

    /// An agent answered: the entry is served and leaves the queue.
    pub(crate) fn serve_entry(&mut self, id: EntryId) -> Option<Entry> {
        let entry = self.s.entries.remove(&id)?;
        self.s.timers.clear(Waiter::Entry(id));
        let (waited, within) = self.waited(&entry);
        self.changed(Changed::Queue(entry.queue));
        if let Some(q) = self.s.queues.get_mut(&entry.queue) {
            q.offering -= 1;
            q.counts.answered += 1;
            q.counts.answered_within += u64::from(within);
            q.counts.answered_wait_ms += waited;
        }
        self.note_wait(entry.call, entry.queue, waited, Outcome::Answered);
        self.forget_queue_if_done(entry.queue);
        Some(entry)
    }

    /// The offer failed: the caller takes the old place again, which is at the head.
    pub(crate) fn return_entry(&mut self, id: EntryId) {
        let Some(entry) = self.s.entries.get_mut(&id) else { return };
        if !matches!(entry.state, EntryState::Offered { .. }) {
            return;
        }
        entry.state = EntryState::Waiting;
        if let Some(q) = self.s.queues.get_mut(&entry.queue) {
            q.offering -= 1;
            q.waiting.insert((entry.entered, id));
        }
    }

    // Out of the queue, whatever it was doing; the agent being rung is rung no more.
    fn take_entry(&mut self, id: EntryId, cause: HangUpCause) -> Option<Entry> {
        let entry = self.s.entries.remove(&id)?;
        self.s.timers.clear(Waiter::Entry(id));
        self.changed(Changed::Queue(entry.queue));
        if let Some(q) = self.s.queues.get_mut(&entry.queue) {
            q.waiting.remove(&(entry.entered, id));
        }
        if let EntryState::Offered { leg, .. } = entry.state {
            if let Some(q) = self.s.queues.get_mut(&entry.queue) {
                q.offering -= 1;
            }
            self.close_offer(entry.call, leg, OfferOutcome::Withdrawn);
            self.end_leg(leg, cause);
        }
        Some(entry)
    }

    fn waited(&self, entry: &Entry) -> (u64, bool) {
        let waited = self.s.now.since(entry.entered);
        let threshold = self.queue_config(entry.queue).map_or(0, |q| q.answer_within_ms);
        (waited, waited <= threshold)
    }

    pub(crate) fn forget_queue_if_done(&mut self, id: QueueId) {
        if self.s.queues.get(&id).is_some_and(|q| q.leaving && q.waiting.is_empty() && q.offering == 0) {
            self.s.queues.remove(&id);
        }
    }

    /// Members counted anew: after the configuration changed.
    pub(crate) fn recount_queue(&mut self, id: QueueId) {
        let mut states = [0; STATES];
        let mut free = BTreeSet::new();
        for agent in self.s.agents.values().filter(|a| a.queues.contains(&id)) {
            states[agent.state.index()] += 1;
            if matches!(agent.state, AgentState::Available) {
                free.insert((agent.idle_since, agent.id));
            }
        }
        if let Some(q) = self.s.queues.get_mut(&id) {
            q.states = states;
            q.free = free;
        }
    }
}
