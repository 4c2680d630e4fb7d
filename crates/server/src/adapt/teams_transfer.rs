//! The far end of a call in Microsoft Teams becomes another one: Teams asks us to call it anew (REFER), or calls us in the
//! place of a call that is there (INVITE with Replaces).
//!
//! The engine is told, and nothing changes for it: the leg keeps its port, its place in the conversation and its recording,
//! as it does when a user there goes on at another client. Whom the addresses of a transfer mean only Teams knows, so they go
//! back to it as they came, even where they look like a telephone number; and they go to its hosts one after the other, as
//! every call there does.

use crate::adapt::carriers::Tried;
use crate::adapt::dialing::{FarEnd, session_timer_of};
use crate::adapt::switch::{Now, Switch};
use crate::sip_tls::is_wanted;
use crate::tenant::srtp::Terms;
use crate::tenant::trunk::TrunkPlan;
use crate::trunk_choice::{Caller, MOST_ATTEMPTS, Shown, Wanted, Ways, identity_lines, shown};
use engine::{Event, LegId, Role, TrunkId};
use media::negotiate::{Direction, SrtpPolicy};
use media::sdp::SessionDescription;
use redact::Secret;
use sip::{Message, ReferId, Uri, as_line};

/// The longest Refer-To and Referred-By that are sent on, in bytes.
const LONGEST: usize = 1_000;

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
        let id = self.tenants[tenant].id;
        // A display name may be written in any script and with any bytes, an address is ASCII.
        let as_uri =
            |bytes| std::str::from_utf8(bytes).ok().filter(|t| t.bytes().all(|c| c.is_ascii_graphic()));
        let values = [target, referred_by].map(|value| as_line(value).filter(|value| value.len() <= LONGEST));
        let (Some(uri), Some(referred_by)) = (values[0].and_then(as_uri), values[1]) else {
            return self.endpoint.reject_refer(now.sip(), refer, 400);
        };
        if !self.is_of_teams(tenant, trunk, uri) {
            return self.endpoint.reject_refer(now.sip(), refer, 403);
        }
        let Some(plan) = self.tenants[tenant].meaning.trunk_plan(trunk) else {
            return self.endpoint.reject_refer(now.sip(), refer, 481);
        };
        let shown = self.shown_to_successor(tenant, leg, plan);
        let lines = identity_lines(shown.asserted.as_deref(), shown.privacy);
        let referred_by = Secret::new(referred_by.to_vec());
        // Whom the trunk's limits would hold up is passed on all the same: it is the same call.
        let (uri, from, lines) = (Secret::new(uri.into()), Secret::new(shown.from), Secret::new(lines));
        let hosts = self.carriers.teams_ways(id, trunk).map(|(_, hosts)| hosts).unwrap_or_default();
        let far = |tried: Tried| {
            let reach = self.carriers.reach(id, trunk, tried.place).into_iter().find(|r| r.to == tried.to)?;
            let (uri, from, lines) = (uri.clone(), from.clone(), lines.clone());
            let far = reach.far_end(uri, from, lines, tried, Secret::default());
            Some(FarEnd { referred_by: referred_by.clone(), ..far })
        };
        let then = hosts.into_iter().take(MOST_ATTEMPTS).filter_map(far).collect();
        self.call_successor(now, (tenant, leg), refer, then, None);
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

    /// The number of somebody who talks with a leg, empty where it is withheld; `None` where nobody there has one.
    pub(super) fn opposite(&self, tenant: usize, leg: LegId) -> Option<&Secret<String>> {
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
        // Nobody takes the calls of others, nor learns that they are there.
        if l.teams != Some(trunk) {
            return self.refuse_call(now, call, 481);
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
        self.withdraw_successor(now, tenant, leg);
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
}
