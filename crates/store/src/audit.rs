//! Who did what. An entry names objects by id, people only by what they are known as inside.

use crate::error::StoreError;
use crate::sql::Sql;
use crate::store::{Store, TenantId};

/// An entry.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// Its number; counts up.
    pub id: u64,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// Who: a token's number, a user's id, or the command line.
    pub who: String,
    /// What, for example `recording.listen`.
    pub action: String,
    /// To what.
    pub object: String,
}

pub(crate) fn put(
    db: &mut dyn Sql,
    tenant: TenantId,
    now: u64,
    who: &str,
    action: &str,
    object: &str,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO audit (tenant, id, at, who, action, object) \
               SELECT $1, COALESCE(MAX(id), 0) + 1, $2, $3, $4, $5 FROM audit WHERE tenant = $1";
    db.run(sql, &[tenant.into(), now.into(), who.into(), action.into(), object.into()])?;
    Ok(())
}

impl Store {
    /// Adds an entry.
    ///
    /// # Errors
    /// What the database said.
    pub fn audit(
        &self,
        tenant: TenantId,
        now: u64,
        who: &str,
        action: &str,
        object: &str,
    ) -> Result<(), StoreError> {
        put(&mut **self.writer(), tenant, now, who, action, object)
    }

    /// Entries, newest first, those with a smaller number than `before`.
    ///
    /// # Errors
    /// What the database said.
    pub fn audit_entries(
        &self,
        tenant: TenantId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let sql = "SELECT id, at, who, action, object FROM audit WHERE tenant = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
        let values = [
            tenant.into(),
            before.map_or(i64::MAX, |b| b as i64).into(),
            i64::from(limit.clamp(1, 500)).into(),
        ];
        let rows = self.reader().rows(sql, &values)?;
        Ok(rows
            .iter()
            .map(|r| AuditEntry {
                id: r.int(0) as u64,
                at: r.int(1) as u64,
                who: r.text(2).into(),
                action: r.text(3).into(),
                object: r.text(4).into(),
            })
            .collect())
    }
}
