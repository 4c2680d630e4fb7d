//! A second ear on our own log, so that a check can look whether something stands in it that must not. Nothing is kept
//! unless somebody listens, and then only so much.

use std::io::{Result, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most that is kept, in bytes; what comes after it is not heard.
const MOST: usize = 8 * 1024 * 1024;

static LISTENERS: AtomicUsize = AtomicUsize::new(0);
static HEARD: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Writes on, and keeps a copy while somebody listens.
pub struct Tee<W>(pub W);

impl<W: Write> Write for Tee<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        hear(bytes);
        self.0.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        self.0.flush()
    }
}

fn hear(bytes: &[u8]) {
    if LISTENERS.load(Ordering::Relaxed) == 0 {
        return;
    }
    let mut heard = HEARD.lock().unwrap_or_else(|e| e.into_inner());
    let room = MOST.saturating_sub(heard.len());
    heard.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
}

/// Somebody who listens.
pub struct Listening(usize);

impl Listening {
    /// From now on.
    pub fn begin() -> Listening {
        LISTENERS.fetch_add(1, Ordering::Relaxed);
        Listening(HEARD.lock().unwrap_or_else(|e| e.into_inner()).len())
    }

    /// Whether there was no room for all that was logged since.
    pub fn is_full(&self) -> bool {
        HEARD.lock().unwrap_or_else(|e| e.into_inner()).len() >= MOST
    }

    /// What was logged since.
    pub fn heard(&self) -> Vec<u8> {
        let heard = HEARD.lock().unwrap_or_else(|e| e.into_inner());
        heard.get(self.0..).unwrap_or_default().to_vec()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if LISTENERS.fetch_sub(1, Ordering::Relaxed) == 1 {
            HEARD.lock().unwrap_or_else(|e| e.into_inner()).clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_logged_while_somebody_listens_is_heard() {
        let mut out = Vec::new();
        Tee(&mut out).write_all(b"before").unwrap();
        let ear = Listening::begin();
        Tee(&mut out).write_all(b"meanwhile").unwrap();
        assert!(ear.heard().windows(9).any(|w| w == b"meanwhile"));
        assert_eq!(out, b"beforemeanwhile");
    }
}
