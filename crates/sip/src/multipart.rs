//! Bodies of several parts (RFC 5621, RFC 2046 section 5.1), and the session description among them.
//!
//! Hostile boundaries cost no more than a look at each line: parts, their depth and the boundary's length are bounded, and
//! what is not closed ends with the body.

use crate::message::Message;
use crate::name::Name;
use crate::uri::{param, trim};

/// The most parts that are looked at, in all depths together.
const MAX_PARTS: usize = 16;
/// How deep parts in parts are looked for.
const MAX_DEPTH: usize = 3;
/// The longest boundary (RFC 2046 section 5.1.1).
const MAX_BOUNDARY: usize = 70;

impl Message {
    /// The session description that it carries, in whatever wrapping; empty if there is none.
    pub fn session_description(&self) -> &[u8] {
        self.look_through().description.unwrap_or_default()
    }

    /// The parts that stand beside the session description, each with its header lines, as they came: the outermost ones, and
    /// none that has the description in it. Empty for a body without parts, or with too many.
    pub fn beside_the_description(&self) -> Vec<&[u8]> {
        let Some((name, params)) = self.value(Name::ContentType).map(name_and_params) else {
            return Vec::new();
        };
        let wrapped = name.get(..10).is_some_and(|n| n.eq_ignore_ascii_case(b"multipart/"));
        let Some(boundary) = boundary_of(params).filter(|_| wrapped) else { return Vec::new() };
        let all: Vec<&[u8]> = Parts::new(boundary, self.body()).take(MAX_PARTS + 1).collect();
        if all.len() > MAX_PARTS {
            return Vec::new();
        }
        let is_beside = |part: &&[u8]| {
            let (head, content) = split_head(part);
            let disposition = header(head, b"Content-Disposition");
            let kind = header(head, b"Content-Type").unwrap_or(b"text/plain");
            let (mut found, mut parts) = (Found::default(), MAX_PARTS);
            found.look_at(&Part { kind, disposition, content }, MAX_DEPTH - 1, &mut parts);
            found.description.is_none()
        };
        all.into_iter().filter(is_beside).collect()
    }

    /// Whether it carries something that the sender wants understood and that is not understood here (RFC 5621 section 6):
    /// a body without a session description, unless it says `handling=optional`, or a part that says `handling=required`
    /// and is none. Parts that say neither are passed over: many peers add some and mean nothing by it.
    pub(crate) fn carries_something_else(&self) -> bool {
        let optional = || handling_is(self.value(Name::ContentDisposition), b"optional");
        let found = self.look_through();
        !self.body().is_empty() && (found.must_be_known || (found.description.is_none() && !optional()))
    }

    fn look_through(&self) -> Found<'_> {
        let mut found = Found::default();
        if !self.body().is_empty() {
            // Some peers send a description without saying what it is.
            let kind = self.value(Name::ContentType).unwrap_or(b"application/sdp");
            let body = Part { kind, disposition: None, content: self.body() };
            let mut parts = MAX_PARTS;
            found.look_at(&body, MAX_DEPTH, &mut parts);
        }
        found
    }
}

/// A body of several parts, and its Content-Type: a session description, and what stands beside it, each part with its
/// header lines. `unlike` is a number that nobody could know who wrote a part.
pub(crate) fn with_parts(description: &[u8], beside: &[&[u8]], unlike: u64) -> (String, Vec<u8>) {
    let boundary = format!("part-{unlike:016x}");
    let mut body =
        Vec::with_capacity(description.len() + beside.iter().map(|p| p.len() + 40).sum::<usize>() + 120);
    body.extend_from_slice(format!("--{boundary}\r\nContent-Type: application/sdp\r\n\r\n").as_bytes());
    body.extend_from_slice(description);
    for part in beside {
        body.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
        body.extend_from_slice(part);
    }
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/mixed;boundary={boundary}"), body)
}

/// What was found in a body.
#[derive(Default)]
struct Found<'a> {
    description: Option<&'a [u8]>,
    // Something that has to be understood, and is not.
    must_be_known: bool,
}

/// A body, or a part of one.
struct Part<'a> {
    kind: &'a [u8],
    disposition: Option<&'a [u8]>,
    content: &'a [u8],
}

impl<'a> Found<'a> {
    fn look_at(&mut self, part: &Part<'a>, depth: usize, parts: &mut usize) {
        let (name, params) = name_and_params(part.kind);
        // A description for something else than the session, as early-session (RFC 3959), is none that is read here.
        let of_session =
            part.disposition.is_none_or(|d| name_and_params(d).0.eq_ignore_ascii_case(b"session"));
        if name.eq_ignore_ascii_case(b"application/sdp") && of_session {
            self.description = self.description.or(Some(part.content));
            return;
        }
        let wrapped = name.get(..10).is_some_and(|n| n.eq_ignore_ascii_case(b"multipart/"));
        match boundary_of(params).filter(|_| wrapped && depth > 0) {
            Some(boundary) => self.look_into(part.content, boundary, depth - 1, parts),
            None => self.must_be_known |= handling_is(part.disposition, b"required"),
        }
    }

    fn look_into(&mut self, body: &'a [u8], boundary: &[u8], depth: usize, parts: &mut usize) {
        for part in Parts::new(boundary, body) {
            let Some(left) = parts.checked_sub(1) else {
                // What is not looked at might be what matters.
                self.must_be_known = true;
                return;
            };
            *parts = left;
            let (head, content) = split_head(part);
            let disposition = header(head, b"Content-Disposition");
            // Without a type, a part is text (RFC 2046 section 5.1); an encoded one is none that SIP needs.
            let encoded = header(head, b"Content-Transfer-Encoding").is_some_and(|e| {
                ![&b"7bit"[..], b"8bit", b"binary"].iter().any(|known| e.eq_ignore_ascii_case(known))
            });
            let kind = header(head, b"Content-Type").filter(|_| !encoded).unwrap_or(b"text/plain");
            self.look_at(&Part { kind, disposition, content }, depth, parts);
        }
    }
}

fn name_and_params(value: &[u8]) -> (&[u8], &[u8]) {
    let end = value.iter().position(|&c| c == b';').unwrap_or(value.len());
    let (name, params) = value.split_at(end);
    (trim(name), params)
}

fn boundary_of(params: &[u8]) -> Option<&[u8]> {
    let boundary = param(params, "boundary")?;
    let boundary = boundary.strip_prefix(b"\"").and_then(|b| b.strip_suffix(b"\"")).unwrap_or(boundary);
    (!boundary.is_empty() && boundary.len() <= MAX_BOUNDARY).then_some(boundary)
}

fn handling_is(disposition: Option<&[u8]>, word: &[u8]) -> bool {
    let handling = disposition.and_then(|d| param(name_and_params(d).1, "handling"));
    handling.is_some_and(|h| h.eq_ignore_ascii_case(word))
}

/// The parts between lines that begin with two hyphens and the boundary.
struct Parts<'a, 'b> {
    boundary: &'b [u8],
    body: &'a [u8],
    // Where the next line begins; beyond the end when the last part is given out.
    at: usize,
    // Where the part begins that is being read; none before the first boundary.
    start: Option<usize>,
}

impl<'a, 'b> Parts<'a, 'b> {
    fn new(boundary: &'b [u8], body: &'a [u8]) -> Self {
        Parts { boundary, body, at: 0, start: None }
    }
}

impl<'a> Iterator for Parts<'a, '_> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while self.at < self.body.len() {
            let line_at = self.at;
            let rest = &self.body[line_at..];
            let length = rest.iter().position(|&c| c == b'\n').map_or(rest.len(), |n| n + 1);
            self.at += length;
            let Some(tail) = rest[..length].strip_prefix(b"--").and_then(|l| l.strip_prefix(self.boundary))
            else {
                continue;
            };
            let closes = tail.starts_with(b"--");
            if !closes && !tail.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let before = self.start.replace(self.at);
            if closes {
                self.at = self.body.len();
                self.start = None;
            }
            if let Some(start) = before {
                // The line end before a boundary belongs to the boundary.
                let part = &self.body[start..line_at];
                let part = part.strip_suffix(b"\n").unwrap_or(part);
                return Some(part.strip_suffix(b"\r").unwrap_or(part));
            }
        }
        // Not closed: the last part ends with the body.
        self.start.take().map(|start| &self.body[start..])
    }
}

// Header lines of a part, and what follows its blank line.
fn split_head(part: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while at < part.len() {
        let length = part[at..].iter().position(|&c| c == b'\n').map_or(part.len() - at, |n| n + 1);
        if part[at..at + length].iter().all(|&c| c == b'\r' || c == b'\n') {
            return (&part[..at], &part[at + length..]);
        }
        at += length;
    }
    (part, &part[part.len()..])
}

fn header<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|&c| c == b'\n').find_map(|line| {
        let colon = line.iter().position(|&c| c == b':')?;
        trim(&line[..colon]).eq_ignore_ascii_case(name).then(|| trim(&line[colon + 1..]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: &str, body: &str, found: Option<&str>) {
        let text = format!(
            "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let m = Message::parse(text.as_bytes()).unwrap();
        assert_eq!(m.session_description(), found.unwrap_or_default().as_bytes());
        assert_eq!(m.carries_something_else(), found.is_none() && !body.is_empty());
    }

    const MIXED: &str = "Content-Type: multipart/mixed;boundary=\"b 1\"\r\n";

    #[test]
    fn finds_the_description_wherever_it_stands() {
        check("", "", None);
        check("", "v=0", Some("v=0"));
        check("c: Application/SDP ; x=y\r\n", "v=0", Some("v=0"));
        check("Content-Type: text/plain\r\n", "v=0", None);
        let sdp = "Content-Type: application/sdp\r\n\r\nv=0\r\ns=-\r\n";
        let pidf = "Content-Type: application/pidf+xml\r\nContent-ID: <x@y>\r\n\r\n<presence/>";
        for text in [
            format!("--b 1\r\n{sdp}\r\n--b 1\r\n{pidf}\r\n--b 1--\r\n"),
            format!("preamble\r\n--b 1\r\n{pidf}\r\n--b 1  \r\n{sdp}\r\n--b 1--\r\nepilogue\r\n--b 1\r\nx"),
            format!("--b 1\r\n{pidf}\r\n--b 1\r\n{sdp}\r\n--b 1--")
                .replace("\r\n", "\n")
                .replace("s=-\n", "s=-\r\n")
                .replace("v=0\n", "v=0\r\n"),
            format!("--b 1\r\n\r\nplain\r\n--b 1\r\n{sdp}\r\n--b 1--"),
        ] {
            check(MIXED, &text, Some("v=0\r\ns=-\r\n"));
        }
        let inner = format!("--i\r\n{sdp}\r\n--i--");
        check(
            MIXED,
            &format!("--b 1\r\nContent-Type: multipart/alternative;boundary=i\r\n\r\n{inner}\r\n--b 1--\r\n"),
            Some("v=0\r\ns=-\r\n"),
        );
    }

    #[test]
    fn what_stands_beside_a_description_goes_on_as_it_came() {
        let sdp = "Content-Type: application/sdp\r\n\r\nv=0\r\n";
        let pidf =
            "Content-Type: application/pidf+xml\r\nContent-ID: <x@y>\r\n\r\n<presence>\r\n\r\n</presence>";
        let inner =
            format!("Content-Type: multipart/alternative;boundary=i\r\n\r\n--i\r\n{sdp}\r\n--i--\r\n");
        let message = |kind: &str, body: &str| {
            let text = format!("INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n{kind}\r\n\r\n{body}");
            Message::parse(text.as_bytes()).unwrap()
        };
        for description in [sdp, &inner] {
            let body = format!("--b 1\r\n{pidf}\r\n--b 1\r\n{description}\r\n--b 1\r\n\r\nplain\r\n--b 1--");
            let m = message(MIXED.trim(), &body);
            assert_eq!(m.beside_the_description(), [pidf.as_bytes(), b"\r\nplain"]);
            let (kind, whole) = with_parts(b"v=1\r\n", &m.beside_the_description(), 7);
            let whole = String::from_utf8(whole).unwrap();
            let again = message(&format!("Content-Type: {kind}"), &whole);
            assert_eq!(again.session_description(), b"v=1\r\n");
            assert_eq!(again.beside_the_description(), m.beside_the_description());
        }
        assert!(message("Content-Type: application/sdp", "v=0").beside_the_description().is_empty());
        let many = format!("--b 1\r\n{sdp}\r\n").repeat(2) + &format!("--b 1\r\n{pidf}\r\n").repeat(20);
        assert!(message(MIXED.trim(), &many).beside_the_description().is_empty());
    }

    #[test]
    fn hostile_boundaries_find_nothing_and_break_nothing() {
        let sdp = "Content-Type: application/sdp\r\n\r\nv=0";
        check("Content-Type: multipart/mixed\r\n", &format!("--\r\n{sdp}\r\n----"), None);
        check("Content-Type: multipart/mixed;boundary=\r\n", &format!("--\r\n{sdp}"), None);
        check("Content-Type: multipart/mixed;boundary=\"\r\n", &format!("--\"\r\n{sdp}"), Some("v=0"));
        let long = "x".repeat(71);
        check(
            &format!("Content-Type: multipart/mixed;boundary={long}\r\n"),
            &format!("--{long}\r\n{sdp}"),
            None,
        );
        check(MIXED, &format!("--b 1\r\n{sdp}"), Some("v=0"));
        check(MIXED, &format!("--b 1x\r\n{sdp}\r\n--b 1--"), None);
        check(MIXED, &format!("--b 1--\r\n{sdp}\r\n--b 1\r\n{sdp}"), None);
        check(MIXED, "--b 1\r\nContent-Type: application/sdp", Some(""));
        check(MIXED, "--b 1", None);
        check(MIXED, &format!("--b 1\r\nContent-Transfer-Encoding: base64\r\n{sdp}\r\n--b 1--"), None);
        // Many parts, and parts within parts of the same boundary.
        check(MIXED, &format!("{}{sdp}\r\n", "--b 1\r\n\r\n".repeat(100) + "--b 1\r\n"), None);
        let nested = "Content-Type: multipart/mixed;boundary=\"b 1\"\r\n\r\n";
        check(MIXED, &format!("--b 1\r\n{nested}").repeat(800), None);
        let mut deep = sdp.to_owned();
        for n in 0..6 {
            deep = format!(
                "Content-Type: multipart/mixed;boundary=d{n}\r\n\r\n--d{n}\r\n{deep}\r\n--d{n}--\r\n"
            );
        }
        check(MIXED, &format!("--b 1\r\n{deep}\r\n--b 1--"), None);
    }
    #[test]
    fn what_has_to_be_understood_and_is_not_is_said() {
        let sdp = "Content-Type: application/sdp\r\n\r\nv=0";
        let isup = |handling: &str| {
            format!(
                "--b 1\r\nContent-Type: application/isup\r\nContent-Disposition: signal{handling}\r\n\r\nx\r\n--b 1\r\n{sdp}\r\n--b 1--"
            )
        };
        let message = |kind: &str, body: &str| {
            let text = format!("INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n{kind}\r\n\r\n{body}");
            Message::parse(text.as_bytes()).unwrap()
        };
        for (handling, refused) in [
            ("", false),
            (";handling=optional", false),
            ("; Handling = REQUIRED", true),
            (";handling=odd", false),
        ] {
            let m = message(MIXED.trim(), &isup(handling));
            assert_eq!(
                (m.session_description(), m.carries_something_else()),
                (&b"v=0"[..], refused),
                "{handling}"
            );
        }
        let whole = |handling| format!("Content-Type: text/plain\r\nContent-Disposition: render{handling}");
        for (handling, refused) in [("", true), (";handling=required", true), (";handling=optional", false)] {
            assert_eq!(message(&whole(handling), "hello").carries_something_else(), refused, "{handling}");
        }
        let early = format!(
            "--b 1\r\nContent-Disposition: early-session\r\n{sdp}1\r\n--b 1\r\nContent-Disposition: session\r\n{sdp}2\r\n--b 1--"
        );
        assert_eq!(message(MIXED.trim(), &early).session_description(), b"v=02");
    }
}
