//! Telephones that register here: whose they are, where they are, and what they dial.

use crate::adapt::dialing::{FarEnd, MOST_AT_ONCE, OF_PHONES};
use crate::adapt::registrations::Unwritten;
use crate::adapt::switch::{Now, Switch};
use crate::security::Kind;
use crate::tenant::srtp::SrtpRule;
use crate::tenant::trunk::PasswordPlace;
use engine::AgentId;
use redact::Secret;
use schemars::JsonSchema;
use serde::Serialize;
use sip::guard::What;
use sip::{
    Destination, Message, Method, Name, NameAddr, Nonces, Registrar, RegistrarEvent, RequestId, Start, Uri,
    Verdict,
};
use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use store::TenantId;

/// The realm of tenants that name no domain.
const REALM: &str = "switchroom";
/// The most places of telephones that are remembered.
const MOST_PLACES: usize = 100_000;
/// How many dialogs of strangers are remembered, so that none is counted twice. A message comes again for 32 s at most.
const MOST_GUESSES: usize = 512;
/// The longest user name that is looked at, in bytes.
const LONGEST_USER: usize = 100;

/// Passwords of a configuration, by where they stand.
pub type Passwords = HashMap<PasswordPlace, Secret<String>>;

/// All telephones that register.
pub(super) struct Phones {
    nonces: Nonces,
    pub(super) registrar: Registrar,
    /// Where telephones are, and until when they are there at least.
    places: HashMap<IpAddr, sip::Time>,
    pub(super) unwritten: Unwritten,
    /// Dialogs of strangers that were counted as guesses, the newest last.
    guesses: VecDeque<u64>,
}

/// Whose telephone sent a request.
pub(super) enum Sender {
    /// This person's, who proved it or sends from their fixed address.
    Of(usize, AgentId),
    /// It says that it is a telephone of ours, and was asked to prove it: nothing more is to be done.
    Asked,
    /// It says nothing of the kind.
    NoPhone,
}

impl Phones {
    pub(super) fn new(secret: [u8; 32]) -> Phones {
        Phones {
            nonces: Nonces::new(secret),
            registrar: Registrar::default(),
            places: HashMap::new(),
            unwritten: Unwritten::default(),
            guesses: VecDeque::new(),
        }
    }

    // Whether a stranger's INVITE begins a dialog that was not counted lately: one that comes again, or once more after
    // our challenge, is the same guess. Another number called is another.
    fn is_new_guess(&mut self, from: IpAddr, m: &Message) -> bool {
        let mut hasher = std::hash::DefaultHasher::new();
        let of = [m.value(Name::CallId), m.value(Name::From), Some(m.target())];
        (from, of).hash(&mut hasher);
        let guess = hasher.finish();
        if self.guesses.contains(&guess) {
            return false;
        }
        if self.guesses.len() >= MOST_GUESSES {
            self.guesses.pop_front();
        }
        self.guesses.push_back(guess);
        true
    }

    /// Whether a telephone is registered from there.
    pub(super) fn are_at(&self, ip: IpAddr) -> bool {
        self.places.contains_key(&ip)
    }

    pub(super) fn deadline(&self) -> Option<sip::Time> {
        self.registrar.deadline().into_iter().chain(self.unwritten.deadline()).min()
    }
}

/// The number under which the registrar knows a person.
pub(super) fn address_of_record(tenant: TenantId, agent: AgentId) -> u64 {
    tenant.0 << 32 | u64::from(agent.0)
}

/// A telephone that is registered.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Telephone {
    /// What it says it is; empty if nothing.
    pub product: String,
    /// Where it is reached: address and port.
    pub at: String,
    /// How: `udp`, `tcp` or `tls`.
    pub transport: &'static str,
    /// Seconds until it has to register again.
    pub expires_in: u64,
}

impl Switch {
    /// The telephones of a person that are registered now, the preferred one first.
    pub fn registered(&mut self, now: Now, tenant: TenantId, agent: AgentId) -> Vec<Telephone> {
        let found = self.phones.registrar.lookup(now.sip(), address_of_record(tenant, agent));
        let one = |b: &sip::Binding| Telephone {
            product: b.user_agent.clone(),
            at: b.reach.addr.to_string(),
            transport: b.reach.transport.name(),
            expires_in: b.expires.since(now.sip()).as_secs(),
        };
        found.iter().map(one).collect()
    }

    /// Whether a request of a stranger is one that a telephone of ours may begin with.
    pub(super) fn may_be_a_phone(&self, m: &Message) -> bool {
        matches!(m.start(), Start::Request(Method::Register | Method::Invite))
            && host_of(m.target()).is_some_and(|host| self.serves(&host).next().is_some())
    }

    // Tenants whose telephones register with this name.
    fn serves<'a>(&'a self, host: &'a str) -> impl Iterator<Item = usize> + 'a {
        let own = self.is_own_host(host);
        self.tenants.iter().enumerate().filter_map(move |(n, t)| {
            let named = match &t.meaning.sip_domain {
                Some(domain) => domain.eq_ignore_ascii_case(host),
                None => own,
            };
            (named && !t.meaning.accounts.is_empty()).then_some(n)
        })
    }

    /// Whether a telephone of a tenant means us by this host.
    pub(super) fn is_host_of(&self, tenant: usize, host: &str) -> bool {
        let domain = self.tenants[tenant].meaning.sip_domain.as_deref();
        self.is_own_host(host) || domain.is_some_and(|domain| domain.eq_ignore_ascii_case(host))
    }

    fn is_own_host(&self, host: &str) -> bool {
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        bare.parse::<IpAddr>().is_ok_and(|ip| ip == self.host.ip())
    }

    fn realm_of(&self, tenant: usize) -> String {
        self.tenants[tenant].meaning.sip_domain.clone().unwrap_or_else(|| REALM.into())
    }

    /// A REGISTER.
    pub(super) fn on_register(&mut self, now: Now, request: RequestId, from: Destination, m: &Message) {
        let tenant = match self.prove(now, m, b"REGISTER", from) {
            Ok((tenant, agent)) => (tenant, agent),
            Err(None) => return self.endpoint.respond(now.sip(), request, 404, "", "", b""),
            Err(Some(lines)) => return self.endpoint.respond(now.sip(), request, 401, "", &lines, b""),
        };
        let (tenant, agent) = tenant;
        // Nobody registers for somebody else.
        let whose = m.value(Name::To).and_then(user_of);
        let right = whose.is_some_and(|user| {
            self.tenants[tenant].meaning.accounts.get(&user).is_some_and(|phone| phone.agent == agent)
        });
        if !right || self.tenants[tenant].barred.contains(&agent) {
            return self.endpoint.respond(now.sip(), request, 403, "", "", b"");
        }
        let aor = address_of_record(self.tenants[tenant].id, agent);
        let reply = self.phones.registrar.register(now.sip(), aor, m, from);
        let lines = String::from_utf8_lossy(&reply.lines).into_owned();
        if reply.code == 200 {
            self.guard.good(now.sip(), from.addr.ip());
            self.remember_place(now, aor, from.addr.ip());
            // A refresh is nothing to tell, but it lasts longer.
            self.phones.unwritten.note(aor);
        }
        self.endpoint.respond(now.sip(), request, reply.code, "", &lines, b"");
        self.tell_registered();
    }

    pub(super) fn remember_place(&mut self, now: Now, aor: u64, ip: IpAddr) {
        let phones = &mut self.phones;
        let until = phones.registrar.lookup(now.sip(), aor).iter().map(|b| b.expires).max();
        match until {
            Some(until) if phones.places.len() < MOST_PLACES || phones.places.contains_key(&ip) => {
                let known = phones.places.entry(ip).or_insert(until);
                *known = until.max(*known);
            }
            _ => {}
        }
    }

    /// Time passed: registrations end.
    pub(super) fn tick_phones(&mut self, now: Now) {
        if self.phones.deadline().is_some_and(|at| at <= now.sip()) {
            self.phones.registrar.tick(now.sip());
            self.phones.places.retain(|_, until| *until > now.sip());
            self.tell_registered();
        }
        self.keep_registrations_when_due(now);
    }

    pub(super) fn tell_registered(&mut self) {
        while let Some(event) = self.phones.registrar.poll_event() {
            let (aor, count) = match event {
                RegistrarEvent::Registered { aor, contacts } => (aor, contacts),
                RegistrarEvent::Gone { aor } => (aor, 0),
            };
            self.phones.unwritten.note(aor);
            let (tenant, agent) = (aor >> 32, aor as u32);
            tracing::info!(
                event = "phone_registered",
                tenant,
                agent,
                telephones = count,
                "telephones of a person"
            );
        }
    }

    // Who sent a request, proven by digest; else the lines of a challenge, or nothing if none of our names is asked.
    fn prove(
        &mut self,
        now: Now,
        m: &Message,
        method: &[u8],
        from: Destination,
    ) -> Result<(usize, AgentId), Option<String>> {
        let host = host_of(m.target()).ok_or(None)?;
        let candidates: Vec<usize> = self.serves(&host).collect();
        let Some(first) = candidates.first().copied() else { return Err(None) };
        let mut stale = false;
        for value in authorizations(m) {
            for &tenant in &candidates {
                let realm = self.realm_of(tenant);
                let t = &self.tenants[tenant];
                // Whoever answers with a weaker function than was asked for is asked again.
                let taken = |hash: &str| t.meaning.sip_digest.iter().any(|d| d.name() == hash);
                if !sip::hash_of(value).is_none_or(taken) {
                    continue;
                }
                let lookup = |user: &str| {
                    let phone = t.meaning.accounts.get(user)?;
                    t.passwords.get(&phone.password).cloned()
                };
                match self.phones.nonces.check(now.sip(), &realm, value, method, m.target(), lookup) {
                    Verdict::Good(user) => {
                        let phone = t.meaning.accounts.get(user.expose_secret()).ok_or(None)?;
                        return Ok((tenant, phone.agent));
                    }
                    Verdict::Stale => stale = true,
                    Verdict::Bad(fault) => self.guessed(now, from, fault),
                    Verdict::Missing => {}
                }
            }
        }
        let realm = self.realm_of(first);
        let values = self.phones.nonces.challenge(now.sip(), &realm, stale);
        let mut lines = String::new();
        for hash in &self.tenants[first].meaning.sip_digest {
            let named = values.iter().filter(|v| v.contains(&format!("algorithm={},", hash.name())));
            lines.extend(named.map(|v| format!("WWW-Authenticate: {v}\r\n")));
        }
        Err(Some(lines))
    }

    // Somebody used a wrong name or password.
    fn guessed(&mut self, now: Now, from: Destination, fault: sip::Fault) {
        let what = What::from(fault);
        self.guard.failed(now.sip(), from.addr.ip(), what);
        self.security(now, None, Kind::Guessing, serde_json::json!({"what": crate::view::word(&what)}));
    }

    /// Whose telephone calls. Telephones that register prove it at each call; those with a fixed address are known by it.
    pub(super) fn sender(&mut self, now: Now, call: sip::CallId, from: Destination, m: &Message) -> Sender {
        let says =
            m.value(Name::From).and_then(|v| Some((user_of(v)?, host_of(NameAddr::parse(v).ok()?.uri)?)));
        let Some((user, host)) = says else { return Sender::NoPhone };
        let registers = self.serves(&host).any(|n| self.tenants[n].meaning.accounts.contains_key(&user));
        let asked_before = authorizations(m).next().is_some();
        if registers || (asked_before && !self.knows_fixed(from.addr.ip())) {
            return match self.prove(now, m, b"INVITE", from) {
                Ok((tenant, agent)) => Sender::Of(tenant, agent),
                Err(Some(lines)) => {
                    self.endpoint.challenge(now.sip(), call, 401, &lines);
                    Sender::Asked
                }
                Err(None) => Sender::NoPhone,
            };
        }
        // Whoever comes from nowhere that is known and calls us by our name may be a telephone that gives another one in From.
        if !self.knows(from.addr.ip()) {
            if self.phones.is_new_guess(from.addr.ip(), m) {
                self.guard.failed(now.sip(), from.addr.ip(), What::UnknownNumber);
            }
            return match self.prove(now, m, b"INVITE", from) {
                Err(Some(lines)) => {
                    self.endpoint.challenge(now.sip(), call, 401, &lines);
                    Sender::Asked
                }
                _ => Sender::NoPhone,
            };
        }
        for (n, t) in self.tenants.iter().enumerate() {
            let fixed = t.meaning.phones.iter().find(|(_, phone)| {
                phone.addr == from.addr
                    && user_of_uri(phone.uri.expose_secret().as_bytes()).as_deref() == Some(&user)
            });
            if let Some((agent, _)) = fixed {
                return Sender::Of(n, *agent);
            }
        }
        Sender::NoPhone
    }

    /// The telephones of a person: those that are registered, else the one at a fixed address.
    pub(super) fn telephones(&mut self, now: Now, tenant: usize, agent: AgentId, from: &str) -> Vec<FarEnd> {
        let t = &self.tenants[tenant];
        let far = |to, uri: String, nat, srtp| FarEnd {
            to,
            uri: Secret::new(uri),
            from: Secret::new(from.into()),
            lines: Secret::default(),
            referred_by: Secret::default(),
            login: None,
            nat,
            srtp,
            codecs: OF_PHONES.to_vec(),
            contact: None,
            trunk: None,
            number: Secret::default(),
        };
        let account = t.meaning.accounts.values().find(|phone| phone.agent == agent);
        let (nat, srtp) = account.map_or((false, SrtpRule::default()), |phone| (phone.nat, phone.srtp));
        let found = self.phones.registrar.lookup(now.sip(), address_of_record(t.id, agent));
        let mut all: Vec<FarEnd> = found
            .iter()
            .take(MOST_AT_ONCE)
            .filter_map(|b| {
                let srtp = srtp.towards(&b.reach)?;
                let uri = String::from_utf8_lossy(b.uri.expose_secret()).into_owned();
                // A telephone that names another address than the one it sends from is behind a router.
                let behind = Uri::parse(b.uri.expose_secret())
                    .ok()
                    .and_then(|u| u.socket_addr())
                    .is_none_or(|addr| addr.ip() != b.reach.addr.ip());
                Some(far(b.reach, uri, nat || behind, srtp))
            })
            .collect();
        if let (true, Some(phone)) = (all.is_empty(), t.meaning.phones.get(&agent)) {
            let transport = if phone.tcp { sip::Transport::Tcp } else { sip::Transport::Udp };
            let to = Destination { transport, addr: phone.addr, connection: None };
            let srtp = phone.srtp.towards(&to);
            all.extend(srtp.map(|srtp| far(to, phone.uri.expose_secret().clone(), phone.nat, srtp)));
        }
        all
    }
}

/// What a request says to prove whose it is.
pub(super) fn authorizations(m: &Message) -> impl Iterator<Item = &[u8]> {
    ["Authorization", "Proxy-Authorization"].into_iter().flat_map(|name| sip::values_of(m, name))
}

/// The user part of an address in a header.
pub(super) fn user_of(value: &[u8]) -> Option<String> {
    user_of_uri(NameAddr::parse(value).ok()?.uri)
}

fn user_of_uri(uri: &[u8]) -> Option<String> {
    let uri = Uri::parse(uri).ok()?;
    let user = uri.user_part();
    (!user.is_empty() && user.len() <= LONGEST_USER).then(|| String::from_utf8_lossy(user).into_owned())
}

/// The host of an address.
fn host_of(uri: &[u8]) -> Option<String> {
    let uri = Uri::parse(uri).ok()?;
    Some(String::from_utf8_lossy(uri.host).into_owned())
}
