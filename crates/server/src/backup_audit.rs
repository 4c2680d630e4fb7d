//! Backups in the audit log. They are made and tried out by other processes too, which must not write beside a running
//! server; they say in the list of backups what they did, and the server that has the log open notes it.

use crate::view;
use engine::Time;
use store::{AuditFilter, Copy, Store, StoreError, TenantId};

/// Who stands in the entries.
const WHO: &str = "backup";

/// Notes in each tenant's log what was done with backups since the last look. `seen` is how the list was then.
///
/// # Errors
/// When list or log cannot be read or written.
pub fn note(store: &Store, seen: &mut Vec<Copy>) -> Result<(), StoreError> {
    let copies = store.copies()?;
    if copies == *seen {
        return Ok(());
    }
    for (tenant, _) in store.tenants()? {
        for copy in &copies {
            note_once(store, tenant, "backup.make", copy.increment, copy.at)?;
            note_once(store, tenant, "backup.rehearse", copy.increment, copy.rehearsed)?;
        }
    }
    *seen = copies;
    Ok(())
}

/// An entry, unless it is there or is about a time before the tenant was.
fn note_once(
    store: &Store,
    tenant: TenantId,
    action: &str,
    increment: u64,
    at: u64,
) -> Result<(), StoreError> {
    let first = store.audit_page(tenant, 0)?.first().map(|e| e.at);
    if at == 0 || first.is_none_or(|first| at < first) {
        return Ok(());
    }
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
