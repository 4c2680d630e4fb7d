//! Sending a customer elsewhere: blind transfer, consultation, and the conference that it may become.

use crate::call::Phase;
use crate::effect::{HangUpCause, Sound};
use crate::event::To;
use crate::ids::{AgentId, CallId, LegId};
use crate::ledger::MeterId;
use crate::leg::Role;
use crate::outward::OnBehalf;
use crate::queue::Of;
use crate::record::{EndedBy, Reason, What};
use crate::state::Engine;
use crate::talk::{Aside, AsideStage, RING_MS};

impl Engine {
    /// The leg of the agent who talks in a call.
    pub(crate) fn leg_of(&self, call: CallId, agent: AgentId) -> Option<LegId> {
        let legs = &self.s.calls.get(&call)?.live_legs;
        legs.iter().copied().find(|l| {
            let leg = self.s.legs.get(l).filter(|_| self.is_up(*l));
            matches!(leg.map(|l| l.role), Some(Role::Agent { agent: a, .. }) if a == agent)
        })
    }

    /// A blind transfer: the agent leaves and the customer goes there. What cannot be is not begun, and the agent keeps
    /// the customer.
    pub(crate) fn transfer(&mut self, call: CallId, by: Option<AgentId>, to: To) {
        let Some(c) = self.s.calls.get(&call) else { return };
        let agent = by.or(c.agent);
        let ready = c.phase == Phase::Talking && c.aside.is_none() && c.asking.is_none() && c.talk.len() == 2;
        let Some(leg) = agent.and_then(|a| self.leg_of(call, a)).filter(|l| ready && c.talk.contains(l))
        else {
            return;
        };
        match to {
            To::Agent(a) if !self.is_free(a) => return self.moment(call, What::NotAvailable { agent: a }),
            To::Queue(q) if !self.s.queues.contains_key(&q) => return,
            To::Number(n) if !self.s.config.numbers.contains_key(&n) => return,
            _ => {}
        }
        let Ok(meter) = self.admit(Some(call), OnBehalf::Transfer(agent), to) else { return };
        self.swap_sides(call, leg);
        if let Some(agent) = agent {
            self.hand_over_all(call, agent);
            if let Some(work) = self.work(agent, call) {
                work.transferred = true;
            }
        }
        self.moment(call, What::TransferAsked { by: agent, to });
        self.stop_talking(call);
        self.end_leg(leg, HangUpCause::Normal);
        self.send_to(call, to, meter);
    }

    // Sends a customer who talks with nobody somewhere.
    pub(crate) fn send_to(&mut self, call: CallId, to: To, meter: Option<MeterId>) {
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.transferring = true;
            c.direct = false;
            c.phase = Phase::Flow;
        }
        match to {
            To::Queue(queue) => {
                if !self.enter_queue(call, queue, None) {
                    self.transfer_failed(call, Reason::NoAnswer);
                }
            }
            To::Number(number) => {
                let flow = self.s.config.numbers.get(&number).map(|n| n.flow);
                if let Some(c) = self.s.calls.get_mut(&call) {
                    c.run.clear();
                    c.transferring = false;
                }
                match flow.is_some_and(|flow| self.begin_flow(call, flow)) {
                    true => self.next_step(call),
                    false => self.close_call(call, EndedBy::Switchroom, Reason::UnknownNumber),
                }
            }
            to => self.connect_to(call, to, RING_MS, meter),
        }
    }

    // Nobody took the customer: back to the queue they came from, ahead of those who came later; without one, the call
    // ends.
    pub(crate) fn transfer_failed(&mut self, call: CallId, reason: Reason) {
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        let back = c.queue.filter(|_| core::mem::take(&mut c.transferring));
        let began = c.began;
        if let Some(queue) = back {
            if self.enter_queue(call, queue, Some(began)) {
                if let Some(Phase::Waiting { entry }) = self.s.calls.get(&call).map(|c| c.phase) {
                    self.moment(call, What::ReturnedTo { queue, entry });
                }
                return;
            }
        }
        self.close_call(call, EndedBy::Switchroom, reason);
    }

    // ---- consultation and conference ----

    /// The agent asks somebody; the customer holds.
    pub(crate) fn consult(&mut self, call: CallId, agent: AgentId, to: To) {
        let Some(c) = self.s.calls.get(&call) else { return };
        let ready = c.phase == Phase::Talking && c.aside.is_none() && c.asking.is_none();
        let Some(by) = self.leg_of(call, agent).filter(|l| ready && c.talk.contains(l)) else { return };
        let needs = c.needs.clone();
        let stage = match to {
            To::Agent(a) if !self.is_free(a) => return self.moment(call, What::NotAvailable { agent: a }),
            To::Queue(queue) => {
                if !self.s.queues.contains_key(&queue) {
                    return;
                }
                self.swap_sides(call, by);
                let need = self.s.needs.number(&needs);
                let entry = self.new_entry(Of::Consult(call), queue, self.s.now, 0, need);
                AsideStage::Waiting(entry)
            }
            // A flow has nobody to ask.
            To::Number(_) => return,
            to => {
                let Ok(meter) = self.admit(Some(call), OnBehalf::Agent(agent), to) else { return };
                self.swap_sides(call, by);
                let Some(leg) = self.dial(call, to, RING_MS, meter) else {
                    return self.meter_ended(meter);
                };
                let stays = meter.is_none() || self.rights(agent).may_transfer_out;
                if let Some(l) = self.s.legs.get_mut(&leg) {
                    l.only_with = (!stays).then_some(agent);
                }
                AsideStage::Ringing(leg)
            }
        };
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.aside = Some(Aside { by, agent, stage });
            c.direct = false;
        }
        self.moment(call, What::ConsultBegan { by: agent, to });
        self.count_hold(agent, call, true);
        if let Some(work) = self.work(agent, call) {
            work.consulted = true;
        }
        self.sync_recording(call);
        self.rehear(call);
        match stage {
            AsideStage::Waiting(entry) => {
                self.play_music(by, self.s.config.hold_music);
                self.list_entry(entry);
                self.serve_entry(entry);
                self.wake_entry(entry);
            }
            _ => self.play(by, Sound::Ringback),
        }
    }

    /// The consultation ends; the agent talks with the customer again.
    pub(crate) fn abort_consult(&mut self, call: CallId) {
        let Some(agent) = self.s.calls.get(&call).and_then(|c| c.aside).map(|a| a.agent) else { return };
        self.drop_aside(call);
        self.moment(call, What::ConsultEnded { by: agent });
        self.count_hold(agent, call, false);
        self.sync_recording(call);
        self.rehear(call);
    }

    // Whoever was asked, or was to be, is let go.
    pub(crate) fn drop_aside(&mut self, call: CallId) {
        let Some(aside) = self.s.calls.get_mut(&call).and_then(|c| c.aside.take()) else { return };
        match aside.stage {
            AsideStage::Waiting(entry) => {
                if let Some(e) = self.take_entry(entry) {
                    self.forget_queue_if_done(e.queue);
                }
            }
            AsideStage::Ringing(leg) => self.end_leg(leg, HangUpCause::Withdrawn),
            AsideStage::Talking(leg) => self.end_leg(leg, HangUpCause::Normal),
        }
    }

    /// The consultation ends with the customer and the one asked talking; the agent leaves.
    pub(crate) fn complete_consult(&mut self, call: CallId) {
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        let Some(Aside { by, agent, stage }) = c.aside else { return };
        // Whoever is in a conference does not lose the others for somebody who has not answered yet.
        if c.talk.len() > 2 && !matches!(stage, AsideStage::Talking(_)) {
            return;
        }
        if let AsideStage::Talking(other) | AsideStage::Ringing(other) = stage {
            if self.needs_agent(other) {
                return self.refuse_leaving(call, agent, other);
            }
        }
        self.hand_over_all(call, agent);
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        c.aside = None;
        if let Some(work) = self.work(agent, call) {
            work.transferred = true;
        }
        match stage {
            AsideStage::Talking(other) => {
                let Some(c) = self.s.calls.get_mut(&call) else { return };
                c.talk.retain(|l| *l != by);
                c.talk.push(other);
                self.moment(call, What::ConsultEnded { by: agent });
                self.moment(call, What::Connected { leg: other });
                self.takes_part(call, other);
                self.end_leg(by, HangUpCause::Normal);
                self.sync_recording(call);
                self.rehear(call);
            }
            AsideStage::Ringing(leg) => {
                self.moment(call, What::ConsultEnded { by: agent });
                self.stop_talking(call);
                self.end_leg(by, HangUpCause::Normal);
                let Some(c) = self.s.calls.get_mut(&call) else { return };
                c.phase = Phase::Connecting { leg };
                c.transferring = true;
                let caller = c.caller_leg;
                match caller {
                    Some(caller) if self.hears_early(by, leg) => self.hear(caller, alloc::vec![leg]),
                    Some(caller) => self.play(caller, Sound::Ringback),
                    None => {}
                }
            }
            AsideStage::Waiting(entry) => {
                self.moment(call, What::ConsultEnded { by: agent });
                let queue = self.take_entry(entry).map(|e| e.queue);
                self.stop_talking(call);
                self.end_leg(by, HangUpCause::Normal);
                if let Some(queue) = queue {
                    self.send_to(call, To::Queue(queue), None);
                }
            }
        }
    }

    /// The consultation ends with all three talking.
    pub(crate) fn join_consult(&mut self, call: CallId) {
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        let Some(Aside { agent, stage: AsideStage::Talking(other), .. }) = c.aside else { return };
        c.aside = None;
        c.talk.push(other);
        self.count_hold(agent, call, false);
        if let Some(work) = self.work(agent, call) {
            work.conferenced = true;
        }
        self.moment(call, What::Joined { leg: other });
        self.takes_part(call, other);
        self.sync_recording(call);
        self.rehear(call);
    }

    // The one asked is part of the conversation now: an agent's work on it begins.
    pub(crate) fn takes_part(&mut self, call: CallId, leg: LegId) {
        if let Some(Role::Agent { agent, .. }) = self.s.legs.get(&leg).map(|l| l.role) {
            if let Some(a) = self.s.agents.get_mut(&agent) {
                a.misses = 0;
            }
            if let Some(c) = self.s.calls.get_mut(&call) {
                c.agent = Some(agent);
            }
            self.begin_work(agent, call, false);
        }
    }
}
