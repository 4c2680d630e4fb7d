//! Signing in with a Microsoft work account: the browser goes to Entra ID and comes back with a code.
//!
//! Both addresses are opened by the browser itself, so what goes wrong is not told as a problem but on the page of signing
//! in, by a word in its address; the log has the cause.

use crate::http::identity::set_cookie;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::http::session::{Caller, open_session};
use crate::http::work_roles::{WorkAccount, user_of};
use crate::microsoft::NotSignedIn;
use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::AccountOf;
use teams::entra::{CallbackFault, EntraError};
use teams::permissions::Features;

/// Where Entra ID sends the browser back to, below the public address: to be entered in the app registration.
pub const CALLBACK: &str = "/api/v1/session/microsoft/callback";
/// The cookie that a browser keeps while it is at Entra ID.
const COOKIE: &str = "switchroom-sign-in";
/// How long it keeps it, in seconds: as long as a sign-in may take.
const COOKIE_LIFE_S: u32 = 900;
/// The longest query of a callback, in bytes.
const LONGEST_QUERY: usize = 32 * 1024;

/// How people can sign in here.
#[derive(Serialize, JsonSchema)]
pub struct Ways {
    /// With a Microsoft work account.
    pub microsoft: bool,
}

/// Where to sign in, and where to go then.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// Id of the tenant; may be left out where only one is connected to Microsoft.
    pub tenant: Option<String>,
    /// The page to go to afterwards.
    pub to: Option<String>,
}

/// Why the page of signing in is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    /// It took too long, or the browser came with what it was not given.
    Begin,
    /// The person, an administrator or a rule of theirs said no.
    Denied,
    /// They are nobody here.
    Unknown,
    /// Microsoft cannot be asked now, or our registration there is not right.
    Unavailable,
}

impl Again {
    fn of(why: &NotSignedIn) -> Again {
        match why {
            NotSignedIn::Callback(CallbackFault::Denied(error)) | NotSignedIn::Entra(error) => match error {
                e if e.passes() => Again::Unavailable,
                EntraError::Unavailable { .. } | EntraError::Unreadable { .. } => Again::Unavailable,
                _ => Again::Denied,
            },
            NotSignedIn::Callback(_) => Again::Begin,
            NotSignedIn::Token(_) | NotSignedIn::Here(_) => Again::Unavailable,
        }
    }

    fn page(self) -> &'static str {
        match self {
            Again::Begin => "/?sign-in=again",
            Again::Denied => "/?sign-in=denied",
            Again::Unknown => "/?sign-in=unknown",
            Again::Unavailable => "/?sign-in=unavailable",
        }
    }
}

/// `GET /session/ways`
pub async fn ways(State(api): State<Api>) -> Result<Json<Ways>, Problem> {
    Ok(Json(Ways { microsoft: api.microsoft.sign_in.is_some() && directory(&api, None).await?.is_some() }))
}

/// `GET /session/microsoft`
pub async fn begin(
    State(api): State<Api>,
    Query(asked): Query<Begin>,
    request: Request,
) -> Result<Response, Problem> {
    let missing = || Problem::not_found("way to sign in with a work account for this tenant");
    let sign_in = api.microsoft.sign_in.as_ref().ok_or_else(missing)?;
    let (directory, tenant, features) = directory(&api, asked.tenant).await?.ok_or_else(missing)?;
    let caller = Caller::of(&api, &request)?;
    let redirect_uri = format!("{}{CALLBACK}", api.settings.url);
    let to = asked.to.unwrap_or_else(|| "/".into());
    let begun = sign_in.begin(now(), (&directory, &tenant, &features), redirect_uri, to).map_err(|e| {
        tracing::warn!(event = "sign_in_not_begun", why = %e, "nobody can be sent to Microsoft to sign in");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, e.to_string())
    })?;
    let secure = if caller.safe { "; Secure" } else { "" };
    let cookie = begun.cookie.expose_secret();
    let cookie = format!(
        "{COOKIE}={cookie}; Path={CALLBACK}; HttpOnly; SameSite=Lax; Max-Age={COOKIE_LIFE_S}{secure}"
    );
    let mut response = go(begun.address.expose_secret())?;
    response.headers_mut().append(header::SET_COOKIE, sensitive(&cookie)?);
    Ok(response)
}

/// `GET /session/microsoft/callback`
pub async fn finish(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let caller = Caller::of(&api, &request)?;
    let query = request.uri().query().unwrap_or_default().to_string();
    let kept = cookie(request.headers());
    drop(request);
    let (page, session) = match signed_in(&api, query, kept).await? {
        Ok((of, page)) => {
            let token = open_session(&api, of, caller.before.clone(), "session.begin").await?;
            (page, Some(set_cookie(Some(&token), caller.safe, api.settings.framed)))
        }
        Err(again) => (again.page().into(), None),
    };
    let mut response = go(&page)?;
    // Whatever came of it, it is of no more use.
    let over = sensitive(&format!("{COOKIE}=; Path={CALLBACK}; HttpOnly; SameSite=Lax; Max-Age=0"))?;
    response.headers_mut().append(header::SET_COOKIE, over);
    if let Some(session) = session {
        response.headers_mut().append(header::SET_COOKIE, session);
    }
    Ok(response)
}

async fn signed_in(
    api: &Api,
    query: String,
    kept: Option<String>,
) -> Result<Result<(AccountOf, String), Again>, Problem> {
    let Some(sign_in) = api.microsoft.sign_in.clone() else { return Ok(Err(Again::Unavailable)) };
    if query.len() > LONGEST_QUERY {
        return Ok(Err(Again::Begin));
    }
    // Waiting for Microsoft holds a thread: so many at once and no more.
    let Ok(_turn) = api.microsoft_turns.clone().acquire_owned().await else {
        return Err(Problem::stopping());
    };
    let asked = tokio::task::spawn_blocking(move || sign_in.finish(now(), kept.as_deref(), &query));
    let finished = match asked.await.map_err(|_| Problem::stopping())? {
        Ok(found) => found,
        Err(why) => {
            tracing::warn!(event = "sign_in_refused", why = %why, "a sign-in with a work account came to nothing");
            return Ok(Err(Again::of(&why)));
        }
    };
    let who = finished.who;
    let account = WorkAccount {
        directory: who.tenant,
        object: who.object,
        roles: who.roles,
        name: who.name,
        tenant: Some(finished.tenant),
    };
    match user_of(api, account).await? {
        Some(of) => Ok(Ok((of, finished.return_to))),
        None => {
            tracing::warn!(event = "sign_in_unknown", "somebody with a work account is no user here");
            Ok(Err(Again::Unknown))
        }
    }
}

/// The Microsoft directory of a tenant, or of the only one that has one, and what is on in it.
async fn directory(api: &Api, tenant: Option<String>) -> Result<Option<(String, String, Features)>, Problem> {
    let found = api.handle.ask(move |switch, _| {
        let connected =
            switch.tenants().iter().filter(|t| tenant.as_ref().is_none_or(|id| *id == t.meaning.tenant));
        let mut all = connected.filter_map(|t| {
            let m = &t.meaning;
            Some((m.microsoft.clone()?, m.tenant.clone(), m.features.clone()))
        });
        all.next().filter(|_| all.next().is_none())
    });
    found.await.ok_or_else(Problem::stopping)
}

fn now() -> teams::Time {
    teams::Time(crate::clock::wall_ms())
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    let mut pairs = all.flat_map(|v| v.split(';')).filter_map(|p| p.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value.to_string())
}

fn sensitive(text: &str) -> Result<HeaderValue, Problem> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the page to return to cannot be kept")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Sends the browser on.
fn go(to: &str) -> Result<Response, Problem> {
    let never = HeaderValue::from_static("no-store");
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, sensitive(to)?), (header::CACHE_CONTROL, never)])
        .into_response())
}
