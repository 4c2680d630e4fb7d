//! A directory that answers badly, and entries in it that nobody should have made: nothing of it stops the server, and in
//! the end what is there is what the source has.

use crate::directory::{self, DOMAIN};
use serde_json::{Value, json};
use sim::microsoft::{Fault, Misbehaviour};

#[test]
fn bad_answers_and_hostile_entries_do_no_harm() {
    let m = directory::microsoft(250);
    let wanda = directory::person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let long = format!("Longhostile {}", "x".repeat(10_000));
    let hostile = [
        ("Bellhostile\u{7}\u{0}\u{1f}\u{1b}[31m", "call me"),
        ("Turnhostile \u{202e}gnp.exe\u{200f}", "+49 30\u{202e}5550"),
        (long.as_str(), &"9".repeat(10_000)),
        ("<script>hostile</script>", "javascript:alert(1)"),
        ("Emptyhostile", ""),
    ];
    directory::change(&m, |m, now, tenant| {
        for (n, (name, number)) in hostile.iter().enumerate() {
            let fields = json!({"givenName": name, "surname": name, "displayName": name, "mail": name,
                "userPrincipalName": format!("hostile{n}@{DOMAIN}"), "accountEnabled": true,
                "businessPhones": [number], "mobilePhone": number, "userType": "Member"});
            m.add_person(now, tenant, fields.as_object().cloned().unwrap()).unwrap();
        }
    });
    // Each of these meets a reading that then begins again or goes on.
    let faults = [
        Misbehaviour::Empty,
        Misbehaviour::WrongType,
        Misbehaviour::HalfPage,
        Misbehaviour::Huge(40_000_000),
        Misbehaviour::TokenExpired,
        Misbehaviour::Twice,
        Misbehaviour::Status(500, None),
    ];
    m.with(|m, _| faults.iter().for_each(|how| m.put_fault(Fault::next("/users/delta", how.clone()))));
    let program = directory::connected(&m, &wanda);
    let people = 251 + hostile.len();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(120);
    let stands = || program.get("/directory/status").1;
    while !(stands()["people"] == people && stands()["at"].is_string() && stands()["trouble"].is_null()) {
        assert!(std::time::Instant::now() < until, "{:#}", stands());
        crate::program::look_again();
    }
    let forbidden = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || c == '\u{200f}';
    let mut seen = 0;
    for word in ["bellhostile", "turnhostile", "longhostile", "emptyhostile", "%3Cscript%3Ehostile"] {
        let (status, list) = program.get(&format!("/directory/users?q={word}"));
        assert_eq!(status, 200, "{word}");
        for person in list.as_array().unwrap() {
            seen += 1;
            let business = person["business"].as_array().unwrap().iter();
            for text in business.chain([&person["name"], &person["mail"], &person["mobile"]]) {
                let text = text.as_str().unwrap_or_default();
                assert!(!text.chars().any(forbidden), "{word}: {text:?}");
                assert!(text.chars().count() < 2_000, "{word} has {} characters", text.len());
            }
        }
    }
    assert_eq!(seen, hostile.len());
    // Searching with the same does no harm either.
    for query in ["%00", "%E2%80%AE", "%27%22%3B--", &"9".repeat(200)] {
        assert_eq!(program.get(&format!("/directory/users?q={query}")).0, 200, "{query}");
    }
    assert_eq!(program.get(&format!("/directory/users?q={}", "x".repeat(201))).0, 422);
    let program = program.restarted();
    program.wait_for("/directory/status", |s: &Value| (s["people"] == people).then_some(()));
    assert!(!program.stop().contains("hostile"), "no name stands in the log");
}
