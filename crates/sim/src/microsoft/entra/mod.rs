//! Entra ID: discovery, keys, sign-in, consent and tokens.

mod authorize;
mod client;
mod consent;
mod grants;
mod nested;
mod pages;
pub mod refusal;
mod scopes;
mod token;
pub mod tokens;

#[cfg(test)]
pub(super) mod tests;

pub use grants::SignIns;
pub use scopes::OIDC;

use crate::microsoft::Microsoft;
use crate::microsoft::entra::refusal::{Refusal, refuse};
use crate::microsoft::exchange::{Reply, Request};
use serde_json::json;

/// Whom an address below `/{tenant}` is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// One tenant.
    One(usize),
    /// Any tenant: `common` or `organizations`.
    Any,
}

impl Microsoft {
    pub(super) fn entra(&mut self, now: u64, request: &Request, segments: &[String]) -> Reply {
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let method = request.method.as_str();
        let Some(name) = parts.first() else {
            return Reply::page(
                200,
                "<!doctype html><title>A made-up Microsoft</title><p>A made-up Microsoft.".into(),
            );
        };
        let rest = parts.get(1..).unwrap_or_default();
        if rest == ["discovery", "instance"] {
            return self.instances();
        }
        let whose = match self.whose(name) {
            Ok(whose) => whose,
            Err(no) if rest.last() == Some(&"authorize") || rest.last() == Some(&"adminconsent") => {
                return no.page();
            }
            Err(no) => return self.refused(now, request, &no),
        };
        match (method, rest) {
            ("GET", ["v2.0", ".well-known", "openid-configuration"]) => self.configuration(whose, name),
            ("GET", ["discovery", "v2.0", "keys"]) => {
                Reply::json(200, &self.keys.document(&self.issuer("{tenantid}")))
                    .with_header("Access-Control-Allow-Origin", "*")
            }
            ("GET" | "POST", ["oauth2", "v2.0", "authorize"]) => self.authorize(now, request, whose, name),
            ("POST", ["oauth2", "v2.0", "token"]) => self.token(now, request, whose, name),
            ("GET" | "POST", ["oauth2", "v2.0", "logout"]) => self.logout(request),
            ("GET", ["adminconsent"] | ["v2.0", "adminconsent"]) => {
                self.admin_consent(now, request, whose, name)
            }
            _ => Reply::page(404, "<!doctype html><title>Not found</title><p>There is no such page.".into()),
        }
    }

    fn whose(&self, name: &str) -> Result<Whose, Refusal> {
        match name {
            "common" | "organizations" => Ok(Whose::Any),
            _ => self.tenant_index(name).map(Whose::One).ok_or_else(|| {
                let text =
                    format!("Tenant '{name}' not found. Check to make sure you have the correct tenant ID.");
                refuse("invalid_request", 90_002, text)
            }),
        }
    }

    pub(super) fn refused(&mut self, now: u64, request: &Request, no: &Refusal) -> Reply {
        let (trace, id) = (self.new_id(), self.new_id());
        no.reply(now, &trace, &request.client_id().unwrap_or(id))
    }

    /// The issuer of tokens of version 2.
    pub(super) fn issuer(&self, tenant_id: &str) -> String {
        format!("{}/{tenant_id}/v2.0", self.base)
    }

    /// The issuer of tokens of version 1: at Microsoft `https://sts.windows.net`, here the same address as all.
    pub(in crate::microsoft) fn old_issuer(&self, tenant_id: &str) -> String {
        format!("{}/{tenant_id}/", self.base)
    }

    fn configuration(&self, whose: Whose, name: &str) -> Reply {
        let (base, id) = (
            &self.base,
            match whose {
                Whose::One(t) => self.tenants.get(t).map_or(name, |t| t.id.as_str()),
                Whose::Any => "{tenantid}",
            },
        );
        let below = |path: &str| format!("{base}/{}/{path}", if whose == Whose::Any { name } else { id });
        Reply::json(200, &json!({
            "issuer": self.issuer(id),
            "authorization_endpoint": below("oauth2/v2.0/authorize"),
            "token_endpoint": below("oauth2/v2.0/token"),
            "jwks_uri": below("discovery/v2.0/keys"),
            "end_session_endpoint": below("oauth2/v2.0/logout"),
            "userinfo_endpoint": format!("{base}/oidc/userinfo"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "token_endpoint_auth_signing_alg_values_supported": ["PS256", "RS256"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials",
                "urn:ietf:params:oauth:grant-type:jwt-bearer"],
            "code_challenge_methods_supported": ["S256"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name",
                "tid", "ver", "email"],
            "request_uri_parameter_supported": false,
            "http_logout_supported": true,
            "frontchannel_logout_supported": true,
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
        }))
        .with_header("Access-Control-Allow-Origin", "*")
        .with_header("Cache-Control", "max-age=86400, private")
    }

    /// The document by which Microsoft's clients learn which hosts belong together.
    fn instances(&self) -> Reply {
        let host = self.base.split("//").nth(1).unwrap_or(&self.base);
        Reply::json(
            200,
            &json!({
                "tenant_discovery_endpoint": format!("{}/common/v2.0/.well-known/openid-configuration", self.base),
                "api-version": "1.1",
                "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
            }),
        )
    }

    fn logout(&mut self, request: &Request) -> Reply {
        if let Some(name) = request.cookie(authorize::COOKIE) {
            self.sign_ins.end_session(name);
        }
        let asked = request.query().and(request.form());
        let to = asked.filled("post_logout_redirect_uri").filter(|to| {
            self.apps.values().any(|a| a.redirect_uris.iter().chain(&a.spa_redirect_uris).any(|r| r == to))
        });
        let gone = format!("{}=; Path=/; Max-Age=0; HttpOnly", authorize::COOKIE);
        match to {
            Some(to) => {
                let state = asked
                    .filled("state")
                    .map_or(String::new(), |s| format!("?state={}", crate::microsoft::exchange::encoded(s)));
                Reply::redirect(&format!("{to}{state}"))
            }
            None => Reply::page(
                200,
                "<!doctype html><title>Signed out</title><h1>You signed out of your account</h1>".into(),
            ),
        }
        .with_header("Set-Cookie", &gone)
    }
}
