//! Signing in with one click. These routes are there only in `switchroom demo`, whose people are made up.

use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::http::session::{Caller, begin, body};
use axum::Json;
use axum::extract::{Request, State};
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Somebody made up, as whom a visitor may sign in.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Persona {
    /// What it is asked for by, which is its role.
    pub persona: &'static str,
    /// Id of the user.
    pub user: &'static str,
    /// Name shown to colleagues.
    pub name: &'static str,
    /// What one can do as this person.
    pub says: &'static str,
}

/// As whom to sign in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPersona {
    /// One of those that `/demo/personas` lists.
    pub persona: String,
}

/// `GET /demo/personas`
pub async fn personas(State(api): State<Api>) -> Json<Vec<Persona>> {
    Json(api.settings.personas.clone())
}

/// `POST /demo/session`
pub async fn sign_in(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let caller = Caller::of(&api, &request)?;
    let given: NewPersona = body(request).await?;
    let missing = || Problem::not_found(&format!("persona {:?}", given.persona));
    let persona = api.settings.personas.iter().find(|p| p.persona == given.persona).ok_or_else(missing)?;
    let user = persona.user;
    let found = api.handle.ask(move |switch, _| {
        let t = switch.tenants().first()?;
        t.meaning.names.number("User", user).map(|n| (t.id, n))
    });
    let of = found.await.ok_or_else(Problem::stopping)?.ok_or_else(missing)?;
    begin(&api, of, &caller, "session.begin").await
}
