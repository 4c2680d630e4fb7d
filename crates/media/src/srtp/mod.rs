//! Encrypted audio and reports of SIP legs: SRTP and SRTCP (RFC 3711), with AES in counter mode and HMAC-SHA1, or AES-GCM
//! (RFC 7714).
//!
//! [`Outbound`] protects what we send, [`Inbound`] takes the protection off what comes. Both work in the caller's buffer
//! and allocate nothing per packet. A packet that fails authentication, or that came before, changes nothing.
//!
//! Keys come from [`sdes`](crate::sdes). The key derivation rate is always zero, as RFC 4568 has it by default; a master
//! key lasts as long as its leg.
//!
//! **Roll-over counter.** It begins at zero with the first packet of a stream and is guessed from the sequence number
//! (RFC 3711, 3.3.1). A new master key for a stream that runs on keeps the counter.

mod derive;
mod inbound;
mod outbound;
mod replay;
#[cfg(test)]
mod tests;
mod transform;

use std::fmt;

pub use inbound::Inbound;
pub use outbound::Outbound;

/// The longest master key with its salt, in bytes.
pub const MAX_MASTER: usize = 44;
/// The longest name of a master key (MKI), in bytes (RFC 4568, 6.1).
pub const MAX_MKI: usize = 128;
/// What protection adds to a packet of ours at the most, in bytes: the tag, and the index of a report.
pub const OVERHEAD: usize = 16 + 4;

/// How packets are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// AES-128 in counter mode, tags of 80 bits.
    AesCm128HmacSha1_80,
    /// The same with tags of 32 bits for audio; reports keep 80.
    AesCm128HmacSha1_32,
    /// AES-128-GCM.
    AeadAes128Gcm,
    /// AES-256-GCM.
    AeadAes256Gcm,
}

impl Suite {
    /// All that we can.
    pub const ALL: [Suite; 4] =
        [Suite::AesCm128HmacSha1_80, Suite::AesCm128HmacSha1_32, Suite::AeadAes128Gcm, Suite::AeadAes256Gcm];

    /// The name in session descriptions (RFC 4568, 6.2; RFC 7714, 14.1).
    pub const fn name(self) -> &'static str {
        match self {
            Suite::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Suite::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Suite::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Suite::AeadAes256Gcm => "AEAD_AES_256_GCM",
        }
    }

    /// The suite of that name; names are compared without regard to case.
    pub fn from_name(name: &str) -> Option<Suite> {
        Suite::ALL.into_iter().find(|suite| suite.name().eq_ignore_ascii_case(name))
    }

    /// Length of the master key in bytes.
    pub const fn key_len(self) -> usize {
        match self {
            Suite::AeadAes256Gcm => 32,
            _ => 16,
        }
    }

    /// Length of the master salt in bytes.
    pub const fn salt_len(self) -> usize {
        match self {
            Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 => 14,
            Suite::AeadAes128Gcm | Suite::AeadAes256Gcm => 12,
        }
    }

    /// Length of key and salt together in bytes.
    pub const fn master_len(self) -> usize {
        self.key_len() + self.salt_len()
    }

    const fn rtp_tag(self) -> usize {
        match self {
            Suite::AesCm128HmacSha1_80 => 10,
            Suite::AesCm128HmacSha1_32 => 4,
            Suite::AeadAes128Gcm | Suite::AeadAes256Gcm => 16,
        }
    }

    const fn rtcp_tag(self) -> usize {
        match self {
            Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 => 10,
            Suite::AeadAes128Gcm | Suite::AeadAes256Gcm => 16,
        }
    }
}

/// A master key with its salt, for one direction. It never prints itself.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    suite: Suite,
    bytes: [u8; MAX_MASTER],
    mki: Vec<u8>,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").field("suite", &self.suite).finish_non_exhaustive()
    }
}

impl MasterKey {
    /// A key from its bytes, the salt behind the key; `None` when their number is not what the suite wants.
    pub fn new(suite: Suite, master: &[u8]) -> Option<MasterKey> {
        if master.len() != suite.master_len() {
            return None;
        }
        let mut bytes = [0; MAX_MASTER];
        bytes.get_mut(..master.len())?.copy_from_slice(master);
        Some(MasterKey { suite, bytes, mki: Vec::new() })
    }

    /// The same key with the name (MKI) that stands in each packet; `None` when it is longer than [`MAX_MKI`] bytes.
    pub fn with_mki(mut self, mki: &[u8]) -> Option<MasterKey> {
        if mki.len() > MAX_MKI {
            return None;
        }
        self.mki = mki.to_vec();
        Some(self)
    }

    /// What it is for.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The key's name in packets; empty when packets carry none.
    pub fn mki(&self) -> &[u8] {
        &self.mki
    }

    /// Key and salt, to be written into a session description.
    pub(crate) fn master(&self) -> &[u8] {
        &self.bytes[..self.suite.master_len()]
    }

    fn key(&self) -> &[u8] {
        &self.bytes[..self.suite.key_len()]
    }

    fn salt(&self) -> &[u8] {
        &self.master()[self.suite.key_len()..]
    }
}

/// Both directions of a leg, as agreed. Both keys are of one suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SrtpKeys {
    /// For what we send.
    pub ours: MasterKey,
    /// For what the far end sends.
    pub theirs: MasterKey,
}

/// Why the protection could not be taken off a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SrtpError {
    /// It is too short, or not RTP or RTCP at all.
    Malformed,
    /// It was not made with the agreed key, or was changed on its way.
    Unauthenticated,
    /// It came before, or is so old that nobody can say.
    Replayed,
}

impl fmt::Display for SrtpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SrtpError::Malformed => "the packet is no SRTP packet",
            SrtpError::Unauthenticated => "the packet was not made with the agreed key",
            SrtpError::Replayed => "the packet came before",
        })
    }
}

impl std::error::Error for SrtpError {}

/// A key that the crypto library does not take; its lengths were checked, so it does not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnusableKey;

/// Where the payload of an RTP packet begins, padding included, and its sequence number and stream.
fn rtp_parts(packet: &[u8]) -> Option<(usize, u16, u32)> {
    let head: &[u8; 12] = packet.first_chunk()?;
    if head[0] >> 6 != 2 {
        return None;
    }
    let mut start = 12 + usize::from(head[0] & 0x0F) * 4;
    if head[0] & 0x10 != 0 {
        let words = packet.get(start + 2..start + 4)?;
        start += 4 + usize::from(u16::from_be_bytes([words[0], words[1]])) * 4;
    }
    let ssrc = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
    (start <= packet.len()).then_some((start, u16::from_be_bytes([head[2], head[3]]), ssrc))
}

/// The clear header of a compound RTCP packet, and the stream that it is from.
const RTCP_CLEAR: usize = 8;

fn rtcp_stream(packet: &[u8]) -> Option<u32> {
    let head: &[u8; RTCP_CLEAR] = packet.first_chunk()?;
    (head[0] >> 6 == 2).then(|| u32::from_be_bytes([head[4], head[5], head[6], head[7]]))
}
