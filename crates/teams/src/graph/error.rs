//! What Graph says when it does not do something.

use crate::clean;
use crate::request::Reply;
use crate::time::Time;
use core::fmt;
use serde::Deserialize;

/// The largest error that is read, in bytes.
const MOST_ERROR: usize = 64 * 1024;

/// Why an operation was not done. `code` is Graph's word for it, cleaned; it may be logged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GraphError {
    /// The permission or consent is missing, or a policy forbids it (403). [`crate::permissions::Features::stopped_by`]
    /// says what stops.
    Denied {
        /// Graph's word.
        code: String,
    },
    /// The token is refused, and a new one as well (401).
    TokenRefused,
    /// A challenge that a new token did not meet: the person has to come to the browser with these claims.
    ChallengeUnmet {
        /// For the browser's request.
        claims: String,
    },
    /// It is not there, or not there yet (404).
    NotFound,
    /// It goes against what is there (409, 412, 423, 424).
    Conflict {
        /// Graph's word.
        code: String,
    },
    /// The link of a delta query is too old (410).
    Gone,
    /// Graph asks to wait for longer than a request may wait (429, 503).
    Throttled {
        /// Until then.
        until: Time,
    },
    /// Graph is out of order, or the network is; tried several times.
    Unavailable {
        /// The last status, 0 when no answer came.
        status: u16,
    },
    /// The answer is not what it should be.
    Unreadable {
        /// The status.
        status: u16,
    },
    /// The request is refused as wrong.
    Refused {
        /// The status.
        status: u16,
        /// Graph's word.
        code: String,
    },
}

#[derive(Deserialize)]
struct Body {
    error: Inner,
}

#[derive(Deserialize)]
struct Inner {
    #[serde(default)]
    code: String,
}

/// Graph's word for an error, cleaned.
pub(crate) fn code(reply: &Reply) -> String {
    let body = reply.json::<Body>(MOST_ERROR);
    body.and_then(|b| clean::word(&b.error.code)).unwrap_or_else(|| "unknown".to_string())
}

impl GraphError {
    /// Sorts a reply that is not a success and is not worth another try.
    pub fn of(reply: &Reply) -> GraphError {
        match reply.status {
            401 => GraphError::TokenRefused,
            403 => GraphError::Denied { code: code(reply) },
            404 => GraphError::NotFound,
            409 | 412 | 423 | 424 => GraphError::Conflict { code: code(reply) },
            410 => GraphError::Gone,
            status @ (500.. | 429 | 408) => GraphError::Unavailable { status },
            status @ 400..500 => GraphError::Refused { status, code: code(reply) },
            // A redirect, for instance: tokens are never taken along to another address.
            status => GraphError::Unreadable { status },
        }
    }

    /// What somebody can do about it, as a sentence.
    pub fn what_to_do(&self) -> &'static str {
        match self {
            GraphError::Denied { .. } => {
                "An administrator of the tenant must consent to the permission that the permissions page names."
            }
            GraphError::TokenRefused => "Connect the tenant again: its tokens are not accepted.",
            GraphError::ChallengeUnmet { .. } => "Sign in again in the browser.",
            GraphError::NotFound => {
                "Nothing, if it was just made or removed; otherwise check the identifier."
            }
            GraphError::Conflict { .. } => {
                "Look at the object in Microsoft's administration: it changed meanwhile."
            }
            GraphError::Gone => "Nothing: everything is read anew.",
            GraphError::Throttled { .. } | GraphError::Unavailable { .. } => "Nothing: it is tried again.",
            GraphError::Unreadable { .. } => "Check the base address of Graph in the configuration.",
            GraphError::Refused { .. } => "Report this with its code: the request does not fit Graph.",
        }
    }
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GraphError::Denied { code } => write!(f, "Graph does not allow it ({code})"),
            GraphError::TokenRefused => f.write_str("Graph does not accept the token"),
            GraphError::ChallengeUnmet { .. } => f.write_str("Graph wants the person to prove more"),
            GraphError::NotFound => f.write_str("Graph does not find it"),
            GraphError::Conflict { code } => write!(f, "Graph finds it changed ({code})"),
            GraphError::Gone => f.write_str("Graph does not know the place to go on from any more"),
            GraphError::Throttled { until } => write!(f, "Graph asks to wait until {}", until.rfc3339()),
            GraphError::Unavailable { status } => write!(f, "Graph gives no answer (status {status})"),
            GraphError::Unreadable { status } => write!(f, "Graph's answer cannot be read (status {status})"),
            GraphError::Refused { status, code } => write!(f, "Graph refuses the request ({status} {code})"),
        }
    }
}

impl std::error::Error for GraphError {}
