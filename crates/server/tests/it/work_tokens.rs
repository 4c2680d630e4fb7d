//! Tokens of work accounts at the API: whose they are, and what their roles make of their people.

use crate::directory::{self, DOMAIN, SIGN_IN};
use crate::microsoft_io::Running;
use crate::program::Program;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

const PAGE: &str = "5c0de000-0000-4000-8000-00000000000a";

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What stands in an access token for our API, with these claims changed; null takes one away.
fn claims(m: &Running, who: &str, changes: &Value) -> Value {
    let tid = m.with(|m, _| m.tenant(DOMAIN).unwrap().id().to_string());
    let mut claims = json!({"aud": SIGN_IN, "iss": format!("{}/{tid}/v2.0", m.base()), "tid": tid, "ver": "2.0",
        "oid": who, "sub": "s", "scp": "access_as_user", "azp": PAGE, "azpacr": "0", "iat": now(), "nbf": now(),
        "exp": now() + 3_600, "uti": "u", "roles": ["owner"]});
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

fn token(m: &Running, who: &str, changes: &Value) -> String {
    let claims = claims(m, who, changes);
    m.with(|m, _| m.sign(&claims))
}

/// Status and body of a question with a bearer token.
fn ask(program: &Program, path: &str, token: &str) -> (u16, Value) {
    let url = format!("http://{}/api/v1{path}", program.http);
    let mut answer =
        program.agent().get(url).header("Authorization", format!("Bearer {token}")).call().unwrap();
    (answer.status().as_u16(), answer.body_mut().read_json().unwrap_or_default())
}

#[test]
fn roles_come_from_the_token_where_the_tenant_says_so_and_newcomers_only_then() {
    let m = directory::microsoft(30);
    let wanda = directory::person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let gustav = directory::person(&m, "Gustav", "Canarybay", "+49 30 5550101");
    let program = directory::connected(&m, &wanda);
    let as_agent = json!({"roles": ["Agent"]});
    // As it stands in her user: the token's roles are not looked at.
    assert_eq!(ask(&program, "/session", &token(&m, &wanda, &as_agent)).1["roles"], json!(["owner"]));
    assert_eq!(ask(&program, "/session", &token(&m, &gustav, &as_agent)).0, 401);
    let set = |fields: Value| {
        let (_, mut all) = program.get("/configuration");
        for object in all.as_array_mut().unwrap().iter_mut().filter(|o| o["kind"] == "Tenant") {
            object.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        }
        program.put("/configuration", &all)
    };
    assert_eq!(set(json!({"newcomers": true})).0, 422, "newcomers have no roles but those of the token");
    assert_eq!(set(json!({"roles_from": "microsoft"})).0, 200);
    assert_eq!(ask(&program, "/session", &token(&m, &wanda, &as_agent)).1["roles"], json!(["agent"]));
    let both = json!({"roles": ["auditor", "supervisor", "something"]});
    assert_eq!(
        ask(&program, "/session", &token(&m, &wanda, &both)).1["roles"],
        json!(["supervisor", "auditor"])
    );
    assert_eq!(
        ask(&program, "/session", &token(&m, &wanda, &json!({"roles": []}))).0,
        401,
        "no role any more"
    );
    assert_eq!(ask(&program, "/session", &token(&m, &gustav, &as_agent)).0, 401);
    assert_eq!(set(json!({"newcomers": true})).0, 200);
    let (status, who) = ask(&program, "/session", &token(&m, &gustav, &as_agent));
    assert_eq!((status, &who["roles"]), (200, &json!(["agent"])), "{who:#}");
    assert_eq!(who["user"], format!("entra-{}", gustav.replace('-', "")));
    assert_eq!(ask(&program, "/session", &token(&m, &gustav, &as_agent)).1["user"], who["user"], "once");
    let (_, versions) = program.get(&format!("/users/{}/versions", who["user"].as_str().unwrap()));
    assert_eq!((versions.as_array().unwrap().len(), &versions[0]["who"]), (1, &json!("work account")));
    program.stop();
}
