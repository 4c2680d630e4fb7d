//! The rights of people of whom something is kept: found, corrected, restricted, erased; legal holds; what retention did and
//! would do.

use crate::http::accounts::blocking;
use crate::http::calls::{caller_of, read_id};
use crate::http::identity::Asker;
use crate::http::person_records::{PersonId, PersonKept, Records};
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::microsoft::InDirectory;
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
use store::{EraseReason, Held, PersonAbout, StoreError};

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
    /// An address as SIP or e-mail has it, `anna@example.org`: of whoever calls from it, of users and of people of a
    /// directory, and whoever calls from their numbers.
    #[serde(default)]
    pub address: Option<String>,
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
    /// Whether the person objects to being treated by what is known of them: no routing by it, no name on a screen.
    #[serde(default)]
    pub objected: Option<bool>,
}

/// What an erasure did.
#[derive(Debug, Default, Serialize, JsonSchema)]
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
    /// Whether what is kept of somebody of Microsoft's directory is hidden from here on, because it would come back if it were
    /// taken away. What an owner said of them is gone.
    pub hidden: bool,
    /// Id of the user of this account who has the same number or address: what is kept of them as a user is still there.
    pub user: Option<String>,
    /// What still says something of the person, because it is removed elsewhere: nobody but an administrator can do that.
    pub remains: Vec<Remains>,
    /// Backups that still hold the person's key, because they could not be reached: they are tried again each hour. The
    /// erasure is complete when there is none.
    pub backups_pending: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// Something that still says something of a person after an erasure.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Remains {
    /// Where.
    pub r#in: RemainsIn,
    /// Its id there.
    pub id: String,
    /// What has to be done, in a sentence.
    pub say: String,
}

/// Where something of a person remains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RemainsIn {
    /// A user of the configuration.
    User,
    /// A list of numbers of the configuration.
    List,
    /// Microsoft's directory.
    Directory,
    /// An entry beside Microsoft's directory.
    Entered,
    /// Calls with the same number.
    Caller,
}

impl Remains {
    fn of(place: RemainsIn, id: impl ToString) -> Remains {
        let id = id.to_string();
        let say = match place {
            RemainsIn::User => format!("the configuration has the user {id}: delete the user there"),
            RemainsIn::List => {
                format!("the list {id} of the tenant still has the number: take it off in the configuration")
            }
            RemainsIn::Directory => format!(
                "Microsoft's directory has {id}: delete the person in Entra ID, then they go here too"
            ),
            RemainsIn::Entered => format!("{id} was entered beside Microsoft's directory: erase that record"),
            RemainsIn::Caller => format!("{id} called from the same number or address: erase that record"),
        };
        Remains { r#in: place, id, say }
    }
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

/// Notes in the audit log what was done with a record; what was looked for is sealed with the person's key.
pub(super) fn note(
    api: &Api,
    asker: &Asker,
    action: &str,
    id: &PersonId,
    detail: String,
) -> Result<(), Problem> {
    let (who, what) = (asker.name(), id.in_log());
    let (store, tenant, now) = (&api.handle.store, asker.0.tenant, crate::clock::wall_ms());
    let noted = match id {
        PersonId::Caller(person) => store.audit_about(
            tenant,
            now,
            (who.as_str(), action, what.as_str()),
            *person,
            &Secret::new(detail),
        ),
        _ => store.audit(tenant, now, &who, action, &what),
    };
    match noted {
        // Of whoever was erased, or half erased, nothing can be sealed any more.
        Err(StoreError::NotFound(_)) => Ok(store.audit(tenant, now, &who, action, &what)?),
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

/// What a person said no to holds for the next call.
fn tell_wish(api: &Api, asker: &Asker, numbers: Vec<u64>, restricted: Option<bool>, objected: Option<bool>) {
    let tenant = asker.0.tenant;
    let told =
        api.handle.ask_and_wait(move |switch, _| switch.mark_person(tenant, &numbers, restricted, objected));
    if told.is_none() {
        tracing::error!(
            event = "wish_untold",
            tenant = tenant.0,
            "the switch could not be told of a restriction or an objection: it knows it when the server is started again"
        );
    }
}

/// Whoever objected has no agent of last time any more, and no name in calls that go on.
fn treat_as_unknown(api: &Api, asker: &Asker, known: Option<store::Alias>, parties: Vec<engine::PartyId>) {
    let tenant = asker.0.tenant;
    let told = api.handle.ask_and_wait(move |switch, now| {
        switch.forget_names(tenant, &parties);
        if let Some(known) = known {
            switch.forget_person(now, tenant, known);
        }
    });
    if told.is_none() {
        tracing::error!(
            event = "objector_remembered",
            tenant = tenant.0,
            "the switch could not be told to forget the last agent of somebody who objected: new calls ask for none"
        );
    }
}

/// `POST /people/find`
pub async fn find(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Json(wanted): Json<Find>,
) -> Result<Json<Vec<PersonKept>>, Problem> {
    let unfit = |what: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what.to_string());
    let looked_for = match (&wanted.number, &wanted.name, &wanted.address) {
        (Some(text), None, None) | (None, Some(text), None) | (None, None, Some(text)) => text,
        _ => return Err(unfit("look by exactly one of number, name and address")),
    };
    let looked_for: String = looked_for.trim().chars().take(LONGEST).collect();
    blocking(move || {
        let records = Records::of(&api, &asker)?;
        let mut all = Vec::new();
        for id in records.find(&wanted)? {
            note(&api, &asker, "person.find", &id, looked_for.clone())?;
            all.push(records.kept(&id)?);
        }
        if all.is_empty() {
            let (store, now) = (&api.handle.store, crate::clock::wall_ms());
            store.audit(asker.0.tenant, now, &asker.name(), "person.find", "Person/nobody")?;
        }
        Ok(Json(all))
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
    let id = PersonId::read(&id)?;
    if wanted.name.as_ref().is_some_and(|n| n.chars().count() > LONGEST) {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("a name has at most {LONGEST} characters"),
        ));
    }
    blocking(move || {
        let records = Records::of(&api, &asker)?;
        records.kept(&id)?;
        match &id {
            PersonId::Caller(person) => change_caller(&api, &asker, *person, &wanted)?,
            _ => change_other(&records, &id, &wanted)?,
        }
        Ok(Json(records.kept(&id)?))
    })
    .await
}

fn change_caller(api: &Api, asker: &Asker, person: u64, wanted: &PersonChange) -> Result<(), Problem> {
    let (store, tenant, now) = (&api.handle.store, asker.0.tenant, crate::clock::wall_ms());
    if let Some(name) = &wanted.name {
        store.correct_person(tenant, person, &Secret::new(name.clone()), now, &asker.name())?;
    }
    if wanted.restricted.is_some() || wanted.objected.is_some() {
        store.mark_person(tenant, person, wanted.restricted, wanted.objected, now, &asker.name())?;
    }
    let numbers = store.numbers_of_person(tenant, person)?;
    tell_wish(api, asker, numbers, wanted.restricted, wanted.objected);
    if wanted.restricted == Some(true) {
        forget(api, asker, store.parties_of(tenant, person)?);
    }
    if wanted.objected == Some(true) {
        let known = store.alias_of(tenant, person)?;
        treat_as_unknown(api, asker, known, store.parties_of(tenant, person)?);
    }
    Ok(())
}

/// Of a user, or somebody of a directory: an objection is kept with each of their numbers, so that it holds when they call.
fn change_other(records: &Records<'_>, id: &PersonId, wanted: &PersonChange) -> Result<(), Problem> {
    let refused = |what: &str| Problem::new(StatusCode::CONFLICT, what.to_string());
    let (api, asker) = (records.api, records.asker);
    let (store, tenant, now) = (&api.handle.store, asker.0.tenant, crate::clock::wall_ms());
    if wanted.name.is_some() {
        return Err(refused(match id {
            PersonId::User(_) => "a user's name stands in the configuration: change it there",
            _ => "somebody of a directory is corrected on the page of the directory, or at Microsoft",
        }));
    }
    let texts = records.texts(id)?;
    if wanted.objected.is_some() && texts.is_empty() {
        return Err(refused("no number or address is known of them by which a call of theirs could be told"));
    }
    if let Some(is) = wanted.restricted {
        let PersonId::Listed(who) = id else {
            return Err(refused(
                "a user works here: what the configuration says of them is hidden by deleting the user",
            ));
        };
        records.listed(*who)?;
        api.handle.directories.restrict(store, tenant, *who, is)?;
        let action = if is { "person.restrict" } else { "person.restrict-end" };
        note(api, asker, action, id, String::new())?;
    }
    if let Some(is) = wanted.objected {
        let callers = match is {
            true => {
                let added =
                    texts.iter().map(|text| store.add_person(tenant, &Secret::new(text.clone()), now));
                added.collect::<Result<Vec<u64>, StoreError>>()?
            }
            false => records.callers_with(&records.forms(id)?)?,
        };
        let only = PersonChange { objected: Some(is), ..PersonChange::default() };
        for person in callers {
            change_caller(api, asker, person, &only)?;
        }
    }
    Ok(())
}

/// `DELETE /people/{id}`
pub async fn erase(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    Query(query): Query<EraseQuery>,
) -> Result<Json<Erasure>, Problem> {
    let id = PersonId::read(&id)?;
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
        let records = Records::of(&api, &asker)?;
        let mut done = match &id {
            PersonId::Caller(person) => erase_caller(&records, *person, reason, names.as_deref())?,
            _ => erase_other(&records, &id, reason)?,
        };
        done.took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Json(done))
    })
    .await
}

fn erase_caller(
    records: &Records<'_>,
    person: u64,
    reason: EraseReason,
    names: Option<&Names>,
) -> Result<Erasure, Problem> {
    let (api, asker) = (records.api, records.asker);
    let (store, tenant, now) = (&api.handle.store, asker.0.tenant, crate::clock::wall_ms());
    // Of an erasure that was interrupted nothing is left that could be read: it is ended here.
    let numbers = store.numbers_of_person(tenant, person)?;
    let address = store.person(tenant, person).ok().map(|about| about.address);
    // By the address, which nobody can read once the key is gone.
    let forms = match &address {
        Some(_) => records.forms(&PersonId::Caller(person))?,
        None => Vec::new(),
    };
    let user = records.users_with(&forms).next().map(|u| u.id.clone());
    let known = store.alias_of(tenant, person)?;
    // Before and after: who calls while the rows go is not the one who was known.
    let is_free = store.holds_on_person(tenant, person)?.is_empty();
    if let Some(known) = known.filter(|_| is_free) {
        unremember(api, asker, known);
    }
    let directories = &api.handle.directories;
    let same = address.filter(|a| !a.expose_secret().is_empty());
    let same = same.map(|a| directories.local_with_number(tenant, a.expose_secret())).unwrap_or_default();
    let numbers_entered: Vec<u64> = same.iter().map(|(number, _)| *number).collect();
    let erased = store.erase_person_and(tenant, (person, &numbers_entered), now, &asker.name(), reason);
    // Whoever was entered with the same number goes with the person, in one step, and only then: a hold may keep the person,
    // or the store be unable to erase them. What is known of them in memory goes here.
    let is_known = |about: PersonAbout| !about.address.expose_secret().is_empty();
    let mut entered = 0;
    if !same.is_empty() && !store.person(tenant, person).is_ok_and(is_known) {
        for number in numbers_entered {
            directories.forget_entry(tenant, number);
            entered += 1;
        }
    }
    let erased = erased.map_err(|e| match e {
        StoreError::NotFound(_) => Problem::not_found(&format!("person \"p{person}\"")),
        e => e.into(),
    })?;
    let mut done = Erasure {
        calls: erased.calls,
        recordings: erased.recordings,
        notes: erased.notes,
        entered,
        kept_by: erased.kept_by.iter().map(|h| format!("h{h}")).collect(),
        user,
        ..Erasure::default()
    };
    if !done.kept_by.is_empty() {
        let holds = store.holds(tenant)?.into_iter().filter(|h| erased.kept_by.contains(&h.id));
        done.kept = Some(Kept {
            holds: holds.map(|h| hold_view(h, names)).collect(),
            calls: std::mem::take(&mut done.calls),
            recordings: std::mem::take(&mut done.recordings),
            notes: std::mem::take(&mut done.notes),
        });
        return Ok(done);
    }
    tell_wish(api, asker, numbers, Some(false), Some(false));
    if let Some(known) = known {
        unremember(api, asker, known);
    }
    forget(api, asker, erased.parties);
    done.remains = remaining(records, &forms)?;
    done.backups_pending = retention_io::replace_copies(store);
    Ok(done)
}

/// Of a user nothing is erased here, and of somebody whom Microsoft's directory lists only what an owner said of them: what
/// is to be done where stands in what remains.
fn erase_other(records: &Records<'_>, id: &PersonId, reason: EraseReason) -> Result<Erasure, Problem> {
    let (api, asker) = (records.api, records.asker);
    let (store, tenant) = (&api.handle.store, asker.0.tenant);
    let mut done = Erasure { user: records.kept(id)?.user, ..Erasure::default() };
    let forms = records.forms(id)?;
    let asked = EraseReason::Unsaid.action();
    match id {
        PersonId::Listed(who) => {
            let is_done = api.handle.directories.erase_one(store, tenant, *who)?;
            match who {
                InDirectory::Entered(_) => done.entered = u64::from(is_done),
                InDirectory::Synced(_) => done.hidden = is_done,
            }
            note(api, asker, if done.hidden { asked } else { reason.action() }, id, String::new())?;
            if done.hidden {
                note(api, asker, "person.restrict", id, String::new())?;
            }
        }
        _ => note(api, asker, asked, id, String::new())?,
    }
    done.remains = remaining(records, &forms)?;
    let has =
        |done: &Erasure, user: &str| done.remains.iter().any(|r| r.r#in == RemainsIn::User && r.id == user);
    if let Some(user) = done.user.clone().filter(|user| !has(&done, user)) {
        done.remains.push(Remains::of(RemainsIn::User, user));
    }
    done.backups_pending = retention_io::replace_copies(store);
    Ok(done)
}

/// What still has one of these numbers or addresses.
fn remaining(records: &Records<'_>, forms: &[String]) -> Result<Vec<Remains>, Problem> {
    let mut all: Vec<Remains> =
        records.users_with(forms).map(|u| Remains::of(RemainsIn::User, &u.id)).collect();
    for (who, person) in records.listed_with(forms) {
        let place = if person.local { RemainsIn::Entered } else { RemainsIn::Directory };
        all.push(Remains::of(place, who));
    }
    all.extend(
        records.callers_with(forms)?.into_iter().map(|p| Remains::of(RemainsIn::Caller, PersonId::Caller(p))),
    );
    all.extend(records.lists_with(forms).into_iter().map(|list| Remains::of(RemainsIn::List, list)));
    Ok(all)
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
        (Some(person), None, None) => match PersonId::read(person)? {
            PersonId::Caller(person) => Held::Person(person),
            _ => {
                return Err(unfit(
                    "a hold is on whoever called: calls, recordings and notes are kept, nothing else",
                ));
            }
        },
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
