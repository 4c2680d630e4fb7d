//! What a number is: one of ours, of the own country or another one, free, dear, or for help. The engine decides by this
//! alone and never sees the number.

use crate::tenant::number_ranges::{self, Kind};
use crate::tenant::objects::TollClass;
use crate::tenant::{DialPlan, emergency_numbers};
use engine::{Class, Destination};

/// What a tenant's configuration and the built-in tables say of numbers.
#[derive(Clone, Debug, Default)]
pub struct Classes {
    /// ISO 3166 code of the tenant's country; zeros if it has none.
    pub own: [u8; 2],
    /// Emergency numbers.
    pub emergency: Vec<String>,
    /// What the tenant says of numbers, by beginning, or of whole short numbers.
    pub said: Vec<(String, TollClass)>,
    /// Beginnings of dear numbers that may be called.
    pub premium_allowed: Vec<String>,
}

/// What a number is, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classified {
    /// What the engine is told.
    pub destination: Destination,
    /// How it is known.
    pub because: Because,
}

/// How it is known what a number is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Because {
    /// It is an emergency number.
    Emergency,
    /// The tenant says so of numbers that begin like this.
    Said(String),
    /// It is of a dear kind, and the tenant allows those that begin like this.
    PremiumAllowed(String, Kind),
    /// It lies in a range of this kind.
    Range(Kind),
    /// It is a short number that the tables know.
    Short,
    /// Neither the tables nor the tenant know it.
    NotKnown,
}

impl std::fmt::Display for Because {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Because::Emergency => f.write_str("an emergency number"),
            Because::Said(beginning) => write!(f, "toll.classes says so of {beginning}"),
            Because::PremiumAllowed(beginning, kind) => {
                write!(f, "{}, and toll.premium_allowed names {beginning}", kind.name())
            }
            Because::Range(kind) => write!(f, "a number of the kind {}", kind.name()),
            Because::Short => f.write_str("a known short number"),
            Because::NotKnown => f.write_str("no table knows it; toll.classes can say what it is"),
        }
    }
}

impl Classes {
    /// Those of a tenant in a country, whose emergency numbers may be its own.
    pub fn new(country: Option<&str>, plan: &DialPlan, emergency: Option<&[String]>) -> Classes {
        let said = country.and_then(|c| <[u8; 2]>::try_from(c.as_bytes()).ok());
        let own =
            said.or_else(|| crate::tenant::calling_codes::country(&plan.country_code)).unwrap_or_default();
        let built_in = || {
            let numbers = emergency_numbers::of(std::str::from_utf8(&own).unwrap_or_default());
            numbers.iter().map(ToString::to_string).collect()
        };
        Classes { own, emergency: emergency.map_or_else(built_in, <[String]>::to_vec), ..Classes::default() }
    }

    /// What a number is: `+` and digits, or a short number.
    pub fn classify(&self, number: &str) -> Classified {
        let found =
            |class, country, because| Classified { destination: Destination::new(class, country), because };
        if self.is_emergency(number) {
            return found(Class::Emergency, self.own, Because::Emergency);
        }
        let known = number_ranges::look(number);
        let country = known.map_or(if number.starts_with('+') { [0; 2] } else { self.own }, |k| k.country);
        let ordinary = |country| {
            if country == self.own && country != [0; 2] { Class::Own } else { Class::International }
        };
        if let Some((beginning, class)) = self.said(number) {
            let class = match class {
                TollClass::Ordinary => ordinary(country),
                TollClass::Special => Class::Special,
                TollClass::Premium => Class::Premium,
            };
            return self.unless_allowed(
                number,
                found(class, country, Because::Said(beginning.into())),
                Kind::Premium,
            );
        }
        match known.map(|k| k.kind) {
            Some(Kind::Ordinary) => found(ordinary(country), country, Because::Range(Kind::Ordinary)),
            Some(Kind::Freephone) => found(Class::Freephone, country, Because::Range(Kind::Freephone)),
            Some(kind) => {
                self.unless_allowed(number, found(Class::Premium, country, Because::Range(kind)), kind)
            }
            None => match self.short(number) {
                Some(class) => {
                    self.unless_allowed(number, found(class, self.own, Because::Short), Kind::Directory)
                }
                None => found(Class::Unknown, country, Because::NotKnown),
            },
        }
    }

    /// Whether it is an emergency number.
    pub fn is_emergency(&self, number: &str) -> bool {
        self.emergency.iter().any(|e| e == number)
    }

    // A short number is meant whole, any other by its beginning; the longest counts.
    fn said(&self, number: &str) -> Option<(&str, TollClass)> {
        let fits = |b: &str| if number.starts_with('+') { number.starts_with(b) } else { number == b };
        let found = self.said.iter().filter(|(b, _)| fits(b)).max_by_key(|(b, _)| b.len())?;
        Some((&found.0, found.1))
    }

    // A dear number that the tenant names is one that may cost something, and may be called.
    fn unless_allowed(&self, number: &str, found: Classified, kind: Kind) -> Classified {
        if found.destination.class != Class::Premium {
            return found;
        }
        match self.premium_allowed.iter().filter(|b| number.starts_with(b.as_str())).max_by_key(|b| b.len()) {
            Some(beginning) => Classified {
                destination: Destination::new(Class::Special, found.destination.country),
                because: Because::PremiumAllowed(beginning.clone(), kind),
            },
            None => found,
        }
    }

    fn short(&self, number: &str) -> Option<Class> {
        let country = std::str::from_utf8(&self.own).ok()?;
        if !(3..=6).contains(&number.len()) || !number.bytes().all(|c| c.is_ascii_digit()) {
            return None;
        }
        // Harmonised services of social value (Commission Decision 2007/116/EC; CEPT takes part as a whole).
        if number.len() == 6 && number.starts_with("116") && HARMONISED.split(' ').any(|c| c == country) {
            return Some(Class::Freephone);
        }
        SHORT
            .iter()
            .find(|(c, short, _)| *c == country && *short == number)
            .map(|(_, _, class)| *class)
            .or_else(|| {
                // Directory enquiries: 118 and two or three digits more.
                let directory = (5..=6).contains(&number.len()) && number.starts_with("118");
                (directory && HARMONISED.split(' ').any(|c| c == country)).then_some(Class::Premium)
            })
    }
}

/// Countries that have the harmonised short numbers.
const HARMONISED: &str =
    "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK";

/// Short numbers that cost little or nothing, or much: public facts of the national numbering plans.
const SHORT: &[(&str, &str, Class)] = &[
    ("CA", "211", Class::Special),
    ("CA", "311", Class::Special),
    ("CA", "411", Class::Premium),
    ("CA", "511", Class::Special),
    ("CA", "711", Class::Special),
    ("CA", "811", Class::Special),
    ("CA", "988", Class::Freephone),
    ("DE", "115", Class::Special),
    ("GB", "101", Class::Freephone),
    ("GB", "105", Class::Freephone),
    ("GB", "111", Class::Freephone),
    ("US", "211", Class::Special),
    ("US", "311", Class::Special),
    ("US", "411", Class::Premium),
    ("US", "511", Class::Special),
    ("US", "711", Class::Special),
    ("US", "811", Class::Special),
    ("US", "988", Class::Freephone),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn germany() -> Classes {
        Classes {
            said: vec![
                ("+49180".into(), TollClass::Ordinary),
                ("+4918012".into(), TollClass::Premium),
                ("+43720".into(), TollClass::Premium),
                ("19222".into(), TollClass::Special),
            ],
            premium_allowed: vec!["+49900123".into(), "+8707".into()],
            ..Classes::new(Some("DE"), &DialPlan::default(), None)
        }
    }

    #[test]
    fn what_numbers_are_to_a_german_tenant() {
        use Class::*;
        let classes = germany();
        for (number, class, country) in [
            ("112", Emergency, b"DE"),
            ("110", Emergency, b"DE"),
            ("+49421555100", Own, b"DE"),
            ("+498001234567", Freephone, b"DE"),
            ("+431234567", International, b"AT"),
            ("+12125550100", International, b"US"),
            ("+18765550100", International, b"JM"),
            ("+49900555555", Premium, b"DE"),
            ("+49900123456", Special, b"DE"),
            ("+870773123456", Special, b"\0\0"),
            ("+870873123456", Premium, b"\0\0"),
            ("+49180555555", Own, b"DE"),
            ("+49180125555", Premium, b"DE"),
            ("+43720123456", Premium, b"AT"),
            ("116117", Freephone, b"DE"),
            ("115", Special, b"DE"),
            ("11833", Premium, b"DE"),
            ("19222", Special, b"DE"),
            ("192223", Unknown, b"DE"),
            ("911", Unknown, b"DE"),
            ("+999123456", Unknown, b"\0\0"),
            ("", Unknown, b"DE"),
        ] {
            let got = classes.classify(number);
            assert_eq!(
                (got.destination.class, &got.destination.country),
                (class, country),
                "{number} {got:?}"
            );
        }
    }

    #[test]
    fn other_countries_and_none() {
        let america = Classes::new(Some("US"), &DialPlan::default(), None);
        let class = |c: &Classes, n| c.classify(n).destination.class;
        assert_eq!(class(&america, "911"), Class::Emergency);
        assert_eq!(class(&america, "411"), Class::Premium);
        assert_eq!(class(&america, "+12125550100"), Class::Own);
        assert_eq!(class(&america, "+14165550100"), Class::International, "Canada is not the own country");
        assert_eq!(class(&america, "116117"), Class::Unknown);
        let own = Classes::new(
            None,
            &DialPlan { country_code: "49".into(), ..DialPlan::default() },
            Some(&["117".into()]),
        );
        assert_eq!(class(&own, "+49421555100"), Class::Own);
        assert_eq!((class(&own, "117"), class(&own, "112")), (Class::Emergency, Class::Unknown));
        let none = Classes::new(None, &DialPlan::default(), None);
        assert_eq!(class(&none, "+49421555100"), Class::International);
        assert_eq!(class(&none, "112"), Class::Emergency);
        assert_eq!(class(&none, "+870773123456"), Class::Premium);
    }
}
