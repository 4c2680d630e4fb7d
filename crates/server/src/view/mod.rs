//! Calls, agents and queues as the API and the live page show them.

mod decision;
mod quality;
mod story;
mod timeline;

pub use decision::DecisionView;
/// A size for people.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
pub use decision::decision;
pub use quality::{QualityView, add_quality};
pub use story::story;
pub use timeline::{MomentView, refused};

use crate::alarm::Alarm;
use crate::tenant::Meaning;
use engine::{Agent, AgentState, Call, CallRecord, Engine, LegId, Queue, QueueId, Role, Wanted};
use schemars::JsonSchema;
use serde::Serialize;

/// A call, open or over.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CallView {
    /// Id of the call.
    pub id: String,
    /// `in-flow`, `waiting`, `connecting`, `talking`, `closing` or `ended`.
    pub state: String,
    /// Id of the number that was called.
    pub number: Option<String>,
    /// When it began.
    pub began: String,
    /// When it was answered, by a prompt or a person.
    pub answered: Option<String>,
    /// When it ended.
    pub ended: Option<String>,
    /// Who ended it.
    pub ended_by: Option<String>,
    /// Why it ended.
    pub reason: Option<String>,
    /// Whose fault that was.
    pub fault: Option<String>,
    /// Id of the queue it is in or was in last.
    pub queue: Option<String>,
    /// What became of it in the queue.
    pub outcome: Option<String>,
    /// Id of the agent who talks or talked last.
    pub agent: Option<String>,
    /// Time waited in queues, in milliseconds.
    pub waited_ms: Option<u64>,
    /// Time talked, in milliseconds.
    pub talked_ms: Option<u64>,
    /// Ids of its recordings.
    pub recordings: Vec<String>,
}

/// A call with everything that is known of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CallDetail {
    /// The call.
    #[serde(flatten)]
    pub call: CallView,
    /// Number or address of the caller; null if withheld or erased.
    pub caller: Option<String>,
    /// Name that came with the call.
    pub caller_name: Option<String>,
    /// Its legs.
    pub legs: Vec<LegView>,
    /// What agents said of it, once they are done with it.
    pub dispositions: Vec<SaidView>,
    /// What happened, in order.
    pub timeline: Vec<MomentView>,
    /// Whom it was offered to, and why.
    pub explanation: Vec<DecisionView>,
}

/// How a call ended, as an agent says.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SaidView {
    /// Id of the agent.
    pub agent: String,
    /// Id of the disposition.
    pub disposition: String,
}

/// A leg.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LegView {
    /// Id of the leg.
    pub id: String,
    /// `caller`, `agent`, `target` (a fixed address), `party` (somebody we called) or `supervisor`.
    pub role: String,
    /// Id of the agent.
    pub agent: Option<String>,
    /// `arrived`, `answering`, `dialling`, `ringing`, `up`, `ending` or how it ended.
    pub state: String,
    /// When it began.
    pub began: String,
    /// When it was answered.
    pub answered: Option<String>,
    /// When it ended.
    pub ended: Option<String>,
    /// How well it was heard; of an open leg so far, null without audio.
    pub quality: Option<QualityView>,
}

/// An agent.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AgentView {
    /// Id of the user.
    pub id: String,
    /// `offline`, `available`, `offered`, `talking`, `wrap-up`, `break` or `suspended`.
    pub state: String,
    /// Since when.
    pub since: String,
    /// Id of the call it is busy with.
    pub call: Option<String>,
    /// Id of the queue that the agent works for with that call, also when the call has gone on to another queue: its
    /// dispositions say how the work ended, and its wrap-up time counts. Null for a call of no queue.
    pub queue: Option<String>,
    /// Why, on a break.
    pub reason: Option<String>,
    /// The state asked for after the call.
    pub next: Option<String>,
    /// How the call ended, as the agent said.
    pub disposition: Option<String>,
    /// The call's end has to be named before wrap-up can be left early.
    pub owes_disposition: bool,
    /// The page to open for the call, as its queue says; only where one agent is asked for.
    pub screen_pop: Option<String>,
    /// Offers missed in a row.
    pub misses: u8,
    /// Ids of its queues.
    pub queues: Vec<String>,
    /// What Microsoft Teams says of the person; null while nothing is known.
    pub presence: Option<PresenceView>,
}

/// What Microsoft Teams says of a person.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PresenceView {
    /// Microsoft's word: `Available`, `Busy`, `DoNotDisturb`, `Away`, `Offline` and others; new ones can come.
    pub availability: String,
    /// Microsoft's word: `InACall`, `InAMeeting`, `Presenting` and others; new ones can come.
    pub activity: String,
    /// How long ago it was read, in seconds.
    pub age_s: u64,
}

/// A queue.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct QueueView {
    /// Id of the queue.
    pub id: String,
    /// Callers waiting, those being offered included.
    pub waiting: u64,
    /// When the first of them came.
    pub waiting_since: Option<String>,
    /// Members by state.
    pub agents: std::collections::BTreeMap<String, u32>,
    /// Callers who entered: answered + abandoned + flowed out + callback + waiting.
    pub offered: u64,
    /// Answered by an agent.
    pub answered: u64,
    /// Hung up while waiting.
    pub abandoned: u64,
    /// Left for another step.
    pub flowed_out: u64,
    /// Left for a callback.
    pub callback: u64,
    /// SL1: answered within T / (answered + abandoned − abandoned within T); null before the first.
    pub service_level: Option<f64>,
    /// Mean wait of those answered, in milliseconds.
    pub average_wait_ms: Option<u64>,
    /// What a caller who came now would wait, in milliseconds; null while nobody was served lately.
    pub expected_wait_ms: Option<u64>,
    /// How wrong expected waits were, on the mean, as a share of the wait; null before the first.
    pub expected_wait_error: Option<f64>,
}

/// An alarm of a queue.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AlarmView {
    /// Id of the queue.
    pub queue: String,
    /// `waiting`, `longest-wait` or `service-level`.
    pub what: &'static str,
    /// Whether the bound is crossed; false ends the alarm.
    pub on: bool,
    /// Since when it is, or was.
    pub since: String,
    /// What was found: callers, milliseconds, or percent of the last half hour.
    pub value: u64,
    /// The bound, of the same unit.
    pub bound: u64,
}

/// An alarm of a queue.
pub fn alarm(a: &Alarm, m: &Meaning) -> AlarmView {
    AlarmView {
        queue: m.names.of("Queue", a.queue.0),
        what: a.what.name(),
        on: a.on,
        since: time(a.since),
        value: a.value,
        bound: a.bound,
    }
}

/// A time as RFC 3339 in UTC, to the millisecond.
pub fn time(t: engine::Time) -> String {
    let (days, ms) = ((t.0 / 86_400_000) as i64, t.0 % 86_400_000);
    // Days to a date, by counting from 1 March of the year 0 (era of 400 years = 146,097 days).
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (h, m, s, ms) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60, ms % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{ms:03}Z")
}

/// The id of a call as the API writes it.
pub fn call_id(id: engine::CallId) -> String {
    format!("c{}", id.0)
}

/// The id of a recording as the API writes it.
pub fn recording_id(id: engine::RecordingId) -> String {
    format!("r{}", id.0)
}

/// The id of a leg as the API writes it.
pub fn leg_id(id: LegId) -> String {
    format!("l{}", id.0)
}

/// A word of the code as the API writes it.
pub fn word(v: &impl std::fmt::Debug) -> String {
    // `FlowedOut` becomes `flowed-out`: the words of the API are those of the code.
    let mut out = String::new();
    for c in format!("{v:?}").chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// A call that is open.
pub fn live_call(c: &Call, _engine: &Engine, m: &Meaning) -> CallView {
    CallView {
        id: call_id(c.id),
        state: c.phase.name().into(),
        number: c.number.map(|n| m.names.of("Number", n.0)),
        began: time(c.began),
        answered: c.answered.map(time),
        ended: None,
        ended_by: None,
        reason: None,
        fault: None,
        queue: c.queue.map(|q| m.names.of("Queue", q.0)),
        outcome: None,
        agent: c.agent.map(|a| m.names.of("User", a.0)),
        waited_ms: None,
        talked_ms: None,
        recordings: c.recordings().iter().map(|r| recording_id(*r)).collect(),
    }
}

/// A call that is over.
pub fn ended_call(r: &CallRecord, m: &Meaning) -> CallView {
    CallView {
        id: call_id(r.id),
        state: "ended".into(),
        number: r.number.map(|n| m.names.of("Number", n.0)),
        began: time(r.began),
        answered: r.answered.map(time),
        ended: Some(time(r.ended)),
        ended_by: Some(word(&r.ended_by)),
        reason: Some(word(&r.reason)),
        fault: Some(word(&r.fault)),
        queue: r.queue.map(|q| m.names.of("Queue", q.0)),
        outcome: r.outcome.map(|o| word(&o)),
        agent: r.agent.map(|a| m.names.of("User", a.0)),
        waited_ms: Some(r.waited_ms),
        talked_ms: Some(r.talked_ms),
        recordings: r.recordings.iter().map(|r| recording_id(*r)).collect(),
    }
}

/// Everything of an open call but who calls.
pub fn live_detail(c: &Call, engine: &Engine, m: &Meaning) -> CallDetail {
    let legs = c.open_legs().iter().filter_map(|l| engine.legs().get(l));
    CallDetail {
        call: live_call(c, engine, m),
        caller: None,
        caller_name: None,
        legs: legs.map(|l| leg(l.id, l.role, word(&l.state), (l.began, l.answered, None), m)).collect(),
        dispositions: Vec::new(),
        timeline: c.timeline.iter().map(|t| timeline::moment(t, m)).collect(),
        explanation: c.decisions.iter().map(|d| decision::decision(d, &c.timeline, m)).collect(),
    }
}

/// What agents, by number, said of a call.
pub fn said(all: &[(u32, u32)], m: &Meaning) -> Vec<SaidView> {
    let one = |(agent, disposition): &(u32, u32)| SaidView {
        agent: m.names.of("User", *agent),
        disposition: m.names.of("Disposition", *disposition),
    };
    all.iter().map(one).collect()
}

/// Everything of a call that is over but who called.
pub fn ended_detail(r: &CallRecord, m: &Meaning) -> CallDetail {
    CallDetail {
        call: ended_call(r, m),
        caller: None,
        caller_name: None,
        legs: r
            .legs
            .iter()
            .map(|l| leg(l.id, l.role, word(&l.end), (l.began, l.answered, Some(l.ended)), m))
            .collect(),
        dispositions: Vec::new(),
        timeline: r.timeline.iter().map(|t| timeline::moment(t, m)).collect(),
        explanation: r.decisions.iter().map(|d| decision::decision(d, &r.timeline, m)).collect(),
    }
}

type Times = (engine::Time, Option<engine::Time>, Option<engine::Time>);

fn leg(id: LegId, role: Role, state: String, (began, answered, ended): Times, m: &Meaning) -> LegView {
    let (role, agent) = match role {
        Role::Caller => ("caller", None),
        Role::Agent { agent, .. } => ("agent", Some(m.names.of("User", agent.0))),
        Role::Target { .. } => ("target", None),
        Role::Party { .. } => ("party", None),
        Role::Supervisor { agent } => ("supervisor", Some(m.names.of("User", agent.0))),
    };
    LegView {
        id: leg_id(id),
        role: role.into(),
        agent,
        state,
        began: time(began),
        answered: answered.map(time),
        ended: ended.map(time),
        quality: None,
    }
}

/// An agent.
pub fn agent(a: &Agent, engine: &Engine, m: &Meaning, presence: Option<PresenceView>) -> AgentView {
    AgentView {
        id: m.names.of("User", a.id.0),
        state: a.state.name().into(),
        since: time(a.since),
        call: match a.state {
            AgentState::Offered { call, .. }
            | AgentState::Talking { call, .. }
            | AgentState::WrapUp { call } => Some(call_id(call)),
            _ => None,
        },
        queue: a.work.and_then(|w| w.queue).map(|q| m.names.of("Queue", q.0)),
        reason: match a.state {
            AgentState::Break { reason } => m.break_reason(reason).map(Into::into),
            _ => None,
        },
        next: a.next.map(|n| next(n).into()),
        disposition: a.work.and_then(|w| w.disposition).map(|d| m.names.of("Disposition", d.0)),
        owes_disposition: matches!(a.state, AgentState::WrapUp { .. }) && engine.owes_disposition(a.id),
        screen_pop: None,
        misses: a.misses,
        queues: a.queues.iter().map(|q| m.names.of("Queue", q.queue.0)).collect(),
        presence,
    }
}

fn next(wanted: Wanted) -> &'static str {
    match wanted {
        Wanted::Available | Wanted::MoreWrapUp(_) => "available",
        Wanted::Break(_) => "break",
        Wanted::Offline => "offline",
    }
}

/// A queue.
pub fn queue(id: QueueId, q: &Queue, engine: &Engine, m: &Meaning) -> QueueView {
    let c = &q.counts;
    QueueView {
        id: m.names.of("Queue", id.0),
        waiting: q.waiting(),
        waiting_since: q.oldest().map(time),
        agents: AgentState::NAMES.iter().zip(q.states).map(|(n, c)| (n.to_string(), c)).collect(),
        offered: c.offered,
        answered: c.answered,
        abandoned: c.abandoned,
        flowed_out: c.flowed_out,
        callback: c.callback,
        service_level: c.service_level(),
        average_wait_ms: (c.answered > 0).then(|| c.answered_wait_ms / c.answered),
        expected_wait_ms: engine.expected_wait_of(id),
        expected_wait_error: c.estimate_error(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_827_696_007, "2000-02-29T12:34:56.007Z"),
            (1_795_132_800_000, "2026-11-20T00:00:00.000Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        ] {
            assert_eq!(time(engine::Time(ms)), text);
        }
    }

    #[test]
    fn words_of_the_api() {
        assert_eq!(word(&engine::Outcome::FlowedOut), "flowed-out");
        assert_eq!(word(&engine::EndedBy::Caller), "caller");
    }
}
