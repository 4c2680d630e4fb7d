//! Another phone that rings in place of the usual one: where a carrier's system lets its subscriber, and as the tenant's toll
//! allows.

use crate::bot_ports::{tab, until};
use crate::commportal::Portal;
use crate::own_line::{click, company};
use serde_json::json;

const PASSWORD: &str = "canary-Pa55 word";
const LINE: &str = "2015550123";

/// A `Pbx` at this system.
fn office(portal: &Portal) -> String {
    format!(
        "commportal:\n  url: \"http://{}/brand\"\n  version: \"9.5\"\n  sign_in: password\n  numbers: {{\"+1\": \"\"}}\n  allow_private: true",
        portal.addr
    )
}

#[test]
fn another_phone_rings_where_the_class_of_service_and_the_toll_allow_it() {
    let portal = Portal::start();
    let (teams, _) = company(&office(&portal), "dial-commportal", "");
    let (none, anna) = (json!({}), teams.person(1));
    let may = |line: &str, password: &str| {
        let body = json!({"through": "office", "line": line, "password": password});
        tab(&teams, &anna, &none, "/dial/may", Some(&body))
    };
    let rings = |name: &str, ring: &str| {
        let more = json!({"line": LINE, "password": PASSWORD, "ring": ring});
        click(&teams, 1, name, &none, &more)
    };
    let over = |name: &str| {
        until("it is over", &teams, || {
            let (_, said) = tab(&teams, &anna, &none, &format!("/dial/{name}"), None);
            (said["progress"] == "over").then(|| said["reason"].clone())
        })
    };
    let asked = |kind: &str| portal.system().asked.get(kind).copied().unwrap_or_default();

    // What may not be called may not be rung either, and is found before anybody is asked.
    for (ring, status) in
        [("+19005550199", 422), ("*21*2015550777#", 422), ("+4942155599", 422), ("911", 422)]
    {
        let (got, said) = rings("click-0000", ring);
        assert_eq!(got, status, "{ring}: {said}");
    }
    let before = asked("login");

    // This subscriber may call, and ring the own phone only.
    assert_eq!(may(LINE, PASSWORD), (200, json!({"click": true, "other_phone": false})));
    assert_eq!(may("2015550124", PASSWORD), (200, json!({"click": false, "other_phone": false})));
    assert_eq!(rings("click-0001", "+1 (201) 555-0777").0, 201);
    assert_eq!(over("click-0001"), "not-allowed");
    assert!(portal.system().calls().is_empty());

    portal.system().let_ring_elsewhere(LINE, true);
    assert_eq!(may(LINE, PASSWORD), (200, json!({"click": true, "other_phone": true})));
    assert_eq!(rings("click-0002", "+1 (201) 555-0777").0, 201);
    let made = until("a call is made", &teams, || portal.system().calls().first().cloned());
    assert_eq!(
        (made.line.as_str(), made.from.as_str(), made.to.as_str()),
        (LINE, "2015550777", "2015550199")
    );
    portal.system().happens(&made.id, "ConnectionClearedEvent");
    over("click-0002");
    until("everybody is signed out", &teams, || (portal.system().sessions() == 0).then_some(()));
    assert_eq!(asked("login"), before + 5, "one sign-in each");
    assert_eq!(portal.system().calls().len(), 1, "looking calls nobody");

    // Looking signs people in, so nobody looks again and again.
    let statuses: Vec<u16> = (0..12).map(|_| may(LINE, PASSWORD).0).collect();
    assert!(statuses.contains(&200) && statuses.last() == Some(&429), "{statuses:?}");
    teams.program.stop();
}

#[test]
fn the_phone_that_rings_first_counts_as_a_call_too() {
    let portal = Portal::start();
    portal.system().let_ring_elsewhere(LINE, true);
    let one = "toll: {limits: {agent: {concurrent: 1}}}\n";
    let (teams, _) = company(&office(&portal), "dial-commportal", one);
    let none = json!({});
    let ring = json!({"line": LINE, "password": PASSWORD, "ring": "+12015550777"});
    let (status, said) = click(&teams, 1, "click-0001", &none, &ring);
    assert_eq!((status, said["detail"].as_str().unwrap_or_default().is_empty()), (403, false), "{said}");
    assert_eq!(portal.system().asked.get("login"), None, "nothing rang");
    // What was refused counts for nothing: the usual phone is one call.
    let usual = json!({"line": LINE, "password": PASSWORD});
    let (status, said) = click(&teams, 1, "click-0002", &none, &usual);
    assert_eq!(status, 201, "{said}");
    teams.program.stop();
}
