//! Signed tokens: their three parts and their signature (RFC 7515, RFC 7519). What the claims mean is judged elsewhere.

use crate::entra::un_b64url;
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The longest token that is looked at, in bytes.
pub(crate) const LONGEST_TOKEN: usize = 32 * 1024;

/// Ways of signing that are accepted at all. Which of them counts is said where a token is judged. `none` and those
/// with a shared secret are not among them, so a public key never serves as one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    /// RSA with PKCS #1 version 1.5 and SHA-256.
    Rs256,
    /// RSA with PSS and SHA-256.
    Ps256,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// A token whose parts were read and whose signature nobody has looked at.
pub(crate) struct Unverified<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: String,
    signed: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
}

/// Why a text is no token that could be verified.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unreadable {
    Shape,
    Algorithm,
}

impl<'a> Unverified<'a> {
    pub(crate) fn read(token: &'a str) -> Result<Unverified<'a>, Unreadable> {
        if token.len() > LONGEST_TOKEN {
            return Err(Unreadable::Shape);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Unreadable::Shape)?;
        let (header, claims) = signed.split_once('.').ok_or(Unreadable::Shape)?;
        if claims.contains('.') {
            return Err(Unreadable::Shape);
        }
        let header = un_b64url(header).ok_or(Unreadable::Shape)?;
        let header: Header = serde_json::from_slice(&header).map_err(|_| Unreadable::Shape)?;
        // What must be understood and is not understood makes a token invalid (RFC 7515 section 4.1.11).
        if header.crit.is_some() {
            return Err(Unreadable::Shape);
        }
        let algorithm = match header.alg.as_str() {
            "RS256" => Algorithm::Rs256,
            "PS256" => Algorithm::Ps256,
            _ => return Err(Unreadable::Algorithm),
        };
        let kid = header.kid.filter(|k| (1..=256).contains(&k.len())).ok_or(Unreadable::Shape)?;
        let signature = un_b64url(signature).ok_or(Unreadable::Shape)?;
        Ok(Unverified { algorithm, kid, signed, claims, signature })
    }

    /// The claims, if the key signed them.
    pub(crate) fn verify(&self, n: &[u8], e: &[u8]) -> Option<Map<String, Value>> {
        let key = PublicKeyComponents { n, e };
        let algorithm = match self.algorithm {
            Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
        };
        key.verify(algorithm, self.signed.as_bytes(), &self.signature).ok()?;
        serde_json::from_slice(&un_b64url(self.claims)?).ok()
    }
}
