//! A checker of calls to the outside. It keeps a book of its own, from what the engine is told and asks for, and knows
//! nothing of how the engine counts.

use engine::{
    CallId, CallRecord, Class, Config, Destination, Effect, Engine, Event, LegId, Limits, Origin, PartyId,
    TargetId, Time, To, TollConfig, TrunkId, What,
};
use std::collections::BTreeMap;

const MINUTE_MS: u64 = 60_000;

/// A leg to the outside, as the effects and events tell of it.
#[derive(Clone, Copy, Debug)]
struct Outgoing {
    class: Class,
    answered: Option<Time>,
    /// The trunk with limits that it goes over.
    trunk: Option<TrunkId>,
}

/// Calls to the outside, counted by hand.
#[derive(Default)]
pub(crate) struct Outside {
    toll: Option<Box<TollConfig>>,
    parties: BTreeMap<PartyId, Destination>,
    open: BTreeMap<LegId, Outgoing>,
    /// Calls whose number outside is admitted already and will be dialled once the agent's own phone is answered.
    promised: BTreeMap<CallId, Class>,
    /// When the minutes began that ended calls have used, today, and over which trunk with limits.
    minutes: Vec<(Time, Option<TrunkId>)>,
    /// More was used than may be when calls began to be cut.
    excused: bool,
}

impl Outside {
    /// What the engine is told, before it is. Gives the law that this breaks.
    pub(crate) fn event(&mut self, at: Time, event: &Event) -> Option<String> {
        match event {
            Event::LegVia { leg, trunk, limits } => return self.via(at, *leg, *trunk, *limits),
            Event::Configured { config } => self.configured(at, config),
            Event::PartyKnown { party, destination } => {
                self.parties.insert(*party, *destination);
            }
            Event::LegAnswered { leg } => {
                if let Some(open) = self.open.get_mut(leg) {
                    open.answered.get_or_insert(at);
                }
            }
            Event::LegEnded { leg, .. } => self.ended(at, *leg),
            _ => {}
        }
        None
    }

    // The door chose a trunk after it asked whether that has minutes left.
    fn via(&mut self, now: Time, leg: LegId, trunk: TrunkId, limits: Limits) -> Option<String> {
        let there = |o: &Outgoing| o.trunk == Some(trunk);
        self.open.get_mut(&leg)?.trunk = None;
        let ringing = self.open.values().filter(|o| there(o) && o.answered.is_none()).count() as u64;
        let used = self.used(now, Some(trunk));
        self.open.get_mut(&leg)?.trunk = Some(trunk);
        limits.minutes.filter(|most| used + ringing >= *most).map(|_| {
            format!("{leg:?} goes over {trunk:?} although {used} minutes are used and {ringing} held there")
        })
    }

    fn configured(&mut self, at: Time, config: &Config) {
        self.toll = config.toll.clone();
        let most = self.toll.as_ref().and_then(|t| t.policy.tenant.minutes);
        self.excused |= most.is_some_and(|most| self.used(at, None) > most);
    }

    /// A leg is over, by an event or because the engine gave it up.
    fn ended(&mut self, at: Time, leg: LegId) {
        if let Some(open) = self.open.remove(&leg) {
            self.minutes.extend(begun(&open, at).into_iter().map(|t| (t, open.trunk)));
        }
    }

    /// A process ended, after an event at this time: its calls are over.
    pub(crate) fn restarted(&mut self, at: Time) {
        for leg in self.open.keys().copied().collect::<Vec<_>>() {
            self.ended(at, leg);
        }
        self.promised.clear();
    }

    /// Whatever the engine has no more is over: it gave up waiting for its end.
    pub(crate) fn keep(&mut self, at: Time, engine: &Engine) {
        let known = |leg: &LegId| engine.legs().contains_key(leg);
        for leg in self.open.keys().copied().filter(|l| !known(l)).collect::<Vec<_>>() {
            self.ended(at, leg);
        }
        self.promised.retain(|call, _| engine.calls().contains_key(call));
    }

    fn destination(&self, to: To) -> Destination {
        match (to, &self.toll) {
            (To::Party(party), _) => self.parties.get(&party).copied().unwrap_or_default(),
            (To::Target(target), Some(toll)) => self.target(toll, target),
            _ => Destination::new(Class::Internal, [0; 2]),
        }
    }

    fn target(&self, toll: &TollConfig, target: TargetId) -> Destination {
        let found = toll.targets.iter().find(|(t, _)| *t == target).map(|(_, d)| *d);
        found.unwrap_or(Destination::new(Class::Internal, [0; 2]))
    }

    // Minutes of today that have begun before now: of all, or of a trunk.
    fn used(&mut self, now: Time, over: Option<TrunkId>) -> u64 {
        let Some(toll) = &self.toll else { return 0 };
        let ahead = toll.offsets.first().map_or(0, |(_, s)| *s as i64 * 1_000);
        let day = |t: Time| (t.0 as i64 + ahead) / 86_400_000;
        let counts = |t: Option<TrunkId>| over.is_none() || t == over;
        self.minutes.retain(|(t, _)| day(*t) == day(now));
        let running = self.open.values().filter(|o| counts(o.trunk)).flat_map(|o| begun(o, now));
        let running = running.filter(|t| day(*t) == day(now)).count();
        (self.minutes.iter().filter(|(_, t)| counts(*t)).count() + running) as u64
    }

    /// The engine asks for something. Gives the law that this breaks.
    pub(crate) fn effect(&mut self, now: Time, engine: &Engine, effect: &Effect) -> Option<String> {
        let call_of = |leg: &LegId| engine.legs().get(leg).map(|l| l.call);
        let (leg, to) = match effect {
            // What takes the far end a moment to notice is not counted.
            Effect::HangUp { leg, .. } | Effect::Refuse { leg, .. } => {
                self.ended(now, *leg);
                return None;
            }
            // An agent's own phone rings first: whom the call is for is admitted now, and dialled later.
            Effect::DialAgent { leg, .. } => {
                let call = call_of(leg)?;
                let c = engine.calls().get(&call)?;
                let first = matches!(c.origin, Origin::Outbound { .. } | Origin::Callback { .. })
                    && !c.timeline.iter().any(|m| matches!(m.what, What::PartyDialled { .. }))
                    && !self.promised.contains_key(&call);
                let to = self.destination(To::Party(c.caller));
                if !first || matches!(to.class, Class::Internal | Class::Emergency) {
                    return None;
                }
                let broken = self.admitted(now, engine, &format!("{call:?}"), to);
                self.promised.insert(call, to.class);
                return broken;
            }
            Effect::DialParty { leg, party, .. } => (*leg, To::Party(*party)),
            Effect::DialTarget { leg, target, .. } => (*leg, To::Target(*target)),
            // That nobody is called back at an emergency number is another matter: no person calls it.
            Effect::Security(notice)
                if notice.destination.class == Class::Emergency && notice.agent.is_some() =>
            {
                return Some(format!("an emergency call was refused: {notice:?}"));
            }
            _ => return None,
        };
        let to = self.destination(to);
        self.toll.as_ref()?;
        if matches!(to.class, Class::Internal | Class::Emergency) {
            return None;
        }
        let promised = call_of(&leg).and_then(|call| self.promised.remove(&call)).is_some();
        let broken = if promised { None } else { self.admitted(now, engine, &format!("{leg:?}"), to) };
        self.open.insert(leg, Outgoing { class: to.class, answered: None, trunk: None });
        broken
    }

    // One more call to the outside, which is none of those that are counted yet.
    fn admitted(&mut self, now: Time, engine: &Engine, who: &str, to: Destination) -> Option<String> {
        let toll = self.toll.clone()?;
        if toll.policy.allows(to).is_err() {
            return Some(format!("{who} calls {to:?}, which nobody may call"));
        }
        self.keep(now, engine);
        let used = self.used(now, None);
        let rings = self.open.values().filter(|o| o.answered.is_none()).count() + self.promised.len();
        let held = rings as u64;
        let limits = toll.policy.tenant;
        let all = self.open.len() + self.promised.len() + 1;
        if limits.at_once.is_some_and(|most| all > most as usize) {
            return Some(format!("{who} is one of {all} calls to the outside, more than may be"));
        }
        if limits.minutes.is_some_and(|most| used + held >= most) {
            return Some(format!("{who} is admitted although {used} minutes are used and {held} held"));
        }
        let open = self.open.values().map(|o| &o.class).chain(self.promised.values());
        let of_class = open.filter(|class| **class == to.class).count() + 1;
        let most = toll.policy.classes.iter().find(|(c, _)| *c == to.class).and_then(|(_, l)| l.at_once);
        most.filter(|most| of_class > *most as usize)
            .map(|_| format!("{who} is one of {of_class} calls of its class, more than may be"))
    }

    /// Where calls are cut, no minute is used that is not there.
    pub(crate) fn check(&mut self, now: Time) -> Option<String> {
        let toll = self.toll.clone().filter(|t| t.cut)?;
        let most = toll.policy.tenant.minutes?;
        let used = self.used(now, None);
        if used <= most {
            self.excused = false;
        }
        (used > most && !self.excused)
            .then(|| format!("{used} minutes are used of {most}, and calls are cut"))
    }

    /// A call is over: nobody without the right sent its caller outside.
    pub(crate) fn record(&self, record: &CallRecord) -> Option<String> {
        let toll = self.toll.as_deref()?;
        record.timeline.iter().find_map(|m| match m.what {
            What::TransferAsked { by: Some(agent), to } => {
                let to = self.destination(to);
                let free = matches!(to.class, Class::Internal | Class::Emergency);
                (!free && !toll.rights(agent).may_transfer_out)
                    .then(|| format!("agent {} transferred call {} to {to:?}", agent.0, record.id.0))
            }
            _ => None,
        })
    }
}

// When each minute of a leg began that began before `end`; one that ends in that moment has no further minute.
fn begun(leg: &Outgoing, end: Time) -> Vec<Time> {
    let Some(answered) = leg.answered else { return Vec::new() };
    let first = std::iter::once(answered);
    let more = (1..).map(|n| answered.plus(n * MINUTE_MS)).take_while(|t| *t < end);
    first.chain(more).collect()
}
