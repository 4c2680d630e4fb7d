//! The people of the tenant's Microsoft directory: found as somebody types, and how the directory stands.

use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::microsoft::{Correction, MOST_FOUND, Person};
use crate::view::PresenceView;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use engine::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use teams::permissions::{Registration, Row};

/// The longest text that is searched for, or said of somebody, in bytes.
const LONGEST: usize = 200;
/// Numbers of one person.
const MOST_NUMBERS: usize = 20;

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
    /// Numbers at work, as the world writes them (E.164) where the tenant's country says how.
    pub business: Vec<String>,
    /// The mobile number, in the same way.
    pub mobile: Option<String>,
    /// Whether they may sign in there.
    pub enabled: bool,
    /// Of `name`, `mail`, `business` and `mobile` those that an owner says here in place of what Microsoft says.
    pub corrected: Vec<&'static str>,
    /// What Teams says of them; null for those who are no users here, and while it is not known.
    pub presence: Option<PresenceView>,
    /// Id of the user that the person is here; null for those who are none.
    pub user: Option<String>,
}

/// What is said of somebody in place of what Microsoft says; what is left out stays as it comes from there.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionView {
    /// Name shown to colleagues.
    name: Option<String>,
    /// Address of electronic mail; empty for none.
    mail: Option<String>,
    /// Numbers at work.
    business: Option<Vec<String>>,
    /// The mobile number; empty for none.
    mobile: Option<String>,
}

impl CorrectionView {
    fn is_plain(&self) -> bool {
        let numbers = self.business.iter().flatten();
        let mut texts = [&self.name, &self.mail, &self.mobile].into_iter().flatten().chain(numbers);
        texts.all(|text| text.len() <= LONGEST && !text.chars().any(char::is_control))
            && self.business.as_ref().is_none_or(|b| b.len() <= MOST_NUMBERS)
    }
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
    /// Whether it was granted when that was last seen; null while that is not known.
    pub granted: Option<bool>,
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
    let users = api.handle.ask(move |switch, now| {
        let t = switch.tenant(tenant);
        let one = |object: &String| {
            let t = t?;
            let number = *t.meaning.work_accounts.get(object)?;
            Some((t.meaning.names.of("User", number), t.presences.view(number, now.wall)))
        };
        objects.iter().map(one).collect::<Vec<_>>()
    });
    let users = users.await.ok_or_else(Problem::stopping)?;
    Ok(Json(found.into_iter().zip(users).map(|(person, user)| view(person, user)).collect()))
}

/// `PUT /directory/users/{id}/correction`
pub async fn correct(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    Json(said): Json<CorrectionView>,
) -> Result<StatusCode, Problem> {
    if !said.is_plain() {
        let what = format!(
            "a text has at most {LONGEST} bytes and no control characters, and a person {MOST_NUMBERS} numbers"
        );
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what));
    }
    let CorrectionView { name, mail, business, mobile } = said;
    say(api, asker, id, Correction { name, mail, business, mobile }).await
}

/// `DELETE /directory/users/{id}/correction`
pub async fn uncorrect(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    say(api, asker, id, Correction::default()).await
}

async fn say(api: Api, asker: Asker, id: String, own: Correction) -> Result<StatusCode, Problem> {
    let missing = || Problem::not_found("such person in the directory");
    let object = teams::clean::guid(&id).ok_or_else(missing)?;
    let done = tokio::task::spawn_blocking(move || {
        let (tenant, store) = (asker.0.tenant, &api.handle.store);
        let Some(number) = api.handle.directories.correct(store, tenant, &object, &own)? else {
            return Ok(false);
        };
        // By the number alone: the log outlives whom it speaks of.
        let object = format!("Person/{number}");
        store.audit(tenant, crate::clock::wall_ms(), &asker.name(), "directory.correct", &object)?;
        Ok::<_, store::StoreError>(true)
    });
    match done.await.map_err(|_| Problem::stopping())?? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(missing()),
    }
}

fn view(person: Person, user: Option<(String, Option<PresenceView>)>) -> PersonView {
    let (user, presence) = user.map_or((None, None), |(user, presence)| (Some(user), presence));
    let text = |secret: &redact::Secret<String>| secret.expose_secret().clone();
    PersonView {
        name: text(&person.name),
        mail: text(&person.mail),
        business: person.business.iter().map(text).collect(),
        mobile: person.mobile.as_ref().map(text),
        enabled: person.enabled,
        corrected: person.corrected,
        presence,
        user,
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
    let found = api.handle.ask(move |switch, _| {
        let m = &switch.tenant(tenant)?.meaning;
        Some((m.features.needed(), m.microsoft.clone()))
    });
    let found = found.await.ok_or_else(Problem::stopping)?;
    let (needed, directory) = found.ok_or_else(|| Problem::not_found("such tenant in this server"))?;
    let granted = directory.and_then(|d| api.handle.granted.of(&d));
    let left = api.handle.directories.granted(tenant);
    let view = |row: &'static Row| {
        let granted = match row.registration {
            Registration::Background => granted.as_deref(),
            Registration::Directory => left.as_deref(),
            _ => None,
        };
        PermissionView::of(row, granted)
    };
    Ok(Json(needed.into_iter().map(view).collect()))
}

impl PermissionView {
    /// A row of the table, where it is known what was granted.
    pub fn of(row: &Row, granted: Option<&[String]>) -> PermissionView {
        let is_among = |granted: &[String]| granted.iter().any(|g| Some(g.as_str()) == row.permission);
        // Of offline_access nothing stands in a token.
        let is_said = row.permission.is_some_and(|p| p != "offline_access");
        PermissionView {
            granted: granted.filter(|_| is_said).map(is_among),
            feature: row.feature.name(),
            registration: row.registration.name(),
            permission: row.permission,
            r#type: row.kind.name(),
            operations: row.operations.iter().map(|o| o.text()).collect(),
            fields: row.fields,
            stored: row.stored,
            reason: row.reason,
        }
    }
}
