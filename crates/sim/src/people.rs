//! People: how callers and agents behave. Both the simulated day and the phones of `demo` ask here.

use crate::chance::Chance;

/// What a caller will do, decided when the call begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Hangs up after this many milliseconds without an agent.
    pub patience_ms: u64,
    /// Talks this long, in milliseconds; then hangs up, unless the agent does.
    pub talk_ms: u64,
    /// Whether the agent hangs up, a little before the caller would.
    pub agent_ends: bool,
    /// Puts the agent on hold for this long in the middle of the talk; 0 is never.
    pub hold_ms: u64,
}

impl Caller {
    /// A caller. `mean_talk_ms` is the mean length of talk; patience has the same mean.
    pub fn new(c: &mut Chance, mean_talk_ms: u64) -> Caller {
        Caller {
            patience_ms: 500 + c.exponential(mean_talk_ms),
            talk_ms: 500 + c.exponential(mean_talk_ms),
            agent_ends: c.in_thousand(300),
            hold_ms: if c.in_thousand(100) { 200 + c.exponential(mean_talk_ms / 5) } else { 0 },
        }
    }
}

/// What an agent does with one offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Picks up after this many milliseconds of ringing.
    After(u64),
    /// Lets it ring.
    Never,
    /// Refuses after this many milliseconds.
    Declines(u64),
    /// The phone is gone: not even ringing.
    Vanished,
}

/// How an agent is on the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Mean time to pick up, in milliseconds.
    pub pick_up_ms: u64,
    /// How often an offer is missed, in thousandths.
    pub misses: u64,
    /// How often one is refused, in thousandths.
    pub declines: u64,
    /// How often the phone is gone, in thousandths.
    pub vanishes: u64,
    /// How often the phone says twice that it answered, in thousandths.
    pub twice: u64,
    /// How often a break follows a call, in thousandths.
    pub breaks: u64,
}

impl Agent {
    /// An agent as most are.
    pub fn new(c: &mut Chance) -> Agent {
        Agent {
            pick_up_ms: 1_000 + c.below(4_000),
            misses: c.below(40),
            declines: c.below(15),
            vanishes: c.below(8),
            twice: 5,
            breaks: c.below(40),
        }
    }

    /// An agent who always answers at once, for measurements and demonstrations.
    pub fn diligent(pick_up_ms: u64) -> Agent {
        Agent { pick_up_ms, misses: 0, declines: 0, vanishes: 0, twice: 0, breaks: 0 }
    }

    /// What becomes of an offer.
    pub fn answer(&self, c: &mut Chance) -> Answer {
        let roll = c.below(1000);
        if roll < self.misses {
            Answer::Never
        } else if roll < self.misses + self.declines {
            Answer::Declines(c.exponential(self.pick_up_ms))
        } else if roll < self.misses + self.declines + self.vanishes {
            Answer::Vanished
        } else {
            Answer::After(200 + c.exponential(self.pick_up_ms))
        }
    }
}
