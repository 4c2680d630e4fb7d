//! Reports: the interval tables summed over intervals, days or a whole time, as JSON or CSV, and what is live.
//!
//! Each report on callers is checked before it goes out: in every interval those who entered must be those who left and
//! those whom the engine sees waiting. A report that does not add up is not shown; the log says which figures differ.

use crate::http::access::Scope;
use crate::http::csv::table;
use crate::http::identity::Asker;
use crate::http::own;
use crate::http::problem::Problem;
use crate::http::report_rows::{
    AgentRow, CallbackRow, DispositionRow, NumberRow, QueueRow, ReportRow, ServiceLevel, formulas,
};
use crate::http::serve::Api;
use crate::http::time::{read_offset, read_time};
use crate::tenant::Meaning;
use crate::view::{self, QueueView};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use engine::{AgentId, AgentState, BreakReason, Fact, Of, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{AgentRows, Counted, INTERVAL_MS, QueueRows, Span, StoreError, Summed, TenantId, interval_of};

/// The longest time that one report covers, in milliseconds: 400 days.
const LONGEST_MS: u64 = 400 * 86_400_000;
const DAY_MS: u64 = 86_400_000;
/// The longest time within which a further contact counts against the first one, in days.
const LONGEST_FCR_DAYS: u64 = 31;
/// How often agents and the tables are looked at again when somebody changed state in between.
const LOOKS: u32 = 4;

/// What is to be reported.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportQuery {
    from: Option<String>,
    to: Option<String>,
    by: Option<String>,
    zone: Option<String>,
    service_level: Option<String>,
    interval: Option<String>,
    fcr_days: Option<u64>,
    format: Option<String>,
}

/// Parameters of every report, for the description.
pub const PARAMETERS: &[(&str, &str)] = &[
    ("from", "Beginning, RFC 3339 or a date; cut to the quarter of an hour"),
    ("to", "End, not included; now without it"),
    ("by", "interval (15 minutes), day or total; total without it"),
    ("zone", "Offset from UTC where days begin, as +01:00; UTC without it"),
    ("service_level", "SL1 (without it), SL2, SL3 or SL4"),
    (
        "interval",
        "entry (without it): callers count where they entered a queue; exit: where they left it; queues and numbers only",
    ),
    (
        "fcr_days",
        "Counts first-contact resolution, with a further contact within so many days (1 to 31, usually 7) as a repeat; queues only",
    ),
    ("format", "json or csv; Accept: text/csv does the same"),
];

/// A report.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report<R> {
    /// Where it begins.
    pub from: String,
    /// Where it ends; not included.
    pub to: String,
    /// What one row covers.
    pub by: String,
    /// Formulas of the metrics, by name.
    pub formulas: BTreeMap<&'static str, String>,
    /// The rows.
    pub rows: Vec<R>,
}

/// A query that was understood.
struct Asked {
    span: Span,
    by: &'static str,
    level: ServiceLevel,
    counted: Counted,
    fcr_ms: Option<u64>,
    csv: bool,
}

impl Asked {
    fn read(query: &ReportQuery, headers: &HeaderMap) -> Result<Asked, Problem> {
        let bad = |what: &str| Problem::new(StatusCode::BAD_REQUEST, what);
        let offset = query.zone.as_deref().map_or(Some(0), read_offset);
        let zone_ms =
            offset.ok_or_else(|| bad("zone: write an offset from UTC in quarters of an hour, as +01:00"))?;
        let when = |text: &str| {
            read_time(text, zone_ms)
                .ok_or_else(|| bad("from and to: write a time as 2026-11-20T08:00:00Z, or a date"))
        };
        let now = crate::clock::wall_ms();
        let to = query.to.as_deref().map_or(Ok(now), when)?;
        let from = query.from.as_deref().map_or(Ok(to.saturating_sub(DAY_MS)), when)?;
        // Outwards to whole intervals.
        let (from, to) = (interval_of(Time(from)), interval_of(Time(to.saturating_add(INTERVAL_MS - 1))));
        if from >= to || to - from > LONGEST_MS {
            return Err(bad("from must be before to, by 400 days at the most"));
        }
        let (by, width_ms) = match query.by.as_deref() {
            Some("interval") => ("interval", Some(INTERVAL_MS)),
            Some("day") => ("day", Some(DAY_MS)),
            None | Some("total") => ("total", None),
            Some(_) => return Err(bad("by is interval, day or total")),
        };
        let level = query.service_level.as_deref().map_or(Some(ServiceLevel::Sl1), ServiceLevel::read);
        let level = level.ok_or_else(|| bad("service_level is SL1, SL2, SL3 or SL4"))?;
        let counted = match query.interval.as_deref() {
            None | Some("entry") => Counted::Entry,
            Some("exit") => Counted::Exit,
            Some(_) => return Err(bad("interval is entry or exit")),
        };
        if query.fcr_days.is_some_and(|days| !(1..=LONGEST_FCR_DAYS).contains(&days)) {
            return Err(bad("fcr_days is 1 to 31"));
        }
        let fcr_ms = query.fcr_days.map(|days| days * DAY_MS);
        let accepts = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let csv = match query.format.as_deref() {
            Some("csv") => true,
            Some("json") => false,
            None => accepts.split(',').any(|part| part.trim().starts_with("text/csv")),
            Some(_) => return Err(bad("format is json or csv")),
        };
        Ok(Asked { span: Span { from, to, width_ms, zone_ms }, by, level, counted, fcr_ms, csv })
    }

    /// What leaves as a file is in the audit log.
    async fn note(&self, api: &Api, asker: &Asker, name: &str) -> Result<(), Problem> {
        if !self.csv {
            return Ok(());
        }
        let (store, tenant, who) = (api.handle.store.clone(), asker.0.tenant, asker.name());
        let object = format!("Report/{name}");
        let noted = move || store.audit(tenant, crate::clock::wall_ms(), &who, "report.export", &object);
        Ok(tokio::task::spawn_blocking(noted).await.map_err(|_| Problem::stopping())??)
    }

    fn answer<R: ReportRow + Serialize>(&self, name: &str, rows: Vec<R>) -> Response {
        if self.csv {
            let disposition = format!("attachment; filename=\"{name}.csv\"");
            let text = table(R::COLUMNS, rows.iter().map(R::cells));
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_string()),
                (header::CONTENT_DISPOSITION, disposition),
            ];
            return (headers, text).into_response();
        }
        Json(Report {
            from: view::time(Time(self.span.from)),
            to: view::time(Time(self.span.to)),
            by: self.by.into(),
            formulas: formulas(self.level, self.counted, self.fcr_ms.map(|ms| ms / DAY_MS)),
            rows,
        })
        .into_response()
    }
}

/// Callers whom the engine sees waiting, by interval of entry and queue.
type Waiting = BTreeMap<(u64, u32), i64>;

/// What the switch knows: names, where the journal will be, and who waits.
async fn present(api: &Api, tenant: TenantId) -> Result<(Meaning, u64, Waiting), Problem> {
    api.handle
        .ask(move |switch, _| {
            let t = switch.tenant(tenant)?;
            let mut waiting = Waiting::new();
            for e in t.engine.entries().values().filter(|e| matches!(e.of, Of::Caller(_))) {
                *waiting.entry((interval_of(e.entered), e.queue.0)).or_default() += 1;
            }
            Some((t.meaning.clone(), t.engine.position(), waiting))
        })
        .await
        .ok_or_else(Problem::stopping)?
        .ok_or_else(|| Problem::not_found("such tenant in this server"))
}

async fn stored<T: Send + 'static>(
    api: &Api,
    read: impl FnOnce(&store::Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Problem> {
    let store = api.handle.store.clone();
    Ok(tokio::task::spawn_blocking(move || read(&store)).await.map_err(|_| Problem::stopping())??)
}

/// Rows of queues that add up.
async fn queue_rows(
    api: &Api,
    tenant: TenantId,
    span: Span,
    counted: Counted,
) -> Result<(Meaning, QueueRows), Problem> {
    let (_, position, before) = present(api, tenant).await?;
    let began = crate::clock::wall_ms();
    let rows = stored(api, move |store| store.report_queues(tenant, &span, counted)).await?;
    let (meaning, _, after) = present(api, tenant).await?;
    // The tables are what the engine was at some moment before `after`, and after `before` if they have reached it.
    let reached = rows.position >= position;
    match check(&rows, &span, began, reached.then_some(&before), &after) {
        None => Ok((meaning, rows)),
        Some((start, queue, stored)) => {
            tracing::error!(
                event = "report_broken",
                tenant = tenant.0,
                queue,
                start,
                stored,
                before = before.get(&(start, queue)),
                after = after.get(&(start, queue)),
                "a report does not add up: offered = answered + abandoned + flowed out + callback + waiting; please report this"
            );
            Err(Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the figures do not add up and are not shown: the log of the server says which",
            ))
        }
    }
}

/// The first interval that does not add up. Callers of an interval that is over only leave: so those stored as waiting are
/// at least those who wait `after`, and at most those who waited `before`, where that is known to be older than the tables.
fn check(
    rows: &QueueRows,
    span: &Span,
    now: u64,
    before: Option<&Waiting>,
    after: &Waiting,
) -> Option<(u64, u32, i64)> {
    let stored: Waiting = rows.unsettled.iter().map(|(start, queue, n)| ((*start, *queue), *n)).collect();
    if let Some(((start, queue), n)) = stored.iter().find(|(_, n)| **n < 0) {
        return Some((*start, *queue, *n));
    }
    let current = interval_of(Time(now));
    let over = |(start, _): &&(u64, u32)| *start >= span.from && *start < span.to.min(current);
    let of = |waiting: &Waiting, key: &(u64, u32)| waiting.get(key).copied().unwrap_or(0);
    stored
        .keys()
        .chain(after.keys())
        .filter(over)
        .find(|key| {
            of(&stored, key) < of(after, key) || before.is_some_and(|b| of(&stored, key) > of(b, key))
        })
        .map(|key| (key.0, key.1, of(&stored, key)))
}

/// What the agents of a tenant do and since when, with the journal position at which it is so.
async fn doing(
    api: &Api,
    tenant: TenantId,
) -> Result<(Meaning, u64, Vec<(AgentId, AgentState, Time)>), Problem> {
    api.handle
        .ask(move |switch, _| {
            let t = switch.tenant(tenant)?;
            let agents = t.engine.agents().values().map(|a| (a.id, a.state, a.since));
            Some((t.meaning.clone(), t.engine.position(), agents.collect()))
        })
        .await
        .ok_or_else(Problem::stopping)?
        .ok_or_else(|| Problem::not_found("such tenant in this server"))
}

/// Rows of agents with the time that passed in the states they are in. Time in a state is stored when the state is left;
/// what is added is only that of agents who did not change between two looks around the tables, so that nothing counts
/// twice.
async fn agent_rows(api: &Api, tenant: TenantId, span: Span) -> Result<(Meaning, AgentRows), Problem> {
    let (_, mut position, mut before) = doing(api, tenant).await?;
    let mut looks = 0;
    loop {
        looks += 1;
        let mut rows = stored(api, move |store| store.report_agents(tenant, &span)).await?;
        let to = Time(crate::clock::wall_ms().min(span.to));
        let (meaning, later, after) = doing(api, tenant).await?;
        if looks == LOOKS || (rows.position >= position && before == after) {
            for (agent, state, from) in after.iter().filter(|now| before.contains(now)) {
                let reason = match state {
                    AgentState::Break { reason } => *reason,
                    _ => BreakReason::default(),
                };
                let state = state.index() as u8;
                let so_far = Fact::AgentTime { agent: *agent, state, reason, from: *from, to };
                rows.states.extend(span.time_in_state(&so_far));
            }
            return Ok((meaning, rows));
        }
        (position, before) = (later, after);
    }
}

fn first<F>(row: &Summed<F>) -> u32 {
    row.of.first().copied().unwrap_or(0)
}

fn start<F>(row: &Summed<F>) -> String {
    view::time(Time(row.start))
}

/// `GET /reports/queues/live`
pub async fn live(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
) -> Result<Json<Vec<QueueView>>, Problem> {
    let (tenant, scope) = (asker.0.tenant, asker.0.scope);
    let queues = api.handle.ask(move |switch, _| {
        let t = switch.tenant(tenant)?;
        let only = match scope {
            Scope::All => None,
            Scope::Own(agent) => Some(own::queues(&t.engine, agent)),
        };
        let shown = t.engine.queues().iter().filter(|(id, _)| only.as_ref().is_none_or(|o| o.contains(id)));
        Some(shown.map(|(id, q)| view::queue(*id, q, &t.engine, &t.meaning)).collect())
    });
    queues
        .await
        .ok_or_else(Problem::stopping)?
        .map(Json)
        .ok_or_else(|| Problem::not_found("such tenant in this server"))
}

/// `GET /reports/queues`: what is live, without a time.
pub async fn queues(
    State(api): State<Api>,
    asker: Extension<Asker>,
    Query(query): Query<ReportQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if query.from.is_none() && query.to.is_none() {
        return Ok(live(State(api), asker).await?.into_response());
    }
    let asked = Asked::read(&query, &headers)?;
    let (tenant, span, fcr_ms) = (asker.0.0.tenant, asked.span, asked.fcr_ms);
    let (m, found) = queue_rows(&api, tenant, span, asked.counted).await?;
    let mut contacts = BTreeMap::new();
    if let Some(within) = fcr_ms {
        let found = stored(&api, move |store| store.report_contacts(tenant, &span, within)).await?;
        contacts.extend(found.iter().map(|r| ((r.start, first(r)), r.figures)));
    }
    let rows = found.rows.iter().map(|r| {
        let waits = found.waits.get(&(r.start, first(r)));
        let contacts = fcr_ms.map(|_| contacts.get(&(r.start, first(r))).copied().unwrap_or_default());
        QueueRow::new(start(r), m.names.of("Queue", first(r)), &r.figures, waits, contacts, asked.level)
    });
    asked.note(&api, &asker, "queues").await?;
    Ok(asked.answer("queues", rows.collect()))
}

/// `GET /reports/callbacks`
pub async fn callbacks(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(query): Query<ReportQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = Asked::read(&query, &headers)?;
    let (m, found) = queue_rows(&api, asker.0.tenant, asked.span, Counted::Entry).await?;
    let with = found.rows.iter().filter(|r| r.figures.promised != store::Promised::default());
    let rows = with.map(|r| CallbackRow::new(start(r), m.names.of("Queue", first(r)), &r.figures.promised));
    asked.note(&api, &asker, "callbacks").await?;
    Ok(asked.answer("callbacks", rows.collect()))
}

/// `GET /reports/numbers`
pub async fn numbers(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(query): Query<ReportQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = Asked::read(&query, &headers)?;
    let (tenant, span, counted) = (asker.0.tenant, asked.span, asked.counted);
    let (m, _, _) = present(&api, tenant).await?;
    let found = stored(&api, move |store| store.report_numbers(tenant, &span, counted)).await?;
    if let Some(row) = found.iter().find(|r| r.figures.entered.waiting() < 0) {
        let (number, start) = (first(row), row.start);
        tracing::error!(
            event = "report_broken",
            tenant = tenant.0,
            number,
            start,
            "a report does not add up: more left than entered; please report this"
        );
        return Err(Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the figures do not add up and are not shown: the log of the server says which",
        ));
    }
    let rows = found.iter().map(|r| {
        let number = m.names.of("Number", first(r));
        NumberRow::new(start(r), number, &r.figures.entered, &r.figures.handled, asked.level)
    });
    asked.note(&api, &asker, "numbers").await?;
    Ok(asked.answer("numbers", rows.collect()))
}

/// `GET /reports/agents`
pub async fn agents(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(query): Query<ReportQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = Asked::read(&query, &headers)?;
    let (tenant, span) = (asker.0.tenant, asked.span);
    let (m, mut found) = agent_rows(&api, tenant, span).await?;
    if let Scope::Own(own) = asker.0.scope {
        found.rows.retain(|row| first(row) == own.0);
        found.states.retain(|row| first(row) == own.0);
    }
    let mut all: BTreeMap<(u64, u32), (store::AgentFigures, [u64; 7], BTreeMap<String, u64>)> =
        BTreeMap::new();
    for row in &found.rows {
        all.entry((row.start, first(row))).or_default().0 = row.figures;
    }
    for row in &found.states {
        let [agent, state, reason] = row.of[..] else { continue };
        let (_, states, breaks) = all.entry((row.start, agent)).or_default();
        let spent = row.figures.spent.spent_ms;
        if let Some(sum) = states.get_mut(state as usize) {
            *sum += spent;
        }
        if engine::AgentState::NAMES.get(state as usize) == Some(&"break") {
            *breaks.entry(break_name(&m, reason)).or_default() += spent;
        }
    }
    let rows = all.into_iter().map(|((at, agent), (figures, states, breaks))| {
        AgentRow::new(view::time(Time(at)), m.names.of("User", agent), &figures, &states, breaks)
    });
    asked.note(&api, &asker, "agents").await?;
    Ok(asked.answer("agents", rows.collect()))
}

fn break_name(meaning: &Meaning, reason: u32) -> String {
    let known = u16::try_from(reason).ok().and_then(|n| meaning.break_reason(engine::BreakReason(n)));
    match (reason, known) {
        (0, _) => "none".into(),
        (_, Some(name)) => name.into(),
        (n, None) => format!("reason-{n}"),
    }
}

/// `GET /reports/dispositions`
pub async fn dispositions(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(query): Query<ReportQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = Asked::read(&query, &headers)?;
    let (tenant, span) = (asker.0.tenant, asked.span);
    let (m, _, _) = present(&api, tenant).await?;
    let found = stored(&api, move |store| store.report_dispositions(tenant, &span)).await?;
    let rows = found.iter().map(|r| {
        let queue = r.of.get(1).filter(|q| **q != 0).map(|q| m.names.of("Queue", *q));
        DispositionRow::new(start(r), m.names.of("Disposition", first(r)), queue, &r.figures.handled)
    });
    asked.note(&api, &asker, "dispositions").await?;
    Ok(asked.answer("dispositions", rows.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 100 * INTERVAL_MS;
    const SPAN: Span = Span { from: 0, to: 200 * INTERVAL_MS, width_ms: None, zone_ms: 0 };

    fn rows(unsettled: &[(u64, u32, i64)]) -> QueueRows {
        let unsettled = unsettled.iter().map(|(n, q, w)| (n * INTERVAL_MS, *q, *w)).collect();
        QueueRows { position: 0, rows: vec![], waits: BTreeMap::new(), unsettled }
    }

    fn waiting(list: &[(u64, u32, i64)]) -> Waiting {
        list.iter().map(|(n, q, w)| ((n * INTERVAL_MS, *q), *w)).collect()
    }

    #[test]
    fn a_report_adds_up_or_is_not_shown() {
        let fine = |stored: &[_], before: &[_], after: &[_]| {
            check(&rows(stored), &SPAN, NOW, Some(&waiting(before)), &waiting(after)).is_none()
        };
        assert!(fine(&[], &[], &[]));
        assert!(fine(&[(9, 1, 2)], &[(9, 1, 2)], &[(9, 1, 2)]));
        // One left while the report was made.
        assert!(fine(&[(9, 1, 2)], &[(9, 1, 2)], &[(9, 1, 1)]));
        assert!(fine(&[(9, 1, 1)], &[(9, 1, 2)], &[]));
        // The interval that still runs: others enter.
        assert!(fine(&[(100, 1, 5)], &[(100, 1, 2)], &[(100, 1, 9)]));
        // Stored as waiting, and nobody is there; somebody is there and not stored; more left than entered.
        assert!(!fine(&[(9, 1, 2)], &[(9, 1, 1)], &[]));
        assert!(!fine(&[], &[(9, 1, 1)], &[(9, 1, 1)]));
        assert!(!fine(&[(9, 1, 1)], &[(9, 2, 1)], &[(9, 2, 1)]));
        assert!(!fine(&[(100, 1, -1)], &[], &[]));
        // Tables that are not as far as the engine was may have some who left since.
        assert_eq!(check(&rows(&[(9, 1, 3)]), &SPAN, NOW, None, &waiting(&[(9, 1, 2)])), None);
    }
}
