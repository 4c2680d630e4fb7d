//! `switchroom restore`: what was backed up, in an empty place.

use crate::cli::arguments::Arguments;
use crate::cli::backup::progress;
use crate::cli::{Failure, Outcome, say};
use crate::view::{self, size};
use crate::{config, running};
use std::path::Path;

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    let dir = args.operand("the folder of the backup")?;
    let increment = args.take("increment").map(|n| wanted(&n)).transpose()?;
    let settings = running::store_settings(&config::load(Path::new(&args.need("config")?))?);
    args.end()?;
    let now = crate::clock::wall_ms();
    let done =
        store::restore(&settings, &dir, increment, Some(now), &mut progress).map_err(|e| e.to_string())?;
    say(&format!(
        "increment {} of {}: database {}, {} recordings {}, {} keys, in {:.1} s{}",
        done.increment,
        view::time(engine::Time(done.at)),
        size(done.database),
        done.blobs,
        size(done.blob_bytes),
        done.keys,
        done.took_ms as f64 / 1_000.0,
        match done.gone {
            0 => String::new(),
            n => format!("; {n} recordings were disposed of since"),
        }
    ));
    // From here on the log says that what stands here was restored.
    let noted = store::Store::open_existing(&settings).and_then(|store| {
        let object = format!("Backup/{} {}", done.increment, view::time(engine::Time(done.at)));
        store
            .tenants()?
            .into_iter()
            .try_for_each(|(tenant, _)| store.audit(tenant, now, "command line", "backup.restore", &object))
    });
    if let Err(e) = noted {
        crate::cli::complain(&format!("the audit log does not say that it was restored: {e}"));
    }
    if done.erased > 0 {
        say(&format!("{} people had been erased since: what was left of them is removed", done.erased));
    }
    Ok(())
}

/// Which increment.
pub fn wanted(text: &str) -> Result<u64, Failure> {
    let number = text.parse::<u64>().ok().filter(|n| *n > 0);
    number.ok_or_else(|| Failure::Usage(format!("{text}: say a number from 1 on")))
}
