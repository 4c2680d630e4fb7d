//! Which queues a call went through, and whom it names: what a hold, a rule or an erasure reaches a call by. It is written
//! with the call's record and goes with it. No name and no number stands in it.

use crate::calls::read_record;
use crate::error::StoreError;
use crate::sql::{Sql, Value};
use crate::store::TenantId;
use engine::{CallRecord, Role, To, What};
use std::collections::{BTreeMap, BTreeSet};

/// Records that are read at once where all of them are.
const PAGE: i64 = 500;

/// Audio in which a person is heard, as a condition on `recordings`; `$1` is the tenant, `$2` the person.
pub(crate) const HEARD_IN: &str = "tenant = $1 AND (party IN (SELECT id FROM parties WHERE tenant = $1 AND person = $2) \
     OR call IN (SELECT x.call FROM call_parties x JOIN parties p ON p.tenant = x.tenant AND p.id = x.party \
     WHERE p.tenant = $1 AND p.person = $2 AND x.spoke = 1))";

/// The queues that a call went through.
fn queues_in(record: &CallRecord) -> BTreeSet<u32> {
    let entered = record.timeline.iter().filter_map(|moment| match moment.what {
        What::Queued { queue } => Some(queue.0),
        _ => None,
    });
    // Of a long call the timeline is cut, and its last queue is known all the same.
    entered.chain(record.queue.map(|q| q.0)).collect()
}

/// Whom a call names, and whether they were in it: who called, and everybody outside who was called, or for whom it was
/// at first.
pub(crate) fn parties_in(record: &CallRecord) -> BTreeMap<u64, bool> {
    let mut all = BTreeMap::from([(record.caller.0, true)]);
    for moment in &record.timeline {
        let named = match moment.what {
            What::PartyDialled { party, .. } => Some(party),
            What::Diverted { first } => Some(first),
            What::TransferAsked { to: To::Party(party), .. }
            | What::ConsultBegan { to: To::Party(party), .. }
            | What::Called { to: To::Party(party), .. } => Some(party),
            _ => None,
        };
        all.extend(named.filter(|party| !all.contains_key(&party.0)).map(|party| (party.0, false)));
    }
    for leg in &record.legs {
        if let Role::Party { party } = leg.role {
            *all.entry(party.0).or_default() |= leg.answered.is_some();
        }
    }
    all
}

/// Writes what a call is reached by.
pub(crate) fn put_index(db: &mut dyn Sql, tenant: TenantId, record: &CallRecord) -> Result<(), StoreError> {
    for queue in queues_in(record) {
        let sql = "INSERT INTO call_queues (tenant, call, queue) VALUES ($1, $2, $3)";
        db.run(sql, &[tenant.into(), record.id.0.into(), u64::from(queue).into()])?;
    }
    for (party, spoke) in parties_in(record) {
        let sql = "INSERT INTO call_parties (tenant, call, party, spoke) VALUES ($1, $2, $3, $4)";
        db.run(sql, &[tenant.into(), record.id.0.into(), party.into(), i64::from(spoke).into()])?;
    }
    Ok(())
}

/// The same for the calls that were written before this was. Of a record that cannot be read its caller and its last queue
/// are all that is known.
pub(crate) fn index_existing(db: &mut dyn Sql) -> Result<(), StoreError> {
    let mut after = (0, 0);
    loop {
        let sql = "SELECT tenant, id, queue, party, record FROM calls WHERE (tenant, id) > ($1, $2) ORDER BY tenant, id LIMIT $3";
        let rows = db.rows(sql, &[Value::Int(after.0), Value::Int(after.1), PAGE.into()])?;
        for row in &rows {
            after = (row.int(0), row.int(1));
            let tenant = TenantId(row.int(0) as u64);
            if let Ok(record) = read_record(row.bytes(4)) {
                put_index(db, tenant, &record)?;
                continue;
            }
            let of: [Value; 2] = [tenant.into(), row.int(1).into()];
            if let Some(queue) = row.maybe_int(2) {
                let sql = "INSERT INTO call_queues (tenant, call, queue) VALUES ($1, $2, $3)";
                db.run(sql, &[of[0].clone(), of[1].clone(), queue.into()])?;
            }
            let sql = "INSERT INTO call_parties (tenant, call, party, spoke) VALUES ($1, $2, $3, 1)";
            db.run(sql, &[of[0].clone(), of[1].clone(), row.int(3).into()])?;
        }
        if rows.len() < PAGE as usize {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::{Sqlite, Use};
    use engine::{
        CallId, EndedBy, Fault, LanguageId, LegEnd, LegId, LegRecord, Moment, Origin, PartyId, QueueId,
        Reason, Time, TrunkId,
    };

    #[test]
    fn calls_that_were_written_before_there_was_an_index_are_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut db = Sqlite::open(&dir.path().join("x.db"), Use::Data, false).unwrap();
        crate::migrations::migrate(&mut db, crate::migrations::DATA).unwrap();
        let leg = |id, party, answered| LegRecord {
            id: LegId(id),
            role: Role::Party { party: PartyId(party) },
            began: Time(1),
            answered,
            ended: Time(2),
            end: LegEnd::FarHungUp,
        };
        let queued = |queue| Moment { at: Time(1), what: What::Queued { queue: QueueId(queue) } };
        let record = CallRecord {
            id: CallId(7),
            number: None,
            caller: PartyId(1),
            trunk: TrunkId(1),
            began: Time(1),
            answered: None,
            ended: Time(9),
            ended_by: EndedBy::Caller,
            reason: Reason::HungUp,
            fault: Fault::Nobody,
            queue: Some(QueueId(30)),
            outcome: None,
            waited_ms: 0,
            talked_ms: 0,
            agent: None,
            legs: vec![leg(1, 2, Some(Time(1))), leg(2, 3, None)],
            timeline: vec![queued(20), queued(30), queued(20)],
            decisions: Vec::new(),
            recordings: Vec::new(),
            origin: Origin::Inbound,
            attributes: Vec::new(),
            language: LanguageId(0),
        };
        crate::calls::put_record(&mut db, TenantId(1), &record).unwrap();
        let rows = |db: &mut Sqlite, sql: &str| -> Vec<(i64, i64)> {
            db.rows(sql, &[]).unwrap().iter().map(|r| (r.int(0), r.int(1))).collect()
        };
        let look = |db: &mut Sqlite| {
            let queues = rows(db, "SELECT call, queue FROM call_queues ORDER BY queue");
            (queues, rows(db, "SELECT party, spoke FROM call_parties WHERE call = 7 ORDER BY party"))
        };
        let both = (vec![(7, 20), (7, 30)], vec![(1, 1), (2, 1), (3, 0)]);
        assert_eq!(look(&mut db), both);
        db.script("DELETE FROM call_queues; DELETE FROM call_parties").unwrap();
        // One that a newer version wrote, or that is damaged.
        db.script("INSERT INTO calls (tenant, id, began, ended, queue, party, record) VALUES (1, 8, 1, 2, 40, 5, x'ff')")
            .unwrap();
        index_existing(&mut db).unwrap();
        let (mut queues, parties) = both;
        queues.push((8, 40));
        assert_eq!(look(&mut db), (queues, parties));
        assert_eq!(rows(&mut db, "SELECT party, spoke FROM call_parties WHERE call = 8"), [(5, 1)]);
    }
}
