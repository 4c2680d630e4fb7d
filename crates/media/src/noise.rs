//! Comfort noise (RFC 3389): what a sender's silence sounds like, read, and made again.
//!
//! Only the level is used. The shape of the spectrum that may follow it is passed over, as the RFC allows; the noise
//! made here falls gently towards high frequencies, as rooms do.

use std::fmt;

/// How loud a sender's silence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoiseLevel(u8);

impl NoiseLevel {
    /// Reads the payload of a comfort noise packet; `None` when it is empty.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        // The highest bit is reserved.
        payload.first().map(|level| NoiseLevel(level & 0x7F))
    }

    /// Decibels below the loudest that there can be (-dBov), 0 to 127.
    pub fn below_overload(self) -> u8 {
        self.0
    }

    /// The root mean square of samples at that level. The loudest is a square of full scale; above a speaking voice
    /// nothing is comfortable, so that level is the most.
    fn root_mean_square(self) -> f64 {
        32_767.0 * 10f64.powf(-f64::from(self.0.max(LOUDEST)) / 20.0)
    }
}

/// Noise louder than this (-dBov) is made at this level: a sender's mistake should hurt nobody.
const LOUDEST: u8 = 30;
/// Part of the sample before in each one.
const SOFTNESS: f64 = 0.5;

/// A source of noise that is the same each time.
#[derive(Clone)]
pub struct Noise {
    state: u32,
    gain: f64,
    before: f64,
}

impl fmt::Debug for Noise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Noise")
    }
}

impl Default for Noise {
    /// Silence.
    fn default() -> Self {
        Noise { state: 0x9E37_79B9, gain: 0.0, before: 0.0 }
    }
}

impl Noise {
    /// From now on noise of that level.
    pub fn set(&mut self, level: NoiseLevel) {
        // Uniform noise from -1 to 1 has a power of one third; the filter takes 1 - softness² of it.
        let power = (1.0 - SOFTNESS * SOFTNESS) * 3.0;
        self.gain = level.root_mean_square() * power.sqrt();
    }

    /// The next sample.
    pub fn next_sample(&mut self) -> i16 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 17;
        self.state ^= self.state << 5;
        let white = f64::from(self.state as i32) / 2_147_483_648.0;
        self.before = SOFTNESS * self.before + white;
        // A float that does not fit saturates.
        (self.before * self.gain) as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::level;

    #[test]
    fn the_level_is_what_was_said() {
        for said in [30u8, 40, 50, 60, 70] {
            let mut noise = Noise::default();
            noise.set(NoiseLevel::parse(&[said | 0x80, 1, 2]).unwrap());
            let samples: Vec<i16> = (0..16_000).map(|_| noise.next_sample()).collect();
            // A sine of full scale is 3 dB below overload.
            let heard = level(&samples) - 3.01;
            assert!((heard + f64::from(said)).abs() < 1.0, "{said}: {heard:.1} dBov");
        }
    }

    #[test]
    fn too_loud_is_tamed_and_nothing_is_silent() {
        let mut noise = Noise::default();
        assert!((0..100).all(|_| noise.next_sample() == 0));
        noise.set(NoiseLevel::parse(&[0]).unwrap());
        let samples: Vec<i16> = (0..16_000).map(|_| noise.next_sample()).collect();
        assert!(level(&samples) < -25.0);
        assert_eq!(NoiseLevel::parse(&[]), None);
        assert_eq!(NoiseLevel::parse(&[0xFF]).unwrap().below_overload(), 127);
    }
}
