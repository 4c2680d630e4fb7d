//! Messages as Teams writes them: names of headers in capitals, values as they are in traces of it.

use sip::{Message, Name};

/// What every answer to a request repeats.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) connection: u64,
    vias: Vec<String>,
    from: String,
    pub(super) to: String,
    call_id: String,
    cseq: String,
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A header's value; empty if it is not there.
pub(super) fn value(m: &Message, name: Name) -> String {
    m.value(name).map(text).unwrap_or_default()
}

/// The value of a header that has no name of its own in the SIP room.
pub(super) fn other(m: &Message, name: &str) -> Option<String> {
    let found = m.headers().find(|h| h.name_text.eq_ignore_ascii_case(name.as_bytes()));
    found.map(|h| text(h.value))
}

/// Where the bytes begin, of those that stand for themselves in a text: of no UTF-8.
const BYTES: u32 = 0xF700;

/// A text whose letters beyond ASCII are one byte each, as Latin-1 has them, once it is written.
pub(super) fn in_latin(text: &str) -> String {
    let byte = |c: char| u8::try_from(c).ok().filter(|b| !b.is_ascii());
    text.chars().map(|c| byte(c).and_then(|b| char::from_u32(BYTES + u32::from(b))).unwrap_or(c)).collect()
}

/// A text as it is written.
pub(super) fn bytes_of(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u32::from(c).checked_sub(BYTES).and_then(|b| u8::try_from(b).ok()) {
            Some(byte) => out.push(byte),
            None => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out
}

/// The address between brackets, or all of it.
pub(super) fn uri_of(value: &str) -> &str {
    let inner = value.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(uri, _)| uri);
    inner.unwrap_or(value)
}

/// The host of an address.
pub(super) fn host_of(uri: &str) -> &str {
    let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    host.split([':', ';', '?']).next().unwrap_or_default()
}

/// The user part of an address.
pub(super) fn user_of(uri: &str) -> &str {
    let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    rest.split_once('@').map_or("", |(user, _)| user)
}

impl Request {
    pub(super) fn of(connection: u64, m: &Message) -> Request {
        Request {
            connection,
            vias: m.values(Name::Via).map(text).collect(),
            from: value(m, Name::From),
            to: value(m, Name::To),
            call_id: value(m, Name::CallId),
            cseq: value(m, Name::CSeq),
        }
    }

    /// An answer; `tag` is put to To unless one stands there, `lines` are whole header lines.
    pub(super) fn answer(&self, code: u16, phrase: &str, tag: &str, lines: &str, body: &str) -> Vec<u8> {
        let vias: String = self.vias.iter().map(|via| format!("VIA: {via}\r\n")).collect();
        let tag = match tag.is_empty() || self.to.contains(";tag=") {
            true => String::new(),
            false => format!(";tag={tag}"),
        };
        let kind = if body.is_empty() { "" } else { "CONTENT-TYPE: application/sdp\r\n" };
        let (from, to, call_id, cseq) = (&self.from, &self.to, &self.call_id, &self.cseq);
        format!(
            "SIP/2.0 {code} {phrase}\r\n{vias}FROM: {from}\r\nTO: {to}{tag}\r\nCALL-ID: {call_id}\r\nCSEQ: {cseq}\r\n{lines}\
             SERVER: Microsoft.PSTNHub.SIPProxy v.2026.1.1.1 i.TEST.1\r\n{kind}CONTENT-LENGTH: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}

/// A session description of ours with the lines that Teams adds, and codecs that nobody else has.
pub(super) fn dressed(description: &str) -> String {
    let mut out = String::new();
    for line in description.lines() {
        match line.strip_prefix("m=audio ") {
            Some(rest) => {
                let mut words = rest.split(' ');
                let (port, proto) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                let formats: Vec<&str> = words.collect();
                out += &format!("m=audio {port} {proto} 104 103 {} 13 118\r\n", formats.join(" "));
                out += "a=label:main-audio\r\na=rtpmap:104 SILK/16000\r\na=fmtp:104 useinbandfec=1; usedtx=0\r\n";
                out += "a=rtpmap:103 SILK/8000\r\na=rtpmap:13 CN/8000\r\na=rtpmap:118 CN/16000\r\n";
            }
            None if line.starts_with("c=") => out += &format!("{line}\r\nb=CT:10000000\r\n"),
            None => out += &format!("{line}\r\n"),
        }
    }
    out
}
