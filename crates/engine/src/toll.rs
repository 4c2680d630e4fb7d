//! What calls to the outside may cost, and who may make them: the policy against toll fraud.
//!
//! Nothing is allowed but what stands here: calls within the tenant, to its own country, to freephone numbers, and to
//! emergency numbers. Emergency numbers pass every right and every limit, and are not counted. What is used up is counted
//! in [`ledger`](crate::ledger); who asks whom is in [`outward`](crate::outward).

use crate::destination::{Class, Destination};
use crate::ids::{AgentId, HoursId, TargetId};
use crate::timers::Time;
use alloc::boxed::Box;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The policy of a tenant. An empty one allows the own country and freephone numbers without limit, and lets no agent call
/// out: whoever makes one says what differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
/// [`Refusal::Night`]. Its minutes and spend are those of calls that began at night.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Night {
    /// When it is day. Hours that are closed by their emergency switch, or are not there, are night.
    pub hours: HoursId,
    /// What may be called then.
    pub policy: TollPolicy,
}

/// How much may be called. Each is without limit if absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// How many calls in 1,000 seconds on the whole: 2,000 is two a second.
    pub per_1000_s: u32,
    /// How many at once after a pause, at least 1.
    pub burst: u32,
}

/// What a minute costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// To which class of numbers.
    pub class: Class,
    /// In which country; in all, without.
    pub country: Option<[u8; 2]>,
    /// In millionths of the currency.
    pub per_minute: u64,
}

/// What an agent may do towards the outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// Call somebody outside.
    pub may_dial: bool,
    /// Leave a caller with somebody outside, by transfer or redirection.
    pub may_transfer_out: bool,
}

/// Why a call to the outside is refused. Variants are only ever appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Refusal {
    /// Numbers of this kind or country are not called.
    DestinationNotAllowed,
    /// Premium numbers are not called there.
    Premium,
    /// The agent has no right to it.
    NoRight,
    /// There are as many calls as may be.
    TooManyAtOnce,
    /// Calls follow each other too fast.
    TooManyPerSecond,
    /// The minutes of this day are used up.
    MinutesUsed,
    /// The money of this day is used up.
    SpendUsed,
    /// It would be allowed by day.
    Night,
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

    pub(crate) fn of_agent(&self, agent: AgentId) -> Limits {
        self.agents.iter().find(|(a, _)| *a == agent).map_or(self.agent, |(_, limits)| *limits)
    }

    pub(crate) fn of_class(&self, class: Class) -> Limits {
        self.classes.iter().find(|(c, _)| *c == class).map_or(Limits::default(), |(_, limits)| *limits)
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

    /// Where a fixed address leads.
    pub fn target(&self, target: TargetId) -> Destination {
        let found = self.targets.iter().find(|(t, _)| *t == target).map(|(_, to)| *to);
        found.unwrap_or(Destination::new(Class::Internal, [0; 2]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(class: Class, country: &[u8; 2]) -> Destination {
        Destination::new(class, *country)
    }

    #[test]
    fn nothing_is_allowed_but_what_stands_there() {
        let nothing = TollPolicy::default();
        let some = TollPolicy {
            countries: alloc::vec![*b"FR"],
            premium: alloc::vec![*b"DE"],
            special: true,
            ..TollPolicy::default()
        };
        use Class::*;
        use Refusal::DestinationNotAllowed as Not;
        for (class, country, by_default, by_some) in [
            (Internal, b"\0\0", Ok(()), Ok(())),
            (Own, b"DE", Ok(()), Ok(())),
            (Freephone, b"DE", Ok(()), Ok(())),
            (Emergency, b"DE", Ok(()), Ok(())),
            (International, b"FR", Err(Not), Ok(())),
            (International, b"CU", Err(Not), Err(Not)),
            (Premium, b"DE", Err(Refusal::Premium), Ok(())),
            (Premium, b"FR", Err(Refusal::Premium), Err(Refusal::Premium)),
            (Special, b"DE", Err(Not), Ok(())),
            (Unknown, b"DE", Err(Not), Err(Not)),
        ] {
            let to = to(class, country);
            assert_eq!((nothing.allows(to), some.allows(to)), (by_default, by_some), "{to:?}");
        }
    }

    #[test]
    fn the_price_of_the_country_goes_before_that_of_the_class() {
        let price = |class, country, per_minute| Price { class, country, per_minute };
        let config = TollConfig {
            prices: alloc::vec![
                price(Class::International, None, 300_000),
                price(Class::International, Some(*b"FR"), 20_000),
                price(Class::Own, None, 10_000),
            ],
            other_price: 999,
            ..TollConfig::default()
        };
        for (class, country, expected) in [
            (Class::International, b"FR", 20_000),
            (Class::International, b"CU", 300_000),
            (Class::Own, b"FR", 10_000),
            (Class::Premium, b"DE", 999),
            (Class::Freephone, b"DE", 0),
            (Class::Emergency, b"DE", 0),
        ] {
            assert_eq!(config.price(to(class, country)), expected, "{class:?} {country:?}");
        }
    }

    #[test]
    fn who_is_not_named_may_nothing() {
        let all = Rights { may_dial: true, may_transfer_out: true };
        let config = TollConfig { rights: alloc::vec![(AgentId(1), all)], ..TollConfig::default() };
        assert_eq!((config.rights(AgentId(1)), config.rights(AgentId(2))), (all, Rights::default()));
    }
}
