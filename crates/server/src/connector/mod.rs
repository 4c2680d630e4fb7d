//! Calling with one click: through Switchroom's own trunks, or through the organisation's telephone system or softphone.
//!
//! [`dial`] chooses the way and says how far a call of ours is. What was asked for is kept in memory only, and forgotten
//! [`pbx::REMEMBERED_MS`] after the call's end.

pub mod dial;

use engine::CallId;
use pbx::{Ledger, Time};
use redact::Secret;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use store::TenantId;

/// How often it is looked what can be forgotten.
const SWEEP: Duration = Duration::from_secs(30);

/// Whose calls: a user of a tenant, by id.
pub type Who = (TenantId, String);

/// What is kept of a call beside how far it is.
#[derive(Clone, Debug, Default)]
pub struct Placed {
    /// Through which `Pbx`, by id; none is our own trunks.
    pub through: Option<String>,
    /// The call here, where it goes through our own trunks.
    pub call: Option<CallId>,
    /// The link that the person's own computer opens.
    pub open: Option<Secret<String>>,
}

/// Calls that people asked for.
#[derive(Default)]
pub struct Connector {
    ledger: Mutex<Ledger<Who, Placed>>,
}

impl Connector {
    /// The calls. Held for moments only, also on the switch's thread.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger<Who, Placed>> {
        self.ledger.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Forgets again and again what ended long enough ago.
    pub async fn keep_forgetting(&self) {
        let mut sweep = tokio::time::interval(SWEEP);
        loop {
            sweep.tick().await;
            self.ledger().forget(now());
        }
    }
}

/// The time of the ledger.
pub fn now() -> Time {
    Time(crate::clock::wall_ms())
}
