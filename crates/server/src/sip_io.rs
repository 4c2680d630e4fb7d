//! SIP's sockets: datagrams, connections, and their bounds.

use crate::adapt::Now;
use rustix::event::epoll;
use sip::{Destination, Frame, Input, Splitter, Transmit, Transport};
use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
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

/// Whoever takes what arrives.
pub trait SipTaker {
    /// A message, or a broken connection.
    fn take(&mut self, input: Input<'_>);

    /// Whether a connection from there is taken.
    fn admits(&mut self, ip: IpAddr) -> bool;
}

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
    /// When something was heard. Only what has sent a message keeps its place by pings.
    heard: u64,
    spoke: bool,
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
    pub fn on_ready(&mut self, token: u64, flags: epoll::EventFlags, to: &mut dyn SipTaker) {
        match token {
            UDP => self.read_udp(to),
            LISTENER => self.accept(to),
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

    fn accept(&mut self, to: &mut dyn SipTaker) {
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
            // A place is for whoever may say something; dropping it here closes it.
            if !to.admits(addr.ip()) {
                continue;
            }
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
                spoke: false,
                partial_since: None,
            },
        );
        self.by_address.insert(addr, id);
        Some(id)
    }

    fn read_connection(&mut self, id: u64, to: &mut dyn SipTaker) {
        let Some(c) = self.connections.get_mut(&id) else { return };
        let from = Destination { transport: Transport::Tcp, addr: c.addr, connection: Some(id) };
        let mut good = true;
        for _ in 0..4 {
            match c.stream.read(&mut self.buffer[..16_384]) {
                Ok(0) => good = false,
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
                Err(_) => good = false,
            }
            if !good {
                return self.close(id, to);
            }
        }
        if !c.unsent.is_empty() {
            self.write_on(id, to);
        }
    }

    fn forget(&mut self, id: u64) -> Option<Connection> {
        let c = self.connections.remove(&id)?;
        if self.by_address.get(&c.addr) == Some(&id) {
            self.by_address.remove(&c.addr);
        }
        Some(c)
    }

    fn close(&mut self, id: u64, to: &mut dyn SipTaker) {
        let Some(c) = self.forget(id) else { return };
        // A call outlives its connection; only what waits for an answer on it is told.
        to.take(Input::Unreachable {
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
        if self.write(id) {
            return Ok(());
        }
        // Whoever sends tells of it.
        self.forget(id);
        Err(t.to)
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

    fn write_on(&mut self, id: u64, to: &mut dyn SipTaker) {
        if !self.write(id) {
            self.close(id, to);
        }
    }

    /// Writes what waits, as far as the connection takes it. False when it is broken.
    fn write(&mut self, id: u64) -> bool {
        let Some(c) = self.connections.get_mut(&id) else { return true };
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
        !broken
    }

    /// Closes connections that are too slow or too quiet. Call it now and then.
    pub fn sweep(&mut self, now: Now, to: &mut dyn SipTaker) {
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
            self.close(id, to);
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[derive(Default)]
    struct Taker {
        messages: usize,
        gone: usize,
    }

    impl SipTaker for Taker {
        fn take(&mut self, input: Input<'_>) {
            match input {
                Input::Received { .. } => self.messages += 1,
                _ => self.gone += 1,
            }
        }

        fn admits(&mut self, _: IpAddr) -> bool {
            true
        }
    }

    #[test]
    fn pings_alone_do_not_keep_a_connection() {
        let at = |s: u64| Now { mono: s * 1_000_000, wall: engine::Time(0) };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let mut sockets = SipSockets::new(None, Some(listener)).unwrap();
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        sockets.watch(epoll.as_fd()).unwrap();
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
}
