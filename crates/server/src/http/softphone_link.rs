//! A link by which a softphone is opened from the connector's tab where nobody signs in: the tenant's rules about numbers hold
//! all the same. Nothing of it is written down or remembered but how often an address asked within a minute.
//!
//! Whoever is signed in asks by `POST /dial`, where what the person may counts too. Where people can sign in, they have to: else
//! anybody who reaches the server could ask which numbers the tenant calls, and somebody who may call nobody would be given
//! a link. A stranger is told that a number is not called, and not which rule forbids it.

use crate::http::actions::refused;
use crate::http::connector::goes_through_us;
use crate::http::dial::secret;
use crate::http::dial_refusals::{not_dialable, slow_down};
use crate::http::identity::address_of;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::http::session::body;
use crate::tenant::Meaning;
use crate::tenant::dialling::without_signs;
use crate::tenant::pbx::PbxWay;
use crate::tenant::toll::NotCalled;
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use pbx::address::{Scheme, link};
use redact::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use teams::bot::WhyNot;
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
    request: Request,
) -> Result<Json<Link>, Problem> {
    let from = address_of(&api, request.headers(), request.extensions());
    if !api.connector.may_ask_for_link(from) {
        return Err(slow_down("too many links were asked for from this address: wait a minute"));
    }
    let new: NewLink = body(request).await?;
    let (public, has_app) = (api.settings.url.clone(), api.microsoft.tab.is_some());
    let made = api.handle.ask(move |switch, _| {
        let mut all = switch.tenants().iter().map(|t| &t.meaning);
        let missing = || Problem::not_found("such tenant with a tab here");
        // A tenant without the tab has no door for it.
        let has_tab = |m: &&Meaning| m.tenant == tenant && m.features.has(Feature::Tab);
        let meaning = all.find(has_tab).ok_or_else(missing)?;
        if has_app && goes_through_us(meaning) {
            return Err(sign_in());
        }
        let scheme = scheme(meaning, new.through.as_deref())
            .ok_or_else(|| Problem::not_found("such softphone of this tenant").because(WhyNot::NoWay))?;
        // People's profiles have numbers as they are printed: +49 (421) 555-99.
        let plain = without_signs(new.to.expose_secret()).map(Secret::new).unwrap_or(new.to);
        let to = meaning.gate().outward(plain.expose_secret()).map_err(not_called)?;
        link(&public, &meaning.tenant, &scheme, &Secret::new(to.number)).ok_or_else(not_dialable)
    });
    let open = made.await.ok_or_else(Problem::stopping)??;
    Ok(Json(Link { open: open.expose_secret().clone() }))
}

/// People of this tenant show who they are.
fn sign_in() -> Problem {
    let what =
        "people of this tenant sign in: ask by POST /dial, with a token of the person's own Teams client";
    Problem::new(StatusCode::UNAUTHORIZED, what).because(WhyNot::Token)
}

/// Why a number is not called, as far as a stranger is told: that somebody mistyped it, or that it is not called.
fn not_called(why: NotCalled) -> Problem {
    let (what, why) = match why.why_not() {
        WhyNot::NotANumber => return refused(why),
        // By day it is called: that it never is would be untrue.
        WhyNot::Night => ("this number is not called now", WhyNot::Night),
        _ => ("this number is not called", WhyNot::DestinationNotAllowed),
    };
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what).because(why)
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
