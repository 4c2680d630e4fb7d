//! `switchroom rehearse`: restores a backup into a scratch place and says what is not as it was.

use crate::cli::arguments::Arguments;
use crate::cli::backup::progress;
use crate::cli::restore::wanted;
use crate::cli::{Failure, Outcome, say};
use crate::{config, rehearsal, running};
use std::path::Path;

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    let dir = args.operand("the folder of the backup")?;
    let increment = args.take("increment").map(|n| wanted(&n)).transpose()?;
    let scratch = args.take("scratch");
    let settings = running::store_settings(&config::load(Path::new(&args.need("config")?))?);
    args.end()?;
    let place = match &scratch {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    let place =
        place.map_err(|e| format!("a scratch place cannot be made: {e}; name one with --scratch DIR"))?;
    let found = rehearsal::rehearse(&settings, &dir, increment, place.path(), &mut progress)?;
    say(&found.lines.join("\n"));
    match found.faults.is_empty() {
        true => Ok(()),
        false => Err(Failure::from(found.faults)),
    }
}
