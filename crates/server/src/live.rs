//! What watchers see: a snapshot, then numbered changes. A watcher who was away asks for what came after its last number.

use crate::tenant::Meaning;
use crate::view;
use engine::{AgentId, CallRecord, Changed, Engine, Notice, Time};
use serde_json::{Value, json};
use std::collections::VecDeque;
use tokio::sync::broadcast;

/// Changes kept for watchers who were away.
const KEPT: usize = 5_000;
/// Changes that one watcher may be behind; then it starts again with a snapshot.
const BEHIND: usize = 2_000;

/// A change: its number and its text.
pub type Change = (u64, std::sync::Arc<str>);

/// The changes of one tenant.
pub struct Live {
    number: u64,
    kept: VecDeque<Change>,
    watchers: broadcast::Sender<Change>,
    /// Changes since the last watcher went. While these are few the watcher may come back for them.
    unwatched: usize,
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
        }
    }

    /// The number of the last change.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Changes from here on, and those after `after` if they are all still there.
    pub fn subscribe(&self, after: Option<u64>) -> (Option<Vec<Change>>, broadcast::Receiver<Change>) {
        let missed = after.filter(|n| *n <= self.number).and_then(|n| {
            let oldest = self.kept.front().map_or(self.number + 1, |c| c.0);
            (n + 1 >= oldest).then(|| self.kept.iter().filter(|c| c.0 > n).cloned().collect())
        });
        (missed, self.watchers.subscribe())
    }

    /// Something changed in the engine.
    pub fn changed(&mut self, change: Changed, engine: &Engine, meaning: &Meaning) {
        if !self.is_wanted() {
            return;
        }
        let value = match change {
            Changed::Call(id) => match engine.calls().get(&id) {
                Some(call) => json!({"call": view::live_call(call, engine, meaning)}),
                // Its end is told with its record.
                None => return,
            },
            Changed::Agent(id) => match engine.agents().get(&id) {
                Some(agent) => json!({"agent": view::agent(agent, engine, meaning)}),
                None => return,
            },
            Changed::Queue(id) => match engine.queues().get(&id) {
                Some(queue) => json!({"queue": view::queue(id, queue, engine, meaning)}),
                None => return,
            },
            Changed::Hours(id) => json!({"hours": {
                "id": meaning.names.of("Hours", id.0),
                "closed": engine.closed().contains(&id),
            }}),
        };
        self.push(value);
    }

    /// A call is over.
    pub fn call_ended(&mut self, record: &CallRecord, meaning: &Meaning) {
        if !self.is_wanted() {
            return;
        }
        self.push(json!({"call": view::ended_call(record, meaning)}));
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
        };
        self.push(json!({"notice": {"agent": meaning.names.of("User", agent.0), "what": what, "say": say}}));
    }

    /// An agent's own page is told something: `what` in a word, `more` beside it.
    pub fn tell_agent(&mut self, agent: AgentId, what: &str, more: Value, meaning: &Meaning) {
        let mut notice = json!({"agent": meaning.names.of("User", agent.0), "what": what});
        if let (Some(notice), Value::Object(more)) = (notice.as_object_mut(), more) {
            notice.extend(more);
        }
        self.push(json!({ "notice": notice }));
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
        self.number += 1;
        false
    }

    fn push(&mut self, mut value: Value) {
        self.number += 1;
        value["number"] = self.number.into();
        let change: Change = (self.number, value.to_string().into());
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
    fn a_number_of_an_earlier_process_begins_anew() {
        let mut earlier = Live::new(Time(1_000));
        for n in 0..3 {
            earlier.push(json!({ "n": n }));
        }
        let seen = earlier.number();
        assert_eq!(earlier.subscribe(Some(seen - 1)).0.map(|m| m.len()), Some(1));
        let mut now = Live::new(Time(9_000));
        assert!(now.subscribe(Some(seen)).0.is_none());
        now.push(json!({}));
        assert!(now.subscribe(Some(seen)).0.is_none());
        assert_eq!(now.subscribe(Some(9_000)).0.map(|m| m.len()), Some(1));
        assert!(now.subscribe(Some(9_002)).0.is_none(), "nor is one that nobody gave yet");
    }
}
