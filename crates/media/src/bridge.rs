//! The legs that one media thread serves: who hears whom, whose keys go where, and who is recorded.
//!
//! Directions are independent: each leg hears a list of others. Of one, the packets are passed through untouched
//! (but for the law of G.711) when both speak the same codec; otherwise, and of several, a [`Mixer`] makes one stream
//! in the listener's codec. A mixer is also what fills the pauses of a speaker who sends comfort noise in them. So a supervisor who listens hears two, one who whispers is heard by the agent only, and a
//! conference is everybody hearing all others.
//!
//! **Translation** begins with the first packet that its listener cannot be passed, and lasts until the listener hears
//! others or one of the two agrees on something else: then it is looked at again. So encoders and decoders exist only
//! where they are needed. Whoever ticks legs asks [`Bridge::poll_started`] after each packet, because a leg that begins
//! to be translated for has a deadline that it did not have before.
//!
//! The owner (a media thread of `server`, or a test) holds the sockets: it gives datagrams to
//! [`Bridge::receive_rtp`] and sends what comes back, and calls each leg as [`Leg`] says. Legs and recordings are
//! named by small numbers, their places, which are used again after their end.
//!
//! **Withheld keys.** A leg in [`KeyMode::Withhold`] gives this room no packet, so there is nothing to relay; what
//! mixers and recorders still held of it is thrown away when that mode begins.
//!
//! Nothing is allocated per packet.

use std::net::SocketAddr;

use crate::Micros;
use crate::dtmf::Digit;
use crate::g711::Law;
use crate::leg::{Content, Ear, KeyMode, Leg, Packet, PlayId, Received, Repeat};
use crate::mix::{MAX_SOURCES, Mixer};
use crate::negotiate::Codec;
use crate::noise::NoiseLevel;
use crate::prompt::Prompt;
use crate::recording::{Channel, Recorder};
use crate::rtp::RtpHeader;

struct Member {
    /// Never used twice, unlike the place.
    serial: u64,
    leg: Leg,
    hears: Vec<usize>,
    heard_by: Vec<usize>,
    recorded: Option<(usize, Channel)>,
    /// While the one that this leg hears is translated for it: the agreements of speaker and listener that make it so.
    translating: Option<(u32, u32)>,
}

struct Recording {
    recorder: Recorder,
    /// Presses told by telephone events of a recorded leg while neither paused nor withheld.
    digits: u32,
}

/// Gives a mixer what a packet says.
fn fill(mixer: &mut Mixer, serial: u64, packet: &Packet<'_>, ear: Option<&Ear>) {
    match (packet.content, packet.law(), ear) {
        (Content::ComfortNoise, ..) => {
            if let Some(level) = NoiseLevel::parse(packet.payload) {
                mixer.push_noise(serial, &packet.header, level);
            }
        }
        (_, Some(law), _) => mixer.push(serial, law, &packet.header, packet.payload),
        (_, None, Some(ear)) => {
            let (start, samples) = ear.wide();
            mixer.push_wide(serial, packet.header.ssrc, start, samples);
        }
        (_, None, None) => {}
    }
}

/// What a recording can prove of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordingProof {
    /// When silence was written in place of what was said: from and to in milliseconds since the beginning, at most
    /// 1000 (see [`Recorder::pauses`]).
    pub pauses: Vec<(u64, u64)>,
    /// Keys that fell into the recording: telephone events of recorded legs, and, once the audio written was looked
    /// through, tones.
    pub digits_recorded: u32,
}

/// All legs and recordings of one media thread.
#[derive(Default)]
pub struct Bridge {
    members: Vec<Option<Member>>,
    free: Vec<usize>,
    recordings: Vec<Option<Recording>>,
    next_serial: u64,
    /// Legs whose mixer began with a packet.
    started: Vec<usize>,
}

impl std::fmt::Debug for Bridge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let legs = self.members.iter().flatten().count();
        f.debug_struct("Bridge").field("legs", &legs).finish_non_exhaustive()
    }
}

impl Bridge {
    /// A bridge without legs.
    pub fn new() -> Self {
        Bridge::default()
    }

    /// Takes a leg in and gives its place. It hears nobody.
    pub fn add(&mut self, leg: Leg) -> usize {
        let serial = self.next_serial;
        self.next_serial += 1;
        let member = Member {
            serial,
            leg,
            hears: Vec::new(),
            heard_by: Vec::new(),
            recorded: None,
            translating: None,
        };
        let at = self.free.pop().unwrap_or_else(|| {
            self.members.push(None);
            self.members.len() - 1
        });
        self.members[at] = Some(member);
        at
    }

    /// Takes a leg out: nobody hears it any more. Recordings of others go on.
    pub fn remove(&mut self, now: Micros, at: usize) -> Option<Leg> {
        self.relink(now, at, Vec::new());
        self.no_longer_recorded(at);
        let member = self.members.get_mut(at)?.take()?;
        for listener in member.heard_by {
            let rest = self.member(listener).map(|m| m.hears.iter().copied().filter(|n| *n != at).collect());
            if let Some(rest) = rest {
                self.relink(now, listener, rest);
            }
        }
        self.free.push(at);
        Some(member.leg)
    }

    /// The leg at a place.
    pub fn leg(&self, at: usize) -> Option<&Leg> {
        self.members.get(at)?.as_ref().map(|member| &member.leg)
    }

    /// The leg at a place, to be ticked, polled and told where its far end is. What it hears and what becomes of its
    /// keys is said here, in [`Bridge`].
    pub fn leg_mut(&mut self, at: usize) -> Option<&mut Leg> {
        self.member(at).map(|member| &mut member.leg)
    }

    fn member(&mut self, at: usize) -> Option<&mut Member> {
        self.members.get_mut(at)?.as_mut()
    }

    /// Takes a datagram from the RTP socket of a leg. For each packet that goes out because of it `send` is called
    /// with the place of the leg whose socket it leaves by; `out` is room to write it (2048 bytes are enough).
    pub fn receive_rtp(
        &mut self,
        now: Micros,
        at: usize,
        from: SocketAddr,
        datagram: &[u8],
        out: &mut [u8],
        mut send: impl FnMut(usize, &[u8], SocketAddr),
    ) {
        let Some(member) = self.member(at) else { return };
        let (serial, recorded) = (member.serial, member.recorded);
        let (packet, pressed, key) = match member.leg.receive_rtp(now, from, datagram) {
            Received::Audio(packet) => (Some(packet), false, None),
            Received::Dtmf { pressed, packet } => (Some(packet), pressed.is_some(), pressed),
            // What is withheld never came near a recording.
            Received::Kept { pressed } => (None, pressed && member.leg.key_mode() == KeyMode::Report, None),
            Received::Rtcp | Received::Dropped(_) => return,
        };
        let agreement = member.leg.agreement();
        let masked = member.leg.key_mode() == KeyMode::Mask;
        let mask = packet.as_ref().and_then(|packet| member.leg.take_mask(packet));
        let packet = match (&mask, packet) {
            (Some(mask), Some(packet)) => Some(Packet { payload: mask.payload(), ..packet }),
            (_, packet) => packet,
        };
        // The list is put back below; taking it costs nothing and lets the listeners be changed meanwhile.
        let heard_by = if packet.is_some() { std::mem::take(&mut member.heard_by) } else { Vec::new() };
        if pressed
            && let Some((r, _)) = recorded
            && let Some(Some(recording)) = self.recordings.get_mut(r)
            && !recording.recorder.is_paused()
        {
            recording.digits = recording.digits.saturating_add(1);
        }
        let Some(packet) = packet else { return };
        // Keys are taken out of what was decoded, so the packet itself may reach nobody.
        let passes = packet.law().is_some() || !masked;
        let mut ear = self.decoded(at, recorded.is_some(), &heard_by, &packet);
        if let Some((r, channel)) = recorded
            && let Some(Some(recording)) = self.recordings.get_mut(r)
        {
            if let Some(law) = packet.law() {
                recording.recorder.push(channel, now, law, &packet.header, packet.payload);
            } else if let Some(ear) = &mut ear {
                let (start, samples) = ear.narrow();
                let header = RtpHeader { timestamp: start, ..packet.header };
                recording.recorder.push_samples(channel, now, &header, samples);
            }
        }
        for &to in &heard_by {
            let is_event = matches!(packet.content, Content::Event { .. });
            if is_event && self.leg(to).is_some_and(|leg| !leg.takes_events()) {
                if let Some(digit) = key {
                    self.press_for(now, to, digit);
                }
                continue;
            }
            if !is_event && self.is_mixed(now, to, serial, agreement, packet.content, passes) {
                if let Some(mixer) = self.member(to).and_then(|listener| listener.leg.mixer()) {
                    fill(mixer, serial, &packet, ear.as_deref());
                }
            } else if let Some(listener) = self.member(to)
                && let Some((len, target)) = listener.leg.relay(now, serial, &packet, out)
            {
                send(to, &out[..len], target);
            }
        }
        if let Some(member) = self.member(at) {
            member.heard_by = heard_by;
            if let Some(ear) = ear {
                member.leg.give_back_ear(ear);
            }
            if let Some(mask) = mask {
                member.leg.give_back_mask(mask);
            }
        }
    }

    /// A key of a leg's far end that came beside its audio, in SIP INFO: those who hear the leg get it in the way in which
    /// they take keys. Not while keys of the leg are reported, masked or withheld. Then [`Bridge::poll_started`] is to be
    /// asked.
    pub fn press(&mut self, now: Micros, at: usize, digit: Digit) {
        let Some(member) = self.member(at).filter(|member| member.leg.key_mode() == KeyMode::Pass) else {
            return;
        };
        for to in member.heard_by.clone() {
            self.press_for(now, to, digit);
        }
    }

    fn press_for(&mut self, now: Micros, to: usize, digit: Digit) {
        if let Some(listener) = self.member(to) {
            listener.leg.press(now, digit);
            if !self.started.contains(&to) {
                self.started.push(to);
            }
        }
    }

    /// What a packet says, decoded, when somebody needs that and it is not G.711.
    fn decoded(
        &mut self,
        at: usize,
        recorded: bool,
        heard_by: &[usize],
        packet: &Packet<'_>,
    ) -> Option<Box<Ear>> {
        let Content::Audio(codec) = packet.content else { return None };
        if codec.law().is_some() {
            return None;
        }
        let masked = self.leg(at)?.key_mode() == KeyMode::Mask;
        let needs =
            |listener: &Member| masked || listener.leg.hears_a_mix() || !listener.leg.passes(packet.content);
        let mut listeners = heard_by.iter().filter_map(|at| self.members.get(*at)?.as_ref());
        let needed = recorded || listeners.any(needs);
        let leg = &mut self.member(at)?.leg;
        if needed {
            return leg.take_ear(packet);
        }
        leg.need_no_ear();
        None
    }

    /// Whether a listener hears this packet of `serial` by its mixer. `passes` says whether the packet may be passed on
    /// at all. The mixer of a listener of several is always there; that of a listener of one begins and ends here.
    fn is_mixed(
        &mut self,
        now: Micros,
        to: usize,
        serial: u64,
        agreement: u32,
        content: Content,
        passes: bool,
    ) -> bool {
        let Some(listener) = self.member(to) else { return false };
        let current = (agreement, listener.leg.agreement());
        if listener.translating.is_some_and(|known| known != current) {
            listener.translating = None;
            listener.leg.set_mixer(now, None);
        }
        if listener.leg.hears_a_mix() {
            return true;
        }
        if passes && listener.leg.passes(content) {
            return false;
        }
        let mut mixer = Mixer::new();
        mixer.add(serial);
        listener.translating = Some(current);
        listener.leg.set_mixer(now, Some(mixer));
        if !self.started.contains(&to) {
            self.started.push(to);
        }
        true
    }

    /// A leg that began to be sent what is translated for it, or keys of others, so that its [`Leg::deadline`] came nearer
    /// and it may have an event. Call until `None` after [`Bridge::receive_rtp`] and [`Bridge::press`].
    pub fn poll_started(&mut self) -> Option<usize> {
        self.started.pop()
    }

    /// From now on a leg hears exactly these others, and what it was played stops: nobody, one (passed through), or up
    /// to [`MAX_SOURCES`] (mixed). Itself, strangers and those too many are left out.
    pub fn hear(&mut self, now: Micros, at: usize, from: &[usize]) {
        let Some(member) = self.member(at) else { return };
        member.leg.stop_playing();
        let mut wanted = Vec::with_capacity(from.len().min(MAX_SOURCES));
        for &source in from {
            let there = self.members.get(source).is_some_and(Option::is_some);
            if there && source != at && !wanted.contains(&source) && wanted.len() < MAX_SOURCES {
                wanted.push(source);
            }
        }
        self.relink(now, at, wanted);
    }

    fn relink(&mut self, now: Micros, at: usize, wanted: Vec<usize>) {
        let Some(member) = self.member(at) else { return };
        for source in std::mem::take(&mut member.hears) {
            if let Some(source) = self.member(source) {
                source.heard_by.retain(|listener| *listener != at);
            }
        }
        let mut serials = Vec::with_capacity(wanted.len());
        for &source in &wanted {
            if let Some(source) = self.member(source) {
                source.heard_by.push(at);
                serials.push(source.serial);
            }
        }
        let Some(member) = self.member(at) else { return };
        member.hears = wanted;
        member.translating = None;
        if serials.len() < 2 {
            return member.leg.set_mixer(now, None);
        }
        // A mixer that is there goes on, so that those who are still heard have no hole.
        if member.leg.mixer().is_none() {
            member.leg.set_mixer(now, Some(Mixer::new()));
        }
        if let Some(mixer) = member.leg.mixer() {
            mixer.retain(|id| serials.contains(&id));
            serials.iter().for_each(|id| {
                mixer.add(*id);
            });
        }
    }

    /// Plays a prompt to a leg, which hears nobody until the next [`Bridge::hear`].
    pub fn play(&mut self, now: Micros, at: usize, prompt: Prompt, repeat: Repeat) -> Option<PlayId> {
        self.relink(now, at, Vec::new());
        self.member(at).map(|member| member.leg.play(now, prompt, repeat))
    }

    /// Lets a leg hear nothing until the next [`Bridge::hear`].
    pub fn silence(&mut self, now: Micros, at: usize) {
        self.hear(now, at, &[]);
    }

    /// What becomes of a leg's keys from now on. With [`KeyMode::Withhold`] what mixers and recordings still hold of
    /// the leg is thrown away.
    pub fn set_keys(&mut self, now: Micros, at: usize, mode: KeyMode) {
        let Some(member) = self.member(at) else { return };
        let before = member.leg.key_mode();
        member.leg.set_key_mode(mode);
        if before == mode {
            return;
        }
        let (serial, recorded) = (member.serial, member.recorded);
        if mode == KeyMode::Withhold {
            for listener in member.heard_by.clone() {
                if let Some(mixer) = self.member(listener).and_then(|listener| listener.leg.mixer()) {
                    mixer.flush(serial);
                }
            }
        }
        let Some((r, channel)) = recorded else { return };
        let Some(Some(recording)) = self.recordings.get_mut(r) else { return };
        match mode {
            KeyMode::Withhold => recording.recorder.mute(channel, now),
            KeyMode::Pass | KeyMode::Report | KeyMode::Mask => recording.recorder.unmute(channel, now),
        }
    }

    /// Records one leg in the left channel and perhaps another in the right, at 8000 Hz in the law that the left one speaks
    /// (A-law when it speaks another codec). Gives the recording's place. A leg is in one recording at a time: the newest.
    pub fn record(&mut self, now: Micros, left: usize, right: Option<usize>) -> Option<usize> {
        let codec = self.leg(left)?.negotiated().map(|agreed| agreed.codec);
        let law = if codec == Some(Codec::Pcmu) { Law::Ulaw } else { Law::Alaw };
        let recording = Recording { recorder: Recorder::new(law, now), digits: 0 };
        let r = self.recordings.iter().position(Option::is_none).unwrap_or_else(|| {
            self.recordings.push(None);
            self.recordings.len() - 1
        });
        self.recordings[r] = Some(recording);
        self.put_into(now, r, left, Channel::Left);
        if let Some(right) = right {
            self.put_into(now, r, right, Channel::Right);
        }
        Some(r)
    }

    fn put_into(&mut self, now: Micros, r: usize, at: usize, channel: Channel) {
        self.no_longer_recorded(at);
        let Some(member) = self.member(at) else { return };
        member.recorded = Some((r, channel));
        let withheld = member.leg.key_mode() == KeyMode::Withhold;
        if let Some(Some(recording)) = self.recordings.get_mut(r)
            && withheld
        {
            recording.recorder.mute(channel, now);
        }
    }

    fn no_longer_recorded(&mut self, at: usize) {
        let Some((r, channel)) = self.member(at).and_then(|member| member.recorded.take()) else { return };
        if let Some(Some(recording)) = self.recordings.get_mut(r) {
            recording.recorder.remove(channel);
        }
    }

    /// Records one more leg in the right channel. False when it is full, or leg or recording is not there.
    pub fn record_also(&mut self, now: Micros, r: usize, at: usize) -> bool {
        let recorded = self.members.get(at).and_then(Option::as_ref).map(|member| member.recorded);
        match recorded {
            None => return false,
            Some(Some((known, _))) if known == r => return true,
            Some(_) => {}
        }
        let Some(Some(recording)) = self.recordings.get_mut(r) else { return false };
        let Some(channel) = recording.recorder.add() else { return false };
        self.put_into(now, r, at, channel);
        true
    }

    /// Records a leg of the right channel no longer; what it said is kept.
    pub fn record_no_longer(&mut self, r: usize, at: usize) {
        let channel = self.member(at).and_then(|member| member.recorded);
        if channel.is_some_and(|(known, channel)| known == r && channel != Channel::Left) {
            self.no_longer_recorded(at);
        }
    }

    /// Writes silence from now on (`true`), or records again.
    pub fn pause_recording(&mut self, now: Micros, r: usize, paused: bool) {
        let Some(Some(recording)) = self.recordings.get_mut(r) else { return };
        match paused {
            true => recording.recorder.pause(now),
            false => recording.recorder.resume(now),
        }
    }

    /// The law of a recording.
    pub fn recording_law(&self, r: usize) -> Option<Law> {
        self.recordings.get(r)?.as_ref().map(|recording| recording.recorder.law())
    }

    /// Audio of a recording that is old enough, or with `last` all of it; call until `None`, at least every half
    /// second.
    pub fn recorded(&mut self, now: Micros, r: usize, last: bool) -> Option<&[u8]> {
        let recorder = &mut self.recordings.get_mut(r)?.as_mut()?.recorder;
        if last { recorder.finish(now) } else { recorder.advance(now) }
    }

    /// Ends a recording, after [`Bridge::recorded`] gave the last of it. Tones are not in the proof yet.
    pub fn end_recording(&mut self, now: Micros, r: usize) -> Option<RecordingProof> {
        let recording = self.recordings.get_mut(r)?.take()?;
        for member in self.members.iter_mut().flatten() {
            if member.recorded.is_some_and(|(known, _)| known == r) {
                member.recorded = None;
            }
        }
        Some(RecordingProof { pauses: recording.recorder.pauses(now), digits_recorded: recording.digits })
    }
}
