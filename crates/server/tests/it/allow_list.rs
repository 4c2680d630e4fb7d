//! A tenant that may be used from certain networks only: by tokens, by people, and at the live page.

use crate::browser_session::{Browser, PASSWORD, USERS, closed};
use crate::program::Program;
use serde_json::{Value, json};

fn set(program: &Program, networks: Value) -> (u16, Value) {
    let (_, mut all) = program.get("/configuration");
    for object in all.as_array_mut().unwrap().iter_mut().filter(|o| o["kind"] == "Tenant") {
        object["features"] = json!({"address-allow-list": true});
        object["allowed_networks"] = networks.clone();
    }
    program.put("/configuration", &all)
}

#[test]
fn from_elsewhere_nobody_comes_in() {
    let tenant = format!("kind: Tenant\nid: test\nprofile: contact-center\n---\n{USERS}");
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant)]);
    let mut browser = Browser::signed_in(&program, "boss");
    let (status, said) = set(&program, json!([]));
    assert_eq!(status, 422, "a list that nobody is on: {said:#}");
    assert_eq!(set(&program, json!(["no network"])).0, 422);
    assert_eq!(set(&program, json!(["192.0.2.0/24", "127.0.0.0/8"])).0, 200);
    assert_eq!((program.get("/queues").0, browser.get("/queues").0), (200, 200), "from here one may");
    let mut watching = browser.watch_own("");
    assert_eq!(set(&program, json!(["192.0.2.0/24"])).0, 200);
    assert_eq!(closed(&mut watching), 4_403, "whoever watches is sent away, and told why");
    let (status, said) = program.get("/queues");
    assert_eq!((status, &said["code"]), (403, &json!("address")), "{said:#}");
    assert_eq!(browser.get("/queues").1["code"], "address");
    assert_eq!(browser.get("/live").1["code"], "address");
    let answer = browser.sign_in("boss", PASSWORD);
    assert_eq!((answer.status, &answer.body["code"]), (403, &json!("address")), "{}", answer.body);
    program.stop();
}
