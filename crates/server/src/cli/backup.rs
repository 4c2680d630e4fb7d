//! `switchroom backup`: a copy of everything, beside a running server or a stopped one.

use crate::cli::arguments::Arguments;
use crate::cli::{Outcome, say};
use crate::{config, running};
use std::io::IsTerminal;
use std::path::Path;

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    let dir = args.operand("the folder of the backup")?;
    let forget = args.take("forget").is_some();
    let settings = running::store_settings(&config::load(Path::new(&args.need("config")?))?);
    args.end()?;
    if forget {
        store::forget_backup(&settings, &dir).map_err(|e| e.to_string())?;
        say(&format!(
            "{} is known no more: destroy what is left of it, for erasures do not reach its keys from now on",
            dir.display()
        ));
        return Ok(());
    }
    let now = crate::clock::wall_ms();
    let done = store::back_up(&settings, &dir, now, &mut progress).map_err(|e| e.to_string())?;
    say(&format!(
        "increment {}: database {} ({} new), {} recordings {} ({} new), {} keys, in {:.1} s; it is in {}",
        done.increment,
        size(done.database),
        size(done.new_database),
        done.blobs,
        size(done.blob_bytes),
        size(done.new_blob_bytes),
        done.keys,
        done.took_ms as f64 / 1_000.0,
        dir.display()
    ));
    Ok(())
}

/// Says on a terminal what is being done.
pub fn progress(what: &str) {
    if std::io::stderr().is_terminal() {
        crate::cli::complain(&format!("{what} …"));
    }
}

/// A size for people.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}
