//! Time, and the one list of what waits for it.

use crate::ids::{AgentId, CallId, CallbackId, EntryId, LegId};
use alloc::collections::{BTreeMap, BTreeSet};
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970 in UTC, as the door counts them: never going back, whatever a clock does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Time(pub u64);

impl Time {
    /// This many milliseconds later.
    pub fn plus(self, ms: u64) -> Time {
        Time(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this; 0 if it is later.
    pub fn since(self, earlier: Time) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Who waits. Each waits for one moment at a time: that its present state has lasted too long, or long enough.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(crate) enum Waiter {
    /// A leg: its far end does not do what was asked in time; or, once it is up, the longest call.
    Leg(LegId),
    /// A call: what its flow waits for does not come in time.
    Call(CallId),
    /// A queue entry: the next thing that changes with time, the longest wait at the latest.
    Entry(EntryId),
    /// An agent: the end of wrap-up.
    Agent(AgentId),
    /// A promise to call back: the next try.
    Callback(CallbackId),
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Timers {
    by_time: BTreeSet<(Time, Waiter)>,
    by_waiter: BTreeMap<Waiter, Time>,
}

impl Timers {
    pub(crate) fn set(&mut self, waiter: Waiter, at: Time) {
        self.clear(waiter);
        self.by_waiter.insert(waiter, at);
        self.by_time.insert((at, waiter));
    }

    pub(crate) fn clear(&mut self, waiter: Waiter) {
        if let Some(at) = self.by_waiter.remove(&waiter) {
            self.by_time.remove(&(at, waiter));
        }
    }

    pub(crate) fn is_set(&self, waiter: Waiter) -> bool {
        self.by_waiter.contains_key(&waiter)
    }

    pub(crate) fn of(&self, waiter: Waiter) -> Option<Time> {
        self.by_waiter.get(&waiter).copied()
    }

    pub(crate) fn first(&self) -> Option<Time> {
        self.by_time.first().map(|(at, _)| *at)
    }

    pub(crate) fn pop(&mut self, now: Time) -> Option<Waiter> {
        let (at, waiter) = *self.by_time.first()?;
        if at > now {
            return None;
        }
        self.clear(waiter);
        Some(waiter)
    }
}
