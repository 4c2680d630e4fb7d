//! Calls that pass through from one trunk to another: whom they are for, in the words of the trunk that they came from.
//!
//! What only the far ends understand (parameters of the address that begin with `x-`, Referred-By) goes on as it came, and is
//! known here for no longer than the call.

use crate::adapt::dialing::FarEnd;
use crate::adapt::switch::{Now, Switch};
use crate::tenant::dialling::Dialled;
use crate::tenant::passing::Passing;
use crate::trunk_choice::{MOST_ATTEMPTS, Ways};
use engine::{Event, LegId, NumberId, Show, TrunkId};
use redact::Secret;
use sip::{Message, Uri, as_line, values_of};
use std::collections::VecDeque;

/// The longest references that are passed on, in bytes.
const LONGEST: usize = 500;

/// Whom a call that passes through is for.
#[derive(Clone, Default)]
pub(super) struct PassedOn {
    /// The number as the world writes it; empty where only references name somebody.
    number: Secret<String>,
    /// Parameters for the address, each with its `;`.
    references: Secret<String>,
    /// The value of Referred-By as it came; may be empty.
    referred_by: Secret<Vec<u8>>,
}

impl PassedOn {
    /// To this number, as the world writes it.
    pub(super) fn to(number: Secret<String>) -> PassedOn {
        PassedOn { number, ..PassedOn::default() }
    }

    /// The number as the world writes it; empty where only references name somebody.
    pub(super) fn number(&self) -> &Secret<String> {
        &self.number
    }
}

impl Switch {
    /// Whether a call of a trunk, which is for none of our numbers, passes on to another trunk: by which rule, and for whom.
    pub(super) fn passes_on(
        &self,
        tenant: usize,
        trunk: TrunkId,
        m: &Message,
    ) -> Option<(NumberId, PassedOn)> {
        let uri = Uri::parse(m.target()).ok()?;
        let (rule, passed) = self.passed_to(tenant, trunk, &uri, values_of(m, "Referred-By").next())?;
        Some((rule.number, passed))
    }

    /// Whether somebody in Teams calls for help, whoever it is: as which number of ours, and which number was dialled.
    pub(super) fn calls_for_help(
        &self,
        tenant: usize,
        trunk: TrunkId,
        m: &Message,
    ) -> Option<(NumberId, PassedOn)> {
        let meaning = &self.tenants[tenant].meaning;
        let help = meaning.help_from(trunk)?;
        let number = Secret::new(self.help_dialled(tenant, trunk, m)?);
        Some((help.number, PassedOn { number, ..PassedOn::default() }))
    }

    /// The emergency number that a call of a trunk is for; `None` if it is for another number.
    pub(super) fn help_dialled(&self, tenant: usize, trunk: TrunkId, m: &Message) -> Option<String> {
        let meaning = &self.tenants[tenant].meaning;
        let uri = Uri::parse(m.target()).ok()?;
        let user = std::str::from_utf8(uri.user_part()).ok()?.replace("%2B", "+").replace("%2b", "+");
        if let Ok(Dialled::Emergency(number)) =
            meaning.dialling.read(&user, &meaning.dial_plan, &meaning.classes)
        {
            return Some(number);
        }
        // The rules of the trunk may say what else means one.
        let made = meaning.called(trunk, &user).1.ok()?.number;
        meaning.classes.is_emergency(&made).then_some(made)
    }

    /// Where a call for help goes that came over a trunk to Teams: the trunks that are named for emergencies, then those to
    /// which calls of that trunk pass on, then all others that lead outside.
    pub(super) fn helped(&mut self, now: Now, tenant: usize, from: TrunkId, show: Show) -> VecDeque<FarEnd> {
        let Show::Leg(leg) = show else { return VecDeque::new() };
        let Some(l) = self.tenants[tenant].legs.get(&leg) else { return VecDeque::new() };
        let Some(number) = l.passes.as_ref().map(|passed| passed.number.clone()) else {
            return VecDeque::new();
        };
        let number = number.expose_secret().as_str();
        let (address, t) = (l.address.clone(), &self.tenants[tenant]);
        // Who calls for help is called back: at the own number, unless the trunk says at which.
        let ours = t.meaning.dial_plan.international(address.expose_secret());
        let ours = ours.as_deref();
        let rules = t.meaning.passed_from(from);
        let mut outside = self.trunks_showing(now, tenant, (number, Ways::Outside), ours, Some(&address));
        // Whoever called from there would be called back.
        outside.retain(|far| far.trunk.is_none_or(|tried| tried.trunk != from));
        let t = &self.tenants[tenant];
        let is_named = |far: &FarEnd| {
            let plan = far.trunk.and_then(|tried| t.meaning.trunk_plan(tried.trunk));
            plan.is_some_and(|plan| plan.emergency)
        };
        let (mut all, others): (VecDeque<_>, VecDeque<_>) = outside.into_iter().partition(is_named);
        let mut tried: Vec<TrunkId> = all.iter().filter_map(|far| Some(far.trunk?.trunk)).collect();
        for to in rules {
            if !tried.contains(&to) {
                tried.push(to);
                all.extend(self.trunks_showing(now, tenant, (number, Ways::Only(to)), ours, Some(&address)));
            }
        }
        all.extend(others.into_iter().filter(|far| far.trunk.is_none_or(|t| !tried.contains(&t.trunk))));
        all.truncate(MOST_ATTEMPTS);
        all
    }

    /// By which rule of a trunk an address leads to another trunk, and whom it names there.
    pub(super) fn passed_to(
        &self,
        tenant: usize,
        trunk: TrunkId,
        uri: &Uri<'_>,
        referred_by: Option<&[u8]>,
    ) -> Option<(&Passing, PassedOn)> {
        let meaning = &self.tenants[tenant].meaning;
        let user = String::from_utf8(uri.user_part().to_vec()).ok()?.replace("%2B", "+").replace("%2b", "+");
        let references = references(uri.params);
        let number = match user.as_str() {
            "" if references.is_empty() => return None,
            "" => String::new(),
            user => {
                let made = meaning.called(trunk, user).1.ok()?.number;
                meaning.dial_plan.international(&made).unwrap_or(made)
            }
        };
        let rule = meaning.passes(trunk, &number)?;
        let by = referred_by.and_then(as_line).filter(|by| by.len() <= LONGEST);
        let passed = PassedOn {
            number: Secret::new(number),
            references: Secret::new(references),
            referred_by: Secret::new(by.unwrap_or_default().to_vec()),
        };
        Some((rule, passed))
    }

    /// A leg carries on a call that passes through: the trunks that it tries count it.
    pub(super) fn count_passing(&mut self, now: Now, tenant: usize, leg: LegId, show: Show) {
        let t = &self.tenants[tenant];
        let Show::Leg(caller) = show else { return };
        let Some(passed) = t.legs.get(&caller).and_then(|l| l.passes.as_ref()) else { return };
        let to = t.meaning.classes.classify(passed.number.expose_secret()).destination;
        self.tell(now, tenant, Event::LegPasses { leg, to });
    }

    /// The far ends of the trunk that a call passes on to.
    pub(super) fn passed_through(
        &mut self,
        now: Now,
        tenant: usize,
        to: TrunkId,
        show: Show,
    ) -> VecDeque<FarEnd> {
        let Show::Leg(leg) = show else { return VecDeque::new() };
        let passed = self.tenants[tenant].legs.get(&leg).and_then(|l| l.passes.clone());
        let Some(passed) = passed else { return VecDeque::new() };
        let address = self.tenants[tenant].legs.get(&leg).map(|l| l.address.clone());
        let mut all = self.passed_far_ends(now, tenant, to, &passed, address.as_ref());
        self.tell_history(tenant, leg, &mut all);
        all
    }

    /// The far ends of a trunk that lead to somebody, who sees this number or address.
    pub(super) fn passed_far_ends(
        &mut self,
        now: Now,
        tenant: usize,
        to: TrunkId,
        passed: &PassedOn,
        address: Option<&Secret<String>>,
    ) -> VecDeque<FarEnd> {
        let way = (passed.number.expose_secret().as_str(), Ways::Only(to));
        let mut all = self.trunks_showing(now, tenant, way, None, address);
        for far in &mut all {
            let references = passed.references.expose_secret();
            far.uri = Secret::new(format!("{}{references}", far.uri.expose_secret()));
            far.referred_by = passed.referred_by.clone();
        }
        all
    }
}

/// The parameters of an address that begin with `x-`, as they came.
fn references(params: &[u8]) -> String {
    let Ok(params) = std::str::from_utf8(params) else { return String::new() };
    let mut out = String::new();
    for param in params.split(';').filter(|p| p.get(..2).is_some_and(|p| p.eq_ignore_ascii_case("x-"))) {
        let right = param.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.!~*'()[]/:&+$%=@".contains(&c));
        if right && out.len() + param.len() < LONGEST {
            out.push(';');
            out.push_str(param);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_go_on_as_they_came_and_nothing_else_does() {
        let params = b";transport=tls;x-m=8:orgid:a-1;user=phone;X-T=b;x-bad=\"q\";lr";
        assert_eq!(references(params), ";x-m=8:orgid:a-1;X-T=b");
        assert_eq!(references(b""), "");
    }
}
