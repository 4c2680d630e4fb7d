//! Who can be rung for whom: callers and free agents of a queue, kept by what the callers need.
//!
//! Callers who need the same skills form a group. Each group has its callers in order and the free agents who have those
//! skills in order, so a decision looks at two heads and never at a list. What is paid for it is paid by the agent who
//! gets free: one entry for each group of its queues, and groups come from the configuration, not from the callers.

use crate::agent::Agent;
use crate::config::Strategy;
use crate::ids::{AgentId, EntryId, NeedId, QueueId, SkillId};
use crate::state::Engine;
use crate::timers::Time;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The most groups that a queue keeps although nobody waits in them.
const MAX_IDLE_GROUPS: usize = 64;

/// An agent's place among the free: by the queue's strategy, then by the time since when it has been free. The lowest
/// is rung first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rank(pub u64, pub Time, pub AgentId);

/// Those of a queue who need the same skills, and those who have them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Callers to be served, in their order.
    pub waiting: BTreeSet<(Time, EntryId)>,
    /// Free agents, the first to be rung first.
    pub free: BTreeSet<Rank>,
}

/// Sets of skills, each once, by number. Number 0 is no skill at all.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Needs {
    by_id: Vec<Vec<(SkillId, u8)>>,
    by_skills: BTreeMap<Vec<(SkillId, u8)>, NeedId>,
}

impl Needs {
    pub(crate) fn number(&mut self, skills: &[(SkillId, u8)]) -> NeedId {
        if self.by_id.is_empty() {
            self.by_id.push(Vec::new());
        }
        if skills.is_empty() {
            return NeedId(0);
        }
        let mut sorted = skills.to_vec();
        sorted.sort_unstable();
        if let Some(id) = self.by_skills.get(&sorted) {
            return *id;
        }
        let id = NeedId(self.by_id.len() as u32);
        self.by_id.push(sorted.clone());
        self.by_skills.insert(sorted, id);
        id
    }

    pub(crate) fn skills(&self, id: NeedId) -> &[(SkillId, u8)] {
        self.by_id.get(id.0 as usize).map_or(&[], |s| s)
    }
}

/// The rank of an agent who is free.
pub(crate) fn rank(agent: &Agent, strategy: Strategy, need: &[(SkillId, u8)]) -> Rank {
    let first = match strategy {
        Strategy::LongestIdle => 0,
        Strategy::MostFitting => {
            let levels: u64 = need.iter().map(|(s, _)| u64::from(agent.level(*s))).sum();
            u64::MAX - levels
        }
        Strategy::FewestCalls => u64::from(agent.calls),
        Strategy::RoundRobin => agent.rung,
    };
    Rank(first, agent.idle_since, agent.id)
}

impl Engine {
    fn strategy(&self, queue: QueueId) -> Strategy {
        self.queue_config(queue).map_or(Strategy::LongestIdle, |q| q.strategy)
    }

    /// A free agent appears in every group that it can serve.
    pub(crate) fn join_free(&mut self, agent: &Agent) {
        for m in &agent.queues {
            let strategy = self.strategy(m.queue);
            let (queues, needs) = (&mut self.s.queues, &self.s.needs);
            let Some(queue) = queues.get_mut(&m.queue) else { continue };
            for (need, group) in &mut queue.groups {
                let skills = needs.skills(*need);
                if agent.has(skills) {
                    group.free.insert(rank(agent, strategy, skills));
                }
            }
        }
    }

    /// An agent who is no longer free disappears from all groups. The agent is still as it was when it appeared.
    pub(crate) fn leave_free(&mut self, agent: &Agent) {
        for m in &agent.queues {
            let strategy = self.strategy(m.queue);
            let (queues, needs) = (&mut self.s.queues, &self.s.needs);
            let Some(queue) = queues.get_mut(&m.queue) else { continue };
            for (need, group) in &mut queue.groups {
                group.free.remove(&rank(agent, strategy, needs.skills(*need)));
            }
        }
    }

    /// The group of a need in a queue, made if it is not there.
    pub(crate) fn group(&mut self, queue: QueueId, need: NeedId) -> Option<&mut Group> {
        let known = self.s.queues.get(&queue)?.groups.contains_key(&need);
        if !known {
            let strategy = self.strategy(queue);
            let skills = self.s.needs.skills(need);
            let free = self
                .s
                .agents
                .values()
                .filter(|a| a.listed)
                .filter(|a| a.queues.iter().any(|m| m.queue == queue) && a.has(skills))
                .map(|a| rank(a, strategy, skills))
                .collect();
            let q = self.s.queues.get_mut(&queue)?;
            if q.groups.len() > MAX_IDLE_GROUPS {
                q.groups.retain(|need, group| need.0 == 0 || !group.waiting.is_empty());
            }
            q.groups.insert(need, Group { waiting: BTreeSet::new(), free });
        }
        self.s.queues.get_mut(&queue)?.groups.get_mut(&need)
    }
}
