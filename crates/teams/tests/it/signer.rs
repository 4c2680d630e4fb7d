//! An authority for tests: it signs tokens and publishes its keys.

use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256};
use base64::Engine;
use serde_json::{Value, json};
use std::sync::OnceLock;
use teams::Reply;
use teams::entra::KeySet;

pub const TENANT: &str = "11111111-2222-3333-4444-555555555555";
pub const OTHER_TENANT: &str = "99999999-2222-3333-4444-555555555555";
pub const APP: &str = "aaaaaaaa-0000-0000-0000-000000000001";
pub const CALLER: &str = "cccccccc-0000-0000-0000-000000000001";
pub const PERSON: &str = "eeeeeeee-0000-0000-0000-000000000001";
/// Seconds since 1970 at which tests take place.
pub const NOW: u64 = 1_795_168_800;

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

pub fn un_b64(text: &str) -> Vec<u8> {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// The same key pair as in certificate.pem.
pub fn key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| pair(include_str!("key.pem")))
}

/// A key that the authority does not publish.
pub fn other_key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| pair(include_str!("other_key.pem")))
}

fn pair(pem: &str) -> KeyPair {
    let body: String = pem.lines().filter(|l| !l.starts_with('-')).collect();
    KeyPair::from_pkcs8(&base64::engine::general_purpose::STANDARD.decode(body).unwrap()).unwrap()
}

/// The modulus of the published key, out of its DER (RFC 8017 appendix A.1.1).
pub fn modulus() -> &'static [u8] {
    &key().public_key().as_ref()[9..265]
}

/// The keys as the authority publishes them: `k1`, and `foreign`, which belongs to another issuer.
pub fn keys() -> KeySet {
    let (n, e) = (b64(modulus()), b64([1, 0, 1]));
    let set = json!({"keys": [
        {"kid": "k1", "kty": "RSA", "use": "sig", "n": n, "e": e, "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"},
        {"kid": "plain", "kty": "RSA", "use": "sig", "n": n, "e": e},
        {"kid": "foreign", "kty": "RSA", "n": n, "e": e, "issuer": "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"},
    ]});
    KeySet::read(&Reply::new(200, set.to_string())).unwrap()
}

/// A token with this header and these claims, signed as the header says by this key.
pub fn sign(header: &Value, claims: &Value, key: &KeyPair) -> String {
    let signed = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
    let mut signature = vec![0; key.public_modulus_len()];
    let rng = aws_lc_rs::rand::SystemRandom::new();
    match header["alg"].as_str() {
        Some("PS256") => key.sign(&RSA_PSS_SHA256, &rng, signed.as_bytes(), &mut signature).unwrap(),
        _ => key.sign(&RSA_PKCS1_SHA256, &rng, signed.as_bytes(), &mut signature).unwrap(),
    }
    format!("{signed}.{}", b64(signature))
}

/// The same with the usual header.
pub fn token(claims: &Value) -> String {
    sign(&json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}), claims, key())
}

/// The claims of a person's access token, with some replaced; null takes one away.
pub fn access(changes: Value) -> Value {
    changed(
        json!({
            "aud": APP, "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "iat": NOW, "nbf": NOW, "exp": NOW + 3600,
            "tid": TENANT, "oid": PERSON, "sub": "pairwise", "ver": "2.0", "azp": CALLER, "azpacr": "0", "scp": "access_as_user",
            "roles": ["agent"], "uti": "abc-1", "xms_cc": ["cp1"], "preferred_username": "ann@contoso.example",
        }),
        changes,
    )
}

/// The claims of an ID token.
pub fn id(changes: Value) -> Value {
    changed(
        json!({
            "aud": APP, "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "iat": NOW, "nbf": NOW, "exp": NOW + 3600,
            "tid": TENANT, "oid": PERSON, "sub": "pairwise", "ver": "2.0", "nonce": "n-1", "name": "Ann\u{202e} Lee", "roles": ["owner"],
        }),
        changes,
    )
}

fn changed(mut claims: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            _ => drop(claims.as_object_mut().unwrap().insert(name.clone(), value.clone())),
        }
    }
    claims
}
