//! People whom an owner entered beside those of the directory outside: each sealed under a key of its own, so that erasing
//! somebody destroys a key. Reading the directory touches nobody of them.

use crate::directory::KeptPerson;
use crate::erase::next_number;
use crate::error::StoreError;
use crate::keys::LOCAL;
use crate::sql::transaction;
use crate::store::{Store, TenantId};
use redact::Secret;

/// The most people that one tenant may enter.
pub const MOST_LOCAL_PEOPLE: usize = 10_000;

fn place(tenant: TenantId, id: u64) -> String {
    format!("local/{}/{id}", tenant.0)
}

impl Store {
    /// Keeps somebody new; gives their number, which nobody else gets later.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when there are too many; else what the database said.
    pub fn add_local_person(&self, tenant: TenantId, value: &Secret<Vec<u8>>) -> Result<u64, StoreError> {
        let mut keys = self.keys();
        let mut db = self.writer();
        // The key goes first: a key without data harms nobody, data without its key would be lost.
        keys.begin()?;
        let result = transaction(&mut **db, |db| {
            keys.ensure_tenant(tenant, db)?;
            let sql = "SELECT COUNT(*) FROM local_people WHERE tenant = $1";
            let there = db.rows(sql, &[tenant.into()])?.first().map_or(0, |row| row.int(0));
            if there as usize >= MOST_LOCAL_PEOPLE {
                return Err(StoreError::Refused(format!(
                    "at most {MOST_LOCAL_PEOPLE} people are entered beside the directory: delete some first"
                )));
            }
            let id = next_number(db, tenant, LOCAL)?;
            let key = keys.make(tenant, LOCAL, id)?;
            let sealed = key.seal(&place(tenant, id), value.expose_secret())?;
            let sql = "INSERT INTO local_people (tenant, id, value) VALUES ($1, $2, $3)";
            db.run(sql, &[tenant.into(), id.into(), sealed.into()])?;
            keys.end(true)?;
            Ok(id)
        });
        if result.is_err() {
            // Not begun any more if the data failed after the key was written: then this is refused, and right.
            let _ = keys.end(false);
        }
        result
    }

    /// Puts something else in place of what is kept of somebody. False when nobody has this number.
    ///
    /// # Errors
    /// What the database said.
    pub fn change_local_person(
        &self,
        tenant: TenantId,
        id: u64,
        value: &Secret<Vec<u8>>,
    ) -> Result<bool, StoreError> {
        let mut keys = self.keys();
        let key = match keys.of(tenant, LOCAL, id) {
            Err(StoreError::NotFound(_)) => return Ok(false),
            key => key?,
        };
        let sealed = key.seal(&place(tenant, id), value.expose_secret())?;
        let sql = "UPDATE local_people SET value = $1 WHERE tenant = $2 AND id = $3";
        Ok(self.writer().run(sql, &[sealed.into(), tenant.into(), id.into()])? > 0)
    }

    /// Everybody whom a tenant entered, in the order of their numbers.
    ///
    /// # Errors
    /// What the database said, or [`StoreError::Unreadable`].
    pub fn local_people(&self, tenant: TenantId) -> Result<Vec<KeptPerson>, StoreError> {
        let sql = "SELECT id, value FROM local_people WHERE tenant = $1 ORDER BY id";
        let rows = self.reader().rows(sql, &[tenant.into()])?;
        let mut keys = self.keys();
        let mut all = Vec::with_capacity(rows.len());
        for row in &rows {
            let id = row.int(0) as u64;
            // Of somebody who was erased since an older copy of the database was made, only a row without a key is left.
            let key = match keys.of(tenant, LOCAL, id) {
                Err(StoreError::NotFound(_)) => continue,
                key => key?,
            };
            all.push(KeptPerson { id, value: Secret::new(key.open(&place(tenant, id), row.bytes(1))?) });
        }
        Ok(all)
    }

    /// Erases somebody: when this returns, nothing of them can be read. False when nobody has this number.
    ///
    /// # Errors
    /// What the database said; done again, it does the rest.
    pub fn erase_local_person(&self, tenant: TenantId, id: u64) -> Result<bool, StoreError> {
        let mut keys = self.keys();
        keys.destroy_for_good(tenant, LOCAL, id)?;
        let sql = "DELETE FROM local_people WHERE tenant = $1 AND id = $2";
        Ok(self.writer().run(sql, &[tenant.into(), id.into()])? > 0)
    }
}
