//! Opening hours for the engine: a time zone becomes the list of its offsets, words become minutes and days.
//!
//! The zone database comes with the program, and the span of years is fixed, so that the same files mean the same on
//! every machine and every day; nothing here reads a clock.

use crate::tenant::objects::{Day, Hours};
use engine::{HoursConfig, HoursId, SpecialDay, Time};
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::collections::{BTreeMap, BTreeSet};

/// The first year whose changes of the clock are known, and the first year whose are not.
const YEARS: (i16, i16) = (2020, 2045);
/// Minutes of a day.
const DAY: u16 = 1_440;

/// Something wrong: JSON pointer of the part, and what.
pub type Fault = (String, String);

/// Opening hours from what people wrote, and the holidays of the sets that they name.
///
/// # Errors
/// Everything that is wrong.
pub fn compile(id: HoursId, hours: &Hours, sets: &[&[Day]]) -> Result<HoursConfig, Vec<Fault>> {
    let mut faults = Vec::new();
    let offsets = offsets(&hours.time_zone).unwrap_or_else(|what| {
        faults.push(("/time_zone".into(), what));
        Vec::new()
    });
    let mut own: [Vec<(u16, u16)>; 7] = Default::default();
    for (n, (day, name)) in hours.week.days().into_iter().zip(NAMES).enumerate() {
        own[n] = ranges(day, &format!("/week/{name}"), &mut faults);
    }
    let mut special: BTreeMap<i32, Own> = BTreeMap::new();
    for day in sets.iter().flat_map(|set| set.iter()) {
        // What is wrong with a set's own days is said of the set.
        if let Ok(day) = read_date(&day.date) {
            special.insert(day, (Vec::new(), true));
        }
    }
    let mut seen = BTreeSet::new();
    let mut add =
        |place: String, date: &str, open: Vec<(u16, u16)>, holiday: bool, faults: &mut Vec<Fault>| {
            match read_date(date) {
                Ok(day) if seen.insert(day) => {
                    special.insert(day, (open, holiday));
                }
                Ok(_) => faults.push((place, format!("{date} stands here twice"))),
                Err(what) => faults.push((place, format!("{date:?}: {what}"))),
            }
        };
    for (n, day) in hours.special.iter().enumerate() {
        let open = ranges(&day.open, &format!("/special/{n}/open"), &mut faults);
        add(format!("/special/{n}/date"), &day.date, open, false, &mut faults);
    }
    for (n, day) in hours.holidays.iter().enumerate() {
        add(format!("/holidays/{n}/date"), &day.date, Vec::new(), true, &mut faults);
    }
    if own.iter().all(Vec::is_empty) && special.values().all(|(open, _)| open.is_empty()) && faults.is_empty()
    {
        faults.push(("".into(), "these hours never open: give a day of the week, or a special day".into()));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut week: [Vec<(u16, u16)>; 7] = Default::default();
    for n in 0..7 {
        week[n] = joined([today(&own[n]), tomorrow(&own[(n + 6) % 7])].concat());
    }
    Ok(HoursConfig { id, offsets, special: special_days(&own, &week, &special), week })
}

/// The ranges of a day, and whether it is a holiday.
type Own = (Vec<(u16, u16)>, bool);

// A special day is what it says from midnight to midnight, whatever began the evening before; and what it leaves out
// or brings after midnight changes the day behind it.
fn special_days(
    own: &[Vec<(u16, u16)>; 7],
    week: &[Vec<(u16, u16)>; 7],
    special: &BTreeMap<i32, Own>,
) -> Vec<SpecialDay> {
    let mut days: BTreeMap<i32, SpecialDay> = BTreeMap::new();
    for (day, (open, holiday)) in special {
        let mut ranges = today(open);
        if let Some((before, _)) = special.get(&(day - 1)) {
            ranges.extend(tomorrow(before));
        }
        days.insert(*day, SpecialDay { day: *day, open: joined(ranges), holiday: *holiday });
        if special.contains_key(&(day + 1)) {
            continue;
        }
        // 1 January 1970 was a Thursday.
        let weekday = (day + 1 + 3).rem_euclid(7) as usize;
        let open = joined([today(&own[weekday]), tomorrow(open)].concat());
        if open != week[weekday] {
            days.insert(day + 1, SpecialDay { day: day + 1, open, holiday: false });
        }
    }
    days.into_values().collect()
}

const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn ranges(texts: &[String], place: &str, faults: &mut Vec<Fault>) -> Vec<(u16, u16)> {
    let mut found: Vec<(u16, u16)> = Vec::new();
    for (n, text) in texts.iter().enumerate() {
        match read_range(text) {
            Ok(range) => {
                let over = |(from, to): (u16, u16)| if to <= from { (from, to + DAY) } else { (from, to) };
                let (from, to) = over(range);
                if found.iter().any(|other| from < over(*other).1 && over(*other).0 < to) {
                    faults.push((
                        format!("{place}/{n}"),
                        format!("{text:?} overlaps with another range of the day"),
                    ));
                }
                found.push(range);
            }
            Err(what) => faults.push((format!("{place}/{n}"), format!("{text:?}: {what}"))),
        }
    }
    found
}

// The part of ranges that lies on the day they begin.
fn today(ranges: &[(u16, u16)]) -> Vec<(u16, u16)> {
    ranges.iter().map(|(from, to)| if to <= from { (*from, DAY) } else { (*from, *to) }).collect()
}

// The part that lies on the day after.
fn tomorrow(ranges: &[(u16, u16)]) -> Vec<(u16, u16)> {
    ranges.iter().filter(|(from, to)| to <= from && *to > 0).map(|(_, to)| (0, *to)).collect()
}

fn joined(mut ranges: Vec<(u16, u16)>) -> Vec<(u16, u16)> {
    ranges.sort_unstable();
    let mut joined: Vec<(u16, u16)> = Vec::new();
    for (from, to) in ranges {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// Reads `09:00-17:30` into minutes of the day. `22:00-06:00` goes over midnight; `24:00` is midnight at its end.
///
/// # Errors
/// A sentence.
pub fn read_range(text: &str) -> Result<(u16, u16), String> {
    let minutes = |t: &str| {
        let (h, m) = t.split_once(':')?;
        let number =
            |s: &str| (s.len() == 2 && s.bytes().all(|c| c.is_ascii_digit())).then(|| s.parse::<u16>().ok());
        let (h, m) = (number(h)??, number(m)??);
        (h < 24 && m < 60 || h == 24 && m == 0).then_some(h * 60 + m)
    };
    let read = text.split_once('-').and_then(|(from, to)| Some((minutes(from)?, minutes(to)?)));
    match read {
        Some((from, to)) if from == to || from == DAY => {
            Err("this is no time at all: a whole day is 00:00-24:00".into())
        }
        Some(range) => Ok(range),
        None => Err("a range of hours is written as \"09:00-17:30\"".into()),
    }
}

/// Reads `2026-12-25` into days since 1 January 1970.
///
/// # Errors
/// A sentence.
pub fn read_date(text: &str) -> Result<i32, String> {
    let shape = text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
    let date: Date = shape.then(|| text.parse().ok()).flatten().ok_or("a date is written as 2026-12-25")?;
    if !(YEARS.0..YEARS.1).contains(&date.year()) {
        return Err(format!("the year must be {} to {}", YEARS.0, YEARS.1 - 1));
    }
    let zoned = date.to_zoned(TimeZone::UTC).map_err(|e| e.to_string())?;
    Ok(zoned.timestamp().as_second().div_euclid(86_400) as i32)
}

/// By how many seconds local time is ahead of UTC, from when on: in rising order, the first from 0 on.
///
/// # Errors
/// A sentence.
pub fn offsets(zone: &str) -> Result<Vec<(Time, i32)>, String> {
    let unknown = || format!("there is no time zone {zone:?}: write its IANA name, as Europe/Berlin");
    let zone = TimeZoneDatabase::bundled().get(zone).map_err(|_| unknown())?;
    let begin = |year: i16| -> Result<jiff::Timestamp, String> {
        let date =
            Date::new(year, 1, 1).and_then(|d| d.to_zoned(TimeZone::UTC)).map_err(|e| e.to_string())?;
        Ok(date.timestamp())
    };
    let (from, to) = (begin(YEARS.0)?, begin(YEARS.1)?);
    let mut offsets = vec![(Time(0), zone.to_offset(from).seconds())];
    // Zones change their clocks twice a year at most; the limit is for a database that says otherwise.
    for change in zone.following(from).take_while(|c| c.timestamp() < to).take(1_000) {
        let at = u64::try_from(change.timestamp().as_millisecond()).unwrap_or_default();
        if offsets.last().is_none_or(|(_, last)| *last != change.offset().seconds()) {
            offsets.push((Time(at), change.offset().seconds()));
        }
    }
    Ok(offsets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::objects::{DayHours, Week};

    fn hours(zone: &str, week: Week) -> Hours {
        Hours {
            name: String::new(),
            time_zone: zone.into(),
            week,
            holidays: Vec::new(),
            holiday_sets: Vec::new(),
            special: Vec::new(),
        }
    }

    fn texts(ranges: &[&str]) -> Vec<String> {
        ranges.iter().map(ToString::to_string).collect()
    }

    fn made(h: &Hours) -> HoursConfig {
        compile(HoursId(1), h, &[]).unwrap()
    }

    fn utc(text: &str) -> Time {
        Time(text.parse::<jiff::Timestamp>().unwrap().as_millisecond() as u64)
    }

    #[track_caller]
    fn check(h: &HoursConfig, cases: &[(&str, bool)]) {
        for (at, open) in cases {
            assert_eq!(h.is_open(utc(at)), *open, "{at}");
        }
    }

    fn weekday(ranges: &[&str]) -> Week {
        let all = texts(ranges);
        Week {
            mon: all.clone(),
            tue: all.clone(),
            wed: all.clone(),
            thu: all.clone(),
            fri: all,
            ..Week::default()
        }
    }

    #[test]
    fn berlin_changes_its_clock_both_ways() {
        let h = made(&hours("Europe/Berlin", weekday(&["09:00-12:00", "13:00-17:00"])));
        check(
            &h,
            &[
                // Friday before and Monday after the change of 29 March 2026.
                ("2026-03-27T07:59:59Z", false),
                ("2026-03-27T08:00:00Z", true),
                ("2026-03-30T06:59:59Z", false),
                ("2026-03-30T07:00:00Z", true),
                ("2026-03-30T10:30:00Z", false),
                // Friday before and Monday after the change of 25 October 2026.
                ("2026-10-23T07:00:00Z", true),
                ("2026-10-26T07:00:00Z", false),
                ("2026-10-26T08:00:00Z", true),
                // The rule goes on for years.
                ("2044-07-04T07:00:00Z", true),
                ("2044-12-05T07:00:00Z", false),
            ],
        );
    }

    #[test]
    fn south_of_the_equator_summer_is_in_january() {
        let h = made(&hours("Australia/Sydney", weekday(&["09:00-17:00"])));
        // 09:00 there is 22:00 UTC of the day before in January, 23:00 in July.
        check(
            &h,
            &[
                ("2026-01-14T21:59:00Z", false),
                ("2026-01-14T22:00:00Z", true),
                ("2026-07-14T22:00:00Z", false),
                ("2026-07-14T23:00:00Z", true),
            ],
        );
    }

    #[test]
    fn a_zone_without_changes_has_one_offset() {
        let h = made(&hours("Asia/Kolkata", weekday(&["09:00-17:00"])));
        assert_eq!(h.offsets, [(Time(0), 19_800)]);
    }

    #[test]
    fn a_range_over_midnight_lies_on_two_days() {
        let week = Week { fri: texts(&["22:00-06:00"]), sun: texts(&["20:00-24:00"]), ..Week::default() };
        let h = made(&hours("UTC", week));
        assert_eq!(h.week[4], [(1_320, 1_440)]);
        assert_eq!(h.week[5], [(0, 360)]);
        assert_eq!(h.week[6], [(1_200, 1_440)]);
        assert!(h.week[0].is_empty());
        // Friday 6 March 2026.
        check(
            &h,
            &[
                ("2026-03-06T21:59:00Z", false),
                ("2026-03-06T23:59:59Z", true),
                ("2026-03-07T05:59:00Z", true),
                ("2026-03-07T06:00:00Z", false),
            ],
        );
    }

    #[test]
    fn a_holiday_takes_its_night_shift_with_it() {
        let week = Week { fri: texts(&["22:00-06:00"]), sat: texts(&["10:00-12:00"]), ..Week::default() };
        let day = |date: &str| Day { date: date.into(), name: String::new() };
        let h = Hours { holidays: vec![day("2026-03-06")], ..hours("UTC", week) };
        let h = made(&h);
        check(
            &h,
            &[
                ("2026-03-06T23:00:00Z", false),
                ("2026-03-07T05:00:00Z", false),
                ("2026-03-07T11:00:00Z", true),
                ("2026-03-14T05:00:00Z", true),
            ],
        );
        assert!(h.is_holiday(utc("2026-03-06T12:00:00Z")) && !h.is_holiday(utc("2026-03-07T12:00:00Z")));
    }

    #[test]
    fn a_special_day_counts_more_than_a_holiday_of_a_set() {
        let set = [Day { date: "2026-12-24".into(), name: String::new() }];
        let special =
            vec![DayHours { date: "2026-12-24".into(), open: texts(&["09:00-12:00", "20:00-02:00"]) }];
        let h = Hours { special, ..hours("UTC", weekday(&["09:00-17:00"])) };
        let h = compile(HoursId(1), &h, &[&set]).unwrap();
        check(
            &h,
            &[
                ("2026-12-24T10:00:00Z", true),
                ("2026-12-24T13:00:00Z", false),
                ("2026-12-25T01:00:00Z", true),
                ("2026-12-25T10:00:00Z", true),
            ],
        );
        assert!(!h.is_holiday(utc("2026-12-24T10:00:00Z")));
    }

    #[test]
    fn what_is_wrong_is_said_all_at_once() {
        let week = Week { mon: texts(&["09:00-12:00", "11:00-13:00", "9-5"]), ..Week::default() };
        let special = ["2026-12-24", "2026-12-24", "2026-02-30"]
            .map(|date| DayHours { date: date.into(), open: Vec::new() })
            .into();
        let faults = compile(HoursId(1), &Hours { special, ..hours("Mars/Olympus", week) }, &[]).unwrap_err();
        let places: Vec<&str> = faults.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(
            places,
            ["/time_zone", "/week/mon/1", "/week/mon/2", "/special/1/date", "/special/2/date"]
        );
        let never = compile(HoursId(1), &hours("UTC", Week::default()), &[]).unwrap_err();
        assert!(never[0].1.contains("never open"));
    }

    #[test]
    fn ranges_and_dates() {
        for bad in ["", "09:00", "09:00-25:00", "09:60-10:00", "09:00-09:00", "9:00-10:00", "24:00-10:00"] {
            assert!(read_range(bad).is_err(), "{bad}");
        }
        assert_eq!(read_range("00:00-24:00"), Ok((0, 1_440)));
        assert_eq!(read_date("2026-05-06"), Ok(20_579));
        for bad in ["", "2026-2-3", "2026-02-30", "1999-01-01", "2026-05-06T1", "20260506xx"] {
            assert!(read_date(bad).is_err(), "{bad}");
        }
    }
}
