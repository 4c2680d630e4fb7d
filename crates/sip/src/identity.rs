//! Who calls, and for whom the call was first: P-Asserted-Identity and P-Preferred-Identity (RFC 3325), Remote-Party-ID
//! (of older equipment, read only), Privacy (RFC 3323), Diversion (RFC 5806) and History-Info (RFC 7044).
//!
//! What is read here is what the sender says: whether it is believed depends on who sent it.

use crate::message::{Message, read_number};
use crate::name::Name;
use crate::uri::{Uri, param, split_outside_quotes, trim, unescaped};
use core::fmt;
use redact::Secret;

/// The longest number, address or name that is given out, in characters.
const MAX_TEXT: usize = 200;
/// The most diversions of one call that are given out.
const MAX_DIVERSIONS: usize = 10;

/// Whoever calls, as a message says it.
#[derive(Clone, Debug)]
pub struct Caller {
    /// A number as it came, `+` and digits; else user and host. Empty if nothing is said. It may be there although it is
    /// withheld: then it is not to be shown to whoever is called.
    pub address: Secret<String>,
    /// The name; empty if none is said.
    pub display: Secret<String>,
    /// Whether the caller wants to stay unnamed.
    pub withheld: bool,
    /// Whether the network before us stands for it, rather than the caller alone.
    pub asserted: bool,
}

/// Why a call went on from where it was first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Why {
    Unknown,
    Busy,
    NoAnswer,
    Unconditional,
    Unavailable,
    Deflected,
    FollowMe,
    TimeOfDay,
    DoNotDisturb,
    OutOfService,
    Away,
}

impl Why {
    const NAMES: [(Why, &'static str); 11] = [
        (Why::Unknown, "unknown"),
        (Why::Busy, "user-busy"),
        (Why::NoAnswer, "no-answer"),
        (Why::Unconditional, "unconditional"),
        (Why::Unavailable, "unavailable"),
        (Why::Deflected, "deflection"),
        (Why::FollowMe, "follow-me"),
        (Why::TimeOfDay, "time-of-day"),
        (Why::DoNotDisturb, "do-not-disturb"),
        (Why::OutOfService, "out-of-service"),
        (Why::Away, "away"),
    ];

    fn from_name(name: &[u8]) -> Why {
        let known = Why::NAMES.iter().find(|(_, n)| name.eq_ignore_ascii_case(n.as_bytes()));
        known.map_or(Why::Unknown, |(why, _)| *why)
    }

    // The causes of RFC 4458 section 2, which History-Info uses.
    fn from_cause(cause: u64) -> Why {
        match cause {
            302 => Why::Unconditional,
            408 => Why::NoAnswer,
            480 | 487 => Why::Deflected,
            486 | 600 => Why::Busy,
            503 => Why::Unavailable,
            _ => Why::Unknown,
        }
    }

    /// The word that Diversion uses.
    pub fn name(self) -> &'static str {
        Why::NAMES.iter().find(|(why, _)| *why == self).map_or("unknown", |(_, name)| name)
    }
}

/// Somebody whom a call was for before it came here.
#[derive(Clone, Debug)]
pub struct Diverted {
    /// As [`Caller::address`].
    pub address: Secret<String>,
    /// The name; empty if none is said.
    pub display: Secret<String>,
    /// Why the call went on.
    pub why: Why,
    /// Whether it is not to be shown to whoever is called.
    pub withheld: bool,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whoever calls, with the word of the network before us: P-Asserted-Identity, else Remote-Party-ID, else From. For peers
/// that are trusted to know.
pub fn caller(m: &Message) -> Caller {
    let privacy = Privacy::of(m);
    // A number before an address, where both are asserted.
    let asserted = || m.values(Name::PAssertedIdentity).flat_map(|line| split_outside_quotes(line, b','));
    let number = asserted().filter_map(Entry::read).find(|e| e.number().is_some());
    if let Some(entry) = number.or_else(|| asserted().find_map(Entry::read)) {
        return entry.caller(privacy.hides(), true);
    }
    let party = |value| {
        let party = param(Entry::read(value)?.params, "party");
        party.is_none_or(|p| p.eq_ignore_ascii_case(b"calling")).then_some(value)
    };
    let remote =
        m.values(Name::RemotePartyId).flat_map(|line| split_outside_quotes(line, b',')).find_map(party);
    if let Some(entry) = remote.and_then(Entry::read) {
        let hidden = param(entry.params, "privacy")
            .is_some_and(|p| !p.eq_ignore_ascii_case(b"off") && !p.eq_ignore_ascii_case(b"none"));
        let screened = param(entry.params, "screen").is_some_and(|s| s.eq_ignore_ascii_case(b"yes"));
        return entry.caller(hidden || privacy.hides(), screened);
    }
    claimed(m)
}

/// Whoever calls, by their own word: P-Preferred-Identity of one of our phones, else From. For everybody else.
pub fn claimed(m: &Message) -> Caller {
    let privacy = Privacy::of(m);
    let preferred =
        m.value(Name::PPreferredIdentity).and_then(|line| split_outside_quotes(line, b',').next());
    let from = || m.value(Name::From);
    let Some(entry) = preferred.and_then(Entry::read).or_else(|| from().and_then(Entry::read)) else {
        return Caller {
            address: Secret::new(String::new()),
            display: Secret::new(String::new()),
            withheld: true,
            asserted: false,
        };
    };
    let anonymous = entry.is_anonymous() || from().and_then(Entry::read).is_some_and(|e| e.is_anonymous());
    entry.caller(privacy.hides() || (anonymous && privacy != Privacy::None), false)
}

/// Whom the call was for before, the last one first: Diversion, else History-Info. At most ten.
pub fn diverted_from(m: &Message) -> Vec<Diverted> {
    let lines = m.values(Name::Diversion).flat_map(|line| split_outside_quotes(line, b','));
    let diversions: Vec<Diverted> = lines
        .filter_map(Entry::read)
        .map(|e| {
            let why = Why::from_name(unquoted(param(e.params, "reason").unwrap_or_default()));
            let hidden =
                param(e.params, "privacy").is_some_and(|p| !unquoted(p).eq_ignore_ascii_case(b"off"));
            e.diverted(why, hidden)
        })
        .take(MAX_DIVERSIONS)
        .collect();
    if !diversions.is_empty() {
        return diversions;
    }
    let history = m.values(Name::HistoryInfo).flat_map(|line| split_outside_quotes(line, b','));
    let entries: Vec<Entry<'_>> = history.filter_map(Entry::read).take(MAX_DIVERSIONS + 1).collect();
    let hides_all = Privacy::of(m) == Privacy::History;
    let mut found = Vec::new();
    for (n, entry) in entries.iter().enumerate() {
        // Its own Reason says why it was left, or the cause of what came after it.
        let next = entries.get(n + 1).and_then(|next| read_number(param(next.uri_params(), "cause")?));
        if let Some(cause) = entry.reason_cause().or(next) {
            let hidden = hides_all || entry.header("Privacy").is_some_and(|v| contains(&v, b"history"));
            found.push(entry.diverted(Why::from_cause(cause), hidden));
        }
    }
    found.reverse();
    found.truncate(MAX_DIVERSIONS);
    found
}

/// What the Privacy header asks for, as far as it concerns who calls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Privacy {
    Unsaid,
    /// Nothing is to be hidden, whatever else is said.
    None,
    /// Only the history.
    History,
    Caller,
}

impl Privacy {
    fn of(m: &Message) -> Privacy {
        let mut privacy = Privacy::Unsaid;
        for value in m.values(Name::Privacy).flat_map(|l| l.split(|&c| c == b';' || c == b',')) {
            let value = trim(value);
            let is = |names: &[&str]| names.iter().any(|n| value.eq_ignore_ascii_case(n.as_bytes()));
            if is(&["id", "user", "header"]) {
                return Privacy::Caller;
            }
            if is(&["none"]) {
                privacy = Privacy::None;
            } else if is(&["history"]) {
                privacy = Privacy::History;
            }
        }
        privacy
    }

    fn hides(self) -> bool {
        self == Privacy::Caller
    }
}

/// One value of any of these headers, split leniently: some peers leave the headers in an address unescaped.
struct Entry<'a> {
    display: &'a [u8],
    /// Without headers.
    uri: Uri<'a>,
    headers: &'a [u8],
    params: &'a [u8],
}

impl<'a> Entry<'a> {
    fn read(value: &'a [u8]) -> Option<Entry<'a>> {
        let value = trim(value);
        let (mut quoted, mut escaped) = (false, false);
        let open = value.iter().position(|&c| {
            match c {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b'<' if !quoted => return true,
                _ => {}
            }
            false
        });
        let (display, address, params) = match open {
            Some(open) => {
                let close = value[open..].iter().position(|&c| c == b'>')? + open;
                (trim(&value[..open]), trim(&value[open + 1..close]), trim(&value[close + 1..]))
            }
            None => {
                let end = value.iter().position(|&c| c == b';').unwrap_or(value.len());
                (&value[..0], trim(&value[..end]), &value[end..])
            }
        };
        // A user part may hold '?', headers follow the host.
        let host = address.iter().position(|&c| c == b'@').unwrap_or(0);
        let end = address[host..].iter().position(|&c| c == b'?').map_or(address.len(), |q| host + q);
        let headers = address.get(end + 1..).unwrap_or_default();
        Some(Entry { display, uri: Uri::parse(&address[..end]).ok()?, headers, params })
    }

    fn uri_params(&self) -> &'a [u8] {
        self.uri.params
    }

    // A header inside the address, its escapes resolved.
    fn header(&self, name: &str) -> Option<Vec<u8>> {
        self.headers.split(|&c| c == b'&').find_map(|h| {
            let equals = h.iter().position(|&c| c == b'=')?;
            h[..equals].eq_ignore_ascii_case(name.as_bytes()).then(|| unescaped(&h[equals + 1..]))
        })
    }

    // The SIP cause of a Reason inside the address.
    fn reason_cause(&self) -> Option<u64> {
        let reason = self.header("Reason")?;
        let end = reason.iter().position(|&c| c == b';')?;
        trim(&reason[..end])
            .eq_ignore_ascii_case(b"SIP")
            .then(|| read_number(param(&reason[end..], "cause")?))?
    }

    /// The number that it is, without the separators that people like to see.
    fn number(&self) -> Option<String> {
        let user = if self.uri.host.is_empty() { self.uri.user } else { self.uri.user_part() };
        let user = unescaped(user);
        let digits: String = user
            .iter()
            .filter(|c| !matches!(c, b'-' | b'.' | b'(' | b')'))
            .map(|c| char::from(*c))
            .take(MAX_TEXT)
            .collect();
        let bare = digits.strip_prefix('+').unwrap_or(&digits);
        (!bare.is_empty() && bare.bytes().all(|c| c.is_ascii_digit())).then_some(digits)
    }

    fn is_anonymous(&self) -> bool {
        self.uri.user_part().eq_ignore_ascii_case(b"anonymous")
            || self.uri.host.eq_ignore_ascii_case(b"anonymous.invalid")
    }

    fn address(&self) -> Secret<String> {
        if self.is_anonymous() {
            return Secret::new(String::new());
        }
        let (user, host) = (text(&unescaped(self.uri.user_part())), text(self.uri.host));
        Secret::new(match (self.number(), user.is_empty(), host.is_empty()) {
            (Some(number), _, _) => number,
            (None, true, _) => host,
            (None, false, true) => user,
            (None, false, false) => format!("{user}@{host}"),
        })
    }

    fn display(&self) -> Secret<String> {
        let shown = if self.is_anonymous() { b"" } else { self.display };
        let inner = shown.strip_prefix(b"\"").and_then(|d| d.strip_suffix(b"\""));
        let mut plain = Vec::with_capacity(shown.len());
        let mut escaped = false;
        for &c in inner.unwrap_or(shown) {
            escaped = inner.is_some() && c == b'\\' && !escaped;
            if !escaped {
                plain.push(c);
            }
        }
        Secret::new(text(&plain))
    }

    fn caller(&self, withheld: bool, asserted: bool) -> Caller {
        let withheld = withheld || self.is_anonymous();
        Caller { address: self.address(), display: self.display(), withheld, asserted }
    }

    fn diverted(&self, why: Why, withheld: bool) -> Diverted {
        let withheld = withheld || self.is_anonymous();
        Diverted { address: self.address(), display: self.display(), why, withheld }
    }
}

fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")).unwrap_or(value)
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.to_ascii_lowercase().windows(needle.len()).any(|w| w == needle)
}

fn text(b: &[u8]) -> String {
    String::from_utf8_lossy(b).chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect()
}
