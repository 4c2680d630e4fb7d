//! A trunk to Microsoft Teams, understood: its hosts and networks, and who we are there.

use crate::tenant::address::{read_host_port, read_network};
use crate::tenant::objects::{ProxyTransport, TeamsCloud, TeamsTrunk, Trunk};
use crate::tenant::trunk::ProxyTarget;
use std::net::IpAddr;

/// How often each host is asked whether it is there, in milliseconds, where the trunk says nothing.
pub const ASKED_EVERY_MS: u64 = 60_000;
/// How long a host may say nothing at all to a call, in milliseconds, where the trunk says nothing.
pub const FAILOVER_MS: u64 = 10_000;
/// The port of Teams.
const PORT: u16 = 5061;

/// Who we are to Teams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamsPlan {
    /// Our name there.
    pub fqdn: String,
    /// The name of the carrier's gateway that it is derived from.
    pub carrier_fqdn: Option<String>,
    /// The port that Teams reaches us at, where it is not that of the listener.
    pub port: Option<u16>,
}

impl TeamsPlan {
    /// Understands the settings.
    pub fn of(teams: &TeamsTrunk) -> TeamsPlan {
        let carrier_fqdn = teams.carrier_fqdn.as_ref().map(|name| name.to_ascii_lowercase());
        TeamsPlan { fqdn: teams.fqdn.to_ascii_lowercase(), carrier_fqdn, port: teams.port }
    }
}

fn names(cloud: TeamsCloud) -> &'static [&'static str] {
    match cloud {
        TeamsCloud::Worldwide => {
            &["sip.pstnhub.microsoft.com", "sip2.pstnhub.microsoft.com", "sip3.pstnhub.microsoft.com"]
        }
        TeamsCloud::GccHigh => &["sip.pstnhub.gov.teams.microsoft.us"],
        TeamsCloud::Dod => &["sip.pstnhub.dod.teams.microsoft.us"],
    }
}

/// The hosts that calls go to, the first of all first.
///
/// # Errors
/// The place of the host that is wrong, and a sentence.
pub fn hosts(teams: &TeamsTrunk) -> Result<Vec<ProxyTarget>, (String, String)> {
    let target = |n: usize, host: String, port: Option<u16>, at| ProxyTarget {
        host,
        port: Some(port.unwrap_or(PORT)),
        transport: Some(ProxyTransport::Tls),
        priority: u16::try_from(n).unwrap_or(u16::MAX),
        weight: 1,
        at,
    };
    if teams.hosts.is_empty() {
        let all = names(teams.cloud).iter().enumerate();
        return Ok(all.map(|(n, name)| target(n, (*name).into(), None, None)).collect());
    }
    let read = |(n, host): (usize, &crate::tenant::objects::TeamsHost)| {
        let place = || format!("/teams/hosts/{n}/name");
        let (name, port) = read_host_port(&host.name).map_err(|what| (place(), what))?;
        if name.parse::<IpAddr>().is_ok() {
            return Err((
                place(),
                "must be a name, which its certificate is for: give address beside it".into(),
            ));
        }
        Ok(target(n, name, port, host.address))
    };
    teams.hosts.iter().enumerate().map(read).collect()
}

/// The names that far ends of a trunk have to prove.
pub fn tls_names(trunk: &Trunk) -> Vec<String> {
    let cloud = trunk.teams.as_ref().filter(|_| trunk.tls_names.is_empty()).map(|teams| teams.cloud);
    let family = match cloud {
        None => return trunk.tls_names.clone(),
        Some(TeamsCloud::Worldwide) => "*.pstnhub.microsoft.com",
        Some(TeamsCloud::GccHigh) => "*.pstnhub.gov.teams.microsoft.us",
        Some(TeamsCloud::Dod) => "*.pstnhub.dod.teams.microsoft.us",
    };
    vec![family.into()]
}

/// The networks that calls of a trunk come from: what it names, else for Teams those that Microsoft names.
///
/// # Errors
/// A sentence.
pub fn networks(trunk: &Trunk) -> Result<Vec<(IpAddr, u8)>, String> {
    let cloud = trunk.teams.as_ref().filter(|_| trunk.networks.is_empty()).map(|teams| teams.cloud);
    let usual: &[&str] = match cloud {
        None => return trunk.networks.iter().map(|network| read_network(network)).collect(),
        Some(TeamsCloud::Worldwide) => &["52.112.0.0/14", "52.122.0.0/15"],
        Some(TeamsCloud::GccHigh) => &["52.127.88.0/21"],
        Some(TeamsCloud::Dod) => &["52.127.64.0/21"],
    };
    usual.iter().map(|network| read_network(network)).collect()
}
