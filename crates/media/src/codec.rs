//! The codecs: their names and numbers in session descriptions, their clocks, and which can be passed on as which.

use crate::g711::Law;
use crate::opus;

/// How audio is coded on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// G.711 A-law.
    Pcma,
    /// G.711 µ-law.
    Pcmu,
    /// G.722, 16 kHz audio in 64 kbit/s.
    G722,
    /// Opus (RFC 7587).
    Opus,
}

impl Codec {
    /// All codecs.
    pub const ALL: [Codec; 4] = [Codec::Pcma, Codec::Pcmu, Codec::G722, Codec::Opus];

    /// The codecs of the telephone network, which become each other without being decoded.
    pub const G711: [Codec; 2] = [Codec::Pcma, Codec::Pcmu];

    /// The payload number: fixed by RFC 3551, or for Opus the one that our first offer gives.
    pub const fn payload_type(self) -> u8 {
        match self {
            Codec::Pcma => 8,
            Codec::Pcmu => 0,
            Codec::G722 => 9,
            Codec::Opus => 111,
        }
    }

    /// Whether the payload number means the codec without being said.
    pub const fn has_fixed_number(self) -> bool {
        !matches!(self, Codec::Opus)
    }

    /// The name in `a=rtpmap`.
    pub const fn name(self) -> &'static str {
        match self {
            Codec::Pcma => "PCMA",
            Codec::Pcmu => "PCMU",
            Codec::G722 => "G722",
            Codec::Opus => "opus",
        }
    }

    /// Units of the RTP clock in a second. G.722 counts 8000 though it has 16000 samples (RFC 3551, 4.5.2).
    pub const fn clock(self) -> u32 {
        match self {
            Codec::Pcma | Codec::Pcmu | Codec::G722 => 8_000,
            Codec::Opus => opus::CLOCK,
        }
    }

    /// What stands behind the number in `a=rtpmap`.
    pub const fn encoding(self) -> &'static str {
        match self {
            Codec::Pcma => "PCMA/8000",
            Codec::Pcmu => "PCMU/8000",
            Codec::G722 => "G722/8000",
            Codec::Opus => "opus/48000/2",
        }
    }

    /// The G.711 law, for the two codecs that are G.711.
    pub const fn law(self) -> Option<Law> {
        match self {
            Codec::Pcma => Some(Law::Alaw),
            Codec::Pcmu => Some(Law::Ulaw),
            Codec::G722 | Codec::Opus => None,
        }
    }

    /// Whether packets of this codec go out as those of `other` without being decoded: the same codec, or one law of
    /// G.711 for the other.
    pub const fn passes_as(self, other: Codec) -> bool {
        self as u8 == other as u8 || (self.law().is_some() && other.law().is_some())
    }

    /// How long a packet is in units of the RTP clock; `None` for what is no packet of this codec.
    pub fn duration(self, payload: &[u8]) -> Option<u32> {
        match self {
            Codec::Pcma | Codec::Pcmu | Codec::G722 => {
                u32::try_from(payload.len()).ok().filter(|len| *len > 0)
            }
            Codec::Opus => opus::duration(payload),
        }
    }

    /// Reads an encoding of `a=rtpmap`. Opus is said to have two channels whatever it has; some leave that out.
    pub(crate) fn from_encoding(name: &str, clock: u32, channels: u32) -> Option<Self> {
        let codec = Codec::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name))?;
        let most = if codec == Codec::Opus { 2 } else { 1 };
        (codec.clock() == clock && (1..=most).contains(&channels)).then_some(codec)
    }

    /// The codecs in the order that spares translation when the other leg speaks `other`: that codec, what passes as
    /// it, the rest; otherwise as they stood.
    pub fn in_order_for(allowed: &[Codec], other: Option<Codec>) -> Vec<Codec> {
        let mut ordered = allowed.to_vec();
        if let Some(other) = other {
            ordered.sort_by_key(|codec| (*codec != other, !codec.passes_as(other)));
        }
        ordered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_without_being_decoded() {
        for from in Codec::ALL {
            for to in Codec::ALL {
                let expected = from == to || (Codec::G711.contains(&from) && Codec::G711.contains(&to));
                assert_eq!(from.passes_as(to), expected, "{from:?} {to:?}");
            }
        }
    }

    #[test]
    fn the_other_legs_codec_comes_first() {
        use Codec::{G722, Opus, Pcma, Pcmu};
        for (allowed, other, expected) in [
            (&[Opus, G722, Pcma, Pcmu][..], Some(Pcmu), &[Pcmu, Pcma, Opus, G722][..]),
            (&[Opus, G722, Pcma, Pcmu], Some(G722), &[G722, Opus, Pcma, Pcmu]),
            (&[Pcma, Pcmu], Some(Opus), &[Pcma, Pcmu]),
            (&[G722, Pcmu], Some(Pcma), &[Pcmu, G722]),
            (&[Opus, Pcma], None, &[Opus, Pcma]),
        ] {
            assert_eq!(Codec::in_order_for(allowed, other), expected);
        }
    }

    #[test]
    fn names_clocks_and_channels() {
        for (name, clock, channels, expected) in [
            ("pcma", 8_000, 1, Some(Codec::Pcma)),
            ("PCMA", 16_000, 1, None),
            ("G722", 8_000, 2, None),
            ("OPUS", 48_000, 2, Some(Codec::Opus)),
            ("opus", 48_000, 1, Some(Codec::Opus)),
            ("opus", 48_000, 6, None),
            ("opus", 8_000, 2, None),
        ] {
            assert_eq!(Codec::from_encoding(name, clock, channels), expected, "{name}/{clock}/{channels}");
        }
        assert_eq!(Codec::G722.duration(&[0; 160]), Some(160));
        assert_eq!(Codec::Opus.duration(&[1 << 3]), Some(960));
        assert_eq!((Codec::Pcma.duration(&[]), Codec::Opus.duration(&[])), (None, None));
    }
}
