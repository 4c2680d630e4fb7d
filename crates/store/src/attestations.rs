//! The newest attestation of a tenant, as it was signed, sealed with the tenant's key.

use crate::closing::refuse_if_closing;
use crate::error::StoreError;
use crate::sql::transaction;
use crate::store::{Store, TenantId};

const PLACE: &str = "attestation";

impl Store {
    /// Keeps an attestation in place of the one before.
    ///
    /// # Errors
    /// [`StoreError::Refused`] once the account ended; else what the database said.
    pub fn put_attestation(&self, tenant: TenantId, now: u64, text: &str) -> Result<(), StoreError> {
        // Asked before as well: the key of a tenant that is gone must not be made anew.
        refuse_if_closing(&mut **self.reader(), tenant)?;
        let sealed = self.tenant_key(tenant)?.seal(PLACE, text.as_bytes())?;
        transaction(&mut **self.writer(), |db| {
            refuse_if_closing(db, tenant)?;
            let sql = "INSERT INTO attestations (tenant, at, document) VALUES ($1, $2, $3) \
                       ON CONFLICT (tenant) DO UPDATE SET at = excluded.at, document = excluded.document";
            db.run(sql, &[tenant.into(), now.into(), sealed.into()]).map(|_| ())
        })
    }

    /// The newest attestation.
    ///
    /// # Errors
    /// What the database said.
    pub fn attestation(&self, tenant: TenantId) -> Result<Option<String>, StoreError> {
        let sql = "SELECT document FROM attestations WHERE tenant = $1";
        let rows = self.reader().rows(sql, &[tenant.into()])?;
        let Some(row) = rows.first() else { return Ok(None) };
        let text = self.tenant_key(tenant)?.open(PLACE, row.bytes(0))?;
        String::from_utf8(text).map(Some).map_err(|_| StoreError::Unreadable(PLACE.into()))
    }

    /// Keeps no attestation any more.
    ///
    /// # Errors
    /// What the database said.
    pub fn forget_attestation(&self, tenant: TenantId) -> Result<(), StoreError> {
        self.writer().run("DELETE FROM attestations WHERE tenant = $1", &[tenant.into()]).map(|_| ())
    }
}
