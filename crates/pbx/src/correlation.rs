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
}
