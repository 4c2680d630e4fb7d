//! A person's own line at a telephone system: which texts are one, and the pass by which an administrator says whose it is.
//!
//! A pass is sealed by whoever makes it and kept by the person. What stands here is what is inside the seal.

use crate::Time;
use redact::Secret;

/// The longest line that a person or a person's token may name, in characters.
pub const LONGEST_LINE: usize = 32;
/// What the first byte of a pass says: how the rest is written.
const FORM: u8 = 1;
/// The longest pass inside its seal, in bytes: four texts of 255 with their lengths, the form, and the time.
pub const LONGEST_PASS: usize = 4 * 256 + 1 + 8;

/// Whether a text may be somebody's line: letters, digits and `+ * # . _ -`, with a digit or letter first or behind one
/// sign. Nothing of it leads a telephone system to another address.
pub fn is_line(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"+*#._-".contains(&b);
    (1..=LONGEST_LINE).contains(&text.len())
        && text.bytes().all(plain)
        && text.bytes().take(2).any(|b| b.is_ascii_alphanumeric())
        && !text.contains("..")
}

/// The end of a line, by which whoever has it knows it again and nobody else learns it: two signs of it, one where it has
/// fewer than four, none where it has one.
pub fn ending(line: &Secret<String>) -> String {
    let signs: Vec<char> = line.expose_secret().chars().collect();
    let shown = (signs.len() / 2).min(2);
    signs[signs.len() - shown..].iter().collect()
}

/// Says that a line is somebody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The tenant's id.
    pub tenant: String,
    /// The person's object id in the organisation's directory.
    pub person: String,
    /// The telephone system's id.
    pub pbx: String,
    /// The line there.
    pub line: Secret<String>,
    /// When it was made, in milliseconds since 1970.
    pub made: Time,
}

/// Why a pass does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassFault {
    /// It was not made here, was changed, or says nothing that is a line.
    Unreadable,
    /// It is for another person, another telephone system or another tenant.
    Another,
    /// It was made before passes began to count.
    TooOld,
}

impl Pass {
    /// As it stands inside the seal. Nothing when a text is too long.
    pub fn write(&self) -> Option<Secret<Vec<u8>>> {
        let mut out = vec![FORM];
        for text in [&self.tenant, &self.person, &self.pbx, self.line.expose_secret()] {
            out.push(u8::try_from(text.len()).ok()?);
            out.extend_from_slice(text.as_bytes());
        }
        out.extend_from_slice(&self.made.0.to_be_bytes());
        Some(Secret::new(out))
    }

    /// What stood inside a seal.
    pub fn read(bytes: &[u8]) -> Option<Pass> {
        let (form, mut rest) = bytes.split_first()?;
        if *form != FORM {
            return None;
        }
        let mut text = || {
            let (length, after) = rest.split_first()?;
            let (text, after) = after.split_at_checked(usize::from(*length))?;
            rest = after;
            core::str::from_utf8(text).ok().map(str::to_string)
        };
        let (tenant, person, pbx, line) = (text()?, text()?, text()?, text()?);
        let made = Time(u64::from_be_bytes(rest.try_into().ok()?));
        is_line(&line).then_some(Pass { tenant, person, pbx, line: Secret::new(line), made })
    }

    /// The line, if the pass is this person's for this telephone system, and was made when passes counted.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn line_of(
        self,
        tenant: &str,
        person: &str,
        pbx: &str,
        since: Time,
    ) -> Result<Secret<String>, PassFault> {
        if self.tenant != tenant || !self.person.eq_ignore_ascii_case(person) || self.pbx != pbx {
            return Err(PassFault::Another);
        }
        if self.made < since { Err(PassFault::TooOld) } else { Ok(self.line) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass() -> Pass {
        Pass {
            tenant: "harbour".into(),
            person: "5c0de000-0000-4000-8000-0000000000aa".into(),
            pbx: "office".into(),
            line: Secret::new("2015550123".into()),
            made: Time(1_000),
        }
    }

    #[test]
    fn of_a_line_only_the_end_is_shown() {
        for (line, end) in [("2015550123", "23"), ("1001", "01"), ("123", "3"), ("12", "2"), ("7", "")] {
            assert_eq!(ending(&Secret::new(line.to_string())), end, "{line}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = pass().write().unwrap();
        assert!(bytes.expose_secret().len() <= LONGEST_PASS);
        assert_eq!(Pass::read(bytes.expose_secret()), Some(pass()));
        for n in 0..bytes.expose_secret().len() {
            assert_eq!(Pass::read(&bytes.expose_secret()[..n]), None, "{n} bytes");
        }
        assert_eq!(Pass::read(&[bytes.expose_secret().as_slice(), &[0]].concat()), None, "one byte more");
        assert_eq!(Pass { pbx: "x".repeat(256), ..pass() }.write(), None);
        assert!(!format!("{:?}", pass()).contains("2015550123"));
    }

    #[test]
    fn a_pass_counts_for_one_person_at_one_system_from_its_time_on() {
        let (person, since) = ("5C0DE000-0000-4000-8000-0000000000AA", Time(1_000));
        let of = |tenant, person, pbx, since| pass().line_of(tenant, person, pbx, since);
        assert_eq!(of("harbour", person, "office", since).unwrap().expose_secret(), "2015550123");
        assert_eq!(of("other", person, "office", since), Err(PassFault::Another));
        assert_eq!(of("harbour", "somebody", "office", since), Err(PassFault::Another));
        assert_eq!(of("harbour", person, "asterisk", since), Err(PassFault::Another));
        assert_eq!(of("harbour", person, "office", Time(1_001)), Err(PassFault::TooOld));
    }

    #[test]
    fn a_line_leads_to_no_other_address() {
        for good in ["2015550123", "+12015550123", "anna", "a", "*55", "agent-1001", "anna.b_c"] {
            assert!(is_line(good), "{good}");
        }
        let long = "1".repeat(LONGEST_LINE + 1);
        for bad in [
            "", " ", "+", "++1", "a/b", "a@b", "a b", "1\r\n", "${x}", "{line}", "../x", "a..b", "1,2", "ä",
            &long,
        ] {
            assert!(!is_line(bad), "{bad:?}");
        }
    }
}
