//! What the engine asks for, in the words of `sip` and `media`.

use crate::adapt::carriers::Tried;
use crate::adapt::dialing::{FarEnd, OF_PHONES, Order};
use crate::adapt::media_door::{MediaCommand, MediaId, RecordingKey};
use crate::adapt::outside::Ticket;
use crate::adapt::switch::{Now, Switch};
use crate::tenant::trunk::TrunkPlan;
use crate::trunk_choice::{Attempt, Caller, MOST_ATTEMPTS, Wanted, Ways, WhyNot, choose, identity_lines};
use engine::{
    Effect, Event, HangUpCause, LegEnd, LegId, NumberId, PartyId, Refusal, RefuseCause, Show, Sound,
    TargetId, TrunkId,
};
use media::leg::Repeat;
use media::negotiate::Direction;
use media::prompt::{Prompt, Ringback};
use redact::Secret;
use sip::{Destination, Transport};
use std::collections::VecDeque;
use std::fmt::Write;

/// Who calls, when nobody is to know (RFC 3323).
const ANONYMOUS: &str = "\"Anonymous\" <sip:anonymous@anonymous.invalid>";

impl Switch {
    pub(super) fn obey(&mut self, now: Now, tenant: usize, effect: Effect) {
        match effect {
            Effect::Alert { leg } => {
                if let Some(sip) = self.tenants[tenant].legs.get(&leg).and_then(|l| l.sip) {
                    self.endpoint.progress(now.sip(), sip, 180, b"");
                }
            }
            Effect::EarlyAudio { leg } => self.open_early(now, tenant, leg),
            Effect::Answer { leg } => self.answer(now, tenant, leg),
            Effect::Refuse { leg, cause } => self.refuse(now, tenant, leg, cause),
            Effect::DialAgent { leg, agent, show } => self.dial_agent(now, tenant, leg, agent, show),
            Effect::DialTarget { leg, target, show } => self.dial_target(now, tenant, leg, target, show),
            Effect::HangUp { leg, cause } => self.hang_up(now, tenant, leg, cause),
            Effect::Play { leg, sound } => self.play(now, tenant, leg, sound),
            Effect::DialParty { leg, party, number } => self.dial_party(now, tenant, leg, party, number),
            Effect::Hear { leg, from } => {
                let t = &mut self.tenants[tenant];
                let media = |leg: &LegId| t.legs.get(leg).and_then(|l| l.media);
                let from: Box<[MediaId]> = from.iter().filter_map(media).collect();
                if let Some((l, media)) = t.legs.get_mut(&leg).and_then(|l| l.media.map(|media| (l, media))) {
                    l.hears = from.clone();
                    self.door.send(MediaCommand::Hear { leg: media, from });
                }
                self.pass_keys_early(tenant, leg);
            }
            Effect::Keys { leg, keys } => self.set_keys(tenant, leg, keys),
            Effect::CheckNumber { leg, slot } => self.check_number(now, tenant, leg, slot),
            Effect::LookUp { call, leg, look_up, request } => {
                self.look_up(now, tenant, Ticket { call, number: request }, leg, look_up)
            }
            Effect::PassSecret { call, leg, secure, request } => {
                self.pass_secret(now, tenant, Ticket { call, number: request }, leg, secure)
            }
            Effect::ForgetSecret { leg } => {
                if let Some(l) = self.tenants[tenant].legs.get_mut(&leg) {
                    l.keyed.forget_secret();
                }
            }
            Effect::StartRecording { recording, call, left, right, .. } => {
                let t = &mut self.tenants[tenant];
                let media = |leg: &LegId| t.legs.get(leg).and_then(|l| l.media);
                let Some(l) = t.legs.get(&left) else { return };
                let (Some(left), party) = (l.media, l.party) else { return };
                let right = right.as_ref().and_then(media);
                t.recordings.insert(recording, left);
                let key = RecordingKey { tenant: t.id, id: recording };
                self.door.send(MediaCommand::Record { key, call, party, began: now.wall, left, right });
            }
            Effect::RecordAlso { recording, leg } => {
                if let (Some((key, leg_of_recording)), Some(add)) =
                    (self.recording(tenant, recording), self.media_of(tenant, leg))
                {
                    self.door.send(MediaCommand::RecordAlso { key, leg_of_recording, add });
                }
            }
            Effect::RecordNoLonger { recording, leg } => {
                if let (Some((key, leg_of_recording)), Some(remove)) =
                    (self.recording(tenant, recording), self.media_of(tenant, leg))
                {
                    self.door.send(MediaCommand::RecordNoLonger { key, leg_of_recording, remove });
                }
            }
            Effect::PauseRecording { recording } => {
                if let Some((key, leg)) = self.recording(tenant, recording) {
                    self.door.send(MediaCommand::PauseRecording { key, leg });
                }
            }
            Effect::ResumeRecording { recording } => {
                if let Some((key, leg)) = self.recording(tenant, recording) {
                    self.door.send(MediaCommand::ResumeRecording { key, leg });
                }
            }
            Effect::StopRecording { recording } => {
                if let Some((key, leg)) = self.recording(tenant, recording) {
                    self.tenants[tenant].recordings.remove(&recording);
                    self.door.send(MediaCommand::StopRecording { key, ended: now.wall, leg });
                }
            }
            Effect::Notify { agent, notice } => {
                let t = &mut self.tenants[tenant];
                t.live.notice(agent, notice, &t.meaning);
            }
            Effect::Security(n) => {
                let (refusal, class) = (crate::view::word(&n.refusal), n.destination.class.name());
                let (event, cut, today) = ("outside_refused", n.cut, n.today);
                tracing::warn!(
                    event,
                    refusal,
                    class,
                    cut,
                    today,
                    "a call to the outside was refused or ended"
                );
                self.toll_told(now, tenant, &n);
            }
            Effect::EndElsewhere { meter } => self.end_elsewhere(tenant, meter),
            // Taken out where the event was told.
            Effect::Keep(_) | Effect::Count(_) | Effect::MessageLeft { .. } => {}
        }
    }

    fn recording(&self, tenant: usize, recording: engine::RecordingId) -> Option<(RecordingKey, MediaId)> {
        let t = &self.tenants[tenant];
        let leg = t.recordings.get(&recording)?;
        Some((RecordingKey { tenant: t.id, id: recording }, *leg))
    }

    fn media_of(&self, tenant: usize, leg: LegId) -> Option<MediaId> {
        self.tenants[tenant].legs.get(&leg)?.media
    }

    fn answer(&mut self, now: Now, tenant: usize, leg: LegId) {
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return };
        let body = match (&mut l.session, l.offer_is_ours) {
            (Some(session), true) => session.offer(Direction::SendRecv).write().into_bytes(),
            _ => std::mem::take(&mut l.answer),
        };
        let Some(sip) = l.sip else { return };
        // Audio may come before the ACK does.
        self.point_media(tenant, leg);
        self.endpoint.accept(now.sip(), sip, &body);
    }

    // The caller hears before the answer. Who left the offer to us has none to answer yet, and hears the phone's own sound.
    fn open_early(&mut self, now: Now, tenant: usize, leg: LegId) {
        let Some(l) = self.tenants[tenant].legs.get(&leg).filter(|l| !l.answer.is_empty()) else { return };
        let Some(sip) = l.sip else { return };
        self.endpoint.progress(now.sip(), sip, 183, &l.answer);
        self.point_media(tenant, leg);
    }

    fn refuse(&mut self, now: Now, tenant: usize, leg: LegId, cause: RefuseCause) {
        let Some(l) = self.tenants[tenant].legs.get(&leg) else { return };
        let Some(sip) = l.sip else { return };
        if let (RefuseCause::Unavailable, Some(word)) = (cause, l.last_word) {
            self.say_on(now, sip, word);
            return self.leg_ended(now, tenant, leg, LegEnd::NearHungUp);
        }
        let code = match cause {
            RefuseCause::UnknownNumber => 404,
            RefuseCause::Busy => 486,
            RefuseCause::Unavailable => 480,
            RefuseCause::Stopping => 503,
            RefuseCause::Outside(Refusal::TooManyAtOnce | Refusal::TooManyPerSecond) => 480,
            RefuseCause::Outside(_) => 403,
        };
        self.refuse_call(now, sip, code);
        self.leg_ended(now, tenant, leg, LegEnd::NearHungUp);
    }

    // Rings a fixed address: it is shown who calls.
    fn dial_target(&mut self, now: Now, tenant: usize, leg: LegId, target: TargetId, show: Show) {
        let t = &self.tenants[tenant];
        if let Some(number) = t.meaning.outside.get(&target).cloned() {
            let then =
                self.trunks_for(now, tenant, (number.expose_secret(), Ways::Outside), None, Some(show));
            return self.ring(now, tenant, leg, Order { then, ..Order::default() });
        }
        if let Some(to) = t.meaning.passes_to(target).map(|rule| rule.to) {
            self.count_passing(now, tenant, leg, show);
            let then = self.passed_through(now, tenant, to, show);
            return self.ring(now, tenant, leg, Order { then, ..Order::default() });
        }
        if let Some(from) = t.meaning.helps(target) {
            self.count_passing(now, tenant, leg, show);
            let then = self.helped(now, tenant, from, show);
            return self.ring(now, tenant, leg, Order { then, ..Order::default() });
        }
        let Some(address) = t.meaning.targets.get(&target).cloned() else {
            return self.tell(now, tenant, Event::LegEnded { leg, end: LegEnd::Unreachable });
        };
        let transport = if address.tcp { Transport::Tcp } else { Transport::Udp };
        let to = Destination { transport, addr: address.addr, connection: None };
        let Some(srtp) = address.srtp.towards(&to) else {
            return self.tell(now, tenant, Event::LegEnded { leg, end: LegEnd::Unreachable });
        };
        let far = FarEnd {
            to,
            uri: address.uri,
            from: Secret::new(self.shown(tenant, show)),
            lines: Secret::default(),
            referred_by: Secret::default(),
            login: None,
            nat: address.nat,
            srtp,
            codecs: OF_PHONES.to_vec(),
            contact: None,
            trunk: None,
            number: Secret::default(),
        };
        self.ring(now, tenant, leg, Order { at_once: vec![far], ..Order::default() });
    }

    // Calls somebody outside over the trunks for that; what they see of us is said by the trunk's caller id.
    fn dial_party(&mut self, now: Now, tenant: usize, leg: LegId, party: PartyId, number: Option<NumberId>) {
        let Some(to) = self.tenants[tenant].parties.get(&party).cloned() else {
            return self.tell(now, tenant, Event::LegEnded { leg, end: LegEnd::Unreachable });
        };
        let t = &self.tenants[tenant];
        let ours = number.and_then(|n| t.meaning.dialled.get(&n)).cloned();
        // Who calls from Teams and borrows no number is seen by the own one.
        let ours = ours.or_else(|| self.teams_number_behind(tenant, leg));
        let then = self.trunks_for(now, tenant, (to.expose_secret(), Ways::Outside), ours.as_deref(), None);
        self.ring(now, tenant, leg, Order { then, ..Order::default() });
    }

    // Which far ends of trunks a number outside is asked of, in order.
    pub(super) fn trunks_for(
        &mut self,
        now: Now,
        tenant: usize,
        (number, way): (&str, Ways),
        ours: Option<&str>,
        passed_on: Option<Show>,
    ) -> VecDeque<FarEnd> {
        let t = &self.tenants[tenant];
        let address = passed_on.and_then(|show| match show {
            Show::Leg(leg) => t.legs.get(&leg).map(|l| &l.address),
            Show::Party(party) => t.parties.get(&party),
        });
        let address = address.cloned();
        let mut all = self.trunks_showing(now, tenant, (number, way), ours, address.as_ref());
        if let Some(Show::Leg(caller)) = passed_on {
            self.tell_history(tenant, caller, &mut all);
        }
        all
    }

    /// The same for a caller with this number or address, empty where it is withheld; `None` is one of ours.
    pub(super) fn trunks_showing(
        &mut self,
        now: Now,
        tenant: usize,
        (number, way): (&str, Ways),
        ours: Option<&str>,
        address: Option<&Secret<String>>,
    ) -> VecDeque<FarEnd> {
        let chance = self.next_chance();
        let t = &self.tenants[tenant];
        let caller = match address.map(|a| a.expose_secret().as_str()) {
            None => Caller::Ours,
            Some("") => Caller::Withheld,
            Some(address) => Caller::Outside(address),
        };
        let emergency = t.meaning.classes.is_emergency(number);
        let wanted = Wanted { number, emergency, way, ours, caller };
        let to = t.meaning.classes.classify(number).destination;
        let used_up = |plan: &TrunkPlan| t.engine.trunk_takes(now.wall, plan.id, &plan.toll, to).err();
        let bearings = self.carriers.bearings(now, t.id, used_up);
        let all = bearings.iter().map(|(plan, bearing)| (*plan, bearing));
        let host = self.host.to_string();
        let choice = choose(all, &wanted, &t.meaning.dial_plan, &host, chance);
        for (trunk, why) in &choice.unused {
            tracing::debug!(event = "trunk_unused", tenant = t.meaning.tenant, trunk = trunk.0, why = %why, "a trunk is not tried");
        }
        let far = |a: Attempt| {
            let asserted = a.asserted.as_ref().map(|asserted| asserted.expose_secret().as_str());
            let lines = Secret::new(identity_lines(asserted, a.privacy));
            let (trunk, place) = (a.trunk, a.place);
            let number = Secret::new(number.to_string());
            self.carriers.reach(t.id, trunk, place).into_iter().map(move |reach| {
                let tried = Tried { trunk, place, to: reach.to };
                reach.far_end(a.uri.clone(), a.from.clone(), lines.clone(), tried, number.clone())
            })
        };
        let used_up = |(_, why): &&(TrunkId, WhyNot)| matches!(why, WhyNot::MinutesUsed | WhyNot::SpendUsed);
        let stopped = choice.unused.iter().find(used_up).filter(|_| choice.attempts.is_empty()).copied();
        let order = choice.attempts.into_iter().flat_map(far).take(MOST_ATTEMPTS).collect();
        if let Some((trunk, why)) = stopped {
            let refusal = if why == WhyNot::SpendUsed { Refusal::SpendUsed } else { Refusal::MinutesUsed };
            self.trunk_used_up(now, tenant, trunk, refusal, to);
        }
        order
    }

    // Who calls, as a telephone shows it.
    pub(super) fn shown(&self, tenant: usize, show: Show) -> String {
        let t = &self.tenants[tenant];
        let from = match show {
            Show::Leg(leg) => t.legs.get(&leg).map(|l| self.caller_header(&l.address, &l.display)),
            Show::Party(party) => {
                t.parties.get(&party).map(|number| self.caller_header(number, &Secret::new(String::new())))
            }
        };
        from.unwrap_or_else(|| ANONYMOUS.into())
    }

    /// What the phone that rings shows of the caller.
    fn caller_header(&self, address: &Secret<String>, display: &Secret<String>) -> String {
        let (address, display) = (address.expose_secret(), display.expose_secret());
        let user = address.split('@').next().unwrap_or_default();
        let safe = |c: char| c.is_ascii_alphanumeric() || "+-_.!~*'".contains(c);
        let mut out = String::new();
        if user.is_empty() || !user.chars().all(safe) {
            return ANONYMOUS.into();
        }
        if !display.is_empty() {
            let escaped = display.replace('\\', "\\\\").replace('"', "\\\"");
            let _ = write!(out, "\"{escaped}\" ");
        }
        let _ = write!(out, "<sip:{user}@{}>", self.host);
        out
    }

    fn hang_up(&mut self, now: Now, tenant: usize, leg: LegId, cause: HangUpCause) {
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else {
            // It was never dialled, or is over already.
            return self.tell(now, tenant, Event::LegEnded { leg, end: LegEnd::NearHungUp });
        };
        l.ending = true;
        let (q850, text) = match cause {
            HangUpCause::Normal => (16, "Normal call clearing"),
            HangUpCause::RangTooLong => (19, "No answer"),
            HangUpCause::Withdrawn => (26, "Call completed elsewhere"),
            HangUpCause::Failed => (41, "Temporary failure"),
        };
        let reason = format!("Reason: Q.850;cause={q850};text=\"{text}\"\r\n");
        // Until the far end knows, it must not hear what is said without it.
        if let Some(leg) = l.media {
            self.door.send(MediaCommand::Silence { leg });
        }
        self.hang_up_leg(now, tenant, leg, &reason);
    }

    fn play(&mut self, now: Now, tenant: usize, leg: LegId, sound: Sound) {
        let t = &mut self.tenants[tenant];
        let Some(l) = t.legs.get_mut(&leg) else { return };
        l.hears = Box::default();
        let Some(media) = l.media else { return };
        self.pass_keys_early(tenant, leg);
        let t = &self.tenants[tenant];
        let music = || t.meaning.prompts.get(&engine::PromptId(0)).cloned().unwrap_or_else(Prompt::music);
        let (prompt, repeat) = match sound {
            Sound::Prompt(id, language) => match t.meaning.prompt(id, language) {
                Some(prompt) => (prompt.clone(), Repeat::Once),
                // It was removed from the configuration meanwhile: the flow goes on.
                None => return self.tell(now, tenant, Event::PlayEnded { leg }),
            },
            Sound::Music(id) => (t.meaning.prompts.get(&id).cloned().unwrap_or_else(music), Repeat::Forever),
            Sound::Ringback => (Prompt::ringback(Ringback::Europe), Repeat::Forever),
            Sound::Silence => return self.door.send(MediaCommand::Silence { leg: media }),
        };
        self.door.send(MediaCommand::Play { leg: media, prompt, repeat });
    }
}
