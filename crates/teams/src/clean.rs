//! Texts that strangers may have written: what of them is kept.

use redact::Secret;

/// The longest name that is kept, in characters.
pub const LONGEST_NAME: usize = 256;
/// The longest telephone number that is kept, in characters, with its spaces and brackets.
pub const LONGEST_NUMBER: usize = 64;
/// The longest identifier that is accepted, in bytes. Identifiers of chats and subscriptions are longer than GUIDs.
pub const LONGEST_ID: usize = 512;

/// Whether a character would change how text around it is shown, or would not be shown at all.
fn hides(c: char) -> bool {
    // Marks and overrides of direction, spaces without width, the soft hyphen, tags and characters for private use.
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A text on one line: control characters and line ends become spaces, what is invisible or turns the direction is left
/// out, spaces at the ends and repeated ones go, and the rest is cut after `longest` characters.
pub fn line(text: &str, longest: usize) -> String {
    let mut out = String::new();
    let mut count = 0;
    let mut space = false;
    for c in text.chars() {
        if hides(c) {
            continue;
        }
        if c.is_whitespace() || c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            space = count > 0;
            continue;
        }
        let needed = 1 + usize::from(space);
        if count + needed > longest {
            break;
        }
        if space {
            out.push(' ');
        }
        out.push(c);
        count += needed;
        space = false;
    }
    out
}

/// A name of a person, as it may be shown and kept.
pub fn name(text: &str) -> Secret<String> {
    Secret::new(line(text, LONGEST_NAME))
}

/// A telephone number as the directory has it, not yet in any normal form. Nothing for what cannot be one: it has no
/// digit, or letters beside those of an extension (`ext`, `x`).
pub fn number(text: &str) -> Option<Secret<String>> {
    let kept = line(text, LONGEST_NUMBER + 1);
    let letters: String = kept.chars().filter(|c| c.is_alphabetic()).collect();
    let dialable = kept.chars().all(|c| c.is_alphanumeric() || " +-–().,/;=*#:\u{2011}".contains(c));
    let known = ["", "x", "ext", "tel", "telext", "telx"].contains(&letters.to_lowercase().as_str());
    let fits = kept.chars().count() <= LONGEST_NUMBER && kept.chars().any(|c| c.is_ascii_digit());
    (fits && dialable && known).then(|| Secret::new(kept))
}

/// An identifier of Microsoft's, which goes into addresses: visible ASCII without what has a meaning there. Nothing for
/// anything else.
pub fn id(text: &str) -> Option<String> {
    let plain = text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.:@+=!,~".contains(&c));
    let fits = (1..=LONGEST_ID).contains(&text.len()) && text.bytes().any(|c| c.is_ascii_alphanumeric());
    (plain && fits).then(|| text.to_string())
}

/// A GUID in its usual form, in lower case: tenants, users, applications. Nothing for anything else.
pub fn guid(text: &str) -> Option<String> {
    let shape = text.len() == 36
        && text.bytes().enumerate().all(|(at, c)| match at {
            8 | 13 | 18 | 23 => c == b'-',
            _ => c.is_ascii_hexdigit(),
        });
    shape.then(|| text.to_ascii_lowercase())
}

/// A word of an enumeration or an error: letters, digits and a few marks, at most 64 of them.
pub fn word(text: &str) -> Option<String> {
    let fits = (1..=64).contains(&text.len());
    (fits && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(&c))).then(|| text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_as_they_read() {
        for (given, kept) in [
            ("Ann Lee", "Ann Lee"),
            ("  Ann\r\n\tLee ", "Ann Lee"),
            ("Ann\u{202e}eeL", "AnneeL"),
            ("\u{200f}\u{feff}Zoë\u{0}\u{7f}", "Zoë"),
            ("\u{1b}[31mRed", "[31mRed"),
            ("李 雷", "李 雷"),
            ("", ""),
        ] {
            assert_eq!(name(given).expose_secret(), kept, "{given:?}");
        }
        assert_eq!(name(&"ä".repeat(10_000)).expose_secret().chars().count(), LONGEST_NAME);
    }

    #[test]
    fn numbers_that_are_none_are_left_out() {
        for text in
            ["+44 20 7946 0000", "(030) 12 34-56", "+1-555-0100 x 12", "112", "tel:+441632960000;ext=5"]
        {
            assert_eq!(number(text).map(|n| n.expose_secret().clone()).as_deref(), Some(text));
        }
        for text in ["", "none", "see Ann", "+", "<script>1</script>", "5 apples", &"1".repeat(10_000)] {
            assert!(number(text).is_none(), "{text}");
        }
    }

    #[test]
    fn identifiers_stay_within_their_place_in_an_address() {
        for text in ["19:abc_def@thread.v2", "11111111-1111-1111-1111-111111111111", "MCMjMjM="] {
            assert_eq!(id(text).as_deref(), Some(text));
        }
        for text in ["", "..", ".", "a/b", "a?b", "a#b", "a%2fb", "a b", "é", &"a".repeat(513)] {
            assert_eq!(id(text), None, "{text}");
        }
        assert_eq!(
            guid("AAAAAAAA-1111-1111-1111-11111111111F").as_deref(),
            Some("aaaaaaaa-1111-1111-1111-11111111111f")
        );
        for text in
            ["", "common", "11111111-1111-1111-1111-11111111111", "11111111x1111-1111-1111-111111111111"]
        {
            assert_eq!(guid(text), None, "{text}");
        }
    }
}
