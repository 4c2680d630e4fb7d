//! Flows: the steps of a call until somebody talks or nothing is left to do.

use crate::call::Phase;
use crate::config::Step;
use crate::effect::{Effect, Sound};
use crate::event::LegEnd;
use crate::ids::{CallId, EntryId, LegId, QueueId, TargetId};
use crate::leg::{ANSWERING_MS, Leg, LegState, Role};
use crate::record::{EndedBy, Reason, What};
use crate::state::Engine;
use crate::timers::Waiter;

/// The longest prompt: after it the flow goes on, whether or not the door said that it ended.
const LONGEST_PROMPT_MS: u64 = 600_000;

impl Engine {
    /// Goes on with a call's flow until it waits for something.
    pub(crate) fn next_step(&mut self, call: CallId) {
        loop {
            self.s.timers.clear(Waiter::Call(call));
            let Some(c) = self.s.calls.get_mut(&call) else { return };
            if c.ending.is_some() {
                return;
            }
            c.phase = Phase::Flow;
            let step = c.steps.get(usize::from(c.at)).copied();
            c.at = c.at.saturating_add(1);
            match step {
                Some(Step::Answer) => self.answer_caller(call),
                Some(Step::Say { prompt }) => {
                    self.answer_caller(call);
                    self.moment(call, What::Said { prompt });
                    let Some(leg) = self.caller_leg(call) else { return };
                    if let Some(c) = self.s.calls.get_mut(&call) {
                        c.phase = Phase::Saying;
                    }
                    self.s.timers.set(Waiter::Call(call), self.s.now.plus(LONGEST_PROMPT_MS));
                    self.effect(Effect::Play { leg, sound: Sound::Prompt(prompt) });
                    return;
                }
                Some(Step::Record { on }) => c.record = on,
                Some(Step::Queue { queue }) => {
                    self.answer_caller(call);
                    if self.enter_queue(call, queue) {
                        return;
                    }
                }
                Some(Step::Connect { target, ring_ms }) => return self.connect_target(call, target, ring_ms),
                Some(Step::HangUp) | None => {
                    let reason = c.last_failure.unwrap_or(Reason::FlowEnded);
                    return self.close_call(call, EndedBy::Switchroom, reason);
                }
            }
        }
    }

    pub(crate) fn answer_caller(&mut self, call: CallId) {
        let Some(leg) = self.caller_leg(call) else { return };
        if self.s.legs.get(&leg).is_none_or(|l| l.state != LegState::Arrived) {
            return;
        }
        self.set_leg(leg, LegState::Answering, ANSWERING_MS);
        let now = self.s.now;
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.answered = Some(now);
        }
        self.moment(call, What::Answered);
        self.effect(Effect::Answer { leg });
    }

    fn connect_target(&mut self, call: CallId, target: TargetId, ring_ms: u64) {
        let Some(caller) = self.caller_leg(call) else { return };
        let leg = self.new_leg(call, Role::Target { target }, LegState::Dialling, ring_ms);
        self.add_leg(call, leg);
        self.moment(call, What::Dialled { target, leg });
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.phase = Phase::Connecting { leg };
            if c.answered.is_some() {
                self.effect(Effect::Play { leg: caller, sound: Sound::Ringback });
            }
        }
        self.effect(Effect::DialTarget { leg, target, caller });
    }

    pub(crate) fn on_target_ringing(&mut self, call: CallId) {
        let Some(caller) = self.caller_leg(call) else { return };
        if self.s.legs.get(&caller).is_some_and(|l| l.state == LegState::Arrived) {
            self.effect(Effect::Alert { leg: caller });
        }
    }

    pub(crate) fn on_target_answered(&mut self, call: CallId, leg: LegId) {
        if !self.s.calls.get(&call).is_some_and(|c| c.phase == Phase::Connecting { leg }) {
            return self.end_leg(leg, crate::effect::HangUpCause::Withdrawn);
        }
        self.answer_caller(call);
        self.connect(call, leg);
    }

    pub(crate) fn on_target_leg_ended(&mut self, leg: &Leg, end: LegEnd) {
        let Role::Target { target } = leg.role else { return };
        match self.s.calls.get(&leg.call).map(|c| c.phase) {
            Some(Phase::Connecting { leg: l }) if l == leg.id => self.target_failed(leg.call, target, end),
            Some(Phase::Talking { leg: l }) if l == leg.id => {
                let (by, reason) = crate::call::end_of_talk(EndedBy::Target, end);
                self.close_call(leg.call, by, reason);
            }
            _ => {}
        }
    }

    /// What the flow rang did not answer: the next step follows.
    pub(crate) fn target_failed(&mut self, call: CallId, target: TargetId, end: LegEnd) {
        self.moment(call, What::TargetFailed { target, end });
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.last_failure = Some(match end {
                LegEnd::Busy => Reason::Busy,
                LegEnd::Unreachable | LegEnd::Failed => Reason::Unreachable,
                LegEnd::NoCommonMedia => Reason::NoCommonMedia,
                _ => Reason::NoAnswer,
            });
        }
        self.next_step(call);
    }

    pub(crate) fn enter_phase_waiting(&mut self, call: CallId, queue: QueueId, entry: EntryId) {
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.phase = Phase::Waiting { entry };
            c.queue = Some(queue);
        }
    }

    pub(crate) fn on_play_ended(&mut self, leg: LegId) {
        let Some(call) = self.s.legs.get(&leg).map(|l| l.call) else { return };
        if self.s.calls.get(&call).is_some_and(|c| c.phase == Phase::Saying && c.caller_leg == leg) {
            self.next_step(call);
        }
    }

    pub(crate) fn on_call_deadline(&mut self, call: CallId) {
        if self.s.calls.get(&call).is_some_and(|c| c.phase == Phase::Saying) {
            self.next_step(call);
        }
    }

    pub(crate) fn on_digit(&mut self, leg: LegId, digit: char) {
        let Some(call) = self.s.legs.get(&leg).map(|l| l.call) else { return };
        self.moment(call, What::Digit { leg, digit });
    }
}
