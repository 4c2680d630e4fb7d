//! Security events, and a test of the alarms.

use crate::announce::TEAMS_RECEIVER;
use crate::http::accounts::{blocking, failed};
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::running::Handle;
use crate::security::SecurityEventView;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::Serialize;
use std::time::{Duration, Instant};
use store::TenantId;

/// How long an answer waits for receivers: a little longer than a try may take.
const PATIENCE: Duration = Duration::from_secs(12);
/// How often is looked whether they took it.
const LOOK: Duration = Duration::from_millis(100);

/// What happened.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SecurityEvents {
    /// Newest first; the last 500 of the server since its start.
    pub items: Vec<SecurityEventView>,
}

/// What became of a test.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TestAlert {
    /// The event, which is in the log, the metrics and the list of events.
    pub event: SecurityEventView,
    /// Webhooks that were told, and conversations in Teams; empty when none has `security-alert` among its events and nobody
    /// in Teams asked for it.
    pub receivers: Vec<TestReceiver>,
}

/// A webhook, and whether it took the test.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TestReceiver {
    /// Id of the webhook; `Microsoft Teams` for conversations there.
    pub webhook: String,
    /// Whether it took it.
    pub delivered: bool,
    /// Why not; null while it was not tried yet.
    pub cause: Option<String>,
}

/// `GET /security/events`
pub async fn events(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
) -> Result<Json<SecurityEvents>, Problem> {
    let tenant = asker.0.tenant;
    let items = api.handle.ask(move |switch, _| {
        let meaning = &switch.tenant(tenant)?.meaning;
        Some(switch.security_events().of(tenant).map(|h| h.view(meaning)).collect())
    });
    let items = items.await.ok_or_else(Problem::stopping)?;
    let items = items.ok_or_else(|| Problem::not_found("such tenant in this server"))?;
    Ok(Json(SecurityEvents { items }))
}

/// Raises a test, and waits until each receiver took it or failed once. `None` when too many were told lately.
///
/// # Errors
/// A sentence.
pub fn raise_test(handle: &Handle, tenant: TenantId, who: &str) -> Result<Option<TestAlert>, String> {
    let made = handle.ask_and_wait(move |switch, now| {
        let (event, item) = switch.test_alert(now, tenant)?;
        let named = |receiver: &String| {
            if receiver == TEAMS_RECEIVER {
                return (receiver.clone(), "Microsoft Teams".to_string());
            }
            let number = receiver.strip_prefix("webhook:").and_then(|n| n.parse().ok());
            let names = switch.tenant(tenant).map(|t| &t.meaning.names);
            let name = names.zip(number).map(|(names, n)| names.of("Webhook", n));
            (receiver.clone(), name.unwrap_or_default())
        };
        let names: Vec<_> = item.iter().flat_map(|i| &i.receivers).map(named).collect();
        Some((event, item, names))
    });
    let Some((event, item, names)) = made.ok_or("the server is stopping")? else { return Ok(None) };
    let (store, now) = (&handle.store, crate::clock::wall_ms());
    let said = |e: store::StoreError| e.to_string();
    store.audit(tenant, now, who, "security.test-alert", &format!("Alert/{}", event.id)).map_err(said)?;
    if let Some(item) = item {
        store.put_outbox(tenant, &[item], now).map_err(said)?;
    }
    let until = Instant::now() + PATIENCE;
    loop {
        let left = store.untaken(tenant, &event.id).map_err(said)?;
        // Who is not among those left took it; who is, was tried once it says why it did not.
        let settled = left.iter().all(|(_, cause)| !cause.is_empty());
        if settled || Instant::now() >= until {
            let receivers = names.into_iter().map(|(receiver, webhook)| {
                let still = left.iter().find(|(r, _)| *r == receiver);
                let cause = still.map(|(_, cause)| cause.clone()).filter(|c| !c.is_empty());
                TestReceiver { webhook, delivered: still.is_none(), cause }
            });
            return Ok(Some(TestAlert { event, receivers: receivers.collect() }));
        }
        std::thread::sleep(LOOK);
    }
}

/// `POST /security/test-alert`
pub async fn test_alert(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
) -> Result<Json<TestAlert>, Problem> {
    blocking(move || {
        let raised = raise_test(&api.handle, asker.0.tenant, &asker.name()).map_err(failed)?;
        let too_many =
            || Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many alarms lately: try again in a minute");
        raised.map(Json).ok_or_else(too_many)
    })
    .await
}
