//! The one stream that goes out, and packets of other legs in it.

use std::net::SocketAddr;

use super::{Content, Leg, Packet};
use crate::Micros;
use crate::dtmf::TelephoneEvent;
use crate::negotiate::Codec;
use crate::rtcp::ticks;
use crate::rtp::{HEADER_LEN, RtpHeader};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    None,
    Relay { id: u64, ssrc: u32 },
    Play,
    Mix,
}

/// Telephone events of others that have a time base of their own: beside a mix, because the mix goes on, and where
/// they count another clock than our stream.
#[derive(Clone, Copy)]
pub(super) struct EventBase {
    id: u64,
    ssrc: u32,
    /// The timestamp of the source's event, and ours.
    theirs: u32,
    ours: u32,
}

/// The one stream that goes out.
pub(super) struct Outgoing {
    pub(super) ssrc: u32,
    pub(super) next_sequence: u16,
    /// Units of our clock in a second.
    pub(super) rate: u32,
    pub(super) first_timestamp: u32,
    /// When the stream began; `None` before the first packet.
    pub(super) began: Option<Micros>,
    /// One past the newest audio sent.
    pub(super) end: u32,
    pub(super) last: (u32, Micros),
    pub(super) source: Source,
    /// What turns a timestamp of the source into one of ours.
    pub(super) offset: u32,
    pub(super) events: Option<EventBase>,
    pub(super) packets: u64,
    pub(super) bytes: u64,
}

impl Outgoing {
    /// Our clock.
    pub(super) fn clock(&self, now: Micros) -> u32 {
        let elapsed = self.began.map_or(0, |began| ticks(now.saturating_sub(began), self.rate));
        self.first_timestamp.wrapping_add(elapsed as u32)
    }

    /// A timestamp further than this from the clock (1 s) begins a new time base.
    fn max_drift(&self) -> i32 {
        self.rate as i32
    }

    /// From now on the clock counts so many units a second, on from where it is (RFC 7160, 4.1, allows no better with
    /// one stream).
    pub(super) fn set_clock(&mut self, now: Micros, rate: u32) {
        if self.rate == rate || rate == 0 {
            return;
        }
        if self.began.is_some() {
            self.first_timestamp = self.continuation(now);
            self.began = Some(now);
            self.end = self.first_timestamp;
            self.last = (self.first_timestamp, now);
        }
        self.rate = rate;
        self.source = Source::None;
        self.events = None;
    }

    /// The timestamp of something that begins now: our clock, or the end of what was sent if that is later.
    pub(super) fn continuation(&self, now: Micros) -> u32 {
        let clock = self.clock(now);
        let ahead = self.end.wrapping_sub(clock) as i32;
        if self.began.is_some() && (1..=self.max_drift()).contains(&ahead) { self.end } else { clock }
    }

    /// Our timestamp for a source's, and whether the source is a new one.
    pub(super) fn stamp(&mut self, now: Micros, source: Source, theirs: u32, timed: bool) -> (u32, bool) {
        let ours = theirs.wrapping_add(self.offset);
        let drift = ours.wrapping_sub(self.clock(now)) as i32;
        // A telephone event keeps its timestamp for as long as the key is held, so its age says nothing.
        if self.source == source && (!timed || drift.saturating_abs() <= self.max_drift()) {
            return (ours, false);
        }
        let ours = self.continuation(now);
        self.source = source;
        self.offset = ours.wrapping_sub(theirs);
        (ours, true)
    }

    /// Our timestamp for an event with a time base of its own, whose source's clock counts `clock` units a second, and
    /// whether it is the first packet of a press. All packets of a press keep one timestamp; the segments of a long one
    /// follow each other as the source's do.
    fn stamp_event(&mut self, now: Micros, id: u64, clock: u32, theirs: &RtpHeader) -> (u32, bool) {
        let known = self.events.filter(|known| known.id == id && known.ssrc == theirs.ssrc);
        if let Some(known) = known {
            let step = i64::from(theirs.timestamp.wrapping_sub(known.theirs) as i32);
            let step = step * i64::from(self.rate) / i64::from(clock.max(1));
            let ours = known.ours.wrapping_add(step as u32);
            let drift = ours.wrapping_sub(self.clock(now)) as i32;
            if step == 0 || !theirs.marker || drift.saturating_abs() <= self.max_drift() {
                self.events = Some(EventBase { theirs: theirs.timestamp, ours, ..known });
                return (ours, theirs.marker);
            }
        }
        let ours = self.continuation(now);
        self.events = Some(EventBase { id, ssrc: theirs.ssrc, theirs: theirs.timestamp, ours });
        (ours, true)
    }

    pub(super) fn header(&self, payload_type: u8, marker: bool, timestamp: u32) -> RtpHeader {
        RtpHeader { marker, payload_type, sequence: self.next_sequence, timestamp, ssrc: self.ssrc }
    }

    /// Counts a packet as sent. `duration` is how far its audio reaches in units of the clock, 0 for events.
    pub(super) fn sent(&mut self, now: Micros, timestamp: u32, duration: u32, bytes: usize) {
        self.began.get_or_insert(now);
        self.next_sequence = self.next_sequence.wrapping_add(1);
        self.packets += 1;
        self.bytes += bytes as u64;
        if duration > 0 {
            let end = timestamp.wrapping_add(duration);
            if self.packets == 1 || end.wrapping_sub(self.end) as i32 > 0 {
                self.end = end;
            }
            self.last = (timestamp, now);
        }
    }
}

impl Leg {
    /// Rewrites a packet of another leg so that it goes out of this one; writes it to `out` and gives its
    /// length and target. `source` names the other leg. G.711 is put into the other law when needed, and telephone
    /// events into the clock that was agreed. `None` when it must not go out: direction, codec, comfort noise, no
    /// telephone events agreed, a prompt or keys being sent, no room, or audio while this leg hears a mix
    /// ([`Leg::mixer`]); beside a mix only events are relayed.
    pub fn relay(
        &mut self,
        now: Micros,
        source: u64,
        packet: &Packet<'_>,
        out: &mut [u8],
    ) -> Option<(usize, SocketAddr)> {
        let sent = self.try_relay(now, source, packet, out);
        let sent = sent.and_then(|(len, to)| Some((self.protection.protect_rtp(out, len)?, to)));
        self.relay_refused += u64::from(sent.is_none());
        sent
    }

    fn try_relay(
        &mut self,
        now: Micros,
        source: u64,
        packet: &Packet<'_>,
        out: &mut [u8],
    ) -> Option<(usize, SocketAddr)> {
        if self.playing.is_some() || self.keys.is_active() || self.tones.is_active() {
            return None;
        }
        match packet.content {
            Content::Event { clock } => self.relay_event(now, source, clock, packet, out),
            // Beside a mix only events go out as they come; audio has to be given to the mixer.
            Content::Audio(codec) if self.mixer.is_none() => {
                self.relay_audio(now, source, codec, packet, out)
            }
            Content::Audio(_) | Content::ComfortNoise => None,
        }
    }

    fn relay_audio(
        &mut self,
        now: Micros,
        source: u64,
        codec: Codec,
        packet: &Packet<'_>,
        out: &mut [u8],
    ) -> Option<(usize, SocketAddr)> {
        let remote = self.remote.as_ref().filter(|remote| remote.may_send())?;
        let agreed = &remote.negotiated;
        let (payload_type, target) = (agreed.send_pt, remote.source);
        let len = HEADER_LEN + packet.payload.len();
        let body = out.get_mut(HEADER_LEN..len)?;
        if codec == agreed.codec {
            body.copy_from_slice(packet.payload);
        } else {
            let table = codec.law()?.table_to(agreed.codec.law()?);
            for (to, from) in body.iter_mut().zip(packet.payload) {
                *to = table[usize::from(*from)];
            }
        }
        let relayed = Source::Relay { id: source, ssrc: packet.header.ssrc };
        let (timestamp, changed) = self.outgoing.stamp(now, relayed, packet.header.timestamp, true);
        self.outgoing.header(payload_type, changed || packet.header.marker, timestamp).write(out)?;
        let duration = codec.duration(packet.payload).unwrap_or(0);
        self.outgoing.sent(now, timestamp, duration, packet.payload.len());
        self.pauses.since = now;
        self.end_pause();
        Some((len, target))
    }

    fn relay_event(
        &mut self,
        now: Micros,
        source: u64,
        clock: u32,
        packet: &Packet<'_>,
        out: &mut [u8],
    ) -> Option<(usize, SocketAddr)> {
        let remote = self.remote.as_ref().filter(|remote| remote.may_send())?;
        let agreed = &remote.negotiated;
        let (payload_type, target) = (agreed.dtmf_send_pt?, remote.source);
        let len = HEADER_LEN + packet.payload.len();
        let body = out.get_mut(HEADER_LEN..len)?;
        body.copy_from_slice(packet.payload);
        if clock != agreed.dtmf_clock
            && let Some(event) = TelephoneEvent::parse(packet.payload)
        {
            body.get_mut(..4)?.copy_from_slice(&event.at_clock(clock, agreed.dtmf_clock).write());
        }
        // A press that began beside a pause that was filled ends as it began.
        let (theirs, ssrc) = (packet.header.timestamp, packet.header.ssrc);
        let goes_on = |known: EventBase| (known.id, known.ssrc, known.theirs) == (source, ssrc, theirs);
        let own_base = self.mixer.is_some()
            || self.pauses.saying
            || clock != self.outgoing.rate
            || self.outgoing.events.is_some_and(goes_on);
        let (timestamp, marker) = if own_base {
            self.outgoing.stamp_event(now, source, clock, &packet.header)
        } else {
            let source = Source::Relay { id: source, ssrc: packet.header.ssrc };
            let (timestamp, changed) = self.outgoing.stamp(now, source, packet.header.timestamp, false);
            (timestamp, changed || packet.header.marker)
        };
        self.outgoing.header(payload_type, marker, timestamp).write(out)?;
        self.outgoing.sent(now, timestamp, 0, packet.payload.len());
        self.pauses.since = now;
        Some((len, target))
    }
}
