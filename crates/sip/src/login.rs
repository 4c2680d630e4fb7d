//! Saying who we are when the far end asks: digest authentication as a client, in calls and outside them (RFC 3261
//! section 22). The computation itself stands in `digest`.
//!
//! Whoever was asked once says it unasked from then on: a call keeps the challenges it has answered and counts how
//! often each nonce was used.

use crate::digest::{self, Credentials, Params};
use crate::endpoint::Endpoint;
use crate::message::Message;
use crate::seed::{Chance, push_hex};
use crate::slots::Key;
use crate::time::Time;
use std::sync::Arc;

/// The most parties that one request says its name to: a proxy on the way, and the far end.
const MAX_REALMS: usize = 2;
/// How often one request is sent again because somebody asked.
const MAX_TRIES: u8 = 3;

/// Who to be, and towards whom.
#[derive(Clone, Debug)]
pub struct Login {
    /// User and password.
    pub credentials: Credentials,
    /// The only realm that gets an answer; `None`: whichever asks.
    pub realm: Option<String>,
}

/// A challenge that was answered.
#[derive(Clone)]
struct Asker {
    proxy: bool,
    realm: Box<[u8]>,
    challenge: Box<[u8]>,
    /// How many requests answered this nonce.
    count: u32,
    /// Whether it took the place of one that had become too old while the request was under way.
    renewed: bool,
}

/// Who we are, and who asked so far.
#[derive(Clone)]
pub(crate) struct Logins {
    login: Arc<Login>,
    askers: Vec<Asker>,
}

/// What a request in its transaction needs for being sent again.
pub(crate) struct Attempt {
    pub(crate) logins: Logins,
    tries: u8,
}

impl Attempt {
    pub(crate) fn first(logins: &Logins) -> Box<Attempt> {
        Box::new(Attempt { logins: logins.clone(), tries: 0 })
    }
}

impl Logins {
    pub(crate) fn new(login: &Arc<Login>) -> Box<Logins> {
        Box::new(Logins { login: login.clone(), askers: Vec::new() })
    }

    /// The header lines of the next request: an answer to each who asked before.
    pub(crate) fn lines(&mut self, chance: &mut Chance, method: &[u8], uri: &[u8], body: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for asker in &mut self.askers {
            asker.count += 1;
            let mut cnonce = Vec::with_capacity(32);
            push_hex(&mut cnonce, chance.next());
            push_hex(&mut cnonce, chance.next());
            let credentials = &self.login.credentials;
            let (challenge, count) = (&asker.challenge, asker.count);
            let Some(value) = digest::answer(challenge, credentials, method, uri, count, &cnonce, body)
            else {
                continue;
            };
            let name: &[u8] = if asker.proxy { b"Proxy-Authorization: " } else { b"Authorization: " };
            out.extend_from_slice(name);
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        out
    }

    /// Takes in who asks. Whether an answer is worth sending: not to somebody who refused the last one, unless only
    /// its nonce was too old.
    fn challenged(&mut self, m: &Message, proxy: bool, tries: u8) -> bool {
        let header = if proxy { "Proxy-Authenticate" } else { "WWW-Authenticate" };
        let wanted = |value: &&[u8]| match &self.login.realm {
            Some(realm) => realm_of(value).is_some_and(|r| *r == *realm.as_bytes()),
            None => true,
        };
        let Some(challenge) = digest::strongest(digest::values_of(m, header).filter(wanted)) else {
            return false;
        };
        let Some(realm) = realm_of(challenge) else { return false };
        let known = self.askers.iter().position(|a| a.proxy == proxy && a.realm == realm);
        match known {
            // An answer that an earlier request gave may be too old by now, whether that is said or not.
            Some(n) if tries > 0 && (self.askers[n].renewed || !digest::is_stale(challenge)) => return false,
            Some(n) => drop(self.askers.remove(n)),
            None if self.askers.len() >= MAX_REALMS => return false,
            None => {}
        }
        let renewed = tries > 0 && known.is_some();
        self.askers.push(Asker { proxy, realm, challenge: challenge.into(), count: 0, renewed });
        true
    }
}

fn realm_of(challenge: &[u8]) -> Option<Box<[u8]>> {
    Params::read(challenge)?.get("realm").map(Into::into)
}

impl Endpoint {
    /// Says in the requests of a call who we are, when the far end asks. For calls that came in; our own calls are told
    /// when they are made.
    pub fn set_login(&mut self, call: crate::CallId, login: &Arc<Login>) {
        if let Some(c) = self.calls.get_mut(call.0) {
            c.logins = Some(Logins::new(login));
        }
    }

    /// Sends a request again because its answer asked who we are. Whether it did; if not, the answer is the last word.
    pub(crate) fn log_in(&mut self, now: Time, key: Key, code: u16, m: &Message) -> bool {
        if !matches!(code, 401 | 407) {
            return false;
        }
        let attempt = self.clients.get_mut(key).and_then(|tx| tx.login.take());
        let Some(mut attempt) = attempt.filter(|a| a.tries < MAX_TRIES) else { return false };
        if !attempt.logins.challenged(m, code == 407, attempt.tries) {
            return false;
        }
        attempt.tries += 1;
        self.send_again(now, key, Some(attempt), None)
    }
}
