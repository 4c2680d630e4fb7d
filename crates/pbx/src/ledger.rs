//! Calls that were asked for: the same click twice is one call, and nobody has two being set up at once.
//!
//! Kept in memory only. A call is remembered for a while after its end ([`REMEMBERED_MS`] where nobody says otherwise), so
//! that a repeated request gets the answer of the first one and rings nobody.

use crate::{Correlation, Progress, Time};
use redact::Secret;
use std::collections::BTreeMap;

/// The most calls that are remembered, of everybody. When all of them are under way, no further one begins.
pub const MOST_CALLS: usize = 20_000;
/// How long a call is remembered after its end.
pub const REMEMBERED_MS: u64 = 10 * 60_000;
/// How long one is remembered of which nothing more is heard.
const SILENT_MS: u64 = 24 * 3_600_000;
/// The most calls that one person begins in a minute.
pub const MOST_A_MINUTE: usize = 10;

/// What becomes of a request for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// It is new: originate it.
    New,
    /// It was asked for before: say how far that one is.
    Same,
    /// The id was used for a call to somebody else.
    Other,
    /// Another call of this person is being set up.
    Busy,
    /// This person began [`MOST_A_MINUTE`] calls within a minute.
    TooOften,
    /// [`MOST_CALLS`] are under way.
    Full,
}

struct Entry<V> {
    to: Secret<String>,
    progress: Progress,
    began: Time,
    changed: Time,
    value: V,
}

/// The calls of people `W`, each with what else is known of it.
pub struct Ledger<W, V> {
    calls: BTreeMap<(W, Correlation), Entry<V>>,
    /// How long a call is remembered after its end, in milliseconds.
    remembered: u64,
}

impl<W, V> Default for Ledger<W, V> {
    fn default() -> Ledger<W, V> {
        Ledger { calls: BTreeMap::new(), remembered: REMEMBERED_MS }
    }
}

impl<W: Clone + Ord, V> Ledger<W, V> {
    /// How long a call is remembered after its end from now on, in milliseconds; at least a minute, over which calls are
    /// counted.
    pub fn remember_for(&mut self, ms: u64) {
        self.remembered = ms.max(60_000);
    }

    /// The calls that have not ended as far as is known here, with what else is known of each.
    pub fn unfinished(&self) -> impl Iterator<Item = (&W, &Correlation, &V)> {
        let open = self.calls.iter().filter(|(_, e)| !e.progress.is_final());
        open.map(|((who, id), e)| (who, id, &e.value))
    }

    /// Somebody asks for a call. Anything but [`Begin::New`] leaves everything as it is.
    pub fn begin(&mut self, now: Time, who: &W, id: &Correlation, to: &Secret<String>, value: V) -> Begin {
        if let Some(known) = self.calls.get(&(who.clone(), id.clone())) {
            return if known.to == *to { Begin::Same } else { Begin::Other };
        }
        let mut recent = 0;
        for (_, entry) in self.of(who) {
            if entry.progress.is_being_set_up() {
                return Begin::Busy;
            }
            recent += usize::from(now.since(entry.began) < 60_000);
        }
        if recent >= MOST_A_MINUTE {
            return Begin::TooOften;
        }
        if self.calls.len() >= MOST_CALLS {
            self.forget(now);
            if self.calls.len() >= MOST_CALLS {
                return Begin::Full;
            }
        }
        let entry = Entry { to: to.clone(), progress: Progress::Asked, began: now, changed: now, value };
        self.calls.insert((who.clone(), id.clone()), entry);
        Begin::New
    }

    fn of<'a>(&'a self, who: &'a W) -> impl Iterator<Item = (&'a Correlation, &'a Entry<V>)> {
        let least = Correlation::least();
        self.calls
            .range((who.clone(), least)..)
            .take_while(move |((w, _), _)| w == who)
            .map(|((_, c), e)| (c, e))
    }

    /// The call of this person that is being set up.
    pub fn being_set_up<'a>(&'a self, who: &'a W) -> Option<(Correlation, &'a V)> {
        self.of(who).find(|(_, e)| e.progress.is_being_set_up()).map(|(c, e)| (c.clone(), &e.value))
    }

    /// How far a call is, and what else is known of it.
    pub fn look(&self, who: &W, id: &Correlation) -> Option<(Progress, &V)> {
        self.calls.get(&(who.clone(), id.clone())).map(|e| (e.progress, &e.value))
    }

    /// What else is known of a call, to be changed.
    pub fn value(&mut self, who: &W, id: &Correlation) -> Option<&mut V> {
        self.calls.get_mut(&(who.clone(), id.clone())).map(|e| &mut e.value)
    }

    /// A call went on. One that is over stays as it ended, and none goes back. Whether anything changed.
    pub fn went_on(&mut self, now: Time, who: &W, id: &Correlation, progress: Progress) -> bool {
        let Some(entry) = self.calls.get_mut(&(who.clone(), id.clone())) else { return false };
        if entry.progress.is_final() || progress <= entry.progress {
            return false;
        }
        (entry.progress, entry.changed) = (progress, now);
        true
    }

    /// A call never began, so its id may be used again.
    pub fn never_began(&mut self, who: &W, id: &Correlation) {
        self.calls.remove(&(who.clone(), id.clone()));
    }

    /// Forgets calls that ended long enough ago.
    pub fn forget(&mut self, now: Time) {
        self.calls.retain(|_, e| {
            now.since(e.changed) < if e.progress.is_final() { self.remembered } else { SILENT_MS }
        });
    }

    /// How many calls are remembered.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Over;

    fn id(text: &str) -> Correlation {
        Correlation::read(&format!("call-000{text}")).unwrap()
    }

    fn to(text: &str) -> Secret<String> {
        Secret::new(text.into())
    }

    #[test]
    fn a_click_twice_is_one_call_and_a_second_call_waits_for_the_first() {
        let mut ledger: Ledger<u32, ()> = Ledger::default();
        let mut begin =
            |ms, who, which: &str, number: &str| ledger.begin(Time(ms), &who, &id(which), &to(number), ());
        assert_eq!(begin(0, 1, "a", "+1"), Begin::New);
        assert_eq!(begin(1, 1, "a", "+1"), Begin::Same);
        assert_eq!(begin(1, 1, "a", "+2"), Begin::Other);
        assert_eq!(begin(2, 1, "b", "+1"), Begin::Busy);
        assert_eq!(begin(2, 2, "a", "+3"), Begin::New, "another person's ids are their own");
        assert!(ledger.went_on(Time(3), &1, &id("a"), Progress::Talking));
        assert!(!ledger.went_on(Time(4), &1, &id("a"), Progress::RingingThem), "never back");
        assert_eq!(ledger.begin(Time(5), &1, &id("b"), &to("+1"), ()), Begin::New);
        assert!(ledger.went_on(Time(6), &1, &id("b"), Progress::Over(Over::Busy)));
        assert!(!ledger.went_on(Time(7), &1, &id("b"), Progress::Over(Over::HungUp)), "it ends once");
        assert_eq!(ledger.begin(Time(8), &1, &id("b"), &to("+1"), ()), Begin::Same, "also when it is over");
        ledger.never_began(&1, &id("b"));
        assert_eq!(ledger.begin(Time(9), &1, &id("b"), &to("+1"), ()), Begin::New);
    }

    #[test]
    fn nobody_begins_more_than_so_many_a_minute_and_memory_forgets() {
        let mut ledger: Ledger<u32, ()> = Ledger::default();
        for n in 0..MOST_A_MINUTE {
            let which = id(&n.to_string());
            assert_eq!(ledger.begin(Time(0), &1, &which, &to("+1"), ()), Begin::New);
            ledger.went_on(Time(0), &1, &which, Progress::Over(Over::HungUp));
        }
        assert_eq!(ledger.begin(Time(59_999), &1, &id("x"), &to("+1"), ()), Begin::TooOften);
        assert_eq!(ledger.begin(Time(60_000), &1, &id("x"), &to("+1"), ()), Begin::New);
        ledger.forget(Time(REMEMBERED_MS));
        assert_eq!(ledger.len(), 1, "the one that is under way");
        let open: Vec<u32> = ledger.unfinished().map(|(who, ..)| *who).collect();
        assert_eq!(open, [1]);
        ledger.forget(Time(SILENT_MS + 60_000));
        assert!(ledger.is_empty());
    }

    #[test]
    fn how_long_it_remembers_is_chosen() {
        let mut ledger: Ledger<u32, ()> = Ledger::default();
        ledger.remember_for(120_000);
        ledger.begin(Time(0), &1, &id("a"), &to("+1"), ());
        ledger.went_on(Time(1_000), &1, &id("a"), Progress::HandedOver);
        ledger.forget(Time(120_999));
        assert_eq!(ledger.len(), 1);
        ledger.forget(Time(121_000));
        assert!(ledger.is_empty());
    }

    #[test]
    fn the_table_has_a_bound() {
        let mut ledger: Ledger<usize, ()> = Ledger::default();
        for who in 0..MOST_CALLS {
            assert_eq!(ledger.begin(Time(0), &who, &id("a"), &to("+1"), ()), Begin::New);
        }
        assert_eq!(ledger.begin(Time(1), &MOST_CALLS, &id("a"), &to("+1"), ()), Begin::Full);
        ledger.went_on(Time(0), &7, &id("a"), Progress::HandedOver);
        assert_eq!(ledger.begin(Time(REMEMBERED_MS), &MOST_CALLS, &id("a"), &to("+1"), ()), Begin::New);
    }
}
