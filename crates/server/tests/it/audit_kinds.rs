//! Every kind of entry that the audit log can have: each is made to happen here, or another test that does is named.

use crate::browser_session::{Browser, PASSWORD};
use crate::desk::Desk;
use crate::program::{Program, run};
use crate::supervision::{self, Talk};
use crate::web_session::totp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use store::AUDIT_ACTIONS;

/// Kinds that take a made-up Microsoft, an authenticator, a voice message or many days: the file of tests in which each is looked for in
/// the log.
const ELSEWHERE: [(&str, &str); 12] = [
    ("account.passkey", "browser_app.rs"),
    ("account.passkey-removed", "browser_app.rs"),
    ("audit.cut", "audit_cut.rs"),
    ("directory.change", "local_people.rs"),
    ("directory.connect", "directory_profile.rs"),
    ("directory.correct", "directory.rs"),
    ("directory.enter", "local_people.rs"),
    ("directory.erase", "local_people.rs"),
    ("licence.change", "licences.rs"),
    ("message.delete", "outside.rs"),
    ("pbx.line-passes", "own_line.rs"),
    ("session.token", "work_tokens.rs"),
];

/// Kinds that cannot be read in the log of a running server in a test, and why.
const NOT_READ: [(&str, &str); 4] = [
    ("tenant.close", "the log goes with the account; the certificate has the digest of this entry"),
    ("tenant.dispose", "it is written at the end of the account, and goes with the log"),
    ("tenant.reopen", "an account that ended is open again, which tests of closing show"),
    ("webhook.retry", "only a message that nobody took for days can be sent again"),
];

/// A number that ends each call by itself, and callers of whom each is erased for another reason.
const SHORT: &str = "---\nkind: Number\nid: short\nnumber: \"101\"\nflow: short\n---\n\
     kind: Flow\nid: short\nsteps:\n  - say: music\n  - hang-up: true\n---\n\
     kind: Hours\nid: office\ntime_zone: Europe/Berlin\nweek: {mon: [\"09:00-17:00\"]}\n---\n\
     kind: Disposition\nid: sold\nname: Sold\n---\n\
     kind: User\nid: owen\nroles: [owner]\n";

/// Why somebody is erased; once it is not said.
const REASONS: [&str; 7] =
    ["", "requested", "objected", "consent-withdrawn", "no-longer-needed", "unlawful", "required-by-law"];

fn tenant(desk: &Desk) -> String {
    supervision::tenant(desk) + SHORT
}

/// What was done so far, by the log.
fn told(program: &Program) -> BTreeSet<String> {
    let (mut told, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let (status, page) = program.get(&format!("/audit?limit=500{cursor}"));
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().unwrap();
        told.extend(items.iter().map(|e| e["action"].as_str().unwrap().to_string()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return told,
        }
    }
}

fn ask(program: &Program, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let url = format!("http://{}/api/v1{path}", program.http);
    let request = ureq::http::Request::builder().method(method).uri(url);
    let request =
        request.header("Authorization", program.bearer()).header("Content-Type", "application/json");
    let mut answer = program.agent().run(request.body(body.to_string()).unwrap()).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_json().unwrap_or_default())
}

/// Signing in and out, and what people sign in with.
fn accounts(program: &Program) {
    let mut browser = Browser::signed_in(program, "owen");
    assert_eq!(Browser::new(program).sign_in("owen", "a wrong password").status, 401);
    let (status, made) = browser.post("/session/second-factor", &json!({"password": PASSWORD}));
    assert_eq!(status, 201, "{made}");
    let code = totp(made["secret"].as_str().unwrap(), 0);
    assert_eq!(browser.put("/session/second-factor", &json!({"totp": code})).0, 204);
    assert_eq!(program.delete("/users/owen/second-factor"), 204);
    // Taking it away may have ended the session.
    if browser.get("/session").0 == 401 {
        assert_eq!(browser.sign_in("owen", PASSWORD).status, 201);
    }
    let ended = browser.ask("DELETE", "/session", &Value::Null);
    assert!(ended.status < 300, "{}", ended.body);
}

/// Everything that can be asked about a call. It stands in the log before it happens, also where it then cannot be done.
fn call_actions(t: &mut Talk) {
    let by = |action: &str| json!({"by": "agent1", "action": action});
    let olga = |mode: &str| json!({"by": "olga", "action": "supervise", "mode": mode});
    let path = format!("/calls/{}/actions", t.call);
    for action in [
        by("pause-recording"),
        by("resume-recording"),
        olga("listen"),
        olga("whisper"),
        olga("barge"),
        json!({"by": "olga", "action": "stop-supervising"}),
        json!({"by": "agent1", "action": "secure", "entry": "none"}),
        by("stop-secure"),
        json!({"by": "agent1", "action": "consult", "to": {"agent": "agent3"}}),
        by("abort"),
        by("join"),
        by("complete"),
        json!({"action": "give", "agent": "agent2"}),
        json!({"action": "move", "queue": "second"}),
        json!({"by": "agent1", "action": "dispose", "disposition": "sold"}),
        json!({"by": "agent1", "action": "transfer", "to": {"agent": "nobody"}}),
        json!({"by": "olga", "action": "take-over"}),
    ] {
        let (status, said) = t.program.post_json(&path, &action);
        assert!(![400, 401, 403].contains(&status), "{action}: {status} {said}");
    }
    assert_eq!(t.program.delete("/callbacks/b1"), 404);
    let dial = json!({"agent": "agent2", "to": "+4942155599"});
    let (status, said) = t.program.post_json("/dial", &dial);
    assert_eq!(status, 201, "{said}");
    let (status, said) =
        t.program.put(&format!("/calls/{}/notes", t.call), &json!({"notes": "wants a bell"}));
    assert_eq!(status, 204, "{said}");
    assert_eq!(t.program.put(&format!("/calls/{}/notes", t.call), &json!({"notes": ""})).0, 204);
    assert_eq!(t.program.get("/calls?caller=%2B4942155501").0, 200);
    for call in ["", "2nd"] {
        // The one that talks, and the one that was asked for: whatever is still open.
        let open = t.program.get("/calls").1["items"].as_array().unwrap().clone();
        for one in open.iter().filter(|c| c["state"] != "ended") {
            let (status, said) = t.program.post(&format!("/calls/{}/hang-up", one["id"].as_str().unwrap()));
            assert!(matches!(status, 204 | 404), "{call} {said}");
        }
    }
    let recording = t.record()["recordings"][0].as_str().unwrap().to_string();
    assert_eq!(t.program.bytes(&format!("/recordings/{recording}"), None).0, 200);
}

/// The rights of people, holds and retention.
fn people(t: &mut Talk) {
    let numbers: Vec<String> = (0..REASONS.len()).map(|n| format!("+494215551{n:02}")).collect();
    for number in &numbers {
        let caller = t.desk.dial(number, "", t.program.sip, "101", 440);
        t.desk.answered(caller);
        t.desk.hang_up(caller);
        let path = format!("/calls?caller={}", number.replace('+', "%2B"));
        let program = &t.program;
        t.desk.until("the call is over", |_| {
            (program.get(&path).1["items"][0]["state"] == "ended").then_some(())
        });
    }
    let found = |program: &Program, number: &str| {
        let (_, people) = program.post_json("/people/find", &json!({"number": number}));
        people[0]["id"].as_str().unwrap_or_else(|| panic!("{number}: {people}")).to_string()
    };
    let program = &t.program;
    let first = found(program, &numbers[0]);
    let path = format!("/people/{first}");
    assert_eq!(program.get(&path).0, 200);
    for change in [
        json!({"name": "Corrected"}),
        json!({"restricted": true, "objected": true}),
        json!({"restricted": false, "objected": false}),
    ] {
        assert_eq!(ask(program, "PATCH", &path, &change).0, 200, "{change}");
    }
    let (status, placed) =
        program.post_json("/holds", &json!({"person": first, "reason": "a court asked for it"}));
    assert_eq!(status, 201, "{placed}");
    let (_, held) = ask(program, "DELETE", &path, &Value::Null);
    assert!(held["kept"].is_array() || held["kept"].is_object(), "{held}");
    assert_eq!(program.delete(&format!("/holds/{}", placed["id"].as_str().unwrap())), 204);
    for (number, reason) in numbers.iter().zip(REASONS) {
        let why = if reason.is_empty() { String::new() } else { format!("?reason={reason}") };
        let person = found(program, number);
        let (status, said) = ask(program, "DELETE", &format!("/people/{person}{why}"), &Value::Null);
        assert_eq!(status, 200, "{reason}: {said}");
    }
    assert_eq!(program.put("/retention-rules/calls", &json!({"class": "call", "days": 0})).0, 200);
    let (status, said) = program.post("/retention/run");
    assert_eq!(status, 200, "{said}");
}

#[test]
fn every_kind_of_entry_happens() {
    let mut t = Talk::begin_with(tenant);
    accounts(&t.program);
    assert_eq!(t.program.put("/dispositions/gone", &json!({"name": "Gone"})).0, 200);
    assert_eq!(t.program.delete("/dispositions/gone"), 204);
    assert_eq!(t.program.get("/configuration").0, 200);
    for closed in [true, false] {
        assert_eq!(t.program.put("/hours/office/closure", &json!({"closed": closed})).0, 200);
    }
    call_actions(&mut t);
    people(&mut t);
    let program = t.program;
    assert_eq!(program.bytes("/reports/queues?from=2026-01-01&to=2027-01-01&format=csv", None).0, 200);
    assert!(program.post("/security/test-alert").0 < 300);
    assert_eq!(program.post_json("/attestation", &json!({"checks": ["canary", "rights"]})).0, 200);
    assert_eq!(program.post("/audit/heads").0, 200);
    assert_eq!(program.post("/webhooks/replay?from=1&to=10").0, 200);

    // Another process makes a backup, tries it out, and changes the master key.
    let dir = program.dir.clone();
    let (config, copy) = (dir.path().join("switchroom.toml").display().to_string(), dir.path().join("copy"));
    let copy = copy.display().to_string();
    for command in [&["backup", &copy][..], &["rehearse", &copy], &["rotate-key"]] {
        let (code, said, wrong) = run(&[command, &["--config", &config]].concat());
        assert_eq!(code, 0, "{command:?}: {said}{wrong}");
    }
    program.wait_for("/audit?action=backup.&limit=10", |log| {
        let all = log["items"].as_array()?;
        let has = |action: &str| all.iter().filter(|e| e["action"] == action && e["who"] == "backup").count();
        (has("backup.make") == 1 && has("backup.rehearse") == 1).then_some(())
    });
    program.wait_for("/audit?action=keys.&limit=10", |log| {
        (log["items"][0]["action"] == "keys.rotate").then_some(())
    });
    // Once is enough: a restart notes nothing again.
    let program = program.restarted();
    let mut all = told(&program);
    let backups = program.get("/audit?action=backup.make&limit=10").1;
    assert_eq!(backups["items"].as_array().unwrap().len(), 1, "{backups:#}");

    // An attestation by the command line, and a restore, stand in the log that is in the files.
    program.stop();
    let out = dir.path().join("out").display().to_string();
    let (code, said, wrong) =
        run(&["attest", "--config", &config, "--tenant", "test", "--out", &out, "--check", "closing"]);
    assert_eq!(code, 0, "{said}{wrong}");
    let in_files = |action: &str, who: &str| {
        let db = rusqlite::Connection::open(dir.path().join("data/switchroom.db")).unwrap();
        let sql = "SELECT COUNT(*) FROM audit WHERE action = ?1 AND who = ?2";
        db.query_row(sql, (action, who), |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(in_files("attestation.make", "command line"), 1);
    let data = dir.path().join("data");
    let key = std::fs::read(data.join("master.key")).unwrap();
    std::fs::rename(&data, dir.path().join("before")).unwrap();
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("master.key"), key).unwrap();
    std::fs::set_permissions(data.join("master.key"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .unwrap();
    let (code, said, wrong) = run(&["restore", &copy, "--config", &config]);
    assert_eq!(code, 0, "{said}{wrong}");
    assert_eq!(in_files("backup.restore", "command line"), 1);
    all.insert("backup.restore".into());
    let (code, said, wrong) = run(&["audit", "verify", "--config", &config, "--tenant", "test"]);
    assert_eq!(code, 0, "{said}{wrong}");

    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    for (action, _) in AUDIT_ACTIONS {
        let elsewhere = ELSEWHERE.iter().find(|(known, _)| *known == action);
        let is_not_read = NOT_READ.iter().any(|(known, _)| *known == action);
        match elsewhere {
            Some((_, file)) => {
                let text = std::fs::read_to_string(sources.join(file)).unwrap();
                assert!(text.contains(&format!("\"{action}\"")), "{file} does not look for {action}");
            }
            None => assert!(is_not_read || all.contains(action), "{action} did not happen: {all:?}"),
        }
    }
    let known = |action: &String| AUDIT_ACTIONS.iter().any(|(known, _)| known == action);
    assert!(all.iter().all(known), "{all:?}");
    // Each has words in the web app.
    let words = include_str!("../../../../web/src/shared/i18n/catalogue/proof.json");
    for (action, _) in AUDIT_ACTIONS {
        let name = format!("\"action-{}\"", action.replace('.', "-"));
        assert!(words.contains(&name), "{name} has no words in proof.json");
    }
}
