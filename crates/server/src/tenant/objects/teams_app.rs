//! The app in Teams as a tenant's people see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The app in Teams: its names, colours and pages. `switchroom teams-app` makes the package of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamsApp {
    /// Id of the app in Teams: a GUID of your own that never changes.
    #[schemars(extend("x-format" = "guid"))]
    pub id: String,
    /// Its version, as `1.0.0`; larger for each change.
    pub version: String,
    /// Its name.
    pub name: String,
    /// The company behind it.
    pub company: String,
    /// A page about it.
    pub website: String,
    /// A page about privacy.
    pub privacy: String,
    /// A page with terms of use.
    pub terms: String,
    /// The colour behind its icon, as `#0b5cad`.
    #[serde(default = "accent")]
    pub accent: String,
    /// Texts by language, as `de`; what is left out has words of its own.
    #[serde(default)]
    #[schemars(extend("maxProperties" = 5))]
    pub texts: BTreeMap<String, TeamsAppTexts>,
}

/// What people read about the app in one language.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamsAppTexts {
    /// Its name there.
    #[serde(default)]
    pub name: Option<String>,
    /// One line.
    #[serde(default)]
    pub summary: Option<String>,
    /// A few paragraphs.
    #[serde(default)]
    pub description: Option<String>,
}

fn accent() -> String {
    "#0b5cad".into()
}
