//! What is kept of people, and their rights: found by number, exported, corrected, restricted, erased; legal holds; what
//! retention did and would do.

use crate::http::accounts::blocking;
use crate::http::calls::{caller_of, read_id};
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::retention_io;
use crate::tenant::meaning::Names;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use redact::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use store::{CallFilter, EraseReason, Held, StoreError};

/// The longest reason or name that is taken, in characters.
const LONGEST: usize = 500;

/// Whom to look for: by exactly one of the three.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Find {
    /// A telephone number, as people write it.
    #[serde(default)]
    pub number: Option<String>,
    /// Words of a name in any order, whole ones; capitals and marks do not count.
    #[serde(default)]
    pub name: Option<String>,
    /// An address as SIP or e-mail has it, `anna@example.org`: of whoever calls from it, and the numbers of the user whose
    /// address for messages it is.
    #[serde(default)]
    pub address: Option<String>,
}

/// A person who called.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PersonKept {
    /// Id.
    pub id: String,
    /// Number or address.
    pub address: String,
    /// Names that came with calls.
    pub names: Vec<String>,
    /// How many calls.
    pub calls: u64,
    /// Whether the person's data is hidden from everybody but this page.
    pub restricted: bool,
    /// Whether the person objects to automated decisions.
    pub objected: bool,
    /// Ids of holds that keep something of this person.
    pub holds: Vec<String>,
    /// Id of the user of this account who has this number or address. What is kept of them as a user belongs to the
    /// configuration: it goes when the user is deleted, and not with the caller.
    pub user: Option<String>,
}

/// Everything that is kept of a person.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PersonExport {
    /// Who.
    pub person: PersonKept,
    /// Calls that name the person, with recordings and messages in which they are heard, and notes on their own ones.
    pub calls: Vec<CallKept>,
    /// What owners entered beside Microsoft's directory under the same number.
    pub entered: Vec<EntryKept>,
}

/// Somebody whom an owner entered.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EntryKept {
    /// Id, to be erased at `/directory/local/{id}`.
    pub id: String,
    /// Name.
    pub name: String,
    /// Address of electronic mail; empty for none.
    pub mail: String,
    /// Numbers at work.
    pub business: Vec<String>,
    /// The mobile number.
    pub mobile: Option<String>,
}

fn entered(api: &Api, asker: &Asker, address: &str) -> Vec<EntryKept> {
    let text = |secret: &Secret<String>| secret.expose_secret().clone();
    let all = api.handle.directories.local_with_number(asker.0.tenant, address);
    all.into_iter()
        .map(|(_, person)| EntryKept {
            name: text(&person.name),
            mail: text(&person.mail),
            business: person.business.iter().map(text).collect(),
            mobile: person.mobile.as_ref().map(text),
            id: person.object,
        })
        .collect()
}

/// A call of a person.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CallKept {
    /// Its id.
    pub call: String,
    /// When it began.
    pub began: String,
    /// When it ended.
    pub ended: String,
    /// Whether the person called, or was the one called: else the call was for them at first, or they came into it later.
    pub own: bool,
    /// Notes on it; null where the call is another's.
    pub notes: Option<String>,
    /// Ids of recordings, to be had at `/recordings/{id}`.
    pub recordings: Vec<String>,
}

/// What to change about a person.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonChange {
    /// The name that stands for those that came with calls.
    #[serde(default)]
    pub name: Option<String>,
    /// Whether the person's data is hidden.
    #[serde(default)]
    pub restricted: Option<bool>,
    /// Whether the person objects to automated decisions.
    #[serde(default)]
    pub objected: Option<bool>,
}

/// What an erasure did.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Erasure {
    /// Calls that no longer say who called.
    pub calls: u64,
    /// Recordings and messages that are gone.
    pub recordings: u64,
    /// Notes that are gone.
    pub notes: u64,
    /// Entries beside Microsoft's directory that had the same number and are gone.
    pub entered: u64,
    /// Holds that keep the person; then nothing was erased.
    pub kept_by: Vec<String>,
    /// What these holds kept; null where the person was erased.
    pub kept: Option<Kept>,
    /// Id of the user of this account who has the same number or address: what is kept of them as a user is still there.
    pub user: Option<String>,
    /// Backups that still hold the person's key, because they could not be reached: they are tried again each hour. The
    /// erasure is complete when there is none.
    pub backups_pending: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// What was not erased, because holds keep it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Kept {
    /// The holds, with what each is on and why.
    pub holds: Vec<HoldView>,
    /// Calls that still say who called.
    pub calls: u64,
    /// Recordings and messages.
    pub recordings: u64,
    /// Notes on calls.
    pub notes: u64,
}

/// Why somebody is erased.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EraseQuery {
    reason: Option<String>,
}

/// A hold to place: exactly one of `person`, `call` and `queue`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// Id of a person.
    #[serde(default)]
    pub person: Option<String>,
    /// Id of a call.
    #[serde(default)]
    pub call: Option<String>,
    /// Id of a queue.
    #[serde(default)]
    pub queue: Option<String>,
    /// Why.
    pub reason: String,
}

/// A legal hold.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HoldView {
    /// Its id.
    pub id: String,
    /// What it keeps: `person p1`, `call c1` or `queue` with its id.
    pub keeps: String,
    /// Why.
    pub reason: String,
    /// By whom.
    pub who: String,
    /// Since when.
    pub at: String,
}

/// Whether to try only.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DryQuery {
    dry: Option<bool>,
}

/// What retention did and would do.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RetentionView {
    /// By rule: class, calls that are due now, calls that holds keep, and when the next is due.
    pub due: Value,
    /// The newest runs, newest first.
    pub runs: Vec<RunView>,
}

/// A run of the job.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RunView {
    /// When it began.
    pub at: String,
    /// When it ended; null when it was interrupted.
    pub ended: Option<String>,
    /// What it did, by rule.
    pub report: Value,
}

pub(super) fn person_id(text: &str) -> Result<u64, Problem> {
    read_id(text, 'p').ok_or_else(|| Problem::not_found(&format!("person {text:?}")))
}

fn kept(api: &Api, asker: &Asker, person: u64) -> Result<PersonKept, Problem> {
    let (store, tenant) = (&api.handle.store, asker.0.tenant);
    let about = store.person(tenant, person).map_err(|e| match e {
        StoreError::NotFound(_) => Problem::not_found(&format!("person \"p{person}\"")),
        e => e.into(),
    })?;
    let holds = store.holds_on_person(tenant, person)?;
    let user = user_of(api, asker, about.address.expose_secret())?;
    Ok(PersonKept {
        id: format!("p{person}"),
        address: about.address.expose_secret().clone(),
        names: about.names.iter().map(|n| n.expose_secret().clone()).collect(),
        calls: about.calls,
        restricted: about.restricted,
        objected: about.objected,
        holds: holds.iter().map(|h| format!("h{h}")).collect(),
        user,
    })
}

/// The users of an account, each with the numbers and addresses that they call from, as people who call are known by, and
/// their address for messages.
type Users = Vec<(String, Vec<String>, Option<String>)>;

fn users(api: &Api, asker: &Asker) -> Result<Users, Problem> {
    let documents = crate::running::stored_documents(&api.handle.store, asker.0.tenant);
    let (documents, _) = documents.map_err(crate::http::accounts::failed)?;
    let tenant = asker.0.tenant;
    let of_kind: Vec<_> = documents.into_values().filter(|d| d.kind == "User").collect();
    let found = api.handle.ask_and_wait(move |switch, _| {
        let meaning = &switch.tenant(tenant)?.meaning;
        let of = |d: crate::tenant::check::Document| {
            let text = |field: &str| d.body[field].as_str().map(str::to_string);
            let phone =
                text("phone").map(|p| p.trim_start_matches("sips:").trim_start_matches("sip:").to_string());
            let spoken = [text("teams_number"), text("line"), text("number"), phone];
            let forms = spoken.into_iter().flatten().flat_map(|n| meaning.forms_of(&n));
            let forms = forms.map(|form| form.expose_secret().clone()).collect();
            (d.id.clone(), forms, text("email"))
        };
        Some(of_kind.into_iter().map(of).collect())
    });
    Ok(found.ok_or_else(Problem::stopping)?.unwrap_or_default())
}

fn user_of(api: &Api, asker: &Asker, address: &str) -> Result<Option<String>, Problem> {
    let same = |form: &String| form.eq_ignore_ascii_case(address);
    let is = |(_, forms, email): &(String, Vec<String>, Option<String>)| {
        forms.iter().any(same) || email.as_ref().is_some_and(same)
    };
    let all = if address.is_empty() { Users::new() } else { users(api, asker)? };
    Ok(all.into_iter().find(is).map(|(id, ..)| id))
}

fn note(api: &Api, asker: &Asker, action: &str, person: u64, detail: String) -> Result<(), Problem> {
    let what = (asker.name(), format!("Person/p{person}"));
    let about = (what.0.as_str(), action, what.1.as_str());
    let store = &api.handle.store;
    let noted =
        store.audit_about(asker.0.tenant, crate::clock::wall_ms(), about, person, &Secret::new(detail));
    match noted {
        // Of whoever was erased, or half erased, nothing can be sealed any more.
        Err(StoreError::NotFound(_)) => {
            Ok(store.audit(asker.0.tenant, crate::clock::wall_ms(), about.0, about.1, about.2)?)
        }
        noted => Ok(noted?),
    }
}

/// Who was erased or restricted is not called back.
fn forget(api: &Api, asker: &Asker, parties: Vec<engine::PartyId>) {
    let tenant = asker.0.tenant;
    let told = api.handle.ask_and_wait(move |switch, _| switch.forget_parties(tenant, &parties));
    if told.is_none() {
        tracing::error!(
            event = "parties_kept",
            tenant = tenant.0,
            "the switch could not be told to forget the numbers of a person: it does so when the server is started again"
        );
    }
}

/// The agent of last time and promises to call back are nobody's any more.
fn unremember(api: &Api, asker: &Asker, known: store::Alias) {
    let tenant = asker.0.tenant;
    if api.handle.ask_and_wait(move |switch, now| switch.forget_person(now, tenant, known)).is_none() {
        tracing::error!(
            event = "person_remembered",
            tenant = tenant.0,
            "the switch could not be told that somebody was erased: what it remembers of them leads to nobody"
        );
    }
}

/// Whoever is restricted is shown to nobody when they call again.
fn restrict(api: &Api, asker: &Asker, person: u64, is: bool) {
    let tenant = asker.0.tenant;
    if api.handle.ask_and_wait(move |switch, _| switch.restrict(tenant, person, is)).is_none() {
        tracing::error!(
            event = "restriction_untold",
            tenant = tenant.0,
            "the switch could not be told of a restriction: it knows it when the server is started again"
        );
    }
}

/// `POST /people/find`
pub async fn find(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Json(wanted): Json<Find>,
) -> Result<Json<Vec<PersonKept>>, Problem> {
    let tenant = asker.0.tenant;
    let unfit = |what: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what.to_string());
    let looked_for = match (&wanted.number, &wanted.name, &wanted.address) {
        (Some(text), None, None) | (None, Some(text), None) | (None, None, Some(text)) => text,
        _ => return Err(unfit("look by exactly one of number, name and address")),
    };
    let looked_for: String = looked_for.trim().chars().take(LONGEST).collect();
    let typed = crate::http::call_list::compact(wanted.number.as_deref().unwrap_or_default());
    let number = Secret::new(typed.clone());
    let forms = api.handle.ask(move |switch, _| switch.tenant(tenant).map(|t| t.meaning.forms_of(&typed)));
    let mut forms = forms.await.ok_or_else(Problem::stopping)?.unwrap_or_default();
    forms.insert(0, number);
    blocking(move || {
        let store = &api.handle.store;
        if let Some(address) = &wanted.address {
            forms = addresses(&api, &asker, address)?;
        }
        let mut found = match &wanted.name {
            Some(name) => store.find_by_name(tenant, &Secret::new(name.clone()))?,
            None => Vec::new(),
        };
        for form in &forms {
            if let Some(person) = store.find_person(tenant, form)?
                && !found.contains(&person)
            {
                found.push(person);
            }
        }
        let mut all = Vec::new();
        for person in found {
            note(&api, &asker, "person.find", person, looked_for.clone())?;
            all.push(kept(&api, &asker, person)?);
        }
        if all.is_empty() {
            store.audit(tenant, crate::clock::wall_ms(), &asker.name(), "person.find", "Person/nobody")?;
        }
        Ok(Json(all))
    })
    .await
}

/// What somebody with this address may be known by: the address itself, and the numbers of the user who has it.
fn addresses(api: &Api, asker: &Asker, typed: &str) -> Result<Vec<Secret<String>>, Problem> {
    let typed = typed.trim();
    let plain =
        ["sips:", "sip:", "mailto:"].iter().find_map(|scheme| typed.strip_prefix(scheme)).unwrap_or(typed);
    // Capitals count before the @ of a SIP address and not behind it; people who write an e-mail address mean the same by both.
    let mut forms = vec![plain.to_string(), plain.to_ascii_lowercase()];
    if let Some((user, host)) = plain.split_once('@') {
        forms.push(format!("{user}@{}", host.to_ascii_lowercase()));
    }
    for (_, numbers, email) in users(api, asker)? {
        if email.is_some_and(|e| e.eq_ignore_ascii_case(plain)) {
            forms.extend(numbers);
        }
    }
    Ok(forms.into_iter().filter(|form| !form.is_empty()).map(Secret::new).collect())
}

/// Everything that is kept of a person; it is noted.
pub(super) fn everything(api: &Api, asker: &Asker, person: u64) -> Result<PersonExport, Problem> {
    let about = kept(api, asker, person)?;
    note(api, asker, "person.export", person, String::new())?;
    let (store, tenant) = (&api.handle.store, asker.0.tenant);
    let entered = entered(api, asker, &about.address);
    let own = store.parties_of(tenant, person)?;
    let heard: std::collections::BTreeSet<_> =
        store.heard_in(tenant, person)?.into_iter().map(|(recording, _)| recording).collect();
    let mut calls = Vec::new();
    let mut before = None;
    loop {
        let filter = CallFilter { names: Some(person), before, limit: 500, ..CallFilter::default() };
        let page = store.calls(tenant, &filter)?;
        for call in &page.calls {
            let is_own = own.contains(&call.caller);
            let notes = match is_own {
                true => store.notes_even_restricted(tenant, call.id)?,
                false => None,
            };
            let recordings = call.recordings.iter().filter(|r| is_own || heard.contains(r));
            calls.push(CallKept {
                call: crate::view::call_id(call.id),
                began: crate::view::time(call.began),
                ended: crate::view::time(call.ended),
                own: is_own,
                notes: notes.map(|n| n.text.expose_secret().clone()),
                recordings: recordings.map(|r| crate::view::recording_id(*r)).collect(),
            });
        }
        before = page.next;
        if before.is_none() {
            return Ok(PersonExport { person: about, calls, entered });
        }
    }
}

/// `GET /people/{id}`
pub async fn export(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<Json<PersonExport>, Problem> {
    let person = person_id(&id)?;
    blocking(move || Ok(Json(everything(&api, &asker, person)?))).await
}

/// `PATCH /people/{id}`
pub async fn change(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    Json(wanted): Json<PersonChange>,
) -> Result<Json<PersonKept>, Problem> {
    let person = person_id(&id)?;
    if wanted.name.as_ref().is_some_and(|n| n.chars().count() > LONGEST) {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("a name has at most {LONGEST} characters"),
        ));
    }
    blocking(move || {
        kept(&api, &asker, person)?;
        let (store, tenant, now) = (&api.handle.store, asker.0.tenant, crate::clock::wall_ms());
        if let Some(name) = &wanted.name {
            store.correct_person(tenant, person, &Secret::new(name.clone()), now, &asker.name())?;
        }
        if wanted.restricted.is_some() || wanted.objected.is_some() {
            store.mark_person(tenant, person, wanted.restricted, wanted.objected, now, &asker.name())?;
        }
        if let (Some(is), Some(hash)) = (wanted.restricted, store.hash_of_person(tenant, person)?) {
            restrict(&api, &asker, hash, is);
        }
        if wanted.restricted == Some(true) {
            forget(&api, &asker, store.parties_of(tenant, person)?);
        }
        Ok(Json(kept(&api, &asker, person)?))
    })
    .await
}

/// `DELETE /people/{id}`
pub async fn erase(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    Query(query): Query<EraseQuery>,
) -> Result<Json<Erasure>, Problem> {
    let person = person_id(&id)?;
    let reason = match &query.reason {
        None => EraseReason::Unsaid,
        Some(said) => EraseReason::ALL.into_iter().find(|r| r.name() == said).ok_or_else(|| {
            let all: Vec<&str> = EraseReason::ALL.iter().map(|r| r.name()).collect();
            let what = format!("a reason is one of {}: what the audit log says stays", all.join(", "));
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what)
        })?,
    };
    let names = queue_names(&api, &asker).await?;
    blocking(move || {
        let began = std::time::Instant::now();
        let (store, tenant, now) = (&api.handle.store, asker.0.tenant, crate::clock::wall_ms());
        // Of an erasure that was interrupted nothing is left that could be read: it is ended here.
        let hash = store.hash_of_person(tenant, person)?;
        let address = store.person(tenant, person).ok().map(|about| about.address);
        let user = match &address {
            Some(address) => user_of(&api, &asker, address.expose_secret())?,
            None => None,
        };
        let known = store.alias_of(tenant, person)?;
        // Before and after: who calls while the rows go is not the one who was known.
        let is_free = store.holds_on_person(tenant, person)?.is_empty();
        if let Some(known) = known.filter(|_| is_free) {
            unremember(&api, &asker, known);
        }
        // By the address, which nobody can read once the key is gone.
        let directories = &api.handle.directories;
        let known_as = address.filter(|a| is_free && !a.expose_secret().is_empty());
        let same = known_as.map(|a| directories.local_with_number(tenant, a.expose_secret()));
        let mut entered = 0;
        for (number, _) in same.unwrap_or_default() {
            entered += u64::from(directories.erase_entered(store, tenant, number)?);
        }
        let erased = store.erase_person(tenant, person, now, &asker.name(), reason).map_err(|e| match e {
            StoreError::NotFound(_) => Problem::not_found(&format!("person \"p{person}\"")),
            e => e.into(),
        })?;
        let mut done = Erasure {
            calls: erased.calls,
            recordings: erased.recordings,
            notes: erased.notes,
            entered,
            kept_by: erased.kept_by.iter().map(|h| format!("h{h}")).collect(),
            kept: None,
            user,
            backups_pending: 0,
            took_ms: 0,
        };
        if !done.kept_by.is_empty() {
            let holds = store.holds(tenant)?.into_iter().filter(|h| erased.kept_by.contains(&h.id));
            done.kept = Some(Kept {
                holds: holds.map(|h| hold_view(h, names.as_deref())).collect(),
                calls: std::mem::take(&mut done.calls),
                recordings: std::mem::take(&mut done.recordings),
                notes: std::mem::take(&mut done.notes),
            });
            return Ok(Json(done));
        }
        if let Some(hash) = hash {
            restrict(&api, &asker, hash, false);
        }
        if let Some(known) = known {
            unremember(&api, &asker, known);
        }
        forget(&api, &asker, erased.parties);
        done.backups_pending = retention_io::replace_copies(store);
        done.took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Json(done))
    })
    .await
}

/// `GET /holds`
pub async fn holds(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
) -> Result<Json<Vec<HoldView>>, Problem> {
    let names = queue_names(&api, &asker).await?;
    let tenant = asker.0.tenant;
    blocking(move || {
        let all = api.handle.store.holds(tenant)?.into_iter();
        Ok(Json(all.map(|h| hold_view(h, names.as_deref())).collect()))
    })
    .await
}

async fn queue_names(api: &Api, asker: &Asker) -> Result<Option<Arc<Names>>, Problem> {
    let tenant = asker.0.tenant;
    let names = api.handle.ask(move |switch, _| switch.tenant(tenant).map(|t| t.meaning.names.clone()));
    names.await.ok_or_else(Problem::stopping)
}

fn hold_view(hold: store::Hold, names: Option<&Names>) -> HoldView {
    HoldView {
        id: format!("h{}", hold.id),
        keeps: match hold.held {
            Held::Person(n) => format!("person p{n}"),
            Held::Call(n) => format!("call c{n}"),
            Held::Queue(n) => {
                let name = names.map(|names| names.of("Queue", u32::try_from(n).unwrap_or(0)));
                format!("queue {}", name.unwrap_or_default())
            }
        },
        reason: hold.reason.expose_secret().clone(),
        who: hold.who,
        at: crate::view::time(engine::Time(hold.at)),
    }
}

/// `POST /holds`
pub async fn place(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Json(wanted): Json<NewHold>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let unfit = |what: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what.to_string());
    let reason = wanted.reason.trim().to_string();
    if reason.is_empty() || reason.chars().count() > LONGEST {
        return Err(unfit("say why, in at most 500 characters"));
    }
    let tenant = asker.0.tenant;
    let held = match (&wanted.person, &wanted.call, &wanted.queue) {
        (Some(person), None, None) => Held::Person(person_id(person)?),
        (None, Some(call), None) => Held::Call(caller_of(&api, &asker, call).await?.call.0),
        (None, None, Some(queue)) => {
            let name = queue.clone();
            let number = api.handle.ask(move |switch, _| {
                switch.tenant(tenant).and_then(|t| t.meaning.names.number("Queue", &name))
            });
            let number = number.await.ok_or_else(Problem::stopping)?;
            Held::Queue(u64::from(number.ok_or_else(|| Problem::not_found(&format!("queue {queue:?}")))?))
        }
        _ => return Err(unfit("a hold is on exactly one of person, call and queue")),
    };
    blocking(move || {
        let now = crate::clock::wall_ms();
        let id = api.handle.store.place_hold(tenant, held, &Secret::new(reason), now, &asker.name())?;
        Ok((StatusCode::CREATED, Json(serde_json::json!({"id": format!("h{id}")}))))
    })
    .await
}

/// `DELETE /holds/{id}`
pub async fn lift(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let missing = || Problem::not_found(&format!("hold {id:?}"));
    let hold = read_id(&id, 'h').ok_or_else(missing)?;
    let lifted = blocking(move || {
        let (store, now) = (&api.handle.store, crate::clock::wall_ms());
        match store.lift_hold(asker.0.tenant, hold, now, &asker.name()) {
            Ok(()) => Ok(true),
            Err(StoreError::NotFound(_)) => Ok(false),
            Err(e) => Err(e.into()),
        }
    });
    lifted.await?.then_some(StatusCode::NO_CONTENT).ok_or_else(missing)
}

/// `GET /retention/status`
pub async fn status(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
) -> Result<Json<RetentionView>, Problem> {
    blocking(move || {
        let (store, tenant) = (&api.handle.store, asker.0.tenant);
        let due = retention_io::look_ahead(store, tenant).map_err(crate::http::accounts::failed)?;
        let time = |ms| crate::view::time(engine::Time(ms));
        let runs = store.runs(tenant, 20)?.into_iter().map(|r| RunView {
            at: time(r.at),
            ended: r.ended.map(time),
            report: serde_json::from_str(&r.report).unwrap_or_default(),
        });
        Ok(Json(RetentionView { due, runs: runs.collect() }))
    })
    .await
}

/// `POST /retention/run`
pub async fn run(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(query): Query<DryQuery>,
) -> Result<Json<Value>, Problem> {
    blocking(move || {
        let (store, tenant) = (&api.handle.store, asker.0.tenant);
        let done = match query.dry {
            Some(true) => retention_io::look_ahead(store, tenant),
            _ => {
                store.audit(
                    tenant,
                    crate::clock::wall_ms(),
                    &asker.name(),
                    "retention.run",
                    "Retention/all",
                )?;
                retention_io::run(&api.handle, tenant, &AtomicBool::new(false))
            }
        };
        Ok(Json(done.map_err(crate::http::accounts::failed)?))
    })
    .await
}
