//! INFO in a call, both ways (RFC 6086, in its form before packages): keys that a far end sends or wants this way.

use crate::build::Body;
use crate::call::{CallId, Inside, State};
use crate::endpoint::{Destination, Endpoint};
use crate::event::Event;
use crate::message::Message;
use crate::method::Method;
use crate::name::Name;
use crate::slots::Key;
use crate::time::Time;
use crate::transaction::Owner;
use std::collections::VecDeque;

/// How many INFO requests of one call may wait for the one before them.
const MAX_WAITING: usize = 32;
/// The longest Content-Type that is passed on; a longer one is cut.
const MAX_KIND: usize = 100;

/// INFO requests of ours in one call. They go out one after the other, so that keys keep their order.
#[derive(Default)]
pub(crate) struct Infos {
    /// Whether one is out and not answered yet.
    out: bool,
    waiting: VecDeque<(Box<str>, Box<[u8]>)>,
}

impl Endpoint {
    /// Sends something in a call that is up (INFO), such as a key as `application/dtmf-relay`. Each ends in
    /// [`Event::Informed`], in their order. Whether it was taken: not when the call is not up, or 32 wait already.
    pub fn inform(&mut self, now: Time, call: CallId, content_type: &str, body: &[u8]) -> bool {
        let Some(c) = self.calls.get_mut(call.0) else { return false };
        if c.state != State::Up || c.infos.waiting.len() >= MAX_WAITING {
            return false;
        }
        c.infos.waiting.push_back((content_type.into(), body.into()));
        self.next_info(now, call.0);
        true
    }

    fn next_info(&mut self, now: Time, key: Key) {
        let Some(c) = self.calls.get_mut(key) else { return };
        if c.infos.out {
            return;
        }
        let Some((kind, bytes)) = c.infos.waiting.pop_front() else { return };
        c.infos.out = true;
        let inside = Inside { body: Body { kind: &kind, bytes: &bytes }, ..Inside::default() };
        self.send_inside(now, key, Method::Info, Owner::Info(key), inside);
    }

    /// An INFO of ours has its final answer, or will get none.
    pub(crate) fn on_info_answered(&mut self, now: Time, key: Key, code: u16) {
        let Some(c) = self.calls.get_mut(key) else { return };
        c.infos.out = false;
        self.events.push_back(Event::Informed { call: CallId(key), code });
        self.next_info(now, key);
    }

    pub(crate) fn on_info(&mut self, now: Time, from: Destination, m: &Message) {
        let Some((key, _)) = self.enter(from, m) else { return };
        // RFC 6086 section 4.2.2: no package is offered here.
        if m.headers().any(|h| h.name_text.eq_ignore_ascii_case(b"Info-Package")) {
            return self.reply_once(m, from, 469, "", b"Recv-Info: \r\n");
        }
        let tx = self.start_server(m, Method::Info, from, None);
        self.answer(now, tx, 200, "", b"", b"", b"");
        let kind = m.value(Name::ContentType).unwrap_or_default();
        let content_type = String::from_utf8_lossy(&kind[..kind.len().min(MAX_KIND)]).into_owned();
        let body = m.body().to_vec();
        self.events.push_back(Event::Info { call: CallId(key), content_type, body });
    }
}
