//! What a bot asks of the Bot Connector: sending, and who is there.

use crate::microsoft::Microsoft;
use crate::microsoft::bot::ISSUER;
use crate::microsoft::bot::conversation::{Message, account};
use crate::microsoft::bot::posting::thread_of;
use crate::microsoft::exchange::{Reply, Request};
use crate::microsoft::tenant::Tenant;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

/// The largest message, in bytes.
const LARGEST: usize = 100 * 1024;
/// Members of a page, at most and at least.
const PAGE: std::ops::RangeInclusive<usize> = 50..=500;
/// Counters of conversations that are kept; all start anew when there are more.
const MOST: usize = 10_000;
/// How many may be sent in how many milliseconds.
const SEND: [(usize, u64); 4] = [(7, 1_000), (8, 2_000), (60, 30_000), (1_800, 3_600_000)];
/// How often members may be asked for.
const MEMBERS: [(usize, u64); 3] = [(14, 1_000), (120, 30_000), (3_600, 3_600_000)];

/// What was asked of late, by kind and conversation.
#[derive(Debug, Default)]
pub(super) struct Limits {
    asked: BTreeMap<(&'static str, String), VecDeque<u64>>,
    divisor: usize,
}

impl Limits {
    pub(super) fn tighten(&mut self, divisor: u32) {
        self.divisor = divisor as usize;
        self.asked.clear();
    }

    fn take(
        &mut self,
        now: u64,
        kind: &'static str,
        windows: &[(usize, u64)],
        of: &str,
    ) -> Result<(), Reply> {
        if self.asked.len() > MOST {
            self.asked.clear();
        }
        let asked = self.asked.entry((kind, of.into())).or_default();
        for (most, ms) in windows {
            let most = (most / self.divisor.max(1)).max(1);
            let within = asked.iter().filter(|at| now.saturating_sub(**at) < *ms).count();
            if within >= most {
                let body = error("TooManyRequests", "API calls quota exceeded.");
                return Err(Reply::json(429, &body).with_header("Retry-After", "1"));
            }
        }
        asked.push_back(now);
        if asked.len() > 4_000 {
            asked.pop_front();
        }
        Ok(())
    }
}

fn error(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
}

impl Microsoft {
    pub(super) fn bot_service(&mut self, now: u64, request: &Request, rest: &[&str]) -> Reply {
        match self.bot_serve(now, request, rest) {
            Ok(reply) | Err(reply) => reply,
        }
    }

    /// The bot whose token came along.
    fn bot_of(&self, now: u64, request: &Request) -> Result<String, Reply> {
        let no =
            || Reply::json(401, &error("Unauthorized", "Authorization has been denied for this request."));
        let token = request.header("Authorization").and_then(|h| h.strip_prefix("Bearer ")).ok_or_else(no)?;
        let claims = self.keys.read(token).ok_or_else(no)?;
        let holds = claims["aud"] == ISSUER && claims["exp"].as_u64().is_some_and(|e| e > now / 1_000);
        let app = claims["azp"].as_str().or_else(|| claims["appid"].as_str()).unwrap_or_default();
        let known = holds && self.bot.bots.contains_key(app);
        if known { Ok(app.into()) } else { Err(no()) }
    }

    fn bot_serve(&mut self, now: u64, request: &Request, rest: &[&str]) -> Result<Reply, Reply> {
        let app = self.bot_of(now, request)?;
        let ["conversations", id, what @ ..] = rest else { return Err(Reply::empty(404)) };
        let room = id.split(';').next().unwrap_or(id).to_string();
        let c = self.bot.conversations.get(&room).filter(|c| c.bot == app);
        let Some(c) = c else {
            let text = "The bot is not part of the conversation roster.";
            return Err(Reply::json(403, &error("BotNotInConversationRoster", text)));
        };
        match (request.method.as_str(), what) {
            ("POST", ["activities"] | ["activities", _]) => {
                if c.blocked {
                    let mut body = error("MessageWritesBlocked", "Thread does not allow writes.");
                    body["errorCode"] = 209.into();
                    return Err(Reply::json(403, &body));
                }
                self.bot.limits.take(now, "send", &SEND, &room)?;
                if request.body.len() > LARGEST {
                    return Err(Reply::json(413, &error("MessageSizeTooBig", "Message size too large.")));
                }
                let activity: Value = serde_json::from_slice(&request.body).unwrap_or_default();
                if activity["type"] != "message" {
                    return Err(Reply::json(400, &error("BadSyntax", "Invalid activity.")));
                }
                let attachment = &activity["attachments"][0];
                let kind = attachment["contentType"].as_str().unwrap_or_default();
                let is_card = kind == "application/vnd.microsoft.card.adaptive";
                let is_sign_in = kind == "application/vnd.microsoft.card.oauth";
                if is_sign_in && !attachment["content"]["tokenExchangeResource"]["id"].is_string() {
                    return Err(Reply::json(400, &error("BadArgument", "A sign-in card names no request.")));
                }
                if is_card && attachment["content"]["type"] != "AdaptiveCard" {
                    return Err(Reply::json(400, &error("BadArgument", "Unknown attachment content.")));
                }
                let card = (is_card || is_sign_in).then(|| attachment["content"].clone());
                let message_id = self.new_id();
                let text = activity["text"].as_str().unwrap_or_default().to_string();
                if let Some(c) = self.bot.conversations.get_mut(&room) {
                    let thread = thread_of(id);
                    c.put(Message { id: message_id.clone(), by: None, text, card, at: now, thread });
                }
                Ok(Reply::json(201, &json!({"id": message_id})))
            }
            ("GET", ["pagedmembers"]) => {
                self.bot.limits.take(now, "members", &MEMBERS, &room)?;
                let query = request.query();
                let size = query.filled("pageSize").and_then(|n| n.parse().ok()).unwrap_or(*PAGE.end());
                let size: usize = std::cmp::Ord::clamp(size, *PAGE.start(), *PAGE.end());
                let from = query.filled("continuationToken").map_or(Some(0), |t| t.parse::<usize>().ok());
                let from =
                    from.ok_or_else(|| Reply::json(400, &error("BadArgument", "Bad continuationToken.")))?;
                Ok(self.bot_members(&room, from, size))
            }
            ("GET", ["members", who]) => {
                self.bot.limits.take(now, "members", &MEMBERS, &room)?;
                self.bot_member(&room, who).ok_or_else(|| {
                    Reply::json(
                        404,
                        &error("MemberNotFoundInConversation", "Not a member of this conversation."),
                    )
                })
            }
            _ => Err(Reply::empty(404)),
        }
    }

    fn bot_member(&self, room: &str, who: &str) -> Option<Reply> {
        let c = self.bot.conversations.get(room)?;
        let t = self.tenants.get(c.tenant)?;
        let is = |p: &&u32| {
            let object = t.directory.id(**p);
            object == who || account(&object) == who
        };
        let found = c.members.iter().find(is)?;
        Some(Reply::json(200, &member(t, *found)))
    }

    fn bot_members(&self, room: &str, from: usize, size: usize) -> Reply {
        let Some(c) = self.bot.conversations.get(room) else { return Reply::empty(404) };
        let Some(t) = self.tenants.get(c.tenant) else { return Reply::empty(404) };
        let members: Vec<Value> = c.members.iter().skip(from).take(size).map(|p| member(t, *p)).collect();
        let mut body = json!({"members": members});
        if from.saturating_add(size) < c.members.len() {
            body["continuationToken"] = (from + size).to_string().into();
        }
        Reply::json(200, &body)
    }
}

/// Somebody as a member of a conversation.
fn member(t: &Tenant, place: u32) -> Value {
    let d = &t.directory;
    let object = d.id(place);
    let role = if d.field(place, "userType") == "Guest" { "guest" } else { "user" };
    json!({"id": account(&object), "aadObjectId": object, "objectId": object, "name": d.display(place),
        "givenName": d.field(place, "givenName"), "surname": d.field(place, "surname"), "email": d.field(place, "mail"),
        "userPrincipalName": d.name(place), "tenantId": t.id, "userRole": role})
}
