//! What a REGISTER asks for.

use super::binding::same_uri;
use super::{MAX_CONTACTS, MAX_EXPIRES, MIN_EXPIRES, Reply};
use crate::address::NameAddr;
use crate::message::{Message, is_token, read_number};
use crate::name::Name;
use crate::uri::{Uri, split_outside_quotes, trim};

/// The longest Contact address that is kept, in bytes.
const MAX_URI: usize = 512;
/// The longest Call-ID that is kept, in bytes.
const MAX_CALL_ID: usize = 256;
/// The most contacts that are looked at: those to be removed and those to be set.
const MAX_WISHES: usize = 2 * MAX_CONTACTS;

/// A REGISTER, understood.
pub(super) struct Asked<'a> {
    pub(super) call_id: &'a [u8],
    pub(super) cseq: u32,
    pub(super) user_agent: &'a [u8],
    pub(super) contacts: Contacts<'a>,
}

/// Which contacts it is about.
pub(super) enum Contacts<'a> {
    /// None: its sender wants to know what is there.
    None,
    /// All there are, to be removed (`*`).
    All,
    /// These.
    Some(Vec<Wish<'a>>),
}

/// One contact and what should become of it.
pub(super) struct Wish<'a> {
    /// As it was written.
    pub(super) uri: &'a [u8],
    /// Split.
    pub(super) parts: Uri<'a>,
    /// Seconds; 0 removes it.
    pub(super) expires: u32,
    /// Thousandths.
    pub(super) q: u16,
}

fn refused(code: u16) -> Reply {
    Reply { code, lines: Vec::new() }
}

impl<'a> Asked<'a> {
    /// Reads a request, or says how it is refused.
    pub(super) fn read(m: &'a Message) -> Result<Asked<'a>, Reply> {
        let wanted: Vec<&[u8]> = m
            .values(Name::Require)
            .flat_map(|line| line.split(|&c| c == b','))
            .map(trim)
            .filter(|o| !o.is_empty())
            .collect();
        if !wanted.is_empty() {
            // Path, GRUU and outbound among them; what is no option tag is not sent back.
            let names = wanted.into_iter().filter(|o| o.iter().all(|c| is_token(*c)));
            let names = names.collect::<Vec<_>>().join(&b", "[..]);
            let lines = [&b"Unsupported: "[..], &names, b"\r\n"].concat();
            return Err(Reply { code: 420, lines });
        }
        let call_id = m.value(Name::CallId).filter(|c| c.len() <= MAX_CALL_ID).ok_or(refused(400))?;
        let (cseq, _) = m.cseq().ok_or(refused(400))?;
        let user_agent = m.value(Name::UserAgent).unwrap_or_default();
        let expires = m.value(Name::Expires).map(seconds);
        let contacts = contacts(m, expires)?;
        Ok(Asked { call_id, cseq, user_agent, contacts })
    }
}

fn contacts(m: &Message, expires: Option<u32>) -> Result<Contacts<'_>, Reply> {
    let mut all =
        m.values(Name::Contact).flat_map(|line| split_outside_quotes(line, b',')).map(trim).peekable();
    match all.peek().copied() {
        None => return Ok(Contacts::None),
        Some(star) if star == b"*" => {
            all.next();
            let fits = all.next().is_none() && expires == Some(0);
            return if fits { Ok(Contacts::All) } else { Err(refused(400)) };
        }
        Some(_) => {}
    }
    let mut wishes: Vec<Wish<'_>> = Vec::new();
    for contact in all {
        let wish = wish(contact, expires)?;
        if wishes.len() == MAX_WISHES {
            return Err(refused(403));
        }
        // The same contact twice in one request has no order.
        if wishes.iter().any(|w| same_uri(&w.parts, &wish.parts)) {
            return Err(refused(400));
        }
        wishes.push(wish);
    }
    Ok(Contacts::Some(wishes))
}

fn wish(contact: &[u8], expires: Option<u32>) -> Result<Wish<'_>, Reply> {
    let address = NameAddr::parse(contact).map_err(|_| refused(400))?;
    let parts = Uri::parse(address.uri).map_err(|_| refused(400))?;
    if !(parts.is_sip() || parts.is_sips()) || parts.host.is_empty() || address.uri.len() > MAX_URI {
        return Err(refused(400));
    }
    let asked = address.param("expires").map(seconds).or(expires).unwrap_or(MAX_EXPIRES);
    if asked != 0 && asked < MIN_EXPIRES {
        return Err(Reply { code: 423, lines: format!("Min-Expires: {MIN_EXPIRES}\r\n").into_bytes() });
    }
    let q = match address.param("q") {
        None => 1000,
        Some(q) => thousandths(q).ok_or(refused(400))?,
    };
    Ok(Wish { uri: address.uri, parts, expires: asked.min(MAX_EXPIRES), q })
}

/// A time in seconds; one that cannot be read counts as an hour (RFC 3261 section 10.3, step 6).
fn seconds(text: &[u8]) -> u32 {
    read_number(text).map_or(3600, |n| u32::try_from(n).unwrap_or(u32::MAX))
}

/// Reads `0`, `0.5`, `1`, `1.000`: at most three digits after the point.
fn thousandths(text: &[u8]) -> Option<u16> {
    let (whole, part) = match text.iter().position(|&c| c == b'.') {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &text[text.len()..]),
    };
    if part.len() > 3 || !part.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let part = part.iter().chain([b'0'; 3].iter()).take(3).fold(0, |n, d| n * 10 + u16::from(d - b'0'));
    match whole {
        b"0" => Some(part),
        b"1" if part == 0 => Some(1000),
        _ => None,
    }
}
