//! Emergency numbers by country: those that reach police, fire service or ambulance from a telephone.
//!
//! The numbers are public facts: 112 in the European Union by Directive (EU) 2018/1972, article 109; elsewhere the
//! national numbering plans that ITU-T publishes ("Communications of national numbering plans", recommendation E.129)
//! and its list of national numbers for emergency services (E.161.1). Where a country is missing, 112 and 911 stand for
//! it: the two that every mobile telephone knows (3GPP TS 22.101). A tenant can say its own in `dial.emergency`.

/// What is dialled for help in a country, by its ISO 3166 code.
pub fn of(country: &str) -> &'static [&'static str] {
    let found = COUNTRIES.binary_search_by(|(c, _)| (*c).cmp(country)).ok();
    found.and_then(|n| COUNTRIES.get(n)).map_or(&["112", "911"], |(_, numbers)| numbers)
}

#[rustfmt::skip]
const COUNTRIES: &[(&str, &[&str])] = &[
    ("AE", &["112", "996", "997", "998", "999"]),
    ("AR", &["100", "101", "107", "911"]),
    ("AT", &["112", "122", "133", "144"]),
    ("AU", &["000", "106", "112"]),
    ("BE", &["100", "101", "112"]),
    ("BG", &["112", "150", "160", "166"]),
    ("BR", &["190", "192", "193"]),
    ("CA", &["911"]),
    ("CH", &["112", "117", "118", "144", "1414"]),
    ("CL", &["131", "132", "133"]),
    ("CN", &["110", "119", "120", "122"]),
    ("CO", &["123"]),
    ("CY", &["112", "199"]),
    ("CZ", &["112", "150", "155", "156", "158"]),
    ("DE", &["110", "112"]),
    ("DK", &["112"]),
    ("EE", &["112"]),
    ("EG", &["122", "123", "180"]),
    ("ES", &["061", "062", "080", "085", "091", "092", "112"]),
    ("FI", &["112"]),
    ("FR", &["112", "114", "15", "17", "18", "191", "196", "197"]),
    ("GB", &["112", "999"]),
    ("GG", &["112", "999"]),
    ("GI", &["112", "190", "199"]),
    ("GR", &["100", "108", "112", "166", "199"]),
    ("HK", &["112", "999"]),
    ("HR", &["112", "192", "193", "194", "195"]),
    ("HU", &["104", "105", "107", "112"]),
    ("ID", &["110", "112", "113", "118", "119"]),
    ("IE", &["112", "999"]),
    ("IL", &["100", "101", "102", "112"]),
    ("IM", &["112", "999"]),
    ("IN", &["100", "101", "102", "108", "112"]),
    ("IS", &["112"]),
    ("IT", &["112", "113", "115", "118"]),
    ("JE", &["112", "999"]),
    ("JP", &["110", "118", "119"]),
    ("KE", &["112", "911", "999"]),
    ("KR", &["112", "119"]),
    ("LI", &["112", "117", "118", "144", "1414"]),
    ("LT", &["112"]),
    ("LU", &["112", "113"]),
    ("LV", &["110", "112", "113"]),
    ("MC", &["112", "15", "17", "18"]),
    ("MT", &["112"]),
    ("MX", &["911"]),
    ("MY", &["112", "999"]),
    ("NG", &["112", "199"]),
    ("NL", &["112"]),
    ("NO", &["110", "112", "113"]),
    ("NZ", &["111"]),
    ("PE", &["105", "106", "116", "911"]),
    ("PH", &["911"]),
    ("PK", &["1122", "15", "16", "115"]),
    ("PL", &["112", "997", "998", "999"]),
    ("PT", &["112"]),
    ("RO", &["112"]),
    ("RS", &["112", "192", "193", "194"]),
    ("RU", &["101", "102", "103", "104", "112"]),
    ("SA", &["112", "911", "997", "998", "999"]),
    ("SE", &["112"]),
    ("SG", &["112", "995", "999"]),
    ("SI", &["112", "113"]),
    ("SK", &["112", "150", "155", "158"]),
    ("TH", &["191", "199", "1669"]),
    ("TR", &["110", "112", "155", "156"]),
    ("TW", &["110", "112", "119"]),
    ("UA", &["101", "102", "103", "112"]),
    ("US", &["911"]),
    ("VN", &["112", "113", "114", "115"]),
    ("ZA", &["10111", "10177", "112"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_in_order_and_their_numbers_are_short() {
        assert!(COUNTRIES.is_sorted_by(|a, b| a.0 < b.0));
        for (country, numbers) in COUNTRIES {
            assert!(!numbers.is_empty(), "{country}");
            for n in *numbers {
                assert!((2..=5).contains(&n.len()) && n.bytes().all(|c| c.is_ascii_digit()), "{country} {n}");
            }
        }
        // Members of the European Union have 112 (Directive (EU) 2018/1972).
        for country in
            "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split(' ')
        {
            assert!(of(country).contains(&"112"), "{country}");
        }
        assert_eq!(of("US"), ["911"]);
        assert_eq!(of("ZZ"), ["112", "911"]);
    }
}
