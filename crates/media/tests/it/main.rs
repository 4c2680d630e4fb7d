//! The media room from outside: descriptions, streams and recordings, as `server` uses them, judged by tones.

mod browser;
mod connectivity;
mod exchange;
mod hostile;
mod lossy_recording;
mod offers;
mod protected;
mod relay_cost;
mod supervision;
mod telephones;
mod translation;
mod withheld;

/// A small generator of chance (xorshift), so that a failure is a seed.
struct Chance(u64);

impl Chance {
    fn new(seed: u64) -> Self {
        Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// From 0 to below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}
