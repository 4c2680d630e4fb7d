//! Change notifications: who wants to know what, and what is sent to them.

use crate::microsoft::Microsoft;
use crate::microsoft::certificate::Certificate;
use crate::microsoft::exchange::{Reply, Request, encoded};
use crate::microsoft::graph::refusal::refuse;
use crate::microsoft::moment;
use aws_lc_rs::cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Subscriptions at a time, at most.
pub const MOST: usize = 500;
/// Notifications that wait, at most; the oldest is lost.
const MOST_WAITING: usize = 20_000;
/// Requests whose answer is not there yet, at most.
const MOST_IN_FLIGHT: usize = 64;
/// Notifications in one request.
const IN_ONE: usize = 100;
/// A notification is tried again for so long, in milliseconds: 4 hours.
const TRY_FOR: u64 = 4 * 3_600_000;
/// The first pause before another try, in milliseconds; it doubles each time.
const FIRST_PAUSE: u64 = 10_000;
/// An endpoint must answer its handshake within this time, in milliseconds.
pub const HANDSHAKE: u64 = 10_000;
/// A subscription that ends within this time is announced, in milliseconds.
const ANNOUNCED: u64 = 10 * 60_000;
/// The application that sends notifications.
pub const PUBLISHER: &str = "0bf30f3b-4a52-48df-9a82-234910c4a086";

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// The presences of these people.
    Presences(Vec<u32>),
    /// All users, or one.
    Users(Option<u32>),
}

/// A subscription.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Its id.
    pub id: String,
    /// The tenant's place.
    pub tenant: usize,
    /// The application.
    pub app_id: String,
    /// What about.
    pub about: About,
    /// The body it was made with, as far as it is shown again.
    pub shown: Value,
    /// It ends at this moment, in milliseconds since 1970.
    pub until: u64,
    /// The key of the subscriber, if they want the data.
    pub key: Option<Vec<u8>>,
    /// The last sequence of each presence that was told.
    pub told: BTreeMap<u32, u64>,
    /// When its presences were looked at last.
    pub looked: u64,
    /// Whether its end was announced.
    pub announced: bool,
}

/// What the carrier posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// For [`Microsoft::posted`].
    pub id: u64,
    /// Where to.
    pub url: String,
    /// The content's type.
    pub content_type: &'static str,
    /// What it proves itself by, in the header of this name.
    pub authorization: Option<String>,
    /// The body.
    pub body: Vec<u8>,
    /// Within this time, in milliseconds.
    pub within_ms: u64,
}

/// What comes of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    /// To be posted.
    Post(Post),
    /// The reply to the request of this number ([`crate::microsoft::Handled::Later`]).
    Reply(u64, Reply),
}

/// A word about the subscription itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// It must be renewed.
    ReauthorizationRequired,
    /// It is gone.
    SubscriptionRemoved,
    /// Something was not told.
    Missed,
}

impl Lifecycle {
    fn name(self) -> &'static str {
        match self {
            Lifecycle::ReauthorizationRequired => "reauthorizationRequired",
            Lifecycle::SubscriptionRemoved => "subscriptionRemoved",
            Lifecycle::Missed => "missed",
        }
    }
}

/// A subscription that waits until its endpoints have answered.
#[derive(Clone, Debug)]
pub(super) struct Handshake {
    pub subscription: Subscription,
    pub request: Request,
    /// Posts that are not answered, with the token that must come back.
    pub open: BTreeMap<u64, String>,
    pub until: u64,
}

/// One notification that waits.
#[derive(Clone, Debug)]
struct Waiting {
    url: String,
    app_id: String,
    tenant: usize,
    with_data: bool,
    item: Value,
    born: u64,
    not_before: u64,
    tries: u32,
}

/// All subscriptions and what waits to be sent.
#[derive(Debug, Default)]
pub struct Subscriptions {
    pub(super) list: Vec<Subscription>,
    pub(super) handshakes: BTreeMap<u64, Handshake>,
    waiting: VecDeque<Waiting>,
    in_flight: BTreeMap<u64, Vec<Waiting>>,
    out: VecDeque<Out>,
    next: u64,
}

impl Subscriptions {
    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// A handshake whose result nobody waits for.
    pub(super) fn abandon(&mut self, ticket: u64) {
        if let Some(handshake) = self.handshakes.remove(&ticket) {
            self.out.retain(|o| !matches!(o, Out::Post(p) if handshake.open.contains_key(&p.id)));
        }
    }

    pub(super) fn shake(
        &mut self,
        now: u64,
        mut subscription: Subscription,
        request: Request,
        tokens: [String; 2],
    ) -> u64 {
        let ticket = self.number();
        let urls = ["notificationUrl", "lifecycleNotificationUrl"]
            .map(|n| subscription.shown[n].as_str().map(String::from));
        let mut open = BTreeMap::new();
        for (url, token) in urls.into_iter().zip(tokens).filter_map(|(u, t)| Some((u?, t))) {
            let id = self.number();
            let joint = if url.contains('?') { '&' } else { '?' };
            self.out.push_back(Out::Post(Post {
                id,
                url: format!("{url}{joint}validationToken={}", encoded(&token)),
                content_type: "text/plain; charset=utf-8",
                authorization: None,
                body: Vec::new(),
                within_ms: HANDSHAKE,
            }));
            open.insert(id, token);
        }
        subscription.told.clear();
        self.handshakes.insert(ticket, Handshake { subscription, request, open, until: now + HANDSHAKE });
        ticket
    }

    fn wait(&mut self, waiting: Waiting) {
        if self.waiting.len() >= MOST_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(waiting);
    }
}

impl Subscription {
    fn waiting(&self, now: u64, tenant_id: &str, url: &str, what: Value) -> Waiting {
        let mut item = json!({"subscriptionId": self.id, "subscriptionExpirationDateTime": moment::rfc3339(self.until),
            "tenantId": tenant_id});
        if let Some(state) = self.shown["clientState"].as_str() {
            item["clientState"] = state.into();
        }
        for (name, value) in what.as_object().cloned().unwrap_or_default() {
            item[name] = value;
        }
        let with_data = item.get("encryptedContent").is_some();
        Waiting {
            url: url.into(),
            app_id: self.app_id.clone(),
            tenant: self.tenant,
            with_data,
            item,
            born: now,
            not_before: now,
            tries: 0,
        }
    }
}

/// Data for a subscriber alone: AES-256 in CBC, its key under the subscriber's RSA key, and a signature.
fn encrypted(key: &[u8], certificate_id: &Value, data: &Value, random: &str) -> Option<Value> {
    let public = OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(key).ok()?).ok()?;
    let symmetric = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, random.as_bytes());
    let symmetric = symmetric.as_ref();
    let mut data_key = vec![0; public.ciphertext_size()];
    public.encrypt(&OAEP_SHA1_MGF1SHA1, symmetric, &mut data_key, None).ok()?;
    let cipher =
        PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, symmetric).ok()?).ok()?;
    let mut text = data.to_string().into_bytes();
    let first: [u8; 16] = symmetric.get(..16)?.try_into().ok()?;
    cipher.less_safe_encrypt(&mut text, EncryptionContext::Iv128(FixedLength::from(first))).ok()?;
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, symmetric), &text);
    Some(json!({"data": STANDARD.encode(&text), "dataSignature": STANDARD.encode(signature.as_ref()),
        "dataKey": STANDARD.encode(&data_key), "encryptionCertificateId": certificate_id,
        "encryptionCertificateThumbprint": ""}))
}

/// The public key of a subscriber's certificate.
pub(super) fn subscriber_key(certificate: &str) -> Option<Vec<u8>> {
    let key = Certificate::read(&STANDARD.decode(certificate.trim()).ok()?)?.key;
    OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(&key).ok()?).ok()?;
    Some(key)
}

impl Microsoft {
    /// What comes of itself by now; ask until there is nothing.
    pub fn poll(&mut self, now_ms: u64) -> Option<Out> {
        if let Some(post) = self.bot.poll() {
            return Some(Out::Post(post));
        }
        let now = now_ms.saturating_add_signed(self.skew_ms);
        self.end_handshakes(now);
        self.watch(now);
        if let Some(out) = self.subscriptions.out.pop_front() {
            return Some(out);
        }
        self.bundle(now)
    }

    /// When to ask again at the latest, in milliseconds since 1970.
    pub fn deadline(&self) -> Option<u64> {
        let s = &self.subscriptions;
        if !s.out.is_empty() || self.bot.is_waiting() {
            return Some(0);
        }
        let ends = s
            .list
            .iter()
            .flat_map(|u| [Some(u.until), (!u.announced).then(|| u.until.saturating_sub(ANNOUNCED))])
            .flatten();
        let handshakes = s.handshakes.values().map(|h| h.until);
        let waiting = s.waiting.iter().map(|w| w.not_before);
        let presences = s.list.iter().filter_map(|u| match &u.about {
            About::Presences(of) => of.iter().filter_map(|p| self.next_presence(u, *p)).min(),
            About::Users(_) => None,
        });
        ends.chain(handshakes)
            .chain(waiting)
            .chain(presences)
            .min()
            .map(|m| m.saturating_add_signed(-self.skew_ms))
    }

    /// When a presence changes next, from when it was looked at last.
    fn next_presence(&self, u: &Subscription, place: u32) -> Option<u64> {
        let t = self.tenants.get(u.tenant)?;
        u.told.contains_key(&place).then(|| t.presences.next_change(u.looked, place))
    }

    /// What became of a post: the status and the body of the answer, or nothing if there was none.
    pub fn posted(&mut self, now_ms: u64, id: u64, answer: Option<(u16, &[u8])>) {
        if self.bot.took(id, answer) {
            return;
        }
        let now = now_ms.saturating_add_signed(self.skew_ms);
        let ticket =
            self.subscriptions.handshakes.iter().find(|(_, h)| h.open.contains_key(&id)).map(|(t, _)| *t);
        if let Some(ticket) = ticket {
            let Some(handshake) = self.subscriptions.handshakes.get_mut(&ticket) else { return };
            let token = handshake.open.remove(&id).unwrap_or_default();
            let right = answer.is_some_and(|(status, body)| status == 200 && body == token.as_bytes());
            if !right {
                self.end_handshake(now, ticket, false);
            } else if handshake.open.is_empty() {
                self.end_handshake(now, ticket, true);
            }
            return;
        }
        let Some(batch) = self.subscriptions.in_flight.remove(&id) else { return };
        if answer.is_some_and(|(status, _)| (200..300).contains(&status)) {
            return;
        }
        for mut w in batch {
            w.tries += 1;
            w.not_before = now + (FIRST_PAUSE << w.tries.min(10).saturating_sub(1));
            if now.saturating_sub(w.born) < TRY_FOR {
                self.subscriptions.wait(w);
            }
        }
    }

    fn end_handshakes(&mut self, now: u64) {
        let late: Vec<u64> =
            self.subscriptions.handshakes.iter().filter(|(_, h)| h.until <= now).map(|(t, _)| *t).collect();
        for ticket in late {
            self.end_handshake(now, ticket, false);
        }
    }

    fn end_handshake(&mut self, now: u64, ticket: u64, well: bool) {
        let Some(handshake) = self.subscriptions.handshakes.remove(&ticket) else { return };
        let reply = match well {
            true => {
                let mut subscription = handshake.subscription;
                self.tell_nothing_old(now, &mut subscription);
                let body = subscription.shown.clone();
                self.subscriptions.list.push(subscription);
                Reply::json(201, &body)
            }
            false => {
                let text = "Subscription validation request failed. Notification endpoint must respond with 200 OK to validation request.";
                self.refusal(now, &handshake.request, &refuse(400, "ValidationError", text))
            }
        };
        let reply = self.finished(now, &handshake.request, reply);
        self.subscriptions.out.push_back(Out::Reply(ticket, reply));
    }

    /// What is true already is no news.
    fn tell_nothing_old(&self, now: u64, subscription: &mut Subscription) {
        if let (About::Presences(of), Some(t)) = (&subscription.about, self.tenants.get(subscription.tenant))
        {
            subscription.told = of.iter().map(|p| (*p, t.presences.sequence(now, *p))).collect();
        }
        subscription.looked = now;
    }

    /// Looks for presences that changed, and for subscriptions that end.
    fn watch(&mut self, now: u64) {
        let mut list = std::mem::take(&mut self.subscriptions.list);
        list.retain(|u| u.until > now);
        for u in &mut list {
            let Some(tenant_id) = self.tenants.get(u.tenant).map(|t| t.id.clone()) else { continue };
            let lifecycle = u.shown["lifecycleNotificationUrl"].as_str().map(String::from);
            if !u.announced && u.until.saturating_sub(ANNOUNCED) <= now {
                u.announced = true;
                if let Some(url) = lifecycle {
                    let what = json!({"lifecycleEvent": Lifecycle::ReauthorizationRequired.name()});
                    self.subscriptions.wait(u.waiting(now, &tenant_id, &url, what));
                }
            }
            let About::Presences(of) = u.about.clone() else { continue };
            let url = u.shown["notificationUrl"].as_str().unwrap_or_default().to_string();
            for place in of {
                let Some(t) = self.tenants.get(u.tenant) else { continue };
                let sequence = t.presences.sequence(now, place);
                if u.told.insert(place, sequence) == Some(sequence) {
                    continue;
                }
                let value = self.presence_value(now, u.tenant, place);
                let id = value["id"].as_str().unwrap_or_default();
                let address = format!("communications/presences('{id}')");
                let mut what = json!({"changeType": "updated", "resource": address,
                    "resourceData": {"@odata.type": "#Microsoft.Graph.presence", "@odata.id": address, "id": id}});
                if let Some(key) = &u.key {
                    let random = self.unique();
                    if let Some(content) =
                        encrypted(key, &u.shown["encryptionCertificateId"], &value, &random)
                    {
                        what["encryptedContent"] = content;
                    }
                }
                self.subscriptions.wait(u.waiting(now, &tenant_id, &url, what));
            }
            u.looked = now;
        }
        self.subscriptions.list = list;
    }

    /// A user changed: whoever wants to know is told.
    pub(in crate::microsoft) fn user_changed(&mut self, now_ms: u64, tenant: usize, place: u32, what: &str) {
        let now = now_ms.saturating_add_signed(self.skew_ms);
        let Some(t) = self.tenants.get(tenant) else { return };
        let (tenant_id, id) = (t.id.clone(), t.directory.id(place));
        let wants = |u: &&Subscription| {
            let types: BTreeSet<&str> =
                u.shown["changeType"].as_str().unwrap_or_default().split(',').collect();
            let of = matches!(&u.about, About::Users(one) if one.is_none_or(|p| p == place));
            u.tenant == tenant && of && types.contains(what) && u.until > now
        };
        let all: Vec<Waiting> = self
            .subscriptions
            .list
            .iter()
            .filter(wants)
            .map(|u| {
                let url = u.shown["notificationUrl"].as_str().unwrap_or_default();
                let what = json!({"changeType": what, "resource": format!("Users/{id}"),
                    "resourceData": {"@odata.type": "#Microsoft.Graph.User", "@odata.id": format!("Users/{id}"), "id": id}});
                u.waiting(now, &tenant_id, url, what)
            })
            .collect();
        for w in all {
            self.subscriptions.wait(w);
        }
    }

    /// The subscriptions that there are, each as its owner made it, with its secret.
    pub fn subscriptions(&self) -> Vec<Value> {
        self.subscriptions.list.iter().map(|s| s.shown.clone()).collect()
    }

    /// Tells the owner of a subscription something about it. `SubscriptionRemoved` also ends it.
    pub fn tell_lifecycle(&mut self, now_ms: u64, subscription: &str, what: Lifecycle) {
        let now = now_ms.saturating_add_signed(self.skew_ms);
        let Some(u) = self.subscriptions.list.iter().find(|u| u.id == subscription) else { return };
        let url = u.shown["lifecycleNotificationUrl"].as_str().map(String::from);
        let tenant_id = self.tenants.get(u.tenant).map(|t| t.id.clone()).unwrap_or_default();
        if let Some(url) = url {
            let w = u.waiting(now, &tenant_id, &url, json!({"lifecycleEvent": what.name()}));
            self.subscriptions.wait(w);
        }
        if what == Lifecycle::SubscriptionRemoved {
            self.subscriptions.list.retain(|u| u.id != subscription);
        }
    }

    /// Notifications for one address become one request.
    fn bundle(&mut self, now: u64) -> Option<Out> {
        if self.subscriptions.in_flight.len() >= MOST_IN_FLIGHT {
            return None;
        }
        let at = self.subscriptions.waiting.iter().position(|w| w.not_before <= now)?;
        let url = self.subscriptions.waiting.get(at)?.url.clone();
        let mut batch = Vec::new();
        let mut rest = VecDeque::new();
        for w in std::mem::take(&mut self.subscriptions.waiting) {
            match w.url == url && w.not_before <= now && batch.len() < IN_ONE {
                true => batch.push(w),
                false => rest.push_back(w),
            }
        }
        self.subscriptions.waiting = rest;
        let mut items: Vec<Value> = Vec::new();
        let mut witnesses: BTreeSet<(usize, String)> = BTreeSet::new();
        for w in &batch {
            let mut item = w.item.clone();
            item["id"] = self.new_id().into();
            items.push(item);
            if w.with_data {
                witnesses.insert((w.tenant, w.app_id.clone()));
            }
        }
        let mut body = json!({"value": items});
        if !witnesses.is_empty() {
            let tokens: Vec<String> =
                witnesses.iter().map(|(t, app)| self.validation_token(now, *t, app)).collect();
            body["validationTokens"] = json!(tokens);
        }
        let id = self.subscriptions.number();
        self.subscriptions.in_flight.insert(id, batch);
        let body = body.to_string().into_bytes();
        let content_type = "application/json";
        Some(Out::Post(Post { id, url, content_type, authorization: None, body, within_ms: 3_000 }))
    }

    /// The token by which a notification with data proves where it comes from.
    fn validation_token(&mut self, now: u64, tenant: usize, app_id: &str) -> String {
        let id = self.tenants.get(tenant).map(|t| t.id.clone()).unwrap_or_default();
        let now_s = now / 1_000;
        let uti = self.unique();
        self.keys.sign(&json!({"aud": app_id, "iss": self.old_issuer(&id), "iat": now_s, "nbf": now_s,
            "exp": now_s + 3_600, "appid": PUBLISHER, "appidacr": "2", "idtyp": "app", "tid": id, "ver": "1.0",
            "oid": "1e7a0000-0000-4000-8000-000000000000", "uti": uti.get(..22)}))
    }
}
