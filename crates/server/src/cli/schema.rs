//! `switchroom schema`

use crate::cli::arguments::Arguments;
use crate::cli::{Outcome, say};

/// Runs the command.
pub fn run(args: Arguments) -> Outcome {
    args.end()?;
    say(&serde_json::to_string_pretty(&crate::tenant::schema::whole()).map_err(|e| e.to_string())?);
    Ok(())
}
