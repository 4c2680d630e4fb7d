use super::*;

fn call(line: &str, to: &str) -> Option<EslCall> {
    let switch = FreeSwitch {
        password: Secret::new("s3cret".into()),
        endpoint: "user/{line}".into(),
        context: "default".into(),
    };
    let name = Correlation::read("00112233445566778899aabbccddeeff").unwrap();
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
        self.tell_at(1, input);
    }

    fn tell_at(&mut self, ms: u64, input: Input<'_>) {
        self.0.handle(Time(ms), input);
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
                && w.1[1].contains("filter Unique-ID 00112233-4455-8677-8899-aabbccddeeff\n\n")
        );
        for _ in 0..3 {
            w.on("Content-Type: command/reply\nReply-Text: +OK\n\n", &[]);
        }
        w.on(
            "Content-Type: command/reply\nReply-Text: +OK filter added\n\n",
            &["bgapi originate {origination_uuid=00112233-4455-8677-8899-aabbccddeeff,originate_timeout=30,ignore_early_media=true}user/1001 +12015550199 XML default\nJob-UUID: 00112233-4455-8677-8899-aabbccddeeff\n\n"],
        );
        w.on(
            "Content-Type: command/reply\nReply-Text: +OK Job-UUID: 00112233-4455-8677-8899-aabbccddeeff\n\n",
            &[],
        );
        w
    }
}

fn event(name: &str, leg: &str, more: &str) -> String {
    let body = format!("{{\"Event-Name\":\"{name}\",\"Unique-ID\":\"{leg}\"{more}}}");
    format!("Content-Length: {}\nContent-Type: text/event-json\n\n{body}", body.len())
}

const OURS: &str = "00112233-4455-8677-8899-aabbccddeeff";

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
        let more = format!(",\"Job-UUID\":\"{OURS}\",\"_body\":\"-ERR {cause}\\n\"");
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
    assert_eq!(w.1, ["api uuid_kill 00112233-4455-8677-8899-aabbccddeeff NORMAL_CLEARING\n\n"]);
    w.on("Content-Type: api/response\nContent-Length: 4\n\n+OK\n", &["= hung-up", "done"]);
    let mut w = Walk::begin();
    w.tell(Input::HangUp);
    assert_eq!(w.1, ["= hung-up", "done"], "nothing was made");
}

const KILL: &str = "api uuid_kill 00112233-4455-8677-8899-aabbccddeeff NORMAL_CLEARING\n\n";

fn answer(text: &str) -> String {
    format!("Content-Type: api/response\nContent-Length: {}\n\n{text}", text.len())
}

#[test]
fn a_hang_up_that_does_not_work_is_tried_again_and_the_call_goes_on_meanwhile() {
    let mut w = Walk::made();
    w.on(&event("CHANNEL_ANSWER", OURS, ""), &["= calling-them"]);
    w.tell(Input::HangUp);
    w.on(&answer("-ERR Operation failed\n"), &[]);
    w.tell_at(500, Input::Waited);
    assert!(w.1.is_empty(), "not at once: {:?}", w.1);
    w.tell_at(501, Input::Waited);
    assert_eq!(w.1, [KILL]);
    // No answer at all.
    w.1.clear();
    w.tell_at(10_501, Input::Waited);
    assert!(w.1.is_empty(), "{:?}", w.1);
    w.tell_at(11_501, Input::Waited);
    assert_eq!(w.1, [KILL]);
    // The connection is lost: it signs in anew, and makes no second call.
    w.1.clear();
    w.tell_at(11_502, Input::Closed);
    w.tell_at(13_502, Input::Waited);
    assert_eq!(w.1, [""], "it opens a new one");
    w.on("Content-Type: auth/request\n\n", &["auth s3cret\n\n"]);
    w.on("Content-Type: command/reply\nReply-Text: +OK accepted\n\n", &[KILL]);
    w.on(&answer("-ERR No such channel!\n"), &["= hung-up", "done"]);
    // Not for ever, and then nobody says that it was hung up.
    let mut w = Walk::made();
    w.tell(Input::HangUp);
    w.on(&answer("-ERR Operation failed\n"), &[]);
    w.tell_at(LONGEST_MS + 2, Input::Waited);
    assert_eq!(w.1, ["= handed-over", "done"]);
    // Nor for long where it is refused: nobody may end this call from here.
    let mut w = Walk::made();
    w.tell(Input::HangUp);
    let mut now = 0;
    for n in 1..MOST_REFUSED {
        w.on(&answer("-ERR Operation failed\n"), &[]);
        now += before_hang_up_again(n) + 1;
        w.tell_at(now, Input::Waited);
        assert_eq!(w.1, [KILL]);
        w.1.clear();
    }
    w.on(&answer("-ERR Operation failed\n"), &[]);
    w.tell_at(now + 1, Input::Waited);
    assert_eq!(w.1, ["= handed-over", "done"]);
}

#[test]
fn a_leg_that_may_be_about_to_begin_is_not_over_because_it_is_missing_once() {
    let mut w = Walk::made();
    w.tell(Input::HangUp);
    // The answer to the command before says nothing of the hang-up.
    w.on("Content-Type: command/reply\nReply-Text: +OK Job-UUID: x\n\n", &[]);
    for _ in 1..MOST_MISSING {
        w.on(&answer("-ERR No such channel!\n"), &[]);
        w.tell_at(10_000, Input::Waited);
        assert_eq!(w.1, [KILL]);
    }
    w.on(&answer("-ERR No such channel!\n"), &["= hung-up", "done"]);
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

#[test]
fn nothing_that_could_be_a_command_stands_in_one() {
    for sign in [",", "'", "{", "}", "[", "]", "|", "\n", "\r", "${x}", " ", "&", "\"", ";", "\\"] {
        assert!(call(&format!("10{sign}01"), "+12015550199").is_none(), "{sign:?} in a line");
        assert!(call("1001", &format!("+1201{sign}5550199")).is_none(), "{sign:?} in a number");
    }
    assert!(call("1001", "+12015550199").is_some());
}
