//! Disposing of what is old: rows and audio go page by page, each page whole, so that a run that was interrupted goes on
//! with the next one. A hold beats every rule. Figures of reports stay: they know no person.

use crate::error::StoreError;
use crate::holds::FREE_CALL;
use crate::keys::PERSON;
use crate::sql::{Sql, Value, transaction};
use crate::store::{Store, TenantId};

/// Calls that one transaction disposes of.
const PAGE: u64 = 200;

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DataClass {
    /// Records of calls with everything that belongs to them, and people without any further call.
    Call,
    /// Audio of recordings; the call's record stays.
    Recording,
    /// Messages in voicemail boxes, with their audio.
    Voicemail,
}

impl DataClass {
    /// All of them; audio first, so that a call's own rule finds less.
    pub const ALL: [DataClass; 3] = [DataClass::Recording, DataClass::Voicemail, DataClass::Call];

    /// As configuration names it.
    pub const fn name(self) -> &'static str {
        match self {
            DataClass::Call => "call",
            DataClass::Recording => "recording",
            DataClass::Voicemail => "voicemail",
        }
    }

    /// What a rule of this class takes: rows of `calls` as `c`, those that ended before `$2`.
    fn due(self) -> &'static str {
        match self {
            DataClass::Call => "FROM calls c WHERE c.tenant = $1 AND c.ended < $2",
            DataClass::Recording => {
                "FROM calls c WHERE c.tenant = $1 AND c.ended < $2 AND EXISTS (SELECT 1 FROM recordings r \
                 WHERE r.tenant = $1 AND r.call = c.id AND r.ended IS NOT NULL AND NOT EXISTS \
                 (SELECT 1 FROM messages m WHERE m.tenant = $1 AND m.recording = r.id))"
            }
            DataClass::Voicemail => {
                "FROM calls c WHERE c.tenant = $1 AND c.ended < $2 AND EXISTS (SELECT 1 FROM messages m \
                 WHERE m.tenant = $1 AND m.call = c.id)"
            }
        }
    }
}

/// A rule: what is about calls that ended before this goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisposalRule {
    /// What.
    pub class: DataClass,
    /// Only calls of this queue, by its number.
    pub queue: Option<u32>,
    /// No calls of these queues: they have rules of their own.
    pub except: Vec<u32>,
    /// Calls that ended before this, in milliseconds since 1970.
    pub before: u64,
}

/// What a run did, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disposed {
    /// Calls whose data of the class went.
    pub calls: u64,
    /// Calls whose data a hold kept.
    pub held: u64,
    /// Recordings and messages that went.
    pub recordings: u64,
    /// People who went, because no call of theirs is left.
    pub people: u64,
}

impl DisposalRule {
    fn of_queue(&self) -> String {
        if let Some(queue) = self.queue {
            return format!(" AND c.queue = {queue}");
        }
        if self.except.is_empty() {
            return String::new();
        }
        let except: Vec<String> = self.except.iter().map(ToString::to_string).collect();
        format!(" AND (c.queue IS NULL OR c.queue NOT IN ({}))", except.join(", "))
    }
}

impl Store {
    /// What a rule would take now, and what holds keep.
    ///
    /// # Errors
    /// What the database said.
    pub fn due(&self, tenant: TenantId, rule: &DisposalRule) -> Result<Disposed, StoreError> {
        let mut db = self.reader();
        let mut count = |free: &str| -> Result<u64, StoreError> {
            let sql = format!("SELECT COUNT(*) {}{} AND {free}", rule.class.due(), rule.of_queue());
            let rows = db.rows(&sql, &[tenant.into(), rule.before.into()])?;
            Ok(rows.first().map_or(0, |r| r.int(0)) as u64)
        };
        let (calls, all) = (count(FREE_CALL)?, count("true")?);
        Ok(Disposed { calls, held: all - calls, ..Disposed::default() })
    }

    /// When the oldest call ended of which a rule's class still has something, held or not; `None` where nothing is left.
    ///
    /// # Errors
    /// What the database said.
    pub fn oldest(&self, tenant: TenantId, rule: &DisposalRule) -> Result<Option<u64>, StoreError> {
        let sql = format!("SELECT MIN(c.ended) {}{}", rule.class.due(), rule.of_queue());
        let rows = self.reader().rows(&sql, &[tenant.into(), i64::MAX.into()])?;
        Ok(rows.first().and_then(|r| r.maybe_int(0)).map(|t| t as u64))
    }

    /// Disposes of what a rule takes, until nothing is due or `go_on` says no. Gives what went.
    ///
    /// # Errors
    /// What database or disk said; what went stays gone.
    pub fn dispose(
        &self,
        tenant: TenantId,
        rule: &DisposalRule,
        go_on: &mut dyn FnMut(&Disposed) -> bool,
    ) -> Result<Disposed, StoreError> {
        let mut done = Disposed { held: self.due(tenant, rule)?.held, ..Disposed::default() };
        while go_on(&done) {
            // Keys go before the rows are gone: an interrupted page is due again, and nothing of it can be read.
            let mut keys = self.keys();
            let mut db = self.writer();
            let (calls, blobs, people, recordings) = transaction(&mut **db, |db| {
                let page = page(db, tenant, rule)?;
                for person in &page.2 {
                    keys.destroy(tenant, PERSON, *person)?;
                }
                Ok(page)
            })?;
            drop(db);
            if !people.is_empty() {
                keys.forget_deleted()?;
            }
            drop(keys);
            for blob in blobs {
                self.blobs().remove(&blob)?;
            }
            done.calls += calls;
            done.recordings += recordings;
            done.people += people.len() as u64;
            if calls == 0 {
                break;
            }
        }
        Ok(done)
    }
}

type Page = (u64, Vec<String>, Vec<u64>, u64);

fn page(db: &mut dyn Sql, tenant: TenantId, rule: &DisposalRule) -> Result<Page, StoreError> {
    let sql = format!(
        "SELECT c.id, c.party {}{} AND {FREE_CALL} ORDER BY c.id LIMIT {PAGE}",
        rule.class.due(),
        rule.of_queue()
    );
    let calls = db.rows(&sql, &[tenant.into(), rule.before.into()])?;
    let (mut blobs, mut people, mut recordings) = (Vec::new(), Vec::new(), 0);
    for row in &calls {
        let of: [Value; 2] = [tenant.into(), Value::Int(row.int(0))];
        let which = match rule.class {
            DataClass::Call => "",
            DataClass::Recording => {
                " AND ended IS NOT NULL AND id NOT IN (SELECT recording FROM messages WHERE tenant = $1)"
            }
            DataClass::Voicemail => " AND id IN (SELECT recording FROM messages WHERE tenant = $1)",
        };
        let found =
            db.rows(&format!("SELECT id, blob FROM recordings WHERE tenant = $1 AND call = $2{which}"), &of)?;
        for recording in &found {
            let id: [Value; 2] = [tenant.into(), Value::Int(recording.int(0))];
            db.run("DELETE FROM messages WHERE tenant = $1 AND recording = $2", &id)?;
            db.run("DELETE FROM recordings WHERE tenant = $1 AND id = $2", &id)?;
            blobs.push(recording.text(1).to_string());
            recordings += 1;
        }
        if rule.class != DataClass::Call {
            continue;
        }
        for table in ["notes", "leg_quality", "call_dispositions"] {
            db.run(&format!("DELETE FROM {table} WHERE tenant = $1 AND call = $2"), &of)?;
        }
        db.run("DELETE FROM calls WHERE tenant = $1 AND id = $2", &of)?;
        let party: [Value; 2] = [tenant.into(), Value::Int(row.int(1))];
        let person = db.rows("SELECT person FROM parties WHERE tenant = $1 AND id = $2", &party)?;
        // The number stays, so that it is never given to another caller.
        db.run("UPDATE parties SET person = 0, display = NULL WHERE tenant = $1 AND id = $2", &party)?;
        let Some(person) = person.first().map(|r| r.int(0) as u64).filter(|p| *p != 0) else { continue };
        let of: [Value; 2] = [tenant.into(), person.into()];
        let sql = "DELETE FROM persons WHERE tenant = $1 AND id = $2 AND restricted = 0 AND NOT EXISTS \
                   (SELECT 1 FROM parties WHERE tenant = $1 AND person = $2) AND NOT EXISTS \
                   (SELECT 1 FROM holds WHERE tenant = $1 AND kind = 'person' AND target = $2)";
        if db.run(sql, &of)? > 0 {
            people.push(person);
        }
    }
    Ok((calls.len() as u64, blobs, people, recordings))
}

/// A run of the job, as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisposalRun {
    /// When it began, in milliseconds since 1970.
    pub at: u64,
    /// When it ended; `None` while it runs, or when the process died meanwhile.
    pub ended: Option<u64>,
    /// What it did, as JSON: counts by rule.
    pub report: String,
}

impl Store {
    /// Notes that a run of the job began, or what came of it.
    ///
    /// # Errors
    /// What the database said.
    pub fn note_run(&self, tenant: TenantId, run: &DisposalRun) -> Result<(), StoreError> {
        let sql = "INSERT INTO disposals (tenant, at, ended, report) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (tenant, at) DO UPDATE SET ended = excluded.ended, report = excluded.report";
        let values = [tenant.into(), run.at.into(), run.ended.into(), run.report.as_str().into()];
        self.writer().run(sql, &values).map(|_| ())
    }

    /// The newest runs of the job, newest first.
    ///
    /// # Errors
    /// What the database said.
    pub fn runs(&self, tenant: TenantId, limit: u32) -> Result<Vec<DisposalRun>, StoreError> {
        let sql = "SELECT at, ended, report FROM disposals WHERE tenant = $1 ORDER BY at DESC LIMIT $2";
        let rows = self.reader().rows(sql, &[tenant.into(), i64::from(limit.min(100)).into()])?;
        Ok(rows
            .iter()
            .map(|r| DisposalRun {
                at: r.int(0) as u64,
                ended: r.maybe_int(1).map(|t| t as u64),
                report: r.text(2).into(),
            })
            .collect())
    }
}
