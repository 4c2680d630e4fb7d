//! The connector's tab: people who sign in in their own Teams client, and whose tokens for this server are judged here.

use crate::microsoft::Carrier;
use std::sync::{Mutex, MutexGuard};
use teams::entra::{Access, ApiRules, Caller, Endpoints, KeyCache, Refused, Texts};
use teams::{Cloud, Time};

/// What a token must be allowed to do in its person's name.
pub const SCOPE: &str = "access_as_user";

/// The pages beside those of Teams that may show the tab, from `microsoft.tab_hosts`.
///
/// # Errors
/// A sentence.
pub fn hosts(text: &str) -> Result<Vec<String>, String> {
    let is_good = |host: &str| {
        let (scheme, rest) = host.split_once("://").unwrap_or_default();
        let here = rest.starts_with("127.0.0.1:") || rest.starts_with("localhost:");
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-.:".contains(&b);
        (scheme == "https" || (scheme == "http" && here)) && !rest.is_empty() && rest.bytes().all(plain)
    };
    let wrong = |host: &str| {
        format!(
            "{host:?}: write addresses as https://intranet.example.org, with a space between; on this machine http://127.0.0.1:8000 too"
        )
    };
    let all = text.split_ascii_whitespace();
    all.map(|host| if is_good(host) { Ok(host.into()) } else { Err(wrong(host)) }).collect()
}

/// The app registration of the tab.
pub struct Tab {
    /// Its application (client) id.
    pub app: String,
    /// Entra ID, as a browser reaches it.
    pub login: String,
    /// Graph, as a browser reaches it.
    pub graph: String,
    /// Pages beside those of Teams that may show it.
    pub hosts: Vec<String>,
    rules: ApiRules,
    carrier: Carrier,
    keys: Mutex<KeyCache>,
    /// Held while keys are fetched: whoever comes meanwhile waits for them and is not refused for want of them.
    fetching: Mutex<()>,
}

/// Somebody whose token was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TabUser {
    /// The directory.
    pub directory: String,
    /// The person's object id there.
    pub object: String,
    /// When the token is over, in milliseconds since 1970.
    pub ends: u64,
    /// Whether the person belongs to another directory.
    pub guest: bool,
    /// What the token says in a few words.
    pub texts: Texts,
}

impl Tab {
    /// The tab with this application id.
    ///
    /// # Errors
    /// A sentence.
    pub fn new(cloud: &Cloud, app: &str, carrier: Carrier) -> Result<Tab, String> {
        let anywhere = Endpoints::entra(cloud, "organizations");
        let keys = anywhere.map(|e| e.keys).ok_or("the addresses of Entra ID cannot be made")?;
        Ok(Tab {
            app: app.into(),
            login: cloud.login.join(""),
            graph: cloud.graph.join(""),
            hosts: Vec::new(),
            rules: ApiRules::new(cloud, app, SCOPE),
            carrier,
            keys: Mutex::new(KeyCache::new(&keys)),
            fetching: Mutex::default(),
        })
    }

    /// The scope of a token for this server, whose own application id URI is made of where it is reached.
    pub fn scope(&self, public: &str) -> String {
        let host = public.split_once("://").map_or(public, |(_, host)| host);
        format!("api://{}/{}/{SCOPE}", host.trim_end_matches('/'), self.app)
    }

    /// Judges a token of one of these directories. It may wait for Entra ID's keys.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn judge(
        &self,
        now: Time,
        token: &str,
        connected: impl Fn(&str) -> bool,
    ) -> Result<TabUser, Refused> {
        self.fetch(now, |cache| cache.due(now));
        let check = || {
            let keys = self.keys().keys().clone();
            self.rules.check(&keys, now, token, &connected)
        };
        let access = match check() {
            // Signed with a key that is newer than what we have: fetched once, and judged again.
            Err(Refused::UnknownKey) => {
                self.fetch(now, |cache| cache.missed(now));
                check()
            }
            judged => judged,
        }?;
        crate::attest::contacted::note_presented("tab", &access);
        match access {
            Access { caller: Caller::Person { .. }, tenant, object, ends, guest, texts, .. } => {
                Ok(TabUser { directory: tenant, object, ends: ends.0, guest, texts })
            }
            _ => Err(Refused::Scope),
        }
    }

    fn fetch(&self, now: Time, ask: impl FnOnce(&mut KeyCache) -> Option<teams::Request>) {
        let _turn = self.fetching.lock().unwrap_or_else(|e| e.into_inner());
        let Some(request) = ask(&mut self.keys()) else { return };
        let reply = self.carrier.send(&request).ok();
        self.keys().took(now, reply.as_ref());
    }

    fn keys(&self) -> MutexGuard<'_, KeyCache> {
        self.keys.lock().unwrap_or_else(|e| e.into_inner())
    }
}
