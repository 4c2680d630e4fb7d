//! What the program is made of, and what must not stand in its sources: the bill of materials as it is printed, and the search
//! for credentials, which is shown each kind of them.

use crate::program::run;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The bill that the program prints is that of the binary and of the web app, each with the version of the lock file.
#[test]
fn the_program_says_what_it_and_its_web_app_are_made_of() {
    let (code, said, wrong) = run(&["version", "--sbom"]);
    assert_eq!(code, 0, "{wrong}");
    let bill: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));
    let purls: Vec<&str> =
        bill["components"].as_array().unwrap().iter().map(|c| c["purl"].as_str().unwrap()).collect();
    let cargo: toml::Table = include_str!("../../../../Cargo.lock").parse().unwrap();
    let npm: Value = serde_json::from_str(include_str!("../../../../web/package-lock.json")).unwrap();
    let locked = |name: &str| {
        let all = cargo["package"].as_array().unwrap().iter();
        let found = all.filter(|p| p["name"].as_str() == Some(name)).map(|p| p["version"].as_str().unwrap());
        found.map(|v| format!("pkg:cargo/{name}@{v}")).collect::<Vec<_>>()
    };
    for name in ["rustls", "aws-lc-rs", "rusqlite", "axum"] {
        assert!(locked(name).iter().any(|purl| purls.contains(&purl.as_str())), "{name}: {:?}", locked(name));
    }
    for name in ["react", "@azure/msal-browser", "@microsoft/teams-js", "@fluentui/react-components"] {
        let version = npm["packages"][format!("node_modules/{name}")]["version"].as_str().unwrap();
        let purl = format!("pkg:npm/{}@{version}", name.replace('@', "%40"));
        assert!(purls.contains(&purl.as_str()), "{purl}");
    }
    // What only tests it is none of it.
    for name in ["ezk-sip-types", "vitest", "playwright-core"] {
        assert!(!purls.iter().any(|p| p.contains(&format!("/{name}@"))), "{name}");
    }
    for c in bill["components"].as_array().unwrap() {
        assert!(c["hashes"][0]["content"].as_str().is_some_and(|h| h.len() >= 64), "{c}");
    }
}

/// Sources with these files, searched: whether it is good, and what was said.
fn searched(files: &[(&str, Vec<u8>)]) -> (bool, String) {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join(".ci/secrets");
    std::fs::create_dir(dir.path().join(".ci")).unwrap();
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.ci/secrets");
    std::fs::copy(ours, &script).unwrap();
    for (name, bytes) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let git = |args: &[&str]| {
        let done = Command::new("git").args(args).current_dir(dir.path()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    git(&["init", "-q"]);
    git(&["add", "-A", "-f"]);
    let done = Command::new("bash").arg(&script).output().unwrap();
    (done.status.success(), String::from_utf8_lossy(&done.stdout).into_owned())
}

#[test]
fn each_kind_of_credential_in_the_sources_is_found() {
    let clean = ("src/a.rs", b"let token = \"AKIA\"; // BEGIN PRIVATE KEY\n".to_vec());
    assert_eq!(searched(std::slice::from_ref(&clean)), (true, String::new()));
    // Put together here, so that the search of our own sources does not find them.
    let text = |parts: &[&str]| parts.concat().into_bytes();
    let body = "QUJD".repeat(16);
    let lines = |head: &str| format!("-----BEGIN {head}{}-----\n{body}\n", "PRIVATE KEY").into_bytes();
    let indented = |byte: u8| if byte == b'\n' { b"\n    ".to_vec() } else { vec![byte] };
    let jwt = format!("eyJ{0}.eyJ{0}.{0}", "A".repeat(24));
    let rsa =
        b"\x30\x82\x04\xbd\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x04\x82";
    let ed = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
    let kinds: [(&str, Vec<u8>); 15] = [
        ("src/aws.rs", text(&["AKIA", "ABCDEFGHIJKLMNOP"])),
        ("src/github.txt", text(&["ghp", "_", &"a".repeat(36)])),
        ("src/chat.toml", text(&["xoxb", "-", &"1".repeat(20)])),
        ("deploy/storage.yaml", text(&["Account", "Key=", &"b".repeat(40)])),
        ("docs/example.md", text(&["sk", "-", &"c".repeat(40)])),
        ("docs/token.md", text(&["github_pat", "_", &"d".repeat(40)])),
        ("config/entra.toml", text(&["secret = \"abc8", "Q~", &"e".repeat(34), "\""])),
        ("web/src/token.ts", jwt.into_bytes()),
        ("certs/key.pem", lines("")),
        ("certs/rsa.pem", lines("RSA ")),
        ("deploy/key.yaml", lines("").into_iter().flat_map(indented).collect()),
        ("deploy/key.json", String::from_utf8(lines("")).unwrap().replace('\n', "\\n").into_bytes()),
        ("certs/key.der", rsa.to_vec()),
        ("certs/ed25519.bin", ed.to_vec()),
        ("certs/store.p12", b"anything".to_vec()),
    ];
    for (name, bytes) in kinds {
        let (good, said) = searched(&[clean.clone(), (name, bytes)]);
        assert!(!good && said.contains(name), "{name}: {good} {said:?}");
    }
    // A token of a service is none of a test's either.
    let (good, said) = searched(&[("crates/x/tests/it/a.rs", text(&["ghp", "_", &"a".repeat(36)]))]);
    assert!(!good && said.contains("tests/it/a.rs"), "{said:?}");
}

/// Whoever runs `make lint` runs each of these.
#[test]
fn lint_asks_for_licences_advisories_and_credentials() {
    let makefile = include_str!("../../../../Makefile");
    let (_, lint) = makefile.split_once("\nlint:").unwrap();
    let lint: Vec<&str> = lint.lines().skip(1).take_while(|l| l.starts_with('\t')).map(str::trim).collect();
    for command in
        [".ci/secrets", ".ci/advisories", "cargo deny --log-level error check bans licenses sources"]
    {
        assert!(lint.contains(&command), "{command} is not in {lint:?}");
    }
}
