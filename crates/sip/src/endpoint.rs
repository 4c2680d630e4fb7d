//! The endpoint: what goes in, what comes out, and the sorting of what arrives.

use crate::ask::AskId;
use crate::build::Wire;
use crate::call::Call;
use crate::event::Event;
use crate::message::{Message, Start};
use crate::method::Method;
use crate::refuse::{check_request, check_response};
use crate::seed::Chance;
use crate::session::SessionTimer;
use crate::slots::{Key, Slots};
use crate::time::Time;
use crate::timer::Timers;
use crate::transaction::{ClientState, ClientTx, Owner, ServerState, ServerTx, server_id};
use crate::ways::HopName;
use core::net::SocketAddr;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// How a message travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

impl Transport {
    /// The name as addresses have it: `udp`, `tcp` or `tls`.
    pub const fn name(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
        }
    }

    /// The transport of that name, in any case; `None` for others.
    pub fn from_name(name: &[u8]) -> Option<Transport> {
        [Transport::Udp, Transport::Tcp, Transport::Tls]
            .into_iter()
            .find(|transport| name.eq_ignore_ascii_case(transport.name().as_bytes()))
    }

    /// Whether messages go over connections.
    pub const fn is_stream(self) -> bool {
        !matches!(self, Transport::Udp)
    }
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
    pub(crate) tls: Option<Face>,
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
    /// When calls have something to do that no timer of fixed length watches; each stands here once at the most.
    pub(crate) wakes: BTreeSet<(Time, Key)>,
    pub(crate) transmits: VecDeque<Transmit>,
    pub(crate) events: VecDeque<Event>,
    pub(crate) counters: Counters,
    pub(crate) next_ask: u64,
    /// Requests that wait for [`Endpoint::respond`].
    pub(crate) open_requests: usize,
    pub(crate) session_timer: SessionTimer,
    pub(crate) next_refer: u64,
    /// Where next hops are whose names are in dialogs.
    pub(crate) places: HashMap<HopName, Vec<Destination>>,
    /// When requests go elsewhere to which nobody said a word.
    pub(crate) hurries: BTreeSet<(Time, Key)>,
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
                Transport::Tls => Face {
                    via: format!("TLS {}", l.addr),
                    contact: format!("<sip:{};transport=tls>", l.addr),
                },
            })
        };
        Endpoint {
            limits,
            udp: face(Transport::Udp),
            tcp: face(Transport::Tcp),
            tls: face(Transport::Tls),
            product: product.into(),
            chance: Chance::new(seed),
            clients: Slots::new(),
            servers: Slots::new(),
            server_ids: HashMap::new(),
            invites: HashSet::new(),
            calls: Slots::new(),
            timers: Timers::default(),
            wakes: BTreeSet::new(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            counters: Counters::default(),
            next_ask: 0,
            open_requests: 0,
            session_timer: SessionTimer::default(),
            next_refer: 0,
            places: HashMap::new(),
            hurries: BTreeSet::new(),
        }
    }

    /// Gives Via and Contact of TLS a name in place of an address: far ends that check certificates want one.
    pub fn set_tls_name(&mut self, name: &str, port: u16) {
        if self.tls.is_some() {
            self.tls = Some(Face {
                via: format!("TLS {name}:{port}"),
                contact: format!("<sip:{name}:{port};transport=tls>"),
            });
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
                self.on_hurries(now);
                while let Some((_, call)) = self.wakes.first().copied().filter(|(at, _)| *at <= now) {
                    self.on_wake(now, call);
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
        let wake = self.wakes.first().map(|(at, _)| *at);
        let hurry = self.hurries.first().map(|(at, _)| *at);
        at.into_iter().chain(wake).chain(hurry).min()
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

    /// A message of ours went out over this connection: a request in it fails with this one and with no other.
    pub fn went_over(&mut self, bytes: &[u8], connection: u64) {
        let Ok(m) = Message::parse(bytes) else { return };
        if let Some(tx) = self.client_of(&m).and_then(|key| self.clients.get_mut(key)) {
            tx.to.connection = Some(connection);
        }
    }

    /// Which question outside calls this message of ours is; also after it is asked anew, until it is answered.
    pub fn asked_in(&self, bytes: &[u8]) -> Option<AskId> {
        let m = Message::parse(bytes).ok()?;
        match self.clients.get(self.client_of(&m)?)?.owner {
            Owner::Ask(ask) => Some(ask),
            _ => None,
        }
    }

    /// Connections on which an INVITE waits for its last answer: one of ours, where that comes over the connection of the
    /// request, or one of theirs, which is answered there.
    pub fn ringing(&self) -> HashSet<u64> {
        let ours = (0..self.clients.capacity()).filter_map(|n| self.clients.at(n)).filter(|(_, tx)| {
            tx.method == Method::Invite && matches!(tx.state, ClientState::Calling | ClientState::Proceeding)
        });
        let theirs = (0..self.servers.capacity())
            .filter_map(|n| self.servers.at(n))
            .filter(|(_, tx)| tx.method == Method::Invite && tx.state == ServerState::Proceeding);
        let ours = ours.filter_map(|(_, tx)| tx.to.connection);
        ours.chain(theirs.filter_map(|(_, tx)| tx.to.connection)).collect()
    }

    pub(crate) fn face(&self, transport: Transport) -> &Face {
        // An endpoint without any address sends nothing that could be answered; it has one by construction of its caller.
        static NONE: std::sync::OnceLock<Face> = std::sync::OnceLock::new();
        let order = match transport {
            Transport::Udp => [&self.udp, &self.tcp, &self.tls],
            Transport::Tcp => [&self.tcp, &self.udp, &self.tls],
            Transport::Tls => [&self.tls, &self.tcp, &self.udp],
        };
        order.into_iter().flatten().next().unwrap_or_else(|| {
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
}
