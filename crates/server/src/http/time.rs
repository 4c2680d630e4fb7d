//! Times as people write them in the API.

/// A time in milliseconds since 1970: RFC 3339 with its offset or `Z`, or a date, whose day begins where `zone_ms` says. A
/// space counts as a plus sign, which it is before the query is decoded.
pub fn read_time(text: &str, zone_ms: i64) -> Option<u64> {
    let (date, rest) = text.split_at_checked(10)?;
    let mut parts = date.split('-');
    let (year, month, day) =
        (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    if parts.next().is_some() || !(1970..=9999).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    if !(1..=days_of(year, month)).contains(&day) {
        return None;
    }
    let midnight = days(year, month, day) * 86_400_000;
    if rest.is_empty() {
        return u64::try_from(midnight - zone_ms).ok();
    }
    let rest = rest.strip_prefix(['T', 't'])?;
    let at = rest.find(['Z', 'z', '+', '-', ' '])?;
    let (time, offset) = rest.split_at(at);
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut parts = time.split(':');
    let (hour, minute) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let second = parts.next().map_or(Some(0), |s| number(s, 2))?;
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let fraction = match fraction {
        "" => 0,
        f if f.bytes().all(|b| b.is_ascii_digit()) => format!("{f:0<3}").get(..3)?.parse().ok()?,
        _ => return None,
    };
    let offset = match offset {
        "Z" | "z" => 0,
        other => offset_ms(other)?,
    };
    let ms = midnight + hour * 3_600_000 + minute * 60_000 + second * 1_000 + fraction - offset;
    u64::try_from(ms).ok()
}

/// An offset from UTC in quarters of an hour, as `+01:00`, in milliseconds.
pub fn read_offset(text: &str) -> Option<i64> {
    match text {
        "Z" | "UTC" | "none" => Some(0),
        text => offset_ms(text).filter(|ms| ms % 900_000 == 0),
    }
}

fn offset_ms(text: &str) -> Option<i64> {
    let (sign, rest) = text.split_at_checked(1)?;
    let sign = match sign {
        "+" | " " => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    (hours <= 14 && minutes <= 59).then_some(sign * (hours * 60 + minutes) * 60_000)
}

fn number(text: &str, digits: usize) -> Option<i64> {
    let good = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| good)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

// Days since 1970, counted from 1 March of the year 0 as the other way round in `view::time`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        for (text, ms) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T12:34:56.007Z", Some(951_827_696_007)),
            ("2026-11-20T01:00:00+01:00", Some(1_795_132_800_000)),
            ("2026-11-20T01:00 01:00", Some(1_795_132_800_000)),
            ("2026-11-19T19:00:00-05:00", Some(1_795_132_800_000)),
            ("2026-11-20T00:00:00.5Z", Some(1_795_132_800_500)),
            ("2026-11-20", Some(1_795_132_800_000 - 3_600_000)),
            ("2026-02-29", None),
            ("2026-13-01", None),
            ("2026-11-20T24:00:00Z", None),
            ("2026-11-20T00:00:00", None),
            ("2026-11-20T00:00:00+25:00", None),
            ("2026-11-2０", None),
            ("1969-12-31", None),
            ("", None),
            ("now", None),
        ] {
            assert_eq!(read_time(text, 3_600_000), ms, "{text}");
        }
        for ms in (0..4_000_000_000_000).step_by(86_399_987) {
            assert_eq!(read_time(&crate::view::time(engine::Time(ms)), 0), Some(ms));
        }
        for (text, ms) in [
            ("+05:45", Some(20_700_000)),
            ("-03:30", Some(-12_600_000)),
            ("+01:07", None),
            ("x", None),
            ("+1:00", None),
        ] {
            assert_eq!(read_offset(text), ms, "{text}");
        }
    }
}
