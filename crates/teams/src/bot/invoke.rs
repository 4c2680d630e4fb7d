//! Invokes: what somebody waits for while they look at the screen, and the answers.

use crate::bot::words::{Language, Said};
use redact::Secret;
use serde_json::{Value, json};

/// The longest sealed text of a button that is looked at, in bytes.
const LONGEST_SEAL: usize = 4_096;

/// An invoke that is answered.
#[derive(Clone, Debug)]
pub enum Invoke {
    /// A button of a card (`Action.Execute`).
    Card {
        /// What it carries.
        sealed: Option<String>,
        /// A token for our API from the person's own client, once that was asked for.
        token: Option<Secret<String>>,
    },
    /// A dialog is to be opened, with what the button carries.
    OpenDialog(Option<String>),
    /// A dialog was closed.
    CloseDialog,
}

/// What the way to sign in is called; there is one.
const CONNECTION: &str = "switchroom";

/// The name under which buttons carry what is sealed.
pub(crate) const SEALED: &str = "switchroom";

/// What a button carries, at whichever depth this kind of button has it.
pub(crate) fn sealed(value: &Value) -> Option<String> {
    let places = [
        value.get(SEALED),
        value.get("data").and_then(|d| d.get(SEALED)),
        value.get("action").and_then(|a| a.get("data")).and_then(|d| d.get(SEALED)),
    ];
    let found = places.into_iter().flatten().find_map(Value::as_str)?;
    (found.len() <= LONGEST_SEAL).then(|| found.to_string())
}

impl Invoke {
    /// By its name; nothing for one that is not known here, which is answered with 501.
    pub fn read(name: &str, value: &Value) -> Option<Invoke> {
        Some(match name {
            "adaptiveCard/action" => {
                let token = value.get("authentication").and_then(|a| a.get("token")).and_then(Value::as_str);
                let token = token.filter(|t| !t.is_empty()).map(|t| Secret::new(t.to_string()));
                Invoke::Card { sealed: sealed(value), token }
            }
            "task/fetch" => Invoke::OpenDialog(sealed(value)),
            "task/submit" => Invoke::CloseDialog,
            _ => return None,
        })
    }
}

/// An answer to an invoke: a status, and the body of the response.
#[derive(Clone, PartialEq, Debug)]
pub struct InvokeReply {
    /// The HTTP status.
    pub status: u16,
    /// The body; null for none.
    pub body: Value,
}

impl InvokeReply {
    /// Done, without a word.
    pub fn done() -> InvokeReply {
        InvokeReply { status: 200, body: json!({}) }
    }

    /// An invoke that is not known here.
    pub fn unknown() -> InvokeReply {
        InvokeReply { status: 501, body: Value::Null }
    }

    /// The person's client is asked for a token for our API; then the button is pressed once more by itself, with the token.
    /// `uri` is where our API is known, `page` where a person can go who must agree to something first.
    pub fn sign_in(language: Language, id: &str, uri: &str, page: &str) -> InvokeReply {
        let title = Said::Numbers.text(language);
        InvokeReply {
            status: 200,
            body: json!({"statusCode": 401, "type": "application/vnd.microsoft.activity.loginRequest", "value": {
                "text": title, "connectionName": CONNECTION,
                "tokenExchangeResource": {"id": id, "uri": uri},
                "buttons": [{"type": "signin", "title": title, "value": page}]}}),
        }
    }

    /// The token is not good, or does not reach as far as needed: the person has to agree first.
    pub fn not_signed_in(language: Language) -> InvokeReply {
        InvokeReply {
            status: 200,
            body: json!({"statusCode": 412, "type": "application/vnd.microsoft.error.preconditionFailed",
                "value": {"code": "412", "message": Said::Agree.text(language)}}),
        }
    }

    /// In the place of the card that was pressed comes this one.
    pub fn card(card: Value) -> InvokeReply {
        InvokeReply {
            status: 200,
            body: json!({"statusCode": 200, "type": "application/vnd.microsoft.card.adaptive", "value": card}),
        }
    }

    /// A sentence for whoever pressed.
    pub fn message(language: Language, said: Said) -> InvokeReply {
        InvokeReply {
            status: 200,
            body: json!({"statusCode": 200, "type": "application/vnd.microsoft.activity.message",
                "value": said.text(language).replace("**", "\"")}),
        }
    }

    /// A dialog that shows a page of ours.
    pub fn dialog(title: &str, url: &str) -> InvokeReply {
        InvokeReply {
            status: 200,
            body: json!({"task": {"type": "continue", "value": {
                "title": title, "height": "large", "width": "medium", "url": url, "fallbackUrl": url}}}),
        }
    }

    /// A dialog that says a sentence only.
    pub fn dialog_message(language: Language, said: Said) -> InvokeReply {
        InvokeReply {
            status: 200,
            body: json!({"task": {"type": "message", "value": said.text(language).replace("**", "\"")}}),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buttons_of_each_kind_carry_their_seal() {
        for (name, value) in [
            (
                "adaptiveCard/action",
                json!({"action": {"type": "Action.Execute", "verb": "v", "data": {"switchroom": "s"}}}),
            ),
            (
                "task/fetch",
                json!({"data": {"switchroom": "s", "type": "task/fetch"}, "context": {"theme": "dark"}}),
            ),
        ] {
            let found = match Invoke::read(name, &value) {
                Some(Invoke::Card { sealed, .. } | Invoke::OpenDialog(sealed)) => sealed,
                other => panic!("{other:?}"),
            };
            assert_eq!(found.as_deref(), Some("s"), "{name}");
        }
        assert!(Invoke::read("composeExtension/query", &Value::Null).is_none());
        let long = json!({"data": {"switchroom": "x".repeat(5_000)}});
        assert!(matches!(Invoke::read("task/fetch", &long), Some(Invoke::OpenDialog(None))));
        let signed_in = json!({"action": {"data": {}}, "authentication": {"id": "1", "token": "canary"}});
        let signed_in = Invoke::read("adaptiveCard/action", &signed_in);
        assert!(matches!(&signed_in, Some(Invoke::Card { token: Some(_), .. })));
        assert!(!format!("{signed_in:?}").contains("canary"));
    }
}
