//! The end of an account: everything of a tenant is destroyed, keys first, and what was destroyed stays known.
//!
//! A closing is written down before anything is destroyed and is done when its certificate is written: interrupted
//! anywhere, it goes on from the beginning, and finds less. Deleted rows are overwritten, here and in the log that the
//! database writes ahead.

use crate::error::StoreError;
use crate::sql::{Sql, Value, transaction};
use crate::store::{Store, TenantId};

/// Recordings that are removed at once.
const PAGE: u64 = 500;
/// The table that outlasts the tenant.
const CLOSINGS: &str = "closings";

/// A tenant that is being closed, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Its number, which no other tenant gets.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// When it was asked for, in milliseconds since 1970.
    pub at: u64,
    /// What there was then, as JSON: for the certificate. It names no person.
    pub facts: String,
    /// The certificate; `None` until everything is destroyed.
    pub certificate: Option<String>,
}

/// What there is of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Belongings {
    /// Rows by table; tables without any are left out.
    pub rows: Vec<(String, u64)>,
    /// Keys by kind.
    pub keys: Vec<(String, u64)>,
}

impl Store {
    /// What there is of a tenant now.
    ///
    /// # Errors
    /// What the database said.
    pub fn belongings(&self, tenant: TenantId) -> Result<Belongings, StoreError> {
        let mut rows = self.rows_of(tenant)?;
        rows.retain(|(table, rows)| table != CLOSINGS && *rows > 0);
        let sql = "SELECT kind, COUNT(*) FROM keys WHERE tenant = $1 GROUP BY kind ORDER BY kind";
        let keys = self.keys().rows(sql, &[tenant.into()])?;
        let keys = keys.iter().map(|r| (r.text(0).to_string(), r.int(1) as u64)).collect();
        Ok(Belongings { rows, keys })
    }

    /// Writes down that a tenant is to be destroyed. From here on nothing takes it back.
    ///
    /// # Errors
    /// [`StoreError::Refused`] while a legal hold keeps something of it.
    pub fn begin_closing(&self, tenant: TenantId, now: u64, facts: &str) -> Result<(), StoreError> {
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            let held = db.rows("SELECT COUNT(*) FROM holds WHERE tenant = $1", &[tenant.into()])?;
            let held = held.first().map_or(0, |r| r.int(0));
            if held > 0 {
                return Err(StoreError::Refused(format!(
                    "legal holds keep data of this tenant ({held}): lift them first"
                )));
            }
            let sql = "INSERT INTO closings (tenant, name, at, facts) SELECT id, name, $1, $2 FROM tenants \
                       WHERE id = $3 ON CONFLICT (tenant) DO NOTHING";
            db.run(sql, &[now.into(), facts.into(), tenant.into()]).map(|_| ())
        })
    }

    /// Destroys what an older increment of a backup has of a tenant whose account ended since. The certificate was given
    /// then.
    pub(crate) fn close_keyless(&self, tenant: TenantId, now: u64) -> Result<(), StoreError> {
        let sql = "INSERT INTO closings (tenant, name, at, facts, certificate) SELECT id, name, $1, '{}', '{}' \
                   FROM tenants WHERE id = $2 ON CONFLICT (tenant) DO NOTHING";
        self.writer().run(sql, &[now.into(), tenant.into()])?;
        self.destroy_tenant(tenant)
    }

    /// The tenants that are being closed, or were.
    ///
    /// # Errors
    /// What the database said.
    pub fn closings(&self) -> Result<Vec<Closing>, StoreError> {
        let sql = "SELECT tenant, name, at, facts, certificate FROM closings ORDER BY tenant";
        let rows = self.reader().rows(sql, &[])?;
        Ok(rows
            .iter()
            .map(|r| Closing {
                tenant: TenantId(r.int(0) as u64),
                name: r.text(1).into(),
                at: r.int(2) as u64,
                facts: r.text(3).into(),
                certificate: Some(r.text(4)).filter(|c| !c.is_empty()).map(str::to_string),
            })
            .collect())
    }

    /// Destroys everything of a tenant that is being closed: keys, recordings, rows. Done again it finds what came after.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when no closing was begun; else what database or disk said, and what was done stays done.
    pub fn destroy_tenant(&self, tenant: TenantId) -> Result<(), StoreError> {
        if !self.closings()?.iter().any(|c| c.tenant == tenant) {
            return Err(StoreError::Refused("this tenant is not being closed".into()));
        }
        self.keys().destroy_tenant(tenant)?;
        loop {
            let sql = "SELECT id, blob FROM recordings WHERE tenant = $1 ORDER BY id LIMIT $2";
            let rows = self.reader().rows(sql, &[tenant.into(), PAGE.into()])?;
            for row in &rows {
                self.blobs().remove(row.text(1))?;
            }
            let Some(last) = rows.last().map(|r| r.int(0)) else { break };
            let sql = "DELETE FROM recordings WHERE tenant = $1 AND id <= $2";
            self.writer().run(sql, &[tenant.into(), Value::Int(last)])?;
        }
        self.blobs().remove_folder(&format!("recordings/{}", tenant.0))?;
        let tables: Vec<String> = self.rows_of(tenant)?.into_iter().map(|(table, _)| table).collect();
        let mut db = self.writer();
        // Whoever reads the file finds nothing where the rows were.
        db.rows("PRAGMA secure_delete=ON", &[])?;
        let gone = clear(&mut **db, tenant, &tables);
        db.rows("PRAGMA secure_delete=OFF", &[])?;
        gone?;
        // The log written ahead still has what was overwritten.
        let emptied = db.rows("PRAGMA wal_checkpoint(TRUNCATE)", &[])?;
        match emptied.first().is_none_or(|r| r.int(0) == 0) {
            true => Ok(()),
            false => Err(StoreError::Database(
                "somebody reads it, a backup for one: its log still has what was deleted, and is emptied later".into(),
            )),
        }
    }

    /// Keeps the certificate of a closing: it is done.
    ///
    /// # Errors
    /// What the database said.
    pub fn end_closing(&self, tenant: TenantId, certificate: &str) -> Result<(), StoreError> {
        let sql = "UPDATE closings SET certificate = $1 WHERE tenant = $2 AND certificate IS NULL";
        self.writer().run(sql, &[certificate.into(), tenant.into()]).map(|_| ())
    }
}

fn clear(db: &mut dyn Sql, tenant: TenantId, tables: &[String]) -> Result<(), StoreError> {
    for table in tables.iter().filter(|t| *t != CLOSINGS) {
        db.run(&format!("DELETE FROM {table} WHERE tenant = $1"), &[tenant.into()])?;
    }
    db.run("DELETE FROM tenants WHERE id = $1", &[tenant.into()]).map(|_| ())
}
