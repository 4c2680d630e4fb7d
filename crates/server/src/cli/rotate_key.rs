//! `switchroom rotate-key`: another master key, beside a running server or a stopped one.

use crate::cli::arguments::Arguments;
use crate::cli::{Failure, Outcome, say};
use crate::{config, key_rotation, running};
use std::path::Path;
use std::time::{Duration, Instant};
use store::{Store, StoreError};

/// How long a running server may take to take it up.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    let settings = running::store_settings(&config::load(Path::new(&args.need("config")?))?);
    let is_file = settings.keys.starts_with("file:");
    args.end()?;
    let said = |e: StoreError| Failure::NotInOrder(e.to_string());
    store::ask_for_master(&settings).map_err(said)?;
    match Store::open_existing(&settings) {
        Ok(store) => {
            key_rotation::take_up(&store)?;
        }
        // The server that has it open does it.
        Err(StoreError::InUse(_)) => {
            let until = Instant::now() + PATIENCE;
            while store::master_is_asked_for(&settings).map_err(said)? {
                if Instant::now() >= until {
                    return Err(Failure::NotInOrder(
                        "the server has not taken the new master key up: its log says why; the old one is in force, and both files \
                         must stay where they are"
                            .into(),
                    ));
                }
                std::thread::park_timeout(Duration::from_millis(100));
            }
        }
        Err(e) => return Err(said(e)),
    }
    // One in a token is a key that nobody can copy.
    say(match is_file {
        true => {
            "another master key is in force; copy it to where keys are kept, and destroy the old one there"
        }
        false => {
            "another master key is in force; the token has both: destroy the old one there when no backup needs it"
        }
    });
    Ok(())
}
