//! The certificate by which an application proves itself instead of by a secret, and the assertion it signs.

use crate::entra::{b64url, guid_of, sha256};
use crate::time::Time;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PSS_SHA256};
use base64::Engine;
use core::fmt;
use core::time::Duration;
use redact::Secret;
use std::sync::Arc;

/// How long an assertion lives.
const LIFE: Duration = Duration::from_secs(300);
/// The largest file of a certificate or key that is read, in bytes.
const MOST_PEM: usize = 64 * 1024;

/// A certificate with its private key. `Debug` shows its thumbprint only.
#[derive(Clone)]
pub struct Certificate {
    key: Arc<KeyPair>,
    thumbprint: String,
    ends: Time,
}

/// Why a certificate cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CertificateError {
    /// There is no certificate in PEM.
    NoCertificate,
    /// There is no RSA key in PEM, or it is smaller than 2048 bits.
    NoKey,
    /// The key is not the certificate's.
    NotItsKey,
    /// The key could not sign.
    Signing,
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CertificateError::NoCertificate => "the file holds no certificate in PEM",
            CertificateError::NoKey => {
                "the file holds no RSA private key of at least 2048 bits in PEM, without a password"
            }
            CertificateError::NotItsKey => "the private key is not the certificate's",
            CertificateError::Signing => "the private key cannot sign",
        })
    }
}

impl std::error::Error for CertificateError {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "certificate {}", self.thumbprint)
    }
}

impl Certificate {
    /// Reads a certificate and its RSA key (PKCS #8 or PKCS #1), both in PEM.
    pub fn read(certificate: &str, key: &Secret<String>) -> Result<Certificate, CertificateError> {
        let der = pem(certificate, "CERTIFICATE").ok_or(CertificateError::NoCertificate)?;
        let ends = not_after(&der).ok_or(CertificateError::NoCertificate)?;
        let text = key.expose_secret();
        let pkcs8 = pem(text, "PRIVATE KEY").and_then(|k| KeyPair::from_pkcs8(&k).ok());
        let pkcs1 = || pem(text, "RSA PRIVATE KEY").and_then(|k| KeyPair::from_der(&k).ok());
        let key = pkcs8.or_else(pkcs1).ok_or(CertificateError::NoKey)?;
        if key.public_modulus_len() < 256 {
            return Err(CertificateError::NoKey);
        }
        // The certificate holds its public key in the very bytes that the key gives.
        let public = key.public_key().as_ref();
        if !der.windows(public.len()).any(|w| w == public) {
            return Err(CertificateError::NotItsKey);
        }
        Ok(Certificate { key: Arc::new(key), thumbprint: b64url(&sha256(&der)), ends })
    }

    /// The SHA-256 of the certificate in base64url, as `x5t#S256` has it.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// When the certificate is over; warn a month before.
    pub fn ends(&self) -> Time {
        self.ends
    }

    /// A client assertion (RFC 7523) for a token endpoint, signed with PS256. `chance` makes it unique.
    pub(crate) fn assertion(
        &self,
        client_id: &str,
        audience: &str,
        now: Time,
        chance: [u8; 16],
    ) -> Result<Secret<String>, CertificateError> {
        let header = serde_json::json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint});
        let (made, ends) = (now.secs(), now.plus(LIFE).secs());
        let claims = serde_json::json!({
            "aud": audience, "iss": client_id, "sub": client_id, "jti": guid_of(chance), "nbf": made, "iat": made, "exp": ends,
        });
        let signed =
            format!("{}.{}", b64url(header.to_string().as_bytes()), b64url(claims.to_string().as_bytes()));
        let mut signature = vec![0; self.key.public_modulus_len()];
        // The salt of a PSS signature is drawn by the library.
        let rng = aws_lc_rs::rand::SystemRandom::new();
        let done = self.key.sign(&RSA_PSS_SHA256, &rng, signed.as_bytes(), &mut signature);
        done.map_err(|_| CertificateError::Signing)?;
        Ok(Secret::new(format!("{signed}.{}", b64url(&signature))))
    }
}

/// A certificate in PEM as the base64 of its DER.
pub(crate) fn certificate_der(text: &str) -> Option<String> {
    Some(base64::engine::general_purpose::STANDARD.encode(pem(text, "CERTIFICATE")?))
}

/// The first block with this label (RFC 7468).
pub(crate) fn pem(text: &str, label: &str) -> Option<Vec<u8>> {
    if text.len() > MOST_PEM {
        return None;
    }
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(body).ok()
}

/// One element of DER: its tag, its content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0usize, |n, b| n << 8 | usize::from(*b)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// The end of a certificate's validity (RFC 5280 section 4.1).
fn not_after(der: &[u8]) -> Option<Time> {
    let (_, certificate, _) = element(der)?;
    let (_, mut fields, _) = element(certificate)?;
    // The version stands first when there is one; then serial number, algorithm and issuer.
    if fields.first() == Some(&0xa0) {
        fields = element(fields)?.2;
    }
    for _ in 0..3 {
        fields = element(fields)?.2;
    }
    let (_, validity, _) = element(fields)?;
    let (tag, time, _) = element(element(validity)?.2)?;
    let time = core::str::from_utf8(time).ok()?;
    let (year, rest) = match tag {
        // Two digits stand for 1950 to 2049.
        0x17 => {
            let (yy, rest) = time.split_at_checked(2)?;
            (format!("{}{yy}", if yy < "50" { "20" } else { "19" }), rest)
        }
        0x18 => {
            let (yyyy, rest) = time.split_at_checked(4)?;
            (yyyy.to_string(), rest)
        }
        _ => return None,
    };
    let p = |at: usize| rest.get(at..at + 2);
    Time::parse_rfc3339(&format!("{year}-{}-{}T{}:{}:{}Z", p(0)?, p(2)?, p(4)?, p(6)?, p(8)?))
}
