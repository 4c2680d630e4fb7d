//! G.711: A-law and µ-law bytes to and from 16 bit samples, and from one law to the other, by tables.
//!
//! The tables are built by the compiler, so nothing is computed per sample and nothing is set up at start.

/// Which of the two G.711 laws a byte is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Law {
    /// A-law, used in most of the world; RTP payload type 8.
    Alaw,
    /// µ-law, used in North America and Japan; RTP payload type 0.
    Ulaw,
}

impl Law {
    /// The byte that decodes to the value nearest to silence.
    pub const fn silence(self) -> u8 {
        match self {
            Law::Alaw => 0xD5,
            Law::Ulaw => 0xFF,
        }
    }

    /// The static RTP payload type (RFC 3551).
    pub const fn payload_type(self) -> u8 {
        match self {
            Law::Alaw => 8,
            Law::Ulaw => 0,
        }
    }

    /// One byte to a sample of the full 16 bit range.
    pub fn decode(self, byte: u8) -> i16 {
        match self {
            Law::Alaw => ALAW_TO_LINEAR[usize::from(byte)],
            Law::Ulaw => ULAW_TO_LINEAR[usize::from(byte)],
        }
    }

    /// One sample to the byte whose value is nearest below in magnitude, as G.711 prescribes.
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            Law::Alaw => {
                let magnitude = if sample < 0 { !sample } else { sample } as usize;
                let code = ALAW_BY_MAGNITUDE[magnitude >> 4];
                if sample < 0 { code ^ 0x80 } else { code }
            }
            Law::Ulaw => {
                let magnitude = usize::from(sample.unsigned_abs().min(32767));
                let code = ULAW_BY_MAGNITUDE[magnitude >> 2];
                if sample < 0 { code ^ 0x80 } else { code }
            }
        }
    }

    /// The table that turns bytes of this law into bytes of `other`; the identity when they are the same.
    pub const fn table_to(self, other: Law) -> &'static [u8; 256] {
        match (self, other) {
            (Law::Alaw, Law::Ulaw) => &ALAW_TO_ULAW,
            (Law::Ulaw, Law::Alaw) => &ULAW_TO_ALAW,
            (Law::Alaw, Law::Alaw) | (Law::Ulaw, Law::Ulaw) => &IDENTITY,
        }
    }
}

/// A-law byte to 16 bit sample.
pub static ALAW_TO_LINEAR: [i16; 256] = ALAW_DECODED;
/// µ-law byte to 16 bit sample.
pub static ULAW_TO_LINEAR: [i16; 256] = ULAW_DECODED;
/// A-law byte to the nearest µ-law byte.
pub static ALAW_TO_ULAW: [u8; 256] = build_alaw_to_ulaw();
/// µ-law byte to the nearest A-law byte.
pub static ULAW_TO_ALAW: [u8; 256] = build_ulaw_to_alaw();

static IDENTITY: [u8; 256] = build_identity();
static ALAW_BY_MAGNITUDE: [u8; 2048] = build_alaw_by_magnitude();
static ULAW_BY_MAGNITUDE: [u8; 8192] = build_ulaw_by_magnitude();

const ALAW_DECODED: [i16; 256] = build_alaw_decoded();
const ULAW_DECODED: [i16; 256] = build_ulaw_decoded();

const fn build_identity() -> [u8; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        table[index] = index as u8;
        index += 1;
    }
    table
}

const fn build_alaw_decoded() -> [i16; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        // The standard inverts every second bit, so that an idle line still carries transitions.
        let code = (index as u8) ^ 0x55;
        let segment = ((code & 0x70) >> 4) as u32;
        let step = ((code & 0x0F) as i32) << 4;
        let magnitude = if segment == 0 { step + 8 } else { (step + 0x108) << (segment - 1) };
        table[index] = if code & 0x80 != 0 { magnitude as i16 } else { -magnitude as i16 };
        index += 1;
    }
    table
}

const fn build_ulaw_decoded() -> [i16; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let code = !(index as u8);
        let segment = ((code & 0x70) >> 4) as u32;
        let magnitude = ((((code & 0x0F) as i32) << 3) + 0x84) << segment;
        table[index] = if code & 0x80 != 0 { (0x84 - magnitude) as i16 } else { (magnitude - 0x84) as i16 };
        index += 1;
    }
    table
}

const fn alaw_code(magnitude: u32) -> u8 {
    let code = if magnitude < 256 {
        magnitude >> 4
    } else {
        let segment = 31 - magnitude.leading_zeros() - 7;
        (segment << 4) | ((magnitude >> (segment + 3)) & 0x0F)
    };
    code as u8 ^ 0xD5
}

const fn ulaw_code(magnitude: u32) -> u8 {
    // Above this value the bias would carry into a bit that the format does not have.
    let clipped = if magnitude > 32635 { 32635 } else { magnitude };
    let biased = clipped + 132;
    let segment = 31 - biased.leading_zeros() - 7;
    !(((segment << 4) | ((biased >> (segment + 3)) & 0x0F)) as u8)
}

const fn build_alaw_by_magnitude() -> [u8; 2048] {
    let mut table = [0; 2048];
    let mut index = 0;
    while index < 2048 {
        table[index] = alaw_code((index as u32) << 4);
        index += 1;
    }
    table
}

const fn build_ulaw_by_magnitude() -> [u8; 8192] {
    let mut table = [0; 8192];
    let mut index = 0;
    while index < 8192 {
        table[index] = ulaw_code((index as u32) << 2);
        index += 1;
    }
    table
}

const fn build_alaw_to_ulaw() -> [u8; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let sample = ALAW_DECODED[index] as i32;
        let code = ulaw_code(sample.unsigned_abs());
        table[index] = if sample < 0 { code ^ 0x80 } else { code };
        index += 1;
    }
    table
}

const fn build_ulaw_to_alaw() -> [u8; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let sample = ULAW_DECODED[index] as i32;
        let code = alaw_code(if sample < 0 { !sample as u32 } else { sample as u32 });
        table[index] = if sample < 0 { code ^ 0x80 } else { code };
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_decoding_and_encoding() {
        for byte in 0..=255u8 {
            assert_eq!(Law::Alaw.encode(Law::Alaw.decode(byte)), byte);
            // µ-law knows two zeros; both become the positive one.
            let expected = if byte == 0x7F { 0xFF } else { byte };
            assert_eq!(Law::Ulaw.encode(Law::Ulaw.decode(byte)), expected);
        }
    }

    #[test]
    fn known_values() {
        for (law, byte, sample) in [
            (Law::Alaw, 0xD5, 8),
            (Law::Alaw, 0x55, -8),
            (Law::Alaw, 0xAA, 32256),
            (Law::Alaw, 0x2A, -32256),
            (Law::Ulaw, 0xFF, 0),
            (Law::Ulaw, 0x80, 32124),
            (Law::Ulaw, 0x00, -32124),
        ] {
            assert_eq!(law.decode(byte), sample, "{law:?} {byte:#x}");
        }
    }

    #[test]
    fn encoding_is_near_for_every_sample() {
        for sample in i16::MIN..=i16::MAX {
            for law in [Law::Alaw, Law::Ulaw] {
                let back = i32::from(law.decode(law.encode(sample)));
                let error = (back - i32::from(sample)).abs();
                assert!(error <= 16 + i32::from(sample).abs() / 30, "{law:?} {sample} became {back}");
            }
        }
    }

    #[test]
    fn transcoding_stays_within_one_step() {
        for byte in 0..=255u8 {
            for (from, to) in [(Law::Alaw, Law::Ulaw), (Law::Ulaw, Law::Alaw)] {
                let before = i32::from(from.decode(byte));
                let after = i32::from(to.decode(from.table_to(to)[usize::from(byte)]));
                assert!((before - after).abs() <= 16 + before.abs() / 16, "{from:?} {byte:#x}");
            }
            assert_eq!(Law::Alaw.table_to(Law::Alaw)[usize::from(byte)], byte);
        }
    }
}
