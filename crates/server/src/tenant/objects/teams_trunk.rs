//! A trunk that pairs with Microsoft Teams as a session border controller does (Direct Routing).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// How a trunk is a neighbour of Microsoft Teams. With it calls go by TLS with protected audio, and what is not said has
/// the value that Microsoft names.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamsTrunk {
    /// The name that Teams knows this server by: the name of the gateway in the Microsoft tenant.
    #[schemars(length(max = 63), extend("x-format" = "host"))]
    pub fqdn: String,
    /// The name of the carrier's gateway that this one is derived from, where many tenants share that: `fqdn` lies below it.
    /// Hosts are asked in its name alone, once for all of them, and what they say counts for each.
    #[serde(default)]
    #[schemars(length(max = 63), extend("x-format" = "host"))]
    pub carrier_fqdn: Option<String>,
    /// The port that Teams reaches it at; without it that of `sip.tls`.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
    /// Which of Microsoft's clouds.
    #[serde(default)]
    pub cloud: TeamsCloud,
    /// The hosts to call, the first of all first, in place of those of the cloud.
    #[serde(default)]
    #[schemars(length(max = 8))]
    pub hosts: Vec<TeamsHost>,
}

/// Which of Microsoft's clouds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TeamsCloud {
    /// The usual one, and GCC.
    #[default]
    Worldwide,
    /// GCC High.
    GccHigh,
    /// That of the Department of Defense.
    Dod,
}

/// A host of Teams.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamsHost {
    /// Its name, which its certificate has to be for, and perhaps a port other than 5061.
    #[schemars(extend("x-format" = "host-port"))]
    pub name: String,
    /// Where it is, in place of what the DNS says: address and port.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub address: Option<SocketAddr>,
}
