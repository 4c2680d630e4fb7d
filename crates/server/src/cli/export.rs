//! `switchroom export`

use crate::cli::arguments::Arguments;
use crate::cli::remote::PlaceArguments;
use crate::cli::{Failure, Outcome, say};
use base64::Engine as _;
use serde_json::Value;
use std::collections::BTreeMap;

/// Runs the command.
pub fn run(mut args: Arguments) -> Outcome {
    let dir = args.operand("the folder to write to")?;
    let tenant = args.take("tenant");
    let place = PlaceArguments::read(&mut args)?;
    args.end()?;
    let objects = place.open()?.export(tenant.as_deref())?;
    let io =
        |what: &std::path::Path, e: std::io::Error| Failure::NotInOrder(format!("{}: {e}", what.display()));
    std::fs::create_dir_all(&dir).map_err(|e| io(&dir, e))?;
    let used = std::fs::read_dir(&dir).map_err(|e| io(&dir, e))?.next().is_some();
    if used {
        return Err(Failure::NotInOrder(format!("{} is not empty: name a new folder", dir.display())));
    }
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for mut object in objects {
        let kind = object["kind"].as_str().unwrap_or_default().to_string();
        if let Some(wav) = object.get("wav").and_then(Value::as_str) {
            let bytes = base64::engine::general_purpose::STANDARD.decode(wav).unwrap_or_default();
            let name = format!("{}.wav", object["id"].as_str().unwrap_or("prompt"));
            let path = dir.join(&name);
            std::fs::write(&path, bytes).map_err(|e| io(&path, e))?;
            if let Some(o) = object.as_object_mut() {
                o.remove("wav");
                o.insert("file".into(), name.into());
            }
        }
        let text = files.entry(format!("{}.yaml", kind.to_lowercase())).or_default();
        if !text.is_empty() {
            text.push_str("---\n");
        }
        write_object(&object, text);
    }
    for (name, text) in &files {
        let path = dir.join(name);
        std::fs::write(&path, text).map_err(|e| io(&path, e))?;
    }
    say(&format!("{} files in {}", files.len(), dir.display()));
    Ok(())
}

/// Kind and id first, then the rest; values as JSON, which YAML contains.
fn write_object(object: &Value, out: &mut String) {
    let Some(o) = object.as_object() else { return };
    let first = ["kind", "id"].into_iter().filter_map(|k| o.get_key_value(k));
    let rest = o.iter().filter(|(k, _)| *k != "kind" && *k != "id");
    for (key, value) in first.chain(rest) {
        match value {
            Value::Array(items) if !items.is_empty() => {
                out.push_str(&format!("{key}:\n"));
                for item in items {
                    out.push_str(&format!("  - {item}\n"));
                }
            }
            value => out.push_str(&format!("{key}: {value}\n")),
        }
    }
}
