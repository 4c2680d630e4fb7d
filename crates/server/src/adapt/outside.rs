//! What the switch asks of other systems; a thread of its own carries it there and brings the answer back as an event.

use crate::adapt::keys::SecretDigits;
use crate::adapt::switch::{Now, Switch};
use engine::{AttributeId, CallId, Event, LookUpId, SecureId, SlotId};
use redact::Secret;
use store::TenantId;

/// The most that may wait to be carried. More is answered as failed at once, and the flow goes on.
const MOST: usize = 1_000;

/// Which question it is, so that its answer is taken for no other's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// For which call.
    pub call: CallId,
    /// The question's number.
    pub number: u64,
}

impl Ticket {
    /// What the engine is told: what was found, or nothing when the other system did not answer as it should.
    pub fn answered(self, found: Option<Vec<(AttributeId, u16)>>) -> Event {
        let ok = found.is_some();
        Event::LookedUp { call: self.call, request: self.number, ok, found: found.unwrap_or_default() }
    }
}

/// Something to ask another system.
pub enum Request {
    /// Data about a call.
    LookUp {
        /// Which question.
        ticket: Ticket,
        /// Which look-up.
        look_up: LookUpId,
        /// Number or address of the caller; empty if withheld.
        caller: Secret<String>,
        /// Digits taken so far.
        digits: Vec<(SlotId, SecretDigits)>,
    },
    /// Secret digits, to where they belong.
    Pass {
        /// Which question.
        ticket: Ticket,
        /// How they were taken.
        secure: SecureId,
        /// The digits.
        digits: SecretDigits,
    },
}

impl Request {
    /// Which question it is.
    pub fn ticket(&self) -> Ticket {
        match self {
            Request::LookUp { ticket, .. } | Request::Pass { ticket, .. } => *ticket,
        }
    }
}

impl Switch {
    pub(super) fn ask_outside(&mut self, now: Now, tenant: usize, request: Request) {
        if self.requests.len() >= MOST {
            return self.tell(now, tenant, request.ticket().answered(None));
        }
        self.requests.push_back((self.tenants[tenant].id, request));
    }

    /// The next request to carry.
    pub fn take_request(&mut self) -> Option<(TenantId, Request)> {
        self.requests.pop_front()
    }
}
