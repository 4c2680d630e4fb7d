//! A small jitter buffer: where audio is decoded, packets of one stream become 20 ms every 20 ms.
//!
//! Samples lie in a ring at their RTP timestamps, so reordering, duplicates, pauses of a sender that suppresses
//! silence and packets of any length need no case of their own. There is no clock: time passes by
//! [`JitterBuffer::pull`], and how early a packet came is how far it stands ahead of the reader.
//!
//! **Delay** is between 20 and 200 ms. A packet that comes too late moves the reader back at once; when for more
//! than a second everything came early enough, the reader steps ahead a little. The same two moves follow a
//! sender whose clock is faster or slower than ours.
//!
//! **Loss** is covered by [`Concealer`], for 60 ms. Where the sender said what its silence sounds like (RFC 3389),
//! that noise is heard in pauses, otherwise nothing.
//!
//! A buffer is for 8000 samples a second, as G.711 has them, or for 16000.
//!
//! Nothing is allocated after it was made, whatever comes.

use std::fmt;

use crate::conceal::Concealer;
use crate::g711::Law;
use crate::noise::{Noise, NoiseLevel};
use crate::prompt::FRAME;
use crate::rtp::RtpHeader;

// Lengths are in samples of 1/8000 s.

/// The ring; all places that the reader and a packet may have fit into it.
const RING: usize = 8192;
/// A place that no packet has filled. No codec decodes to it.
const MISSING: i16 = i16::MIN;
/// How far the reader begins behind the first packet (40 ms).
const FIRST_DELAY: u32 = 320;
/// The reader is never further than this behind the newest sample (200 ms).
const MAX_DELAY: i32 = 1600;
/// A packet that starts outside this reach of the reader is a jump of the time base (256 ms late, 300 ms early).
const REACH: std::ops::RangeInclusive<i32> = -2048..=2400;
/// The most that one late packet moves the reader back (40 ms).
const MAX_BACK: i32 = 320;
/// How much earlier than needed even the latest packet should come (10 ms).
const SPARE: i32 = 80;
/// More than this to spare for a second (20 ms), and the reader steps ahead.
const TOO_MUCH: i32 = 160;
/// Steps ahead: 5 to 20 ms.
const STEP: std::ops::RangeInclusive<i32> = 40..=160;
/// Pulls in a half of the window in which packets are watched (1 s).
const WATCH: u32 = 50;
/// Length of the cross-fade when the reader moves (5 ms).
const FADE: usize = 40;

struct Stream {
    ssrc: u32,
    /// One past the newest sample.
    end: u32,
    /// The next sample to give.
    reader: u32,
    /// The least that packets came early, in this second and the one before.
    least: [i32; 2],
    pulls: u32,
    /// Where the reader would have been but for its last move.
    fade_from: Option<u32>,
    /// The packet before was out of reach.
    stray: bool,
    /// From here on what is missing is a pause of the sender and sounds so.
    pause: Option<u32>,
}

/// One stream, decoded and evened out.
pub struct JitterBuffer {
    /// Samples of 1/8000 s are so many here.
    scale: usize,
    ring: Box<[i16]>,
    stream: Option<Stream>,
    concealer: Concealer,
    noise: Noise,
}

impl fmt::Debug for JitterBuffer {
    // What people say does not belong in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JitterBuffer").field("delay", &self.delay()).finish_non_exhaustive()
    }
}

impl Default for JitterBuffer {
    fn default() -> Self {
        JitterBuffer::new()
    }
}

impl JitterBuffer {
    /// An empty buffer for 8000 samples a second.
    pub fn new() -> Self {
        JitterBuffer::of(1)
    }

    /// An empty buffer for 16000 samples a second.
    pub fn wide() -> Self {
        JitterBuffer::of(2)
    }

    fn of(scale: usize) -> Self {
        JitterBuffer {
            scale,
            ring: vec![MISSING; RING * scale].into_boxed_slice(),
            stream: None,
            concealer: Concealer::new(scale),
            noise: Noise::default(),
        }
    }

    /// A length of samples of 1/8000 s, here.
    fn scaled(&self, samples: i32) -> i32 {
        samples * self.scale as i32
    }

    /// Forgets all audio; what comes next begins a stream.
    pub fn flush(&mut self) {
        self.ring.fill(MISSING);
        self.concealer.flush();
        self.stream = None;
    }

    /// Samples between the reader and the newest sample, at most 200 ms of them; 0 when nothing waits.
    pub fn delay(&self) -> u32 {
        self.stream.as_ref().map_or(0, |s| (s.end.wrapping_sub(s.reader) as i32).max(0) as u32)
    }

    /// Takes a packet of G.711 in `law`, into a buffer for 8000 samples a second. What is longer than 200 ms is cut.
    pub fn push(&mut self, law: Law, header: &RtpHeader, payload: &[u8]) {
        let samples = payload.iter().map(|byte| law.decode(*byte));
        self.push_samples(header.ssrc, header.timestamp, samples);
    }

    /// Takes samples of the stream `ssrc` whose first has that place on its time line, counted in samples. What is
    /// longer than 200 ms is cut.
    pub fn push_samples(&mut self, ssrc: u32, start: u32, samples: impl ExactSizeIterator<Item = i16>) {
        if samples.len() == 0 {
            return;
        }
        if let Some(early) = self.early(ssrc, start) {
            self.push_in_reach(start, early, samples);
        }
    }

    /// Takes what a sender says about its silence from that place on.
    pub fn push_noise(&mut self, ssrc: u32, start: u32, level: NoiseLevel) {
        self.noise.set(level);
        // It fills a place of its own on the time line, though no samples.
        if self.early(ssrc, start).is_some()
            && let Some(stream) = &mut self.stream
        {
            stream.pause = Some(start);
        }
    }

    /// How early the packet that begins there comes; `None` when it is not believed.
    fn early(&mut self, ssrc: u32, start: u32) -> Option<i32> {
        if self.stream.as_ref().is_none_or(|s| s.ssrc != ssrc) {
            self.begin(ssrc, start);
        }
        let (scale, first) = (self.scale as i32, self.scaled(FIRST_DELAY as i32));
        let stream = self.stream.as_mut()?;
        let early = start.wrapping_sub(stream.reader) as i32;
        if (REACH.start() * scale..=REACH.end() * scale).contains(&early) {
            stream.stray = false;
            return Some(early);
        }
        // One packet far off may be a fault of the sender; the next one tells.
        if !std::mem::replace(&mut stream.stray, true) {
            return None;
        }
        self.begin(ssrc, start);
        Some(first)
    }

    fn begin(&mut self, ssrc: u32, start: u32) {
        self.ring.fill(MISSING);
        self.stream = Some(Stream {
            ssrc,
            end: start,
            reader: start.wrapping_sub(FIRST_DELAY * self.scale as u32),
            least: [i32::MAX; 2],
            pulls: 0,
            fade_from: None,
            stray: false,
            pause: None,
        });
    }

    fn push_in_reach(&mut self, start: u32, early: i32, samples: impl ExactSizeIterator<Item = i16>) {
        let (most, size) = (self.scaled(MAX_DELAY), self.ring.len());
        let (spare, back) = (self.scaled(SPARE), self.scaled(MAX_BACK));
        let Some(stream) = &mut self.stream else { return };
        let place = |timestamp: u32| timestamp as usize % size;
        let gap = start.wrapping_sub(stream.end) as i32;
        for n in 0..gap.clamp(0, size as i32) as u32 {
            self.ring[place(stream.end.wrapping_add(n))] = MISSING;
        }
        let fresh = gap >= 0 || self.ring[place(start)] == MISSING;
        let count = samples.len().min(most as usize);
        for (n, sample) in samples.take(count).enumerate() {
            self.ring[place(start.wrapping_add(n as u32))] = sample.max(MISSING + 1);
        }
        let end = start.wrapping_add(count as u32);
        if end.wrapping_sub(stream.end) as i32 > 0 {
            stream.end = end;
        }
        if fresh {
            stream.least[0] = stream.least[0].min(early);
            if early < 0 {
                stream.step(-(spare - early).min(back));
            }
        }
        let excess = stream.end.wrapping_sub(stream.reader) as i32 - most;
        if excess > 0 {
            stream.step(excess);
        }
    }

    /// The next 20 ms: `out` has 160 samples, or 320 of a wide buffer. Says whether anything of it was received, is
    /// covering a loss, or is the sender's noise.
    pub fn pull(&mut self, out: &mut [i16]) -> bool {
        let (fade, frame) = (FADE * self.scale, FRAME * self.scale);
        let Some(stream) = &mut self.stream else {
            out.fill(0);
            return false;
        };
        let size = self.ring.len();
        let at = |position: u32| {
            let there = stream.end.wrapping_sub(position) as i32 > 0;
            if there { self.ring[position as usize % size] } else { MISSING }
        };
        let mut audible = false;
        let mut pause = stream.pause;
        for (n, out) in out.iter_mut().enumerate().take(frame) {
            let position = stream.reader.wrapping_add(n as u32);
            let mut sample = at(position);
            if let Some(from) = stream.fade_from.filter(|_| n < fade) {
                let before = at(from.wrapping_add(n as u32));
                if sample != MISSING && before != MISSING {
                    let (n, whole) = (n as i32, fade as i32);
                    sample = ((i32::from(before) * (whole - n) + i32::from(sample) * n) / whole) as i16;
                }
            }
            let paused = pause.is_some_and(|from| position.wrapping_sub(from) as i32 >= 0);
            let heard = if sample != MISSING {
                // Talk again: the pause is over.
                pause = pause.filter(|_| !paused);
                Some(self.concealer.heard(sample))
            } else if paused {
                Some(self.concealer.heard(self.noise.next_sample()))
            } else {
                self.concealer.missing()
            };
            audible |= heard.is_some();
            *out = heard.unwrap_or(0);
        }
        stream.pause = pause;
        stream.fade_from = None;
        stream.reader = stream.reader.wrapping_add(frame as u32);
        stream.pulls += 1;
        if stream.pulls == WATCH {
            let scale = self.scale as i32;
            let spare = stream.watch(REACH.end() * scale);
            if spare > TOO_MUCH * scale {
                let most = ((spare - SPARE * scale) / 2).clamp(STEP.start() * scale, STEP.end() * scale);
                let by = alike(&self.ring, stream, scale, most);
                stream.step(by);
            }
        }
        audible
    }
}

impl Stream {
    /// Moves the reader; ahead is positive.
    fn step(&mut self, by: i32) {
        self.fade_from.get_or_insert(self.reader);
        self.reader = self.reader.wrapping_add_signed(by);
        for least in &mut self.least {
            *least = least.saturating_sub(by);
        }
    }

    /// Begins another second; says by how much all packets of the last one to two came too early, 0 without any.
    fn watch(&mut self, most: i32) -> i32 {
        self.pulls = 0;
        let least = self.least[0].min(self.least[1]);
        self.least = [i32::MAX, self.least[0]];
        if least > most { 0 } else { least }
    }
}

/// The step ahead, up to `most`, after which the audio goes on most like it would have without: a period of a
/// voice, so that the seam is not heard.
fn alike(ring: &[i16], stream: &Stream, scale: i32, most: i32) -> i32 {
    let at = |n: i32| i32::from(ring[stream.reader.wrapping_add_signed(n) as usize % ring.len()]);
    let (fade, least) = (FADE as i32 * scale, STEP.start() * scale);
    let waiting = stream.end.wrapping_sub(stream.reader) as i32;
    let most = most.min(waiting - fade);
    let difference = |by: i32| (0..fade).map(|n| (at(n) - at(n + by)).abs()).sum::<i32>();
    (least..=most).min_by_key(|by| difference(*by)).unwrap_or(least)
}

#[cfg(test)]
mod tests;
