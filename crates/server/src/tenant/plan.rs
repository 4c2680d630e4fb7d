//! The difference between the configuration that holds and the one that is wanted.

use crate::tenant::check::Documents;
use serde::{Deserialize, Serialize};

/// What would happen to one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Step {
    /// `create`, `change` or `delete`.
    pub action: Action,
    /// Kind of the object.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Which parts change.
    pub fields: Vec<String>,
}

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Action {
    Create,
    Change,
    Delete,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = match self.action {
            Action::Create => '+',
            Action::Change => '~',
            Action::Delete => '-',
        };
        write!(f, "{sign} {} {}", self.kind, self.id)?;
        if !self.fields.is_empty() {
            write!(f, " ({})", self.fields.join(", "))?;
        }
        Ok(())
    }
}

/// What has to happen to come from one to the other.
pub fn difference(now: &Documents, wanted: &Documents) -> Vec<Step> {
    let mut steps = Vec::new();
    let step = |action, key: &(String, String), fields| Step {
        action,
        kind: key.0.clone(),
        id: key.1.clone(),
        fields,
    };
    for (key, w) in wanted {
        match now.get(key) {
            None => steps.push(step(Action::Create, key, Vec::new())),
            Some(n) if n.body != w.body => {
                let empty = serde_json::Map::new();
                let (a, b) = (n.body.as_object().unwrap_or(&empty), w.body.as_object().unwrap_or(&empty));
                let mut fields: Vec<String> =
                    a.keys().chain(b.keys()).filter(|k| a.get(*k) != b.get(*k)).cloned().collect();
                fields.sort();
                fields.dedup();
                steps.push(step(Action::Change, key, fields));
            }
            Some(_) => {}
        }
    }
    steps
        .extend(now.keys().filter(|k| !wanted.contains_key(*k)).map(|k| step(Action::Delete, k, Vec::new())));
    steps
}
