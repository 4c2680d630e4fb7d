//! What the Bot Connector posts to a bot: what people say and press, and that the bot came.

use crate::microsoft::Microsoft;
use crate::microsoft::bot::conversation::{Message, account};
use crate::microsoft::bot::{ConversationKind, ISSUER, MOST_WAITING};
use crate::microsoft::graph::subscriptions::Post;
use crate::microsoft::moment;
use serde_json::{Value, json};

/// A bot must answer within this time, in milliseconds.
const WITHIN: u64 = 15_000;
/// Teams in a browser, as Entra ID knows it.
const TEAMS: &str = "5e3ce6c0-2b1f-4285-8d4b-75ee78787346";
/// How long a token of an activity holds, in seconds.
const TOKEN_LIFE_S: u64 = 3_600;

impl Microsoft {
    /// An activity as it is posted, without its kind.
    fn activity(&mut self, now: u64, conversation: &str, who: u32) -> Option<Value> {
        let id = format!("{}{:03}", now, self.bot.next % 1_000);
        let c = self.bot.conversations.get(conversation)?;
        let t = self.tenants.get(c.tenant)?;
        let bot = self.bot.bots.get(&c.bot)?;
        let object = t.directory.id(who);
        let mut whole = json!({
            "id": id, "timestamp": moment::rfc3339(now), "channelId": "msteams", "serviceUrl": self.service_url(),
            "from": {"id": account(&object), "name": t.directory.display(who), "aadObjectId": object},
            "recipient": {"id": format!("28:{}", c.bot), "name": bot.name},
            "conversation": {"id": c.id, "conversationType": c.kind.name(), "tenantId": t.id},
            "channelData": {"tenant": {"id": t.id}},
            "locale": t.directory.field(who, "preferredLanguage"),
            "entities": [{"type": "clientInfo", "country": "DE", "platform": "Web"}],
        });
        if c.kind != ConversationKind::Personal {
            whole["conversation"]["isGroup"] = true.into();
        }
        if let Some(team) = &c.team {
            whole["channelData"]["team"] = json!({"id": c.id, "aadGroupId": team});
            whole["channelData"]["channel"] = json!({"id": c.id});
            whole["conversation"]["id"] = format!("{};messageid={}", c.id, now).into();
        }
        Some(whole)
    }

    /// Posts an activity, and gives the number of the post.
    fn post_to_bot(&mut self, now: u64, conversation: &str, activity: Value) -> Option<u64> {
        let c = self.bot.conversations.get(conversation)?;
        let claims = json!({"iss": ISSUER, "aud": c.bot, "serviceurl": activity["serviceUrl"],
            "nbf": now / 1_000, "exp": now / 1_000 + TOKEN_LIFE_S});
        let url = self.bot.bots.get(&c.bot)?.endpoint.clone();
        let token = self.bot.keys.sign(&claims);
        (self.bot.out.len() < MOST_WAITING).then_some(())?;
        let id = self.bot.next;
        self.bot.next += 1;
        let post = Post {
            id,
            url,
            content_type: "application/json; charset=utf-8",
            authorization: Some(format!("Bearer {token}")),
            body: activity.to_string().into_bytes(),
            within_ms: WITHIN,
        };
        self.bot.posted.insert(id, post.clone());
        self.bot.out.push_back(post);
        Some(id)
    }

    pub(super) fn bot_came(&mut self, now: u64, app_id: &str, conversation: &str, by: u32) {
        let Some(mut a) = self.activity(now, conversation, by) else { return };
        a["type"] = "conversationUpdate".into();
        a["membersAdded"] = json!([{"id": format!("28:{app_id}")}]);
        self.post_to_bot(now, conversation, a);
    }

    /// Somebody is added to a conversation, and the bot is told. Gives the number of the post.
    pub fn person_came(&mut self, now_ms: u64, conversation: &str, who: &str) -> Option<u64> {
        let c = self.bot.conversations.get(conversation)?;
        let directory = &self.tenants.get(c.tenant)?.directory;
        let (place, by) = (directory.find(who)?, c.members.first().copied()?);
        let object = directory.id(place);
        let members = &mut self.bot.conversations.get_mut(conversation)?.members;
        if !members.contains(&place) {
            members.push(place);
        }
        let mut a = self.activity(now_ms, conversation, by)?;
        a["type"] = "conversationUpdate".into();
        a["membersAdded"] = json!([{"id": format!("29:{object}"), "aadObjectId": object}]);
        self.post_to_bot(now_ms, conversation, a)
    }

    /// Somebody writes into a conversation; in a group or channel with a mention of the bot. `who` is an id or a user
    /// principal name. Gives the number of the post.
    pub fn say(&mut self, now_ms: u64, conversation: &str, who: &str, text: &str) -> Option<u64> {
        let c = self.bot.conversations.get(conversation)?;
        let (kind, bot) = (c.kind, self.bot.bots.get(&c.bot)?.name.clone());
        let place = self.tenants.get(c.tenant)?.directory.find(who)?;
        let mut a = self.activity(now_ms, conversation, place)?;
        a["type"] = "message".into();
        a["textFormat"] = "plain".into();
        let mentioned = match kind {
            ConversationKind::Personal => text.to_string(),
            _ => format!("<at>{bot}</at> {text}"),
        };
        a["text"] = mentioned.into();
        let id = a["id"].as_str().unwrap_or_default().to_string();
        let thread = a["conversation"]["id"].as_str().and_then(thread_of);
        let message = Message { id, by: Some(place), text: text.into(), card: None, at: now_ms, thread };
        self.bot.conversations.get_mut(conversation)?.put(message);
        self.post_to_bot(now_ms, conversation, a)
    }

    /// Something is invoked by somebody. Gives the number of the post, by which the answer is found.
    pub fn invoke_bot(
        &mut self,
        now_ms: u64,
        conversation: &str,
        who: &str,
        name: &str,
        value: &Value,
    ) -> Option<u64> {
        let c = self.bot.conversations.get(conversation)?;
        let place = self.tenants.get(c.tenant)?.directory.find(who)?;
        let mut a = self.activity(now_ms, conversation, place)?;
        a["type"] = "invoke".into();
        a["name"] = name.into();
        a["value"] = value.clone();
        self.post_to_bot(now_ms, conversation, a)
    }

    /// A token for a bot's API from somebody's Teams, as it comes when the bot asks for it.
    pub fn token_for_bot(&self, now_ms: u64, conversation: &str, who: &str) -> Option<String> {
        let c = self.bot.conversations.get(conversation)?;
        let t = self.tenants.get(c.tenant)?;
        let place = t.directory.find(who)?;
        let now = now_ms / 1_000;
        let claims = json!({"aud": c.bot, "iss": self.issuer(&t.id), "ver": "2.0", "tid": t.id, "oid": t.directory.id(place),
            "sub": self.pairwise(c.tenant, place, &c.bot), "azp": TEAMS, "azpacr": "0", "scp": "access_as_user",
            "idtyp": "user", "iat": now, "nbf": now, "exp": now + TOKEN_LIFE_S});
        Some(self.keys.sign(&claims))
    }

    /// Somebody presses a button, and their client brings this token along.
    pub fn press_with_token(
        &mut self,
        now_ms: u64,
        conversation: &str,
        who: &str,
        card: &Value,
        title: &str,
        token: &str,
    ) -> Option<u64> {
        let action = buttons(card).into_iter().find(|b| b["title"] == title)?.clone();
        let value = json!({"trigger": "manual", "action": {"type": "Action.Execute", "verb": action["verb"], "data": action["data"]},
            "authentication": {"id": "1", "connectionName": "switchroom", "token": token}});
        self.invoke_bot(now_ms, conversation, who, "adaptiveCard/action", &value)
    }

    /// Somebody presses the button with this title, the `nth` of that title, on a card. Gives the number of the post;
    /// nothing where there is no such button, or one that only opens an address.
    pub fn press(
        &mut self,
        now_ms: u64,
        conversation: &str,
        who: &str,
        card: &Value,
        title: &str,
        nth: usize,
    ) -> Option<u64> {
        let action = buttons(card).into_iter().filter(|b| b["title"] == title).nth(nth)?.clone();
        self.press_action(now_ms, conversation, who, &action)
    }

    /// Somebody presses a button, given as it stands on its card.
    pub(in crate::microsoft) fn press_action(
        &mut self,
        now_ms: u64,
        conversation: &str,
        who: &str,
        action: &Value,
    ) -> Option<u64> {
        if action["data"]["msteams"]["type"] == "task/fetch" {
            let mut data = action["data"].clone();
            data.as_object_mut().map(|d| d.remove("msteams"));
            data["type"] = "task/fetch".into();
            let value = json!({"data": data, "context": {"theme": "default"}});
            return self.invoke_bot(now_ms, conversation, who, "task/fetch", &value);
        }
        if action["type"] == "Action.Execute" {
            let value = json!({"trigger": "manual", "action": {"type": "Action.Execute",
                "id": action["id"], "verb": action["verb"], "data": action["data"]}});
            return self.invoke_bot(now_ms, conversation, who, "adaptiveCard/action", &value);
        }
        None
    }

    /// Somebody presses a button with a client that knows no answers to buttons: it comes as a message without a text.
    pub fn press_as_message(
        &mut self,
        now_ms: u64,
        conversation: &str,
        who: &str,
        card: &Value,
        title: &str,
    ) -> Option<u64> {
        let action = buttons(card).into_iter().find(|b| b["title"] == title)?.clone();
        let place =
            self.tenants.get(self.bot.conversations.get(conversation)?.tenant)?.directory.find(who)?;
        let mut a = self.activity(now_ms, conversation, place)?;
        a["type"] = "message".into();
        a["value"] = action["data"].clone();
        self.post_to_bot(now_ms, conversation, a)
    }

    /// The same activity comes again, as it does when a bot was slow.
    pub fn post_again(&mut self, post: u64) -> Option<u64> {
        let mut again = self.bot.posted.get(&post)?.clone();
        again.id = self.bot.next;
        self.bot.next += 1;
        self.bot.posted.insert(again.id, again.clone());
        let id = again.id;
        self.bot.out.push_back(again);
        Some(id)
    }
}

/// The thread in a conversation's id, as channels have it.
pub(super) fn thread_of(id: &str) -> Option<String> {
    id.split_once(";messageid=").map(|(_, thread)| thread.to_string())
}

/// Every button of a card, wherever it stands.
pub fn buttons(card: &Value) -> Vec<&Value> {
    let mut found = Vec::new();
    let mut open = vec![card];
    while let Some(v) = open.pop() {
        match v {
            Value::Object(o) => {
                if o.get("type").and_then(Value::as_str).is_some_and(|t| t.starts_with("Action.")) {
                    found.push(v);
                } else {
                    // The last put in is looked at first.
                    let children: Vec<&Value> = o.values().collect();
                    open.extend(children.into_iter().rev());
                }
            }
            Value::Array(a) => open.extend(a.iter().rev()),
            _ => {}
        }
    }
    found
}
