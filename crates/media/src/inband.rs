//! Keys as tones in the audio (ITU-T Q.23, Q.24), for telephones that send no telephone events and to prove that
//! none was recorded.
//!
//! Blocks of 102 samples, each overlapping the one before by half, are looked at by Goertzel's method at the
//! eight frequencies. A block holds a key when one low and one high frequency stand out from their groups, are
//! alike in level, carry nearly all power and have no second harmonic, as voices do. Four such blocks in a row
//! are a press (about 35 ms; Q.24 wants 40 ms found), four without are its end.

use std::f64::consts::TAU;
use std::fmt;

use crate::dtmf::Digit;
use crate::g711::Law;

/// Samples of a block: long enough to tell the frequencies apart, short enough to allow them to be 1.5 % off.
const BLOCK: usize = 102;
/// New samples per block (6.4 ms).
const HOP: usize = BLOCK / 2;
/// Blocks in a row that make a press, and that end one.
const IN_A_ROW: u8 = 4;
const RATE: f64 = 8000.0;
const LOW: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
/// Event codes by row and column.
const KEYS: [[u8; 4]; 4] = [[1, 2, 3, 12], [4, 5, 6, 13], [7, 8, 9, 14], [10, 0, 11, 15]];

/// The weakest tone that counts, as power of Goertzel: amplitude 400, which is -35 dBm0.
const FLOOR: f32 = power_of(400.0);
/// How far a frequency stands out from the others of its group (8 dB).
const STANDS_OUT: f32 = 6.3;
/// The low tone may be this much stronger than the high one (8 dB; lines weaken high tones) …
const TWIST_LOW: f32 = 6.3;
/// … and the high one this much stronger than the low (6 dB).
const TWIST_HIGH: f32 = 4.0;
/// Part of all power that the two tones must have.
const SHARE: f32 = 0.78;
/// Second harmonics must stay below this part of their tone: high ones 10 dB, low ones, whose bins lie nearer to
/// the high tones, 6 dB.
const HARMONIC_HIGH: f32 = 0.1;
const HARMONIC_LOW: f32 = 0.25;
/// A low tone's harmonic so near to the high tone (Hz) cannot be told from it.
const TOO_NEAR: f64 = 90.0;

/// The low and the high frequency of a key, in Hz.
pub(crate) fn frequencies(digit: Digit) -> Option<(f64, f64)> {
    let at = KEYS.iter().flatten().position(|event| *event == digit.event())?;
    Some((*LOW.get(at / HIGH.len())?, *HIGH.get(at % HIGH.len())?))
}

/// What Goertzel's method gives for a sine of that amplitude.
const fn power_of(amplitude: f32) -> f32 {
    let half = amplitude * (BLOCK as f32) / 2.0;
    half * half
}

/// Finds keys in 8000 Hz audio. Each press is said once, while it is still held.
#[derive(Clone)]
pub struct DtmfDetector {
    /// The newest block, and the half block before it.
    heard: [f32; HOP + BLOCK],
    filled: usize,
    /// The block before the newest was not looked at.
    skipped: bool,
    /// `2 cos` of the turn per sample: four low, four high, and the second harmonics of both.
    coefficients: [f32; 16],
    candidate: Option<u8>,
    hits: u8,
    held: Option<u8>,
    misses: u8,
}

impl fmt::Debug for DtmfDetector {
    // What people type may be a card number, so a log does not show it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DtmfDetector").field("pressed", &self.held.is_some()).finish()
    }
}

impl Default for DtmfDetector {
    fn default() -> Self {
        DtmfDetector::new()
    }
}

impl DtmfDetector {
    /// A detector that has heard nothing.
    pub fn new() -> Self {
        let mut coefficients = [0.0; 16];
        for (n, coefficient) in coefficients.iter_mut().enumerate() {
            let group = if n % 8 < 4 { &LOW } else { &HIGH };
            let frequency = group[n % 4] * if n < 8 { 1.0 } else { 2.0 };
            *coefficient = (2.0 * (TAU * frequency / RATE).cos()) as f32;
        }
        DtmfDetector {
            heard: [0.0; HOP + BLOCK],
            filled: HOP,
            skipped: false,
            coefficients,
            candidate: None,
            hits: 0,
            held: None,
            misses: 0,
        }
    }

    /// Whether no key is down, nor may one have just begun.
    pub fn is_quiet(&self) -> bool {
        self.held.is_none() && self.hits == 0
    }

    /// Whether a key is down.
    pub fn is_pressed(&self) -> bool {
        self.held.is_some()
    }

    /// Forgets what was heard; a key that is down would be said again.
    pub fn reset(&mut self) {
        self.heard.fill(0.0);
        (self.filled, self.skipped, self.hits, self.misses) = (HOP, false, 0, 0);
        (self.candidate, self.held) = (None, None);
    }

    /// Takes samples and calls `pressed` for each key that begins in them.
    pub fn push(&mut self, samples: impl IntoIterator<Item = i16>, mut pressed: impl FnMut(Digit)) {
        for sample in samples {
            self.heard[self.filled] = f32::from(sample);
            self.filled += 1;
            if self.filled == self.heard.len() {
                if let Some(digit) = self.look().and_then(Digit::from_event) {
                    pressed(digit);
                }
                self.heard.copy_within(HOP.., 0);
                self.filled = BLOCK;
            }
        }
    }

    /// Looks at the newest block. While nothing is heard, every second block is enough: the one between can only be part
    /// of a press if the one after it is, and is looked at then.
    fn look(&mut self) -> Option<u8> {
        if self.is_quiet() && !self.skipped {
            self.skipped = true;
            return None;
        }
        let skipped = std::mem::take(&mut self.skipped);
        let found = key_of_block(&self.coefficients, &self.heard[HOP..]);
        if skipped && found.is_some() {
            // Alone it is at most the first of a press.
            let before = key_of_block(&self.coefficients, &self.heard[..BLOCK]);
            self.follow(before);
        }
        self.follow(found)
    }

    /// Takes G.711 in `law`, otherwise as [`DtmfDetector::push`].
    pub fn push_g711(&mut self, law: Law, payload: &[u8], pressed: impl FnMut(Digit)) {
        self.push(payload.iter().map(|byte| law.decode(*byte)), pressed);
    }

    /// The key that a block means, from the keys of the blocks one by one.
    fn follow(&mut self, found: Option<u8>) -> Option<u8> {
        if self.held.is_some() {
            self.misses = if found == self.held { 0 } else { self.misses + 1 };
            if self.misses >= IN_A_ROW {
                self.held = None;
            }
        }
        self.hits = match found {
            Some(_) if found == self.candidate => self.hits.saturating_add(1),
            Some(_) => 1,
            None => 0,
        };
        self.candidate = found;
        if self.hits < IN_A_ROW || self.held == found {
            return None;
        }
        self.held = found;
        self.misses = 0;
        found
    }
}

/// The power of eight frequencies in a block.
fn goertzel(coefficients: &[f32], block: &[f32]) -> [f32; 8] {
    let turns: [f32; 8] = std::array::from_fn(|n| coefficients.get(n).copied().unwrap_or(0.0));
    let (mut last, mut before) = ([0.0f32; 8], [0.0f32; 8]);
    for &sample in block {
        for n in 0..8 {
            // In this order, what is waited for from one sample to the next is one product and one sum.
            let next = (sample - before[n]) + turns[n] * last[n];
            before[n] = last[n];
            last[n] = next;
        }
    }
    std::array::from_fn(|n| last[n] * last[n] + before[n] * before[n] - turns[n] * last[n] * before[n])
}

/// The key that a block holds.
fn key_of_block(coefficients: &[f32; 16], block: &[f32]) -> Option<u8> {
    let total: f32 = block.iter().map(|s| s * s).sum();
    // A sine of power P by Goertzel has 2 P / BLOCK of the sum of squares: what is softer than two tones at the
    // floor is not looked at.
    if total < 4.0 * FLOOR / BLOCK as f32 {
        return None;
    }
    let powers = goertzel(&coefficients[..8], block);
    let (row, low) = outstanding(&powers[..4])?;
    let (column, high) = outstanding(&powers[4..])?;
    let audible = low >= FLOOR && high >= FLOOR;
    let alike = low <= TWIST_LOW * high && high <= TWIST_HIGH * low;
    let alone = (low + high) * 2.0 / BLOCK as f32 >= SHARE * total;
    if !(audible && alike && alone) {
        return None;
    }
    let harmonics = goertzel(&coefficients[8..], block);
    let tellable = (2.0 * LOW[row] - HIGH[column]).abs() > TOO_NEAR;
    let voiced =
        (tellable && harmonics[row] > HARMONIC_LOW * low) || harmonics[4 + column] > HARMONIC_HIGH * high;
    (!voiced).then_some(KEYS[row][column])
}

/// The strongest of a group, if it stands out from all others.
fn outstanding(powers: &[f32]) -> Option<(usize, f32)> {
    let (best, power) = powers.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
    powers.iter().enumerate().all(|(n, p)| n == best || p * STANDS_OUT <= power).then_some((best, power))
}

#[cfg(test)]
mod tests;
