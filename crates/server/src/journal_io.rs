//! The thread that commits. Whatever waits when it comes round goes into one transaction: nothing when idle, many calls
//! together under load.

use crate::mailbox::Sender;
use crate::switch_io::Message;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use store::{Batch, Store, TenantId};

/// Batches that may wait for the disk; with more, the switch takes no new calls.
const WAITING: usize = 10_000;
/// The most batches of one transaction.
const TOGETHER: usize = 512;

/// One step of the switch: its number, and what to write for each tenant.
pub type Step = (u64, Vec<(TenantId, Batch)>);

/// What the switch gives to the thread.
pub type JournalSender = SyncSender<Step>;

/// Starts the thread. It ends when the sender is dropped, after everything is written.
///
/// # Errors
/// When no thread can be started.
pub fn start(
    store: Arc<Store>,
    switch: Sender<Message>,
) -> std::io::Result<(JournalSender, std::thread::JoinHandle<()>)> {
    let (tx, rx) = sync_channel::<Step>(WAITING);
    let thread =
        std::thread::Builder::new().name("journal".into()).spawn(move || run(&store, &rx, &switch))?;
    Ok((tx, thread))
}

fn run(store: &Store, rx: &Receiver<Step>, switch: &Sender<Message>) {
    while let Ok((mut last, mut batches)) = rx.recv() {
        for _ in 1..TOGETHER {
            match rx.try_recv() {
                Ok((number, more)) => {
                    last = number;
                    for (tenant, batch) in more {
                        // Steps of one tenant become one row.
                        match batches.iter_mut().find(|(t, _)| *t == tenant) {
                            Some((_, earlier)) => earlier.append(batch),
                            None => batches.push((tenant, batch)),
                        }
                    }
                }
                Err(_) => break,
            }
        }
        let mut stalled = false;
        let mut told: Option<std::time::Instant> = None;
        while let Err(e) = store.commit(&batches) {
            // Nothing is lost: what was asked for is held back until this is written.
            if told.is_none_or(|t| t.elapsed() > Duration::from_secs(10)) {
                told = Some(std::time::Instant::now());
                tracing::error!(event = "journal_stalled", cause = %e, "the journal cannot be written: no new calls until it can");
            }
            if !stalled {
                stalled = true;
                switch.send(Message::JournalStalled(true));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        if stalled {
            tracing::warn!(event = "journal_resumed", "the journal is written again");
            switch.send(Message::JournalStalled(false));
        }
        // The switch may be gone already; what it gave before is written all the same.
        switch.send(Message::Committed(last));
    }
}
