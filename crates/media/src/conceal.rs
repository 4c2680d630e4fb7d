//! What is heard in place of lost audio: the last period of the voice, repeated and fading, in the manner of G.711
//! Appendix I.
//!
//! When audio is missing, the period after which it sounded most like itself is looked for in the last 20 ms. That
//! period is repeated; its end is blended into what went before it, so that the repetition has no seam, and a step at
//! the beginning is smoothed away. After 10 ms it fades, and after 60 ms there is silence. Where audio comes again,
//! the two are cross-faded. Unlike the appendix it adds no delay.
//!
//! Nothing is allocated after [`Concealer::new`].

/// For so long missing audio is covered, in milliseconds.
pub const COVERED_MS: usize = 60;
/// From then on it fades.
const FULL_MS: usize = 10;
/// Length of the cross-fade when audio comes again.
const FADE_MS: usize = 5;
/// Periods of voices, in samples of 1/8000 s: 66 to 200 Hz.
const LONGEST: usize = 120;
const SHORTEST: usize = 40;
/// What is compared to find the period, in samples of 1/8000 s (20 ms).
const COMPARED: usize = 160;
/// What has to be remembered for both.
const HISTORY: usize = COMPARED + LONGEST;

/// Follows one stream of samples at 8000 or 16000 Hz, and stands in for what is missing in it.
#[derive(Clone)]
pub struct Concealer {
    /// Samples of 1/8000 s are so many here.
    scale: usize,
    /// What was heard last, from `oldest` on round.
    history: Box<[i16]>,
    oldest: usize,
    /// The period that is repeated, as long as `period`.
    cycle: Box<[i16]>,
    period: usize,
    /// A step at the beginning of the repetition, taken away over a quarter of the period.
    step: i32,
    /// Samples missing so far; more than are covered when nothing was heard yet.
    missing: usize,
    /// Samples of a cross-fade that are left, and where the repetition stands in it.
    fading: usize,
}

impl std::fmt::Debug for Concealer {
    // What people say does not belong in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Concealer").field("missing", &self.missing).finish_non_exhaustive()
    }
}

impl Concealer {
    /// For samples at `scale` times 8000 Hz: 1 or 2.
    pub fn new(scale: usize) -> Self {
        let scale = scale.clamp(1, 2);
        Concealer {
            scale,
            history: vec![0; HISTORY * scale].into_boxed_slice(),
            oldest: 0,
            cycle: vec![0; LONGEST * scale].into_boxed_slice(),
            period: 1,
            step: 0,
            missing: usize::MAX,
            fading: 0,
        }
    }

    /// Forgets what was heard; nothing is covered until something is heard again.
    pub fn flush(&mut self) {
        self.history.fill(0);
        self.missing = usize::MAX;
        self.fading = 0;
    }

    fn samples(&self, ms: usize) -> usize {
        ms * 8 * self.scale
    }

    fn remember(&mut self, sample: i16) {
        self.history[self.oldest] = sample;
        self.oldest = (self.oldest + 1) % self.history.len();
    }

    /// Takes a sample that is there, and gives what is heard.
    pub fn heard(&mut self, sample: i16) -> i16 {
        let mut out = sample;
        if self.missing == usize::MAX {
            self.missing = 0;
        } else if self.missing > 0 && self.fading == 0 {
            self.fading = self.samples(FADE_MS);
        }
        if self.fading > 0 {
            let whole = self.samples(FADE_MS) as i32;
            let left = self.fading as i32;
            let covered = i32::from(self.repeated(self.missing));
            out = ((covered * left + i32::from(sample) * (whole - left)) / whole) as i16;
            self.fading -= 1;
            self.missing = if self.fading == 0 { 0 } else { self.missing.saturating_add(1) };
        }
        self.remember(out);
        out
    }

    /// What stands for a sample that is missing; `None` when nothing was heard for too long.
    pub fn missing(&mut self) -> Option<i16> {
        // A fade that is interrupted goes on as the repetition it came from.
        self.fading = 0;
        if self.missing >= self.samples(COVERED_MS) {
            return None;
        }
        if self.missing == 0 {
            self.begin();
        }
        let out = self.repeated(self.missing);
        self.missing += 1;
        self.remember(out);
        Some(out)
    }

    /// The sample of the repetition at that place, faded.
    fn repeated(&self, at: usize) -> i16 {
        let (full, end) = (self.samples(FULL_MS), self.samples(COVERED_MS));
        if at >= end {
            return 0;
        }
        let mut sample = i32::from(self.cycle[at % self.period]);
        let smooth = (self.period / 4).max(1);
        if at < smooth {
            sample += self.step * (smooth - at) as i32 / smooth as i32;
        }
        if at > full {
            sample = sample * (end - at) as i32 / (end - full) as i32;
        }
        sample.clamp(i16::MIN.into(), i16::MAX.into()) as i16
    }

    /// Finds the period and makes the cycle of it.
    fn begin(&mut self) {
        let len = self.history.len();
        // In order of time, so that the search is a plain walk.
        self.history.rotate_left(self.oldest);
        self.oldest = 0;
        let period = self.find_period();
        let past = &self.history;
        let blend = (period / 4).max(1);
        for (n, out) in self.cycle.iter_mut().enumerate().take(period) {
            let now = i32::from(past[len - period + n]);
            // The last quarter becomes that of the period before, which the first sample followed.
            let into = (n + blend).saturating_sub(period - 1) as i32;
            let before = i32::from(past[len - 2 * period + n]);
            *out = ((now * (blend as i32 - into) + before * into) / blend as i32) as i16;
        }
        self.step = i32::from(past[len - 1]) - i32::from(past[len - period - 1]);
        self.period = period;
    }

    /// The distance at which the newest samples are most like those before them.
    fn find_period(&self) -> usize {
        let (past, scale) = (&self.history, self.scale);
        let compared = COMPARED * scale;
        let newest = past.len() - compared;
        // At 16000 Hz every second sample of every second distance tells enough; what is between is looked at after.
        let score = |period: usize, every: usize| {
            let (mut product, mut energy) = (0.0f32, 1.0f32);
            for n in (0..compared).step_by(every) {
                let (a, b) = (f32::from(past[newest + n]), f32::from(past[newest + n - period]));
                product += a * b;
                energy += b * b;
            }
            product / energy.sqrt()
        };
        let best = |periods: &mut dyn Iterator<Item = usize>, every| {
            periods.map(|p| (p, score(p, every))).max_by(|a, b| a.1.total_cmp(&b.1)).map(|(p, _)| p)
        };
        let (shortest, longest) = (SHORTEST * scale, LONGEST * scale);
        let coarse = best(&mut (shortest..=longest).step_by(scale), scale).unwrap_or(longest);
        if scale == 1 {
            return coarse;
        }
        best(&mut (coarse - 1..=(coarse + 1).min(longest)), 1).unwrap_or(coarse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::{Sine, level, power_at, to_sample};

    /// A buzz with overtones at that pitch.
    fn buzz(rate: u32, pitch: f64, count: usize) -> Vec<i16> {
        let mut parts: Vec<Sine> = (1..12).map(|k| Sine::new(rate, pitch * f64::from(k), 1.0)).collect();
        let mut next = || {
            let sum: f64 = parts.iter_mut().enumerate().map(|(n, s)| s.next_value() / (n + 1) as f64).sum();
            to_sample(0.2 * sum)
        };
        (0..count).map(|_| next()).collect()
    }

    /// What is heard when samples of that range are missing.
    fn with_hole(samples: &[i16], scale: usize, hole: std::ops::Range<usize>) -> Vec<i16> {
        let mut concealer = Concealer::new(scale);
        let each = samples.iter().enumerate();
        each.map(
            |(n, s)| {
                if hole.contains(&n) { concealer.missing().unwrap_or(0) } else { concealer.heard(*s) }
            },
        )
        .collect()
    }

    #[test]
    fn a_hole_of_ten_milliseconds_in_a_voice_is_hardly_there() {
        for (scale, rate) in [(1, 8000), (2, 16_000)] {
            for pitch in [80.0, 110.0, 160.0, 190.0] {
                let ms = 8 * scale;
                let samples = buzz(rate, pitch, 400 * ms);
                let heard = with_hole(&samples, scale, 200 * ms..210 * ms);
                let place = 200 * ms..216 * ms;
                let wrong: Vec<i16> =
                    samples[place.clone()].iter().zip(&heard[place]).map(|(a, b)| a - b).collect();
                let noise = level(&wrong) - level(&samples);
                assert!(noise < -10.0, "{rate} Hz, pitch {pitch}: noise at {noise:.1} dB");
            }
        }
    }

    #[test]
    fn there_is_no_click_at_either_end() {
        let samples = Sine::new(8000, 300.0, 0.5).take_samples(4000);
        let steepest = samples.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs()).max().unwrap();
        for hole in [80, 160, 240, 480, 900] {
            for start in 1600..1630 {
                let heard = with_hole(&samples, 1, start..start + hole);
                let step = heard.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs()).max().unwrap();
                assert!(
                    step < steepest * 3 / 2,
                    "hole of {hole} at {start}: a step of {step}, not {steepest}"
                );
            }
        }
    }

    #[test]
    fn a_long_hole_fades_to_silence_and_ends_softly() {
        let samples = buzz(8000, 120.0, 8000);
        let heard = with_hole(&samples, 1, 1600..3200);
        let piece = |from: usize| level(&heard[1600 + from..1600 + from + 80]);
        assert!(piece(0) > piece(200) && piece(200) > piece(380));
        assert!(heard[1600 + 480..3200].iter().all(|s| *s == 0));
        assert!(heard[3200..3205].iter().all(|s| s.unsigned_abs() < 2000));
        assert!(power_at(&heard[3300..4900], 8000, 120.0) > -6.0);
    }

    #[test]
    fn before_anything_was_heard_there_is_nothing_to_repeat() {
        let mut concealer = Concealer::new(2);
        assert_eq!(concealer.missing(), None);
        assert_eq!(concealer.heard(1000), 1000);
        assert!(concealer.missing().is_some());
        concealer.flush();
        assert_eq!(concealer.missing(), None);
        // Full scale of either sign does not wrap.
        for n in 0..2000 {
            concealer.heard(if n / 30 % 2 == 0 { i16::MAX } else { i16::MIN });
        }
        assert!((0..960).all(|_| concealer.missing().is_some()));
        assert_eq!(concealer.missing(), None);
    }
}
