use super::*;

fn portal() -> Portal {
    let plan = [("+1".to_string(), String::new()), ("+".to_string(), "011".to_string())];
    Portal::new("https://uc.example/brand/", "9.5", plan).unwrap()
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.into())
}

fn call_to(to: &str) -> PortalCall {
    PortalCall::new(portal(), secret("2015550123"), &secret(to), SignIn::Password(secret("p&ss word")))
}

fn reply(status: u16, body: &str) -> Result<Reply, NoReply> {
    Ok(Reply { status, location: None, body: Secret::new(body.as_bytes().to_vec()) })
}

/// A call under way: what it asked for, what it said, and the pauses that it made, in order.
struct Walk {
    call: PortalCall,
    said: Vec<String>,
    waits: Vec<u64>,
}

impl Walk {
    fn begin(call: PortalCall) -> Walk {
        let mut walk = Walk { call, said: Vec::new(), waits: Vec::new() };
        walk.tell(Input::Begin);
        walk
    }

    fn tell(&mut self, input: Input<'_>) {
        self.call.handle(Time(1_000), input);
        while let Some(output) = self.call.poll() {
            match output {
                Output::Ask(r) => {
                    let (url, body) =
                        (r.url.expose_secret(), String::from_utf8(r.body.expose_secret().clone()).unwrap());
                    let path = url.strip_prefix("https://uc.example/brand/").unwrap();
                    self.said.push(format!("{} {path} {body}", r.method.as_str()).trim().to_string());
                }
                Output::Progress(p) => self.said.push(match p {
                    Progress::Over(why) => format!("= over {}", why.word()),
                    p => format!("= {}", p.word()),
                }),
                Output::Wait(ms) => self.waits.push(ms),
                Output::Done => self.said.push("= done".into()),
                Output::Write(_) => panic!("there is no connection"),
            }
        }
    }

    fn replies(&mut self, status: u16, body: &str) -> &mut Walk {
        self.tell(Input::Reply(reply(status, body)));
        self
    }

    /// What was said since the last time.
    #[track_caller]
    fn says(&mut self, expected: &[&str]) -> &mut Walk {
        assert_eq!(self.said, expected);
        self.said.clear();
        self
    }
}

const SIGN_IN: &str = "POST login?version=9.5 DirectoryNumber=2015550123&Password=p%26ss%20word";
const LOOK: &str =
    "GET sessionS1/line2015550123/data?data=Meta_Subscriber_MetaSphere_ClassOfService&version=9.5";
const FOLLOW: &str = "GET sessionS1/callC7/events?events=Connection&version=9.5";
const SIGN_OUT: &str = "GET sessionS1/logout?redirectTo=/";
const ALLOWS: &str = r#"{"data":[{"data":{"ClickToDialAllowed":{"Value":{"_":true}}},"errors":[]}]}"#;
const MADE: &str = r#"{"callingDevice":{"callID":{"_":"C7"},"deviceID":{"_":"2015550123"}}}"#;

fn events(kinds: &[&str]) -> String {
    let list: Vec<_> = kinds
        .iter()
        .map(|k| json!({"subscription": "Connection", "data": {"eventType": {"_": k}}}))
        .collect();
    json!({"events": list, "errors": []}).to_string()
}

/// Up to the call being made.
fn made() -> Walk {
    let mut walk = Walk::begin(call_to("+12015550199"));
    walk.says(&[SIGN_IN]).replies(200, "session=S1").says(&[LOOK]).replies(200, ALLOWS);
    walk.said.clear();
    walk.replies(200, MADE).says(&["= ringing-you", FOLLOW]);
    walk
}

#[test]
fn a_call_from_sign_in_to_sign_out() {
    let mut walk = Walk::begin(call_to("+12015550199"));
    walk.says(&[SIGN_IN]).replies(200, "session=S1").says(&[LOOK]).replies(200, ALLOWS);
    assert_eq!(walk.said.len(), 1);
    let (head, body) = walk.said[0].split_once(" {").unwrap();
    assert_eq!(head, "POST sessionS1/line2015550123/action?version=9.5");
    let body: Value = serde_json::from_str(&format!("{{{body}")).unwrap();
    assert_eq!(body["calledDirectoryNumber"]["_"], "2015550199", "as the operator writes numbers");
    assert_eq!(body["objectType"]["_"], "Meta_CSTA_MakeCall");
    walk.said.clear();
    walk.replies(200, MADE).says(&["= ringing-you", FOLLOW]);
    walk.replies(200, &events(&["DeliveredEvent"])).says(&[FOLLOW]);
    walk.replies(200, &events(&["EstablishedEvent", "DeliveredEvent"])).says(&[
        "= calling-them",
        "= ringing-them",
        FOLLOW,
    ]);
    walk.tell(Input::Reply(Err(NoReply::TimedOut)));
    walk.says(&[FOLLOW]).replies(200, &events(&["EstablishedEvent"])).says(&["= talking", FOLLOW]);
    walk.replies(200, &events(&["ConnectionClearedEvent"])).says(&["= over hung-up", SIGN_OUT]);
    walk.replies(200, "").says(&["= done"]);
    assert_eq!(walk.call.signed_in(), Some(SignedIn::Yes));
}

#[test]
fn numbers_as_the_operator_writes_them() {
    for (to, dialled) in [("+12015550199", "2015550199"), ("+4942155599", "0114942155599"), ("911", "911")] {
        assert_eq!(portal().dialled(&secret(to)).expose_secret(), dialled);
    }
    assert_eq!(
        Portal::new("https://uc.example", "9.5", []).unwrap().dialled(&secret("+49421")).expose_secret(),
        "49421"
    );
    for (base, version, from, to) in [
        ("https://a", "9.5;x", "+1", ""),
        ("https://a?x", "9", "+1", ""),
        ("https://a", "9", "1", ""),
        ("https://a", "9", "+1", "x"),
    ] {
        assert!(
            Portal::new(base, version, [(from.to_string(), to.to_string())]).is_err(),
            "{base} {version} {from} {to}"
        );
    }
}

#[test]
fn a_sign_in_that_is_refused_is_never_tried_again() {
    for (status, body, locked) in [
        (200, "error=authenticationFailed", false),
        (200, "error=accountBlocked", true),
        (200, "error=retryLimitExceeded", true),
        (401, "", false),
    ] {
        let mut walk = Walk::begin(call_to("+12015550199"));
        walk.says(&[SIGN_IN]).replies(status, body).says(&["= over not-signed-in", "= done"]);
        assert_eq!(walk.call.signed_in(), Some(SignedIn::Refused { locked }), "{body}");
        assert!(walk.waits.is_empty());
    }
}

#[test]
fn what_is_busy_is_asked_three_times_and_what_does_not_fit_once() {
    let mut walk = Walk::begin(call_to("+12015550199"));
    walk.replies(200, "error=serviceUnavailable").tell(Input::Waited);
    walk.replies(200, "error=intermittentFailure").tell(Input::Waited);
    walk.tell(Input::Reply(Err(NoReply::Unreachable)));
    walk.says(&[SIGN_IN, SIGN_IN, SIGN_IN, "= over failed", "= done"]);
    assert_eq!(walk.waits, [500, 1_000]);
    let mut walk = Walk::begin(call_to("+12015550199"));
    walk.replies(200, "error=applicationVersionTooOld").says(&[SIGN_IN, "= over failed", "= done"]);
    assert_eq!(walk.call.fault().map(|f| f.name), Some("applicationVersionTooOld"));
}

#[test]
fn a_password_that_may_have_been_refused_is_not_sent_again() {
    let unanswered = [Err(NoReply::TimedOut), Err(NoReply::Broken)];
    // A status alone can be that of a proxy which gave up waiting.
    let by_status = [500, 502, 503, 504].map(|status| reply(status, ""));
    let named = [reply(200, "error=internalError")];
    for reply in unanswered.into_iter().chain(by_status).chain(named) {
        let mut walk = Walk::begin(call_to("+12015550199"));
        walk.tell(Input::Reply(reply));
        walk.says(&[SIGN_IN, "= over failed", "= done"]);
        assert!(walk.waits.is_empty());
        assert_eq!(walk.call.signed_in(), Some(SignedIn::Unsure));
    }
    // A hand-over that we signed is nobody's password.
    let sign = |now: Time| {
        let signature = secret("s");
        Some(super::super::SignedToken { valid_to: now.0, key_id: "k".into(), signature })
    };
    let sign_in = SignIn::Signed(Box::new(sign));
    let to = secret("+12015550199");
    let mut walk = Walk::begin(PortalCall::new(portal(), secret("2015550123"), &to, sign_in));
    walk.replies(503, "");
    assert_eq!(walk.waits, [500]);
}

#[test]
fn a_call_that_may_have_been_made_is_not_made_twice() {
    let mut walk = Walk::begin(call_to("+12015550199"));
    walk.replies(200, "session=S1").replies(200, ALLOWS);
    walk.said.clear();
    walk.tell(Input::Reply(Err(NoReply::TimedOut)));
    walk.says(&["= over failed", SIGN_OUT]);
    assert!(walk.waits.is_empty());
    // A status alone can be that of a proxy which gave up waiting; an inner error can come after the first ring.
    for (status, body) in [(504, ""), (500, ""), (503, ""), (200, r#"{"errors":[{"type":"internalError"}]}"#)]
    {
        let mut walk = Walk::begin(call_to("+12015550199"));
        walk.replies(200, "session=S1").replies(200, ALLOWS);
        walk.said.clear();
        walk.replies(status, body).says(&["= over failed", SIGN_OUT]);
        assert!(walk.waits.is_empty(), "{status} {body}");
    }
    // What the system names as not done is asked again.
    let mut walk = Walk::begin(call_to("+12015550199"));
    walk.replies(200, "session=S1").replies(200, ALLOWS);
    walk.said.clear();
    walk.replies(200, r#"{"errors":[{"type":"serviceUnavailable"}]}"#).says(&[]);
    assert_eq!(walk.waits, [500]);
}

#[test]
fn who_may_not_is_not_called_for() {
    let mut walk = Walk::begin(call_to("+12015550199"));
    let no = ALLOWS.replace("true", "false");
    walk.replies(200, "session=S1").replies(200, &no).says(&[SIGN_IN, LOOK, "= over not-allowed", SIGN_OUT]);
    // Bare scalars are read like wrapped ones.
    let mut walk = Walk::begin(call_to("+12015550199"));
    walk.replies(200, "session=S1").replies(200, r#"{"data":[{"data":{"ClickToDialAllowed":false}}]}"#);
    walk.says(&[SIGN_IN, LOOK, "= over not-allowed", SIGN_OUT]);
}

#[test]
fn a_session_that_ends_is_renewed_once_and_the_call_followed_on() {
    let mut walk = made();
    let expired = r#"{"events":[],"errors":[{"type":"sessionExpired"}]}"#;
    walk.replies(200, expired).says(&[SIGN_IN]).replies(200, "session=S2");
    walk.says(&["GET sessionS2/callC7/events?events=Connection&version=9.5"]);
    walk.replies(200, expired).says(&["GET sessionS2/logout?redirectTo=/"]);
    walk.replies(200, "").says(&["= handed-over", "= done"]);
}

#[test]
fn a_renewal_that_is_refused_locks_nobody_out_and_ends_no_talk() {
    let expired = r#"{"events":[],"errors":[{"type":"sessionExpired"}]}"#;
    for (body, signed_in) in [
        ("error=authenticationFailed", SignedIn::Yes),
        ("error=accountBlocked", SignedIn::Refused { locked: true }),
    ] {
        let mut walk = made();
        walk.replies(200, expired).says(&[SIGN_IN]).replies(200, body).says(&["= handed-over", "= done"]);
        assert_eq!(walk.call.signed_in(), Some(signed_in));
    }
}

#[test]
fn a_call_is_hung_up_also_when_its_session_ended() {
    let mut walk = made();
    walk.tell(Input::HangUp);
    walk.replies(200, &events(&["DeliveredEvent"]));
    walk.said.clear();
    walk.replies(200, r#"{"errors":[{"type":"sessionExpired"}]}"#).says(&[SIGN_IN]);
    walk.replies(200, "session=S2");
    assert!(walk.said[0].starts_with("POST sessionS2/callC7/action?version=9.5 {"), "{:?}", walk.said);
    walk.said.clear();
    walk.replies(200, "{}").says(&["= over hung-up", "GET sessionS2/logout?redirectTo=/"]);
}

#[test]
fn hanging_up_clears_the_connection_there_and_before_that_makes_none() {
    let mut walk = made();
    walk.tell(Input::HangUp);
    walk.says(&[]).replies(200, &events(&["DeliveredEvent"]));
    assert!(walk.said[0].starts_with("POST sessionS1/callC7/action?version=9.5 {"), "{:?}", walk.said);
    assert!(walk.said[0].contains("Meta_CSTA_ClearConnection"));
    walk.said.clear();
    walk.replies(200, "{}").says(&["= over hung-up", SIGN_OUT]);
    let mut walk = Walk::begin(call_to("+12015550199"));
    walk.tell(Input::HangUp);
    walk.says(&[SIGN_IN]).replies(200, "session=S1").says(&["= over hung-up", SIGN_OUT]);
}

#[test]
fn a_hang_up_that_does_not_work_is_tried_again_and_the_call_goes_on_meanwhile() {
    let clearing = || {
        let mut walk = made();
        walk.tell(Input::HangUp);
        walk.replies(200, &events(&["DeliveredEvent"]));
        assert!(walk.said[0].starts_with("POST sessionS1/callC7/action"), "{:?}", walk.said);
        walk.said.clear();
        walk.waits.clear();
        walk
    };
    let mut walk = clearing();
    walk.replies(503, "").says(&[]).tell(Input::Waited);
    assert!(walk.said[0].contains("Meta_CSTA_ClearConnection"), "{:?}", walk.said);
    for _ in 0..9 {
        walk.said.clear();
        walk.tell(Input::Reply(Err(NoReply::TimedOut)));
        walk.says(&[]).tell(Input::Waited);
        assert!(walk.said[0].contains("Meta_CSTA_ClearConnection"), "{:?}", walk.said);
    }
    assert_eq!(walk.waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000, 32_000, 32_000]);
    walk.said.clear();
    // Its session ended meanwhile, and the system is not reached for a moment.
    walk.replies(200, r#"{"errors":[{"type":"sessionExpired"}]}"#).says(&[SIGN_IN]);
    walk.tell(Input::Reply(Err(NoReply::Unreachable)));
    walk.says(&[]).tell(Input::Waited);
    walk.says(&[SIGN_IN]).replies(200, "session=S1");
    assert!(walk.said[0].contains("Meta_CSTA_ClearConnection"), "{:?}", walk.said);
    walk.said.clear();
    walk.replies(200, "{}").says(&["= over hung-up", SIGN_OUT]);
    // Somebody else hung up in the same moment.
    clearing().replies(400, r#"{"errors":[{"type":"noSuchObject"}]}"#).says(&["= over hung-up", SIGN_OUT]);
    // Refused for good: it is left open, and nobody says that it was hung up.
    let mut walk = clearing();
    for _ in 0..MOST_REFUSED {
        walk.replies(400, "").says(&[]).tell(Input::Waited);
        walk.said.clear();
    }
    walk.replies(400, "").says(&[SIGN_OUT]).replies(200, "").says(&["= handed-over", "= done"]);
}

#[test]
fn a_signed_hand_over_has_no_password_in_it() {
    // Signed at each sign-in: the second is another.
    let sign = |now: Time| {
        Some(super::super::SignedToken {
            valid_to: 1_700_000_000_000 + now.0,
            key_id: "k 1".into(),
            signature: secret("a+b/c="),
        })
    };
    let sign_in = SignIn::Signed(Box::new(sign));
    let call = PortalCall::new(portal(), secret("2015550123"), &secret("+12015550199"), sign_in);
    let mut walk = Walk::begin(call);
    walk.says(&[
        "GET login?version=9.5&DirectoryNumber=2015550123&ValidTo=1700000001000&TokenKeyId=k%201&Token=a%2Bb%2Fc%3D",
    ]);
    let location = Some(secret("https://uc.example/brand/sessionAB12/index.html"));
    walk.tell(Input::Reply(Ok(Reply { status: 302, location, body: Secret::default() })));
    assert!(walk.said[0].starts_with("GET sessionAB12/line2015550123/data"), "{:?}", walk.said);
    walk.said.clear();
    let expired = r#"{"errors":[{"type":"sessionExpired"}]}"#;
    walk.call.handle(Time(61_000), Input::Reply(reply(200, expired)));
    let Some(Output::Ask(again)) = walk.call.poll() else { panic!("it does not sign in again") };
    assert!(again.url.expose_secret().contains("ValidTo=1700000061000"), "{}", again.url.expose_secret());
}

#[test]
fn nonsense_ends_in_a_failure_and_not_in_a_loop() {
    for body in ["", "<html>", "session=", "session=../../x", "{\"a\":[[[[", "null", "session=S1&error=x"] {
        let mut walk = Walk::begin(call_to("+1"));
        for _ in 0..20 {
            walk.replies(200, body);
        }
        assert!(
            walk.said.iter().any(|s| s == "= done" || s.contains("handed-over") || s.contains("over")),
            "{body}: {:?}",
            walk.said
        );
    }
}

#[test]
fn another_phone_rings_only_where_that_is_said_to_be_allowed() {
    let begin = || {
        let other = call_to("+12015550199").ringing(&secret("+12015550777"));
        let mut walk = Walk::begin(other);
        walk.says(&[SIGN_IN]).replies(200, "session=S1").says(&[LOOK]);
        walk
    };
    for refused in [
        ALLOWS,
        r#"{"data":[{"data":{"ClickToDialAllowed":{"_":true},"ClickToDialRemoteAllowed":{"_":false}},"errors":[]}]}"#,
        r#"{"data":[{"data":{"ClickToDialAllowed":{"_":false},"ClickToDialRemoteAllowed":{"_":true}},"errors":[]}]}"#,
        r#"{"data":[{"errors":[{"type":"unknownDataType"}]}]}"#,
    ] {
        begin().replies(200, refused).says(&["= over not-allowed", SIGN_OUT]);
    }
    let both = r#"{"data":[{"data":{"ClickToDialAllowed":{"_":true},"ClickToDialRemoteAllowed":{"_":true}},"errors":[]}]}"#;
    let mut walk = begin();
    walk.replies(200, both);
    let made = walk.said.join(" ");
    assert!(
        made.contains(r#""callingDevice":{"_":"2015550777"}"#) && made.contains("line2015550123/action"),
        "{made}"
    );
}

#[test]
fn looking_what_is_allowed_calls_nobody() {
    let look = || {
        let call = PortalCall::looking(portal(), secret("2015550123"), SignIn::Password(secret("p&ss word")));
        let mut walk = Walk::begin(call);
        walk.says(&[SIGN_IN]).replies(200, "session=S1").says(&[LOOK]);
        walk
    };
    let mut walk = look();
    walk.replies(200, ALLOWS).says(&[SIGN_OUT]).replies(200, "").says(&["= handed-over", "= done"]);
    assert_eq!(walk.call.may(), Some(May { click: Some(true), other_phone: None }));
    let mut walk = look();
    walk.replies(200, r#"{"errors":[{"type":"unknownDataType"}]}"#).says(&[SIGN_OUT]);
    assert_eq!(walk.call.may(), Some(May::default()), "the system does not say");
}
