//! Signing in with a work account: `teams` makes and judges, here requests are carried and keys are kept.

use crate::microsoft::{Carrier, random};
use redact::Secret;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use teams::entra::{
    Access, ApiRules, Ask, Begun, Callback, CallbackFault, Client, Consented, Endpoints, EntraError,
    Exchange, IdRules, KeyCache, Refused, ResponseMode, SignIns, SignedIn, TokenReply,
};
use teams::graph::{Call, Graph, GraphError};
use teams::permissions::{Feature, Features, Registration};
use teams::{Cloud, Reply, Time};

/// Directories whose keys are remembered.
const MOST_DIRECTORIES: usize = 1_000;

/// Whichever directory a work account is of.
pub const ANYWHERE: &str = "organizations";

/// The scope that a token for our API has.
const SCOPE: &str = "access_as_user";

/// An app registration that people sign in with.
pub struct SignIn {
    /// Which it is: the permissions that are asked for follow from it.
    registration: Registration,
    cloud: Cloud,
    client: Client,
    carrier: Carrier,
    sign_ins: SignIns,
    keys: Mutex<BTreeMap<String, KeyCache>>,
    /// Held while the keys of a directory are fetched: a token that comes meanwhile waits for them, for no longer than a
    /// request may take, in place of being refused for a key that is on its way.
    fetching: Mutex<BTreeMap<String, Arc<Mutex<()>>>>,
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
    /// It gave a token for Graph and none that says who it is: the permission `openid` is missing. What was given allows this.
    NoIdToken(Vec<String>),
    /// The configuration, or the operating system's chance.
    Here(String),
}

impl fmt::Display for NotSignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotSignedIn::Callback(fault) => write!(f, "{fault}"),
            NotSignedIn::Entra(error) => write!(f, "{error}. {}", error.what_to_do()),
            NotSignedIn::Token(refused) => write!(f, "Entra ID's token is refused: {refused}"),
            NotSignedIn::NoIdToken(_) => {
                f.write_str("Entra ID gave no ID token: the app registration lacks the permission openid")
            }
            NotSignedIn::Here(what) => f.write_str(what),
        }
    }
}

/// What a sign-in is for.
pub struct Purpose<'a> {
    /// At which directory, by its GUID; [`ANYWHERE`] while it is not known yet which one somebody connects.
    pub directory: &'a str,
    /// For which tenant here, by its id.
    pub tenant: &'a str,
    /// What is on in it: that says what is asked for.
    pub features: &'a Features,
    /// Who began it here, where only the same one may end it; a word, or empty.
    pub by: &'a str,
    /// What the person has to fulfil, as a challenge said.
    pub claims: Option<String>,
}

/// A sign-in that came to its end.
pub struct Finished {
    /// The app registration that it was held for.
    pub registration: Registration,
    /// Who it is.
    pub who: SignedIn,
    /// The id of the tenant here for which it was begun.
    pub tenant: String,
    /// Who began it here, as was said then.
    pub by: String,
    /// What the person may do at Graph by this.
    pub tokens: TokenReply,
    /// The page to go to.
    pub return_to: String,
}

impl SignIn {
    /// With a new key for the browsers' cookies: sign-ins under way at a restart begin again.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn new(
        cloud: Cloud,
        client: Client,
        carrier: Carrier,
        registration: Registration,
    ) -> Result<SignIn, String> {
        let key = Secret::new(random()?);
        let sign_ins = SignIns::new(&key).ok_or("the key for sign-ins could not be used")?;
        Ok(SignIn {
            registration,
            cloud,
            client,
            carrier,
            sign_ins,
            keys: Mutex::default(),
            fetching: Mutex::default(),
        })
    }

    /// Graph's address.
    pub fn graph(&self) -> Option<Graph> {
        Graph::of(&self.cloud)
    }

    fn endpoints(&self, directory: &str) -> Result<Endpoints, NotSignedIn> {
        Endpoints::entra(&self.cloud, directory)
            .ok_or_else(|| NotSignedIn::Here(format!("{directory:?} is no Microsoft directory")))
    }

    /// Begins a sign-in at this directory for a tenant whose features say what is asked for:
    /// where the browser goes, and what it keeps meanwhile.
    ///
    /// # Errors
    /// [`NotSignedIn::Here`]
    pub fn begin(
        &self,
        now: Time,
        what: &Purpose<'_>,
        redirect_uri: String,
        return_to: String,
    ) -> Result<Begun, NotSignedIn> {
        let ask = Ask {
            client_id: self.client.id.clone(),
            redirect_uri,
            scopes: self.scopes(what),
            mode: ResponseMode::Query,
            prompt: None,
            login_hint: None,
            claims: what.claims.clone(),
            purpose: format!("{} {} {}", what.directory, what.tenant, what.by),
            return_to,
        };
        let begun = self.sign_ins.begin(now, &self.endpoints(what.directory)?, &ask, &random()?);
        begun.ok_or_else(|| NotSignedIn::Here("the page to return to is none of Switchroom's".into()))
    }

    /// Takes what the browser brought back, and asks Entra ID who that is. It waits for Entra ID.
    ///
    /// # Errors
    /// [`NotSignedIn`]
    pub fn finish(&self, now: Time, cookie: Option<&str>, query: &str) -> Result<Finished, NotSignedIn> {
        // Which directory it was stands sealed in the cookie; the addresses of all are made alike.
        let anywhere = self.endpoints(ANYWHERE)?;
        let exchange = self
            .sign_ins
            .finish(now, &anywhere, cookie, &Callback::read(query))
            .map_err(NotSignedIn::Callback)?;
        let mut words = exchange.purpose.splitn(3, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (directory, tenant, by) = (word(), word(), word());
        let endpoints = self.endpoints(directory)?;
        let request = self
            .client
            .redeem(&endpoints, &exchange, now, random()?)
            .map_err(|e| NotSignedIn::Here(format!("the app's certificate cannot be used: {e}")))?;
        let reply = self.carrier.send(&request).ok();
        let tokens = TokenReply::read(now, reply.as_ref()).map_err(NotSignedIn::Entra)?;
        if tokens.id_token.is_none() {
            return Err(NotSignedIn::NoIdToken(allowed_by(&tokens)));
        }
        let who = self.judge(now, (directory, &endpoints), &exchange, &tokens)?;
        // Whoever only signs in at a directory brings a token that says nothing of the directory's own.
        if self.registration != Registration::Directory || !by.is_empty() {
            crate::attest::contacted::note_token(self.registration.name(), &who.tenant, &tokens);
        }
        let (tenant, by) = (tenant.into(), by.into());
        let (registration, return_to) = (self.registration, exchange.return_to.clone());
        Ok(Finished { registration, who, tenant, by, tokens, return_to })
    }

    /// For which tenant here the sign-in was begun that a browser comes back from, by the tenant's id, and for which feature;
    /// nothing for what we did not begin.
    pub fn begun_for(&self, cookie: Option<&str>) -> Option<(String, Feature)> {
        let purpose = self.sign_ins.purpose(cookie?)?;
        let mut words = purpose.splitn(3, ' ').skip(1);
        let (tenant, by) = (words.next()?.to_string(), words.next()?);
        let feature = match self.registration {
            Registration::Provisioning => Feature::Licences,
            Registration::Directory if !by.is_empty() => Feature::DirectorySync,
            _ => Feature::SignIn,
        };
        Some((tenant, feature))
    }

    /// Which app registration it is.
    pub fn registration(&self) -> Registration {
        self.registration
    }

    /// What is asked for: the permissions of this registration, and to be told who it is.
    fn scopes(&self, what: &Purpose<'_>) -> Vec<String> {
        let mut scopes = what.features.consent_scopes(&self.cloud, self.registration);
        // Whoever only signs in leaves nothing by which a directory could be read.
        if self.registration == Registration::Directory && what.by.is_empty() {
            scopes.clear();
        }
        if !scopes.iter().any(|s| s == "openid") {
            scopes.insert(0, "openid".into());
        }
        scopes
    }

    /// Asks Graph in the person's name, once.
    ///
    /// # Errors
    /// What Graph says.
    pub fn ask(&self, token: &Secret<String>, call: &Call) -> Result<Reply, GraphError> {
        let chance = random().map_err(|_| GraphError::Unavailable { status: 0 })?;
        let reply = self.carrier.send(&call.request(token, chance)).ok();
        let reply = reply.ok_or(GraphError::Unavailable { status: 0 })?;
        if reply.is_success() { Ok(reply) } else { Err(GraphError::of(&reply)) }
    }

    /// Sends an administrator to consent to a registration. `directory` is where, or `organizations`.
    ///
    /// # Errors
    /// [`NotSignedIn::Here`]
    pub fn begin_consent(
        &self,
        now: Time,
        directory: &str,
        (app, scopes): (&str, &[String]),
        redirect_uri: &str,
        purpose: &str,
    ) -> Result<Begun, NotSignedIn> {
        let endpoints = self.endpoints(directory)?;
        let begun =
            self.sign_ins.begin_consent(now, &endpoints, app, redirect_uri, scopes, purpose, &random()?);
        begun.ok_or_else(|| NotSignedIn::Here("this authority has no page for consent".into()))
    }

    /// Takes what the browser brought back from consent. Nothing of it is proven.
    ///
    /// # Errors
    /// Why it leads nowhere.
    pub fn finish_consent(
        &self,
        now: Time,
        cookie: Option<&str>,
        query: &str,
    ) -> Result<Consented, CallbackFault> {
        self.sign_ins.finish_consent(now, cookie, &Callback::read(query))
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
        .inspect(|access| crate::attest::contacted::note_presented(self.registration.name(), access))
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
            rules.check(&keys, now, token.expose_secret(), nonce, came_with, |tenant| {
                tenant == of || of == ANYWHERE && self.registration == Registration::Directory
            })
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
        let turn = {
            let mut all = self.fetching.lock().unwrap_or_else(|e| e.into_inner());
            if all.len() >= MOST_DIRECTORIES && !all.contains_key(of) {
                all.clear();
            }
            all.entry(of.into()).or_default().clone()
        };
        let _turn = turn.lock().unwrap_or_else(|e| e.into_inner());
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

/// What somebody's tokens allow: of some permissions nothing stands in a token, because they are the token.
pub fn allowed_by(tokens: &TokenReply) -> Vec<String> {
    let mut allowed = tokens.granted();
    for (permission, came) in
        [("openid", tokens.id_token.is_some()), ("offline_access", tokens.refresh_token.is_some())]
    {
        allowed.retain(|p| p != permission);
        if came {
            allowed.push(permission.into());
        }
    }
    allowed
}

impl From<String> for NotSignedIn {
    fn from(what: String) -> NotSignedIn {
        NotSignedIn::Here(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;
    use teams::BaseUrl;
    use teams::entra::Credential;

    #[test]
    fn a_token_that_comes_while_keys_are_fetched_waits_for_them() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (asked, was_asked) = channel();
        let (go_on, may_go_on) = channel::<()>();
        let served = Arc::new(AtomicUsize::new(0));
        let count = served.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4_096]);
                asked.send(()).unwrap();
                may_go_on.recv().unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let body = r#"{"keys":[]}"#;
                let head =
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = stream.write_all(format!("{head}{body}").as_bytes());
            }
        });
        let known = Cloud::named("worldwide").unwrap();
        let at = BaseUrl::parse(&base).unwrap();
        let cloud = Cloud { login: at.clone(), sts: at, ..known };
        let client = Client { id: "app".into(), credential: Credential::Secret(Secret::new("s".into())) };
        let app = Arc::new(SignIn::new(cloud, client, Carrier::new(), Registration::SignIn).unwrap());
        let judge = |app: Arc<SignIn>| {
            std::thread::spawn(move || {
                let endpoints = app.endpoints("common").unwrap();
                app.fetch_keys("common", &endpoints, |cache| cache.due(Time(1)), Time(1));
            })
        };
        let first = judge(app.clone());
        was_asked.recv().unwrap();
        let second = judge(app.clone());
        // It cannot be done before the keys are here.
        assert!(!second.is_finished() && served.load(Ordering::SeqCst) == 0);
        go_on.send(()).unwrap();
        first.join().unwrap();
        second.join().unwrap();
        assert_eq!(served.load(Ordering::SeqCst), 1, "and nobody asks a second time");
    }
}
