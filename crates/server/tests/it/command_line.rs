//! The command line: exit codes, files in and out, a second process on the database.

use crate::calls::tenant;
use crate::desk::Desk;
use crate::program::{PROGRAM, Program, run};
use std::process::Command;

#[test]
fn exit_codes() {
    assert_eq!(run(&["--help"]).0, 0);
    assert_eq!(run(&["schema"]).0, 0);
    assert_eq!(run(&["serve", "--print-config"]).0, 0);
    let (code, _, errors) = run(&["sreve"]);
    assert!(code == 2 && errors.contains("did you mean \"serve\"?"), "{errors}");
    assert_eq!(run(&["serve"]).0, 2);
    assert_eq!(run(&["token", "--config", "x", "--tenant", "t", "--role", "king"]).0, 2);
    assert_eq!(run(&["plan", "."]).0, 2);
    assert_eq!(run(&["demo", "--agents", "many"]).0, 2);
}

#[test]
fn each_command_says_how_it_is_used() {
    let (_, all, _) = run(&["--help"]);
    let lines = all.lines().filter_map(|l| l.strip_prefix("  switchroom "));
    let names: Vec<&str> = lines.filter_map(|l| l.split(' ').next()).filter(|n| *n != "version").collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        for asked in [vec![name, "--help"], vec![name, "x", "-h"]] {
            let (code, said, errors) = run(&asked);
            assert!(code == 0 && errors.is_empty(), "{asked:?} {code} {errors}");
            assert!(said.starts_with(&format!("switchroom {name}")), "{said}");
        }
    }
}

#[test]
fn the_schema_names_every_kind_and_is_json() {
    let (_, out, _) = run(&["schema"]);
    let schema: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(schema["oneOf"].as_array().unwrap().len(), 16);
}

#[test]
fn plan_apply_and_export_agree_through_a_server_and_on_files() {
    let desk = Desk::new();
    let text = tenant(&desk, 2);
    let program = Program::start_as_owner(&[("tenant.yaml", &text)]);
    let kept = program.dir.clone();
    let dir = kept.path().to_path_buf();
    let files = dir.join("tenant");
    let server = format!("http://{}", program.http);
    let token = program.bearer().replace("Bearer ", "");
    let remote = ["--server", server.as_str(), "--token", token.as_str()];
    let call = |args: &[&str]| run(&[args, &remote].concat());
    assert_eq!(call(&["plan", files.to_str().unwrap()]).1.trim(), "nothing would change");
    std::fs::write(files.join("tenant.yaml"), text.replace("ring_time: 2s", "ring_time: 3s")).unwrap();
    assert_eq!(call(&["plan", files.to_str().unwrap()]).1.trim(), "~ Queue service (ring_time)");
    assert_eq!(call(&["apply", files.to_str().unwrap()]).1.trim(), "~ Queue service (ring_time)");
    let (_, versions) = program.get("/queues/service/versions");
    assert_eq!(versions.as_array().unwrap().len(), 2);
    assert_eq!(versions[0]["object"]["ring_time"], "3s");
    let out = dir.join("out");
    let (code, _, errors) = call(&["export", out.to_str().unwrap()]);
    assert_eq!(code, 0, "{errors}");
    assert_eq!(call(&["plan", out.to_str().unwrap()]).1.trim(), "nothing would change");

    // A second process on the database is told so; without a server the same commands work on the files.
    let config = dir.join("switchroom.toml");
    let on_files = |args: &[&str]| run(&[args, &["--config", config.to_str().unwrap()]].concat());
    let (code, _, errors) = on_files(&["plan", out.to_str().unwrap()]);
    assert!(code == 1 && errors.contains("in use by another switchroom"), "{errors}");
    program.stop();
    let (_, said, errors) = on_files(&["plan", out.to_str().unwrap()]);
    assert_eq!(said.trim(), "nothing would change", "{errors}");
    let (code, _, errors) = on_files(&["check"]);
    assert_eq!(code, 0, "{errors}");
}

#[test]
fn looking_makes_no_database() {
    let desk = Desk::new();
    let (_dir, path) = crate::program::folder(&[("tenant.yaml", &tenant(&desk, 1))]);
    let (_config_dir, config) = crate::program::folder(&[]);
    let config_file = config_at(&config);
    for (command, code) in
        [(vec!["plan", path.to_str().unwrap()], 0), (vec!["export", "/tmp/none", "--tenant", "test"], 1)]
    {
        let (got, _, errors) = run(&[&command[..], &["--config", &config_file]].concat());
        assert_eq!(got, code, "{command:?}: {errors}");
    }
    let args = ["token", "--tenant", "test", "--role", "owner", "--config", config_file.as_str()];
    let (code, _, errors) = run(&args);
    assert!(code == 1 && errors.contains("no database yet"), "{errors}");
    assert_eq!(std::fs::read_dir(&config).unwrap().count(), 1, "only the configuration");
}

/// A server's configuration with everything in this folder.
fn config_at(dir: &std::path::Path) -> String {
    let text = format!(
        "[store]\nurl = \"sqlite:{0}/data/s.db\"\nregion = \"test\"\n[blobs]\nurl = \"file:{0}/data/blobs\"\n\
         region = \"test\"\n[keys]\nurl = \"file:{0}/data/master.key\"\n[http]\nlisten = \"127.0.0.1:0\"\n\
         [admin]\nlisten = \"127.0.0.1:0\"\n[sip]\nudp = \"127.0.0.1:0\"\n",
        dir.display()
    );
    let file = dir.join("switchroom.toml");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_string()
}

#[test]
fn two_tenants_never_have_the_same_network_whichever_way_they_come() {
    let desk = Desk::new();
    let one = tenant(&desk, 1);
    let other =
        one.replace("kind: Tenant\nid: test", "kind: Tenant\nid: other").replace("127.0.0.0/8", "127.0.0.1");
    let (_a, first) = crate::program::folder(&[("t.yaml", &one)]);
    let (_b, second) = crate::program::folder(&[("t.yaml", &other)]);
    let (_c, dir) = crate::program::folder(&[]);
    let config = config_at(&dir);
    let (code, _, errors) = run(&["apply", first.to_str().unwrap(), "--config", &config]);
    assert_eq!(code, 0, "{errors}");
    let second = second.to_str().unwrap();
    for args in
        [vec!["apply", second, "--config", &config], vec!["serve", "--apply", second, "--config", &config]]
    {
        let (code, _, errors) = run(&args);
        assert!(code == 1 && errors.contains("is that of tenant \"test\" already"), "{args:?}: {errors}");
    }
    // Two that an earlier release let in: the start says so.
    {
        let dir = dir.display();
        let store = store::Store::open(&store::StoreSettings {
            url: format!("sqlite:{dir}/data/s.db"),
            full_sync: false,
            blobs: format!("file:{dir}/data/blobs"),
            keys: format!("file:{dir}/data/master.key"),
        })
        .unwrap();
        let other = store.tenant("other", 1).unwrap();
        let change = |kind: &str, id: &str, body: &str| store::Change {
            kind: kind.into(),
            id: id.into(),
            body: Some(format!("{{\"kind\": \"{kind}\", \"id\": \"{id}\", {body}}}")),
        };
        let changes = [
            change("Tenant", "other", "\"profile\": \"contact-center\""),
            change("Trunk", "all", "\"networks\": [\"127.0.0.1\"]"),
        ];
        store.change(other, 1, "test", &changes).unwrap();
    }
    let (code, _, errors) = run(&["serve", "--config", &config]);
    assert!(code == 1 && errors.contains("both have the network 127.0.0.0/8"), "{errors}");
}

#[test]
fn a_port_in_use_is_said_so() {
    let desk = Desk::new();
    let program = Program::start(&[("tenant.yaml", &tenant(&desk, 1))]);
    let (_dir, path) = crate::program::folder(&[("x.yaml", &tenant(&desk, 1))]);
    let out = Command::new(PROGRAM)
        .args([
            "demo",
            "--http",
            "127.0.0.1:0",
            "--admin",
            "127.0.0.1:0",
            "--sip",
            &program.sip.to_string(),
            "--for",
            "1s",
        ])
        .env("HOME", path)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.code() == Some(1) && errors.contains("Is another program on this port?"), "{errors}");
}

#[test]
fn the_demo_runs_for_a_while_and_all_laws_hold() {
    let sip = format!("127.0.0.1:{}", crate::program::free_port());
    let args = [
        "demo",
        "--http",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
        "--sip",
        &sip,
        "--for",
        "8s",
        "--calls-per-minute",
        "240",
    ];
    let (code, out, errors) = run(&args);
    assert_eq!(code, 0, "{out}\n{errors}");
    assert!(out.contains("all laws held"), "{out}");
}

#[test]
fn the_example_for_load_tools_is_in_order() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/bench");
    let text = std::fs::read_to_string(format!("{root}/switchroom.toml")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("switchroom.toml");
    std::fs::write(&config, text.replace(":data/bench", &format!(":{}", dir.path().display()))).unwrap();
    let (code, out, errors) = run(&["plan", &format!("{root}/tenant"), "--config", config.to_str().unwrap()]);
    assert_eq!(code, 0, "{errors}");
    let count = |kind: &str| out.lines().filter(|l| l.starts_with(&format!("+ {kind} "))).count();
    assert_eq!((count("Number"), count("User"), count("Queue")), (6, 410, 3), "{out}");
}
