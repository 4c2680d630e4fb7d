//! What is stored: the catalogue held against the tables that are really there, and against what the profile may keep.

use crate::attest::Checks;
use crate::attest::check::{Found, Ground, Subject};
use crate::tenant::check::{Document, Documents};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::{CATALOGUE, Field};
use teams::permissions::{Feature, Features, Profile};

/// The classes of stored data, by table; what is not listed belongs to the configuration.
const CLASSES: &[(&str, &str)] = &[
    ("calls", "call"),
    ("leg_quality", "call"),
    ("parties", "call"),
    ("persons", "call"),
    ("name_words", "call"),
    ("notes", "call"),
    ("recordings", "recording"),
    ("recording file", "recording"),
    ("messages", "voicemail"),
    ("snapshots", "callback"),
    ("accounts", "user"),
    ("invitations", "user"),
    ("sessions", "user"),
    ("endpoints", "user"),
    ("registrations", "user"),
    ("passkeys", "user"),
    ("directory", "directory"),
    ("local_people", "directory"),
    ("directory_numbers", "sync"),
    ("directory_links", "sync"),
    ("directory_tokens", "sync"),
    ("call_dispositions", "disposition"),
    ("interval_queues", "report"),
    ("interval_agents", "report"),
    ("interval_agent_states", "report"),
    ("interval_numbers", "report"),
    ("interval_dispositions", "report"),
    ("interval_waits", "report"),
    ("interval_exits", "report"),
    ("interval_number_exits", "report"),
    ("interval_exit_waits", "report"),
    ("audit", "audit"),
    ("audit_heads", "audit"),
    ("journal", "journal"),
    ("outbox", "journal"),
    ("holds", "audit"),
    ("numbers", "audit"),
    ("disposals", "audit"),
];

/// Tables that say something of a person or a call: where a profile keeps nothing, they are empty.
const OF_PEOPLE: &[&str] = &[
    "calls",
    "leg_quality",
    "parties",
    "persons",
    "name_words",
    "notes",
    "recordings",
    "messages",
    "directory",
    "local_people",
    "call_dispositions",
    "interval_queues",
    "interval_agents",
    "interval_numbers",
    "interval_waits",
];

fn table(field: &str) -> &str {
    field.split('.').next().unwrap_or(field)
}

fn class(table: &str) -> &'static str {
    CLASSES.iter().find(|(t, _)| *t == table).map_or("config", |(_, class)| class)
}

/// The classes that a profile keeps; nothing where that is all of them.
fn kept(subject: &Subject) -> Option<&'static [&'static str]> {
    kept_with(&subject.features)
}

/// Whether a tenant with these features keeps data of every class.
pub fn keeps_records(features: &Features) -> bool {
    kept_with(features).is_none()
}

fn kept_with(features: &Features) -> Option<&'static [&'static str]> {
    match features.profile() {
        Profile::ContactCenter => None,
        Profile::Directory if features.has(Feature::Queues) => None,
        Profile::Directory => Some(&["directory", "sync"]),
        Profile::Connector | Profile::Bridge => Some(&[]),
    }
}

/// Holds the catalogue against the tables, and counts rows where there may be none.
pub fn check(ground: &Ground, subject: &Subject) -> Found {
    let against = "the columns of the database and of the database of keys";
    let store = &ground.handle.store;
    let (columns, rows) = match store.columns().and_then(|c| Ok((c, store.rows_of(subject.tenant)?))) {
        Ok(read) => read,
        Err(e) => return Found::not_done(against, e.to_string()),
    };
    let names: Vec<String> = columns.iter().map(|(table, column)| format!("{table}.{column}")).collect();
    let outside: Vec<&String> =
        names.iter().filter(|n| CATALOGUE.iter().all(|f| f.name != n.as_str())).collect();
    let unexpected: BTreeMap<&String, &u64> = rows
        .iter()
        .filter(|(table, count)| {
            let not_kept = kept(subject).is_some_and(|kept| !kept.contains(&class(table)));
            not_kept && *count > 0 && OF_PEOPLE.contains(&table.as_str())
        })
        .map(|(table, count)| (table, count))
        .collect();
    let told = match kept(subject).is_some_and(|kept| !kept.contains(&"journal")) {
        true => journal_tells_of_calls(ground, subject),
        false => Ok(false),
    };
    let told = match told {
        Ok(told) => told,
        Err(e) => return Found::not_done(against, e.to_string()),
    };
    let mut lines =
        vec![format!("{} columns, {} of them in no line of the catalogue", names.len(), outside.len())];
    lines.extend(outside.iter().map(|name| format!("{name} is stored and not in the catalogue")));
    lines.extend(
        unexpected.iter().map(|(table, n)| format!("{table}: {n} rows, where this profile keeps none")),
    );
    if told {
        lines.push("the journal tells of calls, where this profile keeps none".into());
    }
    // What an administrator writes down of a person is stored as well, sealed with the rest of the configuration.
    let described = kept(subject).filter(|kept| kept.is_empty()).map_or(0, |_| described(&subject.documents));
    if described > 0 {
        lines.push(format!(
            "objects: {described} users have a name, an address, a number or a work account, where this profile keeps none"
        ));
    }
    let mut tables: Vec<String> = unexpected.keys().map(ToString::to_string).collect();
    tables.extend((described > 0).then(|| "objects".to_string()));
    tables.extend(told.then(|| "journal".to_string()));
    if kept(subject).is_some() && tables.is_empty() {
        lines.push("the tables about people and calls have no row of this tenant".into());
    }
    Found {
        good: Some(outside.is_empty() && tables.is_empty()),
        against: against.into(),
        lines,
        data: json!({"outside": outside, "unexpected": tables}),
    }
}

/// Fields of a `User` that say something of a person.
const OF_PERSON: [&str; 7] = ["name", "email", "microsoft", "teams_number", "phone", "registers", "line"];

/// What an object says of a person: the names of its fields. None for what is no `User`.
pub fn personal_fields(document: &Document) -> Vec<&'static str> {
    let is_said = |field: &&str| document.body.get(*field).is_some_and(|v| !v.is_null());
    OF_PERSON.into_iter().filter(|field| document.kind == "User" && is_said(field)).collect()
}

/// How many users have something of a person in them.
fn described(documents: &Documents) -> usize {
    documents.values().filter(|d| !personal_fields(d).is_empty()).count()
}

/// What the journal of a tenant without calls has: its starts and its configuration.
const WITHOUT_CALLS: [&str; 4] = ["Started", "Configured", "TimePassed", "Draining"];

/// Whether the journal has an event of a call or a person.
fn journal_tells_of_calls(ground: &Ground, subject: &Subject) -> Result<bool, store::StoreError> {
    let mut position = 0;
    loop {
        let page = ground.handle.store.events_after(subject.tenant, position, 100)?;
        if page.is_empty() {
            return Ok(false);
        }
        position += page.len() as u64;
        let is_harmless = |event: &engine::Event| {
            let shown = format!("{event:?}");
            WITHOUT_CALLS.iter().any(|name| shown.starts_with(name))
        };
        if page.iter().any(|(_, event)| !is_harmless(event)) {
            return Ok(true);
        }
    }
}

/// The stored fields, as the attestation lists them. Measured: what is in no catalogue and what the profile should not
/// have stands in it too.
pub fn list(subject: &Subject, checks: &Checks) -> Vec<Value> {
    let found = checks.get("stored-fields").map(|c| &c.found.data);
    let texts = |key: &str| -> Vec<String> {
        let all = found.and_then(|f| f[key].as_array());
        all.into_iter().flatten().filter_map(Value::as_str).map(str::to_string).collect()
    };
    let unexpected = texts("unexpected");
    let is_kept = |field: &&Field| {
        let table = table(field.name);
        table != "migrations"
            && (kept(subject).is_none_or(|kept| kept.contains(&class(table)))
                || unexpected.iter().any(|t| t == table))
    };
    let mut all: Vec<Value> = Vec::new();
    for f in CATALOGUE.iter().filter(is_kept) {
        if f.name == "directory.value" {
            all.extend(directory_fields(subject, f));
        } else {
            all.push(line(&name(f.name), f.purpose, f.origin, f.retention, f.encrypted));
        }
    }
    for column in texts("outside") {
        all.push(line(&column, "not in the catalogue", "unknown", "unknown", false));
    }
    all
}

fn line(field: &str, purpose: &str, origin: &str, retention: &str, encrypted: bool) -> Value {
    json!({"field": field, "purpose": purpose, "origin": origin, "retention": retention, "encrypted": encrypted})
}

/// A column by its class: `calls.began` is `call.began`, `leg_quality.codec` is `call.leg_quality.codec`.
fn name(column: &str) -> String {
    let (table, rest) = column.split_once('.').unwrap_or((column, "audio"));
    let class = class(table);
    let is_main = table == class
        || table.strip_suffix('s') == Some(class)
        || table == "recording file"
        || table == "messages";
    if is_main { format!("{class}.{rest}") } else { format!("{class}.{table}.{rest}") }
}

/// The fields of a directory's people stand sealed in one column; each has its own line.
fn directory_fields(subject: &Subject, f: &Field) -> Vec<Value> {
    let rows = subject.features.needed();
    let mut names: Vec<&str> = rows
        .iter()
        .filter(|r| r.feature == Feature::DirectorySync)
        .flat_map(|r| r.stored.iter().copied())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
        .iter()
        .map(|n| line(&format!("directory.{n}"), f.purpose, f.origin, f.retention, f.encrypted))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_the_names_of_their_classes() {
        for (column, wanted) in [
            ("calls.began", "call.began"),
            ("leg_quality.codec", "call.leg_quality.codec"),
            ("recording file", "recording.audio"),
            ("messages.heard", "voicemail.heard"),
            ("objects.body", "config.objects.body"),
            ("audit.who", "audit.who"),
        ] {
            assert_eq!(name(column), wanted);
        }
    }

    #[test]
    fn users_who_are_described_are_counted_and_those_of_nobody_are_not() {
        let documents = |user: serde_json::Value| {
            let tenant = json!({"kind": "Tenant", "id": "t", "profile": "connector"});
            crate::tenant::check::check_values(vec![tenant, user]).unwrap_or_else(|all| panic!("{all:?}"))
        };
        let user = |more: serde_json::Value| {
            let mut user = json!({"kind": "User", "id": "u1", "roles": ["owner"]});
            more.as_object().unwrap().iter().for_each(|(key, value)| user[key] = value.clone());
            described(&documents(user))
        };
        assert_eq!(user(json!({})), 0);
        assert_eq!(user(json!({"name": "Anna"})), 1);
        assert_eq!(user(json!({"line": "1001"})), 1);
    }

    #[test]
    fn every_class_is_one_of_a_table_that_is_there() {
        for (table, _) in CLASSES {
            assert!(CATALOGUE.iter().any(|f| super::table(f.name) == *table), "{table}");
        }
        for table in OF_PEOPLE {
            assert!(CLASSES.iter().any(|(t, _)| t == table), "{table}");
        }
    }
}
