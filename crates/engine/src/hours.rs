//! Opening hours: local time from UTC, days of the week, special days, and when it opens next.
//!
//! The door turns a time zone into the list of its offsets, so that nothing here needs the zone database, and what was
//! decided can be decided again years later with the offsets of that day.

use crate::ids::HoursId;
use crate::timers::Time;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

const MINUTE: i64 = 60_000;
const DAY: i64 = 1_440 * MINUTE;

/// Opening hours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoursConfig {
    /// Which.
    pub id: HoursId,
    /// From when on local time is ahead of UTC by how many seconds; in rising order, the first from 0 on.
    pub offsets: Vec<(Time, i32)>,
    /// When it is open in the week: minutes of the day from and to (at most 1440), for Monday (0) to Sunday (6).
    pub week: [Vec<(u16, u16)>; 7],
    /// Days that differ, by local date, in rising order.
    pub special: Vec<SpecialDay>,
}

/// A day with hours of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecialDay {
    /// Local date, in days since 1 January 1970.
    pub day: i32,
    /// When it is open; never, if empty.
    pub open: Vec<(u16, u16)>,
    /// Whether it is a holiday, for flows that say so.
    pub holiday: bool,
}

// How far local time is ahead of UTC, in milliseconds.
fn offset(offsets: &[(Time, i32)], at: Time) -> i64 {
    let n = offsets.partition_point(|(from, _)| *from <= at);
    n.checked_sub(1).and_then(|n| offsets.get(n)).map_or(0, |(_, s)| i64::from(*s) * 1_000)
}

/// Local date in days since 1970, and milliseconds of that day.
pub(crate) fn local(offsets: &[(Time, i32)], at: Time) -> (i32, i64) {
    let local = at.0 as i64 + offset(offsets, at);
    (local.div_euclid(DAY) as i32, local.rem_euclid(DAY))
}

impl HoursConfig {
    fn offset(&self, at: Time) -> i64 {
        offset(&self.offsets, at)
    }

    fn local(&self, at: Time) -> (i32, i64) {
        local(&self.offsets, at)
    }

    fn special(&self, day: i32) -> Option<&SpecialDay> {
        self.special.binary_search_by_key(&day, |s| s.day).ok().and_then(|n| self.special.get(n))
    }

    fn ranges(&self, day: i32) -> &[(u16, u16)] {
        match self.special(day) {
            Some(special) => &special.open,
            // 1 January 1970 was a Thursday.
            None => &self.week[(day + 3).rem_euclid(7) as usize],
        }
    }

    /// Whether it is open.
    pub fn is_open(&self, at: Time) -> bool {
        let (day, ms) = self.local(at);
        self.ranges(day)
            .iter()
            .any(|(from, to)| (i64::from(*from) * MINUTE..i64::from(*to) * MINUTE).contains(&ms))
    }

    /// Whether it is a holiday there.
    pub fn is_holiday(&self, at: Time) -> bool {
        self.special(self.local(at).0).is_some_and(|s| s.holiday)
    }

    /// When it is open next: `at` itself if it is; `None` if not within a year.
    pub fn next_open(&self, at: Time) -> Option<Time> {
        if self.is_open(at) {
            return Some(at);
        }
        let (today, _) = self.local(at);
        for day in today..today + 367 {
            // A change of the clock may shift an opening, so what local time says is looked up again as UTC.
            let opens = self.ranges(day).iter().filter_map(|(from, _)| {
                let local = i64::from(day) * DAY + i64::from(*from) * MINUTE;
                let guess = Time((local - self.offset(at)).max(0) as u64);
                let exact = Time((local - self.offset(guess)).max(0) as u64);
                // In the hour that a change of the clock leaves out, it opens when the hour is over.
                let found = [exact, exact.plus(3_600_000)].into_iter().find(|t| self.is_open(*t));
                found.filter(|t| *t > at)
            });
            if let Some(first) = opens.min() {
                return Some(first);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Berlin around the changes of 2026: 29 March 01:00 UTC forward, 25 October 01:00 UTC back.
    fn berlin() -> HoursConfig {
        let mut week: [Vec<(u16, u16)>; 7] = Default::default();
        for day in &mut week[..5] {
            *day = alloc::vec![(9 * 60, 12 * 60), (13 * 60, 17 * 60)];
        }
        week[6] = alloc::vec![(150, 240)];
        HoursConfig {
            id: HoursId(1),
            offsets: alloc::vec![
                (Time(0), 3_600),
                (Time(1_774_746_000_000), 7_200),
                (Time(1_792_890_000_000), 3_600),
            ],
            week,
            special: alloc::vec![SpecialDay { day: 20_579, open: Vec::new(), holiday: true }],
        }
    }

    #[test]
    fn local_time_follows_the_change_of_the_clock() {
        let h = berlin();
        // Monday 30 March 2026, 07:00 UTC is 09:00 in summer; the Monday before it was 08:00 there.
        assert!(h.is_open(Time(1_774_854_000_000)));
        assert!(!h.is_open(Time(1_774_854_000_000 - 1)));
        assert!(!h.is_open(Time(1_774_854_000_000 - 7 * 86_400_000)));
        assert!(h.is_open(Time(1_774_854_000_000 - 7 * 86_400_000 + 3_600_000)));
    }

    #[test]
    fn the_break_at_noon_is_closed_and_a_holiday_is_closed() {
        let h = berlin();
        let noon = Time(1_774_854_000_000 + 3 * 3_600_000);
        assert!(!h.is_open(noon));
        assert_eq!(h.next_open(noon), Some(noon.plus(3_600_000)));
        let holiday = Time(20_579 * 86_400_000 + 8 * 3_600_000);
        assert!(h.is_holiday(holiday) && !h.is_open(holiday));
    }

    #[test]
    fn an_opening_in_the_hour_that_does_not_exist_is_found() {
        let h = berlin();
        // Sunday 29 March 2026: 02:00 to 03:00 does not exist; open from 02:30, so from 03:00 on, which is 01:00 UTC.
        let before = Time(1_774_746_000_000 - 3_600_000);
        let opens = h.next_open(before).expect("it opens that day");
        assert!(h.is_open(opens));
        assert_eq!(opens.0 / 86_400_000, before.0 / 86_400_000);
    }

    #[test]
    fn hours_that_never_open_never_do() {
        let h = HoursConfig { id: HoursId(1), ..HoursConfig::default() };
        assert_eq!(h.next_open(Time(1_774_746_000_000)), None);
    }
}
