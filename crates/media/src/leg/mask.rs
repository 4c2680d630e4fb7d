//! Keys as tones taken out of the audio: a delay line that is longer than a tone needs to be known for one.
//!
//! What the far end says goes on to others a little later. When a key is found, all that is still in the line, the
//! beginning of its tone with it, becomes silence, and so does what comes until the key is let go. So a tone of 40 ms or
//! more, which is the shortest that is a key (ITU-T Q.24), is never heard by anybody.

use super::packet::Packet;
use crate::g711::Law;

/// How long audio is delayed, in milliseconds. A key is found within 45 ms of its beginning, whatever lies before it.
pub(super) const DELAY_MS: usize = 60;
/// The longest payload of G.711 that is masked, in bytes; a longer one is not given to anybody.
pub(super) const MAX_PAYLOAD: usize = 2_048;

/// Samples, or bytes of G.711, that go on later.
#[derive(Debug)]
pub(super) struct DelayLine<T> {
    ring: Box<[T]>,
    at: usize,
}

impl<T: Copy> DelayLine<T> {
    /// A line for so many of them a millisecond, full of silence.
    pub(super) fn new(per_ms: usize, silence: T) -> Self {
        DelayLine { ring: vec![silence; DELAY_MS * per_ms].into_boxed_slice(), at: 0 }
    }

    /// All that is in the line becomes silence.
    pub(super) fn silence(&mut self, silence: T) {
        self.ring.fill(silence);
    }

    /// Exchanges what comes for what goes on in its place.
    pub(super) fn pass(&mut self, pieces: &mut [T]) {
        for piece in pieces {
            std::mem::swap(piece, &mut self.ring[self.at]);
            self.at = (self.at + 1) % self.ring.len();
        }
    }
}

/// The delay line of a stream of G.711.
#[derive(Debug)]
pub(crate) struct Mask {
    law: Law,
    /// The stream, and the timestamp that follows what is in the line.
    stream: Option<(u32, u32)>,
    line: DelayLine<u8>,
    out: Box<[u8; MAX_PAYLOAD]>,
    filled: usize,
}

impl Mask {
    pub(super) fn new(law: Law) -> Self {
        Mask {
            law,
            stream: None,
            line: DelayLine::new(8, law.silence()),
            out: Box::new([0; MAX_PAYLOAD]),
            filled: 0,
        }
    }

    /// Takes a packet; `sounds` says whether a key sounds in it.
    pub(super) fn take(&mut self, law: Law, packet: &Packet<'_>, sounds: bool) {
        let (ssrc, start) = (packet.header.ssrc, packet.header.timestamp);
        let joins = self.law == law && self.stream == Some((ssrc, start));
        self.law = law;
        // What does not follow has nothing to do with what is in the line.
        if sounds || !joins {
            self.line.silence(law.silence());
        }
        let count = packet.payload.len().min(MAX_PAYLOAD);
        let out = &mut self.out[..count];
        out.copy_from_slice(&packet.payload[..count]);
        if sounds {
            out.fill(law.silence());
        }
        self.line.pass(out);
        self.filled = count;
        self.stream = Some((ssrc, start.wrapping_add(packet.payload.len() as u32)));
    }

    /// What goes on in place of the packet.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.out[..self.filled]
    }
}
