//! Calling by address only: the person's own computer opens `maxuccall:`, `tel:` or a brand's own scheme.
//!
//! Teams cards do not promise to open such an address, so a link leads to a page of ours over HTTPS which opens it. The
//! number stands behind the `#` of that link: browsers do not send that part, so no server logs it.

use redact::Secret;

/// The page of ours that opens an address, below the public address of the server.
pub const PAGE: &str = "/call";

/// Schemes that do something else than call, or that run what stands behind them.
const NEVER: [&str; 21] = [
    "about",
    "blob",
    "chrome",
    "data",
    "file",
    "filesystem",
    "ftp",
    "http",
    "https",
    "intent",
    "javascript",
    "jar",
    "mailto",
    "ms-appinstaller",
    "ms-msdt",
    "resource",
    "search-ms",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// The scheme of a softphone's addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheme(String);

impl Scheme {
    /// Reads a scheme (RFC 3986 section 3.1), in small letters and without its colon.
    ///
    /// # Errors
    /// A sentence.
    pub fn read(text: &str) -> Result<Scheme, &'static str> {
        let right = (2..=40).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b));
        match right {
            false => Err(
                "the scheme of a softphone is a small letter, then small letters, digits, +, - and ., as maxuccall",
            ),
            true if NEVER.contains(&text) => {
                Err("this scheme does not call anybody: write that of a softphone, as tel or maxuccall")
            }
            true => Ok(Scheme(text.into())),
        }
    }

    /// That of telephone numbers (RFC 3966), which most softphones open.
    pub fn tel() -> Scheme {
        Scheme("tel".into())
    }

    /// Without its colon.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text may stand behind a scheme: digits, after a `+` or not, 2 to 20 of them. Service codes (`*21#`) are
/// no numbers: a telephone would obey them.
pub fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (2..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The address that a softphone opens; nothing for what is no number.
pub fn to_open(scheme: &Scheme, number: &Secret<String>) -> Option<Secret<String>> {
    let number = number.expose_secret();
    is_number(number).then(|| Secret::new(format!("{}:{number}", scheme.0)))
}

/// The link to the page of ours that opens it, in the name and colours of a tenant; nothing for what is no number. `public` is
/// the server's public address without a slash at its end, `tenant` the tenant's id.
pub fn link(public: &str, tenant: &str, scheme: &Scheme, number: &Secret<String>) -> Option<Secret<String>> {
    let number = number.expose_secret();
    let number = is_number(number).then(|| number.replace('+', "%2B"))?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let of = if tenant.bytes().all(plain) { tenant } else { "" };
    let scheme = scheme.0.replace('+', "%2B");
    Some(Secret::new(format!("{public}{PAGE}?tenant={of}#scheme={scheme}&number={number}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_that_call() {
        for text in ["tel", "sip", "callto", "maxuccall", "brand-uc.call", "x2"] {
            assert!(Scheme::read(text).is_ok(), "{text}");
        }
        for text in ["javascript", "https", "data", "", "t", "Tel", "2x", "a b", "tel:", "ms-msdt", "a/b"] {
            assert!(Scheme::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_number_stands_behind_the_hash_and_nothing_else_does() {
        let scheme = Scheme::read("maxuccall").unwrap();
        let number = |text: &str| Secret::new(text.to_string());
        let opened = to_open(&scheme, &number("+12015550199")).unwrap();
        assert_eq!(opened.expose_secret(), "maxuccall:+12015550199");
        let link = link("https://phone.example", "harbour", &scheme, &number("+12015550199")).unwrap();
        assert_eq!(
            link.expose_secret(),
            "https://phone.example/call?tenant=harbour#scheme=maxuccall&number=%2B12015550199"
        );
        for bad in ["*21*0900#", "+49ANNA", "", "+", "1", "+1 2", "1%0d%0a2", "+1&scheme=x", &"1".repeat(21)]
        {
            assert_eq!(to_open(&scheme, &number(bad)), None, "{bad:?}");
        }
    }
}
