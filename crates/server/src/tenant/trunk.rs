//! Trunks, understood: where their calls go, how numbers and callers are written for them, and what they bear.

use crate::tenant::DialPlan;
use crate::tenant::address::{read_aor, read_host_port, read_network, read_sip_address};
use crate::tenant::money;
use crate::tenant::number_rules::NumberRules;
use crate::tenant::objects::{
    AudioCodec, CalledIn, CallerIdPolicy, Credentials, Dtmf, Privacy, ProxyTransport, Srtp, Trunk,
};
use crate::tenant::srtp::SrtpRule;
use crate::tenant::teams_trunk::{self, TeamsPlan};
use engine::{Limits, TrunkId};
use std::net::{IpAddr, SocketAddr};

/// Where a password stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PasswordPlace {
    /// In this file of the server's folder of secrets.
    File(String),
    /// In this variable of the environment.
    Env(String),
}

/// An account somewhere, or here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub user: String,
    /// Where its password stands.
    pub password: PasswordPlace,
}

impl Account {
    /// Understands user and password; `None` if there is no password, which the check refuses.
    pub fn of(c: &Credentials) -> Option<Account> {
        let password = match (&c.password_file, &c.password_env) {
            (Some(file), _) => PasswordPlace::File(file.clone()),
            (None, Some(name)) => PasswordPlace::Env(name.clone()),
            (None, None) => return None,
        };
        Some(Account { user: c.user.clone(), password })
    }
}

/// A far end of a trunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyTarget {
    /// Name or address, IPv6 without brackets.
    pub host: String,
    /// Port, if one is said.
    pub port: Option<u16>,
    /// How, if it is said.
    pub transport: Option<ProxyTransport>,
    /// Those of a lower priority first.
    pub priority: u16,
    /// Among those of one priority: how often first.
    pub weight: u16,
    /// Where it is, in place of what the DNS says of its name.
    pub at: Option<SocketAddr>,
}

impl ProxyTarget {
    /// The address, where it is known or no name: with the port that is said, or the usual one.
    pub fn addr(&self) -> Option<SocketAddr> {
        if self.at.is_some() {
            return self.at;
        }
        let usual = if self.transport == Some(ProxyTransport::Tls) { 5061 } else { 5060 };
        Some(SocketAddr::new(self.host.parse().ok()?, self.port.unwrap_or(usual)))
    }

    /// Whether others can read what is sent there: it leaves this machine unencrypted.
    pub fn is_readable(&self) -> bool {
        self.transport != Some(ProxyTransport::Tls)
            && !self.host.parse().is_ok_and(|ip: IpAddr| ip.to_canonical().is_loopback())
    }

    /// Host and port as they stand in a SIP address.
    pub fn host_port(&self) -> String {
        let host = match self.host.parse() {
            Ok(IpAddr::V6(ip)) => format!("[{ip}]"),
            _ => self.host.clone(),
        };
        self.port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    }
}

/// Registering at a carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationRule {
    /// Where.
    pub registrar: ProxyTarget,
    /// The account's address: `sip:account@carrier.example`.
    pub aor: String,
    /// The user of that address.
    pub user: String,
    /// The host of that address.
    pub domain: String,
    /// How long a registration is asked for, in seconds.
    pub expires_s: u32,
}

/// Whom the called party sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerIdRule {
    /// Which number.
    pub policy: CallerIdPolicy,
    /// The number for `fixed`, and where there is no other: as the world writes it.
    pub number: Option<String>,
    /// A number of ours stands in P-Asserted-Identity too.
    pub asserted: bool,
    /// What the carrier is asked to keep back.
    pub privacy: Option<Privacy>,
}

/// A trunk, understood.
#[derive(Clone, Debug)]
pub struct TrunkPlan {
    /// Which.
    pub id: TrunkId,
    /// Id of the object.
    pub name: String,
    /// Where calls go, in the order of the configuration; empty if none do.
    pub proxies: Vec<ProxyTarget>,
    /// Calls to the outside may go there.
    pub outbound: bool,
    /// Calls to emergency numbers go there first.
    pub emergency: bool,
    /// Trunks of a lower priority first.
    pub priority: u16,
    /// Among trunks of one priority: how often first.
    pub weight: u16,
    /// User and password.
    pub account: Option<Account>,
    /// The realm that the password is for.
    pub realm: Option<String>,
    /// Registering there.
    pub registration: Option<RegistrationRule>,
    /// How often each proxy is asked whether it is there, in milliseconds; `None` is never.
    pub options_every_ms: Option<u64>,
    /// How long a far end that is called may say nothing at all, in milliseconds; `None` is as long as SIP says.
    pub failover_ms: Option<u64>,
    /// Codecs that are spoken there, best first; empty: G.711 is offered, any is taken.
    pub codecs: Vec<AudioCodec>,
    /// Whom the called party sees.
    pub caller_id: CallerIdRule,
    /// How keys travel.
    pub dtmf: Dtmf,
    /// Silence is sent where nothing else is to be heard.
    pub fill_pauses: bool,
    /// The session timer, in seconds.
    pub session_timer_s: u32,
    /// The most calls at a time.
    pub max_calls: Option<u32>,
    /// The most calls begun in a second.
    pub calls_per_second: Option<u32>,
    /// Minutes and spend of a day.
    pub toll: Limits,
    /// Audio may come from elsewhere than signalled.
    pub nat: bool,
    /// Whether audio is protected.
    pub srtp: SrtpRule,
    /// Calls from there are taken over TLS only, from whoever proves one of these names; empty is from anybody there.
    pub tls_names: Vec<String>,
    /// Who we are there, where it is Microsoft Teams.
    pub teams: Option<TeamsPlan>,
    /// Where the called number stands.
    pub called_in: CalledIn,
    /// Its word about who calls is believed.
    pub trust_identity: bool,
    /// Whom a call was for first is said to it.
    pub history_info: bool,
    /// Networks outside of it to which it may send calls on.
    pub redirect_networks: Vec<(IpAddr, u8)>,
    /// What numbers from there are.
    pub inbound: NumberRules,
    /// How numbers are written for there.
    pub outbound_rules: NumberRules,
}

impl TrunkPlan {
    /// Understands a trunk.
    ///
    /// # Errors
    /// Everything that is wrong: JSON pointer of the part, and what.
    pub fn read(
        id: TrunkId,
        name: &str,
        t: &Trunk,
        plan: &DialPlan,
    ) -> Result<TrunkPlan, Vec<(String, String)>> {
        let mut faults = Vec::new();
        let mut rules = |list, place: &str| {
            NumberRules::read(list, plan).unwrap_or_else(|found| {
                faults.extend(found.into_iter().map(|(at, what)| (format!("{place}{at}"), what)));
                NumberRules::default()
            })
        };
        let inbound = rules(&t.inbound_rules, "/inbound_rules");
        let outbound_rules = rules(&t.outbound_rules, "/outbound_rules");
        let mut say = |place: &str, what: String| faults.push((place.into(), what));
        let registration = match t.registration.as_ref().map(registration).transpose() {
            Ok(read) => read,
            Err((place, what)) => {
                say(place, what);
                None
            }
        };
        let mut proxies = Vec::with_capacity(t.proxies.len());
        for (n, proxy) in t.proxies.iter().enumerate() {
            let (host, transport, priority, weight) = proxy.parts();
            match read_host_port(host) {
                Ok((host, port)) => {
                    let target = ProxyTarget { host, port, transport, priority, weight, at: None };
                    let same =
                        |p: &ProxyTarget| (&p.host, p.port, p.transport) == (&target.host, port, transport);
                    if proxies.iter().any(same) {
                        say(&format!("/proxies/{n}"), "stands here twice".into());
                    }
                    proxies.push(target);
                }
                Err(what) => say(&format!("/proxies/{n}"), what),
            }
        }
        match t.address.as_deref().map(read_sip_address).transpose() {
            Ok(address) => proxies.extend(address.map(|a| ProxyTarget {
                host: a.addr.ip().to_string(),
                port: Some(a.addr.port()),
                transport: Some(if a.tcp { ProxyTransport::Tcp } else { ProxyTransport::Udp }),
                priority: 1,
                weight: 1,
                at: None,
            })),
            Err(what) => say("/address", what),
        }
        match t.teams.as_ref().map(teams_trunk::hosts).transpose() {
            Ok(hosts) => proxies.extend(hosts.into_iter().flatten()),
            Err((place, what)) => say(&place, what),
        }
        let mut redirect_networks = Vec::with_capacity(t.redirect_networks.len());
        for (n, network) in t.redirect_networks.iter().enumerate() {
            match read_network(network) {
                Ok(network) => redirect_networks.push(network),
                Err(what) => say(&format!("/redirect_networks/{n}"), what),
            }
        }
        // Where nothing else is said, calls go where the registration goes.
        if proxies.is_empty() {
            proxies.extend(registration.iter().map(|r| r.registrar.clone()));
        }
        let readable =
            proxies.iter().chain(registration.iter().map(|r| &r.registrar)).find(|p| p.is_readable());
        if let (Some(proxy), false, false) = (readable, t.srtp == Srtp::Off, t.srtp_in_clear) {
            let host = &proxy.host;
            say(
                "/srtp",
                format!(
                    "keys would be readable on the way to {host}: set its transport to tls, or srtp_in_clear where it does no harm"
                ),
            );
        }
        // Teams takes neither plain audio nor plain signalling.
        let srtp = if t.teams.is_some() { Srtp::Required } else { t.srtp };
        let options_every_ms = t.options_every.map(|s| s.0);
        let c = &t.caller_id;
        let number = match c.number.as_deref().map(|n| (n, plan.international(n))) {
            Some((n, None)) => {
                say(
                    "/caller_id/number",
                    format!("{n:?} is no number of the world: write it as \"+4942112345\""),
                );
                None
            }
            Some((_, number)) => number,
            None => None,
        };
        let spend = t.spend_per_day.as_deref().map(money::read).transpose();
        let spend = spend.unwrap_or_else(|what| {
            say("/spend_per_day", what);
            None
        });
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(TrunkPlan {
            id,
            name: name.into(),
            proxies,
            outbound: t.outbound,
            emergency: t.emergency,
            priority: t.priority,
            weight: t.weight,
            account: t.credentials.as_ref().and_then(Account::of),
            realm: t.realm.clone(),
            registration,
            options_every_ms: options_every_ms.or(t.teams.as_ref().map(|_| teams_trunk::ASKED_EVERY_MS)),
            failover_ms: t.failover_time.map(|s| s.0).or(t.teams.as_ref().map(|_| teams_trunk::FAILOVER_MS)),
            codecs: match (&t.teams, t.codecs.as_slice()) {
                (Some(_), []) => vec![AudioCodec::G722, AudioCodec::Pcma, AudioCodec::Pcmu],
                (_, codecs) => codecs.to_vec(),
            },
            caller_id: CallerIdRule { policy: c.policy, number, asserted: c.asserted, privacy: c.privacy },
            dtmf: t.dtmf,
            fill_pauses: t.fill_pauses.unwrap_or(t.teams.is_some()),
            session_timer_s: seconds(t.session_timer.0),
            max_calls: t.max_calls,
            calls_per_second: t.calls_per_second,
            toll: Limits { minutes: t.minutes_per_day.map(u64::from), spend, ..Limits::default() },
            nat: t.nat,
            srtp: SrtpRule { ice: t.ice, ..SrtpRule::of(srtp, t.srtp_in_clear) },
            tls_names: teams_trunk::tls_names(t),
            teams: t.teams.as_ref().map(TeamsPlan::of),
            called_in: t.called_in,
            trust_identity: t.trust_identity,
            history_info: t.history_info,
            redirect_networks,
            inbound,
            outbound_rules,
        })
    }
}

fn registration(
    r: &crate::tenant::objects::Registration,
) -> Result<RegistrationRule, (&'static str, String)> {
    let (host, port) = read_host_port(&r.registrar).map_err(|what| ("/registration/registrar", what))?;
    let (user, domain) = read_aor(&r.aor).map_err(|what| ("/registration/aor", what))?;
    let registrar = ProxyTarget { host, port, transport: r.transport, priority: 1, weight: 1, at: None };
    let aor = format!("sip:{user}@{domain}");
    Ok(RegistrationRule { registrar, aor, user, domain, expires_s: seconds(r.expires.0) })
}

fn seconds(ms: u64) -> u32 {
    u32::try_from(ms / 1_000).unwrap_or(u32::MAX)
}
