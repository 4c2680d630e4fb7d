//! The machines of Teams' SIP proxy, made up by `sim`, on real TLS sockets: a thread carries what they say and hear.

use crate::desk::TONES;
use crate::secure_sip::{Authority, client_of};
use crate::wireshark::{Tapped, Wire};
use media::tone::loudest;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use sim::teams_proxy::{
    TeamsCall, TeamsEvent, TeamsInput, TeamsOutput, TeamsProxy, TeamsSettings, TeamsTenant,
};
use sip::{Frame, Splitter, Time};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// The names of the machines; all are of one certificate.
pub const HOSTS: [&str; 3] = ["sip.pstnhub.test", "sip2.pstnhub.test", "sip3.pstnhub.test"];

/// What thread and test share.
struct Shared {
    proxy: TeamsProxy,
    events: Vec<TeamsEvent>,
    media: BTreeMap<u16, UdpSocket>,
    /// Connections that others opened to a machine, and how often they were kept awake.
    opened: [(u32, u32); 3],
    /// Connections are to be closed.
    hang_up: bool,
    /// Nobody is to listen for this machine any more.
    shut: Option<usize>,
    /// What is shown and believed from now on.
    renewed: Option<(Arc<ServerConfig>, Arc<ClientConfig>)>,
    ends: bool,
}

pub struct Machines {
    shared: Arc<(Mutex<Shared>, Condvar)>,
    pub addrs: Vec<SocketAddr>,
    began: Instant,
    thread: Option<std::thread::JoinHandle<()>>,
    waker: UdpSocket,
    controller: SocketAddr,
    /// What passes here.
    pub wire: Wire,
}

struct Open {
    socket: TcpStream,
    tls: rustls::Connection,
    host: usize,
    ours: bool,
    /// Whom it was opened to.
    to: String,
    told: bool,
    splitter: Splitter,
    /// What is said once the handshake is over.
    waits: Vec<u8>,
    wire: Wire,
}

/// What carries messages.
struct Carrier {
    shared: Arc<(Mutex<Shared>, Condvar)>,
    began: Instant,
    listeners: BTreeMap<usize, TcpListener>,
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    controller: SocketAddr,
    open: BTreeMap<u64, Open>,
    next: u64,
    wake: UdpSocket,
    wire: Wire,
}

fn names(connection: &rustls::Connection) -> Vec<String> {
    let Some(first) = connection.peer_certificates().and_then(<[_]>::first) else { return Vec::new() };
    let certificate = webpki::EndEntityCert::try_from(first).unwrap();
    certificate.valid_dns_names().map(str::to_string).collect()
}

/// What the machines show and believe, as the authority's folder has it now.
fn configs(authority: &Authority, wire: &Wire) -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let (cert, key) = (authority.path("teams.pem"), authority.path("teams.key"));
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority.path("ca.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(
            vec![CertificateDer::from_pem_file(&cert).unwrap()],
            PrivateKeyDer::from_pem_file(&key).unwrap(),
        )
        .unwrap();
    server.key_log = Arc::new(wire.clone());
    let mut asking = client_of(&authority.path("ca.pem"), Some((cert, key)));
    asking.key_log = Arc::new(wire.clone());
    (Arc::new(server), Arc::new(asking))
}

impl Machines {
    /// Machines that show a certificate of this authority for `*.pstnhub.test`. Border controllers are at one address,
    /// whatever they are called.
    pub fn start(authority: &Authority, tenants: &[(&str, &[&str])], controller: SocketAddr) -> Machines {
        authority.sign_for("serverAuth", "teams", "DNS:*.pstnhub.test", 30);
        let wire = Wire::default();
        let (server, asking) = configs(authority, &wire);
        let listeners: Vec<TcpListener> =
            HOSTS.iter().map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        listeners.iter().for_each(|l| l.set_nonblocking(true).unwrap());
        let addrs = listeners.iter().map(|l| l.local_addr().unwrap()).collect();
        let tenant = |(domain, numbers): &(&str, &[&str])| TeamsTenant {
            domain: (*domain).into(),
            numbers: numbers.iter().map(|n| (*n).into()).collect(),
        };
        let proxy = TeamsProxy::new(TeamsSettings {
            hosts: HOSTS.iter().map(|h| (*h).into()).collect(),
            tenants: tenants.iter().map(tenant).collect(),
            media_ip: [127, 0, 0, 1].into(),
            seed: u64::from(controller.port()),
        });
        let shared = Shared {
            proxy,
            events: Vec::new(),
            media: BTreeMap::new(),
            opened: Default::default(),
            hang_up: false,
            shut: None,
            renewed: None,
            ends: false,
        };
        let shared = Arc::new((Mutex::new(shared), Condvar::new()));
        let wake = UdpSocket::bind("127.0.0.1:0").unwrap();
        wake.set_nonblocking(true).unwrap();
        let waker = UdpSocket::bind("127.0.0.1:0").unwrap();
        waker.connect(wake.local_addr().unwrap()).unwrap();
        let began = Instant::now();
        let carrier = Carrier {
            shared: shared.clone(),
            began,
            listeners: listeners.into_iter().enumerate().collect(),
            server,
            client: asking,
            controller,
            open: BTreeMap::new(),
            next: 1,
            wake,
            wire: wire.clone(),
        };
        let thread = Some(std::thread::spawn(move || carrier.run()));
        Machines { shared, addrs, began, thread, waker, controller, wire }
    }

    /// The same, for a border controller on a port that is free, whose certificate is for these names, as `DNS:a,DNS:b`.
    pub fn beside(names: &str, tenants: &[(&str, &[&str])]) -> (Authority, Machines) {
        let authority = Authority::new();
        authority.sign_for("serverAuth,clientAuth", "ours", names, 30);
        let at = SocketAddr::from(([127, 0, 0, 1], crate::program::free_port()));
        let machines = Machines::start(&authority, tenants, at);
        (authority, machines)
    }

    /// The port where the border controller listens.
    pub fn controller(&self) -> u16 {
        self.controller.port()
    }

    /// What a trunk says of the machines, for its `teams`.
    pub fn hosts(&self) -> String {
        let one = |(name, addr): (&&str, &SocketAddr)| format!("{{name: {name}, address: \"{addr}\"}}");
        HOSTS.iter().zip(&self.addrs).map(one).collect::<Vec<_>>().join(", ")
    }

    /// Does something at the proxy.
    pub fn act<T>(&self, act: impl FnOnce(&mut TeamsProxy, Time) -> T) -> T {
        let done = {
            let mut shared = self.shared.0.lock().unwrap();
            act(&mut shared.proxy, Time(self.began.elapsed().as_micros() as u64))
        };
        let _ = self.waker.send(&[1]);
        done
    }

    /// An address for one call's audio.
    pub fn audio(&self) -> SocketAddr {
        loop {
            let rtp = UdpSocket::bind("127.0.0.1:0").unwrap();
            let addr = rtp.local_addr().unwrap();
            if addr.port() % 2 == 1 {
                continue;
            }
            let Ok(rtcp) = UdpSocket::bind(("127.0.0.1", addr.port() + 1)) else { continue };
            let mut shared = self.shared.0.lock().unwrap();
            for socket in [rtp, rtcp] {
                socket.set_nonblocking(true).unwrap();
                shared.media.insert(socket.local_addr().unwrap().port(), socket);
            }
            return addr;
        }
    }

    /// How many connections were opened to a machine, and how often something was said on them to keep them awake.
    pub fn connections(&self, host: usize) -> (u32, u32) {
        self.shared.0.lock().unwrap().opened[host]
    }

    /// From now on the machines show another certificate, with another key, for the same names.
    pub fn renew_certificate(&self, authority: &Authority) {
        authority.sign_for("serverAuth", "teams", "DNS:*.pstnhub.test", 60);
        self.shared.0.lock().unwrap().renewed = Some(configs(authority, &self.wire));
        let _ = self.waker.send(&[1]);
    }

    /// Sends a datagram from one of the ports for audio.
    pub fn send_from(&self, port: u16, to: u16, bytes: &[u8]) {
        let shared = self.shared.0.lock().unwrap();
        shared.media[&port].send_to(bytes, ("127.0.0.1", to)).unwrap();
    }

    /// Closes all connections.
    pub fn hang_up_connections(&self) {
        self.shared.0.lock().unwrap().hang_up = true;
        let _ = self.waker.send(&[1]);
    }

    /// From now on connections to a machine are refused, and those that it has are gone.
    pub fn shut(&self, host: usize) {
        self.shared.0.lock().unwrap().shut = Some(host);
        let _ = self.waker.send(&[1]);
        while self.shared.0.lock().unwrap().shut.is_some() {
            crate::program::look_again();
        }
    }

    /// Takes out the first event that `pick` wants, waiting for it. A broken rule is a failure.
    #[track_caller]
    pub fn event<T>(&self, what: &str, pick: impl Fn(&TeamsEvent) -> Option<T>) -> T {
        let until = Instant::now() + Duration::from_secs(30);
        let (lock, changed) = &*self.shared;
        let mut shared = lock.lock().unwrap();
        loop {
            if let Some(at) = shared.events.iter().position(|e| pick(e).is_some()) {
                return pick(&shared.events.remove(at)).unwrap();
            }
            let broken = shared.events.iter().any(|e| matches!(e, TeamsEvent::Broken { .. }));
            if broken || Instant::now() >= until {
                let messages: Vec<&str> = shared.proxy.messages().collect();
                panic!("{what}: never happened; events {:?}\n{}", shared.events, messages.join("\n"));
            }
            shared = changed.wait_timeout(shared, Duration::from_millis(200)).unwrap().0;
        }
    }

    /// The next user who is called: the call, the machine, and who calls whom.
    #[track_caller]
    pub fn offered(&self) -> (TeamsCall, usize, String, String) {
        self.event("a user is called", |e| match e {
            TeamsEvent::Offered { call, host, number, from } => {
                Some((*call, *host, number.clone(), from.clone()))
            }
            _ => None,
        })
    }

    #[track_caller]
    pub fn up(&self, call: TeamsCall) {
        self.event("the call is up", |e| (*e == TeamsEvent::Up { call }).then_some(()));
    }

    /// Waits until a change of a call's session is agreed to.
    #[track_caller]
    pub fn changed(&self, call: TeamsCall) {
        self.event("the session is changed", |e| (*e == TeamsEvent::Changed { call }).then_some(()));
    }

    #[track_caller]
    pub fn over(&self, call: TeamsCall) {
        self.event("the call is over", |e| (*e == TeamsEvent::Over { call }).then_some(()));
    }

    /// Waits until each machine was asked and was answered.
    #[track_caller]
    pub fn ready(&self) {
        self.ready_at(0..HOSTS.len());
    }

    /// The same of these machines alone.
    #[track_caller]
    pub fn ready_at(&self, hosts: std::ops::Range<usize>) {
        for n in hosts {
            self.event("a machine is asked", |e| {
                matches!(e, TeamsEvent::Asked { host, .. } if *host == n).then_some(())
            });
            self.event("a machine is answered", |e| {
                (*e == TeamsEvent::Answers { host: n, code: 200 }).then_some(())
            });
        }
    }

    /// Waits until the user of a call hears this tone.
    #[track_caller]
    pub fn hears(&self, call: TeamsCall, hz: f64) {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let heard = self.act(|proxy, _| proxy.heard(call));
            // A whole second of it, so that a recording holds as much.
            let tone = |part: &[i16]| loudest(part, 8_000, &TONES);
            let found: Vec<_> = heard.chunks_exact(2_000).map(tone).collect();
            if found == [Some(hz); 4] {
                return;
            }
            assert!(Instant::now() < until, "{hz} Hz is never heard, but {found:?}");
            crate::program::look_again();
        }
    }

    /// All messages so far.
    pub fn messages(&self) -> Vec<String> {
        self.act(|proxy, _| proxy.messages().map(String::from).collect())
    }

    /// Nothing was broken by whoever spoke with the machines.
    #[track_caller]
    pub fn nothing_broken(&self) {
        let shared = self.shared.0.lock().unwrap();
        let broken: Vec<_> =
            shared.events.iter().filter(|e| matches!(e, TeamsEvent::Broken { .. })).collect();
        assert!(broken.is_empty(), "{broken:?}");
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        if let Ok(mut shared) = self.shared.0.lock() {
            shared.ends = true;
        }
        let _ = self.waker.send(&[1]);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Carrier {
    fn now(&self) -> Time {
        Time(self.began.elapsed().as_micros() as u64)
    }

    fn run(mut self) {
        let shared = self.shared.clone();
        loop {
            let Ok(mut guard) = shared.0.lock() else { return };
            if guard.ends {
                return;
            }
            if let Some((server, client)) = guard.renewed.take() {
                (self.server, self.client) = (server, client);
            }
            let shut = guard.shut.take();
            if let Some(host) = shut {
                self.listeners.remove(&host);
            }
            let hangs_up = std::mem::take(&mut guard.hang_up);
            let over = self.open.extract_if(.., |_, c| hangs_up || shut == Some(c.host));
            let over: Vec<u64> = over.map(|(connection, _)| connection).collect();
            for connection in over {
                guard.proxy.handle(self.now(), TeamsInput::Closed { connection });
            }
            self.read_all(&mut guard);
            let now = self.now();
            guard.proxy.handle(now, TeamsInput::Tick);
            while let Some(output) = guard.proxy.poll_output() {
                self.carry(&guard, output);
            }
            while let Some(event) = guard.proxy.poll_event() {
                guard.events.push(event);
            }
            self.open.values_mut().for_each(Open::write);
            let wait = guard.proxy.deadline().map_or(20_000, |t| t.0.saturating_sub(now.0)).clamp(1, 20_000);
            let media: Vec<UdpSocket> = guard.media.values().map(|s| s.try_clone().unwrap()).collect();
            drop(guard);
            shared.1.notify_all();
            let mut fds = vec![PollFd::new(&self.wake, PollFlags::IN)];
            fds.extend(self.listeners.values().map(|l| PollFd::new(l, PollFlags::IN)));
            fds.extend(self.open.values().map(|c| PollFd::new(&c.socket, PollFlags::IN)));
            fds.extend(media.iter().map(|s| PollFd::new(s, PollFlags::IN)));
            let _ = poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: (wait * 1_000) as i64 }));
            drop(fds);
            while self.wake.recv(&mut [0; 8]).is_ok() {}
        }
    }

    fn read_all(&mut self, shared: &mut Shared) {
        let now = self.now();
        let mut came = Vec::new();
        for (host, listener) in &self.listeners {
            came.extend(std::iter::from_fn(|| listener.accept().ok()).map(|(socket, _)| (*host, socket)));
        }
        for (host, socket) in came {
            let tls = ServerConnection::new(self.server.clone()).unwrap();
            self.add(socket, tls.into(), host, false, String::new());
        }
        let mut gone = Vec::new();
        for (id, c) in &mut self.open {
            let alive = c.read();
            if !c.told && !c.tls.is_handshaking() {
                c.told = true;
                shared.opened[c.host].0 += u32::from(!c.ours);
                let (connection, host, ours, names) = (*id, c.host, c.ours, names(&c.tls));
                shared.proxy.handle(now, TeamsInput::Opened { connection, host, ours, names });
            }
            while let Ok(Some(frame)) = c.splitter.next() {
                match frame {
                    Frame::Message(bytes) => {
                        shared.proxy.handle(now, TeamsInput::Received { connection: *id, bytes });
                    }
                    Frame::Ping => shared.opened[c.host].1 += u32::from(!c.ours),
                }
            }
            if !alive {
                gone.push(*id);
            }
        }
        for connection in gone {
            self.open.remove(&connection);
            shared.proxy.handle(now, TeamsInput::Closed { connection });
        }
        let mut buffer = [0; 2_048];
        let ports: Vec<u16> = shared.media.keys().copied().collect();
        for port in ports {
            while let Ok((n, from)) = shared.media[&port].recv_from(&mut buffer) {
                self.wire.datagram(from, SocketAddr::from(([127, 0, 0, 1], port)), &buffer[..n]);
                shared.proxy.handle(now, TeamsInput::Rtp { port, from, bytes: &buffer[..n] });
            }
        }
    }

    fn add(
        &mut self,
        socket: TcpStream,
        tls: rustls::Connection,
        host: usize,
        ours: bool,
        to: String,
    ) -> u64 {
        socket.set_nonblocking(true).unwrap();
        socket.set_nodelay(true).unwrap();
        let id = self.next;
        self.next += 1;
        let (told, splitter, waits, wire) = (false, Splitter::new(), Vec::new(), self.wire.clone());
        self.open.insert(id, Open { socket, tls, host, ours, to, told, splitter, waits, wire });
        id
    }

    fn carry(&mut self, shared: &Shared, output: TeamsOutput) {
        match output {
            TeamsOutput::Answer { connection, bytes } => {
                if let Some(c) = self.open.get_mut(&connection) {
                    c.waits.extend(bytes);
                }
            }
            TeamsOutput::Request { host, to, fresh, bytes } => {
                let same = |c: &Open| c.ours && c.host == host && c.to == to;
                let known = self.open.iter().filter(|_| !fresh).find(|(_, c)| same(c)).map(|(id, _)| *id);
                let id = match known {
                    Some(id) => id,
                    None => {
                        let Ok(socket) = TcpStream::connect(self.controller) else { return };
                        let name = ServerName::try_from(to.clone()).unwrap();
                        let tls = ClientConnection::new(self.client.clone(), name).unwrap();
                        self.add(socket, tls.into(), host, true, to)
                    }
                };
                if let Some(c) = self.open.get_mut(&id) {
                    c.waits.extend(bytes);
                }
            }
            TeamsOutput::Rtp { port, to, bytes } => {
                if let Some(socket) = shared.media.get(&port) {
                    self.wire.datagram(SocketAddr::from(([127, 0, 0, 1], port)), to, &bytes);
                    let _ = socket.send_to(&bytes, to);
                }
            }
        }
    }
}

impl Open {
    /// Reads what is there. False when the connection is over.
    fn read(&mut self) -> bool {
        loop {
            match self.tls.read_tls(&mut Tapped { socket: &mut self.socket, wire: &self.wire }) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return false,
            }
            if self.tls.process_new_packets().is_err() {
                self.write();
                return false;
            }
            let mut text = Vec::new();
            let _ = self.tls.reader().read_to_end(&mut text);
            self.splitter.push(&text);
        }
        self.write();
        true
    }

    fn write(&mut self) {
        // An answer to a message may be due before its sender is known to the proxy.
        if !self.waits.is_empty() && !self.tls.is_handshaking() {
            let _ = self.tls.writer().write_all(&std::mem::take(&mut self.waits));
        }
        let mut socket = Tapped { socket: &mut self.socket, wire: &self.wire };
        while self.tls.wants_write() && self.tls.write_tls(&mut socket).is_ok_and(|n| n > 0) {}
    }
}
