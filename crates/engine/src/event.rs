//! Everything that can happen to a tenant: the closed list that the journal is made of.
//!
//! Variants are only ever appended and none changes its fields: a journal written by any release can be read by every
//! later one. A fact that an old variant lacks comes as a new variant.

use crate::agent::Wanted;
use crate::config::Config;
use crate::destination::Destination;
use crate::ids::{
    AgentId, AttributeId, CallId, CallbackId, DispositionId, HoursId, LegId, NumberId, PartyId, QueueId,
    SecureId, TargetId, TrunkId,
};
use crate::presence::Presence;
use crate::toll::Limits;
use alloc::boxed::Box;
use alloc::vec::Vec;
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
    /// A key was pressed while the engine asked for keys to choose by.
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
    /// A key was pressed while the engine asked for digits; which, the door keeps to itself.
    DigitTaken {
        /// By whom.
        leg: LegId,
        /// What became of it.
        taken: Taken,
        /// The place in the slot's list of the digits so far, from 1 on; 0 if they are not in it.
        matches: u16,
    },
    /// The far end of a look-up or of secret digits answered, or did not.
    LookedUp {
        /// For which call.
        call: CallId,
        /// The number of the question: an answer that comes too late is none of a later one.
        request: u64,
        /// Whether it answered as it should.
        ok: bool,
        /// What it said: attributes and the places of their values in their lists.
        found: Vec<(AttributeId, u16)>,
    },
    /// Whether the number that a caller wants to be called back at can be called.
    NumberChecked {
        /// Whose wish it was.
        leg: LegId,
        /// The number as a party; `None` if it cannot be called.
        party: Option<PartyId>,
        /// Who that is, as [`Facts::person`].
        person: u64,
    },
    /// Somebody with the right asks for something about a call.
    CallAsked {
        /// Which.
        call: CallId,
        /// The agent or supervisor who asks; `None` for the API on nobody's behalf.
        by: Option<AgentId>,
        /// What.
        ask: Ask,
    },
    /// An agent calls somebody: the agent's phone rings first.
    DialAsked {
        /// Who.
        agent: AgentId,
        /// Whom.
        party: PartyId,
        /// Which number the far end sees, and whose rules hold.
        number: Option<NumberId>,
        /// For which queue it counts.
        queue: Option<QueueId>,
    },
    /// The emergency switch of opening hours.
    ClosureSet {
        /// Which.
        hours: HoursId,
        /// Whether closed from now on.
        closed: bool,
    },
    /// A promise to call back is taken back.
    CallbackCancelled {
        /// Which.
        callback: CallbackId,
    },
    /// What the number of a party is. Told before a party is named in anything that calls it; a party of which nothing was
    /// told is not called.
    PartyKnown {
        /// Whose number.
        party: PartyId,
        /// Where it leads.
        destination: Destination,
    },
    /// An agent calls from their own phone. Its leg is the one that [`crate::Engine::next_leg`] named before.
    AgentCalled {
        /// Who.
        agent: AgentId,
        /// The phone as a party: who calls, for whoever is called in the house.
        caller: PartyId,
        /// Which number of ours a far end outside sees, and whose rules hold.
        number: Option<NumberId>,
        /// Whom.
        to: To,
        /// What the door knows of the phone, for flows that ask.
        facts: Facts,
    },
    /// A call that arrived was for somebody else at first and was sent on to here (RFC 5806, RFC 7044).
    CallDiverted {
        /// Which.
        call: CallId,
        /// Whom it was for first.
        first: PartyId,
    },
    /// An agent's phone asks that the far ends of two of its calls talk with each other (RFC 5589, attended transfer).
    CallsJoined {
        /// Whose phone.
        agent: AgentId,
        /// The agent's leg in the call in which that was asked.
        leg: LegId,
        /// The agent's leg in the other call.
        with: LegId,
    },
    /// The far end of a leg that we dial sends audio before it answers.
    LegEarlyAudio {
        /// Which.
        leg: LegId,
    },
    /// What Microsoft Teams says of an agent.
    AgentPresence {
        /// Of whom.
        agent: AgentId,
        /// Whether the agent can be rung.
        presence: Presence,
    },
    /// A leg that we dial tries a trunk whose minutes or spend are limited: from here on what it uses counts for that trunk
    /// too, in place of one that it tried before. Told before the far end is asked.
    LegVia {
        /// Which.
        leg: LegId,
        /// Which trunk.
        trunk: TrunkId,
        /// What the trunk's limits are now; of these only minutes and spend count here.
        limits: Limits,
    },
    /// An agent is to be rung at a number outside: the telephone that rings asks for it (a 3xx answer), or the agent chose
    /// it. The agent calls out: where that is refused, [`crate::Engine::last_refusal`] says so, and nothing else changes.
    /// Told before the far end is asked.
    LegForwarded {
        /// The agent's leg.
        leg: LegId,
        /// Where the number leads.
        to: Destination,
    },
    /// Another telephone system is about to call somebody outside for an agent: it counts as the agent's call, by the meter
    /// that [`crate::Engine::next_meter`] named before. Where that is refused, [`crate::Engine::last_refusal`] says so;
    /// emergency and internal numbers are not counted.
    ElsewhereAsked {
        /// Which agent.
        agent: AgentId,
        /// Where the number leads.
        to: Destination,
    },
    /// The far end of a call that another telephone system makes answered.
    ElsewhereAnswered {
        /// The call's meter.
        meter: u64,
    },
    /// A call that another telephone system made is over, or was not made after all.
    ElsewhereEnded {
        /// The call's meter.
        meter: u64,
    },
    /// A leg that is dialled carries on a call that passes from one trunk to another: it counts for the trunks that it tries,
    /// and for nobody else, because what passes through is no call of the tenant's. Told before [`Event::LegVia`].
    LegPasses {
        /// Which.
        leg: LegId,
        /// Where the number leads.
        to: Destination,
    },
    /// Somebody else is at the far end of a leg from here on: the network behind it passed the call on by itself. The leg, its
    /// place in the conversation and its recording are what they were.
    FarEndChanged {
        /// Which.
        leg: LegId,
    },
    /// As [`Event::ElsewhereAsked`], for somebody of the organisation who is no agent here. Whoever tells it has looked at
    /// whether they may; policy and limits are those of an agent without any of their own.
    ElsewhereAskedFor {
        /// A number for the person that no agent has, and that names nobody.
        person: AgentId,
        /// Where the number leads.
        to: Destination,
    },
    /// Somebody was erased: nothing is remembered of them. What is under way goes on, as that of nobody who is known.
    PersonForgotten {
        /// Who, as [`Facts::person`].
        person: u64,
    },
    /// As [`Event::CallArrived`], of somebody who objected to being treated by what is known of them: it goes as the call of
    /// somebody unknown. The door leaves out of the facts whatever stands for a person.
    ObjectorArrived {
        /// The number called; `None` if it is none of ours.
        number: Option<NumberId>,
        /// Who calls.
        caller: PartyId,
        /// Where it came in.
        trunk: TrunkId,
        /// What may be known of the caller: that of the number itself.
        facts: Facts,
    },
    /// Whoever is at the far ends of two legs, in two calls that pass from one trunk to another, asks that the others of
    /// these calls talk with each other (RFC 5589, attended transfer). The call of `leg` goes on with both.
    PassingJoined {
        /// The leg in the call in which that was asked.
        leg: LegId,
        /// The leg in the other call.
        with: LegId,
    },
    /// Somebody answered who takes the place of a leg's far end in a call that passes from one trunk to another, by way of
    /// this trunk: the leg counts for that one from here on, and for none that it counted for before.
    LegPassedOn {
        /// Which.
        leg: LegId,
        /// Where the number leads.
        to: Destination,
        /// Which trunk.
        trunk: TrunkId,
        /// What its limits are now; of these only minutes and spend count here.
        limits: Limits,
    },
    /// As [`Event::CallArrived`], of somebody who calls an emergency number from a neighbour's system, which passes through:
    /// it is taken also while nothing else begins any more.
    HelpCalled {
        /// The number of ours that stands for the way to help.
        number: Option<NumberId>,
        /// Who calls.
        caller: PartyId,
        /// Where it came in.
        trunk: TrunkId,
        /// What the door found out about the caller.
        facts: Facts,
        /// As [`Event::ObjectorArrived`].
        objected: bool,
    },
    /// Somebody is asked to take the place of a leg's far end in a call that passes through, by way of this trunk: the first
    /// minute is held back there, in place of a trunk that was tried before, until [`Event::LegPassedOn`] or
    /// [`Event::LegStays`].
    LegAsksOn {
        /// Which.
        leg: LegId,
        /// Where the number leads.
        to: Destination,
        /// Which trunk.
        trunk: TrunkId,
        /// What its limits are now; of these only minutes and spend count here.
        limits: Limits,
    },
    /// Nobody takes the place of a leg's far end after all.
    LegStays {
        /// Which.
        leg: LegId,
    },
}

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Taken {
    /// It is one more digit.
    Digit,
    /// `#`: that was all.
    End,
    /// `*`: begin anew.
    Again,
}

/// What can be asked for about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// The agent leaves, and the caller goes there.
    Transfer(To),
    /// The agent asks there while the caller holds.
    Consult(To),
    /// The consultation ends with caller and the one asked talking.
    Complete,
    /// The consultation ends with all three talking.
    Join,
    /// The consultation ends; the agent talks with the caller again.
    Abort,
    /// Secret digits are taken from the caller.
    Secure(SecureId),
    /// Secret digits are not taken after all.
    StopSecure,
    /// How the call ended, for the agent.
    Dispose(DispositionId),
    /// The recording pauses.
    PauseRecording,
    /// The recording goes on.
    ResumeRecording,
    /// The one who asks hears, whispers or joins; again with another mode changes it.
    Supervise(Watch),
    /// The one who asks leaves again.
    StopSupervising,
    /// The one who asks takes the agent's place.
    TakeOver,
    /// A waiting call is offered to this agent next.
    Give(AgentId),
    /// A waiting call goes to another queue, with its time of entry.
    Move(QueueId),
}

/// Where a call can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum To {
    /// An agent.
    Agent(AgentId),
    /// A queue.
    Queue(QueueId),
    /// A fixed address.
    Target(TargetId),
    /// Somebody outside.
    Party(PartyId),
    /// One of our numbers, and whatever its flow does.
    Number(NumberId),
}

/// How a supervisor takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Watch {
    /// Hears everybody, heard by nobody.
    Listen,
    /// Heard by the agents only.
    Whisper,
    /// Heard by everybody.
    Barge,
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
    /// The same for the same person in this tenant, made by chance, until they are erased; 0 if unknown.
    pub person: u64,
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
