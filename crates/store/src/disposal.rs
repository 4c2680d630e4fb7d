//! Disposing of what is old: rows and audio go page by page, each page whole, so that a run that was interrupted goes on
//! with the next one. A hold beats every rule. Figures of reports have a rule of their own and no hold: they know no caller.

use crate::error::StoreError;
use crate::holds::FREE_CALL;
use crate::keys::{Keys, PERSON, RECORDING};
use crate::sql::{Sql, Value, transaction};
use crate::store::{Store, TenantId};
use engine::PartyId;
use std::collections::BTreeSet;

/// Calls that one transaction disposes of.
const PAGE: u64 = 200;

/// People whom one transaction looks at.
const PEOPLE: u64 = 1_000;

/// By how many numbers a party may come before the caller of the call that names it: whom an agent dials is known a moment
/// before the agent's own party is.
const NEIGHBOURS: i64 = 16;

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DataClass {
    /// Records of calls with everything that belongs to them, and people without any further call.
    Call,
    /// Audio of recordings; the call's record stays.
    Recording,
    /// Messages in voicemail boxes, with their audio.
    Voicemail,
    /// Notes on calls; the call's record stays.
    Notes,
    /// Figures of reports, also those of agents.
    Report,
    /// Earlier versions of the configuration; what is in force stays.
    Config,
    /// Entries of the audit log. They go by [`Store::cut_audit`], so that what stays is still proved to be whole.
    Audit,
}

impl DataClass {
    /// All of them; audio first, so that a call's own rule finds less.
    pub const ALL: [DataClass; 7] = [
        DataClass::Recording,
        DataClass::Voicemail,
        DataClass::Notes,
        DataClass::Call,
        DataClass::Report,
        DataClass::Config,
        DataClass::Audit,
    ];

    /// As configuration names it.
    pub const fn name(self) -> &'static str {
        match self {
            DataClass::Call => "call",
            DataClass::Recording => "recording",
            DataClass::Voicemail => "voicemail",
            DataClass::Notes => "notes",
            DataClass::Report => "report",
            DataClass::Config => "config",
            DataClass::Audit => "audit",
        }
    }

    /// What a rule of this class takes: rows of `calls` as `c`, those that ended before `$2`. Nothing where it is not of
    /// calls.
    fn due(self) -> Option<&'static str> {
        Some(match self {
            DataClass::Report | DataClass::Config | DataClass::Audit => return None,
            DataClass::Notes => {
                "FROM calls c WHERE c.tenant = $1 AND c.ended < $2 AND EXISTS (SELECT 1 FROM notes n \
                 WHERE n.tenant = $1 AND n.call = c.id)"
            }
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
        })
    }
}

/// A rule: what is about calls that ended before this goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisposalRule {
    /// What.
    pub class: DataClass,
    /// Only calls that went through this queue, by its number.
    pub queue: Option<u32>,
    /// No calls that went through these queues: they have rules of their own.
    pub except: Vec<u32>,
    /// Calls that ended before this, in milliseconds since 1970.
    pub before: u64,
}

/// The parties that something which goes on needs: calls that are not over, promises to call back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// These,
    pub parties: BTreeSet<PartyId>,
    /// and those numbered from here on: they came after somebody looked.
    pub from: PartyId,
}

impl Needed {
    /// Nothing goes on.
    pub const fn nothing() -> Needed {
        Needed { parties: BTreeSet::new(), from: PartyId(u64::MAX) }
    }

    /// The lowest of them.
    fn first(&self) -> i64 {
        let first = self.parties.first().map_or(self.from, |party| self.from.min(*party));
        i64::try_from(first.0).unwrap_or(i64::MAX)
    }

    fn has(&self, party: u64) -> bool {
        party >= self.from.0 || self.parties.contains(&PartyId(party))
    }
}

/// What a run did, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disposed {
    /// Calls whose data of the class went.
    pub calls: u64,
    /// Calls whose data a hold kept, or entries of the audit log.
    pub held: u64,
    /// Recordings and messages that went.
    pub recordings: u64,
    /// People who went, because no call of theirs is left.
    pub people: u64,
    /// Rows that went, or would, of a class that is not of calls.
    pub rows: u64,
}

impl DisposalRule {
    fn of_queue(&self) -> String {
        if let Some(queue) = self.queue {
            return format!(
                " AND EXISTS (SELECT 1 FROM call_queues y WHERE y.tenant = $1 AND y.call = c.id AND y.queue = {queue})"
            );
        }
        if self.except.is_empty() {
            return String::new();
        }
        let except: Vec<String> = self.except.iter().map(ToString::to_string).collect();
        format!(
            " AND NOT EXISTS (SELECT 1 FROM call_queues y WHERE y.tenant = $1 AND y.call = c.id AND y.queue IN ({}))",
            except.join(", ")
        )
    }
}

impl Store {
    /// What a rule would take now, and what holds keep.
    ///
    /// # Errors
    /// What the database said.
    pub fn due(&self, tenant: TenantId, rule: &DisposalRule) -> Result<Disposed, StoreError> {
        if rule.class == DataClass::Audit {
            return self.audit_due(tenant, rule.before);
        }
        let Some(from) = rule.class.due() else {
            return Ok(Disposed { rows: self.aged(tenant, rule.class, rule.before)?, ..Disposed::default() });
        };
        // One statement, so that both figures are of one moment.
        let sql = format!(
            "SELECT COUNT(*), SUM(CASE WHEN {FREE_CALL} THEN 1 ELSE 0 END) {from}{}",
            rule.of_queue()
        );
        let rows = self.reader().rows(&sql, &[tenant.into(), rule.before.into()])?;
        let (all, calls) = rows.first().map_or((0, 0), |r| (r.int(0) as u64, r.int(1) as u64));
        Ok(Disposed { calls, held: all.saturating_sub(calls), ..Disposed::default() })
    }

    /// When the oldest call ended of which a rule's class still has something, held or not, or of when its oldest row is;
    /// `None` where nothing is left.
    ///
    /// # Errors
    /// What the database said.
    pub fn oldest(&self, tenant: TenantId, rule: &DisposalRule) -> Result<Option<u64>, StoreError> {
        let Some(from) = rule.class.due() else { return self.oldest_aged(tenant, rule.class) };
        let sql = format!("SELECT MIN(c.ended) {from}{}", rule.of_queue());
        let rows = self.reader().rows(&sql, &[tenant.into(), i64::MAX.into()])?;
        Ok(rows.first().and_then(|r| r.maybe_int(0)).map(|t| t as u64))
    }

    /// Disposes of what a rule takes, until nothing is due or `go_on` says no; it is asked before each page, while nothing is
    /// locked. Whom `needed` names stays known. Gives what went.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for the audit log, which goes by [`Store::cut_audit`]; else what database or disk said: what went
    /// stays gone.
    pub fn dispose(
        &self,
        tenant: TenantId,
        rule: &DisposalRule,
        needed: &Needed,
        go_on: &mut dyn FnMut(&Disposed) -> bool,
    ) -> Result<Disposed, StoreError> {
        if rule.class == DataClass::Audit {
            return Err(StoreError::Refused("the audit log is disposed of with a signed cut".into()));
        }
        if rule.class.due().is_none() {
            return self.dispose_aged(tenant, rule.class, rule.before, go_on);
        }
        let mut done = Disposed { held: self.due(tenant, rule)?.held, ..Disposed::default() };
        while go_on(&done) {
            // Keys go before the rows are gone: an interrupted page is due again, and nothing of it can be read.
            let mut keys = self.keys();
            let mut db = self.writer();
            let (calls, blobs, people, recordings) = transaction(&mut **db, |db| {
                let page = page(db, tenant, rule, needed)?;
                destroy(&mut keys, tenant, &page.2, &page.3)?;
                Ok(page)
            })?;
            drop(db);
            if !(people.is_empty() && recordings.is_empty()) {
                keys.forget_deleted()?;
            }
            drop(keys);
            for blob in blobs {
                self.blobs().remove(&blob)?;
            }
            done.calls += calls;
            done.recordings += recordings.len() as u64;
            done.people += people.len() as u64;
            if calls == 0 {
                if rule.class == DataClass::Call && rule.queue.is_none() {
                    self.dispose_of_the_unnamed(tenant, rule.before, needed, &mut done, go_on)?;
                }
                break;
            }
        }
        Ok(done)
    }

    /// Disposes of people whom no call names any more: numbers that were keyed and never called, people whom only a hold
    /// or a restriction kept.
    fn dispose_of_the_unnamed(
        &self,
        tenant: TenantId,
        before: u64,
        needed: &Needed,
        done: &mut Disposed,
        go_on: &mut dyn FnMut(&Disposed) -> bool,
    ) -> Result<(), StoreError> {
        let mut after = 0;
        loop {
            let mut keys = self.keys();
            let mut db = self.writer();
            let (people, last) = transaction(&mut **db, |db| {
                let (people, last) = unnamed(db, tenant, (after, before), needed)?;
                destroy(&mut keys, tenant, &people, &[])?;
                Ok((people, last))
            })?;
            drop(db);
            if !people.is_empty() {
                keys.forget_deleted()?;
            }
            drop(keys);
            done.people += people.len() as u64;
            match last {
                Some(last) if go_on(done) => after = last,
                _ => return Ok(()),
            }
        }
    }
}

/// Destroys the keys of these people and recordings with one commit.
pub(crate) fn destroy(
    keys: &mut Keys,
    tenant: TenantId,
    people: &[u64],
    recordings: &[u64],
) -> Result<(), StoreError> {
    if people.is_empty() && recordings.is_empty() {
        return Ok(());
    }
    keys.begin()?;
    let people = people.iter().map(|id| (PERSON, *id));
    let mut both = people.chain(recordings.iter().map(|id| (RECORDING, *id)));
    let all = both.try_for_each(|(kind, id)| keys.destroy(tenant, kind, id));
    let ended = keys.end(all.is_ok());
    all.and(ended)
}

/// How many calls, audio files, people and recordings go.
type Page = (u64, Vec<String>, Vec<u64>, Vec<u64>);

fn page(
    db: &mut dyn Sql,
    tenant: TenantId,
    rule: &DisposalRule,
    needed: &Needed,
) -> Result<Page, StoreError> {
    let from = rule.class.due().unwrap_or_default();
    let sql = format!("SELECT c.id {from}{} AND {FREE_CALL} ORDER BY c.id LIMIT {PAGE}", rule.of_queue());
    let calls = db.rows(&sql, &[tenant.into(), rule.before.into()])?;
    let (mut blobs, mut people, mut recordings) = (Vec::new(), Vec::new(), Vec::new());
    for row in &calls {
        let of: [Value; 2] = [tenant.into(), Value::Int(row.int(0))];
        if rule.class == DataClass::Notes {
            db.run("DELETE FROM notes WHERE tenant = $1 AND call = $2", &of)?;
            continue;
        }
        let which = match rule.class {
            DataClass::Call | DataClass::Notes | DataClass::Report | DataClass::Config | DataClass::Audit => {
                ""
            }
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
            recordings.push(recording.int(0) as u64);
        }
        if rule.class != DataClass::Call {
            continue;
        }
        let parties = db.rows("SELECT party FROM call_parties WHERE tenant = $1 AND call = $2", &of)?;
        for table in ["notes", "leg_quality", "call_dispositions", "call_queues", "call_parties"] {
            db.run(&format!("DELETE FROM {table} WHERE tenant = $1 AND call = $2"), &of)?;
        }
        db.run("DELETE FROM calls WHERE tenant = $1 AND id = $2", &of)?;
        for party in parties {
            people.extend(let_go(db, tenant, party.int(0) as u64, needed)?);
        }
    }
    Ok((calls.len() as u64, blobs, people, recordings))
}

/// Takes the people with numbers after this one, known since before that time, whom no call names that is kept or goes on.
/// Gives them, and the last number that was looked at.
fn unnamed(
    db: &mut dyn Sql,
    tenant: TenantId,
    (after, before): (u64, u64),
    needed: &Needed,
) -> Result<(Vec<u64>, Option<u64>), StoreError> {
    let sql = "SELECT MAX(id) FROM (SELECT id FROM persons WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3) AS page";
    let rows = db.rows(sql, &[tenant.into(), after.into(), PEOPLE.into()])?;
    let Some(last) = rows.first().and_then(|r| r.maybe_int(0)) else { return Ok((Vec::new(), None)) };
    // Parties are numbered as they come: those well before the first that is needed belong to nothing that goes on.
    let first = needed.first().saturating_sub(NEIGHBOURS);
    let sql = "SELECT s.id FROM persons s WHERE s.tenant = $1 AND s.id > $2 AND s.id <= $3 AND s.created < $4 \
               AND s.restricted = 0 AND s.objected = 0 AND NOT EXISTS (SELECT 1 FROM parties p WHERE p.tenant = $1 AND p.person = s.id \
               AND (p.id >= $5 OR EXISTS (SELECT 1 FROM call_parties x WHERE x.tenant = $1 AND x.party = p.id))) \
               AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.tenant = $1 AND h.kind = 'person' AND h.target = s.id)";
    let values = [tenant.into(), after.into(), last.into(), before.into(), first.into()];
    let people: Vec<u64> = db.rows(sql, &values)?.iter().map(|r| r.int(0) as u64).collect();
    for person in &people {
        let of: [Value; 2] = [tenant.into(), (*person).into()];
        db.run("UPDATE parties SET person = 0, display = NULL WHERE tenant = $1 AND person = $2", &of)?;
        db.run("DELETE FROM persons WHERE tenant = $1 AND id = $2", &of)?;
        crate::names::forget_words(db, tenant, *person)?;
    }
    Ok((people, Some(last as u64)))
}

/// Forgets whose a party is, unless a call that stays, a hold or something that goes on needs it. Gives the person, if
/// nothing is left of them: their row is gone then, and their key has to go.
fn let_go(
    db: &mut dyn Sql,
    tenant: TenantId,
    party: u64,
    needed: &Needed,
) -> Result<Option<u64>, StoreError> {
    if needed.has(party) {
        return Ok(None);
    }
    let of: [Value; 2] = [tenant.into(), party.into()];
    // A promise to call back, and each try of it, has the party of the call that it was made in.
    let sql = "SELECT p.person FROM parties p WHERE p.tenant = $1 AND p.id = $2 AND p.person > 0 \
               AND NOT EXISTS (SELECT 1 FROM call_parties x WHERE x.tenant = $1 AND x.party = $2) \
               AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.tenant = $1 AND h.kind = 'person' AND h.target = p.person)";
    let Some(person) = db.rows(sql, &of)?.first().map(|r| r.int(0) as u64) else { return Ok(None) };
    // The number stays, so that it is never given to another caller.
    db.run("UPDATE parties SET person = 0, display = NULL WHERE tenant = $1 AND id = $2", &of)?;
    let of: [Value; 2] = [tenant.into(), person.into()];
    let sql = "DELETE FROM persons WHERE tenant = $1 AND id = $2 AND restricted = 0 AND objected = 0 AND NOT EXISTS \
               (SELECT 1 FROM parties WHERE tenant = $1 AND person = $2) AND NOT EXISTS \
               (SELECT 1 FROM holds WHERE tenant = $1 AND kind = 'person' AND target = $2)";
    let is_gone = db.run(sql, &of)? > 0;
    if is_gone {
        crate::names::forget_words(db, tenant, person)?;
    }
    Ok(is_gone.then_some(person))
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
