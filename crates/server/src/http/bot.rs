//! `POST /api/messages`: what the Bot Connector posts to the bot.

use crate::bot::{Admitted, Bot, IN_TIME, Judged};
use crate::http::problem::Problem;
use crate::http::serve::Api;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use teams::bot::{Activity, ActivityFault, ActivityKind, Invoke, InvokeReply, Language, Said};
use tokio::sync::Semaphore;

/// Presses of buttons that are answered at once: each holds a thread while it waits for Microsoft.
static INVOKES: Semaphore = Semaphore::const_new(4);

/// Where activities are posted.
pub const MESSAGES: &str = "/api/messages";

/// The token in the head of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn refused() -> Response {
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "only the Bot Connector may post here");
    ([(header::WWW_AUTHENTICATE, "Bearer")], problem).into_response()
}

/// Takes an activity.
pub async fn messages(State(api): State<Api>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(bot) = api.bot.clone() else {
        return Problem::not_found("bot here: microsoft.bot_app names none").into_response();
    };
    let Some(token) = bearer(&headers) else {
        bot.refuse("there is no token");
        return refused();
    };
    let activity = match Activity::read(&body) {
        Ok(activity) => activity,
        Err(fault) => {
            let status = match fault {
                ActivityFault::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                ActivityFault::Unreadable | ActivityFault::Incomplete => StatusCode::BAD_REQUEST,
            };
            bot.refuse(&fault.to_string());
            return Problem::new(status, fault.to_string()).into_response();
        }
    };
    if !is_from_connector(&api, &bot, token, &activity).await {
        return refused();
    }
    if let ActivityKind::Invoke(name) = &activity.kind {
        return match Invoke::read(name, activity.value.expose_secret()) {
            Some(invoke) => answer(bot, activity, invoke).await,
            None => reply(InvokeReply::unknown()),
        };
    }
    match bot.admit(activity) {
        Admitted::Taken | Admitted::Again => StatusCode::OK.into_response(),
        Admitted::Full => {
            let problem =
                Problem::new(StatusCode::TOO_MANY_REQUESTS, "too much waits: try again in a moment");
            Problem { retry_after: Some(1), ..problem }.into_response()
        }
    }
}

/// Judges the token; keys are fetched once, on another thread, where that may help.
async fn is_from_connector(api: &Api, bot: &Arc<Bot>, token: &str, activity: &Activity) -> bool {
    match bot.judge(token, activity) {
        Judged::Good => return true,
        Judged::Refused => return false,
        Judged::Unknown => {}
    }
    // The semaphore is never closed.
    let Ok(_turn) = api.microsoft_turns.acquire().await else { return false };
    let fetching = bot.clone();
    if tokio::task::spawn_blocking(move || fetching.fetch_keys()).await.is_err() {
        return false;
    }
    match bot.judge(token, activity) {
        Judged::Good => true,
        Judged::Refused => false,
        Judged::Unknown => {
            bot.refuse("the token is signed with a key that the Bot Connector does not publish");
            false
        }
    }
}

async fn answer(bot: Arc<Bot>, activity: Activity, invoke: Invoke) -> Response {
    let language = Language::choose(activity.locale.as_deref(), &[]);
    let Ok(turn) = INVOKES.try_acquire() else {
        return reply(InvokeReply::message(language, Said::Later));
    };
    let work = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        bot.answer(&activity, &invoke)
    });
    match tokio::time::timeout(IN_TIME, work).await {
        Ok(Ok(answer)) => reply(answer),
        _ => reply(InvokeReply::message(language, Said::Later)),
    }
}

fn reply(answer: InvokeReply) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if answer.body.is_null() {
        status.into_response()
    } else {
        (status, axum::Json(answer.body)).into_response()
    }
}
