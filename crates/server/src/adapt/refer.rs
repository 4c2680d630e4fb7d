//! Transfers that a telephone of ours asks for (REFER): the same as at the desk, with the same rights. With a Replaces in
//! the address, the far ends of two calls of the telephone are joined.
//!
//! In a call that passes through from trunk to trunk the far end of a trunk may ask, too: whoever it could have called by the
//! rules of its trunk takes its place, behind the same ports, and the other side hears it ring.

use crate::adapt::passing::PassedOn;
use crate::adapt::switch::{Now, Switch};
use engine::{AgentId, Ask, Event, LegId, Limits, Role, TrunkId};
use sip::ReferId;

impl Switch {
    /// A far end asks us to call somebody else. Only agents may, and only out of the conversation that they are in.
    pub(super) fn on_referred(
        &mut self,
        now: Now,
        call: sip::CallId,
        refer: ReferId,
        target: &[u8],
        replaces: Option<sip::CallId>,
        referred_by: &[u8],
    ) {
        let found = self.by_sip.get(&call).copied();
        let Some((tenant, leg, agent)) = found.and_then(|(t, leg)| Some((t, leg, self.agent_of(t, leg)?)))
        else {
            return match found.filter(|_| replaces.is_none()) {
                Some(leg) => self.on_trunk_referred(now, leg, refer, target, referred_by),
                None => self.endpoint.reject_refer(now.sip(), refer, 403),
            };
        };
        if let Some(other) = replaces {
            return self.on_joined(now, (tenant, leg, agent), refer, other);
        }
        // It names a call that is not there any more, or is none of ours.
        if names_a_call(target) {
            return self.endpoint.reject_refer(now.sip(), refer, 481);
        }
        let to = match self.dialled(now, tenant, target) {
            Ok(to) => to,
            Err((code, _)) => return self.endpoint.reject_refer(now.sip(), refer, code),
        };
        let Some(engine_call) = self.tenants[tenant].legs.get(&leg).map(|l| l.call) else {
            return self.endpoint.reject_refer(now.sip(), refer, 481);
        };
        self.tell(
            now,
            tenant,
            Event::CallAsked { call: engine_call, by: Some(agent), ask: Ask::Transfer(to) },
        );
        // The agent's leg ends where the transfer was begun; where it was not possible all stays as it was.
        if !self.is_ending(tenant, leg) {
            return self.endpoint.reject_refer(now.sip(), refer, 603);
        }
        self.passed_on(now, refer);
    }

    // A trunk's far end asks, in a call that passes through.
    fn on_trunk_referred(
        &mut self,
        now: Now,
        (tenant, leg): (usize, LegId),
        refer: ReferId,
        target: &[u8],
        referred_by: &[u8],
    ) {
        let code = match self.trunk_target(tenant, leg, target, referred_by) {
            Ok((to, passed)) => {
                let address = self.opposite(tenant, leg).cloned();
                let mut then = self.passed_far_ends(now, tenant, to, &passed, address.as_ref());
                // What such a call uses up of a day's limits nobody would count.
                let meaning = &self.tenants[tenant].meaning;
                then.retain(|far| {
                    let plan = far.trunk.and_then(|tried| meaning.trunk_plan(tried.trunk));
                    plan.is_some_and(|plan| plan.toll == Limits::default())
                });
                return self.call_successor(now, (tenant, leg), refer, then);
            }
            Err(code) => code,
        };
        self.endpoint.reject_refer(now.sip(), refer, code);
    }

    // Which trunk an address leads to that a trunk's far end named, and whom it means there; else the code to refuse with.
    fn trunk_target(
        &self,
        tenant: usize,
        leg: LegId,
        target: &[u8],
        referred_by: &[u8],
    ) -> Result<(TrunkId, PassedOn), u16> {
        let t = &self.tenants[tenant];
        let caller = t.engine.legs().get(&leg).and_then(|l| t.engine.calls().get(&l.call)?.caller_leg());
        let passes = caller.and_then(|caller| t.legs.get(&caller)).is_some_and(|l| l.passes.is_some());
        let trunk =
            t.legs.get(&leg).and_then(|l| l.trunk.or(l.came_over)).filter(|_| passes).ok_or(403u16)?;
        if names_a_call(target) {
            return Err(481);
        }
        let uri = sip::Uri::parse(target).map_err(|_| 400u16)?;
        let host = std::str::from_utf8(uri.host).map_err(|_| 400u16)?;
        if !self.is_host_of(tenant, host) {
            return Err(403);
        }
        let referred_by = Some(referred_by).filter(|by| !by.is_empty());
        let (rule, passed) = self.passed_to(tenant, trunk, &uri, referred_by).ok_or(404u16)?;
        match t.meaning.classes.is_emergency(passed.number().expose_secret()) {
            true => Err(403),
            false => Ok((rule.to, passed)),
        }
    }

    // The far ends of two calls of one telephone are to talk with each other (RFC 5589 section 7).
    fn on_joined(
        &mut self,
        now: Now,
        (tenant, leg, agent): (usize, LegId, AgentId),
        refer: ReferId,
        other: sip::CallId,
    ) {
        let with = self.by_sip.get(&other).filter(|(t, _)| *t == tenant).map(|(_, with)| *with);
        let Some(with) = with.filter(|with| self.agent_of(tenant, *with) == Some(agent)) else {
            return self.endpoint.reject_refer(now.sip(), refer, 403);
        };
        self.tell(now, tenant, Event::CallsJoined { agent, leg, with });
        if [leg, with].iter().any(|l| !self.is_ending(tenant, *l)) {
            return self.endpoint.reject_refer(now.sip(), refer, 603);
        }
        // A leg may be of another call now.
        let t = &mut self.tenants[tenant];
        for (id, l) in &mut t.legs {
            if let Some(leg) = t.engine.legs().get(id) {
                l.call = leg.call;
            }
        }
        self.passed_on(now, refer);
    }

    // The telephone is done with the call: what becomes of the others is the switch's to carry on.
    fn passed_on(&mut self, now: Now, refer: ReferId) {
        self.endpoint.accept_refer(now.sip(), refer);
        self.endpoint.notify_refer(now.sip(), refer, 200, true);
    }

    fn is_ending(&self, tenant: usize, leg: LegId) -> bool {
        let leg = self.tenants[tenant].engine.legs().get(&leg);
        leg.is_none_or(|l| l.state == engine::LegState::Ending)
    }

    /// Whose telephone is at the far end of a leg.
    pub(super) fn agent_of(&self, tenant: usize, leg: LegId) -> Option<AgentId> {
        match self.tenants[tenant].engine.legs().get(&leg)?.role {
            Role::Agent { agent, .. } => Some(agent),
            _ => None,
        }
    }
}

// Whether an address has a Replaces inside.
fn names_a_call(address: &[u8]) -> bool {
    let headers = sip::Uri::parse(address).map(|uri| uri.headers).unwrap_or_default();
    headers.split(|c| *c == b'&').any(|h| h.get(..9).is_some_and(|h| h.eq_ignore_ascii_case(b"replaces=")))
}
