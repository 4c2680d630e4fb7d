//! Connecting a tenant to its Microsoft directory: what is asked for and why, an administrator's consent, and the proof of
//! whose directory it is.
//!
//! The directory that comes back from consent is a word that anybody can write. It counts when somebody of it has signed in
//! then, in the same browser, with the session that began.

use crate::http::configuration::{change_as, documents};
use crate::http::identity::{Asker, Person, allowed_from, csrf_of, signed_in};
use crate::http::licences;
use crate::http::people::PermissionView;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::http::session::Caller;
use crate::http::work_account::{
    self, CALLBACK, DIRECTORY_CALLBACK, DIRECTORY_COOKIE, LONGEST_QUERY, cookie, go, now, sent_to_microsoft,
};
use crate::microsoft::{ANYWHERE, Finished, Left, Purpose};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use store::TenantId;
use teams::entra::{Consented, ProofFault};
use teams::permissions::{Features, Redirects, Registration, manifest};

/// Where Entra ID sends the browser back to from consent, below the public address.
const CONSENTED: &str = "/api/v1/microsoft/connect/callback";
/// The cookie that a browser keeps meanwhile.
const COOKIE: &str = "switchroom-connect";

/// How a tenant is connected, and how it can be.
#[derive(Serialize, JsonSchema)]
pub struct ConnectView {
    /// The directory's id; null while there is none.
    pub directory: Option<String>,
    /// The tenant's profile.
    pub profile: &'static str,
    /// The features that are on and ask something of Microsoft.
    pub features: Vec<&'static str>,
    /// App registrations that they need.
    pub registrations: Vec<RegistrationView>,
}

/// An app registration that is needed.
#[derive(Serialize, JsonSchema)]
pub struct RegistrationView {
    /// Its name here.
    pub name: &'static str,
    /// Its application id; null while the server's configuration has none.
    pub app: Option<String>,
    /// The page to open to consent, for an administrator of the directory; null while there is no app.
    pub consent: Option<String>,
    /// What is asked for, and why.
    pub permissions: Vec<PermissionView>,
    /// Permissions that are needed and were not granted when it was last seen; null while that is not known.
    pub missing: Option<Vec<&'static str>>,
    /// Permissions that were granted and no feature needs: to be taken away.
    pub surplus: Option<Vec<String>>,
    /// The registration as an application object of Entra ID (Graph's `application`), to be made by; the certificate is added
    /// there.
    pub manifest: Value,
}

/// Where Entra ID sends browsers back to from a registration, and where its API is known.
fn redirects(url: &str, registration: Registration, app: Option<&str>) -> Redirects {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    let below = |paths: &[&str]| paths.iter().map(|path| format!("{url}{path}")).collect();
    let of_web = |paths: &[&str]| Redirects { web: below(paths), ..Redirects::default() };
    let known_as = |uri: String| app.map(|app| format!("api://{uri}{app}"));
    match registration {
        Registration::SignIn => {
            Redirects { app_id_uri: known_as(String::new()), ..of_web(&[CALLBACK, CONSENTED]) }
        }
        Registration::Background => of_web(&[CONSENTED]),
        Registration::Provisioning => of_web(&[licences::CALLBACK, CONSENTED]),
        Registration::Directory => of_web(&[DIRECTORY_CALLBACK]),
        Registration::Bot => {
            Redirects { app_id_uri: known_as(format!("{host}/botid-")), ..of_web(&["/api/consented"]) }
        }
        Registration::Tab => Redirects {
            spa: vec![format!("brk-multihub://{host}")],
            app_id_uri: known_as(format!("{host}/")),
            ..Redirects::default()
        },
        Registration::Calling | Registration::Any => Redirects::default(),
    }
}

/// What of a tenant decides how it is connected.
struct Standing {
    name: String,
    directory: Option<String>,
    features: Features,
}

async fn standing(api: &Api, tenant: TenantId) -> Result<Standing, Problem> {
    let found = api.handle.ask(move |switch, _| {
        let m = &switch.tenant(tenant)?.meaning;
        Some(Standing {
            name: m.tenant.clone(),
            directory: m.microsoft.clone(),
            features: m.features.clone(),
        })
    });
    let found = found.await.ok_or_else(Problem::stopping)?;
    found.ok_or_else(|| Problem::not_found("such tenant in this server"))
}

/// `GET /microsoft/connect`
pub async fn look(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
) -> Result<Json<ConnectView>, Problem> {
    let standing = standing(&api, asker.0.tenant).await?;
    let features = &standing.features;
    let granted = standing.directory.as_ref().and_then(|d| api.handle.granted.of(d));
    let left = api.handle.directories.granted(asker.0.tenant);
    let needed = features.needed();
    let mut on: Vec<&'static str> = needed.iter().map(|r| r.feature.name()).collect();
    on.dedup();
    let registrations = features.registrations().into_iter().map(|registration| {
        let app = api.microsoft.apps.get(&registration).cloned();
        let rows = needed.iter().filter(|r| r.registration == registration);
        // Only of what works when nobody is there it is known what was granted.
        let granted = match registration {
            Registration::Background => granted.as_ref(),
            Registration::Directory => left.as_ref(),
            _ => None,
        };
        let of_app = redirects(&api.settings.url, registration, app.as_deref());
        RegistrationView {
            manifest: manifest(features, registration, &of_app, false),
            name: registration.name(),
            consent: app.as_ref().map(|_| format!("/api/v1/microsoft/connect/{}", registration.name())),
            app,
            permissions: rows.map(|row| PermissionView::of(row, granted.map(Vec::as_slice))).collect(),
            missing: granted.map(|g| features.missing(registration, g)),
            surplus: granted.map(|g| features.surplus(registration, g)),
        }
    });
    Ok(Json(ConnectView {
        profile: features.profile().name(),
        features: on,
        registrations: registrations.collect(),
        directory: standing.directory,
    }))
}

/// Who began: a word that follows from the session and does not tell it.
fn who(person: &Person) -> String {
    csrf_of(&person.token).expose_secret().clone()
}

/// `GET /microsoft/connect/{id}`
pub async fn begin(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let by = who(asker.person()?);
    let caller = Caller::of(&api, &request)?;
    let missing = || Problem::not_found(&format!("app registration {name:?} here"));
    let registration = Registration::ALL.into_iter().find(|r| r.name() == name).ok_or_else(missing)?;
    let standing = standing(&api, asker.0.tenant).await?;
    if registration == Registration::Directory {
        return begin_in_their_name(&api, asker.0.tenant, &standing, (&by, caller.safe));
    }
    let sign_in = api.microsoft.sign_in.as_ref().ok_or_else(missing)?;
    let app = api.microsoft.apps.get(&registration).ok_or_else(missing)?;
    let scopes = standing.features.consent_scopes(&api.microsoft.cloud, registration);
    if scopes.is_empty() {
        return Err(missing());
    }
    let redirect_uri = format!("{}{CONSENTED}", api.settings.url);
    let directory = standing.directory.as_deref().unwrap_or("organizations");
    let begun = sign_in.begin_consent(now(), directory, (app, &scopes), &redirect_uri, &by);
    let begun = begun.map_err(|e| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, e.to_string()))?;
    sent_to_microsoft(begun.address.expose_secret(), &begun.cookie, (COOKIE, CONSENTED), caller.safe)
}

/// Sends an administrator to sign in and to consent at once: what they leave keeps the directory in step. The directory is
/// theirs, if the tenant has none yet.
fn begin_in_their_name(
    api: &Api,
    tenant: TenantId,
    standing: &Standing,
    (by, safe): (&str, bool),
) -> Result<Response, Problem> {
    let missing = || Problem::not_found("app registration \"directory\" for this tenant");
    let app = api.microsoft.directory.as_ref().ok_or_else(missing)?;
    if !standing.features.registrations().contains(&Registration::Directory) {
        return Err(missing());
    }
    let what = Purpose {
        directory: standing.directory.as_deref().unwrap_or(ANYWHERE),
        tenant: &standing.name,
        features: &standing.features,
        by,
        claims: api.handle.directories.claims(tenant),
    };
    let redirect_uri = format!("{}{DIRECTORY_CALLBACK}", api.settings.url);
    let begun = app.begin(now(), &what, redirect_uri, "/".into());
    let begun = begun.map_err(|e| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, e.to_string()))?;
    let kept = (DIRECTORY_COOKIE, DIRECTORY_CALLBACK);
    sent_to_microsoft(begun.address.expose_secret(), &begun.cookie, kept, safe)
}

/// `GET /microsoft/connect/callback`
pub async fn consented(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    request: Request,
) -> Result<Response, Problem> {
    let by = who(asker.person()?);
    let caller = Caller::of(&api, &request)?;
    let sign_in = api.microsoft.sign_in.as_ref().ok_or_else(|| Problem::not_found("such page"))?;
    let query = request.uri().query().unwrap_or_default();
    let kept = cookie(request.headers(), COOKIE);
    if query.len() > LONGEST_QUERY {
        return go(Came::Again.page());
    }
    let consented = match sign_in.finish_consent(now(), kept.as_deref(), query) {
        Ok(consented) if consented.purpose == by => consented,
        Ok(_) => return go(Came::Again.page()),
        Err(why) => {
            tracing::warn!(event = "consent_refused", why = %why, "a consent came to nothing");
            return go(Came::of(&why).page());
        }
    };
    // Now somebody of that directory has to sign in: only that proves whose it is.
    let standing = standing(&api, asker.0.tenant).await?;
    let what = Purpose {
        directory: consented.claimed_tenant(),
        tenant: &standing.name,
        features: &standing.features,
        by: &by,
        claims: None,
    };
    let redirect_uri = format!("{}{CALLBACK}", api.settings.url);
    let begun = sign_in.begin(now(), &what, redirect_uri, "/".into());
    let begun = begun.map_err(|e| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, e.to_string()))?;
    let kept = (work_account::COOKIE, CALLBACK);
    sent_to_microsoft(begun.address.expose_secret(), &begun.cookie, kept, caller.safe)
}

/// What came of connecting, as the page of the web app is told.
#[derive(Clone, Copy)]
enum Came {
    Connected,
    Again,
    Denied,
    NoProof,
    /// The app registration is not right: tokens do not say who is an administrator.
    NoRoles,
}

impl Came {
    fn of(why: &teams::entra::CallbackFault) -> Came {
        match why {
            teams::entra::CallbackFault::Denied(_) => Came::Denied,
            _ => Came::Again,
        }
    }

    fn page(self) -> &'static str {
        match self {
            Came::Connected => "/?microsoft=connected",
            Came::Again => "/?microsoft=again",
            Came::Denied => "/?microsoft=denied",
            Came::NoProof => "/?microsoft=no-proof",
            Came::NoRoles => "/?microsoft=no-roles",
        }
    }
}

/// Somebody signed in to prove whose directory it is, in a browser that has a session. Gives the page to go to.
///
/// # Errors
/// When the database or the configuration cannot take it.
pub async fn prove(api: &Api, finished: Finished, caller: &Caller) -> Result<&'static str, Problem> {
    let Some(token) = caller.before.clone() else { return Ok(Came::Again.page()) };
    let Ok(person) = signed_in(api, token).await else { return Ok(Came::Again.page()) };
    if who(&person) != finished.by {
        return Ok(Came::Again.page());
    }
    let tenant = person.of().0;
    allowed_from(api, tenant, caller.address).await?;
    let is_owner = person.rule.roles.contains(&crate::tenant::objects::UserRole::Owner);
    let standing = standing(api, tenant).await?;
    if !is_owner || standing.name != finished.tenant {
        return Ok(Came::Again.page());
    }
    // The sign-in was held at the directory that consent named, and its token is of it.
    let claimed = Consented::kept(&finished.who.tenant, &finished.by);
    let proof = match claimed.map(|c| c.proven_by(&finished.who)) {
        Some(Ok(proof)) => proof,
        refused => {
            let why = refused.and_then(Result::err);
            let came = if why == Some(ProofFault::NoRoles) { Came::NoRoles } else { Came::NoProof };
            let why = why.map_or("its directory cannot be read".to_string(), |w| w.to_string());
            tracing::warn!(event = "connection_not_proven", why = %why, "a directory was not connected");
            return Ok(came.page());
        }
    };
    let in_their_name = finished.registration == Registration::Directory;
    let granted = finished.tokens.granted();
    if in_their_name && !standing.features.missing(Registration::Directory, &granted).is_empty() {
        let why = "not all was granted that is needed";
        tracing::warn!(event = "connection_not_proven", why, "a directory was not connected");
        return Ok(Came::NoProof.page());
    }
    let by = format!("user {}", person.rule.id);
    if !in_their_name {
        set_directory(api, tenant, by, Some(proof.tenant)).await?;
        return Ok(Came::Connected.page());
    }
    // Without it nothing could be read once the administrator has gone.
    let Some(token) = finished.tokens.refresh_token else { return Ok(Came::NoProof.page()) };
    let left = Left::new(&proof.tenant, &token);
    if standing.directory.as_ref() != Some(&proof.tenant) {
        set_directory(api, tenant, by.clone(), Some(proof.tenant)).await?;
    }
    let handle = api.handle.clone();
    let kept = tokio::task::spawn_blocking(move || {
        handle.directories.leave(&handle.store, tenant, &left)?;
        let object = format!("Tenant/{}", standing.name);
        handle.store.audit(tenant, crate::clock::wall_ms(), &by, "directory.connect", &object)?;
        handle.notices.hurry();
        Ok::<_, store::StoreError>(())
    });
    kept.await.map_err(|_| Problem::stopping())??;
    Ok(Came::Connected.page())
}

/// `DELETE /microsoft/connect`
pub async fn disconnect(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
) -> Result<StatusCode, Problem> {
    set_directory(&api, asker.0.tenant, asker.name(), None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts a directory into the tenant's configuration, or takes it out. What was kept of another is erased when this returns.
async fn set_directory(
    api: &Api,
    tenant: TenantId,
    by: String,
    directory: Option<String>,
) -> Result<(), Problem> {
    let (handle, changing) = (api.handle.clone(), api.changing.clone());
    let done = tokio::task::spawn_blocking(move || {
        // A panic elsewhere changed nothing here.
        let _turn = changing.lock().unwrap_or_else(|e| e.into_inner());
        let mut all = documents(&handle, tenant)?;
        for document in all.values_mut().filter(|d| d.kind == "Tenant") {
            let Some(body) = document.body.as_object_mut() else { continue };
            match &directory {
                Some(directory) => body.insert("microsoft".into(), directory.clone().into()),
                None => body.remove("microsoft"),
            };
        }
        change_as(&handle, tenant, &by, all).map(|_| ())
    });
    done.await.map_err(|_| Problem::stopping())?
}
