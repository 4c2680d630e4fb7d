//! The tap of a recording: the packets of two streams laid on one time line, as two channels of G.711.
//!
//! What was on the wire is written down as it was; a byte is changed only when its law is not that of the
//! recording. Each stream is anchored where its first packet arrived and then follows its RTP timestamps, so
//! that jitter leaves no trace. Nothing is allocated after [`Recorder::new`].
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
}

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
}

/// Two channels of one recording, 8000 frames per second.
pub struct Recorder {
    law: Law,
    began: Micros,
    tracks: [Track; 2],
    /// Everything before this frame was given out.
    given: u64,
    /// Nothing is placed before this frame: what was said during a pause stays unrecorded, even when it
    /// arrives after it.
    not_before: u64,
    paused: bool,
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
        let track =
            || Track { ring: vec![law.silence(); RING as usize].into_boxed_slice(), anchor: None, end: 0 };
        Recorder {
            law,
            began: now,
            tracks: [track(), track()],
            given: 0,
            not_before: 0,
            paused: false,
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
        let arrival = self.frame_at(now) as i64;
        let track = match channel {
            Channel::Left => &mut self.tracks[0],
            Channel::Right => &mut self.tracks[1],
        };
        let Some(position) = place(&mut track.anchor, arrival, header) else {
            return;
        };
        if self.paused || payload.is_empty() {
            return;
        }
        let table = law.table_to(self.law);
        let earliest = self.given.max(self.not_before) as i64;
        let latest = (self.given + RING) as i64;
        let (start, end) = (position, position.saturating_add(payload.len() as i64));
        if start < earliest || end > latest {
            self.missed += 1;
        }
        let (first, last) = (start.max(earliest), end.min(latest));
        if first >= last {
            return;
        }
        let piece = &payload[(first - start) as usize..(last - start) as usize];
        for (at, byte) in (first as u64..).zip(piece) {
            track.ring[(at % RING) as usize] = table[usize::from(*byte)];
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
        let silence = self.law.silence();
        for track in &mut self.tracks {
            // A packet may have been placed a little ahead of its arrival; that part is silenced too.
            for at in from..track.end {
                track.ring[(at % RING) as usize] = silence;
            }
            track.end = track.end.min(from);
        }
    }

    /// Records again.
    pub fn resume(&mut self, now: Micros) {
        if self.paused {
            self.paused = false;
            self.not_before = self.frame_at(now);
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
        let silence = self.law.silence();
        for (side, track) in self.tracks.iter_mut().enumerate() {
            for n in 0..frames {
                let slot = &mut track.ring[((self.given + n) % RING) as usize];
                self.out[n as usize * 2 + side] = std::mem::replace(slot, silence);
            }
        }
        self.given += frames;
        Some(&self.out[..frames as usize * 2])
    }
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
mod tests {
    use super::*;

    fn header(n: u16) -> RtpHeader {
        RtpHeader { marker: false, payload_type: 8, sequence: n, timestamp: u32::from(n) * 160, ssrc: 1 }
    }

    fn drain(recorder: &mut Recorder, now: Micros, into: &mut Vec<u8>) {
        while let Some(block) = recorder.advance(now) {
            assert_eq!(block.len() % 320, 0);
            into.extend_from_slice(block);
        }
    }

    fn finish(recorder: &mut Recorder, now: Micros, into: &mut Vec<u8>) {
        while let Some(block) = recorder.finish(now) {
            into.extend_from_slice(block);
        }
    }

    fn channel(bytes: &[u8], side: usize) -> Vec<u8> {
        bytes.iter().skip(side).step_by(2).copied().collect()
    }

    /// Packet n carries 160 bytes of value n.
    fn record(arrivals: &[(Micros, u16)], end: Micros) -> Vec<u8> {
        let mut recorder = Recorder::new(Law::Alaw, 0);
        let mut out = Vec::new();
        for &(at, n) in arrivals {
            drain(&mut recorder, at, &mut out);
            recorder.push(Channel::Left, at, Law::Alaw, &header(n), &[n as u8; 160]);
        }
        finish(&mut recorder, end, &mut out);
        channel(&out, 0)
    }

    #[test]
    fn channels_and_laws() {
        let mut recorder = Recorder::new(Law::Alaw, 1_000_000);
        recorder.push(Channel::Left, 1_000_000, Law::Alaw, &header(0), &[1; 160]);
        recorder.push(Channel::Right, 1_010_000, Law::Ulaw, &header(0), &[0x80; 160]);
        assert!(recorder.advance(1_200_000).is_none());
        let mut out = Vec::new();
        drain(&mut recorder, 1_225_000, &mut out);
        assert_eq!(channel(&out, 0), [1; 160]);
        let right = channel(&out, 1);
        assert_eq!(right[..80], [0xD5; 80]);
        assert_eq!(right[80..], [Law::Ulaw.table_to(Law::Alaw)[0x80]; 80]);
        finish(&mut recorder, 1_225_000, &mut out);
        assert_eq!(out.len(), 2 * 225 * 8);
    }

    #[test]
    fn jitter_reordering_and_duplicates_leave_no_trace() {
        let arrivals =
            [(0, 0), (35_000, 1), (75_000, 3), (76_000, 2), (77_000, 3), (81_000, 4), (190_000, 5)];
        let out = record(&arrivals, 200_000);
        for n in 0..6 {
            assert!(out[n * 160..(n + 1) * 160].iter().all(|b| usize::from(*b) == n), "packet {n}");
        }
        assert_eq!(out[960..], [0xD5; 640]);
    }

    #[test]
    fn gaps_are_silence() {
        let out = record(&[(0, 1), (60_000, 4)], 80_000);
        assert_eq!(out[..160], [1; 160]);
        assert_eq!(out[160..480], [0xD5; 320]);
        assert_eq!(out[480..], [4; 160]);
    }

    #[test]
    fn a_stall_loses_only_what_is_too_late() {
        let mut arrivals: Vec<(Micros, u16)> = (0..10).map(|n| (u64::from(n) * 20_000, n)).collect();
        arrivals.extend((10..25).map(|n| (500_000, n)));
        arrivals.extend((25..40).map(|n| (u64::from(n) * 20_000, n)));
        let out = record(&arrivals, 800_000);
        for n in (0..10).chain(16..40) {
            assert_eq!(out[n * 160], n as u8, "packet {n}");
        }
        assert_eq!(out[12 * 160], 0xD5);
        assert_eq!(out.len(), 6400);
    }

    #[test]
    fn jumps_are_anchored_anew() {
        let mut recorder = Recorder::new(Law::Alaw, 0);
        let mut out = Vec::new();
        recorder.push(Channel::Left, 0, Law::Alaw, &header(0), &[1; 160]);
        let mut jumped = RtpHeader { timestamp: 0x8000_0000, ..header(1) };
        recorder.push(Channel::Left, 20_000, Law::Alaw, &jumped, &[2; 160]);
        jumped = RtpHeader { ssrc: 2, timestamp: 77, sequence: 9, ..jumped };
        recorder.push(Channel::Left, 40_000, Law::Alaw, &jumped, &[3; 160]);
        finish(&mut recorder, 60_000, &mut out);
        let left = channel(&out, 0);
        assert_eq!((left[0], left[160], left[320]), (1, 2, 3));
    }

    #[test]
    fn a_path_that_became_longer_is_followed() {
        let mut arrivals: Vec<(Micros, u16)> = (0..10).map(|n| (u64::from(n) * 20_000, n)).collect();
        arrivals.extend((10..100).map(|n| (u64::from(n) * 20_000 + 400_000, n)));
        let out = record(&arrivals, 2_400_000);
        assert!(out.contains(&60) && out.contains(&99));
    }

    #[test]
    fn a_pause_is_silence_whatever_arrives() {
        let mut recorder = Recorder::new(Law::Ulaw, 0);
        let mut out = Vec::new();
        for n in 0..100u16 {
            let now = u64::from(n) * 20_000;
            match n {
                30 => recorder.pause(now),
                60 => recorder.resume(now),
                _ => {}
            }
            // From packet 1 on everything comes 10 ms earlier than the first promised.
            let at = now - u64::from(n > 0) * 10_000;
            recorder.push(Channel::Right, at, Law::Ulaw, &header(n), &[7; 160]);
            drain(&mut recorder, now, &mut out);
        }
        finish(&mut recorder, 2_000_000, &mut out);
        let right = channel(&out, 1);
        assert_eq!(right.len(), 16_000);
        assert!(right[..4800].iter().all(|b| *b == 7));
        assert!(right[4800..9600].iter().all(|b| *b == 0xFF));
        assert!(right[9600..].iter().all(|b| *b == 7));
    }

    #[test]
    fn hostile_headers_and_stalls_are_bounded() {
        let mut recorder = Recorder::new(Law::Alaw, 5_000);
        let mut state = 88172645463325252u64;
        let mut total = 0;
        for n in 0..20_000u64 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let hostile = RtpHeader {
                marker: false,
                payload_type: 8,
                sequence: state as u16,
                timestamp: (state >> 16) as u32,
                ssrc: (state >> 48) as u32 & 1,
            };
            let payload = vec![0; (state >> 50) as usize & 2047];
            recorder.push(Channel::Left, n * 1000, Law::Ulaw, &hostile, &payload);
            if n % 700 == 0 {
                while let Some(block) = recorder.advance(n * 1000) {
                    total += block.len();
                }
            }
        }
        while let Some(block) = recorder.finish(20_000_000) {
            total += block.len();
        }
        assert!(total / 2 >= 19_995 * 8 && total / 2 <= 19_995 * 8 + 4000, "{total}");
    }
}
