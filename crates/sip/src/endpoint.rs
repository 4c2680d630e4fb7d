//! The endpoint: what goes in, what comes out, and the sorting of what arrives.

use crate::build::{ReplyBase, RequestParts, SentRequest, Wire, push_tag, request};
use crate::call::{Call, CallId, Hangup};
use crate::dialog::{Dialog, tag_of};
use crate::message::{Message, Start};
use crate::method::{ALLOW, Method};
use crate::name::Name;
use crate::refuse::{check_request, check_response};
use crate::seed::Chance;
use crate::slots::{Key, Slots};
use crate::time::Time;
use crate::timer::{Timers, Wait};
use crate::transaction::{ClientState, ClientTx, Owner, ServerTx, server_id};
use core::net::SocketAddr;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// How a message travels. TLS joins here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs)]
pub enum Transport {
    Udp,
    Tcp,
}

/// Where a message came from or goes to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Destination {
    /// How.
    pub transport: Transport,
    /// The far end.
    pub addr: SocketAddr,
    /// The connection it came on, by its caller's number. When it is gone, a new one to `addr` serves.
    pub connection: Option<u64>,
}

/// An address of ours, as others should use it.
#[derive(Clone, Copy, Debug)]
pub struct Local {
    /// How.
    pub transport: Transport,
    /// Put in Via and Contact: never an unspecified address.
    pub addr: SocketAddr,
}

/// What the endpoint holds at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Calls (legs) at a time.
    pub calls: usize,
    /// Transactions at a time, each way. Beyond it requests get 503.
    pub transactions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { calls: 20_000, transactions: 400_000 }
    }
}

/// What happened.
pub enum Input<'a> {
    /// A datagram, or a message that [`crate::Splitter`] cut from a stream.
    Received {
        /// Where it came from.
        from: Destination,
        /// All of it.
        bytes: &'a [u8],
    },
    /// A message could not be sent, or the connection it was sent on broke.
    Unreachable {
        /// The far end.
        to: Destination,
    },
    /// Time passed: call at [`Endpoint::deadline`].
    Tick,
}

/// A message to send.
pub struct Transmit {
    /// Where to.
    pub to: Destination,
    /// The bytes.
    pub bytes: Arc<[u8]>,
}

/// An INVITE that begins a call. 100 Trying has been sent.
pub struct Incoming {
    /// The call it begins: ring, accept or reject it.
    pub call: CallId,
    /// Where it came from.
    pub from: Destination,
    /// All of it; the body is the offer, empty if the caller leaves the offer to us.
    pub message: Box<Message>,
}

/// A call of ours that was refused.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The final answer's code; 408 when nobody answered, 503 when the far end could not be reached.
    pub code: u16,
    /// The address of a 3xx answer's Contact is not followed here; whether there was one.
    pub redirected: bool,
}

/// What the caller of this room has to know.
pub enum Event {
    /// A call begins.
    Incoming(Incoming),
    /// The far end cancelled a call that had no final answer; 487 was sent. The call is gone.
    Cancelled {
        /// Which.
        call: CallId,
    },
    /// A call of ours progresses: 180, 183 and their like.
    Progress {
        /// Which.
        call: CallId,
        /// 101 to 199.
        code: u16,
        /// Which of the call's early dialogs, in the order of their first answer, from 0.
        branch: u8,
        /// The answer or offer in it, if any.
        body: Vec<u8>,
    },
    /// A call of ours was answered; ACK was sent.
    Answered {
        /// Which.
        call: CallId,
        /// The session description of the answer.
        body: Vec<u8>,
    },
    /// A call of ours was refused, not answered, or cancelled to its end. The call is gone.
    Refused {
        /// Which.
        call: CallId,
        /// How.
        refused: Refused,
    },
    /// The ACK for our 2xx came.
    Acknowledged {
        /// Which.
        call: CallId,
        /// The answer, when the offer was ours.
        body: Vec<u8>,
    },
    /// The far end offers another session (re-INVITE): answer or reject it.
    Reoffer {
        /// Which.
        call: CallId,
        /// The offer; empty if we are to make one.
        body: Vec<u8>,
    },
    /// Our re-INVITE was answered.
    Reanswered {
        /// Which.
        call: CallId,
        /// The answer.
        body: Vec<u8>,
    },
    /// Our re-INVITE was refused; the session stays as it was.
    ReofferRefused {
        /// Which.
        call: CallId,
        /// The code; 491 means to try again a little later.
        code: u16,
    },
    /// A call that was up has ended. The call is gone.
    Ended {
        /// Which.
        call: CallId,
        /// By whom and why.
        how: Hangup,
    },
    /// An OPTIONS of ours ended.
    Probed {
        /// Which.
        probe: ProbeId,
        /// The answer's code; `None` when there was none.
        code: Option<u16>,
    },
}

/// An OPTIONS of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct ProbeId(pub u64);

/// Counts of what arrived and was not as it should be. Counted, not logged, so that nobody can flood a log.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Counters {
    /// Messages taken in.
    pub received: u64,
    /// Messages given out.
    pub sent: u64,
    /// Dropped: no SIP at all.
    pub unreadable: u64,
    /// Requests refused for what they are (400, 416, 505 …).
    pub refused: u64,
    /// Answers that match nothing of ours.
    pub stray_answers: u64,
    /// ACKs that match nothing of ours.
    pub stray_acks: u64,
    /// Requests that came again.
    pub repeated_requests: u64,
    /// Messages we sent again.
    pub repeats_sent: u64,
    /// Requests answered 503 because a limit was reached.
    pub over_limit: u64,
}

/// All SIP of one process. See the crate's page for how to drive it.
pub struct Endpoint {
    pub(crate) limits: Limits,
    pub(crate) udp: Option<Face>,
    pub(crate) tcp: Option<Face>,
    pub(crate) product: String,
    pub(crate) chance: Chance,
    pub(crate) clients: Slots<ClientTx>,
    pub(crate) servers: Slots<ServerTx>,
    // Only looked up, never walked: its order cannot matter.
    pub(crate) server_ids: HashMap<Box<[u8]>, Key>,
    // INVITEs outside dialogs still in their transaction, to tell a request that came by two ways (section 8.2.2.2).
    pub(crate) invites: HashSet<Box<[u8]>>,
    pub(crate) calls: Slots<Call>,
    pub(crate) timers: Timers,
    pub(crate) transmits: VecDeque<Transmit>,
    pub(crate) events: VecDeque<Event>,
    pub(crate) counters: Counters,
    next_probe: u64,
}

/// What Via and Contact say on one transport.
pub(crate) struct Face {
    pub(crate) via: String,
    pub(crate) contact: String,
}

impl Endpoint {
    /// An endpoint with its own addresses, one a transport. `product` stands in Server and User-Agent; `seed` makes
    /// tags and branches and must come from the operating system in production, so that nobody can guess them.
    pub fn new(locals: &[Local], product: &str, seed: u64, limits: Limits) -> Endpoint {
        let face = |transport: Transport| {
            locals.iter().find(|l| l.transport == transport).map(|l| match transport {
                Transport::Udp => {
                    Face { via: format!("UDP {}", l.addr), contact: format!("<sip:{}>", l.addr) }
                }
                Transport::Tcp => Face {
                    via: format!("TCP {}", l.addr),
                    contact: format!("<sip:{};transport=tcp>", l.addr),
                },
            })
        };
        Endpoint {
            limits,
            udp: face(Transport::Udp),
            tcp: face(Transport::Tcp),
            product: product.into(),
            chance: Chance::new(seed),
            clients: Slots::new(),
            servers: Slots::new(),
            server_ids: HashMap::new(),
            invites: HashSet::new(),
            calls: Slots::new(),
            timers: Timers::default(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            counters: Counters::default(),
            next_probe: 0,
        }
    }

    /// Takes in what happened.
    pub fn handle(&mut self, now: Time, input: Input<'_>) {
        match input {
            Input::Received { from, bytes } => self.receive(now, from, bytes),
            Input::Unreachable { to } => self.unreachable(now, to),
            Input::Tick => {
                while let Some(due) = self.timers.pop(now) {
                    self.on_timer(now, due.timer, due.owner);
                }
            }
        }
    }

    /// The next message to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next thing to know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`Endpoint::handle`] with [`Input::Tick`] at the latest.
    pub fn deadline(&mut self) -> Option<Time> {
        let mut timers = core::mem::take(&mut self.timers);
        let at = timers.deadline(|due| self.timer_counts(due.timer, due.owner));
        self.timers = timers;
        at
    }

    /// Whether a message belongs to a call or transaction that is open here: it names a secret that only its far end was
    /// told, or comes again from the address of a request that is being answered. For those who drop what strangers send:
    /// the far end of a call stays its far end when it is known no longer, or sends from another address.
    pub fn expects(&self, from: Destination, bytes: &[u8]) -> bool {
        if self.calls.len() + self.clients.len() + self.servers.len() == 0 {
            return false;
        }
        let Ok(m) = Message::parse(bytes) else { return false };
        match m.start() {
            Start::Response(_) => check_response(&m) && self.client_of(&m).is_some(),
            Start::Request(method) => {
                let answered = || {
                    let key = self.server_ids.get(&server_id(&m, method))?;
                    self.servers.get(*key).filter(|tx| tx.to.addr.ip() == from.addr.ip())
                };
                check_request(&m).is_ok() && (self.call_of(&m).is_some() || answered().is_some())
            }
        }
    }

    /// What was counted since the start.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Calls held now.
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// Transactions held now, both ways.
    pub fn transactions(&self) -> usize {
        self.clients.len() + self.servers.len()
    }

    /// Asks whether a peer is there (OPTIONS). The outcome is [`Event::Probed`].
    pub fn probe(&mut self, now: Time, to: Destination, uri: &str) -> ProbeId {
        let id = ProbeId(self.next_probe);
        self.next_probe += 1;
        let secret = self.chance.next();
        let mut local = self.face(to.transport).contact.clone().into_bytes();
        local.extend_from_slice(b";tag=");
        push_tag(&mut local, 0, secret);
        let call_id = self.new_call_id();
        let dialog = Dialog::outgoing(call_id, local, format!("<{uri}>").as_bytes(), uri.as_bytes(), 1);
        self.send_request(now, &dialog, Method::Options, 1, to, Owner::Probe(id), false, 70, b"", b"");
        id
    }

    pub(crate) fn face(&self, transport: Transport) -> &Face {
        // An endpoint without any address sends nothing that could be answered; it has one by construction of its caller.
        static NONE: std::sync::OnceLock<Face> = std::sync::OnceLock::new();
        let (first, second) = match transport {
            Transport::Udp => (&self.udp, &self.tcp),
            Transport::Tcp => (&self.tcp, &self.udp),
        };
        first.as_ref().or(second.as_ref()).unwrap_or_else(|| {
            NONE.get_or_init(|| Face {
                via: "UDP invalid.invalid".into(),
                contact: "<sip:invalid.invalid>".into(),
            })
        })
    }

    pub(crate) fn new_call_id(&mut self) -> Vec<u8> {
        let mut id = Vec::with_capacity(32);
        crate::seed::push_hex(&mut id, self.chance.next());
        crate::seed::push_hex(&mut id, self.chance.next());
        id
    }

    pub(crate) fn send(&mut self, to: Destination, bytes: Wire) {
        self.counters.sent += 1;
        self.transmits.push_back(Transmit { to, bytes });
    }

    /// Writes a request and starts its transaction.
    pub(crate) fn send_request(
        &mut self,
        now: Time,
        dialog: &Dialog,
        method: Method,
        cseq: u32,
        to: Destination,
        owner: Owner,
        with_contact: bool,
        max_forwards: u8,
        extra: &[u8],
        body: &[u8],
    ) -> Key {
        let secret = self.chance.next();
        let key = self.clients.insert(ClientTx {
            secret,
            method,
            state: ClientState::Calling,
            // Written below: its branch names the place that the transaction takes here.
            request: SentRequest::empty(),
            to,
            owner,
            repeat: Wait::T1Times(0),
            cancel: None,
            acks: Vec::new(),
            final_ack: None,
        });
        let face = self.face(to.transport);
        let sent = request(
            dialog,
            &RequestParts {
                method,
                cseq,
                via: &face.via,
                branch: (key.index, secret),
                contact: with_contact.then_some(face.contact.as_str()),
                product: &self.product,
                max_forwards,
                extra,
                body,
            },
        );
        if let Some(tx) = self.clients.get_mut(key) {
            tx.request = sent;
        }
        self.start_client(now, key);
        key
    }

    fn receive(&mut self, now: Time, from: Destination, bytes: &[u8]) {
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
                    self.on_cancel(now, key);
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
            Method::Invite | Method::Bye | Method::Options => {}
            Method::Other => return self.reply_once(&m, from, 501, "", b""),
            _ => {
                let allow = format!("Allow: {ALLOW}\r\n");
                return self.reply_once(&m, from, 405, "", allow.as_bytes());
            }
        }
        let required: Vec<&[u8]> = m.values(Name::Require).filter(|v| !v.is_empty()).collect();
        if !required.is_empty() {
            let unsupported = [b"Unsupported: ", required.join(&b", "[..]).as_slice(), b"\r\n"].concat();
            return self.reply_once(&m, from, 420, "", &unsupported);
        }
        if !m.body().is_empty()
            && m.value(Name::ContentEncoding).is_some_and(|v| !v.eq_ignore_ascii_case(b"identity"))
        {
            return self.reply_once(&m, from, 415, "", b"Accept-Encoding: identity\r\n");
        }
        let in_dialog = !tag_of(m.value(Name::To).unwrap_or_default()).is_empty();
        match (method, in_dialog) {
            (Method::Invite, _) if !m.body().is_empty() && !is_sdp(&m) => {
                self.reply_once(&m, from, 415, "", b"Accept: application/sdp\r\n");
            }
            (Method::Invite, true) => self.on_reinvite(now, from, &m),
            (Method::Invite, false) => self.on_invite(now, from, m),
            (Method::Bye, _) => self.on_bye(now, from, &m),
            (_, true) if self.call_of(&m).is_none() => self.reply_once(&m, from, 481, "", b""),
            _ => {
                let lines =
                    format!("Allow: {ALLOW}\r\nAccept: application/sdp\r\nServer: {}\r\n", self.product);
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
            return self.reply_once(&m, from, 406, "", b"Accept: application/sdp\r\n");
        }
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
        self.events.push_back(Event::Incoming(Incoming { call, from, message: Box::new(m) }));
    }

    fn over_limit(&mut self, m: &Message, from: Destination) {
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
        let wire = ReplyBase::new(m, from.addr).reply(code, reason, &tag, extra, b"");
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

    fn unreachable(&mut self, now: Time, to: Destination) {
        // Rare (a refused connection, an ICMP answer), so a walk over the client transactions is fair.
        let failed: Vec<Key> = (0..self.clients.capacity())
            .filter_map(|i| self.clients.at(i))
            .filter(|(_, tx)| {
                let same = match (to.connection, tx.to.connection) {
                    (Some(broken), Some(used)) => broken == used,
                    _ => tx.to.addr == to.addr,
                };
                same && tx.to.transport == to.transport
                    && matches!(tx.state, ClientState::Calling | ClientState::Proceeding)
            })
            .map(|(k, _)| k)
            .collect();
        for key in failed {
            self.client_failed(now, key);
        }
    }
}

/// Requests that differ in this but for their branch are one request that came by two ways.
fn merge_id(m: &Message) -> Box<[u8]> {
    let from_tag = m.value(Name::From).map(tag_of).unwrap_or_default();
    let cseq = m.cseq().map_or(0, |c| c.0).to_be_bytes();
    [m.value(Name::CallId).unwrap_or_default(), b"\0", from_tag, b"\0", &cseq].concat().into()
}

fn is_sdp(m: &Message) -> bool {
    let Some(v) = m.value(Name::ContentType) else { return true };
    let end = v.iter().position(|&c| c == b';').unwrap_or(v.len());
    crate::uri::trim(&v[..end]).eq_ignore_ascii_case(b"application/sdp")
}
