//! How many refusals a tenant's audit log takes: whoever has a work account of the directory, and is nobody here, must not
//! fill it. What is left out is counted, and the next line says how many.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use store::TenantId;

/// Lines within a [`WINDOW`].
pub const MOST: u32 = 10;
/// How long they count.
pub const WINDOW: Duration = Duration::from_secs(60);
/// Tenants that are remembered; the log of a server has no more.
const MOST_TENANTS: usize = 10_000;

/// The refusals of one tenant.
struct Window {
    began: Instant,
    written: u32,
    left_out: u64,
}

/// What was refused lately, by tenant.
#[derive(Default)]
pub struct Refusals {
    all: BTreeMap<TenantId, Window>,
    /// Refusals that stand in no line of their own, since the start.
    pub left_out: u64,
}

/// Refused tokens in the program's own log, where whoever holds none that is good must not fill the disk.
static LOGGED: Mutex<Refusals> = Mutex::new(Refusals { all: BTreeMap::new(), left_out: 0 });

/// Says in the program's log that a token was refused; beyond [`MOST`] in a [`WINDOW`] they are only counted, and the next
/// line says how many.
pub fn log_token(event: &'static str, why: &dyn std::fmt::Display) {
    // Whose token it was is not known: all of them are counted together.
    let note = LOGGED.lock().unwrap_or_else(|e| e.into_inner()).note(TenantId(0), Instant::now());
    if let Note::Write(left_out) = note {
        tracing::warn!(event, why = %why, left_out, "a token was refused");
    }
}

/// What to do about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// Write a line, which says that so many before it were left out.
    Write(u64),
    /// It is the first that is left out: look again when the window is over, by [`Refusals::due`].
    LeaveOutFirst,
    /// It is one more.
    LeaveOut,
}

impl Refusals {
    /// Somebody was refused.
    pub fn note(&mut self, tenant: TenantId, now: Instant) -> Note {
        if self.all.len() >= MOST_TENANTS && !self.all.contains_key(&tenant) {
            self.all.clear();
        }
        let window = self.all.entry(tenant).or_insert(Window { began: now, written: 0, left_out: 0 });
        if now.saturating_duration_since(window.began) >= WINDOW {
            let before = std::mem::take(&mut window.left_out);
            (window.began, window.written) = (now, 1);
            return Note::Write(before);
        }
        if window.written < MOST {
            window.written += 1;
            return Note::Write(0);
        }
        window.left_out += 1;
        self.left_out += 1;
        if window.left_out == 1 { Note::LeaveOutFirst } else { Note::LeaveOut }
    }

    /// How many were left out in a window that is over and that no line says yet; 0 for none.
    pub fn due(&mut self, tenant: TenantId, now: Instant) -> u64 {
        match self.all.get_mut(&tenant) {
            Some(window) if now.saturating_duration_since(window.began) >= WINDOW => {
                std::mem::take(&mut window.left_out)
            }
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_a_few_lines_and_a_number() {
        let (mut refusals, began, t) = (Refusals::default(), Instant::now(), TenantId(1));
        let later = began + WINDOW;
        for _ in 0..MOST {
            assert_eq!(refusals.note(t, began), Note::Write(0));
        }
        assert_eq!(refusals.note(t, began), Note::LeaveOutFirst);
        for _ in 0..99 {
            assert_eq!(refusals.note(t, began), Note::LeaveOut);
        }
        assert_eq!(refusals.note(TenantId(2), began), Note::Write(0), "another tenant's log is another one");
        assert_eq!(refusals.due(t, began), 0, "the window is not over");
        assert_eq!(refusals.left_out, 100);
        assert_eq!(refusals.note(t, later), Note::Write(100));
        assert_eq!(refusals.due(t, later), 0, "it was said");
        for _ in 0..MOST {
            refusals.note(t, later);
        }
        assert_eq!(refusals.due(t, later + WINDOW), 1);
    }
}
