//! What only the inside can show: keys, retention, regions, the audit log, alerts, accounts, components,
//! credentials.

use crate::announce::{SECURITY_ALERT, TEAMS_RECEIVER};
use crate::attest::check::{Found, Ground, Subject};
use crate::attest::listeners::ask;
use crate::attest::private_keys::{in_der, in_pem};
use crate::attest::search::find;
use crate::attest::{advisories, components};
use crate::audit_file::hex;
use crate::retention_io;
use crate::security::Kind;
use crate::tenant::check::Documents;
use crate::view;
use engine::Time;
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use store::{AUDIT_PAGE, ChainCheck, TenantId};
use teams::permissions::Feature;

/// A master key that is in force for longer is to be changed: the longest use of a key that wraps keys, two years (NIST SP
/// 800-57 part 1, section 5.3.6).
const OLDEST_MASTER_MS: u64 = 2 * 366 * 86_400_000;
/// How old the newest advisory may be: about a quarter of a year.
const OLDEST_ADVISORY_MS: u64 = 92 * 86_400_000;

/// The day of a time, as `2026-01-31` (UTC).
pub(super) fn day(ms: u64) -> String {
    view::time(Time(ms)).split('T').next().unwrap_or_default().to_string()
}

/// Whether something is disposed of by itself, and when that was done last.
pub fn retention(ground: &Ground, subject: &Subject) -> Found {
    let against = "the rules of this tenant, what is due by them, and the newest run of the job";
    if !subject.features.has(Feature::Queues) {
        return directory_alone(ground, subject);
    }
    let (store, tenant) = (&ground.handle.store, subject.tenant);
    let due = retention_io::look_ahead(store, tenant);
    let runs = store.runs(tenant, 1).map_err(|e| e.to_string());
    let (due, runs) = match due.and_then(|due| Ok((due, runs?))) {
        Ok(read) => read,
        Err(why) => return Found::not_done(against, why),
    };
    let rules = due.as_object().cloned().unwrap_or_default();
    let mut lines = vec![format!("{} rules of retention", rules.len())];
    for (id, rule) in &rules {
        lines.push(format!(
            "rule {id} ({}): {} calls and {} rows due, {} kept by holds, next due {}",
            rule["class"], rule["calls"], rule["rows"], rule["held"], rule["next_due"]
        ));
    }
    let now = crate::clock::wall_ms();
    let unruled = unruled(&subject.documents);
    lines.extend(unruled.iter().map(|class| {
        format!("class {class}: no rule that is for all of it, so it is kept until the account ends")
    }));
    let is_cut = subject.documents.values().any(|d| d.kind == "Retention" && d.body["class"] == "audit");
    lines.push(match is_cut {
        true => "the journal is kept until the account ends: no rule is about it".into(),
        false => {
            "the journal and the audit log are kept until the account ends: no rule is about them".into()
        }
    });
    let newest = runs.first();
    lines.push(match newest {
        Some(run) => format!(
            "the newest run began {}{}",
            view::time(Time(run.at)),
            if run.ended.is_some() { "" } else { " and did not end" }
        ),
        None => "the job has not run yet".into(),
    });
    // Its age counts by itself: that nothing is due today says nothing of tomorrow.
    let is_stopped = newest.is_some_and(|run| now.saturating_sub(run.at) >= LONGEST_PAUSE_MS);
    if is_stopped {
        lines.push("the job runs each hour, and did not for more than a day".into());
    }
    let runs_well = !is_stopped && newest.is_some_and(|run| run.ended.is_some());
    let due_of = |r: &Value| r["calls"].as_u64().unwrap_or(0) + r["rows"].as_u64().unwrap_or(0);
    let overdue: u64 = rules.values().map(due_of).sum();
    let good = unruled.is_empty() && !is_stopped && (runs_well || overdue == 0);
    Found { good: Some(good), against: against.into(), lines, data: json!({"rules": rules.len()}) }
}

/// What is kept of people while the account goes on, by the classes of rules: recordings, voicemail and notes go with their
/// call at the latest.
const RULED: [&str; 3] = ["call", "report", "config"];
/// A job that runs each hour and did not for this long is stopped.
const LONGEST_PAUSE_MS: u64 = 86_400_000;

/// The classes of which something is kept for ever: without a rule, or with rules for single queues alone.
fn unruled(documents: &Documents) -> Vec<&'static str> {
    let is_for_all = |class: &str| {
        let mut rules = documents.values().filter(|d| d.kind == "Retention" && d.body["class"] == class);
        rules.any(|d| d.body.get("queue").is_none_or(Value::is_null))
    };
    RULED.into_iter().filter(|class| !is_for_all(class)).collect()
}

/// Where no calls are kept: the people of a directory are kept for as long as it lists them, so it has to be in step.
fn directory_alone(ground: &Ground, subject: &Subject) -> Found {
    let against = "the features that are on, and how the directory stands";
    let rows = match ground.handle.store.rows_of(subject.tenant) {
        Ok(rows) => rows,
        Err(e) => return Found::not_done(against, e.to_string()),
    };
    let of = |table: &str| rows.iter().find(|(t, _)| t == table).map_or(0, |(_, n)| *n);
    let (people, calls) = (of("directory"), of("calls"));
    let mut lines = Vec::new();
    let mut good = calls == 0;
    if calls > 0 {
        lines.push(format!("{calls} calls are kept, and no rule says until when"));
    }
    match (people, ground.handle.directories.status(subject.tenant)) {
        (0, _) if good => lines.push("nothing of a person or call is kept that could grow old".into()),
        (0, _) => {}
        (n, status) => {
            lines.push(format!("{n} people of the directory are kept for as long as it lists them"));
            let at = status.as_ref().and_then(|(s, _)| s.at);
            // It is read at least each hour; one that was not for a day keeps people who are gone.
            let in_step = at.is_some_and(|at| crate::clock::wall_ms().saturating_sub(at) < 86_400_000);
            good &= in_step;
            lines.push(match at {
                Some(at) if in_step => format!("it was in step on {}", view::time(Time(at))),
                Some(at) => format!("it was last in step on {}", view::time(Time(at))),
                None => "it was not in step since the start".into(),
            });
        }
    }
    Found { good: Some(good), against: against.into(), lines, data: json!({"rules": 0}) }
}

/// How long a closing that was asked for may wait for a backup that cannot be reached.
const LONGEST_CLOSING_MS: u64 = 7 * 86_400_000;

/// What becomes of the data when the account ends: by the rule, and with the accounts that ended.
pub fn closing(ground: &Ground, subject: &Subject) -> Found {
    let against =
        "the tenant's rule for the time after closing, or its profile, and the closings of this server";
    let days = crate::closing::days_of(&subject.features, &subject.documents);
    let closings = match ground.handle.store.closings() {
        Ok(all) => all,
        Err(e) => return Found::not_done(against, e.to_string()),
    };
    let now = crate::clock::wall_ms();
    let open: Vec<u64> =
        closings.iter().filter(|c| c.certificate.is_none()).map(|c| now.saturating_sub(c.due)).collect();
    let late = open.iter().filter(|age| **age > LONGEST_CLOSING_MS).count();
    let mut lines = vec![
        format!("data is to be disposed of within {days} days after the account ends"),
        format!(
            "{} accounts ended on this server, {} of them with a certificate",
            closings.len(),
            closings.len() - open.len()
        ),
    ];
    if late > 0 {
        lines.push(format!("{late} were not destroyed within seven days: a backup cannot be reached"));
    }
    Found { good: Some(days <= 89 && late == 0), against: against.into(), lines, data: json!({"days": days}) }
}

/// Rights of the key file, and the ages of keys.
pub fn keys(ground: &Ground, subject: &Subject) -> Found {
    let against = "the master key where keys.url says, and the database of keys";
    let mut found = Found { against: against.into(), ..Found::default() };
    let mut good = true;
    if let Some(path) = ground.config.keys.url.strip_prefix("file:") {
        match std::fs::metadata(path) {
            Ok(about) => {
                use std::os::unix::fs::PermissionsExt;
                let mode = about.permissions().mode() & 0o777;
                good &= mode & 0o077 == 0;
                found.lines.push(format!("the master key's file has the rights {mode:03o}"));
                let made = about.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
                if let Some(made) = made {
                    found
                        .lines
                        .push(format!("the master key was written on {}", day(made.as_millis() as u64)));
                }
            }
            Err(e) => {
                good = false;
                found.lines.push(format!("the master key's file cannot be looked at: {e}"));
            }
        }
    }
    let store = &ground.handle.store;
    match store.master_about().and_then(|about| store.try_master().map(|()| about)) {
        Ok(about) => {
            let kind = if about.url.starts_with("pkcs11:") {
                "a token behind PKCS #11, which it never leaves"
            } else {
                "a file"
            };
            let line = format!(
                "the master key is in {kind}, in force since {}; it seals and opens",
                day(about.since)
            );
            found.lines.push(line);
            if crate::clock::wall_ms().saturating_sub(about.since) > OLDEST_MASTER_MS {
                good = false;
                found.lines.push("the master key is older than two years: change it".into());
            }
        }
        Err(e) => {
            good = false;
            found.lines.push(format!("the master key cannot be used: {e}"));
        }
    }
    match store.key_ages(subject.tenant) {
        Ok(ages) => {
            let since = |oldest| {
                if oldest == 0 {
                    "before that was written down".into()
                } else {
                    format!("on {}", day(oldest))
                }
            };
            let line = |k: &store::KeyAge| {
                format!("{} keys of kind {}, the oldest made {}", k.count, k.kind, since(k.oldest))
            };
            found.lines.extend(ages.iter().map(line));
        }
        Err(e) => {
            good = false;
            found.lines.push(e.to_string());
        }
    }
    found.good = Some(good);
    found
}

/// Where data is, as declared.
pub fn regions(ground: &Ground, _: &Subject) -> Found {
    let against = "the server's configuration, and the backups that it knows of";
    let (store, blobs, backup) = (&ground.config.store, &ground.config.blobs, &ground.config.backup.region);
    let copies = match ground.handle.store.copies() {
        Ok(copies) => copies.len(),
        Err(e) => return Found::not_done(against, e.to_string()),
    };
    let mut lines = vec![
        format!("records: {} ({})", store.region, store.url.split(':').next().unwrap_or_default()),
        format!("recordings: {} ({})", blobs.region, blobs.url.split(':').next().unwrap_or_default()),
    ];
    lines.push(match (copies, backup.is_empty()) {
        (0, _) => "this server knows of no backup".into(),
        (n, false) => format!("{n} backups: {backup}"),
        (n, true) => format!("{n} backups: backup.region does not say where"),
    });
    let good = !store.region.is_empty() && !blobs.region.is_empty() && (copies == 0 || !backup.is_empty());
    let mut places = vec![store.region.clone(), blobs.region.clone()];
    places.extend((copies > 0 && !backup.is_empty()).then(|| backup.clone()));
    places.sort_unstable();
    places.dedup();
    Found { good: Some(good), against: against.into(), lines, data: json!({"places": places}) }
}

/// How old the newest signed head may be, and how long one may wait to be sent: they are made each day.
const OLDEST_HEAD_MS: u64 = 2 * 86_400_000;

/// Times by which the end of an audit log is fixed, in milliseconds since 1970.
struct Anchors {
    /// The oldest entry.
    entry: Option<u64>,
    /// The newest signed head.
    head: Option<u64>,
    /// The newest head, where it was not sent yet.
    unsent: Option<u64>,
}

impl Anchors {
    /// Why a log that was made anew would not be found out now.
    fn loose(&self, now: u64) -> Option<&'static str> {
        let is_old = |at: u64| now.saturating_sub(at) >= OLDEST_HEAD_MS;
        match (self.entry, self.head, self.unsent) {
            // A log that began today has its first head with the next day at the latest.
            (Some(entry), None, _) if is_old(entry) => Some("no head was ever signed"),
            (_, Some(head), _) if is_old(head) => Some("the newest head is older than two days"),
            (.., Some(unsent)) if is_old(unsent) => Some("a head waits to be sent for more than two days"),
            _ => None,
        }
    }
}

/// Whether the audit log is whole.
pub fn audit_log(ground: &Ground, subject: &Subject) -> Found {
    let against = "every entry of the audit log and its signed heads";
    let store = &ground.handle.store;
    let run = || -> Result<_, store::StoreError> {
        let key = store.installation()?.public_key();
        let mut check = ChainCheck::new(&subject.name, &key, store.audit_heads(subject.tenant)?);
        let (mut after, mut kinds) = (0, std::collections::BTreeSet::new());
        let heads = store.audit_heads(subject.tenant)?;
        let unsent = store.unsent_audit_head(subject.tenant)?.map(|head| head.at);
        let mut anchors = Anchors { entry: None, head: heads.iter().map(|h| h.at).max(), unsent };
        loop {
            let page = store.audit_page(subject.tenant, after)?;
            for entry in &page {
                anchors.entry.get_or_insert(entry.at);
                kinds.insert(entry.action.split('.').next().unwrap_or_default().to_string());
                check.entry(entry);
            }
            after = page.last().map_or(after, |e| e.id);
            if page.len() < AUDIT_PAGE as usize {
                return Ok((check.end(), kinds, hex(&key), anchors));
            }
        }
    };
    // While it is read, a rule may dispose of its beginning: then it is read again.
    let found = match (run(), store.audit_began(subject.tenant)) {
        (Ok((.., anchors)), Ok(began)) if anchors.entry != began => run(),
        (found, _) => found,
    };
    match found {
        Ok((report, kinds, key, anchors)) => {
            let kinds: Vec<String> = kinds.into_iter().collect();
            let mut lines = vec![
                format!(
                    "{} entries, chained; {} signed heads by the key {key}",
                    report.entries, report.heads
                ),
                format!("kinds of entries: {}", kinds.join(", ")),
            ];
            if report.cut > 0 {
                lines.push(format!(
                    "a rule disposed of the entries up to {}: a signed entry and a signed head say so",
                    report.cut
                ));
            }
            lines.extend(report.faults.iter().take(10).map(|f| format!("entry {} {}", f.entry, f.what)));
            // Whoever signed in is in the log, and so is the configuration that is in force.
            // Of what was done before its beginning a log that was cut says nothing any more.
            let since = if report.cut > 0 { anchors.entry.unwrap_or(0) } else { 0 };
            let done = store.done_since(subject.tenant, since).unwrap_or_default();
            let has = |table: &str| done.contains(&table);
            let silent: Vec<&str> = [("sessions", "session"), ("object_versions", "configuration")]
                .into_iter()
                .filter(|(table, kind)| has(table) && !kinds.iter().any(|k| k == kind))
                .map(|(_, kind)| kind)
                .collect();
            lines.extend(
                silent
                    .iter()
                    .map(|kind| format!("there is no entry of the kind {kind}, and there should be")),
            );
            let loose = anchors.loose(crate::clock::wall_ms());
            lines.extend(loose.map(str::to_string));
            let good = report.faults.is_empty() && report.entries > 0 && silent.is_empty() && loose.is_none();
            Found { good: Some(good), against: against.into(), lines, data: Value::Null }
        }
        Err(e) => Found::not_done(against, e.to_string()),
    }
}

/// Whether somebody is told of security events, and whether they took the last one.
pub fn alerts(ground: &Ground, subject: &Subject) -> Found {
    let against =
        "webhooks with security-alert among their events, Teams, a test alert, and letters that nobody took";
    let tenant = subject.tenant;
    let asked = ground.handle.ask_and_wait(move |switch, now| {
        let events = switch.security_events().of(tenant).count();
        (switch.receivers_of(now, tenant, SECURITY_ALERT), events)
    });
    let Some((receivers, events)) = asked else {
        return Found::not_done(against, "the server is stopping".into());
    };
    let teams = receivers.iter().filter(|r| *r == TEAMS_RECEIVER).count();
    let mut lines = vec![
        format!(
            "{} webhooks are told of security events, {}",
            receivers.len() - teams,
            if teams > 0 { "and so is Teams" } else { "and nobody in Teams" }
        ),
        format!("{events} security events since the start"),
    ];
    let arrived = match receivers.is_empty() {
        true => Ok(false),
        false => arrives(ground, tenant, &mut lines),
    };
    let dead = ground.handle.store.dead_alerts(tenant, SECURITY_ALERT).map_err(|e| e.to_string());
    match (arrived, dead) {
        (Ok(arrived), Ok(dead)) => {
            lines.push(format!("{dead} alerts could not be delivered"));
            Found { good: Some(arrived && dead == 0), against: against.into(), lines, data: Value::Null }
        }
        (Err(why), _) | (_, Err(why)) => Found::not_done(against, why),
    }
}

/// Whether a test alert came to everybody who is to be told: the newest since the start that went to all of them, or one
/// that is raised for this.
fn arrives(ground: &Ground, tenant: TenantId, lines: &mut Vec<String>) -> Result<bool, String> {
    let newest = ground.handle.ask_and_wait(move |switch, now| {
        let told = switch.receivers_of(now, tenant, SECURITY_ALERT);
        let mut tests = switch.security_events().of(tenant).filter(|h| h.kind == Kind::Test);
        tests.next().filter(|h| h.tested == told).map(|h| (h.letter_id(), crate::view::time(h.at)))
    });
    if let Some((id, at)) = newest.ok_or("the server is stopping")? {
        let left = ground.handle.store.untaken(tenant, &id).map_err(|e| e.to_string())?;
        if left.is_empty() {
            lines.push(format!("the test alert of {at} was taken by everybody who is told"));
            return Ok(true);
        }
    }
    let Some(test) = crate::http::security::raise_test(&ground.handle, tenant, "attestation")? else {
        lines.push("too many alerts were told lately: no test alert was raised".into());
        return Ok(false);
    };
    for receiver in &test.receivers {
        let said = match (&receiver.cause, receiver.delivered) {
            (_, true) => "took it".to_string(),
            (Some(why), false) => format!("did NOT take it: {why}"),
            (None, false) => "did NOT take it yet".to_string(),
        };
        lines.push(format!("a test alert of {}: {} {said}", test.event.at, receiver.webhook));
    }
    Ok(test.receivers.iter().all(|r| r.delivered))
}

/// How many users have something to sign in with, of each kind.
#[derive(Default)]
struct SignIns {
    password: u32,
    second: u32,
    passkey: u32,
    only_work: u32,
    nothing: u32,
}

impl SignIns {
    fn of(ground: &Ground, subject: &Subject) -> Result<SignIns, String> {
        let tenant = subject.tenant;
        let users: Vec<(String, bool)> = subject
            .documents
            .values()
            .filter(|d| d.kind == "User")
            .map(|d| (d.id.clone(), d.body.get("microsoft").is_some()))
            .collect();
        let numbered = ground.handle.ask_and_wait(move |switch, _| {
            let names = &switch.tenant(tenant)?.meaning.names;
            let number = |(id, work): (String, bool)| Some((names.number("User", &id)?, work));
            Some(users.into_iter().filter_map(number).collect::<Vec<_>>())
        });
        let numbered = numbered.flatten().ok_or("the server is stopping")?;
        let (store, said) = (&ground.handle.store, |e: store::StoreError| e.to_string());
        let mut all = SignIns::default();
        for (number, has_work) in numbered {
            let account = store.account((tenant, number)).map_err(said)?;
            let passkeys = store.passkeys((tenant, number)).map_err(said)?.len();
            all.password += u32::from(account.password.is_some());
            all.second += u32::from(account.password.is_some() && account.second.is_some());
            all.passkey += u32::from(passkeys > 0);
            let has_own = account.password.is_some() || passkeys > 0;
            all.only_work += u32::from(has_work && !has_own);
            all.nothing += u32::from(!has_work && !has_own);
        }
        Ok(all)
    }
}

/// Accounts and how they sign in.
pub fn accounts(ground: &Ground, subject: &Subject) -> Found {
    let users = subject.documents.values().filter(|d| d.kind == "User");
    let (mut all, mut with_work, mut by_role) = (0, 0, std::collections::BTreeMap::<String, u32>::new());
    for user in users {
        all += 1;
        with_work += u32::from(user.body.get("microsoft").is_some());
        for role in user.body["roles"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            *by_role.entry(role.to_string()).or_default() += 1;
        }
    }
    let roles: Vec<String> = by_role.iter().map(|(role, n)| format!("{n} with the role {role}")).collect();
    let mut lines = vec![
        format!("{all} users, {with_work} of them with a work account"),
        if roles.is_empty() { "nobody has a role".into() } else { roles.join(", ") },
    ];
    let against = "the users of this tenant, what they sign in with, and the rules of signing in";
    match SignIns::of(ground, subject) {
        Ok(s) => lines.push(format!(
            "{} have a password, {} of them with a second factor; {} have a passkey; {} sign in by Entra ID alone, whose \
             policies hold for them; {} have nothing to sign in with",
            s.password, s.second, s.passkey, s.only_work, s.nothing
        )),
        Err(why) => return Found::not_done(against, why),
    }
    let http = &ground.config.http;
    lines.push(format!(
        "whoever signs in stays so for {} at the longest, {} without doing anything; exports, erasing and rights need a \
         sign-in not older than {}",
        http.session_life, http.session_idle, http.session_fresh
    ));
    let tenant = subject.documents.values().find(|d| d.kind == "Tenant");
    let networks = tenant.and_then(|t| t.body["allowed_networks"].as_array()).map_or(0, Vec::len);
    lines.push(match subject.features.has(Feature::AddressAllowList) && networks > 0 {
        true => format!("signing in and the API are for {networks} networks only (address-allow-list)"),
        false => "signing in and the API are for every network".into(),
    });
    let controls = controls(ground, subject);
    lines.push(format!(
        "{} operations of the API on users, configuration and data are there for administrators, and closed to everybody else",
        controls.len()
    ));
    Found { good: None, against: against.into(), lines, data: json!({"users": all, "controls": controls}) }
}

/// The operations by which this tenant's administrators see and control their data: those of the features that are on, which
/// our listener has and refuses to whoever brings no token.
fn controls(ground: &Ground, subject: &Subject) -> Vec<String> {
    let has = |features: &[Feature]| features.iter().any(|f| subject.features.has(*f));
    let is_of_tenant = |path: &str| match path.split('/').nth(1).unwrap_or_default() {
        "recordings" => has(&[Feature::Recording, Feature::Voicemail]),
        "people" | "holds" => has(&[Feature::Queues]),
        _ => true,
    };
    let is_closed = |method: &str, path: &str| {
        let path = path.replace("{id}", "1").replace("{version}", "1");
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        ask(ground, &request).is_ok_and(|answer| answer.starts_with("HTTP/1.1 401"))
    };
    let all = crate::http::routes_for_administrators();
    all.into_iter()
        .filter(|line| {
            let (method, rest) = line.split_once(' ').unwrap_or_default();
            let path = rest.split(": ").next().unwrap_or_default();
            is_of_tenant(path) && is_closed(method, path)
        })
        .collect()
}

/// Advisories about what is built in, where their database was brought here.
pub fn advisories(ground: &Ground, _: &Subject) -> Found {
    let against =
        "the packages of the bill of materials, and the database of advisories that was brought here";
    let folder = &ground.config.advisories.folder;
    if folder.is_empty() {
        let why = "no database of advisories is at hand: advisories.folder, or --advisories, names none";
        return Found::not_done(against, why.into());
    }
    let looked = match advisories::look(std::path::Path::new(folder)) {
        Ok(looked) => looked,
        Err(why) => return Found::not_done(against, why),
    };
    let mut lines = vec![format!("{} advisories, the newest of {}", looked.advisories, looked.newest)];
    lines.extend(looked.vulnerable.iter().map(|line| format!("{line}: an advisory is about this version")));
    lines
        .extend(looked.unmaintained.iter().map(|line| format!("{line}: a notice about the package's state")));
    lines.extend(looked.unreadable.iter().map(|line| format!("{line}: the advisory cannot be read")));
    lines.push(match looked.npm {
        Some(0) => "npm knows of no advisory about the web app's packages (npm-audit.json)".into(),
        Some(n) => format!("npm knows of {n} advisories about the web app's packages (npm-audit.json)"),
        None => "the web app's packages were not looked at: there is no npm-audit.json".into(),
    });
    // A database without anything new for a quarter of a year is an old copy.
    let is_new =
        looked.newest.as_str() > day(crate::clock::wall_ms().saturating_sub(OLDEST_ADVISORY_MS)).as_str();
    if !is_new {
        lines.push("nothing in it is younger than 92 days: bring a newer one".into());
    }
    let is_clean = looked.vulnerable.is_empty() && looked.npm.unwrap_or(0) == 0;
    let is_whole = looked.unreadable.is_empty() && looked.npm.is_some() && is_new;
    Found {
        good: match (is_clean, is_whole) {
            (false, _) => Some(false),
            (true, true) => Some(true),
            (true, false) => None,
        },
        against: against.into(),
        lines,
        data: json!({"vulnerable": looked.vulnerable.len(), "unmaintained": looked.unmaintained.len(), "new": is_new}),
    }
}

/// What the program is made of.
pub fn components(_: &Ground, _: &Subject) -> Found {
    let all = components::all();
    let bill = components::sbom().to_string();
    let digest = hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bill.as_bytes()).as_ref());
    // Makers of models, and libraries that run them, by the beginnings of their packages' names.
    let models = [
        "openai",
        "async-openai",
        "anthropic",
        "ollama",
        "candle",
        "onnxruntime",
        "ort",
        "tch",
        "llama",
        "tensorflow",
        "langchain",
        "whisper",
    ];
    let ai: Vec<&str> = all
        .iter()
        .filter(|c| models.iter().any(|m| c.name == *m || c.name.starts_with(&format!("{m}-"))))
        .map(|c| c.name.as_str())
        .collect();
    let version = |name: &str| all.iter().find(|c| c.name == name).map(|c| format!("{name} {}", c.version));
    let identity: Vec<String> =
        ["aws-lc-rs", "rustls", "ureq", "x509-cert"].iter().filter_map(|name| version(name)).collect();
    let msal: Vec<String> =
        ["@azure/msal-browser", "@microsoft/teams-js"].iter().filter_map(|name| version(name)).collect();
    let lines = vec![
        format!("{} packages are built in; SHA-256 of the bill of materials {digest}", all.len()),
        format!("for identity the server uses {}", identity.join(", ")),
        format!(
            "in the browser: {}",
            if msal.is_empty() { "no library of Microsoft's".into() } else { msal.join(", ") }
        ),
        format!(
            "packages that run or ask models: {}",
            if ai.is_empty() { "none".into() } else { ai.join(", ") }
        ),
    ];
    Found {
        good: Some(!all.is_empty()),
        against: "the lock files that this program was built with".into(),
        lines,
        data: json!({"identity": identity, "msal": msal, "ai": ai, "count": all.len()}),
    }
}

/// Looks for private keys in the program itself, and for secrets in the tenant's configuration.
pub fn credentials(_: &Ground, subject: &Subject) -> Found {
    let against = "the file of this program, for keys in text and in binary forms, and the configuration of this tenant";
    let Ok(program) = std::env::current_exe().and_then(std::fs::read) else {
        return Found::not_done(against, "the program's own file cannot be read".into());
    };
    let (demonstration, others) = keys_of(&program);
    let in_program = in_pem(&program) + others;
    let in_documents: Vec<String> = subject
        .documents
        .values()
        .filter(|d| in_pem(d.body.to_string().replace("\\n", "\n").as_bytes()) > 0 || has_secret(&d.body))
        .map(|d| format!("{}/{}", d.kind, d.id))
        .collect();
    let mut lines =
        vec![format!("{} bytes of the program were searched: {in_program} private keys", program.len())];
    if demonstration > 0 {
        lines.push(format!(
            "besides, the {demonstration} keys with which the made-up Microsoft of demonstrations signs: they are public \
             (crates/sim/src/microsoft/keys), and nothing trusts them but a made-up tenant"
        ));
    }
    lines.push(match in_documents.is_empty() {
        true => "the configuration names files of secrets and holds none".into(),
        false => format!("secrets stand in the configuration of {}", in_documents.join(", ")),
    });
    let good = in_program == 0 && in_documents.is_empty();
    Found { good: Some(good), against: against.into(), lines, data: Value::Null }
}

/// How many private keys in binary forms are those of demonstrations, and how many are others.
fn keys_of(program: &[u8]) -> (usize, usize) {
    let known = sim::microsoft::keys::demonstration();
    let found = in_der(program);
    let is_known = |key: &[u8]| known.iter().any(|k| find(k, key, 0).is_some());
    let demonstration = found.iter().filter(|key| is_known(key)).count();
    (demonstration, found.len() - demonstration)
}

/// Whether a document has a password or token as such.
fn has_secret(value: &Value) -> bool {
    match value {
        Value::Object(all) => all.iter().any(|(k, v)| {
            (matches!(k.as_str(), "password" | "token" | "client_secret" | "api_key") && v.is_string())
                || has_secret(v)
        }),
        Value::Array(all) => all.iter().any(has_secret),
        _ => false,
    }
}

/// A connection over TLS to a listener of ours, whatever its certificate: it is reached by its address.
pub fn tls_client(
    to: SocketAddr,
) -> Result<rustls::StreamOwned<rustls::ClientConnection, TcpStream>, String> {
    let config = rustls::ClientConfig::builder_with_provider(crate::tls::provider())
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Any))
        .with_no_client_auth();
    let name = ServerName::IpAddress(to.ip().into());
    let connection = rustls::ClientConnection::new(Arc::new(config), name).map_err(|e| e.to_string())?;
    let stream = TcpStream::connect_timeout(&to, Duration::from_secs(5)).map_err(|e| e.to_string())?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).map_err(|e| e.to_string())?;
    Ok(rustls::StreamOwned::new(connection, stream))
}

/// Takes any certificate: what is connected to is this process itself.
#[derive(Debug)]
struct Any;

impl rustls::client::danger::ServerCertVerifier for Any {
    fn verify_server_cert(
        &self,
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &[rustls::pki_types::CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        crate::tls::provider().signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_demonstrations_are_told_from_others() {
        let known = sim::microsoft::keys::demonstration().concat();
        assert_eq!(keys_of(&known), (3, 0));
        let mut other = known.clone();
        // Another modulus is another key.
        other[100] ^= 1;
        assert_eq!(keys_of(&other), (2, 1));
    }

    #[test]
    fn a_log_whose_end_is_not_fixed_any_more_is_seen() {
        const DAY: u64 = 86_400_000;
        let loose = |entry, head, unsent| Anchors { entry, head, unsent }.loose(10 * DAY).is_some();
        assert!(!loose(None, None, None) && !loose(Some(9 * DAY), None, None));
        assert!(loose(Some(7 * DAY), None, None), "nothing is signed");
        assert!(!loose(Some(DAY), Some(9 * DAY), None) && loose(Some(DAY), Some(7 * DAY), None));
        assert!(
            !loose(Some(DAY), Some(9 * DAY), Some(9 * DAY)) && loose(Some(DAY), Some(9 * DAY), Some(7 * DAY))
        );
    }

    #[test]
    fn each_class_that_is_kept_needs_a_rule_for_all_of_it() {
        let unruled = |rules: &[(&str, Option<&str>)]| {
            let tenant = json!({"kind": "Tenant", "id": "t", "profile": "contact-center"});
            let queue = json!({"kind": "Queue", "id": "q", "agents": []});
            let rules = rules.iter().enumerate().map(|(n, (class, queue))| {
                let mut rule = json!({"kind": "Retention", "id": format!("r{n}"), "class": class, "days": 9});
                if let Some(queue) = queue {
                    rule["queue"] = (*queue).into();
                }
                rule
            });
            let all = [tenant, queue].into_iter().chain(rules).collect();
            super::unruled(&crate::tenant::check::check_values(all).unwrap_or_else(|all| panic!("{all:?}")))
        };
        assert_eq!(unruled(&[]), RULED);
        assert_eq!(unruled(&[("voicemail", None), ("closing", None)]), RULED);
        assert_eq!(unruled(&[("call", Some("q")), ("report", None)]), ["call", "config"]);
        assert!(
            unruled(&[("call", None), ("call", Some("q")), ("report", None), ("config", None)]).is_empty()
        );
    }

    #[test]
    fn secrets_in_documents_are_seen() {
        assert!(has_secret(&json!({"credentials": {"password": "x"}})));
        assert!(!has_secret(&json!({"credentials": {"password_file": "x"}, "passwords": true})));
    }
}
