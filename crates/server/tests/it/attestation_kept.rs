//! The newest attestation: it stands with the data of a tenant that keeps some, and goes with it.

use crate::program::Program;
use serde_json::{Value, json};
use std::path::Path;

/// What the database has of attestations.
fn kept(dir: &Path) -> Vec<Vec<u8>> {
    let db = rusqlite::Connection::open(dir.join("data/switchroom.db")).unwrap();
    let mut rows = db.prepare("SELECT document FROM attestations").unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// A tenant of this profile with an attestation, which is there again when it is asked for.
fn attested(profile: &str) -> (Program, Value) {
    let tenant = format!("kind: Tenant\nid: test\nprofile: {profile}\n");
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant)]);
    assert_eq!(program.get("/attestation/newest").0, 404);
    let mut made = Value::Null;
    // The second stands in place of the first.
    for check in ["keys", "regions"] {
        let (status, document) = program.post_json("/attestation", &json!({"checks": [check]}));
        assert_eq!(status, 200, "{document}");
        made = document;
    }
    assert!(program.get("/attestation/newest") == (200, made.clone()), "it is another");
    (program, made)
}

#[test]
fn the_newest_attestation_is_there_after_a_restart_and_goes_with_the_tenant() {
    let (program, made) = attested("contact-center");
    let program = program.restarted();
    assert!(program.get("/attestation/newest") == (200, made.clone()), "it is another");
    // By this the page knows that there is one.
    let done = json!({"running": false, "check": null, "done": 1, "of": 1});
    assert_eq!(program.get("/attestation"), (200, done));
    let dir = program.dir.clone();
    let documents = kept(dir.path());
    let signature = made["signature"]["value"].as_str().or(made["signature"].as_str()).unwrap().as_bytes();
    let [sealed] = &documents[..] else { panic!("one of each tenant: {}", documents.len()) };
    assert!(sealed.windows(signature.len()).all(|part| part != signature), "it is sealed");
    let mut program = program;
    let (status, ended) = program.post_json("/closing", &json!({"tenant": "test", "days": 0}));
    assert_eq!(status, 202, "{ended}");
    program.set_token(ended["receipt"].as_str().unwrap().into());
    let made =
        program.wait_for("/closing", |view| Some(view["certificate"].clone()).filter(|c| !c.is_null()));
    assert_eq!(made["destroyed"]["rows"]["attestations"], 1, "{made:#}");
    assert!(kept(dir.path()).is_empty());
    program.stop();
}

#[test]
fn of_a_tenant_that_keeps_nothing_no_attestation_is_kept() {
    let (program, _) = attested("connector");
    assert!(kept(program.dir.path()).is_empty());
    let program = program.restarted();
    assert_eq!(program.get("/attestation/newest").0, 404);
    program.stop();
}
