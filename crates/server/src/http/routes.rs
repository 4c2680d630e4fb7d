//! The table of routes: method, path, who may use it, what it does, what it answers, who handles it.

mod accounts;
mod calls;
mod people;
mod reports;
mod running;
mod work;

use crate::http::access::{Access, Agents};
use crate::http::serve::Api;
use crate::http::{passkeys, softphone};
use axum::routing::MethodRouter;
use schemars::{JsonSchema, Schema, SchemaGenerator};

const AUDITORS: Access = Access::Auditors(Agents::No);
/// Rights of people and holds are the work of auditors and owners.
const DATA: Access = Access::DataOfficers;
const AUDITORS_OR_OWN: Access = Access::Auditors(Agents::Own);
const ANY_ROLE: Access = Access::Auditors(Agents::All);
const SUPERVISORS: Access = Access::Supervisors(Agents::No);
const SUPERVISORS_OR_OWN: Access = Access::Supervisors(Agents::Own);

/// Where the API begins.
pub const PREFIX: &str = "/api/v1";

/// One operation, for the description.
pub struct Operation {
    /// `get`, `put`, ….
    pub method: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// Parameters in the query.
    pub query: &'static [(&'static str, &'static str)],
    /// What the body of a request is.
    pub request: Option<fn(&mut SchemaGenerator) -> Schema>,
    /// What it answers; `None` is no JSON.
    pub response: Option<fn(&mut SchemaGenerator) -> Schema>,
    /// Who may, where that is not what the path says.
    pub access: Option<Access>,
}

/// One path.
pub struct Route {
    /// Below [`PREFIX`].
    pub path: String,
    /// Who may look.
    pub look: Access,
    /// Who may change.
    pub change: Access,
    /// What can be done there.
    pub operations: Vec<Operation>,
    /// Who does it.
    pub handler: MethodRouter<Api>,
}

impl Route {
    /// Who may use a method.
    pub fn access(&self, method: &str) -> Access {
        let looks = ["get", "head", "options"].iter().any(|m| m.eq_ignore_ascii_case(method));
        let own = self.operations.iter().find(|o| o.method.eq_ignore_ascii_case(method));
        own.and_then(|o| o.access).unwrap_or(if looks { self.look } else { self.change })
    }
}

pub(super) fn schema<T: JsonSchema>(g: &mut SchemaGenerator) -> Schema {
    g.subschema_for::<T>()
}

pub(super) fn op<T: JsonSchema>(method: &'static str, summary: &'static str) -> Operation {
    Operation { method, summary, query: &[], request: None, response: Some(schema::<T>), access: None }
}

/// A path in words of the API for each kind of configuration object.
pub const COLLECTIONS: [(&str, &str); 15] = [
    ("queues", "Queue"),
    ("users", "User"),
    ("skills", "Skill"),
    ("flows", "Flow"),
    ("hours", "Hours"),
    ("holidays", "Holidays"),
    ("dispositions", "Disposition"),
    ("secure-entries", "SecureEntry"),
    ("look-ups", "LookUp"),
    ("webhooks", "Webhook"),
    ("numbers", "Number"),
    ("trunks", "Trunk"),
    ("prompts", "Prompt"),
    ("pbxs", "Pbx"),
    ("retention-rules", "Retention"),
];

/// All of them. `demo` adds those that are there only in the demo.
pub fn all(demo: bool) -> Vec<Route> {
    let mut routes = calls::of_calls();
    routes.extend(work::of_work());
    routes.extend(reports::of_reports());
    routes.extend(people::of_people());
    routes.extend(running::of_running());
    routes.extend(accounts::of_accounts());
    routes.extend(accounts::of_microsoft());
    if demo {
        routes.extend(accounts::of_the_demo());
    }
    routes.extend(softphone::routes());
    routes.extend(passkeys::routes());
    routes
}

/// What administrators can do about their data by this API: beginnings of paths.
const ABOUT_DATA: [&str; 9] = [
    "/users",
    "/configuration",
    "/audit",
    "/catalogue",
    "/permissions",
    "/attestation",
    "/recordings",
    "/people",
    "/holds",
];

/// The operations by which administrators see and control their data, in words.
pub fn for_administrators() -> Vec<String> {
    let routes = all(false);
    let about = routes.iter().filter(|r| ABOUT_DATA.iter().any(|path| r.path.starts_with(path)));
    about
        .flat_map(|r| {
            r.operations.iter().map(|o| format!("{} {}: {}", o.method.to_uppercase(), r.path, o.summary))
        })
        .collect()
}
