//! How well legs were heard, as the API says it.

use crate::view::{CallDetail, leg_id};
use schemars::JsonSchema;
use serde::Serialize;
use store::{LegQuality, WayQuality};

/// From this estimate on most listeners are content (ITU-T G.107, annex B: R of 80), in hundredths.
const GOOD: u16 = 402;
/// Below this estimate nearly all of them are not (R of 60), in hundredths.
const POOR: u16 = 310;

/// How well a leg was heard, and heard others.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct QualityView {
    /// The codec, as SDP names it: `PCMA`, `PCMU`, `G722` or `opus`.
    pub codec: String,
    /// What was heard of the far end; null when nothing came.
    pub heard: Option<WayView>,
    /// What the far end said that it heard; null when it said nothing.
    pub sent: Option<WayView>,
    /// Time of a packet there and back, in milliseconds; null when the far end does not help to measure it.
    pub round_trip_ms: Option<f64>,
}

/// One way of a leg's audio.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WayView {
    /// Packets that should have come.
    pub packets: u64,
    /// Those of them that did not.
    pub lost: u64,
    /// Their share, in percent.
    pub lost_percent: f64,
    /// How unevenly they came, in milliseconds (RFC 3550).
    pub jitter_ms: f64,
    /// What listeners would say by the E-model, from 1 to 4.5.
    pub mos: f64,
    /// The same in a word: `good`, `fair` or `poor`.
    pub opinion: String,
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn way(w: &WayQuality) -> WayView {
    let percent = if w.expected == 0 { 0.0 } else { 100.0 * w.lost as f64 / w.expected as f64 };
    WayView {
        packets: w.expected,
        lost: w.lost,
        lost_percent: tenths(percent),
        jitter_ms: tenths(w.jitter_us as f64 / 1_000.0),
        mos: f64::from(w.mos_hundredths) / 100.0,
        opinion: opinion(w.mos_hundredths).into(),
    }
}

fn opinion(mos_hundredths: u16) -> &'static str {
    match mos_hundredths {
        GOOD.. => "good",
        POOR.. => "fair",
        _ => "poor",
    }
}

/// Puts the figures beside the legs that they are of. What a leg has already stays.
pub fn add_quality(detail: &mut CallDetail, all: &[LegQuality]) {
    for q in all {
        let id = leg_id(q.leg);
        let Some(leg) = detail.legs.iter_mut().find(|l| l.id == id && l.quality.is_none()) else { continue };
        leg.quality = Some(QualityView {
            codec: q.codec.clone(),
            heard: q.heard.as_ref().map(way),
            sent: q.sent.as_ref().map(way),
            round_trip_ms: q.round_trip_us.map(|us| tenths(us as f64 / 1_000.0)),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_said_in_units_of_people_and_in_a_word() {
        let heard = WayQuality { expected: 300, lost: 31, jitter_us: 1_249, mos_hundredths: 335 };
        let view = way(&heard);
        assert_eq!((view.lost_percent, view.jitter_ms, view.mos), (10.3, 1.2, 3.35));
        assert_eq!(way(&WayQuality { expected: 0, lost: 0, ..heard }).lost_percent, 0.0);
        let words = [450, 402, 401, 310, 309, 100].map(opinion);
        assert_eq!(words, ["good", "good", "fair", "fair", "poor", "poor"]);
    }
}
