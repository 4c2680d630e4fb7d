//! Configuration: versioned documents, with who changed what. What a document means is known elsewhere.
//!
//! Documents name people (users, their addresses), so they are sealed with the tenant's key.

use crate::error::StoreError;
use crate::keys::DataKey;
use crate::sql::{Sql, Value, transaction};
use crate::store::{Store, TenantId};

/// A document as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// `Queue`, `User`, ….
    pub kind: String,
    /// The id that its author gave it.
    pub id: String,
    /// The number by which the engine knows it; it stays when the object is deleted and comes back.
    pub number: u32,
    /// Counts up with each change.
    pub version: u64,
    /// The document, JSON.
    pub body: String,
}

/// A version of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectVersion {
    /// Its number.
    pub version: u64,
    /// When it was made, in milliseconds since 1970.
    pub at: u64,
    /// By whom.
    pub who: String,
    /// The document; `None` where it was deleted.
    pub body: Option<String>,
}

/// A change to make.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Of which kind.
    pub kind: String,
    /// Which.
    pub id: String,
    /// The new document, JSON; `None` deletes it.
    pub body: Option<String>,
}

fn place(kind: &str, id: &str) -> String {
    format!("object/{kind}/{id}")
}

impl Store {
    // Made here for a tenant of which nothing is stored yet.
    pub(crate) fn tenant_key(&self, tenant: TenantId) -> Result<DataKey, StoreError> {
        let mut keys = self.keys();
        keys.ensure_tenant(tenant, &mut **self.reader())?;
        keys.of_tenant(tenant)
    }

    /// All documents of a tenant, by kind and id.
    ///
    /// # Errors
    /// What the database said.
    pub fn objects(&self, tenant: TenantId) -> Result<Vec<Object>, StoreError> {
        let key = self.tenant_key(tenant)?;
        let sql = "SELECT kind, id, number, version, body FROM objects \
                   WHERE tenant = $1 AND body IS NOT NULL ORDER BY kind, id";
        let rows = self.reader().rows(sql, &[tenant.into()])?;
        rows.iter()
            .map(|r| {
                let (kind, id) = (r.text(0).to_string(), r.text(1).to_string());
                let body = key.open(&place(&kind, &id), r.bytes(4))?;
                let body = String::from_utf8(body).map_err(|_| StoreError::Unreadable(place(&kind, &id)))?;
                Ok(Object { number: r.int(2) as u32, version: r.int(3) as u64, body, kind, id })
            })
            .collect()
    }

    /// Makes changes, all or none, and keeps what was before.
    ///
    /// # Errors
    /// What the database said; nothing was changed then.
    pub fn change(
        &self,
        tenant: TenantId,
        now: u64,
        who: &str,
        changes: &[Change],
    ) -> Result<(), StoreError> {
        let key = self.tenant_key(tenant)?;
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            for change in changes {
                let sealed = match &change.body {
                    Some(body) => Value::Bytes(key.seal(&place(&change.kind, &change.id), body.as_bytes())?),
                    None => Value::Null,
                };
                put_object(db, tenant, now, who, change, sealed)?;
                let action = if change.body.is_some() { "configuration.set" } else { "configuration.delete" };
                let object = format!("{}/{}", change.kind, change.id);
                crate::audit::put(db, tenant, now, who, action, &object)?;
            }
            Ok(())
        })
    }

    /// The versions of one document, newest first.
    ///
    /// # Errors
    /// What the database said.
    pub fn versions(&self, tenant: TenantId, kind: &str, id: &str) -> Result<Vec<ObjectVersion>, StoreError> {
        let key = self.tenant_key(tenant)?;
        let sql = "SELECT version, at, who, body FROM object_versions \
                   WHERE tenant = $1 AND kind = $2 AND id = $3 ORDER BY version DESC";
        let rows = self.reader().rows(sql, &[tenant.into(), kind.into(), id.into()])?;
        rows.iter()
            .map(|r| {
                let body = match r.bytes(3) {
                    [] => None,
                    sealed => Some(
                        String::from_utf8(key.open(&place(kind, id), sealed)?)
                            .map_err(|_| StoreError::Unreadable(place(kind, id)))?,
                    ),
                };
                Ok(ObjectVersion {
                    version: r.int(0) as u64,
                    at: r.int(1) as u64,
                    who: r.text(2).into(),
                    body,
                })
            })
            .collect()
    }
}

fn put_object(
    db: &mut dyn Sql,
    tenant: TenantId,
    now: u64,
    who: &str,
    change: &Change,
    body: Value,
) -> Result<(), StoreError> {
    let (kind, id) = (change.kind.as_str(), change.id.as_str());
    // Numbers are given once a kind and never again, because journals and records refer to them.
    let sql = "INSERT INTO objects (tenant, kind, id, number, version, body) \
               SELECT $1, $2, $3, COALESCE(MAX(number), 0) + 1, 0, NULL FROM objects WHERE tenant = $1 AND kind = $2 \
               ON CONFLICT (tenant, kind, id) DO NOTHING";
    db.run(sql, &[tenant.into(), kind.into(), id.into()])?;
    let sql =
        "UPDATE objects SET version = version + 1, body = $1 WHERE tenant = $2 AND kind = $3 AND id = $4";
    db.run(sql, &[body, tenant.into(), kind.into(), id.into()])?;
    let sql = "INSERT INTO object_versions (tenant, kind, id, version, at, who, body) \
               SELECT tenant, kind, id, version, $1, $2, body FROM objects WHERE tenant = $3 AND kind = $4 AND id = $5";
    db.run(sql, &[now.into(), who.into(), tenant.into(), kind.into(), id.into()])?;
    if kind == "User" && change.body.is_none() {
        // Whoever gets this id later is somebody else.
        let sql = "SELECT number FROM objects WHERE tenant = $1 AND kind = $2 AND id = $3";
        let rows = db.rows(sql, &[tenant.into(), kind.into(), id.into()])?;
        let number = rows.first().map_or(0, |r| r.int(0)) as u32;
        crate::accounts::delete(db, (tenant, number))?;
        crate::endpoints::delete(db, (tenant, number))?;
        crate::passkeys::delete(db, (tenant, number))?;
    }
    Ok(())
}
