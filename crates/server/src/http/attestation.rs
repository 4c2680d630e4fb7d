//! The attestation of one's own tenant.

use crate::attest::{Declared, Words, attest, markdown_in, markdown_of, read_declared};
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use axum::extract::{Query, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Semaphore;

/// Attestations that are made at a time: their checks look into every file.
static TURNS: Semaphore = Semaphore::const_new(1);

const MARKDOWN: &str = "text/markdown";

/// What to attest.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The operator's answers: an object of id and answer.
    #[serde(default)]
    pub declared: Option<Value>,
    /// Names of the checks to run; empty is all.
    #[serde(default)]
    pub checks: Vec<String>,
}

/// In which form it is wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormQuery {
    format: Option<String>,
    language: Option<String>,
}

/// `POST /attestation`
pub async fn make(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(form): Query<FormQuery>,
    headers: HeaderMap,
    Json(wanted): Json<Wanted>,
) -> Result<Response, Problem> {
    let accepted = headers.get(ACCEPT).and_then(|a| a.to_str().ok()).unwrap_or_default();
    let is_markdown = match form.format.as_deref() {
        None => accepted.starts_with(MARKDOWN),
        Some("json") => false,
        Some("markdown") => true,
        Some(_) => {
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "format is json or markdown"));
        }
    };
    let words = form.language.as_deref().map(Words::named).transpose();
    let words = words.map_err(|why| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why))?;
    let unfit = |what: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what);
    let declared: Declared = match wanted.declared {
        Some(declared) => read_declared(declared).map_err(|faults| unfit(faults.join("; ")))?,
        None => Declared::new(),
    };
    let ground = api.ground.clone().ok_or_else(Problem::stopping)?;
    let _turn = TURNS.acquire().await.map_err(|_| Problem::stopping())?;
    let (tenant, who) = (asker.0.tenant, asker.name());
    let work = move || {
        let now = crate::clock::wall_ms();
        ground
            .handle
            .store
            .audit(tenant, now, &who, "attestation.make", "Attestation/all")
            .map_err(|e| e.to_string())?;
        attest(&ground, tenant, &declared, &wanted.checks, &mut |_| ())
    };
    let made = tokio::task::spawn_blocking(work).await.map_err(|_| Problem::stopping())?;
    let made = made.map_err(unfit)?;
    if !is_markdown {
        return Ok(Json(made).into_response());
    }
    let text = words.map_or_else(|| markdown_of(&made), |words| markdown_in(&made, &words));
    Ok(([(CONTENT_TYPE, format!("{MARKDOWN}; charset=utf-8"))], text).into_response())
}
