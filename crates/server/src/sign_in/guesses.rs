//! Slowing down those who guess: after a few failures an account and an address have to wait, longer with each more.
//!
//! What is typed counts, whether there is such an account or not, so that waiting tells nothing. Names are kept as hashes
//! with a secret of this process. Both tables are bounded; in a full one whoever failed least, longest ago, makes place.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Names and addresses that are remembered, each.
const MOST: usize = 10_000;
/// How long a failure is remembered.
const MEMORY: Duration = Duration::from_secs(15 * 60);

/// The first wait; each further failure doubles it.
const FIRST: Duration = Duration::from_secs(4);

/// How one table slows down.
#[derive(Clone, Copy)]
struct Rule {
    /// Failures that cost nothing.
    free: u32,
    /// The longest wait. An account's is short: a stranger must not keep its owner out.
    longest: Duration,
}

const OF_NAME: Rule = Rule { free: 5, longest: Duration::from_secs(30) };
const OF_ADDRESS: Rule = Rule { free: 30, longest: Duration::from_secs(300) };

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Failures {
    fn wait(&self, rule: Rule, now: Instant) -> Duration {
        let Some(beyond) = self.count.checked_sub(rule.free) else { return Duration::ZERO };
        let wait = (FIRST * (1 << beyond.min(16))).min(rule.longest);
        (self.last + wait).saturating_duration_since(now)
    }
}

/// Failures by name and by address.
pub struct Guesses {
    hash: RandomState,
    names: HashMap<u64, Failures>,
    addresses: HashMap<IpAddr, Failures>,
}

/// Who tries: the name that was typed and the address it came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Guesser {
    name: u64,
    address: IpAddr,
}

impl Default for Guesses {
    fn default() -> Guesses {
        Guesses { hash: RandomState::new(), names: HashMap::new(), addresses: HashMap::new() }
    }
}

impl Guesses {
    /// Who tries. Addresses of IPv6 count by their network of 64 bits, which one person has whole.
    pub fn guesser(&self, tenant: &str, name: &str, address: IpAddr) -> Guesser {
        let address = match address {
            IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
                Some(v4) => IpAddr::V4(v4),
                None => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
            },
            v4 => v4,
        };
        Guesser { name: self.hash.hash_one((tenant, name)), address }
    }

    /// How long they have to wait before the next try; zero is not at all.
    pub fn wait(&self, who: Guesser, now: Instant) -> Duration {
        let name = self.names.get(&who.name).map_or(Duration::ZERO, |f| f.wait(OF_NAME, now));
        let address = self.addresses.get(&who.address).map_or(Duration::ZERO, |f| f.wait(OF_ADDRESS, now));
        name.max(address)
    }

    /// They failed.
    pub fn failed(&mut self, who: Guesser, now: Instant) {
        count(&mut self.names, who.name, now);
        count(&mut self.addresses, who.address, now);
    }

    /// They were right: the name begins anew. The address does not, because one good account would wash away the
    /// failures at others.
    pub fn succeeded(&mut self, who: Guesser) {
        self.names.remove(&who.name);
    }
}

fn count<K: Copy + Eq + std::hash::Hash>(table: &mut HashMap<K, Failures>, key: K, now: Instant) {
    if table.len() >= MOST && !table.contains_key(&key) {
        table.retain(|_, f| now.saturating_duration_since(f.last) <= MEMORY);
        if table.len() >= MOST {
            let least = table.iter().min_by_key(|(_, f)| (f.count, f.last)).map(|(k, _)| *k);
            least.map(|k| table.remove(&k));
        }
    }
    let f = table.entry(key).or_insert(Failures { count: 0, last: now });
    if now.saturating_duration_since(f.last) > MEMORY {
        f.count = 0;
    }
    f.count = f.count.saturating_add(1);
    f.last = now;
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn waits_grow_and_end_and_a_success_forgives_the_name() {
        let (mut g, t) = (Guesses::default(), Instant::now());
        let who = g.guesser("acme", "anna", HERE);
        let mut waits = Vec::new();
        for _ in 0..12 {
            waits.push(g.wait(who, t).as_secs());
            g.failed(who, t);
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 4, 8, 16, 30, 30, 30, 30]);
        assert_eq!(g.wait(who, t + Duration::from_secs(29)), Duration::from_secs(1));
        assert!(g.wait(who, t + Duration::from_secs(30)).is_zero());
        assert!(g.wait(g.guesser("acme", "bert", HERE), t).is_zero(), "another name does not wait");
        g.succeeded(who);
        assert!(g.wait(who, t).is_zero());
        g.failed(who, t);
        let later = t + MEMORY + Duration::from_secs(1);
        for _ in 0..4 {
            g.failed(who, later);
        }
        assert!(g.wait(who, later).is_zero(), "old failures are forgotten");
    }

    #[test]
    fn an_address_that_tries_many_names_waits_for_each() {
        let (mut g, t) = (Guesses::default(), Instant::now());
        for n in 0..35 {
            let who = g.guesser("acme", &format!("user{n}"), HERE);
            g.failed(who, t);
        }
        assert_eq!(g.wait(g.guesser("acme", "fresh", HERE), t).as_secs(), 128);
        let other = "2001:db8:1:2::1".parse().unwrap();
        assert!(g.wait(g.guesser("acme", "fresh", other), t).is_zero());
        let (a, b) = ("2001:db8:1:2::1".parse().unwrap(), "2001:db8:1:2:ffff::9".parse().unwrap());
        assert_eq!(g.guesser("x", "y", a), g.guesser("x", "y", b), "one network of 64 bits");
        assert_eq!(g.guesser("x", "y", "::ffff:127.0.0.1".parse().unwrap()), g.guesser("x", "y", HERE));
        let c = "2001:db8:1:3::1".parse().unwrap();
        assert_ne!(g.guesser("x", "y", a), g.guesser("x", "y", c));
    }

    #[test]
    fn the_tables_do_not_grow_and_keep_those_who_failed_most() {
        let (mut g, t) = (Guesses::default(), Instant::now());
        let hard = g.guesser("acme", "anna", HERE);
        for _ in 0..10 {
            g.failed(hard, t);
        }
        for n in 0..MOST as u32 + 50 {
            let who = g.guesser("acme", &n.to_string(), IpAddr::V4(n.into()));
            g.failed(who, t + Duration::from_millis(1));
        }
        assert_eq!((g.names.len(), g.addresses.len()), (MOST, MOST));
        assert!(!g.wait(hard, t).is_zero());
    }
}
