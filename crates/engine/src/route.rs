//! Routing: which free agent is rung for which caller, and why.

use crate::agent::{AgentState, STATES};
use crate::effect::Effect;
use crate::ids::{AgentId, CallId, EntryId, LegId, QueueId};
use crate::leg::{LegState, Role};
use crate::queue::EntryState;
use crate::record::What;
use crate::state::Engine;
use crate::timers::Time;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How many who were not chosen a decision names.
const RUNNERS_UP: usize = 3;

/// Why an agent was rung for a caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// When.
    pub at: Time,
    /// In which queue.
    pub queue: QueueId,
    /// The leg that rang.
    pub leg: LegId,
    /// Whom.
    pub agent: AgentId,
    /// How long the agent had been free, in milliseconds: the score, the highest wins.
    pub idle_ms: u64,
    /// The next in line and how long they had been free.
    pub runners_up: Vec<(AgentId, u64)>,
    /// How many were free in all.
    pub free: u32,
    /// Members of the queue in each state at that moment, in the order of [`AgentState::NAMES`]: all but the available
    /// were excluded by it.
    pub states: [u32; STATES],
    /// How long the caller had waited, in milliseconds.
    pub waited_ms: u64,
    /// How many callers were left waiting behind.
    pub behind: u32,
    /// The journal position of the event that led to it: replaying to there gives the whole list.
    pub position: u64,
    /// What became of it.
    pub outcome: OfferOutcome,
}

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OfferOutcome {
    /// It rings.
    Open,
    /// The agent answered.
    Answered,
    /// The agent let it ring (RONA).
    Missed,
    /// The agent's phone refused.
    Declined,
    /// The agent's phone could not be reached.
    Failed,
    /// The caller left before.
    Withdrawn,
}

impl Engine {
    /// Somebody may wait for this agent: the one who has waited longest over all its queues.
    pub(crate) fn serve_agent(&mut self, id: AgentId) {
        let Some(agent) = self.s.agents.get(&id) else { return };
        let heads = agent.queues.iter().filter_map(|q| Some((*self.s.queues.get(q)?.waiting.first()?, *q)));
        if let Some((_, queue)) = heads.min() {
            self.serve_queue(queue);
        }
    }

    /// Rings free agents for waiting callers until one of the two runs out.
    pub(crate) fn serve_queue(&mut self, id: QueueId) {
        while let Some(q) = self.s.queues.get(&id) {
            let (Some(&(_, entry)), Some(&(_, agent))) = (q.waiting.first(), q.free.first()) else { return };
            self.offer(id, entry, agent);
        }
    }

    fn offer(&mut self, queue: QueueId, entry: EntryId, agent: AgentId) {
        let now = self.s.now;
        let ring_ms = self.queue_config(queue).map_or(0, |q| q.ring_ms);
        let Some(e) = self.s.entries.get(&entry) else { return };
        let (call, entered) = (e.call, e.entered);
        let Some(caller) = self.caller_leg(call) else { return };
        let Some(q) = self.s.queues.get(&queue) else { return };
        let mut in_line = q.free.iter().map(|(since, id)| (*id, now.since(*since)));
        let idle_ms = in_line.next().map_or(0, |(_, idle)| idle);
        let mut decision = Decision {
            at: now,
            queue,
            leg: LegId(self.s.next_leg),
            agent,
            idle_ms,
            runners_up: in_line.take(RUNNERS_UP).collect(),
            free: q.free.len() as u32,
            states: q.states,
            waited_ms: now.since(entered),
            behind: q.waiting.len() as u32 - 1,
            position: self.s.position,
            outcome: OfferOutcome::Open,
        };
        let leg = self.new_leg(call, Role::Agent { agent, entry }, LegState::Dialling, ring_ms);
        decision.leg = leg;
        if let Some(q) = self.s.queues.get_mut(&queue) {
            q.waiting.remove(&(entered, entry));
            q.offering += 1;
        }
        if let Some(e) = self.s.entries.get_mut(&entry) {
            e.state = EntryState::Offered { agent, leg };
        }
        self.add_leg(call, leg);
        self.set_agent(agent, AgentState::Offered { leg, entry });
        self.moment(call, What::Offered { agent, leg });
        self.decided(call, decision);
        self.effect(Effect::DialAgent { leg, agent, caller });
    }

    /// An offer is over.
    pub(crate) fn close_offer(&mut self, call: CallId, leg: LegId, outcome: OfferOutcome) {
        if let Some(c) = self.s.calls.get_mut(&call) {
            if let Some(d) = c.decisions.iter_mut().rev().find(|d| d.leg == leg) {
                if d.outcome == OfferOutcome::Open {
                    d.outcome = outcome;
                }
            }
        }
    }
}
