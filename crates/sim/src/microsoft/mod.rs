//! A made-up Microsoft: Entra ID, which signs people in and gives out tokens, Graph, which shows a tenant's people, and the
//! Bot Connector, through which bots take part in conversations.
//!
//! [`Microsoft::handle`] takes a request and the time and gives the reply; [`Microsoft::poll`] gives what Microsoft sends
//! by itself until there is nothing more, and [`Microsoft::deadline`] says when to ask again. Whoever owns the sockets
//! carries all of it. The same seed gives the same people, ids, tokens and pages; only what is encrypted for a
//! subscriber differs each time.
//!
//! Nothing here knows how the product asks: what is allowed, refused and answered is written down from Microsoft's own
//! pages, and clients that Microsoft wrote check it (`server/tests/it/microsoft.rs`).
//!
//! Entra ID, Graph and the Bot Connector share one address: everything below `/v1.0` and `/oidc` is Graph, below `/bot` the
//! Bot Connector, below `/teams` somebody's Teams client where one is open, the rest is Entra ID.

pub mod administration;
pub mod bot;
pub mod certificate;
pub mod client;
pub mod directory;
mod entra;
pub mod exchange;
mod faults;
mod graph;
pub mod keys;
pub mod moment;
mod people;
pub mod registration;
mod tenant;

pub use administration::{Named, TenantPlan};
pub use directory::Removal;
pub use exchange::{Reply, Request};
pub use faults::{Fault, Misbehaviour};
pub use graph::subscriptions::{Lifecycle, Out, Post};
pub use registration::{Holder, Registration};
pub use tenant::Tenant;

use faults::Faults;
use keys::Keys;
use std::collections::BTreeMap;

/// The largest request that is looked at, in bytes.
pub const LARGEST_REQUEST: usize = 4 * 1024 * 1024;
/// Tenants of one simulated Microsoft, at most.
pub const MOST_TENANTS: usize = 16;

/// Headers of replies that pages of other origins may read.
const EXPOSED: &str = "ETag, Location, Retry-After, WWW-Authenticate, client-request-id, request-id";

/// The answer to a browser that asks whether a page may ask (CORS).
fn allowed_to_pages() -> Reply {
    Reply::empty(204)
        .with_header("Access-Control-Allow-Origin", "*")
        .with_header("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE")
        .with_header(
            "Access-Control-Allow-Headers",
            "authorization, content-type, client-request-id, consistencylevel, prefer, sdkversion, x-client-sku, x-client-ver",
        )
        .with_header("Access-Control-Max-Age", "600")
}

/// A made-up Microsoft.
#[derive(Debug)]
pub struct Microsoft {
    /// Where it is reached, without a slash at the end.
    base: String,
    seed: u64,
    /// Counts whatever must be different each time.
    counter: u64,
    keys: Keys,
    tenants: Vec<Tenant>,
    apps: BTreeMap<String, Registration>,
    sign_ins: entra::SignIns,
    throttle: graph::throttle::Throttle,
    subscriptions: graph::subscriptions::Subscriptions,
    faults: Faults,
    /// The Bot Connector.
    bot: bot::Channel,
    /// The Teams client that somebody has open.
    client: Option<client::Client>,
    /// Requests to Graph so far; a batch is one.
    graph_requests: u64,
    /// How far its clock is wrong, in milliseconds.
    skew_ms: i64,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handled {
    /// This is the reply.
    Reply(Reply),
    /// The reply comes later, from [`Microsoft::poll`], under this number.
    Later(u64),
}

impl Handled {
    /// The reply, if it is there already.
    pub fn reply(self) -> Option<Reply> {
        match self {
            Handled::Reply(reply) => Some(reply),
            Handled::Later(_) => None,
        }
    }
}

impl Microsoft {
    /// Nobody yet. `base` is where it will be reached, as `https://127.0.0.1:4430`.
    pub fn new(base: &str, seed: u64) -> Microsoft {
        Microsoft {
            base: base.trim_end_matches('/').into(),
            seed,
            counter: 0,
            keys: Keys::default(),
            tenants: Vec::new(),
            apps: BTreeMap::new(),
            sign_ins: entra::SignIns::default(),
            throttle: graph::throttle::Throttle::default(),
            subscriptions: graph::subscriptions::Subscriptions::default(),
            faults: Faults::default(),
            bot: bot::Channel::default(),
            client: None,
            graph_requests: 0,
            skew_ms: 0,
        }
    }

    /// Where it is reached.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Requests to Graph so far; a batch is one.
    pub fn graph_requests(&self) -> u64 {
        self.graph_requests
    }

    /// Answers a request. `now_ms` is in milliseconds since 1970.
    pub fn handle(&mut self, now_ms: u64, request: &Request) -> Handled {
        let now = now_ms.saturating_add_signed(self.skew_ms);
        let fault = self.faults.strikes(request.path());
        if let Some(reply) = fault.as_ref().and_then(|f| f.instead(now)) {
            return Handled::Reply(self.finished(now, request, reply));
        }
        if request.body.len() > LARGEST_REQUEST || request.target.len() > LARGEST_REQUEST {
            return Handled::Reply(self.finished(now, request, Reply::empty(413)));
        }
        if request.method == "OPTIONS" {
            return Handled::Reply(self.finished(now, request, allowed_to_pages()));
        }
        let segments = request.segments();
        let first = segments.first().map(String::as_str);
        let handled = match first {
            Some("v1.0" | "oidc") => {
                self.graph_requests += 1;
                self.graph(now, request, segments.get(1..).unwrap_or_default())
            }
            Some("bot") => {
                Handled::Reply(self.bot_connector(now, request, segments.get(1..).unwrap_or_default()))
            }
            Some("teams") if self.client.is_some() => {
                let reply = self.client_page(now, request, segments.get(1..).unwrap_or_default());
                Handled::Reply(reply.unwrap_or_else(|| Reply::empty(404)))
            }
            _ => Handled::Reply(self.entra(now, request, &segments)),
        };
        match handled {
            Handled::Reply(reply) => {
                let reply = match &fault {
                    Some(fault) => fault.spoil(reply),
                    None => reply,
                };
                Handled::Reply(self.finished(now, request, reply))
            }
            later => later,
        }
    }

    /// The headers that every reply has.
    fn finished(&mut self, now: u64, request: &Request, mut reply: Reply) -> Reply {
        // Pages of other origins may read what they asked for (CORS).
        if request.header("Origin").is_some() && reply.header("Access-Control-Allow-Origin").is_none() {
            reply = reply.with_header("Access-Control-Allow-Origin", "*");
        }
        if request.header("Origin").is_some() {
            reply = reply.with_header("Access-Control-Expose-Headers", EXPOSED);
        }
        if reply.header("Date").is_none() {
            reply = reply.with_header("Date", &moment::http_date(now));
        }
        if reply.header("request-id").is_none() {
            let id = self.new_id();
            let client = request.client_id().unwrap_or_else(|| id.clone());
            reply = reply.with_header("request-id", &id).with_header("client-request-id", &client);
        }
        reply
    }

    /// A text that never comes again.
    fn unique(&mut self) -> String {
        use base64::Engine as _;
        self.counter += 1;
        let bytes: Vec<u8> = (0..4)
            .flat_map(|about| people::mixed(self.seed, self.counter, 0x5000 + about).to_be_bytes())
            .collect();
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    }

    /// An id that never comes again.
    fn new_id(&mut self) -> String {
        self.counter += 1;
        directory::guid(self.seed, directory::Kind::Other, self.counter as u32)
    }

    /// The place of a tenant by its id or domain.
    fn tenant_index(&self, name: &str) -> Option<usize> {
        self.tenants
            .iter()
            .position(|t| t.id.eq_ignore_ascii_case(name) || t.domain.eq_ignore_ascii_case(name))
    }
}
