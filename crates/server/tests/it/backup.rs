//! Backups of a running server: destroyed and brought back, tried out, without those who were erased.

use crate::calls::tenant;
use crate::desk::Desk;
use crate::program::{PROGRAM, Program, run};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};

const ANNA: &str = "+15550188801";

/// One call with a recording, from beginning to end.
fn call(desk: &mut Desk, program: &Program, number: &str) {
    let ended =
        |list: &Value| list["items"].as_array().unwrap().iter().filter(|c| c["state"] == "ended").count();
    let before = ended(&program.get("/calls?limit=500").1);
    let caller = desk.dial(number, "Anna Zeisig", program.sip, "100", 440);
    desk.answered(caller);
    let (agent, _) = desk.rings();
    desk.answer(agent, 1000);
    desk.hears(caller, 1000);
    desk.hang_up(caller);
    desk.ended(agent);
    program.wait_for("/calls?limit=500", |list| (ended(list) > before).then_some(()));
}

/// The command, while telephones go on talking.
fn beside_calls(desk: &mut Desk, args: &[&str]) -> String {
    let mut child =
        Command::new(PROGRAM).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while child.try_wait().unwrap().is_none() {
        desk.step();
    }
    let out = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{args:?}: {text}{}", String::from_utf8_lossy(&out.stderr));
    text
}

/// All that the server had, but for the master key, which is kept elsewhere.
fn destroy(dir: &Path) {
    let key = std::fs::read(dir.join("data/master.key")).unwrap();
    std::fs::remove_dir_all(dir.join("data")).unwrap();
    std::fs::create_dir(dir.join("data")).unwrap();
    std::fs::write(dir.join("kept-elsewhere"), key).unwrap();
}

fn bring_master_key(dir: &Path) {
    let path = dir.join("data/master.key");
    std::fs::copy(dir.join("kept-elsewhere"), &path).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

fn recording_of(program: &Program, number: &str) -> String {
    // The list of calls knows of it a moment before it can be found by its caller.
    let path = format!("/calls?caller={}", number.replace('+', "%2B"));
    let id = program.wait_for(&path, |list| list["items"][0]["recordings"][0].as_str().map(str::to_string));
    // A call is over a moment before the last of its audio is written.
    program.wait_for(&format!("/recordings/{id}/proof"), |proof| proof["ended"].as_str().map(|_| ()));
    id
}

#[test]
fn a_server_under_calls_is_backed_up_destroyed_and_restored_and_recordings_sound_byte_for_byte() {
    let mut desk = Desk::new();
    let text =
        tenant(&desk, 2).replace("ring_time: 2s", "ring_time: 60s").replace("max_wait: 20s", "max_wait: 1h");
    let program = Program::start_as_owner(&[("tenant.yaml", &text)]);
    let token = program.bearer().replace("Bearer ", "");
    let dir = program.dir.clone();
    let (config, copy) = (dir.path().join("switchroom.toml"), dir.path().join("copy"));
    let (config, copy) = (config.display().to_string(), copy.display().to_string());
    call(&mut desk, &program, ANNA);
    let first = recording_of(&program, ANNA);
    // Somebody talks and is recorded, and somebody waits, while the backup is made.
    let talking = desk.dial("+15550188802", "", program.sip, "100", 440);
    let (agent, _) = desk.rings();
    desk.answer(agent, 1000);
    desk.hears(talking, 1000);
    let waiting = desk.dial("+15550188803", "", program.sip, "100", 440);
    desk.answered(waiting);
    let said = beside_calls(&mut desk, &["backup", &copy, "--config", &config]);
    assert!(said.contains("increment 1:") && said.contains("2 recordings"), "{said}");
    desk.hang_up(talking);
    desk.ended(agent);
    program.wait_for("/calls?caller=%2B15550188802", |list| {
        (list["items"][0]["state"] == "ended").then_some(())
    });
    let second = recording_of(&program, "+15550188802");
    let said = beside_calls(&mut desk, &["backup", &copy, "--config", &config]);
    assert!(said.contains("increment 2:") && said.contains("2 recordings"), "{said}");
    // What did not change is not copied again.
    let pack = |n: u64| std::fs::metadata(dir.path().join(format!("copy/packs/{n:06}.pack"))).unwrap().len();
    assert!(pack(2) < pack(1), "{} and {}", pack(1), pack(2));
    let said = beside_calls(&mut desk, &["rehearse", &copy, "--config", &config]);
    assert!(said.contains("2 recordings open") && said.contains("all laws hold"), "{said}");
    let wav = |program: &Program, id: &str| {
        let (status, bytes) = program.bytes(&format!("/recordings/{id}"), None);
        assert_eq!(status, 200, "{id}");
        bytes
    };
    let before = (wav(&program, &first), wav(&program, &second));
    assert!(before.0.len() > 4_000 && before.1.len() > 4_000);
    program.kill();
    destroy(dir.path());

    let restore = || run(&["restore", &copy, "--config", &config]);
    let (code, _, wrong) = restore();
    assert!(code == 1 && wrong.contains("master key") && wrong.contains("missing"), "{code} {wrong}");
    bring_master_key(dir.path());
    let (code, said, wrong) = restore();
    assert!(code == 0 && said.contains("increment 2 of"), "{code} {said}{wrong}");
    let (code, _, wrong) = restore();
    assert!(code == 1 && wrong.contains("empty place"), "{code} {wrong}");
    let mut program = Program::start_again(dir.clone());
    program.set_token(token);
    assert!(wav(&program, &first) == before.0 && wav(&program, &second) == before.1, "not the same bytes");
    let calls = program.get("/calls?limit=500").1;
    let reasons: Vec<&str> =
        calls["items"].as_array().unwrap().iter().filter_map(|c| c["reason"].as_str()).collect();
    assert_eq!(reasons.iter().filter(|r| **r == "restarted").count(), 1, "the one that waited: {calls:#}");
    assert_eq!(reasons.len(), 3, "{calls:#}");
    program.stop();
    let (code, said, wrong) = run(&["audit", "verify", "--config", &config, "--tenant", "test"]);
    assert_eq!(code, 0, "{said}{wrong}");
}

#[test]
fn who_was_erased_comes_back_from_no_backup() {
    let mut desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 1))]);
    let token = program.bearer().replace("Bearer ", "");
    let dir = program.dir.clone();
    let config = dir.path().join("switchroom.toml").display().to_string();
    let (near, far) = (dir.path().join("near"), dir.path().join("far"));
    call(&mut desk, &program, ANNA);
    let recording = recording_of(&program, ANNA);
    for copy in [&near, &far] {
        beside_calls(&mut desk, &["backup", &copy.display().to_string(), "--config", &config]);
    }
    let keys = |copy: &Path| std::fs::read(copy.join("keys")).unwrap();
    let (in_near, in_far) = (keys(&near), keys(&far));
    // One of the two is away: the erasure says so, and it is done when it is back.
    let away = dir.path().join("away");
    std::fs::rename(&far, &away).unwrap();
    let person = program.post_json("/people/find", &json!({"number": ANNA})).1;
    let path = format!("/people/{}", person[0]["id"].as_str().unwrap());
    let url = format!("http://{}/api/v1{path}", program.http);
    let mut answer = program.agent().delete(url).header("Authorization", program.bearer()).call().unwrap();
    let erased: Value = answer.body_mut().read_json().unwrap();
    assert_eq!((&erased["calls"], &erased["backups_pending"]), (&json!(1), &json!(1)), "{erased}");
    assert_ne!(keys(&near), in_near, "replaced by the erasure");
    std::fs::rename(&away, &far).unwrap();
    assert_eq!((keys(&far), program.post("/retention/run").0), (in_far.clone(), 200));
    assert_ne!(keys(&far), in_far, "replaced by the next run of the job");
    program.stop();
    destroy(dir.path());
    bring_master_key(dir.path());
    let (code, said, wrong) = run(&["restore", &near.display().to_string(), "--config", &config]);
    assert!(code == 0 && said.contains("1 people had been erased"), "{code} {said}{wrong}");
    let mut program = Program::start_again(dir.clone());
    program.set_token(token);
    assert_eq!(program.get("/calls").1["items"].as_array().unwrap().len(), 1, "the call is counted");
    assert_eq!(program.bytes(&format!("/recordings/{recording}"), None).0, 404);
    assert_eq!(program.post_json("/people/find", &json!({"number": ANNA})).1, json!([]));
    program.stop();
}

#[test]
fn a_backup_that_is_cut_off_changed_or_of_another_installation_is_refused() {
    let program = Program::start(&[("tenant.yaml", "kind: Tenant\nid: test\nprofile: contact-center\n")]);
    let dir = program.dir.clone();
    program.stop();
    let config = dir.path().join("switchroom.toml").display().to_string();
    let copy = dir.path().join("copy");
    let name = copy.display().to_string();
    let (code, said, wrong) = run(&["backup", &name, "--config", &config]);
    assert!(code == 0, "a stopped one is backed up too: {said}{wrong}");
    destroy(dir.path());
    bring_master_key(dir.path());
    let refused = |file: &str, change: &dyn Fn(&mut Vec<u8>), expected: &str| {
        let path = copy.join(file);
        let whole = std::fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        change(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
        for command in ["rehearse", "restore"] {
            let (code, _, wrong) = run(&[command, &name, "--config", &config]);
            assert!(code == 1 && wrong.contains(expected), "{command} with {file} changed: {code} {wrong}");
        }
        assert!(!dir.path().join("data/switchroom.db").exists(), "nothing is left of it");
        std::fs::write(&path, whole).unwrap();
    };
    let cut = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() * 2 / 3);
    let bend = |bytes: &mut Vec<u8>| {
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
    };
    refused("increments/000001.txt", &cut, "damaged, cut off");
    refused("increments/000001.txt", &bend, "damaged, cut off");
    refused("packs/000001.pack", &cut, "not as it was written");
    refused("packs/000001.pack", &bend, "not as it was written");
    refused("keys", &cut, "damaged");
    refused("keys", &|bytes| bytes[30] ^= 1, "another master key");
    // Another installation's key opens nothing, and another installation does not write here.
    let key = std::fs::read(dir.path().join("kept-elsewhere")).unwrap();
    std::fs::write(dir.path().join("data/master.key"), "ab".repeat(32)).unwrap();
    let (code, _, wrong) = run(&["restore", &name, "--config", &config]);
    assert!(code == 1 && wrong.contains("another master key"), "{code} {wrong}");
    std::fs::write(dir.path().join("data/master.key"), key).unwrap();
    let (code, said, wrong) = run(&["restore", &name, "--config", &config]);
    assert!(code == 0, "{said}{wrong}");
    let other = Program::start(&[("tenant.yaml", "kind: Tenant\nid: test\nprofile: contact-center\n")]);
    let others = other.dir.path().join("switchroom.toml").display().to_string();
    let (code, _, wrong) = run(&["backup", &name, "--config", &others]);
    assert!(code == 1 && wrong.contains("another installation"), "{code} {wrong}");
    let (code, _, wrong) = run(&["backup", &dir.path().display().to_string(), "--config", &others]);
    assert!(code == 1 && wrong.contains("choose an empty folder"), "{code} {wrong}");
    other.stop();
}
