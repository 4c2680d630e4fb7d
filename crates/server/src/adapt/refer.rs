//! Transfers that a telephone of ours asks for (REFER): the same as at the desk, with the same rights.

use crate::adapt::switch::{Now, Switch};
use engine::{AgentId, Ask, Event, LegId, Role};
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
    ) {
        let found = self.by_sip.get(&call).copied();
        let Some((tenant, leg, agent)) = found.and_then(|(t, leg)| Some((t, leg, self.agent_of(t, leg)?)))
        else {
            return self.endpoint.reject_refer(now.sip(), refer, 403);
        };
        // Joining two calls of a telephone is not done here.
        if replaces.is_some() {
            return self.endpoint.reject_refer(now.sip(), refer, 603);
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
        let legs = self.tenants[tenant].engine.legs();
        if legs.get(&leg).is_some_and(|l| l.state != engine::LegState::Ending) {
            return self.endpoint.reject_refer(now.sip(), refer, 603);
        }
        self.endpoint.accept_refer(now.sip(), refer);
        // The telephone is done with the call: what becomes of the other one is the switch's to carry on.
        self.endpoint.notify_refer(now.sip(), refer, 200, true);
    }

    // Whose telephone is at the far end of a leg.
    fn agent_of(&self, tenant: usize, leg: LegId) -> Option<AgentId> {
        match self.tenants[tenant].engine.legs().get(&leg)?.role {
            Role::Agent { agent, .. } => Some(agent),
            _ => None,
        }
    }
}
