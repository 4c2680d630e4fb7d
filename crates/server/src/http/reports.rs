//! Reports.

use crate::http::problem::Problem;
use crate::http::serve::{Api, Asker};
use crate::view::{self, QueueView};
use axum::extract::State;
use axum::{Extension, Json};

/// `GET /reports/queues`
pub async fn queues(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
) -> Result<Json<Vec<QueueView>>, Problem> {
    let tenant = asker.0.tenant;
    let queues = api.handle.ask(move |switch, _| {
        let t = switch.tenant(tenant)?;
        Some(t.engine.queues().iter().map(|(id, q)| view::queue(*id, q, &t.meaning)).collect())
    });
    queues
        .await
        .ok_or_else(Problem::stopping)?
        .map(Json)
        .ok_or_else(|| Problem::not_found("such tenant in this server"))
}
