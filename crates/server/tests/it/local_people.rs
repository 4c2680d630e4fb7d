//! People whom an owner enters beside Microsoft's, and pictures that are fetched to be shown and kept nowhere.

use crate::desk::Desk;
use crate::directory::{self, APP, DOMAIN};
use crate::directory_profile;
use crate::program::Program;
use crate::searched;
use serde_json::{Value, json};
use sim::microsoft::{Fault, Misbehaviour};

fn found(program: &Program, text: &str) -> Vec<Value> {
    program.get(&format!("/directory/users?q={text}")).1.as_array().unwrap().clone()
}

fn names(program: &Program, text: &str) -> Vec<String> {
    found(program, text).iter().map(|p| p["name"].as_str().unwrap().to_string()).collect()
}

#[test]
fn people_are_entered_beside_microsofts_and_no_reading_touches_them() {
    let mut desk = Desk::new();
    let m = directory::microsoft(30);
    let wanda = directory::person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let id = m.with(|m, _| m.tenant(DOMAIN).unwrap().id().to_string());
    let tenant = format!(
        r#"{{kind: Tenant, id: test, profile: contact-center, microsoft: {id}, country: DE}}
---
{{kind: Trunk, id: here, networks: ["127.0.0.0/8"]}}
---
{{kind: User, id: wanda, roles: [owner], microsoft: {wanda}}}
---
{{kind: Queue, id: sales, agents: []}}
---
{{kind: Flow, id: main, steps: [{{queue: sales}}]}}
---
{{kind: Number, id: n100, number: "100", flow: main}}
"#
    );
    let program = directory::server(&m, &tenant);
    program.wait_for("/directory/status", |s| (s["people"] == 31).then_some(()));
    let door =
        json!({"name": "Warehouse Canarydoor", "business": ["(030) 5550177"], "mobile": "+49 170 5550178"});
    let (status, entered) = program.post_json("/directory/local", &door);
    assert_eq!(status, 201, "{entered:#}");
    let id = entered["id"].as_str().unwrap().to_string();
    assert_eq!((id.as_str(), &entered["origin"]), ("local-1", &json!("local")));
    assert_eq!(entered["business"], json!(["+49305550177"]), "as the world writes it");
    assert_eq!(names(&program, "ware"), ["Warehouse Canarydoor"]);
    assert_eq!(names(&program, "5550178"), ["Warehouse Canarydoor"]);
    let both: Vec<Value> = found(&program, "canary").iter().map(|p| p["origin"].clone()).collect();
    assert_eq!(both, [json!("microsoft"), json!("local")], "in the order of their names");
    assert_eq!(program.get("/directory/status").1["people"], 31, "not counted as Microsoft's");

    let refused = |body: Value| program.post_json("/directory/local", &body).0;
    assert_eq!(refused(json!({"name": " "})), 422);
    for name in ["a\u{7}", "a\u{202e}b", &"x".repeat(10_000)] {
        assert_eq!(refused(json!({"name": name})), 422, "{name:?}");
    }
    for number in ["call me", "1", "+", "+49 30 5550100 ext. 12"] {
        assert_eq!(refused(json!({"name": "a", "business": [number]})), 422, "{number}");
    }
    assert_eq!(refused(json!({"name": "a", "business": vec!["12345"; 21]})), 422);
    assert_eq!(program.put("/directory/local/local-7", &door).0, 404);
    assert_eq!(program.put("/directory/local/7", &door).0, 404);

    // Microsoft's directory is read anew, and the server starts again: whoever was entered stays.
    directory::change(&m, |m, _, tenant| m.forget_changes(tenant));
    let gustav = directory::person(&m, "Gustav", "Gone", "+49 30 5550101");
    program.wait_for("/directory/users?q=gustav", |l| (l[0]["id"] == gustav.as_str()).then_some(()));
    let program = program.restarted();
    assert_eq!(names(&program, "ware"), ["Warehouse Canarydoor"]);
    let changed = json!({"name": "Back Canarydoor", "business": ["+49 30 5550177"]});
    assert_eq!(program.put(&format!("/directory/local/{id}"), &changed).0, 200);
    assert!(names(&program, "ware").is_empty());
    assert_eq!(found(&program, "back+can")[0]["mobile"], Value::Null);
    assert_eq!(
        program.post_json("/directory/local", &json!({"name": "Second Canarydoor"})).1["id"],
        "local-2"
    );

    // Somebody with that number calls: the rights of a person hold for the entry too.
    let caller = desk.dial("+49305550177", "", program.sip, "100", 440);
    desk.answered(caller);
    desk.hang_up(caller);
    desk.ended(caller);
    program.ended_call();
    let (_, people) = program.post_json("/people/find", &json!({"number": "+49305550177"}));
    let person = people[0]["id"].as_str().unwrap().to_string();
    let (_, export) = program.get(&format!("/people/{person}"));
    assert_eq!(export["entered"][0]["name"], "Back Canarydoor", "{export:#}");
    let erase = || -> Value {
        let request = program.agent().delete(format!("http://{}/api/v1/people/{person}", program.http));
        let mut answer = request.header("Authorization", program.bearer()).call().unwrap();
        answer.body_mut().read_json().unwrap()
    };
    // A person whom the store does not let go is kept whole: the entry goes with them or not at all.
    let keys = rusqlite::Connection::open(program.dir.path().join("data/switchroom.keys.db")).unwrap();
    let refuse = "CREATE TRIGGER no BEFORE DELETE ON keys WHEN OLD.kind = 'person' BEGIN SELECT RAISE(ABORT, 'no'); END";
    keys.execute_batch(refuse).unwrap();
    let refused = erase();
    assert_eq!(refused["status"], 500, "{refused:#}");
    assert_eq!(names(&program, "back"), ["Back Canarydoor"]);
    keys.execute_batch("DROP TRIGGER no").unwrap();
    drop(keys);
    let erased = erase();
    assert_eq!(erased["entered"], 1, "{erased:#}");
    assert!(names(&program, "back").is_empty());
    assert_eq!(program.delete("/directory/local/local-2"), 204);
    assert_eq!(program.delete("/directory/local/local-2"), 404);
    assert!(names(&program, "second").is_empty());
    let (_, audit) = program.get("/audit");
    for action in ["directory.enter", "directory.change", "directory.erase"] {
        let items = audit["items"].as_array().unwrap();
        assert!(items.iter().any(|e| e["action"] == action), "{action}: {audit:#}");
    }
    let dir = program.dir.clone();
    let log = program.restarted().stop();
    directory_profile::nowhere(&dir.path().join("data"), &["Canarydoor", "5550177", "5550178"]);
    assert!(!log.contains("Canarydoor") && !log.contains("555017"), "{log}");
}

#[test]
fn the_profile_directory_keeps_nobody_but_microsofts() {
    let m = directory_profile::microsoft(5);
    let program = directory_profile::server(&m, &directory_profile::example());
    let (status, why) = program.post_json("/directory/local", &json!({"name": "Door"}));
    assert_eq!(status, 409, "{why:#}");
    program.stop();
}

/// Status, headers and bytes of a picture.
fn picture(program: &Program, who: &str) -> (u16, ureq::http::HeaderMap, Vec<u8>) {
    let url = format!("http://{}/api/v1/directory/users/{who}/photo", program.http);
    let mut answer = program.agent().get(url).header("Authorization", program.bearer()).call().unwrap();
    let bytes = answer.body_mut().read_to_vec().unwrap();
    (answer.status().as_u16(), answer.headers().clone(), bytes)
}

#[test]
fn pictures_are_fetched_to_be_shown_and_kept_nowhere() {
    let m = directory::microsoft(30);
    let wanda = directory::person(&m, "Wanda", "Canarywharf", "+49 30 5550100");
    let program = directory::connected(&m, &wanda);
    program.wait_for("/directory/status", |s| (s["people"] == 31).then_some(()));
    let everybody: Vec<String> =
        m.with(|m, _| (0..30).map(|n| m.tenant(DOMAIN).unwrap().directory().id(n)).collect());
    let with = everybody.iter().find(|who| picture(&program, who).0 == 200).unwrap();
    assert!(everybody.iter().any(|who| picture(&program, who).0 == 404), "some have none");
    let (_, headers, bytes) = picture(&program, with);
    let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_string();
    assert_eq!(header("content-type"), "image/png");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("cache-control").starts_with("private"), "{}", header("cache-control"));
    assert!(bytes.starts_with(b"\x89PNG"));
    // Who is not in the directory here is asked about nowhere.
    m.with(|m, _| m.put_fault(Fault::next("/photos/", Misbehaviour::Status(503, None))));
    for nobody in ["11111111-1111-1111-1111-111111111111", "local-1", "..%2f..%2fme"] {
        assert_eq!(picture(&program, nobody).0, 404, "{nobody}");
    }
    assert_eq!(picture(&program, with).0, 502, "the first to ask met what waited for the first");
    for (how, status) in [
        (Misbehaviour::WrongType, 404),
        (Misbehaviour::Empty, 404),
        (Misbehaviour::Status(404, None), 404),
        (Misbehaviour::Huge(3_000_000), 502),
        (Misbehaviour::HalfPage, 502),
        (Misbehaviour::Status(503, None), 502),
        (Misbehaviour::Status(429, Some(5)), 502),
    ] {
        m.with(|m, _| m.put_fault(Fault::next("/photos/", how.clone())));
        let (got, _, body) = picture(&program, with);
        assert_eq!(got, status, "{how:?}: {}", String::from_utf8_lossy(&body));
        assert_eq!(picture(&program, with).0, 200, "after {how:?}");
    }
    m.with(|m, now| {
        let id = m.tenant(DOMAIN).unwrap().id().to_string();
        m.revoke(&id, APP, "User.Read.All");
        m.challenge_app(now + 1_000, &id, APP);
    });
    assert_eq!(picture(&program, with).0, 502);
    let dir = program.dir.clone();
    program.stop();
    let mut all = Vec::new();
    searched::files(dir.path(), &mut all);
    for (name, kept) in all {
        assert!(!kept.windows(bytes.len()).any(|w| w == bytes.as_slice()), "the picture stands in {name}");
    }
}
