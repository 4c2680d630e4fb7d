//! What becomes of the keys that the far end presses: relayed, reported, or withheld from everybody.
//!
//! Masking takes only the keys out of the audio ([`Mask`]).
//!
//! Withholding fails closed. While it lasts the owner is given no packet of this leg at all, so that nothing can be
//! relayed, mixed or recorded by mistake. After it, packets of a press that began before its end are still kept
//! back, however often they are repeated, and so is audio that was spoken before its end and comes late, or in which
//! the tone of the last key still sounds.

use super::ear::Ear;
use super::mask::{MAX_PAYLOAD, Mask};
use super::{Content, DropReason, Leg, LegEvent, Packet, Received};
use crate::Micros;
use crate::dtmf::Digit;
use crate::inband::DtmfDetector;
use crate::negotiate::Codec;

/// What becomes of pressed keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum KeyMode {
    /// Telephone events may be relayed and are reported to nobody.
    #[default]
    Pass,
    /// Each press is told once as [`LegEvent::Key`]; telephone events are not relayed. Audio is.
    Report,
    /// As [`KeyMode::Report`], and keys as tones are taken out of the audio, which everybody else gets 60 ms later:
    /// what is said beside the keys is heard.
    Mask,
    /// As [`KeyMode::Report`], and nothing of this leg, neither events nor audio, reaches anybody else.
    Withhold,
}

/// Audio with the timestamp of a withheld packet, or up to so many seconds older, is late; older still it is a new
/// time base.
const LATE: i32 = 3;
/// The same where keys are looked for, in samples of 1/8000 s.
const LATE_SAMPLES: i32 = LATE * 8_000;
/// After an event the tones in the audio are the same keys once more.
const EVENTS_LAST: Micros = 10_000_000;
/// An event that comes this soon after its key was found as a tone is the same press.
const SAME_PRESS: Micros = 500_000;
/// A hole in the timestamps up to here is loss and is passed over (40 ms); beyond, it is a pause.
const LOSS: i32 = 320;
/// As much silence stands for a pause of any length (60 ms).
const PAUSE: usize = 480;

#[derive(Default)]
pub(super) struct Keys {
    mode: KeyMode,
    /// Events are kept back until a press that begins from now on.
    stale_press: bool,
    /// The stream that was heard when keys were last relayed to nobody: of it a press is known to be new.
    stale_ssrc: Option<u32>,
    /// The newest audio that was withheld, by stream and timestamp.
    withheld: Option<(u32, u32)>,
    /// Withholding is over, but the tone of the last key may still sound: audio is kept back until it does not.
    sounds_on: bool,
    inband: Option<Box<Inband>>,
}

impl Keys {
    /// Whether audio is passed on without a look at it.
    pub(super) fn is_idle(&self) -> bool {
        self.mode == KeyMode::Pass && self.withheld.is_none() && !self.sounds_on
    }
}

/// Keys as tones in the audio of a leg.
struct Inband {
    detector: DtmfDetector,
    /// The stream, and one past its newest sample.
    at: Option<(u32, u32)>,
    /// Whether a key sounded anywhere in the newest packet.
    sounded: bool,
    last_event: Option<Micros>,
    last_found: Option<(Digit, Micros)>,
}

impl Inband {
    fn new() -> Self {
        Inband { detector: DtmfDetector::new(), at: None, sounded: false, last_event: None, last_found: None }
    }

    /// Listens to what follows in the stream `ssrc`; `start` is the place of the first sample on its time line of 8000
    /// samples a second.
    fn hear(
        &mut self,
        now: Micros,
        ssrc: u32,
        start: u32,
        samples: impl ExactSizeIterator<Item = i16>,
    ) -> Option<Digit> {
        match self.at.filter(|(known, _)| *known == ssrc).map(|(_, end)| start.wrapping_sub(end) as i32) {
            Some(ahead) if ahead < -LATE_SAMPLES => self.detector.reset(),
            // What was overtaken cannot be put in order any more.
            Some(ahead) if ahead < 0 => return None,
            Some(ahead) if ahead > LOSS => self.detector.push([0; PAUSE], |_| {}),
            Some(_) => {}
            None => self.detector.reset(),
        }
        self.at = Some((ssrc, start.wrapping_add(samples.len() as u32)));
        let mut found = None;
        let before = self.detector.is_pressed();
        self.detector.push(samples, |digit| found = Some(digit));
        self.sounded = before || found.is_some() || self.detector.is_pressed();
        let digit = found?;
        if self.last_event.is_some_and(|at| now < at.saturating_add(EVENTS_LAST)) {
            return None;
        }
        self.last_found = Some((digit, now));
        Some(digit)
    }

    /// Whether a press told by an event is new, and not one that was found as a tone.
    fn is_new(&mut self, now: Micros, digit: Digit) -> bool {
        let found = self.last_found.take();
        found.is_none_or(|(key, at)| key != digit || now >= at.saturating_add(SAME_PRESS))
    }
}

impl Leg {
    /// Says what becomes of keys from now on. [`KeyMode::Pass`] until told otherwise.
    pub fn set_key_mode(&mut self, mode: KeyMode) {
        let before = std::mem::replace(&mut self.keys_in.mode, mode);
        if before == mode {
            return;
        }
        if before != KeyMode::Pass {
            self.keys_in.stale_press = true;
            self.keys_in.stale_ssrc = self.incoming.ssrc;
        }
        self.keys_in.sounds_on = matches!(before, KeyMode::Mask | KeyMode::Withhold);
        if [before, mode].contains(&KeyMode::Mask) {
            // Whether packets can be passed on as they came is to be looked at again.
            self.agreement = self.agreement.wrapping_add(1);
            self.mask = None;
        }
        match mode {
            KeyMode::Pass if self.keys_in.sounds_on => {}
            KeyMode::Pass => self.keys_in.inband = None,
            KeyMode::Report | KeyMode::Mask | KeyMode::Withhold => {
                self.keys_in.inband.get_or_insert_with(|| Box::new(Inband::new()));
            }
        }
    }

    /// Listens to a packet that has to be decoded, and gives the ear away for as long as what was heard is used; it is
    /// to be given back. `None` when there is nothing to hear, or nothing that was not heard already.
    pub(crate) fn take_ear(&mut self, packet: &Packet<'_>) -> Option<Box<Ear>> {
        let mut ear = self.ear.take().unwrap_or_else(|| Box::new(Ear::new()));
        if ear.listen(packet) {
            match self.keys_in.mode {
                KeyMode::Mask => ear.mask(self.keys_in.inband.as_ref().is_some_and(|inband| inband.sounded)),
                KeyMode::Pass | KeyMode::Report | KeyMode::Withhold => ear.unmask(),
            }
            return Some(ear);
        }
        self.ear = Some(ear);
        None
    }

    /// Takes keys out of a packet of G.711 where that is wanted, and gives the mask away for as long as what is left is
    /// used; it is to be given back.
    pub(crate) fn take_mask(&mut self, packet: &Packet<'_>) -> Option<Box<Mask>> {
        let law = packet.law().filter(|_| self.keys_in.mode == KeyMode::Mask)?;
        let mut mask = self.mask.take().unwrap_or_else(|| Box::new(Mask::new(law)));
        mask.take(law, packet, self.keys_in.inband.as_ref().is_some_and(|inband| inband.sounded));
        Some(mask)
    }

    /// Takes a mask back.
    pub(crate) fn give_back_mask(&mut self, mask: Box<Mask>) {
        self.mask = Some(mask);
    }

    /// Takes an ear back.
    pub(crate) fn give_back_ear(&mut self, ear: Box<Ear>) {
        self.ear = Some(ear);
    }

    /// Nobody else needs what this leg's far end says decoded.
    pub(crate) fn need_no_ear(&mut self) {
        if self.ear.is_some() && self.keys_in.inband.is_none() {
            self.ear = None;
        }
    }

    /// What becomes of keys.
    pub fn key_mode(&self) -> KeyMode {
        self.keys_in.mode
    }

    /// Gives a packet of the far end on, or keeps it.
    pub(super) fn pass_or_keep<'a>(
        &mut self,
        now: Micros,
        packet: Packet<'a>,
        pressed: Option<Digit>,
    ) -> Received<'a> {
        match packet.content {
            Content::Audio(codec) => self.keep_audio(now, Some(codec), packet),
            Content::ComfortNoise => self.keep_audio(now, None, packet),
            Content::Event { .. } => self.keep_event(now, packet, pressed),
        }
    }

    /// Looks for keys in the audio of a packet.
    fn find_key(&mut self, now: Micros, codec: Codec, packet: &Packet<'_>) -> Option<Digit> {
        let inband = self.keys_in.inband.as_mut()?;
        let header = &packet.header;
        if let Some(law) = codec.law() {
            let samples = packet.payload.iter().map(|byte| law.decode(*byte));
            return inband.hear(now, header.ssrc, header.timestamp, samples);
        }
        let ear = self.ear.get_or_insert_with(|| Box::new(Ear::new()));
        if !ear.listen(packet) {
            return None;
        }
        let (start, samples) = ear.narrow();
        inband.hear(now, header.ssrc, start, samples.iter().copied())
    }

    fn keep_audio<'a>(&mut self, now: Micros, codec: Option<Codec>, packet: Packet<'a>) -> Received<'a> {
        if let Some(digit) = codec.and_then(|codec| self.find_key(now, codec, &packet))
            && self.keys_in.mode != KeyMode::Pass
        {
            self.events.push_back(LegEvent::Key(digit));
        }
        let keys = &mut self.keys_in;
        let late = LATE * codec.map_or(8_000, Codec::clock) as i32;
        let (ssrc, timestamp) = (packet.header.ssrc, packet.header.timestamp);
        let newest = keys.withheld.filter(|(stream, _)| *stream == ssrc).map(|(_, newest)| newest);
        let is_late = newest.is_some_and(|newest| {
            let ahead = timestamp.wrapping_sub(newest) as i32;
            (-late..=0).contains(&ahead)
        });
        if matches!(keys.mode, KeyMode::Mask | KeyMode::Withhold) && !is_late {
            keys.withheld = Some((ssrc, timestamp));
        }
        if keys.mode == KeyMode::Withhold {
            return Received::Kept { pressed: false };
        }
        if keys.sounds_on {
            // The packet in which it falls silent is the last that is kept back.
            keys.sounds_on = codec.is_some() && keys.inband.as_ref().is_some_and(|i| !i.detector.is_quiet());
            if !keys.sounds_on && keys.mode == KeyMode::Pass {
                keys.inband = None;
            }
            return Received::Kept { pressed: false };
        }
        if is_late || (keys.mode == KeyMode::Mask && packet.payload.len() > MAX_PAYLOAD) {
            return self.drop_as(DropReason::Withheld);
        }
        if keys.mode != KeyMode::Mask
            && let Some((stream, newest)) = keys.withheld
        {
            // Far enough ahead nothing of before can come any more.
            let ahead = timestamp.wrapping_sub(newest) as i32;
            if stream != ssrc || !(-late..late).contains(&ahead) {
                self.keys_in.withheld = None;
            }
        }
        Received::Audio(packet)
    }

    fn keep_event<'a>(&mut self, now: Micros, packet: Packet<'a>, pressed: Option<Digit>) -> Received<'a> {
        let keys = &mut self.keys_in;
        let new = match (&mut keys.inband, pressed) {
            (Some(inband), pressed) => {
                inband.last_event = Some(now);
                pressed.filter(|digit| inband.is_new(now, *digit))
            }
            (None, pressed) => pressed,
        };
        if keys.mode != KeyMode::Pass {
            if let Some(digit) = new {
                self.events.push_back(LegEvent::Key(digit));
            }
            return Received::Kept { pressed: pressed.is_some() };
        }
        // The first packet of another stream may be the middle of a press, unless it says that it is not.
        let begins = packet.header.marker || keys.stale_ssrc == Some(packet.header.ssrc);
        if pressed.is_some() && begins {
            keys.stale_press = false;
        }
        if keys.stale_press {
            return self.drop_as(DropReason::Withheld);
        }
        Received::Dtmf { pressed, packet }
    }
}
