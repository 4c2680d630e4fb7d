//! Money as people write it, in millionths of its unit.

/// The most decimals: a millionth is what is counted in.
const DECIMALS: usize = 6;
/// The most digits before the point.
const WHOLE: usize = 9;

/// Reads `0.019` into millionths.
///
/// # Errors
/// A sentence.
pub fn read(text: &str) -> Result<u64, String> {
    let wrong = || "write an amount as \"0.019\", with at most six decimals".to_string();
    let (whole, part) = text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
    let digits =
        |s: &str, most: usize| (1..=most).contains(&s.len()) && s.bytes().all(|c| c.is_ascii_digit());
    if !digits(whole, WHOLE) || part.is_some_and(|p| !digits(p, DECIMALS)) {
        return Err(wrong());
    }
    format!("{whole}{:0<DECIMALS$}", part.unwrap_or_default()).parse().map_err(|_| wrong())
}

/// Writes millionths as people read them, with two decimals at least.
pub fn written(millionths: u64) -> String {
    let all = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
    let cut = all.trim_end_matches('0').len();
    let least = all.len() - (DECIMALS - 2);
    all.get(..cut.max(least)).unwrap_or(&all).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        for (text, millionths, again) in [
            ("0", 0, "0.00"),
            ("0.019", 19_000, "0.019"),
            ("150.00", 150_000_000, "150.00"),
            ("1.5", 1_500_000, "1.50"),
            ("0.000001", 1, "0.000001"),
            ("999999999.999999", 999_999_999_999_999, "999999999.999999"),
        ] {
            assert_eq!(read(text), Ok(millionths), "{text}");
            assert_eq!(written(millionths), again, "{text}");
        }
        for bad in ["", ".", "1.", ".1", "-1", "+1", "1,0", "0.0000001", "1234567890", "1e3", " 1", "١"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
