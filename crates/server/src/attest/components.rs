//! What the program is made of: the packages of the binary and of the web app, as their lock files name them, built in.

use serde_json::{Value, json};
use std::sync::OnceLock;

const CARGO: &str = include_str!("../../../../Cargo.lock");
const NPM: &str = include_str!("../../../../web/package-lock.json");

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
        let mut all = of_cargo(CARGO);
        all.extend(of_npm(NPM));
        all.sort();
        all.dedup();
        all
    })
}

fn of_cargo(text: &str) -> Vec<Component> {
    let lock: toml::Table = text.parse().unwrap_or_default();
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let text =
        |p: &toml::Value, key: &str| p.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_string();
    packages
        .into_iter()
        .flatten()
        .filter(|p| p.get("source").is_some())
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

/// The bill of materials, as CycloneDX 1.5 has it.
pub fn sbom() -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let components: Vec<Value> = all()
        .iter()
        .map(|c| {
            let mut one = json!({"type": "library", "bom-ref": c.purl, "name": c.name, "version": c.version, "purl": c.purl});
            if c.digest.len() == 64 {
                one["hashes"] = json!([{"alg": "SHA-256", "content": c.digest}]);
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
        let bill = sbom();
        assert_eq!(bill["components"].as_array().unwrap().len(), all.len());
        assert_eq!(bill["components"][0]["purl"], all[0].purl);
    }

    #[test]
    fn what_is_only_built_with_is_left_out() {
        let lock = r#"{"packages":{"":{"name":"web"},"node_modules/a":{"version":"1"},"node_modules/b":{"version":"2","dev":true}}}"#;
        assert_eq!(of_npm(lock).iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["a"]);
    }
}
