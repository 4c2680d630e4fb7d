//! Everything the engine can ask for: the closed list that the door carries out.
//!
//! What is asked for has an outcome that comes back as an event, or a deadline in the engine; so an effect that is lost
//! on the way cannot leave anybody waiting for ever.

use crate::ids::{AgentId, CallId, LegId, PromptId, RecordingId, TargetId};
use crate::record::CallRecord;
use alloc::boxed::Box;

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell the caller that it rings.
    Alert {
        /// The caller's leg.
        leg: LegId,
    },
    /// Answer. Outcome: `LegAnswered` when confirmed, or `LegEnded`.
    Answer {
        /// The caller's leg.
        leg: LegId,
    },
    /// Refuse a call that was not answered. Outcome: `LegEnded`.
    Refuse {
        /// The caller's leg.
        leg: LegId,
        /// Why.
        cause: RefuseCause,
    },
    /// Ring an agent. Outcome: `LegRinging`, `LegAnswered`, `LegEnded`.
    DialAgent {
        /// The new leg.
        leg: LegId,
        /// Whom.
        agent: AgentId,
        /// The caller's leg, for what the agent's phone shows.
        caller: LegId,
    },
    /// Ring a fixed address. Outcome: as for an agent.
    DialTarget {
        /// The new leg.
        leg: LegId,
        /// Which.
        target: TargetId,
        /// The caller's leg.
        caller: LegId,
    },
    /// End a leg, whatever it is doing. Outcome: `LegEnded`.
    HangUp {
        /// Which.
        leg: LegId,
        /// Why, for the far end to show.
        cause: HangUpCause,
    },
    /// Let a party hear something in place of what it hears now. Outcome for a prompt played once: `PlayEnded`.
    Play {
        /// To whom.
        leg: LegId,
        /// What.
        sound: Sound,
    },
    /// Let two parties hear each other.
    Connect {
        /// One.
        a: LegId,
        /// The other.
        b: LegId,
    },
    /// Record two parties from here on.
    StartRecording {
        /// The new recording.
        recording: RecordingId,
        /// Of which call.
        call: CallId,
        /// Left channel: the customer.
        left: LegId,
        /// Right channel: the agent.
        right: LegId,
    },
    /// End a recording.
    StopRecording {
        /// Which.
        recording: RecordingId,
    },
    /// Tell an agent something.
    Notify {
        /// Whom.
        agent: AgentId,
        /// What.
        notice: Notice,
    },
    /// A call is over: keep its record. Given out once a call, with the last event of the call.
    Keep(Box<CallRecord>),
}

/// What somebody hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// A prompt, once.
    Prompt(PromptId),
    /// Music, for as long as it takes.
    Music(PromptId),
    /// The sound of a phone ringing.
    Ringback,
    /// Nothing.
    Silence,
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum RefuseCause {
    UnknownNumber,
    Busy,
    Unavailable,
    Stopping,
}

/// Why a leg is hung up, for the far end to show (ITU-T Q.850 at the door).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUpCause {
    /// The conversation is over.
    Normal,
    /// It rang too long.
    RangTooLong,
    /// The caller gave up, or another answered.
    Withdrawn,
    /// Something failed.
    Failed,
}

/// What an agent is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Too many offers were missed: no more until the agent signs on again.
    Suspended,
}
