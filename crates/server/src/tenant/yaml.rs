//! Reads YAML into JSON values, remembering on which line everything stands.
//!
//! Anchors, aliases and tags are refused: nothing here needs them, and an alias can make a small file enormous.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// How deep a document may nest.
const MAX_DEPTH: usize = 32;

/// A document and where its parts stand.
pub struct Marked {
    /// The document.
    pub value: Value,
    /// Line of each part, by JSON pointer (`/steps/0/say`).
    pub lines: HashMap<String, usize>,
}

/// Something that is not YAML as it is understood here.
#[derive(Debug, PartialEq, Eq)]
pub struct YamlError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub what: String,
}

enum Open {
    List { pointer: String, items: Vec<Value> },
    Object { pointer: String, entries: Map<String, Value>, key: Option<String> },
}

/// Reads all documents of a file.
///
/// # Errors
/// The first thing that cannot be read; nothing after it can be trusted.
pub fn read(text: &str) -> Result<Vec<Marked>, YamlError> {
    let mut documents = Vec::new();
    let mut lines = HashMap::new();
    let mut open: Vec<Open> = Vec::new();
    let mut root: Option<Value> = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| YamlError {
            line: e.marker().line().max(1),
            what: format!("this is not YAML: {}", e.info()),
        })?;
        let line = span.start.line().max(1);
        let fail = |what: &str| Err(YamlError { line, what: what.into() });
        let done = match event {
            Event::Scalar(text, style, anchor, tag) => {
                if anchor != 0 || tag.is_some() {
                    return fail("anchors and tags are not supported: write the value out");
                }
                if let Some(Open::Object { pointer, entries, key: key @ None }) = open.last_mut() {
                    if entries.contains_key(text.as_ref()) {
                        return fail(&format!("\"{text}\" stands here twice: remove one"));
                    }
                    lines.insert(format!("{pointer}/{text}"), line);
                    *key = Some(text.into_owned());
                    continue;
                }
                let value =
                    if style == ScalarStyle::Plain { plain(&text) } else { Value::String(text.into_owned()) };
                Some(value)
            }
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag)
                if anchor != 0 || tag.is_some() =>
            {
                return fail("anchors and tags are not supported: write the value out");
            }
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= MAX_DEPTH => {
                return fail("this nests too deeply");
            }
            Event::SequenceStart(..) => {
                let pointer = place(&open);
                lines.entry(pointer.clone()).or_insert(line);
                open.push(Open::List { pointer, items: Vec::new() });
                None
            }
            Event::MappingStart(..) => {
                if matches!(open.last(), Some(Open::Object { key: None, .. })) {
                    return fail("a name must be a word, not a list or an object");
                }
                let pointer = place(&open);
                lines.entry(pointer.clone()).or_insert(line);
                open.push(Open::Object { pointer, entries: Map::new(), key: None });
                None
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List { items, .. }) => Some(Value::Array(items)),
                Some(Open::Object { entries, .. }) => Some(Value::Object(entries)),
                None => None,
            },
            Event::Alias(_) => return fail("aliases are not supported: write the value out"),
            Event::DocumentEnd => {
                if let Some(value) = root.take().filter(|v| !v.is_null()) {
                    documents.push(Marked { value, lines: std::mem::take(&mut lines) });
                }
                lines.clear();
                None
            }
            _ => None,
        };
        let Some(value) = done else { continue };
        let pointer = place(&open);
        lines.entry(pointer).or_insert(line);
        match open.last_mut() {
            Some(Open::List { items, .. }) => items.push(value),
            Some(Open::Object { entries, key, .. }) => {
                if let Some(key) = key.take() {
                    entries.insert(key, value);
                }
            }
            None => root = Some(value),
        }
    }
    Ok(documents)
}

/// The pointer of what comes next.
fn place(open: &[Open]) -> String {
    match open.last() {
        None => String::new(),
        Some(Open::List { pointer, items }) => format!("{pointer}/{}", items.len()),
        Some(Open::Object { pointer, key, .. }) => {
            format!("{pointer}/{}", key.as_deref().unwrap_or_default())
        }
    }
}

/// YAML 1.2's core schema for words without quotes.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => {
            if let Ok(n) = text.parse::<i64>() {
                // A number with a leading zero or plus is a telephone number that lost its quotes: keep it as text.
                if n.to_string() == text {
                    return n.into();
                }
            }
            match text.parse::<f64>() {
                Ok(n) if text.contains('.') && text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
                    n.into()
                }
                _ => text.into(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_and_lines() {
        let docs = read("kind: A\nid: x\nsteps:\n  - say: hi\n  - {queue: q, n: 5}\n---\nkind: B\nnumber: \"600\"\nplus: +49\n").unwrap();
        assert_eq!(
            docs[0].value,
            json!({"kind": "A", "id": "x", "steps": [{"say": "hi"}, {"queue": "q", "n": 5}]})
        );
        assert_eq!(docs[0].lines["/steps/1/n"], 5);
        assert_eq!(docs[1].value, json!({"kind": "B", "number": "600", "plus": "+49"}));
        assert_eq!(docs[1].lines["/number"], 8);
    }

    #[track_caller]
    fn refuses(text: &str, line: usize, says: &str) {
        let e = read(text).err().expect(text);
        assert!(e.line == line && e.what.contains(says), "{e:?}");
    }

    #[test]
    fn refusals() {
        refuses("a: 1\na: 2\n", 2, "twice");
        refuses("a: &x 1\nb: *x\n", 1, "anchors");
        refuses("a: !tag 1\n", 1, "tags");
        refuses("a: [1, 2\nb: 3", 2, "not YAML");
        refuses(&format!("a: {}", "[".repeat(40)), 1, "deep");
        assert!(read("").unwrap().is_empty());
    }
}
