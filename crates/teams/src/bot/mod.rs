//! The bot: what the Bot Connector posts, what we answer and send, and whom we believe.
//!
//! | to do | open |
//! |---|---|
//! | read what was posted | [`Activity`] |
//! | judge the token that came with it | [`BotRules`] |
//! | where the Bot Connector stands, and which service URLs are its own | [`BotCloud`] |
//! | understand what somebody wrote | [`Command`] |
//! | sentences in the reader's language | [`Language`], [`Said`] |
//! | why somebody is not called, in every language | [`WhyNot`] |
//! | cards | [`cards`] |
//! | what a card's buttons carry, sealed | [`Presses`] |
//! | sign-ins that were asked for | [`Exchanges`] |
//! | send, and read members | [`Service`] |
//! | how often that may be done | [`Rates`] |
//!
//! What people write is looked at and forgotten: nothing here keeps a text.

mod activity;
pub mod cards;
mod command;
mod exchange;
mod inbound;
mod invoke;
mod places;
mod press;
mod rates;
mod service;
mod why_not;
mod words;

pub use activity::{Activity, ActivityFault, ActivityKind, Conversation, LARGEST_ACTIVITY, Scope};
pub use command::{Command, Dialled};
pub use exchange::{Exchanged, Exchanges};
pub use inbound::BotRules;
pub use invoke::{Invoke, InvokeReply, SignInCard};
pub use places::{BotCloud, TEAMS_CLIENTS};
pub use press::{Press, PressFault, Presses, Wish};
pub use rates::{Rate, Rates};
pub use service::{Member, MembersPage, Service, ServiceFault};
pub use why_not::WhyNot;
pub use words::{Language, Said};
