//! How trunks and telephones stand at the moment.

use crate::adapt::{Telephone, TrunkStatus};
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use engine::AgentId;

/// `GET /trunks/{id}/status`
pub async fn trunk(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<Json<TrunkStatus>, Problem> {
    let tenant = asker.0.tenant;
    let all = api.handle.ask(move |switch, now| switch.trunk_status(now, tenant));
    let all = all.await.ok_or_else(Problem::stopping)?;
    all.into_iter().find(|t| t.trunk == id).map(Json).ok_or_else(|| Problem::not_found("such trunk"))
}

/// `GET /users/{id}/telephones`
pub async fn telephones(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<Json<Vec<Telephone>>, Problem> {
    let tenant = asker.0.tenant;
    let found = api.handle.ask(move |switch, now| {
        let agent = AgentId(switch.tenant(tenant)?.meaning.names.number("User", &id)?);
        Some(switch.registered(now, tenant, agent))
    });
    found.await.ok_or_else(Problem::stopping)?.map(Json).ok_or_else(|| Problem::not_found("such user"))
}
