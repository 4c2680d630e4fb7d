//! What is an agent's own: calls in which they take or took part, their queues, their boxes.

use crate::tenant::mailbox;
use engine::{AgentId, Call, CallRecord, Engine, MailboxId, QueueId, Role};

/// Whether an agent takes part in an open call: is rung for it, talks or supervises in it, or talked last.
pub fn takes_part(engine: &Engine, call: &Call, agent: AgentId) -> bool {
    parts(engine, call).any(|a| a == agent)
}

/// The agents who take part in an open call; one may be named twice.
pub fn parts<'a>(engine: &'a Engine, call: &'a Call) -> impl Iterator<Item = AgentId> + 'a {
    let legs = call.open_legs().iter().filter_map(|l| engine.legs().get(l));
    legs.filter_map(|l| agent_of(l.role)).chain(call.agent)
}

/// Whether an agent took part in a call that is over: talked or listened in it. Having been rung is not enough.
pub fn took_part(record: &CallRecord, agent: AgentId) -> bool {
    let mut talked = record.legs.iter().filter(|l| l.answered.is_some()).filter_map(|l| agent_of(l.role));
    record.agent == Some(agent) || talked.any(|a| a == agent)
}

fn agent_of(role: Role) -> Option<AgentId> {
    match role {
        Role::Agent { agent, .. } | Role::Supervisor { agent } => Some(agent),
        _ => None,
    }
}

/// The queues that an agent serves.
pub fn queues(engine: &Engine, agent: AgentId) -> Vec<QueueId> {
    engine.agents().get(&agent).map(|a| a.queues.iter().map(|q| q.queue).collect()).unwrap_or_default()
}

/// The boxes whose messages an agent may hear: their own and those of their queues.
pub fn boxes(engine: &Engine, agent: AgentId) -> Vec<MailboxId> {
    let of_queues = queues(engine, agent).into_iter().map(|q| mailbox::of_queue(q.0));
    std::iter::once(mailbox::of_user(agent.0)).chain(of_queues).collect()
}
