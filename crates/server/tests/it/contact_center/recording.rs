//! Consent, recordings and messages.

use super::{AGENT, CALLER, Centre, MUSIC, words};
use crate::desk::channels;
use crate::listening::tones_in;

#[test]
fn a_call_is_recorded_after_consent_and_not_without() {
    let mut c = Centre::open();
    let phone = c.reaches_topics("+49421555801");
    c.desk.press(phone, "0");
    let greta = c.answers("greta");
    c.talk(phone, greta);
    c.desk.pass(1_000);
    let call = c.over(phone, "+49421555801");
    c.desk.ended(greta);
    let words_of = words(&call);
    let at = |what: &str| words_of.iter().position(|w| *w == what);
    assert!(at("consent-announced").unwrap() < at("recording-started").unwrap(), "{words_of:?}");
    let id = call["recordings"][0].as_str().unwrap();
    let (left, right) = channels(&c.program.bytes(&format!("/recordings/{id}"), None).1);
    let voices = [CALLER, AGENT, MUSIC, 1000, 1150].into_iter();
    assert_eq!(tones_in(&left, voices.clone()), [CALLER], "what was said before is in no recording");
    assert_eq!(tones_in(&right, voices), [AGENT]);

    // 9 is an objection, while the announcement is heard or just after it.
    let phone = c.dial("+49421555802", super::HOTLINE);
    c.choose(phone, 300, "1");
    c.choose(phone, 1000, "9");
    c.choose(phone, 1150, "0");
    let greta = c.answers("greta");
    c.talk(phone, greta);
    let call = c.over(phone, "+49421555802");
    c.desk.ended(greta);
    let words_of = words(&call);
    assert!(words_of.contains(&"consent-refused"), "{words_of:?}");
    assert!(!words_of.contains(&"consent-announced") && !words_of.contains(&"recording-started"));
    assert_eq!(call["recordings"].as_array().unwrap().len(), 0);
    assert_eq!(c.prompts(phone), [300, 1000, 1150]);
    c.program.stop();
}

#[test]
fn a_message_is_what_the_caller_said_and_is_listed() {
    let mut c = Centre::open();
    let phone = c.reaches_topics("+49421555801");
    c.desk.press(phone, "4");
    c.desk.hears_prompt(phone, 2050);
    c.desk.hears_prompt(phone, 1900);
    c.message_begins("+49421555801");
    c.desk.pass(2_500);
    c.desk.press(phone, "#");
    c.desk.ended(phone);
    let call = c.record("+49421555801");
    assert_eq!(c.heard(phone), [300, 1000, 1150, 2050, 1900]);
    let program = &c.program;
    let message = c.desk.until("the message is listed", |_| {
        let (_, list) = program.get("/messages?mailbox=reception");
        list["items"].as_array()?.first().cloned()
    });
    assert_eq!(message["call"], call["id"]);
    let length = message["length_ms"].as_u64().unwrap();
    assert!((2_500..10_000).contains(&length), "{length}");
    let id = message["id"].as_str().unwrap();
    let (left, right) = channels(&c.program.bytes(&format!("/recordings/{id}"), None).1);
    assert_eq!(tones_in(&left, [CALLER, 1900, 2050].into_iter()), [CALLER]);
    assert!(left.len() > 8_000 * 2, "{} samples", left.len());
    assert!(tones_in(&right, [CALLER, 1900, 2050].into_iter()).is_empty());
    c.program.stop();
}
