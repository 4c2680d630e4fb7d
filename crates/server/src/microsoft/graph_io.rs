//! One question to Graph until it is answered or given up: waits when Graph says so, and proves more when it is asked to.

use crate::microsoft::background::{NotDone, now, wait};
use crate::microsoft::{Carrier, random};
use redact::Secret;
use std::sync::mpsc::Receiver;
use teams::Reply;
use teams::graph::{Attempt, Call, GraphError, Next};

/// Where tokens for one directory come from.
pub trait Tokens {
    /// A token; with these claims, where a challenge wants more. It may wait for Entra ID.
    ///
    /// # Errors
    /// [`NotDone`]
    fn token(&self, claims: Option<&str>) -> Result<Secret<String>, NotDone>;

    /// The next request gets a new token.
    fn forget(&self);

    /// What carries requests.
    fn carrier(&self) -> &Carrier;
}

/// Asks for a page of changes. That Graph has forgotten where to go on is a reply to be read. `stop` closes when the server
/// stops.
///
/// # Errors
/// [`NotDone`]
pub fn ask_page(tokens: &dyn Tokens, call: &Call, stop: &Receiver<()>) -> Result<Reply, NotDone> {
    ask_until(tokens, call, stop, |e| matches!(e, GraphError::Gone | GraphError::Refused { status: 400, .. }))
}

/// Asks, and waits until the answer comes or it is given up. Some refusals are replies to be read.
///
/// # Errors
/// [`NotDone`]
pub fn ask_until(
    tokens: &dyn Tokens,
    call: &Call,
    stop: &Receiver<()>,
    is_read: impl Fn(&GraphError) -> bool,
) -> Result<Reply, NotDone> {
    let mut attempt = Attempt::default();
    let mut claims: Option<String> = None;
    loop {
        let token = tokens.token(claims.as_deref())?;
        let chance = random().map_err(NotDone::Here)?;
        let reply = tokens.carrier().send(&call.request(&token, chance)).ok();
        let spread = u32::from_ne_bytes(random().map_err(NotDone::Here)?);
        match (attempt.next(now(), reply.as_ref(), spread), reply) {
            (Next::Done, Some(reply)) => return Ok(reply),
            (Next::Done, None) => return Err(NotDone::Graph(GraphError::Unavailable { status: 0 })),
            (Next::Again { at }, _) => wait(stop, at.since(now()))?,
            (Next::NewToken { claims: wanted }, _) => {
                tokens.forget();
                claims = wanted;
            }
            (Next::Failed(error), Some(reply)) if is_read(&error) => return Ok(reply),
            (Next::Failed(error), _) => {
                // A token says what was allowed when it was given: after consent a new one says more.
                if matches!(error, GraphError::Denied { .. }) {
                    tokens.forget();
                }
                return Err(NotDone::Graph(error));
            }
        }
    }
}

/// Asks once: whoever asks comes again by themselves. A token that is over is replaced.
///
/// # Errors
/// [`NotDone`]
pub fn ask_once(tokens: &dyn Tokens, call: &Call) -> Result<Reply, NotDone> {
    let mut attempt = Attempt::default();
    let mut claims: Option<String> = None;
    loop {
        let token = tokens.token(claims.as_deref())?;
        let chance = random().map_err(NotDone::Here)?;
        let reply = tokens.carrier().send(&call.request(&token, chance)).ok();
        match (attempt.next(now(), reply.as_ref(), 0), reply) {
            (Next::Done, Some(reply)) => return Ok(reply),
            (Next::NewToken { claims: wanted }, _) => {
                tokens.forget();
                claims = wanted;
            }
            (Next::Again { at }, Some(reply)) if reply.status == 429 => {
                return Err(NotDone::Graph(GraphError::Throttled { until: at }));
            }
            (Next::Done | Next::Again { .. }, reply) => {
                let status = reply.map_or(0, |r| r.status);
                return Err(NotDone::Graph(GraphError::Unavailable { status }));
            }
            (Next::Failed(error), _) => {
                if matches!(error, GraphError::Denied { .. }) {
                    tokens.forget();
                }
                return Err(NotDone::Graph(error));
            }
        }
    }
}
