//! A tenant: its people, what it allowed to applications, and who may not go on.

use crate::microsoft::directory::Directory;
use crate::microsoft::graph::licences::Licences;
use crate::microsoft::graph::presence::Presences;
use crate::microsoft::registration::Principal;
use std::collections::{BTreeMap, BTreeSet};

/// A tenant.
#[derive(Debug)]
pub struct Tenant {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) domain: String,
    pub(super) country: String,
    pub(super) seed: u64,
    pub(super) directory: Directory,
    pub(super) principals: BTreeMap<String, Principal>,
    /// Who may allow applications something for everybody.
    pub(super) administrators: BTreeSet<u32>,
    /// Whether people may allow an application something for themselves; where not, an administrator has to.
    pub(super) own_consent: bool,
    /// Tokens of somebody from before this second no longer hold.
    pub(super) valid_from_s: BTreeMap<u32, u64>,
    /// Who must come in person before they get another token, with the claims to ask for.
    pub(super) in_person: BTreeMap<u32, String>,
    pub(super) licences: Licences,
    pub(super) presences: Presences,
}

impl Tenant {
    /// Its id (`tid`).
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its domain.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Its people.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// What it allowed an application; nothing if the application never came.
    pub fn principal(&self, app_id: &str) -> Option<&Principal> {
        self.principals.get(app_id)
    }
}
