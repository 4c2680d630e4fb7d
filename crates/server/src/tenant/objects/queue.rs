//! Queues: who is rung, when, and what those who wait hear.

use super::{Span, twenty_seconds};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A queue: callers wait until an agent is free who can what they need.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Name shown to people.
    #[serde(default)]
    pub name: String,
    /// Its agents: ids, or objects with `agent`, `order` and `weight`.
    pub agents: Vec<QueueAgent>,
    /// Who comes first among the free.
    #[serde(default)]
    pub strategy: Strategy,
    /// How many phones ring at once for one caller.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 10))]
    pub ring_at_once: u8,
    /// For how long a caller waits for the agent who had them last; `0s` is not at all.
    #[serde(default = "none")]
    #[schemars(extend("x-span" = [0, 3_600_000]))]
    pub last_agent: Span,
    /// How long an agent's phone rings.
    #[serde(default = "twenty_seconds")]
    #[schemars(extend("x-span" = [1_000, 180_000]))]
    pub ring_time: Span,
    /// Time for an agent to finish after a call; `0s` is none.
    #[serde(default = "none")]
    #[schemars(extend("x-span" = [0, 3_600_000]))]
    pub wrap_up: Span,
    /// How much longer an agent may make that time, in all.
    #[serde(default = "none")]
    #[schemars(extend("x-span" = [0, 3_600_000]))]
    pub more_wrap_up: Span,
    /// Agents may not leave the time after a call early before they said how it ended.
    #[serde(default)]
    pub disposition_forced: bool,
    /// The longest wait; then the flow goes on.
    #[serde(default = "one_hour")]
    #[schemars(extend("x-span" = [1_000, 86_400_000]))]
    pub max_wait: Span,
    /// The most callers waiting; another goes on with the flow.
    #[serde(default = "thousand")]
    #[schemars(range(min = 1, max = 100_000))]
    pub max_waiting: u32,
    /// After how many missed offers in a row an agent is suspended.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 20))]
    pub misses_to_suspend: u8,
    /// What agents hear who answer in Microsoft Teams or at a number outside, again and again, until they press 1 to take the
    /// call. Without it whoever answers has it, even if that is a voicemail of theirs.
    #[serde(default)]
    #[schemars(extend("x-ref" = "Prompt"))]
    pub press_one: Option<String>,
    /// What waiting callers hear; without it the built-in music.
    #[serde(default)]
    #[schemars(extend("x-ref" = "Prompt"))]
    pub music: Option<String>,
    /// Answered within this counts for the service level.
    #[serde(default = "twenty_seconds")]
    #[schemars(extend("x-span" = [1_000, 3_600_000]))]
    pub answer_within: Span,
    /// What one step of priority is worth in waiting time: so a long wait overtakes a priority.
    #[serde(default = "one_minute")]
    #[schemars(extend("x-span" = [1_000, 3_600_000]))]
    pub priority_step: Span,
    /// What becomes easier the longer a caller waits, in order of time.
    #[serde(default)]
    #[schemars(length(max = 50))]
    pub relax: Vec<RelaxStep>,
    /// What waiting callers are told.
    #[serde(default)]
    pub announce: Option<Announce>,
    /// Calling back in place of waiting.
    #[serde(default)]
    pub callback: Option<Callback>,
    /// A page that opens for the agent who is rung: an https address with `{caller}`, `{call}` and `{queue}`.
    #[serde(default)]
    pub screen_pop: Option<String>,
    /// Who is told of messages in the queue's voicemail box.
    #[serde(default)]
    pub voicemail: Option<MailboxNotice>,
    /// Bounds that raise an alarm when they are crossed: watchers and webhooks are told.
    #[serde(default)]
    pub alarms: Option<QueueAlarms>,
}

/// Bounds that raise an alarm when they are crossed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueAlarms {
    /// More callers waiting than this.
    #[serde(default)]
    #[schemars(range(min = 0, max = 100_000))]
    pub waiting: Option<u32>,
    /// The first in line waits longer than this.
    #[serde(default)]
    #[schemars(extend("x-span" = [1_000, 86_400_000]))]
    pub longest_wait: Option<Span>,
    /// The service level of the last half hour is below this, in percent; with five callers or more.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100))]
    pub service_level: Option<u8>,
}

/// An agent of a queue.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum QueueAgent {
    /// Only who.
    #[schemars(extend("x-ref" = "User"))]
    Id(#[schemars(extend("x-ref" = "User"))] String),
    /// Who, and how this queue stands beside the agent's others.
    Placed(PlacedAgent),
}

/// An agent with the place that a queue has among the agent's queues.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacedAgent {
    /// Who.
    #[schemars(extend("x-ref" = "User"))]
    pub agent: String,
    /// The agent's queues of a lower order are served first.
    #[serde(default)]
    #[schemars(range(min = 0, max = 100))]
    pub order: u8,
    /// Among queues of one order: how much a second of waiting counts.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 100))]
    pub weight: u8,
}

impl QueueAgent {
    /// Id of the user, order and weight.
    pub fn parts(&self) -> (&str, u8, u8) {
        match self {
            QueueAgent::Id(id) => (id, 0, 1),
            QueueAgent::Placed(p) => (&p.agent, p.order, p.weight),
        }
    }
}

/// Who comes first among the free agents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Whoever has been free longest.
    #[default]
    LongestIdle,
    /// Whoever has the highest levels in the skills that the caller needs.
    MostFitting,
    /// Whoever has answered the fewest calls since signing on.
    FewestCalls,
    /// Whoever was rung longest ago.
    RoundRobin,
}

/// Something that becomes easier after a time: exactly one of the keys beside `after`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelaxStep {
    /// After how long in the queue.
    #[schemars(extend("x-span" = [0, 86_400_000]))]
    pub after: Span,
    /// A needed level sinks, to 1 at the lowest.
    #[serde(default)]
    pub lower: Option<LowerLevel>,
    /// A skill is needed no more.
    #[serde(default)]
    #[schemars(extend("x-ref" = "Skill"))]
    pub drop: Option<String>,
    /// No skill is needed any more: `drop_all: true`.
    #[serde(default)]
    pub drop_all: Option<bool>,
    /// The agents of another queue are rung too.
    #[serde(default)]
    #[schemars(extend("x-ref" = "Queue"))]
    pub also_queue: Option<String>,
    /// So many phones ring at once.
    #[serde(default)]
    #[schemars(range(min = 1, max = 10))]
    pub ring_at_once: Option<u8>,
    /// The caller moves ahead by so many steps of priority.
    #[serde(default)]
    #[schemars(range(min = 1, max = 9))]
    pub priority: Option<u8>,
}

/// By how much a needed level sinks.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LowerLevel {
    /// Of which skill.
    #[schemars(extend("x-ref" = "Skill"))]
    pub skill: String,
    /// By how much.
    #[schemars(range(min = 1, max = 9))]
    pub by: u8,
}

/// What waiting callers are told, and when.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Announce {
    /// After how long for the first time.
    #[serde(default = "twenty_seconds")]
    #[schemars(extend("x-span" = [0, 3_600_000]))]
    pub first: Span,
    /// After how long again; `0s` is never.
    #[serde(default = "one_minute")]
    #[schemars(extend("x-span" = [0, 3_600_000]))]
    pub every: Span,
    /// What the first in line is told, the second, and so on.
    #[serde(default)]
    #[schemars(length(max = 100), extend("x-ref" = "Prompt"))]
    pub positions: Vec<String>,
    /// What those further back are told.
    #[serde(default)]
    #[schemars(extend("x-ref" = "Prompt"))]
    pub further_back: Option<String>,
    /// Bands of expected waiting time, the shortest first.
    #[serde(default)]
    #[schemars(length(max = 50))]
    pub waits: Vec<WaitBand>,
    /// What is said above the last band.
    #[serde(default)]
    #[schemars(extend("x-ref" = "Prompt"))]
    pub longer: Option<String>,
}

/// A band of expected waiting time.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitBand {
    /// Up to this.
    #[schemars(extend("x-span" = [1_000, 86_400_000]))]
    pub up_to: Span,
    /// This is said.
    #[schemars(extend("x-ref" = "Prompt"))]
    pub say: String,
}

/// Calling back in place of waiting.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// The key that asks for it, in quotes.
    #[schemars(extend("x-format" = "key"))]
    pub key: String,
    /// What tells callers of the key.
    #[schemars(extend("x-ref" = "Prompt"))]
    pub offer: String,
    /// After how long in the queue they are told.
    #[serde(default = "half_a_minute")]
    #[schemars(extend("x-span" = [0, 3_600_000]))]
    pub offer_after: Span,
    /// Asks whether the number they call from is right: 1 is yes, 2 another.
    #[schemars(extend("x-ref" = "Prompt"))]
    pub confirm: String,
    /// Asks for another number, ended by `#`.
    #[schemars(extend("x-ref" = "Prompt"))]
    pub enter: String,
    /// Says that they will be called.
    #[schemars(extend("x-ref" = "Prompt"))]
    pub done: String,
    /// Says that this number cannot be called.
    #[schemars(extend("x-ref" = "Prompt"))]
    pub refused: String,
    /// What a customer hears who is called before the agent.
    #[serde(default)]
    #[schemars(extend("x-ref" = "Prompt"))]
    pub greeting: Option<String>,
    /// Name of the place for the digits of another number; no step may collect into it.
    #[serde(default = "callback_slot")]
    #[schemars(extend("x-format" = "id"))]
    pub slot: String,
    /// Whether the agent is rung before the customer.
    #[serde(default = "yes")]
    pub agent_first: bool,
    /// How long the customer's phone rings.
    #[serde(default = "half_a_minute")]
    #[schemars(extend("x-span" = [1_000, 180_000]))]
    pub ring_time: Span,
    /// How often the customer is tried.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 10))]
    pub attempts: u8,
    /// How long after a try that failed the next comes.
    #[serde(default = "ten_minutes")]
    #[schemars(extend("x-span" = [1_000, 86_400_000]))]
    pub retry: Span,
    /// Within which time the call is promised.
    #[serde(default = "four_hours")]
    #[schemars(extend("x-span" = [60_000, 604_800_000]))]
    pub promise: Span,
    /// When customers may be called; at any time without.
    #[serde(default)]
    #[schemars(extend("x-ref" = "Hours"))]
    pub hours: Option<String>,
}

/// Who is told of messages in a voicemail box.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailboxNotice {
    /// A Webhook.
    #[serde(default)]
    #[schemars(extend("x-ref" = "Webhook"))]
    pub webhook: Option<String>,
    /// An e-mail address.
    #[serde(default)]
    #[schemars(extend("x-format" = "email"))]
    pub email: Option<String>,
}

fn none() -> Span {
    Span(0)
}

fn half_a_minute() -> Span {
    Span(30_000)
}

fn one_minute() -> Span {
    Span(60_000)
}

fn ten_minutes() -> Span {
    Span(600_000)
}

fn one_hour() -> Span {
    Span(3_600_000)
}

fn four_hours() -> Span {
    Span(4 * 3_600_000)
}

fn thousand() -> u32 {
    1_000
}

fn one() -> u8 {
    1
}

fn three() -> u8 {
    3
}

fn yes() -> bool {
    true
}

fn callback_slot() -> String {
    "callback".into()
}
