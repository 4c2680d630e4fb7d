//! The JSON Schema of all kinds, and the check of a document against it that names every fault at once.
//!
//! Only what schemars makes of `objects` occurs here, so this is no general validator. Beside the standard's words it
//! knows `x-ref` (the text is the id of an object of that kind; `A or B` allows two), `x-span` (limits of a time in
//! milliseconds) and `x-format` (see `formats.rs`); `x-key-ref` and `x-key-format` say the same of an object's keys.

use crate::tenant::formats;
use crate::tenant::objects::{
    Disposition, Flow, Holidays, Hours, LookUp, Number, Pbx, Prompt, Queue, SecureEntry, Skill, Span, Tenant,
    Trunk, User, Webhook,
};
use schemars::JsonSchema;
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

/// The kinds, in the order in which a reader meets them.
pub const KINDS: [&str; 15] = [
    "Tenant",
    "Trunk",
    "Number",
    "Flow",
    "Prompt",
    "Hours",
    "Holidays",
    "Queue",
    "Skill",
    "User",
    "Disposition",
    "SecureEntry",
    "LookUp",
    "Webhook",
    "Pbx",
];

/// Something wrong, where, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// JSON pointer of the part.
    pub pointer: String,
    /// What is wrong.
    pub what: String,
}

/// A text that must be the id of an object.
#[derive(Debug, PartialEq, Eq)]
pub struct Reference {
    /// JSON pointer of the text.
    pub pointer: String,
    /// The kind it must be; `A or B` where it may be either.
    pub kind: String,
    /// The id.
    pub id: String,
}

fn schema_of(kind: &str) -> Value {
    fn of<T: JsonSchema>() -> Value {
        let settings =
            schemars::generate::SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
        settings.into_generator().into_root_schema_for::<T>().to_value()
    }
    match kind {
        "Tenant" => of::<Tenant>(),
        "User" => of::<User>(),
        "Queue" => of::<Queue>(),
        "Flow" => of::<Flow>(),
        "Number" => of::<Number>(),
        "Trunk" => of::<Trunk>(),
        "Hours" => of::<Hours>(),
        "Holidays" => of::<Holidays>(),
        "Skill" => of::<Skill>(),
        "Disposition" => of::<Disposition>(),
        "SecureEntry" => of::<SecureEntry>(),
        "LookUp" => of::<LookUp>(),
        "Webhook" => of::<Webhook>(),
        "Pbx" => of::<Pbx>(),
        _ => of::<Prompt>(),
    }
}

/// The schema of one kind, with `kind` and `id` added.
pub fn kind_schema(kind: &str) -> Option<&'static Value> {
    static ALL: OnceLock<Vec<(&'static str, Value)>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        KINDS
            .iter()
            .map(|kind| {
                let mut schema = schema_of(kind);
                if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
                    properties.insert("kind".into(), json!({"const": kind}));
                    properties.insert(
                        "id".into(),
                        json!({"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$", "x-format": "id"}),
                    );
                }
                let mut required =
                    schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
                required.extend([json!("kind"), json!("id")]);
                schema["required"] = required.into();
                (*kind, schema)
            })
            .collect()
    });
    all.iter().find(|(k, _)| *k == kind).map(|(_, s)| s)
}

/// One schema for all kinds, for editors.
pub fn whole() -> Value {
    let kinds: Vec<&Value> = KINDS.iter().filter_map(|k| kind_schema(k)).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Switchroom tenant object",
        "oneOf": kinds,
    })
}

/// Checks a document of a kind. All faults, and all references it makes.
pub fn check(kind: &str, value: &Value) -> (Vec<Fault>, Vec<Reference>) {
    let mut found = Found::default();
    match kind_schema(kind) {
        Some(schema) => found.walk(schema, value, String::new()),
        None => found.fault(String::new(), format!("unknown kind {kind:?}: use one of {}", KINDS.join(", "))),
    }
    (found.faults, found.references)
}

#[derive(Default)]
struct Found {
    faults: Vec<Fault>,
    references: Vec<Reference>,
}

impl Found {
    fn fault(&mut self, pointer: String, what: String) {
        self.faults.push(Fault { pointer, what });
    }

    fn walk(&mut self, schema: &Value, value: &Value, pointer: String) {
        let Some(s) = schema.as_object() else { return };
        if let Some(only) = s.get("const") {
            if value != only {
                self.fault(pointer, format!("must be {only}"));
            }
            return;
        }
        if let Some(choices) = s.get("oneOf").or_else(|| s.get("anyOf")).and_then(Value::as_array) {
            return self.one_of(s, choices, value, pointer);
        }
        if let Some(allowed) = s.get("enum").and_then(Value::as_array) {
            if !allowed.contains(value) {
                let list: Vec<String> = allowed.iter().filter(|v| !v.is_null()).map(shown).collect();
                self.fault(
                    pointer,
                    format!("{} is not possible: use one of {}", shown(value), list.join(", ")),
                );
            }
            return;
        }
        if !self.right_type(s, value, &pointer) {
            return;
        }
        match value {
            Value::Object(o) => self.object(s, o, &pointer),
            Value::Array(items) => self.list(s, items, &pointer),
            Value::Number(n) => {
                let n = n.as_f64().unwrap_or(0.0);
                let limit = |k: &str| s.get(k).and_then(Value::as_f64);
                if limit("minimum").is_some_and(|m| n < m) || limit("maximum").is_some_and(|m| n > m) {
                    let (low, high) = (limit("minimum").unwrap_or(0.0), limit("maximum"));
                    let high = high.map_or(String::new(), |h| format!(" to {h}"));
                    self.fault(pointer, format!("{n} is out of range: {low}{high}"));
                }
            }
            Value::String(text) => self.text(s, text, pointer),
            _ => {}
        }
    }

    fn right_type(&mut self, s: &Map<String, Value>, value: &Value, pointer: &str) -> bool {
        let types: Vec<&str> = match s.get("type") {
            Some(Value::String(t)) => vec![t],
            Some(Value::Array(ts)) => ts.iter().filter_map(Value::as_str).collect(),
            _ => return true,
        };
        let is = |t: &str| match t {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            "integer" => value.is_u64() || value.is_i64(),
            "number" => value.is_number(),
            _ => true,
        };
        if types.iter().any(|t| is(t)) {
            return true;
        }
        let name = match types[0] {
            "object" => "an object",
            "array" => "a list",
            "string" => "a text (numbers need quotes)",
            "boolean" => "true or false",
            "integer" => "a whole number",
            other => other,
        };
        self.fault(pointer.into(), format!("must be {name}"));
        false
    }

    fn object(&mut self, s: &Map<String, Value>, o: &Map<String, Value>, pointer: &str) {
        let properties = s.get("properties").and_then(Value::as_object);
        let others = s.get("additionalProperties");
        let limit = |k: &str| s.get(k).and_then(Value::as_u64);
        if limit("minProperties").is_some_and(|m| (o.len() as u64) < m) {
            self.fault(pointer.into(), "must not be empty".into());
        }
        if let Some(max) = limit("maxProperties").filter(|m| o.len() as u64 > *m) {
            self.fault(pointer.into(), format!("has {} entries: at most {max}", o.len()));
        }
        for (key, v) in o {
            let at = format!("{pointer}/{key}");
            if let Some(schema) = properties.and_then(|p| p.get(key)) {
                self.walk(schema, v, at);
                continue;
            }
            match others {
                Some(Value::Bool(false)) => {
                    let known: Vec<&str> =
                        properties.map(|p| p.keys().map(String::as_str).collect()).unwrap_or_default();
                    self.fault(at, format!("unknown key {key:?}: {}", nearest(key, &known)));
                }
                Some(schema) => {
                    self.key(s, key, &at);
                    self.walk(schema, v, at);
                }
                None => {}
            }
        }
        for name in
            s.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            if !o.contains_key(name) {
                self.fault(pointer.into(), format!("{name:?} is missing"));
            }
        }
    }

    // What is said of an object's keys.
    fn key(&mut self, s: &Map<String, Value>, key: &str, at: &str) {
        let mut said = Map::new();
        for (of_key, of_text) in [("x-key-ref", "x-ref"), ("x-key-format", "x-format")] {
            if let Some(value) = s.get(of_key) {
                said.insert(of_text.into(), value.clone());
            }
        }
        self.extensions(&said, key, at.into());
    }

    fn list(&mut self, s: &Map<String, Value>, items: &[Value], pointer: &str) {
        let limit = |k: &str| s.get(k).and_then(Value::as_u64);
        let n = items.len() as u64;
        if let Some(min) = limit("minItems").filter(|m| n < *m) {
            let what =
                if n == 0 { "must not be empty".into() } else { format!("has {n} entries: at least {min}") };
            self.fault(pointer.into(), what);
        }
        if let Some(max) = limit("maxItems").filter(|m| n > *m) {
            self.fault(pointer.into(), format!("has {n} entries: at most {max}"));
        }
        for (i, item) in items.iter().enumerate() {
            let at = format!("{pointer}/{i}");
            if let Some(schema) = s.get("items") {
                self.walk(schema, item, at.clone());
            }
            // `x-ref` and `x-format` of a list are meant for its items.
            if let Some(text) = item.as_str() {
                self.extensions(s, text, at);
            }
        }
    }

    fn text(&mut self, s: &Map<String, Value>, text: &str, pointer: String) {
        if s.get("format").and_then(Value::as_str) == Some("span") {
            let Some(Span(ms)) = Span::read(text) else {
                return self.fault(
                    pointer,
                    format!("{text:?} is no time: write a number and ms, s, m or h, as in 20s"),
                );
            };
            let limits: Vec<u64> = s
                .get("x-span")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_u64)
                .collect();
            if let [low, high] = limits[..] {
                if ms < low || ms > high {
                    self.fault(
                        pointer,
                        format!("{text} is out of range: {} to {} seconds", low / 1000, high / 1000),
                    );
                }
            }
            return;
        }
        self.extensions(s, text, pointer);
    }

    fn extensions(&mut self, s: &Map<String, Value>, text: &str, pointer: String) {
        if let Some(kind) = s.get("x-ref").and_then(Value::as_str) {
            return self.references.push(Reference { pointer, kind: kind.into(), id: text.into() });
        }
        let format = s.get("x-format").and_then(Value::as_str).unwrap_or_default();
        let wrong = formats::wrong(format, text);
        if let Some(what) = wrong {
            self.fault(pointer, format!("{text:?}: {what}"));
        }
    }

    fn one_of(&mut self, s: &Map<String, Value>, choices: &[Value], value: &Value, pointer: String) {
        // An optional part: its schema or nothing.
        if let Some(real) = choices.iter().find(|c| c.get("type").is_none_or(|t| t != "null")) {
            if choices.len() == 2 && choices.iter().any(|c| c.get("type").is_some_and(|t| t == "null")) {
                if !value.is_null() {
                    let mut real = real.clone();
                    // What was said of the whole is said of the part.
                    if let Some(real) = real.as_object_mut() {
                        real.extend(
                            s.iter()
                                .filter(|(k, _)| k.starts_with("x-"))
                                .map(|(k, v)| (k.clone(), v.clone())),
                        );
                    }
                    self.walk(&real, value, pointer);
                }
                return;
            }
        }
        // Words, each with a description of its own.
        let words: Vec<&Value> = choices.iter().filter_map(|c| c.get("const")).collect();
        if words.len() == choices.len() {
            if !words.contains(&value) {
                let list: Vec<String> = words.iter().map(|v| shown(v)).collect();
                self.fault(
                    pointer,
                    format!("{} is not possible: use one of {}", shown(value), list.join(", ")),
                );
            }
            return;
        }
        // A text or an object, told apart by what it is.
        let types: Vec<&str> = choices.iter().filter_map(|c| c.get("type")?.as_str()).collect();
        if types.len() == choices.len() && types.contains(&"string") {
            let is = if value.is_string() { "string" } else { "object" };
            return match choices.iter().find(|c| c["type"] == is) {
                Some(choice) if value.is_string() || value.is_object() => self.walk(choice, value, pointer),
                _ => self.fault(pointer, "must be a text or an object".into()),
            };
        }
        // One of several objects, told apart by their only key.
        let names: Vec<&str> = choices.iter().filter_map(only_key).collect();
        let Some(o) = value.as_object() else {
            return self.fault(pointer, format!("must be an object with one of {}", names.join(", ")));
        };
        match o.keys().collect::<Vec<_>>()[..] {
            [key] => match choices.iter().find(|c| only_key(c) == Some(key)) {
                Some(choice) => self.walk(choice, value, pointer),
                None => self.fault(
                    format!("{pointer}/{key}"),
                    format!("unknown step {key:?}: {}", nearest(key, &names)),
                ),
            },
            _ => self.fault(pointer, format!("must have exactly one of {}", names.join(", "))),
        }
    }
}

fn only_key(choice: &Value) -> Option<&str> {
    choice.get("properties")?.as_object()?.keys().next().map(String::as_str)
}

fn shown(v: &Value) -> String {
    v.as_str().map_or_else(|| v.to_string(), Into::into)
}

/// The word that was probably meant, or all of them.
pub fn nearest(word: &str, known: &[&str]) -> String {
    let distance = |a: &str, b: &str| {
        let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, x) in a.iter().enumerate() {
            let mut corner = row[0];
            row[0] = i + 1;
            for (j, y) in b.iter().enumerate() {
                let change = corner + usize::from(x != y);
                corner = row[j + 1];
                row[j + 1] = change.min(row[j] + 1).min(corner + 1);
            }
        }
        row[b.len()]
    };
    match known.iter().map(|k| (distance(word, k), *k)).min() {
        Some((d, k)) if d <= 2 => format!("did you mean {k:?}?"),
        _ => format!("use one of {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_schema_of_its_own_that_knows_all_its_keys_and_explains_them() {
        let mut titles = std::collections::BTreeSet::new();
        for kind in KINDS {
            let schema = kind_schema(kind).unwrap();
            assert!(
                titles.insert(schema["title"].as_str().unwrap()),
                "{kind} has the schema of another kind"
            );
            explained(schema, kind);
        }
    }

    // Objects refuse keys that they do not know, and each key that people write has a description.
    fn explained(schema: &Value, place: &str) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            assert_eq!(schema["additionalProperties"], false, "{place} takes any key");
            for (name, property) in properties {
                let place = format!("{place}/{name}");
                let own = ["kind", "id"].contains(&name.as_str()) || place.contains("Hours/week/");
                let step = schema.get("description").is_some() && properties.len() == 1;
                assert!(own || step || property.get("description").is_some(), "{place} has no description");
                explained(property, &place);
            }
        }
        for (n, inner) in
            ["oneOf", "anyOf"].iter().filter_map(|k| schema.get(*k)?.as_array()).flatten().enumerate()
        {
            explained(inner, &format!("{place}/{n}"));
        }
        for key in ["items", "additionalProperties"] {
            if let Some(inner) = schema.get(key).filter(|s| s.is_object()) {
                explained(inner, &format!("{place}/{key}"));
            }
        }
    }
}
