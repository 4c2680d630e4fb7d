//! `switchroom rehearse`: restores a backup into a scratch place, takes every tenant up from it as a start would, and
//! compares. No socket is opened: a rehearsal registers nowhere, tells nobody and takes no call.

use crate::cli::arguments::Arguments;
use crate::cli::audit::stored;
use crate::cli::backup::{progress, size};
use crate::cli::restore::wanted;
use crate::cli::{Failure, Outcome, say};
use crate::{config, running, view};
use std::path::Path;
use store::{CallFilter, Store, StoreError, StoreSettings, TenantId};

/// Calls that are asked for at once.
const PAGE: u32 = 500;

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    let dir = args.operand("the folder of the backup")?;
    let increment = args.take("increment").map(|n| wanted(&n)).transpose()?;
    let scratch = args.take("scratch");
    let settings = running::store_settings(&config::load(Path::new(&args.need("config")?))?);
    args.end()?;
    let began = std::time::Instant::now();
    let place = match &scratch {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    let place =
        place.map_err(|e| format!("a scratch place cannot be made: {e}; name one with --scratch DIR"))?;
    let there = StoreSettings {
        url: format!("sqlite:{}/switchroom.db", place.path().display()),
        full_sync: false,
        blobs: format!("file:{}/blobs", place.path().display()),
        keys: settings.keys.clone(),
    };
    let said = |e: StoreError| e.to_string();
    let restored = store::restore(&there, &dir, increment, None, &mut progress).map_err(said)?;
    let store = Store::open_existing(&there).map_err(said)?;
    let compared = store::compare(&store, &dir, restored.increment).map_err(said)?;
    let mut faults = compared.different;
    let mut lines = vec![
        format!("increment {} of {}", restored.increment, view::time(engine::Time(restored.at))),
        format!(
            "restored: database {}, {} recordings {}, {} keys, every digest as it was written, in {:.1} s",
            size(restored.database),
            restored.blobs,
            size(restored.blob_bytes),
            restored.keys,
            restored.took_ms as f64 / 1_000.0
        ),
        format!("counts and ends of audit logs that are the same: {}", compared.same),
    ];
    for (tenant, name) in store.tenants().map_err(said)? {
        progress(&format!("tenant {name}"));
        let log = stored(&store, tenant, name.clone(), |_| Ok(Vec::new()), None)?;
        faults
            .extend(log.report.faults.iter().map(|f| format!("{name}: audit entry {} {}", f.entry, f.what)));
        lines.push(format!(
            "{name}: {} audit entries, {} signed heads, vouched for up to entry {}",
            log.report.entries, log.report.heads, log.report.vouched
        ));
        match running::taken_up(&store, tenant) {
            Ok(up) => lines.push(format!(
                "{name}: taken up at event {}, {} calls were open; all laws hold",
                up.position, up.open_calls
            )),
            Err(why) => faults.push(format!("{name}: cannot be taken up: {why}")),
        }
        let opened = recordings(&store, tenant, &name, &mut faults)?;
        lines.push(format!("{name}: {opened} recordings open from beginning to end"));
    }
    let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    lines.push(format!("ready after {:.1} s", took as f64 / 1_000.0));
    say(&lines.join("\n"));
    if !faults.is_empty() {
        return Err(Failure::from(faults));
    }
    store::note_rehearsal(&settings, &dir, crate::clock::wall_ms(), took).map_err(said)?;
    Ok(())
}

/// Opens the beginning and the end of every recording with its key.
fn recordings(store: &Store, tenant: TenantId, name: &str, faults: &mut Vec<String>) -> Result<u64, Failure> {
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
