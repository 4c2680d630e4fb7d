//! Backups that the server makes by itself: made, tried out, shown, kept in number, and told of when they fail.

use crate::program::{Program, run};
use serde_json::{Value, json};
use std::path::Path;

const TENANT: &str = "kind: Tenant\nid: test\nprofile: contact-center\n";

/// A server that makes backups into this folder.
fn start(folder: &Path, more: &str) -> Program {
    let lines = format!("[backup]\nfolder = \"{}\"\nregion = \"Leipzig\"\n{more}", folder.display());
    Program::start_secure(&[("tenant.yaml", TENANT)], &[], &lines)
}

fn evidence(program: &Program) -> (Value, String) {
    let (status, made) = program.post_json("/attestation", &json!({"checks": ["backups"]}));
    assert_eq!(status, 200, "{made}");
    let answer = made["answers"].as_array().unwrap().iter().find(|a| a["id"] == "SEC26").unwrap().clone();
    let text = answer["evidence"].to_string();
    (answer, text)
}

fn increments(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder.join("increments")).unwrap();
    let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".txt")).collect();
    names.sort();
    names
}

#[test]
fn a_server_backs_itself_up_tries_it_out_and_shows_when_it_did() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("copy");
    let program = start(&folder, "when = \"daily 03:00\"\n");
    // The first one is made at once, and restored for trial.
    let seen = program.wait_for("/backups", |b| b["items"][0]["rehearsed"].is_string().then(|| b.clone()));
    assert_eq!((&seen["scheduled"], &seen["failed"]), (&json!(true), &Value::Null), "{seen}");
    assert!(seen["next"].as_str().unwrap().contains("T03:00:00"), "{seen}");
    let first = &seen["items"][0];
    assert_eq!((&first["number"], &first["increment"]), (&json!(1), &json!(1)), "{seen}");
    assert!(first["bytes"].as_u64().unwrap() > 0 && first["rehearsed_ms"].is_u64(), "{seen}");
    let page = program.admin("/metrics");
    for metric in ["last_success_timestamp_seconds", "rehearsal_last_success_timestamp_seconds", "size_bytes"]
    {
        let line =
            page.lines().find(|l| l.starts_with(&format!("switchroom_backup_{metric}{{backup=\"1\"}} ")));
        let value: f64 = line.and_then(|l| l.rsplit(' ').next()?.parse().ok()).unwrap_or_default();
        assert!(value > 0.0, "{metric}: {line:?}");
    }
    assert!(page.contains("switchroom_backup_failures_total{of=\"backup\"} 0"), "{page}");
    let (answer, text) = evidence(&program);
    assert!(
        text.contains("this server makes backups by itself") && text.contains("restored for trial"),
        "{answer}"
    );
    // Where it is stands beside where the data is.
    let (_, made) = program.post_json("/attestation", &json!({"checks": ["regions"]}));
    let found = made["checks"].as_array().unwrap().iter().find(|c| c["check"] == "regions").unwrap();
    assert_eq!(found["result"], "as it should be", "{found}");
    assert!(found["found"].to_string().contains("1 backups: Leipzig"), "{found}");
    // What was restored for trial is removed.
    let scratch = program.dir.path().join("data/rehearsal");
    program.wait_for("/backups", |_| (!scratch.exists()).then_some(()));
    let config = program.dir.path().join("switchroom.toml").display().to_string();
    let dir = program.dir.clone();
    program.stop();
    let (code, said, wrong) = run(&["rehearse", &folder.display().to_string(), "--config", &config]);
    assert_eq!(code, 0, "{said}{wrong}");
    drop(dir);
}

#[test]
fn only_so_many_increments_are_kept_and_the_newest_can_be_restored() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("copy");
    let program = start(&folder, "when = \"every 1s\"\nkeep = 2\nrehearse_every = \"0s\"\n");
    program.wait_for("/backups", |b| (b["items"][0]["increment"].as_u64()? >= 4).then_some(()));
    assert!(program.get("/backups").1["items"][0]["rehearsed"].is_null(), "it was never to be tried");
    let config = program.dir.path().join("switchroom.toml").display().to_string();
    let dir = program.dir.clone();
    program.stop();
    let name = folder.display().to_string();
    // One by hand beside it: the one that was under way when the server stopped may have left one more.
    let (code, said, wrong) = run(&["backup", &name, "--config", &config, "--keep", "2"]);
    assert_eq!(code, 0, "{said}{wrong}");
    let kept = increments(&folder);
    assert_eq!(kept.len(), 2, "{kept:?}");
    for increment in &kept {
        let number = increment.trim_end_matches(".txt");
        let (code, said, wrong) = run(&["rehearse", &name, "--config", &config, "--increment", number]);
        assert_eq!(code, 0, "{number}: {said}{wrong}");
    }
    let (code, _, wrong) = run(&["rehearse", &name, "--config", &config, "--increment", "1"]);
    assert!(code == 1 && wrong.contains("there is no increment 1"), "{code} {wrong}");
    drop(dir);
}

#[test]
fn a_backup_or_a_rehearsal_that_fails_is_an_event_a_metric_and_a_bad_answer() {
    let place = tempfile::tempdir().unwrap();
    // A file stands where the folder is to be.
    let folder = place.path().join("file");
    std::fs::write(&folder, "in the way").unwrap();
    let program = start(&folder, "");
    let failed = program.wait_for("/backups", |b| b["failed"]["of"].as_str().map(str::to_string));
    assert_eq!(failed, "backup");
    program.wait_for_metric("switchroom_backup_failures_total{of=\"backup\"} 1");
    program.wait_for_metric("switchroom_security_events_total{kind=\"backup\"} 1");
    let events = program.get("/security/events").1;
    assert_eq!(events["items"][0]["data"], json!({"of": "backup"}), "{events}");
    let (answer, text) = evidence(&program);
    assert!(text.contains("the newest backup failed on"), "{answer}");
    assert_ne!(answer["answer"], "yes", "{answer}");
    program.stop();

    // A piece of the backup is changed after it was made: the next rehearsal finds it.
    let folder = place.path().join("copy");
    let program = start(&folder, "rehearse_every = \"1s\"\n");
    program.wait_for("/backups", |b| b["items"][0]["rehearsed"].as_str().map(|_| ()));
    let pack = folder.join("packs/000001.pack");
    let mut bytes = std::fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&pack, bytes).unwrap();
    program.wait_for_metric("switchroom_backup_failures_total{of=\"rehearsal\"} 1");
    let failed = program.wait_for("/backups", |b| b["failed"]["of"].as_str().map(str::to_string));
    assert_eq!(failed, "rehearsal");
    assert!(!program.dir.path().join("data/rehearsal").exists(), "nothing of it is left");
    program.stop();
}

/// A folder stands where the keys are to be written, the last step: the backup is begun, and not made.
#[test]
fn the_first_backup_that_fails_on_the_way_is_shown_as_never_made() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("copy");
    std::fs::create_dir_all(folder.join("keys.new")).unwrap();
    let program = start(&folder, "");
    program.wait_for("/backups", |b| (b["failed"]["of"] == "backup").then_some(()));
    let (_, shown) = program.get("/backups");
    let first = &shown["items"][0];
    assert_eq!(first["number"], 1, "it may hold keys, so it is known: {shown}");
    assert!(first["increment"].is_null() && first["at"].is_null() && first["rehearsed"].is_null(), "{shown}");
    let (answer, text) = evidence(&program);
    assert!(text.contains("begun, and never made to its end") && !text.contains("1970"), "{answer}");
    assert_ne!(answer["answer"], "yes", "{answer}");
    let log = program.get("/audit?action=backup.").1;
    assert_eq!(log["items"], json!([]), "{log}");
    // What was never made is not tried out.
    assert!(program.admin("/metrics").contains("switchroom_backup_failures_total{of=\"rehearsal\"} 0"));

    std::fs::remove_dir(folder.join("keys.new")).unwrap();
    let config = program.dir.path().join("switchroom.toml").display().to_string();
    let (code, said, wrong) = run(&["backup", &folder.display().to_string(), "--config", &config]);
    assert_eq!(code, 0, "{said}{wrong}");
    let made = program.wait_for("/backups", |b| b["items"][0]["at"].as_str().map(|_| b["items"][0].clone()));
    assert_eq!(made["increment"], 1, "{made}");
    program.stop();
}

#[test]
fn backups_that_are_made_while_the_server_stands_still_are_each_in_the_audit_log() {
    let program = Program::start_as_owner(&[("tenant.yaml", TENANT)]);
    let (dir, token) = (program.dir.clone(), program.bearer().replace("Bearer ", ""));
    let config = dir.path().join("switchroom.toml").display().to_string();
    program.stop();
    let (copy, other) = (dir.path().join("copy"), dir.path().join("other"));
    let (copy, other) = (copy.display().to_string(), other.display().to_string());
    for args in
        [["backup", &copy], ["rehearse", &copy], ["backup", &copy], ["rehearse", &copy], ["backup", &other]]
    {
        let (code, said, wrong) = run(&[args[0], args[1], "--config", &config]);
        assert_eq!(code, 0, "{args:?}: {said}{wrong}");
    }
    let mut program = Program::start_again(dir.clone());
    program.set_token(token.clone());
    let told = |program: &Program| {
        program.wait_for("/audit?action=backup.", |log| {
            let items = log["items"].as_array()?;
            let word = |e: &Value| {
                let increment = e["object"].as_str()?.strip_prefix("Backup/")?.split(' ').next()?;
                Some(format!("{} {increment}", e["action"].as_str()?))
            };
            let mut all: Vec<String> = items.iter().filter_map(word).collect();
            all.sort();
            (all.len() >= 5).then_some(all)
        })
    };
    let all = ["backup.make 1", "backup.make 1", "backup.make 2", "backup.rehearse 1", "backup.rehearse 2"];
    assert_eq!(told(&program), all);
    // What is told is told once, also by the next start.
    program.stop();
    let mut program = Program::start_again(dir);
    program.set_token(token);
    let (code, said, wrong) = run(&["backup", &copy, "--config", &config]);
    assert_eq!(code, 0, "{said}{wrong}");
    let newest = |log: &Value| log["items"][0]["object"].as_str()?.starts_with("Backup/3 ").then_some(());
    program.wait_for("/audit?action=backup.make", newest);
    assert_eq!(told(&program).len(), 6);
    program.stop();
}
