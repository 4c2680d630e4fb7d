//! One packet, one key: encrypting and authenticating by counter mode with HMAC-SHA1, or by GCM.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::EncryptingKey;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

use super::derive::{add_key_stream, counter_mode};
use super::{SrtpError, Suite, UnusableKey};

/// The longest tag in bytes.
const MAX_TAG: usize = 16;
/// The longest header that a packet is authenticated with beside its encrypted part. RTP headers are part of the packet;
/// this is for reports, whose index stands at the end.
const REPORT_AAD: usize = 12;

/// Session keys for audio or for reports of one direction.
pub(super) enum Transform {
    Counter { cipher: Box<EncryptingKey>, auth: Box<hmac::Key>, salt: [u8; 14], tag: usize },
    Gcm { key: Box<LessSafeKey>, salt: [u8; 12] },
}

impl Transform {
    /// From session keys; `auth` is not looked at for GCM.
    pub(super) fn new(
        suite: Suite,
        key: &[u8],
        auth: &[u8],
        salt: &[u8],
        tag: usize,
    ) -> Result<Transform, UnusableKey> {
        Ok(match suite {
            Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 => Transform::Counter {
                cipher: Box::new(counter_mode(key)?),
                auth: Box::new(hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, auth)),
                salt: salt.try_into().map_err(|_| UnusableKey)?,
                tag,
            },
            Suite::AeadAes128Gcm | Suite::AeadAes256Gcm => {
                let algorithm = if suite == Suite::AeadAes256Gcm { &AES_256_GCM } else { &AES_128_GCM };
                let key = UnboundKey::new(algorithm, key).map_err(|_| UnusableKey)?;
                Transform::Gcm {
                    key: Box::new(LessSafeKey::new(key)),
                    salt: salt.try_into().map_err(|_| UnusableKey)?,
                }
            }
        })
    }

    /// Length of the tag in bytes.
    pub(super) fn tag(&self) -> usize {
        match self {
            Transform::Counter { tag, .. } => *tag,
            Transform::Gcm { .. } => MAX_TAG,
        }
    }

    /// Encrypts an RTP packet of `len` bytes at the front of `out`, whose payload begins at `start`, and puts the tag
    /// behind it. Gives the new length; `None` when there is no room.
    pub(super) fn seal_rtp(
        &self,
        out: &mut [u8],
        start: usize,
        len: usize,
        ssrc: u32,
        index: u64,
    ) -> Option<usize> {
        let whole = len + self.tag();
        let out = out.get_mut(..whole)?;
        let (packet, tag) = out.split_at_mut_checked(len)?;
        match self {
            Transform::Counter { cipher, auth, salt, .. } => {
                add_key_stream(cipher, counter_block(salt, ssrc, index), packet.get_mut(start..)?).ok()?;
                tag.copy_from_slice(&mac(auth, packet, &roll_over(index))[..tag.len()]);
            }
            Transform::Gcm { key, salt } => {
                let (head, payload) = packet.split_at_mut_checked(start)?;
                let nonce = rtp_nonce(salt, ssrc, index);
                let made = key.seal_in_place_separate_tag(nonce, Aad::from(&*head), payload).ok()?;
                tag.copy_from_slice(made.as_ref());
            }
        }
        Some(whole)
    }

    /// Authenticates and decrypts an RTP packet: `packet` ends with the tag. Gives the length without it. With GCM a
    /// packet that fails is not to be used any more; with HMAC it stands as it came.
    pub(super) fn open_rtp(
        &self,
        packet: &mut [u8],
        start: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<usize, SrtpError> {
        let len =
            packet.len().checked_sub(self.tag()).filter(|len| *len >= start).ok_or(SrtpError::Malformed)?;
        match self {
            Transform::Counter { cipher, auth, salt, .. } => {
                let (plain, tag) = packet.split_at_mut(len);
                verified(tag, &mac(auth, plain, &roll_over(index)))?;
                add_key_stream(cipher, counter_block(salt, ssrc, index), &mut plain[start..])
                    .map_err(|_| SrtpError::Unauthenticated)?;
            }
            Transform::Gcm { key, salt } => {
                let (head, body) = packet.split_at_mut(start);
                let nonce = rtp_nonce(salt, ssrc, index);
                key.open_in_place(nonce, Aad::from(&*head), body).map_err(|_| SrtpError::Unauthenticated)?;
            }
        }
        Ok(len)
    }

    /// Encrypts a compound RTCP packet of `len` bytes at the front of `out` and puts index and tag behind it. Gives the
    /// new length.
    pub(super) fn seal_rtcp(
        &self,
        out: &mut [u8],
        clear: usize,
        len: usize,
        ssrc: u32,
        index: u32,
    ) -> Option<usize> {
        let whole = len + 4 + self.tag();
        let out = out.get_mut(..whole)?;
        let word = (ENCRYPTED | index).to_be_bytes();
        match self {
            Transform::Counter { cipher, auth, salt, .. } => {
                let (packet, tail) = out.split_at_mut_checked(len)?;
                let block = counter_block(salt, ssrc, u64::from(index));
                add_key_stream(cipher, block, packet.get_mut(clear..)?).ok()?;
                let (index, tag) = tail.split_at_mut_checked(4)?;
                index.copy_from_slice(&word);
                tag.copy_from_slice(&mac(auth, packet, &word)[..tag.len()]);
            }
            Transform::Gcm { key, salt } => {
                let (head, body) = out.split_at_mut_checked(clear)?;
                let (payload, tail) = body.split_at_mut_checked(len.checked_sub(clear)?)?;
                let nonce = rtcp_nonce(salt, ssrc, index);
                let aad = report_aad(head, &word)?;
                let made = key.seal_in_place_separate_tag(nonce, Aad::from(aad), payload).ok()?;
                let (tag, index) = tail.split_at_mut_checked(MAX_TAG)?;
                tag.copy_from_slice(made.as_ref());
                index.copy_from_slice(&word);
            }
        }
        Some(whole)
    }

    /// The index word of a protected compound RTCP packet from which the MKI was taken out: where it stands, its number,
    /// and whether the packet is encrypted.
    pub(super) fn report_index(&self, packet: &[u8]) -> Option<(usize, u32, bool)> {
        let behind = match self {
            Transform::Counter { tag, .. } => *tag,
            Transform::Gcm { .. } => 0,
        };
        let at = packet.len().checked_sub(behind + 4)?;
        let word = u32::from_be_bytes(packet.get(at..at + 4)?.try_into().ok()?);
        Some((at, word & !ENCRYPTED, word & ENCRYPTED != 0))
    }

    /// Authenticates and decrypts a compound RTCP packet. Gives the length of the plain packet. A packet that is only
    /// authenticated is refused: we never agree to that.
    pub(super) fn open_rtcp(&self, packet: &mut [u8], clear: usize, ssrc: u32) -> Result<usize, SrtpError> {
        let (at, index, encrypted) = self.report_index(packet).ok_or(SrtpError::Malformed)?;
        if !encrypted {
            return Err(SrtpError::Unauthenticated);
        }
        match self {
            Transform::Counter { cipher, auth, salt, .. } => {
                if at < clear {
                    return Err(SrtpError::Malformed);
                }
                let (signed, tag) = packet.split_at_mut(at + 4);
                verified(tag, &mac(auth, signed, &[]))?;
                add_key_stream(cipher, counter_block(salt, ssrc, u64::from(index)), &mut signed[clear..at])
                    .map_err(|_| SrtpError::Unauthenticated)?;
                Ok(at)
            }
            Transform::Gcm { key, salt } => {
                let len = at.checked_sub(MAX_TAG).filter(|len| *len >= clear).ok_or(SrtpError::Malformed)?;
                let (sealed, word) = packet.split_at_mut(at);
                let (head, body) = sealed.split_at_mut(clear);
                let aad = report_aad(head, word).ok_or(SrtpError::Malformed)?;
                let nonce = rtcp_nonce(salt, ssrc, index);
                key.open_in_place(nonce, Aad::from(aad), body).map_err(|_| SrtpError::Unauthenticated)?;
                Ok(len)
            }
        }
    }
}

/// The bit before the index of a report that says that it is encrypted.
const ENCRYPTED: u32 = 1 << 31;

fn roll_over(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}

/// Where the key stream of a packet begins (RFC 3711, 4.1.1).
fn counter_block(salt: &[u8; 14], ssrc: u32, index: u64) -> [u8; 16] {
    let mut block = [0; 16];
    block[..14].copy_from_slice(salt);
    let number = (u128::from(ssrc) << 64) | (u128::from(index) << 16);
    block.iter_mut().zip(number.to_be_bytes()).for_each(|(byte, more)| *byte ^= more);
    block
}

/// RFC 7714, 8.1.
fn rtp_nonce(salt: &[u8; 12], ssrc: u32, index: u64) -> Nonce {
    nonce(salt, (u128::from(ssrc) << 48) | u128::from(index & 0xFFFF_FFFF_FFFF))
}

/// RFC 7714, 9.1.
fn rtcp_nonce(salt: &[u8; 12], ssrc: u32, index: u32) -> Nonce {
    nonce(salt, (u128::from(ssrc) << 48) | u128::from(index))
}

fn nonce(salt: &[u8; 12], number: u128) -> Nonce {
    let mut bytes = *salt;
    let number = number.to_be_bytes();
    bytes.iter_mut().zip(&number[4..]).for_each(|(byte, more)| *byte ^= more);
    Nonce::assume_unique_for_key(bytes)
}

/// What GCM authenticates of a report beside the encrypted part: its clear header and its index (RFC 7714, 9.2).
fn report_aad(head: &[u8], word: &[u8]) -> Option<[u8; REPORT_AAD]> {
    let mut aad = [0; REPORT_AAD];
    aad.get_mut(..8)?.copy_from_slice(head.get(..8)?);
    aad.get_mut(8..)?.copy_from_slice(word.get(..4)?);
    Some(aad)
}

fn mac(auth: &hmac::Key, packet: &[u8], more: &[u8]) -> [u8; 20] {
    let mut context = hmac::Context::with_key(auth);
    context.update(packet);
    context.update(more);
    let mut made = [0; 20];
    made.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
    made
}

fn verified(tag: &[u8], made: &[u8; 20]) -> Result<(), SrtpError> {
    let made = made.get(..tag.len()).ok_or(SrtpError::Malformed)?;
    verify_slices_are_equal(tag, made).map_err(|_| SrtpError::Unauthenticated)
}
