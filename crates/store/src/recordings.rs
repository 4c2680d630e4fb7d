//! Recordings: two channels of G.711, sealed chunk by chunk with a key of their own. That is wrapped twice: by the key of
//! the person who called, and by one for this recording alone, which stands with the keys. So it cannot be read any more, in no
//! copy, once either is destroyed: the person erased, or the recording disposed of.
//!
//! A file is a head of 16 bytes and chunks of [`CHUNK`] bytes of audio, each with its tag of 16 bytes; only the last may be
//! shorter. The chunk's number is its nonce and the recording's place is authenticated with each, so chunks can neither
//! be moved nor exchanged; any range is read by opening only the chunks it touches. A chunk is half a second, so a killed
//! process loses less than a second of audio. How long a finished recording is stands in the database: a file cut short
//! is noticed.

use crate::blobs::{BlobReader, BlobWriter};
use crate::error::StoreError;
use crate::keys::{DataKey, RECORDING};
use crate::sql::Value;
use crate::store::{Store, TenantId};
use engine::{CallId, RecordingId, Time};

/// Bytes of audio in a chunk: half a second of two channels at 8,000 samples a second.
pub const CHUNK: usize = 8_000;
const TAG: usize = 16;
const HEAD: usize = 16;
const MAGIC: &[u8; 8] = b"SWRREC\0\x01";
/// Length of a key that is wrapped by a person's key alone, as in recordings of earlier versions: nonce, key, tag.
const WRAPPED_ONCE: usize = 12 + 32 + 16;

/// What is known of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingInfo {
    /// Which.
    pub id: RecordingId,
    /// Of which call.
    pub call: CallId,
    /// When it began.
    pub began: Time,
    /// When it ended; `None` while it runs, or when the process died meanwhile.
    pub ended: Option<Time>,
    /// Whether it is µ-law; otherwise A-law.
    pub ulaw: bool,
    /// Bytes of audio, once it ended.
    pub bytes: Option<u64>,
    /// What it proves of itself, as JSON, once it ended: pauses, and how many keys fell into it. `None` when the
    /// process died meanwhile.
    pub proof: Option<String>,
}

/// A recording being made.
pub struct RecordingWriter {
    blob: BlobWriter,
    key: DataKey,
    place: Vec<u8>,
    pending: Vec<u8>,
    chunks: u64,
    bytes: u64,
}

/// A recording being read.
pub struct RecordingFile {
    blob: BlobReader,
    key: DataKey,
    place: Vec<u8>,
    len: u64,
}

fn place(tenant: TenantId, id: RecordingId) -> Vec<u8> {
    format!("recording/{}/{}", tenant.0, id.0).into_bytes()
}

fn key_place(tenant: TenantId, id: RecordingId) -> String {
    format!("recording-key/{}/{}", tenant.0, id.0)
}

impl Store {
    /// Begins a recording. Its key is wrapped by that of the caller and by its own, so erasing the caller, and disposing of
    /// the recording, make it unreadable.
    ///
    /// # Errors
    /// What disk or database said.
    pub fn begin_recording(
        &self,
        tenant: TenantId,
        id: RecordingId,
        call: CallId,
        party: u64,
        began: Time,
        ulaw: bool,
    ) -> Result<RecordingWriter, StoreError> {
        let person = self
            .person_of(tenant, party)?
            .ok_or_else(|| StoreError::NotFound("the party being recorded".into()))?;
        let name = format!("recordings/{}/{:06}/{}.rec", tenant.0, id.0 / 1_000, id.0);
        match self.recording(tenant, id) {
            Ok(_) => return Err(StoreError::Refused("this recording is there already".into())),
            // After a power loss a number may be given again: a file without its row belongs to nothing that is known.
            Err(StoreError::NotFound(_)) => self.blobs().discard(&name)?,
            Err(e) => return Err(e),
        }
        let (wrapping, own) = {
            let mut keys = self.keys();
            (keys.of_person(tenant, person)?, keys.new_recording(tenant, id.0)?)
        };
        let key = DataKey::random()?;
        let wrapped = wrapping.seal(&key_place(tenant, id), key.as_bytes())?;
        let wrapped = own.seal(&key_place(tenant, id), &wrapped)?;
        let mut blob = self.blobs().create(&name)?;
        let mut head = Vec::with_capacity(HEAD);
        head.extend_from_slice(MAGIC);
        head.extend_from_slice(&(CHUNK as u32).to_be_bytes());
        head.extend_from_slice(&[u8::from(ulaw), 2, 0, 0]);
        blob.append(&head)?;
        let sql = "INSERT INTO recordings (tenant, id, call, party, began, law, blob, key) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = [
            tenant.into(),
            id.0.into(),
            call.0.into(),
            party.into(),
            began.0.into(),
            i64::from(ulaw).into(),
            name.as_str().into(),
            wrapped.into(),
        ];
        self.writer().run(sql, &values)?;
        let pending = Vec::with_capacity(CHUNK + TAG);
        Ok(RecordingWriter { blob, key, place: place(tenant, id), pending, chunks: 0, bytes: 0 })
    }

    /// Notes that a recording ended, how long it is and what it proves of itself (JSON).
    ///
    /// # Errors
    /// What the database said.
    pub fn end_recording(
        &self,
        tenant: TenantId,
        id: RecordingId,
        ended: Time,
        bytes: u64,
        proof: Option<&str>,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE recordings SET ended = $1, bytes = $2, proof = $3 WHERE tenant = $4 AND id = $5";
        let proof = proof.map_or(Value::Null, Value::from);
        self.writer().run(sql, &[ended.0.into(), bytes.into(), proof, tenant.into(), id.0.into()])?;
        Ok(())
    }

    /// Whether a call is being recorded: one of its recordings has not ended.
    ///
    /// # Errors
    /// What the database said.
    pub fn is_recorded_now(&self, tenant: TenantId, call: CallId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM recordings WHERE tenant = $1 AND call = $2 AND ended IS NULL LIMIT 1";
        Ok(!self.reader().rows(sql, &[tenant.into(), call.0.into()])?.is_empty())
    }

    /// What is known of a recording.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this id.
    pub fn recording(&self, tenant: TenantId, id: RecordingId) -> Result<RecordingInfo, StoreError> {
        let sql =
            "SELECT call, began, ended, law, bytes, proof FROM recordings WHERE tenant = $1 AND id = $2";
        let rows = self.reader().rows(sql, &[tenant.into(), id.0.into()])?;
        let r = rows.first().ok_or_else(|| StoreError::NotFound("this recording".into()))?;
        Ok(RecordingInfo {
            id,
            call: CallId(r.int(0) as u64),
            began: Time(r.int(1) as u64),
            ended: r.maybe_int(2).map(|t| Time(t as u64)),
            ulaw: r.int(3) != 0,
            bytes: r.maybe_int(4).map(|b| b as u64),
            proof: Some(r.text(5)).filter(|proof| !proof.is_empty()).map(str::to_string),
        })
    }

    /// The recordings and messages in which a person is heard, with their lengths in bytes; that of one that has not ended,
    /// or never did, is not written down.
    ///
    /// # Errors
    /// What the database said.
    pub fn heard_in(
        &self,
        tenant: TenantId,
        person: u64,
    ) -> Result<Vec<(RecordingId, Option<u64>)>, StoreError> {
        let sql =
            format!("SELECT id, bytes FROM recordings WHERE {} ORDER BY id", crate::call_index::HEARD_IN);
        let rows = self.reader().rows(&sql, &[tenant.into(), person.into()])?;
        Ok(rows.iter().map(|r| (RecordingId(r.int(0) as u64), r.maybe_int(1).map(|b| b as u64))).collect())
    }

    /// Opens a recording's audio.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it, its key or the key of its caller is gone, or the caller's data is restricted.
    pub fn open_recording(&self, tenant: TenantId, id: RecordingId) -> Result<RecordingFile, StoreError> {
        self.open_audio(tenant, id, false)
    }

    /// The same, also of a caller whose data is restricted: for those who care for the rights of people.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it, its key or the key of its caller is gone.
    pub fn open_even_restricted(
        &self,
        tenant: TenantId,
        id: RecordingId,
    ) -> Result<RecordingFile, StoreError> {
        self.open_audio(tenant, id, true)
    }

    fn open_audio(
        &self,
        tenant: TenantId,
        id: RecordingId,
        even_restricted: bool,
    ) -> Result<RecordingFile, StoreError> {
        let sql = "SELECT party, blob, key, bytes FROM recordings WHERE tenant = $1 AND id = $2";
        let rows = self.reader().rows(sql, &[tenant.into(), id.0.into()])?;
        let row = rows.first().ok_or_else(|| StoreError::NotFound("this recording".into()))?;
        let person = self
            .person_of(tenant, row.int(0) as u64)?
            .ok_or_else(|| StoreError::NotFound("the person who was recorded".into()))?;
        let sql = "SELECT restricted FROM persons WHERE tenant = $1 AND id = $2";
        let rows = self.reader().rows(sql, &[tenant.into(), person.into()])?;
        if !even_restricted && rows.first().is_some_and(|r| r.int(0) != 0) {
            return Err(StoreError::NotFound("this recording: its person's data is restricted".into()));
        }
        let mut keys = self.keys();
        let wrapping = keys.of_person(tenant, person)?;
        let mut wrapped = row.bytes(2).to_vec();
        if wrapped.len() > WRAPPED_ONCE {
            wrapped = keys.of(tenant, RECORDING, id.0)?.open(&key_place(tenant, id), &wrapped)?;
        }
        drop(keys);
        let key = wrapping.open(&key_place(tenant, id), &wrapped)?;
        let key =
            DataKey::from_bytes(&key).ok_or_else(|| StoreError::Unreadable("a recording's key".into()))?;
        let file = RecordingFile::new(self.blobs().read(row.text(1))?, key, place(tenant, id))?;
        match row.maybe_int(3) {
            Some(bytes) if bytes as u64 != file.len => {
                Err(StoreError::Unreadable("a recording that was cut short".into()))
            }
            _ => Ok(file),
        }
    }
}

impl RecordingWriter {
    /// Adds audio: interleaved left and right. Whole chunks are written at once.
    ///
    /// # Errors
    /// What the disk said.
    pub fn push(&mut self, mut audio: &[u8]) -> Result<(), StoreError> {
        while !audio.is_empty() {
            let n = audio.len().min(CHUNK - self.pending.len());
            self.pending.extend_from_slice(&audio[..n]);
            audio = &audio[n..];
            if self.pending.len() == CHUNK {
                self.write_chunk()?;
            }
        }
        Ok(())
    }

    /// Writes what is left and gives the length in bytes.
    ///
    /// # Errors
    /// What the disk said.
    pub fn finish(mut self) -> Result<u64, StoreError> {
        if !self.pending.is_empty() {
            self.write_chunk()?;
        }
        Ok(self.bytes)
    }

    fn write_chunk(&mut self) -> Result<(), StoreError> {
        let n = self.pending.len() as u64;
        self.key.seal_chunk(self.chunks, &self.place, &mut self.pending)?;
        self.blob.append(&self.pending)?;
        self.pending.clear();
        self.chunks += 1;
        self.bytes += n;
        Ok(())
    }
}

impl RecordingFile {
    fn new(blob: BlobReader, key: DataKey, place: Vec<u8>) -> Result<RecordingFile, StoreError> {
        let unreadable = || StoreError::Unreadable("a recording".into());
        let mut head = [0; HEAD];
        blob.read_at(0, &mut head)?;
        if head[..8] != MAGIC[..] || head[8..12] != (CHUNK as u32).to_be_bytes() {
            return Err(unreadable());
        }
        let body = blob.len() - HEAD as u64;
        let (whole, rest) = (body / (CHUNK + TAG) as u64, body % (CHUNK + TAG) as u64);
        // A process that died may have left part of a chunk: what has no whole tag is no audio.
        let len = whole * CHUNK as u64 + rest.saturating_sub(TAG as u64);
        let mut file = RecordingFile { blob, key, place, len };
        // The last piece of a recording whose process died may be torn: then the audio ends before it.
        if !len.is_multiple_of(CHUNK as u64) && file.read(len - 1, 1).is_err() {
            file.len = whole * CHUNK as u64;
        }
        Ok(file)
    }

    /// Bytes of audio.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is no audio.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Reads audio from `offset` on, at most `max` bytes; empty at the end.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when the file was changed.
    pub fn read(&self, offset: u64, max: usize) -> Result<Vec<u8>, StoreError> {
        let end = self.len.min(offset.saturating_add(max as u64));
        let mut out = Vec::with_capacity(end.saturating_sub(offset) as usize);
        let mut at = offset;
        while at < end {
            let number = at / CHUNK as u64;
            let plain = (self.len - number * CHUNK as u64).min(CHUNK as u64);
            let mut chunk = vec![0; plain as usize + TAG];
            self.blob.read_at(HEAD as u64 + number * (CHUNK + TAG) as u64, &mut chunk)?;
            self.key.open_chunk(number, &self.place, &mut chunk)?;
            let from = (at % CHUNK as u64) as usize;
            let to = chunk.len().min(from + (end - at) as usize);
            out.extend_from_slice(&chunk[from..to]);
            at += (to - from) as u64;
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::Party;
    use crate::{Batch, StoreSettings};
    use redact::Secret;

    #[test]
    fn a_recording_of_an_earlier_version_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().display();
        let store = Store::open(&StoreSettings {
            url: format!("sqlite:{at}/switchroom.db"),
            full_sync: false,
            blobs: format!("file:{at}/blobs"),
            keys: format!("file:{at}/master.key"),
        })
        .unwrap();
        let tenant = store.tenant("acme", 1).unwrap();
        let party = Party {
            id: 1,
            address: Secret::new("+1".into()),
            display: Secret::new(String::new()),
            alias: None,
        };
        store.commit(&[(tenant, Batch { parties: vec![party], ..Batch::default() })]).unwrap();
        let id = RecordingId(1);
        let mut writer = store.begin_recording(tenant, id, CallId(1), 1, Time(1), false).unwrap();
        writer.push(&[7; 100]).unwrap();
        let person = store.person_of(tenant, 1).unwrap().unwrap();
        let wrapping = store.keys().of_person(tenant, person).unwrap();
        let once = wrapping.seal(&key_place(tenant, id), writer.key.as_bytes()).unwrap();
        assert_eq!(once.len(), WRAPPED_ONCE);
        writer.finish().unwrap();
        let values = [once.into(), tenant.into(), id.0.into()];
        store.writer().run("UPDATE recordings SET key = $1 WHERE tenant = $2 AND id = $3", &values).unwrap();
        store.keys().destroy(tenant, RECORDING, id.0).unwrap();
        assert_eq!(store.open_recording(tenant, id).unwrap().read(0, 200).unwrap(), [7; 100]);
    }
}
