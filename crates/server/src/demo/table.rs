//! The live table of the demo: who waits, what the agents do, service level.

use crate::running::Handle;
use crate::view::{self, QueueView};
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;
use store::TenantId;

/// A table that is being shown.
pub struct Table {
    stop: Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Table {
    /// Shows it no longer.
    pub fn stop(self) {
        drop(self.stop);
        let _ = self.thread.join();
    }
}

/// Shows the table: redrawn each second on a terminal, a line every ten seconds elsewhere, nothing beside a JSON log.
pub fn start(handle: Handle, tenant: TenantId, silent: bool) -> Table {
    let (stop, stopped) = channel();
    let terminal = std::io::stdout().is_terminal();
    let every = Duration::from_secs(if terminal { 1 } else { 10 });
    let thread = std::thread::spawn(move || {
        let mut lines = 0;
        while matches!(stopped.recv_timeout(every), Err(RecvTimeoutError::Timeout)) {
            if silent {
                continue;
            }
            let Some(Some((queues, agents, open))) = handle.ask_and_wait(move |switch, _| {
                let t = switch.tenant(tenant)?;
                let queues: Vec<QueueView> = t
                    .engine
                    .queues()
                    .iter()
                    .map(|(id, q)| view::queue(*id, q, &t.engine, &t.meaning))
                    .collect();
                let mut agents = [0; 7];
                for a in t.engine.agents().values() {
                    agents[a.state.index()] += 1;
                }
                Some((queues, agents, t.engine.calls().len()))
            }) else {
                return;
            };
            let text = draw(&queues, &agents, open);
            let mut out = std::io::stdout();
            if terminal && lines > 0 {
                // Back to the first line of the table, and over it.
                let _ = write!(out, "\x1b[{lines}A\x1b[J");
            }
            let _ = writeln!(out, "{text}");
            let _ = out.flush();
            lines = text.lines().count();
        }
    });
    Table { stop, thread }
}

fn draw(queues: &[QueueView], agents: &[u32; 7], open: usize) -> String {
    let mut t = String::new();
    let _ = writeln!(
        t,
        "{:<10} {:>8} {:>8} {:>9} {:>10} {:>9} {:>6}",
        "queue", "waiting", "offered", "answered", "abandoned", "avg wait", "SL1"
    );
    for q in queues {
        let level = q.service_level.map_or("-".into(), |l| format!("{:.0} %", l * 100.0));
        let wait = q.average_wait_ms.map_or("-".into(), |ms| format!("{:.1} s", ms as f64 / 1_000.0));
        let _ = writeln!(
            t,
            "{:<10} {:>8} {:>8} {:>9} {:>10} {wait:>9} {level:>6}",
            q.id, q.waiting, q.offered, q.answered, q.abandoned
        );
    }
    let names = engine::AgentState::NAMES;
    let list: Vec<String> =
        names.iter().zip(agents).filter(|(_, n)| **n > 0).map(|(s, n)| format!("{n} {s}")).collect();
    let _ = write!(t, "agents: {}; calls open: {open}", list.join(", "));
    t
}
