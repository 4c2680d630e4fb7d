//! Agents: what each is doing, and what each may do next.

use crate::config::AtStart;
use crate::effect::{Effect, Notice};
use crate::ids::{AgentId, CallId, EntryId, LegId, QueueId};
use crate::record::What;
use crate::state::{Changed, Engine};
use crate::timers::{Time, Waiter};
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
        /// For which caller.
        entry: EntryId,
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
    Break,
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
            AgentState::Break => 5,
            AgentState::Suspended => 6,
        }
    }
}

/// What an agent may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wanted {
    /// Sign on, come back from a break, end wrap-up or a suspension.
    Available,
    /// Go on a break; during a call, after it.
    Break,
    /// Sign off; during a call, after it.
    Offline,
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
    /// Its queues.
    pub queues: Vec<QueueId>,
    /// No longer configured: gone as soon as it is free.
    pub leaving: bool,
}

impl Agent {
    /// Whether a call or its wrap-up occupies the agent.
    pub fn is_busy(&self) -> bool {
        matches!(
            self.state,
            AgentState::Offered { .. } | AgentState::Talking { .. } | AgentState::WrapUp { .. }
        )
    }
}

impl Engine {
    pub(crate) fn meet_agent(&mut self, id: AgentId, at_start: AtStart) {
        if let Some(agent) = self.s.agents.get_mut(&id) {
            agent.leaving = false;
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
            leaving: false,
        };
        self.s.agents.insert(id, agent);
    }

    /// The one place where an agent's state changes: the queues' lists of free agents and their counts follow.
    pub(crate) fn set_agent(&mut self, id: AgentId, state: AgentState) {
        let (now, watched) = (self.s.now, self.watched());
        let Some(agent) = self.s.agents.get_mut(&id) else { return };
        let (old, old_key) = (agent.state, (agent.idle_since, id));
        self.s.timers.clear(Waiter::Agent(id));
        agent.state = state;
        agent.since = now;
        if matches!(state, AgentState::Available) && !matches!(old, AgentState::Available) {
            agent.idle_since = now;
        }
        let new_key = (agent.idle_since, id);
        let queues = if watched { agent.queues.clone() } else { Vec::new() };
        if watched {
            self.changed(Changed::Agent(id));
            for q in queues {
                self.changed(Changed::Queue(q));
            }
        }
        let Some(agent) = self.s.agents.get(&id) else { return };
        for q in &agent.queues {
            let Some(queue) = self.s.queues.get_mut(q) else { continue };
            queue.states[old.index()] -= 1;
            queue.states[state.index()] += 1;
            if matches!(old, AgentState::Available) {
                queue.free.remove(&old_key);
            }
            if matches!(state, AgentState::Available) {
                queue.free.insert(new_key);
            }
        }
        if agent.leaving && matches!(state, AgentState::Offline) {
            self.forget_agent(id);
        } else if matches!(state, AgentState::Available) {
            self.serve_agent(id);
        }
    }

    pub(crate) fn forget_agent(&mut self, id: AgentId) {
        let Some(agent) = self.s.agents.remove(&id) else { return };
        for q in &agent.queues {
            if let Some(queue) = self.s.queues.get_mut(q) {
                queue.states[agent.state.index()] -= 1;
                queue.free.remove(&(agent.idle_since, id));
            }
        }
        self.s.timers.clear(Waiter::Agent(id));
    }

    pub(crate) fn on_agent_wants(&mut self, id: AgentId, wanted: Wanted) {
        let Some(agent) = self.s.agents.get_mut(&id) else { return };
        match (agent.state, wanted) {
            // A call goes before: what is wanted comes after it.
            (AgentState::Offered { .. } | AgentState::Talking { .. }, Wanted::Available) => agent.next = None,
            (AgentState::Offered { .. } | AgentState::Talking { .. }, _) => agent.next = Some(wanted),
            (AgentState::Available, Wanted::Available) => {}
            _ => {
                agent.next = None;
                agent.misses = 0;
                self.set_agent(id, target(wanted));
            }
        }
    }

    /// The agent has no leg any more: to what was asked for meanwhile, or free.
    pub(crate) fn release_agent(&mut self, id: AgentId) {
        let Some(agent) = self.s.agents.get_mut(&id) else { return };
        let next =
            if agent.leaving { Wanted::Offline } else { agent.next.take().unwrap_or(Wanted::Available) };
        self.set_agent(id, target(next));
    }

    /// A conversation is over: wrap-up, if the queue has one.
    pub(crate) fn wrap_up_agent(&mut self, id: AgentId, call: CallId, wrap_up_ms: u64) {
        if wrap_up_ms == 0 {
            return self.release_agent(id);
        }
        self.set_agent(id, AgentState::WrapUp { call });
        self.s.timers.set(Waiter::Agent(id), self.s.now.plus(wrap_up_ms));
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
            self.set_agent(id, AgentState::Suspended);
            self.moment(call, What::Suspended { agent: id });
            self.effect(Effect::Notify { agent: id, notice: Notice::Suspended });
        } else {
            self.release_agent(id);
        }
    }
}

fn target(wanted: Wanted) -> AgentState {
    match wanted {
        Wanted::Available => AgentState::Available,
        Wanted::Break => AgentState::Break,
        Wanted::Offline => AgentState::Offline,
    }
}
