//! Two houses full of phones, the network between them, and a clock that only this file moves.

use sim::{Network, PhoneEvent, PhoneId, Phones, PhonesInput, PhonesTransmit, Weather};
use sip::Time;
use std::net::SocketAddr;

#[derive(Clone)]
pub struct Datagram {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

pub const SIP: u16 = 5060;

/// The SIP address of a house.
pub fn house(n: usize) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, n as u8 + 1], SIP))
}

pub struct World {
    pub now: Time,
    pub houses: [Phones; 2],
    pub network: Network<Datagram>,
    pub events: [Vec<PhoneEvent>; 2],
}

impl World {
    pub fn new(weather: Weather, seed: u64) -> World {
        let phones = |n: usize| Phones::new(house(n), house(n).ip(), seed * 2 + n as u64);
        World {
            now: Time(1_000_000),
            houses: [phones(0), phones(1)],
            network: Network::new(weather, seed),
            events: [Vec::new(), Vec::new()],
        }
    }

    pub fn drain(&mut self) {
        for n in 0..2 {
            let own = house(n);
            while let Some(out) = self.houses[n].poll_transmit() {
                let datagram = match out {
                    PhonesTransmit::Sip { to, bytes } => Datagram { from: own, to, bytes: bytes.to_vec() },
                    PhonesTransmit::Rtp { port, to, bytes } => {
                        Datagram { from: SocketAddr::new(own.ip(), port), to, bytes: bytes.to_vec() }
                    }
                };
                self.network.send(self.now, datagram);
            }
            while let Some(event) = self.houses[n].poll_event() {
                self.events[n].push(event);
            }
        }
    }

    /// Goes to the next thing that happens. False when that is after `until`, where the clock then stands.
    pub fn step(&mut self, until: Time) -> bool {
        self.drain();
        let deadlines = [self.network.deadline(), self.houses[0].deadline(), self.houses[1].deadline()];
        let Some(next) = deadlines.into_iter().flatten().min().filter(|t| *t <= until) else {
            self.now = self.now.max(until);
            return false;
        };
        self.now = self.now.max(next);
        while let Some(d) = self.network.poll(self.now) {
            let to = usize::from(d.to.ip() == house(1).ip());
            let input = match d.to.port() {
                SIP => PhonesInput::Sip { from: d.from, bytes: &d.bytes },
                port => PhonesInput::Rtp { port, from: d.from, bytes: &d.bytes },
            };
            self.houses[to].handle(self.now, input);
        }
        for phones in &mut self.houses {
            phones.handle(self.now, PhonesInput::Tick);
        }
        self.drain();
        true
    }

    pub fn run_ms(&mut self, ms: u64) {
        let until = Time(self.now.0 + ms * 1_000);
        while self.step(until) {}
    }

    /// Runs until that house has an event that `pick` takes; gives what it made of it.
    #[track_caller]
    pub fn wait<T>(&mut self, n: usize, pick: impl Fn(&PhoneEvent) -> Option<T>) -> T {
        let until = Time(self.now.0 + 120_000_000);
        loop {
            if let Some(i) = self.events[n].iter().position(|e| pick(e).is_some()) {
                return pick(&self.events[n].remove(i)).unwrap();
            }
            assert!(self.step(until), "house {n} waited in vain; it has {:?}", self.events[n]);
        }
    }

    #[track_caller]
    pub fn wait_for(&mut self, n: usize, event: PhoneEvent) {
        self.wait(n, |e| (*e == event).then_some(()));
    }

    #[track_caller]
    pub fn wait_ring(&mut self, n: usize) -> PhoneId {
        self.wait(n, |e| if let PhoneEvent::Rings { phone, .. } = e { Some(*phone) } else { None })
    }

    /// The strongest of some tones in what a phone heard in the last second.
    pub fn tone(&self, n: usize, phone: PhoneId) -> Option<f64> {
        let heard = self.houses[n].heard(self.now, phone);
        media::tone::loudest(&heard, 8_000, &[425.0, 440.0, 480.0, 1_000.0, 1_200.0])
    }

    /// Everything ended: nothing may be left after the last timer.
    #[track_caller]
    pub fn assert_empty(&mut self) {
        self.run_ms(400_000);
        for (n, phones) in self.houses.iter().enumerate() {
            assert!(phones.is_settled(), "house {n} still has {} phones; {:?}", phones.len(), self.events);
        }
        assert_eq!(self.network.in_flight(), 0);
    }
}
