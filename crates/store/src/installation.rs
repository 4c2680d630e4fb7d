//! The installation's own key, with which it signs what others are to believe later: heads of the audit log, attestations
//! and certificates of disposal (Ed25519, RFC 8032).

use crate::error::StoreError;
use crate::keys::DataKey;
use crate::store::Store;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

/// Signs in the installation's name.
pub struct Installation {
    pair: Option<Ed25519KeyPair>,
}

impl core::fmt::Debug for Installation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Installation(…)")
    }
}

impl Installation {
    pub(crate) fn from_seed(seed: [u8; 32]) -> Installation {
        // Every 32 bytes are a seed (RFC 8032 section 5.1.5).
        Installation { pair: Ed25519KeyPair::from_seed_unchecked(&seed).ok() }
    }

    /// The key by which others check what was signed: 32 bytes.
    pub fn public_key(&self) -> Vec<u8> {
        self.pair.as_ref().map(|p| p.public_key().as_ref().to_vec()).unwrap_or_default()
    }

    /// Signs: 64 bytes.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.as_ref().map(|p| p.sign(message).as_ref().to_vec()).unwrap_or_default()
    }
}

/// Whether a message was signed with the private half of this key.
pub fn verify_signature(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
}

impl Store {
    /// The installation's key, made when it is asked for first.
    ///
    /// # Errors
    /// What the database of keys said.
    pub fn installation(&self) -> Result<Installation, StoreError> {
        self.keys().installation_pair()
    }
}

/// What the key of line passes is kept under.
const LINE_PASSES: &str = "line-passes";

impl Store {
    /// The key under which people's lines at telephone systems are sealed for them to keep; made when it is asked for first.
    ///
    /// # Errors
    /// What the database of keys said.
    pub fn line_pass_key(&self) -> Result<DataKey, StoreError> {
        self.keys().under_master(LINE_PASSES)
    }
}

impl crate::keys::Keys {
    /// The installation's key, which must be there already where nothing may be written.
    pub(crate) fn installation_pair(&mut self) -> Result<Installation, StoreError> {
        let seed = <[u8; 32]>::try_from(self.installation()?.as_bytes());
        seed.map(Installation::from_seed).map_err(|_| StoreError::Unreadable("the installation's key".into()))
    }

    fn installation(&mut self) -> Result<DataKey, StoreError> {
        self.under_master("installation")
    }
}
