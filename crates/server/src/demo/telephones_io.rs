//! Sockets for the telephones of the made-up Teams: one's own is picked up by a click on the page, the others pick up by
//! themselves after a while.

use crate::demo::microsoft_io;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sim::microsoft::client::{PhoneState, PhoneWish};
use sim::{Audio, PhoneEvent, PhoneId, Phones, PhonesInput, PhonesTransmit};
use sip::Time;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The name of one's own telephone.
pub const MINE: &str = "desk-phone";
/// Calls at a time; whoever calls beside them hears that it is busy.
const MOST: usize = 12;
/// After how long the other side picks up: long enough to see it ring, in microseconds.
const PICKS_UP_AFTER: u64 = 3_000_000;
/// The longest pause between two looks at what was clicked, in microseconds.
const LOOK: u64 = 100_000;
/// What the persons say: a tone each.
const MY_HZ: u32 = 440;
const THEIR_HZ: u32 = 660;
/// Tries to find two ports side by side for audio.
const TRIES: usize = 50;
/// How long goodbyes may take at the end.
const GOODBYE: Duration = Duration::from_secs(1);

/// Telephones that are there.
pub struct Running {
    /// Where they are called.
    pub addr: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Running {
    /// All of them hang up, and are gone.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.join();
    }
}

/// Starts them at this address, of which the system chooses the port. They show what they do in the made-up Teams.
///
/// # Errors
/// A sentence.
pub fn start(at: IpAddr, teams: Arc<microsoft_io::Running>) -> Result<Running, String> {
    let io = |e: std::io::Error| format!("the telephones of the made-up Teams: {e}");
    let sip = UdpSocket::bind((at, 0)).map_err(io)?;
    sip.set_nonblocking(true).map_err(io)?;
    let addr = sip.local_addr().map_err(io)?;
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    let telephones = Telephones {
        phones: Phones::new(addr, at, u64::from(std::process::id())),
        sip,
        at,
        media: BTreeMap::new(),
        calls: BTreeMap::new(),
        teams,
        began: Instant::now(),
    };
    let thread = std::thread::Builder::new()
        .name("telephones".into())
        .spawn(move || telephones.run(&asked))
        .map_err(io)?;
    Ok(Running { addr, stop, thread })
}

/// One call.
struct Call {
    called: String,
    since: Time,
    /// The even port of its audio, once it is picked up.
    port: Option<u16>,
}

struct Telephones {
    phones: Phones,
    sip: UdpSocket,
    at: IpAddr,
    media: BTreeMap<u16, UdpSocket>,
    calls: BTreeMap<PhoneId, Call>,
    teams: Arc<microsoft_io::Running>,
    began: Instant,
}

impl Telephones {
    fn now(&self) -> Time {
        Time(self.began.elapsed().as_micros() as u64)
    }

    fn run(mut self, stop: &AtomicBool) {
        let mut leaving: Option<Instant> = None;
        loop {
            if stop.load(Ordering::Relaxed) && leaving.is_none() {
                leaving = Some(Instant::now());
                for phone in self.calls.keys().copied().collect::<Vec<_>>() {
                    self.phones.hang_up(self.now(), phone);
                }
            }
            if leaving.is_some_and(|at| self.calls.is_empty() || at.elapsed() > GOODBYE) {
                self.drain();
                return;
            }
            self.do_wishes();
            self.pick_up_in_time();
            self.drain();
            self.wait();
            let now = self.now();
            self.phones.handle(now, PhonesInput::Tick);
            self.drain();
            while let Some(event) = self.phones.poll_event() {
                self.took(event);
            }
        }
    }

    /// What was clicked on the page.
    fn do_wishes(&mut self) {
        for (called, wish) in self.teams.with(|m, _| m.phone_wishes()) {
            let Some(phone) = self.calls.iter().find(|(_, c)| c.called == called).map(|(p, _)| *p) else {
                continue;
            };
            match wish {
                PhoneWish::Answer => self.pick_up(phone, MY_HZ),
                PhoneWish::HangUp if self.calls.get(&phone).is_some_and(|c| c.port.is_none()) => {
                    self.phones.decline(self.now(), phone, 603);
                    self.gone(phone);
                }
                PhoneWish::HangUp => self.phones.hang_up(self.now(), phone),
            }
        }
    }

    fn pick_up_in_time(&mut self) {
        let now = self.now();
        let due = |c: &Call| {
            c.called != MINE && c.port.is_none() && now.0.saturating_sub(c.since.0) >= PICKS_UP_AFTER
        };
        for phone in self.calls.iter().filter(|(_, c)| due(c)).map(|(p, _)| *p).collect::<Vec<_>>() {
            self.pick_up(phone, THEIR_HZ);
        }
    }

    fn pick_up(&mut self, phone: PhoneId, hz: u32) {
        let Some(call) = self.calls.get_mut(&phone).filter(|c| c.port.is_none()) else { return };
        let found = pair(self.at);
        match found {
            Some((port, rtp, rtcp)) => {
                call.port = Some(port);
                self.media.insert(port, rtp);
                self.media.insert(port + 1, rtcp);
                self.phones.answer(self.now(), phone, Audio::Tone(hz), port);
            }
            None => {
                self.phones.decline(self.now(), phone, 500);
                self.gone(phone);
            }
        }
    }

    fn took(&mut self, event: PhoneEvent) {
        match event {
            PhoneEvent::Rings { phone, user } => {
                let is_free = self.calls.len() < MOST && self.calls.values().all(|c| c.called != user);
                if !is_free {
                    return self.phones.decline(self.now(), phone, 486);
                }
                self.phones.ring(self.now(), phone);
                self.show(&user, PhoneState::Rings);
                self.calls.insert(phone, Call { called: user, since: self.now(), port: None });
            }
            PhoneEvent::Answered { phone } => {
                if let Some(called) = self.calls.get(&phone).map(|c| c.called.clone()) {
                    self.show(&called, PhoneState::Talks);
                }
            }
            PhoneEvent::Refused { phone, .. }
            | PhoneEvent::GaveUp { phone }
            | PhoneEvent::Ended { phone, .. } => self.gone(phone),
            _ => {}
        }
    }

    fn show(&self, called: &str, state: PhoneState) {
        self.teams.with(|m, _| m.phone_is(called, state));
    }

    fn gone(&mut self, phone: PhoneId) {
        let Some(call) = self.calls.remove(&phone) else { return };
        self.show(&call.called, PhoneState::Idle);
        // The last report of a call's audio is on its way already.
        self.drain();
        if let Some(port) = call.port {
            self.media.remove(&port);
            self.media.remove(&(port + 1));
        }
    }

    fn drain(&mut self) {
        while let Some(transmit) = self.phones.poll_transmit() {
            // What a socket refuses is lost, as on a network.
            let _ = match transmit {
                PhonesTransmit::Sip { to, bytes } => self.sip.send_to(&bytes, to),
                PhonesTransmit::Rtp { port, to, bytes } => match self.media.get(&port) {
                    Some(socket) => socket.send_to(bytes, to),
                    None => Ok(0),
                },
            };
        }
    }

    /// Waits for a packet, a timer or the time of the next look, and takes what came.
    fn wait(&mut self) {
        let now = self.now();
        let wait = self.phones.deadline().map_or(LOOK, |t| t.0.saturating_sub(now.0)).min(LOOK);
        let mut sockets = vec![PollFd::new(&self.sip, PollFlags::IN)];
        sockets.extend(self.media.values().map(|s| PollFd::new(s, PollFlags::IN)));
        let wait = Timespec { tv_sec: 0, tv_nsec: (wait * 1_000) as i64 };
        if poll(&mut sockets, Some(&wait)).is_err() {
            return;
        }
        drop(sockets);
        let mut buffer = [0; 65_536];
        let began = self.began;
        let now = || Time(began.elapsed().as_micros() as u64);
        while let Ok((n, from)) = self.sip.recv_from(&mut buffer) {
            self.phones.handle(now(), PhonesInput::Sip { from, bytes: buffer.get(..n).unwrap_or_default() });
        }
        for (port, socket) in &self.media {
            while let Ok((n, from)) = socket.recv_from(&mut buffer) {
                let bytes = buffer.get(..n).unwrap_or_default();
                self.phones.handle(now(), PhonesInput::Rtp { port: *port, from, bytes });
            }
        }
    }
}

/// Two free ports side by side, the first of them even.
fn pair(at: IpAddr) -> Option<(u16, UdpSocket, UdpSocket)> {
    (0..TRIES).find_map(|_| {
        let rtp = UdpSocket::bind((at, 0)).ok()?;
        let port = rtp.local_addr().ok()?.port();
        let rtcp = (port % 2 == 0).then(|| UdpSocket::bind((at, port + 1)).ok()).flatten()?;
        rtp.set_nonblocking(true).ok()?;
        rtcp.set_nonblocking(true).ok()?;
        Some((port, rtp, rtcp))
    })
}
