//! WAV files: reading what people upload as prompts, and the header in front of a recording.
//!
//! Reading takes the bytes of the whole file and gives one channel of 16 bit samples. It never fails for a
//! wrong length field alone: programs that stream write those wrongly. Each error is a sentence for whoever
//! chose the file.

use std::fmt;

use crate::g711::Law;

/// Rates that are read, in Hz.
pub const RATES: std::ops::RangeInclusive<u32> = 8000..=48000;

/// Length in bytes of the header that [`g711_header`] makes.
pub const G711_HEADER_LEN: usize = 58;
/// Length in bytes of the header that [`pcm16_header`] makes.
pub const PCM16_HEADER_LEN: usize = 44;

/// What was read from a WAV file.
#[derive(Clone, PartialEq, Eq)]
pub struct Wav {
    /// Samples per second.
    pub rate: u32,
    /// One channel; two are mixed.
    pub samples: Vec<i16>,
}

impl fmt::Debug for Wav {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wav").field("rate", &self.rate).field("samples", &self.samples.len()).finish()
    }
}

/// Why a file is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WavError {
    /// It does not begin like a WAV file; what it begins with, as far as printable.
    NotWav(String),
    /// There is no description of the audio.
    NoFormat,
    /// There is no audio.
    NoData,
    /// The audio is coded in a way that is not read; the format code.
    Encoding(u16),
    /// That many bits per sample do not go with the encoding.
    Bits(u16),
    /// Neither mono nor stereo.
    Channels(u16),
    /// The rate is out of range.
    Rate(u32),
}

impl fmt::Display for WavError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WavError::NotWav(start) if start.is_empty() => f.write_str("this is not a WAV file: it is empty"),
            WavError::NotWav(start) => {
                write!(
                    f,
                    "this is not a WAV file: it starts with \"{start}\" instead of \"RIFF\" and \"WAVE\""
                )?;
                match start {
                    s if s.starts_with("ID3") => f.write_str("; it looks like an MP3 file"),
                    s if s.starts_with("OggS") => f.write_str("; it looks like an Ogg file"),
                    s if s.starts_with("fLaC") => f.write_str("; it looks like a FLAC file"),
                    _ => Ok(()),
                }
            }
            WavError::NoFormat => f.write_str("this WAV file does not say how its audio is coded"),
            WavError::NoData => f.write_str("this WAV file holds no audio"),
            WavError::Encoding(code) => {
                let name = match code {
                    0x02 | 0x11 => " (ADPCM)",
                    0x31 => " (GSM)",
                    0x55 => " (MP3)",
                    _ => "",
                };
                write!(
                    f,
                    "this WAV file is coded in format {code}{name}, which is not read; \
                     save it as PCM with 16 bits"
                )
            }
            WavError::Bits(bits) => write!(
                f,
                "this WAV file has {bits} bits per sample, which is not read; save it as PCM with 16 bits"
            ),
            WavError::Channels(channels) => {
                write!(f, "this WAV file has {channels} channels; one or two are read")
            }
            WavError::Rate(rate) => write!(
                f,
                "this WAV file has {rate} samples per second; from {} to {} are read",
                RATES.start(),
                RATES.end()
            ),
        }
    }
}

impl std::error::Error for WavError {}

fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

#[derive(Clone, Copy)]
enum Coding {
    Pcm8,
    Pcm16,
    Pcm24,
    Pcm32,
    Float32,
    G711(Law),
}

impl Coding {
    fn of(code: u16, bits: u16) -> Result<Self, WavError> {
        match (code, bits) {
            (1, 8) => Ok(Coding::Pcm8),
            (1, 16) => Ok(Coding::Pcm16),
            (1, 24) => Ok(Coding::Pcm24),
            (1, 32) => Ok(Coding::Pcm32),
            (3, 32) => Ok(Coding::Float32),
            (6, 8) => Ok(Coding::G711(Law::Alaw)),
            (7, 8) => Ok(Coding::G711(Law::Ulaw)),
            (1 | 3 | 6 | 7, bits) => Err(WavError::Bits(bits)),
            (code, _) => Err(WavError::Encoding(code)),
        }
    }

    fn width(self) -> usize {
        match self {
            Coding::Pcm8 | Coding::G711(_) => 1,
            Coding::Pcm16 => 2,
            Coding::Pcm24 => 3,
            Coding::Pcm32 | Coding::Float32 => 4,
        }
    }

    /// `bytes` has the length that [`Coding::width`] says.
    fn sample(self, bytes: &[u8]) -> i16 {
        match (self, bytes) {
            (Coding::Pcm8, [b]) => (i16::from(*b) - 128) << 8,
            (Coding::G711(law), [b]) => law.decode(*b),
            (Coding::Pcm16, [a, b]) | (Coding::Pcm24, [_, a, b]) | (Coding::Pcm32, [_, _, a, b]) => {
                i16::from_le_bytes([*a, *b])
            }
            (Coding::Float32, [a, b, c, d]) => {
                crate::tone::to_sample(f64::from(f32::from_le_bytes([*a, *b, *c, *d])))
            }
            _ => 0,
        }
    }
}

struct Format {
    coding: Coding,
    channels: usize,
    rate: u32,
}

fn read_format(chunk: &[u8]) -> Result<Format, WavError> {
    let field = |at| le16(chunk, at).ok_or(WavError::NoFormat);
    let (mut code, channels, bits) = (field(0)?, field(2)?, field(14)?);
    let rate = le32(chunk, 4).ok_or(WavError::NoFormat)?;
    if code == 0xFFFE {
        // The extensible form keeps the real code at the front of a sixteen byte name.
        code = field(24)?;
    }
    let coding = Coding::of(code, bits)?;
    if !matches!(channels, 1 | 2) {
        return Err(WavError::Channels(channels));
    }
    if !RATES.contains(&rate) {
        return Err(WavError::Rate(rate));
    }
    Ok(Format { coding, channels: usize::from(channels), rate })
}

/// Reads the bytes of a WAV file: PCM of 8, 16, 24 or 32 bits, 32 bit float, A-law or µ-law, plain or
/// extensible, mono or stereo, 8000 to 48000 Hz.
pub fn read(bytes: &[u8]) -> Result<Wav, WavError> {
    if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
        let start = bytes.iter().take(12).map(|b| if b.is_ascii_graphic() { char::from(*b) } else { '.' });
        return Err(WavError::NotWav(start.collect()));
    }
    let mut format = None;
    let mut at = 12;
    while let (Some(name), Some(length)) = (bytes.get(at..at + 4), le32(bytes, at + 4)) {
        let start = at + 8;
        // A length beyond the end is what a program writes that did not know it yet; take what is there.
        let end = start.saturating_add(length as usize).min(bytes.len());
        let chunk = &bytes[start..end];
        match name {
            b"fmt " => format = Some(read_format(chunk)?),
            b"data" => {
                let format = format.ok_or(WavError::NoFormat)?;
                // A length of zero at the end of a file also means that the writer did not know.
                let chunk = if length == 0 { &bytes[start..] } else { chunk };
                let samples = read_samples(&format, chunk);
                if samples.is_empty() {
                    return Err(WavError::NoData);
                }
                return Ok(Wav { rate: format.rate, samples });
            }
            _ => {}
        }
        at = end + (length as usize & 1);
    }
    Err(if format.is_some() { WavError::NoData } else { WavError::NoFormat })
}

fn read_samples(format: &Format, data: &[u8]) -> Vec<i16> {
    let width = format.coding.width();
    data.chunks_exact(width * format.channels)
        .map(|frame| {
            let sum: i32 = frame.chunks_exact(width).map(|s| i32::from(format.coding.sample(s))).sum();
            (sum / format.channels as i32) as i16
        })
        .collect()
}

/// The header of a G.711 file at 8000 Hz. `data_len` is the length in bytes of the audio that follows; `None`
/// when it is not known yet (readers then read to the end).
pub fn g711_header(law: Law, channels: u16, data_len: Option<u64>) -> [u8; G711_HEADER_LEN] {
    let code = match law {
        Law::Alaw => 6u16,
        Law::Ulaw => 7,
    };
    let data = known_or_all_ones(data_len);
    let frames = if data == u32::MAX { u32::MAX } else { data / u32::from(channels.max(1)) };
    let mut out = [0; G711_HEADER_LEN];
    riff(&mut out, data, G711_HEADER_LEN);
    out[16..20].copy_from_slice(&18u32.to_le_bytes());
    format_fields(&mut out[20..36], code, channels, 1);
    // Formats other than PCM have the length of an extension, here none, and the number of frames.
    out[38..42].copy_from_slice(b"fact");
    out[42..46].copy_from_slice(&4u32.to_le_bytes());
    out[46..50].copy_from_slice(&frames.to_le_bytes());
    out[50..54].copy_from_slice(b"data");
    out[54..58].copy_from_slice(&data.to_le_bytes());
    out
}

/// The header of a file of 16 bit samples at 8000 Hz; `data_len` as in [`g711_header`].
pub fn pcm16_header(channels: u16, data_len: Option<u64>) -> [u8; PCM16_HEADER_LEN] {
    let data = known_or_all_ones(data_len);
    let mut out = [0; PCM16_HEADER_LEN];
    riff(&mut out, data, PCM16_HEADER_LEN);
    out[16..20].copy_from_slice(&16u32.to_le_bytes());
    format_fields(&mut out[20..36], 1, channels, 2);
    out[36..40].copy_from_slice(b"data");
    out[40..44].copy_from_slice(&data.to_le_bytes());
    out
}

fn known_or_all_ones(data_len: Option<u64>) -> u32 {
    data_len.and_then(|len| u32::try_from(len).ok()).unwrap_or(u32::MAX)
}

fn riff(out: &mut [u8], data: u32, header_len: usize) {
    // A chunk of odd length is followed by a byte that its length does not count and the whole does.
    let whole = data.checked_add(data & 1).and_then(|len| len.checked_add(header_len as u32 - 8));
    out[0..4].copy_from_slice(b"RIFF");
    out[4..8].copy_from_slice(&whole.unwrap_or(u32::MAX).to_le_bytes());
    out[8..16].copy_from_slice(b"WAVEfmt ");
}

fn format_fields(out: &mut [u8], code: u16, channels: u16, width: u16) {
    let frame = channels.saturating_mul(width);
    out[0..2].copy_from_slice(&code.to_le_bytes());
    out[2..4].copy_from_slice(&channels.to_le_bytes());
    out[4..8].copy_from_slice(&8000u32.to_le_bytes());
    out[8..12].copy_from_slice(&(8000 * u32::from(frame)).to_le_bytes());
    out[12..14].copy_from_slice(&frame.to_le_bytes());
    out[14..16].copy_from_slice(&(width * 8).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(code: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
        let mut out = b"RIFF\xFF\xFF\xFF\xFFWAVELIST\x03\0\0\0abc\0fmt ".to_vec();
        out.extend_from_slice(&16u32.to_le_bytes());
        out.extend_from_slice(&code.to_le_bytes());
        out.extend_from_slice(&channels.to_le_bytes());
        out.extend_from_slice(&rate.to_le_bytes());
        out.extend_from_slice(&[0; 6]);
        out.extend_from_slice(&bits.to_le_bytes());
        out.extend_from_slice(b"data");
        out.extend_from_slice(&(data.len() as u32).to_le_bytes());
        out.extend_from_slice(data);
        out
    }

    #[test]
    fn every_coding_is_read() {
        for (code, bits, data, expected) in [
            (1, 8, &[0x80u8, 0xFF, 0x00][..], vec![0i16, 32512, -32768]),
            (1, 16, &[0x34, 0x12, 0x00, 0x80], vec![0x1234, -32768]),
            (1, 24, &[0x99, 0x34, 0x12], vec![0x1234]),
            (1, 32, &[0x99, 0x99, 0x34, 0x12], vec![0x1234]),
            (3, 32, &[0, 0, 0x80, 0x3F, 0, 0, 0xC0, 0x7F], vec![32767, 0]),
            (6, 8, &[0xD5], vec![8]),
            (7, 8, &[0xFF], vec![0]),
        ] {
            let wav = read(&file(code, 1, 16_000, bits, data)).unwrap();
            assert_eq!((wav.rate, wav.samples), (16_000, expected), "{code} {bits}");
        }
    }

    #[test]
    fn stereo_is_mixed_without_overflow() {
        let wav = read(&file(1, 2, 8000, 16, &[0xFF, 0x7F, 0xFF, 0x7F, 100, 0, 200, 0])).unwrap();
        assert_eq!(wav.samples, [32767, 150]);
    }

    #[test]
    fn extensible_is_read() {
        let mut bytes =
            b"RIFF\0\0\0\0WAVEfmt \x28\0\0\0\xFE\xFF\x01\0\x40\x1F\0\0\0\0\0\0\x02\0\x10\0".to_vec();
        bytes.extend_from_slice(&[22, 0, 16, 0, 0, 0, 0, 0, 1, 0]);
        bytes.extend_from_slice(&[0; 14]);
        bytes.extend_from_slice(b"data\xFF\xFF\xFF\xFF\x05\0\x06\0\x07");
        assert_eq!(read(&bytes).unwrap().samples, [5, 6]);
        for length in 0..bytes.len() {
            let _ = read(&bytes[..length]);
        }
    }

    #[test]
    fn errors_are_sentences() {
        for (bytes, sentence) in [
            (vec![], "this is not a WAV file: it is empty"),
            (
                b"ID3\x04rest".to_vec(),
                "this is not a WAV file: it starts with \"ID3.rest\" instead of \"RIFF\" and \"WAVE\"; \
                 it looks like an MP3 file",
            ),
            (b"RIFF\0\0\0\0WAVE".to_vec(), "this WAV file does not say how its audio is coded"),
            (file(1, 1, 8000, 16, &[]), "this WAV file holds no audio"),
            (
                file(0x55, 1, 8000, 0, &[1]),
                "this WAV file is coded in format 85 (MP3), which is not read; save it as PCM with 16 bits",
            ),
            (
                file(1, 1, 8000, 12, &[1]),
                "this WAV file has 12 bits per sample, which is not read; save it as PCM with 16 bits",
            ),
            (file(1, 6, 8000, 16, &[1]), "this WAV file has 6 channels; one or two are read"),
            (
                file(1, 1, 96_000, 16, &[1]),
                "this WAV file has 96000 samples per second; from 8000 to 48000 are read",
            ),
        ] {
            assert_eq!(read(&bytes).unwrap_err().to_string(), sentence);
        }
    }

    #[test]
    fn our_headers_are_read_back() {
        for law in [Law::Alaw, Law::Ulaw] {
            for length in [Some(4), None, Some(u64::MAX)] {
                let mut bytes = g711_header(law, 2, length).to_vec();
                bytes.extend_from_slice(&[law.silence(); 4]);
                let wav = read(&bytes).unwrap();
                assert_eq!((wav.rate, wav.samples.len()), (8000, 2));
            }
        }
        let mut bytes = pcm16_header(1, Some(4)).to_vec();
        bytes.extend_from_slice(&[1, 0, 2, 0]);
        assert_eq!(read(&bytes).unwrap().samples, [1, 2]);
        assert_eq!(bytes[4..8], (bytes.len() as u32 - 8).to_le_bytes());
    }
}
