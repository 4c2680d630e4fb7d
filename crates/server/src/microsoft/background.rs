//! Asks Graph in the app's own name: gets tokens, waits when Graph says so, proves more when it is asked to.

use crate::microsoft::graph_io::{Tokens, ask_once, ask_until};
use crate::microsoft::{Carrier, random};
use redact::Secret;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;
use teams::entra::{CacheKey, Client, Endpoints, EntraError, TokenCache, TokenReply, Who};
use teams::graph::{Call, Graph, GraphError};
use teams::{Cloud, Reply, Time};

/// The app registration that works without a person.
pub struct Background {
    cloud: Cloud,
    graph: Graph,
    client: Client,
    carrier: Carrier,
    tokens: Mutex<TokenCache>,
    /// The permissions in the newest token of each directory.
    allowed: Mutex<BTreeMap<String, Vec<String>>>,
}

/// Directories of which it is remembered what the newest token allows.
const MOST_DIRECTORIES: usize = 1_000;

/// Why something was not done.
#[derive(Debug)]
pub enum NotDone {
    /// The server stops.
    Stopping,
    /// Graph says no.
    Graph(GraphError),
    /// Entra ID gives no token.
    Entra(EntraError),
    /// The configuration, or the operating system.
    Here(String),
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotDone::Stopping => f.write_str("the server stops"),
            NotDone::Graph(error) => write!(f, "{error}. {}", error.what_to_do()),
            NotDone::Entra(error) => write!(f, "{error}. {}", error.what_to_do()),
            NotDone::Here(what) => f.write_str(what),
        }
    }
}

impl Background {
    /// Of this cloud, proving itself so.
    ///
    /// # Errors
    /// When Graph's address cannot be one.
    pub fn new(cloud: Cloud, client: Client, carrier: Carrier) -> Result<Background, String> {
        let graph = Graph::of(&cloud).ok_or("microsoft.graph is no address of Graph")?;
        Ok(Background { cloud, graph, client, carrier, tokens: Mutex::default(), allowed: Mutex::default() })
    }

    /// Graph's address.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The app's tokens for a directory.
    pub fn of<'a>(&'a self, directory: &'a str) -> InItsOwnName<'a> {
        InItsOwnName { app: self, directory }
    }

    /// Asks something of a directory, and waits until the answer comes or it is given up. `stop` closes when the server
    /// stops.
    ///
    /// # Errors
    /// [`NotDone`]
    pub fn ask(&self, directory: &str, call: &Call, stop: &Receiver<()>) -> Result<Reply, NotDone> {
        ask_until(&self.of(directory), call, stop, |_| false)
    }

    /// Asks something of a directory once: whoever asks comes again by themselves.
    ///
    /// # Errors
    /// [`NotDone`]
    pub fn ask_once(&self, directory: &str, call: &Call) -> Result<Reply, NotDone> {
        ask_once(&self.of(directory), call)
    }

    /// The permissions in a token for a directory.
    ///
    /// # Errors
    /// [`NotDone`]
    pub fn granted(&self, directory: &str) -> Result<Vec<String>, NotDone> {
        Ok(teams::entra::granted(&self.token(directory, None)?))
    }

    /// The permissions in the newest token for a directory; nothing while none came.
    pub fn allowed(&self, directory: &str) -> Option<Vec<String>> {
        self.allowed.lock().unwrap_or_else(|e| e.into_inner()).get(directory).cloned()
    }

    /// The application's id.
    pub fn client_id(&self) -> &str {
        &self.client.id
    }

    fn key(&self, directory: &str) -> CacheKey {
        CacheKey::new(directory, &self.client.id, Who::Program, &[self.cloud.graph_default_scope()])
    }

    /// The next request gets a new token.
    pub fn forget_token(&self, directory: &str) {
        self.tokens.lock().unwrap_or_else(|e| e.into_inner()).drop_token(&self.key(directory));
    }

    fn token(&self, directory: &str, claims: Option<&str>) -> Result<Secret<String>, NotDone> {
        let key = self.key(directory);
        if claims.is_none() {
            let tokens = self.tokens.lock().unwrap_or_else(|e| e.into_inner());
            if let Some(token) = tokens.get(now(), &key) {
                return Ok(token.clone());
            }
        }
        let asked = now();
        let request =
            token_request(&self.cloud, &self.client, directory, claims, asked).map_err(NotDone::Here)?;
        let reply = self.carrier.send(&request).ok();
        let tokens = TokenReply::read(asked, reply.as_ref()).map_err(NotDone::Entra)?;
        crate::attest::contacted::note_token("background", directory, &tokens);
        {
            let mut allowed = self.allowed.lock().unwrap_or_else(|e| e.into_inner());
            if allowed.len() >= MOST_DIRECTORIES && !allowed.contains_key(directory) {
                allowed.clear();
            }
            allowed.insert(directory.into(), tokens.granted());
        }
        self.tokens.lock().unwrap_or_else(|e| e.into_inner()).put(asked, key, &tokens);
        Ok(tokens.access_token)
    }
}

/// The request for a token of the app's own for a directory; `claims` is what was demanded before.
///
/// # Errors
/// A sentence: no directory, a certificate that cannot be used, or the operating system's chance.
pub fn token_request(
    cloud: &Cloud,
    client: &Client,
    directory: &str,
    claims: Option<&str>,
    now: Time,
) -> Result<teams::Request, String> {
    let endpoints = Endpoints::entra(cloud, directory);
    let endpoints = endpoints.ok_or_else(|| format!("{directory:?} is no Microsoft directory"))?;
    let made = client.for_itself(&endpoints, &cloud.graph_default_scope(), claims, now, random()?);
    made.map_err(|e| format!("the app's certificate cannot be used: {e}"))
}

/// The app at one directory.
pub struct InItsOwnName<'a> {
    app: &'a Background,
    directory: &'a str,
}

impl Tokens for InItsOwnName<'_> {
    fn token(&self, claims: Option<&str>) -> Result<Secret<String>, NotDone> {
        self.app.token(self.directory, claims)
    }

    fn forget(&self) {
        self.app.forget_token(self.directory);
    }

    fn carrier(&self) -> &Carrier {
        &self.app.carrier
    }
}

/// Waits, unless the server stops meanwhile.
pub fn wait(stop: &Receiver<()>, time: Duration) -> Result<(), NotDone> {
    match stop.recv_timeout(time) {
        Err(RecvTimeoutError::Timeout) => Ok(()),
        _ => Err(NotDone::Stopping),
    }
}

/// The time, as `teams` counts it.
pub fn now() -> Time {
    Time(crate::clock::wall_ms())
}
