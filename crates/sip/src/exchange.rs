//! Changes of a running call's session: offers in re-INVITE and UPDATE, both ways (RFC 3261 section 14, RFC 3311), and
//! what happens when both sides offer at once.

use crate::build::Body;
use crate::call::{CallId, Hangup, Inside, State};
use crate::endpoint::{Destination, Endpoint};
use crate::event::Event;
use crate::message::Message;
use crate::method::Method;
use crate::reason::cause_of_status;
use crate::slots::Key;
use crate::time::Time;
use crate::timer::{Timer, Wait};
use crate::transaction::Owner;
use core::time::Duration;

/// How often an offer that met one of the far end's is made again, before the caller of this room hears of it.
const MAX_GLARES: u8 = 4;
/// How long the caller of this room may take to answer an offer: less than the far end waits where it waits for a
/// request that is no INVITE (32 seconds).
pub(crate) const TO_ANSWER_UPDATE: Duration = Duration::from_secs(16);
const TO_ANSWER_INVITE: Duration = Duration::from_secs(60);

/// An offer of the far end that waits for our answer.
pub(crate) struct Offered {
    pub(crate) way: Way,
    /// When it is refused because nobody answered it.
    pub(crate) until: Time,
}

/// What carried an offer of theirs, and so carries our answer back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// A re-INVITE, an UPDATE or a PRACK.
    Request(Key),
    /// A provisional answer to an INVITE of ours that offered nothing.
    Provisional { branch: usize, number: u32 },
}

/// A change of the session that we asked for.
pub(crate) struct Offering {
    /// INVITE or UPDATE.
    method: Method,
    body: Box<[u8]>,
    /// Whether it only says that the call goes on: the caller of this room knows nothing of it.
    refresh: bool,
    /// How often it met an offer of theirs.
    glares: u8,
    /// When it is made again; `None` while it is out.
    pub(crate) retry_at: Option<Time>,
}

impl Offering {
    // An UPDATE without a body offers nothing that an offer of theirs could meet.
    fn is_offer(&self) -> bool {
        self.method == Method::Invite || !self.body.is_empty()
    }
}

impl Endpoint {
    // ---- ours ----

    /// Offers another session (re-INVITE). Whether it could be sent: not while another exchange is open. It ends in
    /// [`Event::Reanswered`] or [`Event::ReofferRefused`], or with the call.
    pub fn reoffer(&mut self, now: Time, call: CallId, body: &[u8]) -> bool {
        self.offer(now, call.0, Method::Invite, body)
    }

    /// Offers another session without asking a person (UPDATE), or, without a body, only says again where we are and that
    /// the call is up. Whether it could be sent: not while another exchange is open, nor to a far end that does not say it
    /// takes UPDATE. It ends as [`Endpoint::reoffer`] does.
    pub fn update(&mut self, now: Time, call: CallId, body: &[u8]) -> bool {
        self.calls.get(call.0).is_some_and(|c| c.may_send(Method::Update))
            && self.offer(now, call.0, Method::Update, body)
    }

    fn offer(&mut self, now: Time, key: Key, method: Method, body: &[u8]) -> bool {
        let Some(c) = self.calls.get_mut(key) else { return false };
        if c.state != State::Up || c.is_exchanging() {
            return false;
        }
        c.offering = Some(Offering { method, body: body.into(), refresh: false, glares: 0, retry_at: None });
        self.send_offer(now, key);
        true
    }

    /// Says that a call goes on, when nothing else is open.
    pub(crate) fn refresh_by(&mut self, now: Time, key: Key, method: Method, body: &[u8]) {
        let Some(c) = self.calls.get_mut(key) else { return };
        c.offering = Some(Offering { method, body: body.into(), refresh: true, glares: 0, retry_at: None });
        self.send_offer(now, key);
    }

    fn send_offer(&mut self, now: Time, key: Key) {
        let Some(offering) = self.calls.get_mut(key).and_then(|c| c.offering.as_mut()) else { return };
        offering.retry_at = None;
        let (method, body) = (offering.method, offering.body.clone());
        let inside =
            Inside { with_contact: true, with_session: true, body: Body::sdp(&body), ..Inside::default() };
        let tx = self.send_inside(now, key, method, Owner::Reoffer(key), inside);
        if let (Some(tx), Method::Invite) = (tx, method) {
            self.timers.set(now, Timer::Unanswered, Wait::Guard, tx);
        }
    }

    /// A 2xx to our offer.
    pub(crate) fn on_reanswered(&mut self, now: Time, key: Key, m: &Message) {
        let Some(c) = self.calls.get_mut(key) else { return };
        let Some(offering) = c.offering.take() else { return };
        c.dialog.retarget(m);
        c.read_allow(m);
        c.session.said(&offering.body);
        let news = c.session.heard(m.session_description());
        self.session_accepted(now, key, m);
        if offering.refresh && !news {
            return;
        }
        self.events
            .push_back(Event::Reanswered { call: CallId(key), body: m.session_description().to_vec() });
    }

    /// Our offer was refused, or nobody answered it (408).
    pub(crate) fn on_reoffer_refused(&mut self, now: Time, key: Key, code: u16) {
        let Some(c) = self.calls.get_mut(key) else { return };
        // RFC 3261 sections 12.2.1.2 and 14.1: 481 and 408 to a request inside it end the dialog, and a BYE says so to
        // whatever is left of the far end.
        if matches!(code, 481 | 408) {
            return self.send_bye(now, key, "", Hangup::Far, cause_of_status(code));
        }
        let we_called = c.we_called;
        let Some(offering) = &mut c.offering else { return };
        if code == 491 && offering.glares < MAX_GLARES {
            offering.glares += 1;
            // Whoever made the Call-ID waits longer, so that both do not meet again; in steps of 10 ms.
            let (least, steps) = if we_called { (2_100, 191) } else { (0, 201) };
            let wait = Duration::from_millis(least + self.chance.next() % steps * 10);
            offering.retry_at = Some(now + wait);
            return self.rewake(key);
        }
        if offering.refresh {
            let by_update = offering.method == Method::Update;
            c.offering = None;
            if by_update {
                c.session.without_update();
            }
            return self.refresh_later(now, key, by_update);
        }
        c.offering = None;
        self.events.push_back(Event::ReofferRefused { call: CallId(key), code });
    }

    // ---- theirs ----

    /// Answers [`Event::Reoffer`].
    pub fn answer_reoffer(&mut self, now: Time, call: CallId, body: &[u8]) {
        let Some(offered) = self.calls.get_mut(call.0).and_then(|c| c.offered.take()) else { return };
        let tx = match offered.way {
            Way::Request(tx) => tx,
            Way::Provisional { branch, number } => {
                return self.send_prack(now, call.0, branch, number, body);
            }
        };
        match self.servers.get(tx).map(|s| s.method) {
            Some(Method::Invite) => self.send_ok(now, call.0, tx, body),
            Some(_) => {
                let Some(c) = self.calls.get_mut(call.0) else { return };
                c.session.said(body);
                let (transport, up) = (c.peer.transport, c.state == State::Up);
                let mut lines = self.contact_of(call.0, transport);
                if up {
                    lines.extend(self.session_answered(now, call.0));
                }
                self.answer(now, tx, 200, "", b"", &lines, body);
            }
            None => {}
        }
        self.go_on(now, call.0);
    }

    /// Refuses [`Event::Reoffer`], usually with 488; the session stays as it was. An offer to a call of ours that is not up
    /// yet cannot be refused: the call is hung up.
    pub fn reject_reoffer(&mut self, now: Time, call: CallId, code: u16) {
        let Some(offered) = self.calls.get_mut(call.0).and_then(|c| c.offered.take()) else { return };
        match offered.way {
            Way::Request(tx) => self.answer(now, tx, code.clamp(300, 699), "", b"", b"", b""),
            // An offer in a provisional answer cannot be refused (RFC 3262 section 5), only the call.
            Way::Provisional { .. } => return self.hang_up(now, call, ""),
        }
        self.go_on(now, call.0);
    }

    pub(crate) fn on_reinvite(&mut self, now: Time, from: Destination, m: &Message) {
        let Some((key, _)) = self.enter(from, m) else { return };
        let Some(c) = self.calls.get(key) else { return };
        if c.state != State::Up || c.offered.is_some() || c.unacknowledged.is_some() {
            // RFC 3261 section 14.2: the one before it has no final answer yet.
            return self.come_again(m, from);
        }
        if self.glares(now, key) {
            return self.reply_once(m, from, 491, "", b"");
        }
        if let Some(line) = self.too_short(Some(key), m) {
            return self.reply_once(m, from, 422, "", line.as_bytes());
        }
        let tx = self.begin_offered(now, key, None, from, m, Method::Invite);
        self.answer(now, tx, 100, "", b"", b"", b"");
        self.events.push_back(Event::Reoffer { call: CallId(key), body: m.session_description().to_vec() });
    }

    pub(crate) fn on_update(&mut self, now: Time, from: Destination, m: &Message) {
        let Some((key, branch)) = self.enter(from, m) else { return };
        let Some(c) = self.calls.get_mut(key) else { return };
        c.read_allow(m);
        if let Some(line) = self.too_short(Some(key), m) {
            return self.reply_once(m, from, 422, "", line.as_bytes());
        }
        let Some(c) = self.calls.get_mut(key) else { return };
        if m.session_description().is_empty() {
            c.retarget(branch, from, m);
            let mut lines = self.contact_of(key, from.transport);
            if self.calls.get(key).is_some_and(|c| c.state == State::Up) {
                self.session_asked(key, m);
                lines.extend(self.session_answered(now, key));
            }
            let tx = self.start_server(m, Method::Update, from, None);
            return self.answer(now, tx, 200, "", b"", &lines, b"");
        }
        // RFC 3311 section 5.2: not before the offer before it is answered, be it theirs or ours.
        let agreed = match c.state {
            State::Up => c.unacknowledged.is_none(),
            State::Incoming { .. } => c.reliable.as_ref().is_some_and(|r| r.is_agreed()),
            State::Calling { .. } => {
                branch.and_then(|n| c.branches.get(n)).is_some_and(|b| b.confirmed.is_agreed())
            }
            State::Cancelling { .. } => false,
        };
        if !agreed || c.offered.is_some() {
            return self.come_again(m, from);
        }
        if self.glares(now, key) {
            return self.reply_once(m, from, 491, "", b"");
        }
        self.begin_offered(now, key, branch, from, m, Method::Update);
        self.events.push_back(Event::Reoffer { call: CallId(key), body: m.session_description().to_vec() });
    }

    fn begin_offered(
        &mut self,
        now: Time,
        key: Key,
        branch: Option<usize>,
        from: Destination,
        m: &Message,
        method: Method,
    ) -> Key {
        let tx = self.start_server(m, method, from, Some(key));
        if let Some(c) = self.calls.get_mut(key) {
            c.retarget(branch, from, m);
            let wait = if method == Method::Invite { TO_ANSWER_INVITE } else { TO_ANSWER_UPDATE };
            c.offered = Some(Offered { way: Way::Request(tx), until: now + wait });
            c.session.heard(m.session_description());
            if c.state == State::Up {
                self.session_asked(key, m);
            }
        }
        self.rewake(key);
        tx
    }

    // Whether an offer of ours is out. One that only waits to be made again gives way: what it says of the session would
    // be older than the answer to theirs.
    fn glares(&mut self, now: Time, key: Key) -> bool {
        let Some(c) = self.calls.get_mut(key) else { return false };
        match &c.offering {
            Some(o) if o.retry_at.is_none() => return o.is_offer(),
            Some(o) => {
                let refresh = o.refresh;
                c.offering = None;
                if refresh {
                    self.refresh_later(now, key, false);
                } else {
                    self.events.push_back(Event::ReofferRefused { call: CallId(key), code: 491 });
                }
                self.rewake(key);
            }
            None => {}
        }
        false
    }

    // 500 with a Retry-After of 0 to 10 seconds, by chance (RFC 3261 section 14.2, RFC 3311 section 5.2).
    pub(crate) fn come_again(&mut self, m: &Message, from: Destination) {
        let seconds = self.chance.next() % 11;
        self.reply_once(m, from, 500, "", format!("Retry-After: {seconds}\r\n").as_bytes());
    }

    // ---- timers ----

    pub(crate) fn on_exchange_wake(&mut self, now: Time, key: Key) {
        let Some(c) = self.calls.get_mut(key) else { return };
        if c.offered.as_ref().is_some_and(|o| o.until <= now) {
            match c.offered.take().map(|o| o.way) {
                Some(Way::Request(tx)) => {
                    self.answer(now, tx, 500, "", b"", b"Retry-After: 5\r\n", b"");
                    self.go_on(now, key);
                }
                Some(Way::Provisional { .. }) => return self.hang_up(now, CallId(key), ""),
                None => {}
            }
        }
        let Some(c) = self.calls.get_mut(key) else { return };
        if c.offering.as_ref().and_then(|o| o.retry_at).is_some_and(|at| at <= now) {
            self.send_offer(now, key);
        }
    }
}
