//! The thread that makes backups by the configuration's schedule, and tries them out. What fails is told as a security event,
//! and tried again after a while; what went well stands in the list of backups beside the database.

use crate::config::ServerConfig;
use crate::rehearsal;
use crate::running::{Handle, store_settings};
use crate::tenant::objects::Span;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use store::{Copy, StoreSettings};

/// Between two looks whether something is due.
const LOOK: Duration = Duration::from_secs(1);
/// After a failure it is tried again so much later.
const AGAIN_MS: u64 = 15 * 60_000;
const DAY_MS: u64 = 86_400_000;
/// Name of the folder that rehearsals restore into, below the scratch place.
const SCRATCH: &str = "rehearsal";
/// The most increments that can be kept.
pub const MOST_KEPT: u64 = 1_000;

/// When backups are made. Times are UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Once a day, so many milliseconds after midnight.
    Daily(u64),
    /// So many milliseconds after the one before.
    Every(u64),
}

impl Schedule {
    /// Reads `daily 03:00` or `every 6h`.
    pub fn read(text: &str) -> Option<Schedule> {
        let (word, rest) = text.split_once(' ')?;
        match word {
            "daily" => {
                let (hour, minute) = rest.split_once(':')?;
                let two = |text: &str, below: u64| {
                    let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
                    text.parse::<u64>().ok().filter(|n| digits && *n < below)
                };
                Some(Schedule::Daily((two(hour, 24)? * 60 + two(minute, 60)?) * 60_000))
            }
            "every" => Span::read(rest).filter(|s| s.0 > 0).map(|s| Schedule::Every(s.0)),
            _ => None,
        }
    }

    /// When the next one is due after one that was made at `last`, in milliseconds since 1970.
    pub fn next(self, last: u64) -> u64 {
        match self {
            Schedule::Every(span) => last.saturating_add(span),
            Schedule::Daily(after_midnight) => {
                let today = last / DAY_MS * DAY_MS + after_midnight;
                if today > last { today } else { today + DAY_MS }
            }
        }
    }
}

/// What is to be done, by the configuration.
#[derive(Clone, Debug)]
pub struct Plan {
    settings: StoreSettings,
    dir: PathBuf,
    schedule: Schedule,
    keep: u64,
    /// Between two rehearsals; 0 is never.
    rehearse_every: u64,
    scratch: PathBuf,
}

/// What failed last and was not done well since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// `backup` or `rehearsal`.
    pub of: &'static str,
}

/// How scheduled backups stand.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Whether the configuration names a folder.
    pub is_scheduled: bool,
    /// When the next one is due, in milliseconds since 1970; 0 is at once.
    pub next: u64,
    /// What failed last.
    pub failed: Option<Failed>,
    /// How many backups failed since the start.
    pub backups_failed: u64,
    /// How many rehearsals failed since the start.
    pub rehearsals_failed: u64,
}

/// Where it stands, for whoever looks.
#[derive(Default)]
pub struct BackupBoard(Mutex<Standing>);

impl BackupBoard {
    /// How it stands now.
    pub fn standing(&self) -> Standing {
        self.held().clone()
    }

    fn held(&self) -> MutexGuard<'_, Standing> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Plan {
    /// What a configuration wants; `None` where it names no folder.
    pub fn of(config: &ServerConfig) -> Option<Plan> {
        let section = &config.backup;
        if section.folder.is_empty() {
            return None;
        }
        let database = Path::new(config.store.url.strip_prefix("sqlite:")?);
        let beside = || database.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        Some(Plan {
            settings: store_settings(config),
            dir: std::path::absolute(&section.folder).ok()?,
            schedule: Schedule::read(&section.when)?,
            keep: u64::try_from(section.keep).ok()?,
            rehearse_every: Span::read(&section.rehearse_every)?.0,
            scratch: if section.scratch.is_empty() { beside() } else { PathBuf::from(&section.scratch) },
        })
    }

    fn copy(&self, handle: &Handle) -> Option<Copy> {
        handle.store.copies().ok()?.into_iter().find(|c| c.dir == self.dir)
    }

    /// Makes a backup if one is due.
    fn back_up(&self, handle: &Handle) -> Result<(), String> {
        let now = crate::clock::wall_ms();
        let last = self.copy(handle).map(|c| c.at);
        let next = last.map_or(0, |at| self.schedule.next(at));
        handle.backups.held().next = next;
        if next > now {
            return Ok(());
        }
        let said = |e: store::StoreError| e.to_string();
        // The first backup of a new installation needs its key.
        handle.store.installation().map_err(said)?;
        let done = store::back_up(&self.settings, &self.dir, now, &mut |_| ()).map_err(said)?;
        let removed = store::prune_backup(&self.dir, self.keep).map_err(said)?;
        tracing::info!(
            event = "backup",
            increment = done.increment,
            bytes = done.new_database + done.new_blob_bytes,
            took_ms = done.took_ms,
            removed,
            "a backup was made"
        );
        handle.backups.held().next = self.schedule.next(now);
        Ok(())
    }

    /// Tries the backup out if that is due.
    fn rehearse(&self, handle: &Handle) -> Result<(), String> {
        let made = self.copy(handle).filter(Copy::is_made);
        let Some(copy) = made.filter(|_| self.rehearse_every > 0) else { return Ok(()) };
        let now = crate::clock::wall_ms();
        if copy.rehearsed > 0 && now < copy.rehearsed.saturating_add(self.rehearse_every) {
            return Ok(());
        }
        let place = self.clear_scratch()?;
        std::fs::create_dir_all(&place).map_err(|e| format!("{}: {e}", place.display()))?;
        // The master key may have been moved since the start.
        let keys = handle.store.master_about().map_err(|e| e.to_string())?.url;
        let settings = StoreSettings { keys, ..self.settings.clone() };
        let found = rehearsal::rehearse(&settings, &self.dir, None, &place, &mut |_| ());
        self.clear_scratch()?;
        let found = found?;
        match found.faults.is_empty() {
            true => {
                tracing::info!(
                    event = "rehearsal",
                    took_ms = found.took_ms,
                    "a backup was restored for trial"
                );
                Ok(())
            }
            false => Err(found.faults.join("; ")),
        }
    }

    /// Removes what a rehearsal restored.
    fn clear_scratch(&self) -> Result<PathBuf, String> {
        let place = self.scratch.join(SCRATCH);
        match std::fs::remove_dir_all(&place) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(format!("{}: {e}", place.display())),
            _ => Ok(place),
        }
    }
}

/// Makes backups until it is dropped.
pub struct BackupJob {
    _stop: Sender<()>,
}

impl BackupJob {
    /// Begins; nothing where the configuration names no folder. One that is under way when the server stops ends with the
    /// process: what it wrote until then counts for nothing, and the increments before it are whole.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn start(handle: Handle, plan: Option<Plan>) -> std::io::Result<BackupJob> {
        let (stop, stopped) = channel::<()>();
        let job = BackupJob { _stop: stop };
        let Some(plan) = plan else { return Ok(job) };
        handle.backups.held().is_scheduled = true;
        if let Err(cause) = plan.clear_scratch() {
            tracing::warn!(event = "rehearsal", cause, "what an earlier rehearsal left cannot be removed");
        }
        let look = move || {
            // When each may be tried again after a failure.
            let mut again = [0u64; 2];
            while matches!(stopped.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout)) {
                for (n, of) in ["backup", "rehearsal"].into_iter().enumerate() {
                    let now = crate::clock::wall_ms();
                    let Some(wait) = again.get_mut(n).filter(|at| **at <= now) else { continue };
                    let done = if n == 0 { plan.back_up(&handle) } else { plan.rehearse(&handle) };
                    let mut board = handle.backups.held();
                    match done {
                        Ok(()) => board.failed = board.failed.filter(|f| f.of != of),
                        Err(cause) => {
                            *wait = now + AGAIN_MS;
                            board.failed = Some(Failed { at: now, of });
                            match n {
                                0 => board.backups_failed += 1,
                                _ => board.rehearsals_failed += 1,
                            }
                            drop(board);
                            tracing::error!(
                                event = "security",
                                kind = "backup",
                                of,
                                cause,
                                "no good backup was made"
                            );
                            let _ = handle.ask_and_wait(move |switch, now| switch.backup_failed(now, of));
                            continue;
                        }
                    }
                    *wait = 0;
                }
            }
        };
        std::thread::Builder::new().name("backup".into()).spawn(look)?;
        Ok(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_says_when_the_next_one_is_due() {
        let hour = 3_600_000;
        for (text, last, next) in [
            ("daily 03:00", 2 * hour, 3 * hour),
            ("daily 03:00", 3 * hour, 27 * hour),
            ("daily 03:00", 5 * hour, 27 * hour),
            ("daily 00:00", 0, 24 * hour),
            ("daily 23:59", 0, 24 * hour - 60_000),
            ("every 6h", 5 * hour, 11 * hour),
        ] {
            assert_eq!(Schedule::read(text).unwrap().next(last), next, "{text} after {last}");
        }
        for text in
            ["", "daily", "daily 24:00", "daily 3:00", "daily 03:60", "every 0s", "every day", "weekly 03:00"]
        {
            assert_eq!(Schedule::read(text), None, "{text}");
        }
    }
}
