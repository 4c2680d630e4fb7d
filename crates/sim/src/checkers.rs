//! Checkers: each watches an engine from outside and states one law.

use engine::{AgentId, CallId, CallRecord, Effect, Engine, LegId, Strategy, Time};
use std::collections::{BTreeMap, BTreeSet};

/// A law that was seen broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// When.
    pub at: Time,
    /// Which, in words.
    pub law: String,
}

/// All checkers together. Tell them what the engine asks for and what ended.
#[derive(Default)]
pub struct Checkers {
    ended: BTreeSet<CallId>,
    ringing: BTreeMap<AgentId, LegId>,
    /// Laws seen broken.
    pub violations: Vec<Violation>,
}

impl Checkers {
    /// The engine asks for something.
    pub fn effect(&mut self, at: Time, engine: &Engine, effect: &Effect) {
        match effect {
            Effect::Keep(record) => self.record(at, record),
            Effect::DialAgent { leg, agent, .. } => {
                let before = self.ringing.insert(*agent, *leg);
                if let Some(other) = before.filter(|l| engine.legs().contains_key(l)) {
                    self.broken(
                        at,
                        format!("agent {} is rung for {leg:?} while bound to {other:?}", agent.0),
                    );
                }
            }
            _ => {}
        }
    }

    /// The engine's own laws, all of them.
    pub fn engine(&mut self, at: Time, engine: &Engine) {
        if let Err(broken) = engine.check_all() {
            self.broken(at, format!("{broken:?}"));
        }
    }

    /// The day is over: nothing may be open.
    pub fn end(&mut self, engine: &Engine, begun: u64) {
        let at = engine.now();
        if !engine.calls().is_empty() || !engine.legs().is_empty() || !engine.entries().is_empty() {
            let open = (engine.calls().len(), engine.legs().len(), engine.entries().len());
            self.broken(at, format!("calls, legs and entries still open: {open:?}"));
        }
        if self.ended.len() as u64 != begun {
            self.broken(at, format!("{begun} calls began, {} ended", self.ended.len()));
        }
        if let Some(a) = engine.agents().values().find(|a| a.is_busy()) {
            self.broken(at, format!("agent {} is {} for ever", a.id.0, a.state.name()));
        }
    }

    fn record(&mut self, at: Time, record: &CallRecord) {
        if !self.ended.insert(record.id) {
            self.broken(at, format!("call {} ended twice", record.id.0));
        }
        if record.ended < record.began || record.legs.is_empty() || record.timeline.is_empty() {
            self.broken(at, format!("the record of call {} is not whole", record.id.0));
        }
        let answered = record.decisions.iter().filter(|d| d.outcome == engine::OfferOutcome::Answered);
        if answered.count() > 1 {
            self.broken(at, format!("call {} was answered by two agents", record.id.0));
        }
        if record.decisions.iter().any(|d| d.outcome == engine::OfferOutcome::Open) {
            self.broken(at, format!("an offer of call {} has no outcome", record.id.0));
        }
        for d in record.decisions.iter().filter(|d| d.why == engine::Why::InOrder) {
            // Whoever was rung was first by the strategy, and by the time free among equals.
            let order = |score: u64, idle: u64| match d.strategy {
                Strategy::MostFitting => (u64::MAX - score, u64::MAX - idle),
                _ => (score, u64::MAX - idle),
            };
            let own = order(d.score, d.idle_ms);
            if d.runners_up.iter().any(|(_, score, idle)| order(*score, *idle) < own) {
                self.broken(at, format!("call {} was offered past somebody who came first", record.id.0));
            }
        }
    }

    /// Callers of one queue who need the same are served in their order.
    pub fn offered_in_order(&mut self, at: Time, engine: &Engine, entry: engine::EntryId) {
        let Some(e) = engine.entries().get(&entry).filter(|e| e.only.is_none()) else { return };
        let Some(group) = engine.queues().get(&e.queue).and_then(|q| q.groups.get(&e.need)) else { return };
        if group.waiting.first().is_some_and(|(first, _)| *first < e.place) {
            self.broken(at, format!("queue {} passed over a caller who came earlier", e.queue.0));
        }
    }

    fn broken(&mut self, at: Time, law: String) {
        if self.violations.len() < 100 {
            self.violations.push(Violation { at, law });
        }
    }
}
