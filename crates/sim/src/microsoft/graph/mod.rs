//! Graph: who asks, what they may, and which part answers.

pub mod batch;
pub mod delta;
pub mod licences;
pub mod permissions;
pub mod photo;
pub mod presence;
pub mod refusal;
mod route;
mod subscribing;
pub mod subscriptions;
pub mod teams;
pub mod throttle;
mod users;

#[cfg(test)]
mod tests;

use crate::microsoft::entra::tokens::{Caller, Disbelief};
use crate::microsoft::exchange::{Reply, Request};
use crate::microsoft::graph::permissions::{Operation, allowing, is_specific};
use crate::microsoft::graph::refusal::{GraphRefusal, refuse};
use crate::microsoft::graph::route::Route;
use crate::microsoft::registration::Holder;
use crate::microsoft::{Handled, Microsoft, moment};
use serde_json::{Value, json};

impl Microsoft {
    pub(super) fn graph(&mut self, now: u64, request: &Request, rest: &[String]) -> Handled {
        if request.path().trim_end_matches('/').ends_with("/$batch") && rest.len() == 1 {
            return Handled::Reply(self.batch(now, request));
        }
        match self.single(now, request, rest) {
            Ok(handled) => handled,
            Err(no) => Handled::Reply(self.refusal(now, request, &no)),
        }
    }

    /// A refusal as a reply.
    fn refusal(&mut self, now: u64, request: &Request, no: &GraphRefusal) -> Reply {
        let id = self.new_id();
        let client = request.header("client-request-id").filter(|c| c.len() <= 64).unwrap_or(&id).to_string();
        let body = json!({"error": {"code": no.code, "message": no.message, "innerError": {
            "date": moment::rfc3339(now).trim_end_matches('Z'), "request-id": id, "client-request-id": client}}});
        let reply = Reply::json(no.status, &body)
            .with_header("request-id", &id)
            .with_header("client-request-id", &client);
        no.headers.iter().fold(reply, |r, (n, v)| r.with_header(n, v))
    }

    /// Answers one request, alone or as a part of a batch.
    fn single(&mut self, now: u64, request: &Request, rest: &[String]) -> Result<Handled, GraphRefusal> {
        let token = request.header("Authorization").and_then(|h| h.strip_prefix("Bearer "));
        let caller = self.caller(now, token.map(str::trim)).map_err(|d| self.disbelieved(&d))?;
        let parts = route::parts(rest);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let route = Route::find(&request.method, &parts)?;
        let weight = route.weight(request);
        let size = self.tenants.get(caller.tenant).map_or(0, |t| t.directory.living());
        let level = self.throttle.take(now, &caller, size, weight, route.team())?;
        if let Some(operation) = route.operation() {
            self.may(&caller, operation, route.specific())?;
        }
        let handled = match route {
            Route::Me => self.user(&caller, "me", request)?,
            Route::User(who) => self.user(&caller, who, request)?,
            Route::Users => self.users(&caller, request)?,
            Route::UsersDelta => self.users_delta(now, &caller, request)?,
            Route::Photo { who, size, value } => self.photo(&caller, who, size, value)?,
            Route::LicenseDetails(who) => self.license_details(&caller, who)?,
            Route::AssignLicense(who) => self.assign_license(now, &caller, who, request)?,
            Route::SubscribedSkus(one) => self.subscribed_skus(&caller, one)?,
            Route::Organization => self.organization(&caller),
            Route::Domains => self.domains(&caller),
            Route::JoinedTeams(who) => self.joined_teams(&caller, who)?,
            Route::Team(id) => self.team(&caller, id)?,
            Route::TeamMembers(id) => self.team_members(&caller, id, request)?,
            Route::Channels(id) => self.channels(&caller, id)?,
            Route::Channel(id, channel) => self.channel(&caller, id, channel)?,
            Route::ChannelMembers(id, channel) => self.channel_members(&caller, id, channel, request)?,
            Route::Chats => self.chats(&caller)?,
            Route::Chat(id) => self.chat(&caller, id)?,
            Route::ChatMembers(id) => self.chat_members(&caller, id, request)?,
            Route::Presence(who) => self.presence(now, &caller, who)?,
            Route::Presences => self.presences(now, &caller, request)?,
            Route::WritePresence(who, what) => self.write_presence(now, &caller, who, what, request)?,
            Route::UserInfo => self.user_info(&caller)?,
            Route::Subscribe => return self.subscribe(now, &caller, request),
            Route::Subscriptions => self.subscriptions_of(&caller),
            Route::Subscription(id) => self.subscription(now, &caller, id, request)?,
            Route::Reauthorize(id) => self.reauthorize(now, &caller, id)?,
        };
        Ok(Handled::Reply(level.into_iter().fold(handled, |r, (n, v)| r.with_header(&n, &v))))
    }

    fn disbelieved(&self, why: &Disbelief) -> GraphRefusal {
        let address = format!("{}/common/oauth2/authorize", self.base);
        let no = |text: &str| {
            refuse(401, "InvalidAuthenticationToken", text).with_header(
                "WWW-Authenticate",
                &format!("Bearer realm=\"\", authorization_uri=\"{address}\", error=\"invalid_token\""),
            )
        };
        match why {
            Disbelief::Missing => no("Access token is empty."),
            Disbelief::Invalid(text) => no(text),
            Disbelief::Expired => no("Lifetime validation failed, the token is expired."),
            Disbelief::Challenge(claims) => {
                use base64::Engine as _;
                let claims = base64::engine::general_purpose::STANDARD.encode(claims);
                let text = "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp";
                refuse(401, "InvalidAuthenticationToken", text).with_header(
                    "WWW-Authenticate",
                    &format!("Bearer realm=\"\", authorization_uri=\"{address}\", error=\"insufficient_claims\", claims=\"{claims}\""),
                )
            }
        }
    }

    /// Whether the permissions in the token allow an operation, be it for one chat or team alone.
    fn may(&self, caller: &Caller, operation: Operation, specific: Option<&str>) -> Result<(), GraphRefusal> {
        let holder = if caller.place.is_some() { Holder::Delegated } else { Holder::Application };
        let allowing = allowing(operation, holder);
        let held = |p: &&str| !is_specific(p) && caller.permissions.iter().any(|h| h == p);
        if allowing.iter().any(held) {
            return Ok(());
        }
        let principal = self.tenants.get(caller.tenant).and_then(|t| t.principals.get(&caller.app_id));
        let here = |id: &str| {
            principal
                .is_some_and(|p| p.specific.iter().any(|(i, n)| i == id && allowing.contains(&n.as_str())))
        };
        if holder == Holder::Application && specific.is_some_and(here) {
            return Ok(());
        }
        let has = caller.permissions.join(", ");
        Err(match operation {
            Operation::TeamMembers
            | Operation::Channels
            | Operation::ChannelMembers
            | Operation::Chat
            | Operation::ChatMembers
            | Operation::Presence
            | Operation::Presences
            | Operation::WritePresence => refuse(
                403,
                "Forbidden",
                format!(
                    "Missing scope permissions on the request. API requires one of '{}'. Scopes on the request '{has}'",
                    allowing.join(", ")
                ),
            ),
            _ => refuse(
                403,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            ),
        })
    }

    /// The place of a user by id or name; `me` is who asks.
    fn place(&self, caller: &Caller, who: &str) -> Result<u32, GraphRefusal> {
        if who == "me" {
            return caller.place.ok_or_else(|| {
                refuse(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
            });
        }
        let found = self.tenants.get(caller.tenant).and_then(|t| t.directory.find(who));
        found.ok_or_else(|| {
            let text = format!("Resource '{who}' does not exist or one of its queried reference-property objects are not present.");
            refuse(404, "Request_ResourceNotFound", text)
        })
    }

    /// The address of something below Graph.
    fn below(&self, path: &str) -> String {
        format!("{}/v1.0/{path}", self.base)
    }

    fn context(&self, what: &str) -> String {
        self.below(&format!("$metadata#{what}"))
    }
}

/// The body of a request as an object.
fn object(request: &Request) -> Result<Value, GraphRefusal> {
    let body: Option<Value> = serde_json::from_slice(&request.body).ok();
    body.filter(Value::is_object).ok_or_else(|| refuse(400, "BadRequest", "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format."))
}
