//! The end of an account: everything of a tenant is destroyed, keys first, and what was destroyed stays known.
//!
//! A closing is written down before anything stops: from then on no token and no session of the tenant counts. Until its
//! data begins to be destroyed it can be taken back. It is done when its certificate is written: interrupted anywhere, it
//! goes on from the beginning, and finds less. Deleted rows are overwritten, here and in the log that the database writes
//! ahead.

use crate::error::StoreError;
use crate::keys::DataKey;
use crate::sql::{Row, Sql, Value, transaction};
use crate::store::{Store, TenantId};
use crate::tokens::token_hash;
use redact::Secret;

/// Recordings that are removed at once.
const PAGE: u64 = 500;
/// The table that outlasts the tenant.
const CLOSINGS: &str = "closings";
/// What is known of the contents before they are destroyed.
const NOTHING_NOTED: &str = "{}";
const COLUMNS: &str = "tenant, name, at, due, begun, facts, certificate";

/// A tenant that is being closed, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Its number, which no other tenant gets.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// When it was asked for, in milliseconds since 1970.
    pub at: u64,
    /// From when on its data is destroyed, in milliseconds since 1970.
    pub due: u64,
    /// When that began; `None` as long as the closing can be taken back.
    pub begun: Option<u64>,
    /// What there was when that began, as JSON: for the certificate. It names no person.
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

    /// Writes down that an account ended and that its data is destroyed from `due` on; it is in the audit log. Gives the
    /// receipt, by which alone the closing can be looked at later. It is shown this once.
    ///
    /// # Errors
    /// [`StoreError::Refused`] while a legal hold keeps something of the tenant, or when it is being closed already.
    pub fn begin_closing(
        &self,
        tenant: TenantId,
        (now, due): (u64, u64),
        who: &str,
    ) -> Result<Secret<String>, StoreError> {
        let receipt = format!("sc_{}", DataKey::random()?.as_hex());
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            let held = db.rows("SELECT COUNT(*) FROM holds WHERE tenant = $1", &[tenant.into()])?;
            let held = held.first().map_or(0, |r| r.int(0));
            if held > 0 {
                return Err(StoreError::Refused(format!(
                    "legal holds keep data of this tenant ({held}): lift them first"
                )));
            }
            refuse_if_closing(db, tenant)?;
            let sql = "INSERT INTO closings (tenant, name, at, due, facts, receipt) SELECT id, name, $1, $2, $3, $4 \
                       FROM tenants WHERE id = $5";
            let values =
                [now.into(), due.into(), NOTHING_NOTED.into(), token_hash(&receipt).into(), tenant.into()];
            db.run(sql, &values)?;
            let rows = db.rows("SELECT name FROM closings WHERE tenant = $1", &[tenant.into()])?;
            let name = rows.first().ok_or_else(|| StoreError::NotFound("this tenant".into()))?.text(0);
            crate::audit::put(db, tenant, now, who, "tenant.close", &format!("Tenant/{name}"))
        })?;
        Ok(Secret::new(receipt))
    }

    /// Has the data of an account that ended destroyed earlier than was said, if that has not begun; it is in the audit log.
    /// Whether anything was changed.
    ///
    /// # Errors
    /// What the database said.
    pub fn hasten_closing(
        &self,
        tenant: TenantId,
        (now, due): (u64, u64),
        who: &str,
    ) -> Result<bool, StoreError> {
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            let sql = "UPDATE closings SET due = $1 WHERE tenant = $2 AND begun IS NULL AND due > $1 RETURNING name";
            let rows = db.rows(sql, &[due.into(), tenant.into()])?;
            let Some(row) = rows.first() else { return Ok(false) };
            crate::audit::put(db, tenant, now, who, "tenant.close", &format!("Tenant/{}", row.text(0)))?;
            Ok(true)
        })
    }

    /// Takes a closing back; it is in the audit log.
    ///
    /// # Errors
    /// [`StoreError::Refused`] once its data is being destroyed, or was.
    pub fn take_back_closing(&self, tenant: TenantId, now: u64, who: &str) -> Result<(), StoreError> {
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            let sql = "SELECT name FROM closings WHERE tenant = $1 AND begun IS NULL";
            let rows = db.rows(sql, &[tenant.into()])?;
            let row = rows.first().ok_or_else(|| {
                StoreError::Refused(
                    "this account is not being closed, or its data is being destroyed: that cannot be taken back"
                        .into(),
                )
            })?;
            db.run("DELETE FROM closings WHERE tenant = $1", &[tenant.into()])?;
            crate::audit::put(db, tenant, now, who, "tenant.reopen", &format!("Tenant/{}", row.text(0)))
        })
    }

    /// Begins to destroy the data of an account that ended, once that is due. Whether it began, now or earlier: from here
    /// on nothing takes it back.
    ///
    /// # Errors
    /// What the database said.
    pub fn begin_disposal(&self, tenant: TenantId, now: u64) -> Result<bool, StoreError> {
        let mut db = self.writer();
        let sql = "UPDATE closings SET begun = $1 WHERE tenant = $2 AND begun IS NULL AND due <= $1";
        db.run(sql, &[now.into(), tenant.into()])?;
        let sql = "SELECT 1 FROM closings WHERE tenant = $1 AND begun IS NOT NULL";
        Ok(!db.rows(sql, &[tenant.into()])?.is_empty())
    }

    /// Notes what there is of a tenant before it is destroyed, unless that was noted: an interrupted disposal finds less.
    ///
    /// # Errors
    /// What the database said.
    pub fn note_belongings(&self, tenant: TenantId, facts: &str) -> Result<(), StoreError> {
        let sql = "UPDATE closings SET facts = $1 WHERE tenant = $2 AND facts = $3 AND certificate IS NULL";
        self.writer().run(sql, &[facts.into(), tenant.into(), NOTHING_NOTED.into()]).map(|_| ())
    }

    /// Whether an account ended: its data waits to be destroyed, is being destroyed, or is gone.
    ///
    /// # Errors
    /// What the database said.
    pub fn is_closing(&self, tenant: TenantId) -> Result<bool, StoreError> {
        let rows = self.reader().rows("SELECT 1 FROM closings WHERE tenant = $1", &[tenant.into()])?;
        Ok(!rows.is_empty())
    }

    /// The closing that a secret may look at and take back, and whose secret it is for the audit log: the receipt of the
    /// closing, or a token of one of the tenant's owners as long as it is there.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is neither.
    pub fn closing_of(&self, secret: &str) -> Result<(Closing, String), StoreError> {
        let hash = token_hash(secret);
        let mut db = self.reader();
        let sql = format!("SELECT {COLUMNS} FROM closings WHERE receipt = $1");
        if let Some(row) = db.rows(&sql, &[hash.clone().into()])?.first() {
            return Ok((closing(row), "receipt".into()));
        }
        let sql = "SELECT tenant, id FROM tokens WHERE hash = $1 AND role = 'owner'";
        let missing = || StoreError::NotFound("closing that this receipt or token is for".into());
        let rows = db.rows(sql, &[hash.into()])?;
        let (tenant, id) = rows.first().map(|r| (r.int(0), r.int(1))).ok_or_else(missing)?;
        let sql = format!("SELECT {COLUMNS} FROM closings WHERE tenant = $1");
        let rows = db.rows(&sql, &[tenant.into()])?;
        Ok((closing(rows.first().ok_or_else(missing)?), format!("token {id}")))
    }

    /// Destroys what an older increment of a backup has of a tenant whose account ended since. The certificate was given
    /// then.
    pub(crate) fn close_keyless(&self, tenant: TenantId, now: u64) -> Result<(), StoreError> {
        let sql = "INSERT INTO closings (tenant, name, at, due, begun, facts, certificate) \
                   SELECT id, name, $1, $1, $1, '{}', '{}' FROM tenants WHERE id = $2 ON CONFLICT (tenant) \
                   DO UPDATE SET begun = COALESCE(closings.begun, excluded.begun), \
                   certificate = COALESCE(closings.certificate, excluded.certificate)";
        self.writer().run(sql, &[now.into(), tenant.into()])?;
        self.destroy_tenant(tenant)
    }

    /// The tenants that are being closed, or were.
    ///
    /// # Errors
    /// What the database said.
    pub fn closings(&self) -> Result<Vec<Closing>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM closings ORDER BY tenant");
        Ok(self.reader().rows(&sql, &[])?.iter().map(closing).collect())
    }

    /// Destroys everything of a tenant that is being closed: keys, recordings, rows. Done again it finds what came after.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when that was not begun; else what database or disk said, and what was done stays done.
    pub fn destroy_tenant(&self, tenant: TenantId) -> Result<(), StoreError> {
        if !self.closings()?.iter().any(|c| c.tenant == tenant && c.begun.is_some()) {
            return Err(StoreError::Refused("the data of this tenant is not to be destroyed".into()));
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
        drop(db);
        match self.empty_log()? {
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

/// Refuses what must not begin once an account ended.
pub(crate) fn refuse_if_closing(db: &mut dyn Sql, tenant: TenantId) -> Result<(), StoreError> {
    match db.rows("SELECT 1 FROM closings WHERE tenant = $1", &[tenant.into()])?.is_empty() {
        true => Ok(()),
        false => Err(StoreError::Refused(
            "this account is closed: as long as its data is there, that can be taken back".into(),
        )),
    }
}

fn closing(r: &Row) -> Closing {
    Closing {
        tenant: TenantId(r.int(0) as u64),
        name: r.text(1).into(),
        at: r.int(2) as u64,
        due: r.int(3) as u64,
        begun: r.maybe_int(4).map(|t| t as u64),
        facts: r.text(5).into(),
        certificate: Some(r.text(6)).filter(|c| !c.is_empty()).map(str::to_string),
    }
}

fn clear(db: &mut dyn Sql, tenant: TenantId, tables: &[String]) -> Result<(), StoreError> {
    for table in tables.iter().filter(|t| *t != CLOSINGS) {
        db.run(&format!("DELETE FROM {table} WHERE tenant = $1"), &[tenant.into()])?;
    }
    db.run("DELETE FROM tenants WHERE id = $1", &[tenant.into()]).map(|_| ())
}
