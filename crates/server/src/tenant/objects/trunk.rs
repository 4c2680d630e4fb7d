//! Trunks: neighbours that calls come from and go to, and how numbers and callers are written for each of them.

use super::Span;
use super::teams_trunk::TeamsTrunk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where calls come from, and where calls to the outside go.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trunk {
    /// Networks whose calls are taken: `192.0.2.0/24`, `2001:db8::/32`, or a single address.
    #[serde(default)]
    #[schemars(length(max = 100), extend("x-format" = "network"))]
    pub networks: Vec<String>,
    /// The far end is behind a router that changes addresses: audio may come from elsewhere than its signalling says.
    #[serde(default)]
    pub nat: bool,
    /// Whether audio is protected by SRTP, with keys in the session description (RFC 4568).
    #[serde(default)]
    pub srtp: Srtp,
    /// Keys may stand in SIP messages that are not encrypted. Otherwise they travel only by TLS and on this machine.
    #[serde(default)]
    pub srtp_in_clear: bool,
    /// The far end checks by ICE whether it reaches us, and we answer (RFC 8445, lite): media bypass of Microsoft Teams.
    #[serde(default)]
    pub ice: bool,
    /// Names, such as `sbc.example.com` or `*.pstnhub.microsoft.com`: calls from here are taken only over TLS, from far
    /// ends whose certificate is for one of them.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub tls_names: Vec<String>,
    /// Where calls to the outside are sent, if it is one address: `sip:192.0.2.1:5060`, `;transport=tcp` possible.
    /// Several, or names, stand in `proxies`.
    #[serde(default)]
    #[schemars(extend("x-format" = "sip-address"))]
    pub address: Option<String>,
    /// Where calls to the outside are sent: names or addresses, as texts or as objects with transport, priority and weight.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub proxies: Vec<Proxy>,
    /// The neighbour is Microsoft Teams, and this server its session border controller (Direct Routing).
    #[serde(default)]
    pub teams: Option<TeamsTrunk>,
    /// Calls to the outside may go here. Several trunks can: `priority` and `weight` say in which order.
    #[serde(default)]
    pub outbound: bool,
    /// Trunks of a lower priority are tried first.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1_000))]
    pub priority: u16,
    /// Among trunks of one priority: how much of the calls goes here first. 0 is only after the others.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1_000))]
    pub weight: u16,
    /// Calls from here that are for none of our numbers pass on to other trunks: the first rule that is for the number
    /// counts.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub passes_to: Vec<PassRule>,
    /// Calls to emergency numbers go here first.
    #[serde(default)]
    pub emergency: bool,
    /// User and password, where the neighbour asks for them.
    #[serde(default)]
    pub credentials: Option<Credentials>,
    /// The realm that the password is for; without it the password answers whatever realm the neighbour names.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub realm: Option<String>,
    /// Registers there, so that calls come to wherever this server is.
    #[serde(default)]
    pub registration: Option<Registration>,
    /// How often OPTIONS asks each proxy whether it is there; without it nothing is asked.
    #[serde(default)]
    #[schemars(extend("x-span" = [5_000, 3_600_000]))]
    pub options_every: Option<Span>,
    /// How long a far end that is called may say nothing at all before the next one is tried; without it 32 seconds, and 10 of
    /// Microsoft Teams.
    #[serde(default)]
    #[schemars(extend("x-span" = [1_000, 32_000]))]
    pub failover_time: Option<Span>,
    /// Codecs that are spoken there, best first; without it G.711 is offered and any is taken.
    #[serde(default)]
    #[schemars(length(max = 4))]
    pub codecs: Vec<AudioCodec>,
    /// Whom the called party sees.
    #[serde(default)]
    pub caller_id: CallerId,
    /// How keys travel.
    #[serde(default)]
    pub dtmf: Dtmf,
    /// Silence is sent where nothing else is to be heard, so that audio to the neighbour never stops for longer than a
    /// moment; without it only to Microsoft Teams, which may end a call in which nothing comes.
    #[serde(default)]
    pub fill_pauses: Option<bool>,
    /// How long a call may go without a sign of life of the neighbour (RFC 4028).
    #[serde(default = "half_an_hour")]
    #[schemars(extend("x-span" = [90_000, 86_400_000]))]
    pub session_timer: Span,
    /// The most calls at a time, both ways together; without it there is no limit but the server's.
    #[serde(default)]
    #[schemars(range(min = 1, max = 20_000))]
    pub max_calls: Option<u32>,
    /// The most calls begun there in a second; without it there is no limit.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000))]
    pub calls_per_second: Option<u32>,
    /// Started minutes of a day that calls to the outside may use there; without it there is no limit. Emergency numbers
    /// pass it.
    #[serde(default)]
    #[schemars(range(min = 0, max = 10_000_000))]
    pub minutes_per_day: Option<u32>,
    /// What calls to the outside may cost there in a day, in quotes: `"150.00"`; without it there is no limit. Prices stand
    /// in the tenant's `toll`.
    #[serde(default)]
    #[schemars(extend("x-format" = "money"))]
    pub spend_per_day: Option<String>,
    /// Where the number stands that a call is for.
    #[serde(default)]
    pub called_in: CalledIn,
    /// The neighbour is trusted to know who calls: its P-Asserted-Identity goes before From (RFC 3325).
    #[serde(default)]
    pub trust_identity: bool,
    /// Whom a call was for first, when it goes on from there to this neighbour, is said to it (History-Info, RFC 7044).
    #[serde(default)]
    pub history_info: bool,
    /// Networks outside of the trunk to which it may send calls on by a 3xx answer; to its own far ends and networks it
    /// always may.
    #[serde(default)]
    #[schemars(length(max = 20), extend("x-format" = "network"))]
    pub redirect_networks: Vec<String>,
    /// How numbers that come from here become numbers as the world writes them. The first rule that matches counts.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub inbound_rules: Vec<NumberRule>,
    /// How numbers as the world writes them become what is sent here. The first rule that matches counts; a number that
    /// none matches is not sent here.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub outbound_rules: Vec<NumberRule>,
}

/// A far end of a trunk.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Proxy {
    /// Only where: `sip.carrier.example`, `192.0.2.1:5080`, `[2001:db8::1]`.
    #[schemars(extend("x-format" = "host-port"))]
    Host(#[schemars(extend("x-format" = "host-port"))] String),
    /// Where, how, and in which order.
    Placed(PlacedProxy),
}

/// A far end with the place that it has among the others of its trunk.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacedProxy {
    /// Name or address, and perhaps a port. A name without a port is looked up by its service records (RFC 3263).
    #[schemars(extend("x-format" = "host-port"))]
    pub host: String,
    /// How; without it what the name's records say, and UDP for an address.
    #[serde(default)]
    pub transport: Option<ProxyTransport>,
    /// Those of a lower priority are tried first.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1_000))]
    pub priority: u16,
    /// Among those of one priority: how much of the calls goes here first.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1_000))]
    pub weight: u16,
}

impl Proxy {
    /// Host, transport, priority and weight.
    pub fn parts(&self) -> (&str, Option<ProxyTransport>, u16, u16) {
        match self {
            Proxy::Host(host) => (host, None, 1, 1),
            Proxy::Placed(p) => (&p.host, p.transport, p.priority, p.weight),
        }
    }
}

/// Calls that pass on from one trunk to another.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PassRule {
    /// Where they go.
    #[schemars(extend("x-ref" = "Trunk"))]
    pub trunk: String,
    /// Beginnings of the numbers that it is for, in quotes: `"+4942155"`. Without it every number, and calls that name
    /// somebody in another way.
    #[serde(default)]
    #[schemars(length(max = 100), extend("x-format" = "number-part"))]
    pub numbers: Vec<String>,
    /// How long it rings there.
    #[serde(default = "three_minutes")]
    #[schemars(extend("x-span" = [5_000, 300_000]))]
    pub ring_time: Span,
}

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum ProxyTransport {
    Udp,
    Tcp,
    Tls,
}

/// User and password: exactly one of `password_file` and `password_env`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The name of the account.
    #[schemars(extend("x-format" = "sip-user"))]
    pub user: String,
    /// A file in the server's folder of secrets that has the password. A name, not a path.
    #[serde(default)]
    #[schemars(extend("x-format" = "secret-file"))]
    pub password_file: Option<String>,
    /// A variable of the server's environment that has the password. Its name begins with `SWITCHROOM_SECRET_`.
    #[serde(default)]
    #[schemars(extend("x-format" = "secret-env"))]
    pub password_env: Option<String>,
}

/// Registering at a carrier.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// Name or address of the registrar, and perhaps a port. Calls go there too, unless there are `proxies`.
    #[schemars(extend("x-format" = "host-port"))]
    pub registrar: String,
    /// How; without it what the name's records say, and UDP for an address.
    #[serde(default)]
    pub transport: Option<ProxyTransport>,
    /// Who registers: `sip:account@carrier.example`.
    #[schemars(extend("x-format" = "aor"))]
    pub aor: String,
    /// How long a registration is asked for; the carrier may say less.
    #[serde(default = "ten_minutes")]
    #[schemars(extend("x-span" = [60_000, 86_400_000]))]
    pub expires: Span,
}

/// A codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AudioCodec {
    /// G.711 A-law.
    Pcma,
    /// G.711 µ-law.
    Pcmu,
    /// G.722.
    G722,
    /// Opus.
    Opus,
}

/// Whether audio is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Srtp {
    /// Never.
    #[default]
    Off,
    /// Where the far end wants it.
    Optional,
    /// Always: a call without it is refused.
    Required,
}

/// Whom the called party sees.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallerId {
    /// Which number is shown.
    #[serde(default)]
    pub policy: CallerIdPolicy,
    /// The number for `fixed`, and for calls that have no number of their own. In quotes.
    #[serde(default)]
    #[schemars(extend("x-format" = "number"))]
    pub number: Option<String>,
    /// A number of ours stands in P-Asserted-Identity too (RFC 3325), whatever is shown.
    #[serde(default)]
    pub asserted: bool,
    /// What the carrier is asked to keep from the called party (RFC 3323).
    #[serde(default)]
    pub privacy: Option<Privacy>,
}

/// Which number is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CallerIdPolicy {
    /// The number of ours that was called, or that is lent for the call.
    #[default]
    NumberOfCall,
    /// Always `number`.
    Fixed,
    /// The number of whoever is passed on; of our own calls the number of the call.
    Pass,
    /// None.
    Anonymous,
}

/// What is kept from the called party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Privacy {
    /// The asserted number.
    Id,
    /// All that names the caller.
    User,
    /// The asserted number and all that names the caller.
    Full,
}

/// How keys travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Dtmf {
    /// As telephone events beside the audio (RFC 4733).
    #[default]
    Rfc4733,
    /// As tones in the audio.
    Inband,
    /// In SIP INFO.
    Info,
}

/// Where the number stands that a call is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CalledIn {
    /// In the Request-URI.
    #[default]
    RequestUri,
    /// In To: for carriers that put the name of the account into the Request-URI.
    To,
    /// In P-Called-Party-ID (RFC 7315).
    PCalledPartyId,
}

/// How a number is rewritten. Towards a trunk: `format`, then `strip`, then `prepend`. From a trunk the other way round:
/// `strip`, then `prepend`, then it is read as `format` says.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberRule {
    /// Which numbers; all that is said must hold. Without it every number.
    #[serde(default, rename = "match")]
    pub matching: NumberMatch,
    /// Whose number.
    #[serde(default)]
    pub of: WhoseNumber,
    /// How many signs are taken away at the beginning.
    #[serde(default)]
    #[schemars(range(min = 0, max = 32))]
    pub strip: u8,
    /// What is put before it, in quotes.
    #[serde(default)]
    #[schemars(extend("x-format" = "prepend"))]
    pub prepend: Option<String>,
    /// How it is written.
    #[serde(default)]
    pub format: Option<NumberFormat>,
}

/// Which numbers a rule is for.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberMatch {
    /// Those that begin so, in quotes: `"+49"`.
    #[serde(default)]
    #[schemars(extend("x-format" = "number-part"))]
    pub prefix: Option<String>,
    /// Only this one, in quotes.
    #[serde(default)]
    #[schemars(extend("x-format" = "number-part"))]
    pub exact: Option<String>,
    /// Those of at least and at most so many digits, as `[3, 6]`; a `+` does not count.
    #[serde(default)]
    pub length: Option<[DigitsOfNumber; 2]>,
    /// Those of this form, in quotes: digits stand for themselves, `X` is 0 to 9, `Z` 1 to 9, `N` 2 to 9, `[2-57]` one of
    /// these, and a `.` at the end one digit or more.
    #[serde(default)]
    #[schemars(extend("x-format" = "number-pattern"))]
    pub pattern: Option<String>,
}

/// How many digits a number has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct DigitsOfNumber(#[schemars(range(min = 1, max = 32))] pub u8);

/// Whose number a rule is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WhoseNumber {
    /// Of the party that is called.
    #[default]
    Called,
    /// Of the party that calls.
    Caller,
    /// Of either.
    Both,
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NumberFormat {
    /// As the world writes it: `+49421555`. From a trunk the `+` may be missing.
    E164,
    /// As it is dialled in the tenant's country: `0421555`, and another country's `0043…`.
    National,
    /// With 00 and the calling code: `0049421555`.
    #[serde(rename = "international-00")]
    International00,
    /// As it stands.
    AsIs,
}

fn one() -> u16 {
    1
}

fn half_an_hour() -> Span {
    Span(1_800_000)
}

fn three_minutes() -> Span {
    Span(180_000)
}

fn ten_minutes() -> Span {
    Span(600_000)
}
