//! What a token endpoint gives.

use crate::entra::error::{EntraError, MOST_TOKEN_REPLY};
use crate::entra::jwt::LONGEST_TOKEN;
use crate::request::Reply;
use crate::time::Time;
use core::time::Duration;
use redact::Secret;
use serde::Deserialize;
use serde_json::Value;

/// The longest life of a token that is believed; with continuous access evaluation they live up to 28 hours.
const LONGEST_LIFE: u64 = 48 * 3600;

/// Tokens that were given. `Debug` shows none of them.
#[derive(Clone, Debug)]
pub struct TokenReply {
    /// For requests to the service that was asked for.
    pub access_token: Secret<String>,
    /// When that is over.
    pub ends: Time,
    /// To get the next one. It replaces the one that was used, at once.
    pub refresh_token: Option<Secret<String>>,
    /// Who signed in, to be judged by [`crate::entra::IdRules`].
    pub id_token: Option<Secret<String>>,
    /// The delegated permissions that were granted, when they were said.
    pub scopes: Vec<String>,
}

#[derive(Deserialize)]
struct Body {
    access_token: String,
    token_type: String,
    expires_in: Value,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default)]
    id_token: Option<String>,
    #[serde(default)]
    scope: Option<String>,
}

impl TokenReply {
    /// Reads the answer of a token endpoint; `None` when no answer came. `now` is when the request was sent, so that a
    /// slow answer makes no token live longer.
    pub fn read(now: Time, reply: Option<&Reply>) -> Result<TokenReply, EntraError> {
        let Some(reply) = reply else { return Err(EntraError::Unavailable { status: 0 }) };
        if !reply.is_success() {
            return Err(EntraError::of(reply));
        }
        let unreadable = EntraError::Unreadable { status: reply.status };
        let Some(body) = reply.json::<Body>(MOST_TOKEN_REPLY) else { return Err(unreadable) };
        // Some write the seconds as a text.
        let lives = body.expires_in.as_u64().or_else(|| body.expires_in.as_str()?.parse().ok());
        let sent = [Some(&body.access_token), body.refresh_token.as_ref(), body.id_token.as_ref()];
        // Each goes into a header or a form later on.
        let plain =
            |t: &String| (1..=LONGEST_TOKEN).contains(&t.len()) && t.bytes().all(|c| c.is_ascii_graphic());
        let (Some(lives), true) = (lives, sent.into_iter().flatten().all(plain)) else {
            return Err(unreadable);
        };
        if !body.token_type.eq_ignore_ascii_case("Bearer") {
            return Err(unreadable);
        }
        let scopes = body.scope.unwrap_or_default();
        Ok(TokenReply {
            access_token: Secret::new(body.access_token),
            ends: now.plus(Duration::from_secs(lives.min(LONGEST_LIFE))),
            refresh_token: body.refresh_token.map(Secret::new),
            id_token: body.id_token.map(Secret::new),
            scopes: scopes.split(' ').filter(|s| !s.is_empty()).take(200).map(str::to_string).collect(),
        })
    }

    /// The permissions that an access token of Graph carries (`roles` and `scp`), to be compared with those needed. The
    /// token is ours to send and not ours to judge: its signature is not looked at, so nothing may be allowed by this.
    pub fn granted(&self) -> Vec<String> {
        granted(&self.access_token)
    }

    /// Whether the access token says that it may be ended before its time (`xms_cc` has `cp1`): Entra ID took our word that
    /// challenges are understood. Nothing may be allowed by this either.
    pub fn takes_challenges(&self) -> bool {
        let listed = claims_of(&self.access_token).and_then(|c| c.get("xms_cc")?.as_array().cloned());
        listed.into_iter().flatten().any(|c| c.as_str().is_some_and(|c| c.eq_ignore_ascii_case("cp1")))
    }
}

fn claims_of(token: &Secret<String>) -> Option<Value> {
    let claims = token.expose_secret().split('.').nth(1).and_then(crate::entra::un_b64url)?;
    serde_json::from_slice(&claims).ok()
}

/// The same of an access token alone.
pub fn granted(token: &Secret<String>) -> Vec<String> {
    let Some(claims) = claims_of(token) else { return Vec::new() };
    let roles = claims.get("roles").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let scopes = claims.get("scp").and_then(Value::as_str).unwrap_or_default().split(' ');
    roles.chain(scopes).filter(|w| !w.is_empty()).take(200).map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_secs(1_000_000);

    #[test]
    fn tokens_are_read() {
        let body = r#"{"token_type":"Bearer","expires_in":"3599","access_token":"a.eyJyb2xlcyI6WyJVc2VyLlJlYWQuQWxsIl0sInNjcCI6Im9wZW5pZCJ9.c","refresh_token":"r","scope":"openid User.Read"}"#;
        let got = TokenReply::read(NOW, Some(&Reply::new(200, body))).unwrap();
        assert_eq!(got.ends, Time::from_secs(1_003_599));
        assert_eq!(got.scopes, ["openid", "User.Read"]);
        assert_eq!(got.granted(), ["User.Read.All", "openid"]);
        assert!(!format!("{got:?}").contains("eyJ"));
        assert!(!got.takes_challenges());
        // {"xms_cc":["CP1"]}
        let told = body
            .replace("eyJyb2xlcyI6WyJVc2VyLlJlYWQuQWxsIl0sInNjcCI6Im9wZW5pZCJ9", "eyJ4bXNfY2MiOlsiQ1AxIl19");
        assert!(TokenReply::read(NOW, Some(&Reply::new(200, told))).unwrap().takes_challenges());
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for body in [
            "",
            "[]",
            r#"{"token_type":"Bearer","expires_in":1,"access_token":""}"#,
            r#"{"token_type":"mac","expires_in":1,"access_token":"a"}"#,
            r#"{"token_type":"Bearer","expires_in":null,"access_token":"a"}"#,
            r#"{"token_type":"Bearer","expires_in":1,"access_token":"a\r\nX: y"}"#,
        ] {
            let got = TokenReply::read(NOW, Some(&Reply::new(200, body)));
            assert_eq!(got.err(), Some(EntraError::Unreadable { status: 200 }), "{body}");
        }
        assert_eq!(TokenReply::read(NOW, None).err(), Some(EntraError::Unavailable { status: 0 }));
    }
}
