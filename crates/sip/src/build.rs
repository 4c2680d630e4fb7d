//! Writes requests and answers.

use crate::dialog::Dialog;
use crate::message::Message;
use crate::method::{ACCEPT, ALLOW, Method, SUPPORTED};
use crate::name::Name;
use crate::seed::push_hex;
use crate::status::reason_phrase;
use crate::uri::{split_outside_quotes, trim};
use core::net::SocketAddr;
use std::io::Write;
use std::sync::Arc;

/// A message ready to send, kept for repetition.
pub(crate) type Wire = Arc<[u8]>;

/// What a message carries.
#[derive(Clone, Copy, Default)]
pub(crate) struct Body<'a> {
    /// Content-Type; empty where the header lines already name it.
    pub(crate) kind: &'a str,
    pub(crate) bytes: &'a [u8],
}

impl<'a> Body<'a> {
    pub(crate) const NONE: Body<'static> = Body { kind: "", bytes: b"" };

    /// A session description.
    pub(crate) fn sdp(bytes: &'a [u8]) -> Body<'a> {
        Body { kind: "application/sdp", bytes }
    }
}

/// What each answer to one request begins with, copied from it once (RFC 3261 section 8.2.6).
#[derive(Clone)]
pub(crate) struct ReplyBase {
    // Via, From, Call-ID, CSeq as they came.
    head: Box<[u8]>,
    // To as it came.
    to: Box<[u8]>,
    to_has_tag: bool,
    // Record-Route as it came, for answers that make a dialog.
    record_route: Box<[u8]>,
}

impl ReplyBase {
    /// Copies what answers need. `source` is where the request really came from (RFC 3581).
    pub(crate) fn new(m: &Message, source: SocketAddr) -> ReplyBase {
        let mut head = Vec::with_capacity(384);
        let mut first = true;
        for line in m.values(Name::Via) {
            head.extend_from_slice(b"Via: ");
            if first {
                push_top_via(&mut head, line, source);
            } else {
                head.extend_from_slice(line);
            }
            head.extend_from_slice(b"\r\n");
            first = false;
        }
        for (name, label) in [(Name::From, "From: "), (Name::CallId, "Call-ID: "), (Name::CSeq, "CSeq: ")] {
            if let Some(v) = m.value(name) {
                head.extend_from_slice(label.as_bytes());
                head.extend_from_slice(v);
                head.extend_from_slice(b"\r\n");
            }
        }
        let mut record_route = Vec::new();
        for line in m.values(Name::RecordRoute) {
            record_route.extend_from_slice(b"Record-Route: ");
            record_route.extend_from_slice(line);
            record_route.extend_from_slice(b"\r\n");
        }
        let to = m.value(Name::To).unwrap_or_default();
        let to_has_tag = crate::address::NameAddr::parse(to).is_ok_and(|a| a.tag().is_some());
        ReplyBase { head: head.into(), to: to.into(), to_has_tag, record_route: record_route.into() }
    }

    /// Writes an answer. `tag` is added to To unless it has one; `extra` is whole header lines.
    pub(crate) fn reply(&self, code: u16, reason: &str, tag: &[u8], extra: &[u8], body: Body<'_>) -> Wire {
        let length = self.head.len() + self.to.len() + extra.len() + body.bytes.len();
        let mut out = Vec::with_capacity(length + 128);
        let reason = if reason.is_empty() { reason_phrase(code) } else { reason };
        let _ = write!(out, "SIP/2.0 {code} {reason}\r\n");
        out.extend_from_slice(&self.head);
        out.extend_from_slice(b"To: ");
        out.extend_from_slice(&self.to);
        if !self.to_has_tag && code != 100 && !tag.is_empty() {
            out.extend_from_slice(b";tag=");
            out.extend_from_slice(tag);
        }
        out.extend_from_slice(b"\r\n");
        if code > 100 && code < 300 {
            out.extend_from_slice(&self.record_route);
        }
        out.extend_from_slice(extra);
        push_body(&mut out, body);
        out.into()
    }
}

/// The first value of the line gets what RFC 3581 adds; the rest stays. Where it really came from is ours to say: what
/// the sender itself says of that is left out then.
fn push_top_via(out: &mut Vec<u8>, line: &[u8], source: SocketAddr) {
    let top_len = split_outside_quotes(line, b',').next().map_or(line.len(), <[u8]>::len);
    let (top, rest) = line.split_at(top_len);
    let is_rport = |piece: &[u8]| trim(piece).eq_ignore_ascii_case(b"rport");
    let mut pieces = split_outside_quotes(top, b';');
    let sent_by = pieces.next().unwrap_or_default();
    let host = trim(sent_by).rsplit(|c| c.is_ascii_whitespace()).next().unwrap_or_default();
    let same_host =
        crate::uri::split_host_port(host).is_ok_and(|(h, _)| crate::uri::read_ip(h) == Some(source.ip()));
    let says_where = !same_host || split_outside_quotes(top, b';').skip(1).any(is_rport);
    out.extend_from_slice(sent_by);
    for piece in pieces {
        let name = trim(piece.split(|&c| c == b'=').next().unwrap_or_default());
        if is_rport(piece) {
            let _ = write!(out, ";rport={}", source.port());
        } else if !(says_where && name.eq_ignore_ascii_case(b"received")) {
            out.push(b';');
            out.extend_from_slice(piece);
        }
    }
    if says_where {
        let _ = write!(out, ";received={}", source.ip());
    }
    out.extend_from_slice(rest);
}

fn push_body(out: &mut Vec<u8>, body: Body<'_>) {
    if !body.bytes.is_empty() && !body.kind.is_empty() {
        let _ = write!(out, "Content-Type: {}\r\n", body.kind);
    }
    let _ = write!(out, "Content-Length: {}\r\n\r\n", body.bytes.len());
    out.extend_from_slice(body.bytes);
}

/// The header lines of an answer that makes or refreshes a dialog.
pub(crate) fn dialog_lines(contact: &str, product: &str) -> Vec<u8> {
    format!(
        "Contact: {contact}\r\nAllow: {ALLOW}\r\nSupported: {SUPPORTED}\r\n\
         {ACCEPT}Server: {product}\r\n"
    )
    .into_bytes()
}

/// A branch that names the transaction it belongs to and cannot be guessed.
pub(crate) fn push_branch(out: &mut Vec<u8>, index: u32, secret: u64) {
    out.extend_from_slice(b"z9hG4bK");
    push_tag(out, index, secret);
}

/// A tag that names the call it belongs to and cannot be guessed.
pub(crate) fn push_tag(out: &mut Vec<u8>, index: u32, secret: u64) {
    push_hex(out, u64::from(index));
    out.push(b'-');
    push_hex(out, secret);
}

/// Reads a tag (or branch without its cookie) of ours back.
pub(crate) fn read_tag(tag: &[u8]) -> Option<(u64, u64)> {
    let dash = tag.iter().position(|&c| c == b'-')?;
    Some((crate::seed::read_hex(&tag[..dash])?, crate::seed::read_hex(&tag[dash + 1..])?))
}

/// A request of ours, and where the parts stand that its ACK, its CANCEL and its repetition with credentials take over.
#[derive(Clone)]
pub(crate) struct SentRequest {
    pub(crate) wire: Wire,
    pub(crate) cseq: u32,
    uri: Span,
    via: Span,
    // Max-Forwards, Route, From, Call-ID.
    path: Span,
    to: Span,
    // Who we are: what a repetition says anew.
    login: Span,
    // How long the call may go on unheard of: likewise.
    session: Span,
    // All that follows, the body at its end.
    rest: Span,
    body: u32,
}

type Span = (u32, u32);

/// What a request says besides its dialog.
pub(crate) struct RequestParts<'a> {
    pub(crate) method: Method,
    pub(crate) cseq: u32,
    pub(crate) via: &'a str,
    pub(crate) branch: (u32, u64),
    pub(crate) contact: Option<&'a str>,
    pub(crate) product: &'a str,
    pub(crate) max_forwards: u8,
    /// Lines that say who we are, and how long the call may go on unheard of.
    pub(crate) login: &'a [u8],
    pub(crate) session: &'a [u8],
    pub(crate) extra: &'a [u8],
    pub(crate) body: Body<'a>,
}

/// Writes a request inside `dialog` (or one that begins it).
pub(crate) fn request(dialog: &Dialog, p: &RequestParts<'_>) -> SentRequest {
    let (uri, routes) = dialog.request_uri_and_routes();
    let head = Head {
        method: p.method,
        uri,
        via: p.via,
        branch: p.branch,
        to: &dialog.remote,
        cseq: p.cseq,
        login: p.login,
        session: p.session,
    };
    let path = |out: &mut Vec<u8>| {
        let _ = write!(out, "Max-Forwards: {}\r\n", p.max_forwards);
        for route in routes {
            out.extend_from_slice(b"Route: ");
            out.extend_from_slice(&route);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"From: ");
        out.extend_from_slice(&dialog.local);
        out.extend_from_slice(b"\r\nCall-ID: ");
        out.extend_from_slice(&dialog.call_id);
        out.extend_from_slice(b"\r\n");
    };
    head.write(640 + p.body.bytes.len() + p.extra.len(), path, |out| {
        let start = out.len();
        if let Some(contact) = p.contact {
            let _ = write!(out, "Contact: {contact}\r\nAllow: {ALLOW}\r\nSupported: {SUPPORTED}\r\n");
        }
        let _ = write!(out, "User-Agent: {}\r\n", p.product);
        out.extend_from_slice(p.extra);
        push_body(out, p.body);
        (out.len() - start - p.body.bytes.len()) as u32
    })
}

/// What differs between a request and its repetition, and what must stand between.
struct Head<'a> {
    method: Method,
    uri: &'a [u8],
    via: &'a str,
    branch: (u32, u64),
    to: &'a [u8],
    cseq: u32,
    login: &'a [u8],
    session: &'a [u8],
}

/// What a request says anew when it is sent again.
pub(crate) struct Again<'a> {
    pub(crate) method: Method,
    pub(crate) cseq: u32,
    pub(crate) via: &'a str,
    pub(crate) branch: (u32, u64),
    pub(crate) login: &'a [u8],
    /// `None`: what it said before.
    pub(crate) session: Option<&'a [u8]>,
}

impl Head<'_> {
    fn write(
        &self,
        size: usize,
        path: impl FnOnce(&mut Vec<u8>),
        // Gives where in it the body begins.
        rest: impl FnOnce(&mut Vec<u8>) -> u32,
    ) -> SentRequest {
        let mut out = Vec::with_capacity(size);
        let part = |out: &mut Vec<u8>, write: &mut dyn FnMut(&mut Vec<u8>)| {
            let start = out.len() as u32;
            write(out);
            (start, out.len() as u32)
        };
        out.extend_from_slice(self.method.as_str().as_bytes());
        out.push(b' ');
        let uri = part(&mut out, &mut |out| out.extend_from_slice(self.uri));
        out.extend_from_slice(b" SIP/2.0\r\n");
        let via = part(&mut out, &mut |out| {
            let _ = write!(out, "Via: SIP/2.0/{};rport;branch=", self.via);
            push_branch(out, self.branch.0, self.branch.1);
            out.extend_from_slice(b"\r\n");
        });
        let path_at = out.len() as u32;
        path(&mut out);
        let path = (path_at, out.len() as u32);
        out.extend_from_slice(b"To: ");
        let to = part(&mut out, &mut |out| out.extend_from_slice(self.to));
        let _ = write!(out, "\r\nCSeq: {} {}\r\n", self.cseq, self.method.as_str());
        let login = part(&mut out, &mut |out| out.extend_from_slice(self.login));
        let session = part(&mut out, &mut |out| out.extend_from_slice(self.session));
        let rest_at = out.len() as u32;
        let body = out.len() as u32 + rest(&mut out);
        let rest = (rest_at, out.len() as u32);
        SentRequest { wire: out.into(), cseq: self.cseq, uri, via, path, to, login, session, rest, body }
    }
}

impl SentRequest {
    /// None yet.
    pub(crate) fn empty() -> SentRequest {
        let none = (0, 0);
        SentRequest {
            wire: Arc::from([]),
            cseq: 0,
            uri: none,
            via: none,
            path: none,
            to: none,
            login: none,
            session: none,
            rest: none,
            body: 0,
        }
    }

    fn part(&self, span: Span) -> &[u8] {
        &self.wire[span.0 as usize..span.1 as usize]
    }

    /// Its Request-URI.
    pub(crate) fn uri(&self) -> &[u8] {
        self.part(self.uri)
    }

    /// The lines that say who we are.
    pub(crate) fn login(&self) -> &[u8] {
        self.part(self.login)
    }

    /// What it carries.
    pub(crate) fn body(&self) -> &[u8] {
        &self.wire[self.body as usize..]
    }

    /// The same request as a new one, with another number and branch (RFC 3261 section 22.2, RFC 4028 section 7.3).
    pub(crate) fn again(&self, a: &Again<'_>) -> SentRequest {
        let head = Head {
            method: a.method,
            uri: self.uri(),
            via: a.via,
            branch: a.branch,
            to: self.part(self.to),
            cseq: a.cseq,
            login: a.login,
            session: a.session.unwrap_or_else(|| self.part(self.session)),
        };
        let path = |out: &mut Vec<u8>| out.extend_from_slice(self.part(self.path));
        head.write(self.wire.len() + a.login.len() + 64, path, |out| {
            out.extend_from_slice(self.part(self.rest));
            self.body - self.rest.0
        })
    }

    /// Its CANCEL, or its ACK for a final answer that is not 2xx: both repeat Via and branch (RFC 3261 sections 9.1
    /// and 17.1.1.3). `to` is the answer's To; without one the request's own. `extra` is whole header lines.
    pub(crate) fn follow_up(&self, method: Method, to: Option<&[u8]>, extra: &[u8]) -> Wire {
        let mut out = Vec::with_capacity(512);
        out.extend_from_slice(method.as_str().as_bytes());
        out.push(b' ');
        out.extend_from_slice(self.part(self.uri));
        out.extend_from_slice(b" SIP/2.0\r\n");
        out.extend_from_slice(self.part(self.via));
        out.extend_from_slice(self.part(self.path));
        out.extend_from_slice(b"To: ");
        out.extend_from_slice(to.unwrap_or_else(|| self.part(self.to)));
        let _ = write!(out, "\r\nCSeq: {} {}\r\n", self.cseq, method.as_str());
        out.extend_from_slice(extra);
        push_body(&mut out, Body::NONE);
        out.into()
    }
}
