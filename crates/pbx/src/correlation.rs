//! What names a call before there is one: chosen by whoever asks for it.

/// An id that whoever asks for a call chose for it: the same id again means the same call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Correlation(String);

impl Correlation {
    /// Takes 8 to 64 letters, digits, `-` and `_` of ASCII. Others could not stand in an address or in a PBX's request.
    pub fn read(text: &str) -> Option<Correlation> {
        let fits = (8..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        fits.then(|| Correlation(text.into()))
    }

    /// Comes before every other one in order.
    pub(crate) const fn least() -> Correlation {
        Correlation(String::new())
    }

    /// As a UUID of version 8 (RFC 9562), as telephone systems name calls; nothing for one that is not 32 hexadecimal digits.
    pub fn uuid(&self) -> Option<String> {
        let mut digits: Vec<char> = self.0.to_ascii_lowercase().chars().collect();
        let variant = digits.get(16)?.to_digit(16)? & 3 | 8;
        if digits.len() != 32 || !digits.iter().all(char::is_ascii_hexdigit) {
            return None;
        }
        *digits.get_mut(12)? = '8';
        *digits.get_mut(16)? = char::from_digit(variant, 16)?;
        let text: String = digits.into_iter().collect();
        let parts = [text.get(..8)?, text.get(8..12)?, text.get(12..16)?, text.get(16..20)?, text.get(20..)?];
        Some(parts.join("-"))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_name_a_call() {
        for (text, good) in [
            ("3f2a8c1e-77aa", true),
            ("abcdefgh", true),
            ("short", false),
            ("has space in", false),
            ("../../../etc", false),
            ("line\r\nbreak-", false),
            ("", false),
        ] {
            assert_eq!(Correlation::read(text).is_some(), good, "{text:?}");
        }
        assert!(Correlation::read(&"a".repeat(64)).is_some() && Correlation::read(&"a".repeat(65)).is_none());
    }

    #[test]
    fn as_a_uuid() {
        let uuid = |text: &str| Correlation::read(text).unwrap().uuid();
        assert_eq!(
            uuid("00112233445566778899AABBCCDDEEFF").as_deref(),
            Some("00112233-4455-8677-8899-aabbccddeeff")
        );
        assert_eq!(uuid(&"f".repeat(32)).as_deref(), Some("ffffffff-ffff-8fff-bfff-ffffffffffff"));
        for other in [
            "click-0001",
            &"0".repeat(31),
            &"0".repeat(33),
            &"g".repeat(32),
            "0123456789abcdef-123456789abcdef",
        ] {
            assert_eq!(uuid(other), None, "{other}");
        }
    }
}
