//! Legs: each party's connection to a call, and how long each of its states may last.

use crate::effect::{Effect, HangUpCause, Sound};
use crate::event::LegEnd;
use crate::ids::{AgentId, CallId, EntryId, LegId, PartyId, TargetId};
use crate::ledger::MeterId;
use crate::record::What;
use crate::state::Engine;
use crate::timers::{Time, Waiter};
use alloc::boxed::Box;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How long the door may take to end a leg: SIP needs up to 32 s when the far end is silent.
pub(crate) const ENDING_MS: u64 = 45_000;
/// How long a caller's side may take to confirm our answer: SIP gives up after 32 s.
pub(crate) const ANSWERING_MS: u64 = 45_000;

/// Whose leg it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// The party that called.
    Caller,
    /// An agent.
    Agent {
        /// Who.
        agent: AgentId,
        /// For which queue entry; none if rung without a queue, or calling.
        entry: Option<EntryId>,
    },
    /// A fixed address.
    Target {
        /// Which.
        target: TargetId,
    },
    /// Somebody outside whom we call.
    Party {
        /// Who.
        party: PartyId,
    },
    /// Somebody who listens, whispers or joins.
    Supervisor {
        /// Who.
        agent: AgentId,
    },
}

/// What a leg is doing. Each state has a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LegState {
    /// Came in, not answered.
    Arrived,
    /// Our answer is not confirmed yet; audio may flow already.
    Answering,
    /// We dial it.
    Dialling,
    /// It rings.
    Ringing,
    /// It is up.
    Up,
    /// We hang it up.
    Ending,
}

/// What a leg was last told to hear.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Hears {
    #[default]
    Nothing,
    Sound,
    Music(crate::ids::PromptId),
    Legs(Vec<LegId>),
}

/// A leg that is not over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// Which.
    pub id: LegId,
    /// Of which call.
    pub call: CallId,
    /// Whose.
    pub role: Role,
    /// What it is doing.
    pub state: LegState,
    /// When it began.
    pub began: Time,
    /// When it was answered.
    pub answered: Option<Time>,
    /// The party has us on hold.
    pub held: bool,
    /// We hang it up because it rang too long.
    pub rang_too_long: bool,
    pub(crate) hears: Hears,
    /// What counts it, if it leads outside.
    pub(crate) meter: Option<MeterId>,
    /// It leads outside and may only stay while this agent does, who may leave nobody with it.
    pub(crate) only_with: Option<AgentId>,
}

impl Engine {
    pub(crate) fn new_leg(&mut self, call: CallId, role: Role, state: LegState, limit_ms: u64) -> LegId {
        let id = LegId(self.s.next_leg);
        self.s.next_leg += 1;
        let now = self.s.now;
        let leg = Leg {
            id,
            call,
            role,
            state,
            began: now,
            answered: None,
            held: false,
            rang_too_long: false,
            hears: Hears::Nothing,
            meter: None,
            only_with: None,
        };
        self.s.legs.insert(id, Box::new(leg));
        #[cfg(feature = "faults")]
        if self.fault == Some(crate::state::Mistake::NoTimer) {
            return id;
        }
        self.s.timers.set(Waiter::Leg(id), now.plus(limit_ms));
        id
    }

    pub(crate) fn set_leg(&mut self, id: LegId, state: LegState, limit_ms: u64) {
        let now = self.s.now;
        if let Some(leg) = self.s.legs.get_mut(&id) {
            leg.state = state;
            if matches!(state, LegState::Up | LegState::Answering) && leg.answered.is_none() {
                leg.answered = Some(now);
            }
            self.s.timers.set(Waiter::Leg(id), now.plus(limit_ms));
        }
    }

    /// Whether a leg's far end has answered and is there.
    pub(crate) fn is_up(&self, id: LegId) -> bool {
        self.s.legs.get(&id).is_some_and(|l| matches!(l.state, LegState::Up | LegState::Answering))
    }

    /// From here on a leg is counted, if it leads outside.
    pub(crate) fn count_leg(&mut self, id: LegId, meter: Option<MeterId>) {
        let Some(counts) = meter else { return };
        if let Some(leg) = self.s.legs.get_mut(&id) {
            leg.meter = meter;
        }
        self.s.ledger.dialled(counts, id);
    }

    /// Lets a leg hear something, from its beginning.
    pub(crate) fn play(&mut self, leg: LegId, sound: Sound) {
        if let Some(l) = self.s.legs.get_mut(&leg) {
            l.hears = match sound {
                Sound::Music(prompt) => Hears::Music(prompt),
                _ => Hears::Sound,
            };
        }
        self.effect(Effect::Play { leg, sound });
    }

    /// Lets a leg hear music, unless it does.
    pub(crate) fn play_music(&mut self, leg: LegId, prompt: crate::ids::PromptId) {
        if self.s.legs.get(&leg).is_some_and(|l| l.hears != Hears::Music(prompt)) {
            self.play(leg, Sound::Music(prompt));
        }
    }

    /// Lets a leg hear others, unless it does.
    pub(crate) fn hear(&mut self, leg: LegId, from: Vec<LegId>) {
        let Some(l) = self.s.legs.get_mut(&leg) else { return };
        if l.hears == Hears::Legs(from.clone()) {
            return;
        }
        l.hears = Hears::Legs(from.clone());
        self.effect(Effect::Hear { leg, from });
    }

    /// Asks for the end of a leg. It is over when the door says so, or after its deadline.
    pub(crate) fn end_leg(&mut self, id: LegId, cause: HangUpCause) {
        let Some(leg) = self.s.legs.get(&id).filter(|l| l.state != LegState::Ending) else { return };
        let (call, unanswered) = (leg.call, leg.state == LegState::Arrived);
        self.set_leg(id, LegState::Ending, ENDING_MS);
        self.effect(match unanswered {
            true => Effect::Refuse { leg: id, cause: self.refuse_cause(call) },
            false => Effect::HangUp { leg: id, cause },
        });
    }

    pub(crate) fn on_leg_ringing(&mut self, id: LegId) {
        let Some(leg) = self.s.legs.get_mut(&id) else { return };
        if leg.state != LegState::Dialling {
            return;
        }
        // The deadline stays that of the whole ring time.
        leg.state = LegState::Ringing;
        let call = leg.call;
        self.moment(call, What::Ringing { leg: id });
        self.on_far_leg_ringing(call, id);
    }

    pub(crate) fn on_leg_answered(&mut self, id: LegId) {
        let Some(leg) = self.s.legs.get(&id) else { return };
        let (call, role, state) = (leg.call, leg.role, leg.state);
        let limit = self.s.config.max_call_ms;
        match (role, state) {
            (_, LegState::Answering) => self.set_leg(id, LegState::Up, limit),
            (Role::Caller, _) => {}
            (_, LegState::Dialling | LegState::Ringing) => {
                let meter = leg.meter;
                self.set_leg(id, LegState::Up, limit);
                self.meter_answered(meter);
                match role {
                    Role::Agent { agent, entry: Some(entry) } => {
                        self.on_offer_answered(call, id, agent, entry)
                    }
                    Role::Supervisor { agent } => self.on_supervisor_answered(call, id, agent),
                    _ => self.on_dialled_answered(call, id, role),
                }
            }
            // It crossed our hanging up: the door ends it as it is.
            _ => {}
        }
    }

    pub(crate) fn on_leg_ended(&mut self, id: LegId, end: LegEnd) {
        let Some(leg) = self.s.legs.remove(&id) else { return };
        self.s.timers.clear(Waiter::Leg(id));
        self.meter_ended(leg.meter);
        self.keep_leg(&leg, end);
        let is_customer = self.caller_leg(leg.call) == Some(id);
        match leg.role {
            role if is_customer => {
                self.on_caller_ended(leg.call, end);
                if let Role::Agent { agent, .. } = role {
                    self.calling_agent_gone(agent, id, leg.call);
                }
            }
            Role::Agent { agent, entry } => self.on_agent_leg_ended(&leg, agent, entry, end),
            Role::Supervisor { agent } => self.on_supervisor_ended(&leg, agent),
            Role::Caller | Role::Target { .. } | Role::Party { .. } => self.on_far_leg_ended(&leg, end),
        }
        self.close_if_empty(leg.call);
    }

    pub(crate) fn on_leg_held(&mut self, id: LegId, held: bool) {
        let Some(leg) = self.s.legs.get_mut(&id) else { return };
        if leg.held == held {
            return;
        }
        leg.held = held;
        let (call, role) = (leg.call, leg.role);
        self.moment(call, if held { What::Held { leg: id } } else { What::Resumed { leg: id } });
        if let Role::Agent { agent, .. } = role {
            self.count_hold(agent, call, held);
        }
        self.rehear(call);
    }

    pub(crate) fn on_leg_deadline(&mut self, id: LegId) {
        let Some(leg) = self.s.legs.get(&id) else { return };
        match (leg.role, leg.state) {
            // The door did not say that it is over: it is, as far as anybody here is concerned.
            (_, LegState::Ending) => self.on_leg_ended(id, LegEnd::Failed),
            (Role::Caller, LegState::Dialling | LegState::Ringing) => self.on_lost_leg(id),
            (_, LegState::Dialling | LegState::Ringing) => self.rang_too_long(id),
            (_, LegState::Up) => self.on_longest_call(id),
            _ => self.on_lost_leg(id),
        }
    }
}
