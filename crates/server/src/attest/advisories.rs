//! Advisories about what the program is built from, read from a folder that somebody brings here: the database of RustSec
//! (`crates/NAME/RUSTSEC-*.md`), and what `npm audit --json` said (`npm-audit.json`). Nothing is fetched.

use crate::attest::components::{self, Component};
use serde_json::Value;
use std::path::Path;

/// The most advisories that are read, and the largest of them in bytes.
const MOST: usize = 50_000;
const LARGEST: u64 = 1 << 20;
/// The largest answer of npm that is read, in bytes.
const LARGEST_AUDIT: u64 = 16 << 20;

/// What the folder says of our components.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// How many advisories there are in the database, whatever they are about.
    pub advisories: usize,
    /// The newest date in it, as `2026-11-20`; empty where there is none.
    pub newest: String,
    /// Weak spots of versions that are built in: id, package, version.
    pub vulnerable: Vec<String>,
    /// Packages that nobody looks after any more, the same way.
    pub unmaintained: Vec<String>,
    /// Advisories about packages of ours that could not be read.
    pub unreadable: Vec<String>,
    /// What npm said of the web app's packages: how many advisories; nothing where its answer is not there.
    pub npm: Option<u64>,
}

/// Looks through the folder.
///
/// # Errors
/// A sentence: there is no such database.
pub fn look(folder: &Path) -> Result<Looked, String> {
    let crates = folder.join("crates");
    let packages = std::fs::read_dir(&crates).map_err(|e| format!("{}: {e}", crates.display()))?;
    let mut looked = Looked::default();
    for package in packages.flatten() {
        let name = package.file_name().to_string_lossy().into_owned();
        let ours: Vec<&Component> =
            components::all().iter().filter(|c| c.name == name && c.purl.starts_with("pkg:cargo/")).collect();
        for file in std::fs::read_dir(package.path()).into_iter().flatten().flatten() {
            let path = file.path();
            if path.extension().is_none_or(|e| e != "md") || looked.advisories >= MOST {
                continue;
            }
            let is_small = file.metadata().is_ok_and(|about| about.len() <= LARGEST);
            let text =
                if is_small { std::fs::read_to_string(&path).unwrap_or_default() } else { String::new() };
            looked.advisories += 1;
            let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            match Advisory::read(&text) {
                Some(advisory) => {
                    if advisory.date > looked.newest {
                        looked.newest.clone_from(&advisory.date);
                    }
                    for c in ours.iter().filter(|c| advisory.is_about(&c.version)) {
                        let line = format!("{id}: {} {}", c.name, c.version);
                        match advisory.is_notice {
                            true => looked.unmaintained.push(line),
                            false => looked.vulnerable.push(line),
                        }
                    }
                }
                None if ours.is_empty() => {}
                None => looked.unreadable.push(format!("{id}: {name}")),
            }
        }
    }
    looked.vulnerable.sort();
    looked.unmaintained.sort();
    looked.npm = npm(&folder.join("npm-audit.json"));
    Ok(looked)
}

fn npm(path: &Path) -> Option<u64> {
    if std::fs::metadata(path).ok()?.len() > LARGEST_AUDIT {
        return None;
    }
    let said: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    said["metadata"]["vulnerabilities"]["total"].as_u64()
}

/// An advisory of RustSec, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
struct Advisory {
    date: String,
    /// It tells of the package's state and of no weak spot.
    is_notice: bool,
    /// Versions that are well: repaired ones, and those that never had it.
    well: Vec<String>,
}

impl Advisory {
    /// Reads the head of an advisory: TOML between two lines of backticks.
    fn read(text: &str) -> Option<Advisory> {
        let head = text.split_once("```toml")?.1.split_once("```")?.0;
        let head: toml::Table = head.parse().ok()?;
        let about = head.get("advisory")?.as_table()?;
        if about.contains_key("withdrawn") {
            return Some(Advisory { date: String::new(), is_notice: true, well: vec![">= 0".into()] });
        }
        let listed = |key: &str| -> Vec<String> {
            let all = head.get("versions").and_then(|v| v.get(key)).and_then(toml::Value::as_array);
            all.into_iter().flatten().filter_map(|v| v.as_str().map(str::to_string)).collect()
        };
        let well = [listed("patched"), listed("unaffected")].concat();
        let is_notice =
            about.get("informational").and_then(toml::Value::as_str).is_some_and(|kind| kind != "unsound");
        Some(Advisory { date: about.get("date")?.as_str()?.to_string(), is_notice, well })
    }

    /// Whether a version has what the advisory tells of. A version or range that cannot be read has it.
    fn is_about(&self, version: &str) -> bool {
        let Some(version) = Version::read(version) else { return true };
        !self.well.iter().any(|range| fits(range, &version))
    }
}

/// A version by its numbers; one that comes before the release is less than it (semver 2.0.0, 11).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    numbers: [u64; 3],
    is_release: bool,
    before: String,
}

impl Version {
    fn read(text: &str) -> Option<Version> {
        let text = text.trim().split('+').next()?;
        let (numbers, before) = text.split_once('-').unwrap_or((text, ""));
        let mut read = [0; 3];
        let parts: Vec<&str> = numbers.split('.').collect();
        if parts.len() > read.len() {
            return None;
        }
        for (place, part) in read.iter_mut().zip(parts) {
            *place = part.parse().ok()?;
        }
        Some(Version { numbers: read, is_release: before.is_empty(), before: before.into() })
    }
}

/// Whether a version is in a range as Cargo writes them: `>= 1.2.3, < 2.0.0`, `^1.2`, `~1.2`, `= 1.2.3`.
fn fits(range: &str, version: &Version) -> bool {
    let all: Vec<&str> = range.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    !all.is_empty() && all.iter().all(|part| fits_one(part, version) == Some(true))
}

fn fits_one(part: &str, version: &Version) -> Option<bool> {
    let split = part.find(|c: char| c.is_ascii_digit())?;
    let (sign, text) = part.split_at(split);
    let than = Version::read(text)?;
    let given = text.split(['-', '+']).next()?.split('.').count();
    let [major, minor, patch] = than.numbers;
    // The first version that is not like this one any more.
    let end = |numbers: [u64; 3]| Version { numbers, is_release: false, before: String::new() };
    let caret = match (major, minor, given) {
        (0, 0, 3) => end([0, 0, patch + 1]),
        (0, _, 2..) => end([0, minor + 1, 0]),
        _ => end([major + 1, 0, 0]),
    };
    let tilde = if given == 1 { end([major + 1, 0, 0]) } else { end([major, minor + 1, 0]) };
    Some(match sign.trim() {
        ">=" => *version >= than,
        ">" => *version > than,
        "<=" => *version <= than,
        "<" => *version < than,
        "=" => *version == than,
        "^" | "" => *version >= than && *version < caret,
        "~" => *version >= than && *version < tilde,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advisory(package: &str, date: &str, kind: &str, patched: &str) -> String {
        format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2026-0001\"\npackage = \"{package}\"\ndate = \"{date}\"\n{kind}\n\
             [versions]\npatched = [{patched}]\n```\n\n# What it is\n"
        )
    }

    #[test]
    fn ranges_are_read_as_cargo_reads_them() {
        for (range, inside, outside) in [
            (">= 1.2.3", &["1.2.3", "2.0.0"][..], &["1.2.2", "1.2.3-rc.1"][..]),
            (">= 1.2.3, < 2.0.0", &["1.9.9"], &["2.0.0", "1.0.0"]),
            ("^1.2", &["1.2.0", "1.9.0"], &["1.1.9", "2.0.0"]),
            ("^0.2.3", &["0.2.3", "0.2.9"], &["0.3.0", "0.2.2"]),
            ("~1.2.3", &["1.2.9"], &["1.3.0"]),
            ("= 1.2.3", &["1.2.3"], &["1.2.4"]),
            ("< 0.1", &["0.0.9"], &["0.1.0"]),
            ("> 1", &["1.0.1"], &["1.0.0"]),
            ("what?", &[], &["1.0.0"]),
        ] {
            for v in inside {
                assert!(fits(range, &Version::read(v).unwrap()), "{v} is in {range}");
            }
            for v in outside {
                assert!(!fits(range, &Version::read(v).unwrap()), "{v} is not in {range}");
            }
        }
    }

    #[test]
    fn an_advisory_about_a_version_that_is_built_in_is_found() {
        let ours = components::all().iter().find(|c| c.name == "rustls").unwrap();
        let dir = tempfile::tempdir().unwrap();
        assert!(look(dir.path()).is_err(), "a folder without a database is none");
        let put = |name: &str, text: String| {
            let folder = dir.path().join("crates").join(name);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("RUSTSEC-2026-0001.md"), text).unwrap();
        };
        put("rustls", advisory("rustls", "2026-01-02", "", &format!("\">= {}\"", ours.version)));
        put("not-here", advisory("not-here", "2026-03-04", "", ""));
        let clean = look(dir.path()).unwrap();
        assert_eq!((clean.advisories, clean.newest.as_str(), clean.npm), (2, "2026-03-04", None));
        assert!(clean.vulnerable.is_empty() && clean.unmaintained.is_empty(), "{clean:?}");
        put("rustls", advisory("rustls", "2026-01-02", "", &format!("\"> {}\"", ours.version)));
        let found = look(dir.path()).unwrap();
        assert_eq!(found.vulnerable, [format!("RUSTSEC-2026-0001: rustls {}", ours.version)]);
        put("rustls", advisory("rustls", "2026-01-02", "informational = \"unmaintained\"", ""));
        let found = look(dir.path()).unwrap();
        assert!(found.vulnerable.is_empty() && found.unmaintained.len() == 1, "{found:?}");
        put("rustls", "no head".into());
        assert_eq!(look(dir.path()).unwrap().unreadable.len(), 1);
        std::fs::write(dir.path().join("npm-audit.json"), r#"{"metadata":{"vulnerabilities":{"total":2}}}"#)
            .unwrap();
        assert_eq!(look(dir.path()).unwrap().npm, Some(2));
    }
}
