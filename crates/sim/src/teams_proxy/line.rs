//! The audio of one call: a tone goes out, and the last second that came is kept.

use super::checks::Checks;
use super::text::dressed;
use crate::phones::{Ear, ntp};
use media::Micros;
use media::dtmf::Digit;
use media::g722::G722Decoder;
use media::leg::{Content, Learning, Leg, LegSeeds, Received, Repeat};
use media::negotiate::{Codec, Direction, LocalSession, Negotiated, SrtpPolicy};
use media::prompt::Prompt;
use media::sdes::{OwnKeys, SEED_LEN};
use media::sdp::SessionDescription;
use std::net::SocketAddr;

/// How long a key is held, in milliseconds.
const KEY_MS: u32 = 100;
/// The longest packet of G.722 that is listened to, in bytes (60 ms).
const LONGEST: usize = 480;

/// How media are found and carried.
#[derive(Clone, Copy)]
pub(super) struct Ways {
    pub(super) bypass: bool,
    /// One port for audio and reports.
    pub(super) mux: bool,
    /// G.722 and nothing else, in place of G.711.
    pub(super) wideband: bool,
    /// Packets' numbers soon start over, and each two packets change places on the way.
    pub(super) shuffled: bool,
    /// What becomes of descriptions before they are sent.
    pub(super) described: Option<fn(&str) -> String>,
}

/// Where the numbers of packets begin that soon start over: odd, so that the last and the first one change places.
const NEARLY_OVER: u16 = 65_511;

fn tone(hz: u32) -> Option<Prompt> {
    (hz > 0).then(|| Prompt::tone(f64::from(hz), 1_000, 0.3))
}

/// Audio at one address.
pub(super) struct Line {
    pub(super) port: u16,
    pub(super) session: LocalSession,
    leg: Leg,
    ear: Ear,
    wideband: G722Decoder,
    /// What it says; nothing at all while it has nothing to say.
    sound: Option<Prompt>,
    /// The tag and the description of an answer that came before the user answered.
    pub(super) early: Option<(String, String)>,
    /// Where the border controller is found out, with media bypass.
    pub(super) checks: Option<Checks>,
    /// How many packets came that nobody could have sent who has the key.
    pub(super) forged: u64,
    /// How many keys were pressed.
    pub(super) pressed: u32,
    /// How many packets of audio came.
    pub(super) audio: u32,
    /// How many reports came at a port of their own, and at that of the audio.
    pub(super) reports: (u32, u32),
    /// What becomes of its descriptions before they are sent.
    pub(super) described: Option<fn(&str) -> String>,
    /// Packets change places: the one that waits for the next.
    shuffled: Option<Option<(SocketAddr, Vec<u8>)>>,
}

impl Line {
    /// `random` makes the keys.
    pub(super) fn new(
        (addr, hz): (SocketAddr, u32),
        seed: u64,
        ways: Ways,
        mut random: impl FnMut() -> u64,
    ) -> Line {
        let mut keys = [0; SEED_LEN];
        keys.iter_mut().for_each(|byte| *byte = random() as u8);
        let codecs: &[Codec] = if ways.wideband { &[Codec::G722] } else { &[Codec::Pcmu, Codec::Pcma] };
        let mut session = LocalSession::new(addr, seed >> 1, codecs, ways.mux);
        if let Some(own) = OwnKeys::from_random(&keys) {
            session.protect(SrtpPolicy::Required, own);
        }
        let mut seeds = LegSeeds::from_seed(seed);
        if ways.shuffled {
            seeds.sequence = NEARLY_OVER;
        }
        let leg = Leg::new(seeds, "teams");
        let shuffled = ways.shuffled.then_some(None);
        let sound = tone(hz);
        let checks = ways.bypass.then(|| Checks::new(addr, seed));
        let (forged, pressed, audio, reports) = (0, 0, 0, (0, 0));
        let (port, ear) = (addr.port(), Ear::default());
        let wideband = G722Decoder::default();
        Line {
            port,
            session,
            leg,
            ear,
            wideband,
            sound,
            early: None,
            checks,
            forged,
            pressed,
            audio,
            reports,
            described: ways.described,
            shuffled,
        }
    }

    /// From now on it says this.
    pub(super) fn say(&mut self, now: Micros, hz: u32) {
        self.sound = tone(hz);
        self.leg.stop_playing();
        self.play(now);
    }

    fn play(&mut self, now: Micros) {
        if let Some(sound) = &self.sound {
            self.leg.play(now, sound.clone(), Repeat::Forever);
        }
    }

    /// An offer, as it is sent.
    pub(super) fn offer(&mut self, direction: Direction) -> String {
        let offer = self.session.offer(direction).write();
        self.describe(dressed(&offer), false)
    }

    /// With media bypass: what was checked is chosen from now on.
    pub(super) fn nominate(&mut self, now: Micros) {
        if let Some(checks) = &mut self.checks {
            checks.nominate(now);
        }
    }

    /// `shares` says that one port is agreed on.
    fn describe(&self, description: String, shares: bool) -> String {
        let description = match &self.checks {
            Some(checks) => checks.describe(&description, shares),
            None => description,
        };
        self.described.map_or_else(|| description.clone(), |described| described(&description))
    }

    /// Takes in what the border controller says of ICE.
    fn check(&mut self, now: Micros, description: &[u8]) -> Result<(), &'static str> {
        self.checks.as_mut().map_or(Ok(()), |checks| checks.take(now, description))
    }

    /// An answer to an offer.
    ///
    /// # Errors
    /// The rule that the offer broke.
    pub(super) fn answer(&mut self, now: Micros, offer: &[u8]) -> Result<String, &'static str> {
        self.check(now, offer)?;
        let parsed = SessionDescription::parse(offer).ok();
        let answered = parsed.and_then(|offer| self.session.answer(&offer, Direction::SendRecv).ok());
        let (answer, agreed) = answered.ok_or("what is offered can be used")?;
        let shares = agreed.rtcp_mux;
        self.agree(now, agreed);
        Ok(self.describe(answer.write(), shares))
    }

    /// Takes an answer in.
    ///
    /// # Errors
    /// The rule that it broke.
    pub(super) fn accept(&mut self, now: Micros, answer: &[u8]) -> Result<(), &'static str> {
        self.check(now, answer)?;
        let parsed = SessionDescription::parse(answer).ok();
        let agreed = parsed.and_then(|answer| self.session.accept(&answer).ok());
        self.agree(now, agreed.ok_or("an answer can be used")?);
        Ok(())
    }

    fn agree(&mut self, now: Micros, agreed: Negotiated) {
        let sends = agreed.direction.sends();
        if let Some(checks) = self.checks.as_mut().filter(|_| agreed.rtcp_mux) {
            checks.share_port();
        }
        self.leg.set_remote(now, agreed, Learning::Never);
        match (sends, self.leg.playing()) {
            (true, None) => self.play(now),
            (false, Some(_)) => self.leg.stop_playing(),
            _ => {}
        }
    }

    /// False when a rule was broken.
    pub(super) fn hear(&mut self, now: Micros, is_rtcp: bool, from: SocketAddr, bytes: &[u8]) -> bool {
        if bytes.first().is_some_and(|first| *first < 4) {
            return self.checks.as_mut().is_some_and(|checks| checks.receive(usize::from(is_rtcp), bytes));
        }
        self.hear_audio(now, is_rtcp, from, bytes);
        true
    }

    fn hear_audio(&mut self, now: Micros, is_rtcp: bool, from: SocketAddr, bytes: &[u8]) {
        let mut bytes = bytes.to_vec();
        if is_rtcp {
            if let Ok(n) = self.leg.unprotect_rtcp(from, &mut bytes) {
                self.reports.0 += u32::from(self.leg.receive_rtcp(now, from, &bytes[..n]).is_ok());
            }
            return;
        }
        let Ok(n) = self.leg.unprotect_rtp(from, &mut bytes) else {
            self.forged += 1;
            return;
        };
        match self.leg.receive_rtp(now, from, &bytes[..n]) {
            Received::Audio(packet) => {
                self.audio += 1;
                match packet.law() {
                    Some(law) => self.ear.hear(now, law, &packet.header, packet.payload),
                    None if packet.content == Content::Audio(Codec::G722) => {
                        let mut wide = [0; 2 * LONGEST];
                        let count = self.wideband.decode(packet.payload, &mut wide);
                        // The clock of G.722 counts every second sample; tones are far below what folds.
                        let narrow: Vec<i16> = wide[..count].iter().copied().step_by(2).collect();
                        self.ear.hear_samples(now, &packet.header, &narrow);
                    }
                    None => {}
                }
            }
            Received::Dtmf { pressed: Some(_), .. } => self.pressed += 1,
            Received::Rtcp => self.reports.1 += 1,
            _ => {}
        }
    }

    pub(super) fn press(&mut self, now: Micros, key: char) -> bool {
        Digit::from_char(key).is_some_and(|digit| self.leg.send_dtmf(now, digit, KEY_MS).is_ok())
    }

    /// What is due: the port that it leaves from, where it goes, and the datagram.
    pub(super) fn speak(&mut self, now: Micros) -> Vec<(u16, SocketAddr, Vec<u8>)> {
        let checks = self.checks.as_mut().map(|checks| checks.poll(now)).unwrap_or_default();
        let mut due: Vec<_> =
            checks.into_iter().map(|(component, to, bytes)| (self.port + component, to, bytes)).collect();
        let reached = self.checks.as_ref().is_none_or(Checks::is_valid);
        let mut buffer = [0; 1500];
        while let Some((len, to)) = self.leg.tick(now, &mut buffer) {
            // Nothing is sent where no check was answered.
            if !reached {
                continue;
            }
            let packet = (to, buffer[..len].to_vec());
            let ready = match &mut self.shuffled {
                None => vec![packet],
                Some(waits) => match waits.take() {
                    None => {
                        *waits = Some(packet);
                        continue;
                    }
                    Some(first) => vec![packet, first],
                },
            };
            due.extend(ready.into_iter().map(|(to, bytes)| (self.port, to, bytes)));
        }
        while let Some((len, to)) = self.leg.rtcp_due(now, &mut buffer, ntp(now)) {
            let shares = self.leg.negotiated().is_some_and(|agreed| agreed.rtcp_mux);
            if reached {
                due.push((self.port + u16::from(!shares), to, buffer[..len].to_vec()));
            }
        }
        due
    }

    pub(super) fn deadline(&self) -> Option<Micros> {
        self.leg.deadline().into_iter().chain(self.checks.as_ref().and_then(Checks::deadline)).min()
    }

    pub(super) fn heard(&self, now: Micros) -> Vec<i16> {
        self.ear.heard(now)
    }
}
