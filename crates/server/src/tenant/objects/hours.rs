//! Opening hours as people write them: days of the week, holidays, days that differ.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Opening hours. Times are local; a range that ends before it begins goes over midnight.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// Name shown to people.
    #[serde(default)]
    pub name: String,
    /// Time zone by its IANA name, for example `Europe/Berlin`.
    pub time_zone: String,
    /// When it is open in the week.
    #[serde(default)]
    pub week: Week,
    /// Days on which it is closed, and flows may say that it is a holiday.
    #[serde(default)]
    #[schemars(length(max = 1_000))]
    pub holidays: Vec<Day>,
    /// Holidays that several Hours share.
    #[serde(default)]
    #[schemars(length(max = 50), extend("x-ref" = "Holidays"))]
    pub holiday_sets: Vec<String>,
    /// Days with hours of their own; they count more than holidays of sets.
    #[serde(default)]
    #[schemars(length(max = 1_000))]
    pub special: Vec<DayHours>,
}

/// When it is open, as `["09:00-12:00", "13:00-17:00"]`; a day that is left out is closed.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct Week {
    #[schemars(length(max = 20), extend("x-format" = "time-range"))]
    pub mon: Vec<String>,
    #[schemars(length(max = 20), extend("x-format" = "time-range"))]
    pub tue: Vec<String>,
    #[schemars(length(max = 20), extend("x-format" = "time-range"))]
    pub wed: Vec<String>,
    #[schemars(length(max = 20), extend("x-format" = "time-range"))]
    pub thu: Vec<String>,
    #[schemars(length(max = 20), extend("x-format" = "time-range"))]
    pub fri: Vec<String>,
    #[schemars(length(max = 20), extend("x-format" = "time-range"))]
    pub sat: Vec<String>,
    #[schemars(length(max = 20), extend("x-format" = "time-range"))]
    pub sun: Vec<String>,
}

impl Week {
    /// Monday to Sunday.
    pub fn days(&self) -> [&[String]; 7] {
        [&self.mon, &self.tue, &self.wed, &self.thu, &self.fri, &self.sat, &self.sun]
    }
}

/// A holiday.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Day {
    /// `2026-12-25`.
    #[schemars(extend("x-format" = "date"))]
    pub date: String,
    /// Name shown to people.
    #[serde(default)]
    pub name: String,
}

/// A day with hours of its own.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DayHours {
    /// `2026-12-24`.
    #[schemars(extend("x-format" = "date"))]
    pub date: String,
    /// When it is open; never if empty.
    #[serde(default)]
    #[schemars(length(max = 20), extend("x-format" = "time-range"))]
    pub open: Vec<String>,
}

/// Holidays that several Hours share.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Holidays {
    /// Name shown to people.
    #[serde(default)]
    pub name: String,
    /// The days.
    #[schemars(length(max = 1_000))]
    pub days: Vec<Day>,
}
