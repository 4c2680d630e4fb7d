//! Offer and answer (RFC 3264) for the one audio stream of a leg.
//!
//! [`LocalSession`] is our side of a leg's descriptions from the first to the last: it keeps the address, the
//! order of the `m=` lines and the version number of `o=`, which grows by one when and only when what we say
//! changes. Once a codec was agreed, what we offer later holds that codec alone, so that a hold or a transfer
//! never changes the coding of a running call. The far end may change it: a later offer of theirs that lacks the
//! running codec is answered with another.
//!
//! **Order.** An offer lists the codecs as they were allowed, but the other leg's first ([`LocalSession::prefer`]);
//! an answer takes the running codec, or the other leg's, or what passes as that, or the first one offered.
//!
//! **Telephone events** count the clock of the audio (RFC 4733, 2.1), so offers with Opus name them twice. Who offers
//! Opus with events at 8000 only gets these: they are understood.
//!
//! **Comfort noise** (RFC 3389) is never asked for, so that audio keeps coming; who announces it may send it.
//!
//! **ICE** is spoken as a lite agent once [`LocalSession::use_ice`] says so, and only where the far end speaks it too.
//!
//! **Protection** (RFC 4568) is as [`SrtpPolicy`] says; a leg is plain until [`LocalSession::protect`].

mod connectivity;
mod protection;
pub(crate) mod reading;

use std::fmt;
use std::net::SocketAddr;

pub use crate::codec::Codec;
use crate::ice::Credentials;
use crate::opus::OpusSettings;
use crate::sdes::{CryptoError, CryptoLine};
use crate::sdp::{Address, Attribute, Connection, Media, Origin, SdpError, SessionDescription};
use crate::srtp::SrtpKeys;
use connectivity::Connectivity;
use protection::Protection;
pub use protection::SrtpPolicy;
use reading::{
    Remote, audio_of, choose_audio, direction_of, event_for, events_of, formats_of, noise_of, opus_settings,
};

/// The payload numbers that our offers give to telephone events, by the clock these count.
const DTMF_PAYLOAD_TYPES: [(u8, u32); 2] = [(101, 8_000), (110, 48_000)];
/// Packets that we make are of one of these lengths, in milliseconds.
const PACKET_LENGTHS: [u32; 5] = [10, 20, 30, 40, 60];

/// Which way media goes, seen from whoever says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// Only out.
    SendOnly,
    /// Only in.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// From the two halves.
    pub const fn of(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    /// Whether media goes out.
    pub const fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    /// Whether media comes in.
    pub const fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }

    /// The same, seen from the other side.
    pub const fn mirrored(self) -> Self {
        Direction::of(self.receives(), self.sends())
    }

    /// What is left when both must agree.
    pub const fn and(self, other: Direction) -> Self {
        Direction::of(self.sends() && other.sends(), self.receives() && other.receives())
    }

    /// The name of the attribute.
    pub const fn name(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    fn from_attributes(attributes: &[Attribute]) -> Option<Self> {
        const ALL: [Direction; 4] =
            [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive];
        attributes.iter().find_map(|a| ALL.into_iter().find(|d| d.name().eq_ignore_ascii_case(&a.name)))
    }
}

/// What both sides agreed on.
#[derive(Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// Where our RTP goes, and where theirs comes from. `0.0.0.0` while the other side holds in the old
    /// style.
    pub remote_rtp: SocketAddr,
    /// Where our RTCP goes, and where theirs comes from.
    pub remote_rtcp: SocketAddr,
    /// Whether RTCP shares the port of RTP (RFC 5761).
    pub rtcp_mux: bool,
    /// What we send.
    pub codec: Codec,
    /// Payload number of `codec` in packets that we send.
    pub send_pt: u8,
    /// Payload number of `codec` in packets that we receive.
    pub recv_pt: u8,
    /// Other codecs that the other side may send without asking, with their payload numbers: the rest of an
    /// answer that named several.
    pub also_recv: Vec<(u8, Codec)>,
    /// Payload number of telephone events that we send; `None` when the other side takes none.
    pub dtmf_send_pt: Option<u8>,
    /// Payload number of telephone events that we receive.
    pub dtmf_recv_pt: Option<u8>,
    /// The clock that telephone events count, both ways: 8000 or 48000 a second.
    pub dtmf_clock: u32,
    /// Telephone events at the other clock, which we receive too: payload number and clock.
    pub also_dtmf_recv: Option<(u8, u32)>,
    /// Payload number of comfort noise that may come.
    pub noise_recv_pt: Option<u8>,
    /// What the far end wants of our Opus encoder.
    pub opus: OpusSettings,
    /// What we may do.
    pub direction: Direction,
    /// Whether the other side put us on hold, in either style.
    pub remote_holds: bool,
    /// Milliseconds of audio in a packet that the other side likes, 10 to 200; 20 when it did not say.
    pub ptime: u32,
    /// The keys, when packets are protected.
    pub srtp: Option<SrtpKeys>,
    /// What the far end's checks have to know, when it speaks ICE.
    pub ice: Option<Credentials>,
    /// The user fragment of the far end, which its checks say too; `None` without ICE.
    pub ice_peer: Option<Box<str>>,
    /// Whether the far end is another than the one before it on this leg, which knows nothing of packets that went before:
    /// what counts them for the protection begins anew with a new key.
    pub anew: bool,
}

impl fmt::Debug for Negotiated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Negotiated")
            .field("codec", &self.codec)
            .field("send_pt", &self.send_pt)
            .field("recv_pt", &self.recv_pt)
            .field("also_recv", &self.also_recv)
            .field("dtmf_send_pt", &self.dtmf_send_pt)
            .field("dtmf_recv_pt", &self.dtmf_recv_pt)
            .field("dtmf_clock", &self.dtmf_clock)
            .field("noise_recv_pt", &self.noise_recv_pt)
            .field("rtcp_mux", &self.rtcp_mux)
            .field("direction", &self.direction)
            .field("remote_holds", &self.remote_holds)
            .field("ptime", &self.ptime)
            .field("srtp", &self.srtp.as_ref().map(|keys| keys.ours.suite()))
            .finish_non_exhaustive()
    }
}

impl Negotiated {
    /// Plain audio both ways with the usual numbers, RTCP on the port above, no telephone events.
    pub fn plain(codec: Codec, remote_rtp: SocketAddr) -> Self {
        let above = remote_rtp.port().checked_add(1).unwrap_or(remote_rtp.port());
        Negotiated {
            remote_rtp,
            remote_rtcp: SocketAddr::new(remote_rtp.ip(), above),
            rtcp_mux: false,
            codec,
            send_pt: codec.payload_type(),
            recv_pt: codec.payload_type(),
            also_recv: Vec::new(),
            dtmf_send_pt: None,
            dtmf_recv_pt: None,
            dtmf_clock: codec.clock(),
            also_dtmf_recv: None,
            noise_recv_pt: None,
            opus: OpusSettings::default(),
            direction: Direction::SendRecv,
            remote_holds: false,
            ptime: 20,
            srtp: None,
            ice: None,
            ice_peer: None,
            anew: false,
        }
    }

    /// How much audio a packet that we make holds, in milliseconds: what the far end likes, or the next shorter length
    /// that there is. Opus has no packets of 30 ms.
    pub fn packet_ms(&self) -> u32 {
        let fits = |ms: &&u32| **ms <= self.ptime && (self.codec != Codec::Opus || **ms != 30);
        PACKET_LENGTHS.iter().rev().find(fits).copied().unwrap_or(PACKET_LENGTHS[0])
    }
}

/// Why no audio was agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NegotiateError {
    /// There is no `m=audio` line.
    NoAudio,
    /// The audio is refused or switched off with port 0.
    PortZero,
    /// Nothing that both sides can.
    NoCommonCodec,
    /// The description cannot be read, or does not fit the one it answers.
    Malformed(Malformed),
    /// The address is missing, a host name, unspecified, multicast or broadcast.
    BadAddress,
    /// The audio does not run over RTP as it is done here: plain, or with keys where the leg is protected.
    UnsupportedTransport,
    /// The audio has to be protected, and there is no key.
    NoEncryption,
    /// None of the keys can be used.
    Crypto(CryptoError),
}

/// What is wrong with a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// The text could not be read.
    Sdp(SdpError),
    /// The answer has other `m=` lines than the offer.
    MediaMismatch,
    /// An answer came though nothing is offered.
    NoOffer,
}

impl fmt::Display for NegotiateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NegotiateError::NoAudio => f.write_str("the session description has no audio"),
            NegotiateError::PortZero => f.write_str("the audio is refused with port 0"),
            NegotiateError::NoCommonCodec => f.write_str("there is no codec that both sides can"),
            NegotiateError::Malformed(Malformed::Sdp(error)) => error.fmt(f),
            NegotiateError::Malformed(Malformed::MediaMismatch) => {
                f.write_str("the answer has other m= lines than the offer")
            }
            NegotiateError::Malformed(Malformed::NoOffer) => f.write_str("there is no offer to be answered"),
            NegotiateError::BadAddress => f.write_str("audio cannot be sent to the address given"),
            NegotiateError::UnsupportedTransport => f.write_str(
                "the audio uses another transport than RTP/AVP, or RTP/SAVP where the leg is protected",
            ),
            NegotiateError::NoEncryption => f.write_str("the audio has to be protected, and there is no key"),
            NegotiateError::Crypto(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NegotiateError {}

impl From<SdpError> for NegotiateError {
    fn from(error: SdpError) -> Self {
        NegotiateError::Malformed(Malformed::Sdp(error))
    }
}

/// Our side of a leg's session descriptions.
#[derive(Clone)]
pub struct LocalSession {
    rtp: SocketAddr,
    session_id: u64,
    version: u64,
    allowed: Vec<Codec>,
    prefer: Option<Codec>,
    rtcp_mux: bool,
    offers_mux: bool,
    /// One port for RTP and RTCP was agreed on last.
    shares_port: bool,
    protection: Protection,
    connectivity: Connectivity,
    /// The codec agreed on, and the number by which we receive it.
    agreed: Option<(u8, Codec)>,
    last: Option<SessionDescription>,
    offered: Option<SessionDescription>,
    anew: bool,
}

impl fmt::Debug for LocalSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSession")
            .field("version", &self.version)
            .field("allowed", &self.allowed)
            .field("agreed", &self.agreed)
            .finish_non_exhaustive()
    }
}

impl LocalSession {
    /// `rtp` is the address that the other side shall send to; RTCP is the port above, unless `rtcp_mux` and
    /// the other side agree on one port. `session_id` should be unlike those of other calls. `allowed` is
    /// what we can, in our order.
    pub fn new(rtp: SocketAddr, session_id: u64, allowed: &[Codec], rtcp_mux: bool) -> Self {
        LocalSession {
            rtp,
            // Some telephones read this into a signed 32 or 64 bit number.
            session_id: session_id & 0x7FFF_FFFF,
            version: 0,
            allowed: allowed.to_vec(),
            prefer: None,
            rtcp_mux,
            offers_mux: rtcp_mux,
            shares_port: false,
            protection: Protection::default(),
            connectivity: Connectivity::default(),
            agreed: None,
            last: None,
            offered: None,
            anew: false,
        }
    }

    /// A session at the same address for a far end that takes the place of this one: plain until it is protected with keys
    /// of its own.
    pub fn for_another(&self, session_id: u64) -> Self {
        let mut session = LocalSession::new(self.rtp, session_id, &self.allowed, self.rtcp_mux);
        session.prefer = self.codec().or(self.prefer);
        session.offers_mux = self.offers_mux;
        session.anew = true;
        session
    }

    /// Whether offers ask for one port for RTP and RTCP (RFC 5761), which is agreed to in any case where the other side asks
    /// for it and this session understands it. What was agreed on is asked for again (section 5.1.1).
    pub fn offer_mux(&mut self, on: bool) {
        self.offers_mux = on;
    }

    /// Changes what may be agreed on in later negotiations.
    pub fn allow(&mut self, allowed: &[Codec]) {
        self.allowed = allowed.to_vec();
    }

    /// Says what the other leg of the call speaks: later offers list it first, and answers take it when they can, so
    /// that nothing has to be translated.
    pub fn prefer(&mut self, other: Option<Codec>) {
        self.prefer = other;
    }

    /// The codec agreed on, if any is.
    pub fn codec(&self) -> Option<Codec> {
        self.agreed.map(|(_, codec)| codec)
    }

    /// The description sent last, unchanged: for an answer that must be repeated.
    pub fn current(&self) -> Option<&SessionDescription> {
        self.last.as_ref()
    }

    /// An offer: the first one names all allowed codecs, a later one the agreed codec alone.
    pub fn offer(&mut self, direction: Direction) -> SessionDescription {
        let formats: Vec<(u8, Codec)> = match self.agreed {
            Some(agreed) => vec![agreed],
            None => {
                let ordered = Codec::in_order_for(&self.allowed, self.prefer);
                ordered.into_iter().map(|c| (c.payload_type(), c)).collect()
            }
        };
        // The numbers of telephone events once agreed on stay, as RFC 3264 (8.3.2) asks.
        let known = self.last.as_ref().and_then(audio_of).map(events_of);
        let first = known.is_none();
        let mut events = known.unwrap_or_else(|| DTMF_PAYLOAD_TYPES.to_vec());
        let counted = |(_, clock): &(u8, u32)| formats.iter().any(|(_, codec)| codec.clock() == *clock);
        if first || events.iter().any(counted) {
            events.retain(counted);
        }
        let (protocol, keys) = self.protection.offer();
        let mux = self.rtcp_mux && (self.offers_mux || self.shares_port);
        let audio = self.audio(&formats, &events, direction, mux, protocol, &keys);
        let ice = self.connectivity.offered();
        // Until the far end agrees to one port, both are candidates.
        let audio = self.with_ice(audio, ice.as_ref(), false);
        // All m= lines of before must be there again, in their order (RFC 3264, section 8).
        let media = match &self.last {
            Some(last) => replace_audio(&last.media, audio),
            None => vec![audio],
        };
        let offer = self.publish(media, ice.is_some());
        self.offered = Some(offer.clone());
        offer
    }

    /// Which of what is offered we take.
    fn choose(&self, formats: &[(u8, Codec)]) -> Option<(u8, Codec)> {
        let possible = || formats.iter().copied().filter(|(_, codec)| self.allowed.contains(codec));
        let running = possible().find(|(_, codec)| Some(*codec) == self.codec());
        let same = || possible().find(|(_, codec)| Some(*codec) == self.prefer);
        let alike = || possible().find(|(_, codec)| self.prefer.is_some_and(|other| codec.passes_as(other)));
        running.or_else(same).or_else(alike).or_else(|| possible().next())
    }

    /// Answers an offer. `want` is what we would like to do; the answer never promises more than the offer
    /// allows.
    pub fn answer(
        &mut self,
        offer: &SessionDescription,
        want: Direction,
    ) -> Result<(SessionDescription, Negotiated), NegotiateError> {
        let (index, line) = choose_audio(offer, &self.protection)?;
        let audio = &offer.media[index];
        let (pt, codec) = self.choose(&formats_of(audio)).ok_or(NegotiateError::NoCommonCodec)?;
        let remote = Remote::read(offer, audio)?;
        let direction = remote.direction.mirrored().and(want);
        let rtcp_mux = self.rtcp_mux && remote.rtcp_mux;
        let event = event_for(&events_of(audio), codec);
        let (srtp, keys) = self.protection.agree(line, &audio.protocol);
        let protocol = audio.protocol.clone();
        let ours = self.audio(&[(pt, codec)], event.as_slice(), direction, rtcp_mux, protocol, &keys);
        let ice = self.connectivity.agree(offer, audio, true);
        let ours = self.with_ice(ours, ice.as_ref(), rtcp_mux);
        let media = offer
            .media
            .iter()
            .enumerate()
            .map(|(at, theirs)| if at == index { ours.clone() } else { refused(theirs) })
            .collect();
        self.agreed = Some((pt, codec));
        self.shares_port = rtcp_mux;
        self.offered = None;
        let answer = self.publish(media, ice.is_some());
        let mut negotiated = remote.negotiated((pt, pt, codec), direction, rtcp_mux);
        negotiated.dtmf_send_pt = event.map(|(pt, _)| pt);
        negotiated.dtmf_recv_pt = negotiated.dtmf_send_pt;
        negotiated.dtmf_clock = event.map_or(codec.clock(), |(_, clock)| clock);
        negotiated.noise_recv_pt = noise_of(audio).filter(|_| codec.clock() == 8_000);
        negotiated.opus = opus_settings(audio, pt);
        negotiated.srtp = srtp;
        negotiated.ice_peer = self.connectivity.peer(&ice);
        negotiated.ice = ice;
        negotiated.anew = std::mem::take(&mut self.anew);
        Ok((answer, negotiated))
    }

    /// Takes the answer to our last offer. After an error the offer may still be answered (forking); when it
    /// never is, the next offer simply replaces it.
    pub fn accept(&mut self, answer: &SessionDescription) -> Result<Negotiated, NegotiateError> {
        let offer = self.offered.as_ref().ok_or(NegotiateError::Malformed(Malformed::NoOffer))?;
        let mismatch = NegotiateError::Malformed(Malformed::MediaMismatch);
        if answer.media.is_empty() {
            return Err(NegotiateError::NoAudio);
        }
        let index = offer.media.iter().position(|m| m.kind == "audio" && m.port != 0).ok_or(mismatch)?;
        let ours = &offer.media[index];
        let theirs = answer.media.get(index).ok_or(mismatch)?;
        if theirs.kind != "audio" {
            return Err(mismatch);
        }
        if theirs.port == 0 {
            return Err(NegotiateError::PortZero);
        }
        let line = self.protection.taken(ours, theirs)?;
        let offered = formats_of(ours);
        let mut common = formats_of(theirs).into_iter().filter_map(|(send_pt, codec)| {
            offered.iter().find(|(_, c)| *c == codec).map(|(recv_pt, _)| (send_pt, *recv_pt, codec))
        });
        let (send_pt, recv_pt, codec) = common.next().ok_or(NegotiateError::NoCommonCodec)?;
        let also_recv = common.map(|(_, recv_pt, codec)| (recv_pt, codec)).collect();
        let remote = Remote::read(answer, theirs)?;
        let (our_events, their_events) = (events_of(ours), events_of(theirs));
        let event = event_for(&their_events, codec);
        let ours_for = |clock| our_events.iter().copied().find(|(_, ours)| *ours == clock);
        let other = their_events.iter().find(|(_, clock)| Some(*clock) != event.map(|(_, clock)| clock));
        let ours_direction = direction_of(offer, ours);
        let direction = remote.direction.mirrored().and(ours_direction);
        let rtcp_mux = remote.rtcp_mux && ours.attribute("rtcp-mux").is_some();
        let (srtp, _) = self.protection.agree(line, &ours.protocol);
        self.agreed = Some((recv_pt, codec));
        self.shares_port = rtcp_mux;
        self.offered = None;
        let mut negotiated = remote.negotiated((send_pt, recv_pt, codec), direction, rtcp_mux);
        negotiated.also_recv = also_recv;
        negotiated.dtmf_send_pt = event.map(|(pt, _)| pt);
        negotiated.dtmf_recv_pt = event.and_then(|(_, clock)| ours_for(clock)).map(|(pt, _)| pt);
        negotiated.dtmf_clock = event.map_or(codec.clock(), |(_, clock)| clock);
        negotiated.also_dtmf_recv = other.and_then(|(_, clock)| ours_for(*clock));
        negotiated.noise_recv_pt = noise_of(theirs).filter(|_| codec.clock() == 8_000);
        negotiated.opus = opus_settings(theirs, send_pt);
        negotiated.srtp = srtp;
        negotiated.anew = std::mem::take(&mut self.anew);
        negotiated.ice = self.connectivity.agree(answer, theirs, false);
        negotiated.ice_peer = self.connectivity.peer(&negotiated.ice);
        // When we hold, an answer of recvonly or inactive only does as it was told.
        if !ours_direction.receives() {
            negotiated.remote_holds &= !remote.direction.receives();
            negotiated.remote_holds &= ours_direction.sends();
        }
        Ok(negotiated)
    }

    fn audio(
        &self,
        codecs: &[(u8, Codec)],
        events: &[(u8, u32)],
        direction: Direction,
        mux: bool,
        protocol: String,
        keys: &[CryptoLine],
    ) -> Media {
        let mut formats: Vec<String> = codecs.iter().map(|(pt, _)| pt.to_string()).collect();
        let mut attributes = Vec::new();
        for (pt, codec) in codecs {
            attributes.push(Attribute::value("rtpmap", format!("{pt} {}", codec.encoding())));
            if *codec == Codec::Opus {
                // What is lost can be repaired from the packet after it (RFC 7587, 6.1).
                attributes.push(Attribute::value("fmtp", format!("{pt} minptime=10;useinbandfec=1")));
            }
        }
        for (pt, clock) in events {
            formats.push(pt.to_string());
            attributes.push(Attribute::value("rtpmap", format!("{pt} telephone-event/{clock}")));
            attributes.push(Attribute::value("fmtp", format!("{pt} 0-15")));
        }
        attributes.push(Attribute::value("ptime", "20"));
        attributes.extend(protection::attributes(keys));
        if mux {
            attributes.push(Attribute::flag("rtcp-mux"));
        }
        attributes.push(Attribute::flag(direction.name()));
        Media {
            kind: "audio".to_owned(),
            port: self.rtp.port(),
            protocol,
            formats,
            connection: None,
            attributes,
        }
    }

    fn with_ice(&self, mut audio: Media, ice: Option<&Credentials>, mux: bool) -> Media {
        if let Some(ours) = ice {
            audio.attributes.extend(connectivity::attributes(ours, self.rtp, mux));
        }
        audio
    }

    fn publish(&mut self, media: Vec<Media>, ice: bool) -> SessionDescription {
        let address = Address::Ip(self.rtp.ip());
        let unchanged = self.last.as_ref().is_some_and(|last| last.media == media);
        if !unchanged {
            self.version += 1;
        }
        let description = SessionDescription {
            origin: Some(Origin {
                username: "-".to_owned(),
                session_id: self.session_id.to_string(),
                version: self.version,
                address: address.clone(),
            }),
            connection: Some(Connection { address }),
            attributes: if ice { vec![Attribute::flag("ice-lite")] } else { Vec::new() },
            media,
        };
        self.last = Some(description.clone());
        description
    }
}

fn replace_audio(media: &[Media], audio: Media) -> Vec<Media> {
    let mut media = media.to_vec();
    match media.iter_mut().find(|m| m.kind == "audio" && m.port != 0) {
        Some(slot) => *slot = audio,
        None => media.push(audio),
    }
    media
}

fn refused(theirs: &Media) -> Media {
    let formats = if theirs.formats.is_empty() { vec!["0".to_owned()] } else { theirs.formats.clone() };
    Media {
        kind: theirs.kind.clone(),
        port: 0,
        protocol: theirs.protocol.clone(),
        formats,
        connection: None,
        attributes: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
