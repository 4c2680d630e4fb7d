//! The audit log of a running server: chained, exported, checked without the server, signed heads sent elsewhere.

use crate::outside::crm;
use crate::program::{Program, run};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()).collect()
}

/// Parts, each behind its length.
fn measured(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().flat_map(|p| [&(p.len() as u64).to_be_bytes()[..], p].concat()).collect()
}

/// Whoever has the database and the program can change an entry, chain everything anew and sign its end, with another key.
#[test]
fn a_log_that_is_chained_anew_and_signed_with_another_key_is_refused() {
    let program = Program::start_as_owner(&[("tenant.yaml", TENANT)]);
    assert_eq!(program.get("/configuration").0, 200);
    let dir = program.dir.clone();
    let log = dir.path().join("log.jsonl");
    let (path, server) = (log.display().to_string(), format!("http://{}", program.http));
    let token = program.bearer().replace("Bearer ", "");
    assert_eq!(run(&["audit", "export", &path, "--server", &server, "--token", &token]).0, 0);
    let key = program.get("/audit/chain").1["key"].as_str().unwrap().to_string();
    program.stop();

    let own = Ed25519KeyPair::generate().unwrap();
    let public = hex(own.public_key().as_ref());
    let (_kept, forged) = edited(&log, |lines| {
        let (mut last, mut before) = (0, Vec::new());
        for line in lines.iter_mut() {
            let mut one: Value = serde_json::from_str(line).unwrap();
            let number = |of: &Value, name: &str| of[name].as_u64().unwrap().to_be_bytes();
            let text = |of: &Value, name: &str| of[name].as_str().unwrap().as_bytes().to_vec();
            if one.get("entry").is_some() {
                let old = one["digest"].as_str().unwrap().to_string();
                if one["entry"] == 3 {
                    let who = one["who"].as_str().unwrap().to_string();
                    *line = line.replace(&format!("\"who\":\"{who}\""), "\"who\":\"somebody else\"");
                    one["who"] = "somebody else".into();
                }
                let sealed = bytes(one["sealed"].as_str().unwrap());
                let said = [
                    b"switchroom audit entry 1\0".to_vec(),
                    number(&one, "entry").to_vec(),
                    number(&one, "at_ms").to_vec(),
                    number(&one, "person").to_vec(),
                    measured(&[
                        &before,
                        &text(&one, "who"),
                        &text(&one, "action"),
                        &text(&one, "object"),
                        &sealed,
                    ]),
                ]
                .concat();
                before = digest(&SHA256, &said).as_ref().to_vec();
                if one["entry"].as_u64().unwrap() < 3 {
                    assert_eq!(hex(&before), old, "chained as the program does it");
                }
                *line = line.replace(&old, &hex(&before));
                last = one["entry"].as_u64().unwrap();
            } else if one.get("head").is_some() {
                // Only the end is vouched for; a head of earlier would have to be left out.
                one["head"] = last.into();
                let said = [
                    b"switchroom audit head 1\0".to_vec(),
                    last.to_be_bytes().to_vec(),
                    number(&one, "at_ms").to_vec(),
                    measured(&[&before, &text(&one, "tenant")]),
                ]
                .concat();
                *line = format!(
                    "{{\"head\":{last},\"tenant\":{},\"at\":{},\"at_ms\":{},\"digest\":\"{}\",\"key\":\"{public}\",\"signature\":\"{}\"}}",
                    one["tenant"],
                    one["at"],
                    one["at_ms"],
                    hex(&before),
                    hex(own.sign(&said).as_ref())
                );
            }
        }
        let heads = lines.iter().filter(|l| l.starts_with("{\"head\"")).count();
        let last = lines.last().unwrap().clone();
        if heads > 1 {
            lines.retain(|l| !l.starts_with("{\"head\""));
            lines.push(last);
        }
        if let Some(first) = lines.first_mut().filter(|l| l.contains(&key)) {
            *first = first.replace(&key, &public);
        }
    });
    // In itself it is whole, and names a key; the installation's key, or a head that was kept elsewhere, finds it.
    let (code, said, wrong) = run(&["audit", "verify", &forged]);
    assert!(code == 0 && said.contains(&public), "{code} {said}{wrong}");
    let (code, said, wrong) = run(&["audit", "verify", &forged, "--key", &key]);
    assert!(code == 1 && wrong.contains("not signed with this installation's key"), "{code} {said}{wrong}");
    let heads = dir.path().join("data/audit-heads.jsonl").display().to_string();
    let (code, said, wrong) = run(&["audit", "verify", &forged, "--heads", &heads]);
    assert_eq!(code, 1, "{said}{wrong}");
    assert_eq!(run(&["audit", "verify", &path, "--heads", &heads, "--key", &key]).0, 0);
}

/// A signed head goes into the file and to whoever asks for it, the same in both.
#[test]
fn a_signed_head_is_sent_to_webhooks_and_into_the_file() {
    let (addr, got) = crm();
    let hook = format!(
        "---\nkind: Webhook\nid: keeper\nurl: \"http://{addr}/heads\"\nallow_private: true\nsecret_file: hook\nevents: [audit-head]\n"
    );
    let program =
        Program::start_with_secrets(&[("tenant.yaml", &(TENANT.to_string() + &hook))], &[("hook", "h4")]);
    let (status, head) = program.post("/audit/heads");
    assert_eq!(status, 200, "{head}");
    let told = loop {
        let (_, body) = got.recv_timeout(Duration::from_secs(30)).unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        // One was signed at the start as well.
        if body["data"]["signature"] == head["signature"] {
            break body;
        }
    };
    for field in ["tenant", "at_ms", "digest", "key", "signature"] {
        assert_eq!(told["data"][field], head[field], "{field}: {told:#}");
    }
    assert_eq!(told["data"]["entry"], head["head"]);
    let heads = program.dir.path().join("data/audit-heads.jsonl");
    let text = std::fs::read_to_string(heads).unwrap();
    assert!(text.lines().any(|l| l.contains(head["signature"].as_str().unwrap())), "{text}");
    program.stop();
}
