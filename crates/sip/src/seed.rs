//! Chance from a seed: tags, branches and Call-IDs must not be guessable by a stranger, and must repeat in a replay.

/// A small generator (splitmix64). The seed of a production endpoint comes from the operating system.
#[derive(Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Chance(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// Writes `v` in lower-case hexadecimal without leading zeros.
pub(crate) fn push_hex(out: &mut Vec<u8>, v: u64) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = (64 - v.leading_zeros()).div_ceil(4).max(1);
    for i in (0..digits).rev() {
        out.push(DIGITS[(v >> (4 * i)) as usize & 15]);
    }
}

/// Reads what [`push_hex`] wrote; nothing else is accepted.
pub(crate) fn read_hex(s: &[u8]) -> Option<u64> {
    if s.is_empty() || s.len() > 16 {
        return None;
    }
    s.iter().try_fold(0u64, |v, &b| {
        let d = match b {
            b'0'..=b'9' => b - b'0',
            b'a'..=b'f' => b - b'a' + 10,
            _ => return None,
        };
        Some(v << 4 | u64::from(d))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_reads_back() {
        for v in [0, 1, 15, 16, 255, 0xdead_beef, u64::MAX] {
            let mut s = Vec::new();
            push_hex(&mut s, v);
            assert_eq!(read_hex(&s), Some(v));
        }
        assert_eq!(read_hex(b""), None);
        assert_eq!(read_hex(b"G"), None);
        assert_eq!(read_hex(b"00000000000000000"), None);
    }
}
