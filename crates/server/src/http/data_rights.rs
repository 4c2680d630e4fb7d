//! What is kept of people, and their rights: found by number, exported, corrected, restricted, erased; legal holds; what
//! retention did and would do.

use crate::http::accounts::blocking;
use crate::http::calls::{caller_of, read_id};
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::retention_io;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use redact::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::atomic::AtomicBool;
use store::{CallFilter, Held, StoreError};

/// The longest reason or name that is taken, in characters.
const LONGEST: usize = 500;

/// Whom to look for.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Find {
    /// A number or address, as people write it.
    pub number: String,
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
}

/// Everything that is kept of a person.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PersonExport {
    /// Who.
    pub person: PersonKept,
    /// Calls, with notes on them, recordings and messages.
    pub calls: Vec<CallKept>,
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
    /// Notes on it.
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
    /// Holds that keep the person; then nothing was erased.
    pub kept_by: Vec<String>,
    /// Backups that still hold the person's key, because they could not be reached: they are tried again each hour. The
    /// erasure is complete when there is none.
    pub backups_pending: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
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

fn person_id(text: &str) -> Result<u64, Problem> {
    read_id(text, 'p').ok_or_else(|| Problem::not_found(&format!("person {text:?}")))
}

fn kept(api: &Api, asker: &Asker, person: u64) -> Result<PersonKept, Problem> {
    let (store, tenant) = (&api.handle.store, asker.0.tenant);
    let about = store.person(tenant, person).map_err(|e| match e {
        StoreError::NotFound(_) => Problem::not_found(&format!("person \"p{person}\"")),
        e => e.into(),
    })?;
    let holds = store.holds_on_person(tenant, person)?;
    Ok(PersonKept {
        id: format!("p{person}"),
        address: about.address.expose_secret().clone(),
        names: about.names.iter().map(|n| n.expose_secret().clone()).collect(),
        calls: about.calls,
        restricted: about.restricted,
        objected: about.objected,
        holds: holds.iter().map(|h| format!("h{h}")).collect(),
    })
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

/// `POST /people/find`
pub async fn find(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Json(wanted): Json<Find>,
) -> Result<Json<Vec<PersonKept>>, Problem> {
    let tenant = asker.0.tenant;
    let number = Secret::new(crate::http::call_list::compact(&wanted.number));
    let typed = number.clone();
    let forms = api
        .handle
        .ask(move |switch, _| switch.tenant(tenant).map(|t| t.meaning.forms_of(typed.expose_secret())));
    let forms = forms.await.ok_or_else(Problem::stopping)?.unwrap_or_default();
    blocking(move || {
        let mut found = Vec::new();
        for form in std::iter::once(number).chain(forms) {
            if let Some(person) = api.handle.store.find_person(tenant, &form)?
                && !found.contains(&person)
            {
                found.push(person);
            }
        }
        let mut all = Vec::new();
        for person in found {
            note(&api, &asker, "person.find", person, wanted.number.chars().take(LONGEST).collect())?;
            all.push(kept(&api, &asker, person)?);
        }
        if all.is_empty() {
            let (store, now) = (&api.handle.store, crate::clock::wall_ms());
            store.audit(tenant, now, &asker.name(), "person.find", "Person/nobody")?;
        }
        Ok(Json(all))
    })
    .await
}

/// `GET /people/{id}`
pub async fn export(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<Json<PersonExport>, Problem> {
    let person = person_id(&id)?;
    blocking(move || {
        let about = kept(&api, &asker, person)?;
        note(&api, &asker, "person.export", person, String::new())?;
        let (store, tenant) = (&api.handle.store, asker.0.tenant);
        let mut calls = Vec::new();
        let Some(party) = store.party_of(tenant, person)? else {
            return Ok(Json(PersonExport { person: about, calls }));
        };
        let mut before = None;
        loop {
            let filter = CallFilter { same_caller: Some(party), before, limit: 500, ..CallFilter::default() };
            let page = store.calls(tenant, &filter)?;
            for call in &page.calls {
                calls.push(CallKept {
                    call: crate::view::call_id(call.id),
                    began: crate::view::time(call.began),
                    ended: crate::view::time(call.ended),
                    notes: store
                        .notes_even_restricted(tenant, call.id)?
                        .map(|n| n.text.expose_secret().clone()),
                    recordings: call.recordings.iter().map(|r| crate::view::recording_id(*r)).collect(),
                });
            }
            before = page.next;
            if before.is_none() {
                return Ok(Json(PersonExport { person: about, calls }));
            }
        }
    })
    .await
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
) -> Result<Json<Erasure>, Problem> {
    let person = person_id(&id)?;
    blocking(move || {
        let began = std::time::Instant::now();
        let (store, tenant, now) = (&api.handle.store, asker.0.tenant, crate::clock::wall_ms());
        // The person is not read first: an erasure that was interrupted left nothing that could be, and is ended here.
        let erased = store.erase_person(tenant, person, now, &asker.name()).map_err(|e| match e {
            StoreError::NotFound(_) => Problem::not_found(&format!("person \"p{person}\"")),
            e => e.into(),
        })?;
        let mut done = Erasure {
            calls: erased.calls,
            recordings: erased.recordings,
            notes: erased.notes,
            kept_by: erased.kept_by.iter().map(|h| format!("h{h}")).collect(),
            backups_pending: 0,
            took_ms: 0,
        };
        if !done.kept_by.is_empty() {
            return Ok(Json(done));
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
    let tenant = asker.0.tenant;
    let names = api.handle.ask(move |switch, _| switch.tenant(tenant).map(|t| t.meaning.names.clone()));
    let names = names.await.ok_or_else(Problem::stopping)?;
    blocking(move || {
        let all = api.handle.store.holds(tenant)?.into_iter().map(|h| HoldView {
            id: format!("h{}", h.id),
            keeps: match h.held {
                Held::Person(n) => format!("person p{n}"),
                Held::Call(n) => format!("call c{n}"),
                Held::Queue(n) => {
                    let name = names.as_ref().map(|names| names.of("Queue", u32::try_from(n).unwrap_or(0)));
                    format!("queue {}", name.unwrap_or_default())
                }
            },
            reason: h.reason.expose_secret().clone(),
            who: h.who,
            at: crate::view::time(engine::Time(h.at)),
        });
        Ok(Json(all.collect()))
    })
    .await
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
