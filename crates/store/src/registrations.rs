//! Where people's telephones are, so that they need not register anew when the program starts again. The addresses are
//! sealed with the tenant's key.

use crate::error::StoreError;
use crate::keys::Keys;
use crate::sql::Sql;
use crate::store::{Store, TenantId};
use redact::Secret;

/// The telephones of one person.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Whose, by the number of the user.
    pub agent: u32,
    /// When the last of them ends, in milliseconds since 1970.
    pub expires: u64,
    /// The telephones, in a form that only their writer reads; empty when the last one is gone.
    pub telephones: Secret<Vec<u8>>,
}

fn place(tenant: TenantId, agent: u32) -> String {
    format!("registrations/{}/{agent}", tenant.0)
}

pub(crate) fn put_registration(
    db: &mut dyn Sql,
    keys: &mut Keys,
    tenant: TenantId,
    r: &Registration,
) -> Result<(), StoreError> {
    let agent = u64::from(r.agent);
    if r.telephones.expose_secret().is_empty() {
        let sql = "DELETE FROM registrations WHERE tenant = $1 AND agent = $2";
        return db.run(sql, &[tenant.into(), agent.into()]).map(|_| ());
    }
    // Without the key nothing is kept, and telephones register anew after the next start: no reason to stop the journal.
    let Ok(key) = keys.of_tenant(tenant) else { return Ok(()) };
    let sealed = key.seal(&place(tenant, r.agent), r.telephones.expose_secret())?;
    let sql = "INSERT INTO registrations (tenant, agent, expires, telephones) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (tenant, agent) DO UPDATE SET expires = excluded.expires, telephones = excluded.telephones";
    db.run(sql, &[tenant.into(), agent.into(), r.expires.into(), sealed.into()]).map(|_| ())
}

impl Store {
    /// The telephones that are registered at this time, in milliseconds since 1970. Those whose time is over are deleted,
    /// and those that cannot be opened are left out: they register anew.
    ///
    /// # Errors
    /// What the database said.
    pub fn registrations(&self, tenant: TenantId, now: u64) -> Result<Vec<Registration>, StoreError> {
        let sql = "DELETE FROM registrations WHERE tenant = $1 AND expires <= $2";
        self.writer().run(sql, &[tenant.into(), now.into()])?;
        let sql = "SELECT agent, expires, telephones FROM registrations WHERE tenant = $1 ORDER BY agent";
        let rows = self.reader().rows(sql, &[tenant.into()])?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.keys().of_tenant(tenant)?;
        let one = |r: &crate::sql::Row| {
            let agent = r.int(0) as u32;
            let telephones = key.open(&place(tenant, agent), r.bytes(2)).ok()?;
            Some(Registration { agent, expires: r.int(1) as u64, telephones: Secret::new(telephones) })
        };
        Ok(rows.iter().filter_map(one).collect())
    }
}
