//! What the engine asks for, in the words of `sip` and `media`.

use crate::adapt::switch::{DoorLeg, MediaCommand, Now, Switch};
use crate::live::Notice as LiveNotice;
use crate::tenant::TargetAddress;
use engine::{Effect, Event, HangUpCause, LegEnd, LegId, RefuseCause, Sound};
use media::leg::{Learning, Repeat};
use media::negotiate::{Codec, Direction, LocalSession};
use media::prompt::{Prompt, Ringback};
use redact::Secret;
use sip::{Destination, Outgoing, Transport};
use std::fmt::Write;

impl Switch {
    pub(super) fn obey(&mut self, now: Now, tenant: usize, effect: Effect) {
        match effect {
            Effect::Alert { leg } => {
                if let Some(l) = self.tenants[tenant].legs.get(&leg) {
                    self.endpoint.progress(now.sip(), l.sip, 180, b"");
                }
            }
            Effect::Answer { leg } => self.answer(now, tenant, leg),
            Effect::Refuse { leg, cause } => self.refuse(now, tenant, leg, cause),
            Effect::DialAgent { leg, agent, caller } => {
                let address = self.tenants[tenant].meaning.phones.get(&agent).cloned();
                self.dial(now, tenant, leg, caller, address);
            }
            Effect::DialTarget { leg, target, caller } => {
                let address = self.tenants[tenant].meaning.targets.get(&target).cloned();
                self.dial(now, tenant, leg, caller, address);
            }
            Effect::HangUp { leg, cause } => self.hang_up(now, tenant, leg, cause),
            Effect::Play { leg, sound } => self.play(now, tenant, leg, sound),
            Effect::Connect { a, b } => {
                let media = |leg: LegId| self.tenants[tenant].legs.get(&leg).and_then(|l| l.media);
                if let (Some(a), Some(b)) = (media(a), media(b)) {
                    self.door.send(MediaCommand::Hear { leg: a, from: [b].into() });
                    self.door.send(MediaCommand::Hear { leg: b, from: [a].into() });
                }
            }
            Effect::StartRecording { recording, call, left, right } => {
                let t = &mut self.tenants[tenant];
                let (Some(l), Some(r)) = (t.legs.get(&left), t.legs.get(&right)) else { return };
                let (Some(left), Some(right), party) = (l.media, r.media, l.party) else { return };
                t.recordings.insert(recording, left);
                let key = crate::adapt::RecordingKey { tenant: t.id, id: recording };
                self.door.send(MediaCommand::Record {
                    key,
                    call,
                    party,
                    began: now.wall,
                    left,
                    right: Some(right),
                });
            }
            Effect::StopRecording { recording } => {
                let t = &mut self.tenants[tenant];
                if let Some(leg) = t.recordings.remove(&recording) {
                    let key = crate::adapt::RecordingKey { tenant: t.id, id: recording };
                    self.door.send(MediaCommand::StopRecording { key, ended: now.wall, leg });
                }
            }
            Effect::Notify { agent, notice } => {
                let t = &mut self.tenants[tenant];
                let engine::Notice::Suspended = notice;
                t.live.notice(agent, LiveNotice::Suspended, &t.meaning);
            }
            // Taken out where the event was told.
            Effect::Keep(_) => {}
        }
    }

    fn answer(&mut self, now: Now, tenant: usize, leg: LegId) {
        let Some(l) = self.tenants[tenant].legs.get_mut(&leg) else { return };
        let body = match (&mut l.session, l.offer_is_ours) {
            (Some(session), true) => session.offer(Direction::SendRecv).write().into_bytes(),
            _ => std::mem::take(&mut l.answer),
        };
        let sip = l.sip;
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
        self.endpoint.reject(now.sip(), l.sip, code, "");
        self.leg_ended(now, tenant, leg, LegEnd::NearHungUp);
    }

    fn dial(&mut self, now: Now, tenant: usize, leg: LegId, caller: LegId, address: Option<TargetAddress>) {
        // The engine may have given the leg up while its journal was written: then nobody is rung.
        let t = &self.tenants[tenant];
        if t.engine.legs().get(&leg).is_none_or(|l| l.state == engine::LegState::Ending) {
            return self.tell(now, tenant, Event::LegEnded { leg, end: LegEnd::NearHungUp });
        }
        let (Some(address), Some(from)) = (address, t.legs.get(&caller)) else {
            return self.tell(now, tenant, Event::LegEnded { leg, end: LegEnd::Unreachable });
        };
        let call = from.call;
        // The caller's codec first: then nothing has to be translated.
        let codecs = match from.negotiated.as_ref().map(|n| n.codec) {
            Some(Codec::Pcmu) => [Codec::Pcmu, Codec::Pcma],
            _ => [Codec::Pcma, Codec::Pcmu],
        };
        let from_header = self.caller_header(&from.address, &from.display);
        let max_forwards = from.max_forwards;
        let party = from.party;
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
                from: &from_header,
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
                sip,
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
            let _ = write!(out, "\"Anonymous\" <sip:anonymous@anonymous.invalid>");
            return out;
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
        let sip = l.sip;
        self.endpoint.hang_up(now.sip(), sip, &reason);
    }

    fn play(&mut self, now: Now, tenant: usize, leg: LegId, sound: Sound) {
        let t = &self.tenants[tenant];
        let Some(media) = t.legs.get(&leg).and_then(|l| l.media) else { return };
        let music = || t.meaning.prompts.get(&engine::PromptId(0)).cloned().unwrap_or_else(Prompt::music);
        let (prompt, repeat) = match sound {
            Sound::Prompt(id) => match t.meaning.prompts.get(&id) {
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
