//! Calls from Microsoft Teams and to people there: who we are to Teams, and who of ours it is that calls or is called.

use crate::adapt::dialing::{FarEnd, codecs_of, session_timer_of};
use crate::adapt::incoming::Audio;
use crate::adapt::phones::user_of;
use crate::adapt::switch::{Now, Switch};
use crate::trunk_choice::Ways;
use engine::{AgentId, LegId, Show, TrunkId};
use sip::{Destination, Message, Name};
use std::collections::VecDeque;

impl Switch {
    /// A call comes from a trunk. If it is Teams, it is told our name there, and requests of ours in the call go the way that
    /// Teams takes them: over connections of our own. Gives the agent whose number calls; over any other trunk that is
    /// nobody.
    pub(super) fn greet_teams(
        &mut self,
        now: Now,
        (tenant, trunk): (usize, TrunkId),
        call: sip::CallId,
        m: &Message,
    ) -> Option<AgentId> {
        let (contact, _) = self.carriers.teams_ways(self.tenants[tenant].id, trunk)?;
        self.endpoint.set_contact(call, &contact);
        self.lead_to_teams(now, tenant, trunk, call);
        let meaning = &self.tenants[tenant].meaning;
        // Where the trunk is believed, Teams stands for who it is (`ForwardPai`), whatever number is shown.
        let trusted = meaning.trunk_plan(trunk).is_some_and(|plan| plan.trust_identity);
        let asserted = trusted.then(|| sip::caller(m)).filter(|caller| caller.asserted);
        let user = match asserted {
            Some(caller) => caller.address.expose_secret().clone(),
            None => m.value(Name::From).and_then(user_of)?,
        };
        let number = meaning.dial_plan.international(&user)?;
        meaning.teams_numbers.iter().find(|(_, n)| *n.expose_secret() == number).map(|(agent, _)| *agent)
    }

    /// Somebody of ours calls from Teams: a colleague, one of our numbers, or somebody outside.
    pub(super) fn on_teams_user(
        &mut self,
        now: Now,
        (tenant, trunk): (usize, TrunkId),
        agent: AgentId,
        call: sip::CallId,
        from: Destination,
        m: &Message,
    ) {
        let Some(plan) = self.tenants[tenant].meaning.trunk_plan(trunk) else {
            return self.refuse_call(now, call, 503);
        };
        let (timer, codecs, nat, rule) = (session_timer_of(plan), codecs_of(plan), plan.nat, plan.srtp);
        let help = self.help_dialled(tenant, trunk, m);
        if help.is_none() && self.refuse_if_full(now, tenant, trunk, call) {
            return;
        }
        let Some(srtp) = rule.towards(&from) else {
            return self.refuse_saying(now, call, 488, "keys of audio need TLS");
        };
        self.endpoint.set_session_timer_of(call, timer);
        // What only the trunk's rules make an emergency number of is dialled as they say.
        let help = help.map(|number| format!("sip:{number}@help.invalid"));
        let target = help.as_ref().map_or(m.target(), |uri| uri.as_bytes());
        self.agent_calls(now, (tenant, agent), call, (m, target), Audio { nat, codecs: &codecs, srtp });
        self.is_behind_teams(tenant, trunk, call);
        self.came_over(tenant, trunk, call);
    }

    /// A call came over a trunk; if that is one to Teams, its leg knows.
    pub(super) fn is_behind_teams(&mut self, tenant: usize, trunk: TrunkId, call: sip::CallId) {
        let t = &mut self.tenants[tenant];
        let is_teams = t.meaning.trunk_plan(trunk).is_some_and(|plan| plan.teams.is_some());
        let leg = self.by_sip.get(&call).and_then(|(_, leg)| t.legs.get_mut(leg));
        if let Some(l) = leg.filter(|_| is_teams) {
            l.teams = Some(trunk);
        }
    }

    /// The leg of a call whose far end is in Teams.
    pub(super) fn teams_leg(&self, call: sip::CallId) -> Option<(usize, LegId, TrunkId)> {
        let (tenant, leg) = self.by_sip.get(&call).copied()?;
        let trunk = self.tenants[tenant].legs.get(&leg)?.teams?;
        Some((tenant, leg, trunk))
    }

    /// A call from a trunk wants the place of another one: only Teams hands calls over so, and only its own.
    pub(super) fn on_trunk_replaces(
        &mut self,
        now: Now,
        (tenant, trunk, _): (usize, TrunkId, bool),
        call: sip::CallId,
        replaced: sip::CallId,
        m: &Message,
    ) {
        self.greet_teams(now, (tenant, trunk), call, m);
        match self.tenants[tenant].meaning.trunk_plan(trunk).is_some_and(|plan| plan.teams.is_some()) {
            true => self.on_teams_replaces(now, (tenant, trunk), call, replaced, m),
            false => self.refuse_call(now, call, 481),
        }
    }

    /// Where an agent is rung in Teams, one host after the other; nowhere, if the agent has no number there.
    pub(super) fn in_teams(
        &mut self,
        now: Now,
        tenant: usize,
        agent: AgentId,
        show: Show,
    ) -> VecDeque<FarEnd> {
        let Some(number) = self.tenants[tenant].meaning.teams_numbers.get(&agent).cloned() else {
            return VecDeque::new();
        };
        self.trunks_for(now, tenant, (number.expose_secret(), Ways::Teams), None, Some(show))
    }

    /// The number in Teams of the agent for whom a leg is dialled.
    pub(super) fn teams_number_behind(&self, tenant: usize, leg: LegId) -> Option<String> {
        let t = &self.tenants[tenant];
        let call = t.engine.calls().get(&t.engine.legs().get(&leg)?.call)?;
        let numbers = &t.meaning.teams_numbers;
        numbers.get(&call.agent?).map(|number| number.expose_secret().clone())
    }
}
