use super::*;

fn call(line: &str, to: &str) -> Option<EslCall> {
    let switch = FreeSwitch {
        password: Secret::new("s3cret".into()),
        endpoint: "user/{line}".into(),
        context: "default".into(),
    };
    let name = Correlation::read("click-0001").unwrap();
    EslCall::new(switch, Secret::new(line.into()), Secret::new(to.into()), &name)
}

struct Walk(EslCall, Vec<String>);

impl Walk {
    fn begin() -> Walk {
        let mut walk = Walk(call("1001", "+12015550199").unwrap(), Vec::new());
        walk.tell(Input::Begin);
        walk.1.clear();
        walk
    }

    fn tell(&mut self, input: Input<'_>) {
        self.0.handle(Time(1), input);
        while let Some(output) = self.0.poll() {
            self.1.push(match output {
                Output::Write(bytes) => String::from_utf8(bytes.expose_secret().clone()).unwrap(),
                Output::Progress(Progress::Over(why)) => format!("= {}", why.word()),
                Output::Progress(p) => format!("= {}", p.word()),
                Output::Done => "done".into(),
                Output::Wait(_) => continue,
                Output::Ask(_) => panic!("this is no HTTP"),
            });
        }
    }

    #[track_caller]
    fn on(&mut self, text: &str, says: &[&str]) {
        self.1.clear();
        // However the bytes are cut.
        for piece in text.as_bytes().chunks(7) {
            self.tell(Input::Bytes(piece));
        }
        assert_eq!(self.1, says);
    }

    /// Up to the call being made.
    fn made() -> Walk {
        let mut w = Walk::begin();
        w.on("Content-Type: auth/request\n\n", &["auth s3cret\n\n"]);
        w.tell(Input::Bytes(b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n"));
        assert!(
            w.1[1].starts_with("event json CHANNEL_PROGRESS ")
                && w.1[1].contains("filter Unique-ID switchroom-click-0001\n\n")
        );
        for _ in 0..3 {
            w.on("Content-Type: command/reply\nReply-Text: +OK\n\n", &[]);
        }
        w.on(
            "Content-Type: command/reply\nReply-Text: +OK filter added\n\n",
            &["bgapi originate {origination_uuid=switchroom-click-0001,originate_timeout=30,ignore_early_media=true}user/1001 +12015550199 XML default\nJob-UUID: job-switchroom-click-0001\n\n"],
        );
        w.on("Content-Type: command/reply\nReply-Text: +OK Job-UUID: job-switchroom-click-0001\n\n", &[]);
        w
    }
}

fn event(name: &str, leg: &str, more: &str) -> String {
    let body = format!("{{\"Event-Name\":\"{name}\",\"Unique-ID\":\"{leg}\"{more}}}");
    format!("Content-Length: {}\nContent-Type: text/event-json\n\n{body}", body.len())
}

const OURS: &str = "switchroom-click-0001";

#[test]
fn a_call_from_the_greeting_to_the_end() {
    let mut w = Walk::made();
    w.on(&event("CHANNEL_PROGRESS", OURS, ""), &["= ringing-you"]);
    w.on(&event("CHANNEL_ANSWER", OURS, ""), &["= calling-them"]);
    w.on(&event("CHANNEL_PROGRESS_MEDIA", "other", ""), &["= ringing-them"]);
    w.on(&event("CHANNEL_BRIDGE", OURS, ""), &["= talking"]);
    w.on(&event("CHANNEL_HANGUP_COMPLETE", "other", ""), &[]);
    let end = event("CHANNEL_HANGUP_COMPLETE", OURS, ",\"Hangup-Cause\":\"NORMAL_CLEARING\"");
    w.on(&end, &["= hung-up", "done"]);
}

#[test]
fn what_fails_ends_with_its_reason() {
    for (cause, says) in [
        ("USER_BUSY", "= busy"),
        ("NO_ANSWER", "= no-answer"),
        ("OUTGOING_CALL_BARRED", "= not-allowed"),
        ("GATEWAY_DOWN", "= failed"),
    ] {
        let more = format!(",\"Job-UUID\":\"job-{OURS}\",\"_body\":\"-ERR {cause}\\n\"");
        Walk::made().on(&event("BACKGROUND_JOB", "", &more), &[says, "done"]);
    }
    let mut w = Walk::begin();
    w.on("Content-Type: auth/request\n\n", &["auth s3cret\n\n"]);
    w.on("Content-Type: command/reply\nReply-Text: -ERR invalid\n\n", &["= not-signed-in", "done"]);
    let mut w = Walk::begin();
    w.tell(Input::Closed);
    assert_eq!(w.1, ["= failed", "done"]);
}

#[test]
fn hanging_up_kills_the_leg() {
    let mut w = Walk::made();
    w.1.clear();
    w.tell(Input::HangUp);
    assert_eq!(w.1, ["api uuid_kill switchroom-click-0001 NORMAL_CLEARING\n\n"]);
    w.on("Content-Type: api/response\nContent-Length: 4\n\n+OK\n", &["= hung-up", "done"]);
    let mut w = Walk::begin();
    w.tell(Input::HangUp);
    assert_eq!(w.1, ["= hung-up", "done"], "nothing was made");
}

#[test]
fn no_command_of_somebody_else_gets_in() {
    for (line, to) in [
        ("1001\n\nbgapi system x", "+1201"),
        ("1001,x=${system(id)}", "+1201"),
        ("1001 &system(id)", "+1201"),
        ("[a]1001", "+1201"),
        ("1001", "+1201\n\n"),
        ("1001", "&park()"),
        ("", "+1201"),
    ] {
        assert!(call(line, to).is_none(), "{line:?} {to:?}");
    }
}

#[test]
fn nonsense_is_no_frame_and_does_not_grow() {
    for text in ["Content-Length: 99999999\n\n", "Content-Length: -1\n\n", "Content-Length: x\n\n"] {
        Walk::begin().on(text, &["= failed", "done"]);
    }
    let mut w = Walk::begin();
    for _ in 0..10_000 {
        w.tell(Input::Bytes(&[b'x'; 1_000]));
    }
    assert_eq!(w.1, ["= failed", "done"]);
}
