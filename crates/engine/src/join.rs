//! Attended transfer from a phone: the far ends of two calls of one agent talk with each other, and the agent leaves both.
//! Where calls pass through, whoever is behind a trunk may do the same with two of them.
//!
//! One of the two calls goes on, with the far end of the other in the agent's place; the other ends as transferred. Each
//! record names the other call, and the leg that changed calls is in the record of the call that goes on. The audio of both
//! is carried together already, because a call that a phone makes during another has the home of that one.

use crate::agent::AgentState;
use crate::call::Phase;
use crate::effect::HangUpCause;
use crate::event::To;
use crate::ids::{AgentId, CallId, LegId};
use crate::leg::Role;
use crate::record::{EndedBy, Reason, What};
use crate::state::Engine;

/// One of two calls of somebody, an agent or whoever is behind a trunk: they and one other talk.
#[derive(Clone, Copy)]
struct Side {
    call: CallId,
    own: LegId,
    far: LegId,
}

impl Engine {
    /// The far ends of two calls of an agent are to talk with each other. What cannot be is not begun: both calls stay as
    /// they are.
    pub(crate) fn on_calls_joined(&mut self, agent: AgentId, leg: LegId, with: LegId) {
        match (self.side(agent, leg), self.side(agent, with)) {
            (Some(a), Some(b)) => self.join_calls(agent, a, b),
            (Some(a), None) => self.join_queue(agent, a, with),
            (None, Some(b)) => self.join_queue(agent, b, leg),
            (None, None) => {}
        }
    }

    /// The others of two calls that pass through are to talk with each other. What cannot be is not begun.
    pub(crate) fn on_passing_joined(&mut self, leg: LegId, with: LegId) {
        let Some((kept, gone)) = self.passing_sides(leg, with) else { return };
        let is_caller = self.s.legs.get(&gone.own).is_some_and(|l| l.role == Role::Caller);
        self.swap_sides(kept.call, kept.own);
        self.take_in(kept, gone);
        self.moment(kept.call, What::Connected { leg: gone.far });
        self.end_leg(kept.own, HangUpCause::Normal);
        let by = if is_caller { EndedBy::Caller } else { EndedBy::Target };
        self.close_call(gone.call, by, Reason::Transferred);
        self.sync_recording(kept.call);
        self.rehear(kept.call);
    }

    /// Who would talk with each other by [`Event::PassingJoined`](crate::Event::PassingJoined): the other in the call of the
    /// first leg, and the other in that of the second. `None` where it cannot be.
    pub fn passing_others(&self, leg: LegId, with: LegId) -> Option<(LegId, LegId)> {
        self.passing_sides(leg, with).map(|(kept, gone)| (kept.far, gone.far))
    }

    fn passing_sides(&self, leg: LegId, with: LegId) -> Option<(Side, Side)> {
        let (kept, gone) = (self.between(leg)?, self.between(with)?);
        // Whom an agent talks with is the agent's to pass on.
        let is_ours = |leg: LegId| {
            let role = self.s.legs.get(&leg).map(|l| l.role);
            matches!(role, Some(Role::Agent { .. } | Role::Supervisor { .. }))
        };
        let ours = [kept.own, kept.far, gone.own, gone.far].into_iter().any(is_ours);
        (kept.call != gone.call && !ours).then_some((kept, gone))
    }

    // A leg of the agent in a conversation with one other, and nothing else going on.
    fn side(&self, agent: AgentId, own: LegId) -> Option<Side> {
        let role = self.s.legs.get(&own)?.role;
        self.between(own).filter(|_| matches!(role, Role::Agent { agent: a, .. } if a == agent))
    }

    // A leg in a conversation with one other, and nothing else going on.
    fn between(&self, own: LegId) -> Option<Side> {
        let c = self.s.calls.get(&self.s.legs.get(&own)?.call)?;
        let ready = c.phase == Phase::Talking && c.aside.is_none() && c.asking.is_none();
        let far = match *c.talk.as_slice() {
            [one, other] if one == own => other,
            [one, other] if other == own => one,
            _ => return None,
        };
        (ready && self.is_up(own) && self.is_up(far)).then_some(Side { call: c.id, own, far })
    }

    fn join_calls(&mut self, agent: AgentId, a: Side, b: Side) {
        let home = |side: &Side| self.s.calls.get(&side.call).map(|c| c.home);
        if a.call == b.call || home(&a) != home(&b) {
            return;
        }
        // The call with a customer goes on; of two such, and of two without, the one that was there first.
        let has_customer = |side: &Side| {
            let caller = self.caller_leg(side.call).and_then(|l| self.s.legs.get(&l));
            caller.is_some_and(|l| !matches!(l.role, Role::Agent { .. }))
        };
        let (kept, gone) = match (has_customer(&a), has_customer(&b)) {
            (true, false) => (a, b),
            (false, true) => (b, a),
            _ if a.call < b.call => (a, b),
            _ => (b, a),
        };
        for far in [kept.far, gone.far] {
            if self.needs_agent(far) {
                return self.refuse_leaving(kept.call, agent, far);
            }
        }
        let outside = self.s.legs.get(&gone.far).is_some_and(|l| l.meter.is_some());
        if outside && !self.rights(agent).may_transfer_out {
            return self.refuse_leaving(kept.call, agent, gone.far);
        }
        self.swap_sides(kept.call, kept.own);
        for call in [kept.call, gone.call] {
            self.hand_over_all(call, agent);
            if let Some(work) = self.work(agent, call) {
                work.transferred = true;
            }
        }
        self.moment(gone.call, What::WentOnIn { call: kept.call, by: agent });
        self.take_in(kept, gone);
        self.moment(kept.call, What::TookIn { call: gone.call, by: agent });
        self.moment(kept.call, What::Connected { leg: gone.far });
        self.follow_leg(kept.call, gone.far);
        self.end_leg(kept.own, HangUpCause::Normal);
        self.close_call(gone.call, EndedBy::Agent, Reason::Transferred);
        self.sync_recording(kept.call);
        self.rehear(kept.call);
    }

    // The far end of one call has the place of whoever asks in the other.
    fn take_in(&mut self, kept: Side, gone: Side) {
        if let Some(c) = self.s.calls.get_mut(&gone.call) {
            c.live_legs.retain(|l| *l != gone.far);
            c.caller_leg = c.caller_leg.filter(|l| *l != gone.far);
        }
        if let Some(l) = self.s.legs.get_mut(&gone.far) {
            l.call = kept.call;
        }
        if let Some(c) = self.s.calls.get_mut(&kept.call) {
            c.live_legs.push(gone.far);
            c.talk.retain(|l| *l != kept.own);
            c.talk.push(gone.far);
            c.direct = false;
        }
    }

    // The other call waits in a queue: the far end of this one waits there in its place.
    fn join_queue(&mut self, agent: AgentId, side: Side, waiting: LegId) {
        let of = self.s.legs.get(&waiting).filter(|l| self.is_up(l.id)).map(|l| (l.role, l.call));
        let Some((Role::Agent { agent: a, .. }, call)) = of else { return };
        let Some(Phase::Waiting { entry }) = self.s.calls.get(&call).map(|c| c.phase) else { return };
        let Some(queue) = self.s.entries.get(&entry).map(|e| e.queue) else { return };
        if a != agent || self.caller_leg(call) != Some(waiting) || !self.s.queues.contains_key(&queue) {
            return;
        }
        self.moment(call, What::WentOnIn { call: side.call, by: agent });
        self.moment(side.call, What::TookIn { call, by: agent });
        // First, so that there is room for the one who takes the place.
        self.close_call(call, EndedBy::Agent, Reason::Transferred);
        self.transfer(side.call, Some(agent), To::Queue(queue));
    }

    // An agent's leg is of another call from here on: the agent is in that one, and works on it.
    fn follow_leg(&mut self, call: CallId, leg: LegId) {
        let Some(Role::Agent { agent, .. }) = self.s.legs.get(&leg).map(|l| l.role) else { return };
        let Some(a) = self.s.agents.get_mut(&agent) else { return };
        match a.state {
            AgentState::Talking { leg: l, .. } if l == leg => {
                self.finish_work(agent);
                self.set_agent(agent, AgentState::Talking { leg, call });
                self.takes_part(call, leg);
            }
            // The agent does something else first: it is one of the further calls of that phone.
            _ => {
                for own in a.own_calls.iter_mut().filter(|(l, _)| *l == leg) {
                    own.1 = call;
                }
                if let Some(c) = self.s.calls.get_mut(&call) {
                    c.agent = Some(agent);
                }
            }
        }
    }
}
