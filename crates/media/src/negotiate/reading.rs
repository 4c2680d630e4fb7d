//! What an audio section of a description says: codecs and their numbers, events, noise, addresses, directions.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::protection::Protection;
use super::{Codec, Direction, NegotiateError, Negotiated};
use crate::opus::{BITRATES, DEFAULT_BITRATE, OpusSettings};
use crate::sdes::CryptoLine;
use crate::sdp::{Address, Media, SessionDescription};

/// The fixed payload number of comfort noise (RFC 3551).
const COMFORT_NOISE: u8 = 13;
/// The longest packet that anybody can ask for, in milliseconds.
const MAX_PTIME: u32 = 200;

/// The first audio that we could take, with the key line that we take of it; when there is none, what is wrong with the
/// first audio.
pub(super) fn choose_audio(
    offer: &SessionDescription,
    protection: &Protection,
) -> Result<(usize, Option<CryptoLine>), NegotiateError> {
    let mut first_error = NegotiateError::NoAudio;
    for (index, media) in offer.media.iter().enumerate().filter(|(_, m)| m.kind == "audio") {
        let error = if media.port == 0 {
            NegotiateError::PortZero
        } else {
            match protection.take(media) {
                Ok(line) => return Ok((index, line)),
                Err(error) => error,
            }
        };
        if first_error == NegotiateError::NoAudio {
            first_error = error;
        }
    }
    Err(first_error)
}

pub(super) fn audio_of(session: &SessionDescription) -> Option<&Media> {
    session.media.iter().find(|m| m.kind == "audio" && m.port != 0)
}

/// What `a=rtpmap` says about a payload number.
struct Encoding<'a> {
    name: &'a str,
    clock: u32,
    channels: u32,
}

/// The map of a payload number: `None` when there is none, `Some(None)` when it cannot be read.
fn mapped(media: &Media, pt: u8) -> Option<Option<Encoding<'_>>> {
    media.attributes_named("rtpmap").find_map(|value| {
        let (number, encoding) = value.split_once(char::is_whitespace)?;
        if number.parse() != Ok(pt) {
            return None;
        }
        let mut parts = encoding.trim().split('/');
        let name = parts.next();
        let clock = parts.next().and_then(|clock| clock.parse().ok());
        let channels = parts.next().map_or(Some(1), |channels| channels.parse().ok());
        let read = name.zip(clock).zip(channels);
        Some(read.map(|((name, clock), channels)| Encoding { name, clock, channels }))
    })
}

fn payload_types(media: &Media) -> impl Iterator<Item = u8> + '_ {
    media.formats.iter().filter_map(|f| f.parse().ok()).filter(|pt| *pt < 128)
}

/// The known codecs of a section with their numbers, in its order. A number without a map means what RFC 3551
/// fixed; numbers from 96 mean nothing without one.
pub(crate) fn formats_of(media: &Media) -> Vec<(u8, Codec)> {
    let mut found: Vec<(u8, Codec)> = Vec::new();
    for pt in payload_types(media) {
        let codec = match mapped(media, pt) {
            Some(map) => map.and_then(|map| Codec::from_encoding(map.name, map.clock, map.channels)),
            None => Codec::ALL.into_iter().find(|c| c.has_fixed_number() && c.payload_type() == pt),
        };
        if let Some(codec) = codec
            && !found.iter().any(|(_, known)| *known == codec)
        {
            found.push((pt, codec));
        }
    }
    found
}

/// The telephone events of a section with their clocks, one number for each clock.
pub(crate) fn events_of(media: &Media) -> Vec<(u8, u32)> {
    let mut found: Vec<(u8, u32)> = Vec::new();
    for pt in payload_types(media) {
        let Some(Some(map)) = mapped(media, pt) else { continue };
        let known = matches!(map.clock, 8_000 | 48_000) && map.channels == 1;
        if known
            && map.name.eq_ignore_ascii_case("telephone-event")
            && !found.iter().any(|(_, clock)| *clock == map.clock)
        {
            found.push((pt, map.clock));
        }
    }
    found
}

/// The telephone events that go with a codec: those of its clock, otherwise the first.
pub(crate) fn event_for(events: &[(u8, u32)], codec: Codec) -> Option<(u8, u32)> {
    events.iter().find(|(_, clock)| *clock == codec.clock()).or(events.first()).copied()
}

/// The number of comfort noise at 8000 Hz.
pub(super) fn noise_of(media: &Media) -> Option<u8> {
    payload_types(media).find(|pt| match mapped(media, *pt) {
        Some(map) => map.is_some_and(|map| {
            map.name.eq_ignore_ascii_case("CN") && map.clock == 8_000 && map.channels == 1
        }),
        None => *pt == COMFORT_NOISE,
    })
}

/// What the far end wants of an Opus encoder (RFC 7587, 6.1). What it does not say, or what cannot be read, is as
/// when nothing is said.
pub(crate) fn opus_settings(media: &Media, pt: u8) -> OpusSettings {
    let mut settings = OpusSettings::default();
    let lines = media.attributes_named("fmtp").filter_map(|value| value.split_once(char::is_whitespace));
    for (_, parameters) in lines.filter(|(number, _)| number.parse() == Ok(pt)) {
        for parameter in parameters.split(';') {
            let Some((name, value)) = parameter.split_once('=') else { continue };
            match (name.trim().to_ascii_lowercase().as_str(), value.trim().parse::<u32>()) {
                ("useinbandfec", Ok(value)) => settings.repairs = value == 1,
                ("cbr", Ok(value)) => settings.constant = value == 1,
                ("maxaveragebitrate", Ok(most)) => {
                    settings.bitrate = most.clamp(*BITRATES.start(), DEFAULT_BITRATE);
                }
                _ => {}
            }
        }
    }
    settings
}

pub(crate) fn direction_of(session: &SessionDescription, media: &Media) -> Direction {
    Direction::from_attributes(&media.attributes)
        .or_else(|| Direction::from_attributes(&session.attributes))
        .unwrap_or(Direction::SendRecv)
}

/// What the other side says about its own end.
pub(super) struct Remote {
    pub(super) rtp: SocketAddr,
    pub(super) rtcp: SocketAddr,
    pub(super) rtcp_mux: bool,
    /// As the other side sees it, with the old hold style taken into account.
    pub(super) direction: Direction,
    pub(super) holds: bool,
    pub(super) ptime: u32,
}

impl Remote {
    pub(super) fn read(session: &SessionDescription, media: &Media) -> Result<Self, NegotiateError> {
        let connection = session.connection_of(media).ok_or(NegotiateError::BadAddress)?;
        let Address::Ip(ip) = connection.address else { return Err(NegotiateError::BadAddress) };
        let old_hold = ip == IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        if !old_hold && !is_sendable(ip) {
            return Err(NegotiateError::BadAddress);
        }
        let rtp = SocketAddr::new(ip, media.port);
        let said = direction_of(session, media);
        let direction = if old_hold { Direction::of(said.sends(), false) } else { said };
        // A packet of a fraction of a millisecond more is no other length: `2.5` and the like are Opus's.
        let number = |name| media.attribute(name)?.split('.').next()?.parse::<u32>().ok();
        let most = number("maxptime").unwrap_or(MAX_PTIME);
        let ptime = number("ptime").unwrap_or(20).min(most).clamp(10, MAX_PTIME);
        Ok(Remote {
            rtp,
            rtcp: rtcp_address(media, rtp),
            rtcp_mux: media.attribute("rtcp-mux").is_some(),
            direction,
            holds: !direction.receives(),
            ptime,
        })
    }

    /// An agreement without telephone events and noise. `formats` are the number that we send, the number that we
    /// receive, and their codec.
    pub(super) fn negotiated(
        &self,
        (send_pt, recv_pt, codec): (u8, u8, Codec),
        direction: Direction,
        rtcp_mux: bool,
    ) -> Negotiated {
        Negotiated {
            remote_rtcp: if rtcp_mux { self.rtp } else { self.rtcp },
            rtcp_mux,
            send_pt,
            recv_pt,
            direction,
            remote_holds: self.holds,
            ptime: self.ptime,
            ..Negotiated::plain(codec, self.rtp)
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
