//! The thread that takes up another master key when `switchroom rotate-key` has laid one beside the one in force.

use crate::retention_io::replace_copies;
use crate::running::Handle;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use store::Store;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// Looks until it is dropped.
pub struct KeyRotation {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl KeyRotation {
    /// Begins.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn start(handle: Handle) -> std::io::Result<KeyRotation> {
        let (stop, stopped) = channel::<()>();
        let look = move || {
            let mut failed = false;
            while matches!(stopped.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout)) {
                match take_up(&handle.store) {
                    Ok(_) => failed = false,
                    // Said once, not every second.
                    Err(cause) if !failed => {
                        failed = true;
                        tracing::error!(
                            event = "key_rotation",
                            cause,
                            "the new master key is not in force yet"
                        );
                    }
                    Err(_) => {}
                }
            }
        };
        let thread = std::thread::Builder::new().name("key-rotation".into()).spawn(look)?;
        Ok(KeyRotation { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for KeyRotation {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Puts a master key in force that was asked for, also in backups, and notes it in every tenant's audit log. False where
/// none was asked for.
///
/// # Errors
/// A sentence.
pub fn take_up(store: &Store) -> Result<bool, String> {
    if !store.rotate_master().map_err(|e| e.to_string())? {
        return Ok(false);
    }
    replace_copies(store);
    let now = crate::clock::wall_ms();
    for (tenant, _) in store.tenants().map_err(|e| e.to_string())? {
        let noted = store.audit(tenant, now, "command line", "keys.rotate", "Keys/master");
        noted.map_err(|e| e.to_string())?;
    }
    tracing::info!(event = "key_rotation", "another master key is in force");
    Ok(true)
}
