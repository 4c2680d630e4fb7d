//! The one table of what is asked of Microsoft: feature, registration, permission, operations, fields, what is stored.
//!
//! Everything else follows from it: the consent address, the permission page, the manifest of each registration, the
//! warning of surplus rights, and the sentence that says which feature stops when a permission is taken away.
//!
//! `Directory.*`, `User.ReadWrite.All`, `Chat.Read`, `Group.ReadWrite.*` and whatever reads messages are never asked for.

mod features;
mod ids;
mod manifest;
mod table;

pub use features::{Default as FeatureDefault, Feature, Profile};
pub use ids::{GRAPH_APP_ID, permission_id};
pub use manifest::{AppRole, Redirects, TEAMS_CLIENTS, app_roles, manifest};
pub use table::{Kind, NEVER, Operation, Registration, Row, TABLE};

use crate::cloud::Cloud;
use std::collections::BTreeSet;

/// The features that are on in a tenant, with its profile: what every question about permissions starts from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Features {
    profile: Profile,
    on: BTreeSet<Feature>,
}

impl Features {
    /// A profile with what is on in it by default.
    pub fn of(profile: Profile) -> Features {
        let on = Feature::ALL.into_iter().filter(|f| f.in_profile(profile) == FeatureDefault::On).collect();
        Features { profile, on }
    }

    /// Switches a feature on or off. The error is a sentence: the profile does not have it, or it is reserved.
    pub fn switch(&mut self, feature: Feature, on: bool) -> Result<(), String> {
        if !on {
            self.on.remove(&feature);
            return Ok(());
        }
        if feature.in_profile(self.profile) == FeatureDefault::Never {
            return Err(format!("the profile {} does not have {}", self.profile.name(), feature.name()));
        }
        if feature.is_reserved() {
            return Err(format!("{} is reserved for later and cannot be switched on yet", feature.name()));
        }
        self.on.insert(feature);
        Ok(())
    }

    /// The profile.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Whether a feature is on.
    pub fn has(&self, feature: Feature) -> bool {
        self.on.contains(&feature)
    }

    /// The features that are on, in the order of the table in the documentation.
    pub fn list(&self) -> impl Iterator<Item = Feature> {
        self.on.iter().copied()
    }

    /// The rows of the table that are needed.
    pub fn needed(&self) -> Vec<&'static Row> {
        TABLE.iter().filter(|row| row.applies(self.profile, &self.on)).collect()
    }

    /// The registrations that are needed.
    pub fn registrations(&self) -> Vec<Registration> {
        let needed: BTreeSet<_> = self.needed().into_iter().map(|r| r.registration).collect();
        needed.into_iter().filter(|r| *r != Registration::Any).collect()
    }

    /// The permissions that one registration needs, each once, in the order of the table.
    pub fn permissions(&self, registration: Registration) -> Vec<(&'static str, Kind)> {
        let mut found = Vec::new();
        for row in self.needed().into_iter().filter(|r| r.registration == registration) {
            if let Some(permission) = row.permission {
                if !found.contains(&(permission, row.kind)) {
                    found.push((permission, row.kind));
                }
            }
        }
        found
    }

    /// The scopes to ask consent for: delegated permissions one by one; when there are application permissions, what
    /// stands in the registration's manifest, which is the only way to them. Empty when nothing is needed.
    pub fn consent_scopes(&self, cloud: &Cloud, registration: Registration) -> Vec<String> {
        let needed = self.permissions(registration);
        if needed.iter().any(|(_, kind)| *kind == Kind::Application) {
            return vec![cloud.graph_default_scope()];
        }
        let delegated = needed.iter().filter(|(_, kind)| *kind == Kind::Delegated);
        delegated.map(|(permission, _)| cloud.graph_scope(permission)).collect()
    }

    /// Permissions that are needed and were not granted.
    pub fn missing(&self, registration: Registration, granted: &[String]) -> Vec<&'static str> {
        let needed = self.permissions(registration).into_iter().filter(|(_, kind)| *kind != Kind::Rsc);
        // Entra ID says nothing of offline_access in a token: a refresh token came, or it did not.
        let said = needed.filter(|(p, _)| *p != "offline_access");
        said.map(|(p, _)| p).filter(|p| !granted.iter().any(|g| g == p)).collect()
    }

    /// Permissions that were granted and that no feature needs which is on: to be taken away.
    pub fn surplus(&self, registration: Registration, granted: &[String]) -> Vec<String> {
        let needed = self.permissions(registration);
        // OpenID Connect's scopes come along with every sign-in and open nothing but the sign-in itself.
        let of_sign_in = ["openid", "profile", "email", "offline_access"];
        let surplus = granted.iter().filter(|g| !of_sign_in.contains(&g.as_str()));
        surplus.filter(|g| !needed.iter().any(|(p, _)| p == g)).cloned().collect()
    }

    /// The lines of a registration that do not work with what was granted to it.
    pub fn not_working(&self, registration: Registration, granted: &[String]) -> Vec<&'static Row> {
        let has = |permission: &str| granted.iter().any(|g| g == permission);
        let is_there = |permission: &str| {
            has(permission)
                || PASSING.contains(&permission)
                || WIDER.iter().any(|(narrow, wide)| *narrow == permission && has(wide))
        };
        let rows = self.needed().into_iter().filter(|r| r.registration == registration);
        rows.filter(|r| r.permission.is_some_and(|p| !is_there(p))).collect()
    }

    /// What stops when a registration loses a permission, or Graph answers 403 for want of it.
    pub fn stopped_by(&self, registration: Registration, permission: &str) -> Vec<&'static Row> {
        let needed = self.needed().into_iter();
        needed.filter(|r| r.registration == registration && r.permission == Some(permission)).collect()
    }

    /// The row by which an operation is done: which permission, in which registration. Nothing when no feature that is on
    /// does it, and then it must not be done.
    pub fn row_for(&self, feature: Feature, operation: Operation) -> Option<&'static Row> {
        self.needed().into_iter().find(|r| r.feature == feature && r.operations.contains(&operation))
    }
}

/// Application permissions that also allow what a narrower one is asked for. The narrower one is asked for all the same,
/// because the wider one belongs to a feature that can be off; where both were granted, nothing stops without it.
pub const WIDER: [(&str, &str); 1] = [("Presence.Read.All", "Presence.ReadWrite.All")];

/// Permissions without which everything goes on: what they bring is shown where it comes.
pub const PASSING: [&str; 1] = ["email"];

/// What is said when an operation is refused for want of a permission.
pub fn stopped_sentence(row: &Row) -> String {
    let permission = row.permission.unwrap_or("none");
    format!(
        "{} stopped: the registration {} lacks the permission {permission} ({}). {}, then consent again on the permissions page.",
        row.feature.name(),
        row.registration.name(),
        row.kind.name(),
        "Let an administrator grant it"
    )
}

#[cfg(test)]
mod tests;
