//! Texts with a form of their own: what `x-format` in a schema demands, and what to say when a text has another.

use crate::tenant::address::{read_network, read_sip_address};
use crate::tenant::hours::{read_date, read_range};

/// The keys of a telephone.
pub const KEYS: &str = "0123456789*#ABCD";

/// What is wrong with a text of this form; nothing for a form that is not known.
pub fn wrong(format: &str, text: &str) -> Option<String> {
    let say = |right: bool, what: &str| (!right).then(|| what.to_string());
    let all = |of: fn(u8) -> bool, text: &str| text.bytes().all(of);
    let length = |low: usize, high: usize| (low..=high).contains(&text.len());
    match format {
        "sip-address" => read_sip_address(text).err(),
        "network" => read_network(text).err(),
        "date" => read_date(text).err(),
        "time-range" => read_range(text).err(),
        "number" => say(
            length(1, 40) && all(|c| c.is_ascii_alphanumeric() || b"+*#._-".contains(&c), text),
            "a number has at most 40 letters, digits, + * # . _ and -",
        ),
        "id" => say(
            length(1, 64)
                && all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || b"._-".contains(&c), text)
                && text.starts_with(|c: char| c.is_ascii_alphanumeric()),
            "an id has at most 64 small letters, digits, dots, dashes and underscores",
        ),
        "key" => say(
            text.len() == 1 && KEYS.contains(text),
            "a key is one of 0 to 9, *, #, A, B, C and D, in quotes",
        ),
        "digits" => {
            say(length(0, 8) && all(|c| c.is_ascii_digit(), text), "has at most 8 digits and nothing else")
        }
        "beginning" => say(
            length(2, 16) && text.starts_with('+') && all(|c| c.is_ascii_digit(), &text[1..]),
            "the beginning of a number is + and digits, in quotes: \"+49\"",
        ),
        "language" => say(is_language(text), "a language is written as de or en-GB"),
        "country" => say(
            text.len() == 2 && all(|c| c.is_ascii_uppercase(), text),
            "a country is two capital letters, as DE",
        ),
        "email" => say(is_email(text), "this is no e-mail address: write it as anna@example.org"),
        "secret-file" => say(
            length(1, 100)
                && all(|c| c.is_ascii_alphanumeric() || b"._-".contains(&c), text)
                && !text.starts_with('.'),
            "name a file in the server's folder of secrets, without a path",
        ),
        "header" => say(
            length(1, 100) && all(|c| c.is_ascii_alphanumeric() || c == b'-', text),
            "a header's name has letters, digits and dashes",
        ),
        "json-pointer" => say(
            text.starts_with('/') && text.len() <= 200,
            "a JSON pointer begins with a slash: /customer/level",
        ),
        _ => None,
    }
}

// RFC 5646, as much of it as prompts need: a language and perhaps a region.
fn is_language(text: &str) -> bool {
    let (language, region) = text.split_once('-').map_or((text, None), |(l, r)| (l, Some(r)));
    (2..=3).contains(&language.len())
        && language.bytes().all(|c| c.is_ascii_lowercase())
        && region.is_none_or(|r| r.len() == 2 && r.bytes().all(|c| c.is_ascii_uppercase()))
}

// Only what keeps a slip of the pen from being stored; whether it exists shows when mail is sent.
fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    let plain = |s: &str| s.bytes().all(|c| c.is_ascii_graphic() && !b"\"<>(),:;[]\\@".contains(&c));
    text.len() <= 254
        && !name.is_empty()
        && plain(name)
        && host.contains('.')
        && host.split('.').all(|part| !part.is_empty() && plain(part))
}

#[cfg(test)]
mod tests {
    use super::wrong;

    #[test]
    fn forms() {
        for (format, right, bad) in [
            ("key", &["1", "#", "D"][..], &["", "12", "E", "ä"][..]),
            ("language", &["de", "en-GB", "gsw"], &["DE", "d", "en-gb", "en-", "deutsch"]),
            ("country", &["DE"], &["de", "DEU", ""]),
            ("beginning", &["+49", "+1900"], &["49", "+", "+49x", ""]),
            (
                "email",
                &["anna@example.org"],
                &["anna", "@example.org", "a b@example.org", "a@b@c.org", "a@org", "a@x..y"],
            ),
            ("secret-file", &["crm.token"], &["../crm.token", "/etc/x", ".hidden", ""]),
            ("json-pointer", &["/a/b"], &["a", ""]),
            ("header", &["X-Api-Key"], &["X Y", "X\r\nY", ""]),
            ("id", &["a-1"], &["", "-a", "A"]),
        ] {
            for text in right {
                assert_eq!(wrong(format, text), None, "{format} {text:?}");
            }
            for text in bad {
                assert!(wrong(format, text).is_some(), "{format} {text:?}");
            }
        }
    }
}
