//! Session descriptions (RFC 8866), read and written.
//!
//! Lenient where telephones are: bare line feeds, missing `s=` and `t=`, unknown lines, origins that are not
//! quite right. Strict in bounds, because the text comes from strangers: size, lines, media, formats, ports.

use std::fmt;
use std::net::IpAddr;

/// Largest description that is read, in bytes.
pub const MAX_SIZE: usize = 64 * 1024;
/// Most lines.
pub const MAX_LINES: usize = 1000;
/// Most `m=` lines.
pub const MAX_MEDIA: usize = 16;
/// Most formats of one `m=` line.
pub const MAX_FORMATS: usize = 64;

/// A session description. Printing it for debugging shows its shape and never an address.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SessionDescription {
    /// `o=`, when there was a readable one.
    pub origin: Option<Origin>,
    /// `c=` of the session.
    pub connection: Option<Connection>,
    /// `a=` lines before the first `m=`.
    pub attributes: Vec<Attribute>,
    /// `m=` sections in order; the order is part of the protocol.
    pub media: Vec<Media>,
}

/// `o=`: who made the description and which version it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Origin {
    /// Often `-`; may be a person's name.
    pub username: String,
    /// Names the session, together with the address.
    pub session_id: String,
    /// Grows by one with each change (RFC 3264, section 8).
    pub version: u64,
    /// Where it was made.
    pub address: Address,
}

/// An address, or a host name in its place.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// A numeric address.
    Ip(IpAddr),
    /// A host name, or something that is no address at all.
    Name(String),
}

/// `c=`: where media should be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Connection {
    /// The address; a multicast suffix is cut off.
    pub address: Address,
}

/// `a=`: a property, with a value or without.
#[derive(Clone, PartialEq, Eq)]
pub struct Attribute {
    /// What stands before the colon.
    pub name: String,
    /// What stands behind it.
    pub value: Option<String>,
}

/// An `m=` line and what belongs to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Media {
    /// `audio`, `video`, `image`, ….
    pub kind: String,
    /// Transport port; zero refuses or disables the stream.
    pub port: u16,
    /// Transport, such as `RTP/AVP`.
    pub protocol: String,
    /// Formats in order of preference; payload numbers for RTP.
    pub formats: Vec<String>,
    /// `c=` of this section, which takes precedence over the session's.
    pub connection: Option<Connection>,
    /// `a=` lines of this section.
    pub attributes: Vec<Attribute>,
}

/// Why a text is not a usable session description. The number is the line, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SdpError {
    /// More than 64 KiB.
    TooLarge,
    /// More than 1000 lines.
    TooManyLines,
    /// More than 16 `m=` lines.
    TooManyMedia,
    /// More than 64 formats on the `m=` line.
    TooManyFormats(usize),
    /// The first line is not `v=0`.
    NotSdp,
    /// An `m=` line without its parts, or with an impossible port.
    BadMedia(usize),
    /// A `c=` line without an address.
    BadConnection(usize),
}

impl fmt::Display for SdpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SdpError::TooLarge => write!(f, "the session description is larger than {MAX_SIZE} bytes"),
            SdpError::TooManyLines => write!(f, "the session description has more than {MAX_LINES} lines"),
            SdpError::TooManyMedia => write!(f, "the session description has more than {MAX_MEDIA} media"),
            SdpError::TooManyFormats(line) => {
                write!(f, "line {line} of the session description has more than {MAX_FORMATS} formats")
            }
            SdpError::NotSdp => {
                f.write_str("the text is not a session description: it does not begin with v=0")
            }
            SdpError::BadMedia(line) => write!(f, "line {line} of the session description is no m= line"),
            SdpError::BadConnection(line) => {
                write!(f, "line {line} of the session description is no c= line")
            }
        }
    }
}

impl std::error::Error for SdpError {}

impl fmt::Debug for SessionDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionDescription")
            .field("origin", &self.origin)
            .field("connection", &self.connection)
            .field("attributes", &self.attributes)
            .field("media", &self.media)
            .finish()
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin").field("version", &self.version).finish_non_exhaustive()
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Address::Ip(IpAddr::V4(_)) => "Ip4(_)",
            Address::Ip(IpAddr::V6(_)) => "Ip6(_)",
            Address::Name(_) => "Name(_)",
        })
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.address, f)
    }
}

impl fmt::Debug for Attribute {
    // Values hold addresses (candidate, rtcp), keys (crypto) and names (label), so only the few that say
    // how audio is coded are shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name.as_str(), &self.value) {
            ("rtpmap" | "ptime" | "fmtp", Some(value)) => write!(f, "{}:{value}", self.name),
            (name, Some(_)) => write!(f, "{name}:_"),
            (name, None) => f.write_str(name),
        }
    }
}

impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Media")
            .field("kind", &self.kind)
            .field("active", &(self.port != 0))
            .field("protocol", &self.protocol)
            .field("formats", &self.formats)
            .field("connection", &self.connection)
            .field("attributes", &self.attributes)
            .finish()
    }
}

impl Address {
    fn parse(text: &str) -> Self {
        let bare = text.split('/').next().unwrap_or(text);
        match bare.parse() {
            Ok(ip) => Address::Ip(ip),
            Err(_) => Address::Name(bare.to_owned()),
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Address::Ip(ip @ IpAddr::V4(_)) => out.push_str(&format!("IN IP4 {ip}")),
            Address::Ip(ip @ IpAddr::V6(_)) => out.push_str(&format!("IN IP6 {ip}")),
            Address::Name(name) => {
                out.push_str("IN IP4 ");
                push_token(out, name);
            }
        }
    }
}

impl Attribute {
    /// A property without a value, such as `sendonly`.
    pub fn flag(name: &str) -> Self {
        Attribute { name: name.to_owned(), value: None }
    }

    /// A property with a value, such as `ptime:20`.
    pub fn value(name: &str, value: impl Into<String>) -> Self {
        Attribute { name: name.to_owned(), value: Some(value.into()) }
    }

    fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some((name, value)) => {
                Attribute::value(name.trim_matches(|c: char| c.is_ascii_whitespace()), value.trim())
            }
            None => Attribute::flag(text.trim_matches(|c: char| c.is_ascii_whitespace())),
        }
    }
}

impl Media {
    /// The value of the first property of that name; an empty text when it has none.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        find(&self.attributes, name)
    }

    /// The values of all properties of that name.
    pub fn attributes_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.attributes
            .iter()
            .filter(move |a| a.name.eq_ignore_ascii_case(name))
            .filter_map(|a| a.value.as_deref())
    }
}

fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes.iter().find(|a| a.name.eq_ignore_ascii_case(name)).map(|a| a.value.as_deref().unwrap_or(""))
}

impl SessionDescription {
    /// Reads a description. Bytes that are not UTF-8 are replaced: they can only stand in names.
    pub fn parse(bytes: &[u8]) -> Result<Self, SdpError> {
        if bytes.len() > MAX_SIZE {
            return Err(SdpError::TooLarge);
        }
        let text = String::from_utf8_lossy(bytes);
        let mut session = SessionDescription::default();
        let mut lines = text.split('\n').enumerate();
        match lines.next() {
            Some((_, first)) if first.trim_end_matches(|c: char| c.is_ascii_whitespace()) == "v=0" => {}
            _ => return Err(SdpError::NotSdp),
        }
        for (index, line) in lines {
            let number = index + 1;
            if number > MAX_LINES {
                return Err(SdpError::TooManyLines);
            }
            let Some((kind, value)) =
                line.trim_end_matches(|c: char| c.is_ascii_whitespace()).split_once('=')
            else {
                continue;
            };
            let value = value.trim_start_matches(|c: char| c.is_ascii_whitespace());
            match kind {
                "o" => session.origin = session.origin.or_else(|| parse_origin(value)),
                "c" => {
                    let connection = parse_connection(value).ok_or(SdpError::BadConnection(number))?;
                    let slot = match session.media.last_mut() {
                        Some(media) => &mut media.connection,
                        None => &mut session.connection,
                    };
                    // A section may name several multicast groups; the first is as good as any.
                    slot.get_or_insert(connection);
                }
                "a" => {
                    let attributes = match session.media.last_mut() {
                        Some(media) => &mut media.attributes,
                        None => &mut session.attributes,
                    };
                    attributes.push(Attribute::parse(value));
                }
                "m" => {
                    if session.media.len() == MAX_MEDIA {
                        return Err(SdpError::TooManyMedia);
                    }
                    session.media.push(parse_media(value, number)?);
                }
                _ => {}
            }
        }
        Ok(session)
    }

    /// The connection that holds for a section.
    pub fn connection_of<'a>(&'a self, media: &'a Media) -> Option<&'a Connection> {
        media.connection.as_ref().or(self.connection.as_ref())
    }

    /// The value of the first session property of that name; an empty text when it has none.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        find(&self.attributes, name)
    }

    /// The text to send, with CRLF. Control characters in values are left out, so that no value can begin
    /// a line of its own.
    pub fn write(&self) -> String {
        let mut out = String::with_capacity(400);
        out.push_str("v=0\r\no=");
        match &self.origin {
            Some(origin) => {
                push_token(&mut out, &origin.username);
                out.push(' ');
                push_token(&mut out, &origin.session_id);
                out.push_str(&format!(" {} ", origin.version));
                origin.address.write(&mut out);
            }
            None => out.push_str("- 0 0 IN IP4 0.0.0.0"),
        }
        out.push_str("\r\ns=-\r\n");
        if let Some(connection) = &self.connection {
            push_connection(&mut out, connection);
        }
        out.push_str("t=0 0\r\n");
        push_attributes(&mut out, &self.attributes);
        for media in &self.media {
            out.push_str("m=");
            push_token(&mut out, &media.kind);
            out.push_str(&format!(" {} ", media.port));
            push_token(&mut out, &media.protocol);
            for format in &media.formats {
                out.push(' ');
                push_token(&mut out, format);
            }
            out.push_str("\r\n");
            if let Some(connection) = &media.connection {
                push_connection(&mut out, connection);
            }
            push_attributes(&mut out, &media.attributes);
        }
        out
    }
}

fn push_clean(out: &mut String, value: &str) {
    out.extend(value.chars().filter(|c| !c.is_control()));
}

/// A field between spaces must not be empty, or the next one would be read in its place.
fn push_token(out: &mut String, value: &str) {
    let before = out.len();
    push_clean(out, value);
    if out.len() == before {
        out.push('-');
    }
}

fn push_connection(out: &mut String, connection: &Connection) {
    out.push_str("c=");
    connection.address.write(out);
    out.push_str("\r\n");
}

fn push_attributes(out: &mut String, attributes: &[Attribute]) {
    for attribute in attributes {
        out.push_str("a=");
        push_clean(out, &attribute.name);
        if let Some(value) = &attribute.value {
            out.push(':');
            push_clean(out, value);
        }
        out.push_str("\r\n");
    }
}

fn parse_origin(value: &str) -> Option<Origin> {
    // The user name may hold spaces in the field though it must not, so the fields are counted from behind.
    let mut fields = value.rsplitn(6, ' ').filter(|f| !f.is_empty());
    let address = Address::parse(visible(fields.next()?)?);
    let (_kind, _net) = (fields.next()?, fields.next()?);
    // Some count the version beyond 64 bits; what matters is only whether it changed.
    let version = fields.next()?.parse().unwrap_or(u64::MAX);
    let session_id = fields.next()?.to_owned();
    let username = fields.next().unwrap_or("-").to_owned();
    Some(Origin { username, session_id, version, address })
}

fn parse_connection(value: &str) -> Option<Connection> {
    let mut fields = value.split_ascii_whitespace();
    if !fields.next()?.eq_ignore_ascii_case("IN") {
        return None;
    }
    let kind = fields.next()?;
    if !kind.eq_ignore_ascii_case("IP4") && !kind.eq_ignore_ascii_case("IP6") {
        return None;
    }
    Some(Connection { address: Address::parse(visible(fields.next()?)?) })
}

// Addresses and names of hosts are visible ASCII: what merely looks like a space to people is not part of one.
fn visible(address: &str) -> Option<&str> {
    address.bytes().all(|b| b.is_ascii_graphic()).then_some(address)
}

fn parse_media(value: &str, number: usize) -> Result<Media, SdpError> {
    let bad = SdpError::BadMedia(number);
    let mut fields = value.split_ascii_whitespace();
    let kind = fields.next().ok_or(bad)?.to_ascii_lowercase();
    let port = fields.next().ok_or(bad)?;
    // `49170/2` asks for two consecutive ports, which no telephone does; the first is used.
    let port = port.split('/').next().unwrap_or(port).parse().map_err(|_| bad)?;
    let protocol = fields.next().ok_or(bad)?.to_owned();
    let mut formats = Vec::new();
    for format in fields {
        if formats.len() == MAX_FORMATS {
            return Err(SdpError::TooManyFormats(number));
        }
        formats.push(format.to_owned());
    }
    Ok(Media { kind, port, protocol, formats, connection: None, attributes: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHONE: &str = "v=0\r\no=alice 53655765 2353687637 IN IP4 192.0.2.1\r\ns=call\r\n\
        c=IN IP4 192.0.2.1\r\nt=0 0\r\na=sendrecv\r\nm=audio 4000 RTP/AVP 8 0 101\r\nc=IN IP4 192.0.2.2\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\nm=video 0 RTP/AVP 34\r\n";

    #[test]
    fn a_phone_is_read() {
        let session = SessionDescription::parse(PHONE.as_bytes()).unwrap();
        let origin = session.origin.as_ref().unwrap();
        assert_eq!(
            (&*origin.username, &*origin.session_id, origin.version),
            ("alice", "53655765", 2353687637)
        );
        assert_eq!(session.media.len(), 2);
        let audio = &session.media[0];
        assert_eq!((&*audio.kind, audio.port, &*audio.protocol), ("audio", 4000, "RTP/AVP"));
        assert_eq!(audio.formats, ["8", "0", "101"]);
        assert_eq!(audio.attribute("fmtp"), Some("101 0-15"));
        let expected = Address::Ip([192, 0, 2, 2].into());
        assert_eq!(session.connection_of(audio).unwrap().address, expected);
        assert_eq!(session.attribute("sendrecv"), Some(""));
    }

    #[test]
    fn written_text_reads_the_same() {
        let session = SessionDescription::parse(PHONE.as_bytes()).unwrap();
        assert_eq!(SessionDescription::parse(session.write().as_bytes()).unwrap(), session);
    }

    #[test]
    fn values_cannot_begin_a_line() {
        let mut session = SessionDescription::parse(PHONE.as_bytes()).unwrap();
        session.media[0].attributes.push(Attribute::value("x", "1\r\nm=audio 1 RTP/AVP 0"));
        assert_eq!(SessionDescription::parse(session.write().as_bytes()).unwrap().media.len(), 2);
    }

    #[test]
    fn nobody_is_printed() {
        let text = format!("{:?}", SessionDescription::parse(PHONE.as_bytes()).unwrap());
        for secret in ["192.0.2", "alice", "53655765", "4000"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }

    #[test]
    fn what_the_field_sends() {
        for text in [
            "v=0\no=- 1 1 IN IP4 1.2.3.4\nc=IN IP4 1.2.3.4\nm=audio 8000 RTP/AVP 0",
            "v=0\r\nc=IN IP4 1.2.3.4\r\n\r\nm=audio 8000 RTP/AVP 0\r\nnonsense\r\nz=\r\n=\r\n",
            "v=0 \r\no=John Doe 1 1 IN IP4 1.2.3.4\r\nc=IN IP4 1.2.3.4/127\r\nm=AUDIO 8000/2 RTP/AVP 0\r\n",
        ] {
            let session = SessionDescription::parse(text.as_bytes()).unwrap();
            assert_eq!(session.media[0].kind, "audio", "{text}");
            assert_eq!(session.connection.unwrap().address, Address::Ip([1, 2, 3, 4].into()));
        }
    }

    #[test]
    fn bounds() {
        let with = |tail: String| SessionDescription::parse(format!("v=0\r\n{tail}").as_bytes());
        for (tail, expected) in [
            ("a=x\n".repeat(1000), SdpError::TooManyLines),
            (" ".repeat(MAX_SIZE), SdpError::TooLarge),
            ("m=audio 1 RTP/AVP 0\n".repeat(17), SdpError::TooManyMedia),
            (format!("m=audio 1 RTP/AVP{}", " 0".repeat(65)), SdpError::TooManyFormats(2)),
            ("m=audio 65536 RTP/AVP 0".into(), SdpError::BadMedia(2)),
            ("m=audio -1 RTP/AVP 0".into(), SdpError::BadMedia(2)),
            ("m=audio".into(), SdpError::BadMedia(2)),
            ("c=IN IP4".into(), SdpError::BadConnection(2)),
            ("c=ATM X 1".into(), SdpError::BadConnection(2)),
            ("c=IN IP4 \u{a0}\u{a0} /x".into(), SdpError::BadConnection(2)),
        ] {
            assert_eq!(with(tail).unwrap_err(), expected);
        }
        for text in ["", "v=1", "hello", "m=audio 1 RTP/AVP 0"] {
            assert_eq!(SessionDescription::parse(text.as_bytes()).unwrap_err(), SdpError::NotSdp);
        }
    }
}
