//! What Graph tells us of its own accord: who may say it, what it says.
//!
//! The endpoint answers within three seconds with 202, whatever the notification is worth: a forger learns nothing, and
//! Graph does not slow us down for a mistake. What is refused here is dropped and counted.

use crate::clean;
use crate::entra::{KeySet, NotificationRules, Refused, same, sha256};
use crate::graph::decrypt::{DecryptFault, DecryptionKey};
use crate::graph::presence::Presence;
use crate::graph::text;
use crate::time::Time;
use core::fmt;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The largest delivery that is read, in bytes.
pub const MOST_DELIVERY: usize = 4 * 1024 * 1024;
/// The most notifications of one delivery.
const MOST_NOTICES: usize = 2000;
/// The most tokens of one delivery: one for each of our applications and tenants.
const MOST_TOKENS: usize = 64;
/// The longest validation token, in bytes.
const LONGEST_VALIDATION: usize = 4096;
/// Notifications that are remembered so that none counts twice.
const MOST_SEEN: usize = 20_000;

/// The body to answer with, as `text/plain` and 200, when Graph asks whether an address is ours. `query` is that of the
/// request. Nothing when it asks nothing of the kind, or something that should not be sent back.
pub fn answer_validation(query: &str) -> Option<String> {
    let values = query.split('&').filter_map(|p| p.strip_prefix("validationToken="));
    let mut values = values.filter_map(crate::address::percent_decode);
    let token = values.next()?;
    // Sent back as it came: so nothing that a browser could take for a page, even if it ignored the type.
    let plain =
        token.len() <= LONGEST_VALIDATION && token.chars().all(|c| !c.is_control() && c != '<' && c != '>');
    (plain && values.next().is_none()).then_some(token)
}

/// What we know of a subscription of ours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// Its tenant.
    pub tenant: String,
    /// The hash of its secret, from [`crate::graph::subscribe`].
    pub client_state: [u8; 32],
}

/// What a lifecycle event asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lifecycle {
    /// [`crate::graph::reauthorize`] or renew it.
    Reauthorize,
    /// Subscribe anew and read everything anew.
    Removed,
    /// Some notifications were lost: read what changed.
    Missed,
}

/// A notification that counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// The tenant.
    pub tenant: String,
    /// The subscription.
    pub subscription: String,
    /// `created`, `updated`, `deleted`, or a word that came later.
    pub change: String,
    /// The object's id that changed, when it is said.
    pub about: Option<String>,
    /// The presence, when the notification brought it.
    pub presence: Option<Presence>,
    /// What is asked for, when it is about the subscription itself.
    pub lifecycle: Option<Lifecycle>,
}

/// Why a notification is dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoticeFault {
    /// It cannot be read.
    Malformed,
    /// We have no such subscription.
    UnknownSubscription,
    /// Its secret is wrong.
    ClientState,
    /// It is about another tenant than its subscription.
    Tenant,
    /// It brings data and no good token of its tenant. With [`Refused::UnknownKey`], ask for keys and judge again.
    Token(Refused),
    /// Its data cannot be opened.
    Data(DecryptFault),
    /// It came before.
    Replayed,
}

impl fmt::Display for NoticeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoticeFault::Malformed => f.write_str("the notification cannot be read"),
            NoticeFault::UnknownSubscription => {
                f.write_str("the notification is for no subscription of ours")
            }
            NoticeFault::ClientState => f.write_str("the notification has a wrong secret"),
            NoticeFault::Tenant => {
                f.write_str("the notification is for another tenant than its subscription")
            }
            NoticeFault::Token(why) => write!(f, "the notification is not proven: {why}"),
            NoticeFault::Data(DecryptFault::Malformed) => {
                f.write_str("the notification's data cannot be read")
            }
            NoticeFault::Data(DecryptFault::Key) => {
                f.write_str("the notification is encrypted for another key")
            }
            NoticeFault::Data(DecryptFault::Signature) => {
                f.write_str("the notification's data were changed on the way")
            }
            NoticeFault::Replayed => f.write_str("the notification came before"),
        }
    }
}

impl std::error::Error for NoticeFault {}

/// Notifications that came before.
#[derive(Default)]
pub struct Seen {
    known: BTreeSet<[u8; 32]>,
    order: VecDeque<[u8; 32]>,
}

impl Seen {
    /// Whether this is the first time. The oldest are forgotten.
    fn first(&mut self, notice: &Value) -> bool {
        let hash = sha256(notice.to_string().as_bytes());
        if !self.known.insert(hash) {
            return false;
        }
        self.order.push_back(hash);
        if self.order.len() > MOST_SEEN {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
        true
    }
}

/// What is needed to judge a delivery.
pub struct Notices<'a> {
    /// Whose tokens count.
    pub rules: &'a NotificationRules,
    /// The keys of the authority.
    pub keys: &'a KeySet,
    /// Our keys by the id that subscriptions name.
    pub decryption: &'a BTreeMap<String, DecryptionKey>,
}

impl Notices<'_> {
    /// Judges a delivery to the notification or the lifecycle address, one by one. `known` looks a subscription up;
    /// `connected` says whether a tenant is one of ours. The error means that nothing of it could be read.
    pub fn read(
        &self,
        now: Time,
        body: &[u8],
        known: impl Fn(&str) -> Option<Known>,
        connected: impl Fn(&str) -> bool,
        seen: &mut Seen,
    ) -> Result<Vec<Result<Notice, NoticeFault>>, NoticeFault> {
        if body.len() > MOST_DELIVERY {
            return Err(NoticeFault::Malformed);
        }
        let delivery: Value = serde_json::from_slice(body).map_err(|_| NoticeFault::Malformed)?;
        let notices = delivery.get("value").and_then(Value::as_array).filter(|v| v.len() <= MOST_NOTICES);
        let notices = notices.ok_or(NoticeFault::Malformed)?;
        let mut tokens = None;
        let mut read = Vec::new();
        for notice in notices {
            read.push(self.one(notice, &known, seen, || {
                // Only who knows a secret of ours makes us check signatures, and only once.
                tokens.get_or_insert_with(|| self.proven(now, &delivery, &connected)).clone()
            }));
        }
        Ok(read)
    }

    /// The tenants that the delivery's tokens speak for. One bad token spoils all.
    fn proven(
        &self,
        now: Time,
        delivery: &Value,
        connected: &impl Fn(&str) -> bool,
    ) -> Result<BTreeSet<String>, Refused> {
        let tokens = delivery.get("validationTokens").and_then(Value::as_array).ok_or(Refused::Malformed)?;
        if tokens.len() > MOST_TOKENS {
            return Err(Refused::Malformed);
        }
        let check = |t: &Value| self.rules.check(self.keys, now, t.as_str().unwrap_or_default(), connected);
        tokens.iter().map(check).collect()
    }

    fn one(
        &self,
        notice: &Value,
        known: &impl Fn(&str) -> Option<Known>,
        seen: &mut Seen,
        mut proven: impl FnMut() -> Result<BTreeSet<String>, Refused>,
    ) -> Result<Notice, NoticeFault> {
        let subscription =
            text(notice, "subscriptionId").and_then(clean::id).ok_or(NoticeFault::Malformed)?;
        let ours = known(&subscription).ok_or(NoticeFault::UnknownSubscription)?;
        let secret = sha256(text(notice, "clientState").unwrap_or_default().as_bytes());
        if !same(&secret, &ours.client_state) {
            return Err(NoticeFault::ClientState);
        }
        if text(notice, "tenantId").and_then(clean::guid).as_deref() != Some(ours.tenant.as_str()) {
            return Err(NoticeFault::Tenant);
        }
        let lifecycle = match text(notice, "lifecycleEvent") {
            None => None,
            Some("reauthorizationRequired") => Some(Lifecycle::Reauthorize),
            Some("subscriptionRemoved") => Some(Lifecycle::Removed),
            // Whatever comes later is answered by looking for what changed.
            Some(_) => Some(Lifecycle::Missed),
        };
        let mut about = notice.get("resourceData").and_then(|d| text(d, "id")).and_then(clean::guid);
        let mut presence = None;
        if let Some(content) = notice.get("encryptedContent").filter(|c| !c.is_null()) {
            let tenants = proven().map_err(NoticeFault::Token)?;
            if !tenants.contains(&ours.tenant) {
                return Err(NoticeFault::Token(Refused::Tenant));
            }
            let id = text(content, "encryptionCertificateId").unwrap_or_default();
            let key = self.decryption.get(id).ok_or(NoticeFault::Data(DecryptFault::Key))?;
            let data = key.open(content).map_err(NoticeFault::Data)?;
            presence = Presence::read(&data);
            about = about.or_else(|| presence.as_ref().map(|p| p.id.clone()));
        }
        if !seen.first(notice) {
            return Err(NoticeFault::Replayed);
        }
        let change = text(notice, "changeType").and_then(clean::word).unwrap_or_default();
        Ok(Notice { tenant: ours.tenant, subscription, change, about, presence, lifecycle })
    }
}
