//! A checker of calls to the outside. It keeps a book of its own, from what the engine is told and asks for, and knows
//! nothing of how the engine counts.

use engine::{
    CallRecord, Class, Config, Destination, Effect, Event, LegId, PartyId, TargetId, Time, To, TollConfig,
    What,
};
use std::collections::BTreeMap;

const MINUTE_MS: u64 = 60_000;

/// A leg to the outside, as the effects and events tell of it.
#[derive(Clone, Copy, Debug)]
struct Outgoing {
    class: Class,
    answered: Option<Time>,
}

/// Calls to the outside, counted by hand.
#[derive(Default)]
pub(crate) struct Outside {
    toll: Option<Box<TollConfig>>,
    parties: BTreeMap<PartyId, Destination>,
    open: BTreeMap<LegId, Outgoing>,
    /// When the minutes began that ended calls have used, today.
    minutes: Vec<Time>,
    /// More was used than may be when calls began to be cut.
    excused: bool,
}

impl Outside {
    /// What the engine is told, before it is.
    pub(crate) fn event(&mut self, at: Time, event: &Event) {
        match event {
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
    }

    fn configured(&mut self, at: Time, config: &Config) {
        self.toll = config.toll.clone();
        let most = self.toll.as_ref().and_then(|t| t.policy.tenant.minutes);
        self.excused |= most.is_some_and(|most| self.used(at) > most);
    }

    /// A leg is over, by an event or because the engine gave it up.
    fn ended(&mut self, at: Time, leg: LegId) {
        if let Some(open) = self.open.remove(&leg) {
            self.minutes.extend(begun(&open, at));
        }
    }

    /// A process ended, after an event at this time: its calls are over.
    pub(crate) fn restarted(&mut self, at: Time) {
        for leg in self.open.keys().copied().collect::<Vec<_>>() {
            self.ended(at, leg);
        }
    }

    /// The engine has no such leg any more: it gave up waiting for its end.
    pub(crate) fn keep(&mut self, at: Time, known: impl Fn(LegId) -> bool) {
        for leg in self.open.keys().copied().filter(|l| !known(*l)).collect::<Vec<_>>() {
            self.ended(at, leg);
        }
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

    // Minutes of today that have begun before now.
    fn used(&mut self, now: Time) -> u64 {
        let Some(toll) = &self.toll else { return 0 };
        let ahead = toll.offsets.first().map_or(0, |(_, s)| *s as i64 * 1_000);
        let day = |t: Time| (t.0 as i64 + ahead) / 86_400_000;
        self.minutes.retain(|t| day(*t) == day(now));
        let running = self.open.values().flat_map(|o| begun(o, now)).filter(|t| day(*t) == day(now));
        (self.minutes.len() + running.count()) as u64
    }

    /// The engine asks for something. Gives the law that this breaks. `known` says which legs there are.
    pub(crate) fn effect(
        &mut self,
        now: Time,
        effect: &Effect,
        known: impl Fn(LegId) -> bool,
    ) -> Option<String> {
        let (leg, to) = match effect {
            // What takes the far end a moment to notice is not counted.
            Effect::HangUp { leg, .. } | Effect::Refuse { leg, .. } => {
                self.ended(now, *leg);
                return None;
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
        let destination = self.destination(to);
        let class = destination.class;
        let toll = self.toll.clone()?;
        if matches!(class, Class::Internal | Class::Emergency) {
            return None;
        }
        if toll.policy.allows(destination).is_err() {
            return Some(format!("{leg:?} calls {destination:?}, which nobody may call"));
        }
        self.keep(now, known);
        let used = self.used(now);
        let ringing = self.open.values().filter(|o| o.answered.is_none()).count() as u64;
        self.open.insert(leg, Outgoing { class, answered: None });
        let limits = toll.policy.tenant;
        let all = self.open.len();
        if limits.at_once.is_some_and(|most| all > most as usize) {
            return Some(format!("{leg:?} is one of {all} calls to the outside, more than may be"));
        }
        if limits.minutes.is_some_and(|most| used + ringing >= most) {
            return Some(format!("{leg:?} is dialled although {used} minutes are used and {ringing} held"));
        }
        let of_class = self.open.values().filter(|o| o.class == class).count();
        let most = toll.policy.classes.iter().find(|(c, _)| *c == class).and_then(|(_, l)| l.at_once);
        most.filter(|most| of_class > *most as usize)
            .map(|_| format!("{leg:?} is one of {of_class} calls of its class, more than may be"))
    }

    /// Where calls are cut, no minute is used that is not there.
    pub(crate) fn check(&mut self, now: Time) -> Option<String> {
        let toll = self.toll.clone().filter(|t| t.cut)?;
        let most = toll.policy.tenant.minutes?;
        let used = self.used(now);
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
