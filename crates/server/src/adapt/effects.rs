//! What the engine asks for, in the words of `sip` and `media`.

use crate::adapt::keys::Keyed;
use crate::adapt::outside::Ticket;
use crate::adapt::switch::{DoorLeg, Line, MediaCommand, MediaId, Now, RecordingKey, Switch};
use crate::tenant::TargetAddress;
use engine::{Effect, Event, HangUpCause, LegEnd, LegId, NumberId, PartyId, RefuseCause, Show, Sound};
use media::leg::{Learning, Repeat};
use media::negotiate::{Codec, Direction, LocalSession};
use media::prompt::{Prompt, Ringback};
use redact::Secret;
use sip::{Destination, Outgoing, Transport};
use std::fmt::Write;

/// Who calls, when nobody is to know (RFC 3323).
const ANONYMOUS: &str = "\"Anonymous\" <sip:anonymous@anonymous.invalid>";

impl Switch {
    pub(super) fn obey(&mut self, now: Now, tenant: usize, effect: Effect) {
        match effect {
            Effect::Alert { leg } => {
                if let Some(sip) = self.tenants[tenant].legs.get(&leg).and_then(DoorLeg::sip) {
                    self.endpoint.progress(now.sip(), sip, 180, b"");
                }
            }
            Effect::Answer { leg } => self.answer(now, tenant, leg),
            Effect::Refuse { leg, cause } => self.refuse(now, tenant, leg, cause),
            Effect::DialAgent { leg, agent, show } => self.dial_agent(now, tenant, leg, agent, show),
            Effect::DialTarget { leg, target, show } => {
                let address = self.tenants[tenant].meaning.targets.get(&target).cloned();
                self.dial(now, tenant, leg, show, address);
            }
            Effect::HangUp { leg, cause } => self.hang_up(now, tenant, leg, cause),
            Effect::Play { leg, sound } => self.play(now, tenant, leg, sound),
            Effect::DialParty { leg, party, number } => self.dial_party(now, tenant, leg, party, number),
            Effect::Hear { leg, from } => {
                let t = &self.tenants[tenant];
                let media = |leg: &LegId| t.legs.get(leg).and_then(|l| l.media);
                if let Some(leg) = media(&leg) {
                    let from = from.iter().filter_map(media).collect();
                    self.door.send(MediaCommand::Hear { leg, from });
                }
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
        let Some(sip) = l.sip() else { return };
        // Audio may come before the ACK does.
        self.point_media(tenant, leg);
        self.endpoint.accept(now.sip(), sip, &body);
    }

    fn refuse(&mut self, now: Now, tenant: usize, leg: LegId, cause: RefuseCause) {
        let Some(l) = self.tenants[tenant].legs.get(&leg) else { return };
        let code = match cause {
            RefuseCause::UnknownNumber => 404,
            RefuseCause::Busy => 486,
            RefuseCause::Unavailable => 480,
            RefuseCause::Stopping => 503,
        };
        if let Some(sip) = l.sip() {
            self.endpoint.reject(now.sip(), sip, code, "");
        }
        self.leg_ended(now, tenant, leg, LegEnd::NearHungUp);
    }

    // Rings one of ours, or a fixed address: it is shown who calls.
    pub(super) fn dial(
        &mut self,
        now: Now,
        tenant: usize,
        leg: LegId,
        show: Show,
        address: Option<TargetAddress>,
    ) {
        let Some(address) = address else {
            return self.tell(now, tenant, Event::LegEnded { leg, end: LegEnd::Unreachable });
        };
        let t = &self.tenants[tenant];
        let from = match show {
            Show::Leg(leg) => t.legs.get(&leg).map(|l| self.caller_header(&l.address, &l.display)),
            Show::Party(party) => {
                t.parties.get(&party).map(|number| self.caller_header(number, &Secret::new(String::new())))
            }
        };
        let from = from.unwrap_or_else(|| ANONYMOUS.into());
        self.ring(now, tenant, leg, &from, address);
    }

    // Calls somebody outside over the trunk for that; they see the number of ours that was called, or is lent for it.
    fn dial_party(&mut self, now: Now, tenant: usize, leg: LegId, party: PartyId, number: Option<NumberId>) {
        let t = &self.tenants[tenant];
        let (Some(to), Some(trunk)) = (t.parties.get(&party), &t.meaning.outbound) else {
            return self.tell(now, tenant, Event::LegEnded { leg, end: LegEnd::Unreachable });
        };
        let address = TargetAddress {
            uri: Secret::new(format!("sip:{}@{}", to.expose_secret(), trunk.addr)),
            ..trunk.clone()
        };
        let shown = number.and_then(|n| t.meaning.dialled.get(&n));
        let from = shown.map_or_else(|| ANONYMOUS.into(), |n| format!("<sip:{n}@{}>", self.host));
        self.ring(now, tenant, leg, &from, address);
    }

    /// Calls a number of an agent's over the trunk for calls to the outside; it sees the number of ours that was called.
    pub(super) fn dial_number(&mut self, now: Now, tenant: usize, leg: LegId, number: &Secret<String>) {
        let t = &self.tenants[tenant];
        // What may be called can have changed since it was chosen.
        let allowed = t.meaning.dial_plan.outward(number.expose_secret());
        let (Some(to), Some(trunk)) = (allowed, &t.meaning.outbound) else {
            return self.tell(now, tenant, Event::LegEnded { leg, end: LegEnd::Unreachable });
        };
        let uri = Secret::new(format!("sip:{to}@{}", trunk.addr));
        let address = TargetAddress { uri, ..trunk.clone() };
        let call = t.engine.legs().get(&leg).and_then(|l| t.engine.calls().get(&l.call));
        let shown = call.and_then(|c| c.number).and_then(|n| t.meaning.dialled.get(&n));
        let from = shown.map_or_else(|| ANONYMOUS.into(), |n| format!("<sip:{n}@{}>", self.host));
        self.ring(now, tenant, leg, &from, address);
    }

    fn ring(&mut self, now: Now, tenant: usize, leg: LegId, from_header: &str, address: TargetAddress) {
        // The engine may have given the leg up while its journal was written: then nobody is rung.
        let t = &self.tenants[tenant];
        let Some(call) =
            t.engine.legs().get(&leg).filter(|l| l.state != engine::LegState::Ending).map(|l| l.call)
        else {
            return self.tell(now, tenant, Event::LegEnded { leg, end: LegEnd::NearHungUp });
        };
        // The customer's codec first: then nothing has to be translated.
        let other = t.engine.calls().get(&call).and_then(|c| c.caller_leg()).and_then(|l| t.legs.get(&l));
        let codecs = match other.and_then(|l| l.negotiated.as_ref()).map(|n| n.codec) {
            Some(Codec::Pcmu) => [Codec::Pcmu, Codec::Pcma],
            _ => [Codec::Pcma, Codec::Pcmu],
        };
        let max_forwards = other.map_or(70, |l| l.max_forwards);
        let party = t.engine.calls().get(&call).map(|c| c.caller).unwrap_or_default();
        let Some((media, rtp)) = self.door.open(call) else {
            return self.tell(now, tenant, Event::LegEnded { leg, end: LegEnd::Failed });
        };
        let mut session = LocalSession::new(rtp, now.mono, &codecs, false);
        let offer = session.offer(Direction::SendRecv).write();
        let transport = if address.tcp { Transport::Tcp } else { Transport::Udp };
        let uri = address.uri.expose_secret();
        let sip = self.endpoint.invite(
            now.sip(),
            &Outgoing {
                to: Destination { transport, addr: address.addr, connection: None },
                uri,
                from: from_header,
                to_header: &format!("<{uri}>"),
                max_forwards,
                extra: "",
                body: offer.as_bytes(),
            },
        );
        self.by_sip.insert(sip, (tenant, leg));
        self.by_media.insert(media, (tenant, leg));
        self.tenants[tenant].legs.insert(
            leg,
            DoorLeg {
                call,
                line: Line::Sip(sip),
                media: Some(media),
                session: Some(session),
                answer: Vec::new(),
                negotiated: None,
                offer_is_ours: true,
                learning: if address.nat { Learning::FirstPacket } else { Learning::Never },
                confirmed: true,
                rings: false,
                ending: false,
                held: false,
                address: Secret::new(String::new()),
                display: Secret::new(String::new()),
                party,
                max_forwards,
                keyed: Keyed::default(),
            },
        );
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
        let (sip, media) = (l.sip(), l.media);
        // Until the far end knows, it must not hear what is said without it.
        if let Some(leg) = media {
            self.door.send(MediaCommand::Silence { leg });
        }
        match sip {
            Some(sip) => self.endpoint.hang_up(now.sip(), sip, &reason),
            // A page is told and has nothing to confirm.
            None => self.leg_ended(now, tenant, leg, LegEnd::NearHungUp),
        }
    }

    fn play(&mut self, now: Now, tenant: usize, leg: LegId, sound: Sound) {
        let t = &self.tenants[tenant];
        let Some(media) = t.legs.get(&leg).and_then(|l| l.media) else { return };
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
