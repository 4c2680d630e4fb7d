//! Who did what, and what is stored.

use crate::audit_file::{EntryLine, HeadLine, hex};
use crate::audit_io;
use crate::http::call_list::time;
use crate::http::calls::read_id;
use crate::http::identity::Asker;
use crate::http::problem::Problem;
use crate::http::serve::Api;
use axum::extract::{Query, State};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{AUDIT_PAGE, AuditEntry, AuditFilter, CATALOGUE, StoreError};

/// Which entries.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    who: Option<String>,
    action: Option<String>,
    object: Option<String>,
    from: Option<String>,
    to: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

/// Which stretch of the chain.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainQuery {
    after: Option<u64>,
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
    /// What it says of a person; null where it says nothing, or the person was erased.
    pub detail: Option<String>,
    /// SHA-256 of this entry and the digest before it, in hex.
    pub digest: String,
}

/// A stretch of the audit log as it is chained.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Chain {
    /// Whose log.
    pub tenant: String,
    /// The public key that heads are signed with (Ed25519), in hex.
    pub key: String,
    /// Entries, oldest first.
    pub entries: Vec<EntryLine>,
    /// Pass this as `after` for what follows; null at the end.
    pub next: Option<u64>,
    /// The signed heads; only with the last stretch.
    pub heads: Vec<HeadLine>,
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
    Query(query): Query<ListQuery>,
) -> Result<Json<AuditList>, Problem> {
    let limit = query.limit.unwrap_or(100).clamp(1, AUDIT_PAGE);
    let before = match &query.cursor {
        Some(c) => Some(read_id(c, 'e').ok_or_else(Problem::cursor)?),
        None => None,
    };
    let filter = AuditFilter {
        who: query.who,
        action: query.action,
        object: query.object,
        since: time("from", query.from.as_deref())?,
        until: time("to", query.to.as_deref())?,
        before,
        limit,
    };
    let (store, tenant) = (api.handle.store.clone(), asker.0.tenant);
    let entries = tokio::task::spawn_blocking(move || store.audit_entries(tenant, &filter))
        .await
        .map_err(|_| Problem::stopping())??;
    let last = entries.last().map(|e| format!("e{}", e.entry.id));
    let next = last.filter(|_| entries.len() == limit as usize);
    let items = entries.into_iter().map(|AuditEntry { entry: e, detail }| Entry {
        id: format!("e{}", e.id),
        at: crate::view::time(engine::Time(e.at)),
        who: e.who,
        action: e.action,
        object: e.object,
        detail: detail.map(|d| d.expose_secret().clone()),
        digest: hex(&e.digest),
    });
    Ok(Json(AuditList { items: items.collect(), next }))
}

/// `GET /audit/chain`
pub async fn chain(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Query(query): Query<ChainQuery>,
) -> Result<Json<Chain>, Problem> {
    let (store, tenant) = (api.handle.store.clone(), asker.0.tenant);
    let read = move || -> Result<Chain, StoreError> {
        let name = store.tenant_name(tenant)?;
        let entries = store.audit_page(tenant, query.after.unwrap_or(0))?;
        let next = entries.last().map(|e| e.id).filter(|_| entries.len() == AUDIT_PAGE as usize);
        let heads = match next {
            Some(_) => Vec::new(),
            None => store.audit_heads(tenant)?.iter().map(|h| HeadLine::new(&name, h)).collect(),
        };
        let key = hex(&store.installation()?.public_key());
        Ok(Chain { tenant: name, key, entries: entries.iter().map(EntryLine::from).collect(), next, heads })
    };
    Ok(Json(tokio::task::spawn_blocking(read).await.map_err(|_| Problem::stopping())??))
}

/// `POST /audit/heads`
pub async fn sign(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
) -> Result<Json<HeadLine>, Problem> {
    let (handle, tenant, who) = (api.handle.clone(), asker.0.tenant, asker.name());
    let sign = move || -> Result<HeadLine, Problem> {
        let now = crate::clock::wall_ms();
        handle.store.audit(tenant, now, &who, "audit.export", "Audit/log")?;
        let head = handle.store.sign_audit_head(tenant, now)?;
        let head = head.ok_or_else(|| Problem::not_found("entry of the audit log"))?;
        if let Err(cause) = audit_io::send(&handle, tenant, &head) {
            tracing::error!(event = "audit_head", cause, "a signed head was sent nowhere");
        }
        Ok(HeadLine::new(&handle.store.tenant_name(tenant)?, &head))
    };
    Ok(Json(tokio::task::spawn_blocking(sign).await.map_err(|_| Problem::stopping())??))
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
