//! Agents whom the organisation disabled or removed in its Microsoft directory: nobody rings them, their telephones are not
//! registered any more, and no call begins there but one for help.

use crate::adapt::phones::address_of_record;
use crate::adapt::switch::{Now, Switch};
use crate::tenant::dialling::Dialled;
use engine::{AgentId, AgentState, Event, Wanted};
use sip::Uri;
use std::collections::BTreeSet;
use store::TenantId;

impl Switch {
    /// Says which people of a tenant are barred from now on, by the object ids of their work accounts. Whoever is signs off;
    /// a call that is under way goes to its end.
    pub fn bar(&mut self, now: Now, id: TenantId, is_barred: impl Fn(&str) -> bool) {
        let Some(n) = self.tenants.iter().position(|t| t.id == id) else { return };
        let accounts = self.tenants[n].meaning.work_accounts.iter();
        let barred = accounts.filter(|(object, _)| is_barred(object)).map(|(_, user)| AgentId(*user));
        let barred: BTreeSet<AgentId> = barred.collect();
        for agent in &barred {
            self.phones.registrar.forget(address_of_record(id, *agent));
            let state = self.tenants[n].engine.agents().get(agent).map(|a| a.state);
            if state.is_some_and(|state| state != AgentState::Offline) {
                self.tell(now, n, Event::AgentWants { agent: *agent, wanted: Wanted::Offline });
            }
        }
        self.tell_registered();
        self.tenants[n].barred = barred;
    }

    /// Whether somebody of a tenant is barred.
    pub fn is_barred(&self, id: TenantId, agent: AgentId) -> bool {
        self.tenant(id).is_some_and(|t| t.barred.contains(&agent))
    }

    /// Whether a call of an agent's own may begin to this address: a telephone may stand where somebody else needs help.
    pub(super) fn may_call(&self, tenant: usize, agent: AgentId, uri: &[u8]) -> bool {
        let t = &self.tenants[tenant];
        if !t.barred.contains(&agent) {
            return true;
        }
        let user = Uri::parse(uri).ok().and_then(|u| String::from_utf8(u.user_part().to_vec()).ok());
        let m = &t.meaning;
        let dialled = user.and_then(|user| m.dialling.read(&user, &m.dial_plan, &m.classes).ok());
        matches!(dialled, Some(Dialled::Emergency(_)))
    }
}
