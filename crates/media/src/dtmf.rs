//! Keys pressed on a telephone, as RTP events (RFC 4733).
//!
//! Receiving reports a key at its first packet, whichever that is, and once per RTP timestamp: all packets
//! of one press carry the same. Sending makes one packet per 20 ms, three of them with the end bit.

use std::collections::VecDeque;
use std::fmt;

use crate::Micros;

/// Samples of 1/8000 s in one tick of 20 ms.
const STEP: u16 = 160;
/// A press that lasted this long and goes on has a new segment: less than a packet of 20 ms below all that fits, by the
/// faster of the clocks (48000 Hz).
const NEARLY_FULL: u16 = u16::MAX - 960;
/// How many packets carry the end bit: the end must survive two losses.
const END_PACKETS: u8 = 3;
/// An event without packets for this long has ended, though nobody said so.
const SILENT_END: Micros = 150_000;
/// Keys that may wait to be sent.
const MAX_QUEUE: usize = 32;

/// One of the sixteen keys.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digit(u8);

const KEYS: &[u8; 16] = b"0123456789*#ABCD";

impl Digit {
    /// From `0`–`9`, `*`, `#`, `A`–`D` (either case).
    pub fn from_char(key: char) -> Option<Self> {
        let key = u8::try_from(key).ok()?.to_ascii_uppercase();
        KEYS.iter().position(|&k| k == key).map(|at| Digit(at as u8))
    }

    /// From the event code of RFC 4733, 0 to 15.
    pub fn from_event(event: u8) -> Option<Self> {
        (event < 16).then_some(Digit(event))
    }

    /// The character on the key.
    pub fn to_char(self) -> char {
        char::from(KEYS[usize::from(self.0 & 15)])
    }

    /// The event code, 0 to 15.
    pub fn event(self) -> u8 {
        self.0
    }
}

impl fmt::Debug for Digit {
    // What people type may be a card number, so a log shows that a key was pressed and not which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digit(_)")
    }
}

/// The payload of one telephone-event packet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// Event code; 0 to 15 are keys.
    pub event: u8,
    /// Whether the key was released.
    pub end: bool,
    /// Level in -dBm0, 0 to 63.
    pub volume: u8,
    /// Time since the timestamp, in units of the clock that was agreed: 1/8000 s or 1/48000 s.
    pub duration: u16,
}

impl fmt::Debug for TelephoneEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelephoneEvent")
            .field("end", &self.end)
            .field("duration", &self.duration)
            .finish_non_exhaustive()
    }
}

impl TelephoneEvent {
    /// Reads the first event of a payload; more behind it (old redundancy) is ignored.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let bytes = payload.get(..4)?;
        Some(TelephoneEvent {
            event: bytes[0],
            end: bytes[1] & 0x80 != 0,
            volume: bytes[1] & 0x3F,
            duration: u16::from_be_bytes([bytes[2], bytes[3]]),
        })
    }

    /// The same event with its duration in units of another clock, as far as it fits: at 48000 Hz a second and a third.
    pub fn at_clock(self, from: u32, to: u32) -> Self {
        let duration = u64::from(self.duration) * u64::from(to) / u64::from(from.max(1));
        TelephoneEvent { duration: u16::try_from(duration).unwrap_or(u16::MAX), ..self }
    }

    /// The four bytes on the wire.
    pub fn write(&self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        [self.event, (u8::from(self.end) << 7) | (self.volume & 0x3F), high, low]
    }
}

#[derive(Clone, Copy)]
struct Press {
    event: u8,
    timestamp: u32,
    duration: u16,
    ended: bool,
    last_packet: Micros,
}

/// Turns the event packets of one received stream into keys. Make a new one when the SSRC changes.
#[derive(Clone, Default)]
pub struct DtmfReceiver {
    press: Option<Press>,
}

impl fmt::Debug for DtmfReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DtmfReceiver").field("pressed", &self.is_pressed()).finish()
    }
}

impl DtmfReceiver {
    /// Takes a telephone-event packet and says which key was newly pressed, if one was.
    pub fn on_packet(&mut self, now: Micros, marker: bool, timestamp: u32, payload: &[u8]) -> Option<Digit> {
        let event = TelephoneEvent::parse(payload)?;
        let digit = Digit::from_event(event.event)?;
        if let Some(press) = &mut self.press {
            let ahead = timestamp.wrapping_sub(press.timestamp);
            // A key held for more than eight seconds goes on as a new segment with a new timestamp
            // (RFC 4733, 2.5.1.3); it is still the same press.
            let next_segment = !press.ended
                && !marker
                && event.event == press.event
                && ahead == u32::from(press.duration)
                && press.duration >= NEARLY_FULL;
            if ahead == 0 || next_segment {
                press.timestamp = timestamp;
                press.duration =
                    if next_segment { event.duration } else { press.duration.max(event.duration) };
                press.ended |= event.end;
                press.last_packet = now;
                return None;
            }
            // A packet of an earlier press that was overtaken on its way was reported already.
            if ahead > u32::MAX / 2 {
                return None;
            }
        }
        self.press = Some(Press {
            event: event.event,
            timestamp,
            duration: event.duration,
            ended: event.end,
            last_packet: now,
        });
        Some(digit)
    }

    /// Ends a press whose end packets were lost; says the key and how long it was held, in units of its clock.
    pub fn expire(&mut self, now: Micros) -> Option<(Digit, u32)> {
        let press = self.press.as_mut()?;
        if press.ended || now < press.last_packet.saturating_add(SILENT_END) {
            return None;
        }
        press.ended = true;
        Some((Digit::from_event(press.event)?, u32::from(press.duration)))
    }

    /// Whether a key is down.
    pub fn is_pressed(&self) -> bool {
        self.press.is_some_and(|press| !press.ended)
    }

    /// When [`DtmfReceiver::expire`] has something to do.
    pub fn deadline(&self) -> Option<Micros> {
        self.press.filter(|press| !press.ended).map(|press| press.last_packet.saturating_add(SILENT_END))
    }
}

/// One packet that the sender wants out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DtmfPacket {
    /// The same for all packets of a press.
    pub timestamp: u32,
    /// Set on the first packet of a press.
    pub marker: bool,
    /// The payload.
    pub payload: [u8; 4],
}

#[derive(Clone, Copy)]
struct Sending {
    digit: Digit,
    timestamp: u32,
    duration: u16,
    total: u16,
    ends: u8,
}

/// Makes the packets of pressed keys, one per tick of 20 ms, with durations in units of 1/8000 s.
#[derive(Clone, Default)]
pub struct DtmfSender {
    queue: VecDeque<(Digit, u16)>,
    sending: Option<Sending>,
}

impl fmt::Debug for DtmfSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DtmfSender").field("queued", &self.queue.len()).finish_non_exhaustive()
    }
}

impl DtmfSender {
    /// Queues a key held for `duration_ms` (40 to 8000, bounded here; whole steps of 20 ms). `false` when
    /// 32 are waiting already.
    pub fn press(&mut self, digit: Digit, duration_ms: u32) -> bool {
        if self.queue.len() >= MAX_QUEUE {
            return false;
        }
        let steps = duration_ms.clamp(40, 8000).div_ceil(20) as u16;
        self.queue.push_back((digit, steps * STEP));
        true
    }

    /// Whether there is anything to send.
    pub fn is_active(&self) -> bool {
        self.sending.is_some() || !self.queue.is_empty()
    }

    /// Forgets what is being sent and what waits.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.sending = None;
    }

    /// The packet of this tick. `timestamp` is the time line of the stream now; it is used when a key
    /// starts. The three end packets of a key are also the pause before the next one.
    pub fn tick(&mut self, timestamp: u32) -> Option<DtmfPacket> {
        let mut marker = false;
        let mut sending = match self.sending.take() {
            Some(sending) => sending,
            None => {
                let (digit, total) = self.queue.pop_front()?;
                marker = true;
                Sending { digit, timestamp, duration: 0, total, ends: 0 }
            }
        };
        sending.duration = sending.duration.saturating_add(STEP).min(sending.total);
        let end = sending.duration == sending.total;
        sending.ends += u8::from(end);
        let event =
            TelephoneEvent { event: sending.digit.event(), end, volume: 10, duration: sending.duration };
        if sending.ends < END_PACKETS {
            self.sending = Some(sending);
        }
        Some(DtmfPacket { timestamp: sending.timestamp, marker, payload: event.write() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packets_of(keys: &str) -> Vec<DtmfPacket> {
        let mut sender = DtmfSender::default();
        for key in keys.chars() {
            assert!(sender.press(Digit::from_char(key).unwrap(), 100));
        }
        let mut packets = Vec::new();
        let mut timestamp = 1000u32;
        while let Some(packet) = sender.tick(timestamp) {
            packets.push(packet);
            timestamp += u32::from(STEP);
        }
        packets
    }

    fn keys_heard(packets: &[DtmfPacket]) -> String {
        let mut receiver = DtmfReceiver::default();
        packets
            .iter()
            .filter_map(|p| receiver.on_packet(0, p.marker, p.timestamp, &p.payload))
            .map(Digit::to_char)
            .collect()
    }

    #[test]
    fn all_keys_have_a_code() {
        for (code, key) in KEYS.iter().enumerate() {
            let digit = Digit::from_char(char::from(*key)).unwrap();
            assert_eq!((usize::from(digit.event()), digit.to_char()), (code, char::from(*key)));
        }
        assert!(Digit::from_char('x').is_none() && Digit::from_char('é').is_none());
        assert!(Digit::from_event(16).is_none());
        assert_eq!(format!("{:?}", Digit::from_char('7').unwrap()), "Digit(_)");
    }

    #[test]
    fn a_key_is_five_steps_and_three_ends() {
        let packets = packets_of("5");
        let shape: Vec<_> = packets
            .iter()
            .map(|p| TelephoneEvent::parse(&p.payload).map(|e| (p.marker, e.end, e.duration)).unwrap())
            .collect();
        assert_eq!(
            shape,
            [
                (true, false, 160),
                (false, false, 320),
                (false, false, 480),
                (false, false, 640),
                (false, true, 800),
                (false, true, 800),
                (false, true, 800)
            ]
        );
        assert!(packets.iter().all(|p| p.timestamp == 1000));
    }

    #[test]
    fn each_key_is_heard_once() {
        assert_eq!(keys_heard(&packets_of("1223#*A")), "1223#*A");
    }

    #[test]
    fn losing_any_packets_but_one_of_each_loses_no_key() {
        let packets = packets_of("11");
        let half = packets.len() / 2;
        for first in 0..half {
            for second in half..packets.len() {
                assert_eq!(keys_heard(&[packets[first], packets[second]]), "11");
            }
        }
    }

    #[test]
    fn overtaken_packets_are_not_heard_again() {
        let mut packets = packets_of("12");
        let last_of_first = packets.len() / 2 - 1;
        packets.swap(last_of_first, last_of_first + 1);
        assert_eq!(keys_heard(&packets), "12");
    }

    #[test]
    fn a_lost_end_is_found_by_time() {
        let mut receiver = DtmfReceiver::default();
        let packet = packets_of("9")[3];
        receiver.on_packet(1000, true, packet.timestamp, &packet.payload);
        assert!(receiver.is_pressed());
        let deadline = receiver.deadline().unwrap();
        assert!(receiver.expire(deadline - 1).is_none());
        let (digit, held) = receiver.expire(deadline).unwrap();
        assert_eq!((digit.to_char(), held), ('9', 640));
        assert!(receiver.deadline().is_none() && receiver.expire(deadline + 1).is_none());
        // The straggler of the same press is not a second one.
        assert!(receiver.on_packet(deadline + 2, false, packet.timestamp, &packet.payload).is_none());
    }

    #[test]
    fn a_long_press_in_segments_is_one_press() {
        let mut receiver = DtmfReceiver::default();
        let packet = |duration| TelephoneEvent { event: 1, end: false, volume: 10, duration }.write();
        assert!(receiver.on_packet(0, true, 0, &packet(160)).is_some());
        assert!(receiver.on_packet(0, false, 0, &packet(65535)).is_none());
        assert!(receiver.on_packet(0, false, 65535, &packet(160)).is_none());
        assert!(receiver.on_packet(0, true, 90_000, &packet(160)).is_some());
    }

    #[test]
    fn the_queue_is_bounded_and_short_payloads_are_ignored() {
        let mut sender = DtmfSender::default();
        let digit = Digit::from_event(1).unwrap();
        for _ in 0..MAX_QUEUE {
            assert!(sender.press(digit, u32::MAX));
        }
        assert!(!sender.press(digit, 100));
        sender.clear();
        assert!(!sender.is_active());
        assert!(DtmfReceiver::default().on_packet(0, true, 0, &[1, 2, 3]).is_none());
        assert!(DtmfReceiver::default().on_packet(0, true, 0, &[16, 0, 0, 1]).is_none());
    }
}
