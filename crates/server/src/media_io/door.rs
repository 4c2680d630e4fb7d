//! Opens ports and knows which thread serves which leg.

use crate::adapt::{MediaCommand, MediaDoor, MediaId, PhoneId, Reply};
use crate::mailbox::{Sender, mailbox};
use crate::media_io::browser_port::{self, BrowserDoor, OpenPort};
use crate::media_io::browsers::BrowserOrder;
use crate::media_io::record::RecordMessage;
use crate::media_io::thread::{Order, Worker};
use crate::switch_io::Message;
use media::browser::Peer;
use media::sdes::{OwnKeys, SEED_LEN};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::mpsc::SyncSender;

/// Where audio goes.
#[derive(Clone, Debug)]
pub struct MediaSettings {
    /// Address that others should use.
    pub advertised: IpAddr,
    /// Address to bind.
    pub bind: IpAddr,
    /// First and last port.
    pub ports: (u16, u16),
    /// The port of all browsers; 0 takes the last free one of `ports`.
    pub browser_port: u16,
    /// Threads.
    pub threads: usize,
    /// No audio for this long ends a leg, in microseconds; `None` never.
    pub time_out: Option<u64>,
}

/// The door to the media threads.
pub struct Opener {
    settings: MediaSettings,
    threads: Vec<Sender<Order>>,
    next_port: u16,
    next_id: u64,
    seed: u64,
    browsers: OpenPort,
    /// The thread that each browser is on.
    phones: HashMap<PhoneId, usize>,
    /// Legs that are on another thread than their number says.
    moved: HashMap<MediaId, usize>,
}

/// Starts the media threads.
///
/// # Errors
/// When a thread or file descriptor cannot be had.
pub fn start(
    settings: MediaSettings,
    began: std::time::Instant,
    switch: Sender<Message>,
    recorder: SyncSender<RecordMessage>,
    seed: u64,
) -> std::io::Result<Opener> {
    let mut threads = Vec::new();
    let count = settings.threads.max(1);
    let MediaSettings { bind, advertised, ports, browser_port, .. } = settings;
    let (browsers, ends) = browser_port::open(bind, advertised, browser_port, ports, count, began)?;
    for (n, end) in ends.into_iter().enumerate() {
        let (tx, rx) = mailbox(100_000)?;
        let worker = Worker::new(rx, began, switch.clone(), recorder.clone(), end, settings.time_out)?;
        crate::vital::spawn(&format!("media-{n}"), move || worker.run())?;
        threads.push(tx);
    }
    let next_port = settings.ports.0 & !1;
    let (phones, moved) = (HashMap::new(), HashMap::new());
    Ok(Opener { settings, threads, next_port, next_id: 0, seed, browsers, phones, moved })
}

impl Opener {
    fn pair(&mut self) -> Option<(UdpSocket, UdpSocket, u16)> {
        let (first, last) = (self.settings.ports.0.next_multiple_of(2), self.settings.ports.1);
        let pairs = u32::from(last - first).div_ceil(2).max(1);
        // RTP on an even port, RTCP on the next (RFC 3550 section 11). A port that somebody else holds is passed over.
        for _ in 0..pairs.min(500) {
            let port = if self.next_port < first || self.next_port >= last { first } else { self.next_port };
            self.next_port = port.checked_add(2).unwrap_or(first);
            let Ok(rtp) = UdpSocket::bind((self.settings.bind, port)) else { continue };
            let Ok(rtcp) = UdpSocket::bind((self.settings.bind, port + 1)) else { continue };
            if rtp.set_nonblocking(true).is_ok() && rtcp.set_nonblocking(true).is_ok() {
                return Some((rtp, rtcp, port));
            }
        }
        None
    }

    /// What makes connections of browsers' offers.
    pub fn browsers(&self) -> BrowserDoor {
        self.browsers.door.clone()
    }

    fn next_seed(&mut self) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.seed
    }

    fn next_leg(&mut self, thread: usize) -> MediaId {
        self.next_id += 1;
        MediaId(self.next_id << 8 | thread as u64)
    }

    fn tell_browser(&self, thread: usize, order: BrowserOrder) {
        if let Some(thread) = self.threads.get(thread) {
            thread.send(Order::Browser(order));
        }
    }

    // The thread stands in the low byte of a leg's number, unless it was moved.
    fn place(&self, leg: MediaId) -> usize {
        self.moved.get(&leg).copied().unwrap_or((leg.0 & 0xff) as usize) % self.threads.len()
    }

    fn thread(&self, leg: MediaId) -> &Sender<Order> {
        &self.threads[self.place(leg)]
    }
}

impl MediaDoor for Opener {
    fn open(&mut self, call: engine::CallId) -> Option<(MediaId, SocketAddr)> {
        let (rtp, rtcp, port) = self.pair()?;
        let leg = self.next_leg((call.0 % self.threads.len() as u64) as usize);
        let order = Order::Open { leg, rtp, rtcp, seed: self.next_seed() };
        self.thread(leg).send(order);
        Some((leg, SocketAddr::new(self.settings.advertised, port)))
    }

    fn keys(&mut self) -> Option<OwnKeys> {
        let mut random = [0; SEED_LEN];
        if let Err(cause) = getrandom::fill(&mut random) {
            tracing::error!(event = "random", %cause, "the operating system gives no random bytes");
            return None;
        }
        OwnKeys::from_random(&random)
    }

    fn ice_secret(&mut self) -> Option<[u8; 32]> {
        let mut secret = [0; 32];
        if let Err(cause) = getrandom::fill(&mut secret) {
            tracing::error!(event = "random", %cause, "the operating system gives no random bytes");
            return None;
        }
        Some(secret)
    }

    fn connect(&mut self, phone: PhoneId, edition: u32, peer: Box<Peer>) -> bool {
        // A phone that is there stays where its leg may be; another one goes where the number says.
        let thread = *self.phones.entry(phone).or_insert((phone.0 % self.threads.len() as u64) as usize);
        if !self.browsers.port.routes().set(phone, thread, peer.user()) {
            self.phones.remove(&phone);
            return false;
        }
        self.tell_browser(thread, BrowserOrder::Peer { phone, edition, peer });
        true
    }

    fn open_browser(&mut self, call: engine::CallId, phone: PhoneId) -> Option<MediaId> {
        let thread = (call.0 % self.threads.len() as u64) as usize;
        let before = self.phones.insert(phone, thread)?;
        if before != thread {
            // From here on its datagrams go to the thread of the call, which has it a moment later.
            self.browsers.port.routes().moved(phone, thread);
            let to = self.threads[thread].clone();
            self.tell_browser(before, BrowserOrder::Leave { phone, to });
        }
        let leg = self.next_leg(thread);
        let order = Order::OpenBrowser { leg, phone, seed: self.next_seed() };
        self.thread(leg).send(order);
        Some(leg)
    }

    fn reoffer(&mut self, phone: PhoneId, edition: u32, offer: Vec<u8>, reply: Reply) {
        match self.phones.get(&phone) {
            Some(thread) => {
                self.tell_browser(*thread, BrowserOrder::Reoffer { phone, edition, offer, reply })
            }
            None => reply(Err(media::browser::OfferError::Closed)),
        }
    }

    fn disconnect(&mut self, phone: PhoneId) {
        self.browsers.port.routes().remove(phone);
        if let Some(thread) = self.phones.remove(&phone) {
            self.tell_browser(thread, BrowserOrder::Close { phone });
        }
    }

    fn bring(&mut self, leg: MediaId, to: MediaId) {
        let (from, there) = (self.place(leg), self.place(to));
        if from == there {
            return;
        }
        let to = self.threads[there].clone();
        to.send(Order::Expect { leg });
        self.threads[from].send(Order::Leave { leg, to });
        self.moved.insert(leg, there);
    }

    fn send(&mut self, command: MediaCommand) {
        let leg = match &command {
            MediaCommand::Remote { leg, .. }
            | MediaCommand::Early { leg, .. }
            | MediaCommand::EarlyOver { leg, .. }
            | MediaCommand::Ice { leg, .. }
            | MediaCommand::Play { leg, .. }
            | MediaCommand::Silence { leg }
            | MediaCommand::Hear { leg, .. }
            | MediaCommand::Keys { leg, .. }
            | MediaCommand::KeysOut { leg, .. }
            | MediaCommand::FillPauses { leg }
            | MediaCommand::Press { leg, .. }
            | MediaCommand::Give { leg, .. }
            | MediaCommand::Record { left: leg, .. }
            | MediaCommand::RecordAlso { leg_of_recording: leg, .. }
            | MediaCommand::RecordNoLonger { leg_of_recording: leg, .. }
            | MediaCommand::PauseRecording { leg, .. }
            | MediaCommand::ResumeRecording { leg, .. }
            | MediaCommand::StopRecording { leg, .. }
            | MediaCommand::Close { leg } => *leg,
        };
        let is_last = matches!(command, MediaCommand::Close { .. });
        self.thread(leg).send(Order::Command(command));
        if is_last {
            self.moved.remove(&leg);
        }
    }
}
