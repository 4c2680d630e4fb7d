//! Addresses of other systems: which may be used, and where in them a call's data goes.

use engine::SlotId;
use redact::Secret;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

/// Checks an address of another system: https, or http to a private address that is allowed.
///
/// # Errors
/// A sentence.
pub fn check_address(url: &str, allow_private: bool) -> Result<(), String> {
    let (https, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return Err("must be an https address: https://example.org/path".into()),
    };
    if url.len() > 2_000 || url.bytes().any(|c| c.is_ascii_control() || c == b' ' || c == b'"' || c == b'\\')
    {
        return Err("has characters that an address cannot have, or more than 2000".into());
    }
    if url.contains('#') {
        return Err("an address has no part behind #".into());
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("must not hold a name or password: put them into a header with secret_file".into());
    }
    if rest.split('?').next().is_some_and(|path| path.contains(['{', '}'])) {
        return Err("placeholders stand behind the ? only".into());
    }
    let (host, port) = match authority.strip_prefix('[').and_then(|a| a.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':').or(port.is_empty().then_some("443"))),
        None => authority.rsplit_once(':').map_or((authority, Some("443")), |(h, p)| (h, Some(p))),
    };
    if port.and_then(|p| p.parse::<u16>().ok()).is_none_or(|p| p == 0) {
        return Err("the port must be 1 to 65535".into());
    }
    let literal: Option<IpAddr> = host.parse().ok();
    // What only looks like an address could be read as one by somebody else: 127.1, 0x7f000001.
    let name = !host.is_empty()
        && host.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'.')
        && host.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_alphabetic()));
    if literal.is_none() && !name {
        return Err("names no host: https://example.org/path".into());
    }
    match literal.map(is_private) {
        Some(true) if !allow_private => {
            Err("is a private address: allow it with allow_private: true, if that is meant".into())
        }
        Some(true) => Ok(()),
        _ if https => Ok(()),
        _ => Err("must be https; http is possible with allow_private and a private address only".into()),
    }
}

/// Whether an address is this machine or lies in a network that the internet does not reach.
pub fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_private_v4(ip),
        IpAddr::V6(ip) => {
            if let Some(v4) = ip.to_ipv4_mapped() {
                return is_private_v4(v4);
            }
            let first = ip.segments()[0];
            ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_multicast()
                || first & 0xfe00 == 0xfc00
                || first & 0xffc0 == 0xfe80
                // An IPv4 address behind a translator (RFC 6052, RFC 3056) could be a private one.
                || (first == 0x64 && ip.segments()[1] == 0xff9b)
                || first == 0x2002
        }
    }
}

fn is_private_v4(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_unspecified()
        || ip.is_broadcast()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        // Shared by customers of a provider (RFC 6598), and the network for measuring devices (RFC 2544).
        || (a == 100 && b & 0xc0 == 64)
        || (a == 198 && b & 0xfe == 18)
}

/// A place in a text where something of the call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blank {
    /// Number or address of the caller.
    Caller,
    /// Digits that were taken.
    Slot(SlotId),
    /// The call's id.
    Call,
    /// The queue's id.
    Queue,
}

/// A text with blanks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Blank(Blank),
}

impl Template {
    /// Reads `…{caller}…`. `known` says what each name stands for.
    ///
    /// # Errors
    /// A sentence, for a brace that does not close or a name that is not known.
    pub fn read(text: &str, known: &dyn Fn(&str) -> Option<Blank>) -> Result<Template, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').ok_or("a brace { is not closed")?;
            let blank = known(name).ok_or_else(|| format!("nothing is known as {{{name}}} here"))?;
            pieces.push(Piece::Text(before.into()));
            pieces.push(Piece::Blank(blank));
            rest = behind;
        }
        pieces.push(Piece::Text(rest.into()));
        Ok(Template(pieces))
    }

    /// The text with its blanks filled; what is not known becomes nothing. With `escape` each value is written so that
    /// it stays one value of an address (RFC 3986, section 2.1).
    pub fn fill(&self, escape: bool, value: &dyn Fn(Blank) -> Option<String>) -> Secret<String> {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Blank(blank) => {
                    let value = value(*blank).unwrap_or_default();
                    if escape { escaped(&value, &mut out) } else { out.push_str(&value) }
                }
            }
        }
        Secret::new(out)
    }
}

fn escaped(text: &str, out: &mut String) {
    for c in text.bytes() {
        if c.is_ascii_alphanumeric() || b"-._~".contains(&c) {
            out.push(char::from(c));
        } else {
            // Writing into a text cannot fail.
            let _ = write!(out, "%{c:02X}");
        }
    }
}

/// A JSON value whose texts have blanks.
#[derive(Clone, Debug, PartialEq)]
pub enum JsonTemplate {
    /// A text.
    Text(Template),
    /// A list.
    List(Vec<JsonTemplate>),
    /// An object.
    Object(Vec<(String, JsonTemplate)>),
    /// Something without blanks.
    Plain(serde_json::Value),
}

impl JsonTemplate {
    /// Reads a value; names of objects have no blanks.
    ///
    /// # Errors
    /// As [`Template::read`].
    pub fn read(
        value: &serde_json::Value,
        known: &dyn Fn(&str) -> Option<Blank>,
    ) -> Result<JsonTemplate, String> {
        use serde_json::Value;
        Ok(match value {
            Value::String(text) => JsonTemplate::Text(Template::read(text, known)?),
            Value::Array(items) => JsonTemplate::List(
                items.iter().map(|v| JsonTemplate::read(v, known)).collect::<Result<_, _>>()?,
            ),
            Value::Object(o) => JsonTemplate::Object(
                o.iter()
                    .map(|(k, v)| Ok((k.clone(), JsonTemplate::read(v, known)?)))
                    .collect::<Result<_, String>>()?,
            ),
            plain => JsonTemplate::Plain(plain.clone()),
        })
    }

    /// The JSON with its blanks filled.
    pub fn fill(&self, value: &dyn Fn(Blank) -> Option<String>) -> Secret<serde_json::Value> {
        Secret::new(self.filled(value))
    }

    fn filled(&self, value: &dyn Fn(Blank) -> Option<String>) -> serde_json::Value {
        match self {
            JsonTemplate::Text(text) => text.fill(false, value).expose_secret().clone().into(),
            JsonTemplate::List(items) => items.iter().map(|i| i.filled(value)).collect::<Vec<_>>().into(),
            JsonTemplate::Object(o) => {
                o.iter().map(|(k, v)| (k.clone(), v.filled(value))).collect::<serde_json::Map<_, _>>().into()
            }
            JsonTemplate::Plain(plain) => plain.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_https_or_an_allowed_private_address() {
        for (url, private, right) in [
            ("https://crm.example.org/v1?x={caller}", false, true),
            ("https://crm.example.org:8443/", false, true),
            ("http://crm.example.org/", false, false),
            ("http://crm.example.org/", true, false),
            ("http://192.0.2.7/", true, false),
            ("http://10.1.2.3/", true, true),
            ("http://127.0.0.1:6300/crm", true, true),
            ("http://[::1]:6300/crm", true, true),
            ("http://127.0.0.1:6300/crm", false, false),
            ("https://127.0.0.1/", false, false),
            ("https://[fd00::1]/", false, false),
            ("https://[::ffff:10.0.0.1]/", false, false),
            ("https://100.64.1.1/", false, false),
            ("https://169.254.169.254/latest", false, false),
            ("https://127.1/", true, false),
            ("https://0x7f000001/", false, false),
            ("https://a:b@example.org/", false, false),
            ("https://{caller}.example.org/", false, false),
            ("https://example.org:0/", false, false),
            ("https://example.org/#x", false, false),
            ("https:///x", false, false),
            ("ftp://example.org/", false, false),
            ("https://example.org/a b", false, false),
            ("", false, false),
        ] {
            assert_eq!(check_address(url, private).is_ok(), right, "{url} {private}");
        }
    }

    fn known(name: &str) -> Option<Blank> {
        match name {
            "caller" => Some(Blank::Caller),
            "account" => Some(Blank::Slot(SlotId(3))),
            _ => None,
        }
    }

    fn value(blank: Blank) -> Option<String> {
        match blank {
            Blank::Caller => Some("+49 \"1&x=".into()),
            Blank::Slot(SlotId(3)) => Some("12#4".into()),
            _ => None,
        }
    }

    #[test]
    fn blanks_are_filled_and_cannot_change_what_is_around_them() {
        let url = Template::read("https://x/?a={caller}&b={account}", &known).unwrap();
        assert_eq!(url.fill(true, &value).expose_secret(), "https://x/?a=%2B49%20%221%26x%3D&b=12%234");
        let body = json!({"who": "{caller}", "n": 1, "list": ["{account}", true]});
        let body = JsonTemplate::read(&body, &known).unwrap().fill(&value);
        assert_eq!(body.expose_secret(), &json!({"who": "+49 \"1&x=", "n": 1, "list": ["12#4", true]}));
        assert_eq!(url.fill(true, &|_| None).expose_secret(), "https://x/?a=&b=");
        assert!(Template::read("{other}", &known).is_err() && Template::read("{caller", &known).is_err());
    }
}
