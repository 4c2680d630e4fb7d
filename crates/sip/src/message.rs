//! A message as it came: start line, header fields and body, split but not changed.
//!
//! The parser keeps the bytes and remembers where things stand. What it cannot split at all is an error; what it can
//! split but must not accept is remembered as a defect, so that a request can still be answered.

use crate::method::Method;
use crate::name::Name;
use crate::uri::{split_host_port, split_outside_quotes, trim};
use core::fmt;
use core::ops::Range;

/// The most header fields a message may have.
pub(crate) const MAX_HEADERS: usize = 200;
/// The longest message, in bytes, on any transport.
pub(crate) const MAX_MESSAGE: usize = 65_535;

/// What kind of message it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Start {
    /// A request with its method.
    Request(Method),
    /// An answer with its code, 100 to 699.
    Response(u16),
}

#[derive(Clone, Copy)]
struct Field {
    name: Name,
    name_start: u32,
    name_end: u32,
    start: u32,
    end: u32,
}

/// A header field: its known name, the text of its name, and its value without surrounding white space.
#[derive(Clone, Copy)]
pub struct Header<'a> {
    /// The name, if it is one that this program uses.
    pub name: Name,
    /// The name as it was written.
    pub name_text: &'a [u8],
    /// The value as it was written; folded lines are joined by spaces.
    pub value: &'a [u8],
}

/// A message that could be split. `Debug` prints only what kind it is, because headers and body name people.
#[derive(Clone)]
pub struct Message {
    bytes: Box<[u8]>,
    start: Start,
    // Request-URI or reason phrase.
    second: Range<u32>,
    method_end: u32,
    fields: Vec<Field>,
    body: Range<u32>,
    defect: Option<Defect>,
}

/// What is wrong with a message that could be split.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Defect {
    pub(crate) code: u16,
    pub(crate) why: &'static str,
}

/// Why a message could not even be split; such a one is dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum ParseError {
    Empty,
    TooLong,
    StartLine,
    BadStatus,
    TooManyHeaders,
    NoHeaders,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ParseError::Empty => "nothing but line ends",
            ParseError::TooLong => "longer than 65,535 bytes",
            ParseError::StartLine => "the first line is neither a request nor an answer",
            ParseError::BadStatus => "the status code is not one of 100 to 699",
            ParseError::TooManyHeaders => "more than 200 header fields",
            ParseError::NoHeaders => "no header field",
        })
    }
}

impl core::error::Error for ParseError {}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.start {
            Start::Request(m) => write!(f, "Message({} …)", m.as_str()),
            Start::Response(c) => write!(f, "Message({c} …)"),
        }
    }
}

/// The line that starts at `at` (without its end), and where the next one starts.
fn line(b: &[u8], at: usize) -> (Range<usize>, usize) {
    match b[at..].iter().position(|&c| c == b'\n') {
        Some(n) => {
            let end = at + n;
            let text = if end > at && b[end - 1] == b'\r' { end - 1 } else { end };
            (at..text, end + 1)
        }
        None => (at..b.len(), b.len()),
    }
}

impl Message {
    /// Splits a whole message, as a datagram or as [`crate::Splitter`] cut it from a stream.
    ///
    /// # Errors
    /// [`ParseError`] when it is no SIP message at all; it is then to be dropped, not answered.
    pub fn parse(input: &[u8]) -> Result<Message, ParseError> {
        let skip = input.iter().take_while(|&&c| c == b'\r' || c == b'\n').count();
        let input = &input[skip..];
        if input.is_empty() {
            return Err(ParseError::Empty);
        }
        if input.len() > MAX_MESSAGE {
            return Err(ParseError::TooLong);
        }
        let mut bytes: Box<[u8]> = input.into();
        let (first, mut at) = line(&bytes, 0);
        let (start, method_end, second, mut defect) = start_line(&bytes[first])?;
        let mut fields: Vec<Field> = Vec::with_capacity(16);
        let mut ended = false;
        while at < bytes.len() {
            let (text, next) = line(&bytes, at);
            if text.is_empty() {
                at = next;
                ended = true;
                break;
            }
            if matches!(bytes[text.start], b' ' | b'\t') {
                // A folded line belongs to the value before it (RFC 3261 section 7.3.1).
                match fields.last_mut() {
                    Some(f) => {
                        for c in &mut bytes[f.end as usize..text.start] {
                            *c = b' ';
                        }
                        f.end = text.end as u32;
                    }
                    None => defect = defect.or(Some(Defect { code: 400, why: "Header Without a Name" })),
                }
                at = next;
                continue;
            }
            if fields.len() == MAX_HEADERS {
                return Err(ParseError::TooManyHeaders);
            }
            match bytes[text.clone()].iter().position(|&c| c == b':') {
                Some(colon) => {
                    let name = text.start..text.start + trim(&bytes[text.start..text.start + colon]).len();
                    if name.is_empty() || !bytes[name.clone()].iter().all(|&c| is_token(c)) {
                        defect = defect.or(Some(Defect { code: 400, why: "Bad Header Name" }));
                    }
                    fields.push(Field {
                        name: Name::from_bytes(&bytes[name.clone()]),
                        name_start: name.start as u32,
                        name_end: name.end as u32,
                        start: (text.start + colon + 1) as u32,
                        end: text.end as u32,
                    });
                }
                None => defect = defect.or(Some(Defect { code: 400, why: "Header Without a Colon" })),
            }
            at = next;
        }
        if fields.is_empty() {
            return Err(ParseError::NoHeaders);
        }
        if !ended {
            defect = defect.or(Some(Defect { code: 400, why: "Header Cut Off" }));
        }
        for f in &mut fields {
            let raw = &bytes[f.start as usize..f.end as usize];
            if raw.contains(&b'\r') {
                defect = defect.or(Some(Defect { code: 400, why: "Control Character in Header" }));
            }
            let lead = raw.iter().take_while(|c| c.is_ascii_whitespace()).count();
            let len = trim(raw).len();
            f.start += lead as u32;
            f.end = f.start + len as u32;
        }
        let mut message = Message {
            body: at as u32..bytes.len() as u32,
            bytes,
            start,
            second: second.start as u32..second.end as u32,
            method_end,
            fields,
            defect,
        };
        message.cut_body();
        Ok(message)
    }

    // Content-Length says where the body ends; what it cannot mean is a defect.
    fn cut_body(&mut self) {
        let mut length: Option<usize> = None;
        let mut defect = None;
        for v in self.values(Name::ContentLength) {
            match read_number(v) {
                Some(n) if length.is_none_or(|l| l as u64 == n) => length = Some(n as usize),
                Some(_) => defect = Some(Defect { code: 400, why: "Different Content-Lengths" }),
                None => defect = Some(Defect { code: 400, why: "Bad Content-Length" }),
            }
        }
        if let Some(n) = length {
            let have = self.body.len();
            if n > have {
                defect = defect.or(Some(Defect { code: 400, why: "Body Shorter Than Content-Length" }));
            } else {
                self.body.end = self.body.start + n as u32;
            }
        }
        self.defect = self.defect.or(defect);
    }

    /// Request with its method, or answer with its code.
    pub fn start(&self) -> Start {
        self.start
    }

    /// The method's text as it came; empty for an answer.
    pub fn method_text(&self) -> &[u8] {
        &self.bytes[..self.method_end as usize]
    }

    /// The Request-URI; for an answer its reason phrase.
    pub fn target(&self) -> &[u8] {
        &self.bytes[self.second.start as usize..self.second.end as usize]
    }

    /// All header fields, in their order.
    pub fn headers(&self) -> impl Iterator<Item = Header<'_>> {
        self.fields.iter().map(|f| Header {
            name: f.name,
            name_text: &self.bytes[f.name_start as usize..f.name_end as usize],
            value: &self.bytes[f.start as usize..f.end as usize],
        })
    }

    /// The values of one header, a line each.
    pub fn values(&self, name: Name) -> impl Iterator<Item = &[u8]> {
        self.fields
            .iter()
            .filter(move |f| f.name == name)
            .map(|f| &self.bytes[f.start as usize..f.end as usize])
    }

    /// The first value of a header.
    pub fn value(&self, name: Name) -> Option<&[u8]> {
        self.values(name).next()
    }

    /// How many lines a header has.
    pub(crate) fn count(&self, name: Name) -> usize {
        self.fields.iter().filter(|f| f.name == name).count()
    }

    /// The body, as far as Content-Length says.
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.body.start as usize..self.body.end as usize]
    }

    /// The topmost Via.
    pub fn top_via(&self) -> Option<Via<'_>> {
        let v = self.value(Name::Via)?;
        Via::parse(split_outside_quotes(v, b',').next()?)
    }

    /// Number and method of CSeq.
    pub fn cseq(&self) -> Option<(u32, Method)> {
        let (n, m) = self.cseq_text()?;
        Some((u32::try_from(n).ok().filter(|n| *n < 1 << 31)?, Method::from_bytes(m)))
    }

    pub(crate) fn cseq_text(&self) -> Option<(u64, &[u8])> {
        let v = self.value(Name::CSeq)?;
        let gap = v.iter().position(u8::is_ascii_whitespace)?;
        Some((read_number(&v[..gap])?, trim(&v[gap..])))
    }

    pub(crate) fn defect(&self) -> Option<Defect> {
        self.defect
    }
}

/// The value of a header, if it can go into another message as it came: without line ends, NUL and other control characters
/// of ASCII, but for the tab. It should be UTF-8 (RFC 3261 section 25.1, `TEXT-UTF8-TRIM`), and is Latin-1 where somebody's
/// display name was put in as a directory had it: who only passes it on has no need to read it.
pub fn as_line(value: &[u8]) -> Option<&[u8]> {
    value.iter().all(|c| *c == b'\t' || !c.is_ascii_control()).then_some(value)
}

/// A whole number of at most 18 digits.
pub(crate) fn read_number(b: &[u8]) -> Option<u64> {
    if b.is_empty() || b.len() > 18 || !b.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(b.iter().fold(0, |n, d| n * 10 + u64::from(d - b'0')))
}

/// Whether a byte may stand in a token (RFC 3261 section 25.1).
pub(crate) fn is_token(c: u8) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~')
}

type StartLine = (Start, u32, Range<usize>, Option<Defect>);

fn start_line(b: &[u8]) -> Result<StartLine, ParseError> {
    if let Some(rest) = b.strip_prefix(b"SIP/2.0 ") {
        let digits = rest.iter().take_while(|c| c.is_ascii_digit()).count();
        let code = read_number(&rest[..digits]).filter(|_| digits == 3).filter(|c| (100..700).contains(c));
        let code = code.ok_or(ParseError::BadStatus)? as u16;
        let second = (8 + digits + 1).min(b.len())..b.len();
        return Ok((Start::Response(code), 0, second, None));
    }
    let method_end = b.iter().position(|&c| c == b' ').ok_or(ParseError::StartLine)?;
    if method_end == 0 || !b[..method_end].iter().all(|&c| is_token(c)) {
        return Err(ParseError::StartLine);
    }
    let mut defect = None;
    let line_end = b.trim_ascii_end().len();
    if line_end != b.len() {
        defect = Some(Defect { code: 400, why: "White Space After the Start Line" });
    }
    let version = b[..line_end].iter().rposition(|&c| c == b' ').ok_or(ParseError::StartLine)?;
    if version <= method_end || !b[version + 1..].starts_with(b"SIP/") {
        return Err(ParseError::StartLine);
    }
    let uri = method_end + 1..version;
    let text = &b[uri.clone()];
    if text.is_empty() || text.iter().any(|&c| c <= b' ') {
        defect = Some(Defect { code: 400, why: "White Space in the Request-URI" });
    }
    if &b[version + 1..line_end] != b"SIP/2.0" {
        defect = Some(Defect { code: 505, why: "Version Not Supported" });
    }
    Ok((Start::Request(Method::from_bytes(&b[..method_end])), method_end as u32, uri, defect))
}

/// One Via value (RFC 3261 section 20.42).
#[derive(Clone, Copy)]
pub struct Via<'a> {
    /// `UDP`, `TCP`, `TLS`, …, as written.
    pub transport: &'a [u8],
    /// Host of sent-by, IPv6 without brackets.
    pub host: &'a [u8],
    /// Port of sent-by, if written.
    pub port: Option<u16>,
    /// The `branch` parameter; empty if there is none.
    pub branch: &'a [u8],
    /// Whether `rport` is there (RFC 3581).
    pub rport: bool,
}

impl<'a> Via<'a> {
    fn parse(b: &'a [u8]) -> Option<Via<'a>> {
        let b = trim(b);
        let end = b.iter().position(|&c| c == b';').unwrap_or(b.len());
        let (sent, params) = b.split_at(end);
        // White space may stand around the slashes: "SIP / 2.0 / UDP host".
        let mut parts = sent.splitn(3, |&c| c == b'/');
        let (name, version, rest) = (trim(parts.next()?), trim(parts.next()?), trim(parts.next()?));
        if !name.eq_ignore_ascii_case(b"SIP") || version != b"2.0" {
            return None;
        }
        let gap = rest.iter().position(u8::is_ascii_whitespace)?;
        let transport = &rest[..gap];
        let (host, port) = split_sent_by(trim(&rest[gap..]))?;
        let branch = crate::uri::param(params, "branch").unwrap_or(&b[..0]);
        Some(Via { transport, host, port, branch, rport: crate::uri::param(params, "rport").is_some() })
    }
}

// "host : port" may have spaces around its colon.
fn split_sent_by(b: &[u8]) -> Option<(&[u8], Option<u16>)> {
    if let Ok(r) = split_host_port(b) {
        return Some(r);
    }
    let colon = b.iter().rposition(|&c| c == b':')?;
    let (host, _) = split_host_port(trim(&b[..colon])).ok()?;
    let port = read_number(trim(&b[colon + 1..])).and_then(|p| u16::try_from(p).ok())?;
    Some((host, Some(port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(extra: &str) -> String {
        format!(
            "OPTIONS sip:a@b SIP/2.0\r\nVIA: SIP / 2.0 / UDP h : 5070 ;branch=z9hG4bKx;rport\r\nf: <sip:c@d>;tag=1\r\n\
             t: <sip:a@b>\r\ni: 1@x\r\ncseq: 7 OPTIONS\r\n{extra}\r\n"
        )
    }

    #[test]
    fn reads_compact_upper_case_and_folded() {
        let m = Message::parse(
            request("X-Odd: a\r\n  b\r\n\tc\r\nl: 2\r\n").replace("\r\n\r\n", "\r\n\r\nhello").as_bytes(),
        )
        .unwrap();
        assert_eq!(m.start(), Start::Request(Method::Options));
        assert_eq!(m.cseq(), Some((7, Method::Options)));
        assert_eq!(m.body(), b"he");
        let odd = m.headers().find(|h| h.name_text == b"X-Odd").unwrap();
        assert_eq!(odd.value, b"a    b  \tc");
        let via = m.top_via().unwrap();
        assert_eq!(
            (via.host, via.port, via.branch, via.rport),
            (&b"h"[..], Some(5070), &b"z9hG4bKx"[..], true)
        );
        assert!(m.defect().is_none());
    }

    #[test]
    fn only_what_stays_one_line_goes_on_as_it_came() {
        for value in ["\"Jörg Größe\" <sip:a@b;x-m=8:orgid:c>", "李四 <sip:a@b>", "a\tb", ""] {
            assert_eq!(as_line(value.as_bytes()), Some(value.as_bytes()));
        }
        let latin: &[u8] = b"J\xf6rg <sip:a@b>";
        assert_eq!(as_line(latin), Some(latin));
        let bad: [&[u8]; 6] = [b"a\r\nX: b", b"a\nb", b"a\rb", b"a\0b", b"a\x7f", b"a\x1b[1m"];
        for value in bad {
            assert_eq!(as_line(value), None, "{value:?}");
        }
    }

    #[test]
    fn a_lying_content_length_is_a_defect_not_a_read_past_the_end() {
        for lie in ["l: 99999999999999999999", "l: 40", "l: -1", "l: 1\r\nContent-Length: 2", "l: x"] {
            let m = Message::parse(request(&format!("{lie}\r\n")).as_bytes()).unwrap();
            assert_eq!(m.defect().map(|d| d.code), Some(400), "{lie}");
        }
    }

    #[test]
    fn every_truncation_is_survived() {
        let whole = request("X: y\r\nContent-Length: 0\r\n");
        for end in 0..whole.len() {
            let _ = Message::parse(&whole.as_bytes()[..end]);
        }
    }

    #[test]
    fn what_is_no_message_is_dropped() {
        for bad in [
            "",
            "\r\n\r\n",
            "hello",
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "SIP/2.0 4294967301 better\r\nVia: x\r\n\r\n",
            "SIP/2.0 99 x\r\na: b\r\n\r\n",
        ] {
            assert!(Message::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        let many = request(&"X: y\r\n".repeat(300));
        assert_eq!(Message::parse(many.as_bytes()).unwrap_err(), ParseError::TooManyHeaders);
        assert_eq!(Message::parse(&vec![b'x'; 70_000]).unwrap_err(), ParseError::TooLong);
    }

    #[test]
    fn debug_prints_nobody() {
        assert_eq!(format!("{:?}", Message::parse(request("").as_bytes()).unwrap()), "Message(OPTIONS …)");
    }
}
