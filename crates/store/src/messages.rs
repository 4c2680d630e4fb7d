//! Messages in voicemail boxes. The audio is a recording; here stands whose it is and whether anybody has heard it.

use crate::error::StoreError;
use crate::journal::Message;
use crate::sql::{Row, Sql, Value, transaction};
use crate::store::{Store, TenantId};
use engine::{CallId, MailboxId, RecordingId, Time};

/// A message as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// The message, which is a recording.
    pub recording: RecordingId,
    /// Whose box.
    pub mailbox: MailboxId,
    /// In which call.
    pub call: CallId,
    /// When it was left.
    pub at: Time,
    /// How long, in milliseconds.
    pub length_ms: u64,
    /// When somebody heard it first.
    pub heard: Option<Time>,
}

/// Which messages to list: those not heard first, each group newest first.
#[derive(Clone, Debug, Default)]
pub struct MessageFilter {
    /// Only of these boxes.
    pub mailboxes: Option<Vec<MailboxId>>,
    /// Only those after this one, in the order of the list.
    pub after: Option<(bool, RecordingId)>,
    /// At most this many; 1 to 500.
    pub limit: u32,
}

pub(crate) fn put_message(
    db: &mut dyn Sql,
    tenant: TenantId,
    at: Time,
    message: &Message,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO messages (tenant, recording, mailbox, call, at, length_ms) VALUES ($1, $2, $3, $4, $5, $6)";
    let Message { mailbox, call, recording, length_ms } = *message;
    let mailbox = u64::from(mailbox.0);
    let values =
        [tenant.into(), recording.0.into(), mailbox.into(), call.0.into(), at.0.into(), length_ms.into()];
    db.run(sql, &values).map(|_| ())
}

fn stored(r: &Row) -> StoredMessage {
    StoredMessage {
        recording: RecordingId(r.int(0) as u64),
        mailbox: MailboxId(r.int(1) as u32),
        call: CallId(r.int(2) as u64),
        at: Time(r.int(3) as u64),
        length_ms: r.int(4) as u64,
        heard: r.maybe_int(5).map(|t| Time(t as u64)),
    }
}

impl Store {
    /// Lists messages.
    ///
    /// # Errors
    /// What the database said.
    pub fn messages(
        &self,
        tenant: TenantId,
        filter: &MessageFilter,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        // The first page begins before everything: among those not heard.
        let (heard, recording) = filter.after.map_or((false, i64::MAX), |(heard, id)| (heard, id.0 as i64));
        let mut values = vec![tenant.into(), Value::Int(heard.into()), Value::Int(recording)];
        let mut only = String::new();
        if let Some(boxes) = &filter.mailboxes {
            if boxes.is_empty() {
                return Ok(Vec::new());
            }
            let first = values.len();
            values.extend(boxes.iter().map(|m| Value::from(u64::from(m.0))));
            let places: Vec<String> = (first..values.len()).map(|n| format!("${}", n + 1)).collect();
            only = format!("AND mailbox IN ({}) ", places.join(", "));
        }
        values.push(i64::from(filter.limit.clamp(1, 500)).into());
        let sql = format!(
            "SELECT recording, mailbox, call, at, length_ms, heard FROM messages WHERE tenant = $1 \
             AND ((heard IS NOT NULL AND $2 = 0) OR ((heard IS NOT NULL) = ($2 = 1) AND recording < $3)) \
             {only}ORDER BY heard IS NOT NULL, recording DESC LIMIT ${}",
            values.len()
        );
        let rows = self.reader().rows(&sql, &values)?;
        Ok(rows.iter().map(stored).collect())
    }

    /// One message.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn message(&self, tenant: TenantId, recording: RecordingId) -> Result<StoredMessage, StoreError> {
        let sql = "SELECT recording, mailbox, call, at, length_ms, heard FROM messages WHERE tenant = $1 AND recording = $2";
        let rows = self.reader().rows(sql, &[tenant.into(), recording.0.into()])?;
        rows.first().map(stored).ok_or_else(|| StoreError::NotFound("such message".into()))
    }

    /// Notes that a message was heard, or that it counts as not heard again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn mark_heard(
        &self,
        tenant: TenantId,
        recording: RecordingId,
        heard: Option<Time>,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE messages SET heard = $1 WHERE tenant = $2 AND recording = $3";
        let values = [heard.map(|t| t.0).into(), tenant.into(), recording.0.into()];
        match self.writer().run(sql, &values)? {
            0 => Err(StoreError::NotFound("such message".into())),
            _ => Ok(()),
        }
    }

    /// Deletes a message: its row, the key of its audio, and then the sealed audio. The audit entry is written with it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none; [`StoreError::Refused`] when a hold keeps it.
    pub fn delete_message(
        &self,
        tenant: TenantId,
        recording: RecordingId,
        now: u64,
        who: &str,
    ) -> Result<(), StoreError> {
        let mut keys = self.keys();
        let mut db = self.writer();
        let blob = transaction(&mut **db, |db| {
            let of = [tenant.into(), recording.0.into()];
            let rows = db.rows("SELECT call FROM messages WHERE tenant = $1 AND recording = $2", &of)?;
            let row = rows.first().ok_or_else(|| StoreError::NotFound("such message".into()))?;
            crate::holds::refuse_if_held(db, tenant, row.int(0) as u64)?;
            db.run("DELETE FROM messages WHERE tenant = $1 AND recording = $2", &of)?;
            let sql = "SELECT blob FROM recordings WHERE tenant = $1 AND id = $2";
            let found = db.rows(sql, &[tenant.into(), recording.0.into()])?;
            let sql = "DELETE FROM recordings WHERE tenant = $1 AND id = $2";
            db.run(sql, &[tenant.into(), recording.0.into()])?;
            let object = format!("Recording/r{}", recording.0);
            crate::audit::put(db, tenant, now, who, "message.delete", &object)?;
            keys.destroy_for_good(tenant, crate::keys::RECORDING, recording.0)?;
            Ok(found.first().map(|r| r.text(0).to_string()))
        })?;
        drop(db);
        drop(keys);
        // Without its key the audio is only noise: a file that stays because of a crash here is swept away later.
        blob.map_or(Ok(()), |name| self.blobs().remove(&name))
    }
}
