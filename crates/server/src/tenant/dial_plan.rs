//! Numbers as people dial them and as the world writes them, and which of them may be called.

/// Where national numbers are dialled whole, shorter ones than this are short numbers or extensions.
const SHORTEST_WHOLE: usize = 7;

/// How a tenant's numbers are read, and where it may call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DialPlan {
    /// Calling code of the tenant's country, without `+`: `49`.
    pub country_code: String,
    /// What goes before a national number: `0` in most of Europe.
    pub national_prefix: String,
    /// What goes before another country's: `00`, in North America `011`.
    pub international_prefix: String,
    /// National numbers are dialled whole, with nothing before them: then `national_prefix` is empty.
    pub whole: bool,
    /// Beginnings of numbers that may be called, with `+`. None: nobody is called.
    pub allow: Vec<String>,
    /// Beginnings that may not although `allow` has them: premium and satellite numbers.
    pub deny: Vec<String>,
}

impl DialPlan {
    /// The number as the world writes it (E.164, with `+`); `None` if that is not known.
    pub fn international(&self, number: &str) -> Option<String> {
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        let whole = if let Some(rest) = number.strip_prefix('+') {
            rest.to_string()
        } else if let Some(rest) = self.after(number, &self.international_prefix) {
            rest.to_string()
        } else if self.country_code.is_empty() {
            return None;
        } else {
            format!("{}{}", self.country_code, self.significant(number)?)
        };
        // E.164: at most 15 digits, and no country's code begins with 0.
        let right = digits(&whole) && (6..=15).contains(&whole.len()) && !whole.starts_with('0');
        right.then(|| format!("+{whole}"))
    }

    /// How trunks may write a number, the way of the world first; empty if that is not known.
    pub fn forms(&self, number: &str) -> Vec<String> {
        let Some(world) = self.international(number) else { return Vec::new() };
        let digits = world.trim_start_matches('+');
        let mut forms = vec![world.clone(), digits.to_string()];
        if !self.international_prefix.is_empty() {
            forms.push(format!("{}{digits}", self.international_prefix));
        }
        if let (false, Some(own)) = (self.country_code.is_empty(), digits.strip_prefix(&self.country_code)) {
            forms.push(format!("{}{own}", self.national_prefix));
        }
        forms
    }

    fn after<'a>(&self, number: &'a str, prefix: &str) -> Option<&'a str> {
        if prefix.is_empty() { None } else { number.strip_prefix(prefix) }
    }

    // The national significant number of one that is written as in the tenant's country.
    fn significant<'a>(&self, number: &'a str) -> Option<&'a str> {
        if let Some(rest) = self.after(number, &self.national_prefix) {
            return Some(rest);
        }
        // In North America ten digits are a number, with or without the 1 before them: NXX NXX XXXX.
        let from_two = |n: usize| number.as_bytes().get(n).is_some_and(|c| (b'2'..=b'9').contains(c));
        let ten = self.country_code == "1" && number.len() == 10 && from_two(0) && from_two(3);
        let whole = self.whole && number.len() >= SHORTEST_WHOLE;
        (ten || whole).then_some(number)
    }

    /// A number as it is dialled in the tenant's country. One that has no `+` stays as it stands.
    pub fn national(&self, number: &str) -> String {
        let Some(digits) = number.strip_prefix('+') else { return number.into() };
        match digits.strip_prefix(&self.country_code).filter(|_| !self.country_code.is_empty()) {
            Some(national) => format!("{}{national}", self.national_prefix),
            None => format!("{}{digits}", self.international_prefix),
        }
    }

    /// Whether the beginning of a number, as the world writes it, is one that may be called.
    pub fn allows(&self, number: &str) -> bool {
        let longest = |list: &[String]| list.iter().filter(|p| number.starts_with(*p)).map(String::len).max();
        // The longer beginning wins, so that a part of a country can be allowed in one that is not.
        longest(&self.allow).is_some_and(|allowed| longest(&self.deny).is_none_or(|denied| denied < allowed))
    }

    /// ISO 3166 code of a number's country; zeros if unknown.
    pub fn country(&self, number: &str) -> [u8; 2] {
        crate::tenant::number_ranges::look(number).map_or([0; 2], |known| known.country)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> DialPlan {
        DialPlan {
            country_code: "49".into(),
            national_prefix: "0".into(),
            international_prefix: "00".into(),
            whole: false,
            allow: vec!["+49".into(), "+43".into(), "+870123".into()],
            deny: vec!["+49900".into(), "+870".into()],
        }
    }

    #[test]
    fn numbers_as_the_world_writes_them() {
        let plan = berlin();
        for (dialled, world) in [
            ("030123456", Some("+4930123456")),
            ("004330123456", Some("+4330123456")),
            ("+4930123456", Some("+4930123456")),
            ("agent1", None),
            ("+0123456", None),
            ("+49301234567890123", None),
            ("112", None),
        ] {
            assert_eq!(plan.international(dialled).as_deref(), world, "{dialled}");
        }
    }

    #[test]
    fn all_forms_of_a_number_are_those_that_trunks_send() {
        let all = ["+4930123456", "4930123456", "004930123456", "030123456"];
        for written in ["+4930123456", "030123456", "004930123456"] {
            assert_eq!(berlin().forms(written), all, "{written}");
        }
        assert_eq!(berlin().forms("+4330123456"), ["+4330123456", "4330123456", "004330123456"]);
        assert!(berlin().forms("112").is_empty());
    }

    #[test]
    fn numbers_as_a_country_writes_them() {
        let plan = berlin();
        for (world, national) in
            [("+4930123456", "030123456"), ("+4330123456", "004330123456"), ("112", "112")]
        {
            assert_eq!(plan.national(world), national, "{world}");
        }
        let italy = DialPlan {
            country_code: "39".into(),
            international_prefix: "00".into(),
            whole: true,
            ..DialPlan::default()
        };
        assert_eq!(italy.international("0612345678").as_deref(), Some("+390612345678"));
        assert_eq!((italy.international("118"), italy.international("1001")), (None, None), "short ones");
        let america = DialPlan {
            country_code: "1".into(),
            national_prefix: "1".into(),
            international_prefix: "011".into(),
            ..DialPlan::default()
        };
        assert_eq!(america.international("2125550100").as_deref(), Some("+12125550100"));
        assert_eq!(america.international("2121550100"), None, "no exchange begins with 1");
        assert_eq!(america.national("+12125550100"), "12125550100");
        assert_eq!(DialPlan::default().national("+12125550100"), "12125550100");
    }

    #[test]
    fn only_what_is_allowed_is_called() {
        let plan = berlin();
        assert!(plan.allows("+4930123456"));
        assert!(!plan.allows("+49900123456"), "premium");
        assert!(!plan.allows("+33123456789"), "not in the list");
        assert!(plan.allows("+870123456789") && !plan.allows("+870999999"));
        assert!(!DialPlan { allow: Vec::new(), ..berlin() }.allows("+4930123456"));
    }

    #[test]
    fn countries_by_calling_code() {
        let plan = berlin();
        assert_eq!(&plan.country("+4930123456"), b"DE");
        assert_eq!(&plan.country("+352621000000"), b"LU");
        assert_eq!(&plan.country("+18765550100"), b"JM");
        assert_eq!(plan.country("agent1"), [0; 2]);
    }
}
