//! Licences of the tenant's Microsoft directory, in an administrator's own name: how many there are, and assigning and
//! removing them for users.
//!
//! An owner signs in for it with an account that may do that at Microsoft. What Microsoft gave then is kept in memory for
//! that session alone, until it is over.

use crate::http::identity::{Asker, Person, csrf_of};
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::http::session::Caller;
use crate::http::work_account::{LONGEST_QUERY, cookie, go, now, sent_to_microsoft};
use crate::microsoft::{Purpose, SignIn};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Extension, Json};
use redact::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::TenantId;
use teams::entra::TokenReply;
use teams::graph::{
    GraphError, Licence, LicenceChange, assign_licence, licences, licensed_user, read_licences,
    read_licensed_user,
};
use teams::permissions::{Feature, Features};

/// Where Entra ID sends the browser back to, below the public address.
pub const CALLBACK: &str = "/api/v1/microsoft/licences/callback";
/// The cookie that a browser keeps meanwhile.
const COOKIE: &str = "switchroom-licences";
/// Sessions for which something is kept at a time.
const MOST_SESSIONS: usize = 200;
/// Users of one change.
const MOST_USERS: usize = 200;

/// What Microsoft gave to administrators, by who began it.
pub type Administrators = BTreeMap<String, (TenantId, TokenReply)>;

/// A licence of the tenant.
#[derive(Serialize, JsonSchema)]
pub struct LicenceView {
    /// Id of the product.
    pub sku: String,
    /// Microsoft's name for it, such as `MCOEV`.
    pub name: String,
    /// Units that can be used.
    pub units: Option<u64>,
    /// Units in use.
    pub used: Option<u64>,
    /// Units that are left.
    pub left: Option<u64>,
}

/// The tenant's licences.
#[derive(Serialize, JsonSchema)]
pub struct LicencesView {
    /// Whether this session may ask; if not, open `/api/v1/microsoft/licences/sign-in`.
    pub signed_in: bool,
    /// The licences.
    pub licences: Vec<LicenceView>,
}

/// A change of licences.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    /// Ids of the users, who have a work account.
    pub users: Vec<String>,
    /// Products to assign.
    #[serde(default)]
    pub add: Vec<String>,
    /// Products to take away.
    #[serde(default)]
    pub remove: Vec<String>,
    /// Only say what would be done, and what stands against it.
    #[serde(default)]
    pub dry_run: bool,
}

/// What becomes of one user's licences.
#[derive(Serialize, JsonSchema)]
pub struct ChangeView {
    /// Id of the user.
    pub user: String,
    /// Products that are assigned by it; what was so before is left out.
    pub add: Vec<String>,
    /// Products that are taken away.
    pub remove: Vec<String>,
    /// Why not, as sentences.
    pub against: Vec<String>,
    /// Whether it was done.
    pub done: bool,
}

struct Standing {
    directory: String,
    name: String,
    features: Features,
}

async fn standing(api: &Api, tenant: TenantId) -> Result<(Arc<SignIn>, Standing), Problem> {
    let missing =
        || Problem::not_found("such feature here: switch licences on, and set microsoft.provisioning_app");
    let app = api.microsoft.provisioning.clone().ok_or_else(missing)?;
    let found = api.handle.ask(move |switch, _| {
        let m = &switch.tenant(tenant)?.meaning;
        let features = Some(m.features.clone()).filter(|f| f.has(Feature::Licences))?;
        Some(Standing { directory: m.microsoft.clone()?, name: m.tenant.clone(), features })
    });
    Ok((app, found.await.ok_or_else(Problem::stopping)?.ok_or_else(missing)?))
}

fn who(person: &Person) -> String {
    csrf_of(&person.token).expose_secret().clone()
}

/// `GET /microsoft/licences/sign-in`
pub async fn sign_in(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    request: Request,
) -> Result<Response, Problem> {
    let by = who(asker.person()?);
    let caller = Caller::of(&api, &request)?;
    let (app, standing) = standing(&api, asker.0.tenant).await?;
    let what = Purpose {
        directory: &standing.directory,
        tenant: &standing.name,
        features: &standing.features,
        by: &by,
        claims: None,
    };
    let begun = app.begin(now(), &what, format!("{}{CALLBACK}", api.settings.url), "/".into());
    let begun = begun.map_err(|e| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, e.to_string()))?;
    sent_to_microsoft(begun.address.expose_secret(), &begun.cookie, (COOKIE, CALLBACK), caller.safe)
}

/// `GET /microsoft/licences/callback`
pub async fn signed_in(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    request: Request,
) -> Result<Response, Problem> {
    let by = who(asker.person()?);
    let (app, standing) = standing(&api, asker.0.tenant).await?;
    let query = request.uri().query().unwrap_or_default().to_string();
    let kept = cookie(request.headers(), COOKIE);
    let Ok(turn) = api.microsoft_turns.clone().acquire_owned().await else { return Err(Problem::stopping()) };
    if query.len() > LONGEST_QUERY {
        return go("/?licences=again");
    }
    let finished = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        app.finish(now(), kept.as_deref(), &query)
    });
    match finished.await.map_err(|_| Problem::stopping())? {
        Ok(f) if f.by == by && f.tenant == standing.name && f.who.tenant == standing.directory => {
            let mut all = api.administrators.lock().unwrap_or_else(|e| e.into_inner());
            all.retain(|_, (_, tokens)| tokens.ends > now());
            if all.len() >= MOST_SESSIONS {
                all.clear();
            }
            all.insert(by, (asker.0.tenant, f.tokens));
            drop(all);
            go("/?licences=ready")
        }
        Ok(_) => go("/?licences=again"),
        Err(why) => {
            tracing::warn!(event = "sign_in_refused", why = %why, "a sign-in for licences came to nothing");
            go("/?licences=again")
        }
    }
}

/// The token of this session, if there is one that is not over.
fn token(api: &Api, asker: &Asker) -> Result<Option<Secret<String>>, Problem> {
    let by = who(asker.person()?);
    let all = api.administrators.lock().unwrap_or_else(|e| e.into_inner());
    let found = all.get(&by).filter(|(tenant, tokens)| *tenant == asker.0.tenant && tokens.ends > now());
    Ok(found.map(|(_, tokens)| tokens.access_token.clone()))
}

fn refused(error: &GraphError) -> Problem {
    Problem::new(StatusCode::BAD_GATEWAY, format!("{error}. {}", error.what_to_do())).coded("microsoft")
}

/// Does something that waits for Microsoft.
async fn waiting<T: Send + 'static>(
    api: &Api,
    work: impl FnOnce() -> Result<T, GraphError> + Send + 'static,
) -> Result<T, Problem> {
    let Ok(turn) = api.microsoft_turns.clone().acquire_owned().await else { return Err(Problem::stopping()) };
    let done = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    done.await.map_err(|_| Problem::stopping())?.map_err(|e| refused(&e))
}

fn all_licences(app: &SignIn, token: &Secret<String>) -> Result<Vec<Licence>, GraphError> {
    let graph = app.graph().ok_or(GraphError::Unavailable { status: 0 })?;
    let reply = app.ask(token, &licences(&graph))?;
    read_licences(&reply).ok_or(GraphError::Unreadable { status: reply.status })
}

/// `GET /microsoft/licences`
pub async fn list(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
) -> Result<Json<LicencesView>, Problem> {
    asker.person()?;
    let (app, _) = standing(&api, asker.0.tenant).await?;
    let Some(token) = token(&api, &asker)? else {
        return Ok(Json(LicencesView { signed_in: false, licences: Vec::new() }));
    };
    let all = waiting(&api, move || all_licences(&app, &token)).await?;
    let view =
        |l: Licence| LicenceView { left: l.left(), sku: l.sku, name: l.name, units: l.units, used: l.used };
    Ok(Json(LicencesView { signed_in: true, licences: all.into_iter().map(view).collect() }))
}

/// `POST /microsoft/licences`
pub async fn change(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Json(wanted): Json<Changes>,
) -> Result<Json<Vec<ChangeView>>, Problem> {
    let (app, _) = standing(&api, asker.0.tenant).await?;
    let token = token(&api, &asker)?.ok_or_else(|| {
        let what = "sign in for it first: open /api/v1/microsoft/licences/sign-in";
        Problem::new(StatusCode::CONFLICT, what).coded("sign-in")
    })?;
    let wrong = |what: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what);
    if wanted.users.len() > MOST_USERS {
        return Err(wrong(format!("at most {MOST_USERS} users at once")));
    }
    if let Some(sku) = wanted.add.iter().chain(&wanted.remove).find(|s| teams::clean::guid(s).is_none()) {
        return Err(wrong(format!("{sku:?} is no id of a product")));
    }
    let (tenant, ids) = (asker.0.tenant, wanted.users.clone());
    let objects = api.handle.ask(move |switch, _| {
        let m = &switch.tenant(tenant)?.meaning;
        let object = |id: &String| {
            let number = m.names.number("User", id)?;
            m.work_accounts.iter().find(|(_, n)| **n == number).map(|(object, _)| object.clone())
        };
        Some(ids.iter().map(|id| (id.clone(), object(id))).collect::<Vec<_>>())
    });
    let objects = objects.await.ok_or_else(Problem::stopping)?.unwrap_or_default();
    if let Some((id, _)) = objects.iter().find(|(_, object)| object.is_none()) {
        return Err(wrong(format!("{id:?} is no user with a work account")));
    }
    let dry_run = wanted.dry_run;
    let views = waiting(&api, move || {
        let mut known = all_licences(&app, &token)?;
        let graph = app.graph().ok_or(GraphError::Unavailable { status: 0 })?;
        let mut views = Vec::new();
        for (user, object) in objects {
            let object = object.unwrap_or_default();
            let looked_at = licensed_user(&graph, &object).ok_or(GraphError::NotFound).and_then(|call| {
                let reply = app.ask(&token, &call)?;
                read_licensed_user(&reply).ok_or(GraphError::Unreadable { status: reply.status })
            });
            let mut change =
                LicenceChange { user: object, add: wanted.add.clone(), remove: wanted.remove.clone() };
            // Others before may be done already, and stand in the answer and the audit log whatever this one meets.
            let mut against = match looked_at {
                Ok(person) => change.dry_run(&person, &known),
                Err(error) => vec![format!("{error}. {}", error.what_to_do())],
            };
            let mut done = false;
            if against.is_empty() {
                if let (false, Some(call)) = (dry_run, assign_licence(&graph, &change)) {
                    match app.ask(&token, &call) {
                        Ok(_) => done = true,
                        Err(error) => against.push(format!("{error}. {}", error.what_to_do())),
                    }
                }
                if done || dry_run {
                    // The next one finds what this one leaves.
                    for licence in &mut known {
                        let more = change.add.contains(&licence.sku);
                        let fewer = change.remove.contains(&licence.sku);
                        licence.used =
                            licence.used.map(|n| (n + u64::from(more)).saturating_sub(u64::from(fewer)));
                    }
                }
            }
            views.push(ChangeView { user, add: change.add, remove: change.remove, against, done });
        }
        Ok(views)
    })
    .await?;
    let done: Vec<String> = views.iter().filter(|v| v.done).map(|v| format!("User/{}", v.user)).collect();
    let (store, name) = (api.handle.store.clone(), asker.name());
    let noted = tokio::task::spawn_blocking(move || {
        let at = crate::clock::wall_ms();
        done.iter().try_for_each(|object| store.audit(tenant, at, &name, "licence.change", object))
    });
    noted.await.map_err(|_| Problem::stopping())??;
    Ok(Json(views))
}
