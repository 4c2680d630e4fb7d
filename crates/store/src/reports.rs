//! Interval tables: what reports are made of, by queue, agent, number and disposition, in quarters of an hour of UTC.
//!
//! [`Intervals`] is the same sum in memory: a batch of the journal adds its facts to the tables through it, and a recount
//! of the whole journal builds it from nothing. Both use [`Intervals::count`], so stored and recounted figures can only
//! differ when one of them is wrong.
//!
//! A caller's stay in a queue counts for the interval of its entry, and in tables of their own for the one of its exit; an
//! offer for the one in which the phone began to
//! ring, handling for the one in which the conversation began, a callback for the one of its promise. An agent's time in
//! a state is cut at the borders of intervals, and counted when the agent leaves the state.

use crate::error::StoreError;
use crate::sql::{Sql, Value};
use crate::store::TenantId;
use engine::{AgentState, CallbackStep, Fact, Outcome, Time};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The length of an interval, in milliseconds.
pub const INTERVAL_MS: u64 = 900_000;

/// An abandoned call that waited for less than this, in milliseconds, is a short one.
pub const SHORT_ABANDON_MS: u64 = 5_000;

/// Where a wait stands among the counted waits: shorter than the first bound, than the second, …, or longer than all. In
/// milliseconds.
pub const WAIT_BOUNDS_MS: [u64; 23] = [
    1_000, 2_000, 5_000, 10_000, 15_000, 20_000, 30_000, 45_000, 60_000, 90_000, 120_000, 180_000, 240_000,
    300_000, 420_000, 600_000, 900_000, 1_200_000, 1_800_000, 2_700_000, 3_600_000, 7_200_000, 14_400_000,
];

/// How many callers waited how long, by the places in [`WAIT_BOUNDS_MS`] and one more for longer waits.
pub type Waits = [u64; WAIT_BOUNDS_MS.len() + 1];

/// The longest time in one state that is counted, in milliseconds: of a longer one, its last 31 days. It bounds what one
/// fact can write.
const LONGEST_STATE_MS: u64 = 31 * 86_400_000;

/// Whole numbers that add up, one column of a table each. Columns whose name begins with `max_` keep the largest.
pub trait Figures: Default {
    /// Calls `each` with every column's name and value, in the order of the tables.
    fn each(&mut self, each: &mut dyn FnMut(&'static str, &mut u64));

    /// Adds another's figures.
    fn add(&mut self, other: &mut Self) {
        let mut theirs = Vec::new();
        other.each(&mut |_, v| theirs.push(*v));
        let mut theirs = theirs.into_iter();
        self.each(&mut |name, v| {
            let other = theirs.next().unwrap_or(0);
            *v = if name.starts_with("max_") { (*v).max(other) } else { v.saturating_add(other) };
        });
    }
}

macro_rules! figures {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name { $($(#[$field_doc])* pub $field: u64,)* }

        impl Figures for $name {
            fn each(&mut self, each: &mut dyn FnMut(&'static str, &mut u64)) {
                $(each(stringify!($field), &mut self.$field);)*
            }
        }
    };
}

macro_rules! row {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $of:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name { $($(#[$field_doc])* pub $field: $of,)* }

        impl Figures for $name {
            fn each(&mut self, each: &mut dyn FnMut(&'static str, &mut u64)) {
                $(self.$field.each(each);)*
            }
        }
    };
}

figures! {
    /// What became of callers in a queue, by the interval of entry. `offered` less `answered`, `abandoned`, `flowed_out`
    /// and `callback` are those who still wait.
    Entered {
        /// Callers who entered.
        offered,
        /// Of these, answered by an agent.
        answered,
        /// Answered within the threshold that the queue had then.
        answered_within,
        /// Hung up while waiting.
        abandoned,
        /// Hung up sooner than [`SHORT_ABANDON_MS`].
        short_abandoned,
        /// Hung up within the threshold.
        abandoned_within,
        /// Went on to another step of the flow.
        flowed_out,
        /// Left for a callback.
        callback,
        /// Milliseconds waited by those answered.
        answered_wait_ms,
        /// Milliseconds waited by those who hung up.
        abandoned_wait_ms,
        /// Milliseconds waited by all who left.
        left_wait_ms,
        /// The longest wait of those who left, in milliseconds.
        max_wait_ms,
    }
}

impl Entered {
    /// Callers who entered and have not left; negative only when the figures are broken.
    pub fn waiting(&self) -> i64 {
        let left = self.answered + self.abandoned + self.flowed_out + self.callback;
        self.offered as i64 - left as i64
    }
}

figures! {
    /// Offers to agents, by the interval in which the phone began to ring.
    Rung {
        /// Offers made.
        offers,
        /// Accepted.
        offers_answered,
        /// Let ring, refused or not reached (RONA).
        offers_missed,
        /// Milliseconds rung.
        ringing_ms,
    }
}

figures! {
    /// Conversations of agents, by the interval in which each began.
    Handled {
        /// Conversations, wrap-up included.
        handled,
        /// Milliseconds of conversation without hold.
        talk_ms,
        /// Milliseconds on hold or in consultation.
        hold_ms,
        /// Milliseconds of wrap-up.
        wrap_ms,
        /// Conversations with hold or consultation.
        held,
        /// Transferred.
        transfers,
        /// With a consultation.
        consults,
        /// In which more than two talked.
        conferences,
        /// Begun by the agent.
        outbound,
    }
}

figures! {
    /// Callbacks, by the interval of the promise.
    Promised {
        /// Promised.
        callbacks_promised,
        /// Tries.
        callbacks_tried,
        /// Kept.
        callbacks_kept,
        /// Kept within the promised time.
        callbacks_in_time,
        /// Given up after the last try.
        callbacks_failed,
        /// Taken back by somebody with the right.
        callbacks_cancelled,
    }
}

figures! {
    /// How good the expected wait was, by the interval of entry.
    Estimated {
        /// Callers with an expected wait who were answered.
        estimates,
        /// The sum of the absolute errors, in milliseconds.
        estimate_error_ms,
        /// The sum of the absolute errors in thousandths of the wait, against a wait of at least a second.
        estimate_error_thousandths,
    }
}

row! {
    /// A queue's row.
    QueueFigures {
        /// Callers.
        entered: Entered,
        /// Offers.
        rung: Rung,
        /// Conversations.
        handled: Handled,
        /// Callbacks.
        promised: Promised,
        /// Expected waits.
        estimated: Estimated,
    }
}

row! {
    /// A number's row. A call that enters two queues is two entries.
    NumberFigures {
        /// Callers in queues.
        entered: Entered,
        /// Conversations.
        handled: Handled,
    }
}

row! {
    /// Callers who left, by the interval of their exit: as many were offered as left.
    ExitFigures {
        /// Callers.
        entered: Entered,
    }
}

row! {
    /// An agent's row.
    AgentFigures {
        /// Offers.
        rung: Rung,
        /// Conversations.
        handled: Handled,
    }
}

row! {
    /// A disposition's row.
    DispositionFigures {
        /// Conversations that ended so.
        handled: Handled,
    }
}

row! {
    /// An agent's time in one state, for one reason.
    StateFigures {
        /// The time.
        spent: Spent,
    }
}

figures! {
    /// Time.
    Spent {
        /// Milliseconds.
        spent_ms,
    }
}

row! {
    /// Callers of a queue whose wait fell between two bounds.
    WaitFigures {
        /// How many.
        waited: Waited,
    }
}

figures! {
    /// Callers.
    Waited {
        /// How many.
        callers,
    }
}

/// A table: its name, the columns of its key after `tenant` and `start`, and the statement that adds to it.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) key: &'static [&'static str],
    // Made once: it is as long as the table is wide, and runs for each row of each commit.
    adding: OnceLock<String>,
}

impl Table {
    const fn new(name: &'static str, key: &'static [&'static str]) -> Table {
        Table { name, key, adding: OnceLock::new() }
    }

    fn adding(&self, columns: &[&'static str]) -> &str {
        self.adding.get_or_init(|| {
            let (name, keys) = (self.name, self.key.join(", "));
            let places: Vec<String> =
                (1..=2 + self.key.len() + columns.len()).map(|n| format!("${n}")).collect();
            // What SQLite calls max() and PostgreSQL greatest() is CASE in both.
            let sets: Vec<String> = columns
                .iter()
                .map(|c| match c.starts_with("max_") {
                    true => {
                        format!(
                            "{c} = CASE WHEN excluded.{c} > {name}.{c} THEN excluded.{c} ELSE {name}.{c} END"
                        )
                    }
                    false => format!("{c} = {name}.{c} + excluded.{c}"),
                })
                .collect();
            format!(
                "INSERT INTO {name} (tenant, start, {keys}, {}) VALUES ({}) \
                 ON CONFLICT (tenant, start, {keys}) DO UPDATE SET {}",
                columns.join(", "),
                places.join(", "),
                sets.join(", ")
            )
        })
    }
}

pub(crate) static QUEUES: Table = Table::new("interval_queues", &["queue"]);
pub(crate) static AGENTS: Table = Table::new("interval_agents", &["agent"]);
pub(crate) static AGENT_STATES: Table = Table::new("interval_agent_states", &["agent", "state", "reason"]);
pub(crate) static NUMBERS: Table = Table::new("interval_numbers", &["number"]);
pub(crate) static DISPOSITIONS: Table = Table::new("interval_dispositions", &["disposition", "queue"]);
pub(crate) static WAITS: Table = Table::new("interval_waits", &["queue", "bucket"]);
pub(crate) static EXITS: Table = Table::new("interval_exits", &["queue"]);
pub(crate) static EXIT_WAITS: Table = Table::new("interval_exit_waits", &["queue", "bucket"]);
pub(crate) static NUMBER_EXITS: Table = Table::new("interval_number_exits", &["number"]);

/// All tables.
pub(crate) static ALL: [&Table; 9] =
    [&QUEUES, &AGENTS, &AGENT_STATES, &NUMBERS, &DISPOSITIONS, &WAITS, &EXITS, &EXIT_WAITS, &NUMBER_EXITS];

/// Sums of facts, by the beginning of the interval in milliseconds since 1970, and by subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intervals {
    /// By queue.
    pub queues: BTreeMap<(u64, u32), QueueFigures>,
    /// By agent.
    pub agents: BTreeMap<(u64, u32), AgentFigures>,
    /// By agent, state (its place in [`AgentState::NAMES`]) and reason of a break. Time offline is not counted.
    pub agent_states: BTreeMap<(u64, u32, u32, u32), StateFigures>,
    /// By number.
    pub numbers: BTreeMap<(u64, u32), NumberFigures>,
    /// By disposition and queue; queue 0 is none.
    pub dispositions: BTreeMap<(u64, u32, u32), DispositionFigures>,
    /// By queue and place among [`WAIT_BOUNDS_MS`].
    pub waits: BTreeMap<(u64, u32, u32), WaitFigures>,
    /// By queue, by the interval of exit.
    pub exits: BTreeMap<(u64, u32), ExitFigures>,
    /// By queue and place among [`WAIT_BOUNDS_MS`], by the interval of exit.
    pub exit_waits: BTreeMap<(u64, u32, u32), WaitFigures>,
    /// By number, by the interval of exit.
    pub number_exits: BTreeMap<(u64, u32), ExitFigures>,
}

/// The beginning of the interval that a time falls in.
pub fn interval_of(at: Time) -> u64 {
    at.0 - at.0 % INTERVAL_MS
}

impl Intervals {
    /// The sum of these facts.
    pub fn of(facts: &[Fact]) -> Intervals {
        let mut sum = Intervals::default();
        for fact in facts {
            sum.count(fact);
        }
        sum
    }

    /// Adds a fact.
    pub fn count(&mut self, fact: &Fact) {
        match *fact {
            Fact::Entered { queue, number, at } => {
                let start = interval_of(at);
                self.queues.entry((start, queue.0)).or_default().entered.offered += 1;
                if let Some(number) = number {
                    self.numbers.entry((start, number.0)).or_default().entered.offered += 1;
                }
            }
            Fact::Left { queue, number, entered, at, outcome, within, agent: _ } => {
                let (start, waited) = (interval_of(entered), at.since(entered));
                left(&mut self.queues.entry((start, queue.0)).or_default().entered, outcome, within, waited);
                if let Some(number) = number {
                    left(
                        &mut self.numbers.entry((start, number.0)).or_default().entered,
                        outcome,
                        within,
                        waited,
                    );
                }
                let bucket = WAIT_BOUNDS_MS.partition_point(|bound| *bound <= waited) as u32;
                self.waits.entry((start, queue.0, bucket)).or_default().waited.callers += 1;
                let exit = interval_of(at);
                let mut gone = Entered { offered: 1, ..Entered::default() };
                left(&mut gone, outcome, within, waited);
                self.exits.entry((exit, queue.0)).or_default().entered.add(&mut gone);
                self.exit_waits.entry((exit, queue.0, bucket)).or_default().waited.callers += 1;
                if let Some(number) = number {
                    self.number_exits.entry((exit, number.0)).or_default().entered.add(&mut gone);
                }
            }
            Fact::Offered { queue, agent, at, rang_ms, answered, missed } => {
                let start = interval_of(at);
                let mut rung = Rung {
                    offers: 1,
                    offers_answered: answered.into(),
                    offers_missed: missed.into(),
                    ringing_ms: rang_ms,
                };
                self.agents.entry((start, agent.0)).or_default().rung.add(&mut rung);
                if let Some(queue) = queue {
                    self.queues.entry((start, queue.0)).or_default().rung.add(&mut rung);
                }
            }
            Fact::Handled {
                agent,
                call: _,
                queue,
                number,
                at,
                talk_ms,
                hold_ms,
                wrap_ms,
                disposition,
                transferred,
                consulted,
                conferenced,
                outbound,
            } => {
                let start = interval_of(at);
                let mut handled = Handled {
                    handled: 1,
                    talk_ms,
                    hold_ms,
                    wrap_ms,
                    held: (hold_ms > 0).into(),
                    transfers: transferred.into(),
                    consults: consulted.into(),
                    conferences: conferenced.into(),
                    outbound: outbound.into(),
                };
                self.agents.entry((start, agent.0)).or_default().handled.add(&mut handled);
                if let Some(queue) = queue {
                    self.queues.entry((start, queue.0)).or_default().handled.add(&mut handled);
                }
                if let Some(number) = number {
                    self.numbers.entry((start, number.0)).or_default().handled.add(&mut handled);
                }
                if let Some(disposition) = disposition {
                    let key = (start, disposition.0, queue.map_or(0, |q| q.0));
                    self.dispositions.entry(key).or_default().handled.add(&mut handled);
                }
            }
            Fact::AgentTime { agent, state, reason, from, to } => {
                if usize::from(state) != AgentState::Offline.index() {
                    self.spend(agent.0, state.into(), reason.0.into(), from, to);
                }
            }
            Fact::Callback { callback: _, queue, promised, at: _, what, in_time } => {
                let p = &mut self.queues.entry((interval_of(promised), queue.0)).or_default().promised;
                match what {
                    CallbackStep::Promised => p.callbacks_promised += 1,
                    CallbackStep::Tried => p.callbacks_tried += 1,
                    CallbackStep::Kept => {
                        p.callbacks_kept += 1;
                        p.callbacks_in_time += u64::from(in_time);
                    }
                    CallbackStep::Failed => p.callbacks_failed += 1,
                    CallbackStep::Cancelled => p.callbacks_cancelled += 1,
                }
            }
            Fact::Estimated { queue, entered, expected_ms, waited_ms } => {
                let e = &mut self.queues.entry((interval_of(entered), queue.0)).or_default().estimated;
                let error = expected_ms.abs_diff(waited_ms);
                e.estimates += 1;
                e.estimate_error_ms = e.estimate_error_ms.saturating_add(error);
                // As the engine does: a share of nothing says nothing.
                let share = error.saturating_mul(1_000) / waited_ms.max(1_000);
                e.estimate_error_thousandths = e.estimate_error_thousandths.saturating_add(share);
            }
        }
    }

    // Time in a state, cut at the borders of intervals.
    fn spend(&mut self, agent: u32, state: u32, reason: u32, from: Time, to: Time) {
        let mut from = from.0.max(to.0.saturating_sub(LONGEST_STATE_MS));
        while from < to.0 {
            let start = interval_of(Time(from));
            let end = to.0.min(start + INTERVAL_MS);
            let spent = &mut self.agent_states.entry((start, agent, state, reason)).or_default().spent;
            spent.spent_ms += end - from;
            from = end;
        }
    }

    /// Adds these sums to the tables: one statement for each row that changes.
    pub(crate) fn put(mut self, db: &mut dyn Sql, tenant: TenantId) -> Result<(), StoreError> {
        let key = |keys: &[u32]| keys.iter().map(|k| Value::from(u64::from(*k))).collect::<Vec<_>>();
        for ((start, queue), figures) in &mut self.queues {
            upsert(db, &QUEUES, tenant, *start, key(&[*queue]), figures)?;
        }
        for ((start, agent), figures) in &mut self.agents {
            upsert(db, &AGENTS, tenant, *start, key(&[*agent]), figures)?;
        }
        for ((start, agent, state, reason), figures) in &mut self.agent_states {
            upsert(db, &AGENT_STATES, tenant, *start, key(&[*agent, *state, *reason]), figures)?;
        }
        for ((start, number), figures) in &mut self.numbers {
            upsert(db, &NUMBERS, tenant, *start, key(&[*number]), figures)?;
        }
        for ((start, disposition, queue), figures) in &mut self.dispositions {
            upsert(db, &DISPOSITIONS, tenant, *start, key(&[*disposition, *queue]), figures)?;
        }
        for ((start, queue, bucket), figures) in &mut self.waits {
            upsert(db, &WAITS, tenant, *start, key(&[*queue, *bucket]), figures)?;
        }
        for ((start, queue), figures) in &mut self.exits {
            upsert(db, &EXITS, tenant, *start, key(&[*queue]), figures)?;
        }
        for ((start, queue, bucket), figures) in &mut self.exit_waits {
            upsert(db, &EXIT_WAITS, tenant, *start, key(&[*queue, *bucket]), figures)?;
        }
        for ((start, number), figures) in &mut self.number_exits {
            upsert(db, &NUMBER_EXITS, tenant, *start, key(&[*number]), figures)?;
        }
        Ok(())
    }
}

fn left(e: &mut Entered, outcome: Outcome, within: bool, waited: u64) {
    match outcome {
        Outcome::Answered => {
            e.answered += 1;
            e.answered_within += u64::from(within);
            e.answered_wait_ms += waited;
        }
        Outcome::Abandoned => {
            e.abandoned += 1;
            e.abandoned_within += u64::from(within);
            e.short_abandoned += u64::from(waited < SHORT_ABANDON_MS);
            e.abandoned_wait_ms += waited;
        }
        Outcome::FlowedOut => e.flowed_out += 1,
        Outcome::Callback => e.callback += 1,
    }
    e.left_wait_ms += waited;
    e.max_wait_ms = e.max_wait_ms.max(waited);
}

fn upsert(
    db: &mut dyn Sql,
    table: &Table,
    tenant: TenantId,
    start: u64,
    key: Vec<Value>,
    figures: &mut impl Figures,
) -> Result<(), StoreError> {
    let mut values = Vec::with_capacity(48);
    values.extend([Value::from(tenant), start.into()]);
    values.extend(key);
    let mut columns = Vec::with_capacity(48);
    figures.each(&mut |name, v| {
        columns.push(name);
        values.push(Value::from(*v));
    });
    db.run(table.adding(&columns), &values).map(|_| ())
}
