//! Payloads of Opus, G.722 and comfort noise, in any order, with losses between them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::conceal::Concealer;
use media::g722::{G722Decoder, G722Encoder};
use media::noise::{Noise, NoiseLevel};
use media::opus::{MAX_SAMPLES, OpusDecoder, duration};

fuzz_target!(|data: &[u8]| {
    let Some(mut opus) = OpusDecoder::new() else { return };
    let (mut decoder, mut encoder) = (G722Decoder::default(), G722Encoder::default());
    let (mut concealer, mut noise) = (Concealer::new(2), Noise::default());
    let mut out = [0; MAX_SAMPLES];
    let mut rest = data;
    while let [what, len, more @ ..] = rest {
        let (payload, after) = more.split_at(usize::from(*len).min(more.len()));
        rest = after;
        match what % 6 {
            0 => {
                // At 16000 Hz a sample is three units of the clock; a packet says its length truly or is refused.
                if let Some(count) = opus.decode(payload, &mut out) {
                    assert_eq!(duration(payload), Some(count as u32 * 3));
                }
            }
            1 => {
                let _ = opus.repair(payload, &mut out[..320]);
            }
            2 => {
                let _ = opus.conceal(&mut out[..usize::from(what / 6) % 48 * 40 + 40]);
            }
            3 => {
                let count = decoder.decode(payload, &mut out);
                assert_eq!(count, payload.len().min(MAX_SAMPLES / 2) * 2);
                let mut again = [0; MAX_SAMPLES / 2];
                assert_eq!(encoder.encode(&out[..count], &mut again), count / 2);
            }
            4 => {
                if let Some(level) = NoiseLevel::parse(payload) {
                    noise.set(level);
                }
                (0..100).for_each(|_| assert!(noise.next_sample().unsigned_abs() < 8_000));
            }
            _ => {
                for byte in payload {
                    let sample = i16::from_be_bytes([*byte, *what]);
                    let _ = if byte % 3 == 0 { concealer.missing() } else { Some(concealer.heard(sample)) };
                }
            }
        }
    }
});
