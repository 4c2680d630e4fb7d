//! The rights of a person, tried on a made-up one: found, then erased, then looked for again.

use crate::attest::check::{Found, Ground, Subject};
use redact::Secret;
use serde_json::json;
use teams::permissions::Feature;

/// Tries them.
pub fn check(ground: &Ground, subject: &Subject) -> Found {
    let against = "a made-up person in the store of this tenant";
    if !subject.features.has(Feature::Queues) {
        let lines = vec!["this profile keeps no people who call, so there is nobody to be found".into()];
        return Found {
            good: Some(true),
            against: against.into(),
            lines,
            data: json!({"erased": true, "nobody": true}),
        };
    }
    match try_all(ground, subject) {
        Ok([corrected, restricted, erased]) => {
            let said =
                |what: &str, is: bool| format!("{what}: {}", if is { "so it was" } else { "it was NOT so" });
            Found {
                good: Some(corrected && restricted && erased),
                against: against.into(),
                lines: vec![
                    "the person was found by number, through the keyed hash".into(),
                    said("a corrected name stands for the one before", corrected),
                    said("restricted data is marked as such", restricted),
                    said("after the erasure nothing could be found or opened", erased),
                ],
                data: json!({"corrected": corrected, "restricted": restricted, "erased": erased}),
            }
        }
        Err(why) => Found::not_done(against, why),
    }
}

fn try_all(ground: &Ground, subject: &Subject) -> Result<[bool; 3], String> {
    let (store, tenant) = (&ground.handle.store, subject.tenant);
    let said = |e: store::StoreError| e.to_string();
    let now = crate::clock::wall_ms();
    let mut chance = [0; 8];
    getrandom::fill(&mut chance).map_err(|e| e.to_string())?;
    let number = Secret::new(format!("+999{:010}", u64::from_ne_bytes(chance) % 10_000_000_000));
    let person = store.add_person(tenant, &number, now).map_err(said)?;
    let found = store.find_person(tenant, &number).map_err(said)?;
    let about = ("attestation", "attest.rights", "Person/made-up");
    store.audit_about(tenant, now, about, person, &number).map_err(said)?;
    let name = Secret::new("Corrected".into());
    store.correct_person(tenant, person, &name, now, "attestation").map_err(said)?;
    store.mark_person(tenant, person, Some(true), None, now, "attestation").map_err(said)?;
    let known = store.person(tenant, person).map_err(said)?;
    store
        .erase_person(tenant, person, now, "attestation", store::EraseReason::NoLongerNeeded)
        .map_err(said)?;
    if found != Some(person) {
        return Err("the made-up person could not be found by number".into());
    }
    let corrected = known.names.iter().any(|n| n.expose_secret() == "Corrected");
    let again = store.find_person(tenant, &number).map_err(said)?;
    let sealed = store.audit_about(tenant, now, about, person, &number);
    let erased = again.is_none() && matches!(sealed, Err(store::StoreError::NotFound(_)));
    Ok([corrected, known.restricted, erased])
}
