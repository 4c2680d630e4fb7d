//! Security events on their way: to the log, the metrics, the list that owners look at, and other systems.

use crate::adapt::switch::{Now, Switch};
use crate::adapt::tenant_door::TenantDoor;
use crate::announce::{SECURITY_ALERT, TEAMS_RECEIVER};
use crate::security::{Happened, Kind, Security, SecurityEventView};
use engine::{Destination, Refusal, SecurityNotice, TrunkId};
use serde_json::{Value, json};
use sip::guard::SecurityEvent;
use store::{OutboxItem, TenantId};
use teams::permissions::Feature;

impl Switch {
    /// Something that concerns security happened.
    pub(super) fn security(&mut self, now: Now, tenant: Option<TenantId>, kind: Kind, facts: Value) {
        let happened = self.security.note(now.wall, tenant, kind, facts);
        for n in 0..self.tenants.len() {
            let id = self.tenants[n].id;
            if tenant.is_some_and(|t| t != id) {
                continue;
            }
            let receivers = told_of_alerts(&self.tenants[n], now);
            if !receivers.is_empty() && self.security.may_tell(now.wall, id) {
                self.tenants[n].batch.outbox.push(item(&happened, receivers));
            }
        }
    }

    /// What the guard found.
    pub(super) fn guard_told(&mut self, now: Now, event: &SecurityEvent) {
        match event {
            SecurityEvent::Banned { what, bans, until, .. } => {
                let seconds = until.since(now.sip()).as_secs();
                let facts = json!({"what": crate::view::word(what), "bans": bans, "seconds": seconds});
                self.security(now, None, Kind::Ban, facts);
            }
            SecurityEvent::Slowed { .. } => {
                self.security(now, None, Kind::Flood, json!({"of": "one-source"}))
            }
            SecurityEvent::Crowded => self.security(now, None, Kind::Flood, json!({"of": "all-strangers"})),
            SecurityEvent::Untold { .. } => {}
        }
    }

    /// The engine refused or ended a call to the outside.
    pub(super) fn toll_told(&mut self, now: Now, tenant: usize, n: &SecurityNotice) {
        let kind = match n.refusal {
            Refusal::DestinationNotAllowed | Refusal::Premium | Refusal::NoRight | Refusal::Night => {
                Kind::TollRefused
            }
            _ => Kind::TollLimit,
        };
        let facts = json!({
            "call": n.call.map(|c| c.0),
            "agent": n.agent.map(|a| a.0),
            "refusal": crate::view::word(&n.refusal),
            "class": n.destination.class.name(),
            "cut": n.cut,
            "today": n.today,
        });
        let id = self.tenants[tenant].id;
        self.security(now, Some(id), kind, facts);
    }

    /// A call to the outside finds no trunk, because the minutes or the money of the day are used up there.
    pub(super) fn trunk_used_up(
        &mut self,
        now: Now,
        tenant: usize,
        trunk: TrunkId,
        refusal: Refusal,
        to: Destination,
    ) {
        let (refusal, class) = (crate::view::word(&refusal), to.class.name());
        let t = &self.tenants[tenant];
        let (id, name) = (t.id, t.meaning.trunk_plan(trunk).map(|plan| plan.name.as_str()));
        tracing::warn!(
            event = "outside_refused",
            trunk = name,
            refusal,
            class,
            "a call to the outside found no trunk that may bear it today"
        );
        let facts = json!({"trunk": trunk.0, "refusal": refusal, "class": class, "cut": false});
        self.security(now, Some(id), Kind::TollLimit, facts);
    }

    /// A certificate was not believed: that of a far end of ours, or of a caller.
    pub fn on_not_believed(&mut self, now: Now, ip: std::net::IpAddr, ours: bool, why: &'static str) {
        let of = if ours { "far-end" } else { "caller" };
        tracing::warn!(event = "security", kind = "certificate", %ip, of, why, "a certificate is not believed");
        self.security(now, None, Kind::Certificate, json!({"of": of, "why": why}));
    }

    /// A carrier does not take our credentials.
    pub(super) fn trunk_refused(&mut self, now: Now, tenant: TenantId, trunk: TrunkId, code: u16) {
        tracing::warn!(
            event = "security",
            kind = "trunk-credentials",
            tenant = tenant.0,
            trunk = trunk.0,
            code,
            "a carrier does not take a trunk's credentials"
        );
        let facts = json!({"trunk": trunk.0, "code": code});
        self.security(now, Some(tenant), Kind::TrunkCredentials, facts);
    }

    /// No backup could be made, or one could not be restored for trial.
    pub fn backup_failed(&mut self, now: Now, of: &'static str) {
        self.security(now, None, Kind::Backup, json!({"of": of}));
    }

    /// Makes an event of which nothing is true but that it was asked for; gives it and what other systems are to be told
    /// of it, if anybody is. `None` when too many were told lately.
    pub fn test_alert(&mut self, now: Now, id: TenantId) -> Option<(SecurityEventView, Option<OutboxItem>)> {
        if !self.security.may_tell(now.wall, id) {
            return None;
        }
        let happened = self.security.note(now.wall, Some(id), Kind::Test, json!({}));
        tracing::warn!(event = "security", kind = "test", tenant = id.0, "a test of the alarms");
        let receivers = told_of_alerts(self.tenant(id)?, now);
        self.security.tested(happened.id, &receivers);
        let t = self.tenant(id)?;
        let item = (!receivers.is_empty()).then(|| item(&happened, receivers));
        Some((happened.view(&t.meaning), item))
    }

    /// Which receivers of a tenant are told of this event.
    pub fn receivers_of(&self, now: Now, id: TenantId, event: &str) -> Vec<String> {
        let of = |t: &TenantDoor| match event {
            SECURITY_ALERT => told_of_alerts(t, now),
            event => t.announcer.receivers(event),
        };
        self.tenants.iter().find(|t| t.id == id).map(of).unwrap_or_default()
    }

    /// Until when somebody in Teams wants to be told of security events.
    pub fn tell_teams(&mut self, id: TenantId, until: engine::Time) {
        if let Some(t) = self.tenants.iter_mut().find(|t| t.id == id) {
            t.teams_until = until;
        }
    }

    /// What happened since the start.
    pub fn security_events(&self) -> &Security {
        &self.security
    }
}

/// Webhooks that are told of security events, and Teams where the bot is on and has whom to tell.
fn told_of_alerts(t: &TenantDoor, now: Now) -> Vec<String> {
    let mut receivers = t.announcer.receivers(SECURITY_ALERT);
    let is_wanted = t.meaning.teams_alerts.is_some() || now.wall < t.teams_until;
    if is_wanted && t.meaning.features.has(Feature::Bot) {
        receivers.push(TEAMS_RECEIVER.into());
    }
    receivers
}

fn item(happened: &Happened, receivers: Vec<String>) -> OutboxItem {
    let mut facts = happened.facts.clone();
    facts.insert("kind".into(), happened.kind.name().into());
    let facts = Value::Object(facts).to_string();
    OutboxItem { id: happened.letter_id(), event: SECURITY_ALERT, at: happened.at, receivers, facts }
}
