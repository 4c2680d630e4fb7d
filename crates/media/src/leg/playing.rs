//! What a leg makes itself, on a grid of 20 ms: keys, prompts, and the mix of others. Packets are as long as the far
//! end likes, so a tick may send none, one or two.

use std::fmt;
use std::net::SocketAddr;

use super::outgoing::Source;
use super::speech::Speech;
use super::{Leg, LegEvent};
use crate::Micros;
use crate::dtmf::{Digit, TelephoneEvent};
use crate::g711::Law;
use crate::halfband::WIDE_FRAME;
use crate::mix::Mixer;
use crate::prompt::{FRAME, Prompt};
use crate::rtp::HEADER_LEN;

/// Length of a tick.
const TICK: Micros = 20_000;
/// The grid counts so many a second.
const GRID_CLOCK: u32 = 8_000;

/// After a stall longer than this, audio is skipped instead of sent in a burst.
const MAX_BEHIND: Micros = 200_000;

/// How often a prompt is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// Once, then [`LegEvent::PlayEnded`].
    Once,
    /// Until stopped.
    Forever,
}

/// Names one call of [`Leg::play`], so that an end that comes late is not taken for another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlayId(pub u64);

/// Why a key is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DtmfRefused {
    /// The other side takes no telephone events, or nothing is negotiated.
    NotNegotiated,
    /// Too many keys wait.
    QueueFull,
}

impl fmt::Display for DtmfRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DtmfRefused::NotNegotiated => "the other side takes no telephone events",
            DtmfRefused::QueueFull => "too many keys are waiting to be sent",
        })
    }
}

impl std::error::Error for DtmfRefused {}

pub(super) struct Playing {
    pub(super) id: PlayId,
    pub(super) prompt: Prompt,
    pub(super) repeat: Repeat,
    pub(super) index: usize,
}

/// The ticks of what we make ourselves. It lives while there is something to send.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    pub(super) next_due: Micros,
    /// Time of the grid in samples; the "timestamp" of prompts.
    pub(super) position: u32,
}

impl Leg {
    /// Plays a prompt from now on, in place of whatever is being played. While the other side may not be sent
    /// to it plays unheard and still ends in time.
    pub fn play(&mut self, now: Micros, prompt: Prompt, repeat: Repeat) -> PlayId {
        let id = PlayId(self.next_play);
        self.next_play += 1;
        if prompt.frames() == 0 && repeat == Repeat::Once {
            self.playing = None;
            self.events.push_back(LegEvent::PlayEnded(id));
            return id;
        }
        self.be_silent();
        self.playing = Some(Playing { id, prompt, repeat, index: 0 });
        // A new prompt is a new source even when it follows another at once: the marker lets the far end's
        // jitter buffer begin anew.
        if self.outgoing.source == Source::Play {
            self.outgoing.source = Source::None;
        }
        self.start_grid(now);
        id
    }

    /// Stops what is being played, without an event.
    pub fn stop_playing(&mut self) {
        if self.playing.take().is_some() {
            self.be_silent();
        }
    }

    /// Gives up what waits to be a whole packet.
    pub(super) fn be_silent(&mut self) {
        if let Some(speech) = &mut self.speech {
            speech.clear();
        }
    }

    /// What is being played.
    pub fn playing(&self) -> Option<PlayId> {
        self.playing.as_ref().map(|playing| playing.id)
    }

    /// Queues a key to be sent as telephone events, held for `duration_ms` (40 to 8000).
    pub fn send_dtmf(&mut self, now: Micros, digit: Digit, duration_ms: u32) -> Result<(), DtmfRefused> {
        if self.negotiated().is_none_or(|agreed| agreed.dtmf_send_pt.is_none()) {
            return Err(DtmfRefused::NotNegotiated);
        }
        if !self.keys.press(digit, duration_ms) {
            return Err(DtmfRefused::QueueFull);
        }
        self.start_grid(now);
        Ok(())
    }

    pub(super) fn start_grid(&mut self, now: Micros) {
        // A grid that runs is kept, so that a prompt that follows another keeps its pace.
        if self.grid.is_none_or(|grid| grid.next_due.saturating_add(TICK) < now) {
            let position = self.grid.map_or(0, |grid| grid.position);
            self.grid = Some(Grid { next_due: now, position });
        }
    }

    /// The next packet of the prompt, mix or key being sent, if one is due. Call until `None`.
    pub fn tick(&mut self, now: Micros, out: &mut [u8]) -> Option<(usize, SocketAddr)> {
        loop {
            let (len, to) = self.tick_plain(now, out)?;
            if let Some(len) = self.protection.protect_rtp(out, len) {
                return Some((len, to));
            }
        }
    }

    fn tick_plain(&mut self, now: Micros, out: &mut [u8]) -> Option<(usize, SocketAddr)> {
        loop {
            if let Some(sent) = self.send_speech(now, out) {
                return Some(sent);
            }
            self.look_at_pause(now);
            let mut grid = self.grid?;
            if !self.says() && self.mixer.is_none() && !self.pauses.saying {
                // The last packet still lasts until the next tick; then the grid is over.
                if now >= grid.next_due {
                    self.grid = None;
                    self.speech = None;
                }
                return None;
            }
            let behind = now.checked_sub(grid.next_due)?;
            if behind > MAX_BEHIND {
                let skipped = behind / TICK;
                grid.next_due += skipped * TICK;
                grid.position = grid.position.wrapping_add((skipped as u32).wrapping_mul(FRAME as u32));
                self.skip_frames(skipped);
            }
            let position = grid.position;
            grid.next_due += TICK;
            grid.position = grid.position.wrapping_add(FRAME as u32);
            self.grid = Some(grid);
            if self.keys.is_active() {
                if let Some(mixer) = &mut self.mixer {
                    mixer.skip();
                }
                self.be_silent();
                if let Some(sent) = self.tick_key(now, out) {
                    return Some(sent);
                }
            } else if self.tones.is_active() {
                if let Some(mixer) = &mut self.mixer {
                    mixer.skip();
                }
                self.tick_tone(position);
            } else if self.playing.is_some() {
                self.tick_frame(position);
            } else if self.mixer.is_some() {
                self.tick_mix(position);
            } else {
                self.tick_silence(position);
            }
        }
    }

    /// Sends what the leg said, when it makes a packet.
    fn send_speech(&mut self, now: Micros, out: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let speech = self.speech.as_mut()?;
        let remote = self.remote.as_ref().filter(|remote| remote.may_send())?;
        let (target, payload_type) = (remote.source, remote.negotiated.send_pt);
        let spoken = speech.packet(out.get_mut(HEADER_LEN..)?)?;
        let rate = self.outgoing.rate;
        let source = if self.mixer.is_some() && self.playing.is_none() { Source::Mix } else { Source::Play };
        let (timestamp, changed) =
            self.outgoing.stamp(now, source, spoken.position.wrapping_mul(rate / GRID_CLOCK), true);
        self.outgoing.header(payload_type, changed, timestamp).write(out)?;
        self.outgoing.sent(now, timestamp, spoken.ms * (rate / 1000), spoken.len);
        self.pauses.since = now;
        Some((HEADER_LEN + spoken.len, target))
    }

    /// The speech for what was agreed, made when there is none yet. `None` while nothing may be sent: what waited is
    /// given up then.
    pub(super) fn speech(&mut self) -> Option<&mut Speech> {
        let Some(remote) = self.remote.as_ref().filter(|remote| remote.may_send()) else {
            self.be_silent();
            return None;
        };
        let agreed = &remote.negotiated;
        if self.speech.as_ref().is_none_or(|speech| !speech.is_for(agreed)) {
            self.speech = Speech::new(agreed).map(Box::new);
        }
        self.speech.as_deref_mut()
    }

    fn skip_frames(&mut self, count: u64) {
        if let Some(mixer) = &mut self.mixer {
            // What is older than the buffers can hold is gone in any case.
            (0..count.min(MAX_BEHIND / TICK)).for_each(|_| mixer.skip());
        }
        if self.keys.is_active() || self.tones.is_active() {
            return;
        }
        let Some(playing) = &mut self.playing else { return };
        let frames = playing.prompt.frames() as u64;
        let index = playing.index as u64 + count;
        match playing.repeat {
            Repeat::Forever => playing.index = index.checked_rem(frames).unwrap_or(0) as usize,
            Repeat::Once if index < frames => playing.index = index as usize,
            Repeat::Once => self.end_playing(),
        }
    }

    fn end_playing(&mut self) {
        if let Some(playing) = self.playing.take() {
            self.events.push_back(LegEvent::PlayEnded(playing.id));
        }
    }

    fn tick_key(&mut self, now: Micros, out: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let packet = self.keys.tick(self.outgoing.continuation(now))?;
        let remote = self.remote.as_ref().filter(|remote| remote.may_send())?;
        let payload_type = remote.negotiated.dtmf_send_pt?;
        let target = remote.source;
        let event = TelephoneEvent::parse(&packet.payload)?;
        let payload = event.at_clock(GRID_CLOCK, remote.negotiated.dtmf_clock).write();
        let len = HEADER_LEN + payload.len();
        out.get_mut(HEADER_LEN..len)?.copy_from_slice(&payload);
        self.outgoing.header(payload_type, packet.marker, packet.timestamp).write(out)?;
        self.outgoing.sent(now, packet.timestamp, 0, packet.payload.len());
        self.pauses.since = now;
        Some((len, target))
    }

    fn tick_tone(&mut self, position: u32) {
        let mut frame = [0; WIDE_FRAME];
        self.tones.frame(&mut frame);
        let last = !self.tones.is_active();
        if let Some(speech) = self.speech() {
            speech.say(position, &frame);
            if last {
                speech.finish();
            }
        }
    }

    fn tick_frame(&mut self, position: u32) {
        // The prompt is put back below; taking it costs nothing and lets the speech be looked for meanwhile.
        let Some(mut playing) = self.playing.take() else { return };
        let law = self.negotiated().and_then(|agreed| agreed.codec.law()).unwrap_or(Law::Alaw);
        if let (Some(frame), Some(speech)) = (playing.prompt.frame(law, playing.index), self.speech()) {
            speech.say_frame(position, law, frame);
        }
        playing.index += 1;
        if playing.index >= playing.prompt.frames() {
            playing.index = 0;
            if playing.repeat == Repeat::Once {
                if let Some(speech) = &mut self.speech {
                    speech.finish();
                }
                self.events.push_back(LegEvent::PlayEnded(playing.id));
                return;
            }
        }
        self.playing = Some(playing);
    }

    /// From now on this leg hears what the mixer makes of others, or with `None` does not. A prompt that is
    /// being played comes before it.
    pub fn set_mixer(&mut self, now: Micros, mixer: Option<Mixer>) {
        self.be_silent();
        self.mixer = mixer.map(Box::new);
        if self.mixer.is_some() {
            // The grid may begin anew, so a mix that follows another one is a new source.
            if self.outgoing.source == Source::Mix {
                self.outgoing.source = Source::None;
            }
            self.start_grid(now);
        }
    }

    /// Whether what this leg hears goes through a mixer.
    pub fn hears_a_mix(&self) -> bool {
        self.mixer.is_some()
    }

    /// The mixer, to be given packets of those whom this leg hears.
    pub fn mixer(&mut self) -> Option<&mut Mixer> {
        self.mixer.as_deref_mut()
    }

    fn tick_mix(&mut self, position: u32) {
        // The mixer is put back below; taking it costs nothing and lets the speech be looked for meanwhile.
        let Some(mut mixer) = self.mixer.take() else { return };
        match self.speech() {
            Some(speech) => {
                let mut frame = [0; WIDE_FRAME];
                mixer.frame(&mut frame);
                speech.say(position, &frame);
            }
            None => mixer.skip(),
        }
        self.mixer = Some(mixer);
    }
}
