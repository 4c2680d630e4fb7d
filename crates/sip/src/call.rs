//! A call as SIP sees it: one leg, from INVITE to its end. Here stand what a call is, how one is found, and how it ends;
//! `caller` and `callee` set it up, `exchange` changes its session, `session` keeps watch over it.
//!
//! Every call ends in exactly one of [`Event::Cancelled`], [`Event::Refused`] and [`Event::Ended`], whoever ends it, but
//! for one that its callee rejects; after that its id means nothing here.

use crate::build::{Body, Wire, dialog_lines, push_tag, read_tag};
use crate::dialog::{Dialog, tag_of};
use crate::endpoint::{Destination, Endpoint, Transport};
use crate::event::{Event, Refused};
use crate::exchange::{Offered, Offering, Way};
use crate::info::Infos;
use crate::login::Logins;
use crate::message::Message;
use crate::method::{Method, Methods};
use crate::name::Name;
use crate::reason::{NORMAL_CLEARING, TIMER_EXPIRED, cause_in_lines, cause_of};
use crate::refer::Refers;
use crate::reliable::{Confirmed, Reliable};
use crate::session::Session;
use crate::slots::Key;
use crate::time::Time;
use crate::timer::{Timer, Wait};
use crate::transaction::{Going, Owner};

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
    /// The far end was not heard of for as long as was agreed ([`crate::SessionTimer`]); BYE was sent.
    Expired,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
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
pub(crate) struct Unacknowledged {
    pub(crate) wire: Wire,
    pub(crate) cseq: u32,
    pub(crate) wait: Wait,
    pub(crate) to: Destination,
    /// When it is sent again, and when it is given up: timers of an earlier 2xx of this call are told by these.
    pub(crate) repeat_at: Time,
    pub(crate) until: Time,
}

/// An early dialog of our INVITE: one phone that it reached.
pub(crate) struct Branch {
    pub(crate) tag: Box<[u8]>,
    pub(crate) dialog: Dialog,
    pub(crate) confirmed: Confirmed,
}

pub(crate) struct Call {
    secret: u64,
    /// Ours until an answer makes it a dialog of both sides.
    pub(crate) dialog: Dialog,
    /// Where their last message came from.
    pub(crate) peer: Destination,
    pub(crate) state: State,
    /// Whether we made the Call-ID.
    pub(crate) we_called: bool,
    /// Whether our INVITE made the first offer.
    pub(crate) we_offered: bool,
    /// Methods that the far end says it takes; `None` while it has said nothing.
    pub(crate) takes: Option<Methods>,
    /// The offer of theirs that we have to answer.
    pub(crate) offered: Option<Offered>,
    /// The change of the session that we asked for.
    pub(crate) offering: Option<Offering>,
    pub(crate) unacknowledged: Option<Unacknowledged>,
    /// BYE may not go out before the ACK of our 2xx (RFC 3261 section 15): it waits here.
    pub(crate) bye_waits: bool,
    /// Header lines of a CANCEL or BYE that has to wait.
    pub(crate) extra: Box<str>,
    /// Empty once the call is up: then only one dialog is the call.
    pub(crate) branches: Vec<Branch>,
    /// Our provisional answers that must arrive; `None` where the caller knows of none.
    pub(crate) reliable: Option<Box<Reliable>>,
    /// REFERs, both ways.
    pub(crate) refers: Refers,
    /// INFO requests of ours.
    pub(crate) infos: Infos,
    /// How it is watched over.
    pub(crate) session: Session,
    /// Who to be if the far end asks.
    pub(crate) logins: Option<Box<Logins>>,
    /// When the far end must have said something.
    pub(crate) answer_by: Option<Time>,
    /// Its entry in [`Endpoint::wakes`].
    wake: Option<Time>,
}

impl Call {
    pub(crate) fn new(secret: u64, dialog: Dialog, peer: Destination, state: State, we_called: bool) -> Call {
        Call {
            secret,
            dialog,
            peer,
            state,
            we_called,
            we_offered: false,
            takes: None,
            offered: None,
            offering: None,
            unacknowledged: None,
            bye_waits: false,
            extra: Box::default(),
            branches: Vec::new(),
            reliable: None,
            refers: Refers::default(),
            infos: Infos::default(),
            session: Session::default(),
            logins: None,
            answer_by: None,
            wake: None,
        }
    }

    /// Whether this is the secret that its tag shows.
    pub(crate) fn has_secret(&self, secret: u64) -> bool {
        self.secret == secret
    }

    /// Whether our INVITE is out and still wanted.
    pub(crate) fn is_calling(&self) -> bool {
        matches!(self.state, State::Calling { .. })
    }

    /// Our INVITE went out again, as a new transaction.
    pub(crate) fn called_again(&mut self, tx: Key) {
        self.state = State::Calling { tx, heard: false };
        self.branches.clear();
    }

    /// Takes in which methods the far end takes, if a message of theirs says so.
    pub(crate) fn read_allow(&mut self, m: &Message) {
        if let Some(methods) = Methods::of(m) {
            self.takes = Some(methods);
        }
    }

    /// A target refresh, of the call or of one of its early dialogs.
    pub(crate) fn retarget(&mut self, branch: Option<usize>, from: Destination, m: &Message) {
        self.read_allow(m);
        match branch.and_then(|n| self.branches.get_mut(n)) {
            Some(early) => early.dialog.retarget(m),
            None => {
                self.dialog.retarget(m);
                self.peer = from;
            }
        }
    }

    /// Whether the far end says that it takes a method.
    pub(crate) fn may_send(&self, method: Method) -> bool {
        self.takes.is_some_and(|m| m.contains(method))
    }

    /// When something of it falls due that no timer of fixed length watches.
    fn next_wake(&self) -> Option<Time> {
        let offering = self.offering.as_ref().and_then(|o| o.retry_at);
        let offered = self.offered.as_ref().map(|o| o.until);
        let reliable = self.reliable.as_ref().and_then(|r| r.wake());
        let silence = self.answer_by.filter(|_| matches!(self.state, State::Calling { heard: false, .. }));
        [silence, offering, offered, reliable, self.refers.wake(), self.session.wake()]
            .into_iter()
            .flatten()
            .min()
    }
}

/// What a request inside a call says.
#[derive(Default)]
pub(crate) struct Inside<'a> {
    pub(crate) with_contact: bool,
    /// Whether it says how long the call may go on unheard of.
    pub(crate) with_session: bool,
    pub(crate) extra: &'a [u8],
    pub(crate) body: Body<'a>,
}

impl Endpoint {
    // ---- ending ----

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
                self.reject_with(now, call, 480, "", extra);
                let cause = cause_in_lines(extra).unwrap_or(NORMAL_CLEARING);
                self.events.push_back(Event::Ended { call, how: Hangup::Near, cause });
            }
            // Whoever asked us to call somebody else is told what became of it before the call ends.
            State::Up if c.unacknowledged.is_some() || c.refers.has_last_word() => {
                c.bye_waits = true;
                c.extra = extra.into();
            }
            State::Up => self.send_bye(now, call.0, extra, Hangup::Near, NORMAL_CLEARING),
        }
    }

    /// Ends a call that is up by BYE. `cause` counts where `extra` names none.
    pub(crate) fn send_bye(&mut self, now: Time, key: Key, extra: &str, how: Hangup, cause: u8) {
        self.close(now, key);
        let Some(mut c) = self.forget(now, key) else { return };
        self.bye(now, &mut c, extra);
        let cause = cause_in_lines(extra).unwrap_or(cause);
        self.events.push_back(Event::Ended { call: CallId(key), how, cause });
    }

    pub(crate) fn send_bye_quietly(&mut self, now: Time, key: Key) {
        if let Some(mut c) = self.forget(now, key) {
            let extra = core::mem::take(&mut c.extra);
            self.bye(now, &mut c, &extra);
        }
    }

    fn bye(&mut self, now: Time, c: &mut Call, extra: &str) {
        c.dialog.local_cseq += 1;
        let (to, elsewhere) = self.hops(&c.dialog, c.peer);
        let cseq = c.dialog.local_cseq;
        let going = Going {
            elsewhere,
            extra: extra.as_bytes(),
            login: c.logins.as_deref_mut(),
            ..Going::new(Method::Bye, cseq, to, Owner::Nobody)
        };
        self.send_request(now, &c.dialog, going);
    }

    pub(crate) fn on_bye(&mut self, now: Time, from: Destination, m: &Message) {
        let Some((key, _)) = self.enter(from, m) else { return };
        let tx = self.start_server(m, Method::Bye, from, None);
        self.answer(now, tx, 200, "", b"", b"", b"");
        self.close(now, key);
        let state = self.forget(now, key).map(|c| c.state);
        let (call, cause) = (CallId(key), cause_of(m).unwrap_or(NORMAL_CLEARING));
        self.events.push_back(match state {
            // A BYE in an early dialog of theirs is a CANCEL by other means (RFC 3261 section 15).
            Some(State::Incoming { .. }) => Event::Cancelled { call, cause },
            Some(State::Calling { .. } | State::Cancelling { .. }) => {
                Event::Refused { call, refused: Refused { cause, ..Refused::of(487) } }
            }
            _ => Event::Ended { call, how: Hangup::Far, cause },
        });
    }

    // Answers or cancels what is still open when a call goes away.
    fn close(&mut self, now: Time, key: Key) {
        match self.calls.get(key).map(|c| c.state) {
            Some(State::Incoming { tx }) => {
                let tag = self.local_tag(key);
                self.answer(now, tx, 487, "", &tag, b"", b"");
            }
            Some(State::Calling { .. }) => self.send_cancel(now, key),
            _ => {}
        }
    }

    /// Takes a call out. A request of theirs inside it that still waits gets its answer.
    pub(crate) fn forget(&mut self, now: Time, key: Key) -> Option<Call> {
        let mut c = self.calls.remove(key)?;
        if let Some(at) = c.wake {
            self.wakes.remove(&(at, key));
        }
        if let Some(Way::Request(tx)) = c.offered.take().map(|o| o.way) {
            self.answer(now, tx, 487, "", b"", b"", b"");
        }
        self.refers_end(now, key, &c.refers);
        Some(c)
    }

    // ---- requests inside it ----

    /// Sends a request inside a call that is up.
    pub(crate) fn send_inside(
        &mut self,
        now: Time,
        key: Key,
        method: Method,
        owner: Owner,
        inside: Inside<'_>,
    ) -> Option<Key> {
        let c = self.calls.get_mut(key)?;
        c.dialog.local_cseq += 1;
        let (dialog, cseq, peer) = (c.dialog.clone(), c.dialog.local_cseq, c.peer);
        let mut logins = c.logins.take();
        let session = if inside.with_session { c.session.lines() } else { Vec::new() };
        let (to, elsewhere) = self.hops(&dialog, peer);
        let going = Going {
            elsewhere,
            with_contact: inside.with_contact,
            session: &session,
            extra: inside.extra,
            body: inside.body,
            login: logins.as_deref_mut(),
            ..Going::new(method, cseq, to, owner)
        };
        let tx = self.send_request(now, &dialog, going);
        if let Some(c) = self.calls.get_mut(key) {
            c.logins = logins;
        }
        Some(tx)
    }

    /// Finds the call that a request belongs to and takes its number in: the call, and which of its early dialogs.
    /// A request that fits no call gets 481, one whose number is old 500.
    pub(crate) fn enter(&mut self, from: Destination, m: &Message) -> Option<(Key, Option<usize>)> {
        let Some((key, branch)) = self.place_of(m) else {
            self.reply_once(m, from, 481, "", b"");
            return None;
        };
        let cseq = m.cseq().map_or(0, |c| c.0);
        let c = self.calls.get_mut(key)?;
        let dialog = match branch {
            Some(n) => &mut c.branches.get_mut(n)?.dialog,
            None => &mut c.dialog,
        };
        if dialog.remote_cseq.is_some_and(|last| cseq <= last) {
            self.reply_once(m, from, 500, "", b"");
            return None;
        }
        dialog.remote_cseq = Some(cseq);
        Some((key, branch))
    }

    // ---- timers ----

    pub(crate) fn call_timer_counts(&self, timer: Timer, key: Key) -> bool {
        self.calls.get(key).is_some_and(|c| match timer {
            Timer::Ok | Timer::NoAck => c.unacknowledged.is_some(),
            Timer::Cancelled => matches!(c.state, State::Cancelling { sent: true, .. }),
            Timer::StillRings => matches!(c.state, State::Incoming { .. }),
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
                self.send_bye(now, key, "", Hangup::NoAck, TIMER_EXPIRED);
            }
            Timer::Cancelled => {
                let State::Cancelling { tx, .. } = c.state else { return };
                self.clients.remove(tx);
                self.call_refused(now, key, Refused::of(487));
            }
            Timer::StillRings => self.still_rings(now, key),
            _ => {
                let call = CallId(key);
                self.hang_up(now, call, "");
            }
        }
    }

    /// Keeps a call's entry among the wakes true. To be called after whatever may change its next one.
    pub(crate) fn rewake(&mut self, key: Key) {
        let Some(c) = self.calls.get_mut(key) else { return };
        let next = c.next_wake();
        let before = core::mem::replace(&mut c.wake, next);
        if before != next {
            if let Some(at) = before {
                self.wakes.remove(&(at, key));
            }
            if let Some(at) = next {
                self.wakes.insert((at, key));
            }
        }
    }

    /// Does what a call has to do by now.
    pub(crate) fn on_wake(&mut self, now: Time, key: Key) {
        self.on_silence_wake(now, key);
        self.on_reliable_wake(now, key);
        self.on_exchange_wake(now, key);
        self.on_refer_wake(now, key);
        self.on_session_wake(now, key);
        self.rewake(key);
    }

    // ---- finding ----

    /// The call that a request inside a dialog belongs to.
    pub(crate) fn call_of(&self, m: &Message) -> Option<Key> {
        self.place_of(m).map(|(key, _)| key)
    }

    /// The call that a request inside a dialog belongs to, and which of its early dialogs: our tag names it, their tag
    /// and the Call-ID prove it.
    pub(crate) fn place_of(&self, m: &Message) -> Option<(Key, Option<usize>)> {
        let (index, secret) = read_tag(tag_of(m.value(Name::To)?))?;
        let (key, call) = self.calls.at(index).filter(|(_, c)| c.secret == secret)?;
        let from_tag = tag_of(m.value(Name::From)?);
        let branch = call.branches.iter().position(|b| *b.tag == *from_tag);
        let same_peer = *call.dialog.remote_tag == *from_tag || branch.is_some();
        (same_peer && *call.dialog.call_id == *m.value(Name::CallId)?).then_some((key, branch))
    }

    /// The call in which we send this request: our own tag in it names the call. For those who are to tell on whose behalf
    /// something was asked of a far end.
    pub fn sent_in(&self, bytes: &[u8]) -> Option<CallId> {
        let (index, secret) = read_tag(&our_tag(bytes)?)?;
        self.calls.at(index).filter(|(_, c)| c.secret == secret).map(|(key, _)| CallId(key))
    }

    /// The tag by which a call is named in what we send in it.
    pub fn tag(&self, call: CallId) -> Vec<u8> {
        self.local_tag(call.0)
    }

    /// The tag that names a call.
    pub(crate) fn local_tag(&self, key: Key) -> Vec<u8> {
        let mut tag = Vec::new();
        if let Some(c) = self.calls.get(key) {
            push_tag(&mut tag, key.index, c.secret);
        }
        tag
    }

    /// The lines of an answer that makes or refreshes a dialog.
    pub(crate) fn contact_of(&self, key: Key, transport: Transport) -> Vec<u8> {
        let own = self.calls.get(key).and_then(|c| c.dialog.contact.as_deref());
        dialog_lines(own.unwrap_or(&self.face(transport).contact), &self.product)
    }

    /// Gives us another Contact in a call: an address in brackets. For far ends that know us by a name of their own.
    pub fn set_contact(&mut self, call: CallId, contact: &str) {
        if let Some(c) = self.calls.get_mut(call.0) {
            c.dialog.contact = Some(contact.into());
        }
    }
}

/// Our own tag in a request that we send (RFC 3261, 19.3).
pub fn our_tag(request: &[u8]) -> Option<Vec<u8>> {
    let m = Message::parse(request).ok()?;
    Some(tag_of(m.value(Name::From)?).to_vec())
}
