//! Laws that always hold, checked between events: in simulation after each, in production now and then.

use crate::agent::AgentState;
use crate::call::Phase;
use crate::ids::{AgentId, CallId, EntryId, LegId, QueueId};
use crate::leg::Role;
use crate::queue::EntryState;
use crate::state::Engine;
use crate::timers::Waiter;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// A law that is broken: a fault of ours, never of a caller's or an agent's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// A leg belongs to no call.
    LegWithoutCall(LegId),
    /// A call has no leg, and no record was given out.
    CallWithoutLeg(CallId),
    /// A call counts a leg as its own that is none.
    CallWithForeignLeg(CallId),
    /// A leg that no event and no time will end.
    LegWithoutDeadline(LegId),
    /// A caller in a queue whom no time will release.
    EntryWithoutDeadline(EntryId),
    /// A call that hears a prompt without end.
    PromptWithoutDeadline(CallId),
    /// An agent in wrap-up without end.
    WrapUpWithoutDeadline(AgentId),
    /// An agent is rung for, or talks in, something that is not there, or in two things at once.
    AgentBoundWrongly(AgentId),
    /// A queue entry and what it says about itself differ.
    EntryBoundWrongly(EntryId),
    /// offered = answered + abandoned + flowed out + callback + waiting does not hold.
    QueueCountsDiffer(QueueId),
    /// A queue's list of free agents or its counts by state differ from its agents.
    QueueMembersDiffer(QueueId),
    /// Somebody waits although somebody is free.
    WaitsAlthoughFree(QueueId),
    /// Calls begun are not calls ended plus calls open.
    CallCountsDiffer,
}

impl Engine {
    /// The cheap part: its cost grows with the number of queues only.
    ///
    /// # Errors
    /// The first law found broken.
    pub fn check_counts(&self) -> Result<(), Broken> {
        for (id, q) in &self.s.queues {
            let c = &q.counts;
            let waiting = q.waiting.len() as u64 + u64::from(q.offering);
            if c.offered != c.answered + c.abandoned + c.flowed_out + c.callback + waiting {
                return Err(Broken::QueueCountsDiffer(*id));
            }
            if !q.waiting.is_empty() && !q.free.is_empty() && !q.leaving {
                return Err(Broken::WaitsAlthoughFree(*id));
            }
        }
        if self.s.next_call != self.s.ended_calls + self.s.calls.len() as u64 {
            return Err(Broken::CallCountsDiffer);
        }
        Ok(())
    }

    /// All laws: its cost grows with all that is open.
    ///
    /// # Errors
    /// The first law found broken.
    pub fn check_all(&self) -> Result<(), Broken> {
        self.check_counts()?;
        let s = &self.s;
        let mut bound: BTreeMap<AgentId, LegId> = BTreeMap::new();
        for leg in s.legs.values() {
            let Some(call) = s.calls.get(&leg.call) else { return Err(Broken::LegWithoutCall(leg.id)) };
            if !call.live_legs.contains(&leg.id) {
                return Err(Broken::CallWithForeignLeg(call.id));
            }
            if !s.timers.is_set(Waiter::Leg(leg.id)) {
                return Err(Broken::LegWithoutDeadline(leg.id));
            }
            if let Role::Agent { agent, .. } = leg.role {
                if bound.insert(agent, leg.id).is_some() {
                    return Err(Broken::AgentBoundWrongly(agent));
                }
            }
        }
        for call in s.calls.values() {
            if call.live_legs.is_empty() {
                return Err(Broken::CallWithoutLeg(call.id));
            }
            if call.live_legs.iter().any(|l| s.legs.get(l).is_none_or(|l| l.call != call.id)) {
                return Err(Broken::CallWithForeignLeg(call.id));
            }
            if call.phase == Phase::Saying && !s.timers.is_set(Waiter::Call(call.id)) {
                return Err(Broken::PromptWithoutDeadline(call.id));
            }
            if let Phase::Waiting { entry } = call.phase {
                if s.entries.get(&entry).is_none_or(|e| e.call != call.id) {
                    return Err(Broken::EntryBoundWrongly(entry));
                }
            }
        }
        for e in s.entries.values() {
            if !s.timers.is_set(Waiter::Entry(e.id)) {
                return Err(Broken::EntryWithoutDeadline(e.id));
            }
            let waiting = s.queues.get(&e.queue).is_some_and(|q| q.waiting.contains(&(e.entered, e.id)));
            let right = match e.state {
                EntryState::Waiting => waiting,
                EntryState::Offered { leg, .. } => !waiting && s.legs.contains_key(&leg),
                EntryState::Served { .. } => false,
            };
            let call_waits = s.calls.get(&e.call).is_some_and(|c| c.phase == Phase::Waiting { entry: e.id });
            if !right || !call_waits {
                return Err(Broken::EntryBoundWrongly(e.id));
            }
        }
        for a in s.agents.values() {
            let right = match a.state {
                AgentState::Offered { leg, .. } | AgentState::Talking { leg, .. } => {
                    bound.get(&a.id) == Some(&leg)
                }
                AgentState::WrapUp { .. } if !s.timers.is_set(Waiter::Agent(a.id)) => {
                    return Err(Broken::WrapUpWithoutDeadline(a.id));
                }
                _ => !bound.contains_key(&a.id),
            };
            if !right {
                return Err(Broken::AgentBoundWrongly(a.id));
            }
        }
        self.check_members()
    }

    fn check_members(&self) -> Result<(), Broken> {
        for (id, q) in &self.s.queues {
            let members: Vec<_> = self.s.agents.values().filter(|a| a.queues.contains(id)).collect();
            let mut states = [0u32; crate::agent::STATES];
            let mut free = 0;
            for a in members {
                states[a.state.index()] += 1;
                let is_free = matches!(a.state, AgentState::Available);
                free += usize::from(is_free);
                if is_free != q.free.contains(&(a.idle_since, a.id)) {
                    return Err(Broken::QueueMembersDiffer(*id));
                }
            }
            if states != q.states || free != q.free.len() {
                return Err(Broken::QueueMembersDiffer(*id));
            }
        }
        Ok(())
    }
}
