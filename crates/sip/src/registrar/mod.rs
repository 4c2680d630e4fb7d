//! Registrar: where the telephones of an address-of-record are reached (RFC 3261 section 10.3).
//!
//! Its caller has checked who sends and whose address it is; here an address-of-record is only a number. A binding keeps
//! the address and connection that its REGISTER came from, because a telephone behind NAT is reached there and not at
//! the Contact that it names. Path, GRUU and outbound are not supported. Everything is bounded: contacts of an address,
//! addresses in total, and the length of what is kept of each.

mod binding;
mod request;

pub(crate) use binding::same_uri;
pub use binding::{Binding, Kept};

use crate::endpoint::Destination;
use crate::message::Message;
use crate::time::Time;
use core::time::Duration;
use request::{Asked, Contacts, Wish};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The most contacts that one address-of-record has.
const MAX_CONTACTS: usize = 10;
/// The shortest registration, in seconds; a shorter one is refused with 423.
const MIN_EXPIRES: u32 = 60;
/// The longest registration, in seconds, and what is given to those who name no time. A longer one is cut to it.
const MAX_EXPIRES: u32 = 3600;
/// The most bindings in total, unless told otherwise.
const MAX_BINDINGS: usize = 100_000;
/// When to come back if there is no room, in seconds.
const NO_ROOM_RETRY: u32 = 300;

/// The answer to a REGISTER.
pub struct Reply {
    /// Status code.
    pub code: u16,
    /// Whole header lines to add, each with its line end.
    pub lines: Vec<u8>,
}

/// What became of an address-of-record since it was last told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RegistrarEvent {
    /// Its telephones changed; so many are there now, at least one.
    Registered {
        /// Whose.
        aor: u64,
        /// How many contacts it has.
        contacts: usize,
    },
    /// Its last telephone is gone.
    Gone {
        /// Whose.
        aor: u64,
    },
}

/// All bindings. Drive it with [`Registrar::tick`] at [`Registrar::deadline`] and drain [`Registrar::poll_event`].
pub struct Registrar {
    max_bindings: usize,
    /// Never an empty list. The best first: higher q, then the later registered.
    bindings: BTreeMap<u64, Vec<Binding>>,
    /// When each binding ends, with its address and number.
    ends: BTreeSet<(Time, u64, u64)>,
    /// Addresses that have something to tell. A set, so that it is no longer than there are addresses.
    changed: BTreeSet<u64>,
    next_number: u64,
    /// Bindings that are reached over one connection only: that connection, and whose they are.
    connected: BTreeSet<(u64, u64, u64)>,
}

impl Default for Registrar {
    fn default() -> Self {
        Registrar::new(MAX_BINDINGS)
    }
}

impl Registrar {
    /// A registrar for so many bindings at most.
    pub fn new(max_bindings: usize) -> Registrar {
        Registrar {
            max_bindings,
            bindings: BTreeMap::new(),
            ends: BTreeSet::new(),
            changed: BTreeSet::new(),
            next_number: 0,
            connected: BTreeSet::new(),
        }
    }

    /// Takes in a REGISTER that passed [`crate::check_request`], for an address-of-record that its sender may register.
    /// `from` is where it came from. Either all of it is done or nothing.
    pub fn register(&mut self, now: Time, aor: u64, request: &Message, from: Destination) -> Reply {
        self.drop_expired(now, aor);
        let asked = match Asked::read(request) {
            Ok(asked) => asked,
            Err(refused) => return refused,
        };
        match &asked.contacts {
            Contacts::None => self.list(now, aor),
            Contacts::All => self.remove_all(now, aor, &asked),
            Contacts::Some(wishes) => self.set(now, aor, &asked, wishes, from),
        }
    }

    /// The bindings of an address-of-record that are valid now, the best first.
    pub fn lookup(&mut self, now: Time, aor: u64) -> &[Binding] {
        self.drop_expired(now, aor);
        self.bindings.get(&aor).map_or(&[], Vec::as_slice)
    }

    /// Takes all bindings of an address-of-record away, as when its user is gone.
    pub fn forget(&mut self, aor: u64) {
        for b in &self.bindings.remove(&aor).unwrap_or_default() {
            self.ends.remove(&(b.expires, aor, b.number));
            forget_connection(&mut self.connected, aor, b);
            self.changed.insert(aor);
        }
    }

    /// A connection is closed: telephones that are reached over it and nowhere else are gone. One that named an address
    /// of its own to which a new connection can be made stays.
    pub fn connection_closed(&mut self, connection: u64) {
        let first = (connection, 0, 0);
        let gone: Vec<(u64, u64, u64)> =
            self.connected.range(first..).take_while(|(c, ..)| *c == connection).copied().collect();
        for (_, aor, number) in gone {
            self.take(aor, number);
            self.changed.insert(aor);
        }
    }

    /// Lets bindings end whose time is over.
    pub fn tick(&mut self, now: Time) {
        while let Some(&(at, aor, _)) = self.ends.first() {
            if at > now {
                return;
            }
            self.drop_expired(now, aor);
        }
    }

    /// When to call [`Registrar::tick`] at the latest.
    pub fn deadline(&self) -> Option<Time> {
        self.ends.first().map(|(at, _, _)| *at)
    }

    /// The next change. An address that changed several times since it was last told is told once, as it is now.
    pub fn poll_event(&mut self) -> Option<RegistrarEvent> {
        let aor = self.changed.pop_first()?;
        Some(match self.bindings.get(&aor) {
            Some(list) => RegistrarEvent::Registered { aor, contacts: list.len() },
            None => RegistrarEvent::Gone { aor },
        })
    }

    /// How many bindings there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All bindings that are valid now, to outlast a restart.
    pub fn export(&self, now: Time) -> Vec<Kept> {
        let all = self.bindings.iter().flat_map(|(aor, list)| list.iter().map(move |b| (*aor, b)));
        all.filter(|(_, b)| b.expires > now).map(|(aor, b)| b.keep(aor, now)).collect()
    }

    /// The bindings of one address-of-record that are valid now, to outlast a restart.
    pub fn export_of(&self, now: Time, aor: u64) -> Vec<Kept> {
        let list = self.bindings.get(&aor).map_or(&[][..], Vec::as_slice);
        list.iter().filter(|b| b.expires > now).map(|b| b.keep(aor, now)).collect()
    }

    /// Takes bindings back in that were exported `passed` ago. Those whose time is over, that are there already or that
    /// find no room are left out.
    pub fn import(&mut self, now: Time, passed: Duration, kept: Vec<Kept>) {
        for k in kept {
            let aor = k.aor;
            let list = self.bindings.get(&aor).map_or(&[][..], Vec::as_slice);
            let room = self.ends.len() < self.max_bindings && list.len() < MAX_CONTACTS;
            let Some(binding) = k.restore(now, passed, self.next_number) else { continue };
            if room && !list.iter().any(|b| b.is_for(&binding)) {
                self.insert(aor, binding);
            }
        }
    }

    fn drop_expired(&mut self, now: Time, aor: u64) {
        let Some(list) = self.bindings.get_mut(&aor) else { return };
        list.retain(|b| {
            let stays = b.expires > now;
            if !stays {
                self.ends.remove(&(b.expires, aor, b.number));
                forget_connection(&mut self.connected, aor, b);
                self.changed.insert(aor);
            }
            stays
        });
        if list.is_empty() {
            self.bindings.remove(&aor);
        }
    }

    fn insert(&mut self, aor: u64, binding: Binding) {
        self.next_number = self.next_number.max(binding.number + 1);
        self.ends.insert((binding.expires, aor, binding.number));
        if let Some(connection) = binding.only_connection() {
            self.connected.insert((connection, aor, binding.number));
        }
        let list = self.bindings.entry(aor).or_default();
        let place = list.partition_point(|b| (b.q, b.number) > (binding.q, binding.number));
        list.insert(place, binding);
        self.changed.insert(aor);
    }

    /// Takes one binding away without telling anybody.
    fn take(&mut self, aor: u64, number: u64) {
        let Some(list) = self.bindings.get_mut(&aor) else { return };
        let Some(at) = list.iter().position(|b| b.number == number) else { return };
        let b = list.remove(at);
        self.ends.remove(&(b.expires, aor, number));
        forget_connection(&mut self.connected, aor, &b);
        if list.is_empty() {
            self.bindings.remove(&aor);
        }
    }

    fn remove_all(&mut self, now: Time, aor: u64, asked: &Asked<'_>) -> Reply {
        let list = self.bindings.get(&aor).map_or(&[][..], Vec::as_slice);
        if list.iter().any(|b| b.is_newer_than(asked)) {
            return out_of_order();
        }
        self.forget(aor);
        self.list(now, aor)
    }

    fn set(
        &mut self,
        now: Time,
        aor: u64,
        asked: &Asked<'_>,
        wishes: &[Wish<'_>],
        from: Destination,
    ) -> Reply {
        let list = self.bindings.get(&aor).map_or(&[][..], Vec::as_slice);
        // Looked at before anything is changed: the binding that each wish is about. Two that differ from each other may
        // both be like one that is there; it is taken for the first.
        let mut places = Vec::with_capacity(wishes.len());
        for wish in wishes {
            let mut free = list.iter().filter(|b| !places.contains(&Some(b.number)));
            let there = free.find(|b| b.is_wished(wish, asked, from));
            if there.is_some_and(|b| b.is_newer_than(asked)) {
                return out_of_order();
            }
            places.push(there.map(|b| b.number));
        }
        let set = wishes.iter().filter(|w| w.expires > 0).count();
        if set > MAX_CONTACTS {
            return Reply { code: 403, lines: Vec::new() };
        }
        let fresh = wishes.iter().zip(&places).filter(|(w, p)| w.expires > 0 && p.is_none()).count();
        let over = (list.len() + fresh).saturating_sub(MAX_CONTACTS);
        if fresh > 0 && self.ends.len() + fresh - over > self.max_bindings {
            return Reply { code: 503, lines: format!("Retry-After: {NO_ROOM_RETRY}\r\n").into_bytes() };
        }
        let first_new = self.next_number;
        for (wish, place) in wishes.iter().zip(&places) {
            if let Some(number) = place {
                self.take(aor, *number);
            }
            if wish.expires == 0 {
                if place.is_some() {
                    self.changed.insert(aor);
                }
                continue;
            }
            // A telephone that moves at each start leaves bindings behind: the one that ends first makes room.
            while let Some(list) = self.bindings.get(&aor).filter(|l| l.len() >= MAX_CONTACTS) {
                let older = list.iter().filter(|b| b.number < first_new);
                let Some(number) = older.min_by_key(|b| (b.expires, b.number)).map(|b| b.number) else {
                    break;
                };
                self.take(aor, number);
            }
            // A refresh is nothing to tell.
            let quiet = place.is_some() && !self.changed.contains(&aor);
            self.insert(aor, Binding::new(now, wish, asked, from, self.next_number));
            if quiet {
                self.changed.remove(&aor);
            }
        }
        self.list(now, aor)
    }

    fn list(&self, now: Time, aor: u64) -> Reply {
        let mut lines = Vec::new();
        for b in self.bindings.get(&aor).map_or(&[][..], Vec::as_slice) {
            lines.extend_from_slice(b"Contact: <");
            lines.extend_from_slice(b.uri.expose_secret());
            let left = b.expires.since(now).as_micros().div_ceil(1_000_000);
            let mut more = format!(">;expires={left}");
            if b.q < 1000 {
                let _ = write!(more, ";q=0.{:03}", b.q);
            }
            lines.extend_from_slice(more.as_bytes());
            lines.extend_from_slice(b"\r\n");
        }
        Reply { code: 200, lines }
    }
}

fn forget_connection(connected: &mut BTreeSet<(u64, u64, u64)>, aor: u64, b: &Binding) {
    if let Some(connection) = b.only_connection() {
        connected.remove(&(connection, aor, b.number));
    }
}

/// The answer to a request that an earlier one has overtaken (RFC 3261 section 10.3, step 7).
fn out_of_order() -> Reply {
    Reply { code: 500, lines: Vec::new() }
}

#[cfg(test)]
mod tests;
