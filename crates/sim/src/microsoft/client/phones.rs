//! Telephones as the page shows them.

use std::collections::{BTreeMap, VecDeque};

/// Telephones that are shown at once, at most; the others are not.
const MOST: usize = 16;
/// What owners did and nobody has carried out yet, at most.
const MOST_WISHES: usize = 64;

/// How far a telephone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneState {
    /// Nothing happens there.
    Idle,
    /// It rings.
    Rings,
    /// Somebody speaks there.
    Talks,
}

impl PhoneState {
    /// As the page knows it.
    pub fn name(self) -> &'static str {
        match self {
            PhoneState::Idle => "idle",
            PhoneState::Rings => "rings",
            PhoneState::Talks => "talks",
        }
    }
}

/// What the owner of a telephone does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneWish {
    /// Picks up.
    Answer,
    /// Hangs up, or does not take the call.
    HangUp,
}

impl PhoneWish {
    /// By the name that the page uses.
    pub fn named(name: &str) -> Option<PhoneWish> {
        match name {
            "answer" => Some(PhoneWish::Answer),
            "hang-up" => Some(PhoneWish::HangUp),
            _ => None,
        }
    }
}

/// The telephones in use, by what was called.
#[derive(Debug, Default)]
pub(super) struct Telephones {
    states: BTreeMap<String, PhoneState>,
    wishes: VecDeque<(String, PhoneWish)>,
}

impl Telephones {
    /// One is this far now.
    pub fn set(&mut self, called: &str, state: PhoneState) {
        if state == PhoneState::Idle {
            self.states.remove(called);
        } else if self.states.len() < MOST || self.states.contains_key(called) {
            self.states.insert(called.into(), state);
        }
    }

    /// Its owner does something. False for one that is not in use.
    pub fn wish(&mut self, called: &str, wish: PhoneWish) -> bool {
        let known = self.states.contains_key(called) && self.wishes.len() < MOST_WISHES;
        if known {
            self.wishes.push_back((called.into(), wish));
        }
        known
    }

    /// What they did.
    pub fn wishes(&mut self) -> Vec<(String, PhoneWish)> {
        self.wishes.drain(..).collect()
    }

    /// Those in use.
    pub fn each(&self) -> impl Iterator<Item = (&str, PhoneState)> {
        self.states.iter().map(|(called, state)| (called.as_str(), *state))
    }
}
