//! Every timer of this room, and how long each waits (RFC 3261 section 17 and table 4, RFC 6026).
//!
//! There are few different waits, and those of one length fall due in the order they were set: a queue for each
//! length is the whole list, and setting or meeting a timer costs the same whatever their number.

use crate::slots::Key;
use crate::time::Time;
use core::time::Duration;
use std::collections::VecDeque;

/// T1, the estimate of a round trip.
pub(crate) const T1: Duration = Duration::from_millis(500);
/// T2, the longest interval between repetitions.
pub(crate) const T2: Duration = Duration::from_secs(4);

/// What a timer is for. The letters are those of RFC 3261.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Timer {
    /// Client INVITE: repeat the request (unreliable transport only).
    A,
    /// Client INVITE: nobody answered.
    B,
    /// Client INVITE: stop absorbing repeated final answers.
    D,
    /// Client INVITE accepted: stop taking 2xx (RFC 6026).
    M,
    /// Client, other methods: repeat the request.
    E,
    /// Client, other methods: nobody answered.
    F,
    /// Client, other methods: stop absorbing repeated answers.
    K,
    /// Server INVITE: repeat the final answer.
    G,
    /// Server INVITE: no ACK came.
    H,
    /// Server INVITE: stop absorbing repeated ACKs.
    I,
    /// Server INVITE accepted: stop absorbing repeated INVITEs (RFC 6026).
    L,
    /// Server, other methods: stop repeating the answer.
    J,
    /// Call: repeat our 2xx until its ACK comes (RFC 3261 section 13.3.1.4).
    Ok,
    /// Call: no ACK for our 2xx.
    NoAck,
    /// Call: no final answer after CANCEL (RFC 3261 section 9.1).
    Cancelled,
    /// Client re-INVITE, or an INVITE that was cancelled: a provisional answer and nothing more. The call may be gone
    /// by then on either side, and with it whoever would repeat the answer or wait for it.
    Unanswered,
    /// Server, REGISTER: the caller of this room did not answer it.
    Unattended,
    /// Call: rings without an end; a proxy's timer C, here as the last guard.
    Ringing,
    /// Call of theirs: repeat our provisional answer (RFC 3261 section 13.3.1.1).
    StillRings,
}

/// How long a timer waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wait {
    /// `T1 << n` for n in 0..=5: half a second to 16 seconds.
    T1Times(u8),
    /// T4, five seconds: how long a message may stay in the network.
    T4,
    /// 64 T1, 32 seconds.
    Long,
    /// A minute: proxies give a call up that rings for three without a word, and connections are closed that are silent for
    /// two.
    Minute,
    /// Five minutes, beyond any ring time a queue may have.
    Guard,
}

const CLASSES: usize = 10;

impl Wait {
    fn class(self) -> usize {
        match self {
            Wait::T1Times(n) => n.min(5) as usize,
            Wait::T4 => 6,
            Wait::Long => 7,
            Wait::Guard => 8,
            Wait::Minute => 9,
        }
    }

    pub(crate) fn duration(self) -> Duration {
        match self {
            Wait::T1Times(n) => T1 * (1 << n.min(5)),
            Wait::T4 => Duration::from_secs(5),
            Wait::Long => T1 * 64,
            Wait::Minute => Duration::from_secs(60),
            Wait::Guard => Duration::from_secs(300),
        }
    }

    /// The next wait of a repetition that doubles up to T2.
    pub(crate) fn doubled_to_t2(self) -> Wait {
        match self {
            Wait::T1Times(n) if T1 * (1 << (n + 1)) <= T2 => Wait::T1Times(n + 1),
            w => w,
        }
    }

    /// The next wait of a repetition that doubles without bound (timer A).
    pub(crate) fn doubled(self) -> Wait {
        match self {
            Wait::T1Times(n) => Wait::T1Times((n + 1).min(5)),
            w => w,
        }
    }
}

/// A timer that fell due: whose, and which.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    pub(crate) timer: Timer,
    pub(crate) owner: Key,
}

#[derive(Default)]
pub(crate) struct Timers {
    classes: [VecDeque<(Time, Due)>; CLASSES],
}

impl Timers {
    pub(crate) fn set(&mut self, now: Time, timer: Timer, wait: Wait, owner: Key) {
        self.classes[wait.class()].push_back((now + wait.duration(), Due { timer, owner }));
    }

    /// The next timer due by `now`. It may be one whose owner has gone on: the owner's state says whether it counts.
    pub(crate) fn pop(&mut self, now: Time) -> Option<Due> {
        let class = self.earliest()?;
        if self.classes[class].front()?.0 > now {
            return None;
        }
        self.classes[class].pop_front().map(|(_, due)| due)
    }

    /// When the next timer that still counts is due. Those that no longer count are let go on the way.
    pub(crate) fn deadline(&mut self, counts: impl Fn(&Due) -> bool) -> Option<Time> {
        for class in &mut self.classes {
            while class.front().is_some_and(|(_, due)| !counts(due)) {
                class.pop_front();
            }
        }
        self.earliest().and_then(|c| self.classes[c].front()).map(|(at, _)| *at)
    }

    fn earliest(&self) -> Option<usize> {
        (0..CLASSES).filter_map(|c| self.classes[c].front().map(|(at, _)| (*at, c))).min().map(|(_, c)| c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fall_due_in_order_across_classes() {
        let mut t = Timers::default();
        let owner = Key { index: 1, turn: 0 };
        t.set(Time(0), Timer::B, Wait::Long, owner);
        t.set(Time(0), Timer::A, Wait::T1Times(0), owner);
        t.set(Time(0), Timer::K, Wait::T4, owner);
        assert_eq!(t.deadline(|_| true), Some(Time(500_000)));
        assert!(t.pop(Time(499_999)).is_none());
        let order: Vec<_> = std::iter::from_fn(|| t.pop(Time(u64::MAX)).map(|d| d.timer)).collect();
        assert_eq!(order, [Timer::A, Timer::K, Timer::B]);
    }

    #[test]
    fn one_that_no_longer_counts_wakes_nobody() {
        let mut t = Timers::default();
        t.set(Time(0), Timer::A, Wait::T1Times(0), Key { index: 1, turn: 0 });
        t.set(Time(0), Timer::F, Wait::Long, Key { index: 2, turn: 0 });
        assert_eq!(t.deadline(|d| d.timer != Timer::A), Some(Time(32_000_000)));
    }
}
