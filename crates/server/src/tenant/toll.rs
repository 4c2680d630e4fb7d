//! What calls to the outside may cost: from what people write to the policy that the engine keeps.

use crate::tenant::destination::{Classes, Classified};
use crate::tenant::everything::{Everything, Names};
use crate::tenant::objects::{self, PriceClass, Tenant, Toll};
use crate::tenant::{DialPlan, calling_codes, hours, money, number_ranges};
use engine::{AgentId, HoursId};
use engine::{Class, Limits, Night, Price, Rate, Refusal, Rights, TollConfig, TollPolicy};
use teams::bot::WhyNot;

/// Something wrong with the tenant: JSON pointer of the part, and what.
pub type Fault = (String, String);

/// What the tenant and the tables say of numbers.
pub fn classes(tenant: &Tenant, plan: &DialPlan) -> Classes {
    let known = Classes::new(tenant.country.as_deref(), plan, tenant.dial.emergency.as_deref());
    match &tenant.toll {
        Some(toll) => Classes {
            said: toll.classes.iter().map(|c| (c.number.clone(), c.class)).collect(),
            premium_allowed: toll.premium_allowed.clone(),
            ..known
        },
        // A beginning in the dial plan is no right to dear numbers, however exactly it is written: "+4990" is one of
        // ordinary numbers and of premium ones. Only `toll.premium_allowed` and `toll.classes` are.
        None => known,
    }
}

/// Whether a number outside may be called at all, whoever calls and how much was called before.
#[derive(Clone, Copy, Debug)]
pub struct Gate<'a> {
    /// How numbers are read, and the beginnings that may be called.
    pub plan: &'a DialPlan,
    /// What numbers are.
    pub classes: &'a Classes,
    /// What may be called.
    pub policy: &'a TollPolicy,
}

/// A number outside that may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    /// `+` and digits, or a short number.
    pub number: String,
    /// What it is.
    pub classified: Classified,
}

/// Why a number outside may not be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotCalled {
    /// It is no number that is known.
    NoNumber,
    /// The tenant calls nobody outside: it has neither `dial.allow` nor `toll`.
    Nobody,
    /// `dial.allow` and `dial.deny` do not allow its beginning.
    Beginning(Classified),
    /// The toll does not allow what it is.
    Toll(Refusal, Classified),
}

impl NotCalled {
    /// The same for whoever wanted to call.
    pub fn why_not(&self) -> WhyNot {
        match self {
            NotCalled::NoNumber => WhyNot::NotANumber,
            NotCalled::Nobody => WhyNot::NobodyOutside,
            NotCalled::Beginning(_) => WhyNot::BeginningNotAllowed,
            NotCalled::Toll(Refusal::DestinationNotAllowed, c)
                if c.destination.class == Class::International =>
            {
                WhyNot::CountryNotAllowed
            }
            NotCalled::Toll(refusal, _) => why_not(*refusal),
        }
    }
}

/// What the engine refused, for whoever wanted to call.
pub fn why_not(refusal: Refusal) -> WhyNot {
    match refusal {
        Refusal::DestinationNotAllowed => WhyNot::DestinationNotAllowed,
        Refusal::Premium => WhyNot::Premium,
        Refusal::NoRight => WhyNot::NoRight,
        Refusal::TooManyAtOnce => WhyNot::TooManyAtOnce,
        Refusal::TooManyPerSecond => WhyNot::TooManyPerSecond,
        Refusal::MinutesUsed => WhyNot::MinutesUsed,
        Refusal::SpendUsed => WhyNot::SpendUsed,
        Refusal::Night => WhyNot::Night,
    }
}

impl std::fmt::Display for NotCalled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let country = |c: &Classified| match std::str::from_utf8(&c.destination.country) {
            Ok(name) if c.destination.country != [0; 2] => name.to_string(),
            _ => "no country".into(),
        };
        match self {
            NotCalled::NoNumber => f.write_str("this is no number of the world: write it as \"+4942112345\""),
            NotCalled::Nobody => f.write_str(
                "nobody outside is called: give the tenant a toll, or name the beginnings that may be called in dial.allow",
            ),
            NotCalled::Beginning(_) => f.write_str("the tenant's dial.allow and dial.deny do not allow this number"),
            NotCalled::Toll(Refusal::Premium, c) => write!(
                f,
                "premium numbers are not called ({}): toll.premium_allowed would have to name its beginning",
                c.because
            ),
            NotCalled::Toll(_, c) if c.destination.class == Class::International => write!(
                f,
                "numbers of {0} are not called: toll.allowed_countries would have to name {0}",
                country(c)
            ),
            NotCalled::Toll(_, c) => write!(f, "numbers like this are not called: {}", c.because),
        }
    }
}

impl Gate<'_> {
    /// As [`Gate::outward`], but only numbers of the world: no caller and no flow has an emergency number called.
    ///
    /// # Errors
    /// Why not.
    pub fn world(&self, number: &str) -> Result<Outside, NotCalled> {
        self.outward(number)
            .and_then(|to| if to.number.starts_with('+') { Ok(to) } else { Err(NotCalled::NoNumber) })
    }

    /// The number to call, and what it is, if it may be called. Emergency numbers always may.
    ///
    /// # Errors
    /// Why not.
    pub fn outward(&self, number: &str) -> Result<Outside, NotCalled> {
        let (number, by_plan) = match self.plan.international(number) {
            Some(world) => {
                let by_plan = self.plan.allows(&world);
                (world, by_plan)
            }
            // Short numbers have no beginning that the plan could name.
            None => (number.to_string(), !self.plan.allow.is_empty()),
        };
        let classified = self.classes.classify(&number);
        match classified.destination.class {
            Class::Emergency => return Ok(Outside { number, classified }),
            Class::Unknown if !number.starts_with('+') => return Err(NotCalled::NoNumber),
            _ if self.plan.allow.is_empty() => return Err(NotCalled::Nobody),
            _ if !by_plan => return Err(NotCalled::Beginning(classified)),
            _ => {}
        }
        match self.policy.allows(classified.destination) {
            Ok(()) => Ok(Outside { number, classified }),
            Err(refusal) => Err(NotCalled::Toll(refusal, classified)),
        }
    }
}

/// The policy for the engine, without the fixed numbers of flows.
///
/// # Errors
/// Everything that is wrong.
pub fn policy(
    tenant: &Tenant,
    everything: &Everything,
    plan: &DialPlan,
    names: &Names,
) -> Result<TollConfig, Vec<Fault>> {
    let mut faults = Vec::new();
    let rights = everything.users.iter().filter_map(|(id, user)| {
        let agent = AgentId(names.number("User", id)?);
        Some((agent, Rights { may_dial: user.may_dial, may_transfer_out: user.may_transfer_out }))
    });
    let mut config = TollConfig { rights: rights.collect(), ..TollConfig::default() };
    config.policy.special = true;
    match &tenant.toll {
        Some(toll) => with_toll(&mut config, toll, everything, names, &mut faults),
        // The countries that the dial plan names.
        None => {
            config.policy.countries = plan.allow.iter().flat_map(|b| countries_of(b)).collect();
            config.policy.countries.sort_unstable();
            config.policy.countries.dedup();
        }
    }
    if faults.is_empty() { Ok(config) } else { Err(faults) }
}

// The countries of a beginning: the one that it lies in, of a calling code that several share the largest; all of those
// whose calling codes begin with it, where it is shorter than a calling code.
fn countries_of(beginning: &str) -> Vec<[u8; 2]> {
    let digits = beginning.trim_start_matches('+');
    let code = |text: &str| calling_codes::country(text).filter(|country| *country != [0; 2]);
    let is_code = |n: usize| digits.get(..n).is_some_and(|text| code(text).is_some());
    if digits.starts_with('1') || digits.len() >= 3 || (1..=3).any(is_code) {
        let known = number_ranges::look(&format!("{beginning:0<12}"));
        return known.map(|k| k.country).filter(|country| *country != [0; 2]).into_iter().collect();
    }
    let longer = |n: usize| (0..10u32.pow(n as u32)).map(move |more| format!("{digits}{more:0n$}"));
    (1..=3 - digits.len()).flat_map(longer).filter_map(|text| code(&text)).collect()
}

fn with_toll(
    config: &mut TollConfig,
    toll: &Toll,
    everything: &Everything,
    names: &Names,
    faults: &mut Vec<Fault>,
) {
    let zone = toll.time_zone.as_deref().unwrap_or("UTC");
    config.offsets = hours::offsets(zone).unwrap_or_else(|what| {
        faults.push(("/toll/time_zone".into(), what));
        Vec::new()
    });
    config.cut = toll.cut;
    config.prices = prices(toll, faults);
    config.other_price = amount(toll.other_price.as_deref(), "/toll/other_price", faults).unwrap_or_default();
    config.policy.countries = countries(&toll.allowed_countries);
    config.policy.tenant = limits(&toll.limits.tenant, "/toll/limits/tenant", faults);
    config.policy.agent = limits(&toll.limits.agent, "/toll/limits/agent", faults);
    for (class, of_class) in toll.limits.classes.each() {
        let read = limits(of_class, &format!("/toll/limits/classes/{}", class_of(class).name()), faults);
        config.policy.classes.push((class_of(class), read));
    }
    for (id, user) in &everything.users {
        let (Some(own), Some(n)) = (&user.toll_limits, names.number("User", id)) else { continue };
        // What is wrong with them is said of the user.
        config.policy.agents.push((AgentId(n), limits(own, "", &mut Vec::new())));
    }
    if let Some(night) = &toll.night {
        let mut policy = TollPolicy {
            special: true,
            countries: countries(&night.allowed_countries),
            ..TollPolicy::default()
        };
        policy.tenant = limits(&night.limits.tenant, "/toll/night/limits/tenant", faults);
        policy.agent = limits(&night.limits.agent, "/toll/night/limits/agent", faults);
        for (class, of_class) in night.limits.classes.each() {
            let place = format!("/toll/night/limits/classes/{}", class_of(class).name());
            policy.classes.push((class_of(class), limits(of_class, &place, faults)));
        }
        for (n, country) in night.allowed_countries.iter().enumerate() {
            if !toll.allowed_countries.contains(country) {
                let what = format!(
                    "{country} may not be called by day: add it to toll.allowed_countries, or take it out"
                );
                faults.push((format!("/toll/night/allowed_countries/{n}"), what));
            }
        }
        let hours = HoursId(names.number("Hours", &night.hours).unwrap_or_default());
        config.night = Some(Box::new(Night { hours, policy }));
    }
    let spend = |p: &TollPolicy| {
        let all = [&p.tenant, &p.agent].into_iter().chain(p.classes.iter().map(|(_, l)| l));
        all.chain(p.agents.iter().map(|(_, l)| l)).any(|l| l.spend.is_some())
    };
    let spends = spend(&config.policy) || config.night.as_ref().is_some_and(|n| spend(&n.policy));
    if spends && toll.other_price.is_none() {
        let what = "spend is limited, so other_price must say what numbers cost that no price is given for";
        faults.push(("/toll/prices".into(), what.into()));
    }
}

fn countries(names: &[String]) -> Vec<[u8; 2]> {
    let mut all: Vec<[u8; 2]> = names.iter().filter_map(|c| c.as_bytes().try_into().ok()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Limits for the engine.
pub fn limits(l: &objects::Limits, place: &str, faults: &mut Vec<Fault>) -> Limits {
    Limits {
        rate: l.calls_per_second.map(|n| Rate { per_1000_s: n.saturating_mul(1_000), burst: n.max(1) }),
        at_once: l.concurrent,
        minutes: l.minutes_per_day.map(u64::from),
        spend: amount(l.spend_per_day.as_deref(), &format!("{place}/spend_per_day"), faults),
    }
}

fn amount(text: Option<&str>, place: &str, faults: &mut Vec<Fault>) -> Option<u64> {
    match text.map(money::read)? {
        Ok(amount) => Some(amount),
        Err(what) => {
            faults.push((place.into(), what));
            None
        }
    }
}

fn prices(toll: &Toll, faults: &mut Vec<Fault>) -> Vec<Price> {
    let mut all: Vec<Price> = Vec::with_capacity(toll.prices.len());
    for (n, p) in toll.prices.iter().enumerate() {
        let place = format!("/toll/prices/{n}");
        let country = p.country.as_deref().and_then(|c| c.as_bytes().try_into().ok());
        // A country without a class is that of ordinary numbers abroad.
        let class = match (p.class, country) {
            (Some(class), _) => class_of(class),
            (None, Some(_)) => Class::International,
            (None, None) => {
                faults.push((place, "needs a class, a country or both".into()));
                continue;
            }
        };
        let Some(per_minute) = amount(Some(&p.per_minute), &format!("{place}/per_minute"), faults) else {
            continue;
        };
        if all.iter().any(|other| other.class == class && other.country == country) {
            faults.push((place, "this price is given above already".into()));
        }
        all.push(Price { class, country, per_minute });
    }
    all
}

/// The engine's word for a class that people name.
pub fn class_of(class: PriceClass) -> Class {
    match class {
        PriceClass::Own => Class::Own,
        PriceClass::International => Class::International,
        PriceClass::Special => Class::Special,
    }
}

#[cfg(test)]
mod tests;
