//! The value of From, To, Contact, Route and their like: `"name" <address>;parameters`.

use crate::uri::{Uri, param, trim};
use core::fmt;

/// A split address value. Slices of the bytes it was read from; `Debug` prints nothing of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// The display name as it was written, quotes included; empty if there is none.
    pub display: &'a [u8],
    /// The address between `<` and `>`, or up to the first `;` where there are none.
    pub uri: &'a [u8],
    /// Parameters of the header, from the first `;`.
    pub params: &'a [u8],
}

/// Why an address value could not be split.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum AddressError {
    UnbalancedQuote,
    UnbalancedBracket,
    BadUri,
    Trailing,
}

impl fmt::Debug for NameAddr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NameAddr(…)")
    }
}

impl<'a> NameAddr<'a> {
    /// Splits one value. Takes an unquoted name of several words, one with no space before `<`, and spaces inside
    /// the brackets, as the field sends them.
    ///
    /// # Errors
    /// [`AddressError`] when quotes or brackets do not close or no address is there.
    pub fn parse(value: &'a [u8]) -> Result<NameAddr<'a>, AddressError> {
        let b = trim(value);
        let open = find_open(b)?;
        let Some(open) = open else {
            // Without brackets, what follows ';' belongs to the header (RFC 3261 section 20.10).
            let end = b.iter().position(|&c| c == b';').unwrap_or(b.len());
            let uri = trim(&b[..end]);
            // Headers in an address need brackets around it; without, they would be read as the header's.
            if uri.contains(&b'?') {
                return Err(AddressError::BadUri);
            }
            Uri::parse(uri).map_err(|_| AddressError::BadUri)?;
            return Ok(NameAddr { display: &b[..0], uri, params: &b[end..] });
        };
        let close = b[open..].iter().position(|&c| c == b'>').ok_or(AddressError::UnbalancedBracket)? + open;
        let uri = trim(&b[open + 1..close]);
        let display = trim(&b[..open]);
        let params = trim(&b[close + 1..]);
        if !(params.is_empty() || params[0] == b';') {
            return Err(AddressError::Trailing);
        }
        Uri::parse(uri).map_err(|_| AddressError::BadUri)?;
        Ok(NameAddr { display, uri, params })
    }

    /// A parameter of the header, such as `tag`.
    pub fn param(&self, name: &str) -> Option<&'a [u8]> {
        param(self.params, name)
    }

    /// The tag, if one is there and not empty.
    pub fn tag(&self) -> Option<&'a [u8]> {
        self.param("tag").filter(|t| !t.is_empty())
    }
}

/// Where the `<` outside quotes stands.
fn find_open(b: &[u8]) -> Result<Option<usize>, AddressError> {
    let (mut quoted, mut escaped) = (false, false);
    for (i, &c) in b.iter().enumerate() {
        if escaped {
            escaped = false;
        } else if quoted && c == b'\\' {
            escaped = true;
        } else if c == b'"' {
            quoted = !quoted;
        } else if c == b'<' && !quoted {
            return Ok(Some(i));
        }
    }
    if quoted { Err(AddressError::UnbalancedQuote) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, display: &str, uri: &str, tag: Option<&str>) {
        let a = NameAddr::parse(text.as_bytes()).unwrap();
        assert_eq!(a.display, display.as_bytes());
        assert_eq!(a.uri, uri.as_bytes());
        assert_eq!(a.tag(), tag.map(str::as_bytes));
    }

    #[test]
    fn splits_what_the_field_sends() {
        check("\"A, B; <c>\" <sip:a@b>;tag=1", "\"A, B; <c>\"", "sip:a@b", Some("1"));
        check("Anna Berg<sip:a@b>;x;TAG=q", "Anna Berg", "sip:a@b", Some("q"));
        check("sip:a@b;tag=7", "", "sip:a@b", Some("7"));
        check("< sip:a@b > ; tag = 7", "", "sip:a@b", Some("7"));
        check("\"es\\\"c\" <sip:a@b;transport=tcp>", "\"es\\\"c\"", "sip:a@b;transport=tcp", None);
        check("<sip:a@b>;tag=", "", "sip:a@b", None);
    }

    #[test]
    fn refuses_what_does_not_close() {
        for bad in ["\"x <sip:a@b>", "<sip:a@b", "", "Anna", "<>", "<sip:a@b>x"] {
            assert!(NameAddr::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
