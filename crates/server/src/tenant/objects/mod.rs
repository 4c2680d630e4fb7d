//! The kinds of objects that make up a tenant. The JSON Schema for editors and for checking is derived from these.

mod flow;
mod hours;
mod outside;
mod pbx;
mod queue;
mod retention;
mod teams_app;
mod teams_trunk;
mod toll;
mod trunk;

pub use flow::{Connect, Flow, FlowStep, HoursStep, OverflowRule, TestRule};
pub use hours::{Day, Holidays, Hours};
#[cfg(test)]
pub use hours::{DayHours, Week};
pub use outside::{Header, LookUp, Method, SecureEntry, Webhook, WebhookEvent};
pub use pbx::{Pbx, PortalSignIn};
pub use queue::{Announce, Callback, Queue, QueueAgent, RelaxStep, Strategy};
pub use retention::{LEAST_AUDIT_DAYS, MOST_AFTER_CLOSING, RetainedClass, Retention};
pub use teams_app::TeamsApp;
pub use teams_trunk::{TeamsCloud, TeamsHost, TeamsTrunk};
pub use toll::{Limits, PriceClass, Toll, TollClass};
pub use trunk::{
    AudioCodec, CalledIn, CallerIdPolicy, Credentials, Dtmf, NumberFormat, NumberRule, PassRule, Privacy,
    ProxyTransport, Registration, Srtp, Trunk, WhoseNumber,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

impl Profile {
    /// Whether calls, and those who make them, are written down, with queues or without. Where they are not, they are only in
    /// memory, and gone with the call.
    pub fn keeps_calls(self, queues: bool) -> bool {
        match self {
            Profile::Bridge | Profile::Connector => false,
            Profile::Directory => queues,
            Profile::ContactCenter => true,
        }
    }
}

impl From<Profile> for teams::permissions::Profile {
    fn from(profile: Profile) -> teams::permissions::Profile {
        match profile {
            Profile::Connector => teams::permissions::Profile::Connector,
            Profile::ContactCenter => teams::permissions::Profile::ContactCenter,
            Profile::Directory => teams::permissions::Profile::Directory,
            Profile::Bridge => teams::permissions::Profile::Bridge,
        }
    }
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
    /// Languages of prompts, as `de` or `en-GB`; calls begin with the first.
    #[serde(default)]
    #[schemars(length(max = 50), extend("x-format" = "language"))]
    pub languages: Vec<String>,
    /// The country whose numbers are dialled without a calling code: ISO 3166, two capital letters.
    #[serde(default)]
    #[schemars(extend("x-format" = "country"))]
    pub country: Option<String>,
    /// How numbers are read, and where calls may go.
    #[serde(default)]
    pub dial: Dial,
    /// The app in Teams; without it there is no package of it.
    #[serde(default)]
    pub teams_app: Option<TeamsApp>,
    /// What calls to the outside may cost.
    #[serde(default)]
    pub toll: Option<Toll>,
    /// The name that phones register with: `phones.example.org`; without it any name of this server.
    #[serde(default)]
    #[schemars(extend("x-format" = "host"))]
    pub sip_domain: Option<String>,
    /// The organisation's Microsoft directory (tenant id), whose people sign in here with their work accounts.
    #[serde(default)]
    #[schemars(extend("x-format" = "guid"))]
    pub microsoft: Option<String>,
    /// The id of the conversation in Teams that is told of security events, as `19:…@thread.tacv2`: the app must be installed
    /// there. For the feature `bot`.
    #[serde(default)]
    #[schemars(extend("x-format" = "conversation"))]
    pub teams_alerts: Option<String>,
    /// Features that are switched on or off in place of what the profile has: `presence-read: false`.
    #[serde(default)]
    #[schemars(extend("x-key-format" = "feature", "maxProperties" = 40))]
    pub features: BTreeMap<String, bool>,
    /// Networks from which people and programs may use the API and sign in, as `192.0.2.0/24`; without any, from everywhere.
    /// For the feature `address-allow-list`.
    #[serde(default)]
    #[schemars(length(max = 200), extend("x-format" = "network"))]
    pub allowed_networks: Vec<String>,
    /// Where the roles of people with a work account come from: `switchroom`, from their `User`; `microsoft`, from the app
    /// roles in their token, written into their `User` when they sign in.
    #[serde(default)]
    pub roles_from: RolesFrom,
    /// Whoever signs in with a work account that has an app role and is no user yet becomes one. For `roles_from: microsoft`.
    #[serde(default)]
    pub newcomers: bool,
    /// Which presences in Microsoft Teams keep an agent who is available from being rung.
    #[serde(default = "both")]
    #[schemars(length(max = 2))]
    pub presence_keeps: Vec<KeptBy>,
    /// The hash functions with which phones prove who they are, in the order in which they are offered (RFC 8760). An
    /// answer with another one is not taken. Many phones give up when they are offered `SHA-256`, even beside `MD5`.
    #[serde(default = "md5")]
    #[schemars(length(min = 1, max = 2))]
    pub sip_digest: Vec<DigestHash>,
    /// What flows can remember of a call, and the values that each can have.
    #[serde(default)]
    #[schemars(extend("x-key-format" = "id", "maxProperties" = 200))]
    pub attributes: BTreeMap<String, Vec<String>>,
    /// Lists of numbers that flows can ask for, in quotes.
    #[serde(default)]
    #[schemars(extend("x-key-format" = "id", "maxProperties" = 64))]
    pub lists: BTreeMap<String, PhoneList>,
    /// Why agents take breaks. The order counts: add new reasons at the end.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub break_reasons: Vec<String>,
}

/// A hash function of SIP's digest authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DigestHash {
    /// What every phone knows.
    #[serde(rename = "MD5")]
    Md5,
    /// RFC 8760.
    #[serde(rename = "SHA-256")]
    Sha256,
}

impl DigestHash {
    /// As headers write it.
    pub fn name(self) -> &'static str {
        match self {
            DigestHash::Md5 => "MD5",
            DigestHash::Sha256 => "SHA-256",
        }
    }
}

/// A presence in Microsoft Teams that can keep an agent from being rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeptBy {
    /// In a call or a conference in Teams, or presenting.
    InCall,
    /// Not to be disturbed.
    DoNotDisturb,
}

/// Where the roles of people with a work account come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RolesFrom {
    /// From their `User`.
    #[default]
    Switchroom,
    /// From the app roles in their token.
    Microsoft,
}

fn both() -> Vec<KeptBy> {
    vec![KeptBy::InCall, KeptBy::DoNotDisturb]
}

fn md5() -> Vec<DigestHash> {
    vec![DigestHash::Md5]
}

fn four_hours() -> Span {
    Span(4 * 3_600_000)
}

/// A list of numbers.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PhoneList(#[schemars(extend("x-format" = "number"))] pub Vec<String>);

/// How numbers are read, and which may be called.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dial {
    /// Beginnings of numbers that may be called, as `+49`, in quotes. Without any nobody outside is called.
    #[serde(default)]
    #[schemars(length(max = 1_000), extend("x-format" = "beginning"))]
    pub allow: Vec<String>,
    /// Beginnings that may not be called although `allow` has a shorter one: premium and satellite numbers.
    #[serde(default)]
    #[schemars(length(max = 1_000), extend("x-format" = "beginning"))]
    pub deny: Vec<String>,
    /// What phones dial before a number outside, as `"0"` or `"9"`, in quotes; without it nothing.
    #[serde(default)]
    #[schemars(extend("x-format" = "digits"))]
    pub outside_prefix: Option<String>,
    /// Emergency numbers, in quotes; without it those of `country`. They may always be called, by everybody.
    #[serde(default)]
    #[schemars(length(max = 20), extend("x-format" = "short-number"))]
    pub emergency: Option<Vec<String>>,
    /// Calling code of the country, without `+`, in quotes; follows from `country`.
    #[serde(default)]
    #[schemars(extend("x-format" = "digits"))]
    pub calling_code: Option<String>,
    /// What goes before a national number, in quotes; `""` is nothing. Known for the larger countries.
    #[serde(default)]
    #[schemars(extend("x-format" = "digits"))]
    pub national_prefix: Option<String>,
    /// What goes before another country's number, in quotes. Known for the larger countries.
    #[serde(default)]
    #[schemars(extend("x-format" = "digits"))]
    pub international_prefix: Option<String>,
}

/// Something that agents know or can, at levels from 1 to 10.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Skill {
    /// Name shown to people.
    #[serde(default)]
    pub name: String,
}

/// How a call ended for the agent: what it was about, what came of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disposition {
    /// Name shown to people.
    #[serde(default)]
    pub name: String,
    /// For calls of which queues; without it of all.
    #[serde(default)]
    #[schemars(extend("x-ref" = "Queue"))]
    pub queues: Option<Vec<String>>,
}

/// A number of digits that a caller keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct DigitCount(#[schemars(range(min = 1, max = 32))] pub u8);

/// Somebody who works with Switchroom.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Name shown to colleagues.
    #[serde(default)]
    pub name: String,
    /// What the person may do. Agents take calls of queues.
    pub roles: Vec<UserRole>,
    /// Where an agent's phone is: `sip:anna@192.0.2.10:5060`. The host is an address, not a name. Without it an agent is
    /// rung in the browser only.
    #[serde(default)]
    #[schemars(extend("x-format" = "sip-address"))]
    pub phone: Option<String>,
    /// The phone registers here with this user and password, in place of a fixed address.
    #[serde(default)]
    pub registers: Option<Credentials>,
    /// The number that colleagues and phones call the person by, 2 to 8 digits in quotes: `"201"`.
    #[serde(default)]
    #[schemars(extend("x-format" = "extension"))]
    pub number: Option<String>,
    /// The person's number in Microsoft Teams, as "+4942155512": rung there over the trunks to Teams when neither a browser
    /// nor a phone of theirs is there, and known by it when they call from Teams.
    #[serde(default)]
    #[schemars(extend("x-format" = "number"))]
    pub teams_number: Option<String>,
    /// The person's own number in the organisation's telephone system (`Pbx`), as that system writes it: `"2015550123"`.
    #[serde(default)]
    #[schemars(extend("x-format" = "line"))]
    pub line: Option<String>,
    /// Whether the person's phone may call outside. Emergency numbers it always may.
    #[serde(default = "yes")]
    pub may_dial: bool,
    /// Whether the person may pass calls on to numbers outside.
    #[serde(default = "yes")]
    pub may_transfer_out: bool,
    /// The phone is behind a router that changes addresses: audio may come from elsewhere than its signalling says.
    #[serde(default)]
    pub nat: bool,
    /// Whether the phone's audio is protected by SRTP, with keys in the session description (RFC 4568).
    #[serde(default)]
    pub srtp: Srtp,
    /// Keys may stand in SIP messages that are not encrypted. Otherwise they travel only by TLS and on this machine.
    #[serde(default)]
    pub srtp_in_clear: bool,
    /// How keys travel to and from the phone.
    #[serde(default)]
    pub dtmf: Dtmf,
    /// Limits of the person's calls to the outside, in place of those that the tenant's `toll` gives each agent.
    #[serde(default)]
    pub toll_limits: Option<Limits>,
    /// The state of an agent when first seen; later the agent's own state counts.
    #[serde(default)]
    pub at_start: StartState,
    /// What an agent can, and how well: levels from 1 to 10 by Skill.
    #[serde(default)]
    #[schemars(extend("x-key-ref" = "Skill"))]
    pub skills: BTreeMap<String, Level>,
    /// The person's object id in the Microsoft directory: whoever signs in there with it is this user.
    #[serde(default)]
    #[schemars(extend("x-format" = "guid"))]
    pub microsoft: Option<String>,
    /// Where messages about the person's voicemail box go.
    #[serde(default)]
    #[schemars(extend("x-format" = "email"))]
    pub email: Option<String>,
    /// Whether the person has a voicemail box.
    #[serde(default)]
    pub voicemail: bool,
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

impl User {
    /// Whether somebody of these roles is rung: agents for queues, supervisors to listen and to help, and whoever has a
    /// number that colleagues call or a phone that registers.
    pub fn is_rung(&self) -> bool {
        self.roles.iter().any(|r| matches!(r, UserRole::Agent | UserRole::Supervisor))
            || self.number.is_some()
            || self.registers.is_some()
    }
}

fn yes() -> bool {
    true
}

/// How well somebody can something, from 1 (a little) to 10 (nobody better).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Level(#[schemars(range(min = 1, max = 10))] pub u8);

pub(crate) fn twenty_seconds() -> Span {
    Span(20_000)
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
    /// Whether its calls may be recorded.
    #[serde(default)]
    pub recording: Recording,
    /// The language that its calls begin with; without it the tenant's first.
    #[serde(default)]
    pub language: Option<String>,
}

/// Whether the calls of a number may be recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Recording {
    /// When the flow says so.
    #[default]
    Allowed,
    /// Only after the caller was told and did not object.
    WithConsent,
    /// Never, whatever the flow says.
    Never,
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
    /// A sound for each language of the tenant; with it the others may be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub languages: Option<BTreeMap<String, Sound>>,
}

/// What a prompt is in one language.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sound {
    /// A WAV file, as for the prompt itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The WAV itself, in base64.
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
