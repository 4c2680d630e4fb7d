//! Calls that other telephone systems make for our people: they count as calls to the outside, and are ended when no minute
//! is left.

use crate::adapt::switch::{Now, Switch};
use engine::{AgentId, Destination, Event};
use store::TenantId;

/// For whom another telephone system calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForWhom {
    /// An agent.
    Agent(AgentId),
    /// Somebody of the organisation who is no agent, by a number that no agent has.
    Person(AgentId),
}

/// Ends a call that another telephone system makes.
pub type End = Box<dyn Fn() + Send>;

impl Switch {
    /// Counts a call that another telephone system is about to make for somebody; its meter, where one is needed. When the
    /// policy for calls to the outside refuses it, [`engine::Engine::last_refusal`] says so.
    pub fn elsewhere_asked(
        &mut self,
        now: Now,
        tenant: TenantId,
        whom: ForWhom,
        to: Destination,
        end: End,
    ) -> Option<u64> {
        let n = self.tenants.iter().position(|t| t.id == tenant)?;
        let meter = self.tenants[n].engine.next_meter();
        let event = match whom {
            ForWhom::Agent(agent) => Event::ElsewhereAsked { agent, to },
            ForWhom::Person(person) => Event::ElsewhereAskedFor { person, to },
        };
        self.on_event(now, tenant, event);
        let begun = self.tenants[n].engine.next_meter() != meter;
        begun.then(|| {
            self.elsewhere.insert((tenant, meter), end);
            meter
        })
    }

    /// The far end of such a call answered.
    pub fn elsewhere_answered(&mut self, now: Now, tenant: TenantId, meter: u64) {
        self.on_event(now, tenant, Event::ElsewhereAnswered { meter });
    }

    /// Such a call is over.
    pub fn elsewhere_ended(&mut self, now: Now, tenant: TenantId, meter: u64) {
        self.elsewhere.remove(&(tenant, meter));
        self.on_event(now, tenant, Event::ElsewhereEnded { meter });
    }

    pub(super) fn end_elsewhere(&mut self, tenant: usize, meter: u64) {
        let id = self.tenants[tenant].id;
        if let Some(end) = self.elsewhere.get(&(id, meter)) {
            end();
        }
    }
}
