//! Everything that is kept of a person, as data.

use crate::http::accounts::blocking;
use crate::http::data_rights::note;
use crate::http::identity::Asker;
use crate::http::person_records::{PersonId, PersonKept, Records};
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::microsoft::{InDirectory, Person};
use crate::view::{CallView, SaidView};
use axum::extract::{Path, State};
use axum::{Extension, Json};
use redact::Secret;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use store::{CallFilter, StoredCall};

/// Everything that is kept of a person.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PersonExport {
    /// Who.
    pub person: PersonKept,
    /// Calls that name the person, with recordings and messages in which they are heard, and notes on their own ones; of a
    /// user the calls that they talked in last.
    pub calls: Vec<CallKept>,
    /// What owners entered beside Microsoft's directory under the same number or address.
    pub entered: Vec<EntryKept>,
    /// What is kept of Microsoft's directory under the same number or address.
    pub directory: Vec<EntryKept>,
    /// Users of the configuration who have the same number, address or account at Microsoft.
    pub users: Vec<UserKept>,
}

/// Somebody of a directory.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EntryKept {
    /// Id: as a person's.
    pub id: String,
    /// Name.
    pub name: String,
    /// Address of electronic mail; empty for none.
    pub mail: String,
    /// Numbers at work.
    pub business: Vec<String>,
    /// The mobile number.
    pub mobile: Option<String>,
    /// What of it an owner says and not Microsoft: `name`, `mail`, `business`, `mobile`.
    pub corrected: Vec<&'static str>,
}

/// A user of the configuration.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UserKept {
    /// Id.
    pub id: String,
    /// All that the configuration says of them.
    pub configuration: Value,
}

/// A call of a person.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CallKept {
    /// Its id.
    pub call: String,
    /// Id of the number that was called.
    pub number: Option<String>,
    /// When it began.
    pub began: String,
    /// When it was answered, by a prompt or a person.
    pub answered: Option<String>,
    /// When it ended.
    pub ended: String,
    /// Who ended it.
    pub ended_by: Option<String>,
    /// Why it ended.
    pub reason: Option<String>,
    /// Id of the queue that it was in last.
    pub queue: Option<String>,
    /// What became of it in the queue.
    pub outcome: Option<String>,
    /// Id of the agent who talked last.
    pub agent: Option<String>,
    /// Time waited in queues, in milliseconds.
    pub waited_ms: u64,
    /// Time talked, in milliseconds.
    pub talked_ms: u64,
    /// What agents said of it.
    pub dispositions: Vec<SaidView>,
    /// Whether the person called, or was the one called: else the call was for them at first, or they came into it later, or
    /// they are the agent.
    pub own: bool,
    /// Notes on it; null where the call is another's.
    pub notes: Option<String>,
    /// Ids of recordings, to be had at `/recordings/{id}`.
    pub recordings: Vec<String>,
}

fn entry((who, person): (InDirectory, Person)) -> EntryKept {
    let text = |secret: &Secret<String>| secret.expose_secret().clone();
    EntryKept {
        id: who.to_string(),
        name: text(&person.name),
        mail: text(&person.mail),
        business: person.business.iter().map(text).collect(),
        mobile: person.mobile.as_ref().map(text),
        corrected: person.corrected,
    }
}

/// A call, with what of it is this person's.
fn call_kept(
    records: &Records<'_>,
    call: &StoredCall,
    own: bool,
    heard: &BTreeSet<engine::RecordingId>,
) -> Result<CallKept, Problem> {
    let (store, tenant) = (&records.api.handle.store, records.asker.0.tenant);
    let notes = match own {
        true => store.notes_even_restricted(tenant, call.id)?,
        false => None,
    };
    let recordings = call.recordings.iter().filter(|r| own || heard.contains(r));
    let recordings = recordings.map(|r| crate::view::recording_id(*r)).collect();
    let CallView { number, answered, ended_by, reason, queue, outcome, agent, .. } =
        crate::view::ended_call(call, &records.meaning);
    Ok(CallKept {
        call: crate::view::call_id(call.id),
        number,
        began: crate::view::time(call.began),
        answered,
        ended: crate::view::time(call.ended),
        ended_by,
        reason,
        queue,
        outcome,
        agent,
        waited_ms: call.waited_ms,
        talked_ms: call.talked_ms,
        dispositions: crate::view::said(&store.dispositions(tenant, call.id)?, &records.meaning),
        own,
        notes: notes.map(|n| n.text.expose_secret().clone()),
        recordings,
    })
}

fn calls(records: &Records<'_>, id: &PersonId) -> Result<Vec<CallKept>, Problem> {
    let (store, tenant) = (&records.api.handle.store, records.asker.0.tenant);
    let (wanted, own, heard) = match id {
        PersonId::Caller(person) => {
            let heard = store.heard_in(tenant, *person)?.into_iter().map(|(recording, _)| recording);
            let heard: BTreeSet<_> = heard.collect();
            let wanted = CallFilter { names: Some(*person), ..CallFilter::default() };
            (wanted, store.parties_of(tenant, *person)?, heard)
        }
        PersonId::User(user) => {
            let agent = records.meaning.names.number("User", user);
            (CallFilter { agent, ..CallFilter::default() }, Vec::new(), BTreeSet::new())
        }
        PersonId::Listed(_) => return Ok(Vec::new()),
    };
    if wanted.names.is_none() && wanted.agent.is_none() {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    let mut before = None;
    loop {
        let page = store.calls(tenant, &CallFilter { before, limit: 500, ..wanted.clone() })?;
        for call in &page.calls {
            all.push(call_kept(records, call, own.contains(&call.caller), &heard)?);
        }
        before = page.next;
        if before.is_none() {
            return Ok(all);
        }
    }
}

/// Everything that is kept of a person; it is noted.
pub(super) fn everything(api: &Api, asker: &Asker, id: &PersonId) -> Result<PersonExport, Problem> {
    let records = Records::of(api, asker)?;
    let person = records.kept(id)?;
    note(api, asker, "person.export", id, String::new())?;
    let forms = records.forms(id)?;
    let mut listed = records.listed_with(&forms);
    if let PersonId::Listed(who) = id
        && listed.iter().all(|(known, _)| known != who)
    {
        listed.push((*who, records.listed(*who)?));
    }
    let (entered, directory): (Vec<_>, Vec<_>) = listed.into_iter().partition(|(_, person)| person.local);
    let mut users: Vec<_> = records.users_with(&forms).collect();
    if let Some(own) = &person.user
        && users.iter().all(|u| u.id != *own)
    {
        users.push(records.user(own)?);
    }
    Ok(PersonExport {
        calls: calls(&records, id)?,
        entered: entered.into_iter().map(entry).collect(),
        directory: directory.into_iter().map(entry).collect(),
        users: users
            .into_iter()
            .map(|u| UserKept { id: u.id.clone(), configuration: u.body.clone() })
            .collect(),
        person,
    })
}

/// `GET /people/{id}`
pub async fn export(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<Json<PersonExport>, Problem> {
    let id = PersonId::read(&id)?;
    blocking(move || Ok(Json(everything(&api, &asker, &id)?))).await
}
