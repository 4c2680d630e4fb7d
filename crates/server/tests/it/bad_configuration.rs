//! Configurations that are not in order: every fault at once, with file and line, and nothing is changed.

use crate::program::{folder, free_port, run};

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let (_dir, path) = folder(files);
    let (_config_dir, config) = folder(&[(
        "s.toml",
        "[store]\nurl = \"sqlite:/nowhere/x\"\nregion = \"x\"\n[blobs]\nregion = \"x\"\n",
    )]);
    let (code, _, errors) =
        run(&["plan", path.to_str().unwrap(), "--config", config.join("s.toml").to_str().unwrap()]);
    assert_eq!(code, 1, "{errors}");
    for part in expected {
        assert!(errors.contains(part), "{part:?} is not in:\n{errors}");
    }
    assert_eq!(errors.trim().lines().count(), expected.len(), "one line for each fault:\n{errors}");
}

const TENANT: &str = "kind: Tenant\nid: t\nprofile: contact-center\n";

#[test]
fn every_fault_at_once_with_file_and_line() {
    check(
        &[
            (
                "a.yaml",
                "kind: Tenant\nid: t\nprofile: contact-center\ncolour: blue\n---\nkind: Queue\nid: q\nagents: [nobody]\nring_time: soon\n",
            ),
            (
                "b.yaml",
                "kind: Number\nid: n\nnumber: 600\nflow: main\n---\nkind: Queue\nid: q\nagents: []\n---\nkind: Flow\nid: f\nsteps:\n  - sya: hello\n",
            ),
        ],
        &[
            "a.yaml:4: unknown key \"colour\"",
            "a.yaml:8: there is no User \"nobody\"",
            "a.yaml:9: \"soon\" is no time",
            "b.yaml:3: must be a text (numbers need quotes)",
            "b.yaml:4: there is no Flow \"main\"",
            "b.yaml:7: Queue \"q\" is there twice",
            "b.yaml:13: unknown step \"sya\": did you mean \"say\"?",
        ],
    );
}

#[test]
fn what_only_the_whole_can_show() {
    check(
        &[(
            "t.yaml",
            "kind: Flow\nid: f\nsteps: [{hang-up: true}]\n---\nkind: Number\nid: a\nnumber: \"1\"\nflow: f\n---\nkind: Number\nid: b\nnumber: \"1\"\nflow: f\n---\nkind: User\nid: u\nroles: [supervisor]\n---\nkind: Queue\nid: q\nagents: [u]\n",
        )],
        &[
            "an object of kind Tenant is missing",
            "the number \"1\" has another flow",
            "has not the role agent",
        ],
    );
}

#[test]
fn files_that_are_none() {
    let (_dir, path) = folder(&[("t.yaml", "a: [1\nb: 2\n")]);
    let (code, _, errors) = run(&["plan", path.to_str().unwrap(), "--config", "x"]);
    assert!(code == 1 && errors.contains("t.yaml:2: this is not YAML"), "{errors}");
    check(
        &[
            ("t.yaml", &format!("{TENANT}---\nkind: Prompt\nid: p\nfile: sound.wav\n")),
            ("sound.wav", "not a sound"),
        ],
        &["t.yaml:7: sound.wav: this is not a WAV file"],
    );
    check(
        &[("t.yaml", &format!("{TENANT}---\nkind: Prompt\nid: p\nfile: ../../etc/passwd\n"))],
        &["must name a file in this folder"],
    );
    let directory = "kind: Tenant\nid: t\nprofile: directory\n---\nkind: User\nid: u\nroles: [owner]\nname: Ulla\n---\n\
        kind: Webhook\nid: w\nurl: https://example.com/\nevents: [call-ended]\nsecret_file: w.key\n";
    check(
        &[("t.yaml", directory)],
        &[
            "keeps no calls while its feature queues is off",
            "keeps nothing of users while its feature queues is off",
        ],
    );
    check(&[("t.yaml", "kind: Tenant\nid: t\nprofile: bridge\n")], &["a bridge joins two trunks"]);
    let number =
        "kind: Tenant\nid: t\nprofile: connector\n---\nkind: Flow\nid: f\nsteps: [{hang-up: true}]\n";
    check(&[("t.yaml", number)], &["a connector keeps no calls"]);
    check(
        &[("t.yaml", &format!("{TENANT}---\nkind: User\nid: u\nroles: [agent]\nphone: anna\n"))],
        &["this is no SIP address"],
    );
    check(
        &[("t.yaml", &format!("{TENANT}---\nkind: Trunk\nid: k\nnetworks: [localhost]\n"))],
        &["this is no network"],
    );
}

// What the issue of call distribution names as bad input; the rest is checked beside the code, `tenant/check/tests.rs`.
#[test]
fn flows_hours_and_prompts_that_cannot_work() {
    check(
        &[
            ("base.yaml", &format!("{}languages: [de, en]\n", TENANT)),
            (
                "flows.yaml",
                "kind: Prompt
id: p
tone: {hz: 400, length: 1s}
---
kind: Flow
id: loop
steps: [{go: a}]
branches:
  a:
    - priority: 1
    - go: a
---
kind: Flow
id: trap
steps: [{go: a}]
branches:
  a:
    - say: p
    - go: a
---
kind: Flow
id: one
steps: [{run: two}]
---
kind: Flow
id: two
steps: [{run: one}]
",
            ),
            (
                "rest.yaml",
                "kind: Prompt
id: half
languages:
  de: {tone: {hz: 500, length: 1s}}
---
kind: Hours
id: never
time_zone: Europe/Berlin
---
kind: LookUp
id: near
url: \"https://192.168.1.1/\"
results: {/x: level}
---
kind: Queue
id: q
agents: []
callback: {key: \"5\", offer: p, confirm: p, enter: p, done: p, refused: p}
",
            ),
        ],
        &[
            "flows.yaml:10: from here the flow goes round without waiting",
            "flows.yaml:18: from here no end can be reached",
            "flows.yaml:23: Flow \"one\" runs itself by way of \"two\"",
            "flows.yaml:27: Flow \"two\" runs itself by way of \"one\"",
            "rest.yaml:3: Prompt \"half\" has no sound in en",
            "rest.yaml:6: these hours never open",
            "rest.yaml:12: is a private address",
            "rest.yaml:13: \"level\" is no attribute of the tenant",
            "rest.yaml:18: nobody can be called back: a Trunk with outbound: true is missing",
            "rest.yaml:18: nobody can be called back: dial.allow",
        ],
    );
}

#[test]
fn the_contact_center_example_is_in_order() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/contact-center");
    let listen = |section: &str, key: &str| format!("[{section}]\n{key} = \"127.0.0.1:{}\"\n", free_port());
    let text = format!(
        "[store]\nurl = \"sqlite:x/s.db\"\nregion = \"x\"\n[blobs]\nregion = \"x\"\n{}{}{}tcp = \"\"\n",
        listen("http", "listen"),
        listen("admin", "listen"),
        listen("sip", "udp"),
    );
    let (_dir, config) = folder(&[("s.toml", &text)]);
    let (code, _, errors) = run(&[
        "check",
        "--config",
        config.join("s.toml").to_str().unwrap(),
        "--tenant-files",
        &format!("{example}/tenant"),
    ]);
    assert_eq!(code, 0, "{errors}");
}

#[test]
fn a_server_configuration_is_checked_whole_too() {
    let (_dir, path) =
        folder(&[("s.toml", "[http]\nlisten = \"here\"\nport = 1\n[store]\nsync = \"sometimes\"\n")]);
    let file = path.join("s.toml");
    let (code, _, errors) = run(&["check", "--config", file.to_str().unwrap()]);
    assert_eq!(code, 1);
    for part in
        ["unknown key http.port", "http.listen = \"here\"", "store.sync", "store.region", "blobs.region"]
    {
        assert!(errors.contains(part), "{part:?} is not in:\n{errors}");
    }
    let (code, _, errors) = run(&["serve", "--config", file.to_str().unwrap()]);
    assert_eq!(code, 1, "and it does not start: {errors}");
}
