//! Everything the engine can ask for: the closed list that the door carries out.
//!
//! What is asked for has an outcome that comes back as an event, or a deadline in the engine; so an effect that is lost
//! on the way cannot leave anybody waiting for ever.

use crate::count::Fact;
use crate::ids::{
    AgentId, CallId, CallbackId, LanguageId, LegId, LookUpId, MailboxId, NumberId, PartyId, PromptId,
    RecordingId, SecureId, SlotId, TargetId,
};
use crate::outward::SecurityNotice;
use crate::record::CallRecord;
use crate::toll::Refusal;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell the caller that it rings.
    Alert {
        /// The caller's leg.
        leg: LegId,
    },
    /// Let the caller hear what follows before the answer.
    EarlyAudio {
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
        /// What the agent's phone shows.
        show: Show,
    },
    /// Ring a fixed address. Outcome: as for an agent.
    DialTarget {
        /// The new leg.
        leg: LegId,
        /// Which.
        target: TargetId,
        /// What the far end shows.
        show: Show,
    },
    /// Call somebody outside. Outcome: as for an agent.
    DialParty {
        /// The new leg.
        leg: LegId,
        /// Whom.
        party: PartyId,
        /// The number of ours that the far end sees.
        number: Option<NumberId>,
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
    /// From here on a party hears these others, and nothing else.
    Hear {
        /// Who hears.
        leg: LegId,
        /// Whom.
        from: Vec<LegId>,
    },
    /// What becomes of the keys that a party presses.
    Keys {
        /// Whose.
        leg: LegId,
        /// What.
        keys: Keys,
    },
    /// Ask whether a caller can be called back. Outcome: `NumberChecked`.
    CheckNumber {
        /// The caller's leg.
        leg: LegId,
        /// Another number than the one called from, and where its digits are.
        slot: Option<SlotId>,
    },
    /// Ask another system about a call. Outcome: `LookedUp`.
    LookUp {
        /// For which call.
        call: CallId,
        /// The caller's leg, with the digits taken so far.
        leg: LegId,
        /// Which.
        look_up: LookUpId,
        /// The number of this question, which its answer carries.
        request: u64,
    },
    /// Pass on the secret digits that were taken, and forget them. Outcome: `LookedUp`.
    PassSecret {
        /// For which call.
        call: CallId,
        /// Whose digits.
        leg: LegId,
        /// How they were taken.
        secure: SecureId,
        /// The number of this question, which its answer carries.
        request: u64,
    },
    /// Forget the secret digits that were taken.
    ForgetSecret {
        /// Whose digits.
        leg: LegId,
    },
    /// Record from here on.
    StartRecording {
        /// The new recording.
        recording: RecordingId,
        /// Of which call.
        call: CallId,
        /// Left channel: the customer.
        left: LegId,
        /// Right channel: the agent; nobody in a message.
        right: Option<LegId>,
        /// The voicemail box that it is for.
        mailbox: Option<MailboxId>,
    },
    /// A further party speaks on a recording's right channel.
    RecordAlso {
        /// Which recording.
        recording: RecordingId,
        /// Whom.
        leg: LegId,
    },
    /// A party speaks on a recording no longer.
    RecordNoLonger {
        /// Which recording.
        recording: RecordingId,
        /// Whom.
        leg: LegId,
    },
    /// Write silence until told otherwise.
    PauseRecording {
        /// Which.
        recording: RecordingId,
    },
    /// Write what is said again.
    ResumeRecording {
        /// Which.
        recording: RecordingId,
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
    /// A message lies in a voicemail box.
    MessageLeft {
        /// Whose box.
        mailbox: MailboxId,
        /// In which call.
        call: CallId,
        /// The message.
        recording: RecordingId,
        /// How long, in milliseconds.
        length_ms: u64,
    },
    /// Something to count, for reports.
    Count(Fact),
    /// Something was refused, or ended, that looks like misuse of the way to the outside.
    Security(SecurityNotice),
    /// A call that another telephone system makes has no minute left: have it end.
    EndElsewhere {
        /// The call's meter.
        meter: u64,
    },
    /// A call is over: keep its record. Given out once a call, with the last event of the call.
    Keep(Box<CallRecord>),
}

/// What somebody hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// A prompt, once, in a language.
    Prompt(PromptId, LanguageId),
    /// Music, for as long as it takes.
    Music(PromptId),
    /// The sound of a phone ringing.
    Ringback,
    /// Nothing.
    Silence,
}

/// What becomes of the keys that a party presses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// They pass to whoever hears the party; nobody here sees them.
    Pass,
    /// Each comes back as `Digit`.
    Choose,
    /// The door keeps them in a slot, emptied first; each comes back as `DigitTaken`.
    Take(SlotId),
    /// The door keeps them as a secret, and neither they nor any sound of the party reach anybody or any recording. Each
    /// comes back as `DigitTaken`, without matches.
    Secret,
}

/// What a phone shows when it rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// The party at the far end of this leg.
    Leg(LegId),
    /// This party.
    Party(PartyId),
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum RefuseCause {
    UnknownNumber,
    Busy,
    Unavailable,
    Stopping,
    /// It may not be called, for this reason.
    Outside(Refusal),
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
    /// A promise to call back failed for good.
    CallbackFailed(CallbackId),
    /// A call to the outside was refused.
    OutsideRefused(Refusal),
}
