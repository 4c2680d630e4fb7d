//! SIP and SIPS addresses, and `tel` (RFC 3261 section 19.1, RFC 3966): split into their parts, nothing unescaped.
//!
//! An unescaped `#` in the user part, which telephone systems send, is taken as it is.

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::str::FromStr;

/// A split address. Slices of the bytes it was read from; `Debug` names only the scheme.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Uri<'a> {
    /// `sip`, `sips`, `tel`, …, in the case it came in.
    pub scheme: &'a [u8],
    /// The part before `@`, parameters of the user included; the number of a `tel`; empty if there is none.
    pub user: &'a [u8],
    /// Host without brackets; empty for a `tel` or a scheme we do not split.
    pub host: &'a [u8],
    /// Port, if one was written.
    pub port: Option<u16>,
    /// What follows the host, from the first `;` (parameters), without headers.
    pub params: &'a [u8],
    /// What follows `?`, without it.
    pub headers: &'a [u8],
}

/// Why an address could not be split.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum UriError {
    NoScheme,
    BadHost,
    BadPort,
    BadCharacter,
}

impl fmt::Debug for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uri({}:…)", String::from_utf8_lossy(self.scheme))
    }
}

impl<'a> Uri<'a> {
    /// Splits an address without surrounding `<>`.
    ///
    /// # Errors
    /// [`UriError`] when there is no scheme, or host or port cannot be read.
    pub fn parse(b: &'a [u8]) -> Result<Uri<'a>, UriError> {
        let colon = b.iter().position(|&c| c == b':').ok_or(UriError::NoScheme)?;
        let (scheme, rest) = (&b[..colon], &b[colon + 1..]);
        let scheme_ok = scheme.first().is_some_and(u8::is_ascii_alphabetic)
            && scheme.iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.'));
        if !scheme_ok {
            return Err(UriError::NoScheme);
        }
        if b.iter().any(|&c| c <= b' ' || c == 0x7f || matches!(c, b'<' | b'>' | b'"')) {
            return Err(UriError::BadCharacter);
        }
        let empty: &[u8] = &[];
        if !scheme.eq_ignore_ascii_case(b"sip") && !scheme.eq_ignore_ascii_case(b"sips") {
            let end = rest.iter().position(|&c| c == b';').unwrap_or(rest.len());
            let (user, params) = rest.split_at(end);
            return Ok(Uri { scheme, user, host: empty, port: None, params, headers: empty });
        }
        // A user part may hold ';' and '?' (RFC 3261 section 25), so the last '@' before any header divides.
        let (user, hostpart) = match rest.iter().rposition(|&c| c == b'@') {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => (empty, rest),
        };
        let (address, headers) = match hostpart.iter().position(|&c| c == b'?') {
            Some(q) => (&hostpart[..q], &hostpart[q + 1..]),
            None => (hostpart, empty),
        };
        let (hostport, params) = match address.iter().position(|&c| c == b';') {
            Some(p) => address.split_at(p),
            None => (address, empty),
        };
        let (host, port) = split_host_port(hostport)?;
        Ok(Uri { scheme, user, host, port, params, headers })
    }

    /// Whether the scheme is `sip`.
    pub fn is_sip(&self) -> bool {
        self.scheme.eq_ignore_ascii_case(b"sip")
    }

    /// Whether the scheme is `sips`.
    pub fn is_sips(&self) -> bool {
        self.scheme.eq_ignore_ascii_case(b"sips")
    }

    /// A parameter's value (empty if it has none), found whatever its case; `None` if it is not there.
    pub fn param(&self, name: &str) -> Option<&'a [u8]> {
        param(self.params, name)
    }

    /// The address to send to, if the host is a literal. Default port 5060, 5061 for `sips`.
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        let port = self.port.unwrap_or(if self.is_sips() { 5061 } else { 5060 });
        Some(SocketAddr::new(read_ip(self.host)?, port))
    }

    /// The user part without its own parameters (`5551000` of `5551000;phone-context=…`).
    pub fn user_part(&self) -> &'a [u8] {
        let end = self.user.iter().position(|&c| c == b';' || c == b':').unwrap_or(self.user.len());
        &self.user[..end]
    }
}

/// Reads an address literal, IPv6 without brackets.
pub(crate) fn read_ip(host: &[u8]) -> Option<IpAddr> {
    IpAddr::from_str(core::str::from_utf8(host).ok()?).ok()
}

/// Splits `host[:port]`, with brackets around IPv6.
pub(crate) fn split_host_port(b: &[u8]) -> Result<(&[u8], Option<u16>), UriError> {
    let (host, rest) = if b.first() == Some(&b'[') {
        let close = b.iter().position(|&c| c == b']').ok_or(UriError::BadHost)?;
        if read_ip(&b[1..close]).is_none() {
            return Err(UriError::BadHost);
        }
        (&b[1..close], &b[close + 1..])
    } else {
        let end = b.iter().position(|&c| c == b':').unwrap_or(b.len());
        let host = &b[..end];
        if host.is_empty()
            || !host.iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_'))
        {
            return Err(UriError::BadHost);
        }
        (host, &b[end..])
    };
    match rest {
        [] => Ok((host, None)),
        [b':', digits @ ..] => Ok((host, Some(read_port(digits)?))),
        _ => Err(UriError::BadHost),
    }
}

fn read_port(digits: &[u8]) -> Result<u16, UriError> {
    let ok = !digits.is_empty() && digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit);
    let text = core::str::from_utf8(digits).map_err(|_| UriError::BadPort)?;
    if ok { text.parse().map_err(|_| UriError::BadPort) } else { Err(UriError::BadPort) }
}

/// Finds a parameter in `;a=b;c`. White space around `;` and `=` is allowed, a quoted value may hold `;`.
pub(crate) fn param<'a>(params: &'a [u8], name: &str) -> Option<&'a [u8]> {
    for p in split_outside_quotes(params, b';') {
        let (n, v) = match p.iter().position(|&c| c == b'=') {
            Some(e) => (trim(&p[..e]), trim(&p[e + 1..])),
            None => (trim(p), &p[p.len()..]),
        };
        if n.eq_ignore_ascii_case(name.as_bytes()) {
            return Some(v);
        }
    }
    None
}

/// With its escapes (`%41`) resolved; one that is none stays as it is.
pub(crate) fn unescaped(b: &[u8]) -> Vec<u8> {
    let digit = |c: Option<&u8>| c.and_then(|c| char::from(*c).to_digit(16)).map(|d| d as u8);
    let mut out = Vec::with_capacity(b.len());
    let mut at = 0;
    while let Some(&c) = b.get(at) {
        match (c, digit(b.get(at + 1)), digit(b.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                at += 3;
            }
            _ => {
                out.push(c);
                at += 1;
            }
        }
    }
    out
}

/// White space off both ends.
pub(crate) fn trim(b: &[u8]) -> &[u8] {
    b.trim_ascii()
}

/// The pieces of `b` between `separator`s that stand outside quotes and `<>`.
pub(crate) fn split_outside_quotes(b: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    // Most of what is split has no quotes.
    let is_plain = !b.iter().any(|c| matches!(c, b'"' | b'<'));
    let mut rest = Some(b);
    core::iter::from_fn(move || {
        let b = rest?;
        let end = match is_plain {
            true => b.iter().position(|&c| c == separator),
            false => first_outside_quotes(b, separator),
        };
        rest = end.map(|end| &b[end + 1..]);
        Some(&b[..end.unwrap_or(b.len())])
    })
}

/// Where the first separator stands that is not within quotes or `<>`.
fn first_outside_quotes(b: &[u8], separator: u8) -> Option<usize> {
    let (mut quoted, mut angled, mut escaped) = (false, false, false);
    b.iter().position(|&c| {
        if escaped {
            escaped = false;
        } else if quoted && c == b'\\' {
            escaped = true;
        } else if c == b'"' {
            quoted = !quoted;
        } else if quoted {
        } else if c == b'<' {
            angled = true;
        } else if c == b'>' {
            angled = false;
        } else {
            return c == separator && !angled;
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, user: &str, host: &str, port: Option<u16>, params: &str) {
        let u = Uri::parse(text.as_bytes()).unwrap();
        assert_eq!(u.user, user.as_bytes());
        assert_eq!(u.host, host.as_bytes());
        assert_eq!(u.port, port);
        assert_eq!(u.params, params.as_bytes());
    }

    #[test]
    fn splits_what_the_field_sends() {
        check("sip:500@127.0.0.1:5060;transport=udp", "500", "127.0.0.1", Some(5060), ";transport=udp");
        check("sip:[2001:db8::1]", "", "2001:db8::1", None, "");
        check("sip:a@[::1]:5080;lr", "a", "::1", Some(5080), ";lr");
        check("sip:*21*5551000#@pbx.example", "*21*5551000#", "pbx.example", None, "");
        check(
            "sip:+4930123;phone-context=x.example@host;user=phone",
            "+4930123;phone-context=x.example",
            "host",
            None,
            ";user=phone",
        );
        check(
            "sip:user;par=u%40example.net@example.com?h=v",
            "user;par=u%40example.net",
            "example.com",
            None,
            "",
        );
        check("tel:+49-30-123;ext=5", "+49-30-123", "", None, ";ext=5");
        check("SIP:x@y", "x", "y", None, "");
        assert_eq!(Uri::parse(b"sip:+49301;phone-context=x@h").unwrap().user_part(), b"+49301");
        assert_eq!(Uri::parse(b"sip:h;Transport=TCP").unwrap().param("transport"), Some(&b"TCP"[..]));
    }

    #[test]
    fn refuses_what_cannot_be_an_address() {
        for bad in [
            "",
            "sip",
            "sip:",
            "1sip:a@b",
            "sip:a@",
            "sip:a@b:",
            "sip:a@b:99999",
            "sip:a b@c",
            "sip:a@[::1",
            "sip:a@[zz]",
            "<sip:a@b>",
        ] {
            assert!(Uri::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn escapes_are_resolved_where_they_are_whole() {
        for (text, plain) in [("a%3Bb%3d", "a;b="), ("%", "%"), ("%4", "%4"), ("%zz%41", "%zzA"), ("", "")] {
            assert_eq!(unescaped(text.as_bytes()), plain.as_bytes());
        }
    }

    #[test]
    fn debug_tells_no_number() {
        assert_eq!(format!("{:?}", Uri::parse(b"sip:5551000@h").unwrap()), "Uri(sip:…)");
    }
}
