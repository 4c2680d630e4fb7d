//! Our calls: the INVITE that goes out, its early dialogs, and how it is answered, refused or cancelled.

use crate::address::NameAddr;
use crate::build::{Body, push_tag};
use crate::call::{Branch, Call, CallId, State};
use crate::dialog::{Dialog, tag_of};
use crate::endpoint::{Destination, Endpoint};
use crate::event::{Event, Redirect, Refused};
use crate::exchange::{Offered, Way};
use crate::login::{Login, Logins};
use crate::message::{Message, as_line, read_number};
use crate::method::Method;
use crate::multipart::with_parts;
use crate::name::Name;
use crate::reason::{cause_of, cause_of_status, numbers_beside};
use crate::reliable::{self, Confirmed};
use crate::session::{Session, SessionTimer};
use crate::slots::Key;
use crate::time::Time;
use crate::timer::{Timer, Wait};
use crate::transaction::{ClientTx, Going, Owner};
use crate::uri::{Uri, split_outside_quotes};
use core::time::Duration;
use std::borrow::Cow;
use std::sync::Arc;

/// How many addresses of a 3xx answer are given out.
const MAX_REDIRECTS: usize = 8;
/// The longest wait of a Retry-After that is given out, in seconds.
const MAX_RETRY_AFTER: u32 = 86_400;
/// How many answers with tags of their own one INVITE may get; the rest is ignored.
const MAX_BRANCHES: usize = 16;

/// A call to make. Made from [`Outgoing::to`], so that what is not said has its usual value.
#[derive(Clone, Copy)]
pub struct Outgoing<'a> {
    /// Where the INVITE goes.
    pub to: Destination,
    /// Request-URI.
    pub uri: &'a str,
    /// From, a display name and an address in brackets, without tag.
    pub from: &'a str,
    /// To, as From.
    pub to_header: &'a str,
    /// Hops left, at most 70; that of the call it continues, less one.
    pub max_forwards: u8,
    /// Whole header lines to add, each ending in CRLF.
    pub extra: &'a str,
    /// The value of Referred-By (RFC 3892), byte for byte as it came; empty for none. Left out where it would not stay one
    /// line.
    pub referred_by: &'a [u8],
    /// The offer.
    pub body: &'a [u8],
    /// What stands beside it, as [`Message::beside_the_description`] gives it: then the body has several parts.
    pub beside: &'a [&'a [u8]],
    /// Who to be if the far end asks, in this call's INVITE and in what follows it.
    pub login: Option<&'a Arc<Login>>,
    /// How often the far end has to be heard of once the call is up; `None`: as set for all calls.
    pub session_timer: Option<SessionTimer>,
    /// Our Contact in this call, an address in brackets; `None`: the usual one.
    pub contact: Option<&'a str>,
    /// How long the far end may say nothing at all, not even 100 Trying; `None`: 32 seconds. Then the call is refused with
    /// 408, and what comes later is cancelled.
    pub answer_within: Option<Duration>,
}

impl Outgoing<'_> {
    /// A call to a destination, without addresses yet, with 70 hops left.
    pub fn to(to: Destination) -> Outgoing<'static> {
        Outgoing {
            to,
            uri: "",
            from: "",
            to_header: "",
            max_forwards: 70,
            extra: "",
            referred_by: b"",
            body: b"",
            beside: &[],
            login: None,
            session_timer: None,
            contact: None,
            answer_within: None,
        }
    }
}

impl Endpoint {
    /// Calls somebody.
    pub fn invite(&mut self, now: Time, out: &Outgoing<'_>) -> CallId {
        let secret = self.chance.next();
        let call_id = self.new_call_id();
        let (to, uri) = (out.to_header.as_bytes(), out.uri.as_bytes());
        let first_cseq = 1;
        let mut dialog = Dialog::outgoing(call_id, Vec::new(), to, uri, first_cseq);
        dialog.contact = out.contact.map(Arc::from);
        let mut call = Call::new(secret, dialog, out.to, State::Up, true);
        call.logins = out.login.map(Logins::new);
        call.session = Session::new(out.session_timer.unwrap_or(self.session_timer));
        call.session.said(out.body);
        call.we_offered = !out.body.is_empty();
        let session = call.session.lines();
        let mut logins = call.logins.clone();
        let key = self.calls.insert(call);
        let mut local = out.from.as_bytes().to_vec();
        local.extend_from_slice(b";tag=");
        push_tag(&mut local, key.index, secret);
        let Some(call) = self.calls.get_mut(key) else { return CallId(key) };
        call.dialog.local = local.into();
        let dialog = call.dialog.clone();
        let unlike = if out.beside.is_empty() { 0 } else { self.chance.next() };
        let several = (!out.beside.is_empty()).then(|| with_parts(out.body, out.beside, unlike));
        let body = match &several {
            Some((kind, bytes)) => Body { kind, bytes },
            None => Body::sdp(out.body),
        };
        let mut extra = Cow::Borrowed(out.extra.as_bytes());
        if let Some(by) = as_line(out.referred_by).filter(|by| !by.is_empty()) {
            let line: [&[u8]; 3] = [b"Referred-By: ", by, b"\r\n"];
            line.into_iter().for_each(|part| extra.to_mut().extend_from_slice(part));
        }
        let going = Going {
            with_contact: true,
            session: &session,
            max_forwards: out.max_forwards,
            extra: &extra,
            body,
            login: logins.as_deref_mut(),
            ..Going::new(Method::Invite, first_cseq, out.to, Owner::Invite(key))
        };
        let tx = self.send_request(now, &dialog, going);
        if let Some(call) = self.calls.get_mut(key) {
            call.state = State::Calling { tx, heard: false };
            call.answer_by = out.answer_within.map(|wait| now + wait);
        }
        self.rewake(key);
        self.timers.set(now, Timer::Ringing, Wait::Guard, key);
        CallId(key)
    }

    pub(crate) fn on_progress(&mut self, now: Time, key: Key, m: &Message, code: u16, first: bool) {
        let Some(c) = self.calls.get_mut(key) else { return };
        match &mut c.state {
            State::Calling { heard, .. } => *heard = true,
            State::Cancelling { sent: false, .. } if first => return self.send_cancel(now, key),
            _ => return,
        }
        let tag = tag_of(m.value(Name::To).unwrap_or_default());
        if code == 100 || tag.is_empty() {
            return;
        }
        c.read_allow(m);
        let branch = match c.branches.iter().position(|b| *b.tag == *tag) {
            Some(n) => n,
            None if c.branches.len() < MAX_BRANCHES => {
                let dialog = c.dialog.answered(m);
                c.branches.push(Branch { tag: tag.into(), dialog, confirmed: Confirmed::default() });
                c.branches.len() - 1
            }
            None => return,
        };
        if let Some(number) = reliable::number_of(m) {
            if !self.confirm(now, key, branch, m, number) {
                return;
            }
        }
        let body = m.session_description().to_vec();
        let early = self.calls.get_mut(key).and_then(|c| c.branches.get_mut(branch));
        if let Some(early) = early.filter(|_| !body.is_empty()) {
            early.confirmed.description = body.as_slice().into();
        }
        self.events.push_back(Event::Progress { call: CallId(key), code, branch: branch as u8, body });
    }

    /// The first 2xx to an INVITE of ours.
    pub(crate) fn on_answered(&mut self, now: Time, from: Destination, tx: Key, key: Key, m: &Message) {
        let Some(c) = self.calls.get_mut(key) else {
            return self.acknowledge_and_leave(now, from, tx, m);
        };
        let cancelled = matches!(c.state, State::Cancelling { .. });
        let tag = tag_of(m.value(Name::To).unwrap_or_default());
        let early = c.branches.iter().find(|b| *b.tag == *tag);
        let remote_cseq = early.and_then(|b| b.dialog.remote_cseq);
        // What was agreed on before needs no second word.
        let body = match early {
            Some(b) if m.session_description().is_empty() && c.we_offered => b.confirmed.description.to_vec(),
            _ => m.session_description().to_vec(),
        };
        c.dialog = c.dialog.answered(m);
        c.dialog.remote_cseq = remote_cseq;
        c.peer = Destination { connection: from.connection.or(c.peer.connection), ..from };
        c.state = State::Up;
        c.read_allow(m);
        // The other phones of a forked call are none of this dialog: a BYE of theirs must not end it.
        c.branches.clear();
        if matches!(c.offered, Some(Offered { way: Way::Provisional { .. }, .. })) {
            c.offered = None;
        }
        c.session.heard(&body);
        self.send_ack(tx, key, m);
        if cancelled {
            // The 200 crossed our CANCEL: the call is up and has to be ended as such.
            self.send_bye_quietly(now, key);
            let refused = Refused::of(487);
            self.events.push_back(Event::Refused { call: CallId(key), refused });
        } else {
            self.session_accepted(now, key, m);
            self.events.push_back(Event::Answered { call: CallId(key), body });
        }
    }

    /// A further 2xx: the same one again, or another phone's when a proxy forked the call.
    pub(crate) fn on_more_2xx(&mut self, now: Time, from: Destination, tx: Key, m: &Message) {
        let tag = tag_of(m.value(Name::To).unwrap_or_default());
        let known = self.clients.get(tx).and_then(|t| t.acks.iter().find(|a| *a.0 == *tag));
        if let Some((_, wire, to)) = known {
            let (wire, to) = (wire.clone(), *to);
            return self.send(to, wire);
        }
        self.acknowledge_and_leave(now, from, tx, m);
    }

    /// ACK and BYE for a 2xx that no call wants: its call is gone, or another phone was first.
    pub(crate) fn acknowledge_and_leave(&mut self, now: Time, from: Destination, tx: Key, m: &Message) {
        let Some(t) = self.clients.get(tx) else { return };
        if t.acks.len() >= MAX_BRANCHES {
            return;
        }
        let cseq = t.request.cseq;
        let ways = t.owner.call().and_then(|call| self.calls.get(call)?.dialog.ways.clone());
        let mut dialog = Dialog::outgoing(
            m.value(Name::CallId).unwrap_or_default().to_vec(),
            m.value(Name::From).unwrap_or_default().to_vec(),
            b"",
            b"",
            cseq,
        )
        .answered(m);
        dialog.ways = ways;
        self.send_ack_in(&dialog, cseq, from, tx);
        dialog.local_cseq = cseq + 1;
        let (to, _) = self.hops(&dialog, from);
        let mut logins = self.clients.get(tx).and_then(|t| t.login.as_ref()).map(|a| a.logins.clone());
        let going = Going { login: logins.as_mut(), ..Going::new(Method::Bye, cseq + 1, to, Owner::Nobody) };
        self.send_request(now, &dialog, going);
    }

    /// Confirms a 2xx in its dialog.
    pub(crate) fn send_ack(&mut self, tx: Key, key: Key, m: &Message) {
        let Some(c) = self.calls.get(key) else { return };
        let (dialog, peer) = (c.dialog.clone(), c.peer);
        let cseq = m.cseq().map_or(1, |c| c.0);
        self.send_ack_in(&dialog, cseq, peer, tx);
    }

    // An ACK for 2xx is a request of its own, outside any transaction (RFC 3261 section 13.2.2.4).
    fn send_ack_in(&mut self, dialog: &Dialog, cseq: u32, peer: Destination, tx: Key) {
        let (to, _) = self.hops(dialog, peer);
        let secret = self.chance.next();
        let face = self.face(to.transport);
        // It says the same of who we are as the INVITE did: an ACK cannot be asked.
        let login = self.clients.get(tx).map(|t| t.request.login().to_vec()).unwrap_or_default();
        let sent = crate::build::request(
            dialog,
            &crate::build::RequestParts {
                method: Method::Ack,
                cseq,
                via: &face.via,
                branch: (u32::MAX, secret),
                contact: None,
                product: &self.product,
                max_forwards: 70,
                login: &login,
                session: b"",
                extra: b"",
                body: Body::NONE,
            },
        );
        if let Some(t) = self.clients.get_mut(tx) {
            t.acks.push((dialog.remote_tag.clone(), sent.wire.clone(), to));
        }
        self.send(to, sent.wire);
    }

    /// Our INVITE got a final answer that is not 2xx.
    pub(crate) fn on_refused(&mut self, now: Time, key: Key, code: u16, m: &Message) {
        let refused = Refused {
            code,
            cause: cause_of(m).unwrap_or_else(|| cause_of_status(code)),
            numbers: numbers_beside(m),
            is_answer: true,
            retry_after: retry_after(m),
            redirects: if (300..400).contains(&code) { redirects(m) } else { Vec::new() },
        };
        self.call_refused(now, key, refused);
    }

    /// A call of ours is over before it was up.
    pub(crate) fn call_refused(&mut self, now: Time, key: Key, refused: Refused) {
        if self.forget(now, key).is_some() {
            self.events.push_back(Event::Refused { call: CallId(key), refused });
        }
    }

    pub(crate) fn send_cancel(&mut self, now: Time, key: Key) {
        let Some(c) = self.calls.get_mut(key) else { return };
        let extra = core::mem::take(&mut c.extra);
        let (State::Calling { tx, .. } | State::Cancelling { tx, .. }) = c.state else { return };
        c.state = State::Cancelling { tx, sent: true };
        self.cancel_invite(now, tx, &extra);
        self.timers.set(now, Timer::Cancelled, Wait::Long, key);
    }

    /// The far end of a call said nothing in the time that it has for that.
    pub(crate) fn on_silence_wake(&mut self, now: Time, key: Key) {
        let Some(c) = self.calls.get(key).filter(|c| c.answer_by.is_some_and(|at| at <= now)) else { return };
        let State::Calling { tx, heard: false } = c.state else { return };
        // From here on it is nobody's: a ringing that comes later is cancelled, an answer is hung up.
        if let Some(invite) = self.clients.get_mut(tx) {
            invite.owner = Owner::Nobody;
        }
        self.call_refused(now, key, Refused::of(408));
    }

    /// Sends the CANCEL of an INVITE, with these header lines.
    pub(crate) fn cancel_invite(&mut self, now: Time, tx: Key, extra: &str) {
        let Some(invite) = self.clients.get(tx) else { return };
        let mut request = invite.request.clone();
        request.wire = invite.request.follow_up(Method::Cancel, None, extra.as_bytes());
        let to = invite.to;
        let secret = self.chance.next();
        let cancel = self
            .clients
            .insert(ClientTx { request, ..ClientTx::new(secret, Method::Cancel, to, Owner::Nobody) });
        if let Some(invite) = self.clients.get_mut(tx) {
            invite.cancel = Some(cancel);
        }
        self.start_client(now, cancel);
        self.timers.set(now, Timer::Unanswered, Wait::Long, tx);
    }
}

// Seconds, with perhaps a comment and parameters behind them (RFC 3261 section 20.33).
fn retry_after(m: &Message) -> Option<u32> {
    let value = m.value(Name::RetryAfter)?;
    let digits = value.iter().take_while(|c| c.is_ascii_digit()).count();
    let seconds = read_number(&value[..digits])?;
    Some(u32::try_from(seconds).unwrap_or(u32::MAX).min(MAX_RETRY_AFTER))
}

// The addresses of a 3xx answer, the best first, those of one rank in their order.
fn redirects(m: &Message) -> Vec<Redirect> {
    let contacts = m.values(Name::Contact).flat_map(|line| split_outside_quotes(line, b','));
    let mut found: Vec<Redirect> = contacts
        .filter_map(|c| NameAddr::parse(c).ok())
        .filter(|a| {
            let uri = Uri::parse(a.uri);
            uri.is_ok_and(|u| u.is_sip() || u.is_sips() || u.scheme.eq_ignore_ascii_case(b"tel"))
        })
        .map(|a| Redirect { uri: a.uri.into(), q: a.param("q").map_or(1_000, thousandths) })
        .take(MAX_REDIRECTS)
        .collect();
    found.sort_by_key(|r| core::cmp::Reverse(r.q));
    found
}

// "0.7" as 700; what cannot be read is worth nothing.
fn thousandths(q: &[u8]) -> u16 {
    let point = q.iter().position(|&c| c == b'.').unwrap_or(q.len());
    let (whole, rest) = q.split_at(point);
    let rest = rest.strip_prefix(b".").unwrap_or_default();
    if rest.len() > 3 || !rest.iter().all(u8::is_ascii_digit) {
        return 0;
    }
    let part = rest.iter().chain(b"000").take(3).fold(0, |n, c| n * 10 + u16::from(c - b'0'));
    match whole {
        b"0" | b"" => part,
        b"1" => 1_000,
        _ => 0,
    }
}
