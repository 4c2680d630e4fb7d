//! A link by which a softphone is opened from the connector's tab where nobody is signed in: the tenant's rules about numbers
//! hold all the same. Nothing of it is written down or remembered.
//!
//! Whoever is signed in asks by `POST /dial`, where what the person may counts too.

use crate::http::actions::refused;
use crate::http::dial::secret;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::tenant::Meaning;
use crate::tenant::dialling::without_signs;
use crate::tenant::pbx::PbxWay;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use pbx::address::{Scheme, link};
use redact::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use teams::permissions::Feature;

/// A number for a softphone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLink {
    /// The number to call, as people write it.
    #[serde(deserialize_with = "secret")]
    #[schemars(with = "String")]
    to: Secret<String>,
    /// Id of the `Pbx`, one with `address`. Without it the computer's own telephone app, where the tenant has no way to call.
    #[serde(default)]
    through: Option<String>,
}

/// A link that opens a softphone.
#[derive(Serialize, JsonSchema)]
pub struct Link {
    /// It leads to the page `/call`; scheme and number stand behind its `#`.
    open: String,
}

/// `POST /connector/{tenant}/softphone-link`
pub async fn make(
    State(api): State<Api>,
    Path(tenant): Path<String>,
    Json(new): Json<NewLink>,
) -> Result<Json<Link>, Problem> {
    let public = api.settings.url.clone();
    let made = api.handle.ask(move |switch, _| {
        let mut all = switch.tenants().iter().map(|t| &t.meaning);
        let missing = || Problem::not_found("such tenant with a tab here");
        // A tenant without the tab has no door for it.
        let meaning = all.find(|m| m.tenant == tenant && m.features.has(Feature::Tab)).ok_or_else(missing)?;
        let scheme = scheme(meaning, new.through.as_deref())
            .ok_or_else(|| Problem::not_found("such softphone of this tenant"))?;
        // People's profiles have numbers as they are printed: +49 (421) 555-99.
        let plain = without_signs(new.to.expose_secret()).map(Secret::new).unwrap_or(new.to);
        let to = meaning.gate().outward(plain.expose_secret()).map_err(refused)?;
        link(&public, &meaning.tenant, &scheme, &Secret::new(to.number)).ok_or_else(|| {
            let what = "a softphone is given digits only, with or without +";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what)
        })
    });
    let open = made.await.ok_or_else(Problem::stopping)??;
    Ok(Json(Link { open: open.expose_secret().clone() }))
}

/// What the softphone's addresses begin with. Nothing where the tenant has no such softphone.
fn scheme(meaning: &Meaning, through: Option<&str>) -> Option<Scheme> {
    match through {
        Some(id) => match &meaning.pbxs.get(id)?.way {
            PbxWay::Address(scheme) => Some(scheme.clone()),
            PbxWay::System(_) => None,
        },
        None => {
            let has_ways = !meaning.pbxs.is_empty() || meaning.trunk_plans.iter().any(|p| p.outbound);
            (!has_ways).then(Scheme::tel)
        }
    }
}
