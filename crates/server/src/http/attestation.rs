//! The attestation of one's own tenant.

use crate::attest::{Declared, attest, read_declared};
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Semaphore;

/// Attestations that are made at a time: their checks look into every file.
static TURNS: Semaphore = Semaphore::const_new(1);

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

/// `POST /attestation`
pub async fn make(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Json(wanted): Json<Wanted>,
) -> Result<Json<Value>, Problem> {
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
    Ok(Json(made.map_err(unfit)?))
}
