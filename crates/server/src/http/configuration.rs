//! Configuration objects: one by one, or the whole tenant at once.

use crate::http::access::Scope;
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use crate::running::{Handle, stored_documents};
use crate::tenant::check::{Document, Documents};
use crate::tenant::plan::{self, Step};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use store::TenantId;

/// A version of an object.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Version {
    /// Its number.
    pub version: u64,
    /// When it was made.
    pub at: String,
    /// By whom.
    pub who: String,
    /// The object; null where it was deleted.
    pub object: Option<Value>,
}

async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, Problem> + Send + 'static,
) -> Result<R, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Problem::stopping())?
}

/// A tenant's documents as they are stored.
///
/// # Errors
/// What the database said.
pub fn documents(handle: &Handle, tenant: TenantId) -> Result<Documents, Problem> {
    stored_documents(&handle.store, tenant)
        .map(|(d, _)| d)
        .map_err(|e| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, e))
}

fn change(handle: &Handle, asker: &Asker, wanted: Documents) -> Result<Vec<Step>, Problem> {
    directory_is_proven(handle, asker.0.tenant, &wanted)?;
    change_as(handle, asker.0.tenant, &asker.name(), wanted)
}

// Which Microsoft tenant belongs to a tenant decides whose people it sees. Where several share the server its owner's word is
// not enough: an administrator of that directory has to say so there.
fn directory_is_proven(handle: &Handle, tenant: TenantId, wanted: &Documents) -> Result<(), Problem> {
    let directory = |all: &Documents| {
        let of = all.values().find(|d| d.kind == "Tenant")?;
        of.body.get("microsoft").filter(|m| !m.is_null()).cloned()
    };
    let Some(new) = directory(wanted) else { return Ok(()) };
    if handle.store.tenants()?.len() < 2 || directory(&documents(handle, tenant)?).as_ref() == Some(&new) {
        return Ok(());
    }
    let what = "several tenants share this server: connect the Microsoft tenant by signing in there, with \
                GET /api/v1/microsoft/connect, instead of naming it here";
    Err(Problem::new(StatusCode::CONFLICT, what))
}

/// Puts documents in force in somebody's name, as the audit log has it. To be called with the turn to change anything.
///
/// # Errors
/// Every problem; nothing was changed then.
pub fn change_as(
    handle: &Handle,
    tenant: TenantId,
    who: &str,
    wanted: Documents,
) -> Result<Vec<Step>, Problem> {
    // Checked as a whole: what one object says of another must still be true.
    let values = wanted.into_values().map(|d| d.body).collect();
    let wanted = Handle::check(values).map_err(|p| Problem::configuration(&p))?;
    handle.apply(tenant, who, &wanted).map_err(|p| Problem::configuration(&p))
}

/// `GET /configuration`
pub async fn export(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
) -> Result<Json<Vec<Value>>, Problem> {
    blocking(move || {
        let now = crate::clock::wall_ms();
        api.handle
            .store
            .audit(asker.0.tenant, now, &asker.name(), "configuration.export", "Configuration/all")
            .map_err(Problem::from)?;
        Ok(Json(documents(&api.handle, asker.0.tenant)?.into_values().map(|d| d.body).collect()))
    })
    .await
}

/// `PUT /configuration`
pub async fn apply(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Json(values): Json<Vec<Value>>,
) -> Result<Json<Vec<Step>>, Problem> {
    blocking(move || {
        // A panic elsewhere changed nothing here.
        let _turn = api.changing.lock().unwrap_or_else(|e| e.into_inner());
        let wanted = Handle::check(values).map_err(|p| Problem::configuration(&p))?;
        same_tenant(&api.handle, &asker, &wanted)?;
        change(&api.handle, &asker, wanted).map(Json)
    })
    .await
}

/// `POST /configuration/plan`
pub async fn plan(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Json(values): Json<Vec<Value>>,
) -> Result<Json<Vec<Step>>, Problem> {
    blocking(move || {
        let wanted = Handle::check(values).map_err(|p| Problem::configuration(&p))?;
        same_tenant(&api.handle, &asker, &wanted)?;
        Ok(Json(plan::difference(&documents(&api.handle, asker.0.tenant)?, &wanted)))
    })
    .await
}

// A token is of one tenant; another one's files are not put over it by mistake.
fn same_tenant(handle: &Handle, asker: &Asker, wanted: &Documents) -> Result<(), Problem> {
    let name = crate::running::tenant_name(wanted).unwrap_or_default();
    let own = handle
        .store
        .tenants()?
        .into_iter()
        .find(|(id, _)| *id == asker.0.tenant)
        .map(|(_, n)| n)
        .unwrap_or_default();
    if name == own {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::CONFLICT,
        format!("these objects are of tenant {name:?}, the token is of {own:?}"),
    ))
}

/// What may be seen of an object: to agents only what it is called, and by which number it is reached. The rest names
/// people's addresses and other systems.
fn shown(scope: Scope, body: Value) -> Value {
    match (scope, body) {
        (Scope::Own(_), Value::Object(mut o)) => {
            o.retain(|key, _| matches!(key.as_str(), "kind" | "id" | "name" | "number" | "roles"));
            o.into()
        }
        (_, body) => body,
    }
}

/// `GET /queues` and its like
pub async fn list(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    kind: &'static str,
) -> Result<Json<Vec<Value>>, Problem> {
    blocking(move || {
        let all = documents(&api.handle, asker.0.tenant)?;
        let of_kind = all.into_values().filter(|d| d.kind == kind);
        Ok(Json(of_kind.map(|d| shown(asker.0.scope, d.body)).collect()))
    })
    .await
}

/// `GET /queues/{id}` and its like
pub async fn one(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    kind: &'static str,
) -> Result<Json<Value>, Problem> {
    blocking(move || {
        let mut all = documents(&api.handle, asker.0.tenant)?;
        let found = all.remove(&(kind.to_string(), id.clone()));
        found
            .map(|d| Json(shown(asker.0.scope, d.body)))
            .ok_or_else(|| Problem::not_found(&format!("{kind} {id:?}")))
    })
    .await
}

/// `PUT /queues/{id}` and its like
pub async fn put(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    kind: &'static str,
    Json(mut body): Json<Value>,
) -> Result<Json<Value>, Problem> {
    blocking(move || {
        // A panic elsewhere changed nothing here.
        let _turn = api.changing.lock().unwrap_or_else(|e| e.into_inner());
        let Some(o) = body.as_object_mut() else {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "the body must be an object"));
        };
        for (key, value) in [("kind", kind), ("id", id.as_str())] {
            if o.get(key).is_some_and(|v| v != value) {
                return Err(Problem::new(
                    StatusCode::CONFLICT,
                    format!("the address says {value:?}, the body another {key}"),
                ));
            }
            o.insert(key.into(), value.into());
        }
        let mut all = documents(&api.handle, asker.0.tenant)?;
        all.insert((kind.into(), id.clone()), Document { kind: kind.into(), id, body: body.clone() });
        change(&api.handle, &asker, all)?;
        Ok(Json(body))
    })
    .await
}

/// `DELETE /queues/{id}` and its like
pub async fn delete(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    kind: &'static str,
) -> Result<StatusCode, Problem> {
    blocking(move || {
        // A panic elsewhere changed nothing here.
        let _turn = api.changing.lock().unwrap_or_else(|e| e.into_inner());
        let mut all = documents(&api.handle, asker.0.tenant)?;
        if all.remove(&(kind.to_string(), id.clone())).is_none() {
            return Err(Problem::not_found(&format!("{kind} {id:?}")));
        }
        change(&api.handle, &asker, all)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// `GET /queues/{id}/versions` and its like
pub async fn versions(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    kind: &'static str,
) -> Result<Json<Vec<Version>>, Problem> {
    blocking(move || {
        let versions = api.handle.store.versions(asker.0.tenant, kind, &id)?;
        if versions.is_empty() {
            return Err(Problem::not_found(&format!("{kind} {id:?}")));
        }
        let version = |v: store::ObjectVersion| Version {
            version: v.version,
            at: crate::view::time(engine::Time(v.at)),
            who: v.who,
            object: v.body.and_then(|b| serde_json::from_str(&b).ok()),
        };
        Ok(Json(versions.into_iter().map(version).collect()))
    })
    .await
}

/// `POST /flows/{id}/versions/{version}/restore` and its like: an earlier version becomes the newest.
pub async fn restore(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Path((id, version)): Path<(String, u64)>,
    kind: &'static str,
) -> Result<Json<Value>, Problem> {
    blocking(move || {
        let _turn = api.changing.lock().unwrap_or_else(|e| e.into_inner());
        let missing = || Problem::not_found(&format!("version {version} of {kind} {id:?}"));
        let versions = api.handle.store.versions(asker.0.tenant, kind, &id)?;
        let body =
            versions.into_iter().find(|v| v.version == version).and_then(|v| v.body).ok_or_else(missing)?;
        let body: Value = serde_json::from_str(&body).map_err(|_| missing())?;
        let mut all = documents(&api.handle, asker.0.tenant)?;
        let document = Document { kind: kind.into(), id: id.clone(), body: body.clone() };
        all.insert((kind.into(), id), document);
        // What it refers to may be gone since: then this is refused as any other change would be.
        change(&api.handle, &asker, all)?;
        Ok(Json(body))
    })
    .await
}
