//! Webhooks: what nobody took, and telling what happened once more.

use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::view;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use engine::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which dead letters.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadQuery {
    cursor: Option<String>,
    limit: Option<u32>,
}

/// A page of dead letters.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DeadList {
    /// Newest first.
    pub items: Vec<DeadLetter>,
    /// Pass this as `cursor` for the next page; null at the end.
    pub next: Option<String>,
}

/// Something that a receiver did not take.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DeadLetter {
    /// Its id, as in the header `Switchroom-Id`.
    pub id: String,
    /// The event's name.
    pub event: String,
    /// When it happened.
    pub at: String,
    /// Who did not take it: a short hash of the address, or a box.
    pub receiver: String,
    /// How often it was tried.
    pub tries: u32,
    /// Why the last try failed.
    pub cause: String,
}

/// Which stretch of the journal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayQuery {
    from: u64,
    to: u64,
}

/// What a replay found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Replayed {
    /// Things that are told once more.
    pub told: u64,
}

/// `GET /webhooks/dead`
pub async fn dead(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(query): Query<DeadQuery>,
) -> Result<Json<DeadList>, Problem> {
    let before = match query.cursor.as_deref() {
        Some(cursor) => {
            let parts =
                cursor.split_once('.').and_then(|(at, id)| Some((Time(at.parse().ok()?), id.to_string())));
            Some(parts.ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "this cursor is none of ours"))?)
        }
        None => None,
    };
    let limit = query.limit.unwrap_or(100).clamp(1, 500);
    let (store, tenant) = (api.handle.store.clone(), asker.0.tenant);
    let letters = tokio::task::spawn_blocking(move || {
        store.dead_letters(tenant, before.as_ref().map(|(at, id)| (*at, id.as_str())), limit)
    })
    .await
    .map_err(|_| Problem::stopping())??;
    let full = letters.len() == limit as usize;
    let next = letters.last().filter(|_| full).map(|l| format!("{}.{}", l.at.0, l.id));
    let items = letters
        .into_iter()
        .map(|l| DeadLetter {
            id: l.id,
            event: l.event,
            at: view::time(l.at),
            receiver: l.receiver,
            tries: l.tries,
            cause: l.cause,
        })
        .collect();
    Ok(Json(DeadList { items, next }))
}

/// `POST /webhooks/dead/{id}/retry`
pub async fn retry(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let (store, tenant, who) = (api.handle.store.clone(), asker.0.tenant, asker.name());
    tokio::task::spawn_blocking(move || {
        let now = crate::clock::wall_ms();
        store.retry_letter(tenant, &id, now)?;
        store.audit(tenant, now, &who, "webhook.retry", &format!("Letter/{id}"))
    })
    .await
    .map_err(|_| Problem::stopping())??;
    Ok(StatusCode::ACCEPTED)
}

/// `POST /webhooks/replay`
pub async fn replay(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(query): Query<ReplayQuery>,
) -> Result<Json<Replayed>, Problem> {
    let ReplayQuery { from, to } = query;
    if from == 0 || from > to {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "from is 1 or more, and to is not before it"));
    }
    let (store, tenant, who) = (api.handle.store.clone(), asker.0.tenant, asker.name());
    let rules = api
        .handle
        .ask(move |switch, _| switch.tenant(tenant).map(|t| t.rules.clone()))
        .await
        .ok_or_else(Problem::stopping)?
        .ok_or_else(|| Problem::not_found("such tenant in this server"))?;
    let told = tokio::task::spawn_blocking(move || {
        let now = crate::clock::wall_ms();
        let told = crate::announce::again(&store, tenant, &rules, from, to, now)?;
        let object = format!("Journal/{from}-{to}");
        store.audit(tenant, now, &who, "webhook.replay", &object)?;
        Ok::<_, store::StoreError>(told)
    })
    .await
    .map_err(|_| Problem::stopping())??;
    Ok(Json(Replayed { told }))
}
