//! What the program is made of: the packages of the binary, as Cargo names them for its target, and of the web app, with the
//! digests of their lock files. What only builds or tests is none of it.

use crate::audit_file::hex;
use base64::Engine as _;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::OnceLock;

const CARGO: &str = include_str!("../../../../Cargo.lock");
const NPM: &str = include_str!("../../../../web/package-lock.json");

/// What Cargo says is part of the program, name and version in a line each; empty where it could not say it.
const BUILT_IN: &str = include_str!(concat!(env!("OUT_DIR"), "/built_in.txt"));

/// A package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Component {
    /// Its address as a package (purl).
    pub purl: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 or SHA-512 of its archive in hex or base64, as its registry has it; empty for our own.
    pub digest: String,
}

/// All packages, ours left out.
pub fn all() -> &'static [Component] {
    static ALL: OnceLock<Vec<Component>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = of_cargo(CARGO, BUILT_IN);
        all.extend(of_npm(NPM));
        all.sort();
        all.dedup();
        all
    })
}

/// The packages of a lock file that are among `built_in`; all of them where that is empty.
fn of_cargo(text: &str, built_in: &str) -> Vec<Component> {
    let built_in: BTreeSet<&str> = built_in.lines().collect();
    let lock: toml::Table = text.parse().unwrap_or_default();
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let text =
        |p: &toml::Value, key: &str| p.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_string();
    packages
        .into_iter()
        .flatten()
        .filter(|p| p.get("source").is_some())
        .filter(|p| {
            let line = format!("{} {}", text(p, "name"), text(p, "version"));
            built_in.is_empty() || built_in.contains(line.as_str())
        })
        .map(|p| {
            let (name, version) = (text(p, "name"), text(p, "version"));
            Component {
                purl: format!("pkg:cargo/{name}@{version}"),
                digest: text(p, "checksum"),
                name,
                version,
            }
        })
        .collect()
}

fn of_npm(text: &str) -> Vec<Component> {
    let lock: Value = serde_json::from_str(text).unwrap_or_default();
    let packages = lock["packages"].as_object();
    packages
        .into_iter()
        .flatten()
        // What only builds and tests the web app is not part of it.
        .filter(|(path, p)| !path.is_empty() && p["dev"] != true && p["link"] != true)
        .filter_map(|(path, p)| {
            let name = path.rsplit_once("node_modules/")?.1.to_string();
            let version = p["version"].as_str()?.to_string();
            let purl = format!("pkg:npm/{}@{version}", name.replace('@', "%40"));
            Some(Component {
                purl,
                digest: p["integrity"].as_str().unwrap_or_default().into(),
                name,
                version,
            })
        })
        .collect()
}

/// The SHA-512 of an npm package in hex, out of what its lock file says (W3C Subresource Integrity).
fn sha_512(integrity: &str) -> Option<String> {
    let text = integrity.split_whitespace().find_map(|one| one.strip_prefix("sha512-"))?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    (bytes.len() == 64).then(|| hex(&bytes))
}

/// The bill of materials, as CycloneDX 1.5 has it.
pub fn sbom() -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let components: Vec<Value> = all()
        .iter()
        .map(|c| {
            let mut one = json!({"type": "library", "bom-ref": c.purl, "name": c.name, "version": c.version, "purl": c.purl});
            if c.digest.len() == 64 {
                one["hashes"] = json!([{"alg": "SHA-256", "content": c.digest}]);
            } else if let Some(content) = sha_512(&c.digest) {
                one["hashes"] = json!([{"alg": "SHA-512", "content": content}]);
            }
            one
        })
        .collect();
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {
            "type": "application", "bom-ref": format!("pkg:generic/switchroom@{version}"),
            "name": "switchroom", "version": version,
        }},
        "components": components,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bill_names_what_both_lock_files_name() {
        let all = all();
        for name in ["rustls", "aws-lc-rs", "rusqlite", "react", "@fluentui/react-components"] {
            assert!(all.iter().any(|c| c.name == name && !c.version.is_empty()), "{name}");
        }
        assert!(all.iter().all(|c| c.name != "switchroom" && c.name != "server"), "ours are not foreign");
        // What tests and builds is no part of the program.
        for name in ["cc", "cmake", "ezk-sip-types"] {
            assert!(all.iter().all(|c| c.name != name), "{name}");
        }
        assert!(!BUILT_IN.is_empty(), "Cargo said what is built in");
        let bill = sbom();
        for c in bill["components"].as_array().unwrap() {
            assert!(
                c["hashes"][0]["content"].as_str().is_some_and(|h| h.len() == 64 || h.len() == 128),
                "{c}"
            );
        }
        assert_eq!(bill["components"].as_array().unwrap().len(), all.len());
        assert_eq!(bill["components"][0]["purl"], all[0].purl);
    }

    #[test]
    fn what_is_only_built_with_is_left_out() {
        let cargo = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"r\"\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\nsource = \"r\"\n";
        assert_eq!(
            of_cargo(cargo, "a 1.0.0\nb 1.0.0").iter().map(|c| c.name.as_str()).collect::<Vec<_>>(),
            ["a"]
        );
        assert_eq!(of_cargo(cargo, "").len(), 2);
        let lock = r#"{"packages":{"":{"name":"web"},"node_modules/a":{"version":"1"},"node_modules/b":{"version":"2","dev":true}}}"#;
        assert_eq!(of_npm(lock).iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["a"]);
    }
}
