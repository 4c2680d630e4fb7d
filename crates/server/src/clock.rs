//! The clock of the process: monotonic, anchored to the wall once, and led back to it gently.
//!
//! A wall clock may jump: set by hand, by NTP, or with a virtual machine. Calls must not notice, so time here always goes
//! forward at its own pace. When the wall is found to be elsewhere, the difference is taken up by at most one part in
//! a thousand. Only while no call is open is a difference of more than a minute taken at once, and only forward.

use crate::adapt::Now;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often the wall is looked at.
const LOOK: Duration = Duration::from_secs(30);
/// A difference that is taken up at once, in milliseconds.
const JUMP_MS: i64 = 60_000;

/// The clock. One thread owns it.
pub struct Clock {
    began: Instant,
    steering: Steering,
    looked: Instant,
}

/// The arithmetic of the clock, without a clock: microseconds go in.
#[derive(Clone, Debug)]
pub struct Steering {
    /// Wall time at which `at` was, in microseconds since 1970.
    anchor: i64,
    at: u64,
    /// What is still to be taken up, in microseconds.
    owed: i64,
    last: u64,
}

impl Steering {
    /// Anchored to the wall, but never before `not_before` (milliseconds since 1970): the last event of the journal.
    pub fn new(mono: u64, wall_us: i64, not_before_ms: u64) -> Steering {
        let anchor = wall_us.max((not_before_ms as i64 + 1) * 1_000);
        Steering { anchor, at: mono, owed: 0, last: 0 }
    }

    /// Milliseconds since 1970, never less than before.
    pub fn now_ms(&mut self, mono: u64) -> u64 {
        let passed = mono.saturating_sub(self.at) as i64;
        let taken = self.owed.signum() * (passed / 1_000).min(self.owed.abs());
        let now = (self.anchor + passed + taken).max(0) as u64 / 1_000;
        self.last = self.last.max(now);
        self.last
    }

    /// The wall was looked at. Gives the difference in milliseconds if it is one to tell people of.
    pub fn look(&mut self, mono: u64, wall_us: i64, idle: bool) -> Option<i64> {
        let now = self.now_ms(mono) as i64 * 1_000;
        let off = wall_us - now;
        self.anchor = now;
        self.at = mono;
        self.owed = off;
        if idle && off / 1_000 > JUMP_MS {
            self.anchor = wall_us;
            self.owed = 0;
        }
        (off.abs() / 1_000 > 1_000).then_some(off / 1_000)
    }
}

fn wall_us() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros() as i64)
}

impl Clock {
    /// A clock that does not go behind `not_before`.
    pub fn new(began: Instant, not_before: engine::Time) -> Clock {
        let mono = began.elapsed().as_micros() as u64;
        Clock { began, steering: Steering::new(mono, wall_us(), not_before.0), looked: Instant::now() }
    }

    /// The time.
    pub fn now(&mut self) -> Now {
        let mono = self.began.elapsed().as_micros() as u64;
        Now { mono, wall: engine::Time(self.steering.now_ms(mono)) }
    }

    /// Looks at the wall, now and then. `idle`: no call is open, so a jump disturbs nobody.
    pub fn look(&mut self, idle: bool) {
        if self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = Instant::now();
        let mono = self.began.elapsed().as_micros() as u64;
        if let Some(off_ms) = self.steering.look(mono, wall_us(), idle) {
            tracing::warn!(
                event = "clock_stepped",
                off_ms,
                "the clock of this machine jumped; calls go on undisturbed"
            );
        }
    }
}

/// Milliseconds since 1970 by the wall, for what has no clock of its own.
pub fn wall_ms() -> u64 {
    wall_us().max(0) as u64 / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000;

    #[test]
    fn time_never_goes_back_whatever_the_wall_does() {
        let mut c = Steering::new(0, 1_000 * S, 0);
        let (mut mono, mut last) = (0u64, c.now_ms(0));
        let mut wall = 1_000 * S;
        for step in 0..2_000i64 {
            mono += 1_000_000;
            wall += S;
            // The wall jumps about: back an hour, forward ten minutes, back two seconds.
            wall += match step {
                300 => -3_600 * S,
                900 => 600 * S,
                1_200 => -2 * S,
                _ => 0,
            };
            if step % 30 == 0 {
                c.look(mono, wall, step % 60 == 0);
            }
            let now = c.now_ms(mono);
            assert!(now >= last, "step {step}");
            last = now;
        }
    }

    #[test]
    fn a_small_difference_is_taken_up_slowly_and_wholly() {
        let mut c = Steering::new(0, 1_000 * S, 0);
        assert_eq!(c.look(0, 1_000 * S + 20_000, true), None);
        assert_eq!(c.now_ms(10_000_000), 1_010_010);
        assert_eq!(c.now_ms(60_000_000), 1_060_020);
    }

    #[test]
    fn it_does_not_begin_before_the_journal_ends() {
        let mut c = Steering::new(5, 1_000 * S, 2_000_000);
        assert_eq!(c.now_ms(5), 2_000_001);
    }

    #[test]
    fn people_are_told_of_jumps_only() {
        let mut c = Steering::new(0, 1_000 * S, 0);
        assert_eq!(c.look(S as u64, 1_001 * S + 5_000, true), None);
        assert_eq!(c.look(2 * S as u64, 2_000 * S, true).map(|ms| ms / 1_000), Some(997));
    }

    #[test]
    fn a_jump_forward_waits_while_calls_are_open() {
        let mut c = Steering::new(0, 1_000 * S, 0);
        c.look(0, 5_000 * S, false);
        assert!(c.now_ms(1_000_000) < 1_002_000, "no timer of a call falls due by it");
        c.look(S as u64, 5_001 * S, true);
        assert_eq!(c.now_ms(S as u64), 5_001_000);
    }
}
