//! Speaks PBX: has the company's own telephone system call somebody for one of its people.
//!
//! Sans-IO. Nothing here opens a socket, owns an HTTP client or reads a clock. What each way of calling can do stands in
//! [`Capabilities`], how far a call is in [`Progress`]; the [`Ledger`] keeps a click that comes twice from ringing twice.
//!
//! - [`address`]: an address that the person's own softphone opens.
//! - [`commportal`]: a carrier's hosted system rings the person's own phone, then the other side.
//! - [`ari`], [`esl`]: the organisation's own Asterisk or FreeSWITCH does.
//! - [`line`]: whose telephone rings there.
//! - [`exchange`]: what calls through other systems are made of: requests that go out, and what came of each.
//!
//! Numbers stand in [`redact::Secret`].
#![forbid(unsafe_code)]

pub mod address;
pub mod ari;
pub mod commportal;
mod correlation;
pub mod esl;
pub mod exchange;
mod ledger;
pub mod line;
mod progress;

pub use correlation::Correlation;
pub use ledger::{Begin, Ledger, MOST_A_MINUTE, MOST_CALLS, REMEMBERED_MS};
pub use progress::{Capabilities, Over, Progress};

/// A moment, in milliseconds since any fixed moment; it never goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub u64);

impl Time {
    /// So many milliseconds later.
    pub const fn plus(self, ms: u64) -> Time {
        Time(self.0.saturating_add(ms))
    }

    /// Milliseconds since another moment; 0 if that is later.
    pub const fn since(self, other: Time) -> u64 {
        self.0.saturating_sub(other.0)
    }
}
