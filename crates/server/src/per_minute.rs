//! How often something was done lately: by each so many times a minute, in memory only, and forgotten after that minute.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

const MINUTE_MS: u64 = 60_000;
/// Those who are counted at a time. One more waits until somebody is forgotten.
const MOST: usize = 10_000;

/// Who did it, since when, and how often.
pub struct PerMinute<K> {
    most: u32,
    counted: Mutex<BTreeMap<K, (u64, u32)>>,
}

impl<K: Ord + Clone> PerMinute<K> {
    /// So many times a minute each.
    pub fn new(most: u32) -> PerMinute<K> {
        PerMinute { most, counted: Mutex::default() }
    }

    /// Whether it may be done once more now, which then counts.
    pub fn may(&self, now_ms: u64, who: &K) -> bool {
        let mut counted = self.counted();
        if counted.len() >= MOST && !counted.contains_key(who) {
            counted.retain(|_, (since, _)| is_lately(now_ms, *since));
            if counted.len() >= MOST {
                return false;
            }
        }
        let (since, times) = counted.entry(who.clone()).or_insert((now_ms, 0));
        if !is_lately(now_ms, *since) {
            (*since, *times) = (now_ms, 0);
        }
        *times = times.saturating_add(1);
        *times <= self.most
    }

    /// Forgets whose minute is over.
    pub fn forget(&self, now_ms: u64) {
        self.counted().retain(|_, (since, _)| is_lately(now_ms, *since));
    }

    fn counted(&self) -> MutexGuard<'_, BTreeMap<K, (u64, u32)>> {
        self.counted.lock().unwrap_or_else(|e| e.into_inner())
    }
}

fn is_lately(now_ms: u64, since: u64) -> bool {
    now_ms.saturating_sub(since) < MINUTE_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_so_many_a_minute_and_is_forgotten_after_it() {
        let asks = PerMinute::new(2);
        let may = |at: u64, who: &'static str| asks.may(at, &who);
        assert_eq!([0, 1, 2, 59_999].map(|at| may(at, "a")), [true, true, false, false]);
        assert!(may(3, "b"), "another has their own");
        assert!(may(60_000, "a"), "the minute is over");
        asks.forget(60_003);
        assert_eq!(asks.counted().keys().collect::<Vec<_>>(), [&"a"]);
        asks.forget(120_000);
        assert!(asks.counted().is_empty());
    }

    #[test]
    fn only_so_many_are_counted_at_a_time() {
        let asks = PerMinute::new(1);
        assert!((0..MOST).all(|who| asks.may(0, &who)));
        assert!(!asks.may(1, &MOST), "nobody is forgotten for the sake of one more");
        assert!(asks.may(MINUTE_MS, &MOST));
        assert_eq!(asks.counted().len(), 1);
    }
}
