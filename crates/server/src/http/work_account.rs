//! Signing in with a Microsoft work account: the browser goes to Entra ID and comes back with a code.
//!
//! Both addresses are opened by the browser itself, so what goes wrong is not told as a problem but on the page of signing
//! in, by a word in its address; the log has the cause.

use crate::http::connect;
use crate::http::identity::{allowed_from, set_cookie};
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::http::session::{Caller, open_session};
use crate::http::work_roles::{WorkAccount, user_of};
use crate::microsoft::{Finished, NotSignedIn, Purpose, SignIn, allowed_by};
use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use redact::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::AccountOf;
use teams::entra::{CallbackFault, EntraError};
use teams::permissions::{Feature, Features, Operation, Registration};

/// Where Entra ID sends the browser back to, below the public address: to be entered in the app registration.
pub const CALLBACK: &str = "/api/v1/session/microsoft/callback";
/// The cookie that a browser keeps while it is at Entra ID.
pub const COOKIE: &str = "switchroom-sign-in";
/// The same for the app registration of the profile `directory`, by which an administrator both signs in and connects.
pub const DIRECTORY_CALLBACK: &str = "/api/v1/microsoft/directory/callback";
/// Its cookie.
pub const DIRECTORY_COOKIE: &str = "switchroom-directory";
/// How long it keeps it, in seconds: as long as a sign-in may take.
const COOKIE_LIFE_S: u32 = 900;
/// The longest query of a callback, in bytes.
pub const LONGEST_QUERY: usize = 32 * 1024;

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
            NotSignedIn::Token(_) | NotSignedIn::NoIdToken(_) | NotSignedIn::Here(_) => Again::Unavailable,
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
    let found = directory(&api, None).await?;
    Ok(Json(Ways { microsoft: found.is_some_and(|(.., features)| app_of(&api, &features).is_some()) }))
}

/// `GET /session/microsoft`
pub async fn begin(
    State(api): State<Api>,
    Query(asked): Query<Begin>,
    request: Request,
) -> Result<Response, Problem> {
    let missing = || Problem::not_found("way to sign in with a work account for this tenant");
    let (directory, tenant, features) = directory(&api, asked.tenant).await?.ok_or_else(missing)?;
    let (sign_in, kept) = app_of(&api, &features).ok_or_else(missing)?;
    let caller = Caller::of(&api, &request)?;
    let redirect_uri = format!("{}{}", api.settings.url, kept.1);
    let to = asked.to.unwrap_or_else(|| "/".into());
    let what = Purpose { directory: &directory, tenant: &tenant, features: &features, by: "", claims: None };
    let begun = sign_in.begin(now(), &what, redirect_uri, to).map_err(|e| {
        tracing::warn!(event = "sign_in_not_begun", why = %e, "nobody can be sent to Microsoft to sign in");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, e.to_string())
    })?;
    sent_to_microsoft(begun.address.expose_secret(), &begun.cookie, kept, caller.safe)
}

/// The app registration that people of a tenant with these features sign in through; name and path of the cookie meanwhile.
fn app_of(api: &Api, features: &Features) -> Option<(Arc<SignIn>, (&'static str, &'static str))> {
    match features.row_for(Feature::SignIn, Operation::SignIn)?.registration {
        Registration::Directory => {
            Some((api.microsoft.directory.clone()?, (DIRECTORY_COOKIE, DIRECTORY_CALLBACK)))
        }
        _ => Some((api.microsoft.sign_in.clone()?, (COOKIE, CALLBACK))),
    }
}

/// Sends a browser to Microsoft with what it keeps meanwhile under this name, for this path.
///
/// # Errors
/// What cannot stand in a header.
pub fn sent_to_microsoft(
    address: &str,
    kept: &Secret<String>,
    (name, path): (&str, &str),
    safe: bool,
) -> Result<Response, Problem> {
    let secure = if safe { "; Secure" } else { "" };
    let kept = kept.expose_secret();
    let cookie =
        format!("{name}={kept}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={COOKIE_LIFE_S}{secure}");
    let mut response = go(address)?;
    response.headers_mut().append(header::SET_COOKIE, sensitive(&cookie)?);
    Ok(response)
}

/// `GET /session/microsoft/callback`
pub async fn finish(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let app = api.microsoft.sign_in.clone();
    finish_with(api, request, app, (COOKIE, CALLBACK)).await
}

/// `GET /microsoft/directory/callback`
pub async fn finish_directory(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let app = api.microsoft.directory.clone();
    finish_with(api, request, app, (DIRECTORY_COOKIE, DIRECTORY_CALLBACK)).await
}

async fn finish_with(
    api: Api,
    request: Request,
    app: Option<Arc<SignIn>>,
    (name, path): (&str, &str),
) -> Result<Response, Problem> {
    let caller = Caller::of(&api, &request)?;
    let query = request.uri().query().unwrap_or_default().to_string();
    let kept = cookie(request.headers(), name);
    drop(request);
    let (page, session) = match signed_in(&api, app, (query, kept), &caller).await? {
        Ok((None, page)) => (page, None),
        Ok((Some(of), page)) => {
            allowed_from(&api, of.0, caller.address).await?;
            let token = open_session(&api, of, caller.before.clone(), "session.begin").await?;
            (page, Some(set_cookie(Some(&token), caller.safe, api.settings.framed)))
        }
        // Somebody who is here already wanted to connect their directory.
        Err(Again::Denied) if name == DIRECTORY_COOKIE && caller.before.is_some() => {
            ("/?microsoft=denied".into(), None)
        }
        Err(again) => (again.page().into(), None),
    };
    let mut response = go(&page)?;
    // Whatever came of it, it is of no more use.
    let over = sensitive(&format!("{name}=; Path={path}; HttpOnly; SameSite=Lax; Max-Age=0"))?;
    response.headers_mut().append(header::SET_COOKIE, over);
    if let Some(session) = session {
        response.headers_mut().append(header::SET_COOKIE, session);
    }
    Ok(response)
}

async fn signed_in(
    api: &Api,
    app: Option<Arc<SignIn>>,
    (query, kept): (String, Option<String>),
    caller: &Caller,
) -> Result<Result<(Option<AccountOf>, String), Again>, Problem> {
    let Some(sign_in) = app else { return Ok(Err(Again::Unavailable)) };
    if query.len() > LONGEST_QUERY {
        return Ok(Err(Again::Begin));
    }
    // Waiting for Microsoft holds a thread: so many at once and no more.
    let Ok(_turn) = api.microsoft_turns.clone().acquire_owned().await else {
        return Err(Problem::stopping());
    };
    let (app, cookie) = (sign_in.clone(), kept.clone());
    let asked = tokio::task::spawn_blocking(move || sign_in.finish(now(), kept.as_deref(), &query));
    let finished = asked.await.map_err(|_| Problem::stopping())?;
    note_permissions(api, &app, cookie.as_deref(), &finished).await?;
    let finished = match finished {
        Ok(found) => found,
        Err(why) => {
            tracing::warn!(event = "sign_in_refused", why = %why, "a sign-in with a work account came to nothing");
            return Ok(Err(Again::of(&why)));
        }
    };
    if !finished.by.is_empty() {
        return connect::prove(api, finished, caller).await.map(|page| Ok((None, page.into())));
    }
    let who = finished.who;
    let account = WorkAccount {
        directory: who.tenant,
        object: who.object,
        roles: who.roles,
        name: who.name,
        tenant: Some(finished.tenant),
    };
    match user_of(api, account).await? {
        Some(of) => Ok(Ok((Some(of), finished.return_to))),
        None => {
            tracing::warn!(event = "sign_in_unknown", "somebody with a work account is no user here");
            Ok(Err(Again::Unknown))
        }
    }
}

/// Notes what a sign-in that came back says of the permissions of the feature that it was for.
pub async fn note_permissions(
    api: &Api,
    app: &SignIn,
    cookie: Option<&str>,
    came: &Result<Finished, NotSignedIn>,
) -> Result<(), Problem> {
    let Some((name, feature)) = app.begun_for(cookie) else { return Ok(()) };
    let found = api.handle.ask(move |switch, _| {
        let mut all = switch.tenants().iter();
        all.find(|t| t.meaning.tenant == name).map(|t| (t.id, t.meaning.features.clone()))
    });
    let Some((tenant, features)) = found.await.ok_or_else(Problem::stopping)? else { return Ok(()) };
    let (stops, registration) = (&api.handle.stops, app.registration());
    match came {
        Ok(finished) => {
            stops.came(tenant, feature, (&features, registration), allowed_by(&finished.tokens));
        }
        Err(NotSignedIn::NoIdToken(allowed)) => {
            stops.came(tenant, feature, (&features, registration), allowed.clone());
        }
        Err(NotSignedIn::Callback(CallbackFault::Denied(why)) | NotSignedIn::Entra(why)) => {
            stops.refused(tenant, feature, registration, why);
        }
        Err(_) => {}
    }
    Ok(())
}

/// The Microsoft directory of a tenant, or of the only one whose people sign in with its accounts, and what is on in it.
async fn directory(api: &Api, tenant: Option<String>) -> Result<Option<(String, String, Features)>, Problem> {
    let found = api.handle.ask(move |switch, _| {
        let connected =
            switch.tenants().iter().filter(|t| tenant.as_ref().is_none_or(|id| *id == t.meaning.tenant));
        let mut all = connected.filter_map(|t| {
            let m = &t.meaning;
            let signs_in = m.features.has(Feature::SignIn);
            Some((m.microsoft.clone().filter(|_| signs_in)?, m.tenant.clone(), m.features.clone()))
        });
        all.next().filter(|_| all.next().is_none())
    });
    found.await.ok_or_else(Problem::stopping)
}

pub fn now() -> teams::Time {
    teams::Time(crate::clock::wall_ms())
}

/// What a browser kept under a name.
pub fn cookie(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    let mut pairs = all.flat_map(|v| v.split(';')).filter_map(|p| p.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value.to_string())
}

fn sensitive(text: &str) -> Result<HeaderValue, Problem> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the page to return to cannot be kept")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Sends the browser on.
pub fn go(to: &str) -> Result<Response, Problem> {
    let never = HeaderValue::from_static("no-store");
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, sensitive(to)?), (header::CACHE_CONTROL, never)])
        .into_response())
}
