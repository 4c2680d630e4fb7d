//! The thread that looks at the alarms of all tenants once a second, and puts what is to be told into the outbox.

use crate::running::Handle;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// Looks until it is dropped.
pub struct AlarmWatch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl AlarmWatch {
    /// Begins.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn start(handle: Handle) -> std::io::Result<AlarmWatch> {
        let (stop, stopped) = channel::<()>();
        let look = move || {
            while matches!(stopped.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout)) {
                let Some(found) = handle.ask_and_wait(|switch, now| switch.look_at_alarms(now)) else {
                    return;
                };
                for (tenant, items) in found {
                    let now = crate::clock::wall_ms();
                    if let Err(e) = handle.store.put_outbox(tenant, &items, now) {
                        tracing::error!(event = "alarm_lost", cause = %e, tenant = tenant.0, "nobody was told of an alarm");
                    }
                }
            }
        };
        let thread = std::thread::Builder::new().name("alarms".into()).spawn(look)?;
        Ok(AlarmWatch { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for AlarmWatch {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
