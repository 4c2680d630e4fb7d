//! Whoever visits the demo and takes calls gets one soon: their state is looked at, and a made-up caller is asked to dial.

use crate::running::Handle;
use engine::{AgentId, AgentState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use store::TenantId;

/// The user as whom visitors take calls.
pub const VISITOR: &str = "visitor";
/// The number whose calls come to the visitor.
pub const VISITORS_NUMBER: &str = "300";
/// Between two looks.
const LOOK: Duration = Duration::from_millis(250);
/// How long somebody has to be free before they are called: time to look around.
const FREE_FOR_MS: u64 = 2_500;
/// Between two calls at the least: the first has to ring before the visitor can look free again.
const BETWEEN: Duration = Duration::from_secs(6);

/// A visitor who is looked after.
pub struct Watch {
    stop: Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Watch {
    /// Looks no longer.
    pub fn stop(self) {
        drop(self.stop);
        let _ = self.thread.join();
    }
}

/// Sets `call` whenever the visitor has been free for a moment.
pub fn start(handle: Handle, tenant: TenantId, call: Arc<AtomicBool>) -> Watch {
    let (stop, stopped) = channel();
    let thread = std::thread::spawn(move || {
        let mut called: Option<Instant> = None;
        while matches!(stopped.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout)) {
            let look = handle.ask_and_wait(move |switch, now| {
                let t = switch.tenant(tenant)?;
                let agent = AgentId(t.meaning.names.number("User", VISITOR)?);
                let a = t.engine.agents().get(&agent)?;
                let free = matches!(a.state, AgentState::Available);
                Some(free && now.wall.0.saturating_sub(a.since.0) >= FREE_FOR_MS)
            });
            let Some(found) = look else { return };
            if found == Some(true) && called.is_none_or(|at| at.elapsed() >= BETWEEN) {
                called = Some(Instant::now());
                call.store(true, Ordering::Relaxed);
            }
        }
    });
    Watch { stop, thread }
}
