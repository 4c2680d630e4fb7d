//! Entra ID: who somebody is, and what we may do in their name.
//!
//! | to do | open |
//! |---|---|
//! | where an authority's endpoints are | [`Endpoints`] |
//! | an authority's keys, and when to fetch them | [`KeyCache`] |
//! | judge a token that somebody shows us | [`ApiRules`], [`IdRules`], [`NotificationRules`] |
//! | let somebody sign in by the browser | [`SignIns`] |
//! | ask an administrator for consent | [`SignIns::begin_consent`], [`Consented`] |
//! | get tokens for ourselves or for somebody | [`Client`], [`TokenReply`], [`TokenCache`] |
//! | a challenge by Conditional Access | [`Challenge`] |
//! | what to do when Entra ID says no | [`EntraError`] |

mod cache;
mod certificate;
mod challenge;
mod client;
mod consent;
mod endpoints;
mod error;
mod jwt;
mod keys;
mod sealed;
mod sign_in;
mod token;
mod validate;

pub use cache::{CacheKey, TokenCache, Who};
pub use certificate::{Certificate, CertificateError};
pub use challenge::{Challenge, declare_capability, insufficient_claims};
pub use client::{Client, Credential};
pub use consent::{Consented, Proof, ProofFault};
pub use endpoints::Endpoints;
pub use error::EntraError;
pub use jwt::Algorithm;
pub use keys::{KeyCache, KeySet};
pub use sign_in::{Ask, Begun, Callback, CallbackFault, Exchange, ResponseMode, SignIns};
pub use token::{TokenReply, granted};
pub use validate::{Access, ApiRules, Caller, IdRules, Issuer, NotificationRules, Refused, SignedIn, Texts};

pub(crate) use certificate::{certificate_der, pem};
pub(crate) use sealed::Seal;
pub(crate) use validate::verified;

/// Base64 for addresses and tokens, without padding.
pub(crate) fn b64url(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn un_b64url(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()
}

/// Random bytes as a GUID of version 4.
pub(crate) fn guid_of(mut b: [u8; 16]) -> String {
    b[6] = b[6] & 0x0f | 0x40;
    b[8] = b[8] & 0x3f | 0x80;
    let hex: String = b.iter().map(|x| format!("{x:02x}")).collect();
    let part = |from, to| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    out
}

pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a, b).is_ok()
}
