//! One telephone of an address-of-record.

use super::MAX_EXPIRES;
use super::request::{Asked, Wish};
use crate::endpoint::{Destination, Transport};
use crate::time::Time;
use crate::uri::{Uri, param, read_ip, split_outside_quotes, trim};
use core::net::SocketAddr;
use core::time::Duration;
use redact::Secret;

/// What is kept of a telephone's own name, in bytes.
const MAX_USER_AGENT: usize = 64;

/// Where one telephone is reached.
#[derive(Clone)]
pub struct Binding {
    /// Its Contact address as it was written: the Request-URI of calls to it.
    pub uri: Secret<Box<[u8]>>,
    /// Where calls to it are sent: where its REGISTER came from, or its Contact's own address if both have the same IP
    /// address.
    pub reach: Destination,
    /// When it ends unless it is registered again.
    pub expires: Time,
    /// Its preference among the contacts of its address, in thousandths, 0 to 1000.
    pub q: u16,
    /// What make it says it is; printable ASCII, at most 64 bytes.
    pub user_agent: String,
    /// Where its REGISTER came from.
    pub(super) source: Destination,
    pub(super) number: u64,
    call_id: Box<[u8]>,
    cseq: u32,
}

/// A binding to be kept while the program is not running. Connections do not outlast it.
#[derive(Clone)]
pub struct Kept {
    /// Whose.
    pub aor: u64,
    /// Contact address.
    pub uri: Secret<Vec<u8>>,
    /// How its REGISTER came.
    pub transport: Transport,
    /// Where it came from.
    pub source: SocketAddr,
    /// How long it is still valid.
    pub left: Duration,
    /// Preference in thousandths.
    pub q: u16,
    /// What make it says it is.
    pub user_agent: String,
    /// Call-ID of its registration, which often names the telephone's own address.
    pub call_id: Secret<Vec<u8>>,
    /// Number of its last REGISTER.
    pub cseq: u32,
}

impl Binding {
    pub(super) fn new(
        now: Time,
        wish: &Wish<'_>,
        asked: &Asked<'_>,
        from: Destination,
        number: u64,
    ) -> Binding {
        Binding {
            uri: Secret::new(wish.uri.into()),
            reach: reach(&wish.parts, from),
            expires: now + Duration::from_secs(wish.expires.into()),
            q: wish.q,
            user_agent: printable(asked.user_agent),
            source: from,
            number,
            call_id: asked.call_id.into(),
            cseq: asked.cseq,
        }
    }

    /// Whether a request is older than the one that made this binding, or is that one (RFC 3261 section 10.3).
    pub(super) fn is_newer_than(&self, asked: &Asked<'_>) -> bool {
        *self.call_id == *asked.call_id && asked.cseq <= self.cseq
    }

    /// Whether a wish is about this binding. Behind NAT, telephones in different places name the same private address:
    /// such a Contact is the same only from the same telephone or place.
    pub(super) fn is_wished(&self, wish: &Wish<'_>, asked: &Asked<'_>, from: Destination) -> bool {
        let Ok(own) = Uri::parse(self.uri.expose_secret()) else { return false };
        let natted = read_ip(own.host).is_some_and(|ip| ip != self.source.addr.ip());
        let same_phone = *self.call_id == *asked.call_id || self.source.addr.ip() == from.addr.ip();
        same_uri(&own, &wish.parts) && (!natted || same_phone)
    }

    /// Whether both say the same contact of the same place.
    pub(super) fn is_for(&self, other: &Binding) -> bool {
        self.uri == other.uri && self.source.addr == other.source.addr
    }

    /// The connection that it came over, if nothing else leads to it.
    pub(super) fn only_connection(&self) -> Option<u64> {
        self.reach.connection.filter(|_| self.reach.addr == self.source.addr)
    }

    pub(super) fn keep(&self, aor: u64, now: Time) -> Kept {
        Kept {
            aor,
            uri: Secret::new(self.uri.expose_secret().to_vec()),
            transport: self.source.transport,
            source: self.source.addr,
            left: self.expires.since(now),
            q: self.q,
            user_agent: self.user_agent.clone(),
            call_id: Secret::new(self.call_id.to_vec()),
            cseq: self.cseq,
        }
    }
}

impl Kept {
    /// As a binding, if it is still valid after so long and its Contact can be read.
    pub(super) fn restore(self, now: Time, passed: Duration, number: u64) -> Option<Binding> {
        let left = self.left.min(Duration::from_secs(MAX_EXPIRES.into())).checked_sub(passed);
        let left = left.filter(|l| !l.is_zero())?;
        let source = Destination { transport: self.transport, addr: self.source, connection: None };
        let uri: Box<[u8]> = self.uri.expose_secret().as_slice().into();
        let reach = reach(&Uri::parse(&uri).ok()?, source);
        Some(Binding {
            reach,
            uri: Secret::new(uri),
            expires: now + left,
            q: self.q.min(1000),
            user_agent: printable(self.user_agent.as_bytes()),
            source,
            number,
            call_id: self.call_id.expose_secret().as_slice().into(),
            cseq: self.cseq,
        })
    }
}

/// Where calls to a contact go that was registered from `from`.
fn reach(contact: &Uri<'_>, from: Destination) -> Destination {
    let Some(addr) = contact.socket_addr() else { return from };
    let transport = match contact.param("transport") {
        Some(t) => Transport::from_name(t),
        // A secure address without a transport is not reached by sending it datagrams.
        None if contact.is_sips() => None,
        None => Some(Transport::Udp),
    };
    if addr.ip() != from.addr.ip() || transport != Some(from.transport) || addr.port() == 0 {
        return from;
    }
    // The open connection serves; when it is gone, a new one goes to the address in the Contact.
    Destination { addr, ..from }
}

fn printable(text: &[u8]) -> String {
    text.iter().filter(|c| matches!(c, b' '..=b'~')).take(MAX_USER_AGENT).map(|c| char::from(*c)).collect()
}

/// Parameters that make two addresses different when only one of them has it (RFC 3261 section 19.1.4).
const TELLING: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];

/// Whether two addresses are the same (RFC 3261 section 19.1.4).
pub(crate) fn same_uri(a: &Uri<'_>, b: &Uri<'_>) -> bool {
    a.is_sips() == b.is_sips()
        && unescaped(a.user).eq(unescaped(b.user))
        && a.host.eq_ignore_ascii_case(b.host)
        && a.port == b.port
        && a.headers == b.headers
        && TELLING.iter().all(|name| a.param(name).is_some() == b.param(name).is_some())
        && split_outside_quotes(a.params, b';').all(|p| {
            let (name, value) = match p.iter().position(|&c| c == b'=') {
                Some(at) => (trim(&p[..at]), trim(&p[at + 1..])),
                None => (trim(p), &p[p.len()..]),
            };
            let name = core::str::from_utf8(name).unwrap_or_default();
            param(b.params, name).is_none_or(|other| name.is_empty() || other.eq_ignore_ascii_case(value))
        })
}

/// The bytes that an address means: `%61` is `a`.
fn unescaped(text: &[u8]) -> impl Iterator<Item = u8> {
    let digit = |c: Option<&u8>| (*c? as char).to_digit(16).map(|d| d as u8);
    let mut at = 0;
    core::iter::from_fn(move || {
        let c = *text.get(at)?;
        at += 1;
        if c != b'%' {
            return Some(c);
        }
        match (digit(text.get(at)), digit(text.get(at + 1))) {
            (Some(high), Some(low)) => {
                at += 2;
                Some(high << 4 | low)
            }
            _ => Some(c),
        }
    })
}
