//! What the connector's tab, and the page that opens a softphone, have to know before it is known who somebody is. Nothing of
//! it is about a person.

use crate::connector::dial::OWN;
use crate::http::dial::{WayView, pbx_view, way_view};
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::tenant::Meaning;
use crate::tenant::objects::TeamsApp;
use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use teams::permissions::Feature;

/// Where the tab signs in, and which ways of calling there are.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TabSetup {
    /// Application id of the tab; null where it has no app registration.
    pub app: Option<String>,
    /// The scope of a token for this server; null where no call goes through it.
    pub scope: Option<String>,
    /// Entra ID.
    pub login: String,
    /// Microsoft Graph.
    pub graph: String,
    /// Teams of the configured cloud, as `https://teams.microsoft.com`: what links lead to that open in the person's client.
    pub teams: String,
    /// Pages beside those of Teams that may show the tab.
    pub hosts: Vec<String>,
    /// The organisation's Microsoft directory; null where none is connected.
    pub directory: Option<String>,
    /// The kinds of conversations whose members it lists, by the features that are on: `chat`, `channel`, `team`.
    pub places: Vec<&'static str>,
    /// The ways to call.
    pub ways: Vec<WayView>,
    /// Under whose name and colours; null where the tenant has no `teams_app`.
    pub brand: Option<Brand>,
}

/// What a tenant's app is called, and what it looks like.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Brand {
    /// Its name.
    pub name: String,
    /// Its name in other languages, by tag.
    pub names: BTreeMap<String, String>,
    /// The company behind it.
    pub company: String,
    /// Its colour, as `#0b5cad`.
    pub accent: String,
    /// A page about privacy.
    pub privacy: String,
    /// A page with terms of use.
    pub terms: String,
}

/// Kinds of conversations, each with the feature by which its members are listed.
pub const PLACES: [(&str, Feature); 3] =
    [("chat", Feature::MembersChat), ("channel", Feature::MembersChannel), ("team", Feature::MembersTeam)];

fn brand(app: &TeamsApp) -> Brand {
    let names = app.texts.iter().filter_map(|(tag, t)| Some((tag.clone(), t.name.clone()?)));
    Brand {
        name: app.name.clone(),
        names: names.collect(),
        company: app.company.clone(),
        accent: app.accent.clone(),
        privacy: app.privacy.clone(),
        terms: app.terms.clone(),
    }
}

/// Whether a way of calling goes through this server, for which people sign in.
pub(super) fn goes_through_us(meaning: &Meaning) -> bool {
    has_own_way(meaning) || meaning.pbxs.values().any(|rule| rule.capabilities().server_dial)
}

// Our own trunks are a way where there are any.
fn has_own_way(meaning: &Meaning) -> bool {
    meaning.trunk_plans.iter().any(|p| p.outbound)
}

/// `GET /connector/{tenant}`
pub async fn setup(State(api): State<Api>, Path(tenant): Path<String>) -> Result<Json<TabSetup>, Problem> {
    let missing = || Problem::not_found("such tenant with a tab here");
    let tab = api.microsoft.tab.clone();
    let (public, teams) = (api.settings.url.clone(), api.microsoft.cloud.teams.join(""));
    let found = api.handle.ask(move |switch, _| {
        let t = switch.tenants().iter().find(|t| t.meaning.tenant == tenant)?;
        let m = Some(&t.meaning).filter(|m| m.features.has(Feature::Tab))?;
        let own = has_own_way(m).then(|| way_view(None, "", "own", OWN));
        let others = m.pbxs.iter().map(|(id, rule)| pbx_view(id, rule));
        let places = PLACES.iter().filter(|(_, f)| m.features.has(*f)).map(|(place, _)| *place);
        let about = (m.microsoft.clone(), places.collect::<Vec<_>>());
        let ways = (others.chain(own).collect::<Vec<_>>(), goes_through_us(m));
        Some((about, ways, m.teams_app.as_ref().map(brand)))
    });
    let ((directory, places), (ways, through_us), brand) =
        found.await.ok_or_else(Problem::stopping)?.ok_or_else(missing)?;
    Ok(Json(TabSetup {
        app: tab.as_ref().map(|t| t.app.clone()),
        scope: tab.as_ref().filter(|_| through_us).map(|t| t.scope(&public)),
        login: tab.as_ref().map(|t| t.login.clone()).unwrap_or_default(),
        graph: tab.as_ref().map(|t| t.graph.clone()).unwrap_or_default(),
        teams,
        hosts: tab.as_ref().map(|t| t.hosts.clone()).unwrap_or_default(),
        directory,
        places,
        ways,
        brand,
    }))
}

/// `GET /brand/{tenant}`
pub async fn brand_of(State(api): State<Api>, Path(tenant): Path<String>) -> Result<Json<Brand>, Problem> {
    let found = api.handle.ask(move |switch, _| {
        let t = switch.tenants().iter().find(|t| t.meaning.tenant == tenant)?;
        t.meaning.teams_app.as_ref().map(brand)
    });
    let missing = || Problem::not_found("such tenant with a teams_app here");
    found.await.ok_or_else(Problem::stopping)?.map(Json).ok_or_else(missing)
}
