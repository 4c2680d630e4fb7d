//! A media thread: waits in epoll for packets of its legs, for orders, and for the next moment that a leg plays.
//!
//! Nothing is allocated per packet: one buffer in, one out, timers in a heap that keeps its space.

use crate::adapt::{MediaCommand, MediaId, MediaReport, PhoneId, PhoneReport, RecordingKey, Reported};
use crate::mailbox::{Mailbox, Sender};
use crate::media_io::browser_port::PortEnd;
use crate::media_io::browsers::{BrowserOrder, Browsers};
use crate::media_io::dropped::{self, Counted};
use crate::media_io::early::{Early, canonical};
use crate::media_io::moving::{Awaited, Moved};
use crate::media_io::record::RecordMessage;
use crate::media_io::record_queue::{Queued, RecordQueue};
use crate::switch_io::Message;
use engine::Time;
use media::bridge::Bridge;
use media::leg::{Leg, LegEvent, LegSeeds};
use rustix::event::epoll;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::mpsc::SyncSender;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// How often recorded audio is passed on, in microseconds.
const RECORD_EVERY: u64 = 240_000;
/// Recordings are passed on at multiples of this, so that those of one moment wake the recorder once.
const RECORD_GRID: u64 = 20_000;
/// A thread with this many legs or more looks for packets at most once in [`TOGETHER`]: waking up costs more than carrying
/// a packet, and each leg brings one every 20 ms.
const MANY_LEGS: usize = 16;
/// So long may a packet wait for others, in microseconds. A far end's jitter buffer holds ten times as much.
const TOGETHER: u64 = 2_000;
/// The mailbox's place among epoll's numbers.
const ORDERS: u64 = u64::MAX;
/// The place of what comes for browsers.
const BROWSERS: u64 = u64::MAX - 1;

/// What a media thread is told.
pub(super) enum Order {
    /// A new leg.
    Open { leg: MediaId, rtp: UdpSocket, rtcp: UdpSocket, seed: u64 },
    /// A new leg whose far end is a browser.
    OpenBrowser { leg: MediaId, phone: PhoneId, seed: u64 },
    /// Something for a browser's connection.
    Browser(BrowserOrder),
    /// Something for a leg that is there.
    Command(MediaCommand),
    /// A leg comes from another thread; what is said from here on waits for it.
    Expect { leg: MediaId },
    /// A leg goes to another thread.
    Leave { leg: MediaId, to: Sender<Order> },
    /// A leg comes from another thread; `None` where it was not there any more.
    Arrive { leg: MediaId, moved: Option<Box<Moved>> },
}

/// How a leg reaches its far end.
pub(super) enum Wire {
    /// Two ports of its own.
    Ports {
        /// For audio.
        rtp: UdpSocket,
        /// For reports.
        rtcp: UdpSocket,
    },
    /// A browser's connection.
    Browser(PhoneId),
}

/// A leg's way out; the leg itself is in the bridge, at the same place.
pub(super) struct LegIo {
    id: MediaId,
    pub(super) wire: Wire,
    /// When the heap will call; earlier wishes are entered anew, later ones wait for that call.
    pub(super) wakes: u64,
    dropped: Counted,
    /// Far ends that ring, until one answers.
    pub(super) early: Option<Box<Early>>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wake {
    Leg(usize, u64),
    Recording(usize),
    Browser(PhoneId),
    /// Ends of recordings wait for a place in the recorder's queue.
    Ends,
}

pub(super) struct Worker {
    orders: Mailbox<Order>,
    began: Instant,
    switch: Sender<Message>,
    pub(super) recorder: RecordQueue,
    time_out: Option<u64>,
    pub(super) epoll: OwnedFd,
    pub(super) bridge: Bridge,
    pub(super) legs: Vec<Option<LegIo>>,
    pub(super) by_id: HashMap<MediaId, usize>,
    /// Legs that are to come from other threads.
    pub(super) awaited: Awaited,
    pub(super) browsers: Browsers,
    pub(super) port_end: PortEnd,
    recordings: Vec<Option<Queued>>,
    pub(super) wakes: BinaryHeap<Reverse<(u64, Wake)>>,
    pub(super) input: Box<[u8; 2048]>,
    pub(super) output: Box<[u8; 2048]>,
}

impl Worker {
    pub(super) fn new(
        orders: Mailbox<Order>,
        began: Instant,
        switch: Sender<Message>,
        recorder: SyncSender<RecordMessage>,
        port_end: PortEnd,
        time_out: Option<u64>,
    ) -> std::io::Result<Worker> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, orders.fd(), epoll::EventData::new_u64(ORDERS), epoll::EventFlags::IN)?;
        let browsers = epoll::EventData::new_u64(BROWSERS);
        epoll::add(&epoll, port_end.batches.fd(), browsers, epoll::EventFlags::IN)?;
        Ok(Worker {
            orders,
            began,
            switch,
            recorder: RecordQueue::new(recorder),
            time_out,
            epoll,
            bridge: Bridge::new(),
            legs: Vec::new(),
            by_id: HashMap::new(),
            awaited: Awaited::default(),
            browsers: Browsers::new(port_end.port.clone()),
            port_end,
            recordings: Vec::new(),
            wakes: BinaryHeap::new(),
            input: Box::new([0; 2048]),
            output: Box::new([0; 2048]),
        })
    }

    pub(super) fn now(&self) -> u64 {
        self.began.elapsed().as_micros() as u64
    }

    pub(super) fn run(mut self) -> Result<(), String> {
        let mut events = Vec::with_capacity(1024);
        let mut woken = 0;
        loop {
            let mut now = self.now();
            let early = (woken + TOGETHER).saturating_sub(now);
            if early > 0 && self.by_id.len() >= MANY_LEGS {
                std::thread::sleep(std::time::Duration::from_micros(early));
                now = self.now();
            }
            let wait = self.wakes.peek().map(|Reverse((at, _))| at.saturating_sub(now));
            let wait = wait.map(|us| rustix::time::Timespec {
                tv_sec: (us / 1_000_000) as i64,
                tv_nsec: (us % 1_000_000 * 1_000) as i64,
            });
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), wait.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(format!("a media thread cannot wait any more: {e}")),
            }
            woken = self.now();
            let mut orders = false;
            for event in events.drain(..) {
                match event.data.u64() {
                    ORDERS => orders = true,
                    BROWSERS => self.read_browsers(),
                    n => self.read((n >> 1) as usize, n & 1 == 1),
                }
            }
            if orders {
                self.orders.quiet();
                while let Some(order) = self.orders.take() {
                    self.obey(order);
                }
                if self.orders.is_closed() {
                    self.end();
                    return Ok(());
                }
            }
            self.wake();
            self.tell_browsers();
        }
    }

    /// The switch is gone: what was recorded so far is passed on and sealed.
    fn end(mut self) {
        let now = self.now();
        for slot in 0..self.recordings.len() {
            self.end_recording(slot, now, Time(crate::clock::wall_ms()));
        }
    }

    /// Reads one datagram. If there is another, epoll says so again: a second read that finds nothing would cost each
    /// packet one system call more.
    fn read(&mut self, slot: usize, is_rtcp: bool) {
        let now = self.now();
        let Some(io) = self.legs.get(slot).and_then(Option::as_ref) else { return };
        let Wire::Ports { rtp, rtcp } = &io.wire else { return };
        let socket = if is_rtcp { rtcp } else { rtp };
        let (n, from) = match socket.recv_from(&mut self.input[..]) {
            Ok(got) => got,
            // An ICMP answer to what we sent stands here as an error; the next read goes on.
            Err(_) => return,
        };
        if media::ice::is_stun(&self.input[..n]) {
            let answer =
                |leg: &mut Leg| leg.receive_stun(from, is_rtcp, &self.input[..n], &mut self.output[..]);
            if let Some(len) = self.bridge.leg_mut(slot).and_then(answer) {
                let _ = socket.send_to(&self.output[..len], from);
            }
            return;
        }
        if is_rtcp {
            if let Some(leg) = self.bridge.leg_mut(slot) {
                // What is not acceptable is counted by the leg.
                if let Ok(n) = leg.unprotect_rtcp(from, &mut self.input[..n]) {
                    let _ = leg.receive_rtcp(now, from, &self.input[..n]);
                }
            }
            return;
        }
        let rings = io.early.is_some();
        if rings {
            self.turn_early(slot, from, n);
        }
        let Some(leg) = self.bridge.leg_mut(slot) else { return };
        if let Ok(n) = leg.unprotect_rtp(from, &mut self.input[..n]) {
            if rings && leg.remote() == Some(canonical(from)) {
                self.early(slot)
                    .and_then(Option::as_mut)
                    .into_iter()
                    .for_each(|early| early.heard(now, from));
            }
            self.relay(slot, now, from, n);
        }
    }

    /// Far ends that ring for a leg.
    pub(super) fn early(&mut self, slot: usize) -> Option<&mut Option<Box<Early>>> {
        Some(&mut self.legs.get_mut(slot)?.as_mut()?.early)
    }

    /// Gives the bridge a packet for a leg, `n` bytes of the input, and sends what comes of it.
    pub(super) fn relay(&mut self, slot: usize, now: u64, from: SocketAddr, n: usize) {
        let Worker { bridge, legs, browsers, input, output, .. } = self;
        bridge.receive_rtp(now, slot, from, &input[..n], &mut output[..], |to, bytes, addr| {
            if let Some(Some(to)) = legs.get(to) {
                to.wire.send(browsers, now, bytes, addr);
            }
        });
        self.serve_started(now);
        // A key must not wait for the leg's next report.
        if self.bridge.leg(slot).is_some_and(Leg::has_events) {
            self.tell_events(slot, now);
        }
    }

    /// Who begins to be sent translated audio or keys has a new deadline, and may have a key to tell.
    pub(super) fn serve_started(&mut self, now: u64) {
        while let Some(started) = self.bridge.poll_started() {
            self.schedule(started);
            if self.bridge.leg(started).is_some_and(Leg::has_events) {
                self.tell_events(started, now);
            }
        }
    }

    pub(super) fn tell_phone(&self, report: PhoneReport) {
        self.switch.send(Message::Phone(report));
    }

    fn report(&self, leg: MediaId, what: Reported) {
        self.switch.send(Message::Media(MediaReport { leg, what }));
    }

    /// Sends what is due of one leg and enters its next moment.
    pub(super) fn serve(&mut self, slot: usize) {
        let now = self.now();
        let (Some(Some(io)), Some(leg)) = (self.legs.get_mut(slot), self.bridge.leg_mut(slot)) else {
            return;
        };
        while let Some((len, addr)) = leg.tick(now, &mut self.output[..]) {
            io.wire.send(&mut self.browsers, now, &self.output[..len], addr);
        }
        let mut quality = None;
        while let Some((len, addr)) = leg.rtcp_due(now, &mut self.output[..], ntp()) {
            let shared = shares_port(leg);
            io.wire.report(shared, &self.output[..len], addr);
            // What RTCP tells the far end is what the switch is told, at the same moments.
            quality = leg.measure();
            dropped::count(&mut io.dropped, &leg.stats());
        }
        let id = io.id;
        if let Some(quality) = quality {
            self.report(id, Reported::Quality(quality));
        }
        self.tell_events(slot, now);
        self.schedule(slot);
    }

    fn tell_events(&mut self, slot: usize, now: u64) {
        let Some(Some(io)) = self.legs.get(slot) else { return };
        let id = io.id;
        while let Some(event) = self.bridge.leg_mut(slot).and_then(|leg| leg.poll_event(now)) {
            match event {
                LegEvent::PlayEnded(_) => self.report(id, Reported::PlayEnded),
                LegEvent::TimedOut => self.report(id, Reported::TimedOut),
                LegEvent::Key(digit) => self.report(id, Reported::Key(digit.to_char())),
                LegEvent::Tell(digit) => self.report(id, Reported::Tell(digit.to_char())),
                LegEvent::RemoteLearned | LegEvent::RemoteBye => {}
            }
        }
    }

    pub(super) fn schedule(&mut self, slot: usize) {
        let Some(io) = self.legs.get_mut(slot).and_then(Option::as_mut) else { return };
        let Some(at) = self.bridge.leg(slot).and_then(Leg::deadline) else { return };
        if at < io.wakes {
            io.wakes = at;
            self.wakes.push(Reverse((at, Wake::Leg(slot, io.id.0))));
        }
    }

    fn wake(&mut self) {
        let now = self.now();
        while let Some(Reverse((at, wake))) = self.wakes.peek().copied() {
            if at > now {
                return;
            }
            self.wakes.pop();
            match wake {
                Wake::Leg(slot, id) => match self.legs.get_mut(slot).and_then(Option::as_mut) {
                    // An entry that an earlier one replaced, or of a leg that is gone, says nothing.
                    Some(io) if io.id.0 == id && io.wakes == at => {
                        io.wakes = u64::MAX;
                        self.serve(slot);
                    }
                    _ => {}
                },
                Wake::Recording(slot) => {
                    self.pass_audio(slot, now, false);
                    if self.recordings.get(slot).is_some_and(Option::is_some) {
                        self.wakes.push(Reverse((next_piece(now), Wake::Recording(slot))));
                    }
                }
                Wake::Browser(phone) => self.wake_browser(phone, at),
                Wake::Ends => {
                    if !self.recorder.retry() {
                        self.wakes.push(Reverse((now + RECORD_EVERY, Wake::Ends)));
                    }
                }
            }
        }
    }

    fn pass_audio(&mut self, slot: usize, now: u64, last: bool) {
        let Some(Some(recording)) = self.recordings.get_mut(slot) else { return };
        while let Some(bytes) = self.bridge.recorded(now, slot, last) {
            self.recorder.audio(recording, bytes);
        }
    }

    pub(super) fn begin_recording(&mut self, slot: usize, recording: Queued, now: u64) {
        if self.recordings.len() <= slot {
            self.recordings.resize_with(slot + 1, || None);
        }
        self.recordings[slot] = Some(recording);
        self.wakes.push(Reverse((next_piece(now), Wake::Recording(slot))));
    }

    pub(super) fn end_recording(&mut self, slot: usize, now: u64, ended: Time) {
        self.pass_audio(slot, now, true);
        let Some(recording) = self.recordings.get_mut(slot).and_then(Option::take) else { return };
        self.wakes.retain(|Reverse((_, w))| *w != Wake::Recording(slot));
        let Some(proof) = self.bridge.end_recording(now, slot) else { return };
        self.recorder.end(recording, ended, proof);
        if !self.recorder.retry() && !self.wakes.iter().any(|Reverse((_, w))| *w == Wake::Ends) {
            self.wakes.push(Reverse((now + RECORD_EVERY, Wake::Ends)));
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Open { leg, rtp, rtcp, seed } => self.open(leg, rtp, rtcp, seed),
            Order::OpenBrowser { leg, phone, seed } => self.open_browser_leg(leg, phone, seed),
            Order::Browser(order) => self.obey_browser(order),
            Order::Command(command) => {
                if let Some(command) = self.awaited.keep(command) {
                    self.obey_command(command);
                }
            }
            Order::Expect { leg } => self.awaited.expect(leg),
            Order::Leave { leg, to } => self.leave(leg, &to),
            Order::Arrive { leg, moved } => self.arrive(leg, moved),
        }
    }

    fn open(&mut self, id: MediaId, rtp: UdpSocket, rtcp: UdpSocket, seed: u64) {
        self.add_leg(id, Wire::Ports { rtp, rtcp }, seed);
    }

    fn watch(&self, slot: usize) {
        let Some(Some(LegIo { wire: Wire::Ports { rtp, rtcp }, .. })) = self.legs.get(slot) else { return };
        let data = |rtcp: u64| epoll::EventData::new_u64((slot as u64) << 1 | rtcp);
        let added = epoll::add(&self.epoll, rtp, data(0), epoll::EventFlags::IN)
            .and_then(|()| epoll::add(&self.epoll, rtcp, data(1), epoll::EventFlags::IN));
        if let Err(e) = added {
            tracing::error!(event = "media_port", cause = %e, "a media port cannot be watched");
        }
    }

    pub(super) fn add_leg(&mut self, id: MediaId, wire: Wire, seed: u64) -> usize {
        // The name in RTCP says nothing about us or the caller (RFC 7022).
        let mut leg = Leg::new(LegSeeds::from_seed(seed), &format!("{:012x}", seed >> 16));
        leg.set_rtp_timeout(self.time_out);
        let slot = self.bridge.add(leg);
        self.seat(slot, LegIo { id, wire, wakes: u64::MAX, dropped: Counted::default(), early: None });
        slot
    }

    /// The way out of the leg that is at this place of the bridge.
    pub(super) fn seat(&mut self, slot: usize, io: LegIo) {
        if self.legs.len() <= slot {
            self.legs.resize_with(slot + 1, || None);
        }
        self.by_id.insert(io.id, slot);
        self.legs[slot] = Some(io);
        self.watch(slot);
    }

    pub(super) fn close(&mut self, leg: MediaId, now: u64) {
        let Some(slot) = self.by_id.remove(&leg) else { return };
        let leg = self.bridge.remove(now, slot);
        let (Some(mut leg), Some(mut io)) = (leg, self.legs[slot].take()) else { return };
        let quality = leg.measure();
        dropped::count(&mut io.dropped, &leg.stats());
        self.report(io.id, Reported::Closed(quality));
        if let Some((len, addr)) = leg.goodbye(now, &mut self.output[..], ntp()) {
            io.wire.report(shares_port(&leg), &self.output[..len], addr);
        }
        match &io.wire {
            Wire::Ports { rtp, rtcp } => {
                let _ = epoll::delete(&self.epoll, rtp);
                let _ = epoll::delete(&self.epoll, rtcp);
            }
            Wire::Browser(phone) => self.browsers.unbind(*phone, slot),
        }
    }

    pub(super) fn slot(&self, leg: MediaId) -> Option<usize> {
        self.by_id.get(&leg).copied()
    }

    pub(super) fn recording(&self, key: RecordingKey) -> Option<usize> {
        self.recordings.iter().position(|r| r.as_ref().is_some_and(|r| r.key == key))
    }
}

impl Wire {
    /// Sends audio. A full socket buffer drops the packet, as the network would.
    fn send(&self, browsers: &mut Browsers, now: u64, bytes: &[u8], to: SocketAddr) {
        match self {
            Wire::Ports { rtp, .. } => {
                let _ = rtp.send_to(bytes, to);
            }
            Wire::Browser(phone) => browsers.send(*phone, now, bytes),
        }
    }

    /// Sends a report, by the audio's port where that is `shared` (RFC 5761). A browser's connection makes its own.
    fn report(&self, shared: bool, bytes: &[u8], to: SocketAddr) {
        if let Wire::Ports { rtp, rtcp } = self {
            let _ = if shared { rtp } else { rtcp }.send_to(bytes, to);
        }
    }
}

/// Whether reports go by the port of the audio.
fn shares_port(leg: &Leg) -> bool {
    leg.negotiated().is_some_and(|agreed| agreed.rtcp_mux)
}

/// When the next piece of a recording is passed on.
fn next_piece(now: u64) -> u64 {
    (now + RECORD_EVERY) / RECORD_GRID * RECORD_GRID
}

/// Wall time in NTP's 32.32 format, for RTCP (RFC 3550 section 4).
fn ntp() -> u64 {
    const SINCE_1900: u64 = 2_208_988_800;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    ((since.as_secs() + SINCE_1900) << 32) | ((u64::from(since.subsec_nanos()) << 32) / 1_000_000_000)
}
