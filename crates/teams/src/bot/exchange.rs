//! Sign-ins that the bot asked for in a conversation, until a person's own client brings a token: in memory, for a short time.

use crate::time::Time;
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

/// How long a token is waited for: people may have to ask an administrator to consent.
const LIFE: Duration = Duration::from_secs(15 * 60);
/// Sign-ins that are waited for. More are more than a moment's work: the oldest is forgotten.
const MOST: usize = 1_000;

/// A sign-in that was asked for.
#[derive(Clone, Debug)]
struct Wanted {
    person: String,
    room: String,
    objects: Vec<String>,
    until: Time,
    done: bool,
}

/// What a token is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Exchanged {
    /// To show the numbers of these people, by their object ids.
    Show(Vec<String>),
    /// Nothing more: another of the person's clients was faster.
    Done,
    /// Nothing: it was not asked for, is too old, or was asked of somebody else.
    Unknown,
}

/// Sign-ins that were asked for.
#[derive(Debug, Default)]
pub struct Exchanges {
    wanted: BTreeMap<String, Wanted>,
    order: VecDeque<String>,
}

impl Exchanges {
    /// Somebody was asked to sign in, to see the numbers of these people; `id` names the request.
    pub fn ask(&mut self, now: Time, id: &str, person: &str, room: &str, objects: Vec<String>) {
        let until = now.plus(LIFE);
        let wanted = Wanted { person: person.into(), room: room.into(), objects, until, done: false };
        if self.wanted.insert(id.into(), wanted).is_none() {
            self.order.push_back(id.into());
        }
        while self.order.len() > MOST || self.oldest_is_over(now) {
            if let Some(old) = self.order.pop_front() {
                self.wanted.remove(&old);
            }
        }
    }

    /// Forgets what was asked for longer ago than this, whoever is still waited for.
    pub fn forget(&mut self, now: Time, kept: Duration) {
        let shorter = LIFE.saturating_sub(kept);
        while self.oldest_is_over(now.plus(shorter)) {
            if let Some(old) = self.order.pop_front() {
                self.wanted.remove(&old);
            }
        }
    }

    /// How many are waited for.
    pub fn len(&self) -> usize {
        self.wanted.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    fn oldest_is_over(&self, now: Time) -> bool {
        self.order.front().and_then(|id| self.wanted.get(id)).is_some_and(|w| now >= w.until)
    }

    /// What a token is for that somebody brings in a conversation. A group's clients all bring theirs: only that of whoever
    /// was asked counts.
    pub fn look(&self, now: Time, id: &str, person: &str, room: &str) -> Exchanged {
        match self.wanted.get(id) {
            Some(w) if w.person == person && w.room == room && now < w.until => match w.done {
                true => Exchanged::Done,
                false => Exchanged::Show(w.objects.clone()),
            },
            _ => Exchanged::Unknown,
        }
    }

    /// It was done.
    pub fn done(&mut self, id: &str) {
        if let Some(w) = self.wanted.get_mut(id) {
            w.done = true;
            w.objects.clear();
        }
    }

    /// Whose numbers somebody still waits for in a conversation: of the newest request that is not done. It is taken, so
    /// that it can be asked for anew, once.
    pub fn take_open(&mut self, now: Time, person: &str, room: &str) -> Option<Vec<String>> {
        let id = self.order.iter().rev().find(|id| {
            self.wanted
                .get(*id)
                .is_some_and(|w| !w.done && w.person == person && w.room == room && now < w.until)
        });
        let id = id?.clone();
        let objects = self.wanted.get(&id).map(|w| w.objects.clone());
        self.done(&id);
        objects
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(id: usize) -> Vec<String> {
        vec![format!("person-{id}")]
    }

    #[test]
    fn it_forgets_by_itself_and_sooner_where_that_is_wanted() {
        let mut e = Exchanges::default();
        e.ask(Time::from_secs(1_000), "a", "ann", "19:c", one(1));
        e.forget(Time::from_secs(1_000 + 59), Duration::from_secs(60));
        assert_eq!(e.len(), 1);
        e.forget(Time::from_secs(1_000 + 60), Duration::from_secs(60));
        assert!(e.is_empty());
        e.ask(Time::from_secs(2_000), "a", "ann", "19:c", one(1));
        e.forget(Time::from_secs(2_000 + 15 * 60 - 1), Duration::from_secs(24 * 3_600));
        assert_eq!(e.len(), 1);
        e.forget(Time::from_secs(2_000 + 15 * 60), Duration::from_secs(24 * 3_600));
        assert!(e.is_empty());
    }

    #[test]
    fn a_token_counts_once_for_whoever_was_asked_there() {
        let mut e = Exchanges::default();
        let (now, late) = (Time::from_secs(1_000), Time::from_secs(1_000 + 15 * 60));
        e.ask(now, "a", "ann", "19:c", one(1));
        assert_eq!(e.look(now, "a", "ann", "19:c"), Exchanged::Show(one(1)));
        for (id, who, room, at) in [
            ("b", "ann", "19:c", now),
            ("a", "bob", "19:c", now),
            ("a", "ann", "19:d", now),
            ("a", "ann", "19:c", late),
        ] {
            assert_eq!(e.look(at, id, who, room), Exchanged::Unknown, "{id} {who} {room}");
        }
        e.done("a");
        assert_eq!(e.look(now, "a", "ann", "19:c"), Exchanged::Done);
        assert_eq!(e.take_open(now, "ann", "19:c"), None);
    }

    #[test]
    fn what_waits_for_consent_is_asked_for_once_more() {
        let mut e = Exchanges::default();
        let now = Time::from_secs(1_000);
        e.ask(now, "a", "ann", "19:c", one(1));
        e.ask(now, "b", "ann", "19:c", one(2));
        e.ask(now, "c", "bob", "19:c", one(3));
        assert_eq!(e.take_open(now, "ann", "19:c"), Some(one(2)));
        assert_eq!(e.take_open(now, "ann", "19:c"), Some(one(1)));
        assert_eq!(e.take_open(now, "ann", "19:c"), None);
        assert_eq!(e.look(now, "b", "ann", "19:c"), Exchanged::Done);
    }

    #[test]
    fn no_more_are_kept_than_may_be_and_none_too_long() {
        let mut e = Exchanges::default();
        for n in 0..2 * MOST {
            e.ask(Time::from_secs(1), &n.to_string(), "ann", "19:c", one(n));
        }
        assert_eq!((e.wanted.len(), e.order.len()), (MOST, MOST));
        e.ask(Time::from_secs(10_000), "new", "ann", "19:c", one(0));
        assert_eq!((e.wanted.len(), e.order.len()), (1, 1));
    }
}
