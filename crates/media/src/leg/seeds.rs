//! The numbers a stream begins with.

/// The numbers a stream begins with. They must not be guessable, so they come from the caller's dice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegSeeds {
    /// Name of our stream.
    pub ssrc: u32,
    /// First sequence number. Where packets are protected it should be below 32768 (RFC 3711, 3.3.1): then a far end that
    /// misses the first packets still counts the roll-overs right.
    pub sequence: u16,
    /// First timestamp.
    pub timestamp: u32,
    /// Seed of the spacing of RTCP reports.
    pub chance: u64,
}

impl LegSeeds {
    /// All of them from one seed.
    pub fn from_seed(seed: u64) -> Self {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            scramble(state)
        };
        let ssrc = next() as u32;
        LegSeeds { ssrc, sequence: next() as u16 & 0x7FFF, timestamp: next() as u32, chance: next() }
    }
}

/// The finaliser of SplitMix64: every bit of the input moves every bit of the output.
pub(super) fn scramble(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
