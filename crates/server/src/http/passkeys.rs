//! Passkeys: adding, naming and removing one's own, and signing in with one. Who holds a passkey and showed the
//! authenticator a PIN, a finger or a face has shown two things: no code of a second factor is asked for.

use crate::http::access::Access;
use crate::http::accounts::{Proof, blocking, failed, guesser, number_of, prove};
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::routes::{Operation, Route, op, schema};
use crate::http::serve::Api;
use crate::http::session::{Caller, SessionView, begin, body, guessed, slowed};
use crate::sign_in::passkey::{self, ALGORITHMS, Asked, Fault};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use redact::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Instant;
use store::{AccountOf, Passkey, StoreError};

/// The longest name of a passkey, in characters.
const LONGEST_NAME: usize = 60;
/// How long a browser should wait for its user, in milliseconds.
const PATIENCE_MS: u64 = 120_000;

/// What a browser needs to ask for a passkey. Bytes are Base64 for addresses (RFC 4648 section 5), without padding.
#[derive(Serialize, JsonSchema)]
pub struct PasskeyChallenge {
    /// Random bytes to be signed, once and within five minutes.
    pub challenge: String,
    /// The relying party id: the host of this address.
    pub rp_id: String,
    /// How long to wait for the person, in milliseconds.
    pub timeout: u64,
}

/// What a browser needs to make a passkey.
#[derive(Serialize, JsonSchema)]
pub struct NewPasskeyChallenge {
    /// As for signing in.
    #[serde(flatten)]
    pub challenge: PasskeyChallenge,
    /// Bytes that name the account, and say nothing.
    pub account: String,
    /// Id of the user.
    pub user: String,
    /// Name shown to colleagues.
    pub name: String,
    /// Kinds of keys that are taken, by their numbers among COSE's algorithms, the preferred first.
    pub algorithms: Vec<i64>,
    /// Passkeys that the account has already.
    pub known: Vec<String>,
}

/// A passkey that was made. Bytes as in the challenge.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPasskey {
    /// What its owner calls it.
    pub name: String,
    /// `clientDataJSON`.
    pub client_data: String,
    /// `getAuthenticatorData()`.
    pub authenticator_data: String,
    /// `getPublicKey()`: SubjectPublicKeyInfo.
    pub public_key: String,
    /// `getPublicKeyAlgorithm()`.
    pub algorithm: i64,
}

/// What a passkey signed. Bytes as in the challenge.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeySignIn {
    /// `rawId`.
    pub credential: String,
    /// `clientDataJSON`.
    pub client_data: String,
    /// `authenticatorData`.
    pub authenticator_data: String,
    /// `signature`.
    pub signature: String,
}

/// A passkey of one's own.
#[derive(Serialize, JsonSchema)]
pub struct PasskeyView {
    /// Its id here.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub created: String,
    /// When it was used last; null if never.
    pub used: Option<String>,
}

/// Another name.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyName {
    /// The name: 1 to 60 characters.
    pub name: String,
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, fault.to_string()).coded("passkey")
    }
}

/// Our page as the browser names it, and the host in it.
struct Page {
    origin: String,
    rp_id: String,
}

impl Page {
    /// The page that asks; it was checked to be ours.
    fn of(headers: &HeaderMap) -> Result<Page, Problem> {
        let origin = headers.get(header::ORIGIN).and_then(|o| o.to_str().ok());
        let origin = origin.ok_or_else(|| {
            Problem::new(StatusCode::CONFLICT, "only a page in a browser can do this")
                .coded("passkey-address")
        })?;
        let rp_id = rp_id(origin).ok_or_else(|| {
            let what =
                "passkeys belong to a name: open this server by one (localhost too), not by an IP address";
            Problem::new(StatusCode::CONFLICT, what).coded("passkey-address")
        })?;
        Ok(Page { origin: origin.to_string(), rp_id })
    }
}

/// The host of an origin, if it is a name.
fn rp_id(origin: &str) -> Option<String> {
    let (_, host) = origin.split_once("://")?;
    if host.starts_with('[') {
        return None;
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_name = !name.is_empty() && name.parse::<std::net::IpAddr>().is_err();
    is_name.then(|| name.to_ascii_lowercase())
}

fn bytes(text: &str) -> Result<Vec<u8>, Fault> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Fault::Malformed)
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn named(name: &str) -> Result<Secret<String>, Problem> {
    let name: String = name.trim().chars().filter(|c| !c.is_control()).collect();
    let length = name.chars().count();
    if length == 0 || length > LONGEST_NAME {
        let what = format!("a passkey's name has 1 to {LONGEST_NAME} characters");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what));
    }
    Ok(Secret::new(name))
}

fn hash_of(id: &str) -> Result<Vec<u8>, Problem> {
    bytes(id).map_err(|_| Problem::not_found("such passkey"))
}

/// To which session a challenge belongs: nobody answers that of somebody else's.
fn session_of(asker: &Asker) -> Result<(AccountOf, Vec<u8>), Problem> {
    let person = asker.person()?;
    Ok((person.of(), store::token_hash(person.token.expose_secret())))
}

/// `POST /session/passkeys/challenge`
pub async fn ask_for_new(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    request: Request,
) -> Result<Response, Problem> {
    let caller = Caller::of(&api, &request)?;
    let headers = request.headers().clone();
    let given: Proof = body(request).await?;
    prove(&api, &caller, &asker, given.password).await?;
    let page = Page::of(&headers)?;
    let whom = session_of(&asker)?;
    let person = asker.person()?;
    let (store, of) = (api.handle.store.clone(), person.of());
    let known = blocking(move || Ok(store.passkeys(of)?)).await?;
    let made = {
        let mut all = api.new_passkeys.lock().unwrap_or_else(|e| e.into_inner());
        all.make(Instant::now(), whom).map_err(failed)?
    };
    let account = [of.0.0.to_be_bytes().as_slice(), &of.1.to_be_bytes()].concat();
    let view = NewPasskeyChallenge {
        challenge: PasskeyChallenge { challenge: text(&made), rp_id: page.rp_id, timeout: PATIENCE_MS },
        account: text(&account),
        user: person.rule.id.clone(),
        name: person.rule.name.expose_secret().clone(),
        algorithms: ALGORITHMS.to_vec(),
        known: known.iter().map(|p| text(&p.credential)).collect(),
    };
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// `POST /session/passkeys`
pub async fn add(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    headers: HeaderMap,
    Json(new): Json<NewPasskey>,
) -> Result<(StatusCode, Json<PasskeyView>), Problem> {
    let name = named(&new.name)?;
    let page = Page::of(&headers)?;
    let whom = session_of(&asker)?;
    let client = bytes(&new.client_data)?;
    let challenge = passkey::challenge_of(&client)?;
    let waited =
        api.new_passkeys.lock().unwrap_or_else(|e| e.into_inner()).take(Instant::now(), &challenge, &whom);
    if !waited {
        return Err(Fault::Challenge.into());
    }
    let asked = Asked { challenge: &challenge, origin: &page.origin, rp_id: &page.rp_id };
    let (data, key) = (bytes(&new.authenticator_data)?, bytes(&new.public_key)?);
    let made = passkey::register(&asked, &client, &data, &key, new.algorithm)?;
    let person = asker.person()?;
    let (store, of, who, object) = (api.handle.store.clone(), person.of(), asker.name(), person.object());
    let now = crate::clock::wall_ms();
    let passkey = Passkey {
        credential: made.credential,
        name,
        key,
        algorithm: new.algorithm,
        counter: made.counter,
        created: now,
        used: None,
    };
    let view = view_of(&passkey);
    blocking(move || Ok(store.add_passkey(of, &passkey, now, &who, &object)?)).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

fn view_of(p: &Passkey) -> PasskeyView {
    let time = |ms: u64| crate::view::time(engine::Time(ms));
    PasskeyView {
        id: text(&p.hash()),
        name: p.name.expose_secret().clone(),
        created: time(p.created),
        used: p.used.map(time),
    }
}

/// `GET /session/passkeys`
pub async fn list(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
) -> Result<Json<Vec<PasskeyView>>, Problem> {
    let (store, of) = (api.handle.store.clone(), asker.person()?.of());
    let all = blocking(move || Ok(store.passkeys(of)?)).await?;
    Ok(Json(all.iter().map(view_of).collect()))
}

/// `PUT /session/passkeys/{id}`
pub async fn rename(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    Json(new): Json<PasskeyName>,
) -> Result<StatusCode, Problem> {
    let (store, of) = (api.handle.store.clone(), asker.person()?.of());
    let (hash, name) = (hash_of(&id)?, named(&new.name)?);
    blocking(move || Ok(store.rename_passkey(of, &hash, &name)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /session/passkeys/{id}`
pub async fn remove(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let person = asker.person()?;
    let (store, of, who, object) = (api.handle.store.clone(), person.of(), asker.name(), person.object());
    let hash = hash_of(&id)?;
    let now = crate::clock::wall_ms();
    blocking(move || Ok(store.remove_passkey(of, Some(&hash), now, &who, &object)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /users/{id}/passkeys`
pub async fn remove_all(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let of = number_of(&api, &asker, &id).await?;
    let (store, who, now) = (api.handle.store.clone(), asker.name(), crate::clock::wall_ms());
    blocking(move || Ok(store.remove_passkey(of, None, now, &who, &format!("User/{id}"))?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /session/passkey/challenge`
pub async fn ask(
    State(api): State<Api>,
    request: Request,
) -> Result<(StatusCode, Json<PasskeyChallenge>), Problem> {
    let caller = Caller::of(&api, &request)?;
    slowed(&api, guesser(&api, "", "passkey", &caller))?;
    let page = Page::of(request.headers())?;
    let made = api.passkeys.lock().unwrap_or_else(|e| e.into_inner()).make(Instant::now(), ());
    let challenge = text(&made.map_err(failed)?);
    Ok((StatusCode::CREATED, Json(PasskeyChallenge { challenge, rp_id: page.rp_id, timeout: PATIENCE_MS })))
}

/// `POST /session/passkey`
pub async fn sign_in(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let caller = Caller::of(&api, &request)?;
    let page = Page::of(request.headers())?;
    let given: PasskeySignIn = body(request).await?;
    let who = guesser(&api, "", "passkey", &caller);
    slowed(&api, who)?;
    let proved = prove_passkey(&api, &page, &given).await;
    guessed(&api, who, proved.is_ok());
    begin(&api, proved?, &caller, "session.begin").await
}

async fn prove_passkey(api: &Api, page: &Page, given: &PasskeySignIn) -> Result<AccountOf, Problem> {
    // Whatever is wrong about somebody's passkey: nobody learns whether there is one.
    let wrong = || {
        let what = "this passkey is not known here, or was refused";
        Problem::new(StatusCode::UNAUTHORIZED, what).coded("wrong")
    };
    let client = bytes(&given.client_data)?;
    let challenge = passkey::challenge_of(&client)?;
    if !api.passkeys.lock().unwrap_or_else(|e| e.into_inner()).take(Instant::now(), &challenge, &()) {
        return Err(Fault::Challenge.into());
    }
    let (credential, data) = (bytes(&given.credential)?, bytes(&given.authenticator_data)?);
    let (signature, store) = (bytes(&given.signature)?, api.handle.store.clone());
    let (origin, rp_id) = (page.origin.clone(), page.rp_id.clone());
    let proved = blocking(move || {
        let (of, known) = match store.passkey(&credential) {
            Ok(found) => found,
            Err(StoreError::NotFound(_)) => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        let asked = Asked { challenge: &challenge, origin: &origin, rp_id: &rp_id };
        let said = passkey::verify(&asked, &known.key, known.algorithm, &client, &data, &signature);
        let now = crate::clock::wall_ms();
        match said {
            Ok(counter) if store.use_passkey(of, &known.hash(), counter, now)? => Ok(Some(of)),
            // A counter that stands still may be that of a copy.
            _ => {
                store.audit(of.0, now, "nobody", "session.refuse", "User")?;
                Ok(None)
            }
        }
    });
    proved.await?.ok_or_else(wrong)
}

/// The routes of passkeys.
pub fn routes() -> Vec<Route> {
    let taking = |request, o: Operation| Operation { request: Some(request), ..o };
    let none = |o: Operation| Operation { response: None, ..o };
    let route = |path: &str, access, operations, handler| Route {
        path: path.into(),
        look: access,
        change: access,
        operations,
        handler,
    };
    vec![
        route(
            "/session/passkey/challenge",
            Access::Public,
            vec![op::<PasskeyChallenge>("post", "Begins to sign in with a passkey (WebAuthn)")],
            post(ask),
        ),
        route(
            "/session/passkey",
            Access::Public,
            vec![taking(
                schema::<PasskeySignIn>,
                op::<SessionView>(
                    "post",
                    "Signs in with what a passkey signed: sets the cookie of a session",
                ),
            )],
            post(sign_in),
        ),
        route(
            "/session/passkeys/challenge",
            Access::Person,
            vec![taking(
                schema::<Proof>,
                op::<NewPasskeyChallenge>("post", "Begins to add a passkey, with one's password"),
            )],
            post(ask_for_new),
        ),
        route(
            "/session/passkeys",
            Access::Person,
            vec![
                op::<Vec<PasskeyView>>("get", "One's passkeys"),
                taking(schema::<NewPasskey>, op::<PasskeyView>("post", "Adds a passkey that was made")),
            ],
            get(list).post(add),
        ),
        route(
            "/session/passkeys/{id}",
            Access::Person,
            vec![
                none(taking(schema::<PasskeyName>, op::<()>("put", "Calls a passkey otherwise"))),
                none(op::<()>("delete", "Removes a passkey")),
            ],
            put(rename).delete(remove),
        ),
        route(
            "/users/{id}/passkeys",
            Access::Owners,
            vec![none(op::<()>("delete", "Takes somebody's passkeys away, when they were lost"))],
            delete(remove_all),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_belong_to_the_name_of_the_page() {
        for (origin, expected) in [
            ("https://desk.example", Some("desk.example")),
            ("https://Desk.Example:8443", Some("desk.example")),
            ("http://localhost:8080", Some("localhost")),
            ("http://127.0.0.1:8080", None),
            ("https://[::1]:8080", None),
            ("null", None),
            ("https://", None),
        ] {
            assert_eq!(rp_id(origin).as_deref(), expected, "{origin}");
        }
    }
}
