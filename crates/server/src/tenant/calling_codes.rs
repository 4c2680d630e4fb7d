//! Calling codes of countries (ITU-T E.164, assigned codes). Where several share one, the largest stands for it.

/// ISO 3166 code of a calling code.
pub fn country(code: &str) -> Option<[u8; 2]> {
    let found = CODES.binary_search_by(|(c, _)| (*c).cmp(code)).ok()?;
    CODES.get(found).map(|(_, country)| **country)
}

/// Calling code of a country, by its ISO 3166 code; of one with several, the first.
pub fn code(country: &str) -> Option<&'static str> {
    let own = CODES.iter().find(|(_, c)| c.as_slice() == country.as_bytes()).map(|(code, _)| *code);
    own.or_else(|| crate::tenant::number_ranges::shared_code(country))
}

#[rustfmt::skip]
const CODES: &[(&str, &[u8; 2])] = &[
    ("1", b"US"), ("20", b"EG"), ("211", b"SS"), ("212", b"MA"), ("213", b"DZ"), ("216", b"TN"),
    ("218", b"LY"), ("220", b"GM"), ("221", b"SN"), ("222", b"MR"), ("223", b"ML"), ("224", b"GN"),
    ("225", b"CI"), ("226", b"BF"), ("227", b"NE"), ("228", b"TG"), ("229", b"BJ"), ("230", b"MU"),
    ("231", b"LR"), ("232", b"SL"), ("233", b"GH"), ("234", b"NG"), ("235", b"TD"), ("236", b"CF"),
    ("237", b"CM"), ("238", b"CV"), ("239", b"ST"), ("240", b"GQ"), ("241", b"GA"), ("242", b"CG"),
    ("243", b"CD"), ("244", b"AO"), ("245", b"GW"), ("246", b"IO"), ("247", b"SH"), ("248", b"SC"),
    ("249", b"SD"), ("250", b"RW"), ("251", b"ET"), ("252", b"SO"), ("253", b"DJ"), ("254", b"KE"),
    ("255", b"TZ"), ("256", b"UG"), ("257", b"BI"), ("258", b"MZ"), ("260", b"ZM"), ("261", b"MG"),
    ("262", b"RE"), ("263", b"ZW"), ("264", b"NA"), ("265", b"MW"), ("266", b"LS"), ("267", b"BW"),
    ("268", b"SZ"), ("269", b"KM"), ("27", b"ZA"), ("290", b"SH"), ("291", b"ER"), ("297", b"AW"),
    ("298", b"FO"), ("299", b"GL"), ("30", b"GR"), ("31", b"NL"), ("32", b"BE"), ("33", b"FR"), ("34", b"ES"),
    ("350", b"GI"), ("351", b"PT"), ("352", b"LU"), ("353", b"IE"), ("354", b"IS"), ("355", b"AL"),
    ("356", b"MT"), ("357", b"CY"), ("358", b"FI"), ("359", b"BG"), ("36", b"HU"), ("370", b"LT"),
    ("371", b"LV"), ("372", b"EE"), ("373", b"MD"), ("374", b"AM"), ("375", b"BY"), ("376", b"AD"),
    ("377", b"MC"), ("378", b"SM"), ("380", b"UA"), ("381", b"RS"), ("382", b"ME"), ("383", b"XK"),
    ("385", b"HR"), ("386", b"SI"), ("387", b"BA"), ("389", b"MK"), ("39", b"IT"), ("40", b"RO"),
    ("41", b"CH"), ("420", b"CZ"), ("421", b"SK"), ("423", b"LI"), ("43", b"AT"), ("44", b"GB"),
    ("45", b"DK"), ("46", b"SE"), ("47", b"NO"), ("48", b"PL"), ("49", b"DE"), ("500", b"FK"), ("501", b"BZ"),
    ("502", b"GT"), ("503", b"SV"), ("504", b"HN"), ("505", b"NI"), ("506", b"CR"), ("507", b"PA"),
    ("508", b"PM"), ("509", b"HT"), ("51", b"PE"), ("52", b"MX"), ("53", b"CU"), ("54", b"AR"), ("55", b"BR"),
    ("56", b"CL"), ("57", b"CO"), ("58", b"VE"), ("590", b"GP"), ("591", b"BO"), ("592", b"GY"),
    ("593", b"EC"), ("594", b"GF"), ("595", b"PY"), ("596", b"MQ"), ("597", b"SR"), ("598", b"UY"),
    ("599", b"CW"), ("60", b"MY"), ("61", b"AU"), ("62", b"ID"), ("63", b"PH"), ("64", b"NZ"), ("65", b"SG"),
    ("66", b"TH"), ("670", b"TL"), ("672", b"NF"), ("673", b"BN"), ("674", b"NR"), ("675", b"PG"),
    ("676", b"TO"), ("677", b"SB"), ("678", b"VU"), ("679", b"FJ"), ("680", b"PW"), ("681", b"WF"),
    ("682", b"CK"), ("683", b"NU"), ("685", b"WS"), ("686", b"KI"), ("687", b"NC"), ("688", b"TV"),
    ("689", b"PF"), ("690", b"TK"), ("691", b"FM"), ("692", b"MH"), ("7", b"RU"), ("81", b"JP"),
    ("82", b"KR"), ("84", b"VN"), ("850", b"KP"), ("852", b"HK"), ("853", b"MO"), ("855", b"KH"),
    ("856", b"LA"), ("86", b"CN"), ("880", b"BD"), ("886", b"TW"), ("90", b"TR"), ("91", b"IN"),
    ("92", b"PK"), ("93", b"AF"), ("94", b"LK"), ("95", b"MM"), ("960", b"MV"), ("961", b"LB"),
    ("962", b"JO"), ("963", b"SY"), ("964", b"IQ"), ("965", b"KW"), ("966", b"SA"), ("967", b"YE"),
    ("968", b"OM"), ("970", b"PS"), ("971", b"AE"), ("972", b"IL"), ("973", b"BH"), ("974", b"QA"),
    ("975", b"BT"), ("976", b"MN"), ("977", b"NP"), ("98", b"IR"), ("992", b"TJ"), ("993", b"TM"),
    ("994", b"AZ"), ("995", b"GE"), ("996", b"KG"), ("998", b"UZ"),
];

#[cfg(test)]
mod tests {
    #[test]
    fn codes_are_in_order() {
        assert!(super::CODES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(super::country("49"), Some(*b"DE"));
        assert_eq!(super::country("999"), None);
    }
}
