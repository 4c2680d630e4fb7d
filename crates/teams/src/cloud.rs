//! Microsoft's clouds: where Entra ID, Graph and Teams stand. Everything is configuration; these are the known ones.

use crate::address::{AddressError, BaseUrl};

/// Words that stand in the place of a tenant in an address and name no tenant.
pub const GLOBAL_TENANTS: [&str; 3] = ["organizations", "common", "consumers"];

/// The base addresses of one cloud.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cloud {
    /// Entra ID, for instance `https://login.microsoftonline.com`.
    pub login: BaseUrl,
    /// The base of issuers of version 1 tokens, for instance `https://sts.windows.net`.
    pub sts: BaseUrl,
    /// Graph without its version, for instance `https://graph.microsoft.com`.
    pub graph: BaseUrl,
    /// Teams, for instance `https://teams.microsoft.com`: what links lead to that open in people's clients.
    pub teams: BaseUrl,
}

/// Teams of the worldwide cloud.
const TEAMS: &str = "https://teams.microsoft.com";

impl Cloud {
    /// A cloud of other addresses, such as a simulated tenant's. Teams is that of the worldwide cloud.
    pub fn of(login: &str, sts: &str, graph: &str) -> Result<Cloud, AddressError> {
        let (login, sts, graph) = (BaseUrl::parse(login)?, BaseUrl::parse(sts)?, BaseUrl::parse(graph)?);
        Ok(Cloud { login, sts, graph, teams: BaseUrl::parse(TEAMS)? })
    }

    /// A known cloud by its name: `worldwide`, `gcc-high`, `dod` or `china`.
    pub fn named(name: &str) -> Option<Cloud> {
        let us = "https://login.microsoftonline.us";
        let sts = "https://sts.windows.net";
        let (login, sts, graph, teams) = match name {
            "worldwide" => ("https://login.microsoftonline.com", sts, "https://graph.microsoft.com", TEAMS),
            "gcc-high" => (us, sts, "https://graph.microsoft.us", "https://gov.teams.microsoft.us"),
            "dod" => (us, sts, "https://dod-graph.microsoft.us", "https://dod.teams.microsoft.us"),
            "china" => (
                "https://login.partner.microsoftonline.cn",
                "https://sts.chinacloudapi.cn",
                "https://microsoftgraph.chinacloudapi.cn",
                "https://teams.microsoftonline.cn",
            ),
            _ => return None,
        };
        Some(Cloud { teams: BaseUrl::parse(teams).ok()?, ..Cloud::of(login, sts, graph).ok()? })
    }

    /// The scope that stands for all application permissions that were consented to.
    pub fn graph_default_scope(&self) -> String {
        self.graph.join("/.default")
    }

    /// A delegated permission of Graph as a scope. OpenID Connect's own scopes stand for themselves.
    pub fn graph_scope(&self, permission: &str) -> String {
        match permission {
            "openid" | "profile" | "email" | "offline_access" => permission.to_string(),
            _ => self.graph.join(&format!("/{permission}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_clouds_have_addresses() {
        for (name, teams) in [
            ("worldwide", "https://teams.microsoft.com"),
            ("gcc-high", "https://gov.teams.microsoft.us"),
            ("dod", "https://dod.teams.microsoft.us"),
            ("china", "https://teams.microsoftonline.cn"),
        ] {
            assert_eq!(Cloud::named(name).map(|c| c.teams.join("")).as_deref(), Some(teams), "{name}");
        }
        assert_eq!(Cloud::named("moon"), None);
        let dod = Cloud::named("dod").unwrap();
        assert_eq!(dod.graph_default_scope(), "https://dod-graph.microsoft.us/.default");
        assert_eq!(dod.graph_scope("User.Read.All"), "https://dod-graph.microsoft.us/User.Read.All");
        assert_eq!(dod.graph_scope("openid"), "openid");
    }
}
