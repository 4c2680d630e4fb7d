//! Connectivity checks of Teams with media bypass (RFC 8445): a full, controlling agent with regular nomination, which a
//! border controller never is. Written by hand, as the messages of SIP are.

use crate::chance::Chance;
use aws_lc_rs::hmac;
use media::Micros;
use media::sdp::SessionDescription;
use std::net::{IpAddr, SocketAddr};

/// So often a check is repeated that was not answered, in microseconds.
const EVERY: Micros = 50_000;
/// What the default address in descriptions is: nobody is there, so audio comes to pass by checks alone.
const NOBODY: &str = "192.0.2.9";
const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
/// User name, message integrity, mapped address, priority, nomination, fingerprint and role, by number (RFC 8489, RFC 8445).
const USERNAME: u16 = 0x0006;
const INTEGRITY: u16 = 0x0008;
const MAPPED: u16 = 0x0020;
const PRIORITY: u16 = 0x0024;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const CONTROLLING: u16 = 0x802A;

/// What a border controller said of its side.
#[derive(Clone, PartialEq, Eq)]
struct Theirs {
    ufrag: String,
    password: String,
    /// Where RTP and RTCP are.
    at: [Option<SocketAddr>; 2],
}

impl Theirs {
    /// Credentials and candidates are the same; that for reports may go when the audio's port is shared, and come again in an
    /// offer, where that is not agreed on yet.
    fn is_still(&self, now: &Theirs) -> bool {
        let reports = self.at[1] == now.at[1] || self.at[1].is_none() || now.at[1].is_none();
        (&self.ufrag, &self.password, self.at[0]) == (&now.ufrag, &now.password, now.at[0]) && reports
    }
}

/// One component: RTP or RTCP.
#[derive(Clone, Copy, Default)]
struct Component {
    asked: [u8; 12],
    /// The check under way nominates.
    nominates: bool,
    valid: bool,
    nominated: bool,
}

/// The checks of one client.
pub(super) struct Checks {
    ours: (String, String),
    addr: SocketAddr,
    theirs: Option<Theirs>,
    components: [Component; 2],
    /// Whether what is valid is nominated now.
    nominates: bool,
    /// The border controller has to name other credentials.
    restarted: bool,
    /// The final address stands in descriptions.
    settled: bool,
    next: Micros,
    chance: Chance,
}

fn word(chance: &mut Chance, len: usize) -> String {
    let letters = b"abcdefghijklmnopqrstuvwxyz012345";
    (0..len).map(|_| char::from(letters[chance.below(32) as usize])).collect()
}

impl Checks {
    pub(super) fn new(addr: SocketAddr, seed: u64) -> Checks {
        let mut chance = Chance::new(seed);
        let ours = (word(&mut chance, 6), word(&mut chance, 24));
        Checks {
            ours,
            addr,
            theirs: None,
            components: Default::default(),
            nominates: false,
            restarted: false,
            settled: false,
            next: 0,
            chance,
        }
    }

    /// A description with what stands in it of this side.
    /// Where one port is agreed on (`shares`), there is no candidate for reports.
    pub(super) fn describe(&self, description: &str, shares: bool) -> String {
        let ip = self.addr.ip();
        let mut out = String::new();
        for line in description.lines() {
            match line.strip_prefix("c=IN IP4 ") {
                Some(_) if !self.settled => out += &format!("c=IN IP4 {NOBODY}\r\n"),
                _ => out += &format!("{line}\r\n"),
            }
        }
        out += &format!("a=ice-ufrag:{}\r\na=ice-pwd:{}\r\n", self.ours.0, self.ours.1);
        for (component, priority) in
            [(1, 2_130_706_431), (2, 2_130_706_430)].into_iter().take(2 - usize::from(shares))
        {
            let port = self.addr.port() + component - 1;
            out += &format!("a=candidate:1 {component} UDP {priority} {ip} {port} typ host\r\n");
        }
        if let (true, Some([Some(rtp), _])) = (self.settled, self.theirs.as_ref().map(|t| t.at)) {
            out += &format!("a=remote-candidates:1 {} {}\r\n", rtp.ip(), rtp.port());
        }
        out
    }

    /// Takes in what the border controller says of its side.
    ///
    /// # Errors
    /// The rule that it broke.
    pub(super) fn take(&mut self, now: Micros, description: &[u8]) -> Result<(), &'static str> {
        let theirs =
            read(description).ok_or("a border controller with bypass has ICE with one candidate a port")?;
        let other = |before: &Theirs| before.ufrag != theirs.ufrag && before.password != theirs.password;
        match &self.theirs {
            Some(before) if self.restarted && !other(before) => {
                return Err("a restart has other credentials");
            }
            Some(before) if !self.restarted && !before.is_still(&theirs) => {
                return Err("credentials and candidates stay until a restart");
            }
            Some(before) if !self.restarted => {
                // Once the audio's port is shared, nothing else is checked.
                let shared = before.at[1].is_none();
                self.theirs = Some(theirs);
                if shared {
                    self.share_port();
                }
                return Ok(());
            }
            _ => {}
        }
        (self.theirs, self.restarted, self.next) = (Some(theirs), false, now);
        self.components = Default::default();
        Ok(())
    }

    /// Reports come by the port of the audio from now on.
    pub(super) fn share_port(&mut self) {
        if let Some(theirs) = &mut self.theirs {
            theirs.at[1] = None;
        }
    }

    /// What is valid is nominated from now on.
    pub(super) fn nominate(&mut self, now: Micros) {
        (self.nominates, self.next) = (true, now);
    }

    /// From now on descriptions name the pair that was chosen. Whether one was.
    pub(super) fn settle(&mut self) -> bool {
        self.settled = self.components[0].nominated;
        self.settled
    }

    /// The next description begins anew, with other credentials.
    pub(super) fn restart(&mut self) {
        self.ours = (word(&mut self.chance, 6), word(&mut self.chance, 24));
        (self.restarted, self.settled) = (true, false);
    }

    /// Whether the border controller answered a check on this component: 0 is RTP.
    pub(super) fn is_valid(&self) -> bool {
        self.components[0].valid
    }

    /// Whether it took the nomination of both.
    pub(super) fn is_nominated(&self) -> bool {
        let ports = self.theirs.as_ref().map(|t| t.at).unwrap_or_default();
        self.components.iter().zip(ports).all(|(c, at)| c.nominated || at.is_none())
    }

    pub(super) fn deadline(&self) -> Option<Micros> {
        let open = |(c, at): (&Component, Option<SocketAddr>)| {
            at.is_some() && (!c.valid || (self.nominates && !c.nominated))
        };
        let at = self.theirs.as_ref()?.at;
        self.components.iter().zip(at).any(open).then_some(self.next)
    }

    /// The checks that are due: component, where to, and the message.
    pub(super) fn poll(&mut self, now: Micros) -> Vec<(u16, SocketAddr, Vec<u8>)> {
        let Some(theirs) = self.theirs.clone().filter(|_| self.deadline().is_some_and(|at| at <= now)) else {
            return Vec::new();
        };
        self.next = now + EVERY;
        let mut due = Vec::new();
        for component in 0..2 {
            let (c, at) = (self.components[component], theirs.at[component]);
            let nominates = self.nominates && c.valid;
            let Some(to) = at.filter(|_| !c.valid || (nominates && !c.nominated)) else { continue };
            let (high, low) = (self.chance.number(), self.chance.number());
            let mut asked = [0; 12];
            asked[..8].copy_from_slice(&high.to_be_bytes());
            asked[8..].copy_from_slice(&low.to_be_bytes()[..4]);
            self.components[component] = Component { asked, nominates, ..c };
            due.push((component as u16, to, self.check(&theirs, asked, nominates)));
        }
        due
    }

    fn check(&self, theirs: &Theirs, asked: [u8; 12], nominates: bool) -> Vec<u8> {
        let mut message = vec![0, 1, 0, 0];
        message.extend(COOKIE);
        message.extend(asked);
        put(&mut message, USERNAME, format!("{}:{}", theirs.ufrag, self.ours.0).as_bytes());
        put(&mut message, CONTROLLING, &[1, 2, 3, 4, 5, 6, 7, 8]);
        put(&mut message, PRIORITY, &1_862_270_975_u32.to_be_bytes());
        if nominates {
            put(&mut message, USE_CANDIDATE, &[]);
        }
        let made = integrity(&theirs.password, &mut message);
        put(&mut message, INTEGRITY, &made);
        let length = (message.len() + 8 - 20) as u16;
        message[2..4].copy_from_slice(&length.to_be_bytes());
        let print = (crc32(&message) ^ 0x5354_554E).to_be_bytes();
        put(&mut message, FINGERPRINT, &print);
        message
    }

    /// Takes an answer in. False when a rule was broken: a border controller answers checks and makes none.
    pub(super) fn receive(&mut self, component: usize, message: &[u8]) -> bool {
        let Some(theirs) = &self.theirs else { return true };
        let Some(c) = self.components.get_mut(component) else { return true };
        if message.get(..2) != Some(&[1, 1]) {
            return false;
        }
        // An answer to a check before the last one is late, and nothing else.
        if message.get(8..20) != Some(&c.asked[..]) {
            return true;
        }
        let mut right = is_right(message, &theirs.password);
        let mapped = attribute(message, MAPPED).and_then(|(_, value)| {
            let port = u16::from_be_bytes(value.get(2..4)?.try_into().ok()?) ^ 0x2112;
            let ip: [u8; 4] = value.get(4..8)?.try_into().ok()?;
            let ip: Vec<u8> = ip.iter().zip(COOKIE).map(|(byte, with)| byte ^ with).collect();
            let ip: [u8; 4] = ip.try_into().ok()?;
            Some(SocketAddr::new(IpAddr::from(ip), port))
        });
        right &= mapped.is_some_and(|at| at.ip() == self.addr.ip() && at.port() & !1 == self.addr.port());
        if right {
            c.valid = true;
            c.nominated |= c.nominates;
            self.next = 0;
        }
        right
    }
}

/// What a description says of a border controller: it is a lite agent, and has one host candidate for each port.
fn read(description: &[u8]) -> Option<Theirs> {
    let session = SessionDescription::parse(description).ok()?;
    session.attributes.iter().find(|a| a.name == "ice-lite")?;
    let audio = session.media.iter().find(|m| m.kind == "audio")?;
    let mut theirs = Theirs {
        ufrag: audio.attribute("ice-ufrag")?.into(),
        password: audio.attribute("ice-pwd")?.into(),
        at: [None; 2],
    };
    for candidate in audio.attributes_named("candidate") {
        let words: Vec<&str> = candidate.split(' ').collect();
        let [_, component, "UDP", _, ip, port, "typ", "host"] = words[..] else { return None };
        let component: usize = component.parse().ok()?;
        let place = theirs.at.get_mut(component.checked_sub(1)?)?;
        let first = place.replace(SocketAddr::new(ip.parse().ok()?, port.parse().ok()?)).is_none();
        if !first {
            return None;
        }
    }
    theirs.at[0]?;
    (theirs.at[1].is_some() || audio.attribute("rtcp-mux").is_some()).then_some(theirs)
}

fn put(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend(kind.to_be_bytes());
    message.extend((value.len() as u16).to_be_bytes());
    message.extend(value);
    message.resize(message.len().next_multiple_of(4), 0);
}

/// Where an attribute begins, and its value.
fn attribute(message: &[u8], wanted: u16) -> Option<(usize, &[u8])> {
    let mut at = 20;
    loop {
        let head = message.get(at..at + 4)?;
        let (kind, len) = (u16::from_be_bytes([head[0], head[1]]), u16::from_be_bytes([head[2], head[3]]));
        let value = message.get(at + 4..at + 4 + usize::from(len))?;
        if kind == wanted {
            return Some((at, value));
        }
        at += 4 + usize::from(len).next_multiple_of(4);
    }
}

/// The integrity of what is there so far, whose length counts the attribute that follows.
fn integrity(password: &str, message: &mut [u8]) -> Vec<u8> {
    let length = (message.len() + 24 - 20) as u16;
    message[2..4].copy_from_slice(&length.to_be_bytes());
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    hmac::sign(&key, message).as_ref().to_vec()
}

/// Whether integrity and fingerprint are those of whoever knows the password.
fn is_right(message: &[u8], password: &str) -> bool {
    let Some((signed, value)) = attribute(message, INTEGRITY) else { return false };
    let mut before = message[..signed].to_vec();
    let Some((end, print)) = attribute(message, FINGERPRINT) else { return false };
    integrity(password, &mut before) == value
        && print == (crc32(&message[..end]) ^ 0x5354_554E).to_be_bytes()
        && end + 8 == message.len()
}

/// CRC-32 of ISO 3309, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let bit = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), bit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_is_that_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}
