//! The people of a tenant's directory in memory, to be found as somebody types; and one of them as the store keeps them.

use crate::tenant::DialPlan;
use redact::Secret;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use teams::graph::{Given, User};

/// The most people that one search gives.
pub const MOST_FOUND: usize = 50;
/// Digits that a number must have before it is searched for.
const FEWEST_DIGITS: usize = 3;

/// One person, with the fields of the profile and no others. Kept sealed; here only while it is read or written.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Kept {
    object: String,
    enabled: Option<bool>,
    given_name: Option<String>,
    surname: Option<String>,
    name: Option<String>,
    mail: Option<String>,
    business: Vec<String>,
    mobile: Option<String>,
    /// What an owner says of them in place of what Microsoft says.
    #[serde(default)]
    own: Correction,
    /// An owner entered them: Microsoft knows nothing of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    local: bool,
    /// They are shown to nobody but whoever looks after rights.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    restricted: bool,
}

/// Somebody whom an owner enters beside Microsoft's people.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Name shown to colleagues.
    pub name: Secret<String>,
    /// Address of electronic mail; empty for none.
    pub mail: Secret<String>,
    /// Numbers at work, as the world writes them where that is known.
    pub business: Vec<Secret<String>>,
    /// The mobile number, in the same way.
    pub mobile: Option<Secret<String>>,
}

impl Entry {
    /// With the numbers as the world writes them, by the tenant's country. Nothing when one of them is no number.
    pub fn read(self, plan: &DialPlan) -> Option<Entry> {
        let number = |text: Secret<String>| {
            let number = world(plan, text.expose_secret());
            let is_one = number.chars().all(|c| c.is_ascii_digit() || " +-()/.".contains(c));
            (is_one && digits_of(&number).len() >= FEWEST_DIGITS && number.len() <= LONGEST_NUMBER)
                .then(|| Secret::new(number))
        };
        let business = self.business.into_iter().map(number).collect::<Option<Vec<_>>>()?;
        let mobile = match self.mobile {
            Some(mobile) => Some(number(mobile)?),
            None => None,
        };
        Some(Entry { business, mobile, ..self })
    }
}

/// The longest number of somebody who is entered, in bytes.
const LONGEST_NUMBER: usize = 32;

/// What an owner says of somebody in place of what Microsoft says; what is not said stays as it came.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Correction {
    /// Name shown to colleagues.
    pub name: Option<String>,
    /// Address of electronic mail; empty for none.
    pub mail: Option<String>,
    /// Numbers at work.
    pub business: Option<Vec<String>>,
    /// The mobile number; empty for none.
    pub mobile: Option<String>,
}

impl Correction {
    /// What it says something of, by the fields' names in the API.
    fn fields(&self) -> Vec<&'static str> {
        let all = [
            ("name", self.name.is_some()),
            ("mail", self.mail.is_some()),
            ("business", self.business.is_some()),
            ("mobile", self.mobile.is_some()),
        ];
        all.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect()
    }
}

/// A number as the world writes it (E.164), where that is known; else as it stands. What has more than a number in it, as an
/// extension, is none.
fn world(plan: &DialPlan, text: &str) -> String {
    let plain = text.trim();
    let plain = plain.strip_prefix("tel:").unwrap_or(plain);
    if !plain.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || "+-()/.".contains(c)) {
        return text.into();
    }
    // The (0) of +49 (0)30 is dialled at home only.
    let is_abroad = plain.starts_with('+') || plain.starts_with("00");
    let plain = if is_abroad { plain.replace("(0)", "") } else { plain.into() };
    let digits: String = plain.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    plan.international(&digits).unwrap_or_else(|| text.into())
}

impl Kept {
    /// What is known of somebody now: what was kept, with what Graph says over it.
    pub fn merged(user: &User, before: Option<&[u8]>) -> Kept {
        // What cannot be read any more is as if it had never been: Graph sends all of it with the next whole reading.
        let before: Kept = before.and_then(|b| serde_json::from_slice(b).ok()).unwrap_or_default();
        let text = |given: &Given<Secret<String>>, before| {
            given
                .clone()
                .over(Option::map(before, Secret::new))
                .map(|s: Secret<String>| s.expose_secret().clone())
        };
        let business = user.business_phones.clone().over(None);
        let unchanged = matches!(user.business_phones, Given::Unchanged);
        Kept {
            object: user.id.clone(),
            enabled: user.enabled.clone().over(before.enabled),
            given_name: text(&user.given_name, before.given_name),
            surname: text(&user.surname, before.surname),
            name: text(&user.display_name, before.name),
            mail: text(&user.mail, before.mail),
            business: match unchanged {
                true => before.business,
                false => business.unwrap_or_default().iter().map(|n| n.expose_secret().clone()).collect(),
            },
            mobile: text(&user.mobile_phone, before.mobile),
            own: before.own,
            local: false,
            restricted: before.restricted,
        }
    }

    /// Somebody whom an owner enters, hidden or not.
    pub fn entered(entry: &Entry, restricted: bool) -> Kept {
        let text = |secret: &Secret<String>| Some(secret.expose_secret().clone()).filter(|t| !t.is_empty());
        Kept {
            name: text(&entry.name),
            mail: text(&entry.mail),
            business: entry.business.iter().map(|n| n.expose_secret().clone()).collect(),
            mobile: entry.mobile.as_ref().and_then(text),
            local: true,
            restricted,
            ..Kept::default()
        }
    }

    /// The same person with this said of them; nothing for what cannot be read.
    pub fn corrected(before: &[u8], own: &Correction) -> Option<Kept> {
        let before: Kept = serde_json::from_slice(before).ok()?;
        Some(Kept { own: own.clone(), ..before })
    }

    /// The same person, hidden or shown again; nothing for what cannot be read.
    pub fn marked(before: &[u8], restricted: bool) -> Option<Kept> {
        let before: Kept = serde_json::from_slice(before).ok()?;
        Some(Kept { restricted, ..before })
    }

    /// As the store seals it.
    pub fn bytes(&self) -> Secret<Vec<u8>> {
        // Texts and lists of texts: nothing in it that JSON lacks.
        Secret::new(serde_json::to_vec(self).unwrap_or_default())
    }
}

/// Somebody as they are shown.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their id in Microsoft's directory; of somebody who was entered here the number behind [`LOCAL`].
    pub object: String,
    /// Whether an owner entered them here, beside Microsoft's directory.
    pub local: bool,
    /// Whether they may sign in there.
    pub enabled: bool,
    /// Whether they are shown to nobody but whoever looks after rights.
    pub restricted: bool,
    /// Name shown to colleagues.
    pub name: Secret<String>,
    /// Address of electronic mail; empty for none.
    pub mail: Secret<String>,
    /// Numbers at work.
    pub business: Vec<Secret<String>>,
    /// The mobile number.
    pub mobile: Option<Secret<String>>,
    /// What of it an owner says and not Microsoft, by the fields' names in the API.
    pub corrected: Vec<&'static str>,
}

/// How the id of somebody begins who was entered here.
pub const LOCAL: &str = "local-";

/// Between two fields of somebody in memory. What comes from Microsoft has no control characters.
const BETWEEN: char = '\u{1f}';

/// The word among those of what an owner says that stands for somebody who is hidden.
const RESTRICTED: &str = "restricted";

/// Somebody in memory: one text with all fields in a row, because a directory may have very many people.
struct Packed(Secret<Box<str>>);

/// The fields of somebody in memory.
struct Fields<'a> {
    object: &'a str,
    enabled: bool,
    local: bool,
    restricted: bool,
    corrected: &'a str,
    name: &'a str,
    given_name: &'a str,
    surname: &'a str,
    mail: &'a str,
    mobile: &'a str,
    business: std::str::Split<'a, char>,
}

impl Packed {
    fn read(plan: &DialPlan, id: u64, bytes: &[u8]) -> Option<Packed> {
        let mut kept: Kept = serde_json::from_slice(bytes).ok()?;
        let sign = match (kept.local, kept.enabled.unwrap_or(true)) {
            (true, _) => "*",
            (false, true) => "+",
            (false, false) => "-",
        };
        if kept.local {
            kept.object = format!("{LOCAL}{id}");
        }
        let mut words = kept.own.fields();
        words.extend(kept.restricted.then_some(RESTRICTED));
        let flag = format!("{sign}{}", words.join(","));
        let text = |own: Option<String>, field: Option<String>| own.or(field).unwrap_or_default();
        let mobile = world(plan, &text(kept.own.mobile, kept.mobile));
        // By the name that an owner gave them they are found; by Microsoft's first and last name too.
        let mut all = vec![kept.object, flag, text(kept.own.name, kept.name), text(None, kept.given_name)];
        all.extend([text(None, kept.surname), text(kept.own.mail, kept.mail), mobile]);
        all.extend(kept.own.business.unwrap_or(kept.business).iter().map(|number| world(plan, number)));
        let mut row = String::new();
        for (n, field) in all.iter().enumerate() {
            if n > 0 {
                row.push(BETWEEN);
            }
            row.extend(field.chars().filter(|c| *c != BETWEEN));
        }
        Some(Packed(Secret::new(row.into_boxed_str())))
    }

    fn fields(&self) -> Fields<'_> {
        let mut all = self.0.expose_secret().split(BETWEEN);
        let mut next = || all.next().unwrap_or_default();
        let (object, flag, name, given_name) = (next(), next(), next(), next());
        let (surname, mail, mobile) = (next(), next(), next());
        let (enabled, local) = (!flag.starts_with('-'), flag.starts_with('*'));
        let corrected = flag.get(1..).unwrap_or_default();
        let restricted = corrected.split(',').any(|word| word == RESTRICTED);
        Fields {
            object,
            enabled,
            local,
            restricted,
            corrected,
            name,
            given_name,
            surname,
            mail,
            mobile,
            business: all,
        }
    }

    fn fits(&self, words: &[String], digits: &str) -> bool {
        let fields = self.fields();
        let own = [fields.name, fields.given_name, fields.surname];
        let begins = |word: &String| {
            own.iter().flat_map(|name| name.split([' ', '-', '\''])).any(|part| begins_with(part, word))
        };
        let has = |number: &str| digits_of(number).contains(digits);
        let by_name = !words.is_empty() && words.iter().all(begins);
        by_name || digits.len() >= FEWEST_DIGITS && (has(fields.mobile) || fields.business.clone().any(has))
    }

    fn person(&self) -> Person {
        let fields = self.fields();
        let secret = |text: &str| Secret::new(text.to_string());
        let name = match fields.name {
            "" => format!("{} {}", fields.given_name, fields.surname).trim().to_string(),
            name => name.into(),
        };
        Person {
            object: fields.object.into(),
            enabled: fields.enabled,
            local: fields.local,
            restricted: fields.restricted,
            name: Secret::new(name),
            mail: secret(fields.mail),
            business: fields.business.map(secret).collect(),
            mobile: Some(fields.mobile).filter(|m| !m.is_empty()).map(secret),
            corrected: ["name", "mail", "business", "mobile"]
                .into_iter()
                .filter(|name| fields.corrected.split(',').any(|c| c == *name))
                .collect(),
        }
    }
}

/// Whether a text begins with a word in small letters, however it is written itself.
fn begins_with(text: &str, word: &str) -> bool {
    match text.is_ascii() && word.is_ascii() {
        true => text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)),
        false => text.to_lowercase().starts_with(word),
    }
}

fn digits_of(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// The people of one tenant.
#[derive(Default)]
pub struct People {
    /// How the tenant's country writes numbers.
    plan: DialPlan,
    all: BTreeMap<u64, Packed>,
    /// The object ids of all of them.
    objects: BTreeSet<u128>,
}

/// An object id as a number: whether somebody is there is asked with each request of theirs. What is no GUID is nobody who
/// could sign in.
fn guid(object: &str) -> Option<u128> {
    let digits: String = object.chars().filter(|c| *c != '-').collect();
    (digits.len() == 32).then(|| u128::from_str_radix(&digits, 16).ok()).flatten()
}

impl People {
    /// Nobody yet, in a tenant that reads numbers so.
    pub fn new(plan: DialPlan) -> People {
        People { plan, ..People::default() }
    }

    /// How numbers are read.
    pub fn plan(&self) -> &DialPlan {
        &self.plan
    }

    /// Puts somebody in, in place of what was known of them.
    pub fn put(&mut self, id: u64, bytes: &[u8]) {
        if let Some(person) = Packed::read(&self.plan, id, bytes) {
            self.objects.extend(guid(person.fields().object));
            self.all.insert(id, person);
        }
    }

    /// Takes somebody out.
    pub fn remove(&mut self, id: u64) {
        if let Some(object) = self.all.remove(&id).and_then(|p| guid(p.fields().object)) {
            self.objects.remove(&object);
        }
    }

    /// Whether somebody with this object id is there.
    pub fn has(&self, object: &str) -> bool {
        guid(object).is_some_and(|object| self.objects.contains(&object))
    }

    /// Somebody's object id.
    pub fn object(&self, id: u64) -> Option<String> {
        self.all.get(&id).map(|p| p.fields().object.to_string())
    }

    /// The object ids of those who may not sign in there.
    pub fn disabled(&self) -> BTreeSet<String> {
        let all = self.all.values().map(Packed::fields);
        all.filter(|p| !p.enabled).map(|p| p.object.to_string()).collect()
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Somebody by the number by which the store knows them.
    pub fn get(&self, id: u64) -> Option<Person> {
        Some(self.all.get(&id)?.person())
    }

    /// Those who have this number, by their own.
    pub fn with_number(&self, number: &str) -> Vec<(u64, Person)> {
        let wanted = digits_of(number);
        let is_it = |n: &str| !wanted.is_empty() && digits_of(n) == wanted;
        let has = |p: &Packed| {
            let fields = p.fields();
            is_it(fields.mobile) || fields.business.clone().any(is_it)
        };
        self.all.iter().filter(|(_, p)| has(p)).map(|(id, p)| (*id, p.person())).collect()
    }

    /// Those of whom this is so, hidden or not, by their numbers.
    pub fn of_whom(&self, is: &dyn Fn(&Person) -> bool) -> Vec<(u64, Person)> {
        self.all.iter().map(|(id, p)| (*id, p.person())).filter(|(_, person)| is(person)).collect()
    }

    /// Whether somebody with this object id is hidden.
    pub fn is_restricted(&self, object: &str) -> bool {
        let mut all = self.all.values().map(Packed::fields);
        all.any(|fields| fields.restricted && fields.object.eq_ignore_ascii_case(object))
    }

    /// Those whom a text fits and who are not hidden: each word begins a word of the name, or its digits stand in a number.
    /// At most `most`, in the order of their names.
    pub fn search(&self, text: &str, most: usize) -> Vec<Person> {
        // Parted as names are: whoever types a whole name with its hyphen finds it.
        let parts = |c: char| c.is_whitespace() || matches!(c, '-' | '\'');
        let words: Vec<String> = text.to_lowercase().split(parts).map(String::from).collect();
        let words: Vec<String> = words.into_iter().filter(|w| !w.is_empty()).collect();
        // Somebody who types a number in the way of the country means the same without its first zero.
        let digits = digits_of(text);
        let digits = digits.trim_start_matches('0');
        let is_number = text.chars().all(|c| c.is_ascii_digit() || " +-()/.".contains(c));
        let words = if is_number { Vec::new() } else { words };
        let digits = if is_number { digits } else { "" };
        let fit = self.all.iter().filter(|(_, p)| !p.fields().restricted && p.fits(&words, digits));
        let mut found: Vec<(&str, u64, &Packed)> = fit.map(|(id, p)| (p.fields().name, *id, p)).collect();
        found.sort_by_key(|(name, id, _)| (*name, *id));
        found.truncate(most.min(MOST_FOUND));
        found.into_iter().map(|(_, _, p)| p.person()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people() -> People {
        let mut people = People::default();
        for (id, name, number) in [
            (1, "Ångström, Åsa", "+46 8 123 45 67"),
            (2, "Zoë O'Neil-Baker", "+44 20 7946 0018"),
            (3, "Zed Baker", ""),
        ] {
            let business = if number.is_empty() { vec![] } else { vec![number.to_string()] };
            let kept =
                Kept { object: format!("o{id}"), name: Some(name.into()), business, ..Kept::default() };
            people.put(id, kept.bytes().expose_secret());
        }
        people
    }

    #[test]
    fn people_are_found_by_the_beginnings_of_their_names_and_by_parts_of_their_numbers() {
        let people = people();
        let number = |p: &Person| p.object.trim_start_matches('o').parse::<u64>().unwrap();
        let found = |text: &str| people.search(text, 10).iter().map(number).collect::<Vec<_>>();
        for (text, expected) in [
            ("ba", &[3, 2][..]),
            ("zo ba", &[2]),
            ("ÅSA", &[1]),
            ("neil", &[2]),
            ("Zoë O'Neil-Baker", &[2]),
            ("o'n", &[2]),
            ("-", &[]),
            ("aker", &[]),
            ("020 7946", &[2]),
            ("+44 (20) 7946-0018", &[2]),
            ("46", &[]),
            ("", &[]),
            ("zo 7946", &[]),
        ] {
            assert_eq!(found(text), expected, "{text:?}");
        }
    }

    #[test]
    fn numbers_are_as_the_world_writes_them_where_that_is_known() {
        let plan = DialPlan {
            country_code: "49".into(),
            national_prefix: "0".into(),
            international_prefix: "00".into(),
            ..DialPlan::default()
        };
        for (text, expected) in [
            ("+49 30 5550100", "+49305550100"),
            ("+49 (0)30 555-0100", "+49305550100"),
            ("(030) 5550100", "+49305550100"),
            ("tel:+49-30-5550100", "+49305550100"),
            ("0044 20 7946 0018", "+442079460018"),
            ("+49 30 5550100 ext. 12", "+49 30 5550100 ext. 12"),
            ("4711", "4711"),
            ("call me", "call me"),
            ("+", "+"),
            ("", ""),
        ] {
            assert_eq!(world(&plan, text), expected, "{text:?}");
        }
        assert_eq!(world(&DialPlan::default(), "030 5550100"), "030 5550100", "no country is known");
    }

    #[test]
    fn what_a_change_does_not_say_stays() {
        let given = |text: &str| Given::Value(Secret::new(text.to_string()));
        let user = |display_name, mobile_phone, business_phones| User {
            id: "x".into(),
            enabled: Given::Unchanged,
            given_name: Given::Unchanged,
            surname: Given::Unchanged,
            display_name,
            mail: Given::Unchanged,
            business_phones,
            mobile_phone,
        };
        let phones = Given::Value(vec![Secret::new("+1".to_string())]);
        let first = Kept::merged(&user(given("Ann"), given("+2"), phones), None).bytes();
        let then = user(given("Anna"), Given::Cleared, Given::Unchanged);
        let bytes = Kept::merged(&then, Some(first.expose_secret())).bytes();
        let person = Packed::read(&DialPlan::default(), 1, bytes.expose_secret()).unwrap().person();
        assert_eq!(person.name.expose_secret(), "Anna");
        assert_eq!((person.business.len(), person.mobile.is_none()), (1, true));
        assert!(!format!("{person:?}").contains("Anna"));
    }

    #[test]
    fn who_is_there_is_known_by_the_object_id_however_it_is_written() {
        let mut people = People::default();
        let kept = |object: &str| Kept { object: object.into(), ..Kept::default() }.bytes();
        let (anna, ben) = ("5c0de000-0000-4000-8000-00000000000a", "5c0de000-0000-4000-8000-00000000000b");
        people.put(1, kept(anna).expose_secret());
        people.put(2, kept(ben).expose_secret());
        people.put(3, kept("no guid").expose_secret());
        assert!(people.has(anna) && people.has(&ben.to_uppercase()) && !people.has("no guid"));
        people.remove(2);
        people.remove(3);
        assert!(people.has(anna) && !people.has(ben));
    }
}
