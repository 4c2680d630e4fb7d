//! Who did what. An entry names objects by id; personal values stand in it only sealed with the key of their person, so
//! that they go with that key and the chain of the log stays whole.

use crate::audit_actions::is_known;
use crate::audit_chain::{AuditHead, ChainedEntry, digest_of};
use crate::error::StoreError;
use crate::installation::Installation;
use crate::sql::{Row, Sql, Value, transaction};
use crate::store::{Store, TenantId};
use redact::Secret;

/// Entries that are read at once where the whole log is gone through.
pub const AUDIT_PAGE: u32 = 500;

/// An entry.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// As it is chained.
    pub entry: ChainedEntry,
    /// What is sealed in it, opened; `None` where there is nothing, or its person was erased or is restricted.
    pub detail: Option<Secret<String>>,
}

/// Which entries to list.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only those of exactly this author.
    pub who: Option<String>,
    /// Only those whose action begins so: `recording.` or `recording.listen`.
    pub action: Option<String>,
    /// Only those about exactly this object.
    pub object: Option<String>,
    /// Only those at or after this, in milliseconds since 1970.
    pub since: Option<u64>,
    /// Only those before this.
    pub until: Option<u64>,
    /// Only those with a smaller number: where the page before ended.
    pub before: Option<u64>,
    /// At most this many; 1 to 500.
    pub limit: u32,
}

pub(crate) const COLUMNS: &str = "id, at, who, action, object, person, sealed, digest";

pub(crate) fn entry(r: &Row) -> ChainedEntry {
    ChainedEntry {
        id: r.int(0) as u64,
        at: r.int(1) as u64,
        who: r.text(2).into(),
        action: r.text(3).into(),
        object: r.text(4).into(),
        person: r.int(5) as u64,
        sealed: r.bytes(6).to_vec(),
        digest: r.bytes(7).to_vec(),
    }
}

fn head(r: &Row) -> AuditHead {
    AuditHead {
        entry: r.int(0) as u64,
        at: r.int(1) as u64,
        digest: r.bytes(2).to_vec(),
        key: r.bytes(3).to_vec(),
        signature: r.bytes(4).to_vec(),
    }
}

/// What is sealed in an entry belongs to that person and no other.
fn place(person: u64) -> String {
    format!("audit/{person}")
}

/// Seals what an entry says of a person.
pub(crate) fn seal_detail(
    key: &crate::keys::DataKey,
    person: u64,
    detail: &Secret<String>,
) -> Result<Vec<u8>, StoreError> {
    key.seal(&place(person), detail.expose_secret().as_bytes())
}

/// Where the log of a tenant ends: number and digest of the newest entry.
fn end_of(db: &mut dyn Sql, tenant: TenantId) -> Result<(u64, Vec<u8>), StoreError> {
    let sql = "SELECT id, digest FROM audit WHERE tenant = $1 ORDER BY id DESC LIMIT 1";
    let rows = db.rows(sql, &[tenant.into()])?;
    Ok(rows.first().map_or((0, Vec::new()), |r| (r.int(0) as u64, r.bytes(1).to_vec())))
}

pub(crate) fn put(
    db: &mut dyn Sql,
    tenant: TenantId,
    now: u64,
    who: &str,
    action: &str,
    object: &str,
) -> Result<(), StoreError> {
    put_sealed(db, tenant, now, (who, action, object), None)
}

/// The same, with what is sealed for a person: number and bytes.
pub(crate) fn put_sealed(
    db: &mut dyn Sql,
    tenant: TenantId,
    now: u64,
    (who, action, object): (&str, &str, &str),
    sealed: Option<(u64, Vec<u8>)>,
) -> Result<(), StoreError> {
    debug_assert!(is_known(action), "{action} is in no line of AUDIT_ACTIONS");
    let (last, before) = end_of(db, tenant)?;
    let (person, sealed) = sealed.unwrap_or_default();
    let mut entry = ChainedEntry {
        id: last + 1,
        at: now,
        who: who.into(),
        action: action.into(),
        object: object.into(),
        person,
        sealed,
        digest: Vec::new(),
    };
    entry.digest = digest_of(&before, &entry);
    let sql = "INSERT INTO audit (tenant, id, at, who, action, object, person, sealed, digest) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values = [
        tenant.into(),
        entry.id.into(),
        now.into(),
        who.into(),
        action.into(),
        object.into(),
        person.into(),
        entry.sealed.into(),
        entry.digest.into(),
    ];
    db.run(sql, &values).map(|_| ())
}

/// Where the log of a tenant ends, signed. An entry that has a head gets it anew.
pub(crate) fn sign_end(
    db: &mut dyn Sql,
    of: (TenantId, &str),
    installation: &Installation,
    now: u64,
) -> Result<(), StoreError> {
    let end = end_of(db, of.0)?;
    put_head(db, of, installation, now, end).map(|_| ())
}

/// A head over this entry with this digest; in place of the one that it has, if it has one. `of` is the tenant and its name.
pub(crate) fn put_head(
    db: &mut dyn Sql,
    (tenant, name): (TenantId, &str),
    installation: &Installation,
    now: u64,
    (entry, digest): (u64, Vec<u8>),
) -> Result<AuditHead, StoreError> {
    let key = installation.public_key();
    let mut head = AuditHead { entry, at: now, digest, key, signature: Vec::new() };
    head.signature = installation.sign(&head.said(name));
    let sql = "INSERT INTO audit_heads (tenant, entry, at, digest, key, signature) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant, entry) DO UPDATE SET \
               at = excluded.at, digest = excluded.digest, key = excluded.key, signature = excluded.signature, \
               sent = 0";
    let values = [
        tenant.into(),
        head.entry.into(),
        head.at.into(),
        head.digest.clone().into(),
        head.key.clone().into(),
        head.signature.clone().into(),
    ];
    db.run(sql, &values)?;
    Ok(head)
}

/// Chains the entries that were written before the log was a chain. Part of that change of the tables.
pub(crate) fn chain_existing(db: &mut dyn Sql) -> Result<(), StoreError> {
    let rows = db.rows("SELECT DISTINCT tenant FROM audit", &[])?;
    for tenant in rows.iter().map(|r| TenantId(r.int(0) as u64)) {
        let (mut after, mut before) = (0u64, Vec::new());
        loop {
            let sql =
                format!("SELECT {COLUMNS} FROM audit WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3");
            let page = db.rows(&sql, &[tenant.into(), after.into(), i64::from(AUDIT_PAGE).into()])?;
            for entry in page.iter().map(entry) {
                after = entry.id;
                before = digest_of(&before, &entry);
                let sql = "UPDATE audit SET digest = $1 WHERE tenant = $2 AND id = $3";
                db.run(sql, &[before.clone().into(), tenant.into(), entry.id.into()])?;
            }
            if page.len() < AUDIT_PAGE as usize {
                break;
            }
        }
    }
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

    /// Adds an entry that says more about a person who called, sealed with that person's key.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the person was erased; else what the database said.
    pub fn audit_about(
        &self,
        tenant: TenantId,
        now: u64,
        (who, action, object): (&str, &str, &str),
        person: u64,
        detail: &Secret<String>,
    ) -> Result<(), StoreError> {
        let key = self.keys().of_person(tenant, person)?;
        let sealed = seal_detail(&key, person, detail)?;
        put_sealed(&mut **self.writer(), tenant, now, (who, action, object), Some((person, sealed)))
    }

    /// Entries, newest first.
    ///
    /// # Errors
    /// What the database said.
    pub fn audit_entries(
        &self,
        tenant: TenantId,
        filter: &AuditFilter,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let mut values = vec![tenant.into(), filter.before.map_or(i64::MAX, |b| b as i64).into()];
        let mut only = String::new();
        let mut also = |how: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                only += &format!(" AND {how} ${}", values.len());
            }
        };
        also("who =", filter.who.as_deref().map(Value::from));
        also("object =", filter.object.as_deref().map(Value::from));
        also("at >=", filter.since.map(Value::from));
        also("at <", filter.until.map(Value::from));
        // Words of actions are small letters, dots and hyphens: what begins so stands below the last of them.
        also("action >=", filter.action.as_deref().map(Value::from));
        also("action <", filter.action.as_ref().map(|a| Value::Text(format!("{a}~"))));
        values.push(i64::from(filter.limit.clamp(1, AUDIT_PAGE)).into());
        let n = values.len();
        let sql = format!(
            "SELECT {COLUMNS} FROM audit WHERE tenant = $1 AND id < $2{only} ORDER BY id DESC LIMIT ${n}"
        );
        let rows = self.reader().rows(&sql, &values)?;
        Ok(rows
            .iter()
            .map(entry)
            .map(|entry| AuditEntry { detail: self.detail(tenant, &entry), entry })
            .collect())
    }

    fn detail(&self, tenant: TenantId, entry: &ChainedEntry) -> Option<Secret<String>> {
        (!entry.sealed.is_empty()).then_some(())?;
        let sql = "SELECT restricted FROM persons WHERE tenant = $1 AND id = $2";
        let rows = self.reader().rows(sql, &[tenant.into(), entry.person.into()]).ok()?;
        rows.first().is_none_or(|r| r.int(0) == 0).then_some(())?;
        let key = self.keys().of_person(tenant, entry.person).ok()?;
        let plain = key.open(&place(entry.person), &entry.sealed).ok()?;
        String::from_utf8(plain).ok().map(Secret::new)
    }

    /// When the first entry that is kept was written; nothing where there is none.
    ///
    /// # Errors
    /// What the database said.
    pub fn audit_began(&self, tenant: TenantId) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT at FROM audit WHERE tenant = $1 ORDER BY id LIMIT 1";
        Ok(self.reader().rows(sql, &[tenant.into()])?.first().map(|r| r.int(0) as u64))
    }

    /// Which of these tables have something from after that time, in milliseconds since 1970: `sessions`, `object_versions`.
    /// Whatever is in them stands in the log, too.
    ///
    /// # Errors
    /// What the database said.
    pub fn done_since(&self, tenant: TenantId, time: u64) -> Result<Vec<&'static str>, StoreError> {
        let mut done = Vec::new();
        for (table, at) in [("sessions", "began"), ("object_versions", "at")] {
            let sql = format!("SELECT 1 FROM {table} WHERE tenant = $1 AND {at} > $2 LIMIT 1");
            if !self.reader().rows(&sql, &[tenant.into(), time.into()])?.is_empty() {
                done.push(table);
            }
        }
        Ok(done)
    }

    /// Entries as they are chained, oldest first: those behind `after`, at most [`AUDIT_PAGE`].
    ///
    /// # Errors
    /// What the database said.
    pub fn audit_page(&self, tenant: TenantId, after: u64) -> Result<Vec<ChainedEntry>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM audit WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3");
        let values = [tenant.into(), after.into(), i64::from(AUDIT_PAGE).into()];
        Ok(self.reader().rows(&sql, &values)?.iter().map(entry).collect())
    }

    /// The heads that were signed, oldest first.
    ///
    /// # Errors
    /// What the database said.
    pub fn audit_heads(&self, tenant: TenantId) -> Result<Vec<AuditHead>, StoreError> {
        let sql =
            "SELECT entry, at, digest, key, signature FROM audit_heads WHERE tenant = $1 ORDER BY entry, at";
        Ok(self.reader().rows(sql, &[tenant.into()])?.iter().map(head).collect())
    }

    /// Signs where the log ends now. `None` where there is no entry.
    ///
    /// # Errors
    /// What the database said.
    pub fn sign_audit_head(&self, tenant: TenantId, now: u64) -> Result<Option<AuditHead>, StoreError> {
        let installation = self.installation()?;
        let name = self.tenant_name(tenant)?;
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            let (last, digest) = end_of(db, tenant)?;
            if last == 0 {
                return Ok(None);
            }
            put_head(db, (tenant, &name), &installation, now, (last, digest)).map(Some)
        })
    }

    /// The newest head, unless it was sent elsewhere.
    ///
    /// # Errors
    /// What the database said.
    pub fn unsent_audit_head(&self, tenant: TenantId) -> Result<Option<AuditHead>, StoreError> {
        let sql = "SELECT entry, at, digest, key, signature, sent FROM audit_heads WHERE tenant = $1 \
                   ORDER BY entry DESC LIMIT 1";
        let rows = self.reader().rows(sql, &[tenant.into()])?;
        Ok(rows.first().filter(|r| r.int(5) == 0).map(head))
    }

    /// A head was sent elsewhere.
    ///
    /// # Errors
    /// What the database said.
    pub fn audit_head_sent(&self, tenant: TenantId, head: &AuditHead, now: u64) -> Result<(), StoreError> {
        let sql = "UPDATE audit_heads SET sent = $1 WHERE tenant = $2 AND entry = $3 AND at = $4";
        self.writer().run(sql, &[now.into(), tenant.into(), head.entry.into(), head.at.into()])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit_chain::ChainCheck;
    use crate::migrations::{AUDIT_CHAIN, DATA, migrate};
    use crate::sqlite::{Sqlite, Use};

    #[test]
    fn entries_from_before_the_chain_are_chained_with_the_change_of_the_tables() {
        let dir = tempfile::tempdir().unwrap();
        let mut db = Sqlite::open(&dir.path().join("x.db"), Use::Data, false).unwrap();
        let before = DATA.iter().position(|sql| *sql == AUDIT_CHAIN).unwrap();
        migrate(&mut db, &DATA[..before]).unwrap();
        for (tenant, id) in (1..=1_203u64).flat_map(|id| [(TenantId(1), id), (TenantId(2), id)]) {
            let sql =
                "INSERT INTO audit (tenant, id, at, who, action, object) VALUES ($1, $2, $3, 'a', 'b', 'c')";
            db.run(sql, &[tenant.into(), id.into(), id.into()]).unwrap();
        }
        migrate(&mut db, DATA).unwrap();
        for tenant in [TenantId(1), TenantId(2)] {
            put(&mut db, tenant, 9, "a", "audit.export", "c").unwrap();
            let sql = format!("SELECT {COLUMNS} FROM audit WHERE tenant = $1 ORDER BY id");
            let rows = db.rows(&sql, &[tenant.into()]).unwrap();
            let mut check = ChainCheck::new("acme", &[], Vec::new());
            rows.iter().for_each(|r| check.entry(&entry(r)));
            let report = check.end();
            assert_eq!((report.entries, report.faults.len()), (1_204, 0), "{report:?}");
        }
    }
}
