//! Locating servers (RFC 3263): which questions to ask the DNS about a host, and the addresses to try in their order.
//!
//! [`Locator::locate`] begins a search; [`Locator::poll_question`] gives what somebody else asks the DNS, whose answers
//! come in by [`Locator::answered`]; [`Locator::poll_located`] gives the ends of searches. Nothing waits for anything:
//! what is known is used at once, and when the DNS fails or is slow, what was known last is used for a day more.
//! Searches, questions, answers and what is remembered are bounded.

mod cache;
mod plan;

use crate::endpoint::{Destination, Transport};
use crate::seed::Chance;
use crate::time::Time;
use crate::uri::{Uri, read_ip};
use cache::{Cache, Known};
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use plan::Plan;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Searches under way, and ended ones that were not fetched yet.
const MAX_SEARCHES: usize = 512;
/// Questions that wait for their answers.
const MAX_ASKING: usize = 1024;
/// Questions of one search.
const MAX_QUESTIONS: usize = 64;
/// The most addresses that one search gives.
const MAX_PLACES: usize = 32;
/// The most records of one answer that are looked at.
const MAX_RECORDS: usize = 32;
/// How long a search waits for an answer before it takes what was known last.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an answer is waited for at all.
const GIVE_UP: Duration = Duration::from_secs(15);

/// How a server is spoken to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
#[allow(missing_docs)]
pub enum Way {
    Udp,
    Tcp,
    Tls,
}

/// An address to try.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Place {
    /// How.
    pub way: Way,
    /// Where.
    pub addr: SocketAddr,
}

/// What is to be located.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    host: Host,
    port: Option<u16>,
    way: Option<Way>,
    secure: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Host {
    Address(IpAddr),
    Name(String),
}

/// What kind of record a question is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Kind {
    /// Which transports a domain offers (RFC 3403).
    Naptr,
    /// Which servers a service has (RFC 2782).
    Srv,
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
}

/// A question to ask the DNS.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Question {
    /// A whole domain name in lower case, without a dot at its end: letters, digits, `-` and `_`.
    pub name: String,
    /// Which records.
    pub kind: Kind,
}

/// A record of an answer. Names may end in a dot; which of them are of use is judged here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Record {
    /// To [`Kind::Naptr`].
    Naptr {
        /// The lower comes first.
        order: u16,
        /// The lower comes first within an order.
        preference: u16,
        /// `s` where a SRV record is meant.
        flags: String,
        /// `SIP+D2U` and its like.
        service: String,
        /// The name to go on with.
        replacement: String,
    },
    /// To [`Kind::Srv`].
    Srv {
        /// The lower comes first.
        priority: u16,
        /// Share among those of one priority.
        weight: u16,
        /// Port.
        port: u16,
        /// Host; `.` if the service is not offered.
        target: String,
    },
    /// To [`Kind::A`] and [`Kind::Aaaa`].
    Address(IpAddr),
}

/// What the DNS said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// These records.
    Found {
        /// Records; those of another kind are not looked at.
        records: Vec<Record>,
        /// For how many seconds it is true; held between 5 s and an hour.
        ttl: u32,
    },
    /// There is no such record or no such name.
    Nothing {
        /// For how many seconds it is true (RFC 2308); held between 5 s and an hour.
        ttl: u32,
    },
    /// Nobody answered, or nothing of use.
    Failed,
}

/// A search, to tell its end by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct SearchId(pub u64);

/// The end of a search.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Located {
    /// Which.
    pub search: SearchId,
    /// Addresses in the order in which to try them, at most 32. Empty if there are none.
    pub places: Vec<Place>,
    /// Whether the DNS did not answer some question: without places it is then not known whether there are any.
    pub failed: bool,
    /// Until when the same search would end the same way.
    pub until: Time,
}

/// What this machine can do.
#[derive(Clone, Debug)]
pub struct LocatorConfig {
    /// Transports it speaks, the preferred first. Used where the DNS has no preference.
    pub ways: Vec<Way>,
    /// Whether it reaches IPv4 addresses.
    pub ipv4: bool,
    /// Whether it reaches IPv6 addresses.
    pub ipv6: bool,
}

struct Search {
    target: Target,
    /// Chance of this search, the same each time that it is gone through.
    seed: u64,
    known: BTreeMap<Question, Known>,
    waiting: BTreeSet<Question>,
}

struct Asking {
    since: Time,
    /// Its place in the timers.
    timer: Time,
    searches: Vec<SearchId>,
}

/// All searches, and what is remembered of the DNS.
pub struct Locator {
    config: LocatorConfig,
    chance: Chance,
    cache: Cache,
    searches: BTreeMap<SearchId, Search>,
    asking: BTreeMap<Question, Asking>,
    timers: BTreeSet<(Time, Question)>,
    questions: VecDeque<Question>,
    located: VecDeque<Located>,
    next_search: u64,
}

impl Way {
    /// The transport.
    pub fn transport(self) -> Transport {
        match self {
            Way::Udp => Transport::Udp,
            Way::Tcp => Transport::Tcp,
            Way::Tls => Transport::Tls,
        }
    }

    fn default_port(self) -> u16 {
        if self == Way::Tls { 5061 } else { 5060 }
    }
}

impl Place {
    /// As a destination.
    pub fn destination(&self) -> Destination {
        Destination { transport: self.way.transport(), addr: self.addr, connection: None }
    }
}

impl Target {
    /// A host by name or address, IPv6 without brackets. `secure` as in `sips`: only TLS will do. `None` if it can be
    /// no host, port 0 is meant, or something secure is to be reached by UDP.
    pub fn new(host: &str, port: Option<u16>, way: Option<Way>, secure: bool) -> Option<Target> {
        let host = match read_ip(host.as_bytes()) {
            Some(ip) => Host::Address(ip),
            None => Host::Name(plan::host_name(host)?),
        };
        let way = match way {
            Some(Way::Udp) if secure => return None,
            Some(Way::Tcp) if secure => Some(Way::Tls),
            way => way,
        };
        (port != Some(0)).then_some(Target { host, port, way, secure })
    }

    /// What a `sip` or `sips` address names. `None` for other schemes, and for transports that are not known here.
    pub fn of(uri: &Uri<'_>) -> Option<Target> {
        if !(uri.is_sip() || uri.is_sips()) {
            return None;
        }
        let way = match uri.param("transport") {
            None => None,
            Some(t) if t.eq_ignore_ascii_case(b"udp") => Some(Way::Udp),
            Some(t) if t.eq_ignore_ascii_case(b"tcp") => Some(Way::Tcp),
            Some(t) if t.eq_ignore_ascii_case(b"tls") => Some(Way::Tls),
            Some(_) => return None,
        };
        let maddr = uri.param("maddr").filter(|m| !m.is_empty());
        let host = core::str::from_utf8(maddr.unwrap_or(uri.host)).ok()?;
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        Target::new(host, uri.port, way, uri.is_sips())
    }
}

impl Locator {
    /// `seed` shares the load among servers of equal priority.
    pub fn new(config: LocatorConfig, seed: u64) -> Locator {
        Locator {
            config,
            chance: Chance::new(seed),
            cache: Cache::default(),
            searches: BTreeMap::new(),
            asking: BTreeMap::new(),
            timers: BTreeSet::new(),
            questions: VecDeque::new(),
            located: VecDeque::new(),
            next_search: 0,
        }
    }

    /// Begins a search. It ends in exactly one [`Located`]. `None` if too many are under way.
    pub fn locate(&mut self, now: Time, target: &Target) -> Option<SearchId> {
        if self.searches.len() + self.located.len() >= MAX_SEARCHES {
            return None;
        }
        let id = SearchId(self.next_search);
        self.next_search += 1;
        let seed = self.chance.next();
        let (known, waiting) = (BTreeMap::new(), BTreeSet::new());
        self.searches.insert(id, Search { target: target.clone(), seed, known, waiting });
        self.go_on(now, id);
        Some(id)
    }

    /// The next question to ask. The same is not asked again before it is answered or given up.
    pub fn poll_question(&mut self) -> Option<Question> {
        self.questions.pop_front()
    }

    /// The next end of a search.
    pub fn poll_located(&mut self) -> Option<Located> {
        self.located.pop_front()
    }

    /// Takes an answer in. One to a question that nobody waits for is dropped.
    pub fn answered(&mut self, now: Time, question: &Question, answer: Answer) {
        let Some(asking) = self.asking.remove(question) else { return };
        self.timers.remove(&(asking.timer, question.clone()));
        let known = self.cache.learn(now, question, answer);
        self.tell(now, question, &known, asking.searches);
    }

    /// Time passed: call at [`Locator::deadline`].
    pub fn tick(&mut self, now: Time) {
        while let Some((at, question)) = self.timers.first().cloned() {
            if at > now {
                return;
            }
            let Some(asking) = self.asking.get_mut(&question) else {
                self.timers.pop_first();
                continue;
            };
            let give_up = asking.since + GIVE_UP;
            if now >= give_up {
                // Nobody asks it any more, if it is still to be asked.
                self.questions.retain(|q| *q != question);
                self.answered(now, &question, Answer::Failed);
                continue;
            }
            self.timers.pop_first();
            asking.timer = give_up;
            let searches = match self.cache.stale(now, &question) {
                Some(known) => Some((known, core::mem::take(&mut asking.searches))),
                None => None,
            };
            self.timers.insert((give_up, question.clone()));
            if let Some((known, searches)) = searches {
                self.tell(now, &question, &known, searches);
            }
        }
    }

    /// When to call [`Locator::tick`] at the latest.
    pub fn deadline(&self) -> Option<Time> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Forgets everything that was learnt, as when the network of this machine changed.
    pub fn forget(&mut self) {
        self.cache = Cache::default();
    }

    /// Gives searches what they wait for.
    fn tell(&mut self, now: Time, question: &Question, known: &Known, searches: Vec<SearchId>) {
        for id in searches {
            let Some(search) = self.searches.get_mut(&id) else { continue };
            search.known.insert(question.clone(), known.clone());
            search.waiting.remove(question);
            if search.waiting.is_empty() {
                self.go_on(now, id);
            }
        }
    }

    /// Goes through a search with what is known; asks what is missing, or ends it.
    fn go_on(&mut self, now: Time, id: SearchId) {
        let Some(search) = self.searches.get_mut(&id) else { return };
        let mut plan = Plan::new(&self.config, now, search.seed, &mut search.known, &self.cache);
        let places = plan.places(&search.target);
        let (mut missing, failed, until) = (plan.missing, plan.failed, plan.until);
        missing.truncate(MAX_QUESTIONS.saturating_sub(search.known.len()));
        if !missing.is_empty() {
            search.waiting = missing.iter().cloned().collect();
            // An answer may be there at once (too many questions), so all are noted before any is told.
            let refused: Vec<Question> = missing.into_iter().filter(|q| !self.ask(now, q, id)).collect();
            for question in refused {
                self.tell(now, &question, &Known::unknown(now), vec![id]);
            }
            return;
        }
        self.searches.remove(&id);
        self.located.push_back(Located { search: id, places, failed, until });
    }

    /// Asks a question for a search. False if too many wait for their answers.
    fn ask(&mut self, now: Time, question: &Question, search: SearchId) -> bool {
        if let Some(asking) = self.asking.get_mut(question) {
            asking.searches.push(search);
            if asking.timer == asking.since + GIVE_UP && self.cache.stale(now, question).is_some() {
                // It was found slow before this search came: no reason to be patient again.
                self.timers.remove(&(asking.timer, question.clone()));
                asking.timer = now;
                self.timers.insert((now, question.clone()));
            }
            return true;
        }
        if self.asking.len() >= MAX_ASKING {
            return false;
        }
        let timer = now + PATIENCE;
        self.timers.insert((timer, question.clone()));
        self.asking.insert(question.clone(), Asking { since: now, timer, searches: vec![search] });
        self.questions.push_back(question.clone());
        true
    }
}

#[cfg(test)]
mod tests;
