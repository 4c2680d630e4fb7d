//! Chance from a seed.

/// A generator of numbers (xorshift64*), the same for the same seed on every machine.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Any seed will do.
    pub fn new(seed: u64) -> Chance {
        Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Below `n`, evenly; 0 for `n` = 0.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 { 0 } else { self.number() % n }
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True `n` times out of a thousand.
    pub fn in_thousand(&mut self, n: u64) -> bool {
        self.below(1000) < n
    }

    /// Exponentially distributed with this mean: waits between calls, patience, length of talk.
    pub fn exponential(&mut self, mean: u64) -> u64 {
        // 53 bits make a fraction above 0 and at most 1.
        let u = ((self.number() >> 11) + 1) as f64 / (1u64 << 53) as f64;
        (-(u.ln()) * mean as f64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_what_they_should_be() {
        let mut c = Chance::new(5);
        let n = 200_000;
        let mean = (0..n).map(|_| c.exponential(1000)).sum::<u64>() / n;
        assert!((980..1020).contains(&mean), "{mean}");
        let hits = (0..n).filter(|_| c.in_thousand(250)).count();
        assert!((48_000..52_000).contains(&hits), "{hits}");
    }
}
