//! Requests outside dialogs: ours, which somebody else answers, and theirs, which the caller of this room answers.

use crate::build::{Body, push_tag};
use crate::dialog::Dialog;
use crate::endpoint::{Destination, Endpoint};
use crate::event::Event;
use crate::login::{Login, Logins};
use crate::message::Message;
use crate::method::{ALLOW, Method};
use crate::slots::Key;
use crate::time::Time;
use crate::timer::{Timer, Wait};
use crate::transaction::{Going, Owner, ServerState};
use std::sync::Arc;

/// The most requests that may wait for [`Endpoint::respond`] at a time; further ones get 503.
pub(crate) const MAX_OPEN_REQUESTS: usize = 1_000;

/// A request of ours outside dialogs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct AskId(pub(crate) u64);

/// A request outside dialogs that waits for our answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct RequestId(pub(crate) Key);

/// A request to send outside dialogs, such as REGISTER or OPTIONS.
///
/// Made from [`Ask::to`], so that what is not said has its usual value.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// Any but INVITE, ACK and CANCEL, which begin or belong to calls.
    pub method: Method,
    /// Where it goes.
    pub to: Destination,
    /// Request-URI.
    pub uri: &'a str,
    /// From, an address in brackets, without tag. Empty: our own address.
    pub from: &'a str,
    /// To, likewise. Empty: the Request-URI.
    pub to_header: &'a str,
    /// The Call-ID of earlier requests that this one continues (RFC 3261 section 10.2). `None`: a new one.
    pub call_id: Option<&'a str>,
    /// Its number, higher than that of all earlier requests with this Call-ID. `None`: 1.
    pub cseq: Option<u32>,
    /// Whole header lines to add, each ending in CRLF; a Contact where one is needed.
    pub extra: &'a str,
    /// Content-Type of the body.
    pub content_type: &'a str,
    /// Empty if it carries nothing.
    pub body: &'a [u8],
    /// Who to be if the answer asks.
    pub login: Option<&'a Arc<Login>>,
    /// Our Contact, an address in brackets, where the request is to say how we are reached and what we can do.
    pub contact: Option<&'a str>,
}

impl Ask<'_> {
    /// An OPTIONS to a destination, without an address yet.
    pub fn to(to: Destination) -> Ask<'static> {
        Ask {
            method: Method::Options,
            to,
            uri: "",
            from: "",
            to_header: "",
            call_id: None,
            cseq: None,
            extra: "",
            content_type: "",
            body: b"",
            login: None,
            contact: None,
        }
    }
}

impl Endpoint {
    /// Sends a request outside dialogs. It ends in exactly one [`Event::Asked`], whose code is 503 at once if the request
    /// is one that cannot be sent this way, or if as many transactions are open as may be.
    pub fn ask(&mut self, now: Time, ask: &Ask<'_>) -> AskId {
        let id = AskId(self.next_ask);
        self.next_ask += 1;
        let cseq = ask.cseq.unwrap_or(1);
        let of_calls = matches!(ask.method, Method::Invite | Method::Ack | Method::Cancel | Method::Other);
        if of_calls || self.clients.len() >= self.limits.transactions {
            self.events.push_back(Event::Asked { ask: id, code: 503, cseq, message: None });
            return id;
        }
        let mut local = match ask.from {
            "" => ask.contact.unwrap_or(&self.face(ask.to.transport).contact).as_bytes().to_vec(),
            from => from.as_bytes().to_vec(),
        };
        local.extend_from_slice(b";tag=");
        // No request inside a dialog can follow, so this tag need not name a place.
        push_tag(&mut local, u32::MAX, self.chance.next());
        let remote = match ask.to_header {
            "" => format!("<{}>", ask.uri).into_bytes(),
            to => to.as_bytes().to_vec(),
        };
        let call_id = ask.call_id.map_or_else(|| self.new_call_id(), |c| c.as_bytes().to_vec());
        let mut dialog = Dialog::outgoing(call_id, local, &remote, ask.uri.as_bytes(), cseq);
        dialog.contact = ask.contact.map(Arc::from);
        let mut logins = ask.login.map(Logins::new);
        let going = Going {
            with_contact: ask.contact.is_some(),
            extra: ask.extra.as_bytes(),
            login: logins.as_deref_mut(),
            body: Body { kind: ask.content_type, bytes: ask.body },
            ..Going::new(ask.method, cseq, ask.to, Owner::Ask(id))
        };
        self.send_request(now, &dialog, going);
        id
    }

    /// Asks whether a peer is there (OPTIONS). The outcome is [`Event::Asked`]; any code but 408 and 503 says that it is.
    pub fn probe(&mut self, now: Time, to: Destination, uri: &str) -> AskId {
        self.ask(now, &Ask { uri, ..Ask::to(to) })
    }

    /// Answers [`Event::Request`], 200 to 699. `lines` are whole header lines, each ending in CRLF, the body's
    /// Content-Type among them. An answer that comes too late, or a second one, does nothing.
    pub fn respond(
        &mut self,
        now: Time,
        request: RequestId,
        code: u16,
        reason: &str,
        lines: &str,
        body: &[u8],
    ) {
        let open = self.servers.get_mut(request.0).filter(|tx| tx.state == ServerState::Proceeding);
        if !open.is_some_and(|tx| core::mem::take(&mut tx.waits_for_caller)) {
            return;
        }
        self.open_requests -= 1;
        let mut tag = Vec::with_capacity(32);
        push_tag(&mut tag, u32::MAX, self.chance.next());
        let mut extra = lines.as_bytes().to_vec();
        if code == 405 {
            extra.extend_from_slice(format!("Allow: {ALLOW}\r\n").as_bytes());
        }
        extra.extend_from_slice(format!("Server: {}\r\n", self.product).as_bytes());
        let body = Body { kind: "", bytes: body };
        self.answer_with(now, request.0, code.clamp(200, 699), reason, &tag, &extra, body);
    }

    /// A request that is the caller's to answer.
    pub(crate) fn on_outside_request(&mut self, now: Time, from: Destination, m: Message, method: Method) {
        if self.open_requests >= MAX_OPEN_REQUESTS {
            return self.over_limit(&m, from);
        }
        let tx = self.start_server(&m, method, from, None);
        if let Some(tx) = self.servers.get_mut(tx) {
            tx.waits_for_caller = true;
        }
        self.open_requests += 1;
        // Half the time that the far end waits, so that our answer still reaches it (RFC 4320 forbids 408 here).
        self.timers.set(now, Timer::Unattended, Wait::T1Times(5), tx);
        self.events.push_back(Event::Request { request: RequestId(tx), from, message: Box::new(m) });
    }

    /// Nobody answered a request in time.
    pub(crate) fn on_unattended(&mut self, now: Time, tx: Key) {
        self.respond(now, RequestId(tx), 500, "", "Retry-After: 5\r\n", b"");
    }
}
