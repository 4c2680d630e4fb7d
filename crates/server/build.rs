//! Puts the built web app (`web/dist`) into the program: a table of its files, each with the compressed forms that the
//! web app's own build laid beside it. Without a built web app the table is empty, and the program still compiles.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    println!("cargo:rerun-if-changed=build.rs");
    // A folder that is not there would count as changed at every build, and one that is not watched would be missed when
    // it comes. Where it cannot be made (sources that may not be written to) there is nothing to watch for.
    if folder.is_dir() || std::fs::create_dir_all(&folder).is_ok() {
        println!("cargo:rerun-if-changed={}", folder.display());
    }
    let mut files = Vec::new();
    find(&folder, &mut files);
    files.sort();
    let mut table = String::from("pub const FILES: &[File] = &[\n");
    // A folder without its first page is one that is being built.
    if files.iter().any(|f| f == &folder.join("index.html")) {
        for file in files.iter().filter(|f| !is_compressed(f) && !f.to_string_lossy().ends_with(".map")) {
            let Some(path) = file.strip_prefix(&folder).ok().and_then(Path::to_str) else { continue };
            let bytes = |file: &Path| format!("include_bytes!({:?})", file.to_string_lossy());
            let compressed = |ending: &str| {
                let beside = PathBuf::from(format!("{}.{ending}", file.display()));
                files.contains(&beside).then(|| bytes(&beside))
            };
            let form =
                |found: Option<String>| found.map_or_else(|| "None".into(), |bytes| format!("Some({bytes})"));
            let _ = writeln!(
                table,
                "    File {{ path: {path:?}, plain: {}, br: {}, gzip: {} }},",
                bytes(file),
                form(compressed("br")),
                form(compressed("gz"))
            );
        }
    }
    table += "];\n";
    examples();
    built_in();
    let out = std::env::var("OUT_DIR").expect("cargo says where to write");
    std::fs::write(Path::new(&out).join("web_files.rs"), table).expect("cargo's folder can be written to");
}

/// The tenants of `examples/`, one for each profile: profile, file name and text.
fn examples() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut table = String::from("const EXAMPLES: &[(&str, &str, &str)] = &[\n");
    for profile in ["connector", "contact-center", "directory", "bridge"] {
        let mut files = Vec::new();
        find(&folder.join(profile).join("tenant"), &mut files);
        files.sort();
        for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "yaml")) {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let _ =
                writeln!(table, "    ({profile:?}, {name:?}, include_str!({:?})),", file.to_string_lossy());
        }
    }
    table += "];\n";
    let out = std::env::var("OUT_DIR").expect("cargo says where to write");
    std::fs::write(Path::new(&out).join("examples.rs"), table).expect("cargo's folder can be written to");
}

/// The packages that become part of the program: what its ordinary dependencies are for this target, without those that only
/// build or test. A line each, name and version. Where Cargo cannot say it, there is no line.
fn built_in() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    println!("cargo:rerun-if-changed={}", root.join("Cargo.lock").display());
    let tree = std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["tree", "--package", "server", "--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .args(["--locked", "--offline", "--target", &std::env::var("TARGET").unwrap_or_default()])
        .current_dir(&root)
        .output();
    let text =
        tree.ok().filter(|t| t.status.success()).map(|t| String::from_utf8_lossy(&t.stdout).into_owned());
    let mut lines: Vec<String> = text
        .iter()
        .flat_map(|t| t.lines())
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some(format!("{} {}", words.next()?, words.next()?.strip_prefix('v')?))
        })
        .collect();
    lines.sort();
    lines.dedup();
    let out = std::env::var("OUT_DIR").expect("cargo says where to write");
    std::fs::write(Path::new(&out).join("built_in.txt"), lines.join("\n"))
        .expect("cargo's folder can be written to");
}

fn is_compressed(file: &Path) -> bool {
    file.extension().is_some_and(|e| e == "br" || e == "gz")
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        // `.vite` and its like are the build's own.
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if path.is_dir() {
            find(&path, files);
        } else {
            files.push(path);
        }
    }
}
