//! Sorting what arrives: which message belongs to which transaction or call, and which is refused at the door.

use crate::build::{Body, ReplyBase, push_tag};
use crate::dialog::tag_of;
use crate::endpoint::{Destination, Endpoint, Transport};
use crate::event::{Event, Incoming};
use crate::message::{Message, Start};
use crate::method::{ACCEPT, ALLOW, Method, SUPPORTED};
use crate::name::Name;
use crate::refuse::{check_request, check_response, unsupported_extensions};
use crate::slots::Key;
use crate::time::Time;
use crate::transaction::{ClientState, server_id};
use core::net::SocketAddr;

impl Endpoint {
    pub(crate) fn receive(&mut self, now: Time, from: Destination, bytes: &[u8]) {
        self.counters.received += 1;
        let Ok(m) = Message::parse(bytes) else {
            self.counters.unreadable += 1;
            return;
        };
        match m.start() {
            Start::Response(code) => {
                if check_response(&m) {
                    self.on_response(now, from, &m, code);
                } else {
                    self.counters.unreadable += 1;
                }
            }
            Start::Request(method) => self.on_request(now, from, m, method),
        }
    }

    fn on_request(&mut self, now: Time, from: Destination, m: Message, method: Method) {
        if let Err(refusal) = check_request(&m) {
            self.counters.refused += 1;
            // Without a Via nobody knows where an answer goes, and an ACK never gets one.
            if method != Method::Ack && m.value(Name::Via).is_some() {
                self.reply_once(&m, from, refusal.code, refusal.why, b"");
            }
            return;
        }
        let known = self.server_ids.get(&server_id(&m, method)).copied();
        match method {
            Method::Ack => {
                let absorbed = known.is_some_and(|key| self.on_transaction_ack(now, key));
                if !absorbed && !self.on_call_ack(now, &m) {
                    self.counters.stray_acks += 1;
                }
                return;
            }
            Method::Cancel => {
                // RFC 3261 section 9.2: the CANCEL itself is always answered, the INVITE only if it still can be.
                let code = if known.is_some() { 200 } else { 481 };
                self.reply_once(&m, from, code, "", b"");
                if let Some(key) = known {
                    self.on_cancel(now, key, &m);
                }
                return;
            }
            _ => {}
        }
        if let Some(key) = known {
            self.on_repeated(key);
            return;
        }
        if self.servers.len() >= self.limits.transactions {
            self.over_limit(&m, from);
            return;
        }
        match method {
            Method::Invite
            | Method::Bye
            | Method::Options
            | Method::Register
            | Method::Update
            | Method::Prack
            | Method::Refer
            | Method::Notify
            | Method::Info => {}
            Method::Other => return self.reply_once(&m, from, 501, "", b""),
            _ => {
                let allow = format!("Allow: {ALLOW}\r\n");
                return self.reply_once(&m, from, 405, "", allow.as_bytes());
            }
        }
        if let Some(unsupported) = unsupported_extensions(&m) {
            return self.reply_once(&m, from, 420, "", &unsupported);
        }
        if !m.body().is_empty()
            && m.value(Name::ContentEncoding).is_some_and(|v| !v.eq_ignore_ascii_case(b"identity"))
        {
            return self.reply_once(&m, from, 415, "", b"Accept-Encoding: identity\r\n");
        }
        let in_dialog = !tag_of(m.value(Name::To).unwrap_or_default()).is_empty();
        match (method, in_dialog) {
            (Method::Invite | Method::Update | Method::Prack, _) if m.carries_something_else() => {
                self.reply_once(&m, from, 415, "", ACCEPT.as_bytes());
            }
            (Method::Invite, true) => self.on_reinvite(now, from, &m),
            (Method::Invite, false) => self.on_invite(now, from, m),
            (Method::Bye, _) => self.on_bye(now, from, &m),
            (Method::Update, _) => self.on_update(now, from, &m),
            (Method::Prack, _) => self.on_prack(now, from, &m),
            // Whoever asks us to call somebody has to be in a call with us.
            (Method::Refer, false) => self.reply_once(&m, from, 403, "", b""),
            (Method::Refer, true) => self.on_refer(now, from, &m),
            (Method::Notify, _) => self.on_notify(now, from, &m),
            (Method::Info, _) => self.on_info(now, from, &m),
            (Method::Register, _) => self.on_outside_request(now, from, m, method),
            (_, true) if self.call_of(&m).is_none() => self.reply_once(&m, from, 481, "", b""),
            _ => {
                let lines = format!(
                    "Allow: {ALLOW}\r\nSupported: {SUPPORTED}\r\n{ACCEPT}Server: {}\r\n",
                    self.product
                );
                self.reply_once(&m, from, 200, "", lines.as_bytes());
            }
        }
    }

    fn on_invite(&mut self, now: Time, from: Destination, m: Message) {
        if m.value(Name::MaxForwards) == Some(b"0") {
            return self.reply_once(&m, from, 483, "", b"");
        }
        let accepts: Vec<&[u8]> = m.values(Name::Accept).collect();
        let takes_sdp = |v: &&[u8]| {
            let v = v.to_ascii_lowercase();
            [&b"application/sdp"[..], b"application/*", b"*/*"]
                .iter()
                .any(|t| v.windows(t.len()).any(|w| w == *t))
        };
        if !accepts.is_empty() && !accepts.iter().any(takes_sdp) {
            return self.reply_once(&m, from, 406, "", ACCEPT.as_bytes());
        }
        if let Some(line) = self.too_short(None, &m) {
            return self.reply_once(&m, from, 422, "", line.as_bytes());
        }
        let replaces = match self.replaced(&m) {
            Ok(replaces) => replaces,
            Err(code) => return self.reply_once(&m, from, code, "", b""),
        };
        let merged = merge_id(&m);
        if self.invites.contains(&merged) {
            return self.reply_once(&m, from, 482, "", b"");
        }
        if self.calls.len() >= self.limits.calls {
            return self.over_limit(&m, from);
        }
        let tx = self.start_server(&m, Method::Invite, from, None);
        self.answer(now, tx, 100, "", b"", b"", b"");
        let call = self.begin_incoming(now, &m, from, tx);
        if let Some(tx) = self.servers.get_mut(tx) {
            tx.merge_id = Some(merged.clone());
        }
        self.invites.insert(merged);
        self.events.push_back(Event::Incoming(Incoming { call, from, replaces, message: Box::new(m) }));
    }

    pub(crate) fn over_limit(&mut self, m: &Message, from: Destination) {
        self.counters.over_limit += 1;
        self.reply_once(m, from, 503, "", b"Retry-After: 5\r\n");
    }

    /// Answers a request and keeps no state: the same request gets the same kind of answer again.
    pub(crate) fn reply_once(
        &mut self,
        m: &Message,
        from: Destination,
        code: u16,
        reason: &str,
        extra: &[u8],
    ) {
        let mut tag = Vec::new();
        push_tag(&mut tag, u32::MAX, self.chance.next());
        let wire = ReplyBase::new(m, from.addr).reply(code, reason, &tag, extra, Body::NONE);
        let to = self.reply_destination(m, from);
        self.send(to, wire);
    }

    /// RFC 3261 section 18.2.2 and RFC 3581: back to the real source; its port where `rport` asks, else sent-by's.
    pub(crate) fn reply_destination(&self, m: &Message, from: Destination) -> Destination {
        if from.transport != Transport::Udp {
            return from;
        }
        match m.top_via() {
            Some(via) if !via.rport => {
                let port = via.port.filter(|p| *p != 0).unwrap_or(5060);
                Destination { addr: SocketAddr::new(from.addr.ip(), port), ..from }
            }
            _ => from,
        }
    }

    pub(crate) fn unreachable(&mut self, now: Time, to: Destination) {
        // Rare (a refused connection, an ICMP answer), so a walk over the client transactions is fair.
        let failed: Vec<Key> = (0..self.clients.capacity())
            .filter_map(|i| self.clients.at(i))
            .filter(|(_, tx)| {
                let same = match (to.connection, tx.to.connection) {
                    (Some(broken), Some(used)) => broken == used,
                    // No connection could be had: what went over one that is there is still answered.
                    (None, Some(_)) => false,
                    _ => tx.to.addr == to.addr,
                };
                same && tx.to.transport == to.transport
                    && matches!(tx.state, ClientState::Calling | ClientState::Proceeding)
            })
            .map(|(k, _)| k)
            .collect();
        for key in failed {
            self.client_failed(now, key, 503);
        }
    }
}

/// Requests that differ in this but for their branch are one request that came by two ways.
fn merge_id(m: &Message) -> Box<[u8]> {
    let from_tag = m.value(Name::From).map(tag_of).unwrap_or_default();
    let cseq = m.cseq().map_or(0, |c| c.0).to_be_bytes();
    [m.value(Name::CallId).unwrap_or_default(), b"\0", from_tag, b"\0", &cseq].concat().into()
}
