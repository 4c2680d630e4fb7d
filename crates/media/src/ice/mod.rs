//! ICE-lite (RFC 8445) of SIP legs: far ends check whether they reach us, and we only answer.
//!
//! [`IceLite`] is one component of a leg: it answers checks that know our password, remembers from where they came, and
//! says where packets go: to the pair that the far end nominated last, before that to the checked pair of the highest
//! priority. Several far ends may check at once, because a call may ring at several places with one offer of ours; their
//! user fragments need not be known yet. Once one of them answered, its pairs alone count. We never check, so nothing is
//! sent to an address that proved nothing.
//!
//! Legs of browsers have an ICE of their own in [`browser`](crate::browser).

mod message;

use std::fmt;
use std::net::SocketAddr;

use aws_lc_rs::hmac;

#[cfg(test)]
pub(crate) use message::tests::check_of;
pub use message::{MAX_RESPONSE, is_stun};

/// Far ends of one component that are remembered; of more, the one of the lowest priority is forgotten.
const MAX_PAIRS: usize = 16;
/// Lengths of a user fragment and of a password of ours, in characters (RFC 8839, 5.4, wants 4 and 22 at least).
const UFRAG: usize = 8;
const PASSWORD: usize = 24;
/// How many random bytes [`Credentials`] are made of.
pub const CREDENTIALS_LEN: usize = UFRAG + PASSWORD;

/// What checks of far ends have to know. The password never prints itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    ufrag: String,
    password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

impl Credentials {
    /// Credentials of random bytes from the operating system's dice.
    pub fn from_random(random: &[u8; CREDENTIALS_LEN]) -> Credentials {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let text = |bytes: &[u8]| bytes.iter().map(|b| char::from(DIGITS[usize::from(b & 63)])).collect();
        let (ufrag, password) = random.split_at(UFRAG);
        Credentials { ufrag: text(ufrag), password: text(password) }
    }

    /// The credentials of a leg's `n`th session, all from one secret: a restart of ICE wants others.
    pub fn of_session(secret: &[u8; 32], n: u32) -> Credentials {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let made = hmac::sign(&key, &n.to_be_bytes());
        let mut random = [0; CREDENTIALS_LEN];
        random.iter_mut().zip(made.as_ref()).for_each(|(to, from)| *to = *from);
        Credentials::from_random(&random)
    }

    /// The user fragment, for `a=ice-ufrag`.
    pub fn ufrag(&self) -> &str {
        &self.ufrag
    }

    /// The password, for `a=ice-pwd`.
    pub fn password(&self) -> &str {
        &self.password
    }
}

/// A far end that reached us.
#[derive(Debug, Clone)]
struct Pair {
    from: SocketAddr,
    /// The user fragment of whoever is there.
    of: Box<[u8]>,
    priority: u32,
    /// Which of all nominations was that of this pair; 0 is none.
    nominated: u32,
}

/// What a check brought about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Length of the answer in the caller's buffer; it goes back to where the check came from.
    pub len: usize,
    /// Whether packets go somewhere else from now on.
    pub moved: bool,
}

/// One component of a leg: the port of RTP, or that of RTCP.
pub struct IceLite {
    credentials: Credentials,
    key: hmac::Key,
    pairs: Vec<Pair>,
    nominations: u32,
    /// The user fragment of the far end that answered; `None` before that.
    peer: Option<Box<[u8]>>,
    /// Messages that were dropped: malformed, too large, or not made with our password.
    refused: u64,
}

impl fmt::Debug for IceLite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceLite")
            .field("pairs", &self.pairs.len())
            .field("nominations", &self.nominations)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

impl IceLite {
    /// A component that nobody checked yet.
    pub fn new(credentials: &Credentials) -> IceLite {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, credentials.password.as_bytes());
        IceLite {
            credentials: credentials.clone(),
            key,
            pairs: Vec::with_capacity(MAX_PAIRS),
            nominations: 0,
            peer: None,
            refused: 0,
        }
    }

    /// Says who of those who check is the far end: whoever has this user fragment.
    pub fn answers(&mut self, ufrag: &str) {
        self.peer = Some(ufrag.as_bytes().into());
    }

    /// Takes a STUN message and writes the answer to `out` ([`MAX_RESPONSE`] bytes are enough). `None` when it is not
    /// answered.
    pub fn receive(&mut self, from: SocketAddr, datagram: &[u8], out: &mut [u8]) -> Option<Answer> {
        let Some(check) = message::read_check(datagram, &self.credentials.ufrag, &self.key) else {
            self.refused += 1;
            return None;
        };
        let from = SocketAddr::new(from.ip().to_canonical(), from.port());
        let len = message::write_success(&check, from, &self.key, out)?;
        let before = self.target();
        if check.nominates {
            self.nominations = self.nominations.saturating_add(1);
        }
        let nominated = if check.nominates { self.nominations } else { 0 };
        match self.pairs.iter_mut().find(|pair| pair.from == from && *pair.of == *check.theirs) {
            Some(pair) => {
                pair.priority = check.priority;
                pair.nominated = pair.nominated.max(nominated);
            }
            None => {
                if self.pairs.len() >= MAX_PAIRS {
                    // The one that packets go to stays.
                    let others = self.pairs.iter().enumerate().filter(|(_, pair)| Some(pair.from) != before);
                    if let Some((at, _)) = others.min_by_key(|(_, pair)| pair.priority) {
                        self.pairs.swap_remove(at);
                    }
                }
                self.pairs.push(Pair { from, of: check.theirs.into(), priority: check.priority, nominated });
            }
        }
        Some(Answer { len, moved: self.target() != before })
    }

    /// Where packets go: `None` before the first check.
    pub fn target(&self) -> Option<SocketAddr> {
        let of_peer = |pair: &&Pair| self.peer.as_ref().is_none_or(|peer| pair.of == *peer);
        let best = self.pairs.iter().filter(of_peer).max_by_key(|pair| (pair.nominated, pair.priority));
        best.map(|pair| pair.from)
    }

    /// Whether packets may come from there: it proved that it knows our password.
    pub fn knows(&self, from: SocketAddr) -> bool {
        self.pairs.iter().any(|pair| pair.from == from)
    }

    /// Messages that were dropped.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Whether these are the credentials that checks have to know.
    pub fn is_for(&self, credentials: &Credentials) -> bool {
        self.credentials == *credentials
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(last: u8) -> SocketAddr {
        ([192, 0, 2, last], 4_000).into()
    }

    fn credentials(fill: u8) -> Credentials {
        Credentials::from_random(&[fill; CREDENTIALS_LEN])
    }

    #[test]
    fn the_best_checked_pair_until_one_is_nominated() {
        let ours = credentials(1);
        let mut ice = IceLite::new(&ours);
        let mut out = [0; MAX_RESPONSE];
        let name = |them: &str| format!("{}:{them}", ours.ufrag());
        let mut check = |ice: &mut IceLite, from, them: &str, priority, nominates| {
            let message = check_of(&name(them), ours.password(), priority, nominates, &[]);
            ice.receive(from, &message, &mut out).map(|answer| answer.moved)
        };
        assert_eq!(ice.target(), None);
        // Two far ends of one call, whose answers did not come yet.
        assert_eq!(check(&mut ice, addr(1), "anna", 100, false), Some(true));
        assert_eq!(check(&mut ice, addr(2), "berta", 200, false), Some(true));
        assert_eq!(check(&mut ice, addr(1), "anna", 100, false), Some(false), "again, to keep it open");
        assert_eq!(ice.target(), Some(addr(2)));
        assert_eq!(check(&mut ice, addr(1), "anna", 100, true), Some(true));
        assert_eq!(ice.target(), Some(addr(1)), "nominated goes before priority");
        assert!(ice.knows(addr(2)) && !ice.knows(addr(3)));
        assert_eq!(check(&mut ice, addr(2), "berta", 200, true), Some(true), "the newest nomination counts");
        for n in 10..60 {
            check(&mut ice, addr(n), "many", u32::from(n), false);
        }
        assert_eq!(ice.pairs.len(), MAX_PAIRS);
        assert_eq!(ice.target(), Some(addr(2)));
        ice.answers("anna");
        assert_eq!(ice.target(), Some(addr(1)), "who answered, whatever others nominated");
        ice.answers("nobody");
        assert_eq!(ice.target(), None, "and did not check yet");
        assert_eq!(ice.refused(), 0);
    }

    #[test]
    fn who_does_not_know_the_password_is_not_answered() {
        let (ours, others) = (credentials(1), credentials(2));
        let mut ice = IceLite::new(&ours);
        let mut out = [0; MAX_RESPONSE];
        let name = format!("{}:them", ours.ufrag());
        let wrong = check_of(&name, others.password(), 1, true, &[]);
        assert_eq!(ice.receive(addr(1), &wrong, &mut out), None);
        let mut bent = check_of(&name, ours.password(), 1, true, &[]);
        let last = bent.len() - 1;
        bent[last] ^= 1;
        assert_eq!(ice.receive(addr(1), &bent, &mut out), None, "a wrong fingerprint");
        assert_eq!((ice.target(), ice.refused()), (None, 2));
        assert!(!format!("{ours:?} {ice:?}").contains(ours.password()));
        assert!(ours.ufrag().len() >= 4 && ours.password().len() >= 22);
    }
}
