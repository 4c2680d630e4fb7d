//! Asks Graph in the app's own name: gets tokens, waits when Graph says so, proves more when it is asked to.

use crate::microsoft::{Carrier, random};
use redact::Secret;
use std::fmt;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;
use teams::entra::{CacheKey, Client, Endpoints, EntraError, TokenCache, TokenReply, Who};
use teams::graph::{Attempt, Call, Graph, GraphError, Next};
use teams::{Cloud, Reply, Time};

/// The app registration that works without a person.
pub struct Background {
    cloud: Cloud,
    graph: Graph,
    client: Client,
    carrier: Carrier,
    tokens: Mutex<TokenCache>,
}

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
        Ok(Background { cloud, graph, client, carrier, tokens: Mutex::default() })
    }

    /// Graph's address.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Asks a directory for a page of changes. That Graph has forgotten where to go on is a reply to be read.
    ///
    /// # Errors
    /// [`NotDone`]
    pub fn ask_page(&self, directory: &str, call: &Call, stop: &Receiver<()>) -> Result<Reply, NotDone> {
        self.ask_until(directory, call, stop, |e| {
            matches!(e, GraphError::Gone | GraphError::Refused { status: 400, .. })
        })
    }

    /// Asks something of a directory, and waits until the answer comes or it is given up. `stop` closes when the server
    /// stops.
    ///
    /// # Errors
    /// [`NotDone`]
    pub fn ask(&self, directory: &str, call: &Call, stop: &Receiver<()>) -> Result<Reply, NotDone> {
        self.ask_until(directory, call, stop, |_| false)
    }

    /// Asks something of a directory once: whoever asks comes again by themselves.
    ///
    /// # Errors
    /// [`NotDone`]
    pub fn ask_once(&self, directory: &str, call: &Call) -> Result<Reply, NotDone> {
        let mut attempt = Attempt::default();
        let mut claims = None;
        loop {
            let token = self.token(directory, claims.as_deref())?;
            let reply = self.carrier.send(&call.request(&token, random().map_err(NotDone::Here)?)).ok();
            match (attempt.next(now(), reply.as_ref(), 0), reply) {
                (Next::Done, Some(reply)) => return Ok(reply),
                (Next::NewToken { claims: wanted }, _) => {
                    self.forget_token(directory);
                    claims = wanted;
                }
                (Next::Again { at }, Some(reply)) if reply.status == 429 => {
                    return Err(NotDone::Graph(GraphError::Throttled { until: at }));
                }
                (Next::Done | Next::Again { .. }, reply) => {
                    let status = reply.map_or(0, |r| r.status);
                    return Err(NotDone::Graph(GraphError::Unavailable { status }));
                }
                (Next::Failed(error), _) => {
                    if matches!(error, GraphError::Denied { .. }) {
                        self.forget_token(directory);
                    }
                    return Err(NotDone::Graph(error));
                }
            }
        }
    }

    /// The application's id.
    pub fn client_id(&self) -> &str {
        &self.client.id
    }

    fn ask_until(
        &self,
        directory: &str,
        call: &Call,
        stop: &Receiver<()>,
        is_read: impl Fn(&GraphError) -> bool,
    ) -> Result<Reply, NotDone> {
        let mut attempt = Attempt::default();
        let mut claims = None;
        loop {
            let token = self.token(directory, claims.as_deref())?;
            let chance = random().map_err(NotDone::Here)?;
            let reply = self.carrier.send(&call.request(&token, chance)).ok();
            let spread = u32::from_ne_bytes(random().map_err(NotDone::Here)?);
            match (attempt.next(now(), reply.as_ref(), spread), reply) {
                (Next::Done, Some(reply)) => return Ok(reply),
                (Next::Done, None) => return Err(NotDone::Graph(GraphError::Unavailable { status: 0 })),
                (Next::Again { at }, _) => wait(stop, at.since(now()))?,
                (Next::NewToken { claims: wanted }, _) => {
                    self.forget_token(directory);
                    claims = wanted;
                }
                (Next::Failed(error), Some(reply)) if is_read(&error) => return Ok(reply),
                (Next::Failed(error), _) => {
                    // A token says what was allowed when it was given: after consent a new one says more.
                    if matches!(error, GraphError::Denied { .. }) {
                        self.forget_token(directory);
                    }
                    return Err(NotDone::Graph(error));
                }
            }
        }
    }

    fn key(&self, directory: &str) -> CacheKey {
        CacheKey::new(directory, &self.client.id, Who::Program, &[self.cloud.graph_default_scope()])
    }

    fn forget_token(&self, directory: &str) {
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
        let endpoints = Endpoints::entra(&self.cloud, directory)
            .ok_or_else(|| NotDone::Here(format!("{directory:?} is no Microsoft directory")))?;
        let asked = now();
        let chance = random().map_err(NotDone::Here)?;
        let request = self
            .client
            .for_itself(&endpoints, &self.cloud.graph_default_scope(), claims, asked, chance)
            .map_err(|e| NotDone::Here(format!("the app's certificate cannot be used: {e}")))?;
        let reply = self.carrier.send(&request).ok();
        let tokens = TokenReply::read(asked, reply.as_ref()).map_err(NotDone::Entra)?;
        self.tokens.lock().unwrap_or_else(|e| e.into_inner()).put(asked, key, &tokens);
        Ok(tokens.access_token)
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
