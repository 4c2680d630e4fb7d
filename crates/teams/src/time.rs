//! Moments, as they come from outside.

use core::time::Duration;

/// A moment: milliseconds since 1970-01-01T00:00:00Z by the machine's clock, which must be within five minutes of
/// Microsoft's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Time(pub u64);

impl Time {
    /// From whole seconds since 1970, as tokens count.
    pub const fn from_secs(secs: u64) -> Time {
        Time(secs.saturating_mul(1000))
    }

    /// Whole seconds since 1970.
    pub const fn secs(self) -> u64 {
        self.0 / 1000
    }

    /// A later moment; the last one there is, if that would be beyond it.
    pub fn plus(self, by: Duration) -> Time {
        Time(self.0.saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)))
    }

    /// The time since an earlier moment; none if it lies ahead.
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// As Graph writes it: RFC 3339 in UTC, whole seconds. Years after 9999 are written as the last second of 9999.
    pub fn rfc3339(self) -> String {
        let secs = self.secs().min(253_402_300_799);
        let (days, rest) = (secs / 86_400, secs % 86_400);
        let (y, m, d) = civil(days);
        format!("{y:04}-{m:02}-{d:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
    }

    /// Reads RFC 3339 with any offset and any number of decimals. Nothing for what is no moment, or one before 1970.
    pub fn parse_rfc3339(text: &str) -> Option<Time> {
        let (date, rest) = text.split_at_checked(10)?;
        let mut parts = date.splitn(3, '-').map(number);
        let (y, m, d) = (parts.next()??, parts.next()??, parts.next()??);
        let rest = rest.strip_prefix(['T', 't'])?;
        let (clock, rest) = rest.split_at_checked(8)?;
        let mut parts = clock.splitn(3, ':').map(number);
        let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
        if !(1..=12).contains(&m) || !(1..=31).contains(&d) || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let (ms, rest) = match rest.strip_prefix('.') {
            Some(rest) => {
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                let digits = rest.get(..end)?;
                let thousandths = digits.chars().chain("000".chars()).take(3).collect::<String>();
                (if digits.is_empty() { return None } else { number(&thousandths)? }, rest.get(end..)?)
            }
            None => (0, rest),
        };
        let ahead = match rest {
            "Z" | "z" => 0,
            _ => {
                let (sign, offset) = rest.split_at_checked(1)?;
                let (h, m) = offset.split_once(':')?;
                let (h, m) = (number(h)?, number(m)?);
                let secs = i64::try_from(h.min(24) * 3600 + m.min(60) * 60).ok()?;
                match sign {
                    "+" => secs,
                    "-" => -secs,
                    _ => return None,
                }
            }
        };
        let secs = i64::try_from(days(y, m, d)? * 86_400 + hour * 3600 + minute * 60 + second).ok()? - ahead;
        Some(Time(u64::try_from(secs).ok()?.checked_mul(1000)?.checked_add(ms)?))
    }
}

/// Digits only, at most nine of them.
fn number(text: &str) -> Option<u64> {
    let fits = (1..=9).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// Days since 1970 of a date of the Gregorian calendar. Years are counted from March, so that leap days come last.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let (y, m) = if month < 3 { (year.checked_sub(1)?, month + 9) } else { (year, month - 3) };
    let of_year = (153 * m + 2) / 5 + day - 1;
    (y * 365 + y / 4 + y / 400 + of_year).checked_sub(y / 100 + 719_468)
}

/// The date of a day since 1970.
fn civil(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (d, m) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    (yoe + era * 400 + u64::from(m < 3), m, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_and_read() {
        for (secs, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_168_800, "2026-11-20T10:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(Time::from_secs(secs).rfc3339(), text);
            assert_eq!(Time::parse_rfc3339(text), Some(Time::from_secs(secs)), "{text}");
        }
    }

    #[test]
    fn offsets_and_decimals_are_read() {
        let moment = Some(Time(1_795_168_800_120));
        for text in
            ["2026-11-20T10:00:00.12Z", "2026-11-20T11:00:00.1200000+01:00", "2026-11-20t04:30:00.120-05:30"]
        {
            assert_eq!(Time::parse_rfc3339(text), moment, "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in [
            "",
            "2026-11-20",
            "2026-13-20T10:00:00Z",
            "2026-11-20T10:00:00",
            "2026-11-20T10:00:00.Z",
            "2026-11-20 10:00:00Z",
            "1969-12-31T23:59:59Z",
            "0000-01-01T00:00:00Z",
            "2026-11-20T10:00:00+aa:00",
            "2026-11-2é10:00:00Z",
        ] {
            assert_eq!(Time::parse_rfc3339(text), None, "{text}");
        }
    }
}
