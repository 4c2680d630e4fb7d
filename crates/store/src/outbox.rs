//! What other systems are to be told: written in the transaction of the events that it comes from, so that nothing is told
//! that did not happen and nothing that happened is forgotten.
//!
//! A row is one thing for one receiver. It goes when the receiver took it. After the last try it is a dead letter, kept
//! for [`DEAD_MS`] at the most, until somebody asks for another try. The ids stay the same over tries and replays, so that
//! a receiver can tell what it has.

use crate::error::StoreError;
use crate::sql::{Row, Sql, Value, transaction};
use crate::store::{Store, TenantId};
use engine::Time;

/// How long a dead letter is kept, in milliseconds: 30 days.
pub const DEAD_MS: u64 = 30 * 86_400_000;

/// The most dead letters that one receiver can have; older ones go first.
pub const MOST_DEAD: u64 = 10_000;

/// Something to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxItem {
    /// The same for the same thing, always; never used twice in a tenant.
    pub id: String,
    /// What happened, for example `call-ended`.
    pub event: &'static str,
    /// When.
    pub at: Time,
    /// Whom to tell: `webhook:…` or `mailbox:…`.
    pub receivers: Vec<String>,
    /// Numbers of what it is about, as a JSON object of whole numbers. Never a telephone number or a name.
    pub facts: String,
}

/// Something to tell one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub id: String,
    /// Whom to tell.
    pub receiver: String,
    /// What happened.
    pub event: String,
    /// When.
    pub at: Time,
    /// What it is about.
    pub facts: String,
    /// How often it was tried.
    pub tries: u32,
    /// Why the last try failed; empty before the first.
    pub cause: String,
}

const WAITS: i64 = 0;
const DEAD: i64 = 1;

const COLUMNS: &str = "tenant, id, receiver, event, at, facts, tries, cause";

fn letter(r: &Row) -> Letter {
    Letter {
        tenant: TenantId(r.int(0) as u64),
        id: r.text(1).into(),
        receiver: r.text(2).into(),
        event: r.text(3).into(),
        at: Time(r.int(4) as u64),
        facts: r.text(5).into(),
        tries: r.int(6) as u32,
        cause: r.text(7).into(),
    }
}

pub(crate) fn put_item(
    db: &mut dyn Sql,
    tenant: TenantId,
    item: &OutboxItem,
    now: u64,
) -> Result<(), StoreError> {
    // What is told again, by a replay, begins anew.
    let sql = "INSERT INTO outbox (tenant, id, receiver, event, at, facts, tries, due, state, cause) \
               VALUES ($1, $2, $3, $4, $5, $6, 0, $7, 0, '') \
               ON CONFLICT (tenant, id, receiver) DO UPDATE SET tries = 0, due = excluded.due, state = 0, cause = ''";
    for receiver in &item.receivers {
        let values = [
            tenant.into(),
            item.id.as_str().into(),
            receiver.as_str().into(),
            item.event.into(),
            item.at.0.into(),
            item.facts.as_str().into(),
            now.into(),
        ];
        db.run(sql, &values)?;
    }
    Ok(())
}

impl Store {
    /// How many letters of this event nobody took and nobody will be told again.
    ///
    /// # Errors
    /// What the database said.
    pub fn dead_alerts(&self, tenant: TenantId, event: &str) -> Result<u64, StoreError> {
        let sql = "SELECT COUNT(*) FROM outbox WHERE tenant = $1 AND event = $2 AND state = $3";
        let rows = self.reader().rows(sql, &[tenant.into(), event.into(), DEAD.into()])?;
        Ok(rows.first().map_or(0, |r| r.int(0)) as u64)
    }

    /// Writes things to tell that do not come with events, due from now on: a replay.
    ///
    /// # Errors
    /// What the database said; nothing was written then.
    pub fn put_outbox(&self, tenant: TenantId, items: &[OutboxItem], now: u64) -> Result<(), StoreError> {
        let mut db = self.writer();
        transaction(&mut **db, |db| items.iter().try_for_each(|item| put_item(db, tenant, item, now)))
    }

    /// Who has not taken something yet, and why the last try failed; empty before the first.
    ///
    /// # Errors
    /// What the database said.
    pub fn untaken(&self, tenant: TenantId, id: &str) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT receiver, cause FROM outbox WHERE tenant = $1 AND id = $2 ORDER BY receiver";
        let rows = self.reader().rows(sql, &[tenant.into(), id.into()])?;
        Ok(rows.iter().map(|r| (r.text(0).into(), r.text(1).into())).collect())
    }

    /// Receivers for whom something is due, by tenant; at most `limit`.
    ///
    /// # Errors
    /// What the database said.
    pub fn due_receivers(&self, now: u64, limit: u32) -> Result<Vec<(TenantId, String)>, StoreError> {
        let sql = "SELECT DISTINCT tenant, receiver FROM outbox WHERE state = 0 AND due <= $1 LIMIT $2";
        let rows = self.reader().rows(sql, &[now.into(), u64::from(limit).into()])?;
        Ok(rows.iter().map(|r| (TenantId(r.int(0) as u64), r.text(1).into())).collect())
    }

    /// What is due for a receiver, oldest first; at most `limit`.
    ///
    /// # Errors
    /// What the database said.
    pub fn due_letters(
        &self,
        tenant: TenantId,
        receiver: &str,
        now: u64,
        limit: u32,
    ) -> Result<Vec<Letter>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM outbox WHERE tenant = $1 AND receiver = $2 AND state = 0 AND due <= $3 \
             ORDER BY at, id LIMIT $4"
        );
        let values = [tenant.into(), receiver.into(), now.into(), u64::from(limit).into()];
        Ok(self.reader().rows(&sql, &values)?.iter().map(letter).collect())
    }

    /// A receiver took a letter.
    ///
    /// # Errors
    /// What the database said.
    pub fn letter_taken(&self, letter: &Letter) -> Result<(), StoreError> {
        let sql = "DELETE FROM outbox WHERE tenant = $1 AND id = $2 AND receiver = $3";
        let values = [letter.tenant.into(), letter.id.as_str().into(), letter.receiver.as_str().into()];
        self.writer().run(sql, &values).map(|_| ())
    }

    /// A try failed now: the next is at `due`, or the letter is dead.
    ///
    /// # Errors
    /// What the database said.
    pub fn letter_failed(
        &self,
        letter: &Letter,
        due: Option<u64>,
        now: u64,
        cause: &str,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE outbox SET tries = $1, due = $2, state = $3, cause = $4 \
                   WHERE tenant = $5 AND id = $6 AND receiver = $7";
        let values = [
            u64::from(letter.tries + 1).into(),
            due.unwrap_or(now).into(),
            Value::Int(if due.is_some() { WAITS } else { DEAD }),
            cause.into(),
            letter.tenant.into(),
            letter.id.as_str().into(),
            letter.receiver.as_str().into(),
        ];
        self.writer().run(sql, &values).map(|_| ())
    }

    /// Dead letters, newest first, those that happened before `before`.
    ///
    /// # Errors
    /// What the database said.
    pub fn dead_letters(
        &self,
        tenant: TenantId,
        before: Option<(Time, &str)>,
        limit: u32,
    ) -> Result<Vec<Letter>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM outbox WHERE tenant = $1 AND state = 1 AND (at < $2 OR (at = $2 AND id < $3)) \
             ORDER BY at DESC, id DESC LIMIT $4"
        );
        let (at, id) = before.map_or((i64::MAX, ""), |(at, id)| (at.0 as i64, id));
        let values = [tenant.into(), at.into(), id.into(), u64::from(limit.clamp(1, 500)).into()];
        Ok(self.reader().rows(&sql, &values)?.iter().map(letter).collect())
    }

    /// Tries a dead letter again, for all of its receivers that did not take it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn retry_letter(&self, tenant: TenantId, id: &str, now: u64) -> Result<(), StoreError> {
        let sql = "UPDATE outbox SET tries = 0, due = $1, state = 0, cause = '' \
                   WHERE tenant = $2 AND id = $3 AND state = 1";
        match self.writer().run(sql, &[now.into(), tenant.into(), id.into()])? {
            0 => Err(StoreError::NotFound("such dead letter".into())),
            _ => Ok(()),
        }
    }

    /// What was due before `before` and was never tried is dead from now on; dead letters too old or too many are dropped.
    ///
    /// # Errors
    /// What the database said.
    pub fn sweep_outbox(&self, before: u64, now: u64) -> Result<(), StoreError> {
        let mut db = self.writer();
        transaction(&mut **db, |db| {
            let sql = "UPDATE outbox SET state = 1, due = $1, cause = 'the receiver was too slow for all that happened' \
                       WHERE state = 0 AND tries = 0 AND due < $2";
            db.run(sql, &[now.into(), before.into()])?;
            db.run("DELETE FROM outbox WHERE state = 1 AND due < $1", &[now.saturating_sub(DEAD_MS).into()])?;
            let sql =
                "SELECT tenant, receiver, COUNT(*) FROM outbox WHERE state = 1 GROUP BY tenant, receiver";
            for row in db.rows(sql, &[])? {
                if row.int(2) as u64 > MOST_DEAD {
                    let sql = "DELETE FROM outbox WHERE tenant = $1 AND receiver = $2 AND state = 1 AND id IN \
                               (SELECT id FROM outbox WHERE tenant = $1 AND receiver = $2 AND state = 1 \
                                ORDER BY at DESC, id DESC LIMIT 1000000 OFFSET $3)";
                    db.run(sql, &[Value::Int(row.int(0)), row.text(1).into(), MOST_DEAD.into()])?;
                }
            }
            Ok(())
        })
    }
}
