//! Claims challenges: what a service wants to be fulfilled before it goes on (Conditional Access, continuous access
//! evaluation), and the same by our own API.

use crate::entra::error::LONGEST_CLAIMS;
use crate::request::Reply;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value, json};

/// Base64 as it comes: with padding or without.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// A challenge by a service that refused an access token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Challenge {
    /// JSON, for `claims` of the next token request, and of the browser's request if that one is refused.
    pub claims: String,
}

impl Challenge {
    /// The challenge of a reply with 401, if it has one that can be read. Headers may be several, parameters in any order.
    pub fn of(reply: &Reply) -> Option<Challenge> {
        if reply.status != 401 {
            return None;
        }
        let headers = reply.all("WWW-Authenticate").take(8).filter(|h| h.len() <= 2 * LONGEST_CLAIMS);
        headers
            .filter_map(|header| {
                let mut parameters = parameters(header);
                if parameters.iter().all(|(n, v)| n != "error" || v != "insufficient_claims") {
                    return None;
                }
                let at = parameters.iter().position(|(n, _)| n == "claims")?;
                Challenge::read(&parameters.swap_remove(at).1)
            })
            .next()
    }

    /// Reads the value of `claims`: base64, within it an object of JSON.
    fn read(text: &str) -> Option<Challenge> {
        let standard = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
        let for_urls = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
        let bytes = standard.decode(text).or_else(|_| for_urls.decode(text)).ok()?;
        if bytes.len() > LONGEST_CLAIMS {
            return None;
        }
        let claims: Map<String, Value> = serde_json::from_slice(&bytes).ok()?;
        Some(Challenge { claims: Value::Object(claims).to_string() })
    }
}

/// The parameters of a challenge (RFC 9110 section 11.6.1), names in lower case. Schemes stand among them and are left
/// out.
fn parameters(header: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = header;
    while let Some((before, after)) = rest.split_once('=') {
        let name = before.rsplit([' ', ',', '\t']).next().unwrap_or_default().to_ascii_lowercase();
        let after = after.trim_start();
        let value;
        if let Some(quoted) = after.strip_prefix('"') {
            let mut text = String::new();
            let mut chars = quoted.char_indices();
            let mut end = quoted.len();
            while let Some((at, c)) = chars.next() {
                match c {
                    '"' => {
                        end = at + 1;
                        break;
                    }
                    '\\' => text.extend(chars.next().map(|(_, c)| c)),
                    c => text.push(c),
                }
            }
            value = text;
            rest = quoted.get(end..).unwrap_or_default();
        } else {
            let end = after.find([',', ' ']).unwrap_or(after.len());
            let (token, more) = after.split_at(end);
            value = token.to_string();
            rest = more;
        }
        found.push((name, value));
    }
    found
}

/// A challenge's claims, or none, with the declaration that challenges are understood: `cp1` in `xms_cc`. What is no
/// object of JSON counts as none.
pub fn declare_capability(claims: Option<&str>) -> String {
    let mut claims: Map<String, Value> =
        claims.and_then(|c| serde_json::from_str(c).ok()).unwrap_or_default();
    let entry = claims.entry("access_token").or_insert_with(|| json!({}));
    if !entry.is_object() {
        *entry = json!({});
    }
    if let Value::Object(of_access) = entry {
        of_access.insert("xms_cc".to_string(), json!({"values": ["cp1"]}));
    }
    Value::Object(claims).to_string()
}

/// The value of `WWW-Authenticate` by which our API asks a caller that takes challenges
/// ([`crate::entra::Access::takes_challenges`]) for an authentication context such as `c1`. Others get a plain 403.
/// `authorize` is the address where its person signs in.
pub fn insufficient_claims(authorize: &str, context: &str) -> String {
    let claims = json!({"access_token": {"acrs": {"essential": true, "value": context}}}).to_string();
    let claims = base64::engine::general_purpose::STANDARD.encode(claims);
    let authorize: String =
        authorize.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\')).collect();
    format!(
        "Bearer realm=\"\", authorization_uri=\"{authorize}\", error=\"insufficient_claims\", claims=\"{claims}\""
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[&str]) -> Option<String> {
        let mut reply = Reply::new(401, "");
        for header in headers {
            reply = reply.with("www-authenticate", header);
        }
        Challenge::of(&reply).map(|c| c.claims)
    }

    #[test]
    fn challenges_are_found_in_any_order() {
        let claims = r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#;
        let base64 = base64::engine::general_purpose::STANDARD.encode(claims);
        let bare = base64.trim_end_matches('=');
        for header in [
            format!("Bearer realm=\"\", error=\"insufficient_claims\", claims=\"{base64}\""),
            format!("Bearer claims=\"{bare}\", error=\"insufficient_claims\""),
            format!("bearer CLAIMS={bare},error=insufficient_claims"),
            format!(
                "Bearer realm=\"a, \\\"b\\\" error=c\", error=\"insufficient_claims\", claims=\"{base64}\""
            ),
        ] {
            assert_eq!(read(&["Basic realm=\"x\"", &header]).as_deref(), Some(claims), "{header}");
        }
        for header in [
            "Bearer",
            "Bearer error=\"invalid_token\", claims=\"e30=\"",
            "Bearer error=\"insufficient_claims\"",
            "Bearer error=\"insufficient_claims\", claims=\"not base64 !\"",
            "Bearer error=\"insufficient_claims\", claims=\"W10=\"",
            "Bearer error=\"insufficient_claims\", claims=\"e30=",
        ] {
            let unfinished_is_read = header.ends_with("e30=");
            assert_eq!(read(&[header]).is_some(), unfinished_is_read, "{header}");
        }
        assert_eq!(
            Challenge::of(&Reply::new(200, "").with("WWW-Authenticate", "Bearer claims=\"e30=\"")),
            None
        );
    }

    #[test]
    fn the_capability_is_added_to_what_is_challenged() {
        assert_eq!(declare_capability(None), r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#);
        let merged: Value = serde_json::from_str(&declare_capability(Some(
            r#"{"access_token":{"nbf":{"value":"1"}},"id_token":{}}"#,
        )))
        .unwrap();
        assert_eq!(merged["access_token"]["nbf"]["value"], "1");
        assert_eq!(merged["access_token"]["xms_cc"]["values"][0], "cp1");
        assert!(merged["id_token"].is_object());
        for none in ["", "7", "[]", r#"{"access_token":7}"#] {
            assert_eq!(declare_capability(Some(none)), declare_capability(None), "{none}");
        }
    }

    #[test]
    fn our_own_challenge_can_be_read() {
        let header = insufficient_claims("https://login.example/organizations/oauth2/v2.0/authorize", "c1");
        let claims = read(&[&header]).unwrap();
        assert_eq!(claims, r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#);
    }
}
