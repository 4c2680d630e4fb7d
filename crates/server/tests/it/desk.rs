//! Phones of `sim` on real sockets, driven by the test's own thread: it waits for what it names, and for nothing else.

use crate::listening::{Tap, said};
use crate::wireshark::Wire;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sim::{Audio, PhoneEvent, PhoneId, Phones, PhonesInput, PhonesTransmit};
use sip::Time;
use std::collections::{BTreeMap, VecDeque};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

pub struct Desk {
    pub phones: Phones,
    pub addr: SocketAddr,
    pub events: Vec<PhoneEvent>,
    sip: UdpSocket,
    media: BTreeMap<u16, UdpSocket>,
    /// All that came to each even port.
    pub taps: BTreeMap<u16, Tap>,
    /// Sound that goes out of a port in place of what its phone says.
    pub says: BTreeMap<u16, VecDeque<i16>>,
    /// Every so many audio packets, by their sequence numbers, one is not sent; 0 sends all.
    pub loses_every: u16,
    /// Each phone's even port, also when the phone is gone.
    pub ports: BTreeMap<PhoneId, u16>,
    /// What passes here.
    pub wire: Wire,
    began: Instant,
}

impl Desk {
    pub fn new() -> Desk {
        let sip = UdpSocket::bind("127.0.0.1:0").unwrap();
        sip.set_nonblocking(true).unwrap();
        let addr = sip.local_addr().unwrap();
        Desk {
            phones: Phones::new(addr, addr.ip(), u64::from(addr.port())),
            addr,
            events: Vec::new(),
            sip,
            media: BTreeMap::new(),
            taps: BTreeMap::new(),
            says: BTreeMap::new(),
            loses_every: 0,
            ports: BTreeMap::new(),
            wire: Wire::default(),
            began: Instant::now(),
        }
    }

    pub fn now(&self) -> Time {
        Time(self.began.elapsed().as_micros() as u64)
    }

    /// A pair of ports for one call's audio.
    pub fn port(&mut self) -> u16 {
        static NEXT: AtomicU16 = AtomicU16::new(31_000);
        loop {
            let port = NEXT.fetch_add(2, Ordering::Relaxed);
            let pair = (UdpSocket::bind(("127.0.0.1", port)), UdpSocket::bind(("127.0.0.1", port + 1)));
            if let (Ok(rtp), Ok(rtcp)) = pair {
                for (p, s) in [(port, rtp), (port + 1, rtcp)] {
                    s.set_nonblocking(true).unwrap();
                    self.media.insert(p, s);
                }
                return port;
            }
        }
    }

    pub fn dial(&mut self, from: &str, display: &str, to: SocketAddr, number: &str, hz: u32) -> PhoneId {
        let (now, port) = (self.now(), self.port());
        let phone = self.phones.dial(now, from, display, to, number, Audio::Tone(hz), port);
        self.ports.insert(phone, port);
        phone
    }

    pub fn answer(&mut self, phone: PhoneId, hz: u32) {
        let (now, port) = (self.now(), self.port());
        self.ports.insert(phone, port);
        self.phones.answer(now, phone, Audio::Tone(hz), port);
    }

    pub fn hang_up(&mut self, phone: PhoneId) {
        let now = self.now();
        self.phones.hang_up(now, phone);
    }

    pub fn hold(&mut self, phone: PhoneId, on: bool) {
        let now = self.now();
        self.phones.hold(now, phone, on);
    }

    /// A phone of `user` calls to take over another phone's call.
    pub fn take_over(&mut self, user: &str, at: SocketAddr, other: PhoneId, hz: u32) -> PhoneId {
        let (now, port) = (self.now(), self.port());
        let phone = self.phones.take_over(now, user, at, other, Audio::Tone(hz), port).expect("it is there");
        self.ports.insert(phone, port);
        phone
    }

    /// A phone joins two of its calls; gives the last that it is told.
    #[track_caller]
    pub fn join(&mut self, phone: PhoneId, with: PhoneId, at: SocketAddr) -> u16 {
        let now = self.now();
        assert!(self.phones.join(now, phone, with, at), "both calls are there");
        self.event("the transfer is answered", |e| match e {
            PhoneEvent::Referred { phone: p, code } if *p == phone => Some(*code),
            _ => None,
        })
    }

    #[track_caller]
    pub fn refused(&mut self, phone: PhoneId) -> u16 {
        self.event("the call is refused", |e| match e {
            PhoneEvent::Refused { phone: p, code } if *p == phone => Some(*code),
            _ => None,
        })
    }

    fn drain(&mut self) {
        while let Some(t) = self.phones.poll_transmit() {
            let _ = match t {
                PhonesTransmit::Sip { to, bytes } => {
                    self.wire.datagram(self.addr, to, &bytes);
                    self.sip.send_to(&bytes, to)
                }
                PhonesTransmit::Rtp { port, bytes, .. }
                    if port & 1 == 0 && !is_report(bytes) && is_lost(bytes, self.loses_every) =>
                {
                    Ok(0)
                }
                PhonesTransmit::Rtp { port, to, bytes } => {
                    self.wire.datagram(SocketAddr::new(self.addr.ip(), port), to, bytes);
                    match (self.media.get(&port), self.says.get_mut(&port)) {
                        (Some(s), Some(says)) if !says.is_empty() => s.send_to(&said(bytes, says), to),
                        (Some(s), _) => s.send_to(bytes, to),
                        (None, _) => Ok(0),
                    }
                }
            };
        }
        while let Some(e) = self.phones.poll_event() {
            self.events.push(e);
        }
    }

    /// Goes on until the next packet or timer, at most 20 ms.
    pub fn step(&mut self) {
        self.drain();
        let now = self.now();
        let wait = self.phones.deadline().map_or(20_000, |t| t.0.saturating_sub(now.0)).min(20_000);
        let mut fds = vec![PollFd::new(&self.sip, PollFlags::IN)];
        fds.extend(self.media.values().map(|s| PollFd::new(s, PollFlags::IN)));
        let wait = Timespec { tv_sec: 0, tv_nsec: (wait * 1_000) as i64 };
        let _ = poll(&mut fds, Some(&wait));
        drop(fds);
        let mut buffer = [0; 65_536];
        while let Ok((n, from)) = self.sip.recv_from(&mut buffer) {
            self.wire.datagram(from, self.addr, &buffer[..n]);
            let now = self.now();
            self.phones.handle(now, PhonesInput::Sip { from, bytes: &buffer[..n] });
        }
        let ports: Vec<u16> = self.media.keys().copied().collect();
        for port in ports {
            while let Ok((n, from)) = self.media[&port].recv_from(&mut buffer) {
                self.wire.datagram(from, SocketAddr::new(self.addr.ip(), port), &buffer[..n]);
                let now = self.now();
                if port & 1 == 0 {
                    self.taps.entry(port).or_default().take(&buffer[..n]);
                }
                self.phones.handle(now, PhonesInput::Rtp { port, from, bytes: &buffer[..n] });
            }
        }
        let now = self.now();
        self.phones.handle(now, PhonesInput::Tick);
        self.drain();
    }

    /// Goes on until `done` finds what it looks for.
    #[track_caller]
    pub fn until<T>(&mut self, what: &str, mut done: impl FnMut(&mut Desk) -> Option<T>) -> T {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(found) = done(self) {
                return found;
            }
            assert!(Instant::now() < until, "{what}: never happened; events so far: {:?}", self.events);
            self.step();
        }
    }

    /// Takes out the first event that `pick` wants, waiting for it.
    #[track_caller]
    pub fn event<T>(&mut self, what: &str, pick: impl Fn(&PhoneEvent) -> Option<T>) -> T {
        self.until(what, |desk| {
            let i = desk.events.iter().position(|e| pick(e).is_some())?;
            pick(&desk.events.remove(i))
        })
    }

    /// The next phone that rings, and whose it is.
    #[track_caller]
    pub fn rings(&mut self) -> (PhoneId, String) {
        let (phone, user) = self.event("a phone rings", |e| match e {
            PhoneEvent::Rings { phone, user } => Some((*phone, user.clone())),
            _ => None,
        });
        let now = self.now();
        self.phones.ring(now, phone);
        (phone, user)
    }

    #[track_caller]
    pub fn answered(&mut self, phone: PhoneId) {
        self.event("the call is answered", |e| {
            matches!(e, PhoneEvent::Answered { phone: p } if *p == phone).then_some(())
        });
    }

    #[track_caller]
    pub fn ended(&mut self, phone: PhoneId) {
        self.event("the call ends", |e| match e {
            PhoneEvent::Ended { phone: p, .. } | PhoneEvent::GaveUp { phone: p } if *p == phone => Some(()),
            _ => None,
        });
    }

    /// Waits until a phone hears this frequency, and it is the strongest of those that tests use.
    #[track_caller]
    pub fn hears(&mut self, phone: PhoneId, hz: u32) {
        self.until(&format!("{hz} Hz is heard"), |desk| {
            let now = desk.now();
            let heard = desk.phones.heard(now, phone);
            (strongest(&heard) == Some(hz)).then_some(())
        });
    }
}

impl Desk {
    /// Waits until a phone hears a whole second of something that is none of the tones.
    #[track_caller]
    pub fn hears_music(&mut self, phone: PhoneId) {
        self.until("music is heard", |desk| {
            let now = desk.now();
            let heard = desk.phones.heard(now, phone);
            let loud = heard.len() >= 4_000 && media::tone::level(&heard) > -50.0;
            (loud && TONES.iter().all(|hz| media::tone::power_at(&heard, 8_000, *hz) < -6.0)).then_some(())
        });
    }
}

/// Whether a datagram is a report, which may come by the audio's port (RFC 5761).
pub fn is_report(datagram: &[u8]) -> bool {
    matches!(datagram.get(1), Some(192..=223))
}

/// Whether an RTP packet is one of those that are to be lost.
fn is_lost(rtp: &[u8], every: u16) -> bool {
    rtp.get(2..4).is_some_and(|seq| every > 0 && u16::from_be_bytes([seq[0], seq[1]]) % every == 0)
}

/// Frequencies that tests use.
pub const TONES: [f64; 5] = [440.0, 1000.0, 523.0, 700.0, 330.0];

/// The strongest of these frequencies in 8 kHz audio, if it makes up most of the sound.
pub fn strongest(samples: &[i16]) -> Option<u32> {
    if samples.len() < 4_000 || media::tone::level(samples) < -50.0 {
        return None;
    }
    let power = |hz: f64| media::tone::power_at(samples, 8_000, hz);
    let best = TONES.into_iter().max_by(|a, b| power(*a).total_cmp(&power(*b)))?;
    (power(best) > -3.0).then_some(best as u32)
}

/// The two channels of a WAV that `switchroom` served: 8 kHz G.711, customer left, agent right.
pub fn channels(wav: &[u8]) -> (Vec<i16>, Vec<i16>) {
    assert_eq!(&wav[..4], b"RIFF");
    let alaw = u16::from_le_bytes([wav[20], wav[21]]) == 6;
    assert_eq!(u16::from_le_bytes([wav[22], wav[23]]), 2, "two channels");
    let law = if alaw { media::g711::Law::Alaw } else { media::g711::Law::Ulaw };
    let data = &wav[media::wav::G711_HEADER_LEN..];
    let side = |n: usize| data.iter().skip(n).step_by(2).map(|b| law.decode(*b)).collect();
    (side(0), side(1))
}

/// Whether some second of this audio is this frequency.
pub fn has_tone(samples: &[i16], hz: u32) -> bool {
    samples.windows(8_000).step_by(2_000).any(|w| strongest(w) == Some(hz))
}
