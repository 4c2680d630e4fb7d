//! Transfers, consultations and conferences, judged by who hears whom.

use crate::supervision::{AGENT, CALLER, MUSIC, THIRD, Talk, answers};
use serde_json::{Value, json};

/// Role and agent of each leg, in the order in which they began.
fn legs(call: &Value) -> Vec<(String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_string();
    let number = |l: &Value| l["id"].as_str().unwrap()[1..].parse::<u64>().unwrap();
    let mut legs = call["legs"].as_array().unwrap().clone();
    legs.sort_by_key(number);
    legs.iter().map(|l| (text(&l["role"]), text(&l["agent"]))).collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect()
}

/// A blind transfer; `far` is who then rings.
fn blind(to: Value, far: &str, leg: (&str, &str)) {
    let mut t = Talk::begin();
    let (caller, agent) = (t.caller, t.agent);
    t.act(json!({"by": "agent1", "action": "transfer", "to": to}));
    t.desk.ended(agent);
    let third = answers(&mut t.desk, far, THIRD);
    t.heard(&[(caller, &[THIRD]), (third, &[CALLER])]);
    t.desk.hang_up(caller);
    t.desk.ended(third);
    let call = t.record();
    assert_eq!(legs(&call), pairs(&[("caller", ""), ("agent", "agent1"), leg]));
    assert_eq!(call["reason"], "hung-up");
    t.program.stop();
}

#[test]
fn blind_to_an_agent() {
    blind(json!({"agent": "agent3"}), "agent3", ("agent", "agent3"));
}

#[test]
fn blind_to_a_queue() {
    blind(json!({"queue": "second"}), "agent2", ("agent", "agent2"));
}

#[test]
fn who_gave_a_call_to_another_queue_finishes_it_for_their_own() {
    let long = |desk: &_| crate::supervision::tenant(desk).replacen("wrap_up: 1s", "wrap_up: 60s", 1);
    let mut t = Talk::begin_with(long);
    let (caller, agent) = (t.caller, t.agent);
    t.act(json!({"by": "agent1", "action": "transfer", "to": {"queue": "second"}}));
    t.desk.ended(agent);
    let third = answers(&mut t.desk, "agent2", THIRD);
    t.heard(&[(caller, &[THIRD]), (third, &[CALLER])]);
    assert_eq!(t.program.get(&format!("/calls/{}", t.call)).1["queue"], "second");
    for (agent, state, queue) in [("agent1", "wrap-up", "first"), ("agent2", "talking", "second")] {
        let now = t.program.get(&format!("/agents/{agent}/state")).1;
        assert_eq!((&now["state"], &now["queue"]), (&json!(state), &json!(queue)), "{now}");
    }
    assert_eq!(t.program.get("/agents/agent3/state").1["queue"], Value::Null);
    t.desk.hang_up(third);
    t.record();
    t.program.stop();
}

#[test]
fn blind_to_a_number() {
    blind(json!({"number": "042155599"}), "+4942155599", ("party", ""));
}

#[test]
fn a_number_that_may_not_be_called_is_refused_and_the_conversation_goes_on() {
    let mut t = Talk::begin();
    let (caller, agent) = (t.caller, t.agent);
    for number in ["+49900123456", "+33155501", "olga"] {
        let action = json!({"by": "agent1", "action": "transfer", "to": {"number": number}});
        let (status, said) = t.program.post_json(&format!("/calls/{}/actions", t.call), &action);
        assert_eq!(status, 422, "{number}: {said}");
        assert!(said.to_string().contains("may not be called"), "{number}: {said}");
    }
    t.heard(&[(caller, &[AGENT]), (agent, &[CALLER])]);
    t.desk.hang_up(agent);
    t.desk.ended(caller);
    t.program.stop();
}

#[test]
fn who_does_not_take_a_blind_transfer_leaves_the_caller_in_the_queue_again() {
    let mut t = Talk::begin();
    let (caller, agent) = (t.caller, t.agent);
    t.act(json!({"by": "agent1", "action": "transfer", "to": {"agent": "agent3"}}));
    t.desk.ended(agent);
    let (third, who) = t.desk.rings();
    assert_eq!(who, "agent3");
    let now = t.desk.now();
    t.desk.phones.decline(now, third, 486);
    // The first queue's agent is rung again when the wrap-up is over.
    let agent = answers(&mut t.desk, "agent1", AGENT);
    t.heard(&[(caller, &[AGENT]), (agent, &[CALLER])]);
    t.desk.hang_up(caller);
    t.desk.ended(agent);
    let call = t.record();
    let timeline = call["timeline"].as_array().unwrap();
    assert!(timeline.iter().any(|m| m["what"] == "returned-to"), "{timeline:?}");
    t.program.stop();
}

#[test]
fn a_consultation_that_completes_is_one_record_with_three_legs() {
    let mut t = Talk::begin();
    let (caller, agent) = (t.caller, t.agent);
    t.act(json!({"by": "agent1", "action": "consult", "to": {"agent": "agent3"}}));
    let third = answers(&mut t.desk, "agent3", THIRD);
    t.heard(&[(third, &[AGENT]), (agent, &[THIRD]), (caller, &[MUSIC])]);
    t.act(json!({"by": "agent1", "action": "complete"}));
    t.desk.ended(agent);
    t.heard(&[(caller, &[THIRD]), (third, &[CALLER])]);
    t.desk.hang_up(third);
    t.desk.ended(caller);
    let call = t.record();
    assert_eq!(legs(&call), pairs(&[("caller", ""), ("agent", "agent1"), ("agent", "agent3")]));
    assert_eq!(call["agent"], "agent3");
    let (_, all) = t.program.get("/calls");
    assert_eq!(all["items"].as_array().unwrap().len(), 1, "one record");
    t.program.stop();
}

#[test]
fn three_in_a_conference_hear_each_other_and_two_go_on() {
    let mut t = Talk::begin();
    let (caller, agent) = (t.caller, t.agent);
    t.act(json!({"by": "agent1", "action": "consult", "to": {"queue": "second"}}));
    let third = answers(&mut t.desk, "agent2", THIRD);
    t.heard(&[(third, &[AGENT]), (agent, &[THIRD]), (caller, &[MUSIC])]);
    t.act(json!({"by": "agent1", "action": "join"}));
    t.heard(&[(caller, &[AGENT, THIRD]), (agent, &[CALLER, THIRD]), (third, &[CALLER, AGENT])]);
    t.desk.hang_up(agent);
    t.heard(&[(caller, &[THIRD]), (third, &[CALLER])]);
    t.desk.hang_up(caller);
    t.desk.ended(third);
    assert_eq!(legs(&t.record()).len(), 3);
    t.program.stop();
}

#[test]
fn a_consultation_that_is_given_up_or_not_answered_brings_the_caller_back() {
    let mut t = Talk::begin();
    let (caller, agent) = (t.caller, t.agent);
    t.act(json!({"by": "agent1", "action": "consult", "to": {"number": "+4942155599"}}));
    let third = answers(&mut t.desk, "+4942155599", THIRD);
    t.heard(&[(third, &[AGENT]), (agent, &[THIRD]), (caller, &[MUSIC])]);
    t.act(json!({"by": "agent1", "action": "abort"}));
    t.desk.ended(third);
    t.heard(&[(caller, &[AGENT]), (agent, &[CALLER])]);
    // Now somebody who does not want to be asked.
    t.act(json!({"by": "agent1", "action": "consult", "to": {"agent": "agent3"}}));
    let (third, _) = t.desk.rings();
    t.heard(&[(caller, &[MUSIC])]);
    let now = t.desk.now();
    t.desk.phones.decline(now, third, 486);
    t.heard(&[(caller, &[AGENT]), (agent, &[CALLER])]);
    t.desk.hang_up(caller);
    t.desk.ended(agent);
    let call = t.record();
    assert_eq!(legs(&call).len(), 4);
    assert_eq!(call["agent"], "agent1");
    t.program.stop();
}

#[test]
fn an_agents_phone_joins_the_caller_with_the_one_it_called() {
    for backwards in [false, true] {
        let mut t = Talk::begin();
        let (caller, agent, at) = (t.caller, t.agent, t.program.sip);
        t.desk.hold(agent, true);
        t.heard(&[(caller, &[MUSIC])]);
        let second = t.desk.dial("agent1", "", at, "+4942155599", AGENT);
        let third = answers(&mut t.desk, "+4942155599", THIRD);
        t.heard(&[(third, &[AGENT]), (second, &[THIRD]), (caller, &[MUSIC])]);
        let (phone, with) = if backwards { (second, agent) } else { (agent, second) };
        assert_eq!(t.desk.join(phone, with, at), 200);
        t.desk.ended(agent);
        t.desk.ended(second);
        t.heard(&[(caller, &[THIRD]), (third, &[CALLER])]);
        t.desk.hang_up(caller);
        t.desk.ended(third);
        let call = t.record();
        assert_eq!(legs(&call), pairs(&[("caller", ""), ("agent", "agent1"), ("party", "")]));
        assert_eq!(
            (&call["reason"], call["recordings"].as_array().map(Vec::len)),
            (&json!("hung-up"), Some(1))
        );
        let (_, all) = t.program.get("/calls");
        let other = all["items"].as_array().unwrap().iter().find(|c| c["id"] != call["id"]).unwrap();
        assert_eq!(other["reason"], "transferred", "{other}");
        t.program.stop();
    }
}

#[test]
fn calls_of_two_agents_are_not_joined_and_go_on() {
    let mut t = Talk::begin();
    let (caller, agent, at) = (t.caller, t.agent, t.program.sip);
    let other = t.desk.dial("agent2", "", at, "+4942155599", THIRD);
    let far = answers(&mut t.desk, "+4942155599", THIRD);
    t.desk.answered(other);
    assert_eq!(t.desk.join(agent, other, at), 403);
    t.heard(&[(caller, &[AGENT]), (agent, &[CALLER])]);
    t.desk.hang_up(far);
    t.desk.ended(other);
    t.desk.hang_up(caller);
    t.desk.ended(agent);
    t.program.stop();
}

#[test]
fn a_person_takes_a_call_over_from_their_other_telephone_and_nobody_else_does() {
    let mut t = Talk::begin();
    let (caller, agent, at) = (t.caller, t.agent, t.program.sip);
    let stranger = t.desk.take_over("agent2", at, agent, THIRD);
    assert_eq!(t.desk.refused(stranger), 403);
    let outsider = t.desk.take_over("+4942155503", at, agent, THIRD);
    assert_eq!(t.desk.refused(outsider), 481, "over a trunk there is no such call");
    t.heard(&[(caller, &[AGENT])]);
    let second = t.desk.take_over("agent1", at, agent, THIRD);
    t.desk.answered(second);
    t.desk.ended(agent);
    t.heard(&[(caller, &[THIRD]), (second, &[CALLER])]);
    t.desk.hang_up(second);
    t.desk.ended(caller);
    let call = t.record();
    assert_eq!(
        legs(&call),
        pairs(&[("caller", ""), ("agent", "agent1")]),
        "for the record it is one telephone"
    );
    assert_eq!(call["ended_by"], "agent");
    // Another call: the telephone rings and is answered elsewhere.
    let caller = t.desk.dial("+4942155502", "", at, "100", CALLER);
    let (rings, _) = t.desk.rings();
    t.heard(&[(caller, &[MUSIC])]);
    let second = t.desk.take_over("agent1", at, rings, THIRD);
    t.desk.answered(second);
    t.desk.ended(rings);
    t.heard(&[(caller, &[THIRD]), (second, &[CALLER])]);
    t.desk.hang_up(caller);
    t.desk.ended(second);
    t.program.stop();
}
