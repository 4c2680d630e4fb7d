//! Asterisk by its REST interface (ARI): the person's own telephone is rung, and the dial plan then calls the other side.
//!
//! The channel is given to the dial plan (`extension`, `context`), so that the rules of that Asterisk hold for it as for any
//! other call, and no connection for events has to be kept: how far the call is is asked for. That the other side rings is
//! not told this way.
//!
//! Parameters stand in the body, so that numbers are not in the log of a web server in front.

use crate::exchange::{
    Call, Input, MOST_MISSING, MOST_REFUSED, MOST_UNANSWERED, Method, NoReply, Output, Reply, Request,
    before_hang_up_again,
};
use crate::{Correlation, Over, Progress, Time};
use redact::Secret;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// How long a request may take.
const PATIENCE_MS: u64 = 5_000;
/// How often it is asked how far a call is, until both talk, and then.
const LOOK_MS: u64 = 500;
const LOOK_TALKING_MS: u64 = 5_000;
/// Looks that bring no answer, one after the other, after which a call is followed no longer.
const MOST_MISSED: u8 = 5;
/// How long the person's own telephone rings, in seconds.
const RING_S: u64 = 30;
/// How long a call is followed.
const LONGEST_MS: u64 = 4 * 3_600_000;

/// An Asterisk.
#[derive(Clone, Debug)]
pub struct Asterisk {
    /// Its interface: `http://pbx.example:8088/ari`.
    pub base: String,
    /// The value of `Authorization`.
    pub authorization: Secret<String>,
    /// The person's telephone, with `{line}` where the person's line goes: `PJSIP/{line}`.
    pub endpoint: String,
    /// Where in the dial plan the call goes on when the person answered.
    pub context: String,
    /// Who calls, as the other side sees it; without one what Asterisk's own configuration says.
    pub caller_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Make,
    Look,
    Bridged,
    Clear,
    Done,
}

/// A call that an Asterisk makes.
pub struct AriCall {
    asterisk: Asterisk,
    line: Secret<String>,
    to: Secret<String>,
    channel: String,
    step: Step,
    out: VecDeque<Output>,
    progress: Progress,
    withdrawn: bool,
    asked: bool,
    began: Time,
    missed: u8,
    /// Its channel was there.
    seen: bool,
    /// Hang-ups that did not work.
    tried: u32,
    /// Those of them that were refused for good.
    refused: u32,
}

/// Whether a text may stand in a request: no more than digits of numbers, letters and the signs of lines and endpoints.
pub fn is_plain(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+*#._/@-".contains(&b))
}

impl AriCall {
    /// `line` is the person's own telephone there, `to` whom to call. The channel's id is made of the name of the call, so
    /// that Asterisk itself refuses to make it twice: 32 hexadecimal digits. Nothing when one of them is nothing that could be dialled.
    pub fn new(
        asterisk: Asterisk,
        line: Secret<String>,
        to: Secret<String>,
        name: &Correlation,
    ) -> Option<AriCall> {
        let channel = name.uuid()?;
        let right = is_plain(line.expose_secret()) && crate::address::is_number(to.expose_secret());
        right.then(|| AriCall {
            asterisk,
            line,
            to,
            channel,
            step: Step::Make,
            out: VecDeque::new(),
            progress: Progress::Asked,
            withdrawn: false,
            asked: false,
            began: Time(0),
            missed: 0,
            seen: false,
            tried: 0,
            refused: 0,
        })
    }

    fn is_at(&mut self, progress: Progress) {
        if progress > self.progress && !matches!(self.progress, Progress::Over(_)) {
            self.progress = progress;
            self.out.push_back(Output::Progress(progress));
        }
    }

    fn ask(&mut self, method: Method, path: &str, body: Vec<u8>) {
        let url = Secret::new(format!("{}/channels{path}", self.asterisk.base.trim_end_matches('/')));
        let mut headers = vec![("Authorization", self.asterisk.authorization.clone())];
        if !body.is_empty() {
            headers.push(("Content-Type", Secret::new("application/json".to_string())));
        }
        self.asked = true;
        let body = Secret::new(body);
        self.out.push_back(Output::Ask(Request { method, url, headers, body, patience_ms: PATIENCE_MS }));
    }

    fn go(&mut self, step: Step) {
        self.step = step;
        match step {
            Step::Make => {
                let mut body = json!({
                    "endpoint": self.asterisk.endpoint.replace("{line}", self.line.expose_secret()),
                    "extension": self.to.expose_secret(),
                    "context": self.asterisk.context,
                    "priority": 1,
                    "timeout": RING_S,
                    "channelId": self.channel,
                });
                if let Some(caller_id) = &self.asterisk.caller_id {
                    body["callerId"] = caller_id.as_str().into();
                }
                self.ask(Method::Post, "", body.to_string().into_bytes());
            }
            Step::Look => self.ask(Method::Get, &format!("/{}", self.channel), Vec::new()),
            Step::Bridged => {
                let path = format!("/{}/variable?variable=BRIDGEPEER", self.channel);
                self.ask(Method::Get, &path, Vec::new());
            }
            Step::Clear => self.ask(Method::Delete, &format!("/{}?reason=normal", self.channel), Vec::new()),
            Step::Done => {
                if !self.progress.is_final() {
                    self.is_at(Progress::HandedOver);
                }
                self.out.push_back(Output::Done);
            }
        }
    }

    fn over(&mut self, why: Over) {
        self.is_at(Progress::Over(why));
        self.go(Step::Done);
    }

    fn wait(&mut self) {
        let ms = if self.progress == Progress::Talking { LOOK_TALKING_MS } else { LOOK_MS };
        self.step = Step::Look;
        self.out.push_back(Output::Wait(ms));
    }

    fn reply(&mut self, now: Time, reply: &Reply) {
        let gone = reply.status == 404;
        let body: Value = serde_json::from_slice(reply.body.expose_secret()).unwrap_or_default();
        self.seen |= match self.step {
            Step::Make => matches!(reply.status, 200..=299 | 409),
            Step::Look | Step::Bridged => reply.status == 200,
            Step::Clear | Step::Done => false,
        };
        match (self.step, reply.status) {
            (Step::Clear, 200..=299) => self.over(Over::HungUp),
            (Step::Clear, 404) if self.seen || self.tried + 1 >= MOST_MISSING => self.over(Over::HungUp),
            (Step::Clear, 400..=499) if !matches!(reply.status, 404 | 408 | 429) => {
                self.refused += 1;
                self.clear_again();
            }
            (Step::Clear, _) => self.clear_again(),
            (Step::Make, 401 | 403) => self.over(Over::NotSignedIn),
            // 409: a channel of this name is there, so the call was made already.
            (Step::Make, 200..=299 | 409) => self.wait(),
            (Step::Make, _) => self.over(Over::Failed),
            (Step::Look | Step::Bridged, _) if gone => {
                let answered = self.progress >= Progress::CallingThem;
                self.over(if answered { Over::HungUp } else { Over::NoAnswer });
            }
            (Step::Look, 200) => {
                self.missed = 0;
                match body["state"].as_str().unwrap_or_default() {
                    "Ring" | "Ringing" => self.is_at(Progress::RingingYou),
                    "Up" => {
                        self.is_at(Progress::CallingThem);
                        if self.progress != Progress::Talking {
                            return self.go(Step::Bridged);
                        }
                    }
                    _ => {}
                }
                self.follow(now);
            }
            (Step::Bridged, 200) => {
                if body["value"].as_str().is_some_and(|peer| !peer.is_empty()) {
                    self.is_at(Progress::Talking);
                }
                self.follow(now);
            }
            (Step::Look | Step::Bridged, _) => self.miss(now),
            (Step::Done, _) => {}
        }
    }

    fn follow(&mut self, now: Time) {
        match now.since(self.began) > LONGEST_MS {
            true => self.go(Step::Done),
            false => self.wait(),
        }
    }

    // The call goes on there, and counts, until it is known to be over.
    fn clear_again(&mut self) {
        self.tried = self.tried.saturating_add(1);
        match self.refused >= MOST_REFUSED || self.tried >= MOST_UNANSWERED {
            true => self.go(Step::Done),
            false => self.out.push_back(Output::Wait(before_hang_up_again(self.tried))),
        }
    }

    fn miss(&mut self, now: Time) {
        self.missed += 1;
        match self.missed >= MOST_MISSED {
            true => self.go(Step::Done),
            false => self.follow(now),
        }
    }
}

impl Call for AriCall {
    fn handle(&mut self, now: Time, input: Input<'_>) {
        match input {
            Input::Begin => {
                self.began = now;
                self.go(Step::Make);
            }
            Input::HangUp => {
                self.withdrawn = true;
                if !self.asked && !matches!(self.step, Step::Clear | Step::Done) {
                    self.out.retain(|o| !matches!(o, Output::Wait(_)));
                    self.go(Step::Clear);
                }
            }
            Input::Waited if !self.asked && self.step != Step::Done => self.go(self.step),
            Input::Waited | Input::Bytes(_) | Input::Closed => {}
            Input::Reply(reply) => {
                self.asked = false;
                match (reply, self.step) {
                    (Ok(reply), _) => self.reply(now, &reply),
                    // Nobody was asked, so nobody rings.
                    (Err(NoReply::Unreachable), Step::Make) => self.over(Over::Failed),
                    // Perhaps it was made: its name says so.
                    (Err(_), Step::Make) => self.wait(),
                    (Err(_), Step::Clear) => self.clear_again(),
                    (Err(_), _) => self.miss(now),
                }
                if self.withdrawn && !matches!(self.step, Step::Clear | Step::Done) {
                    self.out.retain(|o| matches!(o, Output::Progress(_)));
                    self.go(Step::Clear);
                }
            }
        }
    }

    fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(to: &str) -> Option<AriCall> {
        let asterisk = Asterisk {
            base: "http://pbx:8088/ari/".into(),
            authorization: Secret::new("Basic x".into()),
            endpoint: "PJSIP/{line}".into(),
            context: "from-internal".into(),
            caller_id: None,
        };
        let name = Correlation::read("00112233445566778899aabbccddeeff").unwrap();
        AriCall::new(asterisk, Secret::new("1001".into()), Secret::new(to.into()), &name)
    }

    struct Walk(AriCall, Vec<String>);

    impl Walk {
        fn begin() -> Walk {
            let mut walk = Walk(call("+4942155599").unwrap(), Vec::new());
            walk.tell(Input::Begin);
            walk
        }

        fn tell(&mut self, input: Input<'_>) {
            self.0.handle(Time(1), input);
            while let Some(output) = self.0.poll() {
                self.1.push(match output {
                    Output::Ask(r) => {
                        let url = r.url.expose_secret().replace("http://pbx:8088/ari/channels", "");
                        format!("{} {url}", r.method.as_str()).trim().to_string()
                    }
                    Output::Progress(Progress::Over(why)) => format!("= {}", why.word()),
                    Output::Progress(p) => format!("= {}", p.word()),
                    Output::Wait(ms) => format!("wait {ms}"),
                    Output::Done => "done".into(),
                    Output::Write(_) => "write".into(),
                });
            }
        }

        #[track_caller]
        fn on(&mut self, status: u16, body: &str, says: &[&str]) {
            self.1.clear();
            let body = Secret::new(body.as_bytes().to_vec());
            self.tell(Input::Reply(Ok(Reply { status, location: None, body })));
            assert_eq!(self.1, says);
        }

        #[track_caller]
        fn waited(&mut self, says: &[&str]) {
            self.1.clear();
            self.tell(Input::Waited);
            assert_eq!(self.1, says);
        }
    }

    const LOOK: &str = "GET /00112233-4455-8677-8899-aabbccddeeff";
    const PEER: &str = "GET /00112233-4455-8677-8899-aabbccddeeff/variable?variable=BRIDGEPEER";

    #[test]
    fn a_call_from_the_first_ring_to_the_end() {
        let mut w = Walk::begin();
        assert_eq!(w.1, ["POST"]);
        w.on(200, r#"{"id":"00112233-4455-8677-8899-aabbccddeeff","state":"Down"}"#, &["wait 500"]);
        w.waited(&[LOOK]);
        w.on(200, r#"{"state":"Ringing"}"#, &["= ringing-you", "wait 500"]);
        w.waited(&[LOOK]);
        w.on(200, r#"{"state":"Up"}"#, &["= calling-them", PEER]);
        w.on(200, r#"{"value":""}"#, &["wait 500"]);
        w.waited(&[LOOK]);
        w.on(200, r#"{"state":"Up"}"#, &[PEER]);
        w.on(200, r#"{"value":"PJSIP/carrier-00000002"}"#, &["= talking", "wait 5000"]);
        w.waited(&[LOOK]);
        w.on(404, r#"{"message":"Channel not found"}"#, &["= hung-up", "done"]);
    }

    #[test]
    fn it_is_never_made_twice() {
        let mut w = Walk::begin();
        w.on(409, "{}", &["wait 500"]);
        let mut w = Walk::begin();
        w.1.clear();
        w.tell(Input::Reply(Err(NoReply::TimedOut)));
        assert_eq!(w.1, ["wait 500"], "it is looked whether it was made");
        w.waited(&[LOOK]);
        w.on(404, "{}", &["= no-answer", "done"]);
        let mut w = Walk::begin();
        w.1.clear();
        w.tell(Input::Reply(Err(NoReply::Unreachable)));
        assert_eq!(w.1, ["= failed", "done"]);
    }

    #[test]
    fn refusals_and_hanging_up() {
        for (status, says) in [(401, "= not-signed-in"), (400, "= failed"), (500, "= failed")] {
            Walk::begin().on(status, "{}", &[says, "done"]);
        }
        let mut w = Walk::begin();
        w.on(200, "{}", &["wait 500"]);
        w.1.clear();
        w.tell(Input::HangUp);
        assert_eq!(w.1, ["DELETE /00112233-4455-8677-8899-aabbccddeeff?reason=normal"]);
        w.on(204, "", &["= hung-up", "done"]);
        // While it is made: what was made is cleared.
        let mut w = Walk::begin();
        w.tell(Input::HangUp);
        w.on(200, "{}", &["DELETE /00112233-4455-8677-8899-aabbccddeeff?reason=normal"]);
        w.on(404, "{}", &["= hung-up", "done"]);
        for bad in ["", "*21*1#", "1001,n,System(id)", "+49\r\n"] {
            assert!(call(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_hang_up_that_does_not_work_is_tried_again_and_the_call_goes_on_meanwhile() {
        let clear = "DELETE /00112233-4455-8677-8899-aabbccddeeff?reason=normal";
        let mut w = Walk::begin();
        w.on(200, "{}", &["wait 500"]);
        w.1.clear();
        w.tell(Input::HangUp);
        assert_eq!(w.1, [clear]);
        w.on(503, "", &["wait 500"]);
        w.waited(&[clear]);
        w.on(403, "", &["wait 1000"]);
        w.waited(&[clear]);
        for ms in [2_000, 4_000, 8_000, 16_000, 32_000, 32_000, 32_000] {
            w.1.clear();
            w.tell(Input::Reply(Err(NoReply::TimedOut)));
            assert_eq!(w.1, [format!("wait {ms}")]);
            w.waited(&[clear]);
        }
        w.on(404, "{}", &["= hung-up", "done"]);
        // Not for ever, and then nobody says that it was hung up.
        let mut w = Walk::begin();
        w.on(200, "{}", &["wait 500"]);
        w.tell(Input::HangUp);
        w.1.clear();
        for _ in 1..MOST_UNANSWERED {
            w.tell(Input::Reply(Err(NoReply::TimedOut)));
            w.waited(&[clear]);
        }
        w.1.clear();
        w.tell(Input::Reply(Err(NoReply::TimedOut)));
        assert_eq!(w.1, ["= handed-over", "done"]);
        // Nor for long where it is refused for good: nobody may end this call from here.
        let mut w = Walk::begin();
        w.on(200, "{}", &["wait 500"]);
        w.tell(Input::HangUp);
        for n in 1..MOST_REFUSED {
            w.on(401, "", &[&format!("wait {}", before_hang_up_again(n))]);
            w.waited(&[clear]);
        }
        w.on(401, "", &["= handed-over", "done"]);
    }

    #[test]
    fn a_call_that_may_be_about_to_begin_is_not_over_because_it_is_missing_once() {
        let clear = "DELETE /00112233-4455-8677-8899-aabbccddeeff?reason=normal";
        let mut w = Walk::begin();
        w.tell(Input::HangUp);
        w.1.clear();
        w.tell(Input::Reply(Err(NoReply::TimedOut)));
        assert_eq!(w.1, [clear]);
        for wait in ["wait 500", "wait 1000", "wait 2000", "wait 4000"] {
            w.on(404, "{}", &[wait]);
            w.waited(&[clear]);
        }
        w.on(404, "{}", &["= hung-up", "done"]);
    }
}
