//! Calling back: offered by a key, to the number of the call or another one, with the agent or the customer first.

use crate::contact_center::{AGENT, Centre, MUSIC, moment, words};
use serde_json::{Value, json};
use sim::PhoneId;

/// The customer's telephone, when it is called back.
const CUSTOMER: u32 = 470;

/// A caller of support whom nobody can serve now: everybody is on a break.
fn waits_for_support(c: &mut Centre, from: &str) -> PhoneId {
    for agent in ["ben", "claire", "david"] {
        c.program.set_agent(agent, "break");
    }
    let phone = c.reaches_topics(from);
    c.desk.press(phone, "2");
    c.choose(phone, 1600, "55555#");
    c.desk.hears_prompt(phone, MUSIC);
    phone
}

fn promised(c: &Centre) -> Value {
    let (status, list) = c.program.get("/callbacks");
    assert_eq!(status, 200);
    list
}

/// Nothing is promised any more.
#[track_caller]
fn kept(c: &mut Centre) {
    let program = &c.program;
    c.desk.until("no promise is left", |_| {
        program.get("/callbacks").1.as_array().filter(|l| l.is_empty()).map(|_| ())
    });
}

/// The agent's phone first, then the customer's; both talk.
fn agent_first(c: &mut Centre, number: &str) {
    c.program.set_agent("david", "available");
    let agent = c.answers("david");
    c.desk.answered(agent);
    let (customer, who) = c.desk.rings();
    assert_eq!(who, number, "at the address of the trunk");
    assert_eq!(
        c.desk.phones.caller(customer),
        Some("+49421555200"),
        "the customer sees the number they called"
    );
    c.desk.answer(customer, CUSTOMER);
    c.desk.hears_prompt(customer, AGENT);
    c.desk.hears_prompt(agent, CUSTOMER);
    kept(c);
    c.desk.hang_up(customer);
    c.desk.ended(agent);
}

#[test]
fn a_confirmed_number_is_called_back_with_the_agent_first() {
    let mut c = Centre::open();
    let from = "+49421555801";
    let phone = waits_for_support(&mut c, from);
    // The offer is heard over the music after some seconds.
    c.choose(phone, 2350, "5");
    c.choose(phone, 500, "1");
    c.desk.hears_prompt(phone, 600);
    c.desk.ended(phone);
    let call = c.record(from);
    assert_eq!(
        (&call["reason"], &call["outcome"], &call["ended_by"]),
        (&json!("callback-promised"), &json!("callback"), &json!("switchroom"))
    );
    assert_eq!(c.heard(phone), [300, 1000, 1150, 1600, MUSIC, 2350, 500, 600]);
    let list = promised(&c);
    assert_eq!((list.as_array().unwrap().len(), &list[0]["queue"]), (1, &json!("support")));
    let id = moment(&call, "callback-promised")["callback"].clone();
    assert_eq!(list[0]["id"], id);
    agent_first(&mut c, from);
    let program = &c.program;
    let second = c.desk.until("the call back is over", |_| {
        let (_, list) = program.get("/calls");
        let ended =
            list["items"].as_array()?.iter().find(|k| k["state"] == "ended" && k["id"] != call["id"])?;
        Some(program.get(&format!("/calls/{}", ended["id"].as_str()?)).1)
    });
    assert_eq!((&second["agent"], &second["queue"]), (&json!("david"), &json!("support")));
    assert_eq!(moment(&second, "callback-tried")["callback"], id);
    assert!(words(&second).contains(&"recording-started"), "who agreed to being recorded still does");
    c.program.stop();
}

#[test]
fn another_number_is_keyed_and_one_that_may_not_be_called_is_refused() {
    let mut c = Centre::open();
    let from = "+49421555801";
    let phone = waits_for_support(&mut c, from);
    // The key works before the offer too. A premium number first, then one abroad, which leave the caller waiting.
    for refused in ["0900123456#", "0012125550100#"] {
        c.desk.press(phone, "5");
        c.choose(phone, 500, "2");
        c.choose(phone, 550, refused);
        c.desk.hears_prompt(phone, 650);
        c.desk.hears_prompt(phone, MUSIC);
    }
    assert_eq!(promised(&c), json!([]));
    c.call(from, "it still waits", |call| (call["state"] == "waiting").then_some(()));
    c.desk.press(phone, "5");
    c.choose(phone, 500, "2");
    c.choose(phone, 550, "0421555777#");
    c.desk.hears_prompt(phone, 600);
    c.desk.ended(phone);
    let call = c.record(from);
    assert!(words(&call).contains(&"callback-refused"));
    assert!(!call.to_string().contains("555777"), "the number is personal: not in what happened");
    agent_first(&mut c, "+49421555777");
    let log = c.program.stop();
    for digits in ["421555777", "900123456", "2125550100"] {
        assert!(!log.contains(digits), "nor in the log");
    }
}

#[test]
fn the_customer_first_then_the_agent() {
    let mut c = Centre::open_with(
        &[("callback:\n  key: \"5\"", "callback:\n  agent_first: false\n  key: \"5\"")],
        None,
    );
    let from = "+49421555801";
    let phone = waits_for_support(&mut c, from);
    c.desk.press(phone, "5");
    c.choose(phone, 500, "1");
    c.desk.hears_prompt(phone, 600);
    c.desk.ended(phone);
    c.program.set_agent("david", "available");
    let (customer, who) = c.desk.rings();
    assert_eq!(who, from);
    c.desk.answer(customer, CUSTOMER);
    c.desk.hears_prompt(customer, 700);
    let agent = c.answers("david");
    c.desk.hears_prompt(customer, AGENT);
    c.desk.hears_prompt(agent, CUSTOMER);
    kept(&mut c);
    c.desk.hang_up(agent);
    c.desk.ended(customer);
    c.program.stop();
}

#[test]
fn a_customer_who_does_not_answer_is_tried_again_and_a_promise_can_be_cancelled() {
    let mut c = Centre::open_with(&[("retry: 1m", "retry: 10s")], None);
    let from = "+49421555801";
    let phone = waits_for_support(&mut c, from);
    c.desk.press(phone, "5");
    c.choose(phone, 500, "1");
    c.desk.ended(phone);
    c.program.set_agent("david", "available");
    for attempt in 1..=2 {
        let agent = c.answers("david");
        c.desk.answered(agent);
        let (customer, who) = c.desk.rings();
        assert_eq!(who, from);
        let now = c.desk.now();
        c.desk.phones.decline(now, customer, 486);
        c.desk.ended(agent);
        let program = &c.program;
        c.desk.until("it is tried again later", |_| {
            let (_, list) = program.get("/callbacks");
            (list[0]["state"] == "paused" && list[0]["tries"] == attempt).then_some(())
        });
    }
    let id = promised(&c)[0]["id"].as_str().unwrap().to_string();
    assert_eq!(c.program.delete(&format!("/callbacks/{id}")), 204);
    assert_eq!(promised(&c), json!([]));
    assert!(c.program.get("/audit?limit=500").1.to_string().contains("callback.cancel"));
    c.program.stop();
}
