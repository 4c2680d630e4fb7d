//! The audit log of a running server: chained, exported, checked without the server, signed heads sent elsewhere.

use crate::program::{Program, run};
use serde_json::{Value, json};
use std::path::Path;

const TENANT: &str = "
kind: Tenant
id: test
profile: contact-center
---
kind: Trunk
id: carrier
networks: [127.0.0.1/32]
---
kind: User
id: boss
name: Ottilie Zeisig
roles: [supervisor]
";

fn edited(log: &Path, change: impl Fn(&mut Vec<String>)) -> (tempfile::TempDir, String) {
    let text = std::fs::read_to_string(log).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
    change(&mut lines);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("edited.jsonl");
    std::fs::write(&path, lines.join("\n")).unwrap();
    (dir, path.display().to_string())
}

#[test]
fn an_exported_log_is_checked_without_the_server_and_every_touch_is_found() {
    let program = Program::start_as_owner(&[("tenant.yaml", TENANT)]);
    let who = program.get("/audit?limit=1").1["items"][0]["who"].clone();
    assert_eq!(program.get("/configuration").0, 200);
    assert_eq!(program.bytes("/reports/queues?from=2026-01-01&to=2027-01-01&format=csv", None).0, 200);
    let changed = json!({"name": "Ottilie Zeisig", "roles": ["supervisor", "owner"]});
    assert_eq!(program.put("/users/boss", &changed).0, 200);
    let dir = program.dir.clone();
    let log = dir.path().join("log.jsonl");
    let (path, server) = (log.display().to_string(), format!("http://{}", program.http));
    let token = program.bearer().replace("Bearer ", "");
    let (code, said, wrong) = run(&["audit", "export", &path, "--server", &server, "--token", &token]);
    assert_eq!(code, 0, "{said}{wrong}");
    let verify = |path: &str, more: &[&str]| {
        let mut args = vec!["audit", "verify", path];
        args.extend(more);
        run(&args)
    };
    let (code, said, wrong) = verify(&path, &[]);
    assert_eq!(code, 0, "{said}{wrong}");
    assert!(said.contains("tenant test"), "{said}");
    let chain = program.get("/audit/chain").1;
    let key = chain["key"].as_str().unwrap().to_string();
    let count = chain["entries"].as_array().unwrap().len();
    assert!(said.contains(&format!("{count} entries")) && said.contains(&key), "{said}");
    assert_eq!(verify(&path, &["--key", &key]).0, 0);
    let text = std::fs::read_to_string(&log).unwrap();
    for action in
        ["configuration.set", "configuration.export", "report.export", "audit.export", "token.create"]
    {
        assert!(text.contains(action), "{action} is not in\n{text}");
    }
    assert!(!text.contains("Ottilie"), "no name");
    let found = program.get("/audit?action=report.&limit=10").1;
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
    assert_ne!(found["items"][0]["who"], who, "by the token, not by the command line");

    type Change = fn(&mut Vec<String>);
    let changes: [(&str, Change); 6] = [
        ("entry 3 was changed", |l| l[3] = l[3].replace("command line", "command-line")),
        ("line 4 is no entry", |l| l[3] = l[3].replace("Z\"", "Y\"")),
        ("entry 3 is missing", |l| drop(l.remove(3))),
        ("out of its order", |l| l.swap(2, 3)),
        ("its end is missing", |l| {
            let last = l.iter().rposition(|line| line.contains("\"entry\"")).unwrap();
            l.remove(last);
        }),
        ("not signed with", |l| {
            let last = l.last_mut().unwrap();
            let mut head: Value = serde_json::from_str(last).unwrap();
            head["signature"] = "00".repeat(64).into();
            *last = format!(
                "{{\"head\":{},\"tenant\":\"test\",\"at\":{},\"at_ms\":{},\"digest\":{},\"key\":{},\"signature\":{}}}",
                head["head"], head["at"], head["at_ms"], head["digest"], head["key"], head["signature"]
            );
        }),
    ];
    for (expected, change) in changes {
        let (_kept, path) = edited(&log, change);
        let (code, _, wrong) = verify(&path, &["--key", &key]);
        assert!(code == 1 && wrong.contains(expected), "{expected:?}: {code} {wrong}");
    }
    let (code, _, wrong) = verify(&path, &["--key", &"ab".repeat(32)]);
    assert!(code == 1 && wrong.contains("not signed with this installation's key"), "{wrong}");

    // The head of the first start lies in a file of its own, and both hold against the stopped server's files.
    program.stop();
    let heads = dir.path().join("data/audit-heads.jsonl").display().to_string();
    let config = dir.path().join("switchroom.toml").display().to_string();
    let (code, said, wrong) = verify(&path, &["--heads", &heads, "--key", &key]);
    assert_eq!(code, 0, "{said}{wrong}");
    let stored = ["audit", "verify", "--config", &config, "--tenant", "test", "--heads", &heads];
    let (code, said, wrong) = run(&stored);
    assert!(code == 0 && said.contains(&key), "{said}{wrong}");
    // Cut and with no head left, nothing vouches for its end; the head that was kept elsewhere knows that there was more.
    let (_kept, cut) = edited(&log, |l| l.truncate(2));
    let (code, _, wrong) = verify(&cut, &["--key", &key]);
    assert!(code == 1 && wrong.contains("behind entry 0"), "{wrong}");
    assert_eq!(verify(&cut, &["--key", &key, "--unsigned"]).0, 0);
    let (code, _, wrong) = verify(&cut, &["--heads", &heads, "--key", &key]);
    assert!(code == 1 && wrong.contains("its end is missing"), "{wrong}");
    let (code, _, wrong) = run(&["audit", "sign"]);
    assert!(code == 2 && wrong.contains("export or audit verify"), "{wrong}");
}

#[test]
fn a_signed_head_that_could_not_be_sent_is_sent_after_a_restart() {
    let program = Program::start_as_owner(&[("tenant.yaml", TENANT)]);
    let dir = program.dir.clone();
    let heads = dir.path().join("data/audit-heads.jsonl");
    let has = |signature: &str| {
        let text = std::fs::read_to_string(&heads).unwrap_or_default();
        text.lines().any(|line| line.contains(signature))
    };
    program.wait_for("/audit/chain", |_| has("\"signature\"").then_some(()));
    // Where the file should be, nothing can be written.
    std::fs::remove_file(&heads).unwrap();
    std::fs::create_dir(&heads).unwrap();
    let (status, head) = program.post("/audit/heads");
    assert_eq!(status, 200, "{head}");
    program.stop();
    std::fs::remove_dir(&heads).unwrap();
    let token = Program::token(dir.path(), "test", "owner");
    let mut program = Program::start_again(dir.clone());
    program.set_token(token);
    program.wait_for("/audit/chain", |_| has(head["signature"].as_str().unwrap()).then_some(()));
}
