//! What every call through another telephone system is made of: requests that go out, and what came of each.
//!
//! A call takes one [`Input`] and is then asked ([`Call::poll`]) until it says nothing more; the last thing that it says is
//! what it waits for: a reply, bytes, or time. So one request is under way at a time.

use crate::{Progress, Time};
use core::fmt;
use redact::Secret;

/// The most bytes of a reply that are looked at.
pub const MOST: usize = 512 * 1024;

/// The first pause before a hang-up that was refused, or had no answer, is tried again, in milliseconds.
const FIRST_PAUSE_MS: u64 = 500;
/// How often that pause doubles: 32 seconds at the most.
const DOUBLINGS: u32 = 6;
/// How often a call that nobody saw yet may be missing there before it is believed that there is none: it may be about to begin.
pub(crate) const MOST_MISSING: u32 = 5;

/// Hang-ups that are refused for good, after which what became of the call is left open: after a minute and a half.
pub(crate) const MOST_REFUSED: u32 = 8;
/// Hang-ups that nobody answers, after which the same holds: after about half an hour. Until then nobody says that the call
/// is over, for it may go on and cost money, and whoever hung it up begins no other one.
pub(crate) const MOST_UNANSWERED: u32 = 60;

/// The pause before a hang-up is tried again, after so many that did not work (one or more), in milliseconds.
pub(crate) fn before_hang_up_again(tried: u32) -> u64 {
    FIRST_PAUSE_MS << tried.saturating_sub(1).min(DOUBLINGS)
}

/// How a request asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Post,
    Delete,
}

impl Method {
    /// As it stands in a request line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        }
    }
}

/// An HTTP request, to be sent as it stands, without following redirects.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The whole address. Sessions and numbers stand in it, so it never stands in a log.
    pub url: Secret<String>,
    /// Headers.
    pub headers: Vec<(&'static str, Secret<String>)>,
    /// The body; empty for none.
    pub body: Secret<Vec<u8>>,
    /// How long the whole of it may take, in milliseconds.
    pub patience_ms: u64,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {} bytes", self.method.as_str(), self.body.expose_secret().len())
    }
}

/// An HTTP reply.
#[derive(Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Where it sends a browser to, if it does.
    pub location: Option<Secret<String>>,
    /// The body, at most [`MOST`] bytes.
    pub body: Secret<Vec<u8>>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {} bytes", self.status, self.body.expose_secret().len())
    }
}

/// Why there is no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoReply {
    /// It took longer than it may. Whether the far end did what was asked is not known.
    TimedOut,
    /// The far end was not reached, so it did nothing.
    Unreachable,
    /// What came was too large, or none.
    Broken,
}

/// What a call is told.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// It begins. Once, and first.
    Begin,
    /// What came of the request.
    Reply(Result<Reply, NoReply>),
    /// Bytes came over the connection.
    Bytes(&'a [u8]),
    /// The connection is closed, or could not be opened.
    Closed,
    /// The time that it wanted to wait is over.
    Waited,
    /// Whoever asked for the call withdraws it, or hangs up.
    HangUp,
}

/// What a call wants.
#[derive(Clone, Debug)]
pub enum Output {
    /// Send this, and say what came of it.
    Ask(Request),
    /// Send these bytes over the connection; it is opened at the first.
    Write(Secret<Vec<u8>>),
    /// Wait for bytes, or so many milliseconds; a hang-up ends it too.
    Wait(u64),
    /// The call is this far.
    Progress(Progress),
    /// Nothing more: close the connection if there is one.
    Done,
}

/// A call through another telephone system.
pub trait Call: Send {
    /// Something happened.
    fn handle(&mut self, now: Time, input: Input<'_>);
    /// What is wanted; asked until it gives nothing.
    fn poll(&mut self) -> Option<Output>;
}
