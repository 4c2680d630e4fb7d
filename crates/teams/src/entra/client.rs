//! Asking for tokens: for ourselves, in somebody's name, again, and for a code.

use crate::entra::certificate::{Certificate, CertificateError};
use crate::entra::challenge::declare_capability;
use crate::entra::endpoints::Endpoints;
use crate::entra::error::MOST_TOKEN_REPLY;
use crate::entra::sign_in::Exchange;
use crate::request::Request;
use crate::time::Time;
use redact::Secret;

/// What an application proves itself by.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A certificate: what is recommended.
    Certificate(Certificate),
    /// A secret, out of a file or the environment, never out of code.
    Secret(Secret<String>),
    /// Nothing: a public client, which has only its PKCE verifier.
    Public,
}

/// One app registration, as it asks for tokens. Entra ID's answers go to [`crate::entra::TokenReply::read`].
///
/// Each request declares that claims challenges are understood (`cp1`). `claims` is a challenge's
/// ([`crate::entra::Challenge::claims`]), and `chance` 16 random bytes that make an assertion unique.
#[derive(Clone, Debug)]
pub struct Client {
    /// The application's id.
    pub id: String,
    /// What it proves itself by.
    pub credential: Credential,
}

impl Client {
    /// A token for ourselves, without a person (client credentials). `scope` is a resource with `/.default`; `endpoints`
    /// must be those of one tenant.
    pub fn for_itself(
        &self,
        endpoints: &Endpoints,
        scope: &str,
        claims: Option<&str>,
        now: Time,
        chance: [u8; 16],
    ) -> Result<Request, CertificateError> {
        let fields = [("grant_type", "client_credentials"), ("scope", scope)];
        self.ask(endpoints, &fields, claims, now, chance)
    }

    /// A token in the name of the person whose access token for our API this is (on-behalf-of). `endpoints` must be those
    /// of the assertion's tenant. Without `offline_access` among the scopes no refresh token comes.
    pub fn on_behalf_of(
        &self,
        endpoints: &Endpoints,
        assertion: &Secret<String>,
        scopes: &[String],
        claims: Option<&str>,
        now: Time,
        chance: [u8; 16],
    ) -> Result<Request, CertificateError> {
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("requested_token_use", "on_behalf_of"),
            ("assertion", assertion.expose_secret()),
            ("scope", &scopes.join(" ")),
        ];
        self.ask(endpoints, &fields, claims, now, chance)
    }

    /// The next token by a refresh token. The one that comes back replaces it.
    pub fn refresh(
        &self,
        endpoints: &Endpoints,
        refresh_token: &Secret<String>,
        scopes: &[String],
        claims: Option<&str>,
        now: Time,
        chance: [u8; 16],
    ) -> Result<Request, CertificateError> {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose_secret()),
            ("scope", &scopes.join(" ")),
        ];
        self.ask(endpoints, &fields, claims, now, chance)
    }

    /// The tokens for the code that a sign-in brought.
    pub fn redeem(
        &self,
        endpoints: &Endpoints,
        exchange: &Exchange,
        now: Time,
        chance: [u8; 16],
    ) -> Result<Request, CertificateError> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", exchange.code.expose_secret()),
            ("redirect_uri", &exchange.redirect_uri),
            ("code_verifier", exchange.verifier.expose_secret()),
            ("scope", &exchange.scopes.join(" ")),
        ];
        self.ask(endpoints, &fields, None, now, chance)
    }

    fn ask(
        &self,
        endpoints: &Endpoints,
        fields: &[(&str, &str)],
        claims: Option<&str>,
        now: Time,
        chance: [u8; 16],
    ) -> Result<Request, CertificateError> {
        let claims = declare_capability(claims);
        let mut fields = fields.to_vec();
        fields.extend([("client_id", self.id.as_str()), ("claims", &claims)]);
        let assertion;
        match &self.credential {
            Credential::Certificate(certificate) => {
                assertion = certificate.assertion(&self.id, &endpoints.token, now, chance)?;
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                fields.push(("client_assertion_type", kind));
                fields.push(("client_assertion", assertion.expose_secret()));
            }
            Credential::Secret(secret) => fields.push(("client_secret", secret.expose_secret())),
            Credential::Public => {}
        }
        let mut request = Request::form(endpoints.token.clone(), &fields);
        request.most = MOST_TOKEN_REPLY;
        Ok(request)
    }
}
