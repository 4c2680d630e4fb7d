//! Places that are given out by shares: a holder has one more only while it has fewer than are free (dynamic thresholds, as
//! switches share their buffers: Choudhury and Hahne, 1998). So one holder alone has half of all, two have a third each, and
//! whoever comes next finds some free and has half of them, and more as others give theirs back: who is slow, or asks for
//! much, takes nobody else's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Notify;

/// How many may wait for a place, of all holders and of one.
const MOST_WAITING: usize = 1_000;
const MOST_WAITING_OF_ONE: usize = 250;

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// All are taken.
    All,
    /// This holder has its share for now, which is so many.
    Share(usize),
}

/// Whether a holder of so many may have one more where so many are free: then some are left for others.
pub fn leaves_some(own: usize, free: usize) -> bool {
    own < free
}

#[derive(Default)]
struct Given<K> {
    /// Of each holder, and how many of it wait.
    of: BTreeMap<K, (usize, usize)>,
    held: usize,
    waiting: usize,
}

impl<K: Ord + Clone> Given<K> {
    fn of(&mut self, whose: &K) -> &mut (usize, usize) {
        self.of.entry(whose.clone()).or_default()
    }

    fn tidy(&mut self, whose: &K) {
        if self.of.get(whose) == Some(&(0, 0)) {
            self.of.remove(whose);
        }
    }
}

struct Inner<K> {
    all: usize,
    most: usize,
    given: Mutex<Given<K>>,
    freed: Notify,
}

impl<K> Inner<K> {
    fn lock(&self) -> MutexGuard<'_, Given<K>> {
        self.given.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// The places.
pub struct Shares<K: Ord + Clone> {
    inner: Arc<Inner<K>>,
}

/// A place, until it is dropped.
pub struct Place<K: Ord + Clone> {
    inner: Arc<Inner<K>>,
    whose: K,
}

impl<K: Ord + Clone> Drop for Place<K> {
    fn drop(&mut self) {
        let mut given = self.inner.lock();
        given.held -= 1;
        given.of(&self.whose).0 -= 1;
        given.tidy(&self.whose);
        drop(given);
        self.inner.freed.notify_waiters();
    }
}

/// Somebody who waits, until it is dropped.
struct Waiting<'a, K: Ord + Clone> {
    inner: &'a Inner<K>,
    whose: &'a K,
}

impl<K: Ord + Clone> Drop for Waiting<'_, K> {
    fn drop(&mut self) {
        let mut given = self.inner.lock();
        given.waiting -= 1;
        given.of(self.whose).1 -= 1;
        given.tidy(self.whose);
    }
}

impl<K: Ord + Clone> Shares<K> {
    /// So many in all, of which one holder has `most` at the most, and never more than are then free.
    pub fn new(all: usize, most: usize) -> Shares<K> {
        let given = Mutex::new(Given { of: BTreeMap::new(), held: 0, waiting: 0 });
        Shares { inner: Arc::new(Inner { all, most, given, freed: Notify::new() }) }
    }

    /// How many are held now.
    pub fn held(&self) -> usize {
        self.inner.lock().held
    }

    /// A place, if there is one now.
    ///
    /// # Errors
    /// [`NoPlace`]
    pub fn take(&self, whose: &K) -> Result<Place<K>, NoPlace> {
        let mut given = self.inner.lock();
        let (own, free) =
            (given.of.get(whose).map_or(0, |(held, _)| *held), self.inner.all.saturating_sub(given.held));
        if own >= self.inner.most || (free > 0 && !leaves_some(own, free)) {
            return Err(NoPlace::Share(own));
        }
        if free == 0 {
            return Err(NoPlace::All);
        }
        given.held += 1;
        given.of(whose).0 += 1;
        Ok(Place { inner: self.inner.clone(), whose: whose.clone() })
    }

    /// A place, once there is one. Nothing when too many wait already.
    pub async fn wait(&self, whose: &K) -> Option<Place<K>> {
        if let Ok(place) = self.take(whose) {
            return Some(place);
        }
        let _waiting = self.begin_to_wait(whose)?;
        loop {
            // What is freed between the look and the wait is not missed.
            let freed = self.inner.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            if let Ok(place) = self.take(whose) {
                return Some(place);
            }
            freed.await;
        }
    }

    fn begin_to_wait<'a>(&'a self, whose: &'a K) -> Option<Waiting<'a, K>> {
        let mut given = self.inner.lock();
        let of_one = given.of.get(whose).map_or(0, |(_, waiting)| *waiting);
        if of_one >= MOST_WAITING_OF_ONE || !leaves_some(of_one, MOST_WAITING.saturating_sub(given.waiting)) {
            return None;
        }
        given.waiting += 1;
        given.of(whose).1 += 1;
        Some(Waiting { inner: &self.inner, whose })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn one_holder_has_its_share_and_no_more_and_what_is_dropped_is_free() {
        let shares = Shares::new(5, 2);
        let mine: Vec<_> = (0..2).map(|_| shares.take(&"a").ok().unwrap()).collect();
        assert_eq!(shares.take(&"a").err(), Some(NoPlace::Share(2)));
        let others: Vec<_> = ["b", "b", "c"].map(|whose| shares.take(&whose).ok().unwrap()).into();
        assert_eq!(shares.take(&"c").err(), Some(NoPlace::All));
        assert_eq!(shares.held(), 5);
        drop(mine);
        assert!(shares.take(&"a").is_ok(), "and it is given back at once");
        drop(others);
        assert_eq!((shares.held(), shares.inner.lock().of.len()), (0, 0), "nobody is remembered");
    }

    #[test]
    fn however_many_are_busy_whoever_comes_next_has_some() {
        let shares = Shares::new(200, 200);
        let mut held = Vec::new();
        // Each takes what it can get, one after the other.
        let mut fill = |whose: u32| {
            let before = held.len();
            held.extend(std::iter::from_fn(|| shares.take(&whose).ok()));
            held.len() - before
        };
        assert_eq!([1, 2, 3, 4, 5].map(&mut fill), [100, 50, 25, 13, 6]);
        // Those who were there first have no more, though some are free.
        assert_eq!([1, 2, 3].map(&mut fill), [0, 0, 0]);
        assert_eq!(shares.take(&1).err(), Some(NoPlace::Share(100)));
        // Two who take turns have the same, and a third as much as they leave.
        let shares = Shares::new(200, 200);
        let mut held = Vec::new();
        while let (Ok(one), Ok(two)) = (shares.take(&1), shares.take(&2)) {
            held.extend([one, two]);
        }
        let of_two = held.len();
        held.extend(std::iter::from_fn(|| shares.take(&3).ok()));
        assert_eq!((of_two / 2, held.len() - of_two), (67, 33));
    }

    #[test]
    fn whoever_waits_gets_what_is_freed_and_only_so_many_wait() {
        let shares = Shares::new(2, 1);
        let held = shares.take(&1).ok();
        let mut context = Context::from_waker(Waker::noop());
        let mut waiting: Vec<_> = (0..MOST_WAITING_OF_ONE).map(|_| Box::pin(shares.wait(&1))).collect();
        for one in &mut waiting {
            assert!(one.as_mut().poll(&mut context).is_pending());
        }
        let mut more = Box::pin(shares.wait(&1));
        assert!(matches!(more.as_mut().poll(&mut context), Poll::Ready(None)), "too many wait");
        assert!(shares.take(&2).is_ok(), "another has its own");
        drop(held);
        let got = |p: &Poll<Option<Place<i32>>>| matches!(p, Poll::Ready(Some(_)));
        let polled: Vec<_> = waiting.iter_mut().map(|one| one.as_mut().poll(&mut context)).collect();
        assert_eq!(polled.iter().filter(|p| got(p)).count(), 1);
        drop((polled, waiting));
        assert_eq!((shares.held(), shares.inner.lock().waiting), (0, 0));
    }
}
