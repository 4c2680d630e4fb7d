//! One call: sign in, look what the subscriber may, have the call made, follow it, sign out.
//!
//! What may be asked again is asked again a few times with growing pauses. Two things never are: a sign-in that was refused, or
//! by a password may have been, since that locks accounts; and a call of which it is not known whether it was made, since that would ring twice. Not made
//! is what the system itself names so: a status alone may come from what stands before it.

use super::fault::{Class, Fault};
use super::portal::{Portal, SignIn, escape};
use super::read;
use crate::exchange::{
    Call, Input, MOST_REFUSED, Method, NoReply, Output, Reply, Request, before_hang_up_again,
};
use crate::{Over, Progress, Time};
use redact::Secret;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// How often the same thing is asked.
const TRIES: u8 = 3;
/// The first pause between tries, in milliseconds; each further one is twice as long.
const PAUSE_MS: u64 = 500;
/// How long a request may take.
const PATIENCE_MS: u64 = 10_000;
/// How long one look for events may take. A hang-up waits for it.
const LOOK_MS: u64 = 5_000;
/// A pause between looks that bring nothing at once, so that a system that does not wait is not flooded.
const BETWEEN_LOOKS_MS: u64 = 1_000;
/// Looks that bring news, after which a call is followed no longer: no call has so many.
const MOST_NEWS: u16 = 500;
/// How long a call is followed.
const LONGEST_MS: u64 = 4 * 3_600_000;
/// What the class of service is called, and what in it allows this.
const CLASS_OF_SERVICE: &str = "Meta_Subscriber_MetaSphere_ClassOfService";
const ALLOWED: &str = "ClickToDialAllowed";
const ALLOWED_ELSEWHERE: &str = "ClickToDialRemoteAllowed";

/// What a subscriber's class of service allows. Nothing where the system does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct May {
    /// Calling with a click.
    pub click: Option<bool>,
    /// Having another phone than the own one rung first.
    pub other_phone: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    SignIn,
    Look,
    Make,
    Follow,
    Clear,
    SignOut,
    Done,
}

/// What came of signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedIn {
    /// It worked.
    Yes,
    /// It was refused; `locked` when the system said that the account is.
    Refused {
        /// The account is locked.
        locked: bool,
    },
    /// No answer says whether a password was taken: it may have been refused.
    Unsure,
}

/// A call that a portal makes for one of its subscribers.
pub struct PortalCall {
    portal: Portal,
    line: Secret<String>,
    to: Secret<String>,
    /// Another phone that rings in place of the line's own.
    calling: Option<Secret<String>>,
    /// It is only looked what the subscriber may.
    only_looks: bool,
    may: Option<May>,
    sign_in: SignIn,
    step: Step,
    session: Secret<String>,
    call: Secret<String>,
    out: VecDeque<Output>,
    tries: u8,
    renewed: bool,
    signed_in: Option<SignedIn>,
    progress: Progress,
    withdrawn: bool,
    /// A request is under way.
    asked: bool,
    began: Time,
    now: Time,
    answered: u8,
    rang: u8,
    news: u16,
    fault: Option<Fault>,
    /// Hang-ups that did not work.
    uncleared: u32,
}

impl PortalCall {
    /// `line` is the subscriber's own directory number, `to` whom to call, as the world writes it.
    pub fn new(portal: Portal, line: Secret<String>, to: &Secret<String>, sign_in: SignIn) -> PortalCall {
        PortalCall {
            to: portal.dialled(to),
            portal,
            line,
            calling: None,
            only_looks: false,
            may: None,
            sign_in,
            step: Step::SignIn,
            session: Secret::default(),
            call: Secret::default(),
            out: VecDeque::new(),
            tries: 0,
            renewed: false,
            signed_in: None,
            progress: Progress::Asked,
            withdrawn: false,
            asked: false,
            began: Time(0),
            now: Time(0),
            answered: 0,
            rang: 0,
            news: 0,
            fault: None,
            uncleared: 0,
        }
    }

    /// The same, where another phone rings first: its number as the world writes it. It is made only where the system says that
    /// this subscriber may.
    pub fn ringing(mut self, other: &Secret<String>) -> PortalCall {
        self.calling = Some(self.portal.dialled(other));
        self
    }

    /// No call at all: it only looks what the subscriber may.
    pub fn looking(portal: Portal, line: Secret<String>, sign_in: SignIn) -> PortalCall {
        let nobody = Secret::default();
        PortalCall { only_looks: true, ..PortalCall::new(portal, line, &nobody, sign_in) }
    }

    /// What the subscriber may, once that was looked at.
    pub fn may(&self) -> Option<May> {
        self.may
    }

    /// What came of signing in, once that is known.
    pub fn signed_in(&self) -> Option<SignedIn> {
        self.signed_in
    }

    /// The error that ended it, for the log.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    fn is_at(&mut self, progress: Progress) {
        if progress > self.progress && !matches!(self.progress, Progress::Over(_)) {
            self.progress = progress;
            self.out.push_back(Output::Progress(progress));
        }
    }

    fn ask(&mut self, method: Method, url: String, kind: &'static str, body: Vec<u8>, patience_ms: u64) {
        let mut headers = vec![("Accept", Secret::new("application/json".to_string()))];
        if method == Method::Post {
            headers.push(("Content-Type", Secret::new(kind.to_string())));
        }
        let (url, body) = (Secret::new(url), Secret::new(body));
        self.asked = true;
        self.out.push_back(Output::Ask(Request { method, url, headers, body, patience_ms }));
    }

    fn get(&mut self, url: String, patience_ms: u64) {
        self.ask(Method::Get, url, "", Vec::new(), patience_ms);
    }

    fn act(&mut self, path: &str, body: &Value) {
        let url = self.portal.of_session(self.session.expose_secret(), path);
        self.ask(Method::Post, url, "application/json", body.to_string().into_bytes(), PATIENCE_MS);
    }

    // The phone that rings first.
    fn device(&self) -> &str {
        self.calling.as_ref().unwrap_or(&self.line).expose_secret()
    }

    fn of_line(&self, path: &str) -> String {
        format!("line{}/{path}", escape(self.line.expose_secret()))
    }

    // Asks for what the step needs.
    fn go(&mut self, step: Step) {
        if step != self.step {
            self.tries = 0;
        }
        self.step = step;
        let session = self.session.expose_secret().clone();
        match step {
            Step::SignIn => {
                let line = escape(self.line.expose_secret());
                match &self.sign_in {
                    SignIn::Signed(sign) => {
                        let Some(t) = sign(self.now) else { return self.not_signed_in(false) };
                        let url = format!(
                            "{}&DirectoryNumber={line}&ValidTo={}&TokenKeyId={}&Token={}",
                            self.portal.login(),
                            t.valid_to,
                            escape(&t.key_id),
                            escape(t.signature.expose_secret())
                        );
                        self.get(url, PATIENCE_MS);
                    }
                    SignIn::Password(password) => {
                        let form =
                            format!("DirectoryNumber={line}&Password={}", escape(password.expose_secret()));
                        let kind = "application/x-www-form-urlencoded";
                        self.ask(Method::Post, self.portal.login(), kind, form.into_bytes(), PATIENCE_MS);
                    }
                }
            }
            Step::Look => {
                let path = self.of_line(&format!("data?data={CLASS_OF_SERVICE}"));
                self.get(self.portal.of_session(&session, &path), PATIENCE_MS);
            }
            Step::Make => {
                let body = json!({
                    "objectType": {"_": "Meta_CSTA_MakeCall"},
                    "callingDevice": {"_": self.device()},
                    "calledDirectoryNumber": {"_": self.to.expose_secret()},
                    "autoOriginate": {"_": "doNotPrompt"},
                });
                self.act(&self.of_line("action"), &body);
            }
            Step::Follow => {
                let path = format!("call{}/events?events=Connection", escape(self.call.expose_secret()));
                self.get(self.portal.of_session(&session, &path), LOOK_MS);
            }
            Step::Clear => {
                let body = json!({
                    "objectType": {"_": "Meta_CSTA_ClearConnection"},
                    "connectionToBeCleared": {
                        "callID": {"_": self.call.expose_secret()},
                        "deviceID": {"_": self.device()},
                    },
                });
                self.act(&format!("call{}/action", escape(self.call.expose_secret())), &body);
            }
            Step::SignOut if session.is_empty() => self.done(),
            Step::SignOut => self.get(self.portal.sign_out(&session), PATIENCE_MS),
            Step::Done => self.done(),
        }
    }

    fn done(&mut self) {
        self.step = Step::Done;
        // Whatever became of it, nothing more will be heard.
        if !self.progress.is_final() {
            self.is_at(Progress::HandedOver);
        }
        self.session = Secret::default();
        self.out.push_back(Output::Done);
    }

    fn over(&mut self, why: Over) {
        self.is_at(Progress::Over(why));
        self.go(Step::SignOut);
    }

    fn again(&mut self) -> bool {
        self.tries += 1;
        let more = self.tries < TRIES;
        if more {
            self.out.push_back(Output::Wait(PAUSE_MS << (self.tries - 1)));
        }
        more
    }

    fn failed(&mut self, fault: Fault) {
        self.fault = Some(fault);
        match (fault.class, self.step) {
            (_, Step::SignOut | Step::Done) => self.done(),
            (Class::SignInAgain, step) if step != Step::SignIn && !self.renewed => {
                self.renewed = true;
                self.session = Secret::default();
                // The call that was made goes on there; it is followed, or ended, in the new session.
                self.go(Step::SignIn);
            }
            (Class::Again, Step::Clear) => self.clear_again(),
            // The call is gone already.
            (_, Step::Clear) if fault.says_gone() => self.over(Over::HungUp),
            // It does not say what became of the call.
            (_, Step::Clear) if self.uncleared < MOST_REFUSED => self.clear_again(),
            (_, Step::Clear) => self.go(Step::SignOut),
            (Class::Again, Step::SignIn) if self.is_being_cleared() && !self.may_lock(fault) => {
                self.clear_again()
            }
            (Class::Stop, Step::SignIn) => self.not_signed_in(fault.is_locked()),
            (Class::Stop, _) if fault.is_locked() => {
                self.signed_in = Some(SignedIn::Refused { locked: true });
                self.over(Over::NotSignedIn);
            }
            (Class::Stop, _) => self.over(Over::NotAllowed),
            (Class::Again, Step::SignIn) if self.may_lock(fault) => self.unsure(),
            (Class::Again, Step::Make) if !fault.says_not_done() => self.over(Over::Failed),
            (Class::Again, Step::Follow) => {
                if !self.again() {
                    self.go(Step::SignOut);
                }
            }
            (Class::Again, _) => {
                if !self.again() {
                    self.over(Over::Failed);
                }
            }
            // It does not tell of calls: nothing more is known of this one.
            (_, Step::Follow) => self.go(Step::SignOut),
            // What the subscriber may is not told: whether the call is made is for the system to say.
            (Class::Mismatch, Step::Look) => self.looked(May::default()),
            _ => self.over(Over::Failed),
        }
    }

    fn looked(&mut self, may: May) {
        self.may = Some(may);
        // Another phone is rung only where that is said to be allowed: it may be anybody's.
        let elsewhere = self.calling.is_none() || may.other_phone == Some(true);
        match may.click != Some(false) && elsewhere {
            _ if self.only_looks => self.go(Step::SignOut),
            true => self.go(Step::Make),
            false => self.over(Over::NotAllowed),
        }
    }

    fn not_signed_in(&mut self, locked: bool) {
        // Whoever was let in a moment ago is refused a renewal for another reason than a wrong password.
        if locked || !self.renewed {
            self.signed_in = Some(SignedIn::Refused { locked });
        }
        match self.call.expose_secret().is_empty() {
            true => self.over(Over::NotSignedIn),
            // The call goes on there, and is followed no longer.
            false => self.go(Step::SignOut),
        }
    }

    // Whether a sign-in that had this answer may count as a wrong one.
    fn may_lock(&self, fault: Fault) -> bool {
        matches!(self.sign_in, SignIn::Password(_)) && !fault.says_not_done()
    }

    fn is_being_cleared(&self) -> bool {
        self.withdrawn && !self.call.expose_secret().is_empty()
    }

    // The call goes on there, and counts, until it is known to be over.
    fn clear_again(&mut self) {
        self.uncleared = self.uncleared.saturating_add(1);
        // Each time with a session of its own, where that ended meanwhile.
        self.renewed = self.step == Step::SignIn;
        match self.now.since(self.began) > LONGEST_MS {
            true => self.go(Step::SignOut),
            false => self.out.push_back(Output::Wait(before_hang_up_again(self.uncleared))),
        }
    }

    // A password may have been looked at and refused: sent again, a wrong one counts twice.
    fn unsure(&mut self) {
        self.signed_in = Some(SignedIn::Unsure);
        match self.call.expose_secret().is_empty() {
            true => self.over(Over::Failed),
            false => self.go(Step::SignOut),
        }
    }

    fn no_reply(&mut self, why: NoReply) {
        let fault = Fault { name: "no reply", class: Class::Again };
        match (self.step, why) {
            // Nothing happened while it was looked.
            (Step::Follow, NoReply::TimedOut) => self.go(Step::Follow),
            // Perhaps it was made: a second one would ring twice.
            (Step::Make, NoReply::TimedOut | NoReply::Broken) => {
                self.fault = Some(fault);
                self.over(Over::Failed);
            }
            // Nothing was asked of the system, so nothing counts there.
            (Step::SignIn, NoReply::Unreachable) => {
                self.fault = Some(fault);
                if self.is_being_cleared() {
                    self.clear_again();
                } else if !self.again() {
                    self.over(Over::Failed);
                }
            }
            _ => self.failed(fault),
        }
    }

    fn reply(&mut self, now: Time, reply: &Reply) {
        let body = read::json(reply);
        if self.step == Step::SignIn {
            return match read::session(reply) {
                Some(session) if read::fault(reply, body.as_ref()).is_none() => {
                    self.session = Secret::new(session);
                    self.signed_in = Some(SignedIn::Yes);
                    self.go(if self.call.expose_secret().is_empty() { Step::Look } else { Step::Follow });
                }
                _ => self.failed(read::fault(reply, body.as_ref()).unwrap_or(Fault::named(""))),
            };
        }
        if let Some(fault) = read::fault(reply, body.as_ref()) {
            return self.failed(fault);
        }
        let body = body.unwrap_or_default();
        match self.step {
            Step::Look => {
                let (click, other_phone) = (read::flag(&body, ALLOWED), read::flag(&body, ALLOWED_ELSEWHERE));
                self.looked(May { click, other_phone });
            }
            Step::Make => {
                self.is_at(Progress::RingingYou);
                match read::text(&body, "callID").filter(|id| !id.is_empty() && id.len() <= 200) {
                    Some(call) => {
                        self.call = Secret::new(call);
                        self.go(if self.withdrawn { Step::Clear } else { Step::Follow });
                    }
                    // Made, but it cannot be followed.
                    None => self.go(Step::SignOut),
                }
            }
            Step::Follow => self.follow(now, &body),
            Step::Clear => self.over(Over::HungUp),
            Step::SignIn | Step::SignOut | Step::Done => self.done(),
        }
    }

    fn follow(&mut self, now: Time, body: &Value) {
        let events = read::events(body);
        let quiet = events.is_empty();
        for event in events {
            match event.as_str() {
                // The subscriber's own phone comes first, then the other side.
                "DeliveredEvent" => {
                    self.rang = self.rang.saturating_add(1);
                    let theirs = self.answered > 0 || self.rang > 1;
                    self.is_at(if theirs { Progress::RingingThem } else { Progress::RingingYou });
                }
                "EstablishedEvent" => {
                    self.answered = self.answered.saturating_add(1);
                    self.is_at(if self.answered > 1 { Progress::Talking } else { Progress::CallingThem });
                }
                "PathReplacementEvent" => self.is_at(Progress::Talking),
                "FailedEvent" => return self.over(Over::Failed),
                "ConnectionClearedEvent" | "PathClearedEvent" => {
                    let why =
                        if self.progress < Progress::CallingThem { Over::NoAnswer } else { Over::HungUp };
                    return self.over(why);
                }
                _ => {}
            }
        }
        self.news = self.news.saturating_add(u16::from(!quiet));
        if now.since(self.began) > LONGEST_MS || self.news > MOST_NEWS {
            return self.go(Step::SignOut);
        }
        match quiet {
            true => self.out.push_back(Output::Wait(BETWEEN_LOOKS_MS)),
            false => self.go(Step::Follow),
        }
    }

    fn withdraw(&mut self) {
        self.withdrawn = true;
        // What is under way comes back first; then it is seen what there is to clear.
        if self.asked || matches!(self.step, Step::Clear | Step::SignOut | Step::Done) {
            return;
        }
        self.out.retain(|o| !matches!(o, Output::Wait(_)));
        self.clear();
    }

    fn clear(&mut self) {
        match self.call.expose_secret().is_empty() {
            true => self.over(Over::HungUp),
            false => self.go(Step::Clear),
        }
    }
}

impl Call for PortalCall {
    fn handle(&mut self, now: Time, input: Input<'_>) {
        self.now = now;
        match input {
            Input::Begin => {
                self.began = now;
                self.go(Step::SignIn);
            }
            Input::HangUp => self.withdraw(),
            Input::Waited if !self.asked && self.step != Step::Done => self.go(self.step),
            Input::Waited | Input::Bytes(_) | Input::Closed => {}
            Input::Reply(reply) => {
                self.asked = false;
                match reply {
                    Ok(reply) => self.reply(now, &reply),
                    Err(why) => self.no_reply(why),
                }
                // It was withdrawn meanwhile: what was to be asked next is not sent, unless it ends the call or leads there.
                let renews = self.step == Step::SignIn && !self.call.expose_secret().is_empty();
                if self.withdrawn && !renews && !matches!(self.step, Step::Clear | Step::SignOut | Step::Done)
                {
                    self.out.retain(|o| matches!(o, Output::Progress(_)));
                    self.asked = false;
                    self.clear();
                }
            }
        }
    }

    fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }
}

#[cfg(test)]
mod tests;
