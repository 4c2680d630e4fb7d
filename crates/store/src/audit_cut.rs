//! Disposing of the beginning of an audit log: what goes is written down and signed first, then the entries go, from the oldest
//! on. A run that was interrupted is ended by the next one.

use crate::audit::{AUDIT_PAGE, COLUMNS, entry, put_head, put_sealed, sign_end};
use crate::audit_chain::{AuditCut, CUT, digest_of};
use crate::disposal::Disposed;
use crate::error::StoreError;
use crate::installation::{Installation, verify_signature};
use crate::sql::{Sql, transaction};
use crate::store::{Store, TenantId};

/// Entries that go with one transaction.
const BATCH: u64 = 2_000;
/// A head is signed each day. What no head ends within this time after it was due is not waited for: a head is made, in
/// milliseconds.
const LATEST_MS: u64 = 86_400_000;
/// Who stands in the entry.
const WHO: &str = "retention";

/// What goes.
struct Plan {
    /// The first entry that is there.
    first: u64,
    /// The newest one that goes.
    last: u64,
    /// Entries that are due and that a hold keeps.
    held: u64,
    /// A cut that was written down says so, and not all of it was done: that, and its signature.
    written: Option<(AuditCut, Vec<u8>)>,
}

impl Plan {
    fn rows(&self) -> u64 {
        (self.last + 1).saturating_sub(self.first)
    }
}

/// One number, or nothing.
fn number(db: &mut dyn Sql, sql: &str, values: &[crate::sql::Value]) -> Result<Option<u64>, StoreError> {
    Ok(db.rows(sql, values)?.first().and_then(|r| r.maybe_int(0)).map(|n| n as u64))
}

/// What a rule takes of entries from before this time. While a hold is in force, what was written since it was placed stays,
/// and so does everything from the first entry on that says of a made-up person who was not erased yet that there is one.
fn plan(db: &mut dyn Sql, tenant: TenantId, before: u64) -> Result<Option<Plan>, StoreError> {
    let of = [tenant.into()];
    let ends = db.rows("SELECT MIN(id), MAX(id) FROM audit WHERE tenant = $1", &of)?;
    let Some((first, newest)) =
        ends.first().and_then(|r| Some((r.maybe_int(0)? as u64, r.maybe_int(1)? as u64)))
    else {
        return Ok(None);
    };
    let sql = "SELECT object, sealed FROM audit WHERE tenant = $1 AND action = $2 ORDER BY id DESC LIMIT 1";
    let rows = db.rows(sql, &[tenant.into(), CUT.into()])?;
    let newest_cut = rows.first().and_then(|r| Some((AuditCut::of(r.text(0))?, r.bytes(1).to_vec())));
    if let Some(written) = newest_cut.filter(|(cut, _)| cut.entry >= first) {
        return Ok(Some(Plan { first, last: written.0.entry, held: 0, written: Some(written) }));
    }
    // Entries behind one that stays, stay, whatever their times: a clock may have been set.
    let since = "SELECT MIN(id) FROM audit WHERE tenant = $1 AND at >= $2";
    let mut until = |time: u64| -> Result<u64, StoreError> {
        Ok(number(db, since, &[tenant.into(), time.into()])?.map_or(newest, |id| id - 1))
    };
    let due = until(before)?;
    let late = until(before.saturating_sub(LATEST_MS))?;
    let hold = number(db, "SELECT MIN(at) FROM holds WHERE tenant = $1", &of)?;
    let free = match hold {
        Some(hold) => number(db, since, &[tenant.into(), hold.into()])?.map_or(newest, |id| id - 1),
        None => newest,
    };
    let sql = "SELECT MIN(a.id) FROM audit a JOIN persons p ON p.tenant = a.tenant AND p.id = a.person \
               WHERE a.tenant = $1 AND a.action >= 'attest.' AND a.action < 'attest.~'";
    let made_up = number(db, sql, &of)?.map_or(newest, |id| id - 1);
    let most = due.min(free).min(made_up);
    let held = due.saturating_sub(free.max(first - 1));
    let sql = "SELECT MAX(entry) FROM audit_heads WHERE tenant = $1 AND entry <= $2";
    let head = number(db, sql, &[tenant.into(), most.into()])?.unwrap_or(0);
    let last = if head < late.min(most) { most } else { head };
    Ok(Some(Plan { first, last, held, written: None }))
}

impl Store {
    /// What [`Store::cut_audit`] would take now, and how many entries that are due a hold keeps.
    pub(crate) fn audit_due(&self, tenant: TenantId, before: u64) -> Result<Disposed, StoreError> {
        let plan = plan(&mut **self.reader(), tenant, before)?;
        Ok(plan.map_or_else(Disposed::default, |p| Disposed {
            rows: p.rows(),
            held: p.held,
            ..Disposed::default()
        }))
    }

    /// Disposes of the beginning of the audit log: of entries from before that time in milliseconds since 1970, up to the
    /// newest one that a head vouches for. First an entry [`CUT`] says so, signed, with a head over it; then rows go, until none
    /// is due or `go_on` says no; it is asked before each batch, while nothing is locked. Gives what went.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where something is wrong with what would go: it stays, to be looked at. Else what the database
    /// said; what went stays gone.
    pub fn cut_audit(
        &self,
        tenant: TenantId,
        before: u64,
        now: u64,
        go_on: &mut dyn FnMut(&Disposed) -> bool,
    ) -> Result<Disposed, StoreError> {
        let installation = self.installation()?;
        let name = self.tenant_name(tenant)?;
        let mut done = Disposed::default();
        loop {
            // In a binding: the reader is given back before anything is written.
            let planned = plan(&mut **self.reader(), tenant, before)?;
            let Some(plan) = planned else { return Ok(done) };
            done.held = plan.held;
            if plan.rows() == 0 || !go_on(&done) {
                return Ok(done);
            }
            match &plan.written {
                // Whoever can write to the database could have us take what they want gone.
                Some((cut, signature)) => {
                    if !verify_signature(&installation.public_key(), &cut.said(&name), signature) {
                        return Err(StoreError::Refused(format!(
                            "nothing of the audit log is disposed of: an entry says that all up to entry {} goes, and this \
                             installation did not sign that; find out who wrote it with switchroom audit verify",
                            cut.entry
                        )));
                    }
                }
                None => {
                    self.look_over(tenant, &plan)?;
                    write_down(&mut **self.writer(), (tenant, &name), &installation, now, plan.last)?;
                }
            }
            let until = plan.last.min(plan.first.saturating_add(BATCH - 1));
            done.rows += go(&mut **self.writer(), (tenant, &name), &installation, now, until)?;
        }
    }

    /// Looks whether what would go is whole: of a log that somebody changed nothing is disposed of.
    fn look_over(&self, tenant: TenantId, plan: &Plan) -> Result<(), StoreError> {
        let heads = self.audit_heads(tenant)?;
        let head_of = |entry: u64| heads.iter().find(|h| h.entry == entry).map(|h| &h.digest);
        let mut before = head_of(plan.first - 1).cloned().unwrap_or_default();
        let mut after = plan.first - 1;
        while after < plan.last {
            let page = self.audit_page(tenant, after)?;
            for entry in page.iter().take_while(|e| e.id <= plan.last) {
                let is_whole = entry.id == after + 1
                    && digest_of(&before, entry) == entry.digest
                    && head_of(entry.id).is_none_or(|digest| *digest == entry.digest);
                if !is_whole {
                    return Err(StoreError::Refused(format!(
                        "nothing of the audit log is disposed of: at entry {} it is not as it was written; find out why \
                         with switchroom audit verify, and compare it with an export or a backup from before",
                        after + 1
                    )));
                }
                after = entry.id;
                before.clone_from(&entry.digest);
            }
            if page.len() < AUDIT_PAGE as usize && after < plan.last {
                return Err(StoreError::Refused("the audit log changed meanwhile".into()));
            }
        }
        Ok(())
    }
}

/// The digest of an entry.
fn digest(db: &mut dyn Sql, tenant: TenantId, id: u64) -> Result<Vec<u8>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE tenant = $1 AND id = $2");
    let rows = db.rows(&sql, &[tenant.into(), id.into()])?;
    let found = rows.first().map(|r| entry(r).digest);
    found.ok_or_else(|| StoreError::Unreadable(format!("entry {id} of the audit log")))
}

/// A head over an entry, unless it has one: those that were sent elsewhere stay as they are.
fn vouch(
    db: &mut dyn Sql,
    of: (TenantId, &str),
    installation: &Installation,
    now: u64,
    id: u64,
) -> Result<Vec<u8>, StoreError> {
    let digest = digest(db, of.0, id)?;
    let sql = "SELECT 1 FROM audit_heads WHERE tenant = $1 AND entry = $2";
    if db.rows(sql, &[of.0.into(), id.into()])?.is_empty() {
        put_head(db, of, installation, now, (id, digest.clone()))?;
    }
    Ok(digest)
}

/// Writes down that all entries up to this one go, signed, and vouches for that: all of it, or nothing.
fn write_down(
    db: &mut dyn Sql,
    of: (TenantId, &str),
    installation: &Installation,
    now: u64,
    last: u64,
) -> Result<(), StoreError> {
    transaction(db, |db| {
        let cut = AuditCut { entry: last, digest: vouch(db, of, installation, now, last)? };
        let signature = installation.sign(&cut.said(of.1));
        put_sealed(db, of.0, now, (WHO, CUT, &cut.object()), Some((0, signature)))?;
        sign_end(db, of, installation, now)
    })
}

/// Takes the entries up to this one, and the heads before it. What is left begins behind a head again.
fn go(
    db: &mut dyn Sql,
    of: (TenantId, &str),
    installation: &Installation,
    now: u64,
    until: u64,
) -> Result<u64, StoreError> {
    transaction(db, |db| {
        vouch(db, of, installation, now, until)?;
        let values = [of.0.into(), until.into()];
        db.run("DELETE FROM audit_heads WHERE tenant = $1 AND entry < $2", &values)?;
        db.run("DELETE FROM audit WHERE tenant = $1 AND id <= $2", &values)
    })
}
