//! How much may come at once and in the long run.

use crate::time::Time;

/// A rate with room for bursts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// So many at once.
    pub burst: u32,
    /// So many a second in the long run.
    pub per_second: u32,
}

/// What is left of a rate. Full at first.
#[derive(Clone, Copy, Default)]
pub(super) struct Bucket {
    /// Millionths that are missing.
    missing: u64,
    at: Time,
}

const ONE: u64 = 1_000_000;

impl Bucket {
    /// Takes one out. False if there is none.
    pub(super) fn take(&mut self, now: Time, rate: Rate) -> bool {
        // In a microsecond comes a millionth of what comes in a second.
        let passed = now.since(self.at).as_micros() as u64;
        self.missing = self.missing.saturating_sub(passed.saturating_mul(rate.per_second.into()));
        self.at = now;
        let room = u64::from(rate.burst) * ONE;
        if self.missing + ONE > room {
            // A rate that became smaller must not be owed for.
            self.missing = self.missing.min(room);
            return false;
        }
        self.missing += ONE;
        true
    }
}
