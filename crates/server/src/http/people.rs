//! The people of the tenant's Microsoft directory: found as somebody types, and how the directory stands.

use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::microsoft::{MOST_FOUND, Person};
use crate::view::PresenceView;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use engine::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest text that is searched for, in bytes.
const LONGEST: usize = 200;

/// Whom to look for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// Beginnings of names, or a part of a number.
    #[serde(default)]
    q: String,
    /// At most this many.
    limit: Option<usize>,
}

/// Somebody in the directory.
#[derive(Serialize, JsonSchema)]
pub struct PersonView {
    /// Id in Microsoft's directory.
    pub id: String,
    /// Name shown to colleagues.
    pub name: String,
    /// Address of electronic mail; empty for none.
    pub mail: String,
    /// Numbers at work.
    pub business: Vec<String>,
    /// The mobile number.
    pub mobile: Option<String>,
    /// Whether they may sign in there.
    pub enabled: bool,
    /// What Teams says of them; null for those who are no users here, and while it is not known.
    pub presence: Option<PresenceView>,
}

/// How the directory stands.
#[derive(Serialize, JsonSchema)]
pub struct DirectoryView {
    /// Whether one is kept in step here.
    pub kept: bool,
    /// How many people are in it.
    pub people: usize,
    /// When it was last in step.
    pub at: Option<String>,
    /// Everybody is being read.
    pub reading: bool,
    /// Why it is not in step, and what to do.
    pub trouble: Option<String>,
    /// Microsoft tells of changes by itself; otherwise they are found when it is asked.
    pub told: bool,
    /// How reading the users' presence stands; null where it is not read.
    pub presence: Option<PresenceReading>,
}

/// How reading presence stands.
#[derive(Serialize, JsonSchema)]
pub struct PresenceReading {
    /// When it was last read.
    pub at: Option<String>,
    /// Why it cannot be read, and what to do.
    pub trouble: Option<String>,
}

/// A line of what Microsoft is asked for, and why.
#[derive(Serialize, JsonSchema)]
pub struct PermissionView {
    /// The feature that needs it.
    pub feature: &'static str,
    /// The app registration that has it.
    pub registration: &'static str,
    /// Microsoft's name of the permission; null where the registration needs none.
    pub permission: Option<&'static str>,
    /// `delegated`, `application` or `rsc`.
    pub r#type: &'static str,
    /// What is done by it, as Microsoft's reference names it.
    pub operations: Vec<&'static str>,
    /// The fields that are read.
    pub fields: &'static [&'static str],
    /// Those of them that are stored, encrypted.
    pub stored: &'static [&'static str],
    /// Why.
    pub reason: &'static str,
}

/// `GET /directory/users`
pub async fn search(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(look): Query<Look>,
) -> Result<Json<Vec<PersonView>>, Problem> {
    if look.q.len() > LONGEST {
        let what = format!("q has at most {LONGEST} bytes");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what));
    }
    let most = look.limit.unwrap_or(MOST_FOUND);
    let tenant = asker.0.tenant;
    let found = api.handle.directories.search(tenant, &look.q, most);
    let objects: Vec<String> = found.iter().map(|p| p.object.clone()).collect();
    let presences = api.handle.ask(move |switch, now| {
        let t = switch.tenant(tenant);
        let one = |object: &String| {
            let t = t?;
            t.presences.view(*t.meaning.work_accounts.get(object)?, now.wall)
        };
        objects.iter().map(one).collect::<Vec<_>>()
    });
    let presences = presences.await.ok_or_else(Problem::stopping)?;
    Ok(Json(found.into_iter().zip(presences).map(|(person, presence)| view(person, presence)).collect()))
}

fn view(person: Person, presence: Option<PresenceView>) -> PersonView {
    let text = |secret: &redact::Secret<String>| secret.expose_secret().clone();
    PersonView {
        name: text(&person.name),
        mail: text(&person.mail),
        business: person.business.iter().map(text).collect(),
        mobile: person.mobile.as_ref().map(text),
        enabled: person.enabled,
        presence,
        id: person.object,
    }
}

/// `GET /directory/status`
pub async fn status(State(api): State<Api>, Extension(asker): Extension<Asker>) -> Json<DirectoryView> {
    let found = api.handle.directories.status(asker.0.tenant);
    let kept = found.is_some();
    let (status, people) = found.unwrap_or_default();
    let presence = api.handle.presences.status(asker.0.tenant);
    Json(DirectoryView {
        kept,
        people,
        at: status.at.map(|at| crate::view::time(Time(at))),
        reading: status.reading,
        trouble: status.trouble,
        told: status.told,
        presence: presence
            .map(|p| PresenceReading { at: p.at.map(|at| crate::view::time(Time(at))), trouble: p.trouble }),
    })
}

/// `GET /permissions`
pub async fn permissions(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
) -> Result<Json<Vec<PermissionView>>, Problem> {
    let tenant = asker.0.tenant;
    let found = api.handle.ask(move |switch, _| switch.tenant(tenant).map(|t| t.meaning.features.needed()));
    let found = found.await.ok_or_else(Problem::stopping)?;
    let needed = found.ok_or_else(|| Problem::not_found("such tenant in this server"))?;
    let view = needed.into_iter().map(|row| PermissionView {
        feature: row.feature.name(),
        registration: row.registration.name(),
        permission: row.permission,
        r#type: row.kind.name(),
        operations: row.operations.iter().map(|o| o.text()).collect(),
        fields: row.fields,
        stored: row.stored,
        reason: row.reason,
    });
    Ok(Json(view.collect()))
}
