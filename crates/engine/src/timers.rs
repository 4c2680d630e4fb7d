//! Time, and the one list of what waits for it.

use crate::ids::{AgentId, CallId, CallbackId, EntryId, LegId};
use crate::register::Register;
use crate::table::Table;
use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Reverse;
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
    /// The calls to the outside together: the next minute of one of them, where calls are ended that have none left.
    Toll,
}

/// A heap of moments, some of them outdated: whoever waits for another moment by now is passed over when the old one is
/// on top. Setting and clearing cost next to nothing that way, and most moments are never reached.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(from = "Vec<(Waiter, Time)>", into = "Vec<(Waiter, Time)>")]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Time, Waiter)>>,
    legs: Table<LegId, Time>,
    calls: Table<CallId, Time>,
    entries: Table<EntryId, Time>,
    agents: Register<AgentId, Time>,
    callbacks: Table<CallbackId, Time>,
    toll: Option<Time>,
}

impl Timers {
    pub(crate) fn set(&mut self, waiter: Waiter, at: Time) {
        let old = match waiter {
            Waiter::Leg(id) => self.legs.insert(id, at),
            Waiter::Call(id) => self.calls.insert(id, at),
            Waiter::Entry(id) => self.entries.insert(id, at),
            Waiter::Agent(id) => self.agents.insert(id, at),
            Waiter::Callback(id) => self.callbacks.insert(id, at),
            Waiter::Toll => self.toll.replace(at),
        };
        if old != Some(at) {
            self.heap.push(Reverse((at, waiter)));
        }
        self.settle();
    }

    pub(crate) fn clear(&mut self, waiter: Waiter) {
        let old = match waiter {
            Waiter::Leg(id) => self.legs.remove(&id),
            Waiter::Call(id) => self.calls.remove(&id),
            Waiter::Entry(id) => self.entries.remove(&id),
            Waiter::Agent(id) => self.agents.remove(&id),
            Waiter::Callback(id) => self.callbacks.remove(&id),
            Waiter::Toll => self.toll.take(),
        };
        if old.is_some() {
            self.settle();
        }
    }

    pub(crate) fn of(&self, waiter: Waiter) -> Option<Time> {
        match waiter {
            Waiter::Leg(id) => self.legs.get(&id),
            Waiter::Call(id) => self.calls.get(&id),
            Waiter::Entry(id) => self.entries.get(&id),
            Waiter::Agent(id) => self.agents.get(&id),
            Waiter::Callback(id) => self.callbacks.get(&id),
            Waiter::Toll => self.toll.as_ref(),
        }
        .copied()
    }

    pub(crate) fn is_set(&self, waiter: Waiter) -> bool {
        self.of(waiter).is_some()
    }

    pub(crate) fn first(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    pub(crate) fn pop(&mut self, now: Time) -> Option<Waiter> {
        let Reverse((at, waiter)) = *self.heap.peek()?;
        if at > now {
            return None;
        }
        self.heap.pop();
        self.clear(waiter);
        Some(waiter)
    }

    fn len(&self) -> usize {
        let toll = usize::from(self.toll.is_some());
        self.legs.len()
            + self.calls.len()
            + self.entries.len()
            + self.agents.len()
            + self.callbacks.len()
            + toll
    }

    // What is on top counts. A moment can stand twice for one waiter who came back to it; the second is passed over too,
    // since the waiter has another or none by then.
    fn settle(&mut self) {
        while let Some(Reverse((at, waiter))) = self.heap.peek() {
            if self.of(*waiter) == Some(*at) {
                break;
            }
            self.heap.pop();
        }
        // Outdated moments are thrown away when they are most of the heap: what is kept is bounded by what waits.
        if self.heap.len() > 64 + 3 * self.len() {
            *self = Timers::from(Vec::from(core::mem::take(self)));
        }
    }
}

impl From<Vec<(Waiter, Time)>> for Timers {
    fn from(list: Vec<(Waiter, Time)>) -> Timers {
        let mut timers = Timers::default();
        for (waiter, at) in list {
            timers.set(waiter, at);
        }
        timers
    }
}

impl From<Timers> for Vec<(Waiter, Time)> {
    fn from(t: Timers) -> Vec<(Waiter, Time)> {
        let mut list = Vec::with_capacity(t.len());
        list.extend(t.legs.iter().map(|(id, at)| (Waiter::Leg(*id), *at)));
        list.extend(t.calls.iter().map(|(id, at)| (Waiter::Call(*id), *at)));
        list.extend(t.entries.iter().map(|(id, at)| (Waiter::Entry(*id), *at)));
        list.extend(t.agents.iter().map(|(id, at)| (Waiter::Agent(*id), *at)));
        list.extend(t.callbacks.iter().map(|(id, at)| (Waiter::Callback(*id), *at)));
        list.extend(t.toll.map(|at| (Waiter::Toll, at)));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_come_in_order_and_outdated_ones_never() {
        let mut t = Timers::default();
        for n in 0..100 {
            t.set(Waiter::Leg(LegId(n)), Time(1_000 - n));
        }
        for n in 0..100 {
            t.set(Waiter::Leg(LegId(n)), Time(2_000 + n));
        }
        t.clear(Waiter::Leg(LegId(0)));
        t.set(Waiter::Agent(AgentId(1)), Time(5));
        assert_eq!(t.first(), Some(Time(5)));
        assert_eq!(t.pop(Time(4)), None);
        assert_eq!(t.pop(Time(3_000)), Some(Waiter::Agent(AgentId(1))));
        for n in 1..100 {
            assert_eq!(t.pop(Time(3_000)), Some(Waiter::Leg(LegId(n))));
        }
        assert_eq!((t.pop(Time(3_000)), t.first()), (None, None));
    }

    #[test]
    fn the_heap_is_bounded_by_what_waits() {
        let mut t = Timers::default();
        for n in 0..10_000 {
            t.set(Waiter::Call(CallId(1)), Time(n + 10));
        }
        assert!(t.heap.len() < 100, "{}", t.heap.len());
        assert_eq!(t.pop(Time(20_000)), Some(Waiter::Call(CallId(1))));
        assert_eq!(t.first(), None);
    }

    #[test]
    fn coming_back_to_a_moment_fires_once() {
        let mut t = Timers::default();
        let leg = Waiter::Leg(LegId(1));
        t.set(Waiter::Agent(AgentId(9)), Time(1));
        t.set(leg, Time(50));
        t.set(leg, Time(60));
        t.set(leg, Time(50));
        assert_eq!(t.pop(Time(100)), Some(Waiter::Agent(AgentId(9))));
        assert_eq!(t.pop(Time(100)), Some(leg));
        assert_eq!(t.pop(Time(100)), None);
    }
}
