//! Where people chose to be rung: kept beside their account, and deleted with their user.

use crate::accounts::Of;
use crate::error::StoreError;
use crate::sql::{Sql, Value};
use crate::store::{Store, TenantId};
use redact::Secret;

/// Where somebody chose to be rung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Of which user, by number.
    pub user: u32,
    /// The kind, a word of the API.
    pub kind: String,
    /// The number, for a kind that has one.
    pub number: Option<Secret<String>>,
}

fn place((tenant, user): Of) -> String {
    format!("endpoint/{}/{user}", tenant.0)
}

/// Deletes what a user chose, because the user is deleted.
pub(crate) fn delete(db: &mut dyn Sql, of: Of) -> Result<(), StoreError> {
    let sql = "DELETE FROM endpoints WHERE tenant = $1 AND account = $2";
    db.run(sql, &[of.0.into(), u64::from(of.1).into()]).map(|_| ())
}

impl Store {
    /// Keeps where somebody chose to be rung, in place of what they chose before.
    ///
    /// # Errors
    /// What the database said.
    pub fn put_endpoint(&self, tenant: TenantId, endpoint: &Endpoint) -> Result<(), StoreError> {
        let of = (tenant, endpoint.user);
        let sealed = match &endpoint.number {
            Some(n) => Value::Bytes(self.tenant_key(tenant)?.seal(&place(of), n.expose_secret().as_bytes())?),
            None => Value::Null,
        };
        let sql = "INSERT INTO endpoints (tenant, account, kind, number) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (tenant, account) DO UPDATE SET kind = excluded.kind, number = excluded.number";
        let values = [tenant.into(), u64::from(endpoint.user).into(), endpoint.kind.as_str().into(), sealed];
        self.writer().run(sql, &values).map(|_| ())
    }

    /// What the people of a tenant chose.
    ///
    /// # Errors
    /// What the database said, or [`StoreError::Unreadable`].
    pub fn endpoints(&self, tenant: TenantId) -> Result<Vec<Endpoint>, StoreError> {
        let sql = "SELECT account, kind, number FROM endpoints WHERE tenant = $1 ORDER BY account";
        let rows = self.reader().rows(sql, &[tenant.into()])?;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let user = row.int(0) as u32;
            let number = match row.bytes(2) {
                [] => None,
                sealed => {
                    let place = place((tenant, user));
                    let plain = self.tenant_key(tenant)?.open(&place, sealed)?;
                    let text = String::from_utf8(plain).map_err(|_| StoreError::Unreadable(place))?;
                    Some(Secret::new(text))
                }
            };
            found.push(Endpoint { user, kind: row.text(1).into(), number });
        }
        Ok(found)
    }
}
