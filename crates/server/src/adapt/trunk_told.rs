//! What a trunk's far ends have said, kept for whoever looks after it: when each came and went, and how calls were refused.

use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};

/// How many changes of a far end are kept.
const MOST_CHANGES: usize = 20;
/// How many different answers of a trunk are kept.
const MOST_ANSWERS: usize = 50;

/// When a far end came up or went down.
#[derive(Clone, Copy)]
pub(super) struct Change {
    at: sip::Time,
    up: bool,
    said: Option<u16>,
}

/// When a far end came up and went down; the newest last.
#[derive(Clone, Default)]
pub(super) struct Changes(VecDeque<Change>);

impl Changes {
    pub(super) fn add(&mut self, at: sip::Time, up: bool, said: Option<u16>) {
        if self.0.len() >= MOST_CHANGES {
            self.0.pop_front();
        }
        self.0.push_back(Change { at, up, said });
    }

    pub(super) fn status(&self, now: sip::Time) -> Vec<HealthChange> {
        let one =
            |c: &Change| HealthChange { seconds_ago: now.since(c.at).as_secs(), up: c.up, said: c.said };
        self.0.iter().rev().map(one).collect()
    }
}

/// How calls over a trunk were refused: by code and Microsoft's sub-code, how often, and when last.
#[derive(Clone, Default)]
pub(super) struct Told(BTreeMap<(u16, Option<u32>), (u64, sip::Time)>);

impl Told {
    pub(super) fn add(&mut self, at: sip::Time, code: u16, sub: Option<u32>) {
        if self.0.len() >= MOST_ANSWERS && !self.0.contains_key(&(code, sub)) {
            let oldest = self.0.iter().min_by_key(|(_, (_, last))| *last).map(|(key, _)| *key);
            oldest.map(|key| self.0.remove(&key));
        }
        let entry = self.0.entry((code, sub)).or_insert((0, at));
        *entry = (entry.0.saturating_add(1), at);
    }

    pub(super) fn status(&self, now: sip::Time) -> Vec<ToldStatus> {
        let one = |((code, sub), (times, last)): (&(u16, Option<u32>), &(u64, sip::Time))| {
            let numbers: Vec<u32> = sub.iter().copied().collect();
            let (_, meant) = crate::teams_codes::meant(*code, &numbers);
            ToldStatus {
                code: *code,
                sub_code: *sub,
                times: *times,
                seconds_ago: now.since(*last).as_secs(),
                what: meant.what.into(),
                todo: meant.todo.into(),
            }
        };
        let mut all: Vec<ToldStatus> = self.0.iter().map(one).collect();
        all.sort_by_key(|told| told.seconds_ago);
        all
    }
}

/// A far end came up or went down.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct HealthChange {
    /// How many seconds ago.
    pub seconds_ago: u64,
    /// Whether it has been up since.
    pub up: bool,
    /// What it had said: a SIP status code, 408 where no answer came, 503 where it could not be reached.
    pub said: Option<u16>,
}

/// How calls to Microsoft Teams were refused.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct ToldStatus {
    /// The SIP status code.
    pub code: u16,
    /// Microsoft's own code, where it said one that is known.
    pub sub_code: Option<u32>,
    /// How often since the start.
    pub times: u64,
    /// How many seconds ago last.
    pub seconds_ago: u64,
    /// What it means.
    pub what: String,
    /// What to do about it; empty where nothing is to be done.
    pub todo: String,
}
