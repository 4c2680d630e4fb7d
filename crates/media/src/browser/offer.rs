//! A browser's offer: read as a stranger's text, checked, and written anew for the library.

use std::fmt::{self, Write};

use crate::negotiate::reading::{direction_of, events_of, formats_of, opus_settings};
use crate::negotiate::{Codec, Direction};
use crate::opus::OpusSettings;
use crate::sdp::{Media, SdpError, SessionDescription};

/// Largest offer that is read, in bytes. A browser's offer of one audio stream has about 2 KiB.
pub const MAX_OFFER: usize = 16 * 1024;
/// The codecs in the order in which they are wanted when nothing else decides: most calls come from the telephone
/// network, and then nothing has to be translated.
const CODECS: [Codec; 4] = Codec::ALL;

/// Why an offer is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferError {
    /// More than [`MAX_OFFER`] bytes.
    TooLarge,
    /// The text could not be read.
    Malformed(SdpError),
    /// It is not exactly one audio stream.
    NotOneAudio,
    /// The audio does not run over `UDP/TLS/RTP/SAVPF`, or not on one port with RTCP.
    UnsupportedTransport,
    /// Nothing that both sides can.
    NoCommonCodec,
    /// `a=mid`, `a=ice-ufrag`, `a=ice-pwd`, `a=fingerprint`, `a=setup` or `a=ssrc` is missing or impossible. Which one.
    BadAttribute(&'static str),
    /// It changes what has to stay within a connection: another stream, or other keys.
    NotTheSame,
    /// The connection is over.
    Closed,
    /// The library does not take it.
    Refused,
}

impl fmt::Display for OfferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OfferError::TooLarge => write!(f, "the offer is larger than {MAX_OFFER} bytes"),
            OfferError::Malformed(error) => error.fmt(f),
            OfferError::NotOneAudio => f.write_str("the offer has to have one audio stream and nothing else"),
            OfferError::UnsupportedTransport => {
                f.write_str("the audio has to use UDP/TLS/RTP/SAVPF with a=rtcp-mux")
            }
            OfferError::NoCommonCodec => {
                f.write_str("there is no codec that both sides can: offer PCMA, PCMU, G722 or opus")
            }
            OfferError::BadAttribute(name) => {
                write!(f, "a={name} of the offer is missing or cannot be used")
            }
            OfferError::NotTheSame => {
                f.write_str("the offer changes the stream or the keys of the connection: make a new one")
            }
            OfferError::Closed => f.write_str("the connection is over: make a new one"),
            OfferError::Refused => f.write_str("the offer cannot be used"),
        }
    }
}

impl std::error::Error for OfferError {}

/// Whether an offer could be taken, without taking it.
///
/// # Errors
/// As [`Peer::accept`](super::Peer::accept), as far as the text alone tells.
pub fn check_offer(text: &[u8]) -> Result<(), OfferError> {
    Offer::read(text).map(|_| ())
}

/// What counts in an offer.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) mid: String,
    pub(super) fingerprint: String,
    pub(super) ssrc: u32,
    /// In our order, so the first is what the browser sends.
    pub(super) codecs: Vec<(u8, Codec)>,
    /// Payload numbers of telephone events and the clocks they count.
    pub(super) events: Vec<(u8, u32)>,
    /// What the browser wants of an Opus encoder.
    pub(super) opus: OpusSettings,
    /// As the browser sees it.
    pub(super) direction: Direction,
    user: String,
    password: String,
}

/// A token that means the same to every reader.
fn token(value: &str, shortest: usize, longest: usize, more: &[u8]) -> Option<String> {
    let fits = (shortest..=longest).contains(&value.len())
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b));
    fits.then(|| value.to_owned())
}

/// A SHA-256 fingerprint (RFC 8122): 32 bytes in hexadecimal with colons between.
fn fingerprint(value: &str) -> Option<String> {
    let (function, value) = value.split_once(' ')?;
    if !function.eq_ignore_ascii_case("sha-256") {
        return None;
    }
    let mut bytes = 0;
    for byte in value.split(':') {
        if byte.len() != 2 || !byte.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        bytes += 1;
    }
    (bytes == 32).then(|| value.to_ascii_uppercase())
}

impl Offer {
    pub(super) fn read(text: &[u8]) -> Result<Offer, OfferError> {
        if text.len() > MAX_OFFER {
            return Err(OfferError::TooLarge);
        }
        let session = SessionDescription::parse(text).map_err(OfferError::Malformed)?;
        let [audio] = &session.media[..] else { return Err(OfferError::NotOneAudio) };
        if audio.kind != "audio" || audio.port == 0 {
            return Err(OfferError::NotOneAudio);
        }
        if !audio.protocol.eq_ignore_ascii_case("UDP/TLS/RTP/SAVPF") || audio.attribute("rtcp-mux").is_none()
        {
            return Err(OfferError::UnsupportedTransport);
        }
        // What belongs to the transport may stand above the streams or in one of them.
        let of = |name: &'static str| {
            audio.attribute(name).or_else(|| session.attribute(name)).ok_or(OfferError::BadAttribute(name))
        };
        let part = |name: &'static str, shortest, longest, more: &[u8]| {
            token(of(name)?, shortest, longest, more).ok_or(OfferError::BadAttribute(name))
        };
        let here = audio.attributes_named("fingerprint");
        let above = session.attributes.iter().filter(|a| a.name.eq_ignore_ascii_case("fingerprint"));
        let fingerprint = here
            .chain(above.filter_map(|a| a.value.as_deref()))
            .find_map(fingerprint)
            .ok_or(OfferError::BadAttribute("fingerprint"))?;
        // Who offers leaves it to us who begins; we always let the browser begin, so that nothing is sent to an
        // address that was not proven.
        if !matches!(of("setup")?, "actpass" | "active") {
            return Err(OfferError::BadAttribute("setup"));
        }
        let codecs = codecs_of(audio);
        if codecs.is_empty() {
            return Err(OfferError::NoCommonCodec);
        }
        let opus = codecs.iter().find(|(_, codec)| *codec == Codec::Opus);
        let opus = opus.map(|(pt, _)| opus_settings(audio, *pt)).unwrap_or_default();
        let ssrc = audio.attributes_named("ssrc").find_map(|value| {
            let number = value.split(|c: char| c.is_ascii_whitespace()).next()?;
            // 0 is what browsers probe the bandwidth with.
            number.parse().ok().filter(|ssrc| *ssrc != 0)
        });
        Ok(Offer {
            mid: part("mid", 1, 16, b"-_")?,
            fingerprint,
            ssrc: ssrc.ok_or(OfferError::BadAttribute("ssrc"))?,
            codecs,
            events: events_of(audio).into_iter().filter(|(pt, _)| is_no_report(*pt)).collect(),
            opus,
            direction: direction_of(&session, audio),
            user: part("ice-ufrag", 4, 256, b"+/")?,
            password: part("ice-pwd", 22, 256, b"+/")?,
        })
    }

    /// Whether this offer can follow another within a connection: new ICE credentials and another direction may come,
    /// nothing else.
    pub(super) fn continues(&self, before: &Offer) -> bool {
        let unchanged = Offer {
            user: before.user.clone(),
            password: before.password.clone(),
            direction: before.direction,
            ..self.clone()
        };
        unchanged == *before
    }

    /// What timestamps of a payload number count, in a second.
    pub(super) fn clock_of(&self, pt: u8) -> u32 {
        let event = self.events.iter().find(|(known, _)| *known == pt).map(|(_, clock)| *clock);
        let codec = || self.codecs.iter().find(|(known, _)| *known == pt).map(|(_, codec)| codec.clock());
        event.or_else(codec).unwrap_or(8_000)
    }

    /// The text that the library reads.
    pub(super) fn write(&self) -> String {
        let mut formats = String::new();
        let mut maps = String::new();
        // Writing into a text cannot fail.
        for (pt, codec) in &self.codecs {
            let _ = write!(formats, " {pt}");
            let _ = write!(maps, "a=rtpmap:{pt} {}\r\n", codec.encoding());
            if *codec == Codec::Opus {
                let _ = write!(maps, "a=fmtp:{pt} minptime=10;useinbandfec=1\r\n");
            }
        }
        for (pt, clock) in &self.events {
            let _ = write!(formats, " {pt}");
            let _ = write!(maps, "a=rtpmap:{pt} telephone-event/{clock}\r\n");
        }
        let Offer { mid, fingerprint, ssrc, direction, user, password, .. } = self;
        let direction = direction.name();
        format!(
            "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {mid}\r\n\
             m=audio 9 UDP/TLS/RTP/SAVPF{formats}\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:{user}\r\n\
             a=ice-pwd:{password}\r\na=fingerprint:sha-256 {fingerprint}\r\na=setup:actpass\r\na=mid:{mid}\r\n\
             a={direction}\r\na=rtcp-mux\r\n{maps}a=ssrc:{ssrc} cname:-\r\n"
        )
    }
}

/// Numbers from 64 to 95 would be taken for RTCP on a shared port (RFC 5761, section 4).
fn is_no_report(pt: u8) -> bool {
    !(64..96).contains(&pt)
}

fn codecs_of(audio: &Media) -> Vec<(u8, Codec)> {
    let offered = formats_of(audio);
    let wanted = |codec: &Codec| offered.iter().find(|(pt, c)| c == codec && is_no_report(*pt)).copied();
    CODECS.iter().filter_map(wanted).collect()
}
