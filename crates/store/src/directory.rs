//! People of a directory outside: who is in it, sealed under a key for each, and how far it was read.
//!
//! What came and how far it came stand in one transaction: whatever a process dies of, the next one goes on where this one
//! was, and neither misses nor doubles anybody. A reading of the whole directory marks whom it saw with its number; whoever
//! bears an older one when it ends is gone there and goes here.

use crate::error::StoreError;
use crate::keys::{DIRECTORY, DataKey, Keys};
use crate::sql::{Sql, Value, transaction};
use crate::store::{Store, TenantId};
use redact::Secret;
use std::collections::BTreeSet;

/// The most people that one page of [`Store::directory`] gives.
pub const MOST_PEOPLE: usize = 1_000;

/// Somebody as the directory outside has them.
pub struct DirectoryPerson<'a> {
    /// Their id there. The same id is the same person.
    pub object: Secret<String>,
    /// What is known of them now, in a form that the store does not look into, out of what is kept: a page may say only
    /// what changed.
    pub value: &'a dyn Fn(Option<&[u8]>) -> Secret<Vec<u8>>,
}

/// Somebody as they are kept.
#[derive(Clone, Debug)]
pub struct KeptPerson {
    /// The number by which the rest of the program knows them; never used again for another.
    pub id: u64,
    /// What the directory outside says.
    pub value: Secret<Vec<u8>>,
}

/// How far the directory was read.
#[derive(Clone, Debug)]
pub struct DirectoryLink {
    /// Where to go on.
    pub link: Secret<String>,
    /// The number of the reading that `link` belongs to.
    pub run: u64,
    /// Whether that reading came to its end, so that `link` asks for what changed since.
    pub whole: bool,
    /// When this was written, in milliseconds since 1970.
    pub at: u64,
}

/// A page of what came, and how far that is.
pub struct DirectoryPage<'a> {
    /// New ones, and those that changed.
    pub people: &'a [DirectoryPerson<'a>],
    /// Ids of those who are gone.
    pub removed: &'a [Secret<String>],
    /// How far it came.
    pub link: &'a DirectoryLink,
    /// With this page a reading of everything ends: whoever it did not see is gone.
    pub sweep: bool,
}

/// What a page did, by the numbers of people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryChange {
    /// New ones and those of whom something changed.
    pub put: Vec<u64>,
    /// Those who are gone; their keys are destroyed.
    pub removed: Vec<u64>,
}

fn place(tenant: TenantId, id: u64) -> String {
    format!("directory/{}/{id}", tenant.0)
}

const LINK: &str = "directory/link";

impl Store {
    /// Takes in a page of a tenant's directory, with how far that is: all of it or nothing.
    ///
    /// # Errors
    /// What the database said; nothing was written then.
    pub fn put_directory(
        &self,
        tenant: TenantId,
        page: &DirectoryPage<'_>,
    ) -> Result<DirectoryChange, StoreError> {
        let mut keys = self.keys();
        let mut db = self.writer();
        // Keys go first: a key without data harms nobody, data without its key would be lost.
        keys.begin()?;
        let result = transaction(&mut **db, |db| {
            keys.ensure_tenant(tenant, db)?;
            let mut change = DirectoryChange::default();
            for person in page.people {
                change.put.push(put_person(db, &mut keys, tenant, person, page.link.run)?);
            }
            for object in page.removed {
                let lookup = keys.lookup(tenant, object.expose_secret())?;
                let sql = "SELECT id FROM directory WHERE tenant = $1 AND object = $2";
                let found = db.rows(sql, &[tenant.into(), lookup.into()])?;
                change.removed.extend(found.iter().map(|row| row.int(0) as u64));
            }
            if page.sweep {
                let sql = "SELECT id FROM directory WHERE tenant = $1 AND run <> $2 ORDER BY id";
                let gone = db.rows(sql, &[tenant.into(), page.link.run.into()])?;
                change.removed.extend(gone.iter().map(|row| row.int(0) as u64));
            }
            for id in &change.removed {
                let sql = "DELETE FROM directory WHERE tenant = $1 AND id = $2";
                db.run(sql, &[tenant.into(), (*id).into()])?;
            }
            put_link(db, &mut keys, tenant, page.link)?;
            keys.end(true)?;
            Ok(change)
        });
        if result.is_err() {
            // Not begun any more if the data failed after the keys were written: then this is refused, and right.
            let _ = keys.end(false);
        }
        // Keys of those who are gone go last: until the data's transaction is over they might still be needed.
        for id in result.iter().flat_map(|change| &change.removed) {
            keys.destroy(tenant, DIRECTORY, *id)?;
        }
        if page.sweep && result.is_ok() {
            // Those too whose process died between the two files.
            let sql = "SELECT id FROM directory WHERE tenant = $1";
            let there: BTreeSet<i64> = db.rows(sql, &[tenant.into()])?.iter().map(|row| row.int(0)).collect();
            for id in keys.all(tenant, DIRECTORY)? {
                if !there.contains(&(id as i64)) {
                    keys.destroy(tenant, DIRECTORY, id)?;
                }
            }
        }
        result
    }

    /// Changes what is kept of somebody, out of what is kept. The person's number; `None` when nobody has this id, or when
    /// `value` gives nothing. It is no reading of the directory: whoever is gone there still goes with the next one.
    ///
    /// # Errors
    /// What the database said, or [`StoreError::Unreadable`].
    pub fn change_directory_person(
        &self,
        tenant: TenantId,
        object: &Secret<String>,
        value: &dyn Fn(&[u8]) -> Option<Secret<Vec<u8>>>,
    ) -> Result<Option<u64>, StoreError> {
        let mut keys = self.keys();
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            let lookup = keys.lookup(tenant, object.expose_secret())?;
            let sql = "SELECT id, value FROM directory WHERE tenant = $1 AND object = $2";
            let found = db.rows(sql, &[tenant.into(), lookup.into()])?;
            let Some(row) = found.first() else { return Ok(None) };
            let id = row.int(0) as u64;
            let key = keys.of(tenant, DIRECTORY, id)?;
            let Some(new) = value(&key.open(&place(tenant, id), row.bytes(1))?) else { return Ok(None) };
            let sealed = key.seal(&place(tenant, id), new.expose_secret())?;
            let sql = "UPDATE directory SET value = $1 WHERE tenant = $2 AND id = $3";
            db.run(sql, &[sealed.into(), tenant.into(), id.into()])?;
            Ok(Some(id))
        })
    }

    /// How far a tenant's directory was read; `None` before the first page.
    ///
    /// # Errors
    /// What the database said, or [`StoreError::Unreadable`].
    pub fn directory_link(&self, tenant: TenantId) -> Result<Option<DirectoryLink>, StoreError> {
        let sql = "SELECT link, run, whole, at FROM directory_links WHERE tenant = $1";
        let rows = self.reader().rows(sql, &[tenant.into()])?;
        let Some(row) = rows.first() else { return Ok(None) };
        let link = self.keys().of_tenant(tenant)?.open(LINK, row.bytes(0))?;
        let link = String::from_utf8(link).map_err(|_| StoreError::Unreadable(LINK.into()))?;
        Ok(Some(DirectoryLink {
            link: Secret::new(link),
            run: row.int(1) as u64,
            whole: row.int(2) != 0,
            at: row.int(3) as u64,
        }))
    }

    /// People of a tenant's directory with numbers above `after`, in their order; at most [`MOST_PEOPLE`], and fewer only
    /// at the end.
    ///
    /// # Errors
    /// What the database said, or [`StoreError::Unreadable`].
    pub fn directory(&self, tenant: TenantId, after: u64) -> Result<Vec<KeptPerson>, StoreError> {
        let sql = "SELECT id, value FROM directory WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3";
        let most = Value::Int(MOST_PEOPLE as i64);
        let rows = self.reader().rows(sql, &[tenant.into(), after.into(), most])?;
        let mut keys = self.keys();
        let mut all = Vec::with_capacity(rows.len());
        for row in &rows {
            let id = row.int(0) as u64;
            let key = keys.of(tenant, DIRECTORY, id)?;
            all.push(KeptPerson { id, value: Secret::new(key.open(&place(tenant, id), row.bytes(1))?) });
        }
        Ok(all)
    }

    /// Forgets a tenant's directory: keys, people and how far it was read. When this returns, nothing of it can be read.
    ///
    /// # Errors
    /// What the database said; whatever is left then is removed by the next attempt.
    pub fn erase_directory(&self, tenant: TenantId) -> Result<(), StoreError> {
        let mut keys = self.keys();
        keys.destroy_all(tenant, DIRECTORY)?;
        keys.forget_deleted()?;
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            db.run("DELETE FROM directory WHERE tenant = $1", &[tenant.into()])?;
            db.run("DELETE FROM directory_links WHERE tenant = $1", &[tenant.into()]).map(|_| ())
        })
    }
}

fn put_person(
    db: &mut dyn Sql,
    keys: &mut Keys,
    tenant: TenantId,
    person: &DirectoryPerson<'_>,
    run: u64,
) -> Result<u64, StoreError> {
    let lookup = keys.lookup(tenant, person.object.expose_secret())?;
    let sql = "SELECT id, value FROM directory WHERE tenant = $1 AND object = $2";
    let found = db.rows(sql, &[tenant.into(), lookup.clone().into()])?;
    let known = found.first().map(|row| (row.int(0) as u64, row.bytes(1)));
    let id = match known {
        Some((id, _)) => id,
        None => {
            // Numbers of those who are gone are not used again: records may still name them.
            let sql = "UPDATE directory_numbers SET next = next + 1 WHERE tenant = $1";
            if db.run(sql, &[tenant.into()])? == 0 {
                let sql = "INSERT INTO directory_numbers (tenant, next) VALUES ($1, 2)";
                db.run(sql, &[tenant.into()])?;
            }
            let sql = "SELECT next - 1 FROM directory_numbers WHERE tenant = $1";
            db.rows(sql, &[tenant.into()])?.first().map_or(1, |row| row.int(0)) as u64
        }
    };
    let (key, before) = match known.map(|(id, sealed)| (keys.of(tenant, DIRECTORY, id), sealed)) {
        Some((Ok(key), sealed)) => {
            let before = key.open(&place(tenant, id), sealed)?;
            (key, Some(before))
        }
        None | Some((Err(StoreError::NotFound(_)), _)) => (keys.make(tenant, DIRECTORY, id)?, None),
        Some((Err(e), _)) => return Err(e),
    };
    let value = key.seal(&place(tenant, id), (person.value)(before.as_deref()).expose_secret())?;
    let sql = "INSERT INTO directory (tenant, id, object, value, run) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (tenant, id) DO UPDATE SET value = excluded.value, run = excluded.run";
    db.run(sql, &[tenant.into(), id.into(), lookup.into(), value.into(), run.into()])?;
    Ok(id)
}

fn put_link(
    db: &mut dyn Sql,
    keys: &mut Keys,
    tenant: TenantId,
    link: &DirectoryLink,
) -> Result<(), StoreError> {
    // A link carries marks of Microsoft's that say nothing to us; sealed all the same, as it opens the directory's changes.
    let key: DataKey = keys.of_tenant(tenant)?;
    let sealed = key.seal(LINK, link.link.expose_secret().as_bytes())?;
    let sql = "INSERT INTO directory_links (tenant, link, run, whole, at) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (tenant) DO UPDATE SET link = excluded.link, run = excluded.run, \
               whole = excluded.whole, at = excluded.at";
    let whole = Value::Int(link.whole.into());
    db.run(sql, &[tenant.into(), sealed.into(), link.run.into(), whole, link.at.into()]).map(|_| ())
}
