//! What the switch asks of other systems; a thread of its own carries it there and brings the answer back as an event.

use crate::adapt::keys::SecretDigits;
use crate::adapt::switch::{Now, Switch};
use engine::{CallId, Event, LookUpId, SecureId, SlotId};
use redact::Secret;
use store::TenantId;

/// The most that may wait to be carried. More is answered as failed at once, and the flow goes on.
const MOST: usize = 1_000;

/// Something to ask another system.
pub enum Request {
    /// Data about a call.
    LookUp {
        /// For which call.
        call: CallId,
        /// Which look-up.
        look_up: LookUpId,
        /// Number or address of the caller; empty if withheld.
        caller: Secret<String>,
        /// Digits taken so far.
        digits: Vec<(SlotId, SecretDigits)>,
    },
    /// Secret digits, to where they belong.
    Pass {
        /// Of which call.
        call: CallId,
        /// How they were taken.
        secure: SecureId,
        /// The digits.
        digits: SecretDigits,
    },
}

impl Request {
    /// For which call.
    pub fn call(&self) -> CallId {
        match self {
            Request::LookUp { call, .. } | Request::Pass { call, .. } => *call,
        }
    }
}

impl Switch {
    pub(super) fn ask_outside(&mut self, now: Now, tenant: usize, request: Request) {
        if self.requests.len() >= MOST {
            let call = request.call();
            return self.tell(now, tenant, Event::LookedUp { call, ok: false, found: Vec::new() });
        }
        self.requests.push_back((self.tenants[tenant].id, request));
    }

    /// The next request to carry.
    pub fn take_request(&mut self) -> Option<(TenantId, Request)> {
        self.requests.pop_front()
    }
}
