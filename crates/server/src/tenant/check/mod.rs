//! Reads a folder of tenant files and checks all of it: every fault at once, each with file and line.

mod circles;
mod graph;
mod single;
#[cfg(test)]
mod tests;
mod trunks;
mod whole;

pub use single::NOT_OWNED;

use crate::tenant::schema::{self, KINDS};
use crate::tenant::yaml::{self, Marked};
use base64::Engine as _;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The largest file of objects, and the largest sound file.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// An object of a tenant, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its kind.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// All of it, `kind` and `id` included.
    pub body: Value,
}

/// All objects of a tenant, by kind and id.
pub type Documents = BTreeMap<(String, String), Document>;

/// Something wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file; empty for what came by the API.
    pub file: String,
    /// The line, from 1; 0 where there is none.
    pub line: usize,
    /// What is wrong and what to do.
    pub what: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.file.as_str(), self.line) {
            ("", _) => f.write_str(&self.what),
            (file, 0) => write!(f, "{file}: {}", self.what),
            (file, line) => write!(f, "{file}:{line}: {}", self.what),
        }
    }
}

struct Found {
    file: String,
    marked: Marked,
}

/// Reads all `*.yaml` and `*.yml` files of a folder.
///
/// # Errors
/// Every problem there is.
pub fn read_folder(dir: &Path) -> Result<Documents, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut found = Vec::new();
    let name = |p: &Path| p.display().to_string();
    let problem = |file: &Path, what: String| Problem { file: name(file), line: 0, what };
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) => return Err(vec![problem(dir, format!("this folder cannot be read: {e}"))]),
    };
    let mut files: Vec<_> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
    files.retain(|p| p.extension().is_some_and(|e| e == "yaml" || e == "yml"));
    files.sort();
    if files.is_empty() {
        return Err(vec![problem(dir, "there is no .yaml file in this folder".into())]);
    }
    for file in files {
        let size = std::fs::metadata(&file).map(|m| m.len()).unwrap_or(0);
        if size > MAX_FILE {
            problems.push(problem(&file, "larger than 16 MiB: split it".into()));
            continue;
        }
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(e) => {
                problems.push(problem(&file, format!("cannot be read: {e}")));
                continue;
            }
        };
        match yaml::read(&text) {
            Ok(documents) => {
                for mut marked in documents {
                    for (pointer, what) in embed_sounds(&mut marked.value, dir) {
                        let line = marked.lines.get(&pointer).copied().unwrap_or(0);
                        problems.push(Problem { file: name(&file), line, what });
                    }
                    found.push(Found { file: name(&file), marked });
                }
            }
            Err(e) => problems.push(Problem { file: name(&file), line: e.line, what: e.what }),
        }
    }
    check(found, problems)
}

/// Checks objects that came by the API.
///
/// # Errors
/// Every problem there is.
pub fn check_values(values: Vec<Value>) -> Result<Documents, Vec<Problem>> {
    let marked = |value| Marked { value, lines: Default::default() };
    check(values.into_iter().map(|v| Found { file: String::new(), marked: marked(v) }).collect(), Vec::new())
}

/// `file: greeting.wav` becomes the sound itself, so that what is stored is whole. Says which could not.
fn embed_sounds(value: &mut Value, dir: &Path) -> Vec<(String, String)> {
    let Some(o) = value.as_object_mut().filter(|o| o.get("kind").is_some_and(|k| k == "Prompt")) else {
        return Vec::new();
    };
    let mut wrong = Vec::new();
    let mut embed = |pointer: String, o: &mut serde_json::Map<String, Value>| {
        let Some(file) = o.get("file").and_then(Value::as_str).map(str::to_string) else { return };
        o.remove("file");
        match sound_file(&file, dir) {
            Ok(wav) => {
                o.insert("wav".into(), wav.into());
            }
            Err(what) => {
                wrong.push((pointer, what));
                // Said once: for the rest of the check it counts as a sound.
                o.insert("music".into(), true.into());
            }
        }
    };
    if let Some(languages) = o.get_mut("languages").and_then(Value::as_object_mut) {
        for (language, sound) in languages {
            if let Some(o) = sound.as_object_mut() {
                embed(format!("/languages/{language}/file"), o);
            }
        }
    }
    embed("/file".into(), o);
    wrong
}

fn sound_file(file: &str, dir: &Path) -> Result<String, String> {
    let inside = Path::new(file).components().all(|c| matches!(c, std::path::Component::Normal(_)));
    if !inside {
        return Err(format!("{file:?} must name a file in this folder or below it"));
    }
    let path = dir.join(file);
    let size = std::fs::metadata(&path).map_err(|e| format!("{file}: {e}"))?.len();
    if size > MAX_FILE {
        return Err(format!("{file} is larger than 16 MiB"));
    }
    let bytes = std::fs::read(&path).map_err(|e| format!("{file}: {e}"))?;
    media::wav::read(&bytes).map_err(|e| format!("{file}: {e}"))?;
    Ok(base64::engine::general_purpose::STANDARD.encode(bytes))
}

/// The line of a part, or of the nearest around it that has one.
fn line_of(marked: &Marked, pointer: &str) -> usize {
    let mut at = pointer;
    loop {
        if let Some(line) = marked.lines.get(at) {
            return *line;
        }
        match at.rfind('/') {
            Some(cut) => at = &at[..cut],
            None => return 0,
        }
    }
}

fn check(found: Vec<Found>, mut problems: Vec<Problem>) -> Result<Documents, Vec<Problem>> {
    // Those in order, and all that are there: who refers to one that is not in order refers to something.
    let mut documents = Documents::new();
    let mut there: BTreeMap<(String, String), &Found> = BTreeMap::new();
    let mut references = Vec::new();
    for f @ Found { file, marked } in &found {
        let line = |pointer: &str| line_of(marked, pointer);
        let mut say = |pointer: &str, what: String| {
            problems.push(Problem { file: file.clone(), line: line(pointer), what });
        };
        let Some(kind) = marked.value.get("kind").and_then(Value::as_str) else {
            say("", format!("\"kind\" is missing: use one of {}", KINDS.join(", ")));
            continue;
        };
        let (faults, refs) = schema::check(kind, &marked.value);
        let id = marked.value.get("id").and_then(Value::as_str).unwrap_or_default().to_string();
        let bad = !faults.is_empty();
        for f in faults {
            say(&f.pointer, f.what);
        }
        if !bad {
            for (pointer, what) in single::check(kind, &marked.value) {
                say(&pointer, what);
            }
        }
        let key = (kind.to_string(), id.clone());
        if let Some(other) = there.get(&key) {
            let at = match line_of(&other.marked, "/id") {
                0 => "the same request".into(),
                at => format!("{}:{at}", other.file),
            };
            say("/id", format!("{kind} {id:?} is there twice: the other is in {at}"));
            continue;
        }
        there.insert(key.clone(), f);
        references.extend(refs.into_iter().map(|r| (f, r)));
        if !bad {
            documents.insert(key, Document { kind: kind.into(), id, body: marked.value.clone() });
        }
    }
    for (f, r) in references {
        if !r.kind.split(" or ").any(|kind| there.contains_key(&(kind.to_string(), r.id.clone()))) {
            let line = line_of(&f.marked, &r.pointer);
            problems.push(Problem {
                file: f.file.clone(),
                line,
                what: format!("there is no {} {:?}", r.kind, r.id),
            });
        }
    }
    for fault in whole::check(&documents) {
        let place = there.get(&(fault.kind.to_string(), fault.id));
        let file = place.map(|f| f.file.clone()).unwrap_or_default();
        let line = place.map_or(0, |f| line_of(&f.marked, &fault.pointer));
        problems.push(Problem { file, line, what: fault.what });
    }
    let tenants: Vec<_> = there.iter().filter(|(key, _)| key.0 == "Tenant").collect();
    for ((_, _), f) in tenants.iter().skip(1) {
        let what = "there is more than one Tenant: one folder is one tenant".into();
        problems.push(Problem { file: f.file.clone(), line: line_of(&f.marked, ""), what });
    }
    if tenants.is_empty() {
        let file = there.values().next().map(|f| f.file.clone()).unwrap_or_default();
        problems.push(Problem { file, line: 0, what: "an object of kind Tenant is missing".into() });
    }
    if problems.is_empty() {
        Ok(documents)
    } else {
        problems.sort();
        problems.dedup();
        Err(problems)
    }
}
