//! Tokens that still serve, by tenant, person and scopes, never across persons.

use crate::entra::sha256;
use crate::entra::token::TokenReply;
use crate::time::Time;
use core::time::Duration;
use redact::Secret;
use std::collections::BTreeMap;

/// The most tokens that are kept, unless told otherwise.
const MOST: usize = 10_000;
/// A token is not used any more this long before its end.
const EARLY: Duration = Duration::from_secs(300);

/// Whom a token stands for. It holds a hash, so that the cache names nobody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Who {
    /// The application itself.
    Program,
    /// A person.
    Person([u8; 32]),
}

impl Who {
    /// A person of a tenant.
    pub fn person(tenant: &str, object: &str) -> Who {
        Who::Person(sha256(format!("{tenant}\n{object}").as_bytes()))
    }

    /// A person by the token that they showed, for tokens on their behalf: another token, another entry.
    pub fn bearer_of(tenant: &str, object: &str, assertion: &Secret<String>) -> Who {
        let shown = sha256(assertion.expose_secret().as_bytes());
        Who::Person(sha256(&[tenant.as_bytes(), b"\n", object.as_bytes(), b"\n", &shown].concat()))
    }
}

/// What a token is for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct CacheKey {
    tenant: String,
    client: String,
    who: Who,
    scopes: Vec<String>,
}

impl CacheKey {
    /// The order of the scopes does not matter.
    pub fn new(tenant: &str, client_id: &str, who: Who, scopes: &[String]) -> CacheKey {
        let mut scopes = scopes.to_vec();
        scopes.sort();
        scopes.dedup();
        CacheKey { tenant: tenant.to_string(), client: client_id.to_string(), who, scopes }
    }
}

struct Entry {
    token: Secret<String>,
    /// From when on it is not given out any more.
    until: Time,
}

/// The cache. It lives in memory only; refresh tokens are no part of it.
pub struct TokenCache {
    most: usize,
    entries: BTreeMap<CacheKey, Entry>,
}

impl Default for TokenCache {
    fn default() -> TokenCache {
        TokenCache::new(MOST)
    }
}

impl TokenCache {
    /// An empty one for at most this many tokens.
    pub fn new(most: usize) -> TokenCache {
        TokenCache { most: most.max(1), entries: BTreeMap::new() }
    }

    /// A token that will serve for five minutes more, or for half of its life if that is short.
    pub fn get(&self, now: Time, key: &CacheKey) -> Option<&Secret<String>> {
        self.entries.get(key).filter(|e| now < e.until).map(|e| &e.token)
    }

    /// Keeps a token. When there is no room, those that are over leave, and then the one that is over first.
    pub fn put(&mut self, now: Time, key: CacheKey, reply: &TokenReply) {
        let lives = reply.ends.since(now);
        let until = now.plus(lives.saturating_sub(EARLY.min(lives / 2)));
        if self.entries.len() >= self.most && !self.entries.contains_key(&key) {
            self.entries.retain(|_, e| now < e.until);
            if self.entries.len() >= self.most {
                let first = self.entries.iter().min_by_key(|(_, e)| e.until).map(|(k, _)| k.clone());
                first.map(|k| self.entries.remove(&k));
            }
        }
        self.entries.insert(key, Entry { token: reply.access_token.clone(), until });
    }

    /// Forgets a token that was refused.
    pub fn drop_token(&mut self, key: &CacheKey) {
        self.entries.remove(key);
    }

    /// Forgets a tenant: it was closed, or its consent changed.
    pub fn drop_tenant(&mut self, tenant: &str) {
        self.entries.retain(|k, _| k.tenant != tenant);
    }

    /// How many tokens are kept.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_secs(1_000_000);

    fn token(name: &str, secs: u64) -> TokenReply {
        TokenReply {
            access_token: Secret::new(name.to_string()),
            ends: NOW.plus(Duration::from_secs(secs)),
            refresh_token: None,
            id_token: None,
            scopes: Vec::new(),
        }
    }

    fn key(tenant: &str, who: Who) -> CacheKey {
        CacheKey::new(tenant, "app", who, &["b".into(), "a".into()])
    }

    fn got<'a>(cache: &'a TokenCache, after: u64, key: &CacheKey) -> Option<&'a str> {
        cache.get(NOW.plus(Duration::from_secs(after)), key).map(|t| t.expose_secret().as_str())
    }

    #[test]
    fn tokens_never_cross_persons_or_tenants() {
        let mut cache = TokenCache::default();
        let ann = Who::person("t1", "ann");
        cache.put(NOW, key("t1", ann), &token("ann's", 3600));
        assert_eq!(got(&cache, 0, &key("t1", ann)), Some("ann's"));
        let other = Secret::new("assertion".to_string());
        for not in [
            key("t1", Who::person("t1", "bob")),
            key("t2", ann),
            key("t1", Who::Program),
            key("t1", Who::bearer_of("t1", "ann", &other)),
            CacheKey::new("t1", "other", ann, &["a".into(), "b".into()]),
            CacheKey::new("t1", "app", ann, &["a".into()]),
        ] {
            assert_eq!(got(&cache, 0, &not), None);
        }
        assert_eq!(
            got(&cache, 0, &CacheKey::new("t1", "app", ann, &["a".into(), "b".into()])),
            Some("ann's")
        );
        cache.drop_tenant("t1");
        assert!(cache.is_empty());
    }

    #[test]
    fn tokens_leave_before_they_are_over() {
        let mut cache = TokenCache::default();
        let key = key("t", Who::Program);
        cache.put(NOW, key.clone(), &token("long", 3600));
        assert!(got(&cache, 3299, &key).is_some() && got(&cache, 3300, &key).is_none());
        cache.put(NOW, key.clone(), &token("short", 60));
        assert!(got(&cache, 29, &key).is_some() && got(&cache, 30, &key).is_none());
        cache.put(NOW, key.clone(), &token("over", 0));
        assert_eq!(got(&cache, 0, &key), None);
    }

    #[test]
    fn the_cache_is_bounded() {
        let mut cache = TokenCache::new(3);
        for n in 0..10u64 {
            cache.put(NOW, key("t", Who::person("t", &n.to_string())), &token("x", 3600 + n));
        }
        assert_eq!(cache.len(), 3);
        assert!(got(&cache, 0, &key("t", Who::person("t", "9"))).is_some());
    }
}
