//! Orders, reasons, what is sent, and what is tried again.

use super::*;
use crate::tenant::objects::Trunk;
use serde_json::{Value, json};

fn germany() -> DialPlan {
    DialPlan {
        country_code: "49".into(),
        national_prefix: "0".into(),
        international_prefix: "00".into(),
        ..DialPlan::default()
    }
}

fn trunk(id: u32, fields: Value) -> TrunkPlan {
    let mut object = json!({"outbound": true, "proxies": [format!("p{id}.example")]});
    for (key, value) in fields.as_object().unwrap() {
        object[key] = value.clone();
    }
    let read: Trunk = serde_json::from_value(object).unwrap();
    TrunkPlan::read(TrunkId(id), &format!("t{id}"), &read, &germany()).unwrap()
}

const TO: Wanted<'_> = Wanted {
    number: "+43123456",
    emergency: false,
    way: Ways::Outside,
    ours: Some("+49421555100"),
    caller: Caller::Ours,
};
const HELP: Wanted<'_> = Wanted { number: "112", emergency: true, ..TO };

fn chosen(trunks: &[(TrunkPlan, Bearing)], wanted: &Wanted<'_>, chance: u64) -> Choice {
    choose(trunks.iter().map(|(t, b)| (t, b)), wanted, &germany(), "pbx.example", chance)
}

fn hosts(choice: &Choice) -> Vec<&str> {
    choice.attempts.iter().map(|a| a.proxy.host.as_str()).collect()
}

fn up(trunk: TrunkPlan) -> (TrunkPlan, Bearing) {
    (trunk, Bearing::default())
}

#[test]
fn by_priority_then_by_weight() {
    let trunks = [
        up(trunk(1, json!({"priority": 2}))),
        up(trunk(2, json!({"priority": 1, "weight": 3}))),
        up(trunk(3, json!({"priority": 1, "weight": 1}))),
        up(trunk(4, json!({"priority": 1, "weight": 0}))),
    ];
    let mut first = 0;
    for chance in 0..4_000 {
        let choice = chosen(&trunks, &TO, chance);
        let order = hosts(&choice);
        assert_eq!(order[2..], ["p4.example", "p1.example"], "weight 0 and the lower priority come last");
        first += u32::from(order[0] == "p2.example");
        assert_eq!(hosts(&chosen(&trunks, &TO, chance)), order, "the same chance gives the same order");
    }
    assert!((2_850..=3_150).contains(&first), "three of four begin there: {first}");
    let whys = &chosen(&trunks, &TO, 1).attempts[3].why;
    assert_eq!(whys[..], [Why::Order(2, 1), Why::AsItStands]);
}

#[test]
fn far_ends_of_a_trunk_have_an_order_too_and_what_is_down_comes_last() {
    let two = |id| {
        trunk(
            id,
            json!({"priority": id, "proxies": [
            {"host": format!("b{id}.example"), "priority": 2}, {"host": format!("a{id}.example"), "priority": 1}]}),
        )
    };
    let mut trunks = [up(two(1)), up(two(2))];
    assert_eq!(hosts(&chosen(&trunks, &TO, 0)), ["a1.example", "b1.example", "a2.example", "b2.example"]);
    trunks[0].1.down = vec![false, true];
    assert_eq!(hosts(&chosen(&trunks, &TO, 0)), ["b1.example", "a2.example", "b2.example", "a1.example"]);
    trunks[0].1.registered = false;
    let choice = chosen(&trunks, &TO, 0);
    assert_eq!(hosts(&choice), ["a2.example", "b2.example", "a1.example", "b1.example"]);
    assert_eq!(choice.attempts[2].why[2..], [Why::ProxyOrder(1, 1), Why::Down, Why::NotRegistered]);
    // Nobody is up: all are tried all the same.
    trunks[0].1 = Bearing { down: vec![true, true], ..Bearing::default() };
    trunks[1].1 = Bearing { down: vec![true, true], ..Bearing::default() };
    assert_eq!(hosts(&chosen(&trunks, &TO, 0)).len(), 4);
}

#[test]
fn emergency_goes_to_the_trunks_named_for_it_and_passes_limits() {
    let mut trunks = [
        up(trunk(1, json!({"priority": 0}))),
        up(trunk(2, json!({"priority": 5, "emergency": true, "outbound": false, "max_calls": 1}))),
        up(trunk(3, json!({"outbound": false}))),
        up(trunk(4, json!({"priority": 9, "max_calls": 1, "outbound_rules": [{"match": {"prefix": "+"}}]}))),
    ];
    trunks[1].1.calls = 1;
    trunks[3].1.calls = 1;
    let choice = chosen(&trunks, &HELP, 0);
    assert_eq!(hosts(&choice), ["p2.example", "p1.example", "p4.example"]);
    assert_eq!(choice.attempts[0].why, [Why::NamedForEmergency, Why::LimitPassed, Why::AsItStands]);
    assert_eq!(choice.attempts[2].why, [Why::LastResort, Why::LimitPassed, Why::AsItStands]);
    assert_eq!(choice.attempts[2].user.expose_secret(), "112", "although no rule is for it");
    assert_eq!(choice.unused, [(TrunkId(3), WhyNot::NotOutbound)]);
    // For another number it is not there at all.
    let choice = chosen(&trunks, &TO, 0);
    assert_eq!(hosts(&choice), ["p1.example"]);
    assert_eq!(
        choice.unused,
        [
            (TrunkId(2), WhyNot::OnlyEmergency),
            (TrunkId(3), WhyNot::NotOutbound),
            (TrunkId(4), WhyNot::Full(1))
        ]
    );
    // What is down comes after what is up even then.
    trunks[1].1.down = vec![true];
    assert_eq!(hosts(&chosen(&trunks, &HELP, 0)), ["p1.example", "p4.example", "p2.example"]);
}

#[test]
fn each_trunk_that_is_not_used_has_a_reason() {
    let mut trunks = vec![
        up(trunk(1, json!({"proxies": []}))),
        up(trunk(2, json!({"outbound_rules": [{"match": {"prefix": "+49"}}]}))),
        up(trunk(3, json!({"outbound_rules": [{"strip": 32}]}))),
        up(trunk(4, json!({"max_calls": 2}))),
        up(trunk(5, json!({"calls_per_second": 3}))),
    ];
    trunks[3].1.calls = 2;
    trunks[4].1.may_begin = false;
    let choice = chosen(&trunks, &TO, 0);
    assert!(choice.attempts.is_empty());
    let reasons: Vec<WhyNot> = choice.unused.iter().map(|(_, why)| *why).collect();
    assert_eq!(
        reasons,
        [WhyNot::NowhereToSend, WhyNot::NoRule, WhyNot::NoNumber(0), WhyNot::Full(2), WhyNot::TooFast(3)]
    );
    for why in reasons {
        assert!(why.to_string().len() > 10);
    }
    let many: Vec<_> = (1..=12).map(|n| up(trunk(n, json!({"priority": n})))).collect();
    let choice = chosen(&many, &TO, 0);
    assert_eq!(choice.attempts.len(), MOST_ATTEMPTS);
    assert_eq!(choice.unused, [(TrunkId(11), WhyNot::TooMany), (TrunkId(12), WhyNot::TooMany)]);
}

#[test]
fn what_a_trunk_is_sent() {
    let one = |fields: Value, wanted: &Wanted<'_>| {
        let choice = chosen(&[up(trunk(1, fields))], wanted, 0);
        choice.attempts.into_iter().next().unwrap()
    };
    let rules =
        json!([{"of": "caller", "format": "national"}, {"format": "e164", "strip": 1, "prepend": "77#"}]);
    let a = one(json!({"outbound_rules": rules, "proxies": ["[2001:db8::1]:5080"]}), &TO);
    assert_eq!(a.user.expose_secret(), "77%2343123456");
    assert_eq!(a.uri.expose_secret(), "sip:77%2343123456@[2001:db8::1]:5080");
    assert_eq!(a.from.expose_secret(), "<sip:0421555100@pbx.example>");
    assert_eq!((a.asserted.is_none(), a.privacy), (true, None));
    assert_eq!(a.why, [Why::Order(1, 1), Why::Rule(1)]);
    assert!(!format!("{a:?}").contains("43123456"), "numbers are not printed");

    let asked = |id: Value, wanted: &Wanted<'_>| {
        let a = one(json!({"caller_id": id}), wanted);
        let text = |s: &Secret<String>| s.expose_secret().replace("@pbx.example", "");
        (text(&a.from), a.asserted.as_ref().map(text), a.privacy)
    };
    let anonymous = "\"Anonymous\" <sip:anonymous@anonymous.invalid>".to_string();
    let number = |n: &str| format!("<sip:{n}>");
    let ours = number("+49421555100");
    let fixed = number("+49421555999");
    let passed = Wanted { caller: Caller::Outside("0421777"), ..TO };
    let withheld = Wanted { caller: Caller::Withheld, ..TO };
    let nobodys = Wanted { ours: None, ..TO };
    for (id, wanted, from, asserted, privacy) in [
        (json!({}), &TO, &ours, None, None),
        (json!({"number": "+49421555999"}), &TO, &ours, None, None),
        (json!({"number": "+49421555999"}), &nobodys, &fixed, None, None),
        (json!({}), &nobodys, &anonymous, None, None),
        (json!({"policy": "fixed", "number": "0421555999"}), &TO, &fixed, None, None),
        (json!({"policy": "pass", "asserted": true}), &passed, &number("+49421777"), Some(&ours), None),
        (json!({"policy": "pass", "asserted": true}), &withheld, &anonymous, Some(&ours), Some("id")),
        (json!({"policy": "pass"}), &TO, &ours, None, None),
        (
            json!({"policy": "pass"}),
            &Wanted { caller: Caller::Outside("eve\r\n@x"), ..TO },
            &ours,
            None,
            None,
        ),
        (
            json!({"policy": "anonymous", "asserted": true, "privacy": "full"}),
            &TO,
            &anonymous,
            Some(&ours),
            Some("user;id"),
        ),
        (json!({"policy": "anonymous"}), &TO, &anonymous, None, Some("id")),
        (json!({"asserted": true, "privacy": "user"}), &TO, &ours, Some(&ours), Some("user")),
        // Who calls for help is seen.
        (json!({"policy": "anonymous", "privacy": "full"}), &HELP, &ours, Some(&ours), None),
    ] {
        assert_eq!(asked(id.clone(), wanted), (from.clone(), asserted.cloned(), privacy), "{id} {wanted:?}");
    }
    // A registered account stands for itself where it has no number, and its host for ours.
    let registered = json!({"proxies": [], "credentials": {"user": "a", "password_file": "p"},
        "registration": {"registrar": "sip.carrier.example", "aor": "sip:acct@carrier.example"}});
    let a = one(registered.clone(), &nobodys);
    assert_eq!(a.from.expose_secret(), "<sip:acct@carrier.example>");
    assert_eq!(a.uri.expose_secret(), "sip:+43123456@sip.carrier.example");
    assert_eq!(one(registered, &TO).from.expose_secret(), "<sip:+49421555100@carrier.example>");
}

#[test]
fn what_is_tried_over_another_trunk() {
    let yes = [300, 302, 401, 402, 403, 405, 407, 408, 420, 421, 423, 430, 488, 500, 502, 503, 504, 513, 580];
    let no = [
        400, 404, 410, 413, 414, 415, 416, 480, 481, 482, 483, 484, 485, 486, 487, 491, 600, 603, 604, 606,
        607,
    ];
    for code in yes {
        assert!(fails_over(Outcome::Code(code), false), "{code}");
    }
    for code in no {
        assert!(!fails_over(Outcome::Code(code), false), "{code}");
    }
    for outcome in [Outcome::NoAnswer, Outcome::Unreachable, Outcome::Code(503)] {
        assert!(fails_over(outcome, false) && !fails_over(outcome, true), "{outcome:?}: not after it rang");
    }
}

#[test]
fn a_pace_is_kept_over_time_and_lets_no_more_than_a_second_gather() {
    let mut pace = Pace::new(2, 0);
    let mut began = |now: u64| {
        let may = pace.may_begin(now);
        if may {
            pace.began(now);
        }
        may
    };
    assert_eq!(
        [0, 0, 0, 499, 500, 501, 999, 1_000].map(&mut began),
        [true, true, false, false, true, false, false, true]
    );
    assert_eq!([60_000, 60_000, 60_000].map(&mut began), [true, true, false]);
    assert!(!began(0), "a clock that goes back gives nothing");
}

#[test]
fn what_is_used_up_today_is_left_out_and_passed_by_calls_for_help() {
    let mut trunks = [up(trunk(1, json!({"emergency": true}))), up(trunk(2, json!({"priority": 2})))];
    for (used_up, why) in
        [(Refusal::MinutesUsed, WhyNot::MinutesUsed), (Refusal::SpendUsed, WhyNot::SpendUsed)]
    {
        trunks[0].1.used_up = Some(used_up);
        let choice = chosen(&trunks, &TO, 1);
        assert_eq!(choice.unused, [(TrunkId(1), why)]);
        assert_eq!(choice.attempts.iter().map(|a| a.trunk).collect::<Vec<_>>(), [TrunkId(2)]);
        let help = chosen(&trunks, &HELP, 1);
        assert_eq!(help.attempts[0].trunk, TrunkId(1));
        assert!(help.attempts[0].why.contains(&Why::LimitPassed));
    }
}

#[test]
fn teams_is_shown_numbers_as_the_world_writes_them_and_no_others() {
    let teams = |more: Value| {
        let mut fields = json!({"outbound": false, "proxies": [], "teams": {"fqdn": "sbc1.example.com"}});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        up(trunk(1, fields))
    };
    let from = |trunk: (TrunkPlan, Bearing), caller: &str, ours: Option<&'static str>| {
        let wanted = Wanted { way: Ways::Only(TrunkId(1)), caller: Caller::Outside(caller), ours, ..TO };
        chosen(&[trunk], &wanted, 0).attempts[0].from.expose_secret().clone()
    };
    let anonymous = "\"Anonymous\" <sip:anonymous@anonymous.invalid>";
    assert_eq!(from(teams(json!({})), "0421777", None), "<sip:+49421777@sbc1.example.com;user=phone>");
    assert_eq!(from(teams(json!({})), "200", None), anonymous);
    let pass = || teams(json!({"caller_id": {"policy": "pass"}}));
    let ours = "<sip:+49421555100@sbc1.example.com;user=phone>";
    assert_eq!(from(pass(), "200", Some("+49421555100")), ours);
}
