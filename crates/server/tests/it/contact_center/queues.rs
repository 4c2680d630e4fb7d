//! Queues: skills that relax, overflow, announcements, the last agent.

use super::{AGENT, Centre, MUSIC, between, moment, words};

#[test]
fn an_agent_without_the_skill_is_rung_only_after_the_step() {
    let mut c = Centre::open_with(
        &[("after: 15s, lower: {skill: german, by: 2}", "after: 4s, lower: {skill: german, by: 2}")],
        None,
    );
    // Ben knows German at level 4, less than the 5 that is asked for, Claire none at all.
    c.program.set_agent("anna", "break");
    let phone = c.reaches_topics("+49421555801");
    c.desk.press(phone, "1");
    let ben = c.answers("ben");
    c.talk(phone, ben);
    let call = c.over(phone, "+49421555801");
    c.desk.ended(ben);
    assert!(between(&call, "queued", "offered") >= 4_000, "{call:#}");
    let order: Vec<_> =
        words(&call).into_iter().filter(|w| ["nobody-free", "relaxed", "offered"].contains(w)).collect();
    assert_eq!(order[0], "nobody-free");
    assert_eq!(order[order.len() - 1], "offered");
    assert!(order.contains(&"relaxed"), "{order:?}");
    assert_eq!(moment(&call, "nobody-free")["lacking"], 2);
    // Who asks for English has the skill at once.
    c.program.set_agent("anna", "offline");
    let phone = c.dial("+49421555802", super::HOTLINE);
    c.choose(phone, 300, "2");
    c.choose(phone, 1200, "1");
    let call = c
        .call("+49421555802", "it is offered", |call| words(call).contains(&"offered").then(|| call.clone()));
    assert!(!words(&call).contains(&"relaxed"));
    c.program.stop();
}

#[test]
fn nobody_signed_in_too_many_waiting_and_too_long_all_go_elsewhere() {
    let mut c = Centre::open_with(
        &[
            ("{waiting_over: 20, go: message}", "{waiting_over: 1, go: message}"),
            ("{after: 2m, go: desk}", "{after: 8s, go: desk}"),
        ],
        None,
    );
    for agent in ["anna", "ben", "claire"] {
        c.program.set_agent(agent, "break");
    }
    // Two wait; the third would be one too many.
    let first = c.reaches_topics("+49421555801");
    c.desk.press(first, "1");
    c.desk.hears_prompt(first, MUSIC);
    let second = c.reaches_topics("+49421555802");
    c.desk.press(second, "1");
    c.desk.hears_prompt(second, MUSIC);
    // The first has waited for too long meanwhile, or soon has: the reception desk.
    let greta = c.answers("greta");
    c.talk(first, greta);
    let call = c.over(first, "+49421555801");
    c.desk.ended(greta);
    assert_eq!(moment(&call, "overflowed")["why"], "waited 8.0 s");
    assert!((8_000..12_000).contains(&between(&call, "queued", "overflowed")), "{call:#}");
    c.over(second, "+49421555802");
    // Nobody at sales, then nobody at reception either: a message.
    for agent in ["anna", "ben", "claire"] {
        c.program.set_agent(agent, "offline");
    }
    let phone = c.reaches_topics("+49421555803");
    c.desk.press(phone, "1");
    let greta = c.answers("greta");
    c.talk(phone, greta);
    let call = c.over(phone, "+49421555803");
    c.desk.ended(greta);
    assert_eq!(moment(&call, "overflowed")["why"], "no agent signed in");
    c.program.set_agent("greta", "offline");
    let phone = c.reaches_topics("+49421555804");
    c.desk.press(phone, "1");
    c.desk.hears_prompt(phone, 2050);
    c.desk.hears_prompt(phone, 1900);
    let call = c.over(phone, "+49421555804");
    assert_eq!(words(&call).iter().filter(|w| **w == "overflowed").count(), 2);
    assert_eq!(c.heard(phone), [300, 1000, 1150, 2050, 1900]);
    c.program.stop();
}

#[test]
fn a_full_queue_takes_nobody_and_too_many_waiting_overflow() {
    let mut c = Centre::open_with(
        &[
            ("{waiting_over: 20, go: message}", "{waiting_over: 1, go: message}"),
            ("max_waiting: 50", "max_waiting: 2"),
        ],
        None,
    );
    for agent in ["anna", "ben", "claire"] {
        c.program.set_agent(agent, "break");
    }
    let waiting: Vec<_> = (1..=2)
        .map(|n| {
            let phone = c.reaches_topics(&format!("+4942155580{n}"));
            c.desk.press(phone, "1");
            c.desk.hears_prompt(phone, MUSIC);
            phone
        })
        .collect();
    let third = c.reaches_topics("+49421555803");
    c.desk.press(third, "1");
    c.desk.hears_prompt(third, 2050);
    let call = c.over(third, "+49421555803");
    assert_eq!(moment(&call, "overflowed")["why"], "more than 1 waiting");
    // With that rule gone, it is the queue itself that takes no more.
    let (status, mut flow) = c.program.get("/flows/reception");
    assert_eq!(status, 200);
    let text = flow.to_string().replace("{\"go\":\"message\",\"waiting_over\":1},", "");
    flow = serde_json::from_str(&text).unwrap();
    let (status, said) = c.program.put("/flows/reception", &flow);
    assert_eq!(status, 200, "{said}");
    let fourth = c.reaches_topics("+49421555804");
    c.desk.press(fourth, "1");
    c.desk.hears_prompt(fourth, 2050);
    let call = c.over(fourth, "+49421555804");
    assert!(words(&call).contains(&"queue-full"), "{:?}", words(&call));
    for (phone, n) in waiting.into_iter().zip(1..) {
        let call = c.over(phone, &format!("+4942155580{n}"));
        assert_eq!(call["outcome"], "abandoned");
    }
    c.program.stop();
}

#[test]
fn who_would_wait_too_long_goes_elsewhere_at_once() {
    let short = [("expected_over: 15m", "expected_over: 1s"), ("at_least: 20m", "at_least: 1s")];
    let mut c = Centre::open_with(&short, None);
    c.program.set_agent("ben", "offline");
    c.program.set_agent("claire", "offline");
    for (topic, agent, queue) in [("1", "anna", "sales"), ("2", "david", "support")] {
        let reach = |c: &mut Centre, from: &str| {
            let phone = c.reaches_topics(from);
            c.desk.press(phone, topic);
            if topic == "2" {
                c.choose(phone, 1600, "22222#");
            }
            phone
        };
        // Somebody is served: from then on the wait can be guessed. Nothing is expected while an agent is free.
        let served = reach(&mut c, "+49421555801");
        let phone = c.answers(agent);
        c.talk(served, phone);
        // Half of the estimate is the handling time: it has to be more than twice the bound.
        let talked = c.desk.now().0 + 2_500_000;
        c.desk.until("they talk for a while", |d| (d.now().0 > talked).then_some(()));
        let call = c.over(served, "+49421555801");
        c.desk.ended(phone);
        if queue == "sales" {
            let dispose = serde_json::json!({"by": agent, "action": "dispose", "disposition": "sold"});
            c.program.act(call["id"].as_str().unwrap(), dispose);
        }
        let state = format!("/agents/{agent}/state");
        c.program.wait_for(&state, |a| (a["state"] == "available").then_some(()));
        let busy = reach(&mut c, "+49421555802");
        let phone = c.answers(agent);
        c.talk(busy, phone);
        // Now the queue is empty, and its only agent is not free.
        let late = reach(&mut c, "+49421555803");
        c.desk.hears_prompt(late, 2050);
        c.desk.hears_prompt(late, 1900);
        let call = c.over(late, "+49421555803");
        match queue {
            "sales" => assert_eq!(moment(&call, "overflowed")["why"], "expected wait over 1.0 s"),
            _ => assert!(words(&call).contains(&"test-held"), "{:?}", words(&call)),
        }
        assert!(!words(&call).contains(&"queued"), "{:?}", words(&call));
        let call = c.over(busy, "+49421555802");
        c.desk.ended(phone);
        assert_eq!((call["queue"].as_str(), call["agent"].as_str()), (Some(queue), Some(agent)));
    }
    c.program.stop();
}

#[test]
fn who_waits_is_told_the_position_and_the_expected_wait_and_comes_to_the_last_agent() {
    let mut c = Centre::open_with(&[("  first: 5s\n  every: 20s", "  first: 1s\n  every: 6s")], None);
    c.program.set_agent("ben", "offline");
    c.program.set_agent("claire", "offline");
    // Somebody was served: from then on the wait can be guessed.
    let phone = c.reaches_topics("+49421555801");
    c.desk.press(phone, "1");
    let anna = c.answers("anna");
    c.talk(phone, anna);
    let call = c.over(phone, "+49421555801");
    c.desk.ended(anna);
    assert_eq!(call["agent"], "anna");
    let id = call["id"].as_str().unwrap();
    // The disposition is forced.
    c.program.wait_for("/agents/anna/state", |a| (a["state"] == "wrap-up").then_some(()));
    c.program.act(id, serde_json::json!({"by": "anna", "action": "dispose", "disposition": "sold"}));
    c.program.wait_for("/agents/anna/state", |a| (a["state"] == "available").then_some(()));
    // She talks with somebody else for long.
    let busy = c.reaches_topics("+49421555803");
    c.desk.press(busy, "1");
    let anna = c.answers("anna");
    c.talk(busy, anna);
    let first = c.reaches_topics("+49421555801");
    c.desk.press(first, "1");
    c.desk.hears_prompt(first, 2200);
    c.desk.hears_prompt(first, 800);
    c.desk.hears_prompt(first, MUSIC);
    let second = c.reaches_topics("+49421555802");
    c.desk.press(second, "1");
    c.desk.hears_prompt(second, 750);
    c.desk.hears_prompt(second, 800);
    c.desk.hears_prompt(second, MUSIC);
    // Free again, for the one who was her caller before.
    let call = c.over(busy, "+49421555803");
    c.desk.ended(anna);
    let dispose = serde_json::json!({"by": "anna", "action": "dispose", "disposition": "not-sold"});
    c.program.act(call["id"].as_str().unwrap(), dispose);
    let anna = c.answers("anna");
    c.talk(first, anna);
    let call = c.over(first, "+49421555801");
    c.desk.ended(anna);
    let told = moment(&call, "told-position");
    assert_eq!(told["position"], 1);
    assert!(words(&call).contains(&"told-wait"));
    assert!(words(&call).contains(&"waits-for-last-agent"), "{:?}", words(&call));
    let call = c.over(second, "+49421555802");
    assert_eq!(moment(&call, "told-position")["position"], 2);
    assert_eq!(c.heard(first)[..6], [300, 1000, 1150, MUSIC, 2200, 800]);
    assert_eq!(c.heard(first).last(), Some(&AGENT));
    c.program.stop();
}
