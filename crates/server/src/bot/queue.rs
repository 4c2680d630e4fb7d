//! What waits to be worked on: bounded, in order, and one after the other within a conversation. A tenant has its share of the
//! places and of the threads, which leaves some for the others, and what may not be done yet waits here, where it holds no thread.

use crate::bot::WORKERS;
use crate::shares::leaves_some;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use teams::bot::Activity;

/// Activities that wait, at most.
const MOST: usize = 1_000;
/// Activities of one tenant that wait, at most.
const OF_TENANT: usize = 250;
/// Activities of one conversation that wait, at most: who writes faster is not heard.
const OF_ONE: usize = 4;
/// Activities of one tenant that are worked on at once, at most.
const AT_ONCE: usize = 4;

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

/// Something to be done.
#[derive(Debug)]
pub struct Job {
    /// What somebody wrote or did.
    pub activity: Activity,
    /// What is to be sent there, once that is known.
    pub answer: Option<Value>,
    /// How often it was tried in vain what comes next.
    pub tries: u32,
}

impl Job {
    /// An activity to which no answer is known yet.
    pub fn new(activity: Activity) -> Job {
        Job { activity, answer: None, tries: 0 }
    }

    /// An answer that is still to be sent.
    pub fn answered(activity: Activity, answer: Value) -> Job {
        Job { answer: Some(answer), ..Job::new(activity) }
    }

    fn room(&self) -> &str {
        self.activity.conversation.room()
    }

    /// The directory that the conversation belongs to.
    fn tenant(&self) -> &str {
        self.activity.conversation.tenant.as_deref().unwrap_or_default()
    }
}

/// What waits or is worked on of a conversation.
#[derive(Default)]
struct Room {
    held: usize,
    busy: bool,
    /// Nothing is done there before.
    not_before: Option<Instant>,
}

/// What waits or is worked on of a tenant.
#[derive(Default)]
struct Tenant {
    held: usize,
    busy: usize,
}

#[derive(Default)]
struct Waiting {
    list: VecDeque<Job>,
    rooms: BTreeMap<String, Room>,
    tenants: BTreeMap<String, Tenant>,
    closed: bool,
}

impl Waiting {
    /// The place of the first that may be worked on now, or when there may be one.
    fn next(&self, now: Instant) -> Result<usize, Option<Instant>> {
        let mut soonest = None;
        let idle = WORKERS.saturating_sub(self.tenants.values().map(|t| t.busy).sum());
        for (at, job) in self.list.iter().enumerate() {
            let room = self.rooms.get(job.room());
            let busy = self.tenants.get(job.tenant()).map_or(0, |t| t.busy);
            let is_full = busy >= AT_ONCE || !leaves_some(busy, idle);
            if is_full || room.is_some_and(|r| r.busy) {
                continue;
            }
            match room.and_then(|r| r.not_before).filter(|due| now < *due) {
                None => return Ok(at),
                Some(due) => soonest = Some(soonest.map_or(due, |s: Instant| s.min(due))),
            }
        }
        Err(soonest)
    }

    /// A job is worked on no longer.
    fn rest(&mut self, job: &Job) {
        if let Some(room) = self.rooms.get_mut(job.room()) {
            room.busy = false;
        }
        if let Some(tenant) = self.tenants.get_mut(job.tenant()) {
            tenant.busy = tenant.busy.saturating_sub(1);
        }
    }
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
    pub fn put(&self, job: Job) -> Admitted {
        let mut w = self.lock();
        let of_room = w.rooms.get(job.room()).map_or(0, |r| r.held);
        let of_tenant = w.tenants.get(job.tenant()).map_or(0, |t| t.held);
        let has_share = of_tenant >= OF_TENANT || !leaves_some(of_tenant, MOST.saturating_sub(w.list.len()));
        if w.closed || of_room >= OF_ONE || has_share {
            return Admitted::Full;
        }
        w.rooms.entry(job.room().into()).or_default().held += 1;
        w.tenants.entry(job.tenant().into()).or_default().held += 1;
        w.list.push_back(job);
        self.changed.notify_all();
        Admitted::Taken
    }

    /// The next one; waits for it. Nothing when the queue is closed.
    pub fn take(&self) -> Option<Job> {
        let mut w = self.lock();
        loop {
            if w.closed {
                return None;
            }
            let now = Instant::now();
            let soonest = match w.next(now) {
                Ok(at) => {
                    let job = w.list.remove(at)?;
                    let room = w.rooms.entry(job.room().into()).or_default();
                    (room.busy, room.not_before) = (true, None);
                    w.tenants.entry(job.tenant().into()).or_default().busy += 1;
                    return Some(job);
                }
                Err(soonest) => soonest,
            };
            w = match soonest {
                None => self.changed.wait(w).unwrap_or_else(|e| e.into_inner()),
                Some(due) => {
                    let wait = due.saturating_duration_since(now);
                    self.changed.wait_timeout(w, wait).unwrap_or_else(|e| e.into_inner()).0
                }
            };
        }
    }

    /// One that was taken is done.
    pub fn done(&self, job: &Job) {
        let mut w = self.lock();
        w.rest(job);
        if let Some(room) = w.rooms.get_mut(job.room()) {
            room.held = room.held.saturating_sub(1);
            if room.held == 0 {
                w.rooms.remove(job.room());
            }
        }
        if let Some(tenant) = w.tenants.get_mut(job.tenant()) {
            tenant.held = tenant.held.saturating_sub(1);
            if tenant.held == 0 {
                w.tenants.remove(job.tenant());
            }
        }
        self.changed.notify_all();
    }

    /// One that was taken is to be done after a while; the rest of its conversation comes after it.
    pub fn again(&self, mut job: Job, wait: Duration) {
        job.tries += 1;
        let mut w = self.lock();
        w.rest(&job);
        if let Some(room) = w.rooms.get_mut(job.room()) {
            room.not_before = Some(Instant::now() + wait);
        }
        w.list.push_front(job);
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

    const T1: &str = "5c0de000-0000-4000-8000-00000000000x";

    fn job(tenant: &str, room: &str) -> Job {
        let body = json!({"type": "message", "serviceUrl": "https://x", "from": {"id": "29:a"},
            "conversation": {"id": room, "tenantId": tenant}});
        Job::new(Activity::read(body.to_string().as_bytes()).unwrap())
    }

    #[test]
    fn one_conversation_takes_neither_all_places_nor_two_threads() {
        let q = Queue::default();
        for _ in 0..OF_ONE {
            assert_eq!(q.put(job("t", "a;messageid=1")), Admitted::Taken);
        }
        assert_eq!(q.put(job("t", "a")), Admitted::Full);
        assert_eq!(q.put(job("t", "b")), Admitted::Taken);
        let first = q.take().unwrap();
        assert_eq!(q.take().unwrap().activity.conversation.id, "b", "a is being worked on");
        q.done(&first);
        assert_eq!(q.take().unwrap().room(), "a");
        q.close();
        assert!(q.take().is_none() && !q.pause(Duration::from_secs(100)));
        assert_eq!(q.put(job("t", "c")), Admitted::Full);
    }

    #[test]
    fn one_tenant_takes_neither_all_places_nor_all_threads() {
        let q = Queue::default();
        for n in 0..OF_TENANT {
            assert_eq!(q.put(job(&T1.replace('x', "1"), &format!("one-{n}"))), Admitted::Taken);
        }
        assert_eq!(q.put(job(&T1.replace('x', "1"), "one-more")), Admitted::Full);
        assert_eq!(q.put(job(&T1.replace('x', "2"), "another")), Admitted::Taken);
        let taken: Vec<Job> = (0..AT_ONCE).map(|_| q.take().unwrap()).collect();
        assert!(taken.iter().all(|j| j.room().starts_with("one-")));
        let other = q.take().unwrap();
        assert_eq!(other.room(), "another", "though it came last");
        taken.iter().chain([&other]).for_each(|j| q.done(j));
        assert_eq!(q.take().unwrap().room(), format!("one-{AT_ONCE}"));
    }

    #[test]
    fn where_five_tenants_are_busy_the_sixth_has_places_and_a_thread() {
        let q = Queue::default();
        let busy = |n: usize| T1.replace('x', &n.to_string());
        for n in 0..5 {
            let taken =
                (0..OF_TENANT).take_while(|r| q.put(job(&busy(n), &format!("{n}-{r}"))) == Admitted::Taken);
            assert!(taken.count() > 0, "the {n}. tenant");
        }
        // All threads that these may have are at work.
        let mut at_work = 0;
        while q.lock().next(Instant::now()).is_ok() {
            q.take().unwrap();
            at_work += 1;
        }
        assert_eq!(at_work, WORKERS - 1);
        let next = busy(9);
        assert_eq!(q.put(job(&next, "a")), Admitted::Taken);
        assert_eq!(q.take().unwrap().tenant(), next);
    }

    #[test]
    fn what_may_not_be_done_yet_holds_its_conversation_up_and_nobody_else() {
        let q = Queue::default();
        for room in ["a", "a", "b"] {
            q.put(job("t", room));
        }
        let first = q.take().unwrap();
        let began = Instant::now();
        let wait = Duration::from_millis(300);
        q.again(Job { answer: Some(json!("x")), ..first }, wait);
        let other = q.take().unwrap();
        assert!(other.room() == "b" && began.elapsed() < wait);
        let again = q.take().unwrap();
        assert!(began.elapsed() >= wait, "{:?}", began.elapsed());
        assert_eq!(
            (again.room(), again.answer.is_some(), again.tries),
            ("a", true, 1),
            "before what came after it"
        );
        q.done(&again);
        q.done(&other);
        q.done(&q.take().unwrap());
        let w = q.lock();
        assert!(w.rooms.is_empty() && w.tenants.is_empty() && w.list.is_empty(), "nothing is remembered");
    }
}
