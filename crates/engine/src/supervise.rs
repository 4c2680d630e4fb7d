//! Supervision: listen, whisper, barge, take over, and what else can be asked for about a call.

use crate::agent::AgentState;
use crate::call::Phase;
use crate::effect::{Effect, HangUpCause, Show};
use crate::event::{Ask, Watch};
use crate::ids::{AgentId, CallId, EntryId, LegId, QueueId};
use crate::leg::{Leg, LegState, Role};
use crate::queue::Of;
use crate::record::What;
use crate::state::Engine;
use crate::talk::Watcher;

/// How long a supervisor's phone rings.
const RING_MS: u64 = 30_000;
/// For how long a call that was given to an agent waits for that one only.
const GIVEN_MS: u64 = 60_000;
/// The most who may watch one call.
const MOST_WATCHERS: usize = 4;

impl Engine {
    pub(crate) fn on_call_asked(&mut self, call: CallId, by: Option<AgentId>, ask: Ask) {
        // What an agent says of a call counts after it too.
        if let (Ask::Dispose(disposition), Some(agent)) = (ask, by) {
            return self.dispose(agent, call, disposition);
        }
        let Some(c) = self.s.calls.get(&call).filter(|c| c.ending.is_none()) else { return };
        let consulting = c.aside.map(|a| a.agent);
        match (ask, by) {
            (Ask::Transfer(to), by) => self.transfer(call, by, to),
            (Ask::Consult(to), Some(agent)) => self.consult(call, agent, to),
            (Ask::Complete, by) if by.is_none() || by == consulting => self.complete_consult(call),
            (Ask::Join, by) if by.is_none() || by == consulting => self.join_consult(call),
            (Ask::Abort, by) if by.is_none() || by == consulting => self.abort_consult(call),
            (Ask::Secure(secure), _) => {
                // In a conversation with nobody aside; a flow begins it by itself.
                let ready = c.phase == Phase::Talking && c.aside.is_none();
                if ready {
                    self.begin_secure(call, secure, None);
                }
            }
            (Ask::StopSecure, _) => {
                if c.phase == Phase::Talking {
                    self.end_secure(call, false);
                }
            }
            (Ask::PauseRecording, _) => self.pause_recording(call, true),
            (Ask::ResumeRecording, _) => self.pause_recording(call, false),
            (Ask::Supervise(watch), Some(agent)) => self.supervise(call, agent, watch, false),
            (Ask::StopSupervising, Some(agent)) => self.stop_supervising(call, agent),
            (Ask::TakeOver, Some(agent)) => self.take_over(call, agent),
            (Ask::Give(agent), by) => self.give(call, agent, by),
            (Ask::Move(queue), by) => self.move_call(call, queue, by),
            _ => {}
        }
    }

    fn watcher(&mut self, call: CallId, agent: AgentId) -> Option<&mut Watcher> {
        self.s.calls.get_mut(&call)?.watchers.iter_mut().find(|w| w.agent == agent)
    }

    /// Hears a call, or with another mode than before changes how.
    fn supervise(&mut self, call: CallId, agent: AgentId, watch: Watch, takes_over: bool) {
        if let Some(w) = self.watcher(call, agent) {
            w.watch = watch;
            w.takes_over |= takes_over;
            self.moment(call, What::Supervised { by: agent, watch });
            self.sync_recording(call);
            return self.rehear(call);
        }
        let Some(c) = self.s.calls.get(&call) else { return };
        let own = c.live_legs.iter().filter_map(|l| self.s.legs.get(l)).any(|l| match l.role {
            Role::Agent { agent: a, .. } | Role::Supervisor { agent: a } => a == agent,
            _ => false,
        });
        let show = c.caller_leg.map_or(Show::Party(c.caller), Show::Leg);
        let full = c.phase != Phase::Talking || c.watchers.len() >= MOST_WATCHERS;
        if full || own || !self.reserve_agent(agent) {
            return;
        }
        let leg = self.new_leg(call, Role::Supervisor { agent }, LegState::Dialling, RING_MS);
        self.add_leg(call, leg);
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.watchers.push(Watcher { leg, agent, watch, takes_over });
        }
        self.set_agent(agent, AgentState::Offered { leg, call });
        self.moment(call, What::Supervised { by: agent, watch });
        self.effect(Effect::DialAgent { leg, agent, show });
    }

    pub(crate) fn on_supervisor_answered(&mut self, call: CallId, leg: LegId, agent: AgentId) {
        let talks = self.s.calls.get(&call).is_some_and(|c| c.phase == Phase::Talking);
        let Some(w) = self.watcher(call, agent).map(|w| *w).filter(|_| talks) else {
            return self.end_leg(leg, HangUpCause::Withdrawn);
        };
        self.set_agent(agent, AgentState::Talking { leg, call });
        if w.takes_over {
            return self.take_over(call, agent);
        }
        self.sync_recording(call);
        self.rehear(call);
    }

    pub(crate) fn on_supervisor_ended(&mut self, leg: &Leg, agent: AgentId) {
        if let Some(c) = self.s.calls.get_mut(&leg.call) {
            c.watchers.retain(|w| w.leg != leg.id);
            if c.ending.is_none() {
                self.moment(leg.call, What::SupervisionEnded { by: agent });
                self.sync_recording(leg.call);
                self.rehear(leg.call);
            }
        }
        let bound = match self.s.agents.get(&agent).map(|a| a.state) {
            Some(AgentState::Offered { leg: l, .. } | AgentState::Talking { leg: l, .. }) => l == leg.id,
            _ => false,
        };
        if bound {
            self.release_agent(agent);
        }
    }

    fn stop_supervising(&mut self, call: CallId, agent: AgentId) {
        if let Some(leg) = self.watcher(call, agent).map(|w| w.leg) {
            self.end_leg(leg, HangUpCause::Normal);
        }
    }

    /// The supervisor talks with the customer from here on; the agent leaves.
    fn take_over(&mut self, call: CallId, agent: AgentId) {
        let Some(leg) = self.watcher(call, agent).map(|w| w.leg) else {
            return self.supervise(call, agent, Watch::Listen, true);
        };
        if !self.is_up(leg) {
            if let Some(w) = self.watcher(call, agent) {
                w.takes_over = true;
            }
            return;
        }
        match self.s.calls.get(&call).map(|c| c.phase) {
            Some(Phase::Talking) => {}
            Some(Phase::Waiting { entry }) => return self.pick_up(call, agent, leg, entry),
            // Somebody is being rung for the customer: the supervisor stays and may try again.
            _ => return,
        }
        self.drop_aside(call);
        let Some(c) = self.s.calls.get_mut(&call) else { return };
        let caller = c.caller_leg;
        let leaving: alloc::vec::Vec<LegId> = c.talk.iter().copied().filter(|l| Some(*l) != caller).collect();
        c.talk.retain(|l| Some(*l) == caller);
        c.talk.push(leg);
        c.watchers.retain(|w| w.leg != leg);
        let before = c.agent.replace(agent);
        c.direct = false;
        if let Some(l) = self.s.legs.get_mut(&leg) {
            l.role = Role::Agent { agent, entry: None };
        }
        self.moment(call, What::TakenOver { by: agent });
        if let Some(agent) = before {
            self.hand_over_all(call, agent);
        }
        self.begin_work(agent, call, false);
        self.sync_recording(call);
        self.rehear(call);
        for leg in leaving {
            self.end_leg(leg, HangUpCause::Normal);
        }
    }

    // A supervisor who is in the call takes a customer who waits again.
    fn pick_up(&mut self, call: CallId, agent: AgentId, leg: LegId, entry: EntryId) {
        if self.s.entries.get(&entry).is_none_or(|e| e.of != Of::Caller(call)) {
            return;
        }
        self.served(entry, agent, leg);
        if let Some(c) = self.s.calls.get_mut(&call) {
            c.watchers.retain(|w| w.leg != leg);
            c.agent = Some(agent);
        }
        if let Some(l) = self.s.legs.get_mut(&leg) {
            l.role = Role::Agent { agent, entry: None };
        }
        self.moment(call, What::TakenOver { by: agent });
        self.begin_work(agent, call, false);
        self.begin_talk(call, leg);
    }

    /// A waiting call is offered to one agent, as soon as that one is free.
    fn give(&mut self, call: CallId, agent: AgentId, by: Option<AgentId>) {
        let Some(Phase::Waiting { entry }) = self.s.calls.get(&call).map(|c| c.phase) else { return };
        let known = self.s.agents.get(&agent).is_some_and(|a| a.state.signed_in());
        let own = self.s.entries.get(&entry).is_some_and(|e| e.of == Of::Caller(call));
        if !known || !own {
            return;
        }
        self.moment(call, What::Given { agent, by });
        let until = self.s.now.plus(GIVEN_MS);
        self.change_entry(entry, |e| e.only = Some((agent, until)));
        self.wake_entry(entry);
    }

    /// A waiting call goes to another queue, with the time that it has waited.
    fn move_call(&mut self, call: CallId, queue: QueueId, by: Option<AgentId>) {
        let Some(Phase::Waiting { entry }) = self.s.calls.get(&call).map(|c| c.phase) else { return };
        let Some(entered) =
            self.s.entries.get(&entry).filter(|e| e.of == Of::Caller(call)).map(|e| e.entered)
        else {
            return;
        };
        if !self.s.queues.contains_key(&queue) {
            return;
        }
        self.moment(call, What::Moved { queue, by });
        if self.flow_out(entry).is_some() {
            if let Some(c) = self.s.calls.get_mut(&call) {
                c.phase = Phase::Flow;
            }
            if !self.enter_queue(call, queue, Some(entered)) {
                self.next_step(call);
            }
        }
    }
}
