//! Messages in voicemail boxes. Their audio is served as any recording's.

use crate::http::access::Scope;
use crate::http::calls::read_id;
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::recordings::{may_hear, own_boxes};
use crate::http::serve::Api;
use crate::tenant::{Meaning, mailbox};
use crate::view;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use engine::{MailboxId, RecordingId, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{MessageFilter, StoreError};

/// Which messages.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    mailbox: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

/// A page of messages.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MessageList {
    /// Those not heard first, each group newest first.
    pub items: Vec<MessageView>,
    /// Pass this as `cursor` for the next page; null at the end.
    pub next: Option<String>,
}

/// A message.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MessageView {
    /// Its id, and that of its audio in `/recordings/{id}`.
    pub id: String,
    /// Id of the queue or user whose box it is.
    pub mailbox: String,
    /// Id of the call.
    pub call: String,
    /// When it was left.
    pub at: String,
    /// How long, in milliseconds.
    pub length_ms: u64,
    /// When it was heard first; null while nobody has.
    pub heard: Option<String>,
}

/// Whether a message was heard.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Heard {
    /// True when it was; false makes it new again.
    pub heard: bool,
}

/// `GET /messages`
pub async fn list(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(query): Query<ListQuery>,
) -> Result<Json<MessageList>, Problem> {
    let tenant = asker.0.tenant;
    let meaning = names(&api, &asker).await?;
    let of_box = match &query.mailbox {
        Some(id) => {
            let of = |kind, number: fn(u32) -> MailboxId| meaning.names.number(kind, id).map(number);
            let found = of("Queue", mailbox::of_queue).or_else(|| of("User", mailbox::of_user));
            Some(found.ok_or_else(|| Problem::not_found(&format!("mailbox {id:?}")))?)
        }
        None => None,
    };
    let after = match query.cursor.as_deref() {
        Some(cursor) => Some(
            read_cursor(cursor)
                .ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "this cursor is none of ours"))?,
        ),
        None => None,
    };
    let limit = query.limit.unwrap_or(100).clamp(1, 500);
    let mailboxes = match (asker.0.scope, of_box) {
        (Scope::All, one) => one.map(|m| vec![m]),
        (Scope::Own(agent), one) => {
            let own = own_boxes(&api, tenant, agent).await?;
            Some(own.into_iter().filter(|m| one.is_none_or(|one| one == *m)).collect())
        }
    };
    let filter = MessageFilter { mailboxes, after, limit };
    let store = api.handle.store.clone();
    let found = tokio::task::spawn_blocking(move || store.messages(tenant, &filter))
        .await
        .map_err(|_| Problem::stopping())??;
    let full = found.len() == limit as usize;
    let next = found.last().filter(|_| full).map(|m| {
        let group = if m.heard.is_some() { "h" } else { "n" };
        format!("{group}{}", m.recording.0)
    });
    let items = found
        .iter()
        .map(|m| MessageView {
            id: view::recording_id(m.recording),
            mailbox: meaning.mailbox(m.mailbox),
            call: view::call_id(m.call),
            at: view::time(m.at),
            length_ms: m.length_ms,
            heard: m.heard.map(view::time),
        })
        .collect();
    Ok(Json(MessageList { items, next }))
}

fn read_cursor(cursor: &str) -> Option<(bool, RecordingId)> {
    let heard = read_id(cursor, 'h').map(|n| (true, RecordingId(n)));
    heard.or_else(|| read_id(cursor, 'n').map(|n| (false, RecordingId(n))))
}

async fn names(api: &Api, asker: &Asker) -> Result<Meaning, Problem> {
    let tenant = asker.0.tenant;
    let meaning = api.handle.ask(move |switch, _| switch.tenant(tenant).map(|t| t.meaning.clone()));
    meaning
        .await
        .ok_or_else(Problem::stopping)?
        .ok_or_else(|| Problem::not_found("such tenant in this server"))
}

/// `PUT /messages/{id}`
pub async fn mark(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    Json(wanted): Json<Heard>,
) -> Result<StatusCode, Problem> {
    let missing = || Problem::not_found(&format!("message {id:?}"));
    let message = RecordingId(read_id(&id, 'r').ok_or_else(missing)?);
    may_hear(&api, &asker, message).await?.then_some(()).ok_or_else(missing)?;
    let (store, tenant) = (api.handle.store.clone(), asker.0.tenant);
    let now = wanted.heard.then(|| Time(crate::clock::wall_ms()));
    let done = tokio::task::spawn_blocking(move || store.mark_heard(tenant, message, now))
        .await
        .map_err(|_| Problem::stopping())?;
    found(done, missing)
}

/// `DELETE /messages/{id}`
pub async fn delete(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let missing = || Problem::not_found(&format!("message {id:?}"));
    let message = RecordingId(read_id(&id, 'r').ok_or_else(missing)?);
    may_hear(&api, &asker, message).await?.then_some(()).ok_or_else(missing)?;
    let (store, tenant, who) = (api.handle.store.clone(), asker.0.tenant, asker.name());
    let now = crate::clock::wall_ms();
    let done = tokio::task::spawn_blocking(move || store.delete_message(tenant, message, now, &who))
        .await
        .map_err(|_| Problem::stopping())?;
    found(done, missing)
}

fn found(done: Result<(), StoreError>, missing: impl Fn() -> Problem) -> Result<StatusCode, Problem> {
    match done {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(StoreError::NotFound(_)) => Err(missing()),
        Err(e) => Err(e.into()),
    }
}
