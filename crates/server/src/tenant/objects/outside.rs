//! Other systems that are asked or told over HTTP. Secrets stand in files, never in these objects.

use super::{DigitCount, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Taking secret digits from a caller, such as a card number. Nobody hears them and nothing keeps them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecureEntry {
    /// What asks for them.
    #[schemars(extend("x-ref" = "Prompt"))]
    pub prompt: String,
    /// The fewest and the most digits, as `[12, 19]`.
    pub digits: [DigitCount; 2],
    /// How long to wait for the first digit.
    #[serde(default = "ten_seconds")]
    #[schemars(extend("x-span" = [1_000, 120_000]))]
    pub first: Span,
    /// How long to wait for each further one.
    #[serde(default = "five_seconds")]
    #[schemars(extend("x-span" = [1_000, 60_000]))]
    pub next: Span,
    /// How often it may be tried.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 10))]
    pub tries: u8,
    /// Where the digits are passed on to.
    pub pass: Pass,
}

/// Where secret digits are passed on to, by POST.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pass {
    /// An https address.
    pub url: String,
    /// How long it may take.
    #[serde(default = "five_seconds")]
    #[schemars(extend("x-span" = [100, 30_000]))]
    pub timeout: Span,
    /// The address may be a private one, or this machine.
    #[serde(default)]
    pub allow_private: bool,
    /// What the request says beside.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub headers: Vec<Header>,
}

/// A header of a request: exactly one of `value` and `secret_file`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Its name.
    #[schemars(extend("x-format" = "header"))]
    pub name: String,
    /// What it says.
    #[serde(default)]
    pub value: Option<String>,
    /// A file in the server's folder of secrets that has what it says. A name, not a path.
    #[serde(default)]
    #[schemars(extend("x-format" = "secret-file"))]
    pub secret_file: Option<String>,
}

/// Asking another system about a call. What it answers is remembered as attributes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LookUp {
    /// An https address. Behind the `?` may stand `{caller}` and names of collected digits, such as `{account}`.
    pub url: String,
    /// `get` or `post`.
    #[serde(default)]
    pub method: Method,
    /// What is sent as JSON; texts in it may have placeholders as in the address.
    #[serde(default)]
    pub body: Option<serde_json::Value>,
    /// How long it may take.
    #[serde(default = "three_seconds")]
    #[schemars(extend("x-span" = [100, 30_000]))]
    pub timeout: Span,
    /// The address may be a private one, or this machine.
    #[serde(default)]
    pub allow_private: bool,
    /// The largest answer that is read, in bytes.
    #[serde(default = "sixty_four_kilobytes")]
    #[schemars(range(min = 1, max = 1_048_576))]
    pub max_bytes: u32,
    /// What the request says beside.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub headers: Vec<Header>,
    /// Which attribute each part of the answer becomes, by JSON pointer (RFC 6901): `/customer/level: level`. A value
    /// that the attribute cannot have is ignored.
    #[schemars(extend("x-key-format" = "json-pointer", "minProperties" = 1, "maxProperties" = 50))]
    pub results: BTreeMap<String, String>,
}

/// How a look-up asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Method {
    #[default]
    Get,
    Post,
}

/// Another system that is told what happens.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// An https address.
    pub url: String,
    /// A file in the server's folder of secrets with the key that signs what is sent. A name, not a path.
    #[schemars(extend("x-format" = "secret-file"))]
    pub secret_file: String,
    /// What it is told.
    #[schemars(length(min = 1))]
    pub events: Vec<WebhookEvent>,
    /// The address may be a private one, or this machine.
    #[serde(default)]
    pub allow_private: bool,
}

/// What another system can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WebhookEvent {
    /// A call came in.
    CallArrived,
    /// A caller waits in a queue.
    CallQueued,
    /// A conversation began.
    CallAnswered,
    /// A call is over.
    CallEnded,
    /// An agent is in another state.
    AgentState,
    /// A message lies in a voicemail box.
    MessageLeft,
    /// A caller was promised to be called back.
    CallbackPromised,
    /// A promise to call back was kept, taken back or given up.
    CallbackEnded,
    /// A bound of a queue's `alarms` is crossed, or kept again.
    QueueAlarm,
    /// Something concerns security: somebody guesses or floods, a call to the outside is refused, a carrier does not take
    /// our credentials.
    SecurityAlert,
    /// Where the audit log ends, signed: once a day, and when the log is exported.
    AuditHead,
}

fn three() -> u8 {
    3
}

fn three_seconds() -> Span {
    Span(3_000)
}

fn five_seconds() -> Span {
    Span(5_000)
}

fn ten_seconds() -> Span {
    Span(10_000)
}

fn sixty_four_kilobytes() -> u32 {
    65_536
}
