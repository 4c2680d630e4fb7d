//! An audit log whose beginning a rule disposed of: what is left proves itself, whatever stopped the disposal meanwhile.

use crate::program::{CLOCK, Program, run};
use serde_json::{Value, json};
use std::path::Path;

const TENANT: &str = "kind: Tenant\nid: test\nprofile: contact-center\n---\n\
    kind: Trunk\nid: carrier\nnetworks: [192.0.2.0/24]\n---\nkind: User\nid: boss\nname: Ottilie Zeisig\nroles: [supervisor]\n";

/// The numbers of the entries, oldest first.
fn entries(program: &Program) -> Vec<u64> {
    let all = program.get("/audit/chain").1["entries"].clone();
    all.as_array().unwrap().iter().map(|e| e["entry"].as_u64().unwrap()).collect()
}

#[track_caller]
fn is_good(program: &Program, check: &str) -> String {
    let (status, document) = program.post_json("/attestation", &json!({"checks": [check]}));
    assert_eq!(status, 200, "{document}");
    let all = document["checks"].as_array().unwrap();
    let found = all.iter().find(|c| c["check"] == check).unwrap();
    assert_eq!(found["result"], "as it should be", "{found:#}");
    found["found"].to_string()
}

fn change(dir: &Path, sql: &str) {
    let db = rusqlite::Connection::open(dir.join("data/switchroom.db")).unwrap();
    db.execute_batch(sql).unwrap();
}

#[test]
fn a_rule_takes_the_logs_beginning_and_what_is_left_proves_itself() {
    let program = Program::start_as_owner(&[("tenant.yaml", TENANT)]);
    let (dir, token) = (program.dir.clone(), program.bearer().replace("Bearer ", ""));
    let again = || {
        let mut program = Program::start_again(dir.clone());
        program.set_token(token.clone());
        program
    };
    assert_eq!(program.get("/configuration").0, 200);
    assert_eq!(program.post("/audit/heads").0, 200);
    let old = *entries(&program).last().unwrap();
    program.stop();

    // Forty days later.
    std::fs::write(dir.path().join(CLOCK), "+40d\n").unwrap();
    let program = again();
    let put = |program: &Program, body: Value| program.put("/retention-rules/log", &body);
    let (status, refused) = put(&program, json!({"class": "audit", "days": 29}));
    assert!(status == 422 && refused.to_string().contains("30 at least"), "{status} {refused}");
    let (status, refused) = put(&program, json!({"class": "audit", "days": 30, "queue": "sales"}));
    assert!(status == 422 && refused.to_string().contains("whole tenant"), "{status} {refused}");
    assert_eq!(put(&program, json!({"class": "audit", "days": 30})).0, 200);
    let due = program.get("/retention/status").1["due"]["log"].clone();
    assert_eq!((&due["class"], &due["rows"]), (&json!("audit"), &json!(old)), "{due}");
    assert!(due["next_due"].is_string(), "{due}");
    let (status, dry) = program.post("/retention/run?dry=true");
    assert_eq!((status, &dry["log"]["rows"], entries(&program)[0]), (200, &json!(old), 1), "{dry}");

    // It is killed when it wrote down what goes, and nothing is gone yet.
    change(dir.path(), "CREATE TRIGGER no BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'no'); END");
    let (status, said) = program.post("/retention/run");
    assert!(status >= 500, "{status} {said}");
    program.kill();
    change(dir.path(), "DROP TRIGGER no");
    let config = dir.path().join("switchroom.toml").display().to_string();
    let heads = dir.path().join("data/audit-heads.jsonl").display().to_string();
    let stored = ["audit", "verify", "--config", &config, "--tenant", "test", "--heads", &heads];
    let (code, said, wrong) = run(&stored);
    assert_eq!(code, 0, "{said}{wrong}");

    // The next run ends it.
    let program = again();
    let (status, done) = program.post("/retention/run");
    assert_eq!((status, &done["log"]["rows"]), (200, &json!(old)), "{done}");
    assert_eq!(entries(&program)[0], old + 1);
    let (_, cuts) = program.get("/audit?action=audit.cut");
    let object = cuts["items"][0]["object"].as_str().unwrap();
    assert_eq!(cuts["items"].as_array().unwrap().len(), 1, "written down once: {cuts:#}");
    assert!(object.starts_with(&format!("Audit/{old} ")), "{object}");
    assert_eq!(program.post("/retention/run").1["log"]["rows"], 0);

    // Whoever asks the running server finds it whole, and people's rights go on.
    let said = is_good(&program, "audit-log");
    assert!(said.contains(&format!("disposed of the entries up to {old}")), "{said}");
    is_good(&program, "rights");

    // Whoever has the file finds it whole, and any touch.
    let log = dir.path().join("log.jsonl").display().to_string();
    let server = format!("http://{}", program.http);
    let (code, said, wrong) = run(&["audit", "export", &log, "--server", &server, "--token", &token]);
    assert_eq!(code, 0, "{said}{wrong}");
    let (code, said, wrong) = run(&["audit", "verify", &log, "--heads", &heads]);
    assert!(
        code == 0 && said.contains(&format!("up to {old} disposed of by a rule")),
        "{code} {said}{wrong}"
    );
    let text = std::fs::read_to_string(&log).unwrap();
    let at_cut = format!("\"head\":{old},");
    assert_eq!(text.lines().filter(|l| l.contains(&at_cut)).count(), 1, "{text}");
    let first = format!("\"entry\":{},", old + 1);
    type Edit<'a> = (&'a str, Box<dyn Fn(&str) -> Option<String> + 'a>);
    let edits: [Edit<'_>; 6] = [
        ("up to entry", Box::new(|l| (!l.contains(&at_cut)).then(|| l.into()))),
        (
            "not signed with",
            Box::new(|l| {
                Some(if l.contains(&at_cut) { l.replace("\"at_ms\":1", "\"at_ms\":2") } else { l.into() })
            }),
        ),
        ("up to entry", Box::new(|l| (!l.contains("audit.cut")).then(|| l.into()))),
        (
            "was changed",
            Box::new(|l| Some(l.replace(&format!("Audit/{old} "), &format!("Audit/{} ", old - 1)))),
        ),
        (
            "did not sign that",
            Box::new(|l| {
                Some(if l.contains("audit.cut") {
                    l.replace("\"sealed\":\"", "\"sealed\":\"00")
                } else {
                    l.into()
                })
            }),
        ),
        ("up to entry", Box::new(|l| (!l.contains(&first)).then(|| l.into()))),
    ];
    for (n, (expected, edit)) in edits.iter().enumerate() {
        let path = dir.path().join("edited.jsonl");
        let lines: Vec<String> = text.lines().filter_map(edit).collect();
        assert_ne!(lines.join("\n"), text.trim_end(), "edit {n} changes something");
        std::fs::write(&path, lines.join("\n")).unwrap();
        let (code, said, wrong) = run(&["audit", "verify", &path.display().to_string()]);
        assert!(code == 1, "edit {n}: {code} {said}{wrong}");
        assert!(wrong.contains(expected) || wrong.contains("contradicts itself"), "edit {n}: {wrong}");
    }

    // A backup of it is restored for trial, its log checked; so is the database of the server that stands still.
    let copy = dir.path().join("copy").display().to_string();
    assert_eq!(run(&["backup", &copy, "--config", &config]).0, 0);
    let (code, said, wrong) = run(&["rehearse", &copy, "--config", &config]);
    assert_eq!(code, 0, "{said}{wrong}");
    program.stop();
    let (code, said, wrong) = run(&stored);
    assert_eq!(code, 0, "{said}{wrong}");
    // Somebody who writes to the database cuts it further, up to a head that is there.
    change(dir.path(), "DELETE FROM audit WHERE id <= (SELECT MAX(entry) FROM audit_heads) - 1");
    assert_eq!(run(&stored).0, 1);
}
