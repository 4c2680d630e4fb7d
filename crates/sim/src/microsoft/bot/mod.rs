//! The Bot Connector: conversations with a bot in them, what people say and press there, and what the bot sends back.
//!
//! Everything below `/bot/v1` is where its keys stand, below `/bot/teams` its service URL. A bot takes part in chats,
//! channels and personal conversations once it was added; its endpoint gets each activity with a signed token.

mod conversation;
mod posting;
mod service;

#[cfg(test)]
mod tests;

pub use conversation::{Conversation, ConversationKind, Message};
pub use posting::buttons;

use crate::microsoft::Microsoft;
use crate::microsoft::exchange::{Reply, Request};
use crate::microsoft::graph::subscriptions::Post;
use crate::microsoft::keys::Keys;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

/// Who issues the tokens that come with activities.
pub const ISSUER: &str = "https://api.botframework.com";
/// Bots of one simulated Bot Connector, at most.
const MOST_BOTS: usize = 16;
/// Conversations that bots take part in, at most.
const MOST_CONVERSATIONS: usize = 1_000;
/// Answers of bots that are remembered; the oldest is forgotten.
const MOST_ANSWERS: usize = 1_000;
/// Activities that wait for their bot, at most; more are lost.
const MOST_WAITING: usize = 10_000;
/// Numbers of posts begin here, so that they are none of change notifications.
const FIRST_POST: u64 = 1 << 62;

/// A bot: an app registration with an endpoint.
#[derive(Clone, Debug)]
struct Bot {
    name: String,
    endpoint: String,
}

/// What a bot answered: its status and the body as JSON, null for none.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The status; nothing if the bot could not be reached.
    pub status: Option<u16>,
    /// The body.
    pub body: Value,
}

/// The Bot Connector.
#[derive(Debug)]
pub struct Channel {
    keys: Keys,
    bots: BTreeMap<String, Bot>,
    conversations: BTreeMap<String, Conversation>,
    out: VecDeque<Post>,
    /// What was posted, so that it can come again.
    posted: BTreeMap<u64, Post>,
    answers: BTreeMap<u64, Answer>,
    next: u64,
    limits: service::Limits,
}

impl Default for Channel {
    fn default() -> Channel {
        // Other keys than those of Entra ID, and only these are published.
        let mut keys = Keys::default();
        keys.rotate();
        keys.withdraw_old();
        Channel {
            keys,
            bots: BTreeMap::new(),
            conversations: BTreeMap::new(),
            out: VecDeque::new(),
            posted: BTreeMap::new(),
            answers: BTreeMap::new(),
            next: FIRST_POST,
            limits: service::Limits::default(),
        }
    }
}

impl Channel {
    /// What waits to be posted.
    pub(super) fn poll(&mut self) -> Option<Post> {
        self.out.pop_front()
    }

    /// Whether something waits to be posted.
    pub(super) fn is_waiting(&self) -> bool {
        !self.out.is_empty()
    }

    /// Takes what became of a post, if it was one of these.
    pub(super) fn took(&mut self, id: u64, answer: Option<(u16, &[u8])>) -> bool {
        if !self.posted.contains_key(&id) {
            return id >= FIRST_POST;
        }
        let body = answer.and_then(|(_, body)| serde_json::from_slice(body).ok()).unwrap_or_default();
        self.answers.insert(id, Answer { status: answer.map(|(status, _)| status), body });
        while self.answers.len() > MOST_ANSWERS {
            self.answers.pop_first();
        }
        while self.posted.len() > MOST_ANSWERS {
            self.posted.pop_first();
        }
        true
    }
}

impl Microsoft {
    /// Registers a bot: an application that gets activities at an endpoint.
    pub fn register_bot(&mut self, app_id: &str, name: &str, endpoint: &str) {
        if self.bot.bots.len() < MOST_BOTS || self.bot.bots.contains_key(app_id) {
            self.bot.bots.insert(app_id.into(), Bot { name: name.into(), endpoint: endpoint.into() });
        }
    }

    /// The base below which keys and service URLs stand.
    pub fn bot_base(&self) -> String {
        format!("{}/bot", self.base)
    }

    /// The service URL that stands in activities.
    pub fn service_url(&self) -> String {
        format!("{}/bot/teams/", self.base)
    }

    /// A token as the Bot Connector would sign it, with any claims: for tests of those who must refuse it.
    pub fn sign_as_bot_connector(&self, claims: &Value) -> String {
        self.bot.keys.sign(claims)
    }

    /// What a bot answered to a post, once it did.
    pub fn bot_answer(&self, post: u64) -> Option<&Answer> {
        self.bot.answers.get(&post)
    }

    /// What people call a bot.
    pub(super) fn bot_name(&self, app_id: &str) -> String {
        self.bot.bots.get(app_id).map(|b| b.name.clone()).unwrap_or_default()
    }

    /// A conversation that a bot takes part in.
    pub fn conversation(&self, id: &str) -> Option<&Conversation> {
        self.bot.conversations.get(id)
    }

    /// All conversations with bots in them.
    pub fn conversations(&self) -> impl Iterator<Item = &Conversation> {
        self.bot.conversations.values()
    }

    /// Nothing may be written by bots into a conversation any more, or again.
    pub fn block_bot(&mut self, conversation: &str, blocked: bool) {
        if let Some(c) = self.bot.conversations.get_mut(conversation) {
            c.blocked = blocked;
        }
    }

    /// All limits of the Bot Connector divided by this; 1 is as Microsoft has them.
    pub fn tighten_bots(&mut self, divisor: u32) {
        self.bot.limits.tighten(divisor);
    }

    /// Answers what is asked of the Bot Connector.
    pub(super) fn bot_connector(&mut self, now: u64, request: &Request, rest: &[String]) -> Reply {
        let parts: Vec<&str> = rest.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["v1", ".well-known", "openidconfiguration"] => Reply::json(
                200,
                &json!({"issuer": ISSUER, "authorization_endpoint": "https://invalid.botframework.com",
                    "jwks_uri": format!("{}/v1/.well-known/keys", self.bot_base()),
                    "id_token_signing_alg_values_supported": ["RS256"],
                    "token_endpoint_auth_methods_supported": ["private_key_jwt"]}),
            ),
            ["v1", ".well-known", "keys"] => {
                let mut document = self.bot.keys.document("");
                for key in document["keys"].as_array_mut().into_iter().flatten() {
                    key.as_object_mut().map(|k| k.remove("issuer"));
                    key["endorsements"] = json!(["msteams", "skype"]);
                }
                Reply::json(200, &document)
            }
            ["teams", "v3", rest @ ..] => self.bot_service(now, request, rest),
            _ => Reply::empty(404),
        }
    }
}
