//! Flows: the steps of a call until somebody talks or nothing is left to do.

use crate::asking::Asking;
use crate::call::Phase;
use crate::config::{At, END, FlowConfig, Overflow, RecordingRule, Step, Test};
use crate::effect::{Effect, Keys, Sound};
use crate::ids::{CallId, EntryId, FlowId, HoursId, LegId, QueueId, SkillId};
use crate::leg::{ANSWERING_MS, Hears, LegState};
use crate::record::{EndedBy, Reason, What};
use crate::state::Engine;
use crate::timers::Waiter;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The longest prompt: after it the flow goes on, whether or not the door said that it ended.
pub(crate) const LONGEST_PROMPT_MS: u64 = 600_000;
/// The most steps without anything to wait for. Flows that go round so are refused when they are loaded; this is for
/// those that only go round for some callers.
const MOST_STEPS: u16 = 1_000;
/// How deep flows may run in flows.
const DEEPEST: usize = 16;

/// A flow that runs: which edition of it, and where it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) flow: FlowId,
    pub(crate) edition: u32,
    pub(crate) at: At,
}

/// Flows by edition: a call ends with the edition it began with.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Editions {
    flows: alloc::collections::BTreeMap<(FlowId, u32), FlowConfig>,
    newest: alloc::collections::BTreeMap<FlowId, u32>,
    last: u32,
}

impl Editions {
    /// Another configuration: what changed becomes a new edition, what no call uses any more goes.
    pub(crate) fn publish(&mut self, flows: Vec<FlowConfig>, used: &[(FlowId, u32)]) {
        self.last += 1;
        let mut newest = alloc::collections::BTreeMap::new();
        for flow in flows {
            let known = self.newest.get(&flow.id).copied();
            let same = known.filter(|n| self.flows.get(&(flow.id, *n)) == Some(&flow));
            let edition = same.unwrap_or(self.last);
            newest.insert(flow.id, edition);
            self.flows.entry((flow.id, edition)).or_insert(flow);
        }
        self.newest = newest;
        let newest = &self.newest;
        self.flows.retain(|key, _| newest.get(&key.0) == Some(&key.1) || used.contains(key));
    }

    fn newest(&self, flow: FlowId) -> Option<Run> {
        self.newest.get(&flow).map(|edition| Run { flow, edition: *edition, at: 0 })
    }

    fn step(&self, run: &Run) -> Option<(Step, At)> {
        let node = self.flows.get(&(run.flow, run.edition))?.nodes.get(usize::from(run.at))?;
        Some((node.step.clone(), node.next))
    }
}

impl Engine {
    /// Begins a flow. False if there is none of this number.
    pub(crate) fn begin_flow(&mut self, call: CallId, flow: FlowId) -> bool {
        let Some(run) = self.s.editions.newest(flow) else { return false };
        let Some(c) = self.s.calls.get_mut(&call) else { return false };
        if c.run.len() >= DEEPEST {
            return false;
        }
        c.run.push(run);
        self.moment(call, What::FlowEntered { flow });
        true
    }

    /// The next step will be this one.
    pub(crate) fn go_to(&mut self, call: CallId, at: At) {
        if let Some(run) = self.s.calls.get_mut(&call).and_then(|c| c.run.last_mut()) {
            run.at = at;
        }
    }

    /// Goes on with a call's flow until it waits for something.
    pub(crate) fn next_step(&mut self, call: CallId) {
        for _ in 0..MOST_STEPS {
            self.s.timers.clear(Waiter::Call(call));
            let Some(c) = self.s.calls.get_mut(&call) else { return };
            if c.ending.is_some() {
                return;
            }
            c.phase = Phase::Flow;
            c.asking = None;
            c.overflow.clear();
            let step = loop {
                let Some(run) = c.run.last().copied() else { break None };
                match self.s.editions.step(&run).filter(|_| run.at != END) {
                    Some(found) => break Some(found),
                    // The end of a flow: back to the one that ran it.
                    None => c.run.pop(),
                };
            };
            let Some((step, next)) = step else {
                let reason = c.last_failure.unwrap_or(Reason::FlowEnded);
                return self.close_call(call, EndedBy::Switchroom, reason);
            };
            if let Some(run) = c.run.last_mut() {
                run.at = next;
            }
            if self.do_step(call, step) {
                return;
            }
        }
        self.moment(call, What::TookTooManySteps);
        self.close_call(call, EndedBy::Switchroom, Reason::Failed);
    }

    // True if the call waits for something now, or is over.
    fn do_step(&mut self, call: CallId, step: Step) -> bool {
        match step {
            Step::Answer => self.answer_caller(call),
            Step::Say { prompt } => {
                self.answer_caller(call);
                self.moment(call, What::Said { prompt });
                let Some(leg) = self.caller_leg(call) else { return true };
                let language = self.s.calls.get(&call).map(|c| c.language).unwrap_or_default();
                if let Some(c) = self.s.calls.get_mut(&call) {
                    c.phase = Phase::Saying;
                }
                self.s.timers.set(Waiter::Call(call), self.s.now.plus(LONGEST_PROMPT_MS));
                self.play(leg, Sound::Prompt(prompt, language));
                return true;
            }
            Step::Record { on } => self.set_record(call, on),
            Step::Consent { prompt, opt_out, wait_ms } => {
                self.ask(call, Asking::Consent { prompt, opt_out, wait_ms });
                return true;
            }
            Step::Menu { prompt, keys, wait_ms, tries, wrong } => {
                self.ask(call, Asking::Menu { prompt, keys, wait_ms, tries: tries.max(1), wrong });
                return true;
            }
            Step::Collect { slot, prompt, digits, first_ms, next_ms, tries, wrong, failed } => {
                let tries = tries.max(1);
                let count = 0;
                let asking = Asking::Digits {
                    slot,
                    prompt,
                    digits,
                    first_ms,
                    next_ms,
                    tries,
                    wrong,
                    failed,
                    count,
                    matches: 0,
                };
                self.ask(call, asking);
                return true;
            }
            Step::Secure { secure, failed } => {
                self.answer_caller(call);
                if self.begin_secure(call, secure, Some(failed)) {
                    return true;
                }
                self.go_to(call, failed);
            }
            Step::Branch { cases } => {
                if let Some((test, to)) = cases.iter().find(|(test, _)| self.holds(call, *test)) {
                    self.moment(call, What::TestHeld { test: *test });
                    self.go_to(call, *to);
                }
            }
            Step::LookUp { look_up, wait_ms, failed } => {
                let Some(leg) = self.caller_leg(call) else { return true };
                if self.s.calls.get(&call).is_some_and(|c| c.objected) {
                    self.moment(call, What::LookUpLeftOut { look_up });
                    self.go_to(call, failed);
                    return false;
                }
                let request = self.new_request();
                self.ask(call, Asking::LookUp { look_up, failed, request });
                self.s.timers.set(Waiter::Call(call), self.s.now.plus(wait_ms));
                self.effect(Effect::LookUp { call, leg, look_up, request });
                return true;
            }
            Step::Language { language } => {
                if let Some(c) = self.s.calls.get_mut(&call) {
                    c.language = language;
                }
                self.moment(call, What::LanguageSet { language });
            }
            Step::Priority { steps } => {
                if let Some(c) = self.s.calls.get_mut(&call) {
                    c.priority = steps.min(9);
                }
                self.moment(call, What::PrioritySet { steps });
            }
            Step::Need { skill, level } => self.set_need(call, skill, level),
            Step::Attribute { attribute, value } => self.set_attribute(call, attribute, value),
            Step::Queue { queue, overflow } => {
                self.answer_caller(call);
                return self.step_queue(call, queue, overflow);
            }
            Step::Connect { target, ring_ms } => return self.connect_target(call, target, ring_ms),
            Step::ConnectAgent { agent, ring_ms } => return self.connect_agent(call, agent, ring_ms),
            Step::Voicemail { mailbox, prompt, max_ms } => {
                self.ask(call, Asking::Message { mailbox, prompt, max_ms, recording: None });
                return true;
            }
            Step::Run { flow } => {
                self.begin_flow(call, flow);
            }
            Step::Go => {}
            Step::HangUp => {
                let reason =
                    self.s.calls.get(&call).and_then(|c| c.last_failure).unwrap_or(Reason::FlowEnded);
                self.close_call(call, EndedBy::Switchroom, reason);
                return true;
            }
        }
        false
    }

    fn set_record(&mut self, call: CallId, on: bool) {
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        let allowed = match c.recording_rule {
            RecordingRule::Allowed => !c.refused_recording,
            RecordingRule::WithConsent => c.consented,
            RecordingRule::Never => false,
        };
        c.record = on && allowed;
        if on && !allowed {
            self.moment(call, What::RecordingNotAllowed);
        }
    }

    /// The caller was told that the call is recorded, and did not object.
    pub(crate) fn consent_given(&mut self, call: CallId) {
        self.moment(call, What::ConsentAnnounced);
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.consented = true;
        }
        self.set_record(call, true);
    }

    /// The caller objects to being recorded.
    pub(crate) fn consent_refused(&mut self, call: CallId) {
        self.moment(call, What::ConsentRefused);
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.consented = false;
            c.refused_recording = true;
            c.record = false;
        }
    }

    fn set_need(&mut self, call: CallId, skill: SkillId, level: u8) {
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        c.needs.retain(|(s, _)| *s != skill);
        if level > 0 {
            c.needs.push((skill, level));
        }
        self.moment(call, What::SkillNeeded { skill, level });
    }

    pub(crate) fn set_attribute(&mut self, call: CallId, attribute: crate::ids::AttributeId, value: u16) {
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        c.attributes.retain(|(a, _)| *a != attribute);
        c.attributes.push((attribute, value));
        self.moment(call, What::AttributeSet { attribute, value });
    }

    // True if the caller waits there now.
    fn step_queue(&mut self, call: CallId, queue: QueueId, overflow: Vec<(Overflow, At)>) -> bool {
        let now = self.s.now;
        let over = overflow.iter().find(|(why, _)| match why {
            Overflow::After(_) => false,
            Overflow::WaitingOver(n) => {
                self.s.queues.get(&queue).is_some_and(|q| q.waiting() > u64::from(*n))
            }
            Overflow::ExpectedOver(ms) => self.expected_wait_of(queue).is_some_and(|e| e > *ms),
            Overflow::NobodySignedIn => self.nobody_signed_in(queue),
        });
        if let Some((why, to)) = over.copied() {
            self.moment(call, What::Overflowed { queue, why });
            self.go_to(call, to);
            return false;
        }
        let after = overflow.iter().filter_map(|(why, _)| match why {
            Overflow::After(ms) => Some(*ms),
            _ => None,
        });
        let after = after.min();
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.overflow = overflow;
        }
        if !self.enter_queue(call, queue, None) {
            return false;
        }
        // The caller may be talking already.
        if let Some(Phase::Waiting { entry }) = self.s.calls.get(&call).map(|c| c.phase) {
            if let (Some(e), Some(ms)) = (self.s.entries.get_mut(&entry), after) {
                e.overflow_at = Some(now.plus(ms));
            }
            self.wake_entry(entry);
        }
        true
    }

    pub(crate) fn holds(&self, call: CallId, test: Test) -> bool {
        let Some(c) = self.s.calls.get(&call) else { return false };
        let queue = |q: &QueueId| self.s.queues.get(q);
        match test {
            Test::Number(n) => c.number == Some(n),
            Test::Language(l) => c.language == l,
            Test::Attribute(a, v) => c.attributes.contains(&(a, v)),
            Test::Digits(slot, n) => c.digits.contains(&(slot, n)),
            Test::Withheld => c.facts.withheld,
            Test::Country(country) => c.facts.country == country,
            Test::List(n) => c.facts.lists >> n.min(63) & 1 == 1,
            Test::Open(h) => self.is_open(h),
            Test::Holiday(h) => self.s.config.hours.get(&h).is_some_and(|x| x.is_holiday(self.s.now)),
            Test::Emergency(h) => self.s.closed.contains(&h),
            Test::Waiting(q, n) => queue(&q).is_some_and(|q| q.waiting() >= u64::from(n)),
            Test::Free(q, n) => queue(&q).is_some() && self.free_in(q) >= n,
            Test::SignedIn(q, n) => queue(&q).is_some_and(|q| q.states[1..=5].iter().sum::<u32>() >= n),
            Test::Expected(q, ms) => self.expected_wait_of(q).is_some_and(|e| e >= ms),
        }
    }

    /// Whether hours are open now: not while their emergency switch is on.
    pub fn is_open(&self, hours: HoursId) -> bool {
        !self.s.closed.contains(&hours)
            && self.s.config.hours.get(&hours).is_some_and(|h| h.is_open(self.s.now))
    }

    pub(crate) fn answer_caller(&mut self, call: CallId) {
        let Some(leg) = self.caller_leg(call) else { return };
        if !self.answer_leg(leg) {
            return;
        }
        let now = self.s.now;
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.answered = Some(now);
        }
        self.moment(call, What::Answered);
    }

    /// Answers whoever called. False if that is done, or nothing is to be answered.
    pub(crate) fn answer_leg(&mut self, leg: LegId) -> bool {
        let arrived = self.s.legs.get(&leg).is_some_and(|l| l.state == LegState::Arrived);
        if arrived {
            self.set_leg(leg, LegState::Answering, ANSWERING_MS);
            self.effect(Effect::Answer { leg });
        }
        arrived
    }

    pub(crate) fn enter_phase_waiting(&mut self, call: CallId, queue: QueueId, entry: EntryId) {
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.phase = Phase::Waiting { entry };
            c.queue = Some(queue);
            c.to_say.clear();
        }
    }

    pub(crate) fn on_play_ended(&mut self, leg: crate::ids::LegId) {
        // Music has no end: what is told here is of something that was replaced meanwhile.
        let playing = self.s.legs.get(&leg).filter(|l| l.hears == Hears::Sound);
        let Some(call) = playing.map(|l| l.call) else { return };
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        if c.caller_leg != Some(leg) {
            return;
        }
        if c.asking.is_some() {
            return self.asked(call);
        }
        match c.phase {
            Phase::Saying => self.next_step(call),
            Phase::Waiting { .. } => {
                let language = c.language;
                let sound = match c.to_say.is_empty() {
                    false => Sound::Prompt(c.to_say.remove(0), language),
                    true => {
                        let music = c.queue.and_then(|q| self.queue_config(q)).map(|q| q.music);
                        Sound::Music(music.unwrap_or(self.s.config.hold_music))
                    }
                };
                self.play(leg, sound);
            }
            _ => {}
        }
    }

    pub(crate) fn on_call_deadline(&mut self, call: CallId) {
        let Some(c) = self.s.calls.get(&call) else { return };
        if c.asking.is_some() {
            self.asking_timed_out(call);
        } else if c.phase == Phase::Saying {
            self.next_step(call);
        }
    }

    /// Keys go where the call needs them.
    pub(crate) fn keys(&mut self, call: CallId, keys: Keys) {
        if let Some(leg) = self.caller_leg(call) {
            self.effect(Effect::Keys { leg, keys });
        }
    }
}
