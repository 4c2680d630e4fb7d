//! Pretends: a clock, a network, callers, agents and their phones, all from one seed.
//!
//! Production needs nothing of this; `demo`, replay and tests do. A failure found here is a seed and a commit.
//!
//! This room never opens a socket and never reads a clock: [`Day`] drives an engine alone through a whole day in
//! seconds; [`Phones`] speaks real SIP, whose datagrams somebody else carries. The same [`people`] act in both.
//! [`microsoft`] is Entra ID and Graph with made-up tenants, whose requests and replies somebody else carries.
#![forbid(unsafe_code)]

mod chance;
mod checkers;
mod day;
pub mod erlang;
mod full_house;
pub mod microsoft;
mod network;
mod outside;
pub mod people;
mod phones;
pub mod replay;
pub mod teams_proxy;
mod traffic;
mod voice;

pub use chance::Chance;
pub use checkers::{Checkers, Violation};
pub use day::{Day, DayOutcome};
pub use network::{Network, Weather};
pub use phones::{Audio, PhoneEvent, PhoneId, Phones, PhonesInput, PhonesTransmit};
pub use traffic::{AGENT_HZ, CALLER_HZ, Counts, Plan, Says, Traffic};
