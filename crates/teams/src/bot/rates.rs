//! How often the Bot Connector may be asked about one conversation.

use crate::time::Time;
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

/// Conversations that are counted at a time; the one that was quiet longest is forgotten.
const MOST: usize = 10_000;

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Rate {
    /// Sending into a conversation.
    Send,
    /// Reading its members.
    Members,
}

impl Rate {
    /// How many in how many seconds, by Microsoft's page on rate limits; the longest last.
    const fn windows(self) -> &'static [(usize, u64)] {
        match self {
            Rate::Send => &[(7, 1), (8, 2), (60, 30), (1_800, 3_600)],
            Rate::Members => &[(14, 1), (120, 30), (3_600, 3_600)],
        }
    }
}

/// What was asked lately. Of a conversation it knows a number drawn from its name, which says nothing of it.
#[derive(Debug, Default)]
pub struct Rates {
    asked: BTreeMap<(Rate, u64), VecDeque<u64>>,
    hasher: RandomState,
}

impl Rates {
    /// Forgets conversations that were quiet for longer than anything is counted.
    pub fn forget(&mut self, now: Time) {
        self.asked.retain(|(rate, _), asked| {
            let longest = rate.windows().last().map_or(0, |(_, secs)| secs * 1_000);
            asked.back().is_some_and(|at| at.saturating_add(longest) > now.0)
        });
    }

    /// How many conversations are counted.
    pub fn len(&self) -> usize {
        self.asked.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// Takes a turn now, or says how long to wait before asking again.
    ///
    /// # Errors
    /// The time to wait.
    pub fn take(&mut self, now: Time, rate: Rate, conversation: &str) -> Result<(), Duration> {
        let key = (rate, self.hasher.hash_one(conversation));
        if self.asked.len() >= MOST && !self.asked.contains_key(&key) {
            let quiet = self.asked.iter().min_by_key(|(_, q)| q.back().copied()).map(|(k, _)| *k);
            quiet.map(|k| self.asked.remove(&k));
        }
        let asked = self.asked.entry(key).or_default();
        let longest = rate.windows().last().map_or(0, |(_, secs)| secs * 1_000);
        while asked.front().is_some_and(|at| at.saturating_add(longest) <= now.0) {
            asked.pop_front();
        }
        for (most, secs) in rate.windows() {
            // The one that must be out of the window before another fits in.
            let Some(at) = asked.len().checked_sub(*most).and_then(|n| asked.get(n)) else { continue };
            let free = at.saturating_add(secs * 1_000);
            if free > now.0 {
                return Err(Duration::from_millis(free - now.0));
            }
        }
        asked.push_back(now.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_window_is_kept() {
        let mut r = Rates::default();
        let ask = |r: &mut Rates, at| r.take(Time(at), Rate::Send, "a");
        assert!((0..7).all(|n| ask(&mut r, n).is_ok()));
        assert_eq!(ask(&mut r, 10), Err(Duration::from_millis(990)), "seven in a second");
        assert!(r.take(Time(10), Rate::Send, "b").is_ok() && r.take(Time(10), Rate::Members, "a").is_ok());
        assert!(ask(&mut r, 1_000).is_ok());
        assert_eq!(ask(&mut r, 1_100), Err(Duration::from_millis(900)), "eight in two seconds");
        let mut now = 2_000;
        let mut sent = 8;
        while now < 30_000 {
            match ask(&mut r, now) {
                Ok(()) => sent += 1,
                Err(wait) => now += wait.as_millis() as u64,
            }
        }
        assert_eq!(sent, 60);
    }

    #[test]
    fn only_so_many_conversations_are_counted() {
        let mut r = Rates::default();
        for n in 0..MOST as u64 + 10 {
            r.take(Time(n), Rate::Send, &n.to_string()).unwrap();
        }
        assert_eq!(r.len(), MOST);
        r.forget(Time(3_600_000 + 20));
        assert!(r.len() < MOST && !r.is_empty());
        r.forget(Time(2 * 3_600_000));
        assert!(r.is_empty());
    }
}
