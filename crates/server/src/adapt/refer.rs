//! Transfers that a telephone of ours asks for (REFER): the same as at the desk, with the same rights. With a Replaces in
//! the address, the far ends of two calls of the telephone are joined.
//!
//! In a call that passes through from trunk to trunk the far end of a trunk may ask, too: whoever it could have called by the
//! rules of its trunk takes its place, behind the same ports, and the other side hears it ring. With a Replaces in the
//! address the other sides of two calls of that trunk are joined.

use crate::adapt::passing::PassedOn;
use crate::adapt::switch::{Now, Switch};
use engine::{AgentId, Ask, Event, LegId, Role, TrunkId};
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
            return match (found, replaces) {
                (Some(leg), Some(other)) => self.on_passing_joined(now, leg, refer, other),
                (Some(leg), None) => self.on_trunk_referred(now, leg, refer, target, referred_by),
                (None, _) => self.endpoint.reject_refer(now.sip(), refer, 403),
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
                let then = self.passed_far_ends(now, tenant, to, &passed, address.as_ref());
                let to = self.tenants[tenant].meaning.classes.classify(passed.number().expose_secret());
                return self.call_successor(now, (tenant, leg), refer, then, Some(to.destination));
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
        let (trunk, _) = self.passing_over(tenant, leg).ok_or(403u16)?;
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

    // The trunk at whose far end a leg is, where its call passes through, and the number that the call is for.
    fn passing_over(&self, tenant: usize, leg: LegId) -> Option<(TrunkId, &PassedOn)> {
        let t = &self.tenants[tenant];
        let caller = t.engine.calls().get(&t.engine.legs().get(&leg)?.call)?.caller_leg()?;
        let passes = t.legs.get(&caller)?.passes.as_ref()?;
        let l = t.legs.get(&leg)?;
        Some((l.trunk.or(l.came_over)?, passes))
    }

    // Whoever is behind a trunk has two calls that pass through, and asks that their others talk with each other.
    fn on_passing_joined(
        &mut self,
        now: Now,
        (tenant, leg): (usize, LegId),
        refer: ReferId,
        other: sip::CallId,
    ) {
        let with = self.by_sip.get(&other).filter(|(t, _)| *t == tenant).map(|(_, with)| *with);
        let Some((with, others)) = with.and_then(|with| Some((with, self.others(tenant, leg, with)?))) else {
            return self.endpoint.reject_refer(now.sip(), refer, 403);
        };
        // Whoever transfers them further, or is shown to somebody, is known by the number of the one that they talk with.
        let numbers = [(others.0, with), (others.1, leg)]
            .map(|(far, from)| (far, PassedOn::to(self.opposite(tenant, from).cloned().unwrap_or_default())));
        let media = [others.1, others.0].map(|far| self.tenants[tenant].legs.get(&far).and_then(|l| l.media));
        if let [Some(comes), Some(there)] = media {
            self.door.bring(comes, there);
        }
        self.tell(now, tenant, Event::PassingJoined { leg, with });
        self.follow_calls(tenant);
        for (far, passed) in numbers {
            if let Some(l) = self.tenants[tenant].legs.get_mut(&far) {
                l.passes = Some(Box::new(passed));
            }
        }
        self.passed_on(now, refer);
    }

    // Who would talk with each other if two calls of one trunk's far end were joined. Calls for help stay as they are.
    fn others(&self, tenant: usize, leg: LegId, with: LegId) -> Option<(LegId, LegId)> {
        let (one, other) = (self.passing_over(tenant, leg)?, self.passing_over(tenant, with)?);
        let classes = &self.tenants[tenant].meaning.classes;
        let for_help = |passed: &PassedOn| classes.is_emergency(passed.number().expose_secret());
        if one.0 != other.0 || for_help(one.1) || for_help(other.1) {
            return None;
        }
        self.tenants[tenant].engine.passing_others(leg, with)
    }

    // A leg may be of another call now.
    fn follow_calls(&mut self, tenant: usize) {
        let t = &mut self.tenants[tenant];
        for (id, l) in &mut t.legs {
            if let Some(leg) = t.engine.legs().get(id) {
                l.call = leg.call;
            }
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
        self.follow_calls(tenant);
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
