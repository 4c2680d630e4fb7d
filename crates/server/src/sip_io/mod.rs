//! SIP's sockets: datagrams, connections, and their bounds.
//!
//! **Secure connections.** Those that others opened to us and proved a name on carry their requests and our answers;
//! requests of ours go over connections that we opened. So each side is sure of the other's name, and Microsoft's proxies
//! want it so. A telephone proves no name; it is reached on the connection that it opened. A call outlives its
//! connections. Our own are renewed now and then, and all are after a change of our certificate.

mod handshakes;
mod stream;

use crate::sip_tls::{SipTls, not_believed};

use crate::adapt::{Failed, Guest, Now, Unreached};
use crate::attest::contacted::note_sip;
use handshakes::{Begun, Place, UnderWay, place};
use rustix::event::epoll;
use sip::{Destination, Frame, Input, Splitter, Transmit, Transport};
use std::collections::{HashMap, HashSet};
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use stream::Stream;

/// Datagrams read at once before anything else gets its turn.
const TURN: usize = 64;
/// Connections at a time, and of one address.
const CONNECTIONS: usize = 2_000;
const OF_ONE_ADDRESS: usize = 200;
/// What may wait to be written to one connection, in bytes.
const UNSENT: usize = 256 * 1024;
/// A message that has begun must be whole after this, in microseconds.
const SLOW: u64 = 20_000_000;
/// A connection on which nothing happens is closed after this, in microseconds.
const QUIET: u64 = 600_000_000;

/// A handshake must be over after this, in microseconds.
const HANDSHAKE: u64 = 10_000_000;
/// Of connections, so many are left for those whom the configuration names, for telephones that are registered, and for
/// connections of ours: strangers, however many, take no line from anybody.
const KEPT_CONNECTIONS: usize = 500;
/// Connections of one stranger's network on which nothing was said yet.
const SILENT_STRANGERS: usize = 20;
/// A stranger says something after this, in microseconds, or the connection is closed.
const STRANGER_SILENT: u64 = 30_000_000;
/// A connection that serves no more is closed after this, in microseconds: all but whoever rings has answered by then.
const RETIRED: u64 = 40_000_000;
/// Who still rings on it, whose answer comes there and nowhere else, is waited for so much longer, in microseconds.
const RINGS: u64 = 260_000_000;

const UDP: u64 = 1 << 33;
/// The first of the two listeners.
const LISTENER: u64 = 1 << 34;
const TLS_LISTENER: u64 = LISTENER + 1;

/// How secure connections of ours are kept, in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Upkeep {
    /// One serves so long for new requests.
    pub renew: u64,
    /// So often something is said on one when nothing else is.
    pub keep_alive: u64,
}

impl Default for Upkeep {
    /// What Microsoft's proxies want: renewed within the hour, and never silent for two minutes.
    fn default() -> Self {
        Upkeep { renew: 55 * 60_000_000, keep_alive: 60_000_000 }
    }
}

/// Whether two addresses are likely one party's: the same, or in IPv6 of the same 64 bits.
fn is_same_network(a: IpAddr, b: IpAddr) -> bool {
    handshakes::network_of(a) == handshakes::network_of(b)
}

/// Whoever takes what arrives.
pub trait SipTaker {
    /// A message, or a broken connection.
    fn take(&mut self, input: Input<'_>);

    /// Whether a connection from there is taken, and as whose.
    fn admits(&mut self, ip: IpAddr) -> Option<Guest>;

    /// Whether whoever calls from there has to prove a name; others are not asked for a certificate.
    fn asks_for_names(&self, _ip: IpAddr) -> bool {
        true
    }

    /// A handshake was refused, or ended before its time, because there are too many.
    fn crowded(&mut self) {}

    /// The far end of a connection proved these names.
    fn proven(&mut self, _connection: u64, _names: Vec<String>) {}

    /// A certificate is not believed: that of a far end of ours, or of a caller. `why` is a word.
    fn not_believed(&mut self, _ip: IpAddr, _ours: bool, _why: &'static str) {}

    /// A connection is gone.
    fn gone(&mut self, _connection: u64) {}

    /// Connections on which somebody still rings.
    fn ringing(&self) -> HashSet<u64> {
        HashSet::new()
    }

    /// A connection of ours could not be opened, or broke before anything was heard on it.
    fn failed(&mut self, _failed: &Failed) {}
}

/// What is known of far ends that are spoken to over secure connections.
pub trait SecurePeers {
    /// The name that the far end at this address has to prove for this request: as whoever sends it wants it.
    fn name(&self, addr: SocketAddr, request: &[u8]) -> Option<&str>;

    /// Where a request of ours goes instead of a connection that its far end opened.
    fn instead_of(&self, connection: u64) -> Option<Destination>;

    /// Whether the configuration names this address, or a registered telephone is there.
    fn is_declared(&self, ip: IpAddr) -> bool;

    /// The tenant on whose behalf a request of ours goes out, where that is known.
    fn whose(&self, request: &[u8]) -> Option<store::TenantId>;
}

/// The most addresses that are remembered as asked; with more, they are noted anew.
const MOST_ASKED: usize = 4_096;

/// A socket that takes connections.
struct Listener {
    socket: TcpListener,
    token: u64,
    transport: Transport,
    /// It is not watched, because no connection could be taken.
    deaf: bool,
}

/// All sockets of SIP.
pub struct SipSockets {
    udp: Option<UdpSocket>,
    listeners: Vec<Listener>,
    tls: Option<SipTls>,
    upkeep: Upkeep,
    /// The edition of our certificate that connections were opened with.
    edition: u64,
    epoll: Option<OwnedFd>,
    connections: HashMap<u64, Connection>,
    /// Where requests to an address go, the newest last: of secure connections only those that we opened. There is one for
    /// each name that is to be proven there.
    by_address: HashMap<(Transport, SocketAddr), Vec<u64>>,
    /// Where requests went already.
    asked: HashSet<IpAddr>,
    /// Handshakes that others began.
    begun: Begun,
    /// Connections that broke while something was sent on them.
    broken: Vec<u64>,
    /// Connections of ours that failed while something was sent.
    failures: Vec<Failed>,
    next: u64,
    now: u64,
    swept: u64,
    buffer: Box<[u8; 65_536]>,
}

struct Connection {
    stream: Stream,
    transport: Transport,
    /// We opened it.
    ours: bool,
    /// Who opened it.
    guest: Guest,
    /// The far end proved a name.
    proven: bool,
    /// The switch knows what it proved.
    told: bool,
    began: u64,
    sent: u64,
    /// When it is closed, once it serves no more.
    closes: Option<u64>,
    addr: SocketAddr,
    /// The name that its far end has to prove; `None` where none is wanted.
    name: Option<Box<str>>,
    splitter: Splitter,
    unsent: std::collections::VecDeque<(Arc<[u8]>, usize)>,
    unsent_bytes: usize,
    wants_write: bool,
    /// When something was heard. Only what has sent a message keeps its place by pings.
    heard: u64,
    spoke: bool,
    partial_since: Option<u64>,
}

impl Connection {
    /// Whether a message may go over this connection: requests of ours do not go to a proven far end over a connection
    /// that it opened.
    fn carries(&self, bytes: &[u8]) -> bool {
        self.ours || !self.proven || bytes.starts_with(b"SIP/2.0 ")
    }

    /// What is told of a connection of ours that fails before the far end said anything; of others nothing.
    fn failed(&self, error: &std::io::Error) -> Option<Failed> {
        let tls = error.get_ref().filter(|e| e.is::<rustls::Error>()).map(ToString::to_string);
        let tells = self.ours && (tls.is_some() || !self.spoke);
        tells.then(|| Failed { addr: self.addr, name: self.name.clone(), cause: Unreached::of(error), tls })
    }

    /// A handshake of ours that was not over in time.
    fn stalled(&self) -> Failed {
        // Nobody is at the other end of a socket that is not connected.
        let is_connected = self.stream.socket.peer_addr().is_ok();
        let cause = if is_connected { Unreached::HandshakeTimeout } else { Unreached::ConnectTimeout };
        Failed { addr: self.addr, name: self.name.clone(), cause, tls: None }
    }
}

impl SipSockets {
    /// Sockets that are bound.
    pub fn new(
        udp: Option<UdpSocket>,
        tcp: Option<TcpListener>,
        tls: Option<TcpListener>,
        secure: Option<SipTls>,
    ) -> std::io::Result<SipSockets> {
        if let Some(udp) = &udp {
            udp.set_nonblocking(true)?;
            // A burst of calls must not overflow the socket while the thread works; the system may grant less.
            let socket = socket2::SockRef::from(udp);
            let _ = socket.set_recv_buffer_size(4 << 20);
            let _ = socket.set_send_buffer_size(4 << 20);
        }
        let mut listeners = Vec::new();
        for (socket, token, transport) in
            [(tcp, LISTENER, Transport::Tcp), (tls, TLS_LISTENER, Transport::Tls)]
        {
            let Some(socket) = socket else { continue };
            socket.set_nonblocking(true)?;
            listeners.push(Listener { socket, token, transport, deaf: false });
        }
        Ok(SipSockets {
            udp,
            listeners,
            edition: secure.as_ref().map_or(0, SipTls::edition),
            tls: secure,
            upkeep: Upkeep::default(),
            epoll: None,
            connections: HashMap::new(),
            by_address: HashMap::new(),
            asked: HashSet::new(),
            begun: Begun::default(),
            broken: Vec::new(),
            failures: Vec::new(),
            next: 1,
            now: 0,
            swept: 0,
            buffer: Box::new([0; 65_536]),
        })
    }

    /// Says how secure connections of ours are kept.
    pub fn keep_up(&mut self, upkeep: Upkeep) {
        self.upkeep = upkeep;
    }

    /// Enters the sockets into the epoll of the thread that serves them.
    pub fn watch(&mut self, epoll: BorrowedFd<'_>) -> std::io::Result<()> {
        if let Some(udp) = &self.udp {
            epoll::add(epoll, udp, epoll::EventData::new_u64(UDP), epoll::EventFlags::IN)?;
        }
        for listener in &self.listeners {
            let token = epoll::EventData::new_u64(listener.token);
            epoll::add(epoll, &listener.socket, token, epoll::EventFlags::IN)?;
        }
        self.epoll = Some(epoll.try_clone_to_owned()?);
        Ok(())
    }

    /// One of the sockets can be read or written.
    pub fn on_ready(&mut self, token: u64, flags: epoll::EventFlags, to: &mut dyn SipTaker) {
        match token {
            UDP => self.read_udp(to),
            LISTENER | TLS_LISTENER => self.accept(token, to),
            id => {
                if flags.contains(epoll::EventFlags::OUT) {
                    self.write_on(id, to);
                }
                if flags.intersects(epoll::EventFlags::IN | epoll::EventFlags::HUP | epoll::EventFlags::ERR) {
                    self.read_connection(id, to);
                }
            }
        }
    }

    fn read_udp(&mut self, to: &mut dyn SipTaker) {
        let Some(udp) = &self.udp else { return };
        for _ in 0..TURN {
            match udp.recv_from(&mut self.buffer[..]) {
                Ok((n, addr)) => {
                    let from = Destination { transport: Transport::Udp, addr, connection: None };
                    to.take(Input::Received { from, bytes: &self.buffer[..n] });
                }
                Err(e) if e.kind() == ErrorKind::ConnectionRefused => {}
                Err(_) => return,
            }
        }
    }

    fn accept(&mut self, token: u64, to: &mut dyn SipTaker) {
        let Some(listener) = self.listeners.iter_mut().find(|l| l.token == token) else { return };
        for _ in 0..TURN {
            let (stream, addr) = match listener.socket.accept() {
                Ok(accepted) => accepted,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                // Out of files and its like: epoll would say at once that somebody still waits, so it is asked again
                // only when connections are swept.
                Err(_) => {
                    if let Some(epoll) = &self.epoll {
                        listener.deaf = epoll::delete(epoll, &listener.socket).is_ok();
                    }
                    return;
                }
            };
            // A place is for whoever may say something; dropping it here closes it.
            let Some(guest) = to.admits(addr.ip()) else { continue };
            let same = self.connections.values().filter(|c| c.addr.ip() == addr.ip()).count();
            let kept = match guest {
                Guest::Known => 0,
                Guest::Stranger => KEPT_CONNECTIONS,
            };
            let silent = |c: &&Connection| {
                c.guest == Guest::Stranger && !c.spoke && is_same_network(c.addr.ip(), addr.ip())
            };
            let is_crowd = guest == Guest::Stranger
                && self.connections.values().filter(silent).count() >= SILENT_STRANGERS;
            if self.connections.len() >= CONNECTIONS - kept || same >= OF_ONE_ADDRESS || is_crowd {
                // Dropped here, which closes it.
                continue;
            }
            let transport = listener.transport;
            let tls = match transport {
                Transport::Tls => {
                    if !self.may_shake(addr.ip(), guest, to) {
                        to.crowded();
                        return;
                    }
                    let asks = to.asks_for_names(addr.ip());
                    let Some(tls) = self.tls.as_ref().and_then(|tls| tls.accept(asks)) else { return };
                    Some(tls)
                }
                _ => None,
            };
            self.add(Stream::new(stream, tls), addr, transport, false, guest);
            return;
        }
    }

    /// Whether somebody may begin a handshake. One that stalls may be closed for it.
    fn may_shake(&mut self, ip: IpAddr, guest: Guest, to: &mut dyn SipTaker) -> bool {
        let shaking = self.connections.iter().filter(|(_, c)| !c.ours && c.stream.is_handshaking());
        let all: Vec<UnderWay> = shaking
            .map(|(id, c)| UnderWay { id: *id, ip: c.addr.ip(), guest: c.guest, began: c.began })
            .collect();
        let found = place(&all, self.now, ip, guest);
        if found == Place::None || !self.begun.may_begin(self.now, ip, guest) {
            return false;
        }
        if let Place::Of(id) = found {
            to.crowded();
            self.close(id, to);
        }
        true
    }

    fn add(
        &mut self,
        stream: Stream,
        addr: SocketAddr,
        transport: Transport,
        ours: bool,
        guest: Guest,
    ) -> Option<u64> {
        let epoll = self.epoll.as_ref()?;
        stream.socket.set_nonblocking(true).ok()?;
        let _ = stream.socket.set_nodelay(true);
        let id = self.next;
        self.next += 1;
        epoll::add(epoll, &stream.socket, epoll::EventData::new_u64(id), epoll::EventFlags::IN).ok()?;
        self.connections.insert(
            id,
            Connection {
                stream,
                transport,
                ours,
                guest,
                proven: false,
                told: false,
                began: self.now,
                sent: self.now,
                closes: None,
                addr,
                name: None,
                splitter: Splitter::new(),
                unsent: Default::default(),
                unsent_bytes: 0,
                wants_write: false,
                heard: self.now,
                spoke: false,
                partial_since: None,
            },
        );
        if ours || transport == Transport::Tcp {
            self.by_address.entry((transport, addr)).or_default().push(id);
        }
        Some(id)
    }

    fn read_connection(&mut self, id: u64, to: &mut dyn SipTaker) {
        let Some(c) = self.connections.get_mut(&id) else { return };
        let from = Destination { transport: c.transport, addr: c.addr, connection: Some(id) };
        let (mut good, mut turns) = (true, 0);
        let was_handshaking = c.stream.is_handshaking();
        while turns < 4 || c.stream.holds_more() {
            turns += 1;
            let read = c.stream.read(&mut self.buffer[..16_384]);
            // Who the far end is has to be known before the first thing that it says is taken.
            if was_handshaking && !c.told && !c.stream.is_handshaking() {
                c.told = true;
                let names = c.stream.names();
                c.proven = !names.is_empty();
                to.proven(id, names);
            }
            match read {
                Ok(0) => {
                    if let Some(failed) = c.failed(&ErrorKind::UnexpectedEof.into()) {
                        to.failed(&failed);
                    }
                    good = false;
                }
                Ok(n) => {
                    c.splitter.push(&self.buffer[..n]);
                    loop {
                        match c.splitter.next() {
                            Ok(Some(Frame::Message(bytes))) => {
                                c.partial_since = None;
                                c.heard = self.now;
                                c.spoke = true;
                                to.take(Input::Received { from, bytes });
                            }
                            // One answer that waits to be written is answer enough for a flood of these.
                            Ok(Some(Frame::Ping)) => {
                                if c.spoke {
                                    c.heard = self.now;
                                }
                                if c.unsent.is_empty() {
                                    c.unsent_bytes += 2;
                                    c.unsent.push_back((Arc::from(*b"\r\n"), 0));
                                }
                            }
                            Ok(None) => break,
                            Err(_) => {
                                good = false;
                                break;
                            }
                        }
                    }
                    c.partial_since = c.splitter.is_partial().then(|| c.partial_since.unwrap_or(self.now));
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) => {
                    let error = e.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
                    if let Some(why) = error.and_then(not_believed) {
                        to.not_believed(c.addr.ip(), c.ours, why);
                    }
                    if let Some(failed) = c.failed(&e) {
                        if let Some(cause) = &failed.tls {
                            tracing::warn!(event = "sip_tls", %cause, "a far end is not reached by TLS");
                        }
                        to.failed(&failed);
                    }
                    good = false;
                }
            }
            if !good {
                return self.close(id, to);
            }
        }
        if c.transport == Transport::Tls || !c.unsent.is_empty() {
            self.write_on(id, to);
        }
    }

    fn forget(&mut self, id: u64) -> Option<Connection> {
        let c = self.connections.remove(&id)?;
        takes_no_more(&mut self.by_address, &c, id);
        Some(c)
    }

    fn close(&mut self, id: u64, to: &mut dyn SipTaker) {
        let Some(c) = self.say_goodbye(id, to) else { return };
        // A call outlives its connection; only what waits for an answer on it is told.
        to.take(Input::Unreachable {
            to: Destination { transport: c.transport, addr: c.addr, connection: Some(id) },
        });
    }

    fn say_goodbye(&mut self, id: u64, to: &mut dyn SipTaker) -> Option<Connection> {
        let mut c = self.forget(id)?;
        c.stream.say_goodbye();
        to.gone(id);
        Some(c)
    }

    /// Sends a message, and says over which connection. Where it cannot go, its destination comes back. `peers` says who is
    /// reached over secure connections, and how.
    ///
    /// # Errors
    /// The destination, with the connection that broke.
    pub fn send(
        &mut self,
        now: Now,
        t: &Transmit,
        peers: &dyn SecurePeers,
    ) -> Result<Option<u64>, Destination> {
        self.now = now.mono;
        // Answers go back to whoever asked; where we ask by ourselves is remembered, once for each address.
        if !t.bytes.starts_with(b"SIP/2.0 ") && !self.asked.contains(&t.to.addr.ip()) {
            let ip = t.to.addr.ip();
            let is_declared = peers.is_declared(ip);
            // Where nobody's configuration leads is noted each time: it may be another tenant's the next time.
            if is_declared {
                if self.asked.len() >= MOST_ASKED {
                    self.asked.clear();
                }
                self.asked.insert(ip);
            }
            note_sip(ip, is_declared, if is_declared { None } else { peers.whose(&t.bytes) });
        }
        if t.to.transport == Transport::Udp {
            let Some(udp) = &self.udp else { return Err(t.to) };
            return match udp.send_to(&t.bytes, t.to.addr) {
                // A full buffer drops it; SIP over UDP sends it again.
                Ok(_) => Ok(None),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionRefused) => {
                    Ok(None)
                }
                Err(_) => Err(t.to),
            };
        }
        let known =
            t.to.connection.filter(|id| self.connections.get(id).is_some_and(|c| c.carries(&t.bytes)));
        let id = match known {
            Some(id) => id,
            None => self.reach(t.to, &t.bytes, peers).ok_or(t.to)?,
        };
        let Some(c) = self.connections.get_mut(&id) else { return Err(t.to) };
        if c.unsent_bytes + t.bytes.len() > UNSENT {
            return Err(t.to);
        }
        c.unsent_bytes += t.bytes.len();
        c.unsent.push_back((t.bytes.clone(), 0));
        c.sent = self.now;
        let Err(error) = self.write(id) else { return Ok(Some(id)) };
        // Whoever sends tells of it.
        let failed = self.forget(id).and_then(|c| c.failed(&error));
        failed.into_iter().for_each(|failed| self.note(failed));
        self.broken.push(id);
        Err(Destination { connection: Some(id), ..t.to })
    }

    /// A connection to a destination: the newest that is there and would do, or another one.
    fn reach(&mut self, to: Destination, request: &[u8], peers: &dyn SecurePeers) -> Option<u64> {
        let name = peers.name(to.addr, request).filter(|_| to.transport == Transport::Tls);
        let there = self.serving(to.transport, to.addr, name);
        if let Some(id) = there.or_else(|| self.connect(to.addr, to.transport, name)) {
            return Some(id);
        }
        // The far end opened a connection, and nobody told us where it listens.
        let theirs = to.connection.filter(|id| self.connections.contains_key(id));
        let Some(instead) = peers.instead_of(to.connection?) else { return theirs };
        let name = peers.name(instead.addr, request).filter(|_| instead.transport == Transport::Tls);
        let known = self.serving(instead.transport, instead.addr, name);
        known.or_else(|| self.connect(instead.addr, instead.transport, name)).or(theirs)
    }

    /// The newest connection to an address that takes requests for whoever proves this name; `None` takes any.
    fn serving(&self, transport: Transport, addr: SocketAddr, name: Option<&str>) -> Option<u64> {
        let fits = |id: &u64| {
            let c = self.connections.get(id);
            c.is_some_and(|c| name.is_none() || c.name.as_deref() == name)
        };
        self.by_address.get(&(transport, addr))?.iter().rev().copied().find(fits)
    }

    fn connect(&mut self, addr: SocketAddr, transport: Transport, name: Option<&str>) -> Option<u64> {
        if self.connections.len() >= CONNECTIONS {
            return None;
        }
        let tls = match transport {
            Transport::Tls => Some(self.tls.as_ref()?.connect(name?)?),
            _ => None,
        };
        let kind = socket2::Type::STREAM;
        let socket =
            socket2::Socket::new(socket2::Domain::for_address(addr), kind, Some(socket2::Protocol::TCP))
                .ok()?;
        socket.set_nonblocking(true).ok()?;
        match socket.connect(&addr.into()) {
            Ok(()) => {}
            Err(e) if e.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
            Err(e) => {
                let name = name.map(Into::into);
                self.note(Failed { addr, name, cause: Unreached::of(&e), tls: None });
                return None;
            }
        }
        let id = self.add(Stream::new(socket.into(), tls), addr, transport, true, Guest::Known)?;
        if let Some(c) = self.connections.get_mut(&id) {
            c.name = name.map(Into::into);
        }
        Some(id)
    }

    /// Keeps what is to be told of a connection until somebody is there to be told.
    fn note(&mut self, failed: Failed) {
        if self.failures.len() < CONNECTIONS {
            self.failures.push(failed);
        }
    }

    fn write_on(&mut self, id: u64, to: &mut dyn SipTaker) {
        let Err(error) = self.write(id) else { return };
        if let Some(failed) = self.connections.get(&id).and_then(|c| c.failed(&error)) {
            to.failed(&failed);
        }
        self.close(id, to);
    }

    /// Writes what waits, as far as the connection takes it.
    ///
    /// # Errors
    /// When the connection is broken.
    fn write(&mut self, id: u64) -> std::io::Result<()> {
        let Some(c) = self.connections.get_mut(&id) else { return Ok(()) };
        let mut broken = c.stream.flush().err();
        while let Some((bytes, done)) = c.unsent.front_mut() {
            match c.stream.write(&bytes[*done..]) {
                Ok(0) => break,
                Ok(n) => {
                    *done += n;
                    c.unsent_bytes -= n;
                    if *done == bytes.len() {
                        c.unsent.pop_front();
                    }
                }
                // Not connected yet counts as not writable yet.
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => break,
                Err(e) => {
                    broken = broken.or(Some(e));
                    break;
                }
            }
        }
        let waits = c.stream.flush().unwrap_or_else(|e| {
            broken.get_or_insert(e);
            false
        });
        let wants = waits || (!c.unsent.is_empty() && c.stream.can_take());
        if wants != c.wants_write {
            c.wants_write = wants;
            let flags =
                if wants { epoll::EventFlags::IN | epoll::EventFlags::OUT } else { epoll::EventFlags::IN };
            if let Some(epoll) = &self.epoll {
                let _ = epoll::modify(epoll, &c.stream.socket, epoll::EventData::new_u64(id), flags);
            }
        }
        broken.map_or(Ok(()), Err)
    }

    /// Closes connections that are too slow or too quiet. Call it now and then.
    pub fn sweep(&mut self, now: Now, to: &mut dyn SipTaker) {
        self.now = now.mono;
        self.failures.drain(..).for_each(|failed| to.failed(&failed));
        if now.mono < self.swept + 1_000_000 {
            return;
        }
        self.swept = now.mono;
        self.broken.drain(..).for_each(|id| to.gone(id));
        for listener in self.listeners.iter_mut().filter(|l| l.deaf) {
            let Some(epoll) = &self.epoll else { break };
            let token = epoll::EventData::new_u64(listener.token);
            listener.deaf = epoll::add(epoll, &listener.socket, token, epoll::EventFlags::IN).is_err();
        }
        self.renew();
        let old: Vec<u64> = self
            .connections
            .iter()
            .filter(|(_, c)| {
                c.partial_since.is_some_and(|t| now.mono - t > SLOW)
                    || (c.stream.is_handshaking() && now.mono.saturating_sub(c.began) > HANDSHAKE)
                    || now.mono.saturating_sub(c.heard) > QUIET
                    || (c.guest == Guest::Stranger
                        && !c.spoke
                        && now.mono.saturating_sub(c.began) > STRANGER_SILENT)
            })
            .map(|(id, _)| *id)
            .collect();
        for id in old {
            let stalled = self.connections.get(&id).filter(|c| c.ours && c.stream.is_handshaking());
            if let Some(c) = stalled {
                to.failed(&c.stalled());
            }
            self.close(id, to);
        }
        let due = |c: &Connection, more: u64| c.closes.is_some_and(|t| now.mono > t + more);
        let retired: Vec<u64> =
            self.connections.iter().filter(|(_, c)| due(c, 0)).map(|(id, _)| *id).collect();
        if retired.is_empty() {
            return;
        }
        // Answers come over the connection of the request, so whoever rings there would never be heard again.
        let ringing = to.ringing();
        for id in retired {
            match (ringing.contains(&id), self.connections.get(&id).is_some_and(|c| due(c, RINGS))) {
                (true, false) => {}
                // Nobody waits for an answer that cannot come.
                (true, true) => self.close(id, to),
                // Nothing failed.
                (false, _) => drop(self.say_goodbye(id, to)),
            }
        }
    }

    /// Secure connections that served long enough, or began with a certificate that is not ours any more, serve no more;
    /// on those of ours that do, something is said now and then.
    fn renew(&mut self) {
        let (now, edition) = (self.now, self.tls.as_ref().map_or(0, SipTls::edition));
        let changed = std::mem::replace(&mut self.edition, edition) != edition;
        let mut quiet = Vec::new();
        for (id, c) in self.connections.iter_mut().filter(|(_, c)| c.transport == Transport::Tls) {
            let old = c.ours && now.saturating_sub(c.began) > self.upkeep.renew;
            if c.closes.is_none() && (changed || old) {
                c.closes = Some(now + RETIRED);
                takes_no_more(&mut self.by_address, c, *id);
            }
            let says_nothing = c.ours && c.unsent.is_empty() && !c.stream.is_handshaking();
            if says_nothing && c.closes.is_none() && now.saturating_sub(c.sent) > self.upkeep.keep_alive {
                c.sent = now;
                c.unsent_bytes += 4;
                c.unsent.push_back((Arc::from(*b"\r\n\r\n"), 0));
                quiet.push(*id);
            }
        }
        for id in quiet {
            // One that is broken is found so when it is read.
            let _ = self.write(id);
        }
    }

    /// Connections of ours to this address serve no more: what was asked on them is still answered.
    pub fn retire(&mut self, addr: SocketAddr) {
        let now = self.now;
        let old = self.connections.values_mut().filter(|c| c.ours && c.addr == addr && c.closes.is_none());
        old.for_each(|c| c.closes = Some(now + RETIRED));
        self.by_address.retain(|(_, to), ids| {
            ids.retain(|id| *to != addr || self.connections.get(id).is_none_or(|c| !c.ours));
            !ids.is_empty()
        });
    }

    /// Addresses that are bound: UDP, TCP, TLS.
    pub fn addresses(&self) -> (Option<SocketAddr>, Option<SocketAddr>, Option<SocketAddr>) {
        let listens = |transport| {
            let listener = self.listeners.iter().find(|l| l.transport == transport)?;
            listener.socket.local_addr().ok()
        };
        let udp = self.udp.as_ref().and_then(|s| s.local_addr().ok());
        (udp, listens(Transport::Tcp), listens(Transport::Tls))
    }
}

/// No new request goes over a connection any more.
fn takes_no_more(by_address: &mut HashMap<(Transport, SocketAddr), Vec<u64>>, c: &Connection, id: u64) {
    let key = (c.transport, c.addr);
    if let Some(ids) = by_address.get_mut(&key) {
        ids.retain(|other| *other != id);
        if ids.is_empty() {
            by_address.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::os::fd::AsFd;

    #[derive(Default)]
    struct Taker {
        strange: bool,
        messages: usize,
        gone: usize,
        closed: usize,
        ringing: HashSet<u64>,
    }

    impl SipTaker for Taker {
        fn take(&mut self, input: Input<'_>) {
            match input {
                Input::Received { .. } => self.messages += 1,
                _ => self.gone += 1,
            }
        }

        fn admits(&mut self, _: IpAddr) -> Option<Guest> {
            Some(if self.strange { Guest::Stranger } else { Guest::Known })
        }

        fn gone(&mut self, _: u64) {
            self.closed += 1;
        }

        fn ringing(&self) -> HashSet<u64> {
            self.ringing.clone()
        }
    }

    fn listening() -> (SipSockets, OwnedFd, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let mut sockets = SipSockets::new(None, Some(listener), None, None).unwrap();
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        sockets.watch(epoll.as_fd()).unwrap();
        (sockets, epoll, addr)
    }

    #[test]
    fn pings_alone_do_not_keep_a_connection() {
        let at = |s: u64| Now { mono: s * 1_000_000, wall: engine::Time(0) };
        let (mut sockets, epoll, addr) = listening();
        let mut taker = Taker::default();
        let serve = |sockets: &mut SipSockets, taker: &mut Taker| {
            let mut events = Vec::with_capacity(16);
            let wait = rustix::time::Timespec { tv_sec: 10, tv_nsec: 0 };
            let n = epoll::wait(&epoll, rustix::buffer::spare_capacity(&mut events), Some(&wait)).unwrap();
            assert!(n > 0, "something arrives");
            for e in events {
                sockets.on_ready(e.data.u64(), e.flags, taker);
            }
        };
        let mut asks = TcpStream::connect(addr).unwrap();
        let mut pings = TcpStream::connect(addr).unwrap();
        asks.write_all(b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 0\r\n\r\n").unwrap();
        while taker.messages < 1 || sockets.connections.len() < 2 {
            serve(&mut sockets, &mut taker);
        }
        sockets.sweep(at(400), &mut taker);
        for stream in [&mut asks, &mut pings] {
            stream.write_all(b"\r\n\r\n").unwrap();
            stream.set_nonblocking(true).unwrap();
            let mut answer = [0; 2];
            while stream.read(&mut answer).is_err() {
                serve(&mut sockets, &mut taker);
            }
            assert_eq!(&answer, b"\r\n");
        }
        sockets.sweep(at(700), &mut taker);
        assert_eq!(
            (sockets.connections.len(), taker.gone),
            (1, 1),
            "who said something stays, who did not goes"
        );
        sockets.sweep(at(1_100), &mut taker);
        assert_eq!(sockets.connections.len(), 0);
    }

    #[test]
    fn a_connection_that_is_retired_closes_without_a_word_of_failure() {
        let at = |s: u64| Now { mono: s * 1_000_000, wall: engine::Time(0) };
        let far = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut sockets = SipSockets::new(None, None, None, None).unwrap();
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        sockets.watch(epoll.as_fd()).unwrap();
        let mut taker = Taker::default();
        let addr = far.local_addr().unwrap();
        sockets.sweep(at(2), &mut taker);
        sockets.connect(addr, Transport::Tcp, None).unwrap();
        sockets.retire(addr);
        sockets.sweep(at(43), &mut taker);
        assert_eq!((sockets.connections.len(), taker.gone, taker.closed), (0, 0, 1));
        // One that is not looked after any more did fail.
        sockets.connect(addr, Transport::Tcp, None).unwrap();
        sockets.sweep(at(700), &mut taker);
        assert_eq!((sockets.connections.len(), taker.gone, taker.closed), (0, 1, 2));
    }

    #[test]
    fn a_connection_that_is_retired_stays_for_whoever_rings_there() {
        let at = |s: u64| Now { mono: s * 1_000_000, wall: engine::Time(0) };
        let far = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut sockets = SipSockets::new(None, None, None, None).unwrap();
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        sockets.watch(epoll.as_fd()).unwrap();
        let mut taker = Taker::default();
        let addr = far.local_addr().unwrap();
        sockets.sweep(at(2), &mut taker);
        for _ in 0..2 {
            let id = sockets.connect(addr, Transport::Tcp, None).unwrap();
            taker.ringing.insert(id);
            sockets.retire(addr);
        }
        sockets.sweep(at(43), &mut taker);
        assert_eq!((sockets.connections.len(), taker.closed), (2, 0));
        assert_eq!(sockets.by_address.len(), 0, "they take no new requests");
        // One of them is answered.
        let answered = *taker.ringing.iter().min().unwrap();
        taker.ringing.remove(&answered);
        sockets.sweep(at(45), &mut taker);
        assert_eq!((sockets.connections.len(), taker.gone, taker.closed), (1, 0, 1));
        // The other one rings longer than anybody does.
        sockets.sweep(at(303), &mut taker);
        assert_eq!(
            (sockets.connections.len(), taker.gone, taker.closed),
            (0, 1, 2),
            "and whoever waits is told"
        );
    }

    #[test]
    fn strangers_who_say_nothing_take_no_place_from_those_who_are_known() {
        let at = |s: u64| Now { mono: s * 1_000_000, wall: engine::Time(0) };
        let (mut sockets, _epoll, addr) = listening();
        let mut taker = Taker { strange: true, ..Taker::default() };
        let accept = |sockets: &mut SipSockets, taker: &mut Taker| {
            let stream = TcpStream::connect(addr).unwrap();
            sockets.accept(LISTENER, taker);
            stream
        };
        let mut streams: Vec<TcpStream> = (0..30).map(|_| accept(&mut sockets, &mut taker)).collect();
        assert_eq!(sockets.connections.len(), SILENT_STRANGERS);
        assert_eq!(streams[29].read(&mut [0; 1]).unwrap(), 0, "one too many is closed at once");
        taker.strange = false;
        streams.push(accept(&mut sockets, &mut taker));
        assert_eq!(sockets.connections.len(), SILENT_STRANGERS + 1, "whom we know has a place");
        sockets.sweep(at(29), &mut taker);
        assert_eq!(sockets.connections.len(), SILENT_STRANGERS + 1);
        sockets.sweep(at(31), &mut taker);
        assert_eq!(sockets.connections.len(), 1, "and who says nothing goes");
    }

    #[test]
    fn addresses_of_one_network_are_one_stranger() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        for (a, b, same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("2001:db8::1", "2001:db8::ffff:2", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
        ] {
            assert_eq!(is_same_network(ip(a), ip(b)), same, "{a} {b}");
        }
    }
}
