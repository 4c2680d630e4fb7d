//! Somebody else takes the place of a leg's far end, because the far end asked us to call them (REFER): they are called, and
//! when they answer the leg is theirs. It keeps its port, its place in the conversation and its recording, so that whoever
//! is at the other side hears no more of it than that it rings.

use crate::adapt::dialing::{FarEnd, Outcomes, session_timer_of};
use crate::adapt::media_door::MediaCommand;
use crate::adapt::switch::{Now, Switch};
use crate::tenant::srtp::Terms;
use crate::trunk_choice::Outcome;
use engine::{Event, LegId, LegState, Limits, TrunkId};
use media::leg::{Learning, Repeat};
use media::negotiate::{Direction, LocalSession};
use media::prompt::{Prompt, Ringback};
use media::sdp::SessionDescription;
use sip::{Outgoing, ReferId, Refused};
use std::collections::VecDeque;
use std::time::Duration;

/// Who is to take the place of a leg's far end.
pub(super) struct Successor {
    /// The call to them.
    sip: sip::CallId,
    /// What we were asked, to say how far it is.
    refer: ReferId,
    session: LocalSession,
    /// What the offer says about protection, and the offer.
    srtp: Terms,
    offer: Vec<u8>,
    /// Others of the call hear that it rings.
    rings: bool,
    /// Where they are asked for, and where next when they cannot be had there.
    far: FarEnd,
    then: VecDeque<FarEnd>,
    /// The trunk that counts the call beside the leg's own.
    counted: Option<TrunkId>,
    /// Where the number leads, in a call that passes through: it counts for the limits of the trunk.
    to: Option<engine::Destination>,
    max_forwards: u8,
}

impl Switch {
    /// Calls whoever is to take the place of a leg's far end, at the first of these that can be asked; or refuses the request.
    /// `to` says where the number leads, in a call that passes through.
    pub(super) fn call_successor(
        &mut self,
        now: Now,
        (tenant, leg): (usize, LegId),
        refer: ReferId,
        mut then: VecDeque<FarEnd>,
        to: Option<engine::Destination>,
    ) {
        let open = self.is_open(tenant, leg);
        let Some(l) = self.tenants[tenant].legs.get(&leg).filter(|l| open && l.successor.is_none()) else {
            return self.endpoint.reject_refer(now.sip(), refer, 491);
        };
        let max_forwards = l.max_forwards;
        let another = l.media.zip(l.session.as_ref().map(|session| session.for_another(now.mono)));
        let Some((media, mut session)) = another else {
            return self.endpoint.reject_refer(now.sip(), refer, 488);
        };
        if then.is_empty() {
            return self.endpoint.reject_refer(now.sip(), refer, 480);
        }
        // Who must have protected audio and cannot is passed over, as later on.
        let agreed = loop {
            let Some(far) = then.pop_front() else { break None };
            session.allow(&far.codecs);
            if self.agree_terms(&mut session, media, far.srtp) {
                break Some(far);
            }
            session.protect_no_more();
        };
        let Some(far) = agreed else { return self.endpoint.reject_refer(now.sip(), refer, 488) };
        let offer = session.offer(Direction::SendRecv).write().into_bytes();
        let srtp = far.srtp;
        self.endpoint.accept_refer(now.sip(), refer);
        self.hold_minute(now, tenant, leg, &far, to);
        let (sip, counted) = self.ask_successor(now, tenant, leg, &far, (&offer, max_forwards));
        let (rings, far) = (false, far);
        let s = Successor { sip, refer, session, srtp, offer, rings, far, then, counted, to, max_forwards };
        if let Some(l) = self.tenants[tenant].legs.get_mut(&leg) {
            l.successor = Some(Box::new(s));
        }
    }

    // What a successor would use of a trunk's day is held back while they ring, so that several cannot use the same.
    fn hold_minute(
        &mut self,
        now: Now,
        tenant: usize,
        leg: LegId,
        far: &FarEnd,
        to: Option<engine::Destination>,
    ) {
        let Some((tried, to)) = far.trunk.zip(to) else { return };
        let plan = self.tenants[tenant].meaning.trunk_plan(tried.trunk);
        let Some(limits) = plan.map(|plan| plan.toll).filter(|limits| *limits != Limits::default()) else {
            return;
        };
        self.tell(now, tenant, Event::LegAsksOn { leg, to, trunk: tried.trunk, limits });
    }

    /// A successor does not come: what was held back is free.
    pub(super) fn free_minute(&mut self, now: Now, tenant: usize, leg: LegId, s: &Successor) {
        // Whatever the trunk's limits are now: they may have been others when it was asked.
        if s.to.is_some() {
            self.tell(now, tenant, Event::LegStays { leg });
        }
    }

    fn ask_successor(
        &mut self,
        now: Now,
        tenant: usize,
        leg: LegId,
        far: &FarEnd,
        (offer, max_forwards): (&[u8], u8),
    ) -> (sip::CallId, Option<TrunkId>) {
        let t = &self.tenants[tenant];
        let trunk = far.trunk.map(|tried| tried.trunk);
        let plan = trunk.and_then(|trunk| t.meaning.trunk_plan(trunk));
        let l = t.legs.get(&leg);
        let counted =
            trunk.filter(|trunk| l.is_none_or(|l| l.trunk != Some(*trunk) && l.came_over != Some(*trunk)));
        let in_teams = plan.is_some_and(|plan| plan.teams.is_some());
        let (id, uri) = (t.id, far.uri.expose_secret());
        let sip = self.endpoint.invite(
            now.sip(),
            &Outgoing {
                uri,
                from: far.from.expose_secret(),
                to_header: &format!("<{uri}>"),
                max_forwards,
                extra: far.lines.expose_secret(),
                referred_by: far.referred_by.expose_secret(),
                body: offer,
                login: far.login.as_ref(),
                session_timer: plan.map(session_timer_of),
                contact: far.contact.as_deref(),
                answer_within: plan.and_then(|plan| plan.failover_ms).map(Duration::from_millis),
                ..Outgoing::to(far.to)
            },
        );
        if in_teams {
            self.confirm_to_teams(sip);
        }
        self.belongs(sip, tenant, leg);
        if let Some(trunk) = counted {
            self.carriers.call_began(now, id, trunk);
        }
        (sip, counted)
    }

    /// The leg whose far end a call is to become, if it is to.
    fn succeeds(&self, call: sip::CallId) -> Option<(usize, LegId)> {
        let (tenant, leg) = self.by_sip.get(&call).copied()?;
        let l = self.tenants[tenant].legs.get(&leg)?;
        l.successor.as_ref().is_some_and(|s| s.sip == call).then_some((tenant, leg))
    }

    /// A call of ours progresses; whether it was one to a successor.
    pub(super) fn successor_rings(&mut self, now: Now, call: sip::CallId, code: u16) -> bool {
        let Some((tenant, leg)) = self.succeeds(call) else { return false };
        let t = &mut self.tenants[tenant];
        let Some(s) = t.legs.get_mut(&leg).and_then(|l| l.successor.as_mut()) else { return true };
        let first = !std::mem::replace(&mut s.rings, true);
        let refer = s.refer;
        self.endpoint.notify_refer(now.sip(), refer, code, false);
        if first {
            let ringing = Prompt::ringback(Ringback::Europe);
            for leg in self.hearers(tenant, leg) {
                let prompt = ringing.clone();
                self.door.send(MediaCommand::Play { leg, prompt, repeat: Repeat::Forever });
            }
        }
        true
    }

    /// A call of ours was answered; whether it was one to a successor, who is the far end from here on.
    pub(super) fn successor_answered(&mut self, now: Now, call: sip::CallId, body: &[u8]) -> bool {
        let Some((tenant, leg)) = self.succeeds(call) else { return false };
        let open = self.is_open(tenant, leg);
        let t = &mut self.tenants[tenant];
        let (id, plans) = (t.id, &t.meaning.trunk_plans);
        let Some(l) = t.legs.get_mut(&leg) else { return true };
        let Some(mut s) = l.successor.take() else { return true };
        // The leg is being ended already: nobody would hang up who comes now.
        if !open {
            self.by_sip.remove(&call);
            self.endpoint.hang_up(now.sip(), call, "");
            self.endpoint.notify_refer(now.sip(), s.refer, 487, true);
            s.counted.into_iter().for_each(|trunk| self.carriers.call_over(id, trunk));
            self.free_minute(now, tenant, leg, &s);
            return true;
        }
        let agreed =
            SessionDescription::parse(body).map_err(Into::into).and_then(|answer| s.session.accept(&answer));
        let Ok(negotiated) = agreed else {
            self.by_sip.remove(&call);
            self.endpoint.hang_up(now.sip(), call, "Reason: Q.850;cause=88\r\n");
            self.endpoint.notify_refer(now.sip(), s.refer, 488, true);
            s.counted.into_iter().for_each(|trunk| self.carriers.call_over(id, trunk));
            self.free_minute(now, tenant, leg, &s);
            self.hear_again(tenant, leg);
            return true;
        };
        l.negotiated = Some(Box::new(negotiated));
        l.session = Some(s.session);
        l.learning = if s.far.nat { Learning::FirstPacket } else { Learning::Never };
        let trunk = s.far.trunk.map(|tried| tried.trunk);
        l.teams = trunk.filter(|trunk| plans.iter().any(|plan| plan.id == *trunk && plan.teams.is_some()));
        let over = match s.counted {
            Some(_) => (std::mem::replace(&mut l.trunk, trunk), l.came_over.take()),
            None => (None, None),
        };
        // What the far end before had not confirmed yet, it never will.
        let confirmed = std::mem::replace(&mut l.confirmed, true) || l.asked_for_one;
        l.offer_is_ours = false;
        // The far end before it hangs up once it was told; who does not is hung up with the leg.
        if let Some(before) = l.sip.replace(call) {
            self.by_sip.remove(&before);
            l.before.retain(|old| *old != before);
            l.before.push(before);
        }
        self.point_media(tenant, leg);
        self.hear_again(tenant, leg);
        if !confirmed {
            self.tell(now, tenant, Event::LegAnswered { leg });
        }
        self.tell(now, tenant, Event::FarEndChanged { leg });
        if let Some((trunk, to)) = trunk.zip(s.to) {
            let limits =
                self.tenants[tenant].meaning.trunk_plan(trunk).map(|plan| plan.toll).unwrap_or_default();
            self.tell(now, tenant, Event::LegPassedOn { leg, to, trunk, limits });
        }
        self.tell_hold(now, tenant, leg);
        self.endpoint.notify_refer(now.sip(), s.refer, 200, true);
        if let Some(trunk) = over.0 {
            self.carriers.call_over(id, trunk);
        }
        if let Some(trunk) = over.1 {
            self.carriers.call_went(id, trunk);
        }
        if let Some(tried) = s.far.trunk {
            self.carriers.attempt_ended(now, id, tried, Outcome::Code(200));
        }
        if let Some((.., trunk)) = self.teams_leg(call) {
            self.lead_to_teams(now, tenant, trunk, call);
        }
        true
    }

    /// A call of ours was refused; whether it was one to a successor. Where only the host could not do it, the next one is
    /// asked; else the far end stays who it was.
    pub(super) fn successor_refused(&mut self, now: Now, call: sip::CallId, refused: &Refused) -> bool {
        let Some((tenant, leg)) = self.succeeds(call) else { return false };
        self.by_sip.remove(&call);
        let open = self.is_open(tenant, leg);
        let successor = self.tenants[tenant].legs.get_mut(&leg).and_then(|l| l.successor.take());
        let Some(mut s) = successor else { return true };
        let id = self.tenants[tenant].id;
        let tried = s.far.trunk;
        let plan = tried.and_then(|tried| self.tenants[tenant].meaning.trunk_plan(tried.trunk));
        let outcomes = Outcomes { in_teams: plan.is_some_and(|plan| plan.teams.is_some()) };
        let outcome = outcomes.of(refused);
        s.counted.take().into_iter().for_each(|trunk| self.carriers.call_over(id, trunk));
        if let Some(tried) = tried {
            if !s.rings {
                self.carriers.attempt_ended(now, id, tried, outcome);
            }
            if outcomes.in_teams {
                self.refused_in_teams(now, id, tried, refused);
            }
        }
        if open && outcomes.fail_over(outcome, s.rings) && self.ask_next_successor(now, tenant, leg, &mut s) {
            // Who transferred hears that it goes on.
            self.endpoint.notify_refer(now.sip(), s.refer, 100, false);
            if let Some(l) = self.tenants[tenant].legs.get_mut(&leg) {
                l.successor = Some(s);
            }
            return true;
        }
        self.free_minute(now, tenant, leg, &s);
        self.hear_again(tenant, leg);
        self.endpoint.notify_refer(now.sip(), s.refer, refused.code, true);
        true
    }

    // The next one that can be asked.
    fn ask_next_successor(&mut self, now: Now, tenant: usize, leg: LegId, s: &mut Successor) -> bool {
        let Some(media) = self.tenants[tenant].legs.get(&leg).and_then(|l| l.media) else { return false };
        while let Some(far) = s.then.pop_front() {
            if far.srtp != s.srtp || far.codecs != s.far.codecs {
                s.session.protect_no_more();
                s.session.allow(&far.codecs);
                if !self.agree_terms(&mut s.session, media, far.srtp) {
                    s.srtp = Terms::default();
                    continue;
                }
                (s.srtp, s.offer) = (far.srtp, s.session.offer(Direction::SendRecv).write().into_bytes());
            }
            self.hold_minute(now, tenant, leg, &far, s.to);
            (s.sip, s.counted) = self.ask_successor(now, tenant, leg, &far, (&s.offer, s.max_forwards));
            s.far = far;
            return true;
        }
        false
    }

    /// Nobody is to take the place of a leg's far end any more, because somebody did so in another way: who rings is let go,
    /// whoever asked hears that it came to nothing, and others of the call hear the leg again.
    pub(super) fn withdraw_successor(&mut self, now: Now, tenant: usize, leg: LegId) {
        let successor = self.tenants[tenant].legs.get_mut(&leg).and_then(|l| l.successor.take());
        let Some(s) = successor else { return };
        self.free_minute(now, tenant, leg, &s);
        self.endpoint.notify_refer(now.sip(), s.refer, 487, true);
        if s.rings {
            self.hear_again(tenant, leg);
        }
        self.end_successors(now, tenant, Some(s), Vec::new());
    }

    /// Ends what a leg has beside its call: a successor who was not there yet, and far ends that did not hang up.
    pub(super) fn end_successors(
        &mut self,
        now: Now,
        tenant: usize,
        successor: Option<Box<Successor>>,
        before: Vec<sip::CallId>,
    ) {
        let counted = successor.as_ref().and_then(|s| s.counted);
        if let Some((id, trunk)) = self.tenants.get(tenant).map(|t| t.id).zip(counted) {
            self.carriers.call_over(id, trunk);
        }
        for call in successor.map(|s| s.sip).into_iter().chain(before) {
            self.by_sip.remove(&call);
            self.endpoint.hang_up(now.sip(), call, "");
        }
    }

    pub(super) fn is_open(&self, tenant: usize, leg: LegId) -> bool {
        let t = &self.tenants[tenant];
        let known = t.engine.legs().get(&leg).is_some_and(|l| l.state != LegState::Ending);
        known && t.legs.get(&leg).is_some_and(|l| !l.ending)
    }

    // Who hears a leg at the moment.
    fn hearers(&self, tenant: usize, leg: LegId) -> Vec<crate::adapt::MediaId> {
        let t = &self.tenants[tenant];
        let Some(media) = t.legs.get(&leg).and_then(|l| l.media) else { return Vec::new() };
        t.legs.values().filter(|l| l.hears.contains(&media)).filter_map(|l| l.media).collect()
    }

    // They hear it again, and nothing else.
    fn hear_again(&mut self, tenant: usize, leg: LegId) {
        let t = &self.tenants[tenant];
        let Some(media) = t.legs.get(&leg).and_then(|l| l.media) else { return };
        let hearers = t.legs.values().filter(|l| l.hears.contains(&media));
        let all: Vec<_> = hearers.filter_map(|l| Some((l.media?, l.hears.clone()))).collect();
        for (leg, from) in all {
            self.door.send(MediaCommand::Hear { leg, from });
        }
    }
}
