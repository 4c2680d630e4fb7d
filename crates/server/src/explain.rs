//! The whole list behind a decision, derived by replaying the journal to there: what was cheap is stored with the call, the
//! rest costs only whoever asks.

use crate::tenant::Meaning;
use crate::view::DecisionView;
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

/// The whole lists behind a call's decisions, and how many events were replayed for it: at most those between two
/// snapshots that are kept, and those of the call's own time.
///
/// # Errors
/// What the store says.
pub fn whole_decisions(
    store: &Store,
    tenant: TenantId,
    decisions: &[DecisionView],
    m: &Meaning,
) -> Result<(Vec<WholeDecision>, u64), StoreError> {
    let mut wanted: BTreeMap<u64, Vec<&DecisionView>> = BTreeMap::new();
    for d in decisions.iter().take(MOST) {
        wanted.entry(d.position).or_default().push(d);
    }
    let Some((first, last)) = wanted.keys().next().copied().zip(wanted.keys().next_back().copied()) else {
        return Ok((Vec::new(), 0));
    };
    let mut engine = store
        .snapshot_until(tenant, first.saturating_sub(1))?
        .map_or_else(Engine::new, Engine::from_snapshot);
    let began = engine.position();
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
    Ok((out, engine.position() - began))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapt::SNAPSHOT_EVERY;
    use crate::tenant::check::check_values;
    use crate::tenant::meaning::understand;
    use engine::{CallRecord, Effect, Event, Facts, LegEnd, PartyId, Time, TrunkId};
    use serde_json::json;
    use store::{Batch, SNAPSHOT_KEPT_EVERY, StoreSettings, encode_event};

    /// A tenant's journal, written as the server writes it.
    struct Book {
        store: Store,
        tenant: TenantId,
        engine: Engine,
        batch: Batch,
        snapshot_at: u64,
        over: Vec<CallRecord>,
    }

    impl Book {
        fn tell(&mut self, at: u64, event: Event) {
            encode_event(&mut self.batch.events, Time(at), &event);
            self.engine.handle(Time(at), event);
            while let Some((_, effect)) = self.engine.poll() {
                if let Effect::Keep(record) = effect {
                    self.over.push(*record);
                }
            }
            self.batch.last_position = self.engine.position();
            if self.engine.position().is_multiple_of(1_000) {
                self.commit();
            }
        }

        fn commit(&mut self) {
            let position = self.engine.position();
            let next = Batch { first_position: position + 1, ..Batch::default() };
            let batch = std::mem::replace(&mut self.batch, next);
            self.store.commit(&[(self.tenant, batch)]).unwrap();
            if position >= self.snapshot_at + SNAPSHOT_EVERY {
                self.snapshot_at = position;
                self.store.put_snapshot(self.tenant, Time(1), &self.engine.snapshot()).unwrap();
            }
        }

        fn until(&mut self, position: u64) {
            let now = self.engine.now().0;
            while self.engine.position() < position {
                self.tell(now, Event::TimePassed);
            }
        }

        fn call(&mut self, m: &Meaning) {
            let now = self.engine.now().0 + 60_000;
            let number = m.names.number("Number", "main").map(engine::NumberId);
            let (caller, trunk) = (PartyId(1), TrunkId(m.names.number("Trunk", "all").unwrap()));
            let first = self.engine.next_leg();
            self.tell(now, Event::CallArrived { number, caller, trunk, facts: Facts::default() });
            self.tell(now + 10, Event::LegAnswered { leg: first });
            let agent = engine::LegId(first.0 + 1);
            self.tell(now + 4_000, Event::LegAnswered { leg: agent });
            self.tell(now + 9_000, Event::LegEnded { leg: first, end: LegEnd::FarHungUp });
            self.tell(now + 9_010, Event::LegEnded { leg: agent, end: LegEnd::NearHungUp });
        }
    }

    #[test]
    fn an_old_call_of_a_long_journal_is_explained_by_a_bounded_replay() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().display();
        let store = Store::open(&StoreSettings {
            url: format!("sqlite:{at}/s.db"),
            full_sync: false,
            blobs: format!("file:{at}/blobs"),
            keys: format!("file:{at}/k/master.key"),
        })
        .unwrap();
        let documents = check_values(vec![
            json!({"kind": "Tenant", "id": "acme", "profile": "contact-center"}),
            json!({"kind": "Trunk", "id": "all", "networks": ["127.0.0.0/8"]}),
            json!({"kind": "Number", "id": "main", "number": "100", "flow": "main"}),
            json!({"kind": "Flow", "id": "main", "steps": [{"queue": "service"}]}),
            json!({"kind": "Queue", "id": "service", "agents": ["one", "two"]}),
            json!({"kind": "User", "id": "one", "roles": ["agent"], "phone": "sip:a@127.0.0.1:5999", "at_start": "available"}),
            json!({"kind": "User", "id": "two", "roles": ["agent"], "phone": "sip:b@127.0.0.1:5999", "at_start": "available"}),
        ]);
        let documents = documents.unwrap_or_else(|p| panic!("{}", p[0]));
        let number = |kind: &str, id: &str| {
            documents.keys().position(|(k, i)| k == kind && i == id).map(|n| n as u32 + 1)
        };
        let m = understand(&documents, &number).unwrap();
        let tenant = store.tenant("acme", 1).unwrap();
        let batch = Batch { first_position: 1, ..Batch::default() };
        let mut book = Book { store, tenant, engine: Engine::new(), batch, snapshot_at: 0, over: vec![] };
        book.tell(1_000, Event::Started { seed: 1 });
        book.tell(1_000, Event::Configured { config: Box::new(m.config.clone()) });
        // The longest way from a snapshot that is kept is just before the next one.
        let places = [40_000, 3 * SNAPSHOT_KEPT_EVERY - 10, 3 * SNAPSHOT_KEPT_EVERY + 250_000];
        for place in places {
            book.until(place);
            book.call(&m);
        }
        book.until(4 * SNAPSHOT_KEPT_EVERY + 300_000);
        book.commit();
        let most = SNAPSHOT_KEPT_EVERY + SNAPSHOT_EVERY;
        assert_eq!(book.over.len(), places.len());
        let mut longest = 0;
        for record in &book.over {
            let wanted: Vec<_> =
                record.decisions.iter().map(|d| crate::view::decision(d, &record.timeline, &m)).collect();
            assert_eq!(wanted.len(), 1);
            let (whole, replayed) = whole_decisions(&book.store, tenant, &wanted, &m).unwrap();
            assert!(replayed <= most, "{replayed} events for the call at {}", wanted[0].position);
            longest = longest.max(replayed);
            let rung: Vec<_> = whole[0].agents.iter().map(|a| (a.agent.as_str(), a.rung)).collect();
            assert_eq!(rung.len(), 2, "{rung:?}");
            assert_eq!(rung.iter().filter(|(_, rung)| *rung).count(), 1, "{rung:?}");
        }
        assert!(longest > SNAPSHOT_KEPT_EVERY / 2, "{longest}: this journal is not long enough to show it");
    }
}
