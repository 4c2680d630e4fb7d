//! Registering at a carrier: keeps one address-of-record registered at one of its servers (RFC 3261 section 10.2).
//!
//! It gives each REGISTER as data and takes what came of it; sending it, and answering 401 and 407, is done by whoever
//! drives it (see [`crate::Endpoint::ask`]). Refreshed at nine tenths of the granted time. A server that does not answer
//! or is out of service is left for the next one in order; when all have failed, or one has refused, it waits longer
//! after each failure.

use crate::address::NameAddr;
use crate::endpoint::{Destination, Local, Transport};
use crate::message::{Message, read_number};
use crate::name::Name;
use crate::registrar::same_uri;
use crate::seed::{Chance, push_hex};
use crate::time::Time;
use crate::uri::{Uri, split_outside_quotes};
use core::time::Duration;
use redact::Secret;

/// The shortest and the longest wait after failures.
const SHORTEST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(30 * 60);
/// A refresh comes at least so long before the end, if the granted time is twice as long.
const MARGIN: Duration = Duration::from_secs(30);
/// A granted time is refreshed no sooner than after this, however short it is.
const SHORTEST_REFRESH: Duration = Duration::from_secs(5);
/// An answer that is not told by then never comes. Longer than two transactions, the second with credentials.
const PATIENCE: Duration = Duration::from_secs(100);
/// What is asked for is held between these, in seconds.
const MIN_EXPIRES: u32 = 60;
const MAX_EXPIRES: u32 = 86_400;
/// The most servers that are tried.
const MAX_SERVERS: usize = 32;
/// An unanswered request may have been sent again with credentials, each time with the next number.
const UNANSWERED_STEP: u32 = 4;

/// What to register, and where.
#[derive(Clone)]
pub struct RegistrationConfig {
    /// Servers in the order in which they are tried; 32 at most are looked at.
    pub servers: Vec<Destination>,
    /// Our own addresses, for the Contact: the one of the server's transport is used.
    pub locals: Vec<Local>,
    /// Request-URI: the carrier's domain, such as `sip:carrier.example`.
    pub registrar: String,
    /// Address-of-record, such as `sip:4930123@carrier.example`.
    pub aor: Secret<String>,
    /// User part of the Contact, by which calls are told apart.
    pub contact_user: Secret<String>,
    /// How long a registration should be valid, in seconds; 60 to 86,400.
    pub expires: u32,
}

/// A REGISTER to send.
pub struct Register {
    /// Say it with the answer: an answer to an earlier one is not counted.
    pub number: u64,
    /// Where to send it.
    pub to: Destination,
    /// Request-URI.
    pub uri: String,
    /// Value of From and To, without tag.
    pub aor: Secret<String>,
    /// The same for all of a registration.
    pub call_id: String,
    /// Counted up.
    pub cseq: u32,
    /// Contact and Expires: whole header lines.
    pub extra: Secret<String>,
}

/// What came of a REGISTER.
pub struct Registered<'a> {
    /// That of the [`Register`].
    pub number: u64,
    /// The final answer's code; 408 or 503 also where none came.
    pub code: u16,
    /// The CSeq that the answered request had; it is higher than that of the [`Register`] when credentials were sent.
    pub cseq: u32,
    /// The answer, if one came.
    pub message: Option<&'a Message>,
}

/// How it stands, for display.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RegistrationState {
    /// Not registered and not trying to be.
    Off,
    /// Not registered yet; an answer is awaited.
    Trying,
    /// Registered.
    Registered {
        /// Until when, unless refreshed.
        until: Time,
    },
    /// Not registered.
    Refused {
        /// The code of the last answer; 408 or 503 where none came.
        code: u16,
        /// When it is tried again.
        retry: Time,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Register,
    Unregister,
}

/// One registration. After each input drain [`Registration::poll`], then ask [`Registration::deadline`].
pub struct Registration {
    config: RegistrationConfig,
    chance: Chance,
    call_id: String,
    cseq: u32,
    number: u64,
    /// Where in the list of servers it is.
    server: usize,
    /// Servers that failed since one answered.
    failed: usize,
    expires: u32,
    /// Whether the time was already raised for a 423 since the last other answer.
    raised: bool,
    until: Option<Time>,
    /// Waits in a row.
    waits: u32,
    refused: Option<u16>,
    wanted: Option<Purpose>,
    /// When to send what is wanted.
    due: Time,
    /// What was sent and when it is given up.
    sent: Option<(Purpose, Time)>,
    out: Option<Register>,
}

impl Registration {
    /// Begins to register at once. `seed` makes the Call-ID and spreads refreshes and tries.
    pub fn new(now: Time, config: RegistrationConfig, seed: u64) -> Registration {
        let mut chance = Chance::new(seed);
        let mut call_id = Vec::with_capacity(32);
        push_hex(&mut call_id, chance.next());
        push_hex(&mut call_id, chance.next());
        let expires = config.expires.clamp(MIN_EXPIRES, MAX_EXPIRES);
        let mut r = Registration {
            config,
            chance,
            call_id: String::from_utf8_lossy(&call_id).into_owned(),
            cseq: 0,
            number: 0,
            server: 0,
            failed: 0,
            expires,
            raised: false,
            until: None,
            waits: 0,
            refused: None,
            wanted: Some(Purpose::Register),
            due: now,
            sent: None,
            out: None,
        };
        r.config.servers.truncate(MAX_SERVERS);
        r.tick(now);
        r
    }

    /// The servers have other addresses now. Stays where it is if that server is still one of them.
    pub fn set_servers(&mut self, now: Time, mut servers: Vec<Destination>) {
        servers.truncate(MAX_SERVERS);
        let here = self.config.servers.get(self.server).copied();
        let stays = servers.iter().position(|s| Some(*s) == here);
        self.config.servers = servers;
        self.server = stays.unwrap_or(0);
        self.failed = 0;
        if stays.is_none() && self.wanted.is_some() {
            // What waits for a server that is gone would only time out.
            self.sent = None;
            self.out = None;
            self.due = now;
        }
        self.tick(now);
    }

    /// Registers again after [`Registration::unregister`], or at once instead of after a wait.
    pub fn register(&mut self, now: Time) {
        self.wanted = Some(Purpose::Register);
        if self.sent.is_none_or(|(purpose, _)| purpose == Purpose::Unregister) {
            self.sent = None;
            self.due = now;
            self.tick(now);
        }
    }

    /// Takes the registration back. Tried once: if the server does not answer, the registration ends by itself.
    pub fn unregister(&mut self, now: Time) {
        self.sent = None;
        self.out = None;
        // Without a registration there may still be one that the server made and whose answer was lost.
        self.wanted = (self.wanted.is_some() || self.until.is_some()).then_some(Purpose::Unregister);
        self.due = now;
        self.tick(now);
    }

    /// Time passed: call at [`Registration::deadline`].
    pub fn tick(&mut self, now: Time) {
        self.until = self.until.filter(|until| *until > now);
        if let Some((_, given_up)) = self.sent {
            if given_up > now {
                return;
            }
            let number = self.number;
            self.answered(now, &Registered { number, code: 408, cseq: self.cseq, message: None });
        }
        if let Some(purpose) = self.wanted.filter(|_| self.sent.is_none() && self.due <= now) {
            self.send(now, purpose);
        }
    }

    /// The next REGISTER to send.
    pub fn poll(&mut self) -> Option<Register> {
        self.out.take()
    }

    /// When to call [`Registration::tick`] at the latest.
    pub fn deadline(&self) -> Option<Time> {
        let next = match self.sent {
            Some((_, given_up)) => Some(given_up),
            None => self.wanted.map(|_| self.due),
        };
        next.into_iter().chain(self.until).min()
    }

    /// How it stands.
    pub fn state(&self, now: Time) -> RegistrationState {
        match (self.until.filter(|until| *until > now), self.wanted, self.refused) {
            (Some(until), _, _) => RegistrationState::Registered { until },
            (None, Some(Purpose::Register), Some(code)) if self.sent.is_none() => {
                RegistrationState::Refused { code, retry: self.due }
            }
            (None, Some(Purpose::Register), _) => RegistrationState::Trying,
            (None, _, _) => RegistrationState::Off,
        }
    }

    /// The code of the last answer if it refused us, or 408 or 503 where none came; also while an earlier registration still
    /// lasts. `None` once one was granted.
    pub fn refused(&self) -> Option<u16> {
        self.refused
    }

    /// Whether a message from there may belong to this registration: one of its servers.
    pub fn is_server(&self, ip: core::net::IpAddr) -> bool {
        self.config.servers.iter().any(|s| s.addr.ip() == ip)
    }

    /// Takes in what came of a REGISTER.
    pub fn answered(&mut self, now: Time, got: &Registered<'_>) {
        let Some((purpose, _)) = self.sent.filter(|_| got.number == self.number) else { return };
        self.sent = None;
        self.out = None;
        self.cseq = self.cseq.max(got.cseq.min(1 << 30));
        if got.message.is_none() {
            self.cseq += UNANSWERED_STEP;
        }
        if purpose == Purpose::Unregister {
            self.until = None;
            self.refused = None;
            if self.wanted == Some(Purpose::Unregister) {
                self.wanted = None;
            }
            return;
        }
        match got.code {
            200..=299 => self.granted(now, got.message),
            423 if !self.raised && self.raise(got.message) => {
                self.raised = true;
                self.due = now;
            }
            code => self.failed(now, code, got.message),
        }
        self.tick(now);
    }

    fn granted(&mut self, now: Time, message: Option<&Message>) {
        let life = Duration::from_secs(message.and_then(|m| self.life(m)).unwrap_or(self.expires).into());
        if life.is_zero() {
            // Accepted and not kept: as good as refused.
            self.until = None;
            return self.failed(now, 480, message);
        }
        (self.raised, self.failed, self.waits, self.refused) = (false, 0, 0, None);
        self.until = Some(now + life);
        let wait = if life >= 2 * MARGIN { (life * 9 / 10).min(life - MARGIN) } else { life / 2 };
        // Up to a twentieth earlier, so that many that began together do not stay together.
        let early = self.share(wait / 20);
        self.due = now + (wait - early).max(SHORTEST_REFRESH);
    }

    /// The seconds that an answer grants: by our contact in it, else by its Expires.
    fn life(&self, m: &Message) -> Option<u32> {
        let ours = self.contact();
        let ours = Uri::parse(ours.as_bytes()).ok()?;
        let contacts = || {
            let all = m.values(Name::Contact).flat_map(|line| split_outside_quotes(line, b','));
            all.filter_map(|c| NameAddr::parse(c).ok()).filter_map(|a| Some((a, Uri::parse(a.uri).ok()?)))
        };
        // Some carriers write another host or port into the Contact, where they have seen us.
        let same = contacts().find(|(_, uri)| same_uri(&ours, uri));
        let like = || contacts().find(|(_, uri)| uri.user == ours.user);
        let by_contact = same.or_else(like).and_then(|(a, _)| read_number(a.param("expires")?));
        let seconds = by_contact.or_else(|| read_number(m.value(Name::Expires)?))?;
        Some(u32::try_from(seconds).unwrap_or(MAX_EXPIRES).min(MAX_EXPIRES))
    }

    /// Asks for as long as a 423 wants. False if it does not say, or no more than was asked for.
    fn raise(&mut self, message: Option<&Message>) -> bool {
        let least = message.and_then(|m| {
            let line = m.headers().find(|h| h.name_text.eq_ignore_ascii_case(b"Min-Expires"))?;
            read_number(line.value)
        });
        match least.and_then(|l| u32::try_from(l).ok()) {
            Some(l) if l > self.expires && l <= MAX_EXPIRES => {
                self.expires = l;
                true
            }
            _ => false,
        }
    }

    fn failed(&mut self, now: Time, code: u16, message: Option<&Message>) {
        self.raised = false;
        self.refused = Some(code);
        // Another server may know better only where this one could not say anything.
        if matches!(code, 408 | 430 | 500 | 502..=504) && self.config.servers.len() > 1 {
            self.failed += 1;
            self.server = (self.server + 1) % self.config.servers.len();
            if self.failed < self.config.servers.len() {
                self.due = now;
                return;
            }
            self.server = 0;
        }
        self.failed = 0;
        let doubled = SHORTEST_WAIT * (1 << self.waits.min(8));
        self.waits += 1;
        let asked = message.and_then(|m| m.value(Name::RetryAfter)).and_then(retry_after);
        let wait = doubled.max(asked.unwrap_or_default()).min(LONGEST_WAIT);
        // Up to a fifth longer or, at the upper bound, shorter.
        let spread = self.share(wait / 5);
        let wait = if wait + spread > LONGEST_WAIT { wait - spread } else { wait + spread };
        self.due = now + wait;
    }

    fn send(&mut self, now: Time, purpose: Purpose) {
        let Some(&to) = self.config.servers.get(self.server) else {
            // No server is known yet: set_servers goes on.
            self.refused = Some(503);
            self.due = now + SHORTEST_WAIT;
            if purpose == Purpose::Unregister {
                (self.wanted, self.until) = (None, None);
            }
            return;
        };
        self.number += 1;
        self.cseq += 1;
        self.sent = Some((purpose, now + PATIENCE));
        let expires = if purpose == Purpose::Register { self.expires } else { 0 };
        self.out = Some(Register {
            number: self.number,
            to,
            uri: self.config.registrar.clone(),
            aor: Secret::new(format!("<{}>", self.config.aor.expose_secret())),
            call_id: self.call_id.clone(),
            cseq: self.cseq,
            extra: Secret::new(format!("Contact: <{}>\r\nExpires: {expires}\r\n", self.contact())),
        });
    }

    /// Our address, as this server should use it.
    fn contact(&self) -> String {
        let transport = self.config.servers.get(self.server).map_or(Transport::Udp, |s| s.transport);
        let locals = &self.config.locals;
        let local = locals.iter().find(|l| l.transport == transport).or(locals.first());
        let host = local.map_or_else(|| "invalid.invalid".into(), |l| l.addr.to_string());
        let transport = local.map(|l| l.transport).filter(|t| t.is_stream());
        let more = transport.map_or_else(String::new, |t| format!(";transport={}", t.name()));
        format!("sip:{}@{host}{more}", self.config.contact_user.expose_secret())
    }

    /// Some time up to `most`.
    fn share(&mut self, most: Duration) -> Duration {
        Duration::from_micros(self.chance.next() % (most.as_micros() as u64 + 1))
    }
}

/// The seconds of Retry-After, without its comment and parameters.
fn retry_after(value: &[u8]) -> Option<Duration> {
    let digits = value.iter().take_while(|c| c.is_ascii_digit()).count();
    read_number(&value[..digits]).map(Duration::from_secs)
}

#[cfg(test)]
mod tests;
