//! The organisation's own telephone system, through which people call with one click.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A way to call through a telephone system or softphone that is not Switchroom's: exactly one of its parts is given.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pbx {
    /// Name shown to people.
    #[serde(default)]
    pub name: String,
    /// The softphone on the person's own computer is given the number.
    #[serde(default)]
    pub address: Option<PbxAddress>,
    /// A carrier's CommPortal rings the person's phone, then the other side. Written to what was observed of such systems, and
    /// not tried against a real one.
    #[serde(default)]
    pub commportal: Option<CommPortal>,
    /// The organisation's Asterisk does, by its REST interface. Written to its documents, and not tried against a real one.
    #[serde(default)]
    pub ari: Option<Ari>,
    /// The organisation's FreeSWITCH does, by its event socket. Written to its documents, and not tried against a real one.
    #[serde(default)]
    pub esl: Option<Esl>,
    /// The claim of a person's own token that says their line there: `extn.line`. Take one that people cannot change themselves.
    #[serde(default)]
    #[schemars(extend("x-format" = "claim"))]
    pub line_claim: Option<String>,
    /// Line passes that were made before this moment count no longer: `2026-11-21T10:00:00Z`.
    #[serde(default)]
    #[schemars(extend("x-format" = "moment"))]
    pub line_passes_since: Option<String>,
}

/// An address that a softphone opens.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PbxAddress {
    /// What stands before the number: `maxuccall`, `tel`, or a brand's own scheme, without the colon.
    #[schemars(extend("x-format" = "scheme"))]
    pub scheme: String,
}

/// The web interface of a carrier's hosted telephone system.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommPortal {
    /// Its address with the operator's brand: `https://uc.operator.example/brand`.
    pub url: String,
    /// The version of its interface, in quotes: `"9.5"`.
    pub version: String,
    /// How people are signed in there.
    #[serde(default)]
    pub sign_in: PortalSignIn,
    /// A file in the server's folder of secrets with the key that signs: RSA in PKCS #8, in base64 on one line. For `signed`.
    #[serde(default)]
    #[schemars(extend("x-format" = "secret-file"))]
    pub key_file: Option<String>,
    /// What the operator calls that key. For `signed`.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub key_id: Option<String>,
    /// How the operator writes numbers: what goes in place of a beginning, the longest that fits. `{"+1": "", "+": "011"}`.
    #[serde(default)]
    #[schemars(extend("x-key-format" = "number", "maxProperties" = 300))]
    pub numbers: BTreeMap<String, String>,
    /// The address may be a private one, or this machine.
    #[serde(default)]
    pub allow_private: bool,
}

/// How people are signed in at a CommPortal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PortalSignIn {
    /// By a token that we sign; nobody's password is known here.
    #[default]
    Signed,
    /// By their own passwords, which come with each call and are kept nowhere.
    Password,
}

/// An Asterisk.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ari {
    /// Its REST interface: `https://pbx.example.org:8089/ari`.
    pub url: String,
    /// The user there.
    #[schemars(extend("x-format" = "line"))]
    pub user: String,
    /// The file in the server's folder of secrets with that user's password.
    #[schemars(extend("x-format" = "secret-file"))]
    pub password_file: String,
    /// People's telephones there, with `{line}` where a person's line goes.
    #[serde(default = "pjsip")]
    #[schemars(length(max = 64))]
    pub endpoint: String,
    /// Where in the dial plan a call goes on when the person answered.
    #[schemars(extend("x-format" = "line"))]
    pub context: String,
    /// The address may be a private one, or this machine.
    #[serde(default)]
    pub allow_private: bool,
}

/// A FreeSWITCH.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Esl {
    /// Its event socket, an address and a port: `10.0.0.5:8021`. It is not encrypted.
    #[schemars(extend("x-format" = "host-port"))]
    pub address: String,
    /// The file in the server's folder of secrets with its password.
    #[schemars(extend("x-format" = "secret-file"))]
    pub password_file: String,
    /// People's telephones there, with `{line}` where a person's line goes.
    #[serde(default = "directory_user")]
    #[schemars(length(max = 64))]
    pub endpoint: String,
    /// Where in the dial plan a call goes on when the person answered.
    #[schemars(extend("x-format" = "line"))]
    pub context: String,
}

fn pjsip() -> String {
    "PJSIP/{line}".into()
}

fn directory_user() -> String {
    "user/{line}".into()
}
