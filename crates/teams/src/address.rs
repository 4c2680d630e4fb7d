//! Addresses: the configured bases, and whether a link that came from outside stays below one.

use core::fmt;

/// The longest address that is accepted from outside, in bytes. Links of delta queries carry long tokens.
pub(crate) const LONGEST_URL: usize = 16 * 1024;

/// The base of a service: scheme, host, perhaps a port and a path, without a slash at its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BaseUrl {
    /// `https://host[:port]`, in lower case, without the scheme's own port.
    origin: String,
    /// Empty, or begins with a slash.
    path: String,
}

/// Why an address is refused as a base.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AddressError {
    /// It is not `https://host[:port][/path]`, or holds a name of a user, a query, or characters that belong in none.
    Malformed,
    /// It is `http` and not on this machine: tokens would cross the network in the clear.
    NotEncrypted,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AddressError::Malformed => "this is no address of the form https://host[:port][/path]",
            AddressError::NotEncrypted => {
                "use https: http is accepted on 127.0.0.1, [::1] and localhost only"
            }
        })
    }
}

impl std::error::Error for AddressError {}

/// An address in parts: origin in lower case without the scheme's own port, and the rest from the path on.
fn split(text: &str) -> Option<(String, &str)> {
    // Backslashes, spaces and what is not ASCII are read differently by different programs, so they have no place.
    let plain =
        text.bytes().all(|c| c.is_ascii_graphic() && !matches!(c, b'\\' | b'"' | b'<' | b'>' | b'#' | b'`'));
    if text.len() > LONGEST_URL || !plain {
        return None;
    }
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end)?;
    let authority = authority.to_ascii_lowercase();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority.as_str(), None),
    };
    let v6 = host.starts_with('[') && host.ends_with(']');
    let named = host.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-'));
    let numbered =
        v6 && host.bytes().all(|c| c.is_ascii_hexdigit() || matches!(c, b':' | b'[' | b']' | b'.'));
    if host.is_empty() || !(named || numbered) {
        return None;
    }
    let own = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let port = match port {
        Some(port) if port.bytes().all(|c| c.is_ascii_digit()) => port.parse::<u16>().ok()?,
        Some(_) => return None,
        None => own,
    };
    let origin = if port == own { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{port}") };
    Some((origin, rest))
}

/// Whether a path leads upwards, said plainly or percent-encoded.
fn climbs(path: &str) -> bool {
    path.split('/').any(|step| matches!(step.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | ".."))
}

impl BaseUrl {
    /// Reads a base address. `http` is accepted for this machine only.
    pub fn parse(text: &str) -> Result<BaseUrl, AddressError> {
        let (origin, path) = split(text.trim_end_matches('/')).ok_or(AddressError::Malformed)?;
        if path.contains('?') || climbs(path) {
            return Err(AddressError::Malformed);
        }
        let here = ["http://127.0.0.1", "http://[::1]", "http://localhost"];
        let near = here
            .iter()
            .any(|h| origin.strip_prefix(h).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')));
        if origin.starts_with("http:") && !near {
            return Err(AddressError::NotEncrypted);
        }
        Ok(BaseUrl { origin, path: path.to_string() })
    }

    /// The address of something below the base. `path` begins with a slash.
    pub fn join(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin, self.path)
    }

    /// Scheme, host and port: what a declared destination is compared with.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether an address from outside leads to this host and stays below this base.
    pub fn owns(&self, url: &str) -> bool {
        let Some((origin, rest)) = split(url) else { return false };
        let path = rest.split('?').next().unwrap_or_default();
        let below = path.strip_prefix(self.path.as_str()).is_some_and(|p| p.is_empty() || p.starts_with('/'));
        origin == self.origin && below && !climbs(path)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

/// Everything but letters, digits and `-._~` as `%XX` (RFC 3986 section 2.3).
pub fn percent_encode(text: &str) -> String {
    use core::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for c in text.bytes() {
        if c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(c));
        } else {
            let _ = write!(out, "%{c:02X}");
        }
    }
    out
}

/// Reads a value of a query: `+` is a space, `%XX` a byte. Nothing when it is not UTF-8 or ends within a `%XX`.
pub fn percent_decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(c) = bytes.next() {
        out.push(match c {
            b'+' => b' ',
            b'%' => {
                let digit = |c: Option<u8>| char::from(c?).to_digit(16);
                let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            c => c,
        });
    }
    String::from_utf8(out).ok()
}

/// Fields as a query or a form.
pub(crate) fn query(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<_> =
        fields.iter().map(|(n, v)| format!("{}={}", percent_encode(n), percent_encode(v))).collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_are_read_and_joined() {
        for (text, joined) in [
            ("https://graph.microsoft.com", "https://graph.microsoft.com/x"),
            ("HTTPS://Graph.Microsoft.com:443/", "https://graph.microsoft.com/x"),
            ("http://127.0.0.1:9000/graph/", "http://127.0.0.1:9000/graph/x"),
            ("http://[::1]:9000", "http://[::1]:9000/x"),
        ] {
            assert_eq!(BaseUrl::parse(text).map(|b| b.join("/x")), Ok(joined.to_string()), "{text}");
        }
        for text in [
            "",
            "graph.microsoft.com",
            "ftp://a",
            "https://",
            "https://a@b",
            "https://a b",
            "https://a?x",
            "https://a/../b",
            "https://a:99999",
            "https://a:",
            "https://a\\b",
            "https://é",
        ] {
            assert_eq!(BaseUrl::parse(text), Err(AddressError::Malformed), "{text}");
        }
        for text in ["http://graph.microsoft.com", "http://127.0.0.1.example", "http://localhost.example:80"]
        {
            assert_eq!(BaseUrl::parse(text), Err(AddressError::NotEncrypted), "{text}");
        }
    }

    #[test]
    fn a_link_stays_below_its_base() {
        let base = BaseUrl::parse("https://graph.microsoft.com/v1.0").unwrap();
        for link in [
            "https://graph.microsoft.com/v1.0/users/delta?$skiptoken=a%2Fb",
            "https://GRAPH.microsoft.com:443/v1.0",
            "https://graph.microsoft.com/v1.0?x",
        ] {
            assert!(base.owns(link), "{link}");
        }
        for link in [
            "http://graph.microsoft.com/v1.0/users",
            "https://graph.microsoft.com.evil.example/v1.0/users",
            "https://graph.microsoft.com@evil.example/v1.0/users",
            "https://evil.example/v1.0/users?https://graph.microsoft.com/v1.0",
            "https://graph.microsoft.com:444/v1.0/users",
            "https://graph.microsoft.com/v1.0extra",
            "https://graph.microsoft.com/v1.0/../beta/users",
            "https://graph.microsoft.com/v1.0/%2E./beta",
            "https://graph.microsoft.com\\@evil.example/v1.0/",
            "https://graph.microsoft.com/v1.0/a\r\nHost: b",
            "//graph.microsoft.com/v1.0",
            "/v1.0/users",
        ] {
            assert!(!base.owns(link), "{link}");
        }
        assert!(!base.owns(&format!("https://graph.microsoft.com/v1.0/{}", "a".repeat(LONGEST_URL))));
    }

    #[test]
    fn encoding_goes_there_and_back() {
        let text = "a b&c=d/é+%~";
        assert_eq!(percent_encode(text), "a%20b%26c%3Dd%2F%C3%A9%2B%25~");
        assert_eq!(percent_decode(&percent_encode(text)).as_deref(), Some(text));
        for bad in ["%", "%4", "%zz", "%ff", "%+1"] {
            assert_eq!(percent_decode(bad), None, "{bad}");
        }
    }
}
