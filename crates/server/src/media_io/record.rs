//! The thread that writes recordings. Media threads do not wait for it with audio: what it cannot take in time is lost and
//! said so. Only beginning and end of a recording wait for a place.

use crate::adapt::RecordingKey;
use engine::{CallId, PartyId, Time};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use store::{RecordingWriter, Store};

/// Pieces of audio that may wait: some seconds of a thousand recordings.
const WAITING: usize = 16_384;

/// Something to write.
pub enum RecordMessage {
    /// A recording begins.
    Begin {
        /// Which.
        key: RecordingKey,
        /// Of which call.
        call: CallId,
        /// Of whom.
        party: PartyId,
        /// Since when.
        began: Time,
        /// µ-law, else A-law.
        ulaw: bool,
    },
    /// Audio, left and right interleaved.
    Audio {
        /// Of which.
        key: RecordingKey,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A recording is over.
    End {
        /// Which.
        key: RecordingKey,
        /// When.
        ended: Time,
    },
}

/// Starts the thread. It ends when all senders are dropped, after everything is written.
///
/// # Errors
/// When no thread can be started.
pub fn start_recorder(
    store: Arc<Store>,
) -> std::io::Result<(SyncSender<RecordMessage>, std::thread::JoinHandle<()>)> {
    let (tx, rx) = sync_channel(WAITING);
    let thread = std::thread::Builder::new().name("recorder".into()).spawn(move || run(&store, &rx))?;
    Ok((tx, thread))
}

fn run(store: &Store, rx: &Receiver<RecordMessage>) {
    let mut open: HashMap<RecordingKey, RecordingWriter> = HashMap::new();
    while let Ok(message) = rx.recv() {
        let (key, result) = match message {
            RecordMessage::Begin { key, call, party, began, ulaw } => {
                let begun = store.begin_recording(key.tenant, key.id, call, party.0, began, ulaw);
                (key, begun.map(|w| drop(open.insert(key, w))))
            }
            RecordMessage::Audio { key, bytes } => match open.get_mut(&key) {
                Some(w) => (key, w.push(&bytes)),
                None => continue,
            },
            RecordMessage::End { key, ended } => match open.remove(&key) {
                Some(w) => {
                    (key, w.finish().and_then(|bytes| store.end_recording(key.tenant, key.id, ended, bytes)))
                }
                None => continue,
            },
        };
        if let Err(e) = result {
            // The rest of this recording is given up, so that one full disk is one line in the log.
            open.remove(&key);
            tracing::error!(event = "recording_failed", recording = key.id.0, cause = %e, "a recording could not be written");
        }
    }
    for (key, w) in open {
        if let Ok(bytes) = w.finish() {
            let ended = Time(crate::clock::wall_ms());
            if let Err(e) = store.end_recording(key.tenant, key.id, ended, bytes) {
                tracing::error!(event = "recording_failed", recording = key.id.0, cause = %e, "a recording could not be ended");
            }
        }
    }
}
