//! What only the inside can show: keys, retention, backups, regions, the audit log, alerts, accounts, components,
//! credentials.

use crate::announce::{SECURITY_ALERT, TEAMS_RECEIVER};
use crate::attest::check::{Found, Ground, Subject};
use crate::attest::components;
use crate::attest::private_keys::{in_der, in_pem};
use crate::attest::search::find;
use crate::audit_file::hex;
use crate::retention_io;
use crate::security::Kind;
use crate::view;
use engine::Time;
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use store::{AUDIT_PAGE, ChainCheck, TenantId};
use teams::permissions::Profile;

/// A master key that is in force for longer is to be changed: the longest use of a key that wraps keys, two years (NIST SP
/// 800-57 part 1, section 5.3.6).
const OLDEST_MASTER_MS: u64 = 2 * 366 * 86_400_000;
/// How old the newest backup may be: a daily one that failed once is still one.
const OLDEST_BACKUP_MS: u64 = 2 * 86_400_000;
/// How long ago one may have been restored for trial: about a quarter of a year.
const OLDEST_REHEARSAL_MS: u64 = 92 * 86_400_000;

fn day(ms: u64) -> String {
    view::time(Time(ms)).split('T').next().unwrap_or_default().to_string()
}

/// How long data is kept after closing, in days: by the tenant's own rule, or by its profile.
fn days_after_closing(subject: &Subject) -> u64 {
    match subject.features.profile() {
        Profile::Connector | Profile::Bridge | Profile::Directory => 0,
        Profile::ContactCenter => retention_io::days_after_closing(&subject.documents).unwrap_or(30),
    }
}

/// Whether something is disposed of by itself, and when that was done last.
pub fn retention(ground: &Ground, subject: &Subject) -> Found {
    let against = "the rules of this tenant, what is due by them, and the newest run of the job";
    if subject.features.profile() != Profile::ContactCenter {
        let lines = vec!["nothing of a person or call is kept that could grow old".into()];
        return Found { good: Some(true), against: against.into(), lines, data: json!({"rules": 0}) };
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
            "rule {id} ({}): {} calls due, {} kept by holds, next due {}",
            rule["class"], rule["calls"], rule["held"], rule["next_due"]
        ));
    }
    let now = crate::clock::wall_ms();
    let newest = runs.first();
    // The job runs each hour; one that did not for a day is stopped.
    let runs_well = newest.is_some_and(|r| r.ended.is_some() && now.saturating_sub(r.at) < 86_400_000);
    lines.push(match newest {
        Some(run) => format!(
            "the newest run began {}{}",
            view::time(Time(run.at)),
            if run.ended.is_some() { "" } else { " and did not end" }
        ),
        None => "the job has not run yet".into(),
    });
    let overdue: u64 = rules.values().filter_map(|r| r["calls"].as_u64()).sum();
    let good = !rules.is_empty() && (runs_well || overdue == 0);
    Found { good: Some(good), against: against.into(), lines, data: json!({"rules": rules.len()}) }
}

/// What becomes of the data when the account ends.
pub fn closing(_: &Ground, subject: &Subject) -> Found {
    let days = days_after_closing(subject);
    let lines = vec![format!("data is to be disposed of within {days} days after the account ends")];
    let against = "the tenant's rule for the time after closing, or its profile";
    Found { good: Some(days <= 89), against: against.into(), lines, data: json!({"days": days}) }
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

/// Whether there is a backup, and how old it is.
pub fn backups(ground: &Ground, _: &Subject) -> Found {
    let against = "the backups that this server knows of: their newest increments, rehearsals, and keys";
    let store = &ground.handle.store;
    let states = match store.replace_copies() {
        Ok(states) => states,
        Err(e) => return Found::not_done(against, e.to_string()),
    };
    let now = crate::clock::wall_ms();
    let (mut is_new, mut is_tried, mut is_clean) = (false, false, true);
    let mut lines = Vec::new();
    for (n, state) in states.iter().enumerate() {
        let copy = &state.copy;
        is_new |= now.saturating_sub(copy.at) < OLDEST_BACKUP_MS;
        is_tried |= copy.rehearsed > 0 && now.saturating_sub(copy.rehearsed) < OLDEST_REHEARSAL_MS;
        is_clean &= state.pending.is_none();
        let seconds = |ms: u64| ms.div_ceil(1_000);
        lines.push(format!(
            "backup {}: increment {} of {}, {} bytes, made in {} s; {}; {}",
            n + 1,
            copy.increment,
            day(copy.at),
            copy.bytes,
            seconds(copy.took_ms),
            match copy.rehearsed {
                0 => "never restored for trial".to_string(),
                at => format!("restored for trial on {}, ready after {} s", day(at), seconds(copy.rehearsed_ms)),
            },
            match state.pending {
                None => "it holds no key that was destroyed",
                Some(_) => "it may hold a key that was destroyed, and cannot be reached",
            }
        ));
    }
    match (states.is_empty(), is_new, is_tried) {
        (true, ..) => lines.push("this server knows of no backup of its data".into()),
        (_, false, _) => lines.push("no backup is younger than two days".into()),
        (.., false) => lines.push("none was restored for trial within the last 92 days".into()),
        _ => {}
    }
    let standing = ground.handle.backups.standing();
    lines.push(match standing.is_scheduled {
        true => "this server makes backups by itself".into(),
        false => "this server makes none by itself: the operator does".into(),
    });
    if let Some(failed) = standing.failed {
        lines.push(format!("the newest {} failed on {}", failed.of, day(failed.at)));
    }
    Found {
        good: Some(is_new && is_tried && is_clean && standing.failed.is_none()),
        against: against.into(),
        lines,
        data: json!({"backups": states.len()}),
    }
}

/// Where data is, as declared.
pub fn regions(ground: &Ground, _: &Subject) -> Found {
    let (store, blobs) = (&ground.config.store, &ground.config.blobs);
    let lines = vec![
        format!("records: {} ({})", store.region, store.url.split(':').next().unwrap_or_default()),
        format!("recordings: {} ({})", blobs.region, blobs.url.split(':').next().unwrap_or_default()),
    ];
    let good = !store.region.is_empty() && !blobs.region.is_empty();
    let mut places = vec![store.region.clone(), blobs.region.clone()];
    places.dedup();
    Found {
        good: Some(good),
        against: "the server's configuration".into(),
        lines,
        data: json!({"places": places}),
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
        loop {
            let page = store.audit_page(subject.tenant, after)?;
            for entry in &page {
                kinds.insert(entry.action.split('.').next().unwrap_or_default().to_string());
                check.entry(entry);
            }
            after = page.last().map_or(after, |e| e.id);
            if page.len() < AUDIT_PAGE as usize {
                return Ok((check.end(), kinds, hex(&key)));
            }
        }
    };
    match run() {
        Ok((report, kinds, key)) => {
            let kinds: Vec<String> = kinds.into_iter().collect();
            let mut lines = vec![
                format!(
                    "{} entries, chained; {} signed heads by the key {key}",
                    report.entries, report.heads
                ),
                format!("kinds of entries: {}", kinds.join(", ")),
            ];
            lines.extend(report.faults.iter().take(10).map(|f| format!("entry {} {}", f.entry, f.what)));
            let good = report.faults.is_empty() && report.entries > 0;
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

/// Accounts and how they sign in.
pub fn accounts(ground: &Ground, subject: &Subject) -> Found {
    let _ = ground;
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
    let lines = vec![
        format!("{all} users, {with_work} of them with a work account"),
        if roles.is_empty() { "nobody has a role".into() } else { roles.join(", ") },
    ];
    Found { good: None, against: "the users of this tenant".into(), lines, data: json!({"users": all}) }
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
    fn secrets_in_documents_are_seen() {
        assert!(has_secret(&json!({"credentials": {"password": "x"}})));
        assert!(!has_secret(&json!({"credentials": {"password_file": "x"}, "passwords": true})));
    }
}
