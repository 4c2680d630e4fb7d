//! Opening the data of a notification: RSA-OAEP for the key, HMAC over the data, AES-CBC for the data.

use crate::entra::{pem, same};
use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use base64::Engine;
use core::fmt;
use redact::Secret;
use serde_json::Value;
use std::sync::Arc;

/// The largest data of one notification, in base64 characters.
const MOST_DATA: usize = 256 * 1024;

/// The private key of a certificate that subscriptions name.
#[derive(Clone)]
pub struct DecryptionKey {
    key: Arc<OaepPrivateDecryptingKey>,
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecryptionKey")
    }
}

/// Why data cannot be opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DecryptFault {
    /// It is not in the form that Graph sends.
    Malformed,
    /// It is encrypted for another key.
    Key,
    /// It was changed on the way.
    Signature,
}

impl DecryptionKey {
    /// Reads an RSA key (PKCS #8) in PEM of 2048 bits or more.
    pub fn read(key: &Secret<String>) -> Option<DecryptionKey> {
        let key = PrivateDecryptingKey::from_pkcs8(&pem(key.expose_secret(), "PRIVATE KEY")?).ok()?;
        let key = OaepPrivateDecryptingKey::new(key).ok()?;
        (key.key_size_bytes() >= 256).then(|| DecryptionKey { key: Arc::new(key) })
    }

    /// Opens `encryptedContent`: JSON of the resource.
    pub(crate) fn open(&self, content: &Value) -> Result<Value, DecryptFault> {
        let part = |name: &str| {
            let text = content.get(name)?.as_str().filter(|t| t.len() <= MOST_DATA)?;
            base64::engine::general_purpose::STANDARD.decode(text).ok()
        };
        let part = |name: &str| part(name).ok_or(DecryptFault::Malformed);
        let (data_key, signature, mut data) = (part("dataKey")?, part("dataSignature")?, part("data")?);
        let mut key = vec![0; self.key.key_size_bytes()];
        let key = self
            .key
            .decrypt(&OAEP_SHA1_MGF1SHA1, &data_key, &mut key, None)
            .map_err(|_| DecryptFault::Key)?;
        let (32, Some(iv)) = (key.len(), key.first_chunk::<16>()) else { return Err(DecryptFault::Key) };
        // Nothing is decrypted before it is known to be whole.
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &data);
        if !same(tag.as_ref(), &signature) {
            return Err(DecryptFault::Signature);
        }
        let cipher = UnboundCipherKey::new(&AES_256, key).map_err(|_| DecryptFault::Key)?;
        let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(cipher).map_err(|_| DecryptFault::Key)?;
        let context = DecryptionContext::Iv128(FixedLength::from(*iv));
        let plain = cipher.decrypt(&mut data, context).map_err(|_| DecryptFault::Malformed)?;
        serde_json::from_slice(plain).map_err(|_| DecryptFault::Malformed)
    }
}
