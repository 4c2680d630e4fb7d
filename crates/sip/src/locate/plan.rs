//! The way from a host to its addresses (RFC 3263 section 4), gone through with what is known so far.

use super::cache::{Cache, Known};
use super::{Host, Kind, LocatorConfig, MAX_PLACES, Place, Question, Record, Target, Way};
use crate::seed::Chance;
use crate::time::Time;
use core::net::{IpAddr, SocketAddr};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most NAPTR records that are followed.
const MAX_SERVICES: usize = 4;
/// The longest time until which a search is said to be true: that of an address that needs no question.
const ALWAYS: core::time::Duration = core::time::Duration::from_secs(3600);

/// One walk through a search. What it lacks is noted; it goes as far as it can without.
pub(super) struct Plan<'a> {
    config: &'a LocatorConfig,
    now: Time,
    chance: Chance,
    known: &'a mut BTreeMap<Question, Known>,
    cache: &'a Cache,
    /// Questions whose answers are needed to go on, each once.
    pub(super) missing: Vec<Question>,
    /// Whether some answer failed.
    pub(super) failed: bool,
    /// The earliest end of what was used.
    pub(super) until: Time,
}

/// A host and port to be reached one way.
struct Hop {
    way: Way,
    host: String,
    port: u16,
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        config: &'a LocatorConfig,
        now: Time,
        seed: u64,
        known: &'a mut BTreeMap<Question, Known>,
        cache: &'a Cache,
    ) -> Plan<'a> {
        let (missing, chance) = (Vec::new(), Chance::new(seed));
        Plan { config, now, chance, known, cache, missing, failed: false, until: now + ALWAYS }
    }

    /// The addresses of a target in their order; all of them once nothing is missing.
    pub(super) fn places(&mut self, target: &Target) -> Vec<Place> {
        let name = match &target.host {
            Host::Address(ip) => {
                let way = target.way.unwrap_or(self.usual_way(target.secure));
                let port = target.port.unwrap_or(way.default_port());
                let place = Place { way, addr: SocketAddr::new(*ip, port) };
                return if self.reaches(way, ip) { vec![place] } else { Vec::new() };
            }
            Host::Name(name) => name,
        };
        let hops = match (target.port, target.way) {
            (Some(port), way) => {
                let way = way.unwrap_or(self.usual_way(target.secure));
                vec![Hop { way, host: name.clone(), port }]
            }
            (None, Some(way)) => {
                let service = self.service(way, &service_name(way, name));
                service.unwrap_or_else(|| vec![at_home(way, name)])
            }
            (None, None) => self.by_services(name, target.secure),
        };
        let mut places = Vec::new();
        for hop in hops.into_iter().filter(|h| self.config.ways.contains(&h.way)) {
            for ip in self.addresses(&hop.host) {
                let place = Place { way: hop.way, addr: SocketAddr::new(ip, hop.port) };
                if places.len() < MAX_PLACES && !places.contains(&place) && self.reaches(hop.way, &ip) {
                    places.push(place);
                }
            }
        }
        places
    }

    /// The way where nothing says which (RFC 3263 section 4.1).
    fn usual_way(&self, secure: bool) -> Way {
        if secure {
            return Way::Tls;
        }
        let ways = &self.config.ways;
        if ways.contains(&Way::Udp) { Way::Udp } else { ways.first().copied().unwrap_or(Way::Udp) }
    }

    fn reaches(&self, way: Way, ip: &IpAddr) -> bool {
        let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
        let family = if ip.is_ipv4() { self.config.ipv4 } else { self.config.ipv6 };
        family && self.config.ways.contains(&way) && !ip.is_unspecified() && !ip.is_multicast() && !broadcast
    }

    /// Asks which transports the domain offers, then which servers each has.
    fn by_services(&mut self, name: &str, secure: bool) -> Vec<Hop> {
        let Some(records) = self.get(Kind::Naptr, name) else { return Vec::new() };
        let mut offered: Vec<(u16, u16, Way, String)> = Vec::new();
        for record in records.iter() {
            let Record::Naptr { order, preference, flags, service, replacement } = record else { continue };
            let way = [("SIP+D2U", Way::Udp), ("SIP+D2T", Way::Tcp), ("SIPS+D2T", Way::Tls)]
                .into_iter()
                .find(|(name, _)| service.eq_ignore_ascii_case(name))
                .map(|(_, way)| way)
                .filter(|way| self.config.ways.contains(way) && (!secure || *way == Way::Tls));
            let (Some(way), Some(next)) = (way, domain_name(replacement)) else { continue };
            if flags.eq_ignore_ascii_case("s") {
                offered.push((*order, *preference, way, next));
            }
        }
        offered.sort();
        offered.truncate(MAX_SERVICES);
        if offered.is_empty() {
            // A domain without such records may still have servers of each transport.
            let ways = self.config.ways.iter().filter(|w| !secure || **w == Way::Tls);
            offered = ways.map(|way| (0, 0, *way, service_name(*way, name))).collect();
        }
        // Asked all at once; used only once all are known.
        let services: Vec<_> =
            offered.iter().map(|(_, _, way, service)| self.service(*way, service)).collect();
        if services.iter().all(Option::is_none) {
            return vec![at_home(self.usual_way(secure), name)];
        }
        services.into_iter().flatten().flatten().collect()
    }

    /// The servers of a service in the order to try them. `None` if the service has no records; an empty list if it is
    /// said not to be offered, or is not known yet.
    fn service(&mut self, way: Way, service: &str) -> Option<Vec<Hop>> {
        let Some(records) = self.get(Kind::Srv, service) else { return Some(Vec::new()) };
        let mut servers: Vec<(u16, u16, u16, &str)> = records
            .iter()
            .filter_map(|r| match r {
                Record::Srv { priority, weight, port, target } => {
                    Some((*priority, *weight, *port, &**target))
                }
                _ => None,
            })
            .collect();
        if servers.is_empty() {
            return None;
        }
        // By priority and, for the choice below, those without weight first (RFC 2782).
        servers.sort();
        let mut hops = Vec::with_capacity(servers.len());
        while let Some(&(first, ..)) = servers.first() {
            let group = servers.iter().take_while(|s| s.0 == first).count();
            let total: u64 = servers[..group].iter().map(|s| u64::from(s.1)).sum();
            let mut drawn = self.chance.next() % (total + 1);
            let picked = servers[..group].iter().position(|s| {
                let weight = u64::from(s.1);
                let here = drawn <= weight;
                drawn = drawn.saturating_sub(weight);
                here
            });
            let (_, _, port, target) = servers.remove(picked.unwrap_or(0));
            if let Some(host) = host_name(target).filter(|_| port > 0) {
                hops.push(Hop { way, host, port });
            }
        }
        Some(hops)
    }

    fn addresses(&mut self, host: &str) -> Vec<IpAddr> {
        let mut found = Vec::new();
        for (kind, wanted) in [(Kind::A, self.config.ipv4), (Kind::Aaaa, self.config.ipv6)] {
            let records = if wanted { self.get(kind, host) } else { None };
            for record in records.iter().flat_map(|r| r.iter()) {
                match record {
                    Record::Address(ip) if ip.is_ipv4() == (kind == Kind::A) => found.push(*ip),
                    _ => {}
                }
            }
        }
        found
    }

    /// The records that answer a question; `None` if it has to be asked first.
    fn get(&mut self, kind: Kind, name: &str) -> Option<Arc<[Record]>> {
        let question = Question { name: name.into(), kind };
        if !self.known.contains_key(&question) {
            let Some(fresh) = self.cache.fresh(self.now, &question) else {
                if !self.missing.contains(&question) {
                    self.missing.push(question);
                }
                return None;
            };
            self.known.insert(question.clone(), fresh);
        }
        let known = self.known.get(&question)?;
        self.failed |= known.failed;
        self.until = self.until.min(known.until);
        Some(known.records.clone())
    }
}

/// The name itself, at the usual port.
fn at_home(way: Way, name: &str) -> Hop {
    Hop { way, host: name.into(), port: way.default_port() }
}

fn service_name(way: Way, name: &str) -> String {
    let prefix = match way {
        Way::Udp => "_sip._udp",
        Way::Tcp => "_sip._tcp",
        Way::Tls => "_sips._tcp",
    };
    format!("{prefix}.{name}")
}

/// A domain name in lower case without the dot at its end; `None` if it can be none, or is the root.
fn domain_name(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
    };
    (text.len() <= 253 && text.split('.').all(label)).then(|| text.to_ascii_lowercase())
}

/// The name of a host: what looks like an address is none.
pub(super) fn host_name(text: &str) -> Option<String> {
    domain_name(text)
        .filter(|n| !n.rsplit('.').next().unwrap_or_default().bytes().all(|c| c.is_ascii_digit()))
}
