//! The kinds of objects that make up a tenant. The JSON Schema for editors and for checking is derived from these.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A length of time: a number and `ms`, `s`, `m` or `h`, for example `20s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub u64);

impl Span {
    /// Reads `20s` and its like into milliseconds.
    pub fn read(text: &str) -> Option<Span> {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        let unit = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(unit).map(Span)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Span, D::Error> {
        let text = String::deserialize(d)?;
        Span::read(&text).ok_or_else(|| serde::de::Error::custom("a time is a number and ms, s, m or h"))
    }
}

impl Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let (n, unit) = [(3_600_000, "h"), (60_000, "m"), (1_000, "s")]
            .into_iter()
            .find(|(ms, _)| self.0 > 0 && self.0.is_multiple_of(*ms))
            .map_or((self.0, "ms"), |(ms, unit)| (self.0 / ms, unit));
        s.serialize_str(&format!("{n}{unit}"))
    }
}

impl JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "span",
            "pattern": "^[0-9]+(ms|s|m|h)$",
            "description": "A length of time: a number and ms, s, m or h, for example 20s."
        })
    }
}

/// What a tenant is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Profile {
    Connector,
    ContactCenter,
    Directory,
    Bridge,
}

/// The tenant itself: exactly one object of this kind.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// Name shown to people.
    #[serde(default)]
    pub name: String,
    /// What it is used for.
    pub profile: Profile,
    /// What a party on hold hears; without it the built-in music.
    #[serde(default)]
    #[schemars(extend("x-ref" = "Prompt"))]
    pub hold_music: Option<String>,
    /// The longest a call may last.
    #[serde(default = "four_hours")]
    #[schemars(extend("x-span" = [60_000, 86_400_000]))]
    pub max_call: Span,
}

fn four_hours() -> Span {
    Span(4 * 3_600_000)
}

/// Somebody who works with Switchroom.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Name shown to colleagues.
    #[serde(default)]
    pub name: String,
    /// What the person may do. Agents take calls of queues.
    pub roles: Vec<UserRole>,
    /// Where an agent's phone is: `sip:anna@192.0.2.10:5060`. The host is an address, not a name.
    #[serde(default)]
    #[schemars(extend("x-format" = "sip-address"))]
    pub phone: Option<String>,
    /// The phone is behind a router that changes addresses: audio may come from elsewhere than its signalling says.
    #[serde(default)]
    pub nat: bool,
    /// The state of an agent when first seen; later the agent's own state counts.
    #[serde(default)]
    pub at_start: StartState,
}

/// A role of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum UserRole {
    Owner,
    Supervisor,
    Agent,
    Auditor,
}

/// The first state of an agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum StartState {
    #[default]
    Offline,
    Available,
}

/// A queue: callers wait, the agent who has been free longest is rung.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Name shown to people.
    #[serde(default)]
    pub name: String,
    /// Its agents.
    #[schemars(extend("x-ref" = "User"))]
    pub agents: Vec<String>,
    /// How long an agent's phone rings.
    #[serde(default = "twenty_seconds")]
    #[schemars(extend("x-span" = [1_000, 180_000]))]
    pub ring_time: Span,
    /// Time for an agent to finish after a call; `0s` is none.
    #[serde(default = "none")]
    #[schemars(extend("x-span" = [0, 3_600_000]))]
    pub wrap_up: Span,
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
    /// What waiting callers hear; without it the built-in music.
    #[serde(default)]
    #[schemars(extend("x-ref" = "Prompt"))]
    pub music: Option<String>,
    /// Answered within this counts for the service level.
    #[serde(default = "twenty_seconds")]
    #[schemars(extend("x-span" = [1_000, 3_600_000]))]
    pub answer_within: Span,
}

fn twenty_seconds() -> Span {
    Span(20_000)
}

fn none() -> Span {
    Span(0)
}

fn one_hour() -> Span {
    Span(3_600_000)
}

fn thousand() -> u32 {
    1_000
}

fn three() -> u8 {
    3
}

/// What happens to a call, step by step. After the last step it is hung up.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// The steps, in order.
    #[schemars(length(min = 1, max = 200))]
    pub steps: Vec<FlowStep>,
}

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
    /// Answer and wait in a queue. After the conversation the call ends; whoever cannot enter or has waited longest goes
    /// on with the next step.
    Queue(#[schemars(extend("x-ref" = "Queue"))] String),
    /// Ring a fixed address; if it does not answer, the next step follows.
    Connect(Connect),
    /// Hang up: `hang-up: true`.
    HangUp(bool),
}

/// A fixed address to ring.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    /// `sip:desk@192.0.2.10:5060`. The host is an address, not a name.
    #[schemars(extend("x-format" = "sip-address"))]
    pub to: String,
    /// How long it rings.
    #[serde(default = "twenty_seconds")]
    #[schemars(extend("x-span" = [1_000, 180_000]))]
    pub ring_time: Span,
}

/// A number that can be called.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// As callers dial it and the trunk delivers it: digits, or `+` and digits. In quotes.
    #[schemars(regex(pattern = r"^\+?[0-9*#A-Za-z._-]{1,40}$"), extend("x-format" = "number"))]
    pub number: String,
    /// What happens to its calls.
    #[schemars(extend("x-ref" = "Flow"))]
    pub flow: String,
}

/// Where calls come from.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trunk {
    /// Networks whose calls are taken: `192.0.2.0/24`, `2001:db8::/32`, or a single address.
    #[schemars(length(min = 1, max = 100), extend("x-format" = "network"))]
    pub networks: Vec<String>,
    /// The far end is behind a router that changes addresses: audio may come from elsewhere than its signalling says.
    #[serde(default)]
    pub nat: bool,
}

/// Something to be heard.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prompt {
    /// A WAV file beside the file that names it: PCM, float or G.711, 8 to 48 kHz, at most 10 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The WAV itself, in base64: what `file` becomes when it is applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wav: Option<String>,
    /// A tone in place of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tone: Option<Tone>,
    /// The built-in music in place of a file: `music: true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub music: Option<bool>,
}

/// A tone.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tone {
    /// Frequency in hertz.
    #[schemars(range(min = 50, max = 3_800))]
    pub hz: u32,
    /// Length.
    #[schemars(extend("x-span" = [20, 600_000]))]
    pub length: Span,
}
