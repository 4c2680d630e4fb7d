//! What the SIP endpoint tells, in the engine's words.

use crate::adapt::media_door::MediaCommand;
use crate::adapt::switch::{Now, Switch};
use engine::{Event, LegEnd, LegId};
use media::leg::KeysOut;
use media::negotiate::{Direction, Negotiated};
use media::sdp::SessionDescription;
use sip::Hangup;

impl Switch {
    pub(super) fn on_sip_event(&mut self, now: Now, event: sip::Event) {
        match event {
            sip::Event::Incoming(incoming) => self.on_incoming(now, incoming),
            sip::Event::Cancelled { call, .. } => self.over(now, call, LegEnd::FarHungUp),
            sip::Event::Progress { call, code, .. } if self.successor_rings(now, call, code) => {}
            sip::Event::Progress { call, body, branch, .. } => {
                let Some((tenant, leg)) = self.by_sip.get(&call).copied() else { return };
                if self.rings_now(tenant, leg) {
                    self.tell(now, tenant, Event::LegRinging { leg });
                }
                self.on_early_answer(now, (tenant, leg), (call, branch), &body);
            }
            sip::Event::Answered { call, body } if self.successor_answered(now, call, &body) => {}
            sip::Event::Answered { call, body } => self.on_answered(now, call, &body),
            sip::Event::Refused { call, refused } if self.successor_refused(now, call, &refused) => {}
            sip::Event::Refused { call, refused } => {
                let elsewhere = self.is_declined_elsewhere(call, refused.meant());
                if self.rings_on(now, call, &refused) {
                    return;
                }
                let end = match refused.meant() {
                    _ if elsewhere => LegEnd::Declined,
                    486 | 600 => LegEnd::Busy,
                    603 | 480 | 487 => LegEnd::Declined,
                    488 | 606 | 415 => LegEnd::NoCommonMedia,
                    _ => LegEnd::Unreachable,
                };
                self.over(now, call, end);
            }
            sip::Event::Acknowledged { call, body } => self.on_acknowledged(now, call, &body),
            sip::Event::Reoffer { call, body } => self.on_reoffer(now, call, &body),
            sip::Event::Reanswered { call, body } => self.on_refreshed(now, call, &body),
            // We make no other offers in a running call: the far ends keep their anchor.
            sip::Event::ReofferRefused { .. } => {}
            sip::Event::Asked { ask, code, cseq, message } => {
                self.on_asked(now, ask, code, cseq, message.as_deref());
            }
            sip::Event::Referred { call, refer, target, replaces, referred_by } => {
                match self.teams_leg(call) {
                    Some(leg) => self.on_teams_refer(now, leg, refer, &target, &referred_by),
                    None => self.on_referred(now, call, refer, &target, replaces, &referred_by),
                }
            }
            sip::Event::ReferProgress { .. } => {}
            sip::Event::Info { call, content_type, body } => self.on_info(now, call, &content_type, &body),
            sip::Event::Informed { .. } => {}
            sip::Event::Request { request, from, message } => self.on_register(now, request, from, &message),
            sip::Event::Ended { call, how, cause } => {
                let end = match how {
                    // Nobody hung up: the network in between says that it could not go on.
                    Hangup::Far if sip::is_network_failure(cause) => LegEnd::Unreachable,
                    Hangup::Far => LegEnd::FarHungUp,
                    Hangup::Near => LegEnd::NearHungUp,
                    Hangup::NoAck => LegEnd::NotConfirmed,
                    // Nobody was heard of for the whole interval.
                    Hangup::Expired => LegEnd::Unreachable,
                };
                self.over(now, call, end);
            }
        }
    }

    fn over(&mut self, now: Now, call: sip::CallId, end: LegEnd) {
        let Some((tenant, leg)) = self.by_sip.get(&call).copied() else { return };
        let ours = self.tenants[tenant].legs.get(&leg).is_some_and(|l| l.ending);
        // Both hanging up at once counts as ours when we were first.
        let end = if ours { LegEnd::NearHungUp } else { end };
        self.leg_ended(now, tenant, leg, end);
    }

    /// Somebody whom we rang answered.
    fn on_answered(&mut self, now: Now, call: sip::CallId, body: &[u8]) {
        let Some((tenant, leg)) = self.by_sip.get(&call).copied() else { return };
        self.answered_by(now, tenant, leg, call);
        if let Some((.., trunk)) = self.teams_leg(call) {
            self.lead_to_teams(now, tenant, trunk, call);
        }
        match self.take_answer(tenant, leg, body) {
            true if self.asks_for_one(tenant, leg) => {}
            true => {
                self.tell(now, tenant, Event::LegAnswered { leg });
                self.tell_hold(now, tenant, leg);
            }
            false => self.end_without_media(now, tenant, leg),
        }
    }

    // Somebody whom we rang may send audio before the answer. Of several, whoever does is heard.
    fn on_early_answer(
        &mut self,
        now: Now,
        (tenant, leg): (usize, LegId),
        (call, branch): (sip::CallId, u8),
        body: &[u8],
    ) {
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg).filter(|_| !body.is_empty()) else { return };
        let (Some(leg_media), Some(session), Some(dialing)) = (l.media, &l.session, &mut l.dialing) else {
            return;
        };
        // On a copy: another one's early answer, or the final one, may say something else.
        let mut session = session.clone();
        let agreed =
            SessionDescription::parse(body).map_err(Into::into).and_then(|answer| session.accept(&answer));
        let Ok(negotiated) = agreed else { return };
        let Some((of, first)) = dialing.early().number(call, branch) else { return };
        let (negotiated, learning) = (Box::new(negotiated), l.learning);
        self.door.send(MediaCommand::Early { leg: leg_media, of, negotiated, learning });
        if first {
            self.tell(now, tenant, Event::LegEarlyAudio { leg });
        }
    }

    /// A caller's side confirmed our answer.
    fn on_acknowledged(&mut self, now: Now, call: sip::CallId, body: &[u8]) {
        let Some((tenant, leg)) = self.by_sip.get(&call).copied() else { return };
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return };
        if std::mem::replace(&mut l.confirmed, true) {
            return;
        }
        if l.offer_is_ours && !self.take_answer(tenant, leg, body) {
            return self.end_without_media(now, tenant, leg);
        }
        // A session that was asked for anew takes no call: that is for the key alone.
        if self.tenants[tenant].legs.get(&leg).is_none_or(|l| l.asked_for_one) {
            return;
        }
        self.tell(now, tenant, Event::LegAnswered { leg });
        self.tell_hold(now, tenant, leg);
    }

    /// Tells the engine whether the party has us on hold, if that is news.
    pub(super) fn tell_hold(&mut self, now: Now, tenant: usize, leg: LegId) {
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return };
        let held =
            l.negotiated.as_ref().is_some_and(|n| n.remote_holds || n.direction == Direction::Inactive);
        if std::mem::replace(&mut l.held, held) != held {
            self.tell(now, tenant, Event::LegHeld { leg, held });
        }
    }

    // The answer to our offer. Whether it can be used.
    fn take_answer(&mut self, tenant: usize, leg: LegId, body: &[u8]) -> bool {
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return false };
        let Some(session) = &mut l.session else { return false };
        let Ok(negotiated) =
            SessionDescription::parse(body).map_err(Into::into).and_then(|a| session.accept(&a))
        else {
            return false;
        };
        l.negotiated = Some(Box::new(negotiated));
        self.point_media(tenant, leg);
        true
    }

    fn end_without_media(&mut self, now: Now, tenant: usize, leg: LegId) {
        if let Some(sip) = self.tenants[tenant].legs.get(&leg).and_then(|l| l.sip) {
            self.by_sip.remove(&sip);
            self.endpoint.hang_up(
                now.sip(),
                sip,
                "Reason: Q.850;cause=88;text=\"Incompatible destination\"\r\n",
            );
        }
        self.leg_ended(now, tenant, leg, LegEnd::NoCommonMedia);
    }

    /// The far end changes its session: hold, another address.
    fn on_reoffer(&mut self, now: Now, call: sip::CallId, body: &[u8]) {
        let Some((tenant, leg)) = self.by_sip.get(&call).copied() else {
            return self.endpoint.reject_reoffer(now.sip(), call, 488);
        };
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return };
        let Some(session) = &mut l.session else { return };
        if body.is_empty() {
            // The far end asks for our offer: the session as it is. Its answer comes with the ACK.
            let offer = session.offer(Direction::SendRecv).write();
            l.offer_is_ours = true;
            l.confirmed = false;
            return self.endpoint.answer_reoffer(now.sip(), call, offer.as_bytes());
        }
        let answer = SessionDescription::parse(body)
            .map_err(Into::into)
            .and_then(|offer| session.answer(&offer, Direction::SendRecv));
        let Ok((answer, negotiated)) = answer else {
            return self.endpoint.reject_reoffer(now.sip(), call, 488);
        };
        l.negotiated = Some(Box::<Negotiated>::new(negotiated));
        self.endpoint.answer_reoffer(now.sip(), call, answer.write().as_bytes());
        self.point_media(tenant, leg);
        self.tell_hold(now, tenant, leg);
    }

    /// A refresh of ours, which says the session as it is, was answered with another description: the far end's audio may
    /// have moved, and its keys may be new.
    fn on_refreshed(&mut self, now: Now, call: sip::CallId, body: &[u8]) {
        let Some((tenant, leg)) = self.by_sip.get(&call).copied() else { return };
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg).filter(|l| l.sip == Some(call)) else { return };
        let (Some(session), Ok(theirs)) = (&mut l.session, SessionDescription::parse(body)) else { return };
        // What was sent is what was said last, be it an offer or an answer. So theirs is read as an offer, to which that is
        // the answer: what it takes, it takes from there.
        let Ok((_, negotiated)) = session.answer(&theirs, Direction::SendRecv) else { return };
        l.negotiated = Some(Box::<Negotiated>::new(negotiated));
        self.point_media(tenant, leg);
        self.tell_hold(now, tenant, leg);
    }

    /// Tells the media thread what is agreed.
    pub(super) fn point_media(&mut self, tenant: usize, leg: LegId) {
        let Some(l) = self.tenants[tenant].legs.get(&leg) else { return };
        if let (Some(media), Some(negotiated)) = (l.media, &l.negotiated) {
            let (negotiated, learning) = (negotiated.clone(), l.learning);
            if self.fills_pauses(tenant, leg) {
                self.door.send(MediaCommand::FillPauses { leg: media });
            }
            self.door.send(MediaCommand::Remote { leg: media, negotiated, learning });
            let way = self.keys_out(tenant, leg);
            if way != KeysOut::Events {
                self.door.send(MediaCommand::KeysOut { leg: media, way });
            }
        }
    }
}
