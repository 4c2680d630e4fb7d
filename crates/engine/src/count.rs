//! What reports are made of: small facts, each given out once, that add up to every figure.
//!
//! A fact carries the times it counts for, so that an interval's figures do not depend on when they were written.

use crate::ids::{AgentId, BreakReason, CallId, CallbackId, DispositionId, NumberId, QueueId};
use crate::record::Outcome;
use crate::timers::Time;
use serde::{Deserialize, Serialize};

/// Something to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// A call entered a queue: one more offered.
    Entered {
        /// Which queue.
        queue: QueueId,
        /// The number that was called.
        number: Option<NumberId>,
        /// When.
        at: Time,
    },
    /// A call left a queue.
    Left {
        /// Which queue.
        queue: QueueId,
        /// The number that was called.
        number: Option<NumberId>,
        /// When it had entered: the interval it counts for.
        entered: Time,
        /// When it left.
        at: Time,
        /// What became of it.
        outcome: Outcome,
        /// Whether that was within the service level's threshold.
        within: bool,
        /// Who answered.
        agent: Option<AgentId>,
    },
    /// An agent's phone rang and the offer is over.
    Offered {
        /// For which queue.
        queue: Option<QueueId>,
        /// Whose.
        agent: AgentId,
        /// When it began.
        at: Time,
        /// How long it rang, in milliseconds.
        rang_ms: u64,
        /// Whether it was answered.
        answered: bool,
        /// Whether it was let ring or refused (RONA).
        missed: bool,
    },
    /// An agent has handled a call, wrap-up included.
    Handled {
        /// Who.
        agent: AgentId,
        /// Which call.
        call: CallId,
        /// For which queue.
        queue: Option<QueueId>,
        /// The number that was called.
        number: Option<NumberId>,
        /// When the conversation began: the interval it counts for.
        at: Time,
        /// Time in conversation without hold, in milliseconds.
        talk_ms: u64,
        /// Time on hold or in consultation.
        hold_ms: u64,
        /// Wrap-up.
        wrap_ms: u64,
        /// What the agent said of it.
        disposition: Option<DispositionId>,
        /// Whether the agent transferred it.
        transferred: bool,
        /// Whether the agent consulted somebody.
        consulted: bool,
        /// Whether more than two talked.
        conferenced: bool,
        /// Whether the agent had called.
        outbound: bool,
    },
    /// An agent was in a state.
    AgentTime {
        /// Who.
        agent: AgentId,
        /// The state, by its place in [`crate::AgentState::NAMES`].
        state: u8,
        /// Why, on a break.
        reason: BreakReason,
        /// From when.
        from: Time,
        /// Until when.
        to: Time,
    },
    /// A callback was promised, tried, kept or given up.
    Callback {
        /// Which.
        callback: CallbackId,
        /// For which queue.
        queue: QueueId,
        /// When it was promised: the interval it counts for.
        promised: Time,
        /// When this happened.
        at: Time,
        /// What.
        what: CallbackStep,
        /// Whether within the promised time.
        in_time: bool,
    },
    /// A call was told how long it would wait, and now it is known.
    Estimated {
        /// For which queue.
        queue: QueueId,
        /// When it entered: the interval it counts for.
        entered: Time,
        /// What was expected on entry, in milliseconds.
        expected_ms: u64,
        /// What it was.
        waited_ms: u64,
    },
}

/// What happened to a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum CallbackStep {
    Promised,
    Tried,
    Kept,
    Failed,
    Cancelled,
}
