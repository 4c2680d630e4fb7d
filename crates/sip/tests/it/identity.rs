//! Who calls and for whom the call was first, in the forms that the field sends.

use sip::{Message, Why, caller, claimed, diverted_from};

fn message(lines: &str) -> Message {
    let text = format!("INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n{lines}\r\n");
    Message::parse(text.as_bytes()).unwrap()
}

const FROM: &str = "From: \"Anna \\\"B\\\"\" <sip:+4930123456@carrier.example;user=phone>;tag=1\r\n";
const HIDDEN: &str = "From: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1\r\n";

/// Address, name, withheld, asserted.
#[track_caller]
fn check(lines: &str, expected: (&str, &str, bool, bool)) {
    let c = caller(&message(lines));
    let got = (&c.address.expose_secret()[..], &c.display.expose_secret()[..], c.withheld, c.asserted);
    assert_eq!(got, expected, "{lines}");
}

#[test]
fn who_calls_by_the_word_of_the_network() {
    check(FROM, ("+4930123456", "Anna \"B\"", false, false));
    check("From: Anna Berg<sip:anna@h;x>;tag=1\r\n", ("anna@h", "Anna Berg", false, false));
    check("From: tel:+49-30-12.34(56);tag=1\r\n", ("+4930123456", "", false, false));
    check("From: <tel:1234;phone-context=+49>;tag=1\r\n", ("1234", "", false, false));
    check("From: <sip:192.0.2.1>;tag=1\r\n", ("192.0.2.1", "", false, false));
    check("From: <sip:%2B4930@h>;tag=1\r\n", ("+4930", "", false, false));
    check(HIDDEN, ("", "", true, false));
    check(&format!("{FROM}Privacy: id\r\n"), ("+4930123456", "Anna \"B\"", true, false));
    let asserted = "P-Asserted-Identity: \"A\" <sip:anna@h>, <tel:+4940999>\r\n";
    check(&format!("{FROM}{asserted}"), ("+4940999", "", false, true));
    check(&format!("{HIDDEN}{asserted}Privacy: id;critical\r\n"), ("+4940999", "", true, true));
    check(
        &format!("{FROM}P-Asserted-Identity: \"A, <B>\" <sip:anna@h>\r\n"),
        ("anna@h", "A, <B>", false, true),
    );
    let remote = "Remote-Party-ID: <sip:+4950@h>;party=called\r\nRemote-Party-ID: \"R\" <sip:+4960@h>;party=calling;screen=yes";
    check(&format!("{FROM}{remote};privacy=off\r\n"), ("+4960", "R", false, true));
    check(&format!("{FROM}{remote};privacy=full\r\n"), ("+4960", "R", true, true));
    check(&format!("{FROM}Remote-Party-ID: <sip:1@h>\r\n"), ("1", "", false, false));
}

#[test]
fn who_calls_by_their_own_word() {
    let asserted = "P-Asserted-Identity: <tel:+4940999>\r\n";
    let c = claimed(&message(&format!("{FROM}{asserted}")));
    assert_eq!((&c.address.expose_secret()[..], c.asserted), ("+4930123456", false));
    let c = claimed(&message(&format!("{HIDDEN}P-Preferred-Identity: \"P\" <sip:100@h>\r\n")));
    assert_eq!((&c.address.expose_secret()[..], c.withheld), ("100", true), "known, and not to be shown");
    let c = claimed(&message(&format!("{HIDDEN}P-Preferred-Identity: <sip:100@h>\r\nPrivacy: none\r\n")));
    assert_eq!((&c.address.expose_secret()[..], c.withheld), ("100", false));
    let c = claimed(&message(""));
    assert_eq!((&c.address.expose_secret()[..], c.withheld), ("", true));
}

#[test]
fn what_cannot_be_read_names_nobody() {
    for from in
        ["From: ", "From: <", "From: <sip:", "From: \"x", "From: <sip:a@b", "From: ;;;", "From: <mailto:>"]
    {
        let c = caller(&message(&format!("{from}\r\n")));
        assert!(c.address.expose_secret().len() < 20, "{from}");
    }
    let long = "1".repeat(5_000);
    let c = caller(&message(&format!("From: \"{long}\" <sip:{long}@h>;tag=1\r\n")));
    assert_eq!((c.address.expose_secret().len(), c.display.expose_secret().len()), (200, 200));
    let c = caller(&message("From: \"a\u{1}\u{7f}b\" <sip:x@h>\r\n"));
    assert_eq!(&c.display.expose_secret()[..], "ab");
    // Nothing prints who it is.
    let shown = format!(
        "{:?} {:?}",
        caller(&message(FROM)),
        diverted_from(&message("Diversion: <tel:+4930555>\r\n"))
    );
    assert!(!shown.contains("4930") && !shown.contains("Anna"), "{shown}");
}

fn diverted(lines: &str) -> Vec<(String, Why, bool)> {
    let all = diverted_from(&message(lines));
    all.iter().map(|d| (d.address.expose_secret().clone(), d.why, d.withheld)).collect()
}

fn one(address: &str, why: Why, withheld: bool) -> (String, Why, bool) {
    (address.into(), why, withheld)
}

#[test]
fn whom_the_call_was_for_before() {
    assert_eq!(diverted(FROM), []);
    let two = "Diversion: \"B\" <sip:+492@h>;reason=user-busy;counter=1;privacy=off, <tel:+491>;reason=\"no-answer\"\r\n";
    assert_eq!(diverted(two), [one("+492", Why::Busy, false), one("+491", Why::NoAnswer, false)]);
    let odd = "Diversion: <sip:+493@h>;reason=what;privacy=full\r\nDiversion: <sip:anonymous@anonymous.invalid>\r\n";
    assert_eq!(diverted(odd), [one("+493", Why::Unknown, true), one("", Why::Unknown, true)]);
    // RFC 7044: each entry but the last was left, by its own Reason or the cause of the next.
    let escaped = "History-Info: <sip:+491@h?Reason=SIP%3Bcause%3D486>;index=1,<sip:+492@h;cause=486>;index=1.1\r\n\
                   History-Info: <sip:+493@h;cause=302>;index=1.2\r\n";
    assert_eq!(diverted(escaped), [one("+492", Why::Unconditional, false), one("+491", Why::Busy, false)]);
    // As Microsoft's proxy sends it, unescaped.
    let teams = "HISTORY-INFO: <sip:+442079460122@sip.example;user=phone?Reason=SIP;cause=302;text=\"Moved Temporarily\">;index=1\r\n";
    assert_eq!(diverted(teams), [one("+442079460122", Why::Unconditional, false)]);
    let private = "History-Info: <sip:+491@h?Reason=SIP%3Bcause%3D408&Privacy=history>;index=1\r\n";
    assert_eq!(diverted(private), [one("+491", Why::NoAnswer, true)]);
    assert_eq!(diverted("History-Info: <sip:+491@h>;index=1\r\n"), [], "where it goes is no diversion");
    let many = "Diversion: <sip:1@h>\r\n".repeat(100);
    assert_eq!(diverted(&many).len(), 10);
    let many = "History-Info: <sip:1@h?Reason=SIP%3Bcause%3D408>\r\n".repeat(100);
    assert_eq!(diverted(&many).len(), 10);
}

#[test]
fn every_reason_of_a_diversion_is_read_in_words_and_by_its_cause() {
    for (word, cause, why) in [
        ("user-busy", 486, Why::Busy),
        ("no-answer", 408, Why::NoAnswer),
        ("unconditional", 302, Why::Unconditional),
        ("unavailable", 503, Why::Unavailable),
        ("deflection", 480, Why::Deflected),
    ] {
        let said = diverted(&format!("Diversion: <sip:+491@h>;reason={word};privacy=full\r\n"));
        assert_eq!(said, [one("+491", why, true)], "{word}");
        let entry =
            format!("History-Info: <sip:+491@h?Reason=SIP%3Bcause%3D{cause}&Privacy=history>;index=1\r\n");
        assert_eq!(diverted(&entry), [one("+491", why, true)], "{cause}");
    }
}
