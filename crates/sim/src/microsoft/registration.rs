//! Applications: how they are registered, and what each tenant has allowed them.

use crate::microsoft::certificate::Certificate;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The id of Microsoft Graph as a resource.
pub const GRAPH_ID: &str = "00000003-0000-0000-c000-000000000000";
/// Applications that one simulated Entra ID knows, at most.
pub const MOST_APPS: usize = 64;
/// Permissions that a tenant has given one application or one person of it, at most.
pub const MOST_PERMISSIONS: usize = 200;

/// Who holds a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// The application for somebody who is signed in: it may what both may.
    Delegated,
    /// The application alone.
    Application,
}

/// A password of an application.
#[derive(Clone)]
pub struct Secret {
    /// Its value.
    pub value: String,
    /// It holds up to this moment, in milliseconds since 1970.
    pub until_ms: u64,
}

/// A certificate of an application.
#[derive(Clone, Debug)]
pub struct Registered {
    /// What counts in it.
    pub certificate: Certificate,
    /// SHA-256 of its DER.
    pub sha256: Vec<u8>,
    /// SHA-1 of its DER: the older name.
    pub sha1: Vec<u8>,
}

/// An application, registered once for all tenants.
#[derive(Clone)]
pub struct Registration {
    /// Its client id.
    pub app_id: String,
    /// Its name as people see it.
    pub name: String,
    /// The tenant it belongs to. Others find it only if it is for several.
    pub home: String,
    /// Whether other tenants may use it.
    pub multi_tenant: bool,
    /// Whether it can keep no secret, as a page or a program on people's machines.
    pub public: bool,
    /// Where people may be sent back to; compared letter by letter.
    pub redirect_uris: Vec<String>,
    /// The same for pages that redeem the code themselves (single-page applications).
    pub spa_redirect_uris: Vec<String>,
    /// Its passwords.
    pub secrets: Vec<Secret>,
    /// Its certificates.
    pub certificates: Vec<Registered>,
    /// The permissions of Graph that its manifest lists (`requiredResourceAccess`).
    pub requires: Vec<(String, Holder)>,
    /// Scopes of its own that others may ask for, below `api://{app_id}`.
    pub exposes: Vec<String>,
    /// Applications that may ask for those scopes without consent.
    pub known_clients: Vec<String>,
    /// 1 or 2: which tokens it takes (`requestedAccessTokenVersion`).
    pub token_version: u8,
    /// Whether only people with a role may sign in (`appRoleAssignmentRequired`).
    pub assignment_required: bool,
    /// Whether its ID tokens name roles of the directory (`groupMembershipClaims: DirectoryRole`).
    pub names_directory_roles: bool,
    /// Whether access tokens for it say when the person proved who they are (`auth_time` among `optionalClaims`).
    pub names_auth_time: bool,
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Registration({})", self.app_id)
    }
}

impl Registration {
    /// A confidential application of one tenant that takes tokens of version 2 and may do nothing yet.
    pub fn new(app_id: &str, name: &str, home: &str) -> Registration {
        Registration {
            app_id: app_id.into(),
            name: name.into(),
            home: home.into(),
            multi_tenant: false,
            public: false,
            redirect_uris: Vec::new(),
            spa_redirect_uris: Vec::new(),
            secrets: Vec::new(),
            certificates: Vec::new(),
            requires: Vec::new(),
            exposes: Vec::new(),
            known_clients: Vec::new(),
            token_version: 2,
            assignment_required: false,
            names_directory_roles: false,
            names_auth_time: false,
        }
    }

    /// An application as its manifest describes it (Graph's `application`), without its permissions of Graph, secrets and
    /// certificates.
    pub fn of_manifest(app_id: &str, home: &str, manifest: &Value) -> Registration {
        let texts = |list: &Value| -> Vec<String> {
            list.as_array().into_iter().flatten().filter_map(|t| t.as_str().map(String::from)).collect()
        };
        let named = |list: &Value, key: &str| -> Vec<String> {
            let all = list.as_array().into_iter().flatten();
            all.filter_map(|one| one[key].as_str().map(String::from)).collect()
        };
        let enabled: Value = manifest["api"]["oauth2PermissionScopes"]
            .as_array()
            .map(|all| all.iter().filter(|s| s["isEnabled"] == true).cloned().collect())
            .unwrap_or_default();
        let name = manifest["displayName"].as_str().unwrap_or_default();
        Registration {
            multi_tenant: manifest["signInAudience"] == "AzureADMultipleOrgs",
            public: manifest["isFallbackPublicClient"] == true,
            redirect_uris: texts(&manifest["web"]["redirectUris"]),
            spa_redirect_uris: texts(&manifest["spa"]["redirectUris"]),
            exposes: named(&enabled, "value"),
            token_version: if manifest["api"]["requestedAccessTokenVersion"] == 2 { 2 } else { 1 },
            names_directory_roles: ["DirectoryRole", "All"]
                .iter()
                .any(|w| manifest["groupMembershipClaims"] == **w),
            names_auth_time: named(&manifest["optionalClaims"]["accessToken"], "name")
                .iter()
                .any(|c| c == "auth_time"),
            ..Registration::new(app_id, name, home)
        }
    }

    /// The same for all tenants.
    pub fn for_all_tenants(mut self) -> Registration {
        self.multi_tenant = true;
        self
    }

    /// The same with a place to come back to.
    pub fn with_redirect(mut self, uri: &str) -> Registration {
        self.redirect_uris.push(uri.into());
        self
    }

    /// The same with a password that holds for ever.
    pub fn with_secret(mut self, value: &str) -> Registration {
        self.secrets.push(Secret { value: value.into(), until_ms: u64::MAX });
        self
    }

    /// The same with a certificate, in DER. What is none is left out.
    pub fn with_certificate(mut self, der: &[u8]) -> Registration {
        if let Some(certificate) = Certificate::read(der) {
            let (sha256, sha1) = (digest(&SHA256, der), digest(&SHA1_FOR_LEGACY_USE_ONLY, der));
            let (sha256, sha1) = (sha256.as_ref().to_vec(), sha1.as_ref().to_vec());
            self.certificates.push(Registered { certificate, sha256, sha1 });
        }
        self
    }

    /// The same with a permission of Graph in its manifest.
    pub fn with_permission(mut self, name: &str, holder: Holder) -> Registration {
        self.requires.push((name.into(), holder));
        self
    }

    /// The same with a scope of its own.
    pub fn with_scope(mut self, name: &str) -> Registration {
        self.exposes.push(name.into());
        self
    }

    /// The name under which others ask for its scopes.
    pub fn identifier(&self) -> String {
        format!("api://{}", self.app_id)
    }
}

/// A scope is a permission of Graph by its name, or one of an application as `api://{app_id}/{name}`.
pub type Scope = String;

/// What one tenant has allowed one application: its service principal.
#[derive(Clone, Debug, Default)]
pub struct Principal {
    /// Application permissions of Graph.
    pub roles: BTreeSet<String>,
    /// Delegated scopes for everybody.
    pub scopes: BTreeSet<Scope>,
    /// Delegated scopes that single people allowed.
    pub own_scopes: BTreeMap<u32, BTreeSet<Scope>>,
    /// Permissions for one chat or team (resource-specific consent): the id and the name.
    pub specific: BTreeSet<(String, String)>,
    /// Roles of the application that people have.
    pub app_roles: BTreeMap<u32, BTreeSet<String>>,
    /// Whether an administrator has switched it off.
    pub disabled: bool,
    /// Tokens of the application from before this second are refused where the client can be told so.
    pub valid_from_s: u64,
}

impl Principal {
    /// The scopes that hold for somebody.
    pub fn scopes_of(&self, place: u32) -> BTreeSet<Scope> {
        let own = self.own_scopes.get(&place).into_iter().flatten();
        self.scopes.iter().chain(own).cloned().collect()
    }

    /// Allows scopes, to one person or to everybody.
    pub fn allow(&mut self, whom: Option<u32>, scopes: impl IntoIterator<Item = Scope>) {
        let held = match whom {
            Some(place) => self.own_scopes.entry(place).or_default(),
            None => &mut self.scopes,
        };
        for scope in scopes {
            if held.len() < MOST_PERMISSIONS {
                held.insert(scope);
            }
        }
    }

    /// The roles that somebody has.
    pub fn roles_of(&self, place: u32) -> Vec<String> {
        self.app_roles.get(&place).into_iter().flatten().cloned().collect()
    }
}
