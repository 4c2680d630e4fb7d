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
mod call;
mod config;
mod effect;
mod event;
mod flow;
mod ids;
mod laws;
mod leg;
mod queue;
mod record;
mod restart;
mod route;
mod state;
mod timers;

pub use agent::{Agent, AgentState, Wanted};
pub use call::{Call, Phase};
pub use config::{AgentConfig, AtStart, Config, FlowConfig, NumberConfig, QueueConfig, Step};
pub use effect::{Effect, HangUpCause, Notice, RefuseCause, Sound};
pub use event::{Event, Facts, LegEnd};
pub use ids::{
    AgentId, CallId, EffectId, EntryId, FlowId, LegId, NumberId, PartyId, PromptId, QueueId, RecordingId,
    TargetId, TrunkId,
};
pub use laws::Broken;
pub use leg::{Leg, LegState, Role};
pub use queue::{Entry, EntryState, Queue, QueueCounts};
pub use record::{CallRecord, EndedBy, Fault, LegRecord, Moment, Outcome, Reason, What};
pub use route::{Decision, OfferOutcome};
pub use state::{Changed, Engine, Snapshot};
pub use timers::Time;
