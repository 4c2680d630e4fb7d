//! Their calls: the INVITE that came in, ringing, answering and refusing it, and the ACK.

use crate::build::Body;
use crate::call::{Call, CallId, Hangup, State, Unacknowledged};
use crate::dialog::Dialog;
use crate::endpoint::{Destination, Endpoint};
use crate::event::Event;
use crate::exchange::Way;
use crate::message::Message;
use crate::reason::{NORMAL_CLEARING, cause_of};
use crate::reliable::Reliable;
use crate::session::Session;
use crate::slots::Key;
use crate::time::Time;
use crate::timer::{Timer, Wait};
use crate::transaction::ServerState;

impl Endpoint {
    // ---- what the caller of this room does ----

    /// Sends a provisional answer, 101 to 199, with or without a session description. Where the caller can make sure that it
    /// arrives (RFC 3262), one with a description is sent so, and is the session: a later 200 says none again. One that
    /// does not arrive in 32 seconds ends the call ([`Hangup::NoAck`]).
    pub fn progress(&mut self, now: Time, call: CallId, code: u16, body: &[u8]) {
        let Some(c) = self.calls.get(call.0) else { return };
        let State::Incoming { tx } = c.state else { return };
        if self.progress_reliably(now, call.0, code.clamp(101, 199), body) {
            return;
        }
        let Some(c) = self.calls.get(call.0) else { return };
        let (tag, contact) = (self.local_tag(call.0), self.contact_of(call.0, c.peer.transport));
        self.answer(now, tx, code.clamp(101, 199), "", &tag, &contact, body);
    }

    /// Answers a call with 200; the answer is repeated until its ACK comes. It waits for the PRACK of a description that
    /// went before it.
    pub fn accept(&mut self, now: Time, call: CallId, body: &[u8]) {
        let Some(c) = self.calls.get(call.0) else { return };
        let State::Incoming { tx } = c.state else { return };
        let Some(body) = self.body_of_2xx(call.0, body) else { return };
        if let Some(c) = self.calls.get_mut(call.0) {
            c.state = State::Up;
        }
        self.send_ok(now, call.0, tx, body);
    }

    /// Refuses a call that has no final answer yet, 300 to 699. The call is gone, without an event.
    pub fn reject(&mut self, now: Time, call: CallId, code: u16, reason: &str) {
        self.reject_with(now, call, code, reason, "");
    }

    /// [`Endpoint::reject`] with header lines, each ending in CRLF.
    pub fn reject_with(&mut self, now: Time, call: CallId, code: u16, reason: &str, lines: &str) {
        let Some(c) = self.calls.get(call.0) else { return };
        let State::Incoming { tx } = c.state else { return };
        let tag = self.local_tag(call.0);
        self.answer(now, tx, code.clamp(300, 699), reason, &tag, lines.as_bytes(), b"");
        self.forget(now, call.0);
    }

    /// Asks the far end of a call that has no final answer yet who it is: 401, or 407 for a caller that we are a proxy
    /// to. `lines` are the challenges, whole lines of `WWW-Authenticate` or `Proxy-Authenticate`. The call is gone, without
    /// an event; the far end calls again with its credentials, as a new call.
    pub fn challenge(&mut self, now: Time, call: CallId, code: u16, lines: &str) {
        self.reject_with(now, call, if code == 407 { 407 } else { 401 }, "", lines);
    }

    // ---- incoming ----

    pub(crate) fn begin_incoming(&mut self, now: Time, m: &Message, from: Destination, tx: Key) -> CallId {
        let secret = self.chance.next();
        let first_cseq = (secret as u32) & 0xffff;
        let dialog = Dialog::incoming(m, b"", first_cseq);
        let mut call = Call::new(secret, dialog, from, State::Incoming { tx }, false);
        call.read_allow(m);
        call.reliable = Reliable::wanted(m, tx, (secret >> 32) as u32 & 0xffff);
        call.session = Session::new(self.session_timer);
        call.session.heard(m.session_description());
        let key = self.calls.insert(call);
        self.session_asked(key, m);
        let tag = self.local_tag(key);
        if let Some(c) = self.calls.get_mut(key) {
            c.dialog.local = [&c.dialog.local, &tag[..]].concat().into();
        }
        if let Some(s) = self.servers.get_mut(tx) {
            s.call = Some(key);
        }
        self.timers.set(now, Timer::Ringing, Wait::Guard, key);
        self.timers.set(now, Timer::StillRings, Wait::Minute, key);
        CallId(key)
    }

    /// A call of theirs has no final answer for another minute: our last word is said again, so that nobody on the way gives
    /// the call up, or closes the connection that the answer is to go over.
    pub(crate) fn still_rings(&mut self, now: Time, key: Key) {
        self.timers.set(now, Timer::StillRings, Wait::Minute, key);
        let Some(c) = self.calls.get(key) else { return };
        let State::Incoming { tx } = c.state else { return };
        let Some((to, wire)) = self.servers.get(tx).and_then(|tx| Some((tx.to, tx.last.clone()?))) else {
            return;
        };
        let reliable = c.reliable.as_ref();
        // One that the far end confirmed is not sent again (RFC 3262 section 3), and one that it has yet to is anyhow.
        if reliable.is_some_and(|r| r.is_waiting()) {
            return;
        }
        if reliable.is_some_and(|r| r.has_sent()) {
            let code = wire.get(8..11).and_then(crate::message::read_number).unwrap_or(180);
            return self.progress(now, CallId(key), u16::try_from(code).unwrap_or(180), b"");
        }
        self.counters.repeats_sent += 1;
        self.send(to, wire);
    }

    pub(crate) fn on_cancel(&mut self, now: Time, tx: Key, m: &Message) {
        let Some(s) = self.servers.get(tx) else { return };
        if s.state != ServerState::Proceeding {
            return;
        }
        let Some(key) = s.call else { return };
        let tag = self.local_tag(key);
        self.answer(now, tx, 487, "", &tag, b"", b"");
        match self.calls.get_mut(key) {
            // A cancelled re-INVITE leaves its call as it was.
            Some(c) if c.offered.as_ref().is_some_and(|o| o.way == Way::Request(tx)) => {
                c.offered = None;
                self.rewake(key);
            }
            Some(_) => {
                self.forget(now, key);
                let cause = cause_of(m).unwrap_or(NORMAL_CLEARING);
                self.events.push_back(Event::Cancelled { call: CallId(key), cause });
            }
            None => {}
        }
    }

    /// An ACK for a 2xx. Whether it was one of ours.
    pub(crate) fn on_call_ack(&mut self, now: Time, m: &Message) -> bool {
        let Some(key) = self.call_of(m) else { return false };
        let Some(c) = self.calls.get_mut(key) else { return false };
        let cseq = m.cseq().map(|c| c.0);
        match &c.unacknowledged {
            Some(u) if Some(u.cseq) == cseq => {
                c.unacknowledged = None;
                c.session.heard(m.session_description());
                let bye = core::mem::take(&mut c.bye_waits);
                let extra = core::mem::take(&mut c.extra);
                self.events.push_back(Event::Acknowledged {
                    call: CallId(key),
                    body: m.session_description().to_vec(),
                });
                if bye {
                    self.send_bye(now, key, &extra, Hangup::Near, NORMAL_CLEARING);
                }
                true
            }
            // Our 2xx was repeated, and so its ACK.
            _ => true,
        }
    }

    /// Sends a 200 that is repeated until its ACK comes.
    pub(crate) fn send_ok(&mut self, now: Time, key: Key, tx: Key, body: &[u8]) {
        let session = self.session_answered(now, key);
        let Some(c) = self.calls.get_mut(key) else { return };
        c.session.said(body);
        let transport = c.peer.transport;
        let (tag, lines) = (self.local_tag(key), [self.contact_of(key, transport), session].concat());
        let Some(s) = self.servers.get(tx) else { return };
        let wire = s.base.reply(200, "", &tag, &lines, Body::sdp(body));
        let (to, cseq) = (s.to, s.cseq);
        self.answer(now, tx, 200, "", &tag, &lines, body);
        if let Some(c) = self.calls.get_mut(key) {
            c.unacknowledged = Some(Unacknowledged {
                wire,
                cseq,
                wait: Wait::T1Times(0),
                to,
                repeat_at: now + Wait::T1Times(0).duration(),
                until: now + Wait::Long.duration(),
            });
        }
        // Repeated on reliable transports too: a proxy on the way may use UDP (RFC 3261 section 13.3.1.4).
        self.timers.set(now, Timer::Ok, Wait::T1Times(0), key);
        self.timers.set(now, Timer::NoAck, Wait::Long, key);
    }
}
