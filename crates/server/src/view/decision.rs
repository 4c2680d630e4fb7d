//! Why an agent was rung for a caller, as data and in words.

use crate::tenant::Meaning;
use crate::view::timeline::{self, length, skill, states};
use crate::view::{leg_id, time, word};
use engine::{AgentState, Decision, Moment, Strategy, What, Why};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Why an agent was rung.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DecisionView {
    /// When.
    pub at: String,
    /// In which queue.
    pub queue: String,
    /// Whom.
    pub agent: String,
    /// Id of the leg that rang.
    pub leg: String,
    /// `in-order`, `last-agent`, or `also-queue`: the agents of a further queue were asked too.
    pub why: String,
    /// How those who were free were put in order: `longest-idle`, `most-fitting`, `fewest-calls` or `round-robin`.
    pub strategy: String,
    /// Sum of levels, calls or turn, as the strategy says.
    pub score: u64,
    /// How long the agent had been free, in milliseconds.
    pub idle_ms: u64,
    /// The next in line.
    pub runners_up: Vec<RunnerUp>,
    /// How many were free and had the skills.
    pub free: u32,
    /// How many were free without the skills.
    pub lacking: u32,
    /// Skills that were needed, with their levels.
    pub needed: BTreeMap<String, u8>,
    /// How many steps of the queue's relaxation were done.
    pub relaxed: u8,
    /// The caller's priority.
    pub priority: u8,
    /// Members who could not be rung, by their state here or, if they were available here, by what Microsoft Teams said:
    /// `in-teams-call`, `do-not-disturb`.
    pub excluded: BTreeMap<String, u32>,
    /// How long the caller had waited, in milliseconds.
    pub waited_ms: u64,
    /// Callers left waiting behind.
    pub behind: u32,
    /// What became of it.
    pub outcome: String,
    /// Place in the journal of the event that led to it: replaying to there gives the whole list.
    pub position: u64,
    /// The same in a sentence.
    pub say: String,
}

/// Somebody who was next in line.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RunnerUp {
    /// Who.
    pub agent: String,
    /// Sum of levels, calls or turn, as the strategy says.
    pub score: u64,
    /// How long free, in milliseconds.
    pub idle_ms: u64,
}

/// A decision of a call in whose timeline stands who was passed over because of Teams.
pub fn decision(d: &Decision, moments: &[Moment], m: &Meaning) -> DecisionView {
    let kept = moments.iter().find_map(|moment| match &moment.what {
        What::KeptByTeams { leg: Some(leg), in_call, do_not_disturb, .. } if *leg == d.leg => {
            Some([("in-teams-call", *in_call), ("do-not-disturb", *do_not_disturb)])
        }
        _ => None,
    });
    let kept: Vec<(&str, u32)> = kept.into_iter().flatten().filter(|(_, n)| *n > 0).collect();
    let mut excluded: BTreeMap<String, u32> = AgentState::NAMES
        .iter()
        .zip(d.states)
        .filter(|(name, n)| **name != "available" && *n > 0)
        .map(|(name, n)| (name.to_string(), n))
        .collect();
    let here: Vec<String> =
        Some(states(&d.states, "available")).filter(|_| !excluded.is_empty()).into_iter().collect();
    let there = kept.iter().map(|(name, n)| format!("{n} {}", timeline::kept_word(name)));
    let not_free: Vec<String> = here.into_iter().chain(there).collect();
    excluded.extend(kept.iter().map(|(name, n)| (name.to_string(), *n)));
    let agent = m.names.of("User", d.agent.0);
    let runners_up: Vec<RunnerUp> = d
        .runners_up
        .iter()
        .map(|(a, score, idle_ms)| RunnerUp {
            agent: m.names.of("User", a.0),
            score: *score,
            idle_ms: *idle_ms,
        })
        .collect();
    let because = match (d.why, d.strategy) {
        (Why::LastAgent, _) => "the call was kept for this agent".into(),
        (_, Strategy::LongestIdle) => {
            format!("free for {}, the longest of {} free", length(d.idle_ms), d.free)
        }
        (_, Strategy::MostFitting) => {
            format!("levels {} in what was needed, the most of {} free", d.score, d.free)
        }
        (_, Strategy::FewestCalls) => format!("{} calls so far, the fewest of {} free", d.score, d.free),
        (_, Strategy::RoundRobin) => format!("rung longest ago of {} free", d.free),
    };
    let mut say = format!("{agent} was rung: {because}");
    if let Why::AlsoQueue(queue) = d.why {
        say += &format!("; agents of {} were asked too", m.names.of("Queue", queue.0));
    }
    if !d.need.is_empty() {
        let list: Vec<String> = d.need.iter().map(|(s, level)| skill(*s, *level, m)).collect();
        say += &format!("; needed: {}", list.join(", "));
    }
    if let Some(second) = runners_up.first() {
        say += &format!("; next would have been {} (free for {})", second.agent, length(second.idle_ms));
    }
    if d.lacking > 0 {
        say += &format!("; {} free without the skills", d.lacking);
    }
    if !not_free.is_empty() {
        say += &format!("; not free: {}", not_free.join(", "));
    }
    say += &format!(". The caller had waited {}.", length(d.waited_ms));
    DecisionView {
        at: time(d.at),
        queue: m.names.of("Queue", d.queue.0),
        agent,
        leg: leg_id(d.leg),
        why: match d.why {
            Why::InOrder => "in-order",
            Why::LastAgent => "last-agent",
            Why::AlsoQueue(_) => "also-queue",
        }
        .into(),
        strategy: word(&d.strategy),
        score: d.score,
        idle_ms: d.idle_ms,
        runners_up,
        free: d.free,
        lacking: d.lacking,
        needed: d.need.iter().map(|(s, level)| (m.names.of("Skill", s.0), *level)).collect(),
        relaxed: d.relaxed,
        priority: d.priority,
        excluded,
        waited_ms: d.waited_ms,
        behind: d.behind,
        outcome: word(&d.outcome),
        position: d.position,
        say,
    }
}
