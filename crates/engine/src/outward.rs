//! Calls to the outside: whether one may be made, for whom it counts, and what becomes of a refusal.
//!
//! Every way to the outside asks here before anybody is dialled: agents who call, consult and transfer, flows that ring a
//! number, and promises to call back. What is refused changes nothing else.

use crate::destination::{Class, Destination};
use crate::effect::{Effect, HangUpCause, Notice};
use crate::event::To;
use crate::ids::{AgentId, CallId, LegId, PartyId, TrunkId};
use crate::ledger::{MeterId, Usage};
use crate::leg::{LegState, Role};
use crate::record::{EndedBy, Origin, Reason, What};
use crate::state::Engine;
use crate::timers::{Time, Waiter};
use crate::toll::{Limits, Refusal, Rights};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How many parties' destinations are kept before those that nobody needs any more are forgotten.
const MAX_KNOWN: usize = 10_000;

/// Who wants a call to the outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnBehalf {
    /// An agent who calls or asks somebody: it counts for the agent too.
    Agent(AgentId),
    /// Somebody of the organisation who is no agent: it counts for this number alone, as an agent's would.
    Person(AgentId),
    /// A caller whom this agent sends there.
    Transfer(Option<AgentId>),
    /// Nobody in particular: a flow, a promise.
    Tenant,
}

impl OnBehalf {
    fn agent(self) -> Option<AgentId> {
        match self {
            OnBehalf::Agent(agent) => Some(agent),
            OnBehalf::Transfer(agent) => agent,
            OnBehalf::Person(_) | OnBehalf::Tenant => None,
        }
    }
}

/// Somebody tried what the policy forbids, or a call was ended for it: for the log, the metrics and whoever watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecurityNotice {
    /// In which call, if there is one.
    pub call: Option<CallId>,
    /// Which agent, if it was one.
    pub agent: Option<AgentId>,
    /// Where the call would have gone.
    pub destination: Destination,
    /// Why not.
    pub refusal: Refusal,
    /// A call that ran was ended; otherwise one was refused.
    pub cut: bool,
    /// How many were refused or ended today, with this one.
    pub today: u64,
}

/// What was used up of one agent's limits, or of the tenant's, and what these are by the policy that holds always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// What was used up.
    pub usage: Usage,
    /// Of how much.
    pub limits: crate::toll::Limits,
}

impl Engine {
    /// The door says what a party's number is, before the party is called.
    pub(crate) fn on_party_known(&mut self, party: PartyId, destination: Destination) {
        if self.s.destinations.len() >= self.s.forget_parties_at.max(MAX_KNOWN) {
            let calls = self.s.calls.values().map(|c| c.caller);
            let legs = self.s.legs.values().filter_map(|l| match l.role {
                crate::leg::Role::Party { party } => Some(party),
                _ => None,
            });
            let callbacks = self.s.callbacks.values().map(|k| k.party);
            let needed: BTreeSet<PartyId> = calls.chain(legs).chain(callbacks).collect();
            self.s.destinations.retain(|party, _| needed.contains(party));
            // Twice as many as are needed may come before it is worth another look.
            self.s.forget_parties_at = self.s.destinations.len() * 2;
        }
        self.s.destinations.insert(party, destination);
    }

    /// Where somebody is to be found; `None` if nobody asks, because the tenant has no policy.
    pub(crate) fn destination(&self, to: To) -> Option<Destination> {
        let toll = self.s.config.toll.as_deref()?;
        Some(match to {
            To::Party(party) => self.s.destinations.get(&party).copied().unwrap_or_default(),
            To::Target(target) => toll.target(target),
            To::Agent(_) | To::Queue(_) | To::Number(_) => Destination::new(Class::Internal, [0; 2]),
        })
    }

    pub(crate) fn is_emergency(&self, to: To) -> bool {
        self.destination(to).is_some_and(Destination::is_emergency)
    }

    /// Whether somebody calls for help in this call: an emergency number is dialled in it, or talked with.
    pub fn is_for_help(&self, call: CallId) -> bool {
        let Some(c) = self.s.calls.get(&call) else { return false };
        let is_dialled = |leg: &LegId| match self.s.legs.get(leg).map(|l| l.role) {
            Some(Role::Target { target }) => self.is_emergency(To::Target(target)),
            Some(Role::Party { party }) => self.is_emergency(To::Party(party)),
            _ => false,
        };
        let is_outbound = matches!(c.origin, Origin::Outbound { .. });
        (is_outbound && self.is_emergency(To::Party(c.caller))) || c.live_legs.iter().any(is_dialled)
    }

    fn is_night(&self) -> bool {
        let night = self.s.config.toll.as_deref().and_then(|t| t.night.as_deref());
        night.is_some_and(|night| !self.is_open(night.hours))
    }

    /// What an agent may; everything, while the tenant has no policy.
    pub fn rights(&self, agent: AgentId) -> Rights {
        let all = Rights { may_dial: true, may_transfer_out: true };
        self.s.config.toll.as_deref().map_or(all, |toll| toll.rights(agent))
    }

    /// Whether numbers of this kind are called at all now, whatever is used up.
    ///
    /// # Errors
    /// Why not.
    pub fn allows(&self, to: Destination) -> Result<(), Refusal> {
        let Some(toll) = self.s.config.toll.as_deref() else { return Ok(()) };
        toll.policy.allows(to)?;
        match toll.night.as_deref().filter(|_| self.is_night()) {
            Some(night) => night.policy.allows(to).map_err(|_| Refusal::Night),
            None => Ok(()),
        }
    }

    /// What an agent has used up, or all together, as of the last event.
    pub fn used(&self, agent: Option<AgentId>) -> Used {
        let Some(toll) = self.s.config.toll.as_deref() else { return Used::default() };
        let mut ledger = self.s.ledger.clone();
        ledger.advance(toll, self.s.now);
        let limits = agent.map_or(toll.policy.tenant, |a| toll.policy.of_agent(a));
        Used { usage: ledger.usage(agent), limits }
    }

    /// What calls to one class of numbers have used up, as of the last event.
    pub fn used_by_class(&self, class: Class) -> Used {
        let Some(toll) = self.s.config.toll.as_deref() else { return Used::default() };
        let mut ledger = self.s.ledger.clone();
        ledger.advance(toll, self.s.now);
        Used { usage: ledger.usage_of_class(class), limits: toll.policy.of_class(class) }
    }

    /// Whether a trunk with these limits takes one more call to such a number, as of `now`. Of the limits only minutes and
    /// spend count here: how many calls it bears is the door's business. Emergency numbers always pass.
    ///
    /// # Errors
    /// Why not.
    pub fn trunk_takes(
        &self,
        now: Time,
        trunk: TrunkId,
        limits: &Limits,
        to: Destination,
    ) -> Result<(), Refusal> {
        let Some(toll) = self.s.config.toll.as_deref() else { return Ok(()) };
        if to.is_emergency() || (limits.minutes.is_none() && limits.spend.is_none()) {
            return Ok(());
        }
        let mut ledger = self.s.ledger.clone();
        ledger.advance(toll, now.max(self.s.now));
        ledger.trunk_takes(trunk, limits, toll.price(to))
    }

    /// A leg that we dial tries a trunk with limits.
    pub(crate) fn on_leg_via(&mut self, leg: LegId, trunk: TrunkId, limits: Limits) {
        let meter = self.s.legs.get(&leg).and_then(|l| l.meter);
        let (Some(meter), Some(toll)) = (meter, self.s.config.toll.as_deref()) else { return };
        self.s.ledger.via(toll, meter, self.s.now, trunk, limits);
    }

    /// A leg that we dial carries on a call that passes through: only trunks count it. Who needs help is not counted.
    pub(crate) fn on_leg_passes(&mut self, leg: LegId, to: Destination) {
        let rings = |l: &LegState| matches!(l, LegState::Dialling | LegState::Ringing);
        let new = self.s.legs.get(&leg).is_some_and(|l| rings(&l.state) && l.meter.is_none());
        let Some(toll) = self.s.config.toll.as_deref().filter(|_| new && !to.is_emergency()) else { return };
        let meter = self.s.ledger.pass(toll, self.s.now, to);
        self.count_leg(leg, Some(meter));
    }

    /// Somebody is asked to take the place of a leg's far end, by way of a trunk: what they would use there is nobody else's.
    pub(crate) fn on_leg_asks_on(&mut self, leg: LegId, to: Destination, trunk: TrunkId, limits: Limits) {
        let asked = self.s.ledger.asked_beside(leg, self.s.legs.get(&leg).and_then(|l| l.meter));
        let counts = self.is_up(leg) && (limits.minutes.is_some() || limits.spend.is_some());
        let toll = self.s.config.toll.as_deref().filter(|_| counts && !to.is_emergency());
        let Some(toll) = toll else { return self.meter_ended(asked) };
        let meter = asked.unwrap_or_else(|| self.s.ledger.pass(toll, self.s.now, to));
        self.s.ledger.via(toll, meter, self.s.now, trunk, limits);
        self.s.ledger.dialled(meter, leg);
    }

    /// Nobody takes that place after all.
    pub(crate) fn on_leg_stays(&mut self, leg: LegId) {
        let own = self.s.legs.get(&leg).and_then(|l| l.meter);
        self.meter_ended(self.s.ledger.asked_beside(leg, own));
    }

    /// Somebody else is at the far end of a leg that passes through, by way of a trunk. The minute that runs over the one before
    /// is that one's.
    pub(crate) fn on_leg_passed_on(&mut self, leg: LegId, to: Destination, trunk: TrunkId, limits: Limits) {
        self.on_leg_stays(leg);
        if !self.is_up(leg) {
            return;
        }
        let before = self.s.legs.get_mut(&leg).and_then(|l| l.meter.take());
        self.meter_ended(before);
        let counts = limits.minutes.is_some() || limits.spend.is_some();
        let toll = self.s.config.toll.as_deref().filter(|_| counts && !to.is_emergency());
        let Some(toll) = toll else { return };
        let meter = self.s.ledger.pass(toll, self.s.now, to);
        self.s.ledger.via(toll, meter, self.s.now, trunk, limits);
        self.count_leg(leg, Some(meter));
        self.meter_answered(Some(meter));
    }

    /// An agent is rung at a number outside, because the agent's telephone sent the call on or the agent chose to: it counts
    /// as the agent's call, who needs the right to call out and to leave callers there. Nobody calls for help that way; but
    /// an agent who does, and whose own telephone is outside, is rung there whatever is used up.
    pub(crate) fn on_leg_forwarded(&mut self, leg: LegId, to: Destination) {
        let rings = |l: &LegState| matches!(l, LegState::Dialling | LegState::Ringing);
        let Some(l) = self.s.legs.get(&leg).filter(|l| rings(&l.state) && l.meter.is_none()) else { return };
        let (call, Role::Agent { agent, .. } | Role::Supervisor { agent }) = (l.call, l.role) else { return };
        let own = self.s.calls.get(&call).filter(|c| c.origin == Origin::Outbound { agent });
        if own.is_some_and(|c| self.is_emergency(To::Party(c.caller))) {
            return;
        }
        let admitted = if to.is_emergency() || !to.is_outside() {
            Err(Refusal::DestinationNotAllowed)
        } else if !self.rights(agent).may_transfer_out {
            Err(Refusal::NoRight)
        } else {
            self.try_admit(OnBehalf::Agent(agent), to)
        };
        match admitted {
            Ok(meter) => self.count_leg(leg, meter),
            Err(refusal) => self.note_refused(Some(call), Some(agent), to, refusal),
        }
    }

    /// The meter that the next `ElsewhereAsked` begins, if one is needed.
    pub fn next_meter(&self) -> u64 {
        self.s.ledger.next().0
    }

    /// Another telephone system is about to call somebody for an agent.
    pub(crate) fn on_elsewhere_asked(&mut self, agent: AgentId, to: Destination) {
        match self.try_admit(OnBehalf::Agent(agent), to) {
            Ok(meter) => self.s.elsewhere.extend(meter),
            Err(refusal) => self.note_refused(None, Some(agent), to, refusal),
        }
    }

    /// The same for somebody who is no agent here.
    pub(crate) fn on_elsewhere_asked_for(&mut self, person: AgentId, to: Destination) {
        match self.try_admit(OnBehalf::Person(person), to) {
            Ok(meter) => self.s.elsewhere.extend(meter),
            Err(refusal) => self.note_refused(None, None, to, refusal),
        }
    }

    pub(crate) fn on_elsewhere_answered(&mut self, meter: u64) {
        let meter = Some(MeterId(meter)).filter(|m| self.s.elsewhere.contains(m));
        self.meter_answered(meter);
    }

    pub(crate) fn on_elsewhere_ended(&mut self, meter: u64) {
        let meter = Some(MeterId(meter)).filter(|m| self.s.elsewhere.remove(m));
        self.meter_ended(meter);
    }

    /// The last call to the outside that was refused: the journal position of the event that asked for it, and why.
    pub fn last_refusal(&self) -> Option<(u64, Refusal)> {
        self.refusal
    }

    fn try_admit(&mut self, by: OnBehalf, to: Destination) -> Result<Option<MeterId>, Refusal> {
        if !to.is_outside() || to.is_emergency() {
            return Ok(None);
        }
        let has_right = match by {
            OnBehalf::Agent(agent) => self.rights(agent).may_dial,
            OnBehalf::Transfer(agent) => agent.is_some_and(|a| self.rights(a).may_transfer_out),
            OnBehalf::Person(_) | OnBehalf::Tenant => true,
        };
        if !has_right {
            return Err(Refusal::NoRight);
        }
        self.allows(to)?;
        let (now, night) = (self.s.now, self.is_night());
        let agent = match by {
            OnBehalf::Agent(agent) | OnBehalf::Person(agent) => Some(agent),
            OnBehalf::Transfer(_) | OnBehalf::Tenant => None,
        };
        let Some(toll) = self.s.config.toll.as_deref() else { return Ok(None) };
        #[cfg(feature = "faults")]
        if self.fault == Some(crate::state::Mistake::TooManyOutside) {
            let mut toll = toll.clone();
            toll.policy.tenant.at_once = None;
            toll.policy.classes.clear();
            return self.s.ledger.admit(&toll, now, night, agent, to).map(Some);
        }
        self.s.ledger.admit(toll, now, night, agent, to).map(Some)
    }

    /// Whether somebody may be called now. If so, the call is counted from here on by the meter that is given, where one
    /// is needed; if not, everybody is told who has to know.
    pub(crate) fn admit(
        &mut self,
        call: Option<CallId>,
        by: OnBehalf,
        to: To,
    ) -> Result<Option<MeterId>, Refusal> {
        let Some(destination) = self.destination(to) else { return Ok(None) };
        let admitted = self.try_admit(by, destination);
        if let Err(refusal) = admitted {
            self.note_refused(call, by.agent(), destination, refusal);
        }
        admitted
    }

    /// As [`Engine::admit`], and nobody is told.
    pub(crate) fn admit_quietly(
        &mut self,
        by: OnBehalf,
        to: To,
    ) -> Result<Option<MeterId>, (Destination, Refusal)> {
        let Some(destination) = self.destination(to) else { return Ok(None) };
        self.try_admit(by, destination).map_err(|refusal| (destination, refusal))
    }

    /// A call to the outside was refused: it stands in the call, its agent is told, and so is the door.
    pub(crate) fn note_refused(
        &mut self,
        call: Option<CallId>,
        agent: Option<AgentId>,
        destination: Destination,
        refusal: Refusal,
    ) {
        let now = self.s.now;
        let Some(toll) = self.s.config.toll.as_deref() else { return };
        let today = self.s.ledger.note_refusal(toll, now);
        self.refusal = Some((self.s.position, refusal));
        if let Some(id) = call {
            self.moment(id, What::OutsideRefused { agent, destination, refusal });
            if let Some(c) = self.s.calls.get_mut(&id) {
                c.refused = Some(refusal);
            }
        }
        if let Some(agent) = agent {
            self.effect(Effect::Notify { agent, notice: Notice::OutsideRefused(refusal) });
        }
        let notice = SecurityNotice { call, agent, destination, refusal, cut: false, today };
        self.effect(Effect::Security(notice));
    }

    // ---- who may stay with somebody outside ----

    /// Whether somebody outside may only stay while an agent does.
    pub(crate) fn needs_agent(&self, leg: LegId) -> bool {
        self.s.legs.get(&leg).is_some_and(|l| l.only_with.is_some())
    }

    /// An agent wants to leave a caller with somebody outside, and has no right to.
    pub(crate) fn refuse_leaving(&mut self, call: CallId, agent: AgentId, with: LegId) {
        let meter = self.s.legs.get(&with).and_then(|l| l.meter);
        let to = meter.and_then(|m| self.s.ledger.meter(m)).map(|m| m.to).unwrap_or_default();
        self.note_refused(Some(call), Some(agent), to, Refusal::NoRight);
    }

    /// An agent left a conversation: whoever outside may not stay without this one leaves too.
    pub(crate) fn end_those_only_with(&mut self, call: CallId, agent_leg: LegId) {
        let Some(c) = self.s.calls.get(&call) else { return };
        let of = c.legs.iter().rev().find(|l| l.id == agent_leg).map(|l| l.role);
        let Some(crate::leg::Role::Agent { agent, .. }) = of else { return };
        let only = |l: &&LegId| self.s.legs.get(l).is_some_and(|l| l.only_with == Some(agent));
        let leaving: Vec<LegId> = c.talk.iter().filter(only).copied().collect();
        for leg in leaving {
            if let Some(c) = self.s.calls.get_mut(&call) {
                c.talk.retain(|l| *l != leg);
            }
            self.end_leg(leg, HangUpCause::Normal);
        }
        self.hand_over_all(call, agent);
    }

    /// An agent leaves a call: whomever outside the agent called there counts for the tenant only, if they stay.
    pub(crate) fn hand_over_all(&mut self, call: CallId, agent: AgentId) {
        let now = self.s.now;
        let legs = self.s.calls.get(&call).map(|c| c.live_legs.clone()).unwrap_or_default();
        for meter in legs.iter().filter_map(|l| self.s.legs.get(l)?.meter) {
            if self.s.ledger.meter(meter).is_some_and(|m| m.agent == Some(agent)) {
                self.s.ledger.hand_over(self.s.config.toll.as_deref(), meter, now);
            }
        }
    }

    // ---- meters ----

    /// The far end of a call that is counted answered.
    pub(crate) fn meter_answered(&mut self, meter: Option<MeterId>) {
        let Some(id) = meter else { return };
        let now = self.s.now;
        self.s.ledger.answered(self.s.config.toll.as_deref(), id, now);
    }

    /// A call that is counted is over, or is not made after all.
    pub(crate) fn meter_ended(&mut self, meter: Option<MeterId>) {
        let Some(id) = meter else { return };
        let now = self.s.now;
        self.s.ledger.ended(self.s.config.toll.as_deref(), id, now);
    }

    /// The process before is gone since the last event: nothing of its calls is counted that came after.
    pub(crate) fn stop_meters(&mut self, at: crate::timers::Time) {
        let all: Vec<MeterId> = self.s.ledger.meters().map(|(id, _)| *id).collect();
        for id in all {
            self.s.ledger.ended(self.s.config.toll.as_deref(), id, at);
        }
        self.s.elsewhere.clear();
    }

    /// Sets the timer for the next minute that may exceed a limit, where calls are cut.
    pub(crate) fn wake_toll(&mut self) {
        let cuts = self.s.config.toll.as_deref().is_some_and(|toll| toll.cut);
        match self.s.ledger.cut_at().filter(|_| cuts) {
            Some(at) => {
                if self.s.timers.of(Waiter::Toll) != Some(at) {
                    self.s.timers.set(Waiter::Toll, at);
                }
            }
            None => self.s.timers.clear(Waiter::Toll),
        }
    }

    /// Minutes begin: calls for which there are none left end.
    pub(crate) fn on_toll_deadline(&mut self) {
        let now = self.s.now;
        let Some(toll) = self.s.config.toll.as_deref() else { return };
        for (id, refusal) in self.s.ledger.take_exceeded(toll, now) {
            let Some(meter) = self.s.ledger.meter(id).copied() else { continue };
            // Whoever is no agent is named to nobody.
            let rights = self.s.config.toll.as_deref().map_or(&[][..], |toll| &toll.rights);
            let agent = meter.agent.filter(|a| rights.iter().any(|(of, _)| of == a));
            let destination = meter.to;
            if self.s.elsewhere.contains(&id) {
                let Some(toll) = self.s.config.toll.as_deref() else { return };
                let today = self.s.ledger.note_refusal(toll, now);
                let notice = SecurityNotice { call: None, agent, destination, refusal, cut: true, today };
                self.effect(Effect::Security(notice));
                self.effect(Effect::EndElsewhere { meter: id.0 });
                continue;
            }
            let Some((leg, call)) = meter.leg.and_then(|l| Some((l, self.s.legs.get(&l)?.call))) else {
                continue;
            };
            let Some(toll) = self.s.config.toll.as_deref() else { return };
            let today = self.s.ledger.note_refusal(toll, now);
            self.moment(call, What::CutOff { leg, refusal });
            let notice = SecurityNotice { call: Some(call), agent, destination, refusal, cut: true, today };
            self.effect(Effect::Security(notice));
            let others = self.s.calls.get(&call).map_or(0, |c| c.talk.len());
            let customer = self.caller_leg(call) == Some(leg);
            match others > 2 && !customer {
                true => self.end_leg(leg, HangUpCause::Normal),
                false => self.close_call(call, EndedBy::Switchroom, Reason::LimitReached),
            }
        }
    }
}
