//! Flows: what happens to a call, step by step.

use super::{DigitCount, Span, twenty_seconds};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What happens to a call. At the end of the steps, and of each branch, the flow is over: a flow that another runs goes
/// back there, any other hangs up.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// The steps, in order.
    #[schemars(length(min = 1, max = 200))]
    pub steps: Vec<FlowStep>,
    /// Other sequences of steps by name, for steps to go to.
    #[serde(default)]
    #[schemars(extend("x-key-format" = "id", "maxProperties" = 100))]
    pub branches: BTreeMap<String, Sequence>,
}

/// Steps that follow each other.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Sequence(#[schemars(length(min = 1, max = 200))] pub Vec<FlowStep>);

/// One step of a flow.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum FlowStep {
    /// Answer the call, if that has not happened: `answer: true`.
    Answer(bool),
    /// Answer and play a prompt to its end.
    #[schemars(extend("x-ref" = "Prompt"))]
    Say(#[schemars(extend("x-ref" = "Prompt"))] String),
    /// Record conversations from here on (`true`) or no longer (`false`).
    Record(bool),
    /// Tell the caller that the call is recorded, and record it from here on unless they object.
    Consent(ConsentStep),
    /// Answer and let the caller choose by a key. Who chooses nothing goes on with the next step.
    Menu(Menu),
    /// Answer and take digits.
    Collect(Collect),
    /// Take secret digits and pass them on.
    Secure(SecureStep),
    /// Go on at the place of the first test that holds; if none does, with the next step.
    Branch(#[schemars(length(min = 1, max = 100))] Vec<Case>),
    /// Go on with the next step while open, elsewhere when closed.
    Hours(HoursStep),
    /// Ask another system about the call.
    LookUp(LookUpStep),
    /// The language of the prompts from here on.
    Language(String),
    /// The priority in queues from here on, 0 to 9.
    Priority(#[schemars(range(min = 0, max = 9))] u8),
    /// A skill that the agent needs from here on.
    Need(Need),
    /// Remember something of the call.
    Set(Set),
    /// Answer and wait in a queue. After the conversation the call ends; whoever cannot enter or has waited longest goes
    /// on with the next step.
    Queue(QueueStep),
    /// Ring a fixed address, a number or one agent; if it does not answer, the next step follows.
    Connect(Connect),
    /// Take a message; then the next step follows.
    Voicemail(VoicemailStep),
    /// Run another flow, then go on here.
    #[schemars(extend("x-ref" = "Flow"))]
    Run(#[schemars(extend("x-ref" = "Flow"))] String),
    /// Go on with a branch.
    Go(String),
    /// Hang up: `hang-up: true`.
    HangUp(bool),
}

/// Tells that the call is recorded.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentStep {
    /// What is said.
    #[schemars(extend("x-ref" = "Prompt"))]
    pub prompt: String,
    /// How the caller objects; without it nobody can.
    #[serde(default)]
    pub opt_out: Option<OptOut>,
    /// How long after the prompt the key is waited for.
    #[serde(default = "three_seconds")]
    #[schemars(extend("x-span" = [0, 60_000]))]
    pub wait: Span,
}

/// How a caller objects to being recorded.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OptOut {
    /// By which key, in quotes.
    #[schemars(extend("x-format" = "key"))]
    pub key: String,
    /// Which branch follows then.
    pub go: String,
}

/// Lets the caller choose by a key.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Menu {
    /// What is said; a key interrupts it.
    #[schemars(extend("x-ref" = "Prompt"))]
    pub prompt: String,
    /// Which branch each key leads to.
    #[schemars(extend("x-key-format" = "key", "minProperties" = 1, "maxProperties" = 16))]
    pub keys: BTreeMap<String, String>,
    /// How long after the prompt a key is waited for.
    #[serde(default = "five_seconds")]
    #[schemars(extend("x-span" = [100, 60_000]))]
    pub wait: Span,
    /// How often the prompt is said in all.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 10))]
    pub tries: u8,
    /// What is said after a wrong key.
    #[serde(default)]
    #[schemars(extend("x-ref" = "Prompt"))]
    pub wrong: Option<String>,
}

/// Takes digits. `#` ends them, `*` begins anew.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Collect {
    /// Name of the place for them: for look-ups, and for tests of branches.
    #[schemars(extend("x-format" = "id"))]
    pub slot: String,
    /// What is said; a key interrupts it.
    #[schemars(extend("x-ref" = "Prompt"))]
    pub prompt: String,
    /// The fewest and the most digits, as `[4, 8]`.
    pub digits: [DigitCount; 2],
    /// How long to wait for the first digit.
    #[serde(default = "eight_seconds")]
    #[schemars(extend("x-span" = [1_000, 120_000]))]
    pub first: Span,
    /// How long to wait for each further one.
    #[serde(default = "four_seconds")]
    #[schemars(extend("x-span" = [1_000, 60_000]))]
    pub next: Span,
    /// How often it may be tried.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 10))]
    pub tries: u8,
    /// What is said after a try that failed.
    #[serde(default)]
    #[schemars(extend("x-ref" = "Prompt"))]
    pub wrong: Option<String>,
    /// Which branch follows when all failed; without it the next step.
    #[serde(default)]
    pub failed: Option<String>,
    /// Digits that tests compare with, in quotes; those that a test names need not stand here.
    #[serde(default)]
    #[schemars(length(max = 10_000))]
    pub values: Vec<String>,
}

/// Takes secret digits.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecureStep {
    /// How.
    #[schemars(extend("x-ref" = "SecureEntry"))]
    pub entry: String,
    /// Which branch follows when that failed; without it the next step.
    #[serde(default)]
    pub failed: Option<String>,
}

/// One case of a branch.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// When.
    #[serde(rename = "if")]
    pub test: TestRule,
    /// Which branch follows.
    pub go: String,
}

/// A test: exactly one of the keys.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TestRule {
    /// The number called.
    #[schemars(extend("x-ref" = "Number"))]
    pub number: Option<String>,
    /// The language in force.
    pub language: Option<String>,
    /// What was remembered: `{name: level, value: gold}`.
    pub attribute: Option<AttributeIs>,
    /// What was keyed: `{slot: account, value: "1234"}`.
    pub digits: Option<DigitsAre>,
    /// The caller withheld the number: `withheld: true`.
    pub withheld: Option<bool>,
    /// The caller's country: ISO 3166, two capital letters.
    #[schemars(extend("x-format" = "country"))]
    pub country: Option<String>,
    /// The caller is on this list of the tenant.
    pub list: Option<String>,
    /// Open now.
    #[schemars(extend("x-ref" = "Hours"))]
    pub open: Option<String>,
    /// A holiday now.
    #[schemars(extend("x-ref" = "Hours"))]
    pub holiday: Option<String>,
    /// Closed by the emergency switch.
    #[schemars(extend("x-ref" = "Hours"))]
    pub emergency: Option<String>,
    /// At least so many wait.
    pub waiting: Option<QueueAtLeast>,
    /// At least so many agents are free.
    pub free: Option<QueueAtLeast>,
    /// At least so many agents are signed in.
    pub signed_in: Option<QueueAtLeast>,
    /// The expected wait is at least so long.
    pub expected: Option<QueueWait>,
}

/// Something remembered and its value.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributeIs {
    /// Which attribute of the tenant.
    pub name: String,
    /// One of its values.
    pub value: String,
}

/// Digits in a place.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DigitsAre {
    /// The place that a step collects into.
    pub slot: String,
    /// The digits, in quotes.
    pub value: String,
}

/// A queue and a number.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueAtLeast {
    /// Which queue.
    #[schemars(extend("x-ref" = "Queue"))]
    pub queue: String,
    /// How many.
    #[schemars(range(min = 1, max = 100_000))]
    pub at_least: u32,
}

/// A queue and a time.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueWait {
    /// Which queue.
    #[schemars(extend("x-ref" = "Queue"))]
    pub queue: String,
    /// How long.
    #[schemars(extend("x-span" = [1_000, 86_400_000]))]
    pub at_least: Span,
}

/// Goes on with the next step while open.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursStep {
    /// Which hours.
    #[schemars(extend("x-ref" = "Hours"))]
    pub hours: String,
    /// Which branch follows when closed.
    pub closed: String,
    /// Which branch follows on holidays; without it that of `closed`.
    #[serde(default)]
    pub holiday: Option<String>,
    /// Which branch follows while the emergency switch is on; without it that of `closed`.
    #[serde(default)]
    pub emergency: Option<String>,
}

/// Asks another system.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LookUpStep {
    /// How.
    #[schemars(extend("x-ref" = "LookUp"))]
    pub look_up: String,
    /// Which branch follows when it does not answer; without it the next step.
    #[serde(default)]
    pub failed: Option<String>,
}

/// A skill that the agent needs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// Which.
    #[schemars(extend("x-ref" = "Skill"))]
    pub skill: String,
    /// How well at least, 1 to 10; 0 is not any more.
    #[schemars(range(min = 0, max = 10))]
    pub level: u8,
}

/// Something to remember.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// Which attribute of the tenant.
    pub attribute: String,
    /// One of its values.
    pub value: String,
}

/// A queue to wait in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum QueueStep {
    /// Only which.
    #[schemars(extend("x-ref" = "Queue"))]
    Id(#[schemars(extend("x-ref" = "Queue"))] String),
    /// Which, and when the caller goes on elsewhere.
    More(QueueOverflow),
}

/// A queue, and when the caller goes on elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueOverflow {
    /// Which queue.
    #[schemars(extend("x-ref" = "Queue"))]
    pub queue: String,
    /// When the caller goes on elsewhere.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub overflow: Vec<OverflowRule>,
}

impl QueueStep {
    /// The queue and its overflow.
    pub fn parts(&self) -> (&str, &[OverflowRule]) {
        match self {
            QueueStep::Id(id) => (id, &[]),
            QueueStep::More(more) => (&more.queue, &more.overflow),
        }
    }
}

/// When a waiting caller goes on elsewhere: exactly one of the keys beside `go`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OverflowRule {
    /// Waited so long.
    #[serde(default)]
    #[schemars(extend("x-span" = [1_000, 86_400_000]))]
    pub after: Option<Span>,
    /// More are waiting than this, on entry.
    #[serde(default)]
    #[schemars(range(min = 0, max = 100_000))]
    pub waiting_over: Option<u32>,
    /// The expected wait is longer than this, on entry.
    #[serde(default)]
    #[schemars(extend("x-span" = [1_000, 86_400_000]))]
    pub expected_over: Option<Span>,
    /// No agent of the queue is signed in: `nobody_signed_in: true`.
    #[serde(default)]
    pub nobody_signed_in: Option<bool>,
    /// Which branch follows.
    pub go: String,
}

/// Somebody to ring: exactly one of `to`, `number` and `agent`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    /// A fixed address: `sip:desk@192.0.2.10:5060`. The host is an address, not a name.
    #[serde(default)]
    #[schemars(extend("x-format" = "sip-address"))]
    pub to: Option<String>,
    /// A number outside, as `+4942112345`, in quotes; `dial` of the tenant must allow it.
    #[serde(default)]
    #[schemars(extend("x-format" = "number"))]
    pub number: Option<String>,
    /// An agent.
    #[serde(default)]
    #[schemars(extend("x-ref" = "User"))]
    pub agent: Option<String>,
    /// How long it rings.
    #[serde(default = "twenty_seconds")]
    #[schemars(extend("x-span" = [1_000, 180_000]))]
    pub ring_time: Span,
}

/// Takes a message.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoicemailStep {
    /// Whose box: a Queue, or a User with `voicemail: true`.
    #[schemars(extend("x-ref" = "Queue or User"))]
    pub of: String,
    /// What is said before.
    #[schemars(extend("x-ref" = "Prompt"))]
    pub prompt: String,
    /// The longest message.
    #[serde(default = "three_minutes")]
    #[schemars(extend("x-span" = [1_000, 1_800_000]))]
    pub longest: Span,
}

fn three() -> u8 {
    3
}

fn three_seconds() -> Span {
    Span(3_000)
}

fn four_seconds() -> Span {
    Span(4_000)
}

fn five_seconds() -> Span {
    Span(5_000)
}

fn eight_seconds() -> Span {
    Span(8_000)
}

fn three_minutes() -> Span {
    Span(180_000)
}

impl Flow {
    /// All steps, those of the branches behind the main ones.
    pub fn all_steps(&self) -> impl Iterator<Item = &FlowStep> {
        self.steps.iter().chain(self.branches.values().flat_map(|b| b.0.iter()))
    }
}
