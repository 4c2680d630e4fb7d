//! Configuration: versioned documents, with who changed what. What a document means is known elsewhere.
//!
//! Documents name people (users, their addresses), so they are sealed: those of a user with a key of the user's own, which
//! is destroyed when the user is deleted, so that earlier versions cannot be read any more, here and in backups; all others
//! with the tenant's key.

use crate::error::StoreError;
use crate::keys::{DataKey, Keys, USER};
use crate::sql::{Sql, Value, transaction};
use crate::store::{Store, TenantId};
use std::collections::BTreeSet;

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
    /// The document; `None` where it was deleted, or is that of a user who was deleted since.
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

/// The kind of documents that are about one person.
const USER_KIND: &str = "User";

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
        let mut keys = self.keys();
        let sql = "SELECT kind, id, number, version, body FROM objects \
                   WHERE tenant = $1 AND body IS NOT NULL ORDER BY kind, id";
        let rows = self.reader().rows(sql, &[tenant.into()])?;
        rows.iter()
            .map(|r| {
                let (kind, id) = (r.text(0).to_string(), r.text(1).to_string());
                let own = user_key(&mut keys, tenant, &kind, r.int(2))?;
                let body = match open(own.as_ref(), &key, &place(&kind, &id), r.bytes(4)) {
                    // An older increment of a backup has a user who was deleted since: what refers to them stays whole.
                    Err(_) if own.is_none() && kind == USER_KIND => nobody(&id),
                    body => body?,
                };
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
        let with_users = changes.iter().any(|c| c.kind == USER_KIND);
        let mut keys = self.keys();
        let mut db = self.writer();
        if with_users {
            keys.begin()?;
        }
        let result = transaction(&mut **db, |db| {
            for change in changes {
                put_object(db, &mut keys, &key, (tenant, now, who), change)?;
                let action = if change.body.is_some() { "configuration.set" } else { "configuration.delete" };
                let object = format!("{}/{}", change.kind, change.id);
                crate::audit::put(db, tenant, now, who, action, &object)?;
            }
            // Keys go first: a key without data harms nobody, data without its key would be lost.
            if with_users { keys.end(true) } else { Ok(()) }
        });
        if with_users && result.is_err() {
            // Not begun any more if the data failed after the keys were written: then this is refused, and right.
            let _ = keys.end(false);
        }
        drop(db);
        drop(keys);
        result?;
        if changes.iter().any(|c| c.kind == USER_KIND && c.body.is_none()) {
            // The configuration is changed already, and a failure here must not say that it is not. A key that cannot be
            // overwritten now, since another program reads the keys, is at the next run of retention.
            let _ = self.sweep_user_keys(tenant);
        }
        Ok(())
    }

    /// Destroys the keys of users who were deleted. Gives how many: the backups' are to be replaced then.
    ///
    /// # Errors
    /// What the database said.
    pub fn sweep_user_keys(&self, tenant: TenantId) -> Result<u64, StoreError> {
        let mut keys = self.keys();
        let sql = "SELECT number FROM objects WHERE tenant = $1 AND kind = $2 AND body IS NOT NULL";
        let rows = self.reader().rows(sql, &[tenant.into(), USER_KIND.into()])?;
        let there: BTreeSet<u64> = rows.iter().map(|r| r.int(0) as u64).collect();
        let gone: Vec<u64> =
            keys.all(tenant, USER)?.into_iter().filter(|number| !there.contains(number)).collect();
        for number in &gone {
            keys.destroy(tenant, USER, *number)?;
        }
        // Also where none is left: an earlier sweep may have found the file in use.
        keys.forget_deleted()?;
        Ok(gone.len() as u64)
    }

    /// The versions of one document, newest first.
    ///
    /// # Errors
    /// What the database said.
    pub fn versions(&self, tenant: TenantId, kind: &str, id: &str) -> Result<Vec<ObjectVersion>, StoreError> {
        let key = self.tenant_key(tenant)?;
        let of = [tenant.into(), kind.into(), id.into()];
        let sql = "SELECT number FROM objects WHERE tenant = $1 AND kind = $2 AND id = $3";
        let number = self.reader().rows(sql, &of)?.first().map_or(0, |r| r.int(0));
        let own = user_key(&mut self.keys(), tenant, kind, number)?;
        let sql = "SELECT version, at, who, body FROM object_versions \
                   WHERE tenant = $1 AND kind = $2 AND id = $3 ORDER BY version DESC";
        let rows = self.reader().rows(sql, &of)?;
        rows.iter()
            .map(|r| {
                let body = match r.bytes(3) {
                    [] => None,
                    // Of somebody who had this id before, and was deleted.
                    sealed if kind == USER_KIND => open(own.as_ref(), &key, &place(kind, id), sealed).ok(),
                    sealed => Some(open(None, &key, &place(kind, id), sealed)?),
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

/// The key of a user; nothing for other kinds, and where it is gone.
fn user_key(
    keys: &mut Keys,
    tenant: TenantId,
    kind: &str,
    number: i64,
) -> Result<Option<DataKey>, StoreError> {
    if kind != USER_KIND {
        return Ok(None);
    }
    match keys.of(tenant, USER, number as u64) {
        Err(StoreError::NotFound(_)) => Ok(None),
        key => key.map(Some),
    }
}

/// Opens a document: with its user's key, or with the tenant's, as documents of users were sealed before they had keys.
fn open(own: Option<&DataKey>, tenant: &DataKey, place: &str, sealed: &[u8]) -> Result<String, StoreError> {
    let opened = own.and_then(|own| own.open(place, sealed).ok());
    let bytes = opened.map_or_else(|| tenant.open(place, sealed), Ok)?;
    String::from_utf8(bytes).map_err(|_| StoreError::Unreadable(place.into()))
}

/// A user of whom nothing is known.
fn nobody(id: &str) -> String {
    format!("{{\"kind\":\"{USER_KIND}\",\"id\":{id:?},\"roles\":[\"agent\"]}}")
}

fn put_object(
    db: &mut dyn Sql,
    keys: &mut Keys,
    key: &DataKey,
    (tenant, now, who): (TenantId, u64, &str),
    change: &Change,
) -> Result<(), StoreError> {
    let (kind, id) = (change.kind.as_str(), change.id.as_str());
    // Numbers are given once a kind and never again, because journals and records refer to them.
    let sql = "INSERT INTO objects (tenant, kind, id, number, version, body) \
               SELECT $1, $2, $3, COALESCE(MAX(number), 0) + 1, 0, NULL FROM objects WHERE tenant = $1 AND kind = $2 \
               ON CONFLICT (tenant, kind, id) DO NOTHING";
    db.run(sql, &[tenant.into(), kind.into(), id.into()])?;
    let sql = "SELECT number, body IS NULL FROM objects WHERE tenant = $1 AND kind = $2 AND id = $3";
    let rows = db.rows(sql, &[tenant.into(), kind.into(), id.into()])?;
    let (number, is_new) = rows.first().map_or((0, true), |r| (r.int(0), r.int(1) != 0));
    let body = match &change.body {
        Some(body) => {
            let own = match user_key(keys, tenant, kind, number)? {
                // Whoever has this id from now on is not the one who had it before.
                own if kind == USER_KIND && (is_new || own.is_none()) => {
                    Some(keys.make(tenant, USER, number as u64)?)
                }
                own => own,
            };
            Value::Bytes(own.as_ref().unwrap_or(key).seal(&place(kind, id), body.as_bytes())?)
        }
        None => Value::Null,
    };
    let sql =
        "UPDATE objects SET version = version + 1, body = $1 WHERE tenant = $2 AND kind = $3 AND id = $4";
    db.run(sql, &[body, tenant.into(), kind.into(), id.into()])?;
    let sql = "INSERT INTO object_versions (tenant, kind, id, version, at, who, body) \
               SELECT tenant, kind, id, version, $1, $2, body FROM objects WHERE tenant = $3 AND kind = $4 AND id = $5";
    db.run(sql, &[now.into(), who.into(), tenant.into(), kind.into(), id.into()])?;
    if kind == USER_KIND && change.body.is_none() {
        // Versions that the tenant's key opens are of before users had keys.
        let sql = "SELECT version, body FROM object_versions WHERE tenant = $1 AND kind = $2 AND id = $3 AND body IS NOT NULL";
        for row in db.rows(sql, &[tenant.into(), kind.into(), id.into()])? {
            if key.open(&place(kind, id), row.bytes(1)).is_ok() {
                let sql = "UPDATE object_versions SET body = NULL WHERE tenant = $1 AND kind = $2 AND id = $3 AND version = $4";
                db.run(sql, &[tenant.into(), kind.into(), id.into(), row.int(0).into()])?;
            }
        }
        // Whoever gets this id later is somebody else.
        let number = number as u32;
        crate::accounts::delete(db, (tenant, number))?;
        crate::endpoints::delete(db, (tenant, number))?;
        crate::passkeys::delete(db, (tenant, number))?;
    }
    Ok(())
}
