//! Callers who said no: those whose data is restricted are shown to nobody, those who objected go as somebody unknown.

use crate::adapt::switch::Switch;
use crate::adapt::tenant_door::TenantDoor;
use engine::{Facts, PartyId};
use redact::Secret;
use store::{SaidNo, TenantId};

impl TenantDoor {
    /// Whether a number, or the same number as the world writes it, is among these.
    fn is_among(&self, of: fn(&SaidNo) -> &std::collections::BTreeSet<u64>, address: &str) -> bool {
        let numbers = of(&self.said_no);
        if numbers.is_empty() || address.is_empty() {
            return false;
        }
        let same = self.meaning.dial_plan.international(address);
        let mut forms = [Some(address), same.as_deref()].into_iter().flatten();
        forms.any(|form| numbers.contains(&(self.person)(form)))
    }

    /// Whether whoever has this number or address is shown to nobody.
    pub(super) fn is_restricted(&self, address: &str) -> bool {
        self.is_among(|all| &all.restricted, address)
    }

    /// Whether whoever has this number or address objected to being treated by what is known of them.
    pub(super) fn has_objected(&self, address: &str) -> bool {
        self.is_among(|all| &all.objected, address)
    }
}

impl Switch {
    /// From now on somebody said no to something, or does so no more; `numbers` are the keyed hashes of theirs. Calls that
    /// go on keep their way.
    pub fn mark_person(
        &mut self,
        tenant: TenantId,
        numbers: &[u64],
        restricted: Option<bool>,
        objected: Option<bool>,
    ) {
        if let Some(t) = self.tenants.iter_mut().find(|t| t.id == tenant) {
            t.said_no.mark(numbers, restricted, objected);
        }
    }

    /// These parties have no name any more in calls that go on.
    pub fn forget_names(&mut self, tenant: TenantId, parties: &[PartyId]) {
        let Some(t) = self.tenants.iter_mut().find(|t| t.id == tenant) else { return };
        for leg in t.legs.values_mut().filter(|l| parties.contains(&l.party)) {
            leg.display = Secret::default();
        }
    }

    /// What a call of somebody who objected would be told of them; nothing for whoever did not.
    pub fn known_of_objector(&mut self, tenant: TenantId, address: &Secret<String>) -> Option<Facts> {
        let n = self.tenants.iter().position(|t| t.id == tenant)?;
        self.tenants[n].has_objected(address.expose_secret()).then(|| self.facts_of(n, address).0)
    }

    /// What whoever has this number is called in the journal; 0 for those who are to be nobody.
    pub(super) fn known_as(&mut self, tenant: usize, address: &str) -> u64 {
        match self.tenants[tenant].has_objected(address) {
            true => 0,
            false => self.alias(tenant, address).map_or(0, |known| known.alias),
        }
    }

    /// What can be said of a caller without saying who it is, and whether they objected: then nothing in it stands for a
    /// person.
    pub(super) fn facts_of(&mut self, tenant: usize, address: &Secret<String>) -> (Facts, bool) {
        let address = address.expose_secret();
        if address.is_empty() {
            return (Facts { withheld: true, ..Facts::default() }, false);
        }
        let person = self.known_as(tenant, address);
        let t = &self.tenants[tenant];
        let same = t.meaning.dial_plan.international(address);
        let number = same.as_deref().unwrap_or(address);
        let country = t.meaning.dial_plan.country(number);
        let objected = t.has_objected(address);
        let lists = if objected { 0 } else { t.meaning.lists_of(number) };
        (Facts { withheld: false, country, lists, person }, objected)
    }
}
