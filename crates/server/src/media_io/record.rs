//! The thread that writes recordings. Media threads never wait for it, see
//! [`record_queue`](crate::media_io::record_queue).
//!
//! What is written is also listened through for keys as tones, so that each recording can prove that none is in it.

use crate::adapt::RecordingKey;
use crate::media_io::record_queue::count_lost;
use engine::{CallId, PartyId, Time};
use media::bridge::RecordingProof;
use media::g711::Law;
use media::inband::DtmfDetector;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use store::{RecordingWriter, Store, StoreError};

/// Pieces of audio that may wait: some seconds of a thousand recordings.
const WAITING: usize = 16_384;
/// Frames of silence written at once.
const SILENCE: usize = 4_000;

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
        /// In which law.
        law: Law,
    },
    /// Audio, left and right interleaved.
    Audio {
        /// Of which.
        key: RecordingKey,
        /// Frames before it that found no place.
        missing: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A recording is over.
    End {
        /// Which.
        key: RecordingKey,
        /// Frames at its end that found no place.
        missing: u64,
        /// When.
        ended: Time,
        /// What the media thread knows for its proof.
        proof: Box<RecordingProof>,
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

/// A recording being written.
struct Open {
    writer: RecordingWriter,
    law: Law,
    /// One listener a channel.
    tones: [DtmfDetector; 2],
    tones_found: u32,
    missing: u64,
}

impl Open {
    fn new(writer: RecordingWriter, law: Law) -> Open {
        let tones = [DtmfDetector::new(), DtmfDetector::new()];
        Open { writer, law, tones, tones_found: 0, missing: 0 }
    }

    fn write(&mut self, missing: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.missing += missing;
        let silence = [self.law.silence(); 2 * SILENCE];
        let mut left = missing;
        while left > 0 {
            let frames = left.min(SILENCE as u64);
            self.writer.push(&silence[..2 * frames as usize])?;
            left -= frames;
        }
        for (side, tones) in self.tones.iter_mut().enumerate() {
            let law = self.law;
            let samples = bytes.iter().skip(side).step_by(2).map(|byte| law.decode(*byte));
            tones.push(samples, |_| self.tones_found = self.tones_found.saturating_add(1));
        }
        self.writer.push(bytes)
    }

    fn end(
        mut self,
        store: &Store,
        key: RecordingKey,
        missing: u64,
        ended: Time,
        proof: Option<&RecordingProof>,
    ) -> Result<(), StoreError> {
        self.write(missing, &[])?;
        let proof = proof.map(|proof| self.proof(proof));
        let bytes = self.writer.finish()?;
        store.end_recording(key.tenant, key.id, ended, bytes, proof.as_deref())
    }

    /// The proof as it is stored: pauses as pairs of milliseconds since the beginning, keys that fell into the
    /// recording, and how much of the silence in it stands for audio that was lost.
    fn proof(&self, proof: &RecordingProof) -> String {
        serde_json::json!({
            "pauses": proof.pauses,
            "digits_recorded": proof.digits_recorded.saturating_add(self.tones_found),
            "lost_ms": self.missing / 8,
        })
        .to_string()
    }
}

fn run(store: &Store, rx: &Receiver<RecordMessage>) {
    let mut open: HashMap<RecordingKey, Open> = HashMap::new();
    while let Ok(message) = rx.recv() {
        let (key, result) = match message {
            RecordMessage::Begin { key, call, party, began, law } => {
                let ulaw = law == Law::Ulaw;
                let begun = store.begin_recording(key.tenant, key.id, call, party.0, began, ulaw);
                (key, begun.map(|writer| drop(open.insert(key, Open::new(writer, law)))))
            }
            RecordMessage::Audio { key, missing, bytes } => match open.get_mut(&key) {
                Some(recording) => (key, recording.write(missing, &bytes)),
                None => continue,
            },
            RecordMessage::End { key, missing, ended, proof } => match open.remove(&key) {
                Some(recording) => (key, recording.end(store, key, missing, ended, Some(&proof))),
                None => continue,
            },
        };
        if let Err(e) = result {
            // The rest of this recording is given up, so that one full disk is one line in the log.
            open.remove(&key);
            count_lost();
            tracing::error!(event = "recording_failed", recording = key.id.0, cause = %e, "a recording could not be written");
        }
    }
    for (key, recording) in open {
        // Nobody said how it ended, so it has no proof.
        let ended = Time(crate::clock::wall_ms());
        if let Err(e) = recording.end(store, key, 0, ended, None) {
            tracing::error!(event = "recording_failed", recording = key.id.0, cause = %e, "a recording could not be ended");
        }
    }
}
