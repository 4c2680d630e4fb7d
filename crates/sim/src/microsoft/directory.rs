//! The people of one tenant as Graph shows them, what was changed about them since, and in which order.

use crate::microsoft::people::{Person, mixed};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Changes that are remembered for delta queries. Who asks for older ones starts anew.
pub const MOST_CHANGES: usize = 500_000;
/// The most people of a tenant.
pub const MOST_PEOPLE: u32 = 1_000_000;

/// What Graph gives of a user who is asked for without `$select`.
pub const BASIC: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];
/// All that can be selected of a user.
pub const ALL: [&str; 25] = [
    "accountEnabled",
    "assignedLicenses",
    "businessPhones",
    "city",
    "companyName",
    "country",
    "createdDateTime",
    "department",
    "displayName",
    "faxNumber",
    "givenName",
    "id",
    "imAddresses",
    "isResourceAccount",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "onPremisesExtensionAttributes",
    "preferredLanguage",
    "proxyAddresses",
    "surname",
    "usageLocation",
    "userPrincipalName",
    "userType",
];

/// Kinds of things that have ids, so that no two share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A tenant.
    Tenant = 1,
    /// A user.
    User,
    /// A team.
    Team,
    /// Anything that gets its id by counting.
    Other,
}

/// The id of the thing of this kind at this place.
pub fn guid(seed: u64, kind: Kind, place: u32) -> String {
    let about = 0x1000 + kind as u64;
    // The place stands in the first group, mixed so that it can be read back.
    let first = place.wrapping_mul(0x9E37_79B1) ^ mixed(seed, 0, about) as u32;
    let (a, b) = (mixed(seed, u64::from(place), about), mixed(seed, u64::from(place), about + 0x100));
    let variant = 0x8000 | (b >> 48 & 0x3fff);
    format!(
        "{first:08x}-{:04x}-4{:03x}-{variant:04x}-{:012x}",
        a & 0xffff,
        a >> 16 & 0xfff,
        b & 0xffff_ffff_ffff
    )
}

/// The place of the thing with this id; nothing if there never was such an id.
pub fn place(seed: u64, kind: Kind, id: &str) -> Option<u32> {
    let first = u32::from_str_radix(id.get(..8)?, 16).ok()?;
    // The factor's inverse modulo 2^32.
    let place = (first ^ mixed(seed, 0, 0x1000 + kind as u64) as u32).wrapping_mul(0x0E8B_2F51);
    id.eq_ignore_ascii_case(&guid(seed, kind, place)).then_some(place)
}

/// How somebody left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Can be restored for thirty days.
    Soft,
    /// For ever.
    Final,
}

impl Removal {
    /// The reason in `@removed`.
    pub fn reason(self) -> &'static str {
        match self {
            Removal::Soft => "changed",
            Removal::Final => "deleted",
        }
    }
}

/// What differs from how a person was made.
#[derive(Clone, Debug, Default)]
struct Differs {
    fields: BTreeMap<String, Value>,
    removed: Option<Removal>,
}

/// One change: whom it is about, and which fields.
#[derive(Clone, Debug)]
struct Change {
    place: u32,
    fields: Vec<String>,
}

/// Somebody who changed: all that changed about them since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Whose place.
    pub place: u32,
    /// Which fields; empty for somebody who is new, came back or left.
    pub fields: BTreeSet<String>,
}

/// The people of a tenant.
#[derive(Clone, Debug)]
pub struct Directory {
    seed: u64,
    domain: String,
    company: String,
    count: u32,
    differs: BTreeMap<u32, Differs>,
    by_name: BTreeMap<String, u32>,
    log: VecDeque<Change>,
    /// The number of the first change in the log.
    first: u64,
    /// Delta links from before this number are refused.
    refused_before: u64,
}

impl Directory {
    /// So many people, at most [`MOST_PEOPLE`].
    pub fn new(seed: u64, domain: &str, company: &str, count: u32) -> Directory {
        Directory {
            seed,
            domain: domain.into(),
            company: company.into(),
            count: count.min(MOST_PEOPLE),
            differs: BTreeMap::new(),
            by_name: BTreeMap::new(),
            log: VecDeque::new(),
            first: 0,
            refused_before: 0,
        }
    }

    /// Places that are or were taken.
    pub fn places(&self) -> u32 {
        self.count
    }

    /// People who are there now.
    pub fn living(&self) -> usize {
        self.count as usize - self.differs.values().filter(|d| d.removed.is_some()).count()
    }

    /// The id of the person at a place.
    pub fn id(&self, place: u32) -> String {
        guid(self.seed, Kind::User, place)
    }

    /// The place of an id or a user principal name; nothing for nobody and for those who left.
    pub fn find(&self, id_or_name: &str) -> Option<u32> {
        let found = place(self.seed, Kind::User, id_or_name).or_else(|| self.named(id_or_name));
        found.filter(|p| self.is_there(*p))
    }

    /// The place of an id, also of somebody who left.
    pub fn place_of(&self, id: &str) -> Option<u32> {
        place(self.seed, Kind::User, id).filter(|p| *p < self.count)
    }

    fn named(&self, name: &str) -> Option<u32> {
        let name = name.to_lowercase();
        if let Some(place) = self.by_name.get(&name) {
            return Some(*place);
        }
        // Made names end in their place.
        let alias = name.strip_suffix(&format!("@{}", self.domain))?;
        let digits = alias.len() - alias.bytes().rev().take_while(u8::is_ascii_digit).count();
        let place = alias.get(digits..)?.parse().ok()?;
        (place < self.count && self.name(place).to_lowercase() == name).then_some(place)
    }

    /// Whether somebody is there now.
    pub fn is_there(&self, place: u32) -> bool {
        place < self.count && self.differs.get(&place).is_none_or(|d| d.removed.is_none())
    }

    /// How somebody left, if they did.
    pub fn removal(&self, place: u32) -> Option<Removal> {
        self.differs.get(&place)?.removed
    }

    /// Whether somebody may sign in.
    pub fn is_enabled(&self, place: u32) -> bool {
        self.is_there(place) && self.field(place, "accountEnabled") == Value::Bool(true)
    }

    /// The user principal name.
    pub fn name(&self, place: u32) -> String {
        self.field(place, "userPrincipalName").as_str().unwrap_or_default().into()
    }

    /// The name as shown.
    pub fn display(&self, place: u32) -> String {
        self.field(place, "displayName").as_str().unwrap_or_default().into()
    }

    /// One field as Graph gives it; null for what there is not.
    pub fn field(&self, place: u32, name: &str) -> Value {
        self.fields(place, &[name]).remove(name).unwrap_or_default()
    }

    /// These fields as Graph gives them. Names that there are not are left out.
    pub fn fields(&self, place: u32, names: &[&str]) -> Map<String, Value> {
        let person = Person::at(self.seed, place);
        let differs = self.differs.get(&place).map(|d| &d.fields);
        let mut out = Map::new();
        for name in names.iter().filter(|n| ALL.contains(n)) {
            let value = differs.and_then(|d| d.get(*name)).cloned();
            out.insert((*name).into(), value.unwrap_or_else(|| self.made(&person, place, name)));
        }
        out
    }

    fn made(&self, p: &Person, place: u32, name: &str) -> Value {
        let upn = || match p.guest {
            true => format!("{}_partner.example#EXT#@{}", p.alias, self.domain),
            false => format!("{}@{}", p.alias, self.domain),
        };
        match name {
            "id" => self.id(place).into(),
            "displayName" => p.display.clone().into(),
            "givenName" => p.given.clone().into(),
            "surname" => p.surname.clone().into(),
            "userPrincipalName" => upn().into(),
            "mail" if p.resource => Value::Null,
            "mail" if p.guest => format!("{}@partner.example", p.alias).into(),
            "mail" => upn().into(),
            "businessPhones" => p.business_phones.clone().into(),
            "mobilePhone" => p.mobile.clone().into(),
            "jobTitle" if p.resource => Value::Null,
            "jobTitle" => p.job.into(),
            "department" => p.department.into(),
            "officeLocation" | "city" => p.office.into(),
            "country" => p.country.into(),
            "usageLocation" if p.guest || mixed(self.seed, u64::from(place), 40).is_multiple_of(50) => {
                Value::Null
            }
            "usageLocation" => p.country.into(),
            "companyName" => {
                if p.guest {
                    "Partner Ltd".into()
                } else {
                    self.company.clone().into()
                }
            }
            "accountEnabled" => p.enabled.into(),
            "userType" => {
                if p.guest {
                    "Guest".into()
                } else {
                    "Member".into()
                }
            }
            "preferredLanguage" => p.language.into(),
            "isResourceAccount" => p.resource.into(),
            "imAddresses" if !p.resource => json!([upn()]),
            "proxyAddresses" if !p.resource => json!([format!("SMTP:{}", upn())]),
            "imAddresses" | "proxyAddresses" | "assignedLicenses" => json!([]),
            "createdDateTime" => "2024-03-01T08:00:00Z".into(),
            "onPremisesExtensionAttributes" => json!({"extensionAttribute1": null}),
            _ => Value::Null,
        }
    }

    /// Somebody new, who differs from a made person by these fields. Nothing when the tenant is full.
    pub fn add(&mut self, fields: Map<String, Value>) -> Option<u32> {
        let place = self.count;
        (place < MOST_PEOPLE).then_some(())?;
        self.count += 1;
        self.put(place, fields);
        self.note(place, Vec::new());
        Some(place)
    }

    /// Changes fields of somebody. Names that there are not are ignored.
    pub fn change(&mut self, place: u32, fields: Map<String, Value>) {
        if place < self.count {
            let names = fields.keys().cloned().collect();
            self.put(place, fields);
            self.note(place, names);
        }
    }

    fn put(&mut self, place: u32, fields: Map<String, Value>) {
        for (name, value) in fields.into_iter().filter(|(n, _)| ALL.contains(&n.as_str()) && n != "id") {
            if name == "userPrincipalName" {
                self.by_name.retain(|_, p| *p != place);
                self.by_name.insert(value.as_str().unwrap_or_default().to_lowercase(), place);
            }
            self.differs.entry(place).or_default().fields.insert(name, value);
        }
    }

    /// Somebody leaves.
    pub fn remove(&mut self, place: u32, how: Removal) {
        if place < self.count {
            self.differs.entry(place).or_default().removed = Some(how);
            self.note(place, Vec::new());
        }
    }

    /// Somebody who left and can be restored comes back.
    pub fn restore(&mut self, place: u32) {
        if let Some(d) = self.differs.get_mut(&place).filter(|d| d.removed == Some(Removal::Soft)) {
            d.removed = None;
            self.note(place, Vec::new());
        }
    }

    fn note(&mut self, place: u32, fields: Vec<String>) {
        if self.log.len() >= MOST_CHANGES {
            self.log.pop_front();
            self.first += 1;
        }
        self.log.push_back(Change { place, fields });
    }

    /// The number that the next change will have.
    pub fn position(&self) -> u64 {
        self.first + self.log.len() as u64
    }

    /// Delta links given out so far are refused from now on.
    pub fn forget_changes(&mut self) {
        // A change of nobody, so that links from now differ from those before.
        self.first += 1;
        self.refused_before = self.position();
    }

    /// Who changed from one number up to another, everybody once, in the order of their last change. Nothing if the
    /// numbers are too old or of no time.
    pub fn changes(&self, from: u64, to: u64) -> Option<Vec<Changed>> {
        (from >= self.first && from >= self.refused_before && from <= to && to <= self.position())
            .then_some(())?;
        let part = self.log.range((from - self.first) as usize..(to - self.first) as usize);
        let mut last: BTreeMap<u32, (usize, BTreeSet<String>, bool)> = BTreeMap::new();
        for (n, change) in part.enumerate() {
            let entry = last.entry(change.place).or_default();
            entry.0 = n;
            entry.1.extend(change.fields.iter().cloned());
            entry.2 |= change.fields.is_empty();
        }
        let mut found: Vec<(usize, Changed)> = last
            .into_iter()
            .map(|(place, (n, fields, whole))| {
                (n, Changed { place, fields: if whole { BTreeSet::new() } else { fields } })
            })
            .collect();
        found.sort_by_key(|(n, _)| *n);
        Some(found.into_iter().map(|(_, c)| c).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(v: Value) -> Map<String, Value> {
        v.as_object().cloned().unwrap()
    }

    #[test]
    fn ids_lead_back_to_places_and_foreign_ones_nowhere() {
        for kind in [Kind::User, Kind::Team] {
            for n in [0, 1, 99_999, u32::MAX] {
                assert_eq!(place(3, kind, &guid(3, kind, n)), Some(n));
            }
        }
        assert_eq!(place(4, Kind::User, &guid(3, Kind::User, 5)), None);
        assert_eq!(place(3, Kind::Team, &guid(3, Kind::User, 5)), None);
        for bad in ["", "é", "00000000", "zzzzzzzz-0000-4000-8000-000000000000"] {
            assert_eq!(place(3, Kind::User, bad), None);
        }
        assert_eq!(guid(3, Kind::User, 5).len(), 36);
    }

    #[test]
    fn people_are_found_by_name_also_after_it_changed() {
        let mut d = Directory::new(1, "example.org", "Example", 50);
        let name = d.name(7);
        assert_eq!(d.find(&name.to_uppercase()), Some(7));
        d.change(7, object(json!({"userPrincipalName": "New@example.org", "nonsense": 1, "id": "x"})));
        assert_eq!((d.find("new@EXAMPLE.org"), d.find(&name)), (Some(7), None));
        assert_eq!(d.find(&d.id(7)), Some(7));
        d.remove(7, Removal::Soft);
        assert_eq!(d.find("new@example.org"), None);
        d.restore(7);
        assert_eq!(d.find("new@example.org"), Some(7));
        d.remove(7, Removal::Final);
        d.restore(7);
        assert!(!d.is_there(7));
    }

    #[test]
    fn changes_come_once_in_the_order_of_the_last() {
        let mut d = Directory::new(1, "example.org", "Example", 5);
        let start = d.position();
        d.change(2, object(json!({"mail": null})));
        d.change(1, object(json!({"city": "Rome"})));
        d.change(2, object(json!({"city": "Rome"})));
        let seen = d.changes(start, d.position()).unwrap();
        assert_eq!(seen.iter().map(|c| c.place).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(seen[1].fields, ["mail", "city"].map(String::from).into());
        d.remove(2, Removal::Final);
        assert!(d.changes(start, d.position()).unwrap()[1].fields.is_empty());
        assert_eq!(d.changes(d.position() + 1, d.position() + 1), None);
        let old = d.position();
        d.forget_changes();
        assert_eq!(d.changes(old, d.position()), None);
        assert_eq!(d.changes(d.position(), d.position()), Some(Vec::new()));
    }
}
