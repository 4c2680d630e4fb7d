//! What the tenant's configuration means to the engine: numbers in place of names, milliseconds in place of words.

use crate::ids::{AgentId, FlowId, NumberId, PromptId, QueueId, TargetId};
use alloc::boxed::Box;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The whole configuration. The door has checked that what refers to something finds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Queues.
    pub queues: Vec<QueueConfig>,
    /// Agents.
    pub agents: Vec<AgentConfig>,
    /// Flows.
    pub flows: Vec<FlowConfig>,
    /// Numbers that can be called.
    pub numbers: Vec<NumberConfig>,
    /// What a party on hold hears outside a queue.
    pub hold_music: PromptId,
    /// The longest a call may last, in milliseconds: the last guard of a leg that is up.
    pub max_call_ms: u64,
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueConfig {
    /// Which.
    pub id: QueueId,
    /// Its agents.
    pub members: Vec<AgentId>,
    /// How long an agent's phone rings, in milliseconds.
    pub ring_ms: u64,
    /// Wrap-up after a call, in milliseconds; 0 is none.
    pub wrap_up_ms: u64,
    /// The longest wait, in milliseconds.
    pub max_wait_ms: u64,
    /// The most callers waiting.
    pub max_waiting: u32,
    /// After how many missed offers in a row an agent is suspended; 0 is never.
    pub misses_to_suspend: u8,
    /// What waiting callers hear.
    pub music: PromptId,
    /// The service level's threshold, in milliseconds.
    pub answer_within_ms: u64,
}

/// An agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentConfig {
    /// Which.
    pub id: AgentId,
    /// The state of an agent seen for the first time.
    pub at_start: AtStart,
}

/// What an agent is when first seen; later the agent's own state counts, over restarts too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum AtStart {
    Offline,
    Available,
}

/// A number that can be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberConfig {
    /// Which.
    pub id: NumberId,
    /// What happens to its calls.
    pub flow: FlowId,
}

/// A flow: steps one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowConfig {
    /// Which.
    pub id: FlowId,
    /// The steps. After the last the call is hung up.
    pub steps: Box<[Step]>,
}

/// One step of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Answer, unless that has happened.
    Answer,
    /// Answer and play a prompt to its end.
    Say {
        /// Which.
        prompt: PromptId,
    },
    /// Record the conversations from here on, or no longer.
    Record {
        /// Whether.
        on: bool,
    },
    /// Answer and wait for an agent. After a conversation the call ends; a caller who cannot enter or has waited
    /// longest goes on with the next step.
    Queue {
        /// Which.
        queue: QueueId,
    },
    /// Ring a fixed address and answer when it does. If it does not, the next step follows.
    Connect {
        /// Which.
        target: TargetId,
        /// How long it rings, in milliseconds.
        ring_ms: u64,
    },
    /// End the call.
    HangUp,
}

impl Default for QueueConfig {
    fn default() -> Self {
        QueueConfig {
            id: QueueId(0),
            members: Vec::new(),
            ring_ms: 20_000,
            wrap_up_ms: 0,
            max_wait_ms: 3_600_000,
            max_waiting: 1_000,
            misses_to_suspend: 3,
            music: PromptId(0),
            answer_within_ms: 20_000,
        }
    }
}
