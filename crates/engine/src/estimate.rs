//! How long a caller will wait, what is said of it, and how wrong that was.
//!
//! Little's law in its plain form: everybody ahead takes one conversation of one agent. Half of the estimate is that, half
//! is what the last caller served has waited. Without a caller served in the last ten minutes nothing is said.

use crate::count::Fact;
use crate::effect::{Effect, Sound};
use crate::ids::{EntryId, PromptId, QueueId};
use crate::queue::{Entry, Of};
use crate::record::What;
use crate::state::Engine;
use crate::timers::Time;
use serde::{Deserialize, Serialize};

/// A wait that was served longer ago than this says nothing any more.
const RECENT_MS: u64 = 600_000;
/// Positions beyond this are all "further back".
const FARTHEST: usize = 500;

/// What the expected wait of a queue is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pace {
    /// Mean handling time, wrap-up included, in milliseconds; newer calls count more. 0 before the first.
    handling_ms: u64,
    /// What the last caller served waited, and when that was.
    last_wait: Option<(u64, Time)>,
}

/// What a caller was told last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    band: usize,
    position: u32,
    working: u64,
}

impl Engine {
    /// A call was handled for a queue.
    pub(crate) fn learn_handling(&mut self, queue: QueueId, ms: u64) {
        if let Some(q) = self.s.queues.get_mut(&queue) {
            let pace = &mut q.pace;
            pace.handling_ms = match pace.handling_ms {
                0 => ms,
                old => (old * 15 + ms) / 16,
            };
        }
    }

    /// A caller was answered: the wait is known, and how wrong the estimate was.
    pub(crate) fn learn_wait(&mut self, entry: &Entry, waited: u64) {
        let now = self.s.now;
        let Some(q) = self.s.queues.get_mut(&entry.queue) else { return };
        q.pace.last_wait = Some((waited, now));
        let Some(expected) = entry.expected_ms else { return };
        q.counts.estimated += 1;
        // Against a wait of at least a second: a share of nothing says nothing.
        q.counts.estimate_error += expected.abs_diff(waited) * 1_000 / waited.max(1_000);
        let (queue, entered) = (entry.queue, entry.entered);
        let fact = Fact::Estimated { queue, entered, expected_ms: expected, waited_ms: waited };
        self.effect(Effect::Count(fact));
    }

    /// How many are served before this one; 500 at the most.
    pub fn ahead_of(&self, id: EntryId) -> u32 {
        let Some(e) = self.s.entries.get(&id) else { return 0 };
        let Some(q) = self.s.queues.get(&e.queue) else { return 0 };
        q.line.range(..(e.place, id)).take(FARTHEST).count() as u32
    }

    /// The wait expected for somebody at the end of a queue, in milliseconds; `None` while nothing can be known.
    pub fn expected_wait_of(&self, queue: QueueId) -> Option<u64> {
        let ahead = self.s.queues.get(&queue)?.line.len() as u64;
        self.expected(queue, ahead)
    }

    /// The wait expected for an entry, from now on.
    pub(crate) fn expected_wait(&self, queue: QueueId, id: EntryId) -> Option<u64> {
        self.expected(queue, u64::from(self.ahead_of(id)))
    }

    fn expected(&self, queue: QueueId, ahead: u64) -> Option<u64> {
        let q = self.s.queues.get(&queue)?;
        let (last, _) = q.pace.last_wait.filter(|(_, at)| self.s.now.since(*at) <= RECENT_MS)?;
        if q.pace.handling_ms == 0 || q.working == 0 {
            return None;
        }
        if ahead == 0 && self.free_in(queue) > 0 {
            return Some(0);
        }
        let by_law = (ahead + 1) * q.pace.handling_ms * 1_000 / q.working;
        Some((by_law + last) / 2)
    }

    /// Says to a waiting caller what is due.
    pub(crate) fn announce(&mut self, id: EntryId, queue: QueueId) {
        let now = self.s.now;
        let Some(e) = self.s.entries.get_mut(&id) else { return };
        let Of::Caller(call) = e.of else { return };
        let announce = e.announce_at.is_some_and(|at| at <= now);
        let offer = e.offer_callback_at.is_some_and(|at| at <= now);
        if offer {
            e.offer_callback_at = None;
        }
        if announce {
            let every =
                self.s.config.queues.get(&queue).and_then(|q| q.announce.as_ref()).map_or(0, |a| a.every_ms);
            e.announce_at = (every > 0).then(|| now.plus(every));
        }
        // Somebody who is answering a question, or whose call an agent's phone rings for, is not talked to.
        let quiet = !e.offers.is_empty() || self.s.calls.get(&call).is_none_or(|c| c.asking.is_some());
        if quiet || !(announce || offer) {
            return;
        }
        let mut say: [Option<PromptId>; 3] = [None; 3];
        if announce {
            say[0] = self.say_position(id, queue);
            say[1] = self.say_wait(id, queue);
        }
        if offer {
            say[2] = self.queue_config(queue).and_then(|q| q.callback.as_ref()).map(|c| c.offer);
            self.moment(call, What::CallbackOffered { queue });
        }
        let Some(leg) = self.caller_leg(call) else { return };
        let language = self.s.calls.get(&call).map(|c| c.language).unwrap_or_default();
        let mut prompts = say.into_iter().flatten();
        let Some(first) = prompts.next() else { return };
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.to_say = prompts.collect();
        }
        self.play(leg, Sound::Prompt(first, language));
    }

    fn say_position(&mut self, id: EntryId, queue: QueueId) -> Option<PromptId> {
        let position = self.ahead_of(id);
        let announce = self.queue_config(queue)?.announce.as_ref()?;
        let prompt = announce.positions.get(position as usize).copied().or(announce.further_back)?;
        let call = self.s.entries.get(&id)?.call()?;
        self.moment(call, What::ToldPosition { position: position + 1 });
        Some(prompt)
    }

    // The band that the expected wait lies in. It rises only if somebody came before the caller or the queue has fewer at
    // work: a number that grows for no reason is believed by nobody.
    fn say_wait(&mut self, id: EntryId, queue: QueueId) -> Option<PromptId> {
        let expected = self.expected_wait(queue, id)?;
        let position = self.ahead_of(id);
        let working = self.s.queues.get(&queue)?.working;
        let announce = self.queue_config(queue)?.announce.as_ref()?;
        let mut band =
            announce.waits.iter().position(|(up_to, _)| expected <= *up_to).unwrap_or(announce.waits.len());
        let e = self.s.entries.get(&id)?;
        if let Some(told) = e.told {
            let reason = position > told.position || working < told.working;
            if band > told.band && !reason {
                band = told.band;
            }
        }
        let prompt = announce.waits.get(band).map(|(_, p)| *p).or(announce.longer)?;
        let call = e.call()?;
        if let Some(e) = self.s.entries.get_mut(&id) {
            e.told = Some(Told { band, position, working });
        }
        self.moment(call, What::ToldWait { expected_ms: expected });
        Some(prompt)
    }
}
