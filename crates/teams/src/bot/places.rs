//! Where the Bot Connector stands: whose tokens are believed, and where answers may be sent.

use crate::address::{AddressError, BaseUrl};

/// Microsoft's clients that may bring a person's token for our API: Teams, Microsoft 365 and Outlook.
pub const TEAMS_CLIENTS: [&str; 7] = [
    "1fec8e78-bce4-4aaf-ab1b-5451cc387264",
    "5e3ce6c0-2b1f-4285-8d4b-75ee78787346",
    "4765445b-32c6-49b0-83e6-1d93765276ca",
    "0ec893e0-5785-4de6-99da-4ed124e5296c",
    "d3590ed6-52b3-4102-aeff-aad2292ab01c",
    "bc59ab01-8403-45c6-8796-ac3ef710b3e3",
    "27922004-5251-4030-b22d-91ecd9a37ea4",
];

/// The Bot Connector of one cloud.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BotCloud {
    /// Who issues the tokens that come with activities.
    pub issuer: String,
    /// Where the keys stand that they are signed with.
    pub keys: String,
    /// The scope of tokens for sending.
    pub scope: String,
    /// Bases of service URLs that tokens may be sent to.
    pub services: Vec<BaseUrl>,
}

impl BotCloud {
    /// The Bot Connector of a known cloud: `worldwide`, `gcc-high`, `dod` or `china`. There are no bots in `dod` and no
    /// service URLs are known for `china`; both are nothing.
    pub fn named(cloud: &str) -> Option<BotCloud> {
        let (name, services): (_, &[&str]) = match cloud {
            "worldwide" => (
                "com",
                &[
                    "https://smba.trafficmanager.net",
                    "https://smba.infra.gcc.teams.microsoft.com",
                    "https://smba.onyx.prod.teams.trafficmanager.net",
                ],
            ),
            "gcc-high" => ("us", &["https://smba.infra.gov.teams.microsoft.us"]),
            _ => return None,
        };
        let login = if name == "us" { "azure.us" } else { "com" };
        Some(BotCloud {
            issuer: format!("https://api.botframework.{name}"),
            keys: format!("https://login.botframework.{login}/v1/.well-known/keys"),
            scope: format!("https://api.botframework.{name}/.default"),
            services: services.iter().map(|s| BaseUrl::parse(s)).collect::<Result<_, _>>().ok()?,
        })
    }

    /// The same with keys and service URLs below another base, as a simulated one has them, and no others.
    ///
    /// # Errors
    /// When the base is none.
    pub fn at(self, base: &str) -> Result<BotCloud, AddressError> {
        let base = BaseUrl::parse(base)?;
        Ok(BotCloud { keys: base.join("/v1/.well-known/keys"), services: vec![base], ..self })
    }

    /// Whether a service URL is the Bot Connector's own, so that a token may be sent there.
    pub fn trusts(&self, service_url: &str) -> bool {
        let plain = !service_url.contains(['?', '%']);
        plain && self.services.iter().any(|s| s.owns(service_url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_connectors_own_hosts_get_a_token() {
        let c = BotCloud::named("worldwide").unwrap();
        for good in ["https://smba.trafficmanager.net/emea/", "https://SMBA.trafficmanager.net:443/emea/tid/"]
        {
            assert!(c.trusts(good), "{good}");
        }
        for bad in [
            "",
            "http://smba.trafficmanager.net/emea/",
            "https://smba.trafficmanager.net.evil.example/",
            "https://smba.trafficmanager.net@evil.example/",
            "https://evil.example/smba.trafficmanager.net",
            "https://smba.trafficmanager.net:8443/",
            "https://smba.trafficmanager.net/a/../b?x",
            "https://smba.trafficmanager.net/%2e%2e/",
            "https://smba.infra.gov.teams.microsoft.us/",
            "https://smba.trafficmanager.net\\@evil.example/",
        ] {
            assert!(!c.trusts(bad), "{bad}");
        }
        let own = c.at("http://127.0.0.1:9/bot").unwrap();
        assert!(own.trusts("http://127.0.0.1:9/bot/teams/") && !own.trusts("http://127.0.0.1:9/teams/"));
        assert!(!own.trusts("https://smba.trafficmanager.net/emea/"));
        assert_eq!((BotCloud::named("dod"), BotCloud::named("moon")), (None, None));
    }
}
