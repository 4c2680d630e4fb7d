//! The attestation of one's own tenant.

pub use crate::attest::Progress;
use crate::attest::{
    CHECKS, Declared, Words, attest, keeps_records, markdown_in, markdown_of, read_declared,
};
use crate::http::accounts::blocking;
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

/// `GET /attestation`
pub async fn progress(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
) -> Result<Json<Progress>, Problem> {
    let progress =
        blocking(move || Ok(api.handle.attestations.progress(&api.handle.store, asker.0.tenant)?));
    Ok(Json(progress.await?))
}

/// `GET /attestation/newest`
pub async fn newest(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(form): Query<FormQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = form.read(&headers)?;
    let newest = blocking(move || Ok(api.handle.attestations.newest(&api.handle.store, asker.0.tenant)?));
    let newest = newest.await?.ok_or_else(|| Problem::not_found("attestation of this tenant"))?;
    Ok(form.answer(&newest))
}

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

/// How it is written.
enum Form {
    Json,
    Markdown(Option<Words>),
}

impl FormQuery {
    fn read(&self, headers: &HeaderMap) -> Result<Form, Problem> {
        let accepted = headers.get(ACCEPT).and_then(|a| a.to_str().ok()).unwrap_or_default();
        let is_markdown = match self.format.as_deref() {
            None => accepted.starts_with(MARKDOWN),
            Some("json") => false,
            Some("markdown") => true,
            Some(_) => {
                return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "format is json or markdown"));
            }
        };
        let words = self.language.as_deref().map(Words::named).transpose();
        let words = words.map_err(|why| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why))?;
        Ok(if is_markdown { Form::Markdown(words) } else { Form::Json })
    }
}

impl Form {
    fn answer(&self, document: &Value) -> Response {
        let text = match self {
            Form::Json => return Json(document).into_response(),
            Form::Markdown(None) => markdown_of(document),
            Form::Markdown(Some(words)) => markdown_in(document, words),
        };
        ([(CONTENT_TYPE, format!("{MARKDOWN}; charset=utf-8"))], text).into_response()
    }
}

/// `POST /attestation`
pub async fn make(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(form): Query<FormQuery>,
    headers: HeaderMap,
    Json(wanted): Json<Wanted>,
) -> Result<Response, Problem> {
    let form = form.read(&headers)?;
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
        let of = if wanted.checks.is_empty() { CHECKS.len() } else { wanted.checks.len() };
        let steps = ground.handle.attestations.begin(tenant, of);
        let made = attest(&ground, tenant, &declared, &wanted.checks, &mut |check| steps.at(check))?;
        let features = ground
            .handle
            .ask_and_wait(move |switch, _| Some(switch.tenant(tenant)?.meaning.features.clone()));
        // Of a tenant that left meanwhile nothing is kept.
        if let Some(features) = features.flatten() {
            let store = &ground.handle.store;
            steps.made(store, keeps_records(&features), &made).map_err(|e| e.to_string())?;
        }
        Ok(made)
    };
    let made = tokio::task::spawn_blocking(work).await.map_err(|_| Problem::stopping())?;
    Ok(form.answer(&made.map_err(unfit)?))
}
