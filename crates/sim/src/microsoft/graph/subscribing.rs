//! Making, renewing and ending subscriptions.

use crate::microsoft::entra::tokens::Caller;
use crate::microsoft::exchange::{Reply, Request};
use crate::microsoft::graph::object;
use crate::microsoft::graph::permissions::Operation;
use crate::microsoft::graph::presence::MOST_IDS;
use crate::microsoft::graph::refusal::{GraphRefusal, refuse};
use crate::microsoft::graph::subscriptions::{About, MOST, Subscription, subscriber_key};
use crate::microsoft::{Handled, Microsoft, moment};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The longest life of a subscription to presences, in milliseconds.
const LONGEST_PRESENCE: u64 = 60 * 60_000;
/// The longest life of one to users, in milliseconds.
const LONGEST_USERS: u64 = 41_760 * 60_000;
/// The longest secret word of a subscriber.
const LONGEST_STATE: usize = 128;

fn bad(text: impl Into<String>) -> GraphRefusal {
    refuse(400, "InvalidRequest", text)
}

/// Where notifications may go: HTTPS, and plain HTTP on this machine alone.
fn is_address(url: &str) -> bool {
    let local = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
    let plain = url.chars().all(|c| c.is_ascii_graphic());
    plain && url.len() <= 2_000 && (url.starts_with("https://") || local.iter().any(|l| url.starts_with(l)))
}

impl Microsoft {
    pub(super) fn subscribe(
        &mut self,
        now: u64,
        caller: &Caller,
        request: &Request,
    ) -> Result<Handled, GraphRefusal> {
        let body = object(request)?;
        let text = |name: &str| body[name].as_str();
        let resource = text("resource").ok_or_else(|| bad("resource is needed."))?;
        let about = self.about(caller, resource)?;
        let (operation, longest) = match about {
            About::Presences(_) => (Operation::SubscribePresence, LONGEST_PRESENCE),
            About::Users(_) => (Operation::SubscribeUsers, LONGEST_USERS),
        };
        self.may(caller, operation, None)?;
        let change = text("changeType").ok_or_else(|| bad("changeType is needed."))?;
        if !change.split(',').all(|c| matches!(c.trim(), "updated" | "deleted" | "created")) {
            return Err(bad("changeType is unknown."));
        }
        for name in ["notificationUrl", "lifecycleNotificationUrl"] {
            let url = text(name);
            if url.map_or(name == "notificationUrl", |u| !is_address(u)) {
                return Err(bad(format!("{name} must be an https address.")));
            }
        }
        if text("clientState").is_some_and(|s| s.len() > LONGEST_STATE) {
            return Err(bad("clientState is at most 128 characters."));
        }
        let until = expiry(now, &body, longest)?;
        let with_data = body["includeResourceData"] == true;
        if matches!(about, About::Presences(_)) && !with_data {
            return Err(bad(
                "Subscriptions on presence need includeResourceData and an encryptionCertificate.",
            ));
        }
        let key = match with_data {
            false => None,
            true => {
                let key = text("encryptionCertificate").and_then(subscriber_key);
                if text("encryptionCertificateId").is_none() {
                    return Err(bad("encryptionCertificateId is needed."));
                }
                Some(key.ok_or_else(|| bad("encryptionCertificate must be an RSA certificate in base64."))?)
            }
        };
        let s = &self.subscriptions;
        if s.list.len() + s.handshakes.len() >= MOST {
            return Err(refuse(403, "Forbidden", "There are too many subscriptions."));
        }
        let id = self.new_id();
        let creator = match caller.place {
            Some(p) => self.tenants.get(caller.tenant).map(|t| t.directory.id(p)).unwrap_or_default(),
            None => caller.app_id.clone(),
        };
        let mut shown = json!({"@odata.context": self.context("subscriptions/$entity"), "id": id, "applicationId": caller.app_id,
            "creatorId": creator, "expirationDateTime": moment::rfc3339(until), "includeResourceData": with_data});
        for name in [
            "resource",
            "changeType",
            "clientState",
            "notificationUrl",
            "lifecycleNotificationUrl",
            "encryptionCertificateId",
            "latestSupportedTlsVersion",
        ] {
            if let Some(value) = text(name) {
                shown[name] = value.into();
            }
        }
        let subscription = Subscription {
            id,
            tenant: caller.tenant,
            app_id: caller.app_id.clone(),
            about,
            shown,
            until,
            key,
            told: BTreeMap::new(),
            looked: now,
            announced: false,
        };
        let tokens =
            [0, 1].map(|_| format!("Validation: Testing client application reachability. {}", self.unique()));
        Ok(Handled::Later(self.subscriptions.shake(now, subscription, request.clone(), tokens)))
    }

    fn about(&self, caller: &Caller, resource: &str) -> Result<About, GraphRefusal> {
        let unknown = || bad(format!("Resource '{resource}' is not supported for subscriptions."));
        let resource = resource.trim_start_matches('/');
        let t = self.tenants.get(caller.tenant).ok_or_else(unknown)?;
        let person = |id: &str| t.directory.find(id.trim().trim_matches('\'')).ok_or_else(unknown);
        if resource == "users" {
            return Ok(About::Users(None));
        }
        if let Some(id) = resource.strip_prefix("users/") {
            return Ok(About::Users(Some(person(id)?)));
        }
        let rest = resource.strip_prefix("communications/presences").ok_or_else(unknown)?;
        let ids: Vec<&str> =
            match rest.strip_prefix("?$filter=id in (").or(rest.strip_prefix("?$filter=id+in+(")) {
                Some(list) => list.strip_suffix(')').ok_or_else(unknown)?.split(',').collect(),
                None => vec![
                    rest.strip_prefix('/')
                        .or(rest.strip_prefix('(').and_then(|r| r.strip_suffix(')')))
                        .ok_or_else(unknown)?,
                ],
            };
        if ids.len() > MOST_IDS {
            return Err(bad("A subscription is for at most 650 presences."));
        }
        Ok(About::Presences(ids.into_iter().map(person).collect::<Result<_, _>>()?))
    }

    fn own(&self, caller: &Caller, id: &str) -> Result<usize, GraphRefusal> {
        let is_it = |u: &Subscription| u.id == id && u.app_id == caller.app_id && u.tenant == caller.tenant;
        let found = self.subscriptions.list.iter().position(is_it);
        found.ok_or_else(|| refuse(404, "ResourceNotFound", "The object was not found."))
    }

    pub(super) fn subscriptions_of(&self, caller: &Caller) -> Reply {
        let own =
            self.subscriptions.list.iter().filter(|u| u.app_id == caller.app_id && u.tenant == caller.tenant);
        let all: Vec<&Value> = own.map(|u| &u.shown).collect();
        Reply::json(200, &json!({"@odata.context": self.context("subscriptions"), "value": all}))
    }

    pub(super) fn subscription(
        &mut self,
        now: u64,
        caller: &Caller,
        id: &str,
        request: &Request,
    ) -> Result<Reply, GraphRefusal> {
        let at = self.own(caller, id)?;
        let gone = || refuse(404, "ResourceNotFound", "The object was not found.");
        match request.method.as_str() {
            "DELETE" => {
                self.subscriptions.list.remove(at);
                Ok(Reply::empty(204))
            }
            "PATCH" => {
                let body = object(request)?;
                let u = self.subscriptions.list.get_mut(at).ok_or_else(gone)?;
                let longest =
                    if matches!(u.about, About::Presences(_)) { LONGEST_PRESENCE } else { LONGEST_USERS };
                u.until = expiry(now, &body, longest)?;
                u.announced = false;
                u.shown["expirationDateTime"] = moment::rfc3339(u.until).into();
                Ok(Reply::json(200, &u.shown))
            }
            _ => Ok(Reply::json(200, &self.subscriptions.list.get(at).ok_or_else(gone)?.shown)),
        }
    }

    pub(super) fn reauthorize(
        &mut self,
        _now: u64,
        caller: &Caller,
        id: &str,
    ) -> Result<Reply, GraphRefusal> {
        let at = self.own(caller, id)?;
        if let Some(u) = self.subscriptions.list.get_mut(at) {
            u.announced = true;
        }
        Ok(Reply::empty(200))
    }
}

/// When a subscription is to end.
fn expiry(now: u64, body: &Value, longest: u64) -> Result<u64, GraphRefusal> {
    let until = body["expirationDateTime"].as_str().and_then(moment::read);
    let until = until.ok_or_else(|| bad("expirationDateTime is no moment."))?;
    // A minute of difference between clocks is forgiven.
    if until <= now || until > now + longest + 60_000 {
        return Err(bad(
            "Subscription expiration can only be later than now and within the longest time of the resource.",
        ));
    }
    Ok(until)
}
