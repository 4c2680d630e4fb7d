//! The audio of one call: a tone goes out, and the last second that came is kept.

use crate::phones::Ear;
use media::Micros;
use media::dtmf::Digit;
use media::leg::{Learning, Leg, LegSeeds, Received, Repeat};
use media::negotiate::{Codec, Direction, LocalSession, Negotiated, SrtpPolicy};
use media::prompt::Prompt;
use media::sdes::{OwnKeys, SEED_LEN};
use media::sdp::SessionDescription;
use std::net::SocketAddr;

/// How long a key is held, in milliseconds.
const KEY_MS: u32 = 100;

/// Audio at one address.
pub(super) struct Line {
    pub(super) port: u16,
    pub(super) session: LocalSession,
    leg: Leg,
    ear: Ear,
    sound: Prompt,
    /// How many packets came that nobody could have sent who has the key.
    pub(super) forged: u64,
    /// How many keys were pressed.
    pub(super) pressed: u32,
}

impl Line {
    /// `random` makes the keys.
    pub(super) fn new(addr: SocketAddr, hz: u32, seed: u64, mut random: impl FnMut() -> u64) -> Line {
        let mut keys = [0; SEED_LEN];
        keys.iter_mut().for_each(|byte| *byte = random() as u8);
        let mut session = LocalSession::new(addr, seed >> 1, &[Codec::Pcmu, Codec::Pcma], false);
        if let Some(own) = OwnKeys::from_random(&keys) {
            session.protect(SrtpPolicy::Required, own);
        }
        let leg = Leg::new(LegSeeds::from_seed(seed), "teams");
        let sound = Prompt::tone(f64::from(hz), 1_000, 0.3);
        Line { port: addr.port(), session, leg, ear: Ear::default(), sound, forged: 0, pressed: 0 }
    }

    /// An answer to an offer; `None` when there is nothing in common.
    pub(super) fn answer(&mut self, now: Micros, offer: &[u8]) -> Option<String> {
        let offer = SessionDescription::parse(offer).ok()?;
        let (answer, agreed) = self.session.answer(&offer, Direction::SendRecv).ok()?;
        self.agree(now, agreed);
        Some(answer.write())
    }

    /// Takes an answer in. Whether it can be used.
    pub(super) fn accept(&mut self, now: Micros, answer: &[u8]) -> bool {
        let parsed = SessionDescription::parse(answer).ok();
        let Some(agreed) = parsed.and_then(|answer| self.session.accept(&answer).ok()) else { return false };
        self.agree(now, agreed);
        true
    }

    fn agree(&mut self, now: Micros, agreed: Negotiated) {
        let sends = agreed.direction.sends();
        self.leg.set_remote(now, agreed, Learning::Never);
        match (sends, self.leg.playing()) {
            (true, None) => {
                self.leg.play(now, self.sound.clone(), Repeat::Forever);
            }
            (false, Some(_)) => self.leg.stop_playing(),
            _ => {}
        }
    }

    pub(super) fn hear(&mut self, now: Micros, is_rtcp: bool, from: SocketAddr, bytes: &[u8]) {
        let mut bytes = bytes.to_vec();
        if is_rtcp {
            if let Ok(n) = self.leg.unprotect_rtcp(from, &mut bytes) {
                let _ = self.leg.receive_rtcp(now, from, &bytes[..n]);
            }
            return;
        }
        let Ok(n) = self.leg.unprotect_rtp(from, &mut bytes) else {
            self.forged += 1;
            return;
        };
        match self.leg.receive_rtp(now, from, &bytes[..n]) {
            Received::Audio(packet) => {
                if let Some(law) = packet.law() {
                    self.ear.hear(now, law, &packet.header, packet.payload);
                }
            }
            Received::Dtmf { pressed: Some(_), .. } => self.pressed += 1,
            _ => {}
        }
    }

    pub(super) fn press(&mut self, now: Micros, key: char) -> bool {
        Digit::from_char(key).is_some_and(|digit| self.leg.send_dtmf(now, digit, KEY_MS).is_ok())
    }

    /// The next packet that is due, and where it goes.
    pub(super) fn speak(&mut self, now: Micros) -> Option<(SocketAddr, Vec<u8>)> {
        let mut buffer = [0; 1500];
        let (len, to) = self.leg.tick(now, &mut buffer)?;
        Some((to, buffer[..len].to_vec()))
    }

    pub(super) fn deadline(&self) -> Option<Micros> {
        self.leg.deadline()
    }

    pub(super) fn heard(&self, now: Micros) -> Vec<i16> {
        self.ear.heard(now)
    }
}
