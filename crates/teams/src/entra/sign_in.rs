//! Signing in by the browser: authorization code with PKCE (RFC 6749, RFC 7636, OpenID Connect Core 1.0).
//!
//! Between the two halves nothing is kept here. State, nonce and verifier stand sealed in a cookie of the browser that
//! began, so that a callback in another browser, or one that nobody began, leads nowhere, a flood of beginnings fills no
//! table, and a restart of the server disturbs no sign-in when it keeps its key. The cookie must be `HttpOnly`, `Secure`,
//! for the callback's path only, and with `SameSite=None` when answers come by `form_post`, which crosses sites.

use crate::clean;
use crate::entra::challenge::declare_capability;
use crate::entra::endpoints::Endpoints;
use crate::entra::error::EntraError;
use crate::entra::sealed::Seal;
use crate::entra::validate::Issuer;
use crate::entra::{b64url, same, sha256};
use crate::time::Time;
use core::fmt;
use core::time::Duration;
use redact::Secret;
use serde::{Deserialize, Serialize};

/// How long somebody may take at Microsoft's pages.
pub(crate) const LIFE: Duration = Duration::from_secs(900);
/// The longest code, in bytes.
const LONGEST_CODE: usize = 8 * 1024;
/// The longest local path that a sign-in returns to, in bytes.
const LONGEST_RETURN: usize = 1024;

/// How the answer comes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResponseMode {
    /// As a form that the browser posts; codes then stand in no log of addresses.
    FormPost,
    /// In the address.
    Query,
}

/// What a sign-in asks for.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The application's id.
    pub client_id: String,
    /// Our callback, exactly as registered.
    pub redirect_uri: String,
    /// `openid` and what else is needed; scopes of one resource only.
    pub scopes: Vec<String>,
    /// How the answer comes back.
    pub mode: ResponseMode,
    /// `select_account`, `consent`, `login` or `none`.
    pub prompt: Option<&'static str>,
    /// The user name that the person probably has.
    pub login_hint: Option<Secret<String>>,
    /// Claims of a challenge that only the person can fulfil.
    pub claims: Option<String>,
    /// What the sign-in is for, as the server knows it, such as the customer to be connected. Sealed with the rest.
    pub purpose: String,
    /// Where in the web app to go afterwards: a path of ours, beginning with one slash.
    pub return_to: String,
}

/// A sign-in that was begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Where to send the browser.
    pub address: Secret<String>,
    /// What the browser keeps until it comes back.
    pub cookie: Secret<String>,
}

/// What a callback brought.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// To be redeemed once: [`crate::entra::Client::redeem`].
    pub code: Secret<String>,
    /// Proves that it was us who began.
    pub verifier: Secret<String>,
    /// What the ID token must hold: [`crate::entra::IdRules::check`].
    pub nonce: Secret<String>,
    /// As asked.
    pub redirect_uri: String,
    /// As asked.
    pub scopes: Vec<String>,
    /// As asked.
    pub purpose: String,
    /// As asked.
    pub return_to: String,
}

/// The parameters of a callback, of which each may come once.
#[derive(Clone, Default)]
pub struct Callback {
    pub(crate) fields: Vec<(String, String)>,
    /// Something came twice, or too much came.
    bent: bool,
}

/// Why a callback leads nowhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CallbackFault {
    /// This browser began nothing, or its cookie is not ours.
    NotBegun,
    /// It was begun too long ago.
    TooLate,
    /// It belongs to another beginning: forged, or two windows at once.
    State,
    /// It comes from another issuer.
    Issuer,
    /// It cannot be read.
    Malformed,
    /// The person, an administrator or a rule said no.
    Denied(EntraError),
}

impl fmt::Display for CallbackFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallbackFault::NotBegun => f.write_str("this browser began no sign-in here: begin again"),
            CallbackFault::TooLate => f.write_str("the sign-in took too long: begin again"),
            CallbackFault::State => f.write_str("the answer belongs to another sign-in: begin again"),
            CallbackFault::Issuer => f.write_str("the answer comes from somewhere else: begin again"),
            CallbackFault::Malformed => f.write_str("the answer cannot be read: begin again"),
            CallbackFault::Denied(error) => write!(f, "{error}. {}", error.what_to_do()),
        }
    }
}

impl std::error::Error for CallbackFault {}

impl Callback {
    /// Reads a query or a posted form.
    pub fn read(query: &str) -> Callback {
        let mut callback = Callback::default();
        if query.len() > 4 * LONGEST_CODE {
            callback.bent = true;
            return callback;
        }
        for pair in query.split('&').filter(|p| !p.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = crate::address::percent_decode(name).zip(crate::address::percent_decode(value));
            let Some((name, value)) = decoded.filter(|_| callback.fields.len() < 32) else {
                callback.bent = true;
                continue;
            };
            // Whoever reads the first and whoever reads the last of two would see different answers.
            callback.bent |= callback.fields.iter().any(|(n, _)| *n == name);
            callback.fields.push((name, value));
        }
        callback
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
    }

    /// The state, if it is that of the cookie; then the error, if there is one.
    pub(crate) fn belongs_to(&self, state: &str) -> Result<(), CallbackFault> {
        if self.bent {
            return Err(CallbackFault::Malformed);
        }
        if !same(self.get("state").unwrap_or_default().as_bytes(), state.as_bytes()) {
            return Err(CallbackFault::State);
        }
        match self.get("error") {
            Some(error) => {
                let description = self.get("error_description").unwrap_or_default();
                Err(CallbackFault::Denied(EntraError::of_callback(error, description, self.get("claims"))))
            }
            None => Ok(()),
        }
    }
}

/// What stands in the cookie.
#[derive(Serialize, Deserialize)]
struct Kept {
    state: String,
    nonce: String,
    verifier: String,
    redirect_uri: String,
    scopes: Vec<String>,
    purpose: String,
    return_to: String,
    until: u64,
}

/// Begins sign-ins and takes their callbacks.
pub struct SignIns {
    pub(crate) seal: Seal,
}

impl SignIns {
    /// `key` comes from the operating system's chance; the same key on each node that may get the callback.
    pub fn new(key: &Secret<[u8; 32]>) -> Option<SignIns> {
        Some(SignIns { seal: Seal::new(key)? })
    }

    /// Begins. `chance` is 96 random bytes. Nothing when `return_to` leads out of the web app, or all of it is too long
    /// for a cookie.
    pub fn begin(&self, now: Time, endpoints: &Endpoints, ask: &Ask, chance: &[u8; 96]) -> Option<Begun> {
        if !is_own_path(&ask.return_to) {
            return None;
        }
        let (state, rest) = chance.split_at(32);
        let (nonce, verifier) = rest.split_at(32);
        let (state, nonce, verifier) = (b64url(state), b64url(nonce), b64url(verifier));
        let scopes = ask.scopes.join(" ");
        let challenge = b64url(&sha256(verifier.as_bytes()));
        let claims = declare_capability(ask.claims.as_deref());
        let mode = match ask.mode {
            ResponseMode::FormPost => "form_post",
            ResponseMode::Query => "query",
        };
        let mut fields = vec![
            ("client_id", ask.client_id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", &ask.redirect_uri),
            ("response_mode", mode),
            ("scope", &scopes),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        // Other providers refuse claims that they do not know the meaning of.
        if matches!(endpoints.issuer, Issuer::Entra { .. }) {
            fields.push(("claims", &claims));
        }
        fields.extend(ask.prompt.map(|p| ("prompt", p)));
        fields.extend(ask.login_hint.as_ref().map(|h| ("login_hint", h.expose_secret().as_str())));
        let address = format!("{}?{}", endpoints.authorize, crate::address::query(&fields));
        let kept = Kept {
            state,
            nonce,
            verifier,
            redirect_uri: ask.redirect_uri.clone(),
            scopes: ask.scopes.clone(),
            purpose: ask.purpose.clone(),
            return_to: ask.return_to.clone(),
            until: now.plus(LIFE).0,
        };
        let cookie = self.seal.seal("sign-in", &serde_json::to_string(&kept).ok()?)?;
        Some(Begun { address: Secret::new(address), cookie })
    }

    /// What the sign-in is for of which a browser keeps this cookie; nothing for a cookie that is not ours.
    pub fn purpose(&self, cookie: &str) -> Option<String> {
        let kept: Kept = serde_json::from_str(&self.seal.open("sign-in", cookie)?).ok()?;
        Some(kept.purpose)
    }

    /// Takes a callback with the cookie of the browser that brought it. Whatever comes of it, the cookie is to be taken
    /// away from the browser.
    pub fn finish(
        &self,
        now: Time,
        endpoints: &Endpoints,
        cookie: Option<&str>,
        callback: &Callback,
    ) -> Result<Exchange, CallbackFault> {
        let opened = cookie.and_then(|c| self.seal.open("sign-in", c));
        let kept: Option<Kept> = opened.and_then(|text| serde_json::from_str(&text).ok());
        let kept = kept.ok_or(CallbackFault::NotBegun)?;
        if now >= Time(kept.until) {
            return Err(CallbackFault::TooLate);
        }
        callback.belongs_to(&kept.state)?;
        // Providers that name themselves (RFC 9207) must be the one that was asked; Entra ID does not.
        if let (Issuer::Exactly(name), Some(said)) = (&endpoints.issuer, callback.get("iss")) {
            if name != said {
                return Err(CallbackFault::Issuer);
            }
        }
        let code = callback
            .get("code")
            .filter(|c| c.len() <= LONGEST_CODE && c.bytes().all(|b| b.is_ascii_graphic()));
        Ok(Exchange {
            code: Secret::new(code.ok_or(CallbackFault::Malformed)?.to_string()),
            verifier: Secret::new(kept.verifier),
            nonce: Secret::new(kept.nonce),
            redirect_uri: kept.redirect_uri,
            scopes: kept.scopes,
            purpose: kept.purpose,
            return_to: kept.return_to,
        })
    }
}

/// Whether a text is a path of the web app and cannot be read as an address elsewhere.
fn is_own_path(path: &str) -> bool {
    let plain = path.len() <= LONGEST_RETURN && path.bytes().all(|c| c.is_ascii_graphic() && c != b'\\');
    plain && path.starts_with('/') && !path.starts_with("//") && clean::line(path, LONGEST_RETURN) == path
}
