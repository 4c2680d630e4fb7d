//! `switchroom keys`: where the master key is, that it opens what it should, and how old all keys are.

use crate::cli::arguments::Arguments;
use crate::cli::{Outcome, say};
use crate::{config, running, view};
use std::path::Path;

const DAY_MS: u64 = 86_400_000;

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    let settings = running::store_settings(&config::load(Path::new(&args.need("config")?))?);
    args.end()?;
    let (master, ages) = store::keys_beside(&settings).map_err(|e| e.to_string())?;
    let now = crate::clock::wall_ms();
    let age = |since: u64| match since {
        0 => "from before that was written down".to_string(),
        since => {
            format!("since {}, {} days", view::time(engine::Time(since)), now.saturating_sub(since) / DAY_MS)
        }
    };
    let mut lines = vec![format!("master key: {}; in force {}", master.url, age(master.since))];
    lines.extend(
        ages.iter().map(|k| format!("{} keys of kind {}, the oldest {}", k.count, k.kind, age(k.oldest))),
    );
    if master.url != settings.keys {
        lines.push(format!("keys.url says {}: move it there with switchroom rotate-key", settings.keys));
    }
    if store::master_is_asked_for(&settings).map_err(|e| e.to_string())? {
        lines.push(
            "another master key is asked for and not in force yet: a running server's log says why".into(),
        );
    }
    say(&lines.join("\n"));
    Ok(())
}
