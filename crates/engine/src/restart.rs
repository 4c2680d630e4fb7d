//! What a new process and a new configuration do to what is there.

use crate::agent::Membership;
use crate::config::Config;
use crate::event::LegEnd;
use crate::ids::{AgentId, CallId, EntryId, LegId, QueueId};
use crate::queue::Of;
use crate::record::{EndedBy, Reason};
use crate::state::{Engine, Settings};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

impl Engine {
    /// The process before is gone, and its sockets with it: every call of it is closed with that reason. Agents stay
    /// what they were; one who was ringing is free, one who was talking has wrap-up as after any call.
    pub(crate) fn on_started(&mut self, seed: u64) {
        self.s.seed = seed;
        self.s.draining = false;
        self.quiet = true;
        self.resume_callbacks();
        // First everybody leaves the queues, so that an agent who gets free below is not rung for a caller who is gone.
        let entries: Vec<EntryId> = self.s.entries.keys().copied().collect();
        for id in entries {
            match self.s.entries.get(&id).map(|e| e.of) {
                Some(Of::Caller(_)) => {
                    self.flow_out(id);
                }
                // Who consults lets go of it when the call is closed.
                _ => self.unlist_entry(id),
            }
        }
        let calls: Vec<CallId> = self.s.calls.keys().copied().collect();
        for id in calls {
            self.close_call(id, EndedBy::Switchroom, Reason::Restarted);
        }
        let legs: Vec<LegId> = self.s.legs.keys().copied().collect();
        for id in legs {
            self.on_leg_ended(id, LegEnd::Failed);
        }
        self.forget_presences();
        self.quiet = false;
    }

    pub(crate) fn on_configured(&mut self, config: Config) {
        let Config { queues, agents, flows, numbers, hours, secure, hold_music, max_call_ms, toll } = config;
        // Nobody stands in a group while groups, skills and memberships change.
        let entries: Vec<EntryId> = self.s.entries.keys().copied().collect();
        for id in &entries {
            self.unlist_entry(*id);
        }
        let mut memberships: BTreeMap<AgentId, Vec<Membership>> = BTreeMap::new();
        for q in &queues {
            for m in &q.members {
                let of = memberships.entry(m.agent).or_default();
                if of.iter().all(|k| k.queue != q.id) {
                    of.push(Membership { queue: q.id, order: m.order, weight: m.weight.max(1) });
                }
            }
        }
        let used: Vec<_> =
            self.s.calls.values().flat_map(|c| c.run.iter().map(|r| (r.flow, r.edition))).collect();
        self.s.editions.publish(flows, &used);
        // Minutes that began until now are counted by the configuration that they began under.
        if let Some(before) = &self.s.config.toll {
            self.s.ledger.advance(before, self.s.now);
        }
        self.s.config = Settings {
            queues: queues.into_iter().map(|q| (q.id, q)).collect(),
            numbers: numbers.into_iter().map(|n| (n.id, n)).collect(),
            hours: hours.into_iter().map(|h| (h.id, h)).collect(),
            secure: secure.into_iter().map(|s| (s.id, s)).collect(),
            hold_music,
            max_call_ms,
            toll,
        };
        let known = &self.s.config.hours;
        self.s.closed.retain(|h| known.contains_key(h));
        for q in self.s.queues.values_mut() {
            q.groups.clear();
        }
        let kept: BTreeSet<AgentId> = agents.iter().map(|a| a.id).collect();
        for agent in agents {
            self.meet_agent(agent.id, agent.at_start, agent.skills);
        }
        let mut gone = Vec::new();
        for agent in self.s.agents.values_mut() {
            agent.queues = memberships.remove(&agent.id).unwrap_or_default();
            agent.queues.sort_unstable_by_key(|m| (m.order, m.queue));
            agent.leaving = !kept.contains(&agent.id);
            if agent.leaving && !agent.is_busy() {
                gone.push(agent.id);
            }
        }
        let ids: Vec<QueueId> = self.s.config.queues.keys().copied().collect();
        for id in &ids {
            match self.s.queues.get_mut(id) {
                Some(queue) => queue.leaving = false,
                None => drop(self.s.queues.insert(*id, Default::default())),
            }
        }
        let mut stranded = Vec::new();
        for (id, queue) in self.s.queues.iter_mut() {
            queue.leaving = !self.s.config.queues.contains_key(id);
            if queue.leaving {
                stranded.push(*id);
            }
        }
        let all: Vec<QueueId> = self.s.queues.keys().copied().collect();
        for id in all {
            self.recount_queue(id);
        }
        for id in gone {
            self.forget_agent(id);
        }
        for id in &entries {
            self.list_entry(*id);
        }
        for id in stranded {
            self.strand_queue(id);
        }
        for id in ids {
            self.serve_queue(id);
        }
    }

    // A queue that is configured no more: whoever waits in it goes on.
    fn strand_queue(&mut self, id: QueueId) {
        let lost: Vec<(EntryId, Of)> =
            self.s.entries.values().filter(|e| e.queue == id).map(|e| (e.id, e.of)).collect();
        for (entry, of) in lost {
            match of {
                Of::Caller(call) => {
                    self.flow_out(entry);
                    self.next_step(call);
                }
                Of::Consult(call) => self.abort_consult(call),
                Of::Callback(callback) => self.on_callback_cancelled(callback),
            }
        }
        self.forget_queue_if_done(id);
    }
}
