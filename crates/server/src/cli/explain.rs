//! `switchroom explain`

use crate::cli::arguments::Arguments;
use crate::cli::remote::{Place, PlaceArguments};
use crate::cli::{Failure, Outcome, say};
use serde_json::Value;

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    let call = args.operand("the call, for example c42")?.display().to_string();
    let place = PlaceArguments::read(&mut args)?;
    args.end()?;
    let Place::Server { url, token } = place.open()? else {
        return Err(Failure::Usage("say --server URL --token T: a running server explains its calls".into()));
    };
    let id: String = call.chars().filter(char::is_ascii_alphanumeric).collect();
    let told: Value = crate::cli::remote::get(&format!("{url}/api/v1/calls/{id}/explanation"), &token)?;
    for line in told["story"].as_array().into_iter().flatten() {
        say(line.as_str().unwrap_or_default());
    }
    for decision in told["decisions"].as_array().into_iter().flatten() {
        say(&format!("\n{}", decision["say"].as_str().unwrap_or_default()));
        for a in decision["agents"].as_array().into_iter().flatten() {
            let text = |key: &str| a[key].as_str().unwrap_or_default().to_string();
            let why = match a["rung"] == true {
                true => "was rung".into(),
                false => text("why_not"),
            };
            say(&format!("  {:<20} {}", text("agent"), why));
        }
    }
    Ok(())
}
