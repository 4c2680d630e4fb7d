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
//! **Loss** is covered by the last 20 ms, repeated and fading, and after 60 ms by silence.
//!
//! Nothing is allocated after [`JitterBuffer::new`], whatever comes.

use std::fmt;

use crate::g711::Law;
use crate::prompt::FRAME;
use crate::rtp::RtpHeader;

/// Samples of the ring; all places that the reader and a packet may have fit into it.
const RING: usize = 8192;
/// A place that no packet has filled. Neither law decodes to it.
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
/// Steps ahead, in samples: 5 to 20 ms.
const STEP: std::ops::RangeInclusive<i32> = 40..=160;
/// Pulls in a half of the window in which packets are watched (1 s).
const WATCH: u32 = 50;
/// Length of the cross-fade when the reader moves (5 ms).
const FADE: usize = 40;
/// For so long a loss is covered (60 ms).
const COVERED: u32 = 480;

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
}

/// One stream of G.711 at 8000 Hz, decoded and evened out.
pub struct JitterBuffer {
    ring: Box<[i16]>,
    stream: Option<Stream>,
    /// The last 20 ms that were heard, from `oldest` on.
    heard: [i16; FRAME],
    oldest: usize,
    /// Samples missing since.
    missing: u32,
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
    /// An empty buffer.
    pub fn new() -> Self {
        JitterBuffer {
            ring: vec![MISSING; RING].into_boxed_slice(),
            stream: None,
            heard: [0; FRAME],
            oldest: 0,
            missing: COVERED,
        }
    }

    /// Forgets all audio; what comes next begins a stream.
    pub fn flush(&mut self) {
        self.ring.fill(MISSING);
        self.heard.fill(0);
        self.missing = COVERED;
        self.stream = None;
    }

    /// Samples between the reader and the newest sample, at most 1600; 0 when nothing waits.
    pub fn delay(&self) -> u32 {
        self.stream.as_ref().map_or(0, |s| (s.end.wrapping_sub(s.reader) as i32).max(0) as u32)
    }

    /// Takes a packet in `law`. What is longer than 200 ms is cut.
    pub fn push(&mut self, law: Law, header: &RtpHeader, payload: &[u8]) {
        let payload = &payload[..payload.len().min(MAX_DELAY as usize)];
        if payload.is_empty() {
            return;
        }
        let start = header.timestamp;
        if self.stream.as_ref().is_none_or(|s| s.ssrc != header.ssrc) {
            self.begin(header);
        }
        let Some(stream) = &mut self.stream else { return };
        let early = start.wrapping_sub(stream.reader) as i32;
        if !REACH.contains(&early) {
            // One packet far off may be a fault of the sender; the next one tells.
            if !std::mem::replace(&mut stream.stray, true) {
                return;
            }
            self.begin(header);
            return self.push_in_reach(law, start, FIRST_DELAY as i32, payload);
        }
        stream.stray = false;
        self.push_in_reach(law, start, early, payload);
    }

    fn begin(&mut self, header: &RtpHeader) {
        self.ring.fill(MISSING);
        self.stream = Some(Stream {
            ssrc: header.ssrc,
            end: header.timestamp,
            reader: header.timestamp.wrapping_sub(FIRST_DELAY),
            least: [i32::MAX; 2],
            pulls: 0,
            fade_from: None,
            stray: false,
        });
    }

    fn push_in_reach(&mut self, law: Law, start: u32, early: i32, payload: &[u8]) {
        let Some(stream) = &mut self.stream else { return };
        let gap = start.wrapping_sub(stream.end) as i32;
        for n in 0..gap.clamp(0, RING as i32) as u32 {
            self.ring[place(stream.end.wrapping_add(n))] = MISSING;
        }
        let fresh = gap >= 0 || self.ring[place(start)] == MISSING;
        for (n, byte) in payload.iter().enumerate() {
            self.ring[place(start.wrapping_add(n as u32))] = law.decode(*byte);
        }
        let end = start.wrapping_add(payload.len() as u32);
        if end.wrapping_sub(stream.end) as i32 > 0 {
            stream.end = end;
        }
        if fresh {
            stream.least[0] = stream.least[0].min(early);
            if early < 0 {
                stream.step(-(SPARE - early).min(MAX_BACK));
            }
        }
        let excess = stream.end.wrapping_sub(stream.reader) as i32 - MAX_DELAY;
        if excess > 0 {
            stream.step(excess);
        }
    }

    /// The next 20 ms. Says whether anything of it was received or is covering a loss.
    pub fn pull(&mut self, out: &mut [i16; FRAME]) -> bool {
        let Some(stream) = &mut self.stream else {
            out.fill(0);
            return false;
        };
        let at = |position: u32| {
            let there = stream.end.wrapping_sub(position) as i32 > 0;
            if there { self.ring[place(position)] } else { MISSING }
        };
        let mut audible = false;
        for (n, out) in out.iter_mut().enumerate() {
            let mut sample = at(stream.reader.wrapping_add(n as u32));
            if let Some(from) = stream.fade_from.filter(|_| n < FADE) {
                let before = at(from.wrapping_add(n as u32));
                if sample != MISSING && before != MISSING {
                    let (n, whole) = (n as i32, FADE as i32);
                    sample = ((i32::from(before) * (whole - n) + i32::from(sample) * n) / whole) as i16;
                }
            }
            if sample != MISSING {
                self.missing = 0;
                self.heard[self.oldest] = sample;
                self.oldest = (self.oldest + 1) % FRAME;
                audible = true;
            } else if self.missing < COVERED {
                let repeated = self.heard[(self.oldest + self.missing as usize) % FRAME];
                let left = (COVERED - self.missing) as i32;
                sample = (i32::from(repeated) * left / COVERED as i32) as i16;
                self.missing += 1;
                audible = true;
            } else {
                sample = 0;
            }
            *out = sample;
        }
        stream.fade_from = None;
        stream.reader = stream.reader.wrapping_add(FRAME as u32);
        stream.pulls += 1;
        if stream.pulls == WATCH {
            let spare = stream.watch();
            if spare > TOO_MUCH {
                let by = alike(&self.ring, stream, ((spare - SPARE) / 2).clamp(*STEP.start(), *STEP.end()));
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
    fn watch(&mut self) -> i32 {
        self.pulls = 0;
        let least = self.least[0].min(self.least[1]);
        self.least = [i32::MAX, self.least[0]];
        if least > *REACH.end() { 0 } else { least }
    }
}

/// The step ahead, up to `most`, after which the audio goes on most like it would have without: a period of a
/// voice, so that the seam is not heard.
fn alike(ring: &[i16], stream: &Stream, most: i32) -> i32 {
    let at = |n: i32| i32::from(ring[place(stream.reader.wrapping_add_signed(n))]);
    let waiting = stream.end.wrapping_sub(stream.reader) as i32;
    let most = most.min(waiting - FADE as i32);
    let difference = |by: i32| (0..FADE as i32).map(|n| (at(n) - at(n + by)).abs()).sum::<i32>();
    (*STEP.start()..=most).min_by_key(|by| difference(*by)).unwrap_or(*STEP.start())
}

fn place(timestamp: u32) -> usize {
    timestamp as usize % RING
}

#[cfg(test)]
mod tests;
