//! Speaks SIP: messages, framing, transactions, dialogs and the legs of calls built on them.
//!
//! Sans-IO. [`Endpoint::handle`] takes the time and what arrived; then call [`Endpoint::poll_transmit`] and
//! [`Endpoint::poll_event`] until both are empty, act, and ask [`Endpoint::deadline`] when to call again.
//! Drain all output before giving the next input: outputs refer to the state as it was after that input.
//!
//! Beside the endpoint, each by itself and driven in the same way: [`Nonces`] and the functions of digest authentication,
//! [`Registrar`], [`Registration`], [`locate`] and [`guard`].
//!
//! This room never opens a socket, resolves a name, reads a clock or rolls dice (tags and branches come from a
//! seed), and never looks inside a body: session descriptions belong to `media`. It decides nothing about a call:
//! who may call and who is rung is said by its caller.
//!
//! Numbers and names stand in the messages; nothing here implements `Debug` in a way that prints them.
#![forbid(unsafe_code)]

mod address;
mod again;
mod arrive;
mod ask;
mod build;
mod call;
mod callee;
mod caller;
mod dialog;
mod digest;
mod endpoint;
mod event;
mod exchange;
mod frame;
pub mod guard;
mod identity;
mod info;
pub mod locate;
mod login;
mod message;
mod method;
mod multipart;
mod name;
mod nonces;
mod reason;
mod refer;
mod refuse;
mod registrar;
mod registration;
mod reliable;
mod replaces;
mod seed;
mod session;
mod slots;
mod status;
mod time;
mod timer;
mod transaction;
mod uri;
mod ways;

pub use address::{AddressError, NameAddr};
pub use ask::{Ask, AskId, RequestId};
pub use call::{CallId, Hangup, our_tag};
pub use caller::Outgoing;
pub use digest::{Credentials, answer, hash_of, is_stale, strongest, values_of};
pub use endpoint::{Counters, Destination, Endpoint, Input, Limits, Local, Transmit, Transport};
pub use event::{Event, Incoming, Redirect, Refused};
pub use frame::{Frame, FrameError, Splitter};
pub use identity::{Caller, Diverted, Why, caller, claimed, diverted_from};
pub use login::Login;
pub use message::{Header, Message, ParseError, Start, Via, as_line};
pub use method::Method;
pub use name::Name;
pub use nonces::{Fault, Nonces, Verdict};
pub use reason::{
    ANSWERED_ELSEWHERE, LONGEST_WARNING, NORMAL_CLEARING, TIMER_EXPIRED, cause_of, cause_of_status,
    is_network_failure, numbers_beside, reason_line, status_of_cause, warning_line,
};
pub use refer::ReferId;
pub use refuse::{Refusal, check_request, check_response};
pub use registrar::{Binding, Kept, Registrar, RegistrarEvent, Reply};
pub use registration::{Register, Registered, Registration, RegistrationConfig, RegistrationState};
pub use session::SessionTimer;
pub use status::reason_phrase;
pub use time::Time;
pub use uri::{Uri, UriError};
pub use ways::HopName;
