//! Security events, and a test of the alarms.

use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::security::SecurityEventView;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::Serialize;
use std::time::{Duration, Instant};

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
    /// Webhooks that were told; empty when none has `security-alert` among its events.
    pub receivers: Vec<TestReceiver>,
}

/// A webhook, and whether it took the test.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TestReceiver {
    /// Id of the webhook.
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

/// `POST /security/test-alert`
pub async fn test_alert(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
) -> Result<Json<TestAlert>, Problem> {
    let tenant = asker.0.tenant;
    let made = api.handle.ask(move |switch, now| {
        let (event, item) = switch.test_alert(now, tenant)?;
        let named = |receiver: &String| {
            let number = receiver.strip_prefix("webhook:").and_then(|n| n.parse().ok());
            let names = switch.tenant(tenant).map(|t| &t.meaning.names);
            let name = names.zip(number).map(|(names, n)| names.of("Webhook", n));
            (receiver.clone(), name.unwrap_or_default())
        };
        let names: Vec<_> = item.iter().flat_map(|i| &i.receivers).map(named).collect();
        Some((event, item, names))
    });
    let too_many =
        || Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many alarms lately: try again in a minute");
    let (event, item, names) = made.await.ok_or_else(Problem::stopping)?.ok_or_else(too_many)?;
    let (store, who, id) = (api.handle.store.clone(), asker.name(), event.id.clone());
    let written = tokio::task::spawn_blocking(move || {
        let now = crate::clock::wall_ms();
        store.audit(tenant, now, &who, "security.test-alert", &format!("Alert/{id}"))?;
        item.map_or(Ok(()), |item| store.put_outbox(tenant, &[item], now))
    });
    written.await.map_err(|_| Problem::stopping())??;
    let until = Instant::now() + PATIENCE;
    loop {
        let (store, id) = (api.handle.store.clone(), event.id.clone());
        let left = tokio::task::spawn_blocking(move || store.untaken(tenant, &id));
        let left = left.await.map_err(|_| Problem::stopping())??;
        // Who is not among those left took it; who is, was tried once it says why it did not.
        let settled = left.iter().all(|(_, cause)| !cause.is_empty());
        if settled || Instant::now() >= until {
            let receivers = names.into_iter().map(|(receiver, webhook)| {
                let still = left.iter().find(|(r, _)| *r == receiver);
                let cause = still.map(|(_, cause)| cause.clone()).filter(|c| !c.is_empty());
                TestReceiver { webhook, delivered: still.is_none(), cause }
            });
            return Ok(Json(TestAlert { event, receivers: receivers.collect() }));
        }
        tokio::time::sleep(LOOK).await;
    }
}
