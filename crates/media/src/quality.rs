//! How well people hear each other: loss, jitter and delay as measured, and what listeners would say of them, by the
//! E-model (ITU-T G.107) as far as a switch can know its values.
//!
//! ```text
//! R        = 93.2 - Id - Ie_eff
//! Id       = 0.024 d + 0.11 max(0, d - 177.3)              d: delay from mouth to ear, in ms
//! Ie_eff   = Ie + (95 - Ie) · Ppl / (Ppl + Bpl)            Ppl: loss in percent, at random
//! MOS      = 1 + 0.035 R + R (R - 60) (100 - R) · 7e-6     from 1 (bad) to 4.5; R below 0 counts as 0, above 100 as 100
//! d        = round trip / 2 + one packet + twice the jitter
//! ```
//!
//! 93.2 is what G.107 gives for its default values of everything that is not the network's doing. Without a measured
//! round trip its part of the delay is 0, so the figure says what can be said and is on the good side.
//!
//! `Ie` and `Bpl` of G.711 are those of G.113 with packet loss concealment: 0 and 25.1. On this scale, on which a
//! perfect telephone call has 4.41, the recommendation has no values for G.722 and Opus. They count as G.711: without
//! loss they are no worse, with loss their decoders cover it alike, and that they sound better than a telephone is not
//! in the scale.

use crate::Micros;
use crate::negotiate::Codec;

/// The rating of a call without any fault.
const BEST: f64 = 93.2;
/// The equipment impairment of the worst.
const WORST_IMPAIRMENT: f64 = 95.0;
/// From so many milliseconds on delay disturbs a conversation.
const DISTURBING_DELAY: f64 = 177.3;

/// A mean opinion score as the E-model estimates it, in hundredths: 100 (bad) to 450 (the best there is).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mos(u16);

impl Mos {
    /// In hundredths, 100 to 450.
    pub fn hundredths(self) -> u16 {
        self.0
    }

    /// From 1 to 4.5.
    pub fn value(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

/// One way of a leg's audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// Packets that should have come since the beginning, by their sequence numbers.
    pub expected: u64,
    /// Those of them that did not.
    pub lost: u64,
    /// Interarrival jitter at its end, in microseconds (RFC 3550).
    pub jitter_us: Micros,
    /// What the listener would say of the whole call so far.
    pub mos: Mos,
    /// What the listener would say of the time since the last measurement; of the whole when it is the first.
    pub mos_lately: Mos,
}

/// How well a leg is heard and hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quality {
    /// The codec agreed on.
    pub codec: Codec,
    /// What we hear of the far end, by our own count; `None` before the first packet.
    pub heard: Option<Way>,
    /// What the far end hears of us, as it reports by RTCP; `None` when it does not.
    pub sent: Option<Way>,
    /// The last measured time there and back, in microseconds; `None` when the far end does not help to measure it.
    pub round_trip_us: Option<Micros>,
}

/// The impairment of a codec without loss (`Ie`), and how well it bears loss (`Bpl`).
const fn impairment_of(codec: Codec) -> (f64, f64) {
    match codec {
        Codec::Pcma | Codec::Pcmu | Codec::G722 | Codec::Opus => (0.0, 25.1),
    }
}

/// The rating (`R`) of audio in that codec, with that share of loss (0 to 1) and that delay from mouth to ear.
pub fn rating(codec: Codec, loss: f64, delay_ms: f64) -> f64 {
    let (impairment, robustness) = impairment_of(codec);
    let percent = 100.0 * loss.clamp(0.0, 1.0);
    let delay = delay_ms.max(0.0);
    let disturbed = 0.024 * delay + 0.11 * (delay - DISTURBING_DELAY).max(0.0);
    let impaired = impairment + (WORST_IMPAIRMENT - impairment) * percent / (percent + robustness);
    BEST - disturbed - impaired
}

/// What listeners would say of that rating.
pub fn opinion(rating: f64) -> Mos {
    let r = rating.clamp(0.0, 100.0);
    let score = 1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6;
    // The polynomial dips a little below 1 for the worst ratings.
    Mos((score.clamp(1.0, 4.5) * 100.0).round() as u16)
}

/// What was counted of one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counted {
    pub(crate) expected: u64,
    pub(crate) lost: u64,
}

impl Counted {
    fn loss(self) -> f64 {
        if self.expected == 0 { 0.0 } else { self.lost as f64 / self.expected as f64 }
    }

    fn since(self, before: Counted) -> Counted {
        Counted {
            expected: self.expected.saturating_sub(before.expected),
            lost: self.lost.saturating_sub(before.lost),
        }
    }
}

/// What is the same for both ways of a leg.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path {
    pub(crate) codec: Codec,
    pub(crate) round_trip_us: Option<Micros>,
    pub(crate) packet_ms: u32,
}

impl Path {
    /// Judges one way; `before` is what was counted at the last measurement.
    pub(crate) fn judge(&self, counted: Counted, before: Counted, jitter_us: Micros) -> Way {
        let delay_us = self.round_trip_us.unwrap_or(0) / 2 + 2 * jitter_us;
        let delay_ms = delay_us as f64 / 1000.0 + f64::from(self.packet_ms);
        let of = |counted: Counted| opinion(rating(self.codec, counted.loss(), delay_ms));
        let lately = counted.since(before);
        let lately = if lately.expected == 0 { counted } else { lately };
        Way {
            expected: counted.expected,
            lost: counted.lost,
            jitter_us,
            mos: of(counted),
            mos_lately: of(lately),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked by hand from the formulas above.
    #[test]
    fn ratings_and_opinions_worked_by_hand() {
        for (loss, delay, expected, mos) in [
            // 1 + 3.262 + 93.2 · 33.2 · 6.8 · 7e-6
            (0.0, 0.0, 93.2, 441),
            // Id = 3.6; 1 + 3.136 + 89.6 · 29.6 · 10.4 · 7e-6
            (0.0, 150.0, 89.6, 433),
            // Id = 6 + 0.11 · 72.7 = 13.997
            (0.0, 250.0, 79.203, 399),
            // Ie_eff = 95 · 1 / 26.1 = 3.640
            (0.01, 0.0, 89.560, 433),
            // Ie_eff = 95 · 5 / 30.1 = 15.781
            (0.05, 0.0, 77.419, 392),
            // Id = 9.6 + 0.11 · 222.7 = 34.097; Ie_eff = 95 · 10 / 35.1 = 27.066
            (0.10, 400.0, 32.037, 170),
            // Ie_eff = 95 · 100 / 125.1 = 75.939
            (1.0, 0.0, 17.261, 118),
        ] {
            let r = rating(Codec::Pcma, loss, delay);
            assert!((r - expected).abs() < 0.001, "{loss} {delay}: {r}");
            assert_eq!(opinion(r).hundredths(), mos, "{loss} {delay}");
        }
    }

    #[test]
    fn opinions_stay_on_their_scale_and_follow_the_rating() {
        assert_eq!((opinion(-50.0).hundredths(), opinion(3.0).hundredths()), (100, 100));
        assert_eq!((opinion(100.0).hundredths(), opinion(1e9).hundredths()), (450, 450));
        assert_eq!(opinion(100.0).value(), 4.5);
        let all: Vec<Mos> = (0..=100).map(|r| opinion(f64::from(r))).collect();
        assert!(all.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn a_way_is_judged_as_a_whole_and_since_the_last_time() {
        let path = Path { codec: Codec::Opus, round_trip_us: Some(200_000), packet_ms: 20 };
        // d = 100 + 20 + 2 · 15 = 150: Id = 3.6.
        let counted = Counted { expected: 1000, lost: 10 };
        let before = Counted { expected: 900, lost: 10 };
        let way = path.judge(counted, before, 15_000);
        assert_eq!((way.expected, way.lost, way.jitter_us), (1000, 10, 15_000));
        assert_eq!(way.mos_lately.hundredths(), 433);
        // 93.2 - 3.6 - 3.640 = 85.960; 1 + 3.0086 + 85.960 · 25.960 · 14.040 · 7e-6
        assert_eq!(way.mos.hundredths(), 423);
        assert_eq!(path.judge(counted, counted, 15_000).mos_lately, way.mos, "nothing new");
        let unknown = Path { round_trip_us: None, ..path };
        assert!(unknown.judge(counted, before, 15_000).mos > way.mos);
        assert_eq!(unknown.judge(Counted::default(), Counted::default(), 0).mos.hundredths(), 440);
    }
}
