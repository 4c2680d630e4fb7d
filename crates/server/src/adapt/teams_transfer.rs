//! The far end of a call in Microsoft Teams becomes another one: Teams asks us to call it anew (REFER), or calls us in the
//! place of a call that is there (INVITE with Replaces).
//!
//! The engine is told, and nothing changes for it: the leg keeps its port, its place in the conversation and its recording,
//! as it does when a user there goes on at another client. Whom the addresses of a transfer mean only Teams knows, so they go
//! back to it as they came, even where they look like a telephone number.

use crate::adapt::dialing::session_timer_of;
use crate::adapt::switch::{MediaCommand, Now, Switch};
use crate::sip_tls::is_wanted;
use crate::tenant::srtp::Terms;
use crate::tenant::trunk::TrunkPlan;
use crate::trunk_choice::{Caller, Shown, Wanted, Ways, identity_lines, shown};
use engine::{Event, LegId, LegState, Role, TrunkId};
use media::leg::Repeat;
use media::negotiate::{Direction, LocalSession, SrtpPolicy};
use media::prompt::{Prompt, Ringback};
use media::sdp::SessionDescription;
use redact::Secret;
use sip::{Message, Outgoing, ReferId, Refused, Uri};
use std::fmt::Write;
use std::time::Duration;

/// The longest Refer-To and Referred-By that are sent on, in bytes.
const LONGEST: usize = 1_000;

/// Who is to take the place of a leg's far end.
pub(super) struct Successor {
    /// The call to them.
    pub(super) sip: sip::CallId,
    /// What we were asked, to say how far it is.
    refer: ReferId,
    session: LocalSession,
    /// Others of the call hear that it rings.
    rings: bool,
}

impl Switch {
    /// Teams asks us to call somebody in the place of a leg's far end.
    pub(super) fn on_teams_refer(
        &mut self,
        now: Now,
        (tenant, leg, trunk): (usize, LegId, TrunkId),
        refer: ReferId,
        target: &[u8],
        referred_by: &[u8],
    ) {
        let (id, session_id) = (self.tenants[tenant].id, now.mono);
        let is_line = |text: &&str| text.len() <= LONGEST && text.bytes().all(|c| (b' '..127).contains(&c));
        let texts = (std::str::from_utf8(target).ok(), std::str::from_utf8(referred_by).ok());
        let (Some(uri), Some(referred_by)) = (texts.0.filter(is_line), texts.1.filter(is_line)) else {
            return self.endpoint.reject_refer(now.sip(), refer, 400);
        };
        if !self.is_of_teams(tenant, trunk, uri) {
            return self.endpoint.reject_refer(now.sip(), refer, 403);
        }
        let Some(plan) = self.tenants[tenant].meaning.trunk_plan(trunk) else {
            return self.endpoint.reject_refer(now.sip(), refer, 481);
        };
        let (timer, policy) = (session_timer_of(plan), plan.srtp);
        let answer_within = plan.failover_ms.map(Duration::from_millis);
        let shown = self.shown_to_successor(tenant, leg, plan);
        let Some((contact, Some(to))) = self.carriers.teams_way(id, trunk) else {
            return self.endpoint.reject_refer(now.sip(), refer, 480);
        };
        let Some(terms) = policy.towards(&to) else {
            return self.endpoint.reject_refer(now.sip(), refer, 488);
        };
        let open = self.is_open(tenant, leg);
        let Some(l) = self.tenants[tenant].legs.get(&leg).filter(|l| open && l.successor.is_none()) else {
            return self.endpoint.reject_refer(now.sip(), refer, 491);
        };
        let max_forwards = l.max_forwards;
        let another = l.media.zip(l.session.as_ref().map(|session| session.for_another(session_id)));
        let Some((media, mut session)) = another else {
            return self.endpoint.reject_refer(now.sip(), refer, 488);
        };
        if !self.agree_terms(&mut session, media, terms) {
            return self.endpoint.reject_refer(now.sip(), refer, 488);
        }
        let offer = session.offer(Direction::SendRecv).write();
        let mut lines = identity_lines(shown.asserted.as_deref(), shown.privacy);
        if !referred_by.is_empty() {
            let _ = write!(lines, "Referred-By: {referred_by}\r\n");
        }
        self.endpoint.accept_refer(now.sip(), refer);
        let sip = self.endpoint.invite(
            now.sip(),
            &Outgoing {
                uri,
                from: &shown.from,
                to_header: &format!("<{uri}>"),
                max_forwards,
                extra: &lines,
                body: offer.as_bytes(),
                session_timer: Some(timer),
                contact: Some(&contact),
                answer_within,
                ..Outgoing::to(to)
            },
        );
        self.belongs(sip, tenant, leg);
        if let Some(l) = self.tenants[tenant].legs.get_mut(&leg) {
            l.successor = Some(Box::new(Successor { sip, refer, session, rings: false }));
        }
    }

    // Who calls a successor: whoever is at the other side of the leg, as the trunk shows callers. Whom Teams asks us to call
    // is to see them, and has a list of those who may not call. Without such a number it is the one that was called.
    fn shown_to_successor(&self, tenant: usize, leg: LegId, plan: &TrunkPlan) -> Shown {
        let t = &self.tenants[tenant];
        let opposite = self.opposite(tenant, leg);
        let caller = match opposite.map(|number| number.expose_secret().as_str()) {
            None => Caller::Ours,
            Some("") => Caller::Withheld,
            Some(number) => Caller::Outside(number),
        };
        let call = t.engine.legs().get(&leg).and_then(|l| t.engine.calls().get(&l.call));
        let called = call.and_then(|c| c.number).and_then(|number| t.meaning.dialled.get(&number));
        let ours = called.map(String::as_str).filter(|_| opposite.is_none());
        let wanted = Wanted { number: "", emergency: false, way: Ways::Only(plan.id), ours, caller };
        shown(plan, &wanted, &t.meaning.dial_plan, &self.host.to_string())
    }

    // The number of somebody who talks with a leg, empty where it is withheld; `None` where nobody there has one.
    fn opposite(&self, tenant: usize, leg: LegId) -> Option<&Secret<String>> {
        let t = &self.tenants[tenant];
        let call = t.engine.calls().get(&t.engine.legs().get(&leg)?.call)?;
        let number = |other: &LegId| match t.engine.legs().get(other)?.role {
            Role::Caller => t.legs.get(other).map(|l| &l.address),
            Role::Party { party } => t.parties.get(&party),
            Role::Agent { agent, .. } | Role::Supervisor { agent } => t.meaning.teams_numbers.get(&agent),
            Role::Target { target } => match t.meaning.outside.get(&target) {
                Some(number) => Some(number),
                // Who called says for whom a call that passes through is.
                None => {
                    let number = t.legs.get(&leg)?.passes.as_ref()?.number();
                    Some(number).filter(|number| !number.expose_secret().is_empty())
                }
            },
        };
        call.talking().iter().filter(|other| **other != leg).find_map(number)
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
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return true };
        let Some(mut s) = l.successor.take() else { return true };
        // The leg is being ended already: nobody would hang up who comes now.
        if !open {
            self.by_sip.remove(&call);
            self.endpoint.hang_up(now.sip(), call, "");
            self.endpoint.notify_refer(now.sip(), s.refer, 487, true);
            return true;
        }
        let agreed =
            SessionDescription::parse(body).map_err(Into::into).and_then(|answer| s.session.accept(&answer));
        let Ok(negotiated) = agreed else {
            self.by_sip.remove(&call);
            self.endpoint.hang_up(now.sip(), call, "Reason: Q.850;cause=88\r\n");
            self.endpoint.notify_refer(now.sip(), s.refer, 488, true);
            self.hear_again(tenant, leg);
            return true;
        };
        l.negotiated = Some(Box::new(negotiated));
        l.session = Some(s.session);
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
        self.tell_hold(now, tenant, leg);
        self.endpoint.notify_refer(now.sip(), s.refer, 200, true);
        true
    }

    /// A call of ours was refused; whether it was one to a successor. The far end stays who it was.
    pub(super) fn successor_refused(&mut self, now: Now, call: sip::CallId, refused: &Refused) -> bool {
        let Some((tenant, leg)) = self.succeeds(call) else { return false };
        self.by_sip.remove(&call);
        let successor = self.tenants[tenant].legs.get_mut(&leg).and_then(|l| l.successor.take());
        if let Some(s) = successor {
            self.hear_again(tenant, leg);
            self.endpoint.notify_refer(now.sip(), s.refer, refused.code, true);
        }
        true
    }

    /// Teams calls in the place of a call that is there: a queue of Teams hands it over to whoever takes it.
    pub(super) fn on_teams_replaces(
        &mut self,
        now: Now,
        (tenant, trunk): (usize, TrunkId),
        call: sip::CallId,
        replaced: sip::CallId,
        m: &Message,
    ) {
        let found = self.by_sip.get(&replaced).copied().filter(|(t, _)| *t == tenant);
        let Some((_, leg)) = found else { return self.refuse_call(now, call, 481) };
        let open = self.is_open(tenant, leg);
        let plan = self.tenants[tenant].meaning.trunk_plan(trunk);
        let (timer, ice) = (plan.map(session_timer_of), plan.is_some_and(|plan| plan.srtp.ice));
        let Some(l) = self.tenants[tenant].legs.get(&leg).filter(|l| open && l.dialing.is_none()) else {
            return self.refuse_call(now, call, 481);
        };
        // Nobody takes the calls of others.
        if l.teams != Some(trunk) {
            return self.refuse_call(now, call, 403);
        }
        let another = l.media.zip(l.session.as_ref().map(|session| session.for_another(now.mono)));
        let Some((media, mut session)) = another else { return self.refuse_call(now, call, 488) };
        if !self.agree_terms(&mut session, media, Terms { srtp: SrtpPolicy::Required, ice }) {
            return self.refuse_call(now, call, 488);
        }
        let agreed = SessionDescription::parse(m.session_description())
            .map_err(Into::into)
            .and_then(|offer| session.answer(&offer, Direction::SendRecv));
        let Ok((answer, negotiated)) = agreed else { return self.refuse_call(now, call, 488) };
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return };
        l.negotiated = Some(Box::new(negotiated));
        l.session = Some(session);
        // The offer was theirs: their ACK brings no answer.
        l.offer_is_ours = false;
        let before = l.sip.replace(call);
        self.belongs(call, tenant, leg);
        if let Some(timer) = timer {
            self.endpoint.set_session_timer_of(call, timer);
        }
        self.point_media(tenant, leg);
        self.endpoint.accept(now.sip(), call, answer.write().as_bytes());
        self.tell(now, tenant, Event::FarEndChanged { leg });
        self.tell_hold(now, tenant, leg);
        if let Some(before) = before {
            self.by_sip.remove(&before);
            self.endpoint.hang_up(now.sip(), before, "Reason: SIP;cause=200;text=\"Call replaced\"\r\n");
        }
    }

    /// Ends what a leg has beside its call: a successor who was not there yet, and far ends that did not hang up.
    pub(super) fn end_successors(
        &mut self,
        now: Now,
        successor: Option<Box<Successor>>,
        before: Vec<sip::CallId>,
    ) {
        for call in successor.map(|s| s.sip).into_iter().chain(before) {
            self.by_sip.remove(&call);
            self.endpoint.hang_up(now.sip(), call, "");
        }
    }

    fn is_open(&self, tenant: usize, leg: LegId) -> bool {
        let t = &self.tenants[tenant];
        let known = t.engine.legs().get(&leg).is_some_and(|l| l.state != LegState::Ending);
        known && t.legs.get(&leg).is_some_and(|l| !l.ending)
    }

    /// Whether an address is one of the hosts of a trunk to Teams, or has a name that these prove.
    fn is_of_teams(&self, tenant: usize, trunk: TrunkId, uri: &str) -> bool {
        let Ok(read) = Uri::parse(uri.as_bytes()) else { return false };
        let (Ok(host), true) = (std::str::from_utf8(read.host), read.is_sip()) else { return false };
        let plan = self.tenants[tenant].meaning.trunk_plan(trunk);
        plan.is_some_and(|plan| {
            plan.proxies.iter().any(|p| p.host.eq_ignore_ascii_case(host))
                || plan.tls_names.iter().any(|name| is_wanted(name, host))
        })
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
