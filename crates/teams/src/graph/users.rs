//! People of a tenant, as far as the profile reads them.

use crate::clean;
use crate::graph::{Call, Graph, step, text};
use crate::permissions::Operation;
use crate::request::Reply;
use redact::Secret;
use serde_json::Value;

/// The most numbers of one person that are kept.
const MOST_PHONES: usize = 16;
/// The longest address of electronic mail, in characters (RFC 5321).
const LONGEST_MAIL: usize = 254;

/// What is said of one property.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Given<T> {
    /// Nothing: keep what is there.
    Unchanged,
    /// It was cleared, or what it holds cannot be kept.
    Cleared,
    /// This.
    Value(T),
}

impl<T> Given<T> {
    /// The value after the change.
    pub fn over(self, before: Option<T>) -> Option<T> {
        match self {
            Given::Unchanged => before,
            Given::Cleared => None,
            Given::Value(value) => Some(value),
        }
    }
}

/// A person, or what changed of one: the fields of the profile and no others, cleaned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// The object's id in the tenant.
    pub id: String,
    /// Whether the person may sign in.
    pub enabled: Given<bool>,
    /// The first name.
    pub given_name: Given<Secret<String>>,
    /// The family name.
    pub surname: Given<Secret<String>>,
    /// The name that is shown.
    pub display_name: Given<Secret<String>>,
    /// The address of electronic mail.
    pub mail: Given<Secret<String>>,
    /// Numbers at work as the directory has them, not normalised; what cannot be a number is left out.
    pub business_phones: Given<Vec<Secret<String>>>,
    /// The mobile number, likewise.
    pub mobile_phone: Given<Secret<String>>,
}

/// A text, if it is there and something remains of it.
fn given(value: &Value, name: &str, keep: impl Fn(&str) -> Option<Secret<String>>) -> Given<Secret<String>> {
    match value.get(name) {
        None => Given::Unchanged,
        Some(Value::String(text)) => keep(text).map_or(Given::Cleared, Given::Value),
        Some(_) => Given::Cleared,
    }
}

fn name(text: &str) -> Option<Secret<String>> {
    Some(clean::name(text)).filter(|n| !n.expose_secret().is_empty())
}

fn mail(text: &str) -> Option<Secret<String>> {
    let kept = clean::line(text, LONGEST_MAIL + 1);
    let plausible =
        kept.chars().count() <= LONGEST_MAIL && kept.contains('@') && !kept.contains([' ', '<', '>', '"']);
    plausible.then(|| Secret::new(kept))
}

impl User {
    /// Out of an object of Graph. Nothing without a proper id.
    pub(crate) fn read(value: &Value) -> Option<User> {
        Some(User {
            id: clean::guid(text(value, "id")?)?,
            enabled: match value.get("accountEnabled") {
                None => Given::Unchanged,
                Some(Value::Bool(enabled)) => Given::Value(*enabled),
                Some(_) => Given::Cleared,
            },
            given_name: given(value, "givenName", name),
            surname: given(value, "surname", name),
            display_name: given(value, "displayName", name),
            mail: given(value, "mail", mail),
            business_phones: match value.get("businessPhones") {
                None => Given::Unchanged,
                Some(Value::Array(all)) => {
                    let numbers = all.iter().filter_map(Value::as_str).filter_map(clean::number);
                    Given::Value(numbers.take(MOST_PHONES).collect())
                }
                Some(_) => Given::Cleared,
            },
            mobile_phone: given(value, "mobilePhone", clean::number),
        })
    }
}

/// One person. `fields` are those of the row in the table that allows it. Nothing for an id that cannot be one.
pub fn user(graph: &Graph, id: &str, fields: &[&str]) -> Option<Call> {
    let path = format!("/users/{}?$select={}", step(id)?, fields.join(","));
    Some(graph.get(Operation::User, &path))
}

/// Who signed in, in whose name the token is.
pub fn me(graph: &Graph) -> Call {
    graph.get(Operation::Me, "/me?$select=id,displayName")
}

/// Reads one person.
pub fn read_user(reply: &Reply) -> Option<User> {
    User::read(&reply.json(crate::request::MOST_JSON)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ID: &str = "11111111-1111-1111-1111-111111111111";

    #[test]
    fn hostile_entries_are_cleaned() {
        let long = "x".repeat(10_000);
        let user = User::read(&json!({
            "id": ID.to_uppercase(), "accountEnabled": true, "displayName": format!("Ann\u{202e}\n{long}"), "surname": null,
            "givenName": "\u{200f}", "mail": "not an address", "businessPhones": ["+44 20 7946 0000", "none", 7, ""],
            "mobilePhone": "call me", "jobTitle": "never read",
        }))
        .unwrap();
        assert_eq!((user.id.as_str(), user.enabled.clone()), (ID, Given::Value(true)));
        let Given::Value(name) = &user.display_name else { panic!() };
        assert!(name.expose_secret().starts_with("Ann xxx") && name.expose_secret().chars().count() <= 256);
        assert_eq!(
            (user.surname, user.given_name, user.mail),
            (Given::Cleared, Given::Cleared, Given::Cleared)
        );
        assert_eq!(user.business_phones, Given::Value(vec![Secret::new("+44 20 7946 0000".to_string())]));
        assert_eq!(user.mobile_phone, Given::Cleared);
        let bare = User::read(&json!({"id": ID})).unwrap();
        assert_eq!((bare.display_name, bare.business_phones), (Given::Unchanged, Given::Unchanged));
        for bad in [json!({}), json!({"id": "ann"}), json!({"id": 7}), json!([]), json!(null)] {
            assert_eq!(User::read(&bad), None, "{bad}");
        }
    }

    #[test]
    fn only_the_fields_of_the_profile_are_asked_for() {
        let graph = Graph::of(&crate::Cloud::named("worldwide").unwrap()).unwrap();
        let call = user(&graph, ID, &["id", "mail"]).unwrap();
        assert_eq!(call.url, format!("https://graph.microsoft.com/v1.0/users/{ID}?$select=id,mail"));
        assert!(user(&graph, "../me", &["id"]).is_none());
        let printed = format!(
            "{:?}",
            read_user(&Reply::new(200, format!(r#"{{"id":"{ID}","mail":"a@canary.example"}}"#)))
        );
        assert!(!printed.contains("canary"), "{printed}");
    }
}
