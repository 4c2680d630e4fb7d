//! Accounts: invitations to choose a password, changing it, and the second factor.

use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::http::session::{Caller, begin, body, guessed, secret, slowed, turn};
use crate::sign_in::guesses::Guesser;
use crate::sign_in::{password, totp};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use redact::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{AccountOf, StoreError};

/// An invitation to choose a password.
#[derive(Serialize, JsonSchema)]
pub struct InvitationView {
    /// The code, which is shown this once.
    pub code: String,
    /// The page where it is taken up. The code stands behind `#`, so that no log on the way has it.
    pub link: String,
    /// Until when.
    pub expires: String,
}

/// Taking up an invitation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeUp {
    /// The code.
    #[serde(deserialize_with = "secret")]
    #[schemars(with = "String")]
    pub code: Secret<String>,
    /// The password from here on: 10 characters or more.
    #[serde(deserialize_with = "secret")]
    #[schemars(with = "String")]
    pub password: Secret<String>,
}

/// Another password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The one so far.
    #[serde(deserialize_with = "secret")]
    #[schemars(with = "String")]
    pub password: Secret<String>,
    /// The one from here on: 10 characters or more.
    #[serde(deserialize_with = "secret")]
    #[schemars(with = "String")]
    pub new_password: Secret<String>,
}

/// Proof of being oneself.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The password.
    #[serde(deserialize_with = "secret")]
    #[schemars(with = "String")]
    pub password: Secret<String>,
}

/// The secret of a second factor, for an app that makes codes of it.
#[derive(Serialize, JsonSchema)]
pub struct SecondFactor {
    /// The secret, in Base32, to be typed in.
    pub secret: String,
    /// The same as an address, to be shown as a QR code.
    pub uri: String,
}

/// A code that proves that the app has the secret.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Six digits.
    #[serde(deserialize_with = "secret")]
    #[schemars(with = "String")]
    pub totp: Secret<String>,
}

pub(super) async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, Problem> + Send + 'static,
) -> Result<R, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Problem::stopping())?
}

fn unfit(what: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what).coded("password")
}

pub(super) fn failed(what: String) -> Problem {
    tracing::error!(event = "account_failed", cause = what, "a request about an account failed");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "something failed here: the log of the server says what")
}

pub(super) async fn number_of(api: &Api, asker: &Asker, id: &str) -> Result<AccountOf, Problem> {
    let (tenant, name) = (asker.0.tenant, id.to_string());
    let found = api.handle.ask(move |switch, _| {
        let m = &switch.tenant(tenant)?.meaning;
        m.names.number("User", &name).filter(|n| m.people.contains_key(n))
    });
    let number = found.await.ok_or_else(Problem::stopping)?;
    number.map(|n| (tenant, n)).ok_or_else(|| Problem::not_found(&format!("user {id:?}")))
}

/// `POST /users/{id}/invitation`
pub async fn invite(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<InvitationView>), Problem> {
    let of = number_of(&api, &asker, &id).await?;
    let (store, who, now) = (api.handle.store.clone(), asker.name(), crate::clock::wall_ms());
    let code = blocking(move || Ok(store.invite(of, now, &who, &format!("User/{id}"))?)).await?;
    let view = InvitationView {
        code: code.expose_secret().clone(),
        link: link(&api.settings.url, &code),
        expires: crate::view::time(engine::Time(now + store::INVITATION_MS)),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// The page where an invitation is taken up. `url` is where people reach the web app.
pub fn link(url: &str, code: &Secret<String>) -> String {
    format!("{}/invitation#{}", url.trim_end_matches('/'), code.expose_secret())
}

/// `POST /invitation`
pub async fn take_up(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let caller = Caller::of(&api, &request)?;
    let given: TakeUp = body(request).await?;
    let turn = turn(&api).await?;
    let who = guesser(&api, "", "invitation", &caller);
    slowed(&api, who)?;
    let gone = || {
        Problem::new(StatusCode::UNAUTHORIZED, "this invitation was used, or is too old: ask for another")
            .coded("wrong")
    };
    let (store, code, now) = (api.handle.store.clone(), given.code.clone(), crate::clock::wall_ms());
    let found = blocking(move || match store.invited(code.expose_secret(), now) {
        Ok(of) => Ok(Some(of)),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(e) => Err(e.into()),
    });
    let Some(of) = found.await? else {
        guessed(&api, who, false);
        return Err(gone());
    };
    let user =
        api.handle.ask(move |switch, _| switch.tenant(of.0)?.meaning.people.get(&of.1).map(|p| p.id.clone()));
    let user = user.await.ok_or_else(Problem::stopping)?.ok_or_else(gone)?;
    password::check(&given.password, &user).map_err(unfit)?;
    let store = api.handle.store.clone();
    let done = blocking(move || {
        let record = password::record(&given.password).map_err(failed)?;
        let (who, object) = (format!("user {user}"), format!("User/{user}"));
        match store.take_up_invitation(given.code.expose_secret(), of, &record, now, &who, &object) {
            Ok(()) => Ok(true),
            Err(StoreError::NotFound(_)) => Ok(false),
            Err(e) => Err(e.into()),
        }
    });
    if !done.await? {
        return Err(gone());
    }
    drop(turn);
    // Whoever has a second factor proves that too, by signing in.
    let store = api.handle.store.clone();
    let account = blocking(move || Ok(store.account(of)?)).await?;
    if account.second.is_some() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    begin(&api, of, &caller, "session.begin").await
}

pub(super) fn guesser(api: &Api, tenant: &str, name: &str, caller: &Caller) -> Guesser {
    let guesses = api.guesses.lock().unwrap_or_else(|e| e.into_inner());
    guesses.guesser(tenant, name, caller.address)
}

/// Whether the person's password is this one. Failures count as those of signing in.
pub(super) async fn prove(
    api: &Api,
    caller: &Caller,
    asker: &Asker,
    given: Secret<String>,
) -> Result<(), Problem> {
    let person = asker.person()?;
    let who = guesser(api, &format!("signed in {}", asker.0.tenant.0), &person.rule.id, caller);
    let turn = turn(api).await?;
    slowed(api, who)?;
    let (store, of) = (api.handle.store.clone(), person.of());
    let right =
        blocking(move || Ok(password::is_right(&given, store.account(of)?.password.as_ref()))).await?;
    guessed(api, who, right);
    drop(turn);
    if right {
        return Ok(());
    }
    let what = "this is not the password so far";
    Err(Problem::new(StatusCode::FORBIDDEN, what).coded("wrong"))
}

/// `PUT /session/password`
pub async fn change_password(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    request: Request,
) -> Result<Response, Problem> {
    let caller = Caller::of(&api, &request)?;
    let given: NewPassword = body(request).await?;
    let person = asker.person()?;
    password::check(&given.new_password, &person.rule.id).map_err(unfit)?;
    prove(&api, &caller, &asker, given.password).await?;
    let turn = turn(&api).await?;
    let (store, of, who, object) = (api.handle.store.clone(), person.of(), asker.name(), person.object());
    let set = blocking(move || {
        let record = password::record(&given.new_password).map_err(failed)?;
        Ok(store.set_password(of, &record, crate::clock::wall_ms(), &who, &object)?)
    });
    set.await?;
    drop(turn);
    // All sessions ended with the old password; this browser goes on with a new one.
    begin(&api, of, &caller, "session.begin").await
}

/// `POST /session/second-factor`
pub async fn propose(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    request: Request,
) -> Result<Response, Problem> {
    let caller = Caller::of(&api, &request)?;
    let given: Proof = body(request).await?;
    prove(&api, &caller, &asker, given.password).await?;
    let person = asker.person()?;
    let (store, of, user) = (api.handle.store.clone(), person.of(), person.rule.id.clone());
    let made = blocking(move || {
        let secret = totp::secret().map_err(failed)?;
        store.propose_second(of, &secret)?;
        Ok(SecondFactor {
            secret: totp::as_text(&secret).expose_secret().clone(),
            uri: totp::address(&secret, "Switchroom", &user).expose_secret().clone(),
        })
    });
    let made = made.await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

/// `PUT /session/second-factor`
pub async fn confirm(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Json(given): Json<Code>,
) -> Result<StatusCode, Problem> {
    let person = asker.person()?;
    let (store, of, who, object) = (api.handle.store.clone(), person.of(), asker.name(), person.object());
    blocking(move || {
        let now = crate::clock::wall_ms();
        let proposed = store.account(of)?.proposed.ok_or_else(|| {
            Problem::new(StatusCode::CONFLICT, "no second factor was begun: POST /session/second-factor does")
        })?;
        let step = totp::step_of(&proposed, &given.totp, now).ok_or_else(|| {
            let what = "this code is wrong: look at the app again, and at the clock of its device";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what).coded("wrong")
        })?;
        store.confirm_second(of, step, now, &who, &object)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// `DELETE /users/{id}/second-factor`
pub async fn remove_second(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let of = number_of(&api, &asker, &id).await?;
    let (store, who) = (api.handle.store.clone(), asker.name());
    blocking(move || Ok(store.remove_second(of, crate::clock::wall_ms(), &who, &format!("User/{id}"))?))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
