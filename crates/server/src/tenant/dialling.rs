//! What phones dial: colleagues, numbers of ours, numbers outside behind the outside prefix, and help without any prefix.

use crate::tenant::DialPlan;
use crate::tenant::destination::Classes;
use engine::{AgentId, NumberId};
use std::collections::BTreeMap;

/// The longest text that is read as a number, in bytes.
const LONGEST: usize = 40;

/// What a tenant's phones can dial.
#[derive(Clone, Debug, Default)]
pub struct Dialling {
    /// What is dialled before a number outside; empty if nothing is.
    pub outside_prefix: String,
    /// Colleagues by their numbers.
    pub extensions: BTreeMap<String, AgentId>,
    /// Numbers of ours, as they are written in the configuration and as the world writes them.
    pub own: BTreeMap<String, NumberId>,
}

/// What was dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialled {
    /// An emergency number.
    Emergency(String),
    /// A colleague.
    Colleague(AgentId),
    /// A number of ours.
    Own(NumberId),
    /// A number outside: `+` and digits.
    Outside(String),
    /// A short number outside, such as an enquiry service.
    Short(String),
}

/// Why a text cannot be dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undiallable {
    /// It is no number at all.
    NoNumber,
    /// It is nobody's here, and does not begin with the outside prefix.
    NoPrefix(String),
    /// It is no number that is known: neither here nor outside.
    Unknown,
}

impl std::fmt::Display for Undiallable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Undiallable::NoNumber => f.write_str("this is no number: dial digits, or + and digits"),
            Undiallable::NoPrefix(prefix) => {
                write!(f, "nobody here has this number, and numbers outside begin with {prefix}")
            }
            Undiallable::Unknown => f.write_str(
                "nobody here has this number, and it is none of the world: dial it as from another telephone of the country, or as + and digits",
            ),
        }
    }
}

impl Dialling {
    /// What a phone of the tenant dialled. Signs that only help to read (space, `-`, `.`, `/`, brackets) do not count.
    ///
    /// # Errors
    /// Why it cannot be called.
    pub fn read(&self, text: &str, plan: &DialPlan, classes: &Classes) -> Result<Dialled, Undiallable> {
        let number = without_signs(text).ok_or(Undiallable::NoNumber)?;
        // Help comes first, with the prefix that somebody in need may dial all the same.
        let inner = number.strip_prefix(&self.outside_prefix).unwrap_or(&number);
        for help in [number.as_str(), inner] {
            if classes.is_emergency(help) {
                return Ok(Dialled::Emergency(help.into()));
            }
        }
        if let Some(agent) = self.extensions.get(&number) {
            return Ok(Dialled::Colleague(*agent));
        }
        if let Some(own) = self.own.get(&number) {
            return Ok(Dialled::Own(*own));
        }
        let outside = if number.starts_with('+') {
            number.as_str()
        } else {
            number
                .strip_prefix(&self.outside_prefix)
                .ok_or_else(|| Undiallable::NoPrefix(self.outside_prefix.clone()))?
        };
        match plan.international(outside) {
            Some(world) => Ok(self.own.get(&world).map_or(Dialled::Outside(world), |own| Dialled::Own(*own))),
            None => {
                use engine::Class;
                let short = (2..=6).contains(&outside.len()) && outside.bytes().all(|c| c.is_ascii_digit());
                match short && classes.classify(outside).destination.class != Class::Unknown {
                    true => Ok(Dialled::Short(outside.into())),
                    false => Err(Undiallable::Unknown),
                }
            }
        }
    }
}

/// A number without what only helps to read it, no-break spaces among that; `None` if it is none.
pub fn without_signs(text: &str) -> Option<String> {
    if text.len() > LONGEST {
        return None;
    }
    let number: String = text.chars().filter(|c| !" -./()\u{a0}\u{202f}\u{2011}".contains(*c)).collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    let right = !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit() || b"*#".contains(&c));
    right.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn germany() -> DialPlan {
        DialPlan {
            country_code: "49".into(),
            national_prefix: "0".into(),
            international_prefix: "00".into(),
            ..DialPlan::default()
        }
    }

    fn with_prefix(prefix: &str) -> Dialling {
        Dialling {
            outside_prefix: prefix.into(),
            extensions: [("201".to_string(), AgentId(1))].into(),
            own: [("+49421555100".to_string(), NumberId(7)), ("500".to_string(), NumberId(8))].into(),
        }
    }

    #[test]
    fn what_phones_dial() {
        use Dialled::*;
        let plan = germany();
        let classes = Classes::new(Some("DE"), &plan, None);
        let outside = |n: &str| Ok(Outside(n.into()));
        for (prefix, text, expected) in [
            ("0", "201", Ok(Colleague(AgentId(1)))),
            ("0", "500", Ok(Own(NumberId(8)))),
            ("0", "112", Ok(Emergency("112".into()))),
            ("0", "0112", Ok(Emergency("112".into()))),
            ("0", "110", Ok(Emergency("110".into()))),
            ("0", "00421 / 55 66-77", outside("+49421556677")),
            ("0", "000 43 1 234567", outside("+431234567")),
            ("0", "+43 (1) 234567", outside("+431234567")),
            ("0", "00421555100", Ok(Own(NumberId(7)))),
            ("0", "+49421555100", Ok(Own(NumberId(7)))),
            ("0", "0116117", Ok(Short("116117".into()))),
            ("0", "116117", Err(Undiallable::NoPrefix("0".into()))),
            ("0", "202", Err(Undiallable::NoPrefix("0".into()))),
            ("0", "0911", Err(Undiallable::Unknown)),
            ("0", "055667788", Err(Undiallable::Unknown)),
            ("", "0421556677", outside("+49421556677")),
            ("", "0043 1 234567", outside("+431234567")),
            ("", "116117", Ok(Short("116117".into()))),
            ("", "202", Err(Undiallable::Unknown)),
            ("9", "9112", Ok(Emergency("112".into()))),
            ("9", "90421556677", outside("+49421556677")),
            ("9", "", Err(Undiallable::NoNumber)),
            ("9", "+", Err(Undiallable::NoNumber)),
            ("9", "anna", Err(Undiallable::NoNumber)),
            ("9", "9\u{661}", Err(Undiallable::NoNumber)),
            ("9", "*21#", Err(Undiallable::NoPrefix("9".into()))),
        ] {
            assert_eq!(with_prefix(prefix).read(text, &plan, &classes), expected, "{prefix:?} {text:?}");
        }
        let long = "1".repeat(41);
        assert_eq!(with_prefix("").read(&long, &plan, &classes), Err(Undiallable::NoNumber));
    }
}
