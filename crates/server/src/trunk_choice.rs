//! Which trunks a call to the outside tries, in which order, and what each of them is sent. Pure: what the trunks bear at
//! the moment, the time and the chance come from outside, and the same input gives the same answer.
//!
//! Order: trunks and far ends that are up before those that are down; for an emergency number the trunks that are named
//! for it before all others; then by priority; among the same priority by chance as weights say. Each choice says why, and
//! of each trunk that is not used, why not.

mod failover;
mod history;
mod pace;
mod shown;

pub use failover::{Outcome, fails_over, fails_over_in_teams};
pub use history::{Before, history_line};
pub use pace::Pace;
pub use shown::{Shown, identity_lines, shown};

use crate::tenant::DialPlan;
use crate::tenant::number_rules::NotRewritten;
use crate::tenant::objects::WhoseNumber;
use crate::tenant::trunk::{ProxyTarget, TrunkPlan};
use engine::{Refusal, TrunkId};
use redact::Secret;
use std::fmt::Write;

/// The most far ends that one call tries.
pub const MOST_ATTEMPTS: usize = 10;

/// A call to the outside.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// The number: `+` and digits, or a short number.
    pub number: &'a str,
    /// It is an emergency number.
    pub emergency: bool,
    /// Over which trunks it may go.
    pub way: Ways,
    /// The number of ours that was called, or is lent for the call, as the world writes it.
    pub ours: Option<&'a str>,
    /// Who is passed on.
    pub caller: Caller<'a>,
}

/// Over which trunks a call may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ways {
    /// Those for calls to the outside.
    #[default]
    Outside,
    /// Those to Microsoft Teams: the number is somebody's there.
    Teams,
    /// This one: the call passes through.
    Only(TrunkId),
}

/// Who calls.
#[derive(Clone, Debug)]
pub enum Caller<'a> {
    /// One of ours.
    Ours,
    /// Somebody outside, with this number or address.
    Outside(&'a str),
    /// Somebody outside who withholds the number.
    Withheld,
}

/// What a trunk bears at the moment.
#[derive(Clone, Debug)]
pub struct Bearing {
    /// Calls that go over it.
    pub calls: u32,
    /// Whether another call may begin there by its calls per second.
    pub may_begin: bool,
    /// Whether it is registered; true where it need not be.
    pub registered: bool,
    /// The limit of a day's minutes or spend that is used up, for the number that is called.
    pub used_up: Option<Refusal>,
    /// Which of its far ends are down, by their place; those that are not in the list are up.
    pub down: Vec<bool>,
}

impl Default for Bearing {
    fn default() -> Bearing {
        Bearing { calls: 0, may_begin: true, registered: true, used_up: None, down: Vec::new() }
    }
}

/// Where a call goes.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// What is tried, in order; at most [`MOST_ATTEMPTS`].
    pub attempts: Vec<Attempt>,
    /// Trunks that are not tried.
    pub unused: Vec<(TrunkId, WhyNot)>,
}

/// A far end that is tried, and what it is sent.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Which trunk.
    pub trunk: TrunkId,
    /// The place of the far end in the trunk.
    pub place: usize,
    /// The far end.
    pub proxy: ProxyTarget,
    /// The number as it is written for the trunk.
    pub user: Secret<String>,
    /// The Request-URI.
    pub uri: Secret<String>,
    /// The value of From, without a tag.
    pub from: Secret<String>,
    /// The value of P-Asserted-Identity (RFC 3325).
    pub asserted: Option<Secret<String>>,
    /// The value of Privacy (RFC 3323).
    pub privacy: Option<&'static str>,
    /// Why it is tried, and why here in the order.
    pub why: Vec<Why>,
}

/// Why a far end stands where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The trunk is named for emergency numbers.
    NamedForEmergency,
    /// The trunk is not named for emergency numbers, but what is named may not be there.
    LastResort,
    /// The trunk has this priority and weight.
    Order(u16, u16),
    /// The far end has this priority and weight in its trunk.
    ProxyOrder(u16, u16),
    /// The rule at this place, from 0, wrote the number.
    Rule(usize),
    /// The number is sent as the world writes it.
    AsItStands,
    /// The trunk is at a limit, which does not count for an emergency number.
    LimitPassed,
    /// The far end is down: it comes after those that are up.
    Down,
    /// The trunk is not registered: it comes after those that are.
    NotRegistered,
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Why::NamedForEmergency => f.write_str("named for emergency numbers"),
            Why::LastResort => f.write_str("not named for emergency numbers, but better than nobody"),
            Why::Order(priority, weight) => write!(f, "priority {priority}, weight {weight}"),
            Why::ProxyOrder(priority, weight) => {
                write!(f, "far end with priority {priority}, weight {weight} in its trunk")
            }
            Why::Rule(n) => write!(f, "outbound rule {} wrote the number", n + 1),
            Why::AsItStands => f.write_str("no rule: the number is sent as it stands"),
            Why::LimitPassed => f.write_str("passes the trunk's limit, because it is an emergency number"),
            Why::Down => f.write_str("down: after all that are up"),
            Why::NotRegistered => f.write_str("not registered: after all that are"),
        }
    }
}

/// Why a trunk is not tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyNot {
    /// Calls to the outside do not go there.
    NotOutbound,
    /// It does not lead to Microsoft Teams.
    NotTeams,
    /// It has no far end.
    NowhereToSend,
    /// It is only for emergency numbers.
    OnlyEmergency,
    /// No outbound rule is for the number.
    NoRule,
    /// The outbound rule at this place, from 0, leaves no number.
    NoNumber(usize),
    /// It bears as many calls as it may.
    Full(u32),
    /// As many calls as may begin in a second have begun.
    TooFast(u32),
    /// Its minutes of this day are used up.
    MinutesUsed,
    /// Its money of this day is used up.
    SpendUsed,
    /// Others before it fill the list.
    TooMany,
}

impl std::fmt::Display for WhyNot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            WhyNot::NotTeams => f.write_str("does not lead to Microsoft Teams"),
            WhyNot::NotOutbound => f.write_str("takes no calls to the outside: outbound is not true"),
            WhyNot::NowhereToSend => f.write_str("has neither proxies nor an address nor a registration"),
            WhyNot::OnlyEmergency => f.write_str("is only for emergency numbers"),
            WhyNot::NoRule => f.write_str("has outbound rules, and none is for this number"),
            WhyNot::NoNumber(n) => write!(f, "outbound rule {} leaves nothing of the number", n + 1),
            WhyNot::Full(most) => write!(f, "bears {most} calls already, as many as max_calls says"),
            WhyNot::TooFast(most) => {
                write!(f, "has begun {most} calls in a second, as many as calls_per_second says")
            }
            WhyNot::MinutesUsed => {
                f.write_str("has used up today's minutes, as many as minutes_per_day says")
            }
            WhyNot::SpendUsed => f.write_str("has used up today's money, as much as spend_per_day says"),
            WhyNot::TooMany => write!(f, "comes after {MOST_ATTEMPTS} others: a call tries no more"),
        }
    }
}

/// Chooses for a call. `host` is what stands behind the `@` of our own numbers, `chance` a number drawn for this call.
pub fn choose<'a>(
    trunks: impl IntoIterator<Item = (&'a TrunkPlan, &'a Bearing)>,
    wanted: &Wanted<'_>,
    plan: &DialPlan,
    host: &str,
    chance: u64,
) -> Choice {
    let mut choice = Choice::default();
    let mut usable = Vec::new();
    for (trunk, bearing) in trunks {
        match fits(trunk, bearing, wanted, plan) {
            Ok(written) => usable.push((trunk, bearing, written)),
            Err(why_not) => choice.unused.push((trunk.id, why_not)),
        }
    }
    let mut dice = Dice(chance);
    let last_resort = |t: &TrunkPlan| u16::from(wanted.emergency && !t.emergency);
    let order = in_order(&usable, &mut dice, |(t, ..)| (last_resort(t), t.priority, t.weight));
    let (mut up, mut down) = (Vec::new(), Vec::new());
    for (trunk, bearing, written) in order.into_iter().filter_map(|n| usable.get(n)) {
        let places = in_order(&trunk.proxies, &mut dice, |p| (0, p.priority, p.weight));
        for place in places {
            let is_down = bearing.down.get(place).copied().unwrap_or(false);
            let Some(attempt) = attempt(trunk, place, written, wanted, plan, host, (is_down, bearing)) else {
                continue;
            };
            if is_down || !bearing.registered { down.push(attempt) } else { up.push(attempt) }
        }
    }
    up.append(&mut down);
    let cut = up.split_off(up.len().min(MOST_ATTEMPTS));
    choice.attempts = up;
    for attempt in cut {
        let there = |t: &TrunkId| *t == attempt.trunk;
        if !choice.attempts.iter().any(|a| there(&a.trunk)) && !choice.unused.iter().any(|(t, _)| there(t)) {
            choice.unused.push((attempt.trunk, WhyNot::TooMany));
        }
    }
    choice
}

/// A number as it is written for a trunk, and why.
struct Written {
    number: String,
    why: Vec<Why>,
}

fn fits(t: &TrunkPlan, b: &Bearing, wanted: &Wanted<'_>, plan: &DialPlan) -> Result<Written, WhyNot> {
    let named = wanted.emergency && t.emergency;
    match wanted.way {
        Ways::Teams if t.teams.is_none() => return Err(WhyNot::NotTeams),
        Ways::Only(trunk) if t.id != trunk => return Err(WhyNot::NotOutbound),
        Ways::Outside if !t.outbound && !named => {
            return Err(if t.emergency { WhyNot::OnlyEmergency } else { WhyNot::NotOutbound });
        }
        _ => {}
    }
    if t.proxies.is_empty() {
        return Err(WhyNot::NowhereToSend);
    }
    let mut why = vec![match wanted.emergency {
        true if named => Why::NamedForEmergency,
        true => Why::LastResort,
        false => Why::Order(t.priority, t.weight),
    }];
    let limit = match (t.max_calls, t.calls_per_second) {
        (Some(most), _) if b.calls >= most => Some(WhyNot::Full(most)),
        (_, Some(most)) if !b.may_begin => Some(WhyNot::TooFast(most)),
        _ => match b.used_up {
            Some(Refusal::SpendUsed) => Some(WhyNot::SpendUsed),
            Some(_) => Some(WhyNot::MinutesUsed),
            None => None,
        },
    };
    match limit {
        Some(_) if wanted.emergency => why.push(Why::LimitPassed),
        Some(limit) => return Err(limit),
        None => {}
    }
    let number = match t.outbound_rules.outward(wanted.number, WhoseNumber::Called, plan) {
        // Somebody whom only parameters of the address name.
        _ if wanted.number.is_empty() => String::new(),
        Ok(made) => {
            why.push(made.rule.map_or(Why::AsItStands, Why::Rule));
            made.number
        }
        // Somebody needs help: better a number that the trunk may not understand than none.
        Err(_) if wanted.emergency => {
            why.push(Why::AsItStands);
            wanted.number.to_string()
        }
        Err(NotRewritten::NoRule) => return Err(WhyNot::NoRule),
        Err(NotRewritten::NoNumber(n)) => return Err(WhyNot::NoNumber(n)),
    };
    Ok(Written { number, why })
}

fn attempt(
    trunk: &TrunkPlan,
    place: usize,
    written: &Written,
    wanted: &Wanted<'_>,
    plan: &DialPlan,
    host: &str,
    (is_down, bearing): (bool, &Bearing),
) -> Option<Attempt> {
    let proxy = trunk.proxies.get(place)?.clone();
    let mut why = written.why.clone();
    if trunk.proxies.len() > 1 {
        why.push(Why::ProxyOrder(proxy.priority, proxy.weight));
    }
    if is_down {
        why.push(Why::Down);
    }
    if !bearing.registered {
        why.push(Why::NotRegistered);
    }
    let user = escaped(&written.number);
    // Without the parameter Teams guesses whether it is a number.
    let is_number = if trunk.teams.is_some() { ";user=phone" } else { "" };
    let uri = match user.as_str() {
        "" => format!("sip:{}", proxy.host_port()),
        user => format!("sip:{user}@{}{is_number}", proxy.host_port()),
    };
    let shown = shown(trunk, wanted, plan, host);
    Some(Attempt {
        trunk: trunk.id,
        place,
        proxy,
        user: Secret::new(user),
        uri: Secret::new(uri),
        from: Secret::new(shown.from),
        asserted: shown.asserted.map(Secret::new),
        privacy: shown.privacy,
        why,
    })
}

// A number as the user part of a SIP address (RFC 3261, section 25.1).
fn escaped(number: &str) -> String {
    let mut out = String::with_capacity(number.len());
    for c in number.bytes() {
        match c.is_ascii_alphanumeric() || b"+-_.!~*'()&=$,".contains(&c) {
            true => out.push(char::from(c)),
            false => {
                let _ = write!(out, "%{c:02X}");
            }
        }
    }
    out
}

/// Places in the order of priorities; among the same by chance, as weights say (after RFC 2782). Weight 0 comes last.
fn in_order<T>(items: &[T], dice: &mut Dice, key: impl Fn(&T) -> (u16, u16, u16)) -> Vec<usize> {
    let mut left: Vec<(usize, (u16, u16), u64)> = items
        .iter()
        .enumerate()
        .map(|(n, item)| {
            let (first, priority, weight) = key(item);
            (n, (first, priority), u64::from(weight))
        })
        .collect();
    left.sort_by_key(|(_, priority, _)| *priority);
    let mut order = Vec::with_capacity(left.len());
    while let Some((_, priority, _)) = left.first() {
        let priority = *priority;
        let same = left.iter().take_while(|(_, p, _)| *p == priority).count();
        let total: u64 = left.iter().take(same).map(|(.., weight)| weight).sum();
        let mut drawn = if total == 0 { 0 } else { dice.roll() % total };
        let next = left.iter().take(same).position(|(.., weight)| match drawn.checked_sub(*weight) {
            Some(rest) if total > 0 => {
                drawn = rest;
                false
            }
            _ => true,
        });
        order.push(left.remove(next.unwrap_or_default()).0);
    }
    order
}

/// Chance from a seed (splitmix64): few draws, and nobody gains by guessing them.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests;
