//! Calling with one click: through Switchroom's own trunks, or through the organisation's telephone system or softphone.
//!
//! [`dial`] chooses the way and says how far a call of ours is; [`system`] has another system call, over [`drive`]. What was
//! asked for is kept in memory only, and forgotten a while after the call's end (`dial.memory`).

pub mod dial;
mod drive;
pub mod system;

pub use drive::Hook;

use crate::adapt::Switch;
use crate::running::Handle;
use aws_lc_rs::hmac;
use engine::CallId;
use pbx::commportal::SignIns;
use pbx::{Ledger, Time};
use redact::Secret;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use store::TenantId;
use tokio::sync::Semaphore;

/// How often it is looked what can be forgotten.
const SWEEP: Duration = Duration::from_secs(30);

/// Calls through other telephone systems that are carried at once, each on a thread.
const CARRIED: usize = 200;

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
    /// The way to hang it up, where another system makes it.
    pub hook: Option<Arc<Hook>>,
}

/// Calls that people asked for.
pub struct Connector {
    ledger: Mutex<Ledger<Who, Placed>>,
    /// Who failed to sign in at which `Pbx`.
    sign_ins: Mutex<SignIns<(Who, String)>>,
    /// Hashes what they signed in with. It is drawn at each start.
    key: hmac::Key,
    turns: Arc<Semaphore>,
}

impl Default for Connector {
    fn default() -> Connector {
        let mut bytes = [0; 32];
        // Without chance from the operating system the hashes are worth less, and still kept in memory only.
        let _ = aws_lc_rs::rand::fill(&mut bytes);
        Connector {
            ledger: Mutex::default(),
            sign_ins: Mutex::default(),
            key: hmac::Key::new(hmac::HMAC_SHA256, &bytes),
            turns: Arc::new(Semaphore::new(CARRIED)),
        }
    }
}

impl Connector {
    /// The calls. Held for moments only, also on the switch's thread.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger<Who, Placed>> {
        self.ledger.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn sign_ins(&self) -> MutexGuard<'_, SignIns<(Who, String)>> {
        self.sign_ins.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// How long a call is remembered after its end.
    pub fn remember_for(&self, kept: Duration) {
        self.ledger().remember_for(kept.as_millis() as u64);
    }

    /// Forgets again and again what ended long enough ago, also of those who look no longer how far their call is.
    pub async fn keep_forgetting(self: Arc<Connector>, handle: Handle) {
        let mut sweep = tokio::time::interval(SWEEP);
        loop {
            sweep.tick().await;
            let of = self.clone();
            if handle.ask(move |switch, _| of.notice_ends(switch)).await.is_none() {
                return;
            }
            self.ledger().forget(now());
        }
    }

    /// Calls through our own trunks that are over, as the switch knows.
    fn notice_ends(&self, switch: &Switch) {
        let mut ledger = self.ledger();
        let is_over = |tenant: TenantId, call: CallId| {
            switch.tenant(tenant).is_none_or(|t| dial::progress(&t.engine, call).is_none())
        };
        let over: Vec<(Who, pbx::Correlation)> = ledger
            .unfinished()
            .filter(|(who, _, placed)| placed.call.is_some_and(|call| is_over(who.0, call)))
            .map(|(who, id, _)| (who.clone(), id.clone()))
            .collect();
        for (who, id) in over {
            // Why it is over is looked up when somebody asks for it.
            ledger.went_on(now(), &who, &id, pbx::Progress::Over(pbx::Over::HungUp));
        }
    }
}

/// The time of the ledger.
pub fn now() -> Time {
    Time(crate::clock::wall_ms())
}
