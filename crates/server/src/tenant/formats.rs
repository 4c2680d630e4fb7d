//! Texts with a form of their own: what `x-format` in a schema demands, and what to say when a text has another.

use crate::tenant::address::{read_aor, read_host, read_host_port, read_network, read_sip_address};
use crate::tenant::hours::{read_date, read_range};
use crate::tenant::money;
use crate::tenant::number_pattern::NumberPattern;

/// The keys of a telephone.
pub const KEYS: &str = "0123456789*#ABCD";

/// How the variables of the environment begin that tenants may name: no others are theirs to read.
pub const SECRET_ENV: &str = "SWITCHROOM_SECRET_";

/// What is wrong with a text of this form; nothing for a form that is not known.
pub fn wrong(format: &str, text: &str) -> Option<String> {
    let say = |right: bool, what: &str| (!right).then(|| what.to_string());
    let all = |of: fn(u8) -> bool, text: &str| text.bytes().all(of);
    let length = |low: usize, high: usize| (low..=high).contains(&text.len());
    match format {
        "sip-address" => read_sip_address(text).err(),
        "network" => read_network(text).err(),
        "line" => say(
            length(1, 64) && all(|c| c.is_ascii_alphanumeric() || b"+*#._/@-".contains(&c), text),
            "a line has at most 64 letters, digits and + * # . _ / @ -",
        ),
        "claim" => say(
            length(1, 64) && all(|c| c.is_ascii_alphanumeric() || b"._-".contains(&c), text),
            "a claim has at most 64 letters, digits, dots, dashes and underscores, as extn.line",
        ),
        "moment" => say(
            text.parse::<jiff::Timestamp>().is_ok_and(|at| at.as_millisecond() >= 0),
            "a moment is written as 2026-11-21T10:00:00Z",
        ),
        "scheme" => pbx::address::Scheme::read(text).err().map(str::to_string),
        "host" => read_host(text).err(),
        "host-port" => read_host_port(text).err(),
        "aor" => read_aor(text).err(),
        "number-pattern" => NumberPattern::read(text).err(),
        "money" => money::read(text).err(),
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
        "short-number" => say(
            length(2, 6) && all(|c| c.is_ascii_digit(), text),
            "a short number has 2 to 6 digits and nothing else",
        ),
        "extension" => say(
            length(2, 8) && all(|c| c.is_ascii_digit(), text),
            "the number of a colleague has 2 to 8 digits and nothing else",
        ),
        "number-part" => say(
            length(1, 32)
                && all(|c| c.is_ascii_digit() || b"*#".contains(&c), text.strip_prefix('+').unwrap_or(text)),
            "write digits, * and #, with or without a + before them",
        ),
        "prepend" => say(
            length(1, 32)
                && all(
                    |c| c.is_ascii_alphanumeric() || b"*#._-".contains(&c),
                    text.strip_prefix('+').unwrap_or(text),
                ),
            "write at most 32 letters, digits, * # . _ and -, with or without a + before them",
        ),
        "sip-user" => say(
            length(1, 100) && all(|c| c.is_ascii_alphanumeric() || b"+-_.!~*'&=$,".contains(&c), text),
            "a SIP user has at most 100 letters, digits and + - _ . ! ~ * ' & = $ ,",
        ),
        "secret-env" => say(
            text.len() <= 100
                && text.strip_prefix(SECRET_ENV).is_some_and(|rest| {
                    !rest.is_empty()
                        && all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_', rest)
                }),
            "name a variable of the server's environment that begins with SWITCHROOM_SECRET_, in capital letters",
        ),
        "currency" => say(
            text.len() == 3 && all(|c| c.is_ascii_uppercase(), text),
            "a currency is three capital letters, as EUR",
        ),
        "guid" => say(
            teams::clean::guid(text).is_some(),
            "an id of Microsoft's is 32 hexadecimal digits in five groups, as 00000000-0000-0000-0000-000000000000",
        ),
        "conversation" => say(
            (1..=300).contains(&text.len()) && all(|c| c.is_ascii_graphic(), text),
            "a conversation of Teams is written as 19:…@thread.tacv2, at most 300 characters",
        ),
        "feature" => say(
            teams::permissions::Feature::named(text).is_some(),
            "this is no feature: docs/profiles.md has their names",
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
            ("short-number", &["112", "10111"], &["1", "1234567", "+112", "x1"]),
            ("extension", &["20", "12345678"], &["2", "123456789", "2a"]),
            ("number-part", &["+49", "112", "*2#", "+"], &["", "49+", "a", "+-", "++"]),
            ("prepend", &["+49421", "77#", "x-1"], &["", "4 9", "a@b", "\r\n"]),
            ("sip-user", &["anna", "+49421", "a.b_c"], &["", "a b", "a@b", "a\"", "a;b", "ä"]),
            (
                "secret-env",
                &["SWITCHROOM_SECRET_A1"],
                &["PATH", "SWITCHROOM_SECRET_", "SWITCHROOM_SECRET_a", "SWITCHROOM_SECRET_A="],
            ),
            (
                "guid",
                &["00000000-0000-4000-8000-00000000aB01"],
                &["", "x", "{00000000-0000-4000-8000-000000000001}"],
            ),
            ("currency", &["EUR"], &["eur", "EURO", ""]),
            ("money", &["0", "0.019", "150.00"], &["", ".5", "1.", "1,5", "-1", "0.0000001"]),
            ("host", &["phones.example.org", "192.0.2.1"], &["", "a b", "a..b", "-a.org", "x:1", "a/b"]),
            (
                "host-port",
                &[
                    "sip.example.org",
                    "sip.example.org:5080",
                    "192.0.2.1:5060",
                    "[2001:db8::1]:5060",
                    "[2001:db8::1]",
                ],
                &[
                    "",
                    ":5060",
                    "sip.example.org:0",
                    "sip.example.org:70000",
                    "2001:db8::1",
                    "0.0.0.0",
                    "a@b",
                    "sip:a.org",
                    "[::]:1",
                    "1.2.3.4.5x:1:1",
                ],
            ),
            (
                "aor",
                &["sip:acct@carrier.example", "sip:+49421555@192.0.2.1"],
                &[
                    "acct@carrier.example",
                    "sip:carrier.example",
                    "sip:a@b:5060",
                    "sip:a@b;x",
                    "sips:a@b",
                    "sip:a b@c",
                ],
            ),
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
