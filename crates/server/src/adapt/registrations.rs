//! Telephones outlast a restart: what the registrar knows goes into the store as it changes, and comes back at a start.

use crate::adapt::phones::address_of_record;
use crate::adapt::switch::{Now, Switch};
use engine::AgentId;
use redact::Secret;
use serde::{Deserialize, Serialize};
use sip::{Kept, Transport};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;
use store::{Registration, TenantId};

/// The shortest time between two writes of what changed, in microseconds.
const WRITE_EVERY: u64 = 1_000_000;

/// Whose telephones changed and are not written yet. No more than there are people with telephones.
#[derive(Default)]
pub(super) struct Unwritten {
    changed: BTreeSet<u64>,
    /// When they are written at the earliest.
    due: sip::Time,
}

impl Unwritten {
    pub(super) fn note(&mut self, address_of_record: u64) {
        self.changed.insert(address_of_record);
    }

    pub(super) fn deadline(&self) -> Option<sip::Time> {
        (!self.changed.is_empty()).then_some(self.due)
    }
}

/// One telephone as it is kept. Times are those of the wall, because the other clock begins anew at each start.
#[derive(Serialize, Deserialize)]
struct Line {
    uri: Vec<u8>,
    tcp: bool,
    source: SocketAddr,
    expires_ms: u64,
    q: u16,
    product: String,
    call_id: Vec<u8>,
    cseq: u32,
}

fn line(kept: &Kept, now: Now) -> Line {
    Line {
        uri: kept.uri.expose_secret().clone(),
        tcp: kept.transport == Transport::Tcp,
        source: kept.source,
        expires_ms: now.wall.0 + kept.left.as_millis() as u64,
        q: kept.q,
        product: kept.user_agent.clone(),
        call_id: kept.call_id.expose_secret().clone(),
        cseq: kept.cseq,
    }
}

impl Switch {
    /// Writes whose telephones changed, if that is due.
    pub(super) fn keep_registrations_when_due(&mut self, now: Now) {
        if self.phones.unwritten.deadline().is_some_and(|due| due <= now.sip()) {
            self.keep_registrations(now);
        }
    }

    /// Writes whose telephones changed, with whatever is written next.
    pub fn keep_registrations(&mut self, now: Now) {
        let changed = std::mem::take(&mut self.phones.unwritten.changed);
        self.phones.unwritten.due = sip::Time(now.mono + WRITE_EVERY);
        for aor in changed {
            let (tenant, agent) = (TenantId(aor >> 32), aor as u32);
            let Some(n) = self.tenants.iter().position(|t| t.id == tenant) else { continue };
            let kept = self.phones.registrar.export_of(now.sip(), aor);
            // What cannot be kept here is not there after a restart, and registers anew.
            let kept = kept.iter().filter(|k| matches!(k.transport, Transport::Udp | Transport::Tcp));
            let lines: Vec<Line> = kept.map(|k| line(k, now)).collect();
            let expires = lines.iter().map(|l| l.expires_ms).max().unwrap_or(0);
            let bytes = match lines.is_empty() {
                true => Vec::new(),
                false => postcard::to_allocvec(&lines).unwrap_or_default(),
            };
            let telephones = Secret::new(bytes);
            self.tenants[n].batch.registrations.push(Registration { agent, expires, telephones });
        }
    }

    /// Takes telephones back in that were registered when the program ended.
    pub(super) fn restore_registrations(&mut self, now: Now, tenant: TenantId, all: Vec<Registration>) {
        let Some(t) = self.tenant(tenant) else { return };
        let known: BTreeSet<u32> = t.meaning.accounts.values().map(|phone| phone.agent.0).collect();
        for r in all.into_iter().filter(|r| known.contains(&r.agent)) {
            let aor = address_of_record(tenant, AgentId(r.agent));
            let Ok(lines) = postcard::from_bytes::<Vec<Line>>(r.telephones.expose_secret()) else { continue };
            let places: Vec<_> = lines.iter().map(|l| l.source.ip()).collect();
            let kept = lines.into_iter().map(|l| Kept {
                aor,
                uri: Secret::new(l.uri),
                transport: if l.tcp { Transport::Tcp } else { Transport::Udp },
                source: l.source,
                left: Duration::from_millis(l.expires_ms.saturating_sub(now.wall.0)),
                q: l.q,
                user_agent: l.product,
                call_id: Secret::new(l.call_id),
                cseq: l.cseq,
            });
            self.phones.registrar.import(now.sip(), Duration::ZERO, kept.collect());
            for ip in places {
                self.remember_place(now, aor, ip);
            }
        }
        self.tell_registered();
    }
}
