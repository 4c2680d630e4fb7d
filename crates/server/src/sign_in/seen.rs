//! Who was seen lately with a token of a work account: such a token is its own sign-in, at each request anew, and the audit
//! log gets a line when its person comes, and one an hour while they stay.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use store::AccountOf;

/// How long somebody has come, with one line.
const COME: Duration = Duration::from_secs(3_600);
/// People that are remembered at most.
const MOST: usize = 20_000;

/// Who came lately.
#[derive(Default)]
pub struct Seen {
    since: BTreeMap<AccountOf, Instant>,
}

impl Seen {
    /// Somebody is there. Whether they come just now, so that a line is to be written.
    pub fn comes(&mut self, of: AccountOf, now: Instant) -> bool {
        let is_there = |since: &Instant| now.saturating_duration_since(*since) < COME;
        if self.since.get(&of).is_some_and(is_there) {
            return false;
        }
        if self.since.len() >= MOST {
            self.since.retain(|_, since| is_there(since));
        }
        // More people than that within an hour: they are written down once more.
        if self.since.len() >= MOST {
            self.since.clear();
        }
        self.since.insert(of, now);
        true
    }

    /// The line could not be written.
    pub fn forget(&mut self, of: AccountOf) {
        self.since.remove(&of);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::TenantId;

    #[test]
    fn a_line_when_somebody_comes_and_one_an_hour_while_they_stay() {
        let (mut seen, now) = (Seen::default(), Instant::now());
        let of = (TenantId(1), 7);
        let after = |minutes: u64| now + Duration::from_secs(60 * minutes);
        let lines: Vec<bool> = [0, 1, 59, 60, 61, 119, 120].map(|m| seen.comes(of, after(m))).into();
        assert_eq!(lines, [true, false, false, true, false, false, true]);
        assert!(seen.comes((TenantId(2), 7), after(120)), "another tenant's");
        seen.forget(of);
        assert!(seen.comes(of, after(121)));
    }

    #[test]
    fn no_more_people_are_remembered_than_there_is_room_for() {
        let (mut seen, now) = (Seen::default(), Instant::now());
        for user in 0..MOST as u32 + 10 {
            assert!(seen.comes((TenantId(1), user), now));
        }
        assert!(seen.since.len() <= MOST);
    }
}
