//! The sources that are remembered: a bounded table in which everything costs the same, however full it is.
//!
//! Each source stands in one of four lines, by what is known of it. Who was heard of stands at the end of its line; when
//! the table is full, the first of the least important line that is not empty leaves.

use super::bucket::Bucket;
use crate::time::Time;
use std::collections::HashMap;

/// What is known of a source, the least worth remembering first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Class {
    Stranger,
    Suspect,
    Known,
    Banned,
}

const CLASSES: usize = 4;
/// No place.
const NONE: u32 = u32::MAX;

pub(super) struct Source {
    pub(super) key: u128,
    /// Thousandths of points, as they were at `scored`.
    pub(super) score: u32,
    pub(super) scored: Time,
    pub(super) banned: Option<Time>,
    /// Bans that are not forgiven, counted to the end of the last.
    pub(super) bans: u8,
    pub(super) last_ban: Time,
    pub(super) known_until: Option<Time>,
    pub(super) bucket: Bucket,
    /// When it was last told that this source is slowed.
    pub(super) told: Option<Time>,
    class: Class,
    before: u32,
    after: u32,
}

#[derive(Clone, Copy)]
struct Line {
    first: u32,
    last: u32,
}

pub(super) struct Table {
    most: usize,
    sources: Vec<Source>,
    free: Vec<u32>,
    /// Only looked up, never walked: its order cannot matter.
    places: HashMap<u128, u32>,
    lines: [Line; CLASSES],
}

impl Table {
    pub(super) fn new(most: usize) -> Table {
        let lines = [Line { first: NONE, last: NONE }; CLASSES];
        Table { most: most.max(1), sources: Vec::new(), free: Vec::new(), places: HashMap::new(), lines }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn get(&self, key: u128) -> Option<&Source> {
        self.sources.get(*self.places.get(&key)? as usize)
    }

    /// The source, new if it was not there. It has to be placed afterwards.
    pub(super) fn enter(&mut self, now: Time, key: u128) -> &mut Source {
        let place = match self.places.get(&key) {
            Some(place) => *place,
            None => {
                if self.places.len() >= self.most {
                    self.evict(now);
                }
                self.add(now, key)
            }
        };
        &mut self.sources[place as usize]
    }

    /// Puts a source at the end of its line.
    pub(super) fn place(&mut self, key: u128, class: Class) {
        if let Some(&place) = self.places.get(&key) {
            self.unlink(place);
            self.sources[place as usize].class = class;
            self.link(place);
        }
    }

    pub(super) fn remove(&mut self, key: u128) {
        if let Some(place) = self.places.remove(&key) {
            self.unlink(place);
            self.free.push(place);
        }
    }

    /// All sources, in no order that means anything.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Source> {
        self.sources
            .iter()
            .enumerate()
            .filter(|(n, s)| self.places.get(&s.key) == Some(&(*n as u32)))
            .map(|(_, s)| s)
    }

    fn add(&mut self, now: Time, key: u128) -> u32 {
        let source = Source {
            key,
            score: 0,
            scored: now,
            banned: None,
            bans: 0,
            last_ban: Time(0),
            known_until: None,
            bucket: Bucket::default(),
            told: None,
            class: Class::Stranger,
            before: NONE,
            after: NONE,
        };
        let place = match self.free.pop() {
            Some(place) => {
                self.sources[place as usize] = source;
                place
            }
            None => {
                self.sources.push(source);
                (self.sources.len() - 1) as u32
            }
        };
        self.places.insert(key, place);
        self.link(place);
        place
    }

    /// Lets one go: the longest unheard of those whose importance is over, else of the least important.
    fn evict(&mut self, now: Time) {
        let first = |line: &Line| self.sources.get(line.first as usize);
        let over = self.lines.iter().rev().filter_map(first).find(|s| s.class(now) < s.class);
        let leaves = over.or_else(|| self.lines.iter().find_map(first)).map(|s| s.key);
        if let Some(key) = leaves {
            self.remove(key);
        }
    }

    fn link(&mut self, place: u32) {
        let line = &mut self.lines[self.sources[place as usize].class as usize];
        let last = line.last;
        line.last = place;
        if last == NONE {
            line.first = place;
        } else {
            self.sources[last as usize].after = place;
        }
        let source = &mut self.sources[place as usize];
        (source.before, source.after) = (last, NONE);
    }

    fn unlink(&mut self, place: u32) {
        let Source { class, before, after, .. } = self.sources[place as usize];
        let line = &mut self.lines[class as usize];
        match before {
            NONE => line.first = after,
            before => self.sources[before as usize].after = after,
        }
        match after {
            NONE => line.last = before,
            after => self.sources[after as usize].before = before,
        }
    }
}
