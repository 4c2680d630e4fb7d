//! Alarms of queues: a bound that a queue's configuration sets is crossed, or kept again.
//!
//! It is told the figures and the time, and gives what changed; it knows no clock and tells nobody.

use crate::tenant::AlarmRule;
use engine::{Queue, QueueId, Time};
use std::collections::{BTreeMap, VecDeque};

/// Over how long the service level is taken, in milliseconds.
const WINDOW_MS: u64 = 30 * 60_000;
/// Between two counts that are remembered for it.
const STEP_MS: u64 = 60_000;
/// Fewer callers than this in the window say nothing about a service level.
const FEWEST: u64 = 5;
/// How long a bound has to be kept before its alarm ends, in milliseconds: a queue that wavers is one alarm.
const CALM_MS: u64 = 5_000;

/// What is crossed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Callers who wait.
    Waiting,
    /// The wait of the first in line, in milliseconds.
    LongestWait,
    /// SL1 of the last half hour, in percent.
    ServiceLevel,
}

impl What {
    const ALL: [What; 3] = [What::Waiting, What::LongestWait, What::ServiceLevel];

    /// As the API names it.
    pub fn name(self) -> &'static str {
        match self {
            What::Waiting => "waiting",
            What::LongestWait => "longest-wait",
            What::ServiceLevel => "service-level",
        }
    }

    fn bound(self, rule: &AlarmRule) -> Option<u64> {
        match self {
            What::Waiting => rule.waiting,
            What::LongestWait => rule.longest_wait_ms,
            What::ServiceLevel => rule.service_level,
        }
    }
}

/// What there is to know of a queue at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Callers who wait.
    pub waiting: u64,
    /// When the first of them came.
    pub oldest: Option<Time>,
    /// Since the beginning: answered, answered within the threshold, abandoned, abandoned within it.
    pub counts: [u64; 4],
}

impl Figures {
    /// Those of a queue now.
    pub fn of(queue: &Queue) -> Figures {
        let c = &queue.counts;
        Figures {
            waiting: queue.waiting(),
            oldest: queue.oldest(),
            counts: [c.answered, c.answered_within, c.abandoned, c.abandoned_within],
        }
    }
}

/// An alarm that began or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Of which queue.
    pub queue: QueueId,
    /// Which bound.
    pub what: What,
    /// Whether it is crossed now.
    pub on: bool,
    /// Since when it is, or was.
    pub since: Time,
    /// What was found: callers, milliseconds or percent.
    pub value: u64,
    /// The bound.
    pub bound: u64,
}

/// The alarms of one tenant.
#[derive(Default)]
pub struct Alarms {
    on: BTreeMap<(QueueId, What), Ringing>,
    past: BTreeMap<QueueId, VecDeque<(Time, [u64; 4])>>,
}

struct Ringing {
    alarm: Alarm,
    /// Since when the bound is kept.
    calm: Option<Time>,
}

impl Alarms {
    /// Those that are on.
    pub fn on(&self) -> impl Iterator<Item = &Alarm> {
        self.on.values().map(|r| &r.alarm)
    }

    /// Looks at the queues that have bounds, and says what began and what ended.
    pub fn look(&mut self, now: Time, queues: &BTreeMap<QueueId, (AlarmRule, Figures)>) -> Vec<Alarm> {
        let mut changed = Vec::new();
        // A queue that is gone, or has this bound no more, has no alarm.
        self.on.retain(|(queue, what), ringing| {
            let stays = queues.get(queue).is_some_and(|(rule, _)| what.bound(rule).is_some());
            if !stays {
                changed.push(Alarm { on: false, ..ringing.alarm });
            }
            stays
        });
        self.past.retain(|queue, _| queues.get(queue).is_some_and(|(rule, _)| rule.service_level.is_some()));
        for (queue, (rule, figures)) in queues {
            for what in What::ALL {
                let Some(bound) = what.bound(rule) else { continue };
                let value = match what {
                    What::Waiting => Some(figures.waiting),
                    What::LongestWait => Some(figures.oldest.map_or(0, |t| now.since(t))),
                    What::ServiceLevel => self.level(*queue, figures.counts, now),
                };
                // Without a value nothing is known, and an alarm that is on stays.
                let Some(value) = value else { continue };
                let crossed = if what == What::ServiceLevel { value < bound } else { value > bound };
                changed.extend(self.found(*queue, what, crossed, value, bound, now));
            }
        }
        changed
    }

    fn found(
        &mut self,
        queue: QueueId,
        what: What,
        crossed: bool,
        value: u64,
        bound: u64,
        now: Time,
    ) -> Option<Alarm> {
        let key = (queue, what);
        let Some(ringing) = self.on.get_mut(&key) else {
            let alarm = Alarm { queue, what, on: true, since: now, value, bound };
            crossed.then(|| self.on.insert(key, Ringing { alarm, calm: None }));
            return crossed.then_some(alarm);
        };
        ringing.alarm = Alarm { value, bound, ..ringing.alarm };
        if crossed {
            ringing.calm = None;
            return None;
        }
        let calm = *ringing.calm.get_or_insert(now);
        if now.since(calm) < CALM_MS {
            return None;
        }
        let alarm = Alarm { on: false, ..ringing.alarm };
        self.on.remove(&key);
        Some(alarm)
    }

    /// SL1 of the window in percent, rounded down: answered within / (answered + abandoned − abandoned within).
    fn level(&mut self, queue: QueueId, counts: [u64; 4], now: Time) -> Option<u64> {
        let past = self.past.entry(queue).or_default();
        if past.back().is_none_or(|(t, _)| now.since(*t) >= STEP_MS) {
            past.push_back((now, counts));
        }
        while past.get(1).is_some_and(|(t, _)| now.since(*t) >= WINDOW_MS) {
            past.pop_front();
        }
        let before = past.front().map_or(counts, |(_, counts)| *counts);
        let [answered, within, abandoned, abandoned_within] = std::array::from_fn(|n| {
            counts.get(n).copied().unwrap_or(0).saturating_sub(before.get(n).copied().unwrap_or(0))
        });
        let of = (answered + abandoned).saturating_sub(abandoned_within);
        (of >= FEWEST).then(|| within * 100 / of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: QueueId = QueueId(1);

    fn look(
        alarms: &mut Alarms,
        at: u64,
        rule: AlarmRule,
        figures: Figures,
    ) -> Vec<(&'static str, bool, u64)> {
        let queues = [(QUEUE, (rule, figures))].into();
        alarms.look(Time(at), &queues).iter().map(|a| (a.what.name(), a.on, a.value)).collect()
    }

    #[test]
    fn an_alarm_begins_once_and_ends_when_it_is_calm() {
        let mut alarms = Alarms::default();
        let rule = AlarmRule { waiting: Some(2), ..AlarmRule::default() };
        let figures = |waiting| Figures { waiting, ..Figures::default() };
        let mut at = |seconds: u64, waiting| look(&mut alarms, seconds * 1_000, rule, figures(waiting));
        assert_eq!(at(0, 2), []);
        assert_eq!(at(1, 3), [("waiting", true, 3)]);
        assert_eq!(at(2, 5), [], "once");
        assert_eq!(at(3, 2), [], "not calm yet");
        assert_eq!(at(6, 3), [], "wavering");
        assert_eq!(at(7, 1), []);
        assert_eq!(at(11, 2), []);
        assert_eq!(at(12, 1), [("waiting", false, 1)]);
        assert_eq!(at(13, 3), [("waiting", true, 3)]);
    }

    #[test]
    fn the_first_in_line_waits_too_long() {
        let mut alarms = Alarms::default();
        let rule = AlarmRule { longest_wait_ms: Some(60_000), ..AlarmRule::default() };
        let figures = |oldest: Option<u64>| Figures { oldest: oldest.map(Time), ..Figures::default() };
        assert_eq!(look(&mut alarms, 60_000, rule, figures(Some(0))), []);
        assert_eq!(look(&mut alarms, 60_001, rule, figures(Some(0))), [("longest-wait", true, 60_001)]);
        assert_eq!(alarms.on().count(), 1);
        assert_eq!(
            look(&mut alarms, 61_000, AlarmRule::default(), figures(Some(0))),
            [("longest-wait", false, 60_001)]
        );
        assert_eq!(alarms.on().count(), 0, "the bound was taken away");
    }

    #[test]
    fn the_service_level_is_that_of_the_last_half_hour() {
        let mut alarms = Alarms::default();
        let rule = AlarmRule { service_level: Some(80), ..AlarmRule::default() };
        // A good week before does not count.
        let mut counts = [10_000, 10_000, 0, 0];
        let mut at = |minute: u64, counts: [u64; 4]| {
            look(&mut alarms, minute * 60_000, rule, Figures { counts, ..Figures::default() })
        };
        assert_eq!(at(0, counts), []);
        counts[0] += 4;
        assert_eq!(at(1, counts), [], "four callers say nothing");
        counts[2] += 1;
        assert_eq!(at(2, counts), [("service-level", true, 0)]);
        counts = [counts[0] + 20, counts[1] + 20, counts[2], counts[3]];
        assert_eq!(at(3, counts), [], "calm begins: 20 of 25");
        assert_eq!(at(4, counts), [("service-level", false, 80)]);
        assert_eq!(at(40, counts), [], "nobody for half an hour");
        counts[2] += 5;
        assert_eq!(at(41, counts), [("service-level", true, 0)]);
        counts[3] += 5;
        assert_eq!(at(42, counts), [], "who hangs up at once does not count: nothing is known");
    }
}
