//! SIP's sockets: datagrams, connections, and their bounds.
//!
//! **Secure connections.** Those that others opened to us and proved a name on carry their requests and our answers;
//! requests of ours go over connections that we opened. So each side is sure of the other's name, and Microsoft's proxies
//! want it so. A telephone proves no name; it is reached on the connection that it opened. A call outlives its
//! connections. Our own are renewed now and then, and all are after a change of our certificate.

mod accepting;
mod connection;
mod handshakes;
mod reaching;
mod stream;
mod upkeep;

pub use upkeep::Upkeep;

use crate::adapt::{Failed, Guest, Now};
use crate::attest::contacted::note_sip;
use crate::sip_tls::{SipTls, not_believed};
use connection::Connection;
use handshakes::Begun;
use rustix::event::epoll;
use sip::{Destination, Frame, Input, Splitter, Transmit, Transport};
use std::collections::{HashMap, HashSet};
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use stream::Stream;
use upkeep::takes_no_more;

/// Datagrams read at once before anything else gets its turn.
const TURN: usize = 64;
/// Connections at a time.
const CONNECTIONS: usize = 2_000;
/// What may wait to be written to one connection, in bytes.
const UNSENT: usize = 256 * 1024;

const UDP: u64 = 1 << 33;
/// The first of the two listeners.
const LISTENER: u64 = 1 << 34;
const TLS_LISTENER: u64 = LISTENER + 1;

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
    /// Connections that something was given to since they were written to.
    unwritten: Vec<u64>,
    /// Connections that broke while something was sent on them.
    broken: Vec<u64>,
    /// Connections of ours that failed while something was sent.
    failures: Vec<Failed>,
    next: u64,
    now: u64,
    swept: u64,
    buffer: Box<[u8; 65_536]>,
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
            unwritten: Vec::new(),
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

    /// Sends a message, and says over which connection, which [`SipSockets::write_all`] writes. Where it cannot go, its
    /// destination comes back. `peers` says who is reached over secure connections, and how.
    ///
    /// # Errors
    /// The destination.
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
        if !self.unwritten.contains(&id) {
            self.unwritten.push(id);
        }
        Ok(Some(id))
    }

    /// Writes what [`SipSockets::send`] took for connections: what goes over one of them at once is one system call.
    ///
    /// # Errors
    /// The first connection that broke; call again for the others.
    pub fn write_all(&mut self) -> Result<(), Destination> {
        while let Some(id) = self.unwritten.pop() {
            let Err(error) = self.write(id) else { continue };
            let Some(c) = self.forget(id) else { continue };
            // Whoever sends tells of it.
            if let Some(failed) = c.failed(&error) {
                self.note(failed);
            }
            self.broken.push(id);
            return Err(Destination { transport: c.transport, addr: c.addr, connection: Some(id) });
        }
        Ok(())
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

#[cfg(test)]
mod tests;
