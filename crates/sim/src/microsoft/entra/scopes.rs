//! What a request asks for: the words of `scope`.

use crate::microsoft::Microsoft;
use crate::microsoft::entra::refusal::{Refusal, refuse};
use crate::microsoft::graph::permissions::is_known;
use crate::microsoft::registration::{GRAPH_ID, Holder, Registration, Scope};
use std::collections::BTreeSet;

/// Scopes in one request that are looked at.
const MOST: usize = 60;
/// The hosts under which Graph is asked for, worldwide and in the clouds of nations.
const GRAPH_HOSTS: [&str; 4] = [
    "https://graph.microsoft.com",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
];
/// Scopes of OpenID Connect, of no resource.
pub const OIDC: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// Whom a token is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// Microsoft Graph.
    Graph,
    /// An application, by its id.
    App(String),
}

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Scopes of OpenID Connect.
    pub oidc: BTreeSet<String>,
    /// Scopes of resources, each by its whole name. Those of the manifest where `.default` was asked for.
    pub scopes: Vec<Scope>,
    /// Resources in the order in which they were named.
    pub resources: Vec<Resource>,
    /// Resources whose `.default` was asked for.
    pub defaults: Vec<Resource>,
}

/// Whose scope this is.
pub fn resource_of(scope: &str) -> Resource {
    match scope.strip_prefix("api://").and_then(|s| s.split_once('/')) {
        Some((app, _)) => Resource::App(app.into()),
        None => Resource::Graph,
    }
}

impl Microsoft {
    /// Resource and short name of one word.
    fn resolve<'a>(&self, word: &'a str) -> Option<(Resource, &'a str)> {
        if !word.contains('/') {
            return Some((Resource::Graph, word));
        }
        let (resource, name) = word.rsplit_once('/')?;
        let own = resource.trim_end_matches('/');
        if GRAPH_HOSTS.contains(&own) || own == self.base || own == GRAPH_ID {
            return Some((Resource::Graph, name));
        }
        if own == crate::microsoft::bot::ISSUER {
            return Some((Resource::App(own.into()), name));
        }
        let id = own.strip_prefix("api://").unwrap_or(own);
        self.apps.contains_key(id).then(|| (Resource::App(id.into()), name))
    }

    /// Reads `scope`.
    pub(super) fn asked(&self, text: &str, app: &Registration) -> Result<Asked, Refusal> {
        let mut asked = Asked::default();
        for word in text.split_ascii_whitespace().take(MOST) {
            if OIDC.contains(&word) {
                asked.oidc.insert(word.into());
                continue;
            }
            let Some((resource, name)) = self.resolve(word) else {
                return Err(refuse(
                    "invalid_resource",
                    500_011,
                    format!("The resource principal named {word} was not found in the tenant."),
                ));
            };
            if !asked.resources.contains(&resource) {
                asked.resources.push(resource.clone());
            }
            if name == ".default" {
                let all = match &resource {
                    Resource::Graph => app
                        .requires
                        .iter()
                        .filter(|r| r.1 == Holder::Delegated)
                        .map(|r| r.0.clone())
                        .collect(),
                    Resource::App(id) => self.exposed(id),
                };
                asked.scopes.extend(all);
                asked.defaults.push(resource);
                continue;
            }
            let (known, scope) = match &resource {
                Resource::Graph => (is_known(name, Holder::Delegated), name.to_string()),
                Resource::App(id) => {
                    let scope = format!("api://{id}/{name}");
                    (self.exposed(id).contains(&scope), scope)
                }
            };
            if !known {
                let text = format!(
                    "The application '{}' asked for scope '{name}' that doesn't exist on the resource.",
                    app.app_id
                );
                return Err(refuse("invalid_client", 650_053, text));
            }
            asked.scopes.push(scope);
        }
        // What `.default` brought of OpenID Connect is none of a resource.
        let oidc = asked.scopes.iter().filter(|s| OIDC.contains(&s.as_str())).cloned().collect::<Vec<_>>();
        asked.scopes.retain(|s| !OIDC.contains(&s.as_str()));
        if !asked.defaults.is_empty() {
            asked.oidc.extend(oidc);
        }
        asked.scopes.sort();
        asked.scopes.dedup();
        Ok(asked)
    }

    fn exposed(&self, app_id: &str) -> Vec<Scope> {
        let app = self.apps.get(app_id);
        app.map_or_else(Vec::new, |a| a.exposes.iter().map(|s| format!("{}/{s}", a.identifier())).collect())
    }

    /// What of a resource somebody has allowed an application.
    pub(super) fn allowed(&self, tenant: usize, app_id: &str, place: u32, resource: &Resource) -> Vec<Scope> {
        let principal = self.tenants.get(tenant).and_then(|t| t.principals.get(app_id));
        let mut held: BTreeSet<Scope> = principal.map(|p| p.scopes_of(place)).unwrap_or_default();
        // An application that the resource knows needs nobody's consent.
        if let Resource::App(id) = resource {
            if self.apps.get(id).is_some_and(|a| a.known_clients.iter().any(|c| c == app_id)) {
                held.extend(self.exposed(id));
            }
        }
        held.into_iter().filter(|s| !OIDC.contains(&s.as_str()) && resource_of(s) == *resource).collect()
    }

    /// What was asked for and nobody has allowed yet.
    pub(super) fn missing(&self, tenant: usize, app_id: &str, place: u32, asked: &Asked) -> Vec<Scope> {
        let held = asked
            .resources
            .iter()
            .flat_map(|r| self.allowed(tenant, app_id, place, r))
            .collect::<BTreeSet<_>>();
        let mut missing: Vec<Scope> = asked.scopes.iter().filter(|s| !held.contains(*s)).cloned().collect();
        // The profile and its kin go with any other consent.
        let principal = self.tenants.get(tenant).and_then(|t| t.principals.get(app_id));
        let any = principal.is_some_and(|p| !p.scopes_of(place).is_empty());
        if !any || !missing.is_empty() {
            missing.extend(asked.oidc.iter().filter(|_| !any).cloned());
        }
        missing
    }
}
