//! Everything that the caller of this room has to know, in one list.

use crate::ask::{AskId, RequestId};
use crate::call::{CallId, Hangup};
use crate::endpoint::Destination;
use crate::message::Message;
use crate::reason::{cause_of_status, status_of_cause};
use crate::refer::ReferId;
use core::fmt;

/// An INVITE that begins a call. 100 Trying has been sent.
pub struct Incoming {
    /// The call it begins: ring, accept or reject it.
    pub call: CallId,
    /// Where it came from.
    pub from: Destination,
    /// The call whose place it is to take, if it says so (RFC 3891): whoever may do that, this call is accepted and that
    /// one ended.
    pub replaces: Option<CallId>,
    /// All of it. Its [`Message::session_description`] is the offer, empty if the caller leaves the offer to us.
    pub message: Box<Message>,
}

/// A call of ours that was refused.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The final answer's code; 408 when nobody answered, 503 when the far end could not be reached.
    pub code: u16,
    /// The Q.850 cause that the answer names, else what its code means.
    pub cause: u8,
    /// Numbers that the answer says beside its code, see [`crate::numbers_beside`].
    pub numbers: Vec<u32>,
    /// Whether this is what a far end answered; otherwise nothing came in time, or it could not be reached.
    pub is_answer: bool,
    /// How many seconds to wait before the next attempt, if the answer says so; a day at the most.
    pub retry_after: Option<u32>,
    /// The addresses that a 3xx answer names, the best first; at most eight. None of them is called here.
    pub redirects: Vec<Redirect>,
}

impl Refused {
    /// For a code that comes with no more.
    pub(crate) fn of(code: u16) -> Refused {
        Refused {
            code,
            cause: cause_of_status(code),
            numbers: Vec::new(),
            is_answer: false,
            retry_after: None,
            redirects: Vec::new(),
        }
    }
}

impl Refused {
    /// The code that says what is meant: of 480 and 5xx, which say little, that of the Q.850 cause that stands beside them.
    /// So a carrier's 503 with the cause 17 is 486, busy, and no fault of the carrier.
    pub fn meant(&self) -> u16 {
        let says_little = self.code == 480 || (500..600).contains(&self.code);
        if says_little && self.cause != cause_of_status(self.code) {
            status_of_cause(self.cause)
        } else {
            self.code
        }
    }
}

/// An address to call instead. `Debug` prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Redirect {
    /// As it came, without brackets.
    pub uri: Box<[u8]>,
    /// How good it is, in thousandths.
    pub q: u16,
}

impl fmt::Debug for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redirect({}, …)", self.q)
    }
}

/// What the caller of this room has to know.
pub enum Event {
    /// A call begins.
    Incoming(Incoming),
    /// The far end cancelled a call that had no final answer; 487 was sent. The call is gone.
    Cancelled {
        /// Which.
        call: CallId,
        /// The Q.850 cause that it names, else 16; 26: somebody else answered.
        cause: u8,
    },
    /// A call of ours progresses: 180, 183 and their like.
    Progress {
        /// Which.
        call: CallId,
        /// 101 to 199.
        code: u16,
        /// Which of the call's early dialogs, in the order of their first answer, from 0.
        branch: u8,
        /// The answer or offer in it, if any.
        body: Vec<u8>,
    },
    /// A call of ours was answered; ACK was sent.
    Answered {
        /// Which.
        call: CallId,
        /// The session description of the answer; that of a provisional one where the 200 carries none.
        body: Vec<u8>,
    },
    /// A call of ours was refused, not answered, or cancelled to its end. The call is gone.
    Refused {
        /// Which.
        call: CallId,
        /// How.
        refused: Refused,
    },
    /// The ACK for our 2xx came.
    Acknowledged {
        /// Which.
        call: CallId,
        /// The answer, when the offer was ours.
        body: Vec<u8>,
    },
    /// The far end offers another session (re-INVITE, UPDATE or PRACK, or the first one in a provisional answer): answer or reject it. One that is not answered in time, 60
    /// or 16 seconds, is refused here.
    Reoffer {
        /// Which.
        call: CallId,
        /// The offer; empty if we are to make one.
        body: Vec<u8>,
    },
    /// Our offer in a running call was answered.
    Reanswered {
        /// Which.
        call: CallId,
        /// The answer; empty to an UPDATE without an offer.
        body: Vec<u8>,
    },
    /// Our offer in a running call was refused; the session stays as it was.
    ReofferRefused {
        /// Which.
        call: CallId,
        /// The code. 491: the far end made an offer of its own meanwhile, so make a new one if it is still wanted.
        code: u16,
    },
    /// The far end sent something in the call (INFO), such as a key. It was answered 200.
    Info {
        /// Which.
        call: CallId,
        /// What the body is, as `application/dtmf-relay`; at most 100 bytes of it.
        content_type: String,
        /// The body.
        body: Vec<u8>,
    },
    /// An INFO of ours ended ([`crate::Endpoint::inform`]).
    Informed {
        /// Which.
        call: CallId,
        /// The final answer's code; 408 when none came, 503 when it could not be sent.
        code: u16,
    },
    /// The far end asks us to call somebody else (REFER): accept or reject it. One that is not decided in 16 seconds is
    /// refused here.
    Referred {
        /// In which call.
        call: CallId,
        /// To decide it by, and to say what becomes of it.
        refer: ReferId,
        /// The address to call, as it came, its headers included.
        target: Vec<u8>,
        /// The call of ours that a Replaces inside the address names: both of its far ends are to be connected.
        replaces: Option<CallId>,
        /// The value of Referred-By; empty if there is none.
        referred_by: Vec<u8>,
    },
    /// What becomes of a REFER of ours ([`crate::Endpoint::refer`]).
    ReferProgress {
        /// In which call.
        call: CallId,
        /// Which.
        refer: ReferId,
        /// What the call to its target got, or the REFER itself; 408 when nothing was heard, 487 when the call ended.
        code: u16,
        /// Whether that is the last word.
        done: bool,
    },
    /// A call that was up has ended. The call is gone.
    Ended {
        /// Which.
        call: CallId,
        /// By whom and why.
        how: Hangup,
        /// The Q.850 cause that whoever ended it names, else what is usual for that: 16, or 102 when nothing was heard.
        cause: u8,
    },
    /// A request of ours outside dialogs ended ([`crate::Endpoint::ask`]).
    Asked {
        /// Which.
        ask: AskId,
        /// The final answer's code; 408 when none came in time, 503 when it could not be sent.
        code: u16,
        /// CSeq of the last request that was sent: the next one of the same Call-ID has to be higher.
        cseq: u32,
        /// The whole answer; `None` when there was none.
        message: Option<Box<Message>>,
    },
    /// A request outside dialogs that the caller of this room has to answer with [`crate::Endpoint::respond`]:
    /// REGISTER. One that is not answered in time is answered 500 here.
    Request {
        /// To answer it by.
        request: RequestId,
        /// Where it came from.
        from: Destination,
        /// All of it.
        message: Box<Message>,
    },
}
