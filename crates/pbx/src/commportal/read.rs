//! Reading replies: scalars stand bare or wrapped as `{"_": value}`, and names may be anywhere in a tree.

use super::fault::Fault;
use crate::exchange::Reply;
use serde_json::Value;

/// How deep a reply is looked into.
const DEEPEST: usize = 24;

/// The longest session id that is taken.
const LONGEST_SESSION: usize = 200;

/// A scalar, bare or wrapped once or twice.
pub(super) fn scalar(value: &Value) -> &Value {
    let inner = |v: &'_ Value| match v.get("_") {
        Some(_) => true,
        None => v.get("Value").is_some(),
    };
    let mut value = value;
    for _ in 0..3 {
        if !inner(value) {
            break;
        }
        value = value.get("_").or_else(|| value.get("Value")).unwrap_or(value);
    }
    value
}

/// The JSON of a reply; nothing when it is none.
pub(super) fn json(reply: &Reply) -> Option<Value> {
    serde_json::from_slice(reply.body.expose_secret()).ok()
}

/// The first error that a reply names, of the whole or of one of its elements.
pub(super) fn fault(reply: &Reply, body: Option<&Value>) -> Option<Fault> {
    if let Some(found) = body.and_then(|b| named_fault(b, 0)) {
        return Some(found);
    }
    if let Some(name) = text_after(reply, "error=") {
        return Some(Fault::named(&name));
    }
    (!(200..400).contains(&reply.status)).then(|| Fault::of_status(reply.status))
}

fn named_fault(value: &Value, depth: usize) -> Option<Fault> {
    if depth > DEEPEST {
        return None;
    }
    match value {
        Value::Object(o) => {
            let of_list = o.get("errors").and_then(Value::as_array).and_then(|list| {
                let first = list.first()?;
                let name = first.get("type").map(scalar).or(Some(first)).and_then(Value::as_str);
                Some(Fault::named(name.unwrap_or_default()))
            });
            of_list.or_else(|| o.values().find_map(|v| named_fault(v, depth + 1)))
        }
        Value::Array(list) => list.iter().find_map(|v| named_fault(v, depth + 1)),
        _ => None,
    }
}

/// The session that a sign-in gave: in the body, or in the address that a browser would be sent to.
pub(super) fn session(reply: &Reply) -> Option<String> {
    let found = text_after(reply, "session=").or_else(|| {
        let to = reply.location.as_ref()?.expose_secret();
        let (_, rest) = to.split_once("session")?;
        Some(rest.chars().take_while(char::is_ascii_alphanumeric).collect())
    })?;
    (1..=LONGEST_SESSION).contains(&found.len()).then_some(found)
}

// What stands behind a word in the body or in the address, as far as it is letters and digits.
fn text_after(reply: &Reply, word: &str) -> Option<String> {
    let body = reply.body.expose_secret();
    let body = std::str::from_utf8(body.get(..body.len().min(2_000)).unwrap_or_default()).unwrap_or_default();
    let to = reply.location.as_ref().map_or("", |l| l.expose_secret().as_str());
    // A body of JSON or a page may have the word in a text; an answer of sign-in begins with it.
    let found = body.trim_start().strip_prefix(word).or_else(|| to.split_once(word).map(|(_, rest)| rest))?;
    Some(found.chars().take_while(char::is_ascii_alphanumeric).take(LONGEST_SESSION + 1).collect())
}

/// A flag anywhere in a reply.
pub(super) fn flag(value: &Value, name: &str) -> Option<bool> {
    find(value, 0, &mut |key, v| if key == name { scalar(v).as_bool() } else { None })
}

/// A text anywhere in a reply, by its key.
pub(super) fn text(value: &Value, name: &str) -> Option<String> {
    find(value, 0, &mut |key, v| if key == name { scalar(v).as_str().map(str::to_string) } else { None })
}

/// The kinds of events in a reply, in order: `DeliveredEvent` and its like.
pub(super) fn events(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let list = value.get("events").and_then(Value::as_array);
    for event in list.into_iter().flatten().take(100) {
        let kind = find(event, 0, &mut |key, v| match scalar(v).as_str() {
            Some(text) if text.ends_with("Event") => Some(text.to_string()),
            _ if key.ends_with("Event") => Some(key.to_string()),
            _ => None,
        });
        found.extend(kind);
    }
    found
}

fn find<T>(value: &Value, depth: usize, pick: &mut dyn FnMut(&str, &Value) -> Option<T>) -> Option<T> {
    if depth > DEEPEST {
        return None;
    }
    match value {
        Value::Object(o) => {
            for (key, v) in o {
                if let Some(found) = pick(key, v) {
                    return Some(found);
                }
            }
            o.values().find_map(|v| find(v, depth + 1, pick))
        }
        Value::Array(list) => list.iter().find_map(|v| find(v, depth + 1, pick)),
        _ => None,
    }
}
