//! Misbehaviour on demand.

use crate::microsoft::exchange::Reply;
use crate::microsoft::moment;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// Faults that wait at a time.
const MOST: usize = 64;
/// The longest delay that is promised, in milliseconds.
const LONGEST: u64 = 120_000;
/// The largest body that is made on demand, in bytes.
const LARGEST: usize = 64 * 1024 * 1024;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// The right reply, this many milliseconds late.
    Slow(u64),
    /// This status, with `Retry-After` in seconds if there is one.
    Status(u16, Option<u32>),
    /// The right reply, of which only half arrives before the connection closes.
    HalfPage,
    /// 401: the token has expired, whatever it says.
    TokenExpired,
    /// 200 with an empty body.
    Empty,
    /// 200 with JSON of another form.
    WrongType,
    /// 200 with so many bytes of JSON that mean nothing.
    Huge(usize),
    /// The right list, whose last object comes twice.
    Twice,
    /// The right page, whose next one stands at this other origin.
    LeadsAway(String),
    /// 302 to this address.
    SendsAway(String),
}

/// A fault: which requests it strikes and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// A part of the path of the requests; empty for all.
    pub path: String,
    /// So many of those requests go well first.
    pub after: u32,
    /// So many are struck then.
    pub times: u32,
    /// How.
    pub how: Misbehaviour,
}

impl Fault {
    /// Strikes the next request whose path has this part.
    pub fn next(path: &str, how: Misbehaviour) -> Fault {
        Fault { path: path.into(), after: 0, times: 1, how }
    }
}

/// Faults that wait.
#[derive(Debug, Default)]
pub struct Faults(VecDeque<Fault>);

impl Faults {
    /// One more; the oldest goes if there are too many.
    pub fn put(&mut self, fault: Fault) {
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back(fault);
    }

    /// None of them.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What strikes a request for this path.
    pub fn strikes(&mut self, path: &str) -> Option<Misbehaviour> {
        let at = self.0.iter().position(|f| path.contains(&f.path))?;
        let fault = self.0.get_mut(at)?;
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        let how = fault.how.clone();
        fault.times = fault.times.saturating_sub(1);
        if fault.times == 0 {
            self.0.remove(at);
        }
        Some(how)
    }
}

impl Misbehaviour {
    /// The reply that takes the place of the right one.
    pub(super) fn instead(&self, now: u64) -> Option<Reply> {
        let error = |code: &str, text: &str| json!({"error": {"code": code, "message": text, "innerError": {"date": moment::rfc3339(now)}}});
        match self {
            Misbehaviour::Slow(_)
            | Misbehaviour::HalfPage
            | Misbehaviour::Twice
            | Misbehaviour::LeadsAway(_) => None,
            Misbehaviour::SendsAway(to) => {
                Some(Reply { status: 302, ..Reply::default() }.with_header("Location", to))
            }
            Misbehaviour::Status(status, after) => {
                let code = match status {
                    429 => "TooManyRequests",
                    503 => "serviceNotAvailable",
                    504 => "gatewayTimeout",
                    _ => "generalException",
                };
                let reply = Reply::json(*status, &error(code, "The service is made to fail."));
                Some(match after {
                    Some(seconds) => reply.with_header("Retry-After", &seconds.to_string()),
                    None => reply,
                })
            }
            Misbehaviour::TokenExpired => Some(
                Reply::json(
                    401,
                    &error("InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."),
                )
                .with_header("WWW-Authenticate", "Bearer realm=\"\", error=\"invalid_token\""),
            ),
            Misbehaviour::Empty => Some(
                Reply { status: 200, ..Reply::default() }.with_header("Content-Type", "application/json"),
            ),
            Misbehaviour::WrongType => Some(Reply::json(200, &json!(["no", "object", 7]))),
            Misbehaviour::Huge(bytes) => {
                let filling = "x".repeat((*bytes).min(LARGEST));
                Some(Reply::json(200, &json!({"value": [], "filling": filling})))
            }
        }
    }

    /// The right reply, spoiled.
    pub(super) fn spoil(&self, mut reply: Reply) -> Reply {
        match self {
            Misbehaviour::Slow(ms) => reply.delay_ms = (*ms).min(LONGEST),
            Misbehaviour::HalfPage => reply.cut_at = Some(reply.body.len() / 2),
            Misbehaviour::Twice => {
                let mut body = reply.value();
                if let Some(list) = body.get_mut("value").and_then(Value::as_array_mut) {
                    list.extend(list.last().cloned());
                    reply.body = body.to_string().into_bytes();
                }
            }
            Misbehaviour::LeadsAway(origin) => {
                let mut body = reply.value();
                for name in ["@odata.nextLink", "@odata.deltaLink"] {
                    let Some(link) = body.get(name).and_then(Value::as_str) else { continue };
                    let path =
                        link.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
                    let away = format!("{origin}{}", path.unwrap_or_default());
                    body[name] = away.into();
                }
                reply.body = body.to_string().into_bytes();
            }
            _ => {}
        }
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_when_and_where_it_should() {
        let mut f = Faults::default();
        f.put(Fault { path: "/users".into(), after: 1, times: 2, how: Misbehaviour::Empty });
        let hits: Vec<bool> = ["/users", "/me", "/users/delta", "/users", "/users"]
            .iter()
            .map(|p| f.strikes(p).is_some())
            .collect();
        assert_eq!(hits, [false, false, true, true, false]);
        for _ in 0..100 {
            f.put(Fault::next("", Misbehaviour::HalfPage));
        }
        assert_eq!(f.0.len(), MOST);
    }

    #[test]
    fn replies_are_spoiled_as_ordered() {
        let right = Reply::json(200, &json!({"value": [1, 2]}));
        assert_eq!(Misbehaviour::Twice.spoil(right.clone()).value(), json!({"value": [1, 2, 2]}));
        assert_eq!(Misbehaviour::HalfPage.spoil(right.clone()).cut_at, Some(right.body.len() / 2));
        assert_eq!(Misbehaviour::Slow(7).spoil(right).delay_ms, 7);
        let refused = Misbehaviour::Status(503, Some(4)).instead(0).unwrap();
        assert_eq!((refused.status, refused.header("retry-after")), (503, Some("4")));
        assert_eq!(Misbehaviour::TokenExpired.instead(0).unwrap().status, 401);
    }
}
