//! What phones of a [`Desk`] heard, from their first packet on, and keys that they press.
//!
//! Tones here are multiples of 10 Hz, and pieces that are looked at are multiples of 100 ms long: so each tone is found
//! alone, however near the next one is.

use crate::desk::{Desk, is_report};
use media::dtmf::Digit;
use media::g711::Law;
use media::inband::DtmfDetector;
use media::rtp::RtpPacket;
use media::tone::{Sine, level, power_at};
use sim::PhoneId;
use std::collections::VecDeque;

/// A tenth of a second: the shortest tone that counts.
const PIECE: usize = 800;
/// What is quieter than this, in dB below full scale, is silence.
const SILENCE: f64 = -50.0;

/// What came to a port, from the first packet on.
#[derive(Default)]
pub struct Tap {
    samples: Vec<i16>,
    /// Packets that are no G.711: keys that somebody pressed.
    others: usize,
    /// Up to where [`Desk::hears_prompt`] has listened.
    cursor: usize,
}

fn law_of(payload_type: u8) -> Option<Law> {
    match payload_type {
        0 => Some(Law::Ulaw),
        8 => Some(Law::Alaw),
        _ => None,
    }
}

impl Tap {
    /// Packets of audio that came, of 20 ms each.
    pub fn packets(&self) -> usize {
        self.samples.len() / 160
    }

    pub fn take(&mut self, datagram: &[u8]) {
        if is_report(datagram) {
            return;
        }
        let Ok(packet) = RtpPacket::parse(datagram) else { return };
        match law_of(packet.header.payload_type) {
            Some(law) => self.samples.extend(packet.payload.iter().map(|b| law.decode(*b))),
            None => self.others += 1,
        }
    }
}

/// A packet of audio with this sound in place of its own; any other packet as it is.
pub fn said(datagram: &[u8], sound: &mut VecDeque<i16>) -> Vec<u8> {
    let mut out = datagram.to_vec();
    let Ok(packet) = RtpPacket::parse(datagram) else { return out };
    let Some(law) = law_of(packet.header.payload_type) else { return out };
    for byte in &mut out[packet.payload_range] {
        *byte = law.encode(sound.pop_front().unwrap_or(0));
    }
    out
}

/// Keys as tones (ITU-T Q.23), each 100 ms long and 100 ms apart.
pub fn key_tones(keys: &str) -> Vec<i16> {
    let mut all = vec![0; PIECE];
    for key in keys.chars() {
        let place = "123A456B789C*0#D".find(key).unwrap();
        let low = Sine::new(8_000, [697.0, 770.0, 852.0, 941.0][place / 4], 0.2).take_samples(PIECE);
        let high = Sine::new(8_000, [1209.0, 1336.0, 1477.0, 1633.0][place % 4], 0.2).take_samples(PIECE);
        all.extend(low.iter().zip(&high).map(|(a, b)| a + b));
        all.extend([0; PIECE]);
    }
    all
}

/// Keys that are heard in this audio.
pub fn keys_in(samples: &[i16]) -> String {
    let mut found = String::new();
    DtmfDetector::new().push(samples.iter().copied(), |digit: Digit| found.push(digit.to_char()));
    found
}

/// Whether this piece is that tone, and nearly nothing else.
fn is_tone(piece: &[i16], hz: u32) -> bool {
    level(piece) > SILENCE && power_at(piece, 8_000, f64::from(hz)) > -1.0
}

/// The tones of this audio in order, of those in `of`; what goes on or comes again after silence is one.
pub fn tones_in(samples: &[i16], of: impl Iterator<Item = u32> + Clone) -> Vec<u32> {
    let mut heard = Vec::new();
    for piece in samples.windows(PIECE).step_by(PIECE / 2) {
        let tone = of.clone().find(|hz| is_tone(piece, *hz));
        if tone.is_some_and(|hz| heard.last() != Some(&hz)) {
            heard.extend(tone);
        }
    }
    heard
}

/// Whether all of these voices are in this audio, and of the others in `voices` none; if not, the share of each in the
/// sound.
///
/// Each tenth of a second is looked at by itself: a packet that comes late moves what follows it, and a tone that is
/// moved in the middle is half lost to a longer look.
fn is_just(samples: &[i16], these: &[u32], voices: &[u32]) -> Result<(), Vec<(u32, f64)>> {
    let energy = |piece: &[i16]| piece.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
    let all = energy(samples);
    let share = |hz: u32| {
        let of = |piece: &[i16]| energy(piece) * 10f64.powf(power_at(piece, 8_000, f64::from(hz)) / 10.0);
        samples.chunks_exact(PIECE).map(of).filter(|e| e.is_finite()).sum::<f64>() / all
    };
    let shares: Vec<(u32, f64)> = voices.iter().map(|hz| (*hz, share(*hz))).collect();
    // Voices here are equally loud.
    let right = |(hz, share): &(u32, f64)| match these.contains(hz) {
        true => *share > 0.5 / these.len() as f64,
        false => *share < 0.01,
    };
    if level(samples) > SILENCE && shares.iter().all(right) { Ok(()) } else { Err(shares) }
}

impl Desk {
    /// Presses keys as telephone events (RFC 4733).
    pub fn press(&mut self, phone: PhoneId, keys: &str) {
        for key in keys.chars() {
            let now = self.now();
            assert!(self.phones.press(now, phone, key), "the far end takes the key {key}");
        }
    }

    /// Presses keys as tones, in place of what the phone says otherwise; gives back when they are out.
    #[track_caller]
    pub fn press_tones(&mut self, phone: PhoneId, keys: &str) {
        let port = self.ports[&phone];
        self.says.entry(port).or_default().extend(key_tones(keys));
        self.until("the tones are out", |desk| desk.says[&port].is_empty().then_some(()));
    }

    /// All that a phone has heard.
    pub fn all_heard(&self, phone: PhoneId) -> &[i16] {
        self.tap(phone).map_or(&[], |tap| &tap.samples)
    }

    /// Packets that a phone got and that were no audio.
    pub fn events_heard(&self, phone: PhoneId) -> usize {
        self.tap(phone).map_or(0, |tap| tap.others)
    }

    fn tap(&self, phone: PhoneId) -> Option<&Tap> {
        self.taps.get(self.ports.get(&phone)?)
    }

    /// Waits until a phone hears this tone, after what was waited for before.
    #[track_caller]
    pub fn hears_prompt(&mut self, phone: PhoneId, hz: u32) {
        let port = self.ports[&phone];
        let began = self.taps.get(&port).map_or(0, |tap| tap.cursor);
        self.until(&format!("{hz} Hz is heard, after {began} samples"), |desk| {
            let tap = desk.taps.get_mut(&port)?;
            while let Some(piece) = tap.samples.get(tap.cursor..tap.cursor + PIECE) {
                tap.cursor += PIECE / 2;
                if is_tone(piece, hz) {
                    tap.cursor += PIECE / 2;
                    return Some(());
                }
            }
            None
        });
    }

    /// Waits until a phone hears these voices, each of them, and of all others in `voices` none; then that has to be so
    /// for the whole of another second.
    #[track_caller]
    pub fn hears_just(&mut self, phone: PhoneId, these: &[u32], voices: &[u32]) {
        let port = self.ports[&phone];
        let from = self.taps.get(&port).map_or(0, |tap| tap.samples.len());
        let since = self.until(&format!("{these:?} Hz and no other voice are heard"), |desk| {
            let heard = &desk.taps.get(&port)?.samples;
            let last = heard.len().checked_sub(2 * PIECE).filter(|at| *at >= from)?;
            is_just(&heard[last..], these, voices).ok().map(|()| last + PIECE)
        });
        self.until("a second of it", |desk| {
            (desk.taps[&port].samples.len() >= since + 10 * PIECE).then_some(())
        });
        let second = &self.taps[&port].samples[since..since + 10 * PIECE];
        if let Err(shares) = is_just(second, these, voices) {
            panic!("{these:?} Hz and no other voice are heard for a second, not {shares:.3?}");
        }
    }

    /// Lets time pass, with all phones going on.
    pub fn pass(&mut self, ms: u64) {
        let until = self.now().0 + ms * 1_000;
        self.until("time passes", |desk| (desk.now().0 >= until).then_some(()));
    }
}
