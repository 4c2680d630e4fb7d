//! How keys reach the far end of a leg: as telephone events, as tones in the audio (ITU-T Q.23), or by whoever owns the leg,
//! who is told of them (SIP INFO).

use super::{DtmfRefused, Leg, LegEvent};
use crate::Micros;
use crate::dtmf::Digit;
use crate::halfband::WIDE_FRAME;
use crate::inband::frequencies;
use crate::tone::{Sine, to_sample};
use std::collections::VecDeque;

/// How long a key is held that came without a length, in milliseconds.
const HELD_MS: u32 = 160;
/// How many keys may wait to be said as tones.
const MAX_QUEUE: usize = 32;
/// Samples of a second.
const RATE: u32 = 16_000;
/// Frames of 20 ms that a key sounds, and that are silent after it: 100 ms and 80 ms, twice what Q.24 wants.
const SOUNDS: u32 = 5;
const FRAMES: u32 = SOUNDS + 4;
/// Amplitudes of the low and of the high tone: -8 dBm0, and 2 dB more where lines weaken more.
const LOW: f64 = 0.276;
const HIGH: f64 = 0.348;

/// How keys reach the far end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum KeysOut {
    /// As telephone events (RFC 4733); as tones, where the far end takes none.
    #[default]
    Events,
    /// As tones in the audio.
    Tones,
    /// Not in the audio: each is told as [`LegEvent::Tell`].
    Told,
}

/// Keys that are said as tones, one after the other.
#[derive(Default)]
pub(super) struct Tones {
    queue: VecDeque<Digit>,
    sounding: Option<(Sine, Sine, u32)>,
}

impl Tones {
    fn press(&mut self, digit: Digit) {
        if self.queue.len() < MAX_QUEUE {
            self.queue.push_back(digit);
        }
    }

    pub(super) fn is_active(&self) -> bool {
        self.sounding.is_some() || !self.queue.is_empty()
    }

    /// The next 20 ms.
    pub(super) fn frame(&mut self, out: &mut [i16; WIDE_FRAME]) {
        if self.sounding.is_none() {
            let tones = self.queue.pop_front().and_then(frequencies);
            let sine = |frequency, amplitude| Sine::new(RATE, frequency, amplitude);
            self.sounding = tones.map(|(low, high)| (sine(low, LOW), sine(high, HIGH), 0));
        }
        out.fill(0);
        let Some((low, high, frames)) = &mut self.sounding else { return };
        if *frames < SOUNDS {
            out.iter_mut().for_each(|sample| *sample = to_sample(low.next_value() + high.next_value()));
        }
        *frames += 1;
        if *frames >= FRAMES {
            self.sounding = None;
        }
    }
}

impl Leg {
    /// Says how keys reach the far end from now on. [`KeysOut::Events`] until told otherwise.
    pub fn set_keys_out(&mut self, way: KeysOut) {
        self.keys_out = way;
    }

    /// Whether telephone events of others can be passed on as they are.
    pub(crate) fn takes_events(&self) -> bool {
        self.keys_out == KeysOut::Events
            && self.negotiated().is_none_or(|agreed| agreed.dtmf_send_pt.is_some())
    }

    /// Gives the far end a key, in the way that it takes keys. What is one too many is lost.
    pub fn press(&mut self, now: Micros, digit: Digit) {
        let tones = match self.keys_out {
            KeysOut::Told => {
                self.events.push_back(LegEvent::Tell(digit));
                false
            }
            KeysOut::Events => self.send_dtmf(now, digit, HELD_MS) == Err(DtmfRefused::NotNegotiated),
            KeysOut::Tones => true,
        };
        if tones {
            self.tones.press(digit);
            self.start_grid(now);
        }
    }
}
