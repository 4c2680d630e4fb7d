//! The tap of a recording: the packets of two streams laid on one time line, as two channels of G.711.
//!
//! What was on the wire is written down as it was; a byte is changed only when its law is not that of the
//! recording, and what was spoken in a codec other than G.711 is decoded and brought to 8000 Hz. Each stream is anchored where its first packet arrived and then follows its RTP timestamps, so
//! that jitter leaves no trace. Nothing is allocated per packet. Several may share the right channel; what they say
//! is summed where more than one says something, and otherwise written down as it was.
//!
//! Drain rule: call [`Recorder::advance`] until it gives `None`, at least every half second; packets that
//! come when the ring of about one second is full are not recorded and counted as missed.

use std::fmt;

use crate::Micros;
use crate::g711::Law;
use crate::rtp::RtpHeader;

/// Which channel of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// The customer.
    Left,
    /// The agent.
    Right,
    /// Somebody else in the right channel, as [`Recorder::add`] gave it.
    Added(Added),
}

/// Names one of those who were added to the right channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Added(u8);

impl Channel {
    fn track(self) -> usize {
        match self {
            Channel::Left => 0,
            Channel::Right => 1,
            Channel::Added(Added(n)) => usize::from(n),
        }
    }
}

/// Who may speak in the right channel besides its first.
const MAX_ADDED: usize = 7;
/// Pauses that are told apart; later ones count to the last.
const MAX_PAUSES: usize = 1000;

/// Samples that a channel holds, a little more than a second.
const RING: u64 = 8192;
/// Audio is given out when it is this old, in samples (200 ms): later packets have had their chance.
const WINDOW: u64 = 1600;
/// A timestamp that is this far from the arrival, in samples, is a new time base (200 ms).
const MAX_DEVIATION: i64 = 1600;
/// So many packets in a row that are too late are no longer late, but a path that became longer.
const MAX_LATE_RUN: u32 = 25;
/// Audio is given out in multiples of this many frames (20 ms), but for the last piece.
const BLOCK: u64 = 160;
/// Most frames of one block given out.
const MAX_BLOCK: u64 = 4096;

/// Where a stream stands on the time line.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    ssrc: u32,
    timestamp: u32,
    position: i64,
    newest_sequence: u16,
    /// Bit n: the packet n behind the newest was seen.
    seen: u64,
    late_run: u32,
}

struct Track {
    ring: Box<[u8]>,
    anchor: Option<Anchor>,
    /// One past the last sample written.
    end: u64,
    /// Nothing is placed before this frame: what was said while it was muted or paused stays unrecorded, even when
    /// it arrives after that.
    not_before: u64,
    muted: bool,
    /// It is in use; one that is not keeps its place until what it holds was given out.
    used: bool,
}

impl Track {
    fn new(law: Law) -> Self {
        Track {
            ring: vec![law.silence(); RING as usize].into_boxed_slice(),
            anchor: None,
            end: 0,
            not_before: 0,
            muted: false,
            used: true,
        }
    }

    /// Nothing from this frame on is kept.
    fn silence_from(&mut self, from: u64, silence: u8) {
        // A packet may have been placed a little ahead of its arrival; that part is silenced too.
        for at in from..self.end {
            self.ring[(at % RING) as usize] = silence;
        }
        self.end = self.end.min(from);
    }
}

/// Two channels of one recording, 8000 frames per second.
pub struct Recorder {
    law: Law,
    began: Micros,
    /// Left, right, and those added to the right.
    tracks: Vec<Track>,
    /// Everything before this frame was given out.
    given: u64,
    paused: bool,
    /// From and to, in frames; the last one runs while `paused`.
    pauses: Vec<(u64, u64)>,
    missed: u64,
    out: Box<[u8]>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("law", &self.law)
            .field("given", &self.given)
            .field("paused", &self.paused)
            .field("missed", &self.missed)
            .finish_non_exhaustive()
    }
}

impl Recorder {
    /// A recording in that law whose first frame is `now`.
    pub fn new(law: Law, now: Micros) -> Self {
        Recorder {
            law,
            began: now,
            tracks: vec![Track::new(law), Track::new(law)],
            given: 0,
            paused: false,
            pauses: Vec::new(),
            missed: 0,
            out: vec![0; MAX_BLOCK as usize * 2].into_boxed_slice(),
        }
    }

    /// The law of the recording.
    pub fn law(&self) -> Law {
        self.law
    }

    /// Frames given out so far.
    pub fn frames(&self) -> u64 {
        self.given
    }

    /// Packets that found no room or came too late.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Whether silence is written at present.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    fn frame_at(&self, now: Micros) -> u64 {
        now.saturating_sub(self.began) / 125
    }

    /// Places a packet of audio in `law`. `header` is that of the packet as it came.
    pub fn push(&mut self, channel: Channel, now: Micros, law: Law, header: &RtpHeader, payload: &[u8]) {
        if law == self.law {
            return self.put(channel, now, header, payload.iter().copied());
        }
        let table = law.table_to(self.law);
        self.put(channel, now, header, payload.iter().map(|byte| table[usize::from(*byte)]));
    }

    /// Places audio that was decoded, 8000 samples a second. `header` is that of its packet, with a timestamp of a
    /// clock of 8000 Hz.
    pub fn push_samples(&mut self, channel: Channel, now: Micros, header: &RtpHeader, samples: &[i16]) {
        let law = self.law;
        self.put(channel, now, header, samples.iter().map(|sample| law.encode(*sample)));
    }

    fn put(
        &mut self,
        channel: Channel,
        now: Micros,
        header: &RtpHeader,
        bytes: impl ExactSizeIterator<Item = u8>,
    ) {
        let arrival = self.frame_at(now) as i64;
        let Some(track) = self.tracks.get_mut(channel.track()).filter(|track| track.used) else { return };
        let Some(position) = place(&mut track.anchor, arrival, header) else {
            return;
        };
        if self.paused || track.muted || bytes.len() == 0 {
            return;
        }
        let earliest = self.given.max(track.not_before) as i64;
        let latest = (self.given + RING) as i64;
        let (start, end) = (position, position.saturating_add(bytes.len() as i64));
        if start < earliest || end > latest {
            self.missed += 1;
        }
        let (first, last) = (start.max(earliest), end.min(latest));
        if first >= last {
            return;
        }
        let mut bytes = bytes.skip((first - start) as usize);
        for part in in_ring(first as u64, last as u64) {
            for (place, byte) in track.ring[part].iter_mut().zip(&mut bytes) {
                *place = byte;
            }
        }
        track.end = track.end.max(last as u64);
    }

    /// From now on silence is written, also for packets that are on their way.
    pub fn pause(&mut self, now: Micros) {
        if self.paused {
            return;
        }
        self.paused = true;
        let from = self.frame_at(now).max(self.given);
        // The list is bounded; from there on the pauses and what lies between them are told as one.
        if self.pauses.len() < MAX_PAUSES {
            self.pauses.push((from, from));
        }
        for track in &mut self.tracks {
            track.silence_from(from, self.law.silence());
        }
    }

    /// Records again.
    pub fn resume(&mut self, now: Micros) {
        if self.paused {
            self.paused = false;
            let at = self.frame_at(now).max(self.given);
            if let Some(last) = self.pauses.last_mut() {
                last.1 = last.1.max(at);
            }
            for track in &mut self.tracks {
                track.not_before = track.not_before.max(at);
            }
        }
    }

    /// The pauses so far in milliseconds since the beginning, from and to, at most 1000; one that lasts ends `now`.
    /// Of more, the last one reaches from the thousandth to the end of the newest.
    pub fn pauses(&self, now: Micros) -> Vec<(u64, u64)> {
        let mut pauses = self.pauses.clone();
        if let Some(last) = pauses.last_mut().filter(|_| self.paused) {
            last.1 = last.1.max(self.frame_at(now));
        }
        pauses.into_iter().map(|(from, to)| (from / 8, to / 8)).collect()
    }

    /// From now on silence is written for this channel alone, also for packets that are on their way.
    pub fn mute(&mut self, channel: Channel, now: Micros) {
        let from = self.frame_at(now).max(self.given);
        if let Some(track) = self.tracks.get_mut(channel.track()).filter(|track| !track.muted) {
            track.muted = true;
            track.silence_from(from, self.law.silence());
        }
    }

    /// Records the channel again.
    pub fn unmute(&mut self, channel: Channel, now: Micros) {
        let at = self.frame_at(now).max(self.given);
        if let Some(track) = self.tracks.get_mut(channel.track()).filter(|track| track.muted) {
            track.muted = false;
            track.not_before = track.not_before.max(at);
        }
    }

    /// One more who speaks in the right channel; `None` when there are seven.
    pub fn add(&mut self) -> Option<Channel> {
        let free = self.tracks.iter().skip(2).position(|track| !track.used && track.end <= self.given);
        let at = match free {
            Some(n) => n + 2,
            None if self.tracks.len() < 2 + MAX_ADDED => self.tracks.len(),
            None => return None,
        };
        let track = Track { not_before: self.given, ..Track::new(self.law) };
        match self.tracks.get_mut(at) {
            Some(place) => *place = track,
            None => self.tracks.push(track),
        }
        Some(Channel::Added(Added(at as u8)))
    }

    /// Who was added is not recorded any more; what was said is.
    pub fn remove(&mut self, channel: Channel) {
        if let (Channel::Added(_), Some(track)) = (channel, self.tracks.get_mut(channel.track())) {
            track.used = false;
        }
    }

    /// Interleaved bytes (left, right, left, …) that are old enough; call until `None`. A block is a multiple
    /// of 20 ms and at most half a second.
    pub fn advance(&mut self, now: Micros) -> Option<&[u8]> {
        let ready = self.frame_at(now).saturating_sub(WINDOW).saturating_sub(self.given);
        self.give((ready / BLOCK * BLOCK).min(MAX_BLOCK / BLOCK * BLOCK))
    }

    /// Everything up to `now`, when no more packets will come; call until `None`.
    pub fn finish(&mut self, now: Micros) -> Option<&[u8]> {
        let placed = self.tracks.iter().map(|track| track.end).max().unwrap_or(0);
        let ready = self.frame_at(now).max(placed).saturating_sub(self.given);
        self.give(ready.min(MAX_BLOCK))
    }

    fn give(&mut self, frames: u64) -> Option<&[u8]> {
        if frames == 0 {
            return None;
        }
        let frames_end = self.given + frames;
        let (left, right) = self.tracks.split_at_mut(1);
        let speaking = right.iter().filter(|track| track.end > self.given).count();
        let silence = self.law.silence();
        for (side, tracks) in [left, right].into_iter().enumerate() {
            let mut out = self.out[..frames as usize * 2].iter_mut().skip(side).step_by(2);
            if side == 1 && speaking > 1 {
                for (at, out) in (self.given..frames_end).zip(out) {
                    *out = sum_of(tracks, (at % RING) as usize, self.law);
                }
            } else if let Some(track) = tracks.iter_mut().find(|track| track.end > self.given) {
                // The bytes of the only track that has something, as they were.
                for part in in_ring(self.given, frames_end) {
                    let ring = &mut track.ring[part];
                    for (byte, out) in ring.iter().zip(&mut out) {
                        *out = *byte;
                    }
                    ring.fill(silence);
                }
            } else {
                out.for_each(|out| *out = silence);
            }
        }
        self.given += frames;
        Some(&self.out[..frames as usize * 2])
    }
}

/// Where the frames from one up to another lie in the ring: what is before its end, and what goes on at its beginning.
fn in_ring(from: u64, to: u64) -> [std::ops::Range<usize>; 2] {
    let (at, len) = ((from % RING) as usize, to.saturating_sub(from).min(RING) as usize);
    let first = len.min(RING as usize - at);
    [at..at + first, 0..len - first]
}

/// What all tracks say at once.
fn sum_of(tracks: &mut [Track], slot: usize, law: Law) -> u8 {
    let mut sum = 0i32;
    for track in tracks {
        let byte = std::mem::replace(&mut track.ring[slot], law.silence());
        // The value nearest to silence is not zero in A-law: who says nothing adds nothing.
        if byte != law.silence() {
            sum += i32::from(law.decode(byte));
        }
    }
    law.encode(sum.clamp(i16::MIN.into(), i16::MAX.into()) as i16)
}

/// Where the packet belongs on the time line; `None` for one seen before or hopelessly late.
fn place(anchor: &mut Option<Anchor>, arrival: i64, header: &RtpHeader) -> Option<i64> {
    let fresh = Anchor {
        ssrc: header.ssrc,
        timestamp: header.timestamp,
        position: arrival,
        newest_sequence: header.sequence,
        seen: 1,
        late_run: 0,
    };
    let Some(known) = anchor.as_mut().filter(|known| known.ssrc == header.ssrc) else {
        *anchor = Some(fresh);
        return Some(arrival);
    };
    let ahead = header.sequence.wrapping_sub(known.newest_sequence) as i16;
    match ahead {
        1.. => {
            known.seen = known.seen.checked_shl(u32::from(ahead as u16)).unwrap_or(0) | 1;
            known.newest_sequence = header.sequence;
        }
        -63..=0 => {
            let bit = 1u64 << ahead.unsigned_abs();
            if known.seen & bit != 0 {
                return None;
            }
            known.seen |= bit;
        }
        // So far behind it is a new count, which the timestamp below will confirm or not.
        _ => {
            known.seen = 1;
            known.newest_sequence = header.sequence;
        }
    }
    let elapsed = header.timestamp.wrapping_sub(known.timestamp) as i32;
    let position = known.position + i64::from(elapsed);
    let deviation = position - arrival;
    if deviation.abs() <= MAX_DEVIATION {
        known.late_run = 0;
        // The anchor follows the newest packet, so that timestamps may wrap.
        if ahead > 0 {
            known.timestamp = header.timestamp;
            known.position = position;
        }
        return Some(position);
    }
    // A burst after a stall of the network is late and not a jump: its timestamps go on. Only when everything
    // stays late has the path become longer.
    let continues = deviation < 0 && deviation > -8 * MAX_DEVIATION;
    if continues && known.late_run < MAX_LATE_RUN {
        known.late_run += 1;
        return Some(position);
    }
    *anchor = Some(fresh);
    Some(arrival)
}

#[cfg(test)]
mod tests;
