//! FreeSWITCH by its event socket: the person's own telephone is rung, and the dial plan then calls the other side.
//!
//! Written to FreeSWITCH's documents and tried on exchanges composed from them, not against a running one.
//!
//! Whatever stands in a command is checked letter by letter before: a line end or a brace would be a command of somebody else.

mod frame;

use crate::ari::is_plain;
use crate::exchange::{
    Call, Input, MOST_MISSING, MOST_REFUSED, MOST_UNANSWERED, Output, before_hang_up_again,
};
use crate::{Correlation, Over, Progress, Time};
use frame::{Frame, Frames};
use redact::Secret;
use serde_json::Value;
use std::collections::VecDeque;

/// How long the person's own telephone rings, in seconds.
const RING_S: u64 = 30;
/// How long an answer to a command may take.
const PATIENCE_MS: u64 = 10_000;
/// How long a call is followed.
const LONGEST_MS: u64 = 4 * 3_600_000;

/// A FreeSWITCH.
#[derive(Clone, Debug)]
pub struct FreeSwitch {
    /// The password of its event socket.
    pub password: Secret<String>,
    /// The person's telephone, with `{line}` where the person's line goes: `user/{line}`.
    pub endpoint: String,
    /// Where in the dial plan the call goes on when the person answered.
    pub context: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Its greeting is waited for.
    Greeting,
    /// The password was sent.
    SignIn,
    /// So many answers to commands are still to come before the call is made.
    Asked(u8),
    /// The call is followed.
    Follow,
    /// It was hung up.
    Clear,
    Done,
}

/// A call that a FreeSWITCH makes.
pub struct EslCall {
    switch: FreeSwitch,
    line: Secret<String>,
    to: Secret<String>,
    /// The id of the person's leg.
    leg: String,
    step: Step,
    frames: Frames,
    out: VecDeque<Output>,
    progress: Progress,
    began: Time,
    /// When the answer that is waited for came last, or was asked for.
    heard: Time,
    withdrawn: bool,
    /// Something was told of the person's leg.
    seen: bool,
    /// It was hung up after it may have been made: all that is left to do is to see that it ends.
    kills: bool,
    /// Hang-ups that did not work.
    tried: u32,
    /// Those of them that were refused.
    refused: u32,
    /// When the next is tried.
    again: Option<Time>,
    /// The connection is lost.
    lost: bool,
}

impl EslCall {
    /// `line` is the person's own telephone there, `to` whom to call; the ids of the leg and of the job there are
    /// made of the name of the call, which is 32 hexadecimal digits. Nothing when
    /// one of them is nothing that could be dialled.
    pub fn new(
        switch: FreeSwitch,
        line: Secret<String>,
        to: Secret<String>,
        name: &Correlation,
    ) -> Option<EslCall> {
        let leg = name.uuid()?;
        let password = switch.password.expose_secret();
        let right = is_plain(line.expose_secret())
            && crate::address::is_number(to.expose_secret())
            && is_plain(&switch.context)
            && !password.is_empty()
            && !password.bytes().any(|b| b.is_ascii_control())
            && is_plain(&switch.endpoint.replace("{line}", "x"));
        right.then(|| EslCall {
            leg,
            switch,
            line,
            to,
            step: Step::Greeting,
            frames: Frames::default(),
            out: VecDeque::new(),
            progress: Progress::Asked,
            began: Time(0),
            heard: Time(0),
            withdrawn: false,
            seen: false,
            kills: false,
            tried: 0,
            refused: 0,
            again: None,
            lost: false,
        })
    }

    fn is_at(&mut self, progress: Progress) {
        if progress > self.progress && !matches!(self.progress, Progress::Over(_)) {
            self.progress = progress;
            self.out.push_back(Output::Progress(progress));
        }
    }

    fn write(&mut self, text: String) {
        self.out.push_back(Output::Write(Secret::new(text.into_bytes())));
    }

    fn done(&mut self) {
        self.step = Step::Done;
        if !self.progress.is_final() {
            self.is_at(Progress::HandedOver);
        }
        self.out.push_back(Output::Done);
    }

    fn over(&mut self, why: Over) {
        self.is_at(Progress::Over(why));
        self.done();
    }

    fn make(&mut self) {
        let endpoint = self.switch.endpoint.replace("{line}", self.line.expose_secret());
        let command = format!(
            "bgapi originate {{origination_uuid={},originate_timeout={RING_S},ignore_early_media=true}}{endpoint} {} XML {}\nJob-UUID: {}\n\n",
            self.leg,
            self.to.expose_secret(),
            self.switch.context,
            self.leg
        );
        self.step = Step::Follow;
        self.write(command);
    }

    fn kill(&mut self, now: Time) {
        (self.step, self.heard, self.again) = (Step::Clear, now, None);
        let command = format!("api uuid_kill {} NORMAL_CLEARING\n\n", self.leg);
        self.write(command);
    }

    // The call goes on there, and counts, until it is known to be over.
    fn kill_later(&mut self, now: Time) {
        self.tried = self.tried.saturating_add(1);
        self.again = Some(Time(now.0.saturating_add(before_hang_up_again(self.tried))));
    }

    // Over the same connection, or a new one where that is lost.
    fn kill_again(&mut self, now: Time) {
        if !std::mem::take(&mut self.lost) {
            return self.kill(now);
        }
        (self.step, self.heard, self.again) = (Step::Greeting, now, None);
        self.frames = Frames::default();
        self.write(String::new());
    }

    fn killed(&mut self, now: Time, said: &str) {
        let is_missing = said.starts_with("-ERR No such channel");
        match said.starts_with("+OK") || is_missing && (self.seen || self.tried + 1 >= MOST_MISSING) {
            true => self.over(Over::HungUp),
            false => {
                self.refused += u32::from(!is_missing);
                self.kill_later(now);
            }
        }
    }

    fn took(&mut self, now: Time, frame: &Frame) {
        let kind = frame.header("Content-Type").unwrap_or_default();
        let good = frame.header("Reply-Text").is_some_and(|t| t.starts_with("+OK"));
        match (kind, self.step) {
            ("auth/request", Step::Greeting) => {
                self.step = Step::SignIn;
                let command = format!("auth {}\n\n", self.switch.password.expose_secret());
                self.write(command);
            }
            ("command/reply", Step::SignIn) if good && self.kills => self.kill(now),
            ("command/reply", Step::SignIn) if good => {
                self.step = Step::Asked(3);
                let leg = self.leg.clone();
                self.write(format!(
                    "event json CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_ANSWER CHANNEL_BRIDGE CHANNEL_HANGUP_COMPLETE BACKGROUND_JOB\n\n\
                     filter Unique-ID {leg}\n\nfilter Other-Leg-Unique-ID {leg}\n\nfilter Job-UUID {leg}\n\n"
                ));
            }
            ("command/reply", Step::SignIn) if self.kills => {
                self.refused += 1;
                self.closed(now);
            }
            ("command/reply", Step::SignIn) => self.over(Over::NotSignedIn),
            ("text/rude-rejection" | "text/disconnect-notice", _) => self.closed(now),
            ("command/reply", Step::Asked(0)) if self.withdrawn => self.over(Over::HungUp),
            ("command/reply", Step::Asked(0)) => self.make(),
            ("command/reply", Step::Asked(n)) => self.step = Step::Asked(n - 1),
            ("command/reply", Step::Follow) if !good => self.over(Over::Failed),
            // An answer to what was sent before the hang-up comes as `command/reply`, and says nothing of it.
            ("api/response", Step::Clear) => {
                let said = String::from_utf8_lossy(&frame.body).trim().to_string();
                self.killed(now, &said);
            }
            ("text/event-json", Step::Follow | Step::Clear) => self.event(&frame.body),
            _ => {}
        }
    }

    fn event(&mut self, body: &[u8]) {
        let event: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        let ours = text("Unique-ID") == self.leg;
        self.seen |= ours;
        match text("Event-Name") {
            "CHANNEL_PROGRESS" | "CHANNEL_PROGRESS_MEDIA" if ours => self.is_at(Progress::RingingYou),
            "CHANNEL_PROGRESS" | "CHANNEL_PROGRESS_MEDIA" => self.is_at(Progress::RingingThem),
            "CHANNEL_ANSWER" if ours => self.is_at(Progress::CallingThem),
            "CHANNEL_BRIDGE" => self.is_at(Progress::Talking),
            "CHANNEL_HANGUP_COMPLETE" if ours => {
                let why = cause(text("Hangup-Cause"), self.progress);
                self.over(why);
            }
            "BACKGROUND_JOB" if text("Job-UUID") == self.leg => {
                let said = text("_body").trim();
                if let Some(why) = said.strip_prefix("-ERR") {
                    let why = cause(why.trim(), self.progress);
                    self.over(why);
                }
            }
            _ => {}
        }
    }

    fn closed(&mut self, now: Time) {
        match self.progress {
            _ if self.kills => {
                self.lost = true;
                // One of a moment ago is waited for.
                if self.again.is_none() {
                    self.kill_later(now);
                }
            }
            Progress::Asked => self.over(Over::Failed),
            _ => self.done(),
        }
    }
}

// Why a call ended, by the cause that FreeSWITCH names.
fn cause(name: &str, progress: Progress) -> Over {
    match name {
        "USER_BUSY" => Over::Busy,
        "NO_ANSWER" | "NO_USER_RESPONSE" | "ALLOTTED_TIMEOUT" | "ORIGINATOR_CANCEL" => Over::NoAnswer,
        "CALL_REJECTED" if progress < Progress::CallingThem => Over::NoAnswer,
        "OUTGOING_CALL_BARRED" | "BEARERCAPABILITY_NOTAUTH" => Over::NotAllowed,
        "NORMAL_CLEARING" if progress >= Progress::CallingThem => Over::HungUp,
        "NORMAL_CLEARING" => Over::NoAnswer,
        _ => Over::Failed,
    }
}

impl Call for EslCall {
    fn handle(&mut self, now: Time, input: Input<'_>) {
        if self.step == Step::Done {
            return;
        }
        match input {
            Input::Begin => {
                (self.began, self.heard) = (now, now);
                // Opens the connection; FreeSWITCH speaks first.
                self.write(String::new());
            }
            Input::Bytes(bytes) => {
                self.heard = now;
                if self.frames.take(bytes).is_err() {
                    match self.kills {
                        true => self.closed(now),
                        false => return self.over(Over::Failed),
                    }
                }
                while let Some(frame) = self.frames.next() {
                    self.took(now, &frame);
                    if self.step == Step::Done {
                        return;
                    }
                }
            }
            Input::HangUp => {
                self.withdrawn = true;
                match self.step {
                    _ if self.kills => {}
                    Step::Follow => {
                        self.kills = true;
                        self.kill(now);
                    }
                    // Nothing was asked for yet.
                    _ => return self.over(Over::HungUp),
                }
            }
            Input::Closed => {
                self.closed(now);
                if self.step == Step::Done {
                    return;
                }
            }
            Input::Waited => {
                let silent = now.since(self.heard) >= PATIENCE_MS && self.step != Step::Follow;
                match self.again {
                    _ if now.since(self.began) > LONGEST_MS => return self.done(),
                    Some(_) if self.refused >= MOST_REFUSED || self.tried >= MOST_UNANSWERED => {
                        return self.done();
                    }
                    Some(at) if now >= at => self.kill_again(now),
                    Some(_) => {}
                    None if silent && self.kills => self.kill_later(now),
                    None if silent => return self.over(Over::Failed),
                    None => {}
                }
            }
            Input::Reply(_) => {}
        }
        let until_again = self.again.map_or(PATIENCE_MS, |at| at.since(now).max(1));
        self.out.push_back(Output::Wait(until_again.min(PATIENCE_MS)));
    }

    fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }
}

#[cfg(test)]
mod tests;
