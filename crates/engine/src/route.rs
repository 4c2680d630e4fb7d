//! Routing: which free agent is rung for which caller, and why.

use crate::agent::{AgentState, STATES};
use crate::config::Strategy;
use crate::count::Fact;
use crate::effect::{Effect, Show};
use crate::ids::{AgentId, CallId, EntryId, LegId, QueueId, SkillId};
use crate::leg::{LegState, Role};
use crate::need::{Rank, rank};
use crate::presence::Presence;
use crate::queue::Of;
use crate::record::What;
use crate::state::Engine;
use crate::timers::Time;
use alloc::vec::Vec;
use core::cmp::Reverse;
use serde::{Deserialize, Serialize};

/// How many who were not chosen a decision names.
const RUNNERS_UP: usize = 3;
/// The most persons whose last agent is remembered.
const MAX_REMEMBERED: usize = 100_000;

/// Why an agent was rung for a caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// When.
    pub at: Time,
    /// For which queue.
    pub queue: QueueId,
    /// The leg that rang.
    pub leg: LegId,
    /// Whom.
    pub agent: AgentId,
    /// What made it this one.
    pub why: Why,
    /// How those who were free were put in order.
    pub strategy: Strategy,
    /// The sum of the agent's levels, its calls or its turn, as the strategy says; the place in the order.
    pub score: u64,
    /// How long the agent had been free, in milliseconds.
    pub idle_ms: u64,
    /// The next in line, their score and how long they had been free.
    pub runners_up: Vec<(AgentId, u64, u64)>,
    /// How many were free and had the skills.
    pub free: u32,
    /// How many were free and lacked a skill.
    pub lacking: u32,
    /// What the agent had to be able to.
    pub need: Vec<(SkillId, u8)>,
    /// How many steps of relaxation the caller had behind.
    pub relaxed: u8,
    /// The caller's priority.
    pub priority: u8,
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

/// What made it this agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// The first of the free, for the first of the waiting.
    InOrder,
    /// The caller talked with this agent last.
    LastAgent,
    /// A further queue's agents were asked too.
    AlsoQueue(QueueId),
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
    /// The caller left before, or another answered.
    Withdrawn,
}

/// An agent as a decision saw it: part of the whole list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Who.
    pub agent: AgentId,
    /// A member of which queue.
    pub queue: QueueId,
    /// Its state, by the place in [`AgentState::NAMES`].
    pub state: u8,
    /// A skill that it lacked, with the level that was needed and the one it has.
    pub lacks: Option<(SkillId, u8, u8)>,
    /// Its score, if it could have been rung.
    pub score: u64,
    /// How long it had been free, in milliseconds.
    pub idle_ms: u64,
    /// What Teams said of it.
    pub teams: Presence,
}

/// What a strategy's rank means to a reader: levels count up, everything else counts down.
fn score(strategy: Strategy, rank: &Rank) -> u64 {
    match strategy {
        Strategy::MostFitting => u64::MAX - rank.0,
        _ => rank.0,
    }
}

impl Engine {
    /// Somebody may wait for this agent: whoever is reserved for it, then by its queues' order, then by weighted wait. If
    /// nobody does, the agent stands among the free.
    pub(crate) fn serve_agent(&mut self, id: AgentId) {
        while self.is_free(id) {
            match self.first_for(id) {
                Some((entry, queue)) => {
                    if self.is_ready(entry) {
                        return self.offer(entry, id, queue);
                    }
                }
                None => {
                    let Some(mut agent) = self.s.agents.remove(&id) else { return };
                    self.join_free(&agent);
                    agent.listed = true;
                    self.s.agents.insert(id, agent);
                    return;
                }
            }
        }
    }

    fn first_for(&self, id: AgentId) -> Option<(EntryId, QueueId)> {
        if let Some((_, entry)) = self.s.reserved.get(&id).and_then(|set| set.first()) {
            return Some((*entry, self.s.entries.get(entry)?.queue));
        }
        let agent = self.s.agents.get(&id)?;
        let now = self.s.now;
        let mut best = None;
        for m in &agent.queues {
            let Some(queue) = self.s.queues.get(&m.queue) else { continue };
            for (need, group) in &queue.groups {
                let Some((place, entry)) = group.waiting.first() else { continue };
                if !agent.has(self.s.needs.skills(*need)) {
                    continue;
                }
                let weighted = now.since(*place).saturating_mul(u64::from(m.weight));
                let key = (m.order, Reverse(weighted), *place, *entry);
                if best.as_ref().is_none_or(|(k, _)| key < *k) {
                    best = Some((key, m.queue));
                }
            }
        }
        best.map(|((_, _, _, entry), queue)| (entry, queue))
    }

    /// Rings free agents for an entry until enough phones ring or nobody is left.
    pub(crate) fn serve_entry(&mut self, id: EntryId) {
        loop {
            let Some(e) = self.s.entries.get(&id).filter(|e| e.listed) else { return };
            let found = match e.only {
                Some((agent, _)) => self.is_free(agent).then_some((agent, e.queue)),
                None => core::iter::once(&e.queue).chain(&e.also).find_map(|queue| {
                    let group = self.s.queues.get(queue)?.groups.get(&e.need)?;
                    group.free.first().map(|rank| (rank.2, *queue))
                }),
            };
            let Some((agent, queue)) = found else { return };
            if !self.is_ready(id) {
                return;
            }
            self.offer(id, agent, queue);
        }
    }

    /// Callers in a queue who may be served: after the configuration changed.
    pub(crate) fn serve_queue(&mut self, id: QueueId) {
        let waiting: Vec<EntryId> = match self.s.queues.get(&id) {
            Some(q) => q.line.iter().map(|(_, id)| *id).collect(),
            None => return,
        };
        for entry in waiting {
            self.serve_entry(entry);
        }
    }

    fn offer(&mut self, id: EntryId, agent: AgentId, via: QueueId) {
        let now = self.s.now;
        let Some(of) = self.s.entries.get(&id).map(|e| e.of) else { return };
        let (call, show) = match of {
            Of::Caller(call) | Of::Consult(call) => match self.caller_leg(call) {
                Some(leg) => (call, Show::Leg(leg)),
                None => return self.unlist_entry(id),
            },
            Of::Callback(callback) => match self.begin_callback_call(callback, id) {
                Some((call, party)) => (call, Show::Party(party)),
                None => return self.unlist_entry(id),
            },
        };
        let Some(e) = self.s.entries.get(&id) else { return };
        let (home, need, place) = (e.queue, e.need, e.entered);
        let (relaxed, priority, only) = (e.relaxed, e.priority, e.only);
        let ring_ms = self.queue_config(home).map_or(0, |q| q.ring_ms);
        let strategy = self.queue_config(via).map_or(Strategy::LongestIdle, |q| q.strategy);
        let skills = self.s.needs.skills(need).to_vec();
        let Some(chosen) = self.s.agents.get(&agent) else { return };
        let own = rank(chosen, strategy, &skills);
        let Some(q) = self.s.queues.get(&via) else { return };
        let group = q.groups.get(&need);
        let free = group.map_or(0, |g| g.free.len() as u32) + u32::from(!chosen.listed);
        let runners_up = group
            .into_iter()
            .flat_map(|g| g.free.iter())
            .filter(|r| r.2 != agent)
            .take(RUNNERS_UP)
            .map(|r| (r.2, score(strategy, r), now.since(r.1)))
            .collect();
        let decision = Decision {
            at: now,
            queue: home,
            leg: LegId(self.s.next_leg),
            agent,
            why: match only {
                Some(_) => Why::LastAgent,
                None if via != home => Why::AlsoQueue(via),
                None => Why::InOrder,
            },
            strategy,
            score: score(strategy, &own),
            idle_ms: now.since(own.1),
            runners_up,
            free,
            lacking: self.free_in(via).saturating_sub(free),
            need: skills,
            relaxed,
            priority,
            states: q.states,
            waited_ms: now.since(place),
            behind: self.s.queues.get(&home).map_or(0, |q| q.line.len().saturating_sub(1) as u32),
            position: self.s.position,
            outcome: OfferOutcome::Open,
        };
        self.note_candidates(&decision, id);
        self.unlist_entry(id);
        let role = Role::Agent { agent, entry: Some(id) };
        let leg = self.new_leg(call, role, LegState::Dialling, ring_ms);
        if let Some(e) = self.s.entries.get_mut(&id) {
            e.offers.push((agent, leg));
        }
        self.add_leg(call, leg);
        self.list_entry(id);
        self.set_agent(agent, AgentState::Offered { leg, call });
        self.s.offers += 1;
        let turn = self.s.offers;
        if let Some(a) = self.s.agents.get_mut(&agent) {
            a.rung = turn;
        }
        self.moment(call, What::Offered { agent, leg });
        self.note_kept(call, via, Some(leg));
        self.decided(call, decision);
        self.effect(Effect::DialAgent { leg, agent, show });
    }

    /// An offer is over.
    pub(crate) fn close_offer(&mut self, call: CallId, leg: LegId, outcome: OfferOutcome) {
        let now = self.s.now;
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        let Some(d) = c.decisions.iter_mut().rev().find(|d| d.leg == leg) else { return };
        if d.outcome != OfferOutcome::Open {
            return;
        }
        d.outcome = outcome;
        let fact = Fact::Offered {
            queue: Some(d.queue),
            agent: d.agent,
            at: d.at,
            rang_ms: now.since(d.at),
            answered: outcome == OfferOutcome::Answered,
            missed: matches!(outcome, OfferOutcome::Missed | OfferOutcome::Declined | OfferOutcome::Failed),
        };
        self.effect(Effect::Count(fact));
    }

    // ---- the agent of last time ----

    /// A caller waits a while for the agent who had them last, if that one works today.
    pub(crate) fn prefer_last_agent(&mut self, id: EntryId, person: u64, patience_ms: u64) {
        let now = self.s.now;
        let Some((agent, _)) = self.s.last_agents.get(&person).copied().filter(|_| person != 0) else {
            return;
        };
        let Some(e) = self.s.entries.get_mut(&id) else { return };
        let Some(a) = self.s.agents.get(&agent) else { return };
        let member = a.queues.iter().any(|m| m.queue == e.queue);
        if !a.state.works() || !member || !a.has(self.s.needs.skills(e.need)) {
            return;
        }
        e.only = Some((agent, now.plus(patience_ms)));
        if let Some(call) = e.call() {
            self.moment(call, What::WaitsForLastAgent { agent });
        }
    }

    /// Takes somebody who was erased out of all that is remembered. What is under way goes on.
    pub(crate) fn forget_person(&mut self, person: u64) {
        if person == 0 {
            return;
        }
        if let Some((_, since)) = self.s.last_agents.remove(&person) {
            self.s.last_agents_by_time.remove(&(since, person));
        }
        self.s.callback_persons.remove(&person);
        for promise in self.s.callbacks.values_mut().filter(|k| k.person == person) {
            promise.person = 0;
        }
        let calls: Vec<CallId> =
            self.s.calls.iter().filter(|(_, c)| c.facts.person == person).map(|(id, _)| *id).collect();
        for call in calls {
            if let Some(c) = self.s.calls.get_mut(&call) {
                c.facts.person = 0;
            }
        }
    }

    /// Who talked with whom last is remembered, for the newest hundred thousand persons.
    pub(crate) fn remember_agent(&mut self, person: u64, agent: AgentId) {
        if person == 0 {
            return;
        }
        let now = self.s.now;
        if let Some((_, since)) = self.s.last_agents.insert(person, (agent, now)) {
            self.s.last_agents_by_time.remove(&(since, person));
        }
        self.s.last_agents_by_time.insert((now, person));
        if self.s.last_agents.len() > MAX_REMEMBERED {
            if let Some((_, oldest)) = self.s.last_agents_by_time.pop_first() {
                self.s.last_agents.remove(&oldest);
            }
        }
    }

    /// An agent is gone for good: whoever waited for this one only waits for anybody.
    pub(crate) fn release_preference(&mut self, agent: AgentId) {
        let waiting: Vec<EntryId> =
            self.s.reserved.get(&agent).map(|set| set.iter().map(|(_, e)| *e).collect()).unwrap_or_default();
        for id in waiting {
            self.change_entry(id, |e| e.only = None);
        }
    }

    // ---- the whole list, for whoever asks later ----

    /// Until [`Engine::take_candidates`] every decision leaves its whole list of agents. For a replay to one decision,
    /// never in production.
    pub fn watch_decisions(&mut self) {
        self.candidates = Some(Vec::new());
    }

    /// The whole lists since [`Engine::watch_decisions`], each with the leg that was rung; no more are made.
    pub fn take_candidates(&mut self) -> Vec<(LegId, Vec<Candidate>)> {
        self.candidates.take().unwrap_or_default()
    }

    fn note_candidates(&mut self, decision: &Decision, entry: EntryId) {
        if self.candidates.is_none() {
            return;
        }
        let Some(e) = self.s.entries.get(&entry) else { return };
        let mut list = Vec::new();
        for queue in core::iter::once(&e.queue).chain(&e.also) {
            let strategy = self.queue_config(*queue).map_or(Strategy::LongestIdle, |q| q.strategy);
            for a in self.s.agents.values().filter(|a| a.queues.iter().any(|m| m.queue == *queue)) {
                let lacks = decision.need.iter().find(|(s, level)| a.level(*s) < *level);
                list.push(Candidate {
                    agent: a.id,
                    queue: *queue,
                    state: a.state.index() as u8,
                    lacks: lacks.map(|(s, level)| (*s, *level, a.level(*s))),
                    score: score(strategy, &rank(a, strategy, &decision.need)),
                    idle_ms: match a.state {
                        AgentState::Available => decision.at.since(a.idle_since),
                        _ => 0,
                    },
                    teams: self.presence(a.id),
                });
            }
        }
        if let Some(all) = &mut self.candidates {
            all.push((decision.leg, list));
        }
    }
}
