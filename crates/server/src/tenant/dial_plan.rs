//! Numbers as people dial them and as the world writes them, and which of them may be called.

/// How a tenant's numbers are read, and where it may call.
#[derive(Clone, Debug, Default)]
pub struct DialPlan {
    /// Calling code of the tenant's country, without `+`: `49`.
    pub country_code: String,
    /// What goes before a national number: `0` in most of Europe.
    pub national_prefix: String,
    /// What goes before another country's: `00`, in North America `011`.
    pub international_prefix: String,
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
            let national = self.after(number, &self.national_prefix)?;
            format!("{}{national}", self.country_code)
        };
        // E.164: at most 15 digits, and no country's code begins with 0.
        let right = digits(&whole) && (6..=15).contains(&whole.len()) && !whole.starts_with('0');
        right.then(|| format!("+{whole}"))
    }

    fn after<'a>(&self, number: &'a str, prefix: &str) -> Option<&'a str> {
        if prefix.is_empty() { None } else { number.strip_prefix(prefix) }
    }

    /// The number to call, if it may be called.
    pub fn outward(&self, number: &str) -> Option<String> {
        let number = self.international(number)?;
        let longest = |list: &[String]| list.iter().filter(|p| number.starts_with(*p)).map(String::len).max();
        let allowed = longest(&self.allow)?;
        // The longer beginning wins, so that a part of a country can be allowed in one that is not.
        longest(&self.deny).is_none_or(|denied| denied < allowed).then_some(number)
    }

    /// ISO 3166 code of a number's country; zeros if unknown.
    pub fn country(&self, number: &str) -> [u8; 2] {
        let Some(rest) = number.strip_prefix('+') else { return [0; 2] };
        (1..=3)
            .rev()
            .filter_map(|n| rest.get(..n))
            .find_map(crate::tenant::calling_codes::country)
            .unwrap_or([0; 2])
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
    fn only_what_is_allowed_is_called() {
        let plan = berlin();
        assert!(plan.outward("030123456").is_some());
        assert!(plan.outward("0900123456").is_none(), "premium");
        assert!(plan.outward("0033123456789").is_none(), "not in the list");
        assert!(plan.outward("+870123456789").is_some() && plan.outward("+870999999").is_none());
        assert!(DialPlan { allow: Vec::new(), ..berlin() }.outward("030123456").is_none());
    }

    #[test]
    fn countries_by_calling_code() {
        let plan = berlin();
        assert_eq!(&plan.country("+4930123456"), b"DE");
        assert_eq!(&plan.country("+352621000000"), b"LU");
        assert_eq!(plan.country("agent1"), [0; 2]);
    }
}
