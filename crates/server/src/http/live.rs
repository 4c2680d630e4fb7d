//! The live page's WebSocket: a snapshot and then numbered changes, or only the changes after the last number seen.

use crate::http::problem::Problem;
use crate::http::serve::{Api, Asker};
use crate::view;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use std::time::{Duration, Instant};
use store::TenantId;
use tokio::sync::broadcast::error::RecvError;

/// Where to go on.
#[derive(Debug, Deserialize)]
pub struct LiveQuery {
    after: Option<u64>,
}

/// `GET /live`
pub async fn watch(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(query): Query<LiveQuery>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let tenant = asker.0.tenant;
    // What a watcher sends is not used: a small bound is enough.
    Ok(upgrade.max_message_size(4_096).on_upgrade(move |socket| run(api, tenant, query.after, socket)))
}

/// Between two pings. A watcher that answered neither of two is gone, and so is one that takes nothing for as long.
const PING: Duration = Duration::from_secs(20);

/// Sends, unless the watcher takes nothing. Whether it was sent.
async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(tokio::time::timeout(PING, socket.send(message)).await, Ok(Ok(())))
}

async fn run(api: Api, tenant: TenantId, mut after: Option<u64>, mut socket: WebSocket) {
    let mut ping = tokio::time::interval(PING);
    let mut heard = Instant::now();
    loop {
        let Some(Some((texts, mut changes))) =
            api.handle.ask(move |switch, _| begin(switch, tenant, after)).await
        else {
            return;
        };
        for text in texts {
            if !send(&mut socket, Message::text(text)).await {
                return;
            }
        }
        loop {
            tokio::select! {
                change = changes.recv() => match change {
                    Ok((number, text)) => {
                        after = Some(number);
                        if !send(&mut socket, Message::text(&*text)).await {
                            return;
                        }
                    }
                    // Too slow: from its last number on, or with a new snapshot.
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return,
                },
                message = socket.recv() => match message {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    // A pong too.
                    Some(Ok(_)) => heard = Instant::now(),
                },
                _ = ping.tick() => {
                    if heard.elapsed() > 2 * PING || !send(&mut socket, Message::Ping(Bytes::new())).await {
                        return;
                    }
                },
            }
        }
    }
}

type Begun = (Vec<String>, tokio::sync::broadcast::Receiver<crate::live::Change>);

fn begin(switch: &mut crate::adapt::Switch, tenant: TenantId, after: Option<u64>) -> Option<Begun> {
    let (missed, changes) = switch.live(tenant)?.subscribe(after);
    if let Some(missed) = missed {
        return Some((missed.into_iter().map(|(_, text)| text.to_string()).collect(), changes));
    }
    let t = switch.tenant(tenant)?;
    let calls: Vec<_> =
        t.engine.calls().values().map(|c| view::live_call(c, &t.engine, &t.meaning)).collect();
    let agents: Vec<_> = t.engine.agents().values().map(|a| view::agent(a, &t.engine, &t.meaning)).collect();
    let queues: Vec<_> =
        t.engine.queues().iter().map(|(id, q)| view::queue(*id, q, &t.engine, &t.meaning)).collect();
    let snapshot =
        json!({"number": t.live.number(), "snapshot": {"calls": calls, "agents": agents, "queues": queues}});
    Some((vec![snapshot.to_string()], changes))
}
