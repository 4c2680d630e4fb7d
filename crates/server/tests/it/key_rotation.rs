//! Another master key while the server runs, and a process that dies in the middle of that.

use crate::calls::tenant;
use crate::desk::Desk;
use crate::program::{PROGRAM, Program, run};
use std::path::Path;
use std::process::{Command, Stdio};

fn master(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("data/master.key")).unwrap()
}

fn put(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

/// Nothing but the key in force is left.
fn is_alone(dir: &Path) -> bool {
    ["next", "old", "part"].iter().all(|end| !dir.join(format!("data/master.key.{end}")).exists())
}

pub fn recorded_call(desk: &mut Desk, program: &Program, number: &str) -> String {
    let caller = desk.dial(number, "", program.sip, "100", 440);
    desk.answered(caller);
    let (agent, _) = desk.rings();
    desk.answer(agent, 1000);
    desk.hears(caller, 1000);
    desk.hang_up(caller);
    desk.ended(agent);
    let path = format!("/calls?caller={}", number.replace('+', "%2B"));
    let id = program.wait_for(&path, |list| {
        Some(
            list["items"][0]["recordings"][0]
                .as_str()
                .filter(|_| list["items"][0]["state"] == "ended")?
                .to_string(),
        )
    });
    program.wait_for(&format!("/recordings/{id}/proof"), |proof| proof["ended"].as_str().map(|_| ()));
    id
}

#[test]
fn the_master_key_is_changed_while_calls_go_on_and_the_old_one_opens_nothing_any_more() {
    let mut desk = Desk::new();
    let program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 2))]);
    let token = program.bearer().replace("Bearer ", "");
    let dir = program.dir.clone();
    let config = dir.path().join("switchroom.toml").display().to_string();
    let copy = dir.path().join("copy").display().to_string();
    let out = dir.path().join("out").display().to_string();
    let first = recorded_call(&mut desk, &program, "+15550188701");
    let before = program.bytes(&format!("/recordings/{first}"), None);
    assert_eq!(run(&["backup", &copy, "--config", &config]).0, 0);
    let old = master(dir.path());
    // Somebody talks meanwhile and is recorded with a key from before.
    let talking = desk.dial("+15550188702", "", program.sip, "100", 440);
    let (agent, _) = desk.rings();
    desk.answer(agent, 1000);
    desk.hears(talking, 1000);
    let mut child = Command::new(PROGRAM)
        .args(["rotate-key", "--config", &config])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let ended = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        desk.step();
    };
    assert!(ended.success(), "{ended}");
    assert!(master(dir.path()) != old && is_alone(dir.path()));
    desk.hears(talking, 1000);
    desk.hang_up(talking);
    desk.ended(agent);
    assert!(program.bytes(&format!("/recordings/{first}"), None) == before, "what was sealed before is read");
    let second = recorded_call(&mut desk, &program, "+15550188703");
    let audit = program.get("/audit?action=keys.&limit=10").1;
    assert_eq!(audit["items"].as_array().unwrap().len(), 1, "{audit}");
    program.stop();

    // The backup from before is opened by the new one, and by it alone; so are the server's own files.
    let new = master(dir.path());
    let data = dir.path().join("data");
    put(&data.join("master.key"), &old);
    let (code, _, refused) = run(&["rehearse", &copy, "--config", &config]);
    assert_eq!(code, 1, "{refused}");
    assert!(refused.contains("another master key"), "{refused}");
    let (code, _, wrong) = run(&["export", &out, "--config", &config, "--tenant", "test"]);
    assert!(code == 1 && wrong.contains("another master key"), "{code} {wrong}");
    put(&data.join("master.key"), &new);
    let (code, said, wrong) = run(&["rehearse", &copy, "--config", &config]);
    assert_eq!(code, 0, "{said}{wrong}");
    let mut program = Program::start_again(dir);
    program.set_token(token);
    assert!(program.bytes(&format!("/recordings/{first}"), None) == before);
    assert_eq!(program.bytes(&format!("/recordings/{second}"), None).0, 200);
    program.stop();
}

#[test]
fn a_change_of_the_master_key_that_dies_anywhere_is_gone_on_with() {
    let mut desk = Desk::new();
    let mut program = Program::start_as_owner(&[("tenant.yaml", &tenant(&desk, 1))]);
    let token = program.bearer().replace("Bearer ", "");
    let dir = program.dir.clone();
    let config = dir.path().join("switchroom.toml").display().to_string();
    let recording = recorded_call(&mut desk, &program, "+15550188704");
    let before = program.bytes(&format!("/recordings/{recording}"), None);
    // kill -9 as soon as it was asked for, or a little later: whatever was done by then.
    for looks in [0, 20, 45, 60] {
        let mut child = Command::new(PROGRAM)
            .args(["rotate-key", "--config", &config])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let asked = dir.path().join("data/master.key.next");
        while !asked.exists() && child.try_wait().unwrap().is_none() {
            crate::program::look_again();
        }
        for _ in 0..looks {
            crate::program::look_again();
        }
        program.kill();
        child.kill().unwrap();
        child.wait().unwrap();
        program = Program::start_again(dir.clone());
        program.set_token(token.clone());
        assert!(
            program.bytes(&format!("/recordings/{recording}"), None) == before,
            "killed after {looks} looks"
        );
        program.wait_for("/calls", |_| is_alone(dir.path()).then_some(()));
    }
    program.stop();
    // Each state that a death can leave, made by hand: asked for, wrapped anew, between the renamings, before the old one
    // was overwritten.
    let data = dir.path().join("data");
    let file = |end: &str| data.join(format!("master.key{end}"));
    let rotate = || assert_eq!(run(&["rotate-key", "--config", &config]).0, 0);
    let good = |what: &str| {
        let mut program = Program::start_again(dir.clone());
        program.set_token(token.clone());
        assert!(program.bytes(&format!("/recordings/{recording}"), None) == before, "{what}");
        program.wait_for("/calls", |_| is_alone(dir.path()).then_some(()));
        program.stop();
    };
    put(&file(".next"), &"5a".repeat(32));
    good("asked for");
    assert_eq!(master(dir.path()), "5a".repeat(32));
    for (what, at_old, at_key) in [
        ("wrapped anew", None, true),
        ("between the renamings", Some(true), false),
        ("not overwritten", Some(true), true),
    ] {
        let old = master(dir.path());
        rotate();
        let new = master(dir.path());
        assert_ne!(old, new);
        match (at_old, at_key) {
            (None, _) => {
                put(&file(".next"), &new);
                put(&file(""), &old);
            }
            (Some(_), false) => {
                std::fs::rename(file(""), file(".next")).unwrap();
                put(&file(".old"), &old);
            }
            _ => put(&file(".old"), &old),
        }
        good(what);
        assert_eq!(master(dir.path()), new, "{what}");
    }
}
