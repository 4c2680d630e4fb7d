//! What the bot remembers, in memory only and for a bounded time: which activities came, where the bot may not write, and
//! who is in a conversation.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use teams::Time;
use teams::bot::{Activity, Member};

/// Activities that are known again.
const MOST_ACTIVITIES: usize = 20_000;
/// How long an activity is known again: longer than the Bot Connector tries.
const AGAIN: Duration = Duration::from_secs(600);
/// Conversations whose people are remembered.
const MOST_ROOMS: usize = 200;
/// How long the people of a conversation are taken as they were.
const PEOPLE: Duration = Duration::from_secs(60);
/// Conversations that are remembered as blocked.
const MOST_BLOCKED: usize = 10_000;

/// People of a conversation, and when they were read.
type People = (Time, Arc<Vec<Member>>);

/// The memory.
pub struct Memory {
    kept: Duration,
    activities: BTreeSet<(String, String)>,
    order: VecDeque<(Time, (String, String))>,
    rooms: BTreeMap<String, People>,
    blocked: BTreeMap<String, Time>,
}

impl Memory {
    /// Forgets what is older than this.
    pub fn new(kept: Duration) -> Memory {
        Memory {
            kept,
            activities: BTreeSet::new(),
            order: VecDeque::new(),
            rooms: BTreeMap::new(),
            blocked: BTreeMap::new(),
        }
    }

    /// How long it keeps anything, at most.
    pub fn kept(&self) -> Duration {
        self.kept
    }

    /// How many activities, conversations with their people, and blocked conversations it holds.
    pub fn sizes(&self) -> (usize, usize, usize) {
        (self.activities.len(), self.rooms.len(), self.blocked.len())
    }

    /// Forgets what is old.
    pub fn forget(&mut self, now: Time) {
        let (again, people) = (AGAIN.min(self.kept), PEOPLE.min(self.kept));
        while self
            .order
            .front()
            .is_some_and(|(at, _)| now.since(*at) >= again || self.order.len() > MOST_ACTIVITIES)
        {
            let Some((_, old)) = self.order.pop_front() else { break };
            self.activities.remove(&old);
        }
        self.rooms.retain(|_, (at, _)| now.since(*at) < people);
        self.blocked.retain(|_, at| now.since(*at) < self.kept);
    }

    /// Whether an activity came before; from now on it did. One without an id never did.
    pub fn came_before(&mut self, now: Time, activity: &Activity) -> bool {
        self.forget(now);
        let Some(id) = activity.id.clone() else { return false };
        let key = (activity.conversation.id.clone(), id);
        if !self.activities.insert(key.clone()) {
            return true;
        }
        self.order.push_back((now, key));
        false
    }

    /// An activity, by its conversation and id, was not taken after all.
    pub fn never_came(&mut self, key: &(String, String)) {
        if self.activities.remove(key)
            && let Some(at) = self.order.iter().rposition(|(_, k)| k == key)
        {
            self.order.remove(at);
        }
    }

    /// The people of a conversation, if they were read a short while ago.
    pub fn people(&mut self, now: Time, room: &str) -> Option<Arc<Vec<Member>>> {
        self.forget(now);
        self.rooms.get(room).map(|(_, people)| people.clone())
    }

    /// The people of a conversation were read.
    pub fn put_people(&mut self, now: Time, room: &str, people: Arc<Vec<Member>>) {
        if self.rooms.len() >= MOST_ROOMS && !self.rooms.contains_key(room) {
            let oldest = self.rooms.iter().min_by_key(|(_, (at, _))| *at).map(|(k, _)| k.clone());
            oldest.map(|k| self.rooms.remove(&k));
        }
        self.rooms.insert(room.into(), (now, people));
    }

    /// The people of a conversation changed, or the bot left it.
    pub fn forget_people(&mut self, room: &str) {
        self.rooms.remove(room);
    }

    /// Whether the bot may write nothing there.
    pub fn is_blocked(&self, room: &str) -> bool {
        self.blocked.contains_key(room)
    }

    /// The bot may write nothing there, or it may again.
    pub fn set_blocked(&mut self, now: Time, room: &str, blocked: bool) {
        if blocked && self.blocked.len() < MOST_BLOCKED {
            self.blocked.insert(room.into(), now);
        } else if !blocked {
            self.blocked.remove(room);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn activity(id: &str) -> Activity {
        let body = json!({"type": "message", "id": id, "serviceUrl": "https://x", "conversation": {"id": "a"}, "from": {"id": "29:a"}});
        Activity::read(body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn what_came_is_known_for_a_while() {
        let mut m = Memory::new(Duration::from_secs(3_600));
        assert!(!m.came_before(Time(0), &activity("1")) && m.came_before(Time(1), &activity("1")));
        assert!(!m.came_before(Time(AGAIN.as_millis() as u64), &activity("1")));
        for n in 0..MOST_ACTIVITIES + 10 {
            m.came_before(Time(700_000), &activity(&format!("x{n}")));
        }
        assert!(m.activities.len() <= MOST_ACTIVITIES + 1 && m.activities.len() == m.order.len());
    }

    #[test]
    fn everything_is_forgotten_in_time() {
        let mut m = Memory::new(Duration::from_secs(120));
        m.put_people(Time(0), "a", Arc::default());
        m.set_blocked(Time(0), "a", true);
        m.came_before(Time(0), &activity("1"));
        assert!(m.people(Time(59_999), "a").is_some() && m.is_blocked("a"));
        m.forget(Time(120_000));
        assert!(m.rooms.is_empty() && m.blocked.is_empty() && m.activities.is_empty() && m.order.is_empty());
        for n in 0..MOST_ROOMS + 5 {
            m.put_people(Time(200_000), &n.to_string(), Arc::default());
        }
        assert_eq!(m.rooms.len(), MOST_ROOMS);
    }
}
