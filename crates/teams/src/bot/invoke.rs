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
    /// A token that the bot asked for in a message.
    TokenExchange {
        /// The request that it answers.
        id: String,
        /// For our way of signing in; that of another is none.
        token: Option<Secret<String>>,
    },
    /// The page that the bot's sign-in leads to was gone through.
    SignedIn,
    /// A client could not bring a token; its word for why.
    SignInFailed(String),
}

/// The longest token and the longest name of a request that are looked at, in bytes.
const LONGEST_TOKEN: usize = 32 * 1024;
const LONGEST_ID: usize = 200;
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
            "signin/tokenExchange" => {
                let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
                let ours = text("connectionName") == CONNECTION;
                let token = Some(text("token")).filter(|t| ours && !t.is_empty() && t.len() <= LONGEST_TOKEN);
                let id = crate::clean::line(text("id"), LONGEST_ID);
                Invoke::TokenExchange { id, token: token.map(|t| Secret::new(t.to_string())) }
            }
            "signin/verifyState" => Invoke::SignedIn,
            "signin/failure" => {
                let code = value.get("code").and_then(Value::as_str).unwrap_or_default();
                Invoke::SignInFailed(code.chars().filter(char::is_ascii_alphanumeric).take(40).collect())
            }
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
    pub fn sign_in(language: Language, card: &SignInCard<'_>) -> InvokeReply {
        InvokeReply {
            status: 200,
            body: json!({"statusCode": 401, "type": "application/vnd.microsoft.activity.loginRequest",
                "value": card.content(language)}),
        }
    }

    /// A token that was asked for was taken.
    pub fn exchanged(id: &str) -> InvokeReply {
        InvokeReply { status: 200, body: json!({"id": id, "connectionName": CONNECTION}) }
    }

    /// A token that was brought is of no use: with 412 the client shows the button that leads to consent, with 400 nothing.
    pub fn not_exchanged(language: Language, id: &str, status: u16) -> InvokeReply {
        let detail = Said::Agree.text(language);
        InvokeReply { status, body: json!({"id": id, "connectionName": CONNECTION, "failureDetail": detail}) }
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
        InvokeReply::sentence(said.text(language))
    }

    /// A sentence for whoever pressed, as it was put together.
    pub fn sentence(text: &str) -> InvokeReply {
        InvokeReply {
            status: 200,
            body: json!({"statusCode": 200, "type": "application/vnd.microsoft.activity.message",
                "value": text.replace("**", "\"")}),
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

/// What asks a person's client for a token for our API, without a word where that works.
#[derive(Clone, Copy, Debug)]
pub struct SignInCard<'a> {
    /// Names the request.
    pub id: &'a str,
    /// Where our API is known: `api://HOST/botid-APP`.
    pub uri: &'a str,
    /// The page where somebody agrees to what is asked for, if that has to be first.
    pub page: &'a str,
}

impl SignInCard<'_> {
    fn content(&self, language: Language) -> Value {
        let title = Said::Numbers.text(language);
        json!({"text": title, "connectionName": CONNECTION,
            "tokenExchangeResource": {"id": self.id, "uri": self.uri},
            "buttons": [{"type": "signin", "title": title, "value": self.page}]})
    }

    /// The message that asks, for clients whose buttons come as messages.
    pub fn message(&self, language: Language) -> Value {
        json!({"type": "message", "summary": Said::Numbers.text(language),
            "attachments": [{"contentType": "application/vnd.microsoft.card.oauth", "content": self.content(language)}]})
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
        let exchange = |connection: &str, token: &str| {
            let value = json!({"id": "1", "connectionName": connection, "token": token});
            let read = Invoke::read("signin/tokenExchange", &value);
            assert!(!format!("{read:?}").contains("canary"));
            matches!(read, Some(Invoke::TokenExchange { token: Some(_), .. }))
        };
        assert!(exchange("switchroom", "canary"));
        let long = "x".repeat(40_000);
        assert!(
            !exchange("another", "canary") && !exchange("switchroom", "") && !exchange("switchroom", &long)
        );
        let failed =
            Invoke::read("signin/failure", &json!({"code": "resource\nmatchfailed", "message": "canary"}));
        assert!(matches!(failed, Some(Invoke::SignInFailed(code)) if code == "resourcematchfailed"));
    }
}
