//! CommPortal: the web interface of a carrier's hosted telephone system, which rings a subscriber's own phone and then the
//! other side.
//!
//! There is no public description of it; what stands here was observed in other people's clients, for versions up to 9.6.
//! So version, path, how people sign in and how numbers are written are settings of each operator, to be confirmed with
//! that operator.
//!
//! - [`Portal`]: what is known of an operator's system.
//! - [`PortalCall`]: one call: sign in, look what is allowed, have it made, follow it, sign out.
//! - [`SignIns`]: who may try to sign in at all. Trying again and again locks accounts there.
//!
//! The session's id stands in the path of each request, so no address of a request is ever written down.

mod call;
mod fault;
mod guarded;
mod portal;
mod read;

pub use call::{May, PortalCall, SignedIn};
pub use fault::{Class, Fault};
pub use guarded::{BLOCKED_MS, MOST_SIGN_INS, NO_SIGN_IN_MS, SignIns};
pub use portal::{Portal, SignIn, SignedToken, Signer, WrongPortal, token_text};
