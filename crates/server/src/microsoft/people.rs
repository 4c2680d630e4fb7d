//! The people of a tenant's directory in memory, to be found as somebody types; and one of them as the store keeps them.

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
        }
    }

    /// As the store seals it.
    pub fn bytes(&self) -> Secret<Vec<u8>> {
        // Texts and lists of texts: nothing in it that JSON lacks.
        Secret::new(serde_json::to_vec(self).unwrap_or_default())
    }
}

/// Somebody as they are shown and found.
#[derive(Clone, Debug)]
pub struct Person {
    /// Number of the person in the store.
    pub id: u64,
    /// Their id in the directory.
    pub object: String,
    /// Whether they may sign in there.
    pub enabled: bool,
    /// Name shown to colleagues.
    pub name: Secret<String>,
    /// Address of electronic mail; empty for none.
    pub mail: Secret<String>,
    /// Numbers at work.
    pub business: Vec<Secret<String>>,
    /// The mobile number.
    pub mobile: Option<Secret<String>>,
    // What a search compares: the words of names in small letters, and the digits of numbers.
    words: Secret<String>,
    digits: Vec<Secret<String>>,
}

impl Person {
    fn read(id: u64, bytes: &[u8]) -> Option<Person> {
        let kept: Kept = serde_json::from_slice(bytes).ok()?;
        let names = [&kept.name, &kept.given_name, &kept.surname];
        let words: Vec<String> = names.into_iter().flatten().map(|n| n.to_lowercase()).collect();
        let numbers = kept.business.iter().chain(&kept.mobile);
        let digits = numbers.map(|n| Secret::new(digits_of(n))).collect();
        let shown = kept.name.unwrap_or_else(|| {
            [kept.given_name, kept.surname].into_iter().flatten().collect::<Vec<_>>().join(" ")
        });
        Some(Person {
            id,
            object: kept.object,
            enabled: kept.enabled.unwrap_or(true),
            name: Secret::new(shown),
            mail: Secret::new(kept.mail.unwrap_or_default()),
            business: kept.business.into_iter().map(Secret::new).collect(),
            mobile: kept.mobile.map(Secret::new),
            words: Secret::new(words.join(" ")),
            digits,
        })
    }

    fn fits(&self, words: &[String], digits: &str) -> bool {
        let own = self.words.expose_secret();
        let by_name =
            !words.is_empty() && words.iter().all(|w| own.split([' ', '-', '\'']).any(|o| o.starts_with(w)));
        let by_number =
            digits.len() >= FEWEST_DIGITS && self.digits.iter().any(|d| d.expose_secret().contains(digits));
        by_name || by_number
    }
}

fn digits_of(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// The people of one tenant.
#[derive(Default)]
pub struct People {
    all: BTreeMap<u64, Person>,
}

impl People {
    /// Puts somebody in, in place of what was known of them.
    pub fn put(&mut self, id: u64, bytes: &[u8]) {
        if let Some(person) = Person::read(id, bytes) {
            self.all.insert(id, person);
        }
    }

    /// Takes somebody out.
    pub fn remove(&mut self, id: u64) {
        self.all.remove(&id);
    }

    /// The object ids of those who may not sign in there.
    pub fn disabled(&self) -> BTreeSet<String> {
        self.all.values().filter(|p| !p.enabled).map(|p| p.object.clone()).collect()
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Those whom a text fits: each word begins a word of the name, or its digits stand in a number. At most `most`, in the
    /// order of their names.
    pub fn search(&self, text: &str, most: usize) -> Vec<&Person> {
        let words: Vec<String> = text.to_lowercase().split_whitespace().map(String::from).collect();
        // Somebody who types a number in the way of the country means the same without its first zero.
        let digits = digits_of(text);
        let digits = digits.trim_start_matches('0');
        let is_number = text.chars().all(|c| c.is_ascii_digit() || " +-()/.".contains(c));
        let words = if is_number { Vec::new() } else { words };
        let mut found: Vec<&Person> =
            self.all.values().filter(|p| p.fits(&words, if is_number { digits } else { "" })).collect();
        found.sort_by(|a, b| a.name.expose_secret().cmp(b.name.expose_secret()).then(a.id.cmp(&b.id)));
        found.truncate(most.min(MOST_FOUND));
        found
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
        let found = |text: &str| people.search(text, 10).iter().map(|p| p.id).collect::<Vec<_>>();
        for (text, expected) in [
            ("ba", &[3, 2][..]),
            ("zo ba", &[2]),
            ("ÅSA", &[1]),
            ("neil", &[2]),
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
        let person =
            Person::read(1, Kept::merged(&then, Some(first.expose_secret())).bytes().expose_secret())
                .unwrap();
        assert_eq!(person.name.expose_secret(), "Anna");
        assert_eq!((person.business.len(), person.mobile.is_none()), (1, true));
        assert!(!format!("{person:?}").contains("Anna"));
    }
}
