//! Calls per second.

/// How many calls may begin in a second: a bucket that holds one second's worth.
#[derive(Clone, Debug)]
pub struct Pace {
    per_second: u32,
    // Thousandths of a call that may begin, at the time below in milliseconds.
    left: u64,
    at: u64,
}

impl Pace {
    /// Full at this time, in milliseconds.
    pub fn new(per_second: u32, now: u64) -> Pace {
        Pace { per_second, left: u64::from(per_second) * 1_000, at: now }
    }

    fn left_at(&self, now: u64) -> u64 {
        let most = u64::from(self.per_second) * 1_000;
        let grown = now.saturating_sub(self.at).saturating_mul(u64::from(self.per_second));
        self.left.saturating_add(grown).min(most)
    }

    /// Whether a call may begin.
    pub fn may_begin(&self, now: u64) -> bool {
        self.left_at(now) >= 1_000
    }

    /// A call began.
    pub fn began(&mut self, now: u64) {
        self.left = self.left_at(now).saturating_sub(1_000);
        self.at = self.at.max(now);
    }
}
