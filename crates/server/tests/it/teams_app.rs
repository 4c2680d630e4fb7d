//! The Teams app package: made by the command, judged by Microsoft's schema and library.

use crate::program::PROGRAM;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs the command for a folder of tenant files; exit code, and everything it said.
fn teams_app(config: &Path, tenant: &Path, out: &Path, more: &[&str]) -> (i32, String) {
    let out = Command::new(PROGRAM)
        .arg("teams-app")
        .args([Path::new("--config"), config, Path::new("--tenant-files"), tenant, Path::new("--out"), out])
        .args(more)
        .output()
        .unwrap();
    let said = [out.stdout, out.stderr].concat();
    (out.status.code().unwrap(), String::from_utf8_lossy(&said).into_owned())
}

/// What the judges say of a package: an object for each, with what they found.
fn judged(zip: &Path) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/microsoft");
    assert!(
        folder.join("node_modules/@microsoft/app-manifest").exists(),
        "make test does this: npm ci in {}",
        folder.display()
    );
    let output = Command::new("node")
        .arg(folder.join("package.mjs"))
        .arg(zip)
        .arg(root().join("third_party/teams-app-schema"))
        .output()
        .expect("node is installed");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&said).unwrap()
}

#[test]
fn the_examples_package_is_what_microsofts_schema_and_library_want() {
    let dir = tempfile::tempdir().unwrap();
    let example = root().join("examples/connector");
    let (config, tenant) = (example.join("switchroom.toml"), example.join("tenant"));
    let zip = dir.path().join("app.zip");
    let (code, said) = teams_app(&config, &tenant, &zip, &[]);
    assert_eq!(code, 0, "{said}");
    let seen = judged(&zip);
    assert_eq!(seen["faults"], json!([]), "{seen:#}");
    assert_eq!(seen["files"], json!(["manifest.json", "de.json", "fr.json", "color.png", "outline.png"]));
    assert_eq!(seen["icons"], json!({"color.png": [192, 192], "outline.png": [32, 32]}));
    assert_eq!(seen["manifest"]["validDomains"], json!(["calls.harbour-bikes.example"]));
    assert_eq!(seen["manifest"]["name"]["short"], "Harbour Calls");
    assert_eq!(seen["languages"]["de.json"]["name.short"], "Hafen-Telefon");
    let guide = std::fs::read_to_string(dir.path().join("app.md")).unwrap();
    for needed in [
        "https://calls.harbour-bikes.example/api/messages",
        "`ChatMember.Read`",
        "brk-multihub://calls.harbour-bikes.example",
    ] {
        assert!(guide.contains(needed), "{needed} is missing: {guide}");
    }
    assert!(!guide.contains("Chat.Read`"), "{guide}");
    // An icon of another size is refused, and one of the right size taken.
    let icon = dir.path().join("icon.png");
    std::fs::write(&icon, b"GIF89a").unwrap();
    let (code, said) = teams_app(&config, &tenant, &zip, &["--icon", icon.to_str().unwrap()]);
    assert!(code == 1 && said.contains("the colour icon is no PNG"), "{said}");
}

#[test]
fn what_teams_would_refuse_is_refused_a_sentence_each() {
    let dir = tempfile::tempdir().unwrap();
    let example = root().join("examples/connector");
    let text = std::fs::read_to_string(example.join("tenant/tenant.yaml")).unwrap();
    let config = std::fs::read_to_string(example.join("switchroom.toml")).unwrap();
    let tenant = dir.path().join("tenant");
    std::fs::create_dir(&tenant).unwrap();
    let zip = dir.path().join("app.zip");
    let check = |from: &str, to: &str, in_config: bool, expected: &str| {
        let (mut text, mut config) = (text.clone(), config.clone());
        let changed = if in_config { &mut config } else { &mut text };
        assert!(changed.contains(from), "{from}");
        *changed = changed.replace(from, to);
        std::fs::write(tenant.join("tenant.yaml"), text).unwrap();
        std::fs::write(dir.path().join("s.toml"), config).unwrap();
        let (code, said) = teams_app(&dir.path().join("s.toml"), &tenant, &zip, &[]);
        assert!(code == 1 && said.contains(expected), "{to}: {said}");
        assert!(!zip.exists(), "nothing is written");
    };
    check("version: 1.0.0", "version: \"1.0\"", false, "is not written as 1.0.0");
    check(
        "name: Harbour Calls",
        "name: The calls of the whole of Harbour Bikes",
        false,
        "the name in en has",
    );
    check(
        "company: Harbour Bikes",
        "company: Harbour Bikes and all of its daughters",
        false,
        "the company's name has",
    );
    check(
        "https://harbour-bikes.example/privacy",
        "http://harbour-bikes.example/privacy",
        false,
        "the page privacy",
    );
    check("\"#0b5cad\"", "blue", false, "the accent colour");
    check("    de:\n", "    nl:\n", false, "the languages are en, de, fr, es and zh");
    check("    de:\n", "    zh:\n", false, "no language of the tenant");
    check("teams_app:\n  id: 5c0de000-0000-4000-8000-0000000000a1", "teams_app:\n  id: harbour", false, "id");
    check("public_url = \"https://calls.harbour-bikes.example\"\n", "", true, "http.public_url");
    check("bot_app = \"5c0de000-0000-4000-8000-00000000b070\"\n", "", true, "microsoft.bot_app is missing");
    check("tab_app = \"5c0de000-0000-4000-8000-000000007ab0\"\n", "", true, "microsoft.tab_app is missing");
}
