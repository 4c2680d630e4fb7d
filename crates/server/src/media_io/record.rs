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
    let thread = crate::vital::spawn("recorder", move || {
        run(&store, &rx);
        Ok(())
    })?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use engine::RecordingId;
    use media::tone::{Sine, to_sample};
    use redact::Secret;
    use store::{Batch, Party, StoreSettings};

    /// Two channels of A-law: a quiet left, and on the right a key of 100 ms if it is said which tones it has.
    fn audio(tones: Option<[f64; 2]>) -> Vec<u8> {
        let mut sines = tones.unwrap_or([440.0; 2]).map(|tone| Sine::new(8000, tone, 0.2));
        let both = |_| to_sample(sines.iter_mut().map(Sine::next_value).sum());
        let right = (0..800).map(both).chain([0; 800]);
        right.flat_map(|sample| [Law::Alaw.silence(), Law::Alaw.encode(sample)]).collect()
    }

    #[test]
    fn a_recording_is_sealed_with_its_proof_and_what_was_lost_is_silence() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().display();
        let settings = StoreSettings {
            url: format!("sqlite:{path}/data/switchroom.db"),
            full_sync: false,
            blobs: format!("file:{path}/data/blobs"),
            keys: format!("file:{path}/keys/master.key"),
        };
        let store = Arc::new(Store::open(&settings).unwrap());
        let tenant = store.tenant("acme", 1).unwrap();
        let party = Party {
            id: 1,
            address: Secret::new("x".into()),
            display: Secret::new(String::new()),
            alias: None,
        };
        store.commit(&[(tenant, Batch { parties: vec![party], ..Batch::default() })]).unwrap();
        let (recorder, thread) = start_recorder(store.clone()).unwrap();
        let say = |message| recorder.send(message).unwrap();
        let keys = [1, 2, 3].map(|id| RecordingKey { tenant, id: RecordingId(id) });
        for key in keys {
            say(RecordMessage::Begin {
                key,
                call: CallId(7),
                party: PartyId(1),
                began: Time(1),
                law: Law::Alaw,
            });
        }
        // The first has a key in the audio and one told by an event, the second neither but a loss.
        say(RecordMessage::Audio { key: keys[0], missing: 0, bytes: audio(Some([770.0, 1336.0])) });
        say(RecordMessage::Audio { key: keys[1], missing: 0, bytes: audio(None) });
        say(RecordMessage::Audio { key: keys[1], missing: 12_000, bytes: audio(None) });
        let proof = RecordingProof { pauses: vec![(1000, 2500)], digits_recorded: 1 };
        say(RecordMessage::End { key: keys[0], missing: 0, ended: Time(9), proof: Box::new(proof) });
        let proof = Box::<RecordingProof>::default();
        say(RecordMessage::End { key: keys[1], missing: 800, ended: Time(9), proof });
        drop(recorder);
        thread.join().unwrap();

        let stored = |n: usize| store.recording(tenant, keys[n].id).unwrap();
        let proof_of = |n| -> serde_json::Value { serde_json::from_str(&stored(n).proof.unwrap()).unwrap() };
        let expected = serde_json::json!({ "pauses": [[1000, 2500]], "digits_recorded": 2, "lost_ms": 0 });
        assert_eq!(proof_of(0), expected);
        let expected = serde_json::json!({ "pauses": [], "digits_recorded": 0, "lost_ms": 1600 });
        assert_eq!(proof_of(1), expected);
        assert_eq!(stored(1).bytes, Some(2 * (1600 + 12_000 + 1600 + 800)));
        let file = store.open_recording(tenant, keys[1].id).unwrap();
        assert!(file.read(3_200, 24_000).unwrap().iter().all(|byte| *byte == Law::Alaw.silence()));
        // Of the third nobody said how it ended.
        assert_eq!((stored(2).proof, stored(2).bytes), (None, Some(0)));
    }
}
