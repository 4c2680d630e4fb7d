//! `switchroom plan`

use crate::cli::arguments::Arguments;
use crate::cli::remote::{PlaceArguments, list, wanted};
use crate::cli::{Outcome, say};

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    let dir = args.operand("the folder with the tenant's files")?;
    let place = PlaceArguments::read(&mut args)?;
    args.end()?;
    let documents = wanted(&dir)?;
    let place = place.open()?;
    let steps = place.plan(&documents)?;
    say(&if steps.is_empty() { "nothing would change".into() } else { list(&steps) });
    Ok(())
}
