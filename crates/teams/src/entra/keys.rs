//! The keys of an authority (RFC 7517): read with bounds, kept, and fetched anew when needed but not as often as
//! strangers like.

use crate::entra::un_b64url;
use crate::request::{Reply, Request};
use crate::time::Time;
use core::time::Duration;
use serde::Deserialize;
use serde_json::Value;

/// The largest set that is read, in bytes.
const MOST_SET: usize = 256 * 1024;
/// The most keys of a set that are kept.
const MOST_KEYS: usize = 128;
/// Channels of one key that are kept.
const MOST_ENDORSEMENTS: usize = 100;
/// Sizes of an RSA modulus that are accepted, in bytes: 2048 to 8192 bits.
const MODULUS: core::ops::RangeInclusive<usize> = 256..=1024;
/// How long a set is used before it is fetched again.
const LIFE: Duration = Duration::from_secs(24 * 3600);
/// The shortest time between two fetches because of unknown keys: anybody can make up a key's name.
const FOR_UNKNOWN: Duration = Duration::from_secs(300);
/// The shortest time between two fetches after one that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Entry {
    kid: String,
    kty: String,
    n: String,
    e: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    issuer: Option<String>,
    #[serde(default)]
    endorsements: Vec<String>,
}

/// One key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    kid: String,
    pub(crate) n: Vec<u8>,
    pub(crate) e: Vec<u8>,
    /// Whose tokens it signs, with `{tenantid}` in the place of the tenant; multi-tenant documents say so.
    pub(crate) issuer: Option<String>,
    /// Channels that it speaks for; the Bot Connector's keys say so.
    pub(crate) endorsements: Vec<String>,
}

/// The keys of an authority at one time.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: Vec<Key>,
}

impl KeySet {
    /// Reads a set. Keys of other kinds and of wrong sizes are left out; nothing when no key remains.
    pub fn read(reply: &Reply) -> Option<KeySet> {
        if reply.status != 200 {
            return None;
        }
        let set: Set = reply.json(MOST_SET)?;
        let keys: Vec<_> = set.keys.into_iter().filter_map(key).take(MOST_KEYS).collect();
        if keys.is_empty() { None } else { Some(KeySet { keys }) }
    }

    pub(crate) fn find(&self, kid: &str) -> Option<&Key> {
        self.keys.iter().find(|k| k.kid == kid)
    }
}

fn key(entry: Value) -> Option<Key> {
    let Entry { kid, kty, n, e, usage, alg, issuer, mut endorsements } =
        serde_json::from_value(entry).ok()?;
    let for_signing = usage.is_none_or(|u| u == "sig") && alg.is_none_or(|a| a == "RS256" || a == "PS256");
    let mut n = un_b64url(&n)?;
    // Some write a zero before the modulus, as integers of ASN.1 have it.
    while n.first() == Some(&0) {
        n.remove(0);
    }
    let e = un_b64url(&e)?;
    let fits = MODULUS.contains(&n.len()) && (1..=8).contains(&e.len()) && (1..=256).contains(&kid.len());
    endorsements.truncate(MOST_ENDORSEMENTS);
    (kty == "RSA" && for_signing && fits).then_some(Key { kid, n, e, issuer, endorsements })
}

/// The keys of one authority over time.
///
/// Ask [`KeyCache::due`] before tokens are judged and now and then; when a token names an unknown key, ask
/// [`KeyCache::missed`]; if a request comes out, send it, give what came to [`KeyCache::took`], and judge again.
#[derive(Clone, Debug)]
pub struct KeyCache {
    url: String,
    set: KeySet,
    /// When the set came.
    came: Option<Time>,
    /// When it was last asked for.
    asked: Option<Time>,
    failed: bool,
}

impl KeyCache {
    /// Nothing is known yet. `url` is [`crate::entra::Endpoints::keys`].
    pub fn new(url: &str) -> KeyCache {
        KeyCache { url: url.to_string(), set: KeySet::default(), came: None, asked: None, failed: false }
    }

    /// The keys that are known now. An old set serves on while a new one cannot be had.
    pub fn keys(&self) -> &KeySet {
        &self.set
    }

    /// The request for the set, when there is none or it is old.
    pub fn due(&mut self, now: Time) -> Option<Request> {
        let wait = if self.failed { AFTER_FAILURE } else { FOR_UNKNOWN };
        let old = self.came.is_none_or(|came| now.since(came) >= LIFE);
        let rested = self.asked.is_none_or(|asked| now.since(asked) >= wait);
        (old && rested).then(|| self.ask(now))
    }

    /// The request for the set because a token names a key that is not in it; nothing when it was asked for a short
    /// while ago.
    pub fn missed(&mut self, now: Time) -> Option<Request> {
        let wait = if self.failed { AFTER_FAILURE } else { FOR_UNKNOWN };
        let rested = self.asked.is_none_or(|asked| now.since(asked) >= wait);
        rested.then(|| self.ask(now))
    }

    fn ask(&mut self, now: Time) -> Request {
        self.asked = Some(now);
        // Until an answer is there, nobody else asks again sooner than after a failure.
        self.failed = true;
        let mut request = Request::get(self.url.clone());
        request.most = MOST_SET;
        request
    }

    /// Takes what came; `None` when nothing did. Says whether a new set is in use now. A bad answer leaves the old set.
    pub fn took(&mut self, now: Time, reply: Option<&Reply>) -> bool {
        match reply.and_then(KeySet::read) {
            Some(set) => {
                (self.set, self.came, self.failed) = (set, Some(now), false);
                true
            }
            None => {
                self.failed = true;
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::b64url;

    fn set(kids: &[&str]) -> Reply {
        let n = b64url(&[0xc5; 256]);
        let keys: Vec<_> = kids
            .iter()
            .map(|k| format!(r#"{{"kid":"{k}","kty":"RSA","use":"sig","n":"{n}","e":"AQAB"}}"#))
            .collect();
        Reply::new(200, format!(r#"{{"keys":[{}]}}"#, keys.join(",")))
    }

    #[test]
    fn unknown_keys_do_not_make_us_ask_all_the_time() {
        let mut cache = KeyCache::new("https://login.example/keys");
        let start = Time::from_secs(1_000_000);
        let after = |secs| start.plus(Duration::from_secs(secs));
        assert!(cache.due(start).is_some());
        assert!(cache.due(start).is_none() && cache.missed(start).is_none(), "one is under way");
        assert!(cache.took(start, Some(&set(&["a"]))));
        assert!(cache.due(after(10)).is_none());
        assert!(cache.missed(after(299)).is_none());
        assert!(cache.missed(after(300)).is_some());
        assert!(cache.took(after(300), Some(&set(&["a", "b"]))));
        assert!(cache.keys().find("b").is_some());
        for n in 0..1000 {
            assert!(cache.missed(after(301 + n / 10)).is_none());
        }
        assert!(cache.due(after(300 + 24 * 3600)).is_some(), "a day later");
    }

    #[test]
    fn an_old_set_serves_while_a_new_one_cannot_be_had() {
        let mut cache = KeyCache::new("https://login.example/keys");
        let start = Time::from_secs(1_000_000);
        let after = |secs| start.plus(Duration::from_secs(secs));
        cache.due(start).unwrap();
        cache.took(start, Some(&set(&["a"])));
        for reply in [
            None,
            Some(Reply::new(500, "")),
            Some(Reply::new(200, "{")),
            Some(Reply::new(200, r#"{"keys":[]}"#)),
        ] {
            assert!(cache.missed(after(400)).is_some());
            assert!(!cache.took(after(400), reply.as_ref()));
            assert!(cache.keys().find("a").is_some());
            assert!(cache.missed(after(429)).is_none());
            cache.asked = None;
        }
        cache.missed(after(500)).unwrap();
        cache.took(after(500), None);
        assert!(cache.missed(after(530)).is_some(), "sooner than after a success");
    }

    #[test]
    fn what_is_no_signing_key_is_left_out() {
        let n = b64url(&[0xc5; 256]);
        let short = b64url(&[0xc5; 128]);
        let bad = format!(
            r#"{{"keys":[7, {{"kid":"a","kty":"EC","n":"{n}","e":"AQAB"}}, {{"kid":"b","kty":"RSA","n":"{short}","e":"AQAB"}},
            {{"kid":"c","kty":"RSA","use":"enc","n":"{n}","e":"AQAB"}}, {{"kty":"RSA","n":"{n}","e":"AQAB"}},
            {{"kid":"d","kty":"oct","k":"AAAA","n":"{n}","e":"AQAB"}}, {{"kid":"e","kty":"RSA","alg":"HS256","n":"{n}","e":"AQAB"}}]}}"#
        );
        assert!(KeySet::read(&Reply::new(200, bad)).is_none());
        let many: Vec<_> = (0..300).map(|n| n.to_string()).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert_eq!(KeySet::read(&set(&many)).unwrap().keys.len(), MOST_KEYS);
    }
}
