//! Reads a folder of tenant files and checks all of it: every fault at once, each with file and line.

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
                    if let Err(what) = embed_sound(&mut marked.value, dir) {
                        let line = marked.lines.get("/file").copied().unwrap_or(0);
                        problems.push(Problem { file: name(&file), line, what });
                        // Said once: for the rest of the check it counts as a sound.
                        if let Some(o) = marked.value.as_object_mut() {
                            o.remove("file");
                            o.insert("music".into(), true.into());
                        }
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

/// `file: greeting.wav` becomes the sound itself, so that what is stored is whole.
fn embed_sound(value: &mut Value, dir: &Path) -> Result<(), String> {
    let Some(o) = value.as_object_mut().filter(|o| o.get("kind").is_some_and(|k| k == "Prompt")) else {
        return Ok(());
    };
    let Some(file) = o.get("file").and_then(Value::as_str).map(str::to_string) else { return Ok(()) };
    let inside = Path::new(&file).components().all(|c| matches!(c, std::path::Component::Normal(_)));
    if !inside {
        return Err(format!("{file:?} must name a file in this folder or below it"));
    }
    let path = dir.join(&file);
    let size = std::fs::metadata(&path).map_err(|e| format!("{file}: {e}"))?.len();
    if size > MAX_FILE {
        return Err(format!("{file} is larger than 16 MiB"));
    }
    let bytes = std::fs::read(&path).map_err(|e| format!("{file}: {e}"))?;
    media::wav::read(&bytes).map_err(|e| format!("{file}: {e}"))?;
    o.remove("file");
    o.insert("wav".into(), base64::engine::general_purpose::STANDARD.encode(bytes).into());
    Ok(())
}

fn check(found: Vec<Found>, mut problems: Vec<Problem>) -> Result<Documents, Vec<Problem>> {
    let mut documents = Documents::new();
    let mut places: BTreeMap<(String, String), (String, usize)> = BTreeMap::new();
    let mut references = Vec::new();
    for Found { file, marked } in &found {
        let line = |pointer: &str| {
            // The nearest part that has a line.
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
        };
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
            if let Some((pointer, what)) = semantics(kind, &marked.value) {
                say(pointer, what);
            }
        }
        let key = (kind.to_string(), id.clone());
        if let Some((other, at)) = places.get(&key) {
            let at = if *at > 0 { format!("{other}:{at}") } else { "the same request".into() };
            say("/id", format!("{kind} {id:?} is there twice: the other is in {at}"));
            continue;
        }
        places.insert(key.clone(), (file.clone(), line("/id")));
        for r in refs {
            references.push((file.clone(), line(&r.pointer), r));
        }
        documents.insert(key, Document { kind: kind.into(), id, body: marked.value.clone() });
    }
    for (file, line, r) in references {
        if !documents.contains_key(&(r.kind.clone(), r.id.clone())) {
            problems.push(Problem { file, line, what: format!("there is no {} {:?}", r.kind, r.id) });
        }
    }
    whole(&documents, &places, &mut problems);
    if problems.is_empty() {
        Ok(documents)
    } else {
        problems.sort();
        problems.dedup();
        Err(problems)
    }
}

/// What a schema cannot say of one object.
fn semantics(kind: &str, value: &Value) -> Option<(&'static str, String)> {
    match kind {
        "Tenant" if value.get("profile").is_some_and(|p| p != "contact-center") => {
            Some(("/profile", "only contact-center is available yet".into()))
        }
        "Flow" => {
            let steps = value.get("steps")?.as_array()?;
            let off = |s: &Value| ["answer", "hang-up"].iter().any(|k| s.get(k) == Some(&Value::Bool(false)));
            steps
                .iter()
                .any(off)
                .then(|| ("/steps", "answer and hang-up are true, or leave the step out".into()))
        }
        "Prompt" if value.get("file").is_some() => Some((
            "/file",
            "a file can only be named in a folder of tenant files: send the sound as wav, in base64".into(),
        )),
        "Prompt" if value.get("music") == Some(&Value::Bool(false)) => {
            Some(("/music", "music is true, or leave it out".into()))
        }
        "Prompt" => {
            let sources =
                ["file", "wav", "tone", "music"].iter().filter(|k| value.get(**k).is_some()).count();
            if sources != 1 {
                return Some(("", "a prompt has exactly one of file, tone and music".into()));
            }
            let wav = value.get("wav")?.as_str()?;
            let bytes = match base64::engine::general_purpose::STANDARD.decode(wav) {
                Ok(bytes) => bytes,
                Err(_) => return Some(("/wav", "is not base64".into())),
            };
            let sound = match media::wav::read(&bytes) {
                Ok(sound) => sound,
                Err(e) => return Some(("/wav", e.to_string())),
            };
            let seconds = sound.samples.len() as u64 / u64::from(sound.rate.max(1));
            (seconds > 600).then(|| ("/wav", "is longer than 10 minutes".into()))
        }
        "User" => {
            let agent = value.get("roles")?.as_array()?.iter().any(|r| r == "agent");
            (agent && value.get("phone").is_none_or(Value::is_null))
                .then(|| ("", "an agent needs a phone: phone: \"sip:name@address:port\"".into()))
        }
        _ => None,
    }
}

/// What no object can say alone.
fn whole(
    documents: &Documents,
    places: &BTreeMap<(String, String), (String, usize)>,
    problems: &mut Vec<Problem>,
) {
    let of = |kind: &'static str| documents.values().filter(move |d| d.kind == kind);
    let mut say = |d: &Document, what: String| {
        let (file, line) = places.get(&(d.kind.clone(), d.id.clone())).cloned().unwrap_or_default();
        problems.push(Problem { file, line, what });
    };
    if of("Tenant").count() > 1 {
        for d in of("Tenant").skip(1) {
            say(d, "there is more than one Tenant: one folder is one tenant".into());
        }
    }
    let mut numbers: BTreeMap<&str, &str> = BTreeMap::new();
    for d in of("Number") {
        let Some(number) = d.body.get("number").and_then(Value::as_str) else { continue };
        if let Some(other) = numbers.insert(number, &d.id) {
            say(d, format!("the number {number:?} has another flow in Number {other:?}"));
        }
    }
    for d in of("Queue") {
        for agent in
            d.body.get("agents").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            let is_agent = documents.get(&("User".into(), agent.into())).is_none_or(|u| {
                u.body.get("roles").and_then(Value::as_array).is_some_and(|r| r.contains(&"agent".into()))
            });
            if !is_agent {
                say(d, format!("User {agent:?} has not the role agent"));
            }
        }
    }
    if of("Tenant").next().is_none() {
        let file = places.values().next().map(|p| p.0.clone()).unwrap_or_default();
        problems.push(Problem { file, line: 0, what: "an object of kind Tenant is missing".into() });
    }
}
