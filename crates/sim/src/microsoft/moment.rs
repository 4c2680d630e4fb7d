//! Moments as Microsoft writes them. A moment is in milliseconds since 1970 (UTC).

/// Year, month, day, hour, minute, second.
fn parts(ms: u64) -> (i64, u32, u32, u64, u64, u64) {
    let seconds = ms / 1_000;
    let days = (seconds / 86_400) as i64;
    // Days since 1970 as a date of the Gregorian calendar; years begin in March here, so that leap days come last.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = (of_year - (153 * month + 2) / 5 + 1) as u32;
    let month = (if month < 10 { month + 3 } else { month - 9 }) as u32;
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, day, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60)
}

/// `2026-11-20T18:23:45Z`
pub fn rfc3339(ms: u64) -> String {
    let (y, mo, d, h, mi, s) = parts(ms);
    format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}Z")
}

/// `2026-11-20 18:23:45Z`, as in the errors of Entra ID.
pub fn with_space(ms: u64) -> String {
    rfc3339(ms).replace('T', " ")
}

/// `Fri, 20 Nov 2026 18:23:45 GMT`, as in the header `Date`.
pub fn http_date(ms: u64) -> String {
    let (y, mo, d, h, mi, s) = parts(ms);
    let day = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][(ms / 86_400_000 % 7) as usize];
    let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = names.get(mo as usize - 1).unwrap_or(&"Jan");
    format!("{day}, {d:02} {month} {y:04} {h:02}:{mi:02}:{s:02} GMT")
}

/// Reads `2026-11-20T18:23:45.9356913Z`; also with an offset. Nothing if it is no moment after 1970.
pub fn read(text: &str) -> Option<u64> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let part = text.get(from..to)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let sign = |at: usize, c: &str| text.get(at..at + 1).filter(|s| c.contains(*s));
    (sign(4, "-").is_some() && sign(7, "-").is_some() && sign(10, "Tt ").is_some()).then_some(())?;
    (sign(13, ":").is_some() && sign(16, ":").is_some()).then_some(())?;
    let (y, mo, d) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (h, mi, s) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    ((1..=12).contains(&mo) && (1..=31).contains(&d) && h < 24 && mi < 60 && s < 61).then_some(())?;
    let mut rest = text.get(19..)?;
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    let offset = match rest {
        "Z" | "z" | "" => 0,
        _ => {
            let (hours, minutes) = rest.get(1..)?.split_once(':')?;
            let minutes = hours.parse::<i64>().ok()?.checked_mul(60)?.checked_add(minutes.parse().ok()?)?;
            (minutes.abs() < 1_440).then_some(())?;
            if rest.starts_with('-') { -minutes } else { minutes }
        }
    };
    let shifted = if mo <= 2 { y - 1 } else { y };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * (if mo > 2 { mo - 3 } else { mo + 9 }) + 2) / 5 + d - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let seconds = days * 86_400 + h * 3_600 + mi * 60 + s - offset * 60;
    u64::try_from(seconds).ok().map(|s| s * 1_000)
}

/// Reads a length as `PT5M`, `PT1H30M`, `P1D` or `PT90S`, in milliseconds.
pub fn read_length(text: &str) -> Option<u64> {
    let mut rest = text.strip_prefix('P')?;
    let mut of_day = false;
    let mut all: u64 = 0;
    let mut parts = 0;
    while !rest.is_empty() {
        if let Some(r) = rest.strip_prefix('T') {
            (!of_day).then_some(())?;
            of_day = true;
            rest = r;
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let n: u64 = rest.get(..end)?.parse().ok()?;
        let unit = match (rest.as_bytes().get(end)?, of_day) {
            (b'D', false) => 86_400,
            (b'H', true) => 3_600,
            (b'M', true) => 60,
            (b'S', true) => 1,
            _ => return None,
        };
        all = all.checked_add(n.checked_mul(unit)?.checked_mul(1_000)?)?;
        rest = rest.get(end + 1..)?;
        parts += 1;
    }
    (parts > 0).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_and_read() {
        let leap = 1_709_164_799_000;
        assert_eq!(rfc3339(leap), "2024-02-28T23:59:59Z");
        assert_eq!(rfc3339(leap + 1_000), "2024-02-29T00:00:00Z");
        assert_eq!(http_date(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
        for ms in [0, leap, 4_102_444_800_000, 1_795_199_025_000] {
            assert_eq!(read(&rfc3339(ms)), Some(ms));
        }
        assert_eq!(read("2024-02-28T23:59:59.9356913Z"), Some(leap));
        assert_eq!(read("2024-02-29T01:59:59+02:00"), Some(leap));
        for bad in [
            "",
            "tomorrow",
            "2024-13-01T00:00:00Z",
            "2024-02-28",
            "2024-02-28T23:59:59+99:99:99",
            "２０２４-02-28T23:59:59Z",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn lengths_are_read() {
        for (text, minutes) in
            [("PT5M", 5), ("PT4H", 240), ("PT1H30M", 90), ("P1D", 1_440), ("P1DT1M", 1_441)]
        {
            assert_eq!(read_length(text), Some(minutes * 60_000), "{text}");
        }
        for bad in ["", "P", "PT", "5M", "P5M", "PTM", "PT99999999999999999999H", "PT1HT1M"] {
            assert_eq!(read_length(bad), None, "{bad}");
        }
    }
}
