//! Notes on calls.

use crate::http::calls::caller_of;
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::http::session::secret;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use engine::Time;
use redact::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Notes, StoreError};

/// The longest notes, in characters.
const LONGEST: usize = 4_000;

/// Notes on a call.
#[derive(Serialize, JsonSchema)]
pub struct NotesView {
    /// What they say; null if there are none.
    pub notes: Option<String>,
    /// When they were changed last.
    pub at: Option<String>,
    /// By whom.
    pub who: Option<String>,
}

/// Notes to keep.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNotes {
    /// What they say, at most 4,000 characters; empty takes them away.
    #[serde(deserialize_with = "secret")]
    #[schemars(with = "String")]
    pub notes: Secret<String>,
}

/// `GET /calls/{id}/notes`
pub async fn read(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<Json<NotesView>, Problem> {
    let (tenant, seen) = (asker.0.tenant, caller_of(&api, &asker, &id).await?);
    let store = api.handle.store.clone();
    let found = tokio::task::spawn_blocking(move || store.notes(tenant, seen.call)).await;
    let found = found.map_err(|_| Problem::stopping())??;
    Ok(Json(match found {
        Some(n) => NotesView {
            notes: Some(n.text.expose_secret().clone()),
            at: Some(crate::view::time(n.at)),
            who: Some(n.who),
        },
        None => NotesView { notes: None, at: None, who: None },
    }))
}

/// `PUT /calls/{id}/notes`
pub async fn write(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    Json(new): Json<NewNotes>,
) -> Result<StatusCode, Problem> {
    if new.notes.expose_secret().chars().count() > LONGEST {
        let what = format!("notes have {LONGEST} characters at the most");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what));
    }
    let (tenant, seen) = (asker.0.tenant, caller_of(&api, &asker, &id).await?);
    // Line breaks and tabs are text; what else controls a terminal is not.
    let text = new.notes.expose_secret().chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    let notes =
        Notes { text: Secret::new(text.collect()), at: Time(crate::clock::wall_ms()), who: asker.name() };
    let store = api.handle.store.clone();
    let put = tokio::task::spawn_blocking(move || store.put_notes(tenant, seen.call, seen.party, &notes));
    match put.await.map_err(|_| Problem::stopping())? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(StoreError::NotFound(_)) => Err(Problem::new(
            StatusCode::CONFLICT,
            "nothing can be kept of this caller: erased, or only just arriving; try again",
        )),
        Err(e) => Err(e.into()),
    }
}
