//! What a new process and a new configuration do to what is there.

use crate::config::Config;
use crate::event::LegEnd;
use crate::ids::{AgentId, CallId, EntryId, LegId, QueueId};
use crate::record::{EndedBy, Reason};
use crate::state::{Engine, Settings};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

impl Engine {
    /// The process before is gone, and its sockets with it: every call of it is closed with that reason. Agents stay
    /// what they were; one who was ringing is free, one who was talking has wrap-up as after any call.
    pub(crate) fn on_started(&mut self, seed: u64) {
        self.s.seed = seed;
        self.s.draining = false;
        self.quiet = true;
        // First everybody leaves the queues, so that an agent who gets free below is not rung for a caller who is gone.
        let entries: Vec<EntryId> = self.s.entries.keys().copied().collect();
        for id in entries {
            self.flow_out(id);
        }
        let calls: Vec<CallId> = self.s.calls.keys().copied().collect();
        for id in calls {
            self.close_call(id, EndedBy::Switchroom, Reason::Restarted);
        }
        let legs: Vec<LegId> = self.s.legs.keys().copied().collect();
        for id in legs {
            self.on_leg_ended(id, LegEnd::Failed);
        }
        self.quiet = false;
    }

    pub(crate) fn on_configured(&mut self, config: Config) {
        let Config { queues, agents, flows, numbers, hold_music, max_call_ms } = config;
        let mut memberships: BTreeMap<AgentId, Vec<QueueId>> = BTreeMap::new();
        for q in &queues {
            for a in &q.members {
                memberships.entry(*a).or_default().push(q.id);
            }
        }
        self.s.config = Settings {
            queues: queues.into_iter().map(|q| (q.id, q)).collect(),
            flows: flows.into_iter().map(|f| (f.id, f)).collect(),
            numbers: numbers.into_iter().map(|n| (n.id, n)).collect(),
            hold_music,
            max_call_ms,
        };
        for agent in &agents {
            self.meet_agent(agent.id, agent.at_start);
        }
        let kept: alloc::collections::BTreeSet<AgentId> = agents.iter().map(|a| a.id).collect();
        let mut gone = Vec::new();
        for agent in self.s.agents.values_mut() {
            agent.queues = memberships.remove(&agent.id).unwrap_or_default();
            agent.queues.sort_unstable();
            agent.queues.dedup();
            agent.leaving = !kept.contains(&agent.id);
            if agent.leaving && !agent.is_busy() {
                gone.push(agent.id);
            }
        }
        for id in gone {
            self.s.agents.remove(&id);
            self.s.timers.clear(crate::timers::Waiter::Agent(id));
        }
        let ids: Vec<QueueId> = self.s.config.queues.keys().copied().collect();
        for id in &ids {
            self.s.queues.entry(*id).or_default().leaving = false;
        }
        let mut stranded = Vec::new();
        for (id, queue) in &mut self.s.queues {
            queue.leaving = !self.s.config.queues.contains_key(id);
            if queue.leaving {
                stranded.push(*id);
            }
        }
        let all: Vec<QueueId> = self.s.queues.keys().copied().collect();
        for id in all {
            self.recount_queue(id);
        }
        for id in stranded {
            let lost: Vec<(EntryId, CallId)> =
                self.s.entries.values().filter(|e| e.queue == id).map(|e| (e.id, e.call)).collect();
            for (entry, call) in lost {
                self.flow_out(entry);
                self.next_step(call);
            }
            self.forget_queue_if_done(id);
        }
        for id in ids {
            self.serve_queue(id);
        }
    }
}
