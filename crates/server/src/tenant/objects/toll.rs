//! What calls to the outside may cost, and where they may go.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where calls to the outside may go, and how many of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Toll {
    /// Other countries that may be called: `[AT, CH]`. The tenant's own may, when there is a `toll` at all.
    #[serde(default)]
    #[schemars(length(max = 250), extend("x-format" = "country"))]
    pub allowed_countries: Vec<String>,
    /// Beginnings of premium and satellite numbers that may be called all the same, in quotes: `["+49900123456"]`.
    #[serde(default)]
    #[schemars(length(max = 200), extend("x-format" = "beginning"))]
    pub premium_allowed: Vec<String>,
    /// What numbers are, where the built-in tables say something else or nothing. The longest beginning counts.
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub classes: Vec<ClassRule>,
    /// How many calls, and how long and dear.
    #[serde(default)]
    pub limits: TollLimits,
    /// The currency of prices, for people to read: `EUR`.
    #[serde(default)]
    #[schemars(extend("x-format" = "currency"))]
    pub currency: Option<String>,
    /// What a started minute costs. A price for a country goes before one for the class alone.
    #[serde(default)]
    #[schemars(length(max = 300))]
    pub prices: Vec<Price>,
    /// What a started minute costs that no price is given for, in quotes; without it nothing. Needed where spend is limited.
    #[serde(default)]
    #[schemars(extend("x-format" = "money"))]
    pub other_price: Option<String>,
    /// A running call that passes a limit of minutes or spend is ended; otherwise only new ones are refused.
    #[serde(default)]
    pub cut: bool,
    /// Whose midnight begins a new day, by its IANA name; without it UTC.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// What holds at other times than these hours.
    #[serde(default)]
    pub night: Option<Night>,
}

/// What a number is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassRule {
    /// Its beginning, as `"+49180"`, or a whole short number, as `"115"`. In quotes.
    #[schemars(extend("x-format" = "number-part"))]
    pub number: String,
    /// What it is.
    pub class: TollClass,
}

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TollClass {
    /// An ordinary number: of the tenant's own country or of another one.
    Ordinary,
    /// Free of charge, or a short number that may be called.
    Special,
    /// Dear: premium rate, shared cost, satellites, international networks.
    Premium,
}

/// What prices are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PriceClass {
    /// Ordinary numbers of the tenant's own country.
    Own,
    /// Ordinary numbers of other countries.
    International,
    /// Numbers that `premium_allowed` names, and special ones.
    Special,
}

/// What a started minute costs: of a class, of a country, or of a class in a country.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Of numbers of this class.
    #[serde(default)]
    pub class: Option<PriceClass>,
    /// Of numbers of this country; without a class of its ordinary ones.
    #[serde(default)]
    #[schemars(extend("x-format" = "country"))]
    pub country: Option<String>,
    /// The price with up to six decimals, in quotes: `"0.019"`.
    #[schemars(extend("x-format" = "money"))]
    pub per_minute: String,
}

/// How many calls, and how long and dear: of all together, and of each agent. Those of a trunk stand in the Trunk.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TollLimits {
    /// Of all calls to the outside together.
    #[serde(default)]
    pub tenant: Limits,
    /// Of each agent's; `toll_limits` of a User stands in place of it.
    #[serde(default)]
    pub agent: Limits,
    /// Of all calls of a class together.
    #[serde(default)]
    pub classes: ClassLimits,
}

/// Limits of classes of numbers.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassLimits {
    /// Of ordinary numbers of the tenant's own country.
    #[serde(default)]
    pub own: Option<Limits>,
    /// Of ordinary numbers of other countries.
    #[serde(default)]
    pub international: Option<Limits>,
    /// Of numbers that `premium_allowed` names, and of special ones.
    #[serde(default)]
    pub special: Option<Limits>,
}

impl ClassLimits {
    /// Each class that has limits.
    pub fn each(&self) -> impl Iterator<Item = (PriceClass, &Limits)> {
        let own = self.own.as_ref().map(|l| (PriceClass::Own, l));
        let international = self.international.as_ref().map(|l| (PriceClass::International, l));
        let special = self.special.as_ref().map(|l| (PriceClass::Special, l));
        [own, international, special].into_iter().flatten()
    }
}

/// Limits; what is not there is not limited. Emergency numbers pass all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Calls begun in a second.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000))]
    pub calls_per_second: Option<u32>,
    /// Calls at a time.
    #[serde(default)]
    #[schemars(range(min = 0, max = 20_000))]
    pub concurrent: Option<u32>,
    /// Started minutes of a day.
    #[serde(default)]
    #[schemars(range(min = 0, max = 10_000_000))]
    pub minutes_per_day: Option<u32>,
    /// What a day may cost, in quotes: `"150.00"`.
    #[serde(default)]
    #[schemars(extend("x-format" = "money"))]
    pub spend_per_day: Option<String>,
}

/// What holds outside given hours. It can only take away.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Night {
    /// When it does not hold.
    #[schemars(extend("x-ref" = "Hours"))]
    pub hours: String,
    /// Other countries that may be called then; those of the day that are not here may not.
    #[serde(default)]
    #[schemars(length(max = 250), extend("x-format" = "country"))]
    pub allowed_countries: Vec<String>,
    /// Limits then; what is not here is as by day.
    #[serde(default)]
    pub limits: TollLimits,
}
