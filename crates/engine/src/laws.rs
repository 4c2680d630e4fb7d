//! Laws that always hold, checked between events: in simulation after each, in production now and then.

use crate::agent::AgentState;
use crate::call::Phase;
use crate::callback::CallbackState;
use crate::ids::{AgentId, CallId, CallbackId, EntryId, LegId, QueueId};
use crate::leg::Role;
use crate::need::rank;
use crate::queue::Of;
use crate::state::Engine;
use crate::timers::Waiter;
use alloc::collections::{BTreeMap, BTreeSet};
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
    /// A call that hears a prompt, or is asked something, without end.
    PromptWithoutDeadline(CallId),
    /// A promise to call back that nothing will take up again.
    CallbackWithoutDeadline(CallbackId),
    /// What a call says of its conversation and its legs differ.
    TalkBoundWrongly(CallId),
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
    /// Calls to the outside that are counted are not those that there are.
    TollCountsDiffer,
}

impl Engine {
    /// The cheap part: its cost grows with the number of queues only.
    ///
    /// # Errors
    /// The first law found broken.
    pub fn check_counts(&self) -> Result<(), Broken> {
        for (id, q) in self.s.queues.iter() {
            let c = &q.counts;
            if c.offered != c.answered + c.abandoned + c.flowed_out + c.callback + q.waiting() {
                return Err(Broken::QueueCountsDiffer(*id));
            }
            if !q.leaving && q.groups.values().any(|g| !g.waiting.is_empty() && !g.free.is_empty()) {
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
        let mut bound: BTreeMap<AgentId, BTreeSet<LegId>> = BTreeMap::new();
        for leg in s.legs.values() {
            let Some(call) = s.calls.get(&leg.call) else { return Err(Broken::LegWithoutCall(leg.id)) };
            if !call.live_legs.contains(&leg.id) {
                return Err(Broken::CallWithForeignLeg(call.id));
            }
            if !s.timers.is_set(Waiter::Leg(leg.id)) {
                return Err(Broken::LegWithoutDeadline(leg.id));
            }
            if let Role::Agent { agent, .. } | Role::Supervisor { agent } = leg.role {
                bound.entry(agent).or_default().insert(leg.id);
            }
        }
        for call in s.calls.values() {
            if call.live_legs.is_empty() {
                return Err(Broken::CallWithoutLeg(call.id));
            }
            if call.live_legs.iter().any(|l| s.legs.get(l).is_none_or(|l| l.call != call.id)) {
                return Err(Broken::CallWithForeignLeg(call.id));
            }
            let asks = matches!(call.phase, Phase::Saying | Phase::Asking) || call.asking.is_some();
            if asks && !s.timers.is_set(Waiter::Call(call.id)) {
                return Err(Broken::PromptWithoutDeadline(call.id));
            }
            let mine = |l: &LegId| call.live_legs.contains(l);
            let caller =
                call.caller_leg.is_none_or(|l| mine(&l) && (call.talk.is_empty() || call.talk.contains(&l)));
            let watched = call.watchers.iter().all(|w| mine(&w.leg));
            if !caller || !watched || !call.talk.iter().all(mine) {
                return Err(Broken::TalkBoundWrongly(call.id));
            }
            if call.phase == Phase::Talking && (call.talk.len() < 2 || call.caller_leg.is_none()) {
                return Err(Broken::TalkBoundWrongly(call.id));
            }
            if let Phase::Waiting { entry } = call.phase {
                let right = s.entries.get(&entry).is_some_and(|e| match e.of {
                    Of::Caller(c) => c == call.id,
                    Of::Callback(_) => call.is_callback(),
                    Of::Consult(_) => false,
                });
                if !right {
                    return Err(Broken::EntryBoundWrongly(entry));
                }
            }
        }
        for e in s.entries.values() {
            if !s.timers.is_set(Waiter::Entry(e.id)) {
                return Err(Broken::EntryWithoutDeadline(e.id));
            }
            if !self.entry_is_right(e) {
                return Err(Broken::EntryBoundWrongly(e.id));
            }
        }
        for k in s.callbacks.values() {
            let right = match k.state {
                CallbackState::Waiting(entry) => {
                    s.entries.get(&entry).is_some_and(|e| e.of == Of::Callback(k.id))
                }
                CallbackState::Paused => s.timers.is_set(Waiter::Callback(k.id)),
                CallbackState::Trying(call) => s.calls.contains_key(&call),
            };
            if !right {
                return Err(Broken::CallbackWithoutDeadline(k.id));
            }
        }
        for a in s.agents.values() {
            let mut legs: BTreeSet<LegId> = a.own_calls.iter().map(|(leg, _)| *leg).collect();
            match a.state {
                AgentState::Offered { leg, .. } | AgentState::Talking { leg, .. } => {
                    legs.insert(leg);
                }
                AgentState::WrapUp { .. } if !s.timers.is_set(Waiter::Agent(a.id)) => {
                    return Err(Broken::WrapUpWithoutDeadline(a.id));
                }
                // Whoever has a call is not free.
                AgentState::WrapUp { .. } => {}
                _ if legs.is_empty() => {}
                _ => return Err(Broken::AgentBoundWrongly(a.id)),
            }
            if bound.remove(&a.id).unwrap_or_default() != legs || !self.own_calls_are_right(a) {
                return Err(Broken::AgentBoundWrongly(a.id));
            }
        }
        self.check_toll()?;
        self.check_members()
    }

    // Each meter counts one leg, a call whose customer is yet to be dialled, or a call that another telephone system makes;
    // and they add up.
    fn check_toll(&self) -> Result<(), Broken> {
        let s = &self.s;
        let legs = s.legs.values().filter_map(|l| l.meter.map(|m| (m, Some(l.id))));
        let calls = s.calls.values().filter_map(|c| c.meter.map(|m| (m, None)));
        let mut counted = 0;
        let elsewhere = s.elsewhere.iter().map(|m| (*m, None));
        for (meter, leg) in legs.chain(calls).chain(elsewhere) {
            counted += 1;
            if s.ledger.meter(meter).is_none_or(|m| m.leg != leg) {
                return Err(Broken::TollCountsDiffer);
            }
        }
        // Beside its own, a leg may have that of whoever is asked to take its far end's place.
        let asked = || s.legs.values().filter(|l| s.ledger.asked_beside(l.id, l.meter).is_some()).count();
        let meters = s.ledger.meters().count();
        let all = counted == meters || counted + asked() == meters;
        if all && s.ledger.adds_up() { Ok(()) } else { Err(Broken::TollCountsDiffer) }
    }

    fn own_calls_are_right(&self, a: &crate::agent::Agent) -> bool {
        let main = match a.state {
            AgentState::Offered { leg, call } | AgentState::Talking { leg, call } => Some((leg, call)),
            _ => None,
        };
        let all = || a.own_calls.iter().chain(&main);
        all().all(|(leg, call)| self.s.legs.get(leg).is_some_and(|l| l.call == *call))
            && a.own_calls.iter().all(|(leg, _)| main.is_none_or(|(m, _)| m != *leg))
    }

    fn entry_is_right(&self, e: &crate::queue::Entry) -> bool {
        let s = &self.s;
        let key = (e.place, e.id);
        let Some(queue) = s.queues.get(&e.queue) else { return false };
        let stands = |q: &QueueId| {
            s.queues.get(q).and_then(|q| q.groups.get(&e.need)).is_some_and(|g| g.waiting.contains(&key))
        };
        let placed = match e.only {
            Some((agent, _)) => s.reserved.get(&agent).is_some_and(|r| r.contains(&key)) && !stands(&e.queue),
            None => core::iter::once(&e.queue).chain(&e.also).any(stands),
        };
        let due = e.offers.len() < usize::from(e.ring_at_once);
        let rings = e.offers.iter().all(|(agent, leg)| {
            s.legs.get(leg).is_some_and(|l| l.role == Role::Agent { agent: *agent, entry: Some(e.id) })
        });
        let waits = match e.of {
            Of::Caller(call) => s.calls.get(&call).is_some_and(|c| c.phase == Phase::Waiting { entry: e.id }),
            Of::Consult(call) => s.calls.get(&call).is_some_and(|c| c.aside.is_some()),
            Of::Callback(id) => s.callbacks.get(&id).is_some_and(|k| k.state == CallbackState::Waiting(e.id)),
        };
        let counted = queue.arrived.contains(&(e.entered, e.id)) == matches!(e.of, Of::Caller(_));
        queue.line.contains(&key) && placed == due && e.listed == due && rings && waits && counted
    }

    fn check_members(&self) -> Result<(), Broken> {
        if !self.kept_is_right() {
            let queue = self.kept.keys().next().copied().unwrap_or_default();
            return Err(Broken::QueueMembersDiffer(queue));
        }
        for (id, q) in self.s.queues.iter() {
            let strategy = self.queue_config(*id).map(|c| c.strategy).unwrap_or_default();
            let mut states = [0u32; crate::agent::STATES];
            let mut working = 0;
            let mut members = Vec::new();
            for a in self.s.agents.values().filter(|a| a.queues.iter().any(|m| m.queue == *id)) {
                states[a.state.index()] += 1;
                working += if a.state.works() { crate::agent::share(a) } else { 0 };
                if self.is_free(a.id) {
                    members.push(a);
                }
            }
            if states != q.states || working != q.working {
                return Err(Broken::QueueMembersDiffer(*id));
            }
            for (need, group) in &q.groups {
                let skills = self.s.needs.skills(*need);
                let able = members.iter().filter(|a| a.has(skills));
                let mut count = 0;
                for a in able {
                    count += 1;
                    if !group.free.contains(&rank(a, strategy, skills)) {
                        return Err(Broken::QueueMembersDiffer(*id));
                    }
                }
                if count != group.free.len() {
                    return Err(Broken::QueueMembersDiffer(*id));
                }
            }
        }
        Ok(())
    }
}
