//! Configurations that are not in order: every fault at once, with file and line, and nothing is changed.

use crate::program::{folder, run};

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
    check(&[("t.yaml", "kind: Tenant\nid: t\nprofile: bridge\n")], &["only contact-center is available yet"]);
    check(
        &[("t.yaml", &format!("{TENANT}---\nkind: User\nid: u\nroles: [agent]\n"))],
        &["an agent needs a phone"],
    );
    check(
        &[("t.yaml", &format!("{TENANT}---\nkind: Trunk\nid: k\nnetworks: [localhost]\n"))],
        &["this is no network"],
    );
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
