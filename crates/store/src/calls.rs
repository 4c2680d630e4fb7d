//! Records of calls that are over.

use crate::error::StoreError;
use crate::sql::{Sql, Value};
use crate::store::{Store, TenantId};
use engine::{CallId, CallRecord, Fact, Origin, PartyId};
use redact::Secret;

/// The form of a stored record.
const FORM: u8 = 1;

/// Which calls to list.
#[derive(Clone, Debug, Default)]
pub struct CallFilter {
    /// Only those of this queue.
    pub queue: Option<u32>,
    /// Only those in which this agent talked last.
    pub agent: Option<u32>,
    /// Only those of the person behind this party.
    pub same_caller: Option<PartyId>,
    /// Only those that name this person: who called, or who was called in it, or for whom it was at first.
    pub names: Option<u64>,
    /// Only those of whoever has one of these numbers or addresses, each in exactly the form that came with a call. Looked
    /// up by the tenant's keyed hash; the first eight count. Nobody whose data is restricted is found.
    pub callers: Option<Vec<Secret<String>>>,
    /// Only those of which an agent said this.
    pub disposition: Option<u32>,
    /// Only those that began at or after this, in milliseconds since 1970.
    pub since: Option<u64>,
    /// Only those that began before this, in milliseconds since 1970.
    pub until: Option<u64>,
    /// Only those with a smaller id: where the page before ended.
    pub before: Option<u64>,
    /// At most this many; 1 to 500.
    pub limit: u32,
}

/// The most forms of a caller's number that are looked up at once.
const MOST_CALLERS: usize = 8;

/// A call as it is stored.
pub type StoredCall = CallRecord;

/// A page of calls, newest first.
#[derive(Debug)]
pub struct CallPage {
    /// The calls.
    pub calls: Vec<StoredCall>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<u64>,
}

/// How a call began, as the column says it: somebody called.
pub(crate) const INBOUND: u64 = 0;
/// A promise to call back was kept.
pub(crate) const CALLBACK: u64 = 2;

fn origin(record: &CallRecord) -> u64 {
    match record.origin {
        Origin::Inbound => INBOUND,
        Origin::Outbound { .. } => 1,
        Origin::Callback { .. } => CALLBACK,
        Origin::Internal { .. } => 3,
    }
}

pub(crate) fn put_record(db: &mut dyn Sql, tenant: TenantId, record: &CallRecord) -> Result<(), StoreError> {
    let mut body = vec![FORM];
    body.extend(postcard::to_allocvec(record).map_err(|e| StoreError::Refused(e.to_string()))?);
    let sql = "INSERT INTO calls (tenant, id, began, ended, number, queue, agent, party, record, origin) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let small = |v: Option<u32>| Value::from(v.map(u64::from));
    db.run(
        sql,
        &[
            tenant.into(),
            record.id.0.into(),
            record.began.0.into(),
            record.ended.0.into(),
            small(record.number.map(|n| n.0)),
            small(record.queue.map(|q| q.0)),
            small(record.agent.map(|a| a.0)),
            record.caller.0.into(),
            body.into(),
            origin(record).into(),
        ],
    )?;
    crate::call_index::put_index(db, tenant, record)
}

/// Keeps what an agent said of a call. It may be said after the call's record was written, so it stands beside it.
pub(crate) fn put_disposition(db: &mut dyn Sql, tenant: TenantId, fact: &Fact) -> Result<(), StoreError> {
    let Fact::Handled { agent, call, disposition: Some(disposition), .. } = fact else { return Ok(()) };
    let sql = "INSERT INTO call_dispositions (tenant, call, agent, disposition) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (tenant, disposition, call, agent) DO NOTHING";
    let small = |n: u32| Value::from(u64::from(n));
    db.run(sql, &[tenant.into(), call.0.into(), small(agent.0), small(disposition.0)]).map(|_| ())
}

pub(crate) fn read_record(bytes: &[u8]) -> Result<CallRecord, StoreError> {
    let unreadable = || StoreError::Unreadable("a call's record".into());
    let (form, body) = bytes.split_first().ok_or_else(unreadable)?;
    if *form != FORM {
        return Err(unreadable());
    }
    postcard::from_bytes(body).map_err(|_| unreadable())
}

impl Store {
    /// Lists calls, newest first.
    ///
    /// # Errors
    /// What the database said.
    pub fn calls(&self, tenant: TenantId, filter: &CallFilter) -> Result<CallPage, StoreError> {
        let limit = i64::from(filter.limit.clamp(1, 500));
        let before = filter.before.map_or(i64::MAX, |b| b as i64);
        let mut values = vec![tenant.into(), Value::Int(before)];
        // Only what is asked for stands in the query, so that its index serves it.
        let mut only = String::new();
        for (column, wanted) in [("queue", filter.queue), ("agent", filter.agent)] {
            if let Some(wanted) = wanted {
                values.push(u64::from(wanted).into());
                only += &format!(" AND {column} = ${}", values.len());
            }
        }
        for (compared, time) in [("began >=", filter.since), ("began <", filter.until)] {
            if let Some(time) = time {
                values.push(Value::Int(i64::try_from(time).unwrap_or(i64::MAX)));
                only += &format!(" AND {compared} ${}", values.len());
            }
        }
        if let Some(party) = filter.same_caller {
            values.push(party.0.into());
            let n = values.len();
            only += &format!(
                " AND party IN (SELECT p.id FROM parties q JOIN parties p ON p.tenant = q.tenant AND p.person = q.person \
                 WHERE q.tenant = $1 AND q.id = ${n} AND q.person > 0)"
            );
        }
        if let Some(person) = filter.names {
            values.push(person.into());
            let n = values.len();
            only += &format!(
                " AND id IN (SELECT x.call FROM parties p JOIN call_parties x ON x.tenant = p.tenant AND x.party = p.id \
                 WHERE p.tenant = $1 AND p.person = ${n})"
            );
        }
        if let Some(callers) = &filter.callers {
            let mut places = Vec::new();
            for caller in callers.iter().take(MOST_CALLERS) {
                let lookup = self.keys().lookup(tenant, caller.expose_secret())?;
                values.push(lookup.into());
                places.push(format!("${}", values.len()));
            }
            if places.is_empty() {
                return Ok(CallPage { calls: Vec::new(), next: None });
            }
            only += &format!(
                " AND party IN (SELECT p.id FROM persons s JOIN parties p ON p.tenant = s.tenant AND p.person = s.id \
                 WHERE s.tenant = $1 AND s.restricted = 0 AND s.lookup IN ({}))",
                places.join(", ")
            );
        }
        if let Some(disposition) = filter.disposition {
            values.push(u64::from(disposition).into());
            let n = values.len();
            only += &format!(
                " AND id IN (SELECT d.call FROM call_dispositions d WHERE d.tenant = $1 AND d.disposition = ${n})"
            );
        }
        values.push(Value::Int(limit + 1));
        let sql = format!(
            "SELECT record FROM calls WHERE tenant = $1 AND id < $2{only} ORDER BY id DESC LIMIT ${}",
            values.len()
        );
        let rows = self.reader().rows(&sql, &values)?;
        let mut calls = rows.iter().map(|r| read_record(r.bytes(0))).collect::<Result<Vec<_>, _>>()?;
        let more = calls.len() as i64 > limit;
        calls.truncate(limit as usize);
        let next = calls.last().filter(|_| more).map(|c| c.id.0);
        Ok(CallPage { calls, next })
    }

    /// One call.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this id.
    pub fn call(&self, tenant: TenantId, id: CallId) -> Result<StoredCall, StoreError> {
        let sql = "SELECT record FROM calls WHERE tenant = $1 AND id = $2";
        let rows = self.reader().rows(sql, &[tenant.into(), id.0.into()])?;
        read_record(rows.first().ok_or_else(|| StoreError::NotFound("this call".into()))?.bytes(0))
    }

    /// What agents said of a call: agents and dispositions by number.
    ///
    /// # Errors
    /// What the database said.
    pub fn dispositions(&self, tenant: TenantId, call: CallId) -> Result<Vec<(u32, u32)>, StoreError> {
        let sql =
            "SELECT agent, disposition FROM call_dispositions WHERE tenant = $1 AND call = $2 ORDER BY agent";
        let rows = self.reader().rows(sql, &[tenant.into(), call.0.into()])?;
        Ok(rows.iter().map(|r| (r.int(0) as u32, r.int(1) as u32)).collect())
    }

    /// How many calls are stored.
    ///
    /// # Errors
    /// What the database said.
    pub fn count_calls(&self, tenant: TenantId) -> Result<u64, StoreError> {
        let rows = self.reader().rows("SELECT COUNT(*) FROM calls WHERE tenant = $1", &[tenant.into()])?;
        Ok(rows.first().map_or(0, |r| r.int(0)) as u64)
    }
}
