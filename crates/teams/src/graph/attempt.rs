//! One operation until it is done or given up: waiting when Graph says so, one new token, one challenge.

use crate::entra::Challenge;
use crate::graph::error::GraphError;
use crate::request::Reply;
use crate::time::Time;
use core::time::Duration;

/// How often an operation is tried, the first time included.
const MOST_TRIES: u32 = 6;
/// The first wait when nothing was said; doubled each time.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait when nothing was said.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The longest wait that an operation waits for when Graph says how long; beyond it the operation is given up, to be
/// begun again later.
const LONGEST_OBEYED: Duration = Duration::from_secs(600);

/// What to do after a reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// It worked: read it.
    Done,
    /// Send the same request again, not before this time. Others to the same tenant and service should wait as well.
    Again {
        /// When.
        at: Time,
    },
    /// Forget the token that was used, get one anew (silently: by refresh token, on behalf, or for ourselves) with these
    /// claims, and send the request again with it. If no such token can be had, it ends with
    /// [`GraphError::ChallengeUnmet`].
    NewToken {
        /// The claims of a challenge, if it was one.
        claims: Option<String>,
    },
    /// It is given up.
    Failed(GraphError),
}

/// The state of one operation between its tries.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    tries: u32,
    /// A token was replaced once.
    renewed: bool,
}

impl Attempt {
    /// What to do after a reply; `None` when no answer came in time. `chance` is any random number: it spreads waits so
    /// that those who were refused together do not come back together.
    pub fn next(&mut self, now: Time, reply: Option<&Reply>, chance: u32) -> Next {
        let Some(reply) = reply else { return self.wait(now, None, 0, chance) };
        match reply.status {
            200..300 => Next::Done,
            401 => {
                let challenge = Challenge::of(reply);
                match (self.renewed, challenge) {
                    (false, challenge) => {
                        self.renewed = true;
                        Next::NewToken { claims: challenge.map(|c| c.claims) }
                    }
                    // A second challenge to the new token would go on for ever.
                    (true, Some(challenge)) => {
                        Next::Failed(GraphError::ChallengeUnmet { claims: challenge.claims })
                    }
                    (true, None) => Next::Failed(GraphError::TokenRefused),
                }
            }
            408 | 429 | 500 | 502 | 503 | 504 => self.wait(now, reply.retry_after(), reply.status, chance),
            _ => Next::Failed(GraphError::of(reply)),
        }
    }

    fn wait(&mut self, now: Time, told: Option<Duration>, status: u16, chance: u32) -> Next {
        self.tries += 1;
        let at = match told {
            Some(told) => now.plus(told),
            None => {
                let whole = FIRST_WAIT.saturating_mul(1 << (self.tries - 1).min(16)).min(LONGEST_WAIT);
                // Half of it at least; the rest by chance.
                now.plus(whole / 2 + (whole / 2).mul_f64(f64::from(chance) / f64::from(u32::MAX)))
            }
        };
        if told.is_some_and(|told| told > LONGEST_OBEYED) {
            return Next::Failed(GraphError::Throttled { until: at });
        }
        if self.tries >= MOST_TRIES {
            return Next::Failed(match told {
                Some(_) => GraphError::Throttled { until: at },
                None => GraphError::Unavailable { status },
            });
        }
        Next::Again { at }
    }
}

/// A budget of requests: so many within a time, for one tenant and service. Presence allows 1500 in 30 s.
#[derive(Clone, Debug)]
pub struct Pace {
    /// How much may be saved up.
    most: u32,
    within: Duration,
    /// Thousandths of a request that are left.
    left: u64,
    at: Time,
    /// Graph said to wait until then.
    stopped: Option<Time>,
}

impl Pace {
    /// So many requests within so long; all of them may be used at once.
    pub fn new(now: Time, most: u32, within: Duration) -> Pace {
        Pace { most: most.max(1), within, left: u64::from(most.max(1)) * 1000, at: now, stopped: None }
    }

    /// Takes one request out of the budget, or says when there will be one.
    pub fn take(&mut self, now: Time) -> Result<(), Time> {
        if let Some(until) = self.stopped {
            if now < until {
                return Err(until);
            }
            self.stopped = None;
        }
        let full = u64::from(self.most) * 1000;
        let within = u64::try_from(self.within.as_millis()).unwrap_or(u64::MAX).max(1);
        let passed = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        let gained = passed.saturating_mul(full) / within;
        if gained > 0 {
            self.left = full.min(self.left.saturating_add(gained));
            self.at = now;
        }
        match self.left.checked_sub(1000) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(self.at.plus(Duration::from_millis(((1000 - self.left) * within).div_ceil(full)))),
        }
    }

    /// Nobody may send before this time ([`Next::Again`]).
    pub fn stop(&mut self, until: Time) {
        self.stopped = self.stopped.max(Some(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_secs(1_000_000);

    fn after(secs: u64) -> Time {
        NOW.plus(Duration::from_secs(secs))
    }

    #[test]
    fn throttling_is_obeyed() {
        let mut attempt = Attempt::default();
        let throttled = Reply::new(429, "").with("Retry-After", "17");
        assert_eq!(attempt.next(NOW, Some(&throttled), 0), Next::Again { at: after(17) });
        assert_eq!(attempt.next(NOW, Some(&Reply::new(200, "{}")), 0), Next::Done);
        let long = Reply::new(503, "").with("retry-after", "3600");
        assert_eq!(
            attempt.next(NOW, Some(&long), 0),
            Next::Failed(GraphError::Throttled { until: after(3600) })
        );
    }

    #[test]
    fn waits_double_and_end() {
        let mut attempt = Attempt::default();
        let mut waits = Vec::new();
        let end = loop {
            match attempt.next(NOW, Some(&Reply::new(500, "")), u32::MAX) {
                Next::Again { at } => waits.push(at.since(NOW).as_secs()),
                other => break other,
            }
        };
        assert_eq!(
            (waits, end),
            (vec![1, 2, 4, 8, 16], Next::Failed(GraphError::Unavailable { status: 500 }))
        );
        let mut attempt = Attempt::default();
        assert_eq!(attempt.next(NOW, None, 0), Next::Again { at: NOW.plus(Duration::from_millis(500)) });
    }

    #[test]
    fn a_challenge_gets_one_new_token_and_never_a_loop() {
        let challenge = "Bearer error=\"insufficient_claims\", claims=\"eyJhIjoxfQ==\"";
        let refused = Reply::new(401, "").with("WWW-Authenticate", challenge);
        let mut attempt = Attempt::default();
        let claims = r#"{"a":1}"#.to_string();
        assert_eq!(attempt.next(NOW, Some(&refused), 0), Next::NewToken { claims: Some(claims.clone()) });
        assert_eq!(attempt.next(NOW, Some(&refused), 0), Next::Failed(GraphError::ChallengeUnmet { claims }));
        let mut attempt = Attempt::default();
        assert_eq!(attempt.next(NOW, Some(&Reply::new(401, "")), 0), Next::NewToken { claims: None });
        assert_eq!(attempt.next(NOW, Some(&Reply::new(401, "")), 0), Next::Failed(GraphError::TokenRefused));
    }

    #[test]
    fn what_another_try_does_not_help_is_given_up_at_once() {
        let body = r#"{"error":{"code":"Authorization_RequestDenied","message":"x"}}"#;
        for (status, expected) in [
            (403, GraphError::Denied { code: "Authorization_RequestDenied".into() }),
            (404, GraphError::NotFound),
            (409, GraphError::Conflict { code: "Authorization_RequestDenied".into() }),
            (410, GraphError::Gone),
            (400, GraphError::Refused { status: 400, code: "Authorization_RequestDenied".into() }),
            (302, GraphError::Unreadable { status: 302 }),
        ] {
            let got = Attempt::default().next(NOW, Some(&Reply::new(status, body)), 0);
            assert_eq!(got, Next::Failed(expected.clone()));
            assert!(expected.what_to_do().ends_with('.'));
        }
        let hostile = GraphError::of(&Reply::new(400, r#"{"error":{"code":"a\u202e\n<b>"}}"#));
        assert_eq!(hostile, GraphError::Refused { status: 400, code: "unknown".into() });
    }

    #[test]
    fn a_budget_is_kept() {
        let mut pace = Pace::new(NOW, 3, Duration::from_secs(30));
        for _ in 0..3 {
            assert_eq!(pace.take(NOW), Ok(()));
        }
        assert_eq!(pace.take(NOW), Err(after(10)));
        assert!(pace.take(after(9)).is_err());
        assert_eq!(pace.take(after(10)), Ok(()));
        assert_eq!(pace.take(after(10)), Err(after(20)));
        let mut sent = 0;
        for ms in 0..300_000u64 {
            sent += u32::from(pace.take(after(1000).plus(Duration::from_millis(ms))).is_ok());
        }
        assert!((30..=33).contains(&sent), "{sent}");
        pace.stop(after(5000));
        assert_eq!(pace.take(after(4000)), Err(after(5000)));
        assert_eq!(pace.take(after(5000)), Ok(()));
    }
}
