//! Where an authority's endpoints are: by Entra ID's known paths, or by its discovery document.

use crate::address::{BaseUrl, query};
use crate::cloud::Cloud;
use crate::entra::validate::Issuer;
use crate::request::{Reply, Request};
use serde::Deserialize;

/// The largest discovery document that is read, in bytes.
const MOST_DISCOVERY: usize = 64 * 1024;

/// The endpoints of one authority for one tenant, or for whichever work account comes (`organizations`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoints {
    /// Who issues its tokens.
    pub issuer: Issuer,
    /// Where a browser is sent to sign in.
    pub authorize: String,
    /// Where tokens are asked for.
    pub token: String,
    /// Where the keys stand that its tokens are signed with.
    pub keys: String,
    /// Where a browser is sent to sign out, if there is such a place.
    pub logout: Option<String>,
    /// Where an administrator is sent to consent; Entra ID only.
    pub admin_consent: Option<String>,
}

/// The parts of a discovery document that are used (OpenID Connect Discovery 1.0, section 3).
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    end_session_endpoint: Option<String>,
}

impl Endpoints {
    /// Entra ID's endpoints by their known paths. `tenant` is a GUID, a domain or one of [`crate::GLOBAL_TENANTS`];
    /// nothing for a text that cannot be one.
    pub fn entra(cloud: &Cloud, tenant: &str) -> Option<Endpoints> {
        let plain = tenant.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.'));
        if !plain || tenant.is_empty() || tenant.len() > 255 || tenant.contains("..") || tenant == "." {
            return None;
        }
        let at = |path: &str| cloud.login.join(&format!("/{tenant}{path}"));
        Some(Endpoints {
            issuer: Issuer::Entra { login: cloud.login.clone(), sts: cloud.sts.clone() },
            authorize: at("/oauth2/v2.0/authorize"),
            token: at("/oauth2/v2.0/token"),
            keys: at("/discovery/v2.0/keys"),
            logout: Some(at("/oauth2/v2.0/logout")),
            admin_consent: Some(at("/v2.0/adminconsent")),
        })
    }

    /// The page where an administrator consents to these scopes of an application, with nothing to come back to but a page
    /// that says thank you; nothing when the authority has no such page.
    pub fn consent_page(&self, client_id: &str, redirect_uri: &str, scopes: &[String]) -> Option<String> {
        let fields = [("client_id", client_id), ("scope", &scopes.join(" ")), ("redirect_uri", redirect_uri)];
        Some(format!("{}?{}", self.admin_consent.as_ref()?, query(&fields)))
    }

    /// The request for the discovery document of an Entra ID tenant, to see that the configured addresses are right.
    pub fn discover_entra(cloud: &Cloud, tenant: &str) -> Option<Request> {
        let there = Endpoints::entra(cloud, tenant)?;
        let base = there.authorize.strip_suffix("/oauth2/v2.0/authorize")?;
        Some(Endpoints::discover_at(format!("{base}/v2.0/.well-known/openid-configuration")))
    }

    /// The request for the discovery document of any other OpenID provider.
    pub fn discover(issuer: &BaseUrl) -> Request {
        Endpoints::discover_at(issuer.join("/.well-known/openid-configuration"))
    }

    fn discover_at(url: String) -> Request {
        let mut request = Request::get(url);
        request.most = MOST_DISCOVERY;
        request
    }

    /// Reads the discovery document of another OpenID provider. All endpoints must stand below `issuer`, and the
    /// document must name exactly that issuer. Errors are sentences.
    pub fn discovered(issuer: &BaseUrl, reply: &Reply) -> Result<Endpoints, &'static str> {
        let document = read(reply)?;
        if document.issuer.trim_end_matches('/') != issuer.to_string() {
            return Err("the discovery document names another issuer than the configured one");
        }
        let ends = [&document.authorization_endpoint, &document.token_endpoint, &document.jwks_uri];
        let logout = document.end_session_endpoint.as_ref();
        let Ok(host) = BaseUrl::parse(issuer.origin()) else { return Err("the issuer is no base address") };
        if !ends.into_iter().chain(logout).all(|url| host.owns(url)) {
            return Err("the discovery document leads to another host");
        }
        Ok(Endpoints {
            issuer: Issuer::Exactly(document.issuer),
            authorize: document.authorization_endpoint,
            token: document.token_endpoint,
            keys: document.jwks_uri,
            logout: document.end_session_endpoint,
            admin_consent: None,
        })
    }

    /// Compares Entra ID's discovery document with these endpoints: what the configuration check asks. Errors are
    /// sentences.
    pub fn agree_with(&self, reply: &Reply) -> Result<(), &'static str> {
        let document = read(reply)?;
        let Issuer::Entra { login, .. } = &self.issuer else { return Err("this authority is not Entra ID") };
        if !login.owns(&document.issuer.replace("{tenantid}", "tenant")) {
            return Err("the discovery document names an issuer of another host");
        }
        if document.authorization_endpoint != self.authorize || document.token_endpoint != self.token {
            return Err("the discovery document names other endpoints than Entra ID's known ones");
        }
        if document.jwks_uri != self.keys {
            return Err("the discovery document names another place for the keys than Entra ID's known one");
        }
        Ok(())
    }

    /// Where to send a browser that signs out. `back` is one of the registered addresses.
    pub fn sign_out(&self, back: &str) -> Option<String> {
        let query = crate::address::query(&[("post_logout_redirect_uri", back)]);
        self.logout.as_ref().map(|at| format!("{at}?{query}"))
    }
}

fn read(reply: &Reply) -> Result<Document, &'static str> {
    if reply.status != 200 {
        return Err("the discovery document was not given: check the base address and the tenant");
    }
    reply.json(MOST_DISCOVERY).ok_or("the discovery document cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(base: &str, issuer: &str, keys: &str) -> Reply {
        Reply::new(
            200,
            format!(
                r#"{{"issuer":"{issuer}","authorization_endpoint":"{base}/oauth2/v2.0/authorize",
                "token_endpoint":"{base}/oauth2/v2.0/token","jwks_uri":"{keys}","more":[1]}}"#
            ),
        )
    }

    #[test]
    fn entra_is_known_by_its_paths() {
        let cloud = Cloud::named("gcc-high").unwrap();
        let ends = Endpoints::entra(&cloud, "organizations").unwrap();
        let base = "https://login.microsoftonline.us/organizations";
        assert_eq!(ends.token, format!("{base}/oauth2/v2.0/token"));
        assert_eq!(
            Endpoints::discover_entra(&cloud, "organizations").unwrap().url,
            format!("{base}/v2.0/.well-known/openid-configuration")
        );
        let issuer = "https://login.microsoftonline.us/{tenantid}/v2.0";
        let keys = format!("{base}/discovery/v2.0/keys");
        assert_eq!(ends.agree_with(&document(base, issuer, &keys)), Ok(()));
        assert!(ends.agree_with(&document(base, "https://evil.example/{tenantid}/v2.0", &keys)).is_err());
        assert!(ends.agree_with(&document("https://evil.example", issuer, &keys)).is_err());
        assert!(ends.agree_with(&document(base, issuer, "https://evil.example/keys")).is_err());
        assert_eq!(
            ends.sign_out("https://cc.example/").as_deref(),
            Some(
                format!("{base}/oauth2/v2.0/logout?post_logout_redirect_uri=https%3A%2F%2Fcc.example%2F")
                    .as_str()
            )
        );
        for tenant in ["", "a/b", "..", "a?b", "a b", "a..b"] {
            assert_eq!(Endpoints::entra(&cloud, tenant), None, "{tenant}");
        }
    }

    #[test]
    fn another_provider_is_known_by_its_document() {
        let base = "http://127.0.0.1:3000";
        let issuer = BaseUrl::parse(base).unwrap();
        let keys = format!("{base}/jwks");
        let ends = Endpoints::discovered(&issuer, &document(base, base, &keys)).unwrap();
        assert_eq!(ends.issuer, Issuer::Exactly(base.to_string()));
        assert!(Endpoints::discovered(&issuer, &document(base, "http://127.0.0.1:3001", &keys)).is_err());
        assert!(Endpoints::discovered(&issuer, &document("http://evil.example", base, &keys)).is_err());
        for reply in [
            Reply::new(404, ""),
            Reply::new(200, ""),
            Reply::new(200, "[]"),
            Reply::new(200, vec![b' '; 70_000]),
        ] {
            assert!(Endpoints::discovered(&issuer, &reply).is_err());
        }
    }
}
