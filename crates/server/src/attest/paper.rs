//! The attestation as files: JSON that is signed as it stands, and the same for reading.

use crate::attest::words::Words;
use crate::audit_file::{hex, unhex};
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};
use store::{Installation, verify_signature};
use teams::bot::Language;

/// What precedes the bytes that are signed.
const SIGNED: &[u8] = b"switchroom attestation 1\0";

/// The bytes that are signed: the document without its signature, keys in alphabetical order.
fn said(body: &Value) -> Vec<u8> {
    let mut said = SIGNED.to_vec();
    said.extend(body.to_string().as_bytes());
    said
}

/// The document with the digest of its readable form and its signature.
pub fn signed(mut body: Value, by: &Installation) -> Value {
    body["markdown_sha256"] = hex(digest(&SHA256, markdown_of(&body).as_bytes()).as_ref()).into();
    sealed(body, by)
}

/// A document with its signature, which [`verify`] checks.
pub fn sealed(mut body: Value, by: &Installation) -> Value {
    let signature = by.sign(&said(&body));
    body["signature"] =
        json!({"algorithm": "Ed25519", "key": hex(&by.public_key()), "value": hex(&signature)});
    body
}

/// The document as a file. Only this form of it verifies.
pub fn text_of(document: &Value) -> String {
    serde_json::to_string_pretty(document).unwrap_or_default() + "\n"
}

/// Checks a file: its form, its signature, the digests of what its checks found, and its readable form if that is at hand.
/// Gives the key in hex and what the document is about.
///
/// # Errors
/// A sentence that says what is not right.
pub fn verify(text: &str, markdown: Option<&str>, key: Option<&str>) -> Result<(String, String), String> {
    let mut document: Value =
        serde_json::from_str(text).map_err(|e| format!("this is no attestation: {e}"))?;
    if text_of(&document) != text {
        return Err("the file was changed: it is not in the form in which it was written".into());
    }
    let signature = document.as_object_mut().and_then(|all| all.remove("signature"));
    let signature = signature.ok_or("this is no attestation: it has no signature")?;
    if signature["algorithm"] != "Ed25519" {
        return Err("the attestation names a way of signing that is not ours".into());
    }
    let part = |name: &str| unhex(signature[name].as_str().unwrap_or_default()).unwrap_or_default();
    let (public, value) = (part("key"), part("value"));
    if key.is_some_and(|key| key.to_lowercase() != hex(&public)) {
        return Err(format!("the attestation is signed with another key: {}", hex(&public)));
    }
    if !verify_signature(&public, &said(&document), &value) {
        return Err("the attestation was changed after it was signed, or the signature is none".into());
    }
    for check in document["checks"].as_array().into_iter().flatten() {
        let lines: Vec<&str> =
            check["found"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if check["digest"] != hex(digest(&SHA256, lines.join("\n").as_bytes()).as_ref()) {
            return Err(format!("the digest of the check {} is not that of what it found", check["check"]));
        }
    }
    if let Some(markdown) = markdown {
        let is_english = document["markdown_sha256"] == hex(digest(&SHA256, markdown.as_bytes()).as_ref());
        // In another language it is made of what is signed, and of nothing else.
        let is_other =
            || Language::ALL.into_iter().any(|l| markdown_in(&document, &Words::of(l)) == markdown);
        if !is_english && !is_other() {
            return Err("attestation.md is not the one that belongs to this attestation".into());
        }
    }
    let about = format!(
        "tenant {}, profile {}, made {} by version {}",
        document["tenant"], document["profile"], document["at"], document["version"]
    );
    Ok((hex(&public), about.replace('"', "")))
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => cell(text),
        Value::Array(all) if all.is_empty() => "none".into(),
        Value::Array(all) => all.iter().map(shown).collect::<Vec<_>>().join("; "),
        Value::Object(all) => {
            all.iter().map(|(k, v)| format!("{k}: {}", shown(v))).collect::<Vec<_>>().join("; ")
        }
        Value::Null => "—".into(),
        other => other.to_string(),
    }
}

fn table(
    out: &mut String,
    words: Option<&Words>,
    title: &'static str,
    rows: &Value,
    columns: &[&'static str],
) {
    let said = |name: &'static str| words.map_or(name, |w| w.table(name));
    let rows: Vec<&Value> = rows.as_array().into_iter().flatten().collect();
    *out += &format!("\n## {}\n\n", said(title));
    if rows.is_empty() {
        *out += &format!("{}\n", said("None."));
        return;
    }
    let names: Vec<&str> = columns.iter().map(|name| said(name)).collect();
    *out += &format!("| {} |\n|{}\n", names.join(" | "), "---|".repeat(columns.len()));
    for row in rows {
        let cells: Vec<String> = columns.iter().map(|c| shown(&row[*c])).collect();
        *out += &format!("| {} |\n", cells.join(" | "));
    }
}

/// The document for reading: answers in the order of Microsoft's pages, then what they rest on. In English; its digest stands
/// in what is signed.
pub fn markdown_of(document: &Value) -> String {
    written(document, None)
}

/// The same in a language of the web app.
pub fn markdown_in(document: &Value, words: &Words) -> String {
    written(document, Some(words))
}

/// What changed since an earlier attestation: each answer that is another or comes from elsewhere, a line each.
pub fn changes(earlier: &Value, now: &Value) -> Vec<String> {
    let answers = |of: &Value| of["answers"].as_array().cloned().unwrap_or_default();
    let before = answers(earlier);
    let said = |a: &Value| match a["by"].as_str() {
        Some("open") | None => "open".to_string(),
        Some(by) => format!("{} ({by})", shown(&a["answer"])),
    };
    let mut lines = Vec::new();
    for answer in answers(now) {
        let new = said(&answer);
        match before.iter().find(|a| a["id"] == answer["id"]) {
            Some(old) if said(old) == new => {}
            Some(old) => lines.push(format!("{}: {} → {new}", shown(&answer["id"]), said(old))),
            None => lines.push(format!("{}: not asked before → {new}", shown(&answer["id"]))),
        }
    }
    lines
}

fn written(document: &Value, words: Option<&Words>) -> String {
    let mut out = match words {
        None => format!(
            "# Attestation of {}\n\nProfile {}, Switchroom {}, {}. Answers marked *software* come from a check that was run \
             then; *declared* are the operator's word; *open* are still to be answered.\n",
            shown(&document["tenant"]),
            shown(&document["profile"]),
            shown(&document["version"]),
            shown(&document["at"])
        ),
        Some(words) => {
            let (tenant, time) = (shown(&document["tenant"]), shown(&document["at"]));
            let (version, profile) = (shown(&document["version"]), shown(&document["profile"]));
            let made = [("time", &*time), ("version", &*version), ("profile", &*profile)];
            let title = words.proof("of-tenant", &[("tenant", &tenant)]);
            format!("# {title}\n\n{}\n", words.proof("made", &made))
        }
    };
    let features: Vec<String> = document["features"].as_array().into_iter().flatten().map(shown).collect();
    out += &match words {
        None => format!("\nFeatures that are on: {}.\n", features.join(", ")),
        Some(words) => format!("\n{}: {}.\n", words.table("feature"), features.join(", ")),
    };
    let by_whom = |by: &str| match words {
        None => by.to_string(),
        Some(words) => words.proof(&format!("badge-{by}"), &[]),
    };
    let value_of = |value: &Value| match (words, value.as_str()) {
        (Some(words), Some(word @ ("yes" | "no"))) => words.proof(word, &[]),
        _ => shown(value),
    };
    let mut page = String::new();
    for answer in document["answers"].as_array().into_iter().flatten() {
        let this = shown(&answer["page"]);
        if this != page {
            out += &format!("\n## {}\n", words.map_or(this.as_str(), |w| w.page(&this)));
            page = this;
        }
        let id = shown(&answer["id"]);
        let question = words.and_then(|w| w.question(&id)).map_or_else(|| shown(&answer["question"]), cell);
        out += &format!("\n### {id} {question}\n\n");
        let value = &answer["answer"];
        match (answer["by"].as_str(), value) {
            (Some("open"), _) => out += &format!("**{}**\n", by_whom("open")),
            (by, Value::Array(all)) if all.len() > 3 => {
                out += &format!("*{}*\n\n", by_whom(by.unwrap_or_default()));
                for one in all {
                    out += &format!("- {}\n", shown(one));
                }
            }
            (by, value) => {
                out += &format!("**{}** — *{}*\n", value_of(value), by_whom(by.unwrap_or_default()));
            }
        }
        if let Some(note) = answer["disagreement"].as_str() {
            out += &format!("\n> {}\n", cell(note));
        }
        for evidence in answer["evidence"].as_array().into_iter().flatten() {
            let (check, at) = (shown(&evidence["check"]), shown(&evidence["at"]));
            let (against, result) = (shown(&evidence["against"]), shown(&evidence["result"]));
            out += &match words {
                None => format!("\n- check `{check}` of {against}: {result}, {at}\n"),
                Some(words) => format!("\n- `{check}` ({against}): {}, {at}\n", words.result(&result)),
            };
            for line in evidence["found"].as_array().into_iter().flatten() {
                out += &format!("  - {}\n", shown(line));
            }
        }
    }
    table(
        &mut out,
        words,
        "Registrations",
        &document["registrations"],
        &["name", "app_id", "multi_tenant", "confidential", "exposes_api"],
    );
    table(
        &mut out,
        words,
        "Permissions",
        &document["permissions"],
        &["permission", "type", "registration", "feature", "reason", "operations", "stored"],
    );
    table(&mut out, words, "What is processed", &document["processed"], &["field", "purpose", "origin"]);
    table(
        &mut out,
        words,
        "What is stored",
        &document["stored"],
        &["field", "purpose", "origin", "retention", "encrypted"],
    );
    table(&mut out, words, "Where data goes", &document["transfers"], &["destination", "data", "purpose"]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::OnceLock;

    fn document() -> &'static Value {
        static MADE: OnceLock<Value> = OnceLock::new();
        MADE.get_or_init(|| {
            let dir = tempfile::tempdir().unwrap();
            let at = dir.path().display();
            let store = store::Store::open(&store::StoreSettings {
                url: format!("sqlite:{at}/x.db"),
                full_sync: false,
                blobs: format!("file:{at}/blobs"),
                keys: format!("file:{at}/key"),
            });
            signed(
                json!({"tenant": "t", "checks": [], "answers": []}),
                &store.unwrap().installation().unwrap(),
            )
        })
    }

    #[test]
    fn what_is_read_in_another_language_is_what_was_signed_and_changes_are_named() {
        let text = text_of(document());
        for language in Language::ALL {
            let read = markdown_in(document(), &Words::of(language));
            assert!(verify(&text, Some(&read), None).is_ok(), "{language:?}");
            assert!(verify(&text, Some(&(read + "x")), None).is_err(), "{language:?}");
        }
        let answered = |answers: Value| json!({"answers": answers});
        let before =
            answered(json!([{"id": "A", "by": "software", "answer": "no"}, {"id": "B", "by": "open"}]));
        let now = answered(json!([{"id": "A", "by": "software", "answer": "yes"}, {"id": "B", "by": "open"},
            {"id": "C", "by": "declared", "answer": "x"}]));
        assert_eq!(
            changes(&before, &now),
            ["A: no (software) → yes (software)", "C: not asked before → x (declared)"]
        );
        assert_eq!(changes(&now, &now), [] as [String; 0]);
    }

    #[test]
    fn a_change_of_any_byte_is_found() {
        let text = text_of(document());
        let key = verify(&text, Some(&markdown_of(document())), None).unwrap().0;
        verify(&text, None, Some(&key.to_uppercase())).unwrap();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let bent = String::from_utf8_lossy(&bytes).into_owned();
            assert!(verify(&bent, None, Some(&key)).is_err(), "byte {at}: {bent}");
        }
        assert!(verify(&text, Some("# something else"), None).is_err());
        assert!(verify(&text, None, Some(&"0".repeat(64))).is_err());
    }
}
