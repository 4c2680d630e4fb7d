//! Sockets for the made-up people of `sim`: their phones speak real SIP and real audio.

use crate::demo::visitor::VISITORS_NUMBER;
use rustix::event::epoll;
use sim::{Counts, PhonesInput, PhonesTransmit, Plan, Says, Traffic};
use sip::Time;
use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Calls of made-up callers at a time.
const CALLS: u16 = 60;
/// Users as whom visitors sign in, and who have a phone.
const VISITORS: [&str; 2] = ["visitor", "supervisor"];
/// How long somebody who calls the visitor stays, in milliseconds.
const STAYS_MS: u64 = 180_000;
/// The first port of their audio.
const PORTS: u16 = 30_000;

/// Made-up people who are at work.
pub struct Running {
    stop: Arc<AtomicBool>,
    visit: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Counts>,
}

impl Running {
    /// What asks for a caller of the visitor: set to true, it becomes false when that caller has dialled.
    pub fn visit(&self) -> Arc<AtomicBool> {
        self.visit.clone()
    }

    /// No new calls; those in progress get a few seconds. Gives what was counted.
    pub fn stop(self) -> Counts {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

/// Starts callers and agents.
///
/// # Errors
/// A sentence.
pub fn start(
    phones: SocketAddr,
    to: SocketAddr,
    agents: u32,
    calls_per_minute: u32,
) -> Result<Running, String> {
    let sip = UdpSocket::bind(phones).map_err(|e| format!("the made-up phones need {phones}: {e}"))?;
    let io = |e: std::io::Error| e.to_string();
    sip.set_nonblocking(true).map_err(io)?;
    // A pair of ports for each call's caller and agent.
    let wanted = (CALLS * 2).max(agents as u16 + VISITORS.len() as u16 + CALLS) * 2;
    let (first, media) = audio_ports(phones, wanted)?;
    let last = first + wanted - 1;
    let plan = Plan {
        seed: u64::from(std::process::id()),
        sip: phones,
        media_ip: phones.ip(),
        rtp_ports: first..=last,
        to,
        numbers: vec!["100".into(), "200".into()],
        agents: (1..=agents).map(|n| format!("agent{n}")).chain(VISITORS.map(String::from)).collect(),
        pick_up_ms: None,
        calls_per_minute,
        mean_talk_ms: 12_000,
        max_calls: usize::from(CALLS),
        says: Says::Voices,
    };
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    let visit = Arc::new(AtomicBool::new(false));
    let wanted = visit.clone();
    let thread = std::thread::Builder::new()
        .name("people".into())
        .spawn(move || match People::new(plan, sip, media) {
            Ok(people) => people.run(&asked, &wanted),
            Err(e) => {
                tracing::error!(event = "people", cause = %e, "the made-up people cannot begin");
                Counts::default()
            }
        })
        .map_err(|e| e.to_string())?;
    Ok(Running { stop, visit, thread })
}

/// A row of ports for made-up audio: the first that is free, so that two demos can run side by side.
fn audio_ports(phones: SocketAddr, wanted: u16) -> Result<(u16, HashMap<u16, UdpSocket>), String> {
    let mut failed = String::new();
    for first in (PORTS..u16::MAX - wanted).step_by(usize::from(wanted)) {
        let row = (first..first + wanted).map(|port| {
            let socket = UdpSocket::bind((phones.ip(), port))
                .map_err(|e| format!("made-up audio needs port {port}: {e}"))?;
            socket.set_nonblocking(true).map_err(|e| e.to_string())?;
            Ok((port, socket))
        });
        match row.collect::<Result<_, String>>() {
            Ok(row) => return Ok((first, row)),
            Err(e) => failed = e,
        }
    }
    Err(failed)
}

struct People {
    traffic: Traffic,
    sip: UdpSocket,
    media: HashMap<u16, UdpSocket>,
    epoll: OwnedFd,
    began: Instant,
}

impl People {
    fn new(plan: Plan, sip: UdpSocket, media: HashMap<u16, UdpSocket>) -> std::io::Result<People> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &sip, epoll::EventData::new_u64(0), epoll::EventFlags::IN)?;
        for (port, socket) in &media {
            epoll::add(&epoll, socket, epoll::EventData::new_u64(u64::from(*port)), epoll::EventFlags::IN)?;
        }
        Ok(People { traffic: Traffic::new(Time(0), plan), sip, media, epoll, began: Instant::now() })
    }

    fn now(&self) -> Time {
        Time(self.began.elapsed().as_micros() as u64)
    }

    fn run(mut self, stop: &AtomicBool, visit: &AtomicBool) -> Counts {
        let mut events = Vec::with_capacity(256);
        let mut buffer = [0; 65_536];
        let mut stopping: Option<Instant> = None;
        loop {
            if stop.load(Ordering::Relaxed) && stopping.is_none() {
                stopping = Some(Instant::now());
                let now = self.now();
                self.traffic.stop(now);
                self.traffic.hang_up_all(now);
            }
            if visit.swap(false, Ordering::Relaxed) {
                let now = self.now();
                self.traffic.visit(now, VISITORS_NUMBER, STAYS_MS);
            }
            self.drain();
            if let Some(since) = stopping {
                if self.traffic.is_idle() || since.elapsed() > Duration::from_secs(3) {
                    return self.traffic.counts();
                }
            }
            let now = self.now();
            let wait = self.traffic.deadline().map_or(100_000, |t| t.0.saturating_sub(now.0)).min(100_000);
            let wait = rustix::time::Timespec { tv_sec: 0, tv_nsec: (wait * 1_000) as i64 };
            if epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&wait)).is_err() {
                continue;
            }
            for event in events.drain(..) {
                let port = event.data.u64() as u16;
                let socket = if port == 0 { Some(&self.sip) } else { self.media.get(&port) };
                while let Some(Ok((n, from))) = socket.map(|s| s.recv_from(&mut buffer)) {
                    let bytes = &buffer[..n];
                    let now = Time(self.began.elapsed().as_micros() as u64);
                    self.traffic.handle(
                        now,
                        match port {
                            0 => PhonesInput::Sip { from, bytes },
                            port => PhonesInput::Rtp { port, from, bytes },
                        },
                    );
                }
            }
            let now = self.now();
            self.traffic.handle(now, PhonesInput::Tick);
        }
    }

    fn drain(&mut self) {
        while let Some(transmit) = self.traffic.poll_transmit() {
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
}
