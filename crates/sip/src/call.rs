//! A call as SIP sees it: one leg, from INVITE to its end, with its dialog, its early dialogs and its re-INVITEs.
//!
//! Every call ends in exactly one of [`Event::Cancelled`], [`Event::Refused`] and [`Event::Ended`], whoever ends it;
//! after that its id means nothing here.

use crate::build::{Body, Wire, dialog_lines, push_tag, read_tag};
use crate::dialog::{Dialog, tag_of};
use crate::endpoint::{Destination, Endpoint, Transport};
use crate::event::{Event, Refused};
use crate::login::{Login, Logins};
use crate::message::Message;
use crate::method::Method;
use crate::name::Name;
use crate::slots::Key;
use crate::time::Time;
use crate::timer::{Timer, Wait};
use crate::transaction::{ClientTx, Going, Owner, ServerState};
use crate::uri::split_outside_quotes;
use std::sync::Arc;

/// How many answers with tags of their own one INVITE may get; the rest is ignored.
const MAX_BRANCHES: usize = 16;

/// One leg of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct CallId(pub(crate) Key);

/// By whom and why a call that was up has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hangup {
    /// The far end sent BYE.
    Far,
    /// We sent BYE.
    Near,
    /// Our 2xx got no ACK for 32 seconds; BYE was sent.
    NoAck,
}

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
    /// The offer.
    pub body: &'a [u8],
    /// Who to be if the far end asks, in this call's INVITE and in what follows it.
    pub login: Option<&'a Arc<Login>>,
}

impl Outgoing<'_> {
    /// A call to a destination, without addresses yet, with 70 hops left.
    pub fn to(to: Destination) -> Outgoing<'static> {
        Outgoing { to, uri: "", from: "", to_header: "", max_forwards: 70, extra: "", body: b"", login: None }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Our INVITE is out.
    Calling { tx: Key, heard: bool },
    /// We want it no more; a CANCEL went out or will when something is heard.
    Cancelling { tx: Key, sent: bool },
    /// Their INVITE is in.
    Incoming { tx: Key },
    /// 2xx was sent or received.
    Up,
}

/// A 2xx of ours that has no ACK yet.
struct Unacknowledged {
    wire: Wire,
    cseq: u32,
    wait: Wait,
    to: Destination,
    /// When it is sent again, and when it is given up: timers of an earlier 2xx of this call are told by these.
    repeat_at: Time,
    until: Time,
}

pub(crate) struct Call {
    secret: u64,
    pub(crate) dialog: Dialog,
    /// Where their last message came from.
    peer: Destination,
    state: State,
    reoffer_in: Option<Key>,
    pub(crate) reoffer_out: Option<Key>,
    unacknowledged: Option<Unacknowledged>,
    /// BYE may not go out before the ACK of our 2xx (RFC 3261 section 15): it waits here.
    bye_waits: bool,
    /// Header lines of a CANCEL or BYE that has to wait.
    extra: Box<str>,
    /// Tags of the early dialogs of our INVITE. Empty once the call is up: then only one dialog is the call.
    branches: Vec<Box<[u8]>>,
    /// Who to be if the far end asks.
    pub(crate) logins: Option<Box<Logins>>,
}

impl Call {
    /// Whether our INVITE is out and still wanted.
    pub(crate) fn is_calling(&self) -> bool {
        matches!(self.state, State::Calling { .. })
    }

    /// Our INVITE went out again, as a new transaction.
    pub(crate) fn called_again(&mut self, tx: Key) {
        self.state = State::Calling { tx, heard: false };
        self.branches.clear();
    }
}

impl Endpoint {
    // ---- what the caller of this room does ----

    /// Calls somebody.
    pub fn invite(&mut self, now: Time, out: &Outgoing<'_>) -> CallId {
        let secret = self.chance.next();
        let call_id = self.new_call_id();
        let first_cseq = 1;
        let key = self.calls.insert(Call {
            secret,
            dialog: Dialog::outgoing(
                call_id,
                Vec::new(),
                out.to_header.as_bytes(),
                out.uri.as_bytes(),
                first_cseq,
            ),
            peer: out.to,
            state: State::Up,
            reoffer_in: None,
            reoffer_out: None,
            unacknowledged: None,
            bye_waits: false,
            extra: Box::default(),
            branches: Vec::new(),
            logins: out.login.map(Logins::new),
        });
        let mut local = out.from.as_bytes().to_vec();
        local.extend_from_slice(b";tag=");
        push_tag(&mut local, key.index, secret);
        let Some(call) = self.calls.get_mut(key) else { return CallId(key) };
        call.dialog.local = local.into();
        let (dialog, mut logins) = (call.dialog.clone(), call.logins.clone());
        let going = Going {
            with_contact: true,
            max_forwards: out.max_forwards,
            extra: out.extra.as_bytes(),
            body: Body::sdp(out.body),
            login: logins.as_deref_mut(),
            ..Going::new(Method::Invite, first_cseq, out.to, Owner::Invite(key))
        };
        let tx = self.send_request(now, &dialog, going);
        if let Some(call) = self.calls.get_mut(key) {
            call.state = State::Calling { tx, heard: false };
        }
        self.timers.set(now, Timer::Ringing, Wait::Guard, key);
        CallId(key)
    }

    /// Sends a provisional answer, 101 to 199, with or without a session description.
    pub fn progress(&mut self, now: Time, call: CallId, code: u16, body: &[u8]) {
        let Some(c) = self.calls.get(call.0) else { return };
        let State::Incoming { tx } = c.state else { return };
        let (tag, contact) = (self.local_tag(call.0), self.contact_of(c.peer.transport));
        self.answer(now, tx, code.clamp(101, 199), "", &tag, &contact, body);
    }

    /// Answers a call with 200; the answer is repeated until its ACK comes.
    pub fn accept(&mut self, now: Time, call: CallId, body: &[u8]) {
        let Some(c) = self.calls.get(call.0) else { return };
        let State::Incoming { tx } = c.state else { return };
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
        self.calls.remove(call.0);
    }

    /// Asks the far end of a call that has no final answer yet who it is: 401, or 407 for a caller that we are a proxy
    /// to. `lines` are the challenges, whole lines of `WWW-Authenticate` or `Proxy-Authenticate`. The call is gone, without
    /// an event; the far end calls again with its credentials, as a new call.
    pub fn challenge(&mut self, now: Time, call: CallId, code: u16, lines: &str) {
        self.reject_with(now, call, if code == 407 { 407 } else { 401 }, "", lines);
    }

    /// Ends a call in whatever state it is: CANCEL, BYE, or 480 to a call that was not answered. What follows is
    /// [`Event::Refused`] for a call of ours that was not up, [`Event::Ended`] otherwise.
    pub fn hang_up(&mut self, now: Time, call: CallId, extra: &str) {
        let Some(c) = self.calls.get_mut(call.0) else { return };
        match c.state {
            State::Calling { tx, heard } => {
                c.state = State::Cancelling { tx, sent: false };
                c.extra = extra.into();
                // RFC 3261 section 9.1: no CANCEL before something was heard.
                if heard {
                    self.send_cancel(now, call.0);
                }
            }
            State::Cancelling { .. } => {}
            State::Incoming { .. } => {
                self.reject(now, call, 480, "");
                self.events.push_back(Event::Ended { call, how: Hangup::Near });
            }
            State::Up if c.unacknowledged.is_some() => {
                c.bye_waits = true;
                c.extra = extra.into();
            }
            State::Up => self.send_bye(now, call.0, extra, Hangup::Near),
        }
    }

    /// Offers another session (re-INVITE). Whether it could be sent: not while another exchange is open.
    pub fn reoffer(&mut self, now: Time, call: CallId, body: &[u8]) -> bool {
        let Some(c) = self.calls.get_mut(call.0) else { return false };
        let open = c.reoffer_in.is_some() || c.reoffer_out.is_some() || c.unacknowledged.is_some();
        if c.state != State::Up || open {
            return false;
        }
        c.dialog.local_cseq += 1;
        let (dialog, cseq, to) = (c.dialog.clone(), c.dialog.local_cseq, c.dialog.next_hop(c.peer));
        let mut logins = c.logins.take();
        let going = Going {
            with_contact: true,
            body: Body::sdp(body),
            login: logins.as_deref_mut(),
            ..Going::new(Method::Invite, cseq, to, Owner::Reoffer(call.0))
        };
        let tx = self.send_request(now, &dialog, going);
        if let Some(c) = self.calls.get_mut(call.0) {
            c.reoffer_out = Some(tx);
            c.logins = logins;
        }
        self.timers.set(now, Timer::Unanswered, Wait::Guard, tx);
        true
    }

    /// Answers [`Event::Reoffer`].
    pub fn answer_reoffer(&mut self, now: Time, call: CallId, body: &[u8]) {
        let Some(tx) = self.calls.get_mut(call.0).and_then(|c| c.reoffer_in.take()) else { return };
        self.send_ok(now, call.0, tx, body);
    }

    /// Refuses [`Event::Reoffer`], usually with 488; the session stays as it was.
    pub fn reject_reoffer(&mut self, now: Time, call: CallId, code: u16) {
        let Some(tx) = self.calls.get_mut(call.0).and_then(|c| c.reoffer_in.take()) else { return };
        self.answer(now, tx, code.clamp(300, 699), "", b"", b"", b"");
    }

    // ---- incoming ----

    pub(crate) fn begin_incoming(&mut self, now: Time, m: &Message, from: Destination, tx: Key) -> CallId {
        let secret = self.chance.next();
        let first_cseq = (secret as u32) & 0xffff;
        let key = self.calls.insert(Call {
            secret,
            dialog: Dialog::incoming(m, b"", first_cseq),
            peer: from,
            state: State::Incoming { tx },
            reoffer_in: None,
            reoffer_out: None,
            unacknowledged: None,
            bye_waits: false,
            extra: Box::default(),
            branches: Vec::new(),
            logins: None,
        });
        let tag = self.local_tag(key);
        if let Some(c) = self.calls.get_mut(key) {
            c.dialog.local = [&c.dialog.local, &tag[..]].concat().into();
        }
        if let Some(s) = self.servers.get_mut(tx) {
            s.call = Some(key);
        }
        self.timers.set(now, Timer::Ringing, Wait::Guard, key);
        CallId(key)
    }

    pub(crate) fn on_cancel(&mut self, now: Time, tx: Key) {
        let Some(s) = self.servers.get(tx) else { return };
        if s.state != ServerState::Proceeding {
            return;
        }
        let Some(key) = s.call else { return };
        let tag = self.local_tag(key);
        self.answer(now, tx, 487, "", &tag, b"", b"");
        match self.calls.get_mut(key) {
            // A cancelled re-INVITE leaves its call as it was.
            Some(c) if c.reoffer_in == Some(tx) => c.reoffer_in = None,
            Some(_) => {
                self.calls.remove(key);
                self.events.push_back(Event::Cancelled { call: CallId(key) });
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
                let bye = core::mem::take(&mut c.bye_waits);
                let extra = core::mem::take(&mut c.extra);
                self.events.push_back(Event::Acknowledged { call: CallId(key), body: m.body().to_vec() });
                if bye {
                    self.send_bye(now, key, &extra, Hangup::Near);
                }
                true
            }
            // Our 2xx was repeated, and so its ACK.
            _ => true,
        }
    }

    pub(crate) fn on_reinvite(&mut self, now: Time, from: Destination, m: &Message) {
        let Some(key) = self.call_of(m) else { return self.reply_once(m, from, 481, "", b"") };
        let cseq = m.cseq().map_or(0, |c| c.0);
        let Some(c) = self.calls.get_mut(key) else { return };
        if c.state != State::Up || c.reoffer_in.is_some() || c.unacknowledged.is_some() {
            // RFC 3261 section 14.2: the one before it has no final answer yet.
            return self.reply_once(m, from, 500, "", b"Retry-After: 1\r\n");
        }
        if c.reoffer_out.is_some() {
            return self.reply_once(m, from, 491, "", b"");
        }
        if c.dialog.remote_cseq.is_some_and(|last| cseq <= last) {
            return self.reply_once(m, from, 500, "", b"");
        }
        c.dialog.remote_cseq = Some(cseq);
        c.dialog.retarget(m);
        c.peer = from;
        let tx = self.start_server(m, Method::Invite, from, Some(key));
        if let Some(c) = self.calls.get_mut(key) {
            c.reoffer_in = Some(tx);
        }
        self.answer(now, tx, 100, "", b"", b"", b"");
        self.events.push_back(Event::Reoffer { call: CallId(key), body: m.body().to_vec() });
    }

    pub(crate) fn on_bye(&mut self, now: Time, from: Destination, m: &Message) {
        let Some(key) = self.call_of(m) else { return self.reply_once(m, from, 481, "", b"") };
        let cseq = m.cseq().map_or(0, |c| c.0);
        let Some(c) = self.calls.get(key) else { return };
        if c.dialog.remote_cseq.is_some_and(|last| cseq <= last) {
            return self.reply_once(m, from, 500, "", b"");
        }
        let tx = self.start_server(m, Method::Bye, from, None);
        self.answer(now, tx, 200, "", b"", b"", b"");
        self.close(now, key);
        let state = self.calls.remove(key).map(|c| c.state);
        let call = CallId(key);
        self.events.push_back(match state {
            // A BYE in an early dialog of theirs is a CANCEL by other means (RFC 3261 section 15).
            Some(State::Incoming { .. }) => Event::Cancelled { call },
            Some(State::Calling { .. } | State::Cancelling { .. }) => {
                Event::Refused { call, refused: Refused { code: 487, redirected: false } }
            }
            _ => Event::Ended { call, how: Hangup::Far },
        });
    }

    // Answers or cancels what is still open when a call goes away.
    fn close(&mut self, now: Time, key: Key) {
        let Some(c) = self.calls.get_mut(key) else { return };
        let (state, reoffer_in) = (c.state, c.reoffer_in.take());
        if let Some(tx) = reoffer_in {
            self.answer(now, tx, 487, "", b"", b"", b"");
        }
        match state {
            State::Incoming { tx } => {
                let tag = self.local_tag(key);
                self.answer(now, tx, 487, "", &tag, b"", b"");
            }
            State::Calling { .. } => self.send_cancel(now, key),
            _ => {}
        }
    }

    // ---- outgoing ----

    pub(crate) fn on_progress(&mut self, now: Time, owner: Owner, m: &Message, code: u16, first: bool) {
        let Owner::Invite(key) = owner else { return };
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
        let branch = match c.branches.iter().position(|t| **t == *tag) {
            Some(n) => n,
            None if c.branches.len() < MAX_BRANCHES => {
                c.branches.push(tag.into());
                c.branches.len() - 1
            }
            None => return,
        };
        let body = m.body().to_vec();
        self.events.push_back(Event::Progress { call: CallId(key), code, branch: branch as u8, body });
    }

    /// The first 2xx to an INVITE of ours.
    pub(crate) fn on_accepted(&mut self, now: Time, from: Destination, tx: Key, owner: Owner, m: &Message) {
        match owner {
            Owner::Invite(key) => {
                let Some(c) = self.calls.get_mut(key) else {
                    return self.acknowledge_and_leave(now, from, tx, m);
                };
                let cancelled = matches!(c.state, State::Cancelling { .. });
                c.dialog = c.dialog.answered(m);
                c.peer = Destination { connection: from.connection.or(c.peer.connection), ..from };
                c.state = State::Up;
                // The other phones of a forked call are none of this dialog: a BYE of theirs must not end it.
                c.branches.clear();
                self.send_ack(tx, key, m);
                if cancelled {
                    // The 200 crossed our CANCEL: the call is up and has to be ended as such.
                    self.send_bye_quietly(now, key);
                    let refused = Refused { code: 487, redirected: false };
                    self.events.push_back(Event::Refused { call: CallId(key), refused });
                } else {
                    self.events.push_back(Event::Answered { call: CallId(key), body: m.body().to_vec() });
                }
            }
            Owner::Reoffer(key) => {
                let Some(c) = self.calls.get_mut(key) else {
                    return self.acknowledge_and_leave(now, from, tx, m);
                };
                c.reoffer_out = None;
                c.dialog.retarget(m);
                self.send_ack(tx, key, m);
                self.events.push_back(Event::Reanswered { call: CallId(key), body: m.body().to_vec() });
            }
            _ => {}
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

    // ACK and BYE for a 2xx that no call wants: its call is gone, or another phone was first.
    fn acknowledge_and_leave(&mut self, now: Time, from: Destination, tx: Key, m: &Message) {
        let Some(t) = self.clients.get(tx) else { return };
        if t.acks.len() >= MAX_BRANCHES {
            return;
        }
        let cseq = t.request.cseq;
        let mut dialog = Dialog::outgoing(
            m.value(Name::CallId).unwrap_or_default().to_vec(),
            m.value(Name::From).unwrap_or_default().to_vec(),
            b"",
            b"",
            cseq,
        )
        .answered(m);
        self.send_ack_in(&dialog, cseq, from, tx);
        dialog.local_cseq = cseq + 1;
        let to = dialog.next_hop(from);
        let mut logins = self.clients.get(tx).and_then(|t| t.login.as_ref()).map(|a| a.logins());
        let going = Going { login: logins.as_mut(), ..Going::new(Method::Bye, cseq + 1, to, Owner::Nobody) };
        self.send_request(now, &dialog, going);
    }

    fn send_ack(&mut self, tx: Key, key: Key, m: &Message) {
        let Some(c) = self.calls.get(key) else { return };
        let (dialog, peer) = (c.dialog.clone(), c.peer);
        let cseq = m.cseq().map_or(1, |c| c.0);
        self.send_ack_in(&dialog, cseq, peer, tx);
    }

    // An ACK for 2xx is a request of its own, outside any transaction (RFC 3261 section 13.2.2.4).
    fn send_ack_in(&mut self, dialog: &Dialog, cseq: u32, peer: Destination, tx: Key) {
        let to = dialog.next_hop(peer);
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
                extra: b"",
                body: Body::NONE,
            },
        );
        if let Some(t) = self.clients.get_mut(tx) {
            t.acks.push((dialog.remote_tag.clone(), sent.wire.clone(), to));
        }
        self.send(to, sent.wire);
    }

    pub(crate) fn on_refused(&mut self, now: Time, owner: Owner, code: u16, m: &Message) {
        let redirected = (300..400).contains(&code)
            && m.value(Name::Contact).and_then(|v| split_outside_quotes(v, b',').next()).is_some();
        self.ended_without_answer(now, owner, Refused { code, redirected });
    }

    /// Nobody answered in time, or the far end could not be reached.
    pub(crate) fn on_no_answer(&mut self, now: Time, owner: Owner, code: u16) {
        // A re-INVITE that could not be sent is one that nobody answered: RFC 3261 section 14.1 names 408.
        let code = if matches!(owner, Owner::Invite(_)) { code } else { 408 };
        self.ended_without_answer(now, owner, Refused { code, redirected: false });
    }

    fn ended_without_answer(&mut self, now: Time, owner: Owner, refused: Refused) {
        match owner {
            Owner::Invite(key) if self.calls.remove(key).is_some() => {
                self.events.push_back(Event::Refused { call: CallId(key), refused });
            }
            Owner::Reoffer(key) => {
                let Some(c) = self.calls.get_mut(key) else { return };
                c.reoffer_out = None;
                // RFC 3261 sections 12.2.1.2 and 14.1: 481 and 408 to a request inside it end the dialog, and a BYE says so
                // to whatever is left of the far end.
                if matches!(refused.code, 481 | 408) {
                    self.send_bye(now, key, "", Hangup::Far);
                } else {
                    self.events.push_back(Event::ReofferRefused { call: CallId(key), code: refused.code });
                }
            }
            _ => {}
        }
    }

    fn send_cancel(&mut self, now: Time, key: Key) {
        let Some(c) = self.calls.get_mut(key) else { return };
        let extra = core::mem::take(&mut c.extra);
        let (State::Calling { tx, .. } | State::Cancelling { tx, .. }) = c.state else { return };
        c.state = State::Cancelling { tx, sent: true };
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
        self.timers.set(now, Timer::Cancelled, Wait::Long, key);
        self.timers.set(now, Timer::Unanswered, Wait::Long, tx);
    }

    fn send_bye(&mut self, now: Time, key: Key, extra: &str, how: Hangup) {
        self.close(now, key);
        let Some(mut c) = self.calls.remove(key) else { return };
        self.bye(now, &mut c, extra);
        self.events.push_back(Event::Ended { call: CallId(key), how });
    }

    fn send_bye_quietly(&mut self, now: Time, key: Key) {
        if let Some(mut c) = self.calls.remove(key) {
            let extra = core::mem::take(&mut c.extra);
            self.bye(now, &mut c, &extra);
        }
    }

    fn bye(&mut self, now: Time, c: &mut Call, extra: &str) {
        c.dialog.local_cseq += 1;
        let to = c.dialog.next_hop(c.peer);
        let cseq = c.dialog.local_cseq;
        let going = Going {
            extra: extra.as_bytes(),
            login: c.logins.as_deref_mut(),
            ..Going::new(Method::Bye, cseq, to, Owner::Nobody)
        };
        self.send_request(now, &c.dialog, going);
    }

    fn send_ok(&mut self, now: Time, key: Key, tx: Key, body: &[u8]) {
        let Some(c) = self.calls.get(key) else { return };
        let (tag, lines) = (self.local_tag(key), self.contact_of(c.peer.transport));
        let Some(s) = self.servers.get(tx) else { return };
        let wire = s.base.reply(200, "", &tag, &lines, Body::sdp(body));
        let (to, cseq) = (s.to, c.dialog.remote_cseq.unwrap_or(0));
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

    // ---- timers ----

    pub(crate) fn call_timer_counts(&self, timer: Timer, key: Key) -> bool {
        self.calls.get(key).is_some_and(|c| match timer {
            Timer::Ok | Timer::NoAck => c.unacknowledged.is_some(),
            Timer::Cancelled => matches!(c.state, State::Cancelling { sent: true, .. }),
            _ => !matches!(c.state, State::Up),
        })
    }

    pub(crate) fn on_call_timer(&mut self, now: Time, timer: Timer, key: Key) {
        let Some(c) = self.calls.get_mut(key) else { return };
        match timer {
            Timer::Ok => {
                let Some(u) = c.unacknowledged.as_mut().filter(|u| now >= u.repeat_at) else { return };
                u.wait = u.wait.doubled_to_t2();
                u.repeat_at = now + u.wait.duration();
                let (to, wire, wait) = (u.to, u.wire.clone(), u.wait);
                self.counters.repeats_sent += 1;
                self.send(to, wire);
                self.timers.set(now, Timer::Ok, wait, key);
            }
            Timer::NoAck if c.unacknowledged.as_ref().is_some_and(|u| now < u.until) => {}
            Timer::NoAck => {
                c.unacknowledged = None;
                self.send_bye(now, key, "", Hangup::NoAck);
            }
            Timer::Cancelled => {
                let State::Cancelling { tx, .. } = c.state else { return };
                self.clients.remove(tx);
                self.ended_without_answer(now, Owner::Invite(key), Refused { code: 487, redirected: false });
            }
            _ => {
                let call = CallId(key);
                self.hang_up(now, call, "");
            }
        }
    }

    // ---- finding ----

    /// The call that a request inside a dialog belongs to: our tag names it, their tag and the Call-ID prove it.
    pub(crate) fn call_of(&self, m: &Message) -> Option<Key> {
        let (index, secret) = read_tag(tag_of(m.value(Name::To)?))?;
        let (key, call) = self.calls.at(index).filter(|(_, c)| c.secret == secret)?;
        let from_tag = tag_of(m.value(Name::From)?);
        let same_peer =
            *call.dialog.remote_tag == *from_tag || call.branches.iter().any(|b| **b == *from_tag);
        (same_peer && *call.dialog.call_id == *m.value(Name::CallId)?).then_some(key)
    }

    fn local_tag(&self, key: Key) -> Vec<u8> {
        let mut tag = Vec::new();
        if let Some(c) = self.calls.get(key) {
            push_tag(&mut tag, key.index, c.secret);
        }
        tag
    }

    fn contact_of(&self, transport: Transport) -> Vec<u8> {
        dialog_lines(&self.face(transport).contact, &self.product)
    }
}
