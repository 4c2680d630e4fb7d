//! What callers are called in the journal: the same number is called the same, by a number that is made by chance when it
//! is seen first. The store keeps it sealed with the key of whoever it is. See decision 0013.

use crate::adapt::switch::{Now, Switch};
use engine::Event;
use std::collections::{HashMap, HashSet, VecDeque};
use store::{Alias, MOST_ALIASES, TenantId};

/// What the numbers of a tenant are called, by their keyed hashes.
#[derive(Debug, Default)]
pub struct Aliases {
    by_number: HashMap<u64, u64>,
    // The oldest first; numbers that were forgotten may still stand here.
    order: VecDeque<u64>,
}

impl Aliases {
    /// Those that are known, the newest last.
    pub fn known(all: Vec<Alias>) -> Aliases {
        let mut known = Aliases::default();
        all.into_iter().for_each(|alias| known.put(alias));
        known
    }

    fn put(&mut self, Alias { number, alias }: Alias) {
        if self.by_number.insert(number, alias).is_none() {
            self.order.push_back(number);
        }
        while self.order.len() > MOST_ALIASES {
            if let Some(oldest) = self.order.pop_front() {
                self.by_number.remove(&oldest);
            }
        }
    }
}

impl Switch {
    /// What a caller's number or address is called; nothing where it was withheld.
    pub(super) fn alias(&mut self, tenant: usize, address: &str) -> Option<Alias> {
        if address.is_empty() {
            return None;
        }
        let t = &self.tenants[tenant];
        // The same number is the same person, in whichever form it comes.
        let same = t.meaning.dial_plan.international(address);
        let number = (t.person)(same.as_deref().unwrap_or(address));
        if let Some(alias) = t.aliases.by_number.get(&number) {
            return Some(Alias { number, alias: *alias });
        }
        let alias = Alias { number, alias: self.next_chance().max(1) };
        self.tenants[tenant].aliases.put(alias);
        Some(alias)
    }

    /// Somebody is erased: nothing of this tenant's remembers them. When they call again they are called otherwise.
    pub fn forget_person(&mut self, now: Now, id: TenantId, who: Alias) {
        let Some(n) = self.tenants.iter().position(|t| t.id == id) else { return };
        let known = self.tenants[n].aliases.by_number.remove(&who.number);
        for person in [Some(who.alias), known.filter(|alias| *alias != who.alias)].into_iter().flatten() {
            self.on_event(now, id, Event::PersonForgotten { person });
        }
    }

    /// The numbers of a tenant that are called something, by their keyed hashes.
    pub fn aliased(&self, id: TenantId) -> Vec<u64> {
        let tenant = self.tenants.iter().find(|t| t.id == id);
        tenant.map_or_else(Vec::new, |t| t.aliases.by_number.keys().copied().collect())
    }

    /// These numbers are called nothing from here on: people went because they are old. Whoever was called something
    /// meanwhile is not among them, and keeps it.
    pub fn forget_aliases(&mut self, id: TenantId, numbers: &HashSet<u64>) {
        if let Some(t) = self.tenants.iter_mut().find(|t| t.id == id) {
            t.aliases.by_number.retain(|number, _| !numbers.contains(number));
        }
    }
}
