//! What flows, look-ups and queues refer to by name beside objects: languages, attributes, lists, digits.

use crate::tenant::everything::{Everything, Names};
use crate::tenant::objects::{FlowStep, Tenant};
use engine::{AttributeId, LanguageId, SlotId};
use std::collections::{BTreeMap, BTreeSet};

/// Names of a tenant and what they stand for.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Numbers of objects.
    pub names: Names,
    /// The tenant itself is missing or not in order: then any name may be one of its, and none is told wrong.
    pub open: bool,
    /// Languages in their order.
    pub languages: Vec<String>,
    /// Attributes and their values in their order.
    pub attributes: Vec<(String, Vec<String>)>,
    /// Names of lists in their order.
    pub lists: Vec<String>,
    /// Digits by place, and what they are compared with, in rising order.
    pub digits: BTreeMap<String, Vec<String>>,
}

impl Scope {
    /// What a tenant's objects make known.
    pub fn of(everything: &Everything, names: Names) -> Scope {
        let mut scope = Scope { names, ..Scope::default() };
        match everything.tenants.values().next() {
            Some(tenant) => scope.take(tenant),
            None => scope.open = true,
        }
        let mut digits: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for step in everything.flows.values().flat_map(|f| f.all_steps()) {
            if let FlowStep::Collect(c) = step {
                digits.entry(&c.slot).or_default().extend(c.values.iter().map(String::as_str));
            }
        }
        // What a test names is compared with too.
        for step in everything.flows.values().flat_map(|f| f.all_steps()) {
            let FlowStep::Branch(cases) = step else { continue };
            for test in cases.iter().filter_map(|c| c.test.digits.as_ref()) {
                if let Some(values) = digits.get_mut(test.slot.as_str()) {
                    values.insert(&test.value);
                }
            }
        }
        let owned = |values: BTreeSet<&str>| values.into_iter().map(str::to_string).collect();
        scope.digits = digits.into_iter().map(|(slot, values)| (slot.to_string(), owned(values))).collect();
        scope
    }

    fn take(&mut self, tenant: &Tenant) {
        self.languages = tenant.languages.clone();
        self.attributes =
            tenant.attributes.iter().map(|(name, values)| (name.clone(), values.clone())).collect();
        self.lists = tenant.lists.keys().cloned().collect();
    }

    /// A language of the tenant.
    ///
    /// # Errors
    /// A sentence, as with the others.
    pub fn language(&self, name: &str) -> Result<LanguageId, String> {
        match self.languages.iter().position(|l| l == name) {
            Some(n) => Ok(LanguageId(n as u16)),
            None if self.open => Ok(LanguageId(0)),
            None if self.languages.is_empty() => {
                Err(format!("the tenant has no languages, so not {name:?} either"))
            }
            None => Err(format!(
                "{name:?} is no language of the tenant: use one of {}",
                self.languages.join(", ")
            )),
        }
    }

    /// An attribute and its values.
    ///
    /// # Errors
    /// A sentence.
    pub fn attribute(&self, name: &str) -> Result<(AttributeId, &[String]), String> {
        let found = self.attributes.iter().position(|(n, _)| n == name);
        match found.and_then(|n| self.attributes.get(n).map(|(_, values)| (n, values))) {
            Some((n, values)) => Ok((AttributeId(n as u16), values)),
            None if self.open => Ok((AttributeId(0), &[])),
            None => Err(format!("{name:?} is no attribute of the tenant: add it to attributes there")),
        }
    }

    /// An attribute and one of its values.
    ///
    /// # Errors
    /// A sentence.
    pub fn value(&self, name: &str, value: &str) -> Result<(AttributeId, u16), String> {
        let (attribute, values) = self.attribute(name)?;
        match values.iter().position(|v| v == value) {
            Some(n) => Ok((attribute, n as u16)),
            None if self.open => Ok((attribute, 0)),
            None => Err(format!("{value:?} is no value of {name:?}: use one of {}", values.join(", "))),
        }
    }

    /// A list of the tenant.
    ///
    /// # Errors
    /// A sentence.
    pub fn list(&self, name: &str) -> Result<u8, String> {
        let found = self.lists.iter().position(|l| l == name).or(self.open.then_some(0));
        found
            .map(|n| n as u8)
            .ok_or_else(|| format!("{name:?} is no list of the tenant: add it to lists there"))
    }

    /// Digits in a place, as the place in what they are compared with, from 1 on.
    ///
    /// # Errors
    /// A sentence.
    pub fn digits(&self, slot: &str, value: &str) -> Result<(SlotId, u16), String> {
        let values = self.digits.get(slot).ok_or_else(|| format!("no step collects digits into {slot:?}"))?;
        let place = values
            .binary_search_by(|v| v.as_str().cmp(value))
            .map_err(|_| "these digits are compared with nothing")?;
        Ok((slot_id(slot), place as u16 + 1))
    }
}

/// The number of a place for digits. It follows from the name alone, so that a call that has taken digits keeps them
/// under the same number when the configuration changes. Two names of one number are refused by the check.
pub fn slot_id(name: &str) -> SlotId {
    // FNV-1a, folded: few names, and no one gains by a collision.
    let hash = name.bytes().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    SlotId((hash >> 16) as u16 ^ hash as u16)
}
