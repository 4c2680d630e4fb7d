//! Backups as auditors see them: when and how well, not where.

use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::view;
use axum::Json;
use axum::extract::State;
use engine::Time;
use schemars::JsonSchema;
use serde::Serialize;

/// Backups of this server.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BackupsView {
    /// Whether the server makes backups by itself.
    pub scheduled: bool,
    /// When the next one is due; null where none is scheduled. One that is overdue is made within seconds.
    pub next: Option<String>,
    /// What failed last and was not done well since.
    pub failed: Option<BackupFailed>,
    /// Those that this server knows of, in the order in which they were first made.
    pub items: Vec<BackupView>,
}

/// A backup or a rehearsal that failed. The server's log says why.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BackupFailed {
    /// `backup` or `rehearsal`.
    pub of: String,
    /// When.
    pub at: String,
}

/// A backup.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BackupView {
    /// Its number, as in the attestation and the metrics.
    pub number: u64,
    /// Number of the newest increment; null where none was made to its end yet.
    pub increment: Option<u64>,
    /// When that was made.
    pub at: Option<String>,
    /// How long that took, in milliseconds.
    pub took_ms: u64,
    /// Size of what it holds, in bytes.
    pub bytes: u64,
    /// When it was last restored for trial and everything was as it should be.
    pub rehearsed: Option<String>,
    /// How long that took until everything could be used, in milliseconds.
    pub rehearsed_ms: Option<u64>,
}

/// `GET /backups`
pub async fn list(State(api): State<Api>) -> Result<Json<BackupsView>, Problem> {
    let standing = api.handle.backups.standing();
    let store = api.handle.store.clone();
    let copies = tokio::task::spawn_blocking(move || store.copies());
    let copies = copies.await.map_err(|_| Problem::stopping())??;
    let time = |ms: u64| view::time(Time(ms));
    let seen = |(n, c): (usize, store::Copy)| {
        let is_tried = c.rehearsed > 0;
        BackupView {
            number: n as u64 + 1,
            increment: c.is_made().then_some(c.increment),
            at: c.is_made().then(|| time(c.at)),
            took_ms: c.took_ms,
            bytes: c.bytes,
            rehearsed: is_tried.then(|| time(c.rehearsed)),
            rehearsed_ms: is_tried.then_some(c.rehearsed_ms),
        }
    };
    Ok(Json(BackupsView {
        scheduled: standing.is_scheduled,
        next: standing.is_scheduled.then(|| time(standing.next.max(crate::clock::wall_ms()))),
        failed: standing.failed.map(|f| BackupFailed { of: f.of.into(), at: time(f.at) }),
        items: copies.into_iter().enumerate().map(seen).collect(),
    }))
}
