//! Session keys from a master key (RFC 3711, 4.3; RFC 7714, 11), without a key derivation rate.

use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;

use super::transform::Transform;
use super::{MasterKey, UnusableKey};

/// What is derived, and the labels for it.
#[derive(Clone, Copy)]
pub(super) enum Use {
    Rtp,
    Rtcp,
}

impl Use {
    /// Labels of cipher key, authentication key and salt (RFC 3711, 4.3.1 and 4.3.2).
    fn labels(self) -> [u8; 3] {
        match self {
            Use::Rtp => [0, 1, 2],
            Use::Rtcp => [3, 4, 5],
        }
    }
}

/// A cipher in counter mode from a key of 16 or 32 bytes.
pub(super) fn counter_mode(key: &[u8]) -> Result<EncryptingKey, UnusableKey> {
    let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
    let key = UnboundCipherKey::new(algorithm, key).map_err(|_| UnusableKey)?;
    EncryptingKey::ctr(key).map_err(|_| UnusableKey)
}

/// Adds the key stream that begins at a block to the bytes.
pub(super) fn add_key_stream(
    key: &EncryptingKey,
    block: [u8; 16],
    bytes: &mut [u8],
) -> Result<(), UnusableKey> {
    let context = EncryptionContext::Iv128(FixedLength::from(block));
    key.less_safe_encrypt(bytes, context).map(|_| ()).map_err(|_| UnusableKey)
}

/// Fills `out` with what the master key gives for a label.
pub(super) fn derived(master: &MasterKey, label: u8, out: &mut [u8]) -> Result<(), UnusableKey> {
    let key = counter_mode(master.key())?;
    // A salt of 96 bits is one of 112 with zeros behind it (RFC 7714, 11).
    let mut block = [0; 16];
    block.iter_mut().zip(master.salt()).for_each(|(to, from)| *to = *from);
    block[7] ^= label;
    out.fill(0);
    add_key_stream(&key, block, out)
}

/// The transform for audio or reports.
pub(super) fn transform(master: &MasterKey, what: Use) -> Result<Transform, UnusableKey> {
    let [cipher, auth, salt] = what.labels();
    let suite = master.suite();
    let (mut key, mut mac, mut salt_bytes) = ([0; 32], [0; 20], [0; 14]);
    let key = &mut key[..suite.key_len()];
    derived(master, cipher, key)?;
    derived(master, auth, &mut mac)?;
    derived(master, salt, &mut salt_bytes[..suite.salt_len()])?;
    let tag = match what {
        Use::Rtp => suite.rtp_tag(),
        Use::Rtcp => suite.rtcp_tag(),
    };
    Transform::new(suite, key, &mac, &salt_bytes[..suite.salt_len()], tag)
}
