//! An objection tried on calls of a made-up tenant in memory: whoever is known is treated as known, and after objecting as
//! somebody unknown.

use crate::tenant::check::check_values;
use crate::tenant::meaning::understand;
use engine::{
    CallRecord, Effect, Engine, Event, Facts, LegEnd, LegId, NumberId, PartyId, Time, TrunkId, What,
};
use serde_json::json;

/// The made-up caller as the journal calls them, and on the first list of the tenant.
const KNOWN: Facts = Facts { withheld: false, country: [0; 2], lists: 1, person: 7 };

/// A made-up tenant that asks another system about its callers, favours those on a list, and keeps them with the agent of
/// last time.
struct Made {
    engine: Engine,
    number: NumberId,
    now: u64,
}

impl Made {
    fn new() -> Result<Made, String> {
        let agent = |id: &str| json!({"kind": "User", "id": id, "roles": ["agent"], "phone": "sip:a@127.0.0.1:5999", "at_start": "available"});
        let documents = check_values(vec![
            json!({"kind": "Tenant", "id": "made-up", "profile": "contact-center", "lists": {"known": ["+9990000000001"]},
                "attributes": {"level": ["standard", "gold"]}}),
            json!({"kind": "Trunk", "id": "all", "networks": ["127.0.0.0/8"]}),
            json!({"kind": "Number", "id": "main", "number": "100", "flow": "main"}),
            json!({"kind": "LookUp", "id": "customers", "url": "https://customers.invalid/?number={caller}",
                "results": {"/level": "level"}}),
            json!({"kind": "Flow", "id": "main",
                "steps": [{"branch": [{"if": {"list": "known"}, "go": "favoured"}]}, {"go": "ask"}],
                "branches": {"favoured": [{"priority": 7}, {"go": "ask"}],
                    "ask": [{"look-up": {"look_up": "customers"}}, {"queue": "service"}]}}),
            json!({"kind": "Queue", "id": "service", "agents": ["one", "two"], "last_agent": "15s"}),
            agent("one"),
            agent("two"),
        ]);
        let documents = documents.map_err(|p| p.first().map(ToString::to_string).unwrap_or_default())?;
        let number = |kind: &str, id: &str| {
            documents.keys().position(|(k, i)| k == kind && i == id).map(|n| n as u32 + 1)
        };
        let meaning = understand(&documents, &number).map_err(|_| "the made-up tenant is not understood")?;
        let number = meaning.names.number("Number", "main").map(NumberId).ok_or("it has no number")?;
        let mut made = Made { engine: Engine::new(), number, now: 1_000 };
        made.tell(Event::Started { seed: 1 });
        made.tell(Event::Configured { config: Box::new(meaning.config.clone()) });
        Ok(made)
    }

    fn tell(&mut self, event: Event) -> Vec<Effect> {
        self.engine.handle(Time(self.now), event);
        std::iter::from_fn(|| self.engine.poll().map(|(_, effect)| effect)).collect()
    }

    /// A call from beginning to end, as it is kept: whoever is rung answers.
    fn call(&mut self, objected: bool) -> Result<CallRecord, String> {
        self.now += 60_000;
        let (caller, trunk, number) = (PartyId(1), TrunkId(1), Some(self.number));
        let first = self.engine.next_leg();
        let mut waiting = self.tell(match objected {
            true => Event::ObjectorArrived { number, caller, trunk, facts: KNOWN },
            false => Event::CallArrived { number, caller, trunk, facts: KNOWN },
        });
        let mut agent: Option<LegId> = None;
        while !waiting.is_empty() {
            let effects = std::mem::take(&mut waiting);
            for effect in effects {
                waiting.extend(match effect {
                    Effect::Answer { leg, .. } => self.tell(Event::LegAnswered { leg }),
                    Effect::LookUp { call, request, .. } => {
                        self.tell(Event::LookedUp { call, request, ok: true, found: Vec::new() })
                    }
                    Effect::DialAgent { leg, .. } => {
                        agent = Some(leg);
                        self.tell(Event::LegAnswered { leg })
                    }
                    _ => Vec::new(),
                });
            }
        }
        self.now += 5_000;
        let mut last = self.tell(Event::LegEnded { leg: first, end: LegEnd::FarHungUp });
        let leg = agent.ok_or("nobody was rung")?;
        last.extend(self.tell(Event::LegEnded { leg, end: LegEnd::NearHungUp }));
        let kept = last.into_iter().find_map(|effect| match effect {
            Effect::Keep(record) => Some(*record),
            _ => None,
        });
        kept.ok_or_else(|| "the call was not kept".into())
    }
}

/// What a call says of who it was for: by the list, by the other system, by the agent of last time; and what was left out.
fn said(call: &CallRecord) -> [bool; 5] {
    let has = |is: fn(&What) -> bool| call.timeline.iter().any(|m| is(&m.what));
    [
        has(|w| matches!(w, What::PrioritySet { .. })),
        has(|w| matches!(w, What::LookedUp { .. })),
        has(|w| matches!(w, What::WaitsForLastAgent { .. })),
        has(|w| matches!(w, What::LookUpLeftOut { .. })),
        has(|w| matches!(w, What::ProfileLeftOut)),
    ]
}

/// Whether a caller who is known goes as known, as unknown once they objected, and as known when they took it back.
///
/// # Errors
/// Why it could not be tried.
pub(super) fn try_routing() -> Result<bool, String> {
    let mut made = Made::new()?;
    made.call(false)?;
    let before = said(&made.call(false)?);
    let objected = said(&made.call(true)?);
    let after = said(&made.call(false)?);
    let known = [true, true, true, false, false];
    Ok((before, objected, after) == (known, [false, false, false, true, true], known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_objected_is_routed_as_somebody_unknown() {
        assert_eq!(try_routing(), Ok(true));
    }
}
