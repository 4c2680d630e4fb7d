//! Backups: how old the newest is, whether it was restored for trial, and whether one holds a key that was destroyed.

use crate::attest::check::{Found, Ground, Subject};
use crate::attest::inside::day;
use serde_json::json;
use store::{Copy, CopyState};

/// How old the newest backup may be: a daily one that failed once is still one.
const OLDEST_BACKUP_MS: u64 = 2 * 86_400_000;
/// How long ago one may have been restored for trial: about a quarter of a year.
const OLDEST_REHEARSAL_MS: u64 = 92 * 86_400_000;

/// Whether there is a backup, and how old it is.
pub fn check(ground: &Ground, _: &Subject) -> Found {
    let against = "the backups that this server knows of: their newest increments, rehearsals, and keys";
    let states = match ground.handle.store.replace_copies() {
        Ok(states) => states,
        Err(e) => return Found::not_done(against, e.to_string()),
    };
    let now = crate::clock::wall_ms();
    let (mut is_new, mut is_sound, mut is_clean) = (false, false, true);
    let mut lines = Vec::new();
    for (n, state) in states.iter().enumerate() {
        let copy = &state.copy;
        // One and the same is new and was tried: another's trial says nothing of it.
        let (new, tried) = (
            now.saturating_sub(copy.at) < OLDEST_BACKUP_MS,
            copy.rehearsed > 0 && now.saturating_sub(copy.rehearsed) < OLDEST_REHEARSAL_MS,
        );
        let is_there = copy.is_there();
        is_new |= new;
        is_sound |= new && tried && is_there;
        is_clean &= state.pending.is_none();
        if copy.is_made() && !is_there {
            lines.push(format!("backup {}: its newest increment is not where it was made", n + 1));
        }
        lines.push(line(n + 1, state));
    }
    match (states.is_empty(), is_new, is_sound) {
        (true, ..) => lines.push("this server knows of no backup of its data".into()),
        (_, false, _) => lines.push("no backup is younger than two days".into()),
        (.., false) => lines.push(
            "none that is younger than two days is whole and was restored for trial within the last 92 days"
                .into(),
        ),
        _ => {}
    }
    let standing = ground.handle.backups.standing();
    lines.push(match standing.is_scheduled {
        true => "this server makes backups by itself".into(),
        false => "this server makes none by itself: the operator does".into(),
    });
    if let Some(failed) = standing.failed {
        lines.push(format!("the newest {} failed on {}", failed.of, day(failed.at)));
    }
    Found {
        good: Some(is_sound && is_clean && standing.failed.is_none()),
        against: against.into(),
        lines,
        data: json!({"backups": states.len()}),
    }
}

fn line(number: usize, state: &CopyState) -> String {
    let keys = match state.pending {
        None => "it holds no key that was destroyed",
        Some(_) => "it may hold a key that was destroyed, and cannot be reached",
    };
    format!("backup {number}: {}; {keys}", made(&state.copy))
}

fn made(copy: &Copy) -> String {
    if !copy.is_made() {
        return "begun, and never made to its end".into();
    }
    let seconds = |ms: u64| ms.div_ceil(1_000);
    let tried = match copy.rehearsed {
        0 => "never restored for trial".to_string(),
        at => format!("restored for trial on {}, ready after {} s", day(at), seconds(copy.rehearsed_ms)),
    };
    let (at, took) = (day(copy.at), seconds(copy.took_ms));
    format!("increment {} of {at}, {} bytes, made in {took} s; {tried}", copy.increment, copy.bytes)
}
