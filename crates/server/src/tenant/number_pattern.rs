//! Forms of numbers: a small language that needs one look at each sign, whatever is written in it.

/// The longest form, in elements.
const LONGEST: usize = 40;

/// A form of numbers.
///
/// Digits, `+`, `*` and `#` stand for themselves; `X` is 0 to 9, `Z` 1 to 9, `N` 2 to 9; `[2-57]` is one of these digits;
/// a `.` at the end is one digit or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberPattern {
    elements: Vec<Element>,
    more: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    /// This sign.
    Sign(u8),
    /// One of these digits, a bit for each.
    Digit(u16),
}

/// The digits from one to another.
const fn range(from: u8, to: u8) -> u16 {
    let (mut bits, mut n) = (0, from);
    while n <= to {
        bits |= 1 << n;
        n += 1;
    }
    bits
}

impl NumberPattern {
    /// Reads a form.
    ///
    /// # Errors
    /// A sentence.
    pub fn read(text: &str) -> Result<NumberPattern, String> {
        let (mut elements, mut more) = (Vec::new(), false);
        let mut rest = text.bytes();
        while let Some(c) = rest.next() {
            if more {
                return Err("a . stands at the end only".into());
            }
            match c {
                b'0'..=b'9' | b'+' | b'*' | b'#' => elements.push(Element::Sign(c)),
                b'X' | b'x' => elements.push(Element::Digit(range(0, 9))),
                b'Z' | b'z' => elements.push(Element::Digit(range(1, 9))),
                b'N' | b'n' => elements.push(Element::Digit(range(2, 9))),
                b'[' => elements.push(Element::Digit(set(&mut rest)?)),
                b'.' => more = true,
                _ => return Err("a form has digits, +, *, #, X, Z, N, [2-5] and a . at the end".into()),
            }
        }
        if elements.is_empty() && !more {
            return Err("a form must not be empty".into());
        }
        if elements.len() > LONGEST {
            return Err(format!("a form has at most {LONGEST} signs"));
        }
        Ok(NumberPattern { elements, more })
    }

    /// Whether a number has this form.
    pub fn matches(&self, number: &str) -> bool {
        let bytes = number.as_bytes();
        let Some((head, tail)) = bytes.split_at_checked(self.elements.len()) else { return false };
        let fits = |(element, sign): (&Element, &u8)| match element {
            Element::Sign(c) => c == sign,
            Element::Digit(set) => sign.is_ascii_digit() && set & (1 << (sign - b'0')) != 0,
        };
        let tail_fits =
            if self.more { !tail.is_empty() && tail.iter().all(u8::is_ascii_digit) } else { tail.is_empty() };
        tail_fits && self.elements.iter().zip(head).all(fits)
    }
}

// What stands between `[` and `]`: digits and ranges of digits.
fn set(rest: &mut std::str::Bytes<'_>) -> Result<u16, String> {
    let wrong = || "in [ ] stand digits and ranges of digits, as [2-57]".to_string();
    let (mut bits, mut last, mut ranging) = (0_u16, None, false);
    for c in rest.by_ref() {
        match (c, last) {
            (b']', _) if bits != 0 && !ranging => return Ok(bits),
            (b'-', Some(_)) if !ranging => ranging = true,
            (b'0'..=b'9', Some(from)) if ranging => {
                let to = c - b'0';
                if to < from {
                    return Err(wrong());
                }
                bits |= range(from, to);
                (last, ranging) = (None, false);
            }
            (b'0'..=b'9', _) => {
                last = Some(c - b'0');
                bits |= 1 << (c - b'0');
            }
            _ => return Err(wrong()),
        }
    }
    Err("a [ is not closed by ]".into())
}

#[cfg(test)]
mod tests {
    use super::NumberPattern;

    #[test]
    fn forms_and_what_they_fit() {
        for (form, fits, fits_not) in [
            ("112", &["112"][..], &["11", "1122", "+112", ""][..]),
            (
                "+1NXXNXXXXXX",
                &["+14155550100"],
                &["+11155550100", "+1415555010", "14155550100", "+1415555010a"],
            ),
            ("0Z.", &["0421", "01234567"], &["0", "04", "0042", "04x"]),
            ("[2-57]X", &["20", "39", "57", "70"], &["10", "60", "80", "2", "2a"]),
            ("[0-9]", &["0", "9"], &["a", "-", "10"]),
            (".", &["1", "0049421"], &["", "+49"]),
            ("*2[13]#", &["*21#", "*23#"], &["*22#", "*21"]),
            ("xzn", &["012"], &["001", "000"]),
        ] {
            let read = NumberPattern::read(form).unwrap();
            for number in fits {
                assert!(read.matches(number), "{form} {number}");
            }
            for number in fits_not {
                assert!(!read.matches(number), "{form} {number}");
            }
        }
    }

    #[test]
    fn what_is_no_form() {
        let long = "X".repeat(41);
        for bad in [
            "", "..", ".1", "[", "[]", "[1", "[5-2]", "[1-]", "[-1]", "[a]", "[1--2]", "a", "ä", "1 2", &long,
        ] {
            assert!(NumberPattern::read(bad).is_err(), "{bad}");
        }
    }

    // Whatever stands in a form or in a number, it is answered at once: a form has no choice of ways.
    #[test]
    fn hostile_texts_are_answered() {
        let signs = ['0', '9', 'X', '[', ']', '-', '.', '+', 'ä', '\0', '𝄞'];
        let mut seed = 7_u32;
        let mut text = |most: u32| -> String {
            let mut next = || {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                seed >> 16
            };
            (0..next() % most).map(|_| signs[next() as usize % signs.len()]).collect()
        };
        let mut forms = 0;
        for _ in 0..20_000 {
            let (form, number) = (text(12), text(60));
            if let Ok(read) = NumberPattern::read(&form) {
                forms += 1;
                read.matches(&number);
            }
        }
        assert!(forms > 100, "{forms}");
        assert!(!NumberPattern::read("X.").unwrap().matches(&"1".repeat(1_000_000).replace('1', "11a")));
    }
}
