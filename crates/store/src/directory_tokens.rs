//! What the administrator who connected a directory left with us so that it stays in step without them: one token a tenant,
//! under a key of its own, which is destroyed when the directory is disconnected.

use crate::error::StoreError;
use crate::keys::ADMINISTRATOR;
use crate::store::{Store, TenantId};
use redact::Secret;

/// A tenant has one administrator's token at most.
const ONLY: u64 = 0;

/// A token as it is kept.
#[derive(Clone, Debug)]
pub struct DirectoryToken {
    /// The token, and whose it is, in a form that the store does not look into.
    pub value: Secret<String>,
    /// Which one it is: each one that is put has a higher number than the one before.
    pub version: u64,
}

fn place(tenant: TenantId) -> String {
    format!("directory-token/{}", tenant.0)
}

impl Store {
    /// Keeps a token in place of any there was. `at` is in milliseconds since 1970.
    ///
    /// # Errors
    /// What the database said.
    pub fn put_directory_token(
        &self,
        tenant: TenantId,
        value: &Secret<String>,
        at: u64,
    ) -> Result<(), StoreError> {
        let mut keys = self.keys();
        let mut db = self.writer();
        // The key goes first: a key without data harms nobody, data without its key would be lost.
        keys.ensure_tenant(tenant, &mut **db)?;
        let key = keys.make(tenant, ADMINISTRATOR, ONLY)?;
        let sealed = key.seal(&place(tenant), value.expose_secret().as_bytes())?;
        let sql = "INSERT INTO directory_tokens (tenant, token, version) VALUES ($1, $2, $3) \
                   ON CONFLICT (tenant) DO UPDATE SET token = excluded.token, \
                   version = CASE WHEN excluded.version > directory_tokens.version \
                   THEN excluded.version ELSE directory_tokens.version + 1 END";
        db.run(sql, &[tenant.into(), sealed.into(), at.into()]).map(|_| ())
    }

    /// Puts the token that came for another one in its place. Nothing happens, and false is given, when that one is not
    /// there any more: it was erased meanwhile, or an administrator left a new one.
    ///
    /// # Errors
    /// What the database said.
    pub fn renew_directory_token(
        &self,
        tenant: TenantId,
        before: u64,
        value: &Secret<String>,
    ) -> Result<bool, StoreError> {
        let mut keys = self.keys();
        let mut db = self.writer();
        let key = match keys.of(tenant, ADMINISTRATOR, ONLY) {
            Err(StoreError::NotFound(_)) => return Ok(false),
            key => key?,
        };
        let sealed = key.seal(&place(tenant), value.expose_secret().as_bytes())?;
        let sql = "UPDATE directory_tokens SET token = $1, version = version + 1 WHERE tenant = $2 AND version = $3";
        Ok(db.run(sql, &[sealed.into(), tenant.into(), before.into()])? > 0)
    }

    /// A tenant's token, if there is one.
    ///
    /// # Errors
    /// What the database said, or [`StoreError::Unreadable`].
    pub fn directory_token(&self, tenant: TenantId) -> Result<Option<DirectoryToken>, StoreError> {
        let sql = "SELECT token, version FROM directory_tokens WHERE tenant = $1";
        let rows = self.reader().rows(sql, &[tenant.into()])?;
        let Some(row) = rows.first() else { return Ok(None) };
        let key = match self.keys().of(tenant, ADMINISTRATOR, ONLY) {
            // Erased between the two files.
            Err(StoreError::NotFound(_)) => return Ok(None),
            key => key?,
        };
        let value = key.open(&place(tenant), row.bytes(0))?;
        let value = String::from_utf8(value).map_err(|_| StoreError::Unreadable(place(tenant)))?;
        Ok(Some(DirectoryToken { value: Secret::new(value), version: row.int(1) as u64 }))
    }

    /// Whether anything of a tenant's token is kept, readable or not.
    ///
    /// # Errors
    /// What the database said.
    pub fn has_directory_token(&self, tenant: TenantId) -> Result<bool, StoreError> {
        let sql = "SELECT tenant FROM directory_tokens WHERE tenant = $1";
        Ok(!self.reader().rows(sql, &[tenant.into()])?.is_empty())
    }

    /// Forgets a tenant's token. When this returns it can be read nowhere here.
    ///
    /// # Errors
    /// What the database said; whatever is left then is removed by the next attempt.
    pub fn erase_directory_token(&self, tenant: TenantId) -> Result<(), StoreError> {
        let mut keys = self.keys();
        keys.destroy_for_good(tenant, ADMINISTRATOR, ONLY)?;
        let sql = "DELETE FROM directory_tokens WHERE tenant = $1";
        self.writer().run(sql, &[tenant.into()]).map(|_| ())
    }
}
