//! What a phone heard in the last second.

use media::Micros;
use media::g711::Law;
use media::rtp::RtpHeader;

/// Samples in the second that a phone remembers.
const SECOND: usize = 8_000;

/// The last second of what came, put in order by timestamps; what is missing is silence.
#[derive(Default)]
pub(crate) struct Ear {
    /// Made with the first packet, then used again and again.
    ring: Box<[i16]>,
    ssrc: u32,
    /// Timestamp one past the newest sample, and where that stands in the ring.
    end: u32,
    place: usize,
    filled: usize,
    last: Micros,
}

impl Ear {
    pub(crate) fn hear(&mut self, now: Micros, law: Law, header: &RtpHeader, payload: &[u8]) {
        self.take(now, header, payload.iter().map(|byte| law.decode(*byte)));
    }

    /// Hears what is decoded already, one sample for each step of the timestamp.
    pub(crate) fn hear_samples(&mut self, now: Micros, header: &RtpHeader, samples: &[i16]) {
        self.take(now, header, samples.iter().copied());
    }

    fn take(&mut self, now: Micros, header: &RtpHeader, samples: impl Iterator<Item = i16>) {
        if self.ring.is_empty() {
            self.ring = vec![0; SECOND].into();
        }
        let ahead = header.timestamp.wrapping_sub(self.end) as i32;
        if self.filled == 0 || self.ssrc != header.ssrc || ahead.unsigned_abs() as usize > SECOND {
            (self.ssrc, self.end, self.filled) = (header.ssrc, header.timestamp, 0);
        }
        for _ in 0..header.timestamp.wrapping_sub(self.end) as i32 {
            self.push(0);
        }
        for (n, sample) in samples.enumerate() {
            let behind = self.end.wrapping_sub(header.timestamp.wrapping_add(n as u32)) as i32;
            if behind <= 0 {
                self.push(sample);
            } else if behind as usize <= self.filled {
                self.ring[(self.place + SECOND - behind as usize) % SECOND] = sample;
            }
        }
        self.last = now;
    }

    fn push(&mut self, sample: i16) {
        self.ring[self.place] = sample;
        self.place = (self.place + 1) % SECOND;
        self.filled = (self.filled + 1).min(SECOND);
        self.end = self.end.wrapping_add(1);
    }

    pub(crate) fn heard(&self, now: Micros) -> Vec<i16> {
        // Packets come in bursts: a short quiet is still the present.
        let quiet = now.saturating_sub(self.last.saturating_add(100_000)) / 125;
        let count = self.filled.min(SECOND.saturating_sub(usize::try_from(quiet).unwrap_or(SECOND)));
        (0..count).map(|n| self.ring[(self.place + SECOND - count + n) % SECOND]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::prompt::Prompt;
    use media::tone::loudest;

    fn header(n: u32) -> RtpHeader {
        let timestamp = (u32::MAX - 4_000).wrapping_add(n * 160);
        RtpHeader { marker: false, payload_type: 8, sequence: n as u16, timestamp, ssrc: 1 }
    }

    #[test]
    fn an_ear_puts_in_order_and_forgets() {
        let sound = Prompt::tone(440.0, 1_000, 0.3);
        let mut ear = Ear::default();
        assert!(ear.heard(0).is_empty());
        // Every second pair comes in the wrong order, over the end of the timestamps.
        for n in 0..100u32 {
            let n = if n % 4 < 2 { n ^ 1 } else { n };
            let frame = sound.frame(Law::Alaw, n as usize % 50).unwrap();
            ear.hear(u64::from(n) * 20_000, Law::Alaw, &header(n), frame);
        }
        let heard = ear.heard(1_980_000);
        assert_eq!(heard.len(), SECOND);
        let decoded: Vec<i16> =
            (0..50).flat_map(|n| sound.frame(Law::Alaw, n).unwrap()).map(|b| Law::Alaw.decode(*b)).collect();
        assert_eq!(heard, decoded);
        assert_eq!(loudest(&heard, 8000, &[425.0, 440.0, 480.0]), Some(440.0));
        assert_eq!(ear.heard(2_580_000).len(), SECOND / 2, "half of the last second was quiet");
        assert!(ear.heard(9_000_000).is_empty());
    }
}
