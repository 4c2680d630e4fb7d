//! Disposing of what is old and belongs to no call: figures of reports, and earlier versions of the configuration.

use crate::disposal::{DataClass, Disposed};
use crate::error::StoreError;
use crate::sql::{Value, transaction};
use crate::store::{Store, TenantId};

/// Figures, by the quarter of an hour in which they begin.
const FIGURES: [&str; 9] = [
    "interval_queues",
    "interval_agents",
    "interval_agent_states",
    "interval_numbers",
    "interval_dispositions",
    "interval_waits",
    "interval_exits",
    "interval_number_exits",
    "interval_exit_waits",
];
/// So much of figures goes with one transaction, in milliseconds of their time.
const SLICE_MS: i64 = 86_400_000;
/// Versions that something came after: the newest of an object stays whatever its age.
const OLD_VERSIONS: &str = "object_versions WHERE tenant = $1 AND at < $2 AND version < (SELECT o.version FROM objects o \
     WHERE o.tenant = object_versions.tenant AND o.kind = object_versions.kind AND o.id = object_versions.id)";

impl Store {
    /// How many rows of a class are older than `before`.
    pub(crate) fn aged(&self, tenant: TenantId, class: DataClass, before: u64) -> Result<u64, StoreError> {
        let mut db = self.reader();
        let mut count = |from: &str| -> Result<u64, StoreError> {
            let sql = format!("SELECT COUNT(*) FROM {from}");
            let rows = db.rows(&sql, &[tenant.into(), before.into()])?;
            Ok(rows.first().map_or(0, |r| r.int(0)) as u64)
        };
        match class {
            DataClass::Report => FIGURES.iter().try_fold(0, |sum, table| {
                Ok(sum + count(&format!("{table} WHERE tenant = $1 AND start < $2"))?)
            }),
            DataClass::Config => count(OLD_VERSIONS),
            _ => Ok(0),
        }
    }

    /// The time of the oldest row of a class that a rule may take.
    pub(crate) fn oldest_aged(&self, tenant: TenantId, class: DataClass) -> Result<Option<u64>, StoreError> {
        let mut db = self.reader();
        let mut least = |sql: &str| -> Result<Option<u64>, StoreError> {
            let rows = db.rows(sql, &[tenant.into(), i64::MAX.into()])?;
            Ok(rows.first().and_then(|r| r.maybe_int(0)).map(|t| t as u64))
        };
        if class == DataClass::Config {
            return least(&format!("SELECT MIN(at) FROM {OLD_VERSIONS}"));
        }
        if class == DataClass::Audit {
            return least("SELECT MIN(at) FROM audit WHERE tenant = $1 AND at < $2");
        }
        let mut oldest = None;
        for table in FIGURES.iter().filter(|_| class == DataClass::Report) {
            let found = least(&format!("SELECT MIN(start) FROM {table} WHERE tenant = $1 AND start < $2"))?;
            oldest = [oldest, found].into_iter().flatten().min();
        }
        Ok(oldest)
    }

    /// Disposes of the rows of a class that are older than `before`, until none is or `go_on` says no. Gives what went.
    pub(crate) fn dispose_aged(
        &self,
        tenant: TenantId,
        class: DataClass,
        before: u64,
        go_on: &mut dyn FnMut(&Disposed) -> bool,
    ) -> Result<Disposed, StoreError> {
        let mut done = Disposed::default();
        while go_on(&done) {
            let Some(oldest) = self.oldest_aged(tenant, class)?.filter(|oldest| *oldest < before) else {
                break;
            };
            let until =
                (oldest as i64).saturating_add(SLICE_MS).min(i64::try_from(before).unwrap_or(i64::MAX));
            let gone = transaction(&mut **self.writer(), |db| {
                let of = [tenant.into(), Value::Int(until)];
                if class == DataClass::Config {
                    return db.run(&format!("DELETE FROM {OLD_VERSIONS}"), &of);
                }
                FIGURES.iter().try_fold(0, |sum, table| {
                    let sql = format!("DELETE FROM {table} WHERE tenant = $1 AND start < $2");
                    Ok(sum + db.run(&sql, &of)?)
                })
            })?;
            done.rows += gone;
            if gone == 0 {
                break;
            }
        }
        Ok(done)
    }
}
