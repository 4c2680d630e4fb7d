//! Who did what, and what is stored.

use crate::http::calls::read_id;
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use axum::extract::{Query, State};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::CATALOGUE;

/// Which page.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    cursor: Option<String>,
    limit: Option<u32>,
}

/// A page of the audit log.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AuditList {
    /// Entries.
    pub items: Vec<Entry>,
    /// Pass this as `cursor` for the next page; null at the end.
    pub next: Option<String>,
}

/// An entry of the audit log.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// When.
    pub at: String,
    /// Who.
    pub who: String,
    /// What.
    pub action: String,
    /// To what.
    pub object: String,
}

/// A stored field.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CatalogueField {
    /// Table and column, or kind of file.
    pub field: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// Where it comes from.
    pub origin: &'static str,
    /// How long it is kept.
    pub retention: &'static str,
    /// Whether it is encrypted where it lies.
    pub encrypted: bool,
    /// Whether it can say something about a person.
    pub personal: bool,
}

/// `GET /audit`
pub async fn list(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(query): Query<PageQuery>,
) -> Result<Json<AuditList>, Problem> {
    let limit = query.limit.unwrap_or(100).clamp(1, 500);
    let before = match &query.cursor {
        Some(c) => Some(read_id(c, 'e').ok_or_else(Problem::cursor)?),
        None => None,
    };
    let (store, tenant) = (api.handle.store.clone(), asker.0.tenant);
    let entries = tokio::task::spawn_blocking(move || store.audit_entries(tenant, before, limit))
        .await
        .map_err(|_| Problem::stopping())??;
    let next =
        (entries.len() == limit as usize).then(|| entries.last().map(|e| format!("e{}", e.id))).flatten();
    let items = entries
        .into_iter()
        .map(|e| Entry {
            id: format!("e{}", e.id),
            at: crate::view::time(engine::Time(e.at)),
            who: e.who,
            action: e.action,
            object: e.object,
        })
        .collect();
    Ok(Json(AuditList { items, next }))
}

/// `GET /catalogue`
pub async fn catalogue() -> Json<Vec<CatalogueField>> {
    let field = |f: &store::Field| CatalogueField {
        field: f.name,
        purpose: f.purpose,
        origin: f.origin,
        retention: f.retention,
        encrypted: f.encrypted,
        personal: f.personal,
    };
    Json(CATALOGUE.iter().map(field).collect())
}
