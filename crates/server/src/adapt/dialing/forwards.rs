//! Calls that an agent's telephone sends on by a 3xx answer: call forwarding that somebody set at the telephone.
//!
//! The telephone asks for a call to the outside on its owner's behalf, so the toll is asked as if the agent had dialled: the
//! number must be one that may be called, the agent needs the right to call out and to leave callers there, and the call
//! counts. A number of the house, help, another host, and whatever is refused are not followed: then the telephone
//! declined. A leg is sent on once, and by the last of the person's telephones that ring for it.

use crate::adapt::switch::{Now, Switch};
use crate::tenant::dialling::Dialled;
use crate::trunk_choice::Ways;
use engine::{Destination, Event, LegId, LegState, Role, Show};
use sip::{Refused, Uri};

/// The most addresses of one answer that are looked at.
const MOST: usize = 5;
/// The longest number that is looked at, in bytes.
const LONGEST: usize = 64;

impl Switch {
    /// Whether a call rings for an agent's own telephone, over no trunk.
    fn rings_at_telephone(&self, tenant: usize, leg: LegId) -> bool {
        let t = &self.tenants[tenant];
        // A leg that the engine has given up meanwhile is not asked about, and what it does not look at is not admitted.
        let rings = |l: &LegState| matches!(l, LegState::Dialling | LegState::Ringing);
        let agents = t
            .engine
            .legs()
            .get(&leg)
            .is_some_and(|l| matches!(l.role, Role::Agent { .. }) && rings(&l.state));
        let dialing = t.legs.get(&leg).filter(|l| !l.ending).and_then(|l| l.dialing.as_ref());
        agents && dialing.is_some_and(|d| !d.forwarded && d.asked.is_none())
    }

    /// Whether a 3xx answer is that of an agent's telephone, which counts as one that declined.
    pub(in crate::adapt) fn is_declined_elsewhere(&self, call: sip::CallId, code: u16) -> bool {
        let of_telephone = |(tenant, leg): &(usize, LegId)| self.rings_at_telephone(*tenant, *leg);
        (300..400).contains(&code) && self.by_sip.get(&call).is_some_and(of_telephone)
    }

    /// Puts the trunks to the number that an agent's telephone named where the next far end is looked for.
    pub(super) fn follow_forward(&mut self, now: Now, call: sip::CallId, refused: &Refused) {
        let Some((tenant, leg)) = self.by_sip.get(&call).copied().filter(|_| !refused.redirects.is_empty())
        else {
            return;
        };
        if !self.rings_at_telephone(tenant, leg) {
            return;
        }
        let t = &self.tenants[tenant];
        let alone = t.legs.get(&leg).and_then(|l| l.dialing.as_ref()).is_some_and(|d| d.open.len() == 1);
        let mut named = refused.redirects.iter().take(MOST);
        let found = named.find_map(|r| self.forwarded_to(tenant, &r.uri)).filter(|_| alone);
        let Some((number, destination)) = found else {
            tracing::warn!(
                event = "forwarding_refused",
                tenant = t.meaning.tenant,
                "a telephone sent a call to where it may not go"
            );
            return;
        };
        if !self.may_be_rung_outside(now, tenant, leg, destination) {
            return;
        }
        let engine = &self.tenants[tenant].engine;
        let of = engine.legs().get(&leg).and_then(|l| engine.calls().get(&l.call));
        let show = of.map(|c| c.caller_leg().map_or(Show::Party(c.caller), Show::Leg));
        let then = self.trunks_for(now, tenant, (&number, Ways::Outside), None, show);
        if let Some(d) = self.tenants[tenant].legs.get_mut(&leg).and_then(|l| l.dialing.as_mut()) {
            d.forwarded = true;
            // It rang there; where it is sent on to it has not yet.
            d.rang = false;
            d.then = then;
        }
    }

    /// Whether the toll lets an agent's leg lead to a number outside. If so, the leg counts from here on as a call of the
    /// agent's; if not, everybody was told who has to know.
    pub(in crate::adapt) fn may_be_rung_outside(
        &mut self,
        now: Now,
        tenant: usize,
        leg: LegId,
        to: Destination,
    ) -> bool {
        self.tell(now, tenant, Event::LegForwarded { leg, to });
        let engine = &self.tenants[tenant].engine;
        engine.last_refusal().is_none_or(|(at, _)| at != engine.position())
    }

    // The number outside that an address means and where it leads, if it is one of ours to look at and may be called.
    fn forwarded_to(&self, tenant: usize, address: &[u8]) -> Option<(String, Destination)> {
        let meaning = &self.tenants[tenant].meaning;
        let text = std::str::from_utf8(address).ok().filter(|a| a.is_ascii() && a.len() <= LONGEST)?;
        let number = match text.strip_prefix("tel:") {
            Some(number) => number.split(';').next().unwrap_or_default().to_string(),
            None => {
                let uri = Uri::parse(address).ok()?;
                let host = std::str::from_utf8(uri.host).ok()?;
                self.is_host_of(tenant, host).then_some(())?;
                std::str::from_utf8(uri.user_part()).ok()?.replace("%2B", "+").replace("%2b", "+")
            }
        };
        match meaning.dialling.read(&number, &meaning.dial_plan, &meaning.classes).ok()? {
            Dialled::Outside(number) | Dialled::Short(number) => {
                let to = meaning.gate().outward(&number).ok()?;
                Some((to.number, to.classified.destination))
            }
            Dialled::Emergency(_) | Dialled::Colleague(_) | Dialled::Own(_) => None,
        }
    }
}
