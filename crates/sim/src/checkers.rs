//! Checkers: each watches an engine from outside and states one law.

use crate::outside::Outside;
use engine::{
    AgentId, CallId, CallRecord, Effect, Engine, Event, Keys, LegId, RecordingId, Strategy, Time, What,
};
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
    hears: BTreeMap<LegId, Vec<LegId>>,
    /// Parties whose keys are secret.
    secret: BTreeSet<LegId>,
    recordings: BTreeMap<RecordingId, Tape>,
    outside: Outside,
    /// Calls that ended because they were joined with another, with that one, as either record says.
    joined: [BTreeSet<(CallId, CallId)>; 2],
    /// Laws seen broken.
    pub violations: Vec<Violation>,
}

/// A recording as the effects describe it.
struct Tape {
    legs: BTreeSet<LegId>,
    paused: bool,
}

impl Checkers {
    /// The engine will be told something.
    pub fn event(&mut self, at: Time, event: &Event) {
        if let Some(law) = self.outside.event(at, event) {
            self.broken(at, law);
        }
    }

    /// The engine asks for something.
    pub fn effect(&mut self, at: Time, engine: &Engine, effect: &Effect) {
        if let Some(law) = self.outside.effect(at, engine, effect) {
            self.broken(at, law);
        }
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
            Effect::Hear { leg, from } => {
                self.hears.insert(*leg, from.clone());
                self.heard(at, engine, *leg);
            }
            Effect::Play { leg, .. } => {
                self.hears.remove(leg);
            }
            Effect::HangUp { leg, .. } | Effect::Refuse { leg, .. } => {
                self.hears.remove(leg);
                self.secret.remove(leg);
            }
            Effect::Keys { leg, keys: Keys::Secret } => {
                self.secret.insert(*leg);
                let there = |l: &&LegId| engine.legs().contains_key(l);
                let ears = self.hears.iter().filter(|(_, from)| from.contains(leg)).map(|(ear, _)| ear);
                if let Some(ear) = ears.copied().collect::<Vec<_>>().iter().find(there) {
                    self.broken(at, format!("{leg:?} types a secret while {ear:?} hears it"));
                }
                if self.recordings.values().any(|t| t.legs.contains(leg) && !t.paused) {
                    self.broken(at, format!("{leg:?} types a secret while it is recorded"));
                }
            }
            Effect::Keys { leg, .. } => {
                self.secret.remove(leg);
            }
            Effect::StartRecording { recording, left, right, .. } => {
                let legs = [Some(*left), *right].into_iter().flatten().collect();
                if self.recordings.insert(*recording, Tape { legs, paused: false }).is_some() {
                    self.broken(at, format!("{recording:?} began twice"));
                }
                if self.secret.contains(left) {
                    self.broken(at, format!("{recording:?} begins while a secret is typed"));
                }
            }
            Effect::PauseRecording { recording } | Effect::ResumeRecording { recording } => {
                let paused = matches!(effect, Effect::PauseRecording { .. });
                let secret = &self.secret;
                let wrong = match self.recordings.get_mut(recording) {
                    Some(tape) => {
                        let twice = std::mem::replace(&mut tape.paused, paused) == paused;
                        twice || (!paused && tape.legs.iter().any(|l| secret.contains(l)))
                    }
                    None => true,
                };
                if wrong {
                    self.broken(at, format!("{effect:?} is out of place"));
                }
            }
            Effect::RecordAlso { recording, leg } | Effect::RecordNoLonger { recording, leg } => {
                let also = matches!(effect, Effect::RecordAlso { .. });
                let right = self.recordings.get_mut(recording).is_some_and(|t| match also {
                    true => t.legs.insert(*leg),
                    false => t.legs.remove(leg),
                });
                if !right {
                    self.broken(at, format!("{effect:?} is out of place"));
                }
            }
            Effect::StopRecording { recording } => {
                if self.recordings.remove(recording).is_none() {
                    self.broken(at, format!("{recording:?} ended without having begun"));
                }
            }
            _ => {}
        }
    }

    // Who hears whom must belong together, and a secret is in nobody's ear.
    fn heard(&mut self, at: Time, engine: &Engine, leg: LegId) {
        let Some(from) = self.hears.get(&leg).cloned() else { return };
        let call = |l: &LegId| engine.legs().get(l).map(|l| l.call);
        let own = call(&leg);
        for other in &from {
            if *other == leg || call(other).is_none() || call(other) != own {
                self.broken(at, format!("{leg:?} hears {other:?}, which is not in its call"));
            }
            if self.secret.contains(other) {
                self.broken(at, format!("{leg:?} hears {other:?} type a secret"));
            }
            let whispers = match engine.legs().get(other).map(|l| l.role) {
                Some(engine::Role::Supervisor { agent }) => {
                    let call = own.and_then(|c| engine.calls().get(&c));
                    let mode = call.and_then(|c| c.watched_by(agent));
                    let customer = call.and_then(|c| c.caller_leg()) == Some(leg);
                    mode == Some(engine::Watch::Listen) || (mode == Some(engine::Watch::Whisper) && customer)
                }
                _ => false,
            };
            if whispers {
                self.broken(at, format!("{leg:?} hears the supervisor {other:?} who is not to be heard"));
            }
        }
    }

    /// A process ended after an event at this time: what it was told is gone with it.
    pub fn restarted(&mut self, at: Time) {
        self.outside.restarted(at);
        self.hears.clear();
        self.secret.clear();
        self.recordings.clear();
        self.ringing.clear();
    }

    /// The engine's own laws, all of them.
    pub fn engine(&mut self, at: Time, engine: &Engine) {
        if let Err(broken) = engine.check_all() {
            self.broken(at, format!("{broken:?}"));
        }
        self.outside.keep(at, engine);
        if let Some(law) = self.outside.check(at) {
            self.broken(at, law);
        }
    }

    /// The day is over: nothing may be open.
    pub fn end(&mut self, engine: &Engine, begun: u64) {
        let at = engine.now();
        if !engine.calls().is_empty() || !engine.legs().is_empty() || !engine.entries().is_empty() {
            let open = (engine.calls().len(), engine.legs().len(), engine.entries().len());
            self.broken(at, format!("calls, legs and entries still open: {open:?}"));
        }
        if !self.recordings.is_empty() {
            let open: Vec<_> = self.recordings.keys().collect();
            self.broken(at, format!("recordings never ended: {open:?}"));
        }
        if !engine.callbacks().is_empty() {
            self.broken(at, format!("{} promises are neither kept nor given up", engine.callbacks().len()));
        }
        // Calls that agents made and promises kept come on top of those that callers began.
        let ended = self.ended.len() as u64;
        if ended != engine.ended_calls() || ended < begun {
            self.broken(at, format!("{begun} callers called, {ended} calls ended"));
        }
        if let [went, took] = &self.joined
            && went != took
        {
            let differ: Vec<_> = went.symmetric_difference(took).copied().collect();
            self.broken(at, format!("records of joined calls do not name each other: {differ:?}"));
        }
        if let Some(a) = engine.agents().values().find(|a| a.is_busy()) {
            self.broken(at, format!("agent {} is {} for ever", a.id.0, a.state.name()));
        }
    }

    fn record(&mut self, at: Time, record: &CallRecord) {
        if let Some(law) = self.outside.record(record) {
            self.broken(at, law);
        }
        if !self.ended.insert(record.id) {
            self.broken(at, format!("call {} ended twice", record.id.0));
        }
        if record.ended < record.began || record.legs.is_empty() || record.timeline.is_empty() {
            self.broken(at, format!("the record of call {} is not whole", record.id.0));
        }
        let [went, took] = &mut self.joined;
        for moment in &record.timeline {
            match moment.what {
                What::WentOnIn { call, .. } => went.insert((record.id, call)),
                What::TookIn { call, .. } => took.insert((call, record.id)),
                _ => continue,
            };
        }
        let gone = |m: &engine::Moment| matches!(m.what, What::WentOnIn { .. });
        if (record.reason == engine::Reason::Transferred) != record.timeline.iter().any(gone) {
            self.broken(at, format!("call {} ended as {:?}", record.id.0, record.reason));
        }
        // Of the phones that ring for one stay in a queue, one is answered; a transfer begins another stay.
        let stays = record.timeline.iter().filter(|m| {
            matches!(m.what, What::Queued { .. } | What::ConsultBegan { .. } | What::CallbackTried { .. })
        });
        let answered = record.decisions.iter().filter(|d| d.outcome == engine::OfferOutcome::Answered);
        if answered.count() > stays.count().max(1) {
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
    pub fn offered_in_order(&mut self, at: Time, engine: &Engine, entry: engine::EntryId, leg: LegId) {
        let call = engine.legs().get(&leg).and_then(|l| engine.calls().get(&l.call));
        let why = call.and_then(|c| c.decisions.iter().find(|d| d.leg == leg)).map(|d| d.why);
        if why != Some(engine::Why::InOrder) {
            return;
        }
        let Some(e) = engine.entries().get(&entry).filter(|e| e.only.is_none() && e.ring_at_once == 1) else {
            return;
        };
        let Some(group) = engine.queues().get(&e.queue).and_then(|q| q.groups.get(&e.need)) else { return };
        let Some((place, first)) = group.waiting.first().filter(|(place, _)| *place < e.place) else {
            return;
        };
        // Whoever came back to the head in this very moment was not there when it was decided, and whoever entered in it
        // may have an earlier place from before: after a transfer that failed, or by a promise.
        let call = engine.entries().get(first).and_then(|e| engine.calls().get(&e.call()?));
        let back = call.is_some_and(|c| {
            let came = |w: &What| {
                matches!(w, What::Missed { .. } | What::Declined { .. } | What::NotReached { .. })
                    || matches!(w, What::ReturnedTo { .. } | What::Queued { .. })
            };
            // The patience for the agent of last time ends without a trace, after what came at that moment was done.
            let patience = engine.queue_config(e.queue).map_or(0, |q| q.last_agent_ms);
            let alone = |m: &engine::Moment| {
                matches!(m.what, What::WaitsForLastAgent { .. }) && m.at.plus(patience) == at
            };
            c.timeline.iter().rev().any(|m| m.at == at && came(&m.what) || alone(m))
        });
        if !back {
            let law = format!("queue {} passed over a caller who came at {}", e.queue.0, place.0);
            self.broken(at, law);
        }
    }

    /// A law that somebody else watches.
    pub fn law(&mut self, at: Time, holds: bool, law: &str) {
        if !holds {
            self.broken(at, law.into());
        }
    }

    fn broken(&mut self, at: Time, law: String) {
        if self.violations.len() < 100 {
            self.violations.push(Violation { at, law });
        }
    }
}
