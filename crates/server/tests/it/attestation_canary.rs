//! The made-up person of an attestation: calls as callers do, is asked for as an owner would, and is gone afterwards, whatever
//! went wrong.

use crate::neighbours::Neighbour;
use crate::program::Program;
use serde_json::{Value, json};
use std::path::Path;

/// Calls come from a network that is far away.
const TENANT: &str = "kind: Tenant\nid: test\nprofile: contact-center\nattributes: {level: [standard, gold]}\n---\n\
    kind: Trunk\nid: carrier\nnetworks: [192.0.2.0/24]\n";

/// What the check found.
#[track_caller]
fn canary(program: &Program) -> Value {
    let (status, document) = program.post_json("/attestation", &json!({"checks": ["canary"]}));
    assert_eq!(status, 200, "{document}");
    let checks = document["checks"].as_array().unwrap();
    checks.iter().find(|c| c["check"] == "canary").unwrap().clone()
}

/// How many people there are, each with a key: some keys more are made before they are needed.
fn people(dir: &Path) -> usize {
    let ids = |file: &str, sql: &str| -> Vec<u32> {
        let db = rusqlite::Connection::open(dir.join("data").join(file)).unwrap();
        let mut rows = db.prepare(sql).unwrap();
        rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let rows = ids("switchroom.db", "SELECT id FROM persons");
    let keys = ids("switchroom.keys.db", "SELECT id FROM keys WHERE kind = 'person'");
    assert!(rows.iter().all(|person| keys.contains(person)), "{rows:?} {keys:?}");
    rows.len()
}

#[test]
fn the_made_up_person_calls_over_a_trunk_and_is_found_by_an_owner_and_then_by_nobody() {
    let program = Program::start_as_owner(&[("tenant.yaml", TENANT)]);
    let found = canary(&program);
    assert_eq!(found["result"], "as it should be", "{found:#}");
    let lines = found["found"].to_string();
    for way in [
        "told to a call over a trunk: SIP answered 404",
        "told to an owner's list of calls: it answered 200",
        "told to an owner's search: it answered 200",
    ] {
        assert!(lines.contains(way), "{way}: {lines}");
    }
    // The call was one as others are; who made it is nobody now.
    let call = program.ended_call();
    assert_eq!((&call["reason"], &call["caller"]), (&json!("unknown-number"), &Value::Null), "{call:#}");
    assert_eq!(people(program.dir.path()), 0);
    // The search found somebody: that stands in the log, with a person of whom nothing can be read any more.
    let (_, log) = program.get("/audit?action=person.find");
    let entry = &log["items"][0];
    assert_eq!((&entry["who"], &entry["detail"]), (&json!("token 0"), &Value::Null), "{log:#}");
    // The token of the check was for it alone, and is none that was given out.
    let db = rusqlite::Connection::open(program.dir.path().join("data/switchroom.db")).unwrap();
    let tokens: u32 = db.query_row("SELECT COUNT(*) FROM tokens", [], |row| row.get(0)).unwrap();
    assert_eq!(tokens, 1);
    program.stop();
}

#[test]
fn a_call_of_the_made_up_person_passes_on_to_nobody() {
    let far = Neighbour::at("127.0.0.4");
    let tenant = format!(
        "kind: Tenant\nid: test\nprofile: bridge\n---\nkind: Trunk\nid: left\nnetworks: [192.0.2.0/24]\naddress: \"sip:127.0.0.5:9\"\npasses_to:\n  - trunk: right\n---\n\
         kind: Trunk\nid: right\nnetworks: [127.0.0.4]\naddress: \"sip:{}\"\npasses_to:\n  - trunk: left\n",
        far.addr
    );
    let mut program = Program::start_as_owner(&[("tenant.yaml", &tenant)]);
    let found = canary(&program);
    assert_eq!(found["result"], "as it should be", "{found:#}");
    assert!(
        found["found"].to_string().contains("told to a call over a trunk: SIP answered 404"),
        "{found:#}"
    );
    // A call that comes later does pass on: whatever the check had sent there would have come before it.
    let mut left = Neighbour::at("127.0.0.5");
    let (status, said) = program.put(
        "/trunks/left",
        &json!({"networks": ["127.0.0.5"], "address": format!("sip:{}", left.addr), "passes_to": [{"trunk": "right"}]}),
    );
    assert_eq!(status, 200, "{said}");
    left.call(program.sip, "+49421555", "From: <sip:+4942155599@x>;tag=1\r\n");
    let invite = far.gets("INVITE");
    assert!(invite.starts_with("INVITE sip:+49421555@"), "the first call that came there: {invite}");
    program.set_token(String::new());
    program.stop();
}

/// An entry of the audit log is refused by the database: the one that comes with the person, and one of a later step.
#[test]
fn where_a_step_fails_nobody_who_is_made_up_is_left() {
    let program = Program::start_as_owner(&[("tenant.yaml", TENANT)]);
    let change = |sql: &str| {
        let db = rusqlite::Connection::open(program.dir.path().join("data/switchroom.db")).unwrap();
        db.execute_batch(sql).unwrap();
    };
    for action in ["attest.canary", "person.find"] {
        change(&format!(
            "CREATE TRIGGER no BEFORE INSERT ON audit WHEN NEW.action = '{action}' BEGIN SELECT RAISE(ABORT, 'no'); END"
        ));
        let found = canary(&program);
        assert_eq!(found["result"], "cannot be said", "{found:#}");
        assert_eq!(people(program.dir.path()), 0, "{action}");
        change("DROP TRIGGER no");
        assert_eq!(canary(&program)["result"], "as it should be");
        assert_eq!(people(program.dir.path()), 0);
    }
    program.stop();
}

/// The made-up person's call is refused by the database, so that the journal waits until it is not any more.
#[test]
fn whose_call_comes_into_the_journal_late_is_not_brought_back_by_it() {
    let program = Program::start_as_owner(&[("tenant.yaml", TENANT)]);
    let change = |sql: &str| {
        let db = rusqlite::Connection::open(program.dir.path().join("data/switchroom.db")).unwrap();
        db.execute_batch(sql).unwrap();
    };
    change("CREATE TRIGGER no BEFORE INSERT ON parties BEGIN SELECT RAISE(ABORT, 'no'); END");
    let found = canary(&program);
    assert_eq!(found["result"], "cannot be said", "{found:#}");
    change("DROP TRIGGER no");
    program.ended_call();
    assert_eq!(people(program.dir.path()), 1, "the one who was made up, and nobody else");
    let found = canary(&program);
    assert_eq!(found["result"], "as it should be", "{found:#}");
    assert_eq!(people(program.dir.path()), 0, "both are gone");
    program.stop();
}

/// Each step of the check of people's rights is refused by the database in turn.
#[test]
fn where_a_right_cannot_be_tried_nobody_who_is_made_up_is_left() {
    let program = Program::start_as_owner(&[("tenant.yaml", TENANT)]);
    let change = |sql: &str| {
        let db = rusqlite::Connection::open(program.dir.path().join("data/switchroom.db")).unwrap();
        db.execute_batch(sql).unwrap();
    };
    let rights = || {
        let (_, document) = program.post_json("/attestation", &json!({"checks": ["rights"]}));
        let checks = document["checks"].as_array().unwrap();
        checks.iter().find(|c| c["check"] == "rights").unwrap()["result"].clone()
    };
    for action in ["attest.rights", "person.correct", "person.restrict", "person.object-end"] {
        change(&format!(
            "CREATE TRIGGER no BEFORE INSERT ON audit WHEN NEW.action = '{action}' BEGIN SELECT RAISE(ABORT, 'no'); END"
        ));
        assert_eq!(rights(), "cannot be said", "{action}");
        assert_eq!(people(program.dir.path()), 0, "{action}");
        change("DROP TRIGGER no");
    }
    assert_eq!(rights(), "as it should be");
    assert_eq!(people(program.dir.path()), 0);
    program.stop();
}

/// A system that the flow asks about the caller never answers: while the check waits for it, the server is killed.
#[test]
fn whoever_is_left_by_a_server_that_was_killed_is_gone_with_the_next_start() {
    let asked = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let tenant = format!(
        "{TENANT}inbound_rules:\n  - {{of: called, match: {{length: [13, 13]}}, strip: 13, prepend: \"100\"}}\n  - {{of: caller}}\n---\n\
         kind: Number\nid: all\nnumber: \"100\"\nflow: main\n---\n\
         kind: LookUp\nid: customers\nurl: \"http://{}/customers?number={{caller}}\"\nallow_private: true\n\
         results: {{/customer/level: level}}\n---\n\
         kind: Flow\nid: main\nsteps:\n  - look-up: {{look_up: customers}}\n  - hang-up: true\n",
        asked.local_addr().unwrap()
    );
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant)]);
    let (url, bearer) = (format!("http://{}/api/v1/attestation", program.http), program.bearer());
    let agent = program.agent().clone();
    let attesting = std::thread::spawn(move || {
        let request = agent.post(url).header("Authorization", bearer);
        // It gets no answer: who would give it is killed.
        request.send_json(json!({"checks": ["canary"]})).is_ok()
    });
    let (_held, _) = asked.accept().unwrap();
    let dir = program.kill();
    assert!(!attesting.join().unwrap());
    assert_eq!(people(dir.path()), 1, "this is where one has to look");
    let program = Program::start_again(dir.clone());
    assert_eq!(people(dir.path()), 0);
    let log = program.stop();
    assert!(log.contains("made_up_erased"), "{log}");
}
