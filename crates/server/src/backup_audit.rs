//! Backups in the audit log. They are made and tried out by other processes too, which must not write beside a running
//! server; they write beside the database what they did, and the server that has the log open notes it.

use crate::view;
use engine::Time;
use store::{AuditFilter, Store, StoreError, TenantId};

/// Who stands in the entries.
const WHO: &str = "backup";

/// Notes in each tenant's log what was done with backups since the last look, each increment and each trial.
///
/// # Errors
/// When list or log cannot be read or written: the next look goes on.
pub fn note(store: &Store) -> Result<(), StoreError> {
    let work = store.backup_work()?;
    if work.is_empty() {
        return Ok(());
    }
    for (tenant, _) in store.tenants()? {
        // What was before the tenant was is nothing of its log.
        let Some(first) = store.audit_began(tenant)? else { continue };
        for done in work.iter().filter(|done| done.at >= first) {
            let action = if done.is_rehearsal { "backup.rehearse" } else { "backup.make" };
            note_once(store, tenant, action, done.increment, done.at)?;
        }
    }
    store.forget_backup_work(&work)
}

/// An entry, unless it is there.
fn note_once(
    store: &Store,
    tenant: TenantId,
    action: &str,
    increment: u64,
    at: u64,
) -> Result<(), StoreError> {
    let object = format!("Backup/{increment} {}", view::time(Time(at)));
    let filter = AuditFilter {
        action: Some(action.into()),
        object: Some(object.clone()),
        limit: 1,
        ..AuditFilter::default()
    };
    match store.audit_entries(tenant, &filter)?.is_empty() {
        true => store.audit(tenant, crate::clock::wall_ms(), WHO, action, &object),
        false => Ok(()),
    }
}
