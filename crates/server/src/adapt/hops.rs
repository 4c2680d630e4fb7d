//! Names by which the machines of Microsoft Teams want to be reached in a call (Record-Route, Contact): looked up from the
//! first call on that names them, and anew whenever the DNS says that it may have changed.

use crate::adapt::carriers::{LOOK_AGAIN, SOONEST};
use crate::adapt::switch::{Now, Switch};
use engine::TrunkId;
use sip::locate::{Located, Locator, Place, SearchId, Target, Way};
use sip::{Destination, HopName};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

/// The most names that are known at a time.
const MOST: usize = 64;
/// A name that no new call goes by is forgotten after this.
const KEPT: Duration = Duration::from_secs(4 * 3_600);
/// How long a host may say nothing to a request in a call where the trunk says nothing of that.
const PATIENCE: Duration = Duration::from_secs(10);

/// A name.
struct Hop {
    at: Vec<Destination>,
    /// When the last call began that goes by it.
    used: sip::Time,
    /// When it is looked up again; `None` while it is.
    again: Option<sip::Time>,
}

/// All of them.
#[derive(Default)]
pub(super) struct Hops {
    known: BTreeMap<HopName, Hop>,
    searches: BTreeMap<SearchId, HopName>,
    /// What is to be told of where they are.
    changed: VecDeque<(HopName, Vec<Destination>)>,
}

impl Hops {
    /// A call goes by this name.
    pub(super) fn used(&mut self, now: sip::Time, locator: &mut Locator, name: HopName) {
        if let Some(hop) = self.known.get_mut(&name) {
            hop.used = now;
            return;
        }
        if self.known.len() >= MOST {
            let oldest = self.known.iter().min_by_key(|(_, hop)| hop.used).map(|(name, _)| name.clone());
            oldest.into_iter().for_each(|name| self.forget(&name));
        }
        self.known.insert(name.clone(), Hop { at: Vec::new(), used: now, again: None });
        self.search(now, locator, name);
    }

    fn forget(&mut self, name: &HopName) {
        self.known.remove(name);
        self.searches.retain(|_, sought| sought != name);
        self.changed.push_back((name.clone(), Vec::new()));
    }

    fn search(&mut self, now: sip::Time, locator: &mut Locator, name: HopName) {
        let Some(hop) = self.known.get_mut(&name) else { return };
        let target = Target::new(&name.0, name.1, Some(Way::Tls), false);
        let search = target.and_then(|target| locator.locate(now, &target));
        hop.again = search.is_none().then_some(now + LOOK_AGAIN);
        if let Some(search) = search {
            self.searches.insert(search, name);
        }
    }

    /// A search is over; it may be another's.
    pub(super) fn located(&mut self, now: sip::Time, located: &Located) {
        let Some(name) = self.searches.remove(&located.search) else { return };
        let Some(hop) = self.known.get_mut(&name) else { return };
        let at: Vec<Destination> = located.places.iter().map(Place::destination).collect();
        let next = if at.is_empty() { now + LOOK_AGAIN } else { located.until };
        hop.again = Some(next.max(now + SOONEST));
        // What was known before is better than nothing while the DNS does not answer.
        if hop.at != at && !(at.is_empty() && located.failed) {
            hop.at.clone_from(&at);
            self.changed.push_back((name, at));
        }
    }

    /// Looks up again what may have changed, and forgets what nobody needs.
    pub(super) fn tick(&mut self, now: sip::Time, locator: &mut Locator) {
        let due = self.known.iter().filter(|(_, hop)| hop.again.is_some_and(|at| at <= now));
        let due: Vec<(HopName, bool)> =
            due.map(|(name, hop)| (name.clone(), now.since(hop.used) > KEPT)).collect();
        for (name, old) in due {
            if old { self.forget(&name) } else { self.search(now, locator, name) }
        }
    }

    pub(super) fn deadline(&self) -> Option<sip::Time> {
        self.known.values().filter_map(|hop| hop.again).min()
    }

    /// The name that whoever is there has to prove.
    pub(super) fn name_at(&self, addr: SocketAddr) -> Option<&str> {
        let mut there = self.known.iter().filter(|(_, hop)| hop.at.iter().any(|to| to.addr == addr));
        there.next().map(|((host, _), _)| host.as_str())
    }
}

impl Switch {
    /// Requests of ours in a call with Teams go over connections of ours to the machine that the far end names, as the DNS
    /// has it when they go, and where nobody is there to the hosts of the trunk.
    pub(super) fn lead_to_teams(&mut self, now: Now, tenant: usize, trunk: TrunkId, call: sip::CallId) {
        let id = self.tenants[tenant].id;
        let Some((_, hosts)) = self.carriers.teams_ways(id, trunk) else { return };
        let plan = self.tenants[tenant].meaning.trunk_plan(trunk);
        let patience = plan.and_then(|plan| plan.failover_ms).map_or(PATIENCE, Duration::from_millis);
        let name = self.endpoint.next_hop_of(call);
        let mut ways = name.map(|name| self.carriers.named_in_call(now, id, trunk, name)).unwrap_or_default();
        ways.extend(hosts.iter().map(|tried| tried.to));
        self.endpoint.set_ways(call, &ways, patience);
        self.tell_hops();
    }

    /// A call of ours goes to Teams: already the ACK goes to the machine that the answer names, where a call before this one
    /// has found out where that is; else to where the answer came from. Teams ends a call of which it hears none.
    pub(super) fn confirm_to_teams(&mut self, call: sip::CallId) {
        self.endpoint.set_ways(call, &[], PATIENCE);
    }

    /// Tells the endpoint where names are now.
    pub(super) fn tell_hops(&mut self) {
        while let Some((name, at)) = self.carriers.hops.changed.pop_front() {
            self.endpoint.set_places(name, at);
        }
    }
}
