//! Checkers: each watches an engine from outside and states one law.

use engine::{AgentId, CallId, CallRecord, Effect, Engine, LegId, Time};
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
        // The longest idle is chosen: nobody in line had been free for longer.
        if record.decisions.iter().any(|d| d.runners_up.iter().any(|(_, idle)| *idle > d.idle_ms)) {
            self.broken(at, format!("call {} was offered past somebody free for longer", record.id.0));
        }
    }

    /// Callers of one queue are served in the order they came.
    pub fn offered_in_order(&mut self, at: Time, engine: &Engine, entry: engine::EntryId) {
        let Some((queue, entered)) = engine.entries().get(&entry).map(|e| (e.queue, e.entered)) else {
            return;
        };
        let Some(q) = engine.queues().get(&queue) else { return };
        if q.waiting.first().is_some_and(|(first, _)| *first < entered) {
            self.broken(at, format!("queue {} passed over a caller who came earlier", queue.0));
        }
    }

    fn broken(&mut self, at: Time, law: String) {
        if self.violations.len() < 100 {
            self.violations.push(Violation { at, law });
        }
    }
}
