//! G.722 at 64 kbit/s (ITU-T G.722, mode 1): 16000 Hz audio, two samples a byte.
//!
//! A pair of mirror filters splits the audio into two bands of 8000 samples a second. The lower one is written with
//! six bits a sample, the upper one with two, each by a quantiser whose step follows the level and a predictor of
//! two poles and six zeros that follows the signal. Names of blocks (`SCALEL`, `UPPOL2` …) are those of the
//! recommendation, so that both can be read side by side; numbers are exact, so any other implementation gives the
//! same bytes.
//!
//! In RTP one byte is one unit of an 8000 Hz clock, though two samples are in it (RFC 3551, 4.5.2).
//!
//! Nothing is allocated. State is small; an encoder or decoder that begins in the middle of a stream finds its feet
//! within some milliseconds.

/// Taps of each half of the mirror filters.
const QMF: [i32; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];
/// Decision levels of the lower band's quantiser.
const Q6: [i32; 30] = [
    0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121,
    1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
];
/// Values of the lower band's code words with four bits, by which the predictor adapts.
const QM4: [i32; 16] =
    [0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0];
/// Values of the lower band's code words with six bits, which are heard.
const QM6: [i32; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360,
    -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688,
    -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856,
    7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136,
    -432, -136,
];
/// Values of the upper band's code words.
const QM2: [i32; 4] = [-7408, -1616, 7408, 1616];
/// How the logarithm of the lower band's step goes on, by the magnitude of four bits (`WL` of `RL42`).
const STEP_LOW: [i32; 16] =
    [-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60];
/// The same for the upper band (`WH` of `RH2`).
const STEP_HIGH: [i32; 4] = [798, -214, 798, -214];
/// The antilogarithm of a step's fraction.
const ILB: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896,
    2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];
/// The largest logarithms of the steps.
const MOST_LOW: i32 = 18_432;
const MOST_HIGH: i32 = 22_528;
/// Decision level of the upper band's quantiser.
const Q2: i32 = 564;

/// Samples in which the mirror filters look back.
const PAST: usize = 24;

fn saturate(value: i32) -> i32 {
    value.clamp(i16::MIN.into(), i16::MAX.into())
}

/// One band: its step and its predictor. Index 0 of the arrays is the newest value.
#[derive(Debug, Clone)]
struct Band {
    /// What is predicted, and the part of the zeros in it.
    predicted: i32,
    zeros: i32,
    /// Reconstructed signal and partly reconstructed signal.
    r: [i32; 2],
    p: [i32; 2],
    /// Coefficients of the poles and the zeros.
    a: [i32; 2],
    b: [i32; 6],
    /// Quantised differences.
    d: [i32; 6],
    /// Logarithm of the step, and the step.
    log: i32,
    step: i32,
}

impl Band {
    fn new(step: i32) -> Self {
        Band { predicted: 0, zeros: 0, r: [0; 2], p: [0; 2], a: [0; 2], b: [0; 6], d: [0; 6], log: 0, step }
    }

    /// The step of the next sample (`LOGSCL`, `SCALEL` and their likes). `shift` is 8 in the lower band, 10 in the
    /// upper.
    fn scale(&mut self, by: i32, most: i32, shift: i32) {
        self.log = (((self.log * 127) >> 7) + by).clamp(0, most);
        let mantissa = ILB[((self.log >> 6) & 31) as usize];
        let down = shift - (self.log >> 11);
        let step = if down < 0 { mantissa << -down } else { mantissa >> down };
        self.step = step << 2;
    }

    /// Takes the newest quantised difference and predicts the next sample.
    fn adapt(&mut self, d: i32) {
        let sign = |value: i32| value >> 15;
        // RECONS and PARREC.
        let r = saturate(self.predicted + d);
        let p = saturate(self.zeros + d);
        // UPPOL2.
        let turned = saturate(self.a[0] << 2);
        let turned = if sign(p) == sign(self.p[0]) { -turned } else { turned }.min(i16::MAX.into());
        let pulled = if sign(p) == sign(self.p[1]) { 128 } else { -128 };
        let a2 = (pulled + (turned >> 7) + ((self.a[1] * 32_512) >> 15)).clamp(-12_288, 12_288);
        // UPPOL1.
        let pulled = if sign(p) == sign(self.p[0]) { 192 } else { -192 };
        let bound = saturate(15_360 - a2);
        let a1 = saturate(pulled + ((self.a[0] * 32_640) >> 15)).clamp(-bound, bound);
        // UPZERO.
        let pull = if d == 0 { 0 } else { 128 };
        for (b, before) in self.b.iter_mut().zip(&self.d) {
            let pulled = if sign(*before) == sign(d) { pull } else { -pull };
            *b = saturate(pulled + ((*b * 32_640) >> 15));
        }
        // DELAYA.
        self.d.copy_within(..5, 1);
        self.d[0] = d;
        self.r = [r, self.r[0]];
        self.p = [p, self.p[0]];
        self.a = [a1, a2];
        // FILTEP, FILTEZ and PREDIC.
        let tap = |coefficient: i32, value: i32| (coefficient * saturate(value + value)) >> 15;
        let poles = saturate(tap(a1, self.r[0]) + tap(a2, self.r[1]));
        self.zeros = saturate(self.b.iter().zip(&self.d).map(|(b, d)| tap(*b, *d)).sum());
        self.predicted = saturate(poles + self.zeros);
    }
}

/// Both bands, as encoder and decoder begin with them.
fn bands() -> [Band; 2] {
    [Band::new(32), Band::new(8)]
}

/// Magnitude of a difference without the asymmetry of two's complement.
fn magnitude(difference: i32) -> i32 {
    if difference >= 0 { difference } else { !difference }
}

/// 16000 Hz samples to G.722.
#[derive(Debug, Clone)]
pub struct G722Encoder {
    bands: [Band; 2],
    past: [i32; PAST],
}

impl Default for G722Encoder {
    fn default() -> Self {
        G722Encoder { bands: bands(), past: [0; PAST] }
    }
}

impl G722Encoder {
    /// Writes one byte for each two samples, as many as there is room for, and says how many. A last single sample is
    /// left out.
    pub fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> usize {
        let mut written = 0;
        for (pair, out) in samples.chunks_exact(2).zip(out) {
            *out = self.encode_pair(pair[0], pair[1]);
            written += 1;
        }
        written
    }

    fn encode_pair(&mut self, first: i16, second: i16) -> u8 {
        self.past.copy_within(2.., 0);
        self.past[PAST - 2] = first.into();
        self.past[PAST - 1] = second.into();
        let (mut even, mut odd) = (0, 0);
        for (n, pair) in self.past.chunks_exact(2).enumerate() {
            odd += pair[0] * QMF[n];
            even += pair[1] * QMF[11 - n];
        }
        let [low, high] = &mut self.bands;
        low_code(low, (even + odd) >> 14) | (high_code(high, (even - odd) >> 14) << 6)
    }
}

/// The six bits of a sample of the lower band.
fn low_code(band: &mut Band, sample: i32) -> u8 {
    let difference = saturate(sample - band.predicted);
    let size = magnitude(difference);
    // The first interval is 1; there are 29 boundaries above it.
    let interval = 1 + Q6[1..].iter().take_while(|level| size >= (**level * band.step) >> 12).count();
    let code = match (difference < 0, interval) {
        (true, 1 | 2) => 64 - interval,
        (true, _) => 34 - interval,
        (false, _) => 62 - interval,
    };
    let four = code >> 2;
    let quantised = (band.step * QM4[four]) >> 15;
    band.scale(STEP_LOW[four], MOST_LOW, 8);
    band.adapt(quantised);
    code as u8
}

/// The two bits of a sample of the upper band.
fn high_code(band: &mut Band, sample: i32) -> u8 {
    let difference = saturate(sample - band.predicted);
    let far = magnitude(difference) >= (Q2 * band.step) >> 12;
    let code: usize = match (difference < 0, far) {
        (true, true) => 0,
        (true, false) => 1,
        (false, true) => 2,
        (false, false) => 3,
    };
    take_high(band, code);
    code as u8
}

/// What the upper band's code means: the quantised difference, by which the band adapts.
fn take_high(band: &mut Band, code: usize) -> i32 {
    let quantised = (band.step * QM2[code]) >> 15;
    band.scale(STEP_HIGH[code], MOST_HIGH, 10);
    band.adapt(quantised);
    quantised
}

/// G.722 to 16000 Hz samples.
#[derive(Debug, Clone)]
pub struct G722Decoder {
    bands: [Band; 2],
    past: [i32; PAST],
}

impl Default for G722Decoder {
    fn default() -> Self {
        G722Decoder { bands: bands(), past: [0; PAST] }
    }
}

impl G722Decoder {
    /// Writes two samples for each byte, as many as there is room for, and says how many samples.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> usize {
        let mut written = 0;
        for (byte, pair) in payload.iter().zip(out.chunks_exact_mut(2)) {
            pair.copy_from_slice(&self.decode_byte(*byte));
            written += 2;
        }
        written
    }

    fn decode_byte(&mut self, byte: u8) -> [i16; 2] {
        let [low, high] = &mut self.bands;
        let code = usize::from(byte & 0x3F);
        let heard = low.predicted + ((low.step * QM6[code]) >> 15);
        let lower = heard.clamp(-16_384, 16_383);
        let quantised = (low.step * QM4[code >> 2]) >> 15;
        low.scale(STEP_LOW[code >> 2], MOST_LOW, 8);
        low.adapt(quantised);

        let predicted = high.predicted;
        let quantised = take_high(high, usize::from(byte >> 6));
        let upper = (predicted + quantised).clamp(-16_384, 16_383);

        self.past.copy_within(2.., 0);
        self.past[PAST - 2] = lower + upper;
        self.past[PAST - 1] = lower - upper;
        let (mut first, mut second) = (0, 0);
        for (n, pair) in self.past.chunks_exact(2).enumerate() {
            second += pair[0] * QMF[n];
            first += pair[1] * QMF[11 - n];
        }
        [first, second].map(|sum| saturate(sum >> 11) as i16)
    }
}

#[cfg(test)]
mod tests;
