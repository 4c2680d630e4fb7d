//! Challenges that were given out and wait for their answer: each is taken once, in time, by whom it was made for.

use crate::sign_in::passkey::CHALLENGE;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long an answer is waited for: people look for their keys.
const WAIT: Duration = Duration::from_secs(300);
/// The most that wait at a time; one more takes the place of the oldest.
const MOST: usize = 4_096;

/// Challenges, each for somebody.
#[derive(Debug)]
pub struct Challenges<T> {
    waiting: VecDeque<(Instant, [u8; CHALLENGE], T)>,
}

impl<T> Default for Challenges<T> {
    fn default() -> Self {
        Challenges { waiting: VecDeque::new() }
    }
}

impl<T: PartialEq> Challenges<T> {
    /// A new challenge.
    ///
    /// # Errors
    /// A sentence; when the operating system gives no random bytes.
    pub fn make(&mut self, now: Instant, whom: T) -> Result<[u8; CHALLENGE], String> {
        let mut bytes = [0; CHALLENGE];
        getrandom::fill(&mut bytes)
            .map_err(|e| format!("the operating system gives no random bytes: {e}"))?;
        if self.waiting.len() >= MOST {
            self.waiting.pop_front();
        }
        self.waiting.push_back((now, bytes, whom));
        Ok(bytes)
    }

    /// Takes a challenge: whether it was made for them and is not too old. It is gone then, whatever comes of it.
    pub fn take(&mut self, now: Instant, challenge: &[u8; CHALLENGE], whom: &T) -> bool {
        self.waiting.retain(|(made, _, _)| now.saturating_duration_since(*made) < WAIT);
        let at = self.waiting.iter().position(|(_, c, w)| c == challenge && w == whom);
        at.and_then(|at| self.waiting.remove(at)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_taken_once_in_time_and_by_whom_it_is_for() {
        let (mut all, now) = (Challenges::default(), Instant::now());
        let first = all.make(now, "anna").unwrap();
        let second = all.make(now, "anna").unwrap();
        assert_ne!(first, second);
        assert!(!all.take(now, &first, &"ben"), "made for somebody else");
        assert!(all.take(now, &first, &"anna"));
        assert!(!all.take(now, &first, &"anna"), "used");
        assert!(!all.take(now + WAIT, &second, &"anna"), "too old");
        for _ in 0..MOST + 5 {
            all.make(now, "anna").unwrap();
        }
        assert_eq!(all.waiting.len(), MOST);
    }
}
