//! Flows as people write them, and the graph that the engine gets.

use super::*;
use crate::tenant::DialPlan;
use crate::tenant::destination::Classes;
use crate::tenant::everything::Names;
use engine::{Class, TollPolicy};
use serde_json::json;

fn scope() -> Scope {
    let mut names = Names::default();
    for (kind, id, n) in [
        ("Prompt", "p", 1),
        ("Prompt", "w", 2),
        ("Queue", "q", 3),
        ("User", "u", 4),
        ("Skill", "s", 5),
        ("Hours", "h", 6),
        ("Flow", "g", 7),
        ("LookUp", "l", 8),
        ("SecureEntry", "c", 9),
        ("Number", "n", 10),
    ] {
        names.add(kind, id, n);
    }
    Scope {
        names,
        languages: vec!["de".into(), "en".into()],
        attributes: vec![("level".into(), vec!["gold".into(), "tin".into()])],
        lists: vec!["bad".into(), "vip".into()],
        digits: [("pin".to_string(), vec!["12".to_string(), "34".into()])].into(),
        ..Scope::default()
    }
}

fn compiled(flow: serde_json::Value) -> Compiled {
    let flow: Flow = serde_json::from_value(flow).unwrap();
    let scope = scope();
    let look_up_ms = [("l".to_string(), 2_500)].into();
    let dial_plan = DialPlan {
        country_code: "49".into(),
        national_prefix: "0".into(),
        international_prefix: "00".into(),
        allow: vec!["+49".into()],
        deny: Vec::new(),
        whole: false,
    };
    let classes = Classes::new(Some("DE"), &dial_plan, None);
    let policy = TollPolicy::default();
    let gate = Gate { plan: &dial_plan, classes: &classes, policy: &policy };
    let known = Known { scope: &scope, gate: Some(gate), goes_out: true, look_up_ms: &look_up_ms };
    compile(20, &flow, &known)
}

// One step before a last one, with a branch `b` behind both: the step's next is 1, and `b` is 2.
#[track_caller]
fn check(step: serde_json::Value, expected: Step, next: At) {
    let made = compiled(json!({"steps": [step, {"hang-up": true}], "branches": {"b": [{"hang-up": true}]}}));
    assert_eq!(made.faults, []);
    assert_eq!(made.flow.nodes[0], Node { step: expected, next });
}

const P: PromptId = PromptId(1);
const W: PromptId = PromptId(2);
const Q: QueueId = QueueId(3);

#[test]
fn steps_that_only_go_on() {
    check(json!({"answer": true}), Step::Answer, 1);
    check(json!({"say": "p"}), Step::Say { prompt: P }, 1);
    check(json!({"record": false}), Step::Record { on: false }, 1);
    check(json!({"language": "en"}), Step::Language { language: engine::LanguageId(1) }, 1);
    check(json!({"priority": 4}), Step::Priority { steps: 4 }, 1);
    check(json!({"need": {"skill": "s", "level": 7}}), Step::Need { skill: SkillId(5), level: 7 }, 1);
    check(
        json!({"set": {"attribute": "level", "value": "tin"}}),
        Step::Attribute { attribute: engine::AttributeId(0), value: 1 },
        1,
    );
    check(json!({"run": "g"}), Step::Run { flow: FlowId(7) }, 1);
    check(json!({"go": "b"}), Step::Go, 2);
    check(json!({"hang-up": true}), Step::HangUp, END);
}

#[test]
fn steps_that_ask() {
    check(
        json!({"consent": {"prompt": "p", "opt_out": {"key": "9", "go": "b"}, "wait": "2s"}}),
        Step::Consent { prompt: P, opt_out: Some(('9', 2)), wait_ms: 2_000 },
        1,
    );
    check(
        json!({"menu": {"prompt": "p", "keys": {"1": "b", "#": "b"}, "wrong": "w", "tries": 2}}),
        Step::Menu { prompt: P, keys: vec![('#', 2), ('1', 2)], wait_ms: 5_000, tries: 2, wrong: Some(W) },
        1,
    );
    let collect = |failed| Step::Collect {
        slot: slot_id("pin"),
        prompt: P,
        digits: (2, 4),
        first_ms: 8_000,
        next_ms: 4_000,
        tries: 3,
        wrong: None,
        failed,
    };
    check(json!({"collect": {"slot": "pin", "prompt": "p", "digits": [2, 4], "failed": "b"}}), collect(2), 1);
    // Without a branch of its own a failure goes on as success does.
    check(json!({"collect": {"slot": "pin", "prompt": "p", "digits": [2, 4]}}), collect(1), 1);
    check(
        json!({"secure": {"entry": "c", "failed": "b"}}),
        Step::Secure { secure: SecureId(9), failed: 2 },
        1,
    );
    check(
        json!({"look-up": {"look_up": "l", "failed": "b"}}),
        Step::LookUp { look_up: LookUpId(8), wait_ms: 2_500, failed: 2 },
        1,
    );
}

#[test]
fn tests_of_branches() {
    let hours = HoursId(6);
    for (test, expected) in [
        (json!({"number": "n"}), Test::Number(NumberId(10))),
        (json!({"language": "en"}), Test::Language(engine::LanguageId(1))),
        (json!({"attribute": {"name": "level", "value": "tin"}}), Test::Attribute(engine::AttributeId(0), 1)),
        (json!({"digits": {"slot": "pin", "value": "34"}}), Test::Digits(slot_id("pin"), 2)),
        (json!({"withheld": true}), Test::Withheld),
        (json!({"country": "FR"}), Test::Country(*b"FR")),
        (json!({"list": "vip"}), Test::List(1)),
        (json!({"open": "h"}), Test::Open(hours)),
        (json!({"holiday": "h"}), Test::Holiday(hours)),
        (json!({"emergency": "h"}), Test::Emergency(hours)),
        (json!({"waiting": {"queue": "q", "at_least": 5}}), Test::Waiting(Q, 5)),
        (json!({"free": {"queue": "q", "at_least": 1}}), Test::Free(Q, 1)),
        (json!({"signed_in": {"queue": "q", "at_least": 2}}), Test::SignedIn(Q, 2)),
        (json!({"expected": {"queue": "q", "at_least": "2m"}}), Test::Expected(Q, 120_000)),
    ] {
        check(json!({"branch": [{"if": test, "go": "b"}]}), Step::Branch { cases: vec![(expected, 2)] }, 1);
    }
}

#[test]
fn hours_ask_for_emergency_first_then_holiday_then_open() {
    let h = HoursId(6);
    check(
        json!({"hours": {"hours": "h", "closed": "b", "holiday": "b", "emergency": "b"}}),
        Step::Branch { cases: vec![(Test::Emergency(h), 2), (Test::Holiday(h), 2), (Test::Open(h), 1)] },
        2,
    );
    check(
        json!({"hours": {"hours": "h", "closed": "b"}}),
        Step::Branch { cases: vec![(Test::Open(h), 1)] },
        2,
    );
}

#[test]
fn steps_that_find_somebody() {
    check(json!({"queue": "q"}), Step::Queue { queue: Q, overflow: Vec::new() }, 1);
    check(
        json!({"queue": {"queue": "q", "overflow": [
            {"after": "60s", "go": "b"}, {"waiting_over": 3, "go": "b"},
            {"expected_over": "5m", "go": "b"}, {"nobody_signed_in": true, "go": "b"}]}}),
        Step::Queue {
            queue: Q,
            overflow: vec![
                (Overflow::After(60_000), 2),
                (Overflow::WaitingOver(3), 2),
                (Overflow::ExpectedOver(300_000), 2),
                (Overflow::NobodySignedIn, 2),
            ],
        },
        1,
    );
    check(
        json!({"connect": {"agent": "u", "ring_time": "7s"}}),
        Step::ConnectAgent { agent: AgentId(4), ring_ms: 7_000 },
        1,
    );
    let voicemail = |mailbox| Step::Voicemail { mailbox, prompt: P, max_ms: 60_000 };
    check(
        json!({"voicemail": {"of": "q", "prompt": "p", "longest": "1m"}}),
        voicemail(mailbox::of_queue(3)),
        1,
    );
    check(
        json!({"voicemail": {"of": "u", "prompt": "p", "longest": "1m"}}),
        voicemail(mailbox::of_user(4)),
        1,
    );
}

#[test]
fn a_number_outside_is_rung_over_the_trunk() {
    let made = compiled(json!({"steps": [{"connect": {"number": "030123456"}}]}));
    let [(target, to)] = &made.outside[..] else { panic!("one number") };
    assert_eq!((target.0 >> NODE_BITS, to.number.as_str()), (20, "+4930123456"));
    assert_eq!(to.classified.destination.class, Class::Own);
    for bad in ["0033123456789", "0900123456", "112"] {
        let made = compiled(json!({"steps": [{"connect": {"number": bad}}]}));
        assert_eq!(made.faults[0].0, "/steps/0/connect/number", "{bad}");
    }
}

#[test]
fn the_end_of_each_sequence_is_the_end() {
    let say = json!({"say": "p"});
    let made = compiled(json!({
        "steps": [say, {"menu": {"prompt": "p", "keys": {"1": "a", "2": "b"}}}],
        "branches": {"a": [say, say], "b": [say]}
    }));
    let next: Vec<At> = made.flow.nodes.iter().map(|n| n.next).collect();
    assert_eq!(next, [1, END, 3, END, END]);
    assert_eq!(made.starts, [("a".to_string(), 2), ("b".to_string(), 4)].into());
    assert_eq!(made.places, ["/steps/0", "/steps/1", "/branches/a/0", "/branches/a/1", "/branches/b/0"]);
}

#[test]
fn fixed_addresses_stay_apart_in_long_flows() {
    let connect = json!({"connect": {"to": "sip:x@192.0.2.10:5060"}});
    let steps = vec![connect; 200];
    let branches: serde_json::Map<String, serde_json::Value> =
        (0..18).map(|n| (format!("b{n}"), json!(steps.clone()))).collect();
    let made = compiled(json!({"steps": steps, "branches": branches}));
    assert_eq!(made.faults, []);
    let ids: BTreeSet<TargetId> = made.targets.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids.len(), 3_800);
    // None of them belongs to the flow before or behind.
    assert!(ids.iter().all(|id| id.0 >> NODE_BITS == 20));
}

#[test]
fn a_flow_that_is_too_long_is_refused() {
    let steps = vec![json!({"answer": true}); 200];
    let branches: serde_json::Map<String, serde_json::Value> =
        (0..20).map(|n| (format!("b{n}"), json!(steps.clone()))).collect();
    let made = compiled(json!({"steps": steps, "branches": branches}));
    assert!(made.faults[0].1.contains("has 4200 steps: at most 4000"), "{:?}", made.faults);
}
