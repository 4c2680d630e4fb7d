//! Grave things need somebody who signed in lately: a page that was left open is not enough.

use crate::browser_session::{Browser, PASSWORD, USERS};
use crate::program::{Program, look_again};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A server where a sign-in is fresh for so long.
fn server(fresh: &str) -> Program {
    let tenant = format!("kind: Tenant\nid: test\nprofile: contact-center\n---\n{USERS}");
    let first = Program::start(&[("tenant.yaml", &tenant)]);
    let dir = first.dir.clone();
    first.stop();
    let file = dir.path().join("switchroom.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let lines = format!("[http]\nsession_fresh = \"{fresh}\"\n");
    std::fs::write(&file, config.replacen("[http]\n", &lines, 1)).unwrap();
    crate::directory::again(dir)
}

#[test]
fn who_signed_in_long_ago_signs_in_again_for_what_is_grave() {
    let program = server("3s");
    let mut owner = Browser::signed_in(&program, "olga");
    let until = Instant::now() + Duration::from_secs(60);
    let in_time = || {
        assert!(Instant::now() < until);
        look_again();
    };
    while owner.get("/configuration").1["code"] != "sign-in-again" {
        in_time();
    }
    let nobody = json!({"kind": "User", "id": "boss", "roles": ["owner"]});
    for (method, path, body) in [
        ("PUT", "/configuration", json!([])),
        ("GET", "/people/1", Value::Null),
        ("GET", "/people/1/archive", Value::Null),
        ("DELETE", "/people/1", Value::Null),
        ("POST", "/closing", json!({"tenant": "test"})),
        ("DELETE", "/holds/1", Value::Null),
        ("PUT", "/retention-rules/calls", json!({"kind": "Retention", "id": "calls"})),
        ("DELETE", "/retention-rules/calls", Value::Null),
        ("POST", "/retention-rules/calls/versions/1/restore", Value::Null),
        ("POST", "/users/boss/versions/1/restore", Value::Null),
        ("PUT", "/webhooks/crm", json!({"kind": "Webhook", "id": "crm"})),
        ("POST", "/webhooks/replay", Value::Null),
        ("POST", "/retention/run", Value::Null),
        ("PUT", "/users/boss", nobody),
        ("DELETE", "/users/boss", Value::Null),
        ("POST", "/users/boss/invitation", Value::Null),
        ("DELETE", "/users/boss/second-factor", Value::Null),
        ("DELETE", "/users/boss/passkeys", Value::Null),
        ("DELETE", "/microsoft/connect", Value::Null),
        ("GET", "/microsoft/connect/background", Value::Null),
        ("GET", "/microsoft/licences/sign-in", Value::Null),
        ("POST", "/microsoft/licences", json!({"users": []})),
    ] {
        let answer = owner.ask(method, path, &body);
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (403, &json!("sign-in-again")),
            "{method} {path}: {}",
            answer.body
        );
    }
    assert_eq!(owner.get("/users").0, 200, "what is not grave goes on");
    assert_eq!(program.get("/configuration").0, 200, "a token is no page that is left open");
    // Signed in again, it is done, as often as it takes on a slow machine.
    loop {
        assert_eq!(owner.sign_in("olga", PASSWORD).status, 201);
        if owner.get("/configuration").0 == 200 {
            break;
        }
        in_time();
    }
    program.stop();
}
