//! Transactions, client and server, for INVITE and for other methods (RFC 3261 section 17 with RFC 6026).

use crate::ask::AskId;
use crate::build::{Body, ReplyBase, RequestParts, SentRequest, Wire, read_tag, request};
use crate::dialog::Dialog;
use crate::endpoint::{Destination, Endpoint, Transport};
use crate::event::{Event, Refused};
use crate::login::{Attempt, Logins};
use crate::message::Message;
use crate::method::Method;
use crate::name::Name;
use crate::slots::Key;
use crate::time::Time;
use crate::timer::{Timer, Wait};
use crate::ways::Elsewhere;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ClientState {
    /// Sent, nothing heard ("trying" for other methods).
    Calling,
    /// A provisional answer came.
    Proceeding,
    /// A final answer came (for INVITE: not 2xx); repetitions are absorbed.
    Completed,
    /// INVITE only: a 2xx came; more of them belong to the call (RFC 6026).
    Accepted,
}

/// Who hears of a client transaction's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Owner {
    /// The INVITE that began a call.
    Invite(Key),
    /// A re-INVITE or an UPDATE of ours.
    Reoffer(Key),
    /// An INFO of ours.
    Info(Key),
    /// A PRACK of ours.
    Prack(Key),
    /// A REFER of ours.
    Refer(Key),
    /// A NOTIFY of ours, about a REFER of theirs.
    Notify(Key),
    /// A request outside dialogs.
    Ask(AskId),
    /// BYE and CANCEL: nobody waits for their end.
    Nobody,
}

impl Owner {
    /// The call that the request belongs to.
    pub(crate) fn call(self) -> Option<Key> {
        match self {
            Owner::Invite(call)
            | Owner::Reoffer(call)
            | Owner::Info(call)
            | Owner::Prack(call)
            | Owner::Refer(call)
            | Owner::Notify(call) => Some(call),
            Owner::Ask(_) | Owner::Nobody => None,
        }
    }
}

pub(crate) struct ClientTx {
    pub(crate) secret: u64,
    pub(crate) method: Method,
    pub(crate) state: ClientState,
    pub(crate) request: SentRequest,
    pub(crate) to: Destination,
    pub(crate) owner: Owner,
    pub(crate) repeat: Wait,
    /// The CANCEL that shares this INVITE's branch.
    pub(crate) cancel: Option<Key>,
    /// ACKs sent for 2xx, by the tag of the answer: a repeated 2xx gets its ACK again.
    pub(crate) acks: Vec<(Box<[u8]>, Wire, Destination)>,
    /// The ACK of a final answer that was not 2xx.
    pub(crate) final_ack: Option<Wire>,
    /// Who to be if the answer asks.
    pub(crate) login: Option<Box<Attempt>>,
    /// Where it goes when nobody is there.
    pub(crate) elsewhere: Option<Box<Elsewhere>>,
}

impl ClientTx {
    /// One whose request is still to be written: its branch names the place that the transaction takes.
    pub(crate) fn new(secret: u64, method: Method, to: Destination, owner: Owner) -> ClientTx {
        ClientTx {
            secret,
            method,
            state: ClientState::Calling,
            request: SentRequest::empty(),
            to,
            owner,
            repeat: Wait::T1Times(0),
            cancel: None,
            acks: Vec::new(),
            final_ack: None,
            login: None,
            elsewhere: None,
        }
    }
}

/// A request that is to go out: what it says besides its dialog.
pub(crate) struct Going<'a> {
    pub(crate) method: Method,
    pub(crate) cseq: u32,
    pub(crate) to: Destination,
    pub(crate) owner: Owner,
    /// Whether it says where we can be reached and what we can do.
    pub(crate) with_contact: bool,
    pub(crate) max_forwards: u8,
    /// How long the call may go on unheard of.
    pub(crate) session: &'a [u8],
    pub(crate) extra: &'a [u8],
    pub(crate) body: Body<'a>,
    /// Who to be if somebody asks.
    pub(crate) login: Option<&'a mut Logins>,
    /// Where it goes when nobody is there.
    pub(crate) elsewhere: Option<Box<Elsewhere>>,
}

impl Going<'_> {
    pub(crate) fn new(method: Method, cseq: u32, to: Destination, owner: Owner) -> Going<'static> {
        Going {
            method,
            cseq,
            to,
            owner,
            with_contact: false,
            max_forwards: 70,
            session: b"",
            extra: b"",
            body: Body::NONE,
            login: None,
            elsewhere: None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ServerState {
    /// No final answer yet.
    Proceeding,
    /// A final answer was sent (for INVITE: not 2xx).
    Completed,
    /// INVITE only: its ACK came.
    Confirmed,
    /// INVITE only: 2xx was sent; the call repeats it (RFC 6026).
    Accepted,
}

pub(crate) struct ServerTx {
    pub(crate) id: Box<[u8]>,
    pub(crate) method: Method,
    pub(crate) state: ServerState,
    pub(crate) base: ReplyBase,
    pub(crate) last: Option<Wire>,
    pub(crate) to: Destination,
    pub(crate) cseq: u32,
    pub(crate) call: Option<Key>,
    pub(crate) repeat: Wait,
    /// Whether the caller of this room still has to answer it ([`Endpoint::respond`]).
    pub(crate) waits_for_caller: bool,
    /// Its entry among the INVITEs that may come by two ways.
    pub(crate) merge_id: Option<Box<[u8]>>,
}

/// What matches a request to its server transaction (RFC 3261 section 17.2.3): branch, sent-by and method, where ACK
/// and CANCEL look for their INVITE. A peer of RFC 2543 has no branch that is unique: then what it must repeat serves.
pub(crate) fn server_id(m: &Message, method: Method) -> Box<[u8]> {
    let mut id = Vec::with_capacity(96);
    let method_text = match method {
        Method::Ack | Method::Cancel => b"INVITE".as_slice(),
        _ => m.method_text(),
    };
    id.extend_from_slice(method_text);
    let Some(via) = m.top_via() else { return id.into() };
    id.push(0);
    if via.branch.len() > 7 && via.branch[..7].eq_ignore_ascii_case(b"z9hG4bK") {
        id.extend_from_slice(via.branch);
    } else {
        let from_tag = m.value(Name::From).map(crate::dialog::tag_of).unwrap_or_default();
        for part in [m.target(), m.value(Name::CallId).unwrap_or_default(), from_tag, via.branch] {
            id.extend_from_slice(part);
            id.push(0);
        }
        id.extend_from_slice(&m.cseq().map_or(0, |c| c.0).to_be_bytes());
    }
    id.push(0);
    id.extend_from_slice(via.host);
    id.extend_from_slice(&via.port.unwrap_or(5060).to_be_bytes());
    id.into()
}

impl Endpoint {
    // ---- client ----

    /// Writes a request and starts its transaction.
    pub(crate) fn send_request(&mut self, now: Time, dialog: &Dialog, going: Going<'_>) -> Key {
        let secret = self.chance.next();
        let mut tx = ClientTx::new(secret, going.method, going.to, going.owner);
        tx.elsewhere = going.elsewhere;
        let mut login = Vec::new();
        if let Some(logins) = going.login {
            let (uri, method) = (dialog.request_uri_and_routes().0, going.method.as_str().as_bytes());
            login = logins.lines(&mut self.chance, method, uri, going.body.bytes);
            tx.login = Some(Attempt::first(logins));
        }
        let key = self.clients.insert(tx);
        let face = self.face(going.to.transport);
        let sent = request(
            dialog,
            &RequestParts {
                method: going.method,
                cseq: going.cseq,
                via: &face.via,
                branch: (key.index, secret),
                contact: going
                    .with_contact
                    .then(|| dialog.contact.as_deref().unwrap_or(face.contact.as_str())),
                product: &self.product,
                max_forwards: going.max_forwards,
                login: &login,
                session: going.session,
                extra: going.extra,
                body: going.body,
            },
        );
        if let Some(tx) = self.clients.get_mut(key) {
            tx.request = sent;
        }
        self.start_client(now, key);
        key
    }

    /// Starts a client transaction for a request that was written with this key's branch.
    pub(crate) fn start_client(&mut self, now: Time, key: Key) {
        let Some(tx) = self.clients.get(key) else { return };
        let (to, wire, invite) = (tx.to, tx.request.wire.clone(), tx.method == Method::Invite);
        self.send(to, wire);
        if to.transport == Transport::Udp {
            self.timers.set(now, if invite { Timer::A } else { Timer::E }, Wait::T1Times(0), key);
        }
        self.timers.set(now, if invite { Timer::B } else { Timer::F }, Wait::Long, key);
        self.hurry(now, key);
    }

    /// Finds the client transaction of an answer by the branch that we gave it.
    pub(crate) fn client_of(&self, m: &Message) -> Option<Key> {
        let via = m.top_via()?;
        let (index, secret) = read_tag(via.branch.strip_prefix(b"z9hG4bK")?)?;
        let (key, tx) = self.clients.at(index).filter(|(_, tx)| tx.secret == secret)?;
        let (number, method) = m.cseq()?;
        if number != tx.request.cseq {
            return None;
        }
        match method {
            Method::Cancel if tx.method == Method::Invite => tx.cancel,
            m if m == tx.method => Some(key),
            _ => None,
        }
    }

    pub(crate) fn on_response(&mut self, now: Time, from: Destination, m: &Message, code: u16) {
        let Some(key) = self.client_of(m) else {
            self.counters.stray_answers += 1;
            return;
        };
        let Some(tx) = self.clients.get_mut(key) else { return };
        if from.connection.is_some() && from.transport == tx.to.transport {
            tx.to.connection = from.connection;
        }
        let (state, owner, reliable) = (tx.state, tx.owner, tx.to.transport != Transport::Udp);
        let tx_cseq = tx.request.cseq;
        if tx.method == Method::Invite {
            match (state, code) {
                (ClientState::Calling | ClientState::Proceeding, 100..200) => {
                    tx.state = ClientState::Proceeding;
                    match owner {
                        Owner::Invite(call) => {
                            self.on_progress(now, call, m, code, state == ClientState::Calling);
                        }
                        // It was given up before anything was heard.
                        Owner::Nobody if state == ClientState::Calling => self.cancel_invite(now, key, ""),
                        _ => {}
                    }
                }
                (ClientState::Calling | ClientState::Proceeding, 200..300) => {
                    tx.state = ClientState::Accepted;
                    self.timers.set(now, Timer::M, Wait::Long, key);
                    match owner {
                        Owner::Reoffer(call) if self.calls.get(call).is_some() => {
                            self.send_ack(key, call, m);
                            self.on_reanswered(now, call, m);
                        }
                        Owner::Invite(call) => self.on_answered(now, from, key, call, m),
                        _ => self.acknowledge_and_leave(now, from, key, m),
                    }
                }
                (ClientState::Accepted, 200..300) => self.on_more_2xx(now, from, key, m),
                (ClientState::Calling | ClientState::Proceeding, _) => {
                    let ack = tx.request.follow_up(Method::Ack, m.value(Name::To), b"");
                    tx.state = ClientState::Completed;
                    tx.final_ack = Some(ack.clone());
                    let to = tx.to;
                    self.send(to, ack);
                    // Nobody waits for an INVITE that was given up: it is not sent again.
                    let again = !matches!(owner, Owner::Nobody)
                        && (self.log_in(now, key, code, m)
                            || self.ask_longer(now, key, code, m)
                            || (code == 503 && self.go_elsewhere(now, key)));
                    if reliable {
                        self.clients.remove(key);
                    } else {
                        self.timers.set(now, Timer::D, Wait::Long, key);
                    }
                    if !again {
                        self.on_final(now, owner, code, tx_cseq, Some(m));
                    }
                }
                (ClientState::Completed, 300..) => {
                    if let Some(ack) = tx.final_ack.clone() {
                        let to = tx.to;
                        self.send(to, ack);
                    }
                }
                _ => {}
            }
            return;
        }
        match (state, code) {
            (ClientState::Calling, 100..200) => tx.state = ClientState::Proceeding,
            (ClientState::Calling | ClientState::Proceeding, 200..) => {
                tx.state = ClientState::Completed;
                let again = self.log_in(now, key, code, m)
                    || self.ask_longer(now, key, code, m)
                    || (code == 503 && self.go_elsewhere(now, key));
                if reliable {
                    self.clients.remove(key);
                } else {
                    self.timers.set(now, Timer::K, Wait::T4, key);
                }
                if !again {
                    self.on_final(now, owner, code, tx_cseq, Some(m));
                }
            }
            _ => {}
        }
    }

    /// A client transaction that will hear nothing more: 408 for a time-out, 503 when the transport failed.
    pub(crate) fn client_failed(&mut self, now: Time, key: Key, code: u16) {
        let open = |tx: &ClientTx| matches!(tx.state, ClientState::Calling | ClientState::Proceeding);
        if self.clients.get(key).is_some_and(open) && self.go_elsewhere(now, key) {
            return;
        }
        let Some(tx) = self.clients.remove(key) else { return };
        if open(&tx) {
            self.on_final(now, tx.owner, code, tx.request.cseq, None);
        }
    }

    /// Tells whoever sent a request of its end: a final answer, but for a 2xx to INVITE, or none (408, 503).
    fn on_final(&mut self, now: Time, owner: Owner, code: u16, cseq: u32, m: Option<&Message>) {
        match (owner, m) {
            (Owner::Ask(ask), _) => {
                let message = m.map(|m| Box::new(m.clone()));
                self.events.push_back(Event::Asked { ask, code, cseq, message });
            }
            (Owner::Invite(call), Some(m)) => self.on_refused(now, call, code, m),
            (Owner::Invite(call), None) => self.call_refused(now, call, Refused::of(code)),
            (Owner::Reoffer(call), Some(m)) if code < 300 => self.on_reanswered(now, call, m),
            (Owner::Reoffer(call), Some(_)) => self.on_reoffer_refused(now, call, code),
            // What could not be sent is what nobody answered.
            (Owner::Reoffer(call), None) => self.on_reoffer_refused(now, call, 408),
            (Owner::Refer(call), m) => self.on_refer_answered(call, code, m),
            (Owner::Notify(call), _) => self.on_notify_answered(now, call, code),
            (Owner::Info(call), _) => self.on_info_answered(now, call, code),
            // The answer that it confirms is sent again if it did not arrive; the call's own timers do the rest.
            (Owner::Prack(_) | Owner::Nobody, _) => {}
        }
    }

    // ---- server ----

    pub(crate) fn start_server(
        &mut self,
        m: &Message,
        method: Method,
        from: Destination,
        call: Option<Key>,
    ) -> Key {
        let id = server_id(m, method);
        let key = self.servers.insert(ServerTx {
            id: id.clone(),
            method,
            state: ServerState::Proceeding,
            base: ReplyBase::new(m, from.addr),
            last: None,
            to: self.reply_destination(m, from),
            cseq: m.cseq().map_or(0, |c| c.0),
            call,
            repeat: Wait::T1Times(0),
            waits_for_caller: false,
            merge_id: None,
        });
        self.server_ids.insert(id, key);
        key
    }

    pub(crate) fn remove_server(&mut self, key: Key) {
        if let Some(tx) = self.servers.remove(key) {
            self.server_ids.remove(&tx.id);
            if let Some(id) = tx.merge_id {
                self.invites.remove(&id);
            }
        }
    }

    /// Sends an answer of a server transaction, with a session description or nothing, and moves it on.
    pub(crate) fn answer(
        &mut self,
        now: Time,
        key: Key,
        code: u16,
        reason: &str,
        tag: &[u8],
        extra: &[u8],
        body: &[u8],
    ) {
        self.answer_with(now, key, code, reason, tag, extra, Body::sdp(body));
    }

    /// [`Endpoint::answer`] with any body.
    pub(crate) fn answer_with(
        &mut self,
        now: Time,
        key: Key,
        code: u16,
        reason: &str,
        tag: &[u8],
        extra: &[u8],
        body: Body<'_>,
    ) {
        let Some(tx) = self.servers.get_mut(key) else { return };
        if tx.state != ServerState::Proceeding {
            return;
        }
        let wire = tx.base.reply(code, reason, tag, extra, body);
        tx.last = Some(wire.clone());
        let (to, reliable) = (tx.to, tx.to.transport != Transport::Udp);
        let mut done = false;
        if code >= 200 {
            if tx.method == Method::Invite && code < 300 {
                tx.state = ServerState::Accepted;
                tx.last = None;
                self.timers.set(now, Timer::L, Wait::Long, key);
            } else {
                tx.state = ServerState::Completed;
                if tx.method == Method::Invite {
                    if !reliable {
                        self.timers.set(now, Timer::G, tx.repeat, key);
                    }
                    self.timers.set(now, Timer::H, Wait::Long, key);
                } else if reliable {
                    done = true;
                } else {
                    self.timers.set(now, Timer::J, Wait::Long, key);
                }
            }
        }
        self.send(to, wire);
        if done {
            self.remove_server(key);
        }
    }

    /// A repeated request gets what it got before.
    pub(crate) fn on_repeated(&mut self, key: Key) {
        self.counters.repeated_requests += 1;
        let Some(tx) = self.servers.get(key) else { return };
        if let (Some(wire), ServerState::Proceeding | ServerState::Completed) = (tx.last.clone(), tx.state) {
            let to = tx.to;
            self.send(to, wire);
        }
    }

    /// An ACK that belongs to a transaction, not to a call. Whether it did.
    pub(crate) fn on_transaction_ack(&mut self, now: Time, key: Key) -> bool {
        let Some(tx) = self.servers.get_mut(key) else { return false };
        match tx.state {
            ServerState::Completed => {
                tx.state = ServerState::Confirmed;
                tx.last = None;
                if tx.to.transport == Transport::Udp {
                    self.timers.set(now, Timer::I, Wait::T4, key);
                } else {
                    self.remove_server(key);
                }
                true
            }
            ServerState::Confirmed => true,
            _ => false,
        }
    }

    // ---- timers ----

    /// Whether a timer's owner still waits for it.
    pub(crate) fn timer_counts(&self, timer: Timer, owner: Key) -> bool {
        use ClientState as C;
        use ServerState as S;
        let client = |states: &[C]| self.clients.get(owner).is_some_and(|t| states.contains(&t.state));
        let server = |state: S| self.servers.get(owner).is_some_and(|t| t.state == state);
        match timer {
            Timer::A | Timer::B => client(&[C::Calling]),
            Timer::D | Timer::K => client(&[C::Completed]),
            Timer::M => client(&[C::Accepted]),
            Timer::Unanswered => client(&[C::Proceeding]),
            Timer::E | Timer::F => client(&[C::Calling, C::Proceeding]),
            Timer::G | Timer::H | Timer::J => server(S::Completed),
            Timer::I => server(S::Confirmed),
            Timer::L => server(S::Accepted),
            Timer::Unattended => {
                server(S::Proceeding) && self.servers.get(owner).is_some_and(|t| t.waits_for_caller)
            }
            Timer::Ok | Timer::NoAck | Timer::Cancelled | Timer::Ringing | Timer::StillRings => {
                self.call_timer_counts(timer, owner)
            }
        }
    }

    pub(crate) fn on_timer(&mut self, now: Time, timer: Timer, owner: Key) {
        if !self.timer_counts(timer, owner) {
            return;
        }
        match timer {
            Timer::A | Timer::E => {
                let Some(tx) = self.clients.get_mut(owner) else { return };
                tx.repeat = match (timer, tx.state) {
                    (Timer::A, _) => tx.repeat.doubled(),
                    (_, ClientState::Proceeding) => Wait::T1Times(3),
                    _ => tx.repeat.doubled_to_t2(),
                };
                let (to, wire, wait) = (tx.to, tx.request.wire.clone(), tx.repeat);
                self.counters.repeats_sent += 1;
                self.send(to, wire);
                self.timers.set(now, timer, wait, owner);
            }
            Timer::B | Timer::F | Timer::Unanswered => self.client_failed(now, owner, 408),
            Timer::Unattended => self.on_unattended(now, owner),
            Timer::D | Timer::K | Timer::M => {
                self.clients.remove(owner);
            }
            Timer::G => {
                let Some(tx) = self.servers.get_mut(owner) else { return };
                tx.repeat = tx.repeat.doubled_to_t2();
                let (to, wait, wire) = (tx.to, tx.repeat, tx.last.clone());
                if let Some(wire) = wire {
                    self.counters.repeats_sent += 1;
                    self.send(to, wire);
                }
                self.timers.set(now, Timer::G, wait, owner);
            }
            Timer::H | Timer::I | Timer::J | Timer::L => self.remove_server(owner),
            Timer::Ok | Timer::NoAck | Timer::Cancelled | Timer::Ringing | Timer::StillRings => {
                self.on_call_timer(now, timer, owner)
            }
        }
    }
}
