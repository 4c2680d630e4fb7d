//! The attestation of one's own tenant.

use crate::attest::{CHECKS, Declared, Words, attest, markdown_in, markdown_of, read_declared};
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
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use store::TenantId;
use tokio::sync::Semaphore;

/// Attestations that are made at a time: their checks look into every file.
static TURNS: Semaphore = Semaphore::const_new(1);

const MARKDOWN: &str = "text/markdown";

/// How far the checks of an attestation are: of the one under way, or of the newest since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Progress {
    /// Whether one is under way.
    pub running: bool,
    /// The check that is run now; null where none is.
    pub check: Option<String>,
    /// How many checks are done.
    pub done: u32,
    /// Out of how many; 0 where none was run since the start.
    pub of: u32,
}

/// What is known of a tenant's attestations since the start.
#[derive(Default)]
struct Known {
    progress: Progress,
    /// The newest one. Nothing of a person stands in it.
    newest: Option<Arc<Value>>,
}

/// Of each tenant: as many as there are tenants.
static KNOWN: Mutex<BTreeMap<TenantId, Known>> = Mutex::new(BTreeMap::new());

fn known() -> MutexGuard<'static, BTreeMap<TenantId, Known>> {
    KNOWN.lock().unwrap_or_else(|e| e.into_inner())
}

/// `GET /attestation`
pub async fn progress(Extension(asker): Extension<Asker>) -> Json<Progress> {
    Json(known().get(&asker.0.tenant).map(|k| k.progress.clone()).unwrap_or_default())
}

/// `GET /attestation/newest`
pub async fn newest(
    Extension(asker): Extension<Asker>,
    Query(form): Query<FormQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = form.read(&headers)?;
    let newest = known().get(&asker.0.tenant).and_then(|k| k.newest.clone());
    let newest = newest.ok_or_else(|| Problem::not_found("attestation of this tenant since the start"))?;
    Ok(form.answer(&newest))
}

/// Says of a tenant how far its attestation is, and at the end, however it ends, that none is under way.
struct Steps(TenantId);

impl Steps {
    fn begin(tenant: TenantId, of: usize) -> Steps {
        let of = u32::try_from(of).unwrap_or(u32::MAX);
        known().entry(tenant).or_default().progress = Progress { running: true, of, ..Progress::default() };
        Steps(tenant)
    }

    fn at(&self, check: &str) {
        let mut all = known();
        let progress = &mut all.entry(self.0).or_default().progress;
        progress.done += u32::from(progress.check.is_some());
        progress.check = Some(check.to_string());
    }

    fn made(&self, document: &Value) {
        let mut all = known();
        let known = all.entry(self.0).or_default();
        known.progress.done = known.progress.of;
        known.newest = Some(Arc::new(document.clone()));
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        let mut all = known();
        let progress = &mut all.entry(self.0).or_default().progress;
        (progress.running, progress.check) = (false, None);
    }
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
        let steps = Steps::begin(tenant, of);
        let made = attest(&ground, tenant, &declared, &wanted.checks, &mut |check| steps.at(check))?;
        steps.made(&made);
        Ok(made)
    };
    let made = tokio::task::spawn_blocking(work).await.map_err(|_| Problem::stopping())?;
    Ok(form.answer(&made.map_err(unfit)?))
}
