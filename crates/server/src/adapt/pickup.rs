//! A telephone takes a call over from another telephone of the same person (an INVITE with Replaces, RFC 3891): one that
//! rings there, or one that is answered.
//!
//! For the engine nothing changes but that a phone that rang is answered: which of a person's telephones it is, only the
//! door knows. The leg keeps its port, its place in the conversation and its recording.

use crate::adapt::carriers::Tried;
use crate::adapt::dialing::ELSEWHERE;
use crate::adapt::switch::{Now, Switch};
use engine::{AgentId, LegState};
use media::leg::Learning;
use media::negotiate::Direction;
use media::sdp::SessionDescription;
use sip::Message;

impl Switch {
    /// A telephone of this person calls and wants the place of another call of ours. Nobody takes the calls of others.
    pub(super) fn on_pickup(
        &mut self,
        now: Now,
        (tenant, agent): (usize, AgentId),
        call: sip::CallId,
        replaced: sip::CallId,
        m: &Message,
    ) {
        let Some((_, leg)) = self.by_sip.get(&replaced).copied().filter(|(t, _)| *t == tenant) else {
            return self.endpoint.reject(now.sip(), call, 481, "");
        };
        if self.agent_of(tenant, leg) != Some(agent) || self.tenants[tenant].barred.contains(&agent) {
            return self.endpoint.reject(now.sip(), call, 403, "");
        }
        let id = self.tenants[tenant].id;
        let t = &mut self.tenants[tenant];
        let open = t.engine.legs().get(&leg).is_some_and(|l| l.state != LegState::Ending);
        let Some(l) = t.legs.get_mut(&leg).filter(|l| open && !l.ending) else {
            return self.endpoint.reject(now.sip(), call, 481, "");
        };
        let Some(session) = &mut l.session else { return self.endpoint.reject(now.sip(), call, 488, "") };
        let offered = !m.body().is_empty();
        let answer = match offered {
            false => session.offer(Direction::SendRecv),
            true => {
                let agreed = SessionDescription::parse(m.body())
                    .map_err(Into::into)
                    .and_then(|offer| session.answer(&offer, Direction::SendRecv));
                match agreed {
                    Ok((answer, negotiated)) => {
                        l.negotiated = Some(Box::new(negotiated));
                        answer
                    }
                    Err(_) => return self.endpoint.reject(now.sip(), call, 488, ""),
                }
            }
        };
        l.offer_is_ours = !offered;
        l.confirmed = false;
        // Wherever it is, its audio comes from where it sends.
        l.learning = Learning::FirstPacket;
        let mut others: Vec<_> = l.sip.replace(call).map(|sip| (sip, None)).into_iter().collect();
        if let Some(dialing) = l.dialing.take() {
            others = dialing.into_open();
        }
        self.belongs(call, tenant, leg);
        if offered {
            self.point_media(tenant, leg);
        }
        self.endpoint.accept(now.sip(), call, answer.write().as_bytes());
        for (other, trunk) in others {
            if let Some(Tried { trunk, .. }) = trunk {
                self.carriers.call_over(id, trunk);
            }
            self.by_sip.remove(&other);
            self.endpoint.hang_up(now.sip(), other, ELSEWHERE);
        }
    }
}
