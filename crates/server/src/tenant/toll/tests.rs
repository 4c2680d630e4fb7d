//! Policies from what people write, and which numbers pass.

use super::*;
use crate::tenant::check::check_values;
use crate::tenant::understand::dial_plan;
use serde_json::{Value, json};

// A tenant in Germany with these fields, an agent and opening hours.
fn read(fields: Value) -> (Everything, Names) {
    let mut tenant = json!({"kind": "Tenant", "id": "t", "profile": "contact-center", "country": "DE"});
    for (key, value) in fields.as_object().unwrap() {
        tenant[key] = value.clone();
    }
    let all = vec![
        tenant,
        json!({"kind": "Hours", "id": "h", "time_zone": "Europe/Berlin", "week": {"mon": ["09:00-17:00"]}}),
        json!({"kind": "User", "id": "anna", "roles": ["agent"], "phone": "sip:a@192.0.2.9", "may_transfer_out": false,
            "toll_limits": {"concurrent": 1}}),
        json!({"kind": "User", "id": "ben", "roles": ["agent"], "phone": "sip:b@192.0.2.9"}),
    ];
    let documents = check_values(all).unwrap();
    (Everything::read(&documents).0, Names::counted(&documents))
}

fn compiled(fields: Value) -> (DialPlan, Classes, TollConfig) {
    let (everything, names) = read(fields);
    let tenant = everything.tenants.values().next().unwrap();
    let plan = dial_plan(tenant).unwrap();
    let config = policy(tenant, &everything, &plan, &names).unwrap();
    (plan.clone(), classes(tenant, &plan), config)
}

#[track_caller]
fn gate(fields: Value, cases: &[(&str, Option<&str>)]) {
    let (plan, classes, config) = compiled(fields);
    let gate = Gate { plan: &plan, classes: &classes, policy: &config.policy };
    for (number, refused) in cases {
        match (gate.outward(number), refused) {
            (Ok(_), None) => {}
            (Err(why), Some(says)) if why.to_string().contains(says) => {}
            (got, _) => panic!("{number}: {got:?}, not {refused:?}"),
        }
    }
}

#[test]
fn without_a_toll_the_dial_plan_says_who_is_called() {
    gate(
        json!({"dial": {"allow": ["+49", "+43", "+1876", "+8707"], "deny": ["+49421666"]}}),
        &[
            ("0421555100", None),
            ("+431234567", None),
            ("+18765550100", None),
            ("112", None),
            ("116117", None),
            ("+870773123456", Some("premium numbers are not called (a number of the kind satellite)")),
            ("+12125550100", Some("dial.allow and dial.deny")),
            ("0421666100", Some("dial.allow and dial.deny")),
            ("0900123456", Some("premium numbers are not called (a number of the kind premium rate)")),
            ("11833", Some("premium")),
            ("+41445550100", Some("dial.allow and dial.deny")),
            ("agent1", Some("no number of the world")),
            ("4711", Some("no number of the world")),
        ],
    );
    // +1 is the United States alone: the islands are countries of their own.
    gate(
        json!({"dial": {"allow": ["+1"]}}),
        &[
            ("+12125550100", None),
            ("+18765550100", Some("toll.allowed_countries would have to name JM")),
            ("0421555100", Some("dial.allow and dial.deny")),
        ],
    );
    // A beginning shorter than a calling code is that of all countries whose codes begin so.
    gate(
        json!({"dial": {"allow": ["+4"]}}),
        &[
            ("+431234567", None),
            ("+41445550100", None),
            ("+420212345678", None),
            ("0421555100", None),
            ("+33123456789", Some("dial.allow and dial.deny")),
            ("0900123456", Some("premium")),
        ],
    );
    // Dear numbers need a right of their own, however a beginning is written.
    for allow in ["+4990", "+49900", "+4990012", "+49"] {
        gate(
            json!({"dial": {"allow": [allow]}}),
            &[("090012345678", Some("toll.premium_allowed would have"))],
        );
        gate(
            json!({"dial": {"allow": [allow]}, "toll": {"premium_allowed": ["+4990012"]}}),
            &[("090012345678", None), ("0900123456", None)],
        );
    }
    gate(json!({}), &[("0421555100", Some("nobody outside is called")), ("112", None), ("110", None)]);
}

#[test]
fn a_toll_allows_the_own_country_and_those_it_names() {
    let toll = json!({"allowed_countries": ["AT", "US"], "premium_allowed": ["+49900123"],
        "classes": [{"number": "+49421666", "class": "premium"}, {"number": "19222", "class": "special"}]});
    let cases: &[(&str, Option<&str>)] = &[
        ("0421555100", None),
        ("0043123456", None),
        ("+12125550100", None),
        ("+14165550100", Some("name CA")),
        ("0041445550100", Some("name CH")),
        ("0900123456", None),
        ("0900555555", Some("premium")),
        ("0421666100", Some("toll.classes says so of +49421666")),
        ("19222", None),
        ("00870773123456", Some("satellite")),
        ("0080012345678", None),
        ("+999123456", Some("not called: no table knows it")),
        ("112", None),
    ];
    gate(json!({"toll": toll.clone()}), cases);
    // Beginnings only take away.
    gate(
        json!({"toll": toll, "dial": {"deny": ["+49421"], "allow": ["+4"]}}),
        &[("0421555100", Some("dial.allow")), ("030123456", None), ("+12125550100", Some("dial.allow"))],
    );
}

#[test]
fn limits_prices_rights_and_night_in_the_engines_terms() {
    let (.., config) = compiled(json!({"toll": {
        "allowed_countries": ["CH", "AT", "AT"],
        "time_zone": "Europe/Berlin",
        "cut": true,
        "currency": "EUR",
        "prices": [{"class": "own", "per_minute": "0.01"}, {"country": "AT", "per_minute": "0.02"},
            {"class": "international", "per_minute": "0.1"}],
        "other_price": "2.50",
        "limits": {"tenant": {"calls_per_second": 5, "concurrent": 20, "minutes_per_day": 600, "spend_per_day": "150"},
            "agent": {"calls_per_second": 1}, "classes": {"international": {"concurrent": 2}}},
        "night": {"hours": "h", "allowed_countries": ["AT"], "limits": {"tenant": {"concurrent": 1}}},
    }}));
    assert_eq!(config.policy.countries, [*b"AT", *b"CH"]);
    assert!(config.policy.special && config.policy.premium.is_empty() && config.cut);
    assert_eq!(
        config.policy.tenant,
        Limits {
            rate: Some(Rate { per_1000_s: 5_000, burst: 5 }),
            at_once: Some(20),
            minutes: Some(600),
            spend: Some(150_000_000)
        }
    );
    assert_eq!(
        config.policy.classes,
        [(Class::International, Limits { at_once: Some(2), ..Limits::default() })]
    );
    let to = |class, country: &[u8; 2]| config.price(engine::Destination::new(class, *country));
    assert_eq!(to(Class::Own, b"DE"), 10_000);
    assert_eq!(to(Class::International, b"AT"), 20_000);
    assert_eq!(to(Class::International, b"CH"), 100_000);
    assert_eq!(to(Class::Special, b"DE"), 2_500_000);
    assert_eq!(to(Class::Freephone, b"DE"), 0);
    let night = config.night.as_ref().unwrap();
    assert_eq!((&night.policy.countries[..], night.policy.tenant.at_once), (&[*b"AT"][..], Some(1)));
    assert_ne!(night.hours, HoursId(0));
    // Summer time and winter time of the zone.
    let seconds: std::collections::BTreeSet<i32> = config.offsets.iter().map(|(_, s)| *s).collect();
    assert_eq!(seconds.into_iter().collect::<Vec<_>>(), [3_600, 7_200]);
    // Anna, then Ben.
    let [(anna, own)] = &config.policy.agents[..] else { panic!("one agent has limits of her own") };
    assert_eq!(own.at_once, Some(1));
    assert_eq!(config.rights(*anna), Rights { may_dial: true, may_transfer_out: false });
    assert_eq!(config.rights.len(), 2);
}
