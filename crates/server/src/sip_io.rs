//! SIP's sockets: datagrams, connections, and their bounds.

use crate::adapt::Now;
use rustix::event::epoll;
use sip::{Destination, Frame, Input, Splitter, Transmit, Transport};
use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;

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

const UDP: u64 = 1 << 33;
const LISTENER: u64 = 1 << 34;

/// All sockets of SIP.
pub struct SipSockets {
    udp: Option<UdpSocket>,
    listener: Option<TcpListener>,
    epoll: Option<OwnedFd>,
    connections: HashMap<u64, Connection>,
    by_address: HashMap<SocketAddr, u64>,
    next: u64,
    now: u64,
    swept: u64,
    /// The listener is not watched, because no connection could be taken.
    deaf: bool,
    buffer: Box<[u8; 65_536]>,
}

struct Connection {
    stream: TcpStream,
    addr: SocketAddr,
    splitter: Splitter,
    unsent: std::collections::VecDeque<(Arc<[u8]>, usize)>,
    unsent_bytes: usize,
    wants_write: bool,
    heard: u64,
    partial_since: Option<u64>,
}

impl SipSockets {
    /// Sockets that are bound.
    pub fn new(udp: Option<UdpSocket>, listener: Option<TcpListener>) -> std::io::Result<SipSockets> {
        if let Some(udp) = &udp {
            udp.set_nonblocking(true)?;
            // A burst of calls must not overflow the socket while the thread works; the system may grant less.
            let socket = socket2::SockRef::from(udp);
            let _ = socket.set_recv_buffer_size(4 << 20);
            let _ = socket.set_send_buffer_size(4 << 20);
        }
        if let Some(listener) = &listener {
            listener.set_nonblocking(true)?;
        }
        Ok(SipSockets {
            udp,
            listener,
            epoll: None,
            connections: HashMap::new(),
            by_address: HashMap::new(),
            next: 1,
            now: 0,
            swept: 0,
            deaf: false,
            buffer: Box::new([0; 65_536]),
        })
    }

    /// Enters the sockets into the epoll of the thread that serves them.
    pub fn watch(&mut self, epoll: BorrowedFd<'_>) -> std::io::Result<()> {
        if let Some(udp) = &self.udp {
            epoll::add(epoll, udp, epoll::EventData::new_u64(UDP), epoll::EventFlags::IN)?;
        }
        if let Some(listener) = &self.listener {
            epoll::add(epoll, listener, epoll::EventData::new_u64(LISTENER), epoll::EventFlags::IN)?;
        }
        self.epoll = Some(epoll.try_clone_to_owned()?);
        Ok(())
    }

    /// One of the sockets can be read or written.
    pub fn on_ready(&mut self, token: u64, flags: epoll::EventFlags, take: &mut dyn FnMut(Input<'_>)) {
        match token {
            UDP => self.read_udp(take),
            LISTENER => self.accept(),
            id => {
                if flags.contains(epoll::EventFlags::OUT) {
                    self.write_on(id, take);
                }
                if flags.intersects(epoll::EventFlags::IN | epoll::EventFlags::HUP | epoll::EventFlags::ERR) {
                    self.read_connection(id, take);
                }
            }
        }
    }

    fn read_udp(&mut self, take: &mut dyn FnMut(Input<'_>)) {
        let Some(udp) = &self.udp else { return };
        for _ in 0..TURN {
            match udp.recv_from(&mut self.buffer[..]) {
                Ok((n, addr)) => {
                    let from = Destination { transport: Transport::Udp, addr, connection: None };
                    take(Input::Received { from, bytes: &self.buffer[..n] });
                }
                Err(e) if e.kind() == ErrorKind::ConnectionRefused => {}
                Err(_) => return,
            }
        }
    }

    fn accept(&mut self) {
        let Some(listener) = &self.listener else { return };
        for _ in 0..TURN {
            let (stream, addr) = match listener.accept() {
                Ok(accepted) => accepted,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                // Out of files and its like: epoll would say at once that somebody still waits, so it is asked again
                // only when connections are swept.
                Err(_) => {
                    if let Some(epoll) = &self.epoll {
                        self.deaf = epoll::delete(epoll, listener).is_ok();
                    }
                    return;
                }
            };
            let same = self.connections.values().filter(|c| c.addr.ip() == addr.ip()).count();
            if self.connections.len() >= CONNECTIONS || same >= OF_ONE_ADDRESS {
                // Dropped here, which closes it.
                continue;
            }
            self.add(stream, addr);
            return;
        }
    }

    fn add(&mut self, stream: TcpStream, addr: SocketAddr) -> Option<u64> {
        let epoll = self.epoll.as_ref()?;
        stream.set_nonblocking(true).ok()?;
        let _ = stream.set_nodelay(true);
        let id = self.next;
        self.next += 1;
        epoll::add(epoll, &stream, epoll::EventData::new_u64(id), epoll::EventFlags::IN).ok()?;
        self.connections.insert(
            id,
            Connection {
                stream,
                addr,
                splitter: Splitter::new(),
                unsent: Default::default(),
                unsent_bytes: 0,
                wants_write: false,
                heard: self.now,
                partial_since: None,
            },
        );
        self.by_address.insert(addr, id);
        Some(id)
    }

    fn read_connection(&mut self, id: u64, take: &mut dyn FnMut(Input<'_>)) {
        let Some(c) = self.connections.get_mut(&id) else { return };
        let from = Destination { transport: Transport::Tcp, addr: c.addr, connection: Some(id) };
        let mut good = true;
        for _ in 0..4 {
            match c.stream.read(&mut self.buffer[..16_384]) {
                Ok(0) => good = false,
                Ok(n) => {
                    c.heard = self.now;
                    c.splitter.push(&self.buffer[..n]);
                    loop {
                        match c.splitter.next() {
                            Ok(Some(Frame::Message(bytes))) => {
                                c.partial_since = None;
                                take(Input::Received { from, bytes });
                            }
                            // One answer that waits to be written is answer enough for a flood of these.
                            Ok(Some(Frame::Ping)) => {
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
                Err(_) => good = false,
            }
            if !good {
                return self.close(id, take);
            }
        }
        if !c.unsent.is_empty() {
            self.write_on(id, take);
        }
    }

    fn close(&mut self, id: u64, take: &mut dyn FnMut(Input<'_>)) {
        let Some(c) = self.connections.remove(&id) else { return };
        if self.by_address.get(&c.addr) == Some(&id) {
            self.by_address.remove(&c.addr);
        }
        // A call outlives its connection; only what waits for an answer on it is told.
        take(Input::Unreachable {
            to: Destination { transport: Transport::Tcp, addr: c.addr, connection: Some(id) },
        });
    }

    /// Sends a message. Where it cannot go, its destination comes back.
    ///
    /// # Errors
    /// The destination.
    pub fn send(&mut self, now: Now, t: &Transmit) -> Result<(), Destination> {
        self.now = now.mono;
        if t.to.transport == Transport::Udp {
            let Some(udp) = &self.udp else { return Err(t.to) };
            return match udp.send_to(&t.bytes, t.to.addr) {
                // A full buffer drops it; SIP over UDP sends it again.
                Ok(_) => Ok(()),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionRefused) => Ok(()),
                Err(_) => Err(t.to),
            };
        }
        let known = t.to.connection.filter(|id| self.connections.contains_key(id));
        let id = match known.or_else(|| self.by_address.get(&t.to.addr).copied()) {
            Some(id) => id,
            None => self.connect(t.to.addr).ok_or(t.to)?,
        };
        let Some(c) = self.connections.get_mut(&id) else { return Err(t.to) };
        if c.unsent_bytes + t.bytes.len() > UNSENT {
            return Err(t.to);
        }
        c.unsent_bytes += t.bytes.len();
        c.unsent.push_back((t.bytes.clone(), 0));
        let mut broken = false;
        self.write_on(id, &mut |_| broken = true);
        if broken { Err(t.to) } else { Ok(()) }
    }

    fn connect(&mut self, addr: SocketAddr) -> Option<u64> {
        if self.connections.len() >= CONNECTIONS {
            return None;
        }
        let kind = socket2::Type::STREAM;
        let socket =
            socket2::Socket::new(socket2::Domain::for_address(addr), kind, Some(socket2::Protocol::TCP))
                .ok()?;
        socket.set_nonblocking(true).ok()?;
        match socket.connect(&addr.into()) {
            Ok(()) => {}
            Err(e) if e.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
            Err(_) => return None,
        }
        self.add(socket.into(), addr)
    }

    fn write_on(&mut self, id: u64, take: &mut dyn FnMut(Input<'_>)) {
        let Some(c) = self.connections.get_mut(&id) else { return };
        let mut broken = false;
        while let Some((bytes, done)) = c.unsent.front_mut() {
            match c.stream.write(&bytes[*done..]) {
                Ok(n) => {
                    *done += n;
                    c.unsent_bytes -= n;
                    if *done == bytes.len() {
                        c.unsent.pop_front();
                    }
                }
                // Not connected yet counts as not writable yet.
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => break,
                Err(_) => {
                    broken = true;
                    break;
                }
            }
        }
        let wants = !c.unsent.is_empty();
        if wants != c.wants_write {
            c.wants_write = wants;
            let flags =
                if wants { epoll::EventFlags::IN | epoll::EventFlags::OUT } else { epoll::EventFlags::IN };
            if let Some(epoll) = &self.epoll {
                let _ = epoll::modify(epoll, &c.stream, epoll::EventData::new_u64(id), flags);
            }
        }
        if broken {
            self.close(id, take);
        }
    }

    /// Closes connections that are too slow or too quiet. Call it now and then.
    pub fn sweep(&mut self, now: Now, take: &mut dyn FnMut(Input<'_>)) {
        self.now = now.mono;
        if now.mono < self.swept + 1_000_000 {
            return;
        }
        self.swept = now.mono;
        if let (true, Some(epoll), Some(listener)) = (self.deaf, &self.epoll, &self.listener) {
            let again =
                epoll::add(epoll, listener, epoll::EventData::new_u64(LISTENER), epoll::EventFlags::IN);
            self.deaf = again.is_err();
        }
        let old: Vec<u64> = self
            .connections
            .iter()
            .filter(|(_, c)| {
                c.partial_since.is_some_and(|t| now.mono - t > SLOW)
                    || now.mono.saturating_sub(c.heard) > QUIET
            })
            .map(|(id, _)| *id)
            .collect();
        for id in old {
            self.close(id, take);
        }
    }

    /// Addresses that are bound: UDP, TCP.
    pub fn addresses(&self) -> (Option<SocketAddr>, Option<SocketAddr>) {
        (
            self.udp.as_ref().and_then(|s| s.local_addr().ok()),
            self.listener.as_ref().and_then(|s| s.local_addr().ok()),
        )
    }
}
