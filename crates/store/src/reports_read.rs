//! Reading the interval tables: rows summed over intervals, days or the whole time, and the recount that proves them.

use crate::error::StoreError;
use crate::journal::decode_events;
use crate::reports::{
    AGENT_STATES, AGENTS, AgentFigures, DISPOSITIONS, DispositionFigures, Figures, Intervals, NUMBERS,
    NumberFigures, QUEUES, QueueFigures, StateFigures, Table, WAIT_BOUNDS_MS, WAITS, WaitFigures, Waits,
};
use crate::sql::{Row, Sql, Value, transaction};
use crate::store::{Store, TenantId};
use engine::{Effect, Engine, Event, Time};
use std::collections::BTreeMap;

/// The most rows of one report. A longer one is refused: ask for a shorter time, or for days.
pub const MOST_ROWS: usize = 50_000;

/// How many rows of the journal are read at once.
const JOURNAL_PAGE: i64 = 200;

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// From this time on, in milliseconds since 1970.
    pub from: u64,
    /// Up to before this time.
    pub to: u64,
    /// How much is summed into one row, in milliseconds; `None` is everything.
    pub width_ms: Option<u64>,
    /// How far the clock on the wall is before UTC, in milliseconds, for where days begin.
    pub zone_ms: i64,
}

/// A row of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Summed<F> {
    /// Where it begins, in milliseconds since 1970.
    pub start: u64,
    /// Whose it is: the columns of the table's key, in order.
    pub of: Vec<u32>,
    /// The sums.
    pub figures: F,
}

/// What a report on queues is made of.
#[derive(Clone, Debug)]
pub struct QueueRows {
    /// Position in the journal of the last event that is counted in.
    pub position: u64,
    /// By queue.
    pub rows: Vec<Summed<QueueFigures>>,
    /// Waits by beginning of the row and queue.
    pub waits: BTreeMap<(u64, u32), Waits>,
    /// Intervals in which callers entered who still wait, or whose figures are broken: beginning, queue, and offered less
    /// answered, abandoned, flowed out and callback.
    pub unsettled: Vec<(u64, u32, i64)>,
}

/// What a report on agents is made of.
#[derive(Clone, Debug)]
pub struct AgentRows {
    /// By agent.
    pub rows: Vec<Summed<AgentFigures>>,
    /// By agent, state and reason.
    pub states: Vec<Summed<StateFigures>>,
}

impl Store {
    /// Figures of queues.
    ///
    /// # Errors
    /// What the database said, or [`StoreError::Refused`] for too long a report.
    pub fn report_queues(&self, tenant: TenantId, span: &Span) -> Result<QueueRows, StoreError> {
        let mut db = self.reader();
        // One transaction, so that rows, waits and position belong together.
        transaction(&mut **db, |db| {
            let sql = "SELECT COALESCE(MAX(last_position), 0) FROM journal WHERE tenant = $1";
            let position = db.rows(sql, &[tenant.into()])?.first().map_or(0, |r| r.int(0)) as u64;
            let rows = summed(db, &QUEUES, tenant, span)?;
            let mut waits: BTreeMap<(u64, u32), Waits> = BTreeMap::new();
            for row in summed::<WaitFigures>(db, &WAITS, tenant, span)? {
                let (Some(queue), Some(bucket)) = (row.of.first(), row.of.get(1)) else { continue };
                let of = waits.entry((row.start, *queue)).or_insert([0; WAIT_BOUNDS_MS.len() + 1]);
                if let Some(place) = of.get_mut(*bucket as usize) {
                    *place += row.figures.waited.callers;
                }
            }
            let sql = "SELECT start, queue, offered - answered - abandoned - flowed_out - callback FROM interval_queues \
                       WHERE tenant = $1 AND start >= $2 AND start < $3 \
                       AND offered <> answered + abandoned + flowed_out + callback";
            let unsettled = db.rows(sql, &[tenant.into(), span.from.into(), span.to.into()])?;
            let unsettled = unsettled.iter().map(|r| (r.int(0) as u64, r.int(1) as u32, r.int(2))).collect();
            Ok(QueueRows { position, rows, waits, unsettled })
        })
    }

    /// Figures of agents.
    ///
    /// # Errors
    /// As [`Store::report_queues`].
    pub fn report_agents(&self, tenant: TenantId, span: &Span) -> Result<AgentRows, StoreError> {
        let mut db = self.reader();
        transaction(&mut **db, |db| {
            Ok(AgentRows {
                rows: summed(db, &AGENTS, tenant, span)?,
                states: summed(db, &AGENT_STATES, tenant, span)?,
            })
        })
    }

    /// Figures of numbers.
    ///
    /// # Errors
    /// As [`Store::report_queues`].
    pub fn report_numbers(
        &self,
        tenant: TenantId,
        span: &Span,
    ) -> Result<Vec<Summed<NumberFigures>>, StoreError> {
        summed(&mut **self.reader(), &NUMBERS, tenant, span)
    }

    /// Figures of dispositions, by disposition and queue.
    ///
    /// # Errors
    /// As [`Store::report_queues`].
    pub fn report_dispositions(
        &self,
        tenant: TenantId,
        span: &Span,
    ) -> Result<Vec<Summed<DispositionFigures>>, StoreError> {
        summed(&mut **self.reader(), &DISPOSITIONS, tenant, span)
    }

    /// The tables as they are, whole: to be compared with [`Store::recount`].
    ///
    /// # Errors
    /// What the database said.
    pub fn intervals(&self, tenant: TenantId) -> Result<Intervals, StoreError> {
        let mut db = self.reader();
        transaction(&mut **db, |db| {
            let mut out = Intervals::default();
            whole(db, &QUEUES, tenant, |s, k, f| out.queues.insert((s, k[0]), f).is_some())?;
            whole(db, &AGENTS, tenant, |s, k, f| out.agents.insert((s, k[0]), f).is_some())?;
            whole(db, &AGENT_STATES, tenant, |s, k, f| {
                out.agent_states.insert((s, k[0], k[1], k[2]), f).is_some()
            })?;
            whole(db, &NUMBERS, tenant, |s, k, f| out.numbers.insert((s, k[0]), f).is_some())?;
            whole(db, &DISPOSITIONS, tenant, |s, k, f| {
                out.dispositions.insert((s, k[0], k[1]), f).is_some()
            })?;
            whole(db, &WAITS, tenant, |s, k, f| out.waits.insert((s, k[0], k[1]), f).is_some())?;
            Ok(out)
        })
    }

    /// Counts the whole journal anew, through an engine that begins with nothing.
    ///
    /// # Errors
    /// What the database said, or [`StoreError::Refused`] when the journal does not reach back to the beginning.
    pub fn recount(&self, tenant: TenantId) -> Result<Intervals, StoreError> {
        let mut engine = Engine::new();
        let mut sum = Intervals::default();
        let mut expected = 1;
        let mut gap = None;
        self.replay(tenant, 0, |position, at, event| {
            if position != expected {
                gap.get_or_insert(expected);
                return false;
            }
            expected += 1;
            engine.handle(at, event);
            while let Some((_, effect)) = engine.poll() {
                if let Effect::Count(fact) = effect {
                    sum.count(&fact);
                }
            }
            true
        })?;
        match gap {
            Some(at) => Err(StoreError::Refused(format!(
                "the journal has no event {at}: only a whole journal can be counted anew"
            ))),
            None => Ok(sum),
        }
    }

    /// Makes the tables anew from the journal: for a database whose journal is older than they are. Only while nothing is
    /// committed.
    ///
    /// # Errors
    /// As [`Store::recount`]; nothing was changed then.
    pub fn rebuild_intervals(&self, tenant: TenantId) -> Result<(), StoreError> {
        let counted = self.recount(tenant)?;
        transaction(&mut **self.writer(), |db| {
            for table in [&QUEUES, &AGENTS, &AGENT_STATES, &NUMBERS, &DISPOSITIONS, &WAITS] {
                db.run(&format!("DELETE FROM {} WHERE tenant = $1", table.name), &[tenant.into()])?;
            }
            counted.put(db, tenant)
        })
    }

    /// Gives the events after a position, in order, until `each` says false. The database is free between pages.
    ///
    /// # Errors
    /// What the database said, or what is damaged.
    pub fn replay(
        &self,
        tenant: TenantId,
        after: u64,
        mut each: impl FnMut(u64, Time, Event) -> bool,
    ) -> Result<(), StoreError> {
        let mut after = after;
        loop {
            let sql = "SELECT last_position, first_position, events FROM journal \
                       WHERE tenant = $1 AND last_position > $2 ORDER BY last_position LIMIT $3";
            let rows = self.reader().rows(sql, &[tenant.into(), after.into(), JOURNAL_PAGE.into()])?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in rows {
                let first = row.int(1) as u64;
                for (n, (at, event)) in decode_events(row.bytes(2))?.into_iter().enumerate() {
                    let position = first + n as u64;
                    if position > after && !each(position, at, event) {
                        return Ok(());
                    }
                }
                after = row.int(0) as u64;
            }
        }
    }

    /// The newest snapshot that is not after a position, to begin a replay at. `None`: begin with nothing.
    ///
    /// # Errors
    /// What the database said, or what is damaged.
    pub fn snapshot_until(
        &self,
        tenant: TenantId,
        position: u64,
    ) -> Result<Option<engine::Snapshot>, StoreError> {
        let sql =
            "SELECT state FROM snapshots WHERE tenant = $1 AND position <= $2 ORDER BY position DESC LIMIT 1";
        let rows = self.reader().rows(sql, &[tenant.into(), position.into()])?;
        rows.first().map(|row| crate::journal::read_snapshot(row.bytes(0))).transpose()
    }
}

fn columns<F: Figures>() -> Vec<&'static str> {
    let mut out = Vec::new();
    F::default().each(&mut |name, _| out.push(name));
    out
}

fn read<F: Figures>(row: &Row, first: usize) -> F {
    let mut figures = F::default();
    let mut at = first;
    figures.each(&mut |_, v| {
        *v = row.int(at) as u64;
        at += 1;
    });
    figures
}

fn summed<F: Figures>(
    db: &mut dyn Sql,
    table: &Table,
    tenant: TenantId,
    span: &Span,
) -> Result<Vec<Summed<F>>, StoreError> {
    let sums: Vec<String> = columns::<F>()
        .iter()
        .map(|c| match c.starts_with("max_") {
            true => format!("MAX({c})"),
            // PostgreSQL sums whole numbers into decimal ones.
            false => format!("CAST(SUM({c}) AS BIGINT)"),
        })
        .collect();
    let keys = table.key.join(", ");
    let sql = format!(
        "SELECT (start + $1) / $2 AS row_start, {keys}, {} FROM {} WHERE tenant = $3 AND start >= $4 AND start < $5 \
         GROUP BY row_start, {keys} ORDER BY row_start, {keys} LIMIT $6",
        sums.join(", "),
        table.name
    );
    // One row for everything: no time is as long as this.
    let width = span.width_ms.unwrap_or(1 << 52).max(1);
    let values = [
        span.zone_ms.into(),
        width.into(),
        tenant.into(),
        span.from.into(),
        span.to.into(),
        Value::Int(MOST_ROWS as i64 + 1),
    ];
    let rows = db.rows(&sql, &values)?;
    if rows.len() > MOST_ROWS {
        return Err(StoreError::Refused(format!(
            "this report has more than {MOST_ROWS} rows: ask for a shorter time, or by=day"
        )));
    }
    Ok(rows
        .iter()
        .map(|row| {
            let start = match span.width_ms {
                Some(width) => row.int(0) * width as i64 - span.zone_ms,
                None => span.from as i64,
            };
            Summed {
                start: start.max(0) as u64,
                of: (0..table.key.len()).map(|n| row.int(1 + n) as u32).collect(),
                figures: read(row, 1 + table.key.len()),
            }
        })
        .collect())
}

fn whole<F: Figures>(
    db: &mut dyn Sql,
    table: &Table,
    tenant: TenantId,
    mut each: impl FnMut(u64, &[u32], F) -> bool,
) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT start, {}, {} FROM {} WHERE tenant = $1",
        table.key.join(", "),
        columns::<F>().join(", "),
        table.name
    );
    for row in db.rows(&sql, &[tenant.into()])? {
        let of: Vec<u32> = (0..table.key.len()).map(|n| row.int(1 + n) as u32).collect();
        each(row.int(0) as u64, &of, read(&row, 1 + table.key.len()));
    }
    Ok(())
}

/// The wait that a share of the callers did not exceed, in milliseconds: the place within its bounds is taken as even.
/// `None` when nobody left.
pub fn percentile(waits: &Waits, share: f64, max_ms: u64) -> Option<u64> {
    let all: u64 = waits.iter().sum();
    if all == 0 {
        return None;
    }
    let wanted = (share.clamp(0.0, 1.0) * all as f64).max(f64::MIN_POSITIVE);
    let mut before = 0;
    for (n, callers) in waits.iter().enumerate() {
        if *callers > 0 && (before + callers) as f64 >= wanted {
            let low = if n == 0 { 0 } else { WAIT_BOUNDS_MS[n - 1] };
            // Nobody waited longer than the longest.
            let high = WAIT_BOUNDS_MS.get(n).copied().unwrap_or(max_ms).min(max_ms).max(low);
            let within = (wanted - before as f64) / *callers as f64;
            return Some(low + ((high - low) as f64 * within) as u64);
        }
        before += callers;
    }
    Some(max_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_within_their_bounds() {
        let mut waits = [0; WAIT_BOUNDS_MS.len() + 1];
        assert_eq!(percentile(&waits, 0.5, 0), None);
        // 90 callers of less than a second, 10 between 10 and 15 seconds, the longest 12.
        waits[0] = 90;
        waits[4] = 10;
        for (share, expected) in [(0.5, 555), (0.9, 1_000), (0.95, 11_000), (1.0, 12_000)] {
            assert_eq!(percentile(&waits, share, 12_000), Some(expected), "{share}");
        }
    }
}
