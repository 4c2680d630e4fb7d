//! Under what somebody is kept: as whoever called, as a user of the configuration, as somebody of a directory. Each is a
//! record of its own, with an id that says of which kind.

use crate::http::accounts::failed;
use crate::http::calls::read_id;
use crate::http::data_rights::Find;
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::microsoft::{InDirectory, Person};
use crate::tenant::Meaning;
use redact::Secret;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;
use store::{StoreError, words_of};

/// The most people of a directory, and the most users, that one search gives.
const MOST: usize = 50;

/// How the id of a user begins.
const USER: &str = "user-";

/// One record of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PersonId {
    /// Whoever called, by the store's number.
    Caller(u64),
    /// A user, by their id in the configuration.
    User(String),
    /// Somebody of a directory.
    Listed(InDirectory),
}

impl PersonId {
    /// What an id of the API stands for.
    ///
    /// # Errors
    /// For what is none.
    pub(super) fn read(text: &str) -> Result<PersonId, Problem> {
        if let Some(person) = read_id(text, 'p') {
            return Ok(PersonId::Caller(person));
        }
        if let Some(user) = text.strip_prefix(USER) {
            return Ok(PersonId::User(user.into()));
        }
        InDirectory::read(text).map(PersonId::Listed).ok_or_else(|| missing(text))
    }

    /// What entries of the audit log call it: nothing that says who it is.
    pub(super) fn in_log(&self) -> String {
        match self {
            PersonId::Caller(person) => format!("Person/p{person}"),
            PersonId::User(id) => format!("User/{id}"),
            PersonId::Listed(who) => who.in_log(),
        }
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PersonId::Caller(person) => write!(f, "p{person}"),
            PersonId::User(id) => write!(f, "{USER}{id}"),
            PersonId::Listed(who) => who.fmt(f),
        }
    }
}

fn missing(id: impl fmt::Display) -> Problem {
    Problem::not_found(&format!("person {:?}", id.to_string()))
}

/// As what somebody is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeptAs {
    /// Whoever called.
    Caller,
    /// A user of the configuration.
    User,
    /// Somebody of Microsoft's directory, as it was read.
    Directory,
    /// Somebody whom an owner entered beside it.
    Entered,
}

/// A person of whom something is kept. Who is kept in several ways is found several times.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PersonKept {
    /// Id: `p1` of whoever called, `user-anna` of a user, `directory-1` and `local-1` of people of a directory.
    pub id: String,
    /// As what.
    pub kept_as: KeptAs,
    /// Number or address.
    pub address: String,
    /// Names that came with calls, or the one that the configuration or the directory has.
    pub names: Vec<String>,
    /// How many calls they made or got as a caller: none of users and people of a directory.
    pub calls: u64,
    /// Whether the person's data is hidden from everybody but this page.
    pub restricted: bool,
    /// Whether the person objects to being treated by what is known of them: no routing by it, no name on a screen.
    pub objected: bool,
    /// Ids of holds that keep something of this person.
    pub holds: Vec<String>,
    /// Id of the user of this account who has this number, address or account at Microsoft. What is kept of them as a user
    /// belongs to the configuration: it goes when the user is deleted there.
    pub user: Option<String>,
}

/// A user, as the configuration has them.
pub(super) struct User {
    /// Id.
    pub(super) id: String,
    /// All that the configuration says. Passwords are not in it: it names their files.
    pub(super) body: Value,
    /// Numbers and addresses that they call from, as the configuration writes them.
    spoken: Vec<String>,
    /// The same in all forms in which they may come with a call.
    numbers: Vec<String>,
}

impl User {
    fn text(&self, field: &str) -> Option<&str> {
        self.body[field].as_str().filter(|text| !text.is_empty())
    }
}

/// What one request looks into.
pub(super) struct Records<'a> {
    pub(super) api: &'a Api,
    pub(super) asker: &'a Asker,
    pub(super) meaning: Meaning,
    users: Vec<User>,
    /// The tenant's lists of numbers, by name.
    lists: Vec<(String, Vec<String>)>,
}

impl<'a> Records<'a> {
    /// Of the asker's tenant, as it is now.
    ///
    /// # Errors
    /// When the store cannot be read, or the server stops.
    pub(super) fn of(api: &'a Api, asker: &'a Asker) -> Result<Records<'a>, Problem> {
        let tenant = asker.0.tenant;
        let (documents, _) = crate::running::stored_documents(&api.handle.store, tenant).map_err(failed)?;
        let meaning =
            api.handle.ask_and_wait(move |switch, _| switch.tenant(tenant).map(|t| t.meaning.clone()));
        let meaning = meaning.flatten().ok_or_else(Problem::stopping)?;
        let (mut users, mut lists) = (Vec::new(), Vec::new());
        for d in documents.into_values() {
            match d.kind.as_str() {
                "User" => {
                    let text = |field: &str| d.body[field].as_str().map(str::to_string);
                    let phone = text("phone")
                        .map(|p| p.trim_start_matches("sips:").trim_start_matches("sip:").to_string());
                    let spoken = [text("teams_number"), text("line"), text("number"), phone];
                    let spoken: Vec<String> = spoken.into_iter().flatten().collect();
                    let numbers = all_forms(&meaning, spoken.iter().cloned());
                    users.push(User { id: d.id, body: d.body, spoken, numbers });
                }
                "Tenant" => {
                    let all = d.body["lists"].as_object().into_iter().flatten();
                    let texts = |list: &Value| -> Vec<String> {
                        let numbers = list.as_array().into_iter().flatten();
                        all_forms(&meaning, numbers.filter_map(|n| Some(n.as_str()?.to_string())))
                    };
                    lists.extend(all.map(|(name, list)| (name.clone(), texts(list))));
                }
                _ => {}
            }
        }
        Ok(Records { api, asker, meaning, users, lists })
    }

    fn tenant(&self) -> store::TenantId {
        self.asker.0.tenant
    }

    /// A user of this id.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn user(&self, id: &str) -> Result<&User, Problem> {
        self.users.iter().find(|u| u.id == id).ok_or_else(|| missing(format!("{USER}{id}")))
    }

    /// Somebody of a directory.
    ///
    /// # Errors
    /// When there is no such person.
    pub(super) fn listed(&self, who: InDirectory) -> Result<Person, Problem> {
        self.api.handle.directories.in_directory(self.tenant(), who).ok_or_else(|| missing(who))
    }

    /// The users who have one of these numbers or addresses.
    pub(super) fn users_with(&self, forms: &[String]) -> impl Iterator<Item = &User> {
        let same = |a: &str| forms.iter().any(|b| b.eq_ignore_ascii_case(a));
        self.users
            .iter()
            .filter(move |u| u.numbers.iter().any(|n| same(n)) || u.text("email").is_some_and(same))
    }

    /// The user who is somebody of Microsoft's directory.
    fn user_of_account(&self, object: &str) -> Option<&User> {
        let is = |u: &&User| u.text("microsoft").is_some_and(|own| own.eq_ignore_ascii_case(object));
        self.users.iter().find(is)
    }

    /// Those of the directories who have one of these numbers or addresses.
    pub(super) fn listed_with(&self, forms: &[String]) -> Vec<(InDirectory, Person)> {
        let digits: BTreeSet<String> =
            forms.iter().filter(|form| !form.contains('@')).map(|form| digits_of(form)).collect();
        let mails: BTreeSet<String> =
            forms.iter().filter(|f| f.contains('@')).map(|f| f.to_lowercase()).collect();
        let has =
            |number: &str| Some(digits_of(number)).is_some_and(|d| !d.is_empty() && digits.contains(&d));
        self.api.handle.directories.of_whom(self.tenant(), &|person| {
            let mut numbers =
                person.business.iter().chain(&person.mobile).map(|n| n.expose_secret().as_str());
            numbers.any(has) || mails.contains(&person.mail.expose_secret().to_lowercase())
        })
    }

    /// Ids of the tenant's lists that have one of these numbers on them.
    pub(super) fn lists_with(&self, forms: &[String]) -> Vec<String> {
        let has = |(_, numbers): &&(String, Vec<String>)| numbers.iter().any(|n| forms.contains(n));
        self.lists.iter().filter(has).map(|(name, _)| name.clone()).collect()
    }

    /// The numbers and addresses of a record, each once and as the world writes it where that is known.
    ///
    /// # Errors
    /// When there is no such record.
    pub(super) fn texts(&self, id: &PersonId) -> Result<Vec<String>, Problem> {
        let texts: Vec<String> = match id {
            PersonId::Caller(person) => {
                let about = self.api.handle.store.person(self.tenant(), *person)?;
                vec![about.address.expose_secret().clone()]
            }
            PersonId::User(user) => {
                let user = self.user(user)?;
                user.spoken.iter().cloned().chain(user.text("email").map(str::to_string)).collect()
            }
            PersonId::Listed(who) => {
                let person = self.listed(*who)?;
                let texts = person.business.iter().chain(&person.mobile).chain([&person.mail]);
                texts.map(|t| t.expose_secret().clone()).collect()
            }
        };
        let mut all: Vec<String> = Vec::new();
        for text in texts.into_iter().filter(|text| !text.is_empty()) {
            let text = self.meaning.dial_plan.international(&text).unwrap_or(text);
            if !all.contains(&text) {
                all.push(text);
            }
        }
        Ok(all)
    }

    /// The same in all forms in which they may have come with a call.
    ///
    /// # Errors
    /// When there is no such record.
    pub(super) fn forms(&self, id: &PersonId) -> Result<Vec<String>, Problem> {
        let forms = all_forms(&self.meaning, self.texts(id)?.into_iter());
        let own = match id {
            PersonId::User(user) => self.user(user)?.numbers.clone(),
            _ => Vec::new(),
        };
        Ok(own.into_iter().filter(|form| !forms.contains(form)).chain(forms.iter().cloned()).collect())
    }

    /// Whoever called with one of these numbers or addresses, by the store's numbers.
    ///
    /// # Errors
    /// What the database said.
    pub(super) fn callers_with(&self, forms: &[String]) -> Result<Vec<u64>, Problem> {
        let mut found = Vec::new();
        for form in forms {
            let person = self.api.handle.store.find_person(self.tenant(), &Secret::new(form.clone()))?;
            found.extend(person.filter(|person| !found.contains(person)));
        }
        Ok(found)
    }

    /// A record, as the page of rights shows it.
    ///
    /// # Errors
    /// When there is no such record.
    pub(super) fn kept(&self, id: &PersonId) -> Result<PersonKept, Problem> {
        let (store, tenant) = (&self.api.handle.store, self.tenant());
        if let PersonId::Caller(person) = id {
            let about = store.person(tenant, *person).map_err(|e| match e {
                StoreError::NotFound(_) => missing(id),
                e => e.into(),
            })?;
            let forms = Some(about.address.expose_secret().clone()).filter(|a| !a.is_empty());
            let forms: Vec<String> = forms.into_iter().collect();
            return Ok(PersonKept {
                id: id.to_string(),
                kept_as: KeptAs::Caller,
                address: about.address.expose_secret().clone(),
                names: about.names.iter().map(|n| n.expose_secret().clone()).collect(),
                calls: about.calls,
                restricted: about.restricted,
                objected: about.objected,
                holds: store.holds_on_person(tenant, *person)?.iter().map(|h| format!("h{h}")).collect(),
                user: self.users_with(&forms).next().map(|u| u.id.clone()),
            });
        }
        let (kept_as, address, name, restricted, user) = match id {
            PersonId::User(user) => {
                let user = self.user(user)?;
                let address =
                    user.text("email").or(user.numbers.first().map(String::as_str)).unwrap_or_default();
                let name = user.text("name").unwrap_or_default().to_string();
                (KeptAs::User, address.to_string(), name, false, Some(user.id.clone()))
            }
            PersonId::Listed(who) => {
                let person = self.listed(*who)?;
                let as_what = if person.local { KeptAs::Entered } else { KeptAs::Directory };
                let mut texts = person.business.iter().chain(&person.mobile).chain([&person.mail]);
                let address =
                    texts.find(|t| !t.expose_secret().is_empty()).map(|t| t.expose_secret().clone());
                let user = self.user_of_account(&person.object).map(|u| u.id.clone());
                let name = person.name.expose_secret().clone();
                (as_what, address.unwrap_or_default(), name, person.restricted, user)
            }
            PersonId::Caller(_) => return Err(missing(id)),
        };
        // What is known of somebody by their number holds for whoever calls from it.
        let (mut objected, mut holds) = (false, Vec::new());
        for person in self.callers_with(&self.forms(id)?)? {
            objected |= store.person(tenant, person).is_ok_and(|about| about.objected);
            holds.extend(store.holds_on_person(tenant, person)?.iter().map(|h| format!("h{h}")));
        }
        let names = Some(name).filter(|name| !name.is_empty()).into_iter().collect();
        let id = id.to_string();
        Ok(PersonKept { id, kept_as, address, names, calls: 0, restricted, objected, holds, user })
    }

    /// Everybody of whom this is so, each record once: those who called, then users, then people of directories.
    ///
    /// # Errors
    /// When what is looked for is not exactly one of number, name and address.
    pub(super) fn find(&self, wanted: &Find) -> Result<Vec<PersonId>, Problem> {
        let mut callers = Vec::new();
        let (mut users, mut listed): (Vec<&User>, Vec<(InDirectory, Person)>) = (Vec::new(), Vec::new());
        if let Some(name) = &wanted.name {
            callers = self.api.handle.store.find_by_name(self.tenant(), &Secret::new(name.clone()))?;
            let words = words_of(name);
            let has = |text: &str| !words.is_empty() && words.is_subset(&words_of(text));
            users.extend(self.users.iter().filter(|u| u.text("name").is_some_and(has)));
            let named = |person: &Person| has(person.name.expose_secret());
            listed = self.api.handle.directories.of_whom(self.tenant(), &named);
        } else {
            let forms = self.forms_of(wanted)?;
            callers.extend(self.callers_with(&forms)?);
            users.extend(self.users_with(&forms));
            listed.extend(self.listed_with(&forms));
        }
        users.truncate(MOST);
        listed.truncate(MOST);
        // Who is both is found as both: by their account at Microsoft, and by the numbers that they call from.
        for (_, person) in &listed {
            let user = self.user_of_account(&person.object);
            users.extend(user.filter(|user| users.iter().all(|u| u.id != user.id)));
        }
        for user in &users {
            let Some(object) = user.text("microsoft") else { continue };
            let is = |person: &Person| !person.local && person.object.eq_ignore_ascii_case(object);
            for (who, person) in self.api.handle.directories.of_whom(self.tenant(), &is) {
                if listed.iter().all(|(known, _)| *known != who) {
                    listed.push((who, person));
                }
            }
        }
        let others = users.iter().map(|u| PersonId::User(u.id.clone()));
        let others: Vec<PersonId> =
            others.chain(listed.iter().map(|(who, _)| PersonId::Listed(*who))).collect();
        for id in &others {
            for person in self.callers_with(&self.forms(id)?)? {
                if !callers.contains(&person) {
                    callers.push(person);
                }
            }
        }
        Ok(callers.into_iter().map(PersonId::Caller).chain(others).collect())
    }

    /// The forms in which a number or an address that was typed may be kept.
    fn forms_of(&self, wanted: &Find) -> Result<Vec<String>, Problem> {
        if let Some(number) = &wanted.number {
            let typed = crate::http::call_list::compact(number);
            let forms = all_forms(&self.meaning, Some(typed).filter(|t| !t.is_empty()).into_iter());
            return Ok(forms.into_iter().filter(|form| !form.is_empty()).collect());
        }
        let typed = wanted.address.as_deref().unwrap_or_default().trim();
        let plain = ["sips:", "sip:", "mailto:"]
            .iter()
            .find_map(|scheme| typed.strip_prefix(scheme))
            .unwrap_or(typed);
        if plain.is_empty() {
            return Ok(Vec::new());
        }
        // Capitals count before the @ of a SIP address and not behind it; people who write an e-mail address mean the same by
        // both.
        let mut forms = vec![plain.to_string(), plain.to_ascii_lowercase()];
        if let Some((user, host)) = plain.split_once('@') {
            forms.push(format!("{user}@{}", host.to_ascii_lowercase()));
        }
        forms.dedup();
        Ok(forms)
    }
}

/// Each number in all forms in which it may have come with a call, addresses as they are; each form once.
fn all_forms(meaning: &Meaning, texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for text in texts {
        for form in meaning.forms_of(&text) {
            if !all.contains(form.expose_secret()) {
                all.push(form.expose_secret().clone());
            }
        }
    }
    all
}

fn digits_of(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}
