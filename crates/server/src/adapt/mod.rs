//! Translates between the vocabularies of `sip`, `media` and `engine`, and decides nothing.
//!
//! [`Switch`] is sans-IO like the rooms it joins: datagrams, media reports and commits go in; datagrams, media commands and
//! batches for the journal come out. What the engine asks for is held back until the events that led to it are in the
//! journal.

mod alarms;
mod aliases;
mod barred;
mod browser;
mod carriers;
mod closing;
mod dialing;
mod effects;
mod elsewhere;
mod endpoint;
mod far_side;
mod history;
mod hops;
mod incoming;
mod info_keys;
mod keys;
mod location;
mod media_door;
mod media_reports;
mod outside;
mod passing;
mod phone;
mod phones;
mod pickup;
mod presence;
mod press_one;
mod refer;
mod refusing;
mod registrations;
mod said_no;
mod security;
mod sip_events;
mod strangers;
mod successor;
mod switch;
mod teams_transfer;
mod teams_users;
#[cfg(test)]
mod teams_world;
mod tenant_door;
#[cfg(test)]
mod trunk_limits;
mod trunk_told;
mod unreached;
#[cfg(test)]
mod world;

pub use aliases::Aliases;
pub use browser::{PhoneRefused, SoftphoneState};
pub use carriers::TrunkStatus;
pub use closing::StillThere;
pub use dialing::MOST_EARLY;
pub use elsewhere::ForWhom;
pub use endpoint::AgentEndpoint;
pub use keys::SecretDigits;
pub use media_door::{MediaCommand, MediaDoor, MediaId, MediaReport, RecordingKey, Reported};
pub use outside::{Request, Ticket};
pub use phone::{PhoneId, PhoneReport, PhoneState, Reply};
pub use phones::{Passwords, Telephone};
pub use presence::Presences;
pub use strangers::{Canary, CanaryWay, Guest};
#[cfg(test)]
pub use switch::SNAPSHOT_EVERY;
pub use switch::{Chances, Now, Switch};
pub use tenant_door::Resumed;
pub use unreached::{Failed, Unreached};
