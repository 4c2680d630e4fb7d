//! What waits to be worked on: bounded, in order, and one after the other within a conversation.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use teams::bot::Activity;

/// Activities that wait, at most.
const MOST: usize = 1_000;
/// Activities of one conversation that wait, at most: who writes faster is not heard.
const OF_ONE: usize = 4;

/// What became of an activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// It is worked on.
    Taken,
    /// It came before.
    Again,
    /// Too much waits.
    Full,
}

#[derive(Default)]
struct Waiting {
    list: VecDeque<Activity>,
    /// How many of each conversation wait or are worked on, and whether one is.
    rooms: BTreeMap<String, (usize, bool)>,
    closed: bool,
}

/// The queue.
#[derive(Default)]
pub struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// One more.
    pub fn put(&self, activity: Activity) -> Admitted {
        let mut w = self.lock();
        let room = activity.conversation.room().to_string();
        let held = w.rooms.get(&room).map_or(0, |r| r.0);
        if w.closed || w.list.len() >= MOST || held >= OF_ONE {
            return Admitted::Full;
        }
        w.rooms.entry(room).or_default().0 += 1;
        w.list.push_back(activity);
        self.changed.notify_one();
        Admitted::Taken
    }

    /// The next one; waits for it. Nothing when the queue is closed.
    pub fn take(&self) -> Option<Activity> {
        let mut w = self.lock();
        loop {
            if w.closed {
                return None;
            }
            let free = |a: &Activity| w.rooms.get(a.conversation.room()).is_none_or(|r| !r.1);
            let next = w.list.iter().position(free);
            if let Some(activity) = next.and_then(|at| w.list.remove(at)) {
                if let Some(room) = w.rooms.get_mut(activity.conversation.room()) {
                    room.1 = true;
                }
                return Some(activity);
            }
            w = self.changed.wait(w).unwrap_or_else(|e| e.into_inner());
        }
    }

    /// One that was taken is done.
    pub fn done(&self, activity: &Activity) {
        let mut w = self.lock();
        let room = activity.conversation.room();
        if let Some(held) = w.rooms.get_mut(room) {
            *held = (held.0.saturating_sub(1), false);
            if held.0 == 0 {
                w.rooms.remove(room);
            }
        }
        self.changed.notify_all();
    }

    /// Nothing is taken any more.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits, unless the queue is closed meanwhile; says whether it still is open.
    pub fn pause(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut w = self.lock();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if w.closed || left.is_zero() {
                return !w.closed;
            }
            w = self.changed.wait_timeout(w, left).unwrap_or_else(|e| e.into_inner()).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn activity(room: &str) -> Activity {
        let body = json!({"type": "message", "serviceUrl": "https://x", "conversation": {"id": room}, "from": {"id": "29:a"}});
        Activity::read(body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn one_conversation_takes_neither_all_places_nor_two_threads() {
        let q = Queue::default();
        for _ in 0..OF_ONE {
            assert_eq!(q.put(activity("a;messageid=1")), Admitted::Taken);
        }
        assert_eq!(q.put(activity("a")), Admitted::Full);
        assert_eq!(q.put(activity("b")), Admitted::Taken);
        let first = q.take().unwrap();
        assert_eq!(q.take().unwrap().conversation.id, "b", "a is being worked on");
        q.done(&first);
        assert_eq!(q.take().unwrap().conversation.room(), "a");
        q.close();
        assert!(q.take().is_none() && !q.pause(Duration::from_secs(100)));
        assert_eq!(q.put(activity("c")), Admitted::Full);
    }
}
