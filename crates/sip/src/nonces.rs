//! Digest authentication as a server (RFC 7616, RFC 8760, RFC 3261 section 22): makes challenges and judges what comes
//! back.
//!
//! A nonce holds its own time and a keyed hash over it and the realm, so nothing is remembered for strangers. Only when
//! a password was right is the count of that nonce written down, to refuse repetitions. The table of counts is bounded:
//! when it is full, the oldest nonce leaves and all that are as old become stale, so that none can be used twice.

use crate::digest::{Algorithm, Hashed, Hashing, Params, Quality, hex, is_digest, push_quoted, response};
use crate::time::Time;
use crate::uri::{Uri, trim};
use core::time::Duration;
use hmac::{Hmac, KeyInit, Mac};
use redact::Secret;
use sha2::Sha256;
use std::collections::BTreeMap;
use subtle::{Choice, ConstantTimeEq};

/// How long a nonce serves, unless told otherwise.
const LIFE: Duration = Duration::from_secs(60);
/// The most nonces whose counts are remembered.
const MAX_COUNTED: usize = 65_536;
/// How far counts may arrive out of order: requests sent at the same time overtake each other.
const WINDOW: u32 = 64;
/// The longest name of a user that is looked up, in bytes.
const MAX_USER: usize = 256;
/// Bytes of the keyed hash in a nonce.
const TAG: usize = 16;
/// Stands in for the password of a user who is not there, so that the same work is done.
const NOBODY: &str = "nobody has it";

/// Makes nonces and checks answers to them.
pub struct Nonces {
    key: [u8; 32],
    life: Duration,
    max_counted: usize,
    /// Two challenges of the same microsecond must differ.
    made: u64,
    counted: BTreeMap<Nonce, Counts>,
    /// Nonces as old as this one or older are not known any more.
    floor: Option<Nonce>,
}

/// What a nonce says: when it was made, and which one of that moment. The order is that of age.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Nonce {
    made: Time,
    number: u64,
}

/// Which counts of a nonce were used.
#[derive(Clone, Copy)]
struct Counts {
    highest: u32,
    /// Bit n: `highest - n` was used.
    used: u64,
}

/// What an authorisation is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This user sent the request.
    Good(Secret<String>),
    /// The nonce is not, or no longer, one of ours, or its count was used: challenge again, with `stale`. Nothing is said
    /// about the password.
    Stale,
    /// The answer to a nonce of ours is wrong.
    Bad(Fault),
    /// Nothing for this realm: challenge.
    Missing,
}

/// What is wrong with an authorisation. For those who watch, not for the far end: it gets the same answer in each case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The password is wrong.
    Password,
    /// There is no such user.
    UnknownUser,
    /// It cannot be read, wants what was not offered, or is for another request.
    Malformed,
}

impl Counts {
    /// Uses a count. False if it was used before, or is too old to know.
    fn take(&mut self, nc: u32) -> bool {
        if nc > self.highest {
            let ahead = nc - self.highest;
            self.used = if ahead < WINDOW { self.used << ahead | 1 } else { 1 };
            self.highest = nc;
            return true;
        }
        let behind = self.highest - nc;
        if behind >= WINDOW || self.used >> behind & 1 == 1 {
            return false;
        }
        self.used |= 1 << behind;
        true
    }
}

impl Nonces {
    /// `secret` must come from the operating system in production: who knows it can make nonces. Nonces of another
    /// secret, such as those from before a restart, are stale.
    pub fn new(secret: [u8; 32]) -> Nonces {
        Nonces {
            key: secret,
            life: LIFE,
            max_counted: MAX_COUNTED,
            made: 0,
            counted: BTreeMap::new(),
            floor: None,
        }
    }

    /// The same with another life of nonces; 60 s otherwise.
    pub fn with_life(self, life: Duration) -> Nonces {
        Nonces { life, ..self }
    }

    /// The values of WWW-Authenticate or Proxy-Authenticate for one answer, a line each, the strongest first (RFC 8760
    /// section 2.3). `realm` is ours; `stale` after [`Verdict::Stale`].
    pub fn challenge(&mut self, now: Time, realm: &str, stale: bool) -> Vec<String> {
        self.made += 1;
        let nonce = Nonce { made: now, number: self.made };
        let text = nonce.text(&self.tag(nonce, realm));
        ["SHA-256", "MD5"]
            .map(|algorithm| {
                let mut out = String::from("Digest ");
                push_quoted(&mut out, "realm", realm);
                out.push_str(", ");
                push_quoted(&mut out, "nonce", &text);
                out.push_str(&format!(", algorithm={algorithm}, qop=\"auth\""));
                if stale {
                    out.push_str(", stale=true");
                }
                out
            })
            .into()
    }

    /// Judges one value of Authorization or Proxy-Authorization. A request may have several, for different realms: the
    /// first that is not [`Verdict::Missing`] counts.
    ///
    /// `method` and `uri` are those of the request's first line. `lookup` gives the password of a user of this realm; it
    /// is asked once for every authorisation that is well formed, and as much is hashed for users that are not there.
    pub fn check(
        &mut self,
        now: Time,
        realm: &str,
        authorization: &[u8],
        method: &[u8],
        uri: &[u8],
        lookup: impl Fn(&str) -> Option<Secret<String>>,
    ) -> Verdict {
        if !is_digest(trim(authorization)) {
            return Verdict::Missing;
        }
        let Some(p) = Params::read(authorization) else { return Verdict::Bad(Fault::Malformed) };
        if p.get("realm") != Some(realm.as_bytes()) {
            return Verdict::Missing;
        }
        // A nonce that is not ours was answered by nobody who saw a challenge of ours. It must not count as a guess:
        // its source address may be forged.
        let Some(nonce) = p.get("nonce").and_then(|n| self.read(n, realm)) else { return Verdict::Stale };
        if self.is_old(now, nonce) {
            return Verdict::Stale;
        }
        let Some(given) = Given::read(&p, uri) else { return Verdict::Bad(Fault::Malformed) };
        let password = lookup(given.user);
        let known = Choice::from(u8::from(password.is_some()));
        let password = password.unwrap_or_else(|| Secret::new(NOBODY.into()));
        let who = (given.user.as_bytes(), realm.as_bytes(), password.expose_secret().as_bytes());
        let nonce_text = p.get("nonce").unwrap_or_default();
        let right = response(given.hashing, who, nonce_text, given.quality, method, given.uri)
            .map_or(Choice::from(0), |r: Hashed| r.bytes().ct_eq(&given.response));
        if !bool::from(right & known) {
            return Verdict::Bad(if bool::from(known) { Fault::Password } else { Fault::UnknownUser });
        }
        if !self.count(now, nonce, given.nc) {
            return Verdict::Stale;
        }
        Verdict::Good(Secret::new(given.user.into()))
    }

    /// How many nonces are remembered with their counts.
    pub fn counted(&self) -> usize {
        self.counted.len()
    }

    fn tag(&self, nonce: Nonce, realm: &str) -> [u8; TAG] {
        let mut tag = [0; TAG];
        // A key of any length serves; it cannot fail.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) {
            mac.update(&nonce.made.0.to_be_bytes());
            mac.update(&nonce.number.to_be_bytes());
            mac.update(realm.as_bytes());
            tag.copy_from_slice(&mac.finalize().into_bytes()[..TAG]);
        }
        tag
    }

    /// Reads a nonce back, if it is one of ours for this realm.
    fn read(&self, text: &[u8], realm: &str) -> Option<Nonce> {
        let bytes = unhex(text).filter(|b| b.len() == 16 + TAG)?;
        let number = |at: usize| bytes[at..at + 8].iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
        let nonce = Nonce { made: Time(number(0)), number: number(8) };
        bool::from(self.tag(nonce, realm).ct_eq(&bytes[16..])).then_some(nonce)
    }

    fn is_old(&self, now: Time, nonce: Nonce) -> bool {
        now.since(nonce.made) > self.life || self.floor.is_some_and(|f| nonce <= f)
    }

    /// Uses a count of a nonce. False if it was used before.
    fn count(&mut self, now: Time, nonce: Nonce, nc: u32) -> bool {
        if let Some(counts) = self.counted.get_mut(&nonce) {
            return counts.take(nc);
        }
        while let Some((&oldest, _)) = self.counted.first_key_value() {
            if self.counted.len() < self.max_counted && now.since(oldest.made) <= self.life {
                break;
            }
            self.counted.pop_first();
            self.floor = self.floor.max(Some(oldest));
        }
        self.counted.insert(nonce, Counts { highest: nc, used: 1 });
        // The table may have lost older ones just now, but never this one's own count.
        self.floor.is_none_or(|f| nonce > f)
    }
}

impl Nonce {
    fn text(self, tag: &[u8]) -> String {
        hex(&[&self.made.0.to_be_bytes()[..], &self.number.to_be_bytes(), tag].concat())
    }
}

/// Reads two digits a byte, of either case.
fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |c: u8| (c as char).to_digit(16).map(|d| d as u8);
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// What an authorisation says, well formed and fit for the request.
struct Given<'a> {
    user: &'a str,
    hashing: Hashing,
    quality: Quality<'a>,
    nc: u32,
    uri: &'a [u8],
    response: Vec<u8>,
}

impl<'a> Given<'a> {
    fn read(p: &'a Params<'_>, target: &[u8]) -> Option<Given<'a>> {
        let user = p.get("username").filter(|u| u.len() <= MAX_USER)?;
        let uri = p.get("uri").filter(|u| names_same_target(u, target))?;
        let hashing = Hashing::read(p.get("algorithm")).filter(|h| !h.session)?;
        let response = unhex(p.get("response")?)?;
        let length = if hashing.algorithm == Algorithm::Md5 { 16 } else { 32 };
        if response.len() != length {
            return None;
        }
        let (quality, nc) = match p.get("qop") {
            // A client that knows no count uses each nonce once.
            None => (Quality::None, 1),
            Some(q) if q.eq_ignore_ascii_case(b"auth") => {
                let nc = p.get("nc").filter(|n| n.len() == 8)?;
                let count = crate::seed::read_hex(&nc.to_ascii_lowercase()).filter(|n| *n > 0)?;
                let cnonce = p.get("cnonce").filter(|c| !c.is_empty())?;
                (Quality::Auth { nc, cnonce }, u32::try_from(count).ok()?)
            }
            Some(_) => return None,
        };
        Some(Given { user: core::str::from_utf8(user).ok()?, hashing, quality, nc, uri, response })
    }
}

/// Whether the address that was hashed is that of the request. Telephones leave out the port or parameters, and proxies
/// on the way add them, so only scheme, user and host must agree, and the ports where both are written.
fn names_same_target(hashed: &[u8], target: &[u8]) -> bool {
    if hashed == target {
        return true;
    }
    let (Ok(a), Ok(b)) = (Uri::parse(hashed), Uri::parse(target)) else { return false };
    let ports = a.port.is_none() || b.port.is_none() || a.port == b.port;
    (a.is_sip() || a.is_sips())
        && a.scheme.eq_ignore_ascii_case(b.scheme)
        && a.user == b.user
        && a.host.eq_ignore_ascii_case(b.host)
        && ports
        && a.headers.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Credentials, answer};

    const REALM: &str = "pbx.example";
    const URI: &[u8] = b"sip:pbx.example";
    const NOW: Time = Time(5_000_000);

    fn after(seconds: u64) -> Time {
        NOW + Duration::from_secs(seconds)
    }

    fn anna(user: &str) -> Option<Secret<String>> {
        (user == "anna").then(|| Secret::new("swordfish".into()))
    }

    fn says(challenge: &str, user: &str, password: &str, nc: u32) -> String {
        let who = Credentials { user: Secret::new(user.into()), password: Secret::new(password.into()) };
        answer(challenge.as_bytes(), &who, b"REGISTER", URI, nc, b"c0", b"").unwrap()
    }

    fn check(nonces: &mut Nonces, now: Time, said: &str) -> Verdict {
        nonces.check(now, REALM, said.as_bytes(), b"REGISTER", URI, anna)
    }

    fn good() -> Verdict {
        Verdict::Good(Secret::new("anna".into()))
    }

    #[test]
    fn both_algorithms_are_offered_and_taken() {
        let mut n = Nonces::new([7; 32]);
        let offered = n.challenge(NOW, REALM, false);
        assert_eq!(offered.len(), 2);
        assert!(offered[0].contains("SHA-256") && offered[1].contains("MD5"));
        for (challenge, nc) in offered.iter().zip(1..) {
            assert_eq!(check(&mut n, after(1), &says(challenge, "anna", "swordfish", nc)), good());
            let wrong = says(challenge, "anna", "Swordfish", 9);
            assert_eq!(check(&mut n, after(1), &wrong), Verdict::Bad(Fault::Password));
            let unknown = says(challenge, "bob", "swordfish", 9);
            assert_eq!(check(&mut n, after(1), &unknown), Verdict::Bad(Fault::UnknownUser));
            // Whoever guesses what stands in for a missing password is still nobody.
            let nobody = says(challenge, "bob", NOBODY, 9);
            assert_eq!(check(&mut n, after(1), &nobody), Verdict::Bad(Fault::UnknownUser));
        }
    }

    #[test]
    fn a_count_is_taken_once() {
        let mut n = Nonces::new([7; 32]);
        let c = n.challenge(NOW, REALM, false).remove(0);
        for (nc, fresh) in
            [(1, true), (1, false), (3, true), (2, true), (2, false), (100, true), (37, true), (36, false)]
        {
            let got = check(&mut n, after(1), &says(&c, "anna", "swordfish", nc));
            assert_eq!(got, if fresh { good() } else { Verdict::Stale }, "{nc}");
        }
        assert_eq!(n.counted(), 1);
        // A wrong password does not use a count up.
        assert!(matches!(check(&mut n, after(1), &says(&c, "anna", "no", 101)), Verdict::Bad(_)));
        assert_eq!(check(&mut n, after(1), &says(&c, "anna", "swordfish", 101)), good());
    }

    #[test]
    fn a_nonce_without_count_is_taken_once() {
        let mut n = Nonces::new([7; 32]);
        let c = n.challenge(NOW, REALM, false).remove(1).replace(", qop=\"auth\"", "");
        let said = says(&c, "anna", "swordfish", 1);
        assert!(!said.contains("nc="), "{said}");
        assert_eq!(check(&mut n, after(1), &said), good());
        assert_eq!(check(&mut n, after(1), &said), Verdict::Stale);
    }

    #[test]
    fn a_nonce_ends_and_is_bound_to_secret_and_realm() {
        let mut n = Nonces::new([7; 32]);
        let c = n.challenge(NOW, REALM, false).remove(0);
        assert_eq!(check(&mut n, after(60), &says(&c, "anna", "swordfish", 1)), good());
        assert_eq!(check(&mut n, after(61), &says(&c, "anna", "swordfish", 2)), Verdict::Stale);
        // Even with a wrong password: nothing is learnt from an old nonce.
        assert_eq!(check(&mut n, after(61), &says(&c, "anna", "x", 3)), Verdict::Stale);
        assert!(n.challenge(NOW, REALM, true)[0].ends_with("stale=true"));
        let fresh = n.challenge(after(61), REALM, true).remove(0);
        assert_eq!(check(&mut n, after(62), &says(&fresh, "anna", "swordfish", 1)), good());
        assert_eq!(n.counted(), 1, "the count of the old one is forgotten");
        // Of another server, and of another realm of this one.
        let foreign = Nonces::new([8; 32]).challenge(NOW, REALM, false).remove(0);
        assert_eq!(check(&mut n, NOW, &says(&foreign, "anna", "swordfish", 1)), Verdict::Stale);
        let other = n.challenge(NOW, "other.example", false).remove(0).replace("other.example", REALM);
        assert_eq!(check(&mut n, NOW, &says(&other, "anna", "swordfish", 1)), Verdict::Stale);
        // One digit of it changed.
        let at = fresh.find("nonce=\"").unwrap() + 7;
        for digit in 0..64 {
            let mut bent = fresh.clone().into_bytes();
            bent[at + digit] = if bent[at + digit] == b'0' { b'1' } else { b'0' };
            let bent = String::from_utf8(bent).unwrap();
            let got = check(&mut n, after(62), &says(&bent, "anna", "swordfish", 1));
            assert_eq!(got, Verdict::Stale, "{digit}");
        }
    }

    #[test]
    fn counts_are_bounded_and_none_can_be_used_again() {
        let mut n = Nonces { max_counted: 10, ..Nonces::new([7; 32]) };
        let said: Vec<String> = (0..25)
            .map(|_| {
                let c = n.challenge(NOW, REALM, false).remove(0);
                says(&c, "anna", "swordfish", 1)
            })
            .collect();
        for said in &said {
            assert_eq!(check(&mut n, NOW, said), good());
            assert!(n.counted() <= 10);
        }
        for said in &said {
            assert_eq!(check(&mut n, NOW, said), Verdict::Stale);
        }
        // One made earlier than those that left has to be made anew.
        let mut n = Nonces { max_counted: 2, ..Nonces::new([7; 32]) };
        let made: Vec<_> = (0..4).map(|s| n.challenge(after(s), REALM, false).remove(0)).collect();
        for c in &made[1..] {
            assert_eq!(check(&mut n, after(4), &says(c, "anna", "swordfish", 1)), good());
        }
        assert_eq!(check(&mut n, after(4), &says(&made[0], "anna", "swordfish", 1)), Verdict::Stale);
    }

    #[test]
    fn an_answer_serves_for_its_own_request_only() {
        let mut n = Nonces::new([7; 32]);
        let c = n.challenge(NOW, REALM, false).remove(0);
        let said = says(&c, "anna", "swordfish", 1);
        let mut judge = |method: &[u8], uri: &[u8]| n.check(NOW, REALM, said.as_bytes(), method, uri, anna);
        assert_eq!(judge(b"INVITE", URI), Verdict::Bad(Fault::Password));
        for uri in [&b"sip:other.example"[..], b"sips:pbx.example", b"sip:1@pbx.example", b"tel:1", b""] {
            assert_eq!(judge(b"REGISTER", uri), Verdict::Bad(Fault::Malformed));
        }
        assert_eq!(judge(b"REGISTER", b"sip:PBX.example:5060;transport=udp"), good());
    }

    #[test]
    fn what_is_no_answer() {
        let mut n = Nonces::new([7; 32]);
        let c = n.challenge(NOW, REALM, false).remove(0);
        let said = says(&c, "anna", "swordfish", 1);
        for none in ["", "Basic YTpi", "Digest realm=\"other\", nonce=\"x\"", "Digest"] {
            assert_eq!(check(&mut n, NOW, none), Verdict::Missing, "{none}");
        }
        for (from, to) in [
            ("algorithm=SHA-256", "algorithm=SHA-256-sess"),
            ("algorithm=SHA-256", "algorithm=MD5"),
            ("algorithm=SHA-256", "algorithm=x"),
            ("qop=auth", "qop=auth-int"),
            ("nc=00000001", "nc=1"),
            ("nc=00000001", "nc=00000000"),
            ("nc=00000001", "nc=0000000g"),
            ("cnonce=\"c0\"", "cnonce=\"\""),
            ("response=\"", "response=\"ab"),
            ("username=\"anna\"", "username=\"anna\", username=\"bob\""),
            ("username=\"anna\"", "user=\"anna\""),
            (", nc=00000001", ""),
        ] {
            let bent = said.replace(from, to);
            assert_ne!(bent, said, "{from}");
            assert_eq!(check(&mut n, NOW, &bent), Verdict::Bad(Fault::Malformed), "{to}");
        }
        let long = said.replace("username=\"anna\"", &format!("username=\"{}\"", "a".repeat(300)));
        assert_eq!(check(&mut n, NOW, &long), Verdict::Bad(Fault::Malformed));
        // Upper-case digits are still the same answer.
        let at = said.find("response=\"").unwrap() + 10;
        let upper = format!("{}{}{}", &said[..at], said[at..at + 64].to_uppercase(), &said[at + 64..]);
        assert_eq!(check(&mut n, NOW, &upper), good());
    }
}
