//! Everything that can happen to a tenant: the closed list that the journal is made of.
//!
//! Variants are only ever appended and none changes its fields: a journal written by any release can be read by every
//! later one. A fact that an old variant lacks comes as a new variant.

use crate::agent::Wanted;
use crate::config::Config;
use crate::ids::{AgentId, CallId, LegId, NumberId, PartyId, TrunkId};
use alloc::boxed::Box;
use serde::{Deserialize, Serialize};

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// The process began. Whatever call was open before is lost: its legs died with the process before it.
    Started {
        /// For whatever is left to chance in what follows.
        seed: u64,
    },
    /// Another configuration holds from here on.
    Configured {
        /// All of it.
        config: Box<Config>,
    },
    /// A deadline was reached.
    TimePassed,
    /// A call came in. Its leg is the one that [`crate::Engine::next_leg`] named before.
    CallArrived {
        /// The number called; `None` if it is none of ours.
        number: Option<NumberId>,
        /// Who calls.
        caller: PartyId,
        /// Where it came in.
        trunk: TrunkId,
        /// What the door found out about the caller.
        facts: Facts,
    },
    /// The far end of a leg that we dial rings.
    LegRinging {
        /// Which.
        leg: LegId,
    },
    /// The far end of a leg that we dial answered; or the caller's side confirmed our answer.
    LegAnswered {
        /// Which.
        leg: LegId,
    },
    /// A leg is over.
    LegEnded {
        /// Which.
        leg: LegId,
        /// How.
        end: LegEnd,
    },
    /// The party put us on hold, or took us back.
    LegHeld {
        /// Which.
        leg: LegId,
        /// Whether on hold now.
        held: bool,
    },
    /// A prompt was played to its end.
    PlayEnded {
        /// To whom.
        leg: LegId,
    },
    /// A key was pressed.
    Digit {
        /// By whom.
        leg: LegId,
        /// `0`-`9`, `*`, `#`, `A`-`D`.
        digit: char,
    },
    /// An agent, or somebody with the right, asks for another state.
    AgentWants {
        /// Which agent.
        agent: AgentId,
        /// What is wanted.
        wanted: Wanted,
    },
    /// Somebody with the right ends a call.
    HangUpAsked {
        /// Which.
        call: CallId,
    },
    /// The program stops soon: nothing new begins, what is in progress may end.
    Draining,
}

/// What the door knows about a caller without saying who it is. Replay uses the same facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The caller withheld the number.
    pub withheld: bool,
    /// ISO 3166 code of the number's country; zeros if unknown.
    pub country: [u8; 2],
    /// Which of the tenant's lists the number stands on, one bit each.
    pub lists: u64,
}

/// How a leg ended, as the door saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LegEnd {
    /// The far end hung up, or cancelled before an answer.
    FarHungUp,
    /// We hung up, and the far end knows.
    NearHungUp,
    /// Refused as busy.
    Busy,
    /// Refused otherwise.
    Declined,
    /// Nobody answered, the address is unknown, or nothing is there.
    Unreachable,
    /// No codec in common, or no audio at all.
    NoCommonMedia,
    /// No audio came for too long.
    MediaTimeOut,
    /// The far end did not confirm our answer.
    NotConfirmed,
    /// We could not do it: no port free, a limit reached.
    Failed,
}
