//! `switchroom backup`: a copy of everything, beside a running server or a stopped one.

use crate::cli::arguments::Arguments;
use crate::cli::{Outcome, say};
use crate::view::size;
use crate::{config, running};
use std::io::IsTerminal;
use std::path::Path;

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    let dir = args.operand("the folder of the backup")?;
    let forget = args.take("forget").is_some();
    let keep = args.take("keep").map(|n| crate::cli::restore::wanted(&n)).transpose()?;
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
    let removed = match keep {
        Some(keep) => store::prune_backup(&dir, keep).map_err(|e| e.to_string())?,
        None => 0,
    };
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
    if removed > 0 {
        say(&format!("{removed} older increments were removed"));
    }
    Ok(())
}

/// Says on a terminal what is being done.
pub fn progress(what: &str) {
    if std::io::stderr().is_terminal() {
        crate::cli::complain(&format!("{what} …"));
    }
}
