//! Agents: what each is doing, and what each may do next.

use crate::config::AtStart;
use crate::count::Fact;
use crate::effect::{Effect, Notice};
use crate::ids::{AgentId, BreakReason, CallId, DispositionId, LegId, NumberId, QueueId, SkillId};
use crate::record::What;
use crate::state::{Changed, Engine};
use crate::timers::{Time, Waiter};
use alloc::boxed::Box;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What an agent is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AgentState {
    /// Not signed in.
    Offline,
    /// Free for a call.
    Available,
    /// The phone rings.
    Offered {
        /// With which leg.
        leg: LegId,
        /// For which call.
        call: CallId,
    },
    /// In a conversation.
    Talking {
        /// On which leg.
        leg: LegId,
        /// In which call.
        call: CallId,
    },
    /// Finishing the work of a call.
    WrapUp {
        /// Which.
        call: CallId,
    },
    /// Away for a while.
    Break {
        /// Why.
        reason: BreakReason,
    },
    /// Missed too many offers.
    Suspended,
}

/// How many different states there are.
pub(crate) const STATES: usize = 7;

impl AgentState {
    /// The state's name in the API and the reports.
    pub fn name(&self) -> &'static str {
        Self::NAMES[self.index()]
    }

    /// All names, in the order of [`crate::Decision::states`].
    pub const NAMES: [&'static str; STATES] =
        ["offline", "available", "offered", "talking", "wrap-up", "break", "suspended"];

    /// Its place among the names.
    pub fn index(&self) -> usize {
        match self {
            AgentState::Offline => 0,
            AgentState::Available => 1,
            AgentState::Offered { .. } => 2,
            AgentState::Talking { .. } => 3,
            AgentState::WrapUp { .. } => 4,
            AgentState::Break { .. } => 5,
            AgentState::Suspended => 6,
        }
    }

    /// Works, or would if there were a call: counts for the expected wait.
    pub(crate) fn works(&self) -> bool {
        matches!(self.index(), 1..=4)
    }

    /// Signed in: at work or on a break.
    pub(crate) fn signed_in(&self) -> bool {
        matches!(self.index(), 1..=5)
    }

    fn reason(&self) -> BreakReason {
        match self {
            AgentState::Break { reason } => *reason,
            _ => BreakReason(0),
        }
    }
}

/// What an agent may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wanted {
    /// Sign on, come back from a break, end wrap-up or a suspension.
    Available,
    /// Go on a break, with reason 0 where none is given; during a call, after it.
    Break(BreakReason),
    /// Sign off; during a call, after it.
    Offline,
    /// More time for wrap-up, in milliseconds.
    MoreWrapUp(u32),
}

/// An agent's membership in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// In which.
    pub queue: QueueId,
    /// Queues of a lower order are served first.
    pub order: u8,
    /// How much a second of waiting counts among queues of one order.
    pub weight: u8,
}

/// What an agent has done on a call so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Which call.
    pub call: CallId,
    /// For which queue.
    pub queue: Option<QueueId>,
    /// What was said of it.
    pub disposition: Option<DispositionId>,
    pub(crate) number: Option<NumberId>,
    pub(crate) began: Time,
    pub(crate) held_since: Option<Time>,
    pub(crate) hold_ms: u64,
    pub(crate) ended: Option<Time>,
    pub(crate) more_ms: u64,
    pub(crate) transferred: bool,
    pub(crate) consulted: bool,
    pub(crate) conferenced: bool,
    pub(crate) outbound: bool,
}

/// An agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Which.
    pub id: AgentId,
    /// What it is doing.
    pub state: AgentState,
    /// Since when.
    pub since: Time,
    /// Since when it has been free, once it is: the longest idle comes first. A break or a call begins it anew.
    pub idle_since: Time,
    /// Offers missed in a row.
    pub misses: u8,
    /// What it asked for while busy.
    pub next: Option<Wanted>,
    /// Its queues, those of the lowest order first.
    pub queues: Vec<Membership>,
    /// What it can, and how well.
    pub skills: Vec<(SkillId, u8)>,
    /// Calls answered since it signed on.
    pub calls: u32,
    /// What it does or finishes.
    pub work: Option<Work>,
    /// When it was rung last, by a count of all offers.
    pub(crate) rung: u64,
    /// Stands among the free of its queues. Who gets free and is rung at once never does.
    pub(crate) listed: bool,
    /// No longer configured: gone as soon as it is free.
    pub leaving: bool,
    /// Further calls that it made from the phone while busy.
    pub own_calls: Vec<(LegId, CallId)>,
    /// Was suspended before a call of its own wish, and is again after it.
    pub(crate) suspended: bool,
}

impl Agent {
    /// Whether a call or its wrap-up occupies the agent.
    pub fn is_busy(&self) -> bool {
        matches!(
            self.state,
            AgentState::Offered { .. } | AgentState::Talking { .. } | AgentState::WrapUp { .. }
        )
    }

    /// Whether the agent has these skills at these levels.
    pub fn has(&self, need: &[(SkillId, u8)]) -> bool {
        need.iter().all(|(skill, level)| self.level(*skill) >= *level)
    }

    pub(crate) fn level(&self, skill: SkillId) -> u8 {
        self.skills.iter().find(|(s, _)| *s == skill).map_or(0, |(_, level)| *level)
    }
}

impl Engine {
    pub(crate) fn meet_agent(&mut self, id: AgentId, at_start: AtStart, skills: Vec<(SkillId, u8)>) {
        if let Some(agent) = self.s.agents.get_mut(&id) {
            agent.leaving = false;
            agent.skills = skills;
            return;
        }
        let state = match at_start {
            AtStart::Offline => AgentState::Offline,
            AtStart::Available => AgentState::Available,
        };
        let now = self.s.now;
        let agent = Agent {
            id,
            state,
            since: now,
            idle_since: now,
            misses: 0,
            next: None,
            queues: Vec::new(),
            skills,
            calls: 0,
            work: None,
            rung: 0,
            listed: matches!(state, AgentState::Available),
            leaving: false,
            own_calls: Vec::new(),
            suspended: false,
        };
        self.s.agents.insert(id, Box::new(agent));
    }

    /// The one place where an agent's state changes: the queues' lists of free agents and their counts follow.
    pub(crate) fn set_agent(&mut self, id: AgentId, state: AgentState) {
        let (now, watched) = (self.s.now, self.watched());
        let Some(mut agent) = self.s.agents.remove(&id) else { return };
        let old = agent.state;
        let (was_free, is_free) =
            (matches!(old, AgentState::Available), matches!(state, AgentState::Available));
        self.s.timers.clear(Waiter::Agent(id));
        #[cfg(feature = "faults")]
        let listed = agent.listed
            && !(self.fault == Some(crate::state::Mistake::OfferTwice)
                && matches!(state, AgentState::Offered { .. }));
        #[cfg(not(feature = "faults"))]
        let listed = agent.listed;
        if listed {
            self.leave_free(&agent);
            agent.listed = false;
        }
        if agent.since != now {
            let (from, reason) = (agent.since, old.reason());
            self.effect(Effect::Count(Fact::AgentTime {
                agent: id,
                state: old.index() as u8,
                reason,
                from,
                to: now,
            }));
        }
        if matches!(old, AgentState::Offline) && !matches!(state, AgentState::Offline) {
            agent.calls = 0;
        }
        agent.state = state;
        agent.since = now;
        if is_free && !was_free {
            agent.idle_since = now;
        }
        let share = share(&agent);
        for m in &agent.queues {
            if watched {
                self.changed(Changed::Queue(m.queue));
            }
            let Some(queue) = self.s.queues.get_mut(&m.queue) else { continue };
            queue.states[old.index()] -= 1;
            queue.states[state.index()] += 1;
            match (old.works(), state.works()) {
                (true, false) => queue.working -= share,
                (false, true) => queue.working += share,
                _ => {}
            }
        }
        let signed_off = old.signed_in() && !state.signed_in();
        let left: Vec<QueueId> = match signed_off {
            true => agent.queues.iter().map(|m| m.queue).filter(|q| self.nobody_signed_in(*q)).collect(),
            false => Vec::new(),
        };
        let gone = agent.leaving && matches!(state, AgentState::Offline);
        self.s.agents.insert(id, agent);
        self.changed(Changed::Agent(id));
        if gone {
            self.forget_agent(id);
        } else if is_free {
            self.serve_agent(id);
        }
        for queue in left {
            self.overflow_nobody(queue);
        }
    }

    pub(crate) fn forget_agent(&mut self, id: AgentId) {
        self.release_preference(id);
        let Some(agent) = self.s.agents.remove(&id) else { return };
        self.s.ledger.forget(id);
        self.s.presences.remove(&id);
        if agent.listed {
            self.leave_free(&agent);
        }
        let share = share(&agent);
        for m in &agent.queues {
            if let Some(queue) = self.s.queues.get_mut(&m.queue) {
                queue.states[agent.state.index()] -= 1;
                if agent.state.works() {
                    queue.working -= share;
                }
            }
        }
        self.s.timers.clear(Waiter::Agent(id));
    }

    pub(crate) fn on_agent_wants(&mut self, id: AgentId, wanted: Wanted) {
        let Some(agent) = self.s.agents.get_mut(&id) else { return };
        if let Wanted::MoreWrapUp(ms) = wanted {
            return self.more_wrap_up(id, u64::from(ms));
        }
        match (agent.state, wanted) {
            // A call goes before: what is wanted comes after it.
            (AgentState::Offered { .. } | AgentState::Talking { .. }, Wanted::Available) => {
                agent.next = None;
                agent.suspended = false;
            }
            (AgentState::Offered { .. } | AgentState::Talking { .. }, _) => agent.next = Some(wanted),
            (AgentState::Available, Wanted::Available) => {}
            (AgentState::WrapUp { .. }, _) => {
                if self.owes_disposition(id) {
                    // It ends by itself at its bound; until then the call's end has to be named first.
                    if let Some(agent) = self.s.agents.get_mut(&id) {
                        agent.next = Some(wanted);
                    }
                    return;
                }
                agent_next(self, id, wanted);
            }
            _ => agent_next(self, id, wanted),
        }
    }

    /// Whether an agent in wrap-up has to say how the call ended before leaving it.
    pub fn owes_disposition(&self, id: AgentId) -> bool {
        let Some(work) = self.s.agents.get(&id).and_then(|a| a.work) else { return false };
        work.disposition.is_none()
            && work.queue.and_then(|q| self.queue_config(q)).is_some_and(|q| q.disposition_forced)
    }

    fn more_wrap_up(&mut self, id: AgentId, ms: u64) {
        let Some(agent) = self.s.agents.get(&id) else { return };
        let (AgentState::WrapUp { .. }, Some(work)) = (agent.state, agent.work) else { return };
        let limit = work.queue.and_then(|q| self.queue_config(q)).map_or(0, |q| q.more_wrap_up_ms);
        let more = ms.min(limit.saturating_sub(work.more_ms));
        if let Some(at) = self.s.timers.of(Waiter::Agent(id)) {
            self.s.timers.set(Waiter::Agent(id), at.plus(more));
        }
        if let Some(work) = self.s.agents.get_mut(&id).and_then(|a| a.work.as_mut()) {
            work.more_ms += more;
        }
        self.changed(Changed::Agent(id));
    }

    /// How a call ended, as its agent says.
    pub(crate) fn dispose(&mut self, id: AgentId, call: CallId, disposition: DispositionId) {
        let Some(agent) = self.s.agents.get_mut(&id) else { return };
        let Some(work) = agent.work.as_mut().filter(|w| w.call == call) else { return };
        work.disposition = Some(disposition);
        let next = match agent.state {
            AgentState::WrapUp { .. } => agent.next,
            _ => None,
        };
        self.moment(call, What::Disposed { agent: id, disposition });
        self.changed(Changed::Agent(id));
        // What was asked for before the disposition was given happens now.
        if let Some(wanted) = next {
            agent_next(self, id, wanted);
        }
    }

    /// The agent has no leg any more: to what was asked for meanwhile, or to what was before.
    pub(crate) fn release_agent(&mut self, id: AgentId) {
        if self.next_own_call(id) {
            return;
        }
        let Some(agent) = self.s.agents.get_mut(&id) else { return };
        let was_suspended = core::mem::take(&mut agent.suspended);
        let next = match agent.next.take() {
            _ if agent.leaving => AgentState::Offline,
            Some(wanted) => target(wanted),
            None if was_suspended => AgentState::Suspended,
            None => AgentState::Available,
        };
        self.finish_work(id);
        self.set_agent(id, next);
    }

    /// Whether an agent may be rung for something of their own wish: free, on a break or signed off; in an emergency also
    /// while finishing a call or suspended.
    pub(crate) fn may_be_reserved(&self, id: AgentId, emergency: bool) -> bool {
        self.s.agents.get(&id).is_some_and(|a| match a.state {
            AgentState::Available | AgentState::Break { .. } | AgentState::Offline => true,
            AgentState::WrapUp { .. } | AgentState::Suspended => emergency,
            AgentState::Offered { .. } | AgentState::Talking { .. } => false,
        })
    }

    /// Whether an agent may be rung for something of their own wish. If so, what the agent was before comes back after it.
    pub(crate) fn reserve_agent(&mut self, id: AgentId) -> bool {
        let free = self.may_be_reserved(id, false);
        if free {
            self.interrupt_agent(id);
        }
        free
    }

    /// Something of an agent's own wish begins: what the agent was before comes back after it. A wrap-up is over.
    pub(crate) fn interrupt_agent(&mut self, id: AgentId) {
        let Some(agent) = self.s.agents.get_mut(&id) else { return };
        match agent.state {
            AgentState::Available => agent.next = None,
            AgentState::Break { reason } => agent.next = Some(Wanted::Break(reason)),
            AgentState::Offline => agent.next = Some(Wanted::Offline),
            AgentState::Suspended => agent.suspended = true,
            AgentState::WrapUp { .. } => self.finish_work(id),
            AgentState::Offered { .. } | AgentState::Talking { .. } => {}
        }
    }

    /// A conversation begins for an agent.
    pub(crate) fn begin_work(&mut self, id: AgentId, call: CallId, outbound: bool) {
        let (now, Some(c)) = (self.s.now, self.s.calls.get(&call)) else { return };
        let (queue, number) = (c.queue, c.number);
        let Some(agent) = self.s.agents.get_mut(&id) else { return };
        agent.calls = agent.calls.saturating_add(1);
        agent.work = Some(Work {
            call,
            queue,
            disposition: None,
            number,
            began: now,
            held_since: None,
            hold_ms: 0,
            ended: None,
            more_ms: 0,
            transferred: false,
            consulted: false,
            conferenced: false,
            outbound,
        });
    }

    /// What an agent does on a call, if it is the one that occupies the agent.
    pub(crate) fn work(&mut self, id: AgentId, call: CallId) -> Option<&mut Work> {
        self.s.agents.get_mut(&id)?.work.as_mut().filter(|w| w.call == call)
    }

    /// The agent's hold, or consultation, begins or ends.
    pub(crate) fn count_hold(&mut self, id: AgentId, call: CallId, held: bool) {
        let now = self.s.now;
        let Some(work) = self.work(id, call) else { return };
        match (held, work.held_since) {
            (true, None) => work.held_since = Some(now),
            (false, Some(since)) => {
                work.hold_ms += now.since(since);
                work.held_since = None;
            }
            _ => {}
        }
    }

    /// A conversation is over for an agent: wrap-up, if the queue has one.
    pub(crate) fn wrap_up_agent(&mut self, id: AgentId, call: CallId) {
        self.count_hold(id, call, false);
        let now = self.s.now;
        let Some(work) = self.work(id, call) else { return self.release_agent(id) };
        work.ended = Some(now);
        let queue = work.queue;
        let wrap_up_ms = queue.and_then(|q| self.queue_config(q)).map_or(0, |q| q.wrap_up_ms);
        if wrap_up_ms == 0 {
            return self.release_agent(id);
        }
        self.set_agent(id, AgentState::WrapUp { call });
        self.s.timers.set(Waiter::Agent(id), now.plus(wrap_up_ms));
    }

    /// What an agent did on a call is complete, and counted.
    pub(crate) fn finish_work(&mut self, id: AgentId) {
        let now = self.s.now;
        let Some(work) = self.s.agents.get_mut(&id).and_then(|a| a.work.take()) else { return };
        let ended = work.ended.unwrap_or(now);
        let all = ended.since(work.began);
        let (wrap_ms, hold_ms) = (now.since(ended), work.hold_ms.min(all));
        if let Some(queue) = work.queue {
            self.learn_handling(queue, all + wrap_ms);
        }
        self.effect(Effect::Count(Fact::Handled {
            agent: id,
            call: work.call,
            queue: work.queue,
            number: work.number,
            at: work.began,
            talk_ms: all - hold_ms,
            hold_ms,
            wrap_ms,
            disposition: work.disposition,
            transferred: work.transferred,
            consulted: work.consulted,
            conferenced: work.conferenced,
            outbound: work.outbound,
        }));
    }

    pub(crate) fn on_agent_deadline(&mut self, id: AgentId) {
        if self.s.agents.get(&id).is_some_and(|a| matches!(a.state, AgentState::WrapUp { .. })) {
            self.release_agent(id);
        }
    }

    /// An offer was not taken. After enough of them in a row the agent is suspended and told.
    pub(crate) fn count_miss(&mut self, call: CallId, id: AgentId, limit: u8) {
        let Some(agent) = self.s.agents.get_mut(&id) else { return };
        agent.misses = agent.misses.saturating_add(1);
        if limit > 0 && agent.misses >= limit && !agent.leaving {
            agent.misses = 0;
            agent.next = None;
            // Who has a call of their own is suspended after it.
            agent.suspended = !agent.own_calls.is_empty();
            match agent.suspended {
                true => self.release_agent(id),
                false => self.set_agent(id, AgentState::Suspended),
            }
            self.moment(call, What::Suspended { agent: id });
            self.effect(Effect::Notify { agent: id, notice: Notice::Suspended });
        } else {
            self.release_agent(id);
        }
    }
}

fn agent_next(engine: &mut Engine, id: AgentId, wanted: Wanted) {
    if let Some(agent) = engine.s.agents.get_mut(&id) {
        agent.next = None;
        agent.misses = 0;
        agent.suspended = false;
        if !agent.own_calls.is_empty() {
            agent.next = Some(wanted);
            return engine.release_agent(id);
        }
    }
    engine.finish_work(id);
    engine.set_agent(id, target(wanted));
}

/// What an agent adds to the strength of each of its queues, in thousandths: the time is divided among them.
pub(crate) fn share(agent: &Agent) -> u64 {
    1_000 / agent.queues.len().max(1) as u64
}

fn target(wanted: Wanted) -> AgentState {
    match wanted {
        Wanted::Available | Wanted::MoreWrapUp(_) => AgentState::Available,
        Wanted::Break(reason) => AgentState::Break { reason },
        Wanted::Offline => AgentState::Offline,
    }
}
