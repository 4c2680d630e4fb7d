//! Conversations that bots take part in.

use crate::microsoft::Microsoft;
use crate::microsoft::bot::MOST_CONVERSATIONS;
use serde_json::Value;

/// Messages of one conversation that are remembered; the oldest goes.
const MOST_MESSAGES: usize = 500;

/// What kind of conversation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConversationKind {
    /// One person and the bot.
    Personal,
    /// A chat of several.
    Group,
    /// A channel of a team.
    Channel,
}

impl ConversationKind {
    /// As activities name it.
    pub fn name(self) -> &'static str {
        match self {
            ConversationKind::Personal => "personal",
            ConversationKind::Group => "groupChat",
            ConversationKind::Channel => "channel",
        }
    }
}

/// Something that was said.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// The place of the person who said it; nothing for the bot.
    pub by: Option<u32>,
    /// The text; may be empty.
    pub text: String,
    /// The card that came with it; what a sign-in card holds.
    pub card: Option<Value>,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// The message that began the thread of a channel it stands in.
    pub thread: Option<String>,
}

/// A conversation.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub topic: String,
    /// What kind it is.
    pub kind: ConversationKind,
    /// The bot in it.
    pub bot: String,
    /// The tenant's place.
    pub(in crate::microsoft) tenant: usize,
    /// The team of a channel.
    pub(in crate::microsoft) team: Option<String>,
    /// Places of the people.
    pub members: Vec<u32>,
    /// What was said, the oldest first.
    pub messages: Vec<Message>,
    /// The bot may write nothing.
    pub(super) blocked: bool,
}

impl Conversation {
    pub(super) fn put(&mut self, message: Message) {
        if self.messages.len() >= MOST_MESSAGES {
            self.messages.remove(0);
        }
        self.messages.push(message);
    }

    /// The newest message of the bot.
    pub fn newest_of_bot(&self) -> Option<&Message> {
        self.messages.iter().rev().find(|m| m.by.is_none())
    }

    /// A message by its id.
    pub fn message(&self, id: &str) -> Option<&Message> {
        self.messages.iter().find(|m| m.id == id)
    }
}

/// A person as one bot knows them.
pub(super) fn account(object: &str) -> String {
    format!("29:1{}", object.replace('-', ""))
}

impl Microsoft {
    fn put_conversation(&mut self, now: u64, conversation: Conversation) -> Option<String> {
        (self.bot.conversations.len() < MOST_CONVERSATIONS).then_some(())?;
        let id = conversation.id.clone();
        let (app, first) = (conversation.bot.clone(), conversation.members.first().copied()?);
        self.bot.conversations.insert(id.clone(), conversation);
        self.bot_came(now, &app, &id, first);
        Some(id)
    }

    /// Adds a bot to a chat of a tenant that Graph shows too.
    pub fn add_bot_to_chat(&mut self, now_ms: u64, app_id: &str, tenant: &str, chat: &str) -> Option<String> {
        let (index, members) = self.chat_members_of(tenant, chat)?;
        self.put_conversation(
            now_ms,
            Conversation {
                id: chat.into(),
                topic: "Chat".into(),
                kind: ConversationKind::Group,
                bot: app_id.into(),
                tenant: index,
                team: None,
                members,
                messages: Vec::new(),
                blocked: false,
            },
        )
    }

    /// Adds a bot to a channel, by the place of the channel in its team.
    pub fn add_bot_to_channel(
        &mut self,
        now_ms: u64,
        app_id: &str,
        tenant: &str,
        team: &str,
        channel: usize,
    ) -> Option<String> {
        let (index, id, members) = self.channel_members_of(tenant, team, channel)?;
        self.put_conversation(
            now_ms,
            Conversation {
                id,
                topic: "Channel".into(),
                kind: ConversationKind::Channel,
                bot: app_id.into(),
                tenant: index,
                team: Some(team.into()),
                members,
                messages: Vec::new(),
                blocked: false,
            },
        )
    }

    /// Somebody installs the bot for themselves. `who` is an id or a user principal name.
    pub fn install_bot(&mut self, now_ms: u64, app_id: &str, tenant: &str, who: &str) -> Option<String> {
        let index = self.tenant_index(tenant)?;
        let t = self.tenants.get(index)?;
        let place = t.directory.find(who)?;
        let id = format!("a:1{}{}", app_id.replace('-', ""), t.directory.id(place).replace('-', ""));
        self.put_conversation(
            now_ms,
            Conversation {
                id,
                topic: "Personal".into(),
                kind: ConversationKind::Personal,
                bot: app_id.into(),
                tenant: index,
                team: None,
                members: vec![place],
                messages: Vec::new(),
                blocked: false,
            },
        )
    }

    /// Adds a bot to a chat of these people that only the Bot Connector knows, however many they are. Ids or user
    /// principal names; who is not found is left out.
    pub fn add_bot_to_people(
        &mut self,
        now_ms: u64,
        app_id: &str,
        tenant: &str,
        topic: &str,
        who: &[String],
    ) -> Option<String> {
        let index = self.tenant_index(tenant)?;
        let id = format!("19:{}@thread.v2", self.unique().replace('_', "0").replace('-', "1"));
        let t = self.tenants.get(index)?;
        let members = who.iter().filter_map(|w| t.directory.find(w)).collect();
        self.put_conversation(
            now_ms,
            Conversation {
                id,
                topic: topic.into(),
                kind: ConversationKind::Group,
                bot: app_id.into(),
                tenant: index,
                team: None,
                members,
                messages: Vec::new(),
                blocked: false,
            },
        )
    }
}
