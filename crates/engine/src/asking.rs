//! What a call waits for when its caller is asked something: a key, digits, a message, an answer from another system.
//!
//! Every question has a timer, so that silence is an answer too.

use crate::call::Phase;
use crate::config::At;
use crate::effect::{Effect, Keys, Sound};
use crate::event::Taken;
use crate::flow::LONGEST_PROMPT_MS;
use crate::ids::{AttributeId, CallId, LegId, LookUpId, MailboxId, PromptId, RecordingId, SecureId, SlotId};
use crate::record::What;
use crate::state::Engine;
use crate::timers::{Time, Waiter};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How long a caller may think whether the number is right, in milliseconds.
const CONFIRM_MS: u64 = 8_000;
/// How long between the digits of another number.
const NUMBER_DIGIT_MS: u64 = 6_000;
/// The fewest and the most digits of a telephone number.
const NUMBER_DIGITS: (u8, u8) = (3, 15);
/// How long the door may take to say whether a number can be called.
const CHECK_MS: u64 = 5_000;
/// Messages shorter than this are none.
const SHORTEST_MESSAGE_MS: u64 = 1_000;

/// A question and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Asking {
    Menu {
        prompt: PromptId,
        keys: Vec<(char, At)>,
        wait_ms: u64,
        tries: u8,
        wrong: Option<PromptId>,
    },
    Digits {
        slot: SlotId,
        prompt: PromptId,
        digits: (u8, u8),
        first_ms: u64,
        next_ms: u64,
        tries: u8,
        wrong: Option<PromptId>,
        failed: At,
        count: u8,
        matches: u16,
    },
    Consent {
        prompt: PromptId,
        opt_out: Option<(char, At)>,
        wait_ms: u64,
    },
    LookUp {
        look_up: LookUpId,
        failed: At,
        request: u64,
    },
    Message {
        mailbox: MailboxId,
        prompt: PromptId,
        max_ms: u64,
        recording: Option<(RecordingId, Time)>,
    },
    /// `failed` is where the flow goes on; in a conversation there is none. `passing` is the number of the question whether
    /// the digits are accepted, once it is asked.
    Secure {
        secure: SecureId,
        failed: Option<At>,
        count: u8,
        tries: u8,
        passing: Option<u64>,
    },
    Callback {
        stage: Stage,
        count: u8,
        tries: u8,
    },
}

/// How far a caller is who asked to be called back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    Confirm,
    Enter,
    Checking,
    Done,
    Refused,
}

impl Engine {
    /// Begins a question of a flow.
    pub(crate) fn ask(&mut self, call: CallId, asking: Asking) {
        self.answer_caller(call);
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.asking = Some(asking);
            c.phase = Phase::Asking;
            c.to_say.clear();
        }
        self.say_question(call, None);
    }

    fn asking(&mut self, call: CallId) -> Option<&mut Asking> {
        self.s.calls.get_mut(&call)?.asking.as_mut()
    }

    // Says what the question is, after something else if there is reason to.
    fn say_question(&mut self, call: CallId, before: Option<PromptId>) {
        let Some(c) = self.s.calls.get(&call) else { return };
        let callback = c.queue.and_then(|q| self.queue_config(q)).and_then(|q| q.callback.as_ref());
        let Some(asking) = &c.asking else { return };
        let (prompt, keys) = match asking {
            Asking::Menu { prompt, .. } | Asking::Consent { prompt, .. } | Asking::Message { prompt, .. } => {
                (*prompt, Keys::Choose)
            }
            Asking::Digits { slot, prompt, .. } => (*prompt, Keys::Take(*slot)),
            Asking::Secure { secure, .. } => match self.s.config.secure.get(secure) {
                Some(config) => (config.prompt, Keys::Secret),
                None => return,
            },
            Asking::Callback { stage, .. } => match (stage, callback) {
                (Stage::Confirm, Some(k)) => (k.confirm, Keys::Choose),
                (Stage::Enter, Some(k)) => (k.enter, Keys::Take(k.slot)),
                (Stage::Done, Some(k)) => (k.done, Keys::Pass),
                (Stage::Refused, Some(k)) => (k.refused, Keys::Choose),
                _ => return,
            },
            Asking::LookUp { .. } => return,
        };
        let (Some(leg), language) = (c.caller_leg, c.language) else { return };
        let first = before.unwrap_or(prompt);
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.to_say.clear();
            if before.is_some() {
                c.to_say.push(prompt);
            }
        }
        self.s.timers.set(Waiter::Call(call), self.s.now.plus(LONGEST_PROMPT_MS));
        self.effect(Effect::Keys { leg, keys });
        self.play(leg, Sound::Prompt(first, language));
    }

    fn wait(&mut self, call: CallId, ms: u64) {
        self.s.timers.set(Waiter::Call(call), self.s.now.plus(ms));
    }

    /// What was said came to its end: now the caller's answer is waited for.
    pub(crate) fn asked(&mut self, call: CallId) {
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        if !c.to_say.is_empty() {
            let (prompt, language) = (c.to_say.remove(0), c.language);
            if let Some(leg) = c.caller_leg {
                self.play(leg, Sound::Prompt(prompt, language));
            }
            return;
        }
        let Some(asking) = c.asking.clone() else { return };
        match asking {
            Asking::Menu { wait_ms, .. } => self.wait(call, wait_ms),
            Asking::Digits { first_ms, count: 0, .. } => self.wait(call, first_ms),
            Asking::Consent { opt_out: Some(_), wait_ms, .. } => self.wait(call, wait_ms),
            Asking::Consent { opt_out: None, .. } => self.consented(call),
            Asking::Message { recording: None, .. } => self.begin_message(call),
            Asking::Secure { secure, count: 0, passing: None, .. } => {
                let first = self.s.config.secure.get(&secure).map_or(0, |s| s.first_ms);
                self.wait(call, first);
            }
            Asking::Callback { stage, .. } => match stage {
                Stage::Confirm => self.wait(call, CONFIRM_MS),
                Stage::Enter => self.wait(call, NUMBER_DIGIT_MS),
                Stage::Checking => {}
                Stage::Done => self.callback_dialogue_done(call),
                Stage::Refused => self.end_callback_dialogue(call),
            },
            Asking::Digits { .. }
            | Asking::Secure { .. }
            | Asking::LookUp { .. }
            | Asking::Message { .. } => {}
        }
    }

    /// The caller did not answer, or not to the end.
    pub(crate) fn asking_timed_out(&mut self, call: CallId) {
        let Some(asking) = self.asking(call).cloned() else { return };
        match asking {
            Asking::Menu { .. } => self.menu_try_failed(call, false),
            Asking::Digits { digits, count, .. } => match count >= digits.0 {
                true => self.digits_complete(call),
                false => self.digits_try_failed(call),
            },
            Asking::Consent { .. } => self.consented(call),
            Asking::LookUp { look_up, failed, .. } => self.looked_up(call, look_up, false, failed),
            Asking::Message { recording: None, .. } => self.begin_message(call),
            Asking::Message { .. } => self.message_over(call),
            Asking::Secure { passing: Some(_), .. } => self.secret_passed(call, false),
            Asking::Secure { secure, count, .. } => {
                let fewest = self.s.config.secure.get(&secure).map_or(1, |s| s.digits.0);
                match count >= fewest {
                    true => self.pass_secret(call, secure),
                    false => self.secret_try_failed(call),
                }
            }
            Asking::Callback { stage, count, .. } => match stage {
                Stage::Enter if count >= NUMBER_DIGITS.0 => self.check_number(call, true),
                Stage::Done => self.callback_dialogue_done(call),
                _ => self.end_callback_dialogue(call),
            },
        }
    }

    // ---- keys ----

    pub(crate) fn on_digit(&mut self, leg: LegId, digit: char) {
        let Some(call) = self.s.legs.get(&leg).map(|l| l.call) else { return };
        let Some(c) = self.s.calls.get(&call) else { return };
        if c.caller_leg != Some(leg) || c.ending.is_some() {
            return;
        }
        match c.asking.clone() {
            Some(Asking::Menu { keys, .. }) => match keys.iter().find(|(key, _)| *key == digit) {
                Some((_, to)) => {
                    self.moment(call, What::Chosen { digit });
                    self.play(leg, Sound::Silence);
                    self.keys(call, Keys::Pass);
                    self.go_to(call, *to);
                    self.next_step(call);
                }
                None => self.menu_try_failed(call, true),
            },
            Some(Asking::Consent { opt_out: Some((key, to)), .. }) if key == digit => {
                self.play(leg, Sound::Silence);
                self.keys(call, Keys::Pass);
                self.consent_refused(call);
                self.go_to(call, to);
                self.next_step(call);
            }
            Some(Asking::Message { recording: Some(_), .. }) if digit == '#' => self.message_over(call),
            Some(Asking::Callback { stage: Stage::Confirm, .. }) => match digit {
                '1' => self.check_number(call, false),
                '2' => self.enter_number(call),
                _ => {}
            },
            None if matches!(c.phase, Phase::Waiting { .. }) => {
                let key = c.queue.and_then(|q| self.queue_config(q)).and_then(|q| q.callback.as_ref());
                if key.is_some_and(|k| k.key == digit) && !c.is_callback() {
                    self.begin_callback_dialogue(call);
                }
            }
            _ => {}
        }
    }

    pub(crate) fn on_digit_taken(&mut self, leg: LegId, taken: Taken, found: u16) {
        let Some(call) = self.s.legs.get(&leg).map(|l| l.call) else { return };
        let secure = &self.s.config.secure;
        let Some(c) = self.s.calls.get_mut(&call).filter(|c| c.caller_leg == Some(leg)) else { return };
        let (count, limits, waits) = match &mut c.asking {
            Some(Asking::Digits { digits, first_ms, next_ms, count, matches, .. }) => {
                *matches = found;
                (count, *digits, (*first_ms, *next_ms))
            }
            Some(Asking::Secure { secure: id, count, passing: None, .. }) => match secure.get(id) {
                Some(s) => (count, s.digits, (s.first_ms, s.next_ms)),
                None => return,
            },
            Some(Asking::Callback { stage: Stage::Enter, count, .. }) => {
                (count, NUMBER_DIGITS, (NUMBER_DIGIT_MS, NUMBER_DIGIT_MS))
            }
            _ => return,
        };
        let first = *count == 0;
        match taken {
            Taken::Digit => *count = count.saturating_add(1),
            Taken::Again => *count = 0,
            Taken::End => {}
        }
        let (count, full) = (*count, *count >= limits.1);
        if first && !c.to_say.is_empty() {
            c.to_say.clear();
        }
        if first {
            self.play(leg, Sound::Silence);
        }
        if taken == Taken::End || full {
            return match count >= limits.0 {
                true => self.digits_are_in(call),
                false => self.digits_were_too_few(call),
            };
        }
        self.wait(call, if count == 0 { waits.0 } else { waits.1 });
    }

    fn digits_are_in(&mut self, call: CallId) {
        match self.asking(call) {
            Some(Asking::Digits { .. }) => self.digits_complete(call),
            Some(Asking::Secure { secure, .. }) => {
                let secure = *secure;
                self.pass_secret(call, secure);
            }
            Some(Asking::Callback { .. }) => self.check_number(call, true),
            _ => {}
        }
    }

    fn digits_were_too_few(&mut self, call: CallId) {
        match self.asking(call) {
            Some(Asking::Digits { .. }) => self.digits_try_failed(call),
            Some(Asking::Secure { .. }) => self.secret_try_failed(call),
            Some(Asking::Callback { .. }) => self.enter_number(call),
            _ => {}
        }
    }

    fn menu_try_failed(&mut self, call: CallId, wrong_key: bool) {
        let Some(Asking::Menu { tries, wrong, .. }) = self.asking(call) else { return };
        *tries -= 1;
        let (left, wrong) = (*tries, wrong.filter(|_| wrong_key));
        if left == 0 {
            self.moment(call, What::NothingChosen);
            self.keys(call, Keys::Pass);
            return self.next_step(call);
        }
        self.say_question(call, wrong);
    }

    fn digits_complete(&mut self, call: CallId) {
        let Some(Asking::Digits { slot, count, matches, .. }) = self.asking(call) else { return };
        let (slot, count, matches) = (*slot, *count, *matches);
        self.moment(call, What::DigitsTaken { count });
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.digits.retain(|(s, _)| *s != slot);
            c.digits.push((slot, matches));
        }
        self.keys(call, Keys::Pass);
        self.next_step(call);
    }

    fn digits_try_failed(&mut self, call: CallId) {
        let Some(Asking::Digits { tries, wrong, failed, count, matches, .. }) = self.asking(call) else {
            return;
        };
        *tries -= 1;
        (*count, *matches) = (0, 0);
        let (left, wrong, failed) = (*tries, *wrong, *failed);
        if left == 0 {
            self.moment(call, What::NothingChosen);
            self.keys(call, Keys::Pass);
            self.go_to(call, failed);
            return self.next_step(call);
        }
        self.say_question(call, wrong);
    }

    fn consented(&mut self, call: CallId) {
        self.keys(call, Keys::Pass);
        self.consent_given(call);
        self.next_step(call);
    }

    // ---- other systems ----

    pub(crate) fn on_looked_up(
        &mut self,
        call: CallId,
        request: u64,
        ok: bool,
        found: Vec<(AttributeId, u16)>,
    ) {
        match self.asking(call).cloned() {
            Some(Asking::LookUp { look_up, failed, request: asked }) if asked == request => {
                if ok {
                    for (attribute, value) in found {
                        self.set_attribute(call, attribute, value);
                    }
                }
                self.looked_up(call, look_up, ok, failed);
            }
            Some(Asking::Secure { passing: Some(asked), .. }) if asked == request => {
                self.secret_passed(call, ok)
            }
            _ => {}
        }
    }

    fn looked_up(&mut self, call: CallId, look_up: LookUpId, ok: bool, failed: At) {
        self.moment(call, What::LookedUp { look_up, ok });
        if !ok {
            self.go_to(call, failed);
        }
        self.next_step(call);
    }

    // ---- messages ----

    fn begin_message(&mut self, call: CallId) {
        let now = self.s.now;
        let recording = self.new_recording();
        let Some(leg) = self.caller_leg(call) else { return };
        let Some(Asking::Message { mailbox, max_ms, recording: r, .. }) = self.asking(call) else { return };
        *r = Some((recording, now));
        let (mailbox, max_ms) = (*mailbox, *max_ms);
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.recordings.push(recording);
        }
        self.wait(call, max_ms);
        self.moment(call, What::MessageBegan { mailbox });
        self.play(leg, Sound::Silence);
        let (left, right, mailbox) = (leg, None, Some(mailbox));
        self.effect(Effect::StartRecording { recording, call, left, right, mailbox });
    }

    fn message_over(&mut self, call: CallId) {
        self.keys(call, Keys::Pass);
        self.finish_message(call);
        self.next_step(call);
    }

    /// A message ends: by its caller, its length, or the end of the call.
    pub(crate) fn finish_message(&mut self, call: CallId) {
        let now = self.s.now;
        let asking = self.s.calls.get_mut(&call).and_then(|c| c.asking.take());
        let Some(Asking::Message { mailbox, recording: Some((recording, began)), .. }) = asking else {
            return;
        };
        self.effect(Effect::StopRecording { recording });
        let length_ms = now.since(began);
        if length_ms >= SHORTEST_MESSAGE_MS {
            self.moment(call, What::MessageLeft { mailbox, recording });
            self.effect(Effect::MessageLeft { mailbox, call, recording, length_ms });
        }
    }

    // ---- secret digits ----

    /// Takes secret digits: in a flow, or in a conversation (`failed` is `None`). False if that is not possible now.
    pub(crate) fn begin_secure(&mut self, call: CallId, secure: SecureId, failed: Option<At>) -> bool {
        let Some(tries) = self.s.config.secure.get(&secure).map(|s| s.tries.max(1)) else { return false };
        let Some(c) = self.s.calls.get_mut(&call) else { return false };
        if c.asking.is_some() || c.caller_leg.is_none() {
            return false;
        }
        c.asking = Some(Asking::Secure { secure, failed, count: 0, tries, passing: None });
        if failed.is_some() {
            c.phase = Phase::Asking;
        }
        self.moment(call, What::SecureBegan { secure });
        // First the recording stands still, then keys are taken: no digit can fall in between.
        self.sync_recording(call);
        self.rehear(call);
        self.say_question(call, None);
        true
    }

    fn secret_try_failed(&mut self, call: CallId) {
        let Some(Asking::Secure { tries, count, passing, .. }) = self.asking(call) else { return };
        *tries -= 1;
        (*count, *passing) = (0, None);
        if *tries == 0 {
            return self.end_secure(call, false);
        }
        self.say_question(call, None);
    }

    fn pass_secret(&mut self, call: CallId, secure: SecureId) {
        let Some(leg) = self.caller_leg(call) else { return };
        let request = self.new_request();
        let Some(Asking::Secure { passing, .. }) = self.asking(call) else { return };
        *passing = Some(request);
        let wait = self.s.config.secure.get(&secure).map_or(0, |s| s.pass_ms);
        self.wait(call, wait);
        self.effect(Effect::PassSecret { call, leg, secure, request });
    }

    fn secret_passed(&mut self, call: CallId, ok: bool) {
        match ok {
            true => self.end_secure(call, true),
            false => self.secret_try_failed(call),
        }
    }

    /// Taking secret digits is over: what was taken is forgotten before anybody hears the caller again.
    pub(crate) fn end_secure(&mut self, call: CallId, ok: bool) {
        let Some(Asking::Secure { secure, failed, .. }) = self.asking(call).cloned() else { return };
        self.s.timers.clear(Waiter::Call(call));
        if let Some(leg) = self.caller_leg(call) {
            self.effect(Effect::ForgetSecret { leg });
        }
        self.keys(call, Keys::Pass);
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.asking = None;
            c.to_say.clear();
        }
        self.moment(call, What::SecureEnded { secure, ok });
        match failed {
            None => {
                self.rehear(call);
                self.sync_recording(call);
            }
            Some(to) => {
                if !ok {
                    self.go_to(call, to);
                }
                self.next_step(call);
            }
        }
    }

    // ---- callback ----

    fn begin_callback_dialogue(&mut self, call: CallId) {
        let withheld = self.s.calls.get(&call).is_none_or(|c| c.facts.withheld);
        let stage = if withheld { Stage::Enter } else { Stage::Confirm };
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.asking = Some(Asking::Callback { stage, count: 0, tries: 3 });
        }
        self.say_question(call, None);
    }

    fn callback_stage(&mut self, call: CallId, to: Stage) {
        if let Some(Asking::Callback { stage, count, .. }) = self.asking(call) {
            *stage = to;
            *count = 0;
        }
        self.say_question(call, None);
    }

    fn enter_number(&mut self, call: CallId) {
        let Some(Asking::Callback { tries, .. }) = self.asking(call) else { return };
        *tries -= 1;
        match *tries {
            0 => self.end_callback_dialogue(call),
            _ => self.callback_stage(call, Stage::Enter),
        }
    }

    fn check_number(&mut self, call: CallId, entered: bool) {
        let Some(leg) = self.caller_leg(call) else { return };
        let queue = self.s.calls.get(&call).and_then(|c| c.queue);
        let slot = queue.and_then(|q| self.queue_config(q)).and_then(|q| q.callback.as_ref()).map(|k| k.slot);
        if let Some(Asking::Callback { stage, .. }) = self.asking(call) {
            *stage = Stage::Checking;
        }
        self.play(leg, Sound::Silence);
        self.wait(call, CHECK_MS);
        self.effect(Effect::CheckNumber { leg, slot: slot.filter(|_| entered) });
    }

    pub(crate) fn on_number_checked(&mut self, leg: LegId, party: Option<crate::ids::PartyId>, person: u64) {
        let Some(call) = self.s.legs.get(&leg).map(|l| l.call) else { return };
        let Some(Asking::Callback { stage: Stage::Checking, .. }) = self.asking(call) else { return };
        let refusal = party.and_then(|party| self.no_callback_to(party));
        if let Some((destination, refusal)) = refusal {
            self.note_refused(Some(call), None, destination, refusal);
        }
        match party.filter(|_| refusal.is_none()) {
            Some(party) => {
                self.promise_callback(call, party, person);
                self.callback_stage(call, Stage::Done);
            }
            None => {
                self.moment(call, What::CallbackRefused);
                self.callback_stage(call, Stage::Refused);
            }
        }
    }

    // Back to the music; the place in the queue was never lost.
    fn end_callback_dialogue(&mut self, call: CallId) {
        self.s.timers.clear(Waiter::Call(call));
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        c.asking = None;
        c.to_say.clear();
        let music = c.queue.and_then(|q| self.queue_config(q)).map(|q| q.music);
        self.keys(call, Keys::Choose);
        if let Some(leg) = self.caller_leg(call) {
            self.play(leg, Sound::Music(music.unwrap_or(self.s.config.hold_music)));
        }
    }
}
