//! Whether the parts of the program that meet the outside write their events into the log: by asking the log that is in force
//! for each of them, and by writing a line on the threads that do the work and reading it again.

use crate::attest::check::{Found, Ground, Subject};
use crate::attest::search::find;
use crate::log_tap::Listening;
use serde_json::Value;

/// A part of the program, and whether the log in force takes its warnings, and what it does in the ordinary way.
type Part = (&'static str, [bool; 2]);

/// What the log takes of a module, by the path that its lines carry.
macro_rules! taken {
    ($($name:literal: $module:literal),* $(,)?) => {
        [$((
            $name,
            [
                tracing::enabled!(target: concat!("switchroom::", $module), tracing::Level::WARN),
                tracing::enabled!(target: concat!("switchroom::", $module), tracing::Level::INFO),
            ],
        )),*]
    };
}

fn parts() -> [Part; 12] {
    taken! {
        "SIP": "sip_io",
        "calls": "adapt",
        "strangers and their bans": "adapt::strangers",
        "audio": "media_io",
        "journal": "journal_io",
        "web and API": "http",
        "sign-in": "sign_in",
        "Microsoft": "microsoft",
        "bot": "bot",
        "webhooks and mail": "webhook_io",
        "backups": "backup_io",
        "retention": "retention_io",
    }
}

/// Asks the log, and writes.
pub fn check(ground: &Ground, _: &Subject) -> Found {
    let against =
        "the log in force, for each part of this program, and lines written into it by two of its threads";
    let mut lines = Vec::new();
    let mut good = true;
    for (name, taken) in parts() {
        let said = match taken {
            [true, true] => continue,
            [true, false] => "only what goes wrong is logged",
            [false, _] => "nothing is logged, not even what goes wrong",
        };
        good = false;
        lines.push(format!("{name}: {said}"));
    }
    if good {
        let names = parts().map(|(name, _)| name).join(", ");
        lines.push(format!("the log takes the events of {names}"));
    }
    let ear = Listening::begin();
    tracing::info!(event = "log_checked", part = "check", "a line for the check of the log");
    let told = ground.handle.ask_and_wait(|_, _| {
        tracing::info!(event = "log_checked", part = "switch", "a line for the check of the log");
    });
    if told.is_none() {
        return Found::not_done(against, "the server is stopping".into());
    }
    let heard = ear.heard();
    for (thread, word) in [("the thread of this check", "check"), ("the thread of calls", "switch")] {
        let is_there = heard
            .split(|b| *b == b'\n')
            .any(|line| find(line, b"log_checked", 0).is_some() && find(line, word.as_bytes(), 0).is_some());
        good &= is_there;
        let said = if is_there { "was written" } else { "was NOT written" };
        lines.push(format!("a line of {thread} {said}"));
    }
    Found { good: Some(good), against: against.into(), lines, data: Value::Null }
}
