//! The people of the tenant's Microsoft directory: found as somebody types, and how the directory stands.

use crate::http::accounts::blocking;
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::microsoft::{Correction, Entry, LOCAL, MOST_FOUND, Person};
use crate::running::Handle;
use crate::tenant::DialPlan;
use crate::view::PresenceView;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use engine::Time;
use redact::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::TenantId;
use teams::permissions::{Feature, Features, Profile, Registration, Row};

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
    /// Id in Microsoft's directory; of somebody who was entered here, `local-` with a number.
    pub id: String,
    /// Where they come from: `microsoft`, or `local` for whoever an owner entered here.
    pub origin: &'static str,
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

/// Somebody whom an owner enters beside Microsoft's people.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryView {
    /// Name shown to colleagues.
    name: String,
    /// Address of electronic mail; empty for none.
    #[serde(default)]
    mail: String,
    /// Numbers at work.
    #[serde(default)]
    business: Vec<String>,
    /// The mobile number; empty for none.
    #[serde(default)]
    mobile: String,
}

impl EntryView {
    /// Checked, with the numbers as the world writes them.
    fn read(self, plan: &DialPlan) -> Result<Entry, Problem> {
        let wrong = |what: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what);
        let EntryView { name, mail, business, mobile } = self;
        // Marks that turn the direction of writing would make one name look like another.
        let is_plain = |t: &String| t.len() <= LONGEST && teams::clean::line(t, LONGEST) == **t;
        let all_plain = [&name, &mail, &mobile].into_iter().chain(&business).all(is_plain);
        if !all_plain || name.trim().is_empty() {
            return Err(wrong(format!(
                "a person has a name; a text has at most {LONGEST} bytes, and no control characters or marks of direction"
            )));
        }
        if business.len() > MOST_NUMBERS {
            return Err(wrong(format!("a person has at most {MOST_NUMBERS} numbers")));
        }
        let entry = Entry {
            name: Secret::new(name.trim().to_string()),
            mail: Secret::new(mail),
            business: business.into_iter().map(Secret::new).collect(),
            mobile: Some(mobile).filter(|m| !m.is_empty()).map(Secret::new),
        };
        entry.read(plan).ok_or_else(|| {
            wrong(
                "a number has at least 3 digits, and nothing beside them but + and what separates them"
                    .into(),
            )
        })
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
    /// Why the feature does not work for want of this permission, and what to do; null while it works.
    pub stopped: Option<String>,
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
        origin: if person.local { "local" } else { "microsoft" },
        id: person.object,
    }
}

/// What of a tenant decides who can be entered.
async fn plan_of(api: &Api, tenant: TenantId) -> Result<DialPlan, Problem> {
    let found = api.handle.ask(move |switch, _| {
        let m = &switch.tenant(tenant)?.meaning;
        Some((m.features.profile(), m.dial_plan.clone()))
    });
    match found.await.ok_or_else(Problem::stopping)? {
        Some((Profile::ContactCenter, plan)) => Ok(plan),
        _ => {
            let what =
                "only a tenant of the profile contact-center keeps people beside Microsoft's directory";
            Err(Problem::new(StatusCode::CONFLICT, what))
        }
    }
}

/// The number behind the id of somebody who was entered.
fn entered(id: &str) -> Result<u64, Problem> {
    let number = id.strip_prefix(LOCAL).and_then(|n| n.parse().ok());
    number.ok_or_else(|| Problem::not_found("such person entered here"))
}

/// Keeps an entry, new or in place of another, with a line in the audit log.
async fn keep(
    api: Api,
    asker: Asker,
    who: Option<u64>,
    said: EntryView,
) -> Result<Json<PersonView>, Problem> {
    let tenant = asker.0.tenant;
    let entry = said.read(&plan_of(&api, tenant).await?)?;
    let kept = blocking(move || {
        let store = &api.handle.store;
        let Some((number, person)) = api.handle.directories.enter(store, tenant, who, &entry)? else {
            return Err(Problem::not_found("such person entered here"));
        };
        let action = if who.is_some() { "directory.change" } else { "directory.enter" };
        // By the number alone: the log outlives whom it speaks of.
        let object = format!("LocalPerson/{number}");
        store.audit(tenant, crate::clock::wall_ms(), &asker.name(), action, &object)?;
        Ok(person)
    });
    Ok(Json(view(kept.await?, None)))
}

/// `POST /directory/local`
pub async fn enter(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Json(said): Json<EntryView>,
) -> Result<(StatusCode, Json<PersonView>), Problem> {
    Ok((StatusCode::CREATED, keep(api, asker, None, said).await?))
}

/// `PUT /directory/local/{id}`
pub async fn change_entered(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    Json(said): Json<EntryView>,
) -> Result<Json<PersonView>, Problem> {
    keep(api, asker, Some(entered(&id)?), said).await
}

/// `DELETE /directory/local/{id}`
pub async fn erase_entered(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let number = entered(&id)?;
    blocking(move || {
        let (store, tenant) = (&api.handle.store, asker.0.tenant);
        if !api.handle.directories.erase_entered(store, tenant, number)? {
            return Err(Problem::not_found("such person entered here"));
        }
        let object = format!("LocalPerson/{number}");
        store.audit(tenant, crate::clock::wall_ms(), &asker.name(), "directory.erase", &object)?;
        crate::retention_io::replace_copies(store);
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// How long a browser may show a picture again without asking, in seconds.
const PICTURE_LIFE_S: u32 = 300;

/// `GET /directory/users/{id}/photo`
pub async fn photo(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let missing = || Problem::not_found("picture of this person");
    let tenant = asker.0.tenant;
    let object = teams::clean::guid(&id).ok_or_else(missing)?;
    // Nobody is asked about at Microsoft who is not in the directory here.
    let directories = &api.handle.directories;
    if !directories.has(tenant, &object) || directories.is_restricted(tenant, &object) {
        return Err(missing());
    }
    let found = api.handle.ask(move |switch, _| {
        let m = &switch.tenant(tenant)?.meaning;
        Some((m.features.clone(), m.microsoft.clone()?))
    });
    let (features, directory) = found.await.ok_or_else(Problem::stopping)?.ok_or_else(missing)?;
    // Waiting for Microsoft holds a thread: so many at once and no more.
    let Ok(turn) = api.microsoft_turns.clone().acquire_owned().await else { return Err(Problem::stopping()) };
    let asked = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let (handle, of) = (&api.handle, (tenant, directory.as_str()));
        handle.granted.photo((&handle.store, &handle.directories), of, &features, &object)
    });
    match asked.await.map_err(|_| Problem::stopping())? {
        Ok(Some(photo)) => {
            let life = format!("private, max-age={PICTURE_LIFE_S}");
            let headers = [
                (header::CONTENT_TYPE, photo.content_type.to_string()),
                (header::CACHE_CONTROL, life),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff".into()),
            ];
            Ok((headers, photo.bytes.expose_secret().clone()).into_response())
        }
        Ok(None) => Err(missing()),
        Err(why) => {
            tracing::info!(event = "photo_not_fetched", tenant = tenant.0, why = %why, "a picture could not be fetched");
            Err(Problem::new(StatusCode::BAD_GATEWAY, format!("Microsoft gave no picture: {why}"))
                .coded("microsoft"))
        }
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
        Some((m.features.clone(), m.microsoft.clone()))
    });
    let found = found.await.ok_or_else(Problem::stopping)?;
    let (features, directory) = found.ok_or_else(|| Problem::not_found("such tenant in this server"))?;
    let known = WhatIsAllowed::of(&api.handle, (tenant, directory.as_deref()), &features);
    Ok(Json(features.needed().into_iter().map(|row| known.view(row)).collect()))
}

/// What Microsoft allows a tenant, as far as that is known.
pub struct WhatIsAllowed<'a> {
    handle: &'a Handle,
    tenant: TenantId,
    features: &'a Features,
    background: Option<Vec<String>>,
    left: Option<Vec<String>>,
}

impl<'a> WhatIsAllowed<'a> {
    /// A tenant that is connected to this directory, if to any.
    pub fn of(
        handle: &'a Handle,
        (tenant, directory): (TenantId, Option<&str>),
        features: &'a Features,
    ) -> WhatIsAllowed<'a> {
        let background = directory.and_then(|d| handle.granted.of(d));
        let left = handle.directories.granted(tenant);
        WhatIsAllowed { handle, tenant, features, background, left }
    }

    /// What the newest token by which a line's work is done allows.
    fn by(&self, row: &Row) -> Option<Vec<String>> {
        let signed_in = || self.handle.stops.allowed(self.tenant, row);
        match row.registration {
            Registration::Background => self.background.clone(),
            Registration::Directory if row.feature == Feature::DirectorySync => {
                self.left.clone().or_else(signed_in)
            }
            _ => signed_in(),
        }
    }

    /// A line of the table, as it stands in this tenant.
    pub fn view(&self, row: &'static Row) -> PermissionView {
        let allowed = self.by(row);
        let is_among = |allowed: &Vec<String>| allowed.iter().any(|p| Some(p.as_str()) == row.permission);
        PermissionView {
            granted: allowed.as_ref().filter(|_| row.permission.is_some()).map(is_among),
            stopped: self.handle.stops.why(self.tenant, self.features, row, allowed.as_deref()),
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
