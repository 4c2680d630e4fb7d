//! Signing in with a work account: `teams` makes and judges, here requests are carried and keys are kept.

use crate::microsoft::{Carrier, random};
use redact::Secret;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard};
use teams::entra::{
    Access, ApiRules, Ask, Begun, Callback, CallbackFault, Client, Endpoints, EntraError, Exchange, IdRules,
    KeyCache, Refused, ResponseMode, SignIns, SignedIn, TokenReply,
};
use teams::permissions::{Features, Registration};
use teams::{Cloud, Time};

/// Directories whose keys are remembered.
const MOST_DIRECTORIES: usize = 1_000;

/// The scope that a token for our API has.
const SCOPE: &str = "access_as_user";

/// The app registration that people sign in with.
pub struct SignIn {
    cloud: Cloud,
    client: Client,
    carrier: Carrier,
    sign_ins: SignIns,
    keys: Mutex<BTreeMap<String, KeyCache>>,
}

/// Why somebody is not signed in.
#[derive(Debug)]
pub enum NotSignedIn {
    /// The browser came back with something that leads nowhere.
    Callback(CallbackFault),
    /// Entra ID gave no tokens.
    Entra(EntraError),
    /// Its token is not good.
    Token(Refused),
    /// The configuration, or the operating system's chance.
    Here(String),
}

impl fmt::Display for NotSignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotSignedIn::Callback(fault) => write!(f, "{fault}"),
            NotSignedIn::Entra(error) => write!(f, "{error}. {}", error.what_to_do()),
            NotSignedIn::Token(refused) => write!(f, "Entra ID's token is refused: {refused}"),
            NotSignedIn::Here(what) => f.write_str(what),
        }
    }
}

/// A sign-in that came to its end.
pub struct Finished {
    /// Who it is.
    pub who: SignedIn,
    /// The id of the tenant here for which it was begun.
    pub tenant: String,
    /// The page to go to.
    pub return_to: String,
}

impl SignIn {
    /// With a new key for the browsers' cookies: sign-ins under way at a restart begin again.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn new(cloud: Cloud, client: Client, carrier: Carrier) -> Result<SignIn, String> {
        let key = Secret::new(random()?);
        let sign_ins = SignIns::new(&key).ok_or("the key for sign-ins could not be used")?;
        Ok(SignIn { cloud, client, carrier, sign_ins, keys: Mutex::default() })
    }

    fn endpoints(&self, directory: &str) -> Result<Endpoints, NotSignedIn> {
        Endpoints::entra(&self.cloud, directory)
            .ok_or_else(|| NotSignedIn::Here(format!("{directory:?} is no Microsoft directory")))
    }

    /// Begins a sign-in at this directory (a GUID) for a tenant whose features say what is asked for:
    /// where the browser goes, and what it keeps meanwhile.
    ///
    /// # Errors
    /// [`NotSignedIn::Here`]
    pub fn begin(
        &self,
        now: Time,
        (directory, tenant, features): (&str, &str, &Features),
        redirect_uri: String,
        return_to: String,
    ) -> Result<Begun, NotSignedIn> {
        let ask = Ask {
            client_id: self.client.id.clone(),
            redirect_uri,
            scopes: features.consent_scopes(&self.cloud, Registration::SignIn),
            mode: ResponseMode::Query,
            prompt: None,
            login_hint: None,
            claims: None,
            purpose: format!("{directory} {tenant}"),
            return_to,
        };
        let begun = self.sign_ins.begin(now, &self.endpoints(directory)?, &ask, &random()?);
        begun.ok_or_else(|| NotSignedIn::Here("the page to return to is none of Switchroom's".into()))
    }

    /// Takes what the browser brought back, and asks Entra ID who that is. It waits for Entra ID.
    ///
    /// # Errors
    /// [`NotSignedIn`]
    pub fn finish(&self, now: Time, cookie: Option<&str>, query: &str) -> Result<Finished, NotSignedIn> {
        // Which directory it was stands sealed in the cookie; the addresses of all are made alike.
        let anywhere = self.endpoints("organizations")?;
        let exchange = self
            .sign_ins
            .finish(now, &anywhere, cookie, &Callback::read(query))
            .map_err(NotSignedIn::Callback)?;
        let (directory, tenant) = exchange.purpose.split_once(' ').unwrap_or((&exchange.purpose, ""));
        let endpoints = self.endpoints(directory)?;
        let request = self
            .client
            .redeem(&endpoints, &exchange, now, random()?)
            .map_err(|e| NotSignedIn::Here(format!("the app's certificate cannot be used: {e}")))?;
        let reply = self.carrier.send(&request).ok();
        let tokens = TokenReply::read(now, reply.as_ref()).map_err(NotSignedIn::Entra)?;
        let who = self.judge(now, (directory, &endpoints), &exchange, &tokens)?;
        Ok(Finished { who, tenant: tenant.into(), return_to: exchange.return_to.clone() })
    }

    /// Judges an access token for our API, as Teams gives one to a page of ours. `connected` are the directories whose
    /// people may come. It may wait for Entra ID's keys.
    ///
    /// # Errors
    /// [`NotSignedIn`]
    pub fn access(&self, now: Time, token: &str, connected: &[String]) -> Result<Access, NotSignedIn> {
        let of = "common";
        let endpoints = self.endpoints(of)?;
        let mut rules = ApiRules::new(&self.cloud, &self.client.id, SCOPE);
        rules.app_id_uri = Some(format!("api://{}", self.client.id));
        self.fetch_keys(of, &endpoints, |cache| cache.due(now), now);
        let check = || {
            let keys = self.keys().get(of).map(|cache| cache.keys().clone()).unwrap_or_default();
            rules.check(&keys, now, token, |tenant| connected.iter().any(|c| c == tenant))
        };
        match check() {
            Err(Refused::UnknownKey) => {
                self.fetch_keys(of, &endpoints, |cache| cache.missed(now), now);
                check()
            }
            judged => judged,
        }
        .map_err(NotSignedIn::Token)
    }

    fn judge(
        &self,
        now: Time,
        (of, endpoints): (&str, &Endpoints),
        exchange: &Exchange,
        tokens: &TokenReply,
    ) -> Result<SignedIn, NotSignedIn> {
        let rules = IdRules { client_id: self.client.id.clone(), issuer: endpoints.issuer.clone() };
        let token = tokens.id_token.as_ref().ok_or(NotSignedIn::Token(Refused::Malformed))?;
        self.fetch_keys(of, endpoints, |cache| cache.due(now), now);
        let check = || {
            let keys = self.keys().get(of).map(|cache| cache.keys().clone()).unwrap_or_default();
            let came_with = (Some(tokens.access_token.expose_secret().as_str()), None);
            let nonce = exchange.nonce.expose_secret();
            rules.check(&keys, now, token.expose_secret(), nonce, came_with, |tenant| tenant == of)
        };
        match check() {
            // Signed with a key that is newer than what we have: fetched once, and judged again.
            Err(Refused::UnknownKey) => {
                self.fetch_keys(of, endpoints, |cache| cache.missed(now), now);
                check()
            }
            judged => judged,
        }
        .map_err(NotSignedIn::Token)
    }

    fn fetch_keys(
        &self,
        of: &str,
        endpoints: &Endpoints,
        ask: impl FnOnce(&mut KeyCache) -> Option<teams::Request>,
        now: Time,
    ) {
        let request = {
            let mut keys = self.keys();
            if keys.len() >= MOST_DIRECTORIES && !keys.contains_key(of) {
                keys.clear();
            }
            ask(keys.entry(of.into()).or_insert_with(|| KeyCache::new(&endpoints.keys)))
        };
        let Some(request) = request else { return };
        let reply = self.carrier.send(&request).ok();
        if let Some(cache) = self.keys().get_mut(of) {
            cache.took(now, reply.as_ref());
        }
    }

    fn keys(&self) -> MutexGuard<'_, BTreeMap<String, KeyCache>> {
        self.keys.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl From<String> for NotSignedIn {
    fn from(what: String) -> NotSignedIn {
        NotSignedIn::Here(what)
    }
}
