//! What is remembered of the DNS: answers, and that there was none.

use super::{Answer, MAX_RECORDS, Question, Record};
use crate::time::Time;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most answers that are remembered. Those whose time is over first make room.
const MAX_ANSWERS: usize = 4096;
/// Life of an answer, whatever it says itself, in seconds.
const SHORTEST: u32 = 5;
const LONGEST: u32 = 3600;
/// How much longer an answer may serve when the DNS does not answer (RFC 8767).
const STALE: Duration = Duration::from_secs(24 * 3600);
/// When to ask again while an old answer serves.
const STALE_RETRY: Duration = Duration::from_secs(30);
/// When to ask again after a failure (RFC 9520).
const FAILED_RETRY: Duration = Duration::from_secs(5);

/// An answer as a search uses it.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) records: Arc<[Record]>,
    /// Until when it is true.
    pub(super) until: Time,
    /// It is not known whether there is anything.
    pub(super) failed: bool,
}

struct Remembered {
    known: Known,
    /// Until when it may serve if the DNS fails.
    stale: Time,
}

#[derive(Default)]
pub(super) struct Cache {
    answers: BTreeMap<Question, Remembered>,
    /// By the time until which each may serve at all.
    ends: BTreeSet<(Time, Question)>,
}

impl Known {
    /// Nothing is known, and it was not even asked.
    pub(super) fn unknown(now: Time) -> Known {
        Known { records: Arc::from([]), until: now + FAILED_RETRY, failed: true }
    }
}

impl Cache {
    /// What is true now.
    pub(super) fn fresh(&self, now: Time, question: &Question) -> Option<Known> {
        self.answers.get(question).map(|r| &r.known).filter(|k| k.until > now).cloned()
    }

    /// What was true within the last day, for when the DNS does not answer.
    pub(super) fn stale(&self, now: Time, question: &Question) -> Option<Known> {
        let remembered = self.answers.get(question).filter(|r| r.stale > now && !r.known.failed)?;
        Some(Known { until: now + STALE_RETRY, ..remembered.known.clone() })
    }

    /// Takes an answer in and gives what is to be made of it.
    pub(super) fn learn(&mut self, now: Time, question: &Question, answer: Answer) -> Known {
        let life = |ttl: u32| Duration::from_secs(ttl.clamp(SHORTEST, LONGEST).into());
        let (known, stale) = match answer {
            Answer::Found { mut records, ttl } if !records.is_empty() => {
                records.truncate(MAX_RECORDS);
                let until = now + life(ttl);
                (Known { records: records.into(), until, failed: false }, until + STALE)
            }
            Answer::Found { ttl, .. } | Answer::Nothing { ttl } => {
                let until = now + life(ttl);
                (Known { records: Arc::from([]), until, failed: false }, until)
            }
            Answer::Failed => match self.answers.get(question).filter(|r| r.stale > now && !r.known.failed) {
                Some(old) => (Known { until: now + STALE_RETRY, ..old.known.clone() }, old.stale),
                None => {
                    let known = Known::unknown(now);
                    let until = known.until;
                    (known, until)
                }
            },
        };
        self.put(now, question, Remembered { known: known.clone(), stale });
        known
    }

    fn put(&mut self, now: Time, question: &Question, remembered: Remembered) {
        if let Some(old) = self.answers.remove(question) {
            self.ends.remove(&(old.stale, question.clone()));
        }
        while let Some((end, _)) = self.ends.first() {
            if *end > now && self.answers.len() < MAX_ANSWERS {
                break;
            }
            if let Some((_, first)) = self.ends.pop_first() {
                self.answers.remove(&first);
            }
        }
        self.ends.insert((remembered.stale, question.clone()));
        self.answers.insert(question.clone(), remembered);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.answers.len(), self.ends.len());
        self.answers.len()
    }
}
