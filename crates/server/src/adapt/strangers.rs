//! Who is heard at all: those whom the configuration names, telephones of ours, and the far ends of open calls. Everybody
//! else learns nothing, and who guesses, scans or floods is not heard for a while.

use crate::adapt::phones::authorizations;
use crate::adapt::switch::{Now, Switch};
use crate::adapt::tenant_door::TenantDoor;
use crate::tenant::meaning::contains;
use engine::TrunkId;
use redact::Secret;
use sip::guard::{Admit, GuardCounters, SecurityEvent, What, is_scanner};
use sip::{Destination, Message};
use std::net::{IpAddr, SocketAddr};
use store::TenantId;

/// A check of our own that speaks SIP as somebody who is made up.
#[derive(Clone, Debug)]
pub struct Canary {
    /// Where it speaks from.
    pub from: SocketAddr,
    /// So many messages of it are heard, whoever else is a stranger there.
    pub left: u32,
    /// The tenant and the trunk over which its calls come; without, it is a stranger.
    pub comes_over: Option<(TenantId, TrunkId)>,
}

/// How a tenant takes in a call of somebody who is made up.
#[derive(Clone, Debug)]
pub struct CanaryWay {
    /// Over which trunk.
    pub trunk: TrunkId,
    /// The number as it is kept, after the trunk's rules.
    pub caller: Secret<String>,
    /// Calls from there may pass on to another trunk: such a number must not be called.
    pub passes_on: bool,
}

/// Who opens a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guest {
    /// An address that the configuration names, or a telephone that is registered there.
    Known,
    /// Anybody else: perhaps a telephone that will say who it is.
    Stranger,
}

impl Switch {
    /// Whether a message is taken in.
    pub(super) fn is_heard(&mut self, now: Now, from: Destination, bytes: &[u8]) -> bool {
        let ip = from.addr.ip();
        if self.guard.admit(now.sip(), ip) != Admit::Yes {
            return false;
        }
        if self.knows_fixed(ip) || self.endpoint.expects(from, bytes) {
            return true;
        }
        if let Some(canary) = self.canary.as_mut().filter(|c| c.from == from.addr && c.left > 0) {
            canary.left -= 1;
            return true;
        }
        // Telephones keep their way through a router open with empty lines.
        if bytes.iter().all(|b| matches!(b, b'\r' | b'\n' | 0)) {
            return false;
        }
        let heard = match Message::parse(bytes) {
            Err(_) => Err(What::Malformed),
            Ok(m) if is_scanner(&m) => Err(What::Scan),
            Ok(m) if self.may_be_a_phone(&m) => {
                let shows = authorizations(&m).next().is_some();
                Ok(shows || self.guard.enter(now.sip(), ip) == Admit::Yes)
            }
            Ok(_) if self.phones.are_at(ip) => Ok(true),
            Ok(_) => Err(What::UnknownNumber),
        };
        match heard {
            Ok(heard) => heard,
            Err(what) => {
                self.strangers += 1;
                self.guard.failed(now.sip(), ip, what);
                false
            }
        }
    }

    /// So many connections from there are taken, whoever that is: our own check looks at the listener as a trunk would.
    pub fn expect_scan(&mut self, from: IpAddr, connections: u32) {
        self.scan = Some((from, connections));
    }

    /// Our own check tells of somebody who is made up: it is heard from now on.
    pub fn expect_canary(&mut self, canary: Canary) {
        self.canary = Some(canary);
    }

    /// Our own check said all it had to say: whoever speaks from there next is a stranger.
    pub fn forget_canary(&mut self) {
        self.canary = None;
    }

    /// How a tenant takes in a call of somebody with this number who calls from `ip`: over the trunk that such a call comes
    /// over; else over the first that leads elsewhere than to Teams; else over any. `None` where it has no trunk.
    pub fn canary_way(&self, id: TenantId, ip: IpAddr, number: &str) -> Option<CanaryWay> {
        let meaning = &self.tenant(id)?.meaning;
        let nearest = meaning.trunks.iter().filter(|rule| contains(rule.network, ip));
        let nearest = nearest.max_by_key(|rule| rule.network.1).map(|rule| rule.id);
        let not_teams = || meaning.trunk_plans.iter().find(|plan| plan.teams.is_none());
        let any = || not_teams().or_else(|| meaning.trunk_plans.first()).map(|plan| plan.id);
        let trunk = nearest.or_else(any)?;
        let passes_on = meaning.passing.iter().any(|rule| rule.from == trunk);
        Some(CanaryWay { trunk, caller: Secret::new(meaning.caller(trunk, number)), passes_on })
    }

    /// As a call of which trunk one is taken that our own check makes.
    pub(super) fn canary_trunk(&self, from: SocketAddr) -> Option<(usize, TrunkId, bool)> {
        let (id, trunk) = self.canary.as_ref().filter(|c| c.from == from)?.comes_over?;
        let tenant = self.tenants.iter().position(|t| t.id == id)?;
        Some((tenant, trunk, false))
    }

    /// Whether a connection from there is taken, and as whose.
    pub fn admits(&mut self, now: Now, ip: IpAddr) -> Option<Guest> {
        if let Some((_, left)) = self.scan.as_mut().filter(|(from, left)| *from == ip && *left > 0) {
            *left -= 1;
            return Some(Guest::Known);
        }
        let phones = self.tenants.iter().any(|t| !t.meaning.accounts.is_empty());
        let guest = if self.knows(ip) { Guest::Known } else { Guest::Stranger };
        ((phones || guest == Guest::Known) && self.guard.admit(now.sip(), ip) == Admit::Yes).then_some(guest)
    }

    /// Whether whoever calls by TLS from there has to prove a name, because a trunk says so. Telephones bring certificates
    /// of their makers, which lead to no root of ours and are asked for by nobody: they prove who they are by password.
    pub fn asks_for_names(&self, ip: IpAddr) -> bool {
        let wants = |t: &TenantDoor, trunk| {
            t.meaning.trunk_plan(trunk).is_some_and(|plan| !plan.tls_names.is_empty())
        };
        let by_network = self
            .tenants
            .iter()
            .any(|t| t.meaning.trunks.iter().any(|rule| contains(rule.network, ip) && wants(t, rule.id)));
        let called = || {
            let (id, trunk, _) = self.carriers.is_at(ip)?;
            self.tenants.iter().find(|t| t.id == id).map(|t| wants(t, trunk))
        };
        by_network || called() == Some(true)
    }

    /// Networks that the configuration names are never banned.
    pub(super) fn trust_networks(&mut self) {
        let fixed = |ip: &IpAddr| (*ip, if ip.is_ipv4() { 32 } else { 128 });
        let networks: Vec<(IpAddr, u8)> = self
            .tenants
            .iter()
            .flat_map(|t| {
                t.meaning.trunks.iter().map(|r| r.network).chain(t.meaning.far_ends.iter().map(fixed))
            })
            .chain(self.carriers.addresses().map(|ip| fixed(&ip)))
            .collect();
        self.guard.trust(&networks);
    }

    /// Writes the security log.
    pub(super) fn tell_security(&mut self, now: Now) {
        while let Some(event) = self.guard.poll_event() {
            self.guard_told(now, &event);
            match event {
                SecurityEvent::Banned { ip, until, what, bans } => {
                    let seconds = until.since(now.sip()).as_secs();
                    tracing::warn!(event = "security", kind = "banned", %ip, seconds, bans, what = ?what, "a stranger is not heard for a while");
                }
                SecurityEvent::Slowed { ip } => {
                    tracing::warn!(event = "security", kind = "slowed", %ip, "a stranger sends more than it may");
                }
                SecurityEvent::Crowded => {
                    tracing::warn!(
                        event = "security",
                        kind = "crowded",
                        "strangers together send more than they may"
                    );
                }
                SecurityEvent::Untold { count } => {
                    tracing::warn!(
                        event = "security",
                        kind = "untold",
                        count,
                        "so many security events came too fast to be told"
                    );
                }
            }
        }
    }

    /// What the guard counted since the start.
    pub fn guard_counters(&self) -> GuardCounters {
        self.guard.counters()
    }

    /// Addresses that are not heard now, each with the seconds that it still lasts.
    pub fn bans(&self, now: Now) -> Vec<(IpAddr, u64)> {
        self.guard
            .bans(now.sip())
            .into_iter()
            .map(|(ip, until)| (ip, until.since(now.sip()).as_secs()))
            .collect()
    }

    /// Hears an address again.
    pub fn pardon(&mut self, ip: IpAddr) {
        self.guard.pardon(ip);
    }
}
