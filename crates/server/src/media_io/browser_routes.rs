//! For which browser a datagram on the shared port is, and which media thread has that browser.
//!
//! A check names the browser by the user name that we gave it; everything else is known by the address it comes from,
//! which a check showed before. An address stays with its browser while that one's checks go on: another browser that
//! sends under a false address cannot take it away.

use crate::adapt::PhoneId;
use media::browser::local_user;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

/// Browsers of one server.
pub(super) const MAX_PHONES: usize = 10_000;
/// Addresses that one browser is known by; it checks from each of its networks.
const MAX_SOURCES: usize = 8;
/// User names that one browser is known by: the one of before is still used while a new one is agreed on.
const MAX_USERS: usize = 2;
/// An address belongs to a browser for so long after its last check, in microseconds (browsers check every 2.5 s).
const HELD_FOR: u64 = 15_000_000;

struct Route {
    thread: usize,
    users: VecDeque<String>,
    sources: VecDeque<SocketAddr>,
}

struct Held {
    phone: PhoneId,
    checked: u64,
}

/// All browsers of the server.
#[derive(Default)]
pub(super) struct Routes {
    phones: HashMap<PhoneId, Route>,
    users: HashMap<String, PhoneId>,
    sources: HashMap<SocketAddr, Held>,
}

impl Routes {
    /// A browser has a new connection, and is on that thread. False when there are [`MAX_PHONES`] others.
    pub(super) fn set(&mut self, phone: PhoneId, thread: usize, user: &str) -> bool {
        self.remove(phone);
        if self.phones.len() >= MAX_PHONES {
            return false;
        }
        let route = Route { thread, users: VecDeque::new(), sources: VecDeque::new() };
        self.phones.insert(phone, route);
        self.also(phone, user);
        true
    }

    /// A browser is known by another user name too.
    pub(super) fn also(&mut self, phone: PhoneId, user: &str) {
        let Some(route) = self.phones.get_mut(&phone) else { return };
        if self.users.insert(user.to_string(), phone).is_some() {
            return;
        }
        route.users.push_back(user.to_string());
        if route.users.len() > MAX_USERS {
            if let Some(old) = route.users.pop_front() {
                self.users.remove(&old);
            }
        }
    }

    /// A browser is on another thread.
    pub(super) fn moved(&mut self, phone: PhoneId, thread: usize) {
        if let Some(route) = self.phones.get_mut(&phone) {
            route.thread = thread;
        }
    }

    /// A browser is no longer there.
    pub(super) fn remove(&mut self, phone: PhoneId) {
        let Some(route) = self.phones.remove(&phone) else { return };
        for user in &route.users {
            self.users.remove(user);
        }
        for source in &route.sources {
            if self.sources.get(source).is_some_and(|held| held.phone == phone) {
                self.sources.remove(source);
            }
        }
    }

    /// Whose datagram it is, and the place of the thread. `now` in microseconds.
    pub(super) fn route(&mut self, now: u64, from: SocketAddr, datagram: &[u8]) -> Option<(usize, PhoneId)> {
        let phone = match local_user(datagram) {
            Some(user) => {
                let phone = *self.users.get(user)?;
                self.hold(now, from, phone);
                phone
            }
            None => self.sources.get(&from)?.phone,
        };
        Some((self.phones.get(&phone)?.thread, phone))
    }

    fn hold(&mut self, now: u64, from: SocketAddr, phone: PhoneId) {
        match self.sources.get_mut(&from) {
            Some(held) if held.phone == phone => return held.checked = now,
            Some(held) if now < held.checked.saturating_add(HELD_FOR) => return,
            _ => {}
        }
        let before = self.sources.insert(from, Held { phone, checked: now });
        if let Some(other) = before.and_then(|held| self.phones.get_mut(&held.phone)) {
            other.sources.retain(|source| *source != from);
        }
        let Some(route) = self.phones.get_mut(&phone) else { return };
        route.sources.push_back(from);
        if route.sources.len() > MAX_SOURCES {
            if let Some(old) = route.sources.pop_front() {
                self.sources.remove(&old);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: PhoneId = PhoneId(1);
    const B: PhoneId = PhoneId(2);

    fn check(user: &str) -> Vec<u8> {
        let name = format!("{user}:them");
        let mut bytes = vec![0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42];
        bytes.extend([7; 12]);
        bytes.extend([0, 6, 0, name.len() as u8]);
        bytes.extend(name.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes[3] = (bytes.len() - 20) as u8;
        bytes
    }

    fn from(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 9], port))
    }

    fn two() -> Routes {
        let mut routes = Routes::default();
        assert!(routes.set(A, 0, "alice") && routes.set(B, 1, "bob"));
        routes
    }

    #[test]
    fn a_check_shows_the_address_and_the_rest_follows() {
        let mut routes = two();
        assert_eq!(routes.route(0, from(1), &[128; 20]), None, "nobody checked from there");
        assert_eq!(routes.route(0, from(1), &check("carol")), None);
        assert_eq!(routes.route(0, from(1), &check("bob")), Some((1, B)));
        assert_eq!(routes.route(0, from(1), &[128; 20]), Some((1, B)));
        routes.moved(B, 0);
        assert_eq!(routes.route(0, from(1), &[22; 20]), Some((0, B)));
        routes.remove(B);
        assert_eq!(routes.route(0, from(1), &[128; 20]), None);
        assert_eq!(routes.route(0, from(1), &check("bob")), None);
        assert!(routes.sources.is_empty() && routes.users.len() == 1);
    }

    #[test]
    fn an_address_in_use_is_not_taken_away() {
        let mut routes = two();
        routes.route(0, from(1), &check("alice"));
        // Bob's check itself reaches bob; the address stays alice's.
        assert_eq!(routes.route(1_000, from(1), &check("bob")), Some((1, B)));
        assert_eq!(routes.route(1_000, from(1), &[128; 20]), Some((0, A)));
        routes.route(10_000_000, from(1), &check("alice"));
        routes.route(24_000_000, from(1), &check("bob"));
        assert_eq!(routes.route(24_000_000, from(1), &[128; 20]), Some((0, A)));
        routes.route(26_000_000, from(1), &check("bob"));
        assert_eq!(routes.route(26_000_000, from(1), &[128; 20]), Some((1, B)));
        routes.remove(A);
        assert_eq!(routes.route(26_000_000, from(1), &[128; 20]), Some((1, B)));
    }

    #[test]
    fn names_and_addresses_are_bounded() {
        let mut routes = two();
        for port in 1..=100 {
            routes.route(0, from(port), &check("alice"));
        }
        assert_eq!(routes.sources.len(), MAX_SOURCES);
        for n in 0..10 {
            routes.also(A, &format!("name{n}"));
        }
        assert_eq!(routes.users.len(), MAX_USERS + 1);
        assert_eq!(routes.route(0, from(7), &check("name9")), Some((0, A)));
        assert_eq!(routes.route(0, from(7), &check("alice")), None);
        // Loaded anew: nothing of before is left.
        assert!(routes.set(A, 1, "again"));
        assert_eq!((routes.users.len(), routes.sources.len()), (2, 0));
        for n in 3..=MAX_PHONES as u64 {
            assert!(routes.set(PhoneId(n), 0, &format!("user{n}")));
        }
        assert!(!routes.set(PhoneId(99_999), 0, "one too many"));
        assert_eq!(routes.users.len(), MAX_PHONES);
    }
}
