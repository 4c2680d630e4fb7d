//! A media thread: waits in epoll for packets of its legs, for orders, and for the next moment that a leg plays.
//!
//! Nothing is allocated per packet: one buffer in, one out, timers in a heap that keeps its space.

use crate::adapt::{MediaCommand, MediaId, MediaReport, RecordingKey, Reported};
use crate::mailbox::{Mailbox, Sender};
use crate::media_io::record::RecordMessage;
use crate::switch_io::Message;
use media::g711::Law;
use media::leg::{Leg, LegEvent, LegSeeds, Received};
use media::negotiate::Codec;
use media::recording::{Channel, Recorder};
use rustix::event::epoll;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::UdpSocket;
use std::os::fd::OwnedFd;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// How often recorded audio is passed on, in microseconds.
const RECORD_EVERY: u64 = 240_000;
/// The mailbox's place among epoll's numbers.
const ORDERS: u64 = u64::MAX;

/// What a media thread is told.
pub(super) enum Order {
    /// A new leg.
    Open { leg: MediaId, rtp: UdpSocket, rtcp: UdpSocket, seed: u64 },
    /// Something for a leg that is there.
    Command(MediaCommand),
}

struct LegIo {
    id: MediaId,
    leg: Leg,
    rtp: UdpSocket,
    rtcp: UdpSocket,
    /// Who hears this leg.
    peer: Option<usize>,
    recording: Option<(usize, Channel)>,
    /// When the heap will call; earlier wishes are entered anew, later ones wait for that call.
    wakes: u64,
}

struct RecordingIo {
    key: RecordingKey,
    recorder: Recorder,
    lost: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wake {
    Leg(usize, u64),
    Recording(usize),
}

pub(super) struct Worker {
    orders: Mailbox<Order>,
    began: Instant,
    switch: Sender<Message>,
    recorder: SyncSender<RecordMessage>,
    time_out: Option<u64>,
    epoll: OwnedFd,
    legs: Vec<Option<LegIo>>,
    free: Vec<usize>,
    by_id: HashMap<MediaId, usize>,
    recordings: Vec<Option<RecordingIo>>,
    wakes: BinaryHeap<Reverse<(u64, Wake)>>,
    input: Box<[u8; 2048]>,
    output: Box<[u8; 2048]>,
}

impl Worker {
    pub(super) fn new(
        orders: Mailbox<Order>,
        began: Instant,
        switch: Sender<Message>,
        recorder: SyncSender<RecordMessage>,
        time_out: Option<u64>,
    ) -> std::io::Result<Worker> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, orders.fd(), epoll::EventData::new_u64(ORDERS), epoll::EventFlags::IN)?;
        Ok(Worker {
            orders,
            began,
            switch,
            recorder,
            time_out,
            epoll,
            legs: Vec::new(),
            free: Vec::new(),
            by_id: HashMap::new(),
            recordings: Vec::new(),
            wakes: BinaryHeap::new(),
            input: Box::new([0; 2048]),
            output: Box::new([0; 2048]),
        })
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_micros() as u64
    }

    pub(super) fn run(mut self) {
        let mut events = Vec::with_capacity(1024);
        loop {
            let now = self.now();
            let wait = self.wakes.peek().map(|Reverse((at, _))| at.saturating_sub(now));
            let wait = wait.map(|us| rustix::time::Timespec {
                tv_sec: (us / 1_000_000) as i64,
                tv_nsec: (us % 1_000_000 * 1_000) as i64,
            });
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), wait.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(e) => {
                    tracing::error!(event = "media_thread", cause = %e, "a media thread cannot wait any more");
                    return;
                }
            }
            let mut orders = false;
            for event in events.drain(..) {
                match event.data.u64() {
                    ORDERS => orders = true,
                    n => self.read((n >> 1) as usize, n & 1 == 1),
                }
            }
            if orders {
                self.orders.quiet();
                while let Some(order) = self.orders.take() {
                    self.obey(order);
                }
                if self.orders.is_closed() {
                    return self.end();
                }
            }
            self.wake();
        }
    }

    /// The switch is gone: what was recorded so far is passed on.
    fn end(mut self) {
        let now = self.now();
        for slot in 0..self.recordings.len() {
            self.pass_audio(slot, now, true);
        }
    }

    /// Reads one datagram. If there is another, epoll says so again: a second read that finds nothing would cost each
    /// packet one system call more.
    fn read(&mut self, slot: usize, is_rtcp: bool) {
        let now = self.now();
        let Some(io) = self.legs.get_mut(slot).and_then(Option::as_mut) else { return };
        let socket = if is_rtcp { &io.rtcp } else { &io.rtp };
        let (n, from) = match socket.recv_from(&mut self.input[..]) {
            Ok(got) => got,
            // An ICMP answer to what we sent stands here as an error; the next read goes on.
            Err(_) => return,
        };
        let datagram = &self.input[..n];
        if is_rtcp {
            // What is not acceptable is counted by the leg.
            let _ = io.leg.receive_rtcp(now, from, datagram);
            return;
        }
        // No step of a flow waits for keys yet, and keys may be a card's or a PIN: they are passed on to the other party as
        // audio is, and told to nobody.
        let packet = match io.leg.receive_rtp(now, from, datagram) {
            Received::Audio(packet) | Received::Dtmf { packet, .. } => packet,
            Received::Rtcp | Received::Dropped(_) => return,
        };
        let (peer, recording, id) = (io.peer, io.recording, io.id);
        if let (Some((r, channel)), Some(law)) = (recording, packet.law()) {
            if let Some(Some(r)) = self.recordings.get_mut(r) {
                r.recorder.push(channel, now, law, &packet.header, packet.payload);
            }
        }
        if let Some(Some(to)) = peer.map(|p| self.legs[p].as_mut()) {
            if let Some((len, addr)) = to.leg.relay(now, id.0, &packet, &mut self.output[..]) {
                // A full socket buffer drops the packet, as the network would.
                let _ = to.rtp.send_to(&self.output[..len], addr);
            }
        }
    }

    fn report(&self, leg: MediaId, what: Reported) {
        self.switch.send(Message::Media(MediaReport { leg, what }));
    }

    /// Sends what is due of one leg and enters its next moment.
    fn serve(&mut self, slot: usize) {
        let now = self.now();
        let Some(io) = self.legs.get_mut(slot).and_then(Option::as_mut) else { return };
        while let Some((len, addr)) = io.leg.tick(now, &mut self.output[..]) {
            let _ = io.rtp.send_to(&self.output[..len], addr);
        }
        while let Some((len, addr)) = io.leg.rtcp_due(now, &mut self.output[..], ntp()) {
            let _ = io.rtcp.send_to(&self.output[..len], addr);
        }
        let id = io.id;
        while let Some(event) = self.legs[slot].as_mut().and_then(|io| io.leg.poll_event(now)) {
            match event {
                LegEvent::PlayEnded(_) => self.report(id, Reported::PlayEnded),
                LegEvent::TimedOut => self.report(id, Reported::TimedOut),
                LegEvent::RemoteLearned | LegEvent::RemoteBye => {}
            }
        }
        self.schedule(slot);
    }

    fn schedule(&mut self, slot: usize) {
        let Some(io) = self.legs.get_mut(slot).and_then(Option::as_mut) else { return };
        let Some(at) = io.leg.deadline() else { return };
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
                    if self.recordings[slot].is_some() {
                        self.wakes.push(Reverse((now + RECORD_EVERY, Wake::Recording(slot))));
                    }
                }
            }
        }
    }

    fn pass_audio(&mut self, slot: usize, now: u64, last: bool) {
        let Some(Some(r)) = self.recordings.get_mut(slot) else { return };
        while let Some(bytes) = if last { r.recorder.finish(now) } else { r.recorder.advance(now) } {
            let message = RecordMessage::Audio { key: r.key, bytes: bytes.to_vec() };
            if let Err(TrySendError::Full(_)) = self.recorder.try_send(message) {
                r.lost += 1;
                if r.lost == 1 {
                    tracing::error!(
                        event = "recording_behind",
                        recording = r.key.id.0,
                        "the disk is too slow: audio of a recording is lost"
                    );
                }
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Open { leg, rtp, rtcp, seed } => self.open(leg, rtp, rtcp, seed),
            Order::Command(command) => self.command(command),
        }
    }

    fn open(&mut self, id: MediaId, rtp: UdpSocket, rtcp: UdpSocket, seed: u64) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.legs.push(None);
            self.legs.len() - 1
        });
        let data = |rtcp: u64| epoll::EventData::new_u64((slot as u64) << 1 | rtcp);
        let added = epoll::add(&self.epoll, &rtp, data(0), epoll::EventFlags::IN)
            .and_then(|()| epoll::add(&self.epoll, &rtcp, data(1), epoll::EventFlags::IN));
        if let Err(e) = added {
            tracing::error!(event = "media_port", cause = %e, "a media port cannot be watched");
        }
        // The name in RTCP says nothing about us or the caller (RFC 7022).
        let mut leg = Leg::new(LegSeeds::from_seed(seed), &format!("{:012x}", seed >> 16));
        leg.set_rtp_timeout(self.time_out);
        self.legs[slot] = Some(LegIo { id, leg, rtp, rtcp, peer: None, recording: None, wakes: u64::MAX });
        self.by_id.insert(id, slot);
    }

    fn command(&mut self, command: MediaCommand) {
        let now = self.now();
        match command {
            MediaCommand::Remote { leg, negotiated, learning } => {
                let Some(slot) = self.slot(leg) else { return };
                if let Some(io) = &mut self.legs[slot] {
                    io.leg.set_remote(now, *negotiated, learning);
                }
                self.serve(slot);
            }
            MediaCommand::Play { leg, prompt, repeat } => {
                let Some(slot) = self.slot(leg) else { return };
                self.part(slot);
                if let Some(io) = &mut self.legs[slot] {
                    io.leg.play(now, prompt, repeat);
                }
                self.serve(slot);
            }
            MediaCommand::Silence { leg } => {
                let Some(slot) = self.slot(leg) else { return };
                self.part(slot);
                if let Some(io) = &mut self.legs[slot] {
                    io.leg.stop_playing();
                }
            }
            MediaCommand::Join { a, b } => {
                let (Some(a), Some(b)) = (self.slot(a), self.slot(b)) else { return };
                for (one, other) in [(a, b), (b, a)] {
                    if let Some(io) = &mut self.legs[one] {
                        io.leg.stop_playing();
                        io.peer = Some(other);
                    }
                    self.schedule(one);
                }
            }
            MediaCommand::Record { key, call, party, began, left, right } => {
                let (Some(l), Some(r)) = (self.slot(left), self.slot(right)) else { return };
                // In the law that the customer's side speaks; the other is translated by table if it differs.
                let codec = self.legs[l].as_ref().and_then(|io| io.leg.negotiated().map(|n| n.codec));
                let law = if codec == Some(Codec::Pcmu) { Law::Ulaw } else { Law::Alaw };
                let io = RecordingIo { key, recorder: Recorder::new(law, now), lost: 0 };
                let slot = self.recordings.iter().position(Option::is_none).unwrap_or_else(|| {
                    self.recordings.push(None);
                    self.recordings.len() - 1
                });
                self.recordings[slot] = Some(io);
                for (leg, channel) in [(l, Channel::Left), (r, Channel::Right)] {
                    if let Some(io) = &mut self.legs[leg] {
                        io.recording = Some((slot, channel));
                    }
                }
                // Beginning and end may wait for the writer: they must not be lost.
                let _ = self.recorder.send(RecordMessage::Begin {
                    key,
                    call,
                    party,
                    began,
                    ulaw: law == Law::Ulaw,
                });
                self.wakes.push(Reverse((now + RECORD_EVERY, Wake::Recording(slot))));
            }
            MediaCommand::StopRecording { key, ended, .. } => {
                let Some(slot) =
                    self.recordings.iter().position(|r| r.as_ref().is_some_and(|r| r.key == key))
                else {
                    return;
                };
                self.pass_audio(slot, now, true);
                self.recordings[slot] = None;
                self.wakes.retain(|Reverse((_, w))| *w != Wake::Recording(slot));
                for io in
                    self.legs.iter_mut().flatten().filter(|io| io.recording.is_some_and(|(s, _)| s == slot))
                {
                    io.recording = None;
                }
                let _ = self.recorder.send(RecordMessage::End { key, ended });
            }
            MediaCommand::Close { leg } => {
                let Some(slot) = self.by_id.remove(&leg) else { return };
                self.part(slot);
                if let Some(mut io) = self.legs[slot].take() {
                    if let Some((len, addr)) = io.leg.goodbye(now, &mut self.output[..], ntp()) {
                        let _ = io.rtcp.send_to(&self.output[..len], addr);
                    }
                    let _ = epoll::delete(&self.epoll, &io.rtp);
                    let _ = epoll::delete(&self.epoll, &io.rtcp);
                    self.free.push(slot);
                }
            }
        }
    }

    fn slot(&self, leg: MediaId) -> Option<usize> {
        self.by_id.get(&leg).copied()
    }

    /// Nobody hears this leg any more, and it hears nobody.
    fn part(&mut self, slot: usize) {
        let peer = self.legs[slot].as_mut().and_then(|io| io.peer.take());
        if let Some(other) = peer.and_then(|p| self.legs[p].as_mut()) {
            if other.peer == Some(slot) {
                other.peer = None;
            }
        }
    }
}

/// Wall time in NTP's 32.32 format, for RTCP (RFC 3550 section 4).
fn ntp() -> u64 {
    const SINCE_1900: u64 = 2_208_988_800;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    ((since.as_secs() + SINCE_1900) << 32) | ((u64::from(since.subsec_nanos()) << 32) / 1_000_000_000)
}
