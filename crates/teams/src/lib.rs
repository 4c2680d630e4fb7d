//! Speaks Microsoft: builds requests to Entra ID, Graph and the Bot Connector, reads their replies, and judges tokens.
//!
//! Sans-IO. Nothing here owns an HTTP client, opens a socket, reads a clock or rolls dice for an identifier: each function
//! takes the time ([`Time`]) and, where something must be unguessable, random bytes. What should be sent comes out as a
//! [`Request`]; what came back goes in as a [`Reply`]. The caller must not follow redirects, must send a request only to
//! the address in it, and must stop reading a reply after [`Request::most`] bytes.
//!
//! - [`entra`]: sign-in, consent, tokens, their cache and their validation, claims challenges.
//! - [`permissions`]: the one table of what is asked for, why, and what becomes of it.
//! - [`bot`]: what the Bot Connector posts, and what is answered and sent.
//! - [`package`]: the Teams app package of a tenant.
//! - [`graph`]: the operations on Microsoft Graph that the product performs, and no others.
//!
//! Names, numbers, addresses and tokens stand in [`redact::Secret`]. What Microsoft sends is treated as hostile: every
//! size has a bound, texts are cleaned ([`clean`]), links must lead to the configured host.
#![forbid(unsafe_code)]

mod address;
pub mod bot;
pub mod clean;
mod cloud;
pub mod entra;
pub mod graph;
pub mod package;
pub mod permissions;
mod request;
mod time;

pub use address::{AddressError, BaseUrl, percent_decode, percent_encode};
pub use cloud::{Cloud, GLOBAL_TENANTS};
pub use request::{Method, Reply, Request};
pub use time::Time;
