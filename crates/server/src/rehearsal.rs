//! Restores a backup into a scratch place, takes every tenant up from it as a start would, and compares. No socket is opened:
//! a rehearsal registers nowhere, tells nobody and takes no call.

use crate::view::{self, size};
use crate::{audit_file, running};
use std::path::Path;
use store::{CallFilter, Restored, Store, StoreError, StoreSettings, TenantId};

/// Calls that are asked for at once.
const PAGE: u32 = 500;

/// What a rehearsal found.
pub struct Rehearsed {
    /// In words.
    pub lines: Vec<String>,
    /// What is not as it should be, in sentences; empty where everything is.
    pub faults: Vec<String>,
    /// How long it took until everything could be used, in milliseconds.
    pub took_ms: u64,
}

/// Tries an increment out, the newest without `increment`, in an empty folder `place`, which the caller removes. A success is
/// noted beside the database of `settings`.
///
/// # Errors
/// A sentence: the backup could not even be restored.
pub fn rehearse(
    settings: &StoreSettings,
    dir: &Path,
    increment: Option<u64>,
    place: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<Rehearsed, String> {
    let began = std::time::Instant::now();
    let there = StoreSettings {
        url: format!("sqlite:{}/switchroom.db", place.display()),
        full_sync: false,
        blobs: format!("file:{}/blobs", place.display()),
        keys: settings.keys.clone(),
    };
    let said = |e: StoreError| e.to_string();
    let restored = store::restore(&there, dir, increment, None, progress).map_err(said)?;
    let store = Store::open_existing(&there).map_err(said)?;
    let compared = store::compare(&store, dir, restored.increment).map_err(said)?;
    let mut lines = first_lines(&restored, compared.same);
    let mut faults = compared.different;
    for (tenant, name) in store.tenants().map_err(said)? {
        progress(&format!("tenant {name}"));
        one_tenant(&store, tenant, &name, &mut lines, &mut faults)?;
    }
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    lines.push(format!("ready after {:.1} s", took_ms as f64 / 1_000.0));
    if faults.is_empty() {
        store::note_rehearsal(settings, dir, crate::clock::wall_ms(), took_ms).map_err(said)?;
    }
    Ok(Rehearsed { lines, faults, took_ms })
}

fn first_lines(restored: &Restored, same: u64) -> Vec<String> {
    vec![
        format!("increment {} of {}", restored.increment, view::time(engine::Time(restored.at))),
        format!(
            "restored: database {}, {} recordings {}, {} keys, every digest as it was written, in {:.1} s",
            size(restored.database),
            restored.blobs,
            size(restored.blob_bytes),
            restored.keys,
            restored.took_ms as f64 / 1_000.0
        ),
        format!("counts and ends of audit logs that are the same: {same}"),
    ]
}

fn one_tenant(
    store: &Store,
    tenant: TenantId,
    name: &str,
    lines: &mut Vec<String>,
    faults: &mut Vec<String>,
) -> Result<(), String> {
    let log = audit_file::stored(store, tenant, name.into(), |_| Ok(Vec::new()), None)?;
    faults.extend(log.report.faults.iter().map(|f| format!("{name}: audit entry {} {}", f.entry, f.what)));
    lines.push(format!(
        "{name}: {} audit entries, {} signed heads, vouched for up to entry {}",
        log.report.entries, log.report.heads, log.report.vouched
    ));
    match running::taken_up(store, tenant) {
        Ok(up) => lines.push(format!(
            "{name}: taken up at event {}, {} calls were open; all laws hold",
            up.position, up.open_calls
        )),
        Err(why) => faults.push(format!("{name}: cannot be taken up: {why}")),
    }
    let opened = recordings(store, tenant, name, faults)?;
    lines.push(format!("{name}: {opened} recordings open from beginning to end"));
    Ok(())
}

/// Opens the beginning and the end of every recording with its key.
fn recordings(store: &Store, tenant: TenantId, name: &str, faults: &mut Vec<String>) -> Result<u64, String> {
    let (mut opened, mut before) = (0, None);
    loop {
        let filter = CallFilter { before, limit: PAGE, ..CallFilter::default() };
        let page = store.calls(tenant, &filter).map_err(|e| e.to_string())?;
        for id in page.calls.iter().flat_map(|c| &c.recordings) {
            let listen = || -> Result<(), StoreError> {
                let file = store.open_recording(tenant, *id)?;
                file.read(0, 1)?;
                file.read(file.len().saturating_sub(1), 1).map(|_| ())
            };
            match listen() {
                Ok(()) => opened += 1,
                // Disposed of, erased or restricted: as it is where it was backed up.
                Err(StoreError::NotFound(_)) => {}
                Err(e) => faults.push(format!("{name}: {}: {e}", view::recording_id(*id))),
            }
        }
        before = page.next;
        if before.is_none() {
            return Ok(opened);
        }
    }
}
