//! The thread that commits. What happens within one window goes into one transaction: at once when nothing was written
//! shortly before, many calls together under load.

use crate::mailbox::Sender;
use crate::switch_io::Message;
use crate::vital;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use store::{Batch, Store, StoreError, TenantId};

/// Batches that may wait for the disk; with more, the switch takes no new calls.
const WAITING: usize = 10_000;
/// The least time from the beginning of one transaction to that of the next. What comes meanwhile is gathered, so that
/// under load neither the disk nor the switch is woken for each step.
const WINDOW: Duration = Duration::from_millis(1);
/// The most batches of one transaction.
const TOGETHER: usize = 512;
/// Between two tries to write.
const AGAIN: Duration = Duration::from_millis(200);

/// One step of the switch: its number, and what to write for each tenant.
pub type Step = (u64, Vec<(TenantId, Batch)>);

/// What the switch gives to the thread.
pub type JournalSender = SyncSender<Step>;

/// When a stopping process gives up on a disk that takes nothing. Not set while it is not stopping: then what is to be
/// written waits for as long as it takes.
pub type GiveUp = Arc<OnceLock<Instant>>;

/// What could not be written before the process ended, in a sentence.
#[derive(Debug)]
pub struct Lost(pub String);

/// Starts the thread. It ends when the sender is dropped, after everything is written, or with what is lost.
///
/// # Errors
/// When no thread can be started.
pub fn start(
    store: Arc<Store>,
    switch: Sender<Message>,
    give_up: GiveUp,
) -> std::io::Result<(JournalSender, JoinHandle<Result<(), Lost>>)> {
    let (tx, rx) = sync_channel::<Step>(WAITING);
    let thread = vital::spawn("journal", move || Ok(run(&store, &rx, &switch, &give_up)))?;
    Ok((tx, thread))
}

fn run(
    store: &Store,
    rx: &Receiver<Step>,
    switch: &Sender<Message>,
    give_up: &OnceLock<Instant>,
) -> Result<(), Lost> {
    let mut began: Option<Instant> = None;
    while let Ok((mut last, mut batches)) = rx.recv() {
        let left = began.and_then(|at| WINDOW.checked_sub(at.elapsed()));
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            std::thread::sleep(left);
        }
        began = Some(Instant::now());
        for _ in 1..TOGETHER {
            match rx.try_recv() {
                Ok((number, more)) => {
                    last = number;
                    add(&mut batches, more);
                }
                Err(_) => break,
            }
        }
        if let Err(e) = commit(store, &batches, switch, give_up) {
            // What else waits is lost too, and counted.
            while let Ok((_, more)) = rx.recv_timeout(AGAIN) {
                add(&mut batches, more);
            }
            return Err(lost(&batches, &e));
        }
        // The switch may be gone already; what it gave before is written all the same.
        switch.send(Message::Committed(last));
        // What waited for the commit goes on meanwhile.
        for (tenant, batch) in &batches {
            let Some((at, state)) = batch.snapshot.as_deref() else { continue };
            if let Err(e) = store.put_snapshot(*tenant, *at, state) {
                tracing::warn!(event = "snapshot", cause = %e, "no snapshot was written: the next start replays more of the journal");
            }
        }
    }
    Ok(())
}

/// Steps of one tenant become one row, as long as nothing is missing between them.
fn add(batches: &mut Vec<(TenantId, Batch)>, more: Vec<(TenantId, Batch)>) {
    for (tenant, batch) in more {
        match batches.iter_mut().rfind(|(t, _)| *t == tenant) {
            Some((_, earlier)) if !batch.begins_anew => earlier.append(batch),
            _ => batches.push((tenant, batch)),
        }
    }
}

/// Writes, and tries again until it is written, or until the process must end.
fn commit(
    store: &Store,
    batches: &[(TenantId, Batch)],
    switch: &Sender<Message>,
    give_up: &OnceLock<Instant>,
) -> Result<(), StoreError> {
    let mut stalled = false;
    let mut told: Option<Instant> = None;
    while let Err(e) = store.commit(batches) {
        if give_up.get().is_some_and(|at| Instant::now() >= *at) {
            return Err(e);
        }
        // Nothing is lost: what was asked for is held back until this is written.
        if told.is_none_or(|t| t.elapsed() > Duration::from_secs(10)) {
            told = Some(Instant::now());
            tracing::error!(event = "journal_stalled", cause = %e, "the journal cannot be written: no new calls until it can");
        }
        if !stalled {
            stalled = true;
            // Not waited for: a switch that waits for this thread could not read it.
            let _ = switch.try_send(Message::JournalStalled(true));
        }
        std::thread::sleep(AGAIN);
    }
    if stalled {
        tracing::warn!(event = "journal_resumed", "the journal is written again");
        switch.send(Message::JournalStalled(false));
    }
    Ok(())
}

fn lost(batches: &[(TenantId, Batch)], cause: &StoreError) -> Lost {
    let mut text =
        format!("the journal could not be written until the time to stop was over: {cause}. Lost:");
    for (tenant, b) in batches {
        let events = (b.last_position + 1).saturating_sub(b.first_position);
        text += &format!(
            " tenant {}: events {} to {} ({events}), {} call records, {} callers;",
            tenant.0,
            b.first_position,
            b.last_position,
            b.records.len(),
            b.parties.len()
        );
    }
    Lost(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::{Engine, Event, Time};
    use store::StoreSettings;

    fn store(dir: &std::path::Path) -> Arc<Store> {
        let dir = dir.display();
        let settings = StoreSettings {
            url: format!("sqlite:{dir}/s.db"),
            full_sync: false,
            blobs: format!("file:{dir}/blobs"),
            keys: format!("file:{dir}/k"),
        };
        Arc::new(Store::open(&settings).unwrap())
    }

    fn batch(first: u64, count: u64) -> Batch {
        let mut b = Batch { first_position: first, last_position: first + count - 1, ..Batch::default() };
        for _ in 0..count {
            store::encode_event(&mut b.events, Time(5), &Event::TimePassed);
        }
        b
    }

    #[test]
    fn a_snapshot_of_a_running_switch_is_written_after_its_events() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path());
        let tenant = store.tenant("t", 1).unwrap();
        let mut engine = Engine::new();
        engine.handle(Time(5), Event::TimePassed);
        let (mail, _keep) = crate::mailbox::mailbox(10).unwrap();
        let (tx, thread) = start(store.clone(), mail, GiveUp::default()).unwrap();
        let snapshot = Some(Box::new((Time(5), engine.snapshot())));
        tx.send((1, vec![(tenant, Batch { snapshot, ..batch(1, 1) })])).unwrap();
        tx.send((2, vec![(tenant, batch(2, 3))])).unwrap();
        drop(tx);
        assert!(thread.join().unwrap().is_ok());
        let position = store.recover(tenant).unwrap().snapshot.unwrap().position();
        assert_eq!(position, 1);
        assert_eq!(store.events_after(tenant, position, 100).unwrap().len(), 3);
    }

    #[test]
    fn a_stopping_process_gives_up_on_a_full_disk_and_says_what_is_lost() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path());
        let tenant = store.tenant("t", 1).unwrap();
        store.limit_pages(1).unwrap();
        let (mail, _keep) = crate::mailbox::mailbox(10).unwrap();
        let give_up = GiveUp::default();
        give_up.set(Instant::now()).unwrap();
        let (tx, thread) = start(store, mail, give_up).unwrap();
        tx.send((1, vec![(tenant, batch(1, 20_000))])).unwrap();
        drop(tx);
        let Lost(text) = thread.join().unwrap().unwrap_err();
        assert!(text.contains("disk is full") && text.contains("events 1 to 20000"), "{text}");
    }
}
