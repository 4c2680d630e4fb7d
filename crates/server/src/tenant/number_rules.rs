//! Rewriting numbers for a trunk, both ways. A number as the world writes it is `+` and digits (E.164); short numbers,
//! such as emergency numbers, have no `+` and stay short.

use crate::tenant::dial_plan::DialPlan;
use crate::tenant::number_pattern::NumberPattern;
use crate::tenant::objects::{NumberFormat, NumberRule, WhoseNumber};

/// The longest number that is sent or taken, in signs.
pub const LONGEST_NUMBER: usize = 64;

/// Rules in order; the first that matches counts.
#[derive(Clone, Debug, Default)]
pub struct NumberRules(Vec<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    of: WhoseNumber,
    prefix: Option<String>,
    exact: Option<String>,
    length: Option<(usize, usize)>,
    pattern: Option<NumberPattern>,
    strip: usize,
    prepend: String,
    format: NumberFormat,
}

/// A number after a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// The number.
    pub number: String,
    /// The place of the rule that matched, from 0; `None` if there was none and the number is written as usual.
    pub rule: Option<usize>,
}

/// Why a number cannot be written for a trunk, or read from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRewritten {
    /// There are rules, and none is for it.
    NoRule,
    /// The rule at this place is for it, but makes no number of it.
    NoNumber(usize),
}

impl NumberRules {
    /// Understands rules. Those towards a trunk have no rule whose format is unknown; that is checked by the schema.
    ///
    /// # Errors
    /// Everything that is wrong: JSON pointer of the part below the list, and what.
    pub fn read(rules: &[NumberRule], plan: &DialPlan) -> Result<NumberRules, Vec<(String, String)>> {
        let mut faults = Vec::new();
        let mut read: Vec<Rule> = Vec::with_capacity(rules.len());
        for (n, r) in rules.iter().enumerate() {
            let mut say = |part: &str, what: String| faults.push((format!("/{n}{part}"), what));
            let m = &r.matching;
            let pattern = m.pattern.as_deref().map(NumberPattern::read).transpose();
            let pattern = pattern.unwrap_or_else(|what| {
                say("/match/pattern", what);
                // It stands for some numbers, not for all.
                NumberPattern::read("+").ok()
            });
            if m.exact.is_some() && (m.prefix.is_some() || m.length.is_some() || m.pattern.is_some()) {
                say("/match/exact", "says it all: leave prefix, length and pattern out".into());
            }
            let length = m.length.map(|[low, high]| (usize::from(low.0), usize::from(high.0)));
            if let Some((low, high)) = length.filter(|(low, high)| low > high) {
                say("/match/length", format!("the fewest, {low}, are more than the most, {high}"));
            }
            if r.format == Some(NumberFormat::National) && plan.country_code.is_empty() {
                say("/format", "how numbers are dialled is not known: give the tenant's country".into());
            }
            if let Some(above) = read.iter().position(|above| above.takes_all_of(r.of)) {
                say("", format!("is never reached: rule {} above takes every number", above + 1));
            }
            read.push(Rule {
                of: r.of,
                prefix: m.prefix.clone(),
                exact: m.exact.clone(),
                length,
                pattern,
                strip: usize::from(r.strip),
                prepend: r.prepend.clone().unwrap_or_default(),
                format: r.format.unwrap_or(NumberFormat::AsIs),
            });
        }
        if faults.is_empty() { Ok(NumberRules(read)) } else { Err(faults) }
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// What is sent to the trunk for a number as the world writes it, or for a short one. Without rules it is sent as it
    /// stands; the number of a caller also where no rule is for callers.
    ///
    /// # Errors
    /// No rule is for it, or nothing is left of it.
    pub fn outward(
        &self,
        number: &str,
        whose: WhoseNumber,
        plan: &DialPlan,
    ) -> Result<Rewritten, NotRewritten> {
        let Some((n, rule)) = self.find(number, whose)? else {
            return Ok(Rewritten { number: number.into(), rule: None });
        };
        let written = match rule.format {
            NumberFormat::AsIs | NumberFormat::E164 => Some(number.to_string()),
            NumberFormat::National => Some(plan.national(number)),
            NumberFormat::International00 => {
                let digits = number.strip_prefix('+');
                Some(digits.map_or_else(|| number.to_string(), |digits| format!("00{digits}")))
            }
        };
        let made = written.and_then(|w| rule.cut(&w));
        made.map(|number| Rewritten { number, rule: Some(n) }).ok_or(NotRewritten::NoNumber(n))
    }

    /// What a number from the trunk is, as the world writes it if that can be known. Without rules, and where none is for
    /// it, it stays as it stands: the tenant's own ways of writing are understood anyhow.
    ///
    /// # Errors
    /// A rule is for it, but does not make a number of it.
    pub fn inward(
        &self,
        number: &str,
        whose: WhoseNumber,
        plan: &DialPlan,
    ) -> Result<Rewritten, NotRewritten> {
        let as_it_stands = || Rewritten { number: number.into(), rule: None };
        let (n, rule) = match self.find(number, whose) {
            Ok(Some(found)) => found,
            Ok(None) | Err(_) => return Ok(as_it_stands()),
        };
        let made = rule.cut(number).and_then(|text| match rule.format {
            NumberFormat::AsIs => Some(text),
            NumberFormat::E164 => {
                let digits = text.strip_prefix('+').unwrap_or(&text);
                plan.international(&format!("+{digits}"))
            }
            NumberFormat::International00 => {
                text.strip_prefix("00").and_then(|digits| plan.international(&format!("+{digits}")))
            }
            NumberFormat::National => plan.international(&text),
        });
        made.map(|number| Rewritten { number, rule: Some(n) }).ok_or(NotRewritten::NoNumber(n))
    }

    // Rules of called numbers that are there are for every number that is called: what none matches is left out.
    fn find(&self, number: &str, whose: WhoseNumber) -> Result<Option<(usize, &Rule)>, NotRewritten> {
        let of_them = |r: &Rule| r.of == whose || r.of == WhoseNumber::Both;
        let found = self.0.iter().enumerate().find(|(_, r)| of_them(r) && r.matches(number));
        match found {
            Some(found) => Ok(Some(found)),
            None if whose == WhoseNumber::Called && self.0.iter().any(of_them) => Err(NotRewritten::NoRule),
            None => Ok(None),
        }
    }
}

impl Rule {
    fn matches(&self, number: &str) -> bool {
        let digits = number.strip_prefix('+').unwrap_or(number).len();
        self.prefix.as_deref().is_none_or(|p| number.starts_with(p))
            && self.exact.as_deref().is_none_or(|e| number == e)
            && self.length.is_none_or(|(low, high)| (low..=high).contains(&digits))
            && self.pattern.as_ref().is_none_or(|p| p.matches(number))
    }

    fn takes_all_of(&self, whose: WhoseNumber) -> bool {
        let anything = self.prefix.is_none() && self.exact.is_none();
        let anything = anything && self.length.is_none() && self.pattern.is_none();
        anything && (self.of == whose || self.of == WhoseNumber::Both)
    }

    // Takes signs away at the beginning, and puts others there; nothing may be left only if something is put there.
    fn cut(&self, number: &str) -> Option<String> {
        let rest = number.get(self.strip..)?;
        let made = format!("{}{rest}", self.prepend);
        (!made.is_empty() && made.len() <= LONGEST_NUMBER).then_some(made)
    }
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

    fn rules(json: serde_json::Value) -> NumberRules {
        let rules: Vec<NumberRule> = serde_json::from_value(json).unwrap();
        NumberRules::read(&rules, &germany()).unwrap()
    }

    #[track_caller]
    fn out(json: serde_json::Value, cases: &[(&str, Option<(&str, usize)>)]) {
        let rules = rules(json);
        for (number, expected) in cases {
            let got = rules.outward(number, WhoseNumber::Called, &germany()).ok();
            let got = got.map(|r| (r.number, r.rule.unwrap_or(99)));
            assert_eq!(got, expected.map(|(n, rule)| (n.to_string(), rule)), "{number}");
        }
    }

    #[test]
    fn towards_a_trunk() {
        out(serde_json::json!([]), &[("+4942155", Some(("+4942155", 99))), ("112", Some(("112", 99)))]);
        out(
            serde_json::json!([
                {"match": {"exact": "112"}, "prepend": "0421"},
                {"match": {"prefix": "+49"}, "format": "national"},
                {"match": {"prefix": "+1", "length": [11, 11]}, "format": "international-00"},
                {"match": {"pattern": "+4[13]."}, "format": "e164", "strip": 1, "prepend": "77#"},
                {"match": {"prefix": "+33"}, "strip": 40},
            ]),
            &[
                ("112", Some(("0421112", 0))),
                ("+49421555", Some(("0421555", 1))),
                ("+14155550100", Some(("0014155550100", 2))),
                ("+1415555010", None),
                ("+41445550100", Some(("77#41445550100", 3))),
                ("+4312345", Some(("77#4312345", 3))),
                ("+33155550100", None),
                ("110", None),
            ],
        );
        // National writing of another country's number, and of a short one.
        out(
            serde_json::json!([{"format": "national"}]),
            &[("+431234567", Some(("00431234567", 0))), ("112", Some(("112", 0)))],
        );
    }

    #[test]
    fn from_a_trunk() {
        let r = rules(serde_json::json!([
            {"match": {"prefix": "555", "length": [6, 6]}, "strip": 3, "prepend": "+49421555"},
            {"match": {"prefix": "00"}, "format": "international-00"},
            {"match": {"pattern": "0Z."}, "format": "national"},
            {"match": {"pattern": "Z."}, "format": "e164"},
        ]));
        let read = |n: &str| r.inward(n, WhoseNumber::Called, &germany());
        for (sent, world, rule) in [
            ("555100", "+49421555100", 0),
            ("00431234567", "+431234567", 1),
            ("0421555100", "+49421555100", 2),
            ("49421555100", "+49421555100", 3),
        ] {
            assert_eq!(read(sent), Ok(Rewritten { number: world.into(), rule: Some(rule) }), "{sent}");
        }
        // What no rule is for stays; what a rule is for but cannot be a number is told apart.
        assert_eq!(read("agent1"), Ok(Rewritten { number: "agent1".into(), rule: None }));
        assert_eq!(read("12"), Err(NotRewritten::NoNumber(3)));
    }

    #[test]
    fn what_is_of_the_caller_is_not_of_the_called() {
        let r = rules(serde_json::json!([
            {"of": "caller", "format": "national"},
            {"match": {"prefix": "+49"}, "of": "called", "format": "e164", "strip": 1},
        ]));
        let out = |n, whose| r.outward(n, whose, &germany());
        assert_eq!(out("+4942155", WhoseNumber::Caller).unwrap().number, "042155");
        assert_eq!(out("+4942155", WhoseNumber::Called).unwrap().number, "4942155");
        assert_eq!(out("+4342155", WhoseNumber::Called), Err(NotRewritten::NoRule));
        let called_only = rules(serde_json::json!([{"match": {"prefix": "+49"}, "strip": 1}]));
        let caller = called_only.outward("+4342155", WhoseNumber::Caller, &germany()).unwrap();
        assert_eq!((caller.number.as_str(), caller.rule), ("+4342155", None));
    }

    #[test]
    fn faults_are_named_at_once() {
        let rules: Vec<NumberRule> = serde_json::from_value(serde_json::json!([
            {"match": {"exact": "1", "prefix": "1"}},
            {"match": {"length": [9, 3]}, "format": "national"},
            {"match": {"pattern": "[1"}},
            {},
            {"match": {"prefix": "+1"}},
            {"of": "caller"},
        ]))
        .unwrap();
        let faults = NumberRules::read(&rules, &DialPlan::default()).unwrap_err();
        let places: Vec<&str> = faults.iter().map(|f| f.0.as_str()).collect();
        assert_eq!(places, ["/0/match/exact", "/1/match/length", "/1/format", "/2/match/pattern", "/4"]);
    }
}
