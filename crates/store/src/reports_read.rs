//! Reading the interval tables: rows summed over intervals, days or the whole time, and the recount that proves them.

use crate::calls::{CALLBACK, INBOUND};
use crate::error::StoreError;
use crate::journal::decode_events;
use crate::reports::{
    AGENT_STATES, AGENTS, ALL, AgentFigures, DISPOSITIONS, DispositionFigures, EXIT_WAITS, EXITS, Entered,
    ExitFigures, Figures, Intervals, NUMBER_EXITS, NUMBERS, NumberFigures, QUEUES, QueueFigures,
    StateFigures, Table, WAIT_BOUNDS_MS, WAITS, WaitFigures, Waits,
};
use crate::sql::{Row, Sql, Value, transaction};
use crate::store::{Store, TenantId};
use engine::{Effect, Engine, Event, Fact, Time};
use std::collections::BTreeMap;

/// The most rows of one report. A longer one is refused: ask for a shorter time, or for days.
pub const MOST_ROWS: usize = 50_000;

/// The most calls that are looked through for first-contact resolution. A longer time is refused.
pub const MOST_CONTACTS: usize = 500_000;

/// The width of a row that covers everything, in milliseconds: no time is as long as this.
const EVERYTHING_MS: u64 = 1 << 52;

/// How much later a call may end than it began, when what follows it is looked for, in milliseconds.
const LONGEST_CALL_MS: u64 = 86_400_000;

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

impl Span {
    /// Where the row begins that an interval is summed into.
    fn row_of(&self, start: u64) -> u64 {
        match self.width_ms {
            Some(width) => {
                let row =
                    (start as i64 + self.zone_ms).div_euclid(width as i64) * width as i64 - self.zone_ms;
                row.max(0) as u64
            }
            None => self.from,
        }
    }

    /// The time in a state that a fact tells of, as rows like the stored ones. For the state that an agent is in: it is
    /// stored when the agent leaves it.
    pub fn time_in_state(&self, fact: &Fact) -> Vec<Summed<StateFigures>> {
        let all = Intervals::of(&[*fact]).agent_states;
        let within = all.into_iter().filter(|((start, ..), _)| (self.from..self.to).contains(start));
        let row = |((start, agent, state, reason), figures)| Summed {
            start: self.row_of(start),
            of: vec![agent, state, reason],
            figures,
        };
        within.map(row).collect()
    }
}

/// For which interval a caller's stay in a queue counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Counted {
    /// That in which the caller entered.
    #[default]
    Entry,
    /// That in which the caller left.
    Exit,
}

/// Calls in which an agent talked, and how many of them were followed by another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contacts {
    /// Calls of callers, and callbacks kept.
    pub resolved: u64,
    /// Of these, followed by another call of the same caller to the same queue.
    pub repeated: u64,
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
    /// Position in the journal of the last event that is counted in.
    pub position: u64,
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
    pub fn report_queues(
        &self,
        tenant: TenantId,
        span: &Span,
        counted: Counted,
    ) -> Result<QueueRows, StoreError> {
        let mut db = self.reader();
        // One transaction, so that rows, waits and position belong together.
        transaction(&mut **db, |db| {
            let position = journal_end(db, tenant)?;
            let mut rows = summed(db, &QUEUES, tenant, span)?;
            if counted == Counted::Exit {
                by_exit(&mut rows, summed(db, &EXITS, tenant, span)?, |f: &mut QueueFigures| &mut f.entered);
            }
            let histogram = match counted {
                Counted::Entry => &WAITS,
                Counted::Exit => &EXIT_WAITS,
            };
            let mut waits: BTreeMap<(u64, u32), Waits> = BTreeMap::new();
            for row in summed::<WaitFigures>(db, histogram, tenant, span)? {
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
                position: journal_end(db, tenant)?,
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
        counted: Counted,
    ) -> Result<Vec<Summed<NumberFigures>>, StoreError> {
        let mut db = self.reader();
        transaction(&mut **db, |db| {
            let mut rows = summed(db, &NUMBERS, tenant, span)?;
            if counted == Counted::Exit {
                let exits = summed(db, &NUMBER_EXITS, tenant, span)?;
                by_exit(&mut rows, exits, |f: &mut NumberFigures| &mut f.entered);
            }
            Ok(rows)
        })
    }

    /// Calls in which an agent talked, by the interval in which each began and by the queue it was in last, and how many
    /// of them were followed within `within_ms` of their end by another call of the same caller to the same queue. Who
    /// withholds the number is nobody's repeat. Counted from the records of calls that are kept: what retention has
    /// deleted counts no more.
    ///
    /// # Errors
    /// As [`Store::report_queues`], and [`StoreError::Refused`] for more than [`MOST_CONTACTS`] calls.
    pub fn report_contacts(
        &self,
        tenant: TenantId,
        span: &Span,
        within_ms: u64,
    ) -> Result<Vec<Summed<Contacts>>, StoreError> {
        // A call that began in time may end much later: its end counts, so what follows is looked for longer.
        let until = span.to.saturating_add(within_ms).saturating_add(LONGEST_CALL_MS);
        let sql = "SELECT id FROM calls WHERE tenant = $1 AND began >= $2 AND began < $3 \
                   ORDER BY began LIMIT 1 OFFSET $4";
        let values = [tenant.into(), span.from.into(), until.into(), Value::Int(MOST_CONTACTS as i64)];
        if !self.reader().rows(sql, &values)?.is_empty() {
            return Err(StoreError::Refused(format!(
                "first-contact resolution looks through {MOST_CONTACTS} calls at the most: ask for a shorter time"
            )));
        }
        let withheld = self.keys().lookup(tenant, "").ok();
        // Only calls of callers follow; a kept callback is resolved like a call, and repeats nothing.
        let sql = "SELECT (began + $1) / $2 AS row_start, queue, COUNT(*), \
                   CAST(SUM(CASE WHEN next - ended <= $3 THEN 1 ELSE 0 END) AS BIGINT) \
                   FROM (SELECT c.began, c.ended, c.queue, c.agent, \
                   MIN(CASE WHEN c.origin = $4 AND p.person IS NOT NULL THEN c.began END) OVER \
                   (PARTITION BY c.queue, p.person, CASE WHEN p.person IS NULL THEN c.id END ORDER BY c.began, c.id \
                   ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS next \
                   FROM calls c LEFT JOIN (SELECT q.id, q.person FROM parties q \
                   LEFT JOIN persons s ON s.tenant = q.tenant AND s.id = q.person \
                   WHERE q.tenant = $5 AND (s.lookup <> $6 OR q.person < 0)) p ON p.id = c.party \
                   WHERE c.tenant = $7 AND c.began >= $8 AND c.began < $9 AND c.queue IS NOT NULL \
                   AND c.origin IN ($10, $11)) contacts \
                   WHERE agent IS NOT NULL AND began < $12 GROUP BY row_start, queue ORDER BY row_start, queue LIMIT $13";
        let width = span.width_ms.unwrap_or(EVERYTHING_MS).max(1);
        let values = [
            span.zone_ms.into(),
            width.into(),
            within_ms.into(),
            INBOUND.into(),
            tenant.into(),
            Value::Bytes(withheld.unwrap_or_default()),
            tenant.into(),
            span.from.into(),
            until.into(),
            INBOUND.into(),
            CALLBACK.into(),
            span.to.into(),
            Value::Int(MOST_ROWS as i64 + 1),
        ];
        let rows = self.reader().rows(sql, &values)?;
        too_many(&rows)?;
        let row = |r: &Row| Summed {
            start: row_start(span, r.int(0)),
            of: vec![r.int(1) as u32],
            figures: Contacts { resolved: r.int(2) as u64, repeated: r.int(3) as u64 },
        };
        Ok(rows.iter().map(row).collect())
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
            whole(db, &EXITS, tenant, |s, k, f| out.exits.insert((s, k[0]), f).is_some())?;
            whole(db, &EXIT_WAITS, tenant, |s, k, f| out.exit_waits.insert((s, k[0], k[1]), f).is_some())?;
            whole(db, &NUMBER_EXITS, tenant, |s, k, f| out.number_exits.insert((s, k[0]), f).is_some())?;
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
            for table in ALL.iter() {
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

    /// The newest snapshot that can be read and is not after a position, to begin a replay at. `None`: begin with nothing.
    ///
    /// # Errors
    /// What the database said.
    pub fn snapshot_until(
        &self,
        tenant: TenantId,
        position: u64,
    ) -> Result<Option<engine::Snapshot>, StoreError> {
        let sql = "SELECT state, position FROM snapshots WHERE tenant = $1 AND position <= $2 \
                   ORDER BY position DESC LIMIT 1";
        let mut until = position as i64;
        loop {
            let rows = self.reader().rows(sql, &[tenant.into(), until.into()])?;
            let Some(row) = rows.first() else { return Ok(None) };
            // Snapshots are kept for long: one of another form is passed over, the journal has all of it.
            if let Ok(snapshot) = crate::journal::read_snapshot(row.bytes(0)) {
                return Ok(Some(snapshot));
            }
            until = row.int(1) - 1;
        }
    }
}

fn journal_end(db: &mut dyn Sql, tenant: TenantId) -> Result<u64, StoreError> {
    let sql = "SELECT COALESCE(MAX(last_position), 0) FROM journal WHERE tenant = $1";
    Ok(db.rows(sql, &[tenant.into()])?.first().map_or(0, |r| r.int(0)) as u64)
}

/// Puts figures by exit in the place of those by entry. Rows that have nothing else left stay away.
fn by_exit<F: Figures + PartialEq>(
    rows: &mut Vec<Summed<F>>,
    exits: Vec<Summed<ExitFigures>>,
    entered: fn(&mut F) -> &mut Entered,
) {
    let mut all: BTreeMap<(u64, Vec<u32>), F> = BTreeMap::new();
    for mut row in rows.drain(..) {
        *entered(&mut row.figures) = Entered::default();
        if row.figures != F::default() {
            all.insert((row.start, row.of), row.figures);
        }
    }
    for row in exits {
        *entered(all.entry((row.start, row.of)).or_default()) = row.figures.entered;
    }
    rows.extend(all.into_iter().map(|((start, of), figures)| Summed { start, of, figures }));
}

fn too_many(rows: &[Row]) -> Result<(), StoreError> {
    match rows.len() > MOST_ROWS {
        true => Err(StoreError::Refused(format!(
            "this report has more than {MOST_ROWS} rows: ask for a shorter time, or by=day"
        ))),
        false => Ok(()),
    }
}

/// Where a row begins, from the number that the database gave it.
fn row_start(span: &Span, number: i64) -> u64 {
    match span.width_ms {
        Some(width) => (number * width as i64 - span.zone_ms).max(0) as u64,
        None => span.from,
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
    let width = span.width_ms.unwrap_or(EVERYTHING_MS).max(1);
    let values = [
        span.zone_ms.into(),
        width.into(),
        tenant.into(),
        span.from.into(),
        span.to.into(),
        Value::Int(MOST_ROWS as i64 + 1),
    ];
    let rows = db.rows(&sql, &values)?;
    too_many(&rows)?;
    Ok(rows
        .iter()
        .map(|row| Summed {
            start: row_start(span, row.int(0)),
            of: (0..table.key.len()).map(|n| row.int(1 + n) as u32).collect(),
            figures: read(row, 1 + table.key.len()),
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
