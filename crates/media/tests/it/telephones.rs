//! A bridge with telephones around it, on a network that may lose and delay: each telephone speaks a tone and keeps
//! what it hears.

use std::net::SocketAddr;

use media::bridge::Bridge;
use media::dtmf::TelephoneEvent;
use media::g711::Law;
use media::jitter::JitterBuffer;
use media::leg::{Learning, Leg, LegEvent, LegSeeds};
use media::negotiate::{Codec, Direction, LocalSession};
use media::prompt::FRAME;
use media::rtp::{RtpHeader, RtpPacket};
use media::tone::{Sine, to_sample};

use crate::Chance;

/// Payload number of telephone events in what these telephones agree on.
const EVENTS: u8 = 101;

/// A telephone: a voice, an ear, and a finger on a key.
pub struct Phone {
    pub at: SocketAddr,
    pub place: usize,
    pub law: Law,
    voice: Vec<Sine>,
    header: RtpHeader,
    /// What was heard, in order and with lost packets covered, as a telephone does.
    pub heard: Vec<i16>,
    ear: JitterBuffer,
    /// All datagrams that came.
    pub received: Vec<Vec<u8>>,
    /// Telephone events that came: event, end, timestamp.
    pub events: Vec<(u8, bool, u32)>,
}

impl Phone {
    pub fn is_silent(&self, from: usize) -> bool {
        self.heard[from..].iter().all(|s| s.unsigned_abs() <= 8)
    }
}

/// Who hears whom, with a clock of 10 ms steps, and a network from a seed between.
pub struct Room {
    pub bridge: Bridge,
    pub phones: Vec<Phone>,
    pub now: u64,
    pub keys: Vec<(usize, char)>,
    chance: Chance,
    loss: u64,
    jitter_us: u64,
    /// On their way to the bridge: arrival, from which telephone, what.
    flying: Vec<(u64, usize, Vec<u8>)>,
    pub recording: Option<usize>,
    pub recorded: Vec<u8>,
}

impl Room {
    pub fn new(laws: &[Law], tones: &[f64]) -> Room {
        let mut room = Room {
            bridge: Bridge::new(),
            phones: Vec::new(),
            now: 0,
            keys: Vec::new(),
            chance: Chance::new(1),
            loss: 0,
            jitter_us: 0,
            flying: Vec::new(),
            recording: None,
            recorded: Vec::new(),
        };
        for (n, (law, tone)) in laws.iter().zip(tones).enumerate() {
            room.phone(*law, *tone, n);
        }
        room
    }

    fn phone(&mut self, law: Law, tone: f64, n: usize) {
        let at: SocketAddr = format!("192.0.2.{}:4000", n + 10).parse().unwrap();
        let codec = if law == Law::Alaw { Codec::Pcma } else { Codec::Pcmu };
        let mut theirs = LocalSession::new(at, 1, &[codec], false);
        let mut ours = LocalSession::new("192.0.2.1:20000".parse().unwrap(), 2, &Codec::ALL, false);
        let (_, agreed) = ours.answer(&theirs.offer(Direction::SendRecv), Direction::SendRecv).unwrap();
        assert_eq!(agreed.dtmf_recv_pt, Some(EVENTS));
        let mut leg = Leg::new(LegSeeds::from_seed(n as u64 + 7), "room");
        leg.set_remote(0, agreed, Learning::Never);
        let place = self.bridge.add(leg);
        let header = RtpHeader {
            marker: false,
            payload_type: law.payload_type(),
            sequence: 60_000,
            timestamp: 0xFFFF_0000u32.wrapping_add(n as u32 * 5000),
            ssrc: n as u32 + 1,
        };
        let voice = vec![Sine::new(8000, tone, 0.2)];
        self.phones.push(Phone {
            at,
            place,
            law,
            voice,
            header,
            heard: Vec::new(),
            ear: JitterBuffer::new(),
            received: Vec::new(),
            events: Vec::new(),
        });
    }

    pub fn network(&mut self, seed: u64, loss: u64, jitter_us: u64) {
        (self.chance, self.loss, self.jitter_us) = (Chance::new(seed), loss, jitter_us);
    }

    /// Each telephone hears the others of its list.
    pub fn hearing(&mut self, lists: &[&[usize]]) {
        for (n, list) in lists.iter().enumerate() {
            let from: Vec<usize> = list.iter().map(|p| self.phones[*p].place).collect();
            self.bridge.hear(self.now, self.phones[n].place, &from);
        }
    }

    /// Instead of its tone a telephone says these, one beside the other.
    pub fn say(&mut self, phone: usize, tones: &[f64]) {
        self.phones[phone].voice = tones.iter().map(|f| Sine::new(8000, *f, 0.2)).collect();
    }

    fn fly(&mut self, phone: usize, datagram: Vec<u8>) {
        if self.chance.percent(self.loss) {
            return;
        }
        let late = if self.jitter_us == 0 { 0 } else { self.chance.below(self.jitter_us) };
        self.flying.push((self.now + late, phone, datagram));
    }

    fn speak(&mut self, n: usize) {
        let phone = &mut self.phones[n];
        let mut packet = vec![0; 12];
        phone.header.write(&mut packet);
        for _ in 0..FRAME {
            let sample = to_sample(phone.voice.iter_mut().map(Sine::next_value).sum());
            packet.push(phone.law.encode(sample));
        }
        phone.header.sequence = phone.header.sequence.wrapping_add(1);
        phone.header.timestamp = phone.header.timestamp.wrapping_add(160);
        self.fly(n, packet);
    }

    /// A telephone sends one packet of an event that began `age` packets ago.
    pub fn event(&mut self, n: usize, key: u8, age: u16, end: bool) {
        let phone = &mut self.phones[n];
        let header = RtpHeader {
            marker: age == 0,
            payload_type: EVENTS,
            timestamp: phone.header.timestamp.wrapping_sub(u32::from(age) * 160),
            ..phone.header
        };
        phone.header.sequence = phone.header.sequence.wrapping_add(1);
        let event = TelephoneEvent { event: key, end, volume: 10, duration: (age + 1) * 160 };
        let mut packet = vec![0; 12];
        header.write(&mut packet);
        packet.extend_from_slice(&event.write());
        self.fly(n, packet);
    }

    fn deliver(&mut self, to: usize, datagram: &[u8]) {
        let Some(phone) = self.phones.iter_mut().find(|phone| phone.place == to) else { return };
        let packet = RtpPacket::parse(datagram).unwrap();
        phone.received.push(datagram.to_vec());
        if packet.header.payload_type == EVENTS {
            let event = TelephoneEvent::parse(packet.payload).unwrap();
            phone.events.push((event.event, event.end, packet.header.timestamp));
        } else {
            assert_eq!(packet.header.payload_type, phone.law.payload_type());
            phone.ear.push(phone.law, &packet.header, packet.payload);
        }
    }

    /// Lets 20 ms pass, in which every telephone speaks once.
    pub fn step(&mut self) {
        for n in 0..self.phones.len() {
            self.speak(n);
        }
        for _ in 0..2 {
            self.now += 10_000;
            self.pass();
        }
        for phone in &mut self.phones {
            let mut frame = [0; FRAME];
            phone.ear.pull(&mut frame);
            phone.heard.extend(frame);
        }
    }

    fn pass(&mut self) {
        let now = self.now;
        let mut arrived: Vec<_> = self.flying.extract_if(.., |(at, _, _)| *at <= now).collect();
        arrived.sort_by_key(|(at, _, _)| *at);
        let mut out = [0; 2048];
        let mut sent: Vec<(usize, Vec<u8>)> = Vec::new();
        for (at, n, datagram) in arrived {
            let (place, from) = (self.phones[n].place, self.phones[n].at);
            self.bridge.receive_rtp(at, place, from, &datagram, &mut out, |to, bytes, target| {
                assert!(target.port() == 4000);
                sent.push((to, bytes.to_vec()));
            });
        }
        for n in 0..self.phones.len() {
            let place = self.phones[n].place;
            let Some(leg) = self.bridge.leg_mut(place) else { continue };
            while let Some((len, _)) = leg.tick(now, &mut out) {
                sent.push((place, out[..len].to_vec()));
            }
            while let Some(event) = leg.poll_event(now) {
                if let LegEvent::Key(digit) = event {
                    self.keys.push((n, digit.to_char()));
                }
            }
        }
        for (to, datagram) in sent {
            self.deliver(to, &datagram);
        }
        if let Some(r) = self.recording {
            while let Some(block) = self.bridge.recorded(now, r, false) {
                self.recorded.extend_from_slice(block);
            }
        }
    }

    pub fn steps(&mut self, count: usize) {
        (0..count).for_each(|_| self.step());
    }

    /// One channel of what was recorded.
    pub fn channel(&self, side: usize) -> Vec<i16> {
        self.recorded.iter().skip(side).step_by(2).map(|b| Law::Alaw.decode(*b)).collect()
    }
}
