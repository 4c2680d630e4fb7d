//! What watchers see: a snapshot, then numbered changes. A watcher who was away asks for what came after its last number.
//!
//! Each change says of whom it is, because agents see their own only; to them numbers are left out.

use crate::adapt::Presences;
use crate::alarm::Alarm;
use crate::http::parts;
use crate::tenant::Meaning;
use crate::view;
use engine::{AgentId, CallId, CallRecord, Changed, Engine, Notice, QueueId, Time};
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio::sync::broadcast;

/// Changes kept for watchers who were away.
const KEPT: usize = 5_000;
/// Changes that one watcher may be behind; then it starts again with a snapshot.
const BEHIND: usize = 2_000;

/// A change.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its number.
    pub number: u64,
    /// What is sent.
    pub text: Arc<str>,
    /// Of whom it is.
    pub of: Of,
}

/// Of whom a change is.
#[derive(Clone, Debug)]
pub enum Of {
    /// A call of these agents: those who take part, and those who did until now.
    Call(Arc<[AgentId]>),
    /// An agent, and the queues that the agent serves.
    Agent(AgentId, Arc<[QueueId]>),
    /// A queue.
    Queue(QueueId),
    /// Told to one agent.
    Notice(AgentId),
    /// Of the whole tenant.
    Everybody,
}

/// What one watcher sees.
#[derive(Clone, Debug)]
pub enum Sight {
    /// Everything.
    All,
    /// What is an agent's own; with the queues that the agent serves.
    Own(AgentId, Arc<[QueueId]>),
}

impl Sight {
    /// Whether a change is seen. A change of the agent's queues counts from there on.
    pub fn sees(&mut self, change: &Change) -> bool {
        let Sight::Own(own, queues) = self else { return true };
        match &change.of {
            Of::Call(agents) => agents.contains(own),
            Of::Agent(agent, serves) => {
                let is_own = agent == own;
                if is_own {
                    *queues = serves.clone();
                }
                is_own
            }
            Of::Queue(queue) => queues.contains(queue),
            Of::Notice(agent) => agent == own,
            Of::Everybody => true,
        }
    }
}

/// The changes of one tenant.
pub struct Live {
    number: u64,
    kept: VecDeque<Change>,
    watchers: broadcast::Sender<Change>,
    /// Changes since the last watcher went. While these are few the watcher may come back for them.
    unwatched: usize,
    /// Who took part in each open call when it changed last: who leaves is told so.
    parts: HashMap<CallId, Vec<AgentId>>,
}

impl Live {
    /// The changes of a process that began at this time. They are counted from it on, in milliseconds since 1970, so that
    /// a number that an earlier process gave is not taken for one of this: it is smaller, because changes come more
    /// slowly than one a millisecond. It stays below 2^53, which JavaScript counts up to.
    pub fn new(began: Time) -> Live {
        Live {
            number: began.0,
            kept: VecDeque::new(),
            watchers: broadcast::channel(BEHIND).0,
            unwatched: KEPT,
            parts: HashMap::new(),
        }
    }

    /// The number of the last change.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Changes from here on, and those after `after` if they are all still there.
    pub fn subscribe(&self, after: Option<u64>) -> (Option<Vec<Change>>, broadcast::Receiver<Change>) {
        let missed = after.filter(|n| *n <= self.number).and_then(|n| {
            let oldest = self.kept.front().map_or(self.number + 1, |c| c.number);
            (n + 1 >= oldest).then(|| self.kept.iter().filter(|c| c.number > n).cloned().collect())
        });
        (missed, self.watchers.subscribe())
    }

    /// Something changed in the engine.
    pub fn changed(&mut self, change: Changed, engine: &Engine, meaning: &Meaning, presences: &Presences) {
        if !self.is_wanted() {
            return;
        }
        let (value, of) = match change {
            Changed::Call(id) => match engine.calls().get(&id) {
                Some(call) => {
                    let now = parts(engine, call).collect();
                    (json!({"call": view::live_call(call, engine, meaning)}), self.of_call(id, now))
                }
                // Its end is told with its record.
                None => return,
            },
            Changed::Agent(id) => match engine.agents().get(&id) {
                Some(agent) => {
                    let queues = agent.queues.iter().map(|q| q.queue).collect();
                    let presence = presences.view(id.0, engine.now());
                    (json!({"agent": view::agent(agent, engine, meaning, presence)}), Of::Agent(id, queues))
                }
                None => return,
            },
            Changed::Queue(id) => match engine.queues().get(&id) {
                Some(queue) => (json!({"queue": view::queue(id, queue, engine, meaning)}), Of::Queue(id)),
                None => return,
            },
            Changed::Hours(id) => {
                let closed = engine.closed().contains(&id);
                (json!({"hours": {"id": meaning.names.of("Hours", id.0), "closed": closed}}), Of::Everybody)
            }
        };
        self.push(value, of);
    }

    /// Those who take part in a call now, and those who did until now.
    fn of_call(&mut self, id: CallId, now: Vec<AgentId>) -> Of {
        let before = self.parts.insert(id, now.clone()).unwrap_or_default();
        Of::Call(before.into_iter().chain(now).collect())
    }

    /// A call is over.
    pub fn call_ended(&mut self, record: &CallRecord, meaning: &Meaning) {
        if !self.is_wanted() {
            return;
        }
        let of = self.of_call(record.id, record.agent.into_iter().collect());
        self.parts.remove(&record.id);
        self.push(json!({"call": view::ended_call(record, meaning)}), of);
    }

    /// An agent is told something.
    pub fn notice(&mut self, agent: AgentId, notice: Notice, meaning: &Meaning) {
        let (what, say) = match notice {
            Notice::Suspended => {
                ("suspended", "You missed too many calls and get no more until you set yourself available.")
            }
            Notice::CallbackFailed(_) => {
                ("callback-failed", "A customer could not be called back: every try failed.")
            }
            Notice::OutsideRefused(refusal) => ("outside-refused", view::refused(refusal)),
        };
        let value = json!({"notice": {"agent": meaning.names.of("User", agent.0), "what": what, "say": say}});
        self.push(value, Of::Notice(agent));
    }

    /// An agent's own page is told something: `what` in a word, `more` beside it.
    pub fn tell_agent(&mut self, agent: AgentId, what: &str, more: Value, meaning: &Meaning) {
        let mut notice = json!({"agent": meaning.names.of("User", agent.0), "what": what});
        if let (Some(notice), Value::Object(more)) = (notice.as_object_mut(), more) {
            notice.extend(more);
        }
        self.push(json!({ "notice": notice }), Of::Notice(agent));
    }

    /// A bound of a queue is crossed, or kept again.
    pub fn alarm(&mut self, alarm: &Alarm, meaning: &Meaning) {
        if self.is_wanted() {
            self.push(json!({"alarm": view::alarm(alarm, meaning)}), Of::Queue(alarm.queue));
        }
    }

    // Whether anybody watches, or was here not long ago. What nobody will see is not even written out.
    fn is_wanted(&mut self) -> bool {
        if self.watchers.receiver_count() > 0 {
            self.unwatched = 0;
            return true;
        }
        if self.unwatched < KEPT {
            self.unwatched += 1;
            return true;
        }
        self.kept.clear();
        self.parts.clear();
        self.number += 1;
        false
    }

    fn push(&mut self, mut value: Value, of: Of) {
        self.number += 1;
        value["number"] = self.number.into();
        let change = Change { number: self.number, text: value.to_string().into(), of };
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(change.clone());
        // Without a watcher this fails, and nothing is lost.
        let _ = self.watchers.send(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_see_their_own_and_what_they_leave() {
        let mut live = Live::new(Time(1));
        let (anna, bert) = (AgentId(1), AgentId(2));
        let mut sight = Sight::Own(anna, [QueueId(5)].into());
        let mut sees = |of: Of| sight.sees(&Change { number: 1, text: "".into(), of });
        assert!(sees(live.of_call(CallId(1), vec![anna])));
        assert!(sees(live.of_call(CallId(1), vec![bert])), "that she is out of it");
        assert!(!sees(live.of_call(CallId(1), vec![bert])), "nothing after that");
        assert!(sees(Of::Queue(QueueId(5))) && !sees(Of::Queue(QueueId(6))));
        assert!(sees(Of::Notice(anna)) && !sees(Of::Notice(bert)));
        assert!(!sees(Of::Agent(bert, [QueueId(6)].into())));
        assert!(!sees(Of::Queue(QueueId(6))), "another's queues are not hers");
        assert!(sees(Of::Agent(anna, [QueueId(6)].into())));
        assert!(sees(Of::Queue(QueueId(6))) && !sees(Of::Queue(QueueId(5))), "her queues changed");
        assert!(sees(Of::Everybody));
        assert!(Sight::All.sees(&Change { number: 1, text: "".into(), of: Of::Notice(bert) }));
    }

    #[test]
    fn a_number_of_an_earlier_process_begins_anew() {
        let mut earlier = Live::new(Time(1_000));
        for n in 0..3 {
            earlier.push(json!({ "n": n }), Of::Everybody);
        }
        let seen = earlier.number();
        assert_eq!(earlier.subscribe(Some(seen - 1)).0.map(|m| m.len()), Some(1));
        let mut now = Live::new(Time(9_000));
        assert!(now.subscribe(Some(seen)).0.is_none());
        now.push(json!({}), Of::Everybody);
        assert!(now.subscribe(Some(seen)).0.is_none());
        assert_eq!(now.subscribe(Some(9_000)).0.map(|m| m.len()), Some(1));
        assert!(now.subscribe(Some(9_002)).0.is_none(), "nor is one that nobody gave yet");
    }
}
