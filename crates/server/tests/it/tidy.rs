//! House rules: which room may know which, and what none of them may do.

use std::path::{Path, PathBuf};

const ROOMS: [&str; 8] = ["engine", "sip", "media", "teams", "pbx", "store", "server", "sim"];

/// Whom each room may know.
fn may_know(room: &str) -> &'static [&'static str] {
    match room {
        "store" => &["engine"],
        "sim" => &["engine", "sip", "media", "teams", "pbx"],
        "server" => &["engine", "sip", "media", "teams", "pbx", "store", "sim"],
        _ => &[],
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sources(dir: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push((path.clone(), std::fs::read_to_string(path).unwrap()));
        }
    }
    found
}

/// The code of a file without its tests, which stand at its end.
fn production(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or_default()
}

#[test]
fn the_arrows_between_the_rooms_are_those_of_the_map() {
    let mut wrong = Vec::new();
    for room in ROOMS {
        let manifest = std::fs::read_to_string(root().join("crates").join(room).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(toml::Value::Table(known)) = manifest.get(section) else { continue };
            for name in known.keys().filter(|n| ROOMS.contains(&n.as_str())) {
                if !may_know(room).contains(&name.as_str()) {
                    wrong.push(format!(
                        "{room} must not know {name}: move what it needs, or pass it in as data"
                    ));
                }
            }
        }
    }
    let folders: Vec<_> =
        std::fs::read_dir(root().join("crates")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(
        folders.len(),
        ROOMS.len(),
        "a ninth room needs a verb of its own and a line in ARCHITECTURE.md: {folders:?}"
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_engine_is_no_std_with_ordered_maps_only() {
    for (path, text) in sources(&root().join("crates/engine/src")) {
        if path.ends_with("lib.rs") {
            assert!(text.contains("#![no_std]"), "the engine must stay no_std");
        }
        for word in ["HashMap", "HashSet", "std::", "f32", "rand::"] {
            assert!(
                !production(&text).contains(word),
                "{}: {word} has no place in the engine",
                path.display()
            );
        }
    }
}

#[test]
fn no_clock_no_socket_and_no_dice_where_the_design_forbids_them() {
    let mut wrong = Vec::new();
    for room in ["engine", "sip", "media", "teams", "pbx", "sim"] {
        for (path, text) in sources(&root().join("crates").join(room).join("src")) {
            for word in [
                "Instant::now",
                "SystemTime",
                "UdpSocket",
                "TcpStream",
                "TcpListener",
                "std::fs",
                "getrandom",
                "thread::",
            ] {
                if production(&text).contains(word) {
                    wrong.push(format!(
                        "{}: {word}: this room is sans-IO, let server do it and pass it in",
                        path.display()
                    ));
                }
            }
        }
    }
    for (path, text) in sources(&root().join("crates/store/src")) {
        for word in ["sip::", "axum", "http::", "TcpStream"] {
            if production(&text).contains(word) {
                wrong.push(format!("{}: {word}: the store knows no HTTP and no SIP", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_are_called_what_they_do() {
    for room in ROOMS {
        for (path, _) in sources(&root().join("crates").join(room)) {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            for bad in ["common", "utils", "util", "helpers", "helper", "manager", "misc"] {
                assert_ne!(name, bad, "{}: say what it does", path.display());
            }
        }
    }
}

#[test]
fn the_map_names_every_room_and_the_readme_only_targets_that_exist() {
    let read = |name: &str| std::fs::read_to_string(root().join(name)).unwrap();
    let (map, readme, makefile) = (read("ARCHITECTURE.md"), read("README.md"), read("Makefile"));
    for room in ROOMS {
        assert!(map.contains(&format!("`{room}`")), "ARCHITECTURE.md says nothing of {room}");
    }
    for word in readme.split(|c: char| c.is_whitespace() || c == '`').collect::<Vec<_>>().windows(2) {
        if word[0] == "make" && word[1].chars().all(|c| c.is_ascii_lowercase()) && !word[1].is_empty() {
            assert!(
                makefile.contains(&format!("\n{}:", word[1])),
                "README.md names make {}, which is no target",
                word[1]
            );
        }
    }
    for name in ["LICENSE", "CHANGELOG.md", "deny.toml", ".ci/run"] {
        assert!(!read(name).is_empty(), "{name} is empty");
    }
}

#[test]
fn the_readme_shows_what_the_demo_prints() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let demo = std::fs::read_to_string(root().join("crates/server/src/demo/mod.rs")).unwrap();
    for line in [
        "Switchroom is running with a made-up contact centre.",
        "(greeting, music, an agent; recorded)",
        "Stop with Ctrl-C.",
    ] {
        assert!(readme.contains(line) && demo.contains(line), "README.md and the demo differ: {line}");
    }
}
