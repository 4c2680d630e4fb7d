//! The policy of calls to the outside, in the engine's terms: what may be called, by whom, and how much.

use engine::{AgentId, HoursId, TargetId, Time};

/// What a called number is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Destination {
    /// What kind of number.
    pub class: Class,
    /// ISO 3166 code of its country; zeros if it has none or it is not known.
    pub country: [u8; 2],
}

impl Destination {
    /// A destination of a class in a country.
    pub fn new(class: Class, country: [u8; 2]) -> Destination {
        Destination { class, country }
    }
}

/// A kind of number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The door could not tell: never called.
    #[default]
    Unknown,
    /// One of ours: an extension, a phone, a number of the tenant.
    Internal,
    /// A geographic or mobile number of the tenant's own country.
    Own,
    /// A geographic or mobile number of another country, and whatever else is priced like one.
    International,
    /// A number that costs the caller more than the call: premium rate, shared cost, satellites.
    Premium,
    /// An emergency number.
    Emergency,
    /// A number that costs the caller nothing.
    Freephone,
    /// A short code or service number that may cost something.
    Special,
}

impl Class {
    /// The class's name in the configuration and the API.
    pub fn name(self) -> &'static str {
        match self {
            Class::Unknown => "unknown",
            Class::Internal => "internal",
            Class::Own => "own",
            Class::International => "international",
            Class::Premium => "premium",
            Class::Emergency => "emergency",
            Class::Freephone => "freephone",
            Class::Special => "special",
        }
    }
}
/// The policy of a tenant. An empty one allows the own country and freephone numbers without limit, and lets no agent call
/// out: whoever makes one says what differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TollConfig {
    /// From when on local time is ahead of UTC by how many seconds; in rising order, the first from 0 on. A day of minutes
    /// and spend ends at local midnight.
    pub offsets: Vec<(Time, i32)>,
    /// What holds always.
    pub policy: TollPolicy,
    /// What holds besides outside of some hours.
    pub night: Option<Box<Night>>,
    /// What minutes cost. A price for the country goes before one for the class alone.
    pub prices: Vec<Price>,
    /// What a minute costs that no price is given for, in millionths of the currency.
    pub other_price: u64,
    /// Fixed addresses that lie in the telephone network; all others are internal.
    pub targets: Vec<(TargetId, Destination)>,
    /// What agents may. Who does not stand here may nothing.
    pub rights: Vec<(AgentId, Rights)>,
    /// Whether a call is ended when its next minute would exceed minutes or spend of a day. Without, only new calls are
    /// refused.
    pub cut: bool,
}

/// What may be called, and how much.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TollPolicy {
    /// Other countries that may be called.
    pub countries: Vec<[u8; 2]>,
    /// Countries whose premium numbers may be called; `[0, 0]` are those of no country.
    pub premium: Vec<[u8; 2]>,
    /// Whether short codes and service numbers may be called.
    pub special: bool,
    /// Limits of all calls of the tenant together.
    pub tenant: Limits,
    /// Limits of each agent who has none of their own.
    pub agent: Limits,
    /// Limits of agents in place of `agent`.
    pub agents: Vec<(AgentId, Limits)>,
    /// Limits of all calls of a class together.
    pub classes: Vec<(Class, Limits)>,
}

/// What holds outside of some hours, in addition to what holds always: whatever this policy refuses is refused as
/// refused by night. Its minutes and spend are those of calls that began at night.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Night {
    /// When it is day. Hours that are closed by their emergency switch, or are not there, are night.
    pub hours: HoursId,
    /// What may be called then.
    pub policy: TollPolicy,
}

/// How much may be called. Each is without limit if absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// How fast calls may follow each other.
    pub rate: Option<Rate>,
    /// How many calls there may be at once, those that ring included.
    pub at_once: Option<u32>,
    /// How many minutes a day. Each minute that begins counts.
    pub minutes: Option<u64>,
    /// How much a day, in millionths of the currency.
    pub spend: Option<u64>,
}

/// How fast calls may follow each other: a bucket of tokens, one for each call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many calls in 1,000 seconds on the whole: 2,000 is two a second.
    pub per_1000_s: u32,
    /// How many at once after a pause, at least 1.
    pub burst: u32,
}

/// What a minute costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// To which class of numbers.
    pub class: Class,
    /// In which country; in all, without.
    pub country: Option<[u8; 2]>,
    /// In millionths of the currency.
    pub per_minute: u64,
}

/// What an agent may do towards the outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Call somebody outside.
    pub may_dial: bool,
    /// Leave a caller with somebody outside, by transfer or redirection.
    pub may_transfer_out: bool,
}

/// Why a call to the outside is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// Numbers of this kind or country are not called.
    DestinationNotAllowed,
    /// Premium numbers are not called there.
    Premium,
    /// The agent has no right to it.
    NoRight,
}

impl TollPolicy {
    /// Whether numbers of this kind are called at all.
    ///
    /// # Errors
    /// Why not.
    pub fn allows(&self, to: Destination) -> Result<(), Refusal> {
        let allowed = match to.class {
            Class::Internal | Class::Own | Class::Emergency | Class::Freephone => true,
            Class::International => self.countries.contains(&to.country),
            Class::Special => self.special,
            Class::Premium if self.premium.contains(&to.country) => true,
            Class::Premium => return Err(Refusal::Premium),
            Class::Unknown => false,
        };
        if allowed { Ok(()) } else { Err(Refusal::DestinationNotAllowed) }
    }
}

impl TollConfig {
    /// What a minute to a destination costs, in millionths of the currency.
    pub fn price(&self, to: Destination) -> u64 {
        let find = |country| self.prices.iter().find(|p| p.class == to.class && p.country == country);
        let free = matches!(to.class, Class::Internal | Class::Emergency | Class::Freephone);
        let other = if free { 0 } else { self.other_price };
        find(Some(to.country)).or_else(|| find(None)).map_or(other, |p| p.per_minute)
    }

    /// What an agent may.
    pub fn rights(&self, agent: AgentId) -> Rights {
        self.rights.iter().find(|(a, _)| *a == agent).map_or(Rights::default(), |(_, rights)| *rights)
    }
}
