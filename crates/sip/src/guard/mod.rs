//! Keeping strangers out: who guesses, scans or floods is slowed and then not heard for a while.
//!
//! Ask [`Guard::admit`] for each message, before it is even read, and [`Guard::enter`] for each REGISTER and INVITE that
//! shows no credentials; say what came of them by [`Guard::failed`] and [`Guard::good`]. Failures make a score that halves
//! every ten minutes; at ten points a source is banned, four times as long each time. Trusted networks are never banned.
//!
//! A source is an IPv4 address or an IPv6 network of 64 bits, because whoever has one address of it has all. The table
//! of sources is bounded and everything costs the same however full it is. Datagrams can carry a false source, so what
//! anybody can forge should weigh little: give `Password` and `UnknownUser` only for answers to our own nonces, as
//! [`crate::Nonces::check`] does, and trust the networks of carriers.

mod bucket;
mod score;
mod source;
mod table;

pub use bucket::Rate;

use crate::message::Message;
use crate::name::Name;
use crate::nonces::Fault;
use crate::time::Time;
use bucket::Bucket;
use core::net::IpAddr;
use core::time::Duration;
use source::{Trusted, address, key, named};
use std::collections::VecDeque;
use table::Table;

/// The most sources that are remembered.
const MAX_SOURCES: usize = 65_536;
/// Points at which a source is banned, in thousandths.
const LIMIT: u32 = 10_000;
/// The same for a source that was good lately: an office whose one telephone has a wrong password stays reachable.
const KNOWN_LIMIT: u32 = 100_000;
/// How long a source stays known after it was good.
const KNOWN: Duration = Duration::from_secs(2 * 3600);
/// Events that wait to be fetched.
const MAX_EVENTS: usize = 64;
/// How fast events may come: a flood must not flood a log.
const EVENTS: Rate = Rate { burst: 20, per_second: 1 };
/// How often it is told that one source, or all strangers together, are slowed.
const TELL_AGAIN: Duration = Duration::from_secs(60);
/// How much of a User-Agent is looked at, in bytes.
const MAX_AGENT: usize = 256;
/// Names that scanning programs give themselves, in lower case.
const SCANNERS: [&[u8]; 8] = [
    b"friendly-scanner",
    b"friendly-request",
    b"sipvicious",
    b"sipcli",
    b"sip-scan",
    b"vaxsipuseragent",
    b"pplsip",
    b"sundayddr",
];

/// Whether a message is to be taken in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admit {
    /// Yes.
    Yes,
    /// Too many at a time: refuse it with little work, or drop it.
    Slow,
    /// Its source is banned: drop it without an answer.
    No,
}

/// What a source did wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// A wrong password: two points.
    Password,
    /// A user that does not exist: three points.
    UnknownUser,
    /// A number that does not exist, without credentials: one point.
    UnknownNumber,
    /// What only scanners do or say: ten points.
    Scan,
    /// Not SIP, or spoilt: half a point.
    Malformed,
}

/// How much is let in.
#[derive(Clone, Copy, Debug)]
pub struct GuardConfig {
    /// Requests without credentials from one source.
    pub source: Rate,
    /// The same from a source that was good lately: telephones of a whole office that start together.
    pub known: Rate,
    /// From all strangers together.
    pub strangers: Rate,
}

impl Default for GuardConfig {
    fn default() -> Self {
        GuardConfig {
            source: Rate { burst: 60, per_second: 5 },
            known: Rate { burst: 1_000, per_second: 100 },
            strangers: Rate { burst: 1_000, per_second: 200 },
        }
    }
}

/// Something for a security log. Sources are told as networks are: the first address of an IPv6 network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SecurityEvent {
    /// A source is not heard any more.
    Banned {
        /// Which.
        ip: IpAddr,
        /// Until when.
        until: Time,
        /// What it did last.
        what: What,
        /// How many bans it has had, this one included.
        bans: u8,
    },
    /// A source sends more than it may.
    Slowed {
        /// Which.
        ip: IpAddr,
    },
    /// All strangers together send more than they may.
    Crowded,
    /// So many events came too fast to be told.
    Untold {
        /// How many.
        count: u64,
    },
}

/// Counts since the start.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct GuardCounters {
    /// Messages of banned sources.
    pub refused: u64,
    /// Requests beyond a rate.
    pub slowed: u64,
    /// Failures of sources that are not trusted.
    pub failures: u64,
    /// Bans.
    pub bans: u64,
}

/// All sources. Drain [`Guard::poll_event`] now and then; it has no timers.
pub struct Guard {
    config: GuardConfig,
    table: Table,
    trusted: Trusted,
    strangers: Bucket,
    crowded_told: Option<Time>,
    events: VecDeque<SecurityEvent>,
    telling: Bucket,
    untold: u64,
    counters: GuardCounters,
}

impl Default for Guard {
    fn default() -> Self {
        Guard::new(GuardConfig::default())
    }
}

impl Guard {
    /// A guard who knows nobody.
    pub fn new(config: GuardConfig) -> Guard {
        Guard {
            config,
            table: Table::new(MAX_SOURCES),
            trusted: Trusted::default(),
            strangers: Bucket::default(),
            crowded_told: None,
            events: VecDeque::new(),
            telling: Bucket::default(),
            untold: 0,
            counters: GuardCounters::default(),
        }
    }

    /// Sets the networks that are never slowed or banned, each as an address and the length of its prefix: trunks, and
    /// telephones with fixed addresses. Those set before are so no longer. 4,096 at most are taken.
    pub fn trust(&mut self, networks: &[(IpAddr, u8)]) {
        self.trusted = Trusted::new(networks);
    }

    /// Whether a message from there is to be looked at: yes or no. Remembers nothing.
    pub fn admit(&mut self, now: Time, ip: IpAddr) -> Admit {
        let banned = self.table.get(key(ip)).is_some_and(|s| s.is_banned(now));
        if banned && !self.trusts(ip) {
            self.counters.refused += 1;
            return Admit::No;
        }
        Admit::Yes
    }

    /// Whether a request that shows no credentials, a REGISTER or an INVITE, is to be worked on. Counts it.
    pub fn enter(&mut self, now: Time, ip: IpAddr) -> Admit {
        if self.trusts(ip) {
            return Admit::Yes;
        }
        let config = self.config;
        let source = self.table.enter(now, key(ip));
        if source.is_banned(now) {
            self.counters.refused += 1;
            return Admit::No;
        }
        let known = source.is_known(now);
        let enough = source.bucket.take(now, if known { config.known } else { config.source });
        let tell = !enough && source.told.is_none_or(|told| now.since(told) >= TELL_AGAIN);
        if tell {
            source.told = Some(now);
        }
        let class = source.class(now);
        self.table.place(key(ip), class);
        if !enough {
            self.counters.slowed += 1;
            if tell {
                self.tell(now, SecurityEvent::Slowed { ip: named(ip) });
            }
            return Admit::Slow;
        }
        // Last, so that one source that floods does not use up what all share.
        if !known && !self.strangers.take(now, config.strangers) {
            self.counters.slowed += 1;
            if self.crowded_told.is_none_or(|told| now.since(told) >= TELL_AGAIN) {
                self.crowded_told = Some(now);
                self.tell(now, SecurityEvent::Crowded);
            }
            return Admit::Slow;
        }
        Admit::Yes
    }

    /// A source did something wrong.
    pub fn failed(&mut self, now: Time, ip: IpAddr, what: What) {
        if self.trusts(ip) {
            return;
        }
        self.counters.failures += 1;
        let source = self.table.enter(now, key(ip));
        let mut banned = None;
        if !source.is_banned(now) {
            let limit = if source.is_known(now) { KNOWN_LIMIT } else { LIMIT };
            if source.add(now, what.points()) >= limit {
                banned = Some(source.ban(now));
            }
        }
        let class = source.class(now);
        self.table.place(key(ip), class);
        if let Some((until, bans)) = banned {
            self.counters.bans += 1;
            self.tell(now, SecurityEvent::Banned { ip: named(ip), until, what, bans });
        }
    }

    /// A source showed right credentials: for two hours it is no stranger, and may fail more often. What it did wrong
    /// is not forgotten, or whoever has one account could guess at others between its own registrations.
    pub fn good(&mut self, now: Time, ip: IpAddr) {
        if self.trusts(ip) {
            return;
        }
        let source = self.table.enter(now, key(ip));
        source.known_until = Some(now + KNOWN);
        let class = source.class(now);
        self.table.place(key(ip), class);
    }

    /// Hears a source again, and forgets what it did.
    pub fn pardon(&mut self, ip: IpAddr) {
        self.table.remove(key(ip));
    }

    /// Sources that are banned now, with the end of each ban, in the order of their addresses.
    pub fn bans(&self, now: Time) -> Vec<(IpAddr, Time)> {
        let banned = self.table.iter().filter_map(|s| Some((s.key, s.banned_until(now)?)));
        let mut bans: Vec<(IpAddr, Time)> = banned.map(|(key, until)| (address(key), until)).collect();
        bans.sort_unstable();
        bans
    }

    /// The next event for a security log.
    pub fn poll_event(&mut self) -> Option<SecurityEvent> {
        self.events.pop_front()
    }

    /// What was counted since the start.
    pub fn counters(&self) -> GuardCounters {
        self.counters
    }

    /// How many sources are remembered.
    pub fn sources(&self) -> usize {
        self.table.len()
    }

    fn trusts(&self, ip: IpAddr) -> bool {
        self.trusted.holds(ip)
    }

    fn tell(&mut self, now: Time, event: SecurityEvent) {
        if self.events.len() + 2 > MAX_EVENTS || !self.telling.take(now, EVENTS) {
            self.untold += 1;
            return;
        }
        if self.untold > 0 {
            self.events.push_back(SecurityEvent::Untold { count: core::mem::take(&mut self.untold) });
        }
        self.events.push_back(event);
    }
}

impl From<Fault> for What {
    fn from(fault: Fault) -> What {
        match fault {
            Fault::Password => What::Password,
            Fault::UnknownUser => What::UnknownUser,
            Fault::Malformed => What::Malformed,
        }
    }
}

impl What {
    /// What it weighs, in thousandths of a point.
    fn points(self) -> u32 {
        match self {
            What::Password => 2_000,
            What::UnknownUser => 3_000,
            What::UnknownNumber => 1_000,
            What::Scan => 10_000,
            What::Malformed => 500,
        }
    }
}

/// Whether a message names a program that looks for open telephone systems as its sender.
pub fn is_scanner(m: &Message) -> bool {
    m.values(Name::UserAgent).any(|agent| {
        let agent = agent[..agent.len().min(MAX_AGENT)].to_ascii_lowercase();
        SCANNERS.iter().any(|name| agent.windows(name.len()).any(|w| w == *name))
    })
}

#[cfg(test)]
mod tests;
