//! Several far ends ring for one leg, and each may be heard before one of them answers (forked ringing, RFC 3960): whoever
//! sends audio first is listened to, and another one once that is silent.
//!
//! Which of them a packet is from is told by its key where audio is protected, else by the address that they signalled or
//! were heard from. Behind a router neither is known at first: then whoever was not heard yet, and may be there, is taken
//! for the one that sends, as the first packet after an answer is.

use crate::adapt::MOST_EARLY;
use crate::media_io::thread::Worker;
use media::leg::Learning;
use media::negotiate::Negotiated;
use media::rtp::RtpPacket;
use media::srtp::Inbound;
use std::net::SocketAddr;

/// Whoever is listened to gives way to another after so long a silence, in microseconds.
const SILENT: u64 = 500_000;
/// So many keys are tried on one packet; the next one is tried with others. What a stranger sends costs little so.
const MOST_TRIED: usize = 8;

/// One of them.
struct FarEnd {
    /// Its number among those of the leg.
    of: u8,
    negotiated: Box<Negotiated>,
    learning: Learning,
    /// What its packets are opened with, to tell whose they are.
    keys: Option<Inbound>,
    /// Where it was heard from.
    source: Option<SocketAddr>,
}

/// Those of one leg.
#[derive(Default)]
pub(super) struct Early {
    all: Vec<FarEnd>,
    /// The place of the one that is listened to.
    now: usize,
    /// When it was heard last.
    heard: Option<u64>,
    /// The place of the one whose key is tried first.
    first_tried: usize,
}

/// What the leg is to agree on, to listen to one of them.
type Agreed = (Box<Negotiated>, Learning);

pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    // A socket for both families shows IPv4 addresses in IPv6 clothes.
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

impl Early {
    /// Something was heard of the one that is listened to.
    pub(super) fn heard(&mut self, now: u64, from: SocketAddr) {
        self.heard = Some(now);
        if let Some(far) = self.all.get_mut(self.now) {
            far.source = Some(canonical(from));
        }
    }

    /// Takes one in, or what it says anew. What is to be agreed on with the leg at once, if it is the one that is listened to.
    fn add(&mut self, of: u8, negotiated: Box<Negotiated>, learning: Learning) -> Option<Agreed> {
        let keys = negotiated.srtp.as_ref().and_then(|keys| Inbound::new(&keys.theirs).ok());
        let far = FarEnd { of, negotiated, learning, keys, source: None };
        let place = match self.all.iter().position(|far| far.of == of) {
            Some(place) => {
                self.all[place] = far;
                place
            }
            None if self.all.len() < MOST_EARLY => {
                self.all.push(far);
                self.all.len() - 1
            }
            None => return None,
        };
        (place == self.now).then(|| self.agreed(place)).flatten()
    }

    /// One of them is gone. What is to be agreed on with the leg, if that was the one that is listened to and others are there.
    fn remove(&mut self, of: u8) -> Option<Agreed> {
        let place = self.all.iter().position(|far| far.of == of)?;
        self.all.remove(place);
        if place != self.now {
            self.now -= usize::from(place < self.now);
            return None;
        }
        (self.now, self.heard) = (0, None);
        self.agreed(0)
    }

    fn agreed(&self, place: usize) -> Option<Agreed> {
        let far = self.all.get(place)?;
        Some((far.negotiated.clone(), far.learning))
    }

    /// Whether a packet says that another one is to be listened to from here on. `room` is for a copy of it.
    fn turns(&mut self, now: u64, from: SocketAddr, packet: &[u8], room: &mut [u8]) -> Option<Agreed> {
        let quiet = self.heard.is_none_or(|at| now.saturating_sub(at) > SILENT);
        if self.all.len() < 2 || !quiet {
            return None;
        }
        let from = canonical(from);
        let place = self.whose(from, packet, room)?;
        // What is of the one that is listened to needs nothing.
        if place == std::mem::replace(&mut self.now, place) {
            return None;
        }
        self.heard(now, from);
        let (mut negotiated, learning) = self.agreed(place)?;
        // Two behind routers may name the same address of their own networks: the leg must not take one for the other.
        if negotiated.srtp.is_none() && negotiated.remote_rtp != from {
            negotiated.remote_rtp = from;
            let above = from.port().checked_add(1).unwrap_or(from.port());
            negotiated.remote_rtcp = SocketAddr::new(from.ip(), above);
        }
        Some((negotiated, learning))
    }

    fn whose(&mut self, from: SocketAddr, packet: &[u8], room: &mut [u8]) -> Option<usize> {
        let is_there = |far: &FarEnd| far.negotiated.srtp.is_none() && far.is_at(from);
        if let Some(place) = self.all.iter().position(is_there) {
            return Some(place);
        }
        self.whose_key(from, packet, room).or_else(|| self.who_may_be_there(from, packet))
    }

    fn whose_key(&mut self, from: SocketAddr, packet: &[u8], room: &mut [u8]) -> Option<usize> {
        let (count, first) = (self.all.len(), self.first_tried);
        let mut tried = 0;
        // Those first that say they are there.
        for there in [true, false] {
            for place in (0..count).map(|n| (first + n) % count) {
                let far = &mut self.all[place];
                if far.keys.is_none() || far.is_at(from) != there {
                    continue;
                }
                if tried == MOST_TRIED {
                    self.first_tried = place;
                    return None;
                }
                tried += 1;
                if far.opens(packet, room) {
                    return Some(place);
                }
            }
        }
        None
    }

    fn who_may_be_there(&self, from: SocketAddr, packet: &[u8]) -> Option<usize> {
        let payload = RtpPacket::parse(packet).ok()?.header.payload_type;
        let may = |far: &FarEnd| far.may_be_elsewhere() && far.sends(payload);
        // Most likely whose router keeps the address; then the one that is listened to, to whom the leg gives it anyway.
        let same_ip = |far: &FarEnd| canonical(far.negotiated.remote_rtp).ip() == from.ip();
        let by_ip = self.all.iter().position(|far| may(far) && same_ip(far));
        let listened_to = || self.all.get(self.now).filter(|far| may(far)).map(|_| self.now);
        by_ip.or_else(listened_to).or_else(|| self.all.iter().position(may))
    }
}

impl FarEnd {
    fn is_at(&self, from: SocketAddr) -> bool {
        self.source == Some(from) || canonical(self.negotiated.remote_rtp) == from
    }

    /// Whether its packets may come from where nobody heard it yet.
    fn may_be_elsewhere(&self) -> bool {
        self.learning == Learning::FirstPacket && self.negotiated.srtp.is_none() && self.source.is_none()
    }

    /// Whether it agreed to send such packets.
    fn sends(&self, payload: u8) -> bool {
        let n = &self.negotiated;
        payload == n.recv_pt
            || n.dtmf_recv_pt == Some(payload)
            || n.also_recv.iter().any(|(also, _)| *also == payload)
    }

    fn opens(&mut self, packet: &[u8], room: &mut [u8]) -> bool {
        let (Some(keys), Some(copy)) = (&mut self.keys, room.get_mut(..packet.len())) else { return false };
        // On a copy: the leg opens it for itself.
        copy.copy_from_slice(packet);
        keys.unprotect_rtp(copy).is_ok()
    }
}

impl Worker {
    /// One of several far ends that ring may be heard.
    pub(super) fn add_early(&mut self, slot: usize, of: u8, negotiated: Box<Negotiated>, learning: Learning) {
        let Some(early) = self.early(slot) else { return };
        let agreed = early.get_or_insert_default().add(of, negotiated, learning);
        self.agree_early(slot, agreed);
    }

    /// One of them is gone.
    pub(super) fn remove_early(&mut self, slot: usize, of: u8) {
        let agreed = self.early(slot).and_then(|early| early.as_mut()?.remove(of));
        self.agree_early(slot, agreed);
    }

    /// A packet came while far ends ring: the leg listens to whoever sent it, if that is to be.
    pub(super) fn turn_early(&mut self, slot: usize, from: SocketAddr, n: usize) {
        let now = self.now();
        let Worker { legs, input, output, .. } = self;
        let Some(early) = legs.get_mut(slot).and_then(|io| io.as_mut()?.early.as_mut()) else { return };
        let turned = early.turns(now, from, &input[..n], &mut output[..]);
        self.agree_early(slot, turned);
    }

    fn agree_early(&mut self, slot: usize, agreed: Option<Agreed>) {
        let now = self.now();
        if let (Some((agreed, learning)), Some(leg)) = (agreed, self.bridge.leg_mut(slot)) {
            leg.set_remote(now, *agreed, learning);
        }
    }
}

#[cfg(test)]
mod tests;
