//! `POST /api/messages`: what the Bot Connector posts to the bot.

use crate::bot::{Admitted, Bot, IN_TIME, Judged};
use crate::http::problem::{AsItIs, Problem};
use crate::http::serve::Api;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use teams::bot::{Activity, ActivityFault, ActivityKind, Invoke, InvokeReply, Language, Said};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

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
    let later = || reply(InvokeReply::message(language, Said::Later));
    let until = Instant::now() + IN_TIME;
    let directory = activity.conversation.tenant.clone().unwrap_or_default();
    let Ok(Some(turn)) = timeout_at(until, bot.turn(&directory)).await else { return later() };
    // A thread of its own: a Microsoft that is slow keeps nobody else's request from the few of the API.
    let (tell, told) = oneshot::channel();
    let work = move || {
        let _turn = turn;
        let _ = tell.send(bot.answer(&activity, &invoke));
    };
    if let Err(why) = std::thread::Builder::new().name("bot-press".into()).spawn(work) {
        tracing::warn!(event = "bot_press", %why, "there is no thread to answer a button");
        return later();
    }
    match timeout_at(until, told).await {
        Ok(Ok(answer)) => reply(answer),
        _ => later(),
    }
}

/// `GET /api/consented`: where a browser comes back to when somebody was asked to consent to what the bot shows. Nothing is
/// learnt here: whether it was granted shows when the next token is asked for.
pub async fn consented(headers: HeaderMap) -> Response {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|l| l.to_str().ok());
    let language = Language::choose(wanted.and_then(|l| l.split([',', ';']).next()), &[]);
    let (tag, text) = (language.tag(), Said::Agreed.text(language));
    let page = format!(
        "<!doctype html><html lang=\"{tag}\"><meta charset=\"utf-8\"><title>{text}</title><p>{text}</p></html>"
    );
    axum::response::Html(page).into_response()
}

fn reply(answer: InvokeReply) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if answer.body.is_null() {
        status.into_response()
    } else {
        let mut response = (status, axum::Json(answer.body)).into_response();
        response.extensions_mut().insert(AsItIs);
        response
    }
}
