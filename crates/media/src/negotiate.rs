//! Offer and answer (RFC 3264) for the one audio stream of a leg.
//!
//! [`LocalSession`] is our side of a leg's descriptions from the first to the last: it keeps the address, the
//! order of the `m=` lines and the version number of `o=`, which grows by one when and only when what we say
//! changes. Once a codec was agreed, what we offer later holds that codec alone, so that a hold or a transfer
//! never changes the coding of a running call.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::g711::Law;
use crate::sdp::{Address, Attribute, Connection, Media, Origin, SdpError, SessionDescription};

/// The payload number that our offers give to telephone events.
const DTMF_PAYLOAD_TYPE: u8 = 101;

/// The codecs that are passed through. All of them count timestamps at 8000 Hz, G.722 too (RFC 3551, 4.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// G.711 A-law.
    Pcma,
    /// G.711 µ-law.
    Pcmu,
    /// G.722, 16 kHz audio in 64 kbit/s.
    G722,
}

impl Codec {
    /// All codecs. A leg that agreed on G.722 can be relayed to another one, but hears no prompt and cannot
    /// be recorded; use [`Codec::G711`] where either is wanted.
    pub const ALL: [Codec; 3] = [Codec::Pcma, Codec::Pcmu, Codec::G722];

    /// The codecs that prompts and recordings are made for, and that can be put into each other.
    pub const G711: [Codec; 2] = [Codec::Pcma, Codec::Pcmu];

    /// The static payload number (RFC 3551).
    pub const fn payload_type(self) -> u8 {
        match self {
            Codec::Pcma => 8,
            Codec::Pcmu => 0,
            Codec::G722 => 9,
        }
    }

    /// The name in `a=rtpmap`.
    pub const fn name(self) -> &'static str {
        match self {
            Codec::Pcma => "PCMA",
            Codec::Pcmu => "PCMU",
            Codec::G722 => "G722",
        }
    }

    /// The G.711 law, for the two codecs that are G.711.
    pub const fn law(self) -> Option<Law> {
        match self {
            Codec::Pcma => Some(Law::Alaw),
            Codec::Pcmu => Some(Law::Ulaw),
            Codec::G722 => None,
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Codec::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name))
    }
}

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
    /// What we may do.
    pub direction: Direction,
    /// Whether the other side put us on hold, in either style.
    pub remote_holds: bool,
    /// Milliseconds of audio in a packet that the other side likes, 10 to 200; 20 when it did not say.
    pub ptime: u32,
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
            .field("rtcp_mux", &self.rtcp_mux)
            .field("direction", &self.direction)
            .field("remote_holds", &self.remote_holds)
            .field("ptime", &self.ptime)
            .finish_non_exhaustive()
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
    /// The audio does not run over plain RTP (`RTP/AVP`).
    UnsupportedTransport,
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
            NegotiateError::UnsupportedTransport => f.write_str("the audio does not use plain RTP (RTP/AVP)"),
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
    rtcp_mux: bool,
    agreed: Option<Codec>,
    last: Option<SessionDescription>,
    offered: Option<SessionDescription>,
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
            rtcp_mux,
            agreed: None,
            last: None,
            offered: None,
        }
    }

    /// Changes what may be agreed on in later negotiations.
    pub fn allow(&mut self, allowed: &[Codec]) {
        self.allowed = allowed.to_vec();
    }

    /// The codec agreed on, if any is.
    pub fn codec(&self) -> Option<Codec> {
        self.agreed
    }

    /// The description sent last, unchanged: for an answer that must be repeated.
    pub fn current(&self) -> Option<&SessionDescription> {
        self.last.as_ref()
    }

    /// An offer: the first one names all allowed codecs, a later one the agreed codec alone.
    pub fn offer(&mut self, direction: Direction) -> SessionDescription {
        let codecs = match self.agreed {
            Some(codec) => vec![codec],
            None => self.allowed.clone(),
        };
        let formats: Vec<(u8, Codec)> = codecs.into_iter().map(|c| (c.payload_type(), c)).collect();
        // The number of telephone events once agreed on stays, as RFC 3264 (8.3.2) asks.
        let dtmf = self.last.as_ref().and_then(audio_of).map_or(Some(DTMF_PAYLOAD_TYPE), dtmf_of);
        let audio = self.audio(&formats, dtmf, direction, self.rtcp_mux);
        // All m= lines of before must be there again, in their order (RFC 3264, section 8).
        let media = match &self.last {
            Some(last) => replace_audio(&last.media, audio),
            None => vec![audio],
        };
        let offer = self.publish(media);
        self.offered = Some(offer.clone());
        offer
    }

    /// Answers an offer. `want` is what we would like to do; the answer never promises more than the offer
    /// allows.
    pub fn answer(
        &mut self,
        offer: &SessionDescription,
        want: Direction,
    ) -> Result<(SessionDescription, Negotiated), NegotiateError> {
        let index = choose_audio(offer)?;
        let audio = &offer.media[index];
        let formats = formats_of(audio);
        let possible = || formats.iter().copied().filter(|(_, codec)| self.allowed.contains(codec));
        // A codec that already runs stays when it is still on offer.
        let (pt, codec) = possible()
            .find(|(_, codec)| Some(*codec) == self.agreed)
            .or_else(|| possible().next())
            .ok_or(NegotiateError::NoCommonCodec)?;
        let remote = Remote::read(offer, audio)?;
        let direction = remote.direction.mirrored().and(want);
        let rtcp_mux = self.rtcp_mux && remote.rtcp_mux;
        let dtmf = dtmf_of(audio);
        let ours = self.audio(&[(pt, codec)], dtmf, direction, rtcp_mux);
        let media = offer
            .media
            .iter()
            .enumerate()
            .map(|(at, theirs)| if at == index { ours.clone() } else { refused(theirs) })
            .collect();
        self.agreed = Some(codec);
        self.offered = None;
        let answer = self.publish(media);
        let negotiated = remote.negotiated(codec, pt, pt, Vec::new(), dtmf, dtmf, direction, rtcp_mux);
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
        if !is_plain_rtp(theirs) {
            return Err(NegotiateError::UnsupportedTransport);
        }
        let offered = formats_of(ours);
        let mut common = formats_of(theirs).into_iter().filter_map(|(send_pt, codec)| {
            offered.iter().find(|(_, c)| *c == codec).map(|(recv_pt, _)| (send_pt, *recv_pt, codec))
        });
        let (send_pt, recv_pt, codec) = common.next().ok_or(NegotiateError::NoCommonCodec)?;
        let also_recv = common.map(|(_, recv_pt, codec)| (recv_pt, codec)).collect();
        let remote = Remote::read(answer, theirs)?;
        let dtmf_send_pt = dtmf_of(theirs);
        let dtmf_recv_pt = dtmf_of(ours).filter(|_| dtmf_send_pt.is_some());
        let ours_direction = direction_of(offer, ours);
        let direction = remote.direction.mirrored().and(ours_direction);
        let rtcp_mux = self.rtcp_mux && remote.rtcp_mux;
        self.agreed = Some(codec);
        self.offered = None;
        let mut negotiated = remote.negotiated(
            codec,
            send_pt,
            recv_pt,
            also_recv,
            dtmf_send_pt,
            dtmf_recv_pt,
            direction,
            rtcp_mux,
        );
        // When we hold, an answer of recvonly or inactive only does as it was told.
        if !ours_direction.receives() {
            negotiated.remote_holds &= !remote.direction.receives();
            negotiated.remote_holds &= ours_direction.sends();
        }
        Ok(negotiated)
    }

    fn audio(&self, codecs: &[(u8, Codec)], dtmf: Option<u8>, direction: Direction, mux: bool) -> Media {
        let mut formats: Vec<String> = codecs.iter().map(|(pt, _)| pt.to_string()).collect();
        let mut attributes: Vec<Attribute> = codecs
            .iter()
            .map(|(pt, codec)| Attribute::value("rtpmap", format!("{pt} {}/8000", codec.name())))
            .collect();
        if let Some(pt) = dtmf {
            formats.push(pt.to_string());
            attributes.push(Attribute::value("rtpmap", format!("{pt} telephone-event/8000")));
            attributes.push(Attribute::value("fmtp", format!("{pt} 0-15")));
        }
        attributes.push(Attribute::value("ptime", "20"));
        if mux {
            attributes.push(Attribute::flag("rtcp-mux"));
        }
        attributes.push(Attribute::flag(direction.name()));
        Media {
            kind: "audio".to_owned(),
            port: self.rtp.port(),
            protocol: "RTP/AVP".to_owned(),
            formats,
            connection: None,
            attributes,
        }
    }

    fn publish(&mut self, media: Vec<Media>) -> SessionDescription {
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
            attributes: Vec::new(),
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

fn is_plain_rtp(media: &Media) -> bool {
    media.protocol.eq_ignore_ascii_case("RTP/AVP")
}

/// The first audio that we could take; when there is none, what is wrong with the first audio.
fn choose_audio(offer: &SessionDescription) -> Result<usize, NegotiateError> {
    let mut first_error = NegotiateError::NoAudio;
    for (index, media) in offer.media.iter().enumerate().filter(|(_, m)| m.kind == "audio") {
        let error = if media.port == 0 {
            NegotiateError::PortZero
        } else if !is_plain_rtp(media) {
            NegotiateError::UnsupportedTransport
        } else {
            return Ok(index);
        };
        if first_error == NegotiateError::NoAudio {
            first_error = error;
        }
    }
    Err(first_error)
}

fn audio_of(session: &SessionDescription) -> Option<&Media> {
    session.media.iter().find(|m| m.kind == "audio" && m.port != 0)
}

/// What `a=rtpmap` says about a payload number: the name, when the clock is 8000 Hz and there is one channel.
fn mapped(media: &Media, pt: u8) -> Option<Option<&str>> {
    media.attributes_named("rtpmap").find_map(|value| {
        let (number, encoding) = value.split_once(char::is_whitespace)?;
        if number.parse() != Ok(pt) {
            return None;
        }
        let mut parts = encoding.trim().split('/');
        let name = parts.next();
        let fits = parts.next() == Some("8000") && matches!(parts.next(), None | Some("1"));
        Some(name.filter(|_| fits))
    })
}

fn payload_types(media: &Media) -> impl Iterator<Item = u8> + '_ {
    media.formats.iter().filter_map(|f| f.parse().ok()).filter(|pt| *pt < 128)
}

/// The known codecs of a section with their numbers, in its order. A number without a map means what RFC 3551
/// fixed; numbers from 96 mean nothing without one.
fn formats_of(media: &Media) -> Vec<(u8, Codec)> {
    let mut found: Vec<(u8, Codec)> = Vec::new();
    for pt in payload_types(media) {
        let codec = match mapped(media, pt) {
            Some(name) => name.and_then(Codec::from_name),
            None => Codec::ALL.into_iter().find(|codec| codec.payload_type() == pt),
        };
        if let Some(codec) = codec
            && !found.iter().any(|(_, known)| *known == codec)
        {
            found.push((pt, codec));
        }
    }
    found
}

fn dtmf_of(media: &Media) -> Option<u8> {
    payload_types(media).find(|pt| {
        mapped(media, *pt).flatten().is_some_and(|name| name.eq_ignore_ascii_case("telephone-event"))
    })
}

fn direction_of(session: &SessionDescription, media: &Media) -> Direction {
    Direction::from_attributes(&media.attributes)
        .or_else(|| Direction::from_attributes(&session.attributes))
        .unwrap_or(Direction::SendRecv)
}

/// What the other side says about its own end.
struct Remote {
    rtp: SocketAddr,
    rtcp: SocketAddr,
    rtcp_mux: bool,
    /// As the other side sees it, with the old hold style taken into account.
    direction: Direction,
    holds: bool,
    ptime: u32,
}

impl Remote {
    fn read(session: &SessionDescription, media: &Media) -> Result<Self, NegotiateError> {
        let connection = session.connection_of(media).ok_or(NegotiateError::BadAddress)?;
        let Address::Ip(ip) = connection.address else { return Err(NegotiateError::BadAddress) };
        let old_hold = ip == IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        if !old_hold && !is_sendable(ip) {
            return Err(NegotiateError::BadAddress);
        }
        let rtp = SocketAddr::new(ip, media.port);
        let said = direction_of(session, media);
        let direction = if old_hold { Direction::of(said.sends(), false) } else { said };
        let ptime = media.attribute("ptime").and_then(|v| v.parse::<u32>().ok());
        Ok(Remote {
            rtp,
            rtcp: rtcp_address(media, rtp),
            rtcp_mux: media.attribute("rtcp-mux").is_some(),
            direction,
            holds: !direction.receives(),
            ptime: ptime.map_or(20, |ms| ms.clamp(10, 200)),
        })
    }

    #[expect(clippy::too_many_arguments, reason = "each is one field of the result, in its order")]
    fn negotiated(
        &self,
        codec: Codec,
        send_pt: u8,
        recv_pt: u8,
        also_recv: Vec<(u8, Codec)>,
        dtmf_send_pt: Option<u8>,
        dtmf_recv_pt: Option<u8>,
        direction: Direction,
        rtcp_mux: bool,
    ) -> Negotiated {
        Negotiated {
            remote_rtp: self.rtp,
            remote_rtcp: if rtcp_mux { self.rtp } else { self.rtcp },
            rtcp_mux,
            codec,
            send_pt,
            recv_pt,
            also_recv,
            dtmf_send_pt,
            dtmf_recv_pt,
            direction,
            remote_holds: self.holds,
            ptime: self.ptime,
        }
    }
}

fn is_sendable(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_unspecified() && !ip.is_multicast() && !ip.is_broadcast(),
        IpAddr::V6(ip) => {
            // An IPv4 address in IPv6 clothes must not smuggle in what is refused plainly.
            !ip.is_unspecified()
                && !ip.is_multicast()
                && ip.to_ipv4_mapped().is_none_or(|v4| is_sendable(IpAddr::V4(v4)))
        }
    }
}

/// `a=rtcp` (RFC 3605), otherwise the port above. An unusable value counts as absent.
fn rtcp_address(media: &Media, rtp: SocketAddr) -> SocketAddr {
    let above = SocketAddr::new(rtp.ip(), rtp.port().checked_add(1).unwrap_or(rtp.port()));
    let Some(value) = media.attribute("rtcp") else { return above };
    let mut fields = value.split_ascii_whitespace();
    let Some(port) = fields.next().and_then(|p| p.parse().ok()).filter(|p| *p != 0) else { return above };
    match fields.nth(2) {
        None => SocketAddr::new(rtp.ip(), port),
        Some(ip) => match ip.parse() {
            Ok(ip) if is_sendable(ip) => SocketAddr::new(ip, port),
            _ => above,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> LocalSession {
        LocalSession::new("127.0.0.1:20000".parse().unwrap(), 42, &Codec::ALL, true)
    }

    fn sdp(tail: &str) -> SessionDescription {
        SessionDescription::parse(format!("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\n{tail}").as_bytes()).unwrap()
    }

    fn answered(tail: &str) -> Result<Negotiated, NegotiateError> {
        session().answer(&sdp(tail), Direction::SendRecv).map(|(_, negotiated)| negotiated)
    }

    #[test]
    fn our_own_offer_and_answer_meet() {
        let (mut caller, mut callee) = (session(), session());
        let offer = caller.offer(Direction::SendRecv);
        let offer = SessionDescription::parse(offer.write().as_bytes()).unwrap();
        let (answer, at_callee) = callee.answer(&offer, Direction::SendRecv).unwrap();
        let answer = SessionDescription::parse(answer.write().as_bytes()).unwrap();
        let at_caller = caller.accept(&answer).unwrap();
        for n in [&at_caller, &at_callee] {
            assert_eq!((n.codec, n.send_pt, n.recv_pt), (Codec::Pcma, 8, 8));
            assert_eq!((n.dtmf_send_pt, n.dtmf_recv_pt), (Some(101), Some(101)));
            assert!(n.rtcp_mux && n.remote_rtcp == n.remote_rtp && !n.remote_holds);
            assert_eq!((n.direction, n.ptime), (Direction::SendRecv, 20));
            assert!(!format!("{n:?}").contains("127.0.0.1"));
        }
    }

    #[test]
    fn the_offerers_order_decides() {
        let n = answered("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 18 0 8\r\n").unwrap();
        assert_eq!((n.codec, n.dtmf_send_pt), (Codec::Pcmu, None));
        let n = answered("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 9 0\r\na=rtcp:5555\r\na=ptime:30\r\n")
            .unwrap();
        assert_eq!((n.codec, n.remote_rtcp.port(), n.ptime), (Codec::G722, 5555, 30));
    }

    #[test]
    fn dynamic_numbers_mean_what_their_map_says() {
        let n = answered(
            "c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 96 97 98 99\r\na=rtpmap:96 opus/48000/2\r\n\
             a=rtpmap:97 pcma/8000/1\r\na=rtpmap:99 telephone-event/8000\r\n",
        )
        .unwrap();
        assert_eq!((n.codec, n.send_pt, n.recv_pt, n.dtmf_send_pt), (Codec::Pcma, 97, 97, Some(99)));
        assert_eq!(n.remote_rtcp.port(), 5001);
        // Without a map they mean nothing; with a strange one the fixed meaning is gone too.
        for tail in [
            "c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 96\r\n",
            "c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 0\r\na=rtpmap:0 G729/8000\r\n",
            "c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 8\r\na=rtpmap:8 PCMA/16000\r\n",
        ] {
            assert_eq!(answered(tail).unwrap_err(), NegotiateError::NoCommonCodec);
        }
    }

    #[test]
    fn errors() {
        for (tail, expected) in [
            ("c=IN IP4 1.2.3.4\r\n", NegotiateError::NoAudio),
            ("c=IN IP4 1.2.3.4\r\nm=video 5000 RTP/AVP 0\r\n", NegotiateError::NoAudio),
            ("c=IN IP4 1.2.3.4\r\nm=audio 0 RTP/AVP 0\r\n", NegotiateError::PortZero),
            ("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/SAVP 0\r\n", NegotiateError::UnsupportedTransport),
            ("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 18\r\n", NegotiateError::NoCommonCodec),
            ("m=audio 5000 RTP/AVP 0\r\n", NegotiateError::BadAddress),
            ("c=IN IP4 phone.example\r\nm=audio 5000 RTP/AVP 0\r\n", NegotiateError::BadAddress),
            ("c=IN IP4 224.2.1.1/127\r\nm=audio 5000 RTP/AVP 0\r\n", NegotiateError::BadAddress),
            ("c=IN IP4 255.255.255.255\r\nm=audio 5000 RTP/AVP 0\r\n", NegotiateError::BadAddress),
            ("c=IN IP6 ::\r\nm=audio 5000 RTP/AVP 0\r\n", NegotiateError::BadAddress),
            ("c=IN IP6 ::ffff:224.0.0.1\r\nm=audio 5000 RTP/AVP 0\r\n", NegotiateError::BadAddress),
        ] {
            assert_eq!(answered(tail).unwrap_err(), expected, "{tail}");
        }
    }

    #[test]
    fn all_hold_styles() {
        for (address, attribute, direction, holds) in [
            ("1.2.3.4", "sendrecv", Direction::SendRecv, false),
            ("1.2.3.4", "sendonly", Direction::RecvOnly, true),
            ("1.2.3.4", "recvonly", Direction::SendOnly, false),
            ("1.2.3.4", "inactive", Direction::Inactive, true),
            ("0.0.0.0", "sendrecv", Direction::RecvOnly, true),
            ("0.0.0.0", "sendonly", Direction::RecvOnly, true),
            ("0.0.0.0", "inactive", Direction::Inactive, true),
        ] {
            for tail in [
                format!("c=IN IP4 {address}\r\nm=audio 5000 RTP/AVP 0\r\na={attribute}\r\n"),
                format!("c=IN IP4 {address}\r\na={attribute}\r\nm=audio 5000 RTP/AVP 0\r\n"),
            ] {
                let (answer, n) = session().answer(&sdp(&tail), Direction::SendRecv).unwrap();
                assert_eq!((n.direction, n.remote_holds), (direction, holds), "{tail}");
                assert_eq!(answer.media[0].attribute(direction.name()), Some(""));
            }
        }
    }

    #[test]
    fn when_we_hold_the_other_side_does_not() {
        for (ours, theirs) in [
            (Direction::SendOnly, "recvonly"),
            (Direction::Inactive, "inactive"),
            (Direction::Inactive, "sendrecv"),
        ] {
            let mut local = session();
            local.offer(ours);
            let n = local
                .accept(&sdp(&format!("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 8\r\na={theirs}\r\n")))
                .unwrap();
            assert!(!n.remote_holds && !n.direction.receives());
        }
    }

    #[test]
    fn other_media_are_refused_and_kept_in_place() {
        let offer = sdp("c=IN IP4 1.2.3.4\r\nm=video 6000 RTP/AVP 34\r\nm=audio 5000 RTP/SAVP 8\r\n\
             m=audio 5002 RTP/AVP 8\r\nm=image 7000 udptl t38\r\n");
        let mut local = session();
        let (answer, n) = local.answer(&offer, Direction::SendRecv).unwrap();
        let ports: Vec<u16> = answer.media.iter().map(|m| m.port).collect();
        assert_eq!(ports, [0, 0, 20000, 0]);
        assert_eq!((&*answer.media[3].protocol, n.remote_rtp.port()), ("udptl", 5002));
        let hold = local.offer(Direction::SendOnly);
        assert_eq!(hold.media.iter().map(|m| m.port).collect::<Vec<_>>(), ports);
    }

    #[test]
    fn the_version_grows_by_one_when_something_changes() {
        let version = |s: &SessionDescription| s.origin.as_ref().unwrap().version;
        let mut local = session();
        let first = local.offer(Direction::SendRecv);
        assert_eq!(version(&first), 1);
        assert_eq!(local.offer(Direction::SendRecv), first);
        local.accept(&sdp("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 0 8\r\n")).unwrap();
        let hold = local.offer(Direction::SendOnly);
        assert_eq!((version(&hold), &*hold.media[0].formats[0]), (2, "0"));
        assert_eq!(version(&local.offer(Direction::SendOnly)), 2);
        assert_eq!(version(&local.offer(Direction::SendRecv)), 3);
        assert_eq!(local.codec(), Some(Codec::Pcmu));
    }

    #[test]
    fn answers_that_do_not_fit() {
        let mut local = session();
        let ok = "c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 0\r\n";
        assert_eq!(local.accept(&sdp(ok)), Err(NegotiateError::Malformed(Malformed::NoOffer)));
        local.offer(Direction::SendRecv);
        for (tail, expected) in [
            ("c=IN IP4 1.2.3.4\r\n", NegotiateError::NoAudio),
            (
                "c=IN IP4 1.2.3.4\r\nm=video 1 RTP/AVP 0\r\n",
                NegotiateError::Malformed(Malformed::MediaMismatch),
            ),
            ("c=IN IP4 1.2.3.4\r\nm=audio 0 RTP/AVP 0\r\n", NegotiateError::PortZero),
            ("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 18\r\n", NegotiateError::NoCommonCodec),
            ("c=IN IP4 1.2.3.4\r\nm=audio 5000 UDP 0\r\n", NegotiateError::UnsupportedTransport),
            ("m=audio 5000 RTP/AVP 0\r\n", NegotiateError::BadAddress),
        ] {
            assert_eq!(local.accept(&sdp(tail)), Err(expected), "{tail}");
        }
        let n = local.accept(&sdp("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 0 8\r\n")).unwrap();
        assert_eq!((n.codec, n.also_recv), (Codec::Pcmu, vec![(8, Codec::Pcma)]));
    }

    #[test]
    fn a_codec_that_runs_stays() {
        let mut local = session();
        local.answer(&sdp("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 0 8\r\n"), Direction::SendRecv).unwrap();
        let (_, n) = local
            .answer(&sdp("c=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 8 0\r\n"), Direction::SendRecv)
            .unwrap();
        assert_eq!(n.codec, Codec::Pcmu);
    }
}
