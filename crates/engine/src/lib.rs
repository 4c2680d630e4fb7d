//! Decides: what happens to each call, whom each queue rings, when each agent is free.
//!
//! One [`Engine`] is one tenant. [`Engine::handle`] takes the time and one [`Event`]; call [`Engine::poll`] until it is
//! empty, carry the [`Effect`]s out, and ask [`Engine::deadline`] when to say [`Event::TimePassed`]. Drain all effects
//! before the next event.
//!
//! This room never reads a clock, rolls dice or does I/O; it knows people and places by number only, never a telephone
//! number or a name; its maps are ordered, so that the same events give the same effects, always. Only events and
//! snapshots can be written down: the events are the journal.
//!
//! A call, a leg, a queue entry and an agent are separate things that know each other by id; nothing owns the whole
//! call. Whatever waits has a deadline in [`timers`](Engine::deadline), so nothing waits for ever.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod agent;
mod asking;
mod call;
mod callback;
mod config;
mod count;
mod destination;
mod early;
mod effect;
mod estimate;
mod event;
mod flow;
mod hours;
mod ids;
mod join;
mod laws;
mod ledger;
mod leg;
mod need;
mod outward;
mod own_call;
mod presence;
mod queue;
mod record;
mod register;
mod restart;
mod route;
mod state;
mod supervise;
mod table;
mod talk;
mod timers;
mod toll;
mod transfer;

pub use agent::{Agent, AgentState, Membership, Wanted, Work};
pub use call::{Call, Phase};
pub use callback::{Callback, CallbackState};
pub use config::{
    AgentConfig, Announce, At, AtStart, CallbackConfig, Config, END, Easier, FlowConfig, Member, Node,
    NumberConfig, Overflow, QueueConfig, RecordingRule, Relax, SecureConfig, Step, Strategy, Test,
};
pub use count::{CallbackStep, Fact};
pub use destination::{Class, Destination};
pub use effect::{Effect, HangUpCause, Keys, Notice, RefuseCause, Show, Sound};
pub use event::{Ask, Event, Facts, LegEnd, Taken, To, Watch};
pub use hours::{HoursConfig, SpecialDay};
pub use ids::{
    AgentId, AttributeId, BreakReason, CallId, CallbackId, DispositionId, EffectId, EntryId, FlowId, HoursId,
    LanguageId, LegId, LookUpId, MailboxId, NeedId, NumberId, PartyId, PromptId, QueueId, RecordingId,
    SecureId, SkillId, SlotId, TargetId, TrunkId,
};
pub use laws::Broken;
pub use ledger::Usage;
pub use leg::{Leg, LegState, Role};
pub use need::{Group, Rank};
pub use outward::{SecurityNotice, Used};
pub use presence::{Kept, Presence};
pub use queue::{Entry, Of, Queue, QueueCounts};
pub use record::{CallRecord, EndedBy, Fault, LegRecord, Moment, Origin, Outcome, Reason, What};
pub use register::Register;
pub use route::{Candidate, Decision, OfferOutcome, Why};
#[cfg(feature = "faults")]
pub use state::Mistake;
pub use state::{Changed, Engine, Snapshot};
pub use table::{Number, Table};
pub use timers::Time;
pub use toll::{Limits, Night, Price, Rate, Refusal, Rights, TollConfig, TollPolicy};
