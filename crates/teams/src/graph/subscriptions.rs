//! Subscriptions: being told of changes instead of asking.

use crate::address::BaseUrl;
use crate::clean;
use crate::entra::{b64url, sha256};
use crate::graph::{Call, Graph, step, text};
use crate::permissions::Operation;
use crate::request::{MOST_JSON, Method, Reply};
use crate::time::Time;
use core::time::Duration;
use redact::Secret;
use serde_json::{Value, json};

/// How long a subscription to users lives; Graph allows almost 29 days. A short one ends soon after us.
const USERS_LIFE: Duration = Duration::from_secs(3 * 24 * 3600);
/// How long a subscription to presences lives; Graph allows no longer.
const PRESENCES_LIFE: Duration = Duration::from_secs(60 * 60);
/// The most people of one subscription to presences.
const MOST_WATCHED: usize = 650;

/// What is watched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Watched {
    /// All people of the tenant: a hint to ask the delta query now.
    Users,
    /// The presence of up to 650 people by their object's id.
    Presences(Vec<String>),
}

impl Watched {
    fn operation(&self) -> Operation {
        match self {
            Watched::Users => Operation::SubscribeUsers,
            Watched::Presences(_) => Operation::SubscribePresences,
        }
    }

    fn life(&self) -> Duration {
        match self {
            Watched::Users => USERS_LIFE,
            Watched::Presences(_) => PRESENCES_LIFE,
        }
    }

    fn resource(&self) -> Option<String> {
        match self {
            Watched::Users => Some("/users".to_string()),
            Watched::Presences(ids) => {
                let ids = ids
                    .iter()
                    .map(|id| clean::guid(id).map(|id| format!("'{id}'")))
                    .collect::<Option<Vec<_>>>()?;
                let fits = (1..=MOST_WATCHED).contains(&ids.len());
                fits.then(|| format!("/communications/presences?$filter=id in ({})", ids.join(",")))
            }
        }
    }
}

/// With what Graph encrypts the data that it sends.
#[derive(Clone, Debug)]
pub struct Encryption {
    /// Our name for the certificate; it comes back with each notification.
    pub id: String,
    /// The certificate in PEM, the public part only. 2048 bits or more.
    pub certificate: String,
}

/// A subscription as Graph has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscription {
    /// Its id, which comes with each notification.
    pub id: String,
    /// When it ends.
    pub ends: Time,
}

impl Subscription {
    /// When to renew it: at half of what is left now.
    pub fn renew_at(&self, now: Time) -> Time {
        now.plus(self.ends.since(now) / 2)
    }
}

/// The secret that comes back with each notification of a subscription. Only its hash has to be kept.
pub(crate) fn client_state(chance: [u8; 32]) -> Secret<String> {
    Secret::new(b64url(&chance))
}

/// Subscribes. `public` is where Graph reaches us; `chance` 32 random bytes, of which the secret of the notifications is
/// made. With the call comes the hash of that secret, to be kept for [`crate::graph::Known::client_state`].
///
/// Graph asks at both addresses at once, before it answers; see [`crate::graph::answer_validation`]. 201 brings the
/// subscription.
pub fn subscribe(
    graph: &Graph,
    watched: &Watched,
    public: &BaseUrl,
    encryption: Option<&Encryption>,
    now: Time,
    chance: [u8; 32],
) -> Option<(Call, [u8; 32])> {
    let secret = client_state(chance);
    let mut body = json!({
        "changeType": match watched { Watched::Users => "updated,deleted", Watched::Presences(_) => "updated" },
        "notificationUrl": public.join("/graph/notify"),
        "lifecycleNotificationUrl": public.join("/graph/lifecycle"),
        "resource": watched.resource()?,
        "expirationDateTime": now.plus(watched.life()).rfc3339(),
        "clientState": secret.expose_secret(),
        "latestSupportedTlsVersion": "v1_2",
    });
    if let Some(encryption) = encryption {
        let der = crate::entra::certificate_der(&encryption.certificate)?;
        body["includeResourceData"] = json!(true);
        body["encryptionCertificate"] = json!(der);
        body["encryptionCertificateId"] = json!(clean::word(&encryption.id)?);
    }
    let call = graph.send(watched.operation(), Method::Post, "/subscriptions", &body);
    Some((call, sha256(secret.expose_secret().as_bytes())))
}

/// Renews for another life. 404 says that it is gone: subscribe anew.
pub fn renew(graph: &Graph, watched: &Watched, id: &str, now: Time) -> Option<Call> {
    let body = json!({"expirationDateTime": now.plus(watched.life()).rfc3339()});
    Some(graph.send(watched.operation(), Method::Patch, &format!("/subscriptions/{}", step(id)?), &body))
}

/// Says that we are still allowed, when a lifecycle event asks for it.
pub fn reauthorize(graph: &Graph, watched: &Watched, id: &str) -> Option<Call> {
    let mut call = graph.get(watched.operation(), &format!("/subscriptions/{}/reauthorize", step(id)?));
    call.method = Method::Post;
    Some(call)
}

/// Ends it.
pub fn unsubscribe(graph: &Graph, watched: &Watched, id: &str) -> Option<Call> {
    let mut call = graph.get(watched.operation(), &format!("/subscriptions/{}", step(id)?));
    call.method = Method::Delete;
    Some(call)
}

/// Reads a subscription that was made or renewed.
pub fn read_subscription(reply: &Reply) -> Option<Subscription> {
    let value: Value = reply.json(MOST_JSON)?;
    let ends = Time::parse_rfc3339(text(&value, "expirationDateTime")?)?;
    Some(Subscription { id: clean::id(text(&value, "id")?)?, ends })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_secs(1_795_168_800);

    #[test]
    fn a_subscription_is_asked_for_and_read() {
        let graph = Graph::of(&crate::Cloud::named("worldwide").unwrap()).unwrap();
        let public = BaseUrl::parse("https://cc.example").unwrap();
        let ids = vec!["11111111-1111-1111-1111-111111111111".to_string()];
        let (call, hash) = subscribe(&graph, &Watched::Presences(ids), &public, None, NOW, [5; 32]).unwrap();
        let body: Value = serde_json::from_str(call.body.as_ref().unwrap().expose_secret()).unwrap();
        assert_eq!(body["expirationDateTime"], "2026-11-20T11:00:00Z");
        assert_eq!(
            body["resource"],
            "/communications/presences?$filter=id in ('11111111-1111-1111-1111-111111111111')"
        );
        let secret = body["clientState"].as_str().unwrap();
        assert!(secret.len() <= 128 && hash == sha256(secret.as_bytes()));
        assert!(!format!("{call:?}").contains(secret));
        let reply = Reply::new(201, r#"{"id":"s-1","expirationDateTime":"2026-11-20T11:00:00.1234567Z"}"#);
        let subscription = read_subscription(&reply).unwrap();
        assert_eq!(subscription.renew_at(NOW).rfc3339(), "2026-11-20T10:30:00Z");
        for bad in [
            "",
            "{}",
            r#"{"id":"../x","expirationDateTime":"2026-11-20T11:00:00Z"}"#,
            r#"{"id":"a","expirationDateTime":7}"#,
        ] {
            assert_eq!(read_subscription(&Reply::new(201, bad)), None, "{bad}");
        }
        assert!(renew(&graph, &Watched::Users, "a/b", NOW).is_none());
        assert!(subscribe(&graph, &Watched::Presences(vec![]), &public, None, NOW, [5; 32]).is_none());
        let quote = Watched::Presences(vec!["x') or id in ('y".to_string()]);
        assert!(subscribe(&graph, &quote, &public, None, NOW, [5; 32]).is_none());
    }
}
