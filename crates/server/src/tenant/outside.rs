//! Other systems, understood: what to ask or tell, and what becomes of the answer. Nothing here opens a connection.

use crate::tenant::objects::{Header, LookUp, Method, SecureEntry, Webhook, WebhookEvent};
use crate::tenant::scope::{Scope, slot_id};
use crate::tenant::web::{Blank, JsonTemplate, Template, check_address};
use engine::AttributeId;
use redact::Secret;

/// What a header of a request says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderValue {
    /// This.
    Plain(String),
    /// The content of this file in the server's folder of secrets: a name without a path.
    SecretFile(String),
}

/// How another system is asked about a call.
#[derive(Clone, Debug)]
pub struct LookUpRule {
    /// Whether by POST; otherwise by GET.
    pub post: bool,
    /// The address; its blanks are filled with `escape`.
    pub url: Template,
    /// What is sent as JSON.
    pub body: Option<JsonTemplate>,
    /// How long it may take, in milliseconds.
    pub timeout_ms: u64,
    /// The host may be, or be resolved to, a private address.
    pub allow_private: bool,
    /// The largest answer that is read, in bytes.
    pub max_bytes: u32,
    /// Headers by name.
    pub headers: Vec<(String, HeaderValue)>,
    /// Parts of the answer by JSON pointer, the attributes they become, and the values that those can have.
    pub results: Vec<(String, AttributeId, Vec<String>)>,
}

impl LookUpRule {
    /// What an answer says, for [`engine::Event::LookedUp`]. Numbers and truth values are compared as they are written.
    pub fn found(&self, answer: &serde_json::Value) -> Vec<(AttributeId, u16)> {
        let place = |(pointer, attribute, values): &(String, AttributeId, Vec<String>)| {
            let value = match answer.pointer(pointer)? {
                serde_json::Value::String(text) => text.clone(),
                value @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_)) => value.to_string(),
                _ => return None,
            };
            values.iter().position(|v| *v == value).map(|n| (*attribute, n as u16))
        };
        self.results.iter().filter_map(place).collect()
    }
}

/// Where secret digits are passed on to.
#[derive(Clone, Debug)]
pub struct SecureRule {
    /// The address.
    pub url: String,
    /// How long it may take, in milliseconds.
    pub timeout_ms: u64,
    /// The host may be, or be resolved to, a private address.
    pub allow_private: bool,
    /// Headers by name.
    pub headers: Vec<(String, HeaderValue)>,
}

/// Another system that is told what happens.
#[derive(Clone, Debug)]
pub struct WebhookRule {
    /// The address.
    pub url: String,
    /// The file with the key that signs, in the server's folder of secrets.
    pub secret_file: String,
    /// What it is told.
    pub events: Vec<WebhookEvent>,
    /// The host may be, or be resolved to, a private address.
    pub allow_private: bool,
}

/// Who is told of messages in a voicemail box.
#[derive(Clone, Debug)]
pub struct MailboxRule {
    /// Number of the webhook object.
    pub webhook: Option<u32>,
    /// Address of a person or group.
    pub email: Option<Secret<String>>,
}

fn headers(headers: &[Header]) -> Vec<(String, HeaderValue)> {
    let value = |h: &Header| match (&h.secret_file, &h.value) {
        (Some(file), _) => HeaderValue::SecretFile(file.clone()),
        (None, value) => HeaderValue::Plain(value.clone().unwrap_or_default()),
    };
    headers.iter().map(|h| (h.name.clone(), value(h))).collect()
}

/// Understands a look-up.
///
/// # Errors
/// Everything that is wrong: JSON pointer of the part, and what.
pub fn look_up(l: &LookUp, scope: &Scope) -> Result<LookUpRule, Vec<(String, String)>> {
    let mut faults = Vec::new();
    let known = |name: &str| match name {
        "caller" => Some(Blank::Caller),
        "call" => Some(Blank::Call),
        slot => scope.digits.contains_key(slot).then(|| Blank::Slot(slot_id(slot))),
    };
    let url = Template::read(&l.url, &known).unwrap_or_else(|what| {
        faults.push(("/url".into(), what));
        Template::default()
    });
    let body = match l.body.as_ref().map(|b| JsonTemplate::read(b, &known)).transpose() {
        Ok(body) => body,
        Err(what) => {
            faults.push(("/body".into(), what));
            None
        }
    };
    let mut results = Vec::new();
    for (pointer, name) in &l.results {
        match scope.attribute(name) {
            Ok((attribute, values)) => results.push((pointer.clone(), attribute, values.to_vec())),
            Err(what) => faults.push((format!("/results/{pointer}"), what)),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(LookUpRule {
        post: l.method == Method::Post,
        url,
        body,
        timeout_ms: l.timeout.0,
        allow_private: l.allow_private,
        max_bytes: l.max_bytes,
        headers: headers(&l.headers),
        results,
    })
}

/// Understands where secret digits go.
pub fn secure(s: &SecureEntry) -> SecureRule {
    SecureRule {
        url: s.pass.url.clone(),
        timeout_ms: s.pass.timeout.0,
        allow_private: s.pass.allow_private,
        headers: headers(&s.pass.headers),
    }
}

/// Understands a webhook.
pub fn webhook(w: &Webhook) -> WebhookRule {
    WebhookRule {
        url: w.url.clone(),
        secret_file: w.secret_file.clone(),
        events: w.events.clone(),
        allow_private: w.allow_private,
    }
}

/// Reads the address of a page that opens for an agent; its blanks are filled with `escape`. The agent's browser opens
/// it, so it may well be a private one.
///
/// # Errors
/// A sentence.
pub fn screen_pop(text: &str) -> Result<Template, String> {
    check_address(text, true)?;
    if !text.starts_with("https://") {
        return Err("must be an https address: https://example.org/?number={caller}".into());
    }
    Template::read(text, &|name| match name {
        "caller" => Some(Blank::Caller),
        "call" => Some(Blank::Call),
        "queue" => Some(Blank::Queue),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_become_attributes_and_what_is_not_known_is_ignored() {
        let values = |v: &[&str]| v.iter().map(ToString::to_string).collect::<Vec<_>>();
        let scope = Scope {
            attributes: vec![
                ("level".into(), values(&["gold", "3"])),
                ("vip".into(), values(&["false", "true"])),
            ],
            digits: [("account".to_string(), Vec::new())].into(),
            ..Scope::default()
        };
        let object = |url: &str, results: serde_json::Value| {
            serde_json::from_value::<LookUp>(json!({"url": url, "results": results})).unwrap()
        };
        let right = object(
            "https://crm.example.org/?a={account}&c={caller}",
            json!({"/customer/level": "level", "/vip": "vip", "/none": "level"}),
        );
        let rule = look_up(&right, &scope).unwrap();
        let found = |answer| rule.found(&answer);
        assert_eq!(
            found(json!({"customer": {"level": "gold"}, "vip": true})),
            [(AttributeId(0), 0), (AttributeId(1), 1)]
        );
        assert_eq!(found(json!({"customer": {"level": 3}})), [(AttributeId(0), 1)]);
        assert_eq!(found(json!({"customer": {"level": "lead"}, "vip": null, "none": {"x": 1}})), []);
        let bad = object("https://crm.example.org/?a={acount}", json!({"/x": "leval"}));
        let faults = look_up(&bad, &scope).unwrap_err();
        assert_eq!(faults.iter().map(|f| f.0.as_str()).collect::<Vec<_>>(), ["/url", "/results//x"]);
    }
}
