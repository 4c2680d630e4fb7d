//! What is dialled before a number in a country: the national (trunk) prefix and the international prefix.
//!
//! Public facts, as ITU-T lists them in "Dialling procedures (international prefix, national (trunk) prefix and national
//! (significant) number)" (in accordance with E.164), annex to its Operational Bulletin.

/// National and international prefix of a country, by its ISO 3166 code. An empty national prefix means that national
/// numbers are dialled whole, without any.
pub fn of(country: &str) -> Option<(&'static str, &'static str)> {
    let found = COUNTRIES.binary_search_by(|(c, ..)| (*c).cmp(country)).ok()?;
    COUNTRIES.get(found).map(|(_, national, international)| (*national, *international))
}

#[rustfmt::skip]
const COUNTRIES: &[(&str, &str, &str)] = &[
    ("AE", "0", "00"), ("AR", "0", "00"), ("AT", "0", "00"), ("AU", "0", "0011"), ("BE", "0", "00"),
    ("BG", "0", "00"), ("CA", "1", "011"), ("CH", "0", "00"), ("CN", "0", "00"), ("CY", "", "00"),
    ("CZ", "", "00"), ("DE", "0", "00"), ("DK", "", "00"), ("EE", "", "00"), ("EG", "0", "00"),
    ("ES", "", "00"), ("FI", "0", "00"), ("FR", "0", "00"), ("GB", "0", "00"), ("GR", "", "00"),
    ("HK", "", "001"), ("HR", "0", "00"), ("HU", "06", "00"), ("IE", "0", "00"), ("IL", "0", "00"),
    ("IN", "0", "00"), ("IS", "", "00"), ("IT", "", "00"), ("JP", "0", "010"), ("KR", "0", "00"),
    ("LI", "", "00"), ("LU", "", "00"), ("LV", "", "00"), ("MC", "", "00"), ("MT", "", "00"),
    ("MX", "", "00"), ("MY", "0", "00"), ("NL", "0", "00"), ("NO", "", "00"), ("NZ", "0", "00"),
    ("PL", "", "00"), ("PT", "", "00"), ("RO", "0", "00"), ("RS", "0", "00"), ("SE", "0", "00"),
    ("SG", "", "000"), ("SI", "0", "00"), ("SK", "0", "00"), ("TH", "0", "001"), ("TR", "0", "00"),
    ("TW", "0", "002"), ("UA", "0", "00"), ("US", "1", "011"), ("ZA", "0", "00"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_in_order_and_each_has_a_calling_code() {
        assert!(COUNTRIES.is_sorted_by(|a, b| a.0 < b.0));
        for (country, national, international) in COUNTRIES {
            let digits = |s: &str| s.bytes().all(|c| c.is_ascii_digit());
            assert!(digits(national) && digits(international) && !international.is_empty(), "{country}");
            assert!(crate::tenant::calling_codes::code(country).is_some(), "{country}");
        }
        assert_eq!((of("HU"), of("ZZ")), (Some(("06", "00")), None));
    }
}
