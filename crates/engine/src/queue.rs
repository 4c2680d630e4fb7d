//! Queues: who waits, and the counts that must always add up.

use crate::agent::{AgentState, STATES, share};
use crate::config::{Easier, Overflow};
use crate::count::Fact;
use crate::effect::{Effect, HangUpCause, Keys, Sound};
use crate::ids::{AgentId, CallId, CallbackId, EntryId, LegId, NeedId, QueueId};
use crate::need::Group;
use crate::record::{Outcome, What};
use crate::route::OfferOutcome;
use crate::state::{Changed, Engine};
use crate::timers::{Time, Waiter};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How soon the end of the longest wait is looked at again while a phone rings for the caller.
const LOOK_AGAIN_MS: u64 = 1_000;

/// A queue's present.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Callers and free agents, by what the callers need.
    pub groups: BTreeMap<NeedId, Group>,
    /// Everybody who waits or is being offered, in the order in which they are served.
    pub line: BTreeSet<(Time, EntryId)>,
    /// Callers, by the time they came.
    pub arrived: BTreeSet<(Time, EntryId)>,
    /// Members in each state, in the order of [`AgentState::NAMES`].
    pub states: [u32; STATES],
    /// The strength at work, in thousandths of an agent: who serves two queues counts half in each.
    pub working: u64,
    /// What became of the callers since the tenant began.
    pub counts: QueueCounts,
    /// What the expected wait is made of.
    pub(crate) pace: crate::estimate::Pace,
    /// No longer configured: gone when its last caller is.
    pub leaving: bool,
}

impl Queue {
    /// Callers waiting, those being offered included. Promised callbacks are not among them.
    pub fn waiting(&self) -> u64 {
        self.arrived.len() as u64
    }

    /// Members who are available here; [`crate::Engine::free_in`] leaves out those whom Teams keeps.
    pub fn free(&self) -> u32 {
        self.states[1]
    }

    /// When the caller came who has waited longest.
    pub fn oldest(&self) -> Option<Time> {
        self.arrived.first().map(|(t, _)| *t)
    }
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
    /// Callers whose wait was estimated and is known.
    pub estimated: u64,
    /// The sum of their errors, in thousandths of the wait: divided by `estimated` it is the mean absolute error.
    pub estimate_error: u64,
}

impl QueueCounts {
    /// Service level SL1, answered within T / (answered + abandoned − abandoned within T); `None` before the first.
    pub fn service_level(&self) -> Option<f64> {
        let of = self.answered + self.abandoned - self.abandoned_within;
        (of > 0).then(|| self.answered_within as f64 / of as f64)
    }

    /// Mean absolute error of the expected wait, as a share of the wait; `None` before the first.
    pub fn estimate_error(&self) -> Option<f64> {
        (self.estimated > 0).then(|| self.estimate_error as f64 / 1_000.0 / self.estimated as f64)
    }
}

/// Who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Of {
    /// The caller of a call.
    Caller(CallId),
    /// An agent who consults the queue while the caller holds.
    Consult(CallId),
    /// Nobody: a promise to call back keeps the place.
    Callback(CallbackId),
}

/// A stay in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which.
    pub id: EntryId,
    /// Whose.
    pub of: Of,
    /// In which queue.
    pub queue: QueueId,
    /// When it began.
    pub entered: Time,
    /// The place in line: the time of entry, earlier by what priority is worth.
    pub place: Time,
    /// What the agent has to be able to.
    pub need: NeedId,
    /// Phones that ring for it.
    pub offers: Vec<(AgentId, LegId)>,
    /// How many phones may ring at once.
    pub ring_at_once: u8,
    /// Steps of priority.
    pub priority: u8,
    /// Further queues whose agents are rung.
    pub also: Vec<QueueId>,
    /// How many steps of relaxation are done.
    pub relaxed: u8,
    /// Only this agent is rung until then.
    pub only: Option<(AgentId, Time)>,
    /// What the wait was expected to be on entry, in milliseconds.
    pub expected_ms: Option<u64>,
    /// Whether it stands in its groups, to be chosen.
    pub(crate) listed: bool,
    pub(crate) until: Time,
    pub(crate) overflow_at: Option<Time>,
    pub(crate) announce_at: Option<Time>,
    pub(crate) offer_callback_at: Option<Time>,
    pub(crate) told: Option<crate::estimate::Told>,
}

impl Entry {
    /// The call that waits, if one does.
    pub fn call(&self) -> Option<CallId> {
        match self.of {
            Of::Caller(call) | Of::Consult(call) => Some(call),
            Of::Callback(_) => None,
        }
    }

    fn is_caller(&self) -> bool {
        matches!(self.of, Of::Caller(_))
    }
}

impl Engine {
    /// A caller wants in. False if the queue takes nobody: the flow goes on. `since` gives the place of somebody who came
    /// then.
    pub(crate) fn enter_queue(&mut self, call: CallId, queue: QueueId, since: Option<Time>) -> bool {
        let now = self.s.now;
        let Some(config) = self.s.config.queues.get(&queue) else { return false };
        let (max_waiting, music) = (config.max_waiting, config.music);
        let callback = config.callback.as_ref().map(|c| c.offer_ms);
        let patience = config.last_agent_ms;
        let Some(q) = self.s.queues.get(&queue) else { return false };
        if q.waiting() >= u64::from(max_waiting) {
            self.moment(call, What::QueueFull { queue });
            return false;
        }
        let Some(c) = self.s.calls.get(&call) else { return false };
        let (priority, need) = (c.priority, self.s.needs.number(&c.needs));
        let (number, person, outward) = (c.number, c.facts.person, c.is_callback());
        let id = self.new_entry(Of::Caller(call), queue, since.unwrap_or(now), priority, need);
        self.count_entered(queue, now, number);
        self.enter_phase_waiting(call, queue, id);
        self.changed(Changed::Queue(queue));
        self.moment(call, What::Queued { queue });
        if let Some(e) = self.s.entries.get_mut(&id) {
            e.offer_callback_at = callback.filter(|_| !outward).map(|ms| now.plus(ms));
        }
        if let Some(leg) = self.caller_leg(call) {
            self.play(leg, Sound::Music(music));
            if callback.is_some() && !outward {
                self.effect(Effect::Keys { leg, keys: Keys::Choose });
            }
        }
        let expected = self.expected_wait(queue, id);
        if let Some(e) = self.s.entries.get_mut(&id) {
            e.expected_ms = expected;
        }
        if patience > 0 {
            self.prefer_last_agent(id, person, patience);
        }
        self.list_entry(id);
        self.serve_entry(id);
        self.note_nobody_free(id);
        self.wake_entry(id);
        true
    }

    // Why a caller waits is told at once, while everybody knows it.
    fn note_nobody_free(&mut self, id: EntryId) {
        let Some(e) = self.s.entries.get(&id).filter(|e| e.offers.is_empty()) else { return };
        let (Some(call), queue, need) = (e.call(), e.queue, e.need) else { return };
        let Some(q) = self.s.queues.get(&queue) else { return };
        let able = q.groups.get(&need).map_or(0, |g| g.free.len() as u32);
        let (states, lacking) = (q.states, self.free_in(queue).saturating_sub(able));
        let ahead = self.ahead_of(id);
        self.moment(call, What::NobodyFree { queue, ahead, states, lacking });
        self.note_kept(call, queue, None);
    }

    pub(crate) fn new_entry(
        &mut self,
        of: Of,
        queue: QueueId,
        since: Time,
        priority: u8,
        need: NeedId,
    ) -> EntryId {
        let now = self.s.now;
        let id = EntryId(self.s.next_entry);
        self.s.next_entry += 1;
        let config = self.s.config.queues.get(&queue);
        let (max_wait, ring) = config.map_or((0, 1), |c| (c.max_wait_ms, c.ring_at_once));
        let worth = config.map_or(0, |c| c.priority_ms);
        let first = config.and_then(|c| c.announce.as_ref()).map(|a| now.plus(a.first_ms));
        let is_caller = matches!(of, Of::Caller(_));
        let place = Time(since.0.saturating_sub(u64::from(priority) * worth));
        let until = match of {
            Of::Callback(callback) => self.callback_waits_until(callback),
            _ => now.plus(max_wait),
        };
        self.s.entries.insert(
            id,
            Box::new(Entry {
                id,
                of,
                queue,
                entered: now,
                place,
                need,
                offers: Vec::new(),
                ring_at_once: ring.max(1),
                priority,
                also: Vec::new(),
                relaxed: 0,
                only: None,
                expected_ms: None,
                listed: false,
                until,
                overflow_at: None,
                announce_at: first.filter(|_| is_caller),
                offer_callback_at: None,
                told: None,
            }),
        );
        if let Some(q) = self.s.queues.get_mut(&queue) {
            q.line.insert((place, id));
            if is_caller {
                q.arrived.insert((now, id));
                q.counts.offered += 1;
            }
        }
        id
    }

    fn count_entered(&mut self, queue: QueueId, at: Time, number: Option<crate::ids::NumberId>) {
        self.effect(Effect::Count(Fact::Entered { queue, number, at }));
    }

    // ---- places in the groups ----

    /// Puts an entry where it can be chosen, unless enough phones ring for it or only one agent may have it.
    pub(crate) fn list_entry(&mut self, id: EntryId) {
        let Some(e) = self.s.entries.get_mut(&id) else { return };
        if e.listed || e.offers.len() >= usize::from(e.ring_at_once) {
            return;
        }
        e.listed = true;
        let (key, need, home, only) = ((e.place, id), e.need, e.queue, e.only);
        if let Some((agent, _)) = only {
            self.s.reserved.entry(agent).or_default().insert(key);
            return;
        }
        let also = e.also.clone();
        for queue in core::iter::once(home).chain(also) {
            if let Some(group) = self.group(queue, need) {
                group.waiting.insert(key);
            }
        }
    }

    /// Takes an entry out of where it can be chosen.
    pub(crate) fn unlist_entry(&mut self, id: EntryId) {
        let Some(e) = self.s.entries.get_mut(&id).filter(|e| e.listed) else { return };
        e.listed = false;
        let key = (e.place, id);
        if let Some((agent, _)) = e.only {
            if let Some(set) = self.s.reserved.get_mut(&agent) {
                set.remove(&key);
                if set.is_empty() {
                    self.s.reserved.remove(&agent);
                }
            }
            return;
        }
        for queue in core::iter::once(&e.queue).chain(&e.also) {
            if let Some(group) = self.s.queues.get_mut(queue).and_then(|q| q.groups.get_mut(&e.need)) {
                group.waiting.remove(&key);
            }
        }
    }

    /// Changes what decides where an entry stands, and lets it be served anew: also while phones ring for it.
    pub(crate) fn change_entry(&mut self, id: EntryId, change: impl FnOnce(&mut Entry)) {
        self.unlist_entry(id);
        let Some(e) = self.s.entries.get_mut(&id) else { return };
        let (old, queue) = (e.place, e.queue);
        change(e);
        let new = e.place;
        if old != new {
            if let Some(q) = self.s.queues.get_mut(&queue) {
                q.line.remove(&(old, id));
                q.line.insert((new, id));
            }
        }
        self.list_entry(id);
        self.serve_entry(id);
    }

    // ---- leaving ----

    /// The caller of an entry hung up.
    pub(crate) fn abandon(&mut self, id: EntryId) {
        let Some(entry) = self.take_entry(id) else { return };
        #[cfg(feature = "faults")]
        if self.fault == Some(crate::state::Mistake::LostCaller) {
            return;
        }
        self.left(&entry, Outcome::Abandoned, None);
    }

    /// An entry leaves the queue for the next step of its flow, or because its call is lost.
    pub(crate) fn flow_out(&mut self, id: EntryId) -> Option<CallId> {
        let entry = self.take_entry(id)?;
        self.left(&entry, Outcome::FlowedOut, None);
        entry.call()
    }

    /// The caller hangs up to be called back.
    pub(crate) fn leave_for_callback(&mut self, id: EntryId) -> Option<Box<Entry>> {
        let entry = self.take_entry(id)?;
        self.left(&entry, Outcome::Callback, None);
        Some(entry)
    }

    /// An agent answered: the entry is served and leaves the queue; other phones that ring for it fall silent.
    pub(crate) fn served(&mut self, id: EntryId, agent: AgentId, leg: LegId) -> Option<Box<Entry>> {
        if let Some(e) = self.s.entries.get_mut(&id) {
            e.offers.retain(|(_, l)| *l != leg);
        }
        let entry = self.take_entry(id)?;
        self.left(&entry, Outcome::Answered, Some(agent));
        Some(entry)
    }

    // The one place where a caller's stay is counted.
    fn left(&mut self, entry: &Entry, outcome: Outcome, agent: Option<AgentId>) {
        let (now, queue, entered) = (self.s.now, entry.queue, entry.entered);
        let waited = now.since(entered);
        let threshold = self.queue_config(queue).map_or(0, |q| q.answer_within_ms);
        let within = waited <= threshold;
        if let Of::Caller(call) = entry.of {
            let number = self.s.calls.get(&call).and_then(|c| c.number);
            if let Some(q) = self.s.queues.get_mut(&queue) {
                let c = &mut q.counts;
                match outcome {
                    Outcome::Answered => {
                        c.answered += 1;
                        c.answered_within += u64::from(within);
                        c.answered_wait_ms += waited;
                    }
                    Outcome::Abandoned => {
                        c.abandoned += 1;
                        c.abandoned_within += u64::from(within);
                    }
                    Outcome::FlowedOut => c.flowed_out += 1,
                    Outcome::Callback => c.callback += 1,
                }
            }
            let fact = Fact::Left { queue, number, entered, at: now, outcome, within, agent };
            self.effect(Effect::Count(fact));
            self.note_wait(call, queue, waited, outcome);
            if outcome == Outcome::Answered {
                self.learn_wait(entry, waited);
            }
            if let Some(leg) = self.caller_leg(call) {
                if self.queue_config(queue).is_some_and(|q| q.callback.is_some()) {
                    self.effect(Effect::Keys { leg, keys: Keys::Pass });
                }
            }
        }
        self.forget_queue_if_done(queue);
    }

    /// An offer failed: the caller can be chosen again, at the old place, which is at the head.
    pub(crate) fn return_entry(&mut self, id: EntryId, leg: LegId) {
        let Some(entry) = self.s.entries.get_mut(&id) else { return };
        entry.offers.retain(|(_, l)| *l != leg);
        self.list_entry(id);
    }

    // Out of the queue, whatever it was doing; agents being rung are rung no more.
    pub(crate) fn take_entry(&mut self, id: EntryId) -> Option<Box<Entry>> {
        self.unlist_entry(id);
        let entry = self.s.entries.remove(&id)?;
        self.s.timers.clear(Waiter::Entry(id));
        self.changed(Changed::Queue(entry.queue));
        if let Some(q) = self.s.queues.get_mut(&entry.queue) {
            q.line.remove(&(entry.place, id));
            if entry.is_caller() {
                q.arrived.remove(&(entry.entered, id));
            }
        }
        for (_, leg) in &entry.offers {
            if let Some(call) = self.s.legs.get(leg).map(|l| l.call) {
                self.close_offer(call, *leg, OfferOutcome::Withdrawn);
            }
            self.end_leg(*leg, HangUpCause::Withdrawn);
        }
        Some(entry)
    }

    // ---- what changes with time ----

    /// Sets the timer of an entry to whatever comes next.
    pub(crate) fn wake_entry(&mut self, id: EntryId) {
        let Some(e) = self.s.entries.get(&id) else { return };
        let relax = self.queue_config(e.queue).and_then(|q| q.relax.get(usize::from(e.relaxed)));
        let next = [
            Some(e.until),
            relax.map(|r| e.entered.plus(r.after_ms)),
            e.only.map(|(_, until)| until),
            e.overflow_at,
            e.announce_at,
            e.offer_callback_at,
        ];
        if let Some(at) = next.into_iter().flatten().min() {
            // Never at once again: what is due was done just now.
            self.s.timers.set(Waiter::Entry(id), at.max(self.s.now.plus(1)));
        }
    }

    pub(crate) fn on_entry_deadline(&mut self, id: EntryId) {
        let now = self.s.now;
        let Some(e) = self.s.entries.get(&id) else { return };
        let (queue, offered, until) = (e.queue, !e.offers.is_empty(), e.until);
        if e.only.is_some_and(|(_, until)| until <= now) {
            self.unlist_entry(id);
            if let Some(e) = self.s.entries.get_mut(&id) {
                e.only = None;
            }
            self.list_entry(id);
            self.serve_entry(id);
        }
        self.relax(id);
        let Some(e) = self.s.entries.get(&id) else { return };
        if until <= now {
            // A phone that rings for this caller is not silenced: if nobody takes the call, the wait is over then.
            if offered {
                if let Some(e) = self.s.entries.get_mut(&id) {
                    e.until = now.plus(LOOK_AGAIN_MS);
                }
            } else {
                return self.waited_longest(id);
            }
        } else if e.overflow_at.is_some_and(|at| at <= now) {
            if let Some(e) = self.s.entries.get_mut(&id) {
                e.overflow_at = offered.then(|| now.plus(LOOK_AGAIN_MS));
            }
            if !offered {
                return self.overflow(id, |o| matches!(o, Overflow::After(_)));
            }
        }
        self.announce(id, queue);
        self.wake_entry(id);
    }

    fn waited_longest(&mut self, id: EntryId) {
        let Some(e) = self.s.entries.get(&id) else { return };
        let (of, queue) = (e.of, e.queue);
        match of {
            Of::Caller(call) => {
                self.moment(call, What::WaitedLongest { queue });
                if self.flow_out(id).is_some() {
                    self.next_step(call);
                }
            }
            Of::Consult(call) => {
                self.take_entry(id);
                self.abort_consult(call);
            }
            Of::Callback(callback) => self.callback_waited_longest(callback),
        }
    }

    /// Does every step of relaxation that is due.
    fn relax(&mut self, id: EntryId) {
        loop {
            let now = self.s.now;
            let Some(e) = self.s.entries.get(&id) else { return };
            let (queue, step) = (e.queue, e.relaxed);
            let due = self
                .queue_config(queue)
                .and_then(|q| q.relax.get(usize::from(step)))
                .filter(|r| e.entered.plus(r.after_ms) <= now)
                .copied();
            let Some(due) = due else { return };
            let call = e.call();
            let mut skills = self.s.needs.skills(e.need).to_vec();
            let worth = self.queue_config(queue).map_or(0, |q| q.priority_ms);
            match due.what {
                Easier::Lower { skill, by } => {
                    for (s, level) in &mut skills {
                        if *s == skill {
                            *level = level.saturating_sub(by).max(1);
                        }
                    }
                }
                Easier::Drop { skill } => skills.retain(|(s, _)| *s != skill),
                Easier::DropAll => skills.clear(),
                Easier::AlsoQueue { .. } | Easier::RingAtOnce { .. } | Easier::Priority { .. } => {}
            }
            let need = self.s.needs.number(&skills);
            if let Some(call) = call {
                self.moment(call, What::Relaxed { queue, step });
            }
            self.change_entry(id, |e| {
                e.relaxed += 1;
                e.need = need;
                match due.what {
                    Easier::AlsoQueue { queue } if queue != e.queue && !e.also.contains(&queue) => {
                        e.also.push(queue);
                    }
                    // Each phone that rings for a promise is a call of its own: one at a time.
                    Easier::RingAtOnce { phones } if !matches!(e.of, Of::Callback(_)) => {
                        e.ring_at_once = phones.clamp(1, 10);
                    }
                    Easier::Priority { steps } => {
                        e.priority = e.priority.saturating_add(steps);
                        e.place = Time(e.place.0.saturating_sub(u64::from(steps) * worth));
                    }
                    _ => {}
                }
            });
            self.note_nobody_free(id);
        }
    }

    /// The caller goes on where the flow says for the first overflow that fits.
    pub(crate) fn overflow(&mut self, id: EntryId, fits: impl Fn(&Overflow) -> bool) {
        let Some(Of::Caller(call)) = self.s.entries.get(&id).map(|e| e.of) else { return };
        let Some(queue) = self.s.entries.get(&id).map(|e| e.queue) else { return };
        let found = self.s.calls.get(&call).and_then(|c| c.overflow.iter().find(|(o, _)| fits(o)).copied());
        let Some((why, to)) = found else { return };
        self.moment(call, What::Overflowed { queue, why });
        if self.flow_out(id).is_some() {
            self.go_to(call, to);
            self.next_step(call);
        }
    }

    pub(crate) fn nobody_signed_in(&self, queue: QueueId) -> bool {
        self.s.queues.get(&queue).is_some_and(|q| q.states[1..=5].iter().sum::<u32>() == 0)
    }

    /// The last agent signed off: callers whose flow says so go on elsewhere.
    pub(crate) fn overflow_nobody(&mut self, queue: QueueId) {
        let waiting: Vec<EntryId> = match self.s.queues.get(&queue) {
            Some(q) => q.line.iter().map(|(_, id)| *id).collect(),
            None => return,
        };
        for id in waiting {
            self.overflow(id, |o| matches!(o, Overflow::NobodySignedIn));
        }
    }

    pub(crate) fn forget_queue_if_done(&mut self, id: QueueId) {
        if self.s.queues.get(&id).is_some_and(|q| q.leaving && q.line.is_empty()) {
            self.s.queues.remove(&id);
        }
    }

    /// Members counted anew: after the configuration changed. All entries are unlisted by then.
    pub(crate) fn recount_queue(&mut self, id: QueueId) {
        let mut states = [0; STATES];
        let mut working = 0;
        for agent in self.s.agents.values().filter(|a| a.queues.iter().any(|m| m.queue == id)) {
            states[agent.state.index()] += 1;
            if agent.state.works() {
                working += share(agent);
            }
        }
        if let Some(q) = self.s.queues.get_mut(&id) {
            q.states = states;
            q.working = working;
            q.groups.clear();
        }
        // The group of those who need nothing in particular is always there: free agents appear in it.
        self.group(id, NeedId(0));
    }

    /// Whether an agent can be rung now.
    pub(crate) fn is_free(&self, agent: AgentId) -> bool {
        let available = self.s.agents.get(&agent).is_some_and(|a| matches!(a.state, AgentState::Available));
        available && !self.presence(agent).keeps()
    }
}
