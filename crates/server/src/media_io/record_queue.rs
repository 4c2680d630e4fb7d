//! The media threads' end of the queue to the recorder. It never waits: a disk that is full or hangs costs recordings,
//! not calls.
//!
//! What the recorder cannot take in time is lost, said so, and made up for by as much silence, so that the time in the
//! recording stays true. A recording whose beginning cannot be passed on is lost as a whole. Ends wait here for a
//! place, so that what was recorded is sealed once the disk works again.

use crate::adapt::RecordingKey;
use crate::media_io::record::RecordMessage;
use engine::{CallId, PartyId, Time};
use media::bridge::RecordingProof;
use media::g711::Law;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};

/// Ends that may wait, per media thread.
const WAITING_ENDS: usize = 1_024;

static LOST: AtomicU64 = AtomicU64::new(0);

/// Recordings since the start of the process that were lost as a whole or could not be sealed.
pub fn recordings_lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

pub(super) fn count_lost() {
    LOST.fetch_add(1, Ordering::Relaxed);
}

/// A recording as the queue knows it.
pub(super) struct Queued {
    pub(super) key: RecordingKey,
    /// Frames that could not be passed on since the last that were.
    missing: u64,
    /// It was said that audio is lost.
    told: bool,
    /// Its beginning was not passed on, so nothing of it is.
    lost: bool,
}

pub(super) struct RecordQueue {
    recorder: SyncSender<RecordMessage>,
    ends: VecDeque<RecordMessage>,
}

impl RecordQueue {
    pub(super) fn new(recorder: SyncSender<RecordMessage>) -> RecordQueue {
        RecordQueue { recorder, ends: VecDeque::new() }
    }

    /// Passes the beginning of a recording on.
    pub(super) fn begin(
        &mut self,
        key: RecordingKey,
        call: CallId,
        party: PartyId,
        began: Time,
        law: Law,
    ) -> Queued {
        let lost = self.recorder.try_send(RecordMessage::Begin { key, call, party, began, law }).is_err();
        if lost {
            count_lost();
            tracing::error!(
                event = "recording_lost",
                recording = key.id.0,
                "the disk is too slow: a recording could not be begun"
            );
        }
        Queued { key, missing: 0, told: false, lost }
    }

    /// Passes audio on, left and right interleaved.
    pub(super) fn audio(&mut self, recording: &mut Queued, bytes: &[u8]) {
        if recording.lost {
            return;
        }
        let (key, missing) = (recording.key, recording.missing);
        let message = RecordMessage::Audio { key, missing, bytes: bytes.to_vec() };
        match self.recorder.try_send(message) {
            Ok(()) => recording.missing = 0,
            Err(TrySendError::Full(_)) => {
                recording.missing += bytes.len() as u64 / 2;
                if !std::mem::replace(&mut recording.told, true) {
                    tracing::error!(
                        event = "recording_behind",
                        recording = key.id.0,
                        "the disk is too slow: audio of a recording is lost"
                    );
                }
            }
            Err(TrySendError::Disconnected(_)) => {}
        }
    }

    /// Passes the end of a recording on, now or when there is a place.
    pub(super) fn end(&mut self, recording: Queued, ended: Time, proof: RecordingProof) {
        if recording.lost {
            return;
        }
        let Queued { key, missing, .. } = recording;
        if self.ends.len() >= WAITING_ENDS {
            count_lost();
            tracing::error!(
                event = "recording_lost",
                recording = key.id.0,
                "the disk is too slow: a recording could not be sealed"
            );
            return;
        }
        self.ends.push_back(RecordMessage::End { key, missing, ended, proof: Box::new(proof) });
        self.retry();
    }

    /// Tries to pass on the ends that wait. False when some still do: try again a little later.
    pub(super) fn retry(&mut self) -> bool {
        while let Some(message) = self.ends.pop_front() {
            match self.recorder.try_send(message) {
                Ok(()) | Err(TrySendError::Disconnected(_)) => {}
                Err(TrySendError::Full(message)) => {
                    self.ends.push_front(message);
                    return false;
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::RecordingId;
    use std::sync::mpsc::sync_channel;
    use store::TenantId;

    fn key(id: u64) -> RecordingKey {
        RecordingKey { tenant: TenantId(1), id: RecordingId(id) }
    }

    fn begin(queue: &mut RecordQueue, id: u64) -> Queued {
        queue.begin(key(id), CallId(id), PartyId(1), Time(1), Law::Alaw)
    }

    #[test]
    fn a_recorder_that_hangs_makes_nobody_wait_and_time_stays_true() {
        let (tx, rx) = sync_channel(3);
        let mut queue = RecordQueue::new(tx);
        let mut first = begin(&mut queue, 1);
        queue.audio(&mut first, &[1; 320]);
        queue.audio(&mut first, &[2; 320]);
        // From here on there is no place: audio is counted, another recording is lost, the end waits.
        queue.audio(&mut first, &[3; 320]);
        queue.audio(&mut first, &[4; 320]);
        let mut second = begin(&mut queue, 2);
        assert!(second.lost && recordings_lost() > 0);
        queue.audio(&mut second, &[5; 320]);
        queue.end(second, Time(2), RecordingProof::default());
        queue.end(first, Time(3), RecordingProof::default());
        assert!(!queue.retry());
        for _ in 0..3 {
            assert!(!matches!(rx.try_recv(), Ok(RecordMessage::End { .. }) | Err(_)));
        }
        assert!(queue.retry());
        let Ok(RecordMessage::End { key: ended, missing, .. }) = rx.try_recv() else { panic!("no end") };
        assert_eq!((ended, missing), (key(1), 320));
        assert!(rx.try_recv().is_err());
    }

    #[test]
    fn ends_that_wait_are_bounded() {
        let (tx, _rx) = sync_channel(WAITING_ENDS + 50);
        let mut queue = RecordQueue::new(tx);
        let begun: Vec<Queued> = (0..WAITING_ENDS as u64 + 50).map(|id| begin(&mut queue, id)).collect();
        for recording in begun {
            assert!(!recording.lost);
            queue.end(recording, Time(1), RecordingProof::default());
        }
        assert_eq!(queue.ends.len(), WAITING_ENDS);
    }
}
