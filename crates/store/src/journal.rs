//! The journal: the events of one commit window are one row, and what they brought about is written with them.
//!
//! A row begins with the number of its form. Events follow, each with its time. Variants of events are only ever
//! appended, so every later release reads it.

use crate::error::StoreError;
use crate::outbox::OutboxItem;
use crate::people::Party;
use crate::quality::LegQuality;
use crate::registrations::Registration;
use crate::reports::Intervals;
use crate::sql::{Sql, Value, transaction};
use crate::store::{Store, TenantId};
use engine::{CallId, CallRecord, Event, Fact, MailboxId, RecordingId, Snapshot, Time};

/// The form of a row of events.
const FORM: u8 = 1;
/// The form of a snapshot. It rises with every change of what a snapshot holds: one of another form is passed over, for
/// the journal has all that is in it.
const SNAPSHOT_FORM: u8 = 5;

/// For each so many events of a tenant one snapshot is kept for good.
pub const SNAPSHOT_KEPT_EVERY: u64 = 500_000;

/// Everything that one commit writes for one tenant.
#[derive(Default)]
pub struct Batch {
    /// Position of the first event.
    pub first_position: u64,
    /// Position of the last event; below `first_position` if there is none.
    pub last_position: u64,
    /// Time of the last event.
    pub at: Time,
    /// The events, by [`encode_event`].
    pub events: Vec<u8>,
    /// Calls that ended.
    pub records: Vec<CallRecord>,
    /// People who called.
    pub parties: Vec<Party>,
    /// How well legs that are over were heard.
    pub quality: Vec<LegQuality>,
    /// Where people's telephones are, of those for whom it changed: each in place of what was kept before.
    pub registrations: Vec<Registration>,
    /// What reports are made of.
    pub facts: Vec<Fact>,
    /// Messages left in voicemail boxes.
    pub messages: Vec<Message>,
    /// The state after the last event or after an earlier one of this batch, now and then, and its time: what a new
    /// process may start from. It is not committed with the rest, but written by [`Store::put_snapshot`] after it.
    pub snapshot: Option<Box<(Time, Snapshot)>>,
    /// Events right before the first one were not kept, so that the journal alone does not lead here: the snapshot, which
    /// there must be, is committed with the rest.
    pub begins_anew: bool,
    /// What other systems are to be told.
    pub outbox: Vec<OutboxItem>,
}

/// A message in a voicemail box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Whose box.
    pub mailbox: MailboxId,
    /// In which call.
    pub call: CallId,
    /// The message.
    pub recording: RecordingId,
    /// How long, in milliseconds.
    pub length_ms: u64,
}

impl Batch {
    /// Whether there is something to write that no event brought about.
    pub fn has_more(&self) -> bool {
        !(self.quality.is_empty() && self.registrations.is_empty() && self.outbox.is_empty())
    }

    /// Adds what came right after this one: both become one row.
    pub fn append(&mut self, later: Batch) {
        self.last_position = later.last_position;
        self.at = later.at;
        match self.events.is_empty() {
            true => self.events = later.events,
            // The form stands once, at the beginning.
            false => self.events.extend_from_slice(later.events.get(1..).unwrap_or_default()),
        }
        self.records.extend(later.records);
        self.parties.extend(later.parties);
        self.quality.extend(later.quality);
        self.registrations.extend(later.registrations);
        self.facts.extend(later.facts);
        self.messages.extend(later.messages);
        self.outbox.extend(later.outbox);
        self.snapshot = later.snapshot.or(self.snapshot.take());
    }
}

/// Adds an event to a row that is being made.
pub fn encode_event(row: &mut Vec<u8>, at: Time, event: &Event) {
    if row.is_empty() {
        row.push(FORM);
    }
    if let Ok(bytes) = postcard::to_allocvec(&(at, event)) {
        row.extend_from_slice(&bytes);
    }
}

/// Reads a row.
///
/// # Errors
/// [`StoreError::Unreadable`] when it is damaged or of an unknown form.
pub fn decode_events(row: &[u8]) -> Result<Vec<(Time, Event)>, StoreError> {
    let unreadable = || StoreError::Unreadable("a row of the journal".into());
    let (form, mut rest) = row.split_first().ok_or_else(unreadable)?;
    if *form != FORM {
        return Err(unreadable());
    }
    let mut events = Vec::new();
    while !rest.is_empty() {
        let (event, left) = postcard::take_from_bytes(rest).map_err(|_| unreadable())?;
        events.push(event);
        rest = left;
    }
    Ok(events)
}

/// What a new process starts from.
pub struct Recovered {
    /// The newest snapshot of this version's form. The events after it are read page by page, with [`Store::events_after`].
    pub snapshot: Option<Snapshot>,
    /// The first party number that was never used.
    pub next_party: u64,
}

impl Store {
    /// Writes batches of several tenants in one transaction: all or nothing.
    ///
    /// # Errors
    /// What the database said; nothing was written then.
    pub fn commit(&self, batches: &[(TenantId, Batch)]) -> Result<(), StoreError> {
        let mut keys = self.keys();
        let mut db = self.writer();
        // Keys go first: a key without data harms nobody, data without its key would be lost.
        let with_people = batches.iter().any(|(_, b)| !b.parties.is_empty());
        if with_people {
            keys.begin()?;
        }
        let result = transaction(&mut **db, |db| {
            for (tenant, batch) in batches {
                if !batch.parties.is_empty() {
                    keys.ensure_tenant(*tenant, db)?;
                }
                for party in &batch.parties {
                    crate::people::put_party(db, &mut keys, *tenant, party, batch.at.0)?;
                }
            }
            if with_people {
                keys.end(true)?;
            }
            for (tenant, batch) in batches {
                put_batch(db, *tenant, batch)?;
                if let Some((at, snapshot)) = batch.snapshot.as_deref().filter(|_| batch.begins_anew) {
                    insert_snapshot(db, *tenant, *at, snapshot)?;
                }
                for registration in &batch.registrations {
                    crate::registrations::put_registration(db, &mut keys, *tenant, registration)?;
                }
            }
            Ok(())
        });
        if with_people && result.is_err() {
            // Not begun any more if the data failed after the keys were written: then this is refused, and right.
            let _ = keys.end(false);
        }
        result
    }

    /// Writes a snapshot. Of the older ones the last stays, and one for every [`SNAPSHOT_KEPT_EVERY`] events, so that a
    /// replay to any place of the journal is bounded.
    ///
    /// # Errors
    /// What the database said.
    pub fn put_snapshot(&self, tenant: TenantId, at: Time, snapshot: &Snapshot) -> Result<(), StoreError> {
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            insert_snapshot(db, tenant, at, snapshot)?;
            let sql = "DELETE FROM snapshots WHERE tenant = $1 AND position NOT IN \
                       (SELECT position FROM snapshots WHERE tenant = $1 ORDER BY position DESC LIMIT 2) \
                       AND EXISTS (SELECT 1 FROM snapshots s WHERE s.tenant = $1 AND s.position < snapshots.position \
                       AND s.position / $2 = snapshots.position / $2)";
            db.run(sql, &[tenant.into(), SNAPSHOT_KEPT_EVERY.into()])
        })?;
        Ok(())
    }

    /// Reads the newest snapshot that this version can read: one of another form is passed over.
    ///
    /// # Errors
    /// What the database said.
    pub fn recover(&self, tenant: TenantId) -> Result<Recovered, StoreError> {
        let snapshot = self.snapshot_until(tenant, i64::MAX as u64)?;
        let mut db = self.reader();
        let sql = "SELECT COALESCE(MAX(id), 0) + 1 FROM parties WHERE tenant = $1";
        let next_party = db.rows(sql, &[tenant.into()])?.first().map_or(1, |r| r.int(0)) as u64;
        Ok(Recovered { snapshot, next_party })
    }

    /// Reads events after a position, oldest first, from at most `rows` rows of the journal: a journal of any length is
    /// read in pieces. Empty at its end, and short before events that were not kept.
    ///
    /// # Errors
    /// What the database said, or what is damaged; [`StoreError::Unreadable`] also where the very next events were not kept.
    pub fn events_after(
        &self,
        tenant: TenantId,
        position: u64,
        rows: u32,
    ) -> Result<Vec<(Time, Event)>, StoreError> {
        let sql = "SELECT first_position, events FROM journal WHERE tenant = $1 AND last_position > $2 \
                   ORDER BY last_position LIMIT $3";
        let rows =
            self.reader().rows(sql, &[tenant.into(), position.into(), i64::from(rows.max(1)).into()])?;
        let mut events = Vec::new();
        for row in rows {
            let next = position as i64 + 1 + events.len() as i64;
            if row.int(0) > next {
                if events.is_empty() {
                    return Err(StoreError::Unreadable(format!("the journal after event {position}")));
                }
                break;
            }
            // A position may fall into the middle of a row.
            let before = (next - row.int(0)) as usize;
            events.extend(decode_events(row.bytes(1))?.into_iter().skip(before));
        }
        Ok(events)
    }
}

fn insert_snapshot(
    db: &mut dyn Sql,
    tenant: TenantId,
    at: Time,
    snapshot: &Snapshot,
) -> Result<(), StoreError> {
    let mut state = vec![SNAPSHOT_FORM];
    let bytes = postcard::to_allocvec(snapshot).map_err(|e| StoreError::Refused(e.to_string()))?;
    state.extend_from_slice(&bytes);
    let sql = "INSERT INTO snapshots (tenant, position, at, state) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (tenant, position) DO UPDATE SET state = excluded.state";
    db.run(sql, &[tenant.into(), snapshot.position().into(), at.0.into(), state.into()])?;
    Ok(())
}

pub(crate) fn read_snapshot(state: &[u8]) -> Result<Snapshot, StoreError> {
    let unreadable = || StoreError::Unreadable("a snapshot".into());
    let (form, bytes) = state.split_first().ok_or_else(unreadable)?;
    if *form != SNAPSHOT_FORM {
        return Err(unreadable());
    }
    postcard::from_bytes(bytes).map_err(|_| unreadable())
}

fn put_batch(db: &mut dyn Sql, tenant: TenantId, batch: &Batch) -> Result<(), StoreError> {
    if !batch.events.is_empty() {
        let sql = "INSERT INTO journal (tenant, last_position, first_position, at, events) VALUES ($1, $2, $3, $4, $5)";
        let (last, first) = (batch.last_position, batch.first_position);
        let events = Value::Bytes(batch.events.clone());
        db.run(sql, &[tenant.into(), last.into(), first.into(), batch.at.0.into(), events])?;
    }
    for record in &batch.records {
        crate::calls::put_record(db, tenant, record)?;
    }
    for message in &batch.messages {
        crate::messages::put_message(db, tenant, batch.at, message)?;
    }
    for fact in &batch.facts {
        crate::calls::put_disposition(db, tenant, fact)?;
    }
    for quality in &batch.quality {
        crate::quality::put_quality(db, tenant, quality)?;
    }
    for item in &batch.outbox {
        crate::outbox::put_item(db, tenant, item, item.at.0)?;
    }
    // With their events or not at all: so a killed process neither loses a figure nor counts one twice.
    Intervals::of(&batch.facts).put(db, tenant)
}
