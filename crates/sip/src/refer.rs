//! Being asked to call somebody else, and asking it of others: REFER in a call, with its NOTIFYs (RFC 3515, 3892, 4488).
//!
//! A call has one REFER open each way at the most. Every REFER of ours ends in one [`Event::ReferProgress`] that is done;
//! every one of theirs ends when the caller of this room says so, or after five minutes, or with its call.

use crate::address::NameAddr;
use crate::build::Body;
use crate::call::{CallId, Hangup, Inside, State};
use crate::endpoint::{Destination, Endpoint};
use crate::event::Event;
use crate::message::{Message, read_number};
use crate::method::Method;
use crate::name::Name;
use crate::slots::Key;
use crate::status::reason_phrase;
use crate::time::Time;
use crate::transaction::Owner;
use crate::uri::{Uri, param, trim};
use core::time::Duration;

/// How long the caller of this room may take to accept or reject a REFER: half of what its sender waits.
const TO_DECIDE: Duration = Duration::from_secs(16);
/// How long a REFER may stay open: as long as a call may ring.
const TO_END: Duration = Duration::from_secs(300);

/// How many NOTIFYs about one REFER are said again because another request overtook them.
const MAX_OVERTAKEN: u8 = 4;

/// A REFER, ours or theirs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct ReferId {
    call: Key,
    number: u64,
}

/// A REFER of theirs.
pub(crate) struct ReferIn {
    number: u64,
    /// Until it is accepted or rejected.
    tx: Option<Key>,
    /// What its NOTIFYs name it by, from the second one of a call on.
    event_id: Option<u32>,
    /// Whether its sender wants no NOTIFY.
    silent: bool,
    /// The NOTIFY that is out, with its code, and whether it is the last.
    out: Option<(u16, bool)>,
    /// How often one was overtaken.
    overtaken: u8,
    /// The NOTIFY that waits for the one before it: a newer one takes its place.
    next: Option<(u16, bool)>,
    pub(crate) until: Time,
}

impl ReferIn {
    fn said_last(&self) -> bool {
        self.out.is_some_and(|(_, last)| last)
    }
}

/// A REFER of ours.
pub(crate) struct ReferOut {
    number: u64,
    pub(crate) until: Time,
}

/// Both ways, in one call.
#[derive(Default)]
pub(crate) struct Refers {
    pub(crate) theirs: Option<Box<ReferIn>>,
    pub(crate) ours: Option<ReferOut>,
    /// Whether one of theirs came before.
    second: bool,
    /// Whether one of ours went out before: NOTIFYs may still come.
    asked: bool,
}

impl Refers {
    /// Whether the end of one of theirs is being told.
    pub(crate) fn has_last_word(&self) -> bool {
        self.theirs.as_ref().is_some_and(|r| r.said_last() || r.next.is_some_and(|(_, last)| last))
    }

    pub(crate) fn wake(&self) -> Option<Time> {
        let theirs = self.theirs.as_ref().map(|r| r.until);
        theirs.into_iter().chain(self.ours.as_ref().map(|r| r.until)).min()
    }
}

impl Endpoint {
    // ---- ours ----

    /// Asks the far end of a call that is up to call somebody else. `refer_to` is an address without brackets, its headers
    /// included; `extra` is whole header lines, such as Referred-By. `None` when the call is not up, or one is open
    /// already.
    pub fn refer(&mut self, now: Time, call: CallId, refer_to: &str, extra: &str) -> Option<ReferId> {
        let number = self.next_refer;
        let c = self.calls.get_mut(call.0)?;
        if c.state != State::Up || c.refers.ours.is_some() {
            return None;
        }
        self.next_refer += 1;
        c.refers.asked = true;
        c.refers.ours = Some(ReferOut { number, until: now + TO_END });
        let lines = format!("Refer-To: <{refer_to}>\r\n{extra}");
        let inside = Inside { with_contact: true, extra: lines.as_bytes(), ..Inside::default() };
        self.send_inside(now, call.0, Method::Refer, Owner::Refer(call.0), inside);
        self.rewake(call.0);
        Some(ReferId { call: call.0, number })
    }

    /// A REFER of ours has its answer.
    pub(crate) fn on_refer_answered(&mut self, key: Key, code: u16, m: Option<&Message>) {
        let silent = m.is_some_and(|m| is_false(m.value(Name::ReferSub)));
        if code >= 300 || silent {
            self.refer_progress(key, code, true);
        }
    }

    fn refer_progress(&mut self, key: Key, code: u16, done: bool) {
        let Some(c) = self.calls.get_mut(key) else { return };
        let Some(number) = c.refers.ours.as_ref().map(|r| r.number) else { return };
        if done {
            c.refers.ours = None;
        }
        let (call, refer) = (CallId(key), ReferId { call: key, number });
        self.events.push_back(Event::ReferProgress { call, refer, code, done });
        self.rewake(key);
    }

    pub(crate) fn on_notify(&mut self, now: Time, from: Destination, m: &Message) {
        let Some((key, _)) = self.enter(from, m) else { return };
        let event = m.value(Name::Event).unwrap_or_default();
        let package = event.split(|&c| c == b';').next().map(trim).unwrap_or_default();
        if !package.eq_ignore_ascii_case(b"refer") {
            return self.reply_once(m, from, 489, "", b"Allow-Events: refer\r\n");
        }
        if !self.calls.get(key).is_some_and(|c| c.refers.asked) {
            return self.reply_once(m, from, 481, "", b"");
        }
        let tx = self.start_server(m, Method::Notify, from, None);
        self.answer(now, tx, 200, "", b"", b"", b"");
        let state = m.value(Name::SubscriptionState).unwrap_or_default();
        let state = state.split(|&c| c == b';').next().map(trim).unwrap_or_default();
        let over = state.eq_ignore_ascii_case(b"terminated");
        match status_of(m.body()) {
            // Some say how it ended and never that it did.
            Some(code) => self.refer_progress(key, code, over || code >= 200),
            None if over => self.refer_progress(key, 500, true),
            None => {}
        }
    }

    // ---- theirs ----

    /// Accepts [`Event::Referred`]: 202, and a first NOTIFY that it is being tried. Say with
    /// [`Endpoint::notify_refer`] what becomes of it.
    pub fn accept_refer(&mut self, now: Time, refer: ReferId) {
        let Some(r) = self.refer_in(refer) else { return };
        let (Some(tx), silent) = (r.tx.take(), r.silent) else { return };
        r.until = now + TO_END;
        let Some(c) = self.calls.get(refer.call) else { return };
        let mut lines = self.contact_of(refer.call, c.peer.transport);
        if silent {
            lines.extend_from_slice(b"Refer-Sub: false\r\n");
        }
        self.answer(now, tx, 202, "", b"", &lines, b"");
        self.notify_refer(now, refer, 100, false);
        self.rewake(refer.call);
    }

    /// Refuses [`Event::Referred`], 300 to 699, usually with 603.
    pub fn reject_refer(&mut self, now: Time, refer: ReferId, code: u16) {
        let Some(tx) = self.refer_in(refer).and_then(|r| r.tx.take()) else { return };
        self.answer(now, tx, code.clamp(300, 699), "", b"", b"", b"");
        self.end_refer(refer.call);
    }

    /// Says what becomes of a REFER that was accepted: the code that the call to its target has got, and whether that is
    /// the last word. Only the newest one that could not be said yet is kept.
    pub fn notify_refer(&mut self, now: Time, refer: ReferId, code: u16, last: bool) {
        let Some(r) = self.refer_in(refer).filter(|r| r.tx.is_none()) else { return };
        if r.silent {
            if last {
                self.end_refer(refer.call);
            }
            return;
        }
        if r.next.is_none_or(|(_, last)| !last) && !r.said_last() {
            r.next = Some((code.clamp(100, 699), last));
        }
        self.next_notify(now, refer.call);
    }

    fn refer_in(&mut self, refer: ReferId) -> Option<&mut ReferIn> {
        let r = self.calls.get_mut(refer.call)?.refers.theirs.as_deref_mut()?;
        (r.number == refer.number).then_some(r)
    }

    fn end_refer(&mut self, key: Key) {
        if let Some(c) = self.calls.get_mut(key) {
            c.refers.theirs = None;
        }
        self.rewake(key);
    }

    // A call that was to end waited for its REFER's last word.
    fn bye_after_refer(&mut self, now: Time, key: Key) {
        let Some(c) = self.calls.get_mut(key).filter(|c| c.bye_waits && c.unacknowledged.is_none()) else {
            return;
        };
        c.bye_waits = false;
        let extra = core::mem::take(&mut c.extra);
        self.send_bye(now, key, &extra, Hangup::Near, 0);
    }

    fn next_notify(&mut self, now: Time, key: Key) {
        let Some(r) = self.calls.get_mut(key).and_then(|c| c.refers.theirs.as_deref_mut()) else { return };
        if r.out.is_some() {
            return;
        }
        let Some((code, last)) = r.next.take() else { return };
        r.out = Some((code, last));
        let id = r.event_id.map(|id| format!(";id={id}")).unwrap_or_default();
        let state = match last {
            true => "terminated;reason=noresource".into(),
            false => format!("active;expires={}", r.until.since(now).as_secs()),
        };
        let lines = format!("Event: refer{id}\r\nSubscription-State: {state}\r\n");
        let body = format!("SIP/2.0 {code} {}\r\n", reason_phrase(code));
        let inside = Inside {
            with_contact: true,
            extra: lines.as_bytes(),
            body: Body { kind: "message/sipfrag;version=2.0", bytes: body.as_bytes() },
            ..Inside::default()
        };
        self.send_inside(now, key, Method::Notify, Owner::Notify(key), inside);
    }

    /// A NOTIFY of ours has its answer.
    pub(crate) fn on_notify_answered(&mut self, now: Time, key: Key, code: u16) {
        let Some(r) = self.calls.get_mut(key).and_then(|c| c.refers.theirs.as_deref_mut()) else { return };
        let Some((said, last)) = r.out.take() else { return };
        if code == 500 && r.overtaken < MAX_OVERTAKEN {
            // Another request of ours was there before it (RFC 3261 section 12.2.2): it has to be said with a new number.
            r.overtaken += 1;
            r.next = r.next.or(Some((said, last)));
        } else if last || code >= 300 {
            // Who refuses one wants no more (RFC 6665 section 4.2.2).
            self.end_refer(key);
            return self.bye_after_refer(now, key);
        }
        self.next_notify(now, key);
    }

    pub(crate) fn on_refer(&mut self, now: Time, from: Destination, m: &Message) {
        let Some((key, _)) = self.enter(from, m) else { return };
        let Some(c) = self.calls.get(key) else { return };
        if c.state != State::Up {
            return self.reply_once(m, from, 403, "", b"");
        }
        if c.refers.theirs.is_some() {
            return self.reply_once(m, from, 491, "", b"");
        }
        let target = match target_of(m) {
            Ok(target) => target,
            Err(code) => return self.reply_once(m, from, code, "", b""),
        };
        let replaces = self.replaced_by(&target);
        let tx = self.start_server(m, Method::Refer, from, Some(key));
        let number = self.next_refer;
        self.next_refer += 1;
        if let Some(c) = self.calls.get_mut(key) {
            let event_id = c.refers.second.then(|| m.cseq().map_or(0, |c| c.0));
            c.refers.second = true;
            c.refers.theirs = Some(Box::new(ReferIn {
                number,
                tx: Some(tx),
                event_id,
                silent: is_false(m.value(Name::ReferSub)),
                out: None,
                overtaken: 0,
                next: None,
                until: now + TO_DECIDE,
            }));
        }
        self.rewake(key);
        let referred_by = m.value(Name::ReferredBy).unwrap_or_default().to_vec();
        let (call, refer) = (CallId(key), ReferId { call: key, number });
        self.events.push_back(Event::Referred { call, refer, target, replaces, referred_by });
    }

    // ---- ends ----

    pub(crate) fn on_refer_wake(&mut self, now: Time, key: Key) {
        let Some(c) = self.calls.get_mut(key) else { return };
        if let Some(r) = c.refers.theirs.as_deref_mut().filter(|r| r.until <= now) {
            let refer = ReferId { call: key, number: r.number };
            if r.tx.is_some() {
                self.reject_refer(now, refer, 500);
            } else {
                // One more half minute for the last word to be heard, whatever else is out.
                r.until = now + TO_DECIDE * 2;
                let told = r.next.is_some_and(|(_, last)| last) || r.said_last();
                self.notify_refer(now, refer, 500, true);
                if told {
                    self.end_refer(key);
                    self.bye_after_refer(now, key);
                }
            }
        }
        let Some(c) = self.calls.get_mut(key) else { return };
        if c.refers.ours.as_ref().is_some_and(|r| r.until <= now) {
            self.refer_progress(key, 408, true);
        }
    }

    /// The call of these REFERs is over.
    pub(crate) fn refers_end(&mut self, now: Time, key: Key, refers: &Refers) {
        if let Some(tx) = refers.theirs.as_ref().and_then(|r| r.tx) {
            self.answer(now, tx, 487, "", b"", b"", b"");
        }
        if let Some(r) = &refers.ours {
            let (call, refer) = (CallId(key), ReferId { call: key, number: r.number });
            self.events.push_back(Event::ReferProgress { call, refer, code: 487, done: true });
        }
    }
}

// The address in the one Refer-To, or the code to refuse with.
fn target_of(m: &Message) -> Result<Vec<u8>, u16> {
    let mut values = m.values(Name::ReferTo);
    let (Some(value), None) = (values.next(), values.next()) else { return Err(400) };
    let address = match NameAddr::parse(value) {
        Ok(a) => a.uri,
        // Without brackets, though headers in an address need them.
        Err(_) => trim(value),
    };
    let uri = Uri::parse(address).map_err(|_| 400u16)?;
    if !(uri.is_sip() || uri.is_sips() || uri.scheme.eq_ignore_ascii_case(b"tel")) {
        return Err(416);
    }
    // Only a call is asked for here.
    match param(uri.params, "method") {
        Some(method) if method != b"INVITE" => Err(403),
        _ => Ok(address.to_vec()),
    }
}

// The code in the first line of a message/sipfrag (RFC 3420).
fn status_of(body: &[u8]) -> Option<u16> {
    let code = body.strip_prefix(b"SIP/2.0 ")?.get(..3)?;
    read_number(code).filter(|code| (100..700).contains(code)).map(|code| code as u16)
}

fn is_false(value: Option<&[u8]>) -> bool {
    value.is_some_and(|v| {
        v.split(|&c| c == b';').next().is_some_and(|v| trim(v).eq_ignore_ascii_case(b"false"))
    })
}
