//! Asterisk by its REST interface (ARI): the person's own telephone is rung, and the dial plan then calls the other side.
//!
//! The channel is given to the dial plan (`extension`, `context`), so that the rules of that Asterisk hold for it as for any
//! other call, and no connection for events has to be kept: how far the call is is asked for. That the other side rings is
//! not told this way.
//!
//! Parameters stand in the body, so that numbers are not in the log of a web server in front.

use crate::exchange::{Call, Input, Method, NoReply, Output, Reply, Request};
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
}

/// Whether a text may stand in a request: no more than digits of numbers, letters and the signs of lines and endpoints.
pub fn is_plain(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+*#._/@-".contains(&b))
}

impl AriCall {
    /// `line` is the person's own telephone there, `to` whom to call. The channel's id is made of the name of the call, so
    /// that Asterisk itself refuses to make it twice. Nothing when one of them is nothing that could be dialled.
    pub fn new(
        asterisk: Asterisk,
        line: Secret<String>,
        to: Secret<String>,
        name: &Correlation,
    ) -> Option<AriCall> {
        let right = is_plain(line.expose_secret()) && crate::address::is_number(to.expose_secret());
        right.then(|| AriCall {
            asterisk,
            line,
            to,
            channel: format!("switchroom-{}", name.as_str()),
            step: Step::Make,
            out: VecDeque::new(),
            progress: Progress::Asked,
            withdrawn: false,
            asked: false,
            began: Time(0),
            missed: 0,
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
        match (self.step, reply.status) {
            (Step::Clear, _) => self.over(Over::HungUp),
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
                if !self.asked && self.step != Step::Done {
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
                    (Err(_), Step::Clear) => self.over(Over::HungUp),
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
        let name = Correlation::read("click-0001").unwrap();
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

    const LOOK: &str = "GET /switchroom-click-0001";
    const PEER: &str = "GET /switchroom-click-0001/variable?variable=BRIDGEPEER";

    #[test]
    fn a_call_from_the_first_ring_to_the_end() {
        let mut w = Walk::begin();
        assert_eq!(w.1, ["POST"]);
        w.on(200, r#"{"id":"switchroom-click-0001","state":"Down"}"#, &["wait 500"]);
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
        assert_eq!(w.1, ["DELETE /switchroom-click-0001?reason=normal"]);
        w.on(204, "", &["= hung-up", "done"]);
        // While it is made: what was made is cleared.
        let mut w = Walk::begin();
        w.tell(Input::HangUp);
        w.on(200, "{}", &["DELETE /switchroom-click-0001?reason=normal"]);
        for bad in ["", "*21*1#", "1001,n,System(id)", "+49\r\n"] {
            assert!(call(bad).is_none(), "{bad:?}");
        }
    }
}
