//! What the tenant's configuration means to the engine: numbers in place of names, milliseconds in place of words.

use crate::hours::HoursConfig;
use crate::ids::{
    AgentId, AttributeId, FlowId, HoursId, LanguageId, LookUpId, MailboxId, NumberId, PromptId, QueueId,
    SecureId, SkillId, SlotId, TargetId,
};
use crate::toll::TollConfig;
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
    /// Opening hours.
    pub hours: Vec<HoursConfig>,
    /// Ways to take secret digits.
    pub secure: Vec<SecureConfig>,
    /// What a party on hold hears outside a queue.
    pub hold_music: PromptId,
    /// The longest a call may last, in milliseconds: the last guard of a leg that is up.
    pub max_call_ms: u64,
    /// What calls to the outside may cost and who may make them. Without it nobody asks here: then the door alone decides
    /// which numbers become parties.
    pub toll: Option<Box<TollConfig>>,
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueConfig {
    /// Which.
    pub id: QueueId,
    /// Its agents.
    pub members: Vec<Member>,
    /// Who comes first among the free.
    pub strategy: Strategy,
    /// How many phones ring at once for one caller, 1 to 10.
    pub ring_at_once: u8,
    /// For how long a caller waits for the agent who had them last, in milliseconds; 0 is not at all.
    pub last_agent_ms: u64,
    /// How long an agent's phone rings, in milliseconds.
    pub ring_ms: u64,
    /// Wrap-up after a call, in milliseconds; 0 is none.
    pub wrap_up_ms: u64,
    /// How much longer an agent may make a wrap-up, in milliseconds in all.
    pub more_wrap_up_ms: u64,
    /// An agent may not leave wrap-up early before saying how the call ended.
    pub disposition_forced: bool,
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
    /// What one step of priority is worth, in milliseconds of waiting: so a long wait overtakes a priority.
    pub priority_ms: u64,
    /// What becomes easier the longer a caller waits, in order of time.
    pub relax: Vec<Relax>,
    /// What waiting callers are told.
    pub announce: Option<Announce>,
    /// Whether waiting callers may hang up and be called back.
    pub callback: Option<CallbackConfig>,
}

/// An agent of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub agent: AgentId,
    /// The agent's queues of a lower order are served first.
    pub order: u8,
    /// Among queues of one order: how much a second of waiting counts, 1 to 100.
    pub weight: u8,
}

impl From<AgentId> for Member {
    fn from(agent: AgentId) -> Member {
        Member { agent, order: 0, weight: 1 }
    }
}

/// Who comes first among the free agents of a queue. Ties go to the longest idle, then to the lowest number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

/// Something that becomes easier after a time in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relax {
    /// After how long, in milliseconds.
    pub after_ms: u64,
    /// What.
    pub what: Easier,
}

/// What becomes easier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Easier {
    /// A needed level sinks, to 1 at the lowest.
    Lower {
        /// Of which skill.
        skill: SkillId,
        /// By how much.
        by: u8,
    },
    /// A skill is needed no more.
    Drop {
        /// Which.
        skill: SkillId,
    },
    /// No skill is needed any more.
    DropAll,
    /// The agents of another queue are rung too.
    AlsoQueue {
        /// Which.
        queue: QueueId,
    },
    /// More phones ring at once.
    RingAtOnce {
        /// How many.
        phones: u8,
    },
    /// The caller moves ahead.
    Priority {
        /// By how many steps.
        steps: u8,
    },
}

/// What waiting callers are told, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announce {
    /// After how long for the first time, in milliseconds.
    pub first_ms: u64,
    /// After how long again, in milliseconds; 0 is never.
    pub every_ms: u64,
    /// What the first in line is told, the second, and so on.
    pub positions: Vec<PromptId>,
    /// What those further back are told.
    pub further_back: Option<PromptId>,
    /// Bands of expected waiting time: up to so many milliseconds, this is said; in rising order.
    pub waits: Vec<(u64, PromptId)>,
    /// What is said above the last band.
    pub longer: Option<PromptId>,
}

/// Calling back instead of waiting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackConfig {
    /// The key that asks for it.
    pub key: char,
    /// What tells callers of the key.
    pub offer: PromptId,
    /// After how long in the queue they are told, in milliseconds.
    pub offer_ms: u64,
    /// Asks whether the number they call from is right: `1` is yes, `2` another.
    pub confirm: PromptId,
    /// Asks for another number, ended by `#`.
    pub enter: PromptId,
    /// Says that they will be called.
    pub done: PromptId,
    /// Says that this number cannot be called.
    pub refused: PromptId,
    /// What a customer hears who is called before the agent.
    pub greeting: Option<PromptId>,
    /// Where the digits of another number go.
    pub slot: SlotId,
    /// Whether the agent is rung before the customer.
    pub agent_first: bool,
    /// How long the customer's phone rings, in milliseconds.
    pub ring_ms: u64,
    /// How often the customer is tried.
    pub attempts: u8,
    /// How long after a try that failed the next comes, in milliseconds.
    pub retry_ms: u64,
    /// Within which time the call is promised, in milliseconds.
    pub promise_ms: u64,
    /// When customers may be called; at any time without.
    pub hours: Option<HoursId>,
}

/// An agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentConfig {
    /// Which.
    pub id: AgentId,
    /// The state of an agent seen for the first time.
    pub at_start: AtStart,
    /// What the agent can, and how well: 1 to 10.
    pub skills: Vec<(SkillId, u8)>,
}

/// What an agent is when first seen; later the agent's own state counts, over restarts too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum AtStart {
    #[default]
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
    /// Whether its calls may be recorded.
    pub recording: RecordingRule,
    /// The language that its calls begin with.
    pub language: LanguageId,
}

/// Whether the calls of a number may be recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordingRule {
    /// When the flow says so.
    #[default]
    Allowed,
    /// Only after the caller was told and did not object.
    WithConsent,
    /// Never, whatever the flow says.
    Never,
}

/// Taking secret digits: a card number, a PIN. The digits go from the door to where they belong; nobody hears them and
/// nothing keeps them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecureConfig {
    /// Which.
    pub id: SecureId,
    /// What asks for them.
    pub prompt: PromptId,
    /// The fewest and the most digits.
    pub digits: (u8, u8),
    /// How long to wait for the first digit, in milliseconds.
    pub first_ms: u64,
    /// How long to wait for each further one.
    pub next_ms: u64,
    /// How often it may be tried.
    pub tries: u8,
    /// How long the far end may take to accept them, in milliseconds.
    pub pass_ms: u64,
}

/// A place in a flow.
pub type At = u16;

/// The place behind the last: the flow is over. A sub-flow goes back to where it was called, any other hangs up.
pub const END: At = At::MAX;

/// A flow: a graph of steps. The first is where it begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowConfig {
    /// Which.
    pub id: FlowId,
    /// The steps.
    pub nodes: Box<[Node]>,
}

impl FlowConfig {
    /// A flow of steps one after the other.
    pub fn in_order(id: FlowId, steps: impl IntoIterator<Item = Step>) -> FlowConfig {
        let mut nodes: Vec<Node> = steps.into_iter().map(|step| Node { step, next: END }).collect();
        let last = nodes.len().saturating_sub(1);
        for (n, node) in nodes.iter_mut().enumerate().take(last) {
            node.next = n as At + 1;
        }
        FlowConfig { id, nodes: nodes.into() }
    }
}

/// A step and what follows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// The step.
    pub step: Step,
    /// What follows when the step does not say otherwise.
    pub next: At,
}

/// One step of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Tell the caller that the call is recorded, and record it unless they object.
    Consent {
        /// What is said.
        prompt: PromptId,
        /// The key that objects, and where the call goes on then.
        opt_out: Option<(char, At)>,
        /// How long after the prompt the key is waited for, in milliseconds.
        wait_ms: u64,
    },
    /// Answer and let the caller choose by a key; the prompt may be interrupted.
    Menu {
        /// What is said.
        prompt: PromptId,
        /// Where each key leads.
        keys: Vec<(char, At)>,
        /// How long after the prompt a key is waited for, in milliseconds.
        wait_ms: u64,
        /// How often the prompt is said in all.
        tries: u8,
        /// What is said after a wrong key.
        wrong: Option<PromptId>,
    },
    /// Answer and take digits, which the door keeps; the prompt may be interrupted, `*` begins anew.
    Collect {
        /// Where they go.
        slot: SlotId,
        /// What is said.
        prompt: PromptId,
        /// The fewest and the most.
        digits: (u8, u8),
        /// How long to wait for the first, in milliseconds.
        first_ms: u64,
        /// How long to wait for each further one.
        next_ms: u64,
        /// How often it may be tried.
        tries: u8,
        /// What is said after a try that failed.
        wrong: Option<PromptId>,
        /// Where the call goes on when all failed.
        failed: At,
    },
    /// Take secret digits and pass them on.
    Secure {
        /// How.
        secure: SecureId,
        /// Where the call goes on when that failed.
        failed: At,
    },
    /// Go on at the place of the first test that holds.
    Branch {
        /// The tests in order.
        cases: Vec<(Test, At)>,
    },
    /// Ask another system about the call; what it says is remembered as attributes.
    LookUp {
        /// Which.
        look_up: LookUpId,
        /// How long it may take, in milliseconds.
        wait_ms: u64,
        /// Where the call goes on when it does not answer.
        failed: At,
    },
    /// The language of the prompts from here on.
    Language {
        /// Which.
        language: LanguageId,
    },
    /// The priority in queues from here on, 0 to 9.
    Priority {
        /// How many steps.
        steps: u8,
    },
    /// A skill that the agent needs from here on.
    Need {
        /// Which.
        skill: SkillId,
        /// How well at least, 1 to 10; 0 is not any more.
        level: u8,
    },
    /// Something to remember.
    Attribute {
        /// What.
        attribute: AttributeId,
        /// Its value, by its place in the attribute's list.
        value: u16,
    },
    /// Answer and wait for an agent. After a conversation the call ends; a caller who cannot enter or has waited
    /// longest goes on with the next step.
    Queue {
        /// Which.
        queue: QueueId,
        /// When the caller goes on elsewhere.
        overflow: Vec<(Overflow, At)>,
    },
    /// Ring a fixed address and answer when it does. If it does not, the next step follows.
    Connect {
        /// Which.
        target: TargetId,
        /// How long it rings, in milliseconds.
        ring_ms: u64,
    },
    /// Ring one agent. If that one is not free or does not answer, the next step follows.
    ConnectAgent {
        /// Whom.
        agent: AgentId,
        /// How long it rings, in milliseconds.
        ring_ms: u64,
    },
    /// Take a message after a prompt; `#` ends it. Then the next step follows.
    Voicemail {
        /// Whose.
        mailbox: MailboxId,
        /// What is said before.
        prompt: PromptId,
        /// The longest message, in milliseconds.
        max_ms: u64,
    },
    /// Run another flow, then go on here.
    Run {
        /// Which.
        flow: FlowId,
    },
    /// Nothing: only where to go on counts.
    Go,
    /// End the call.
    HangUp,
}

/// When a caller leaves a queue for another step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Overflow {
    /// Waited so long, in milliseconds.
    After(u64),
    /// More are waiting ahead than this, on entry.
    WaitingOver(u32),
    /// The expected wait is longer than this, in milliseconds, on entry; never while it is unknown.
    ExpectedOver(u64),
    /// No agent of the queue is signed in: on entry, and whenever the last one signs off.
    NobodySignedIn,
}

/// Something that holds or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Test {
    /// The number called.
    Number(NumberId),
    /// The language in force.
    Language(LanguageId),
    /// An attribute has a value.
    Attribute(AttributeId, u16),
    /// The digits taken are those of a place in the slot's list.
    Digits(SlotId, u16),
    /// The caller withheld the number.
    Withheld,
    /// The caller's country, ISO 3166.
    Country([u8; 2]),
    /// The caller is on a list.
    List(u8),
    /// Hours are open now.
    Open(HoursId),
    /// It is a holiday now.
    Holiday(HoursId),
    /// Closed by the emergency switch.
    Emergency(HoursId),
    /// At least so many wait.
    Waiting(QueueId, u32),
    /// At least so many agents are free.
    Free(QueueId, u32),
    /// At least so many agents are signed in.
    SignedIn(QueueId, u32),
    /// The expected wait is at least so long, in milliseconds.
    Expected(QueueId, u64),
}

impl Default for QueueConfig {
    fn default() -> Self {
        QueueConfig {
            id: QueueId(0),
            members: Vec::new(),
            strategy: Strategy::LongestIdle,
            ring_at_once: 1,
            last_agent_ms: 0,
            ring_ms: 20_000,
            wrap_up_ms: 0,
            more_wrap_up_ms: 0,
            disposition_forced: false,
            max_wait_ms: 3_600_000,
            max_waiting: 1_000,
            misses_to_suspend: 3,
            music: PromptId(0),
            answer_within_ms: 20_000,
            priority_ms: 60_000,
            relax: Vec::new(),
            announce: None,
            callback: None,
        }
    }
}
