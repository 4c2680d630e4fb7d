//! What numbers are, by their beginnings: dear ones, free ones, and countries that share a calling code.
//!
//! The ranges are public facts of the national numbering plans, as the regulators publish them and ITU-T collects them
//! (E.129); calling codes without a country are assigned by ITU-T (E.164, "List of assigned country codes"), area codes
//! of +1 by the North American Numbering Plan Administrator. The tables name what is dear in the countries that are called
//! most, and can never be whole: `toll.classes` of a tenant says the rest, and countries that nobody named are not called.

use crate::tenant::calling_codes;
use Kind::{Directory, Freephone, Network, Ordinary, Personal, Premium, Satellite, SharedCost};

/// What a range of numbers is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Telephones of people, at a place or carried about.
    Ordinary,
    /// The called party pays.
    Freephone,
    /// The called party earns.
    Premium,
    /// Dearer than ordinary numbers, or votes.
    SharedCost,
    /// Numbers that follow a person, and pagers: favourites of fraud.
    Personal,
    /// Directory enquiries.
    Directory,
    /// Telephones by satellite.
    Satellite,
    /// Networks of several countries, or of none.
    Network,
}

impl Kind {
    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Ordinary => "ordinary",
            Freephone => "freephone",
            Premium => "premium rate",
            SharedCost => "shared cost",
            Personal => "personal number or pager",
            Directory => "directory enquiries",
            Satellite => "satellite",
            Network => "international network",
        }
    }
}

/// What the tables know of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// ISO 3166 code of the country; zeros where there is none.
    pub country: [u8; 2],
    /// What the range is for.
    pub kind: Kind,
}

/// No country.
const NONE: &[u8; 2] = &[0; 2];

/// What a number is: `+` and digits. `None` if its calling code is not assigned or it is no such number.
pub fn look(number: &str) -> Option<Known> {
    let digits = number.strip_prefix('+').filter(|d| d.bytes().all(|c| c.is_ascii_digit()))?;
    let range = (1..=LONGEST).rev().filter_map(|n| digits.get(..n)).find_map(range);
    if let Some(area) = digits.strip_prefix('1') {
        let code = area.get(..3);
        let country = code.and_then(shared).unwrap_or(*b"US");
        let kind = match (range, area.get(3..6)) {
            (Some((_, kind)), _) => kind,
            // An exchange of premium numbers in each area.
            (None, Some("976")) => Premium,
            (None, _) => Ordinary,
        };
        return Some(Known { country, kind });
    }
    match range {
        Some((country, kind)) => Some(Known { country, kind }),
        None => {
            let country = (1..=3).rev().filter_map(|n| digits.get(..n)).find_map(calling_codes::country)?;
            Some(Known { country, kind: Ordinary })
        }
    }
}

/// The calling code of a country that shares it with a larger one.
pub fn shared_code(country: &str) -> Option<&'static str> {
    if NORTH_AMERICA.iter().any(|(c, _)| c.as_slice() == country.as_bytes()) {
        return Some("1");
    }
    let (_, code) = SHARING.iter().find(|(c, _)| *c == country)?;
    Some(code)
}

/// Countries with the calling code of a larger one, but for those of +1.
const SHARING: &[(&str, &str)] = &[
    ("AX", "358"),
    ("CC", "61"),
    ("CX", "61"),
    ("GG", "44"),
    ("IM", "44"),
    ("JE", "44"),
    ("KZ", "7"),
    ("SJ", "47"),
    ("VA", "39"),
];

fn range(beginning: &str) -> Option<([u8; 2], Kind)> {
    let n = RANGES.binary_search_by(|(b, ..)| (*b).cmp(beginning)).ok()?;
    RANGES.get(n).map(|(_, country, kind)| (**country, *kind))
}

// The country of an area code of +1; `None` for the United States.
fn shared(code: &str) -> Option<[u8; 2]> {
    NORTH_AMERICA.iter().find(|(_, codes)| codes.split(' ').any(|c| c == code)).map(|(country, _)| **country)
}

/// The longest beginning in `RANGES`.
const LONGEST: usize = 7;

/// Countries of +1 but the United States, and their area codes.
#[rustfmt::skip]
const NORTH_AMERICA: &[(&[u8; 2], &str)] = &[
    (b"AG", "268"), (b"AI", "264"), (b"AS", "684"), (b"BB", "246"), (b"BM", "441"), (b"BS", "242"),
    (b"CA", "204 226 236 249 250 257 263 289 306 343 354 365 367 368 382 387 403 416 418 428 431 437 438 450 460 468 474 \
             506 514 519 548 579 581 584 587 600 604 613 622 639 647 672 683 705 709 742 753 778 780 782 807 819 825 867 873 \
             879 902 905 942"),
    (b"DM", "767"), (b"DO", "809 829 849"), (b"GD", "473"), (b"GU", "671"), (b"JM", "658 876"), (b"KN", "869"),
    (b"KY", "345"), (b"LC", "758"), (b"MP", "670"), (b"MS", "664"), (b"PR", "787 939"), (b"SX", "721"),
    (b"TC", "649"), (b"TT", "868"), (b"VC", "784"), (b"VG", "284"), (b"VI", "340"),
];

/// Beginnings without `+`, in order; the longest that a number has counts.
#[rustfmt::skip]
const RANGES: &[(&str, &[u8; 2], Kind)] = &[
    ("1500", b"US", Personal), ("1533", b"US", Personal), ("1544", b"US", Personal), ("1566", b"US", Personal),
    ("1577", b"US", Personal), ("1588", b"US", Personal), ("1700", b"US", Network), ("1800", b"US", Freephone),
    ("1833", b"US", Freephone), ("1844", b"US", Freephone), ("1855", b"US", Freephone),
    ("1866", b"US", Freephone), ("1877", b"US", Freephone), ("1888", b"US", Freephone),
    ("1900", b"US", Premium), ("20900", b"EG", Premium), ("27800", b"ZA", Freephone),
    ("2786", b"ZA", SharedCost), ("2790", b"ZA", Premium), ("3070", b"GR", Personal),
    ("30800", b"GR", Freephone), ("30801", b"GR", SharedCost), ("3090", b"GR", Premium),
    ("3118", b"NL", Directory), ("31800", b"NL", Freephone), ("3184", b"NL", Personal),
    ("3187", b"NL", Personal), ("31900", b"NL", Premium), ("31906", b"NL", Premium), ("31909", b"NL", Premium),
    ("3270", b"BE", SharedCost), ("3278", b"BE", SharedCost), ("32800", b"BE", Freephone),
    ("3290", b"BE", Premium), ("3380", b"FR", Freephone), ("3381", b"FR", SharedCost),
    ("3382", b"FR", SharedCost), ("3389", b"FR", Premium), ("34118", b"ES", Directory),
    ("34704", b"ES", Personal), ("34800", b"ES", Freephone), ("34803", b"ES", Premium),
    ("34806", b"ES", Premium), ("34807", b"ES", Premium), ("34900", b"ES", Freephone),
    ("34901", b"ES", SharedCost), ("34902", b"ES", SharedCost), ("34905", b"ES", Premium),
    ("34907", b"ES", Premium), ("35160", b"PT", Premium), ("35164", b"PT", Premium),
    ("351707", b"PT", SharedCost), ("351708", b"PT", SharedCost), ("35176", b"PT", Premium),
    ("351800", b"PT", Freephone), ("351808", b"PT", SharedCost), ("351884", b"PT", Personal),
    ("352800", b"LU", Freephone), ("352801", b"LU", SharedCost), ("35290", b"LU", Premium),
    ("353700", b"IE", Personal), ("35818", b"AX", Ordinary), ("358600", b"FI", Premium),
    ("358606", b"FI", Premium), ("35870", b"FI", Premium), ("358800", b"FI", Freephone),
    ("359700", b"BG", SharedCost), ("359800", b"BG", Freephone), ("35990", b"BG", Premium),
    ("3640", b"HU", SharedCost), ("3680", b"HU", Freephone), ("3690", b"HU", Premium), ("3691", b"HU", Premium),
    ("370800", b"LT", Freephone), ("37090", b"LT", Premium), ("37180", b"LV", Freephone),
    ("37190", b"LV", Premium), ("372800", b"EE", Freephone), ("372900", b"EE", Premium),
    ("380800", b"UA", Freephone), ("380900", b"UA", Premium), ("381800", b"RS", Freephone),
    ("38190", b"RS", Premium), ("38560", b"HR", Premium), ("38561", b"HR", Premium), ("38564", b"HR", Premium),
    ("38565", b"HR", Premium), ("38569", b"HR", Premium), ("385800", b"HR", Freephone),
    ("38680", b"SI", Freephone), ("38689", b"SI", Premium), ("38690", b"SI", Premium),
    ("3906698", b"VA", Ordinary), ("39144", b"IT", Premium), ("39166", b"IT", Premium),
    ("39178", b"IT", Personal), ("39199", b"IT", SharedCost), ("39800", b"IT", Freephone),
    ("39803", b"IT", Freephone), ("3984", b"IT", SharedCost), ("3989", b"IT", Premium),
    ("40800", b"RO", Freephone), ("40801", b"RO", SharedCost), ("4090", b"RO", Premium),
    ("4118", b"CH", Directory), ("4174", b"CH", Personal), ("41800", b"CH", Freephone),
    ("41840", b"CH", SharedCost), ("41842", b"CH", SharedCost), ("41844", b"CH", SharedCost),
    ("41848", b"CH", SharedCost), ("41878", b"CH", Personal), ("41900", b"CH", Premium),
    ("41901", b"CH", Premium), ("41906", b"CH", Premium), ("420800", b"CZ", Freephone),
    ("42081", b"CZ", SharedCost), ("42084", b"CZ", SharedCost), ("42090", b"CZ", Premium),
    ("421800", b"SK", Freephone), ("42185", b"SK", SharedCost), ("421900", b"SK", Premium),
    ("43116", b"AT", Freephone), ("43118", b"AT", Directory), ("43800", b"AT", Freephone),
    ("43810", b"AT", SharedCost), ("43820", b"AT", SharedCost), ("43821", b"AT", SharedCost),
    ("43900", b"AT", Premium), ("43901", b"AT", Premium), ("43930", b"AT", Premium), ("43931", b"AT", Premium),
    ("43939", b"AT", Premium), ("44116", b"GB", Freephone), ("44118", b"GB", Directory),
    ("441481", b"GG", Ordinary), ("441534", b"JE", Ordinary), ("441624", b"IM", Ordinary),
    ("4470", b"GB", Personal), ("447524", b"IM", Ordinary), ("4476", b"GB", Personal),
    ("447624", b"IM", Ordinary), ("447781", b"GG", Ordinary), ("447797", b"JE", Ordinary),
    ("44800", b"GB", Freephone), ("44808", b"GB", Freephone), ("4484", b"GB", SharedCost),
    ("4487", b"GB", SharedCost), ("449", b"GB", Premium), ("4580", b"DK", Freephone), ("4590", b"DK", Premium),
    ("46118", b"SE", Directory), ("4620", b"SE", Freephone), ("4677", b"SE", SharedCost),
    ("46900", b"SE", Premium), ("46939", b"SE", Premium), ("46944", b"SE", Premium), ("4699", b"SE", Premium),
    ("4779", b"SJ", Ordinary), ("47800", b"NO", Freephone), ("47810", b"NO", SharedCost),
    ("4782", b"NO", Premium), ("4870", b"PL", Premium), ("48800", b"PL", Freephone),
    ("48801", b"PL", SharedCost), ("48804", b"PL", SharedCost), ("49116", b"DE", Freephone),
    ("49118", b"DE", Directory), ("4912", b"DE", SharedCost), ("49137", b"DE", SharedCost),
    ("49180", b"DE", SharedCost), ("49181", b"DE", Network), ("49182", b"DE", Network),
    ("49183", b"DE", Network), ("49184", b"DE", Network), ("49185", b"DE", Network), ("49186", b"DE", Network),
    ("49187", b"DE", Network), ("49188", b"DE", Network), ("49189", b"DE", Network),
    ("4919", b"DE", SharedCost), ("49190", b"DE", Premium), ("49700", b"DE", Personal),
    ("49800", b"DE", Freephone), ("49900", b"DE", Premium), ("52800", b"MX", Freephone),
    ("52900", b"MX", Premium), ("54600", b"AR", Premium), ("54609", b"AR", Premium),
    ("54800", b"AR", Freephone), ("54810", b"AR", SharedCost), ("55300", b"BR", SharedCost),
    ("55500", b"BR", SharedCost), ("55800", b"BR", Freephone), ("55900", b"BR", Premium),
    ("56700", b"CL", Premium), ("601300", b"MY", SharedCost), ("601800", b"MY", Freephone),
    ("60600", b"MY", Premium), ("6113", b"AU", SharedCost), ("6114", b"AU", Satellite),
    ("611800", b"AU", Freephone), ("6119", b"AU", Premium), ("61500", b"AU", Personal),
    ("6189162", b"CC", Ordinary), ("6189164", b"CX", Ordinary), ("64508", b"NZ", Freephone),
    ("64800", b"NZ", Freephone), ("64900", b"NZ", Premium), ("651800", b"SG", Freephone),
    ("651900", b"SG", Premium), ("661800", b"TH", Freephone), ("661900", b"TH", Premium),
    ("76", b"KZ", Ordinary), ("77", b"KZ", Ordinary), ("7800", b"RU", Freephone), ("7803", b"RU", Premium),
    ("7804", b"RU", Freephone), ("7809", b"RU", Premium), ("800", NONE, Freephone), ("808", NONE, SharedCost),
    ("81120", b"JP", Freephone), ("81570", b"JP", SharedCost), ("81800", b"JP", Freephone),
    ("81990", b"JP", Premium), ("8260", b"KR", Premium), ("8280", b"KR", Freephone), ("870", NONE, Satellite),
    ("878", NONE, Personal), ("881", NONE, Satellite), ("882", NONE, Network), ("883", NONE, Network),
    ("888", NONE, Network), ("90800", b"TR", Freephone), ("90898", b"TR", Premium), ("90900", b"TR", Premium),
    ("911800", b"IN", Freephone), ("911860", b"IN", SharedCost), ("911900", b"IN", Premium),
    ("966700", b"SA", Premium), ("966800", b"SA", Freephone), ("966900", b"SA", Premium),
    ("971600", b"AE", SharedCost), ("971700", b"AE", Personal), ("971800", b"AE", Freephone),
    ("971900", b"AE", Premium), ("9721700", b"IL", SharedCost), ("9721800", b"IL", Freephone),
    ("97219", b"IL", Premium), ("979", NONE, Premium), ("991", NONE, Network),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_order() {
        assert!(RANGES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(RANGES.iter().all(|(b, ..)| b.len() <= LONGEST && b.bytes().all(|c| c.is_ascii_digit())));
        let mut codes: Vec<&str> = NORTH_AMERICA.iter().flat_map(|(_, codes)| codes.split(' ')).collect();
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all, "an area code belongs to one country");
        assert!(codes.iter().all(|c| c.len() == 3));
        // What a range says of its country agrees with the calling codes.
        for (beginning, country, _) in RANGES.iter().filter(|(_, country, _)| *country != NONE) {
            let country = std::str::from_utf8(*country).unwrap();
            let code = calling_codes::code(country).unwrap_or_else(|| panic!("{country}"));
            assert!(beginning.starts_with(code), "{beginning} {country} {code}");
        }
    }

    #[test]
    fn what_numbers_are() {
        for (number, country, kind) in [
            ("+19005550100", b"US", Premium),
            ("+12129765550", b"US", Premium),
            ("+12125550100", b"US", Ordinary),
            ("+18005550100", b"US", Freephone),
            ("+14165550100", b"CA", Ordinary),
            ("+18765550100", b"JM", Ordinary),
            ("+12845550100", b"VG", Ordinary),
            ("+449061234567", b"GB", Premium),
            ("+442079460000", b"GB", Ordinary),
            ("+447012345678", b"GB", Personal),
            ("+448001234567", b"GB", Freephone),
            ("+441534555555", b"JE", Ordinary),
            ("+49900123456", b"DE", Premium),
            ("+49180123456", b"DE", SharedCost),
            ("+49421555100", b"DE", Ordinary),
            ("+498001234567", b"DE", Freephone),
            ("+33899123456", b"FR", Premium),
            ("+33805123456", b"FR", Freephone),
            ("+39899123456", b"IT", Premium),
            ("+41900123456", b"CH", Premium),
            ("+34803123456", b"ES", Premium),
            ("+34912345678", b"ES", Ordinary),
            ("+77012345678", b"KZ", Ordinary),
            ("+3725551234", b"EE", Ordinary),
            ("+68212345", b"CK", Ordinary),
            ("+24712345", b"SH", Ordinary),
            ("+870773123456", NONE, Satellite),
            ("+881612345678", NONE, Satellite),
            ("+88216123456", NONE, Network),
            ("+883510012345", NONE, Network),
            ("+979123456789", NONE, Premium),
            ("+80012345678", NONE, Freephone),
        ] {
            assert_eq!(look(number), Some(Known { country: *country, kind }), "{number}");
        }
        for unknown in ["+2101234567", "+999123456", "112", "", "+", "+49x", "agent1"] {
            assert_eq!(look(unknown), None, "{unknown}");
        }
    }
}
