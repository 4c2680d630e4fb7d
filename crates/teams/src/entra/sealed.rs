//! What a browser keeps for us between two requests, so that we keep nothing for strangers: sealed, so that it can
//! neither be read nor made up.

use crate::entra::{b64url, un_b64url};
use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use redact::Secret;

/// The longest sealed text that is opened, in characters. Browsers keep no longer cookies either.
const LONGEST: usize = 4096;
/// Bytes of an AES-GCM nonce.
const NONCE: usize = 12;

/// Seals and opens with one key.
pub(crate) struct Seal {
    key: RandomizedNonceKey,
}

impl Seal {
    /// Nothing only if the library has no AES.
    pub(crate) fn new(key: &Secret<[u8; 32]>) -> Option<Seal> {
        Some(Seal { key: RandomizedNonceKey::new(&AES_256_GCM, key.expose_secret()).ok()? })
    }

    /// Seals for a purpose.
    pub(crate) fn seal(&self, purpose: &str, text: &str) -> Option<Secret<String>> {
        let mut bytes = text.as_bytes().to_vec();
        let nonce = self.key.seal_in_place_append_tag(Aad::from(purpose.as_bytes()), &mut bytes).ok()?;
        let sealed = b64url(&[nonce.as_ref().as_slice(), &bytes].concat());
        (sealed.len() <= LONGEST).then(|| Secret::new(sealed))
    }

    /// Opens what was sealed for the same purpose.
    pub(crate) fn open(&self, purpose: &str, sealed: &str) -> Option<String> {
        if sealed.len() > LONGEST {
            return None;
        }
        let bytes = un_b64url(sealed)?;
        let (nonce, text) = bytes.split_at_checked(NONCE)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let text = self.key.open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut text).ok()?;
        String::from_utf8(text.to_vec()).ok()
    }
}
