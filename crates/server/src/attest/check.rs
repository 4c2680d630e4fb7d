//! What a check is, on which ground it stands, and the list of all of them.

use crate::attest::{backups, canary, entrances, event_log, inside, listeners, microsoft, rights, stored};
use crate::audit_file::hex;
use crate::config::ServerConfig;
use crate::running::{Handle, stored_documents};
use crate::tenant::check::Documents;
use crate::view;
use aws_lc_rs::digest::{SHA256, digest};
use engine::Time;
use serde_json::{Value, json};
use std::net::SocketAddr;
use store::TenantId;
use teams::permissions::Features;

/// A running server, as its own checks see it.
#[derive(Clone)]
pub struct Ground {
    /// The way to it.
    pub handle: Handle,
    /// What it was started with.
    pub config: ServerConfig,
    /// Where the API listens.
    pub http: SocketAddr,
    /// Where the admin pages listen.
    pub admin: SocketAddr,
    /// Where SIP over UDP listens.
    pub udp: Option<SocketAddr>,
    /// Where SIP over TLS listens.
    pub sips: Option<SocketAddr>,
}

/// Whom an attestation is about.
pub struct Subject {
    /// Its number.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// What is on in it.
    pub features: Features,
    /// Its Microsoft directory, if it is connected.
    pub directory: Option<String>,
    /// Its configuration.
    pub documents: Documents,
}

impl Subject {
    pub(super) fn of(ground: &Ground, tenant: TenantId) -> Result<Subject, String> {
        let found = ground.handle.ask_and_wait(move |switch, _| {
            switch.tenant(tenant).map(|t| (t.meaning.features.clone(), t.meaning.microsoft.clone()))
        });
        let (features, directory) = found.flatten().ok_or("this server has no such tenant")?;
        let (documents, _) = stored_documents(&ground.handle.store, tenant)?;
        let name = ground.handle.store.tenant_name(tenant).map_err(|e| e.to_string())?;
        Ok(Subject { tenant, name, features, directory, documents })
    }
}

/// What a check found.
#[derive(Default)]
pub struct Found {
    /// Whether it is as it should be; `None` where nothing can be said.
    pub good: Option<bool>,
    /// What was looked at.
    pub against: String,
    /// What was seen, in sentences. No personal data.
    pub lines: Vec<String>,
    /// The same for answers to be made of.
    pub data: Value,
}

impl Found {
    /// A check that could not be done, and why.
    pub fn not_done(against: &str, why: String) -> Found {
        Found { good: None, against: against.into(), lines: vec![why], data: Value::Null }
    }
}

/// A check that was run, or not.
pub struct Check {
    name: &'static str,
    at: Option<u64>,
    /// What it found.
    pub found: Found,
}

impl Check {
    pub(super) fn of(name: &'static str, found: Found) -> Check {
        Check { name, at: Some(crate::clock::wall_ms()), found }
    }

    pub(super) fn not_run(name: &'static str) -> Check {
        Check { name, at: None, found: Found::default() }
    }

    /// As the attestation shows it. The digest is that of what was found.
    pub fn view(&self) -> Value {
        let result = match (self.at, self.found.good) {
            (None, _) => "not run",
            (_, Some(true)) => "as it should be",
            (_, Some(false)) => "not as it should be",
            (_, None) => "cannot be said",
        };
        json!({
            "check": self.name,
            "against": self.found.against,
            "at": self.at.map(|at| view::time(Time(at))),
            "result": result,
            "found": self.found.lines,
            "version": env!("CARGO_PKG_VERSION"),
            "digest": hex(digest(&SHA256, self.found.lines.join("\n").as_bytes()).as_ref()),
        })
    }
}

/// A check: what it looks at it takes from the running server.
type Run = fn(&Ground, &Subject) -> Found;

/// All checks, in the order in which they are run.
pub const CHECKS: [(&str, Run); 22] = [
    ("stored-fields", stored::check),
    ("canary", canary::check),
    ("rights", rights::check),
    ("tls", listeners::tls),
    ("certificates", listeners::certificates),
    ("api-refusals", listeners::refusals),
    ("entrances", entrances::check),
    ("permissions", microsoft::check),
    ("challenges", microsoft::challenges),
    ("destinations", microsoft::destinations),
    ("retention", inside::retention),
    ("closing", inside::closing),
    ("keys", inside::keys),
    ("backups", backups::check),
    ("regions", inside::regions),
    ("audit-log", inside::audit_log),
    ("event-log", event_log::check),
    ("alerts", inside::alerts),
    ("accounts", inside::accounts),
    ("components", inside::components),
    ("advisories", inside::advisories),
    ("credentials", inside::credentials),
];
