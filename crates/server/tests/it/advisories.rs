//! What `make lint` does about advisories, with tools in place of cargo and npm that say what real ones would.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Runs the script with these in place of cargo and npm: shell text each.
fn with(cargo: &str, npm: &str) -> (bool, String) {
    let tools = tempfile::tempdir().unwrap();
    for (name, text) in [("cargo", cargo), ("npm", npm)] {
        let path = tools.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", tools.path().display(), std::env::var("PATH").unwrap_or_default());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.ci/advisories");
    let out = Command::new(script).env("PATH", path).output().unwrap();
    (out.status.success(), String::from_utf8_lossy(&out.stdout).into_owned())
}

#[test]
fn advisories_fail_and_a_source_that_cannot_be_reached_is_named() {
    let none = r#"echo '{"vulnerabilities": {}, "metadata": {"vulnerabilities": {"total": 0}}}'"#;
    let some = r#"echo '{"vulnerabilities": {"left-pad": {"severity": "high", "range": "<2"}},
        "metadata": {"vulnerabilities": {"total": 1}}}'; exit 1"#;
    let (good, said) = with("exit 0", none);
    assert!(
        good && said.contains("crates: no advisories") && said.contains("web/package-lock.json: no"),
        "{said}"
    );
    let (good, said) = with("exit 0", some);
    assert!(!good && said.contains("left-pad <2: high"), "{said}");
    let (good, said) = with("echo 'error[vulnerability]: RUSTSEC-2020-0001'; exit 1", none);
    assert!(!good && said.contains("RUSTSEC-2020-0001"), "{said}");
    let (good, said) = with("echo 'failed to fetch'; exit 1", r#"echo '{"error": {}}'; exit 1"#);
    assert!(good && said.matches("not checked").count() >= 2, "{said}");
}
