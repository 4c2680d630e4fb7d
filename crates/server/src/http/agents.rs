//! Agents: what each is doing, and asking for another state.

use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::view::{self, AgentView};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use engine::{AgentId, BreakReason, Event, Wanted};
use schemars::JsonSchema;
use serde::Deserialize;

/// A state to ask for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewState {
    /// `available`, `break` or `offline`.
    pub state: WantedState,
    /// Why, on a break: one of the tenant's `break_reasons`.
    #[serde(default)]
    pub reason: Option<String>,
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
    let agents = api.handle.ask(move |switch, now| {
        let t = switch.tenant(tenant)?;
        let presence = |a: &engine::Agent| t.presences.view(a.id.0, now.wall);
        Some(t.engine.agents().values().map(|a| view::agent(a, &t.engine, &t.meaning, presence(a))).collect())
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
    let id = asker.agent_id(id)?;
    let name = id.clone();
    let found = api.handle.ask(move |switch, now| {
        let agent = AgentId(switch.tenant(tenant)?.meaning.names.number("User", &name)?);
        let signs_on = wanted.is_some_and(|wanted| wanted != Wanted::Offline);
        if signs_on && switch.is_barred(tenant, agent) {
            return Some(Err(Problem::new(
                StatusCode::CONFLICT,
                "this person was disabled or removed in the Microsoft directory: nobody can ring them",
            )));
        }
        if let Some(wanted) = wanted {
            switch.on_event(now, tenant, Event::AgentWants { agent, wanted });
        }
        let pop = switch.screen_pop(tenant, agent).map(|page| page.expose_secret().clone());
        let t = switch.tenant(tenant)?;
        let presence = t.presences.view(agent.0, now.wall);
        let view = t.engine.agents().get(&agent).map(|a| view::agent(a, &t.engine, &t.meaning, presence))?;
        Some(Ok(AgentView { screen_pop: pop, ..view }))
    });
    found
        .await
        .ok_or_else(Problem::stopping)?
        .unwrap_or_else(|| Err(Problem::not_found(&format!("agent {id:?}"))))
        .map(Json)
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
    let wanted = match (new.state, new.reason) {
        (WantedState::Available, None) => Wanted::Available,
        (WantedState::Offline, None) => Wanted::Offline,
        (WantedState::Break, None) => Wanted::Break(BreakReason(0)),
        (WantedState::Break, Some(reason)) => break_for(&api, &asker, reason).await?,
        (_, Some(_)) => {
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "only a break has a reason"));
        }
    };
    look(&api, &asker, &id, Some(wanted)).await
}

async fn break_for(api: &Api, asker: &Asker, reason: String) -> Result<Wanted, Problem> {
    let tenant = asker.0.tenant;
    let wanted = reason.clone();
    let (place, known) = api
        .handle
        .ask(move |switch, _| {
            let reasons = &switch.tenant(tenant)?.meaning.break_reasons;
            Some((reasons.iter().position(|r| *r == wanted), reasons.join(", ")))
        })
        .await
        .ok_or_else(Problem::stopping)?
        .ok_or_else(|| Problem::not_found("such tenant in this server"))?;
    // 0 is no reason.
    let place = place.and_then(|n| u16::try_from(n + 1).ok());
    place.map(|n| Wanted::Break(BreakReason(n))).ok_or_else(|| {
        let detail = format!("{reason:?} is no reason for a break here; known are: {known}");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    })
}
