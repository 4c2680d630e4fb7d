//! Who an application is: its password or its certificate.

use crate::microsoft::Microsoft;
use crate::microsoft::entra::refusal::{Refusal, refuse};
use crate::microsoft::exchange::{Pairs, Request, decoded};
use crate::microsoft::registration::{Registered, Registration};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

/// How far clocks may differ, in seconds.
const SKEW_S: u64 = 300;
/// The longest life of an assertion, in seconds.
const LONGEST_S: u64 = 86_400;
/// The kind of assertion that is taken (RFC 7523).
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How an application proved itself: the value of `azpacr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Not at all.
    Nothing,
    /// By a password.
    Secret,
    /// By a certificate.
    Certificate,
}

impl Microsoft {
    /// The application that asks for a token, and how it proved itself.
    pub(super) fn client(
        &self,
        now: u64,
        request: &Request,
        form: &Pairs,
        tenant: &str,
    ) -> Result<(Registration, Proof), Refusal> {
        let basic = request.header("Authorization").and_then(|h| h.strip_prefix("Basic "));
        let basic = basic.and_then(|b| String::from_utf8(STANDARD.decode(b.trim()).ok()?).ok());
        let basic = basic.and_then(|b| b.split_once(':').map(|(i, s)| (decoded(i, true), decoded(s, true))));
        let assertion = form.filled("client_assertion");
        let of_assertion = assertion.and_then(|a| parts(a)?.1["iss"].as_str().map(String::from));
        let id = form.filled("client_id").map(String::from).or(basic.clone().map(|b| b.0)).or(of_assertion);
        let Some(id) = id else {
            let text = "The request body must contain the following parameter: 'client_id'.";
            return Err(refuse("invalid_request", 900_144, text));
        };
        let app = self.app(&id, tenant)?;
        let secret = form.filled("client_secret").map(String::from).or(basic.map(|b| b.1));
        if let Some(secret) = secret {
            return self.by_secret(now, app, &secret).map(|()| (app.clone(), Proof::Secret));
        }
        if let Some(assertion) = assertion {
            if form.get("client_assertion_type") != Some(ASSERTION) {
                let text = "The request body must contain the following parameter: 'client_assertion_type'.";
                return Err(refuse("invalid_request", 900_144, text));
            }
            return self
                .by_certificate(now, app, assertion, tenant)
                .map(|()| (app.clone(), Proof::Certificate));
        }
        if app.public {
            return Ok((app.clone(), Proof::Nothing));
        }
        let text =
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        Err(refuse("invalid_client", 7_000_218, text))
    }

    /// An application as one tenant finds it; `tenant` may also stand for all.
    pub(super) fn app(&self, id: &str, tenant: &str) -> Result<&Registration, Refusal> {
        let name =
            self.tenant_index(tenant).and_then(|t| self.tenants.get(t)).map_or(tenant, |t| t.id.as_str());
        let found = self.apps.get(&id.to_lowercase()).or(self.apps.get(id));
        let is_here =
            |a: &&Registration| a.multi_tenant || a.home == name || self.tenant_index(name).is_none();
        found.filter(is_here).ok_or_else(|| {
            let text =
                format!("Application with identifier '{id}' was not found in the directory '{tenant}'.");
            refuse("unauthorized_client", 700_016, text)
        })
    }

    fn by_secret(&self, now: u64, app: &Registration, secret: &str) -> Result<(), Refusal> {
        let is_it = |s: &str| verify_slices_are_equal(s.as_bytes(), secret.as_bytes()).is_ok();
        match app.secrets.iter().find(|s| is_it(&s.value)) {
            Some(s) if s.until_ms > now => Ok(()),
            Some(_) => {
                let text = format!("The provided client secret keys for app '{}' are expired.", app.app_id);
                Err(refuse("invalid_client", 7_000_222, text))
            }
            None => Err(refuse("invalid_client", 7_000_215, "Invalid client secret provided.")),
        }
    }

    fn by_certificate(
        &self,
        now: u64,
        app: &Registration,
        assertion: &str,
        tenant: &str,
    ) -> Result<(), Refusal> {
        let failed = |text: &str| {
            refuse(
                "invalid_client",
                700_027,
                format!(
                    "The certificate with identifier used to sign the client assertion is not registered or the signature is wrong: {text}."
                ),
            )
        };
        let (head, claims, signed, signature) = parts(assertion)
            .and_then(|(h, c)| {
                let (signed, signature) = assertion.rsplit_once('.')?;
                Some((h, c, signed, URL_SAFE_NO_PAD.decode(signature).ok()?))
            })
            .ok_or_else(|| refuse("invalid_client", 50_027, "JWT token is invalid or malformed."))?;
        let algorithm: &'static RsaParameters = match head["alg"].as_str() {
            Some("PS256") => &RSA_PSS_2048_8192_SHA256,
            Some("RS256") => &RSA_PKCS1_2048_8192_SHA256,
            _ => return Err(failed("the algorithm is not supported")),
        };
        let named = |name: &str| head[name].as_str().and_then(|t| URL_SAFE_NO_PAD.decode(t).ok());
        let (sha256, sha1) = (named("x5t#S256"), named("x5t"));
        let is_it = |c: &&Registered| {
            sha256.as_ref() == Some(&c.sha256) || sha256.is_none() && sha1.as_ref() == Some(&c.sha1)
        };
        let registered =
            app.certificates.iter().find(is_it).ok_or_else(|| failed("key was not found by thumbprint"))?;
        if registered.certificate.until_ms <= now {
            return Err(failed("the certificate has expired"));
        }
        let key = UnparsedPublicKey::new(algorithm, &registered.certificate.key);
        key.verify(signed.as_bytes(), &signature).map_err(|_| failed("signature verification failed"))?;
        let is = |name: &str| claims[name].as_str() == Some(app.app_id.as_str());
        if !is("iss") || !is("sub") {
            let text = "Client assertion contains an invalid issuer or subject: both must be the client id.";
            return Err(refuse("invalid_client", 700_021, text));
        }
        let places = [tenant, self.tenant(tenant).map_or(tenant, |t| &t.id)];
        let is_ours = |a: &str| {
            places.iter().any(|t| {
                a == format!("{}/{t}/oauth2/v2.0/token", self.base) || a == format!("{}/{t}/v2.0", self.base)
            })
        };
        if !claims["aud"].as_str().is_some_and(is_ours) {
            let text = "Client assertion audience claim does not match the address of the token endpoint.";
            return Err(refuse("invalid_client", 700_023, text));
        }
        let now_s = now / 1_000;
        let (from, until) =
            (claims["nbf"].as_u64().or(claims["iat"].as_u64()).unwrap_or(now_s), claims["exp"].as_u64());
        let holds =
            until.is_some_and(|u| u.saturating_add(SKEW_S) > now_s && u.saturating_sub(from) <= LONGEST_S);
        if !holds || from > now_s + SKEW_S {
            return Err(refuse(
                "invalid_client",
                700_024,
                "Client assertion is not within its valid time range.",
            ));
        }
        Ok(())
    }
}

/// Head and claims of a token whose signature nobody has looked at yet.
fn parts(token: &str) -> Option<(Value, Value)> {
    let mut parts = token.split('.');
    let mut read = || serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts.next()?).ok()?).ok();
    Some((read()?, read()?))
}
