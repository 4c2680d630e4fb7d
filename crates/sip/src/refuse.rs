//! What must not be accepted, and the answer it gets (RFC 3261 section 8.2, RFC 4475).

use crate::address::NameAddr;
use crate::message::{Message, Start, read_number};
use crate::method::{Method, SUPPORTED};
use crate::name::Name;
use crate::uri::{Uri, split_outside_quotes, trim};

/// The answer to a request that must not be accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Status code of the answer.
    pub code: u16,
    /// Reason phrase: what is wrong, in a few words.
    pub why: &'static str,
}

const fn bad(why: &'static str) -> Result<(), Refusal> {
    Err(Refusal { code: 400, why })
}

/// Whether a request may be processed at all: its parts are there once, can be read and agree.
///
/// # Errors
/// The [`Refusal`] to answer with; a refused ACK is dropped instead.
pub fn check_request(m: &Message) -> Result<(), Refusal> {
    let Start::Request(method) = m.start() else { return bad("Not a Request") };
    if let Some(d) = m.defect() {
        return Err(Refusal { code: d.code, why: d.why });
    }
    for (name, missing, twice) in [
        (Name::From, "Missing From", "Several From"),
        (Name::To, "Missing To", "Several To"),
        (Name::CallId, "Missing Call-ID", "Several Call-ID"),
        (Name::CSeq, "Missing CSeq", "Several CSeq"),
    ] {
        match m.count(name) {
            0 => return bad(missing),
            1 => {}
            _ => return bad(twice),
        }
    }
    check_vias(m)?;
    let Some((number, cseq_method)) = m.cseq_text() else { return bad("Bad CSeq") };
    if number >= 1 << 31 {
        return bad("Bad CSeq");
    }
    if method == Method::Other && cseq_method != m.method_text() {
        return Err(Refusal { code: 501, why: "Not Implemented" });
    }
    if cseq_method != m.method_text() {
        return bad("Method of CSeq Differs");
    }
    check_target(m.target())?;
    for (name, why) in [(Name::From, "Bad From"), (Name::To, "Bad To")] {
        if m.value(name).is_none_or(|v| NameAddr::parse(v).is_err()) {
            return bad(why);
        }
    }
    if m.value(Name::CallId).is_none_or(|v| v.is_empty() || v.iter().any(u8::is_ascii_whitespace)) {
        return bad("Bad Call-ID");
    }
    if let Some(v) = m.value(Name::MaxForwards) {
        match read_number(v) {
            Some(n) if n <= 255 => {}
            _ => return bad("Bad Max-Forwards"),
        }
    }
    if let Some(v) = m.value(Name::Expires) {
        if read_number(v).is_none_or(|n| n > u64::from(u32::MAX)) {
            return bad("Bad Expires");
        }
    }
    check_contacts(m)
}

/// Whether an answer may be matched to a transaction. One that may not is dropped.
pub fn check_response(m: &Message) -> bool {
    matches!(m.start(), Start::Response(_))
        && m.defect().is_none()
        && [Name::From, Name::To, Name::CallId, Name::CSeq].iter().all(|n| m.count(*n) == 1)
        && m.top_via().is_some()
        && m.cseq().is_some()
        && [Name::From, Name::To].iter().all(|n| m.value(*n).is_some_and(|v| NameAddr::parse(v).is_ok()))
}

/// The line that names what a request requires and we do not support (RFC 3261 section 8.2.2.3); `None` if there is
/// nothing.
pub(crate) fn unsupported_extensions(m: &Message) -> Option<Vec<u8>> {
    let supported = |tag: &[u8]| SUPPORTED.split(", ").any(|s| tag.eq_ignore_ascii_case(s.as_bytes()));
    let mut unsupported = m
        .values(Name::Require)
        .flat_map(|line| line.split(|&c| c == b','))
        .map(trim)
        .filter(|tag| !tag.is_empty() && !supported(tag));
    let first = unsupported.next()?;
    let mut line = [b"Unsupported: ", first].concat();
    for tag in unsupported {
        line.extend_from_slice(b", ");
        line.extend_from_slice(tag);
    }
    line.extend_from_slice(b"\r\n");
    Some(line)
}

fn check_vias(m: &Message) -> Result<(), Refusal> {
    if m.count(Name::Via) == 0 {
        return bad("Missing Via");
    }
    if m.top_via().is_none() {
        return bad("Bad Via");
    }
    for line in m.values(Name::Via) {
        for via in split_outside_quotes(line, b',') {
            if trim(via).is_empty() || has_empty_parameter(via) {
                return bad("Bad Via");
            }
        }
    }
    Ok(())
}

fn check_contacts(m: &Message) -> Result<(), Refusal> {
    for line in m.values(Name::Contact) {
        if line == b"*" {
            continue;
        }
        for contact in split_outside_quotes(line, b',') {
            if NameAddr::parse(contact).is_err() || has_empty_parameter(contact) {
                return bad("Bad Contact");
            }
        }
    }
    Ok(())
}

fn has_empty_parameter(value: &[u8]) -> bool {
    split_outside_quotes(value, b';').skip(1).any(|p| trim(p).is_empty())
}

fn check_target(target: &[u8]) -> Result<(), Refusal> {
    if target.first() == Some(&b'<') {
        return bad("Brackets Around the Request-URI");
    }
    match Uri::parse(target) {
        Ok(u) if u.is_sip() || u.is_sips() => {
            // Header fields have no meaning in a Request-URI (RFC 3261 section 19.1.1).
            if u.headers.is_empty() { Ok(()) } else { bad("Headers in the Request-URI") }
        }
        Ok(u) if u.scheme.eq_ignore_ascii_case(b"tel") => Ok(()),
        Ok(_) => Err(Refusal { code: 416, why: "Unsupported URI Scheme" }),
        Err(_) => bad("Bad Request-URI"),
    }
}
