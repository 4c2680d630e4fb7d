//! The organisation's own telephone system, through which people call with one click.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
}

/// An address that a softphone opens.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PbxAddress {
    /// What stands before the number: `maxuccall`, `tel`, or a brand's own scheme, without the colon.
    #[schemars(extend("x-format" = "scheme"))]
    pub scheme: String,
}
