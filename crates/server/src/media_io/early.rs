//! Several far ends ring for one leg, and each may be heard before one of them answers (forked ringing, RFC 3960): whoever
//! sends audio first is listened to, and another one once that is silent.
//!
//! Which of them a packet is from is told by its key where audio is protected, else by the address that they signalled.

use crate::media_io::thread::Worker;
use media::leg::Learning;
use media::negotiate::Negotiated;
use media::srtp::Inbound;
use std::net::SocketAddr;

/// The most far ends of one leg that may be heard before an answer.
const MOST: usize = 8;
/// Whoever is listened to gives way to another after so long a silence, in microseconds.
const SILENT: u64 = 500_000;

/// One of them.
struct FarEnd {
    /// Its number among those of the leg.
    of: u8,
    negotiated: Box<Negotiated>,
    learning: Learning,
    /// What its packets are opened with, to tell whose they are.
    keys: Option<Inbound>,
}

/// Those of one leg.
#[derive(Default)]
pub(super) struct Early {
    all: Vec<FarEnd>,
    /// The place of the one that is listened to.
    now: usize,
    /// When it was heard last.
    heard: Option<u64>,
}

impl Early {
    /// Something was heard of the one that is listened to.
    pub(super) fn heard(&mut self, now: u64) {
        self.heard = Some(now);
    }

    /// Takes one in, or what it says anew. What is to be agreed on with the leg at once, if it is the one that is listened to.
    fn add(&mut self, of: u8, negotiated: Box<Negotiated>, learning: Learning) -> Option<Box<Negotiated>> {
        let keys = negotiated.srtp.as_ref().and_then(|keys| Inbound::new(&keys.theirs).ok());
        let far = FarEnd { of, negotiated, learning, keys };
        let place = match self.all.iter().position(|far| far.of == of) {
            Some(place) => {
                self.all[place] = far;
                place
            }
            None if self.all.len() < MOST => {
                self.all.push(far);
                self.all.len() - 1
            }
            None => return None,
        };
        (place == self.now).then(|| self.all[place].negotiated.clone())
    }

    /// Whether a packet says that another one is to be listened to from here on. `room` is for a copy of it.
    fn turns(
        &mut self,
        now: u64,
        from: SocketAddr,
        packet: &[u8],
        room: &mut [u8],
    ) -> Option<(Box<Negotiated>, Learning)> {
        let quiet = self.heard.is_none_or(|at| now.saturating_sub(at) > SILENT);
        if self.all.len() < 2 || !quiet {
            return None;
        }
        let place = self.all.iter_mut().position(|far| far.sent(from, packet, room))?;
        // What is of the one that is listened to needs nothing.
        if place == std::mem::replace(&mut self.now, place) {
            return None;
        }
        self.heard = Some(now);
        let far = self.all.get(place)?;
        Some((far.negotiated.clone(), far.learning))
    }
}

impl FarEnd {
    fn sent(&mut self, from: SocketAddr, packet: &[u8], room: &mut [u8]) -> bool {
        match &mut self.keys {
            // On a copy: the leg opens it for itself.
            Some(keys) => room.get_mut(..packet.len()).is_some_and(|copy| {
                copy.copy_from_slice(packet);
                keys.unprotect_rtp(copy).is_ok()
            }),
            None if self.negotiated.srtp.is_some() => false,
            None => {
                let said = self.negotiated.remote_rtp;
                from.port() == said.port() && from.ip().to_canonical() == said.ip().to_canonical()
            }
        }
    }
}

impl Worker {
    /// One of several far ends that ring may be heard.
    pub(super) fn add_early(&mut self, slot: usize, of: u8, negotiated: Box<Negotiated>, learning: Learning) {
        let now = self.now();
        let Some(early) = self.early(slot) else { return };
        let agreed = early.get_or_insert_default().add(of, negotiated, learning);
        if let (Some(agreed), Some(leg)) = (agreed, self.bridge.leg_mut(slot)) {
            leg.set_remote(now, *agreed, learning);
        }
    }

    /// A packet came while far ends ring: the leg listens to whoever sent it, if that is to be.
    pub(super) fn turn_early(&mut self, slot: usize, from: SocketAddr, n: usize) {
        let now = self.now();
        let Worker { legs, input, output, .. } = self;
        let Some(early) = legs.get_mut(slot).and_then(|io| io.as_mut()?.early.as_mut()) else { return };
        let turned = early.turns(now, from, &input[..n], &mut output[..]);
        if let (Some((agreed, learning)), Some(leg)) = (turned, self.bridge.leg_mut(slot)) {
            leg.set_remote(now, *agreed, learning);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::negotiate::Codec;

    fn at(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    fn plain(port: u16) -> Box<Negotiated> {
        Box::new(Negotiated::plain(Codec::Pcma, at(port)))
    }

    #[test]
    fn whoever_sends_first_is_listened_to_until_it_is_silent() {
        let mut early = Early::default();
        assert!(
            early.add(0, plain(4_000), Learning::Never).is_some(),
            "the first one is listened to at once"
        );
        assert!(early.add(1, plain(5_000), Learning::Never).is_none());
        let turns = |early: &mut Early, now, port| {
            early.turns(now, at(port), b"", &mut []).map(|(agreed, _)| agreed.remote_rtp.port())
        };
        assert_eq!(turns(&mut early, 1_000, 6_000), None, "a stranger turns nothing");
        assert_eq!(turns(&mut early, 1_000, 5_000), Some(5_000), "nothing was heard of the first");
        early.heard(1_000);
        assert_eq!(turns(&mut early, 2_000, 4_000), None, "the second one sends");
        assert_eq!(turns(&mut early, 2_000 + SILENT, 4_000), Some(4_000), "and is silent");
        // What it says anew counts at once; what another says does not.
        assert!(early.add(0, plain(4_002), Learning::Never).is_some());
        assert!(early.add(1, plain(5_002), Learning::Never).is_none());
        assert!((2..40).all(|of| early.add(of, plain(7_000), Learning::Never).is_none()));
        assert_eq!(early.all.len(), MOST);
    }
}
