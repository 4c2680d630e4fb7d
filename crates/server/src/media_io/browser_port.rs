//! The one UDP port of all browsers: a thread reads it and gives each media thread what is for its browsers, in batches.
//! Media threads send through the port themselves.

use crate::adapt::PhoneId;
use crate::mailbox::{Mailbox, Sender, mailbox};
use crate::media_io::browser_routes::Routes;
use media::browser::{Identity, OfferError, Peer};
use rustix::event::epoll;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Datagrams that are read before they are given on.
const BATCH: usize = 64;
/// Batches that may wait for one media thread; what comes beyond is lost, as in the network.
pub(super) const WAITING: usize = 64;
/// Room for what comes while no thread has the processor, in bytes.
const SOCKET_BUFFER: usize = 4 * 1024 * 1024;
/// Ports that are tried.
const TRIES: u16 = 500;

/// Datagrams for one media thread.
#[derive(Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    parts: Vec<(PhoneId, SocketAddr, usize)>,
}

impl Batch {
    fn push(&mut self, phone: PhoneId, from: SocketAddr, datagram: &[u8]) {
        self.bytes.extend_from_slice(datagram);
        self.parts.push((phone, from, self.bytes.len()));
    }

    /// Each datagram: whose, where from, what.
    pub(super) fn iter(&self) -> impl Iterator<Item = (PhoneId, SocketAddr, &[u8])> {
        let mut begin = 0;
        self.parts.iter().filter_map(move |(phone, from, end)| {
            let piece = self.bytes.get(begin..*end);
            begin = *end;
            Some((*phone, *from, piece?))
        })
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.parts.clear();
    }
}

/// What all threads share of the port.
pub(super) struct Port {
    pub(super) socket: UdpSocket,
    routes: Mutex<Routes>,
}

impl Port {
    /// Who is where. Held for moments only.
    pub(super) fn routes(&self) -> MutexGuard<'_, Routes> {
        // A panic while it was held cannot leave it worse than with a browser too many.
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes connections of browsers' offers, on any thread.
#[derive(Clone)]
pub struct BrowserDoor {
    identity: Identity,
    began: Instant,
    address: SocketAddr,
}

impl BrowserDoor {
    /// Takes an offer; gives the connection, which the switch is to be told of, and the answer.
    ///
    /// # Errors
    /// What is wrong with the offer.
    pub fn accept(&self, offer: &[u8]) -> Result<(Box<Peer>, String), OfferError> {
        let now = self.began.elapsed().as_micros() as u64;
        let (peer, answer) = Peer::accept(&self.identity, self.began, now, self.address, offer)?;
        Ok((Box::new(peer), answer))
    }

    /// Where browsers send to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// What a media thread has of the port.
pub(super) struct PortEnd {
    pub(super) port: Arc<Port>,
    pub(super) batches: Mailbox<Batch>,
    /// Takes batches back once they were read.
    pub(super) read: SyncSender<Batch>,
}

/// What is left of it in the hands of whoever opened it.
pub(super) struct OpenPort {
    pub(super) port: Arc<Port>,
    pub(super) door: BrowserDoor,
    /// The reading thread ends when this is dropped.
    _alive: Sender<()>,
}

/// Opens the port and starts its thread; gives an end for each of so many media threads.
///
/// # Errors
/// When there is no such port, thread, key or file descriptor to be had.
pub(super) fn open(
    bind: IpAddr,
    advertised: IpAddr,
    port: u16,
    ports: (u16, u16),
    threads: usize,
    began: Instant,
) -> std::io::Result<(OpenPort, Vec<PortEnd>)> {
    let socket = bind_port(bind, port, ports)?;
    socket.set_nonblocking(true)?;
    // The system may allow less; it is only a help against bursts.
    let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(SOCKET_BUFFER);
    let address = SocketAddr::new(advertised, socket.local_addr()?.port());
    let identity = Identity::generate().ok_or_else(|| std::io::Error::other("no certificate can be made"))?;
    let port = Arc::new(Port { socket, routes: Mutex::default() });
    let (read, spare) = sync_channel(WAITING * threads);
    let (mut outs, mut ends) = (Vec::new(), Vec::new());
    for _ in 0..threads {
        let (out, batches) = mailbox(WAITING)?;
        outs.push(Out { sender: out, batch: Batch::default() });
        ends.push(PortEnd { port: port.clone(), batches, read: read.clone() });
    }
    let (alive, end) = mailbox(1)?;
    let reader = Reader::new(port.clone(), outs, spare, end, began)?;
    crate::vital::spawn("browsers", move || reader.run())?;
    Ok((OpenPort { port, door: BrowserDoor { identity, began, address }, _alive: alive }, ends))
}

/// The port that was named, or the last free one of those for audio.
fn bind_port(bind: IpAddr, port: u16, (first, last): (u16, u16)) -> std::io::Result<UdpSocket> {
    if port != 0 {
        return UdpSocket::bind((bind, port)).map_err(|e| {
            std::io::Error::new(e.kind(), crate::config::not_opened("media.browser_port", port, &e))
        });
    }
    let free = (first..=last).rev().take(TRIES.into()).find_map(|port| UdpSocket::bind((bind, port)).ok());
    free.ok_or_else(|| std::io::Error::other("no port of media.ports is free for browsers"))
}

struct Out {
    sender: Sender<Batch>,
    batch: Batch,
}

const SOCKET: u64 = 0;
const END: u64 = 1;

struct Reader {
    port: Arc<Port>,
    outs: Vec<Out>,
    spare: Receiver<Batch>,
    end: Mailbox<()>,
    began: Instant,
    epoll: OwnedFd,
}

impl Reader {
    fn new(
        port: Arc<Port>,
        outs: Vec<Out>,
        spare: Receiver<Batch>,
        end: Mailbox<()>,
        began: Instant,
    ) -> std::io::Result<Reader> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &port.socket, epoll::EventData::new_u64(SOCKET), epoll::EventFlags::IN)?;
        epoll::add(&epoll, end.fd(), epoll::EventData::new_u64(END), epoll::EventFlags::IN)?;
        Ok(Reader { port, outs, spare, end, began, epoll })
    }

    fn run(mut self) -> Result<(), String> {
        let mut events = Vec::with_capacity(4);
        let mut input = Box::new([0; 2_048]);
        loop {
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(format!("the thread of browsers cannot wait any more: {e}")),
            }
            let mut ready = false;
            for event in events.drain(..) {
                match event.data.u64() {
                    SOCKET => ready = true,
                    _ => {
                        self.end.quiet();
                        let _ = self.end.take();
                        if self.end.is_closed() {
                            return Ok(());
                        }
                    }
                }
            }
            if ready {
                self.read(&mut input[..]);
            }
        }
    }

    /// Reads what is there, up to a batch, and gives it on.
    fn read(&mut self, input: &mut [u8]) {
        let now = self.began.elapsed().as_micros() as u64;
        for _ in 0..BATCH {
            let (n, from) = match self.port.socket.recv_from(input) {
                Ok(got) => got,
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => break,
                // An ICMP answer to what was sent.
                Err(_) => continue,
            };
            let from = SocketAddr::new(from.ip().to_canonical(), from.port());
            let Some(datagram) = input.get(..n) else { continue };
            let Some((thread, phone)) = self.port.routes().route(now, from, datagram) else { continue };
            if let Some(out) = self.outs.get_mut(thread) {
                out.batch.push(phone, from, datagram);
            }
        }
        for out in &mut self.outs {
            if out.batch.parts.is_empty() {
                continue;
            }
            let mut empty = self.spare.try_recv().unwrap_or_default();
            empty.clear();
            let full = std::mem::replace(&mut out.batch, empty);
            // A thread that is far behind loses what comes, as the network would.
            if let Err(mut lost) = out.sender.try_send(full) {
                lost.clear();
                out.batch = lost;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_gives_what_was_put_in() {
        let mut batch = Batch::default();
        let from = SocketAddr::from(([127, 0, 0, 1], 1));
        for n in 1..4u64 {
            batch.push(PhoneId(n), from, &vec![n as u8; n as usize]);
        }
        let got: Vec<_> = batch.iter().map(|(phone, _, bytes)| (phone.0, bytes.to_vec())).collect();
        assert_eq!(got, [(1, vec![1]), (2, vec![2, 2]), (3, vec![3, 3, 3])]);
        batch.clear();
        assert_eq!(batch.iter().count(), 0);
    }

    #[test]
    fn the_port_is_the_last_free_one_for_audio_and_its_thread_ends() {
        let loopback = IpAddr::from([127, 0, 0, 1]);
        let (held, ends) = open(loopback, loopback, 0, (9_100, 9_190), 2, Instant::now()).unwrap();
        let port = held.door.address().port();
        assert!((9_100..=9_190).contains(&port) && ends.len() == 2);
        let (again, _ends) = open(loopback, loopback, 0, (9_100, 9_190), 1, Instant::now()).unwrap();
        assert!(again.door.address().port() < port);
        let taken = open(loopback, loopback, port, (9_100, 9_190), 1, Instant::now()).err().unwrap();
        assert!(taken.to_string().contains("browser_port"), "{taken}");
        assert_eq!(
            held.door.accept(b"no offer").err(),
            Some(OfferError::Malformed(media::sdp::SdpError::NotSdp))
        );
    }
}
