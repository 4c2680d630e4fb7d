//! One question on its way: which server is asked how, and when the next one is.
//!
//! Each try has a socket of its own, whose port the system draws, and a random id: a forged answer has to guess both.

use super::message::{self, Said};
use sip::locate::{Answer, Question};
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most steps from one name to the next that are asked for one after the other.
const MAX_ALIASES: u8 = 8;
/// How often each server is asked.
const ROUNDS: usize = 2;
/// The longest message over TCP, its length before it.
const MAX_STREAM: usize = 2 + 65_535;
/// Datagrams that are looked at before other questions have their turn.
const MAX_AT_ONCE: usize = 16;

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For one server.
    pub attempt: Duration,
    /// For the answer, whoever gives it.
    pub whole: Duration,
}

/// A question on its way.
pub struct Flight {
    /// What was asked for.
    pub question: Question,
    /// What is asked now: the same, or the name that it stands for.
    asking: Question,
    aliases: u8,
    /// The shortest time that an alias on the way is true, in seconds.
    ttl: u32,
    servers: Arc<[SocketAddr]>,
    patience: Patience,
    tries: usize,
    extended: bool,
    id: u16,
    link: Link,
    attempt_ends: Instant,
    ends: Instant,
}

enum Link {
    None,
    Udp(UdpSocket),
    Tcp { stream: TcpStream, unsent: Vec<u8>, got: Vec<u8> },
}

impl Flight {
    /// Sends a question off; its answer if there is one at once.
    pub fn begin(
        now: Instant,
        question: Question,
        servers: Arc<[SocketAddr]>,
        patience: Patience,
    ) -> (Flight, Option<Answer>) {
        let mut flight = Flight {
            asking: question.clone(),
            question,
            aliases: 0,
            ttl: u32::MAX,
            servers,
            patience,
            tries: 0,
            extended: true,
            id: 0,
            link: Link::None,
            attempt_ends: now,
            ends: now + patience.whole,
        };
        let answer = flight.ask(now, false);
        (flight, answer)
    }

    /// What to wait for, and whether it is to be written to.
    pub fn waits_for(&self) -> Option<(BorrowedFd<'_>, bool)> {
        match &self.link {
            Link::None => None,
            Link::Udp(socket) => Some((socket.as_fd(), false)),
            Link::Tcp { stream, unsent, .. } => Some((stream.as_fd(), !unsent.is_empty())),
        }
    }

    /// When to call [`Flight::overdue`].
    pub fn deadline(&self) -> Instant {
        self.attempt_ends.min(self.ends)
    }

    /// A server did not answer in time.
    pub fn overdue(&mut self, now: Instant) -> Option<Answer> {
        self.next(now)
    }

    /// Its socket can be read or written.
    pub fn ready(&mut self, now: Instant) -> Option<Answer> {
        let mut buffer = [0u8; 4096];
        for _ in 0..MAX_AT_ONCE {
            let said = match &mut self.link {
                Link::None => return self.next(now),
                Link::Udp(socket) => match socket.recv(&mut buffer) {
                    Ok(n) => message::read(&buffer[..n], self.id, &self.asking),
                    Err(e) if e.kind() == ErrorKind::WouldBlock => return None,
                    Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                    // Nobody is there.
                    Err(_) => return self.next(now),
                },
                Link::Tcp { stream, unsent, got } => match exchange(stream, unsent, got, &mut buffer) {
                    Ok(Some(message)) => match message::read(message, self.id, &self.asking) {
                        // A stream carries nothing of others.
                        Said::NotOurs | Said::Truncated => Said::Useless,
                        said => said,
                    },
                    Ok(None) => return None,
                    Err(_) => return self.next(now),
                },
            };
            match said {
                Said::NotOurs => {}
                Said::Truncated => return self.ask(now, true),
                Said::Plain if self.extended => {
                    self.extended = false;
                    return self.ask(now, false);
                }
                Said::Plain | Said::Useless => return self.next(now),
                Said::Alias(name, ttl) => {
                    self.aliases += 1;
                    if self.aliases > MAX_ALIASES {
                        return Some(Answer::Failed);
                    }
                    self.ttl = self.ttl.min(ttl);
                    self.asking.name = name;
                    return self.ask(now, false);
                }
                Said::Answer(answer) => return Some(self.shorten(answer)),
            }
        }
        None
    }

    /// An answer is not true for longer than the aliases that led to it.
    fn shorten(&self, answer: Answer) -> Answer {
        match answer {
            Answer::Found { records, ttl } => Answer::Found { records, ttl: ttl.min(self.ttl) },
            Answer::Nothing { ttl } => Answer::Nothing { ttl: ttl.min(self.ttl) },
            Answer::Failed => Answer::Failed,
        }
    }

    /// Asks the next server, or gives up.
    fn next(&mut self, now: Instant) -> Option<Answer> {
        self.tries += 1;
        self.extended = true;
        self.ask(now, false)
    }

    /// Asks the server whose turn it is; the ones after it where it cannot even be asked.
    fn ask(&mut self, now: Instant, stream: bool) -> Option<Answer> {
        loop {
            let over = self.tries >= self.servers.len() * ROUNDS || now >= self.ends;
            let server = self.servers.get(self.tries % self.servers.len().max(1));
            let Some(server) = server.copied().filter(|_| !over) else {
                self.link = Link::None;
                return Some(Answer::Failed);
            };
            let mut id = [0; 2];
            if getrandom::fill(&mut id).is_err() {
                return Some(Answer::Failed);
            }
            self.id = u16::from_ne_bytes(id);
            let Some(bytes) = message::write(self.id, &self.asking, self.extended) else {
                return Some(Answer::Failed);
            };
            if let Ok(link) = open(server, &bytes, stream) {
                self.link = link;
                self.attempt_ends = now + self.patience.attempt;
                return None;
            }
            self.tries += 1;
        }
    }
}

fn open(server: SocketAddr, bytes: &[u8], stream: bool) -> std::io::Result<Link> {
    crate::attest::contacted::note_dns(server.ip());
    if stream {
        let (domain, kind) = (socket2::Domain::for_address(server), socket2::Type::STREAM);
        let socket = socket2::Socket::new(domain, kind, Some(socket2::Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        match socket.connect(&server.into()) {
            Ok(()) => {}
            Err(e) if e.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
            Err(e) => return Err(e),
        }
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes();
        let unsent = [&length[..], bytes].concat();
        return Ok(Link::Tcp { stream: socket.into(), unsent, got: Vec::new() });
    }
    let any: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    // Connected: the system drops what comes from elsewhere.
    socket.connect(server)?;
    socket.set_nonblocking(true)?;
    socket.send(bytes)?;
    Ok(Link::Udp(socket))
}

/// Writes and reads as far as the connection lets it; the message once it is whole.
fn exchange<'a>(
    stream: &mut TcpStream,
    unsent: &mut Vec<u8>,
    got: &'a mut Vec<u8>,
    buffer: &mut [u8],
) -> std::io::Result<Option<&'a [u8]>> {
    let waits = |e: &std::io::Error| matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected);
    if let Some(e) = stream.take_error()? {
        return Err(e);
    }
    while !unsent.is_empty() {
        match stream.write(unsent) {
            Ok(n) => {
                unsent.drain(..n);
            }
            Err(e) if waits(&e) => return Ok(None),
            Err(e) => return Err(e),
        }
    }
    loop {
        let whole = got.get(..2).map(|l| 2 + usize::from(u16::from_be_bytes([l[0], l[1]])));
        if let Some(whole) = whole.filter(|w| got.len() >= *w) {
            return Ok(got.get(2..whole));
        }
        match stream.read(buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(n) if got.len() + n <= MAX_STREAM + buffer.len() => got.extend_from_slice(&buffer[..n]),
            Ok(_) => return Err(ErrorKind::InvalidData.into()),
            Err(e) if waits(&e) => return Ok(None),
            Err(e) => return Err(e),
        }
    }
}
