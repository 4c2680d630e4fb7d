//! What a leg says itself, prompts and mixes, put into its codec and into packets of the length that the far end likes.
//!
//! Frames of 20 ms go in, packets of 10 to 60 ms come out. A speech exists while there is something to say.

use crate::g711::Law;
use crate::g722::G722Encoder;
use crate::halfband::{Downsampler, Upsampler, WIDE_FRAME};
use crate::negotiate::{Codec, Negotiated};
use crate::opus::{MAX_PACKET, OpusEncoder, OpusSettings};
use crate::prompt::FRAME;

/// The longest packet, in milliseconds.
const MAX_MS: usize = 60;
/// Bytes of a millisecond of G.711 and of G.722.
const BYTES_PER_MS: usize = 8;
/// Samples of a millisecond at 16000 Hz.
const SAMPLES_PER_MS: usize = 16;
/// Before a frame there is always less than a packet.
const ROOM_MS: usize = MAX_MS + 20;

enum Coder {
    G711(Law, Box<Downsampler>),
    G722(Box<G722Encoder>),
    Opus(OpusEncoder),
}

/// What a packet says of itself once it is written.
pub(super) struct Spoken {
    /// Bytes of its payload.
    pub(super) len: usize,
    /// The place of its beginning on the grid, in samples of 1/8000 s.
    pub(super) position: u32,
    /// How long it lasts, in milliseconds.
    pub(super) ms: u32,
}

pub(super) struct Speech {
    codec: Codec,
    settings: OpusSettings,
    ms: usize,
    coder: Coder,
    /// For prompts in codecs of 16000 Hz.
    up: Upsampler,
    /// Coded audio that waits, of G.711 and G.722.
    bytes: [u8; ROOM_MS * BYTES_PER_MS],
    /// Samples that wait to be coded by Opus.
    samples: [i16; ROOM_MS * SAMPLES_PER_MS],
    /// How much waits, and where it began.
    waiting_ms: usize,
    position: u32,
    /// Whether what waits goes out though it is no whole packet.
    last: bool,
}

impl Speech {
    /// A speech as it was agreed; `None` when there is no memory for an encoder.
    pub(super) fn new(agreed: &Negotiated) -> Option<Self> {
        let coder = match (agreed.codec, agreed.codec.law()) {
            (_, Some(law)) => Coder::G711(law, Box::default()),
            (Codec::Opus, None) => Coder::Opus(OpusEncoder::new(&agreed.opus)?),
            (_, None) => Coder::G722(Box::default()),
        };
        Some(Speech {
            codec: agreed.codec,
            settings: agreed.opus,
            ms: agreed.packet_ms() as usize,
            coder,
            up: Upsampler::default(),
            bytes: [0; ROOM_MS * BYTES_PER_MS],
            samples: [0; ROOM_MS * SAMPLES_PER_MS],
            waiting_ms: 0,
            position: 0,
            last: false,
        })
    }

    /// Whether it is what was agreed.
    pub(super) fn is_for(&self, agreed: &Negotiated) -> bool {
        self.codec == agreed.codec && self.settings == agreed.opus && self.ms == agreed.packet_ms() as usize
    }

    /// Forgets what waits.
    pub(super) fn clear(&mut self) {
        self.waiting_ms = 0;
        self.last = false;
    }

    /// What waits is the end: it goes out though it may be no whole packet.
    pub(super) fn finish(&mut self) {
        self.last = true;
    }

    /// What waits has to join on to what comes; otherwise it is given up.
    fn join(&mut self, position: u32) {
        let end = self.position.wrapping_add((self.waiting_ms * FRAME / 20) as u32);
        if self.waiting_ms == 0 || end != position {
            self.clear();
            self.position = position;
        }
    }

    /// Takes the next frame of a prompt, in a law of G.711.
    pub(super) fn say_frame(&mut self, position: u32, law: Law, frame: &[u8]) {
        let count = frame.len().min(FRAME);
        if let Coder::G711(ours, _) = &self.coder {
            let table = law.table_to(*ours);
            self.join(position);
            let at = self.waiting_ms * BYTES_PER_MS;
            if let Some(room) = self.bytes.get_mut(at..at + FRAME) {
                for (to, from) in room.iter_mut().zip(frame) {
                    *to = table[usize::from(*from)];
                }
                self.waiting_ms += 20;
            }
            return;
        }
        let (mut narrow, mut wide) = ([0; FRAME], [0; WIDE_FRAME]);
        for (to, from) in narrow.iter_mut().zip(&frame[..count]) {
            *to = law.decode(*from);
        }
        self.up.take(&narrow, &mut wide);
        self.say(position, &wide);
    }

    /// Takes the next 20 ms of samples at 16000 Hz.
    pub(super) fn say(&mut self, position: u32, samples: &[i16; WIDE_FRAME]) {
        self.join(position);
        let (bytes_at, samples_at) = (self.waiting_ms * BYTES_PER_MS, self.waiting_ms * SAMPLES_PER_MS);
        match &mut self.coder {
            Coder::G711(law, down) => {
                let mut narrow = [0; FRAME];
                down.take(samples, &mut narrow);
                let Some(room) = self.bytes.get_mut(bytes_at..bytes_at + FRAME) else { return };
                for (to, from) in room.iter_mut().zip(narrow) {
                    *to = law.encode(from);
                }
            }
            Coder::G722(encoder) => {
                let Some(room) = self.bytes.get_mut(bytes_at..bytes_at + FRAME) else { return };
                encoder.encode(samples, room);
            }
            Coder::Opus(_) => {
                let Some(room) = self.samples.get_mut(samples_at..samples_at + WIDE_FRAME) else { return };
                room.copy_from_slice(samples);
            }
        }
        self.waiting_ms += 20;
    }

    /// Writes the payload of the next packet to `out`, when one is whole or what waits is the end. `None` too when
    /// `out` has no room, and what waited is gone then.
    pub(super) fn packet(&mut self, out: &mut [u8]) -> Option<Spoken> {
        let goes = self.waiting_ms >= self.ms || (self.last && self.waiting_ms > 0);
        if !goes {
            return None;
        }
        let ms = self.ms.min(self.waiting_ms);
        let (bytes, samples) = (ms * BYTES_PER_MS, ms * SAMPLES_PER_MS);
        let len = match &mut self.coder {
            Coder::Opus(encoder) => {
                let room = out.len().min(MAX_PACKET);
                let len = encoder.encode(&self.samples[..samples], &mut out[..room]);
                self.samples.copy_within(samples.., 0);
                len
            }
            Coder::G711(..) | Coder::G722(_) => {
                let written = out.get_mut(..bytes).map(|room| room.copy_from_slice(&self.bytes[..bytes]));
                self.bytes.copy_within(bytes.., 0);
                written.map(|()| bytes)
            }
        };
        let position = self.position;
        self.position = position.wrapping_add((ms * FRAME / 20) as u32);
        self.waiting_ms -= ms;
        let Some(len) = len else {
            self.clear();
            return None;
        };
        Some(Spoken { len, position, ms: ms as u32 })
    }
}
