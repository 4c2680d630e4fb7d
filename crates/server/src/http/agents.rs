//! Agents: what each is doing, and asking for another state.

use crate::http::problem::Problem;
use crate::http::serve::{Api, Asker};
use crate::view::{self, AgentView};
use axum::extract::{Path, State};
use axum::{Extension, Json};
use engine::{AgentId, Event, Wanted};
use schemars::JsonSchema;
use serde::Deserialize;

/// A state to ask for.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewState {
    /// `available`, `break` or `offline`.
    pub state: WantedState,
}

/// What can be asked for.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum WantedState {
    Available,
    Break,
    Offline,
}

/// `GET /agents`
pub async fn list(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
) -> Result<Json<Vec<AgentView>>, Problem> {
    let tenant = asker.0.tenant;
    let agents = api.handle.ask(move |switch, _| {
        let t = switch.tenant(tenant)?;
        Some(t.engine.agents().values().map(|a| view::agent(a, &t.meaning)).collect())
    });
    agents
        .await
        .ok_or_else(Problem::stopping)?
        .map(Json)
        .ok_or_else(|| Problem::not_found("such tenant in this server"))
}

async fn look(
    api: &Api,
    asker: &Asker,
    id: &str,
    wanted: Option<Wanted>,
) -> Result<Json<AgentView>, Problem> {
    let tenant = asker.0.tenant;
    let name = id.to_string();
    let found = api.handle.ask(move |switch, now| {
        let agent = AgentId(switch.tenant(tenant)?.meaning.names.number("User", &name)?);
        if let Some(wanted) = wanted {
            switch.on_event(now, tenant, Event::AgentWants { agent, wanted });
        }
        let t = switch.tenant(tenant)?;
        t.engine.agents().get(&agent).map(|a| view::agent(a, &t.meaning))
    });
    found
        .await
        .ok_or_else(Problem::stopping)?
        .map(Json)
        .ok_or_else(|| Problem::not_found(&format!("agent {id:?}")))
}

/// `GET /agents/{id}/state`
pub async fn state(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<Json<AgentView>, Problem> {
    look(&api, &asker, &id, None).await
}

/// `PUT /agents/{id}/state`
pub async fn set_state(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    Json(new): Json<NewState>,
) -> Result<Json<AgentView>, Problem> {
    let wanted = match new.state {
        WantedState::Available => Wanted::Available,
        WantedState::Break => Wanted::Break,
        WantedState::Offline => Wanted::Offline,
    };
    look(&api, &asker, &id, Some(wanted)).await
}
