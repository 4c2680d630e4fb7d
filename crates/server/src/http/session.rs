//! Signing in and out, and who is signed in.

use crate::http::identity::{
    Asker, Person, address_of, allowed_from, check_origin, cookie, csrf_of, is_barred, is_safe, role,
    rule_of, set_cookie, signed_in,
};
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::http::work_roles;
use crate::sign_in::guesses::Guesser;
use crate::sign_in::{password, totp};
use axum::extract::{FromRequest, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use redact::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::time::{Duration, Instant};
use store::{AccountOf, TenantId};

/// Passwords that are hashed at a time: each takes 19 MiB.
pub const PASSWORDS: usize = 2;
/// How long a request waits for its turn to have a password hashed.
const TURN: Duration = Duration::from_secs(10);

/// What somebody signs in with.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// Id of the tenant; may be left out where there is only one.
    #[serde(default)]
    pub tenant: Option<String>,
    /// Id of the user.
    pub user: String,
    /// The password.
    #[serde(deserialize_with = "secret")]
    #[schemars(with = "String")]
    pub password: Secret<String>,
    /// The code of the second factor, if the account has one.
    #[serde(default, deserialize_with = "maybe_secret")]
    #[schemars(with = "Option<String>")]
    pub totp: Option<Secret<String>>,
}

/// Reads a text that is never printed.
pub fn secret<'de, D: Deserializer<'de>>(d: D) -> Result<Secret<String>, D::Error> {
    String::deserialize(d).map(Secret::new)
}

fn maybe_secret<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Secret<String>>, D::Error> {
    Option::<String>::deserialize(d).map(|text| text.map(Secret::new))
}

/// Who is signed in.
#[derive(Clone, Serialize, JsonSchema)]
pub struct SessionView {
    /// Id of the tenant.
    pub tenant: String,
    /// Id of the user.
    pub user: String,
    /// Name shown to colleagues.
    pub name: String,
    /// The role that may do most: `owner`, `supervisor`, `agent` or `auditor`.
    pub role: &'static str,
    /// All roles.
    pub roles: Vec<&'static str>,
    /// Id of the agent, which is the user's; null for those who are never rung.
    pub agent_id: Option<String>,
    /// To be sent as `X-CSRF-Token` with every request that changes something.
    pub csrf: String,
    /// When the session ends at the latest. Unused it ends sooner.
    pub expires: String,
    /// Whether signing in needs a code of a second factor.
    pub second_factor: bool,
}

/// The one sentence for whatever was wrong.
fn wrong() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "user, password or code is wrong").coded("wrong")
}

/// Too many failures.
///
/// # Errors
/// Always where they have to wait.
pub fn slowed(api: &Api, who: Guesser) -> Result<(), Problem> {
    let guesses = api.guesses.lock().unwrap_or_else(|e| e.into_inner());
    let wait = guesses.wait(who, Instant::now());
    if wait.is_zero() {
        return Ok(());
    }
    let seconds = wait.as_secs() + 1;
    let what = format!("too many failures: try again in {seconds} s");
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, what).coded("slow-down");
    Err(Problem { retry_after: Some(seconds), ..problem })
}

/// Notes what became of a guess.
pub fn guessed(api: &Api, who: Guesser, right: bool) {
    let mut guesses = api.guesses.lock().unwrap_or_else(|e| e.into_inner());
    if right { guesses.succeeded(who) } else { guesses.failed(who, Instant::now()) }
}

/// Waits for the turn to have a password hashed.
///
/// # Errors
/// When too many are before.
pub async fn turn(api: &Api) -> Result<tokio::sync::OwnedSemaphorePermit, Problem> {
    let turn = tokio::time::timeout(TURN, api.passwords.clone().acquire_owned()).await;
    turn.ok().and_then(Result::ok).ok_or_else(|| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many sign in at once: try again soon")
    })
}

/// A body of JSON, out of a request whose head is still needed.
pub async fn body<T: serde::de::DeserializeOwned>(request: Request) -> Result<T, Problem> {
    let read = Json::<T>::from_request(request, &()).await;
    read.map(|Json(t)| t).map_err(|e| Problem::new(e.status(), e.body_text()))
}

/// What is known of a request before its body is read.
pub struct Caller {
    /// Whether the answer goes out over HTTPS.
    pub safe: bool,
    /// Where it comes from.
    pub address: std::net::IpAddr,
    /// A session that the browser has already.
    pub before: Option<Secret<String>>,
}

impl Caller {
    /// Looks at a request of somebody who is not signed in; the page must be ours.
    ///
    /// # Errors
    /// When another page asks: it would sign the browser in as somebody else.
    pub fn of(api: &Api, request: &Request) -> Result<Caller, Problem> {
        check_origin(api, request.headers(), false)?;
        let safe = is_safe(api, request.extensions());
        let before = cookie(request.headers(), safe);
        Ok(Caller { safe, address: address_of(api, request.headers(), request.extensions()), before })
    }
}

/// `POST /session`
pub async fn sign_in(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let caller = Caller::of(&api, &request)?;
    let given: SignIn = body(request).await?;
    let (tenant_name, user) = (given.tenant.clone().unwrap_or_default(), given.user.clone());
    let who = {
        let guesses = api.guesses.lock().unwrap_or_else(|e| e.into_inner());
        guesses.guesser(&tenant_name, &user, caller.address)
    };
    let turn = turn(&api).await?;
    // Looked at while it is our turn: guesses at the same time do not all come before the first failure.
    slowed(&api, who)?;
    let of = find(&api, given.tenant.clone(), user.clone()).await?;
    let proved = prove(&api, of, given).await?;
    match proved {
        Proved::CodeMissing => {
            let what = "this account has a second factor: send its code as totp";
            return Err(Problem::new(StatusCode::UNAUTHORIZED, what).coded("second-factor"));
        }
        Proved::No => {
            guessed(&api, who, false);
            note_refusal(&api, of, &user).await?;
            return Err(wrong());
        }
        Proved::Yes => guessed(&api, who, true),
    }
    drop(turn);
    let Found::Known(of) = of else { return Err(wrong()) };
    begin(&api, of, &caller, "session.begin").await
}

/// Whom a name belongs to.
#[derive(Clone, Copy)]
enum Found {
    Known(AccountOf),
    /// No such user, in this tenant.
    Unknown(TenantId),
    /// No such tenant.
    Nowhere,
}

async fn find(api: &Api, tenant: Option<String>, user: String) -> Result<Found, Problem> {
    let found = api.handle.ask(move |switch, _| {
        let all = switch.tenants();
        let t = match &tenant {
            Some(name) => all.iter().find(|t| t.meaning.tenant == *name),
            None if all.len() == 1 => all.first(),
            None => return None,
        };
        let Some(t) = t else { return Some(Found::Nowhere) };
        let number = t.meaning.names.number("User", &user).filter(|n| t.meaning.people.contains_key(n));
        Some(number.map_or(Found::Unknown(t.id), |n| Found::Known((t.id, n))))
    });
    found.await.ok_or_else(Problem::stopping)?.ok_or_else(|| {
        let what = "there is more than one tenant here: say which, as tenant";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what).coded("tenant")
    })
}

enum Proved {
    Yes,
    No,
    /// The password is right, and the code is missing.
    CodeMissing,
}

async fn prove(api: &Api, found: Found, given: SignIn) -> Result<Proved, Problem> {
    let store = api.handle.store.clone();
    let proved = tokio::task::spawn_blocking(move || {
        let account = match found {
            Found::Known(of) => store.account(of)?,
            Found::Unknown(_) | Found::Nowhere => store::Account::default(),
        };
        if !password::is_right(&given.password, account.password.as_ref()) {
            return Ok(Proved::No);
        }
        let (Found::Known(of), Some(second)) = (found, &account.second) else { return Ok(Proved::Yes) };
        let Some(code) = &given.totp else { return Ok(Proved::CodeMissing) };
        let now = crate::clock::wall_ms();
        match totp::step_of(second, code, now) {
            // A code that was looked at over a shoulder is worth nothing once it was used.
            Some(step) if store.use_step(of, step)? => Ok(Proved::Yes),
            _ => Ok(Proved::No),
        }
    });
    proved.await.map_err(|_| Problem::stopping())?.map_err(|e: store::StoreError| e.into())
}

/// What was typed in place of a user's id may be anything, a password too: only ids that there are stand in the log.
async fn note_refusal(api: &Api, found: Found, user: &str) -> Result<(), Problem> {
    let (tenant, object) = match found {
        Found::Known(of) => (of.0, format!("User/{user}")),
        Found::Unknown(tenant) => (tenant, "User".to_string()),
        Found::Nowhere => return Ok(()),
    };
    let store = api.handle.store.clone();
    let noted = tokio::task::spawn_blocking(move || {
        store.audit(tenant, crate::clock::wall_ms(), "nobody", "session.refuse", &object)
    });
    Ok(noted.await.map_err(|_| Problem::stopping())??)
}

/// Begins a session and says so to the browser. One that it had before ends.
///
/// # Errors
/// When the database cannot take it.
pub async fn begin(
    api: &Api,
    of: AccountOf,
    caller: &Caller,
    action: &'static str,
) -> Result<Response, Problem> {
    allowed_from(api, of.0, caller.address).await?;
    let token = open_session(api, of, caller.before.clone(), action).await?;
    let person = signed_in(api, token.clone()).await?;
    let view = view(api, &person).await?;
    let cookie = set_cookie(Some(&token), caller.safe, api.settings.framed);
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie)], Json(view)).into_response())
}

/// Begins a session of somebody who has proved who they are, and notes it. One that the browser had before ends.
///
/// # Errors
/// When the database cannot take it.
pub async fn open_session(
    api: &Api,
    of: AccountOf,
    before: Option<Secret<String>>,
    action: &'static str,
) -> Result<Secret<String>, Problem> {
    // Whom the organisation disabled has still a password and a passkey of their own here: neither counts.
    let rule = rule_of(api, of).await?.ok_or_else(wrong)?;
    if is_barred(api, of.0, &rule) {
        work_roles::note_refusal(api, of.0).await?;
        return Err(wrong());
    }
    let (store, life) = (api.handle.store.clone(), api.settings.life);
    let token = tokio::task::spawn_blocking(move || {
        if let Some(before) = before {
            store.end_session(before.expose_secret())?;
        }
        store.begin_session(of, crate::clock::wall_ms(), life)
    });
    let token = token.await.map_err(|_| Problem::stopping())??;
    let person = match signed_in(api, token.clone()).await {
        Ok(person) => person,
        Err(problem) => {
            // Disabled just now: the session must not be there when they are enabled again.
            let store = api.handle.store.clone();
            let ended = tokio::task::spawn_blocking(move || store.end_session(token.expose_secret()));
            ended.await.map_err(|_| Problem::stopping())??;
            return Err(problem);
        }
    };
    let (store, who, object) =
        (api.handle.store.clone(), format!("user {}", person.rule.id), person.object());
    let noted = tokio::task::spawn_blocking(move || {
        store.audit(of.0, crate::clock::wall_ms(), &who, action, &object)
    });
    noted.await.map_err(|_| Problem::stopping())??;
    Ok(token)
}

/// Whoever is signed in, as they see themselves.
async fn view(api: &Api, person: &Person) -> Result<SessionView, Problem> {
    let (of, store) = (person.of(), api.handle.store.clone());
    let account = tokio::task::spawn_blocking(move || store.account(of));
    let account = account.await.map_err(|_| Problem::stopping())??;
    let tenant = api
        .handle
        .ask(move |switch, _| switch.tenant(of.0).map(|t| t.meaning.tenant.clone()))
        .await
        .ok_or_else(Problem::stopping)?
        .unwrap_or_default();
    let mut roles: Vec<store::Role> = person.rule.roles.iter().map(|r| role(*r)).collect();
    roles.sort_unstable_by(|a, b| b.cmp(a));
    roles.dedup();
    Ok(SessionView {
        tenant,
        user: person.rule.id.clone(),
        name: person.rule.name.expose_secret().clone(),
        role: roles.first().map_or("auditor", |r| r.name()),
        roles: roles.iter().map(|r| r.name()).collect(),
        agent_id: person.agent().map(|_| person.rule.id.clone()),
        csrf: csrf_of(&person.token).expose_secret().clone(),
        expires: crate::view::time(engine::Time(person.session.ends)),
        second_factor: account.second.is_some(),
    })
}

/// `GET /session`
pub async fn who_am_i(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
) -> Result<Json<SessionView>, Problem> {
    view(&api, asker.person()?).await.map(Json)
}

/// `DELETE /session`
pub async fn sign_out(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    request: Request,
) -> Result<Response, Problem> {
    let person = asker.person()?;
    let (store, token, tenant) = (api.handle.store.clone(), person.token.clone(), asker.0.tenant);
    let (who, object) = (asker.name(), person.object());
    let ended = tokio::task::spawn_blocking(move || {
        store.end_session(token.expose_secret())?;
        store.audit(tenant, crate::clock::wall_ms(), &who, "session.end", &object)
    });
    ended.await.map_err(|_| Problem::stopping())??;
    let cookie = set_cookie(None, is_safe(&api, request.extensions()), api.settings.framed);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}
