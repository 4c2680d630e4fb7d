//! Calls: open and over.

use crate::http::access::Scope;
use crate::http::identity::Asker;
use crate::http::own;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::view::{self, CallDetail, CallView};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use engine::{AgentId, CallId, Event, PartyId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{CallFilter, StoreError};

/// What to list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    queue: Option<String>,
    agent: Option<String>,
    with_same_caller_as: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

/// A page of calls.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CallList {
    /// The calls.
    pub items: Vec<CallView>,
    /// Pass this as `cursor` for the next page; null at the end.
    pub next: Option<String>,
}

pub(super) fn read_id(id: &str, letter: char) -> Option<u64> {
    id.strip_prefix(letter)?.parse().ok()
}

/// `GET /calls`
pub async fn list(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(query): Query<ListQuery>,
) -> Result<Json<CallList>, Problem> {
    let tenant = asker.0.tenant;
    let before = match &query.cursor {
        Some(c) => Some(read_id(c, 'c').ok_or_else(Problem::cursor)?),
        None => None,
    };
    if let Some(call) = &query.with_same_caller_as {
        return same_caller(&api, &asker, call, before, query.limit).await;
    }
    let first_page = before.is_none();
    let wanted = query.queue.clone();
    // Whose calls: an agent's own, or those of whom a supervisor names.
    let agent = match (&query.agent, asker.0.scope) {
        (Some(named), _) => Some(asker.agent_id(named)?),
        (None, Scope::Own(_)) => Some(asker.agent_id("me")?),
        (None, Scope::All) => None,
    };
    let named = agent.clone();
    // The open calls and the names first: a call that ends in between is then found among those that are over.
    let (mut items, meaning) = api
        .handle
        .ask(move |switch, _| {
            let t = switch.tenant(tenant)?;
            let number = |id: &String| t.meaning.names.number("User", id).map(AgentId);
            let agent = match &named {
                Some(id) => Some(number(id)?),
                None => None,
            };
            let open = t.engine.calls().values().rev();
            let open = open.filter(|c| agent.is_none_or(|a| own::takes_part(&t.engine, c, a)));
            let open = open.take(1_000).map(|c| view::live_call(c, &t.engine, &t.meaning));
            // A call that is over and not written yet is found here, until it is found in the store.
            let over = switch.unwritten(tenant).filter(|c| agent.is_none_or(|a| c.agent == Some(a)));
            let over = over.take(1_000).map(|c| view::ended_call(c, &t.meaning));
            let items: Vec<CallView> = open
                .chain(over)
                .filter(|_| first_page)
                .filter(|c| wanted.is_none() || c.queue == wanted)
                .collect();
            Some((items, t.meaning.clone()))
        })
        .await
        .ok_or_else(Problem::stopping)?
        .ok_or_else(|| Problem::not_found("such agent in this tenant"))?;
    let agent = agent.and_then(|id| meaning.names.number("User", &id));
    let queue = match &query.queue {
        Some(id) => Some(
            meaning.names.number("Queue", id).ok_or_else(|| Problem::not_found(&format!("queue {id:?}")))?,
        ),
        None => None,
    };
    let store = api.handle.store.clone();
    let filter =
        CallFilter { queue, agent, before, limit: query.limit.unwrap_or(100), ..CallFilter::default() };
    let page = tokio::task::spawn_blocking(move || store.calls(tenant, &filter))
        .await
        .map_err(|_| Problem::stopping())??;
    items.retain(|open| !page.calls.iter().any(|c| view::call_id(c.id) == open.id));
    items.extend(page.calls.iter().map(|c| view::ended_call(c, &meaning)));
    Ok(Json(CallList { items, next: page.next.map(|n| format!("c{n}")) }))
}

/// Calls that are over, of whoever calls or called in this one. Who may see the one may see that there were others.
async fn same_caller(
    api: &Api,
    asker: &Asker,
    call: &str,
    before: Option<u64>,
    limit: Option<u32>,
) -> Result<Json<CallList>, Problem> {
    let (tenant, found) = (asker.0.tenant, caller_of(api, asker, call).await?);
    let meaning = api
        .handle
        .ask(move |switch, _| switch.tenant(tenant).map(|t| t.meaning.clone()))
        .await
        .ok_or_else(Problem::stopping)?
        .ok_or_else(|| Problem::not_found("such tenant in this server"))?;
    let same_caller = Some(found.party);
    let filter = CallFilter { same_caller, before, limit: limit.unwrap_or(100), ..CallFilter::default() };
    let store = api.handle.store.clone();
    let page = tokio::task::spawn_blocking(move || match store.party(tenant, found.party.0) {
        // All who withhold their number look the same, and are not.
        Ok(value) if value.address.expose_secret().is_empty() => Ok(None),
        Ok(_) => store.calls(tenant, &filter).map(Some),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(e) => Err(e),
    });
    let page = page.await.map_err(|_| Problem::stopping())??;
    let Some(page) = page else { return Ok(Json(CallList { items: Vec::new(), next: None })) };
    let items = page.calls.iter().map(|c| view::ended_call(c, &meaning)).collect();
    Ok(Json(CallList { items, next: page.next.map(|n| format!("c{n}")) }))
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
        match store.party(tenant, party.0) {
            Ok(value) => {
                let text =
                    |s: &redact::Secret<String>| Some(s.expose_secret().clone()).filter(|s| !s.is_empty());
                detail.caller = text(&value.address);
                detail.caller_name = text(&value.display);
            }
            // Erased, or not written yet.
            Err(StoreError::NotFound(_)) => {}
            Err(e) => return Err(e),
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
        let decisions = crate::explain::whole_decisions(&store, tenant, &detail, &meaning)?;
        Ok(Json(Explanation { story: view::story(&detail), decisions }))
    })
    .await
    .map_err(|_| Problem::stopping())?
}
