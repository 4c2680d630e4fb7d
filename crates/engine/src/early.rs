//! Early audio: what the far end of a leg that we dial says before it answers is heard by whoever waits for it, in place of
//! our ringback. It is one way, and nothing counts as answered.

use crate::call::Phase;
use crate::effect::{Effect, Sound};
use crate::ids::{CallId, LegId};
use crate::leg::{Hears, LegState};
use crate::state::Engine;
use crate::talk::AsideStage;

impl Engine {
    /// The far end of a leg that we dial sends audio before it answers.
    pub(crate) fn on_early_audio(&mut self, id: LegId) {
        let rings = |l: &&alloc::boxed::Box<crate::leg::Leg>| {
            matches!(l.state, LegState::Dialling | LegState::Ringing)
        };
        let Some(call) = self.s.legs.get(&id).filter(rings).map(|l| l.call) else { return };
        let Some(waits) = self.waits_for(call, id) else { return };
        match self.s.legs.get(&waits).map(|l| l.state) {
            // Not answered either: it is opened for what comes before the answer.
            Some(LegState::Arrived) => self.effect(Effect::EarlyAudio { leg: waits }),
            _ if self.is_up(waits) => {}
            _ => return,
        }
        self.hear(waits, alloc::vec![id]);
    }

    // Who hears it ring: the customer, or the agent who called or asks.
    fn waits_for(&self, call: CallId, leg: LegId) -> Option<LegId> {
        let c = self.s.calls.get(&call)?;
        if let Some(aside) = c.aside.filter(|a| a.stage == AsideStage::Ringing(leg)) {
            return Some(aside.by);
        }
        let waits = c.phase == Phase::Connecting { leg };
        c.caller_leg.or(c.talk.first().copied()).filter(|_| waits)
    }

    /// Whether somebody hears what another says before it answers.
    pub(crate) fn hears_early(&self, who: LegId, other: LegId) -> bool {
        self.s.legs.get(&who).is_some_and(|l| matches!(&l.hears, Hears::Legs(from) if *from == [other]))
    }

    /// A leg that was rung is not to be had: whoever heard it hears it ring again, until something else is decided.
    pub(crate) fn end_early(&mut self, call: CallId, leg: LegId) {
        if let Some(waits) = self.waits_for(call, leg).filter(|w| self.hears_early(*w, leg)) {
            self.play(waits, Sound::Ringback);
        }
    }
}
