//! The attestation: what can be said to a compliance officer about a tenant, each answer with the check that it comes
//! from. What the program can know is measured when it is asked; what only people can know is left open, or is the
//! operator's word, marked as such.

mod advisories;
mod answers;
mod asked;
mod backups;
mod canary;
mod check;
pub mod components;
pub mod contacted;
mod declared;
mod entrances;
mod event_log;
mod example;
mod in_clear;
mod inside;
mod listeners;
mod microsoft;
mod newest;
mod objecting;
mod pages;
mod paper;
mod pass;
mod private_keys;
mod questions;
mod rights;
mod search;
mod stored;
mod tls_scan;
mod words;

pub use canary::forget_made_up;
pub use check::{CHECKS, Ground};
pub use declared::{Declared, LARGEST as LARGEST_DECLARED, read as read_declared};
pub use example::Example;
pub use newest::{Attestations, Progress};
pub use paper::{changes, markdown_in, markdown_of, sealed, text_of, verify};
pub use pass::Passes;
pub use stored::{keeps_records, personal_fields};
pub use words::Words;

use check::{Check, Subject};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::TenantId;

/// Checks by their names.
type Checks = BTreeMap<&'static str, Check>;

/// Runs the checks and answers. `only` names the checks to run; empty is all. `progress` is told of each check as it
/// begins. To be called where waiting is allowed: some checks take seconds.
///
/// # Errors
/// A sentence: an unknown check, no such tenant, or the store cannot be read.
pub fn attest(
    ground: &Ground,
    tenant: TenantId,
    declared: &Declared,
    only: &[String],
    progress: &mut dyn FnMut(&str),
) -> Result<Value, String> {
    if let Some(unknown) = only.iter().find(|name| CHECKS.iter().all(|(known, ..)| known != name)) {
        let known: Vec<&str> = CHECKS.iter().map(|(name, ..)| *name).collect();
        return Err(format!("there is no check {unknown:?}; there are {}", known.join(", ")));
    }
    let subject = Subject::of(ground, tenant)?;
    let mut checks = Checks::new();
    for (name, run) in CHECKS {
        let check = if only.is_empty() || only.iter().any(|o| o == name) {
            progress(name);
            Check::of(name, run(ground, &subject))
        } else {
            Check::not_run(name)
        };
        checks.insert(name, check);
    }
    let answers = answers::answers(ground, &subject, &checks, declared);
    let stored = stored::list(&subject, &checks);
    let body = json!({
        "tenant": subject.name,
        "profile": subject.features.profile().name(),
        "version": env!("CARGO_PKG_VERSION"),
        "at": crate::view::time(engine::Time(crate::clock::wall_ms())),
        "features": subject.features.list().map(|f| f.name()).collect::<Vec<_>>(),
        "registrations": microsoft::registrations(ground, &subject),
        "answers": answers,
        "permissions": microsoft::permissions(&subject),
        "processed": microsoft::processed(&subject),
        "stored": stored,
        "transfers": microsoft::transfers(ground, &subject),
        "checks": checks.values().map(Check::view).collect::<Vec<_>>(),
    });
    let installation = ground.handle.store.installation().map_err(|e| e.to_string())?;
    Ok(paper::signed(body, &installation))
}
