//! What a telephone system answers, or somebody in its name: a call through it ends once, never goes back, asks for no end,
//! and sends each request to the system's own address. And line passes, as they stand inside their seal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pbx::commportal::{Portal, PortalCall, SignIn};
use pbx::exchange::{Call, Input, NoReply, Output, Reply};
use pbx::{Progress, Time};
use redact::Secret;

const BASE: &str = "https://uc.example/brand";

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.into())
}

fuzz_target!(|data: &[u8]| {
    // What stands inside a line pass: whatever is read is a line, and is written as it was.
    if let Some(pass) = pbx::line::Pass::read(data) {
        assert!(pbx::line::is_line(pass.line.expose_secret()));
        assert!(pass.write().is_some_and(|bytes| bytes.expose_secret() == data));
    }
    let plan = [("+1".to_string(), String::new())];
    let Ok(portal) = Portal::new(BASE, "9.5", plan) else { return };
    let mut call = PortalCall::new(portal, secret("2015550123"), &secret("+12015550199"), SignIn::Password(secret("p")));
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
                    made += usize::from(request.body.expose_secret().windows(8).any(|w| w == b"MakeCall"));
                }
                Output::Wait(_) => wait = true,
                Output::Progress(to) => {
                    assert!(to > progress && !progress.is_final());
                    progress = to;
                }
                Output::Done => done = true,
                Output::Write(_) => panic!("there is no connection"),
            }
        }
        if done {
            assert!(progress.is_final() && !ask);
            break;
        }
        assert!(ask || wait, "it waits for something");
        let piece = pieces.next().unwrap_or_default();
        let (kind, rest) = piece.split_first().map_or((0, piece), |(k, r)| (*k, r));
        if kind == 7 {
            call.handle(Time(n), Input::HangUp);
        }
        if !ask {
            call.handle(Time(n), Input::Waited);
            continue;
        }
        let reply = match kind {
            1 => Err(NoReply::TimedOut),
            2 => Err(NoReply::Unreachable),
            3 => Ok(Reply {
                status: 302,
                location: Some(Secret::new(String::from_utf8_lossy(rest).into_owned())),
                body: Secret::default(),
            }),
            4 => Ok(Reply { status: 500, location: None, body: Secret::new(rest.to_vec()) }),
            _ => Ok(Reply { status: 200, location: None, body: Secret::new(rest.to_vec()) }),
        };
        call.handle(Time(n), Input::Reply(reply));
    }
    // What was told to be busy is asked three times; what may have been done is not.
    assert!(made <= 4, "it is made {made} times");
});
