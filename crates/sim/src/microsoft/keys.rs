//! The keys with which the simulated Entra ID signs, and how they change.
//!
//! The private keys lie in the source, so that a seed gives the same tokens on every machine. They protect nothing: who
//! trusts them trusts a made-up tenant.

use crate::microsoft::certificate::public_numbers;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64_URL;
use serde_json::{Value, json};

const PRIVATE: [&[u8]; 3] =
    [include_bytes!("keys/first.pk8"), include_bytes!("keys/second.pk8"), include_bytes!("keys/third.pk8")];
/// The keys in the document: the one that signs now and the one before.
const PUBLISHED: u32 = 2;

/// The private keys that every copy of this program carries openly, in PKCS #8. Whoever looks for private keys finds them
/// and can tell them from others.
pub const fn demonstration() -> [&'static [u8]; 3] {
    PRIVATE
}

/// The signing keys of one simulated Entra ID.
#[derive(Debug)]
pub struct Keys {
    pairs: Vec<KeyPair>,
    generation: u32,
    /// Generations before this one are withdrawn.
    oldest: u32,
}

impl Default for Keys {
    fn default() -> Keys {
        Keys {
            pairs: PRIVATE.iter().filter_map(|k| KeyPair::from_pkcs8(k).ok()).collect(),
            generation: 0,
            oldest: 0,
        }
    }
}

impl Keys {
    /// From now on a new key signs; the one before stays in the document, older ones leave it.
    pub fn rotate(&mut self) {
        self.generation += 1;
        self.oldest = self.oldest.max((self.generation + 1).saturating_sub(PUBLISHED));
    }

    /// Only the key that signs now stays in the document, as when a key became known to others.
    pub fn withdraw_old(&mut self) {
        self.oldest = self.generation;
    }

    /// The name of the key that signs now.
    pub fn kid(&self) -> String {
        self.name(self.generation)
    }

    fn pair(&self, generation: u32) -> Option<&KeyPair> {
        self.pairs.get(generation as usize % self.pairs.len().max(1))
    }

    fn name(&self, generation: u32) -> String {
        let public = self.pair(generation).map_or(&[][..], |p| p.public_key().as_ref());
        let of = [&generation.to_be_bytes()[..], public].concat();
        BASE64_URL.encode(&digest(&SHA256, &of).as_ref()[..20])
    }

    /// The document of the keys. `issuer` stands in each, with `{tenantid}` for all tenants.
    pub fn document(&self, issuer: &str) -> Value {
        let keys: Vec<Value> = (self.oldest..=self.generation)
            .rev()
            .filter_map(|g| {
                let (n, e) = public_numbers(self.pair(g)?.public_key().as_ref())?;
                let kid = self.name(g);
                Some(json!({"kty": "RSA", "use": "sig", "kid": kid, "x5t": kid, "alg": "RS256",
                    "n": BASE64_URL.encode(n), "e": BASE64_URL.encode(e), "issuer": issuer}))
            })
            .collect();
        json!({"keys": keys})
    }

    /// A token with these claims (RFC 7519), signed RS256.
    pub fn sign(&self, claims: &Value) -> String {
        let head = json!({"typ": "JWT", "alg": "RS256", "kid": self.kid(), "x5t": self.kid()});
        let text =
            format!("{}.{}", BASE64_URL.encode(head.to_string()), BASE64_URL.encode(claims.to_string()));
        let Some(pair) = self.pair(self.generation) else { return text };
        let mut signature = vec![0; pair.public_modulus_len()];
        // This padding takes no chance: the same claims give the same token.
        if pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).is_err() {
            return text;
        }
        format!("{text}.{}", BASE64_URL.encode(signature))
    }

    /// The claims of a token that one of the published keys signed; its times are not looked at.
    pub fn read(&self, token: &str) -> Option<Value> {
        let (text, signature) = token.rsplit_once('.')?;
        let (head, claims) = text.split_once('.')?;
        let head: Value = serde_json::from_slice(&BASE64_URL.decode(head).ok()?).ok()?;
        (head["alg"] == "RS256").then_some(())?;
        let generation = (self.oldest..=self.generation).find(|g| head["kid"] == self.name(*g).as_str())?;
        let public = self.pair(generation)?.public_key();
        let signature = BASE64_URL.decode(signature).ok()?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public.as_ref())
            .verify(text.as_bytes(), &signature)
            .ok()?;
        serde_json::from_slice(&BASE64_URL.decode(claims).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_while_their_key_is_published() {
        let mut keys = Keys::default();
        let (first, kid) = (keys.sign(&json!({"a": 1})), keys.kid());
        assert_eq!(first, Keys::default().sign(&json!({"a": 1})), "the same on every machine");
        assert_eq!(keys.read(&first), Some(json!({"a": 1})));
        keys.rotate();
        assert_ne!(keys.kid(), kid);
        assert_eq!(keys.document("x")["keys"].as_array().map(Vec::len), Some(2));
        assert_eq!(keys.read(&first), Some(json!({"a": 1})), "the key before is still published");
        keys.rotate();
        assert_eq!(keys.read(&first), None, "withdrawn");
        for _ in 0..2 {
            keys.rotate();
            assert_ne!(keys.kid(), kid, "a name never comes back");
        }
        keys.withdraw_old();
        assert_eq!(keys.document("x")["keys"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn a_changed_token_is_not_read() {
        let keys = Keys::default();
        let token = keys.sign(&json!({"roles": []}));
        let parts: Vec<&str> = token.split('.').collect();
        let other = BASE64_URL.encode(r#"{"roles":["User.Read.All"]}"#);
        assert_eq!(keys.read(&format!("{}.{other}.{}", parts[0], parts[2])), None);
        let none = BASE64_URL.encode(r#"{"alg":"none"}"#);
        for bad in
            [format!("{none}.{other}."), String::new(), "..".into(), "a.b.c.d".into(), format!("{token}A")]
        {
            assert_eq!(keys.read(&bad), None, "{bad}");
        }
    }
}
