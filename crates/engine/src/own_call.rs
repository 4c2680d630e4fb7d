//! Calls that agents make from their own phones: to colleagues, to queues and numbers of the house, and to the outside.
//!
//! The phone is the calling side. Where somebody outside is called, the one called is the customer, as when the agent had
//! clicked on the number; everywhere else the agent is in the customer's place. A phone may make further calls while it
//! rings or talks: these are kept with the agent, who is busy until the last of them is over.

use crate::agent::AgentState;
use crate::call::UNANSWERED_MS;
use crate::event::{Facts, LegEnd, To};
use crate::ids::{AgentId, CallId, LegId, NumberId, PartyId, TrunkId};
use crate::leg::{LegState, Role};
use crate::outward::OnBehalf;
use crate::record::{EndedBy, Origin, Reason, What};
use crate::state::{Changed, Engine};
use crate::talk::RING_MS;

/// The most calls that an agent may make from the phone while another is under way. An emergency is one more.
const MOST_OWN_CALLS: usize = 3;

impl Engine {
    pub(crate) fn on_agent_called(
        &mut self,
        agent: AgentId,
        caller: PartyId,
        number: Option<NumberId>,
        to: To,
        facts: Facts,
    ) {
        let emergency = self.is_emergency(to);
        let (customer, origin) = match to {
            To::Party(party) => (party, Origin::Outbound { agent }),
            _ => (caller, Origin::Internal { agent }),
        };
        let called = match to {
            To::Number(number) => Some(number),
            _ => number,
        };
        let home = self.home_of(agent);
        let call = self.new_call(called, customer, TrunkId::default(), origin);
        // Who is not let in, or is no agent of ours, is a caller like any other.
        let leg = self.new_leg(call, Role::Caller, LegState::Arrived, UNANSWERED_MS);
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.live_legs.push(leg);
            c.home = home.unwrap_or(call);
            if !matches!(to, To::Party(_)) {
                c.facts = facts;
            }
        }
        self.moment(call, What::Arrived { number: called });
        self.moment(call, What::Called { agent, to });
        if self.s.draining && !emergency {
            return self.close_call(call, EndedBy::Switchroom, Reason::Stopping);
        }
        if !self.may_call_now(agent, emergency) {
            self.moment(call, What::NotAvailable { agent });
            return self.close_call(call, EndedBy::Switchroom, Reason::Busy);
        }
        let Ok(meter) = self.admit(Some(call), OnBehalf::Agent(agent), to) else {
            return self.close_call(call, EndedBy::Switchroom, Reason::NotAllowed);
        };
        if self.s.agents.contains_key(&agent) {
            if let Some(l) = self.s.legs.get_mut(&leg) {
                l.role = Role::Agent { agent, entry: None };
            }
        }
        if let Some(c) = self.s.calls.get_mut(&call) {
            match to {
                To::Party(_) => c.talk = alloc::vec![leg],
                _ => c.caller_leg = Some(leg),
            }
            c.direct = matches!(to, To::Agent(_));
            c.agent = matches!(to, To::Party(_) | To::Target(_)).then_some(agent);
        }
        self.bind_own_call(agent, leg, call);
        match to {
            To::Party(_) => {
                if let Some(c) = self.s.calls.get_mut(&call) {
                    c.meter = meter;
                }
                self.dial_customer(call);
            }
            To::Target(_) => self.connect_to(call, to, RING_MS, meter),
            To::Agent(colleague) => match colleague != agent && self.reserve_agent(colleague) {
                true => self.connect_to(call, to, RING_MS, None),
                false => {
                    self.moment(call, What::NotAvailable { agent: colleague });
                    self.close_call(call, EndedBy::Switchroom, Reason::Busy);
                }
            },
            To::Queue(queue) => {
                if !self.s.queues.contains_key(&queue) {
                    return self.close_call(call, EndedBy::Switchroom, Reason::UnknownNumber);
                }
                self.answer_caller(call);
                if !self.enter_queue(call, queue, None) {
                    self.close_call(call, EndedBy::Switchroom, Reason::Busy);
                }
            }
            To::Number(number) => {
                let flow = self.s.config.numbers.get(&number).map(|n| n.flow);
                match flow.is_some_and(|flow| self.begin_flow(call, flow)) {
                    true => self.next_step(call),
                    false => self.close_call(call, EndedBy::Switchroom, Reason::UnknownNumber),
                }
            }
        }
    }

    // Whether an agent's phone may make a call now. Who is unknown may only call for help.
    fn may_call_now(&self, id: AgentId, emergency: bool) -> bool {
        let Some(agent) = self.s.agents.get(&id) else { return emergency };
        emergency
            || match agent.state {
                AgentState::Offered { .. } | AgentState::Talking { .. } => {
                    agent.own_calls.len() < MOST_OWN_CALLS
                }
                AgentState::WrapUp { .. } => !self.owes_disposition(id),
                _ => true,
            }
    }

    fn bind_own_call(&mut self, id: AgentId, leg: LegId, call: CallId) {
        let Some(agent) = self.s.agents.get_mut(&id) else { return };
        if matches!(agent.state, AgentState::Offered { .. } | AgentState::Talking { .. }) {
            agent.own_calls.push((leg, call));
            return self.changed(Changed::Agent(id));
        }
        self.interrupt_agent(id);
        self.talk_on_own_call(id, leg, call);
    }

    // The agent is busy with this call from here on. Work begins where there is a customer.
    fn talk_on_own_call(&mut self, id: AgentId, leg: LegId, call: CallId) {
        self.set_agent(id, AgentState::Talking { leg, call });
        if self.s.calls.get(&call).is_some_and(|c| matches!(c.origin, Origin::Outbound { .. })) {
            self.begin_work(id, call, true);
        }
    }

    /// The agent would be free now, but has another call of their own: that one occupies the agent from here on. False if
    /// there is none.
    pub(crate) fn next_own_call(&mut self, id: AgentId) -> bool {
        let Some(agent) = self.s.agents.get_mut(&id).filter(|a| !a.own_calls.is_empty()) else {
            return false;
        };
        let (leg, call) = agent.own_calls.remove(0);
        self.finish_work(id);
        self.talk_on_own_call(id, leg, call);
        true
    }

    /// A leg is over that is one of an agent's further calls. False if it is none.
    pub(crate) fn drop_own_call(&mut self, id: AgentId, leg: LegId) -> bool {
        let Some(agent) = self.s.agents.get_mut(&id) else { return false };
        let before = agent.own_calls.len();
        agent.own_calls.retain(|(l, _)| *l != leg);
        let dropped = agent.own_calls.len() < before;
        if dropped {
            self.changed(Changed::Agent(id));
        }
        dropped
    }

    /// An agent who was in the customer's place is gone from a call.
    pub(crate) fn calling_agent_gone(&mut self, id: AgentId, leg: LegId, call: CallId) {
        if self.drop_own_call(id, leg) {
            return;
        }
        if matches!(self.s.agents.get(&id).map(|a| a.state), Some(AgentState::Talking { leg: l, .. }) if l == leg)
        {
            self.wrap_up_agent(id, call);
        }
    }

    // The call with whose audio that of a further call of the same phone has to stay together.
    fn home_of(&self, agent: AgentId) -> Option<CallId> {
        let agent = self.s.agents.get(&agent)?;
        let call = match agent.state {
            AgentState::Offered { call, .. } | AgentState::Talking { call, .. } => call,
            _ => return None,
        };
        self.s.calls.get(&call).map(|c| c.home)
    }

    /// An agent in the customer's place goes on with the call as agents do: whoever talks with them takes that place.
    /// Nothing changes for any other.
    pub(crate) fn swap_sides(&mut self, call: CallId, agent_leg: LegId) {
        let Some(c) = self.s.calls.get(&call) else { return };
        if c.caller_leg != Some(agent_leg) {
            return;
        }
        if let Some(other) = c.talk.iter().copied().find(|l| *l != agent_leg) {
            self.put_in_customers_place(call, other);
        }
    }

    /// Another leg is the customer's from here on. A recording that runs has the old one on its left, so it ends.
    pub(crate) fn put_in_customers_place(&mut self, call: CallId, leg: LegId) {
        self.stop_taping(call);
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.caller_leg = Some(leg);
        }
    }

    /// How a leg of the agent ended that nobody else will be told of.
    pub(crate) fn own_call_left(&mut self, id: AgentId, leg: LegId, call: CallId, end: LegEnd) -> bool {
        let dropped = self.drop_own_call(id, leg);
        if dropped {
            self.agent_left_talk(call, leg, end);
        }
        dropped
    }
}
