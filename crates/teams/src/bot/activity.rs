//! Activities as the Bot Connector posts them: read leniently, with bounds.
//!
//! A field that is missing or of another type than expected is as if it were not there; only what an answer cannot do
//! without is required.

use crate::clean;
use redact::Secret;
use serde_json::Value;

/// The largest activity that is read, in bytes. Teams itself stops at about 100 KB.
pub const LARGEST_ACTIVITY: usize = 256 * 1024;
/// The longest text that is looked at, in characters; the rest of a longer one is no command.
const LONGEST_TEXT: usize = 1_000;
/// The longest identifier of a conversation, a person or an activity, in bytes.
const LONGEST_ID: usize = 1_024;
/// The longest service URL, in bytes.
const LONGEST_URL: usize = 2_048;
/// Members of one update that are looked at.
const MOST_MEMBERS: usize = 100;

/// Why a body is no activity that could be answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ActivityFault {
    /// It is too large.
    TooLarge,
    /// It is no JSON object with a type.
    Unreadable,
    /// It lacks the conversation, the sender or the service URL, or one of them is none.
    Incomplete,
}

impl core::fmt::Display for ActivityFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            ActivityFault::TooLarge => "the activity is too large",
            ActivityFault::Unreadable => "the body is no activity",
            ActivityFault::Incomplete => "the activity names no conversation, sender or service URL",
        })
    }
}

impl std::error::Error for ActivityFault {}

/// What kind of conversation it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// One person and the bot.
    Personal,
    /// A chat of several.
    Group,
    /// A channel of a team.
    Channel,
}

/// Where something was said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conversation {
    /// Its identifier, as the Bot Connector wants it back.
    pub id: String,
    /// What kind it is.
    pub scope: Scope,
    /// The directory (`tid`) it belongs to, in lower case.
    pub tenant: Option<String>,
}

impl Conversation {
    /// The chat or channel without the thread in it: who is there does not depend on the thread.
    pub fn room(&self) -> &str {
        self.id.split(';').next().unwrap_or(&self.id)
    }
}

/// What an activity is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ActivityKind {
    /// Somebody wrote, or pressed a button of an old kind.
    Message,
    /// Who is there changed.
    Members {
        /// The bot came.
        came: bool,
        /// The bot went.
        went: bool,
    },
    /// The app was installed (`true`) or removed.
    Installed(bool),
    /// An answer is waited for; its name.
    Invoke(String),
    /// Anything else: taken and left alone.
    Other,
}

/// What was posted. `Debug` shows neither the text nor the value nor a name.
#[derive(Clone, Debug)]
pub struct Activity {
    /// What it is.
    pub kind: ActivityKind,
    /// Its identifier, by which it is known again when it comes twice.
    pub id: Option<String>,
    /// Where it came through (`msteams`), the letters as they came.
    pub channel: String,
    /// Where answers go. Nothing may be sent there before [`crate::bot::BotCloud::trusts`] said yes.
    pub service_url: String,
    /// Where it was said.
    pub conversation: Conversation,
    /// The sender as the channel names them (`29:…`).
    pub from: String,
    /// The sender's object id in the directory, in lower case.
    pub person: Option<String>,
    /// The bot as the channel names it (`28:…`).
    pub bot: String,
    /// What was written, at most so much of it as a command can have.
    pub text: Secret<String>,
    /// What a button or an invoke carries.
    pub value: Secret<Value>,
    /// The sender's language, as `de-DE`.
    pub locale: Option<String>,
    /// The activity that this belongs to.
    pub reply_to: Option<String>,
}

impl Activity {
    /// What a button carries that came as a message.
    pub fn pressed(&self) -> Option<String> {
        crate::bot::invoke::sealed(self.value.expose_secret())
    }
}

/// A text below a path of names.
fn text<'v>(value: &'v Value, path: &[&str]) -> Option<&'v str> {
    let found = path.iter().try_fold(value, |v, name| v.get(name))?;
    found.as_str().filter(|t| !t.is_empty())
}

/// An identifier that can be sent back: visible ASCII, not too long.
fn id(value: &Value, path: &[&str]) -> Option<String> {
    let found = text(value, path)?;
    let plain = found.len() <= LONGEST_ID && found.bytes().all(|c| c.is_ascii_graphic());
    plain.then(|| found.to_string())
}

fn guid(value: &Value, path: &[&str]) -> Option<String> {
    clean::guid(text(value, path)?)
}

/// Whether the bot is among the members of a list.
fn has(body: &Value, list: &str, bot: &str) -> bool {
    let members = body.get(list).and_then(Value::as_array).into_iter().flatten().take(MOST_MEMBERS);
    members.filter_map(|m| text(m, &["id"])).any(|m| m == bot)
}

impl Activity {
    /// Reads an activity.
    ///
    /// # Errors
    /// [`ActivityFault`]
    pub fn read(bytes: &[u8]) -> Result<Activity, ActivityFault> {
        if bytes.len() > LARGEST_ACTIVITY {
            return Err(ActivityFault::TooLarge);
        }
        let mut body: Value = serde_json::from_slice(bytes).map_err(|_| ActivityFault::Unreadable)?;
        let kind = text(&body, &["type"]).ok_or(ActivityFault::Unreadable)?.to_string();
        let incomplete = ActivityFault::Incomplete;
        let bot = id(&body, &["recipient", "id"]).unwrap_or_default();
        let kind = match kind.as_str() {
            "message" => ActivityKind::Message,
            "conversationUpdate" => ActivityKind::Members {
                came: has(&body, "membersAdded", &bot),
                went: has(&body, "membersRemoved", &bot),
            },
            "installationUpdate" => {
                ActivityKind::Installed(text(&body, &["action"]).is_some_and(|a| a.starts_with("add")))
            }
            "invoke" => ActivityKind::Invoke(clean::line(text(&body, &["name"]).unwrap_or_default(), 100)),
            _ => ActivityKind::Other,
        };
        let service_url =
            text(&body, &["serviceUrl"]).filter(|u| u.len() <= LONGEST_URL).ok_or(incomplete)?;
        let room = id(&body, &["conversation", "id"]).ok_or(incomplete)?;
        let scope = match text(&body, &["conversation", "conversationType"]) {
            Some("personal") => Scope::Personal,
            Some("channel") => Scope::Channel,
            Some("groupChat") => Scope::Group,
            // Older clients leave it out in personal conversations.
            _ if body["conversation"]["isGroup"] == Value::Bool(true) => Scope::Group,
            _ => Scope::Personal,
        };
        let tenant = guid(&body, &["conversation", "tenantId"])
            .or_else(|| guid(&body, &["channelData", "tenant", "id"]));
        Ok(Activity {
            kind,
            id: id(&body, &["id"]),
            channel: clean::line(text(&body, &["channelId"]).unwrap_or_default(), 40),
            service_url: service_url.to_string(),
            conversation: Conversation { id: room, scope, tenant },
            from: id(&body, &["from", "id"]).ok_or(incomplete)?,
            person: guid(&body, &["from", "aadObjectId"]),
            bot,
            text: Secret::new(
                text(&body, &["text"]).unwrap_or_default().chars().take(LONGEST_TEXT).collect(),
            ),
            locale: text(&body, &["locale"]).map(|l| clean::line(l, 20)),
            reply_to: id(&body, &["replyToId"]),
            value: Secret::new(body.get_mut("value").map(Value::take).unwrap_or_default()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn message() -> Value {
        json!({"type": "message", "id": "1", "channelId": "msteams", "serviceUrl": "https://smba.trafficmanager.net/emea/",
            "from": {"id": "29:a", "name": "Ann Lee", "aadObjectId": "EEEEEEEE-0000-0000-0000-000000000001"},
            "recipient": {"id": "28:b"}, "text": "list", "locale": "de-DE",
            "conversation": {"id": "19:c@thread.tacv2;messageid=7", "conversationType": "channel", "tenantId": "11111111-2222-3333-4444-555555555555"}})
    }

    fn read(v: &Value) -> Result<Activity, ActivityFault> {
        Activity::read(v.to_string().as_bytes())
    }

    #[test]
    fn a_message_is_read_and_prints_nobody() {
        let a = read(&message()).unwrap();
        assert_eq!((a.kind.clone(), a.conversation.scope), (ActivityKind::Message, Scope::Channel));
        assert_eq!(a.person.as_deref(), Some("eeeeeeee-0000-0000-0000-000000000001"));
        assert_eq!(a.conversation.room(), "19:c@thread.tacv2");
        assert_eq!(a.text.expose_secret(), "list");
        let mut canary = message();
        canary["text"] = "call canary".into();
        canary["value"] = json!({"a": "canary"});
        assert!(!format!("{:?}", read(&canary).unwrap()).contains("canary"));
    }

    #[test]
    fn what_is_of_another_type_is_as_if_it_were_not_there() {
        for (field, value) in [
            ("text", json!(7)),
            ("locale", json!([])),
            ("value", json!("x")),
            ("id", json!({})),
            ("recipient", json!(null)),
            ("channelData", json!("x")),
            ("membersAdded", json!({"id": 1})),
        ] {
            let mut m = message();
            m[field] = value.clone();
            assert!(read(&m).is_ok(), "{field} = {value}");
        }
        for field in ["serviceUrl", "conversation", "from"] {
            let mut m = message();
            m[field] = json!(7);
            assert_eq!(read(&m).err(), Some(ActivityFault::Incomplete), "{field}");
        }
        for body in ["", "[]", "7", "{}", r#"{"type":7}"#, r#"{"type":"message"}"#] {
            assert!(Activity::read(body.as_bytes()).is_err(), "{body}");
        }
        assert_eq!(Activity::read(&vec![b' '; LARGEST_ACTIVITY + 1]).err(), Some(ActivityFault::TooLarge));
    }

    #[test]
    fn the_bot_comes_and_goes() {
        let mut m = message();
        m["type"] = "conversationUpdate".into();
        m["membersAdded"] = json!([{"id": "29:x"}, {"id": "28:b"}]);
        assert_eq!(read(&m).unwrap().kind, ActivityKind::Members { came: true, went: false });
        m["type"] = "installationUpdate".into();
        m["action"] = "remove-upgrade".into();
        assert_eq!(read(&m).unwrap().kind, ActivityKind::Installed(false));
        m["type"] = "typing".into();
        assert_eq!(read(&m).unwrap().kind, ActivityKind::Other);
    }
}
