//! Provisional answers that must arrive (RFC 3262): sent again until their PRACK comes, and confirmed by PRACK where they
//! are theirs. One at a time, in order, both ways.

use crate::build::Body;
use crate::call::{CallId, Hangup, State};
use crate::endpoint::{Destination, Endpoint};
use crate::event::Event;
use crate::exchange::{Offered, TO_ANSWER_UPDATE, Way};
use crate::message::{Message, read_number};
use crate::method::Method;
use crate::name::Name;
use crate::reason::TIMER_EXPIRED;
use crate::slots::Key;
use crate::time::Time;
use crate::timer::{T1, Wait};
use crate::transaction::{Going, Owner};
use crate::uri::trim;
use core::time::Duration;
use std::collections::VecDeque;

/// How many provisional answers of one call may wait for the PRACK of the one before them. Beyond that the oldest
/// without a description is left out: the far end hears of the newer ones.
const MAX_WAITING: usize = 4;

/// What their INVITE says of provisional answers that must arrive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wanted {
    /// It can do with them: those with a description are sent so.
    Supported,
    /// It takes no others.
    Required,
}

/// A provisional answer of ours that has no PRACK yet.
struct Sent {
    number: u32,
    /// Whether it carried a description: then no 2xx may go out before its PRACK.
    described: bool,
    wait: Duration,
    repeat_at: Time,
    until: Time,
}

/// The provisional answers of ours to one INVITE.
pub(crate) struct Reliable {
    wanted: Wanted,
    invite: Key,
    next_number: u32,
    sent: Option<Sent>,
    waiting: VecDeque<(u16, Box<[u8]>)>,
    /// The 2xx that waits for a PRACK, or for our answer to what that offered.
    accept: Option<Box<[u8]>>,
    /// Whether their INVITE left the offer to us.
    we_offer: bool,
    /// Whether our description went out: then it is the session, and the 2xx says none.
    described: bool,
    /// Whether one was sent at all.
    has_sent: bool,
}

impl Reliable {
    /// `None` when their INVITE knows nothing of this.
    pub(crate) fn wanted(m: &Message, invite: Key, first: u32) -> Option<Box<Reliable>> {
        let lists = |name: Name| {
            let mut tags = m.values(name).flat_map(|line| line.split(|&c| c == b','));
            tags.any(|tag| trim(tag).eq_ignore_ascii_case(b"100rel"))
        };
        let wanted = match (lists(Name::Require), lists(Name::Supported)) {
            (true, _) => Wanted::Required,
            (false, true) => Wanted::Supported,
            (false, false) => return None,
        };
        Some(Box::new(Reliable {
            wanted,
            invite,
            next_number: first.max(1),
            sent: None,
            waiting: VecDeque::new(),
            accept: None,
            we_offer: m.session_description().is_empty(),
            described: false,
            has_sent: false,
        }))
    }

    /// Whether a session is agreed on before the call is up.
    pub(crate) fn is_agreed(&self) -> bool {
        self.described && self.sent.is_none()
    }

    /// Whether the last provisional answer was one that wants a PRACK, and that is not there yet: it is sent again in any
    /// case.
    pub(crate) fn is_waiting(&self) -> bool {
        self.sent.is_some()
    }

    /// Whether a provisional answer was sent that wants a PRACK.
    pub(crate) fn has_sent(&self) -> bool {
        self.has_sent
    }

    pub(crate) fn wake(&self) -> Option<Time> {
        self.sent.as_ref().map(|s| s.repeat_at.min(s.until))
    }
}

/// How far the provisional answers of one early dialog of our INVITE have come.
#[derive(Default)]
pub(crate) struct Confirmed {
    /// The number of the last one that was taken.
    number: Option<u32>,
    /// The description that came last, reliably or not.
    pub(crate) description: Box<[u8]>,
}

impl Confirmed {
    /// Whether a session is agreed on before the call is up.
    pub(crate) fn is_agreed(&self) -> bool {
        self.number.is_some() && !self.description.is_empty()
    }
}

/// The number of an answer of theirs that wants a PRACK.
pub(crate) fn number_of(m: &Message) -> Option<u32> {
    let mut required = m.values(Name::Require).flat_map(|line| line.split(|&c| c == b','));
    if !required.any(|tag| trim(tag).eq_ignore_ascii_case(b"100rel")) {
        return None;
    }
    m.value(Name::RSeq).and_then(read_number).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0)
}

// RAck: the number of the provisional answer, and number and method of the request that it answers.
fn read_rack(m: &Message) -> Option<(u32, u32, Method)> {
    let mut parts = m.value(Name::RAck)?.split(u8::is_ascii_whitespace).filter(|p| !p.is_empty());
    let number = u32::try_from(read_number(parts.next()?)?).ok()?;
    let cseq = u32::try_from(read_number(parts.next()?)?).ok()?;
    let method = Method::from_bytes(parts.next()?);
    parts.next().is_none().then_some((number, cseq, method))
}

impl Endpoint {
    // ---- ours ----

    /// Sends a provisional answer to a call as its INVITE wants it. `false` where that is the ordinary way.
    pub(crate) fn progress_reliably(&mut self, now: Time, key: Key, code: u16, body: &[u8]) -> bool {
        let Some(r) = self.calls.get_mut(key).and_then(|c| c.reliable.as_mut()) else { return false };
        if r.wanted == Wanted::Supported && body.is_empty() {
            return false;
        }
        if r.sent.is_none() {
            self.send_reliably(now, key, code, body);
            return true;
        }
        if r.waiting.len() >= MAX_WAITING {
            let oldest = r.waiting.iter().position(|(_, body)| body.is_empty()).unwrap_or(0);
            r.waiting.remove(oldest);
        }
        r.waiting.push_back((code, body.into()));
        true
    }

    fn send_reliably(&mut self, now: Time, key: Key, code: u16, body: &[u8]) {
        let tag = self.local_tag(key);
        let Some(c) = self.calls.get_mut(key) else { return };
        let transport = c.peer.transport;
        let Some(r) = &mut c.reliable else { return };
        let (number, invite) = (r.next_number, r.invite);
        r.next_number += 1;
        r.described |= !body.is_empty();
        r.has_sent = true;
        r.sent = Some(Sent {
            number,
            described: !body.is_empty(),
            wait: T1,
            repeat_at: now + T1,
            until: now + Wait::Long.duration(),
        });
        c.session.said(body);
        let reliable = format!("Require: 100rel\r\nRSeq: {number}\r\n");
        let lines = [self.contact_of(key, transport), reliable.into_bytes()].concat();
        self.answer(now, invite, code, "", &tag, &lines, body);
        self.rewake(key);
    }

    /// Keeps a 2xx back that may not go out yet; gives back the body that it is to say otherwise.
    pub(crate) fn body_of_2xx<'a>(&mut self, key: Key, body: &'a [u8]) -> Option<&'a [u8]> {
        let Some(c) = self.calls.get_mut(key) else { return Some(body) };
        let unanswered = c.offered.is_some();
        let Some(r) = &mut c.reliable else { return Some(body) };
        if unanswered || r.sent.as_ref().is_some_and(|s| s.described) {
            r.accept = Some(body.into());
            return None;
        }
        Some(if r.described { b"" } else { body })
    }

    pub(crate) fn on_prack(&mut self, now: Time, from: Destination, m: &Message) {
        let Some((key, _)) = self.enter(from, m) else { return };
        let rack = read_rack(m);
        let Some(c) = self.calls.get_mut(key) else { return };
        let open = c.offered.is_some();
        let reliable = c.reliable.as_mut().and_then(|r| {
            let cseq = self.servers.get(r.invite).map(|s| s.cseq)?;
            let wanted = (r.sent.as_ref()?.number, cseq, Method::Invite);
            (rack == Some(wanted)).then_some(r)
        });
        let Some(r) = reliable else { return self.reply_once(m, from, 481, "", b"") };
        let answers_ours = r.we_offer && r.sent.as_ref().is_some_and(|s| s.described);
        if open && !m.session_description().is_empty() && !answers_ours {
            return self.come_again(m, from);
        }
        r.sent = None;
        r.we_offer &= !answers_ours;
        c.session.heard(m.session_description());
        let (call, body) = (CallId(key), m.session_description().to_vec());
        let tx = self.start_server(m, Method::Prack, from, Some(key));
        if body.is_empty() || answers_ours {
            self.answer(now, tx, 200, "", b"", b"", b"");
            if answers_ours {
                self.events.push_back(Event::Reanswered { call, body });
            }
            return self.go_on(now, key);
        }
        if let Some(c) = self.calls.get_mut(key) {
            c.offered = Some(Offered { way: Way::Request(tx), until: now + TO_ANSWER_UPDATE });
        }
        self.rewake(key);
        self.events.push_back(Event::Reoffer { call, body });
    }

    /// What had to wait for a PRACK, or for our answer to what that offered, goes out.
    pub(crate) fn go_on(&mut self, now: Time, key: Key) {
        self.rewake(key);
        let Some(c) = self.calls.get_mut(key) else { return };
        let open = c.offered.is_some();
        let Some(r) = c.reliable.as_mut().filter(|r| r.sent.is_none() && !open) else { return };
        if let Some(body) = r.accept.take() {
            return self.accept(now, CallId(key), &body);
        }
        if let Some((code, body)) = r.waiting.pop_front() {
            self.send_reliably(now, key, code, &body);
        }
    }

    pub(crate) fn on_reliable_wake(&mut self, now: Time, key: Key) {
        let Some(c) = self.calls.get_mut(key) else { return };
        let ringing = matches!(c.state, State::Incoming { .. });
        let Some(r) = &mut c.reliable else { return };
        let Some(s) = &mut r.sent else { return };
        if s.until <= now {
            r.sent = None;
            if ringing {
                // RFC 3262 section 3: no PRACK came, and so nothing of ours may have.
                self.reject_with(now, CallId(key), 504, "", "");
                self.events.push_back(Event::Ended {
                    call: CallId(key),
                    how: Hangup::NoAck,
                    cause: TIMER_EXPIRED,
                });
            }
        } else if !ringing {
            // The 2xx overtook it. A PRACK that is under way still gets its answer.
            s.repeat_at = s.until;
        } else if s.repeat_at <= now {
            s.wait *= 2;
            s.repeat_at = now + s.wait;
            let again = self.servers.get(r.invite).and_then(|tx| Some((tx.to, tx.last.clone()?)));
            if let Some((to, wire)) = again {
                self.counters.repeats_sent += 1;
                self.send(to, wire);
            }
        }
    }

    // ---- theirs ----

    /// Takes in a provisional answer of theirs that wants a PRACK, in its early dialog. Whether it is news: not if it came
    /// before, or too early.
    pub(crate) fn confirm(&mut self, now: Time, key: Key, branch: usize, m: &Message, number: u32) -> bool {
        let Some(c) = self.calls.get_mut(key) else { return false };
        let (waits, we_offered) = (c.offered.is_some(), c.we_offered);
        let Some(b) = c.branches.get_mut(branch) else { return false };
        if b.confirmed.number.is_some_and(|last| last.checked_add(1) != Some(number)) {
            return false;
        }
        let offers = !we_offered && !m.session_description().is_empty();
        if offers && waits {
            // It is sent again until it is confirmed: by then the offer before it may be answered.
            return false;
        }
        b.confirmed.number = Some(number);
        if !offers {
            self.send_prack(now, key, branch, number, b"");
            return true;
        }
        let until = now + TO_ANSWER_UPDATE;
        c.offered = Some(Offered { way: Way::Provisional { branch, number }, until });
        self.rewake(key);
        self.events.push_back(Event::Reoffer { call: CallId(key), body: m.session_description().to_vec() });
        true
    }

    /// Confirms a provisional answer of theirs.
    pub(crate) fn send_prack(&mut self, now: Time, key: Key, branch: usize, number: u32, body: &[u8]) {
        let Some(c) = self.calls.get_mut(key) else { return };
        let State::Calling { tx, .. } = c.state else { return };
        let Some(invite) = self.clients.get(tx).map(|tx| tx.request.cseq) else { return };
        let Some(b) = c.branches.get(branch) else { return };
        c.dialog.local_cseq += 1;
        c.session.said(body);
        let (dialog, cseq, to) = (b.dialog.clone(), c.dialog.local_cseq, b.dialog.next_hop(c.peer));
        let mut logins = c.logins.take();
        let extra = format!("RAck: {number} {invite} INVITE\r\n");
        let going = Going {
            extra: extra.as_bytes(),
            body: Body::sdp(body),
            login: logins.as_deref_mut(),
            ..Going::new(Method::Prack, cseq, to, Owner::Prack(key))
        };
        self.send_request(now, &dialog, going);
        if let Some(c) = self.calls.get_mut(key) {
            c.logins = logins;
        }
    }
}
