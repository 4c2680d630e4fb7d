//! Microsoft Graph: the operations of the table in [`crate::permissions`], and no others.
//!
//! A [`Call`] is one operation with its data; [`Call::request`] makes a request of it with a token. What came back goes
//! to [`Attempt::next`], which says whether to read it, wait, get another token, or give up; then to the reader that
//! stands beside the function that made the call.
//!
//! | to do | open |
//! |---|---|
//! | people, and keeping them in step | [`Sync`], [`read_user`] |
//! | presence | [`presences`], [`show`] |
//! | being told of changes | [`subscribe`], [`Notices`] |
//! | members, photos, licences | [`team_members`], [`photo`], [`licences`] |
//! | several at once | [`Batch`] |

mod attempt;
mod batch;
mod decrypt;
mod error;
mod licences;
mod members;
mod notices;
mod photo;
mod presence;
mod presence_shown;
mod subscriptions;
mod sync;
mod users;

pub use attempt::{Attempt, Next, Pace};
pub use batch::{Batch, BatchStep, MOST_IN_BATCH};
pub use decrypt::{DecryptFault, DecryptionKey};
pub use error::GraphError;
pub use licences::{
    Licence, LicenceChange, Licensed, assign_licence, licence_details, licences, licensed_user,
    read_licences, read_licensed_user,
};
pub use members::{
    Member, Members, channel_all_members, channel_members, chat_members, next_members, read_members,
    team_members,
};
pub use notices::{Known, Lifecycle, Notice, NoticeFault, Notices, Seen, answer_validation};
pub use photo::{Photo, PhotoSize, photo, read_photo};
pub use presence::{
    Activity, Availability, Hindrance, MOST_PRESENCES, Presence, Sequence, presences, read_presences,
};
pub use presence_shown::{Shown, ShownKeeper, show, show_no_more};
pub use subscriptions::{
    Encryption, Subscription, Watched, read_subscription, reauthorize, renew, subscribe, unsubscribe,
};
pub use sync::{Change, Gone, Progress, Sync, SyncFault, SyncStep};
pub use users::{Given, User, me, read_user, user};

use crate::address::{BaseUrl, percent_encode};
use crate::cloud::Cloud;
use crate::entra::guid_of;
use crate::permissions::Operation;
use crate::request::{MOST_JSON, Method, Request};
use redact::Secret;
use serde_json::Value;

/// Graph of one cloud.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Graph {
    /// With its version.
    base: BaseUrl,
}

/// One operation with its data, to be done with any token that allows it.
#[derive(Clone, Debug)]
pub struct Call {
    /// What it is: for metrics, and to say which permission is missing.
    pub operation: Operation,
    pub(crate) method: Method,
    /// The whole address.
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: Option<Secret<String>>,
    pub(crate) most: usize,
}

impl Graph {
    /// Version 1.0 of a cloud's Graph. Nothing else is used.
    pub fn of(cloud: &Cloud) -> Option<Graph> {
        Some(Graph { base: BaseUrl::parse(&cloud.graph.join("/v1.0")).ok()? })
    }

    /// The base of all addresses, without a slash at its end.
    pub fn base(&self) -> &BaseUrl {
        &self.base
    }

    fn get(&self, operation: Operation, path: &str) -> Call {
        let url = self.base.join(path);
        Call { operation, method: Method::Get, url, headers: Vec::new(), body: None, most: MOST_JSON }
    }

    fn send(&self, operation: Operation, method: Method, path: &str, body: &Value) -> Call {
        let mut call = self.get(operation, path);
        call.method = method;
        call.body = Some(Secret::new(body.to_string()));
        call
    }
}

impl Call {
    /// The request, with a token for this tenant. `chance` is 16 random bytes; they name the request in Microsoft's logs
    /// and ours.
    pub fn request(&self, token: &Secret<String>, chance: [u8; 16]) -> Request {
        let mut request = Request::get(self.url.clone());
        request.method = self.method;
        request.most = self.most;
        request.headers.push(("Authorization", Secret::new(format!("Bearer {}", token.expose_secret()))));
        request.headers.push(("client-request-id", Secret::new(guid_of(chance))));
        for (name, value) in &self.headers {
            request.headers.push((name, Secret::new((*value).to_string())));
        }
        if let Some(body) = &self.body {
            request.headers.push(("Content-Type", Secret::new("application/json".to_string())));
            request.body = Secret::new(body.expose_secret().clone().into_bytes());
        }
        request
    }
}

/// An identifier as a step of a path. Nothing for what cannot be one.
fn step(id: &str) -> Option<String> {
    crate::clean::id(id).map(|id| percent_encode(&id))
}

/// Text of a JSON object.
fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}
