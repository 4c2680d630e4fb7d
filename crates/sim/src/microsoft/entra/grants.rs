//! What is given out and comes back later: codes, refresh tokens, and the sessions of browsers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

/// Codes, refresh tokens and sessions that are remembered, each. The oldest goes.
pub const MOST: usize = 20_000;
/// How long a code holds, in milliseconds.
pub const CODE_LIFE: u64 = 600_000;
/// How long a refresh token holds when nobody uses it, in milliseconds: 90 days.
pub const REFRESH_LIFE: u64 = 90 * 86_400_000;
/// The same for a page that holds it itself: one day from the sign-in.
pub const PAGE_REFRESH_LIFE: u64 = 86_400_000;
/// A refresh token that was replaced is taken for so long, in case the new one got lost on its way, in milliseconds.
pub const REPLACED_LIFE: u64 = 60_000;

/// Somebody's consent to what an application asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct Grant {
    /// The tenant's place.
    pub tenant: usize,
    /// The person's place.
    pub place: u32,
    /// The application.
    pub app_id: String,
    /// Scopes of resources that were asked for.
    pub scopes: Vec<String>,
    /// `openid`, `profile`, `email` and `offline_access` as far as asked for.
    pub oidc: BTreeSet<String>,
    /// Authentication contexts that were fulfilled.
    pub contexts: Vec<String>,
    /// The name of the session.
    pub session: String,
    /// Whether the application is a page.
    pub is_page: bool,
    /// When the person signed in, in milliseconds since 1970.
    pub at: u64,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Grant({} for {})", self.place, self.app_id)
    }
}

/// A code that waits to be redeemed.
#[derive(Clone, Debug)]
pub struct Code {
    /// What for.
    pub grant: Grant,
    /// Where the person was sent.
    pub redirect_uri: String,
    /// `code_challenge`, S256.
    pub challenge: Option<String>,
    /// For the ID token.
    pub nonce: Option<String>,
    /// Whether it was redeemed already.
    pub used: bool,
}

/// A refresh token.
#[derive(Clone, Debug)]
pub struct Refresh {
    /// What for.
    pub grant: Grant,
    /// It holds up to this moment, in milliseconds since 1970.
    pub until: u64,
    /// When its successor was given out.
    pub replaced: Option<u64>,
}

/// A map that remembers the newest.
#[derive(Clone)]
struct Bounded<T> {
    map: BTreeMap<String, T>,
    order: VecDeque<String>,
}

impl<T> Default for Bounded<T> {
    fn default() -> Bounded<T> {
        Bounded { map: BTreeMap::new(), order: VecDeque::new() }
    }
}

impl<T> fmt::Debug for Bounded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of them", self.map.len())
    }
}

impl<T> Bounded<T> {
    fn put(&mut self, name: String, value: T) {
        if self.order.len() >= MOST {
            if let Some(old) = self.order.pop_front() {
                self.map.remove(&old);
            }
        }
        self.order.push_back(name.clone());
        self.map.insert(name, value);
    }

    fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.map.retain(|_, v| keep(v));
        let map = &self.map;
        self.order.retain(|name| map.contains_key(name));
    }
}

/// Everything given out.
#[derive(Debug, Default)]
pub struct SignIns {
    codes: Bounded<Code>,
    refresh: Bounded<Refresh>,
    sessions: Bounded<(usize, u32)>,
}

impl SignIns {
    /// A code more.
    pub fn put_code(&mut self, name: String, code: Code) {
        self.codes.put(name, code);
    }

    /// A code by its name.
    pub fn code(&mut self, name: &str) -> Option<&mut Code> {
        self.codes.map.get_mut(name)
    }

    /// A refresh token more.
    pub fn put_refresh(&mut self, name: String, refresh: Refresh) {
        self.refresh.put(name, refresh);
    }

    /// A refresh token by its name.
    pub fn refresh(&mut self, name: &str) -> Option<&mut Refresh> {
        self.refresh.map.get_mut(name)
    }

    /// A browser in which somebody is signed in.
    pub fn put_session(&mut self, name: String, tenant: usize, place: u32) {
        self.sessions.put(name, (tenant, place));
    }

    /// Tenant and person of a browser.
    pub fn session(&self, name: &str) -> Option<(usize, u32)> {
        self.sessions.map.get(name).copied()
    }

    /// A browser is signed out.
    pub fn end_session(&mut self, name: &str) {
        self.sessions.map.remove(name);
        self.sessions.order.retain(|n| n != name);
    }

    /// All browsers are signed out.
    pub fn forget_browsers(&mut self) {
        self.sessions = Bounded::default();
    }

    /// Ends everything that somebody has.
    pub fn sign_out(&mut self, tenant: usize, place: u32) {
        self.forget(tenant, |g| g.place == place);
        self.sessions.retain(|s| *s != (tenant, place));
    }

    /// Ends codes and refresh tokens of a tenant.
    pub fn forget(&mut self, tenant: usize, of: impl Fn(&Grant) -> bool) {
        let keep = |g: &Grant| g.tenant != tenant || !of(g);
        self.codes.retain(|c| keep(&c.grant));
        self.refresh.retain(|r| keep(&r.grant));
    }

    /// A code is redeemed a second time: whatever came of it ends.
    pub fn stolen(&mut self, session: &str, app_id: &str) {
        self.refresh.retain(|r| r.grant.session != session || r.grant.app_id != app_id);
    }
}
