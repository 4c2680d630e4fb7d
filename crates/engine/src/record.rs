//! What is kept of a call: its record, its legs and its timeline.

use crate::destination::Destination;
use crate::event::LegEnd;
use crate::event::{To, Watch};
use crate::ids::{
    AgentId, AttributeId, CallId, CallbackId, DispositionId, EntryId, FlowId, LanguageId, LegId, LookUpId,
    MailboxId, NumberId, PartyId, PromptId, QueueId, RecordingId, SecureId, SkillId, TargetId, TrunkId,
};
use crate::leg::{Leg, Role};
use crate::route::Decision;
use crate::state::{Changed, Engine};
use crate::timers::Time;
use crate::toll::Refusal;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The most moments and decisions kept of one call; a call that goes round for hours stays bounded.
const MAX_KEPT: usize = 500;

/// A call that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Which.
    pub id: CallId,
    /// The number called.
    pub number: Option<NumberId>,
    /// Who called.
    pub caller: PartyId,
    /// Where it came in.
    pub trunk: TrunkId,
    /// When it began.
    pub began: Time,
    /// When it was answered, by a prompt or a person.
    pub answered: Option<Time>,
    /// When it ended.
    pub ended: Time,
    /// Who ended it.
    pub ended_by: EndedBy,
    /// Why.
    pub reason: Reason,
    /// Whose fault that was.
    pub fault: Fault,
    /// The last queue it was in.
    pub queue: Option<QueueId>,
    /// What became of it there.
    pub outcome: Option<Outcome>,
    /// How long it waited in queues, in milliseconds.
    pub waited_ms: u64,
    /// How long caller and agent or target talked, in milliseconds.
    pub talked_ms: u64,
    /// The agent who talked last.
    pub agent: Option<AgentId>,
    /// Its legs.
    pub legs: Vec<LegRecord>,
    /// What happened, in order.
    pub timeline: Vec<Moment>,
    /// Whom it was offered to, and why.
    pub decisions: Vec<Decision>,
    /// Its recordings.
    pub recordings: Vec<RecordingId>,
    /// How it began.
    pub origin: Origin,
    /// What flows and look-ups remembered.
    pub attributes: Vec<(AttributeId, u16)>,
    /// The language it ended with.
    pub language: LanguageId,
}

/// How a call began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// Somebody called.
    #[default]
    Inbound,
    /// An agent called somebody.
    Outbound {
        /// Who.
        agent: AgentId,
    },
    /// A promise to call back is kept.
    Callback {
        /// Which.
        callback: CallbackId,
    },
    /// An agent called somebody in the house.
    Internal {
        /// Who.
        agent: AgentId,
    },
}

/// A leg that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegRecord {
    /// Which.
    pub id: LegId,
    /// Whose.
    pub role: Role,
    /// When it began.
    pub began: Time,
    /// When it was answered.
    pub answered: Option<Time>,
    /// When it ended.
    pub ended: Time,
    /// How.
    pub end: LegEnd,
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum EndedBy {
    Caller,
    Agent,
    Target,
    Switchroom,
    Administrator,
    Network,
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// One of those who talked hung up.
    HungUp,
    /// The caller hung up while waiting in a queue.
    Abandoned,
    /// The caller hung up before that.
    GaveUp,
    /// The flow came to its end.
    FlowEnded,
    /// The number is none of ours.
    UnknownNumber,
    /// What the flow rang did not answer, and the flow has nothing after it.
    NoAnswer,
    /// What the flow rang was busy.
    Busy,
    /// What the flow rang could not be reached.
    Unreachable,
    /// No codec in common.
    NoCommonMedia,
    /// No audio came for too long.
    MediaTimeOut,
    /// Our answer was never confirmed.
    NotConfirmed,
    /// The longest call.
    TooLong,
    /// Somebody with the right ended it.
    Asked,
    /// The program was restarted while it was open.
    Restarted,
    /// The program was stopping.
    Stopping,
    /// Something here failed.
    Failed,
    /// The caller left for a callback.
    CallbackPromised,
    /// A transfer left nobody of ours in the call.
    Transferred,
    /// It would have gone where the policy for calls to the outside does not allow it.
    NotAllowed,
    /// The day's minutes or money for calls to the outside were used up.
    LimitReached,
}

/// Whose fault an end was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Fault {
    Nobody,
    Caller,
    FarEnd,
    Configuration,
    Network,
    Switchroom,
}

impl Reason {
    /// Whose fault it is.
    pub fn fault(self) -> Fault {
        match self {
            Reason::HungUp
            | Reason::Abandoned
            | Reason::GaveUp
            | Reason::FlowEnded
            | Reason::Asked
            | Reason::CallbackPromised
            | Reason::Transferred => Fault::Nobody,
            Reason::UnknownNumber | Reason::NotAllowed | Reason::LimitReached => Fault::Configuration,
            Reason::NoAnswer | Reason::Busy | Reason::Unreachable => Fault::FarEnd,
            Reason::NoCommonMedia => Fault::Caller,
            Reason::MediaTimeOut | Reason::NotConfirmed => Fault::Network,
            Reason::TooLong | Reason::Restarted | Reason::Stopping | Reason::Failed => Fault::Switchroom,
        }
    }
}

/// What became of a caller in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Outcome {
    Answered,
    Abandoned,
    FlowedOut,
    Callback,
}

/// Something that happened to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// When.
    pub at: Time,
    /// What.
    pub what: What,
}

/// What happened to a call. Variants are only ever appended: records are kept for long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum What {
    Arrived {
        number: Option<NumberId>,
    },
    Answered,
    Said {
        prompt: PromptId,
    },
    Queued {
        queue: QueueId,
    },
    QueueFull {
        queue: QueueId,
    },
    WaitedLongest {
        queue: QueueId,
    },
    Offered {
        agent: AgentId,
        leg: LegId,
    },
    Ringing {
        leg: LegId,
    },
    RangTooLong {
        leg: LegId,
    },
    Missed {
        agent: AgentId,
    },
    Declined {
        agent: AgentId,
    },
    NotReached {
        agent: AgentId,
    },
    Suspended {
        agent: AgentId,
    },
    Dialled {
        target: TargetId,
        leg: LegId,
    },
    TargetFailed {
        target: TargetId,
        end: LegEnd,
    },
    Connected {
        leg: LegId,
    },
    RecordingStarted {
        recording: RecordingId,
    },
    RecordingStopped {
        recording: RecordingId,
    },
    Held {
        leg: LegId,
    },
    Resumed {
        leg: LegId,
    },
    Ended {
        by: EndedBy,
        reason: Reason,
    },
    FlowEntered {
        flow: FlowId,
    },
    Chosen {
        digit: char,
    },
    NothingChosen,
    DigitsTaken {
        count: u8,
    },
    /// A branch of a flow was taken because this held.
    TestHeld {
        test: crate::config::Test,
    },
    LookedUp {
        look_up: LookUpId,
        ok: bool,
    },
    AttributeSet {
        attribute: AttributeId,
        value: u16,
    },
    LanguageSet {
        language: LanguageId,
    },
    PrioritySet {
        steps: u8,
    },
    SkillNeeded {
        skill: SkillId,
        level: u8,
    },
    ConsentAnnounced,
    ConsentRefused,
    RecordingNotAllowed,
    RecordingPaused {
        recording: RecordingId,
    },
    RecordingResumed {
        recording: RecordingId,
    },
    SecureBegan {
        secure: SecureId,
    },
    SecureEnded {
        secure: SecureId,
        ok: bool,
    },
    Relaxed {
        queue: QueueId,
        step: u8,
    },
    Overflowed {
        queue: QueueId,
        why: crate::config::Overflow,
    },
    ToldPosition {
        position: u32,
    },
    ToldWait {
        expected_ms: u64,
    },
    WaitsForLastAgent {
        agent: AgentId,
    },
    CallbackOffered {
        queue: QueueId,
    },
    CallbackPromised {
        callback: CallbackId,
    },
    CallbackRefused,
    CallbackTried {
        callback: CallbackId,
        attempt: u8,
    },
    TransferAsked {
        by: Option<AgentId>,
        to: To,
    },
    ConsultBegan {
        by: AgentId,
        to: To,
    },
    ConsultEnded {
        by: AgentId,
    },
    Joined {
        leg: LegId,
    },
    Left {
        leg: LegId,
    },
    NotAvailable {
        agent: AgentId,
    },
    Supervised {
        by: AgentId,
        watch: Watch,
    },
    SupervisionEnded {
        by: AgentId,
    },
    TakenOver {
        by: AgentId,
    },
    Given {
        agent: AgentId,
        by: Option<AgentId>,
    },
    Moved {
        queue: QueueId,
        by: Option<AgentId>,
    },
    Disposed {
        agent: AgentId,
        disposition: DispositionId,
    },
    MessageBegan {
        mailbox: MailboxId,
    },
    MessageLeft {
        mailbox: MailboxId,
        recording: RecordingId,
    },
    PartyDialled {
        party: PartyId,
        leg: LegId,
    },
    PartyFailed {
        leg: LegId,
        end: LegEnd,
    },
    TookTooManySteps,
    ReturnedTo {
        queue: QueueId,
        entry: EntryId,
    },
    /// Nobody could be rung at once: how many wait ahead, the members by state, and how many of the free lack a skill.
    NobodyFree {
        queue: QueueId,
        ahead: u32,
        states: [u32; 7],
        lacking: u32,
    },
    /// Somebody outside was to be called, and was not.
    OutsideRefused {
        agent: Option<AgentId>,
        destination: Destination,
        refusal: Refusal,
    },
    /// Somebody outside had to go: there were no minutes or no money left for the next minute.
    CutOff {
        leg: LegId,
        refusal: Refusal,
    },
    /// An agent called from their own phone.
    Called {
        agent: AgentId,
        to: To,
    },
    /// The call was for somebody else at first.
    Diverted {
        first: PartyId,
    },
    /// An agent joined two calls: this one goes on, with the far end of the other.
    TookIn {
        call: CallId,
        by: AgentId,
    },
    /// An agent joined two calls: this one ends, and its far end goes on in the other.
    WentOnIn {
        call: CallId,
        by: AgentId,
    },
    /// Members of a queue were available and not rung because of what Microsoft Teams says of them: when a leg was
    /// dialled, or when nobody could be.
    KeptByTeams {
        queue: QueueId,
        leg: Option<LegId>,
        in_call: u32,
        do_not_disturb: u32,
    },
    /// Somebody else is at the far end of a leg: the network behind it passed the call on.
    FarEndChanged {
        leg: LegId,
    },
    /// The caller objected to being treated by what is known of them: the call goes as that of somebody unknown.
    ProfileLeftOut,
    /// Because of such an objection another system was not asked about the caller.
    LookUpLeftOut {
        look_up: LookUpId,
    },
}

impl Engine {
    pub(crate) fn moment(&mut self, call: CallId, what: What) {
        let at = self.s.now;
        self.changed(Changed::Call(call));
        if let Some(c) = self.s.calls.get_mut(&call) {
            if c.timeline.len() < MAX_KEPT || matches!(what, What::Ended { .. }) {
                c.timeline.push(Moment { at, what });
            }
        }
    }

    pub(crate) fn decided(&mut self, call: CallId, decision: Decision) {
        if let Some(c) = self.s.calls.get_mut(&call) {
            if c.decisions.len() == MAX_KEPT {
                c.decisions.remove(0);
            }
            c.decisions.push(decision);
        }
    }

    pub(crate) fn keep_leg(&mut self, leg: &Leg, end: LegEnd) {
        let ended = self.s.now;
        if let Some(c) = self.s.calls.get_mut(&leg.call) {
            c.live_legs.retain(|l| *l != leg.id);
            if c.legs.len() == MAX_KEPT {
                c.legs.remove(1);
            }
            let (id, role, began, answered) = (leg.id, leg.role, leg.began, leg.answered);
            c.legs.push(LegRecord { id, role, began, answered, ended, end });
        }
    }

    pub(crate) fn note_wait(&mut self, call: CallId, queue: QueueId, waited: u64, outcome: Outcome) {
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.queue = Some(queue);
            c.outcome = Some(outcome);
            c.waited_ms += waited;
        }
    }
}
