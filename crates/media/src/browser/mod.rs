//! A browser as the far end of a leg: WebRTC, that is ICE, DTLS and SRTP over one port, by `str0m`.
//!
//! A [`Peer`] is one peer connection. It takes datagrams and gives datagrams, and between them it speaks plain RTP: what
//! it gives as [`Output::Rtp`] is given to [`Bridge::receive_rtp`](crate::bridge::Bridge::receive_rtp) as if it had come
//! from [`STAND_IN`], and what a [`Leg`](crate::leg::Leg) sends to that address is given to [`Peer::send`]. So whatever is
//! true of a telephone's leg (relaying, mixing, prompts, keys, recording, what is counted) is true of a browser's.
//!
//! **Who owns it.** A media thread of `server`, beside its bridge. A peer outlives legs: an agent's browser is connected
//! before it rings. A leg outlives peers: after the page was loaded anew, another peer takes the place of the first.
//!
//! **What is ours and what is the library's.** An offer is read by [`crate::sdp`], checked and bounded here, and the
//! library is given a text written anew from the few things that count, never the stranger's own. No candidates are
//! among them: we are ICE-lite, answer checks and send none, so nobody can make us send anything to an address from
//! which no valid check came. A fault inside the library ends the peer it happened in, and nothing else.
//!
//! **Exceptions to this room's rules.** Keys and passwords need chance that cannot be guessed; the library takes it from
//! the operating system. It reads the wall clock once, for sender reports. It allocates a buffer for each packet.
//!
//! Drain rule: after any call but [`Peer::deadline`], [`Peer::poll`] until `None`; at the deadline [`Peer::tick`], then
//! the same.

mod offer;
mod peer;
mod stun;

pub use offer::{MAX_OFFER, OfferError, check_offer};
pub use peer::{FarEnd, GONE_AFTER, Identity, Output, Peer, STAND_IN, prefer};
pub use stun::local_user;
