//! Ringing somebody: several far ends at once, or one after the other, until one answers or none is left.
//!
//! For the engine it is one leg, which rings, is answered, or ends. Which far ends there are is said by whoever rings;
//! here nobody is chosen.

mod early;
mod forwards;
mod redirects;

pub use early::MOST_EARLY;

use crate::adapt::carriers::Tried;
use crate::adapt::dialing::early::EarlyEnds;
use crate::adapt::keys::Keyed;
use crate::adapt::location::Location;
use crate::adapt::media_door::{MediaCommand, MediaId};
use crate::adapt::switch::{Now, Switch};
use crate::adapt::tenant_door::DoorLeg;
use crate::tenant::objects::AudioCodec;
use crate::tenant::srtp::Terms;
use crate::tenant::trunk::TrunkPlan;
use crate::trunk_choice::{Outcome, fails_over, fails_over_in_teams};
use engine::{Event, LegEnd, LegId, Limits, Origin};
use media::leg::Learning;
use media::negotiate::{Codec, Direction, LocalSession, SrtpPolicy};
use redact::Secret;
use sip::{Destination, Login, Outgoing, SessionTimer};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use store::TenantId;

/// The most telephones of one person that ring at once.
pub(super) const MOST_AT_ONCE: usize = 4;
/// What is said to those who ring when another answered (RFC 3326).
pub(super) const ELSEWHERE: &str = "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n";

/// A far end, and what it is sent.
#[derive(Clone)]
pub(super) struct FarEnd {
    pub(super) to: Destination,
    /// Request-URI and To.
    pub(super) uri: Secret<String>,
    /// The value of From, without a tag.
    pub(super) from: Secret<String>,
    /// Further header lines, each with its line end.
    pub(super) lines: Secret<String>,
    /// The value of Referred-By as it came; empty for none.
    pub(super) referred_by: Secret<Vec<u8>>,
    /// Who we are there.
    pub(super) login: Option<Arc<Login>>,
    /// Audio may come from elsewhere than signalled.
    pub(super) nat: bool,
    /// Whether audio is protected, and ICE is spoken.
    pub(super) srtp: Terms,
    /// What it may be offered, the preferred first.
    pub(super) codecs: Vec<Codec>,
    /// Our Contact there, where it is another than usual.
    pub(super) contact: Option<Arc<str>>,
    /// The trunk that it belongs to, and its place there.
    pub(super) trunk: Option<Tried>,
    /// The number outside that is called there, as the world writes it; empty where it is none.
    pub(super) number: Secret<String>,
}

/// What telephones are offered: those that sound best first.
pub(super) const OF_PHONES: [Codec; 4] = [Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu];

/// What a trunk's far ends may be offered.
pub(super) fn codecs_of(trunk: &TrunkPlan) -> Vec<Codec> {
    let one = |codec: &AudioCodec| match codec {
        AudioCodec::Pcma => Codec::Pcma,
        AudioCodec::Pcmu => Codec::Pcmu,
        AudioCodec::G722 => Codec::G722,
        AudioCodec::Opus => Codec::Opus,
    };
    // The telephone network speaks G.711: more is asked for only where somebody says so.
    if trunk.codecs.is_empty() { Codec::G711.to_vec() } else { trunk.codecs.iter().map(one).collect() }
}

/// How often a trunk's far ends have to be heard of in a call (RFC 4028).
pub(super) fn session_timer_of(trunk: &TrunkPlan) -> SessionTimer {
    SessionTimer { expires: trunk.session_timer_s, ..SessionTimer::default() }
}

/// What it means how a call ended that nobody took, and whether another far end is asked then.
#[derive(Clone, Copy)]
pub(super) struct Outcomes {
    /// The answers of Teams mean other things than a carrier's.
    pub(super) in_teams: bool,
}

impl Outcomes {
    pub(super) fn of(self, refused: &sip::Refused) -> Outcome {
        match if self.in_teams { refused.code } else { refused.meant() } {
            // Of Teams a 408 is the last word of somebody there.
            408 if self.in_teams && refused.is_answer => Outcome::Code(408),
            408 => Outcome::NoAnswer,
            503 => Outcome::Unreachable,
            code => Outcome::Code(code),
        }
    }

    /// What a caller hears of a far end that did not take the call, where it is told more than that: what is wrong with the
    /// number; or that nothing gets there, so that whoever sent the call tries another way.
    pub(super) fn said_on(self, outcome: Outcome, rang: bool) -> Option<u16> {
        match outcome {
            Outcome::Code(404 | 604) => Some(404),
            Outcome::Code(code @ (410 | 484)) => Some(code),
            // Who was heard would be called a second time.
            _ if rang => None,
            Outcome::NoAnswer | Outcome::Unreachable => Some(503),
            // With Teams another way leads to the same people.
            Outcome::Code(500..=599) if !self.in_teams => Some(503),
            Outcome::Code(_) => None,
        }
    }

    pub(super) fn fail_over(self, outcome: Outcome, rang: bool) -> bool {
        let fails_over = if self.in_teams { fails_over_in_teams } else { fails_over };
        fails_over(outcome, rang)
    }
}

/// Whom to ring.
#[derive(Default)]
pub(super) struct Order {
    /// These at once; at most [`MOST_AT_ONCE`].
    pub(super) at_once: Vec<FarEnd>,
    /// And these, one after the other, when those before cannot be had for reasons of their own.
    pub(super) then: VecDeque<FarEnd>,
}

/// A call that has no final answer yet, with what it tries where it goes over a trunk.
pub(super) type Open = (sip::CallId, Option<Tried>);

/// A leg that rings.
pub(super) struct Dialing {
    then: VecDeque<FarEnd>,
    open: Vec<Open>,
    rang: bool,
    /// Those that may send audio already.
    early: EarlyEnds,
    offer: Vec<u8>,
    /// The far end of a trunk that is asked at the moment.
    asked: Option<(sip::CallId, FarEnd)>,
    /// A telephone sent the call on to a number outside.
    forwarded: bool,
    /// How many addresses that far ends named instead may still be tried.
    redirects_left: u8,
    /// What the offer says about protection.
    srtp: Terms,
}

impl Dialing {
    /// The far ends that may send audio before one of them answers.
    pub(super) fn early(&mut self) -> &mut EarlyEnds {
        &mut self.early
    }

    pub(super) fn into_open(self) -> Vec<Open> {
        self.open
    }
}

impl Switch {
    /// Rings for a leg that the engine asked for.
    pub(super) fn ring(&mut self, now: Now, tenant: usize, leg: LegId, order: Order) {
        // The engine may have given the leg up while its journal was written: then nobody is rung.
        let t = &self.tenants[tenant];
        let Some(call) =
            t.engine.legs().get(&leg).filter(|l| l.state != engine::LegState::Ending).map(|l| l.call)
        else {
            return self.tell(now, tenant, Event::LegEnded { leg, end: LegEnd::NearHungUp });
        };
        let Order { mut at_once, mut then } = order;
        if at_once.is_empty() {
            at_once.extend(then.pop_front());
        }
        let Some((codecs, srtp)) = at_once.first().map(|far| (far.codecs.clone(), far.srtp)) else {
            return self.tell(now, tenant, Event::LegEnded { leg, end: LegEnd::Unreachable });
        };
        // The customer's codec first: then nothing has to be translated.
        let other = t.engine.calls().get(&call).and_then(|c| c.caller_leg()).and_then(|l| t.legs.get(&l));
        let prefer = other.and_then(|l| l.negotiated.as_ref()).map(|n| n.codec);
        let max_forwards = other.map_or(70, |l| l.max_forwards);
        let party = t.engine.calls().get(&call).map(|c| c.caller).unwrap_or_default();
        let Some((media, rtp)) = self.door.open(self.home(tenant, call)) else {
            return self.tell(now, tenant, Event::LegEnded { leg, end: LegEnd::Failed });
        };
        let mut session = LocalSession::new(rtp, now.mono, &codecs, true);
        session.prefer(prefer);
        if !self.agree_terms(&mut session, media, srtp) {
            self.door.send(MediaCommand::Close { leg: media });
            return self.tell(now, tenant, Event::LegEnded { leg, end: LegEnd::Failed });
        }
        let offer = session.offer(Direction::SendRecv).write().into_bytes();
        self.by_media.insert(media, (tenant, leg));
        self.tenants[tenant].legs.insert(
            leg,
            DoorLeg {
                call,
                sip: None,
                browser: None,
                media: Some(media),
                session: Some(session),
                answer: Vec::new(),
                negotiated: None,
                offer_is_ours: true,
                learning: Learning::Never,
                confirmed: true,
                rings: false,
                quality: None,
                ending: false,
                held: false,
                address: Secret::new(String::new()),
                display: Secret::new(String::new()),
                party,
                max_forwards,
                keyed: Keyed::default(),
                dialing: Some(Dialing {
                    then,
                    open: Vec::new(),
                    rang: false,
                    early: EarlyEnds::default(),
                    offer,
                    asked: None,
                    forwarded: false,
                    redirects_left: redirects::MOST,
                    srtp,
                }),
                trunk: None,
                came_over: None,
                teams: None,
                successor: None,
                before: Vec::new(),
                asked_for_one: false,
                passes: None,
                last_word: None,
                was_for: Secret::default(),
                location: None,
                hears: Box::default(),
            },
        );
        for far in at_once.into_iter().take(MOST_AT_ONCE) {
            self.invite(now, tenant, leg, far);
        }
    }

    /// Says in a session whether its audio is protected and ICE is spoken. False when it must be protected and cannot.
    pub(super) fn agree_terms(&mut self, session: &mut LocalSession, media: MediaId, terms: Terms) -> bool {
        // Who speaks ICE shares ports, too; where anybody asks for it we agree.
        session.offer_mux(terms.ice);
        if let Some(secret) = terms.ice.then(|| self.door.ice_secret()).flatten() {
            // Checks come before the answer does.
            let credentials = session.use_ice(secret);
            self.door.send(MediaCommand::Ice { leg: media, credentials });
        }
        match self.door.keys() {
            _ if terms.srtp == SrtpPolicy::Off => true,
            Some(keys) => {
                session.protect(terms.srtp, keys);
                true
            }
            None => terms.srtp != SrtpPolicy::Required,
        }
    }

    /// Where the next far end wants protection and the one before did not, or the other way round, the offer is another.
    /// False when that far end must not be asked: its audio has to be protected and cannot be.
    fn offer_for(&mut self, tenant: usize, leg: LegId, srtp: Terms) -> bool {
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return false };
        let (Some(d), Some(media)) = (&l.dialing, l.media) else { return false };
        if d.srtp == srtp {
            return true;
        }
        let Some(mut session) = l.session.take() else { return false };
        session.protect_no_more();
        let agreed = self.agree_terms(&mut session, media, srtp);
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return false };
        let session = l.session.insert(session);
        let Some(d) = &mut l.dialing else { return false };
        d.srtp = if agreed { srtp } else { Terms { srtp: SrtpPolicy::Off, ..srtp } };
        d.offer = session.offer(Direction::SendRecv).write().into_bytes();
        agreed
    }

    fn invite(&mut self, now: Now, tenant: usize, leg: LegId, far: FarEnd) {
        let plans = &self.tenants[tenant].meaning.trunk_plans;
        let plan = far.trunk.and_then(|tried| plans.iter().find(|plan| plan.id == tried.trunk));
        let session_timer = plan.map(session_timer_of);
        let answer_within = plan.and_then(|plan| plan.failover_ms).map(Duration::from_millis);
        // One without limits is told where the one before had some: what was held back there is free again.
        let asked = self.tenants[tenant].legs.get(&leg).and_then(|l| l.dialing.as_ref()?.asked.as_ref());
        let before = asked.and_then(|(_, far)| far.trunk);
        let limited = |id| plans.iter().any(|plan| plan.id == id && plan.toll != Limits::default());
        let counted_elsewhere = before.is_some_and(|tried| limited(tried.trunk));
        if let Some(plan) = plan.filter(|plan| counted_elsewhere || plan.toll != Limits::default()) {
            let event = Event::LegVia { leg, trunk: plan.id, limits: plan.toll };
            self.tell(now, tenant, event);
        }
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return };
        // With several far ends the most careful of them decides.
        if far.nat {
            l.learning = Learning::FirstPacket;
        }
        let t = &self.tenants[tenant];
        let plan = far.trunk.and_then(|tried| t.meaning.trunk_plan(tried.trunk));
        let in_teams = plan.is_some_and(|plan| plan.teams.is_some());
        let location = t.location_for(leg, plan, far.number.expose_secret());
        let beside = location.map(Location::parts).unwrap_or_default();
        let mut lines = far.lines.expose_secret().clone();
        lines.push_str(location.map(Location::lines).unwrap_or_default());
        let Some((l, d)) = t.legs.get(&leg).and_then(|l| Some((l, l.dialing.as_ref()?))) else { return };
        let uri = far.uri.expose_secret();
        let sip = self.endpoint.invite(
            now.sip(),
            &Outgoing {
                uri,
                from: far.from.expose_secret(),
                to_header: &format!("<{uri}>"),
                max_forwards: l.max_forwards,
                extra: &lines,
                referred_by: far.referred_by.expose_secret(),
                body: &d.offer,
                beside: &beside,
                login: far.login.as_ref(),
                session_timer,
                contact: far.contact.as_deref(),
                answer_within,
                ..Outgoing::to(far.to)
            },
        );
        if in_teams {
            self.confirm_to_teams(sip);
        }
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return };
        let Some(d) = &mut l.dialing else { return };
        d.open.push((sip, far.trunk));
        if far.trunk.is_some() {
            d.asked = Some((sip, far.clone()));
        }
        l.sip.get_or_insert(sip);
        self.belongs(sip, tenant, leg);
        if let Some(Tried { trunk, .. }) = far.trunk {
            let tenant = self.tenants[tenant].id;
            self.carriers.call_began(now, tenant, trunk);
        }
    }

    /// A far end that was rung is not to be had. Whether others ring for the leg, so that it is not over.
    pub(super) fn rings_on(&mut self, now: Now, call: sip::CallId, refused: &sip::Refused) -> bool {
        self.follow_redirects(call, refused);
        self.follow_forward(now, call, refused);
        let Some((tenant, leg)) = self.by_sip.get(&call).copied() else { return true };
        let id = self.tenants[tenant].id;
        let in_teams = self.tells_codes(tenant, leg, call);
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return true };
        let ending = l.ending;
        let Some(d) = &mut l.dialing else { return false };
        let Some(at) = d.open.iter().position(|(c, _)| *c == call) else { return true };
        let (_, tried) = d.open.swap_remove(at);
        d.early.over(call, l.media, &mut *self.door);
        let rang = d.rang;
        let outcomes = Outcomes { in_teams };
        let outcome = outcomes.of(refused);
        if let Some(tried) = tried {
            self.carriers.call_over(id, tried.trunk);
            if !rang && !ending {
                self.carriers.attempt_ended(now, id, tried, outcome);
                if let Some(seconds) = refused.retry_after.filter(|_| outcome == Outcome::Unreachable) {
                    self.carriers.leave_alone(now, id, tried, seconds);
                }
            }
            if in_teams {
                self.refused_in_teams(now, id, tried, refused);
            }
        }
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return true };
        let Some(d) = &mut l.dialing else { return false };
        if let Some((other, _)) = d.open.first() {
            l.sip = Some(*other);
            self.by_sip.remove(&call);
            return true;
        }
        if !ending {
            self.note_last_word(tenant, leg, outcomes.said_on(outcome, rang));
        }
        if ending || !outcomes.fail_over(outcome, rang) {
            return false;
        }
        let next = loop {
            let Some(next) = self.next_far_end(now, tenant, leg) else { return false };
            if self.offer_for(tenant, leg, next.srtp) {
                break next;
            }
        };
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return true };
        l.sip = None;
        self.by_sip.remove(&call);
        self.invite(now, tenant, leg, next);
        true
    }

    /// A host of Teams refused a call, or did not answer it.
    pub(super) fn refused_in_teams(&mut self, now: Now, id: TenantId, tried: Tried, refused: &sip::Refused) {
        self.carriers.call_refused(now, id, tried, refused);
        // The data centre is busy: what comes next there goes over another connection.
        if refused.code == 503 && refused.retry_after == Some(1) {
            self.retired.insert(tried.to.addr);
        }
    }

    // Whoever waits for a leg that is all there is to a call hears what its far end said last.
    fn note_last_word(&mut self, tenant: usize, leg: LegId, word: Option<u16>) {
        let t = &mut self.tenants[tenant];
        let call = t.engine.legs().get(&leg).and_then(|l| t.engine.calls().get(&l.call));
        let Some(call) = call else { return };
        // In a call of an agent's own the customer is who is called.
        let waits = call.caller_leg().into_iter().chain(call.talking().iter().copied()).find(|l| *l != leg);
        let Some(waits) = waits else { return };
        let is_outbound = matches!(call.origin, Origin::Outbound { .. });
        if let Some(l) = t.legs.get_mut(&waits).filter(|l| is_outbound || l.passes.is_some()) {
            // A telephone has no other way.
            l.last_word = word.filter(|word| *word != 503 || l.came_over.is_some());
        }
    }

    // The next far end of a leg whose trunk may still bear a call today: others may have used it up meanwhile.
    fn next_far_end(&mut self, now: Now, tenant: usize, leg: LegId) -> Option<FarEnd> {
        let t = &mut self.tenants[tenant];
        let d = t.legs.get_mut(&leg)?.dialing.as_mut()?;
        loop {
            let next = d.then.pop_front()?;
            let Some(plan) = next.trunk.and_then(|tried| t.meaning.trunk_plan(tried.trunk)) else {
                return Some(next);
            };
            let to = t.meaning.classes.classify(next.number.expose_secret()).destination;
            // A leg that tries another far end of the same trunk has its minute there already.
            let again = next.trunk.map(|tried| tried.trunk)
                == d.asked.as_ref().and_then(|(_, far)| far.trunk).map(|t| t.trunk);
            if again || t.engine.trunk_takes(now.wall, plan.id, &plan.toll, to).is_ok() {
                return Some(next);
            }
        }
    }

    // Whether a call that a leg has open goes to Teams, whose answers mean other things than a carrier's.
    fn tells_codes(&self, tenant: usize, leg: LegId, call: sip::CallId) -> bool {
        let t = &self.tenants[tenant];
        let open = t.legs.get(&leg).and_then(|l| l.dialing.as_ref()).map(|d| &d.open);
        let tried = open.and_then(|open| open.iter().find(|(c, _)| *c == call)).and_then(|(_, tried)| *tried);
        tried.and_then(|tried| t.meaning.trunk_plan(tried.trunk)).is_some_and(|plan| plan.teams.is_some())
    }

    /// A far end rings. Whether it is the first of its leg.
    pub(super) fn rings_now(&mut self, tenant: usize, leg: LegId) -> bool {
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return false };
        if let Some(d) = &mut l.dialing {
            d.rang = true;
        }
        !std::mem::replace(&mut l.rings, true)
    }

    /// One of those who rang answered: the others stop.
    pub(super) fn answered_by(&mut self, now: Now, tenant: usize, leg: LegId, call: sip::CallId) {
        let t = &mut self.tenants[tenant];
        let (id, plans) = (t.id, &t.meaning.trunk_plans);
        let Some(l) = t.legs.get_mut(&leg) else { return };
        let Some(d) = l.dialing.take() else { return };
        l.sip = Some(call);
        for (other, tried) in d.open {
            if other == call {
                l.trunk = tried.map(|t| t.trunk);
                l.teams = l.trunk.filter(|trunk| plans.iter().any(|p| p.id == *trunk && p.teams.is_some()));
                if let Some(tried) = tried {
                    self.carriers.attempt_ended(now, id, tried, Outcome::Code(200));
                }
                continue;
            }
            if let Some(tried) = tried {
                self.carriers.call_over(id, tried.trunk);
            }
            self.by_sip.remove(&other);
            self.endpoint.hang_up(now.sip(), other, ELSEWHERE);
        }
        self.pass_keys_from(tenant, leg);
    }

    /// Ends what a leg has open, whatever it is doing.
    pub(super) fn hang_up_leg(&mut self, now: Now, tenant: usize, leg: LegId, lines: &str) {
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return };
        let mut open: Vec<sip::CallId> = l.sip.into_iter().collect();
        if let Some(d) = &mut l.dialing {
            d.then.clear();
            open = d.open.iter().map(|(call, _)| *call).collect();
        }
        // A page is told and has nothing to confirm.
        if l.browser.is_some() {
            return self.leg_ended(now, tenant, leg, LegEnd::NearHungUp);
        }
        for call in open {
            self.endpoint.hang_up(now.sip(), call, lines);
        }
    }
}
