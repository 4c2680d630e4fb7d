//! The whole list behind a decision, derived by replaying the journal to there: what was cheap is stored with the call, the
//! rest costs only whoever asks.

use crate::tenant::Meaning;
use crate::view::{CallDetail, DecisionView};
use engine::{AgentState, Candidate, Engine, Presence};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use store::{Store, StoreError, TenantId};

/// Rows of the journal read at a time.
const PAGE: u32 = 1_000;
/// The most decisions of one call that are derived; a call that was offered more often tells of the first.
const MOST: usize = 50;

/// A decision with everybody it was about.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WholeDecision {
    /// The decision in a sentence.
    pub say: String,
    /// Place in the journal of the event that led to it.
    pub position: u64,
    /// Everybody who could have been rung.
    pub agents: Vec<CandidateView>,
}

/// Somebody who could have been rung.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CandidateView {
    /// Id of the agent.
    pub agent: String,
    /// Id of the queue that the agent is a member of.
    pub queue: String,
    /// Whether this one was rung.
    pub rung: bool,
    /// What the agent was doing.
    pub state: String,
    /// Why not: a state, a skill that is missing, or others who came first.
    pub why_not: Option<String>,
    /// Sum of levels, calls or turn, as the strategy says.
    pub score: u64,
    /// How long free, in milliseconds.
    pub idle_ms: u64,
}

/// The whole lists behind a call's decisions.
///
/// # Errors
/// What the store says.
pub fn whole_decisions(
    store: &Store,
    tenant: TenantId,
    call: &CallDetail,
    m: &Meaning,
) -> Result<Vec<WholeDecision>, StoreError> {
    let mut wanted: BTreeMap<u64, Vec<&DecisionView>> = BTreeMap::new();
    for d in call.explanation.iter().take(MOST) {
        wanted.entry(d.position).or_default().push(d);
    }
    let Some((first, last)) = wanted.keys().next().copied().zip(wanted.keys().next_back().copied()) else {
        return Ok(Vec::new());
    };
    let mut engine = store
        .snapshot_until(tenant, first.saturating_sub(1))?
        .map_or_else(Engine::new, Engine::from_snapshot);
    let mut out = Vec::new();
    'replay: while engine.position() < last {
        let events = store.events_after(tenant, engine.position(), PAGE)?;
        if events.is_empty() {
            break;
        }
        for (at, event) in events {
            if engine.position() >= last {
                break 'replay;
            }
            let decisions = wanted.get(&(engine.position() + 1));
            if decisions.is_some() {
                engine.watch_decisions();
            }
            engine.handle(at, event);
            while engine.poll().is_some() {}
            let Some(decisions) = decisions else { continue };
            let lists = engine.take_candidates();
            for d in decisions {
                let found = lists.iter().find(|(leg, _)| d.leg == crate::view::leg_id(*leg));
                let agents = found.map_or(&[][..], |(_, list)| list);
                out.push(WholeDecision {
                    say: d.say.clone(),
                    position: d.position,
                    agents: agents.iter().map(|c| candidate(c, d, m)).collect(),
                });
            }
        }
    }
    Ok(out)
}

fn candidate(c: &Candidate, d: &DecisionView, m: &Meaning) -> CandidateView {
    let agent = m.names.of("User", c.agent.0);
    let queue = m.names.of("Queue", c.queue.0);
    let state = AgentState::NAMES.get(usize::from(c.state)).copied().unwrap_or_default();
    let rung = agent == d.agent;
    let why_not = match (rung, state, c.lacks) {
        (true, _, _) => None,
        (_, "available", _) if c.teams == Presence::InCall => Some("in a Teams call".into()),
        (_, "available", _) if c.teams == Presence::DoNotDisturb => Some("do not disturb in Teams".into()),
        (_, "available", Some((skill, needed, has))) => {
            let skill = m.names.of("Skill", skill.0);
            Some(format!("needs {skill} {needed}, has {has}"))
        }
        (_, "available", None) => Some("others came first".into()),
        (_, state, _) => Some(format!("was {state}")),
    };
    CandidateView { agent, queue, rung, state: state.into(), why_not, score: c.score, idle_ms: c.idle_ms }
}
