//! Where Graph tells us of changes: `/graph/notify` and `/graph/lifecycle`.
//!
//! Nobody signs in here. Each address answers a question whether it is ours with the question's own text, and each delivery
//! with 202, whatever it is worth: a forger learns nothing.

use crate::http::serve::Api;
use crate::microsoft::LARGEST;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use std::sync::atomic::{AtomicU64, Ordering};

/// The log has so many lines a minute about what is wrong with what is posted here.
const LINES_A_MINUTE: u64 = 60;

/// The addresses.
const PATHS: [&str; 2] = ["/graph/notify", "/graph/lifecycle"];

/// The routes of both.
pub fn routes() -> Router<Api> {
    let router = PATHS.iter().fold(Router::new(), |router, path| router.route(path, post(deliver)));
    router.layer(DefaultBodyLimit::max(LARGEST))
}

async fn deliver(State(api): State<Api>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    if let Some(text) = query.as_deref().and_then(teams::graph::answer_validation) {
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        return ([(header::CONTENT_TYPE, plain)], text).into_response();
    }
    // Judging may wait for Microsoft's keys, which holds a thread: so many at once, and the others are told to come again.
    let Ok(turn) = api.microsoft_turns.clone().try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let handle = api.handle.clone();
    let judged = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let delivered = handle.notices.deliver(&body);
        if let Some(why) = delivered.faults.first() {
            said_why(why, delivered.faults.len());
        }
        for notice in delivered.notices {
            let ours = handle.notices.ours();
            let tenant = ours.iter().find(|o| o.subscription.id == notice.subscription).map(|o| o.tenant);
            drop(ours);
            if let (Some(tenant), Some(presence)) = (tenant, notice.presence) {
                handle.ask_and_wait(move |switch, now| switch.on_presences(now, tenant, vec![presence]));
            }
        }
    });
    // A panic is all that can go wrong, and it ends the process elsewhere.
    let _ = judged.await;
    StatusCode::ACCEPTED.into_response()
}

// Strangers can post here, so a minute has so many lines: each the first fault of a delivery, and how many there were.
fn said_why(why: &impl std::fmt::Display, faults: usize) {
    static MINUTE: AtomicU64 = AtomicU64::new(0);
    static LINES: AtomicU64 = AtomicU64::new(0);
    let minute = crate::clock::wall_ms() / 60_000;
    if MINUTE.swap(minute, Ordering::Relaxed) != minute {
        LINES.store(0, Ordering::Relaxed);
    }
    if LINES.fetch_add(1, Ordering::Relaxed) < LINES_A_MINUTE {
        tracing::warn!(event = "notification_dropped", why = %why, faults, "somebody told us something in Microsoft's name");
    }
}
