//! Calls: open and over.

use crate::http::access::Scope;
use crate::http::identity::Asker;
use crate::http::own;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::view::{self, CallDetail};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use engine::{AgentId, CallId, Event, PartyId};
use schemars::JsonSchema;
use serde::Serialize;
use store::StoreError;

pub(super) fn read_id(id: &str, letter: char) -> Option<u64> {
    id.strip_prefix(letter)?.parse().ok()
}

/// A call that the asker may see.
pub(super) struct Seen {
    /// Which.
    pub call: CallId,
    /// Who called, or was called.
    pub party: PartyId,
}

/// Finds a call that the asker may see, open or over.
///
/// # Errors
/// When there is none, or it is another's.
pub(super) async fn caller_of(api: &Api, asker: &Asker, id: &str) -> Result<Seen, Problem> {
    let (tenant, scope) = (asker.0.tenant, asker.0.scope);
    let missing = || Problem::not_found(&format!("call {id:?}"));
    let call = CallId(read_id(id, 'c').ok_or_else(missing)?);
    let here = api.handle.ask(move |switch, _| {
        let t = switch.tenant(tenant)?;
        if let Some(c) = t.engine.calls().get(&call) {
            return Some(may_see(scope, |agent| own::takes_part(&t.engine, c, agent)).map(|()| c.caller));
        }
        let over = switch.unwritten(tenant).find(|c| c.id == call)?;
        Some(may_see(scope, |agent| own::took_part(over, agent)).map(|()| over.caller))
    });
    let party = match here.await.ok_or_else(Problem::stopping)? {
        Some(found) => found,
        None => {
            let store = api.handle.store.clone();
            let record = tokio::task::spawn_blocking(move || store.call(tenant, call)).await;
            match record.map_err(|_| Problem::stopping())? {
                Ok(r) => may_see(scope, |agent| own::took_part(&r, agent)).map(|()| r.caller),
                Err(StoreError::NotFound(_)) => None,
                Err(e) => return Err(e.into()),
            }
        }
    };
    party.map(|party| Seen { call, party }).ok_or_else(missing)
}

/// Whether a call may be seen; to agents another's call is as if it were not there.
fn may_see(scope: Scope, is_own: impl Fn(AgentId) -> bool) -> Option<()> {
    match scope {
        Scope::All => Some(()),
        Scope::Own(agent) => is_own(agent).then_some(()),
    }
}

fn text(secret: &redact::Secret<String>) -> Option<String> {
    Some(secret.expose_secret().clone()).filter(|s| !s.is_empty())
}

/// `GET /calls/{id}`
pub async fn one(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<Json<CallDetail>, Problem> {
    let (tenant, scope) = (asker.0.tenant, asker.0.scope);
    let missing = || Problem::not_found(&format!("call {id:?}"));
    let call = CallId(read_id(&id, 'c').ok_or_else(missing)?);
    let (here, meaning) = api
        .handle
        .ask(move |switch, _| {
            let t = switch.tenant(tenant)?;
            if let Some(c) = t.engine.calls().get(&call) {
                let is_own = |agent| own::takes_part(&t.engine, c, agent);
                may_see(scope, is_own)?;
                let mut detail = view::live_detail(c, &t.engine, &t.meaning);
                view::add_quality(&mut detail, &switch.quality_so_far(tenant, call));
                // A profile that keeps nothing knows it from the call alone.
                detail.caller = t.address_of(c.caller).and_then(text);
                detail.caller_name = t.name_of(c.caller).and_then(text);
                let found = (detail, c.caller);
                return Some((Some(found), t.meaning.clone()));
            }
            let here = match switch.unwritten(tenant).find(|c| c.id == call) {
                Some(c) => {
                    may_see(scope, |agent| own::took_part(c, agent))?;
                    Some((view::ended_detail(c, &t.meaning), c.caller))
                }
                None => None,
            };
            Some((here, t.meaning.clone()))
        })
        .await
        .ok_or_else(Problem::stopping)?
        .ok_or_else(missing)?;
    let store = api.handle.store.clone();
    let detail = tokio::task::spawn_blocking(move || {
        let (mut detail, party) = match here {
            Some(found) => found,
            None => {
                let record = store.call(tenant, call)?;
                may_see(scope, |agent| own::took_part(&record, agent))
                    .ok_or_else(|| StoreError::NotFound("this call".into()))?;
                (view::ended_detail(&record, &meaning), record.caller)
            }
        };
        // Legs that are over, of an open call too.
        view::add_quality(&mut detail, &store.quality(tenant, call)?);
        detail.dispositions = view::said(&store.dispositions(tenant, call)?, &meaning);
        match store.party(tenant, party.0) {
            Ok(value) => {
                detail.caller = text(&value.address);
                detail.caller_name = text(&value.display);
            }
            // What the call itself says of one who is not written yet stands; of one who was erased or is restricted nothing.
            Err(StoreError::NotFound(_)) => {
                if store.is_hidden(tenant, party.0)? {
                    (detail.caller, detail.caller_name) = (None, None);
                }
            }
            Err(e) => return Err(e),
        }
        for moment in detail.timeline.iter_mut().filter(|m| m.what == "diverted") {
            let party = moment.about["party"].as_str().and_then(|id| id.parse().ok());
            match party.map(|id| store.party(tenant, id)).transpose() {
                Ok(Some(value)) => moment.about["number"] = value.address.expose_secret().as_str().into(),
                Ok(None) | Err(StoreError::NotFound(_)) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(detail)
    })
    .await
    .map_err(|_| Problem::stopping())?;
    detail.map(Json).map_err(|e| match e {
        StoreError::NotFound(_) => missing(),
        e => e.into(),
    })
}

/// `POST /calls/{id}/hang-up`
pub async fn hang_up(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let (tenant, scope) = (asker.0.tenant, asker.0.scope);
    let missing = || Problem::not_found(&format!("open call {id:?}"));
    let call = CallId(read_id(&id, 'c').ok_or_else(missing)?);
    let found = api
        .handle
        .ask(move |switch, now| {
            let open = switch.tenant(tenant).is_some_and(|t| {
                let found = t.engine.calls().get(&call);
                found.is_some_and(|c| may_see(scope, |agent| own::takes_part(&t.engine, c, agent)).is_some())
            });
            if open {
                switch.on_event(now, tenant, Event::HangUpAsked { call });
            }
            open
        })
        .await
        .ok_or_else(Problem::stopping)?;
    if !found {
        return Err(missing());
    }
    let (store, who) = (api.handle.store.clone(), asker.name());
    let object = format!("Call/{id}");
    tokio::task::spawn_blocking(move || {
        store.audit(tenant, crate::clock::wall_ms(), &who, "call.hang-up", &object)
    })
    .await
    .map_err(|_| Problem::stopping())??;
    Ok(StatusCode::NO_CONTENT)
}

/// A call told in sentences, and the whole lists behind its decisions.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Explanation {
    /// The call from beginning to end, a sentence each.
    pub story: Vec<String>,
    /// For each decision, everybody who could have been rung and why not.
    pub decisions: Vec<crate::explain::WholeDecision>,
}

/// `GET /calls/{id}/explanation`
pub async fn explanation(
    state: State<Api>,
    asker: Extension<Asker>,
    path: Path<String>,
) -> Result<Json<Explanation>, Problem> {
    let State(api) = state.clone();
    let tenant = asker.0.0.tenant;
    let Json(detail) = one(state, asker, path).await?;
    let meaning = api
        .handle
        .ask(move |switch, _| switch.tenant(tenant).map(|t| t.meaning.clone()))
        .await
        .ok_or_else(Problem::stopping)?
        .ok_or_else(|| Problem::not_found("such tenant in this server"))?;
    let store = api.handle.store.clone();
    tokio::task::spawn_blocking(move || {
        let (decisions, replayed) =
            crate::explain::whole_decisions(&store, tenant, &detail.explanation, &meaning)?;
        tracing::debug!(event = "explained", tenant = tenant.0, replayed, "a call was explained by a replay");
        Ok(Json(Explanation { story: view::story(&detail), decisions }))
    })
    .await
    .map_err(|_| Problem::stopping())?
}
