//! Connections that are quiet, retired, or a stranger's.

use super::accepting::SILENT_STRANGERS;
use super::handshakes::is_same_network;
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
    assert_eq!((sockets.connections.len(), taker.gone), (1, 1), "who said something stays, who did not goes");
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
    assert_eq!((sockets.connections.len(), taker.gone, taker.closed), (0, 1, 2), "and whoever waits is told");
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

/// Nothing is configured.
struct Nobody;

impl SecurePeers for Nobody {
    fn name(&self, _: SocketAddr, _: &[u8]) -> Option<&str> {
        None
    }

    fn instead_of(&self, _: u64) -> Option<Destination> {
        None
    }

    fn is_declared(&self, _: IpAddr) -> bool {
        true
    }

    fn whose(&self, _: &[u8]) -> Option<store::TenantId> {
        None
    }
}

#[test]
fn what_is_sent_goes_out_together_and_a_connection_that_broke_is_told_of_once() {
    let now = Now { mono: 1_000_000, wall: engine::Time(0) };
    let far = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut sockets = SipSockets::new(None, None, None, None).unwrap();
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
    sockets.watch(epoll.as_fd()).unwrap();
    let to = Destination { transport: Transport::Tcp, addr: far.local_addr().unwrap(), connection: None };
    let say = |sockets: &mut SipSockets, text: &[u8]| {
        let sent = sockets.send(now, &Transmit { to, bytes: Arc::from(text) }, &Nobody);
        sent.ok().expect("there is a way")
    };
    let over = say(&mut sockets, b"OPTIONS one");
    assert_eq!(say(&mut sockets, b"OPTIONS two"), over);
    let (mut theirs, _) = far.accept().unwrap();
    theirs.set_nonblocking(true).unwrap();
    assert_eq!(
        theirs.read(&mut [0; 64]).unwrap_err().kind(),
        ErrorKind::WouldBlock,
        "nothing goes out before"
    );
    assert!(sockets.write_all().is_ok());
    theirs.set_nonblocking(false).unwrap();
    let mut heard = [0; 22];
    theirs.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"OPTIONS oneOPTIONS two");
    // Whoever closes before having read everything resets the connection.
    say(&mut sockets, b"OPTIONS three");
    assert!(sockets.write_all().is_ok());
    drop(theirs);
    assert_eq!(say(&mut sockets, b"OPTIONS four"), over);
    assert_eq!(say(&mut sockets, b"OPTIONS five"), over);
    assert!(sockets.write_all().is_err_and(|broken| broken == Destination { connection: over, ..to }));
    assert!(sockets.write_all().is_ok());
    assert_ne!(say(&mut sockets, b"OPTIONS six"), over, "what comes next goes over another one");
}
