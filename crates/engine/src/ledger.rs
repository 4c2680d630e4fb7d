//! What calls to the outside have used up: how many there are, how fast they follow each other, their minutes and their
//! price, for the tenant, for each class of numbers and for each agent; and for each trunk that has limits of its own.
//!
//! A call has a meter from the moment it is admitted. Until it is answered, the meter holds the first minute back, so that
//! calls that ring together cannot exceed what is left. From the answer on each minute counts when it begins. A day ends at
//! the tenant's local midnight; a call that goes on then pays its next minutes from the new day.
//!
//! Nothing here has a timer of its own: minutes that began meanwhile are counted when somebody looks.

use crate::destination::{Class, Destination};
use crate::hours;
use crate::ids::{AgentId, LegId, TrunkId};
use crate::table::{Number, Table};
use crate::timers::Time;
use crate::toll::{Limits, Rate, Refusal, TollConfig, TollPolicy};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

const MINUTE_MS: u64 = 60_000;
/// One call in the units of a bucket: what a rate of one call in 1,000 s gives in a millisecond is one unit.
const CALL: u64 = 1_000_000;

/// A meter of one call to the outside. Never used twice in a tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct MeterId(pub(crate) u64);

impl Number for MeterId {
    fn number(self) -> u64 {
        self.0
    }
}

/// What was used up of some limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Calls there are, those that ring included.
    pub at_once: u32,
    /// Minutes begun today.
    pub minutes: u64,
    /// What they cost, in millionths of the currency.
    pub spend: u64,
    /// First minutes that are held back for calls that are not answered yet.
    pub held_minutes: u64,
    /// What those would cost.
    pub held_spend: u64,
    // Calls made lately, in units of CALL; it drains with time.
    bucket: u64,
    bucket_at: Time,
}

impl Usage {
    fn bucket(&self, rate: Rate, now: Time) -> u64 {
        let drained = now.since(self.bucket_at).saturating_mul(u64::from(rate.per_1000_s));
        self.bucket.saturating_sub(drained)
    }

    // Whether one more call fits.
    fn takes_call(&self, limits: &Limits, now: Time, price: u64) -> Result<(), Refusal> {
        if let Some(rate) = limits.rate {
            if self.bucket(rate, now) + CALL > u64::from(rate.burst.max(1)) * CALL {
                return Err(Refusal::TooManyPerSecond);
            }
        }
        if limits.at_once.is_some_and(|most| self.at_once >= most) {
            return Err(Refusal::TooManyAtOnce);
        }
        self.takes_minute(limits, price)
    }

    // Whether one more minute fits.
    fn takes_minute(&self, limits: &Limits, price: u64) -> Result<(), Refusal> {
        if limits.minutes.is_some_and(|most| self.minutes.saturating_add(self.held_minutes) >= most) {
            return Err(Refusal::MinutesUsed);
        }
        // What costs nothing is not refused for the money that others cost.
        let spend = self.spend.saturating_add(self.held_spend).saturating_add(price);
        if price > 0 && limits.spend.is_some_and(|most| spend > most) {
            return Err(Refusal::SpendUsed);
        }
        Ok(())
    }

    fn begin(&mut self, limits: &Limits, now: Time, price: u64) {
        self.bucket = limits.rate.map_or(0, |rate| self.bucket(rate, now) + CALL);
        self.bucket_at = now;
        self.at_once += 1;
        self.held_minutes += 1;
        self.held_spend = self.held_spend.saturating_add(price);
    }

    fn let_go(&mut self, price: u64) {
        self.held_minutes = self.held_minutes.saturating_sub(1);
        self.held_spend = self.held_spend.saturating_sub(price);
    }

    fn charge(&mut self, price: u64) {
        self.minutes = self.minutes.saturating_add(1);
        self.spend = self.spend.saturating_add(price);
    }
}

/// What was used up under one policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Book {
    tenant: Usage,
    classes: BTreeMap<Class, Usage>,
    agents: BTreeMap<AgentId, Usage>,
    /// Trunks with limits, and these as they were told last.
    trunks: BTreeMap<TrunkId, (Usage, Limits)>,
}

impl Book {
    // Whose usage a call is part of, each with its limits.
    fn of(&self, policy: &TollPolicy, class: Class, agent: Option<AgentId>) -> [Option<(Usage, Limits)>; 3] {
        let class = (self.classes.get(&class).copied().unwrap_or_default(), policy.of_class(class));
        let agent = agent.map(|a| (self.agents.get(&a).copied().unwrap_or_default(), policy.of_agent(a)));
        [Some((self.tenant, policy.tenant)), Some(class), agent]
    }

    fn new_day(&mut self) {
        let all = core::iter::once(&mut self.tenant).chain(self.classes.values_mut());
        for usage in all.chain(self.agents.values_mut()) {
            (usage.minutes, usage.spend) = (0, 0);
        }
        // A trunk that nobody uses is told of anew when somebody does.
        self.trunks.retain(|_, (usage, _)| usage.at_once > 0);
        for (usage, _) in self.trunks.values_mut() {
            (usage.minutes, usage.spend) = (0, 0);
        }
    }
}

/// A call to the outside that is being counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meter {
    /// Inside: the call passes through, and only its trunk counts it.
    pub(crate) to: Destination,
    /// Who made it; a call that is made for a caller counts for the tenant only.
    pub(crate) agent: Option<AgentId>,
    /// The trunk with limits that it goes over.
    trunk: Option<TrunkId>,
    price: u64,
    night: bool,
    /// When its next minute begins; `None` before the answer, and when it was cut.
    next_minute: Option<Time>,
    answered: bool,
    /// The leg that it counts, once it is dialled.
    pub(crate) leg: Option<LegId>,
}

impl Meter {
    // Whether the call is the tenant's own.
    fn is_ours(&self) -> bool {
        self.to.is_outside()
    }
}

/// All meters, and what they add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ledger {
    /// Local date, in days since 1970.
    day: i32,
    /// Refused today.
    refused: u64,
    book: Book,
    /// Of the calls that began at night.
    night_book: Book,
    meters: Table<MeterId, Meter>,
    minutes: BTreeSet<(Time, MeterId)>,
    next_meter: u64,
    /// Meters whose next minute exceeds a limit.
    exceeded: Vec<(MeterId, Refusal)>,
}

impl Ledger {
    /// The meter that is begun next.
    pub(crate) fn next(&self) -> MeterId {
        MeterId(self.next_meter)
    }

    pub(crate) fn meter(&self, id: MeterId) -> Option<&Meter> {
        self.meters.get(&id)
    }

    pub(crate) fn meters(&self) -> impl Iterator<Item = (&MeterId, &Meter)> {
        self.meters.iter()
    }

    /// The meter of whoever is asked to take the place of a leg's far end, beside the leg's own.
    pub(crate) fn asked_beside(&self, leg: LegId, own: Option<MeterId>) -> Option<MeterId> {
        let mut of_leg = self.meters.iter().filter(|(_, meter)| meter.leg == Some(leg) && !meter.answered);
        of_leg.find(|(id, _)| Some(**id) != own).map(|(id, _)| *id)
    }

    /// When [`Ledger::take_exceeded`] may give something: when the next minute of a call begins.
    pub(crate) fn cut_at(&self) -> Option<Time> {
        if self.exceeded.is_empty() { self.minutes.first().map(|(at, _)| *at) } else { Some(Time(0)) }
    }

    /// What was used up: by an agent, or by all.
    pub(crate) fn usage(&self, agent: Option<AgentId>) -> Usage {
        match agent {
            Some(agent) => self.book.agents.get(&agent).copied().unwrap_or_default(),
            None => self.book.tenant,
        }
    }

    /// What was used up by calls to one class of numbers.
    pub(crate) fn usage_of_class(&self, class: Class) -> Usage {
        self.book.classes.get(&class).copied().unwrap_or_default()
    }

    /// One more was refused. Gives how many were today.
    pub(crate) fn note_refusal(&mut self, config: &TollConfig, now: Time) -> u64 {
        self.roll(config, now);
        self.refused += 1;
        self.refused
    }

    /// Admits a call and begins its meter, or says why not. Rights and allowed numbers were looked at before.
    pub(crate) fn admit(
        &mut self,
        config: &TollConfig,
        now: Time,
        night: bool,
        agent: Option<AgentId>,
        to: Destination,
    ) -> Result<MeterId, Refusal> {
        self.advance(config, now);
        let price = config.price(to);
        let night = config.night.as_deref().filter(|_| night);
        for (usage, limits) in self.book.of(&config.policy, to.class, agent).iter().flatten() {
            usage.takes_call(limits, now, price)?;
        }
        if let Some(night) = night {
            for (usage, limits) in self.night_book.of(&night.policy, to.class, agent).iter().flatten() {
                usage.takes_call(limits, now, price).map_err(|_| Refusal::Night)?;
            }
        }
        let id = MeterId(self.next_meter);
        self.next_meter += 1;
        let begin = |book: &mut Book, policy: &TollPolicy| {
            book.tenant.begin(&policy.tenant, now, price);
            book.classes.entry(to.class).or_default().begin(&policy.of_class(to.class), now, price);
            if let Some(agent) = agent {
                book.agents.entry(agent).or_default().begin(&policy.of_agent(agent), now, price);
            }
        };
        begin(&mut self.book, &config.policy);
        if let Some(night) = night {
            begin(&mut self.night_book, &night.policy);
        }
        let night = night.is_some();
        let meter =
            Meter { to, agent, trunk: None, price, night, next_minute: None, answered: false, leg: None };
        self.meters.insert(id, meter);
        Ok(id)
    }

    /// Begins the meter of a call that passes through: no limit but those of its trunks holds for it.
    pub(crate) fn pass(&mut self, config: &TollConfig, now: Time, to: Destination) -> MeterId {
        self.advance(config, now);
        let id = MeterId(self.next_meter);
        self.next_meter += 1;
        let meter = Meter {
            to: Destination::new(Class::Internal, to.country),
            agent: None,
            trunk: None,
            price: config.price(to),
            night: false,
            next_minute: None,
            answered: false,
            leg: None,
        };
        self.meters.insert(id, meter);
        id
    }

    /// The call of a meter is dialled with this leg.
    pub(crate) fn dialled(&mut self, id: MeterId, leg: LegId) {
        if let Some(meter) = self.meters.get_mut(&id) {
            meter.leg = Some(leg);
        }
    }

    /// Whether a trunk with these limits takes the first minute of one more call.
    pub(crate) fn trunk_takes(&self, trunk: TrunkId, limits: &Limits, price: u64) -> Result<(), Refusal> {
        let usage = self.book.trunks.get(&trunk).map(|(usage, _)| *usage).unwrap_or_default();
        usage.takes_minute(limits, price)
    }

    /// The call of a meter tries a trunk with limits: its first minute is held back there, and no longer where it was tried
    /// before.
    pub(crate) fn via(
        &mut self,
        config: &TollConfig,
        id: MeterId,
        now: Time,
        trunk: TrunkId,
        limits: Limits,
    ) {
        self.advance(config, now);
        let Some(meter) = self.meters.get_mut(&id).filter(|m| !m.answered) else { return };
        let before = meter.trunk.replace(trunk);
        let price = meter.price;
        if let Some((usage, _)) = before.and_then(|t| self.book.trunks.get_mut(&t)) {
            usage.at_once = usage.at_once.saturating_sub(1);
            usage.let_go(price);
        }
        let (usage, known) = self.book.trunks.entry(trunk).or_default();
        *known = Limits { rate: None, ..limits };
        usage.begin(known, now, price);
    }

    /// The far end answered: the first minute began.
    pub(crate) fn answered(&mut self, config: Option<&TollConfig>, id: MeterId, now: Time) {
        if let Some(config) = config {
            self.advance(config, now);
        }
        let Some(meter) = self.meters.get_mut(&id).filter(|m| !m.answered) else { return };
        meter.answered = true;
        let next = now.plus(MINUTE_MS);
        meter.next_minute = Some(next);
        let meter = *meter;
        self.minutes.insert((next, id));
        self.each(&meter, |usage| {
            usage.let_go(meter.price);
            usage.charge(meter.price);
        });
    }

    /// The call of a meter is over.
    pub(crate) fn ended(&mut self, config: Option<&TollConfig>, id: MeterId, now: Time) {
        if let Some(config) = config {
            self.advance(config, now);
        }
        let Some(meter) = self.meters.remove(&id) else { return };
        if let Some(next) = meter.next_minute {
            self.minutes.remove(&(next, id));
        }
        self.exceeded.retain(|(m, _)| *m != id);
        self.each(&meter, |usage| {
            usage.at_once = usage.at_once.saturating_sub(1);
            if !meter.answered {
                usage.let_go(meter.price);
            }
        });
    }

    /// The agent who made a call left it to others: from here on it counts for the tenant only.
    pub(crate) fn hand_over(&mut self, config: Option<&TollConfig>, id: MeterId, now: Time) {
        if let Some(config) = config {
            self.advance(config, now);
        }
        let Some(meter) = self.meters.get_mut(&id) else { return };
        let Some(agent) = meter.agent.take() else { return };
        let meter = *meter;
        for (book, counts) in [(&mut self.book, true), (&mut self.night_book, meter.night)] {
            let Some(usage) = book.agents.get_mut(&agent).filter(|_| counts) else { continue };
            usage.at_once = usage.at_once.saturating_sub(1);
            if !meter.answered {
                usage.let_go(meter.price);
            }
        }
    }

    /// An agent is configured no more.
    pub(crate) fn forget(&mut self, agent: AgentId) {
        for book in [&mut self.book, &mut self.night_book] {
            if book.agents.get(&agent).is_some_and(|usage| usage.at_once == 0) {
                book.agents.remove(&agent);
            }
        }
    }

    /// Counts the minutes that began before `now`, in their order, each for the day it began on.
    pub(crate) fn advance(&mut self, config: &TollConfig, now: Time) {
        self.count_before(config, now);
        self.roll(config, now);
    }

    /// Counts minutes that begin at this very moment, too, and gives the calls whose next minute exceeds a limit: each
    /// once. Their meters stand still.
    pub(crate) fn take_exceeded(&mut self, config: &TollConfig, now: Time) -> Vec<(MeterId, Refusal)> {
        self.count_before(config, now.plus(1));
        self.roll(config, now);
        core::mem::take(&mut self.exceeded)
    }

    fn count_before(&mut self, config: &TollConfig, end: Time) {
        while let Some((at, _)) = self.minutes.first().copied().filter(|(at, _)| *at < end) {
            self.next_minute_begins(config, at);
        }
    }

    fn next_minute_begins(&mut self, config: &TollConfig, at: Time) {
        let Some((_, id)) = self.minutes.pop_first() else { return };
        self.roll(config, at);
        let Some(meter) = self.meters.get(&id).copied() else { return };
        let fits = if config.cut { self.takes_minute(config, &meter) } else { Ok(()) };
        let next = fits.is_ok().then(|| at.plus(MINUTE_MS));
        if let Some(meter) = self.meters.get_mut(&id) {
            meter.next_minute = next;
        }
        if let Some(next) = next {
            self.minutes.insert((next, id));
            self.each(&meter, |usage| usage.charge(meter.price));
        } else if let Err(refusal) = fits {
            self.exceeded.push((id, refusal));
        }
    }

    fn takes_minute(&self, config: &TollConfig, meter: &Meter) -> Result<(), Refusal> {
        let day = self.book.of(&config.policy, meter.to.class, meter.agent);
        let night = config.night.as_deref().filter(|_| meter.night);
        let night = night.map(|n| self.night_book.of(&n.policy, meter.to.class, meter.agent));
        let ours = day.iter().chain(night.iter().flatten()).flatten().filter(|_| meter.is_ours());
        for (usage, limits) in ours {
            usage.takes_minute(limits, meter.price)?;
        }
        match meter.trunk.and_then(|t| self.book.trunks.get(&t)) {
            Some((usage, limits)) => usage.takes_minute(limits, meter.price),
            None => Ok(()),
        }
    }

    // Another day begins, and minutes and spend with it. A change of the time zone never brings a day back.
    fn roll(&mut self, config: &TollConfig, at: Time) {
        let (day, _) = hours::local(&config.offsets, at);
        if day > self.day {
            self.day = day;
            self.refused = 0;
            self.book.new_day();
            self.night_book.new_day();
        }
    }

    fn each(&mut self, meter: &Meter, mut change: impl FnMut(&mut Usage)) {
        let mut all = |book: &mut Book| {
            if meter.is_ours() {
                change(&mut book.tenant);
            }
            if let Some(usage) = book.classes.get_mut(&meter.to.class) {
                change(usage);
            }
            if let Some(usage) = meter.agent.and_then(|a| book.agents.get_mut(&a)) {
                change(usage);
            }
            if let Some((usage, _)) = meter.trunk.and_then(|t| book.trunks.get_mut(&t)) {
                change(usage);
            }
        };
        all(&mut self.book);
        if meter.night {
            all(&mut self.night_book);
        }
    }

    /// Whether what is counted at once and held back is what the meters add up to.
    pub(crate) fn adds_up(&self) -> bool {
        let adds_up = |book: &Book, of: &dyn Fn(&Meter) -> bool| {
            let sum = |usage: &Usage, mine: &dyn Fn(&Meter) -> bool| {
                let meters = || self.meters.values().filter(|m| of(m) && mine(m));
                let held = || meters().filter(|m| !m.answered);
                u64::from(usage.at_once) == meters().count() as u64
                    && usage.held_minutes == held().count() as u64
                    && usage.held_spend == held().map(|m| m.price).fold(0, u64::saturating_add)
            };
            sum(&book.tenant, &Meter::is_ours)
                && book.classes.iter().all(|(class, usage)| sum(usage, &|m| m.to.class == *class))
                && book.agents.iter().all(|(agent, usage)| sum(usage, &|m| m.agent == Some(*agent)))
                && book.trunks.iter().all(|(trunk, (usage, _))| sum(usage, &|m| m.trunk == Some(*trunk)))
        };
        adds_up(&self.book, &|_| true)
            && adds_up(&self.night_book, &|m| m.night)
            && self
                .meters
                .iter()
                .all(|(id, m)| m.next_minute.is_none_or(|t| self.minutes.contains(&(t, *id))))
    }
}

#[cfg(test)]
mod tests;
