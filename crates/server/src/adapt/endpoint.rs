//! Where an agent is rung: in the browser, at a telephone, or at a number. Agents choose, and the choice outlasts a restart.

use crate::adapt::browser::PhoneRefused;
use crate::adapt::dialing::Order;
use crate::adapt::switch::{Now, Switch};
use crate::trunk_choice::Ways;
use engine::{AgentId, LegId, Show};
use redact::Secret;
use store::TenantId;

/// How an agent is rung.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AgentEndpoint {
    /// In the browser if one is connected, at the SIP phone otherwise.
    #[default]
    Any,
    /// In the browser only.
    Browser,
    /// At the SIP phone only.
    Phone,
    /// At a number, over the trunk for calls to the outside.
    Number(Secret<String>),
}

impl AgentEndpoint {
    /// As the store keeps it for this user.
    pub fn stored(&self, agent: AgentId) -> store::Endpoint {
        let (kind, number) = match self {
            AgentEndpoint::Any => ("any", None),
            AgentEndpoint::Browser => ("browser", None),
            AgentEndpoint::Phone => ("phone", None),
            AgentEndpoint::Number(number) => ("number", Some(number.clone())),
        };
        store::Endpoint { user: agent.0, kind: kind.into(), number }
    }

    /// What the store kept; `None` for what is unknown here.
    pub fn of(stored: &store::Endpoint) -> Option<AgentEndpoint> {
        match (stored.kind.as_str(), &stored.number) {
            ("any", None) => Some(AgentEndpoint::Any),
            ("browser", None) => Some(AgentEndpoint::Browser),
            ("phone", None) => Some(AgentEndpoint::Phone),
            ("number", Some(number)) => Some(AgentEndpoint::Number(number.clone())),
            _ => None,
        }
    }
}

impl Switch {
    /// How an agent is rung.
    ///
    /// # Errors
    /// When there is no such agent.
    pub fn endpoint_of(&self, tenant: TenantId, agent: AgentId) -> Result<AgentEndpoint, PhoneRefused> {
        let n = self.agent_at(tenant, agent)?;
        Ok(self.browsers.chosen.get(&(n, agent)).cloned().unwrap_or_default())
    }

    /// Chooses how an agent is rung from now on. Gives the choice as it is kept, with the number as the world writes it.
    ///
    /// # Errors
    /// When there is no such agent, the agent has no SIP phone, or the number may not be called: by nobody, or not by an
    /// agent who may not call out or not leave callers there.
    pub fn choose_endpoint(
        &mut self,
        tenant: TenantId,
        agent: AgentId,
        endpoint: AgentEndpoint,
    ) -> Result<AgentEndpoint, PhoneRefused> {
        let n = self.agent_at(tenant, agent)?;
        let meaning = &self.tenants[n].meaning;
        let endpoint = match endpoint {
            AgentEndpoint::Phone
                if !meaning.phones.contains_key(&agent)
                    && !meaning.accounts.values().any(|phone| phone.agent == agent) =>
            {
                return Err(PhoneRefused::NoPhone);
            }
            AgentEndpoint::Number(number) => {
                let to = meaning.outward(number.expose_secret()).map_err(|_| PhoneRefused::Number)?;
                let rights = self.tenants[n].engine.rights(agent);
                let destination = to.classified.destination;
                let may = rights.may_dial && rights.may_transfer_out && !destination.is_emergency();
                if destination.is_outside() && !may {
                    return Err(PhoneRefused::Number);
                }
                AgentEndpoint::Number(Secret::new(to.number))
            }
            endpoint => endpoint,
        };
        // As many as there are agents, at most.
        self.browsers.chosen.insert((n, agent), endpoint.clone());
        Ok(endpoint)
    }

    /// Rings an agent at a number outside: a call of the agent's to there, as far as the toll goes. Where the number may not
    /// be called, the agent cannot be reached, and the engine goes on with the next.
    pub(super) fn ring_at_number(
        &mut self,
        now: Now,
        tenant: usize,
        leg: LegId,
        number: &Secret<String>,
        show: Show,
    ) {
        // What may be called can have changed since it was chosen.
        let Ok(to) = self.tenants[tenant].meaning.outward(number.expose_secret()) else {
            return self.ring(now, tenant, leg, Order::default());
        };
        let destination = to.classified.destination;
        // Told before anybody is asked: trunks with limits count by the same meter.
        if destination.is_outside() && !self.may_be_rung_outside(now, tenant, leg, destination) {
            return self.ring(now, tenant, leg, Order::default());
        }
        let then = self.trunks_for(now, tenant, (&to.number, Ways::Outside), None, Some(show));
        self.ring(now, tenant, leg, Order { then, ..Order::default() });
    }

    /// Takes up again what agents chose before a restart. Choices of those who are gone are left out.
    pub fn restore_endpoints(&mut self, tenant: TenantId, stored: &[store::Endpoint]) {
        for one in stored {
            let agent = AgentId(one.user);
            if let (Ok(n), Some(endpoint)) = (self.agent_at(tenant, agent), AgentEndpoint::of(one)) {
                self.browsers.chosen.insert((n, agent), endpoint);
            }
        }
    }

    /// Forgets what those chose who are no longer there: whoever gets the same id later is somebody else.
    pub(super) fn forget_choices(&mut self, tenant: usize) {
        let agents = self.tenants[tenant].engine.agents();
        self.browsers.chosen.retain(|(n, agent), _| *n != tenant || agents.contains_key(agent));
    }

    /// Whether a call of the agent's own can begin where the agent is rung: one who chose the browser needs a page.
    ///
    /// # Errors
    /// When it cannot, or there is no such agent.
    pub fn can_begin(&self, tenant: TenantId, agent: AgentId) -> Result<(), PhoneRefused> {
        let browser_only = self.endpoint_of(tenant, agent)? == AgentEndpoint::Browser;
        match browser_only && self.softphone(tenant, agent)?.is_none() {
            true => Err(PhoneRefused::NoPage),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_comes_back_from_the_store_as_it_was() {
        let number = AgentEndpoint::Number(Secret::new("+4930555".into()));
        for choice in [AgentEndpoint::Any, AgentEndpoint::Browser, AgentEndpoint::Phone, number] {
            assert_eq!(AgentEndpoint::of(&choice.stored(AgentId(7))), Some(choice));
        }
        let odd = store::Endpoint { user: 7, kind: "number".into(), number: None };
        assert_eq!(AgentEndpoint::of(&odd), None);
    }
}
