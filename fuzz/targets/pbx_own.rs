//! What an Asterisk or a FreeSWITCH answers, or somebody in its name: a call through it ends once, never goes back, is made
//! once, and no request or command carries anything but what was checked.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pbx::ari::{AriCall, Asterisk};
use pbx::esl::{EslCall, FreeSwitch};
use pbx::exchange::{Call, Input, NoReply, Output, Reply};
use pbx::{Correlation, Progress, Time};
use redact::Secret;

const BASE: &str = "https://pbx.example/ari";

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.into())
}

fn asterisk(name: &Correlation) -> Option<Box<dyn Call>> {
    let asterisk = Asterisk {
        base: BASE.into(),
        authorization: secret("Basic x"),
        endpoint: "PJSIP/{line}".into(),
        context: "from-internal".into(),
        caller_id: None,
    };
    Some(Box::new(AriCall::new(asterisk, secret("1001"), secret("+12015550199"), name)?))
}

fn freeswitch(name: &Correlation) -> Option<Box<dyn Call>> {
    let switch =
        FreeSwitch { password: secret("s3cret"), endpoint: "user/{line}".into(), context: "default".into() };
    Some(Box::new(EslCall::new(switch, secret("1001"), secret("+12015550199"), name)?))
}

fuzz_target!(|data: &[u8]| {
    let Some((which, data)) = data.split_first() else { return };
    let Some(name) = Correlation::read("click-0001") else { return };
    let is_web = which & 1 == 0;
    let made = if is_web { asterisk(&name) } else { freeswitch(&name) };
    let Some(mut call) = made else { return };
    let mut progress = Progress::Asked;
    let mut made = 0;
    let mut pieces = data.split(|b| *b == 0xff);
    call.handle(Time(0), Input::Begin);
    for n in 1..200 {
        let (mut ask, mut wait, mut done) = (false, false, false);
        while let Some(output) = call.poll() {
            match output {
                Output::Ask(request) => {
                    assert!(!ask, "one request at a time");
                    ask = true;
                    let url = request.url.expose_secret();
                    assert!(url.starts_with(BASE) && !url.contains(['\r', '\n', ' ']), "{url}");
                    made += usize::from(request.method.as_str() == "POST");
                }
                Output::Write(bytes) => {
                    let text = String::from_utf8(bytes.expose_secret().clone()).expect("text");
                    made += text.matches("originate {").count();
                    let known = ["auth s3cret", "event json", "filter ", "bgapi originate", "api uuid_kill"];
                    for command in text.split("\n\n") {
                        assert!(command.is_empty() || known.iter().any(|k| command.starts_with(k)), "{command}");
                    }
                }
                Output::Wait(_) => wait = true,
                Output::Progress(to) => {
                    assert!(to > progress && !progress.is_final());
                    progress = to;
                }
                Output::Done => done = true,
            }
        }
        if done {
            assert!(progress.is_final() && !ask);
            break;
        }
        assert!(ask || wait, "it waits for something");
        let piece = pieces.next().unwrap_or_default();
        let (kind, rest) = piece.split_first().map_or((0, piece), |(k, r)| (*k, r));
        let now = Time(n * 1_000);
        match (ask, kind) {
            (false, 7) => call.handle(now, Input::HangUp),
            (false, 8) if !is_web => call.handle(now, Input::Closed),
            (false, kind) if is_web || kind == 0 => call.handle(now, Input::Waited),
            (false, _) => call.handle(now, Input::Bytes(rest)),
            (true, 1) => call.handle(now, Input::Reply(Err(NoReply::TimedOut))),
            (true, 2) => call.handle(now, Input::Reply(Err(NoReply::Unreachable))),
            (true, kind) => {
                if kind == 7 {
                    call.handle(now, Input::HangUp);
                }
                let status = match kind {
                    3 => 404,
                    4 => 409,
                    5 => 401,
                    _ => 200,
                };
                let body = Secret::new(rest.to_vec());
                call.handle(now, Input::Reply(Ok(Reply { status, location: None, body })));
            }
        }
    }
    assert!(made <= 1, "it is made {made} times");
});
