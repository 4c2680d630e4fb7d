//! Rows of reports: each metric's one definition, by the formulas that the answers name.

use crate::http::csv::Cell;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use store::{
    AgentFigures, Contacts, Counted, Entered, Handled, Promised, QueueFigures, Rung, Waits, percentile,
};

macro_rules! report_row {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $of:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize, JsonSchema)]
        pub struct $name { $($(#[$field_doc])* pub $field: $of,)* }

        impl ReportRow for $name {
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),*];

            fn cells(&self) -> Vec<Cell> {
                vec![$(Cell::from(&self.$field)),*]
            }
        }
    };
}

/// A row that can be written as CSV.
pub trait ReportRow {
    /// The names of the cells.
    const COLUMNS: &'static [&'static str];

    /// The cells, in the same order.
    fn cells(&self) -> Vec<Cell>;
}

/// Which share is the service level. With A answered, B abandoned, and T for within the queue's threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServiceLevel {
    /// A_T / (A + B − B_T): early abandons do not count.
    #[default]
    Sl1,
    /// (A_T + B_T) / (A + B): they count as met.
    Sl2,
    /// A_T / A: abandons do not count.
    Sl3,
    /// A_T / (A + B): they count as missed.
    Sl4,
}

impl ServiceLevel {
    /// By its name.
    pub fn read(name: &str) -> Option<ServiceLevel> {
        Some(match name {
            "SL1" => ServiceLevel::Sl1,
            "SL2" => ServiceLevel::Sl2,
            "SL3" => ServiceLevel::Sl3,
            "SL4" => ServiceLevel::Sl4,
            _ => return None,
        })
    }

    /// Its name and formula.
    pub fn formula(self) -> &'static str {
        match self {
            ServiceLevel::Sl1 => "SL1: answered_within / (answered + abandoned - abandoned_within)",
            ServiceLevel::Sl2 => "SL2: (answered_within + abandoned_within) / (answered + abandoned)",
            ServiceLevel::Sl3 => "SL3: answered_within / answered",
            ServiceLevel::Sl4 => "SL4: answered_within / (answered + abandoned)",
        }
    }

    fn of(self, e: &Entered) -> Option<f64> {
        let (a, b) = (e.answered, e.abandoned);
        let (good, all) = match self {
            ServiceLevel::Sl1 => (e.answered_within, a + b - e.abandoned_within.min(b)),
            ServiceLevel::Sl2 => (e.answered_within + e.abandoned_within, a + b),
            ServiceLevel::Sl3 => (e.answered_within, a),
            ServiceLevel::Sl4 => (e.answered_within, a + b),
        };
        share(good, all)
    }
}

/// The formulas behind the metrics, by name; the service level's is the one that was asked for.
///
/// `fcr_days` is the time within which a further contact counts, where it was asked for.
pub fn formulas(
    level: ServiceLevel,
    counted: Counted,
    fcr_days: Option<u64>,
) -> BTreeMap<&'static str, String> {
    let counted = match counted {
        Counted::Entry => "ENTRY: callers count for the interval in which they entered the queue",
        Counted::Exit => "EXIT: callers count for the interval in which they left the queue; nobody waits",
    };
    let within = fcr_days.map_or("the days asked for by fcr_days".into(), |days| format!("{days} d"));
    let fcr = format!(
        "FCR1: 1 - repeated / resolved; repeated: the same caller came to the same queue again within {within}; by the interval in which the call began, final when that time is over"
    );
    let fixed = [
        ("identity", "offered = answered + abandoned + flowed_out + callback + waiting"),
        ("counted", counted),
        ("fcr", fcr.as_str()),
        ("repeat_rate", "RR1: repeated / resolved"),
        (
            "shrinkage",
            "SHR1: 1 - (available + offered + talking + wrap-up) / paid, paid is all time signed in or suspended",
        ),
        ("service_level", level.formula()),
        ("asa_ms", "ASA1: sum of waits of answered / answered"),
        ("average_wait_ms", "AW1: sum of waits of all who left / all who left"),
        ("average_abandon_ms", "AAT1: sum of waits of abandoned / abandoned"),
        (
            "abandon_rate",
            "AR1: (abandoned - short_abandoned) / (offered - short_abandoned), short is below 5 s",
        ),
        ("wait_p50_ms", "P1: of all who left, even within the bounds of the histogram; also p90, p95"),
        ("aht_ms", "AHT1: (talk + hold + wrap) / handled, consultation within hold"),
        ("occupancy", "OCC1: (offered + talking + wrap-up) / (same + available), ringing in"),
        ("utilisation", "UT1: (offered + talking + wrap-up) / signed in"),
        ("answer_rate", "RONA1: offers_answered / offers"),
        ("contacts_per_hour", "CPH1: handled / hours signed in"),
        ("transfer_rate", "TR1: transfers / handled"),
        ("callback_success", "CB1: callbacks_kept / callbacks_promised"),
        ("callback_in_time", "CB2: callbacks_in_time / callbacks_promised"),
        ("estimate_mape", "MAPE1: mean of |expected - waited| / max(waited, 1 s), of answered"),
    ];
    fixed.into_iter().map(|(name, formula)| (name, formula.to_string())).collect()
}

report_row! {
    /// A queue's figures, by the interval of entry.
    QueueRow {
        /// Where the interval, day or time begins.
        start: String,
        /// Id of the queue.
        queue: String,
        /// Callers who entered.
        offered: u64,
        /// Answered by an agent.
        answered: u64,
        /// Answered within the threshold.
        answered_within: u64,
        /// Hung up while waiting.
        abandoned: u64,
        /// Hung up within 5 seconds.
        short_abandoned: u64,
        /// Hung up within the threshold.
        abandoned_within: u64,
        /// Went on to another step.
        flowed_out: u64,
        /// Left for a callback.
        callback: u64,
        /// Still wait.
        waiting: u64,
        /// By the formula asked for.
        service_level: Option<f64>,
        /// Average speed of answer.
        asa_ms: Option<u64>,
        /// Mean wait of all who left.
        average_wait_ms: Option<u64>,
        /// Mean wait of those who hung up.
        average_abandon_ms: Option<u64>,
        /// The longest wait.
        max_wait_ms: u64,
        /// Half waited no longer.
        wait_p50_ms: Option<u64>,
        /// Nine of ten waited no longer.
        wait_p90_ms: Option<u64>,
        /// 95 of 100 waited no longer.
        wait_p95_ms: Option<u64>,
        /// Share of those who hung up.
        abandon_rate: Option<f64>,
        /// Offers to agents.
        offers: u64,
        /// Accepted.
        offers_answered: u64,
        /// Missed.
        offers_missed: u64,
        /// Share of offers accepted.
        answer_rate: Option<f64>,
        /// Conversations.
        handled: u64,
        /// Time of conversation.
        talk_ms: u64,
        /// Time of hold and consultation.
        hold_ms: u64,
        /// Time of wrap-up.
        wrap_ms: u64,
        /// Average handling time.
        aht_ms: Option<u64>,
        /// Share of conversations with hold.
        hold_rate: Option<f64>,
        /// Transferred.
        transfers: u64,
        /// Share transferred.
        transfer_rate: Option<f64>,
        /// With consultation.
        consults: u64,
        /// With more than two.
        conferences: u64,
        /// Begun by agents.
        outbound: u64,
        /// Callers with an expected wait who were answered.
        estimates: u64,
        /// Mean absolute error of the expected wait.
        estimate_error_ms: Option<u64>,
        /// The same as a share of the wait.
        estimate_mape: Option<f64>,
        /// Calls in which an agent talked, by the interval in which the call began; null unless `fcr_days` is asked for.
        resolved: Option<u64>,
        /// Of these, followed by another from the same caller to the same queue within the days asked for.
        repeated: Option<u64>,
        /// First-contact resolution: share not followed by another.
        fcr: Option<f64>,
        /// Share followed by another.
        repeat_rate: Option<f64>,
    }
}

report_row! {
    /// Figures of one of our numbers, by the interval of entry into a queue.
    NumberRow {
        /// Where the interval, day or time begins.
        start: String,
        /// Id of the number.
        number: String,
        /// Stays in queues; a call that entered two is two.
        offered: u64,
        /// Answered by an agent.
        answered: u64,
        /// Answered within the threshold.
        answered_within: u64,
        /// Hung up while waiting.
        abandoned: u64,
        /// Hung up within 5 seconds.
        short_abandoned: u64,
        /// Hung up within the threshold.
        abandoned_within: u64,
        /// Went on to another step.
        flowed_out: u64,
        /// Left for a callback.
        callback: u64,
        /// Still wait.
        waiting: u64,
        /// By the formula asked for.
        service_level: Option<f64>,
        /// Average speed of answer.
        asa_ms: Option<u64>,
        /// The longest wait.
        max_wait_ms: u64,
        /// Share of those who hung up.
        abandon_rate: Option<f64>,
        /// Conversations.
        handled: u64,
        /// Time of conversation.
        talk_ms: u64,
        /// Time of hold and consultation.
        hold_ms: u64,
        /// Time of wrap-up.
        wrap_ms: u64,
        /// Average handling time.
        aht_ms: Option<u64>,
        /// Transferred.
        transfers: u64,
    }
}

report_row! {
    /// An agent's figures. Times in states count as they pass.
    AgentRow {
        /// Where the interval, day or time begins.
        start: String,
        /// Id of the user.
        agent: String,
        /// Offers.
        offers: u64,
        /// Accepted.
        offers_answered: u64,
        /// Missed (RONA).
        offers_missed: u64,
        /// Share accepted.
        answer_rate: Option<f64>,
        /// Time rung.
        ringing_ms: u64,
        /// Conversations.
        handled: u64,
        /// Time of conversation.
        talk_ms: u64,
        /// Time of hold and consultation.
        hold_ms: u64,
        /// Time of wrap-up.
        wrap_ms: u64,
        /// Average handling time.
        aht_ms: Option<u64>,
        /// Transferred.
        transfers: u64,
        /// With consultation.
        consults: u64,
        /// With more than two.
        conferences: u64,
        /// Begun by the agent.
        outbound: u64,
        /// Time available.
        available_ms: u64,
        /// Time with a ringing phone.
        offered_ms: u64,
        /// Time in conversations.
        talking_ms: u64,
        /// Time in wrap-up.
        wrap_up_ms: u64,
        /// Time on breaks.
        break_ms: u64,
        /// Time suspended.
        suspended_ms: u64,
        /// Time on breaks by reason.
        breaks: BTreeMap<String, u64>,
        /// Busy of available and busy, ringing in.
        occupancy: Option<f64>,
        /// Busy of signed in.
        utilisation: Option<f64>,
        /// Conversations in an hour signed in.
        contacts_per_hour: Option<f64>,
        /// Share of the time signed in or suspended in which no calls could come: breaks and suspensions.
        shrinkage: Option<f64>,
    }
}

report_row! {
    /// Conversations by what the agent said of them, by the interval in which they began.
    DispositionRow {
        /// Where the interval, day or time begins.
        start: String,
        /// Id of the disposition.
        disposition: String,
        /// Id of the queue; null outside queues.
        queue: Option<String>,
        /// Conversations.
        handled: u64,
        /// Time of conversation.
        talk_ms: u64,
        /// Time of hold and consultation.
        hold_ms: u64,
        /// Time of wrap-up.
        wrap_ms: u64,
        /// Average handling time.
        aht_ms: Option<u64>,
        /// Transferred.
        transfers: u64,
    }
}

report_row! {
    /// Callbacks of a queue, by the interval of the promise.
    CallbackRow {
        /// Where the interval, day or time begins.
        start: String,
        /// Id of the queue.
        queue: String,
        /// Promised.
        callbacks_promised: u64,
        /// Tries.
        callbacks_tried: u64,
        /// Kept.
        callbacks_kept: u64,
        /// Kept within the promised time.
        callbacks_in_time: u64,
        /// Given up after the last try.
        callbacks_failed: u64,
        /// Taken back.
        callbacks_cancelled: u64,
        /// Neither kept nor ended otherwise yet.
        callbacks_open: u64,
        /// Share kept.
        callback_success: Option<f64>,
        /// Share kept in time.
        callback_in_time: Option<f64>,
        /// Tries for each promise.
        tries_per_promise: Option<f64>,
    }
}

// To four digits after the point: more would pretend.
fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| (part as f64 / of as f64 * 10_000.0).round() / 10_000.0)
}

fn mean(sum: u64, of: u64) -> Option<u64> {
    (of > 0).then(|| (sum + of / 2) / of)
}

fn aht(h: &Handled) -> Option<u64> {
    mean(h.talk_ms + h.hold_ms + h.wrap_ms, h.handled)
}

fn abandon_rate(e: &Entered) -> Option<f64> {
    share(e.abandoned.saturating_sub(e.short_abandoned), e.offered.saturating_sub(e.short_abandoned))
}

impl QueueRow {
    /// From what is counted.
    pub fn new(
        start: String,
        queue: String,
        f: &QueueFigures,
        waits: Option<&Waits>,
        contacts: Option<Contacts>,
        level: ServiceLevel,
    ) -> QueueRow {
        let QueueFigures { entered: e, rung: r, handled: h, estimated, .. } = f;
        let Rung { offers, offers_answered, offers_missed, .. } = *r;
        let wait = |part| waits.and_then(|w| percentile(w, part, e.max_wait_ms));
        let left = e.answered + e.abandoned + e.flowed_out + e.callback;
        let mape = estimated.estimate_error_thousandths;
        QueueRow {
            start,
            queue,
            offered: e.offered,
            answered: e.answered,
            answered_within: e.answered_within,
            abandoned: e.abandoned,
            short_abandoned: e.short_abandoned,
            abandoned_within: e.abandoned_within,
            flowed_out: e.flowed_out,
            callback: e.callback,
            waiting: e.waiting().max(0) as u64,
            service_level: level.of(e),
            asa_ms: mean(e.answered_wait_ms, e.answered),
            average_wait_ms: mean(e.left_wait_ms, left),
            average_abandon_ms: mean(e.abandoned_wait_ms, e.abandoned),
            max_wait_ms: e.max_wait_ms,
            wait_p50_ms: wait(0.5),
            wait_p90_ms: wait(0.9),
            wait_p95_ms: wait(0.95),
            abandon_rate: abandon_rate(e),
            offers,
            offers_answered,
            offers_missed,
            answer_rate: share(offers_answered, offers),
            handled: h.handled,
            talk_ms: h.talk_ms,
            hold_ms: h.hold_ms,
            wrap_ms: h.wrap_ms,
            aht_ms: aht(h),
            hold_rate: share(h.held, h.handled),
            transfers: h.transfers,
            transfer_rate: share(h.transfers, h.handled),
            consults: h.consults,
            conferences: h.conferences,
            outbound: h.outbound,
            estimates: estimated.estimates,
            estimate_error_ms: mean(estimated.estimate_error_ms, estimated.estimates),
            estimate_mape: share(mape, estimated.estimates.saturating_mul(1_000)),
            resolved: contacts.map(|c| c.resolved),
            repeated: contacts.map(|c| c.repeated),
            fcr: contacts.and_then(|c| share(c.resolved.saturating_sub(c.repeated), c.resolved)),
            repeat_rate: contacts.and_then(|c| share(c.repeated, c.resolved)),
        }
    }
}

impl NumberRow {
    /// From what is counted.
    pub fn new(start: String, number: String, e: &Entered, h: &Handled, level: ServiceLevel) -> NumberRow {
        NumberRow {
            start,
            number,
            offered: e.offered,
            answered: e.answered,
            answered_within: e.answered_within,
            abandoned: e.abandoned,
            short_abandoned: e.short_abandoned,
            abandoned_within: e.abandoned_within,
            flowed_out: e.flowed_out,
            callback: e.callback,
            waiting: e.waiting().max(0) as u64,
            service_level: level.of(e),
            asa_ms: mean(e.answered_wait_ms, e.answered),
            max_wait_ms: e.max_wait_ms,
            abandon_rate: abandon_rate(e),
            handled: h.handled,
            talk_ms: h.talk_ms,
            hold_ms: h.hold_ms,
            wrap_ms: h.wrap_ms,
            aht_ms: aht(h),
            transfers: h.transfers,
        }
    }
}

impl AgentRow {
    /// From what is counted: figures, times by state in the order of [`engine::AgentState::NAMES`], and breaks by reason.
    pub fn new(
        start: String,
        agent: String,
        f: &AgentFigures,
        states: &[u64; 7],
        breaks: BTreeMap<String, u64>,
    ) -> AgentRow {
        let AgentFigures { rung: r, handled: h } = f;
        let [_, available_ms, offered_ms, talking_ms, wrap_up_ms, break_ms, suspended_ms] = *states;
        let busy = offered_ms + talking_ms + wrap_up_ms;
        let signed_in = available_ms + busy + break_ms + suspended_ms;
        AgentRow {
            start,
            agent,
            offers: r.offers,
            offers_answered: r.offers_answered,
            offers_missed: r.offers_missed,
            answer_rate: share(r.offers_answered, r.offers),
            ringing_ms: r.ringing_ms,
            handled: h.handled,
            talk_ms: h.talk_ms,
            hold_ms: h.hold_ms,
            wrap_ms: h.wrap_ms,
            aht_ms: aht(h),
            transfers: h.transfers,
            consults: h.consults,
            conferences: h.conferences,
            outbound: h.outbound,
            available_ms,
            offered_ms,
            talking_ms,
            wrap_up_ms,
            break_ms,
            suspended_ms,
            breaks,
            occupancy: share(busy, busy + available_ms),
            utilisation: share(busy, signed_in),
            contacts_per_hour: share(h.handled * 3_600_000, signed_in),
            shrinkage: share(break_ms + suspended_ms, signed_in),
        }
    }
}

impl DispositionRow {
    /// From what is counted.
    pub fn new(start: String, disposition: String, queue: Option<String>, h: &Handled) -> DispositionRow {
        DispositionRow {
            start,
            disposition,
            queue,
            handled: h.handled,
            talk_ms: h.talk_ms,
            hold_ms: h.hold_ms,
            wrap_ms: h.wrap_ms,
            aht_ms: aht(h),
            transfers: h.transfers,
        }
    }
}

impl CallbackRow {
    /// From what is counted.
    pub fn new(start: String, queue: String, p: &Promised) -> CallbackRow {
        let ended = p.callbacks_kept + p.callbacks_failed + p.callbacks_cancelled;
        CallbackRow {
            start,
            queue,
            callbacks_promised: p.callbacks_promised,
            callbacks_tried: p.callbacks_tried,
            callbacks_kept: p.callbacks_kept,
            callbacks_in_time: p.callbacks_in_time,
            callbacks_failed: p.callbacks_failed,
            callbacks_cancelled: p.callbacks_cancelled,
            callbacks_open: p.callbacks_promised.saturating_sub(ended),
            callback_success: share(p.callbacks_kept, p.callbacks_promised),
            callback_in_time: share(p.callbacks_in_time, p.callbacks_promised),
            tries_per_promise: share(p.callbacks_tried, p.callbacks_promised),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_formula_gives_what_it_says() {
        let f = QueueFigures {
            entered: Entered {
                offered: 100,
                answered: 80,
                answered_within: 60,
                abandoned: 15,
                short_abandoned: 4,
                abandoned_within: 5,
                flowed_out: 2,
                callback: 1,
                answered_wait_ms: 800_000,
                abandoned_wait_ms: 300_000,
                left_wait_ms: 1_200_000,
                max_wait_ms: 90_000,
            },
            handled: Handled {
                handled: 80,
                talk_ms: 800_000,
                hold_ms: 80_000,
                wrap_ms: 160_000,
                held: 20,
                ..Handled::default()
            },
            estimated: store::Estimated {
                estimates: 4,
                estimate_error_ms: 10_000,
                estimate_error_thousandths: 1_000,
            },
            ..QueueFigures::default()
        };
        for (level, expected) in [("SL1", 0.6667), ("SL2", 0.6842), ("SL3", 0.75), ("SL4", 0.6316)] {
            let level = ServiceLevel::read(level).unwrap();
            assert_eq!(
                QueueRow::new(String::new(), String::new(), &f, None, None, level).service_level,
                Some(expected)
            );
        }
        let row = QueueRow::new(
            String::new(),
            String::new(),
            &f,
            None,
            Some(Contacts { resolved: 80, repeated: 20 }),
            ServiceLevel::Sl1,
        );
        assert_eq!((row.fcr, row.repeat_rate), (Some(0.75), Some(0.25)));
        assert_eq!((row.waiting, row.asa_ms, row.average_abandon_ms), (2, Some(10_000), Some(20_000)));
        assert_eq!(
            (row.average_wait_ms, row.aht_ms, row.hold_rate),
            (Some(12_245), Some(13_000), Some(0.25))
        );
        assert_eq!(
            (row.abandon_rate, row.estimate_mape, row.estimate_error_ms),
            (Some(0.1146), Some(0.25), Some(2_500))
        );
        assert_eq!(row.cells().len(), QueueRow::COLUMNS.len());
        let states = [0, 1_800_000, 100_000, 1_200_000, 300_000, 200_000, 0];
        let agent =
            AgentFigures { handled: Handled { handled: 9, ..Handled::default() }, ..AgentFigures::default() };
        let row = AgentRow::new(String::new(), String::new(), &agent, &states, BTreeMap::new());
        assert_eq!(
            (row.occupancy, row.utilisation, row.contacts_per_hour),
            (Some(0.4706), Some(0.4444), Some(9.0))
        );
        assert_eq!(row.shrinkage, Some(0.0556));
    }
}
