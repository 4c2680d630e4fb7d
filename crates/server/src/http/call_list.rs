//! The list of calls: who asks for which, open ones first, then those that are over, page by page.

use crate::http::access::Scope;
use crate::http::calls::{caller_of, read_id};
use crate::http::identity::Asker;
use crate::http::own;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::http::time::read_time;
use crate::view::{self, CallView};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use engine::AgentId;
use redact::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{CallFilter, StoreError};

/// What to list.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    queue: Option<String>,
    agent: Option<String>,
    caller: Option<String>,
    disposition: Option<String>,
    from: Option<String>,
    to: Option<String>,
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
    let (since, until) = (time("from", query.from.as_deref())?, time("to", query.to.as_deref())?);
    let caller = query.caller.map(|number| Secret::new(compact(&number)));
    let disposition = query.disposition;
    // Whose calls: an agent's own, or those of whom a supervisor names.
    let agent = match (&query.agent, asker.0.scope) {
        (Some(named), _) => Some(asker.agent_id(named)?),
        (None, Scope::Own(_)) => Some(asker.agent_id("me")?),
        (None, Scope::All) => None,
    };
    let named = agent.clone();
    if first_page && caller.is_some() {
        // Whoever looks for a person by number leaves a trace, which does not say the number.
        let (store, who) = (api.handle.store.clone(), asker.name());
        let noted =
            move || store.audit(tenant, crate::clock::wall_ms(), &who, "call.search", "Call/by-caller");
        tokio::task::spawn_blocking(noted).await.map_err(|_| Problem::stopping())??;
    }
    let by_caller = caller.clone();
    let by_disposition = disposition.is_some();
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
            let forms = by_caller.as_ref().map(|number| t.meaning.forms_of(number.expose_secret()));
            let fits = |party| {
                let address = t.address_of(party);
                forms.as_ref().is_none_or(|forms| address.is_some_and(|a| forms.contains(a)))
            };
            // What became of a call is said at its end.
            let open = open.filter(|c| !by_disposition && fits(c.caller));
            let open = open.take(1_000).map(|c| view::live_call(c, &t.engine, &t.meaning));
            // A call that is over and not written yet is found here, until it is found in the store.
            let over = switch.unwritten(tenant).filter(|c| agent.is_none_or(|a| c.agent == Some(a)));
            let over = over.filter(|_| !by_disposition && forms.is_none());
            let over = over.take(1_000).map(|c| view::ended_call(c, &t.meaning));
            let items: Vec<CallView> = open
                .chain(over)
                .filter(|_| first_page)
                .filter(|c| wanted.is_none() || c.queue == wanted)
                .filter(|c| {
                    let began = read_time(&c.began, 0);
                    since.is_none_or(|since| began >= Some(since))
                        && until.is_none_or(|until| began < Some(until))
                })
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
    let disposition = match &disposition {
        Some(id) => Some(
            meaning
                .names
                .number("Disposition", id)
                .ok_or_else(|| Problem::not_found(&format!("disposition {id:?}")))?,
        ),
        None => None,
    };
    let store = api.handle.store.clone();
    let filter = CallFilter {
        queue,
        agent,
        callers: caller.as_ref().map(|number| meaning.forms_of(number.expose_secret())),
        disposition,
        since,
        until,
        before,
        limit: query.limit.unwrap_or(100),
        ..CallFilter::default()
    };
    let page = tokio::task::spawn_blocking(move || store.calls(tenant, &filter))
        .await
        .map_err(|_| Problem::stopping())??;
    items.retain(|open| !page.calls.iter().any(|c| view::call_id(c.id) == open.id));
    items.extend(page.calls.iter().map(|c| view::ended_call(c, &meaning)));
    Ok(Json(CallList { items, next: page.next.map(|n| format!("c{n}")) }))
}

/// A time in the query.
pub fn time(name: &str, text: Option<&str>) -> Result<Option<u64>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let sentence = || format!("{name}: write a time as 2026-11-20T08:00:00Z, or a date");
    read_time(text, 0).map(Some).ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, sentence()))
}

/// A number as people write it, without what they put between the digits. The plus sign of a query that was not encoded
/// comes as a blank.
pub fn compact(number: &str) -> String {
    let plus = number.starts_with(' ') && number.trim_start().starts_with(|c: char| c.is_ascii_digit());
    let kept = number.chars().filter(|c| !c.is_whitespace() && !"()-./".contains(*c) || number.contains('@'));
    let kept: String = kept.collect();
    let kept = kept.trim();
    if plus { format!("+{kept}") } else { kept.into() }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_looked_for_without_what_stands_between_their_digits() {
        for (written, number) in [
            ("+49 (30) 123-45/6", "+4930123456"),
            (" 4930123456", "+4930123456"),
            ("030 123 456", "030123456"),
            ("anna.b@example.org", "anna.b@example.org"),
            ("", ""),
        ] {
            assert_eq!(compact(written), number, "{written:?}");
        }
    }
}
