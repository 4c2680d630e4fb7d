//! The file of keys of a backup, as bytes: a head, then pieces with their lengths. What they hold is sealed and is opened
//! elsewhere (`copies.rs`); here nothing is believed but how long things are.

use std::io::Read;

/// How a file of keys begins.
pub(crate) const MAGIC: &[u8; 8] = b"SWRKEY\0\x01";
/// The longest wrapped key, in bytes.
const LONGEST_KEY: usize = 1_024;
/// The longest piece, in bytes: a page of keys is far below.
pub(crate) const LONGEST: usize = 1 << 20;

/// The head of a file of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// How many keys had been destroyed when it was made.
    pub(crate) generation: u64,
    /// The key of the pieces, wrapped by the master key.
    pub(crate) wrapped: Vec<u8>,
}

/// Reads the head; `None` when it is none, or cut off.
pub(crate) fn head(file: &mut impl Read) -> Option<Head> {
    let mut fixed = [0; 20];
    file.read_exact(&mut fixed).ok()?;
    let (magic, rest) = fixed.split_first_chunk::<8>()?;
    let (generation, len) = rest.split_first_chunk::<8>()?;
    let len = u32::from_be_bytes(len.try_into().ok()?) as usize;
    if magic != MAGIC || len > LONGEST_KEY {
        return None;
    }
    let mut wrapped = vec![0; len];
    file.read_exact(&mut wrapped).ok()?;
    Some(Head { generation: u64::from_be_bytes(*generation), wrapped })
}

/// Writes a head.
pub(crate) fn head_bytes(generation: u64, wrapped: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&generation.to_be_bytes());
    out.extend_from_slice(&(wrapped.len() as u32).to_be_bytes());
    out.extend_from_slice(wrapped);
    out
}

/// Reads the next piece; `None` when it is cut off or too long.
pub(crate) fn piece(file: &mut impl Read) -> Option<Vec<u8>> {
    let mut len = [0; 4];
    file.read_exact(&mut len).ok()?;
    let len = u32::from_be_bytes(len) as usize;
    if len > LONGEST {
        return None;
    }
    // So much is only taken as there is.
    let mut sealed = Vec::new();
    file.by_ref().take(len as u64).read_to_end(&mut sealed).ok()?;
    (sealed.len() == len).then_some(sealed)
}
